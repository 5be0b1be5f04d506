//! The test of two streams of requests: whether the candidate's share of bad ones exceeds the baseline's by more than is tolerated.
//!
//! Two sceptics bet against each other, each with a stake of 1 (`bets.rs`). One doubts that the candidate is as good as tolerated, and what it wins is
//! evidence to fail; the other doubts that it is worse, and what it wins is evidence to pass. Either has proven its case where it has
//! 1/α: with what it doubts true that has a probability of at most α, however often one looks.
//!
//! What makes it hold, and has to stay so: a bet on a block is made of earlier blocks and of the block's sizes only, and when a
//! block ends is decided by times and sizes only. Blocks are of whole seconds, so the order of what comes inside one makes no difference.

use serde::{Deserialize, Serialize};

use super::bets::{Belief, Bet, NOT_WORSE, WORSE, number};
use super::counts::{Counts, Pair};
use super::real::{Real, ln, ln_add};
use super::verdict::{Evidence, Numbers, Verdict, Why};
use crate::config::Permille;
use crate::protocol::Timestamp;

/// What is asked of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Margin {
    /// δ: how much larger the candidate's share of bad requests may be than the baseline's.
    pub tolerated: Permille,
    /// 1 − α, of a fail and of a pass each.
    pub confidence: Permille,
    /// The fewest requests of the candidate in a step that can pass it.
    pub least: u64,
    /// A baseline with a larger share of bad requests than this is sick, and nothing passes beside it.
    pub sick: Permille,
    /// How many such questions share the α of a fail, any of which may answer with one; 1: this one alone.
    pub among: u8,
}

/// The evidence so far. It grows with what is added, and a fail stays.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Streams {
    margin: Margin,
    /// The second of what was added last, and of the first that waits.
    second: u64,
    since: u64,
    /// What belongs to no finished block yet.
    waiting: Pair,
    /// What was judged, in all and in this step.
    judged: Pair,
    step: Pair,
    /// What came in this step of one version without the other in the same minute, and could not be compared.
    unpaired: Pair,
    worse: Worse,
    /// The logarithms of what those of [`NOT_WORSE`] made of 1, in this step.
    better: [Real; NOT_WORSE.len()],
    /// Whether that is enough to pass.
    proven: bool,
    /// What had been judged when it failed.
    failed: Option<Pair>,
}

/// Who doubts that the candidate is as good as tolerated. It does not stake everything at once: a version may go bad later, and whoever
/// bets early against a good one has lost it all by then.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Worse {
    /// The logarithm of what is not staked yet.
    kept: Real,
    /// The logarithms of what those of [`WORSE`] have.
    rows: [Real; WORSE.len()],
    /// Blocks since it began, and how often it staked anew because of them.
    blocks: u32,
    refills: u32,
    /// The logarithm of the most that it ever had.
    most: Real,
}

impl Margin {
    /// ln(1/α): what proves that it is not worse.
    pub(super) fn needed(self) -> f64 {
        -ln(share(Permille(1_000_u16.saturating_sub(self.confidence.0))))
    }

    /// What proves that it is worse.
    pub(super) fn needed_to_fail(self) -> f64 {
        self.needed() + ln(f64::from(self.among.max(1)))
    }

    pub(super) fn tolerated(self) -> f64 {
        share(self.tolerated)
    }
}

impl Streams {
    /// No evidence yet.
    #[must_use]
    pub fn new(margin: Margin) -> Self {
        Self {
            margin,
            second: 0,
            since: 0,
            waiting: Pair::default(),
            judged: Pair::default(),
            step: Pair::default(),
            unpaired: Pair::default(),
            worse: Worse::new(),
            better: NOT_WORSE.map(|(share, _)| Real(ln(share))),
            proven: false,
            failed: None,
        }
    }

    /// What came of both versions, in one look. An empty pair says that the time has come this far.
    pub fn add(&mut self, now: Timestamp, new: Pair) {
        let second = now.0 / 1_000;
        if second > self.second {
            self.close(second);
            self.second = second;
        }
        if self.waiting.is_empty() {
            self.since = self.second;
        }
        self.waiting = self.waiting.plus(new);
    }

    /// The weights change. Evidence that it is worse stays; that it is not worse is asked for anew, since load can bring out what was hidden.
    pub fn begin_step(&mut self) {
        self.end_block();
        self.step = Pair::default();
        self.unpaired = Pair::default();
        self.better = NOT_WORSE.map(|(share, _)| Real(ln(share)));
        self.proven = false;
        self.worse.stake(AT_A_STEP);
    }

    /// What follows from it, now.
    pub fn verdict(&self) -> Verdict {
        if self.failed.is_some() {
            return Verdict::Fail;
        }
        let Counts { requests, .. } = self.step.candidate;
        let seen = self.unpaired.plus(self.waiting);
        let why = if self.step.is_empty() && seen.candidate.requests == 0 {
            Why::NoData
        } else if self.step.is_empty() && seen.baseline.requests == 0 {
            Why::NoBaseline
        } else if over(self.step.baseline, self.margin.sick) {
            Why::SickBaseline
        } else if requests < self.margin.least {
            Why::TooFew {
                have: requests,
                need: self.margin.least,
            }
        } else if self.proven {
            return Verdict::Pass;
        } else {
            Why::Undecided
        };
        Verdict::Inconclusive(why)
    }

    /// What the verdict rests on.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let needed = self.margin.needed();
        Numbers {
            candidate: self.step.candidate,
            baseline: self.step.baseline,
            waiting: self.waiting,
            unpaired: self.unpaired,
            failed: self.failed,
            tolerated: self.margin.tolerated,
            confidence: self.margin.confidence,
            worse: Evidence::of(self.worse.most.0, self.margin.needed_to_fail()),
            not_worse: Evidence::of(self.pro(), needed),
            more: self.more(),
        }
    }

    /// What is asked.
    #[must_use]
    pub const fn margin(&self) -> Margin {
        self.margin
    }

    /// Everything that was judged since the beginning.
    #[must_use]
    pub const fn judged(&self) -> Pair {
        self.judged
    }

    /// A block is over when a new second has begun, and it holds enough of both. What waits for too long is taken as it is, or dropped where
    /// one of the two is missing: it would be compared with other minutes.
    fn close(&mut self, second: u64) {
        let Pair {
            candidate,
            baseline,
        } = self.waiting;
        let enough = candidate.requests >= BLOCK && baseline.requests >= BLOCK;
        if enough || second.saturating_sub(self.since) >= SAME_TIME {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.waiting);
        if block.candidate.requests == 0 || block.baseline.requests == 0 {
            self.unpaired = self.unpaired.plus(block);
        } else {
            self.judge(block);
        }
    }

    fn judge(&mut self, block: Pair) {
        let belief = Belief {
            baseline: thought(self.judged.baseline),
            tolerated: self.margin.tolerated(),
            ratio: number(block.baseline.requests) / number(block.candidate.requests),
        };
        self.worse.bet(belief, block);
        for (worth, (_, share)) in self.better.iter_mut().zip(NOT_WORSE) {
            worth.0 += Bet::on_not_worse(not_worse(belief, share), belief).of(block);
        }
        self.judged = self.judged.plus(block);
        self.step = self.step.plus(block);
        self.proven = self.pro() >= self.margin.needed();
        let worse = self.worse.most.0 >= self.margin.needed_to_fail();
        if self.failed.is_none() && worse && self.judged.candidate.bad >= LEAST_BAD {
            self.failed = Some(self.judged);
        }
    }

    /// The logarithm of the evidence that it is not worse.
    fn pro(&self) -> f64 {
        sum(&self.better)
    }

    /// How many more requests of the candidate a pass of this step takes, should it go on as if both were equal.
    fn more(&self) -> Option<u64> {
        let Pair {
            candidate,
            baseline,
        } = self.step;
        if candidate.requests == 0 || baseline.requests == 0 {
            return None;
        }
        let ratio = number(baseline.requests) / number(candidate.requests);
        let left = self.margin.needed() - self.pro();
        let least = self.margin.least.saturating_sub(candidate.requests);
        super::needed::until(left, self.margin, thought(baseline), ratio)
            .map(|more| more.max(least))
    }
}

impl Worse {
    fn new() -> Self {
        let mut new = Self {
            kept: Real(0.0),
            rows: [Real(f64::NEG_INFINITY); WORSE.len()],
            blocks: 0,
            refills: 0,
            most: Real(0.0),
        };
        new.stake(AT_FIRST);
        new
    }

    /// Stakes this part of what is kept. That makes nothing of nothing: it only moves.
    fn stake(&mut self, part: f64) {
        let staked = self.kept.0 + ln(part);
        self.kept.0 += ln(1.0 - part);
        for (row, (share, _)) in self.rows.iter_mut().zip(WORSE) {
            row.0 = ln_add(row.0, staked + ln(share));
        }
    }

    fn bet(&mut self, belief: Belief, block: Pair) {
        self.blocks = self.blocks.saturating_add(1);
        if self.blocks.is_multiple_of(REFILL) {
            self.refills = self.refills.saturating_add(1);
            self.stake(1.0 / (f64::from(self.refills) + 2.0));
        }
        for (row, (_, more)) in self.rows.iter_mut().zip(WORSE) {
            row.0 += Bet::on_worse(worse(belief, more), belief).of(block);
        }
        let worth = ln_add(self.kept.0, sum(&self.rows));
        if worth > self.most.0 {
            self.most = Real(worth);
        }
    }
}

/// The candidate's rate, for somebody who thinks that it is so much more than tolerated.
pub(super) fn worse(belief: Belief, more: f64) -> f64 {
    (belief.baseline + belief.tolerated + more).min(HIGHEST)
}

/// The candidate's rate, for somebody who thinks that it is this share of the tolerated difference above the baseline's.
pub(super) fn not_worse(belief: Belief, share: f64) -> f64 {
    let rate = belief.baseline + belief.tolerated * share;
    rate.max(belief.baseline / 4.0).min(HIGHEST)
}

/// The baseline's rate, as it is thought to be after so many requests.
fn thought(counts: Counts) -> f64 {
    ((number(counts.bad) + HUNCH.1) / (number(counts.requests) + HUNCH.0)).min(1.0 - 1.0 / 32.0)
}

fn sum(logs: &[Real]) -> f64 {
    logs.iter()
        .fold(f64::NEG_INFINITY, |sum, log| ln_add(sum, log.0))
}

fn over(counts: Counts, limit: Permille) -> bool {
    u128::from(counts.bad) * 1_000 > u128::from(counts.requests) * u128::from(limit.0)
}

pub(super) fn share(permille: Permille) -> f64 {
    f64::from(permille.0) / 1_000.0
}

/// The fewest requests of each version in a block. Fewer would be compared at odds that chance makes very unequal.
const BLOCK: u64 = 5;

/// Seconds in which both versions must have been asked for it to be the same time.
const SAME_TIME: u64 = 60;

/// The fewest bad requests that condemn, as in the bake: two are a coincidence, whatever follows from independence.
const LEAST_BAD: u64 = 3;

/// What is staked at the very beginning, and at each further step of what is left then. The rest is for what goes bad later: it makes detection
/// from the start later by ln(4/3), a twentieth.
pub(super) const AT_FIRST: f64 = 0.75;
const AT_A_STEP: f64 = 0.5;

/// Blocks after which a part of what is left is staked anew: a third, a quarter, and so on, so that it never runs out.
const REFILL: u32 = 64;

/// What is thought of the baseline before anything is known, as requests and bad ones of them.
const HUNCH: (f64, f64) = (50.0, 0.5);

/// No rate is thought to be larger.
const HIGHEST: f64 = 0.99;
