//! What git is asked, and what its answers say.
//!
//! To add a question: a variant, its command, where its answer goes, and when it is asked.

use std::collections::BTreeMap;

use crate::event::{Event, GitFacts, System};
use crate::protocol::{Content, Effect, Run};
use crate::tag::Wants;

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
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

/// What has to be asked, given what the event tells.
pub(super) fn questions(event: &Event, wants: Wants) -> Vec<Question> {
    let checkout = wants.checkout || event.system == System::Git;
    let repository = &event.repository;
    let nameless = repository.full_name.is_empty() || repository.url.is_empty();
    let rows = [
        (
            checkout || wants.commit_date || event.sha.is_empty(),
            Question::Head,
        ),
        (checkout, Question::SymbolicRef),
        (nameless, Question::Remote),
        (wants.default_branch, Question::DefaultBranch),
    ];
    let asked = rows.into_iter().filter(|(asked, _)| *asked);
    asked.map(|(_, question)| question).collect()
}

/// What has to be asked where no branch is checked out.
pub(super) fn detached(git: &GitFacts) -> Vec<Question> {
    match (&git.head, &git.symbolic_ref) {
        (Some(_), None) => vec![Question::Branches, Question::Tags],
        (Some(_), Some(_)) | (None, _) => Vec::new(),
    }
}

impl Question {
    /// Asks it in the folder that the run was started in. Nothing is asked of another host. (Not a part of its caller: most
    /// runs ask nothing, and the module compiles what is called.)
    #[inline(never)]
    pub(super) fn effect(self) -> Effect {
        let variable = |name: &str, text: &str| {
            let text = text.to_owned();
            (name.to_owned(), Content::Text { text })
        };
        Effect::Run(Run {
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
        })
    }

    const fn argv(self) -> &'static [&'static str] {
        match self {
            Self::Head => &[
                "git",
                "-c",
                "log.showSignature=false",
                "show",
                "--no-patch",
                "--pretty=format:%H%n%cI%n%D",
                "HEAD",
            ],
            Self::SymbolicRef => &["git", "symbolic-ref", "--quiet", "HEAD"],
            // A user's name or a token in it stays in the child.
            Self::Remote => &[
                "sh",
                "-c",
                "git remote get-url origin | sed 's|//[^/]*@|//|'",
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
    pub(super) fn answered(self, said: &str, git: &mut GitFacts) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Repository;

    fn of_github() -> Event {
        Event {
            system: System::GitHub,
            sha: "860c190".to_owned(),
            repository: Repository {
                full_name: "o/r".to_owned(),
                url: "https://github.com/o/r".to_owned(),
                ..Repository::default()
            },
            ..Event::default()
        }
    }

    #[test]
    fn nothing_is_asked_where_the_event_tells_all_that_is_wanted() {
        assert_eq!(questions(&of_github(), Wants::default()), []);
    }

    #[test]
    fn what_is_wanted_is_asked_and_no_more() {
        let none = Wants::default();
        let rows = [
            (
                Wants {
                    commit_date: true,
                    ..none
                },
                vec![Question::Head],
            ),
            (
                Wants {
                    default_branch: true,
                    ..none
                },
                vec![Question::DefaultBranch],
            ),
            (
                Wants {
                    checkout: true,
                    ..none
                },
                vec![Question::Head, Question::SymbolicRef],
            ),
        ];
        for (wants, expected) in rows {
            assert_eq!(questions(&of_github(), wants), expected);
        }
        let expected = [Question::Head, Question::SymbolicRef, Question::Remote];
        assert_eq!(questions(&Event::default(), none), expected);
    }

    #[test]
    fn branches_and_tags_are_asked_for_where_no_branch_is_checked_out() {
        let mut git = GitFacts::default();
        assert_eq!(detached(&git), []);
        git.head = Some("a".to_owned());
        assert_eq!(detached(&git), [Question::Branches, Question::Tags]);
        git.symbolic_ref = Some("refs/heads/main".to_owned());
        assert_eq!(detached(&git), []);
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
        for question in [
            Question::Head,
            Question::SymbolicRef,
            Question::Remote,
            Question::DefaultBranch,
            Question::Branches,
            Question::Tags,
        ] {
            question.answered("\n", &mut git);
        }
        assert_eq!(git, GitFacts::default());
    }
}
