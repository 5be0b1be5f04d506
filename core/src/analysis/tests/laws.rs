//! Laws that hold for every history.

use proptest::prelude::*;

use super::super::*;
use super::pair;
use crate::config::Permille;
use crate::protocol::Timestamp;

/// A second: what came of both.
fn second() -> impl Strategy<Value = Pair> {
    let version = |most: u64| {
        (0..=most, 0.0..=1.0_f64, prop::bool::weighted(0.7)).prop_map(|(requests, share, well)| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small"
            )]
            let bad = (f64::from(u32::try_from(requests).expect("small")) * share) as u64;
            (requests, if well { bad / 16 } else { bad })
        })
    };
    (version(40), version(200)).prop_map(|(candidate, baseline)| pair(candidate, baseline))
}

fn history() -> impl Strategy<Value = Vec<Pair>> {
    prop_oneof![
        prop::collection::vec(second(), 0..60),
        // Long ones that change little, since a pass takes its time.
        (second(), second(), 0..200_usize, 0..60_usize).prop_map(|(a, b, n, m)| [
            vec![a; n],
            vec![b; m]
        ]
        .concat()),
    ]
}

fn margin() -> impl Strategy<Value = Margin> {
    (
        prop::sample::select(vec![0, 5, 10, 50]),
        prop::sample::select(vec![900, 990, 999]),
    )
        .prop_map(|(tolerated, confidence)| Margin {
            tolerated: Permille(tolerated),
            confidence: Permille(confidence),
            ..Margin::ERRORS
        })
}

fn judged(margin: Margin, history: &[Pair]) -> Streams {
    let mut streams = Streams::new(margin);
    let mut now = 1_000;
    for second in history {
        streams.add(Timestamp(now), *second);
        now += 1_000;
    }
    streams.add(Timestamp(now), Pair::default());
    streams
}

const fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Inconclusive(_) => 1,
        Verdict::Pass => 2,
    }
}

/// Found by the law below: a baseline that fails nearly always leaves no room above it, and the bet was one on the other side.
#[test]
fn where_the_baseline_fails_nearly_always_a_bad_request_is_still_no_evidence_for_the_candidate() {
    let margin = Margin {
        tolerated: Permille(50),
        confidence: Permille(900),
        ..Margin::ERRORS
    };
    let history = |bad| {
        let mut history = vec![pair((1, 0), (46, 45)); 40];
        history[38] = pair((1, bad), (46, 45));
        history[39] = pair((1, bad), (46, 45));
        history.push(pair((20, 16), (114, 0)));
        history
    };
    let (before, after) = (judged(margin, &history(0)), judged(margin, &history(1)));
    assert!(
        rank(&after.verdict()) <= rank(&before.verdict()),
        "{before:?}\n{after:?}"
    );
}

proptest! {
    /// Good requests of the candidate that go badly instead never make the verdict better. That is why no bet depends on the candidate.
    #[test]
    fn worse_is_never_judged_better(margin in margin(), history in history(), turned in prop::collection::vec(0..40_u64, 260)) {
        let worse: Vec<Pair> = history.iter().zip(turned).map(|(second, turned)| {
            let mut second = *second;
            second.candidate.bad = (second.candidate.bad + turned).min(second.candidate.requests);
            second
        }).collect();
        let (before, after) = (judged(margin, &history), judged(margin, &worse));
        prop_assert!(rank(&after.verdict()) <= rank(&before.verdict()), "{before:?}\n{after:?}");
    }

    /// Nor do bad requests that come on top of the others make a fail a pass.
    #[test]
    fn more_bad_requests_never_make_a_fail_a_pass(margin in margin(), history in history(), more in prop::collection::vec(0..9_u64, 260)) {
        let worse: Vec<Pair> = history.iter().zip(more)
            .map(|(second, more)| second.plus(pair((more, more), (0, 0)))).collect();
        if judged(margin, &history).verdict() == Verdict::Fail {
            prop_assert_ne!(judged(margin, &worse).verdict(), Verdict::Pass);
        }
    }

    #[test]
    fn without_requests_of_both_nothing_passes_or_fails(margin in margin(), history in history(), of_candidate in any::<bool>()) {
        let one_sided: Vec<Pair> = history.iter().map(|second| {
            if of_candidate { Pair { baseline: Counts::default(), ..*second } } else { Pair { candidate: Counts::default(), ..*second } }
        }).collect();
        let verdict = judged(margin, &one_sided).verdict();
        prop_assert!(matches!(verdict, Verdict::Inconclusive(Why::NoData | Why::NoBaseline)), "{verdict:?}");
    }

    #[test]
    fn fewer_than_asked_for_never_pass(margin in margin(), history in history()) {
        let streams = judged(margin, &history);
        if streams.judged().candidate.requests < margin.least {
            prop_assert_ne!(streams.verdict(), Verdict::Pass);
        }
    }

    #[test]
    fn the_order_inside_a_second_makes_no_difference(margin in margin(), history in history(), by in 0..1_000_usize) {
        let batches = |order: &dyn Fn(&mut Vec<Pair>)| {
            let mut streams = Streams::new(margin);
            for (second, chunk) in (1..).zip(history.chunks(4)) {
                let mut chunk = chunk.to_vec();
                order(&mut chunk);
                for (at, batch) in (0..).zip(chunk) {
                    streams.add(Timestamp(second * 1_000 + at * 200), batch);
                }
            }
            streams
        };
        let turned = batches(&|chunk| { let by = by % chunk.len().max(1); chunk.rotate_left(by); });
        prop_assert_eq!(batches(&|_| ()), turned);
    }

    /// Whoever goes on from what was kept decides the same.
    #[test]
    fn what_is_kept_comes_back(margin in margin(), history in history(), at in 0..260_usize) {
        let mut errors = Errors::new(Timestamp(0), margin);
        let mut kept = errors.clone();
        let mut counters = Pair::default();
        for (second, new) in (0..).zip(&history) {
            counters = counters.plus(*new);
            let now = Timestamp(10_000 + u64::try_from(second).expect("few") * 1_000);
            errors.observe(now, 1, counters);
            kept.observe(now, 1, counters);
            if second == at {
                kept = serde_json::from_str(&serde_json::to_string(&kept).expect("a text")).expect("the same");
                kept.begin_step(now);
                errors.begin_step(now);
            }
        }
        prop_assert_eq!(&kept, &errors);
        prop_assert_eq!(kept.finding(), errors.finding());
    }

    /// Numbers of any size are judged without a panic, and without nonsense.
    #[test]
    fn no_counts_are_too_large(candidate in any::<(u64, u64)>(), baseline in any::<(u64, u64)>(), margin in margin()) {
        let sound = |(requests, bad): (u64, u64)| (requests, bad.min(requests));
        let each = pair(sound(candidate), sound(baseline));
        let streams = judged(margin, &[each, each]);
        let numbers = streams.numbers();
        prop_assert!(numbers.worse.percent() <= 100);
        prop_assert_eq!(streams.verdict() == Verdict::Fail, numbers.failed.is_some());
    }
}
