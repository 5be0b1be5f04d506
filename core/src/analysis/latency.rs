//! Latency: whether more of the candidate's requests are slow than of the baseline's in the same seconds, and more than tolerated.
//!
//! Times are counted in buckets, never averaged: one request of a minute hides among a thousand of a millisecond, and a thousand that take twice as
//! long hide behind it. What is slow is found from the baseline before it is asked of the candidate: its median and a high quantile, each so much
//! longer. Of those that are slow the candidate may have some more: the test of two streams again (`streams.rs`), twice, with the slow ones for the bad.
//!
//! Why two. Where a few requests take very long anyway, all the others may take three times as long and still be hidden below the high quantile; and
//! where only few get slower, the median knows nothing. The two share the probability of a false alarm.

use serde::{Deserialize, Serialize};

use super::counts::{Counts, Pair, Read};
use super::errors::Settling;
use super::streams::{Margin, Streams};
use super::verdict::{Basis, Finding, Kind, Slow, Verdict, Why};
use crate::config::Permille;
use crate::protocol::Timestamp;

/// Requests by the time they took, of one version: a counter for each bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Times {
    /// Milliseconds, rising: a request is in the first bucket whose bound it does not exceed.
    pub bounds: Vec<u64>,
    /// One more than bounds: the last are those above all.
    pub counts: Vec<u64>,
}

/// What is asked of the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LatencyRule {
    /// How much slower than the baseline is slow, in thousandths of its quantile.
    pub slower_by: u16,
    /// Which quantile besides the median, below 1.
    pub quantile: Permille,
    /// Milliseconds: what does not take longer than this is never slow.
    pub floor: u64,
    /// 1 − α.
    pub confidence: Permille,
    /// The fewest requests of the candidate in a step that can pass it.
    pub least: u64,
}

/// What was asked of the times, and what is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Latency {
    rule: LatencyRule,
    /// The last look at the baseline's and the candidate's counters.
    last: Option<(u64, Times, Times)>,
    /// The baseline's times so far.
    known: Times,
    /// The median's, and the quantile's.
    tails: [Tail; 2],
    settling: Settling,
    /// How often the counters began anew.
    resets: u32,
}

/// What is known of the slow ones above one quantile.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Tail {
    quantile: Permille,
    /// Since the step began: what is slow, in milliseconds.
    limit: Option<u64>,
    streams: Streams,
}

/// Bounds that suit most services: three to a factor of ten at least, from a millisecond to a minute.
pub const BOUNDS: [u64; 28] = [
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000,
    3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 60_000,
];

impl LatencyRule {
    /// What is asked where the configuration says nothing but that latency is to be looked at.
    pub const USUAL: Self = Self {
        slower_by: 500,
        quantile: Permille(950),
        floor: 10,
        confidence: Permille(990),
        least: 100,
    };

    /// What is asked of the median and of the quantile as a question to two streams, slow for bad.
    #[must_use]
    pub const fn margins(self) -> [Margin; 2] {
        let margin = Margin {
            tolerated: MEDIAN_MORE,
            confidence: self.confidence,
            least: self.least,
            sick: Permille(500),
            among: 2,
        };
        let quantile = Margin {
            tolerated: Permille(1_000_u16.saturating_sub(self.quantile.0)),
            sick: SICK,
            ..margin
        };
        [margin, quantile]
    }
}

impl Times {
    /// No requests yet.
    #[must_use]
    pub fn none(bounds: &[u64]) -> Self {
        Self {
            bounds: bounds.to_vec(),
            counts: vec![0; bounds.len() + 1],
        }
    }

    /// One request more.
    pub fn count(&mut self, millis: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < millis);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count = count.saturating_add(1);
        }
    }

    /// All of them, and those that took longer than this bound.
    #[must_use]
    pub fn slower_than(&self, bound: u64) -> Counts {
        let within = self.bounds.partition_point(|it| *it <= bound);
        let sum = |counts: &[u64]| {
            counts
                .iter()
                .fold(0, |sum: u64, it| sum.saturating_add(*it))
        };
        Counts {
            requests: sum(&self.counts),
            bad: self.counts.get(within..).map_or(0, sum),
        }
    }

    /// The time that this share of the requests does not exceed, on a straight line inside its bucket. `None`: there are no requests, or it is beyond
    /// the last bound.
    #[must_use]
    pub fn quantile(&self, share: Permille) -> Option<u64> {
        let Counts { requests, .. } = self.slower_than(0);
        let rank = (u128::from(requests) * u128::from(share.0))
            .div_ceil(1_000)
            .max(1);
        let (mut before, mut low) = (0_u128, 0);
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            let count = u128::from(*count);
            if before + count >= rank {
                let into = u128::from(bound - low) * (rank - before);
                let into = into.div_ceil(count.max(1));
                return Some(low + u64::try_from(into).expect("no more than the bucket is wide"));
            }
            before += count;
            low = *bound;
        }
        None
    }

    /// Whether it says something: rising bounds, and a counter for each bucket.
    fn is_sound(&self) -> bool {
        self.counts.len() == self.bounds.len() + 1 && self.bounds.is_sorted_by(|a, b| a < b)
    }

    /// What came since `earlier`; `None`: no counters that only grow can have said both.
    fn since(&self, earlier: &Self) -> Option<Self> {
        if self.bounds != earlier.bounds || self.counts.len() != earlier.counts.len() {
            return None;
        }
        let both = self.counts.iter().zip(&earlier.counts);
        let counts: Option<Vec<u64>> = both.map(|(now, then)| now.checked_sub(*then)).collect();
        Some(Self {
            bounds: self.bounds.clone(),
            counts: counts?,
        })
    }

    /// Takes in those of somebody else; what is in other buckets is no part of it, so it begins with them.
    pub(crate) fn plus(&mut self, more: &Self) {
        if self.bounds != more.bounds {
            *self = Self::none(&more.bounds);
        }
        for (count, more) in self.counts.iter_mut().zip(&more.counts) {
            *count = count.saturating_add(*more);
        }
    }
}

impl Latency {
    /// Before the first step.
    #[must_use]
    pub fn new(now: Timestamp, rule: LatencyRule) -> Self {
        let [median, quantile] = rule.margins();
        let tail = |quantile, margin| Tail {
            quantile,
            limit: None,
            streams: Streams::new(margin),
        };
        Self {
            rule,
            last: None,
            known: Times::default(),
            tails: [tail(MEDIAN, median), tail(rule.quantile, quantile)],
            settling: Settling::new(now),
            resets: 0,
        }
    }

    /// The weights have just changed. What is slow is found anew.
    pub fn begin_step(&mut self, now: Timestamp) {
        self.settling.begin(now);
        for tail in &mut self.tails {
            tail.streams.begin_step();
            tail.limit = None;
        }
        self.find_limits();
    }

    /// The counters of both versions, at one look; `epoch` as in [`super::Errors::observe`].
    pub fn observe(&mut self, now: Timestamp, epoch: u64, candidate: Times, baseline: Times) {
        let alike = candidate.bounds == baseline.bounds;
        if !candidate.is_sound() || !baseline.is_sound() || !alike {
            return self.unseen("the times are in no buckets that can be compared");
        }
        let read = self.read(epoch, &candidate, &baseline);
        self.last = Some((epoch, candidate, baseline));
        let Some((candidate, baseline)) = read else {
            return;
        };
        if self
            .settling
            .take(now, Read::New(Pair::default()))
            .is_some()
        {
            for tail in &mut self.tails {
                // A limit was found before this look, so what is slow was not chosen by those it is asked of.
                let new = tail.limit.map(|limit| Pair {
                    candidate: candidate.slower_than(limit),
                    baseline: baseline.slower_than(limit),
                });
                tail.streams.add(now, new.unwrap_or_default());
            }
        }
        self.known.plus(&baseline);
        self.find_limits();
    }

    /// A look has failed.
    pub fn unseen(&mut self, why: &str) {
        self.settling.unseen(why);
    }

    /// What follows from it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let verdicts = self
            .tails
            .each_ref()
            .map(|tail| match tail.streams.verdict() {
                Verdict::Inconclusive(_) if tail.limit.is_none() && self.last.is_some() => {
                    Verdict::Inconclusive(Why::NoLimit)
                }
                verdict => verdict,
            });
        let bases = self.tails.each_ref().map(|tail| Slow {
            quantile: tail.quantile,
            limit: tail.limit,
            numbers: tail.streams.numbers(),
        });
        Finding {
            kind: Kind::Latency,
            verdict: self.settling.verdict(Verdict::of(&verdicts)),
            basis: Basis::Latency(bases.to_vec()),
        }
    }

    /// How often the counters began anew.
    #[must_use]
    pub const fn resets(&self) -> u32 {
        self.resets
    }

    /// What came of candidate and baseline since the last look.
    fn read(&mut self, epoch: u64, candidate: &Times, baseline: &Times) -> Option<(Times, Times)> {
        let Some((before, last_candidate, last_baseline)) = &self.last else {
            // What the baseline did before anybody looked is no evidence, and tells what is usual.
            self.known.plus(baseline);
            self.find_limits();
            self.settling.take(Timestamp(0), Read::First);
            return None;
        };
        let new = candidate
            .since(last_candidate)
            .zip(baseline.since(last_baseline));
        if *before == epoch && new.is_some() {
            return new;
        }
        self.resets = self.resets.saturating_add(1);
        self.settling.take(Timestamp(0), Read::Reset);
        None
    }

    /// Once in a step, when enough is known.
    fn find_limits(&mut self) {
        if self.known.slower_than(0).requests < KNOWN {
            return;
        }
        for tail in self.tails.iter_mut().filter(|tail| tail.limit.is_none()) {
            tail.limit = self.known.quantile(tail.quantile).and_then(|usual| {
                let slower = u128::from(usual) * (1_000 + u128::from(self.rule.slower_by));
                let limit = slower.div_ceil(1_000).max(u128::from(self.rule.floor));
                // Only at a bound can it be told which requests took longer.
                let mut bounds = self.known.bounds.iter().copied();
                bounds.find(|bound| u128::from(*bound) >= limit)
            });
        }
    }
}

const MEDIAN: Permille = Permille(500);

/// How many more of the candidate's requests may be slower than the median and what is tolerated. Were the candidate slower by just that, half of them would
/// be, and of the baseline's a quarter or less.
const MEDIAN_MORE: Permille = Permille(250);

/// A baseline with more slow requests than this has become another one since it was known what is slow.
const SICK: Permille = Permille(250);

/// The fewest requests of the baseline that tell what is usual: twenty above a quantile of 90 %.
const KNOWN: u64 = 200;
