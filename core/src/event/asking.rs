//! What git is asked about a commit, and what its answers say; and the payload's file, where it may hold what is nobody's.
//!
//! Nothing of it need be there: what nobody tells stays empty. To add a question: a variant, its command, where its answer goes,
//! and who asks it when.

use std::collections::BTreeMap;

use serde_json::Value;

use super::GitFacts;
use crate::protocol::{Completion, Content, Effect, Run};

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Which commit is checked out, what decorates it, and when it was made.
    Head,
    /// Which branch is checked out.
    SymbolicRef,
    /// Where the repository comes from.
    Remote,
    /// Which branch is the main one there.
    DefaultBranch,
    /// Which branches have the commit.
    Branches,
    /// Which tag has the commit.
    Tags,
}

/// What the payload says. It comes the way that the words of programs come, with secrets blotted: it may hold what somebody typed in,
/// and a file that is read would be public.
pub(crate) fn payload(path: &str) -> Effect {
    Effect::Run(Run {
        argv: ["cat", "--", path].map(str::to_owned).to_vec(),
        inherit: vec!["PATH".to_owned()],
        timeout: TIMEOUT,
        output_limit: PAYLOAD_LIMIT,
        ..Run::default()
    })
}

/// Which files of a working tree are not as the commit has them? What git does not follow does not count.
pub(crate) fn changes(folder: &str) -> Effect {
    let argv = [
        "git",
        "-C",
        folder,
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--ignore-submodules=none",
    ];
    let argv = argv.map(str::to_owned).to_vec();
    Effect::Run(Run {
        argv,
        ..Question::Head.run()
    })
}

/// Takes in what git said of them; `None`: it said nothing.
pub(crate) fn read_changes(completion: Option<&Completion>) -> Option<Vec<String>> {
    let lines = said(completion)?.lines();
    let files = lines.filter_map(|line| line.get(3..).filter(|file| !file.is_empty()));
    Some(files.map(str::to_owned).collect())
}

/// Takes in what the payload's file said.
pub(crate) fn read_payload(completion: Option<&Completion>) -> Option<Value> {
    serde_json::from_str(said(completion)?).ok()
}

/// Takes in what git said to all questions.
pub(crate) fn read_all(done: &[Completion]) -> GitFacts {
    let mut git = GitFacts::default();
    for (question, completion) in Question::ALL.into_iter().zip(done) {
        if let Some(said) = said(Some(completion)) {
            question.answered(said, &mut git);
        }
    }
    git
}

fn said(completion: Option<&Completion>) -> Option<&str> {
    match completion {
        Some(Completion::Exited {
            code: Some(0),
            stdout,
            ..
        }) => Some(stdout),
        Some(_) | None => None,
    }
}

impl Question {
    /// Every question.
    pub(crate) const ALL: [Self; 6] = [
        Self::Head,
        Self::SymbolicRef,
        Self::Remote,
        Self::DefaultBranch,
        Self::Branches,
        Self::Tags,
    ];

    /// The same in a folder.
    pub(crate) fn effect_in(self, folder: &str) -> Effect {
        let run = self.run();
        let around = [
            "sh",
            "-c",
            "cd \"$1\" && shift && exec \"$@\"",
            "sh",
            folder,
        ];
        let around = around.map(str::to_owned).into_iter();
        let argv = around.chain(run.argv).collect();
        Effect::Run(Run { argv, ..run })
    }

    /// Asks it in the folder that the run was started in. Nothing is asked of another host. (Not a part of its caller: most
    /// runs ask nothing, and the module compiles what is called.)
    #[inline(never)]
    pub(crate) fn effect(self) -> Effect {
        Effect::Run(self.run())
    }

    fn run(self) -> Run {
        let variable = |name: &str, text: &str| {
            let text = text.to_owned();
            (name.to_owned(), Content::Text { text })
        };
        Run {
            argv: self.argv().iter().map(|word| (*word).to_owned()).collect(),
            env: BTreeMap::from([
                variable("GIT_OPTIONAL_LOCKS", "0"),
                variable("GIT_TERMINAL_PROMPT", "0"),
                variable("LC_ALL", "C"),
            ]),
            inherit: INHERITED.map(str::to_owned).to_vec(),
            timeout: TIMEOUT,
            output_limit: OUTPUT_LIMIT,
            ..Run::default()
        }
    }

    const fn argv(self) -> &'static [&'static str] {
        match self {
            Self::Head => &[
                "git",
                "-c",
                "log.showSignature=false",
                "-c",
                "log.decorate=short",
                "show",
                "--no-patch",
                "--pretty=format:%H%n%cI%n%D",
                "HEAD",
            ],
            Self::SymbolicRef => &["git", "symbolic-ref", "--quiet", "HEAD"],
            // A user's name or a token in it stays in the child, and so does what follows its path.
            Self::Remote => &[
                "sh",
                "-c",
                "git remote get-url origin | sed 's|//[^/]*@|//|; s|[?#].*||'",
            ],
            Self::DefaultBranch => &["git", "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"],
            Self::Branches => &[
                "git",
                "for-each-ref",
                "--contains=HEAD",
                "--sort=-committerdate",
                "--count=1000",
                "--format=%(refname)",
                "refs/heads",
                "refs/remotes",
            ],
            Self::Tags => &[
                "git",
                "for-each-ref",
                "--contains=HEAD",
                "--count=1",
                "--format=%(refname)",
                "refs/tags",
            ],
        }
    }

    /// Takes in what git said.
    pub(crate) fn answered(self, said: &str, git: &mut GitFacts) {
        let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = || said.lines().next().map(|line| line.trim().to_owned());
        let first = || first().filter(|line| !line.is_empty());
        match self {
            Self::Head => {
                git.head = lines.next().map(str::to_owned);
                git.commit_date = lines.next().map(str::to_owned);
                git.decoration = lines.next().unwrap_or_default().to_owned();
            }
            Self::SymbolicRef => git.symbolic_ref = first(),
            Self::Remote => git.remote = first(),
            Self::DefaultBranch => {
                let branch = first();
                git.default_branch =
                    branch.and_then(|it| Some(it.strip_prefix(ORIGIN)?.to_owned()));
            }
            Self::Branches => git.branches = lines.map(str::to_owned).collect(),
            Self::Tags => {
                let names = lines.filter_map(|line| line.strip_prefix("refs/tags/"));
                git.tags = names.map(str::to_owned).collect();
            }
        }
    }
}

const ORIGIN: &str = "refs/remotes/origin/";

/// What git needs to find the repository and its own settings.
const INHERITED: [&str; 4] = ["PATH", "HOME", "XDG_CONFIG_HOME", "GIT_*"];

/// Each takes some milliseconds; a repository of a million commits may need seconds to find what has one.
const TIMEOUT: u64 = 20_000;

const OUTPUT_LIMIT: u32 = 1 << 20;

/// Payloads have up to some hundred thousand bytes.
const PAYLOAD_LIMIT: u32 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32, stdout: &str) -> Completion {
        Completion::Exited {
            code: Some(code),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn what_differs_from_the_commit_is_told_by_its_path() {
        let said = |code, stdout: &str| Completion::Exited {
            code: Some(code),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        };
        let rows = [
            (
                said(0, " M Dockerfile\nA  src/a b\n"),
                Some(vec!["Dockerfile".to_owned(), "src/a b".to_owned()]),
            ),
            (said(0, ""), Some(vec![])),
            (said(128, "fatal: not a git repository"), None),
        ];
        for (completion, expected) in rows {
            assert_eq!(read_changes(Some(&completion)), expected);
        }
        assert_eq!(read_changes(None), None);
    }

    #[test]
    fn what_nobody_tells_stays_empty() {
        let nothing = Completion::Failed {
            fault: crate::protocol::Fault::NotFound,
            message: String::new(),
        };
        let silent = exited(128, "fatal: not a git repository");
        for completion in [nothing, silent, exited(0, "")] {
            assert_eq!(read_payload(Some(&completion)), None);
            let done = Question::ALL.map(|_| completion.clone());
            assert_eq!(read_all(&done), GitFacts::default());
        }
        assert_eq!(read_payload(Some(&exited(0, "{"))), None);
    }

    #[test]
    fn all_answers_are_read_in_their_order() {
        let said = ["860c\n\n\n", "refs/heads/main", "", "", "", "refs/tags/v1"];
        let git = read_all(&said.map(|text| exited(0, text)));
        assert_eq!(git.head.as_deref(), Some("860c"));
        assert_eq!(git.symbolic_ref.as_deref(), Some("refs/heads/main"));
        assert_eq!(git.tags, ["v1"]);
    }

    #[test]
    fn answers_become_facts() {
        let mut git = GitFacts::default();
        let rows = [
            (
                Question::Head,
                "860c\n2020-01-10T00:30:00Z\nHEAD, tag: v1\n",
            ),
            (Question::SymbolicRef, "refs/heads/main\n"),
            (Question::Remote, "https://github.com/o/r.git\n"),
            (Question::DefaultBranch, "refs/remotes/origin/a/b\n"),
            (
                Question::Branches,
                "refs/heads/main\nrefs/remotes/origin/x\n",
            ),
            (Question::Tags, "refs/tags/v1\n"),
        ];
        for (question, said) in rows {
            question.answered(said, &mut git);
        }
        let text = |text: &str| Some(text.to_owned());
        let expected = GitFacts {
            head: text("860c"),
            symbolic_ref: text("refs/heads/main"),
            decoration: "HEAD, tag: v1".to_owned(),
            branches: ["refs/heads/main", "refs/remotes/origin/x"]
                .map(str::to_owned)
                .to_vec(),
            tags: vec!["v1".to_owned()],
            commit_date: text("2020-01-10T00:30:00Z"),
            remote: text("https://github.com/o/r.git"),
            default_branch: text("a/b"),
        };
        assert_eq!(git, expected);
        for question in Question::ALL {
            question.answered("\n", &mut git);
        }
        assert_eq!(git, GitFacts::default());
    }
}
