//! What all requests say together.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::Record;

/// So many failures are listed.
const LISTED: usize = 50;

/// All requests of a run together. Times are in milliseconds since 1970.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    sent: usize,
    ok: usize,
    failed: usize,
    /// Good answers by the version that gave them; `?` where it did not say.
    by_version: BTreeMap<String, usize>,
    by_error: BTreeMap<String, usize>,
    first_failure: Option<u64>,
    last_failure: Option<u64>,
    /// The longest stretch in which no request that was due got a good answer, from the first failed one to the next
    /// good one.
    longest_outage_ms: u64,
    latency_ms: Latency,
    /// The first [`LISTED`].
    failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Failure {
    at: u64,
    error: String,
    version: Option<String>,
}

/// Sums up a run.
pub(crate) fn of(mut records: Vec<Record>) -> Summary {
    records.sort_by_key(|record| record.at);
    let mut failures: Vec<Failure> = records.iter().filter_map(failure).collect();
    let (mut by_version, mut by_error) = (BTreeMap::new(), BTreeMap::new());
    for record in &records {
        let (counts, key) = match record.failure() {
            None => (&mut by_version, record.version().unwrap_or("?").to_owned()),
            Some(error) => (&mut by_error, error),
        };
        *counts.entry(key).or_default() += 1;
    }
    Summary {
        sent: records.len(),
        ok: records.len() - failures.len(),
        failed: failures.len(),
        by_version,
        by_error,
        first_failure: failures.first().map(|failure| failure.at),
        last_failure: failures.last().map(|failure| failure.at),
        longest_outage_ms: longest_outage(&records),
        latency_ms: latency(&records),
        failures: {
            failures.truncate(LISTED);
            failures
        },
    }
}

fn failure(record: &Record) -> Option<Failure> {
    Some(Failure {
        at: record.at,
        error: record.failure()?,
        version: record.version().map(str::to_owned),
    })
}

fn longest_outage(records: &[Record]) -> u64 {
    let mut longest = 0;
    let mut since = None;
    for record in records {
        if record.failure().is_some() {
            since = since.or(Some(record.at));
        }
        if let Some(since) = since {
            longest = longest.max(record.at - since);
        }
        if record.failure().is_none() {
            since = None;
        }
    }
    longest
}

fn latency(records: &[Record]) -> Latency {
    let mut sorted: Vec<f64> = records.iter().map(|record| record.latency).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        let nth = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(nth - 1).map(|ms| (ms * 10.0).round() / 10.0)
    };
    Latency {
        p50: at(50),
        p99: at(99),
        max: at(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Answer;

    fn good(at: u64, version: &str) -> Record {
        let answer = Answer::Whole {
            status: 200,
            version: Some(version.to_owned()),
        };
        Record {
            at,
            latency: 1.0,
            answer,
        }
    }

    fn bad(at: u64) -> Record {
        let answer = Answer::Missing("refused".to_owned());
        Record {
            at,
            latency: 2.0,
            answer,
        }
    }

    fn count(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
        let owned = pairs.iter().map(|(key, count)| ((*key).to_owned(), *count));
        owned.collect()
    }

    #[test]
    fn counts_by_version_and_by_error() {
        let summary = of(vec![good(10, "1"), bad(20), good(30, "2"), good(0, "1")]);
        assert_eq!((summary.sent, summary.ok, summary.failed), (4, 3, 1));
        assert_eq!(summary.by_version, count(&[("1", 2), ("2", 1)]));
        assert_eq!(summary.by_error, count(&[("refused", 1)]));
    }

    #[test]
    fn an_outage_lasts_until_the_next_good_answer() {
        for (records, outage) in [
            (vec![], 0),
            (vec![good(0, "1"), good(10, "1")], 0),
            (vec![good(0, "1"), bad(10), good(20, "1")], 10),
            (
                vec![bad(0), bad(10), good(30, "1"), bad(40), good(50, "1")],
                30,
            ),
            (vec![good(0, "1"), bad(10), bad(20), bad(30)], 20),
            (vec![bad(0), good(10, "1"), bad(20), good(30, "1")], 10),
        ] {
            assert_eq!(longest_outage(&records), outage, "{records:?}");
        }
    }

    #[test]
    fn a_version_that_answers_an_error_is_named_with_it() {
        let answer = Answer::Whole {
            status: 500,
            version: Some("2".to_owned()),
        };
        let record = Record {
            at: 5,
            latency: 1.0,
            answer,
        };
        let summary = of(vec![record]);
        let named = Failure {
            at: 5,
            error: "status 500".to_owned(),
            version: Some("2".to_owned()),
        };
        assert_eq!(summary.failures, [named]);
        assert_eq!(summary.by_version, count(&[]));
    }

    #[test]
    fn lists_fifty_failures_and_counts_all() {
        let summary = of((0..70).map(bad).collect());
        assert_eq!((summary.failed, summary.failures.len()), (70, LISTED));
        assert_eq!(
            (summary.first_failure, summary.last_failure),
            (Some(0), Some(69))
        );
    }

    #[test]
    fn a_run_without_requests_has_a_summary() {
        let summary = of(vec![]);
        assert_eq!((summary.sent, summary.latency_ms.max), (0, None));
    }
}
