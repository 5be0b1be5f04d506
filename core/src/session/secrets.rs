//! Secrets: known by name and fingerprint, never by value.

use std::collections::BTreeMap;

use super::request::Command;
use super::{Session, Tag};
use crate::config::config_hash;
use crate::protocol::{Completion, Effect, Outcome};
use crate::spec::Spec;
use crate::target::docker::Trouble;

/// The name that the shell keeps the key under with which secrets are fingerprinted.
const KEY: &str = "fingerprint-key";

impl Session {
    pub(super) fn keep_key(&mut self) {
        let steps = self.docker().keep_key(KEY);
        self.call(Tag::Key, steps);
    }

    pub(super) fn on_key(&mut self, done: &[Completion]) {
        if let Some(failed) = done
            .iter()
            .find(|it| !matches!(it, Completion::Exited { code: Some(0), .. }))
        {
            return self.trouble(&Trouble::of(failed));
        }
        let mut names: Vec<String> = self
            .wanted
            .iter()
            .flat_map(|it| secret_names(&it.spec))
            .collect();
        if self.request().command == Command::Rollback {
            let good = &self.memory().ledger.state().known_good;
            names.extend(good.iter().flat_map(|it| secret_names(&it.release.spec)));
        }
        names.sort_unstable();
        names.dedup();
        self.effect(
            Tag::Fingerprint,
            Effect::Fingerprint {
                names,
                key: KEY.to_owned(),
            },
        );
    }

    pub(super) fn on_fingerprint(&mut self, done: &[Completion]) {
        match done.first() {
            Some(Completion::Fingerprinted { values }) => self.fingerprints = values.clone(),
            Some(failed) => return self.trouble(&Trouble::of(failed)),
            None => {}
        }
        if self.request().command == Command::Rollback {
            return self.choose_good();
        }
        let missing = unset(&self.fingerprints);
        if missing.is_empty() {
            return self.decide();
        }
        let because = missing
            .iter()
            .map(|name| format!("the secret {name} is not set"))
            .collect();
        let next = vec!["set it in the `env:` of the step, from the platform's secrets".to_owned()];
        self.finish(Outcome::Invalid, "secret-missing", because, next);
    }

    pub(super) fn hash(&self, spec: &Spec) -> String {
        let names = secret_names(spec);
        let prints = names
            .iter()
            .filter_map(|name| Some((name.clone(), self.fingerprints.get(name)?.clone()?)));
        config_hash(spec, &prints.collect())
    }
}

/// Names of the secrets that a specification needs.
pub(super) fn secret_names(spec: &Spec) -> Vec<String> {
    spec.secrets.keys().cloned().collect()
}

/// Secrets that are not set.
pub(super) fn unset(fingerprints: &BTreeMap<String, Option<String>>) -> Vec<String> {
    fingerprints
        .iter()
        .filter(|(_, print)| print.is_none())
        .map(|(name, _)| name.clone())
        .collect()
}
