//! Packages: what was built, what their index has of it, and what is still to be sent.
//!
//! An index never lets a file be replaced, and neither do we: where it has the same version with other files, nothing is
//! done. What was built is known by its SHA-256, and so is what an index has.

use std::collections::BTreeSet;

use super::seen::Seen;
use super::{Act, End, Next, Plan, ending, only_if_any};
use crate::config::Package;
use crate::index::{Listed, Named};
use crate::protocol::Outcome;
use crate::registry::Trouble;
use crate::tag::Pep440;

/// How often files are sent that do not arrive.
const MOST_SENDS: u32 = 3;

/// What a session has built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The project, as indexes write it.
    pub project: String,
    /// As the first file's name has it.
    pub version: String,
    /// By their names; never empty.
    pub files: Vec<BuiltFile>,
}

/// A file that a session has built.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuiltFile {
    /// Its name.
    pub name: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A package, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageState {
    /// What the configuration calls it.
    pub name: String,
    /// The index.
    pub index: String,
    /// What was built; `None`: nothing yet.
    pub built: Option<Built>,
    /// What became of each file of it, in the same order.
    pub files: Vec<FileFate>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFate {
    /// The index has it, and had it before.
    There,
    /// The index has it, since this run.
    Sent,
    /// The index has it not.
    Open,
    /// Nobody has looked.
    Unseen,
    /// The index has another file of this name.
    Other,
}

impl FileFate {
    /// In a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::There => "was there",
            Self::Sent => "published",
            Self::Open => "not published",
            Self::Unseen => "not looked at",
            Self::Other => "there is another one of this name",
        }
    }

    /// Whether the index has this file.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::There | Self::Sent)
    }
}

impl Built {
    /// Reads what `sha256sum` says of the files that a session has made.
    ///
    /// # Errors
    /// There are none, one cannot be read, or they are of more than one project or version.
    pub fn read(said: &str) -> Result<Self, Trouble> {
        let mut files = Vec::new();
        let mut named = Vec::new();
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            let parts = line.split_once("  ");
            let file = parts.map(|(sha256, name)| (sha256, name.trim_start_matches("./")));
            let wrong =
                || Trouble::new("not-made", format!("this is no file of a package: {line}"));
            let (sha256, name) = file.filter(|(_, name)| is_plain(name)).ok_or_else(wrong)?;
            named.push(Named::parse(name).ok_or_else(wrong)?);
            files.push(BuiltFile {
                name: name.to_owned(),
                sha256: sha256.to_owned(),
            });
        }
        files.sort();
        let Some(Named { project, version }) = named.first().cloned() else {
            let text = "the session has built no package: no wheel and no source archive is newer than this run";
            return Err(Trouble::new("not-made", text));
        };
        let same = |it: &Named| it.project == project && same_version(&it.version, &version);
        if named.iter().all(same) {
            return Ok(Self {
                project,
                version,
                files,
            });
        }
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let text = format!(
            "the session has built more than one version: {}",
            names.join(", ")
        );
        Err(Trouble::new("not-made", text))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }
}

/// Letters, digits and what versions are written with: nothing that a command line or a pattern of files would obey.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+!-".contains(c);
    name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether two texts are one version.
pub(super) fn same_version(one: &str, other: &str) -> bool {
    match (Pep440::parse(one), Pep440::parse(other)) {
        (Some(one), Some(other)) => one == other,
        (Some(_) | None, Some(_) | None) => one == other,
    }
}

/// The next package that is not built yet.
pub(super) fn unmade<'a>(plan: &'a Plan, seen: &'a Seen) -> impl Iterator<Item = &'a Package> {
    let packages = plan.packages.iter();
    packages.filter(|package| seen.made(&package.name).is_none())
}

/// What was built is what was to be built.
pub(super) fn verify(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let Some(wanted) = &plan.release else {
        return Ok(());
    };
    let built = plan.packages.iter().filter_map(|package| {
        let built = seen.made(&package.name)?;
        let other = !same_version(&built.version, &wanted.pep440);
        other.then(|| {
            let names: Vec<&str> = built.names().collect();
            format!(
                "{} has built version {}: {}",
                package.build,
                built.version,
                names.join(", ")
            )
        })
    });
    let others: Vec<String> = built.collect();
    if others.is_empty() {
        return Ok(());
    }
    let first = format!(
        "this is the release of {}, as {} says",
        wanted.text, wanted.source
    );
    Err(Next::End(End {
        outcome: Outcome::Invalid,
        reason: "version",
        because: std::iter::once(first).chain(others).collect(),
    }))
}

/// Every index is asked, and nothing that it has is another file.
pub(super) fn compare(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let names = plan.packages.iter().map(|package| &package.name);
    let unasked = names.filter(|name| seen.indexed(name).is_none());
    only_if_any(unasked.map(|name| Act::Index(name.clone())).collect())?;
    let conflicts: Vec<String> = plan
        .packages
        .iter()
        .filter_map(|package| {
            Some((
                package,
                seen.made(&package.name)?,
                seen.indexed(&package.name)?,
            ))
        })
        .flat_map(|(package, built, listed)| conflicts(package, built, listed))
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Next::End(ending::conflict(
        seen,
        "version-taken",
        conflicts,
    )))
}

/// Whether anything is still to be published.
pub(super) fn any_lacks(plan: &Plan, seen: &Seen) -> bool {
    plan.packages.iter().any(|package| {
        let name = &package.name;
        let known = seen.made(name).zip(seen.indexed(name));
        known.is_some_and(|(built, listed)| !lacking(built, listed).is_empty())
    })
}

/// Every index has every file.
pub(super) fn publish(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    for package in &plan.packages {
        let name = &package.name;
        let (Some(built), Some(listed)) = (seen.made(name), seen.indexed(name)) else {
            continue;
        };
        let lacking = lacking(built, listed);
        if lacking.is_empty() {
            continue;
        }
        let sends = seen.sends(name);
        return Err(match seen.unclear(name) {
            Some(trouble) if sends >= MOST_SENDS => Next::End(End {
                outcome: Outcome::Failed,
                reason: trouble.code,
                because: vec![trouble.text.clone()],
            }),
            None if sends > 0 => Next::End(End {
                outcome: Outcome::Failed,
                reason: "not-in-index",
                because: vec![format!(
                    "{} was sent, and {} does not show it",
                    lacking.join(", "),
                    package.index
                )],
            }),
            Some(_) | None => Next::Do(vec![Act::Publish(name.clone())]),
        });
    }
    Ok(())
}

/// What stands against this version in an index.
fn conflicts(package: &Package, built: &Built, listed: &[Listed]) -> Vec<String> {
    let index = &package.index;
    let ours: BTreeSet<&str> = built.names().collect();
    let mut told = Vec::new();
    for there in listed {
        let name = &there.name;
        let file = built.files.iter().find(|file| file.name == *name);
        match (file, &there.sha256) {
            (Some(file), Some(sha256)) if file.sha256 == *sha256 => {}
            (Some(file), Some(sha256)) => told.push(format!(
                "{index} has another {name}: its SHA-256 is {sha256}, that of what was built {}",
                file.sha256
            )),
            (Some(_), None) => told.push(format!(
                "{index} has {name} and does not say its SHA-256: nobody can tell whether it is the same"
            )),
            (None, _) => {
                let ours: Vec<&str> = ours.iter().copied().collect();
                told.push(format!(
                    "{index} has {name} of this version, and the session has built {} only",
                    ours.join(", ")
                ));
            }
        }
    }
    told
}

fn lacking<'a>(built: &'a Built, listed: &[Listed]) -> Vec<&'a str> {
    let there = |name: &&str| listed.iter().any(|it| it.name == *name);
    built.names().filter(|name| !there(name)).collect()
}

/// Every package of the plan, and what became of it.
pub(super) fn states(plan: &Plan, seen: &Seen) -> Vec<PackageState> {
    let states = plan.packages.iter().map(|package| {
        let built = seen.made(&package.name).cloned();
        let files = built.iter().flat_map(|built| &built.files);
        PackageState {
            name: package.name.clone(),
            index: package.index.clone(),
            files: files.map(|file| fate(seen, &package.name, file)).collect(),
            built,
        }
    });
    states.collect()
}

fn fate(seen: &Seen, package: &str, file: &BuiltFile) -> FileFate {
    let Some(listed) = seen.indexed(package) else {
        return FileFate::Unseen;
    };
    match listed.iter().find(|it| it.name == file.name) {
        None => FileFate::Open,
        Some(there) if there.sha256.as_ref() != Some(&file.sha256) => FileFate::Other,
        Some(_) if seen.was_listed(package, &file.name) => FileFate::There,
        Some(_) => FileFate::Sent,
    }
}

/// In a sentence, once all of it is there.
pub(super) fn done(plan: &Plan, seen: &Seen) -> Vec<String> {
    let told = states(plan, seen).into_iter().filter_map(|state| {
        let built = state.built?;
        let new = state.files.contains(&FileFate::Sent);
        let what = if new {
            "was published to"
        } else {
            "was there already:"
        };
        Some(format!(
            "{} {} {what} {}",
            built.project, built.version, state.index
        ))
    });
    told.collect()
}
