//! Rolling: a few instances after the other, each in the place of an old one.

use super::super::*;
use super::Plans;
use super::bench::{alive, fleet, id, is_commit, probed, well};

fn rolling(replicas: u8, batch: u8, surge: u8) -> Plans {
    Plans::new().replicas(replicas).change(|plan| {
        plan.strategy = Strategy::Rolling;
        plan.waves = Waves { batch, surge };
    })
}

fn starts(action: &Action, number: u8) -> bool {
    matches!(action, Action::Start(member) if member.id == id(2, number))
}

#[test]
fn each_wave_comes_up_beside_what_serves_and_old_ones_make_room_for_the_next() {
    let mut bench = rolling(3, 1, 1).begin();
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Deployed, Some(Generation(2)))
    );
    assert_eq!(
        bench.acts(),
        [
            "adopt g1-1 g1-2 g1-3",
            "began",
            "start g2-1",
            "route g1-1=256 g1-2=256 g1-3=256 g2-1=0",
            "route g1-1=256 g1-2=256 g1-3=256 g2-1=256",
            "route g1-1=256 g1-2=256 g2-1=256",
            "stop g1-3",
            "start g2-2",
            "route g1-1=256 g1-2=256 g2-1=256 g2-2=0",
            "route g1-1=256 g1-2=256 g2-1=256 g2-2=256",
            "route g1-1=256 g2-1=256 g2-2=256",
            "stop g1-2",
            "start g2-3",
            "route g1-1=256 g2-1=256 g2-2=256 g2-3=0",
            "route g1-1=0 g1-1=256b g2-1=256 g2-2=256 g2-3=256",
            "commit",
            "route g2-1=256 g2-2=256 g2-3=256",
            "remove g1-1",
            "remove g1-2",
            "remove g1-3",
            "conclude deployed",
        ]
    );
}

#[test]
fn where_more_come_than_there_is_room_for_old_ones_stop_before_these_answer() {
    let mut bench = rolling(4, 3, 1).begin();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    let acts = bench.acts();
    let at = |act: &str| acts.iter().position(|it| it == act);
    let serves = acts.iter().position(|it| it.contains("g2-1=256"));
    assert!(
        serves < at("stop g1-4"),
        "nothing stops before something new serves: {acts:?}"
    );
    for old in ["stop g1-2", "stop g1-3", "stop g1-4"] {
        assert!(at(old) < at("start g2-2"), "{acts:?}");
    }
    assert_eq!(at("stop g1-1"), None, "the last one stands by: {acts:?}");
}

#[test]
fn going_back_starts_those_that_were_stopped_and_no_others() {
    let mut bench = rolling(3, 1, 1).begin();
    bench.until_asked(|action| starts(action, 3));
    let end = bench.finish_with(|action| {
        starts(action, 3)
            .then(|| Observation::Started(Started::Refused("no such program".to_owned())))
    });
    assert_eq!(
        (end.outcome, end.serving, end.quarantine),
        (Outcome::RolledBack, Some(Generation(1)), true)
    );
    let acts = bench.acts();
    let from = acts.iter().position(|it| it == "start g2-3");
    let after = &acts[from.expect("it was started") + 1..];
    assert_eq!(
        after,
        [
            // What is started gets nothing before it answers, and what is to blame nothing that another can take.
            "route g1-1=256 g1-2=0 g1-3=0 g2-1=256b g2-2=256b",
            "revive g1-2",
            "revive g1-3",
            "route g1-1=256 g1-2=256 g1-3=256",
            "route g1-1=256 g1-2=256 g1-3=256",
            "log g2-3",
            "remove g2-1",
            "remove g2-2",
            "remove g2-3",
            "conclude rolled-back",
        ]
    );
}

#[test]
fn a_first_wave_that_is_not_proven_touches_nothing_that_serves() {
    let mut bench = rolling(3, 1, 1).begin();
    let bad = Seen::Bad("503".to_owned());
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members.iter().any(|it| it.id == id(2, 1)) => {
            Some(probed(id(2, 1), bad.clone()))
        }
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::RolledBack);
    let acts = bench.acts();
    assert!(!acts.iter().any(|it| it.starts_with("stop ")), "{acts:?}");
    assert!(!acts.iter().any(|it| it.starts_with("revive ")), "{acts:?}");
    assert!(!acts.iter().any(|it| it.contains("g2-1=256")), "{acts:?}");
}

#[test]
fn a_new_instance_that_ends_while_the_next_wave_comes_up_ends_it() {
    let mut bench = rolling(3, 1, 1).begin();
    bench.until_asked(|action| starts(action, 2));
    let mut ended = alive(10, 10);
    ended.running = false;
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) if ids.contains(&id(2, 1)) => Some(Observation::Watched(
            ids.iter()
                .map(|it| {
                    let life = if *it == id(2, 1) {
                        ended.clone()
                    } else {
                        alive(10, 10)
                    };
                    (*it, life)
                })
                .collect(),
        )),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::RolledBack, "exited")
    );
}

#[test]
fn what_was_brought_is_looked_at_and_nothing_that_is_not_there_yet() {
    let mut bench = rolling(3, 1, 1).begin();
    bench.until_asked(is_commit);
    let sizes: Vec<usize> = bench
        .asked
        .iter()
        .filter_map(|action| match action {
            Action::Probe(members) => Some(members.len()),
            _ => None,
        })
        .collect();
    assert!(sizes.is_sorted(), "{sizes:?}");
    assert_eq!(
        (sizes.first(), sizes.last()),
        (Some(&1), Some(&3)),
        "{sizes:?}"
    );
}

/// What must not run beside the old version was stopped: nobody serves who could be waited for.
#[test]
fn under_recreate_nobody_is_waited_for_on_the_way_back() {
    let mut bench = Plans::new().recreate().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.cancel();
    assert_eq!(bench.finish().outcome, Outcome::Cancelled);
    let acts = bench.acts();
    let back = acts.iter().rposition(|it| it == "route nothing");
    assert_eq!(
        acts[back.expect("it is withdrawn")..][..4],
        [
            "route nothing",
            "stop g2-1",
            "revive g1-1",
            "route g1-1=256"
        ]
    );
}

#[test]
fn a_cancel_leaves_the_traffic_with_whoever_answers_until_all_of_the_old_do() {
    let mut bench = rolling(3, 1, 1).begin();
    bench.until_asked(|action| starts(action, 3));
    bench.cancel();
    let warming = |table: &Table| {
        let weight = |id: InstanceId| table.entries.iter().find(|it| it.member.id == id);
        [id(2, 1), id(2, 2), id(1, 1)]
            .into_iter()
            .all(|it| weight(it).is_some_and(|it| it.weight == FULL && !it.backup))
            && [id(1, 2), id(1, 3)]
                .into_iter()
                .all(|it| weight(it).is_some_and(|it| it.weight == 0))
    };
    bench.until_asked(|action| matches!(action, Action::Route { table, .. } if warming(table)));
    let bad = |members: &[Member]| {
        let seen = |it: &Member| (it.id, Seen::Bad("503".to_owned()));
        Observation::Probed(members.iter().map(seen).collect())
    };
    let mut cold = 3;
    let mut probes = 0;
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if cold > 0 => {
            cold -= 1;
            probes += 1;
            Some(bad(members))
        }
        _ => None,
    });
    assert_eq!((end.outcome, probes), (Outcome::Cancelled, 3));
    let routes: Vec<String> = bench.acts();
    let from = routes.iter().position(|it| it == "start g2-3");
    let after = routes[from.expect("it was started") + 1..].join(", ");
    assert!(
        after.starts_with(
            "route g1-1=256 g1-2=0 g1-3=0 g2-1=256 g2-2=256, revive g1-2, revive g1-3, route g1-1=256 g1-2=256 g1-3=256"
        ),
        "{after}"
    );
}

/// The proof of a wave may take as long as its health's deadline.
#[test]
fn those_that_have_traffic_are_judged_while_the_next_ones_are_proven() {
    let mut bench = rolling(3, 1, 1).begin();
    bench.until_asked(|action| starts(action, 2));
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) => {
            let life = |it: &InstanceId| {
                if *it == id(2, 1) {
                    alive(110, 60)
                } else {
                    alive(10, 10)
                }
            };
            let lives = ids.iter().map(|it| (*it, life(it)));
            Some(Observation::Watched(lives.collect()))
        }
        Action::Probe(members) => Some(Observation::Probed(
            members
                .iter()
                .map(|it| {
                    let seen = if it.id == id(2, 2) {
                        Seen::Bad("it boots".to_owned())
                    } else {
                        Seen::Good
                    };
                    (it.id, seen)
                })
                .collect(),
        )),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::RolledBack, "errors")
    );
    assert!(end.because[0].contains("50 of 100"), "{end:?}");
}

#[test]
fn one_that_has_traffic_and_fails_its_probes_is_not_waited_for_until_the_next_ones_are_proven() {
    let mut bench = rolling(3, 1, 1).begin();
    bench.until_asked(|action| starts(action, 2));
    let began = bench.now;
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members.iter().any(|it| it.id == id(2, 1)) => {
            Some(probed(id(2, 1), Seen::Bad("503".to_owned())))
        }
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::RolledBack, "probe-failed")
    );
    assert!(bench.now.since(began) < 10_000, "{:?}", bench.now);
}

#[test]
fn the_stop_button_ends_it_before_the_next_old_instance_is_stopped() {
    let mut bench = rolling(3, 1, 1).begin();
    let withdraws = |action: &Action| {
        matches!(
            action,
            Action::Route {
                mark: Mark::Withdrawing,
                ..
            }
        )
    };
    bench.until_asked(withdraws);
    assert!(bench.rollout.gives_way());
    let end = bench.finish_with(|action| {
        withdraws(action).then(|| Observation::Routed {
            done: Done::Stopped("kim".to_owned()),
            lingering: Vec::new(),
        })
    });
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Cancelled, Some(Generation(1)))
    );
    let acts = bench.acts();
    assert!(!acts.iter().any(|it| it.starts_with("stop ")), "{acts:?}");
}

/// A dead run's remains: what does not run, or has no traffic, gets nothing before it answers; who serves, serves on.
#[test]
fn a_recovery_gives_the_traffic_to_what_runs_until_the_rest_answers() {
    let mut bench = rolling(3, 1, 1)
        .change(|plan| plan.resting = vec![id(1, 3), id(2, 3)])
        .recover(Some(1), Why::Abandoned);
    let end = bench.finish();
    assert_eq!(end.outcome, Outcome::Restored);
    let acts = bench.acts();
    let routes: Vec<&String> = acts.iter().filter(|it| it.starts_with("route ")).collect();
    assert_eq!(
        routes[0],
        "route g1-1=256 g1-2=256 g1-3=0 g2-1=256 g2-2=256"
    );
}

/// Found by the simulator: one of those that serve had died by itself, and was the one that was kept.
#[test]
fn an_old_instance_that_has_ended_is_not_the_one_that_is_kept() {
    let mut bench = rolling(3, 3, 1).begin();
    let mut ended = alive(10, 10);
    ended.running = false;
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) => {
            let life = |it: &InstanceId| {
                if *it == id(1, 1) {
                    ended.clone()
                } else {
                    alive(10, 10)
                }
            };
            let lives = ids.iter().map(|it| (*it, life(it)));
            Some(Observation::Watched(lives.collect()))
        }
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::Deployed);
    let acts = bench.acts();
    assert!(acts.contains(&"stop g1-1".to_owned()), "{acts:?}");
    assert!(!acts.contains(&"stop g1-2".to_owned()), "{acts:?}");
}

#[test]
fn a_cancel_in_the_middle_leaves_the_old_version_whole() {
    for number in [1, 2, 3] {
        let mut bench = rolling(3, 1, 1).begin();
        bench.until_asked(|action| starts(action, number));
        bench.cancel();
        let end = bench.finish();
        assert_eq!(
            (end.outcome, end.serving),
            (Outcome::Cancelled, Some(Generation(1)))
        );
        let acts = bench.acts();
        let count = |word: &str| acts.iter().filter(|it| it.starts_with(word)).count();
        assert_eq!(count("revive "), count("stop "), "{acts:?}");
    }
}

#[test]
fn where_nothing_serves_all_come_at_once() {
    let mut bench = rolling(3, 1, 1).first().begin();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    let acts = bench.acts();
    assert_eq!(
        acts[..4],
        ["began", "start g2-1", "start g2-2", "start g2-3"]
    );
}

/// The room that is asked for is kept to, the last old instance goes on, and what is stopped is stopped once.
#[test]
fn there_is_always_enough_and_never_too_much() {
    let sizes = 1..=6_u8;
    for (olds, news) in sizes
        .clone()
        .flat_map(|olds| sizes.clone().map(move |it| (olds, it)))
    {
        for (batch, surge) in (1..=4).flat_map(|batch| (1..=3).map(move |surge| (batch, surge))) {
            let mut bench = rolling(1, batch, surge)
                .change(|plan| {
                    plan.old = Some(fleet(1, olds));
                    plan.new = fleet(2, news);
                })
                .begin();
            let peak = bench.rollout.plan().peak();
            let (most, least) = (olds.max(news) + surge, olds.min(news));
            let case = format!("{olds} to {news}, {batch} at a time, {surge} more");
            assert!(peak <= usize::from(most), "{case}: {peak}");
            let (mut running, mut serving) = (usize::from(olds), Vec::new());
            let mut stopped = Vec::new();
            let end = bench.finish_with(|action| {
                match action {
                    Action::Start(_) => running += 1,
                    Action::Stop(id) => {
                        assert!(!stopped.contains(id), "{case}: {id} is stopped twice");
                        stopped.push(*id);
                        running -= 1;
                    }
                    Action::Route { table, .. } => {
                        let active = table
                            .entries
                            .iter()
                            .filter(|it| !it.backup && it.weight > 0);
                        serving.push(active.count());
                    }
                    _ => {}
                }
                assert!(
                    running <= peak,
                    "{case}: {running} run, {peak} were planned"
                );
                Some(well(action))
            });
            assert_eq!(end.outcome, Outcome::Deployed, "{case}");
            assert!(stopped.len() < usize::from(olds), "{case}: {stopped:?}");
            // A batch that has no room takes that of old ones.
            let least = usize::from(least.saturating_sub(batch.saturating_sub(surge)).max(1));
            assert!(serving.iter().all(|it| *it >= least), "{case}: {serving:?}");
        }
    }
}
