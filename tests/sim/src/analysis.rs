//! Monte Carlo of the analysis: many rollouts with known rates, looked at after every request, by seed.
//!
//! The production test of two streams beside what else is in use: a fixed-sample test that is looked at again and again, and a plain threshold. The tables are
//! in `docs/analysis.md`. To add a question: a [`World`], and a row in `analysis/tests.rs`.

use std::collections::VecDeque;

use cd_core::analysis::{Counts, Margin, Pair, Streams, Verdict};
use cd_core::protocol::Timestamp;

/// What is true of a rollout, which the analysis has to find out.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// The candidate's share of bad requests, from [`World::bad_from`] on; before that it is the baseline's.
    pub candidate: f64,
    /// The baseline's.
    pub baseline: f64,
    /// The share of all requests that the candidate gets, by chance.
    pub weight: f64,
    /// Requests of the candidate that are looked at.
    pub horizon: u64,
    /// The request of the candidate from which on it has its own rate.
    pub bad_from: u64,
    /// Both are so many times as bad in every other quarter of an hour, together: a shared database that is not well.
    pub storms: f64,
    /// Milliseconds between two requests. 250: a block of seconds is a few requests.
    pub between: u64,
}

/// When something was found, in requests of the candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The first fail.
    pub fail: Option<u64>,
    /// The first pass.
    pub pass: Option<u64>,
}

/// A judge that sees every request.
pub trait Judge {
    /// Sees one request, and says what it thinks now.
    fn see(&mut self, now: Timestamp, of_candidate: bool, bad: bool) -> Option<bool>;
}

/// The analysis that ships.
#[derive(Debug)]
pub struct Sequential(pub Streams);

/// A test of two proportions for one sample size, at 99 %, that is made again after every request.
#[derive(Debug)]
pub struct Peeking {
    tolerated: f64,
    seen: Pair,
}

/// More bad ones than so many among the candidate's last requests.
#[derive(Debug)]
pub struct Threshold {
    last: VecDeque<bool>,
    bad: usize,
}

/// Chance, by seed: SplitMix64.
#[derive(Clone, Copy, Debug)]
pub struct Chance(pub u64);

impl World {
    /// Both equal, one request in twenty for the candidate, four a second.
    #[must_use]
    pub const fn equal(rate: f64) -> Self {
        Self {
            candidate: rate,
            baseline: rate,
            weight: 0.05,
            horizon: 20_000,
            bad_from: 0,
            storms: 1.0,
            between: 250,
        }
    }

    /// Lives through one rollout. It ends at the first fail, or after the first pass where `until_pass`.
    pub fn live(&self, seed: u64, judge: &mut impl Judge, until_pass: bool) -> Found {
        let mut chance = Chance(seed);
        let mut found = Found::default();
        let (mut candidates, mut now) = (0, 0);
        let weight = parts(self.weight);
        while candidates < self.horizon {
            now += self.between;
            // One number for both questions: its low bits for whom it is of, its high ones for how it goes.
            let drawn = chance.next();
            let of_candidate = (drawn & 0xFFFF) < weight;
            candidates += u64::from(of_candidate);
            let own = of_candidate && candidates > self.bad_from;
            let storm = (now / 900_000) % 2 == 1;
            let rate = if own { self.candidate } else { self.baseline };
            let rate = if storm { rate * self.storms } else { rate };
            let bad = unit(drawn) < rate;
            match judge.see(Timestamp(now), of_candidate, bad) {
                Some(true) if found.pass.is_none() => {
                    found.pass = Some(candidates);
                    if until_pass {
                        return found;
                    }
                }
                Some(false) => {
                    found.fail = Some(candidates);
                    return found;
                }
                Some(true) | None => {}
            }
        }
        found
    }
}

impl Sequential {
    /// No evidence yet.
    #[must_use]
    pub fn new(margin: Margin) -> Self {
        Self(Streams::new(margin))
    }
}

impl Judge for Sequential {
    fn see(&mut self, now: Timestamp, of_candidate: bool, bad: bool) -> Option<bool> {
        self.0.add(now, one(of_candidate, bad));
        match self.0.verdict() {
            Verdict::Pass => Some(true),
            Verdict::Fail => Some(false),
            Verdict::Inconclusive(_) => None,
        }
    }
}

impl Peeking {
    /// For this tolerated difference.
    #[must_use]
    pub fn new(tolerated: f64) -> Self {
        Self {
            tolerated,
            seen: Pair::default(),
        }
    }
}

impl Judge for Peeking {
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    fn see(&mut self, _: Timestamp, of_candidate: bool, bad: bool) -> Option<bool> {
        self.seen = self.seen.plus(one(of_candidate, bad));
        let Pair {
            candidate,
            baseline,
        } = self.seen;
        // Below this nobody would make it.
        if !of_candidate || candidate.requests < 100 || baseline.requests < 100 {
            return None;
        }
        let (n, m) = (candidate.requests as f64, baseline.requests as f64);
        let (a, b) = (candidate.bad as f64 / n, baseline.bad as f64 / m);
        // The variance is that of the edge: the candidate at the baseline's rate and what is tolerated.
        let edge = (b + self.tolerated).min(1.0);
        let error = (edge * (1.0 - edge) / n + b * (1.0 - b) / m).sqrt();
        let above = a - b - self.tolerated;
        (error > 0.0 && above > QUANTILE_99 * error).then_some(false)
    }
}

impl Threshold {
    /// No requests yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            last: VecDeque::with_capacity(WINDOW),
            bad: 0,
        }
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::new()
    }
}

impl Judge for Threshold {
    fn see(&mut self, _: Timestamp, of_candidate: bool, bad: bool) -> Option<bool> {
        if !of_candidate {
            return None;
        }
        if self.last.len() == WINDOW {
            self.bad -= usize::from(self.last.pop_front() == Some(true));
        }
        self.last.push_back(bad);
        self.bad += usize::from(bad);
        (self.last.len() == WINDOW && self.bad * 100 > WINDOW * LIMIT).then_some(false)
    }
}

impl Chance {
    /// 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// From 0 to below 1: the high 48 bits.
#[expect(clippy::cast_precision_loss, reason = "48 bits fit")]
fn unit(drawn: u64) -> f64 {
    (drawn >> 16) as f64 / (1_u64 << 48) as f64
}

/// In parts of 65,536.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share"
)]
fn parts(share: f64) -> u64 {
    (share * 65_536.0) as u64
}

fn one(of_candidate: bool, bad: bool) -> Pair {
    let one = Counts::new(1, u64::from(bad));
    let none = Counts::default();
    let (candidate, baseline) = if of_candidate {
        (one, none)
    } else {
        (none, one)
    };
    Pair {
        candidate,
        baseline,
    }
}

/// One-sided.
const QUANTILE_99: f64 = 2.326_347_87;

/// The threshold's: more than 2 % of the last 300, which are a minute of five a second.
const WINDOW: usize = 300;
const LIMIT: usize = 2;

#[cfg(test)]
mod tests;
