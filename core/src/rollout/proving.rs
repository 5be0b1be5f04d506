//! Proving: the new instances answer through the router, by name, without getting traffic.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, ActionId, Event, Fault, FaultCode, Happening, Life, Member, Observation, Phase,
    Rollout, Seen, Step, Timing, Why,
};
use crate::protocol::Timestamp;
use crate::spec::InstanceId;

/// What is known while proving.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Proving {
    since: Timestamp,
    next: Timestamp,
    probe: Option<ActionId>,
    watch: Option<ActionId>,
    /// Good probes in a row, by instance.
    streaks: BTreeMap<InstanceId, u32>,
    /// Bad probes in a row, by instance.
    bad: BTreeMap<InstanceId, u32>,
    /// Those that the engine or somebody started anew, and that have not been well since.
    anew: BTreeSet<InstanceId>,
    /// The last probe that was not good, by instance.
    last: BTreeMap<InstanceId, Seen>,
    /// Instances that the last look at how they live did see.
    watched: BTreeSet<InstanceId>,
}

impl Proving {
    pub(super) fn wake_at(&self, timing: &Timing) -> Timestamp {
        let deadline = self.since.plus(timing.prove);
        if self.probe.is_some() || self.watch.is_some() {
            deadline
        } else {
            deadline.min(self.next)
        }
    }
}

impl Proving {
    pub(super) fn bad_in_a_row(&self, id: InstanceId) -> u32 {
        let counts = !self.anew.contains(&id);
        let bad = self.bad.get(&id).copied().filter(|_| counts);
        bad.unwrap_or_default()
    }

    /// Whether both parts of the last look have come back.
    pub(super) const fn has_looked(&self) -> bool {
        self.probe.is_none() && self.watch.is_none()
    }

    fn streak(&self, id: InstanceId) -> u32 {
        self.streaks.get(&id).copied().unwrap_or_default()
    }

    /// Takes in one round of probes. Who is missing in it was not measured.
    fn hear(&mut self, members: &[Member], seen: &BTreeMap<InstanceId, Seen>) {
        self.probe = None;
        let nothing = Seen::Nothing("no probe came back".to_owned());
        for member in members {
            let seen = seen.get(&member.id).unwrap_or(&nothing);
            let streak = self.streaks.entry(member.id).or_default();
            let bad = self.bad.entry(member.id).or_default();
            match seen {
                Seen::Bad(_) => *bad += 1,
                Seen::Good => {
                    *bad = 0;
                    self.anew.remove(&member.id);
                }
                Seen::Nothing(_) => {}
            }
            if *seen == Seen::Good {
                *streak += 1;
            } else {
                *streak = 0;
                self.last.insert(member.id, seen.clone());
            }
        }
    }
}

impl Rollout {
    pub(super) fn begin_proving(&mut self) {
        self.phase = Phase::Proving(Proving {
            since: self.now,
            next: self.now,
            probe: None,
            watch: None,
            streaks: BTreeMap::new(),
            bad: BTreeMap::new(),
            anew: BTreeSet::new(),
            last: BTreeMap::new(),
            watched: BTreeSet::new(),
        });
        self.time_in_proving();
    }

    pub(super) fn time_in_proving(&mut self) {
        let now = self.now;
        let Phase::Proving(proving) = &self.phase else {
            return;
        };
        if now >= proving.since.plus(self.plan.timing.prove) {
            return self.not_proven();
        }
        if now < proving.next || proving.probe.is_some() || proving.watch.is_some() {
            return;
        }
        let (probe, watch) = self.look();
        let every = self.plan.timing.every;
        if let Phase::Proving(proving) = &mut self.phase {
            proving.probe = Some(probe);
            proving.watch = Some(watch);
            proving.next = now.plus(every);
        }
    }

    /// Asks for a probe of every new instance and for how it lives.
    pub(super) fn look(&mut self) -> (ActionId, ActionId) {
        let (members, ids) = self.looked_at();
        (
            self.ask(Action::Probe(members)),
            self.ask(Action::Watch(ids)),
        )
    }

    /// Whom the next look is at: who is probed, and whose life is watched. Where it is watched beside the old
    /// instances, those are what the new ones are compared with, and what may be stopped next.
    #[must_use]
    pub fn looked_at(&self) -> (Vec<Member>, Vec<InstanceId>) {
        let members = self.brought().to_vec();
        let beside = self.old_standing().iter();
        let beside = beside.filter(|_| self.is_beside());
        let ids = members.iter().chain(beside).map(|member| member.id);
        let ids = ids.collect();
        (members, ids)
    }

    /// Whether this step or the one after it is watched beside the old version.
    fn is_beside(&self) -> bool {
        let steps = self.plan.steps();
        let mut near = steps.iter().skip(self.step).take(2);
        match near.next() {
            Some(Step::Pause) => true,
            Some(Step::Shift(_) | Step::Join) => near.next() == Some(&Step::Pause),
            Some(
                Step::Begin
                | Step::Withdraw { .. }
                | Step::Start { .. }
                | Step::Prove
                | Step::Wait
                | Step::Bake
                | Step::Hook(_)
                | Step::Commit,
            )
            | None => false,
        }
    }

    pub(super) fn on_proving(&mut self, id: ActionId, observation: Observation) {
        let members = self.brought().to_vec();
        let Phase::Proving(proving) = &mut self.phase else {
            return;
        };
        if proving.probe == Some(id) {
            let seen = observation.probed();
            proving.hear(&members, &seen);
            self.saw(seen);
        } else if proving.watch == Some(id) {
            let lives = observation.watched();
            proving.watch = None;
            proving.watched = lives.keys().copied().collect();
            if let Some(why) = self.removed(&lives) {
                return self.unmeasured(&why);
            }
            let anew = self.started_anew(&lives);
            if let Phase::Proving(proving) = &mut self.phase {
                proving.anew.extend(anew);
            }
            let answers = self.joined_answers_badly(&lives);
            if let Some(fault) = self.lives_badly(lives).or(answers) {
                return self.unwell(fault);
            }
        } else {
            return;
        }
        if let Some(fault) = self.joined_probes_badly() {
            return self.unwell(fault);
        }
        if self.all_proven() {
            return self.enter(self.step + 1);
        }
        self.time_in_proving();
    }

    /// Whether each has answered well often enough, and the last look at it saw the planned image running.
    fn all_proven(&self) -> bool {
        let Phase::Proving(proving) = &self.phase else {
            return false;
        };
        let mut members = self.brought().iter();
        proving.probe.is_none()
            && proving.watch.is_none()
            && members.all(|member| {
                proving.streak(member.id) >= self.plan.timing.successes
                    && proving.watched.contains(&member.id)
                    && self.lives.get(&member.id).is_some_and(Life::is_as_planned)
            })
    }

    /// The deadline has passed. Only what was seen to be unwell is blamed: want of a measurement is nobody's fault.
    fn not_proven(&mut self) {
        let Phase::Proving(proving) = &self.phase else {
            return;
        };
        let seconds = self.plan.timing.prove.div_ceil(1000);
        let unproven = |id: &InstanceId| proving.streak(*id) < self.plan.timing.successes;
        let members = self.brought().iter().map(|member| member.id);
        let troubles: Vec<(InstanceId, &Seen)> = members
            .filter(unproven)
            .filter_map(|id| Some((id, proving.last.get(&id)?)))
            .collect();
        let bad = troubles.iter().find_map(|(id, seen)| match seen {
            Seen::Bad(what) => Some((*id, what)),
            Seen::Good | Seen::Nothing(_) => None,
        });
        if let Some((id, what)) = bad {
            let seen = format!("not proven within {seconds} s; last seen: {what}");
            return self.unwell(Fault {
                code: FaultCode::NotProven,
                instance: Some(id),
                seen,
            });
        }
        let why = match troubles.first() {
            Some((id, seen)) => format!("{id}: {}", seen.trouble().unwrap_or_default()),
            None => format!("there was too little evidence within {seconds} s"),
        };
        self.unmeasured(&why);
    }

    /// The measuring failed, not the new version.
    pub(super) fn unmeasured(&mut self, why: &str) {
        let why = format!("the new version could not be measured: {why}");
        self.decided(self.way(), vec![why.clone()]);
        self.go_back(Why::World(why));
    }

    /// A new instance that is not there any more: engines restart what ends and remove nothing, so somebody did.
    pub(super) fn removed(&self, lives: &BTreeMap<InstanceId, Life>) -> Option<String> {
        let new = &self.plan.new.members;
        let gone = lives
            .iter()
            .find(|(id, life)| life.is_gone() && new.iter().any(|member| member.id == **id));
        gone.map(|(id, _)| format!("{id} is gone: somebody removed it while this run watched"))
    }

    /// Keeps what was seen, and tells what condemns the new version at once.
    pub(super) fn lives_badly(&mut self, lives: BTreeMap<InstanceId, Life>) -> Option<Fault> {
        let new = &self.plan.new.members;
        let fault = lives
            .iter()
            .filter(|(id, _)| new.iter().any(|member| member.id == **id))
            .find_map(|(&id, life)| {
                life.fault().map(|(code, seen)| Fault {
                    code,
                    instance: Some(id),
                    seen,
                })
            });
        self.lives.extend(lives);
        fault
    }

    pub(super) fn saw(&mut self, seen: BTreeMap<InstanceId, Seen>) {
        let at = self.now;
        self.events.extend(seen.into_iter().map(|(id, seen)| Event {
            at,
            what: Happening::Probe(id, seen),
        }));
    }
}

impl Life {
    /// Whether it was seen to run, and to run the planned image.
    pub(super) fn is_as_planned(&self) -> bool {
        self.running && self.as_planned == Some(true)
    }

    /// Whether there is no such instance.
    fn is_gone(&self) -> bool {
        *self == Self::default()
    }

    /// What condemns an instance at once, with what was seen.
    fn fault(&self) -> Option<(FaultCode, String)> {
        let memory = if self.out_of_memory {
            ", out of memory"
        } else {
            ""
        };
        let exit = self
            .exit
            .map_or_else(String::new, |code| format!(" with exit code {code}"));
        if self.restarts > 0 {
            let times = self.restarts;
            return Some((
                FaultCode::Restarted,
                format!("it ended{exit}{memory} and was restarted, {times} times so far"),
            ));
        }
        if !self.running {
            return Some((FaultCode::Exited, format!("it ended{exit}{memory}")));
        }
        if self.as_planned == Some(false) {
            return Some((
                FaultCode::WrongDigest,
                "another image runs than the one that was planned".to_owned(),
            ));
        }
        if self.unhealthy {
            return Some((
                FaultCode::Unhealthy,
                "the engine's health check calls it unhealthy".to_owned(),
            ));
        }
        None
    }
}
