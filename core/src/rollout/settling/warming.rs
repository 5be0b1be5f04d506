//! Warming: what is started again has no traffic before it answers. Meanwhile whoever still can
//! serves on: old instances that were never stopped, and new ones that nothing is held against.

use std::collections::BTreeMap;

use super::super::{Action, ActionId, Member, Rollout, Seen, Table, Why};
use super::{Settling, Stage};
use crate::protocol::Timestamp;
use crate::spec::InstanceId;

/// What is known while warming.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Warming {
    until: Timestamp,
    next: Timestamp,
    pub(super) probe: Option<ActionId>,
}

impl Warming {
    pub(super) const fn wake_at(&self) -> Option<Timestamp> {
        match self.probe {
            Some(_) => Some(self.until),
            None if self.next.0 < self.until.0 => Some(self.next),
            None => Some(self.until),
        }
    }
}

impl Rollout {
    /// The table by which others serve until what was stopped answers, with that beside it, without traffic; `None`: nobody else can.
    pub(super) fn others_serve(&self, settling: &Settling) -> Option<Table> {
        let table = self.without_the_revived(settling);
        let revived = self.revived(settling);
        let runs = |id: InstanceId| self.lives.get(&id).is_none_or(|life| life.running);
        let mut active = table
            .entries
            .iter()
            .filter(|it| it.weight > 0 && !it.backup);
        let serves = active.any(|it| runs(it.member.id));
        (serves && !revived.is_empty()).then(|| table.admitting(&revived))
    }

    pub(super) fn readmit(&mut self, mut settling: Settling, table: Table) {
        let mark = settling.mark();
        settling.stage = Stage::Readmitting(self.attempt(Action::Route {
            table,
            mark,
            force: false,
        }));
        self.put(settling);
    }

    /// Instances of the goal that are started again.
    fn revived(&self, settling: &Settling) -> Vec<Member> {
        let rested = self.rested(settling);
        let goal = settling.goal.iter().flat_map(|goal| &goal.members);
        goal.filter(|it| rested.contains(&it.id)).copied().collect()
    }

    /// Who serves without them. The new version is the fallback only, where it is to blame or
    /// had a share.
    fn without_the_revived(&self, settling: &Settling) -> Table {
        let rested = self.rested(settling);
        let mut goal = settling.goal.clone().unwrap_or_default();
        goal.members.retain(|it| !rested.contains(&it.id));
        let mut new = self.plan.new.clone();
        new.members.truncate(self.joined());
        // What must not run beside the goal was stopped. In a recovery only those serve on that were found to have traffic, beside the
        // known-good: what is older than the goal never does, and alone nobody does.
        let alone = self.plan.strategy.interrupts();
        let older = new.generation < goal.generation || goal.members.is_empty();
        let resting = &self.plan.resting;
        new.members.retain(|it| {
            let serves_on = !self.recovering || (!older && !resting.contains(&it.id));
            !alone && serves_on
        });
        // A share is no reason to have more than it: only what comes instance by instance serves beside the old ones.
        let waves = self.plan.strategy.replaces();
        match &settling.why {
            Why::World(_)
            | Why::Hook(_)
            | Why::Cancelled
            | Why::Stopped(_)
            | Why::Aborted(_)
            | Why::Unpromoted(_)
            | Why::Abandoned
                if waves =>
            {
                self.plan.joined(Some(&goal), &new)
            }
            Why::Unwell(_)
            | Why::World(_)
            | Why::Hook(_)
            | Why::Cancelled
            | Why::Stopped(_)
            | Why::Aborted(_)
            | Why::Unpromoted(_)
            | Why::Abandoned
            | Why::Committed => Table::at_best(Some(&goal), Some(&new)),
        }
    }

    pub(super) fn begin_warming(&mut self, mut settling: Settling) {
        settling.stage = Stage::Warming(Warming {
            until: self.now.plus(self.plan.timing.verify),
            next: self.now,
            probe: None,
        });
        self.put(settling);
        self.time_to_warm();
    }

    pub(super) fn time_to_warm(&mut self) {
        let now = self.now;
        let Some(mut settling) = self.take() else {
            return;
        };
        let members = self.revived(&settling);
        let Stage::Warming(warming) = &mut settling.stage else {
            return;
        };
        if now >= warming.until {
            let is_well = self.is_well();
            self.trouble(format!(
                "not every instance that was started again {is_well}"
            ));
            return self.route_to_goal(settling);
        }
        if now >= warming.next && warming.probe.is_none() {
            warming.next = now.plus(self.plan.timing.every);
            warming.probe = Some(self.ask(Action::Probe(members)));
        }
        self.put(settling);
    }

    pub(super) fn on_warmed(&mut self, mut settling: Settling, seen: BTreeMap<InstanceId, Seen>) {
        let revived = self.revived(&settling);
        let well = revived
            .iter()
            .all(|it| seen.get(&it.id) == Some(&Seen::Good));
        if let Stage::Warming(warming) = &mut settling.stage {
            warming.probe = None;
        }
        self.saw(seen);
        if well {
            return self.route_to_goal(settling);
        }
        self.put(settling);
        self.time_to_warm();
    }
}
