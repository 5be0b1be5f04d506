//! Approvals: a table of who pressed the button in which attempt, and who approved, with an oracle that is written differently.

use super::*;
use crate::event::System;
use crate::forge::is_person;
use crate::gate::approval::Approval;

/// Who started this attempt, and whether the platform says so; the last is at a terminal of their own.
const WHO: [(Option<&str>, bool, System); 5] = [
    (Some("anna"), true, System::GitHub),
    (Some("mallory"), true, System::GitHub),
    (Some("renovate[bot]"), true, System::GitHub),
    (None, false, System::GitHub),
    (Some("anna"), false, System::Git),
];

/// User, what they did, and to which environment.
type Did = (&'static str, &'static str, &'static str);

const DONE: [&[Did]; 7] = [
    &[],
    &[("Anna", "approved", "Production")],
    &[("mallory", "approved", "production")],
    &[("anna", "approved", "staging")],
    &[
        ("anna", "approved", "production"),
        ("carl", "rejected", "production"),
    ],
    &[("carl", "rejected", "production")],
    &[("github-actions[bot]", "approved", "production")],
];

fn oracle(
    by: &[&str],
    by_hand: bool,
    (actor, vouched, system): (Option<&str>, bool, System),
    attempt: Option<u32>,
    done: &[Did],
) -> &'static str {
    let may = |who: &str| !who.contains("[bot]") && (by.is_empty() || who.to_lowercase() == "anna");
    let terminal = system == System::Git;
    let known = vouched || (terminal && by.is_empty());
    if by_hand && known && (terminal || actor.is_some_and(may)) {
        return "pass";
    }
    let here: Vec<&Did> = done
        .iter()
        .filter(|it| it.2.to_lowercase() == "production")
        .collect();
    let here = if attempt > Some(1) { Vec::new() } else { here };
    match attempt {
        None if !here.is_empty() => return "unknown",
        _ if here.iter().any(|it| it.1 == "rejected") => return "fail",
        _ if here.iter().any(|it| may(it.0)) => return "pass",
        _ if by_hand && !known => return "unknown",
        _ => {}
    }
    "pending"
}

/// All 420 of who may, whether a button was pressed, by whom, in which attempt, and what was approved or rejected.
#[test]
fn the_table_of_who_pressed_the_button() {
    let (mut count, mut passed) = (0, 0);
    for by in [&[][..], &["anna"]] {
        for by_hand in [false, true] {
            for who in WHO {
                for attempt in [None, Some(1), Some(2)] {
                    for done in DONE {
                        let mut evidence = evidence();
                        let (actor, vouched, system) = who;
                        evidence.subject.by_hand = by_hand;
                        evidence.subject.actor = actor.map(str::to_owned);
                        evidence.subject.vouched = vouched;
                        evidence.subject.system = system;
                        evidence.subject.attempt = attempt;
                        let approvals = done.iter().map(|(user, state, environment)| Approved {
                            user: (*user).to_owned(),
                            state: (*state).to_owned(),
                            environments: vec![(*environment).to_owned()],
                        });
                        evidence.approvals = seen(approvals.collect::<Vec<_>>());
                        let by_owned = by.iter().map(|it| (*it).to_owned()).collect();
                        let kind = Kind::Approval(Approval { by: by_owned });
                        let judged = says(&kind, &evidence);
                        let expected = oracle(by, by_hand, who, attempt, done);
                        assert_eq!(
                            judged.verdict.word(),
                            expected,
                            "{by:?} {by_hand} {who:?} {attempt:?} {done:?}: {judged:?}"
                        );
                        assert!(!judged.because.is_empty() || expected == "pending");
                        count += 1;
                        passed += usize::from(expected == "pass");
                    }
                }
            }
        }
    }
    assert_eq!((count, passed), (420, 107));
}

/// Anna approved attempt 1; Mallory, who may not, runs the job again, and the platform still shows Anna's approval.
#[test]
fn an_approval_of_an_earlier_attempt_lets_nobody_else_through() {
    let mut evidence = evidence();
    evidence.subject.by_hand = true;
    evidence.subject.actor = Some("mallory".to_owned());
    evidence.subject.attempt = Some(2);
    evidence.approvals = seen(vec![Approved {
        user: "anna".to_owned(),
        state: "approved".to_owned(),
        environments: vec!["production".to_owned()],
    }]);
    let by = vec!["anna".to_owned()];
    let judged = says(&Kind::Approval(Approval { by }), &evidence);
    let Verdict::Pending { on, .. } = &judged.verdict else {
        panic!("{judged:?}")
    };
    assert_eq!(on, "anna, who may run it again");
    let texts: Vec<&str> = judged.because.iter().map(|it| it.text.as_str()).collect();
    assert!(texts.concat().contains("this is attempt 2"), "{texts:?}");
    evidence.subject.actor = None;
    evidence.subject.vouched = false;
    let by = vec!["anna".to_owned()];
    let judged = says(&Kind::Approval(Approval { by }), &evidence);
    assert_eq!(judged.verdict.word(), "unknown");
}

#[test]
fn machines_are_no_people() {
    for (login, person) in [
        ("anna", true),
        ("robot", true),
        ("", false),
        ("renovate[bot]", false),
        ("github-actions[bot]", false),
        ("forgejo-actions", false),
    ] {
        assert_eq!(is_person(login), person, "{login}");
    }
}
