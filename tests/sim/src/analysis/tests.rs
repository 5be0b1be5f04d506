use std::io::Write as _;
use std::time::Instant;

use cd_core::analysis::needed;
use cd_core::config::Permille;

use super::*;

/// Rollouts of each cell about α; `ANALYSIS_RUNS=20000 ANALYSIS_HORIZON=20000` lives through more, and longer ones.
const RUNS: u64 = 2_000;
/// Of the other cells.
const FEW: u64 = 200;
/// Requests of the candidate in those about α.
const HORIZON: u64 = 5_000;
const RATES: [f64; 3] = [0.001, 0.01, 0.1];

#[test]
fn false_alarms_are_rarer_than_alpha_where_one_looks_after_every_request() {
    let mut table = Table::default();
    for rate in RATES {
        let world = World {
            horizon: number("ANALYSIS_HORIZON").unwrap_or(HORIZON),
            ..World::equal(rate)
        };
        let runs = number("ANALYSIS_RUNS").unwrap_or(RUNS);
        let ours = fails(world, runs, || Sequential::new(tolerating(0)));
        let peeking = fails(world, FEW, || Peeking::new(0.0));
        let threshold = fails(world, FEW, Threshold::new);
        table.row(&[
            percent(rate),
            ours.told(),
            percent(peeking.share()),
            percent(threshold.share()),
        ]);
        let (_, high) = ours.interval();
        assert!(ours.share() <= 0.01, "{rate}: {}", ours.told());
        assert!(high <= 0.015, "{rate}: {}", ours.told());
        assert!(peeking.share() > 0.08, "looking explodes it: {rate}");
    }
    table.is_documented();
}

/// The hardest truth: exactly what is tolerated. Neither answer may come more often than α, and what is worse for both is no answer.
#[test]
fn on_the_edge_neither_verdict_is_given_more_often_than_alpha() {
    let mut table = Table::default();
    for (rate, storms) in [(0.001, 1.0), (0.01, 1.0), (0.1, 1.0), (0.01, 5.0)] {
        let edge = World {
            candidate: rate + 0.01,
            horizon: HORIZON,
            ..World::equal(rate)
        };
        // A storm would make the difference larger than what is tolerated, so there both are equal and nothing is.
        let (world, tolerated) = if storms > 1.0 {
            let equal = World {
                storms,
                candidate: rate,
                ..edge
            };
            (equal, 0)
        } else {
            (edge, 10)
        };
        let found = many(world, 2 * FEW, false, || {
            Sequential::new(tolerating(tolerated))
        });
        let count = |is: fn(&Found) -> bool| Share {
            of: 2 * FEW,
            count: found.iter().filter(|found| is(found)).count() as u64,
        };
        let (fail, pass) = (
            count(|found| found.fail.is_some()),
            count(|found| found.pass.is_some()),
        );
        table.row(&[
            percent(world.baseline),
            percent(world.candidate),
            format!("{storms}"),
            fail.told(),
            pass.told(),
        ]);
        // Where the truth is α, the lower end of the interval is above it once in forty cells.
        assert!(fail.interval().0 <= 0.01, "{}", fail.told());
        assert!(pass.interval().0 <= 0.01, "{}", pass.told());
    }
    table.is_documented();
}

#[test]
fn what_is_worse_is_found_soon() {
    let mut table = Table::default();
    let rows = [
        (0.05, 0),
        (0.05, 5),
        (0.05, 10),
        (0.02, 0),
        (0.02, 5),
        (0.2, 10),
    ];
    for (candidate, tolerated) in rows {
        let world = World {
            candidate,
            ..World::equal(0.01)
        };
        let ours = many(world, FEW, false, || Sequential::new(tolerating(tolerated)));
        let delta = f64::from(tolerated) / 1_000.0;
        let peeking = many(world, FEW, false, || Peeking::new(delta));
        let threshold = many(world, FEW, false, Threshold::new);
        let expected = needed(
            tolerating(tolerated),
            10_000,
            Permille(50),
            worse_by(candidate - 0.01),
        );
        let expected = expected.fail.expect("more than is tolerated");
        let delay = Delay::of(&ours, |found| found.fail);
        table.row(&[
            percent(candidate),
            points(tolerated),
            delay.told(),
            grouped(expected),
            Delay::of(&peeking, |found| found.fail).told(),
            Delay::of(&threshold, |found| found.fail).told(),
        ]);
        assert!(delay.most.is_some(), "{candidate}: {}", delay.told());
        assert!(
            delay.median() <= expected && expected <= 3 * delay.median(),
            "{candidate}: {}",
            delay.told()
        );
    }
    table.is_documented();
}

#[test]
fn what_is_equal_passes_about_when_the_plan_says_so() {
    let mut table = Table::default();
    for rate in RATES {
        let runs = many(World::equal(rate), FEW, true, || {
            Sequential::new(tolerating(10))
        });
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share"
        )]
        let millionths = (rate * 1_000_000.0) as u64;
        let expected = needed(tolerating(10), millionths, Permille(50), Permille(40)).pass;
        let expected = expected.expect("something is tolerated");
        let delay = Delay::of(&runs, |found| found.pass);
        table.row(&[percent(rate), delay.told(), grouped(expected)]);
        assert!(
            delay.median() <= expected && expected <= 2 * delay.median(),
            "{rate}: {}",
            delay.told()
        );
    }
    table.is_documented();
}

/// Evidence is kept for what goes bad later, so that it is found nearly as soon as what is bad from the start.
#[test]
fn what_goes_bad_later_is_found_too() {
    let mut table = Table::default();
    for bad_from in [0, 1_000, 5_000] {
        let world = World {
            candidate: 0.05,
            bad_from,
            ..World::equal(0.01)
        };
        let runs = many(world, FEW, false, || Sequential::new(tolerating(10)));
        let delay = Delay::of(&runs, |found| {
            found.fail.map(|at| at.saturating_sub(bad_from))
        });
        table.row(&[grouped(bad_from), delay.told()]);
        assert!(
            delay.median() < 1_200 && delay.most.is_some(),
            "{}",
            delay.told()
        );
    }
    table.is_documented();
}

/// Of many rounds the fastest counts: what else the machine does is not ours.
#[test]
fn a_second_of_requests_is_judged_in_microseconds() {
    let mut streams = Streams::new(tolerating(10));
    let second = Pair {
        candidate: Counts::new(5, 0),
        baseline: Counts::new(95, 1),
    };
    let mut now = 0;
    let rounds = (0..50).map(|_| {
        let began = Instant::now();
        for _ in 0..200 {
            now += 1_000;
            streams.add(Timestamp(now), second);
            assert_ne!(streams.verdict(), Verdict::Fail);
        }
        began.elapsed().as_nanos() / 200
    });
    let fastest = rounds.min().expect("some");
    say(&format!("analysis: a second of requests in {fastest} ns"));
    assert!(fastest <= 20_000, "{fastest} ns");
}

/// So many of so many.
#[derive(Clone, Copy)]
struct Share {
    of: u64,
    count: u64,
}

/// Of all, half are found by `median`, nine of ten by `most`; `None`: later than anybody looked.
struct Delay {
    median: Option<u64>,
    most: Option<u64>,
}

/// Lines of a document.
#[derive(Default)]
struct Table(Vec<String>);

#[expect(clippy::cast_precision_loss, reason = "thousands")]
impl Share {
    fn share(self) -> f64 {
        self.count as f64 / self.of as f64
    }

    /// Wilson's, at 95 %.
    fn interval(self) -> (f64, f64) {
        let (n, p, z) = (self.of as f64, self.share(), 1.96);
        let middle = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let whole = 1.0 + z * z / n;
        (((middle - half) / whole).max(0.0), (middle + half) / whole)
    }

    fn told(self) -> String {
        let (low, high) = self.interval();
        let (low, high) = (low * 100.0, high * 100.0);
        let share = percent(self.share());
        format!(
            "{} of {}: {share} ({low:.2} to {high:.2})",
            self.count,
            grouped(self.of)
        )
    }
}

impl Delay {
    fn of(runs: &[Found], when: impl Fn(&Found) -> Option<u64>) -> Self {
        let mut found: Vec<u64> = runs.iter().filter_map(when).collect();
        found.sort_unstable();
        let at = |tenths: usize| found.get(runs.len() * tenths / 10).copied();
        Self {
            median: at(5),
            most: at(9),
        }
    }

    fn median(&self) -> u64 {
        self.median.expect("half are found")
    }

    fn told(&self) -> String {
        let told = |at: Option<u64>| at.map_or_else(|| "later".to_owned(), grouped);
        format!("{} · {}", told(self.median), told(self.most))
    }
}

impl Table {
    fn row(&mut self, cells: &[String]) {
        let line = format!("| {} |", cells.join(" | "));
        say(&format!("analysis: {line}"));
        self.0.push(line);
    }

    /// The numbers in `docs/analysis.md` are those of a run, and of this code.
    fn is_documented(&self) {
        if number("ANALYSIS_RUNS")
            .or_else(|| number("ANALYSIS_HORIZON"))
            .is_some()
        {
            return;
        }
        let text = include_str!("../../../../docs/analysis.md");
        let missing: Vec<_> = self.0.iter().filter(|line| !text.contains(*line)).collect();
        assert!(missing.is_empty(), "not in docs/analysis.md: {missing:#?}");
    }
}

/// A baseline with 10 % of errors would be sick, and then there would be no verdict to be tried.
fn tolerating(tolerated: u16) -> Margin {
    Margin {
        tolerated: Permille(tolerated),
        sick: Permille(200),
        ..Margin::ERRORS
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share"
)]
fn worse_by(share: f64) -> Permille {
    Permille((share * 1_000.0).round() as u16)
}

fn fails<J: Judge>(world: World, runs: u64, make: impl Fn() -> J + Sync) -> Share {
    let found = many(world, runs, false, make);
    Share {
        of: runs,
        count: found.iter().filter(|found| found.fail.is_some()).count() as u64,
    }
}

/// By seed, so that it makes no difference that two go at a time.
fn many<J: Judge>(
    world: World,
    runs: u64,
    until_pass: bool,
    make: impl Fn() -> J + Sync,
) -> Vec<Found> {
    let live = |run: u64| world.live(Chance(run).next(), &mut make(), until_pass);
    std::thread::scope(|scope| {
        let odd = scope.spawn(|| {
            (0..runs)
                .filter(|run| run % 2 == 1)
                .map(live)
                .collect::<Vec<_>>()
        });
        let mut all: Vec<_> = (0..runs).filter(|run| run % 2 == 0).map(live).collect();
        all.extend(odd.join().expect("no judge panics"));
        all
    })
}

fn percent(share: f64) -> String {
    let percent = (share * 10_000.0).round() / 100.0;
    format!("{percent} %")
}

fn points(permille: u16) -> String {
    format!("{}pp", f64::from(permille) / 10.0)
}

fn grouped(count: u64) -> String {
    if count < 1_000 {
        return count.to_string();
    }
    format!("{},{:03}", grouped(count / 1_000), count % 1_000)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn say(line: &str) {
    // Straight to the terminal: the tables are worth reading when all goes well, too.
    writeln!(std::io::stderr(), "{line}").expect("standard error can be written to");
}
