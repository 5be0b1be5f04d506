//! A plan as a comment on a pull request. What stands in it is somebody else's as well, and means nothing there either.

use super::super::Report;
use super::super::escape::{code, label, linked, sentence};
use super::super::headline::headline;
use super::sheet::{fitting, heading, labelled};
use super::{facts, gates, plan, sentences, titled};

/// Bytes of a comment: GitHub refuses one of more than 65,536 characters.
const LIMIT: usize = 60_000;

pub(in super::super) fn render(report: &Report) -> String {
    // By this mark a workflow finds the comment of the last plan and writes over it.
    let place = label(&format!("{} {}", report.service, report.environment));
    let mark = format!("<!-- cd-action plan {place} -->\n\n");
    let title = heading(2, &sentence(&headline(report)));
    let mut blocks = vec![mark, title, facts(report), gates(report)];
    blocks.extend(report.plan.iter().map(plan::render));
    blocks.push(titled("Worth knowing", &sentences(&report.troubles)));
    let run = report.run_url.iter();
    blocks.extend(run.map(|url| labelled("Run", &linked(&code(url), url))));
    fitting(&blocks, LIMIT)
}
