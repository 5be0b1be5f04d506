//! What runs, and how.

use std::collections::BTreeMap;

use super::super::raw::{self, At};
use super::super::scalar::{cpus, memory};
use super::super::tree::NodeId;
use super::super::{RunTemplate, name};
use super::{Read, Reader, Reported, Wrong, code, one_line, quoted, without_nul};
use crate::spec::SecretUse;

/// `run` without its port: whether it has one is known only of an environment.
pub(super) struct Portless(RunTemplate);

impl Portless {
    pub(super) fn with_port(self, port: Option<u16>) -> RunTemplate {
        RunTemplate { port, ..self.0 }
    }
}

impl Reader<'_> {
    pub(super) fn run(&mut self, at: Option<&At<raw::Run>>) -> Read<Portless> {
        let unsaid = raw::Run::default();
        let raw = self.map(at)?.unwrap_or(&unsaid);
        let env = self.templates(raw.env.as_ref(), name::env_name, without_nul);
        let secrets = self.secrets(raw.secrets.as_ref());
        let replicas = self.given(raw.replicas.as_ref());
        let command = self.items(raw.command.as_ref(), |reader, _, at| {
            reader.template(at, without_nul)
        });
        let user = self.optional(raw.user.as_ref(), name::user);
        let memory = self.optional(raw.memory.as_ref(), memory);
        let cpus = self.optional(raw.cpus.as_ref(), cpus);
        let volumes = self.items(raw.volumes.as_ref(), |reader, _, at| {
            reader.parse(at, name::volume)
        });
        let labels = self.templates(raw.labels.as_ref(), name::label, one_line);
        let networks = self.items(raw.networks.as_ref(), |reader, _, at| {
            reader.parse(at, name::network)
        });
        let read_only = self.given(raw.read_only.as_ref());
        self.refuse_conflicts(raw);
        Ok(Portless(RunTemplate {
            port: None,
            env: env?,
            secrets: secrets?,
            replicas: replicas?.unwrap_or(1),
            command: command?,
            user: user?,
            memory: memory?,
            cpus: cpus?,
            volumes: volumes?.unwrap_or_default(),
            labels: labels?,
            networks: networks?.unwrap_or_default(),
            read_only: read_only?.unwrap_or(false),
        }))
    }

    /// By the variable that holds the value: one variable, one use.
    fn secrets(
        &mut self,
        at: Option<&At<BTreeMap<String, At<raw::Secret>>>>,
    ) -> Read<BTreeMap<String, SecretUse>> {
        let mut secrets = BTreeMap::new();
        let mut complete = Ok(());
        for (name, at) in self.map(at)?.into_iter().flatten() {
            match self.secret(name, at) {
                Ok((variable, _)) if secrets.contains_key(&variable) => {
                    let problem =
                        format!("two secrets take their value from {}", quoted(&variable));
                    let mistake = Wrong::new(code::CONFLICT, problem)
                        .help("give one of them a variable of its own, a file with `from`");
                    complete = Err(self.report_key(at.node, mistake));
                }
                Ok((variable, usage)) => {
                    secrets.insert(variable, usage);
                }
                Err(reported) => complete = Err(reported),
            }
        }
        complete.map(|()| secrets)
    }

    fn secret(&mut self, key: &str, at: &At<raw::Secret>) -> Read<(String, SecretUse)> {
        match at.value.as_ref().ok_or(Reported)? {
            raw::Secret::Word(raw::SecretWord::Env) => self
                .key(at.node, key, name::secret_variable)
                .map(|name| (name, SecretUse::Env)),
            raw::Secret::File(raw::SecretFile { file, from }) => {
                let default = self.key(at.node, key, name::secret_file_variable);
                let from = self.optional_hidden(from.as_ref(), name::variable);
                let path = self.optional(file.as_ref(), name::secret_path);
                Ok((
                    from?.map_or(default, Ok)?,
                    SecretUse::File(path?.ok_or(Reported)?),
                ))
            }
        }
    }

    /// Settings that are right alone, but not together.
    fn refuse_conflicts(&mut self, raw: &raw::Run) {
        self.refuse_double_variables(raw);
        let files = secret_files(raw);
        let mounts = self.mount_points(raw);
        let read_only = raw.read_only.as_ref().and_then(|at| at.value) == Some(true);
        for (index, (node, file)) in files.iter().enumerate() {
            let path = &self.document.spot(*file).written;
            let inside = |outer: &str| {
                path.strip_prefix(outer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let first = files
                .iter()
                .take(index)
                .any(|(_, other)| self.document.spot(*other).written == *path);
            let volume = mounts
                .iter()
                .find(|(_, mount)| inside(mount))
                .map(|(_, mount)| mount.clone());
            if first {
                self.report(
                    *file,
                    Wrong::new(code::CONFLICT, "two secrets have the same file")
                        .help("give one of them another path"),
                );
            }
            if let Some(volume) = volume {
                let mistake = Wrong::new(
                    code::CONFLICT,
                    format!("this file lies inside the volume at {}", quoted(&volume)),
                );
                self.report(*file, mistake.help("choose a path outside of all volumes: a secret must not outlive its container"));
            }
            if read_only {
                let mistake = Wrong::new(
                    code::CONFLICT,
                    "a file cannot be put into a read-only root file system",
                );
                self.report_key(*node, mistake.help("hand this secret over as an environment variable (`NAME: env`), or leave `read-only` out"));
            }
        }
    }

    fn refuse_double_variables(&mut self, raw: &raw::Run) {
        let variables = entries(raw.env.as_ref());
        let secrets = entries(raw.secrets.as_ref())
            .filter(|(_, at)| matches!(at.value, Some(raw::Secret::Word(_))));
        let names: Vec<&String> = secrets.map(|(name, _)| name).collect();
        for (name, at) in variables.filter(|(name, _)| names.contains(name)) {
            let mistake = Wrong::new(code::CONFLICT, format!("{} is a secret too", quoted(name)));
            self.report_key(
                at.node,
                mistake.help("keep it in `env` or in `secrets`, not in both"),
            );
        }
    }

    /// Where volumes are mounted; two at one place are refused.
    fn mount_points(&mut self, raw: &raw::Run) -> Vec<(NodeId, String)> {
        let mut mounts: Vec<(NodeId, String)> = Vec::new();
        for at in raw
            .volumes
            .as_ref()
            .and_then(|at| at.value.as_ref())
            .into_iter()
            .flatten()
        {
            let Ok(volume) = name::volume(&self.document.spot(at.node).written) else {
                continue;
            };
            let mount = name::mount_point(&volume).to_owned();
            if mounts.iter().any(|(_, other)| *other == mount) {
                self.report(
                    at.node,
                    Wrong::new(code::CONFLICT, "two volumes are mounted at the same path")
                        .found(quoted(&mount)),
                );
            }
            mounts.push((at.node, mount));
        }
        mounts
    }
}

/// The secrets that become files: the whole entry, and its path.
fn secret_files(raw: &raw::Run) -> Vec<(NodeId, NodeId)> {
    let file = |at: &At<raw::Secret>| match at.value.as_ref()? {
        raw::Secret::File(raw::SecretFile {
            file: Some(file), ..
        }) if file.value.is_some() => Some((at.node, file.node)),
        raw::Secret::File(_) | raw::Secret::Word(_) => None,
    };
    entries(raw.secrets.as_ref())
        .filter_map(|(_, at)| file(at))
        .collect()
}

fn entries<T>(at: Option<&At<BTreeMap<String, At<T>>>>) -> impl Iterator<Item = (&String, &At<T>)> {
    at.and_then(|at| at.value.as_ref()).into_iter().flatten()
}
