//! Verdicts, and what they rest on: pass, fail, or inconclusive and why.
//!
//! Nothing but evidence passes, and nothing hides a fail: neither what comes later nor what could not be measured beside it. To add a reason: a
//! variant of [`Why`], and its sentence.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::counts::Pair;
use super::real::Real;
use crate::config::Permille;

/// What is to be thought of a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[must_use = "a verdict nobody acts on protects nobody"]
pub enum Verdict {
    /// There is evidence that it is well.
    Pass,
    /// There is evidence that it is not. It stays so.
    Fail,
    /// Neither.
    Inconclusive(Why),
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Why {
    /// The candidate had no requests, or nothing was measured.
    NoData,
    /// The baseline had none, so there is nothing to compare with.
    NoBaseline,
    /// The candidate had some, and fewer than can pass it.
    TooFew {
        /// So many.
        have: u64,
        /// As many are asked for.
        need: u64,
    },
    /// A metric was read, and not often enough in a row to pass or to condemn.
    FewReadings {
        /// So often.
        have: u32,
        /// As often is asked for.
        need: u32,
    },
    /// There is evidence, and not enough of it either way.
    Undecided,
    /// The baseline itself is not well: to be no worse says nothing.
    SickBaseline,
    /// The last look failed.
    SourceFailing(String),
    /// The counters began anew at the last look.
    CountersReset,
    /// Several series answered where one is asked for, so many.
    SeveralSeries(usize),
    /// The value is no number.
    NotANumber(String),
    /// The times are too long for the buckets they are counted in, or too few to know what is slow.
    NoLimit,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The share of requests that go badly.
    Errors,
    /// The share of requests that are slow.
    Latency,
    /// A value of a query, by its name.
    Metric(String),
}

/// How far a sceptic has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// Thousandths of the logarithm of the e-value: what a stake of 1 became.
    pub have: i64,
    /// Thousandths of ln(1/α): where the case is proven.
    pub need: i64,
}

/// What the comparison of two streams rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Numbers {
    /// What was judged of the candidate in this step.
    pub candidate: super::Counts,
    /// What was judged of the baseline in the same seconds.
    pub baseline: super::Counts,
    /// What came, and belongs to a block that is not over.
    pub waiting: Pair,
    /// What came in this step of one version while the other had no requests.
    pub unpaired: Pair,
    /// What had been judged since the first step when it failed.
    pub failed: Option<Pair>,
    /// The tolerated difference.
    pub tolerated: Permille,
    /// 1 − α.
    pub confidence: Permille,
    /// That the difference is larger than tolerated: the most there ever was.
    pub worse: Evidence,
    /// That it is not: what there is now.
    pub not_worse: Evidence,
    /// Requests of the candidate until a pass is to be expected where both are equal; `None`: it cannot be told, or never.
    pub more: Option<u64>,
}

/// What was counted as slow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Slow {
    /// Which of the baseline's quantiles it is measured by.
    pub quantile: Permille,
    /// What took longer than these milliseconds; `None`: it is not known yet what is slow.
    pub limit: Option<u64>,
    /// Of the requests, the slow ones being the bad.
    pub numbers: Numbers,
}

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Basis {
    /// Bad requests.
    Errors(Numbers),
    /// Slow requests: beyond the median, and beyond the quantile.
    Latency(Vec<Slow>),
    /// Values.
    Metric {
        /// The last one, as it was answered.
        value: Option<String>,
        /// Values in a row inside the limits, and outside.
        inside: u32,
        /// See `inside`.
        outside: u32,
        /// As many in a row decide.
        readings: u32,
        /// No value may be larger.
        max: Option<Real>,
        /// No value may be smaller.
        min: Option<Real>,
    },
}

/// One kind's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// What was looked at.
    pub kind: Kind,
    /// What is to be thought of it.
    pub verdict: Verdict,
    /// On the ground of what.
    pub basis: Basis,
}

impl Verdict {
    /// All of them in one: a fail wins, then the first reason for none, and a pass is the pass of each. Of nothing: no data.
    pub fn of<'a>(verdicts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::Inconclusive(Why::NoData);
        let mut first = true;
        for verdict in verdicts {
            match (&all, verdict) {
                (_, Self::Fail) => return Self::Fail,
                (Self::Pass, _) => all = verdict.clone(),
                (Self::Inconclusive(_), _) if first => all = verdict.clone(),
                (Self::Inconclusive(_) | Self::Fail, _) => {}
            }
            first = false;
        }
        all
    }
}

impl Evidence {
    /// `have` and `need` are logarithms.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and so far out it makes no difference"
    )]
    pub(super) fn of(have: f64, need: f64) -> Self {
        Self {
            have: (have * 1_000.0).round_ties_even() as i64,
            need: (need * 1_000.0).round_ties_even() as i64,
        }
    }

    /// Percent of the way, from 0 to 100.
    #[must_use]
    pub fn percent(self) -> u8 {
        let have = i128::from(self.have.max(0)) * 100;
        let percent = have.checked_div(i128::from(self.need)).unwrap_or(0);
        u8::try_from(percent.min(100)).unwrap_or(0)
    }
}

impl Finding {
    /// How far it is to a pass, and how far to a fail, in percent; a fail and a pass are all the way.
    #[must_use]
    pub fn progress(&self) -> (u8, u8) {
        let of = |numbers: &Numbers| (numbers.not_worse.percent(), numbers.worse.percent());
        let (pass, fail) = match &self.basis {
            Basis::Errors(numbers) => of(numbers),
            Basis::Latency(tails) => {
                let tails = tails.iter().map(|tail| of(&tail.numbers));
                let both = tails.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)));
                both.unwrap_or_default()
            }
            Basis::Metric {
                inside,
                outside,
                readings,
                ..
            } => {
                let share = |of: u32| {
                    let percent = of.saturating_mul(100).checked_div(*readings);
                    u8::try_from(percent.unwrap_or_default().min(100)).unwrap_or(100)
                };
                (share(*inside), share(*outside))
            }
        };
        match &self.verdict {
            Verdict::Pass => (100, fail),
            Verdict::Fail => (pass, 100),
            // Something is wanting besides evidence.
            Verdict::Inconclusive(_) => (pass.min(99), fail),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("there is no data"),
            Self::NoBaseline => {
                f.write_str("the version that serves had no requests to compare with")
            }
            Self::TooFew { have, need } => {
                write!(f, "{have} requests are too few, {need} are asked for")
            }
            Self::FewReadings { have, need } => {
                write!(f, "{have} of {need} readings in a row")
            }
            Self::Undecided => f.write_str("the evidence is not enough either way"),
            Self::SickBaseline => f.write_str("the version that serves is not well itself"),
            Self::SourceFailing(why) => write!(f, "it could not be measured: {why}"),
            Self::CountersReset => f.write_str("the counters began anew"),
            Self::SeveralSeries(count) => {
                write!(f, "{count} series answered where one is asked for")
            }
            Self::NotANumber(value) => write!(f, "`{value}` is no number"),
            Self::NoLimit => f.write_str("it is not known what is slow"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lists of up to three verdicts.
    #[test]
    fn nothing_hides_a_fail_and_only_passes_pass() {
        let few = Why::TooFew { have: 1, need: 2 };
        let each = [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Inconclusive(Why::Undecided),
            Verdict::Inconclusive(few),
            Verdict::Inconclusive(Why::SourceFailing("gone".to_owned())),
        ];
        let mut lists: Vec<Vec<Verdict>> = vec![Vec::new()];
        for _ in 0..3 {
            let longer: Vec<_> = lists
                .iter()
                .flat_map(|list| {
                    each.iter()
                        .map(|more| [&list[..], std::slice::from_ref(more)].concat())
                })
                .collect();
            lists.extend(longer);
        }
        for list in lists {
            let all = Verdict::of(&list);
            let first = list
                .iter()
                .find(|verdict| matches!(verdict, Verdict::Inconclusive(_)));
            let expected = match (list.contains(&Verdict::Fail), first) {
                (true, _) => Verdict::Fail,
                (false, Some(why)) => why.clone(),
                (false, None) if list.is_empty() => Verdict::Inconclusive(Why::NoData),
                (false, None) => Verdict::Pass,
            };
            assert_eq!(all, expected, "{list:?}");
        }
    }

    #[test]
    fn evidence_is_told_in_percent_of_what_is_needed() {
        let rows = [(-5.0, 0), (0.0, 0), (2.3, 49), (4.7, 100), (1e9, 100)];
        for (have, percent) in rows {
            assert_eq!(Evidence::of(have, 4.605).percent(), percent, "{have}");
        }
        assert_eq!(Evidence::of(1.0, f64::INFINITY).percent(), 0);
    }
}
