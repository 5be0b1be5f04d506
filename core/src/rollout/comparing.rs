//! Comparing: while a canary has a share of the traffic, what comes of its requests is judged beside what comes of those of the
//! version that serves, in the same seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Action, ActionId, Event, Fault, FaultCode, Fleet, Happening, Life, Phase, Rollout, Share, Step,
    Traffic,
};
use crate::analysis::{
    BOUNDS, Counts, Finding, Kind, LatencyRule, Margin, MetricRule, Pair, Real, Times, Trial,
    Verdict, Why,
};
use crate::protocol::Timestamp;
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
    /// Values that have to be within limits.
    #[serde(default)]
    pub metrics: Vec<Metered>,
    /// Milliseconds that a step may wait for a verdict after its pause.
    pub deadline: u64,
}

/// A metric, and how often it is read. Where it is asked for, whoever carries that out knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Metered {
    /// What is asked of its values.
    pub rule: MetricRule,
    /// Milliseconds between two readings.
    pub every: u64,
}

/// The readings of one metric: the next, and the one that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reading {
    pub(super) next: Timestamp,
    pub(super) under_way: Option<ActionId>,
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
                let metrics = comparison.metrics.iter().map(|it| it.rule.clone());
                *trial = Some(Trial::new(
                    self.now,
                    comparison.errors,
                    comparison.latency,
                    metrics,
                ));
            }
        }
    }

    /// The first reading of each is as long after a change of shares as two are apart: what was before says nothing of it.
    pub(super) fn readings(&self) -> Vec<Reading> {
        let metrics = self.plan.comparison.iter().flat_map(|it| &it.metrics);
        let reading = |metric: &Metered| Reading {
            next: self.now.plus(metric.every),
            under_way: None,
        };
        metrics.map(reading).collect()
    }

    /// Asks for each metric whose time has come.
    pub(super) fn measure(&mut self) {
        let now = self.now;
        let Phase::Baking(baking) = &self.phase else {
            return;
        };
        let due = baking.readings.iter().enumerate();
        let due = due.filter(|(_, it)| it.under_way.is_none() && it.next <= now);
        let due: Vec<usize> = due.map(|(at, _)| at).collect();
        for at in due {
            let every = self
                .plan
                .comparison
                .as_ref()
                .and_then(|it| it.metrics.get(at));
            let every = every.map_or(MEASURED, |it| it.every);
            let id = self.ask(Action::Measure(at));
            if let Phase::Baking(baking) = &mut self.phase
                && let Some(reading) = baking.readings.get_mut(at)
            {
                reading.under_way = Some(id);
                reading.next = now.plus(every);
            }
        }
    }

    /// Takes in the value of a metric.
    pub(super) fn measured(&mut self, at: usize, value: Result<Real, Why>) {
        let metric = self.trial.as_mut().and_then(|it| it.metrics.get_mut(at));
        if let Some(metric) = metric {
            metric.observe(value);
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

    /// Tells what it has come to.
    pub(super) fn tell_comparison(&mut self) {
        let Some(trial) = &self.trial else { return };
        let what = Happening::Compared(self.share(), trial.findings());
        self.events.push(Event { at: self.now, what });
    }

    /// The share of the traffic that the new version has now.
    pub(super) fn share(&self) -> Share {
        let steps = self.plan.steps();
        let mut before = steps.iter().take(self.step).rev();
        before
            .find_map(|step| match step {
                Step::Shift(share) => Some(*share),
                Step::Begin
                | Step::Withdraw { .. }
                | Step::Start { .. }
                | Step::Join
                | Step::Hook(_)
                | Step::Prove
                | Step::Wait
                | Step::Pause
                | Step::Bake
                | Step::Commit => None,
            })
            .unwrap_or(Share(0))
    }

    /// That the new version is worse, where there is evidence for it.
    pub(super) fn is_worse(&self) -> Option<Fault> {
        let findings = self.trial.as_ref()?.findings();
        let failed = findings.iter().find(|it| it.verdict == Verdict::Fail)?;
        Some(Fault {
            code: match failed.kind {
                Kind::Errors => FaultCode::Worse,
                Kind::Latency => FaultCode::Slower,
                Kind::Metric(_) => FaultCode::Metric,
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

/// Milliseconds between two readings of a metric that says nothing of it.
const MEASURED: u64 = 10_000;
