//! What happened to which commit, in one form for every system that runs us.
//!
//! [`normalise`] finds out which system it is ([`System::detect`]) and reads its variables, the payload where it has one, and
//! what git says. Nothing is asked over the network: what none of the three knows stays empty. To add a system: a variant of
//! [`System`], a file with one function from `Sources` to [`Event`], its cases in `cases/`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::Timestamp;

mod asking;
mod azure;
mod bitbucket;
mod circleci;
pub(crate) mod date;
mod forge;
mod git;
mod gitlab;
mod jenkins;
mod names;
mod sources;
#[cfg(test)]
mod tests;

pub(crate) use asking::{answer, question};
pub use forge::github;
pub use git::{GitFacts, NoRef, in_git};
pub use names::ENV_NAMES;
use sources::Sources;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Event {
    /// Who says so.
    pub system: System,
    /// What happened.
    pub kind: Kind,
    /// What happened, in the system's own word.
    pub name: String,
    /// The commit, in full. Empty where nobody knows.
    pub sha: String,
    /// As git names it: `refs/heads/…`, `refs/tags/…`, `refs/pull/…`, `refs/merge-requests/…`. Empty where nobody knows.
    pub r#ref: String,
    /// The branch that was pushed to, or that a pull request comes from.
    pub branch: Option<String>,
    /// The tag that was pushed.
    pub tag: Option<String>,
    /// Also where the event is about one in another way, such as a comment.
    pub pull_request: Option<PullRequest>,
    /// The branch that a pull request goes to, or that what was pushed came from.
    pub base_ref: Option<String>,
    /// The repository's main branch.
    pub default_branch: Option<String>,
    /// Who caused it.
    pub actor: Option<String>,
    /// The run that it caused.
    pub run: Run,
    /// Where it happened.
    pub repository: Repository,
    /// When the commit was made.
    pub commit_date: Option<Timestamp>,
    /// Where the system itself keeps images, `host[/path]`.
    pub registry: Option<String>,
}

/// Who runs us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum System {
    /// GitHub Actions.
    GitHub,
    /// Forgejo Actions.
    Forgejo,
    /// Gitea Actions.
    Gitea,
    /// GitLab CI.
    GitLab,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Jenkins, with a multibranch pipeline.
    Jenkins,
    /// CircleCI.
    CircleCi,
    /// Azure Pipelines.
    Azure,
    /// Nobody: a checkout on somebody's machine.
    #[default]
    Git,
}

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "EventKind"))]
pub enum Kind {
    /// Commits came to a branch.
    Push,
    /// A tag came.
    Tag,
    /// A pull request was opened or changed.
    PullRequest,
    /// The clock struck.
    Schedule,
    /// Somebody asked for it, by hand or by a call.
    Manual,
    /// Something else, or nobody knows.
    #[default]
    Other,
}

/// A pull or merge request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct PullRequest {
    /// As the forge counts them in this repository.
    pub number: u64,
    /// The newest commit of its own, not of a trial merge.
    pub head_sha: Option<String>,
    /// Its branch.
    pub head: Option<String>,
    /// The branch that it goes to.
    pub base: Option<String>,
    /// Whether it comes from another repository. `None`: the system does not say.
    pub fork: Option<bool>,
}

/// A run of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "SystemRun"))]
pub struct Run {
    /// Names it for the system's programs.
    pub id: Option<String>,
    /// Counts the runs.
    pub number: Option<u64>,
    /// From 1. `None`: the system does not count them.
    pub attempt: Option<u64>,
    /// Where a person sees it.
    pub url: Option<String>,
}

/// A repository, as far as labels tell of it. What nobody knows is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Repository {
    /// `owner/name`; groups inside groups have more slashes.
    pub full_name: String,
    /// Without the owner.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Where a person sees it; never with a user's name or a token in it.
    pub url: String,
    /// By SPDX.
    pub license: String,
}

/// Reads an event from the environment (of which only [`ENV_NAMES`] count), the payload where the system has one, and what
/// git says.
#[must_use]
pub fn normalise(env: &BTreeMap<String, String>, payload: Option<&Value>, git: &GitFacts) -> Event {
    let sources = Sources { env, payload, git };
    let mut event = System::detect(env).reader()(&sources);
    sources.complete(&mut event);
    event
}

impl System {
    /// By the variables that only it sets. The forges that imitate GitHub set its variables too, so they come first.
    #[must_use]
    pub fn detect(env: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| {
            debug_assert!(ENV_NAMES.contains(&name), "{name} belongs into names.rs");
            env.get(name).is_some_and(|value| !value.is_empty())
        };
        let signs = [
            (set("FORGEJO_ACTIONS"), Self::Forgejo),
            (set("GITEA_ACTIONS"), Self::Gitea),
            (
                set("GITHUB_ACTIONS") || set("GITHUB_EVENT_NAME"),
                Self::GitHub,
            ),
            (set("GITLAB_CI"), Self::GitLab),
            (set("BITBUCKET_BUILD_NUMBER"), Self::Bitbucket),
            (set("CIRCLECI"), Self::CircleCi),
            (set("TF_BUILD") || set("BUILD_BUILDURI"), Self::Azure),
            // Last: its agents may be started by any of the others.
            (set("JENKINS_URL"), Self::Jenkins),
        ];
        let found = signs.into_iter().find(|(sign, _)| *sign);
        found.map_or(Self::Git, |(_, system)| system)
    }

    /// What reads its variables. (By a pointer, so that readers of other systems are not compiled where the module is run.)
    const fn reader(self) -> fn(&Sources<'_>) -> Event {
        match self {
            Self::GitHub => |sources| forge::read(sources, Self::GitHub),
            Self::Forgejo => |sources| forge::read(sources, Self::Forgejo),
            Self::Gitea => |sources| forge::read(sources, Self::Gitea),
            Self::GitLab => gitlab::read,
            Self::Bitbucket => bitbucket::read,
            Self::Jenkins => jenkins::read,
            Self::CircleCi => circleci::read,
            Self::Azure => azure::read,
            Self::Git => git::read,
        }
    }

    /// Its name, in lower case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Forgejo => "forgejo",
            Self::Gitea => "gitea",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::Jenkins => "jenkins",
            Self::CircleCi => "circleci",
            Self::Azure => "azure",
            Self::Git => "git",
        }
    }

    /// Whether its variables and payloads are those of GitHub.
    #[must_use]
    pub const fn is_like_github(self) -> bool {
        matches!(self, Self::GitHub | Self::Forgejo | Self::Gitea)
    }
}

impl Event {
    /// The branch that the ref names.
    #[must_use]
    pub fn ref_branch(&self) -> Option<&str> {
        self.r#ref.strip_prefix("refs/heads/")
    }

    /// The tag that the ref names.
    #[must_use]
    pub fn ref_tag(&self) -> Option<&str> {
        self.r#ref.strip_prefix("refs/tags/")
    }

    /// The pull request that the ref names, as text: its number, in any ref that a forge makes.
    #[must_use]
    pub fn ref_pull_request(&self) -> Option<&str> {
        let rest = PULL_REQUESTS
            .iter()
            .find_map(|prefix| self.r#ref.strip_prefix(prefix))?;
        let ending = ["/merge", "/head", "/train", "/from"]
            .iter()
            .find_map(|ending| rest.strip_suffix(ending));
        Some(ending.unwrap_or(rest))
    }

    /// Whether the event is about the main branch: by its ref, or because its kind knows no other.
    #[must_use]
    pub fn is_on_default_branch(&self) -> bool {
        let branch = self.ref_branch().unwrap_or(&self.r#ref);
        if self
            .default_branch
            .as_deref()
            .is_some_and(|default| default == branch)
        {
            return true;
        }
        let bound = ["discussion", "issues", "schedule"];
        self.system.is_like_github() && bound.iter().any(|word| self.name.contains(word))
    }
}

/// How forges begin the refs of pull requests: GitHub and its likes, GitLab, Bitbucket's servers.
const PULL_REQUESTS: [&str; 3] = ["refs/pull/", "refs/merge-requests/", "refs/pull-requests/"];
