//! `sessions`: sessions of the project's noxfile, run here, on the commit's code.
//!
//! Nox ends with 0 where it skipped what it was to run. So its exit code is not enough: its own report has to say of every run of
//! the session that it succeeded, and of one at least.

use serde_json::Value;

use super::command::Terms;
use super::{Evidence, Judgement, Lack, Seen};
use crate::protocol::Timestamp;

/// Which, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Names; at least one.
    pub names: Vec<String>,
    /// How each is run.
    pub terms: Terms,
}

/// What nox made of a session that it was told to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// The last line that it wrote.
    pub said: String,
    /// What its report says of the session: once for each of its parameters and interpreters.
    pub runs: Vec<One>,
}

/// One run of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct One {
    /// Its name, with its parameters.
    pub name: String,
    /// `success`, `skipped`, `failed` or `aborted`.
    pub result: String,
    /// Why, where it says so.
    pub reason: Option<String>,
}

/// What a report of nox says of this session; others are in it that it needed or that it notified.
///
/// # Errors
/// In words, where it is no report.
pub fn read_report(report: &str, session: &str) -> Result<Vec<One>, String> {
    let report: Value = serde_json::from_str(report).map_err(|_| "it is no JSON".to_owned())?;
    let list = report.get("sessions").and_then(Value::as_array);
    let list = list.ok_or_else(|| "it lists no sessions".to_owned())?;
    let read = |one: &Value| {
        let text = |member: &str| one.get(member).and_then(Value::as_str).map(str::to_owned);
        let signatures = one.get("signatures").and_then(Value::as_array);
        let signatures = signatures.into_iter().flatten().filter_map(Value::as_str);
        let signatures: Vec<&str> = signatures.collect();
        let base = text("name").unwrap_or_default();
        let ours = base == session || signatures.contains(&session);
        let name = signatures.first().map_or(base, |it| (*it).to_owned());
        ours.then(|| One {
            name,
            result: text("result").unwrap_or_default(),
            reason: text("reason"),
        })
    };
    Ok(list.iter().filter_map(read).collect())
}

impl Sessions {
    /// What they came to.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let judge = |name: &String| match Seen::read(evidence.sessions.get(name), now) {
            Ok(ended) => judge_one(name, ended),
            Err(judgement) => judgement,
        };
        Judgement::all(self.names.iter().map(judge).collect())
    }
}

/// What came of one.
pub(crate) fn judge_one(name: &str, ended: &Ended) -> Judgement {
    if ended.code != 0 {
        return Judgement::fail(format!(
            "the session `{name}` failed ({}): {}",
            ended.code, ended.said
        ));
    }
    if ended.runs.is_empty() {
        let why = format!("nox ran nothing for the session `{name}`, and ended with 0");
        return Judgement::unknown(Lack::Lasting, why);
    }
    let judge = |run: &One| {
        let (name, reason) = (&run.name, run.reason.as_deref().unwrap_or_default());
        match run.result.as_str() {
            "success" => Judgement::pass(format!("the session `{name}` succeeded")),
            "failed" | "aborted" => {
                Judgement::fail(format!("the session `{name}` {}: {reason}", run.result))
            }
            "skipped" => Judgement::unknown(
                Lack::Lasting,
                format!("the session `{name}` was skipped, so nothing is known by it: {reason}"),
            ),
            other => Judgement::unknown(
                Lack::Lasting,
                format!("nobody knows what came of the session `{name}`: nox says `{other}`"),
            ),
        }
    };
    Judgement::all(ended.runs.iter().map(judge).collect())
}
