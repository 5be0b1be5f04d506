//! How a new version takes the old one's place, and what it is judged by.

use super::{Credentials, Template};
use crate::rollout::{Comparison, Share, Waves};

/// How the new version takes the old one's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// New instances beside the old ones, then all traffic at once.
    BlueGreen {
        /// Milliseconds at most that the proven version waits for a person; `None`: it does not.
        wait: Option<u64>,
    },
    /// The old instances end before the new ones start.
    Recreate,
    /// New instances beside the old ones, with a growing share of the traffic.
    Canary(Canary),
    /// A few instances after the other, in the place of old ones.
    Rolling(Rolling),
}

impl Strategy {
    /// Milliseconds at most that a proven version waits for a person; `None`: it does not wait.
    #[must_use]
    pub const fn wait(&self) -> Option<u64> {
        match self {
            Self::BlueGreen { wait } => *wait,
            Self::Canary(canary) => canary.wait,
            Self::Recreate | Self::Rolling(_) => None,
        }
    }
}

/// A few instances after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// How many at a time.
    pub waves: Waves,
    /// Milliseconds that the two versions are watched between two batches; may be 0.
    pub pause: u64,
    /// Whether each user stays with a version.
    pub sticky: bool,
}

/// A growing share of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Growing.
    pub steps: Vec<CanaryStep>,
    /// Milliseconds that the two versions are watched at each of them; may be 0.
    pub pause: u64,
    /// Whether each user stays with a version.
    pub sticky: bool,
    /// What each step is judged by beside the guards; `None`: nothing.
    pub analysis: Option<Comparison>,
    /// Where the metrics of the analysis are asked for, in their order there.
    pub queries: Vec<Query>,
    /// Milliseconds at most that the proven version waits for a person; `None`: it does not.
    pub wait: Option<u64>,
}

/// One share of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanaryStep {
    /// Of the traffic.
    pub share: Share,
    /// Milliseconds at most that a person is waited for before it gets more; `None`: nobody is asked.
    pub wait: Option<u64>,
}

/// A question to a Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where it is, without the path of its interface.
    pub url: String,
    /// What is asked.
    pub query: Template,
    /// Who asks; `None`: nobody.
    pub login: Option<Credentials>,
}
