//! A version as two worlds read it: SemVer and PEP 440.
//!
//! One text may be a version in both, and mean opposite things: `1.2.3-1` comes before 1.2.3 in SemVer and after it in PEP 440.
//! [`Version::conflict`] says so, for projects that publish to both worlds.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

mod python;

pub use python::Pep440;

/// Most that a number of a SemVer version may be, since its own programs calculate in floating point.
const LARGEST: u64 = (1 << 53) - 1;
/// Longest SemVer version that its own programs read.
const LONGEST: usize = 256;

/// A text that is a version by at least one of the two rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    text: String,
    semver: Option<semver::Version>,
    pep440: Option<Pep440>,
}

/// Where a version stands to the release that its numbers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Standing {
    /// Before it: a pre-release or a development release.
    Before,
    /// It is that release.
    Release,
    /// After it: a post-release.
    After,
}

/// One text that the two rules place on different sides of the same release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Conflict {
    /// The text.
    pub text: String,
    /// Where SemVer places it.
    pub semver: Standing,
    /// Where PEP 440 places it.
    pub pep440: Standing,
}

impl Version {
    /// Reads a text by both rules; a `v` may stand before it and blanks around it. `None`: it is a version by neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let semver = semantic(text);
        let pep440 = Pep440::parse(text);
        (semver.is_some() || pep440.is_some()).then(|| Self {
            text: text.to_owned(),
            semver,
            pep440,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As SemVer writes it, without `v`. `None`: SemVer cannot say it.
    #[must_use]
    pub fn semver(&self) -> Option<String> {
        self.semver.as_ref().map(ToString::to_string)
    }

    /// As PEP 440 writes it. `None`: PEP 440 cannot say it.
    #[must_use]
    pub fn pep440(&self) -> Option<String> {
        self.pep440.as_ref().map(ToString::to_string)
    }

    /// What the two rules make of the same text, where they disagree about which side of the release it is on.
    #[must_use]
    pub fn conflict(&self) -> Option<Conflict> {
        let semver = standing(self.semver.as_ref()?);
        let pep440 = self.pep440.as_ref()?.standing();
        (semver != pep440).then(|| Conflict {
            text: self.text.clone(),
            semver,
            pep440,
        })
    }

    /// Where it stands to its release: by SemVer if that can say it, else by PEP 440.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.semver, &self.pep440) {
            (Some(version), _) => standing(version),
            (None, Some(version)) => version.standing(),
            (None, None) => Standing::Release,
        }
    }

    /// The same version in the words of PEP 440, whichever rule it was written by, if that says neither more nor less:
    /// `X.Y.Z` and `X.Y.Z-{alpha|beta|rc}.N`.
    #[must_use]
    pub fn as_pep440(&self) -> Option<String> {
        let Some(version) = &self.semver else {
            return self.pep440();
        };
        let release = format!("{}.{}.{}", version.major, version.minor, version.patch);
        if !version.build.is_empty() {
            return None;
        }
        if version.pre.is_empty() {
            return Some(release);
        }
        let (word, number) = version.pre.split_once('.')?;
        let letter = WORDS.iter().find(|(semver, _)| *semver == word)?.1;
        let number: u64 = number.parse().ok()?;
        Some(format!("{release}{letter}{number}"))
    }

    /// The same version in the words of SemVer, whichever rule it was written by, if that says neither more nor less.
    #[must_use]
    pub fn as_semver(&self) -> Option<String> {
        if self.semver.is_some() {
            return self.semver();
        }
        let version = self.pep440.as_ref()?;
        let (release, pre) = version.plain()?;
        let text = match pre {
            None => release,
            Some((letter, number)) => {
                let word = WORDS.iter().find(|(_, pep440)| *pep440 == letter)?.0;
                format!("{release}-{word}.{number}")
            }
        };
        semantic(&text).map(|version| version.to_string())
    }

    /// The numbers of major, minor and patch; those that are not there are 0. `None` where one is larger than any real one.
    #[must_use]
    pub fn numbers(&self) -> Option<[u64; 3]> {
        match (&self.semver, &self.pep440) {
            (Some(version), _) => Some([version.major, version.minor, version.patch]),
            (None, Some(version)) => {
                let number = |at| version.segment(at).parse().ok();
                Some([number(0)?, number(1)?, number(2)?])
            }
            (None, None) => None,
        }
    }

    /// How many numbers its release has.
    pub(super) fn segments(&self) -> usize {
        self.pep440.as_ref().map_or(3, Pep440::segments)
    }

    /// By SemVer where it can say both, else by PEP 440 where that can. `None`: no rule compares the two.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if let (Some(one), Some(two)) = (&self.semver, &other.semver) {
            return Some(one.cmp_precedence(two));
        }
        let one = self.pep440.as_ref()?;
        Some(one.cmp(other.pep440.as_ref()?))
    }

    /// Whether the two rules order a pair of versions differently: `-rc10` and `-rc2`, say.
    #[must_use]
    pub fn ordered_differently(&self, other: &Self) -> bool {
        let pairs = (&self.semver, &other.semver, &self.pep440, &other.pep440);
        let (Some(one), Some(two), Some(three), Some(four)) = pairs else {
            return false;
        };
        one.cmp_precedence(two) != three.cmp(four)
    }

    /// The version that a git tag ends with: `tools/v1.2.3`, `app-1.2.3-rc.1`. Behind another name only one of three numbers
    /// counts, since `notes-2` is hardly a version.
    pub(super) fn inside(tag: &str) -> Option<Self> {
        let whole = || Self::parse(tag);
        let behind = || {
            let separators = tag.match_indices(['/', '-', '_', '@']);
            let mut endings = separators.filter_map(|(at, _)| tag.get(at + 1..));
            endings.find_map(|ending| {
                let version = Self::parse(ending)?;
                (version.segments() >= 3).then_some(version)
            })
        };
        whole().or_else(behind)
    }

    /// Another version, apart from this one in one place: its major, minor or patch number, its pre-release, or what else it has
    /// by PEP 440.
    pub(super) fn changed(&self, at: usize) -> Self {
        let mut other = Self {
            text: format!("another than {}", self.text),
            ..self.clone()
        };
        if let Some(version) = &mut other.semver {
            match at {
                0 => version.major ^= 1,
                1 => version.minor ^= 1,
                2 => version.patch ^= 1,
                3 => version.pre = another(&version.pre),
                _ => {}
            }
        }
        if let Some(version) = &mut other.pep440 {
            version.change(at);
        }
        other
    }

    pub(super) fn semver_standing(&self) -> Option<Standing> {
        self.semver.as_ref().map(standing)
    }

    pub(super) fn pep440_standing(&self) -> Option<Standing> {
        self.pep440.as_ref().map(Pep440::standing)
    }

    pub(super) const fn as_semantic(&self) -> Option<&semver::Version> {
        self.semver.as_ref()
    }

    pub(super) const fn as_python(&self) -> Option<&Pep440> {
        self.pep440.as_ref()
    }
}

fn standing(version: &semver::Version) -> Standing {
    if version.pre.is_empty() {
        Standing::Release
    } else {
        Standing::Before
    }
}

fn another(pre: &semver::Prerelease) -> semver::Prerelease {
    semver::Prerelease::new(&format!("another.{pre}")).unwrap_or_default()
}

fn semantic(text: &str) -> Option<semver::Version> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.trim();
    let version = semver::Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()?;
    let numbers = [version.major, version.minor, version.patch];
    numbers
        .iter()
        .all(|number| *number <= LARGEST)
        .then_some(version)
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            text,
            semver,
            pep440,
        } = self;
        write!(f, "`{text}` is {semver} in SemVer and {pep440} in PEP 440")
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "a pre-release",
            Self::Release => "a release",
            Self::After => "a post-release",
        })
    }
}

/// The words of pre-releases that both worlds know.
const WORDS: [(&str, &str); 3] = [("alpha", "a"), ("beta", "b"), ("rc", "rc")];

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).expect("it is a version by one of the rules")
    }

    #[test]
    fn finds_the_version_that_a_git_tag_ends_with() {
        let rows = [
            ("v1.2.3", Some("v1.2.3")),
            ("1.2", Some("1.2")),
            ("tools/v1.2.3-rc.1", Some("v1.2.3-rc.1")),
            ("app-1.2.3", Some("1.2.3")),
            ("a-b@1.2.3", Some("1.2.3")),
            ("notes-2", None),
            ("nightly-2024-01-02", None),
            ("x", None),
            ("", None),
        ];
        for (tag, expected) in rows {
            let found = Version::inside(tag);
            assert_eq!(found.as_ref().map(Version::text), expected, "{tag}");
        }
    }

    #[test]
    fn a_changed_version_differs_in_one_place() {
        let changed = |text: &str, at| {
            let other = version(text).changed(at);
            (other.semver(), other.pep440())
        };
        let both = |semver: &str, pep440: &str| (Some(semver.to_owned()), Some(pep440.to_owned()));
        assert_eq!(changed("1.2.3", 0), both("0.2.3", "10.2.3"));
        assert_eq!(changed("1.2.3", 1), both("1.3.3", "1.20.3"));
        assert_eq!(changed("1.2.3", 2), both("1.2.2", "1.2.30"));
        assert_eq!(
            changed("1.2.3-rc.1", 3).0,
            Some("1.2.3-another.rc.1".to_owned())
        );
        assert_eq!(changed("1.2rc1", 3), (None, Some("1.2rc1.dev7".to_owned())));
        assert_eq!(changed("1", 2), (None, Some("1.0.7".to_owned())));
    }

    #[test]
    fn knows_what_semver_can_say() {
        for text in [
            "1.2.3",
            "v1.2.3",
            " 1.2.3 ",
            "1.2.3-rc.1+b.5",
            "0.0.0",
            "1.2.3--",
            "1.2.3-0a",
        ] {
            assert!(semantic(text).is_some(), "{text}");
        }
        for text in [
            "1.2",
            "2024.06.0",
            "v0.8.3.0",
            "V1.2.3",
            "=1.2.3",
            "v1.2.3rc2",
            "vv1.2.3",
            "v 1.2.3",
            "1.2.3-",
            "1.2.3-01",
            "",
            "1.2.9007199254740992",
            "1!1.2.3",
        ] {
            assert!(semantic(text).is_none(), "{text}");
        }
        assert!(semantic(&format!("1.2.3-{}", "a".repeat(251))).is_none());
    }

    #[test]
    fn tells_where_one_text_means_opposite_things() {
        for text in [
            "1.2.3-1",
            "1.2.3-r2",
            "1.2.3-rev2",
            "1.2.3-post.1",
            "v1.2.3-1",
        ] {
            let conflict = version(text).conflict().expect("the two rules disagree");
            assert_eq!(
                (conflict.semver, conflict.pep440),
                (Standing::Before, Standing::After),
                "{text}"
            );
        }
        assert_eq!(
            version("1.2.3-1")
                .conflict()
                .expect("the two rules disagree")
                .to_string(),
            "`1.2.3-1` is a pre-release in SemVer and a post-release in PEP 440"
        );
        for text in [
            "1.2.3",
            "1.2.3-rc.1",
            "1.2.3-dev.1",
            "1.2.3+ubuntu.1",
            "1.2",
            "1.2.3-SNAPSHOT",
            "1.0.post1",
        ] {
            assert_eq!(version(text).conflict(), None, "{text}");
        }
    }

    #[test]
    fn says_in_both_worlds_what_both_can_say() {
        let rows = [
            ("1.2.3", Some("1.2.3"), Some("1.2.3")),
            ("v1.2.3-rc.1", Some("1.2.3rc1"), Some("1.2.3-rc.1")),
            ("1.2.3-alpha.0", Some("1.2.3a0"), Some("1.2.3-alpha.0")),
            ("1.2.3b4", Some("1.2.3b4"), Some("1.2.3-beta.4")),
            ("1.2.3-alpha", None, Some("1.2.3-alpha")),
            ("1.2.3-preview.1", None, Some("1.2.3-preview.1")),
            ("1.2.3-beta.2.1", None, Some("1.2.3-beta.2.1")),
            ("1.2.3-SNAPSHOT", None, Some("1.2.3-SNAPSHOT")),
            ("1.2.3+b", None, Some("1.2.3+b")),
            ("1.2", Some("1.2"), None),
            ("1!1.2.3", Some("1!1.2.3"), None),
            ("1.2.3.4", Some("1.2.3.4"), None),
            ("1.2.3.post1", Some("1.2.3.post1"), None),
            ("1.2.3rc1.dev2", Some("1.2.3rc1.dev2"), None),
            ("2024.06.0", Some("2024.6.0"), Some("2024.6.0")),
        ];
        for (text, pep440, semver) in rows {
            let version = version(text);
            assert_eq!(version.as_pep440().as_deref(), pep440, "{text}");
            assert_eq!(version.as_semver().as_deref(), semver, "{text}");
        }
    }

    #[test]
    fn orders_by_the_rule_that_can_say_both() {
        let rows = [
            ("1.2.3", "1.2.4", Ordering::Less),
            ("1.2.3-rc.2", "1.2.3", Ordering::Less),
            ("1.2.3-rc.2", "1.2.3-rc.10", Ordering::Less),
            ("1.2.3+a", "1.2.3+b", Ordering::Equal),
            ("1.2", "1.2.3", Ordering::Less),
            ("1.10", "1.9", Ordering::Greater),
            ("1.2.3.post1", "1.2.3", Ordering::Greater),
        ];
        for (one, two, expected) in rows {
            assert_eq!(
                version(one).compare(&version(two)),
                Some(expected),
                "{one} {two}"
            );
        }
        assert_eq!(version("1.2.3-SNAPSHOT").compare(&version("1.2")), None);
        assert!(version("1.0.0-rc10").ordered_differently(&version("1.0.0-rc2")));
        assert!(version("1.0.0-dev.1").ordered_differently(&version("1.0.0-alpha.1")));
        assert!(!version("1.0.0-rc.10").ordered_differently(&version("1.0.0-rc.2")));
    }
}
