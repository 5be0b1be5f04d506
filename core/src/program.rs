//! Which program a run is of, and one door to all of them.
//!
//! The shell is the same for every program: it hands in what [`needs`] names, and drives a [`Session`]. To add a program:
//! a variant of [`Program`] if it has an `action.yml`, of `Wanted`, its lists of names in [`needs`], a variant of `Run` and
//! what it begins with.

use std::collections::{BTreeMap, BTreeSet};

use crate::inputs::{self, InputSpec};
use crate::protocol::{Begin, Input, Misuse, Needs, Output, Program, Timestamp};
use crate::report::Report;
use crate::target::docker;
use crate::{event, metadata, replay, session, tag};

/// What a run needs of what it was started with; the arguments are those of a command line.
#[must_use]
pub fn needs(program: Program, argv: &[String]) -> Needs {
    let names = |inputs: &[InputSpec]| inputs.iter().map(|input| input.name).collect();
    match wanted(program, argv) {
        Wanted::CdAction => Needs {
            env: all_names(),
            inputs: names(inputs::INPUTS),
            plain: docker::PLAIN_WORDS.to_vec(),
            scratch: true,
            builds: vec![BUILDS],
        },
        Wanted::Metadata => Needs {
            env: [event::ENV_NAMES, &tag::ENV_NAMES].concat(),
            inputs: names(inputs::metadata::INPUTS),
            plain: Vec::new(),
            scratch: false,
            builds: Vec::new(),
        },
        Wanted::Replay => Needs {
            env: Vec::new(),
            inputs: Vec::new(),
            plain: Vec::new(),
            scratch: false,
            builds: Vec::new(),
        },
    }
}

/// The one command that builds and publishes what lies in the working tree.
const BUILDS: &str = "release";

/// A release and a deploy go by events and their tags as well.
fn all_names() -> Vec<&'static str> {
    let names = inputs::ENV_NAMES.iter().chain(event::ENV_NAMES);
    let names: BTreeSet<&str> = names.chain(&tag::ENV_NAMES).copied().collect();
    names.into_iter().collect()
}

/// What a run is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    CdAction,
    Metadata,
    /// For command lines alone: a journal is a file of somebody's.
    Replay,
}

/// On a command line the first word may name another program.
fn wanted(program: Program, argv: &[String]) -> Wanted {
    match (argv.first().map(String::as_str), program) {
        (Some(metadata::COMMAND), _) | (_, Program::Metadata) => Wanted::Metadata,
        (Some(replay::COMMAND), Program::CdAction) => Wanted::Replay,
        (_, Program::CdAction) => Wanted::CdAction,
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
    Replay(Box<replay::ReplaySession>),
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
            (Run::Replay(session), input) => session.handle(input),
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
            Run::Replay(session) => session.poll(),
        }
    }

    /// What there is to say about it by now, where it is told in a report.
    pub(crate) fn report(&self) -> Option<&Report> {
        match &self.run {
            Run::CdAction(session) => Some(session.report()),
            Run::NotBegun | Run::Metadata(_) | Run::Replay(_) => None,
        }
    }

    /// The word that names what it is a run of, where that is no command of the action.
    pub(crate) const fn word(&self) -> &'static str {
        match &self.run {
            Run::NotBegun | Run::CdAction(_) => "",
            Run::Metadata(_) => metadata::COMMAND,
            Run::Replay(_) => replay::COMMAND,
        }
    }

    fn begin(&mut self, now: Timestamp, mut begin: Begin) -> Result<(), Misuse> {
        match wanted(begin.program, &begin.argv) {
            Wanted::CdAction => {
                begin.inputs = trimmed(begin.inputs);
                let mut session = session::Session::new();
                session.handle(now, Input::Begin(Box::new(begin)))?;
                self.run = Run::CdAction(Box::new(session));
            }
            Wanted::Metadata => {
                let mut session = metadata::Session::new();
                session.handle(now, Input::Begin(Box::new(begin)))?;
                self.run = Run::Metadata(Box::new(session));
            }
            Wanted::Replay => {
                let mut session = replay::ReplaySession::new();
                session.handle(Input::Begin(Box::new(begin)))?;
                self.run = Run::Replay(Box::new(session));
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
    fn a_journal_is_decided_again_by_its_text_alone() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let needs = needs(Program::CdAction, &words("replay journal.jsonl"));
        assert_eq!(
            (needs.env.len(), needs.inputs.len(), needs.scratch),
            (0, 0, false)
        );
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
