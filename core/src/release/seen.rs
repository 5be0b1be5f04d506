//! What this run has seen. Nothing of it outlives the run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Act, Kinship, Observation};
use crate::registry::{Described, Repository};

/// A name: where, and the tag.
pub(super) type Key = (Repository, String);

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Seen {
    tags: BTreeMap<Repository, Vec<String>>,
    held: BTreeMap<Key, Option<String>>,
    described: BTreeMap<String, Described>,
    kin: BTreeMap<String, Kinship>,
    /// The image is on the engine.
    pub(super) built: bool,
    /// This run has sent the image.
    pub(super) pushed: bool,
    /// Something was begun that others see.
    pub(super) touched: bool,
    /// What this run has put, how often.
    puts: BTreeMap<Key, u32>,
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
        let key = (repository.clone(), tag.to_owned());
        self.puts.get(&key).copied().unwrap_or_default()
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
                self.held.insert(key, held);
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
                let fixed: BTreeSet<&str> = fixed.collect();
                self.held
                    .retain(|(_, tag), _| !fixed.contains(tag.as_str()));
            }
            (Act::Push(repository, tag), Observation::Done) => {
                self.pushed = true;
                self.written(repository, tag);
            }
            (Act::Bring { to, tag, .. }, Observation::Done) => self.written(to, tag),
            (
                Act::Name {
                    repository, tag, ..
                },
                Observation::Done,
            ) => self.written(repository, tag),
            // An observation of another kind than the act's says nothing.
            (
                Act::List(_)
                | Act::Look(..)
                | Act::Describe(..)
                | Act::Compare(_)
                | Act::Build
                | Act::Push(..)
                | Act::Bring { .. }
                | Act::Name { .. },
                _,
            ) => {}
        }
    }

    /// What was written is read again before it counts, and so is everything that stood beside it.
    fn written(&mut self, repository: &Repository, tag: &str) {
        let key = (repository.clone(), tag.to_owned());
        self.held.remove(&key);
        self.tags.remove(repository);
        *self.puts.entry(key).or_default() += 1;
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
            Act::List(_) | Act::Look(..) | Act::Describe(..) | Act::Compare(_) | Act::Build => {}
        }
    }
}
