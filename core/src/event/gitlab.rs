//! GitLab CI.

use super::sources::{self, Sources, last_segment};
use super::{Event, Kind, PullRequest, Repository, Run, System, date};

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let env = |name: &str| sources.env(name);
    let source = env("CI_PIPELINE_SOURCE").unwrap_or_default();
    let mut event = Event {
        system: System::GitLab,
        sha: env("CI_COMMIT_SHA").unwrap_or_default(),
        default_branch: env("CI_DEFAULT_BRANCH"),
        actor: env("GITLAB_USER_LOGIN"),
        registry: env("CI_REGISTRY_IMAGE").or_else(|| env("CI_REGISTRY")),
        commit_date: env("CI_COMMIT_TIMESTAMP").as_deref().and_then(date::parse),
        run: Run {
            id: env("CI_PIPELINE_ID"),
            number: sources.number("CI_PIPELINE_IID"),
            attempt: None,
            url: env("CI_PIPELINE_URL").or_else(|| env("CI_JOB_URL")),
        },
        repository: repository(sources),
        name: source,
        ..Event::default()
    };
    if let Some(number) = sources.number("CI_MERGE_REQUEST_IID") {
        merge_request(sources, &mut event, number);
        return event;
    }
    if let Some(number) = sources.number("CI_EXTERNAL_PULL_REQUEST_IID") {
        external(sources, &mut event, number);
        return event;
    }
    let tag = env("CI_COMMIT_TAG");
    let branch =
        env("CI_COMMIT_BRANCH").or_else(|| env("CI_COMMIT_REF_NAME").filter(|_| tag.is_none()));
    sources::pushed(&mut event, branch, tag);
    match event.name.as_str() {
        "schedule" => event.kind = Kind::Schedule,
        "web" | "api" | "trigger" | "chat" | "webide" => event.kind = Kind::Manual,
        "push" | "" => {}
        _ if event.tag.is_none() => event.kind = Kind::Other,
        _ => {}
    }
    event
}

fn merge_request(sources: &Sources<'_>, event: &mut Event, number: u64) {
    let env = |name: &str| sources.env(name);
    let paths = env("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH")
        .zip(env("CI_MERGE_REQUEST_PROJECT_PATH").or_else(|| env("CI_PROJECT_PATH")));
    let branch = env("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME");
    let base = env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
    event.kind = Kind::PullRequest;
    event.r#ref = env("CI_MERGE_REQUEST_REF_PATH")
        .unwrap_or_else(|| format!("refs/merge-requests/{number}/head"));
    event.branch.clone_from(&branch);
    event.base_ref.clone_from(&base);
    event.pull_request = Some(PullRequest {
        number,
        // Only a pipeline for the merged result builds another commit than the newest of the branch.
        head_sha: env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| env("CI_COMMIT_SHA")),
        head: branch,
        base,
        fork: paths.map(|(source, own)| source != own),
    });
}

/// A pull request of a forge that GitLab only runs the pipelines for.
fn external(sources: &Sources<'_>, event: &mut Event, number: u64) {
    let env = |name: &str| sources.env(&format!("CI_EXTERNAL_PULL_REQUEST_{name}"));
    let repositories = env("SOURCE_REPOSITORY").zip(env("TARGET_REPOSITORY"));
    let (branch, base) = (env("SOURCE_BRANCH_NAME"), env("TARGET_BRANCH_NAME"));
    event.kind = Kind::PullRequest;
    event.r#ref = format!("refs/pull/{number}/head");
    event.branch.clone_from(&branch);
    event.base_ref.clone_from(&base);
    event.pull_request = Some(PullRequest {
        number,
        head_sha: env("SOURCE_BRANCH_SHA"),
        head: branch,
        base,
        fork: repositories.map(|(source, own)| source != own),
    });
}

/// `CI_REPOSITORY_URL` holds a token, and is not looked at.
fn repository(sources: &Sources<'_>) -> Repository {
    let full_name = sources.env("CI_PROJECT_PATH").unwrap_or_default();
    Repository {
        name: sources
            .env("CI_PROJECT_NAME")
            .unwrap_or_else(|| last_segment(&full_name).to_owned()),
        description: sources.env("CI_PROJECT_DESCRIPTION").unwrap_or_default(),
        url: sources.env("CI_PROJECT_URL").unwrap_or_default(),
        license: String::new(),
        full_name,
    }
}
