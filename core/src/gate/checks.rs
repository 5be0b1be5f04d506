//! `checks`: check runs and commit statuses of the commit, by name and by who reports them.
//!
//! A name is anybody's: whoever may write checks can report `test`. So every reporter of a name must be content, unless the
//! configuration names one. Of one reporter what is under way outranks what has ended, and else the newest counts, over all
//! suites. A run of this very run that has not ended is waited for, and never taken for a yes.
//!
//! After a squash the commit on the branch has no checks of its own. Those of the pull request's head are evidence for it where
//! the two have the same tree, and no other ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Judgement, Lack, Reason, Seen, Verdict, short};
use crate::forge::{CheckRun, Checked, CommitStatus};
use crate::protocol::Timestamp;

/// Names that are shown where one is missing.
const SHOWN: usize = 10;

/// Which checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Each must be content; at least one.
    pub of: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Of the check run, or the context of the status.
    pub name: String,
    /// Only of this app, by its slug or number; `None`: of all that report the name.
    pub app: Option<String>,
    /// Only statuses of this user.
    pub creator: Option<String>,
    /// Whether one that was skipped counts as a yes.
    pub skipped: bool,
}

impl Checks {
    /// All names, each once.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.of.iter().map(|it| &it.name).collect();
        names.into_iter().cloned().collect()
    }

    /// What they say.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let commit = match evidence.commit() {
            Ok(commit) => commit,
            Err(judgement) => return judgement,
        };
        let checked = match Seen::read(evidence.checks.as_ref(), now) {
            Ok(checked) => checked,
            Err(judgement) => return judgement,
        };
        let about = About {
            commit,
            run: evidence.subject.run.as_deref(),
            checked,
        };
        Judgement::all(self.of.iter().map(|check| check.judge(&about)).collect())
    }
}

/// What the checks are of.
struct About<'a> {
    commit: &'a str,
    /// This very run.
    run: Option<&'a str>,
    checked: &'a Checked,
}

impl About<'_> {
    /// Whether what was reported for `commit` says anything here; the nearer, the more.
    fn weight(&self, commit: &str) -> Option<u8> {
        let twin = self.checked.twin.as_ref();
        if commit == self.commit {
            Some(2)
        } else {
            twin.filter(|twin| twin.commit == commit).map(|_| 1)
        }
    }

    /// Where it was reported, where that is not the commit itself.
    fn place(&self, commit: &str) -> String {
        match &self.checked.twin {
            Some(twin) if commit != self.commit => format!(
                ", on {}, which has the same tree (pull request {})",
                short(commit),
                twin.pull
            ),
            Some(_) | None => String::new(),
        }
    }

    fn is_own(&self, run: &CheckRun) -> bool {
        let own = |id: &str| run.details.contains(&format!("/actions/runs/{id}/"));
        self.run.is_some_and(own)
    }
}

impl Check {
    fn judge(&self, about: &About<'_>) -> Judgement {
        let mut parts: Vec<Judgement> = self.runs(about);
        parts.extend(self.statuses(about));
        if parts.is_empty() {
            return self.missing(about);
        }
        Judgement::all(parts)
    }

    fn runs(&self, about: &About<'_>) -> Vec<Judgement> {
        if self.creator.is_some() {
            return Vec::new();
        }
        let mut newest: BTreeMap<u64, (u8, &CheckRun)> = BTreeMap::new();
        for run in about.checked.runs.iter().filter(|run| self.is(run)) {
            let Some(weight) = about.weight(&run.commit) else {
                continue;
            };
            let place = newest.entry(run.app).or_insert((weight, run));
            let order =
                |(weight, run): &(u8, &CheckRun)| (*weight, !run.is_over(), run.started, run.id);
            if order(&(weight, run)) > order(place) {
                *place = (weight, run);
            }
        }
        let runs = newest.into_values();
        runs.map(|(_, run)| self.judge_run(run, about)).collect()
    }

    fn is(&self, run: &CheckRun) -> bool {
        // A number names one app, a slug may be anybody's choice: one that is made of digits is no number.
        let is_number = |app: &String| app.bytes().all(|it| it.is_ascii_digit());
        let by = |app: &String| match is_number(app) {
            true => *app == run.app.to_string(),
            false => *app == run.app_name,
        };
        run.name == self.name && self.app.as_ref().is_none_or(by)
    }

    fn judge_run(&self, run: &CheckRun, about: &About<'_>) -> Judgement {
        let who = format!("`{}` of {}", run.name, run.app_name);
        let place = about.place(&run.commit);
        let (verdict, says) = match (run.is_over(), run.conclusion.as_str()) {
            (false, _) if about.is_own(run) => {
                let on = format!(
                    "`{}`, a job of this very run: let this job need it",
                    run.name
                );
                (Verdict::pending(None, on), "has not ended")
            }
            (false, _) => (Verdict::pending(None, who.clone()), "has not ended"),
            (true, "success") => (Verdict::Pass, "succeeded"),
            (true, "neutral") => (Verdict::Pass, "is neutral"),
            (true, "skipped") if self.skipped => (Verdict::Pass, "was skipped, which counts here"),
            (true, "skipped") => (Verdict::Fail, "was skipped"),
            (true, "failure") => (Verdict::Fail, "failed"),
            (true, "cancelled") => (Verdict::Fail, "was cancelled"),
            (true, "timed_out") => (Verdict::Fail, "ran out of time"),
            (true, "action_required") => (Verdict::Fail, "wants a person to act"),
            (true, "startup_failure") => (Verdict::Fail, "could not begin"),
            (true, "stale") => {
                let why = format!("{who} never ended, and was given up");
                (
                    Verdict::unknown(Lack::Soon, why),
                    "never ended, and was given up",
                )
            }
            (true, _) => {
                let why = format!("{who} ended in a way that nobody here knows");
                (
                    Verdict::unknown(Lack::Lasting, why),
                    "ended in a way that nobody here knows",
                )
            }
        };
        let because = vec![Reason::linked(format!("{who} {says}{place}"), run.link())];
        Judgement { verdict, because }
    }

    fn statuses(&self, about: &About<'_>) -> Option<Judgement> {
        let by = |status: &&CommitStatus| {
            let creator = self.creator.as_ref();
            creator.is_none_or(|creator| *creator == status.creator)
        };
        let here = about.checked.statuses.iter();
        let here = here.filter(|it| it.context == self.name && self.app.is_none());
        let here = here.filter_map(|it| Some((about.weight(&it.commit)?, it)));
        let newest = here
            .max_by_key(|(weight, it)| (*weight, it.updated, it.id))?
            .1;
        // One of somebody else that is newer hides that of the one who counts: that is no yes.
        if !by(&newest) {
            let why = format!(
                "the newest status `{}` is not of {}",
                self.name,
                self.creator.as_deref().unwrap_or_default()
            );
            return Some(Judgement::unknown(Lack::Soon, why));
        }
        let who = format!("the status `{}`", self.name);
        let (verdict, says) = match newest.state.as_str() {
            "success" => (Verdict::Pass, "says success"),
            "pending" => (Verdict::pending(None, who.clone()), "is pending"),
            "failure" => (Verdict::Fail, "says failure"),
            "error" => (Verdict::Fail, "says error"),
            "warning" => (Verdict::Fail, "says warning"),
            _ => {
                let why = format!("{who} says what nobody here knows");
                (
                    Verdict::unknown(Lack::Lasting, why),
                    "says what nobody here knows",
                )
            }
        };
        let text = format!("{who} {says}{}", about.place(&newest.commit));
        let because = vec![Reason::linked(text, newest.url.as_ref())];
        Some(Judgement { verdict, because })
    }

    /// That nobody reports it is told with what is reported: it may be a slip of the pen.
    fn missing(&self, about: &About<'_>) -> Judgement {
        let runs = about.checked.runs.iter();
        let runs = runs.filter(|it| about.weight(&it.commit).is_some());
        let names = runs.map(|it| it.name.as_str());
        let statuses = about.checked.statuses.iter().map(|it| it.context.as_str());
        let known: BTreeSet<&str> = names.chain(statuses).collect();
        let by = self.app.as_ref().or(self.creator.as_ref());
        let by = by.map(|by| format!(" of {by}")).unwrap_or_default();
        let near = crate::config::did_you_mean(&self.name, known.iter().copied());
        let there = match (known.is_empty(), near) {
            (true, _) => "nothing is reported there yet".to_owned(),
            (false, Some(near)) => near,
            (false, None) => {
                let shown: Vec<String> = known
                    .iter()
                    .take(SHOWN)
                    .map(|it| format!("`{it}`"))
                    .collect();
                format!("there are {}", shown.join(", "))
            }
        };
        Judgement::unknown(
            Lack::Soon,
            format!(
                "no check and no status `{}`{by} is reported for {}: {there}",
                self.name,
                short(about.commit)
            ),
        )
    }
}
