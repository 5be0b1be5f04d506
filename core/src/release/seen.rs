//! What this run has seen. Nothing of it outlives the run.

use std::collections::{BTreeMap, BTreeSet};

use super::inside::Inside;
use super::{Act, Built, Kinship, Observation};
use crate::forge::releases::Release;
use crate::index::Listed;
use crate::registry::{Described, Repository, Trouble};

/// A name: where, and the tag.
pub(super) type Key = (Repository, String);

/// What this run has done to a name.
#[derive(Clone, Debug, Default)]
struct Put {
    /// How often it was written.
    times: u32,
    /// How often it had become something else before it could be.
    missed: u32,
    /// What was written last, over what.
    digest: String,
    over: Option<String>,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Seen {
    tags: BTreeMap<Repository, Vec<String>>,
    held: BTreeMap<Key, Option<String>>,
    /// Names that are to be looked at once more.
    stale: BTreeSet<Key>,
    described: BTreeMap<String, Described>,
    kin: BTreeMap<String, Kinship>,
    /// The sessions of the noxfile are known, and those that are needed are among them.
    pub(super) listed: bool,
    /// What was built, by the names of packages.
    made: BTreeMap<String, Built>,
    /// What their indexes have.
    indexed: BTreeMap<String, Vec<Listed>>,
    /// What was looked into of that, by the names of packages and files.
    inside: BTreeMap<(String, String), Inside>,
    /// Names of files that they had when they were first asked.
    listed_first: BTreeMap<String, BTreeSet<String>>,
    /// How often their files were sent.
    sends: BTreeMap<String, u32>,
    /// How that ended where it ended badly.
    unclear: BTreeMap<String, Trouble>,
    /// Which commit the git tag names.
    tag: Option<Option<String>>,
    /// It names none, though it was looked for since the release is published.
    pub(super) tag_is_late: bool,
    /// The forge's release of it.
    release: Option<Option<Release>>,
    /// By which the forge knows it.
    release_id: Option<u64>,
    /// This run has drafted it, and the forge has said so.
    pub(super) drafted: bool,
    /// How often a forge was asked to change something.
    tries: BTreeMap<Act, u32>,
    /// How that ended where it ended badly.
    trouble_of_forge: Option<Trouble>,
    /// The image is on the engine.
    pub(super) built: bool,
    /// The image that this run has sent.
    sent: Option<String>,
    /// Where writing was tried, or done.
    writable: BTreeSet<Repository>,
    /// Something was begun that others see.
    pub(super) touched: bool,
    /// What this run has put.
    puts: BTreeMap<Key, Put>,
    /// What a name had named when it was first looked at.
    before: BTreeMap<Key, Option<String>>,
}

impl Seen {
    pub(super) fn tags(&self, repository: &Repository) -> Option<&[String]> {
        self.tags.get(repository).map(Vec::as_slice)
    }

    /// What a name was seen to name; `None`: it was not looked at.
    pub(super) fn looked(&self, repository: &Repository, tag: &str) -> Option<Option<&str>> {
        let held = self.held.get(&(repository.clone(), tag.to_owned()))?;
        Some(held.as_deref())
    }

    /// Whether another run may have written it since it was looked at.
    pub(super) fn is_stale(&self, repository: &Repository, tag: &str) -> bool {
        self.stale.contains(&(repository.clone(), tag.to_owned()))
    }

    /// What a name names, as far as was seen.
    pub(super) fn held(&self, repository: &Repository, tag: &str) -> Option<&str> {
        self.looked(repository, tag).flatten()
    }

    /// What it named when it was first looked at.
    pub(super) fn before(&self, repository: &Repository, tag: &str) -> Option<&str> {
        let key = (repository.clone(), tag.to_owned());
        self.before.get(&key)?.as_deref()
    }

    pub(super) fn described(&self, digest: &str) -> Option<&Described> {
        self.described.get(digest)
    }

    pub(super) fn kin(&self, revision: &str) -> Option<Kinship> {
        self.kin.get(revision).copied()
    }

    /// How often this run has put a tag.
    pub(super) fn puts(&self, repository: &Repository, tag: &str) -> u32 {
        self.put(repository, tag).map_or(0, |put| put.times)
    }

    /// How often this run has put a tag, or was to and found something else there.
    pub(super) fn attempts(&self, repository: &Repository, tag: &str) -> u32 {
        self.put(repository, tag)
            .map_or(0, |put| put.times + put.missed)
    }

    fn put(&self, repository: &Repository, tag: &str) -> Option<&Put> {
        self.puts.get(&(repository.clone(), tag.to_owned()))
    }

    /// The image that this run has sent.
    pub(super) fn sent(&self) -> Option<&str> {
        self.sent.as_deref()
    }

    /// Whether a repository was seen to let us write.
    pub(super) fn may_write(&self, repository: &Repository) -> bool {
        self.writable.contains(repository)
    }

    /// A registry, or a forge, may show what was written a while later only.
    pub(super) fn may_be_late(&self, act: &Act, observation: &Observation) -> bool {
        match (act, observation) {
            (Act::Look(repository, tag), Observation::Held(held)) => {
                let put = self.put(repository, tag).filter(|put| put.times > 0);
                put.is_some_and(|put| *held == put.over && held.as_ref() != Some(&put.digest))
            }
            (Act::Describe(_, digest), Observation::Failed(trouble)) => {
                trouble.code == "image-missing" && self.sent() == Some(digest)
            }
            (Act::Tag, Observation::Held(None)) => self.is_published(),
            (Act::FindRelease, Observation::Announced(None)) => self.tries(&Act::Draft) > 0,
            // What else is asked was not written by us, or is looked for where it is asked.
            (_, _) => false,
        }
    }

    /// Whether the forge's release is published, as far as was seen or done.
    fn is_published(&self) -> bool {
        let release = self.release().flatten();
        release.is_some_and(|release| !release.draft) || self.tries(&Act::Announce) > 0
    }

    pub(super) fn made(&self, package: &str) -> Option<&Built> {
        self.made.get(package)
    }

    /// What its index has of a package; `None`: nobody has looked since something was sent.
    pub(super) fn indexed(&self, package: &str) -> Option<&[Listed]> {
        self.indexed.get(package).map(Vec::as_slice)
    }

    /// What is in the file that the index has under the name of one that was built; `None`: nobody has looked.
    pub(super) fn inside(&self, package: &str, file: &str) -> Option<&Inside> {
        self.inside.get(&(package.to_owned(), file.to_owned()))
    }

    /// Whether an index had a file before this run sent any.
    pub(super) fn was_listed(&self, package: &str, file: &str) -> bool {
        let first = self.listed_first.get(package);
        first.is_some_and(|names| names.contains(file))
    }

    pub(super) fn sends(&self, package: &str) -> u32 {
        self.sends.get(package).copied().unwrap_or_default()
    }

    pub(super) fn unclear(&self, package: &str) -> Option<&Trouble> {
        self.unclear.get(package)
    }

    /// What the git tag names; `None`: nobody has looked.
    pub(super) fn tag(&self) -> Option<Option<&str>> {
        self.tag.as_ref().map(Option::as_deref)
    }

    /// The forge's release; `None`: nobody has looked.
    pub(super) fn release(&self) -> Option<Option<&Release>> {
        self.release.as_ref().map(Option::as_ref)
    }

    /// By which the forge knows the release that was seen or drafted.
    pub(super) const fn known_release(&self) -> Option<u64> {
        self.release_id
    }

    pub(super) fn tries(&self, act: &Act) -> u32 {
        self.tries.get(act).copied().unwrap_or_default()
    }

    pub(super) const fn trouble_of_forge(&self) -> Option<&Trouble> {
        self.trouble_of_forge.as_ref()
    }

    pub(super) fn touched_forge(&self) -> bool {
        !self.tries.is_empty()
    }

    pub(super) fn learn<'a>(
        &mut self,
        act: &Act,
        observation: Observation,
        fixed: impl Iterator<Item = &'a str>,
    ) {
        match (act, observation) {
            (Act::List(repository), Observation::Tags(tags)) => {
                self.tags.insert(repository.clone(), tags);
            }
            (Act::Look(repository, tag), Observation::Held(held)) => {
                let key = (repository.clone(), tag.clone());
                self.before
                    .entry(key.clone())
                    .or_insert_with(|| held.clone());
                self.stale.remove(&key);
                self.held.insert(key, held);
            }
            (Act::Try(repository), Observation::Done) => {
                self.writable.insert(repository.clone());
            }
            (Act::Describe(_, digest), Observation::Described(described)) => {
                self.described.insert(digest.clone(), described);
            }
            (Act::Compare(revision), Observation::Compared(kinship)) => {
                self.kin.insert(revision.clone(), kinship);
            }
            (Act::Build, Observation::Done) => {
                self.built = true;
                // That took its time: another run may have published meanwhile.
                self.forget_names(fixed);
            }
            (Act::Push(..) | Act::Bring { .. } | Act::Name { .. }, observation) => {
                self.learn_name(act, observation, fixed);
            }
            // An observation of another kind than the act's says nothing.
            (
                Act::List(_)
                | Act::Look(..)
                | Act::Describe(..)
                | Act::Compare(_)
                | Act::Try(_)
                | Act::Build,
                _,
            ) => {}
            (
                Act::Sessions
                | Act::Make(_)
                | Act::Index(_)
                | Act::Open(..)
                | Act::Publish(_)
                | Act::Tag
                | Act::FindRelease
                | Act::Draft
                | Act::Attach(_)
                | Act::Detach(_)
                | Act::Announce,
                observation,
            ) => self.learn_beside(act, observation),
        }
    }

    /// The same of a name that was written, or was to be.
    fn learn_name<'a>(
        &mut self,
        act: &Act,
        observation: Observation,
        fixed: impl Iterator<Item = &'a str>,
    ) {
        match (act, observation) {
            (Act::Push(repository, tag), Observation::Sent(digest)) => {
                self.sent = Some(digest.clone());
                self.written(repository, tag, digest, None);
                self.forget_names(fixed);
            }
            (
                Act::Bring {
                    to, tag, digest, ..
                },
                Observation::Done,
            ) => {
                self.written(to, tag, digest.clone(), None);
                self.forget_names(fixed);
            }
            (
                Act::Name {
                    repository,
                    tag,
                    digest,
                    over,
                },
                Observation::Done,
            ) => {
                self.written(repository, tag, digest.clone(), over.clone());
                self.forget_names(fixed);
            }
            (
                Act::Bring {
                    to: repository,
                    tag,
                    ..
                }
                | Act::Name {
                    repository, tag, ..
                },
                Observation::Held(held),
            ) => self.missed(repository, tag, held),
            // An observation of another kind than the act's says nothing.
            (_, _) => {}
        }
    }

    /// The same of what there is besides the image.
    fn learn_beside(&mut self, act: &Act, observation: Observation) {
        match (act, observation) {
            (Act::Sessions, Observation::Done) => self.listed = true,
            (Act::Make(package), Observation::Made(built)) => {
                self.made.insert(package.clone(), built);
            }
            (Act::Index(package), Observation::Indexed(listed)) => {
                let names = || listed.iter().map(|it| it.name.clone()).collect();
                self.listed_first
                    .entry(package.clone())
                    .or_insert_with(names);
                self.indexed.insert(package.clone(), listed);
            }
            (Act::Open(package, file), Observation::Inside(inside)) => {
                self.looked_into(package, file, inside);
            }
            (Act::Publish(package), Observation::Done) => {
                self.files_sent(package);
                self.unclear.remove(package);
            }
            (Act::Publish(package), Observation::Unclear(trouble)) => {
                self.files_sent(package);
                self.unclear.insert(package.clone(), trouble);
            }
            (Act::Tag, Observation::Held(commit)) => {
                self.tag_is_late = commit.is_none() && self.is_published();
                self.tag = Some(commit);
            }
            (Act::FindRelease, Observation::Announced(release)) => {
                self.release_id = release.as_ref().map(|it| it.id);
                self.release = Some(release);
            }
            (Act::Draft | Act::Attach(_) | Act::Detach(_) | Act::Announce, observation) => {
                self.forget(act);
                *self.tries.entry(act.clone()).or_default() += 1;
                self.trouble_of_forge = None;
                if let Observation::Unclear(trouble) = observation {
                    self.trouble_of_forge = Some(trouble);
                } else if let (Act::Draft, Observation::Announced(Some(release))) =
                    (act, observation)
                {
                    (self.release_id, self.drafted) = (Some(release.id), true);
                    self.release = Some(Some(release));
                }
            }
            // An observation of another kind than the act's says nothing.
            (_, _) => {}
        }
    }

    /// Where it is the same package, the index's file has taken the place of ours.
    fn looked_into(&mut self, package: &str, file: &str, inside: Inside) {
        let built = self.made.get_mut(package);
        let files = built.into_iter().flat_map(|built| &mut built.files);
        let mut ours = files.filter(|it| it.name == file);
        if let Some(ours) = ours.next().filter(|_| inside.contents.are_ours()) {
            inside.sha256.clone_into(&mut ours.sha256);
        }
        let key = (package.to_owned(), file.to_owned());
        self.inside.insert(key, inside);
    }

    /// What was sent is looked at before it counts.
    fn files_sent(&mut self, package: &str) {
        self.indexed.remove(package);
        *self.sends.entry(package.to_owned()).or_default() += 1;
    }

    /// What was written is read again before it counts, and so is everything that stood beside it.
    fn written(
        &mut self,
        repository: &Repository,
        tag: &str,
        digest: String,
        over: Option<String>,
    ) {
        let key = (repository.clone(), tag.to_owned());
        self.held.remove(&key);
        self.tags.remove(repository);
        self.writable.insert(repository.clone());
        let put = self.puts.entry(key).or_default();
        put.times += 1;
        (put.digest, put.over) = (digest, over);
    }

    /// It names something else meanwhile, and was not written.
    fn missed(&mut self, repository: &Repository, tag: &str, held: Option<String>) {
        let key = (repository.clone(), tag.to_owned());
        self.tags.remove(repository);
        self.puts.entry(key.clone()).or_default().missed += 1;
        self.stale.remove(&key);
        self.held.insert(key, held);
    }

    /// Another run may have written meanwhile.
    fn forget_names<'a>(&mut self, fixed: impl Iterator<Item = &'a str>) {
        let fixed: BTreeSet<&str> = fixed.collect();
        let known = self.held.keys();
        let old = known.filter(|(_, tag)| fixed.contains(tag.as_str()));
        self.stale.extend(old.cloned());
    }

    /// Nobody knows whether it happened.
    pub(super) fn forget(&mut self, act: &Act) {
        match act {
            Act::Push(repository, tag)
            | Act::Bring {
                to: repository,
                tag,
                ..
            }
            | Act::Name {
                repository, tag, ..
            } => {
                self.held.remove(&(repository.clone(), tag.clone()));
            }
            Act::Publish(package) => {
                self.indexed.remove(package);
            }
            Act::Draft | Act::Attach(_) | Act::Detach(_) => self.release = None,
            Act::Announce => (self.tag, self.release, self.tag_is_late) = (None, None, false),
            Act::Tag
            | Act::FindRelease
            | Act::List(_)
            | Act::Look(..)
            | Act::Describe(..)
            | Act::Compare(_)
            | Act::Sessions
            | Act::Make(_)
            | Act::Index(_)
            | Act::Open(..)
            | Act::Try(_)
            | Act::Build => {}
        }
    }
}
