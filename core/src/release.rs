//! A release: what is to be published, what is there, and what is to be done next.
//!
//! [`Plan`] is what is wanted, as data. [`Publication`] compares it with what registries say and asks for [`Act`]s until both are
//! the same. It keeps nothing of its own: what a run knows it has seen in this run, so a run that died anywhere needs no repair,
//! the next one sees what is there and does the rest. The order is fixed, and each step waits for all of the one before:
//! what is built → it is what it was to be → names that are for ever → names that move.
//!
//! A name that is for ever is never pointed anywhere else: if it is taken by anything but an image of this commit, nothing is
//! done. A name that moves goes forward only, and is read again after it was written, since a registry has no
//! compare-and-swap: by versions, what another run overtook is put right by whoever wrote last.
//!
//! To add a step (packages, a git tag): its acts here, its facts in [`Seen`], and its place in [`Publication::decide`]. What an
//! act is in commands and requests, [`engine`] and [`registry`](crate::registry) say.

pub mod engine;
pub mod making;
mod moving;
mod name;
pub mod nox;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use moving::Kinship;
pub use name::{Fate, Name};
use seen::Seen;

use crate::protocol::{Outcome, Timestamp};
use crate::registry::{Described, Repository, Trouble};
use crate::tag::{Derived, Mobility, Tag};

/// What a release is to bring about.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Version, tags and labels.
    pub derived: Derived,
    /// The commit.
    pub revision: String,
    /// When the commit was made.
    pub date: Option<Timestamp>,
    /// Where the image is named; never empty. The first is the one that is deployed.
    pub repositories: Vec<Repository>,
    /// Whether acts that change something are only told.
    pub dry: bool,
}

/// Something to find out or to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Which tags are there?
    List(Repository),
    /// Which image does this tag name?
    Look(Repository, String),
    /// What does this image say about itself?
    Describe(Repository, String),
    /// Is this commit before ours, or after it?
    Compare(String),
    /// Make the image.
    Build,
    /// Send the image that was built, under this tag.
    Push(Repository, String),
    /// Bring an image from one repository to another, piece by piece, under this tag.
    Bring {
        /// Where it is.
        from: Repository,
        /// Where it is to be.
        to: Repository,
        /// Its name there.
        tag: String,
        /// The image.
        digest: String,
    },
    /// Let this tag name this image, which is there.
    Name {
        /// Where.
        repository: Repository,
        /// The tag.
        tag: String,
        /// The image.
        digest: String,
    },
}

impl Act {
    /// Whether it changes something that others see.
    #[must_use]
    pub const fn publishes(&self) -> bool {
        match self {
            Self::Push(..) | Self::Bring { .. } | Self::Name { .. } => true,
            Self::List(_)
            | Self::Look(..)
            | Self::Describe(..)
            | Self::Compare(_)
            | Self::Build => false,
        }
    }

    const fn changes(&self) -> bool {
        matches!(self, Self::Build) || self.publishes()
    }
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// These tags are there.
    Tags(Vec<String>),
    /// The tag names this image, or none.
    Held(Option<String>),
    /// The image says this about itself.
    Described(Described),
    /// The commit stands so to ours.
    Compared(Kinship),
    /// It is done.
    Done,
    /// It could not be done, or nobody knows whether it was.
    Failed(Trouble),
}

/// How a release ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct End {
    /// `released`, `rejected`, `failed` or `shown`.
    pub outcome: Outcome,
    /// A stable code for why.
    pub reason: &'static str,
    /// In sentences, the cause first.
    pub because: Vec<String>,
}

/// What comes next.
enum Next {
    /// These, side by side.
    Do(Vec<Act>),
    /// It is over.
    End(End),
}

/// A release under way.
#[derive(Debug)]
pub struct Publication {
    plan: Plan,
    seen: Seen,
    under_way: BTreeSet<Act>,
    troubles: Vec<Trouble>,
}

impl Plan {
    /// Tags that name one image for ever.
    pub fn fixed(&self) -> impl Iterator<Item = &str> {
        self.with(true).map(|tag| tag.name.as_str())
    }

    /// Tags that move.
    pub(crate) fn moving(&self) -> impl Iterator<Item = &Tag> {
        self.with(false)
    }

    fn with(&self, fixed: bool) -> impl Iterator<Item = &Tag> {
        let tags = self.derived.tags.iter();
        tags.filter(move |tag| (tag.mobility == Mobility::Immutable) == fixed)
    }

    /// The tag that the image gets first, which is also what people call it.
    ///
    /// # Panics
    /// Where no tag is for ever: then there is nothing to release.
    #[must_use]
    pub fn version(&self) -> &str {
        self.fixed()
            .next()
            .expect("a release without a tag that is for ever is refused before it begins")
    }

    fn repository(&self) -> &Repository {
        self.repositories
            .first()
            .expect("an image without a name is refused before it begins")
    }
}

impl Publication {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            seen: Seen::default(),
            under_way: BTreeSet::new(),
            troubles: Vec::new(),
        }
    }

    /// What it is to bring about.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What to begin now, or how it ended. Nothing and no end: something is under way that must come first.
    #[must_use]
    pub fn advance(&mut self) -> (Vec<Act>, Option<End>) {
        if !self.troubles.is_empty() {
            let end = self.under_way.is_empty().then(|| self.failed());
            return (Vec::new(), end);
        }
        match self.decide() {
            Next::End(end) => (Vec::new(), self.under_way.is_empty().then_some(end)),
            Next::Do(acts) if self.plan.dry && acts.iter().all(Act::changes) => {
                (Vec::new(), Some(self.shown(&acts)))
            }
            Next::Do(acts) => {
                let fresh: Vec<Act> = acts
                    .into_iter()
                    .filter(|act| !(self.plan.dry && act.changes()))
                    .filter(|act| self.under_way.insert(act.clone()))
                    .collect();
                self.seen.touched |= fresh.iter().any(Act::publishes);
                (fresh, None)
            }
        }
    }

    /// Takes in what came of an act.
    pub fn observe(&mut self, act: &Act, observation: Observation) {
        self.under_way.remove(act);
        match observation {
            Observation::Failed(trouble) => {
                self.seen.forget(act);
                self.troubles.push(trouble);
            }
            known @ (Observation::Tags(_)
            | Observation::Held(_)
            | Observation::Described(_)
            | Observation::Compared(_)
            | Observation::Done) => self.seen.learn(act, known, self.plan.fixed()),
        }
    }

    /// The image, once it is known: its digest, and whether it was there before.
    #[must_use]
    pub fn image(&self) -> Option<(String, bool)> {
        let (plan, seen) = (&self.plan, &self.seen);
        let held = seen.held(plan.repository(), plan.version())?;
        let ours = seen.described(held)?.revision.as_deref() == Some(plan.revision.as_str());
        ours.then(|| (held.to_owned(), !seen.pushed))
    }

    /// Whether something was begun that others see.
    #[must_use]
    pub const fn touched(&self) -> bool {
        self.seen.touched
    }

    /// Every name that was to be, and what became of it.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        name::names(&self.plan, &self.seen)
    }

    // --- what is still to be found out or done -------------------------------------------------------------------

    fn decide(&self) -> Next {
        let image = match self.look().and_then(|()| self.one_image()) {
            Ok(image) => image,
            Err(next) => return next,
        };
        let steps = self
            .everywhere(&image)
            .and_then(|()| self.fixed(&image))
            .and_then(|()| moving::decide(&self.plan, &self.seen, &image));
        match steps {
            Err(next) => next,
            Ok(()) => Next::End(self.released(&image)),
        }
    }

    /// What do the names that are for ever name, and what is that?
    fn look(&self) -> Result<(), Next> {
        let (plan, seen) = (&self.plan, &self.seen);
        let mut acts = Vec::new();
        for repository in &plan.repositories {
            if seen.tags(repository).is_none() {
                acts.push(Act::List(repository.clone()));
                continue;
            }
            for tag in plan.fixed() {
                match seen.looked(repository, tag) {
                    None => acts.push(Act::Look(repository.clone(), tag.to_owned())),
                    Some(Some(digest)) if seen.described(digest).is_none() => {
                        acts.push(Act::Describe(repository.clone(), digest.to_owned()));
                    }
                    Some(_) => {}
                }
            }
        }
        acts.dedup();
        only_if_any(acts)
    }

    /// The one image that they name, or may name from now on; else it is made.
    fn one_image(&self) -> Result<String, Next> {
        let taken = self.taken();
        if !taken.is_empty() {
            return Err(Next::End(self.conflict("tag-taken", taken)));
        }
        let digests: BTreeSet<&str> = self.fixed_names().map(|(_, _, digest)| digest).collect();
        let mut digests = digests.into_iter();
        match (digests.next(), digests.next()) {
            (Some(image), None) => Ok(image.to_owned()),
            (Some(_), Some(_)) => {
                let mut because =
                    vec!["there is more than one image of this commit, and a name that is for ever cannot name two".to_owned()];
                because.extend(self.fixed_names().map(|(repository, tag, digest)| {
                    format!("{} names {digest}", repository.tagged(tag))
                }));
                Err(Next::End(self.conflict("two-images", because)))
            }
            (None, _) if self.seen.built => {
                let repository = self.plan.repository().clone();
                Err(Next::Do(vec![Act::Push(
                    repository,
                    self.plan.version().to_owned(),
                )]))
            }
            (None, _) => Err(Next::Do(vec![Act::Build])),
        }
    }

    /// Every name that is for ever and names something.
    fn fixed_names(&self) -> impl Iterator<Item = (&Repository, &str, &str)> {
        let (plan, seen) = (&self.plan, &self.seen);
        plan.repositories.iter().flat_map(move |repository| {
            let tags = plan.fixed();
            tags.filter_map(move |tag| Some((repository, tag, seen.held(repository, tag)?)))
        })
    }

    /// Names that are for ever and name something else.
    fn taken(&self) -> Vec<String> {
        let ours = Some(self.plan.revision.as_str());
        let others = self.fixed_names().filter_map(|(repository, tag, digest)| {
            let found = self.seen.described(digest)?.revision.as_deref();
            if found == ours {
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

    /// The image is in every repository, under one name at least.
    fn everywhere(&self, image: &str) -> Result<(), Next> {
        let has = |repository: &&Repository| {
            let mut tags = self.plan.fixed();
            tags.any(|tag| self.seen.held(repository, tag) == Some(image))
        };
        let Some(from) = self.plan.repositories.iter().find(has) else {
            return Ok(());
        };
        let lacking = self.plan.repositories.iter().filter(|it| !has(it));
        let acts = lacking.map(|to| Act::Bring {
            from: from.clone(),
            to: to.clone(),
            tag: self.plan.version().to_owned(),
            digest: image.to_owned(),
        });
        only_if_any(acts.collect())
    }

    /// Every name that is for ever names it.
    fn fixed(&self, image: &str) -> Result<(), Next> {
        let mut acts = Vec::new();
        for repository in &self.plan.repositories {
            let lacking = self
                .plan
                .fixed()
                .filter(|tag| self.seen.held(repository, tag).is_none());
            acts.extend(lacking.map(|tag| Act::Name {
                repository: repository.clone(),
                tag: tag.to_owned(),
                digest: image.to_owned(),
            }));
        }
        only_if_any(acts)
    }

    // --- how it ends ---------------------------------------------------------------------------------------------

    fn released(&self, image: &str) -> End {
        let names = self.names();
        let done = names.iter().any(|name| name.fate.is_new());
        let (reason, first) = match (self.seen.pushed, done) {
            (true, _) => (
                "published",
                format!("the image was built and published: {image}"),
            ),
            (false, true) => (
                "completed",
                format!("an image of this commit was there, and is used as it is: {image}"),
            ),
            (false, false) => (
                "already-there",
                format!("everything was there already: {image}"),
            ),
        };
        let stays = names.iter().filter_map(Name::why_it_stays);
        End {
            outcome: Outcome::Released,
            reason,
            because: std::iter::once(first).chain(stays).collect(),
        }
    }

    fn shown(&self, acts: &[Act]) -> End {
        let mut because = vec!["nothing was touched; this would be done next".to_owned()];
        because.extend(acts.iter().map(name::would));
        End {
            outcome: Outcome::Shown,
            reason: "planned",
            because,
        }
    }

    fn conflict(&self, reason: &'static str, because: Vec<String>) -> End {
        let outcome = if self.touched() {
            Outcome::Failed
        } else {
            Outcome::Rejected
        };
        End {
            outcome,
            reason,
            because,
        }
    }

    fn failed(&self) -> End {
        let reason = self
            .troubles
            .first()
            .map_or("failed", |trouble| trouble.code);
        let outcome = match reason {
            "no-session" => Outcome::Invalid,
            _ => Outcome::Failed,
        };
        End {
            outcome,
            reason,
            because: self.troubles.iter().map(|it| it.text.clone()).collect(),
        }
    }
}

fn only_if_any(acts: Vec<Act>) -> Result<(), Next> {
    if acts.is_empty() {
        Ok(())
    } else {
        Err(Next::Do(acts))
    }
}
