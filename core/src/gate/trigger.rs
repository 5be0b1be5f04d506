//! `trigger`: what started the run.
//!
//! Code of a fork is never deployed. Three events run with the repository's own rights and secrets on what somebody else may
//! have written (`pull_request_target`, `workflow_run`, `issue_comment`): nothing is deployed by them unless a gate names the
//! event, and even then only where it is known that no fork is behind it. That much holds for every deploy, with or without
//! this gate, and whoever overrides it: [`guard`] asks it once more, and cannot be overridden.

use super::{Evidence, Gate, Judgement, Kind, Lack, Subject, short};

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
pub const DANGEROUS: [&str; 3] = ["pull_request_target", WORKFLOW_RUN, "issue_comment"];

/// Another run has ended.
const WORKFLOW_RUN: &str = "workflow_run";

/// Whether what started the run may be about what somebody else wrote.
#[must_use]
pub fn is_foreign(event: &str) -> bool {
    event.starts_with("pull_request") || DANGEROUS.contains(&event)
}

/// Whether every deploy of such a run has the guard, whatever is configured.
#[must_use]
pub fn is_guarded(event: &str, fork: Option<bool>) -> bool {
    is_foreign(event) || fork == Some(true)
}

/// The gate of every deploy by such an event, or of what is known to be a fork's, beside those that are configured: what it asks nobody overrides. One that is
/// configured can let such an event in, by its name, and can ask for more.
#[must_use]
pub fn guard(gates: &[Gate], event: &str, fork: Option<bool>) -> Option<Gate> {
    if !is_guarded(event, fork) {
        return None;
    }
    let named = gates.iter().any(|it| names(it, event));
    let mut flat = gates.iter().flat_map(super::flat);
    let name = if flat.any(|it| it.name == GUARD) {
        format!("{GUARD}-of-the-run")
    } else {
        GUARD.to_owned()
    };
    let events = named.then(|| event.to_owned());
    let trigger = Trigger {
        events: events.into_iter().collect(),
        ..Trigger::default()
    };
    Some(Gate {
        name,
        kind: Kind::Trigger(trigger),
        may_override: false,
    })
}

/// Whether a gate lets this event in by its name. What stands under a `not` keeps it out.
fn names(gate: &Gate, event: &str) -> bool {
    match &gate.kind {
        Kind::Trigger(it) => it.events.iter().any(|it| it == event),
        Kind::All(gates) | Kind::Any(gates) => gates.iter().any(|it| names(it, event)),
        Kind::Not(_)
        | Kind::Checks(_)
        | Kind::Reviews(_)
        | Kind::Sessions(_)
        | Kind::Findings(_)
        | Kind::Tests(_)
        | Kind::Approval(_)
        | Kind::After(_)
        | Kind::Freeze(_)
        | Kind::Image(_)
        | Kind::Fresh
        | Kind::Breaker(_)
        | Kind::Command(_) => false,
    }
}

/// The guard's name, where no other gate has it.
const GUARD: &str = "trigger";

impl Trigger {
    /// Whether what started the run may.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence) -> Judgement {
        let subject = &evidence.subject;
        Judgement::all(vec![
            self.judge_event(subject),
            judge_upstream(evidence),
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
        Judgement::pass(format!("{what} started the run"))
    }

    fn judge_ref(&self, subject: &Subject) -> Judgement {
        if self.branches.is_empty() && self.tags.is_empty() {
            return silent_pass();
        }
        if subject.event == WORKFLOW_RUN {
            return self.judge_upstream_branch(subject);
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

    /// Such a run is always of the default branch, whatever the other one was of. That the other one was of a tag nothing says.
    fn judge_upstream_branch(&self, subject: &Subject) -> Judgement {
        let upstream = subject.upstream.as_ref();
        let branch = upstream.map(|it| it.branch.as_str()).unwrap_or_default();
        if branch.is_empty() {
            return Judgement::unknown(
                Lack::Lasting,
                "the event does not say which branch the run that started this one was of",
            );
        }
        if self.branches.iter().any(|it| matches(it, branch)) {
            return Judgement::pass(format!("the branch is `{branch}`"));
        }
        let only = match self.branches.as_slice() {
            [] => "this event does not tell tags from branches".to_owned(),
            branches => format!("only {} may be deployed", listed(branches)),
        };
        Judgement::fail(format!(
            "the run that started this one was of `{branch}`, and {only}"
        ))
    }
}

/// Another run that started this one has to have succeeded, and with the very commit that is deployed.
fn judge_upstream(evidence: &Evidence) -> Judgement {
    let subject = &evidence.subject;
    if subject.event != WORKFLOW_RUN {
        return silent_pass();
    }
    let Some(upstream) = &subject.upstream else {
        return Judgement::unknown(
            Lack::Lasting,
            "the event does not say what started this run",
        );
    };
    if upstream.conclusion != "success" {
        return Judgement::fail(format!(
            "the run that started this one ended with `{}`",
            upstream.conclusion
        ));
    }
    if upstream.event.starts_with("pull_request") {
        return Judgement::fail(format!(
            "the run that started this one was itself started by `{}`: what it was about is not merged",
            upstream.event
        ));
    }
    match evidence.commit() {
        Err(judgement) => judgement,
        Ok(_) if upstream.commit.is_empty() => Judgement::unknown(
            Lack::Lasting,
            "the event does not say which commit the run that started this one was about",
        ),
        Ok(commit) if commit == upstream.commit => {
            Judgement::pass("a run of this commit that succeeded started this one")
        }
        Ok(commit) => Judgement::fail(format!(
            "the run that started this one was about {}, and this would deploy {}: what is newer brings a run of its own; to deploy the other one name its image with `image`",
            short(&upstream.commit),
            short(commit)
        )),
    }
}

fn judge_fork(subject: &Subject) -> Judgement {
    let foreign = is_foreign(&subject.event);
    match subject.fork {
        Some(true) => Judgement::fail("it comes from a fork: code of a fork is not deployed"),
        None if foreign => Judgement::unknown(
            Lack::Lasting,
            "the event does not say whether it comes from a fork",
        ),
        Some(false) | None => silent_pass(),
    }
}

/// There is nothing to say against it.
const fn silent_pass() -> Judgement {
    Judgement {
        verdict: super::Verdict::Pass,
        because: Vec::new(),
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
