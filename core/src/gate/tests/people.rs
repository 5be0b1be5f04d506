//! Reviews, approvals, triggers: who, and whether they may.

use super::*;

fn review(id: u64, user: &str, state: &str) -> Review {
    Review {
        id,
        user: user.to_owned(),
        state: state.to_owned(),
        commit: COMMIT.to_owned(),
        at: id,
        association: "MEMBER".to_owned(),
        ..Review::default()
    }
}

fn reviewed(reviews: Vec<Review>) -> Evidence {
    let pull = Pull {
        number: 12,
        author: "anna".to_owned(),
        head: COMMIT.to_owned(),
        ..Pull::default()
    };
    Evidence {
        reviews: seen(Reviewed {
            pull: Some(pull),
            reviews,
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
        (
            &[Review {
                association: "CONTRIBUTOR".to_owned(),
                ..review(1, "ben", "APPROVED")
            }],
            "pending",
        ),
        (
            &[Review {
                association: String::new(),
                official: true,
                ..review(1, "ben", "APPROVED")
            }],
            "pass",
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
