//! What a person gets to read about a configuration: every mistake at once, each with code, place and remedy.
//!
//! To add a code: a constant and its place in `code::ALL`, a row in `docs/configuration.md`, a case in
//! `tests.rs`; tests compare the three lists.

use std::fmt;

/// The stable codes, one for each kind of mistake.
pub(super) mod code {
    /// The text is no YAML, or uses a part of YAML that is left out on purpose.
    pub(in super::super) const YAML: &str = "config/yaml";
    /// One key stands twice in one map.
    pub(in super::super) const DUPLICATE_KEY: &str = "config/duplicate-key";
    /// The text is longer, deeper or (by aliases) larger than any configuration needs to be.
    pub(in super::super) const TOO_LARGE: &str = "config/too-large";
    /// A key that nobody knows.
    pub(in super::super) const UNKNOWN_KEY: &str = "config/unknown-key";
    /// A key without which nothing can be done.
    pub(in super::super) const MISSING_KEY: &str = "config/missing-key";
    /// A value of the wrong kind, such as a list for a map.
    pub(in super::super) const TYPE: &str = "config/type";
    /// A word that is none of the known ones.
    pub(in super::super) const CHOICE: &str = "config/choice";
    /// A number or an amount outside its bounds.
    pub(in super::super) const RANGE: &str = "config/range";
    /// Something that is no duration.
    pub(in super::super) const DURATION: &str = "config/duration";
    /// Something that is no percentage.
    pub(in super::super) const PERCENT: &str = "config/percent";
    /// Something that is no amount of memory or processors.
    pub(in super::super) const SIZE: &str = "config/size";
    /// A name that breaks the rule for its kind of name.
    pub(in super::super) const NAME: &str = "config/name";
    /// A text with characters that cannot stand there.
    pub(in super::super) const TEXT: &str = "config/text";
    /// Something that is no address, host or URL.
    pub(in super::super) const ADDRESS: &str = "config/address";
    /// Something that is no HTTP status and no span of them.
    pub(in super::super) const STATUS: &str = "config/status";
    /// Something that is no path, or no volume.
    pub(in super::super) const PATH: &str = "config/path";
    /// A placeholder that nobody knows or that is not closed.
    pub(in super::super) const PLACEHOLDER: &str = "config/placeholder";
    /// A rule of tags that cannot be read.
    pub(in super::super) const TAG: &str = "config/tag";
    /// A correct configuration asks for something that is not known about this release.
    pub(in super::super) const UNRESOLVED: &str = "config/unresolved";
    /// A secret that would change what the engine's command line does.
    pub(in super::super) const SECRET: &str = "config/secret";
    /// Two settings that cannot both hold.
    pub(in super::super) const CONFLICT: &str = "config/conflict";
    /// A key that is known, whose capability is not there yet.
    pub(in super::super) const NOT_YET: &str = "config/not-yet";

    /// All of them, as the documentation lists them.
    #[cfg(test)]
    pub(in super::super) const ALL: &[&str] = &[
        YAML,
        DUPLICATE_KEY,
        TOO_LARGE,
        UNKNOWN_KEY,
        MISSING_KEY,
        TYPE,
        CHOICE,
        RANGE,
        DURATION,
        PERCENT,
        SIZE,
        NAME,
        TEXT,
        ADDRESS,
        STATUS,
        PATH,
        PLACEHOLDER,
        TAG,
        UNRESOLVED,
        SECRET,
        CONFLICT,
        NOT_YET,
    ];
}

/// A place in a file, as editors count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path as it was given to [`parse`](super::parse).
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Where something stands in a file: for what is found wrong with it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The place.
    pub(super) place: Place,
    /// The keys that lead there.
    pub(super) path: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigError {
    /// Where; everything that [`parse`](super::parse) finds has a place.
    pub place: Option<Place>,
    /// Where, by keys: `environments.production.run.volumes[1]`; empty for the whole file.
    pub path: String,
    /// One of `code`.
    pub code: &'static str,
    /// What is wrong, as a fragment of a sentence.
    pub problem: String,
    /// What stands there; never what may be a secret.
    pub found: Option<String>,
    /// What could stand there.
    pub expected: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// A mistake that does not know its place yet; boxed, since most results are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong(Box<ConfigError>);

impl Wrong {
    pub(super) fn new(code: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self(Box::new(ConfigError {
            place: None,
            path: String::new(),
            code,
            problem,
            found: None,
            expected: None,
            help: None,
        }))
    }

    pub(super) fn found(mut self, found: impl Into<Option<String>>) -> Self {
        self.0.found = found.into();
        self
    }

    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.0.expected = Some(expected.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same with a remedy, if there is one.
    pub(super) fn help_if(mut self, help: Option<String>) -> Self {
        self.0.help = help;
        self
    }

    /// The mistake in its place.
    pub(super) fn at(self, origin: Origin) -> ConfigError {
        ConfigError {
            place: Some(origin.place),
            path: origin.path,
            ..*self.0
        }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &'static str {
        self.0.code
    }
}

impl fmt::Display for ConfigError {
    /// Several lines, as compilers do it; the last one without a line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.problem)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {}:{}:{}", place.file, place.line, place.column)?;
            if !self.path.is_empty() {
                write!(f, " {}", self.path)?;
            }
        }
        for (word, text) in [
            ("found", &self.found),
            ("expected", &self.expected),
            ("help", &self.help),
        ] {
            if let Some(text) = text {
                write!(f, "\n  = {word}: {text}")?;
            }
        }
        Ok(())
    }
}

/// All mistakes of a configuration: at least one, sorted by place, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `None` where there is no mistake.
    pub(super) fn new(mut mistakes: Vec<ConfigError>) -> Option<Self> {
        mistakes.sort();
        mistakes.dedup();
        if mistakes.is_empty() {
            None
        } else {
            Some(Self(mistakes))
        }
    }

    /// In the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    /// The text for a person, a blank line between two mistakes.
    pub fn render(&self) -> String {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        texts.join("\n\n")
    }
}

/// The text as it may stand in a message: in backquotes, on one line, not endless.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let visible: String = text.chars().take(LONGEST).flat_map(visible).collect();
    let rest = if text.chars().nth(LONGEST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{visible}{rest}`")
}

/// What a person can see of a character; a message is never broken up by one.
fn visible(c: char) -> impl Iterator<Item = char> {
    let invisible = c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let (escaped, plain) = if invisible {
        (Some(c.escape_default()), None)
    } else {
        (None, Some(c))
    };
    escaped.into_iter().flatten().chain(plain)
}

/// `a`, `b` or `c`.
pub(super) fn either<T: AsRef<str>>(words: &[T]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.as_ref().to_owned(),
        Some((last, rest)) => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} or {}", rest.join(", "), last.as_ref())
        }
    }
}
