//! What became of every name, and in words.

use super::moving::{self, Verdict};
use super::seen::Seen;
use super::{Act, Plan, naming};
use crate::registry::Repository;
use crate::tag::Tag;

/// A name, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `name:tag`.
    pub reference: String,
    /// Whether it names one image for ever.
    pub fixed: bool,
    /// What became of it.
    pub fate: Fate,
    /// What it named when this run began.
    pub before: Option<String>,
}

/// What became of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It names the image, and did so before.
    There,
    /// It names the image, since this run.
    Put,
    /// It names another image, and is to go on doing so.
    Stays {
        /// Why.
        why: String,
    },
    /// Somebody else puts it somewhere else again and again.
    Contested {
        /// What it names.
        holds: Option<String>,
    },
    /// It names another image of this commit, for ever.
    Twin {
        /// Which one.
        holds: String,
    },
    /// It does not name the image yet.
    Open,
    /// Nobody has looked at it.
    Unseen,
    /// It was written, and nobody has looked at it since.
    Written,
    /// It names something else for ever.
    Taken,
}

impl Fate {
    /// Whether this run brought it about.
    pub(super) const fn is_new(&self) -> bool {
        matches!(self, Self::Put)
    }

    /// Whether the name names the image.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self, Self::There | Self::Put)
    }

    /// In a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::There => "was there".to_owned(),
            Self::Put => "published".to_owned(),
            Self::Stays { why } => format!("stays: {why}"),
            Self::Contested { holds } => format!(
                "contested: somebody else puts it elsewhere, now on {}",
                holds.as_deref().unwrap_or("nothing")
            ),
            Self::Twin { holds } => {
                format!("names another image of this commit, {holds}, for ever")
            }
            Self::Open => "not published".to_owned(),
            Self::Unseen => "not looked at".to_owned(),
            Self::Written => "written, and not looked at since".to_owned(),
            Self::Taken => "names something else".to_owned(),
        }
    }
}

impl Name {
    /// A sentence for a name that moves and does not.
    pub(super) fn why_it_stays(&self) -> Option<String> {
        let Self {
            reference, fate, ..
        } = self;
        match fate {
            Fate::Stays { why } => Some(format!("`{reference}` stays where it is: {why}")),
            Fate::Contested { .. } => Some(format!("`{reference}` is {}", fate.words())),
            Fate::Twin { .. } => Some(format!(
                "`{reference}` {}: two runs of one commit have published at the same time",
                fate.words()
            )),
            Fate::There | Fate::Put | Fate::Open | Fate::Unseen | Fate::Written | Fate::Taken => {
                None
            }
        }
    }
}

pub(super) fn names(plan: &Plan, seen: &Seen) -> Vec<Name> {
    let image = naming::named(plan, seen);
    let mut names = Vec::new();
    for repository in &plan.repositories {
        for tag in plan.fixed() {
            let fate = fixed(plan, seen, repository, tag);
            names.push(name(seen, repository, tag, true, fate));
        }
        for tag in plan.moving() {
            let fate = moving(plan, seen, repository, tag, image);
            names.push(name(seen, repository, &tag.name, false, fate));
        }
    }
    names
}

fn moving(
    plan: &Plan,
    seen: &Seen,
    repository: &Repository,
    tag: &Tag,
    image: Option<&str>,
) -> Fate {
    let unknown = match seen.looked(repository, &tag.name) {
        None => unseen(seen, repository, &tag.name),
        Some(_) => Fate::Open,
    };
    let Some(image) = image else {
        return unknown;
    };
    if !naming::has(plan, seen, repository, image) {
        return unknown;
    }
    match moving::judge(plan, seen, repository, tag, image) {
        Verdict::Stands(fate) => fate,
        Verdict::Ask(_) | Verdict::Put(_) => unknown,
    }
}

fn name(seen: &Seen, repository: &Repository, tag: &str, fixed: bool, fate: Fate) -> Name {
    Name {
        reference: repository.tagged(tag),
        fixed,
        fate,
        before: seen.before(repository, tag).map(str::to_owned),
    }
}

fn fixed(plan: &Plan, seen: &Seen, repository: &Repository, tag: &str) -> Fate {
    let digest = match seen.looked(repository, tag) {
        None => return unseen(seen, repository, tag),
        Some(None) => return Fate::Open,
        Some(Some(digest)) => digest,
    };
    let revision = seen
        .described(digest)
        .and_then(|described| described.revision.as_deref());
    if revision != Some(plan.revision.as_str()) {
        Fate::Taken
    } else if naming::named(plan, seen) != Some(digest) {
        Fate::Twin {
            holds: digest.to_owned(),
        }
    } else if seen.puts(repository, tag) > 0 {
        Fate::Put
    } else {
        Fate::There
    }
}

fn unseen(seen: &Seen, repository: &Repository, tag: &str) -> Fate {
    if seen.puts(repository, tag) > 0 {
        Fate::Written
    } else {
        Fate::Unseen
    }
}

/// What an act would do.
pub(super) fn would(act: &Act) -> String {
    match act {
        Act::List(repository) => format!("list the tags of {repository}"),
        Act::Look(repository, tag) => format!("look at `{}`", repository.tagged(tag)),
        Act::Describe(repository, digest) => format!("look at `{}`", repository.at(digest)),
        Act::Compare(revision) => format!("compare this commit with {revision}"),
        Act::Sessions => "list the sessions of the noxfile".to_owned(),
        Act::Make(package) => format!(
            "build the package `{package}`, and publish what its index lacks, if it has nothing else of this version"
        ),
        Act::Index(package) => format!("ask the index of `{package}`"),
        Act::Open(package, file) => format!("look into {file} of `{package}`"),
        Act::Publish(package) => format!("publish the package `{package}`"),
        Act::Tag => "look at the git tag".to_owned(),
        Act::FindRelease => "look at the forge's release".to_owned(),
        Act::Draft => "draft the forge's release, fill and publish it".to_owned(),
        Act::Attach(name) => format!("send {name} to the forge's release"),
        Act::Detach(asset) => format!("remove the file {asset} of the forge's release"),
        Act::Announce => "publish the forge's release, and the git tag with it".to_owned(),
        Act::Build => "build the image, and publish it under all its names".to_owned(),
        Act::Try(repository) => format!("try whether {repository} may be written"),
        Act::Push(repository, tag) => format!("send the image as `{}`", repository.tagged(tag)),
        Act::Bring { to, tag, .. } => {
            format!("bring the image to `{}`", to.tagged(tag))
        }
        Act::Name {
            repository,
            tag,
            digest,
            ..
        } => format!("let `{}` name {digest}", repository.tagged(tag)),
    }
}
