//! Regular expressions as JavaScript has them, since users' patterns were written for it, in bounded time.
//!
//! A pattern is read (`parse`), made a small program (`compile`) and run (`run`) by backtracking, which gives exactly the match
//! that JavaScript gives. What the run has seen fail once it does not try again, so that patterns without references to groups
//! and without lookaround take time in proportion to pattern times text; for those others there is a limit.

mod class;
mod compile;
mod groups;
mod parse;
mod run;

use std::fmt;

/// A pattern that can be looked for.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    program: compile::Program,
    flags: Flags,
}

/// Why a pattern is none, or a search was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It breaks JavaScript's grammar.
    Syntax(&'static str),
    /// JavaScript knows it, and this does not.
    Unsupported(&'static str),
    /// Written out it is longer than any that a person needs.
    TooLarge,
    /// It takes more steps than any that a person needs.
    TooSlow,
}

/// What stands behind the second slash of `/pattern/flags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `i`
    pub(super) ignore_case: bool,
    /// `m`: `^` and `$` also match at the ends of lines.
    pub(super) multiline: bool,
    /// `s`: the dot also matches the ends of lines.
    pub(super) dot_all: bool,
    /// `g`: all matches.
    pub(super) global: bool,
    /// `y`: only where the last match ended.
    pub(super) sticky: bool,
    /// `u` or `v`: the stricter grammar.
    pub(super) unicode: bool,
    /// `v`: sets of characters may be calculated with, and more signs in them are escaped.
    pub(super) sets: bool,
}

/// The groups of one match, the whole first; `None` for a group that took no part.
pub(super) type Groups = Vec<Option<String>>;

impl Pattern {
    /// A pattern without flags.
    pub(super) fn new(source: &str) -> Result<Self, Refused> {
        Self::with_flags(source, Flags::default())
    }

    /// `/pattern/flags`, or a pattern without flags.
    pub(super) fn literal(text: &str) -> Result<Self, Refused> {
        let inner = text
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'));
        match inner {
            Some((source, flags)) if !source.is_empty() => {
                Self::with_flags(source, Flags::parse(flags)?)
            }
            _ => Self::new(text),
        }
    }

    fn with_flags(source: &str, flags: Flags) -> Result<Self, Refused> {
        let parsed = parse::parse(source, flags)?;
        let program = compile::compile(&parsed)?;
        Ok(Self { program, flags })
    }

    /// What `text.match(pattern)` gives: the groups of the first match, or every whole match where all are asked for.
    pub(super) fn find(&self, text: &str) -> Result<Option<Groups>, Refused> {
        let text = units(text, self.flags.unicode);
        let mut search = run::Search::new(&self.program, &text);
        if !self.flags.global {
            let found = self.next(&mut search, 0)?;
            return Ok(found.map(|slots| self.groups(&slots, &text)));
        }
        let mut all = Vec::new();
        let mut from = 0;
        while let Some(slots) = self.next(&mut search, from)? {
            let whole = self.groups(&slots, &text).into_iter().next();
            let end = slots.get(1).copied().flatten().unwrap_or(text.len());
            let empty = slots.first().copied().flatten() == Some(end);
            from = if empty { end + 1 } else { end };
            all.extend(whole);
        }
        Ok((!all.is_empty()).then_some(all))
    }

    fn next(
        &self,
        search: &mut run::Search<'_>,
        from: usize,
    ) -> Result<Option<Vec<Option<usize>>>, Refused> {
        let last = if self.flags.sticky {
            from
        } else {
            search.end()
        };
        for start in from..=last.min(search.end()) {
            if let Some(slots) = search.at(start)? {
                return Ok(Some(slots));
            }
        }
        Ok(None)
    }

    fn groups(&self, slots: &[Option<usize>], text: &[char]) -> Groups {
        let pairs = slots.chunks_exact(2).take(self.program.groups + 1);
        let group = |pair: &[Option<usize>]| match pair {
            [Some(begin), Some(end)] => {
                let part = text.get(*begin..*end)?;
                Some(joined(part, self.flags.unicode))
            }
            _ => None,
        };
        pairs.map(group).collect()
    }
}

impl Flags {
    fn parse(text: &str) -> Result<Self, Refused> {
        let mut flags = Self::default();
        let (mut indices, mut sets, mut code_points) = (false, false, false);
        for c in text.chars() {
            let flag = match c {
                'd' => &mut indices,
                'g' => &mut flags.global,
                'i' => &mut flags.ignore_case,
                'm' => &mut flags.multiline,
                's' => &mut flags.dot_all,
                'u' => &mut code_points,
                'v' => &mut sets,
                'y' => &mut flags.sticky,
                _ => return Err(Refused::Syntax("unknown flag")),
            };
            if std::mem::replace(flag, true) {
                return Err(Refused::Syntax("one flag twice"));
            }
        }
        if sets && code_points {
            return Err(Refused::Syntax("flags u and v together"));
        }
        flags.unicode = code_points || sets;
        flags.sets = sets;
        Ok(flags)
    }
}

/// The characters that an expression sees: whole ones with the flags `u` and `v`, else units of UTF-16, of which some
/// characters have two.
fn units(text: &str, unicode: bool) -> Vec<char> {
    if unicode || text.is_ascii() {
        return text.chars().collect();
    }
    text.encode_utf16().map(unit).collect()
}

/// A unit of UTF-16 as a character. Half of a character is none, and one of the last plane stands for it: the plane's own
/// characters are of two units each, so none of them is seen.
fn unit(unit: u16) -> char {
    let whole = char::from_u32(u32::from(unit));
    let half = char::from_u32(LAST_PLANE + u32::from(unit));
    whole.or(half).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The text again. Half of a character, which a pattern may have cut out, is told as unknown.
fn joined(units: &[char], unicode: bool) -> String {
    if unicode {
        return units.iter().collect();
    }
    let units = units.iter().map(|c| (u32::from(*c) & 0xffff) as u16);
    let chars = char::decode_utf16(units);
    chars
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

const LAST_PLANE: u32 = 0x10_0000;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) => write!(f, "no regular expression: {what}"),
            Self::Unsupported(what) => {
                write!(
                    f,
                    "a regular expression with {what}, which is not supported here"
                )
            }
            Self::TooLarge => f.write_str("a regular expression that is too large"),
            Self::TooSlow => {
                f.write_str("a regular expression that tries too many ways to match this text")
            }
        }
    }
}

#[cfg(test)]
mod tests;
