//! What `status` found.

use super::super::headline::{attention, front};
use super::super::serving::{details, name};
use super::super::words::share;
use super::super::{InstanceLine, ReleaseLine, Report, Status};
use super::one_a_line;
use super::page::{Page, Plain};

pub(super) fn render(page: &mut Page, report: &Report, status: &Status) {
    page.section("needs attention", one_a_line(&attention(report, status)));
    let under_way: Vec<String> = status.under_way.iter().cloned().collect();
    page.section("under way", one_a_line(&under_way));
    page.section("instances", instances(report, status));
    page.section("known-good, the newest first", known_good(status));
    page.section("quarantined", one_a_line(&status.quarantine));
    page.section(
        "overridden by persons, the newest first",
        one_a_line(&status.overridden),
    );
    page.section("the rest", rest(report, status));
}

fn instances(report: &Report, status: &Status) -> Vec<Plain> {
    let row = |it: &InstanceLine| {
        [
            it.instance.clone(),
            it.state.clone(),
            share(&it.weight, report.worker),
            it.container.clone(),
        ]
    };
    let rows: Vec<_> = status.instances.iter().map(row).collect();
    if rows.is_empty() {
        vec![Plain::line("none")]
    } else {
        Plain::columns(&rows)
    }
}

fn known_good(status: &Status) -> Vec<Plain> {
    let row = |it: &ReleaseLine| [name(it), details(it).join(", ")];
    let rows: Vec<_> = status.known_good.iter().map(row).collect();
    if rows.is_empty() {
        vec![Plain::line("nothing was ever proven here")]
    } else {
        Plain::columns(&rows)
    }
}

fn rest(report: &Report, status: &Status) -> Vec<Plain> {
    let row = |what: &str, is: &str| [what.to_owned(), is.to_owned()];
    Plain::columns(&[
        row(front(report), &status.router),
        row("lease", status.lease.as_deref().unwrap_or("nobody has it")),
        row("ledger", &status.ledger),
    ])
}
