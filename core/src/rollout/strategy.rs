//! Strategies: each is data, a list of steps for the one machine.
//!
//! To add one: `strategy/<name>.rs` with `steps()`, a variant here, then follow the compiler; `cargo test -p sim` explores it.

use serde::{Deserialize, Serialize};

use super::{HookPlace, Person, Plan};

mod blue_green;
mod canary;
mod recreate;
mod rolling;

/// How the new version takes the place of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Beside the old one, which stays until the new one has been watched under traffic. No interruption.
    BlueGreen,
    /// After the old one has been stopped: for what cannot run twice. An interruption, which the plan says.
    Recreate,
    /// Beside the old one, with a share of the traffic that grows while the two are compared. No interruption.
    Canary,
    /// A few instances after the other, in the place of as many old ones. No interruption, and never the room for both.
    Rolling,
}

/// A share of the traffic in percent, from 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Share(pub u8);

impl Share {
    /// All of it.
    pub const ALL: Self = Self(100);

    /// The same of so many users, rounded down.
    #[must_use]
    pub fn of(self, users: u16) -> u16 {
        users / 100 * u16::from(self.0.min(100))
    }
}

/// One step of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Make the instances that are kept this holder's own, and record that it begins.
    Begin,
    /// Take the old version out of service and stop it, without removing it.
    Withdraw {
        /// So many of its instances go on.
        keep: usize,
    },
    /// Start the new version.
    Start {
        /// Its first instances, with those that were started before.
        upto: usize,
    },
    /// Prove what was started, through the router, without traffic for what has none yet.
    Prove,
    /// Leave it without traffic until a person promotes it, and end.
    Wait,
    /// Give it that share of the traffic.
    Shift(Share),
    /// Give each of its instances as much of the traffic as an old one has.
    Join,
    /// Watch it beside the old version, which has the rest.
    Pause,
    /// Watch it with all the traffic.
    Bake,
    /// Record that it is good. After this the old version is put away.
    Commit,
    /// Run the hook at this place of the plan's list.
    Hook(usize),
}

impl Plan {
    /// The steps, in order: those of its strategy, with a person's between them where one is to be asked, and the hooks.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let steps = match self.strategy {
            Strategy::BlueGreen => blue_green::steps(self),
            Strategy::Recreate => recreate::steps(self),
            // Where nothing serves there is nothing to share with, nothing to compare with, and nothing in the way.
            Strategy::Canary | Strategy::Rolling if self.old.is_none() => blue_green::steps(self),
            Strategy::Canary => canary::steps(self),
            Strategy::Rolling => rolling::steps(self),
        };
        let with_person = |step: Step| match (step, self.person) {
            (Step::Prove, Person::Asked { .. }) => vec![Step::Prove, Step::Wait],
            (Step::Start { .. }, Person::Promoted) => Vec::new(),
            (step, Person::Absent | Person::Asked { .. } | Person::Promoted) => vec![step],
        };
        let steps: Vec<Step> = steps.into_iter().flat_map(with_person).collect();
        self.with_hooks(steps)
    }

    fn with_hooks(&self, steps: Vec<Step>) -> Vec<Step> {
        if self.hooks.is_empty() {
            return steps;
        }
        let at = |place: HookPlace| {
            let hooks = self.hooks.iter().enumerate();
            let hooks = hooks.filter(move |(_, it)| it.place == place);
            hooks.map(|(at, _)| Step::Hook(at)).collect::<Vec<_>>()
        };
        // Of several waves the first is where it starts, and where it gets traffic.
        let (mut started, mut shifted) = (false, false);
        let with = |step: Step| match step {
            Step::Start { .. } if !std::mem::replace(&mut started, true) => {
                [at(HookPlace::BeforeStart), vec![step]].concat()
            }
            Step::Shift(_) | Step::Join if !std::mem::replace(&mut shifted, true) => {
                [at(HookPlace::BeforeSwitch), vec![step]].concat()
            }
            Step::Commit => [vec![step], at(HookPlace::AfterCommit)].concat(),
            Step::Begin
            | Step::Withdraw { .. }
            | Step::Start { .. }
            | Step::Prove
            | Step::Wait
            | Step::Shift(_)
            | Step::Join
            | Step::Pause
            | Step::Bake
            | Step::Hook(_) => vec![step],
        };
        steps.into_iter().flat_map(with).collect()
    }
}

impl Strategy {
    /// Whether users see an interruption even when all goes well.
    #[must_use]
    pub const fn interrupts(self) -> bool {
        match self {
            Self::BlueGreen | Self::Canary | Self::Rolling => false,
            Self::Recreate => true,
        }
    }

    /// Whether old instances are stopped before the commit is recorded.
    #[must_use]
    pub const fn replaces(self) -> bool {
        match self {
            Self::BlueGreen | Self::Canary => false,
            Self::Recreate | Self::Rolling => true,
        }
    }

    /// The word of the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BlueGreen => "blue-green",
            Self::Recreate => "recreate",
            Self::Canary => "canary",
            Self::Rolling => "rolling",
        }
    }
}
