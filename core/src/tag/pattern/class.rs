//! Sets of characters.

/// Characters by spans, ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) spans: Vec<(char, char)>,
    pub(super) negated: bool,
    pub(super) ignore_case: bool,
}

impl Class {
    pub(super) fn has(&self, c: char) -> bool {
        let found = if self.ignore_case {
            variants(c).into_iter().any(|c| self.listed(c))
        } else {
            self.listed(c)
        };
        found != self.negated
    }

    fn listed(&self, c: char) -> bool {
        self.spans
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
    }

    /// `\d`, `\D`, `\s`, `\S`, `\w`, `\W`.
    pub(super) fn named(name: char) -> Option<Self> {
        let spans = match name.to_ascii_lowercase() {
            'd' => DIGITS,
            's' => BLANKS,
            'w' => WORDS,
            _ => return None,
        };
        let class = Self {
            spans: spans.to_vec(),
            ..Self::default()
        };
        Some(match name.is_ascii_uppercase() {
            true => class.inverted(),
            false => class,
        })
    }

    /// Everything else, in spans, so that it can be part of another class.
    fn inverted(&self) -> Self {
        let mut spans = Vec::new();
        let mut next = 0;
        // The named classes list their spans in order.
        for (first, last) in &self.spans {
            spans.extend(span(next, u32::from(*first).saturating_sub(1)));
            next = u32::from(*last) + 1;
        }
        spans.extend(span(next, u32::from(char::MAX)));
        Self {
            spans,
            ..Self::default()
        }
    }
}

fn span(first: u32, last: u32) -> Option<(char, char)> {
    (first <= last).then_some((char::from_u32(first)?, char::from_u32(last)?))
}

/// Equal but for case, as far as JavaScript goes by default: one character to one.
pub(super) fn same_but_case(one: char, two: char) -> bool {
    one == two || upper(one) == upper(two)
}

/// A character, in small and capital letters.
fn variants(c: char) -> [char; 3] {
    let mut lower = c.to_lowercase();
    let small = match (lower.next(), lower.next()) {
        (Some(small), None) if upper(small) == upper(c) => small,
        _ => c,
    };
    [c, upper(c), small]
}

fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        // By the standard nothing outside ASCII becomes ASCII.
        (Some(one), None) if c.is_ascii() || !one.is_ascii() => one,
        _ => c,
    }
}

/// Letters, digits and the underscore of ASCII.
pub(super) const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) const fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

const DIGITS: &[(char, char)] = &[('0', '9')];
const WORDS: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const BLANKS: &[(char, char)] = &[
    ('\t', '\r'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];
