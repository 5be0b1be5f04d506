//! Packages: what was built, what their index has of it, and what is still to be sent.
//!
//! An index never lets a file be replaced, and neither do we: where it has the same version with other files, nothing is
//! done. What was built is known by its SHA-256, and so is what an index has.

use std::collections::BTreeSet;

use super::inside::Contents;
use super::seen::Seen;
use super::{Act, End, Next, Plan, ending, only_if_any};
use crate::config::{Package, Publisher};
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
    /// Names of files that lie beside them and that the session has not built.
    pub beside: Vec<String>,
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
        let mut beside = Vec::new();
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(name) = line.strip_prefix(BESIDE) {
                beside.push(name.to_owned());
                continue;
            }
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
        beside.sort();
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
                beside,
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

/// What stands before the name of a file that the session has not built.
pub(super) const BESIDE: &str = "beside  ./";

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

/// A session may send everything that lies where it has built. What is of this version and was not built now is in doubt: another job
/// may have built it, of this commit or of another one.
pub(super) fn nothing_of_it_is_left(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let left = plan.packages.iter().flat_map(|package| {
        let folder = &package.folder;
        let built = seen.made(&package.name);
        let left = built.into_iter().flat_map(|built| {
            let beside = beside(plan, seen, package).into_iter();
            beside.filter(|name| is_of(built, name))
        });
        left.map(move |name| {
            format!(
                "{folder}/{name} is of this version, and this run has not built it: remove it, or let {} build it, too",
                package.build
            )
        })
    });
    let left: Vec<String> = left.collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Next::End(ending::conflict(seen, "not-built-here", left)))
}

fn is_of(built: &Built, name: &str) -> bool {
    Named::parse(name)
        .is_some_and(|it| it.project == built.project && same_version(&it.version, &built.version))
}

/// What lies where a session will send from, and nothing of this run has built.
fn beside<'a>(plan: &Plan, seen: &'a Seen, package: &Package) -> Vec<&'a str> {
    let by_session = match package.publisher {
        Publisher::Session { .. } => seen.made(&package.name),
        Publisher::Uv { .. } => None, // it is told which files to send
    };
    let built = |name: &str| {
        let others = plan
            .packages
            .iter()
            .filter(|it| it.folder == package.folder);
        let mut others = others.filter_map(|it| seen.made(&it.name));
        others.any(|built| built.names().any(|it| it == name))
    };
    let beside = by_session.into_iter().flat_map(|built| &built.beside);
    beside
        .map(String::as_str)
        .filter(|name| !built(name))
        .collect()
}

/// Every index is asked, what it has under the names of ours is looked into where it is not the same, and nothing that it has is
/// another file.
pub(super) fn compare(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let names = plan.packages.iter().map(|package| &package.name);
    let unasked = names.filter(|name| seen.indexed(name).is_none());
    only_if_any(unasked.map(|name| Act::Index(name.clone())).collect())?;
    let built = plan.packages.iter().filter_map(|package| {
        let listed = seen.indexed(&package.name)?;
        Some((package, seen.made(&package.name)?, listed))
    });
    let shut = built.flat_map(|(package, built, listed)| shut(seen, package, built, listed));
    only_if_any(shut.collect())?;
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
        .flat_map(|(package, built, listed)| conflicts(seen, package, built, listed))
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

/// Files that are there under the names of ours, and of which nobody knows whether they are the same.
fn shut(seen: &Seen, package: &Package, built: &Built, listed: &[Listed]) -> Vec<Act> {
    let name = &package.name;
    let unknown = built.files.iter().filter(|file| {
        let there = listed.iter().find(|it| it.name == file.name);
        there.is_some_and(|it| it.sha256.as_ref() != Some(&file.sha256))
            && seen.inside(name, &file.name).is_none()
    });
    let acts = unknown.map(|file| Act::Open(name.clone(), file.name.clone()));
    acts.collect()
}

/// The hash of a file of an index: as it says, else as it came.
fn hash<'a>(seen: &'a Seen, package: &str, there: &'a Listed) -> Option<&'a str> {
    let inside = || Some(seen.inside(package, &there.name)?.sha256.as_str());
    there.sha256.as_deref().or_else(inside)
}

/// What stands against this version in an index.
fn conflicts(seen: &Seen, package: &Package, built: &Built, listed: &[Listed]) -> Vec<String> {
    let index = &package.index;
    let ours: BTreeSet<&str> = built.names().collect();
    let mut told = Vec::new();
    for there in listed {
        let name = &there.name;
        let file = built.files.iter().find(|file| file.name == *name);
        match (file, hash(seen, &package.name, there)) {
            (Some(file), Some(sha256)) if file.sha256 == sha256 => {}
            (Some(file), sha256) => {
                let inside = seen.inside(&package.name, name);
                let inside = inside.map(|inside| inside.contents.words());
                told.push(format!(
                    "{index} has another {name}: its SHA-256 is {}, that of what was built {}; {}",
                    sha256.unwrap_or("not known"),
                    file.sha256,
                    inside.unwrap_or_default()
                ));
            }
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
        Some(there) if hash(seen, package, there) != Some(&file.sha256) => FileFate::Other,
        Some(_) if seen.was_listed(package, &file.name) => FileFate::There,
        Some(_) => FileFate::Sent,
    }
}

/// In a sentence, once all of it is there.
pub(super) fn done(plan: &Plan, seen: &Seen) -> Vec<String> {
    let told = states(plan, seen).into_iter().flat_map(|state| {
        let packed = packed_anew(seen, &state);
        is_there(state).into_iter().chain(packed)
    });
    let left = plan.packages.iter().filter_map(|package| {
        let names = beside(plan, seen, package);
        (!names.is_empty()).then(|| {
            format!(
                "{} holds what this run has not built, and none of it was sent: {}",
                package.folder,
                names.join(", ")
            )
        })
    });
    told.chain(left).collect()
}

fn packed_anew(seen: &Seen, state: &PackageState) -> Option<String> {
    let files = state.built.iter().flat_map(|built| &built.files);
    let same = |name: &str| {
        let inside = seen.inside(&state.name, name);
        inside.is_some_and(|inside| inside.contents == Contents::Same)
    };
    let names: Vec<&str> = files.map(|it| it.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| same(name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "what was built has other bytes and the same in it, so the index's own counts: {}",
            names.join(", ")
        )
    })
}

fn is_there(state: PackageState) -> Option<String> {
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
}
