//! What the analysis promises: rows, and laws for every history.

mod laws;
mod metric;
mod times;

use super::*;
use crate::config::Permille;
use crate::protocol::Timestamp;

pub(super) const fn pair(candidate: (u64, u64), baseline: (u64, u64)) -> Pair {
    Pair {
        candidate: Counts::new(candidate.0, candidate.1),
        baseline: Counts::new(baseline.0, baseline.1),
    }
}

/// So many seconds alike, each of one look.
pub(super) fn seconds(streams: &mut Streams, from: u64, count: u64, each: Pair) -> u64 {
    for second in from..from + count {
        streams.add(Timestamp(second * 1_000), each);
    }
    // The last second is over.
    streams.add(Timestamp((from + count) * 1_000), Pair::default());
    from + count
}

fn after(count: u64, each: Pair) -> Streams {
    let mut streams = Streams::new(Margin::ERRORS);
    seconds(&mut streams, 1, count, each);
    streams
}

fn why(verdict: Verdict) -> Option<Why> {
    match verdict {
        Verdict::Inconclusive(why) => Some(why),
        Verdict::Pass | Verdict::Fail => None,
    }
}

#[test]
fn without_enough_there_is_a_reason_and_no_pass() {
    let few = Why::TooFew {
        have: 50,
        need: 100,
    };
    let rows = [
        (after(0, Pair::default()), Why::NoData, "nothing at all"),
        (after(99, Pair::default()), Why::NoData, "nobody asks"),
        (
            after(99, pair((0, 0), (95, 0))),
            Why::NoData,
            "only the baseline is asked",
        ),
        (
            after(99, pair((5, 0), (0, 0))),
            Why::NoBaseline,
            "only the candidate is asked",
        ),
        (
            after(150, pair((5, 0), (0, 0))),
            Why::NoBaseline,
            "and nobody asks the baseline for minutes",
        ),
        (after(10, pair((5, 0), (95, 0))), few, "ten seconds"),
        (
            after(30, pair((5, 0), (95, 0))),
            Why::Undecided,
            "half a minute",
        ),
        (
            after(999, pair((5, 1), (95, 19))),
            Why::SickBaseline,
            "both bad",
        ),
    ];
    for (streams, expected, what) in rows {
        assert_eq!(why(streams.verdict()), Some(expected), "{what}");
    }
}

#[test]
fn a_good_version_passes_when_there_is_evidence() {
    let streams = after(120, pair((5, 0), (95, 0)));
    assert_eq!(streams.verdict(), Verdict::Pass);
    let numbers = streams.numbers();
    assert_eq!(numbers.candidate, Counts::new(600, 0));
    assert!(numbers.not_worse.have >= numbers.not_worse.need);
    assert_eq!(numbers.more, Some(0));
}

/// It is no worse, and that is proven by as many as it was said to take.
#[test]
fn what_is_still_needed_is_told() {
    let streams = after(60, pair((5, 0), (95, 0)));
    let more = streams.numbers().more.expect("it can be told");
    assert!((150..400).contains(&more), "{more}");
    let enough = after(60 + more / 5 + 2, pair((5, 0), (95, 0)));
    assert_eq!(enough.verdict(), Verdict::Pass);
}

#[test]
fn a_version_that_answers_nothing_well_fails_at_once() {
    let streams = after(3, pair((5, 5), (95, 0)));
    assert_eq!(streams.verdict(), Verdict::Fail);
    assert_eq!(streams.numbers().failed, Some(pair((5, 5), (95, 0))));
}

#[test]
fn two_bad_answers_condemn_nobody() {
    let mut streams = Streams::new(Margin {
        tolerated: Permille(0),
        ..Margin::ERRORS
    });
    let now = seconds(&mut streams, 1, 1_000, pair((0, 0), (1_000, 0)));
    let now = seconds(&mut streams, now + 60, 1, pair((2, 2), (1_000, 0)));
    seconds(&mut streams, now + 60, 1, pair((2, 0), (1_000, 0)));
    assert_ne!(streams.verdict(), Verdict::Fail);
}

#[test]
fn what_is_bad_for_both_is_no_failure_of_the_candidate() {
    let mut streams = Streams::new(Margin::ERRORS);
    let now = seconds(&mut streams, 1, 60, pair((5, 0), (95, 1)));
    // The database is gone.
    let now = seconds(&mut streams, now, 20, pair((5, 5), (95, 95)));
    seconds(&mut streams, now, 60, pair((5, 0), (95, 1)));
    assert_eq!(why(streams.verdict()), Some(Why::SickBaseline));
}

#[test]
fn a_version_that_goes_bad_in_a_later_step_fails_soon() {
    let mut streams = Streams::new(Margin::ERRORS);
    let now = seconds(&mut streams, 1, 600, pair((5, 0), (95, 1)));
    assert_eq!(streams.verdict(), Verdict::Pass);
    streams.begin_step();
    assert_eq!(why(streams.verdict()), Some(Why::NoData));
    let now = seconds(&mut streams, now, 120, pair((25, 0), (75, 1)));
    assert_eq!(streams.verdict(), Verdict::Pass);
    streams.begin_step();
    seconds(&mut streams, now, 3, pair((50, 10), (50, 1)));
    assert_eq!(streams.verdict(), Verdict::Fail);
}

#[test]
fn a_fail_stays_whatever_comes_after_it() {
    let mut streams = after(5, pair((5, 5), (95, 0)));
    streams.begin_step();
    seconds(&mut streams, 100, 5_000, pair((50, 0), (50, 0)));
    assert_eq!(streams.verdict(), Verdict::Fail);
}

#[test]
fn what_one_version_did_while_nobody_asked_the_other_is_not_compared() {
    let mut streams = Streams::new(Margin::ERRORS);
    streams.add(Timestamp(1_000), pair((4, 4), (0, 0)));
    streams.add(Timestamp(100_000), pair((0, 0), (1_000, 0)));
    streams.add(Timestamp(200_000), Pair::default());
    assert_eq!(streams.judged(), Pair::default());
    assert_eq!(streams.numbers().unpaired, pair((4, 4), (1_000, 0)));
}

#[test]
fn counters_that_restart_are_told_apart_and_no_evidence() {
    let mut errors = Errors::new(Timestamp(0), Margin::ERRORS);
    let mut now = 10_000;
    let mut look = |errors: &mut Errors, counters| {
        now += 1_000;
        errors.observe(Timestamp(now), 1, counters);
    };
    for second in 0..200 {
        look(&mut errors, pair((second * 5, 0), (second * 95, 0)));
    }
    let before = errors.finding();
    look(&mut errors, pair((3, 3), (20, 0)));
    assert_eq!(errors.resets(), 1);
    assert_eq!(errors.finding(), before, "and what was known stays");

    let mut young = Errors::new(Timestamp(0), Margin::ERRORS);
    look(&mut young, pair((100, 100), (100, 0)));
    look(&mut young, pair((3, 3), (20, 0)));
    assert_eq!(why(young.finding().verdict), Some(Why::CountersReset));
}

#[test]
fn a_failing_source_is_no_failure_and_no_pass() {
    let mut errors = Errors::new(Timestamp(0), Margin::ERRORS);
    let gone = || Some(Why::SourceFailing("the router does not answer".to_owned()));
    errors.unseen("the router does not answer");
    assert_eq!(why(errors.finding().verdict), gone());
    for second in 0..200 {
        let counters = pair((second * 5, 0), (second * 95, 0));
        errors.observe(Timestamp(10_000 + second * 1_000), 1, counters);
    }
    assert_eq!(errors.finding().verdict, Verdict::Pass);
    errors.unseen("the router does not answer");
    assert_eq!(why(errors.finding().verdict), gone());
    errors.observe(Timestamp(300_000), 1, pair((1_000, 0), (19_000, 0)));
    assert_eq!(errors.finding().verdict, Verdict::Pass);
    errors.observe(Timestamp(301_000), 1, pair((1_050, 50), (19_950, 0)));
    errors.observe(Timestamp(302_000), 1, pair((1_050, 50), (19_950, 0)));
    errors.unseen("the router does not answer");
    assert_eq!(errors.finding().verdict, Verdict::Fail);
}

#[test]
fn the_first_seconds_of_a_step_are_no_evidence() {
    let mut errors = Errors::new(Timestamp(1_000), Margin::ERRORS);
    for second in 1..6 {
        let counters = pair((second * 5, second * 5), (second * 95, 0));
        errors.observe(Timestamp(second * 1_000), 1, counters);
    }
    assert_eq!(why(errors.finding().verdict), Some(Why::NoData));
}

#[test]
fn a_plan_knows_what_a_step_takes() {
    let rows = [
        // millionths of errors, tolerated, for a pass, to find 5 points more
        (0, 10, Some(450..700), 60..250),
        (1_000, 10, Some(500..900), 60..300),
        (10_000, 10, Some(1_400..2_500), 200..500),
        (100_000, 10, Some(8_000..14_000), 700..2_000),
        (10_000, 0, None, 100..300),
    ];
    for (rate, tolerated, pass, fail) in rows {
        let margin = Margin {
            tolerated: Permille(tolerated),
            ..Margin::ERRORS
        };
        let needed = needed(margin, rate, Permille(50), Permille(50));
        let Needed {
            pass: some,
            fail: found,
        } = needed;
        assert_eq!(some.is_some(), pass.is_some(), "{rate}: {needed:?}");
        assert!(
            some.zip(pass).is_none_or(|(n, range)| range.contains(&n)),
            "{rate}: {needed:?}"
        );
        assert!(
            found.is_some_and(|n| fail.contains(&n)),
            "{rate}: {needed:?}"
        );
    }
    let tolerated = needed(Margin::ERRORS, 10_000, Permille(50), Permille(10));
    assert_eq!(tolerated.fail, None, "what is tolerated is never found");
}

#[test]
fn a_plan_says_where_no_time_is_enough() {
    let some = Needed {
        pass: Some(600),
        fail: None,
    };
    let rows = [
        (some, 6_000, 50, 600_000, Feasible::After(120_000)),
        (some, 6_000, 50, 60_000, Feasible::TooLong(120_000)),
        (some, 0, 50, 60_000, Feasible::Never),
        (some, 6_000, 0, 60_000, Feasible::Never),
        (
            Needed { pass: None, ..some },
            6_000,
            50,
            60_000,
            Feasible::Never,
        ),
    ];
    for (needed, a_minute, weight, longest, expected) in rows {
        let said = feasible(needed, a_minute, Permille(weight), longest);
        assert_eq!(said, expected, "{a_minute} {weight} {longest}");
    }
}
