//! Versions by PEP 440: epoch, release, pre-, post- and development release, local part.

use std::cmp::Ordering;
use std::fmt;

use super::Standing;

/// A version by PEP 440, in its normal form.
///
/// Two are equal where they are the same version: `1.0` and `1.0.0`.
#[derive(Clone, Debug)]
pub struct Pep440 {
    epoch: Number,
    /// Never empty.
    release: Vec<Number>,
    pre: Option<(Phase, Number)>,
    post: Option<Number>,
    dev: Option<Number>,
    local: Vec<Part>,
}

/// A number of any length, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// A part of a local version; letters come before numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(Number),
}

impl Pep440 {
    /// Reads every spelling that PEP 440 allows. A `v` may stand before it, blanks around it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (public, local) = match lower.split_once('+') {
            Some((public, local)) => (public, Some(local)),
            None => (lower.as_str(), None),
        };
        let mut rest = Rest(public.strip_prefix('v').unwrap_or(public));
        let mut first = rest.number()?;
        let mut epoch = Number::zero();
        if rest.word(&["!"]).is_some() {
            epoch = first;
            first = rest.number()?;
        }
        let mut release = vec![first];
        while let Some(segment) = rest.after_dot() {
            release.push(segment);
        }
        let pre = rest
            .marked(&PHASES.map(|(word, _)| word))
            .and_then(|(word, number)| {
                let (_, phase) = PHASES.into_iter().find(|(known, _)| *known == word)?;
                Some((phase, number))
            });
        let post = rest
            .bare_post()
            .or_else(|| rest.marked(&["post", "rev", "r"]).map(|found| found.1));
        let dev = rest.marked(&["dev"]).map(|found| found.1);
        let local = local.map_or(Some(Vec::new()), parts)?;
        rest.0.is_empty().then_some(Self {
            epoch,
            release,
            pre,
            post,
            dev,
            local,
        })
    }

    /// A local part does not move it.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match (self.pre.is_some(), self.post.is_some(), self.dev.is_some()) {
            (true, _, _) | (false, false, true) => Standing::Before,
            (false, true, _) => Standing::After,
            (false, false, false) => Standing::Release,
        }
    }

    /// Whether it has more than three numbers and what comes before or after them.
    pub(in super::super) fn has_further(&self) -> bool {
        self.release.len() > 3 || !self.local.is_empty() || self.epoch != Number::zero()
    }

    /// Changes one number of the release, what it is a pre-release of, or all that it has further.
    pub(super) fn change(&mut self, at: usize) {
        let another = |number: &Number| match number.0.as_str() {
            "0" => Number("7".to_owned()),
            digits => Number(format!("{digits}0")),
        };
        if at > 3 {
            self.release
                .iter_mut()
                .skip(3)
                .for_each(|it| *it = another(it));
            self.local.extend(self.local.first().cloned());
            if self.epoch != Number::zero() {
                self.epoch = another(&self.epoch);
            }
            return;
        }
        if at > 2 {
            self.dev = Some(another(&self.dev.clone().unwrap_or_else(Number::zero)));
            return;
        }
        while self.release.len() <= at {
            self.release.push(Number::zero());
        }
        if let Some(number) = self.release.get_mut(at) {
            *number = another(number);
        }
    }

    /// A number of the release, `0` where it has fewer.
    pub(in super::super) fn segment(&self, at: usize) -> &str {
        self.release.get(at).map_or("0", |number| number.0.as_str())
    }

    pub(super) const fn segments(&self) -> usize {
        self.release.len()
    }

    /// The release of three numbers and the pre-release, where it has nothing else.
    pub(super) fn plain(&self) -> Option<(String, Option<(&'static str, &str)>)> {
        let plain = self.epoch == Number::zero()
            && self.release.len() == 3
            && self.post.is_none()
            && self.dev.is_none()
            && self.local.is_empty();
        let pre = self
            .pre
            .as_ref()
            .map(|(phase, number)| (phase.letter(), number.0.as_str()));
        plain.then(|| (self.release_text(), pre))
    }

    fn release_text(&self) -> String {
        let numbers: Vec<&str> = self
            .release
            .iter()
            .map(|number| number.0.as_str())
            .collect();
        numbers.join(".")
    }

    /// By which PEP 440 orders: a development release of nothing else comes before every pre-release.
    fn key(
        &self,
    ) -> (
        &Number,
        &[Number],
        Rank<'_>,
        Option<&Number>,
        Rank<'_>,
        &[Part],
    ) {
        let zeros = self
            .release
            .iter()
            .rev()
            .take_while(|number| **number == Number::zero());
        let significant = self.release.len() - zeros.count();
        let pre = match &self.pre {
            Some((phase, number)) => Rank::At(Some(*phase), number),
            None if self.post.is_none() && self.dev.is_some() => Rank::First,
            None => Rank::Last,
        };
        let dev = self
            .dev
            .as_ref()
            .map_or(Rank::Last, |number| Rank::At(None, number));
        let release = self.release.get(..significant).unwrap_or_default();
        (
            &self.epoch,
            release,
            pre,
            self.post.as_ref(),
            dev,
            &self.local,
        )
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank<'a> {
    First,
    At(Option<Phase>, &'a Number),
    Last,
}

impl PartialEq for Pep440 {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Pep440 {}

impl Ord for Pep440 {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Pep440 {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Number {
    fn zero() -> Self {
        Self("0".to_owned())
    }

    fn new(digits: &str) -> Self {
        let significant = digits.trim_start_matches('0');
        Self(
            if significant.is_empty() {
                "0"
            } else {
                significant
            }
            .to_owned(),
        )
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Phase {
    const fn letter(self) -> &'static str {
        match self {
            Self::Alpha => "a",
            Self::Beta => "b",
            Self::Candidate => "rc",
        }
    }
}

/// What is left to read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn number(&mut self) -> Option<Number> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        Some(Number::new(number))
    }

    /// One of the words, the earlier in the list first.
    fn word(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let word = words.iter().find(|word| self.0.starts_with(**word))?;
        self.0 = &self.0[word.len()..];
        Some(word)
    }

    fn after_dot(&mut self) -> Option<Number> {
        let mut after = Rest(self.0.strip_prefix('.')?);
        let number = after.number()?;
        self.0 = after.0;
        Some(number)
    }

    /// A word with its number, separators allowed before and between; the number is 0 where there is none.
    fn marked(&mut self, words: &[&'static str]) -> Option<(&'static str, Number)> {
        let mut after = Rest(self.0.strip_prefix(SEPARATORS).unwrap_or(self.0));
        let word = after.word(words)?;
        let mut numbered = Rest(after.0.strip_prefix(SEPARATORS).unwrap_or(after.0));
        let number = numbered.number();
        // The separator goes also where no number follows: `1.0a.`
        self.0 = numbered.0;
        Some((word, number.unwrap_or_else(Number::zero)))
    }

    /// `-1`: a post-release without a word.
    fn bare_post(&mut self) -> Option<Number> {
        let mut after = Rest(self.0.strip_prefix('-')?);
        let number = after.number()?;
        self.0 = after.0;
        Some(number)
    }
}

fn parts(local: &str) -> Option<Vec<Part>> {
    let parts = local.split(SEPARATORS).map(|part| {
        let known = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let number = part.bytes().all(|byte| byte.is_ascii_digit());
        known.then(|| match number {
            true => Part::Number(Number::new(part)),
            false => Part::Word(part.to_owned()),
        })
    });
    parts.collect()
}

impl fmt::Display for Pep440 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch != Number::zero() {
            write!(f, "{}!", self.epoch.0)?;
        }
        f.write_str(&self.release_text())?;
        if let Some((phase, number)) = &self.pre {
            write!(f, "{}{}", phase.letter(), number.0)?;
        }
        if let Some(number) = &self.post {
            write!(f, ".post{}", number.0)?;
        }
        if let Some(number) = &self.dev {
            write!(f, ".dev{}", number.0)?;
        }
        for (at, part) in self.local.iter().enumerate() {
            let (Part::Word(text) | Part::Number(Number(text))) = part;
            write!(f, "{}{text}", if at == 0 { '+' } else { '.' })?;
        }
        Ok(())
    }
}

const SEPARATORS: [char; 3] = ['-', '_', '.'];

/// Longer words before those they begin with.
const PHASES: [(&str, Phase); 8] = [
    ("alpha", Phase::Alpha),
    ("a", Phase::Alpha),
    ("beta", Phase::Beta),
    ("b", Phase::Beta),
    ("preview", Phase::Candidate),
    ("pre", Phase::Candidate),
    ("rc", Phase::Candidate),
    ("c", Phase::Candidate),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Option<String> {
        Pep440::parse(text).map(|version| version.to_string())
    }

    #[test]
    fn writes_every_spelling_in_its_normal_form() {
        let rows = [
            ("1.1beta2", "1.1b2"),
            ("1.2post1", "1.2.post1"),
            ("1.0dev4", "1.0.dev4"),
            ("v1.2.3-rc.1", "1.2.3rc1"),
            ("V1.2.3", "1.2.3"),
            ("1.0-1", "1.0.post1"),
            ("2024.06.0", "2024.6.0"),
            ("1.2.3.4.5", "1.2.3.4.5"),
            ("1!2.0.1", "1!2.0.1"),
            ("0!1", "1"),
            ("1.2.3+ubuntu.1", "1.2.3+ubuntu.1"),
            ("1.2.3+Ubuntu_01-x", "1.2.3+ubuntu.1.x"),
            (" 1.0 ", "1.0"),
            ("1.0_Preview-3", "1.0rc3"),
            ("1.0c1", "1.0rc1"),
            ("1.0pre", "1.0rc0"),
            ("1.0-alpha", "1.0a0"),
            ("1.0.rev", "1.0.post0"),
            ("1.0-r2", "1.0.post2"),
            ("1.0a-1", "1.0a1"),
            ("1.0a-1-2", "1.0a1.post2"),
            ("1.0rc1.post2.dev3", "1.0rc1.post2.dev3"),
            ("1.0-post.dev", "1.0.post0.dev0"),
            ("1.0a.", "1.0a0"),
            ("1.0a--1", "1.0a0.post1"),
            ("007", "7"),
            ("99999999999999999999999.1", "99999999999999999999999.1"),
        ];
        for (text, expected) in rows {
            assert_eq!(normal(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in [
            "",
            "v",
            "x",
            "1.",
            "1..2",
            ".1",
            "1.0-",
            "1.0+",
            "1.0+a..b",
            "1.0+a!",
            "1.0-beta.2.1",
            "1.0-alpha.beta",
            "1.0-0.3.7",
            "1.0-SNAPSHOT",
            "1.0 a",
            "=1.0",
            "1!",
            "1!!2",
            "vv1",
            "1.2.3-nightly.20260701",
            "١.٢",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }

    #[test]
    fn orders_as_the_standard_lists() {
        let ascending = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0rc2",
            "1.0rc10",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        let versions = ascending.map(|text| Pep440::parse(text).expect("the standard lists it"));
        for (one, two) in versions.iter().zip(&versions[1..]) {
            assert!(one < two, "{one} {two}");
        }
        assert_eq!(
            Pep440::parse("1.0").cmp(&Pep440::parse("1.0.0")),
            Ordering::Equal
        );
    }

    #[test]
    fn stands_before_or_after_its_release() {
        let rows = [
            ("1.0", Standing::Release),
            ("1.0+x", Standing::Release),
            ("1.0a1", Standing::Before),
            ("1.0.dev1", Standing::Before),
            ("1.0rc1.post1", Standing::Before),
            ("1.0.post1", Standing::After),
            ("1.0.post1.dev1", Standing::After),
        ];
        for (text, expected) in rows {
            let version = Pep440::parse(text).expect("it is a version");
            assert_eq!(version.standing(), expected, "{text}");
        }
    }
}
