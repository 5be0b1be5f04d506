//! Whole journals are decided again alike, natively and by the module that ships: those that are recorded here, and those that
//! the end-to-end tests leave.
//!
//! `tests/e2e/run` has its journals kept in a folder, and calls the test that is ignored here for all of them:
//! `CD_JOURNALS=FOLDER cargo test --package contract --profile fast -- --ignored --nocapture every_journal`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use cd_core::library::{self, Answer, JournalText};
use cd_core::replay::{JournalEnd, Replay, Replayed};
use serde_json::{Value, json};

use crate::root;
use crate::transcripts::{CORE, ask_node, transcripts};

#[test]
fn recorded_journals_are_decided_again_and_explained_alike_by_both() {
    let paths = transcripts();
    let answers = shipped(&paths);
    for (path, answer) in paths.iter().zip(answers) {
        let name = path.display();
        let (replayed, json) = native(path);
        assert_eq!(answer, json, "{name}");
        let replayed = replayed.unwrap_or_else(|| panic!("{name} is a journal: {json}"));
        assert!(replayed.same, "{name}: {}", replayed.explanation);
        assert_eq!(replayed.blotted, 0, "{name}");
        assert!(
            matches!(replayed.end, JournalEnd::Done { .. }) && !replayed.moments.is_empty(),
            "{name}: {}",
            replayed.explanation
        );
    }
}

#[test]
fn a_broken_deploy_is_explained_from_its_beginning_to_its_reason() {
    let paths = transcripts();
    let broken = paths
        .iter()
        .find(|path| path.ends_with("deploy-broken.jsonl"));
    let (replayed, _) = native(broken.expect("it is recorded"));
    let replayed = replayed.expect("it is a journal");
    let words = &replayed.explanation;
    assert_eq!(replayed.command, "deploy");
    let end = JournalEnd::Done {
        outcome: "rolled-back".to_owned(),
        exit_code: 1,
    };
    assert_eq!(replayed.end, end);
    for part in [
        "decided again alike: `deploy` of 2026-11-2",
        "the journal\n  written by ",
        "the run came to its end: rolled-back, exit code 1",
        "  decided: go back: ",
        "rolled-back (",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[test]
fn journals_of_earlier_versions_are_read_and_what_is_decided_otherwise_is_told() {
    let paths = journals(&root().join("tests/contract/transcripts/earlier"));
    assert!(!paths.is_empty(), "they stay");
    let answers = shipped(&paths);
    for (path, answer) in paths.iter().zip(answers) {
        let name = path.display();
        let (replayed, json) = native(path);
        assert_eq!(answer, json, "{name}");
        let replayed = replayed.unwrap_or_else(|| panic!("{name} is read no more: {json}"));
        assert!(replayed.decided > 0, "{name}: {}", replayed.explanation);
        assert_ne!(replayed.same, replayed.difference.is_some(), "{name}");
        let told = replayed.same || replayed.explanation.contains("(then by ");
        assert!(told, "{name}: {}", replayed.explanation);
    }
}

#[test]
fn a_journal_that_somebody_changed_differs_or_is_none_and_never_makes_the_core_panic() {
    let others = [
        json!({ "type": "failed", "fault": "not-found", "message": "gone" }),
        json!({ "type": "failed", "fault": "other", "message": "\u{0}{]" }),
        json!({ "type": "exited", "code": 0, "signal": null, "stdout": "", "stderr": "" }),
        json!({ "type": "exited", "code": 0, "signal": null, "stdout": "[{}]\n\t|é", "stderr": "x" }),
        json!({ "type": "exited", "code": null, "signal": "SIGKILL", "stdout": "", "stderr": "" }),
        json!({ "type": "timed-out", "stdout": "", "stderr": "" }),
        json!({ "type": "recalled", "stdout": "{\"body\":1}\nCD_END" }),
        json!({ "type": "read", "text": "service: [" }),
    ];
    let (mut changed, mut unnoticed) = (0_u32, 0);
    for path in transcripts() {
        let text = fs::read_to_string(&path).expect("a transcript is UTF-8");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("it is JSON"))
            .collect();
        // Each in its turn: a replay begins at the beginning, and all of them in all places take a minute.
        for (at, other) in (0..lines.len()).zip(others.iter().cycle()) {
            let mut lines = lines.clone();
            let Some(completion) = lines[at].pointer_mut("/input/completion") else {
                continue;
            };
            *completion = other.clone();
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let same = matches!(
                cd_core::replay::replay(&text),
                Replay::Decided(it) if it.same
            );
            unnoticed += u32::from(same);
            changed += 1;
        }
    }
    // Some answers are the recorded ones, or lead to the same decisions: a look that failed is made again, and of
    // what is put away at the end no answer changes anything.
    assert!(
        changed > 100 && unnoticed * 2 < changed,
        "{unnoticed} of {changed}"
    );
}

#[test]
fn the_command_line_that_ships_says_by_its_exit_code_whether_it_is_the_same() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay");
    fs::create_dir_all(&folder).expect("it can be made");
    let recorded = root().join("tests/contract/transcripts/metadata-tag-push.jsonl");
    let text = fs::read_to_string(&recorded).expect("a transcript is UTF-8");
    let write = |name: &str, text: &[u8]| {
        fs::write(folder.join(name), text).expect("it can be written");
    };
    write("same.jsonl", text.as_bytes());
    write(
        "other.jsonl",
        text.replace("made 1.2.3", "made 1.2.4").as_bytes(),
    );
    write("binary.jsonl", &[0xff, 0xfe, 0x00]);
    write("empty.jsonl", b"");
    let rows = [
        ("same.jsonl", 0, "decided again alike: `metadata` of "),
        ("other.jsonl", 1, "decided otherwise from line "),
        ("binary.jsonl", 3, "it is not text (UTF-8)"),
        ("empty.jsonl", 3, "it is empty"),
        ("missing.jsonl", 3, "there is no such file"),
    ];
    for (file, code, words) in rows {
        let output = Command::new("node")
            .arg(root().join("dist/cli.cjs"))
            .args(["replay", file, "--json"])
            .current_dir(&folder)
            .output()
            .expect("node can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{file}: {said}");
        assert!(said.contains(words), "{file}: {said}");
        let json: Value = serde_json::from_slice(&output.stdout).expect("it answers in JSON");
        let kind = if code == 3 { "unreadable" } else { "decided" };
        assert_eq!(
            (&json["type"], json["same"].as_bool()),
            (&json!(kind), (code < 3).then_some(code == 0))
        );
    }
}

#[test]
#[ignore = "it is about the folder that CD_JOURNALS names: tests/e2e/run calls it"]
fn every_journal_of_the_end_to_end_tests_is_decided_again_alike_by_both() {
    let begun = Instant::now();
    let folder = std::env::var("CD_JOURNALS").expect("CD_JOURNALS names a folder");
    let paths = journals(Path::new(&folder));
    assert!(!paths.is_empty(), "no journal is in {folder}");
    let answers = shipped(&paths);
    assert_eq!(answers.len(), paths.len(), "the module answers for each");
    let (mut wrong, mut counts) = (Vec::new(), [0_u32; 3]);
    for (path, answer) in paths.iter().zip(answers) {
        let (replayed, json) = native(path);
        if answer != json {
            wrong.push(format!(
                "{}: native and {CORE} differ:\n{json}\n{answer}",
                path.display()
            ));
        }
        match replayed {
            Some(it) if it.same => {
                counts[0] += it.decided;
                counts[1] += u32::from(!matches!(it.end, JournalEnd::Done { .. }));
                counts[2] += u32::from(it.blotted > 0);
            }
            Some(it) => wrong.push(format!("{}: {}", path.display(), it.explanation)),
            None => wrong.push(format!("{}: {json}", path.display())),
        }
    }
    let [inputs, cut_short, blotted] = counts;
    println!(
        "replay: {} journals, {inputs} inputs, decided again natively and by {CORE} in {:.1} s: {} differ; \
         {cut_short} are of runs that were killed, {blotted} have blots in what was decided",
        paths.len(),
        begun.elapsed().as_secs_f64(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// All that lie in a folder.
fn journals(folder: &Path) -> Vec<PathBuf> {
    let name = folder.display();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    paths
}

/// What the native core makes of a journal, and the JSON of it.
fn native(path: &Path) -> (Option<Replayed>, String) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let question = json!({ "text": text }).to_string();
    let answer = library::ask::<JournalText, Replay>(&question, library::replay);
    let json = serde_json::to_string(&answer).expect("it is JSON");
    match answer {
        Answer::Given {
            answer: Replay::Decided(replayed),
        } => (Some(*replayed), json),
        Answer::Given { .. } | Answer::Mistaken { .. } | Answer::Misused { .. } => (None, json),
    }
}

/// What the module that ships makes of each.
fn shipped(paths: &[PathBuf]) -> Vec<String> {
    let lines: String = paths
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    let answers = ask_node("replays.mjs", CORE, &lines);
    answers.lines().map(str::to_owned).collect()
}
