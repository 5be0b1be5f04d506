//! Bitbucket Pipelines. It does not say whether a schedule or a person began a run.

use super::sources::{self, Sources};
use super::{Event, Kind, PullRequest, Run, System};

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let env = |name: &str| sources.env(name);
    let full_name = env("BITBUCKET_REPO_FULL_NAME");
    let number = sources.number("BITBUCKET_BUILD_NUMBER");
    let page = full_name
        .as_ref()
        .map(|name| format!("https://bitbucket.org/{name}"));
    let url = page
        .as_ref()
        .zip(number)
        .map(|(page, number)| format!("{page}/pipelines/results/{number}"));
    let mut event = Event {
        system: System::Bitbucket,
        sha: env("BITBUCKET_COMMIT").unwrap_or_default(),
        // Who triggered it is only known by a number.
        actor: env("BITBUCKET_STEP_TRIGGERER_UUID"),
        run: Run {
            id: env("BITBUCKET_PIPELINE_UUID"),
            number,
            attempt: None,
            url,
        },
        repository: sources::repository(full_name, env("BITBUCKET_GIT_HTTP_ORIGIN").or(page)),
        ..Event::default()
    };
    let branch = env("BITBUCKET_BRANCH");
    let Some(number) = sources.number("BITBUCKET_PR_ID") else {
        let nothing = branch.is_none() && env("BITBUCKET_TAG").is_none();
        sources::pushed(&mut event, branch, env("BITBUCKET_TAG"));
        if nothing {
            // A custom pipeline on a commit: only a person begins those.
            event.kind = Kind::Manual;
        }
        event.name = named(&event);
        return event;
    };
    let base = env("BITBUCKET_PR_DESTINATION_BRANCH");
    event.kind = Kind::PullRequest;
    event.r#ref = format!("refs/pull/{number}/head");
    event.base_ref.clone_from(&base);
    event.branch.clone_from(&branch);
    event.pull_request = Some(PullRequest {
        number,
        head_sha: env("BITBUCKET_COMMIT"),
        head: branch,
        base,
        fork: None,
    });
    event.name = named(&event);
    event
}

/// A name for what has none.
fn named(event: &Event) -> String {
    match event.kind {
        Kind::PullRequest => "pull_request",
        Kind::Tag => "tag",
        Kind::Manual => "custom",
        Kind::Push | Kind::Schedule | Kind::Other => "push",
    }
    .to_owned()
}
