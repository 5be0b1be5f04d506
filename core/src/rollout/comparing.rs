//! Comparing: while a canary has a share of the traffic, its errors are judged beside those of the version that serves, in
//! the same seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::baking::share;
use super::{Fault, FaultCode, Fleet, Life, Rollout, Traffic};
use crate::analysis::{Basis, Counts, Errors, Finding, Margin, Numbers, Pair, Verdict};
use crate::spec::InstanceId;

/// What a canary's steps are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// How many more of its requests may go wrong, and how sure one has to be.
    pub errors: Margin,
    /// Milliseconds that a step may wait for a verdict after its pause.
    pub deadline: u64,
}

impl Rollout {
    /// A share has just been given, or another one.
    pub(super) fn begin_comparing(&mut self) {
        let Some(comparison) = &self.plan.comparison else {
            return;
        };
        match &mut self.trial {
            Some(trial) => trial.begin_step(self.now),
            trial @ None => *trial = Some(Errors::new(self.now, comparison.errors)),
        }
    }

    /// Takes in one look at how both versions live.
    pub(super) fn compare(&mut self, lives: &BTreeMap<InstanceId, Life>) {
        let now = self.now;
        let candidate = counts_of(&self.plan.new, lives);
        let baseline = self.plan.old.as_ref().map(|old| counts_of(old, lives));
        let Some(trial) = &mut self.trial else { return };
        match (candidate, baseline) {
            (Ok((candidate, epoch)), Some(Ok((baseline, other)))) => {
                let pair = Pair {
                    candidate,
                    baseline,
                };
                trial.observe(now, epoch.wrapping_mul(31).wrapping_add(other), pair);
            }
            (Err(id), _) | (_, Some(Err(id))) => {
                trial.unseen(&format!("the router did not say what {id} answered"));
            }
            (Ok(_), None) => {}
        }
    }

    /// That the new version is worse, where there is evidence for it.
    pub(super) fn is_worse(&self) -> Option<Fault> {
        let finding = self.trial.as_ref()?.finding();
        (finding.verdict == Verdict::Fail).then(|| Fault {
            code: FaultCode::Worse,
            instance: None,
            seen: told(&finding),
        })
    }

    /// Why a step cannot end yet; `None`: nothing is compared, or there is evidence that it is no worse.
    pub(super) fn undecided(&self) -> Option<String> {
        let finding = self.trial.as_ref()?.finding();
        match &finding.verdict {
            Verdict::Pass => None,
            Verdict::Fail => Some(told(&finding)),
            Verdict::Inconclusive(why) => Some(format!("{why}: {}", told(&finding))),
        }
    }

    /// What the comparison says so far.
    pub(super) fn compared(&self) -> Option<String> {
        Some(told(&self.trial.as_ref()?.finding()))
    }
}

/// What a fleet answered since it was admitted, and a number that changes when the counting starts anew; the instance of
/// which that is not known.
fn counts_of(
    fleet: &Fleet,
    lives: &BTreeMap<InstanceId, Life>,
) -> Result<(Counts, u64), InstanceId> {
    let mut all = (Counts::default(), 0_u64);
    for member in &fleet.members {
        let life = lives.get(&member.id);
        let Traffic {
            attempts,
            good,
            epoch,
            ..
        } = life.and_then(|life| life.traffic).ok_or(member.id)?;
        let its = Counts::new(attempts, attempts.saturating_sub(good));
        all = (all.0.plus(its), all.1.wrapping_mul(31).wrapping_add(epoch));
    }
    Ok(all)
}

/// A finding, in words and numbers.
fn told(finding: &Finding) -> String {
    match &finding.basis {
        Basis::Errors(numbers) => errors(numbers, &finding.verdict),
        Basis::Latency(_) | Basis::Metric { .. } => String::new(),
    }
}

fn errors(numbers: &Numbers, verdict: &Verdict) -> String {
    // A fail is of the whole rollout, everything else of this step.
    let judged = numbers.failed.unwrap_or(Pair {
        candidate: numbers.candidate,
        baseline: numbers.baseline,
    });
    let (evidence, that) = match verdict {
        Verdict::Fail => (numbers.worse, "it is worse by more than is tolerated"),
        Verdict::Pass | Verdict::Inconclusive(_) => (
            numbers.not_worse,
            "it is not worse by more than is tolerated",
        ),
    };
    let tolerated = numbers.tolerated.0;
    let confidence = numbers.confidence.0;
    let more = match (verdict, numbers.more) {
        (Verdict::Inconclusive(_), Some(more)) => {
            format!("; about {more} more of its requests are needed")
        }
        (Verdict::Pass | Verdict::Fail | Verdict::Inconclusive(_), _) => String::new(),
    };
    format!(
        "{} of the new version's requests and {} of the old one's in the same seconds got no good answer; {} % of the evidence that {that} ({}.{} points, at {}.{} %){more}",
        of(judged.candidate),
        of(judged.baseline),
        evidence.percent(),
        tolerated / 10,
        tolerated % 10,
        confidence / 10,
        confidence % 10,
    )
}

/// `3 of 250 (1.2 %)`
fn of(counts: Counts) -> String {
    let Counts { requests, bad } = counts;
    format!("{bad} of {requests} ({})", share(bad, requests))
}
