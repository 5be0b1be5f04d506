//! CircleCI. Schedules show only in the values of a pipeline, which are no variables unless the configuration makes them.

use super::sources::{self, Sources, last_segment};
use super::{Event, Kind, PullRequest, Run, System};

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let env = |name: &str| sources.env(name);
    let owner = env("CIRCLE_PROJECT_USERNAME");
    let full_name = owner
        .zip(env("CIRCLE_PROJECT_REPONAME"))
        .map(|(owner, name)| format!("{owner}/{name}"));
    let mut event = Event {
        system: System::CircleCi,
        sha: env("CIRCLE_SHA1").unwrap_or_default(),
        actor: env("CIRCLE_USERNAME"),
        run: Run {
            id: env("CIRCLE_WORKFLOW_ID"),
            number: sources.number("CIRCLE_BUILD_NUM"),
            attempt: None,
            url: env("CIRCLE_BUILD_URL"),
        },
        repository: sources::repository(full_name, env("CIRCLE_REPOSITORY_URL")),
        ..Event::default()
    };
    let branch = env("CIRCLE_BRANCH");
    // A tag's pipeline keeps the address of the pull request that its commit came with.
    let request = number(sources, branch.as_deref()).filter(|_| env("CIRCLE_TAG").is_none());
    let Some(number) = request else {
        sources::pushed(&mut event, branch, env("CIRCLE_TAG"));
        event.name = if event.tag.is_some() { "tag" } else { "push" }.to_owned();
        return event;
    };
    // Of a fork's branch CircleCI says `pull/N`, which names no branch.
    let head = branch.filter(|branch| !branch.starts_with("pull/"));
    event.kind = Kind::PullRequest;
    event.name = "pull_request".to_owned();
    event.r#ref = format!("refs/pull/{number}/head");
    event.branch.clone_from(&head);
    event.pull_request = Some(PullRequest {
        number,
        head_sha: env("CIRCLE_SHA1"),
        fork: Some(head.is_none() || env("CIRCLE_PR_REPONAME").is_some()),
        head,
        base: None,
    });
    event
}

/// The variable with the number is there on forks alone; otherwise the address of the pull request ends with it.
fn number(sources: &Sources<'_>, branch: Option<&str>) -> Option<u64> {
    let address = sources.first(&["CIRCLE_PULL_REQUEST", "CI_PULL_REQUEST"]);
    sources
        .number("CIRCLE_PR_NUMBER")
        .or_else(|| last_segment(&address?).parse().ok())
        .or_else(|| {
            branch?
                .strip_prefix("pull/")?
                .split('/')
                .next()?
                .parse()
                .ok()
        })
}
