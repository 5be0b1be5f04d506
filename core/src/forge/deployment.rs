//! Deployments as the forge shows them: one is begun before anything is touched, and it is told how it ended.

use serde_json::{Value, json};

use super::exchange::{Exchange, Got, Permission};
use crate::protocol::Outcome;

/// Characters of a description.
const LONGEST: usize = 140;

/// What is deployed where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The commit, in full.
    pub commit: String,
    /// The environment's name.
    pub environment: String,
    /// Whether it is production there.
    pub production: bool,
    /// Whether it goes back.
    pub rollback: bool,
    /// What people call the version.
    pub version: String,
    /// `sha256:…`
    pub digest: String,
    /// What served before.
    pub before: String,
    /// Where the run can be looked at.
    pub run: String,
    /// Where users reach it.
    pub url: String,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is under way.
    InProgress,
    /// What was wanted serves.
    Success,
    /// It did not become what serves.
    Failure,
    /// Nobody knows what serves, or we are broken.
    Error,
    /// It is over, and neither well nor ill.
    Inactive,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }

    /// What an outcome is on the forge's page.
    #[must_use]
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Deployed | Outcome::Restored | Outcome::Unchanged => Self::Success,
            Outcome::RolledBack
            | Outcome::Rejected
            | Outcome::Failed
            | Outcome::Invalid
            | Outcome::Busy => Self::Failure,
            Outcome::Stranded | Outcome::Crashed => Self::Error,
            Outcome::Cancelled
            | Outcome::Held
            | Outcome::Waiting
            | Outcome::Superseded
            | Outcome::Shown
            | Outcome::Stopped
            | Outcome::Resumed
            | Outcome::Released => Self::Inactive,
        }
    }
}

/// A deployment is begun. Its own checks are none of the forge's: gates have been asked.
#[must_use]
pub fn create(it: &Deployment) -> Exchange {
    let payload = json!({
        "digest": it.digest,
        "previous-digest": it.before,
        "version": it.version,
        "run": it.run,
    });
    let body = json!({
        "ref": it.commit,
        "task": if it.rollback { "rollback" } else { "deploy" },
        "auto_merge": false,
        "required_contexts": [],
        "payload": payload,
        "environment": it.environment,
        "production_environment": it.production,
        "description": cut(&format!("{} by cd-action", it.version)),
    });
    Exchange::post("/deployments", body.to_string(), Permission::Deployments)
}

/// The deployment's number.
#[must_use]
pub fn read_created(got: &Got) -> Option<u64> {
    got.body.as_ref()?.get("id")?.as_u64()
}

/// How far it is.
#[must_use]
pub fn status(id: u64, state: State, description: &str, it: &Deployment) -> Exchange {
    let mut body = json!({
        "state": state.word(),
        "description": cut(description),
        "auto_inactive": true,
    });
    let members = [("log_url", &it.run), ("environment_url", &it.url)];
    for (name, url) in members
        .into_iter()
        .filter(|(_, url)| url.starts_with("http"))
    {
        if let Some(object) = body.as_object_mut() {
            object.insert(name.to_owned(), Value::String(url.clone()));
        }
    }
    Exchange::post(
        format!("/deployments/{id}/statuses"),
        body.to_string(),
        Permission::Deployments,
    )
}

/// A forge refuses what is longer.
fn cut(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let kept: String = line.chars().take(LONGEST - 1).collect();
    format!("{kept}…")
}
