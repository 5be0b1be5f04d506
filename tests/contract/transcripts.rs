//! The module that ships decides as the native core does, and both as they did when a run was recorded.
//!
//! A transcript is a run's journal: `{"now":…,"input":{…}}` and `{"outputs":[…]}` in turn, one JSON a line. To add one, put
//! a journal into `transcripts/`; to accept new decisions, run `TRANSCRIPTS=accept cargo test --package contract` and read
//! the difference. `earlier/` has journals of earlier versions, which stay as they are: `replays.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cd_core::Session;
use cd_core::protocol::{Begin, Input, Output, Program, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::root;

/// One call of `handle`.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// As it was recorded.
    line: String,
    now: Timestamp,
    input: Input,
    /// What came back when it was recorded, where that is known.
    outputs: Option<Value>,
}

#[test]
fn recorded_runs_are_decided_again_alike_by_both() {
    for path in transcripts() {
        let (name, exchanges) = read(&path);
        let answers = native(&name, &exchanges);
        for module in modules(&exchanges) {
            assert_eq!(
                shipped(module, &exchanges),
                answers,
                "{name}: native and {module} differ"
            );
        }
        if std::env::var_os("TRANSCRIPTS").is_some_and(|wish| wish == "accept") {
            fs::write(&path, render(&exchanges, &answers)).expect("a transcript can be written");
            continue;
        }
        for (number, (exchange, answer)) in exchanges.iter().zip(&answers).enumerate() {
            let answer: Value = serde_json::from_str(answer).expect("the core answers in JSON");
            assert_eq!(
                Some(&answer),
                exchange.outputs.as_ref(),
                "{name}: the answer to input {}",
                number + 1
            );
        }
    }
}

#[test]
fn a_run_begins_alike_natively_and_in_the_module() {
    let begin = Begin {
        inputs: BTreeMap::from([("command".to_owned(), "no such command".to_owned())]),
        workspace: "/workspace/repository".to_owned(),
        scratch: "/scratch".to_owned(),
        reports: "/reports".to_owned(),
        holder: "a test".to_owned(),
        journal: "/reports/journal.jsonl".to_owned(),
        ..Begin::default()
    };
    let line = json!({ "now": 1_700_000_000_000_u64, "input": Input::Begin(Box::new(begin)) });
    let exchanges = parse("a beginning", &line.to_string());
    let answers = native("a beginning", &exchanges);
    assert!(answers[0].starts_with("[{"), "{}", answers[0]);
    assert_eq!(shipped(CORE, &exchanges), answers);
}

#[test]
fn what_is_no_input_is_thrown_back_as_a_misuse() {
    let answer = node(
        CORE,
        &format!(
            "{}\n",
            json!({ "now": 0, "input": { "type": "no-such-input" } })
        ),
    );
    let answer: Value = serde_json::from_str(&answer).expect("the runner answers in JSON");
    assert_eq!(
        answer.pointer("/error/name"),
        Some(&json!("Misuse")),
        "{answer}"
    );
    assert!(
        answer
            .pointer("/error/message")
            .is_some_and(|message| message.to_string().contains("no-such-input")),
        "{answer}"
    );
}

/// Every recorded run, by name.
pub(crate) fn recorded() -> Vec<(String, Vec<Exchange>)> {
    transcripts().iter().map(|path| read(path)).collect()
}

impl Exchange {
    /// As it was recorded: `now` and `input`.
    pub(crate) fn line(&self) -> Value {
        serde_json::from_str(&self.line).expect("it was parsed before")
    }
}

fn read(path: &Path) -> (String, Vec<Exchange>) {
    let name = path
        .file_name()
        .expect("it is a file")
        .to_string_lossy()
        .into_owned();
    let text = fs::read_to_string(path).expect("a transcript is UTF-8");
    let exchanges = parse(&name, &text);
    (name, exchanges)
}

pub(crate) fn transcripts() -> Vec<PathBuf> {
    let dir = root().join("tests/contract/transcripts");
    let entries = fs::read_dir(&dir).expect("there is a folder of transcripts");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "jsonl")
    });
    paths.sort();
    paths
}

/// A line of a journal: either `now` and `input`, with the version where the run begins, or `outputs`.
#[derive(Deserialize)]
struct Line {
    now: Option<Timestamp>,
    input: Option<Input>,
    outputs: Option<Value>,
}

fn parse(name: &str, text: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for (number, text) in text.lines().enumerate() {
        let place = format!("{name}:{}", number + 1);
        let line = serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"));
        match line {
            Line {
                now: Some(now),
                input: Some(input),
                outputs: None,
            } => {
                exchanges.push(Exchange {
                    line: text.to_owned(),
                    now,
                    input,
                    outputs: None,
                });
            }
            Line {
                now: None,
                input: None,
                outputs: Some(outputs),
            } => {
                let last = exchanges
                    .last_mut()
                    .unwrap_or_else(|| panic!("{place}: outputs before any input"));
                assert!(
                    last.outputs.replace(outputs).is_none(),
                    "{place}: outputs twice"
                );
            }
            Line { .. } => panic!("{place}: neither `now` and `input`, nor `outputs`"),
        }
    }
    exchanges
}

/// What the core answers, as the JSON text of the outputs of each input.
pub(crate) fn native(name: &str, exchanges: &[Exchange]) -> Vec<String> {
    let mut session = Session::new();
    let mut answers = Vec::new();
    for exchange in exchanges {
        session
            .handle(exchange.now, exchange.input.clone())
            .unwrap_or_else(|misuse| panic!("{name}: {misuse}"));
        let mut outputs = Vec::new();
        loop {
            outputs.push(session.poll());
            if matches!(
                outputs.last(),
                Some(Output::Idle { .. } | Output::Done { .. })
            ) {
                break;
            }
        }
        answers.push(serde_json::to_string(&outputs).expect("outputs are JSON"));
    }
    answers
}

pub(crate) const CORE: &str = "dist/core/core.wasm";
const METADATA: &str = "dist/metadata.wasm";

/// The modules that ship and that a run can be in.
fn modules(exchanges: &[Exchange]) -> Vec<&'static str> {
    match exchanges.first().map(|exchange| &exchange.input) {
        Some(Input::Begin(begin)) if begin.program == Program::Metadata => vec![CORE, METADATA],
        _ => vec![CORE],
    }
}

/// The same of a module that is committed.
fn shipped(module: &str, exchanges: &[Exchange]) -> Vec<String> {
    let lines: String = exchanges
        .iter()
        .map(|exchange| format!("{}\n", exchange.line))
        .collect();
    node(module, &lines).lines().map(str::to_owned).collect()
}

fn node(module: &str, lines: &str) -> String {
    ask_node("replay.mjs", module, lines)
}

/// What a program of `tests/contract` answers to lines about a module.
pub(crate) fn ask_node(program: &str, module: &str, lines: &str) -> String {
    let mut child = Command::new("node")
        .arg(root().join("tests/contract").join(program))
        .arg(module)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node can be started; `make test` installs it");
    child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(lines.as_bytes())
        .expect("node reads");
    let output = child.wait_with_output().expect("node ends");
    assert!(output.status.success(), "node: {}", output.status);
    String::from_utf8(output.stdout).expect("the runner answers in UTF-8")
}

fn render(exchanges: &[Exchange], answers: &[String]) -> String {
    let pairs = exchanges.iter().zip(answers);
    pairs
        .map(|(exchange, answer)| format!("{}\n{{\"outputs\":{answer}}}\n", exchange.line))
        .collect()
}
