//! What starts a rollout: the part of a run that comes before the machine, as the session does it.

use std::collections::BTreeMap;

use cd_core::protocol::Outcome;
use cd_core::rollout::invariants::State;
use cd_core::rollout::{
    Carrier, Fleet, Form, Hook, Mark, Member, Person, Plan, Rollout, Table, Why,
};
use cd_core::spec::{Generation, InstanceId, Token};

use super::{Brings, Release, Run, Setup, Want, World, member};
use crate::mutant::Mutant;

impl World {
    /// A new run comes when there is something for it to do and nobody is at it.
    pub(super) fn may_begin(&self, setup: &Setup) -> bool {
        self.runs.is_empty() && self.next_want(setup).is_some()
    }

    pub(super) fn may_take_over(&self, setup: &Setup) -> bool {
        let [run] = self.runs.as_slice() else {
            return false;
        };
        self.held && run.machine.end().is_none() && self.next_want(setup).is_some()
    }

    /// The next run that has something to do, and its place.
    fn next_want(&self, setup: &Setup) -> Option<(usize, Want)> {
        let (unfinished, waits) = (self.is_unfinished(), self.ledger.waits);
        let wants = setup.wants.iter().copied().enumerate().skip(self.came);
        wants.into_iter().find(|(_, want)| match want {
            Want::Deploy(_) => true,
            Want::Promote | Want::Abort => waits,
            Want::Recover => unfinished,
        })
    }

    /// Whether an earlier run died, or left something.
    fn is_unfinished(&self) -> bool {
        if self.ledger.waits {
            return !self.waits_well();
        }
        if self.ledger.stands.is_some()
            && self.ledger.open.is_none()
            && self.ledger.checkpoint.is_none()
        {
            return false;
        }
        self.ledger.open.is_some()
            || self.ledger.checkpoint.is_some()
            || !self.others(None).is_empty()
    }

    /// Whether what waits for a person is there, and the router knows it.
    fn waits_well(&self) -> bool {
        let Some(brings) = self.ledger.open else {
            return false;
        };
        let runs = |member: &Member| {
            let thing = self.things.get(&member.id);
            thing.is_some_and(|thing| thing.state == State::Running)
        };
        let new = self.observed(brings.generation);
        let old = self.serves().map(|it| self.observed(it));
        let wanted = Table::admitted(old.as_ref(), &new);
        !new.members.is_empty()
            && new.members.iter().all(runs)
            && self.written == wanted
            && self.effective == wanted
            && self.others(Some(brings.generation)).is_empty()
    }

    pub(super) fn begin(&mut self, setup: &Setup) {
        let Some((place, want)) = self.next_want(setup) else {
            return;
        };
        self.came = place + 1;
        let then = match want {
            Want::Deploy(release) => Some(release),
            Want::Promote | Want::Abort | Want::Recover => None,
        };
        let again = self.ledger.open.map(|it| it.release) == then && self.ledger.waits;
        self.take_lease(setup);
        if self.is_unfinished() && !setup.has(Mutant::RecoversNothing) {
            return self.recover(setup, then);
        }
        match want {
            Want::Promote => self.promote(setup),
            Want::Abort => self.recover(setup, None),
            // It waits already.
            Want::Deploy(_) if again => self.held = false,
            Want::Deploy(_) if self.ledger.waits => self.recover(setup, then),
            Want::Deploy(release) => self.deploy(setup, release),
            Want::Recover => {}
        }
    }

    /// What waits gets the traffic. Nobody promotes while the stop button is set.
    fn promote(&mut self, setup: &Setup) {
        let Some(brings) = self.ledger.open.filter(|_| !self.stopped) else {
            self.held = false;
            return;
        };
        let back = self.serves();
        let plan = Plan {
            strategy: setup.strategy,
            form: Form::Server,
            shares: setup.shares.clone(),
            waits: setup.asks.clone(),
            sticky: false,
            waves: setup.waves,
            new: self.observed(brings.generation),
            old: back.map(|back| self.observed(back)),
            resting: Vec::new(),
            strays: Vec::new(),
            comparison: None,
            person: Person::Promoted,
            hooks: told(setup),
            past: self.has_passed(setup, brings.generation),
            timing: setup.timing.clone(),
        };
        let machine = Rollout::begin(self.now, plan);
        self.push(machine, Some(brings), back, None);
    }

    /// Whether a rollout is past a point of no return, by the ledger.
    fn has_passed(&self, setup: &Setup, generation: Generation) -> bool {
        self.ledger.points.contains(&generation) && !setup.has(Mutant::ForgetsThePoint)
    }

    fn take_lease(&mut self, setup: &Setup) {
        self.token = if setup.has(Mutant::CountsTokensInMemory) {
            Token(1)
        } else {
            Token(self.token.0 + 1)
        };
        self.held = true;
    }

    /// What the ledger committed is to serve. What an open rollout brought is known, everything else is nobody's.
    fn recover(&mut self, setup: &Setup, then: Option<Release>) {
        let mark = self.ledger.checkpoint.clone();
        let brings = self.ledger.open;
        let goal = self.serves();
        let old = goal.map(|goal| self.observed(goal));
        let before = self
            .ledger
            .committed
            .iter()
            .rev()
            .nth(1)
            .map(|it| it.fleet.generation);
        let other = brings.map(|brings| brings.generation).or(before);
        let new = other
            .filter(|other| Some(*other) != goal)
            .map(|other| self.observed(other))
            .unwrap_or_default();
        // The checkpoint says at most why not.
        let why = match &mark {
            Some(Mark::Settling {
                goal: decided,
                why: why @ Why::Unwell(_),
            }) if *decided == goal => why.clone(),
            Some(
                Mark::Settling { .. }
                | Mark::Withdrawing
                | Mark::Starting
                | Mark::Proving
                | Mark::Waiting
                | Mark::Shifted,
            )
            | None => Why::Abandoned,
        };
        let strays = self.others(Some(new.generation));
        let mut resting = old.as_ref().map_or_else(Vec::new, |old| self.resting(old));
        resting.extend(self.resting(&new));
        let goal = match mark {
            Some(Mark::Shifted) if setup.has(Mutant::ForgetsTheBake) => {
                brings.map(|it| it.generation)
            }
            Some(_) | None => goal,
        };
        let plan = Plan {
            strategy: setup.strategy,
            form: Form::Server,
            shares: Vec::new(),
            waits: BTreeMap::new(),
            sticky: false,
            waves: setup.waves,
            new,
            old,
            resting,
            strays,
            comparison: None,
            person: Person::Absent,
            hooks: Vec::new(),
            past: false,
            timing: setup.timing.clone(),
        };
        let carrier = Carrier::by(&self.written);
        let as_before = carrier.whole && carrier.generation == goal;
        let passed = brings.is_some_and(|it| self.has_passed(setup, it.generation));
        let machine = if passed && !as_before && !self.ledger.waits {
            let astray = self.written != self.effective;
            Rollout::stand_still(self.now, plan, self.written.clone(), astray, why)
        } else {
            Rollout::recover(self.now, plan, goal, why)
        };
        self.push(machine, brings, goal, then);
    }

    fn deploy(&mut self, setup: &Setup, release: Release) {
        // What is stopped when it begins is held, as what is quarantined is refused: nothing is touched.
        let refused = self.ledger.quarantined.contains(&release.0)
            && !setup.has(Mutant::IgnoresTheQuarantine);
        if refused || self.stopped {
            self.held = false;
            return;
        }
        let highest = self
            .things
            .keys()
            .map(|id| id.generation)
            .max()
            .unwrap_or_default();
        let generation = Generation(self.ledger.highest.max(highest).0 + 1);
        let back = if setup.has(Mutant::GoesBackToWhatIsThere) {
            (highest > Generation(0)).then_some(highest)
        } else {
            self.serves()
        };
        let old = back.map(|back| self.observed(back));
        let strays = self.others(back);
        let plan = Plan {
            strategy: setup.strategy,
            form: Form::Server,
            shares: setup.shares.clone(),
            waits: setup.asks.clone(),
            sticky: false,
            waves: setup.waves,
            new: setup.fleet(generation),
            old,
            resting: Vec::new(),
            strays,
            comparison: None,
            person: match setup.waits && back.is_some() {
                true => Person::Asked { within: 1_000_000 },
                false => Person::Absent,
            },
            hooks: told(setup),
            past: false,
            timing: setup.timing.clone(),
        };
        let machine = Rollout::begin(self.now, plan);
        self.push(
            machine,
            Some(Brings {
                generation,
                release,
            }),
            back,
            None,
        );
    }

    fn push(
        &mut self,
        machine: Rollout,
        brings: Option<Brings>,
        way_back: Option<Generation>,
        then: Option<Release>,
    ) {
        let token = self.token;
        self.runs.push(Run {
            token,
            machine,
            flights: Vec::new(),
            brings,
            way_back,
            asked_to_stop: false,
            aborted: false,
            then,
        });
        self.collect(self.runs.len() - 1);
    }

    /// A run that has recovered goes on to what it came for, under a new lease. Every other one leaves.
    pub(super) fn leave(&mut self, setup: &Setup, run: usize) {
        let run = self.runs.remove(run);
        let Some((release, end)) = run.then.zip(run.machine.end()) else {
            return;
        };
        let recovered = match end.outcome {
            Outcome::Stranded => end.stands.is_some(),
            Outcome::Restored
            | Outcome::Deployed
            | Outcome::RolledBack
            | Outcome::Cancelled
            | Outcome::Failed => true,
            Outcome::Shown
            | Outcome::Released
            | Outcome::Unchanged
            | Outcome::Waiting
            | Outcome::Held
            | Outcome::Stopped
            | Outcome::Resumed
            | Outcome::Superseded
            | Outcome::Rejected
            | Outcome::Busy
            | Outcome::Invalid
            | Outcome::Crashed => false,
        };
        if recovered && !self.held && self.runs.is_empty() {
            self.take_lease(setup);
            self.deploy(setup, release);
        }
    }

    /// The instances of a generation that are there.
    fn observed(&self, generation: Generation) -> Fleet {
        let ids = self.things.keys().filter(|id| id.generation == generation);
        Fleet {
            generation,
            members: ids.map(|id| member(*id)).collect(),
        }
    }

    /// Instances of a fleet that do not run, or have no traffic.
    fn resting(&self, fleet: &Fleet) -> Vec<InstanceId> {
        let ids = fleet.members.iter().map(|it| it.id);
        let runs = |id: &InstanceId| self.things.get(id).map(|it| it.state) == Some(State::Running);
        let named = |id: &InstanceId| {
            let mut entries = self.written.entries.iter();
            entries.any(|it| it.member.id == *id && it.weight > 0)
        };
        ids.filter(|id| !runs(id) || !named(id)).collect()
    }

    /// Instances neither of what serves nor of this generation.
    fn others(&self, generation: Option<Generation>) -> Vec<InstanceId> {
        let serves = self.serves();
        let ours =
            |id: &&InstanceId| Some(id.generation) != serves && Some(id.generation) != generation;
        self.things.keys().filter(ours).copied().collect()
    }
}

/// The hooks, as the machine is told of them.
fn told(setup: &Setup) -> Vec<Hook> {
    let mut hooks = setup.hooks.clone();
    if setup.has(Mutant::ForgetsThePoint) {
        hooks.iter_mut().for_each(|hook| hook.irreversible = false);
    }
    hooks
}
