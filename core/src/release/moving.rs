//! Names that move, and only forward.
//!
//! `latest`, `1` and `1.2` go by version: the highest that the registry has is the one that they name. A branch goes by its
//! commits; where git cannot tell, which is so in most checkouts of a pipeline, by the dates of the commits, which images
//! carry as a label; where not even those are known it moves, and the report says so.

use super::seen::Seen;
use super::{Act, Fate, Next, Plan, naming, only_if_any};
use crate::registry::{Described, Repository};
use crate::tag::{Forward, Tag, moves_forward};

/// How a commit stands to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// Ours came after it.
    Older,
    /// It came after ours.
    Newer,
    /// Neither.
    Apart,
    /// Git does not know it.
    Unknown,
}

/// How often a tag is put in one run, or is to be: whoever puts it as often is at odds with somebody.
const MOST_PUTS: u32 = 5;

/// What is to become of a tag.
pub(super) enum Verdict {
    /// This must be known first.
    Ask(Act),
    /// It is to name this image.
    Put(String),
    /// It is as it is to be.
    Stands(Fate),
}

/// Every tag that moves is where it is to be.
pub(super) fn decide(plan: &Plan, seen: &Seen, image: &str) -> Result<(), Next> {
    let mut acts = Vec::new();
    let places = plan.repositories.iter();
    for repository in places.filter(|it| naming::has(plan, seen, it, image)) {
        for tag in plan.moving() {
            match judge(plan, seen, repository, tag, image) {
                Verdict::Stands(_) => {}
                Verdict::Ask(act) => acts.push(act),
                Verdict::Put(digest) => acts.push(Act::Name {
                    repository: repository.clone(),
                    tag: tag.name.clone(),
                    digest,
                    over: seen.held(repository, &tag.name).map(str::to_owned),
                }),
            }
        }
    }
    acts.sort();
    acts.dedup();
    only_if_any(acts)
}

/// What is to become of one tag in one repository, by what was seen.
pub(super) fn judge(
    plan: &Plan,
    seen: &Seen,
    repository: &Repository,
    tag: &Tag,
    image: &str,
) -> Verdict {
    let Some(tags) = seen.tags(repository) else {
        return Verdict::Ask(Act::List(repository.clone()));
    };
    let Some(held) = seen.looked(repository, &tag.name) else {
        return Verdict::Ask(Act::Look(repository.clone(), tag.name.clone()));
    };
    let puts = seen.puts(repository, &tag.name);
    if seen.attempts(repository, &tag.name) >= MOST_PUTS {
        return Verdict::Stands(Fate::Contested {
            holds: held.map(str::to_owned),
        });
    }
    let existing: Vec<&str> = tags.iter().map(String::as_str).collect();
    let moves = moves_forward(&plan.derived, &existing);
    let verdict = moves.into_iter().find(|it| it.tag == tag.name);
    match verdict.map(|it| it.verdict) {
        Some(Forward::Stays { higher }) => overtaken(seen, repository, tag, image, &higher),
        _ if held == Some(image) => Verdict::Stands(if puts > 0 { Fate::Put } else { Fate::There }),
        Some(Forward::Moves) => Verdict::Put(image.to_owned()),
        Some(Forward::NotByVersion | Forward::Immutable) | None => match held {
            None => Verdict::Put(image.to_owned()),
            Some(other) => by_commit(plan, seen, repository, image, other),
        },
    }
}

/// A higher version is there. Where this run has put the tag all the same, since it came meanwhile, the tag is put on.
fn overtaken(
    seen: &Seen,
    repository: &Repository,
    tag: &Tag,
    image: &str,
    higher: &str,
) -> Verdict {
    let stays = Fate::Stays {
        why: format!("{higher} is there, and is newer"),
    };
    if seen.puts(repository, &tag.name) == 0 || seen.held(repository, &tag.name) != Some(image) {
        return Verdict::Stands(stays);
    }
    match seen.looked(repository, higher) {
        None => Verdict::Ask(Act::Look(repository.clone(), higher.to_owned())),
        Some(Some(theirs)) => Verdict::Put(theirs.to_owned()),
        Some(None) => Verdict::Stands(stays),
    }
}

fn by_commit(
    plan: &Plan,
    seen: &Seen,
    repository: &Repository,
    image: &str,
    other: &str,
) -> Verdict {
    let Some(described) = seen.described(other) else {
        return Verdict::Ask(Act::Describe(repository.clone(), other.to_owned()));
    };
    let put = || Verdict::Put(image.to_owned());
    let stays = |why: String| Verdict::Stands(Fate::Stays { why });
    let Some(theirs) = described.revision.as_deref() else {
        return put();
    };
    if theirs == plan.revision {
        return put();
    }
    match seen.kin(theirs) {
        None => Verdict::Ask(Act::Compare(theirs.to_owned())),
        Some(Kinship::Older) => put(),
        Some(Kinship::Newer) => stays(format!("it names {theirs}, which comes after this commit")),
        Some(Kinship::Apart | Kinship::Unknown) if is_later(described, plan) => stays(format!(
            "it names {theirs}, whose commit is of a later date"
        )),
        Some(Kinship::Apart | Kinship::Unknown) => put(),
    }
}

/// Whether what a tag names is of a later commit, by date.
fn is_later(described: &Described, plan: &Plan) -> bool {
    match (described.created, plan.date) {
        (Some(theirs), Some(ours)) => theirs > ours,
        (Some(_) | None, Some(_) | None) => false,
    }
}
