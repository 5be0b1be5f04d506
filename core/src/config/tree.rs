//! From text to a tree that knows where everything stands.
//!
//! YAML 1.2 with its core rules for plain scalars. Left out on purpose, each with its own message: several documents,
//! tags, merge keys, keys that are no scalars. Aliases work, within limits that no alias bomb passes.

use serde::{Deserialize, Serialize};

use super::error::{ConfigError, Origin, Wrong, code};
use builder::Builder;
use lines::Mark;

mod builder;
mod lines;
mod plain;
#[cfg(test)]
mod tests;

/// Most bytes of a file. The largest sensible configuration has a few thousand.
const MOST_BYTES: usize = 256 * 1024;
/// Most maps and lists inside one another. The schema is 7 deep; the limit keeps recursion off the stack's end.
const MOST_DEPTH: usize = 32;
/// Most values, those that aliases repeat included.
const MOST_NODES: usize = 5_000;

/// Names one node: an index into the document's spots. Copies that a merge makes keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct NodeId(u32);

impl NodeId {
    fn spot(self, spots: &[Spot]) -> &Spot {
        spots
            .get(self.0 as usize)
            .expect("ids are given out together with their spots")
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) kind: Kind,
}

/// What kind of value; a scalar's text is in its [`Spot`].
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
    List(Vec<Node>),
    /// In the file's order, no key twice.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key; `None` also where this is no map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The entries of a map; none where this is no map.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Kind::Map(entries) = &self.kind {
            entries
        } else {
            &[]
        }
    }
}

/// What is remembered about a node.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// The keys that lead to it.
    pub(super) path: String,
    /// A scalar as it is written, without quotes; empty for others.
    pub(super) written: String,
    value: Mark,
    key: Option<Mark>,
}

/// The tree of a file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Node,
    file: String,
    spots: Vec<Spot>,
}

impl Document {
    /// What is remembered about a node.
    pub(super) fn spot(&self, id: NodeId) -> &Spot {
        id.spot(&self.spots)
    }

    /// Where the node's value stands.
    pub(super) fn value(&self, id: NodeId) -> Origin {
        let spot = self.spot(id);
        Origin {
            place: spot.value.in_file(&self.file),
            path: spot.path.clone(),
        }
    }

    /// Where the node's key stands, or its value where it has no key.
    pub(super) fn key(&self, id: NodeId) -> Origin {
        let spot = self.spot(id);
        Origin {
            place: spot.key.unwrap_or(spot.value).in_file(&self.file),
            path: spot.path.clone(),
        }
    }
}

/// Reads a text. There is no document where the mistakes leave none to go on with.
pub(super) fn read(file: &str, text: &str) -> (Option<Document>, Vec<ConfigError>) {
    if text.len() > MOST_BYTES {
        let mistake = Wrong::new(code::TOO_LARGE, "the file is too large")
            .found(format!("{} KiB", text.len() / 1024))
            .expected("at most 256 KiB");
        let start = Origin {
            place: Mark::START.in_file(file),
            path: String::new(),
        };
        return (None, vec![mistake.at(start)]);
    }
    let mut builder = Builder::new(file, text);
    let root = builder.document().ok();
    let Builder {
        spots, mistakes, ..
    } = builder;
    (
        root.map(|root| Document {
            root,
            file: file.to_owned(),
            spots,
        }),
        mistakes,
    )
}
