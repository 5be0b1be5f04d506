//! What records come to.

use super::*;
use crate::ledger::Stands;
use crate::ledger::fixtures::{
    Shelf, committed, decided, ended, hooked, reconfigured, release, resumed, stopped, waits,
};

/// Names of the known-good releases; `-` follows one that a rollback left.
fn good(shelf: &Shelf) -> Vec<String> {
    let state = shelf.ledger.state();
    let name = |it: &KnownGood| {
        let mark = if it.left.is_some() { "-" } else { "" };
        format!("{}{mark}", it.release.version)
    };
    state.known_good.iter().map(name).collect()
}

fn quarantine(shelf: &Shelf) -> Vec<&str> {
    shelf
        .ledger
        .state()
        .quarantine
        .iter()
        .map(|it| it.version.as_str())
        .collect()
}

#[test]
fn what_waits_stays_open_until_it_is_begun_again_or_ended() {
    let waiting = |shelf: &Shelf| {
        let open = shelf.ledger.state().open.clone();
        open.map(|open| open.waits.map(|it| it.until))
    };
    let mut shelf = Shelf::new();
    let generation = shelf.begin(Command::Deploy, &release("1"));
    shelf.write(waits(Generation(generation.0 + 1)));
    assert_eq!(waiting(&shelf), Some(None), "another one is not this one");
    shelf.write(waits(generation));
    assert_eq!(waiting(&shelf), Some(Some(Timestamp(100_000))));
    let last = shelf.ledger.state().last.clone().map(|it| it.outcome);
    assert_eq!(last, Some(Outcome::Waiting));
    shelf.write(ended(Some(generation), Outcome::Restored, false));
    assert_eq!(waiting(&shelf), None);
    assert!(shelf.ledger.state().known_good.is_empty());
}

#[test]
fn only_a_commit_makes_a_release_good_and_the_serving_one() {
    let mut shelf = Shelf::new();
    shelf.begin(Command::Deploy, &release("1"));
    assert_eq!(shelf.ledger.state().serving(), None);
    let generation = shelf.good(Command::Deploy, &release("2"));
    shelf.write(ended(Some(generation), Outcome::Deployed, false));
    let state = shelf.ledger.state();
    let serving = state.serving().expect("it was committed");
    assert_eq!(serving.generation, Generation(2));
    assert_eq!((serving.proof_seq, serving.since), (3, Timestamp(2_000)));
    assert_eq!(good(&shelf), ["2"]);
    assert_eq!(
        state.last.as_ref().map(|it| it.outcome),
        Some(Outcome::Deployed)
    );
}

#[test]
fn an_end_changes_nothing_about_what_serves() {
    let mut shelf = Shelf::new();
    shelf.good(Command::Deploy, &release("1"));
    for (outcome, quarantine) in [(Outcome::RolledBack, true), (Outcome::Stranded, false)] {
        let generation = shelf.begin(Command::Deploy, &release("2"));
        assert!(shelf.ledger.state().open.is_some());
        shelf.write(ended(Some(generation), outcome, quarantine));
        assert_eq!(good(&shelf), ["1"]);
        assert_eq!(shelf.ledger.state().open, None);
    }
}

#[test]
fn a_release_that_is_committed_again_comes_first_and_stands_there_once() {
    let mut shelf = Shelf::new();
    for version in ["1", "2", "1"] {
        shelf.good(Command::Deploy, &release(version));
    }
    shelf.good(Command::Deploy, &reconfigured("1"));
    assert_eq!(good(&shelf), ["1", "1", "2"]);
    assert_eq!(
        shelf
            .ledger
            .state()
            .known_good
            .get(1)
            .map(|it| it.generation),
        Some(Generation(3))
    );
}

#[test]
fn ten_good_releases_are_kept_and_the_serving_one_is_the_first() {
    let mut shelf = Shelf::new();
    for version in 1..=12 {
        shelf.good(Command::Deploy, &release(&version.to_string()));
    }
    assert_eq!(
        good(&shelf),
        ["12", "11", "10", "9", "8", "7", "6", "5", "4", "3"]
    );
}

#[test]
fn thirty_failed_deploys_evict_nothing() {
    let mut shelf = Shelf::new();
    shelf.good(Command::Deploy, &release("old"));
    shelf.good(Command::Deploy, &release("good"));
    for version in 0..30 {
        shelf.bad(&release(&format!("bad-{version}")));
        shelf.write(decided("go back"));
    }
    assert_eq!(good(&shelf), ["good", "old"]);
    assert_eq!(quarantine(&shelf).len(), 30);
    assert!(shelf.segments.len() > 1);
}

#[test]
fn quarantine_is_of_image_and_configuration_and_of_the_newest_failure() {
    let mut shelf = Shelf::new();
    for version in ["1", "2", "1"] {
        shelf.bad(&release(version));
    }
    assert_eq!(quarantine(&shelf), ["1", "2"]);
    let state = shelf.ledger.state();
    assert!(
        state
            .quarantined(&release("1"))
            .is_some_and(|it| it.since == Timestamp(5_000))
    );
    assert_eq!(state.quarantined(&reconfigured("1")), None);
}

#[test]
fn a_commit_lifts_the_quarantine_of_that_very_release() {
    let mut shelf = Shelf::new();
    shelf.bad(&release("1"));
    shelf.bad(&release("2"));
    shelf.good(Command::Deploy, &reconfigured("1"));
    assert_eq!(quarantine(&shelf), ["2", "1"]);
    shelf.good(Command::Deploy, &release("1"));
    assert_eq!(quarantine(&shelf), ["2"]);
}

#[test]
fn only_what_began_and_is_open_can_be_quarantined() {
    let mut shelf = Shelf::new();
    let generation = shelf.good(Command::Deploy, &release("1"));
    for generation in [None, Some(generation), Some(Generation(9))] {
        shelf.write(ended(generation, Outcome::RolledBack, true));
    }
    shelf.begin(Command::Deploy, &release("2"));
    shelf.write(ended(Some(generation), Outcome::RolledBack, true));
    assert!(quarantine(&shelf).is_empty());
    assert!(shelf.ledger.state().open.is_some());
}

#[test]
fn the_oldest_quarantine_is_forgotten_unless_it_was_good_once() {
    let mut shelf = Shelf::new();
    shelf.good(Command::Deploy, &release("good"));
    shelf.bad(&release("good"));
    for version in 0..QUARANTINE_KEPT {
        shelf.bad(&release(&version.to_string()));
    }
    let kept = quarantine(&shelf);
    assert_eq!((kept.len(), kept.last()), (QUARANTINE_KEPT, Some(&"good")));
    assert!(!kept.contains(&"0") && kept.contains(&"1"));
}

#[test]
fn a_rollback_leaves_what_served_and_going_there_again_undoes_that() {
    let mut shelf = Shelf::new();
    for version in ["1", "2", "3"] {
        shelf.good(Command::Deploy, &release(version));
    }
    for (command, version, expected) in [
        (Command::Rollback, "2", ["2", "3-", "1"]),
        (Command::Rollback, "1", ["1", "2-", "3-"]),
        (Command::Rollback, "2", ["2", "1", "3-"]),
        (Command::Rollback, "2", ["2", "1", "3-"]),
        (Command::Deploy, "3", ["3", "2", "1"]),
    ] {
        shelf.good(command, &release(version));
        assert_eq!(good(&shelf), expected);
    }
}

#[test]
fn the_last_stop_stands_until_that_very_one_is_lifted() {
    let mut shelf = Shelf::new();
    let standing = |shelf: &Shelf| shelf.ledger.state().stop.as_ref().map(|it| it.id.clone());
    shelf.write(resumed("a"));
    assert_eq!(standing(&shelf), None);
    for id in ["a", "b"] {
        shelf.write(stopped(id));
        shelf.good(Command::Rollback, &release("1"));
        assert_eq!(standing(&shelf).as_deref(), Some(id));
    }
    shelf.write(resumed("a"));
    assert_eq!(standing(&shelf).as_deref(), Some("b"));
    shelf.write(resumed("b"));
    assert_eq!(standing(&shelf), None);
}

#[test]
fn a_generation_counts_wherever_it_is_named() {
    let mut shelf = Shelf::new();
    shelf.write(ended(Some(Generation(7)), Outcome::Stranded, false));
    shelf.write(ended(Some(Generation(6)), Outcome::Stranded, false));
    assert_eq!(shelf.begin(Command::Deploy, &release("1")), Generation(8));
    shelf.write(committed(Generation(10), Command::Deploy, release("1")));
    assert_eq!(shelf.begin(Command::Deploy, &release("1")), Generation(11));
}

#[test]
fn a_generation_that_was_observed_has_its_release() {
    let mut shelf = Shelf::new();
    let first = shelf.good(Command::Deploy, &release("1"));
    let open = shelf.begin(Command::Deploy, &release("2"));
    let state = shelf.ledger.state();
    assert_eq!(state.release_of(first), Some(&release("1")));
    assert_eq!(state.release_of(open), Some(&release("2")));
    assert_eq!(state.release_of(Generation(9)), None);
}

#[test]
fn what_stands_past_a_point_has_the_place_of_the_run_that_brought_it() {
    let mut shelf = Shelf::new();
    shelf.good(Command::Deploy, &release("1"));
    let open = shelf.begin(Command::Deploy, &release("2"));
    let brought = shelf.ledger.state().open.as_ref().map(Open::sequence);
    let stands = |serving| {
        Fact::Ended(Ended {
            generation: Some(open),
            outcome: Outcome::Stranded,
            reason: "past-no-return".to_owned(),
            because: vec![],
            quarantine: false,
            stands: Some(Stands { serving }),
        })
    };
    let sequence = |shelf: &Shelf| shelf.ledger.state().stands.as_ref()?.sequence.clone();
    shelf.write(hooked(open, true, None));
    shelf.write(stands(Some(open)));
    assert_eq!(
        (sequence(&shelf), brought.is_some()),
        (brought.clone(), true)
    );
    shelf.write(stands(Some(open)));
    assert_eq!(
        sequence(&shelf),
        brought,
        "also when another run leaves it so"
    );
    shelf.write(stands(None));
    assert_eq!(sequence(&shelf), None);
}
