//! What is known of the run from where it runs: who, which revision, and whether a person started it.

use crate::ledger::{Origin, Sequence};
use crate::protocol::{Begin, Platform};
use crate::spec::Token;

/// Facts of the platform.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) repository: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) run_url: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) attempt: Option<u32>,
    pub(super) run_number: Option<u64>,
    pub(super) workflow: Option<String>,
    /// Whether a person pressed a button for this very run.
    pub(super) by_hand: bool,
    /// Whether the main step began something and did not say that it ended it.
    pub(super) post_has_work: bool,
}

impl Facts {
    pub(super) fn of(begin: &Begin) -> Self {
        let get = |name: &str| {
            begin
                .env
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        let repository = get("GITHUB_REPOSITORY");
        let run = get("GITHUB_RUN_ID")
            .zip(repository.clone())
            .zip(get("GITHUB_SERVER_URL"));
        let run_url = run
            .map(|((run, repository), server)| format!("{server}/{repository}/actions/runs/{run}"));
        let attempt = get("GITHUB_RUN_ATTEMPT").and_then(|it| it.parse().ok());
        let pressed = matches!(
            get("GITHUB_EVENT_NAME").as_deref(),
            Some("workflow_dispatch")
        );
        let on_a_platform = get("CI").is_some() || get("GITHUB_EVENT_NAME").is_some();
        let by_hand = match begin.platform {
            Platform::CommandLine => pressed || !on_a_platform,
            Platform::Actions | Platform::ActionsPost => {
                pressed || attempt.is_some_and(|attempt| attempt > 1)
            }
        };
        Self {
            run_url: get("CD_RUN_URL").or(run_url),
            sha: get("GITHUB_SHA"),
            actor: get("GITHUB_TRIGGERING_ACTOR")
                .or_else(|| get("GITHUB_ACTOR"))
                .or_else(|| get("USER")),
            attempt,
            run_number: get("GITHUB_RUN_NUMBER").and_then(|it| it.parse().ok()),
            workflow: get("GITHUB_WORKFLOW"),
            by_hand,
            post_has_work: begin
                .inputs
                .get("state-open")
                .is_some_and(|open| open == "1"),
            repository,
        }
    }

    pub(super) fn origin(&self, holder: &str, token: Token) -> Origin {
        Origin {
            holder: holder.to_owned(),
            token,
            url: self.run_url.clone(),
            actor: self.actor.clone(),
            attempt: self.attempt,
            run_number: self.run_number,
            workflow: self.workflow.clone(),
            repository: self.repository.clone(),
        }
    }

    pub(super) fn sequence(&self, revision: Option<String>) -> Sequence {
        Sequence {
            revision,
            run_number: self.run_number,
            workflow: self.workflow.clone(),
            repository: self.repository.clone(),
        }
    }
}

/// The job that a holder is of: without the attempt and the leg of a matrix that follow it.
pub(super) fn job_of(holder: &str) -> &str {
    holder.split_once('#').map_or(holder, |(job, _)| job)
}
