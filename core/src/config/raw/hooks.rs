//! Hooks, as they are written.

#[cfg(feature = "generate")]
use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Duration, Scalar};

/// What of the user's own is run on the way of a deploy or a promotion, one after the other; a rollback runs none.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Hooks {
    /// Before the new instances start. Under `recreate` the old ones have been stopped by then.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) before_start: Option<At<Vec<At<Hook>>>>,
    /// Once the new version is proven, before it gets any traffic.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) before_switch: Option<At<Vec<At<Hook>>>>,
    /// Once the commit is recorded: it undoes nothing any more.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) after_commit: Option<At<Vec<At<Hook>>>>,
}

/// One of them: a `command` or a `session`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) struct Hook {
    /// By which it is told apart from all others, in the ledger too. Default: the word of its place.
    pub(in crate::config) name: Option<At<String>>,
    /// A command, which is run here and must end with 0. With placeholders as in `run.env`.
    #[cfg_attr(feature = "generate", schemars(extend("minItems" = 1)))]
    pub(in crate::config) command: Option<At<Vec<At<Scalar>>>>,
    /// A session of the noxfile, which is run here and must succeed.
    pub(in crate::config) session: Option<At<String>>,
    /// Whether it is a point of no return: from its beginning on nothing is undone without a person. Default: false.
    pub(in crate::config) irreversible: Option<At<bool>>,
    /// Whether it may be begun again where it was begun and nobody knows how far it got: `safe` or `never`. Default: never for an
    /// irreversible one, else safe.
    pub(in crate::config) retry: Option<At<Retry>>,
    /// Time that it may take; then it is ended. Default: 10m.
    pub(in crate::config) deadline: Option<At<Duration>>,
    /// Names of environment variables of the step that it is given.
    pub(in crate::config) secrets: Option<At<Vec<At<String>>>>,
}

/// Whether something half done may be begun again.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(JsonSchema))]
pub(in crate::config) enum Retry {
    /// It may: doing it twice does it once.
    Safe,
    /// Not before a person has looked.
    Never,
}
