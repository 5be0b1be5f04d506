//! Deployments as the platform shows them: begun before anything is touched, ended in every outcome. They are told, never asked:
//! what goes wrong here is worth knowing, and changes nothing about the deploy.

use super::request::Command;
use super::{Session, Tag};
use crate::config::Mode;
use crate::event::{self, GitFacts};
use crate::forge::{self, Access, Deployment, Exchange, State, Turn};
use crate::protocol::{Completion, Effect, Emit, Outcome, Platform};

/// What the platform is told of.
#[derive(Debug)]
pub(super) struct Told {
    access: Access,
    deployment: Deployment,
    exchange: Exchange,
    /// The platform's number for it; `None`: it is not known to the platform.
    id: Option<u64>,
    /// It was told how it ended.
    over: bool,
}

impl Session {
    /// Whether the platform has still to be told that a deploy begins; then it is.
    pub(super) fn announces(&mut self) -> bool {
        let due = match self.request().command {
            Command::Deploy | Command::Promote | Command::Rollback => {
                self.environment().deployments
            }
            Command::Plan
            | Command::Abort
            | Command::Release
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => false,
        };
        if !due || self.told.is_some() || self.announced {
            return false;
        }
        self.announced = true;
        let Some(deployment) = self.deployment() else {
            self.report.troubles.push(
                "the platform is not told of this deployment: nobody knows its commit".to_owned(),
            );
            return false;
        };
        let event = event::normalise(&self.begin.env, None, &GitFacts::default());
        match self.access(&event) {
            Err(why) => {
                let text = format!("the platform is not told of this deployment: {why}");
                self.report.troubles.push(text);
                false
            }
            Ok(access) => {
                let exchange = forge::create(&deployment);
                let fetch = exchange.fetch(&access);
                self.told = Some(Told {
                    access,
                    deployment,
                    exchange,
                    id: None,
                    over: false,
                });
                self.effect(Tag::Announced, Effect::Fetch(fetch));
                true
            }
        }
    }

    fn deployment(&self) -> Option<Deployment> {
        let wanted = self.wanted.as_ref()?;
        let before = self.report.before.as_ref();
        Some(Deployment {
            commit: wanted.revision.clone()?,
            environment: self.environment().name.clone(),
            production: self.environment().mode == Mode::Delivery,
            rollback: self.request().command == Command::Rollback,
            version: wanted.version.clone(),
            digest: wanted.digest.clone(),
            before: before.map(|it| it.digest.clone()).unwrap_or_default(),
            run: self.facts.run_url.clone().unwrap_or_default(),
            url: self.environment().url.clone().unwrap_or_default(),
        })
    }

    /// It has a number now, which `post` is to know; then it is under way.
    pub(super) fn on_announced(&mut self, done: &[Completion]) {
        let now = self.now;
        let turn = self.told.as_mut().zip(done.last());
        let turn = turn.map(|(told, it)| told.exchange.on(it, &mut told.access, now));
        let id = match turn {
            Some(Turn::Over(Ok(got))) => forge::read_created(&got),
            Some(Turn::Over(Err(trouble))) => {
                let yaml = trouble.permission.map(|it| {
                    format!(
                        " (give the job `permissions: {{ contents: read, {} }}`)",
                        it.line()
                    )
                });
                let text = format!(
                    "the platform was not told of this deployment: {}{}",
                    trouble.text,
                    yaml.unwrap_or_default()
                );
                self.report.troubles.push(text);
                None
            }
            Some(Turn::Again | Turn::Wait { .. }) | None => None,
        };
        let Some(id) = id else {
            self.told = None;
            return self.after_announcing();
        };
        self.emit(Emit::State {
            name: "deployment".to_owned(),
            value: id.to_string(),
        });
        if let Some(told) = self.told.as_mut() {
            told.id = Some(id);
        }
        self.tell(Tag::UnderWay, State::InProgress, "it is under way");
    }

    /// Whether it heard that does not matter.
    pub(super) fn after_announcing(&mut self) {
        if self.cancelled {
            let because = self.stopped();
            return self.finish(Outcome::Cancelled, "cancelled", because, vec![]);
        }
        if self.request().command == Command::Promote {
            return self.promote();
        }
        let state = self.memory().ledger.state().clone();
        self.go(&state);
    }

    /// Whether the platform has still to be told how it ended; then it is.
    pub(super) fn tells_the_end(&mut self) -> bool {
        self.find_what_main_left();
        let due = self.told.as_mut().is_some_and(|told| {
            let due = told.id.is_some() && !told.over;
            told.over = true;
            due
        });
        if !due {
            return false;
        }
        let outcome = self.report.outcome;
        let post = self.begin.platform == Platform::ActionsPost;
        let (state, words) = if post {
            (
                State::Error,
                format!("the run died; {} since", outcome.word()),
            )
        } else {
            let words = format!("{}: {}", outcome.word(), self.report.reason);
            (State::of(outcome), words)
        };
        self.emit(Emit::State {
            name: "deployment".to_owned(),
            value: String::new(),
        });
        self.tell(Tag::Concluded, state, &words);
        true
    }

    /// A run that died has left the number of its deployment.
    fn find_what_main_left(&mut self) {
        let left = self.begin.inputs.get("state-deployment");
        let id = left.and_then(|it| it.parse().ok());
        if self.begin.platform != Platform::ActionsPost || self.told.is_some() || id.is_none() {
            return;
        }
        let event = event::normalise(&self.begin.env, None, &GitFacts::default());
        let Ok(access) = self.access(&event) else {
            return;
        };
        let url = self.environment.as_ref().and_then(|it| it.url.clone());
        let deployment = Deployment {
            commit: String::new(),
            environment: self.report.environment.clone(),
            production: false,
            rollback: false,
            version: String::new(),
            digest: String::new(),
            before: String::new(),
            run: self.facts.run_url.clone().unwrap_or_default(),
            url: url.unwrap_or_default(),
        };
        let exchange = forge::create(&deployment);
        self.told = Some(Told {
            access,
            deployment,
            exchange,
            id,
            over: false,
        });
    }

    fn tell(&mut self, tag: Tag, state: State, words: &str) {
        let Some(told) = self.told.as_mut() else {
            return;
        };
        let id = told.id.unwrap_or_default();
        told.exchange = forge::status(id, state, words, &told.deployment);
        let fetch = told.exchange.fetch(&told.access);
        self.effect(tag, Effect::Fetch(fetch));
    }

    /// It was told how it ended, or could not be.
    pub(super) fn on_concluded(&mut self, done: &[Completion]) {
        let now = self.now;
        let turn = self.told.as_mut().zip(done.last());
        let turn = turn.map(|(told, it)| told.exchange.on(it, &mut told.access, now));
        if let Some(Turn::Over(Err(trouble))) = turn {
            let text = format!(
                "the platform was not told how this deployment ended: {}",
                trouble.text
            );
            self.report.troubles.push(text);
        }
        self.close();
    }
}
