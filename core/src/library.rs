//! The core as a library: what other programs may ask it without a run.
//!
//! A question and its answer are data, so that they cross into JavaScript as JSON; each question is one function, and
//! nothing is remembered between two. The package in `dist/core` hands them out. To add one: its types and its function
//! here, a door in `action/wasm`, its types in `tests/xtask/src/generate/types.rs`, a method in `action/package/core.ts`.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{Event, GitFacts};
use crate::ledger::{self, Ledger, State, Tampered, Torn};
use crate::replay::{self, Replay};
use crate::rollback::{self, Selection};
use crate::spec::Generation;
use crate::tag::{self, Conflict, Mistake, Move, Version};

mod derivation;
#[cfg(feature = "generate")]
mod loose;
mod place;
mod reading;

pub use derivation::{Derivation, Members};
#[cfg(feature = "generate")]
pub use loose::{Loose, Variables};
pub use place::words_of;
pub use reading::Reading;

/// What comes of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
#[must_use]
pub enum Answer<T> {
    /// The answer to it.
    Given {
        /// What was asked for.
        answer: T,
    },
    /// A person wrote something wrong.
    Mistaken {
        /// All of it.
        mistakes: Vec<Mistake>,
        /// The same for people, one line each.
        message: String,
    },
    /// The question has not the form that it must have: the program that asks is wrong.
    Misused {
        /// Where in the question, such as `inputs.images`; empty where it is about the whole.
        place: String,
        /// What is wrong, and where.
        message: String,
    },
}

/// Reads a question, which is JSON, and has it answered.
pub fn ask<Q: DeserializeOwned, T>(question: &str, judge: fn(Q) -> Answer<T>) -> Answer<T> {
    match serde_json::from_str(question) {
        Ok(question) => judge(question),
        Err(error) => misused(
            place::of(question, error.line(), error.column()),
            &words_of(&error),
        ),
    }
}

fn misused<T>(place: String, what: &str) -> Answer<T> {
    let message = match place.as_str() {
        "" => what.to_owned(),
        place => format!("{place}: {what}"),
    };
    Answer::Misused { place, message }
}

fn mistaken<T>(mistakes: Vec<Mistake>) -> Answer<T> {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    Answer::Mistaken {
        message: lines.join("\n"),
        mistakes,
    }
}

/// What a system says about an event. Nothing of it need be there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct EventSources {
    /// The environment, all of it.
    #[cfg_attr(feature = "generate", ts(as = "Option<Variables>", optional))]
    pub env: BTreeMap<String, String>,
    /// What lies at `GITHUB_EVENT_PATH`, parsed.
    #[cfg_attr(feature = "generate", ts(type = "unknown", optional))]
    pub payload: Option<Value>,
    /// What git says.
    #[cfg_attr(feature = "generate", ts(as = "Option<Loose<GitFacts>>", optional))]
    pub git: GitFacts,
}

/// One form for the events of every system.
pub fn normalise(sources: EventSources) -> Answer<Event> {
    let EventSources { env, payload, git } = sources;
    Answer::Given {
        answer: crate::event::normalise(&env, payload.as_ref(), &git),
    }
}

/// Tags, labels and annotations, with the rule that made each.
pub fn derive(request: tag::Request) -> Answer<Derivation> {
    match tag::derive(&request) {
        Ok(derived) => Answer::Given {
            answer: Derivation::of(&derived),
        },
        Err(mistakes) => mistaken(mistakes),
    }
}

/// A derivation, and the evidence that it is held against.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct EvaluateRequest {
    /// What the tags are derived from.
    pub request: tag::Request,
    /// All tags that the registry has.
    pub existing: Vec<String>,
}

/// What the evidence says about a derivation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
#[must_use]
pub struct Evaluation {
    /// For every tag, whether it may be pointed at this release.
    pub moves: Vec<Move>,
    /// Where SemVer and PEP 440 place the version on different sides of its release: not to be published to both worlds.
    pub conflict: Option<Conflict>,
    /// The same for people, one line each.
    pub explanation: Vec<String>,
}

/// Whether what is derived may be published, given what is there.
pub fn evaluate(question: EvaluateRequest) -> Answer<Evaluation> {
    let derived = match tag::derive(&question.request) {
        Ok(derived) => derived,
        Err(mistakes) => return mistaken(mistakes),
    };
    let existing: Vec<&str> = question.existing.iter().map(String::as_str).collect();
    let moves = tag::moves_forward(&derived, &existing);
    let conflict = derived.release.as_ref().and_then(Version::conflict);
    let sentences = moves.iter().map(ToString::to_string);
    let explanation = sentences.chain(conflict.iter().map(ToString::to_string));
    Answer::Given {
        answer: Evaluation {
            explanation: explanation.collect(),
            moves,
            conflict,
        },
    }
}

/// A text that may be a version.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct VersionText {
    /// As it is written; a `v` may stand before it.
    pub text: String,
}

/// A version as both worlds read it. `None`: it is a version in neither.
pub fn read_version(question: VersionText) -> Answer<Option<Reading>> {
    Answer::Given {
        answer: Version::parse(&question.text).map(|version| Reading::of(&version)),
    }
}

/// What a rollback rests on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct SelectRequest {
    /// What the ledger comes to.
    pub state: State,
    /// The generation that was observed to serve; `None`: nothing, or nothing that is known.
    pub serving: Option<Generation>,
    /// Where to go, by name: a version, a digest, an image reference or a generation (`g7`). `None`: the newest.
    #[serde(default)]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub wanted: Option<String>,
    /// Which images exist or can be fetched, by digest. What it does not name is missing.
    pub images: BTreeMap<String, bool>,
    /// Which secrets are set, by name. What it does not name is missing.
    pub secrets: BTreeMap<String, bool>,
}

/// Where a rollback goes, with a verdict on every candidate.
pub fn select(question: SelectRequest) -> Answer<Selection> {
    let SelectRequest {
        state,
        serving,
        wanted,
        images,
        secrets,
    } = question;
    let serving = serving.and_then(|generation| state.release_of(generation));
    Answer::Given {
        answer: rollback::candidates(&state, serving, wanted.as_deref(), &images, &secrets, false),
    }
}

/// One file of a ledger.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct LedgerSegment {
    /// The file's name: six digits.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// What a ledger says, or where it is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
#[must_use]
pub enum LedgerReading {
    /// Every record follows the one before.
    Sound {
        /// How many there are.
        records: u64,
        /// What they come to. Compare its head with an earlier report's: only that shows whether all was written anew.
        state: Box<State>,
        /// What a crash left at the end.
        torn: Option<Torn>,
        /// The first record that only a newer version understands; then the state is incomplete.
        newer: Option<String>,
    },
    /// Something was changed, left out or put in between.
    Tampered(Tampered),
}

/// Verifies a ledger, all segments of it, the oldest first.
pub fn read_ledger(segments: Vec<LedgerSegment>) -> Answer<LedgerReading> {
    Answer::Given {
        answer: verify(&segments).unwrap_or_else(LedgerReading::Tampered),
    }
}

fn verify(segments: &[LedgerSegment]) -> Result<LedgerReading, Tampered> {
    let texts: Vec<(&str, &str)> = segments
        .iter()
        .map(|segment| (segment.name.as_str(), segment.text.as_str()))
        .collect();
    let verified = ledger::verify_chain(&texts)?;
    let newest = match texts.last() {
        Some((name, text)) => Ledger::read(name, text)?,
        None => Ledger::empty(),
    };
    Ok(LedgerReading::Sound {
        records: verified.records,
        state: Box::new(newest.state().clone()),
        torn: verified.torn,
        newer: verified.newer,
    })
}

/// The journal of a run.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct JournalText {
    /// What is in its file.
    pub text: String,
}

/// Decides a recorded run again, says whether that comes to the same, and explains it.
pub fn replay(question: JournalText) -> Answer<Replay> {
    Answer::Given {
        answer: replay::replay(&question.text),
    }
}

#[cfg(test)]
mod tests;
