mod asking;
mod hooks;
mod mutants;

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use cd_core::rollout::{HookPlace, Share, Strategy, Waves};
use stateright::{Checker, HasDiscoveries};

use super::*;
use crate::graph;
use crate::mutant::Mutant;
use crate::world::{Luck, Quality, Release, Want};
use mutants::{Planted, mutants};

const QUALITIES: [Quality; 7] = [
    Quality::Good,
    Quality::NeverWell,
    Quality::BadToUsers,
    Quality::ExitsAtOnce,
    Quality::ExitsUnderTraffic,
    Quality::Refused,
    Quality::WrongDigest,
];

/// One deploy of a release of unknown quality, and as many recoveries after it as anything can make necessary.
const DEPLOY: &[Want] = &[Want::Deploy(Release(1)), Want::Recover, Want::Recover];
/// The same, and recoveries until nothing is left.
const DEPLOY_AND_RECOVER: &[Want] = &[
    Want::Deploy(Release(1)),
    Want::Recover,
    Want::Recover,
    Want::Recover,
    Want::Recover,
    Want::Recover,
];
/// The same, and then another release, which is good.
const DEPLOY_TWICE: &[Want] = &[
    Want::Deploy(Release(1)),
    Want::Deploy(Release(2)),
    Want::Recover,
];
/// The same release over and over.
const DEPLOY_AGAIN: &[Want] = &[
    Want::Deploy(Release(1)),
    Want::Deploy(Release(1)),
    Want::Deploy(Release(1)),
];

/// It waits for a person, who promotes it.
const PROMOTE: &[Want] = &[
    Want::Deploy(Release(1)),
    Want::Promote,
    Want::Recover,
    Want::Recover,
];
/// It waits for a person, who wants another one.
const REPLACE: &[Want] = &[
    Want::Deploy(Release(1)),
    Want::Deploy(Release(2)),
    Want::Promote,
    Want::Abort,
    Want::Recover,
];

const NO_LUCK: Luck = Luck {
    faults: 0,
    slow: 0,
    cancels: 0,
    crashes: 0,
    takeovers: 0,
    deaths: 0,
    stops: 0,
    words: 0,
};

struct Case {
    name: &'static str,
    strategy: Strategy,
    waves: Waves,
    replicas: u8,
    /// Whether a known-good version serves at the beginning.
    serves: bool,
    /// Whether what is proven waits for a person.
    waits: bool,
    /// The shares, where a person is asked at each; empty: one share, and nobody is asked.
    asks: &'static [u8],
    /// Where a hook is, and whether it has no way back.
    hook: Option<(HookPlace, bool)>,
    luck: Luck,
    wants: &'static [Want],
    /// How good the release may be that is deployed.
    qualities: &'static [Quality],
}

const ALWAYS: &[Outcome] = &[Outcome::Deployed, Outcome::RolledBack];

impl Case {
    const fn new(name: &'static str, luck: Luck) -> Self {
        Self {
            name,
            strategy: Strategy::BlueGreen,
            waves: Waves { batch: 1, surge: 1 },
            replicas: 1,
            serves: true,
            waits: false,
            asks: &[],
            hook: None,
            luck,
            wants: DEPLOY,
            qualities: &QUALITIES,
        }
    }

    fn worlds(&self, mutant: Option<Mutant>) -> Worlds {
        let Self {
            strategy, replicas, ..
        } = *self;
        let setup = Setup {
            strategy,
            shares: match self.asks {
                [] => vec![Share(50)],
                asks => asks.iter().copied().map(Share).collect(),
            },
            asks: self
                .asks
                .iter()
                .map(|share| (Share(*share), 2_000))
                .collect(),
            waves: self.waves,
            waits: self.waits,
            hooks: self.hook.into_iter().map(hooks::hook).collect(),
            replicas,
            wants: self.wants.to_vec(),
            timing: timing(),
            mutant,
        };
        let qualities = |quality: &Quality| vec![Quality::Good, *quality, Quality::Good];
        let initial = self
            .qualities
            .iter()
            .map(|it| World::new(&setup, self.serves, qualities(it), self.luck))
            .collect();
        Worlds {
            setup,
            initial,
            expects: self.expects(),
        }
    }

    /// What must be reachable, or the graph is emptier than its name says.
    fn expects(&self) -> Vec<Outcome> {
        let Luck {
            faults,
            cancels,
            crashes,
            takeovers,
            deaths,
            stops,
            words,
            ..
        } = self.luck;
        let mut expects = hooks::ends(self.hook);
        if !self.asks.is_empty() {
            // Nobody says yes by keeping silent.
            expects.retain(|it| words > 0 || *it != Outcome::Deployed);
        }
        expects.extend((words > 0).then_some(Outcome::Cancelled));
        expects.extend(self.waits.then_some(Outcome::Waiting));
        expects.extend((cancels > 0).then_some(Outcome::Cancelled));
        // Three tries are needed before anything but the new version is to blame.
        expects.extend((faults > 2).then_some(Outcome::Failed));
        expects.extend((faults > 2 || (deaths > 0 && self.serves)).then_some(Outcome::Stranded));
        expects.extend((stops > 0).then_some(Outcome::Held));
        expects.extend((takeovers > 0).then_some(Outcome::Busy));
        expects.extend((crashes > 0 || takeovers > 0).then_some(Outcome::Restored));
        expects
    }
}

fn say(line: &str) {
    // Straight to the terminal: the counts are worth reading when all goes well, too.
    writeln!(std::io::stderr(), "{line}").expect("standard error can be written to");
}

fn told(moves: &[Move]) -> String {
    let mut text = String::new();
    for (number, step) in moves.iter().enumerate() {
        writeln!(text, "{:4}. {step:?}", number + 1).expect("a string can be written to");
    }
    text
}

/// Explores a case; panics with the moves where something does not hold.
fn check(case: &Case) {
    let began = Instant::now();
    let checker = case
        .worlds(None)
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    for property in checker.model().properties() {
        if property.expectation.discovery_is_failure()
            && let Some(path) = checker.discovery(property.name)
        {
            let world = path.last_state().world.clone();
            let moves = told(&path.into_actions());
            panic!(
                "{}: `{}` does not hold after\n{moves}{world:#?}",
                case.name, property.name
            );
        }
    }
    checker.assert_properties();
    say(&format!(
        "model: {:<58} {:>8} states {:>8} moves, depth {:>2}, {:.1} s",
        format!(
            "{}, {} replicas: {}",
            case.strategy.word(),
            case.replicas,
            case.name
        ),
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        began.elapsed().as_secs_f64()
    ));
}

const FAULTS: Luck = Luck {
    faults: 3,
    cancels: 1,
    ..NO_LUCK
};
const SLOW: Luck = Luck {
    faults: 1,
    slow: 1,
    cancels: 1,
    ..NO_LUCK
};
const CRASH: Luck = Luck {
    faults: 1,
    crashes: 1,
    ..NO_LUCK
};
const CRASHES: Luck = Luck {
    slow: 1,
    cancels: 1,
    crashes: 2,
    ..NO_LUCK
};
const DEATH: Luck = Luck { deaths: 1, ..CRASH };
const TWO: Luck = Luck {
    faults: 1,
    takeovers: 1,
    ..NO_LUCK
};
const EVERYTHING: Luck = Luck {
    faults: 1,
    slow: 1,
    cancels: 1,
    crashes: 1,
    deaths: 1,
    ..NO_LUCK
};

/// Somebody sets the stop button.
const STOP: Luck = Luck {
    faults: 1,
    slow: 1,
    crashes: 1,
    stops: 1,
    ..NO_LUCK
};

/// The cases in which what is proven waits for a person.
fn waiting(strategy: Strategy) -> impl Iterator<Item = Case> {
    [
        Case::new("waits: a fault, a slow answer, a cancel", SLOW).wanting(PROMOTE),
        Case::new("waits: a crash, a death, a fault", DEATH).wanting(PROMOTE),
        Case::new("waits: a stop, a crash, a fault, a slow answer", STOP).wanting(PROMOTE),
        Case::new("waits: a crash, a fault, then another deploy", CRASH).wanting(REPLACE),
        Case::new("waits: a fault, a run without its lease", TWO).wanting(PROMOTE),
    ]
    .into_iter()
    .map(move |case| Case {
        strategy,
        waits: true,
        ..case
    })
}

/// The cases of one strategy; `deep`: those that take minutes, too.
fn cases(strategy: Strategy, deep: bool) -> Vec<Case> {
    let upgrade = |replicas| {
        [
            Case::new("three faults, a cancel", FAULTS),
            Case::new("a fault, a slow answer, a cancel", SLOW),
            Case::new("a crash, a death, a fault", DEATH),
            Case::new("a crash, then another deploy", CRASH).wanting(DEPLOY_TWICE),
            Case::new("a crash, then the same again", CRASH).wanting(DEPLOY_AGAIN),
            Case::new("two crashes, a slow answer, a cancel", CRASHES),
            Case::new("a fault, a run without its lease", TWO),
            Case::new("a stop, a crash, a fault, a slow answer", STOP),
        ]
        .map(|case| Case {
            strategy,
            replicas,
            ..case
        })
    };
    let first = |replicas| {
        [
            Case::new("first: a fault, a slow answer, a cancel", SLOW),
            Case::new("first: two crashes, a slow answer, a cancel", CRASHES),
            Case::new("first: a crash, then another deploy", CRASH).wanting(DEPLOY_TWICE),
            Case::new("first: a stop, a crash, a fault, a slow answer", STOP),
        ]
        .map(|case| Case {
            strategy,
            replicas,
            serves: false,
            ..case
        })
    };
    let heavy = [
        Case::new("two deploys at a time, a fault", TWO).wanting(DEPLOY_TWICE),
        Case::new(
            "a crash, a death, a fault, a slow answer, a cancel",
            EVERYTHING,
        ),
    ]
    .map(|case| Case { strategy, ..case });
    let [first_one, first_two] = [first(1), first(2)];
    let all = upgrade(1).into_iter().chain(first_one);
    let three = || Case::new("a fault, a slow answer, a cancel", SLOW);
    if deep {
        return all
            .chain(upgrade(2))
            .chain(first_two)
            .chain(heavy)
            .chain((strategy == Strategy::Rolling).then(|| Case {
                strategy,
                replicas: 3,
                ..three()
            }))
            .collect();
    }
    let two = upgrade(2)
        .into_iter()
        .filter(|case| case.luck == SLOW || case.luck == DEATH || case.luck == CRASH);
    all.chain(two).collect()
}

impl Case {
    fn wanting(self, wants: &'static [Want]) -> Self {
        Self { wants, ..self }
    }
}

/// `SIM_DEEP=1` explores every case.
fn deep() -> bool {
    std::env::var_os("SIM_DEEP").is_some()
}

#[test]
fn blue_green_keeps_every_promise_in_every_order_of_events() {
    cases(Strategy::BlueGreen, deep()).iter().for_each(check);
}

#[test]
fn recreate_keeps_every_promise_in_every_order_of_events() {
    cases(Strategy::Recreate, deep()).iter().for_each(check);
}

#[test]
fn a_wait_for_a_person_keeps_every_promise_in_every_order_of_events() {
    waiting(Strategy::BlueGreen).for_each(|case| check(&case));
    if deep() {
        waiting(Strategy::Canary).for_each(|case| check(&case));
    }
}

#[test]
fn canary_keeps_every_promise_in_every_order_of_events() {
    cases(Strategy::Canary, deep()).iter().for_each(check);
}

#[test]
fn rolling_keeps_every_promise_in_every_order_of_events() {
    let cases = cases(Strategy::Rolling, deep());
    // Of one instance there is one wave, as under blue-green.
    let whole = cases.iter().filter(|case| deep() || case.replicas > 1);
    whole.for_each(check);
}

const STRATEGIES: [Strategy; 4] = [
    Strategy::BlueGreen,
    Strategy::Recreate,
    Strategy::Rolling,
    Strategy::Canary,
];

/// The fewest instances that show what a strategy does.
const fn waves_of(strategy: Strategy) -> u8 {
    match strategy {
        Strategy::BlueGreen | Strategy::Recreate | Strategy::Canary => 1,
        Strategy::Rolling => 2,
    }
}

/// Circles are no ends: a machine that asks and asks, or wakes and wakes, would never be over.
#[test]
fn every_path_ends_and_every_end_is_over() {
    for strategy in STRATEGIES {
        for serves in [true, false] {
            let began = Instant::now();
            let luck = Luck {
                faults: 1,
                slow: 1,
                cancels: 1,
                crashes: 1,
                ..NO_LUCK
            };
            let case = Case {
                strategy,
                serves,
                replicas: waves_of(strategy),
                ..Case::new("", luck)
            };
            let worlds = case.worlds(None);
            let graph = graph::walk(&worlds.setup, &worlds.initial);
            let none = graph.circle.or(graph.stuck).map(|moves| told(&moves));
            assert_eq!(none, None, "{}", strategy.word());
            say(&format!(
                "graph: {}: {} states without a circle, {} ends, {:.1} s",
                strategy.word(),
                graph.states,
                graph.finals.len(),
                began.elapsed().as_secs_f64()
            ));
        }
    }
}

/// Invariant 13, literally.
#[test]
fn a_crash_anywhere_leads_to_no_end_that_is_not_reached_without_one() {
    for strategy in STRATEGIES {
        for serves in [true, false] {
            let ends = |crashes| {
                let luck = Luck {
                    slow: 1,
                    cancels: 1,
                    crashes,
                    ..NO_LUCK
                };
                let case = Case {
                    strategy,
                    serves,
                    replicas: waves_of(strategy),
                    ..Case::new("", luck)
                };
                let worlds = case.wanting(DEPLOY_AND_RECOVER).worlds(None);
                graph::walk(&worlds.setup, &worlds.initial).finals
            };
            let (without, with) = (ends(0), ends(2));
            let new = with.iter().find(|(end, _)| !without.contains_key(end));
            let new = new.map(|(end, moves)| format!("{end:?} after\n{}", told(moves)));
            assert_eq!(new, None, "{}: only after a crash", strategy.word());
        }
    }
}

/// Checks without teeth would pass as well. Each bug on purpose is found, by the promise that it breaks.
#[test]
fn every_bug_on_purpose_is_found() {
    let began = Instant::now();
    for (mutant, case, breaks) in mutants() {
        let worlds = case.worlds(Some(mutant));
        let checker = worlds
            .checker()
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        let promises = checker
            .model()
            .properties()
            .into_iter()
            .filter(|it| it.expectation.discovery_is_failure());
        let path = promises
            .filter_map(|it| checker.discovery(it.name))
            .min_by_key(|path| path.clone().into_actions().len());
        let path = path.unwrap_or_else(|| panic!("{mutant:?} was not found"));
        let broken = path.last_state().broken(&checker.model().setup);
        let rows = invariants::ALL
            .iter()
            .enumerate()
            .filter(|(row, _)| broken & (1 << row) != 0);
        let names: Vec<&str> = rows.map(|(_, invariant)| invariant.name).collect();
        let moves = path.into_actions();
        say(&format!(
            "mutant: {:<24} after {:>2} moves: {}",
            format!("{mutant:?}"),
            moves.len(),
            names.join(", ")
        ));
        assert!(
            names.contains(&breaks),
            "{mutant:?}: not found by `{breaks}`, after\n{}",
            told(&moves)
        );
    }
    say(&format!("mutants: {:.1} s", began.elapsed().as_secs_f64()));
}
