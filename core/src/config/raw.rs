//! The file, as it is written: one type a map, one field a key. What the fields say is what users read.
//!
//! `schema.json` is generated from these types (`cargo xtask generate`), the checker refuses by it, and only what it has
//! let pass is read into them. So nothing here is required and nothing fails: a value that was refused is `None` in its
//! [`At`], and a mistake has been reported for it.
//!
//! To add a key: a field with its doc comment, `cargo xtask generate`, then read it in `typed/`, and describe it in
//! `docs/configuration.md`. A key that is to come is an `Option<At<Later>>` with `x-not-yet`: what to do instead.

use std::collections::BTreeMap;

#[cfg(feature = "generate")]
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::tree::NodeId;
pub(super) use strategy::{
    Analysis, Canary, CanaryStep, ErrorAnalysis, LatencyAnalysis, MetricAnalysis, Rolling,
    Strategy, StrategyMap, StrategyWord,
};

pub(super) mod gates;
#[cfg(feature = "generate")]
pub(super) mod generate;
pub(super) mod hooks;
pub(super) mod strategy;

/// A value, and where it stands.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct At<T> {
    pub(super) node: NodeId,
    /// `None`: refused, and reported.
    pub(super) value: Option<T>,
}

/// The configuration of cd-action: one service, and where it runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema), schemars(title = "cd.yml"))]
pub(super) struct Config {
    /// The service's name: a small letter, then at most 39 small letters, digits and hyphens. Default: the repository's
    /// name, in such letters.
    #[cfg_attr(feature = "generate", schemars(extend("pattern" = "^[a-z][a-z0-9-]{0,39}$")))]
    pub(super) service: Option<At<String>>,
    /// The image's name: `registry/repository`, without tag and digest. Default: the forge's own registry, and the
    /// repository's name there.
    pub(super) image: Option<At<String>>,
    /// How to log in to the image's registry. Default: not at all.
    pub(super) registry: Option<At<Registry>>,
    /// Where else a release is published, besides `image`.
    pub(super) mirrors: Option<At<Vec<At<Mirror>>>>,
    /// How a release is tagged: rules such as `type=sha,format=long`, one a line, in the syntax of docker/metadata-action.
    /// Default: the commit, the whole version and its major and minor ones where a git tag is one, and the branch.
    pub(super) tags: Option<At<String>>,
    /// How a release is built: exactly one of `docker`, `podman` and `nox`.
    pub(super) build: Option<At<Build>>,
    /// What a release publishes besides the image, by a short name: packages of Python.
    pub(super) packages: Option<At<BTreeMap<String, At<Package>>>>,
    /// A version that is released gets a git tag and a release of the forge, last of all: `release: {}`. Default: it does not.
    pub(super) release: Option<At<Release>>,
    /// What runs, and how.
    pub(super) run: Option<At<Run>>,
    /// How it is found out whether an instance is well.
    pub(super) health: Option<At<Health>>,
    /// What stands in front of the instances.
    pub(super) router: Option<At<Router>>,
    /// Where the service runs, by name: a small letter, then at most 39 small letters, digits and hyphens.
    #[cfg_attr(feature = "generate", schemars(with = "BTreeMap<String, Option<Environment>>", extend("minProperties" = 1)))]
    pub(super) environments: Option<At<BTreeMap<String, At<Environment>>>>,
}

/// How to log in to a registry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Registry {
    /// The name of the environment variable that holds the user's name.
    #[cfg_attr(feature = "generate", schemars(required, extend("writeOnly" = true)))]
    pub(super) user: Option<At<String>>,
    /// The name of the environment variable that holds the password or token.
    #[cfg_attr(feature = "generate", schemars(required, extend("writeOnly" = true)))]
    pub(super) password: Option<At<String>>,
}

/// Another repository for the same image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Mirror {
    /// The image's name there: `registry/repository`, without tag and digest.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(super) image: Option<At<String>>,
    /// How to log in there. Default: not at all.
    pub(super) registry: Option<At<Registry>>,
}

/// How a release is built.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Build {
    /// With `docker build`.
    pub(super) docker: Option<At<DockerBuild>>,
    /// By a session of the project's noxfile: its name.
    pub(super) nox: Option<At<String>>,
    /// What the session calls the image, where it does not take the name that it is told in `CD_IMAGE`.
    pub(super) produces: Option<At<String>>,
    /// With `podman build`.
    pub(super) podman: Option<At<DockerBuild>>,
}

/// What `docker build` or `podman build` is told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct DockerBuild {
    /// The folder that is built, as a path inside the working tree. Default: the working tree itself.
    pub(super) context: Option<At<String>>,
    /// The Dockerfile, as a path inside that folder. Default: `Dockerfile`.
    pub(super) file: Option<At<String>>,
    /// Build arguments, which end in the image's history, so none of them is a secret. In a value `{{version}}` and `{{sha}}`
    /// (40 digits) are filled in.
    pub(super) args: Option<At<BTreeMap<String, At<Scalar>>>>,
}

/// A git tag, and a release of the forge.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Release {
    /// The name of the environment variable that holds a token of the forge. Default: the input `github-token`, on a command
    /// line `GITHUB_TOKEN`.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(super) token: Option<At<String>>,
}

/// A package of Python: sessions of the project's noxfile build it and publish it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Package {
    /// The session that builds it.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(super) build: Option<At<String>>,
    /// The folder that the session builds into, as a path inside the working tree. Default: `dist`.
    pub(super) folder: Option<At<String>>,
    /// The session that publishes what was built. Default: `uv publish` does, to `upload`.
    pub(super) publish: Option<At<String>>,
    /// The index that is asked what it has, as installers ask it: `https://index.example/simple`.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(super) index: Option<At<String>>,
    /// Where files are sent. Needed where no session publishes them.
    pub(super) upload: Option<At<String>>,
    /// The name of the environment variable that holds the token with which files are sent. Default: trusted publishing where
    /// the platform offers it.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(super) token: Option<At<String>>,
    /// In place of a token: the name of the environment variable that holds the user's name.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(super) user: Option<At<String>>,
    /// In place of a token: the name of the environment variable that holds the password.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(super) password: Option<At<String>>,
}

/// What runs, and how.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Run {
    /// The port that the service listens on, inside its container. Without one it is a worker, which nobody asks: `run: {}`.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 65535)))]
    pub(super) port: Option<At<u16>>,
    /// Environment variables. In a value `{{version}}`, `{{sha}}` (40 digits), `{{digest}}` and `{{environment}}` are
    /// filled in; `{{{{` stands for `{{`.
    pub(super) env: Option<At<BTreeMap<String, At<Scalar>>>>,
    /// Secrets: `NAME: env` for an environment variable of that name, `name: { file: /path }` for a file. The values come
    /// from environment variables of the step.
    pub(super) secrets: Option<At<BTreeMap<String, At<Secret>>>>,
    /// How many instances run. Default: 1.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(super) replicas: Option<At<u8>>,
    /// Arguments in place of the image's own command, with placeholders as in `env`.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(super) command: Option<At<Vec<At<Scalar>>>>,
    /// `user` or `user:group`, by name or number, in place of the image's own.
    pub(super) user: Option<At<User>>,
    /// Memory that one instance may use. Default: no limit.
    pub(super) memory: Option<At<Memory>>,
    /// Processors that one instance may use. Default: no limit.
    pub(super) cpus: Option<At<Cpus>>,
    /// What is mounted: `volume:/path` or `/host/path:/path`, with `:ro` behind it to read only.
    pub(super) volumes: Option<At<Vec<At<String>>>>,
    /// Labels of the containers, with placeholders as in `env`; none that begins with `cd-action.`.
    pub(super) labels: Option<At<BTreeMap<String, At<Scalar>>>>,
    /// Networks to join besides the service's own; they exist already.
    pub(super) networks: Option<At<Vec<At<String>>>>,
    /// Whether the root file system is read-only. Default: false.
    pub(super) read_only: Option<At<bool>>,
}

/// How a secret reaches the service.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "generate", derive(JsonSchema), schemars(extend("writeOnly" = true)))]
pub(super) enum Secret {
    /// As an environment variable of the same name.
    Word(SecretWord),
    /// As a file.
    File(SecretFile),
}

/// How a secret reaches the service, in one word.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) enum SecretWord {
    /// As an environment variable of the same name.
    Env,
}

/// A secret in a file, which everybody in the container may read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct SecretFile {
    /// The file's absolute path in the container.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(super) file: Option<At<String>>,
    /// The environment variable of the step that holds the value. Default: the secret's name in capital letters, with
    /// `_` for `-`.
    pub(super) from: Option<At<String>>,
}

/// How it is found out whether an instance is well. At most one of `http`, `tcp`, `exec`, `image` and `runs`; default: the
/// image's HEALTHCHECK, and where it has none, a GET of `/` that is answered with a status below 500, or, of a worker,
/// `runs: 10s`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Health {
    /// Well is who answers a GET, asked through the router.
    pub(super) http: Option<At<Http>>,
    /// Well is who accepts a connection to `run.port`.
    #[cfg_attr(feature = "generate", schemars(extend("const" = true)))]
    pub(super) tcp: Option<At<bool>>,
    /// Well is where this command, run inside the instance, ends with 0. With placeholders as in `run.env`.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(super) exec: Option<At<Vec<At<Scalar>>>>,
    /// Well is what the image's own HEALTHCHECK says.
    #[cfg_attr(feature = "generate", schemars(extend("const" = true)))]
    pub(super) image: Option<At<bool>>,
    /// Well is a worker that runs on for so long, at least 1s, without an exit or a restart: all that is known of one that
    /// cannot be asked. Only without `run.port`.
    pub(super) runs: Option<At<Duration>>,
    /// Time between two probes, at least 100ms; `0s` stands for 100ms. Default: 1s.
    pub(super) every: Option<At<Duration>>,
    /// Time that one probe may take, at least 100ms. Default: 2s.
    pub(super) timeout: Option<At<Duration>>,
    /// Good probes in a row that make a new instance proven. Default: 3.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(super) successes: Option<At<u32>>,
    /// Bad probes in a row that fail an instance that serves; an exit or a restart counts at once. Default: 3.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(super) failures: Option<At<u32>>,
    /// Time from its start until a new instance must be proven. Default: 60s.
    pub(super) deadline: Option<At<Duration>>,
}

/// What is asked, and which answer is good.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Http {
    /// What is asked for; begins with `/`. Default: `/`.
    pub(super) path: Option<At<String>>,
    /// The status that is good, or a span of them. Default: 200.
    pub(super) status: Option<At<Status>>,
    /// Members that the JSON object of the answer must have; a dot goes deeper. With placeholders as in `run.env`.
    pub(super) json: Option<At<BTreeMap<String, At<JsonScalar>>>>,
}

/// What stands in front of the instances and owns the address that users reach.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Router {
    /// The router's image: HAProxy 2.6 or later. Default: `haproxy:3.2-alpine`.
    pub(super) image: Option<At<String>>,
    /// What the router speaks. Default: http.
    pub(super) mode: Option<At<RouterMode>>,
    /// Whether the router tells the service who asked, with `X-Forwarded-For` and `X-Forwarded-Proto`. Default: true.
    pub(super) forwarded: Option<At<bool>>,
}

/// What the router speaks.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) enum RouterMode {
    /// HTTP/1.1, and what is upgraded from it.
    Http,
    /// Any protocol over TCP.
    #[cfg_attr(feature = "generate", schemars(extend("x-not-yet" = "put services that speak HTTP behind the router; others have to wait")))]
    Tcp,
}

/// One place where the service runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Environment {
    /// Who pushes the button: `delivery`, a person; `deployment`, nobody. Default: delivery in an environment named
    /// production, else deployment.
    pub(super) mode: Option<At<Mode>>,
    /// The engine that runs it. Default: the docker at hand.
    pub(super) target: Option<At<Target>>,
    /// Where users reach it on the target: `ip:port`, or a port at 127.0.0.1. Default: `run.port` at 127.0.0.1. Not for a
    /// worker.
    pub(super) listen: Option<At<Listen>>,
    /// Where users reach it from outside, for reports: `http://` or `https://`.
    pub(super) url: Option<At<String>>,
    /// How the new version takes the old one's place. Default: blue-green; of a worker, recreate, beside which it has rolling.
    pub(super) strategy: Option<At<Strategy>>,
    /// How long the new version is watched before it counts as known-good. None after a first deploy.
    pub(super) bake: Option<At<Bake>>,
    /// Time that the old instances have to answer what they have begun; of a worker, from SIGTERM until it is killed.
    /// Default: 30s.
    pub(super) drain: Option<At<Duration>>,
    /// Time after which another run may take over from one that has died, at least 1s. Default: 60s.
    pub(super) lease: Option<At<Duration>>,
    /// What a person may override here, with a reason that is recorded: `quarantine`, `stop`, `hook`, `no-return`. Default: all of it; `[]`: nothing.
    pub(super) overrides: Option<At<Vec<At<Override>>>>,
    /// What must hold before anything is touched: all of these.
    pub(super) gates: Option<At<Vec<At<gates::Gate>>>>,
    /// What is run on the way, with a place for each.
    pub(super) hooks: Option<At<hooks::Hooks>>,
    /// Whether the platform is told of deployments, as objects of its own. Default: false.
    pub(super) deployments: Option<At<bool>>,
    /// Overrides `run` in this environment: maps are merged key by key, everything else is replaced, null removes.
    #[cfg_attr(
        feature = "generate",
        schemars(with = "Option<generate::Override<Run>>")
    )]
    pub(super) run: Option<At<Run>>,
    /// Overrides `health` in this environment: maps are merged key by key, everything else is replaced, null removes.
    #[cfg_attr(
        feature = "generate",
        schemars(with = "Option<generate::Override<Health>>")
    )]
    pub(super) health: Option<At<Health>>,
}

/// A rule that a person may set aside.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) enum Override {
    /// What failed here before is not deployed again.
    Quarantine,
    /// While the stop button is set nothing is deployed.
    Stop,
    /// A hook with `retry: never` of which nobody knows how far it got is not begun again.
    Hook,
    /// Nothing is gone back to across a point of no return.
    NoReturn,
}

/// Who pushes the button.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) enum Mode {
    /// A person does.
    Delivery,
    /// Passing the gates is enough.
    Deployment,
}

/// The engine that runs it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) enum Target {
    /// The engine at hand.
    Word(TargetWord),
    /// An engine somewhere else.
    Map(TargetMap),
}

/// An engine at hand.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) enum TargetWord {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// Docker Swarm.
    #[cfg_attr(feature = "generate", schemars(extend("x-not-yet" = "use one docker engine")))]
    Swarm,
    /// Kubernetes.
    #[cfg_attr(feature = "generate", schemars(extend("x-not-yet" = "use one docker engine")))]
    Kubernetes,
}

/// An engine, and the way to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct TargetMap {
    /// A docker engine.
    pub(super) docker: Option<At<Docker>>,
    /// The podman at hand, of the user who runs the step: `podman: {}`.
    pub(super) podman: Option<At<Podman>>,
    /// A swarm.
    #[cfg_attr(feature = "generate", schemars(extend("x-not-yet" = "use one docker engine")))]
    pub(super) swarm: Option<At<Later>>,
    /// A Kubernetes cluster.
    #[cfg_attr(feature = "generate", schemars(extend("x-not-yet" = "use one docker engine")))]
    pub(super) kubernetes: Option<At<Later>>,
}

/// A podman.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Podman {
    /// A podman on another machine.
    #[cfg_attr(feature = "generate", schemars(extend("x-not-yet" = "run the step on the machine whose podman it is")))]
    pub(super) host: Option<At<Later>>,
}

/// A docker engine, and the way to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Docker {
    /// `ssh://user@host`, `ssh://user@host:port`, either with the path of the engine's socket there behind it (default:
    /// `/var/run/docker.sock`), or `unix:///path`. Default: the engine at hand.
    pub(super) host: Option<At<String>>,
    /// The name of the environment variable that holds the host's keys, in the lines of a known_hosts file. Default: the
    /// known_hosts of the machine that runs the step.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(super) known_hosts: Option<At<String>>,
    /// The name of the environment variable that holds the private key. Default: what ssh finds by itself.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(super) key: Option<At<String>>,
}

/// How long the new version is watched, and what it may do wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(super) struct Bake {
    /// How long. Default: 60s in an environment named production, else 15s.
    pub(super) r#for: Option<At<Duration>>,
    /// The share of requests that may go wrong. Default: 5%.
    pub(super) errors: Option<At<Percent>>,
}

/// Anything: what it will mean is not decided here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later;

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// A scalar with a grammar of its own. Its text is in the tree, as it is written; `typed/` parses it.
macro_rules! written {
    ($(#[doc = $doc:literal])+ $name:ident, $title:literal, $types:tt, $examples:tt) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $name;

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                IgnoredAny::deserialize(deserializer).map(|_| Self)
            }
        }

        #[cfg(feature = "generate")]
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "title": $title, "description": concat!($($doc),+).trim(), "type": $types, "examples": $examples })
            }
        }
    };
}

written!(
    /// A whole number and its unit, at most 24h; `0` needs no unit.
    Duration, "a duration", ["string", "integer"], ["10s", "500ms", "2m", "1h"]
);
written!(
    /// From 0% to 100%, with at most one digit behind the point.
    Percent, "a percentage", ["string", "integer", "number"], ["5%", "0.5%"]
);
written!(
    /// From 0pp to 100pp, with at most one digit behind the point.
    Points, "percentage points", ["string", "integer", "number"], ["1pp", "0.5pp"]
);
written!(
    /// A whole number and `b`, `k`, `m` or `g` (of 1024), at least 6m.
    Memory, "an amount of memory", ["string", "integer", "number"], ["512m", "1g"]
);
written!(
    /// A number, such as `100`, `0.5` or `1e-3`.
    Number, "a number", ["integer", "number", "string"], [100, 0.5]
);
written!(
    /// A number with at most three digits behind the point, at least 0.01.
    Cpus, "a number of processors", ["string", "integer", "number"], [0.5, 2]
);
written!(
    /// `ip:port`, `[ip6]:port`, or a port at 127.0.0.1.
    Listen, "an address", ["string", "integer"], ["127.0.0.1:8000", "[::1]:8000", 8000]
);
written!(
    /// A status (`200`), a span with both ends (`200-399`) or what lies below one (`<500`).
    Status, "an HTTP status", ["string", "integer"], [200, "200-399", "<500"]
);
written!(
    /// `user` or `user:group`, by name or number.
    User, "a user", ["string", "integer"], [1000, "app:app"]
);
written!(
    /// A text; numbers and truth values are taken as they are written.
    Scalar, "a text", ["string", "integer", "number", "boolean"], ["text", "1.10", true]
);
/// A text, a number or a truth value, compared as JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum JsonScalar {
    Bool(bool),
    Number(serde_json::Number),
    /// Its text is in the tree, as it is written.
    Text(IgnoredAny),
}
