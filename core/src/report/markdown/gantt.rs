//! The phases as a diagram.

use super::super::escape::label;
use super::super::words::duration;
use super::super::{Report, Span};

/// More bars than fit on a screen.
const MOST_BARS: usize = 40;

/// The phase that the way back begins with.
const REVERTING: &str = "reverting";

/// Mermaid's source; empty where there was no phase.
///
/// A name begins with its number, so that it is no keyword, and holds nothing that ends it (`:`, `;`, `#`).
pub(super) fn gantt(report: &Report) -> String {
    if report.phases.is_empty() {
        return String::new();
    }
    let place = label(&format!("{} in {}", report.service, report.environment));
    let failed = failed(report);
    let mut gantt = format!("gantt\n  dateFormat x\n  axisFormat %H:%M:%S\n  section {place}\n");
    for (index, span) in report.phases.iter().take(MOST_BARS).enumerate() {
        gantt.push_str(&bar(index + 1, span, failed == Some(index)));
    }
    gantt
}

fn bar(number: usize, span: &Span, failed: bool) -> String {
    let took = duration(span.to.since(span.from));
    let end = span.to.max(span.from.plus(1)).0;
    let kind = if failed { "crit" } else { "done" };
    format!(
        "  {number} {} {took} :{kind}, {}, {end}\n",
        label(&span.name),
        span.from.0
    )
}

/// Where it went wrong: the phase before the way back, or the last one.
fn failed(report: &Report) -> Option<usize> {
    if report.outcome.exit_code(false) == 0 {
        return None;
    }
    match report.phases.iter().position(|span| span.name == REVERTING) {
        Some(back) => back.checked_sub(1),
        None => report.phases.len().checked_sub(1),
    }
}
