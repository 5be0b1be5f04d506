//! The last of a release: its git tag, and the forge's release of that tag with the files that were built.
//!
//! A draft is made, filled, and published; publishing it is what puts the git tag, where nobody has pushed it. What is published
//! is not changed any more, but for files that it lacks.

use super::packages::BuiltFile;
use super::seen::Seen;
use super::{Act, End, Next, Plan, ending, naming};
use crate::forge::releases::{Asset, Errand, Release};
use crate::protocol::Outcome;

/// How often one thing is asked of a forge that does not come to be.
const MOST_TRIES: u32 = 3;

/// Around our part of a release's text; nobody sees it.
const OURS: &str = "<!-- cd-action -->";
const OURS_END: &str = "<!-- /cd-action -->";

/// A git tag, and a release of the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The git tag.
    pub tag: String,
    /// Whether it comes before the release that its numbers name.
    pub prerelease: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncementState {
    /// The git tag.
    pub tag: String,
    /// Where a person sees the release; empty where there is none.
    pub url: String,
    /// In a few words.
    pub fate: &'static str,
}

/// The git tag is there for this commit, or for none.
pub(super) fn look(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let Some(announcement) = &plan.announcement else {
        return Ok(());
    };
    match seen.tag() {
        None => Err(Next::Do(vec![Act::Tag])),
        Some(Some(commit)) if commit != plan.revision => {
            let text = format!(
                "the git tag {} names another commit, {commit}",
                announcement.tag
            );
            let end = ending::conflict(seen, "tag-taken", vec![text]);
            Err(Next::End(end))
        }
        Some(_) => Ok(()),
    }
}

/// The release is there, with every file, for everybody.
pub(super) fn decide(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let Some(announcement) = &plan.announcement else {
        return Ok(());
    };
    let act = match seen.release() {
        None => return Err(Next::Do(vec![Act::FindRelease])),
        // One more would be a second one.
        Some(None) if seen.drafted => {
            let text = format!(
                "the release of {} was drafted, and the forge does not show it",
                announcement.tag
            );
            return Err(Next::End(not_shown(text)));
        }
        Some(None) => Act::Draft,
        Some(Some(release)) => match next(plan, seen, release)? {
            Some(act) => act,
            None => return Ok(()),
        },
    };
    if seen.tries(&act) < MOST_TRIES {
        return Err(Next::Do(vec![act]));
    }
    let trouble = seen.trouble_of_forge();
    let text = trouble.map_or("the forge does not do what it was asked", |it| {
        it.text.as_str()
    });
    Err(Next::End(End {
        outcome: Outcome::Failed,
        reason: trouble.map_or("forge-answer", |it| it.code),
        because: vec![text.to_owned()],
    }))
}

/// What a release that is there still needs.
fn next(plan: &Plan, seen: &Seen, release: &Release) -> Result<Option<Act>, Next> {
    for (_, file) in files(plan, seen) {
        match release.assets.iter().find(|asset| asset.name == file.name) {
            None => return Ok(Some(Act::Attach(file.name.clone()))),
            Some(asset) if is_same(asset, file) => {}
            Some(asset) if release.draft || !asset.whole => return Ok(Some(Act::Detach(asset.id))),
            Some(asset) => {
                let text = format!(
                    "the release {} has another {}: its SHA-256 is {}, that of what was built {}",
                    release.url,
                    file.name,
                    asset.sha256.as_deref().unwrap_or("not known"),
                    file.sha256
                );
                let end = ending::conflict(seen, "release-taken", vec![text]);
                return Err(Next::End(end));
            }
        }
    }
    match (release.draft, seen.tag()) {
        (true, _) => Ok(Some(Act::Announce)),
        (false, Some(Some(_))) => Ok(None),
        (false, Some(None)) if seen.tag_is_late => Err(Next::End(not_shown(format!(
            "the release {} is published, and the forge does not show its git tag",
            release.url
        )))),
        // It was published a moment ago, and that has made the tag.
        (false, _) => Err(Next::Do(vec![Act::Tag])),
    }
}

/// What the forge has done does not show, however long it was looked for.
fn not_shown(text: String) -> End {
    End {
        outcome: Outcome::Failed,
        reason: "forge-answer",
        because: vec![text],
    }
}

/// A forge that does not tell a file's hash is taken at its word that all of it came.
fn is_same(asset: &Asset, file: &BuiltFile) -> bool {
    asset.whole
        && asset
            .sha256
            .as_ref()
            .is_none_or(|sha256| *sha256 == file.sha256)
}

/// Every file that was built, with the folder that it is in.
fn files<'a>(plan: &'a Plan, seen: &'a Seen) -> impl Iterator<Item = (&'a str, &'a BuiltFile)> {
    plan.packages.iter().flat_map(|package| {
        let built = seen.made(&package.name).into_iter();
        let files = built.flat_map(|built| &built.files);
        files.map(|file| (package.folder.as_str(), file))
    })
}

/// What an act is for a forge; `None`: it is none of a forge's.
pub(super) fn errand(plan: &Plan, seen: &Seen, act: &Act, workspace: &str) -> Option<Errand> {
    let announcement = plan.announcement.as_ref()?;
    let tag = announcement.tag.clone();
    let release = || seen.release().flatten().cloned();
    match act {
        Act::Tag => Some(Errand::Tag(tag)),
        Act::FindRelease => Some(match seen.known_release() {
            Some(id) => Errand::Again(id),
            None => Errand::Release(tag),
        }),
        Act::Draft => Some(Errand::Draft {
            tag,
            revision: plan.revision.clone(),
            notes: notes(plan, seen),
            prerelease: announcement.prerelease,
        }),
        Act::Attach(name) => {
            let (folder, _) = files(plan, seen).find(|(_, file)| file.name == *name)?;
            Some(Errand::Attach {
                release: release()?,
                name: name.clone(),
                path: format!("{workspace}/{folder}/{name}"),
            })
        }
        Act::Detach(asset) => Some(Errand::Detach {
            release: release()?.id,
            asset: *asset,
        }),
        Act::Announce => {
            let release = release()?;
            let notes = with_ours(&release.notes, &notes(plan, seen));
            Some(Errand::Announce {
                notes: (notes != release.notes).then_some(notes),
                release: release.id,
                tag,
                revision: plan.revision.clone(),
            })
        }
        Act::List(_)
        | Act::Look(..)
        | Act::Describe(..)
        | Act::Compare(_)
        | Act::Sessions
        | Act::Make(_)
        | Act::Index(_)
        | Act::Open(..)
        | Act::Publish(_)
        | Act::Try(_)
        | Act::Build
        | Act::Push(..)
        | Act::Bring { .. }
        | Act::Name { .. } => None,
    }
}

/// What people read of a release: the image by its digest, and the files by theirs.
fn notes(plan: &Plan, seen: &Seen) -> String {
    let image = naming::image(plan, seen);
    let image = image.map(|digest| format!("Image: `{}`", plan.repository().at(digest)));
    let files: Vec<String> = files(plan, seen)
        .map(|(_, file)| format!("{}  {}", file.sha256, file.name))
        .collect();
    let hashes = (!files.is_empty()).then(|| format!("SHA-256:\n```\n{}\n```", files.join("\n")));
    let parts: Vec<String> = image.into_iter().chain(hashes).collect();
    format!("{OURS}\n{}\n{OURS_END}", parts.join("\n\n"))
}

/// A draft's text with our part of it: in place of an earlier one, else below what somebody else has written.
fn with_ours(text: &str, ours: &str) -> String {
    if let Some((before, rest)) = text.rsplit_once(OURS)
        && let Some((_, after)) = rest.split_once(OURS_END)
    {
        return [before, ours, after].concat();
    }
    match text.trim_end() {
        "" => ours.to_owned(),
        theirs => format!("{theirs}\n\n{ours}"),
    }
}

pub(super) fn state(plan: &Plan, seen: &Seen) -> Option<AnnouncementState> {
    let announcement = plan.announcement.as_ref()?;
    let looked = seen.release();
    let release = looked.flatten();
    let fate = match release {
        None if looked.is_none() => "not looked at",
        None => "not published",
        Some(release) if release.draft => "a draft",
        Some(_) if seen.touched_forge() => "published",
        Some(_) => "was there",
    };
    Some(AnnouncementState {
        tag: announcement.tag.clone(),
        url: release.map(|it| it.url.clone()).unwrap_or_default(),
        fate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_has_written_stays_and_our_part_is_todays() {
        let ours = format!("{OURS}\nImage: 2\n{OURS_END}");
        let earlier = format!("{OURS}\nImage: 1\n{OURS_END}");
        let rows = [
            (String::new(), ours.clone()),
            ("Thanks!\n".to_owned(), format!("Thanks!\n\n{ours}")),
            (earlier.clone(), ours.clone()),
            (
                format!("Thanks!\n\n{earlier}\nBye."),
                format!("Thanks!\n\n{ours}\nBye."),
            ),
            (
                format!("{OURS_END}{OURS}"),
                format!("{OURS_END}{OURS}\n\n{ours}"),
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(with_ours(&text, &ours), expected, "{text:?}");
            assert_eq!(with_ours(&expected, &ours), expected, "and again");
        }
    }
}
