//! Some orders of events in a large world, by seed: long histories of many deploys, with every kind of bad luck.
//!
//! The same seed gives the same history, on every machine. After each move the invariants are checked.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cd_core::rollout::{Hook, HookPlace, Retry, Says, Share, Strategy, Timing, Waves};

use crate::mutant::Mutant;
use crate::world::{How, Luck, Move, Quality, Release, Setup, Want, World};

/// No history is longer: luck runs out, and with it everything that can happen.
const LONGEST: usize = 20_000;

/// Releases that there are to deploy.
const RELEASES: usize = 20;

/// What a history came to.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Moves.
    pub moves: usize,
    /// Runs that came.
    pub runs: usize,
    /// Generations that were committed.
    pub commits: usize,
    /// How often each outcome was the end of a rollout.
    pub ends: BTreeMap<&'static str, usize>,
}

/// A history that broke a promise.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Where to begin to see it again.
    pub seed: u64,
    /// Which promise.
    pub promise: &'static str,
    /// What happened.
    pub moves: Vec<Move>,
    /// What came of it.
    pub world: Box<World>,
}

/// Lives through one history.
///
/// # Errors
/// The history, where it broke a promise.
pub fn live(seed: u64, mutant: Option<Mutant>) -> Result<Told, Broken> {
    let mut chance = Chance(seed);
    let mut setup = setup(&mut chance, mutant);
    let mut world = beginning(&mut chance, &setup);
    person(&mut Chance(!seed), &mut setup, &mut world);
    let mut moves = Vec::new();
    let mut ends = BTreeMap::new();
    let mut weather = Weather {
        jumps: chance.below(4),
        storm: false,
    };
    while let Some(step) = choose(&mut chance, &world, &setup, &mut weather) {
        if let Move::Leave { run } = step
            && let Some(end) = world.runs[run].machine.end()
        {
            *ends.entry(end.outcome.word()).or_default() += 1;
        }
        moves.push(step.clone());
        let lived = catch_unwind(AssertUnwindSafe(|| world.apply(&setup, &step)));
        let promise = match (lived, world.view(&setup).broken()) {
            (Err(_), _) => "the machine's own checks",
            (Ok(()), Some(invariant)) => invariant.name,
            (Ok(()), None) if moves.len() > LONGEST => "every history ends",
            (Ok(()), None) => continue,
        };
        return Err(Broken::new(seed, promise, moves, world));
    }
    if !world.runs.is_empty() {
        return Err(Broken::new(
            seed,
            "every run is over at the end",
            moves,
            world,
        ));
    }
    Ok(Told {
        moves: moves.len(),
        runs: world.came,
        commits: world.ledger.committed.len(),
        ends,
    })
}

/// What comes and goes.
struct Weather {
    /// How often the clock may still be set.
    jumps: usize,
    /// Bad luck seldom comes alone: an engine that fails once fails again.
    storm: bool,
}

/// How things are arranged in this history.
fn setup(chance: &mut Chance, mutant: Option<Mutant>) -> Setup {
    let wants = (0..10 + chance.below(20)).map(|_| match chance.below(4) {
        0 => match chance.below(4) {
            0 => Want::Abort,
            1 | 2 => Want::Promote,
            _ => Want::Recover,
        },
        _ => Want::Deploy(Release(1 + chance.below(RELEASES))),
    });
    let wants = wants.collect();
    let strategy = match chance.below(4) {
        0 => Strategy::Recreate,
        1 => Strategy::BlueGreen,
        2 => Strategy::Rolling,
        _ => Strategy::Canary,
    };
    Setup {
        strategy,
        waves: Waves {
            batch: 1 + u8::try_from(chance.below(3)).expect("less than three"),
            surge: 1 + u8::try_from(chance.below(2)).expect("less than two"),
        },
        shares: shares(chance),
        asks: BTreeMap::new(),
        // What has to stop old instances on the way cannot wait for a person without them.
        waits: chance.below(3) == 0 && strategy != Strategy::Rolling,
        hooks: hooks(chance, strategy),
        replicas: 1 + u8::try_from(chance.below(4)).expect("less than four"),
        wants,
        timing: Timing {
            every: 200 + chance.wide(2_000),
            successes: 1 + u32::try_from(chance.below(3)).expect("less than three"),
            failures: 1 + u32::try_from(chance.below(3)).expect("less than three"),
            prove: 2_000 + chance.wide(20_000),
            pause: chance.wide(10_000),
            bake: chance.wide(10_000),
            errors: u32::try_from(chance.below(200)).expect("less than 200"),
            drain: chance.wide(3_000),
            verify: chance.wide(10_000),
            patience: chance.wide(30_000),
        },
        mutant,
    }
}

/// In one of three histories up to three hooks, some of them without a way back.
fn hooks(chance: &mut Chance, strategy: Strategy) -> Vec<Hook> {
    if chance.below(3) > 0 {
        return Vec::new();
    }
    let places = [
        HookPlace::BeforeStart,
        HookPlace::BeforeSwitch,
        HookPlace::AfterCommit,
    ];
    let places = places.into_iter().filter(|_| chance.below(2) == 0);
    let places: Vec<HookPlace> = places.collect();
    // Where two versions have traffic at a time there is no point of no return before the commit: it is refused.
    let whole = matches!(strategy, Strategy::BlueGreen | Strategy::Recreate);
    let mut hook = |place: HookPlace| Hook {
        name: place.word().to_owned(),
        place,
        irreversible: chance.below(2) == 0 && (whole || place == HookPlace::AfterCommit),
        retry: Retry::Safe,
        deadline: 1_000,
    };
    places.into_iter().map(&mut hook).collect()
}

/// Up to three shares, growing.
fn shares(chance: &mut Chance) -> Vec<Share> {
    let mut shares: Vec<Share> = (0..chance.below(4))
        .map(|_| Share(1 + u8::try_from(chance.below(99)).expect("less than 99")))
        .collect();
    shares.sort_unstable();
    shares.dedup();
    shares
}

fn beginning(chance: &mut Chance, setup: &Setup) -> World {
    let qualities =
        std::iter::once(Quality::Good).chain((0..RELEASES).map(|_| match chance.below(14) {
            0 => Quality::NeverWell,
            1 => Quality::BadToUsers,
            2 => Quality::ExitsAtOnce,
            3 => Quality::ExitsUnderTraffic,
            4 => Quality::Refused,
            5 => Quality::WrongDigest,
            _ => Quality::Good,
        }));
    let qualities = qualities.collect();
    let mut up_to = |most: usize| u8::try_from(chance.below(most + 1)).expect("luck is scarce");
    let luck = Luck {
        faults: up_to(30),
        slow: up_to(30),
        cancels: up_to(5),
        crashes: up_to(8),
        takeovers: up_to(6),
        // What died stays dead, and every later run says so: not in every history.
        deaths: up_to(9) / 9,
        // What is stopped stays so: not in every history.
        stops: up_to(5) / 5,
        words: 0,
    };
    World::new(setup, chance.below(4) > 0, qualities, luck)
}

/// In every other history a person is asked at some of the shares, and has something to say. Drawn apart from everything else, so
/// that all other histories stay as they are.
fn person(chance: &mut Chance, setup: &mut Setup, world: &mut World) {
    if chance.below(2) == 0 {
        return;
    }
    let asks = setup.shares.iter().filter(|_| chance.below(3) > 0);
    let asks: Vec<Share> = asks.copied().collect();
    let asks = asks.into_iter().map(|share| (share, chance.wide(20_000)));
    setup.asks = asks.collect();
    world.luck.words = u8::try_from(chance.below(20)).expect("less than 20");
}

/// What happens next; `None`: nothing can.
fn choose(
    chance: &mut Chance,
    world: &World,
    setup: &Setup,
    weather: &mut Weather,
) -> Option<Move> {
    let moves = world.moves(setup);
    weather.storm = if weather.storm {
        chance.below(8) > 0
    } else {
        chance.below(60) == 0
    };
    if !moves.is_empty() && weather.jumps > 0 && chance.below(100) == 0 {
        weather.jumps -= 1;
        let hour = 3_600_000;
        return Some(Move::Jump(chance.signed(hour)));
    }
    let weighted: Vec<(usize, Move)> = moves
        .into_iter()
        .map(|step| (weight(&step, weather.storm), step))
        .collect();
    let whole: usize = weighted.iter().map(|(weight, _)| weight).sum();
    let mut at = chance.below(whole.max(1));
    for (weight, step) in weighted {
        if at < weight {
            let late = match step {
                Move::Late(index) => Some(index),
                Move::Begin
                | Move::TakeOver
                | Move::Answer { .. }
                | Move::Happen { .. }
                | Move::Tick { .. }
                | Move::Cancel { .. }
                | Move::Crash { .. }
                | Move::Leave { .. }
                | Move::Twice(_)
                | Move::Jump(_)
                | Move::Die(_)
                | Move::Stop
                | Move::Say(_)
                | Move::RestartRouter => None,
            };
            let twice = late.filter(|_| chance.below(4) == 0).map(Move::Twice);
            return Some(twice.unwrap_or(step));
        }
        at -= weight;
    }
    None
}

/// How likely a move is, beside others.
const fn weight(step: &Move, storm: bool) -> usize {
    match step {
        Move::Answer { how: How::Well, .. } => 200,
        Move::Begin | Move::Leave { .. } | Move::Tick { .. } => 60,
        Move::Say(Says::Promote) => 20,
        Move::Say(Says::Abort) => 1,
        Move::Late(_) | Move::Twice(_) | Move::Happen { .. } => 8,
        Move::Answer { .. } => {
            if storm {
                200
            } else {
                2
            }
        }
        Move::TakeOver
        | Move::Cancel { .. }
        | Move::Crash { .. }
        | Move::Die(_)
        | Move::Stop
        | Move::RestartRouter => 1,
        Move::Jump(_) => 0,
    }
}

impl Broken {
    fn new(seed: u64, promise: &'static str, moves: Vec<Move>, world: World) -> Self {
        Self {
            seed,
            promise,
            moves,
            world: Box::new(world),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: `{}` does not hold after",
            self.seed, self.promise
        )?;
        for (number, step) in self.moves.iter().enumerate() {
            writeln!(f, "{:5}. {step:?}", number + 1)?;
        }
        write!(f, "{:#?}", self.world)
    }
}

/// Chance, by seed: SplitMix64, a few lines that are the same everywhere.
#[derive(Clone, Debug)]
struct Chance(u64);

impl Chance {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `end`, which is small: that low numbers are a hair more likely matters to nobody.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.wide(end as u64)).expect("less than a usize")
    }

    const fn wide(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn signed(&mut self, most: u64) -> i64 {
        let size = i64::try_from(self.wide(most)).expect("less than an hour");
        if self.below(2) == 0 { size } else { -size }
    }
}

#[cfg(test)]
mod tests;
