use serde_json::json;

use super::*;
use crate::ledger::Command;
use crate::ledger::fixtures::{Shelf, release};
use crate::protocol::Timestamp;
use crate::rollback::Verdict;
use crate::tag::Forward;

fn given<T: std::fmt::Debug>(answer: Answer<T>) -> T {
    match answer {
        Answer::Given { answer } => answer,
        other @ (Answer::Mistaken { .. } | Answer::Misused { .. }) => {
            panic!("it is a question: {other:?}")
        }
    }
}

fn misused<T: std::fmt::Debug>(answer: Answer<T>) -> (String, String) {
    match answer {
        Answer::Misused { place, message } => (place, message),
        other @ (Answer::Mistaken { .. } | Answer::Given { .. }) => {
            panic!("it is no question: {other:?}")
        }
    }
}

fn request(tags: &str) -> Value {
    json!({
        "inputs": { "images": "user/app", "tags": tags },
        "event": { "kind": "tag", "name": "push", "ref": "refs/tags/v1.2.3", "tag": "v1.2.3" },
        "now": 1_578_616_200_000_u64,
    })
}

#[test]
fn what_may_be_left_out_is_left_out() {
    let derivation = given(ask(
        &request("type=semver,pattern={{version}}\ntype=sha").to_string(),
        derive,
    ));
    assert_eq!(derivation.references, ["user/app:1.2.3", "user/app:latest"]);
    assert_eq!(
        derivation.explanation[1],
        "`type=sha` made nothing: the commit is not known"
    );
    assert_eq!(
        derivation.reading.and_then(|reading| reading.as_pep440),
        Some("1.2.3".to_owned())
    );
}

#[test]
fn outputs_are_those_of_the_action_but_for_paths() {
    let derivation = given(ask(&request("type=raw,value=x").to_string(), derive));
    let names: Vec<&str> = derivation
        .outputs
        .0
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "version",
            "tags",
            "tag-names",
            "labels",
            "annotations",
            "json"
        ]
    );
    assert_eq!(derivation.files.len(), 4);
}

#[test]
fn a_persons_mistakes_come_all_at_once() {
    let mut wrong = request("type=nonsense\ntype=raw");
    wrong["inputs"]["images"] = json!("a:b,enable=perhaps");
    let Answer::Mistaken { mistakes, message } = ask(&wrong.to_string(), derive) else {
        panic!("it is mistaken");
    };
    let places: Vec<(&str, &str)> = mistakes
        .iter()
        .map(|mistake| (mistake.code, mistake.input))
        .collect();
    assert_eq!(
        places,
        [
            ("tag/boolean", "images"),
            ("tag/choice", "tags"),
            ("tag/missing", "tags")
        ]
    );
    assert_eq!(message.lines().count(), 3, "{message}");
    let question = json!({ "request": wrong, "existing": [] }).to_string();
    let Answer::Mistaken {
        mistakes: again, ..
    } = ask(&question, evaluate)
    else {
        panic!("it is mistaken");
    };
    assert_eq!(again, mistakes);
}

#[test]
fn a_question_of_another_form_is_refused_with_its_place() {
    let rows = [
        (json!({ "inputs": { "images": 5 } }), "inputs.images"),
        (json!({ "inputs": { "tagz": "" } }), "inputs.tagz"),
        (json!({ "event": { "kind": "pusch" } }), "event.kind"),
        (json!({ "now": "today" }), "now"),
        (json!({ "now": 1.5 }), "now"),
        (json!({ "event": {} }), ""),
        (json!([]), ""),
    ];
    for (question, expected) in rows {
        let (place, message) = misused(ask(&question.to_string(), derive));
        assert_eq!(place, expected, "{question}: {message}");
        assert!(!message.contains("column"), "{message}");
    }
    let question = json!([{ "name": "000001", "text": "" }, { "name": "000002" }]);
    let (place, message) = misused(ask(&question.to_string(), read_ledger));
    assert_eq!(
        (place.as_str(), message.as_str()),
        ("[1]", "[1]: missing field `text`")
    );
}

#[test]
fn a_moving_tag_stays_where_a_higher_version_is() {
    let request = request("type=semver,pattern={{version}}\ntype=semver,pattern={{major}}");
    let question = json!({ "request": request, "existing": ["1.2.3", "1.3.0"] });
    let evaluation = given(ask(&question.to_string(), evaluate));
    let verdicts: Vec<&Forward> = evaluation.moves.iter().map(|it| &it.verdict).collect();
    let stays = Forward::Stays {
        higher: "1.3.0".to_owned(),
    };
    assert_eq!(verdicts, [&Forward::Immutable, &stays, &stays]);
    assert_eq!(evaluation.explanation[1], "1 stays, since 1.3.0 is there");
    assert_eq!(evaluation.conflict, None);
}

#[test]
fn a_text_that_means_opposite_things_is_a_conflict() {
    let read = |text: &str| given(ask(&json!({ "text": text }).to_string(), read_version));
    let reading = read("1.2.3-1").expect("it is a version");
    let conflict = serde_json::to_value(reading.conflict).expect("it is JSON");
    assert_eq!(
        conflict,
        json!({ "text": "1.2.3-1", "semver": "before", "pep440": "after" })
    );
    assert_eq!(read("stable"), None);
}

/// A ledger with two good releases, as files.
fn ledger() -> Vec<LedgerSegment> {
    let mut shelf = Shelf::new();
    for version in ["1", "2"] {
        shelf.good(Command::Deploy, &release(version));
    }
    let segments = shelf.chain().into_iter();
    let files = segments.map(|(name, text)| LedgerSegment {
        name: name.to_owned(),
        text: text.to_owned(),
    });
    files.collect()
}

#[test]
fn a_ledger_that_is_read_tells_where_a_rollback_goes() {
    let LedgerReading::Sound { state, records, .. } = given(read_ledger(ledger())) else {
        panic!("nothing is wrong with it");
    };
    assert!(records >= 4, "{records}");
    let question = |serving: Option<u32>| {
        json!({
            "state": state,
            "serving": serving,
            "images": { "sha256:of-1": true, "sha256:of-2": true },
            "secrets": { "KEY_1": true, "KEY_2": true },
        })
        .to_string()
    };
    let verdicts = |serving| -> Vec<Verdict> {
        let selection = given(ask(&question(serving), select));
        selection
            .candidates
            .into_iter()
            .map(|candidate| candidate.verdict)
            .collect()
    };
    assert_eq!(verdicts(Some(2)), [Verdict::Serves, Verdict::Chosen]);
    assert_eq!(verdicts(None), [Verdict::Chosen, Verdict::Older]);
}

#[test]
fn a_ledger_that_was_changed_is_not_read() {
    let mut segments = ledger();
    segments[0].text = segments[0].text.replace("blue-green", "blue-gone!");
    let LedgerReading::Tampered(tampered) = given(read_ledger(segments)) else {
        panic!("it was changed");
    };
    assert_eq!((tampered.line, tampered.seq), (1, Some(1)));
}

#[test]
fn one_event_comes_from_what_a_system_says() {
    let question = json!({ "env": { "GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main" } });
    let event = given(ask(&question.to_string(), normalise));
    assert_eq!(event.branch.as_deref(), Some("main"));
    let (place, _) = misused(ask(&json!({ "environment": {} }).to_string(), normalise));
    assert_eq!(place, "environment");
    assert_eq!(given(ask("{}", normalise)).commit_date, None::<Timestamp>);
}
