//! Which program a run is of, and one door to all of them.
//!
//! The shell is the same for every program: it hands in what [`needs`] names, and drives a [`Session`]. To add a program:
//! a variant of [`Program`], its lists of names in [`needs`], a variant of `Run` and what it begins with.

use std::collections::{BTreeMap, BTreeSet};

use crate::inputs::{self, InputSpec};
use crate::protocol::{Begin, Input, Misuse, Needs, Output, Program, Timestamp};
use crate::target::docker;
use crate::{event, metadata, session, tag};

/// What a run needs of what it was started with; the arguments are those of a command line.
#[must_use]
pub fn needs(program: Program, argv: &[String]) -> Needs {
    let names = |inputs: &[InputSpec]| inputs.iter().map(|input| input.name).collect();
    match wanted(program, argv) {
        Program::CdAction => Needs {
            env: all_names(),
            inputs: names(inputs::INPUTS),
            plain: docker::PLAIN_WORDS.to_vec(),
            scratch: true,
        },
        Program::Metadata => Needs {
            env: [event::ENV_NAMES, &tag::ENV_NAMES].concat(),
            inputs: names(inputs::metadata::INPUTS),
            plain: Vec::new(),
            scratch: false,
        },
    }
}

/// A release and a deploy go by events and their tags as well.
fn all_names() -> Vec<&'static str> {
    let names = inputs::ENV_NAMES.iter().chain(event::ENV_NAMES);
    let names: BTreeSet<&str> = names.chain(&tag::ENV_NAMES).copied().collect();
    names.into_iter().collect()
}

/// On a command line the first word may name another program.
fn wanted(program: Program, argv: &[String]) -> Program {
    match argv.first() {
        Some(word) if word == metadata::COMMAND => Program::Metadata,
        Some(_) | None => program,
    }
}

/// One run.
#[derive(Debug, Default)]
pub struct Session {
    run: Run,
}

#[derive(Debug, Default)]
enum Run {
    #[default]
    NotBegun,
    CdAction(Box<session::Session>),
    Metadata(Box<metadata::Session>),
}

impl Session {
    /// A run that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what happened. Time never goes back: an earlier `now` counts as the latest one so far.
    ///
    /// # Errors
    /// A [`Misuse`] where the caller broke the contract; the session is then of no further use.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<(), Misuse> {
        match (&mut self.run, input) {
            (Run::NotBegun, Input::Begin(begin)) => self.begin(now, *begin),
            (Run::NotBegun, _) => Err(Misuse::NotBegun),
            (Run::CdAction(session), input) => session.handle(now, input),
            (Run::Metadata(session), input) => session.handle(now, input),
        }
    }

    /// Gives out what to do next.
    #[must_use]
    pub fn poll(&mut self) -> Output {
        match &mut self.run {
            Run::NotBegun => Output::Idle {
                wake_at: None,
                reason: "the beginning".to_owned(),
            },
            Run::CdAction(session) => session.poll(),
            Run::Metadata(session) => session.poll(),
        }
    }

    fn begin(&mut self, now: Timestamp, mut begin: Begin) -> Result<(), Misuse> {
        match wanted(begin.program, &begin.argv) {
            Program::CdAction => {
                begin.inputs = trimmed(begin.inputs);
                let mut session = session::Session::new();
                session.handle(now, Input::Begin(Box::new(begin)))?;
                self.run = Run::CdAction(Box::new(session));
            }
            Program::Metadata => {
                let mut session = metadata::Session::new();
                session.handle(now, Input::Begin(Box::new(begin)))?;
                self.run = Run::Metadata(Box::new(session));
            }
        }
        Ok(())
    }
}

/// An input with nothing but blanks is none. (A separator of lists may be a blank: `metadata` trims for itself.)
fn trimmed(inputs: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let inputs = inputs
        .into_iter()
        .map(|(name, value)| (name, value.trim().to_owned()));
    inputs.filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_events_are_asked_for_where_events_are_read() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let asks = |program, argv: &[String]| needs(program, argv).env.contains(&"CI_COMMIT_SHA");
        assert!(asks(Program::CdAction, &words("release")));
        assert!(asks(Program::CdAction, &words("metadata --images a/b")));
        assert!(asks(Program::Metadata, &[]));
    }

    #[test]
    fn no_secret_is_asked_for() {
        for program in [Program::CdAction, Program::Metadata] {
            let names = needs(program, &[]).env;
            let secret = |name: &&&str| {
                ["TOKEN", "PASSWORD", "SECRET", "KEY"]
                    .iter()
                    .any(|word| name.contains(word))
            };
            assert_eq!(names.iter().find(secret), None);
        }
    }

    #[test]
    fn a_run_begins_once_and_first() {
        let begin = || Input::Begin(Box::default());
        let mut session = Session::new();
        assert_eq!(
            session.handle(Timestamp(0), Input::Tick),
            Err(Misuse::NotBegun)
        );
        assert_eq!(session.handle(Timestamp(0), begin()), Ok(()));
        assert_eq!(session.handle(Timestamp(0), begin()), Err(Misuse::NotBegun));
    }
}
