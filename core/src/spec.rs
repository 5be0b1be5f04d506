//! What runs: a release, resolved down to the last detail. Plain data; the words of the whole core.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of a service's releases an instance belongs to: grows by one with each deploy of an environment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Generation(pub u32);

/// The fencing token: grows by one whenever another holder takes the lease, and never shrinks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Token(pub u64);

/// One running copy of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId {
    /// The release it runs.
    pub generation: Generation,
    /// From 1 to the number of replicas.
    pub index: u8,
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}", self.0)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.generation, self.index)
    }
}

/// How a secret reaches an instance. The value is known to the shell alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum SecretUse {
    /// As an environment variable of the same name.
    Env,
    /// As a file at this absolute path, readable by everybody in the container, written by nobody.
    File(String),
}

/// The resolved `run` and `health` of a release: everything needed to start it again without the configuration.
///
/// It is what the configuration hash is taken over and what the ledger keeps. It holds no secret, only names of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Spec {
    /// The port that the service listens on, inside; `None`: it is a worker, which nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Environment variables, placeholders filled in.
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, SecretUse>,
    /// How many instances, at least 1.
    pub replicas: u8,
    /// Arguments in place of the image's own command.
    pub command: Option<Vec<String>>,
    /// `user[:group]` in place of the image's own.
    pub user: Option<String>,
    /// Bytes of memory an instance may use.
    pub memory: Option<u64>,
    /// Thousandths of a processor an instance may use.
    pub cpus: Option<u32>,
    /// `volume-or-absolute-path:absolute-path[:ro]`.
    pub volumes: Vec<String>,
    /// Labels of the containers, besides ours.
    pub labels: BTreeMap<String, String>,
    /// Networks to join besides the service's own.
    pub networks: Vec<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// Whether it is well, and how that is found out.
    pub health: Health,
}

/// How health is found out, and how much of it is enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Health {
    /// What is asked.
    pub probe: Probe,
    /// Milliseconds between two probes, at least 100.
    pub every: u64,
    /// Milliseconds one probe may take.
    pub timeout: u64,
    /// Good ones in a row that make a new instance proven.
    pub successes: u32,
    /// Bad ones in a row that fail an instance that serves; an exit or a restart counts at once.
    pub failures: u32,
    /// Milliseconds from its start until an instance must be proven.
    pub deadline: u64,
}

/// What is asked of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Probe {
    /// A GET through the router, answered by this very instance.
    Http {
        /// Begins with `/`.
        path: String,
        /// Lowest and highest status that is well, inclusive.
        status: (u16, u16),
        /// Members of the JSON object that it answers with, by name (a dotted path goes deeper), as JSON texts.
        json: BTreeMap<String, String>,
    },
    /// A connection to the port, from the router.
    Tcp,
    /// A command inside the instance that ends with 0.
    Exec(Vec<String>),
    /// The image's own HEALTHCHECK, as the engine sees it.
    Image,
    /// Nothing: that it runs on for so many milliseconds, without an exit or a restart. Only of a worker.
    Runs(u64),
}

/// One version of a service with one configuration: what is deployed, proven, quarantined, gone back to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Release {
    /// Its name for people.
    pub version: String,
    /// The commit it was built from, where the image says so.
    pub revision: Option<String>,
    /// `registry/repository`, or the local name of an image that is in no registry.
    pub image: String,
    /// `sha256:…`: the manifest's digest; the image's id where it is in no registry.
    pub digest: String,
    /// Whether the image is in no registry, so that the digest means something on its own engine only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
    /// SHA-256 over the specification and the fingerprints of its secrets, in hexadecimal.
    pub config_hash: String,
    /// Everything else.
    pub spec: Spec,
}

impl Release {
    /// What the engine is asked to run: never a tag.
    #[must_use]
    pub fn reference(&self) -> String {
        if self.local {
            self.digest.clone()
        } else {
            format!("{}@{}", self.image, self.digest)
        }
    }

    /// Whether both are the same bytes in the same configuration.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.digest == other.digest && self.config_hash == other.config_hash
    }
}
