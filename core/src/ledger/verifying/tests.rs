//! That what is not parsed comes to the same, and that nothing is found where it is not.

use super::*;
use crate::ledger::fixtures::{Shelf, body, committed, decided, ended, hooked, waits};
use crate::ledger::fixtures::{began, release, resumed, stopped};
use crate::ledger::{Body, Command};
use crate::protocol::Outcome;

/// Every kind, through three segments.
fn shelf() -> Shelf {
    let mut shelf = Shelf::new();
    for nth in 0..40 {
        let version = nth.to_string();
        let open = shelf.begin(Command::Deploy, &release(&version));
        shelf.write(hooked(open, false, None));
        shelf.write(waits(open));
        shelf.write(if nth % 3 == 0 {
            ended(Some(open), Outcome::RolledBack, true)
        } else {
            committed(open, Command::Deploy, release(&version))
        });
        shelf.write(if nth % 2 == 0 {
            stopped(&version)
        } else {
            resumed(&version)
        });
        shelf.write(ended(None, Outcome::Failed, false));
    }
    shelf
}

fn come_to<'a>(chain: &[(&'a str, &'a str)]) -> ComeTo<'a> {
    let mut verified = Chain::default();
    for (name, text) in chain {
        verified.add(name, text, false).expect("nobody touched it");
    }
    verified.come_to
}

#[test]
fn what_is_looked_at_comes_to_what_all_of_it_comes_to() {
    let shelf = shelf();
    let chain = shelf.chain();
    assert_eq!(chain.len(), 4);
    let (state, come_to) = (shelf.ledger.state(), come_to(&chain));
    assert_eq!(come_to.at.head(), state.head);
    assert_eq!(come_to.generation, state.generation);
    assert_eq!(come_to.serving, state.serving().map(|it| it.proof_seq));
    assert_eq!(
        (come_to.stop.is_some(), come_to.stop),
        (true, state.stop.clone())
    );
}

#[test]
fn what_this_version_writes_is_not_parsed_but_for_the_stop_button() {
    let shelf = shelf();
    let empty = shelf.ledger.state();
    let facts = [
        (began(empty, Command::Deploy, release("1")), true),
        (decided("go on"), true),
        (
            committed(Generation(7), Command::Rollback, release("1")),
            true,
        ),
        (waits(Generation(7)), true),
        (hooked(Generation(7), true, None), true),
        (ended(None, Outcome::Failed, false), true),
        (ended(Some(Generation(7)), Outcome::Failed, false), true),
        (stopped("a"), false),
        (resumed("a"), false),
    ];
    for (fact, skimmed) in facts {
        let written = record::encode(&body(&shelf.ledger, fact));
        assert_eq!(Skimmed::of(&written).is_some(), skimmed, "{written}");
    }
    let cause = body(&shelf.ledger, decided("x"));
    let snapshot = record::encode_snapshot(&cause, shelf.ledger.state());
    let Some(Skimmed::Snapshot(said)) = Skimmed::of(&snapshot) else {
        panic!("{snapshot}");
    };
    assert_eq!(said.known_good.len(), 10);
    assert_eq!(said.come_to.stop, shelf.ledger.state().stop);
}

#[test]
fn words_of_people_and_members_of_newer_versions_are_not_taken_for_a_layout() {
    let said = r#"},"kind":"committed","generation":99,"release":{"#;
    let shelf = Shelf::new();
    let mut cause: Body = body(&shelf.ledger, decided(said));
    cause.run.actor = Some("}".to_owned());
    let written = record::encode(&cause);
    let Some(Skimmed::Fact(fact)) = Skimmed::of(&written) else {
        panic!("{written}");
    };
    assert_eq!((fact.generation, fact.commits), (Generation(0), None));
    cause.run.actor = Some(said.to_owned());
    assert!(Skimmed::of(&record::encode(&cause)).is_none(), "decoded");
    let inside = written.replacen(r#""run":{"#, r#""run":{"x":{},"kind":"decided","y":{},"#, 1);
    assert!(Skimmed::of(&inside).is_none(), "decoded: {inside}");
}

/// A snapshot that is written anew, and behind it the very record that is to prove what it says.
#[test]
fn nothing_is_proven_by_what_comes_later() {
    let shelf = shelf();
    let chain = shelf.chain();
    let (first, second) = (chain[0].1, Segment::read(chain[1].0, chain[1].1));
    let mut state = second
        .ok()
        .and_then(|it| it.snapshot)
        .expect("it begins with one");
    let base = state.head.clone();
    let good = state.known_good.last_mut().expect("something is good");
    good.release = release("evil");
    good.proof_seq = base.seq + 2;
    let cause = body(&shelf.ledger, decided("x"));
    let (snapshot, head) = record::seal(&base, &record::encode_snapshot(&cause, &state));
    let evil = committed(state.generation, Command::Deploy, release("evil"));
    let (commit, _) = record::seal(&head, &record::encode(&body(&shelf.ledger, evil)));
    let text = format!("{snapshot}\n{commit}\n");
    let tampered = verify(&[(chain[0].0, first), (chain[1].0, &text)]);
    assert_eq!(
        tampered.map(|_| ()).map_err(|it| it.what),
        Err("its snapshot calls evil known-good, and no record proves it".to_owned())
    );
}

#[test]
fn a_chain_that_is_laid_out_in_another_way_verifies_all_the_same() {
    let shelf = shelf();
    let mut at = Head::default();
    let mut before = String::new();
    let segments: Vec<(String, String)> = shelf
        .chain()
        .iter()
        .map(|(name, text)| {
            let mut spaced = String::new();
            for line in text.lines() {
                let body = Record::open(line).expect("nobody touched it").body;
                // The snapshot names the head before it, which has another hash now.
                let body = match before.as_str() {
                    "" => body.to_owned(),
                    old => body.replace(old, &at.hash),
                };
                let (line, next) = record::seal(&at, &body.replacen(":", ": ", 1));
                before = Record::open(text.lines().last().unwrap_or_default())
                    .map_or_else(|_| String::new(), |it| it.hash.to_owned());
                at = next;
                spaced.push_str(&line);
                spaced.push('\n');
            }
            ((*name).to_owned(), spaced)
        })
        .collect();
    let chain: Vec<(&str, &str)> = segments
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let verified = verify(&chain).expect("it is consistent");
    assert_eq!((verified.head, verified.newer), (at, None));
}
