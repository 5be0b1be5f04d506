//! Jenkins with a multibranch pipeline. What caused a run only its API tells.

use super::sources::{self, Sources};
use super::{Event, Kind, PullRequest, Run, System};

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let env = |name: &str| sources.env(name);
    let number = sources.number("BUILD_NUMBER");
    let change = sources.number("CHANGE_ID");
    // On a pull request BRANCH_NAME is `PR-24`; outside of multibranch only GIT_BRANCH is there, with the remote's name.
    let branch = env("BRANCH_NAME").or_else(|| {
        let branch = env("GIT_LOCAL_BRANCH").or_else(|| env("GIT_BRANCH"))?;
        Some(branch.strip_prefix("origin/").unwrap_or(&branch).to_owned())
    });
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
        sources::pushed(&mut event, branch, env("TAG_NAME"));
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
