//! Going forward: the order of things, and what is taken for evidence.

use super::super::*;
use super::bench::{alive, id, is_commit, is_route, lives, no, probed, unknown, well};
use super::{Bench, Plans};

#[test]
fn blue_green_puts_the_old_away_only_after_the_commit() {
    let mut bench = Plans::new().begin();
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving, end.quarantine),
        (Outcome::Deployed, Some(Generation(2)), false)
    );
    assert_eq!(
        bench.acts(),
        [
            "adopt g1-1",
            "began",
            "start g2-1",
            "route g1-1=256 g2-1=0",
            "route g1-1=0 g1-1=256b g2-1=256",
            "commit",
            "route g2-1=256",
            "remove g1-1",
            "conclude deployed",
        ]
    );
}

#[test]
fn recreate_stops_the_old_before_it_starts_the_new_and_removes_it_only_after_the_commit() {
    let mut bench = Plans::new().recreate().begin();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    assert_eq!(
        bench.acts(),
        [
            "adopt g1-1",
            "began",
            "route nothing",
            "stop g1-1",
            "start g2-1",
            "route g2-1=0",
            "route g2-1=256",
            "commit",
            "route g2-1=256",
            "remove g1-1",
            "conclude deployed",
        ]
    );
}

#[test]
fn a_first_deploy_has_nothing_to_adopt_and_nothing_to_put_away() {
    for plans in [Plans::new().first(), Plans::new().first().recreate()] {
        let mut bench = plans.begin();
        assert_eq!(bench.finish().outcome, Outcome::Deployed);
        let acts = [
            "began",
            "start g2-1",
            "route g2-1=0",
            "route g2-1=256",
            "commit",
            "route g2-1=256",
        ];
        assert_eq!(bench.acts(), [&acts[..], &["conclude deployed"]].concat());
    }
}

#[test]
fn recreate_also_stops_what_nobody_owns_before_it_starts_anything() {
    let mut bench = Plans::new().first().recreate().strays(&[id(7, 1)]).begin();
    bench.finish();
    assert_eq!(
        bench.acts()[..5],
        [
            "adopt g7-1",
            "began",
            "route nothing",
            "stop g7-1",
            "start g2-1"
        ]
    );
}

#[test]
fn each_phase_is_told_once() {
    let mut bench = Plans::new().begin();
    bench.finish();
    let phases = [
        "leased",
        "preparing",
        "proving",
        "shifting",
        "baking",
        "committing",
        "retiring",
        "concluding",
        "over",
    ];
    assert_eq!(bench.phases(), phases);
}

#[test]
fn an_old_fleet_without_instances_counts_as_none() {
    let gone = Fleet {
        generation: Generation(1),
        members: vec![],
    };
    let mut bench = Plans::new().change(|plan| plan.old = Some(gone)).begin();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    assert_eq!(bench.acts()[..2], ["began", "start g2-1"]);
}

#[test]
fn a_plan_without_instances_is_refused_before_anything_is_touched() {
    let mut bench = Plans::new().change(|plan| plan.new.members.clear()).begin();
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Failed, Some(Generation(1)))
    );
    assert_eq!(bench.acts(), ["conclude failed"]);
}

#[test]
fn nothing_is_shifted_before_every_instance_is_proven_and_its_digest_read() {
    let bad = [
        lives(
            id(2, 1),
            Life {
                as_planned: None,
                ..alive(0, 0)
            },
        ),
        Observation::Watched([].into()),
        probed(id(2, 1), Seen::Good),
    ];
    for watched in bad {
        let mut bench = Plans::new().begin();
        let odd = |action: &Action| matches!(action, Action::Watch(_)).then(|| watched.clone());
        let end = bench.finish_with(odd);
        assert_eq!(
            (end.outcome, end.quarantine),
            (Outcome::Failed, false),
            "{watched:?}"
        );
        assert!(
            !bench.acts().iter().any(|act| act.contains("g2-1=256")),
            "{watched:?}"
        );
    }
}

#[test]
fn good_probes_count_only_in_a_row() {
    let mut round = 0;
    let mut bench = Plans::new().begin();
    bench.until_with(
        |action| match action {
            Action::Probe(_) => {
                round += 1;
                let seen = if round == 2 {
                    Seen::Nothing("no route".to_owned())
                } else {
                    Seen::Good
                };
                Some(probed(id(2, 1), seen))
            }
            _ => None,
        },
        |bench| bench.rollout.phase() == "shifting",
    );
    assert_eq!(round, 4, "one, none, one, two");
}

#[test]
fn a_bake_that_ends_blind_is_no_pass() {
    for blind in [
        |_: &Action| Observation::Watched([].into()),
        |_: &Action| {
            lives(
                id(2, 1),
                Life {
                    traffic: None,
                    ..alive(0, 0)
                },
            )
        },
        |_: &Action| {
            lives(
                id(2, 1),
                Life {
                    as_planned: None,
                    ..alive(0, 0)
                },
            )
        },
    ] {
        let mut bench = Plans::new().begin();
        bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
        let bake = bench.now;
        let end =
            bench.finish_with(|action| matches!(action, Action::Watch(_)).then(|| blind(action)));
        assert_eq!((end.outcome, end.quarantine), (Outcome::RolledBack, false));
        assert!(
            bench.now.since(bake) >= 15_000,
            "it waited for evidence as long as the proof may take"
        );
    }
}

#[test]
fn the_last_look_of_a_bake_is_at_its_end() {
    let mut bench = Plans::new()
        .change(|plan| plan.timing.every = 3_000)
        .begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    let bake = bench.now;
    bench.until_asked(is_commit);
    assert_eq!(bench.now.since(bake), 5_000);
}

#[test]
fn a_bake_without_length_still_looks_once() {
    let mut bench = Plans::new().change(|plan| plan.timing.bake = 0).begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    let looks = bench.asked.len();
    bench.until_asked(is_commit);
    assert_eq!(
        bench.asked.len() - looks,
        1,
        "the look was asked for on entering; the commit comes next"
    );
}

/// A look that sees so many requests begun, and so many of them answered, all well.
fn begun(begun: u64, answered: u64) -> Life {
    let life = alive(answered, answered);
    let traffic = life.traffic.map(|traffic| Traffic { begun, ..traffic });
    Life { traffic, ..life }
}

#[test]
fn a_version_that_leaves_everybody_waiting_is_condemned_though_it_looks_well() {
    let mut bench = Plans::new()
        .change(|plan| plan.timing.bake = 60_000)
        .begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    let since = bench.now;
    let mut users = 0;
    let end = bench.finish_with(|action| {
        users += 10;
        matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), begun(users, 0)))
    });
    assert_eq!(
        (end.reason.as_str(), end.quarantine),
        ("errors", true),
        "{end:?}"
    );
    assert!(
        end.because.join(" ").contains("has been answered"),
        "{end:?}"
    );
    let took = bench.now.since(since);
    assert!(
        (15_000..25_000).contains(&took),
        "long before the bake is over: {took}"
    );
}

#[test]
fn a_short_bake_does_not_end_while_nobody_has_been_answered() {
    let mut bench = Plans::new().change(|plan| plan.timing.bake = 0).begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    let mut users = 0;
    let end = bench.finish_with(|action| {
        users += 10;
        matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), begun(users, 0)))
    });
    assert_eq!(
        (end.outcome, end.quarantine),
        (Outcome::RolledBack, false),
        "{end:?}"
    );
    assert!(
        end.because.join(" ").contains("has been answered"),
        "{end:?}"
    );
}

#[test]
fn requests_that_wait_put_the_verdict_off_and_do_not_condemn_by_themselves() {
    // Nine of ten are answered late or never.
    for (late, longer) in [(true, true), (false, false)] {
        let mut bench = Plans::new()
            .change(|plan| plan.timing.bake = 12_000)
            .begin();
        bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
        let (since, mut users) = (bench.now, 0);
        let end = bench.finish_with(|action| {
            users += 10;
            let answered = if late { users / 10 } else { users };
            matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), begun(users, answered)))
        });
        assert_eq!(end.outcome, Outcome::Deployed, "{end:?}");
        assert_eq!(
            bench.now.since(since) > 14_000,
            longer,
            "{}",
            bench.now.since(since)
        );
    }
}

/// Bad answers of how many attempts condemn, at 5 %.
#[test]
fn errors_condemn_above_the_limit_but_not_a_blip_of_two() {
    for (attempts, bad, condemned) in [
        (0, 0, false),
        (1, 1, false),
        (2, 2, true),
        (40, 2, false),
        (20, 2, false),
        (3, 3, true),
        (60, 3, false),
        (59, 3, true),
        (1_000, 50, false),
        (1_000, 51, true),
    ] {
        let mut bench = Plans::new().begin();
        let odd = |action: &Action| {
            matches!(action, Action::Watch(_))
                .then(|| lives(id(2, 1), alive(attempts, attempts - bad)))
        };
        bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
        let end = bench.finish_with(odd);
        let outcome = if condemned {
            Outcome::RolledBack
        } else {
            Outcome::Deployed
        };
        assert_eq!(
            (end.outcome, end.quarantine),
            (outcome, condemned),
            "{bad} of {attempts}"
        );
    }
}

#[test]
fn counts_survive_a_restart_of_the_router() {
    let mut look = 0;
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    let end = bench.finish_with(|action| match action {
        Action::Watch(_) => {
            look += 1;
            // Two bad ones, a restart, and two more: neither half condemns, the whole does.
            let traffic = Some(Traffic {
                attempts: 20,
                good: 18,
                begun: 20,
                answered: 20,
                refused: 0,
                epoch: look / 2,
            });
            Some(lives(
                id(2, 1),
                Life {
                    traffic,
                    ..alive(0, 0)
                },
            ))
        }
        _ => None,
    });
    assert_eq!(end.reason, "errors");
}

#[test]
fn a_write_is_tried_three_times() {
    let mut bench = Plans::new().begin();
    bench.until_asked(is_route);
    bench.answer(no(&Action::Adopt(vec![])));
    bench.wake();
    let route = bench.open[0].1.clone();
    bench.answer(unknown(&route));
    bench.wake();
    bench.answer(well(&route));
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    assert_eq!(
        bench
            .acts()
            .iter()
            .filter(|act| *act == "route g1-1=256 g2-1=0")
            .count(),
        3
    );
}

#[test]
fn an_engine_that_is_away_is_waited_for() {
    let unanswered = |kind: fn(&Action) -> bool, mut times: u8| {
        let mut bench = Plans::new().patience(30_000).begin();
        let end = bench.finish_with(|action| {
            let unanswered = kind(action) && times > 0;
            times -= u8::from(unanswered);
            unanswered.then(|| unknown(action))
        });
        (end.outcome, bench.now)
    };
    for kind in [is_route, is_commit] {
        let (outcome, at) = unanswered(kind, 9);
        assert_eq!(outcome, Outcome::Deployed);
        assert!(at > Timestamp(23_500), "it waited in between: {at:?}");
        assert_ne!(unanswered(kind, 200).0, Outcome::Deployed, "not for ever");
    }
}

#[test]
fn an_unknown_commit_is_never_taken_back() {
    type Answer = fn(&Action) -> Observation;
    let answers: [&[Answer]; 3] = [
        &[unknown, unknown, unknown],
        &[unknown, no, no],
        &[no, unknown, no],
    ];
    for answers in answers {
        let mut bench = Plans::new().begin();
        bench.until_asked(is_commit);
        let mut answers = answers.iter();
        let end = bench.finish_with(|action| {
            Some(answers.next().expect("nothing is asked for after it")(
                action,
            ))
        });
        assert_eq!(
            (end.outcome, end.reason.as_str()),
            (Outcome::Stranded, "commit-unknown")
        );
        assert_eq!(
            bench.acts().last().map(String::as_str),
            Some("commit"),
            "nothing is undone"
        );
    }
}

#[test]
fn a_commit_that_was_not_recorded_is_no_commit() {
    let mut bench = Plans::new().begin();
    let end = bench.finish_with(|action| is_commit(action).then(|| no(action)));
    assert_eq!(
        (end.outcome, end.serving, end.quarantine),
        (Outcome::RolledBack, Some(Generation(1)), false)
    );
}

#[test]
fn requests_on_the_old_version_may_end_until_the_drain_is_over() {
    let lingers = |_: &Action| Observation::Routed {
        done: Done::Yes,
        lingering: vec![(id(1, 1), 4)],
    };
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "retiring");
    let since = bench.now;
    bench.until_with(
        |action| is_route(action).then(|| lingers(action)),
        |bench| bench.acts().iter().any(|act| act == "remove g1-1"),
    );
    assert_eq!(bench.now.since(since), 3_000);
    let forced = bench
        .asked
        .iter()
        .filter(|action| matches!(action, Action::Route { force: true, .. }))
        .count();
    assert_eq!(forced, 1, "what is left then is ended by force, once");
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let mut bench = Plans::new().begin();
    bench.now = Timestamp(3_600_000);
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.now = Timestamp(5);
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    assert!(
        bench.now < Timestamp(60_000),
        "it waits by the clock as it is now, not as it was: {:?}",
        bench.now
    );
}

#[test]
fn a_spurious_call_does_nothing() {
    let mut bench: Bench = Plans::new().begin();
    for phase in [
        "leased",
        "preparing",
        "proving",
        "shifting",
        "baking",
        "committing",
    ] {
        bench.until_with(|_| None, |bench| bench.rollout.phase() == phase);
        let before = bench.rollout.clone();
        bench.rollout.tick(bench.now);
        bench
            .rollout
            .observe(bench.now, ActionId(99), Observation::Logged);
        assert_eq!(before, bench.rollout, "{phase}");
    }
}

/// Started anew with the second look of the bake, its probes are bad from then on, for so many rounds.
fn end_when_started_anew(bad_rounds: u32) -> End {
    let (mut probes, mut looks) = (0, 0);
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.finish_with(|action| match action {
        Action::Probe(members) if members.iter().any(|it| it.id == id(2, 1)) => {
            probes += 1;
            let bad = (2..2 + bad_rounds).contains(&probes);
            bad.then(|| probed(id(2, 1), Seen::Bad("no server is up".to_owned())))
        }
        Action::Watch(_) => {
            looks += 1;
            let started = if looks < 2 { 1 } else { 2 };
            Some(lives(
                id(2, 1),
                Life {
                    started,
                    ..alive(0, 0)
                },
            ))
        }
        _ => None,
    })
}

#[test]
fn an_instance_that_the_engine_started_anew_may_come_up_first() {
    let end = end_when_started_anew(4);
    assert_eq!((end.outcome, end.quarantine), (Outcome::Deployed, false));
}

#[test]
fn one_that_was_started_anew_and_does_not_come_up_is_not_well() {
    let end = end_when_started_anew(100);
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "probe-failed", true)
    );
}

#[test]
fn a_commit_that_routed_as_well_is_not_routed_again() {
    let commit_with = |lingering: Vec<(InstanceId, u32)>| {
        let mut bench = Plans::new().begin();
        bench.until_asked(is_commit);
        bench.answer(Observation::Routed {
            done: Done::Yes,
            lingering,
        });
        assert_eq!(bench.finish().outcome, Outcome::Deployed);
        let acts = bench.acts();
        let commit = acts
            .iter()
            .position(|act| act == "commit")
            .expect("it committed");
        acts.get(commit + 1..).unwrap_or_default().to_vec()
    };
    assert_eq!(commit_with(vec![]), ["remove g1-1", "conclude deployed"]);
    assert_eq!(
        commit_with(vec![(id(1, 1), 2)]),
        ["route g2-1=256", "remove g1-1", "conclude deployed"],
        "what lingers is waited for"
    );
}
