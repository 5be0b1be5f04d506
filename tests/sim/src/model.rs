//! Every order of events in a small world, exhaustively.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use cd_core::protocol::Outcome;
use cd_core::rollout::Timing;
use cd_core::rollout::invariants;
use stateright::{Model, Property};

use crate::world::{Move, Setup, World};

/// A world and what it may come to.
#[derive(Clone, Debug)]
pub struct Worlds {
    /// What stays the same.
    pub setup: Setup,
    /// Where it begins.
    pub initial: Vec<World>,
    /// Outcomes that must be reachable.
    pub expects: Vec<Outcome>,
}

/// A world, and which invariants it breaks.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The world.
    pub world: World,
    /// One bit for each row of [`invariants::ALL`]: a function of the world, found when first asked for.
    broken: OnceLock<u32>,
}

impl PartialEq for Judged {
    fn eq(&self, other: &Self) -> bool {
        self.world == other.world
    }
}

impl Eq for Judged {}

impl Hash for Judged {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.world.hash(state);
    }
}

impl Judged {
    const fn new(world: World) -> Self {
        Self {
            world,
            broken: OnceLock::new(),
        }
    }

    fn broken(&self, setup: &Setup) -> u32 {
        *self.broken.get_or_init(|| {
            let view = self.world.view(setup);
            let rows = invariants::ALL.iter().enumerate();
            rows.filter(|(_, it)| !(it.holds)(&view))
                .fold(0, |bits, (row, _)| bits | 1 << row)
        })
    }

    fn ended(&self, outcome: Outcome) -> bool {
        self.world
            .runs
            .iter()
            .any(|run| run.machine.end().is_some_and(|end| end.outcome == outcome))
    }
}

impl Model for Worlds {
    type State = Judged;
    type Action = Move;

    fn init_states(&self) -> Vec<Judged> {
        self.initial
            .iter()
            .map(|world| Judged::new(world.clone()))
            .collect()
    }

    fn actions(&self, state: &Judged, actions: &mut Vec<Move>) {
        actions.extend(state.world.moves(&self.setup));
    }

    fn next_state(&self, state: &Judged, step: Move) -> Option<Judged> {
        let mut world = state.world.clone();
        world.apply(&self.setup, &step);
        Some(Judged::new(world))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let rows = invariants::ALL.iter().zip(HOLDS);
        let always = rows.map(|(invariant, holds)| Property::always(invariant.name, *holds));
        let reachable = REACHABLE
            .iter()
            .filter(|(outcome, _)| self.expects.contains(outcome));
        let sometimes =
            reachable.map(|(outcome, ended)| Property::sometimes(outcome.word(), *ended));
        always.chain(sometimes).collect()
    }
}

type Condition = fn(&Worlds, &Judged) -> bool;

const fn holds<const ROW: usize>() -> Condition {
    |worlds, state| state.broken(&worlds.setup) & (1 << ROW) == 0
}

/// One for each row of [`invariants::ALL`]: a property takes no state of its own.
const HOLDS: &[Condition] = &[
    holds::<0>(),
    holds::<1>(),
    holds::<2>(),
    holds::<3>(),
    holds::<4>(),
    holds::<5>(),
    holds::<6>(),
    holds::<7>(),
    holds::<8>(),
    holds::<9>(),
    holds::<10>(),
    holds::<11>(),
    holds::<12>(),
    holds::<13>(),
    holds::<14>(),
    holds::<15>(),
    holds::<16>(),
    holds::<17>(),
];

const _: () = assert!(
    HOLDS.len() == invariants::ALL.len(),
    "one condition for each invariant"
);

const REACHABLE: &[(Outcome, Condition)] = &[
    (Outcome::Deployed, |_, state| state.ended(Outcome::Deployed)),
    (Outcome::RolledBack, |_, state| {
        state.ended(Outcome::RolledBack)
    }),
    (Outcome::Cancelled, |_, state| {
        state.ended(Outcome::Cancelled)
    }),
    (Outcome::Held, |_, state| state.ended(Outcome::Held)),
    (Outcome::Waiting, |_, state| state.ended(Outcome::Waiting)),
    (Outcome::Failed, |_, state| state.ended(Outcome::Failed)),
    (Outcome::Stranded, |_, state| state.ended(Outcome::Stranded)),
    (Outcome::Busy, |_, state| state.ended(Outcome::Busy)),
    (Outcome::Restored, |_, state| state.ended(Outcome::Restored)),
];

/// Few distinct moments, so that the graph stays small: two good probes prove, two bad ones condemn.
#[must_use]
pub const fn timing() -> Timing {
    Timing {
        every: 1000,
        successes: 2,
        failures: 2,
        prove: 3000,
        pause: 1000,
        bake: 1000,
        errors: 50,
        drain: 500,
        verify: 2000,
        patience: 0,
    }
}

#[cfg(test)]
mod tests;
