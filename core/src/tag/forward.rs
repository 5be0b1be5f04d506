//! Moving tags only move forward: `latest`, `1` and `1.2` never go from a higher version to a lower one.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::verdict::{Mobility, Tag};
use super::version::{Standing, Version};
use super::{Derived, grammar};

/// Whether a tag may be pointed at this release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Move {
    /// The tag.
    pub tag: String,
    /// The answer.
    pub verdict: Forward,
}

/// Whether a tag may be pointed at this release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Forward {
    /// Nothing higher is there.
    Moves,
    /// A higher version of its line is there.
    Stays {
        /// The tag of the highest one.
        higher: String,
    },
    /// It never moves: if the registry has it, it must be this very image.
    Immutable,
    /// It follows no version, so that versions cannot tell: the commits must.
    NotByVersion,
}

/// For every tag, whether it may be pointed at this release, given all tags that the registry has.
#[must_use]
pub fn moves_forward(derived: &Derived, existing: &[&str]) -> Vec<Move> {
    let moves = derived.tags.iter().map(|tag| Move {
        tag: tag.name.clone(),
        verdict: judge(derived, tag, existing),
    });
    moves.collect()
}

fn judge(derived: &Derived, tag: &Tag, existing: &[&str]) -> Forward {
    match tag.mobility {
        Mobility::Immutable => return Forward::Immutable,
        Mobility::Follows => return Forward::NotByVersion,
        Mobility::Release | Mobility::Major | Mobility::Minor => {}
    }
    let Some(ours) = &derived.ours else {
        return Forward::NotByVersion;
    };
    let around = around(derived, tag, ours);
    let mut higher: Option<(Version, &str)> = None;
    for name in existing {
        let Some(theirs) = version_in(name, &around).filter(|theirs| {
            counts(derived, tag, theirs) && same_line(derived, tag.mobility, ours, theirs)
        }) else {
            continue;
        };
        let highest = higher.as_ref().map_or(ours, |(version, _)| version);
        if theirs.compare(highest) == Some(Ordering::Greater) {
            higher = Some((theirs, name));
        }
    }
    match higher {
        Some((_, name)) => Forward::Stays {
            higher: name.to_owned(),
        },
        None => Forward::Moves,
    }
}

/// What stands around the version in the whole versions of the same variant: `app-` and `-alpine`. A tag that has no whole
/// version beside it, as a `latest` that somebody wrote down may have none, goes by those of the first one that is whole.
fn around(derived: &Derived, tag: &Tag, ours: &Version) -> (String, String) {
    let whole = || {
        let tags = derived.tags.iter();
        tags.filter(|other| other.mobility == Mobility::Immutable)
    };
    let mut alike = whole().filter(|other| other.affixes == tag.affixes);
    if let Some(found) = alike.find_map(|other| around_version(&other.name, ours)) {
        return found;
    }
    let mut others = whole().filter(|_| tag.affixes == Default::default());
    if let Some(found) = others.find_map(|other| around_version(&other.name, ours)) {
        return found;
    }
    let inside = |text: &str| {
        text.replace(
            |c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c),
            "-",
        )
    };
    (inside(&tag.affixes.0), inside(&tag.affixes.1))
}

/// What stands around our version in a name.
fn around_version(name: &str, ours: &Version) -> Option<(String, String)> {
    let spellings = [ours.semver(), ours.pep440(), Some(ours.text().to_owned())];
    let spellings = spellings.iter().flatten();
    let mut spellings = spellings.filter_map(|text| grammar::tag(text));
    spellings.find_map(|spelling| {
        let (before, after) = name.split_once(&spelling)?;
        Some((before.to_owned(), after.to_owned()))
    })
}

/// The version that a tag names. Whether there is a `v` before it is of no consequence: rules change.
fn version_in(name: &str, (before, after): &(String, String)) -> Option<Version> {
    let bare = before.strip_suffix('v').unwrap_or(before);
    let text = name.strip_suffix(after.as_str())?;
    let behind = |before: &str| Version::parse(text.strip_prefix(before)?);
    behind(before).or_else(|| behind(bare))
}

/// Whether a version holds a tag back. Post-releases do; pre-releases do where they get the tag themselves.
fn counts(derived: &Derived, tag: &Tag, theirs: &Version) -> bool {
    match theirs.standing() {
        Standing::Release | Standing::After => true,
        Standing::Before => derived.before_counts && tag.mobility == Mobility::Release,
    }
}

/// Whether two versions are of the same line. `20240110` is a version, too, but of no line with `1.2.3`; and neither is
/// `22.04`, unless the rules make tags of two numbers, or versions have no more.
fn same_line(derived: &Derived, mobility: Mobility, ours: &Version, theirs: &Version) -> bool {
    let (Some(one), Some(two)) = (ours.numbers(), theirs.numbers()) else {
        return false;
    };
    let shared = match mobility {
        Mobility::Major => 1,
        Mobility::Minor => 2,
        Mobility::Immutable | Mobility::Release | Mobility::Follows => 0,
    };
    let minor = |tag: &Tag| tag.mobility == Mobility::Minor;
    let alike = match (ours.segments(), theirs.segments()) {
        (own, other) if own == other => true,
        (0 | 1, _) | (_, 0 | 1) => false,
        (_, 2) => derived.tags.iter().any(minor),
        _ => true,
    };
    one[..shared] == two[..shared] && alike
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = &self.tag;
        match &self.verdict {
            Forward::Moves => write!(f, "{tag} moves"),
            Forward::Stays { higher } => write!(f, "{tag} stays, since {higher} is there"),
            Forward::Immutable => write!(f, "{tag} never moves"),
            Forward::NotByVersion => write!(f, "{tag} follows no version"),
        }
    }
}
