//! What the answers to probes are worth.

use super::script::Said;
use super::survey::{Found, succeeded, words};
use crate::protocol::Completion;
use crate::rollout::Seen;

/// Whether a server may be asked: the router's own check has seen it well.
pub(super) fn admission(said: &Said, name: &str) -> Result<(), Seen> {
    let pending = said.lines.iter().find_map(|line| {
        line.strip_prefix("pending ")?
            .strip_prefix(name)?
            .strip_prefix(' ')
    });
    match pending {
        None => Ok(()),
        Some("INI" | "") => Err(Seen::Bad("the router has not checked it yet".to_owned())),
        Some("missing") => Err(Seen::Nothing("the router does not know it".to_owned())),
        Some(status) => Err(Seen::Bad(format!(
            "the router's own check says {}",
            check_words(status)
        ))),
    }
}

/// A check's code, in words.
fn check_words(code: &str) -> String {
    let words = match code
        .rsplit('/')
        .next()
        .unwrap_or(code)
        .trim_start_matches("* ")
    {
        "L4CON" => "connection refused: nothing listens on the port",
        "L4TOUT" => "no connection in time",
        "L7TOUT" => "no answer in time",
        "L7STS" => "it answers with a status of 500 or above",
        "L7RSP" => "its answer is no HTTP",
        "L6RSP" | "L6TOUT" => "its TLS failed",
        _ => return code.to_owned(),
    };
    format!("{words} ({code})")
}

pub(super) fn connection(said: &Said, name: &str) -> Seen {
    let says = |verb: &str| {
        said.lines
            .iter()
            .any(|line| line.strip_prefix(verb) == Some(name))
    };
    if says("reached ") || says("admitted ") {
        Seen::Good
    } else if says("unreached ") {
        Seen::Bad("the port accepts no connection".to_owned())
    } else {
        Seen::Nothing("the router did not say".to_owned())
    }
}

pub(super) fn command(completion: Option<&Completion>) -> Seen {
    match completion {
        Some(it) if succeeded(it) => Seen::Good,
        Some(
            it @ Completion::Exited {
                code: Some(code), ..
            },
        ) => Seen::Bad(format!("the command ended with {code}: {}", words(it))),
        Some(Completion::TimedOut { .. }) => {
            Seen::Bad("the command did not end in time".to_owned())
        }
        Some(it) => Seen::Nothing(words(it)),
        None => Seen::Nothing("it was never asked".to_owned()),
    }
}

pub(super) fn engine_health(found: Option<&Found>) -> Seen {
    match found.map(|it| it.health.as_deref()) {
        Some(Some("healthy")) => Seen::Good,
        Some(Some(other)) => Seen::Bad(format!("the engine calls it {other}")),
        Some(None) => Seen::Bad("the image has no HEALTHCHECK".to_owned()),
        None => Seen::Nothing("the engine did not say".to_owned()),
    }
}

/// Whether it runs, which is all that is asked of a worker without a check: its restarts are seen elsewhere.
pub(super) fn running(found: Option<&Found>) -> Seen {
    match found {
        Some(it) if it.running() => Seen::Good,
        Some(it) => Seen::Bad(format!(
            "it does not run: the engine calls it {}",
            it.status
        )),
        None => Seen::Nothing("the engine did not say".to_owned()),
    }
}

/// The raw answer of a server; `None`: the router said nothing of it.
pub(super) fn answer(said: &Said, name: &str) -> Option<Vec<u8>> {
    let mut answers = said.answers.iter();
    answers.find_map(|(it, answer)| (it == name).then(|| answer.clone()))
}
