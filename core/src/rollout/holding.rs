//! Holding: the stop button is set while a rollout is under way.

use super::{Phase, Reach, Rollout, Why};

impl Rollout {
    /// Whether it may still end as if it had not begun, so that what it asks for now gives way to the stop button: as long
    /// as nothing that serves was touched. That is until the new version gets its traffic, and in a strategy that
    /// interrupts the service until that begins. A canary or a wave that has some gets no more of it, and goes back. A shift of which nobody knows
    /// whether it happened is tried again whatever the button says: half of it would be worse than all of it.
    #[must_use]
    pub fn gives_way(&self) -> bool {
        match &self.phase {
            Phase::Beginning(_) | Phase::Waiting(_) => true,
            // What has begun is gone on with, up to its end.
            Phase::Hooking(hooking) => hooking.gives_way() && !self.interrupts() && !self.past,
            Phase::Admitting(_) => !self.interrupts() && !self.past,
            Phase::Withdrawing { act, .. } => !self.interrupts() && !self.past && !act.unknown(),
            Phase::Shifting(act) => !self.interrupts() && !self.past && !act.unknown(),
            Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Proving(_)
            | Phase::Baking(_)
            | Phase::Committing(_)
            | Phase::Settling(_)
            | Phase::Over(_) => false,
        }
    }

    /// The stop button is set, and what was asked for was not done: what was made for it is put away again.
    pub(super) fn held(&mut self, by: &str) {
        if !self.has_touched_what_serves() {
            self.reach = self.reach.min(Reach::Instances);
        }
        self.decided("go no further", vec![by.to_owned()]);
        self.go_back(Why::Stopped(by.to_owned()));
    }
}
