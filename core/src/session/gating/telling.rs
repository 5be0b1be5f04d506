//! What is said where gates do not let a run go on, and what is remembered where they do.

use super::super::Session;
use crate::gate::{self, Judged, Verdict, Want};
use crate::ledger::Decided;
use crate::protocol::Outcome;
use crate::report::{self, Decision};

/// Reasons of one gate that are told in a sentence.
const MOST: usize = 6;

impl Session {
    /// The gates do not let it go on.
    pub(super) fn end_at_gates(&mut self, verdict: &Verdict) {
        let Some(gating) = self.gating.as_ref() else {
            return;
        };
        // What was not asked holds nothing up.
        let holding = |it: &&Judged| {
            let counts = it.counts();
            counts.rank() == verdict.rank() && !counts.is_unasked()
        };
        let holding: Vec<Judged> = gating.judged.iter().filter(holding).cloned().collect();
        let because: Vec<String> = holding.iter().map(sentence).collect();
        let missing = gating.evidence.missing();
        let code = missing
            .iter()
            .map(|it| it.code)
            .find(|it| *it != "gate-unknown");
        let mut next: Vec<String> = missing.iter().filter_map(|it| it.next.clone()).collect();
        next.dedup();
        let overtaken = !holding.is_empty() && holding.iter().all(|it| it.kind == "fresh");
        let (outcome, reason) = match verdict {
            Verdict::Fail if overtaken => (Outcome::Superseded, "newer-on-its-way"),
            Verdict::Fail => (Outcome::Rejected, "gate-failed"),
            Verdict::Pending { .. } => (Outcome::Held, "gate-pending"),
            Verdict::Unknown { .. } | Verdict::Pass => {
                (Outcome::Failed, code.unwrap_or("gate-unknown"))
            }
        };
        let way_past = self.way_past(&holding);
        match outcome {
            Outcome::Superseded => {
                next = vec!["nothing: what is newer brings a run of its own".to_owned()];
            }
            Outcome::Held => {
                next = vec![when(verdict)];
                next.extend(way_past);
            }
            _ if next.is_empty() => {
                next.push("put right what is said above and run it again".to_owned());
                next.extend(way_past);
            }
            _ => next.extend(way_past),
        }
        self.finish(outcome, reason, because, next);
    }

    /// What the gates would say to a deploy now.
    pub(in super::super) fn gates_of_a_plan(&self) -> Option<String> {
        let judged = &self.gating.as_ref()?.judged;
        let (now, best) = (gate::verdict(judged), gate::at_best(judged));
        if best == Verdict::Pass {
            let words = if now == Verdict::Pass {
                "the gates say yes"
            } else {
                "the gates say yes, as far as they were asked: what runs code is asked by the deploy"
            };
            return Some(words.to_owned());
        }
        let holding = judged.iter().filter(|it| {
            let counts = it.counts();
            counts.rank() == best.rank() && !counts.is_unasked()
        });
        let holding: Vec<String> = holding.map(sentence).collect();
        Some(format!(
            "as things are, the gates would not let it go on: {}",
            holding.join("; ")
        ))
    }

    /// How a person takes it on themselves, where that is allowed.
    fn way_past(&self, holding: &[Judged]) -> Option<String> {
        let gates = &self.gating.as_ref()?.gates;
        let may = |name: &str| {
            let mut gates = gates.iter();
            gates.any(|it| it.name == name && it.can_be_overridden())
        };
        let names: Vec<&str> = holding.iter().map(|it| it.name.as_str()).collect();
        let all = !names.is_empty() && names.iter().all(|name| may(name));
        let names = names.join(",");
        all.then(|| {
            format!("a person can take it on themselves: `override: {names}` with a `reason`, which is recorded")
        })
    }

    /// What the gates said goes into the ledger and the report.
    pub(in super::super) fn remember_gates(&mut self) {
        let Some(judged) = self.gating.as_ref().map(|it| it.judged.clone()) else {
            return;
        };
        let because: Vec<String> = judged.iter().map(sentence).collect();
        let (at, decision) = (self.now, "go on".to_owned());
        self.report.decisions.push(Decision {
            at,
            phase: "gates".to_owned(),
            decision,
            because: because.clone(),
        });
        let reason = self.request().reason.clone().unwrap_or_default();
        let flat = judged.iter().flat_map(Judged::flat);
        let overridden = flat.filter_map(|it| Some((it.name.clone(), it.overridden.clone()?)));
        let overridden: Vec<(String, String)> = overridden.collect();
        for (name, words) in &overridden {
            let text = format!("the gate `{name}` was overridden by {words}");
            self.report.troubles.push(text);
        }
        if let Some(memory) = self.memory.as_mut() {
            for (name, _) in &overridden {
                memory.overridden(at, name, &reason);
            }
            let (phase, decision) = ("gates".to_owned(), "go on".to_owned());
            let decided = Decided {
                phase,
                decision,
                because,
            };
            memory.decided(at, decided);
        }
    }
}

/// A gate, its verdict and what it rests on.
fn sentence(judged: &Judged) -> String {
    let flat = judged.flat();
    let texts = flat.iter().flat_map(|it| &it.because);
    let mut texts: Vec<&str> = texts.map(|it| it.text.as_str()).collect();
    let more = texts.len().saturating_sub(MOST);
    texts.truncate(MOST);
    let mut text = texts.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    let name = &judged.name;
    match (&judged.overridden, &judged.verdict) {
        (Some(words), _) => format!("gate `{name}`: overridden by {words}"),
        (None, Verdict::Pending { on, .. }) => {
            format!("gate `{name}`: pending on {on}: {text}")
        }
        (None, verdict) => format!("gate `{name}`: {}: {text}", verdict.word()),
    }
}

/// In a few words.
pub(super) fn short(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => "yes".to_owned(),
        Verdict::Fail => "no".to_owned(),
        Verdict::Pending { on, until } => {
            let until = until.map(|until| format!(", until {}", report::when(until)));
            format!("{on}{}", until.unwrap_or_default())
        }
        Verdict::Unknown { why, .. } => why.clone(),
    }
}

fn when(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pending {
            until: Some(until),
            on,
        } => format!(
            "run it again after {}: it waits for {on}",
            report::when(*until)
        ),
        Verdict::Pending { until: None, on } => {
            format!("it waits for {on}; then run it again, or give it time with `wait`")
        }
        Verdict::Pass | Verdict::Fail | Verdict::Unknown { .. } => "run it again".to_owned(),
    }
}

/// What is asked for, for people.
pub(super) fn asked(want: &Want) -> String {
    match want {
        Want::File(path) => path.clone(),
        Want::Checks(names) => format!("the checks {}", names.join(", ")),
        Want::Reviews => "reviews".to_owned(),
        Want::Approvals => "approvals of this run".to_owned(),
        Want::Alerts(_) => "code scanning".to_owned(),
        Want::Tip => "what is newest".to_owned(),
        Want::Command(gate) => format!("the command of {gate}"),
        Want::Session(name) => format!("the nox session {name}"),
        Want::Proof(environment) => format!("the proof of {environment} in the image's registry"),
        Want::Image => "the image".to_owned(),
        Want::Ledger => "the ledger".to_owned(),
    }
}
