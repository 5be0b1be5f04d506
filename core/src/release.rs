//! A release: what is to be published, what is there, and what is to be done next.
//!
//! [`Plan`] is what is wanted, as data. [`Publication`] compares it with what registries say and asks for [`Act`]s until both are
//! the same. It keeps nothing of its own: what a run knows it has seen in this run, so a run that died anywhere needs no repair,
//! the next one sees what is there and does the rest. The order is fixed, and each step waits for all of the one before:
//! what is built → it is what it was to be → the image is sent, under a name that says nothing → packages → names that are
//! for ever → names that move → the git tag and the forge's release.
//!
//! A name that is for ever is never pointed anywhere else: if it is taken by an image of another commit, the release ends. A name
//! that moves goes forward only. A registry has no compare-and-swap, so a name is asked for right before it is written, is
//! written only while it still names what was judged, and is read again afterwards: by versions, what another run overtook is
//! put right by whoever wrote last.
//!
//! To add a step: its acts here, its facts in [`Seen`], and its place in [`Publication::decide`]. What an act is in commands
//! and requests, [`engine`], [`packing`], [`registry`](crate::registry) and [`index`](crate::index) say.

mod announcing;
pub mod comparing;
mod ending;
pub mod engine;
pub(crate) mod inside;
pub mod login;
pub mod making;
pub mod manifest;
mod moving;
mod name;
mod naming;
pub mod nox;
mod packages;
pub mod packing;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use announcing::{Announcement, AnnouncementState};
pub use inside::{Contents, Inside};
pub use moving::Kinship;
pub use name::{Fate, Name};
pub use packages::{Built, BuiltFile, FileFate, PackageState};
use seen::Seen;

use crate::config::Package;
use crate::forge::releases::{self as forge, Errand};
use crate::index::Listed;
use crate::protocol::{Outcome, Timestamp};
use crate::registry::{Described, Repository, Trouble};
use crate::tag::{Derived, Mobility, Tag};

/// Under this name images are sent; it names the one that was sent last, and nobody is to ask for it.
pub const UPLOAD: &str = "cd-upload";

/// Digits by which a name tells its commit, at least.
const SHORT: usize = 7;

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
    /// Whether the configuration names sessions of the noxfile: they are to be there before anything is made.
    pub by_session: bool,
    /// The version that is released; `None`: the commit has no version of its own.
    pub release: Option<ReleasedVersion>,
    /// What is published besides the image; only a version of its own has any.
    pub packages: Vec<Package>,
    /// What it ends with; `None`: with the image's names.
    pub announcement: Option<Announcement>,
    /// Whether acts that change something are only told.
    pub dry: bool,
}

/// The version of a release, for packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasedVersion {
    /// As it was written.
    pub text: String,
    /// As indexes of packages write it.
    pub pep440: String,
    /// What says so, in words: `the git tag v1.2.3`.
    pub source: String,
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
    /// Which sessions does the noxfile have?
    Sessions,
    /// Let a session build this package.
    Make(String),
    /// Which files of this package does its index have?
    Index(String),
    /// What is in the file that the index of this package has under this name? Where it is what was built, it takes its place.
    Open(String, String),
    /// Send the files of this package that its index lacks.
    Publish(String),
    /// Which commit does the git tag name?
    Tag,
    /// Which release does the forge have of it?
    FindRelease,
    /// Draft it.
    Draft,
    /// Send it this file.
    Attach(String),
    /// Remove a file of it that is not whole, or not ours.
    Detach(u64),
    /// Publish it, and the git tag with it.
    Announce,
    /// Make the image.
    Build,
    /// May we write here?
    Try(Repository),
    /// Send the image that was built, under this tag.
    Push(Repository, String),
    /// Bring an image from one repository to another, piece by piece, under this tag, if that names nothing.
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
    /// Let this tag name this image, which is there, if it still names what it was seen to.
    Name {
        /// Where.
        repository: Repository,
        /// The tag.
        tag: String,
        /// The image.
        digest: String,
        /// What it was seen to name.
        over: Option<String>,
    },
}

impl Act {
    /// Whether it changes something that others see.
    #[must_use]
    pub const fn publishes(&self) -> bool {
        match self {
            Self::Publish(_)
            | Self::Draft
            | Self::Attach(_)
            | Self::Detach(_)
            | Self::Announce
            | Self::Push(..)
            | Self::Bring { .. }
            | Self::Name { .. } => true,
            Self::Tag
            | Self::FindRelease
            | Self::List(_)
            | Self::Look(..)
            | Self::Describe(..)
            | Self::Compare(_)
            | Self::Sessions
            | Self::Index(_)
            | Self::Open(..)
            | Self::Make(_)
            | Self::Try(_)
            | Self::Build => false,
        }
    }

    /// Whether it makes something here that is published afterwards.
    #[must_use]
    pub const fn makes(&self) -> bool {
        matches!(self, Self::Make(_) | Self::Build)
    }

    const fn changes(&self) -> bool {
        self.makes() || self.publishes() || matches!(self, Self::Try(_))
    }

    /// Whether it writes a name.
    const fn names(&self) -> bool {
        matches!(
            self,
            Self::Push(..) | Self::Bring { .. } | Self::Name { .. }
        )
    }
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// These tags are there.
    Tags(Vec<String>),
    /// The tag names this image, or none; where it was to be written, it was not.
    Held(Option<String>),
    /// The image that was built is there, by this digest.
    Sent(String),
    /// The image says this about itself.
    Described(Described),
    /// The commit stands so to ours.
    Compared(Kinship),
    /// This was built.
    Made(Built),
    /// The index has these files of that version.
    Indexed(Vec<Listed>),
    /// This is in the index's file.
    Inside(Inside),
    /// The forge has this release, or none.
    Announced(Option<forge::Release>),
    /// It is done.
    Done,
    /// It ended badly, and whoever has what was sent knows whether it happened.
    Unclear(Trouble),
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

    /// The name that the image gets first: the commit's own, since every run of the commit has it. So whoever comes second finds
    /// which image counts.
    fn anchor(&self) -> &str {
        let commit = self.revision.get(..SHORT).unwrap_or(&self.revision);
        let mut fixed = self.fixed();
        let own = fixed.find(|tag| !commit.is_empty() && tag.contains(commit));
        own.unwrap_or_else(|| self.version())
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
            let end = self
                .under_way
                .is_empty()
                .then(|| ending::failed(&self.troubles));
            return (Vec::new(), end);
        }
        // What is being written is not looked at meanwhile: the answer could be from before.
        if self.under_way.iter().any(Act::names) {
            return (Vec::new(), None);
        }
        match self.decide() {
            Next::End(end) => (Vec::new(), self.under_way.is_empty().then_some(end)),
            Next::Do(acts) if self.plan.dry && acts.iter().all(Act::changes) => {
                (Vec::new(), Some(ending::shown(&acts)))
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
            | Observation::Sent(_)
            | Observation::Described(_)
            | Observation::Compared(_)
            | Observation::Made(_)
            | Observation::Indexed(_)
            | Observation::Inside(_)
            | Observation::Announced(_)
            | Observation::Unclear(_)
            | Observation::Done) => self.seen.learn(act, known, self.plan.fixed()),
        }
    }

    /// The image, once it is known: its digest, and whether it was there before.
    #[must_use]
    pub fn image(&self) -> Option<(String, bool)> {
        let image = naming::named(&self.plan, &self.seen)?;
        let ours = self.seen.sent() == Some(image);
        Some((image.to_owned(), !ours))
    }

    /// Whether an image was sent, and another one of this commit counts.
    #[must_use]
    pub fn is_overtaken(&self) -> bool {
        let sent = self.seen.sent().map(str::to_owned);
        let image = self.image().map(|(image, _)| image);
        sent.is_some() && image.is_some() && sent != image
    }

    /// Whether an answer says what was so before this run wrote, and so may be late.
    #[must_use]
    pub(crate) fn may_be_late(&self, act: &Act, observation: &Observation) -> bool {
        self.seen.may_be_late(act, observation)
    }

    /// Whether something was begun that others see.
    #[must_use]
    pub const fn touched(&self) -> bool {
        self.seen.touched
    }

    /// Every package, and what became of it.
    #[must_use]
    pub fn packages(&self) -> Vec<PackageState> {
        packages::states(&self.plan, &self.seen)
    }

    /// The git tag and the forge's release, and what became of them.
    #[must_use]
    pub fn announcement(&self) -> Option<AnnouncementState> {
        announcing::state(&self.plan, &self.seen)
    }

    /// What an act is for a forge; `None`: it is none of a forge's.
    #[must_use]
    pub(crate) fn errand(&self, act: &Act, workspace: &str) -> Option<Errand> {
        announcing::errand(&self.plan, &self.seen, act, workspace)
    }

    /// What was built of a package, and how it is looked for.
    #[must_use]
    pub fn built(&self, package: &str) -> Option<(&Built, Looking)> {
        let built = self.seen.made(package)?;
        let looking = match (self.seen.sends(package), self.seen.unclear(package)) {
            (0, _) => Looking::Once,
            (_, Some(_)) => Looking::ForAMoment,
            (_, None) => Looking::Patiently,
        };
        Some((built, looking))
    }

    /// The file that the index of this package has under that name, and ours.
    pub(crate) fn both(&self, package: &str, file: &str) -> Option<(&Listed, &BuiltFile)> {
        let listed = self.seen.indexed(package)?.iter();
        let ours = self.seen.made(package)?.files.iter();
        let (mut listed, mut ours) = (
            listed.filter(|it| it.name == file),
            ours.filter(|it| it.name == file),
        );
        Some((listed.next()?, ours.next()?))
    }

    /// Every name that was to be, and what became of it.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        name::names(&self.plan, &self.seen)
    }

    // --- what is still to be found out or done -------------------------------------------------------------------

    fn decide(&self) -> Next {
        match self.steps() {
            Err(next) => next,
            Ok(image) => Next::End(ending::released(&self.plan, &self.seen, &image)),
        }
    }

    fn steps(&self) -> Result<String, Next> {
        let (plan, seen) = (&self.plan, &self.seen);
        self.before_the_image()?;
        let image = naming::one_image(plan, seen)?;
        if packages::any_lacks(plan, seen) {
            naming::may_write(plan, seen)?;
        }
        packages::publish(plan, seen)?;
        naming::fixed(plan, seen, &image)?;
        moving::decide(plan, seen, &image)?;
        announcing::decide(plan, seen)?;
        Ok(image)
    }

    /// Everything is built and looked at before anything is published.
    fn before_the_image(&self) -> Result<(), Next> {
        let (plan, seen) = (&self.plan, &self.seen);
        naming::look(plan, seen)?;
        announcing::look(plan, seen)?;
        naming::nothing_stands_against_it(plan, seen)?;
        self.make()?;
        packages::verify(plan, seen)?;
        packages::nothing_of_it_is_left(plan, seen)?;
        packages::compare(plan, seen)
    }

    /// What is not there is made: packages first, for an image may be made of them. One after the other, in one working tree.
    fn make(&self) -> Result<(), Next> {
        let (plan, seen) = (&self.plan, &self.seen);
        let packages = packages::unmade(plan, seen);
        let packages = packages.map(|package| Act::Make(package.name.clone()));
        let image = naming::image(plan, seen).is_none() && !seen.built;
        let acts: Vec<Act> = packages.chain(image.then_some(Act::Build)).collect();
        let by_session = !plan.packages.is_empty() || plan.by_session;
        if !acts.is_empty() && by_session && !seen.listed {
            return Err(Next::Do(vec![Act::Sessions]));
        }
        let most = if plan.dry { acts.len() } else { 1 };
        only_if_any(acts.into_iter().take(most).collect())
    }
}

/// How an index is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// What it has, it has.
    Once,
    /// Something may have come to it.
    ForAMoment,
    /// Something was sent to it, and is to show.
    Patiently,
}

fn only_if_any(acts: Vec<Act>) -> Result<(), Next> {
    if acts.is_empty() {
        Ok(())
    } else {
        Err(Next::Do(acts))
    }
}
