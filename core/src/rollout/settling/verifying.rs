//! Verifying: the traffic is where it should be; see that it is answered, and where it is not, leave it to whoever can.

use std::collections::BTreeMap;

use super::super::{Action, ActionId, Fleet, Form, Reach, Rollout, Seen, Table};
use super::{Settling, Stage};
use crate::protocol::Timestamp;
use crate::spec::InstanceId;

/// What is known while verifying.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Verifying {
    until: Timestamp,
    next: Timestamp,
    pub(super) probe: Option<ActionId>,
    /// Whether any round of probes has come back.
    asked: bool,
    /// Whether some instance answered well in the last one.
    pub(super) answers: bool,
    /// The last that was not good.
    last: String,
}

impl Verifying {
    /// While the first answer is still to come there is nothing to judge by.
    pub(super) const fn wake_at(&self) -> Option<Timestamp> {
        match (self.probe.is_some(), self.asked) {
            (true, false) => None,
            (true, true) => Some(self.until),
            (false, _) => Some(if self.next.0 < self.until.0 || !self.asked {
                self.next
            } else {
                self.until
            }),
        }
    }
}

impl Rollout {
    /// The traffic is where it should be. Where it was moved, or nobody watched, see that it is answered.
    pub(super) fn routed(&mut self, mut settling: Settling, lingering: &[(InstanceId, u32)]) {
        let moved = self.reach == Reach::Traffic && !self.watched(&settling);
        if settling.goal.is_none() || !moved {
            return self.drain(settling, Some(lingering));
        }
        settling.stage = Stage::Verifying(Verifying {
            until: self.now.plus(self.plan.timing.verify),
            next: self.now,
            probe: None,
            asked: false,
            answers: false,
            last: String::new(),
        });
        self.put(settling);
        self.time_to_verify();
    }

    pub(super) fn time_to_verify(&mut self) {
        let now = self.now;
        let Some(mut settling) = self.take() else {
            return;
        };
        let members = settling
            .goal
            .iter()
            .flat_map(|goal| goal.members.clone())
            .collect();
        let Stage::Verifying(verifying) = &mut settling.stage else {
            return;
        };
        if now >= verifying.until && verifying.asked {
            let (answers, last) = (verifying.answers, verifying.last.clone());
            if answers {
                let is_well = self.is_well();
                self.trouble(format!("not every instance {is_well}: {last}"));
                return self.drain(settling, None);
            }
            settling.mute = true;
            let what = match self.plan.form {
                Form::Server => "what should serve does not answer",
                Form::Worker => "what should serve is not well",
            };
            return self.strand(settling, format!("{what}: {last}"));
        }
        if now >= verifying.next && verifying.probe.is_none() {
            verifying.next = now.plus(self.plan.timing.every);
            verifying.probe = Some(self.ask(Action::Probe(members)));
        }
        self.put(settling);
    }

    /// What an instance does that is well, in words.
    pub(super) const fn is_well(&self) -> &'static str {
        match self.plan.form {
            Form::Server => "answers",
            Form::Worker => "is well",
        }
    }

    pub(super) fn on_verified(&mut self, mut settling: Settling, seen: BTreeMap<InstanceId, Seen>) {
        let members: Vec<InstanceId> = settling
            .goal
            .iter()
            .flat_map(|goal| &goal.members)
            .map(|it| it.id)
            .collect();
        let good = members
            .iter()
            .filter(|id| seen.get(id) == Some(&Seen::Good))
            .count();
        if let Stage::Verifying(verifying) = &mut settling.stage {
            verifying.probe = None;
            verifying.asked = true;
            verifying.answers = good > 0;
            verifying.last = members
                .iter()
                .find_map(|id| seen.get(id)?.trouble())
                .unwrap_or_else(|| "no probe came back".to_owned());
        }
        self.saw(seen);
        if good == members.len() || (good > 0 && self.hurry) {
            return self.drain(settling, None);
        }
        self.put(settling);
        self.time_to_verify();
    }

    /// The goal cannot be made to serve: leave the traffic to whoever can, and say so.
    pub(super) fn strand(&mut self, mut settling: Settling, why: String) {
        self.decided("strand", vec![why.clone()]);
        let fallback = self.fallback(&settling);
        let table = Table::at_best(settling.goal.as_ref(), fallback.as_ref());
        let act = self.attempt(Action::Route {
            table,
            mark: settling.mark(),
            force: false,
        });
        settling.stage = Stage::Stranding(act, why);
        self.put(settling);
    }

    /// What still runs of the other fleet, as far as is known. In a recovery the plan is what was observed.
    fn fallback(&self, settling: &Settling) -> Option<Fleet> {
        let goal = settling.goal.as_ref().map(|goal| goal.generation);
        let mut fleets = self.plan.old.iter().chain(std::iter::once(&self.plan.new));
        let mut fleet = fleets.find(|fleet| Some(fleet.generation) != goal)?.clone();
        fleet
            .members
            .retain(|member| match self.lives.get(&member.id) {
                Some(life) => life.running && life.as_planned != Some(false),
                None => self.recovering,
            });
        (!fleet.members.is_empty()).then_some(fleet)
    }
}
