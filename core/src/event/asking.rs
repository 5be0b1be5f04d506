//! What has to be asked before an event can be read: the payload's file, and git.
//!
//! [`questions`] gives effects that can be carried out side by side; [`answers`] reads what came of them, in the same order.
//! None of them need be answered: what nobody tells stays empty.

use std::collections::BTreeMap;

use serde_json::Value;

use super::GitFacts;
use crate::protocol::{Completion, Effect, Run};

/// Most bytes of a payload.
const PAYLOAD: u32 = 8 << 20;

/// Milliseconds that git may take.
const GIT: u64 = 20_000;

/// Everything that git is asked, in one process. The remote loses its user and token here: they are nobody's to know.
const SCRIPT: &str = r#"cd "$1" || exit 1
ask() { printf '\036%s\037' "$1"; shift; "$@" 2>/dev/null; }
remote() { git remote get-url origin | sed 's,//[^/@]*@,//,'; }
ask head git rev-parse --verify --quiet HEAD
ask symbolic-ref git symbolic-ref --quiet HEAD
ask decoration git show --no-patch --pretty=%D HEAD
ask branches git for-each-ref --contains HEAD --sort=-committerdate '--format=%(refname)' refs/heads refs/remotes
ask tags git tag --contains HEAD
ask commit-date git show --no-patch --pretty=%cI HEAD
ask remote remote
ask default-branch git symbolic-ref --quiet --short refs/remotes/origin/HEAD
printf '\036'
"#;

/// What to ask: git, and the payload where there is one.
pub(crate) fn questions(env: &BTreeMap<String, String>, workspace: &str) -> Vec<Effect> {
    let git = Effect::Run(Run {
        argv: ["sh", "-c", SCRIPT, "sh", workspace]
            .map(str::to_owned)
            .to_vec(),
        inherit: ["PATH", "HOME"].map(str::to_owned).to_vec(),
        timeout: GIT,
        output_limit: 1 << 20,
        ..Run::default()
    });
    let payload = env
        .get("GITHUB_EVENT_PATH")
        .filter(|path| path.starts_with('/'))
        .map(|path| Effect::ReadFile {
            path: path.clone(),
            limit: PAYLOAD,
        });
    std::iter::once(git).chain(payload).collect()
}

/// The payload, and what git says.
pub(crate) fn answers(completions: &[Completion]) -> (Option<Value>, GitFacts) {
    let (mut payload, mut git) = (None, GitFacts::default());
    for completion in completions {
        match completion {
            Completion::Exited { stdout, .. } => git = facts(stdout),
            Completion::Read { text } => payload = serde_json::from_str(text).ok(),
            Completion::Recalled { .. }
            | Completion::TimedOut { .. }
            | Completion::Opened
            | Completion::Written
            | Completion::Fetched { .. }
            | Completion::Fingerprinted { .. }
            | Completion::Failed { .. } => {}
        }
    }
    (payload, git)
}

fn facts(said: &str) -> GitFacts {
    let sections = said
        .split('\u{1e}')
        .filter_map(|section| section.split_once('\u{1f}'));
    let said: BTreeMap<&str, &str> = sections.map(|(name, text)| (name, text.trim())).collect();
    let text = |name: &str| said.get(name).copied().filter(|text| !text.is_empty());
    let lines = |name: &str| -> Vec<String> {
        let lines = text(name).unwrap_or_default().lines();
        lines.map(str::to_owned).collect()
    };
    let default_branch = text("default-branch");
    GitFacts {
        head: text("head").map(str::to_owned),
        symbolic_ref: text("symbolic-ref").map(str::to_owned),
        decoration: text("decoration").unwrap_or_default().to_owned(),
        branches: lines("branches"),
        tags: lines("tags"),
        commit_date: text("commit-date").map(str::to_owned),
        remote: text("remote").map(str::to_owned),
        default_branch: default_branch
            .map(|name| name.strip_prefix("origin/").unwrap_or(name).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stdout: &str) -> Completion {
        Completion::Exited {
            code: Some(0),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn what_git_says_is_read_by_its_name() {
        let text = "\u{1e}head\u{1f}0123\n\u{1e}symbolic-ref\u{1f}refs/heads/main\n\u{1e}decoration\u{1f}HEAD -> main, tag: v1\n\
            \u{1e}branches\u{1f}refs/heads/main\nrefs/remotes/origin/main\n\u{1e}tags\u{1f}v1\n\u{1e}commit-date\u{1f}2024-01-02T03:04:05+00:00\n\
            \u{1e}remote\u{1f}https://example.org/a/b\n\u{1e}default-branch\u{1f}origin/main\n\u{1e}";
        let (payload, git) = answers(&[said(text)]);
        assert_eq!(payload, None);
        assert_eq!(git.head.as_deref(), Some("0123"));
        assert_eq!(git.symbolic_ref.as_deref(), Some("refs/heads/main"));
        assert_eq!(git.branches.len(), 2);
        assert_eq!(git.tags, ["v1"]);
        assert_eq!(git.default_branch.as_deref(), Some("main"));
    }

    #[test]
    fn what_nobody_tells_stays_empty() {
        let nothing = Completion::Failed {
            fault: crate::protocol::Fault::NotFound,
            message: String::new(),
        };
        assert_eq!(answers(&[nothing]), (None, GitFacts::default()));
        assert_eq!(answers(&[said("")]), (None, GitFacts::default()));
    }

    #[test]
    fn a_payload_is_only_read_where_there_is_one() {
        let without = questions(&BTreeMap::new(), "/w");
        assert_eq!(without.len(), 1);
        let env = BTreeMap::from([("GITHUB_EVENT_PATH".to_owned(), "/e.json".to_owned())]);
        assert_eq!(questions(&env, "/w").len(), 2);
    }
}
