//! A canary beside what serves: its share of the traffic, how much of both went wrong, and how far the evidence was, over time.

use serde::Serialize;

use super::Report;
use super::words::clock;
use crate::analysis::{Basis, Counts, Finding};
use crate::protocol::Timestamp;

/// What a comparison had come to at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Compared {
    /// When.
    pub at: Timestamp,
    /// The new version's share of the traffic, in percent.
    pub share: u8,
    /// Each kind that was asked for.
    pub findings: Vec<Finding>,
}

/// More moments than these are thinned out: half of them tell the same story.
const MOST: usize = 96;

/// See [`MOST`].
const HALF: u64 = 48;

/// Rows that fit on a screen.
const ROWS: u64 = 16;

/// Points of a line in the chart.
const POINTS: u64 = 48;

impl Report {
    /// One moment more. Where they are many, every other one goes; the last at each share stays, since it decided.
    pub fn add_compared(&mut self, moment: Compared) {
        self.compared.push(moment);
        if self.compared.len() > MOST {
            self.compared = thinned(&self.compared, HALF);
        }
    }
}

/// About so many of them, evenly in time, and the last at each share.
fn thinned(all: &[Compared], most: u64) -> Vec<Compared> {
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return Vec::new();
    };
    let apart = last.at.since(first.at) / most;
    let mut next = first.at;
    let nexts = all.iter().skip(1).map(Some).chain([None]);
    let mut kept = Vec::new();
    for (moment, after) in all.iter().zip(nexts) {
        let ends = after.is_none_or(|after| after.share != moment.share);
        if moment.at >= next || ends {
            next = moment.at.plus(apart);
            kept.push(moment.clone());
        }
    }
    kept
}

/// A moment, in numbers for people.
pub(super) struct Row {
    pub(super) at: String,
    pub(super) share: u8,
    /// Went wrong: of the new version's requests, and of the old one's.
    pub(super) wrong: [String; 2],
    /// Slow: of the new version's answers, and of the old one's; empty where nobody asked.
    pub(super) slow: [String; 2],
    /// Names of metrics with their values.
    pub(super) metrics: String,
    /// Percent of the evidence that it is no worse, of the kind with the least.
    pub(super) pass: u8,
    /// Percent of the evidence that it is worse, of the kind with the most.
    pub(super) fail: u8,
}

/// What fits on a screen.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    thinned(&report.compared, ROWS).iter().map(row).collect()
}

fn row(moment: &Compared) -> Row {
    let mut row = Row {
        at: clock(moment.at),
        share: moment.share,
        wrong: Default::default(),
        slow: Default::default(),
        metrics: String::new(),
        pass: 100,
        fail: 0,
    };
    for finding in &moment.findings {
        let (pass, fail) = finding.progress();
        row.pass = row.pass.min(pass);
        row.fail = row.fail.max(fail);
        match &finding.basis {
            Basis::Errors(numbers) => {
                row.wrong = [numbers.candidate, numbers.baseline].map(of);
            }
            Basis::Latency(tails) => {
                let worst = tails.iter().max_by_key(|tail| tail.numbers.worse.percent());
                if let Some(tail) = worst {
                    row.slow = [tail.numbers.candidate, tail.numbers.baseline].map(of);
                }
            }
            Basis::Metric { value, .. } => {
                let crate::analysis::Kind::Metric(name) = &finding.kind else {
                    continue;
                };
                let value = value.as_deref().unwrap_or("-");
                let comma = if row.metrics.is_empty() { "" } else { ", " };
                row.metrics.push_str(&format!("{comma}{name} {value}"));
            }
        }
    }
    row
}

/// `3 of 250`
fn of(counts: Counts) -> String {
    format!("{} of {}", counts.bad, counts.requests)
}

/// Mermaid's source: lines over time, in percent; empty where nothing was compared for a second.
pub(super) fn chart(report: &Report) -> String {
    let (Some(first), Some(last)) = (report.compared.first(), report.compared.last()) else {
        return String::new();
    };
    let span = last.at.since(first.at);
    if span < 1_000 {
        return String::new();
    }
    // The chart puts them evenly apart, so that is how they are taken: each as it was by then.
    let points: Vec<Row> = (0..=POINTS)
        .filter_map(|point| {
            let by = first.at.plus(span * point / POINTS);
            let before = report.compared.iter().take_while(|it| it.at <= by);
            before.last().map(row)
        })
        .collect();
    let line = |of: fn(&Row) -> u8| {
        let numbers: Vec<String> = points.iter().map(|row| of(row).to_string()).collect();
        numbers.join(", ")
    };
    format!(
        "xychart-beta\n  x-axis \"seconds\" 0 --> {}\n  y-axis \"%\" 0 --> 100\n  line [{}]\n  line [{}]\n  line [{}]\n",
        span.div_ceil(1000),
        line(|row| row.share),
        line(|row| row.pass),
        line(|row| row.fail),
    )
}

/// A share of a hundred as a bar of ten.
pub(super) fn bar(percent: u8) -> String {
    let full = usize::from(percent.min(100).div_ceil(10));
    format!("{}{}", "█".repeat(full), "·".repeat(10 - full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{LatencyRule, Margin, MetricRule, Pair, Real, Times, Trial};

    fn counts(requests: u64, bad: u64) -> Counts {
        Counts::new(requests, bad)
    }

    /// A report of so many seconds at each of these shares, in which all is well.
    fn report(shares: &[u8], seconds: u64) -> Report {
        let mut report = Report::new("deploy", Timestamp(0));
        let metric = MetricRule {
            name: "queue".to_owned(),
            max: Some(Real(100.0)),
            min: None,
            readings: 3,
        };
        let mut trial = Trial::new(
            Timestamp(0),
            Margin::ERRORS,
            Some(LatencyRule::USUAL),
            [metric],
        );
        let (mut now, mut looks) = (0, 0);
        let mut times = Times::none(&crate::analysis::BOUNDS);
        for share in shares {
            trial.begin_step(Timestamp(now));
            for _ in 0..seconds {
                now += 1_000;
                looks += 1;
                (0..100).for_each(|_| times.count(20));
                let both = Pair {
                    candidate: counts(looks * 100, looks),
                    baseline: counts(looks * 100, looks),
                };
                trial.errors.observe(Timestamp(now), 1, both);
                if let Some(latency) = &mut trial.latency {
                    latency.observe(Timestamp(now), 1, times.clone(), times.clone());
                }
                trial.metrics[0].observe(Ok(Real(7.0)));
                report.add_compared(Compared {
                    at: Timestamp(now),
                    share: *share,
                    findings: trial.findings(),
                });
            }
        }
        report
    }

    #[test]
    fn however_long_it_lasts_it_fits_and_each_share_ends_with_what_decided() {
        let report = report(&[5, 25, 50], 1_000);
        assert!(
            report.compared.len() <= MOST + 3,
            "{}",
            report.compared.len()
        );
        let rows = rows(&report);
        assert!((10..=20).contains(&rows.len()), "{}", rows.len());
        for share in [5, 25, 50] {
            let last = report.compared.iter().rfind(|it| it.share == share);
            let at = last.map(|it| it.at.0);
            let ends = [5, 25, 50].iter().position(|it| *it == share);
            assert_eq!(at, ends.map(|at| 1_000_000 * (at as u64 + 1)), "{share}");
        }
    }

    #[test]
    fn it_is_drawn_with_its_numbers() {
        let report = report(&[5, 25], 60);
        let text = report.text();
        let line = text
            .lines()
            .rfind(|line| line.contains("██████████"))
            .expect("a bar");
        assert!(line.contains("25 %") && line.contains("100 %"), "{text}");
        assert!(line.contains("queue 7"), "{line}");
        assert!(line.contains(" of "), "{line}");
        let markdown = report.markdown();
        assert!(
            markdown.contains("xychart-beta\n  x-axis \"seconds\" 0 --> 119\n"),
            "{markdown}"
        );
        let lines: Vec<usize> = markdown
            .lines()
            .filter_map(|line| line.trim().strip_prefix("line ["))
            .map(|line| line.split(',').count())
            .collect();
        assert_eq!(lines.len(), 3, "{markdown}");
        assert!(lines.iter().all(|count| *count == lines[0]), "{lines:?}");
    }

    #[test]
    fn where_nothing_was_compared_nothing_is_drawn() {
        let report = Report::new("deploy", Timestamp(0));
        assert_eq!(chart(&report), "");
        assert!(!report.text().contains("beside what serves"));
        assert!(!report.markdown().contains("Beside what serves"));
        assert!(!report.json().contains("compared"));
    }

    #[test]
    fn a_bar_has_ten_parts() {
        let rows = [
            (0, "··········"),
            (1, "█·········"),
            (50, "█████·····"),
            (100, "██████████"),
        ];
        for (percent, drawn) in rows {
            assert_eq!(bar(percent), drawn);
        }
    }
}
