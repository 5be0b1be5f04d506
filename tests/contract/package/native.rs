//! What the native core answers, in the words in which the package's answers are compared.

use cd_core::library::{self, Answer};
use cd_core::tag::Mistake;
use serde::Serialize;
use serde_json::Value;

/// What the package throws.
#[derive(Serialize)]
struct Thrown {
    thrown: Error,
}

/// In the order in which `tests/package/ask.mjs` writes it.
#[derive(Serialize)]
struct Error {
    name: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mistakes: Option<Vec<Mistake>>,
}

/// What the door of this name answers.
pub(super) fn answer(door: &str, question: &Value) -> String {
    let text = question.to_string();
    match door {
        "normalise" => said(library::ask(&text, library::normalise)),
        "derive" => said(library::ask(&text, library::derive)),
        "evaluate" => said(library::ask(&text, library::evaluate)),
        "select" => said(library::ask(&text, library::select)),
        "readLedger" => said(library::ask(&text, library::read_ledger)),
        "readVersion" => {
            let text = serde_json::json!({ "text": question }).to_string();
            said(library::ask(&text, library::read_version))
        }
        "replay" => {
            let text = serde_json::json!({ "text": question }).to_string();
            said(library::ask(&text, library::replay))
        }
        "metadata" => metadata(question),
        other => panic!("there is no door `{other}`"),
    }
}

/// From an environment to its tags.
fn metadata(question: &Value) -> String {
    let mut request = question.clone();
    let members = request.as_object_mut().expect("it is an object");
    let sources = members.remove("sources").expect("it has them");
    let Answer::Given { answer: event } = library::ask(&sources.to_string(), library::normalise)
    else {
        panic!("these are sources: {sources}");
    };
    let event = serde_json::to_value(event).expect("it is JSON");
    members.insert("event".to_owned(), event);
    answer("derive", &request)
}

fn said<T: Serialize>(answer: Answer<T>) -> String {
    match answer {
        Answer::Given { answer } => json(&answer),
        Answer::Mistaken { mistakes, message } => json(&Thrown {
            thrown: Error {
                name: "Mistakes",
                message,
                place: None,
                mistakes: Some(mistakes),
            },
        }),
        Answer::Misused { place, message } => json(&Thrown {
            thrown: Error {
                name: "Misuse",
                message,
                place: Some(place),
                mistakes: None,
            },
        }),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it is JSON")
}
