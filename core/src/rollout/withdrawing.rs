//! Withdrawing: the old version loses the traffic and is stopped before the new one starts, under `recreate`.

use super::{Action, Mark, Phase, Reach, Rollout, Table};

impl Rollout {
    /// What nobody owns is stopped as well: it could be the very thing that cannot run twice.
    pub(super) fn begin_withdrawing(&mut self) {
        if self.plan.kept().is_empty() {
            return self.enter(self.step + 1);
        }
        self.reach = Reach::Traffic;
        let until = self.now.plus(self.plan.timing.drain);
        let act = self.attempt(Action::Route {
            table: Table::empty(),
            mark: Mark::Withdrawing,
            force: false,
        });
        self.phase = Phase::Withdrawing { until, act };
    }

    pub(super) fn begin_stopping(&mut self) {
        let ids = self.plan.kept();
        let acts = ids
            .into_iter()
            .map(|id| self.attempt(Action::Stop(id)))
            .collect();
        self.phase = Phase::Stopping(acts);
    }
}
