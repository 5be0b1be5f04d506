//! The world, as the invariants want to see it.

use std::collections::BTreeSet;

use cd_core::rollout::invariants::{self, Commit, Facts, Instance, View};
use cd_core::rollout::{Fleet, Strategy};
use cd_core::spec::Generation;

use super::{Run, Setup, World};

impl World {
    /// What the invariants look at.
    #[must_use]
    pub fn view(&self, setup: &Setup) -> View {
        View {
            table: self.effective.clone(),
            instances: self
                .things
                .iter()
                .map(|(id, thing)| (*id, self.instance(thing)))
                .collect(),
            ledger: self.facts(setup),
            token: self.token,
            held: self.held,
            runs: self.runs.iter().map(run).collect(),
            change: self.change,
            interrupts: match setup.strategy {
                Strategy::BlueGreen | Strategy::Canary | Strategy::Rolling => false,
                Strategy::Recreate => true,
            },
            replaces: match setup.strategy {
                Strategy::BlueGreen | Strategy::Canary => false,
                Strategy::Recreate | Strategy::Rolling => true,
            },
            peak: 2 * usize::from(setup.replicas),
            left: self.left.clone(),
            past: self.past,
            overstepped: self.overstepped,
        }
    }

    fn instance(&self, thing: &super::Thing) -> Instance {
        Instance {
            state: thing.state,
            well: self.is_well(thing),
            known: thing.known,
            late: thing.late,
        }
    }

    fn facts(&self, setup: &Setup) -> Facts {
        let commit = |it: &super::Committed| Commit {
            fleet: it.fleet.clone(),
            proven: it.proven,
        };
        Facts {
            committed: self.ledger.committed.iter().map(commit).collect(),
            quarantined: self.quarantined(),
            overridden: BTreeSet::new(),
            open: self.ledger.open.map(|brings| brings.generation),
            waits: self.ledger.waits,
            checkpoint: self.ledger.checkpoint.clone(),
            points: self.ledger.points.clone(),
            stands: self
                .ledger
                .stands
                .map(|it| it.map(|it| self.standing(setup, it))),
            stood: self.ledger.stood.clone(),
        }
    }

    /// What there was of a generation when it was left with the traffic.
    fn standing(&self, setup: &Setup, generation: Generation) -> Fleet {
        let mut fleet = setup.fleet(generation);
        let standing = &self.ledger.standing;
        fleet.members.retain(|it| standing.contains(&it.id));
        fleet
    }

    /// Generations whose release is in quarantine.
    fn quarantined(&self) -> BTreeSet<Generation> {
        let bad = |release: usize| self.ledger.quarantined.contains(&release);
        let there = self
            .things
            .iter()
            .filter(|(_, thing)| bad(thing.release.0))
            .map(|(id, _)| id.generation);
        let brought = self
            .runs
            .iter()
            .filter_map(|run| run.brings)
            .filter(|it| bad(it.release.0));
        there.chain(brought.map(|it| it.generation)).collect()
    }
}

fn run(run: &Run) -> invariants::Run {
    invariants::Run {
        token: run.token,
        brings: run.brings.map(|brings| brings.generation),
        way_back: run.way_back,
        end: run.machine.end().cloned(),
        awaits: !run.flights.is_empty() || run.machine.wake_at().is_some(),
        aborted: run.aborted,
    }
}
