//! What is counted: requests, and those of them that went badly, of the candidate and of the baseline in the same seconds.
//!
//! A router's counters only grow, until it starts anew. What it counted between the last look and its restart is not known, so it
//! is left out for both versions: it is never negative, and never evidence.

use serde::{Deserialize, Serialize};

/// Requests of one version that have ended.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Counts {
    /// All of them.
    pub requests: u64,
    /// Those that went badly: answers of 500 and above, connections that failed; or those that were slow.
    pub bad: u64,
}

/// Both versions in the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The version that is to prove itself.
    pub candidate: Counts,
    /// The version it is compared with.
    pub baseline: Counts,
}

/// What one look at the counters says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The first look: there is nothing to subtract it from.
    First,
    /// This came since the last look.
    New(Pair),
    /// They ran backwards, or began anew: what came since then cannot be told.
    Reset,
}

/// Turns counters into what came since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Meter {
    last: Option<(u64, Pair)>,
    /// How often the counters began anew.
    pub resets: u32,
}

impl Counts {
    /// So many bad ones of so many.
    #[must_use]
    pub const fn new(requests: u64, bad: u64) -> Self {
        Self { requests, bad }
    }

    /// Those that did not go badly.
    #[must_use]
    pub const fn good(self) -> u64 {
        self.requests.saturating_sub(self.bad)
    }

    /// The share of bad ones in millionths; `None`: there were no requests.
    #[must_use]
    pub fn rate(self) -> Option<u64> {
        let millionths = u128::from(self.bad) * 1_000_000;
        let rate = millionths.checked_div(u128::from(self.requests))?;
        Some(u64::try_from(rate).unwrap_or(u64::MAX))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            bad: self.bad.saturating_add(other.bad),
        }
    }

    /// What came since `earlier`; `None`: no counter that only grows can have said both.
    fn since(self, earlier: Self) -> Option<Self> {
        let requests = self.requests.checked_sub(earlier.requests)?;
        let bad = self.bad.checked_sub(earlier.bad)?;
        (bad <= requests).then_some(Self { requests, bad })
    }
}

impl Pair {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            candidate: self.candidate.plus(other.candidate),
            baseline: self.baseline.plus(other.baseline),
        }
    }

    /// Whether there were no requests at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.candidate.requests == 0 && self.baseline.requests == 0
    }
}

impl Meter {
    /// Reads the counters. `epoch` changes when whoever counts begins anew, where that can be known.
    pub fn read(&mut self, epoch: u64, counters: Pair) -> Read {
        let last = self.last.replace((epoch, counters));
        let Some((before, earlier)) = last else {
            return Read::First;
        };
        let candidate = counters.candidate.since(earlier.candidate);
        let baseline = counters.baseline.since(earlier.baseline);
        match (before == epoch, candidate, baseline) {
            (true, Some(candidate), Some(baseline)) => Read::New(Pair {
                candidate,
                baseline,
            }),
            (true | false, _, _) => {
                self.resets = self.resets.saturating_add(1);
                Read::Reset
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(candidate: (u64, u64), baseline: (u64, u64)) -> Pair {
        Pair {
            candidate: Counts::new(candidate.0, candidate.1),
            baseline: Counts::new(baseline.0, baseline.1),
        }
    }

    #[test]
    fn what_came_since_the_last_look_is_told() {
        let mut meter = Meter::default();
        assert_eq!(meter.read(1, pair((10, 1), (100, 2))), Read::First);
        let new = pair((5, 1), (95, 0));
        assert_eq!(meter.read(1, pair((15, 2), (195, 2))), Read::New(new));
        assert_eq!(
            meter.read(1, pair((15, 2), (195, 2))),
            Read::New(Pair::default())
        );
        assert_eq!(meter.resets, 0);
    }

    #[test]
    fn counters_that_run_backwards_are_no_evidence() {
        let rows = [
            (1, pair((9, 1), (100, 2)), "fewer requests"),
            (1, pair((20, 0), (100, 2)), "fewer bad ones"),
            (1, pair((11, 4), (100, 2)), "more bad ones than requests"),
            (1, pair((20, 1), (99, 2)), "the baseline alone"),
            (
                2,
                pair((20, 1), (200, 2)),
                "another epoch, all of them larger",
            ),
        ];
        for (epoch, counters, what) in rows {
            let mut meter = Meter::default();
            meter.read(1, pair((10, 1), (100, 2)));
            assert_eq!(meter.read(epoch, counters), Read::Reset, "{what}");
            assert_eq!(meter.resets, 1);
            // From there on it counts again.
            let later = counters.plus(pair((3, 1), (4, 0)));
            assert_eq!(
                meter.read(epoch, later),
                Read::New(pair((3, 1), (4, 0))),
                "{what}"
            );
        }
    }

    #[test]
    fn a_rate_of_nothing_is_none() {
        assert_eq!(Counts::default().rate(), None);
        assert_eq!(Counts::new(200, 1).rate(), Some(5_000));
        assert_eq!(Counts::new(u64::MAX, u64::MAX).rate(), Some(1_000_000));
    }
}
