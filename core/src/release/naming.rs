//! Names that are for ever, and the one image that they name.
//!
//! The image is sent under a name that says nothing, since sending takes long and overwrites without asking. Then the commit's own
//! name is put, if it names nothing: so of two runs of one commit the first decides, and the second finds its image and uses
//! it. All other names follow. A name that is for ever and names anything is never written.

use std::collections::BTreeSet;

use super::seen::Seen;
use super::{Act, End, Next, Plan, UPLOAD, ending, only_if_any};
use crate::protocol::Outcome;
use crate::registry::Repository;

/// What do the names that are for ever name, and what is that? And what was sent?
pub(super) fn look(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let mut acts = Vec::new();
    let mut unknown = BTreeSet::new();
    let mut describe = |repository: &Repository, digest: &str| {
        let new = seen.described(digest).is_none() && unknown.insert(digest.to_owned());
        new.then(|| Act::Describe(repository.clone(), digest.to_owned()))
    };
    acts.extend(
        seen.sent()
            .and_then(|digest| describe(plan.repository(), digest)),
    );
    for repository in &plan.repositories {
        if seen.tags(repository).is_none() {
            acts.push(Act::List(repository.clone()));
            continue;
        }
        for tag in plan.fixed() {
            let fresh = !seen.is_stale(repository, tag);
            match seen.looked(repository, tag).filter(|_| fresh) {
                None => acts.push(Act::Look(repository.clone(), tag.to_owned())),
                Some(Some(digest)) => acts.extend(describe(repository, digest)),
                Some(None) => {}
            }
        }
    }
    only_if_any(acts)
}

/// No name that is for ever names an image of another commit, and what was written shows.
pub(super) fn nothing_stands_against_it(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let lost = lost(plan, seen);
    if !lost.is_empty() {
        return Err(Next::End(End {
            outcome: Outcome::Failed,
            reason: "registry-answer",
            because: lost,
        }));
    }
    let taken = taken(plan, seen);
    if !taken.is_empty() {
        return Err(Next::End(ending::conflict(seen, "tag-taken", taken)));
    }
    let Some(sent) = seen.sent() else {
        return Ok(());
    };
    if is_ours(plan, seen, sent) {
        return Ok(());
    }
    let text = format!(
        "the image that was sent is not of this commit ({sent}): another build on this engine has taken its name meanwhile"
    );
    Err(Next::End(End {
        outcome: Outcome::Failed,
        reason: "not-made",
        because: vec![text],
    }))
}

/// What was written and does not show, however long it was looked for. It is not written again: that would be so for ever.
fn lost(plan: &Plan, seen: &Seen) -> Vec<String> {
    let tags = plan.derived.tags.iter();
    let all = tags.flat_map(|tag| plan.repositories.iter().map(move |it| (it, &*tag.name)));
    let lost = all.filter(|(repository, tag)| {
        seen.puts(repository, tag) > 0 && seen.looked(repository, tag) == Some(None)
    });
    lost.map(|(repository, tag)| {
        format!(
            "`{}` was written, and the registry does not show it",
            repository.tagged(tag)
        )
    })
    .collect()
}

/// Names that are for ever and name something else.
fn taken(plan: &Plan, seen: &Seen) -> Vec<String> {
    let others = names(plan, seen).filter_map(|(repository, tag, digest)| {
        let found = seen.described(digest)?.revision.as_deref();
        if found == Some(plan.revision.as_str()) {
            return None;
        }
        let name = repository.tagged(tag);
        Some(match found {
            Some(other) => {
                format!("`{name}` names an image of another commit, {other} ({digest})")
            }
            None => format!(
                "`{name}` names an image that does not say which commit it was built from ({digest})"
            ),
        })
    });
    others.collect()
}

/// Every name that is for ever and names something.
fn names<'a>(
    plan: &'a Plan,
    seen: &'a Seen,
) -> impl Iterator<Item = (&'a Repository, &'a str, &'a str)> {
    plan.repositories.iter().flat_map(move |repository| {
        let tags = plan.fixed();
        tags.filter_map(move |tag| Some((repository, tag, seen.held(repository, tag)?)))
    })
}

fn is_ours(plan: &Plan, seen: &Seen, digest: &str) -> bool {
    let described = seen.described(digest);
    described.is_some_and(|it| it.revision.as_deref() == Some(plan.revision.as_str()))
}

/// The image that is named already: by the version, else by the commit, else by any other name. Where two runs have made two of one
/// commit, and each has a name, both names stay, and this one counts.
pub(super) fn named<'a>(plan: &'a Plan, seen: &'a Seen) -> Option<&'a str> {
    let first = [plan.version(), plan.anchor()];
    let first = first.map(|tag| seen.held(plan.repository(), tag));
    let all = names(plan, seen).map(|(_, _, digest)| digest);
    let mut ours = first.into_iter().flatten().chain(all);
    ours.find(|digest| is_ours(plan, seen, digest))
}

/// The image that counts, as far as is known.
pub(super) fn image<'a>(plan: &'a Plan, seen: &'a Seen) -> Option<&'a str> {
    named(plan, seen).or_else(|| seen.sent())
}

/// The image that is there; else it is sent.
pub(super) fn one_image(plan: &Plan, seen: &Seen) -> Result<String, Next> {
    image(plan, seen).map(str::to_owned).ok_or_else(|| {
        let repository = plan.repository().clone();
        Next::Do(vec![Act::Push(repository, UPLOAD.to_owned())])
    })
}

/// Whether we may write is tried before a package is published, which nobody can take back.
pub(super) fn may_write(plan: &Plan, seen: &Seen) -> Result<(), Next> {
    let untried = plan.repositories.iter().filter(|it| !seen.may_write(it));
    only_if_any(untried.cloned().map(Act::Try).collect())
}

/// Every name that is for ever names the image, but for those that name another one of this commit.
///
/// In the first repository one after the other, in one order for everybody, and elsewhere after that: of two commits that are to have
/// one name, whoever comes second loses it there, and has taken none elsewhere from the first.
pub(super) fn fixed(plan: &Plan, seen: &Seen, image: &str) -> Result<(), Next> {
    let name = |repository: &Repository, tag: &str| Act::Name {
        repository: repository.clone(),
        tag: tag.to_owned(),
        digest: image.to_owned(),
        over: None,
    };
    let first = plan.repository();
    let mut places = plan.repositories.iter();
    let Some(from) = places.find(|it| has(plan, seen, it, image)) else {
        return Err(Next::Do(vec![name(first, plan.anchor())]));
    };
    let bring = |to: &Repository| {
        let missing = !has(plan, seen, to, image);
        let tag = missing.then(|| free(plan, seen, to)).flatten()?;
        Some(Act::Bring {
            from: from.clone(),
            to: to.clone(),
            tag: tag.to_owned(),
            digest: image.to_owned(),
        })
    };
    let free = |repository: &'_ Repository| {
        let open =
            |tag: &&str| has(plan, seen, repository, image) && seen.held(repository, tag).is_none();
        let tags: Vec<Act> = plan
            .fixed()
            .filter(open)
            .map(|tag| name(repository, tag))
            .collect();
        tags
    };
    only_if_any(bring(first).into_iter().collect())?;
    only_if_any(free(first).into_iter().take(1).collect())?;
    only_if_any(plan.repositories.iter().filter_map(bring).collect())?;
    only_if_any(plan.repositories.iter().flat_map(free).collect())
}

/// Whether the image is in a repository, under one name at least.
pub(super) fn has(plan: &Plan, seen: &Seen, repository: &Repository, image: &str) -> bool {
    let mut tags = plan.fixed();
    tags.any(|tag| seen.held(repository, tag) == Some(image))
}

/// A name that names nothing yet: the commit's own, where it can be.
fn free<'a>(plan: &'a Plan, seen: &Seen, repository: &Repository) -> Option<&'a str> {
    let mut all = std::iter::once(plan.anchor()).chain(plan.fixed());
    all.find(|tag| seen.held(repository, tag).is_none())
}
