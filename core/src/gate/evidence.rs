//! Evidence: what was found out, by whom it was asked, when, and of which commit.

use std::collections::BTreeMap;

use super::{Judgement, Lack, STALE};
use crate::event::System;
use crate::forge::{Approved, Checked, Reviewed, Scanned};
use crate::protocol::Timestamp;

/// What the run is about, and how it came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The commit that is deployed; `None`: nobody knows.
    pub commit: Option<String>,
    /// The commit that the run is about, which need not be that of an image that was named.
    pub run_commit: Option<String>,
    /// The environment.
    pub environment: String,
    /// Which platform runs us.
    pub system: System,
    /// What the platform calls that which started the run.
    pub event: String,
    /// The branch that the run is of.
    pub branch: Option<String>,
    /// The tag that the run is of.
    pub tag: Option<String>,
    /// Whether what started the run comes from another repository; `None`: nobody says.
    pub fork: Option<bool>,
    /// What the other run came to, where one started this one (`workflow_run`).
    pub upstream: Option<Upstream>,
    /// Who started this very attempt of the run.
    pub actor: Option<String>,
    /// Whether the platform says so. Else it is a variable, which anybody sets.
    pub vouched: bool,
    /// Which attempt of the run this is, from 1 on; `None`: nobody says.
    pub attempt: Option<u32>,
    /// Whether a person pressed a button for it.
    pub by_hand: bool,
    /// The run's number on the platform.
    pub run: Option<String>,
    /// Where the run can be looked at.
    pub run_url: Option<String>,
}

/// A run that started this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// What started that one.
    pub event: String,
    /// How it ended.
    pub conclusion: String,
    /// The commit that it was about; empty: nobody says.
    pub commit: String,
    /// The branch that it was of; empty: nobody says.
    pub branch: String,
}

/// Everything that was found out so far. What was not asked is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What it is about.
    pub subject: Subject,
    /// Files of the working tree.
    pub files: BTreeMap<String, Seen<String>>,
    /// Check runs and statuses.
    pub checks: Option<Seen<Checked>>,
    /// The pull request and its reviews.
    pub reviews: Option<Seen<Reviewed>>,
    /// Who approved the run.
    pub approvals: Option<Seen<Vec<Approved>>>,
    /// What code scanning found, by the tool that was asked for.
    pub scans: BTreeMap<Option<String>, Seen<Scanned>>,
    /// The commit that the run's ref names now.
    pub tip: Option<Seen<String>>,
    /// What commands said, by the gates' names.
    pub commands: BTreeMap<String, Seen<Ran>>,
    /// What sessions came to.
    pub sessions: BTreeMap<String, Seen<super::sessions::Ended>>,
    /// What the image says of itself.
    pub image: Option<Seen<Labelled>>,
    /// What is recorded at the target.
    pub ledger: Option<Seen<Recorded>>,
    /// What the image's registry says of it in other environments.
    pub proofs: BTreeMap<String, Seen<super::after::Answered>>,
}

/// An answer, and when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// When.
    pub at: Timestamp,
    /// What, or why not.
    pub what: Result<T, Missing>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Stable.
    pub code: &'static str,
    /// For people.
    pub why: String,
    /// Whether asking again may help.
    pub lack: Lack,
    /// What to do.
    pub next: Option<String>,
}

/// A command that ran to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// What ran, for people.
    pub what: String,
    /// Its exit code.
    pub code: i32,
    /// The last line that it wrote.
    pub said: String,
}

/// What an image says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    /// The commit that it was built from.
    pub revision: Option<String>,
    /// The image, by digest.
    pub reference: String,
}

/// What the ledger says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// When deploys failed lately, and of what version.
    pub failures: Vec<(Timestamp, String)>,
    /// How many tests ran when what serves was deployed, by the gate's name.
    pub counted: BTreeMap<String, u64>,
    /// The most of them under a name that no gate has any more, and that name.
    pub nameless: Option<(String, u64)>,
    /// What serves.
    pub serving: Option<String>,
}

impl Missing {
    pub(crate) fn lasting(code: &'static str, why: impl Into<String>) -> Self {
        let (lack, next) = (Lack::Lasting, None);
        let why = why.into();
        Self {
            code,
            why,
            lack,
            next,
        }
    }

    pub(crate) fn soon(code: &'static str, why: impl Into<String>) -> Self {
        let lack = Lack::Soon;
        Self {
            lack,
            ..Self::lasting(code, why)
        }
    }
}

impl<T> Seen<T> {
    /// The answer, where there is one that still counts.
    pub(crate) fn read(seen: Option<&Self>, now: Timestamp) -> Result<&T, Judgement> {
        let Some(seen) = seen else {
            return Err(Judgement::unknown(Lack::Unasked, "it was not asked yet"));
        };
        if now.since(seen.at) > STALE {
            let age = crate::report::duration(now.since(seen.at));
            let why = format!("what is known of it is {age} old: run it again");
            return Err(Judgement::unknown(Lack::Soon, why));
        }
        seen.what
            .as_ref()
            .map_err(|missing| Judgement::unknown(missing.lack, missing.why.clone()))
    }
}

impl Evidence {
    /// The commit that is deployed: of an image that was named it is known once the image is.
    pub(crate) fn commit(&self) -> Result<&str, Judgement> {
        match (&self.subject.commit, &self.image) {
            (Some(commit), _) => Ok(commit),
            (None, None) => Err(Judgement::unknown(
                Lack::Unasked,
                "the image is not known yet, and so its commit is not",
            )),
            (None, Some(_)) => Err(Judgement::unknown(
                Lack::Lasting,
                "nobody knows which commit this is: the image does not say which it was built from",
            )),
        }
    }

    /// Every answer that did not come, for what to do about it.
    pub(crate) fn missing(&self) -> Vec<&Missing> {
        fn of<T>(seen: &Seen<T>) -> Option<&Missing> {
            seen.what.as_ref().err()
        }
        let files = self.files.values().filter_map(of);
        let scans = self.scans.values().filter_map(of);
        let commands = self.commands.values().filter_map(of);
        let sessions = self.sessions.values().filter_map(of);
        let checks = self.checks.iter().filter_map(of);
        let reviews = self.reviews.iter().filter_map(of);
        let approvals = self.approvals.iter().filter_map(of);
        let tip = self.tip.iter().filter_map(of);
        let proofs = self.proofs.values().filter_map(of);
        checks
            .chain(reviews)
            .chain(approvals)
            .chain(scans)
            .chain(tip)
            .chain(proofs)
            .chain(files)
            .chain(commands)
            .chain(sessions)
            .collect()
    }
}
