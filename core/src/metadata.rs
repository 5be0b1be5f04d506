//! The program `metadata`: one run of the tag derivation, from inputs to outputs and files.
//!
//! The way: the inputs → the event's file → what only git can tell → the derivation → the bake files → all that is said. A
//! stage asks for what it needs, and is left when all of that has been answered. Nothing is asked over the network, and
//! what neither event nor git tells stays empty.

mod asking;
mod request;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde_json::Value;

use crate::event::asking::Question;
use crate::event::{self, Event, GitFacts, System};
use crate::protocol::{
    Begin, Completion, Content, Effect, EffectId, Emit, Fault, Input, Level, Misuse, Outcome,
    Output, Platform, Timestamp,
};
use crate::tag::{self, Derived};
use request::{Parsed, Request};

pub(crate) use request::COMMAND;

/// Most bytes of an event's file. GitHub sends at most 25 MB.
const LARGEST_EVENT: u32 = 32 << 20;

/// The file that says which rule made which tag, beside the bake files.
const EXPLANATION: &str = "explanation.json";

/// One run of `metadata`. It keeps the contract of [`Session`](crate::Session), for whoever needs no more than this.
#[derive(Debug, Default)]
pub struct Session {
    /// When it was begun; `None`: it has not been.
    begun: Option<Timestamp>,
    begin: Begin,
    request: Request,
    payload: Option<Value>,
    git: GitFacts,
    /// What git said where it had no answer.
    trouble: Option<String>,
    stage: Stage,
    /// A few at most.
    under_way: Vec<(EffectId, Asked)>,
    effects: u32,
    outbox: VecDeque<Output>,
    cancelled: bool,
    done: Option<(Outcome, u8)>,
    over: bool,
}

/// What is being asked for.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Event,
    Git,
    /// No branch is checked out: which of them have the commit.
    Detached,
    Files(Box<Derived>),
}

/// What an effect was for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Event,
    Git(Question),
    File,
}

impl Session {
    /// A run that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what happened.
    ///
    /// # Errors
    /// A [`Misuse`] where the caller broke the contract; the session is then of no further use.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<(), Misuse> {
        if self.over {
            return Err(Misuse::Over);
        }
        if self.begun.is_some() == matches!(input, Input::Begin(_)) {
            return Err(Misuse::NotBegun);
        }
        match input {
            Input::Begin(begin) => self.on_begin(now, *begin),
            Input::Completed { id, completion } => self.on_completed(id, completion)?,
            Input::Cancel { .. } => self.on_cancel(),
            Input::Tick => {}
        }
        Ok(())
    }

    /// Gives out what to do next.
    #[must_use]
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.outbox.pop_front() {
            return output;
        }
        if let Some((outcome, exit_code)) = self.done {
            self.over = true;
            return Output::Done { outcome, exit_code };
        }
        Output::Idle {
            wake_at: None,
            reason: match self.stage {
                Stage::Event => "the event's file",
                Stage::Git | Stage::Detached => "git",
                Stage::Files(_) => "the bake files",
            }
            .to_owned(),
        }
    }

    fn on_begin(&mut self, now: Timestamp, begin: Begin) {
        self.begun = Some(now);
        self.begin = begin;
        match request::parse(&self.begin) {
            Parsed::Help(text) => {
                self.emit(Emit::Answer { json: text });
                self.end(Outcome::Shown);
            }
            Parsed::Mistakes(mistakes) => self.refuse_words(&mistakes),
            Parsed::Request(request) => {
                self.request = *request;
                self.read_event();
            }
        }
    }

    fn on_completed(&mut self, id: EffectId, completion: Completion) -> Result<(), Misuse> {
        let at = self.under_way.iter().position(|(it, _)| *it == id);
        let (_, asked) = self.under_way.remove(at.ok_or(Misuse::UnknownEffect(id))?);
        match (asked, completion) {
            (Asked::Event, Completion::Read { text }) => self.on_event(&text),
            (Asked::Event, Completion::Failed { fault, message }) => {
                self.on_no_event(fault, &message);
            }
            (Asked::Git(question), completion) => self.on_answer(question, completion, id)?,
            (Asked::File, Completion::Written) => {}
            (Asked::File, Completion::Failed { message, .. }) => {
                self.fail("the bake files cannot be written", &message);
            }
            (
                Asked::Event | Asked::File,
                Completion::Exited { .. }
                | Completion::TimedOut { .. }
                | Completion::Recalled { .. }
                | Completion::Opened
                | Completion::Fetched { .. }
                | Completion::Unset { .. }
                | Completion::Fingerprinted { .. }
                | Completion::Read { .. }
                | Completion::Written,
            ) => return Err(Misuse::WrongCompletion(id)),
        }
        if self.under_way.is_empty() && self.done.is_none() {
            self.go_on();
        }
        Ok(())
    }

    /// All that this stage asked for has been answered.
    fn go_on(&mut self) {
        if self.cancelled {
            return self.end(Outcome::Cancelled);
        }
        match std::mem::take(&mut self.stage) {
            Stage::Event => self.ask_git(),
            Stage::Git => {
                let checkout = self.git_counts();
                let more = asking::detached(&self.git);
                self.ask(Stage::Detached, if checkout { more } else { Vec::new() });
            }
            Stage::Detached => self.derive(),
            Stage::Files(derived) => {
                self.tell(&derived);
                self.end(Outcome::Shown);
            }
        }
    }

    // --- the event -----------------------------------------------------------------------------------------------

    fn read_event(&mut self) {
        let path = self.begin.env.get(EVENT_PATH);
        match path.filter(|path| !path.is_empty()).cloned() {
            Some(path) => self.effect(
                Asked::Event,
                Effect::ReadFile {
                    path,
                    limit: LARGEST_EVENT,
                },
            ),
            None => self.go_on(),
        }
    }

    fn on_event(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(payload) => self.payload = Some(payload),
            Err(error) => self.fail("the event's file is no JSON", &error.to_string()),
        }
    }

    fn on_no_event(&mut self, fault: Fault, message: &str) {
        match fault {
            Fault::NotFound => {
                self.note("GITHUB_EVENT_PATH names no file: the event has no payload")
            }
            Fault::Denied
            | Fault::TooLarge
            | Fault::NotText
            | Fault::SecretMissing
            | Fault::Unreachable
            | Fault::Other => self.fail("the event's file cannot be read", message),
        }
    }

    /// The event, with what is known by now. Whoever runs an action speaks as GitHub does, whoever it is.
    fn event(&self) -> Event {
        let env = &self.begin.env;
        let payload = self.payload.as_ref();
        let like_github = System::detect(env).is_like_github();
        if like_github || self.begin.platform == Platform::CommandLine {
            event::normalise(env, payload, &self.git)
        } else {
            event::github(env, payload, &self.git)
        }
    }

    // --- git -----------------------------------------------------------------------------------------------------

    fn ask_git(&mut self) {
        let event = self.event();
        let wants = tag::wants(&self.request.inputs, &self.begin.env, &event);
        self.ask(Stage::Git, asking::questions(&event, wants));
    }

    /// Whether what is checked out decides about the ref.
    fn git_counts(&self) -> bool {
        self.request.inputs.context.trim() == "git" || self.event().system == System::Git
    }

    fn ask(&mut self, stage: Stage, questions: Vec<Question>) {
        self.stage = stage;
        for question in &questions {
            self.effect(Asked::Git(*question), question.effect());
        }
        if questions.is_empty() {
            self.go_on();
        }
    }

    fn on_answer(
        &mut self,
        question: Question,
        completion: Completion,
        id: EffectId,
    ) -> Result<(), Misuse> {
        match completion {
            Completion::Exited {
                code: Some(0),
                stdout,
                ..
            } => question.answered(&stdout, &mut self.git),
            Completion::Exited { stderr, .. } => self.no_answer(&stderr),
            Completion::TimedOut { .. } => self.no_answer("git did not answer in time"),
            Completion::Failed { message, .. } => self.no_answer(&message),
            Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Read { .. }
            | Completion::Written
            | Completion::Fetched { .. }
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. } => return Err(Misuse::WrongCompletion(id)),
        }
        Ok(())
    }

    /// What it would have told stays empty. Where it has words, they are told once.
    fn no_answer(&mut self, words: &str) {
        let words = words.trim();
        if !words.is_empty() && self.trouble.is_none() && !self.cancelled {
            self.trouble = Some(words.to_owned());
            self.note("git has no answer, and what it would have told stays empty:");
            self.emit(Emit::Relay {
                text: words.to_owned(),
            });
        }
    }

    // --- the derivation ------------------------------------------------------------------------------------------

    fn derive(&mut self) {
        let derived = tag::derive(&tag::Request {
            inputs: self.request.inputs.clone(),
            env: self.begin.env.clone(),
            event: self.event(),
            git: self.git.clone(),
            now: self.begun.unwrap_or_default(),
        });
        match derived {
            Ok(derived) => self.write(derived),
            Err(mut mistakes) => {
                self.explain(&mut mistakes);
                self.refuse(&mistakes);
            }
        }
    }

    /// That git has no commit may have a reason that only git knows: a folder that is somebody else's, say.
    fn explain(&self, mistakes: &mut [tag::Mistake]) {
        let Some(trouble) = &self.trouble else {
            return;
        };
        let mut lines = trouble.lines().map(str::trim);
        let fatal = lines.clone().find(|line| line.starts_with("fatal: "));
        let words = fatal.or_else(|| lines.next_back()).unwrap_or_default();
        for mistake in mistakes.iter_mut().filter(|it| it.is_of_git()) {
            mistake.message = format!("{}; git says: {words}", mistake.message);
        }
    }

    fn write(&mut self, derived: Derived) {
        let folder = self.folder();
        let files = derived.files().into_iter();
        let files = files.map(|file| (file.name, file.text));
        let explanation = self.explanation(&derived);
        for (name, text) in files.chain([(EXPLANATION, explanation)]) {
            self.effect(
                Asked::File,
                Effect::WriteFile {
                    path: format!("{folder}/{name}"),
                    content: Content::Text { text },
                    mode: 0o644,
                    durable: false,
                },
            );
        }
        self.stage = Stage::Files(Box::new(derived));
    }

    /// Where files go: on a command line always the same place, in a job another one for each step.
    fn folder(&self) -> String {
        let reports = &self.begin.reports;
        match self.begin.platform {
            Platform::CommandLine => format!("{reports}/{COMMAND}"),
            Platform::Actions | Platform::ActionsPost => {
                let run = self.begin.scratch.rsplit(['/', '-']).next();
                format!("{reports}/{COMMAND}-{}", run.unwrap_or_default())
            }
        }
    }

    // --- the end -------------------------------------------------------------------------------------------------

    fn on_cancel(&mut self) {
        self.cancelled = true;
        self.note("asked to stop");
        for (id, _) in &self.under_way {
            self.outbox.push_back(Output::Abort { id: *id });
        }
        if self.under_way.is_empty() && self.done.is_none() {
            self.end(Outcome::Cancelled);
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.done = Some((outcome, self.exit_code(outcome)));
    }

    /// As an action, mistakes are 1, as they are for the action that this one can stand for; a runner knows no more than
    /// that a step failed. On a command line they are what they are with every other command.
    const fn exit_code(&self, outcome: Outcome) -> u8 {
        match (outcome, self.begin.platform) {
            (Outcome::Invalid, Platform::Actions | Platform::ActionsPost) => 1,
            _ => outcome.exit_code(true),
        }
    }

    // --- small words ---------------------------------------------------------------------------------------------

    fn effect(&mut self, asked: Asked, effect: Effect) {
        self.effects += 1;
        let id = EffectId(self.effects);
        self.under_way.push((id, asked));
        self.outbox.push_back(Output::Effect { id, effect });
    }

    fn emit(&mut self, emit: Emit) {
        self.outbox.push_back(Output::Emit { emit });
    }

    fn note(&mut self, text: impl Into<String>) {
        self.emit(Emit::Log {
            level: Level::Info,
            text: text.into(),
        });
    }
}

const EVENT_PATH: &str = "GITHUB_EVENT_PATH";
