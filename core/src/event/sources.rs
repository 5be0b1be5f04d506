//! What an event is read from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ENV_NAMES, Event, GitFacts, Kind, Repository, date};
use crate::protocol::Timestamp;

pub(super) struct Sources<'a> {
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) payload: Option<&'a Value>,
    pub(super) git: &'a GitFacts,
}

impl Sources<'_> {
    /// A variable; an empty one is none.
    pub(super) fn env(&self, name: &str) -> Option<String> {
        debug_assert!(
            ENV_NAMES.contains(&name),
            "{name} is read, and not handed in: it belongs into names.rs"
        );
        self.env
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.env(name)?.parse().ok()
    }

    /// The first of the variables that is there.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.env(name))
    }

    pub(super) fn holds(&self, name: &str) -> Option<bool> {
        self.env(name)
            .map(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// A member of the payload, by its path.
    pub(super) fn member(&self, path: &str) -> Option<&Value> {
        path.split('.')
            .try_fold(self.payload?, |value, name| value.get(name))
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        let text = self.member(path)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The commit's date by git, if git has this very commit checked out.
    pub(super) fn git_date(&self, sha: &str) -> Option<Timestamp> {
        let same = !sha.is_empty() && self.git.head.as_deref() == Some(sha);
        self.git
            .commit_date
            .as_deref()
            .filter(|_| same)
            .and_then(date::parse)
    }

    /// What no system tells in a way of its own: the rest from git.
    pub(super) fn complete(&self, event: &mut Event) {
        if event.sha.is_empty() {
            event.sha = self.git.head.clone().unwrap_or_default();
        }
        if event.commit_date.is_none() {
            event.commit_date = self.git_date(&event.sha);
        }
        if event.default_branch.is_none() {
            event.default_branch.clone_from(&self.git.default_branch);
        }
        let remote = self.git.remote.as_deref().and_then(web_url);
        let repository = &mut event.repository;
        if repository.url.is_empty() {
            repository.url = remote.clone().unwrap_or_default();
        }
        if repository.full_name.is_empty() {
            repository.full_name = remote
                .as_deref()
                .map(path_of)
                .unwrap_or_default()
                .to_owned();
        }
        if repository.name.is_empty() {
            repository.name = last_segment(&repository.full_name).to_owned();
        }
    }
}

/// A repository of which no more is known than its name and place.
pub(super) fn repository(full_name: Option<String>, url: Option<String>) -> Repository {
    let full_name = full_name.unwrap_or_default();
    Repository {
        name: last_segment(&full_name).to_owned(),
        full_name,
        url: url.as_deref().and_then(web_url).unwrap_or_default(),
        ..Repository::default()
    }
}

/// Sets ref, branch, tag and kind of a push: a tag where there is one.
pub(super) fn pushed(event: &mut Event, branch: Option<String>, tag: Option<String>) {
    event.kind = if tag.is_some() { Kind::Tag } else { Kind::Push };
    event.r#ref = match (&tag, &branch) {
        (Some(tag), _) => format!("refs/tags/{tag}"),
        (None, Some(branch)) => format!("refs/heads/{branch}"),
        (None, None) => String::new(),
    };
    // A tag's own branch is anybody's guess.
    event.branch = if tag.is_some() { None } else { branch };
    event.tag = tag;
}

/// Where a person sees a repository, from any way to name its remote: without user, password, query, fragment
/// and `.git`.
pub(super) fn web_url(remote: &str) -> Option<String> {
    let remote = remote.trim();
    let (scheme, rest) = match remote.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        Some(("ssh" | "git" | "git+ssh", rest)) => ("https", rest),
        Some(_) => return None,
        // `git@host:owner/name`
        None => {
            let (host, path) = remote
                .split_once(':')
                .filter(|(host, _)| !host.contains('/'))?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            return Some(format!("https://{host}/{}", trimmed(path)));
        }
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if host.contains(['?', '#']) {
        return None;
    }
    // The port of ssh is not that of the pages.
    let host = if remote.starts_with("http") {
        host
    } else {
        host.split(':').next().unwrap_or(host)
    };
    Some(format!("{scheme}://{host}/{}", trimmed(path)))
}

fn trimmed(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path)
}

/// `owner/name` of a page.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

pub(super) fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Without a slash at its end, which some systems' addresses have.
pub(super) fn unslashed(url: &str) -> &str {
    url.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_page_of_any_remote_without_its_secrets() {
        let rows = [
            ("https://github.com/o/r.git", Some("https://github.com/o/r")),
            (
                "https://ci-token:s3cret@gitlab.example/g/s/r.git",
                Some("https://gitlab.example/g/s/r"),
            ),
            (
                "http://u@localhost:3000/o/r/",
                Some("http://localhost:3000/o/r"),
            ),
            ("git@github.com:o/r.git", Some("https://github.com/o/r")),
            ("ssh://git@host:2222/o/r.git", Some("https://host/o/r")),
            ("host:o/r", Some("https://host/o/r")),
            ("git@host:o/r.git?token=s3cret", Some("https://host/o/r")),
            (
                "https://host/o/r.git?token=s3cret#x",
                Some("https://host/o/r"),
            ),
            (
                "https://u:s3cret@host/o/r/#t=s3cret",
                Some("https://host/o/r"),
            ),
            ("https://host?token=s3cret/x", None),
            ("/srv/git/r.git", None),
            ("../r", None),
            ("file:///srv/r", None),
            ("", None),
        ];
        for (remote, expected) in rows {
            assert_eq!(web_url(remote).as_deref(), expected, "{remote}");
        }
    }
}
