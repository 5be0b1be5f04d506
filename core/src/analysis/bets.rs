//! Bets on a block of requests: what evidence is made of.
//!
//! A block is what came of both versions in the same seconds: n of the candidate, m of the baseline. Somebody who does not believe that the
//! candidate's rate of bad requests is at most the baseline's plus δ bets on each request, before it is known how it went:
//!
//! ```text
//! of the candidate   1 + λ·(X − q − δ)            X, Y: 1 where it went badly, else 0
//! of the baseline    1 − λ·(n/m)·(Y − q)          q:    what the baseline's rate is thought to be
//! ```
//!
//! The product is what a stake of 1 became. Where the candidate's rate is `a` and the baseline's `b`, its mean is
//! `(1 + λ(a − q − δ))ⁿ · (1 − λ(n/m)(b − q))ᵐ ≤ exp(λn(a − b − δ))`, as 1 + x ≤ eˣ: **at most 1 where a − b ≤ δ**, whatever q and λ ≥ 0
//! are, as long as no factor is negative and both were chosen before. The same holds for λ < 0 where a − b ≥ δ. So a product of
//! such blocks is a test supermartingale for everything that the sceptic doubts, at any rates, also such as change from
//! block to block; and by Ville's inequality it ever reaches 1/α with a probability of at most α.
//!
//! With q and λ from [`Bet::on`] it is the e-variable of Turner, Ly and Grünwald for two streams (growth-rate-optimal for one alternative); the
//! form as bets is that of Waudby-Smith and Ramdas. The argument in full, and sources: `docs/analysis.md`.
//!
//! To add an alternative: a row of [`WORSE`] or [`NOT_WORSE`]; the shares of each add up to 1.

use super::counts::Pair;
use super::real::ln;

/// Whoever bets on this thinks the candidate's rate to be the baseline's, and the tolerated difference, and this much more.
///
/// Each is twice the one before, so that no true difference is far from all. How a row bets depends on nothing that the
/// candidate did: so a bad request more can never be worth less, whatever came before or after it.
pub(super) const WORSE: [(f64, f64); 9] = [
    (0.08, 0.0025),
    (0.10, 0.005),
    (0.14, 0.01),
    (0.16, 0.02),
    (0.16, 0.04),
    (0.12, 0.08),
    (0.10, 0.16),
    (0.08, 0.32),
    (0.06, 0.90),
];

/// Whoever bets on this thinks the candidate's rate to be the baseline's, and this share of the tolerated difference more.
pub(super) const NOT_WORSE: [(f64, f64); 3] = [(0.6, 0.0), (0.2, 0.5), (0.2, -0.5)];

/// What is thought of the world before a block is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief {
    /// The baseline's rate.
    pub(super) baseline: f64,
    /// The tolerated difference, δ.
    pub(super) tolerated: f64,
    /// The baseline's requests to each of the candidate's.
    pub(super) ratio: f64,
}

/// A bet on every request of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bet {
    /// λ: above 0 it wins where the candidate is worse than tolerated, below 0 where it is not.
    stake: f64,
    /// −λ·n/m.
    hedge: f64,
    /// q.
    baseline: f64,
    /// q + δ.
    candidate: f64,
}

impl Bet {
    /// On the candidate being worse than tolerated, and on nothing else: where the baseline goes wrong nearly always, no room is
    /// left above it, and the best bet on what fits would be one on the other side.
    pub(super) fn on_worse(alternative: f64, belief: Belief) -> Self {
        let bet = Self::on(alternative, belief);
        Self {
            stake: bet.stake.max(0.0),
            hedge: bet.hedge.min(0.0),
            ..bet
        }
    }

    /// On it being no worse than tolerated, and on nothing else.
    pub(super) fn on_not_worse(alternative: f64, belief: Belief) -> Self {
        let bet = Self::on(alternative, belief);
        Self {
            stake: bet.stake.min(0.0),
            hedge: bet.hedge.max(0.0),
            ..bet
        }
    }

    /// The best bet for somebody who thinks that the candidate's rate is this.
    ///
    /// That validity needs nothing of this function is the point: q is found as the point of the boundary nearest to the
    /// two rates (in relative entropy, weighted by the block's sizes), in as many halvings as pay.
    pub(super) fn on(alternative: f64, belief: Belief) -> Self {
        let Belief {
            baseline,
            tolerated,
            ratio,
        } = belief;
        let most = 1.0 - tolerated - LEAST;
        let wanted = alternative - tolerated;
        let mut low = baseline.min(wanted).max(LEAST).min(most);
        let mut high = baseline.max(wanted).max(LEAST).min(most);
        for _ in 0..HALVINGS {
            let q = 0.5 * (low + high);
            let c = q + tolerated;
            // The slope of the relative entropy at q, times something positive.
            let slope = (c - alternative) * q * (1.0 - q) + ratio * (q - baseline) * c * (1.0 - c);
            if slope > 0.0 {
                high = q;
            } else {
                low = q;
            }
        }
        let q = 0.5 * (low + high);
        let c = q + tolerated;
        let stake = (alternative - c) / (c * (1.0 - c));
        // No factor may be negative, or nearly nothing: one request must not make everything be forgotten.
        let most = if stake > 0.0 {
            (1.0 / c).min(ratio / (1.0 - q))
        } else {
            (1.0 / (1.0 - c)).min(ratio / q)
        };
        let stake = stake.clamp(-DARING * most, DARING * most);
        Self {
            stake,
            hedge: -stake / ratio,
            baseline: q,
            candidate: c,
        }
    }

    /// Logarithms of what it makes of one request: the candidate's bad and good, the baseline's bad and good.
    pub(super) fn logs(&self) -> [f64; 4] {
        [
            ln(1.0 + self.stake * (1.0 - self.candidate)),
            ln(1.0 - self.stake * self.candidate),
            ln(1.0 + self.hedge * (1.0 - self.baseline)),
            ln(1.0 - self.hedge * self.baseline),
        ]
    }

    /// The logarithm of what a stake of 1 became.
    pub(super) fn of(&self, block: Pair) -> f64 {
        let [bad, good, baseline_bad, baseline_good] = self.logs();
        number(block.candidate.bad) * bad
            + number(block.candidate.good()) * good
            + number(block.baseline.bad) * baseline_bad
            + number(block.baseline.good()) * baseline_good
    }

    /// The mean of [`Self::of`] for each request of the candidate, at these rates.
    pub(super) fn growth(&self, candidate: f64, baseline: f64, ratio: f64) -> f64 {
        let [bad, good, baseline_bad, baseline_good] = self.logs();
        candidate * bad
            + (1.0 - candidate) * good
            + ratio * (baseline * baseline_bad + (1.0 - baseline) * baseline_good)
    }
}

/// A count as a number: exact up to 2⁵³, and nobody counts that far.
#[expect(clippy::cast_precision_loss, reason = "2^53 requests are out of reach")]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

/// No rate is thought to be nearer to 0 or 1 than this.
const LEAST: f64 = 1e-5;

/// The share of the largest possible stake that is dared.
const DARING: f64 = 0.95;

/// Enough for a thousandth of the distance; ten times as many would gain nothing that can be measured.
const HALVINGS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::super::counts::Counts;
    use super::super::real::exp;
    use super::*;

    /// Every outcome of a block with its probability, at these rates.
    fn mean(bet: &Bet, sizes: (u64, u64), rates: (f64, f64)) -> f64 {
        let mut sum = 0.0;
        for bad in 0..=sizes.0 {
            for baseline_bad in 0..=sizes.1 {
                let block = Pair {
                    candidate: Counts::new(sizes.0, bad),
                    baseline: Counts::new(sizes.1, baseline_bad),
                };
                sum += exp(bet.of(block))
                    * binomial(sizes.0, bad, rates.0)
                    * binomial(sizes.1, baseline_bad, rates.1);
            }
        }
        sum
    }

    fn binomial(n: u64, k: u64, p: f64) -> f64 {
        let ways = (0..k).fold(1.0, |ways, i| ways * number(n - i) / number(i + 1));
        (0..k).fold(ways, |sum, _| sum * p) * (k..n).fold(1.0, |product, _| product * (1.0 - p))
    }

    /// The inequality at the head, summed over every outcome: sizes of both kinds, beliefs that are wrong, and rates all over
    /// what is doubted and on its edge.
    #[test]
    fn no_bet_gains_on_average_where_what_it_doubts_is_true() {
        let mut worst = 0.0_f64;
        for sizes in [(1, 1), (1, 19), (4, 4), (5, 1), (3, 30)] {
            for (tolerated, baseline) in [(0.0, 0.01), (0.01, 0.001), (0.01, 0.3), (0.05, 0.02)] {
                let ratio = number(sizes.1) / number(sizes.0);
                let belief = Belief {
                    baseline,
                    tolerated,
                    ratio,
                };
                for (_, more) in WORSE {
                    let bet = Bet::on((baseline + tolerated + more).min(0.99), belief);
                    worst = worst.max(over_the_grid(&bet, sizes, tolerated, |a, b| {
                        a - b <= tolerated
                    }));
                }
                for (_, share) in NOT_WORSE {
                    let bet = Bet::on((baseline + tolerated * share).max(0.0), belief);
                    worst = worst.max(over_the_grid(&bet, sizes, tolerated, |a, b| {
                        a - b >= tolerated
                    }));
                }
            }
        }
        assert!(worst <= 1.0 + 1e-12, "{worst}");
        assert!(
            worst > 0.999,
            "on the edge nearly nothing is given away: {worst}"
        );
    }

    fn over_the_grid(
        bet: &Bet,
        sizes: (u64, u64),
        tolerated: f64,
        doubted: impl Fn(f64, f64) -> bool,
    ) -> f64 {
        let mut worst = 0.0_f64;
        for step in [0.0, 0.001, 0.01, 0.02, 0.1, 0.3, 0.5, 0.9, 0.95] {
            for difference in [-0.3, -0.02, 0.0, tolerated, 0.02, 0.3] {
                let rates = (step + difference, step);
                if (0.0..=1.0).contains(&rates.0) && doubted(rates.0, rates.1) {
                    worst = worst.max(mean(bet, sizes, rates));
                }
            }
        }
        worst
    }

    #[test]
    fn the_shares_of_the_alternatives_add_up_to_one() {
        for shares in [
            WORSE.map(|row| row.0).iter().sum::<f64>(),
            NOT_WORSE.map(|row| row.0).iter().sum(),
        ] {
            assert!((shares - 1.0).abs() < 1e-12, "{shares}");
        }
    }
}
