//! What became of each rule, and why.

use std::fmt;

use serde::Serialize;

use super::version::{Standing, Version};

/// A tag, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Tag {
    /// Always within the grammar of registries.
    pub name: String,
    /// The rule that made it, as it was written.
    pub rule: String,
    /// Whether it may name another image tomorrow.
    pub mobility: Mobility,
    /// What stands before and behind the version in the tags of its rule.
    #[serde(skip)]
    pub(super) affixes: (String, String),
}

/// Whether a tag may name another image tomorrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Mobility {
    /// Names one image for ever: a whole version, a commit, a git tag.
    Immutable,
    /// Goes from release to release.
    Release,
    /// Goes from release to release of one major version.
    Major,
    /// Goes from release to release of one minor version.
    Minor,
    /// Follows something else: a branch, a pull request, the clock, whatever its rule says.
    Follows,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "RuleVerdict"))]
pub struct Verdict {
    /// The rule, as it was written.
    pub rule: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "RuleOutcome"))]
pub enum Outcome {
    /// It made this tag.
    Made {
        /// The tag.
        tag: String,
    },
    /// It made this tag, and a rule before it had made it already.
    Again {
        /// The tag.
        tag: String,
    },
    /// It made none.
    Nothing {
        /// The reason.
        why: Why,
    },
}

/// Why a rule made no tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "WhyNoTag"))]
pub enum Why {
    /// `enable=false`.
    Disabled,
    /// It is for scheduled runs.
    NotScheduled,
    /// It is for git tags, and has no value in their place.
    NoTag,
    /// It is for branches.
    NoBranch,
    /// It is for pull requests.
    NoPullRequest,
    /// It is for another branch.
    OtherBranch {
        /// The one that it is for.
        wanted: String,
    },
    /// It is for the main branch, and nobody knows which that is.
    NoDefaultBranch,
    /// The commit is not known.
    NoCommit,
    /// The text is no version by the rule's standard.
    NoVersion {
        /// The text.
        text: String,
        /// `SemVer` or `PEP 440`.
        standard: &'static str,
    },
    /// The pattern is not in the text.
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The text.
        text: String,
    },
    /// The pattern is there, without that group.
    NoGroup {
        /// The pattern.
        pattern: String,
        /// The group.
        group: String,
    },
    /// Its text is empty.
    Empty,
    /// Nothing of its text can be in a tag.
    Unusable {
        /// The text.
        text: String,
    },
}

impl Mobility {
    /// Of a text of which no more is known than that a rule took it from somewhere: a whole version stays what it is, the
    /// beginning of ours moves with its line, and `latest` goes from release to release where this is one. (`20240110` is
    /// the beginning of no version that anybody releases beside 1.2.3.)
    pub(super) fn of_text(text: &str, ours: Option<&Version>) -> Self {
        let numbers = ours.and_then(Version::numbers);
        let begins = |parts: &[&str]| {
            let mut pairs = parts.iter().zip(numbers.iter().flatten());
            numbers.is_some() && pairs.all(|(part, number)| part.parse() == Ok(*number))
        };
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let bare = text.strip_prefix('v').unwrap_or(text);
        let parts: Vec<&str> = bare.split('.').collect();
        match parts.as_slice() {
            _ if text == "latest" && ours.is_some() => Self::Release,
            [major] if digits(major) && begins(&parts) => Self::Major,
            [major, minor] if digits(major) && digits(minor) && begins(&parts) => Self::Minor,
            [_, _, _, ..] if Version::parse(text).is_some() => Self::Immutable,
            _ => match Version::parse(text).map(|version| version.standing()) {
                Some(Standing::Before | Standing::After) => Self::Immutable,
                Some(Standing::Release) | None => Self::Follows,
            },
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, outcome } = self;
        match outcome {
            Outcome::Made { tag } => write!(f, "`{rule}` made {tag}"),
            Outcome::Again { tag } => write!(f, "`{rule}` made {tag}, like a rule before it"),
            Outcome::Nothing { why } => write!(f, "`{rule}` made nothing: {why}"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("it is not enabled"),
            Self::NotScheduled => f.write_str("this is no scheduled run"),
            Self::NoTag => {
                f.write_str("no git tag was pushed, and the rule has no value in its place")
            }
            Self::NoBranch => f.write_str("this is about no branch"),
            Self::NoPullRequest => f.write_str("this is about no pull request"),
            Self::OtherBranch { wanted } => write!(f, "it is for the branch {wanted} alone"),
            Self::NoDefaultBranch => f.write_str("nobody says which branch is the main one"),
            Self::NoCommit => f.write_str("the commit is not known"),
            Self::NoVersion { text, standard } => write!(f, "`{text}` is no version by {standard}"),
            Self::NoMatch { pattern, text } => write!(f, "`{text}` does not match `{pattern}`"),
            Self::NoGroup { pattern, group } => write!(f, "`{pattern}` has no group {group} here"),
            Self::Empty => f.write_str("its text is empty"),
            Self::Unusable { text } => write!(f, "nothing of `{text}` can be in a tag"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_whole_versions_for_immutable() {
        let rows = [
            ("1.2.3", Mobility::Immutable),
            ("v1.2.3-rc.1", Mobility::Immutable),
            ("1.2rc1", Mobility::Immutable),
            ("1.2.3.4", Mobility::Immutable),
            ("1", Mobility::Major),
            ("v1", Mobility::Major),
            ("1.2", Mobility::Minor),
            ("2", Mobility::Follows),
            ("1.3", Mobility::Follows),
            ("20240110", Mobility::Follows),
            ("latest", Mobility::Release),
            ("stable", Mobility::Follows),
            ("", Mobility::Follows),
            ("a.b.c", Mobility::Follows),
        ];
        let ours = Version::parse("1.2.3");
        for (text, expected) in rows {
            assert_eq!(Mobility::of_text(text, ours.as_ref()), expected, "{text}");
        }
        for text in ["1", "1.2", "latest"] {
            assert_eq!(Mobility::of_text(text, None), Mobility::Follows, "{text}");
        }
    }
}
