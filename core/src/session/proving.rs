//! The proof that other environments read, given once everything else is done: that what serves here was proven here.
//!
//! It is best effort. A registry that does not take it makes no good deploy a bad one; the report says so, and the next run that
//! finds the same image serving gives it. It is given where somebody can be thought to read it: where the configuration says how
//! to log in to the image's registry, or a gate of it waits for this environment.

use super::deriving::image_name;
use super::request::Command;
use super::{Session, Tag};
use crate::config::{Environment, RegistryAuth};
use crate::event::{self, GitFacts};
use crate::proof;
use crate::protocol::{Completion, Effect, Outcome, Timestamp};
use crate::registry::{Access, Answered, Next, Question, Repository, Talk};

/// Milliseconds after which the registry is left alone.
const PATIENCE: u64 = 10_000;

/// How far it is.
#[derive(Debug)]
pub(super) enum Proof {
    /// It is to be seen whether there is one to give.
    Due,
    /// A registry is asked.
    Asking(Box<Talk>),
    /// It was given, or there was none to give.
    Over,
}

impl Proof {
    pub(super) const fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Asking(talk) => talk.wake_at(),
            Self::Due | Self::Over => None,
        }
    }
}

impl Session {
    /// Whether the run has to wait for a proof that is given now.
    pub(super) fn begin_proof(&mut self) -> bool {
        match &self.proof {
            Proof::Due => {}
            Proof::Asking(_) => return true,
            Proof::Over => return false,
        }
        self.proof = Proof::Over;
        let Some((proof, image)) = self.proven() else {
            return false;
        };
        let auth = self.login(&image);
        if auth.is_none() && !self.somebody_waits(&proof.environment) {
            return false;
        }
        let access = Access::new(
            Repository::parse(&image),
            auth.map(crate::registry::Login::Variables),
            true,
        );
        let question = Question::Prove {
            proof: Box::new(proof),
            now: self.now,
        };
        let talk = Talk::new(access, question, self.now, PATIENCE);
        self.proof = Proof::Asking(Box::new(talk));
        self.go_on_proving();
        true
    }

    /// What was proven here, and the image's name without a tag; `None`: nothing by this run, or nothing that a registry has.
    fn proven(&self) -> Option<(proof::Proof, String)> {
        let is_good = match self.report.outcome {
            Outcome::Deployed => true,
            Outcome::Restored => true,
            Outcome::Unchanged => self.report.reason == super::deciding::SERVES_ALREADY,
            Outcome::Shown
            | Outcome::Released
            | Outcome::Held
            | Outcome::Waiting
            | Outcome::Stopped
            | Outcome::Resumed
            | Outcome::Superseded
            | Outcome::Rejected
            | Outcome::Busy
            | Outcome::Failed
            | Outcome::RolledBack
            | Outcome::Cancelled
            | Outcome::Stranded
            | Outcome::Invalid
            | Outcome::Crashed => false,
        };
        let brings = matches!(
            self.request.as_ref()?.command,
            Command::Deploy | Command::Promote | Command::Rollback
        );
        let good = self.memory.as_ref()?.ledger.state().serving()?;
        let release = &good.release;
        let ours = self.wanted.as_ref().is_some_and(|it| it.same_as(release));
        if !brings || !is_good || !ours || release.local || self.cancelled {
            return None;
        }
        let environment = self.environment().name.clone();
        let proof = proof::Proof {
            service: self.config.as_ref()?.service.clone(),
            environment,
            digest: release.digest.clone(),
            version: release.version.clone(),
            config_hash: release.config_hash.clone(),
            at: good.since,
            url: self.facts.run_url.clone(),
        };
        proof.claim().tag()?;
        Some((proof, release.image.clone()))
    }

    /// Whether a gate of the configuration waits for this environment.
    fn somebody_waits(&self, name: &str) -> bool {
        let config = self.config.as_ref();
        let environments = config.into_iter().flat_map(|it| it.environments.values());
        let mut afters = environments.flat_map(Environment::afters);
        afters.any(|after| after == name)
    }

    /// How to log in where the image is; never to a registry that the login is not for.
    pub(super) fn login(&self, image: &str) -> Option<RegistryAuth> {
        let config = self.config.as_ref()?;
        let event = event::normalise(&self.begin.env, None, &GitFacts::default());
        let own = image_name(config, &event).zip(config.registry.clone());
        let mirrors = config.mirrors.iter();
        let mirrors = mirrors.filter_map(|it| Some((it.image.clone(), it.registry.clone()?)));
        let places: Vec<(String, RegistryAuth)> = own.into_iter().chain(mirrors).collect();
        let wanted = Repository::parse(image);
        let exact = places.iter().find(|(name, _)| name == image);
        let near = places.iter();
        let near = || {
            near.clone()
                .find(|(name, _)| Repository::parse(name).server() == wanted.server())
        };
        exact.or_else(near).map(|(_, auth)| auth.clone())
    }

    fn go_on_proving(&mut self) {
        let Proof::Asking(talk) = &mut self.proof else {
            return;
        };
        let fetch = talk.fetch();
        self.effect(Tag::Proof, Effect::Fetch(fetch));
    }

    pub(super) fn on_proof(&mut self, done: &[Completion]) {
        let (now, cancelled) = (self.now, self.cancelled);
        let (Proof::Asking(talk), Some(completion)) = (&mut self.proof, done.first()) else {
            return;
        };
        match talk.on(completion, now) {
            Next::Over(Ok(Answered::Proven { tag, .. })) => {
                let name = talk.access().repository().tagged(&tag);
                self.end_proof(Ok(name));
            }
            Next::Over(Ok(_)) => self.end_proof(Err("it answered another question".to_owned())),
            Next::Over(Err(trouble)) => self.end_proof(Err(trouble.text)),
            Next::Fetch | Next::Wait if cancelled => {
                self.end_proof(Err("the run was asked to stop".to_owned()));
            }
            Next::Fetch => self.go_on_proving(),
            Next::Wait => {}
        }
    }

    fn end_proof(&mut self, end: Result<String, String>) {
        self.proof = Proof::Over;
        match end {
            Ok(name) => {
                self.info(format!("other environments can read it: {name}"));
                self.report.proof = Some(name);
            }
            Err(why) => {
                let environment = self.environment().name.clone();
                self.report.troubles.push(format!(
                    "other environments cannot read that this was proven in {environment}: {why}; nothing else is the worse for it, and the next deploy of the same says it again"
                ));
            }
        }
        self.close();
    }

    /// What was to wait has waited.
    pub(super) fn wake_proof(&mut self) {
        if self.proof.wake_at().is_some_and(|at| at <= self.now) {
            self.go_on_proving();
        }
    }

    /// The run was asked to stop: nobody is waited for.
    pub(super) fn hurry_proof(&mut self) {
        self.calls.abort(|tag| matches!(tag, Tag::Proof));
        if self.proof.wake_at().is_some() {
            self.end_proof(Err("the run was asked to stop".to_owned()));
        }
    }
}
