//! What a gate says, and what several say together.
//!
//! The four verdicts are in an order: no, not known, not yet, yes. All of several gates say what the lowest of them says, one of
//! several what the highest says. So evidence that speaks against can only ever lower a verdict, and what is not known never
//! becomes a yes.

use serde::{Deserialize, Serialize};

use crate::protocol::Timestamp;

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "is",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Verdict {
    /// Yes: there is evidence for it.
    Pass,
    /// No: there is evidence against it.
    Fail,
    /// Not yet.
    Pending {
        /// When it ends by itself; `None`: nobody knows.
        until: Option<Timestamp>,
        /// Who or what is waited for.
        on: String,
    },
    /// It cannot be known, so it is no yes.
    Unknown {
        /// Whether asking again may help.
        lack: Lack,
        /// What is missing.
        why: String,
    },
}

/// How evidence is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// Asking again does not help: it is malformed, of another commit, or refused.
    Lasting,
    /// It may still come.
    Soon,
    /// Nobody has asked for it: that is done later, or never in a plan.
    Unasked,
}

impl Verdict {
    /// The word that reports use.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Pending { .. } => "pending",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// From no to yes.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Fail => 0,
            Self::Unknown { .. } => 1,
            Self::Pending { .. } => 2,
            Self::Pass => 3,
        }
    }

    /// Whether another one may come of the same question, asked again.
    #[must_use]
    pub const fn may_change(&self) -> bool {
        match self {
            Self::Pass | Self::Fail => false,
            Self::Pending { .. } => true,
            Self::Unknown { lack, .. } => matches!(lack, Lack::Soon),
        }
    }

    /// Nobody has asked yet.
    #[must_use]
    pub const fn is_unasked(&self) -> bool {
        matches!(
            self,
            Self::Unknown {
                lack: Lack::Unasked,
                ..
            }
        )
    }

    pub(super) fn unknown(lack: Lack, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Unknown { lack, why }
    }

    pub(super) fn pending(until: Option<Timestamp>, on: impl Into<String>) -> Self {
        let on = on.into();
        Self::Pending { until, on }
    }
}

/// What all of them say together; of none, that there is no evidence.
#[must_use]
pub fn all(verdicts: &[Verdict]) -> Verdict {
    let lowest = verdicts.iter().map(Verdict::rank).min();
    // Who waits for all of them waits for the last one, and of those of which nobody knows when, nobody knows.
    joined(verdicts, lowest, " and ", |untils| {
        let known: Option<Vec<Timestamp>> = untils.iter().copied().collect();
        known.and_then(|known| known.into_iter().max())
    })
}

/// What is said where one of them is enough; of none, that there is no evidence.
#[must_use]
pub fn any(verdicts: &[Verdict]) -> Verdict {
    let highest = verdicts.iter().map(Verdict::rank).max();
    joined(verdicts, highest, " or ", |untils| {
        untils.iter().copied().flatten().min()
    })
}

/// The opposite; what is not known, or not yet, stays so.
#[must_use]
pub fn not(verdict: &Verdict) -> Verdict {
    match verdict {
        Verdict::Pass => Verdict::Fail,
        Verdict::Fail => Verdict::Pass,
        other @ (Verdict::Pending { .. } | Verdict::Unknown { .. }) => other.clone(),
    }
}

/// Those of one rank, as one verdict.
fn joined(
    verdicts: &[Verdict],
    rank: Option<u8>,
    between: &str,
    until: impl Fn(&[Option<Timestamp>]) -> Option<Timestamp>,
) -> Verdict {
    let Some(rank) = rank else {
        return Verdict::unknown(Lack::Lasting, "there is no gate in it");
    };
    let (mut untils, mut words, mut lacks) = (Vec::new(), Vec::new(), Vec::new());
    for verdict in verdicts.iter().filter(|it| it.rank() == rank) {
        match verdict {
            Verdict::Pass | Verdict::Fail => return verdict.clone(),
            Verdict::Pending { until, on } => {
                untils.push(*until);
                words.push(on.clone());
            }
            Verdict::Unknown { lack, why } => {
                lacks.push(*lack);
                words.push(why.clone());
            }
        }
    }
    words.dedup();
    match lacks.iter().min() {
        None => Verdict::pending(until(&untils), words.join(between)),
        // Where one of several is enough, one that may still come is worth waiting for.
        Some(_) if between == " or " && lacks.contains(&Lack::Soon) => {
            Verdict::unknown(Lack::Soon, words.join(between))
        }
        Some(&lack) => Verdict::unknown(lack, words.join(between)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind that counts for something.
    fn each() -> Vec<Verdict> {
        vec![
            Verdict::Fail,
            Verdict::unknown(Lack::Lasting, "l"),
            Verdict::unknown(Lack::Soon, "s"),
            Verdict::unknown(Lack::Unasked, "u"),
            Verdict::pending(None, "p"),
            Verdict::pending(Some(Timestamp(7)), "q"),
            Verdict::Pass,
        ]
    }

    /// Every list of at most three of them: 1 + 7 + 49 + 343 = 400.
    fn lists() -> Vec<Vec<Verdict>> {
        let mut lists = vec![Vec::new()];
        for length in 1..=3 {
            let shorter: Vec<Vec<Verdict>> = lists
                .iter()
                .filter(|it| it.len() == length - 1)
                .cloned()
                .collect();
            for list in shorter {
                lists.extend(
                    each()
                        .into_iter()
                        .map(|it| [list.clone(), vec![it]].concat()),
                );
            }
        }
        lists
    }

    #[test]
    fn the_tables_of_all_any_and_not_are_those_of_the_order() {
        let lists = lists();
        assert_eq!(lists.len(), 400);
        for list in &lists {
            let (all, any) = (all(list), any(list));
            let says = |word: &str| list.iter().any(|it| it.word() == word);
            // Said differently: what decides, from the strongest on.
            let expected = if says("fail") {
                "fail"
            } else if list.is_empty() || says("unknown") {
                "unknown"
            } else if says("pending") {
                "pending"
            } else {
                "pass"
            };
            assert_eq!(all.word(), expected, "all of {list:?}");
            let expected = if says("pass") {
                "pass"
            } else if says("pending") {
                "pending"
            } else if list.is_empty() || says("unknown") {
                "unknown"
            } else {
                "fail"
            };
            assert_eq!(any.word(), expected, "any of {list:?}");
            // What is not known never makes a yes, and a no of one of several does not hide it.
            let swapped: Vec<Verdict> = list.iter().map(not).collect();
            if list.iter().all(|it| matches!(it.rank(), 0 | 3)) && !list.is_empty() {
                assert_eq!(not(&all), super::any(&swapped), "de Morgan, {list:?}");
            }
        }
    }

    #[test]
    fn one_that_is_lowered_never_raises_them_all() {
        for list in lists() {
            for (at, lower) in
                (0..list.len()).flat_map(|at| each().into_iter().map(move |it| (at, it)))
            {
                let mut lowered = list.clone();
                let Some(place) = lowered.get_mut(at).filter(|it| it.rank() >= lower.rank()) else {
                    continue;
                };
                *place = lower;
                assert!(all(&lowered).rank() <= all(&list).rank());
                assert!(any(&lowered).rank() <= any(&list).rank());
            }
        }
    }

    #[test]
    fn who_waits_for_all_waits_for_the_last_and_for_any_for_the_first() {
        let (early, late) = (
            Verdict::pending(Some(Timestamp(1)), "a"),
            Verdict::pending(Some(Timestamp(2)), "b"),
        );
        let both = [early.clone(), late];
        assert_eq!(all(&both), Verdict::pending(Some(Timestamp(2)), "a and b"));
        assert_eq!(any(&both), Verdict::pending(Some(Timestamp(1)), "a or b"));
        let unknown = [early, Verdict::pending(None, "c")];
        assert_eq!(all(&unknown), Verdict::pending(None, "a and c"));
    }
}
