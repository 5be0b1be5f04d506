//! Logs: words of somebody else, in a block that they cannot leave, as much of their end as there is room for.

use super::super::escape::{Inert, code, cut, fenced, lines};
use super::super::words::count;
use super::super::{Log, Report};
use super::sheet::heading;

/// Characters of a line.
const LONGEST_LINE: usize = 1_000;

/// Bytes around a log: its heading and its two fences, each at most a backtick longer than a line.
const AROUND: usize = 2 * LONGEST_LINE + 1_000;

/// A block for each; together they are no larger than there is room.
pub(super) fn render(report: &Report, room: usize) -> Vec<String> {
    let each = room / report.logs.len().max(1);
    report
        .logs
        .iter()
        .filter_map(|log| block(log, each.checked_sub(AROUND)?))
        .collect()
}

fn block(log: &Log, room: usize) -> Option<String> {
    let all: Vec<String> = lines(&log.text)
        .iter()
        .map(|line| cut(line, LONGEST_LINE))
        .collect();
    let shown = end(&all, room);
    let who = code(&cut(&log.instance, 80));
    let title = Inert::join(
        &[
            Inert::ours("Last words of"),
            who,
            Inert::ours("(its own, not ours)"),
        ],
        " ",
    );
    let words = match (all.len(), all.len() - shown.len()) {
        (0, _) => "It wrote nothing.\n".to_owned(),
        (_, 0) => fenced(shown),
        (_, left_out) => format!(
            "{} before these did not fit in here.\n\n{}",
            count(left_out, "line"),
            fenced(shown)
        ),
    };
    Some(heading(3, &title) + &words + "\n")
}

/// The last lines that have room.
fn end(lines: &[String], room: usize) -> &[String] {
    let mut left = room;
    let fits = |line: &&String| match left.checked_sub(line.len() + 1) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let fitting = lines.iter().rev().take_while(fits).count();
    lines.get(lines.len() - fitting..).unwrap_or_default()
}
