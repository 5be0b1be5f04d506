//! Laws of gates: no gate passes for want of evidence, and evidence that speaks against never raises a verdict.

use proptest::prelude::*;

use super::checks::{Check, Checks};
use super::evidence::{Labelled, Ran, Recorded, Subject};
use super::*;
use crate::forge::{Approved, CheckRun, Checked, CommitStatus, Pull, Review, Reviewed};

mod approvals;
mod files;
mod people;
mod proven;
mod running;
mod table;
mod times;
mod triggers;
mod whole;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffff";
const NOW: Timestamp = Timestamp(1_795_343_465_000);

fn seen<T>(what: T) -> Option<Seen<T>> {
    let what = Ok(what);
    Some(Seen { at: NOW, what })
}

fn evidence() -> Evidence {
    Evidence {
        subject: Subject {
            commit: Some(COMMIT.to_owned()),
            run_commit: Some(COMMIT.to_owned()),
            environment: "production".to_owned(),
            event: "push".to_owned(),
            branch: Some("main".to_owned()),
            actor: Some("anna".to_owned()),
            vouched: true,
            attempt: Some(1),
            system: crate::event::System::GitHub,
            run: Some("7".to_owned()),
            ..Subject::default()
        },
        image: seen(Labelled {
            revision: Some(COMMIT.to_owned()),
            reference: "registry.example/acme/tasks@sha256:0".to_owned(),
        }),
        ledger: seen(Recorded::default()),
        ..Evidence::default()
    }
}

fn gate(name: &str, kind: Kind) -> Gate {
    Gate {
        name: name.to_owned(),
        kind,
        may_override: true,
    }
}

fn says(kind: &Kind, evidence: &Evidence) -> Judged {
    let gate = gate(kind.word(), kind.clone());
    judge(&gate, evidence, &Overrides::default(), NOW)
}

fn run(name: &str, conclusion: &str) -> CheckRun {
    CheckRun {
        id: 1,
        name: name.to_owned(),
        app: 15368,
        app_name: "github-actions".to_owned(),
        status: "completed".to_owned(),
        conclusion: conclusion.to_owned(),
        started: 1,
        details: "https://forge.example/acme/tasks/actions/runs/5/job/1".to_owned(),
        page: None,
        commit: COMMIT.to_owned(),
    }
}

fn checks(names: &[&str]) -> Kind {
    let check = |name: &&str| Check {
        name: (*name).to_owned(),
        ..Check::default()
    };
    Kind::Checks(Checks {
        of: names.iter().map(check).collect(),
    })
}

fn checked(runs: Vec<CheckRun>) -> Evidence {
    Evidence {
        checks: seen(Checked {
            runs,
            ..Checked::default()
        }),
        ..evidence()
    }
}

#[test]
fn a_check_that_nobody_reports_is_told_with_those_that_are() {
    let judged = says(&checks(&["tests"]), &checked(vec![run("test", "success")]));
    assert_eq!(judged.verdict.word(), "unknown");
    assert!(judged.verdict.may_change(), "it may still come");
    let text = &judged.because.first().expect("it has a reason").text;
    assert!(text.contains("did you mean `test`?"), "{text}");
}

#[test]
fn a_job_of_this_very_run_is_waited_for_and_never_taken_for_a_yes() {
    let own = CheckRun {
        status: "in_progress".to_owned(),
        conclusion: String::new(),
        details: "https://forge.example/acme/tasks/actions/runs/7/job/9".to_owned(),
        ..run("test", "")
    };
    let judged = says(
        &checks(&["test"]),
        &checked(vec![own.clone(), run("other", "success")]),
    );
    let Verdict::Pending { on, .. } = &judged.verdict else {
        panic!("{judged:?}");
    };
    assert!(on.contains("this very run"), "{on}");
    let again = CheckRun {
        id: 2,
        ..run("test", "success")
    };
    let judged = says(&checks(&["test"]), &checked(vec![again, own]));
    assert_eq!(
        judged.verdict.word(),
        "pending",
        "an older success does not hide it"
    );
}

#[test]
fn two_reporters_of_one_name_must_both_be_content_unless_one_is_named() {
    let stranger = CheckRun {
        id: 2,
        app: 99,
        app_name: "stranger".to_owned(),
        ..run("test", "success")
    };
    let runs = vec![run("test", "failure"), stranger];
    assert_eq!(
        says(&checks(&["test"]), &checked(runs.clone())).verdict,
        Verdict::Fail
    );
    let by = |app: &str| {
        Kind::Checks(Checks {
            of: vec![Check {
                name: "test".to_owned(),
                app: Some(app.to_owned()),
                ..Check::default()
            }],
        })
    };
    assert_eq!(
        says(&by("github-actions"), &checked(runs.clone())).verdict,
        Verdict::Fail
    );
    assert_eq!(
        says(&by("15368"), &checked(runs.clone())).verdict,
        Verdict::Fail
    );
    assert_eq!(says(&by("stranger"), &checked(runs)).verdict, Verdict::Pass);
    // Whoever calls itself by the number of another app is not that one.
    let numbered = CheckRun {
        app: 99,
        app_name: "15368".to_owned(),
        ..run("test", "success")
    };
    let judged = says(&by("15368"), &checked(vec![numbered]));
    assert_eq!(judged.verdict.word(), "unknown");
}

#[test]
fn what_is_not_known_yet_is_taken_for_the_best_and_turned_around_by_not() {
    let unasked = gate(
        "a",
        Kind::Breaker(breaker::Breaker {
            failures: 1,
            within: 1,
        }),
    );
    let none = Evidence {
        ledger: None,
        ..evidence()
    };
    let best = |kind: Kind| {
        let judged = judge(&gate("x", kind), &none, &Overrides::default(), NOW);
        at_best(&[judged]).word()
    };
    assert_eq!(best(Kind::All(vec![unasked.clone()])), "pass");
    assert_eq!(best(Kind::Not(Box::new(unasked.clone()))), "pass");
    let failed = gate("b", checks(&["c"]));
    assert_eq!(
        best(Kind::All(vec![
            unasked.clone(),
            gate(
                "t",
                Kind::Trigger(trigger::Trigger {
                    events: vec!["schedule".to_owned()],
                    ..trigger::Trigger::default()
                })
            )
        ])),
        "fail"
    );
    assert_eq!(best(Kind::Any(vec![unasked, failed])), "pass");
}

#[test]
fn an_overridden_gate_counts_as_a_yes_and_says_who_and_why() {
    let it = gate("quiet", checks(&["test"]));
    let overrides = Overrides {
        names: vec!["quiet".to_owned()],
        words: "anna: users cannot log in".to_owned(),
    };
    let evidence = checked(vec![run("test", "failure")]);
    let judged = judge(&it, &evidence, &overrides, NOW);
    assert_eq!(
        (judged.verdict.clone(), judged.counts()),
        (Verdict::Fail, Verdict::Pass)
    );
    assert_eq!(
        judged.overridden.as_deref(),
        Some("anna: users cannot log in")
    );
    let strict = Gate {
        may_override: false,
        ..it
    };
    assert_eq!(
        judge(&strict, &evidence, &overrides, NOW).counts(),
        Verdict::Fail
    );
}

/// All 256 of three gates, one in the other, of which each says whether it may be overridden, or not, each of which is overridden,
/// or not, and the four verdicts of the innermost.
#[test]
fn what_may_not_be_overridden_is_not_hidden_by_a_group_around_it() {
    let (mut seen, mut lifted) = (0, 0);
    for bits in 0..64_u32 {
        let bit = |at: u32| bits & (1 << at) != 0;
        let names = ["outer", "middle", "inner"];
        let overridden = (3..6).zip(names).filter(|(at, _)| bit(*at));
        let overrides = Overrides {
            names: overridden.map(|(_, name)| name.to_owned()).collect(),
            words: "anna: x".to_owned(),
        };
        for evidence in [
            checked(vec![run("test", "success")]),
            checked(vec![run("test", "failure")]),
            checked(Vec::new()),
            evidence(),
        ] {
            let named = |at: u32, kind| Gate {
                may_override: bit(at),
                ..gate(names.get(at as usize).copied().unwrap_or_default(), kind)
            };
            let inner = named(2, checks(&["test"]));
            let plain = judge(&inner, &evidence, &Overrides::default(), NOW).verdict;
            let whole = named(0, Kind::All(vec![named(1, Kind::Any(vec![inner]))]));
            let counts = judge(&whole, &evidence, &overrides, NOW).counts();
            let innermost = bit(2) && bit(5);
            let middle = bit(1) && bit(2) && bit(4);
            let outer = bit(0) && bit(1) && bit(2) && bit(3);
            let expected = if innermost || middle || outer {
                Verdict::Pass
            } else {
                plain
            };
            assert_eq!(counts, expected, "{bits:06b}");
            seen += 1;
            lifted += usize::from(innermost || middle || outer);
        }
    }
    assert_eq!((seen, lifted), (256, 84));
}

#[test]
fn a_command_says_yes_with_0_not_yet_with_75_and_no_with_the_rest_that_it_says_itself() {
    let kind = Kind::Command(command::Command {
        argv: Vec::new(),
        terms: command::Terms {
            deadline: 1,
            secrets: Vec::new(),
        },
    });
    let ran = |code| Ran {
        what: "x".to_owned(),
        code,
        said: String::new(),
    };
    let mut passed = Vec::new();
    for code in -1..=256 {
        let mut evidence = evidence();
        evidence
            .commands
            .extend(seen(ran(code)).map(|it| ("command".to_owned(), it)));
        let word = says(&kind, &evidence).verdict.word();
        let expected = match code {
            0 => "pass",
            75 => "pending",
            126..=256 => "unknown",
            _ => "fail",
        };
        assert_eq!(word, expected, "{code}");
        passed.extend((word == "pass").then_some(code));
    }
    assert_eq!(passed, [0]);
}

// --- laws --------------------------------------------------------------------------------------------------------

fn any_run() -> impl Strategy<Value = CheckRun> {
    let name = proptest::sample::select(&["test", "build"][..]);
    let status =
        proptest::sample::select(&["completed", "completed", "in_progress", "queued", "?"][..]);
    let conclusion = proptest::sample::select(
        &[
            "success",
            "neutral",
            "skipped",
            "failure",
            "cancelled",
            "stale",
            "timed_out",
            "",
            "?",
        ][..],
    );
    let commit = proptest::sample::select(&[COMMIT, COMMIT, OTHER][..]);
    (
        name,
        status,
        conclusion,
        commit,
        0..4_u64,
        1..4_u64,
        0..3_u64,
    )
        .prop_map(
            |(name, status, conclusion, commit, id, app, started)| CheckRun {
                id,
                name: name.to_owned(),
                app,
                app_name: format!("app-{app}"),
                status: status.to_owned(),
                conclusion: conclusion.to_owned(),
                started,
                details: String::new(),
                page: None,
                commit: commit.to_owned(),
            },
        )
}

fn any_status() -> impl Strategy<Value = CommitStatus> {
    let context = proptest::sample::select(&["test", "build"][..]);
    let state = proptest::sample::select(&["success", "pending", "failure", "error", "?"][..]);
    let commit = proptest::sample::select(&[COMMIT, OTHER][..]);
    (context, state, commit, 0..4_u64, 0..3_u64).prop_map(
        |(context, state, commit, id, updated)| CommitStatus {
            id,
            context: context.to_owned(),
            state: state.to_owned(),
            creator: "anna".to_owned(),
            updated,
            url: None,
            commit: commit.to_owned(),
        },
    )
}

fn any_checked() -> impl Strategy<Value = Checked> {
    let runs = proptest::collection::vec(any_run(), 0..6);
    let statuses = proptest::collection::vec(any_status(), 0..3);
    (runs, statuses).prop_map(|(runs, statuses)| Checked {
        runs,
        statuses,
        twin: None,
    })
}

fn with(checked: Checked) -> Evidence {
    Evidence {
        checks: seen(checked),
        ..evidence()
    }
}

proptest! {
    #[test]
    fn whoever_passes_has_a_witness_for_every_name(checked in any_checked()) {
        let judged = says(&checks(&["test", "build"]), &with(checked.clone()));
        if judged.verdict == Verdict::Pass {
            for name in ["test", "build"] {
                let run = checked.runs.iter().any(|it| it.name == name && it.commit == COMMIT && it.status == "completed" && ["success", "neutral"].contains(&it.conclusion.as_str()));
                let status = checked.statuses.iter().any(|it| it.context == name && it.commit == COMMIT && it.state == "success");
                prop_assert!(run || status, "{name}");
            }
        }
    }

    #[test]
    fn a_failure_more_never_raises_a_verdict(checked in any_checked(), mut failure in any_run(), mut status in any_status(), both in proptest::bool::ANY) {
        failure.status = "completed".to_owned();
        failure.conclusion = "failure".to_owned();
        status.state = "failure".to_owned();
        let before = says(&checks(&["test", "build"]), &with(checked.clone())).verdict;
        let mut more = checked;
        more.runs.push(failure);
        if both {
            more.statuses.push(status);
        }
        let after = says(&checks(&["test", "build"]), &with(more)).verdict;
        prop_assert!(after.rank() <= before.rank(), "{before:?} became {after:?}");
    }

    #[test]
    fn what_is_of_another_commit_missing_or_late_never_passes(mut checked in any_checked(), late in STALE + 1..STALE * 9) {
        let kind = checks(&["test"]);
        let old = Evidence {
            checks: Some(Seen { at: Timestamp(NOW.0 - late), what: Ok(checked.clone()) }),
            ..evidence()
        };
        prop_assert_ne!(says(&kind, &old).verdict, Verdict::Pass);
        checked.runs.iter_mut().for_each(|it| it.commit = OTHER.to_owned());
        checked.statuses.iter_mut().for_each(|it| it.commit = OTHER.to_owned());
        prop_assert_ne!(says(&kind, &with(checked)).verdict, Verdict::Pass);
    }
}

/// Every kind that asks for something, without any of it: 4 ways in which an answer is none.
#[test]
fn no_gate_passes_for_want_of_evidence() {
    let mut count = 0;
    for kind in kinds() {
        for lack in [Lack::Lasting, Lack::Soon] {
            let mut evidence = nothing();
            refuse(&mut evidence, &kind, lack);
            let judged = says(&kind, &evidence);
            assert_eq!(judged.verdict.word(), "unknown", "{kind:?}");
            let not = says(&Kind::Not(Box::new(gate("x", kind.clone()))), &evidence);
            assert_eq!(not.verdict.word(), "unknown", "not {kind:?}");
            count += 1;
        }
        let judged = says(&kind, &nothing());
        assert!(judged.verdict.is_unasked(), "{kind:?}: {judged:?}");
        count += 1;
    }
    assert_eq!(count, 36);
}

/// Nothing was asked yet, and the image is known.
fn nothing() -> Evidence {
    Evidence {
        ledger: None,
        image: None,
        ..evidence()
    }
}

fn kinds() -> Vec<Kind> {
    let terms = command::Terms {
        deadline: 1,
        secrets: Vec::new(),
    };
    let path = || vec!["a".to_owned()];
    let findings = |sarif, scanning| {
        Kind::Findings(findings::Findings {
            sarif,
            level: findings::Level::Error,
            ignore: Vec::new(),
            baseline: None,
            scanning,
        })
    };
    vec![
        checks(&["test"]),
        Kind::Reviews(reviews::Reviews {
            approvals: 1,
            by: Vec::new(),
        }),
        Kind::Sessions(sessions::Sessions {
            names: path(),
            terms: terms.clone(),
        }),
        findings(path(), None),
        findings(
            Vec::new(),
            Some(findings::Scanning {
                tool: None,
                categories: Vec::new(),
            }),
        ),
        Kind::Tests(results::Tests {
            junit: path(),
            least: 1,
            fewer: true,
        }),
        Kind::Approval(approval::Approval::default()),
        Kind::Freeze(freeze::Freeze {
            when: freeze::When::Calendar("a".to_owned()),
            zone: "UTC".to_owned(),
        }),
        Kind::Image(image::Image {
            revision: true,
            attestation: None,
            terms,
        }),
        Kind::Fresh,
        Kind::Breaker(breaker::Breaker {
            failures: 1,
            within: 1,
        }),
        Kind::After(after::After {
            environment: "staging".to_owned(),
            soak: 1,
        }),
    ]
}

fn refuse(evidence: &mut Evidence, kind: &Kind, lack: Lack) {
    fn no<T>(lack: Lack) -> Seen<T> {
        let missing = Missing {
            lack,
            ..Missing::lasting("forge-unreachable", "it does not answer")
        };
        Seen {
            at: NOW,
            what: Err(missing),
        }
    }
    for want in wants(&gate(kind.word(), kind.clone())) {
        match want {
            Want::File(path) => drop(evidence.files.insert(path, no(lack))),
            Want::Checks(_) => evidence.checks = Some(no(lack)),
            Want::Reviews => evidence.reviews = Some(no(lack)),
            Want::Approvals => evidence.approvals = Some(no(lack)),
            Want::Alerts(tool) => drop(evidence.scans.insert(tool, no(lack))),
            Want::Tip => evidence.tip = Some(no(lack)),
            Want::Command(name) => drop(evidence.commands.insert(name, no(lack))),
            Want::Session(name) => drop(evidence.sessions.insert(name, no(lack))),
            Want::Image => evidence.image = Some(no(lack)),
            Want::Ledger => evidence.ledger = Some(no(lack)),
            Want::Proof(name) => drop(evidence.proofs.insert(name, no(lack))),
        }
    }
}
