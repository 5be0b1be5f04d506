//! How many requests a verdict takes, before there are any: what a plan says about a step.
//!
//! The mean gain of a bet at given rates is known, so the evidence is on its way there after (what is needed) / (the gain of a request).
//! Half of all rollouts are decided earlier than that, half later, by about a third of it.

use serde::{Deserialize, Serialize};

use super::bets::{Belief, Bet, NOT_WORSE, WORSE};
use super::real::ln;
use super::streams::{Margin, not_worse, share, worse};
use crate::config::Permille;

/// Requests of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Needed {
    /// For a pass, where both versions are equal; `None`: that is never proven (nothing is tolerated).
    pub pass: Option<u64>,
    /// For a fail, where the candidate is so much worse; `None`: that is tolerated.
    pub fail: Option<u64>,
}

/// What a step's time is enough for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Feasible {
    /// A pass is to be expected after so many milliseconds.
    After(u64),
    /// It would take longer than the step may: a longer step or a larger weight is needed, or blue-green.
    TooLong(u64),
    /// There is no traffic, or nothing is tolerated: no time is enough.
    Never,
}

/// The requests that a step takes, where the baseline's rate of bad ones is `baseline` millionths, the candidate gets this share of all
/// requests, and a candidate that is worse by `worse` is to be found.
#[must_use]
pub fn needed(margin: Margin, baseline: u64, weight: Permille, worse_by: Permille) -> Needed {
    let ratio = ratio(weight);
    let rate = millionths(baseline);
    let needed = margin.needed();
    let pass = until(needed - ln(NOT_WORSE[0].0), margin, rate, ratio);
    Needed {
        pass: pass.map(|requests| requests.max(margin.least)),
        fail: found(margin, rate, (rate + share(worse_by)).min(1.0), ratio),
    }
}

/// How long a pass takes at so many requests in a minute to both versions, in a step that may last so many milliseconds.
#[must_use]
pub fn feasible(needed: Needed, a_minute: u64, weight: Permille, longest: u64) -> Feasible {
    let each = u128::from(a_minute) * u128::from(weight.0);
    let Some(pass) = needed.pass else {
        return Feasible::Never;
    };
    match (u128::from(pass) * 60_000 * 1_000).checked_div(each) {
        None => Feasible::Never,
        Some(millis) => {
            let millis = u64::try_from(millis).unwrap_or(u64::MAX);
            if millis > longest {
                Feasible::TooLong(millis)
            } else {
                Feasible::After(millis)
            }
        }
    }
}

/// Requests of the candidate until so much evidence (as a logarithm) for a pass has come, where both are equal.
pub(super) fn until(evidence: f64, margin: Margin, rate: f64, ratio: f64) -> Option<u64> {
    let belief = Belief {
        baseline: rate.clamp(LOWEST, 1.0 - LOWEST),
        tolerated: margin.tolerated(),
        ratio,
    };
    let gain = NOT_WORSE
        .iter()
        .map(|(_, share)| {
            Bet::on_not_worse(not_worse(belief, *share), belief).growth(rate, rate, ratio)
        })
        .fold(0.0, f64::max);
    requests(evidence, gain)
}

/// Requests of the candidate until it is found to be worse than tolerated.
fn found(margin: Margin, baseline: f64, candidate: f64, ratio: f64) -> Option<u64> {
    let belief = Belief {
        baseline: baseline.clamp(LOWEST, 1.0 - LOWEST),
        tolerated: margin.tolerated(),
        ratio,
    };
    if candidate - baseline <= belief.tolerated {
        return None;
    }
    let each = WORSE.iter().filter_map(|(share, more)| {
        let gain = Bet::on_worse(worse(belief, *more), belief).growth(candidate, baseline, ratio);
        requests(
            margin.needed_to_fail() - ln(share * super::streams::AT_FIRST),
            gain,
        )
    });
    each.min()
}

/// So much evidence at so much for each request; `None`: it does not come.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and a number that is too large becomes the largest"
)]
fn requests(evidence: f64, gain: f64) -> Option<u64> {
    (gain > 1e-12 && evidence.is_finite()).then(|| (evidence.max(0.0) / gain).ceil() as u64)
}

/// Requests of the baseline to each of the candidate.
fn ratio(weight: Permille) -> f64 {
    let weight = f64::from(weight.0.clamp(1, 999));
    (1_000.0 - weight) / weight
}

fn millionths(rate: u64) -> f64 {
    super::bets::number(rate.min(1_000_000)) / 1_000_000.0
}

const LOWEST: f64 = 1e-5;
