//! GitHub, and the two that imitate it: Forgejo and Gitea.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources::{last_segment, unslashed};
use super::{Event, GitFacts, Kind, PullRequest, Repository, Run, Sources, System, date};
use crate::protocol::Timestamp;
use crate::tag::lowered;

/// Reads an event of GitHub, whatever the environment says about who it is.
#[must_use]
pub fn github(env: &BTreeMap<String, String>, payload: Option<&Value>, git: &GitFacts) -> Event {
    let sources = Sources { env, payload, git };
    let mut event = read(&sources, System::GitHub);
    sources.complete(&mut event);
    event
}

pub(super) fn read(sources: &Sources<'_>, system: System) -> Event {
    // Forgejo has variables of its own, and GitHub's for whoever expects those.
    let env = |name: &str| match system {
        System::Forgejo => sources.first(&[&format!("FORGEJO_{name}"), &format!("GITHUB_{name}")]),
        _ => sources.env(&format!("GITHUB_{name}")),
    };
    let name = event_name(sources, system, env("EVENT_NAME").unwrap_or_default());
    let pull_request = pull_request(sources, &name, env("REF").as_deref());
    let mut reference = env("REF").unwrap_or_default();
    if let Some(request) = pull_request
        .as_ref()
        .filter(|_| name.contains("pull_request_target"))
    {
        // The ref of such an event is the base's.
        reference = format!("refs/pull/{}/merge", request.number);
    }
    let sha = env("SHA").unwrap_or_default();
    let server = env("SERVER_URL");
    let repository = repository(sources, env("REPOSITORY"), server.as_deref());
    let run = run(system, &env, server.as_deref(), &repository.full_name);
    let mut event = Event {
        system,
        kind: kind(&name, &reference),
        commit_date: commit_date(sources, &sha),
        sha,
        default_branch: default_branch(sources, &name, &reference),
        actor: env("TRIGGERING_ACTOR").or_else(|| env("ACTOR")),
        registry: registry(system, server.as_deref(), &repository.full_name),
        r#ref: reference,
        name,
        run,
        repository,
        ..Event::default()
    };
    event.tag = event.ref_tag().map(str::to_owned);
    event.branch = match (&pull_request, event.ref_branch()) {
        (_, Some(branch)) => Some(branch.to_owned()),
        (Some(request), None) => request.head.clone().or_else(|| env("HEAD_REF")),
        (None, None) => None,
    };
    let base = pull_request
        .as_ref()
        .and_then(|request| request.base.clone());
    event.base_ref = base.or_else(|| env("BASE_REF")).or_else(|| {
        let base = sources.text("base_ref")?;
        Some(base.strip_prefix("refs/heads/").unwrap_or(&base).to_owned())
    });
    event.pull_request = pull_request;
    event
}

/// A schedule's payload names no repository, and its ref is the main branch: it runs nowhere else.
fn default_branch(sources: &Sources<'_>, name: &str, reference: &str) -> Option<String> {
    let named = sources.text("repository.default_branch");
    let scheduled = || {
        let branch = reference.strip_prefix("refs/heads/")?;
        (name == "schedule").then(|| branch.to_owned())
    };
    named.or_else(scheduled)
}

/// Inside a reusable workflow Gitea says `workflow_call` and loses the event; the payload still shows what it was.
fn event_name(sources: &Sources<'_>, system: System, name: String) -> String {
    if system != System::Gitea || name != "workflow_call" {
        return name;
    }
    let signs = [
        ("pull_request", "pull_request"),
        ("schedule", "schedule"),
        ("pusher", "push"),
        ("inputs", "workflow_dispatch"),
    ];
    let found = signs
        .into_iter()
        .find(|(member, _)| sources.member(member).is_some_and(|value| !value.is_null()));
    found.map_or(name, |(_, event)| event.to_owned())
}

fn kind(name: &str, reference: &str) -> Kind {
    match name {
        _ if name.contains("pull_request") => Kind::PullRequest,
        _ if name.contains("schedule") => Kind::Schedule,
        "workflow_dispatch" | "repository_dispatch" => Kind::Manual,
        "push" | "create" | "release" if reference.starts_with("refs/tags/") => Kind::Tag,
        "push" | "create" => Kind::Push,
        _ => Kind::Other,
    }
}

fn pull_request(sources: &Sources<'_>, name: &str, reference: Option<&str>) -> Option<PullRequest> {
    let payload = sources
        .member("pull_request")
        .filter(|value| value.is_object());
    if payload.is_none() && !name.contains("pull_request") {
        return None;
    }
    let of_ref = Event {
        r#ref: reference.unwrap_or_default().to_owned(),
        ..Event::default()
    };
    let number = |path| sources.member(path).and_then(Value::as_u64);
    let number = number("number")
        .or_else(|| number("pull_request.number"))
        .or_else(|| of_ref.ref_pull_request()?.parse().ok())?;
    let head = sources.text("pull_request.head.repo.full_name");
    let own = sources
        .text("repository.full_name")
        .or_else(|| sources.env("GITHUB_REPOSITORY"));
    // The repository of a pull request that outlived its fork is gone: it was a fork.
    let gone = sources
        .member("pull_request.head.repo")
        .is_some_and(Value::is_null);
    let fork = match (head, own) {
        (Some(head), Some(own)) => Some(!head.eq_ignore_ascii_case(&own)),
        _ if gone => Some(true),
        _ => None,
    };
    Some(PullRequest {
        number,
        head_sha: sources.text("pull_request.head.sha"),
        head: sources.text("pull_request.head.ref"),
        base: sources.text("pull_request.base.ref"),
        fork,
    })
}

fn commit_date(sources: &Sources<'_>, sha: &str) -> Option<Timestamp> {
    let commits = sources.member("commits").and_then(Value::as_array);
    let listed = commits
        .into_iter()
        .flatten()
        .chain(sources.member("head_commit"));
    let ours = listed.filter(|commit| commit.get("id").and_then(Value::as_str) == Some(sha));
    let dates = ours.filter_map(|commit| commit.get("timestamp")?.as_str());
    dates.filter_map(date::parse).next()
}

fn repository(sources: &Sources<'_>, named: Option<String>, server: Option<&str>) -> Repository {
    let full_name = named
        .or_else(|| sources.text("repository.full_name"))
        .unwrap_or_default();
    let page = match server {
        Some(server) if !full_name.is_empty() => format!("{}/{full_name}", unslashed(server)),
        _ => String::new(),
    };
    // The payload may be about another repository than the one that runs us.
    let about = sources
        .text("repository.full_name")
        .is_none_or(|about| about.eq_ignore_ascii_case(&full_name));
    let text = |path| sources.text(path).filter(|_| about);
    Repository {
        name: text("repository.name").unwrap_or_else(|| last_segment(&full_name).to_owned()),
        description: text("repository.description").unwrap_or_default(),
        url: text("repository.html_url").unwrap_or(page),
        license: text("repository.license.spdx_id").unwrap_or_default(),
        full_name,
    }
}

fn run(
    system: System,
    env: &impl Fn(&str) -> Option<String>,
    server: Option<&str>,
    repository: &str,
) -> Run {
    let number = |name| env(name).and_then(|value| value.parse().ok());
    let id = env("RUN_ID");
    // The pages of Gitea and of its descendant count the runs of a repository; GitHub's have the id.
    let page = match system {
        System::Forgejo | System::Gitea => env("RUN_NUMBER"),
        _ => id.clone(),
    };
    let url = page
        .zip(server)
        .map(|(page, server)| format!("{}/{repository}/actions/runs/{page}", unslashed(server)));
    Run {
        number: number("RUN_NUMBER"),
        attempt: number("RUN_ATTEMPT"),
        id,
        url,
    }
}

fn registry(system: System, server: Option<&str>, repository: &str) -> Option<String> {
    let host = match system {
        System::Forgejo | System::Gitea => unslashed(server?).split_once("://")?.1.to_owned(),
        _ => "ghcr.io".to_owned(),
    };
    let owner = repository.split_once('/')?.0;
    Some(format!("{host}/{}", lowered(owner)))
}
