//! A forge (GitHub, also Enterprise; Forgejo and Gitea where their interface is the same), asked over its own interface: what was
//! checked, who reviewed, who approved, what scanners found, what a branch is at; and deployments are recorded there.
//!
//! Two machines, one inside the other, and neither acts, as with registries: an [`Asking`] is a question with all the requests
//! that it takes, an [`Exchange`] one of those requests with everything that may come between it and its answer. What is not
//! understood of an answer is no answer: a gate never passes on a guess.

mod asking;
mod deployment;
mod exchange;
mod pages;
mod read;
pub mod releases;
mod telling;
#[cfg(test)]
mod tests;

pub use asking::{Answer, Asking, Going, Question, Statuses};
pub use deployment::{Deployment, State};
pub use exchange::{Access, Exchange, Got, Permission, Trouble, Turn};
pub use telling::{End, HURRY, Next, Part, Telling};

use std::collections::BTreeSet;

use crate::gate::findings::Level;

/// What was checked of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Check runs.
    pub runs: Vec<CheckRun>,
    /// Commit statuses.
    pub statuses: Vec<CommitStatus>,
    /// Another commit with the same tree, some of them are of.
    pub twin: Option<Twin>,
}

/// The head of the pull request that became a commit, with the same tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// It.
    pub commit: String,
    /// The pull request.
    pub pull: u64,
}

/// A check run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckRun {
    /// Names it.
    pub id: u64,
    /// Anybody's word.
    pub name: String,
    /// The app that reports it.
    pub app: u64,
    /// The app's slug.
    pub app_name: String,
    /// `completed`, or it is under way.
    pub status: String,
    /// How it ended; empty where it has not.
    pub conclusion: String,
    /// Milliseconds since 1970; 0 where nobody says.
    pub started: u64,
    /// Where its details are.
    pub details: String,
    /// Its page.
    pub page: Option<String>,
    /// What it is of.
    pub commit: String,
}

impl CheckRun {
    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status == "completed"
    }

    /// Where a person sees it.
    #[must_use]
    pub const fn link(&self) -> Option<&String> {
        match &self.page {
            Some(page) => Some(page),
            None => Some(&self.details),
        }
    }
}

/// A commit status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitStatus {
    /// Grows.
    pub id: u64,
    /// Anybody's word.
    pub context: String,
    /// `success`, `pending`, `failure`, `error`.
    pub state: String,
    /// Who reported it.
    pub creator: String,
    /// Milliseconds since 1970; 0 where nobody says.
    pub updated: u64,
    /// Where a person sees it.
    pub url: Option<String>,
    /// What it is of.
    pub commit: String,
}

/// A pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pull {
    /// Names it in its repository.
    pub number: u64,
    /// Who opened it.
    pub author: String,
    /// Its newest commit.
    pub head: String,
    /// What it became, where it was merged.
    pub merged_as: Option<String>,
    /// Whether it is neither merged nor closed.
    pub open: bool,
    /// The branch that it goes to.
    pub base: String,
    /// Where a person sees it.
    pub url: Option<String>,
}

impl Pull {
    /// Whether this commit is what it was merged as; or its newest one, already on the branch that it goes to, which is that of the
    /// run. One that was closed has become nothing, and one into another branch nothing here.
    #[must_use]
    pub fn became(&self, commit: &str, branch: Option<&str>) -> bool {
        let arrived = self.open && self.head == commit && Some(self.base.as_str()) == branch;
        self.merged_as.as_deref() == Some(commit) || arrived
    }
}

/// A pull request with its reviews.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// The one that became the commit; `None`: none is known.
    pub pull: Option<Pull>,
    /// Oldest first.
    pub reviews: Vec<Review>,
    /// Who may write to the repository, of those who reviewed.
    pub may_write: BTreeSet<String>,
    /// Of whom the forge does not tell whether they may.
    pub untold: BTreeSet<String>,
    /// Who wrote a commit of it, or made it one.
    pub writers: BTreeSet<String>,
}

impl Reviewed {
    /// People who have approved it or want changes.
    #[must_use]
    pub fn outspoken(&self) -> Vec<String> {
        let speaks = |it: &&Review| !it.is_of_a_machine() && (it.approves() || it.wants_changes());
        let all = self.reviews.iter().filter(speaks).map(|it| &it.user);
        let all: BTreeSet<&String> = all.filter(|it| !it.is_empty()).collect();
        all.into_iter().cloned().collect()
    }
}

/// A review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Grows.
    pub id: u64,
    /// Whose.
    pub user: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, …
    pub state: String,
    /// The commit that was looked at.
    pub commit: String,
    /// Milliseconds since 1970.
    pub at: u64,
    /// Whether it is the account of a machine.
    pub machine: bool,
    /// Of Forgejo and Gitea: whether whoever gave it may write there.
    pub official: bool,
    /// Whether something was pushed since, where the forge says so.
    pub stale: bool,
    /// Whether it was dismissed, where the forge says so apart.
    pub dismissed: bool,
    /// Where a person sees it.
    pub url: Option<String>,
}

/// Whether a login is a person's, as far as it says.
#[must_use]
pub fn is_person(login: &str) -> bool {
    !login.is_empty() && !login.ends_with("[bot]") && !MACHINES.contains(&login)
}

/// By which Forgejo and Gitea do what their own runs do.
const MACHINES: [&str; 2] = ["forgejo-actions", "gitea-actions"];

impl Review {
    /// Whether no person gave it.
    #[must_use]
    pub fn is_of_a_machine(&self) -> bool {
        self.machine || !is_person(&self.user)
    }

    /// Whether it is a yes.
    #[must_use]
    pub fn approves(&self) -> bool {
        self.state == "APPROVED"
    }

    /// Whether it is a no; GitHub's word, then that of Forgejo and Gitea.
    #[must_use]
    pub fn wants_changes(&self) -> bool {
        ["CHANGES_REQUESTED", "REQUEST_CHANGES"].contains(&self.state.as_str())
    }
}

/// Somebody's word on a run that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    /// Whose.
    pub user: String,
    /// `approved` or `rejected`.
    pub state: String,
    /// For which environments.
    pub environments: Vec<String>,
}

/// What code scanning says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Who has looked at what.
    pub analyses: Vec<Analysis>,
    /// What is open on the run's ref.
    pub alerts: Vec<Alert>,
}

/// A scanner has looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// At this.
    pub commit: String,
    /// Who.
    pub tool: String,
    /// Which part, where several jobs look at one commit.
    pub category: String,
    /// Milliseconds since 1970; 0 where nobody says.
    pub at: u64,
    /// What went wrong; empty: nothing.
    pub error: String,
}

/// A scanner has found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Names it.
    pub number: u64,
    /// Who.
    pub tool: String,
    /// By which rule.
    pub rule: String,
    /// How bad it is.
    pub level: Level,
    /// What.
    pub message: String,
    /// Where a person sees it.
    pub url: Option<String>,
}
