//! The inputs and outputs of the action, which are also the flags of the command line.
//!
//! This is the one list: `action.yml`, the shell's reading of inputs and the README's tables are generated from it or
//! checked against it. The program `metadata` has [one of its own](metadata).

pub mod metadata;

/// One input.
#[derive(Clone, Copy, Debug)]
pub struct InputSpec {
    /// Kebab-case; also the flag `--name`.
    pub name: &'static str,
    /// For people, one sentence or two.
    pub help: &'static str,
    /// What an action's input is where the user gives none; an expression of the workflow language may stand here.
    pub default: Option<&'static str>,
}

/// One output.
#[derive(Clone, Copy, Debug)]
pub struct OutputSpec {
    /// Kebab-case.
    pub name: &'static str,
    /// For people.
    pub help: &'static str,
}

const fn input(name: &'static str, help: &'static str, default: Option<&'static str>) -> InputSpec {
    InputSpec {
        name,
        help,
        default,
    }
}

const fn output(name: &'static str, help: &'static str) -> OutputSpec {
    OutputSpec { name, help }
}

/// Every input, in the order people read them.
pub const INPUTS: &[InputSpec] = &[
    input(
        "command",
        "What to do: plan, release, deploy, promote, abort, rollback, stop, resume, status or recover.",
        Some("deploy"),
    ),
    input(
        "environment",
        "The environment of the configuration to act on; default: the only one.",
        None,
    ),
    input(
        "config",
        "Path of the configuration; default: .github/cd.yml, else cd.yml.",
        None,
    ),
    input(
        "image",
        "The image to deploy: name@sha256:… or name:tag, which is resolved to its digest once; default: what release names for this commit.",
        None,
    ),
    input(
        "version",
        "The version's name for people, the version to roll back to, or the one that release is to give this commit; default: the image's own label, else its tag; the git tag.",
        None,
    ),
    input(
        "wait",
        "How long to wait, such as 30m: for gates (default: 0, come back later) and for another run's lease (default: 10m).",
        None,
    ),
    input(
        "on-held",
        "What a held deploy is: pass (exit 0) or fail (exit 1).",
        Some("pass"),
    ),
    input(
        "override",
        "What a person overrides, separated by commas: names of gates, quarantine, stop, hook or no-return. Needs a reason.",
        None,
    ),
    input(
        "reason",
        "Why; recorded in the ledger. A stop and an override need one.",
        None,
    ),
    input(
        "until",
        "When a stop ends by itself, by the target's clock: after a time, such as 2h or 3d, or at one, such as 2026-11-30T08:00:00Z; default: when it is lifted.",
        None,
    ),
    input(
        "dry-run",
        "true: say what deploy or release would do, and touch nothing.",
        Some("false"),
    ),
    input(
        "verify",
        "true: status reads and verifies the whole ledger, and not only its newest segment.",
        Some("false"),
    ),
    input(
        "github-token",
        "The job's token; what is not needed is not read.",
        Some("${{ github.token }}"),
    ),
    input(
        "job-status",
        "Not for users: how the job ended, for the post step.",
        Some("${{ job.status }}"),
    ),
];

/// Every output, in the order people read them.
pub const OUTPUTS: &[OutputSpec] = &[
    output(
        "outcome",
        "How the run ended: released, deployed, unchanged, rolled-back, …",
    ),
    output("reason", "A stable code for why."),
    output("version", "The version that was asked for."),
    output("image", "name@digest of what was asked for."),
    output("digest", "Its digest alone."),
    output("previous-digest", "The digest that served before."),
    output("tags", "What a release is named by, one a line: name:tag."),
    output(
        "hashes",
        "What a release has built of packages, one file a line, as sha256sum writes it.",
    ),
    output("url", "Where the environment is reached."),
    output(
        "stop",
        "The stop that stands, in JSON: who set it, why, since when, until when; empty: none was seen.",
    ),
    output("report", "Path of the report, in JSON."),
    output("plan", "The plan, in JSON."),
    output(
        "comment",
        "Path of the plan in Markdown, for a comment on a pull request.",
    ),
];

/// The environment variables that runs read besides those of [events](crate::event::ENV_NAMES) and
/// [tags](crate::tag::ENV_NAMES), all of them facts of the platform and none of them secret.
pub const ENV_NAMES: &[&str] = &[
    "CI",
    "CD_RUN_URL",
    "DOCKER_CONFIG",
    "GITHUB_ACTION_REPOSITORY",
    "GITHUB_ACTOR",
    "GITHUB_API_URL",
    "GITHUB_EVENT_NAME",
    "GITHUB_JOB",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_TRIGGERING_ACTOR",
    "GITHUB_WORKFLOW",
    "HOME",
    "RUNNER_DEBUG",
    "SOURCE_DATE_EPOCH",
    "USER",
];
