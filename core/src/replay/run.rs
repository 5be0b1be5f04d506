//! A run of `replay`: the command line → the file → what comes of it, in words and as JSON.
//!
//! It exits with 0 where all is decided again alike, with 1 where it is not, and with 3 where the file is none to decide again.

use std::collections::VecDeque;

use super::journal::LARGEST;
use super::{Replay, Unreadable, replay};
use crate::protocol::{
    Begin, Completion, Effect, EffectId, Emit, Fault, Input, Level, Misuse, Outcome, Output,
};
use crate::report::replay_log;

/// The word that names this program on a command line.
pub(crate) const COMMAND: &str = "replay";

/// The one effect: the file is read.
const READING: EffectId = EffectId(1);

const USAGE: &str = "usage: cd-action replay FILE [--json]\n\n\
    decides a recorded run again, says whether every decision is the same, and explains each\n\n\
    FILE is a run's journal: its report names it, and so do the last lines of its log\n\n\
    flags\n  --json   what comes of it as JSON on standard output\n\n\
    exit code: 0 the same decisions, 1 others, 3 no file that can be decided again\n";

/// One run of `replay`. It keeps the contract of [`crate::Session`].
#[derive(Debug, Default)]
pub(crate) struct Session {
    begun: bool,
    file: String,
    json: bool,
    reading: bool,
    cancelled: bool,
    outbox: VecDeque<Output>,
    done: Option<Outcome>,
    over: bool,
}

impl Session {
    /// A run that has not begun.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes in what happened.
    ///
    /// # Errors
    /// A [`Misuse`] where the caller broke the contract; the session is then of no further use.
    pub(crate) fn handle(&mut self, input: Input) -> Result<(), Misuse> {
        if self.over {
            return Err(Misuse::Over);
        }
        if self.begun == matches!(input, Input::Begin(_)) {
            return Err(Misuse::NotBegun);
        }
        match input {
            Input::Begin(begin) => self.on_begin(&begin),
            Input::Completed { id, completion } => self.on_completed(id, &completion)?,
            Input::Cancel { .. } => self.on_cancel(),
            Input::Tick => {}
        }
        Ok(())
    }

    /// Gives out what to do next.
    #[must_use]
    pub(crate) fn poll(&mut self) -> Output {
        if let Some(output) = self.outbox.pop_front() {
            return output;
        }
        match self.done {
            Some(outcome) => {
                self.over = true;
                Output::Done {
                    outcome,
                    exit_code: outcome.exit_code(true),
                }
            }
            None => Output::Idle {
                wake_at: None,
                reason: "the journal".to_owned(),
            },
        }
    }

    fn on_begin(&mut self, begin: &Begin) {
        self.begun = true;
        let mut mistakes = Vec::new();
        let mut files = Vec::new();
        for word in begin.argv.iter().skip(1) {
            match word.as_str() {
                "help" | "-h" | "--help" => {
                    self.emit(Emit::Answer {
                        json: USAGE.to_owned(),
                    });
                    self.done = Some(Outcome::Shown);
                    return;
                }
                "--json" => self.json = true,
                flag if flag.starts_with("--json=") => {
                    mistakes.push("`--json` takes no value".to_owned());
                }
                flag if flag.starts_with("--") => {
                    mistakes.push(format!("there is no flag `{flag}`; there is --json"));
                }
                file => files.push(file),
            }
        }
        match files.as_slice() {
            [] => mistakes.push(
                "`replay` needs the file of a journal: a run's report names it as `journal`"
                    .to_owned(),
            ),
            [file] => (*file).clone_into(&mut self.file),
            [_, more @ ..] => mistakes.push(format!(
                "`{}` is too much: `replay` takes one file",
                more.join(" ")
            )),
        }
        if !mistakes.is_empty() {
            mistakes.push("`cd-action replay --help` says how".to_owned());
            return self.refuse(
                "replay: the command line has mistakes",
                &mistakes.join("\n"),
            );
        }
        self.read(&begin.workspace);
    }

    fn read(&mut self, workspace: &str) {
        let path = if self.file.starts_with('/') {
            self.file.clone()
        } else {
            format!("{workspace}/{}", self.file)
        };
        self.reading = true;
        self.outbox.push_back(Output::Effect {
            id: READING,
            effect: Effect::ReadFile {
                path,
                limit: LARGEST,
            },
        });
    }

    fn on_completed(&mut self, id: EffectId, completion: &Completion) -> Result<(), Misuse> {
        if id != READING || !std::mem::take(&mut self.reading) {
            return Err(Misuse::UnknownEffect(id));
        }
        match completion {
            Completion::Read { .. } | Completion::Failed { .. } if self.cancelled => {
                self.done = Some(Outcome::Cancelled);
            }
            Completion::Read { text } => self.tell(&replay(text)),
            Completion::Failed { fault, message } => {
                let unreadable = Unreadable::whole(unread(*fault, message));
                self.tell(&Replay::Unreadable(unreadable));
            }
            Completion::Exited { .. }
            | Completion::TimedOut { .. }
            | Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Fetched { .. }
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. }
            | Completion::Written => return Err(Misuse::WrongCompletion(id)),
        }
        Ok(())
    }

    fn on_cancel(&mut self) {
        self.cancelled = true;
        match self.reading {
            true => self.outbox.push_back(Output::Abort { id: READING }),
            false if self.done.is_none() => self.done = Some(Outcome::Cancelled),
            false => {}
        }
    }

    fn tell(&mut self, replay: &Replay) {
        if self.json {
            let json = serde_json::to_string_pretty(replay).expect("strings and numbers are JSON");
            self.emit(Emit::Answer { json });
        }
        match replay {
            Replay::Decided(replayed) => {
                let (outcome, level) = match replayed.same {
                    true => (Outcome::Shown, Level::Info),
                    false => (Outcome::Failed, Level::Error),
                };
                let text = replayed.explanation.clone();
                self.emit(Emit::Log { level, text });
                self.done = Some(outcome);
            }
            Replay::Unreadable(unreadable) => {
                let title = format!("{} cannot be decided again", self.file);
                self.refuse(&title, &replay_log::mistakes(unreadable));
            }
        }
    }

    fn refuse(&mut self, title: &str, message: &str) {
        self.emit(Emit::Annotation {
            level: Level::Error,
            title: title.to_owned(),
            message: message.to_owned(),
            file: None,
            line: None,
            column: None,
        });
        self.done = Some(Outcome::Invalid);
    }

    fn emit(&mut self, emit: Emit) {
        self.outbox.push_back(Output::Emit { emit });
    }
}

/// Why a file cannot be read, and what helps.
fn unread(fault: Fault, message: &str) -> String {
    match fault {
        Fault::NotFound => format!("there is no such file ({message})"),
        Fault::TooLarge => {
            format!("it is larger than {LARGEST} bytes (64 MiB): no run writes so much")
        }
        Fault::NotText => "it is no journal of cd-action: it is not text (UTF-8). Where a killed run has torn its last \
             line within a letter, `sed '$d' FILE` gives the rest"
            .to_owned(),
        Fault::Denied | Fault::SecretMissing | Fault::Unreachable | Fault::Other => {
            format!("it cannot be read: {message}")
        }
    }
}
