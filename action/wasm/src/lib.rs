//! The core for JavaScript: JSON in, JSON out.
//!
//! The only Rust that knows JavaScript, and the whole of it. It adds nothing to the core's contract but the draining:
//! one [`Session::handle`] here is a `handle` of the core and every `poll` up to `Idle` or `Done`. Questions that need no
//! run are functions, from the JSON of a question of [`cd_core::library`] to that of its `Answer`.
//!
//! What goes wrong in a run reaches JavaScript as an `Error` whose `name` says whose mistake it is: `Misuse` (the caller
//! broke the contract) or `Panic` (a bug of ours, with its message and its place). After either the session is of no use,
//! and after a `Panic` the whole instance.

use std::panic;

#[cfg(feature = "metadata")]
use cd_core::MetadataSession as Core;
#[cfg(not(feature = "metadata"))]
use cd_core::Session as Core;
#[cfg(not(feature = "metadata"))]
use cd_core::library;
#[cfg(not(feature = "metadata"))]
use cd_core::protocol::Program;
use cd_core::protocol::{Input, Output, Timestamp};
use wasm_bindgen::prelude::wasm_bindgen;

/// Lets panics be heard: without it they are traps without a word.
#[wasm_bindgen(start)]
fn hear_panics() {
    panic::set_hook(Box::new(|what| {
        wasm_bindgen::throw_val(error("Panic", &what.to_string()).into())
    }));
}

/// One run of the action.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Session {
    core: Core,
}

#[wasm_bindgen]
impl Session {
    /// A run that has not begun.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands in what happened, as the JSON of an `Input`, and gives back what to do next, as the JSON of a list of
    /// `Output`s whose last one is `idle` or `done`. `now` is in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// A `Misuse` where the JSON is no `Input`, or the core does not take it.
    pub fn handle(&mut self, now: f64, input: &str) -> Result<String, js_sys::Error> {
        let input = Input::read(input).map_err(misuse)?;
        // A cast from floating point saturates: a time before 1970, or none, is 0.
        self.core
            .handle(Timestamp(now as u64), input)
            .map_err(misuse)?;
        Ok(json(&drain(&mut self.core)))
    }
}

/// The names of the environment variables and inputs that `Begin` is to hold, as the JSON of `Needs`. `program` is the JSON
/// of a `Program`, `argv` that of a command line's arguments.
///
/// # Errors
/// A `Misuse` where one of them is not.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
pub fn needs(program: &str, argv: &str) -> Result<String, js_sys::Error> {
    let program: Program = serde_json::from_str(program).map_err(misuse)?;
    let argv: Vec<String> = serde_json::from_str(argv).map_err(misuse)?;
    Ok(json(&cd_core::needs(program, &argv)))
}

/// An `EventSources` to its `Event`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn normalise(question: &str) -> String {
    json(&library::ask(question, library::normalise))
}

/// A `DeriveRequest` to its `Derivation`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn derive(question: &str) -> String {
    json(&library::ask(question, library::derive))
}

/// An `EvaluateRequest` to its `Evaluation`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn evaluate(question: &str) -> String {
    json(&library::ask(question, library::evaluate))
}

/// A `VersionText` to its `Reading`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn read_version(question: &str) -> String {
    json(&library::ask(question, library::read_version))
}

/// A `SelectRequest` to its `Selection`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn select(question: &str) -> String {
    json(&library::ask(question, library::select))
}

/// A list of `LedgerSegment`s to a `LedgerReading`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn read_ledger(question: &str) -> String {
    json(&library::ask(question, library::read_ledger))
}

/// A `JournalText` to a `Replay`.
#[cfg(not(feature = "metadata"))]
#[wasm_bindgen]
#[must_use]
pub fn replay(question: &str) -> String {
    json(&library::ask(question, library::replay))
}

fn drain(core: &mut Core) -> Vec<Output> {
    let mut outputs = Vec::new();
    loop {
        let output = core.poll();
        let last = match output {
            Output::Idle { .. } | Output::Done { .. } => true,
            Output::Effect { .. } | Output::Abort { .. } | Output::Emit { .. } => false,
        };
        outputs.push(output);
        if last {
            return outputs;
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value)
        .expect("strings, numbers and maps with string keys always serialise")
}

fn misuse(what: impl std::fmt::Display) -> js_sys::Error {
    error("Misuse", &what.to_string())
}

fn error(name: &str, message: &str) -> js_sys::Error {
    let error = js_sys::Error::new(message);
    error.set_name(name);
    error
}
