//! One question to a forge, with all the requests that it takes.

mod reviewing;

use std::collections::BTreeSet;

use serde_json::Value;

use super::exchange::{Access, Exchange, Got, Permission, Trouble, escaped};
use super::pages::{Next, Pages};
use super::read;
use super::{
    Alert, Analysis, Approved, CheckRun, Checked, CommitStatus, Pull, Review, Reviewed, Scanned,
    Twin,
};
use crate::event::System;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What was checked of a commit. Where nobody has reported one of the names for it, its pull request's head is looked at.
    Checks {
        /// In full.
        commit: String,
        /// Names of checks and statuses.
        names: Vec<String>,
        /// Which statuses.
        statuses: Statuses,
    },
    /// The pull request that became a commit, and its reviews; with what those who gave them may do there, and who wrote it.
    Reviews {
        /// In full.
        commit: String,
        /// What the run is of: a pull request that is open can only have become what it goes to.
        branch: Option<String>,
    },
    /// Who approved a run.
    Approvals {
        /// Its number.
        run: String,
    },
    /// What code scanning found on a ref.
    Scan {
        /// `refs/heads/…`
        r#ref: String,
        /// Only by this tool.
        tool: Option<String>,
    },
    /// What a ref names.
    Tip {
        /// `heads/…` or `tags/…`
        name: String,
    },
}

/// Which statuses of a commit are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statuses {
    /// The newest of each name.
    Newest,
    /// All of them, with who reported them: GitHub does not say that of the newest.
    WithCreators,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `Checks`.
    Checked(Checked),
    /// To `Reviews`.
    Reviewed(Box<Reviewed>),
    /// To `Approvals`.
    Approved(Vec<Approved>),
    /// To `Scan`.
    Scanned(Scanned),
    /// To `Tip`.
    Tip(String),
}

/// What comes next.
#[derive(Clone, Debug)]
pub enum Going {
    /// This request.
    Ask(Box<Exchange>),
    /// It is answered.
    Done(Result<Answer, Trouble>),
}

/// One question.
#[derive(Clone, Debug)]
pub struct Asking {
    question: Question,
    system: System,
    stage: Stage,
    /// The commit that the list under way is of.
    commit: String,
    runs: Pages<CheckRun>,
    statuses: Pages<CommitStatus>,
    reviews: Pages<Review>,
    commits: Pages<Vec<String>>,
    analyses: Pages<Analysis>,
    alerts: Pages<Alert>,
    checked: Checked,
    pull: Option<Pull>,
    reviewed: Reviewed,
    /// Those of whom is still to be asked what they may do.
    people: Vec<String>,
    tree: String,
    scanned: Scanned,
}

/// What is asked at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Runs,
    Statuses,
    Commit,
    Pull,
    Pulls,
    Head,
    Reviews,
    Commits,
    Person,
    Approvals,
    Analyses,
    Alerts,
    Tip,
}

type Step = Result<Next_, Trouble>;

enum Next_ {
    Ask(Stage, u32),
    Done(Box<Answer>),
}

impl Next_ {
    fn done(answer: Answer) -> Self {
        Self::Done(Box::new(answer))
    }
}

impl Asking {
    /// Begins, with the first request.
    #[must_use]
    pub fn new(question: Question, access: &Access) -> (Self, Exchange) {
        let (stage, commit) = match &question {
            // Forgejo and Gitea have statuses only.
            Question::Checks { commit, .. } if access.system == System::GitHub => {
                (Stage::Runs, commit.clone())
            }
            Question::Checks { commit, .. } => (Stage::Statuses, commit.clone()),
            Question::Reviews { commit, .. } => (Stage::Commit, commit.clone()),
            Question::Approvals { .. } => (Stage::Approvals, String::new()),
            Question::Scan { .. } => (Stage::Analyses, String::new()),
            Question::Tip { .. } => (Stage::Tip, String::new()),
        };
        let asking = Self {
            question,
            system: access.system,
            stage,
            commit,
            runs: Pages::new(),
            statuses: Pages::new(),
            reviews: Pages::new(),
            commits: Pages::new(),
            analyses: Pages::new(),
            alerts: Pages::twice(),
            checked: Checked::default(),
            pull: None,
            reviewed: Reviewed::default(),
            people: Vec::new(),
            tree: String::new(),
            scanned: Scanned::default(),
        };
        let exchange = asking.request(1);
        (asking, exchange)
    }

    /// Takes in an answer.
    #[must_use]
    pub fn on(&mut self, got: Result<Got, Trouble>) -> Going {
        let next = match got {
            Err(trouble) if self.stage == Stage::Person && !trouble.passes => {
                Ok(self.untold_person())
            }
            got => got.and_then(|got| self.step(&got)),
        };
        match next {
            Err(trouble) => Going::Done(Err(trouble)),
            Ok(Next_::Done(answer)) => Going::Done(Ok(*answer)),
            Ok(Next_::Ask(stage, page)) => {
                self.stage = stage;
                Going::Ask(Box::new(self.request(page)))
            }
        }
    }

    fn request(&self, page: u32) -> Exchange {
        let commit = escaped(&self.commit);
        let size = if self.system == System::GitHub {
            "per_page=100"
        } else {
            "limit=50"
        };
        let pages = format!("{size}&page={page}");
        let get = Exchange::get;
        match (self.stage, &self.question) {
            (Stage::Runs, _) => get(
                format!("/commits/{commit}/check-runs?filter=latest&{pages}"),
                Permission::Checks,
            ),
            (Stage::Statuses, _) if self.lists_statuses() => get(
                format!("/commits/{commit}/statuses?{pages}"),
                Permission::Statuses,
            ),
            (Stage::Statuses, _) => get(
                format!("/commits/{commit}/status?{pages}"),
                Permission::Statuses,
            ),
            (Stage::Commit | Stage::Head, _) => {
                get(format!("/git/commits/{commit}"), Permission::Contents)
            }
            (Stage::Pull, _) => get(
                format!("/pulls/{}", self.number()),
                Permission::PullRequests,
            ),
            (Stage::Pulls, _) if self.system == System::GitHub => get(
                format!("/commits/{commit}/pulls?per_page=100"),
                Permission::PullRequests,
            ),
            (Stage::Pulls, _) => get(format!("/commits/{commit}/pull"), Permission::PullRequests),
            (Stage::Reviews | Stage::Commits | Stage::Person, _) => self.about_reviews(&pages),
            (Stage::Approvals, Question::Approvals { run }) => get(
                format!("/actions/runs/{}/approvals", escaped(run)),
                Permission::Actions,
            ),
            (Stage::Analyses, Question::Scan { r#ref, tool }) => get(
                format!(
                    "/code-scanning/analyses?ref={}{}&{pages}",
                    escaped(r#ref),
                    of_tool(tool)
                ),
                Permission::SecurityEvents,
            ),
            (Stage::Alerts, Question::Scan { r#ref, tool }) => get(
                format!(
                    "/code-scanning/alerts?state=open&ref={}{}&{pages}",
                    escaped(r#ref),
                    of_tool(tool)
                ),
                Permission::SecurityEvents,
            ),
            (Stage::Tip, Question::Tip { name }) => get(self.tip(name), Permission::Contents),
            (Stage::Approvals | Stage::Analyses | Stage::Alerts | Stage::Tip, _) => {
                get(String::new(), Permission::Contents)
            }
        }
    }

    fn tip(&self, name: &str) -> String {
        match (
            self.system,
            name.strip_prefix("tags/"),
            name.strip_prefix("heads/"),
        ) {
            (System::GitHub, _, _) | (_, None, None) => format!("/commits/{}", escaped(name)),
            (_, Some(tag), _) => format!("/tags/{}", escaped(tag)),
            (_, None, Some(branch)) => format!("/branches/{}", escaped(branch)),
        }
    }

    fn number(&self) -> u64 {
        self.pull.as_ref().map_or(0, |it| it.number)
    }

    fn step(&mut self, got: &Got) -> Step {
        let body = got.body.as_ref();
        match self.stage {
            Stage::Runs => self.on_runs(got),
            Stage::Statuses => self.on_statuses(got),
            Stage::Commit => self.on_commit(body),
            Stage::Pull => Ok(self.on_pull(body)),
            Stage::Pulls => self.on_pulls(body),
            Stage::Head => self.on_head(body),
            Stage::Reviews => self.on_reviews(got),
            Stage::Commits => self.on_commits(got),
            Stage::Person => self.on_person(body),
            Stage::Approvals => {
                let list = body
                    .and_then(Value::as_array)
                    .ok_or_else(|| missing("this run"))?;
                let approvals: Option<Vec<Approved>> = list.iter().map(read::approval).collect();
                let approvals = approvals.ok_or_else(|| Trouble::malformed("approvals"))?;
                Ok(Next_::done(Answer::Approved(approvals)))
            }
            Stage::Analyses => self.on_analyses(got),
            Stage::Alerts => self.on_alerts(got),
            Stage::Tip => {
                let body = body.ok_or_else(|| missing("the branch or tag"))?;
                let tip = read::tip(body).ok_or_else(|| Trouble::malformed("a branch or tag"))?;
                Ok(Next_::done(Answer::Tip(tip)))
            }
        }
    }

    // --- checks --------------------------------------------------------------------------------------------------

    fn on_runs(&mut self, got: &Got) -> Step {
        let body = got.body.as_ref().ok_or_else(|| missing(&self.commit))?;
        let entries = read::entries(body.get("check_runs"), read::check_run)
            .ok_or_else(|| Trouble::malformed("check runs"))?;
        let total = body
            .get("total_count")
            .and_then(Value::as_u64)
            .ok_or_else(|| Trouble::malformed("check runs"))?;
        match self.runs.take(entries, Some(total), got.more) {
            Next::Page(page) => Ok(Next_::Ask(Stage::Runs, page)),
            Next::Torn(why) => Err(torn("check runs", &why)),
            Next::All(runs) => {
                // What is said to be of another commit is of another commit.
                self.checked.runs.extend(runs);
                Ok(Next_::Ask(Stage::Statuses, 1))
            }
        }
    }

    fn on_statuses(&mut self, got: &Got) -> Step {
        let body = got.body.as_ref().ok_or_else(|| missing(&self.commit))?;
        let commit = read::text(body, "sha").unwrap_or_else(|| self.commit.clone());
        // Forgejo and Gitea say null where there are none.
        let none = Value::Array(Vec::new());
        let list = if self.lists_statuses() {
            Some(body)
        } else {
            let list = body.get("statuses");
            list.map(|list| if list.is_null() { &none } else { list })
        };
        let entries = read::entries(list, |it| read::status(it, &commit))
            .ok_or_else(|| Trouble::malformed("statuses"))?;
        // What Gitea calls the sum is that of this page.
        let total = body.get("total_count").and_then(Value::as_u64);
        let total = total.filter(|_| self.system == System::GitHub);
        let more = self.more(got, entries.len());
        match self.statuses.take(entries, total, more) {
            Next::Page(page) => Ok(Next_::Ask(Stage::Statuses, page)),
            Next::Torn(why) => Err(torn("statuses", &why)),
            Next::All(statuses) => {
                self.checked.statuses.extend(statuses);
                Ok(self.after_statuses())
            }
        }
    }

    const fn lists_statuses(&self) -> bool {
        let statuses = match &self.question {
            Question::Checks { statuses, .. } => *statuses,
            Question::Reviews { .. }
            | Question::Approvals { .. }
            | Question::Scan { .. }
            | Question::Tip { .. } => Statuses::Newest,
        };
        matches!(
            (self.system, statuses),
            (System::GitHub, Statuses::WithCreators)
        )
    }

    /// Whether a list goes on. Forgejo and Gitea do not always say so: they are asked until nothing comes.
    fn more(&self, got: &Got, entries: usize) -> bool {
        got.more || self.system != System::GitHub && entries > 0
    }

    /// Where somebody has not reported, it may have been reported for the pull request's head.
    fn after_statuses(&self) -> Next_ {
        let Question::Checks { commit, names, .. } = &self.question else {
            return Next_::done(Answer::Checked(self.checked.clone()));
        };
        let runs = self.checked.runs.iter().map(|it| it.name.as_str());
        let statuses = self.checked.statuses.iter().map(|it| it.context.as_str());
        let reported: BTreeSet<&str> = runs.chain(statuses).collect();
        let lacks = names.iter().any(|name| !reported.contains(name.as_str()));
        if lacks && self.commit == *commit {
            Next_::Ask(Stage::Commit, 1)
        } else {
            Next_::done(Answer::Checked(self.checked.clone()))
        }
    }

    // --- pull requests -------------------------------------------------------------------------------------------

    fn on_commit(&mut self, body: Option<&Value>) -> Step {
        let body = body.ok_or_else(|| missing(&self.commit))?;
        let (tree, message) = read::commit(body).ok_or_else(|| Trouble::malformed("a commit"))?;
        self.tree = tree;
        Ok(match read::named_pull(&message) {
            Some(number) => {
                self.pull = Some(Pull {
                    number,
                    ..Pull::default()
                });
                Next_::Ask(Stage::Pull, 1)
            }
            None => Next_::Ask(Stage::Pulls, 1),
        })
    }

    /// A message is anybody's: it only leads to the pull request, which has to say itself that it became this commit.
    fn on_pull(&mut self, body: Option<&Value>) -> Next_ {
        let pull = body.and_then(read::pull);
        match pull.filter(|it| it.merged_as.as_ref() == Some(&self.commit)) {
            Some(pull) => self.found(pull),
            None => Next_::Ask(Stage::Pulls, 1),
        }
    }

    fn on_pulls(&mut self, body: Option<&Value>) -> Step {
        let none = Value::Array(Vec::new());
        let body = body.unwrap_or(&none);
        let list = match body {
            Value::Array(list) => list.iter().map(read::pull).collect::<Option<Vec<Pull>>>(),
            one => read::pull(one).map(|one| vec![one]),
        };
        let list = list.ok_or_else(|| Trouble::malformed("pull requests"))?;
        let merged = list
            .iter()
            .find(|it| it.merged_as.as_ref() == Some(&self.commit));
        let branch = match &self.question {
            Question::Reviews { branch, .. } => branch.as_deref(),
            Question::Checks { .. }
            | Question::Approvals { .. }
            | Question::Scan { .. }
            | Question::Tip { .. } => None,
        };
        let own = || list.iter().find(|it| it.became(&self.commit, branch));
        match merged.or_else(own).cloned() {
            Some(pull) => Ok(self.found(pull)),
            None => {
                self.pull = None;
                Ok(self.without_pull())
            }
        }
    }

    fn found(&mut self, pull: Pull) -> Next_ {
        let head = pull.head.clone();
        self.pull = Some(pull);
        match &self.question {
            Question::Checks { commit, .. } if head == *commit => self.without_pull(),
            Question::Checks { .. } => {
                self.commit = head;
                Next_::Ask(Stage::Head, 1)
            }
            _ => Next_::Ask(Stage::Reviews, 1),
        }
    }

    fn without_pull(&self) -> Next_ {
        Next_::done(match &self.question {
            Question::Checks { .. } => Answer::Checked(self.checked.clone()),
            _ => Answer::Reviewed(Box::default()),
        })
    }

    /// Another tree is another program: then nothing that was reported for it counts.
    fn on_head(&mut self, body: Option<&Value>) -> Step {
        let tree = body.and_then(read::commit).map(|(tree, _)| tree);
        if tree.as_ref() != Some(&self.tree) {
            return Ok(self.without_pull());
        }
        self.checked.twin = Some(Twin {
            commit: self.commit.clone(),
            pull: self.number(),
        });
        self.runs = Pages::new();
        self.statuses = Pages::new();
        let first = if self.system == System::GitHub {
            Stage::Runs
        } else {
            Stage::Statuses
        };
        Ok(Next_::Ask(first, 1))
    }

    // --- code scanning -------------------------------------------------------------------------------------------

    fn on_analyses(&mut self, got: &Got) -> Step {
        let none = Value::Array(Vec::new());
        let body = got.body.as_ref().unwrap_or(&none);
        let entries = read::entries(Some(body), read::analysis)
            .ok_or_else(|| Trouble::malformed("analyses"))?;
        let more = self.more(got, entries.len());
        match self.analyses.take(entries, None, more) {
            Next::Page(page) => Ok(Next_::Ask(Stage::Analyses, page)),
            Next::Torn(why) => Err(torn("analyses", &why)),
            Next::All(analyses) => {
                self.scanned.analyses = analyses;
                Ok(Next_::Ask(Stage::Alerts, 1))
            }
        }
    }

    fn on_alerts(&mut self, got: &Got) -> Step {
        let body = got.body.as_ref().ok_or_else(|| missing("code scanning"))?;
        let entries =
            read::entries(Some(body), read::alert).ok_or_else(|| Trouble::malformed("alerts"))?;
        match self.alerts.take(entries, None, got.more) {
            Next::Page(page) => Ok(Next_::Ask(Stage::Alerts, page)),
            Next::Torn(why) => Err(torn("alerts", &why)),
            Next::All(alerts) => {
                self.scanned.alerts = alerts;
                Ok(Next_::done(Answer::Scanned(self.scanned.clone())))
            }
        }
    }
}

fn of_tool(tool: &Option<String>) -> String {
    let tool = tool.as_ref();
    tool.map(|tool| format!("&tool_name={}", escaped(tool)))
        .unwrap_or_default()
}

fn missing(what: &str) -> Trouble {
    Trouble {
        code: "forge-missing",
        text: format!("the forge does not know {what}, or this token may not see it"),
        permission: None,
        passes: true,
    }
}

fn torn(what: &str, why: &str) -> Trouble {
    Trouble {
        code: "forge-torn",
        text: format!("the list of {what} shifts whenever it is read: {why}"),
        permission: None,
        passes: true,
    }
}
