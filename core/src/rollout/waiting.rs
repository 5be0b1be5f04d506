//! Waiting: the new version is proven, and left without traffic for a person. The run ends; who promotes begins another.

use super::{Action, End, Phase, Rollout};
use crate::protocol::Outcome;

impl Rollout {
    /// Leaves the new version where it is, without traffic, and gives the lease back.
    pub(super) fn begin_waiting(&mut self) {
        let end = self.waits();
        self.decided("wait for a person", end.because.clone());
        self.phase = Phase::Waiting(self.attempt(Action::Conclude(end)));
    }

    pub(super) fn waits(&self) -> End {
        let members = self.plan.new.members.len();
        End {
            outcome: Outcome::Waiting,
            reason: "proven".to_owned(),
            because: vec![format!(
                "{members} of {members} instances answered through the router, {} times in a row",
                self.plan.timing.successes
            )],
            serving: self.old_generation(),
            stands: None,
            quarantine: false,
            left: Vec::new(),
        }
    }
}
