//! Gates, as they are written.

#[cfg(feature = "generate")]
use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Duration, Scalar};

/// Something that must hold before anything is touched: exactly one kind of gate, and what goes with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Gate {
    /// By which it is overridden and told apart. Default: the word of its kind.
    pub(in crate::config) name: Option<At<String>>,
    /// Whether a person may override it, with a reason. Default: true; false for an approval, and for what holds a gate that says false.
    pub(in crate::config) r#override: Option<At<bool>>,
    /// Check runs and commit statuses of the commit, which must have succeeded.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) checks: Option<At<Vec<At<Check>>>>,
    /// Approvals of the pull request that became the commit.
    pub(in crate::config) reviews: Option<At<Reviews>>,
    /// Sessions of the noxfile, which are run here and must succeed.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) sessions: Option<At<Vec<At<String>>>>,
    /// Findings of scanners, of which there may be none.
    pub(in crate::config) findings: Option<At<Findings>>,
    /// Results of tests, of which none may have failed.
    pub(in crate::config) tests: Option<At<Tests>>,
    /// A person's approval.
    pub(in crate::config) approval: Option<At<Approval>>,
    /// Another environment, where this very image must be proven.
    pub(in crate::config) after: Option<At<String>>,
    /// How long it must have been proven there. Default: 0s.
    pub(in crate::config) soak: Option<At<Duration>>,
    /// Times at which nothing is deployed.
    pub(in crate::config) freeze: Option<At<Freeze>>,
    /// What may start a deploy.
    pub(in crate::config) trigger: Option<At<Trigger>>,
    /// What the image must say of itself.
    pub(in crate::config) image: Option<At<Image>>,
    /// The branch or tag of the run must still name the commit.
    #[cfg_attr(feature = "generate", schemars(extend("const" = true)))]
    pub(in crate::config) fresh: Option<At<bool>>,
    /// How many deploys may have failed lately.
    pub(in crate::config) breaker: Option<At<Breaker>>,
    /// A command, which is run here: 0 is yes, 75 not yet, anything else no. With placeholders as in `run.env`.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) command: Option<At<Vec<At<Scalar>>>>,
    /// All of these gates.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) all: Option<At<Vec<At<Self>>>>,
    /// One of these gates.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) any: Option<At<Vec<At<Self>>>>,
    /// Not this gate.
    pub(in crate::config) not: Option<At<Box<Self>>>,
    /// Time that what runs here may take, for `sessions`, `command` and `image`. Default: 10m.
    pub(in crate::config) deadline: Option<At<Duration>>,
    /// Names of environment variables of the step that what runs here is given, for `sessions`, `command` and `image`.
    pub(in crate::config) secrets: Option<At<Vec<At<String>>>>,
}

/// A check: its name, or its name with more.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) enum Check {
    /// Its name, and who reports it.
    Map(CheckMap),
    /// Its name.
    Name(Scalar),
}

/// A check, and who reports it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct CheckMap {
    /// The name of the check run, or the context of the status.
    #[cfg_attr(feature = "generate", schemars(required))]
    pub(in crate::config) name: Option<At<String>>,
    /// Only check runs of this app: its slug, such as `github-actions`, or its number. Default: of everybody who reports it.
    pub(in crate::config) app: Option<At<Scalar>>,
    /// Only commit statuses of this user.
    pub(in crate::config) creator: Option<At<String>>,
    /// Whether one that was skipped counts. Default: false.
    pub(in crate::config) skipped: Option<At<bool>>,
}

/// Approvals of a pull request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Reviews {
    /// How many. Default: 1.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 100)))]
    pub(in crate::config) approvals: Option<At<u32>>,
    /// Only of these users. Default: of everybody who may write to the repository.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) by: Option<At<Vec<At<String>>>>,
}

/// Findings of scanners.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Findings {
    /// SARIF files, as paths inside the working tree.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) sarif: Option<At<Vec<At<String>>>>,
    /// The lowest level that counts. Default: error.
    pub(in crate::config) level: Option<At<Level>>,
    /// Rules that do not count.
    pub(in crate::config) ignore: Option<At<Vec<At<String>>>>,
    /// A SARIF file with findings that were known before and do not count.
    pub(in crate::config) baseline: Option<At<String>>,
    /// What the platform's code scanning found on the run's branch.
    pub(in crate::config) code_scanning: Option<At<Scanning>>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) enum Level {
    /// Surely wrong.
    Error,
    /// Perhaps wrong.
    Warning,
    /// For information.
    Note,
}

/// The platform's code scanning.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Scanning {
    /// Only of this tool. Default: of all.
    pub(in crate::config) tool: Option<At<String>>,
    /// Categories that have to be looked at, each for this commit. Default: all that were looked at on this branch in the last 7 days.
    pub(in crate::config) categories: Option<At<Vec<At<String>>>>,
}

/// Results of tests.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Tests {
    /// JUnit files, as paths inside the working tree.
    #[cfg_attr(feature = "generate", schemars(required, extend("minItems" = 1)))]
    pub(in crate::config) junit: Option<At<Vec<At<String>>>>,
    /// How many tests there must be. Default: 1.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 1000000)))]
    pub(in crate::config) minimum: Option<At<u32>>,
    /// Whether there may be fewer than when what serves was deployed. Default: false.
    pub(in crate::config) fewer: Option<At<bool>>,
}

/// A person's approval.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Approval {
    /// Only of these users. Default: of any person.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) by: Option<At<Vec<At<String>>>>,
}

/// Times at which nothing is deployed: `from` and `to`, or a `calendar`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Freeze {
    /// When it begins: `Fri 16:00` each week, `16:00` each day, `2026-12-24` or `2026-12-24 16:00` once.
    pub(in crate::config) from: Option<At<String>>,
    /// When it ends, in the same way.
    pub(in crate::config) to: Option<At<String>>,
    /// An iCalendar file, as a path inside the working tree: nothing is deployed during its events.
    pub(in crate::config) calendar: Option<At<String>>,
    /// The time zone, such as `Europe/Berlin`. Default: UTC.
    pub(in crate::config) zone: Option<At<String>>,
}

/// What may start a deploy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Trigger {
    /// Only these events, in the platform's words. Default: all but `pull_request_target`, `workflow_run` and `issue_comment`.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) events: Option<At<Vec<At<String>>>>,
    /// Only these branches: `*` is anything but a slash, `**` anything.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) branches: Option<At<Vec<At<String>>>>,
    /// Only these tags, in the same way.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) tags: Option<At<Vec<At<String>>>>,
}

/// What the image must say of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Image {
    /// Whether its label `org.opencontainers.image.revision` must name the commit of the run. Default: true.
    pub(in crate::config) revision: Option<At<bool>>,
    /// A command that verifies an attestation of it, with placeholders as in `run.env`.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) attestation: Option<At<Vec<At<Scalar>>>>,
}

/// How many deploys may have failed lately.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Breaker {
    /// So many close the environment. Default: 3.
    #[cfg_attr(feature = "generate", schemars(range(min = 1, max = 50)))]
    pub(in crate::config) failures: Option<At<u32>>,
    /// Within this time. Default: 24h.
    pub(in crate::config) within: Option<At<Duration>>,
}
