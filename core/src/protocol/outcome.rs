//! How a run ends, and how one cannot go on.

use serde::{Deserialize, Serialize};

use super::EffectId;

/// How a run ended. Every run of every command ends in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Outcome {
    /// `plan`, `status`, `metadata` and `replay`: it has been said.
    Shown,
    /// The new version serves all traffic and was watched through its bake.
    Deployed,
    /// `rollback` or `recover` did what was asked: the named known-good serves.
    Restored,
    /// Everything is published, now or already before.
    Released,
    /// That digest and configuration serves already, observed and known-good.
    Unchanged,
    /// The candidate is up, without traffic, until a person promotes or aborts it; or, after a promotion in mid-rollout, with the next
    /// share at which one is asked.
    Waiting,
    /// A person, a time or the stop button is awaited; nothing was touched.
    Held,
    /// `stop`: the button is set; nothing that serves was touched.
    Stopped,
    /// `resume`: the button is lifted; nothing that serves was touched.
    Resumed,
    /// Something newer serves or is on its way; nothing was touched.
    Superseded,
    /// A gate or a quarantine said no; nothing was touched.
    Rejected,
    /// Another run holds the lease; nothing was touched, or nothing more was.
    Busy,
    /// Could not begin or find out; nothing was touched, nobody is to blame.
    Failed,
    /// The new version failed; what served before serves again.
    RolledBack,
    /// Stopped on request; what served before serves.
    Cancelled,
    /// Could not be restored by itself; a person must act.
    Stranded,
    /// The user's input is wrong; nothing was touched.
    Invalid,
    /// A bug of ours; state unknown, nothing further was done.
    Crashed,
}

impl Outcome {
    /// The exit code of a process that ends so.
    #[must_use]
    pub const fn exit_code(self, fail_on_held: bool) -> u8 {
        match self {
            Self::Shown
            | Self::Deployed
            | Self::Restored
            | Self::Released
            | Self::Unchanged
            | Self::Stopped
            | Self::Resumed
            | Self::Waiting
            | Self::Superseded => 0,
            Self::Held => fail_on_held as u8,
            Self::Rejected | Self::Busy | Self::Failed | Self::RolledBack | Self::Cancelled => 1,
            Self::Stranded => 2,
            Self::Invalid => 3,
            Self::Crashed => 4,
        }
    }

    /// The word that outputs and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Deployed => "deployed",
            Self::Restored => "restored",
            Self::Released => "released",
            Self::Unchanged => "unchanged",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Stopped => "stopped",
            Self::Resumed => "resumed",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::Cancelled => "cancelled",
            Self::Stranded => "stranded",
            Self::Invalid => "invalid",
            Self::Crashed => "crashed",
        }
    }
}

/// A mistake of the shell: it handed in something that the contract does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// `Begin` came twice, or something else came first.
    NotBegun,
    /// An effect completed that is not under way.
    UnknownEffect(EffectId),
    /// A completion of another kind than the effect's.
    WrongCompletion(EffectId),
    /// Something was handed in after `Done`.
    Over,
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotBegun => f.write_str("the first input must be `begin`, and only the first"),
            Self::UnknownEffect(id) => write!(f, "effect {} is not under way", id.0),
            Self::WrongCompletion(id) => write!(f, "effect {} cannot complete like that", id.0),
            Self::Over => f.write_str("the run is over; nothing more can be handed in"),
        }
    }
}

impl std::error::Error for Misuse {}
