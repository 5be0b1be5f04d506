//! Command lines: every process that is ever started for docker is put together here.

use std::collections::BTreeMap;

use crate::protocol::{Content, Effect, Run, Stdin, TarFile};
use crate::spec::{Release, SecretUse};

/// Milliseconds that a quick command of the engine may take before nobody knows what came of it.
pub(super) const QUICK: u64 = 20_000;

/// Milliseconds that a pull may take.
pub(super) const PULL: u64 = 600_000;

/// Bytes of output that are kept.
const OUTPUT: u32 = 1 << 20;

/// What the engine's command line may need from the run's environment: how to reach it, and nothing else.
const INHERIT: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_API_VERSION",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    // By this a runner finds, and ends, what a killed run has left.
    "RUNNER_TRACKING_ID",
];

/// The same for podman: whose containers these are, where they are kept, and how they are run.
///
/// Not what a runner finds leftovers by: podman has no engine, so what watches over a container is a child of the command that
/// started it, and a runner would end production with its job.
const PODMAN_INHERIT: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "REGISTRY_AUTH_FILE",
];

/// Whose command line an engine has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// Docker's.
    #[default]
    Docker,
    /// Podman's.
    Podman,
}

impl Program {
    /// What is typed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// How the engine is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    /// Its command line.
    pub program: Program,
    /// `DOCKER_HOST` in place of the run's own; `None`: the engine at hand.
    pub host: Option<String>,
}

impl Engine {
    /// A docker engine; `None`: the one at hand.
    #[must_use]
    pub const fn docker(host: Option<String>) -> Self {
        Self {
            program: Program::Docker,
            host,
        }
    }

    /// The podman at hand.
    #[must_use]
    pub const fn podman() -> Self {
        Self {
            program: Program::Podman,
            host: None,
        }
    }

    /// A command of the engine's.
    pub(super) fn run(&self, args: Vec<String>) -> Run {
        let mut argv = vec![self.program.word().to_owned()];
        argv.extend(args);
        let mut env = BTreeMap::new();
        if let Some(host) = &self.host {
            env.insert(
                "DOCKER_HOST".to_owned(),
                Content::Text { text: host.clone() },
            );
        }
        let inherited = match self.program {
            Program::Docker => INHERIT,
            Program::Podman => PODMAN_INHERIT,
        };
        let own = |name: &&&str| {
            self.host.is_none() || (**name != "DOCKER_HOST" && **name != "DOCKER_CONTEXT")
        };
        Run {
            argv,
            env,
            inherit: inherited
                .iter()
                .filter(own)
                .map(|name| (*name).to_owned())
                .collect(),
            timeout: QUICK,
            output_limit: OUTPUT,
            ..Run::default()
        }
    }

    /// The same, from words.
    pub(super) fn words(&self, args: &[&str]) -> Run {
        self.run(args.iter().map(|arg| (*arg).to_owned()).collect())
    }

    /// A script inside a running container, as root.
    pub(super) fn inside(&self, container: &str, script: String, timeout: u64) -> Effect {
        let mut run = self.words(&["exec", "-i", "-u", "0", container, "sh", "-s"]);
        run.stdin = Some(Stdin::Text { text: script });
        run.timeout = timeout;
        Effect::Run(run)
    }
}

/// Everything that `docker create`, or `docker run`, needs to know of an instance besides its release.
pub(super) struct Creating<'a> {
    pub(super) name: &'a str,
    pub(super) network: &'a str,
    pub(super) ip: &'a str,
    pub(super) labels: Vec<(String, String)>,
    pub(super) grace: u64,
    /// Started by the same command.
    pub(super) started: bool,
}

/// The restart policy of what is to serve: not `unless-stopped`, which an engine that was killed leaves down.
pub(super) const ALWAYS: &str = "always";

/// `docker create` or `docker run` of an instance. Secrets are named, and reach the engine through the command's own environment.
pub(super) fn create(engine: &Engine, release: &Release, creating: &Creating<'_>) -> Run {
    let spec = &release.spec;
    let mut args: Vec<String> = Vec::new();
    let mut say = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
    say(if creating.started {
        &["run", "--detach"]
    } else {
        &["create"]
    });
    say(&["--name", creating.name]);
    say(&["--pull", "never", "--restart", ALWAYS]);
    say(&["--network", creating.network, "--ip", creating.ip]);
    say(&["--stop-timeout", &creating.grace.div_ceil(1000).to_string()]);
    for (key, value) in creating
        .labels
        .iter()
        .chain(&spec.labels.clone().into_iter().collect::<Vec<_>>())
    {
        say(&["--label", &format!("{key}={value}")]);
    }
    for (key, value) in &spec.env {
        say(&["--env", &format!("{key}={value}")]);
    }
    for (name, usage) in &spec.secrets {
        if *usage == SecretUse::Env {
            say(&["--env", name]);
        }
    }
    if let Some(user) = &spec.user {
        say(&["--user", user]);
    }
    if let Some(memory) = spec.memory {
        say(&["--memory", &memory.to_string()]);
    }
    if let Some(cpus) = spec.cpus {
        say(&["--cpus", &format!("{}.{:03}", cpus / 1000, cpus % 1000)]);
    }
    for volume in &spec.volumes {
        say(&["--volume", volume]);
    }
    if spec.read_only {
        say(&["--read-only"]);
    }
    say(&["--", &release.reference()]);
    args.extend(spec.command.iter().flatten().cloned());
    let mut run = engine.run(args);
    for (name, usage) in &spec.secrets {
        if *usage == SecretUse::Env {
            run.env
                .insert(name.clone(), Content::Secret { name: name.clone() });
        }
    }
    run
}

/// Secrets that are files: copied in before the start, from the command's input. `None`: there are none.
pub(super) fn copy_secrets(engine: &Engine, release: &Release, name: &str) -> Option<Run> {
    let files: Vec<TarFile> = release
        .spec
        .secrets
        .iter()
        .filter_map(|(secret, usage)| match usage {
            SecretUse::Env => None,
            SecretUse::File(path) => Some(TarFile {
                path: path.trim_start_matches('/').to_owned(),
                mode: 0o444,
                uid: 0,
                gid: 0,
                content: Content::Secret {
                    name: secret.clone(),
                },
            }),
        })
        .collect();
    if files.is_empty() {
        return None;
    }
    let mut run = engine.words(&["cp", "-", &format!("{name}:/")]);
    run.stdin = Some(Stdin::Tar { files });
    Some(run)
}
