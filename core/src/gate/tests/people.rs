//! Reviews, approvals, triggers: who, and whether they may.

use super::*;

fn review(id: u64, user: &str, state: &str) -> Review {
    Review {
        id,
        user: user.to_owned(),
        state: state.to_owned(),
        commit: COMMIT.to_owned(),
        at: id,
        ..Review::default()
    }
}

fn reviewed(reviews: Vec<Review>) -> Evidence {
    let pull = Pull {
        number: 12,
        author: "anna".to_owned(),
        head: COMMIT.to_owned(),
        merged_as: Some(COMMIT.to_owned()),
        ..Pull::default()
    };
    Evidence {
        reviews: seen(Reviewed {
            pull: Some(pull),
            reviews,
            may_write: ["anna", "ben", "carl"].map(str::to_owned).into(),
            untold: ["somebody".to_owned()].into(),
            writers: ["anna", "Dora"].map(str::to_owned).into(),
        }),
        ..evidence()
    }
}

fn one() -> Kind {
    Kind::Reviews(reviews::Reviews {
        approvals: 1,
        by: Vec::new(),
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn an_approval_counts_for_the_last_push_by_somebody_else_who_may() {
    let rows: &[(&[Review], &str)] = &[
        (&[], "pending"),
        (&[review(1, "ben", "APPROVED")], "pass"),
        (&[review(1, "anna", "APPROVED")], "pending"),
        (&[review(1, "ben", "COMMENTED")], "pending"),
        (
            &[review(1, "ben", "APPROVED"), review(2, "ben", "COMMENTED")],
            "pass",
        ),
        (
            &[review(1, "ben", "APPROVED"), review(2, "ben", "DISMISSED")],
            "pending",
        ),
        (
            &[
                review(1, "ben", "APPROVED"),
                review(2, "ben", "CHANGES_REQUESTED"),
            ],
            "fail",
        ),
        (
            &[
                review(1, "ben", "CHANGES_REQUESTED"),
                review(2, "ben", "APPROVED"),
            ],
            "pass",
        ),
        (
            &[
                review(1, "ben", "APPROVED"),
                review(2, "carl", "CHANGES_REQUESTED"),
            ],
            "fail",
        ),
        (
            &[Review {
                commit: OTHER.to_owned(),
                ..review(1, "ben", "APPROVED")
            }],
            "pending",
        ),
        (
            &[Review {
                stale: true,
                ..review(1, "ben", "APPROVED")
            }],
            "pending",
        ),
        (
            &[Review {
                dismissed: true,
                ..review(1, "ben", "APPROVED")
            }],
            "pending",
        ),
        (&[review(1, "stranger", "APPROVED")], "pending"),
        (
            &[Review {
                official: true,
                ..review(1, "member", "APPROVED")
            }],
            "pass",
        ),
        // Who wrote a part of it approves a work of their own.
        (&[review(1, "Anna", "APPROVED")], "pending"),
        (
            &[Review {
                official: true,
                ..review(1, "dora", "APPROVED")
            }],
            "pending",
        ),
        (&[review(1, "robot[bot]", "APPROVED")], "pending"),
        (
            &[Review {
                official: true,
                ..review(1, "forgejo-actions", "APPROVED")
            }],
            "pending",
        ),
        (
            &[Review {
                machine: true,
                ..review(1, "robot", "APPROVED")
            }],
            "pending",
        ),
        // Of whom nobody knows whether they may write there a yes is none, and a no is one.
        (&[review(1, "somebody", "APPROVED")], "pending"),
        (
            &[
                review(1, "ben", "APPROVED"),
                review(2, "somebody", "CHANGES_REQUESTED"),
            ],
            "fail",
        ),
        // Whoever may not write there holds up nobody, and who took it back neither.
        (
            &[
                review(1, "ben", "APPROVED"),
                review(2, "stranger", "CHANGES_REQUESTED"),
            ],
            "pass",
        ),
        (
            &[
                review(1, "ben", "APPROVED"),
                Review {
                    dismissed: true,
                    ..review(2, "carl", "REQUEST_CHANGES")
                },
            ],
            "pass",
        ),
        (
            &[
                review(1, "ben", "APPROVED"),
                review(2, "robot[bot]", "REQUEST_CHANGES"),
            ],
            "fail",
        ),
        (
            &[Review {
                user: String::new(),
                ..review(1, "", "APPROVED")
            }],
            "pending",
        ),
    ];
    for (reviews, expected) in rows {
        let judged = says(&one(), &reviewed(reviews.to_vec()));
        assert_eq!(judged.verdict.word(), *expected, "{reviews:#?}");
    }
}

#[test]
fn whoever_is_named_counts_in_any_case_and_nobody_else() {
    let by = |names: &[&str]| {
        Kind::Reviews(reviews::Reviews {
            approvals: 1,
            by: names.iter().map(|it| (*it).to_owned()).collect(),
        })
    };
    let rows = [
        ("ben", &["Ben"][..], "pass"),
        ("BEN", &["ben"], "pass"),
        ("robot[bot]", &["robot[bot]"], "pass"),
        ("stranger", &["stranger"], "pass"),
        ("ben", &["carl"], "pending"),
        ("anna", &["anna"], "pending"),
        ("dora", &["dora"], "pending"),
    ];
    for (user, names, expected) in rows {
        let evidence = reviewed(vec![review(1, user, "APPROVED")]);
        let judged = says(&by(names), &evidence);
        assert_eq!(judged.verdict.word(), expected, "{user} {names:?}");
    }
}

/// Merged as this commit, as another one or not at all; open or closed; with this head or another one; to this branch, another one,
/// or of a run without a branch: 3 x 2 x 2 x 3 = 36 cases.
#[test]
fn only_what_arrived_on_the_branch_of_the_run_became_the_commit() {
    let mut cases = 0;
    for merged_as in [Some(COMMIT), Some(OTHER), None] {
        for open in [true, false] {
            for head in [COMMIT, OTHER] {
                for branch in [Some("main"), Some("feature"), None] {
                    let pull = Pull {
                        merged_as: merged_as.map(str::to_owned),
                        open,
                        head: head.to_owned(),
                        base: "main".to_owned(),
                        ..Pull::default()
                    };
                    let merged = merged_as == Some(COMMIT);
                    let arrived = open && head == COMMIT && branch == Some("main");
                    assert_eq!(pull.became(COMMIT, branch), merged || arrived, "{pull:?}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 36);
}

#[test]
fn a_pull_request_that_became_something_else_proves_nothing() {
    let mut evidence = reviewed(vec![review(1, "ben", "APPROVED")]);
    evidence.subject.commit = Some(OTHER.to_owned());
    assert_eq!(says(&one(), &evidence).verdict.word(), "unknown");
}

#[test]
fn patterns_of_branches() {
    let rows = [
        ("main", "main", true),
        ("main", "main2", false),
        ("release/*", "release/1", true),
        ("release/*", "release/1/2", false),
        ("release/**", "release/1/2", true),
        ("v*.*", "v1.2", true),
        ("**", "", true),
        ("*", "a/b", false),
        ("", "", true),
    ];
    for (pattern, name, fits) in rows {
        assert_eq!(trigger::matches(pattern, name), fits, "{pattern} {name}");
    }
    let long = "a".repeat(5_000);
    assert!(
        !trigger::matches(&"**a".repeat(60), &long.replace('a', "b")),
        "and it ends"
    );
}
