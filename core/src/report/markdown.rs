//! The job summary, in GitHub's Markdown.
//!
//! What somebody needs who was woken comes first: how it ended, on a failure why and what to do. What is long and rarely
//! read is folded away. Where all of it is too long, the logs are cut first: their beginnings matter least.

pub(super) mod comment;
mod gantt;
mod logs;
pub(crate) mod metadata;
mod plan;
mod published;
mod sheet;
mod status;
#[cfg(test)]
mod tests;

use super::escape::{Inert, code, cut, fenced, lines, linked, prose, sentence};
use super::headline::headline;
use super::next::next;
use super::serving::{Serving, details, name, same, serving};
use super::words::{clock, count, duration, short, told_once, when};
use super::{Act, Decision, ProbeLine, ReleaseLine, Report, Span, verdict};
use crate::protocol::Outcome;
use crate::rollback::Selection;
use sheet::{diagram, fitting, folded, heading, labelled, list, table};

/// Bytes of a summary. GitHub drops one of more than 1 MiB as a whole, and blotting out secrets may make it longer.
const LIMIT: usize = 900 * 1024;

/// Items of a list.
const MOST_ITEMS: usize = 20;

/// Rows of a table.
const MOST_ROWS: usize = 300;

/// Characters of a sentence or a cell.
const LONGEST: usize = 800;

pub(super) fn render(report: &Report) -> String {
    let (above, below) = (above_the_logs(report), below_the_logs(report));
    let taken: usize = above.iter().chain(&below).map(String::len).sum();
    let logs = logs::render(report, LIMIT.saturating_sub(taken));
    let blocks: Vec<String> = above.into_iter().chain(logs).chain(below).collect();
    fitting(&blocks, LIMIT)
}

fn above_the_logs(report: &Report) -> Vec<String> {
    let failed = report.outcome.exit_code(true) != 0;
    let mut blocks = vec![heading(2, &sentence(&headline(report)))];
    if failed {
        blocks.extend([why(report), what_next(report), facts(report)]);
    } else {
        blocks.extend([facts(report), why(report), what_next(report)]);
    }
    blocks.extend(report.published.iter().map(published::render));
    if report.outcome == Outcome::Shown {
        blocks.extend(report.plan.iter().map(plan::render));
    }
    blocks.push(gates(report));
    let status = report.status.iter();
    blocks.extend(status.map(|status| status::render(report, status)));
    blocks.extend([
        diagram(&gantt::gantt(report)),
        phases(report),
        beside(report),
        probes(report),
    ]);
    blocks
}

fn below_the_logs(report: &Report) -> Vec<String> {
    let mut blocks: Vec<String> = report.candidates.iter().map(candidates).collect();
    blocks.push(titled(
        "Worth knowing",
        &sentences(&told_once(&report.troubles)),
    ));
    blocks.push(titled(
        "Still there, for the next run to put away",
        &names(&report.left),
    ));
    blocks.extend([decisions(report), acts(report)]);
    if report.outcome != Outcome::Shown {
        blocks.extend(
            report
                .plan
                .iter()
                .map(|plan| folded(&Inert::ours("The plan"), &plan::render(plan))),
        );
    }
    blocks.push(places(report));
    blocks
}

/// Mistakes in a configuration have lines of their own, and are shown as they are.
fn why(report: &Report) -> String {
    if report.because.iter().any(|because| because.contains('\n')) {
        let lines = report
            .because
            .iter()
            .flat_map(|it| lines(it))
            .take(MOST_ROWS);
        let lines: Vec<String> = lines.map(|line| cut(&line, LONGEST)).collect();
        return fenced(&lines) + "\n";
    }
    let mut because = sentences(&report.because);
    if because.is_empty() {
        return String::new();
    }
    let cause = because.remove(0);
    if report.outcome.exit_code(true) == 0 {
        return labelled("Because", &cause) + &list(&because);
    }
    let reason = [
        cause,
        Inert::ours(" ("),
        code(&report.reason),
        Inert::ours(")"),
    ];
    labelled("Cause", &Inert::join(&reason, "")) + &list(&because)
}

fn what_next(report: &Report) -> String {
    match sentences(&next(report)).as_slice() {
        [] => String::new(),
        [only] => labelled("Next", only),
        several => format!("**Next:**\n\n{}", list(several)),
    }
}

fn facts(report: &Report) -> String {
    if report.environment.is_empty() {
        return String::new();
    }
    let row = |what: &'static str, is: Inert| [Inert::ours(what), is];
    let mut rows = vec![
        row("service", code(&report.service)),
        row("environment", code(&report.environment)),
    ];
    if let Some(wanted) = &report.wanted {
        rows.extend([
            row("version", code(&wanted.version)),
            row("image", code(&wanted.image)),
        ]);
    }
    rows.extend(
        report
            .plan
            .iter()
            .map(|plan| row("strategy", prose(&plan.strategy))),
    );
    rows.extend(before(report).map(|before| row("before", before)));
    rows.push(row("serves now", now(report)));
    rows.extend(report.url.iter().map(|url| row("reached at", code(url))));
    let took = duration(report.ended.since(report.began));
    rows.push(row(
        "took",
        prose(&format!("{took}, from {} on", when(report.began))),
    ));
    table(["", ""], &rows)
}

/// That nothing served before is worth saying, where that is known.
fn before(report: &Report) -> Option<Inert> {
    match (&report.before, serving(report), &report.wanted) {
        (Some(before), _, _) => Some(release(before)),
        (None, Serving::Release(_) | Serving::Nothing, Some(_)) => Some(Inert::ours("nothing")),
        (None, Serving::Release(_) | Serving::Nothing | Serving::Unknown, Some(_) | None) => None,
    }
}

fn now(report: &Report) -> Inert {
    match (serving(report), &report.before) {
        (Serving::Release(now), Some(before)) if same(now, before) => {
            Inert::join(&[code(&name(now)), Inert::ours("as before")], ", ")
        }
        (Serving::Release(now), _) => release(now),
        (Serving::Nothing, _) => Inert::ours("nothing"),
        (Serving::Unknown, _) => Inert::ours("not known"),
    }
}

fn release(line: &ReleaseLine) -> Inert {
    let details = details(line).into_iter().skip(1).map(|it| prose(&it));
    let parts: Vec<Inert> = [code(&name(line)), code(&short(&line.digest))]
        .into_iter()
        .chain(details)
        .collect();
    Inert::join(&parts, ", ")
}

fn phases(report: &Report) -> String {
    let row = |it: &Span| {
        [
            prose(&it.name),
            prose(&clock(it.from)),
            prose(&duration(it.to.since(it.from))),
        ]
    };
    table(["phase", "entered", "took"], &rows(&report.phases, row))
}

/// A canary beside what serves: a chart, and the numbers that it is made of.
fn beside(report: &Report) -> String {
    let all = super::compared::rows(report);
    if all.is_empty() {
        return String::new();
    }
    let row = |it: &super::compared::Row| {
        let percent = |percent: u8| prose(&format!("{percent} %"));
        let both = |[new, old]: &[String; 2]| match new.is_empty() {
            true => prose("-"),
            false => prose(&format!("{new} · {old}")),
        };
        [
            prose(&it.at),
            percent(it.share),
            both(&it.wrong),
            both(&it.slow),
            cell(&it.metrics),
            percent(it.pass),
            percent(it.fail),
        ]
    };
    let chart = diagram(&super::compared::chart(report));
    let legend = if chart.is_empty() {
        String::new()
    } else {
        "The first line is its share of the traffic, the second the evidence that it is no worse, the third the evidence that it is; in percent of what is asked for.\n\n".to_owned()
    };
    let table = table(
        [
            "when",
            "share",
            "went wrong: new · old",
            "slow: new · old",
            "metrics",
            "evidence: no worse",
            "evidence: worse",
        ],
        &rows(&all, row),
    );
    heading(3, &Inert::ours("Beside what serves")) + &chart + &legend + &table
}

fn probes(report: &Report) -> String {
    let row = |it: &ProbeLine| {
        let number = |number: u32| prose(&number.to_string());
        let last = cell(it.last_bad.as_deref().unwrap_or_default());
        [
            code(&it.instance),
            number(it.good),
            number(it.bad),
            number(it.blind),
            last,
        ]
    };
    table(
        [
            "probes of",
            "good",
            "bad",
            "not taken",
            "the last that was not good",
        ],
        &rows(&report.probes, row),
    )
}

fn candidates(selection: &Selection) -> String {
    let row = |[version, digest, generation, since, words]: &verdict::Row| {
        [
            code(version),
            code(digest),
            code(generation),
            prose(since),
            cell(words),
        ]
    };
    let rows = rows(&verdict::rows(selection), row);
    let possible = if rows.is_empty() {
        "Nowhere: nothing was ever proven here.\n\n".to_owned()
    } else {
        table(
            [
                "version",
                "digest",
                "generation",
                "known-good since",
                "verdict",
            ],
            &rows,
        )
    };
    let never = titled(
        "Never proven here, so never gone back to",
        &sentences(&verdict::never_proven(selection)),
    );
    heading(3, &Inert::ours("Where a rollback can go")) + &possible + &never
}

fn gates(report: &Report) -> String {
    let all = super::gates::rows(&report.gates);
    let row = |it: &super::gates::Row| {
        let name = [Inert::ours(super::gates::indent(it.depth)), code(&it.name)];
        let because = it.reasons.iter().map(|reason| {
            let text = cell(&reason.text);
            reason
                .link
                .as_ref()
                .map_or_else(|| text.clone(), |link| linked(&text, link))
        });
        let more = it.more.then(|| Inert::ours("…"));
        let because: Vec<Inert> = because.chain(more).collect();
        [
            Inert::join(&name, ""),
            cell(&it.verdict),
            Inert::join(&because, "; "),
        ]
    };
    table(["gate", "verdict", "on what"], &rows(&all, row))
}

fn decisions(report: &Report) -> String {
    let row = |it: &Decision| {
        [
            prose(&clock(it.at)),
            prose(&it.phase),
            cell(&it.decision),
            cell(&it.because.join("; ")),
        ]
    };
    let title = prose(&count(report.decisions.len(), "decision"));
    folded(
        &title,
        &table(
            ["when", "phase", "decision", "on what"],
            &rows(&report.decisions, row),
        ),
    )
}

fn acts(report: &Report) -> String {
    let row = |it: &Act| {
        [
            prose(&clock(it.at)),
            code(&cut(&it.what, LONGEST)),
            prose(&duration(it.took)),
            cell(&it.ended),
        ]
    };
    let title = prose(&format!(
        "{} on the target",
        count(report.acts.len(), "act")
    ));
    folded(
        &title,
        &table(["when", "what", "took", "ended"], &rows(&report.acts, row)),
    )
}

fn places(report: &Report) -> String {
    let place = |what: &'static str, is: &str| Inert::join(&[Inert::ours(what), code(is)], " ");
    let files = [("report", &report.path), ("journal", &report.journal)];
    let files = files
        .into_iter()
        .filter(|(_, path)| !path.is_empty())
        .map(|(what, path)| place(what, path));
    let run = report.run_url.iter().map(|url| {
        let run = Inert::ours("run");
        Inert::join(&[run, linked(&code(url), url)], " ")
    });
    let head = report
        .ledger_head
        .iter()
        .map(|head| place("ledger head", head));
    titled(
        "Where to look",
        &run.chain(files).chain(head).collect::<Vec<_>>(),
    )
}

// --- small parts ---------------------------------------------------------------------------------------------------

fn titled(title: &'static str, items: &[Inert]) -> String {
    if items.is_empty() {
        String::new()
    } else {
        format!("**{title}:**\n\n{}", list(items))
    }
}

fn sentences(texts: &[String]) -> Vec<Inert> {
    some(texts, cell)
}

fn names(texts: &[String]) -> Vec<Inert> {
    some(texts, |text| code(&cut(text, LONGEST)))
}

/// As many as a person reads.
fn some(texts: &[String], as_inert: impl Fn(&str) -> Inert) -> Vec<Inert> {
    let more = texts.len().saturating_sub(MOST_ITEMS);
    let more = (more > 0).then(|| prose(&format!("and {more} more, in the report file")));
    texts
        .iter()
        .take(MOST_ITEMS)
        .map(|text| as_inert(text))
        .chain(more)
        .collect()
}

fn cell(text: &str) -> Inert {
    sentence(&cut(text, LONGEST))
}

fn rows<T, const N: usize>(items: &[T], row: impl Fn(&T) -> [Inert; N]) -> Vec<[Inert; N]> {
    let more = (items.len() > MOST_ROWS).then(|| [(); N].map(|()| Inert::ours("…")));
    items.iter().take(MOST_ROWS).map(row).chain(more).collect()
}
