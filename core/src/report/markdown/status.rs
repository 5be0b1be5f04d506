//! What `status` found.

use super::super::escape::{Inert, code, prose};
use super::super::headline::{attention, front};
use super::super::serving::name;
use super::super::words::{share, short, when};
use super::super::{InstanceLine, ReleaseLine, Report, Status};
use super::sheet::table;
use super::{cell, rows, sentences, titled};

pub(super) fn render(report: &Report, status: &Status) -> String {
    let what = if report.worker { "work" } else { "traffic" };
    let under_way: Vec<String> = status.under_way.iter().cloned().collect();
    titled("Needs attention", &sentences(&attention(report, status)))
        + &titled("Under way", &sentences(&under_way))
        + &table(
            ["instance", "state", what, "container"],
            &rows(&status.instances, |it| instance(it, report.worker)),
        )
        + &table(
            ["known-good", "digest", "generation", "since"],
            &rows(&status.known_good, known_good),
        )
        + &titled("Quarantined", &sentences(&status.quarantine))
        + &titled(
            "Overridden by persons, the newest first",
            &sentences(&status.overridden),
        )
        + &titled("The rest", &rest(report, status))
}

fn instance(it: &InstanceLine, worker: bool) -> [Inert; 4] {
    [
        code(&it.instance),
        cell(&it.state),
        prose(&share(&it.weight, worker)),
        code(&it.container),
    ]
}

fn known_good(it: &ReleaseLine) -> [Inert; 4] {
    let since = it.known_good_since.map_or_else(String::new, when);
    [
        code(&name(it)),
        code(&short(&it.digest)),
        code(it.generation.as_deref().unwrap_or_default()),
        prose(&since),
    ]
}

fn rest(report: &Report, status: &Status) -> Vec<Inert> {
    let lease = status.lease.as_deref().unwrap_or("nobody has it");
    let facts = [
        format!("{}: {}", front(report), status.router),
        format!("lease: {lease}"),
        format!("ledger: {}", status.ledger),
    ];
    facts.iter().map(|fact| cell(fact)).collect()
}
