//! A page of plain text: a first line, and sections with a heading, indented.
//!
//! Nothing gets on a page but as [`Plain`], so that somebody else's words never begin a line of their own, let alone
//! look like a heading.

use super::super::escape::{cut, line, lines};

/// Characters of a line. Longer ones are somebody's page of HTML.
const LONGEST_LINE: usize = 1_000;

/// Characters of a cell that others stand beside.
const LONGEST_CELL: usize = 80;

/// Before each line of a quotation, with the name of whoever said it before this.
const BAR: &str = "│";

/// A line that is safe to show.
#[derive(Clone, Debug)]
pub(super) struct Plain(String);

impl Plain {
    /// All of it as one line.
    pub(super) fn line(text: &str) -> Self {
        Self(cut(&line(text), LONGEST_LINE))
    }

    /// Line by line.
    pub(super) fn lines(text: &str) -> Vec<Self> {
        lines(text)
            .into_iter()
            .map(|line| Self(cut(&line, LONGEST_LINE)))
            .collect()
    }

    /// The last lines of what somebody else wrote; each says whose it is.
    pub(super) fn quotation(who: &str, text: &str, most: usize) -> Vec<Self> {
        let who = cut(&line(who), LONGEST_CELL);
        let lines = lines(text);
        let from = lines.len().saturating_sub(most);
        let shown = lines.get(from..).unwrap_or_default();
        shown
            .iter()
            .map(|line| Self(cut(format!("{who} {BAR} {line}").trim_end(), LONGEST_LINE)))
            .collect()
    }

    /// One below the other, each column as wide as its widest cell; what stands in the last one may be longer.
    pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> Vec<Self> {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| Some(row.get(column)?.chars().count()))
                .max()
        };
        let widths: Vec<usize> = (0..N)
            .map(|column| width(column).unwrap_or_default())
            .collect();
        let pad = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
            let padded: Vec<String> = cells
                .map(|(cell, &width)| format!("{cell:width$}"))
                .collect();
            Self(padded.join("  ").trim_end().to_owned())
        };
        rows.iter().map(pad).collect()
    }
}

fn cells(row: &[String]) -> Vec<String> {
    let last = row.len().saturating_sub(1);
    let most = |column| {
        if column == last {
            LONGEST_LINE
        } else {
            LONGEST_CELL
        }
    };
    row.iter()
        .enumerate()
        .map(|(column, cell)| cut(&line(cell), most(column)))
        .collect()
}

/// What is written so far.
#[derive(Debug)]
pub(super) struct Page(String);

impl Page {
    /// A page with its first line.
    pub(super) fn new(first: &str) -> Self {
        let Plain(first) = Plain::line(first);
        Self(format!("{first}\n"))
    }

    /// A heading and what is below it; without that, nothing.
    pub(super) fn section(&mut self, title: &str, lines: Vec<Plain>) {
        if lines.is_empty() {
            return;
        }
        let Plain(title) = Plain::line(title);
        self.0.push_str(&format!("\n{title}\n"));
        for Plain(line) in lines {
            self.0.push_str(format!("  {line}").trim_end());
            self.0.push('\n');
        }
    }

    /// All of it.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
