//! Jenkins, best with a multibranch pipeline. What caused a run only its API tells.

use super::sources::{self, Sources};
use super::{Event, Kind, PullRequest, Run, System};

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let env = |name: &str| sources.env(name);
    let number = sources.number("BUILD_NUMBER");
    let change = sources.number("CHANGE_ID");
    // On a pull request BRANCH_NAME is `PR-24`; outside of multibranch only GIT_BRANCH is there, with the remote's name.
    let (mut branch, mut tag) = (env("BRANCH_NAME"), env("TAG_NAME"));
    if branch.is_none() && tag.is_none() {
        let names = ["GIT_LOCAL_BRANCH", "GIT_BRANCH"];
        let mut refs = names.into_iter().filter_map(env);
        let found = refs.find_map(|name| checked_out(sources, &name));
        (branch, tag) = match found {
            Some(Ref::Branch(branch)) => (Some(branch), None),
            Some(Ref::Tag(tag)) => (None, Some(tag)),
            None => (None, None),
        };
    }
    let mut event = Event {
        system: System::Jenkins,
        name: "build".to_owned(),
        // Set by the step that checks out, and not before.
        sha: env("GIT_COMMIT").unwrap_or_default(),
        actor: sources.first(&["BUILD_USER_ID", "BUILD_USER", "CHANGE_AUTHOR"]),
        run: Run {
            id: env("BUILD_TAG").or_else(|| env("BUILD_ID")),
            number,
            attempt: None,
            url: env("BUILD_URL"),
        },
        repository: sources::repository(None, env("GIT_URL")),
        ..Event::default()
    };
    let Some(number) = change else {
        event.default_branch = branch
            .clone()
            .filter(|_| sources.holds("BRANCH_IS_PRIMARY") == Some(true));
        sources::pushed(&mut event, branch, tag);
        return with_name(event, sources);
    };
    let head = env("CHANGE_BRANCH");
    let base = env("CHANGE_TARGET");
    event.kind = Kind::PullRequest;
    event.r#ref = format!("refs/pull/{number}/head");
    event.branch.clone_from(&head);
    event.base_ref.clone_from(&base);
    event.pull_request = Some(PullRequest {
        number,
        // GIT_COMMIT may be the trial merge's.
        head_sha: sources.git.head.clone().filter(|head| *head == event.sha),
        head,
        base,
        // The plugin sets it on forks alone, to the fork's owner.
        fork: Some(env("CHANGE_FORK").is_some()),
    });
    with_name(event, sources)
}

enum Ref {
    Branch(String),
    Tag(String),
}

/// What the step that checks out says it took: `origin/main`, `refs/tags/v1`, `origin/tags/v1`; of a commit alone `detached`.
fn checked_out(sources: &Sources<'_>, name: &str) -> Option<Ref> {
    let known = |remote: &str| {
        let begin = format!("refs/remotes/{remote}/");
        let mut branches = sources.git.branches.iter();
        matches!(remote, "origin" | "upstream") || branches.any(|it| it.starts_with(&begin))
    };
    let name = name.strip_prefix("refs/").unwrap_or(name);
    let name = name.strip_prefix("remotes/").unwrap_or(name);
    let name = match name.split_once('/') {
        Some((remote, rest)) if known(remote) => rest,
        _ => name,
    };
    let name = name.strip_prefix("heads/").unwrap_or(name);
    match name.strip_prefix("tags/") {
        Some(tag) => Some(Ref::Tag(tag.to_owned())),
        None if matches!(name, "detached" | "HEAD" | "") => None,
        None => Some(Ref::Branch(name.to_owned())),
    }
}

/// Full name from the page: there is no variable for it.
fn with_name(mut event: Event, sources: &Sources<'_>) -> Event {
    let page = sources
        .env("GIT_URL")
        .and_then(|url| sources::web_url(&url));
    let name = page
        .as_deref()
        .and_then(|page| page.split_once("://")?.1.split_once('/'));
    if let Some((_, path)) = name {
        event.repository.full_name = path.to_owned();
        event.repository.name = sources::last_segment(path).to_owned();
    }
    event
}
