//! `sessions`: sessions of the project's noxfile, run here, on the commit's code.

use super::command::Terms;
use super::{Evidence, Judgement, Seen};
use crate::protocol::Timestamp;

/// Which, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Names; at least one.
    pub names: Vec<String>,
    /// How each is run.
    pub terms: Terms,
}

impl Sessions {
    /// What they came to.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let judge = |name: &String| match Seen::read(evidence.sessions.get(name), now) {
            Ok(ran) if ran.code == 0 => Judgement::pass(format!("the session `{name}` succeeded")),
            Ok(ran) => Judgement::fail(format!(
                "the session `{name}` failed ({}): {}",
                ran.code, ran.said
            )),
            Err(judgement) => judgement,
        };
        Judgement::all(self.names.iter().map(judge).collect())
    }
}
