//! What the user wants: from the text of a file to a typed configuration, or to all mistakes in it at once.
//!
//! The way of a text: `tree` (YAML with places) → `check` (against `schema.json`, which is generated from `raw`) →
//! `merge` (what environments inherit) → `raw` (one type a map) → `typed` (parsed, so that nothing after it can be
//! wrong). Each step tells everything it finds and hands the rest on. `resolve` makes a [`Spec`](crate::spec::Spec) of it.

use std::collections::BTreeMap;
use std::fmt;

mod check;
mod credentials;
mod error;
mod merge;
mod name;
mod raw;
mod resolve;
mod scalar;
mod shape;
mod strategy;
mod suggest;
mod template;
#[cfg(test)]
mod tests;
mod tree;
mod typed;

pub use credentials::Credentials;
pub use error::{ConfigError, ConfigErrors, Origin, Place};
#[cfg(feature = "generate")]
pub use raw::generate::schema;
pub use resolve::config_hash;
pub use strategy::{Canary, CanaryStep, Query, Rolling, Strategy};
pub(crate) use suggest::did_you_mean;
pub use template::Template;
pub(crate) use typed::router_image_in_full;

use crate::gate::Gate;
use crate::gate::command::Terms;
use crate::rollout::{HookPlace, Retry};
use crate::spec::SecretUse;

/// A service, and where it runs. What is in it has been parsed: it needs no second look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// A small letter, then at most 39 small letters, digits and hyphens.
    pub service: String,
    /// `registry/repository`; `None`: the forge's own registry, and the repository's name there.
    pub image: Option<String>,
    /// How to log in to the image's registry; `None`: not at all.
    pub registry: Option<RegistryAuth>,
    /// Where else a release is published; none of them twice, none of them `image`.
    pub mirrors: Vec<Mirror>,
    /// The rules of tags, without mistakes; `None`: the usual ones.
    pub tags: Option<String>,
    /// How a release is built; `None`: not by us.
    pub build: Option<Build>,
    /// What a release publishes besides the image, in the order of names.
    pub packages: Vec<Package>,
    /// A git tag and a release of the forge; `None`: none.
    pub release: Option<ForgeRelease>,
    /// What stands in front of the instances.
    pub router: RouterConfig,
    /// At least one, by name.
    pub environments: BTreeMap<String, Environment>,
}

/// Another repository for the same image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// `registry/repository`.
    pub image: String,
    /// How to log in there; `None`: not at all.
    pub registry: Option<RegistryAuth>,
}

/// Names of the environment variables with which to log in to a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryAuth {
    /// Holds the user's name.
    pub user: String,
    /// Holds the password or token.
    pub password: String,
}

/// How a release is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// With `docker build`.
    Docker(DockerBuild),
    /// With `podman build`.
    Podman(DockerBuild),
    /// By a session of the project's noxfile.
    Nox(NoxBuild),
}

/// A git tag, and a release of the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeRelease {
    /// The environment variable that holds a token; `None`: the platform's own.
    pub token: Option<String>,
}

/// A package of Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What the configuration calls it.
    pub name: String,
    /// The session that builds it; it cannot be taken for an option.
    pub build: String,
    /// A path inside the working tree; empty: the working tree itself.
    pub folder: String,
    /// The index that is asked, without a slash at its end.
    pub index: String,
    /// Who publishes it.
    pub publisher: Publisher,
    /// With what files are sent; `None`: by trusted publishing, or by nobody's leave.
    pub login: Option<Credentials>,
}

/// Who publishes a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// A session of the noxfile.
    Session {
        /// Its name.
        name: String,
        /// Where it is told to send files; `None`: it knows.
        upload: Option<String>,
    },
    /// `uv publish`.
    Uv {
        /// Where files are sent.
        upload: String,
    },
}

/// A session that makes the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoxBuild {
    /// Its name; it cannot be taken for an option.
    pub session: String,
    /// What it calls the image, `name[:tag]`; `None`: what it is told to.
    pub produces: Option<String>,
}

/// What `docker build` or `podman build` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerBuild {
    /// A path inside the working tree; empty: the working tree itself.
    pub context: String,
    /// The Dockerfile, a path inside the context.
    pub file: String,
    /// Build arguments, placeholders not filled in.
    pub args: BTreeMap<String, Template>,
}

/// What stands in front of the instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterConfig {
    /// `name[:tag][@digest]`.
    pub image: String,
    /// Whether the service is told who asked, with `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub forwarded: bool,
}

/// One place where the service runs. All times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// By the same rule as a service's name.
    pub name: String,
    /// Who pushes the button.
    pub mode: Mode,
    /// The engine that runs it.
    pub target: Target,
    /// Where users reach it on the target; `None`: nobody reaches a worker.
    pub listen: Option<Listen>,
    /// Where users reach it from outside.
    pub url: Option<String>,
    /// How the new version takes the old one's place.
    pub strategy: Strategy,
    /// How long the new version is watched.
    pub bake: Bake,
    /// Time that old instances have to end what they have begun: requests, and of a worker its jobs; may be 0.
    pub drain: u64,
    /// Time after which another run may take over from a dead one; at least 1,000.
    pub lease: u64,
    /// What must hold before anything is touched; all of them.
    pub gates: Vec<Gate>,
    /// What is run on the way, in this order.
    pub hooks: Vec<Hook>,
    /// Whether the platform is told of deployments.
    pub deployments: bool,
    /// What runs, overrides applied.
    pub run: RunTemplate,
    /// Whether it is well, overrides applied.
    pub health: HealthTemplate,
    /// What a person may override here; each once.
    pub overrides: Vec<Override>,
}

/// A rule that a person may set aside, with a reason that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// What failed here before is not deployed again.
    Quarantine,
    /// While the stop button is set nothing is deployed.
    Stop,
    /// A hook of which nobody knows how far it got is not begun again.
    Hook,
    /// Nothing is gone back to across a point of no return.
    NoReturn,
}

/// What of the user's own is run on the way of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// By which it is told apart from the others of its environment.
    pub name: String,
    /// When it is run.
    pub place: HookPlace,
    /// What is run.
    pub runs: Runs,
    /// How it is run.
    pub terms: Terms,
    /// A point of no return.
    pub irreversible: bool,
    /// Whether it may be begun again once nobody knows how far it got.
    pub retry: Retry,
}

/// What a hook runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The program and its arguments; never empty.
    Command(Vec<Template>),
    /// A session of the noxfile.
    Session(String),
}

/// Who pushes the button to this environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A person.
    Delivery,
    /// Nobody: passing the gates is enough.
    Deployment,
}

/// The engine that runs a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A docker engine.
    Docker {
        /// `None`: the engine at hand.
        host: Option<DockerHost>,
        /// The environment variable with the host's keys; only with an ssh host.
        known_hosts: Option<String>,
        /// The environment variable with the private key; only with an ssh host.
        key: Option<String>,
    },
    /// The podman at hand, of the user who runs the step.
    Podman,
}

/// Where a docker engine is. [`Display`](fmt::Display) writes what `DOCKER_HOST` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerHost {
    /// Behind ssh.
    Ssh(SshHost),
    /// At this absolute path of a socket.
    Unix(String),
}

/// A host behind ssh; none of its parts can be taken for an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshHost {
    /// `None`: whom ssh takes.
    pub user: Option<String>,
    /// A name, an IPv4 address or an IPv6 address without brackets.
    pub host: String,
    /// `None`: what ssh takes, mostly 22.
    pub port: Option<u16>,
    /// The absolute path of the engine's socket there; `None`: where engines have it.
    pub socket: Option<String>,
}

/// Where a router listens. [`Display`](fmt::Display) writes `ip:port`, an IPv6 address in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// An IP address, an IPv6 one without brackets.
    pub address: String,
    /// Never 0.
    pub port: u16,
}

/// How long the new version is watched, and what it may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bake {
    /// Milliseconds; may be 0.
    pub r#for: u64,
    /// The share of requests that may go wrong.
    pub errors: Permille,
}

/// Thousandths, from 0 to 1,000.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Permille(pub u16);

/// `run`, placeholders not filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTemplate {
    /// The port that the service listens on, inside; never 0. `None`: it is a worker, which nobody asks.
    pub port: Option<u16>,
    /// Environment variables.
    pub env: BTreeMap<String, Template>,
    /// Secrets, by the environment variable of the step that holds the value.
    pub secrets: BTreeMap<String, SecretUse>,
    /// How many instances, at least 1.
    pub replicas: u8,
    /// Arguments in place of the image's own command; never empty.
    pub command: Option<Vec<Template>>,
    /// `user[:group]`.
    pub user: Option<String>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Thousandths of a processor.
    pub cpus: Option<u32>,
    /// `volume-or-absolute-path:absolute-path[:ro]`.
    pub volumes: Vec<String>,
    /// Labels, none of them ours.
    pub labels: BTreeMap<String, Template>,
    /// Networks to join besides the service's own.
    pub networks: Vec<String>,
    /// Whether the root file system is read-only; never together with secrets in files.
    pub read_only: bool,
}

/// `health`, placeholders not filled in. All times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthTemplate {
    /// What is asked; `None`: whatever suits the image.
    pub probe: Option<ProbeTemplate>,
    /// Between two probes, at least 100.
    pub every: u64,
    /// For one probe, at least 100.
    pub timeout: u64,
    /// Good ones in a row, at least 1, and as many as `runs` takes.
    pub successes: u32,
    /// Bad ones in a row, at least 1.
    pub failures: u32,
    /// From the start until proven; at least `successes` times `every`.
    pub deadline: u64,
}

/// What is asked of an instance, placeholders not filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeTemplate {
    /// A GET through the router.
    Http {
        /// Begins with `/`.
        path: String,
        /// Lowest and highest status that is good, inclusive.
        status: (u16, u16),
        /// Members of the answer, by dotted names.
        json: BTreeMap<String, JsonTemplate>,
    },
    /// A connection.
    Tcp,
    /// A command inside the instance; never empty.
    Exec(Vec<Template>),
    /// The image's own HEALTHCHECK; with the place that asks for it.
    Image(Origin),
    /// Nothing: of a worker, that it runs on for so many milliseconds, without an exit or a restart.
    Runs(u64),
}

/// A value that a JSON answer is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonTemplate {
    /// A number or a truth value, as JSON text.
    Literal(String),
    /// A text.
    Text(Template),
}

/// What is known about a release when its placeholders are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its name for people.
    pub version: String,
    /// The commit it was built from, 40 digits, where the image says so.
    pub sha: Option<String>,
    /// `sha256:…`.
    pub digest: String,
    /// The environment's name.
    pub environment: String,
}

/// Reads a configuration.
///
/// `file` is only for messages. `repository` is the forge's `owner/name`, whose name is the service's where the file
/// gives none.
///
/// # Errors
///
/// Every mistake of the text, each with its place.
pub fn parse(file: &str, text: &str, repository: Option<&str>) -> Result<Config, ConfigErrors> {
    let (document, mut mistakes) = tree::read(file, text);
    let config = document.and_then(|document| read(&document, repository, &mut mistakes));
    match ConfigErrors::new(mistakes) {
        Some(errors) => Err(errors),
        None => Ok(config.expect("what cannot be read has been reported")),
    }
}

fn read(
    document: &tree::Document,
    repository: Option<&str>,
    mistakes: &mut Vec<ConfigError>,
) -> Option<Config> {
    let schema = shape::Schema::load();
    let mut refused = check::Refused::default();
    mistakes.extend(check::check(
        document,
        &schema,
        &document.root,
        schema.root(),
        &mut refused,
    ));
    let root = merge::spread(&document.root);
    for (_, environment) in root
        .get("environments")
        .map(tree::Node::entries)
        .unwrap_or_default()
    {
        for (key, name) in merge::OVERRIDABLE {
            let inherited = environment.get(key).into_iter();
            inherited.for_each(|node| {
                mistakes.extend(check::check(
                    document,
                    &schema,
                    node,
                    schema.of(name),
                    &mut refused,
                ))
            });
        }
    }
    let file: raw::At<raw::Config> = serde_json::from_value(refused.readable(document, &root))
        .expect("what the schema lets pass the types of `raw` can read");
    typed::config(document, &file, repository, mistakes)
}

impl Environment {
    /// The environments whose proof a gate of this one waits for.
    pub(crate) fn afters(&self) -> impl Iterator<Item = &str> {
        let gates = self.gates.iter().flat_map(crate::gate::flat);
        gates.filter_map(|gate| match &gate.kind {
            crate::gate::Kind::After(after) => Some(after.environment.as_str()),
            _ => None,
        })
    }
}

impl Override {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Quarantine, Self::Stop, Self::Hook, Self::NoReturn];

    /// What the input `override` and the configuration call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Stop => crate::stop::NAME,
            Self::Hook => "hook",
            Self::NoReturn => "no-return",
        }
    }
}

impl fmt::Display for DockerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh(host) => write!(f, "ssh://{host}"),
            Self::Unix(path) => write!(f, "unix://{path}"),
        }
    }
}

impl fmt::Display for SshHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        bracketed(&self.host, f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(self.socket.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bracketed(&self.address, f)?;
        write!(f, ":{}", self.port)
    }
}

/// An IPv6 address in brackets, anything else as it is.
fn bracketed(host: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if host.contains(':') {
        write!(f, "[{host}]")
    } else {
        f.write_str(host)
    }
}
