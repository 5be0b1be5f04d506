use proptest::prelude::*;

use super::fixtures::{self, Shelf, began, body, committed, decided, ended, release};
use super::*;

/// Five records in one segment, short ones.
fn five() -> Shelf {
    let mut shelf = Shelf::new();
    shelf.good(Command::Deploy, &release("1"));
    shelf.write(decided("go on: 0 of 812 answers were errors, ü"));
    shelf.write(ended(Some(Generation(1)), Outcome::Deployed, false));
    shelf.write(Fact::Overridden(Overridden {
        what: "quarantine".to_owned(),
        who: Some("kim".to_owned()),
        reason: "the database was down".to_owned(),
    }));
    shelf
}

/// Two segments; the second holds its snapshot and three records.
fn two_segments() -> Shelf {
    let mut shelf = Shelf::new();
    for round in 0..11 {
        for version in ["a", "b"] {
            shelf.good(Command::Deploy, &release(&format!("{version}{round}")));
            shelf.write(decided("go on"));
        }
    }
    assert_eq!(shelf.segments.len(), 2);
    shelf
}

fn flipped(text: &str, position: usize, mask: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    *bytes.get_mut(position).expect("it is inside") ^= mask;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The line, from 1, that a byte belongs to; a newline belongs to the line that it ends.
fn line_of(text: &str, position: usize) -> usize {
    text.bytes()
        .take(position)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

fn replaced(shelf: &Shelf, segment: &str, text: String) -> Result<Verified, Tampered> {
    let mut changed = shelf.clone();
    changed.segments.insert(segment.to_owned(), text);
    verify_chain(&changed.chain())
}

fn place(result: Result<Verified, Tampered>) -> (String, usize) {
    let tampered = result.expect_err("it was changed");
    (tampered.segment, tampered.line)
}

#[test]
fn an_untouched_chain_verifies() {
    for (shelf, records) in [(five(), 5), (two_segments(), 67)] {
        let verified = verify_chain(&shelf.chain()).expect("it is untouched");
        assert_eq!(
            (verified.records, verified.head.hash.as_str()),
            (records, shelf.ledger.head())
        );
        assert_eq!((verified.torn, verified.newer), (None, None));
    }
    assert_eq!(verify_chain(&[]), Ok(Verified::default()));
}

#[test]
fn every_flipped_byte_is_found_in_its_line() {
    let shelf = five();
    let (name, text) = shelf.newest();
    for position in 0..text.len() {
        for mask in [0x01, 0x20, 0x80] {
            let found = replaced(&shelf, name, flipped(text, position, mask));
            let line = line_of(text, position);
            assert_eq!(
                place(found),
                (name.to_owned(), line),
                "byte {position}, mask {mask:#x}"
            );
        }
    }
}

#[test]
fn every_flipped_byte_around_the_seam_of_two_segments_is_found_in_its_line() {
    let shelf = two_segments();
    let (newest, text) = shelf.newest();
    let snapshot = text.find('\n').expect("a segment begins with a whole line");
    for position in (0..snapshot)
        .step_by(199)
        .chain(snapshot - 12..snapshot + 12)
    {
        let found = replaced(&shelf, newest, flipped(text, position, 0x01));
        assert_eq!(place(found), (newest.to_owned(), line_of(text, position)));
    }
    let oldest = shelf.segments.get("000001").expect("there are two");
    for position in oldest.len() - 12..oldest.len() {
        let found = replaced(&shelf, "000001", flipped(oldest, position, 0x01));
        assert_eq!(place(found), ("000001".to_owned(), 64), "byte {position}");
    }
}

#[test]
fn a_line_left_out_doubled_or_swapped_is_found() {
    let shelf = five();
    let (name, text) = shelf.newest();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for at in 0..4 {
        let mut fewer = lines.clone();
        fewer.remove(at);
        let tampered = replaced(&shelf, name, fewer.concat()).expect_err("one is missing");
        assert_eq!((tampered.line, tampered.seq), (at + 1, Some(at as u64 + 2)));
        assert_eq!(
            tampered.what,
            format!("record {} is missing before it", at + 1)
        );

        let mut doubled = lines.clone();
        doubled.insert(at, lines.get(at).expect("there are five"));
        assert_eq!(
            place(replaced(&shelf, name, doubled.concat())),
            (name.to_owned(), at + 2)
        );

        let mut swapped = lines.clone();
        swapped.swap(at, at + 1);
        assert_eq!(
            place(replaced(&shelf, name, swapped.concat())),
            (name.to_owned(), at + 1)
        );
    }
}

#[test]
fn a_record_with_a_new_hash_is_betrayed_by_the_next_one() {
    let shelf = five();
    let (name, text) = shelf.newest();
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let second = lines.get_mut(1).expect("there are five");
    let record = record::Record::open(second.trim_end()).expect("it is whole");
    let before = Head {
        seq: 1,
        hash: record.prev.to_owned(),
    };
    let forged = record
        .body
        .replace("\"version\":\"1\"", "\"version\":\"2\"");
    assert_ne!(forged, record.body);
    *second = format!("{}\n", record::seal(&before, &forged).0);
    let tampered = replaced(&shelf, name, lines.concat()).expect_err("it was changed");
    assert_eq!(tampered.line, 3);
    assert_eq!(tampered.what, "it does not follow record 2 as that stands");
}

#[test]
fn a_record_cut_off_at_the_end_shows_only_in_the_head() {
    let shelf = five();
    let (name, text) = shelf.newest();
    let shorter = text.split_inclusive('\n').take(4).collect::<String>();
    let verified = verify_chain(&[(name, &shorter)]).expect("the rest of it is consistent");
    assert_eq!(verified.records, 4);
    assert_ne!(verified.head.hash, shelf.ledger.head());
}

#[test]
fn a_segment_missing_or_out_of_place_is_found() {
    let shelf = two_segments();
    let [first, second] = *shelf.chain() else {
        unreachable!("there are two")
    };
    for (segments, name) in [
        (vec![second], "000001"),
        (vec![second, first], "000001"),
        (vec![first, first], "000002"),
        (vec![first, ("000003", second.1)], "000002"),
        (vec![first, ("000002", first.1)], "000002"),
        (vec![("000001", second.1)], "000001"),
        (vec![first, ("000002", "")], "000002"),
        (vec![("000001", ""), second], "000002"),
        (vec![("1", first.1)], "000001"),
    ] {
        assert_eq!(
            place(verify_chain(&segments)),
            (name.to_owned(), 1),
            "{segments:.30?}"
        );
    }
    assert!(Ledger::read("segment", first.1).is_err());
    assert!(Ledger::read("000000", first.1).is_err());
}

#[test]
fn records_missing_between_two_segments_are_counted() {
    let shelf = two_segments();
    let oldest = shelf.segments.get("000001").expect("there are two");
    let shorter = oldest.split_inclusive('\n').take(60).collect();
    let tampered = replaced(&shelf, "000001", shorter).expect_err("four are missing");
    assert_eq!(
        tampered.to_string(),
        "ledger segment 000002, line 1 (record 65): records 61 to 64 are missing before it"
    );
}

#[test]
fn a_snapshot_that_says_what_no_record_says_is_found() {
    let shelf = two_segments();
    let genuine = Ledger::read(shelf.newest().0, shelf.newest().1).expect("it is untouched");
    let said = genuine
        .segment
        .snapshot
        .clone()
        .expect("it begins with one");
    let lie = |change: fn(&mut State)| {
        let mut state = said.clone();
        change(&mut state);
        let cause = body(&shelf.ledger, decided("x"));
        let (line, _) = record::seal(
            &genuine.segment.base,
            &record::encode_snapshot(&cause, &state),
        );
        let text = format!("{line}\n");
        let read_alone = Ledger::read("000002", &text)
            .map(|_| ())
            .map_err(|it| it.what);
        (
            read_alone,
            replaced(&shelf, "000002", text).expect_err("it lies").what,
        )
    };
    let (alone, what) = lie(|it| it.generation = Generation(3));
    assert_eq!(alone, Ok(()), "whoever reads this segment only cannot know");
    assert_eq!(
        what,
        "its snapshot counts up to g3, the records before it up to g22"
    );
    let (_, what) = lie(|it| drop(it.known_good.remove(0)));
    assert_eq!(
        what,
        "its snapshot names another serving release than the records before"
    );
    let (_, what) = lie(|it| {
        it.known_good
            .iter_mut()
            .for_each(|it| it.release = release("evil"))
    });
    assert_eq!(
        what,
        "its snapshot calls evil known-good, and no record proves it"
    );
    let (alone, what) = lie(|it| {
        if let Fact::Stopped(stop) = fixtures::stopped("a") {
            it.stop = Some(*stop);
        }
    });
    assert_eq!(alone, Ok(()), "whoever reads this segment only cannot know");
    assert_eq!(
        what,
        "its snapshot says something else of the stop button than the records before"
    );
    let (alone, _) = lie(|it| it.head.seq = 1);
    assert_eq!(
        alone,
        Err("its snapshot was taken of another ledger".to_owned())
    );
}

#[test]
fn a_snapshot_belongs_at_the_beginning_of_later_segments_only() {
    let shelf = five();
    let cause = body(&shelf.ledger, decided("x"));
    let state = shelf.ledger.state();
    let (line, _) = record::seal(&state.head, &record::encode_snapshot(&cause, state));
    let tampered = Ledger::read("000001", &format!("{}{line}\n", shelf.newest().1));
    assert_eq!(tampered.expect_err("it is in the middle").line, 6);
    let (line, _) = record::seal(
        &Head::default(),
        &record::encode_snapshot(&cause, &State::default()),
    );
    assert!(Ledger::read("000001", &format!("{line}\n")).is_err());
    let shelf = two_segments();
    let first = Ledger::read(
        "000002",
        shelf.newest().1.split_inclusive('\n').next().unwrap_or(""),
    );
    let state = first
        .expect("it is untouched")
        .segment
        .snapshot
        .expect("it is one");
    let (line, _) = record::seal(
        &shelf.ledger.state().head,
        &record::encode_snapshot(&cause, &state),
    );
    assert!(Ledger::read("000002", &format!("{}{line}\n", shelf.newest().1)).is_err());
    let without: String = shelf.newest().1.split_inclusive('\n').skip(1).collect();
    let tampered = Ledger::read("000002", &without).expect_err("it has no snapshot");
    assert_eq!(tampered.what, "the segment does not begin with a snapshot");
}

#[test]
fn half_a_line_at_the_end_never_was() {
    let before = five();
    let (name, acknowledged) = before.newest();
    let mut after = before.clone();
    after.begin(Command::Deploy, &release("2"));
    let written = after.newest().1;
    for end in (acknowledged.len() + 1..written.len()).filter(|end| written.is_char_boundary(*end))
    {
        let (torn, _) = written.split_at(end);
        let mut ledger = Ledger::read(name, torn).expect("a crash may leave that");
        assert_eq!(ledger.state(), before.ledger.state());
        let left = ledger.torn().expect("something stands there");
        assert_eq!((left.line, left.text.len()), (6, end - acknowledged.len()));
        let append = ledger.append(&body(
            &ledger,
            began(ledger.state(), Command::Deploy, release("2")),
        ));
        assert_eq!(append.keep, acknowledged.len());
        assert_eq!(format!("{acknowledged}{}", append.text), written);
        assert_eq!(ledger.torn(), None);
    }
    let torn = written.trim_end();
    let verified = verify_chain(&[(name, torn)]).expect("a crash may leave that");
    assert_eq!(
        (verified.records, verified.torn.map(|it| it.line)),
        (5, Some(6))
    );
}

#[test]
fn half_a_line_is_removed_before_a_segment_is_left_behind() {
    let mut shelf = Shelf::new();
    for _ in 0..64 {
        shelf.write(decided("go on"));
    }
    assert!(shelf.ledger.full());
    let torn = format!("{}{{\"seq\":65", shelf.newest().1);
    let mut ledger = Ledger::read("000001", &torn).expect("a crash may leave that");
    assert!(!ledger.full());
    assert_eq!(
        ledger.append(&body(&ledger, decided("x"))).segment,
        "000001"
    );
    assert!(ledger.full());

    shelf.write(decided("x"));
    shelf.segments.insert("000001".to_owned(), torn);
    let tampered = verify_chain(&shelf.chain()).expect_err("no crash leaves it like that");
    assert_eq!((tampered.segment.as_str(), tampered.line), ("000001", 65));
}

#[test]
fn the_first_record_of_all_can_be_torn() {
    let mut ledger = Ledger::read("000001", "{\"seq\":1,\"pr").expect("a crash may leave that");
    assert!(ledger.torn().is_some());
    assert_eq!(ledger.append(&body(&ledger, decided("x"))).keep, 0);
    let empty = Ledger::read("000001", "").expect("nothing was written");
    assert_eq!(empty.state(), Ledger::empty().state());
    assert_eq!(empty.head(), "0".repeat(64));
}

#[test]
fn a_full_segment_is_followed_by_one_with_a_snapshot() {
    let mut shelf = Shelf::new();
    for _ in 0..63 {
        shelf.write(decided("go on"));
    }
    assert!(!shelf.ledger.full());
    shelf.write(decided("go on"));
    assert!(shelf.ledger.full());
    assert_eq!(shelf.ledger.next_segment(), "000002");
    let append = shelf
        .ledger
        .append(&body(&shelf.ledger, decided("the first of the next")));
    assert_eq!((append.segment.as_str(), append.keep), ("000002", 0));
    assert_eq!(append.text.matches('\n').count(), 2);
    assert!(append.text.contains("\"kind\":\"snapshot\""));
    assert_eq!(shelf.ledger.segment(), "000002");
}

/// What does not know the stop button must not write after it, for its next snapshot would forget it.
#[test]
fn a_stop_outlives_its_segment_in_a_snapshot_that_older_versions_do_not_pass_over() {
    let mut shelf = Shelf::new();
    shelf.write(fixtures::stopped("a"));
    while shelf.segments.len() < 2 {
        shelf.write(decided("x"));
    }
    let (name, text) = shelf.newest();
    let read = Ledger::read(name, text).expect("it is untouched");
    assert_eq!(
        read.state().stop.as_ref().map(|it| it.id.as_str()),
        Some("a")
    );
    assert!(text.contains("\"body\":{\"format\":2,"), "{text}");
    shelf.write(fixtures::resumed("a"));
    while shelf.segments.len() < 3 {
        shelf.write(decided("x"));
    }
    assert!(!shelf.newest().1.contains("\"format\":2,"));
    assert!(verify_chain(&shelf.chain()).is_ok());
}

/// What does not know that a candidate may wait would put it away as a dead run's.
#[test]
fn a_wait_outlives_its_segment_in_a_snapshot_that_older_versions_do_not_pass_over() {
    let mut shelf = Shelf::new();
    let generation = shelf.begin(Command::Deploy, &release("1"));
    shelf.write(fixtures::waits(generation));
    while shelf.segments.len() < 2 {
        shelf.write(decided("x"));
    }
    let (name, text) = shelf.newest();
    let read = Ledger::read(name, text).expect("it is untouched");
    let open = read.state().open.clone();
    assert!(open.is_some_and(|open| open.waits.is_some()));
    assert!(text.contains("\"body\":{\"format\":3,"), "{text}");
}

#[test]
fn what_people_write_stays_on_one_line() {
    let mut shelf = Shelf::new();
    let reason = "two\nlines,\r\n\u{2028}\"}} and \0 \u{7f} ü 🦀";
    let said = Overridden {
        what: "freeze".to_owned(),
        who: None,
        reason: reason.to_owned(),
    };
    shelf.write(Fact::Overridden(said.clone()));
    let (name, text) = shelf.newest();
    assert_eq!(text.matches('\n').count(), 1);
    assert!(Ledger::read(name, text).is_ok());
    let record = record::Record::open(text.trim_end()).expect("it is whole");
    match record::decode(record.body) {
        Ok(record::Content::Fact(body)) => assert_eq!(body.fact, Fact::Overridden(said)),
        other => panic!("{other:?}"),
    }
}

/// A line after the five that another version wrote.
fn with(body: &str) -> String {
    let shelf = five();
    let (line, _) = record::seal(&shelf.ledger.state().head, body);
    format!("{}{line}\n", shelf.newest().1)
}

#[test]
fn what_a_newer_version_wrote_is_verified_passed_over_and_not_written_after() {
    let run = r#""at":1,"run":{"holder":"x","token":1}"#;
    for (body, what) in [
        (
            format!(r#"{{"format":1,{run},"kind":"paused","until":5}}"#),
            "is a `paused`: unknown variant",
        ),
        (
            r#"{"format":5,"kind":"began","spec":[]}"#.to_owned(),
            "has format 5, this version knows 4",
        ),
        (
            format!(
                r#"{{"format":1,{run},"kind":"ended","generation":1,"outcome":"napping","reason":"x","because":[],"quarantine":false}}"#
            ),
            "is a `ended`: unknown variant",
        ),
    ] {
        let text = with(&body);
        let ledger = Ledger::read("000001", &text).expect("nothing was changed");
        let mut known = five().ledger.state().clone();
        known.head = ledger.state().head.clone();
        assert_eq!(ledger.state(), &known);
        let refusal = ledger.writable().expect_err("it is newer");
        let beginning = "this version does not understand the ledger: in segment 000001, record 6 ";
        assert!(
            refusal.starts_with(&format!("{beginning}{what}")),
            "{refusal}"
        );
        let verified = verify_chain(&[("000001", &text)]).expect("nothing was changed");
        assert_eq!((verified.records, verified.newer.is_some()), (6, true));
        let flipped = text
            .replacen("\"format\":5", "\"format\":6", 1)
            .replacen("napping", "nipping", 1);
        let flipped = flipped.replacen("paused", "caused", 1);
        assert_eq!(place(verify_chain(&[("000001", &flipped)])).1, 6);
    }
    assert_eq!(five().ledger.writable(), Ok(()));
}

#[test]
fn what_a_newer_version_came_to_is_not_held_against_its_snapshot() {
    let mut head = Head::default();
    let mut line = |body: &str| {
        let (line, next) = record::seal(&head, body);
        head = next;
        format!("{line}\n")
    };
    let first = line(r#"{"format":5,"kind":"moved","generation":9}"#);
    let cause = body(&Ledger::empty(), decided("x"));
    let base = Ledger::read("000001", &first)
        .expect("it is untouched")
        .state()
        .head
        .clone();
    let state = State {
        head: base,
        generation: Generation(9),
        ..State::default()
    };
    let snapshot = line(&record::encode_snapshot(&cause, &state));
    let second = snapshot + &line(r#"{"format":1,"kind":"again"}"#);
    let verified = verify_chain(&[("000001", &first), ("000002", &second)]);
    let newer = verified.expect("it is untouched").newer;
    assert_eq!(
        newer.as_deref(),
        Some("record 1 has format 5, this version knows 4")
    );
}

#[test]
fn a_member_that_a_newer_version_added_is_ignored() {
    let body = r#"{"format":1,"at":1,"run":{"holder":"x","token":1,"mood":7},"kind":"decided","phase":"p","decision":"d","because":[],"more":{}}"#;
    assert_eq!(
        Ledger::read("000001", &with(body))
            .expect("it is untouched")
            .writable(),
        Ok(())
    );
}

#[test]
fn a_body_that_no_version_writes_is_found() {
    for body in [
        "{}",
        "[]",
        "7",
        "{\"format\":1}",
        "{\"kind\":\"began\"}",
        "not json",
    ] {
        let tampered = Ledger::read("000001", &with(body)).expect_err("it is no body");
        assert_eq!((tampered.line, tampered.seq), (6, Some(6)), "{body}");
    }
}

#[test]
#[should_panic(expected = "not understood")]
fn appending_to_what_is_not_understood_is_our_bug() {
    let text = with(r#"{"format":3,"kind":"x"}"#);
    let mut ledger = Ledger::read("000001", &text).expect("nothing was changed");
    let _ = ledger.append(&body(&ledger, decided("x")));
}

#[test]
fn a_ledger_with_the_highest_number_there_is_breaks_nothing() {
    let state = State {
        head: Head {
            seq: u64::MAX - 2,
            ..Head::default()
        },
        ..State::default()
    };
    let cause = body(&Ledger::empty(), decided("x"));
    let (line, _) = record::seal(&state.head, &record::encode_snapshot(&cause, &state));
    let mut ledger = Ledger::read("000002", &format!("{line}\n")).expect("it is consistent");
    let append = ledger.append(&cause);
    assert!(Ledger::read("000002", &format!("{line}\n{}", append.text)).is_err());
}

/// One thing that may happen to an environment.
#[derive(Clone, Debug)]
enum Act {
    Begin(u8, Command),
    Commit,
    End { quarantine: bool },
    Note,
    Refuse,
    Stop(bool),
    Resume(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let command = prop_oneof![3 => Just(Command::Deploy), 1 => Just(Command::Rollback)];
    prop_oneof![
        4 => (0..14_u8, command).prop_map(|(release, command)| Act::Begin(release, command)),
        3 => Just(Act::Commit),
        2 => any::<bool>().prop_map(|quarantine| Act::End { quarantine }),
        1 => Just(Act::Note),
        1 => Just(Act::Refuse),
        1 => any::<bool>().prop_map(Act::Stop),
        1 => any::<bool>().prop_map(Act::Resume),
    ]
}

impl Act {
    fn fact(&self, state: &State) -> Fact {
        match (self, &state.open) {
            (Self::Begin(version, command), _) => {
                began(state, *command, release(&version.to_string()))
            }
            (Self::Commit, Some(open)) => {
                committed(open.generation, open.command, open.release.clone())
            }
            (Self::End { quarantine }, Some(open)) => {
                ended(Some(open.generation), Outcome::RolledBack, *quarantine)
            }
            (Self::Refuse, _) => ended(None, Outcome::Busy, false),
            (Self::Stop(which), _) => fixtures::stopped(&which.to_string()),
            (Self::Resume(which), _) => fixtures::resumed(&which.to_string()),
            (Self::Note | Self::Commit | Self::End { .. }, _) => decided("go on"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_newest_segment_alone_comes_to_what_all_records_come_to(
        acts in proptest::collection::vec(act(), 1..220),
    ) {
        let mut shelf = Shelf::new();
        let mut all = State::default();
        for act in acts {
            let body = body(&shelf.ledger, act.fact(&all));
            shelf.write(body.fact.clone());
            all.head = shelf.ledger.state().head.clone();
            all.apply(all.head.seq, &body);
        }
        let (name, text) = shelf.newest();
        let read = Ledger::read(name, text).expect("it is untouched");
        prop_assert_eq!(read.state(), &all);
        prop_assert_eq!(shelf.ledger.state(), &all);
        prop_assert_eq!(read.segment.keep, shelf.ledger.segment.keep);
        prop_assert_eq!(read.full(), shelf.ledger.full());
        let verified = verify_chain(&shelf.chain()).expect("it is untouched");
        prop_assert_eq!(verified.head, all.head);
    }

    #[test]
    fn a_generation_is_never_used_twice(acts in proptest::collection::vec(act(), 1..150)) {
        let mut shelf = Shelf::new();
        let mut used = std::collections::BTreeSet::new();
        for (count, act) in acts.iter().enumerate() {
            let fact = act.fact(shelf.ledger.state());
            if let Fact::Began(began) = &fact {
                prop_assert!(used.insert(began.generation));
            }
            shelf.write(fact);
            if count % 32 == 0 {
                let (name, text) = shelf.newest();
                shelf.ledger = Ledger::read(name, text).expect("it is untouched");
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(\\{\"seq\":[0-9]{1,20},\"prev\":\"0{64}\",\"body\":.{0,20}\n?){0,3}.{0,40}") {
        for name in ["000001", "000002", ""] {
            let _ = Ledger::read(name, &text);
            let _ = verify_chain(&[(name, &text)]);
        }
    }
}

const PAGE: &str = include_str!("../../../docs/ledger.md");

/// Also the test that old ledgers stay readable: where it fails because a member was added, give that a default.
#[test]
fn the_page_shows_a_ledger_that_verifies_and_is_understood() {
    let text: String = PAGE
        .split_inclusive('\n')
        .filter(|line| line.starts_with("{\"seq\":") && !line.contains('<'))
        .collect();
    let verified = verify_chain(&[("000001", &text)]).expect("the page is right");
    assert_eq!((verified.records, verified.newer), (4, None));
    assert!(PAGE.contains(&format!("`{}`", verified.head.hash)));
}

#[test]
fn the_page_names_every_kind() {
    let facts = [
        began(&State::default(), Command::Deploy, release("1")),
        decided("x"),
        committed(Generation(1), Command::Deploy, release("1")),
        fixtures::waits(Generation(1)),
        ended(None, Outcome::Busy, false),
        Fact::Overridden(Overridden {
            what: String::new(),
            who: None,
            reason: String::new(),
        }),
        fixtures::stopped("a"),
        fixtures::resumed("a"),
        fixtures::hooked(Generation(1), true, None),
    ];
    let mut kinds = vec!["snapshot"];
    for fact in &facts {
        kinds.push(match fact {
            Fact::Began(_) => "began",
            Fact::Decided(_) => "decided",
            Fact::Committed(_) => "committed",
            Fact::Waits(_) => "waits",
            Fact::Ended(_) => "ended",
            Fact::Overridden(_) => "overridden",
            Fact::Stopped(_) => "stopped",
            Fact::Resumed(_) => "resumed",
            Fact::Hooked(_) => "hooked",
        });
        let text = record::encode(&body(&Ledger::empty(), fact.clone()));
        let kind = kinds.last().expect("it was just pushed");
        assert!(text.contains(&format!("\"kind\":\"{kind}\"")), "{text}");
    }
    for kind in kinds {
        assert!(PAGE.contains(&format!("| `{kind}` |")), "{kind}");
    }
}
