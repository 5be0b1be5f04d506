//! What git itself says, with or without a system around it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::sources::{self, Sources};
use super::{Event, Kind, System, date};

/// Answers of git, asked in the working tree. Nothing of it need be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct GitFacts {
    /// `git rev-parse HEAD`. `None`: no repository, or no commit in it.
    pub head: Option<String>,
    /// `git symbolic-ref --quiet HEAD`. `None`: HEAD is detached.
    pub symbolic_ref: Option<String>,
    /// `git show --no-patch --pretty=%D HEAD`.
    pub decoration: String,
    /// `git for-each-ref --contains HEAD --sort=-committerdate --format='%(refname)' refs/heads refs/remotes`.
    pub branches: Vec<String>,
    /// `git tag --contains HEAD`.
    pub tags: Vec<String>,
    /// `git show --no-patch --pretty=%cI HEAD`.
    pub commit_date: Option<String>,
    /// `git remote get-url origin`. A token in it goes nowhere.
    pub remote: Option<String>,
    /// `git symbolic-ref --quiet --short refs/remotes/origin/HEAD`, without `origin/`.
    pub default_branch: Option<String>,
}

/// Git knows no ref for what is checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRef {
    /// There is no repository, or no commit in it.
    NoCommit,
    /// HEAD is detached, and no branch or tag has it.
    Detached,
}

/// The same event, with ref, commit and date as git has them.
///
/// # Errors
///
/// Git has no commit, or no ref for it.
pub fn in_git(event: &Event, git: &GitFacts) -> Result<Event, NoRef> {
    let sha = git.head.clone().ok_or(NoRef::NoCommit)?;
    let r#ref = reference(git).ok_or(NoRef::Detached)?;
    let mut event = Event {
        sha,
        r#ref,
        commit_date: git.commit_date.as_deref().and_then(date::parse),
        ..event.clone()
    };
    event.tag = event.ref_tag().map(str::to_owned);
    event.branch = event.ref_branch().map(str::to_owned);
    Ok(event)
}

pub(super) fn read(sources: &Sources<'_>) -> Event {
    let mut event = Event {
        system: System::Git,
        name: "git".to_owned(),
        r#ref: reference(sources.git).unwrap_or_default(),
        actor: sources.first(&["USER", "USERNAME"]),
        ..Event::default()
    };
    event.tag = event.ref_tag().map(str::to_owned);
    event.branch = event.ref_branch().map(str::to_owned);
    // Whoever runs it in a checkout does so by hand.
    event.kind = if event.tag.is_some() {
        Kind::Tag
    } else {
        Kind::Manual
    };
    event.repository = sources::repository(None, None);
    event
}

/// The ref that is checked out. Detached, it is a guess: first by what decorates HEAD, then by what contains it.
fn reference(git: &GitFacts) -> Option<String> {
    if let Some(symbolic) = &git.symbolic_ref {
        return Some(symbolic.trim().to_owned());
    }
    decorated(git).or_else(|| containing(git))
}

fn decorated(git: &GitFacts) -> Option<String> {
    // A name may hold a comma, and never a space.
    let names = git.decoration.split(", ").map(str::trim);
    let mut names = names.filter(|name| !matches!(*name, "" | "HEAD" | "grafted" | "replaced"));
    let first = names.next()?;
    if let Some(tag) = first.strip_prefix("tag: ") {
        let tag = tag.strip_prefix("refs/tags/").unwrap_or(tag);
        return Some(format!("refs/tags/{tag}"));
    }
    if first.starts_with("refs/heads/") {
        return Some(first.to_owned());
    }
    let first = short(first);
    let mut parts = first.split('/');
    if let (Some("pull"), Some(number), Some("merge" | "head"), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(format!("refs/{first}"));
    }
    // A slash may belong to a local branch, too; git says which ones there are.
    let local = format!("refs/heads/{first}");
    if git.branches.contains(&local) {
        return Some(local);
    }
    let (_, branch) = first.split_once('/')?;
    match branch {
        "HEAD" => {
            let next = names.find_map(|name| Some(short(name).split_once('/')?.1.to_owned()));
            next.map(|branch| format!("refs/heads/{branch}"))
        }
        _ => Some(format!("refs/heads/{branch}")),
    }
}

/// A name as git shortens it; with `log.decorate=full` it does not.
fn short(name: &str) -> &str {
    let prefixes = ["refs/remotes/", "refs/heads/", "refs/"];
    let mut found = prefixes.iter().filter_map(|it| name.strip_prefix(it));
    found.next().unwrap_or(name)
}

fn containing(git: &GitFacts) -> Option<String> {
    let local = git
        .branches
        .iter()
        .find(|name| name.starts_with("refs/heads/"))
        .cloned();
    local
        .or_else(|| {
            let mut remote = git.branches.iter().filter_map(|name| {
                let (_, branch) = name.strip_prefix("refs/remotes/")?.split_once('/')?;
                (branch != "HEAD").then(|| format!("refs/heads/{branch}"))
            });
            remote.next()
        })
        .or_else(|| git.tags.first().map(|tag| format!("refs/tags/{tag}")))
}

impl fmt::Display for NoRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCommit => "there is no git repository with a commit",
            Self::Detached => "HEAD is detached, and neither a branch nor a tag has its commit",
        })
    }
}
