//! Strategies: each is data, a list of steps for the one machine.
//!
//! To add one: `strategy/<name>.rs` with `steps()`, a variant here, then follow the compiler; `cargo test -p sim` explores it.

use serde::{Deserialize, Serialize};

mod blue_green;
mod recreate;

/// How the new version takes the place of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Beside the old one, which stays until the new one has been watched under traffic. No interruption.
    BlueGreen,
    /// After the old one has been stopped: for what cannot run twice. An interruption, which the plan says.
    Recreate,
}

/// One step of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Make the instances that are kept this holder's own, and record that it begins.
    Begin,
    /// Take the old version out of service and stop it, without removing it.
    Withdraw,
    /// Start the new version.
    Start,
    /// Prove it through the router, without traffic.
    Prove,
    /// Give it the traffic.
    Shift,
    /// Watch it.
    Bake,
    /// Record that it is good. After this the old version is put away.
    Commit,
}

impl Strategy {
    /// Its steps, in order.
    #[must_use]
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::BlueGreen => blue_green::STEPS,
            Self::Recreate => recreate::STEPS,
        }
    }

    /// Whether users see an interruption even when all goes well.
    #[must_use]
    pub const fn interrupts(self) -> bool {
        match self {
            Self::BlueGreen => false,
            Self::Recreate => true,
        }
    }

    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BlueGreen => "blue-green",
            Self::Recreate => "recreate",
        }
    }
}
