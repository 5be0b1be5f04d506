//! Giving up: the engine hangs, and the process is about to be ended by force.

use super::{End, Phase, Reach, Rollout};
use crate::protocol::Outcome;

impl Rollout {
    /// How it ends for somebody who can wait no longer: by how far it is known to have got. The lease and the checkpoint
    /// are as they are, and whoever comes next goes on from there.
    #[must_use]
    pub fn end_when_given_up(&self) -> End {
        let (outcome, serving) = match &self.phase {
            Phase::Over(end) => return end.clone(),
            Phase::Settling(settling) => return self.settling_given_up(settling),
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Proving(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Committing(_) => match self.reach {
                Reach::Traffic => (Outcome::Stranded, None),
                Reach::Records | Reach::Instances => (Outcome::Cancelled, self.old_generation()),
            },
        };
        let left = self
            .plan
            .new
            .members
            .iter()
            .map(|member| member.id)
            .collect();
        let reason = "out-of-time".to_owned();
        End {
            outcome,
            reason,
            because: Vec::new(),
            serving,
            quarantine: false,
            left,
        }
    }
}
