//! What a person reads: every sentence of a report is rendered here, from data.
//!
//! The session fills a [`Report`]; nothing else in the core writes prose about a run. The same data as JSON is the
//! report file.

mod asking;
mod compared;
mod escape;
mod gates;
mod headline;
mod markdown;
mod next;
mod progress;
#[cfg(test)]
mod properties;
mod published;
#[cfg(test)]
mod samples;
mod serving;
mod stopping;
#[cfg(test)]
mod tests;
mod text;
mod verdict;
mod words;

pub(crate) use asking::asks;
pub use compared::Compared;
pub(crate) use headline::{ASKS_AGAIN, NOT_TOLD, RUN_GONE, TOLD, TOO_LATE};
pub(crate) use markdown::metadata as tag_summary;
pub use progress::{held_by, progress, waiting};
pub use published::{Published, PublishedFile, PublishedName, PublishedPackage, PublishedRelease};
pub(crate) use stopping::set_by;
pub(crate) use text::metadata as tag_log;
pub(crate) use text::replay as replay_log;
pub(crate) use words::{count, duration, when};

/// Somebody else's words as one line that does nothing.
pub(crate) fn inert(text: &str) -> String {
    escape::cut(&escape::line(text), 400)
}

use serde::Serialize;

use crate::gate::Judged;
use crate::protocol::{Outcome, Timestamp};
use crate::rollback::Selection;
use crate::stop::Stop;

/// Everything there is to say about one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// 1.
    pub format: u32,
    /// The command that was given.
    pub command: String,
    /// The service; empty where the configuration could not be read.
    pub service: String,
    /// The environment; empty where the configuration could not be read.
    pub environment: String,
    /// Whether it is a worker, without `run.port`, so that nobody asks it; only where it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub worker: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// A stable code for why.
    pub reason: String,
    /// What that rests on, in sentences; the first is the cause. Backticks set off names and commands. One of several
    /// lines, such as a mistake in the configuration, is shown line by line.
    pub because: Vec<String>,
    /// What to do next, with the exact command in backticks where there is one; empty: what is usual after such an
    /// outcome, which [`Report::text`] and the others know.
    pub next: Vec<String>,
    /// What was to be deployed, or gone back to.
    pub wanted: Option<ReleaseLine>,
    /// What served before.
    pub before: Option<ReleaseLine>,
    /// What serves now, as far as is known.
    pub serving: Option<ReleaseLine>,
    /// Where users reach it.
    pub url: Option<String>,
    /// Where the run can be looked at.
    pub run_url: Option<String>,
    /// The ledger's last hash: compare it with what `status` says later.
    pub ledger_head: Option<String>,
    /// When the run began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What would be, or was to be, done.
    pub plan: Option<PlanLines>,
    /// What the gates said, with what each rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Judged>,
    /// The phases it went through, in order.
    pub phases: Vec<Span>,
    /// What was decided, and on what.
    pub decisions: Vec<Decision>,
    /// What the comparison of a canary with what serves came to, over time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<Compared>,
    /// What was done to the target, in order.
    pub acts: Vec<Act>,
    /// What the probes said, by instance.
    pub probes: Vec<ProbeLine>,
    /// What did not go through at once.
    pub troubles: Vec<String>,
    /// Last lines of logs. Words of somebody else.
    pub logs: Vec<Log>,
    /// What could not be put away; the next run does it.
    pub left: Vec<String>,
    /// Where a rollback can go, with the verdict on each.
    pub candidates: Option<Selection>,
    /// What `status` found.
    pub status: Option<Status>,
    /// The stop that stands, where this run saw one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// What tells other environments that this image was proven here: the name of it in the registry, where that is known to
    /// be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// What a release has published, or found published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// The journal's path.
    pub journal: String,
    /// The path of this report as JSON.
    pub path: String,
}

/// A release, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseLine {
    /// Its name for people.
    pub version: String,
    /// `name@digest`.
    pub image: String,
    /// `sha256:…`.
    pub digest: String,
    /// The configuration hash.
    pub config_hash: String,
    /// Its generation (`g7`), where it has one.
    pub generation: Option<String>,
    /// How many instances.
    pub replicas: u8,
    /// Whether it is known-good, and since when.
    pub known_good_since: Option<Timestamp>,
}

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanLines {
    /// `blue-green` or `recreate`.
    pub strategy: String,
    /// Who pushes the button, in one line.
    pub button: String,
    /// Step by step.
    pub steps: Vec<PlanStep>,
    /// What is gone back to; a sentence.
    pub rollback: String,
    /// Points of no return; a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_return: Vec<String>,
    /// Milliseconds, at the worst.
    pub worst: u64,
    /// Most instances at a time.
    pub peak: u32,
    /// What users notice even when all goes well; `None`: nothing.
    pub interruption: Option<String>,
    /// What is to be known besides.
    pub notes: Vec<String>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanStep {
    /// In a word.
    pub name: String,
    /// What is done.
    pub does: String,
    /// Milliseconds, at the worst.
    pub worst: u64,
    /// What happens where it fails.
    pub on_failure: String,
}

/// A phase that was gone through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Span {
    /// Its name.
    pub name: String,
    /// When it was entered.
    pub from: Timestamp,
    /// When it was left.
    pub to: Timestamp,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// In which phase.
    pub phase: String,
    /// What.
    pub decision: String,
    /// On what.
    pub because: Vec<String>,
}

/// Something that was done to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Act {
    /// When it was begun.
    pub at: Timestamp,
    /// What, in a few words, such as `start g2-1` or `route g2-1=256 g1-1=0`.
    pub what: String,
    /// Milliseconds it took.
    pub took: u64,
    /// How it ended: `done`, or the trouble.
    pub ended: String,
}

/// An instance's probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeLine {
    /// Which instance.
    pub instance: String,
    /// How many were good.
    pub good: u32,
    /// How many were bad.
    pub bad: u32,
    /// How many could not be taken.
    pub blind: u32,
    /// What the last one that was not good saw.
    pub last_bad: Option<String>,
}

/// The end of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Log {
    /// Whose.
    pub instance: String,
    /// Its last lines. Words of somebody else: never trusted, never obeyed.
    pub text: String,
}

/// What `status` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// Every instance: its name, what state it is in, and its weight in the table.
    pub instances: Vec<InstanceLine>,
    /// The router's state, in words.
    pub router: String,
    /// What of the router differs from the table that is written.
    pub astray: Vec<String>,
    /// Known-good releases, the newest first.
    pub known_good: Vec<ReleaseLine>,
    /// What must not be deployed, with why.
    pub quarantine: Vec<String>,
    /// What persons decided against rules, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<String>,
    /// Who holds the lease; `None`: nobody.
    pub lease: Option<String>,
    /// What is not as the ledger says, in words, mostly because a run died; `None`: nothing.
    pub unfinished: Option<String>,
    /// The run that has the lease now: by whom, and until when; `None`: there is none.
    pub under_way: Option<String>,
    /// Instances that have the traffic, and that the router calls down.
    pub down: Vec<String>,
    /// Whether the router calls down all that has the traffic.
    pub silent: bool,
    /// What verifying the ledger's chain found, in words.
    pub ledger: String,
    /// Whether that is in order.
    pub ledger_sound: bool,
}

/// An instance, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstanceLine {
    /// `g2-1`.
    pub instance: String,
    /// The container's name.
    pub container: String,
    /// `running` and so on.
    pub state: String,
    /// Its share of the table: `256`, `0`, `fallback` or `-`.
    pub weight: String,
}

impl Report {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(command: &str, began: Timestamp) -> Self {
        Self {
            format: 1,
            command: command.to_owned(),
            service: String::new(),
            environment: String::new(),
            worker: false,
            outcome: Outcome::Crashed,
            reason: String::new(),
            because: Vec::new(),
            next: Vec::new(),
            wanted: None,
            before: None,
            serving: None,
            url: None,
            run_url: None,
            ledger_head: None,
            began,
            ended: began,
            plan: None,
            gates: Vec::new(),
            phases: Vec::new(),
            decisions: Vec::new(),
            compared: Vec::new(),
            acts: Vec::new(),
            probes: Vec::new(),
            troubles: Vec::new(),
            logs: Vec::new(),
            left: Vec::new(),
            candidates: None,
            status: None,
            stop: None,
            proof: None,
            published: None,
            journal: String::new(),
            path: String::new(),
        }
    }

    /// The job summary.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::render(self)
    }

    /// The plan as a comment on a pull request, in GitHub's Markdown. It begins with a mark by which the next one finds it.
    #[must_use]
    pub fn comment(&self) -> String {
        markdown::comment::render(self)
    }

    /// What a command line or a log shows at the end.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// What to do next is said in the file as in the log: where the run did not say it better, what is usual.
    pub fn advise(&mut self) {
        self.next = next::next(self);
    }

    /// The report file.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("strings and numbers are always JSON");
        text.push('\n');
        text
    }

    /// The one annotation of a run that did not end well: its title, and cause and remedy.
    #[must_use]
    pub fn annotation(&self) -> Option<(String, String)> {
        text::annotation(self)
    }
}
