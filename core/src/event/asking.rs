//! What has to be asked before an event can be read: the payload's file, and git.
//!
//! [`question`] gives the one effect that asks for all of it, [`answer`] reads what came of it. Nothing of it need be there:
//! what nobody tells stays empty. The payload comes the way that the words of programs come, with secrets blotted: it may
//! hold what somebody typed in, and a file that is read would be public.

use std::collections::BTreeMap;

use serde_json::Value;

use super::GitFacts;
use crate::protocol::{Completion, Effect, Run};

/// Most bytes of all answers; payloads have up to some hundred thousand.
const LIMIT: u32 = 8 << 20;

/// Milliseconds that git may take.
const GIT: u64 = 20_000;

/// Everything that is asked, in one process. The remote loses its user and token here: they are nobody's to know.
const SCRIPT: &str = r#"ask() { printf '\036%s\037' "$1"; shift; "$@" 2>/dev/null; }
if [ -n "$2" ]; then ask payload cat -- "$2"; fi
cd "$1" || exit 1
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
pub(crate) fn question(env: &BTreeMap<String, String>, workspace: &str) -> Effect {
    let payload = env.get("GITHUB_EVENT_PATH").map_or("", String::as_str);
    Effect::Run(Run {
        argv: ["sh", "-c", SCRIPT, "sh", workspace, payload]
            .map(str::to_owned)
            .to_vec(),
        inherit: ["PATH", "HOME"].map(str::to_owned).to_vec(),
        timeout: GIT,
        output_limit: LIMIT,
        ..Run::default()
    })
}

/// The payload, and what git says.
pub(crate) fn answer(completion: Option<&Completion>) -> (Option<Value>, GitFacts) {
    match completion {
        Some(Completion::Exited { stdout, .. }) => facts(stdout),
        Some(_) | None => (None, GitFacts::default()),
    }
}

fn facts(said: &str) -> (Option<Value>, GitFacts) {
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
    let payload = text("payload").and_then(|text| serde_json::from_str(text).ok());
    let git = GitFacts {
        head: text("head").map(str::to_owned),
        symbolic_ref: text("symbolic-ref").map(str::to_owned),
        decoration: text("decoration").unwrap_or_default().to_owned(),
        branches: lines("branches"),
        tags: lines("tags"),
        commit_date: text("commit-date").map(str::to_owned),
        remote: text("remote").map(str::to_owned),
        default_branch: default_branch
            .map(|name| name.strip_prefix("origin/").unwrap_or(name).to_owned()),
    };
    (payload, git)
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
    fn what_is_said_is_read_by_its_name() {
        let text = "\u{1e}payload\u{1f}{\"ref\":\n\"a\"}\u{1e}head\u{1f}0123\n\u{1e}symbolic-ref\u{1f}refs/heads/main\n\
            \u{1e}decoration\u{1f}HEAD -> main, tag: v1\n\u{1e}branches\u{1f}refs/heads/main\nrefs/remotes/origin/main\n\
            \u{1e}tags\u{1f}v1\n\u{1e}commit-date\u{1f}2024-01-02T03:04:05+00:00\n\u{1e}remote\u{1f}https://example.org/a/b\n\
            \u{1e}default-branch\u{1f}origin/main\n\u{1e}";
        let (payload, git) = answer(Some(&said(text)));
        assert_eq!(payload, Some(serde_json::json!({ "ref": "a" })));
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
        for completion in [
            None,
            Some(&nothing),
            Some(&said("")),
            Some(&said("\u{1e}payload\u{1f}{")),
        ] {
            assert_eq!(answer(completion), (None, GitFacts::default()));
        }
    }
}
