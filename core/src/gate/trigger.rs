//! `trigger`: what started the run.
//!
//! Code of a fork is never deployed. Three events run with the repository's own rights and secrets on what somebody else may
//! have written (`pull_request_target`, `workflow_run`, `issue_comment`): nothing is deployed by them unless a gate names the
//! event, and even then only where it is known that no fork is behind it. That much holds for every deploy, with or without
//! this gate.

use super::{Evidence, Judgement, Lack, Subject};

/// What may start a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Events, in the platform's words; empty: all but the three.
    pub events: Vec<String>,
    /// Patterns of branches.
    pub branches: Vec<String>,
    /// Patterns of tags.
    pub tags: Vec<String>,
}

/// Events with the repository's rights, on what somebody else may have written.
pub const DANGEROUS: [&str; 3] = ["pull_request_target", "workflow_run", "issue_comment"];

impl Trigger {
    /// Whether what started the run may.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence) -> Judgement {
        let subject = &evidence.subject;
        Judgement::all(vec![
            self.judge_event(subject),
            judge_fork(subject),
            self.judge_ref(subject),
        ])
    }

    fn judge_event(&self, subject: &Subject) -> Judgement {
        let event = subject.event.as_str();
        let named = self.events.iter().any(|it| it == event);
        let what = if event.is_empty() {
            "a person's command".to_owned()
        } else {
            format!("`{event}`")
        };
        if !named && !self.events.is_empty() {
            return Judgement::fail(format!(
                "{what} started the run, and only {} may",
                listed(&self.events)
            ));
        }
        if !named && DANGEROUS.contains(&event) {
            return Judgement::fail(format!(
                "{what} started the run: it has the repository's rights, and may be about what somebody else wrote; deploy on `push`, or name it in a gate: `trigger: {{ events: [{event}] }}`"
            ));
        }
        if event != "workflow_run" {
            return Judgement::pass(format!("{what} started the run"));
        }
        match &subject.upstream {
            Some(upstream) if upstream.conclusion != "success" => Judgement::fail(format!(
                "the run that started this one ended with `{}`",
                upstream.conclusion
            )),
            Some(upstream) if upstream.event.starts_with("pull_request") => {
                Judgement::fail(format!(
                    "the run that started this one was itself started by `{}`: what it was about is not merged",
                    upstream.event
                ))
            }
            Some(_) => Judgement::pass("a run that succeeded started this one"),
            None => Judgement::unknown(
                Lack::Lasting,
                "the event does not say what started this run",
            ),
        }
    }

    fn judge_ref(&self, subject: &Subject) -> Judgement {
        if self.branches.is_empty() && self.tags.is_empty() {
            return Judgement {
                verdict: super::Verdict::Pass,
                because: Vec::new(),
            };
        }
        let fits = |patterns: &[String], name: &Option<String>| {
            let name = name.as_deref();
            name.is_some_and(|name| patterns.iter().any(|it| matches(it, name)))
        };
        match (&subject.tag, &subject.branch) {
            (Some(tag), _) if fits(&self.tags, &subject.tag) => {
                Judgement::pass(format!("the tag is `{tag}`"))
            }
            (None, Some(branch)) if fits(&self.branches, &subject.branch) => {
                Judgement::pass(format!("the branch is `{branch}`"))
            }
            (None, None) => Judgement::unknown(
                Lack::Lasting,
                "nobody knows which branch or tag this run is of",
            ),
            (tag, branch) => {
                let is = tag.as_ref().or(branch.as_ref()).map_or("", String::as_str);
                let may: Vec<String> = self.branches.iter().chain(&self.tags).cloned().collect();
                Judgement::fail(format!(
                    "this run is of `{is}`, and only {} may be deployed",
                    listed(&may)
                ))
            }
        }
    }
}

fn judge_fork(subject: &Subject) -> Judgement {
    let foreign =
        subject.event.starts_with("pull_request") || DANGEROUS.contains(&subject.event.as_str());
    match subject.fork {
        Some(true) => Judgement::fail("it comes from a fork: code of a fork is not deployed"),
        None if foreign => Judgement::unknown(
            Lack::Lasting,
            "the event does not say whether it comes from a fork",
        ),
        Some(false) | None => Judgement {
            verdict: super::Verdict::Pass,
            because: Vec::new(),
        },
    }
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|it| format!("`{it}`")).collect();
    names.join(", ")
}

/// `*` is anything but a slash, `**` anything at all.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut starts = vec![(pattern, name)];
    // Each pair is looked at once: patterns are a user's, names are anybody's.
    let mut seen = std::collections::BTreeSet::new();
    while let Some((pattern, name)) = starts.pop() {
        if !seen.insert((pattern.len(), name.len())) {
            continue;
        }
        if let Some(rest) = pattern.strip_prefix("**") {
            starts.push((rest, name));
            let mut after = name.chars();
            if after.next().is_some() {
                starts.push((pattern, after.as_str()));
            }
        } else if let Some(rest) = pattern.strip_prefix('*') {
            starts.push((rest, name));
            let mut after = name.chars();
            if after.next().is_some_and(|c| c != '/') {
                starts.push((pattern, after.as_str()));
            }
        } else {
            let (mut wanted, mut is) = (pattern.chars(), name.chars());
            match (wanted.next(), is.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b => starts.push((wanted.as_str(), is.as_str())),
                (_, _) => {}
            }
        }
    }
    false
}
