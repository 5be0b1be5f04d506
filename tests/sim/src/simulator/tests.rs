use std::io::Write as _;
use std::time::Instant;

use super::*;

/// Histories that every run of the tests lives through.
const SEEDS: u64 = 10_000;

fn say(line: &str) {
    // Straight to the terminal: the counts are worth reading when all goes well, too.
    writeln!(std::io::stderr(), "{line}").expect("standard error can be written to");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// `SIM_SEEDS=100000` lives through more, from `SIM_FROM=500000` on, `SIM_SEED=7` through one, and tells it.
#[test]
fn no_history_breaks_a_promise() {
    let began = Instant::now();
    let (first, count) = match number("SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (
            number("SIM_FROM").unwrap_or(0),
            number("SIM_SEEDS").unwrap_or(SEEDS),
        ),
    };
    let mut all = Told::default();
    for seed in first..first + count {
        match live(seed, None) {
            Ok(told) => {
                all.moves += told.moves;
                all.runs += told.runs;
                all.commits += told.commits;
                for (outcome, count) in told.ends {
                    *all.ends.entry(outcome).or_default() += count;
                }
            }
            Err(broken) => panic!("{broken}"),
        }
    }
    say(&format!(
        "simulator: {count} histories, {} moves, {} runs, {} commits, {:.1} s",
        all.moves,
        all.runs,
        all.commits,
        began.elapsed().as_secs_f64()
    ));
    say(&format!("simulator: ends: {:?}", all.ends));
    // Histories in which nothing ever happens show nothing.
    assert!(count < SEEDS || all.ends.len() == 9, "{:?}", all.ends);
}

/// A simulator that finds no bug on purpose finds no other either.
#[test]
fn every_bug_on_purpose_is_found_by_some_history() {
    for mutant in MUTANTS {
        let found = (0..SEEDS).find_map(|seed| live(seed, Some(mutant)).err());
        let broken = found.unwrap_or_else(|| panic!("{mutant:?} was not found"));
        let promise = broken.promise;
        let name = format!("{mutant:?}");
        say(&format!(
            "simulator: {name:<24} by seed {:>4}, {:>4} moves: {promise}",
            broken.seed,
            broken.moves.len()
        ));
    }
}

#[test]
fn the_same_seed_tells_the_same_history() {
    let moves = |seed| {
        live(seed, Some(Mutant::RecoversNothing))
            .map_err(|broken| broken.moves)
            .map(|told| told.moves)
    };
    for seed in 0..50 {
        assert_eq!(moves(seed), moves(seed));
    }
}

const MUTANTS: [Mutant; 22] = [
    Mutant::TakesAnyWord,
    Mutant::StopsTheOldAtTheShift,
    Mutant::CommitsLate,
    Mutant::CountsTokensInMemory,
    Mutant::ForgetsTheBake,
    Mutant::ChecksNoToken,
    Mutant::AcceptsOvertakenWrites,
    Mutant::TakesUnknownForNo,
    Mutant::TakesAnyAnswerToAProbe,
    Mutant::SkipsTheQuarantine,
    Mutant::IgnoresTheQuarantine,
    Mutant::GoesBackToWhatIsThere,
    Mutant::ShiftsBeforeTheProof,
    Mutant::LeavesNoFallback,
    Mutant::SwallowsTheAbort,
    Mutant::LosesAnAnswer,
    Mutant::BelievesTheRouter,
    Mutant::RecoversNothing,
    Mutant::KeepsTheCheckpoint,
    Mutant::StopsNothing,
    Mutant::ForgetsThePoint,
    Mutant::RecordsThePointAfterwards,
];
