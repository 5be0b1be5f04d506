//! Settling: recovery, and putting things away.

use super::super::*;
use super::Plans;
use super::bench::{id, no, probed};

#[test]
fn a_recovery_adopts_revives_routes_asks_and_then_removes() {
    let mut bench = Plans::new()
        .strays(&[id(9, 1)])
        .recover(Some(1), Why::Abandoned);
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Restored, Some(Generation(1)))
    );
    let acts = [
        "adopt g1-1 g2-1 g9-1",
        "revive g1-1",
        "route g1-1=256",
        "route g1-1=256",
        "remove g2-1",
        "remove g9-1",
        "conclude restored",
    ];
    assert_eq!(bench.acts(), acts);
}

#[test]
fn a_recovery_of_recreate_stops_the_rest_before_it_revives() {
    let mut bench = Plans::new().recreate().recover(Some(1), Why::Abandoned);
    bench.finish();
    assert_eq!(
        bench.acts()[..4],
        [
            "adopt g1-1 g2-1",
            "route nothing",
            "stop g2-1",
            "revive g1-1"
        ]
    );
}

#[test]
fn a_recovery_makes_what_the_ledger_committed_serve_whichever_it_is() {
    let mut bench = Plans::new().recover(Some(2), Why::Committed);
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Deployed, Some(Generation(2)))
    );
    let acts = [
        "adopt g1-1 g2-1",
        "revive g2-1",
        "route g2-1=256",
        "route g2-1=256",
        "remove g1-1",
        "conclude deployed",
    ];
    assert_eq!(bench.acts(), acts);
}

#[test]
fn a_recovery_takes_the_old_one_for_the_fallback_when_what_was_committed_does_not_answer() {
    let mut bench = Plans::new().recover(Some(2), Why::Committed);
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) => Some(probed(members[0].id, Seen::Bad("503".to_owned()))),
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::Stranded);
    assert_eq!(
        bench.acts().last().map(String::as_str),
        Some("route g1-1=256b g2-1=256")
    );
}

#[test]
fn a_recovery_whose_route_is_refused_because_nothing_would_answer_says_so() {
    let mut bench = Plans::new().recover(Some(1), Why::Abandoned);
    let end = bench.finish_with(|action| match action {
        Action::Route { .. } => Some(Observation::Routed {
            done: Done::Mute("none is up".to_owned()),
            lingering: vec![],
        }),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::Stranded, MUTE),
        "whoever brings another version may go on"
    );
    let end = Plans::new()
        .recover(Some(1), Why::Abandoned)
        .finish_with(|action| match action {
            Action::Route { .. } => Some(Observation::Routed {
                done: Done::No("the disk is full".to_owned()),
                lingering: vec![],
            }),
            _ => None,
        });
    assert_eq!(end.outcome, Outcome::Stranded);
    assert_ne!(
        end.reason, MUTE,
        "nobody may go on where the router cannot be told anything"
    );
}

#[test]
fn a_table_that_is_refused_for_good_is_tried_once_and_nothing_new_piles_up() {
    let mut bench = Plans::new().strays(&[id(9, 1)]).patience(30_000).begin();
    let end = bench.finish_with(|action| match action {
        Action::Route { .. } => Some(Observation::Routed {
            done: Done::Refused("unknown keyword".to_owned()),
            lingering: vec![],
        }),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.serving, end.left),
        (Outcome::Failed, Some(Generation(1)), vec![id(9, 1)]),
        "what may have traffic is left alone"
    );
    let acts = bench.acts();
    let count = |begins: &str| acts.iter().filter(|act| act.starts_with(begins)).count();
    assert_eq!(
        (count("route "), count("remove "), count("remove g2-1")),
        (2, 1, 1),
        "{acts:?}"
    );
}

#[test]
fn what_cannot_be_started_again_is_not_tried_as_long_as_an_engine_that_is_away() {
    let revivals = |answer: fn(String) -> Started| {
        let mut bench = Plans::new()
            .patience(30_000)
            .recover(Some(1), Why::Abandoned);
        bench.finish_with(|action| {
            let why = || "it is paused".to_owned();
            matches!(action, Action::Revive(_)).then(|| Observation::Started(answer(why())))
        });
        bench
            .acts()
            .iter()
            .filter(|it| it.starts_with("revive"))
            .count()
    };
    assert_eq!(revivals(Started::Refused), 3);
    assert!(revivals(Started::No) > 3);
}

#[test]
fn a_recovery_keeps_the_verdict_that_the_dead_run_had_reached() {
    let fault = Fault {
        code: FaultCode::Errors,
        instance: Some(id(2, 1)),
        seen: "30 of 60".to_owned(),
    };
    let end = Plans::new().recover(Some(1), Why::Unwell(fault)).finish();
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "errors", true)
    );
}

#[test]
fn a_recovery_to_what_is_gone_touches_nothing() {
    for old in [
        None,
        Some(Fleet {
            generation: Generation(1),
            members: vec![],
        }),
    ] {
        let mut bench = Plans::new()
            .change(|plan| plan.old = old)
            .recover(Some(1), Why::Abandoned);
        let end = bench.finish();
        assert_eq!((end.outcome, end.left), (Outcome::Stranded, vec![id(2, 1)]));
        assert_eq!(bench.acts(), Vec::<String>::new());
    }
}

#[test]
fn a_recovery_where_nothing_was_ever_committed_leaves_nothing() {
    let mut bench = Plans::new().first().recover(None, Why::Abandoned);
    let end = bench.finish();
    assert_eq!((end.outcome, end.serving), (Outcome::Restored, None));
    assert_eq!(
        bench.acts(),
        [
            "adopt g2-1",
            "route nothing",
            "remove g2-1",
            "conclude restored"
        ]
    );
}

#[test]
fn a_recovery_of_nothing_concludes() {
    let empty = Fleet::default();
    let mut bench = Plans::new()
        .first()
        .change(|plan| plan.new = empty)
        .recover(None, Why::Abandoned);
    assert_eq!(bench.finish().outcome, Outcome::Restored);
    assert_eq!(bench.acts(), ["route nothing", "conclude restored"]);
}

#[test]
fn what_serves_is_never_removed_whoever_calls_it_a_stray() {
    let strays = [id(1, 1), id(2, 1), id(9, 1), id(9, 1)];
    let mut bench = Plans::new()
        .strays(&strays)
        .recover(Some(1), Why::Abandoned);
    bench.finish();
    let removed: Vec<_> = bench
        .acts()
        .into_iter()
        .filter(|act| act.starts_with("remove"))
        .collect();
    assert_eq!(removed, ["remove g2-1", "remove g9-1"], "each once");
}

#[test]
fn a_stray_of_the_serving_generation_is_removed_as_any_other() {
    let mut bench = Plans::new()
        .strays(&[id(1, 3)])
        .recover(Some(1), Why::Abandoned);
    bench.finish();
    assert!(bench.acts().contains(&"remove g1-3".to_owned()));
}

#[test]
fn what_cannot_be_removed_is_left_and_said() {
    let mut bench = Plans::new().replicas(2).begin();
    let end = bench.finish_with(|action| match action {
        Action::Remove(it) if *it == id(1, 2) => Some(no(action)),
        _ => None,
    });
    assert_eq!((end.outcome, end.left), (Outcome::Deployed, vec![id(1, 2)]));
}

#[test]
fn an_end_that_cannot_be_recorded_is_an_end_all_the_same() {
    let mut bench = Plans::new().begin();
    let end = bench.finish_with(|action| matches!(action, Action::Conclude(_)).then(|| no(action)));
    assert_eq!(end.outcome, Outcome::Deployed);
    assert!(
        end.because
            .iter()
            .any(|why| why.contains("could not be recorded")),
        "{end:?}"
    );
}

#[test]
fn two_acts_that_are_due_at_once_each_get_their_own_number() {
    let mut bench = Plans::new().replicas(3).begin();
    let mut failures = 3;
    let end = bench.finish_with(|action| {
        let fails = matches!(action, Action::Remove(_)) && failures > 0;
        failures -= i32::from(fails);
        fails.then(|| no(action))
    });
    assert_eq!((end.outcome, end.left), (Outcome::Deployed, vec![]));
}

#[test]
fn the_checkpoint_names_the_decision_before_anything_is_put_away() {
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.cancel();
    bench.finish();
    let marked = bench.asked.iter().position(|action| {
        matches!(
            action,
            Action::Route {
                mark: Mark::Settling {
                    goal: Some(Generation(1)),
                    why: Why::Cancelled
                },
                ..
            }
        )
    });
    let removed = bench
        .asked
        .iter()
        .position(|action| matches!(action, Action::Remove(_)));
    assert!(marked.expect("it is written") < removed.expect("something is removed"));
}
