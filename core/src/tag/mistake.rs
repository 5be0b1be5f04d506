//! What is wrong with a request, for the person who wrote it.

use std::fmt;

use serde::Serialize;

use super::list::Place;

/// One mistake in the inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Mistake {
    /// Stable, for programs: `tag/…`.
    pub code: &'static str,
    /// The input or variable that it is in.
    pub input: &'static str,
    /// In the words that users of the older action know, where it had some.
    pub message: String,
    /// The entry of the input, where it is one.
    pub entry: Option<String>,
    /// The line of the input that the entry begins in, from 1.
    pub line: Option<u32>,
}

/// A part of an input that is read when it is needed, as the older action does it: what is wrong with it is of no
/// consequence before.
pub(super) type WhenNeeded<T> = Result<T, Box<Mistake>>;

/// Such a part, now that it is needed.
pub(super) fn needed<T>(part: &WhenNeeded<T>) -> Result<&T, Box<Mistake>> {
    part.as_ref().map_err(Clone::clone)
}

impl Mistake {
    pub(super) fn new(code: &'static str, input: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            input,
            message: message.into(),
            entry: None,
            line: None,
        }
    }

    /// Whether git was asked for, and has no answer.
    pub(crate) fn is_of_git(&self) -> bool {
        self.code == code::GIT
    }

    /// The same as a warning, since nothing needed what it is about.
    pub(super) fn without_consequence(&self) -> String {
        match &self.entry {
            Some(entry) => format!(
                "`{entry}` has a mistake that this event does not need: {}",
                self.message
            ),
            None => format!("{} {}, and nothing needs it here", self.input, self.message),
        }
    }

    pub(super) fn at(self, place: &Place) -> Self {
        Self {
            entry: Some(place.text.clone()),
            line: Some(place.line),
            ..self
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.input, self.message)?;
        match &self.entry {
            Some(entry) if !self.message.contains(entry.as_str()) => write!(f, " (in `{entry}`)"),
            _ => Ok(()),
        }
    }
}

/// The codes of mistakes.
pub(super) mod code {
    /// A quote that nothing closes.
    pub(in super::super) const QUOTE: &str = "tag/quote";
    /// A word that is none of the known ones.
    pub(in super::super) const CHOICE: &str = "tag/choice";
    /// An attribute without which the rule means nothing.
    pub(in super::super) const MISSING: &str = "tag/missing";
    /// Neither `true` nor `false`.
    pub(in super::super) const BOOLEAN: &str = "tag/boolean";
    /// Something that is no number.
    pub(in super::super) const NUMBER: &str = "tag/number";
    /// An expression that cannot be read or filled in.
    pub(in super::super) const TEMPLATE: &str = "tag/template";
    /// A regular expression that cannot be read, or takes too long.
    pub(in super::super) const PATTERN: &str = "tag/pattern";
    /// Something that no registry takes for a repository.
    pub(in super::super) const NAME: &str = "tag/name";
    /// Something that is no date.
    pub(in super::super) const DATE: &str = "tag/date";
    /// Git was asked for, and has no answer.
    pub(in super::super) const GIT: &str = "tag/git";
}
