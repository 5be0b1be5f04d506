//! What started a run: a table, with an oracle that is written differently, and what nobody overrides.

use super::*;
use crate::gate::evidence::Upstream;
use crate::gate::trigger::{Trigger, guard};

const EVENTS: [&str; 5] = [
    "push",
    "pull_request",
    "pull_request_target",
    "workflow_run",
    "issue_comment",
];

const FORKS: [Option<bool>; 3] = [None, Some(false), Some(true)];

/// None, and every one of who started it, how it ended, and which commit it was about.
fn upstreams() -> Vec<Option<Upstream>> {
    let mut all = vec![None];
    for event in ["push", "pull_request"] {
        for conclusion in ["success", "failure"] {
            for commit in [COMMIT, OTHER, ""] {
                all.push(Some(Upstream {
                    event: event.to_owned(),
                    conclusion: conclusion.to_owned(),
                    commit: commit.to_owned(),
                    branch: "main".to_owned(),
                }));
            }
        }
    }
    all
}

fn of(event: &str, fork: Option<bool>, upstream: Option<&Upstream>) -> Evidence {
    let mut evidence = evidence();
    evidence.subject.event = event.to_owned();
    evidence.subject.fork = fork;
    evidence.subject.upstream = upstream.cloned();
    evidence
}

fn named(events: &[&str]) -> Trigger {
    Trigger {
        events: events.iter().map(|it| (*it).to_owned()).collect(),
        ..Trigger::default()
    }
}

fn patterns(mut trigger: Trigger, branches: &[&str]) -> Trigger {
    trigger.branches = branches.iter().map(|it| (*it).to_owned()).collect();
    trigger
}

/// What has to be there for a yes; what speaks against it is a no, and the rest is not known.
fn oracle(
    event: &str,
    fork: Option<bool>,
    upstream: Option<&Upstream>,
    events: &[&str],
    fits: bool,
) -> &'static str {
    let foreign = event != "push";
    let dangerous = foreign && event != "pull_request";
    let another = event == "workflow_run";
    let against = [
        !events.is_empty() && !events.contains(&event),
        dangerous && events.is_empty(),
        fork == Some(true),
        !(fits || another && upstream.is_none()),
        another && upstream.is_some_and(|it| it.conclusion == "failure"),
        another && upstream.is_some_and(|it| it.event == "pull_request"),
        another && upstream.is_some_and(|it| it.commit == OTHER),
    ];
    let missing = [
        foreign && fork.is_none(),
        another && upstream.is_none_or(|it| it.commit.is_empty()),
    ];
    match (against.contains(&true), missing.contains(&true)) {
        (true, _) => "fail",
        (false, true) => "unknown",
        (false, false) => "pass",
    }
}

/// All 1,755 of five events, whether a fork is behind them, thirteen other runs that may have started this one, what the gate
/// names, and whether a pattern fits.
#[test]
fn the_table_of_what_may_start_a_deploy() {
    let (mut seen, mut passed) = (0, 0);
    for event in EVENTS {
        for fork in FORKS {
            for upstream in upstreams() {
                for events in [&[][..], &[event], &["schedule"]] {
                    for branches in [&[][..], &["ma*"], &["release/*"]] {
                        let trigger = patterns(named(events), branches);
                        let evidence = of(event, fork, upstream.as_ref());
                        let judged = says(&Kind::Trigger(trigger.clone()), &evidence);
                        let fits = branches != ["release/*"];
                        let expected = oracle(event, fork, upstream.as_ref(), events, fits);
                        assert_eq!(
                            judged.verdict.word(),
                            expected,
                            "{event} {fork:?} {upstream:?} {trigger:?}"
                        );
                        seen += 1;
                        passed += usize::from(expected == "pass");
                    }
                }
            }
        }
    }
    assert_eq!((seen, passed), (1_755, 210));
}

/// All 1,170 of what started it and a gate that is configured, overridden or not: an override lifts what the gate names, and
/// nothing of what holds for every deploy.
#[test]
fn code_of_a_fork_is_not_deployed_whoever_overrides_what() {
    let overrides = |names: &[&str]| Overrides {
        names: names.iter().map(|it| (*it).to_owned()).collect(),
        words: "mallory: please".to_owned(),
    };
    let both = overrides(&["trigger", "trigger-of-the-run"]);
    let mut seen = 0;
    for event in EVENTS {
        for fork in FORKS {
            for upstream in upstreams() {
                for events in [None, Some(&[event][..]), Some(&["schedule"])] {
                    let configured = events.map(|it| patterns(named(it), &["release/*"]));
                    let configured = configured.map(|it| gate("trigger", Kind::Trigger(it)));
                    let gates: Vec<Gate> = configured.into_iter().collect();
                    let evidence = of(event, fork, upstream.as_ref());
                    let guard = guard(&gates, event, fork);
                    let all: Vec<&Gate> = guard.iter().chain(&gates).collect();
                    for overrides in [&Overrides::default(), &both] {
                        let judge = |it: &&Gate| judge(it, &evidence, overrides, NOW);
                        let judged: Vec<Judged> = all.iter().map(judge).collect();
                        let passes = all.is_empty() || verdict(&judged) == Verdict::Pass;
                        let lets_in = events == Some(&[event]);
                        let allowed = if lets_in { &[event][..] } else { &[] };
                        let base = oracle(event, fork, upstream.as_ref(), allowed, true);
                        let lifted = !overrides.names.is_empty();
                        let expected = base == "pass" && (lifted || gates.is_empty());
                        assert_eq!(passes, expected, "{event} {fork:?} {upstream:?} {events:?}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen, 1_170);
}

#[test]
fn the_guard_has_a_name_of_its_own_and_what_keeps_an_event_out_does_not_let_it_in() {
    let name = |gates: &[Gate]| guard(gates, "workflow_run", None).map(|it| it.name);
    assert_eq!(name(&[]).as_deref(), Some("trigger"));
    let configured = gate("trigger", Kind::Trigger(named(&["workflow_run"])));
    let group = gate("x", Kind::Any(vec![configured.clone()]));
    assert_eq!(name(&[group]).as_deref(), Some("trigger-of-the-run"));
    let out = gate("x", Kind::Not(Box::new(configured)));
    let guard = guard(&[out], "workflow_run", None).expect("it is asked");
    assert_eq!(guard.kind, Kind::Trigger(Trigger::default()));
    assert_eq!(trigger::guard(&[], "push", None), None);
}

/// A run that another one started is of the default branch, whatever the other one was of.
#[test]
fn patterns_are_held_against_the_branch_of_the_other_run() {
    let upstream = |branch: &str| Upstream {
        event: "push".to_owned(),
        conclusion: "success".to_owned(),
        commit: COMMIT.to_owned(),
        branch: branch.to_owned(),
    };
    for (branch, expected) in [
        ("main", "pass"),
        ("feature", "fail"),
        ("v1", "fail"),
        ("", "unknown"),
    ] {
        let mut trigger = patterns(named(&["workflow_run"]), &["main"]);
        trigger.tags = vec!["v*".to_owned()];
        let evidence = of("workflow_run", Some(false), Some(&upstream(branch)));
        assert_eq!(evidence.subject.branch.as_deref(), Some("main"));
        let judged = says(&Kind::Trigger(trigger), &evidence);
        assert_eq!(judged.verdict.word(), expected, "{branch}");
    }
}
