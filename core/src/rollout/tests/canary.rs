//! A canary: a share of the traffic that grows, beside the old version.

use super::super::*;
use super::bench::{alive, id, is_route, lives, probed, well};
use super::{Bench, Plans};

fn canary() -> Plans {
    Plans::new().canary(&[5, 50, 100])
}

/// Whether the next table gives the new version this weight.
fn weighs(action: &Action, weight: u16) -> bool {
    let Action::Route { table, .. } = action else {
        return false;
    };
    let mut entries = table.0.iter();
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

#[test]
fn each_pause_is_as_long_as_it_says_and_looks_at_both() {
    let mut bench = at_weight(1);
    let begun = bench.now;
    bench.until_asked(is_route);
    assert!(bench.now.since(begun) >= 5_000, "{:?}", bench.now);
    let watched = bench.asked.iter().filter_map(|action| match action {
        Action::Watch(ids) => Some(ids.clone()),
        _ => None,
    });
    assert_eq!(watched.last(), Some(vec![id(2, 1), id(1, 1)]));
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
