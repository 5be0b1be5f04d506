//! What starts a rollout: the part of a run that comes before the machine, as the session does it.

use cd_core::protocol::Outcome;
use cd_core::rollout::{Fleet, Mark, Plan, Rollout, Why};
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
        let unfinished = self.is_unfinished();
        let wants = setup.wants.iter().copied().enumerate().skip(self.came);
        wants.into_iter().find(|(_, want)| match want {
            Want::Deploy(_) => true,
            Want::Recover => unfinished,
        })
    }

    /// Whether an earlier run died, or left something.
    fn is_unfinished(&self) -> bool {
        self.ledger.open.is_some()
            || self.ledger.checkpoint.is_some()
            || !self.others(None).is_empty()
    }

    pub(super) fn begin(&mut self, setup: &Setup) {
        let Some((place, want)) = self.next_want(setup) else {
            return;
        };
        self.came = place + 1;
        let then = match want {
            Want::Deploy(release) => Some(release),
            Want::Recover => None,
        };
        self.take_lease(setup);
        if self.is_unfinished() && !setup.has(Mutant::RecoversNothing) {
            self.recover(setup, then);
        } else if let Some(release) = then {
            self.deploy(setup, release);
        }
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
        let goal = self.known_good().map(|fleet| fleet.generation);
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
                | Mark::Shifted,
            )
            | None => Why::Abandoned,
        };
        let strays = self.others(Some(new.generation));
        let goal = match mark {
            Some(Mark::Shifted) if setup.has(Mutant::ForgetsTheBake) => {
                brings.map(|it| it.generation)
            }
            Some(_) | None => goal,
        };
        let plan = Plan {
            strategy: setup.strategy,
            shares: Vec::new(),
            new,
            old,
            strays,
            timing: setup.timing.clone(),
        };
        let machine = Rollout::recover(self.now, plan, goal, why);
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
            self.known_good().map(|fleet| fleet.generation)
        };
        let old = back.map(|back| self.observed(back));
        let strays = self.others(back);
        let plan = Plan {
            strategy: setup.strategy,
            shares: setup.shares.clone(),
            new: setup.fleet(generation),
            old,
            strays,
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
            Outcome::Restored
            | Outcome::Deployed
            | Outcome::RolledBack
            | Outcome::Cancelled
            | Outcome::Failed => true,
            Outcome::Shown
            | Outcome::Released
            | Outcome::Unchanged
            | Outcome::Held
            | Outcome::Stopped
            | Outcome::Resumed
            | Outcome::Superseded
            | Outcome::Rejected
            | Outcome::Busy
            | Outcome::Stranded
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

    /// Instances neither of what serves nor of this generation.
    fn others(&self, generation: Option<Generation>) -> Vec<InstanceId> {
        let serves = self.known_good().map(|fleet| fleet.generation);
        let ours =
            |id: &&InstanceId| Some(id.generation) != serves && Some(id.generation) != generation;
        self.things.keys().filter(ours).copied().collect()
    }
}
