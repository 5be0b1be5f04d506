//! A trial: everything that one candidate is judged by, in one verdict.

use serde::{Deserialize, Serialize};

use super::errors::Errors;
use super::latency::{Latency, LatencyRule};
use super::metric::{Metric, MetricRule};
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
    /// Values of queries.
    pub metrics: Vec<Metric>,
}

impl Trial {
    /// Before the first step.
    #[must_use]
    pub fn new(
        now: Timestamp,
        errors: Margin,
        latency: Option<LatencyRule>,
        metrics: impl IntoIterator<Item = MetricRule>,
    ) -> Self {
        Self {
            errors: Errors::new(now, errors),
            latency: latency.map(|rule| Latency::new(now, rule)),
            metrics: metrics.into_iter().map(Metric::new).collect(),
        }
    }

    /// The weights have just changed.
    pub fn begin_step(&mut self, now: Timestamp) {
        self.errors.begin_step(now);
        if let Some(latency) = &mut self.latency {
            latency.begin_step(now);
        }
        self.metrics.iter_mut().for_each(Metric::begin_step);
    }

    /// What there is of each kind.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let latency = self.latency.as_ref().map(Latency::finding);
        let metrics = self.metrics.iter().map(Metric::finding);
        let findings = [self.errors.finding()].into_iter().chain(latency);
        findings.chain(metrics).collect()
    }

    /// All of them in one.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.findings().iter().map(|finding| &finding.verdict))
    }
}
