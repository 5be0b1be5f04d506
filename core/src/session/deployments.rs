//! Deployments as the platform shows them: begun before anything is touched, ended in every outcome. They are told, never asked:
//! what goes wrong here is worth knowing, and changes nothing about the deploy.

use super::request::Command;
use super::{Session, Tag};
use crate::event::{self, GitFacts};
use crate::forge::{Access, Deployment, End, HURRY, Next, Part, State, Telling};
use crate::protocol::{Completion, Effect, Emit, Outcome, Platform, Timestamp};
use crate::report::ReleaseLine;

/// Milliseconds that a deploy waits for the platform before it begins.
const AT_FIRST: u64 = 30_000;

/// Milliseconds that the platform has to hear how it ended.
const AT_LAST: u64 = 60_000;

/// What the platform is told of.
#[derive(Debug)]
pub(super) struct Told {
    access: Access,
    deployment: Deployment,
    /// The platform's number for it; `None`: it is not known to the platform.
    id: Option<u64>,
    /// Nobody knows whether the platform has it.
    perhaps: bool,
    /// What is being said.
    telling: Option<Box<Telling>>,
    /// It was told how it ended, or is being told.
    over: bool,
}

impl Told {
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.telling.as_ref()?.wake_at()
    }
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
        let Some(access) = self.access_or_trouble() else {
            return false;
        };
        let telling = Telling::begin(access.clone(), deployment.clone(), self.now, AT_FIRST);
        self.told = Some(Told {
            telling: Some(Box::new(telling)),
            ..Told::of(access, deployment, None)
        });
        self.go_on_telling();
        true
    }

    fn access_or_trouble(&mut self) -> Option<Access> {
        let event = event::normalise(&self.begin.env, None, &GitFacts::default());
        match self.access(&event) {
            Ok(access) => Some(access),
            Err(why) => {
                let text = format!("the platform is not told of this deployment: {why}");
                self.report.troubles.push(text);
                None
            }
        }
    }

    fn deployment(&self) -> Option<Deployment> {
        let wanted = self.wanted.as_ref()?;
        let before = self.report.before.as_ref();
        Some(Deployment {
            commit: wanted.revision.clone()?,
            rollback: self.request().command == Command::Rollback,
            version: wanted.version.clone(),
            digest: wanted.digest.clone(),
            before: before.map(|it| it.digest.clone()).unwrap_or_default(),
            ..self.any_deployment()
        })
    }

    /// What is the same of all deployments of a run.
    fn any_deployment(&self) -> Deployment {
        let environment = self.environment.as_ref();
        Deployment {
            environment: self.report.environment.clone(),
            service: self.report.service.clone(),
            holder: self.begin.holder.clone(),
            began: self.report.began,
            token: self
                .memory
                .as_ref()
                .map(|it| it.origin.token)
                .unwrap_or_default(),
            run: self.facts.run_url.clone().unwrap_or_default(),
            url: environment
                .and_then(|it| it.url.clone())
                .unwrap_or_default(),
            ..Deployment::default()
        }
    }

    /// What is said now.
    fn go_on_telling(&mut self) {
        let now = self.now;
        let telling = self.told.as_mut().and_then(|it| {
            let tag = if it.over {
                Tag::Concluded
            } else {
                Tag::Announced
            };
            Some((tag, it.telling.as_mut()?.fetch(now)))
        });
        if let Some((tag, fetch)) = telling {
            self.effect(tag, Effect::Fetch(fetch));
        }
    }

    /// Takes in what came of it; `Some`: it is over.
    fn heard(&mut self, done: &[Completion]) -> Option<Box<Telling>> {
        let now = self.now;
        let told = self.told.as_mut()?;
        let next = told
            .telling
            .as_mut()
            .zip(done.last())
            .map(|(telling, it)| telling.on(it, now));
        let id = told.telling.as_ref().and_then(|it| it.id());
        if told.id.is_none() && id.is_some() && !told.over {
            told.id = id;
            // `post` is to know it, whatever becomes of this run.
            self.state(id, "");
        }
        match next {
            Some(Next::Fetch) => self.go_on_telling(),
            Some(Next::Wait) => {}
            Some(Next::Over) | None => return self.told.as_mut()?.telling.take(),
        }
        None
    }

    fn state(&mut self, id: Option<u64>, end: &str) {
        let id = id.map(|id| format!("{id}{end}"));
        self.emit(Emit::State {
            name: "deployment".to_owned(),
            value: id.unwrap_or_default(),
        });
    }

    /// It has a number now, and is under way; or the platform did not want to know.
    pub(super) fn on_announced(&mut self, done: &[Completion]) {
        if self.cancelled {
            self.hurry_telling();
        }
        let Some(telling) = self.heard(done) else {
            return;
        };
        if let Some((_, trouble)) = telling.trouble() {
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
        }
        if let Some(told) = self.told.as_mut() {
            told.perhaps = telling.perhaps();
        }
        self.after_announcing();
    }

    /// Whether it heard that does not matter.
    fn after_announcing(&mut self) {
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

    /// What was to wait has waited.
    pub(super) fn wake_telling(&mut self) {
        let at = self.told.as_ref().and_then(Told::wake_at);
        if at.is_some_and(|at| at <= self.now) {
            self.go_on_telling();
        }
    }

    /// The run was asked to stop: nobody is waited for.
    pub(super) fn hurry_telling(&mut self) {
        let now = self.now;
        if let Some(telling) = self.told.as_mut().and_then(|it| it.telling.as_mut()) {
            telling.hurry(now);
        }
    }

    /// Whether the platform has still to be told how it ended, its own deployment and those before it; then it is.
    pub(super) fn tells_the_end(&mut self) -> bool {
        let left = self.what_main_left();
        if self.told.is_none() && (left.is_some() || self.settles_deployments()) {
            let Some(access) = self.access_or_trouble() else {
                return false;
            };
            let id = left.as_ref().map(|it| it.0);
            self.told = Some(Told::of(access, self.any_deployment(), id));
        }
        if let Some(told) = self.told.as_mut().filter(|it| !it.over) {
            // It was still being begun.
            let begun = told.telling.take();
            told.perhaps |= begun.is_some_and(|it| it.perhaps());
        }
        let end = self.end(left.and_then(|it| it.1));
        let patience = if self.cancelled { HURRY } else { AT_LAST };
        let now = self.now;
        let Some(told) = self.told.as_mut().filter(|it| !it.over) else {
            return false;
        };
        told.over = true;
        let (id, own) = (told.id, end.own.clone());
        let (access, deployment) = (told.access.clone(), told.deployment.clone());
        let telling = Telling::end(access, deployment, id, end, now, patience);
        told.telling = telling.map(Box::new);
        if told.telling.is_none() {
            return false;
        }
        // Where this cannot be said, `post` says it.
        if let Some((state, words)) = own.filter(|_| id.is_some()) {
            self.state(id, &format!(" {} {words}", state.word()));
        }
        self.go_on_telling();
        true
    }

    /// Whether deployments of dead runs are to be put in order, though this one has none of its own.
    fn settles_deployments(&self) -> bool {
        let told = self.environment.as_ref().is_some_and(|it| it.deployments);
        let command = self.request.as_ref().map(|it| it.command);
        let settles = match command {
            Some(Command::Recover) => true,
            Some(Command::Deploy | Command::Promote | Command::Rollback) => self.settled,
            Some(
                Command::Plan
                | Command::Abort
                | Command::Release
                | Command::Stop
                | Command::Resume
                | Command::Status,
            )
            | None => false,
        };
        // Without the lease nobody knows which ones are dead.
        told && settles && self.memory.is_some()
    }

    /// How it ended, for the platform. `left`: what the main step could not say.
    fn end(&self, left: Option<(State, String)>) -> End {
        let outcome = self.report.outcome;
        let words = format!("{}: {}", outcome.word(), self.report.reason);
        let there = self
            .told
            .as_ref()
            .is_some_and(|it| it.id.is_some() || it.perhaps);
        let died = format!("the run died; {} since", outcome.word());
        let own = match (self.begin.platform, left) {
            _ if !there => None,
            (Platform::ActionsPost, Some(left)) => Some(left),
            (Platform::ActionsPost, None) => Some((State::Error, died)),
            (Platform::Actions | Platform::CommandLine, _) => Some((State::of(outcome), words)),
        };
        let served = own.as_ref().is_some_and(|it| it.0 == State::Success);
        let back = self.brought_back().filter(|_| own.is_some());
        let before = !self.cancelled
            && self.memory.is_some()
            && (served || back.is_some() || own.is_some() || self.settles_deployments());
        End { own, back, before }
    }

    /// What serves again after it was taken from what did not do: that is a deployment, too. `None`: none was, or nobody knows its
    /// commit.
    fn brought_back(&self) -> Option<Deployment> {
        if self.report.outcome != Outcome::RolledBack || self.cancelled {
            return None;
        }
        let good = &self.memory.as_ref()?.ledger.state().serving()?.release;
        let failed = self.wanted.as_ref().map(|it| it.digest.clone());
        let digest = |it: &ReleaseLine| it.digest == good.digest;
        // Only what is known to serve is said to.
        self.report.serving.as_ref().filter(|it| digest(it))?;
        Some(Deployment {
            commit: good.revision.clone()?,
            rollback: true,
            version: good.version.clone(),
            digest: good.digest.clone(),
            before: failed.unwrap_or_default(),
            ..self.any_deployment()
        })
    }

    /// A run that died has left the number of its deployment, and one that could not say how it ended that besides.
    fn what_main_left(&self) -> Option<(u64, Option<(State, String)>)> {
        let left = self.begin.inputs.get("state-deployment");
        let left = left.filter(|_| self.begin.platform == Platform::ActionsPost)?;
        let mut parts = left.splitn(3, ' ');
        let id = parts.next()?.parse().ok()?;
        let state = parts.next().and_then(State::read);
        let words = parts.next().unwrap_or_default().to_owned();
        Some((id, state.map(|state| (state, words))))
    }

    /// It was told how it ended, or could not be.
    pub(super) fn on_concluded(&mut self, done: &[Completion]) {
        if self.cancelled {
            self.hurry_telling();
        }
        let Some(telling) = self.heard(done) else {
            return;
        };
        if telling.heard() || telling.id().is_none() {
            self.state(None, "");
        }
        if let Some((part, trouble)) = telling.trouble() {
            let what = match part {
                Part::Beginning | Part::End => {
                    "the platform was not told how this deployment ended"
                }
                Part::Back => "the platform was not told that what served before serves again",
                Part::Before => {
                    "the platform may still show deployments before this one as under way or as what serves"
                }
            };
            let text = format!("{what}: {}", trouble.text);
            self.report.troubles.push(text);
        }
        self.close();
    }
}

impl Told {
    const fn of(access: Access, deployment: Deployment, id: Option<u64>) -> Self {
        Self {
            access,
            deployment,
            id,
            perhaps: false,
            telling: None,
            over: false,
        }
    }
}
