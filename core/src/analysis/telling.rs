//! A finding, in words and numbers.

use std::fmt;

use super::counts::{Counts, Pair};
use super::verdict::{Basis, Finding, Kind, Numbers, Slow, Verdict};
use crate::config::Permille;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.basis {
            Basis::Errors(numbers) => f.write_str(&errors(numbers, &self.verdict)),
            Basis::Latency(tails) => f.write_str(&latency(tails, &self.verdict)),
            Basis::Metric {
                value,
                inside,
                outside,
                readings,
                max,
                min,
            } => {
                let Kind::Metric(name) = &self.kind else {
                    return Ok(());
                };
                let value = value.as_deref().unwrap_or("not known");
                let limits = [
                    min.map(|min| format!("at least {}", min.0)),
                    max.map(|max| format!("at most {}", max.0)),
                ];
                let limits = limits.into_iter().flatten().collect::<Vec<_>>();
                write!(
                    f,
                    "{name} is {value}, and may be {}; ",
                    limits.join(" and ")
                )?;
                match outside {
                    0 => write!(
                        f,
                        "{inside} readings in a row were inside, {readings} are asked for"
                    ),
                    _ => write!(
                        f,
                        "{outside} readings in a row were outside, {readings} condemn"
                    ),
                }
            }
        }
    }
}

fn errors(numbers: &Numbers, verdict: &Verdict) -> String {
    let judged = judged(numbers);
    format!(
        "{} of the new version's requests and {} of the old one's in the same seconds got no good answer; {}",
        of(judged.candidate),
        of(judged.baseline),
        evidence(numbers, verdict, "worse"),
    )
}

/// The tail that the verdict hangs on: the one that failed, else the one with the least evidence that all is well.
fn latency(tails: &[Slow], verdict: &Verdict) -> String {
    let failed = tails.iter().find(|tail| tail.numbers.failed.is_some());
    let weakest = tails
        .iter()
        .min_by_key(|tail| (tail.limit.is_some(), tail.numbers.not_worse.percent()));
    let Some(tail) = failed.or(weakest) else {
        return String::new();
    };
    let Some(limit) = tail.limit else {
        return "how long requests usually take is not known yet".to_owned();
    };
    let judged = judged(&tail.numbers);
    format!(
        "{} of the new version's answers and {} of the old one's in the same seconds took longer than {limit} ms, which is slow beside {}; {}",
        of(judged.candidate),
        of(judged.baseline),
        match tail.quantile {
            Permille(500) => "the old one's median".to_owned(),
            Permille(quantile) => format!("the old one's quantile of {} %", tenths(quantile)),
        },
        evidence(&tail.numbers, verdict, "slower"),
    )
}

/// A fail is of the whole rollout, everything else of this step.
fn judged(numbers: &Numbers) -> Pair {
    numbers.failed.unwrap_or(Pair {
        candidate: numbers.candidate,
        baseline: numbers.baseline,
    })
}

fn evidence(numbers: &Numbers, verdict: &Verdict, word: &str) -> String {
    let (evidence, not) = match verdict {
        Verdict::Fail => (numbers.worse, ""),
        Verdict::Pass | Verdict::Inconclusive(_) => (numbers.not_worse, "not "),
    };
    let more = match (verdict, numbers.more) {
        (Verdict::Inconclusive(_), Some(more)) => {
            format!("; about {more} more of its requests are needed")
        }
        (Verdict::Pass | Verdict::Fail | Verdict::Inconclusive(_), _) => String::new(),
    };
    format!(
        "{} % of the evidence that it is {not}{word} by more than is tolerated ({} points, at {} %){more}",
        evidence.percent(),
        tenths(numbers.tolerated.0),
        tenths(numbers.confidence.0),
    )
}

/// `3 of 250 (1.2 %)`
fn of(counts: Counts) -> String {
    let Counts { requests, bad } = counts;
    let share = match requests {
        0 => "no traffic".to_owned(),
        _ => {
            let permille = bad.saturating_mul(1_000) / requests;
            format!("{}.{} %", permille / 10, permille % 10)
        }
    };
    format!("{bad} of {requests} ({share})")
}

fn tenths(permille: u16) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}
