//! Going back: after a failure, on request, without a lease.

use super::super::*;
use super::bench::{alive, fenced, id, is_commit, is_route, lives, no, probed, unknown};
use super::{Bench, Plans};

/// The new version answers its probes and fails its users.
fn bad_bake(bench: &mut Bench) -> End {
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.asked.clear();
    bench.finish_with(|action| {
        matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), alive(10, 0)))
    })
}

#[test]
fn routes_back_before_anything_else_after_a_bad_bake() {
    let mut bench = Plans::new().begin();
    let end = bad_bake(&mut bench);
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::RolledBack, Some(Generation(1)))
    );
    let acts = [
        "route g1-1=256",
        "route g1-1=256",
        "log g2-1",
        "remove g2-1",
        "conclude rolled-back",
    ];
    assert_eq!(
        bench.acts(),
        acts,
        "the second asks for requests that still run"
    );
}

#[test]
fn recreate_goes_back_to_one_version_at_a_time() {
    let mut bench = Plans::new().recreate().begin();
    assert_eq!(bad_bake(&mut bench).outcome, Outcome::RolledBack);
    let acts = [
        "route nothing",
        "stop g2-1",
        "revive g1-1",
        "route g1-1=256",
        "route g1-1=256",
        "log g2-1",
        "remove g2-1",
        "conclude rolled-back",
    ];
    assert_eq!(bench.acts(), acts);
}

#[test]
fn a_first_deploy_that_fails_leaves_nothing_routed() {
    for plans in [Plans::new().first(), Plans::new().first().recreate()] {
        let mut bench = plans.begin();
        let end = bad_bake(&mut bench);
        assert_eq!(
            (end.outcome, end.serving, end.quarantine),
            (Outcome::RolledBack, None, true)
        );
        assert_eq!(
            bench.acts(),
            [
                "route nothing",
                "log g2-1",
                "remove g2-1",
                "conclude rolled-back"
            ]
        );
    }
}

#[test]
fn an_instance_that_somebody_removed_is_nobodys_fault() {
    for phase in ["proving", "baking"] {
        let mut bench = Plans::new().begin();
        bench.until_with(|_| None, |bench| bench.rollout.phase() == phase);
        let end = bench.finish_with(|action| {
            matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), Life::default()))
        });
        assert!(!end.quarantine, "{phase}: {end:?}");
        assert_eq!(end.serving, Some(Generation(1)), "{phase}");
        assert!(
            end.because.join(" ").contains("somebody removed it"),
            "{end:?}"
        );
    }
}

type Odd = fn(&Action) -> Option<Observation>;

#[test]
fn quarantines_what_was_seen_unwell() {
    let unwell: [(&str, Odd); 7] = [
        ("start-failed", |action| {
            let refused = || Observation::Started(Started::Refused("no such command".to_owned()));
            matches!(action, Action::Start(_)).then(refused)
        }),
        ("exited", |action| {
            watch(
                action,
                Life {
                    running: false,
                    exit: Some(1),
                    ..alive(0, 0)
                },
            )
        }),
        ("restarted", |action| {
            watch(
                action,
                Life {
                    restarts: 1,
                    ..alive(0, 0)
                },
            )
        }),
        ("unhealthy", |action| {
            watch(
                action,
                Life {
                    unhealthy: true,
                    ..alive(0, 0)
                },
            )
        }),
        ("wrong-digest", |action| {
            watch(
                action,
                Life {
                    as_planned: Some(false),
                    ..alive(0, 0)
                },
            )
        }),
        ("errors", |action| watch(action, alive(100, 0))),
        ("not-proven", |action| {
            probe(action, Seen::Bad("503".to_owned()))
        }),
    ];
    for (reason, odd) in unwell {
        let end = Plans::new().begin().finish_with(odd);
        assert_eq!(
            (end.reason.as_str(), end.outcome, end.quarantine),
            (reason, Outcome::RolledBack, true)
        );
    }
}

#[test]
fn quarantines_only_what_was_seen_unwell() {
    let nobodys_fault: [(&str, Odd); 7] = [
        ("a start that fails", |action| {
            matches!(action, Action::Start(_)).then(|| no(action))
        }),
        ("a start that hangs", |action| {
            matches!(action, Action::Start(_)).then(|| unknown(action))
        }),
        ("an engine that says nothing", |action| {
            matches!(action, Action::Watch(_)).then(|| Observation::Watched([].into()))
        }),
        ("a probe that cannot be made", |action| {
            probe(action, Seen::Nothing("no route".to_owned()))
        }),
        ("an adoption that fails", |action| {
            matches!(action, Action::Adopt(_)).then(|| no(action))
        }),
        ("a commit that fails", |action| {
            is_commit(action).then(|| no(action))
        }),
        ("a lost lease", |action| {
            is_route(action).then(|| fenced(action))
        }),
    ];
    for (name, odd) in nobodys_fault {
        assert!(!Plans::new().begin().finish_with(odd).quarantine, "{name}");
    }
}

fn watch(action: &Action, life: Life) -> Option<Observation> {
    matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), life))
}

fn probe(action: &Action, seen: Seen) -> Option<Observation> {
    match action {
        Action::Probe(members) if members[0].id == id(2, 1) => Some(probed(id(2, 1), seen)),
        _ => None,
    }
}

#[test]
fn a_proof_that_failed_for_want_of_measuring_blames_nobody_else() {
    // The first is never measured, the second is seen to be unwell: that one is to blame.
    let seen = [
        (id(2, 1), Seen::Nothing("no route".to_owned())),
        (id(2, 2), Seen::Bad("503".to_owned())),
    ];
    let mut bench = Plans::new().replicas(2).begin();
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members[0].id.generation == Generation(2) => {
            Some(Observation::Probed(seen.clone().into()))
        }
        _ => None,
    });
    assert_eq!((end.reason.as_str(), end.quarantine), ("not-proven", true));
    assert!(bench.acts().contains(&"log g2-2".to_owned()));
}

#[test]
fn a_failure_before_the_traffic_moved_does_not_ask_whether_the_old_version_is_well() {
    let mut bench = Plans::new().begin();
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) => Some(probed(members[0].id, Seen::Bad("503".to_owned()))),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::RolledBack, Some(Generation(1)))
    );
}

/// Everything that fails before an instance exists leaves nothing to undo.
#[test]
fn what_fails_before_anything_was_started_is_failed_and_not_undone() {
    for plans in [Plans::new(), Plans::new().recreate()] {
        let mut bench = plans.begin();
        let end =
            bench.finish_with(|action| matches!(action, Action::Adopt(_)).then(|| no(action)));
        assert_eq!(
            (end.outcome, end.serving),
            (Outcome::Failed, Some(Generation(1)))
        );
        assert_eq!(
            bench.acts(),
            [
                "adopt g1-1",
                "began",
                "adopt g1-1",
                "adopt g1-1",
                "conclude failed"
            ]
        );
    }
}

#[test]
fn an_engine_that_does_nothing_any_more_strands_only_what_it_had_touched() {
    let all = |action: &Action| {
        Some(no(action)).filter(|_| !matches!(action, Action::Probe(_) | Action::Watch(_)))
    };
    let mut early = Plans::new().begin();
    early.until_asked(is_route);
    let end = early.finish_with(all);
    assert_eq!(
        (end.outcome, end.serving, end.left),
        (Outcome::Failed, Some(Generation(1)), vec![id(2, 1)])
    );
    let mut late = Plans::new().begin();
    late.until_with(|_| None, |bench| bench.rollout.phase() == "shifting");
    let end = late.finish_with(all);
    assert_eq!(
        (end.outcome, end.serving, end.left),
        (Outcome::Stranded, None, vec![id(2, 1)])
    );
}

#[test]
fn strands_with_the_traffic_on_whoever_still_runs() {
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.cancel();
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) => Some(probed(members[0].id, Seen::Bad("503".to_owned()))),
        _ => None,
    });
    assert_eq!((end.outcome, end.serving), (Outcome::Stranded, None));
    assert_eq!(
        bench.acts().last().map(String::as_str),
        Some("route g1-1=256 g2-1=256b")
    );
}

#[test]
fn one_blind_probe_on_the_way_back_strands_nobody() {
    let mut blind = 3;
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.cancel();
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members[0].id == id(1, 1) && blind > 0 => {
            blind -= 1;
            Some(probed(id(1, 1), Seen::Nothing("no route".to_owned())))
        }
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::Cancelled);
}

#[test]
fn goes_back_to_what_answers_of_the_old_version_when_time_is_up() {
    let mut bench = Plans::new().replicas(2).begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.asked.clear();
    bench.until_with(
        |action| matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), alive(10, 0))),
        |bench| bench.rollout.phase() == "reverting",
    );
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members[0].id == id(1, 1) => {
            let seen = [
                (id(1, 1), Seen::Bad("503".to_owned())),
                (id(1, 2), Seen::Good),
            ];
            Some(Observation::Probed(seen.into()))
        }
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::RolledBack, Some(Generation(1)))
    );
    assert!(bench.now.since(Timestamp(0)) >= 4_000);
}

/// After each of its answers in turn: accepted everywhere, and never a lie about what serves.
#[test]
fn cancel_is_accepted_in_every_phase_and_harmless_when_over() {
    for plans in [
        Plans::new,
        || Plans::new().recreate(),
        || Plans::new().first(),
    ] {
        let mut undisturbed = plans().begin();
        undisturbed.finish();
        for after in 0..=undisturbed.asked.len() {
            let mut bench = plans().begin();
            let mut left = after;
            while left > 0 && bench.rollout.end().is_none() {
                let (_, action) = bench.open.first().cloned().unwrap_or_else(|| {
                    bench.wake();
                    bench.open[0].clone()
                });
                bench.answer(super::bench::well(&action));
                left -= 1;
            }
            let (phase, before) = (bench.rollout.phase(), bench.rollout.clone());
            bench.cancel();
            if let Some(end) = before.end() {
                assert_eq!(bench.rollout.end(), Some(end), "a no-op when it is over");
                continue;
            }
            let committed = matches!(phase, "committing" | "retiring" | "concluding");
            let expected = if committed {
                Outcome::Deployed
            } else {
                Outcome::Cancelled
            };
            assert_eq!(
                bench.finish().outcome,
                expected,
                "after {after} answers, {phase}"
            );
        }
    }
}

#[test]
fn a_cancel_before_anything_was_sent_takes_it_back() {
    let plan = Plans::new().begin().rollout.plan().clone();
    let mut rollout = Rollout::begin(Timestamp(0), plan);
    rollout.cancel(Timestamp(0));
    let asked: Vec<Action> = std::iter::from_fn(|| rollout.poll())
        .map(|(_, action)| action)
        .collect();
    assert!(matches!(asked[..], [Action::Conclude(_)]), "{asked:?}");
}

#[test]
fn a_cancel_while_the_shift_is_under_way_waits_for_its_answer() {
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "shifting");
    bench.asked.clear();
    bench.cancel();
    assert_eq!(
        bench.acts(),
        Vec::<String>::new(),
        "a write that it would overtake is under way"
    );
    assert_eq!(bench.finish().outcome, Outcome::Cancelled);
    assert_eq!(bench.acts()[0], "route g1-1=256");
}

#[test]
fn a_cancel_while_starts_are_under_way_routes_at_once_and_removes_when_they_have_ended() {
    let mut bench = Plans::new().replicas(2).begin();
    bench.until_asked(|action| matches!(action, Action::Start(_)));
    bench.asked.clear();
    bench.cancel();
    assert_eq!(bench.acts(), ["route g1-1=256 g1-2=256"]);
    let start = bench.open.remove(0);
    let other = bench.open.remove(0);
    bench.until_with(|_| None, |bench| bench.open.is_empty());
    assert_eq!(bench.rollout.end(), None);
    assert!(
        !bench.acts().iter().any(|act| act.starts_with("remove")),
        "{:?}",
        bench.acts()
    );
    bench.open = vec![start, other];
    assert_eq!(bench.finish().outcome, Outcome::Cancelled);
    assert_eq!(
        bench.acts()[1..],
        ["remove g2-1", "remove g2-2", "conclude cancelled"]
    );
}

#[test]
fn recreate_waits_for_a_start_before_it_brings_the_old_version_back() {
    let mut bench = Plans::new().recreate().begin();
    bench.until_asked(|action| matches!(action, Action::Start(_)));
    bench.asked.clear();
    bench.cancel();
    assert_eq!(bench.acts(), Vec::<String>::new());
    bench.finish();
    assert_eq!(
        bench.acts()[..3],
        ["route nothing", "stop g2-1", "revive g1-1"]
    );
}

#[test]
fn recreate_does_not_bring_the_old_version_back_beside_a_new_one_that_cannot_be_stopped() {
    let mut bench = Plans::new().recreate().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.cancel();
    let end = bench.finish_with(|action| matches!(action, Action::Stop(_)).then(|| no(action)));
    assert_eq!(end.outcome, Outcome::Stranded);
    assert!(!bench.acts().iter().any(|act| act.starts_with("revive")));
    assert_eq!(
        bench.acts().last().map(String::as_str),
        Some("route g1-1=256 g2-1=256b")
    );
}

#[test]
fn a_hurried_way_back_still_sees_that_the_old_version_answers() {
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    let since = bench.now;
    bench.cancel();
    assert_eq!(bench.finish().outcome, Outcome::Cancelled);
    assert_eq!(bench.now, since, "when all is well, no time is needed");
    let probes =
        |action: &&Action| matches!(action, Action::Probe(members) if members[0].id == id(1, 1));
    assert_eq!(bench.asked.iter().filter(probes).count(), 1);
}

#[test]
fn a_cancel_after_the_commit_leaves_the_rest_to_the_next_run() {
    let mut bench = Plans::new().begin();
    bench.until_asked(is_commit);
    bench.cancel();
    let end = bench.finish();
    assert_eq!((end.outcome, end.left), (Outcome::Deployed, vec![id(1, 1)]));
    assert!(!bench.acts().contains(&"remove g1-1".to_owned()));
}

/// Each write in turn finds that another run has the lease.
#[test]
fn a_lost_lease_ends_it_at_once_and_blames_nobody() {
    for plans in [Plans::new, || Plans::new().recreate()] {
        let writes = |action: &Action| {
            matches!(
                action,
                Action::Adopt(_) | Action::Record(..) | Action::Route { .. } | Action::Conclude(_)
            )
        };
        let mut undisturbed = plans().begin();
        undisturbed.finish();
        let count = undisturbed.asked.iter().filter(|it| writes(it)).count();
        for lost in 0..count {
            let mut bench = plans().begin();
            let mut seen = 0;
            let end = bench.finish_with(|action| {
                seen += usize::from(writes(action));
                (writes(action) && seen == lost + 1).then(|| fenced(action))
            });
            let commit = bench
                .asked
                .iter()
                .filter(|it| writes(it))
                .position(is_commit);
            let committed = commit.is_some_and(|commit| lost > commit);
            let expected = if committed {
                Outcome::Deployed
            } else {
                Outcome::Busy
            };
            assert_eq!(
                (end.outcome, end.quarantine),
                (expected, false),
                "write {lost}"
            );
        }
    }
}

#[test]
fn a_lease_lost_at_a_commit_of_which_nobody_knows_says_so() {
    let mut bench = Plans::new().begin();
    bench.until_asked(is_commit);
    bench.answer(Observation::Acted(Done::Unknown(
        "it took too long".to_owned(),
    )));
    bench.wake();
    bench.answer(Observation::Acted(Done::Fenced("run 8".to_owned())));
    let end = bench.finish();
    assert_eq!(end.outcome, Outcome::Busy);
    assert!(
        end.because.iter().any(|why| why.contains("nobody knows")),
        "{end:?}"
    );
}

/// After each of its answers in turn the process is ended, and what it then says is true as far as anybody can know.
#[test]
fn who_can_wait_no_longer_claims_no_more_than_is_known() {
    for plans in [Plans::new, || Plans::new().recreate()] {
        let mut undisturbed = plans().begin();
        undisturbed.finish();
        for after in 0..undisturbed.asked.len() {
            let mut bench = plans().begin();
            for _ in 0..after {
                if bench.open.is_empty() {
                    bench.wake();
                }
                let action = bench.open[0].1.clone();
                bench.answer(super::bench::well(&action));
            }
            let phase = bench.rollout.phase();
            let forward = bench.rollout.end_when_given_up();
            bench.cancel();
            let back = bench.rollout.end_when_given_up();
            let touched = bench
                .acts()
                .iter()
                .any(|act| act.contains("route nothing") || act.contains("g2-1=256"));
            let known = match phase {
                "retiring" | "concluding" => (Outcome::Deployed, Some(Generation(2))),
                _ if touched => (Outcome::Stranded, None),
                _ => (Outcome::Cancelled, Some(Generation(1))),
            };
            for end in [forward, back] {
                assert_eq!(
                    (end.outcome, end.serving),
                    known,
                    "after {after} answers, {phase}"
                );
                assert!(!end.quarantine, "nothing is recorded");
            }
        }
    }
}
