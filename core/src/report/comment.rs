//! A plan as a comment on a pull request. What stands in it is somebody else's as well, and means nothing there either.

use super::escape::{Inert, label, prose, sentence};
use super::headline::headline;
use super::markdown::{self, plan, sheet};
use super::Report;

/// Bytes of a comment: GitHub refuses one of more than 65,536 characters.
const LIMIT: usize = 60_000;

pub(super) fn render(report: &Report) -> String {
    // By this mark a workflow finds the comment of the last plan and writes over it.
    let place = label(&format!("{} {}", report.service, report.environment));
    let mark = format!("<!-- cd-action plan {place} -->\n\n");
    let mut blocks = vec![mark, sheet::heading(2, &sentence(&headline(report)))];
    blocks.push(markdown::facts(report));
    blocks.push(markdown::gates(report));
    blocks.extend(report.plan.iter().map(plan::render));
    let run = report.run_url.iter();
    blocks.extend(run.map(|url| sheet::labelled("Run", &prose(url))));
    let troubles: Vec<Inert> = report.troubles.iter().map(|it| sentence(it)).collect();
    blocks.push(sheet::list(&troubles));
    sheet::fitting(&blocks, LIMIT)
}
