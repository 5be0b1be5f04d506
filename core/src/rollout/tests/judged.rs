//! A canary that is judged by its times and by metrics as well.

use super::super::*;
use super::Plans;
use super::bench::{alive, id};
use super::canary::{compared, growing, weighs};
use crate::analysis::{BOUNDS, MetricRule, Real, Times, Why as NoValue};

// --- how long it takes -----------------------------------------------------------------------------------------------

/// The same, and its times are asked for as well.
fn timed() -> Plans {
    compared().change(|plan| {
        if let Some(comparison) = &mut plan.comparison {
            comparison.latency = Some(crate::analysis::LatencyRule::USUAL);
        }
    })
}

/// Answers each look with so many good answers more than the one before, each of which took so long.
fn taking(new: (u64, u64), old: (u64, u64)) -> impl FnMut(&Action) -> Option<Observation> {
    let mut looks = 0;
    let life = |looks: u64, (requests, millis): (u64, u64)| {
        let mut times = Times::none(&BOUNDS);
        (0..looks * requests).for_each(|_| times.count(millis));
        Life {
            times: Some(times),
            ..alive(looks * requests, looks * requests)
        }
    };
    move |action| match action {
        Action::Watch(ids) => {
            looks += 1;
            let new = (id(2, 1), life(looks, new));
            let old = (id(1, 1), life(looks, old));
            let seen = [new, old].into_iter().filter(|(id, _)| ids.contains(id));
            Some(Observation::Watched(seen.collect()))
        }
        _ => None,
    }
}

#[test]
fn one_that_takes_three_times_as_long_goes_back_before_its_second_share() {
    let mut bench = timed().begin();
    let end = bench.finish_with(taking((20, 60), (80, 20)));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "slower", true),
        "{end:?}"
    );
    assert!(
        end.because[0].contains(" took longer than 30 ms"),
        "{end:?}"
    );
    assert!(!bench.asked.iter().any(|action| weighs(action, 256)));
    let shares = bench
        .asked
        .iter()
        .filter(|action| weighs(action, 1))
        .count();
    assert_eq!(shares, 1, "{:?}", bench.acts());
}

#[test]
fn one_that_takes_as_long_passes_with_both_told() {
    let mut bench = timed().begin();
    let end = bench.finish_with(taking((40, 20), (160, 20)));
    assert_eq!(end.outcome, Outcome::Deployed, "{end:?}");
    let told = bench.events.iter().find_map(|event| match &event.what {
        Happening::Decided { decision, because } if decision == "give it more traffic" => {
            Some(because.join("\n"))
        }
        _ => None,
    });
    let told = told.expect("it was decided");
    assert!(told.contains("got no good answer; 100 %"), "{told}");
    assert!(told.contains("took longer than 30 ms"), "{told}");
    assert!(
        told.contains("not slower by more than is tolerated"),
        "{told}"
    );
}

#[test]
fn times_that_nobody_counts_pass_nothing_and_blame_nobody() {
    let mut bench = timed().begin();
    let end = bench.finish_with(growing((40, 0), (160, 0)));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "not-its-fault", false)
    );
    assert!(
        end.because[0].contains("the router did not say how long g2-1 took"),
        "{end:?}"
    );
}

// --- metrics ---------------------------------------------------------------------------------------------------------

/// The same, and a metric has to be at most 100, three readings in a row.
fn metered() -> Plans {
    compared().change(|plan| {
        if let Some(comparison) = &mut plan.comparison {
            comparison.metrics = vec![Metered {
                rule: MetricRule {
                    name: "queue".to_owned(),
                    max: Some(Real(100.0)),
                    min: None,
                    readings: 3,
                },
                every: 2_000,
            }];
        }
    })
}

/// Good answers of both, and these values one after the other; the last of them again and again.
fn reading(values: &[Result<f64, NoValue>]) -> impl FnMut(&Action) -> Option<Observation> {
    let mut answers = growing((40, 0), (160, 0));
    let (values, mut at) = (values.to_vec(), 0);
    move |action| match action {
        Action::Measure(0) => {
            let value = values.get(at).or_else(|| values.last()).cloned();
            at += 1;
            value.map(|value| Observation::Measured(value.map(Real)))
        }
        other => answers(other),
    }
}

#[test]
fn a_metric_within_its_limits_is_read_at_each_share_and_passes() {
    let mut bench = metered().begin();
    let end = bench.finish_with(reading(&[Ok(7.0)]));
    assert_eq!(end.outcome, Outcome::Deployed, "{end:?}");
    let read = |action: &&Action| matches!(action, Action::Measure(0));
    assert!(
        bench.asked.iter().filter(read).count() >= 6,
        "three at each"
    );
}

#[test]
fn a_metric_beyond_its_limits_goes_back_by_that() {
    let mut bench = metered().begin();
    let end = bench.finish_with(reading(&[Ok(7.0), Ok(101.0)]));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "metric", true),
        "{end:?}"
    );
    assert_eq!(
        end.because,
        ["queue is 101, and may be at most 100; 3 readings in a row were outside, 3 condemn"]
    );
    assert!(!bench.asked.iter().any(|action| weighs(action, 256)));
}

#[test]
fn a_metric_without_a_value_passes_nothing_and_blames_nobody() {
    let rows = [
        (NoValue::NoData, "there is no data"),
        (
            NoValue::SeveralSeries(2),
            "2 series answered where one is asked for",
        ),
        (NoValue::NotANumber("NaN".to_owned()), "`NaN` is no number"),
        (
            NoValue::SourceFailing("it answered 503".to_owned()),
            "it could not be measured: it answered 503",
        ),
    ];
    for (why, told) in rows {
        // Two good readings, then none: those do not stand for the third.
        let mut bench = metered().begin();
        let values = [Ok(7.0), Ok(7.0), Err(why.clone())];
        let end = bench.finish_with(reading(&values));
        assert_eq!(
            (end.outcome, end.reason.as_str(), end.quarantine),
            (Outcome::RolledBack, "not-its-fault", false),
            "{why:?}"
        );
        assert!(end.because[0].contains(told), "{end:?}");
        assert!(bench.now.0 > 60_000, "it had its time: {:?}", bench.now);
    }
}

#[test]
fn a_reading_that_never_comes_holds_up_no_look_and_passes_nothing() {
    let mut bench = metered().begin();
    let measures = |action: &Action| matches!(action, Action::Measure(_));
    bench.until_asked(measures);
    bench.open.remove(0);
    let (asked, begun) = (bench.asked.len(), bench.now);
    let end = bench.finish_with(growing((40, 0), (160, 0)));
    let later = || bench.asked.iter().skip(asked);
    let looks = later().filter(|action| matches!(action, Action::Watch(_)));
    assert!(looks.count() > 30, "it was looked at all the while");
    assert!(!later().any(measures), "one reading at a time");
    assert_eq!((end.outcome, end.quarantine), (Outcome::RolledBack, false));
    assert!(bench.now.since(begun) > 50_000, "{:?}", bench.now);
}

/// Values at random, in many orders, with a count of its own of what they come to.
#[test]
fn more_traffic_comes_of_readings_in_a_row_alone_and_a_metric_condemns_by_readings_in_a_row_alone()
{
    let (mut deployed, mut condemned, mut neither) = (0, 0, 0);
    for seed in 1..=60_u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut answers = growing((40, 0), (160, 0));
        // Inside and outside in a row, and whether the last answer was a value; of this share, but for what is outside.
        let (mut inside, mut outside, mut known) = (0, 0, false);
        let mut unfounded = None;
        let mut routes = 0;
        let mut bench = metered().begin();
        let end = bench.finish_with(|action| {
            match action {
                Action::Measure(_) => {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    // Each seed has its own likelihoods.
                    let value = match (random >> 32) % 16 {
                        it if it < seed % 4 * 5 => Err(NoValue::NoData),
                        it if it < seed % 4 * 5 + seed % 9 => Ok(Real(101.0)),
                        _ => Ok(Real(7.0)),
                    };
                    known = value.is_ok();
                    match &value {
                        Ok(Real(value)) if *value > 100.0 => (inside, outside) = (0, outside + 1),
                        Ok(_) => (inside, outside) = (inside + 1, 0),
                        Err(_) => {}
                    }
                    return Some(Observation::Measured(value));
                }
                Action::Route {
                    mark: Mark::Shifted,
                    ..
                } => {
                    routes += 1;
                    if routes > 1 && !(inside >= 3 && known) {
                        unfounded = Some((routes, inside, known));
                    }
                    inside = 0;
                }
                _ => {}
            }
            answers(action)
        });
        assert_eq!(unfounded, None, "seed {seed}");
        match end.reason.as_str() {
            "metric" => {
                condemned += 1;
                assert!(outside >= 3, "seed {seed}: {end:?}");
            }
            reason => {
                assert!(outside < 3, "seed {seed}: {reason}");
                *if end.outcome == Outcome::Deployed {
                    &mut deployed
                } else {
                    &mut neither
                } += 1;
            }
        }
    }
    // Each of them was seen.
    assert!(
        deployed > 5 && condemned > 5 && neither > 5,
        "{deployed} {condemned} {neither}"
    );
}
