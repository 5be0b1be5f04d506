//! Journals of every kind, and what becomes of each.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::protocol::{Begin, Completion, EffectId, Fault, Input, Outcome};

/// The journal of a run, as the shell writes it.
fn journal(begin: Begin, completions: &[Completion]) -> String {
    let mut session = Session::new();
    let mut text = String::new();
    let begin = std::iter::once(Input::Begin(Box::new(begin)));
    let completed = completions.iter().zip(1..);
    let completed = completed.map(|(completion, id)| Input::Completed {
        id: EffectId(id),
        completion: completion.clone(),
    });
    for (input, now) in begin.chain(completed).zip(1_700_000_000_000..) {
        let version = if text.is_empty() {
            format!("\"version\":\"{VERSION}\",")
        } else {
            String::new()
        };
        let json = serde_json::to_string(&input).expect("it is JSON");
        text += &format!("{{{version}\"now\":{now},\"input\":{json}}}\n");
        session
            .handle(Timestamp(now), input)
            .expect("the run takes it");
        let outputs = serde_json::to_string(&drain(&mut session)).expect("they are JSON");
        text += &format!("{{\"outputs\":{outputs}}}\n");
    }
    text
}

fn begin(argv: &[&str]) -> Begin {
    Begin {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        workspace: "/home/ci/app".to_owned(),
        reports: "/home/ci/app/.cd-action".to_owned(),
        ..Begin::default()
    }
}

/// Four lines: a command that there is none of.
fn small() -> String {
    journal(begin(&["deploi"]), &[Completion::Written])
}

fn decided(text: &str) -> Replayed {
    match replay(text) {
        Replay::Decided(replayed) => *replayed,
        Replay::Unreadable(unreadable) => panic!("{unreadable:?}"),
    }
}

fn unreadable(text: &str) -> Vec<String> {
    match replay(text) {
        Replay::Decided(replayed) => panic!("it was read: {}", replayed.explanation),
        Replay::Unreadable(it) => it.mistakes.iter().map(ToString::to_string).collect(),
    }
}

/// The journal with something else in one of its lines, counted from 1.
fn with_line(text: &str, number: usize, line: impl Fn(&str) -> String) -> String {
    let lines = text.lines().zip(1..);
    lines
        .map(|(text, at)| {
            let text = if at == number {
                line(text)
            } else {
                text.to_owned()
            };
            format!("{text}\n")
        })
        .collect()
}

#[test]
fn the_same_decisions_are_told_as_that() {
    let replayed = decided(&small());
    assert!(replayed.same, "{}", replayed.explanation);
    assert_eq!(
        (
            replayed.decided,
            replayed.blotted,
            replayed.version.as_deref()
        ),
        (2, 0, Some(VERSION))
    );
    let end = JournalEnd::Done {
        outcome: "invalid".to_owned(),
        exit_code: 3,
    };
    assert_eq!((replayed.end, replayed.reason.as_str()), (end, "input"));
    assert!(replayed.because[0].contains("`deploi`"));
}

#[test]
fn another_decision_is_told_with_its_line_and_its_place() {
    let text = with_line(&small(), 4, |line| line.replace("deploi", "depl0y"));
    let replayed = decided(&text);
    let difference = replayed.difference.expect("it is another one");
    assert!(!replayed.same);
    assert_eq!((difference.line, replayed.decided), (4, 1));
    assert!(difference.was.contains("depl0y"), "{difference:?}");
    assert!(difference.is.contains("deploi"), "{difference:?}");
    assert!(difference.place.starts_with("emit."), "{difference:?}");
    assert!(replayed.explanation.contains("a bug, or another build"));
}

#[test]
fn a_decision_more_or_less_is_one_that_differs() {
    let reason = r#"{"type":"idle","wakeAt":null,"reason":"an answer"}"#;
    let less = with_line(&small(), 2, |line| {
        assert!(line.contains(reason), "{line}");
        line.replace(&format!(",{reason}"), "")
    });
    let difference = decided(&less).difference.expect("one is new");
    assert_eq!((difference.output, difference.then), (2, None));
    assert_eq!(difference.now.as_deref(), Some("waits for an answer"));
    let more = with_line(&small(), 2, |line| {
        line.replace(reason, &format!("{reason},{reason}"))
    });
    let difference = decided(&more).difference.expect("one is gone");
    assert_eq!((difference.output, difference.now), (3, None));
}

#[test]
fn an_input_that_is_not_taken_any_more_is_a_difference() {
    let text = with_line(&small(), 3, |line| line.replace("\"id\":1,", "\"id\":7,"));
    let difference = decided(&text).difference.expect("nobody asked for it");
    let now = difference.now.expect("it is told");
    assert_eq!(difference.line, 4);
    assert!(now.contains("line 3: effect 7 is not under way"), "{now}");
}

#[test]
fn a_journal_of_another_version_is_told_as_such() {
    let other = with_line(&small(), 1, |line| line.replace(VERSION, "0.0.9"));
    let replayed = decided(&other);
    assert_eq!(
        (replayed.same, replayed.version.as_deref()),
        (true, Some("0.0.9"))
    );
    let otherwise = with_line(&other, 4, |line| line.replace("deploi", "depl0y"));
    let words = decided(&otherwise).explanation;
    assert!(
        words.contains(&format!("then by 0.0.9, now by {VERSION}")),
        "{words}"
    );
    let older = with_line(&small(), 1, |line| {
        line.replace(&format!("\"version\":\"{VERSION}\","), "")
    });
    let replayed = decided(&older);
    assert_eq!((replayed.same, replayed.version), (true, None));
}

#[test]
fn what_only_another_version_knows_breaks_nothing() {
    let text = with_line(&small(), 1, |line| {
        line.replace("\"argv\":", "\"weather\":\"fine\",\"argv\":")
    });
    let text = with_line(&text, 3, |line| {
        line.replace("{\"now\":", "{\"mood\":1,\"now\":")
    });
    let text = with_line(&text, 2, |line| {
        let line = line.replace("\"durable\":", "\"wind\":null,\"calm\":[],\"durable\":");
        line.replacen('{', "{\"took\":3,", 1)
    });
    assert!(text.contains("weather") && text.contains("wind") && text.contains("took"));
    let replayed = decided(&text);
    assert!(replayed.same, "{}", replayed.explanation);
    let text = with_line(&small(), 2, |line| {
        line.replace("\"durable\":", "\"calm\":7,\"durable\":")
    });
    let difference = decided(&text).difference.expect("it was something");
    assert_eq!(
        (
            difference.place.as_str(),
            difference.was.as_str(),
            difference.is.as_str()
        ),
        ("effect.calm", "7", "nothing")
    );
}

#[test]
fn a_run_that_was_killed_is_told_as_that_and_not_as_a_difference() {
    let lines: Vec<String> = small().lines().map(|line| format!("{line}\n")).collect();
    let torn = format!("{}{}{}", lines[0], lines[1], &lines[2][..20]);
    let torn_outputs = format!("{}{}{}{}", lines[0], lines[1], lines[2], &lines[3][..40]);
    let rows = [
        (lines[..2].concat(), 1, JournalEnd::Killed),
        (lines[..3].concat(), 1, JournalEnd::Unanswered { line: 3 }),
        (torn, 1, JournalEnd::Torn { line: 3 }),
        (torn_outputs, 1, JournalEnd::Torn { line: 4 }),
        (lines[0].clone(), 0, JournalEnd::Unanswered { line: 1 }),
    ];
    for (text, count, end) in rows {
        let replayed = decided(&text);
        assert_eq!(
            (replayed.same, replayed.decided, replayed.end),
            (true, count, end),
            "{text}"
        );
        assert!(
            replayed.explanation.contains("the run was killed"),
            "{text}"
        );
    }
    // Only the end of the last line is missing, and nothing of it.
    let replayed = decided(small().trim_end());
    assert!(replayed.same && matches!(replayed.end, JournalEnd::Done { .. }));
}

#[test]
fn a_crash_is_told_and_not_repeated() {
    let lines: Vec<String> = small().lines().map(|line| format!("{line}\n")).collect();
    let crash = "{\"crash\":\"Panic: oh\"}\n";
    for (text, line) in [
        (format!("{}{}{}{crash}", lines[0], lines[1], lines[2]), 4),
        (format!("{}{crash}", lines.concat()), 5),
    ] {
        let replayed = decided(&text);
        let words = "Panic: oh".to_owned();
        assert!(replayed.same);
        assert_eq!(replayed.end, JournalEnd::Crashed { line, words });
        assert!(replayed.explanation.contains("crashed, by a bug of ours"));
    }
}

#[test]
fn a_blotted_secret_is_compared_by_its_place() {
    let rows = [
        ("the command `deploi`", "the command `***`", true),
        ("the command `deploi`", "the comm*** `deploi`", false),
        ("deploi", "***oi", true),
        ("deploi", "de***", true),
        ("deploi", "d***i", true),
        ("deploi", "d***loi", false),
        ("deploi", "***x", false),
        ("deploi", "x***", false),
        ("a-b", "***", false),
        ("ab", "***", false),
        ("ones two three four", "*** two *** four", true),
        ("ones two three four", "*** two *** five", false),
        ("ones two two four", "*** two ***", true),
        ("éé", "***", false),
        ("éééé", "***", true),
        ("😀😀", "***", true),
        ("***", "***", true),
        ("******", "***", true),
    ];
    for (now, then, same) in rows {
        let list = |text: &str| json!([{ "type": "idle", "wakeAt": null, "reason": text }]);
        let compared = difference::compare(2, &list(then).to_string(), &list(now).to_string());
        assert_eq!(compared.difference.is_none(), same, "{then} for {now}");
        assert_eq!(compared.blotted, u32::from(same && now != then), "{then}");
    }
    let text = with_line(&small(), 4, |line| line.replace("deploi", "***"));
    let replayed = decided(&text);
    assert!(replayed.same && replayed.blotted > 0);
    assert!(replayed.explanation.contains("secrets were blotted in"));
}

#[test]
fn names_in_another_order_are_no_difference() {
    let (then, now) = (r#"[{"9":"a","10":"b"}]"#, r#"[{"10":"b","9":"a"}]"#);
    assert_eq!(difference::compare(2, then, now).difference, None);
}

/// A text, and how each of its mistakes begins.
type Wrong = (String, &'static [&'static str]);

fn no_journals(text: &str) -> Vec<Wrong> {
    vec![
        (String::new(), &["it is empty"]),
        ("\n\n".to_owned(), &["it is empty"]),
        (
            "hello\nworld\n".to_owned(),
            &["it is no journal of cd-action"],
        ),
        (
            "{\"format\":1}\n".to_owned(),
            &["it is no journal of cd-action"],
        ),
        (
            "\u{7f}ELF\u{0}\u{1}".to_owned(),
            &["it is no journal of cd-action"],
        ),
        (text[..30].to_owned(), &["its only line is torn"]),
        (
            text[..30].to_owned() + "\n",
            &["it is no journal of cd-action"],
        ),
    ]
}

fn wrong_lines(text: &str) -> Vec<Wrong> {
    vec![
        (
            with_line(text, 2, |_| "hello".to_owned()),
            &["line 2: no JSON"],
        ),
        (
            with_line(&with_line(text, 2, |_| "[]".to_owned()), 3, |line| {
                line.replace("\"written\"", "\"delivered\"")
            }),
            &[
                "line 2: no object",
                "line 3: there is no completion `delivered`",
            ],
        ),
        (
            with_line(text, 1, |line| line.replace("\"now\":", "\"then\":")),
            &["line 1: `now` is no moment"],
        ),
        (
            with_line(text, 1, |_| {
                "{\"now\":1,\"input\":{\"type\":\"tick\"}}".to_owned()
            }),
            &["line 1: a run begins with the input `begin`"],
        ),
        (
            with_line(text, 2, |_| "{\"outputs\":[]}".to_owned()),
            &["line 2: `outputs` is no list"],
        ),
        (
            with_line(text, 2, |_| "{\"input\":1}".to_owned()),
            &["line 2: `now` is no moment"],
        ),
        (
            text.lines()
                .filter(|line| !line.contains("durable"))
                .fold(String::new(), |all, line| format!("{all}{line}\n")),
            &["line 2: what was decided on line 1 is missing"],
        ),
        (
            with_line(text, 3, |_| {
                text.lines().nth(1).unwrap_or_default().to_owned()
            }),
            &["line 3: outputs, and no input"],
        ),
        (
            text.to_owned() + text,
            &["line 5: the run was over at line 4"],
        ),
        (
            with_line(text, 3, |_| {
                text.lines().next().unwrap_or_default().to_owned()
            }),
            &["line 3: a second run begins"],
        ),
        (
            with_line(text, 3, |_| "{\"joke\":1}".to_owned()),
            &["line 3: neither an `input`, nor `outputs`, nor a `crash`"],
        ),
    ]
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_line() {
    let text = small();
    let rows = no_journals(&text).into_iter().chain(wrong_lines(&text));
    for (text, expected) in rows {
        let told = unreadable(&text);
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}: {text}");
        }
        assert!(told.len() >= expected.len(), "{told:?}: {text}");
    }
}

#[test]
fn a_thousand_mistakes_are_twenty_and_a_number() {
    let text = small() + &"what?\n".repeat(1_000);
    let Replay::Unreadable(it) = replay(&text) else {
        panic!("it is none")
    };
    assert_eq!((it.mistakes.len(), it.more), (20, 980));
}

#[test]
fn what_no_run_writes_is_refused_before_it_is_read() {
    let lines = small() + &"{}\n".repeat(journal::MOST_LINES);
    assert_eq!(
        unreadable(&lines),
        ["it has more than 1000000 lines: no run writes so many"]
    );
    let large = format!("{}{}", small(), " ".repeat(journal::LARGEST as usize));
    assert_eq!(
        unreadable(&large),
        ["it is larger than 67108864 bytes (64 MiB): no run writes so much"]
    );
}

#[test]
fn metadata_is_decided_again_and_explained_by_what_it_said() {
    let begin = Begin {
        env: BTreeMap::from([("CI".to_owned(), "true".to_owned())]),
        ..begin(&["metadata", "--images", "A:b"])
    };
    let text = journal(begin, &[]);
    let replayed = decided(&text);
    assert!(replayed.same && replayed.command == "metadata");
    let said = |it: &Moment| matches!(it, Moment::Said { .. });
    assert!(replayed.moments.iter().all(said));
}

/// A run of `replay` over a file that completes as this.
fn run(argv: &[&str], completion: Option<Completion>) -> (Outcome, u8, String) {
    let completions: Vec<Completion> = completion.into_iter().collect();
    let text = journal(begin(argv), &completions);
    let outputs: Value =
        serde_json::from_str(text.lines().last().expect("it has lines")).expect("they are JSON");
    let outputs: Vec<Output> =
        serde_json::from_value(outputs["outputs"].clone()).expect("they are outputs");
    let Some(Output::Done { outcome, exit_code }) = outputs.last() else {
        panic!("it ends: {outputs:?}")
    };
    (*outcome, *exit_code, format!("{outputs:?}"))
}

fn read(text: String) -> Option<Completion> {
    Some(Completion::Read { text })
}

/// The words of a command line, what comes of its file, and how it ends: outcome, exit code, and some of what is said.
type Ending = (
    &'static [&'static str],
    Option<Completion>,
    Outcome,
    u8,
    &'static str,
);

fn endings_of_files() -> Vec<Ending> {
    let failed = |fault| {
        Some(Completion::Failed {
            fault,
            message: "ENOENT".to_owned(),
        })
    };
    let file = ["replay", "j.jsonl"].as_slice();
    let json = ["replay", "--json", "j.jsonl"].as_slice();
    let other = with_line(&small(), 4, |line| line.replace("deploi", "depl0y"));
    vec![
        (
            file,
            read(small()),
            Outcome::Shown,
            0,
            "decided again alike",
        ),
        (
            file,
            read(other),
            Outcome::Failed,
            1,
            "decided otherwise from line 4 on",
        ),
        (
            file,
            read("what?".to_owned()),
            Outcome::Invalid,
            3,
            "it is no journal",
        ),
        (
            file,
            failed(Fault::NotFound),
            Outcome::Invalid,
            3,
            "there is no such file (ENOENT)",
        ),
        (file, failed(Fault::TooLarge), Outcome::Invalid, 3, "64 MiB"),
        (
            file,
            failed(Fault::NotText),
            Outcome::Invalid,
            3,
            "it is not text (UTF-8)",
        ),
        (
            file,
            failed(Fault::Denied),
            Outcome::Invalid,
            3,
            "it cannot be read: ENOENT",
        ),
        (
            json,
            read(small()),
            Outcome::Shown,
            0,
            "\\\"type\\\": \\\"decided\\\"",
        ),
        (
            json,
            read("?".to_owned()),
            Outcome::Invalid,
            3,
            "\\\"type\\\": \\\"unreadable\\\"",
        ),
    ]
}

fn endings_of_command_lines() -> Vec<Ending> {
    vec![
        (
            &["replay"],
            None,
            Outcome::Invalid,
            3,
            "needs the file of a journal",
        ),
        (
            &["replay", "a", "b", "--x", "--json=1"],
            None,
            Outcome::Invalid,
            3,
            "`b` is too much",
        ),
        (
            &["replay", "--help"],
            None,
            Outcome::Shown,
            0,
            "usage: cd-action replay FILE",
        ),
    ]
}

#[test]
fn the_exit_code_says_whether_it_is_the_same() {
    let rows = endings_of_files()
        .into_iter()
        .chain(endings_of_command_lines());
    for (argv, completion, outcome, exit_code, words) in rows {
        let (ended, code, said) = run(argv, completion);
        assert_eq!((ended, code), (outcome, exit_code), "{argv:?}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_run_of_replay_is_decided_again_itself() {
    let text = journal(
        begin(&["replay", "j.jsonl"]),
        &[Completion::Read { text: small() }],
    );
    let replayed = decided(&text);
    assert!(replayed.same && replayed.command == "replay");
    assert!(
        replayed
            .explanation
            .contains("decided again alike: a run of")
    );
}

#[test]
fn no_lines_left_out_doubled_or_moved_make_the_core_panic() {
    let lines: Vec<String> = small().lines().map(|line| format!("{line}\n")).collect();
    for a in 0..lines.len() {
        for b in 0..lines.len() {
            let mut moved = lines.clone();
            moved.swap(a, b);
            let _ = replay(&moved.concat());
            moved.remove(a);
            let _ = replay(&moved.concat());
            moved.insert(b.min(moved.len()), lines[b].clone());
            let _ = replay(&moved.concat());
        }
    }
}
