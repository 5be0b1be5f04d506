//! Whole tables of the small gates, each with an oracle that is written differently: `fresh`, `image`, `breaker`.

use super::*;
use crate::gate::command::Terms;

fn missing<T>(lack: Lack) -> Option<Seen<T>> {
    let missing = Missing {
        lack,
        ..Missing::lasting("forge-unreachable", "it does not answer")
    };
    Some(Seen {
        at: NOW,
        what: Err(missing),
    })
}

/// All 72 of what the run is of, whether its commit is known, and what the branch or tag is said to be at.
#[test]
fn fresh_passes_where_the_ref_is_known_to_name_the_commit() {
    let late = Some(Seen {
        at: Timestamp(NOW.0 - STALE - 1),
        what: Ok(COMMIT.to_owned()),
    });
    let tips = [
        None,
        missing(Lack::Soon),
        missing(Lack::Lasting),
        late,
        seen(COMMIT.to_owned()),
        seen(OTHER.to_owned()),
    ];
    let mut words = Vec::new();
    for branch in [None, Some("main")] {
        for tag in [None, Some("v1")] {
            for (commit, labelled) in [(None, false), (None, true), (Some(COMMIT), true)] {
                for (place, tip) in tips.iter().enumerate() {
                    let mut evidence = evidence();
                    evidence.subject.branch = branch.map(str::to_owned);
                    evidence.subject.tag = tag.map(str::to_owned);
                    evidence.subject.commit = commit.map(str::to_owned);
                    evidence.image = evidence.image.filter(|_| labelled);
                    evidence.tip.clone_from(tip);
                    let word = says(&Kind::Fresh, &evidence).verdict.word();
                    let known = commit.is_some() && (branch.is_some() || tag.is_some());
                    let expected = match (known, place) {
                        (true, 4) => "pass",
                        (true, 5) => "fail",
                        (_, _) => "unknown",
                    };
                    assert_eq!(word, expected, "{branch:?} {tag:?} {commit:?} {tip:?}");
                    words.push(word);
                }
            }
        }
    }
    let count = |of: &str| words.iter().filter(|it| **it == of).count();
    assert_eq!((words.len(), count("pass"), count("fail")), (72, 3, 3));
}

/// All 112 of whether the label is asked for, what it says, whether the run's commit is known, and what verifies the attestation.
#[test]
fn image_passes_where_all_that_it_asks_for_says_so() {
    let labels = [None, Some(None), Some(Some(COMMIT)), Some(Some(OTHER))];
    let codes = [None, Some(0), Some(1), Some(75), Some(127), Some(-1)];
    // Nothing verifies it; nobody has asked yet; these exit codes.
    let attestations = std::iter::once(None).chain(codes.map(Some));
    let attestations: Vec<Option<Option<i32>>> = attestations.collect();
    let (mut count, mut passed) = (0, 0);
    for asks in [false, true] {
        for label in labels {
            for run in [None, Some(COMMIT)] {
                for attested in &attestations {
                    let mut evidence = evidence();
                    evidence.subject.run_commit = run.map(str::to_owned);
                    evidence.image = label.and_then(|revision: Option<&str>| {
                        seen(Labelled {
                            revision: revision.map(str::to_owned),
                            reference: "tasks@sha256:0".to_owned(),
                        })
                    });
                    let ran = attested.flatten().and_then(|code| {
                        let (what, said) = ("verify".to_owned(), String::new());
                        seen(Ran { what, code, said })
                    });
                    evidence
                        .commands
                        .extend(ran.map(|it| ("image".to_owned(), it)));
                    let kind = Kind::Image(image::Image {
                        revision: asks,
                        attestation: attested.map(|_| Vec::new()),
                        terms: Terms {
                            deadline: 1,
                            secrets: Vec::new(),
                        },
                    });
                    let word = says(&kind, &evidence).verdict.word();
                    let of_label = match (asks, label, run) {
                        (false, _, _) => 3,
                        (true, Some(Some(is)), Some(commit)) if is == commit => 3,
                        (true, Some(Some(_)), Some(_)) => 0,
                        (true, _, _) => 1,
                    };
                    let of_command = match attested {
                        None | Some(Some(0)) => 3,
                        Some(Some(75)) => 2,
                        Some(None | Some(126..)) => 1,
                        Some(Some(_)) => 0,
                    };
                    let nothing = !asks && attested.is_none();
                    let lowest = if nothing { 1 } else { of_label.min(of_command) };
                    let expected = ["fail", "unknown", "pending", "pass"];
                    let expected = expected.get(lowest).copied();
                    assert_eq!(
                        Some(word),
                        expected,
                        "{asks} {label:?} {run:?} {attested:?}"
                    );
                    count += 1;
                    passed += usize::from(word == "pass");
                }
            }
        }
    }
    assert_eq!((count, passed), (112, 10));
}

/// All 243 of how many may fail, and of four deploys that failed lately, long ago, or did not.
#[test]
fn a_breaker_counts_what_failed_lately() {
    const WITHIN: u64 = 60_000;
    let mut count = 0;
    for failures in 1..=3_u32 {
        for pattern in 0..81_u32 {
            let ages = (0..4).map(|at| pattern / 3_u32.pow(at) % 3);
            let ages: Vec<u64> = ages
                .filter_map(|it| [None, Some(WITHIN - 1), Some(WITHIN)][it as usize])
                .collect();
            let failed = ages.iter();
            let failed = failed.map(|age| (Timestamp(NOW.0 - age), "v1".to_owned()));
            let mut evidence = evidence();
            evidence.ledger = seen(Recorded {
                failures: failed.collect(),
                ..Recorded::default()
            });
            let within = WITHIN;
            let judged = says(
                &Kind::Breaker(breaker::Breaker { failures, within }),
                &evidence,
            );
            let lately = ages.iter().filter(|age| **age < WITHIN).count();
            let expected = if lately >= failures as usize {
                "pending"
            } else {
                "pass"
            };
            assert_eq!(judged.verdict.word(), expected, "{failures} {ages:?}");
            count += 1;
        }
    }
    assert_eq!(count, 243);
}
