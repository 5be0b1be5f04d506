//! Plain text: what a command line or a log shows at the end of a run.
//!
//! The first line says how it ended; then why, what serves now, and what there is to look at; at the bottom, where a
//! terminal stops, what to do next.

mod annotation;
pub(crate) mod metadata;
mod page;
mod plan;
mod published;
pub(crate) mod replay;
mod status;
#[cfg(test)]
mod tests;

pub(super) use annotation::annotation;

use super::compared::bar;
use super::headline::headline;
use super::next::next;
use super::serving::{Serving, described, same, serves_now, serving};
use super::words::{clock, duration, told_once, when};
use super::{Log, ProbeLine, ReleaseLine, Report, verdict};
use crate::protocol::Outcome;
use crate::rollback::Selection;
use page::{Page, Plain};

/// Lines of a log: a screen of them; the whole of it is in the report file.
const LOG_LINES: usize = 30;

pub(super) fn render(report: &Report) -> String {
    let mut page = Page::new(&headline(report));
    page.section(why_title(report), why(report));
    page.section(&here_title(report), here(report));
    report
        .published
        .iter()
        .for_each(|it| published::render(&mut page, it));
    if report.outcome == Outcome::Shown {
        report
            .plan
            .iter()
            .for_each(|plan| plan::render(&mut page, plan));
    }
    page.section("gates", gates(report));
    report
        .status
        .iter()
        .for_each(|status| status::render(&mut page, report, status));
    page.section(&phases_title(report), phases(report));
    page.section("beside what serves", beside(report));
    page.section("decisions", decisions(report));
    page.section(
        "probes",
        Plain::columns(&report.probes.iter().map(probe).collect::<Vec<_>>()),
    );
    page.section("worth knowing", one_a_line(&told_once(&report.troubles)));
    report
        .logs
        .iter()
        .for_each(|log| page.section(&log_title(log), last_words(log)));
    report
        .candidates
        .iter()
        .for_each(|selection| candidates(&mut page, selection));
    page.section(
        "still there, for the next run to put away",
        one_a_line(&report.left),
    );
    page.section("what to do next", one_a_line(&next(report)));
    page.section("where to look", places(report));
    page.finish()
}

const fn why_title(report: &Report) -> &'static str {
    match report.outcome {
        Outcome::Shown
        | Outcome::Deployed
        | Outcome::Restored
        | Outcome::Released
        | Outcome::Unchanged
        | Outcome::Held
        | Outcome::Waiting
        | Outcome::Stopped
        | Outcome::Resumed
        | Outcome::Superseded => "because",
        Outcome::Rejected
        | Outcome::Busy
        | Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Cancelled
        | Outcome::Stranded
        | Outcome::Invalid
        | Outcome::Crashed => "cause",
    }
}

/// Mistakes in a configuration have lines of their own.
fn why(report: &Report) -> Vec<Plain> {
    let mut why: Vec<Plain> = report
        .because
        .iter()
        .flat_map(|because| Plain::lines(because))
        .collect();
    if report.outcome.exit_code(true) != 0 && !report.reason.is_empty() {
        why.push(Plain::line(&format!("(code: {})", report.reason)));
    }
    why
}

fn here_title(report: &Report) -> String {
    [&report.service, &report.environment]
        .map(String::as_str)
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" in ")
}

fn here(report: &Report) -> Vec<Plain> {
    if report.environment.is_empty() {
        return Vec::new();
    }
    let row = |what: &str, is: String| [what.to_owned(), is];
    let now = match serving(report) {
        Serving::Release(now) => Some(now),
        Serving::Nothing | Serving::Unknown => None,
    };
    let differs = |release: &&ReleaseLine| now.is_none_or(|now| !same(now, release));
    let mut rows = vec![row("serves now", serves_now(report))];
    rows.extend(
        report
            .before
            .iter()
            .filter(differs)
            .map(|before| row("before", described(before))),
    );
    rows.extend(
        report
            .wanted
            .iter()
            .filter(differs)
            .map(|wanted| row("wanted", described(wanted))),
    );
    rows.extend(report.url.iter().map(|url| row("reached at", url.clone())));
    Plain::columns(&rows)
}

fn phases_title(report: &Report) -> String {
    let took = duration(report.ended.since(report.began));
    format!("phases: {took} in all, from {} on", when(report.began))
}

fn phases(report: &Report) -> Vec<Plain> {
    let row = |span: &super::Span| {
        [
            span.name.clone(),
            clock(span.from),
            duration(span.to.since(span.from)),
        ]
    };
    Plain::columns(&report.phases.iter().map(row).collect::<Vec<_>>())
}

fn decisions(report: &Report) -> Vec<Plain> {
    let row = |it: &super::Decision| {
        [
            clock(it.at),
            it.phase.clone(),
            format!("{}: {}", it.decision, it.because.join("; ")),
        ]
    };
    Plain::columns(&report.decisions.iter().map(row).collect::<Vec<_>>())
}

/// The share of the traffic and the evidence as bars, with the numbers that they are made of.
fn beside(report: &Report) -> Vec<Plain> {
    let rows = super::compared::rows(report);
    if rows.is_empty() {
        return Vec::new();
    }
    let head = [
        "at",
        "share",
        "",
        "no worse",
        "",
        "worse",
        "wrong: new",
        "old",
        "slow: new",
        "old",
        "metrics",
    ];
    let row = |it: &super::compared::Row| {
        let percent = |percent: u8| format!("{percent} %");
        let ([wrong, wrong_old], [slow, slow_old]) = (it.wrong.clone(), it.slow.clone());
        [
            it.at.clone(),
            bar(it.share),
            percent(it.share),
            bar(it.pass),
            percent(it.pass),
            percent(it.fail),
            wrong,
            wrong_old,
            slow,
            slow_old,
            it.metrics.clone(),
        ]
    };
    let rows: Vec<_> = [head.map(str::to_owned)]
        .into_iter()
        .chain(rows.iter().map(row))
        .collect();
    Plain::columns(&rows)
}

fn probe(probe: &ProbeLine) -> [String; 2] {
    let blind = if probe.blind == 0 {
        String::new()
    } else {
        format!(", {} could not be taken", probe.blind)
    };
    let last = probe.last_bad.as_ref().map_or_else(String::new, |last| {
        format!("; the last that was not good: {last}")
    });
    [
        probe.instance.clone(),
        format!("{} good, {} bad{blind}{last}", probe.good, probe.bad),
    ]
}

fn log_title(log: &Log) -> String {
    format!("last words of {} (its own, not ours)", log.instance)
}

fn last_words(log: &Log) -> Vec<Plain> {
    let quotation = Plain::quotation(&log.instance, &log.text, LOG_LINES);
    if quotation.is_empty() {
        vec![Plain::line("it wrote nothing")]
    } else {
        quotation
    }
}

fn candidates(page: &mut Page, selection: &Selection) {
    let rows = verdict::rows(selection);
    if rows.is_empty() {
        page.section(
            "where a rollback can go",
            vec![Plain::line("nowhere: nothing was ever proven here")],
        );
    }
    page.section(
        "where a rollback can go, the newest first",
        Plain::columns(&rows),
    );
    page.section(
        "never proven here, so never gone back to",
        one_a_line(&verdict::never_proven(selection)),
    );
}

fn one_a_line(texts: &[String]) -> Vec<Plain> {
    texts.iter().map(|text| Plain::line(text)).collect()
}

/// The name, indented by how deep it is inside of others; the verdict; what it rests on.
fn gates(report: &Report) -> Vec<Plain> {
    let rows = super::gates::rows(&report.gates);
    let row = |it: &super::gates::Row| {
        let links = it.links();
        let name = format!("{}{}", "· ".repeat(it.depth), it.name);
        [name, it.verdict.clone(), format!("{}{links}", it.because)]
    };
    Plain::columns(&rows.iter().map(row).collect::<Vec<_>>())
}

fn places(report: &Report) -> Vec<Plain> {
    let row = |what: &str, place: &str| [what.to_owned(), place.to_owned()];
    let head = report.ledger_head.iter().map(|head| {
        row(
            "ledger",
            &format!("its head is {head}: compare it with what `status` says later"),
        )
    });
    let run = report.run_url.iter().map(|url| row("run", url));
    let files = [("report", &report.path), ("journal", &report.journal)];
    let files = files
        .into_iter()
        .filter(|(_, path)| !path.is_empty())
        .map(|(what, path)| row(what, path));
    Plain::columns(&run.chain(files).chain(head).collect::<Vec<_>>())
}
