//! What the calls of a run are for.

use super::visiting;
use crate::registry::Repository;
use crate::rollout::{Action, ActionId};
use crate::target::docker::Trouble;

/// What a call is for.
#[derive(Clone, Debug)]
pub(super) enum Tag {
    Config(usize),
    /// Who we are, and which variables are not set.
    Gathered,
    /// Logins that docker keeps for these registries.
    Logins(Vec<Repository>),
    /// A work of a release.
    Work(u32),
    /// A question of the gates.
    Asked(u32),
    /// What a later job reads.
    Handed,
    Credentials,
    Tunnel,
    Forgotten,
    /// With the lease or without: what was seen before it was taken counts no more.
    Names {
        held: bool,
    },
    Containers {
        held: bool,
    },
    Image {
        pulled: bool,
    },
    RouterImage {
        pulled: bool,
    },
    Volume,
    Secrets,
    Publishers,
    Listeners,
    Range,
    Network,
    Several,
    Router,
    RouterStarted,
    Unmade(Trouble),
    Open {
        take: bool,
    },
    Key,
    Fingerprint,
    GoodImages,
    /// This one.
    GoodImage(String),
    Ancestor,
    Serving(Action),
    Act(ActionId, Action),
    RouteAndLook(ActionId, Action, visiting::Sight),
    Look(visiting::LookOf),
    /// A hook of the user's.
    Hook,
    Renew,
    Kept,
    LetGo,
    Released,
    /// The platform was told that a deploy begins, that it has ended.
    Announced,
    Concluded,
    /// The run that asks a person was told what one says, or not.
    Told,
    /// The stop button is set, or not.
    Pressed,
    /// It is lifted, or not.
    Lifted,
    /// A registry was asked, for the proof that other environments read.
    Proof,
    Written,
}

impl Tag {
    /// Whether it only looks at what is there or fetches an image, however long that takes.
    pub(super) const fn looks(&self) -> bool {
        matches!(
            self,
            Self::Work(_)
                | Self::Asked(_)
                | Self::Image { .. }
                | Self::RouterImage { .. }
                | Self::Names { .. }
                | Self::Containers { .. }
        )
    }

    /// Whatever has already been done must be heard of, also by a run that was asked to stop, and what ends it must go on.
    pub(super) const fn heard_when_cancelled(&self) -> bool {
        match self {
            Self::Act(..)
            | Self::RouteAndLook(..)
            | Self::Look(_)
            | Self::Hook
            | Self::Renew
            | Self::Kept
            | Self::LetGo
            | Self::Released
            | Self::Told
            | Self::Pressed
            | Self::Lifted
            | Self::Proof
            | Self::Handed
            | Self::Announced
            | Self::Concluded
            | Self::Written
            | Self::Unmade(_) => true,
            Self::Config(_)
            | Self::Gathered
            | Self::Logins(_)
            | Self::Work(_)
            | Self::Asked(_)
            | Self::Credentials
            | Self::Tunnel
            | Self::Forgotten
            | Self::Names { .. }
            | Self::Containers { .. }
            | Self::Image { .. }
            | Self::RouterImage { .. }
            | Self::Volume
            | Self::Secrets
            | Self::Publishers
            | Self::Listeners
            | Self::Range
            | Self::Network
            | Self::Several
            | Self::Router
            | Self::RouterStarted
            | Self::Open { .. }
            | Self::Key
            | Self::Fingerprint
            | Self::GoodImages
            | Self::GoodImage(_)
            | Self::Ancestor
            | Self::Serving(_) => false,
        }
    }
}
