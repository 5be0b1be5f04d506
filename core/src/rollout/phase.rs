//! Phases: how far a rollout is, and what each waits for.

use super::attempt::Try;
use super::baking::Baking;
use super::hooking::Hooking;
use super::proving::Proving;
use super::settling::Settling;
use super::{End, Timing};
use crate::protocol::Timestamp;

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// What is kept is made this holder's own, and it is recorded that it begins.
    Beginning(Vec<Try>),
    /// The old version is taken out of service; until then its requests may end by themselves.
    Withdrawing { until: Timestamp, act: Try },
    /// The old version is stopped.
    Stopping(Vec<Try>),
    /// The new version is started.
    Starting(Vec<Try>),
    /// The new version is made known to the router, without traffic.
    Admitting(Try),
    /// It is asked whether it is well.
    Proving(Proving),
    /// A hook is run.
    Hooking(Hooking),
    /// It is left to wait for a person.
    Waiting(Try),
    /// It gets the traffic.
    Shifting(Try),
    /// It is watched under traffic.
    Baking(Baking),
    /// It is recorded that it is good.
    Committing(Try),
    /// What is to serve is decided; the rest is put away.
    Settling(Settling),
    /// Nothing more comes.
    Over(End),
}

impl Phase {
    /// Its name, for people.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Beginning(_) => "leased",
            Self::Withdrawing { .. } | Self::Stopping(_) | Self::Starting(_) => "preparing",
            Self::Admitting(_) | Self::Proving(_) => "proving",
            Self::Hooking(hooking) => hooking.place().word(),
            Self::Waiting(_) => "waiting",
            Self::Shifting(_) => "shifting",
            Self::Baking(baking) => baking.name(),
            Self::Committing(_) => "committing",
            Self::Settling(settling) => settling.name(),
            Self::Over(_) => "over",
        }
    }

    /// The acts that it waits for, or that it has got an answer to.
    pub(super) fn acts(&self) -> Vec<&Try> {
        match self {
            Self::Withdrawing { act, .. }
            | Self::Admitting(act)
            | Self::Waiting(act)
            | Self::Shifting(act)
            | Self::Committing(act) => vec![act],
            Self::Beginning(acts) | Self::Stopping(acts) | Self::Starting(acts) => {
                acts.iter().collect()
            }
            Self::Hooking(hooking) => hooking.acts().into_iter().collect(),
            Self::Settling(settling) => settling.acts(),
            Self::Proving(_) | Self::Baking(_) | Self::Over(_) => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub(super) fn acts_mut(&mut self) -> Vec<&mut Try> {
        match self {
            Self::Withdrawing { act, .. }
            | Self::Admitting(act)
            | Self::Waiting(act)
            | Self::Shifting(act)
            | Self::Committing(act) => vec![act],
            Self::Beginning(acts) | Self::Stopping(acts) | Self::Starting(acts) => {
                acts.iter_mut().collect()
            }
            Self::Hooking(hooking) => hooking.acts_mut().into_iter().collect(),
            Self::Settling(settling) => settling.acts_mut(),
            Self::Proving(_) | Self::Baking(_) | Self::Over(_) => Vec::new(),
        }
    }

    /// Whether an act of it has neither been done nor given up.
    pub(super) fn pending(&self) -> bool {
        self.acts().into_iter().any(Try::pending)
    }

    /// When time alone makes a difference.
    pub(super) fn wake_at(&self, timing: &Timing) -> Option<Timestamp> {
        match self {
            Self::Proving(proving) => Some(proving.wake_at(timing)),
            Self::Baking(baking) => Some(baking.wake_at()),
            Self::Settling(settling) => settling.wake_at().or_else(|| self.try_again_at()),
            Self::Beginning(_)
            | Self::Withdrawing { .. }
            | Self::Stopping(_)
            | Self::Starting(_)
            | Self::Admitting(_)
            | Self::Hooking(_)
            | Self::Waiting(_)
            | Self::Shifting(_)
            | Self::Committing(_) => self.try_again_at(),
            Self::Over(_) => None,
        }
    }

    fn try_again_at(&self) -> Option<Timestamp> {
        self.acts().into_iter().filter_map(Try::again).min()
    }
}
