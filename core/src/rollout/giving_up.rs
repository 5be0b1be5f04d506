//! Giving up: the engine hangs, and the process is about to be ended by force; or another run has the lease.

use super::{End, PAST, Phase, Reach, Rollout};
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
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Waiting(_)
            | Phase::Committing(_) => match self.reach {
                _ if self.is_committed() => (Outcome::Deployed, Some(self.plan.new.generation)),
                _ if self.past => return self.given_up_past(),
                Reach::Traffic => (Outcome::Stranded, None),
                Reach::Records | Reach::Instances => (Outcome::Cancelled, self.old_generation()),
            },
        };
        let left = if self.is_committed() {
            self.old_standing()
        } else {
            self.brought()
        };
        let left = left.iter().map(|member| member.id).collect();
        let reason = "out-of-time".to_owned();
        End {
            outcome,
            reason,
            because: Vec::new(),
            serving,
            stands: None,
            quarantine: false,
            left,
        }
    }

    /// Past a point of no return that is what a person has to know first; nothing of the end is recorded.
    fn given_up_past(&self) -> End {
        let left = self.brought().iter().map(|member| member.id);
        End {
            outcome: Outcome::Stranded,
            reason: PAST.to_owned(),
            because: vec![
                "the run was ended before it was through".to_owned(),
                "a point of no return was passed, so nothing was undone".to_owned(),
            ],
            serving: self.carrier.and_then(|carrier| carrier.generation),
            stands: None,
            quarantine: false,
            left: left.collect(),
        }
    }

    /// Another run has the lease. Nothing more is done: what is half done is for that run to settle.
    pub(super) fn fenced(&mut self, by: &str) {
        let took_over = format!("another run took over: {by}");
        let end = match &self.phase {
            Phase::Settling(settling) => self.end_when_fenced(settling, &took_over),
            Phase::Committing(act) if act.unknown() => {
                let unknown = "nobody knows whether the commit was recorded".to_owned();
                End::lost(vec![took_over, unknown])
            }
            // What was committed stays committed, whoever puts the rest away.
            Phase::Hooking(_) if self.is_committed() => End {
                because: vec![took_over],
                ..self.end_when_given_up()
            },
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Proving(_)
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Waiting(_)
            | Phase::Committing(_)
            | Phase::Over(_) => End::lost(vec![took_over]),
        };
        self.over(end);
    }
}
