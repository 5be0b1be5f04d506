//! The end of settling: what does not serve is drained, heard for the last time, removed; and the end is recorded.

use super::super::attempt::{RETRY, Try};
use super::super::{Action, End, Fault, Person, Reach, Rollout, Table, Why};
use super::{Settling, Stage, Then};
use crate::protocol::Outcome;
use crate::spec::InstanceId;
use crate::stop;

/// What a promotion that ends otherwise has cost.
const PUT_AWAY: &str =
    "what waited for a person was put away: it is there again after another deploy";

/// The code of a rollout of which a hook did not end well.
pub const UNHOOKED: &str = "hook-failed";

/// Milliseconds that requests on what is put away may still take when the process is about to be ended.
const HURRIED_DRAIN: u64 = 1_000;

impl Rollout {
    /// The process will be ended soon: what only waits is cut short.
    pub(in super::super) fn hurry_in_settling(&mut self) {
        let soon = self.now.plus(HURRIED_DRAIN);
        let Some(mut settling) = self.take() else {
            return;
        };
        let committed = settling.why == Why::Committed;
        match &mut settling.stage {
            Stage::Draining { .. } if committed => self.leave_others(settling),
            Stage::Draining { until, .. } => {
                *until = soon.min(*until);
                self.put(settling);
            }
            Stage::Logging(_) => self.logged(settling),
            Stage::Awaiting(_)
            | Stage::Adopting(_)
            | Stage::Withdrawing(_)
            | Stage::Halting(..)
            | Stage::Reviving(..)
            | Stage::Readmitting(_)
            | Stage::Warming(_)
            | Stage::Routing(_)
            | Stage::Verifying(_)
            | Stage::Stranding(..)
            | Stage::Removing(_)
            | Stage::Concluding(..) => {}
        }
    }

    /// Lets requests on what is put away end; `None`: how many there are is not known.
    pub(super) fn drain(
        &mut self,
        mut settling: Settling,
        lingering: Option<&[(InstanceId, u32)]>,
    ) {
        if self.hurry && settling.why == Why::Committed {
            return self.leave_others(settling);
        }
        if lingering.is_some_and(<[_]>::is_empty) {
            return self.put_away(settling);
        }
        let wait = if self.hurry {
            HURRIED_DRAIN.min(self.plan.timing.drain)
        } else {
            self.plan.timing.drain
        };
        let (table, mark) = (Table::serving(settling.goal.as_ref()), settling.mark());
        let mut act = Try::of(Action::Route {
            table,
            mark,
            force: false,
        });
        act.repeat(self.now, wait == 0);
        settling.stage = Stage::Draining {
            until: self.now.plus(wait),
            act,
        };
        self.put(settling);
        self.ask_what_is_due();
    }

    pub(super) fn drained(&mut self, mut settling: Settling, lingering: &[(InstanceId, u32)]) {
        let now = self.now;
        if let Stage::Draining { until, act } = &mut settling.stage
            && !lingering.is_empty()
            && !act.forced()
        {
            let force = now >= *until;
            act.repeat(
                if force {
                    now
                } else {
                    now.plus(RETRY).min(*until)
                },
                force,
            );
            self.put(settling);
            return self.ask_what_is_due();
        }
        self.put_away(settling);
    }

    pub(super) fn put_away(&mut self, mut settling: Settling) {
        let failed = match &settling.why {
            Why::Unwell(fault) => fault
                .instance
                .or_else(|| self.plan.new.members.first().map(|member| member.id)),
            Why::World(_)
            | Why::Hook(_)
            | Why::Cancelled
            | Why::Stopped(_)
            | Why::Aborted(_)
            | Why::Unpromoted(_)
            | Why::Abandoned
            | Why::Committed => None,
        };
        match failed {
            Some(id) if !self.hurry => {
                settling.stage = Stage::Logging(self.ask(Action::Log(id)));
                self.put(settling);
            }
            Some(_) | None => self.logged(settling),
        }
    }

    /// What failed has been heard, where there was anything to hear.
    pub(super) fn logged(&mut self, settling: Settling) {
        let then = if settling.stands {
            Then::Conclude
        } else {
            Then::Remove
        };
        self.go_on_when_free(settling, then);
    }

    /// Whether it is routed back to what never lost the traffic.
    pub(super) fn is_before_traffic(&self, settling: &Settling) -> bool {
        let routing = matches!(settling.stage, Stage::Routing(_));
        routing && self.reach < Reach::Traffic && !self.watched(settling)
    }

    /// No table is taken any more, and nothing new had traffic by one that was: it must not pile up. What else there is may have
    /// some.
    pub(super) fn remove_new(&mut self, mut settling: Settling) {
        let new = &self.plan.new.members;
        let is_new = |id: &InstanceId| new.iter().any(|member| member.id == *id);
        settling.left = self.others(&settling);
        settling.left.retain(|id| !is_new(id));
        self.go_on_when_free(settling, Then::Remove);
    }

    pub(super) fn remove_others(&mut self, mut settling: Settling) {
        let mut others = self.others(&settling);
        others.retain(|id| !settling.left.contains(id));
        if others.is_empty() {
            return self.conclude(settling);
        }
        let acts = others
            .into_iter()
            .map(|id| self.attempt(Action::Remove(id)))
            .collect();
        settling.stage = Stage::Removing(acts);
        self.put(settling);
    }

    /// Leaves everything else to the next run.
    pub(super) fn leave_others(&mut self, mut settling: Settling) {
        settling.left = self.others(&settling);
        self.go_on_when_free(settling, Then::Conclude);
    }

    pub(super) fn conclude(&mut self, mut settling: Settling) {
        if self.busy_before(&Then::Conclude) {
            settling.stage = Stage::Awaiting(Then::Conclude);
            return self.put(settling);
        }
        let end = self.ending(&settling);
        let act = self.attempt(Action::Conclude(end.clone()));
        settling.stage = Stage::Concluding(act, end);
        self.put(settling);
        self.entered();
    }

    /// How it ends when all of this goes well.
    pub(super) fn ending(&self, settling: &Settling) -> End {
        if settling.stands {
            return self.standing(settling);
        }
        let (outcome, reason, because, quarantine) = match &settling.why {
            Why::Committed => match &self.unhooked {
                None => (Outcome::Deployed, "proven", Vec::new(), false),
                Some(why) => (Outcome::Deployed, UNHOOKED, vec![why.clone()], false),
            },
            Why::Unwell(Fault { code, seen, .. }) => {
                (Outcome::RolledBack, code.word(), vec![seen.clone()], true)
            }
            Why::World(why) if self.reach == Reach::Traffic => (
                Outcome::RolledBack,
                "not-its-fault",
                vec![why.clone()],
                false,
            ),
            Why::World(why) => (Outcome::Failed, "not-its-fault", vec![why.clone()], false),
            Why::Hook(why) if self.reach == Reach::Traffic => {
                (Outcome::RolledBack, UNHOOKED, vec![why.clone()], false)
            }
            Why::Hook(why) => (Outcome::Failed, UNHOOKED, vec![why.clone()], false),
            Why::Cancelled => (
                Outcome::Cancelled,
                "cancelled",
                vec!["the run was asked to stop".to_owned()],
                false,
            ),
            // A canary that was stopped had traffic, so it is not as if nothing had been touched.
            Why::Stopped(by) if self.reach == Reach::Traffic => {
                (Outcome::Cancelled, stop::CODE, vec![by.clone()], false)
            }
            Why::Aborted(why) => (Outcome::Cancelled, "aborted", vec![why.clone()], false),
            Why::Unpromoted(why) => (
                Outcome::RolledBack,
                "not-promoted",
                vec![why.clone()],
                false,
            ),
            Why::Stopped(by) => (Outcome::Held, stop::CODE, vec![by.clone()], false),
            Why::Abandoned => (Outcome::Restored, "recovered", Vec::new(), false),
        };
        let serving = settling.goal.as_ref().map(|goal| goal.generation);
        let promoted = self.plan.person == Person::Promoted && settling.why != Why::Committed;
        let put_away = promoted.then(|| PUT_AWAY.to_owned());
        End {
            outcome,
            reason: reason.to_owned(),
            because: because.into_iter().chain(put_away).collect(),
            serving,
            stands: None,
            quarantine,
            left: settling.left.clone(),
        }
    }
}
