use std::io::Write as _;
use std::time::Instant;

use super::*;

/// Histories that every run of the tests lives through.
const SEEDS: u64 = 3_000;

fn say(line: &str) {
    // Straight to the terminal: the counts are worth reading when all goes well, too.
    writeln!(std::io::stderr(), "{line}").expect("standard error can be written to");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// `SIM_SEEDS=100000` lives through more, `SIM_SEED=7` through one, and tells it.
#[test]
fn no_history_breaks_a_promise() {
    let began = Instant::now();
    let (first, count) = number("SIM_SEED").map_or((0, number("SIM_SEEDS").unwrap_or(SEEDS)), |seed| (seed, 1));
    let mut all = Told::default();
    for seed in first..first + count {
        match live(seed, None) {
            Ok(told) => {
                all.moves += told.moves;
                all.runs += told.runs;
                all.commits += told.commits;
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
    assert!(count == 1 || all.commits as u64 > count, "histories in which nothing is ever committed show nothing");
}
