//! Every order of events in a small world, exhaustively.

use std::hash::{Hash, Hasher};

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
    /// One bit for each row of [`invariants::ALL`]. A function of the world.
    pub broken: u32,
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
    fn new(setup: &Setup, world: World) -> Self {
        let view = world.view(setup);
        let rows = invariants::ALL.iter().enumerate();
        let broken = rows.filter(|(_, it)| !(it.holds)(&view)).fold(0, |bits, (row, _)| bits | 1 << row);
        Self { world, broken }
    }

    fn ended(&self, outcome: Outcome) -> bool {
        self.world.runs.iter().any(|run| run.machine.end().is_some_and(|end| end.outcome == outcome))
    }
}

impl Model for Worlds {
    type State = Judged;
    type Action = Move;

    fn init_states(&self) -> Vec<Judged> {
        self.initial.iter().map(|world| Judged::new(&self.setup, world.clone())).collect()
    }

    fn actions(&self, state: &Judged, actions: &mut Vec<Move>) {
        actions.extend(state.world.moves(&self.setup));
    }

    fn next_state(&self, state: &Judged, step: Move) -> Option<Judged> {
        let mut world = state.world.clone();
        world.apply(&self.setup, &step);
        Some(Judged::new(&self.setup, world))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let rows = invariants::ALL.iter().zip(HOLDS);
        let always = rows.map(|(invariant, holds)| Property::always(invariant.name, *holds));
        let reachable = REACHABLE.iter().filter(|(outcome, _)| self.expects.contains(outcome));
        let sometimes = reachable.map(|(outcome, ended)| Property::sometimes(outcome.word(), *ended));
        always.chain(sometimes).collect()
    }
}

type Condition = fn(&Worlds, &Judged) -> bool;

const fn holds<const ROW: usize>() -> Condition {
    |_, state| state.broken & (1 << ROW) == 0
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
];

const _: () = assert!(HOLDS.len() == invariants::ALL.len(), "one condition for each invariant");

const REACHABLE: &[(Outcome, Condition)] = &[
    (Outcome::Deployed, |_, state| state.ended(Outcome::Deployed)),
    (Outcome::RolledBack, |_, state| state.ended(Outcome::RolledBack)),
    (Outcome::Cancelled, |_, state| state.ended(Outcome::Cancelled)),
    (Outcome::Failed, |_, state| state.ended(Outcome::Failed)),
    (Outcome::Stranded, |_, state| state.ended(Outcome::Stranded)),
    (Outcome::Busy, |_, state| state.ended(Outcome::Busy)),
    (Outcome::Restored, |_, state| state.ended(Outcome::Restored)),
];

/// Few distinct moments, so that the graph stays small: two good probes prove, two bad ones condemn.
#[must_use]
pub const fn timing() -> Timing {
    Timing { every: 1000, successes: 2, failures: 2, prove: 3000, bake: 1000, errors: 50, drain: 500, verify: 2000 }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Instant;

    use cd_core::rollout::Strategy;
    use stateright::{Checker, HasDiscoveries};

    use super::*;
    use crate::world::{Luck, Quality, Release, Want};

    const QUALITIES: [Quality; 7] = [
        Quality::Good,
        Quality::NeverWell,
        Quality::BadToUsers,
        Quality::ExitsAtOnce,
        Quality::ExitsUnderTraffic,
        Quality::Refused,
        Quality::WrongDigest,
    ];

    fn say(line: &str) {
        // Straight to the terminal: the counts are worth reading when all goes well, too.
        writeln!(std::io::stderr(), "{line}").expect("standard error can be written to");
    }

    fn worlds(strategy: Strategy, replicas: u8, serves: bool, luck: Luck, wants: &[Want]) -> Worlds {
        let setup = Setup { strategy, replicas, wants: wants.to_vec(), timing: timing(), mutant: None };
        let initial = QUALITIES
            .iter()
            .map(|quality| World::new(&setup, serves, vec![Quality::Good, *quality, Quality::Good], luck))
            .collect();
        Worlds { setup, initial, expects: Vec::new() }
    }

    fn check(name: &str, worlds: Worlds) {
        let began = Instant::now();
        let checker = worlds
            .checker()
            .threads(2)
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        say(&format!("model: {name}: {} states, {} transitions, depth {}, {:.1} s",
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth(),
            began.elapsed().as_secs_f64()
        ));
        for property in checker.model().properties() {
            if property.expectation.discovery_is_failure()
                && let Some(path) = checker.discovery(property.name)
            {
                let last = path.last_state().clone(); let last_state = last.clone();
                let mut text = String::new();
                for step in path.into_actions() {
                    text.push_str(&format!("  {step:?}\n"));
                }
                let last = if std::env::var("V").is_ok() { format!("{last:#?}") } else { format!("{:?} {:?}", last.world.effective.0.iter().map(|e|(e.member.id.to_string(),e.weight,e.backup)).collect::<Vec<_>>(), last.world.runs.iter().map(|r| (r.token,r.machine.phase(), r.machine.end().cloned(), r.brings)).collect::<Vec<_>>())};
                panic!("{name}: {} does not hold after\n{text}\n{last} {:?}", property.name, last_state.world.qualities);
            }
        }
        checker.assert_properties();
    }

    #[test]
    fn explore() {
        let luck = |text: &str| {
            let n: Vec<u8> = text.split(',').map(|it| it.parse().unwrap()).collect();
            Luck { faults: n[0], slow: n[1], cancels: n[2], crashes: n[3], takeovers: n[4], deaths: n[5] }
        };
        let spec = std::env::var("LUCK").unwrap_or_else(|_| "1,0,0,0,0,0".into());
        let replicas = std::env::var("REPLICAS").map_or(1, |it| it.parse().unwrap());
        let strategy = if std::env::var("RECREATE").is_ok() { Strategy::Recreate } else { Strategy::BlueGreen };
        let serves = std::env::var("FIRST").is_err();
        let wants = [Want::Deploy(Release(1)), Want::Recover, Want::Recover];
        check(&spec, worlds(strategy, replicas, serves, luck(&spec), &wants));
    }
}
