//! What times of requests are worth.

use super::super::*;
use crate::config::Permille;
use crate::protocol::Timestamp;

/// Times as services have them: most around the middle, a few long ones. By a fixed list, stretched.
const USUAL: [u64; 20] = [
    12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 27, 30, 33, 36, 42, 50, 80, 240,
];

/// A rollout of so many seconds, in which the candidate takes so many percent of the usual time.
fn rollout(seconds: u64, percent: u64) -> Finding {
    let mut latency = Latency::new(Timestamp(0), LatencyRule::USUAL);
    let (mut candidate, mut baseline) = (Times::none(&BOUNDS), Times::none(&BOUNDS));
    let mut next = 0;
    for second in 0..seconds + 6 {
        for request in 0..100_u64 {
            next += 7;
            let usual = USUAL[usize::try_from((next + next / 20) % 20).expect("small")];
            if request % 20 == 0 {
                candidate.count(usual * percent / 100);
            } else {
                baseline.count(usual);
            }
        }
        latency.observe(
            Timestamp(second * 1_000),
            1,
            candidate.clone(),
            baseline.clone(),
        );
    }
    latency.finding()
}

#[test]
fn a_tripled_latency_is_found_in_seconds() {
    assert_eq!(rollout(10, 300).verdict, Verdict::Fail);
}

#[test]
fn the_same_latency_passes() {
    let finding = rollout(90, 100);
    assert_eq!(finding.verdict, Verdict::Pass);
    let Basis::Latency(slow) = finding.basis else {
        panic!("it is of latency");
    };
    // The median is above 20 ms, and the quantile of 95 % is 80 ms: half as long again, to the end of its bucket.
    let limits: Vec<_> = slow.iter().map(|slow| slow.limit).collect();
    assert_eq!(limits, [Some(50), Some(150)]);
    assert!(
        slow.iter()
            .all(|slow| slow.numbers.candidate.requests > 400)
    );
}

#[test]
fn a_little_slower_is_tolerated() {
    assert_eq!(rollout(90, 120).verdict, Verdict::Pass);
}

#[test]
fn buckets_are_counted_and_read() {
    let mut times = Times::none(&[10, 20, 40]);
    for millis in [0, 10, 11, 20, 21, 40, 41, 9_999] {
        times.count(millis);
    }
    assert_eq!(times.counts, [2, 2, 2, 2]);
    let rows = [(0, 8, 8), (10, 8, 6), (20, 8, 4), (40, 8, 2), (50, 8, 2)];
    for (bound, requests, slower) in rows {
        assert_eq!(times.slower_than(bound), Counts::new(requests, slower));
    }
    let rows = [
        (1, Some(5)),
        (250, Some(10)),
        (500, Some(20)),
        (750, Some(40)),
        (760, None),
    ];
    for (share, quantile) in rows {
        assert_eq!(times.quantile(Permille(share)), quantile, "{share}");
    }
    assert_eq!(Times::none(&[10]).quantile(Permille(500)), None);
}

#[test]
fn times_that_say_nothing_are_no_verdict() {
    let look = |candidate: Times, baseline: Times| {
        let mut latency = Latency::new(Timestamp(0), LatencyRule::USUAL);
        latency.observe(Timestamp(9_000), 1, candidate, baseline);
        latency.finding().verdict
    };
    let none = || Times::none(&BOUNDS);
    let unsound = Verdict::Inconclusive(Why::SourceFailing(
        "the times are in no buckets that can be compared".to_owned(),
    ));
    assert_eq!(look(Times::default(), none()), unsound);
    assert_eq!(
        look(
            none(),
            Times {
                bounds: vec![2, 1],
                counts: vec![0; 3]
            }
        ),
        unsound
    );
    assert_eq!(look(none(), Times::none(&[10, 20])), unsound);
    assert_eq!(look(none(), none()), Verdict::Inconclusive(Why::NoLimit));
    // Every request takes longer than anything that is told apart.
    let mut long = none();
    (0..500).for_each(|_| long.count(70_000));
    assert_eq!(look(none(), long), Verdict::Inconclusive(Why::NoLimit));
}

#[test]
fn times_that_run_backwards_are_no_evidence() {
    let mut latency = Latency::new(Timestamp(0), LatencyRule::USUAL);
    let mut times = Times::none(&BOUNDS);
    (0..500).for_each(|_| times.count(20));
    latency.observe(Timestamp(9_000), 1, times.clone(), times);
    for (epoch, bounds) in [(1, &BOUNDS[..]), (2, &BOUNDS[..]), (2, &BOUNDS[1..])] {
        let new = Times::none(bounds);
        latency.observe(Timestamp(10_000), epoch, new.clone(), new);
        let verdict = latency.finding().verdict;
        assert_eq!(
            verdict,
            Verdict::Inconclusive(Why::CountersReset),
            "{epoch}"
        );
    }
}
