//! What a derivation is to other programs: all of it, as data.

use std::collections::BTreeSet;

use serde::ser::{Serialize, Serializer};

use super::Reading;
use crate::event::Event;
use crate::tag::{BakeFile, Derived, Tag, Verdict};

/// What follows from a request for tags.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
#[must_use]
pub struct Derivation {
    /// The first tag: what people call this build. Empty where there is no tag.
    pub version: String,
    /// In the order of priority, each once.
    pub tags: Vec<Tag>,
    /// Every image with every tag; the tags alone where no image was named.
    pub references: Vec<String>,
    /// The images that are enabled.
    pub images: Vec<String>,
    /// By key.
    pub labels: Members,
    /// By key, without the levels.
    pub annotations: Members,
    /// What became of each rule, in the order of priority.
    pub verdicts: Vec<Verdict>,
    /// The verdicts for people, one line each.
    pub explanation: Vec<String>,
    /// For people, one line each.
    pub warnings: Vec<String>,
    /// The version that the rules read, where one is for versions.
    pub reading: Option<Reading>,
    /// The event that counted: pull requests' heads and git's own answers are in it.
    pub event: Event,
    /// The outputs of the action, by name, but for the paths of files.
    pub outputs: Members,
    /// The files that the action writes.
    pub files: Vec<BakeFile>,
}

/// Members of a JSON object, which stay in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "generate",
    derive(ts_rs::TS),
    ts(type = "{ [key in string]: string }")
)]
pub struct Members(pub Vec<(String, String)>);

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Derivation {
    /// All that is public about it.
    pub fn of(derived: &Derived) -> Self {
        let files = derived.files();
        let paths: BTreeSet<&str> = files.iter().map(|file| file.output).collect();
        let outputs = derived.outputs("").into_iter();
        let outputs = outputs
            .filter(|(name, _)| !paths.contains(name))
            .map(|(name, value)| (name.to_owned(), value));
        Self {
            version: derived.version.clone(),
            tags: derived.tags.clone(),
            references: derived.references(),
            images: derived.images().to_vec(),
            labels: Members(derived.labels.clone()),
            annotations: Members(derived.annotations.clone()),
            verdicts: derived.verdicts.clone(),
            explanation: derived.verdicts.iter().map(ToString::to_string).collect(),
            warnings: derived.warnings.clone(),
            reading: derived.release.as_ref().map(Reading::of),
            event: derived.event.clone(),
            outputs: Members(outputs.collect()),
            files,
        }
    }
}
