//! Deployments as the forge shows them: what is written of one, and what is read of those that are there. `telling` says when.

use serde_json::{Value, json};

use super::exchange::{Exchange, Got, Permission, escaped};
use super::read;
use crate::protocol::{Outcome, Timestamp};
use crate::spec::Token;

/// Characters of a description.
const LONGEST: usize = 140;

/// Statuses of one that are read: how it ended, and whether it served before.
const STATUSES: u32 = 30;

/// What is deployed where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// The commit, in full.
    pub commit: String,
    /// The environment's name.
    pub environment: String,
    /// The service: several can share an environment.
    pub service: String,
    /// Whether it goes back.
    pub rollback: bool,
    /// Whose run it is.
    pub holder: String,
    /// When that began: of one holder there may be several, one after the other.
    pub began: Timestamp,
    /// Of the lease that this run has: whoever had it later knows what became of all before.
    pub token: Token,
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
    const ALL: [Self; 5] = [
        Self::InProgress,
        Self::Success,
        Self::Failure,
        Self::Error,
        Self::Inactive,
    ];

    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    pub(crate) const fn word(self) -> &'static str {
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

/// One that the forge has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: u64,
    task: String,
    environment: String,
    service: String,
    holder: String,
    began: u64,
    token: u64,
}

impl Known {
    /// Whether it is of the same service in the same environment. Those of somebody else are theirs.
    fn is_beside(&self, it: &Deployment) -> bool {
        !it.service.is_empty()
            && self.service == it.service
            && self.environment.eq_ignore_ascii_case(&it.environment)
    }

    /// Whether this is what a run has asked for.
    pub(super) fn is_of_the_run(&self, it: &Deployment) -> bool {
        self.is_beside(it)
            && self.task == it.task()
            && self.holder == it.holder
            && self.began == it.began.0
    }

    /// Whether it was there before this one; of a run without one of its own, whether its lease was before.
    pub(super) fn is_before(&self, it: &Deployment, id: Option<u64>) -> bool {
        self.is_beside(it) && id.map_or(self.token <= it.token.0, |id| self.id < id)
    }
}

/// How far one is that the forge has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Nobody has said how it ended.
    UnderWay,
    /// It is shown as what serves.
    Serves,
    /// It served, and was put away.
    Served,
    /// It ended without serving.
    Over,
}

impl Deployment {
    const fn task(&self) -> &'static str {
        if self.rollback { "rollback" } else { "deploy" }
    }
}

/// A deployment is begun. Its own checks are none of the forge's: gates have been asked.
#[must_use]
pub(super) fn create(it: &Deployment) -> Exchange {
    let payload = json!({
        "digest": it.digest,
        "previous-digest": it.before,
        "version": it.version,
        "service": it.service,
        "holder": it.holder,
        "began": it.began.0,
        "token": it.token.0,
        "run": it.run,
    });
    let body = json!({
        "ref": it.commit,
        "task": it.task(),
        "auto_merge": false,
        "required_contexts": [],
        "payload": payload,
        "environment": it.environment,
        "production_environment": it.environment.eq_ignore_ascii_case("production"),
        "description": cut(&format!("{} by cd-action", it.version)),
    });
    Exchange::post("/deployments", body.to_string(), Permission::Deployments)
}

/// Which there are in the environment, newest first. More than a page is not of interest.
pub(super) fn list(it: &Deployment) -> Exchange {
    let environment = escaped(&it.environment);
    Exchange::get(
        format!("/deployments?environment={environment}&per_page=100"),
        Permission::Deployments,
    )
}

pub(super) fn read_list(got: &Got) -> Option<Vec<Known>> {
    let known = |it: &Value| {
        // What somebody else has written there may be anything.
        let payload = match it.get("payload") {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(payload) => payload.clone(),
            None => Value::Null,
        };
        let text = |value: &Value, member: &str| read::text(value, member).unwrap_or_default();
        let number = |member: &str| payload.get(member).and_then(Value::as_u64).unwrap_or(0);
        Some(Known {
            id: it.get("id")?.as_u64()?,
            task: text(it, "task"),
            environment: text(it, "environment"),
            service: text(&payload, "service"),
            holder: text(&payload, "holder"),
            began: number("began"),
            token: number("token"),
        })
    };
    got.body.as_ref()?.as_array()?.iter().map(known).collect()
}

/// How far one is.
pub(super) fn statuses(id: u64) -> Exchange {
    Exchange::get(
        format!("/deployments/{id}/statuses?per_page={STATUSES}"),
        Permission::Deployments,
    )
}

pub(super) fn read_past(got: &Got) -> Option<Past> {
    let state = |it: &Value| Some((it.get("id")?.as_u64()?, read::text(it, "state")?));
    let states = got.body.as_ref()?.as_array()?.iter().map(state);
    let mut states: Vec<(u64, String)> = states.collect::<Option<_>>()?;
    states.sort_unstable();
    let served = states.iter().any(|(_, state)| state == "success");
    let last = states.last().map(|(_, state)| state.as_str());
    Some(match last {
        None | Some("in_progress" | "queued" | "pending" | "waiting") => Past::UnderWay,
        Some("success") => Past::Serves,
        Some("inactive") if served => Past::Served,
        Some(_) => Past::Over,
    })
}

/// The deployment's number.
#[must_use]
pub(super) fn read_created(got: &Got) -> Option<u64> {
    got.body.as_ref()?.get("id")?.as_u64()
}

/// How far it is. Those before it are put in order by us: a forge would leave those of production, and put away those of other
/// services.
#[must_use]
pub(super) fn status(id: u64, state: State, description: &str, it: &Deployment) -> Exchange {
    let mut body = json!({
        "state": state.word(),
        "description": cut(description),
        "auto_inactive": false,
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
    Exchange::say(
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
