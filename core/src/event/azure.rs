//! Azure Pipelines.

use super::sources::{self, Sources, unslashed};
use super::{Event, Kind, PullRequest, Run, System};

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let env = |name: &str| sources.env(name);
    let name = env("BUILD_REASON").unwrap_or_default();
    // BUILD_SOURCEBRANCHNAME is only what stands behind the last slash.
    let reference = env("BUILD_SOURCEBRANCH").unwrap_or_default();
    let id = env("BUILD_BUILDID");
    let project = env("SYSTEM_COLLECTIONURI").zip(env("SYSTEM_TEAMPROJECT"));
    let url = project.zip(id.clone()).map(|((collection, project), id)| {
        let project = project.replace(' ', "%20");
        format!(
            "{}/{project}/_build/results?buildId={id}",
            unslashed(&collection)
        )
    });
    let mut event = Event {
        system: System::Azure,
        sha: env("BUILD_SOURCEVERSION").unwrap_or_default(),
        actor: env("BUILD_REQUESTEDFOR"),
        run: Run {
            number: id.as_deref().and_then(|id| id.parse().ok()),
            id,
            attempt: sources.number("SYSTEM_JOBATTEMPT"),
            url,
        },
        repository: sources::repository(env("BUILD_REPOSITORY_NAME"), env("BUILD_REPOSITORY_URI")),
        r#ref: reference,
        ..Event::default()
    };
    event.tag = event.ref_tag().map(str::to_owned);
    event.branch = event.ref_branch().map(str::to_owned);
    event.kind = match name.as_str() {
        "PullRequest" => Kind::PullRequest,
        "Schedule" => Kind::Schedule,
        "Manual" => Kind::Manual,
        "IndividualCI" | "BatchedCI" if event.tag.is_some() => Kind::Tag,
        "IndividualCI" | "BatchedCI" => Kind::Push,
        _ => Kind::Other,
    };
    event.name = name;
    if event.kind == Kind::PullRequest || event.ref_pull_request().is_some() {
        pull_request(sources, &mut event);
    }
    event
}

fn pull_request(sources: &Sources<'_>, event: &mut Event) {
    let numbers = [
        "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
        "SYSTEM_PULLREQUEST_PULLREQUESTID",
    ];
    let of_ref = event
        .ref_pull_request()
        .and_then(|number| number.parse().ok());
    let Some(number) = numbers
        .iter()
        .find_map(|name| sources.number(name))
        .or(of_ref)
    else {
        return;
    };
    // Seen with and without the prefix.
    let branch = |name| {
        let branch: Option<String> = sources.env(name);
        branch.map(|branch| {
            branch
                .strip_prefix("refs/heads/")
                .unwrap_or(&branch)
                .to_owned()
        })
    };
    let head = branch("SYSTEM_PULLREQUEST_SOURCEBRANCH");
    let base = branch("SYSTEM_PULLREQUEST_TARGETBRANCH");
    event.branch.clone_from(&head);
    event.base_ref.clone_from(&base);
    event.pull_request = Some(PullRequest {
        number,
        head_sha: sources.env("SYSTEM_PULLREQUEST_SOURCECOMMITID"),
        head,
        base,
        fork: sources.holds("SYSTEM_PULLREQUEST_ISFORK"),
    });
}
