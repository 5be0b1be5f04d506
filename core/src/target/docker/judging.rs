//! What the answers to probes are worth.

use super::script::Said;
use super::survey::{Found, succeeded, words};
use crate::event::date;
use crate::protocol::{Completion, Timestamp};
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

/// Whether it has run on for so many milliseconds since it was started last, which is all that is asked of a worker without a
/// check. Both times are the target's own. In whole seconds of the clock, so it is rather longer than shorter.
pub(super) fn runs_on(found: Option<&Found>, clock: Option<Timestamp>, long: u64) -> Seen {
    let Some(found) = found else {
        return Seen::Nothing("the engine did not say".to_owned());
    };
    if !found.running() {
        let status = &found.status;
        return Seen::Bad(format!("it does not run: the engine calls it {status}"));
    }
    if long == 0 {
        return Seen::Good;
    }
    let Some((clock, started)) = clock.zip(date::parse(&found.started)) else {
        return Seen::Nothing("the target does not say for how long it has run".to_owned());
    };
    let ran = clock.since(started);
    if ran >= long {
        return Seen::Good;
    }
    Seen::Bad(format!(
        "it has run for {} s of the {} s that it has to",
        ran / 1000,
        long.div_ceil(1000)
    ))
}

/// What the target's clock said in the visit; `None`: it cannot tell.
pub(super) fn clock(said: &Said) -> Option<Timestamp> {
    let mut lines = said.lines.iter();
    let seconds = lines.find_map(|line| line.strip_prefix("clock ")?.parse::<u64>().ok())?;
    Some(Timestamp(seconds.saturating_mul(1000)))
}

impl Found {
    /// Whether it neither runs nor is ending: a start begins it, or says why not.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        matches!(
            self.status.as_str(),
            "created"
                | "configured"
                | "initialized"
                | "exited"
                | "stopped"
                | "paused"
                | "removing"
                | "dead"
        )
    }
}

/// The raw answer of a server; `None`: the router said nothing of it.
pub(super) fn answer(said: &Said, name: &str) -> Option<Vec<u8>> {
    let mut answers = said.answers.iter();
    answers.find_map(|(it, answer)| (it == name).then(|| answer.clone()))
}
