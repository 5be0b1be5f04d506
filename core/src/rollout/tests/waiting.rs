//! A person between the proof and the traffic.

use super::super::*;
use super::bench::{alive, fenced, id, lives, no, probed, unknown};
use super::{Bench, Plans};

fn asked() -> Plans {
    Plans::new().change(|plan| plan.person = Person::Asked { within: 60_000 })
}

fn promoted() -> Plans {
    Plans::new().change(|plan| plan.person = Person::Promoted)
}

fn ended(mut bench: Bench) -> (Outcome, Option<u32>, Vec<String>) {
    let end = bench.finish();
    (end.outcome, end.serving.map(|it| it.0), bench.acts())
}

#[test]
fn it_is_proven_and_left_without_traffic() {
    let (outcome, serving, acts) = ended(asked().begin());
    assert_eq!((outcome, serving), (Outcome::Waiting, Some(1)));
    let expected = [
        "adopt g1-1",
        "began",
        "start g2-1",
        "route g1-1=256 g2-1=0",
        "conclude waiting",
    ];
    assert_eq!(acts, expected);
}

#[test]
fn who_is_not_proven_does_not_wait() {
    let mut bench = asked().begin();
    let end = bench.finish_with(|action| match action {
        Action::Probe(_) => Some(probed(id(2, 1), Seen::Bad("500".to_owned()))),
        _ => None,
    });
    assert_eq!((end.outcome, end.quarantine), (Outcome::RolledBack, true));
}

#[test]
fn what_is_promoted_is_adopted_and_proven_again_and_never_started() {
    let (outcome, serving, acts) = ended(promoted().begin());
    assert_eq!((outcome, serving), (Outcome::Deployed, Some(2)));
    let expected = [
        "adopt g1-1 g2-1",
        "began",
        "route g1-1=256 g2-1=0",
        "route g1-1=0 g1-1=256b g2-1=256",
        "commit",
        "route g2-1=256",
        "remove g1-1",
        "conclude deployed",
    ];
    assert_eq!(acts, expected);
}

#[test]
fn what_is_promoted_and_not_well_any_more_is_put_away() {
    let mut bench = promoted().begin();
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) if members.iter().any(|it| it.id == id(2, 1)) => {
            Some(probed(id(2, 1), Seen::Bad("500".to_owned())))
        }
        _ => None,
    });
    assert_eq!((end.outcome, end.quarantine), (Outcome::RolledBack, true));
    assert!(
        bench.acts().contains(&"remove g2-1".to_owned()),
        "{:?}",
        bench.acts()
    );
}

#[test]
fn a_promotion_that_cannot_begin_leaves_nothing_running_beside() {
    let mut bench = promoted().begin();
    let end = bench.finish_with(|action| match action {
        Action::Record(Record::Began, _) => Some(no(action)),
        _ => None,
    });
    assert_eq!((end.outcome, end.quarantine), (Outcome::Failed, false));
    assert!(
        bench.acts().contains(&"remove g2-1".to_owned()),
        "{:?}",
        bench.acts()
    );
}

#[test]
fn a_promotion_that_cannot_adopt_says_what_it_left() {
    let mut bench = promoted().begin();
    let end = bench.finish_with(|action| match action {
        Action::Adopt(_) => Some(no(action)),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Failed, Some(Generation(1)))
    );
    assert_eq!(
        end.left,
        [id(2, 1)],
        "by this run's name nobody could have removed it"
    );
    assert!(!bench.acts().contains(&"remove g2-1".to_owned()));
}

#[test]
fn a_cancel_while_a_promotion_adopts_puts_it_away_by_its_name() {
    let mut bench = promoted().begin();
    bench.cancel();
    let end = bench.finish();
    assert_eq!((end.outcome, end.left.len()), (Outcome::Cancelled, 0));
    let acts = bench.acts();
    let last_adopt = acts.iter().rposition(|act| act == "adopt g1-1 g2-1");
    let removed = acts.iter().position(|act| act == "remove g2-1");
    assert!(last_adopt < removed, "{acts:?}");
}

#[test]
fn what_the_run_before_has_asked_of_it_counts_for_no_user() {
    let mut bench = promoted().begin();
    let mut routes = 0;
    // Six good answers to the probes of the run before; then two users, and both are answered badly.
    let end = bench.finish_with(|action| match action {
        Action::Route { .. } => {
            routes += 1;
            None
        }
        Action::Watch(ids) if ids.contains(&id(2, 1)) => {
            let life = if routes < 2 { alive(6, 6) } else { alive(8, 6) };
            Some(lives(id(2, 1), life))
        }
        _ => None,
    });
    assert_eq!(end.reason, "errors", "{end:?}");
    assert_eq!(
        end.because[0],
        "2 of 2 requests got no good answer (100.0 %)"
    );
}

#[test]
fn a_canary_waits_before_its_first_share_and_has_its_shares_after() {
    let (outcome, _, acts) = ended(asked().canary(&[5, 100]).begin());
    assert_eq!(outcome, Outcome::Waiting);
    assert!(!acts.iter().any(|act| act.contains("g2-1=1")), "{acts:?}");
    let (outcome, _, acts) = ended(promoted().canary(&[5, 100]).begin());
    assert_eq!(outcome, Outcome::Deployed);
    assert!(
        acts.contains(&"route g1-1=19 g2-1=1".to_owned()),
        "{acts:?}"
    );
}

#[test]
fn a_wait_of_which_nobody_knows_whether_it_is_recorded_is_tried_again_and_then_given_up() {
    let mut bench = asked().begin();
    let mut tries = 0;
    let end = bench.finish_with(|action| match action {
        Action::Conclude(end) if end.outcome == Outcome::Waiting => {
            tries += 1;
            Some(if tries == 1 {
                unknown(action)
            } else {
                fenced(action)
            })
        }
        _ => None,
    });
    assert_eq!(
        (end.outcome, tries),
        (Outcome::Busy, 2),
        "another one has taken over"
    );

    let mut bench = asked().begin();
    let end = bench.finish_with(|action| match action {
        Action::Conclude(end) if end.outcome == Outcome::Waiting => Some(no(action)),
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::Failed);
    assert!(
        bench.acts().contains(&"remove g2-1".to_owned()),
        "{:?}",
        bench.acts()
    );
}

#[test]
fn a_cancel_before_it_waits_puts_it_away() {
    let mut bench = asked().begin();
    bench.until_asked(|action| matches!(action, Action::Probe(_)));
    bench.cancel();
    let end = bench.finish();
    assert_eq!(end.outcome, Outcome::Cancelled);
    assert!(bench.acts().contains(&"remove g2-1".to_owned()));
}
