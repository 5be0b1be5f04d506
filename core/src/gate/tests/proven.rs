//! `after`, by what a registry can answer.

use super::*;
use crate::gate::after::{After, Answered};
use crate::proof::{Proof, tests as proofs};

/// The registry's clock is an hour ahead of ours.
const AHEAD: u64 = 3_600_000;
const SOAK: u64 = 60_000;

fn after() -> Kind {
    Kind::After(After {
        environment: "staging".to_owned(),
        soak: SOAK,
    })
}

/// So many milliseconds after it was proven by the registry's clock, read at `at` by ours.
fn answered(at: Timestamp, index: Option<String>, age: u64) -> Evidence {
    let clock = Timestamp(at.0 + AHEAD);
    let index = index.map(|text| {
        let proven = proofs::proof(clock.0 - age);
        let right = proven.index(&serde_json::json!({}), "m", 7);
        if text.is_empty() { right } else { text }
    });
    let what = Ok(Answered {
        reference: "registry.example/acme/tasks:proven-staging.tasks-aaaaaaaaaaaa".to_owned(),
        service: "tasks".to_owned(),
        digest: proofs::digest('a'),
        index,
        clock,
    });
    Evidence {
        proofs: [("staging".to_owned(), Seen { at, what })].into(),
        ..evidence()
    }
}

fn right() -> Option<String> {
    Some(String::new())
}

/// Each of the seven answers: nothing, the right one at three ages, another image's, another service's, rubbish.
#[test]
fn only_this_very_image_and_only_after_its_soak() {
    let other = Proof {
        digest: proofs::digest('b'),
        ..proofs::proof(0)
    };
    let other = other.index(&serde_json::json!({}), "m", 7);
    let service = Proof {
        service: "worker".to_owned(),
        ..proofs::proof(0)
    };
    let service = service.index(&serde_json::json!({}), "m", 7);
    let rows = [
        (None, 0, "fail", "was never proven in staging"),
        (right(), 0, "pending", "1 min are still to come"),
        (right(), SOAK - 1, "pending", "1 ms are still to come"),
        (right(), SOAK, "pass", "1 min ago"),
        (Some(other), SOAK, "fail", "is the proof of sha256:bbb"),
        (
            Some(service),
            SOAK,
            "unknown",
            "it is of the service `worker`",
        ),
        (
            Some("{}".to_owned()),
            SOAK,
            "unknown",
            "no proof that can be read",
        ),
    ];
    for (index, age, word, text) in rows {
        let judged = says(&after(), &answered(NOW, index, age));
        let because: Vec<&str> = judged.because.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(judged.verdict.word(), word, "{because:?}");
        assert!(because.join(" ").contains(text), "{because:?}");
    }
}

/// The clocks differ by an hour: what is left is the same by both.
#[test]
fn what_is_left_of_a_soak_is_told_by_our_own_clock() {
    let judged = says(&after(), &answered(NOW, right(), SOAK - 5_000));
    assert_eq!(
        judged.verdict,
        Verdict::Pending {
            until: Some(NOW.plus(5_000)),
            on: "the soak in staging".to_owned()
        }
    );
    // It was read 5 s ago, and time went on.
    let earlier = Timestamp(NOW.0 - 5_000);
    let judged = says(&after(), &answered(earlier, right(), SOAK - 5_000));
    assert_eq!(judged.verdict, Verdict::Pass);
}

#[test]
fn what_was_read_long_ago_is_no_evidence() {
    let old = Timestamp(NOW.0 - STALE - 1);
    let judged = says(&after(), &answered(old, right(), SOAK));
    assert_eq!(judged.verdict.word(), "unknown");
}

#[test]
fn of_two_environments_each_needs_its_own_proof() {
    let both = Kind::All(vec![
        gate("staging", after()),
        gate(
            "test",
            Kind::After(After {
                environment: "test".to_owned(),
                soak: 0,
            }),
        ),
    ]);
    assert_eq!(wants(&gate("both", both.clone())).len(), 2);
    let judged = says(&both, &answered(NOW, right(), SOAK));
    assert_eq!(
        judged.verdict.word(),
        "unknown",
        "the other one was not asked"
    );
}
