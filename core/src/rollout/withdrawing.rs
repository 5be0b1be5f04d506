//! Withdrawing: old instances lose the traffic and are stopped before new ones start: all of them under `recreate`, those
//! that are in the way of the next wave under `rolling`.

use super::{Action, Mark, Phase, Reach, Rollout};
use crate::spec::InstanceId;

impl Rollout {
    pub(super) fn begin_withdrawing(&mut self) {
        self.keep_those_that_run();
        if self.withdraws().is_empty() {
            return self.enter(self.step + 1);
        }
        self.reach = Reach::Traffic;
        let until = self.now.plus(self.plan.timing.drain);
        let act = self.route(None, Mark::Withdrawing);
        self.phase = Phase::Withdrawing { until, act };
    }

    pub(super) fn begin_stopping(&mut self) {
        let acts = self.withdraws();
        let acts = acts
            .into_iter()
            .map(|id| self.attempt(Action::Stop(id)))
            .collect();
        self.phase = Phase::Stopping(acts);
    }

    /// Where two versions must not run at the same time, what nobody owns is stopped as well: it could be the very thing
    /// that cannot run twice.
    fn withdraws(&self) -> Vec<InstanceId> {
        if self.plan.strategy.interrupts() {
            return self.plan.kept();
        }
        self.to_stop().iter().map(|member| member.id).collect()
    }
}
