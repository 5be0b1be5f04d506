//! How far a settling is, and what it waits for.

use super::super::attempt::Try;
use super::super::{ActionId, End, Fleet, Heading, Mark, Why};
use super::verifying::Verifying;
use super::warming::Warming;
use crate::protocol::Timestamp;
use crate::spec::InstanceId;

/// What is known while settling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Settling {
    pub(super) goal: Option<Fleet>,
    pub(super) why: Why,
    pub(super) stage: Stage,
    /// What could not be put away.
    pub(super) left: Vec<InstanceId>,
    /// The goal does not answer, so that it could not be made to serve.
    pub(super) mute: bool,
    /// Nothing is settled: a point of no return was passed, and everything stays as it is.
    pub(super) stands: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Acts from before are under way.
    Awaiting(Then),
    /// What is kept and removed is made this holder's own first.
    Adopting(Try),
    /// What must not run beside the goal gets no traffic any more: only what nobody reaches is ever stopped.
    Withdrawing(Try),
    /// What must not run beside the goal is stopped; `Some`: an instance of it could not be.
    Halting(Vec<Try>, Option<String>),
    /// What is about to be started again gets no traffic, and who can serves on.
    Readmitting(Try),
    /// What is to serve was stopped, or may be: start it; and whether others serve until it answers.
    Reviving(Vec<Try>, bool),
    /// See that it answers, while others serve.
    Warming(Warming),
    /// Give it all traffic.
    Routing(Try),
    /// See that it answers.
    Verifying(Verifying),
    /// It does not answer: leave the traffic to whoever can.
    Stranding(Try, String),
    /// Let running requests end.
    Draining { until: Timestamp, act: Try },
    /// Keep the last words of what failed.
    Logging(ActionId),
    /// Remove everything else.
    Removing(Vec<Try>),
    /// Record the end.
    Concluding(Try, End),
}

/// What comes when nothing is under way any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    /// Make everything this holder's own first, then make the goal serve.
    Adopt,
    /// Make the goal serve.
    Settle,
    /// Remove everything else: a start that is under way could bring it back.
    Remove,
    /// Record the end: what comes after it could undo what it says.
    Conclude,
    /// Leave everything as it is.
    Stand,
    /// Nothing.
    Over(End),
}

impl Settling {
    pub(in super::super) const fn name(&self) -> &'static str {
        match (&self.why, &self.stage) {
            (_, Stage::Concluding(..)) => "concluding",
            _ if self.stands => "standing",
            (Why::Committed, _) => "retiring",
            (
                Why::Unwell(_)
                | Why::World(_)
                | Why::Hook(_)
                | Why::Cancelled
                | Why::Stopped(_)
                | Why::Aborted(_)
                | Why::Unpromoted(_)
                | Why::Abandoned,
                _,
            ) => "reverting",
        }
    }

    /// Where that takes the new version.
    pub(in super::super) fn heading(&self) -> Heading {
        match &self.why {
            _ if self.stands => Heading::Past,
            Why::Committed => Heading::Kept,
            why => Heading::Back(why.in_words()),
        }
    }

    pub(in super::super) const fn goal(&self) -> Option<&Fleet> {
        self.goal.as_ref()
    }

    pub(in super::super) fn acts(&self) -> Vec<&Try> {
        match &self.stage {
            Stage::Adopting(act)
            | Stage::Withdrawing(act)
            | Stage::Readmitting(act)
            | Stage::Routing(act)
            | Stage::Stranding(act, _)
            | Stage::Draining { act, .. }
            | Stage::Concluding(act, _) => vec![act],
            Stage::Halting(acts, _) | Stage::Reviving(acts, _) | Stage::Removing(acts) => {
                acts.iter().collect()
            }
            Stage::Awaiting(_) | Stage::Warming(_) | Stage::Verifying(_) | Stage::Logging(_) => {
                Vec::new()
            }
        }
    }

    pub(in super::super) fn acts_mut(&mut self) -> Vec<&mut Try> {
        match &mut self.stage {
            Stage::Adopting(act)
            | Stage::Withdrawing(act)
            | Stage::Readmitting(act)
            | Stage::Routing(act)
            | Stage::Stranding(act, _)
            | Stage::Draining { act, .. }
            | Stage::Concluding(act, _) => vec![act],
            Stage::Halting(acts, _) | Stage::Reviving(acts, _) | Stage::Removing(acts) => {
                acts.iter_mut().collect()
            }
            Stage::Awaiting(_) | Stage::Warming(_) | Stage::Verifying(_) | Stage::Logging(_) => {
                Vec::new()
            }
        }
    }

    /// When time alone makes a difference, beside acts that are tried again.
    pub(in super::super) const fn wake_at(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Verifying(verifying) => verifying.wake_at(),
            Stage::Warming(warming) => warming.wake_at(),
            Stage::Awaiting(_)
            | Stage::Adopting(_)
            | Stage::Withdrawing(_)
            | Stage::Halting(..)
            | Stage::Reviving(..)
            | Stage::Readmitting(_)
            | Stage::Routing(_)
            | Stage::Stranding(..)
            | Stage::Draining { .. }
            | Stage::Logging(_)
            | Stage::Removing(_)
            | Stage::Concluding(..) => None,
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark::Settling {
            goal: self.goal.as_ref().map(|goal| goal.generation),
            why: self.why.clone(),
        }
    }
}
