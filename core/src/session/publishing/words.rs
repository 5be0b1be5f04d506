//! What the acts of a release are called.

use crate::release::Act;

/// A line of the log when it begins; nothing for what only looks.
pub(super) fn progress(act: &Act) -> Option<String> {
    match act {
        Act::Build => Some("no image of this commit is there: building one".to_owned()),
        Act::Push(..) | Act::Bring { .. } | Act::Name { .. } => Some(what(act)),
        Act::List(_) | Act::Look(..) | Act::Describe(..) | Act::Compare(_) => None,
    }
}

pub(super) fn what(act: &Act) -> String {
    match act {
        Act::Build => "build".to_owned(),
        Act::Push(repository, tag) => format!("push {}", repository.tagged(tag)),
        Act::Bring { to, tag, .. } => format!("bring {}", to.tagged(tag)),
        Act::Name {
            repository,
            tag,
            digest,
        } => format!("name {} {digest}", repository.tagged(tag)),
        Act::List(repository) => format!("list {repository}"),
        Act::Look(repository, tag) => format!("look {}", repository.tagged(tag)),
        Act::Describe(repository, digest) => format!("describe {}", repository.at(digest)),
        Act::Compare(revision) => format!("compare {revision}"),
    }
}
