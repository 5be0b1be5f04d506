//! Hooks: what of a user's own is run on the way, and what the machine knows of it. What is run is the caller's business.

use serde::{Deserialize, Serialize};

/// A hook of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hook {
    /// By which it is told apart; no other hook of the plan bears it.
    pub name: String,
    /// When it is run.
    pub place: HookPlace,
    /// From its beginning on nothing is undone without a person: a point of no return.
    pub irreversible: bool,
    /// Whether it may be begun again once it had begun and nobody knows how far it got.
    pub retry: Retry,
    /// Milliseconds after which it is ended, with its process group.
    pub deadline: u64,
}

/// When a hook is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookPlace {
    /// Once it is recorded that the rollout begins, before the new instances start; under `recreate` the old ones have been
    /// stopped by then.
    BeforeStart,
    /// Once the new version is proven, before it gets any traffic.
    BeforeSwitch,
    /// Once the commit is recorded: it undoes nothing any more.
    AfterCommit,
}

/// Whether something half done may be begun again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// It may: doing it twice does it once.
    Safe,
    /// Not before a person has looked.
    Never,
}

/// What came of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ran {
    /// It ended well.
    Well,
    /// It ended by itself and says no, with what it said last.
    Failed(String),
    /// It was ended before it ended by itself: nobody knows how far it got.
    Cut(String),
    /// It never began.
    Not(String),
}

/// A turn in the life of a hook, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It is about to begin. Recorded before it does: whoever finds this without an end knows that it may have run.
    Begins,
    /// It is over.
    Over(Ran),
}

impl HookPlace {
    /// The key of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BeforeStart => "before-start",
            Self::BeforeSwitch => "before-switch",
            Self::AfterCommit => "after-commit",
        }
    }
}

impl Retry {
    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Never => "never",
        }
    }
}

impl Ran {
    /// Why it did not end well; `None`: it did.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        match self {
            Self::Well => None,
            Self::Failed(why) | Self::Cut(why) | Self::Not(why) => Some(why),
        }
    }
}
