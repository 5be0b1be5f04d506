//! What the package is asked, and what the native core answers.

use std::sync::OnceLock;

use cd_core::ledger::{
    Began, Body, Command, Committed, Ended, Fact, Ledger, Origin, Sequence, State,
};
use cd_core::protocol::{Outcome, Timestamp};
use cd_core::spec::Release;
use serde_json::{Value, json};

use super::native;
use crate::{text as read, transcripts};

/// One question to one door, and its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) door: &'static str,
    pub(super) question: Value,
    pub(super) answer: String,
}

/// All of them, the native core asked once.
pub(super) fn questions() -> &'static [Asked] {
    static QUESTIONS: OnceLock<Vec<Asked>> = OnceLock::new();
    QUESTIONS.get_or_init(|| {
        let functions = [
            vectors(),
            events(),
            evaluations(),
            versions(),
            ledgers(),
            selections(),
            journals(),
            misuses(),
        ];
        let asked = functions
            .into_iter()
            .flatten()
            .map(|(door, question)| Asked {
                answer: native::answer(door, &question),
                door,
                question,
            });
        asked.chain(runs()).collect()
    })
}

/// A question a line.
pub(super) fn text() -> String {
    let line = |asked: &Asked| {
        let line = json!({ "door": asked.door, "question": asked.question });
        format!("{line}\n")
    };
    questions().iter().map(line).collect()
}

type Question = (&'static str, Value);

/// Recorded runs, and what is none.
fn journals() -> Vec<Question> {
    let paths = transcripts::transcripts();
    let texts = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a transcript is UTF-8"));
    let mut texts: Vec<String> = texts.collect();
    let torn = texts.first().map(|text| text[..text.len() - 9].to_owned());
    let other = texts
        .last()
        .map(|text| text.replace("sha256:1", "sha256:2"));
    texts.extend(torn.into_iter().chain(other));
    texts.extend(["", "hello\n", "{\"now\":1,\"input\":{}}\n"].map(str::to_owned));
    texts
        .into_iter()
        .map(|text| ("replay", json!(text)))
        .collect()
}

/// Every vector that git takes no part in.
fn vectors() -> Vec<Question> {
    let vectors: Value = serde_json::from_str(&read("tests/vectors/metadata-sample.json"))
        .expect("the vectors are JSON");
    let vectors = vectors.as_array().expect("they are a list").iter();
    let questions: Vec<Question> = vectors
        .filter(|vector| vector["git_setup"].is_null())
        .map(|vector| ("metadata", vector_question(vector)))
        .collect();
    assert_eq!(questions.len(), VECTORS);
    questions
}

/// Of 95, three ask git.
const VECTORS: usize = 92;

fn vector_question(vector: &Value) -> Value {
    let event = &vector["event"];
    let repository = event["repository"]
        .as_str()
        .unwrap_or("octocat/Hello-World");
    let mut env = vector["env"].as_object().cloned().unwrap_or_default();
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", repository),
        ("GITHUB_SERVER_URL", "https://github.com"),
    ] {
        env.insert(name.to_owned(), value.into());
    }
    for (name, member) in [
        ("GITHUB_EVENT_NAME", "name"),
        ("GITHUB_REF", "ref"),
        ("GITHUB_SHA", "sha"),
    ] {
        env.insert(name.to_owned(), event[member].clone());
    }
    let inputs = vector["inputs"].as_object().into_iter().flatten();
    let inputs = inputs.map(|(name, value)| (name.clone(), joined(value)));
    let now: jiff::Timestamp = vector["now"]
        .as_str()
        .unwrap_or("2020-01-10T00:30:00.000Z")
        .parse()
        .expect("it is a moment");
    json!({
        "sources": { "env": env, "payload": event["payload"] },
        "inputs": inputs.collect::<serde_json::Map<String, Value>>(),
        "env": env,
        "now": now.as_millisecond(),
    })
}

/// An input of several lines may be a list.
fn joined(input: &Value) -> Value {
    let Some(lines) = input.as_array() else {
        return input.clone();
    };
    let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
    lines.join("\n").into()
}

/// Every system's recorded environments.
fn events() -> Vec<Question> {
    let systems = [
        "azure",
        "bitbucket",
        "circleci",
        "forgejo",
        "git",
        "gitea",
        "github",
        "gitlab",
        "jenkins",
    ];
    let mut questions = Vec::new();
    for system in systems {
        let cases: Vec<Value> =
            serde_json::from_str(&read(&format!("core/src/event/cases/{system}.json")))
                .expect("cases are a list");
        assert!(!cases.is_empty(), "{system}");
        questions.extend(cases.into_iter().map(|case| {
            let git = case.get("git").cloned().unwrap_or_else(|| json!({}));
            let sources = json!({ "env": case["env"], "payload": case["payload"], "git": git });
            ("normalise", sources)
        }));
    }
    questions
}

fn request(r#ref: &str, tags: &str) -> Value {
    json!({
        "inputs": { "images": "user/app", "tags": tags },
        "event": { "kind": "tag", "name": "push", "ref": r#ref, "sha": "3f2a91c" },
        "now": 1_578_616_200_000_u64,
    })
}

fn evaluations() -> Vec<Question> {
    let moving =
        "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\ntype=sha";
    let rows = [
        ("refs/tags/v1.2.3", moving, vec!["1.2.2", "1.2", "latest"]),
        ("refs/tags/v1.2.3", moving, vec!["1.2.4", "2.0.0"]),
        (
            "refs/tags/1.2.3-1",
            "type=pep440,pattern={{version}}",
            vec![],
        ),
        ("refs/heads/main", "type=nonsense\ntype=raw", vec![]),
    ];
    let question = |(r#ref, tags, existing): (&str, &str, Vec<&str>)| {
        let question = json!({ "request": request(r#ref, tags), "existing": existing });
        ("evaluate", question)
    };
    rows.map(question).into()
}

fn versions() -> Vec<Question> {
    let texts = [
        "1.2.3",
        "v1.2.3-rc.1",
        "1.2.3-1",
        "1!2.0.post1",
        "2024.06.0",
        "1.2.3+b",
        "stable",
        "",
        "١.٢.٣",
        "\u{2028}\"\\",
    ];
    texts.map(|text| ("readVersion", text.into())).into()
}

fn ledgers() -> Vec<Question> {
    let (text, _) = ledger();
    let segment = |name: &str, text: &str| json!([{ "name": name, "text": text }]);
    let torn = text.trim_end_matches('\n');
    vec![
        ("readLedger", json!([])),
        ("readLedger", segment("000001", &text)),
        ("readLedger", segment("000001", &text[..torn.len() - 20])),
        (
            "readLedger",
            segment("000001", &text.replace("blue-green", "red-green")),
        ),
        ("readLedger", segment("000002", &text)),
    ]
}

fn selections() -> Vec<Question> {
    let (_, state) = ledger();
    let images = |there: bool| -> Value {
        (1..=5)
            .map(|number| (digest(number), there.into()))
            .collect::<Members>()
            .into()
    };
    let all = images(true);
    let secrets = json!({ "KEY": true });
    let mut questions = Vec::new();
    for serving in [json!(null), json!(4), json!(2), json!(99)] {
        for wanted in [json!(null), json!("1"), json!("g3"), json!("no such")] {
            let question = json!({
                "state": state, "serving": serving, "wanted": wanted, "images": all, "secrets": secrets,
            });
            questions.push(("select", question));
        }
    }
    for (images, secrets) in [(images(false), secrets), (all, json!({}))] {
        let question =
            json!({ "state": state, "serving": 4, "images": images, "secrets": secrets });
        questions.push(("select", question));
    }
    questions
}

type Members = serde_json::Map<String, Value>;

fn digest(number: u32) -> String {
    format!("sha256:{number:064}")
}

/// Three good releases, a rollback from the third to the second, and a bad one.
fn ledger() -> (String, State) {
    let mut shelf = (Ledger::empty(), String::new());
    for number in 1..=3 {
        good(&mut shelf, Command::Deploy, number);
    }
    good(&mut shelf, Command::Rollback, 2);
    let generation = begin(&mut shelf, Command::Deploy, 5);
    let ended = Ended {
        generation: Some(generation),
        outcome: Outcome::RolledBack,
        reason: "probe-failed".to_owned(),
        because: Vec::new(),
        quarantine: true,
        stands: None,
    };
    write(&mut shelf, Fact::Ended(ended));
    let state = shelf.0.state().clone();
    (shelf.1, state)
}

type Shelf = (Ledger, String);

fn good(shelf: &mut Shelf, command: Command, number: u32) {
    let generation = begin(shelf, command, number);
    let committed = Committed {
        generation,
        release: release(number),
        replicas: 1,
        bake_ms: 5_000,
        evidence: Vec::new(),
        command,
        sequence: Sequence::default(),
        counted: std::collections::BTreeMap::new(),
    };
    write(shelf, Fact::Committed(Box::new(committed)));
}

fn begin(shelf: &mut Shelf, command: Command, number: u32) -> cd_core::spec::Generation {
    let generation = shelf.0.state().next_generation();
    let began = Began {
        generation,
        release: release(number),
        from: None,
        strategy: "blue-green".to_owned(),
        reason: None,
        command,
        overrides: Vec::new(),
    };
    write(shelf, Fact::Began(Box::new(began)));
    generation
}

fn write((ledger, text): &mut Shelf, fact: Fact) {
    let body = Body {
        at: Timestamp(ledger.state().head.seq * 1_000),
        run: Origin::default(),
        fact,
    };
    text.push_str(&ledger.append(&body).text);
}

fn release(number: u32) -> Release {
    let release = json!({
        "version": number.to_string(),
        "revision": null,
        "image": "registry.example/acme/tasks",
        "digest": digest(number),
        "config-hash": "0",
        "spec": {
            "port": 8000, "env": { "LC_ALL": "C.UTF-8" }, "secrets": { "KEY": "env" }, "replicas": 1,
            "command": null, "user": null, "memory": 1 << 30, "cpus": null, "volumes": [], "labels": {},
            "networks": [], "read-only": true,
            "health": {
                "probe": { "http": { "path": "/", "status": [200, 299], "json": {} } },
                "every": 1000, "timeout": 2000, "successes": 3, "failures": 3, "deadline": 60000,
            },
        },
    });
    serde_json::from_value(release).expect("it has the form of a release")
}

/// Questions that a program got wrong.
fn misuses() -> Vec<Question> {
    let mut misspelt = request("refs/heads/main", "");
    misspelt["inputs"]["tagz"] = "".into();
    vec![
        ("derive", json!(null)),
        ("derive", json!({ "event": {} })),
        ("derive", misspelt),
        ("normalise", json!({ "env": { "CI": 1 } })),
        ("select", json!({ "state": {} })),
        ("readLedger", json!([{ "name": "000001" }])),
        ("readVersion", json!(1.2)),
        ("replay", json!(1.2)),
    ]
}

/// Recorded runs, decided again.
fn runs() -> Vec<Asked> {
    let mut asked = Vec::new();
    for (name, exchanges) in transcripts::recorded() {
        asked.push(Asked {
            door: "begin",
            question: json!(null),
            answer: "null".to_owned(),
        });
        let answers = transcripts::native(&name, &exchanges);
        let lines = exchanges.iter().map(|exchange| exchange.line());
        asked.extend(lines.zip(answers).map(|(line, answer)| Asked {
            door: "handle",
            question: line,
            answer,
        }));
    }
    asked.push(Asked {
        door: "handle",
        question: json!({ "now": 0, "input": { "type": "tick" } }),
        answer: r#"{"thrown":{"name":"Misuse","message":"the run is over; nothing more can be handed in","place":""}}"#.to_owned(),
    });
    asked
}
