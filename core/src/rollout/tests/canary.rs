//! A canary: a share of the traffic that grows, beside the old version.

use super::super::*;
use super::bench::{alive, fleet, id, is_route, lives, probed, well};
use super::{Bench, Plans};

fn canary() -> Plans {
    Plans::new().canary(&[5, 50, 100])
}

/// Whether the next table gives the new version this weight.
pub(super) fn weighs(action: &Action, weight: u16) -> bool {
    let Action::Route { table, .. } = action else {
        return false;
    };
    let mut entries = table.entries.iter();
    entries.any(|it| it.member.id == id(2, 1) && it.weight == weight)
}

/// Up to the pause at a share, by the new version's weight there.
fn at_weight(weight: u16) -> Bench {
    let mut bench = canary().begin();
    bench.until_asked(|action| weighs(action, weight));
    bench.answer(well(&bench.open[0].1.clone()));
    bench
}

/// Both versions, each with its own counts.
fn both(new: Life, old: Life) -> Observation {
    Observation::Watched([(id(2, 1), new), (id(1, 1), old)].into())
}

#[test]
fn its_share_grows_step_by_step_and_the_old_one_has_the_rest() {
    let mut bench = canary().begin();
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Deployed, Some(Generation(2)))
    );
    assert_eq!(
        bench.acts(),
        [
            "adopt g1-1",
            "began",
            "start g2-1",
            "route g1-1=256 g2-1=0",
            "route g1-1=19 g2-1=1",
            "route g1-1=1 g2-1=1",
            "route g1-1=0 g1-1=256b g2-1=256",
            "commit",
            "route g2-1=256",
            "remove g1-1",
            "conclude deployed",
        ]
    );
    assert_eq!(
        bench.phases(),
        [
            "leased",
            "preparing",
            "proving",
            "shifting",
            "pausing",
            "shifting",
            "pausing",
            "shifting",
            "baking",
            "committing",
            "retiring",
            "concluding",
            "over"
        ]
    );
}

/// A dead run's share is not raised because one of the old instances has to be started again.
#[test]
fn a_recovery_gives_the_candidate_no_more_while_an_old_instance_comes_up() {
    let mut bench = canary()
        .replicas(2)
        .change(|plan| plan.resting = vec![id(1, 2)])
        .recover(Some(1), Why::Abandoned);
    assert_eq!(bench.finish().outcome, Outcome::Restored);
    let acts = bench.acts();
    let route = acts.iter().find(|it| it.starts_with("route "));
    assert_eq!(
        route.map(String::as_str),
        Some("route g1-1=256 g1-2=0 g2-1=256b g2-2=256b")
    );
}

#[test]
fn each_pause_is_as_long_as_it_says_and_looks_at_both() {
    let mut bench = at_weight(1);
    let begun = bench.now;
    bench.until_asked(is_route);
    assert!(bench.now.since(begun) >= 5_000, "{:?}", bench.now);
    let mut watched = bench.asked.iter().filter_map(|action| match action {
        Action::Watch(ids) => Some(ids.clone()),
        _ => None,
    });
    assert_eq!(watched.next_back(), Some(vec![id(2, 1), id(1, 1)]));
}

#[test]
fn a_first_version_has_nothing_to_share_with() {
    let mut bench = canary().first().begin();
    bench.finish();
    assert!(bench.acts().contains(&"route g2-1=256".to_owned()));
    assert!(!bench.phases().contains(&"pausing"));
}

#[test]
fn one_that_is_bad_to_users_goes_back_before_it_gets_more() {
    let mut bench = at_weight(1);
    let end = bench.finish_with(|action| match action {
        Action::Watch(_) => Some(both(alive(20, 10), alive(400, 400))),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.serving),
        (Outcome::RolledBack, "errors", Some(Generation(1)))
    );
    assert!(!bench.asked.iter().any(|action| weighs(action, 256)));
    assert!(
        bench.acts().ends_with(
            &[
                "route g1-1=256",
                "log g2-1",
                "remove g2-1",
                "conclude rolled-back"
            ]
            .map(str::to_owned)
        ),
        "{:?}",
        bench.acts()
    );
}

#[test]
fn what_was_well_with_little_traffic_does_not_water_down_what_is_bad_with_more() {
    let mut bench = at_weight(1);
    let mut routes = 0;
    // 10,000 good answers at the first share; after that every tenth is bad.
    let end = bench.finish_with(|action| match action {
        Action::Route { .. } => {
            routes += 1;
            None
        }
        Action::Watch(_) if routes == 0 => Some(both(alive(10_000, 10_000), alive(10_000, 10_000))),
        Action::Watch(_) => Some(both(alive(10_100, 10_090), alive(20_000, 20_000))),
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::RolledBack, "{end:?}");
    assert_eq!(
        end.because,
        ["10 of 100 requests got no good answer (10.0 %)"]
    );
}

#[test]
fn an_old_one_that_ends_or_is_started_anew_says_nothing_of_the_new_one() {
    for old in [
        Life::default(),
        Life {
            started: 7,
            restarts: 3,
            ..alive(10, 0)
        },
    ] {
        let mut bench = at_weight(1);
        let end = bench.finish_with(|action| match action {
            Action::Watch(ids) if ids.len() == 2 => Some(both(alive(10, 10), old.clone())),
            _ => None,
        });
        assert_eq!(end.outcome, Outcome::Deployed, "{old:?}");
    }
}

#[test]
fn bad_probes_condemn_it_in_a_pause_as_well() {
    let mut bench = at_weight(1);
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members.iter().any(|it| it.id == id(2, 1)) => {
            Some(probed(id(2, 1), Seen::Bad("500".to_owned())))
        }
        _ => None,
    });
    assert_eq!(end.reason, "probe-failed");
}

#[test]
fn a_pause_without_a_measurement_does_not_go_on() {
    let mut bench = at_weight(1);
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) if ids.len() == 2 => Some(Observation::Watched([].into())),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.quarantine),
        (Outcome::RolledBack, false),
        "nobody is to blame"
    );
}

#[test]
fn a_stop_before_its_first_share_touches_nothing_and_later_gives_it_no_more() {
    let by = || Done::Stopped("carol".to_owned());
    let stopped = |action: &Action| {
        is_route(action).then(|| Observation::Routed {
            done: by(),
            lingering: Vec::new(),
        })
    };
    let mut bench = canary().begin();
    bench.until_asked(|action| weighs(action, 1));
    assert!(bench.rollout.gives_way());
    let odd = stopped(&bench.open[0].1).expect("a route");
    bench.answer(odd);
    assert_eq!(bench.finish().outcome, Outcome::Held);

    let mut bench = at_weight(1);
    bench.until_asked(is_route);
    assert!(bench.rollout.gives_way());
    let odd = stopped(&bench.open[0].1).expect("a route");
    bench.answer(odd);
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.serving),
        (Outcome::Cancelled, "stopped", Some(Generation(1)))
    );
    assert!(!bench.asked.iter().any(|action| weighs(action, 256)));
}

#[test]
fn a_cancel_in_a_pause_takes_its_share_away() {
    let mut bench = at_weight(1);
    bench.cancel();
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) => ids.first().map(|id| lives(*id, alive(1, 1))),
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::Cancelled);
    assert!(bench.acts().contains(&"route g1-1=256".to_owned()));
}

// --- compared ------------------------------------------------------------------------------------------------------

/// One that is compared, with ten percentage points tolerated and a minute to decide.
pub(super) fn compared() -> Plans {
    canary().change(|plan| {
        plan.comparison = Some(Comparison {
            errors: crate::analysis::Margin {
                tolerated: crate::config::Permille(100),
                confidence: crate::config::Permille(950),
                ..crate::analysis::Margin::ERRORS
            },
            latency: None,
            metrics: Vec::new(),
            deadline: 60_000,
        });
        // Nothing but the comparison condemns here.
        plan.timing.errors = 1_000;
    })
}

/// Answers each look with counts that have grown by so many requests, and bad ones of them, since the one before.
pub(super) fn growing(
    new: (u64, u64),
    old: (u64, u64),
) -> impl FnMut(&Action) -> Option<Observation> {
    let mut looks = 0;
    move |action| match action {
        Action::Watch(ids) if ids.len() == 2 => {
            looks += 1;
            let life =
                |(requests, bad): (u64, u64)| alive(looks * requests, looks * (requests - bad));
            Some(both(life(new), life(old)))
        }
        Action::Watch(_) => {
            looks += 1;
            let (requests, bad) = new;
            Some(lives(
                id(2, 1),
                alive(looks * requests, looks * (requests - bad)),
            ))
        }
        _ => None,
    }
}

#[test]
fn a_share_ends_when_there_is_evidence_that_it_is_no_worse() {
    let mut bench = compared().begin();
    let end = bench.finish_with(growing((40, 0), (160, 1)));
    assert_eq!(end.outcome, Outcome::Deployed, "{end:?}");
    let told: Vec<&Event> = bench
        .events
        .iter()
        .filter(|event| {
            matches!(&event.what, Happening::Decided { decision, because }
                if decision == "give it more traffic" && because.iter().any(|it| it.contains("in the same seconds")))
        })
        .collect();
    assert_eq!(told.len(), 2, "at each share: {told:?}");
}

#[test]
fn a_share_waits_for_a_verdict_beyond_its_pause_and_not_for_ever() {
    let mut bench = compared().begin();
    // One request in each look: too few for a long time.
    let end = bench.finish_with(growing((1, 0), (19, 0)));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "not-its-fault", false)
    );
    assert!(
        end.because[0].starts_with("the comparison with the old version came to no end: "),
        "{end:?}"
    );
    assert!(
        bench.now.0 > 60_000 && bench.now.0 < 120_000,
        "{:?}",
        bench.now
    );
}

#[test]
fn one_that_is_worse_than_what_is_tolerated_goes_back_by_that() {
    let mut bench = compared().begin();
    let end = bench.finish_with(growing((20, 8), (80, 1)));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "worse", true),
        "{end:?}"
    );
    assert!(!bench.asked.iter().any(|action| weighs(action, 256)));
}

#[test]
fn what_both_do_badly_is_held_against_neither() {
    let mut bench = compared().begin();
    let end = bench.finish_with(growing((20, 8), (80, 32)));
    assert_eq!((end.outcome, end.quarantine), (Outcome::RolledBack, false));
    assert!(
        end.because[0].contains("the version that serves is not well itself"),
        "{end:?}"
    );
}

#[test]
fn a_router_that_says_nothing_of_the_old_one_passes_nothing() {
    let mut bench = compared().begin();
    let mut looks = 0;
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) if ids.len() == 2 => {
            looks += 1;
            let old = Life {
                traffic: None,
                ..alive(0, 0)
            };
            Some(both(alive(looks * 50, looks * 50), old))
        }
        _ => None,
    });
    assert_eq!((end.outcome, end.quarantine), (Outcome::RolledBack, false));
    assert!(
        end.because[0].contains("the router did not say what g1-1 answered"),
        "{end:?}"
    );
}

fn only_the_old_answer(members: &[Member]) -> Observation {
    let seen = |member: &Member| match member.id.generation {
        Generation(1) => Seen::Good,
        _ => Seen::Bad("status 500".to_owned()),
    };
    Observation::Probed(members.iter().map(|it| (it.id, seen(it))).collect())
}

/// What a run decides does not depend on whether users stick: only its tables say so.
#[test]
fn users_that_stick_change_no_decision_and_their_share_only_grows() {
    let strategies: [fn(Plans) -> Plans; 2] = [
        |plans| plans.canary(&[1, 5, 25, 50, 100]),
        |plans| plans.change(|plan| plan.strategy = Strategy::Rolling),
    ];
    for strategy in strategies {
        for (olds, news) in (1..=3).flat_map(|olds| (1..=4).map(move |news| (olds, news))) {
            let run = |sticky: bool, bad_from: usize| {
                let mut bench = strategy(Plans::new())
                    .change(|plan| {
                        (plan.old, plan.new) = (Some(fleet(1, olds)), fleet(2, news));
                        plan.sticky = sticky;
                    })
                    .begin();
                let (mut watched, mut tables) = (0, Vec::new());
                let end = bench.finish_with(|action| {
                    watched += usize::from(matches!(action, Action::Watch(_)));
                    if let Action::Route { table, .. } = action {
                        tables.push(table.clone());
                    }
                    match action {
                        Action::Probe(members) if watched > bad_from => {
                            Some(only_the_old_answer(members))
                        }
                        _ => None,
                    }
                });
                (end.outcome, bench.acts(), tables)
            };
            for bad_from in [0, 3, 10, usize::MAX] {
                let ((one, acts, _), (other, same, tables)) =
                    (run(false, bad_from), run(true, bad_from));
                assert_eq!((one, acts), (other, same));
                let shares: Vec<u16> = tables
                    .iter()
                    .filter_map(|table| table.sticky.map(|it| it.share))
                    .collect();
                assert!(shares.is_sorted() || bad_from != usize::MAX, "{shares:?}");
                let last = tables.last().expect("something was routed");
                assert_eq!(last.sticky, None, "nobody sticks once one version serves");
            }
        }
    }
}
