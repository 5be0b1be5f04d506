//! The stop button, set while a rollout is under way.

use super::super::*;
use super::bench::{id, well};
use super::{Bench, Plans};

/// Answers each act that would give way with "the button is set", from the `n`th act that gives way on.
fn stopped_from(bench: &mut Bench, n: usize) -> (End, Vec<&'static str>) {
    let (mut seen, mut gave_way) = (0, Vec::new());
    for _ in 0..1_000 {
        if let Some(end) = bench.rollout.end() {
            return (end.clone(), gave_way);
        }
        let Some((_, action)) = bench.open.first().cloned() else {
            bench.wake();
            continue;
        };
        let gives = bench.rollout.gives_way()
            && matches!(action, Action::Record(..) | Action::Route { .. });
        seen += usize::from(gives);
        if gives && seen > n {
            gave_way.push(bench.rollout.phase());
            bench.answer(stopped(&action));
        } else {
            bench.answer(well(&action));
        }
    }
    panic!("it does not end: {:?}", bench.rollout);
}

fn stopped(action: &Action) -> Observation {
    let done = Done::Stopped("kim set the stop button".to_owned());
    if super::bench::is_route(action) {
        let lingering = Vec::new();
        Observation::Routed { done, lingering }
    } else {
        Observation::Acted(done)
    }
}

/// A plan, how many acts go through before the button is met, the phase it is met in, and what comes after.
type Row = (fn() -> Plans, usize, &'static str, &'static [&'static str]);

/// Every act that gives way, in both strategies: there are three and one, and one that comes too late for each.
#[test]
fn until_what_serves_is_touched_a_stop_ends_it_and_puts_away_what_was_made() {
    let rows: [Row; 6] = [
        (
            Plans::new,
            0,
            "leased",
            &["adopt g1-1", "began", "conclude held"],
        ),
        (Plans::new, 1, "proving", &["remove g2-1", "conclude held"]),
        (
            Plans::new,
            2,
            "shifting",
            &["route g1-1=256", "remove g2-1", "conclude held"],
        ),
        (Plans::new, 3, "", &[]),
        (|| Plans::new().recreate(), 0, "leased", &["conclude held"]),
        (|| Plans::new().recreate(), 1, "", &[]),
    ];
    for (plans, n, phase, acts) in rows {
        let mut bench = plans().begin();
        let (end, gave_way) = stopped_from(&mut bench, n);
        if phase.is_empty() {
            assert_eq!((end.outcome, gave_way.len()), (Outcome::Deployed, 0));
            continue;
        }
        assert_eq!(gave_way, [phase], "it is over at the first one");
        assert_eq!(
            (end.outcome, end.reason.as_str(), end.serving),
            (Outcome::Held, crate::stop::CODE, Some(Generation(1)))
        );
        assert!(!end.quarantine && end.left.is_empty(), "{end:?}");
        assert_eq!(end.because, ["kim set the stop button"]);
        let all = bench.acts();
        for act in acts {
            assert!(
                all.iter().any(|it| it.starts_with(act)),
                "{phase}: {act} in {all:?}"
            );
        }
        assert!(!all.iter().any(|it| it == "commit"), "{all:?}");
        if phase != "leased" {
            assert!(all.contains(&format!("remove {}", id(2, 1))));
        }
    }
}

#[test]
fn a_first_deploy_that_is_held_leaves_nothing() {
    let mut bench = Plans::new().first().begin();
    let (end, _) = stopped_from(&mut bench, 2);
    assert_eq!((end.outcome, end.serving), (Outcome::Held, None));
    assert!(bench.acts().contains(&"remove g2-1".to_owned()));
}

/// Half a shift would be worse than all of it.
#[test]
fn a_shift_of_which_nobody_knows_gives_way_to_nothing() {
    let mut bench = Plans::new().begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "shifting");
    assert!(bench.rollout.gives_way());
    let (_, action) = bench.open[0].clone();
    bench.answer(super::bench::unknown(&action));
    assert!(!bench.rollout.gives_way());
    bench.wake();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
}

/// Whoever answers so where nothing gives way is not believed more than any other refusal.
#[test]
fn where_nothing_gives_way_it_is_a_refusal_like_any_other() {
    let mut bench = Plans::new().begin();
    bench.until_asked(super::bench::is_commit);
    let mut refused = 0;
    let end = bench.finish_with(|action| {
        let commit = super::bench::is_commit(action);
        refused += usize::from(commit);
        commit.then(|| stopped(action))
    });
    assert_eq!(
        (refused, end.outcome),
        (usize::from(TRIES), Outcome::RolledBack)
    );
}

#[test]
fn going_back_gives_way_to_nothing() {
    let mut bench = Plans::new().recover(Some(1), Why::Abandoned);
    while bench.rollout.end().is_none() {
        assert!(!bench.rollout.gives_way(), "{}", bench.rollout.phase());
        match bench.open.first().cloned() {
            Some((_, action)) => bench.answer(well(&action)),
            None => bench.wake(),
        }
    }
}
