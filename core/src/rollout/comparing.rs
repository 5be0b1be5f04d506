//! Comparing: while a canary has a share of the traffic, what comes of its requests is judged beside what comes of those of the
//! version that serves, in the same seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fault, FaultCode, Fleet, Life, Rollout, Traffic};
use crate::analysis::{
    BOUNDS, Counts, Finding, Kind, LatencyRule, Margin, Pair, Times, Trial, Verdict,
};
use crate::spec::InstanceId;

/// What a canary's steps are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// How many more of its requests may go wrong, and how sure one has to be.
    pub errors: Margin,
    /// How much longer they may take; `None`: nobody asks.
    #[serde(default)]
    pub latency: Option<LatencyRule>,
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
            trial @ None => {
                *trial = Some(Trial::new(self.now, comparison.errors, comparison.latency));
            }
        }
    }

    /// Takes in one look at how both versions live.
    pub(super) fn compare(&mut self, lives: &BTreeMap<InstanceId, Life>) {
        let (Some(trial), Some(old)) = (&mut self.trial, &self.plan.old) else {
            return;
        };
        let (new, now) = (&self.plan.new, self.now);
        match (counts_of(new, lives), counts_of(old, lives)) {
            (Ok((candidate, epoch)), Ok((baseline, other))) => {
                let epoch = epoch.wrapping_mul(31).wrapping_add(other);
                let pair = Pair {
                    candidate,
                    baseline,
                };
                trial.errors.observe(now, epoch, pair);
                let Some(latency) = &mut trial.latency else {
                    return;
                };
                match (times_of(new, lives), times_of(old, lives)) {
                    (Ok(candidate), Ok(baseline)) => {
                        latency.observe(now, epoch, candidate, baseline);
                    }
                    (Err(id), _) | (_, Err(id)) => {
                        latency.unseen(&format!("the router did not say how long {id} took"));
                    }
                }
            }
            (Err(id), _) | (_, Err(id)) => {
                let why = format!("the router did not say what {id} answered");
                trial.errors.unseen(&why);
                if let Some(latency) = &mut trial.latency {
                    latency.unseen(&why);
                }
            }
        }
    }

    /// That the new version is worse, where there is evidence for it.
    pub(super) fn is_worse(&self) -> Option<Fault> {
        let findings = self.trial.as_ref()?.findings();
        let failed = findings.iter().find(|it| it.verdict == Verdict::Fail)?;
        Some(Fault {
            code: match failed.kind {
                Kind::Errors | Kind::Metric(_) => FaultCode::Worse,
                Kind::Latency => FaultCode::Slower,
            },
            instance: None,
            seen: failed.to_string(),
        })
    }

    /// Why a step cannot end yet; `None`: nothing is compared, or there is evidence that it is no worse.
    pub(super) fn undecided(&self) -> Option<String> {
        let trial = self.trial.as_ref()?;
        if trial.verdict() == Verdict::Pass {
            return None;
        }
        let findings = trial.findings().into_iter();
        let open = findings.filter(|it| it.verdict != Verdict::Pass);
        let told = open.map(|finding| match &finding.verdict {
            Verdict::Pass | Verdict::Fail => finding.to_string(),
            Verdict::Inconclusive(why) => format!("{why}: {finding}"),
        });
        Some(told.collect::<Vec<_>>().join("; and "))
    }

    /// What the comparison says so far.
    pub(super) fn compared(&self) -> Vec<String> {
        let findings = self.trial.as_ref().map(Trial::findings);
        let findings = findings.iter().flatten();
        findings.map(Finding::to_string).collect()
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

/// How long its answers took; the instance of which that is not known.
fn times_of(fleet: &Fleet, lives: &BTreeMap<InstanceId, Life>) -> Result<Times, InstanceId> {
    let mut all = Times::none(&BOUNDS);
    for member in &fleet.members {
        let its = lives.get(&member.id).and_then(|life| life.times.as_ref());
        all.plus(its.ok_or(member.id)?);
    }
    Ok(all)
}
