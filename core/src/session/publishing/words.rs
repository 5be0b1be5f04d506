//! What the acts of a release are called.

use crate::release::Act;

/// A line of the log when it begins; nothing for what only looks.
pub(super) fn progress(act: &Act) -> Option<String> {
    match act {
        Act::Build => Some("no image of this commit is there: building one".to_owned()),
        Act::Make(package) => Some(format!("building the package {package}")),
        Act::Publish(..)
        | Act::Draft
        | Act::Attach(_)
        | Act::Detach(_)
        | Act::Announce
        | Act::Push(..)
        | Act::Bring { .. }
        | Act::Name { .. } => Some(what(act)),
        Act::Tag
        | Act::FindRelease
        | Act::Sessions
        | Act::Try(_)
        | Act::Index(_)
        | Act::Open(..)
        | Act::List(_)
        | Act::Look(..)
        | Act::Describe(..)
        | Act::Compare(_) => None,
    }
}

pub(super) fn what(act: &Act) -> String {
    match act {
        Act::Sessions => "sessions".to_owned(),
        Act::Make(package) => format!("build {package}"),
        Act::Index(package) => format!("index {package}"),
        Act::Open(package, file) => format!("open {file} of {package}"),
        Act::Publish(package) => format!("publish {package}"),
        Act::Tag => "look at the git tag".to_owned(),
        Act::FindRelease => "look at the forge's release".to_owned(),
        Act::Draft => "draft the forge's release".to_owned(),
        Act::Attach(name) => format!("send {name} to the forge's release"),
        Act::Detach(asset) => format!("remove file {asset} of the forge's release"),
        Act::Announce => "publish the forge's release".to_owned(),
        Act::Build => "build".to_owned(),
        Act::Try(repository) => format!("try {repository}"),
        Act::Push(repository, tag) => format!("push {}", repository.tagged(tag)),
        Act::Bring { to, tag, .. } => format!("bring {}", to.tagged(tag)),
        Act::Name {
            repository,
            tag,
            digest,
            ..
        } => format!("name {} {digest}", repository.tagged(tag)),
        Act::List(repository) => format!("list {repository}"),
        Act::Look(repository, tag) => format!("look {}", repository.tagged(tag)),
        Act::Describe(repository, digest) => format!("describe {}", repository.at(digest)),
        Act::Compare(revision) => format!("compare {revision}"),
    }
}
