//! How the new version takes the old one's place.

use std::collections::BTreeMap;

#[cfg(feature = "generate")]
use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Duration, Number, Percent, Points};

/// How the new version takes the old one's place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) enum Strategy {
    /// Without settings.
    Word(StrategyWord),
    /// With settings.
    Map(Box<StrategyMap>),
}

/// How the new version takes the old one's place.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) enum StrategyWord {
    /// All new instances are started and proven beside the old ones, then all traffic moves at once.
    BlueGreen,
    /// The old instances are stopped before the new ones start: with an interruption, never two at a time.
    Recreate,
    /// A few instances after the other, each in the place of an old one: where there is no room for both versions.
    Rolling,
    /// As `blue-green`, with a share of the traffic that grows while the two versions are watched side by side.
    Canary,
}

/// A strategy with settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
#[cfg_attr(feature = "generate", schemars(extend("x-no" = {
    "recreate": "it has no settings, and nobody to stay with: one version runs at a time; write `strategy: recreate`",
    "sticky": "write it below the strategy: `strategy: { canary: { sticky: true } }`",
})))]
pub(in crate::config) struct StrategyMap {
    /// All new instances are started and proven beside the old ones, then all traffic moves at once.
    pub(in crate::config) blue_green: Option<At<BlueGreen>>,
    /// A few instances after the other, each in the place of an old one: where there is no room for both versions.
    pub(in crate::config) rolling: Option<At<Rolling>>,
    /// As `blue-green`, with a share of the traffic that grows while the two versions are watched side by side.
    pub(in crate::config) canary: Option<At<Canary>>,
}

/// All traffic at once.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
#[cfg_attr(feature = "generate", schemars(extend("x-no" = {
    "sticky": "no two versions share the traffic here, all users move at once: leave it out, or write `strategy: { canary: { sticky: true } }`",
})))]
pub(in crate::config) struct BlueGreen {
    /// The proven version waits, without traffic, until a person promotes it; at most so long. Default: it does not wait.
    pub(in crate::config) wait: Option<At<Duration>>,
}

/// A few instances after the other.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Rolling {
    /// How many new instances come at a time. Default: 1.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(in crate::config) batch: Option<At<u8>>,
    /// How many instances more than the larger of the two versions has may run at a time; where it is less than `batch`,
    /// old ones stop before the new ones of a later batch answer. Default: 1.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(in crate::config) surge: Option<At<u8>>,
    /// How long both versions are watched between two batches. Default: 10s.
    pub(in crate::config) pause: Option<At<Duration>>,
    /// Each user stays with a version while two share the traffic, and only ever moves on to the new one. The router sets a cookie for it,
    /// `cd-SERVICE.ENVIRONMENT`, which holds a random number. Default: false.
    pub(in crate::config) sticky: Option<At<bool>>,
}

/// A growing share of the traffic.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Canary {
    /// The shares in percent, each larger than the one before; all of it comes after the last in any case.
    /// Default: [5, 25, 50, 100].
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) steps: Option<At<Vec<At<CanaryStep>>>>,
    /// How long the two versions are watched side by side at each share. Default: 60s.
    pub(in crate::config) pause: Option<At<Duration>>,
    /// Each user stays with a version while two share the traffic, and only ever moves on to the new one. The router sets a cookie for it,
    /// `cd-SERVICE.ENVIRONMENT`, which holds a random number. Default: false.
    pub(in crate::config) sticky: Option<At<bool>>,
    /// Each share ends with evidence that the new version is no worse than the old one. Default: the guards of the bake alone.
    pub(in crate::config) analysis: Option<At<Analysis>>,
    /// The proven version waits, without traffic, until a person promotes it; at most so long. Default: it does not wait.
    pub(in crate::config) wait: Option<At<Duration>>,
}

/// One share of a canary.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) enum CanaryStep {
    /// The share in percent; nobody is asked.
    Share(#[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))] u8),
    /// The share, and a person who says whether the new version gets more.
    Map(CanaryStepMap),
}

impl CanaryStep {
    /// The share, where it could be read.
    pub(in crate::config) fn share(&self) -> Option<u8> {
        match self {
            Self::Share(share) => Some(*share),
            Self::Map(map) => map.share.as_ref()?.value,
        }
    }
}

/// A share at which a person is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct CanaryStepMap {
    /// The share in percent.
    #[cfg_attr(feature = "generate", schemars(required, range(min = 1, max = 100)))]
    pub(in crate::config) share: Option<At<u8>>,
    /// Once the share has been passed the run waits there, with all its guards, until a person promotes it to the next one; at
    /// most so long, then it goes back. Default: nobody is asked.
    pub(in crate::config) wait: Option<At<Duration>>,
}

/// What a canary's share is judged by.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Analysis {
    /// Requests that go wrong, beside those of the old version in the same seconds. Always asked.
    pub(in crate::config) errors: Option<At<ErrorAnalysis>>,
    /// How many requests are slow, beside those of the old version in the same seconds; `{}` for the defaults. Default: nobody asks.
    pub(in crate::config) latency: Option<At<LatencyAnalysis>>,
    /// Values of queries to a Prometheus, by a short name; each has to be within its limits. Default: none.
    #[cfg_attr(feature = "generate", schemars(extend("minProperties" = 1)))]
    pub(in crate::config) metrics: Option<At<BTreeMap<String, At<MetricAnalysis>>>>,
    /// How long a share may wait for a verdict after its pause; then it goes back. Default: 10m.
    pub(in crate::config) deadline: Option<At<Duration>>,
}

/// What is tolerated of errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct ErrorAnalysis {
    /// How much larger the share of requests that go wrong may be, in percentage points. Default: 1pp.
    pub(in crate::config) worse_by: Option<At<Points>>,
    /// How sure a verdict is, whichever it is. Default: 99%.
    pub(in crate::config) confidence: Option<At<Percent>>,
}

/// What is tolerated of slow requests.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct LatencyAnalysis {
    /// How much longer than the old version's median, or its high quantile, is slow. Default: 50%.
    pub(in crate::config) slower_by: Option<At<Percent>>,
    /// The high quantile. Default: 95%.
    pub(in crate::config) quantile: Option<At<Percent>>,
    /// What takes no longer than this is never slow. Default: 10ms.
    pub(in crate::config) floor: Option<At<Duration>>,
    /// How sure a verdict is, whichever it is. Default: 99%.
    pub(in crate::config) confidence: Option<At<Percent>>,
}

/// A value that has to be within limits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct MetricAnalysis {
    /// Where the Prometheus is: `http://` or `https://`, without `/api/v1/query`.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(in crate::config) url: Option<At<String>>,
    /// The query; it answers with one number. May hold `{{version}}`, `{{sha}}`, `{{digest}}` and `{{environment}}`.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(in crate::config) query: Option<At<String>>,
    /// No value may be larger. `max`, `min` or both.
    pub(in crate::config) max: Option<At<Number>>,
    /// No value may be smaller.
    pub(in crate::config) min: Option<At<Number>>,
    /// How long two readings are apart. Default: 10s.
    pub(in crate::config) every: Option<At<Duration>>,
    /// So many in a row inside the limits pass a share, and so many outside condemn. Default: 3.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(in crate::config) readings: Option<At<u8>>,
    /// The name of the environment variable that holds a token. Default: nobody logs in.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(in crate::config) token: Option<At<String>>,
    /// The name of the environment variable that holds a user's name.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(in crate::config) user: Option<At<String>>,
    /// The name of the environment variable that holds that user's password.
    #[cfg_attr(feature = "generate", schemars(extend("writeOnly" = true)))]
    pub(in crate::config) password: Option<At<String>>,
}
