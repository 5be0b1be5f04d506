//! Secrets: known by name and fingerprint, never by value.

use std::collections::BTreeMap;

use super::measuring::secrets_of;
use super::request::Command;
use super::{Session, Tag};
use crate::config::{Config, Environment, Target, config_hash};
use crate::gate;
use crate::ledger::State;
use crate::protocol::{Completion, Effect, Emit, Outcome};
use crate::spec::{Release, Spec};
use crate::target::docker::Trouble;

/// The name that the shell keeps the key under with which secrets are fingerprinted.
const KEY: &str = "fingerprint-key";

impl Session {
    /// The shell is told what to keep out of everything, before anything is asked of the engine.
    pub(super) fn mask_config(&mut self, environment: &Environment) {
        let names = self.config.as_ref().map(|it| secrets_in(it, environment));
        self.mask(names.unwrap_or_default());
    }

    /// The same for a release, which needs those of registries and indexes alone.
    pub(super) fn mask_registry(&mut self) {
        let logins = self.config.as_ref().map(super::deriving::logins);
        let names = logins.unwrap_or_default().into_iter();
        let packages = self.config.iter().flat_map(|config| &config.packages);
        let packages =
            packages.filter_map(|package| Some(package.login.as_ref()?.secret().to_owned()));
        let forge = self.forge_token();
        let names = names.map(|it| it.password).chain(packages).chain(forge);
        self.mask(names.collect());
    }

    /// The same for what is deployed: a configuration of today may name other secrets.
    pub(super) fn mask_releases(&mut self, state: &State) {
        let good = state.known_good.iter().map(|it| &it.release);
        let stands = state.stands.iter().filter_map(|it| it.release.as_ref());
        let releases = good.chain(state.open.iter().map(|it| &it.release));
        let releases = releases.chain(stands);
        let releases: Vec<Release> = releases.cloned().collect();
        releases.iter().for_each(|it| self.publish(it));
        let names = releases.iter().flat_map(|it| secret_names(&it.spec));
        self.mask(names.collect());
    }

    /// What a release is called is no secret, whatever a secret's value is.
    pub(super) fn publish(&mut self, release: &Release) {
        let revision = release.revision.iter().cloned();
        let texts = [&release.version, &release.image, &release.digest]
            .into_iter()
            .cloned();
        let texts = texts.chain(revision).collect();
        self.emit(Emit::Public { texts });
    }

    fn mask(&mut self, mut names: Vec<String>) {
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .for_each(|name| self.emit(Emit::Mask { name }));
    }

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
        let mut names = self.needed_secrets();
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
        self.secrets_missing(&missing)
    }

    /// What has to be set before anything begins: what the instances get, what a canary's metrics are asked with, and what hooks get.
    pub(super) fn needed_secrets(&self) -> Vec<String> {
        let own = self.wanted.iter().flat_map(|it| secret_names(&it.spec));
        let brings = matches!(self.request().command, Command::Deploy | Command::Promote);
        let metrics = self.metric_secrets().into_iter().filter(|_| brings);
        let hooks = self.environment().hooks.iter().filter(|_| brings);
        let hooks = hooks.flat_map(|hook| hook.terms.secrets.iter().cloned());
        own.chain(metrics).chain(hooks).collect()
    }

    pub(super) fn secrets_missing(&mut self, missing: &[String]) {
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

/// Names of everything secret that a run in an environment may use: of instances, the way to the engine, registries, metrics, hooks, gates.
fn secrets_in(config: &Config, environment: &Environment) -> Vec<String> {
    let (known_hosts, key) = match &environment.target {
        Target::Docker {
            known_hosts, key, ..
        } => (known_hosts.clone(), key.clone()),
        Target::Podman => (None, None),
    };
    let mirrors = config.mirrors.iter().filter_map(|it| it.registry.as_ref());
    let registries = config.registry.iter().chain(mirrors);
    let hooks = environment.hooks.iter().flat_map(|it| &it.terms.secrets);
    let gates = environment.gates.iter().flat_map(gate::flat);
    let gates = gates.flat_map(|it| it.kind.secrets());
    let names = environment.run.secrets.keys().cloned();
    names
        .chain(known_hosts)
        .chain(key)
        .chain(registries.map(|it| it.password.clone()))
        .chain(secrets_of(environment.queries()))
        .chain(hooks.cloned())
        .chain(gates.cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_secret_that_an_environment_names_is_kept_out_from_the_start() {
        let text = r"service: tasks
image: registry.example/acme/tasks
registry: { user: USER, password: REGISTRY_PASSWORD }
mirrors: [{ image: mirror.example/acme/tasks, registry: { user: USER, password: MIRROR_PASSWORD } }]
run: { port: 8000, secrets: { DATABASE_URL: env } }
environments:
  staging:
    target: { docker: { host: ssh://a@b, known-hosts: HOSTS, key: KEY } }
    strategy: { canary: { analysis: { metrics: { queue: { url: https://p.example, query: up, max: 1, token: METRICS } } } } }
    hooks: { before-start: [{ command: [migrate], secrets: [MIGRATION] }] }
    gates: [{ any: [{ name: a, command: [ask], secrets: [ASKING] }, { name: b, command: [ask] }] }]
";
        let config = crate::config::parse("cd.yml", text, None).expect("it has no mistakes");
        let mut names = secrets_in(&config, &config.environments["staging"]);
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "ASKING",
                "DATABASE_URL",
                "HOSTS",
                "KEY",
                "METRICS",
                "MIGRATION",
                "MIRROR_PASSWORD",
                "REGISTRY_PASSWORD"
            ]
        );
    }
}
