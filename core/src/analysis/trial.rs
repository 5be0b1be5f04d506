//! A trial: everything that one candidate is judged by, in one verdict.

use serde::{Deserialize, Serialize};

use super::errors::Errors;
use super::latency::{Latency, LatencyRule};
use super::streams::Margin;
use super::verdict::{Finding, Verdict};
use crate::protocol::Timestamp;

/// What is known of a candidate, of each kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trial {
    /// How many of its requests go wrong: always asked, for a request without an answer has no time either.
    pub errors: Errors,
    /// How long they take.
    pub latency: Option<Latency>,
}

impl Trial {
    /// Before the first step.
    #[must_use]
    pub fn new(now: Timestamp, errors: Margin, latency: Option<LatencyRule>) -> Self {
        Self {
            errors: Errors::new(now, errors),
            latency: latency.map(|rule| Latency::new(now, rule)),
        }
    }

    /// The weights have just changed.
    pub fn begin_step(&mut self, now: Timestamp) {
        self.errors.begin_step(now);
        if let Some(latency) = &mut self.latency {
            latency.begin_step(now);
        }
    }

    /// What there is of each kind.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let latency = self.latency.as_ref().map(Latency::finding);
        [self.errors.finding()].into_iter().chain(latency).collect()
    }

    /// All of them in one.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.findings().iter().map(|finding| &finding.verdict))
    }
}
