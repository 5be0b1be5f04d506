//! A version as two worlds read it, as data.

use serde::Serialize;

use crate::tag::{Conflict, Standing, Version};

/// A version as SemVer and PEP 440 read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Reading {
    /// As it was written.
    pub text: String,
    /// As SemVer reads the text. `None`: not at all.
    pub semver: Option<String>,
    /// As PEP 440 reads the text. `None`: not at all.
    pub pep440: Option<String>,
    /// The same version in the words of SemVer, if that says neither more nor less.
    pub as_semver: Option<String>,
    /// The same version in the words of PEP 440, if that says neither more nor less.
    pub as_pep440: Option<String>,
    /// Where it stands to its release: by SemVer if that can say it, else by PEP 440.
    pub standing: Standing,
    /// Where the two place the same text on different sides of the release.
    pub conflict: Option<Conflict>,
}

impl Reading {
    /// All that is to be said about it.
    #[must_use]
    pub fn of(version: &Version) -> Self {
        Self {
            text: version.text().to_owned(),
            semver: version.semver(),
            pep440: version.pep440(),
            as_semver: version.as_semver(),
            as_pep440: version.as_pep440(),
            standing: version.standing(),
            conflict: version.conflict(),
        }
    }
}
