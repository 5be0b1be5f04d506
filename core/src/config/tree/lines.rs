//! Positions in a text, as editors count.

use saphyr_parser::Marker;

use super::super::error::Place;

/// A position: line and column, both from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) line: u32,
    column: u32,
}

impl Mark {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    pub(super) fn in_file(self, file: &str) -> Place {
        Place {
            file: file.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}

/// Each line's length in characters, without its break; an empty last line does not count.
pub(super) struct Lines(Vec<u32>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let mut lengths = Vec::new();
        let mut length = 0;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\n' | '\r' => lengths.push(std::mem::take(&mut length)),
                _ => length += 1,
            }
        }
        if length > 0 || lengths.is_empty() {
            lengths.push(length);
        }
        Self(lengths)
    }

    /// The parser's own position, kept inside the file: it reports an early end one line further on.
    pub(super) fn mark(&self, marker: Marker) -> Mark {
        let line = marker.line().clamp(1, self.0.len());
        let length = self.0.get(line - 1).copied().unwrap_or(0);
        let column = u32::try_from(marker.col()).unwrap_or(u32::MAX).min(length);
        let column = if line < marker.line() { length } else { column };
        Mark {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: column.saturating_add(1),
        }
    }
}
