//! Who is there at a step: how much of the new version has come, and how much of the old one goes on.

use super::{Fleet, Member, Plan, Rollout, Share, Step, Table, USERS};
use crate::spec::InstanceId;

/// How many instances there are once a step has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Old ones that go on.
    olds: usize,
    /// New ones that were started.
    brought: usize,
    /// Those of them that have traffic.
    joined: usize,
}

impl Plan {
    /// How many instances serve before it.
    #[must_use]
    pub fn olds(&self) -> usize {
        self.old.as_ref().map_or(0, |old| old.members.len())
    }

    /// How many instances run at a time, at most, as long as nothing goes wrong.
    #[must_use]
    pub fn peak(&self) -> usize {
        let all = (0..self.steps().len()).map(|step| self.standing(step));
        let most = all.map(|it| it.olds + it.brought).max();
        most.unwrap_or_else(|| self.olds())
    }

    /// The table of a share.
    #[must_use]
    pub fn shared(&self, old: &Fleet, new: &Fleet, share: Share) -> Table {
        let table = Table::shared(old, new, share);
        if self.sticky {
            table.sticking(new.generation, share.of(USERS))
        } else {
            table
        }
    }

    /// The table in which each instance gets as much as any other. As waves come and old instances stop, the share of the users only grows.
    #[must_use]
    pub fn joined(&self, old: Option<&Fleet>, new: &Fleet) -> Table {
        let table = Table::joined(old, new);
        let (olds, news) = (old.map_or(0, |it| it.members.len()), new.members.len());
        if !self.sticky || olds == 0 || news == 0 {
            return table;
        }
        let share = usize::from(USERS) * news / (olds + news);
        table.sticking(new.generation, u16::try_from(share).unwrap_or(USERS))
    }

    fn standing(&self, step: usize) -> Standing {
        let started = self.person == super::Person::Promoted;
        let before = Standing {
            olds: self.olds(),
            brought: if started { self.new.members.len() } else { 0 },
            joined: 0,
        };
        let taken = self.steps().into_iter().take(step + 1);
        taken.fold(before, |it, step| match step {
            Step::Withdraw { keep } => Standing { olds: keep, ..it },
            Step::Start { upto } => Standing {
                brought: upto,
                ..it
            },
            Step::Join | Step::Shift(_) => Standing {
                joined: it.brought,
                ..it
            },
            Step::Begin
            | Step::Prove
            | Step::Wait
            | Step::Pause
            | Step::Bake
            | Step::Commit
            | Step::Hook(_) => it,
        })
    }
}

impl Rollout {
    /// The new instances that were started by now, with those that this step starts.
    pub(super) fn brought(&self) -> &[Member] {
        &self.plan.new.members[..self.plan.standing(self.step).brought]
    }

    /// The old instances that go on, once this step has been taken.
    pub(super) fn old_standing(&self) -> &[Member] {
        &self.old_members()[..self.plan.standing(self.step).olds]
    }

    fn old_members(&self) -> &[Member] {
        self.plan.old.as_ref().map_or(&[][..], |old| &old.members)
    }

    /// How many of the new instances have traffic, or may have.
    pub(super) fn joined(&self) -> usize {
        if self.recovering {
            return self.plan.new.members.len();
        }
        self.plan.standing(self.step).joined
    }

    /// Those that this step starts.
    pub(super) fn to_start(&self) -> &[Member] {
        let before = self.step.checked_sub(1);
        let before = before.map_or(0, |step| self.plan.standing(step).brought);
        &self.brought()[before..]
    }

    /// Those that this step stops.
    pub(super) fn to_stop(&self) -> &[Member] {
        &self.old_members()[self.plan.standing(self.step).olds..self.stood()]
    }

    /// How many old instances there were before this step.
    fn stood(&self) -> usize {
        let before = self.step.checked_sub(1);
        before.map_or_else(|| self.plan.olds(), |step| self.plan.standing(step).olds)
    }

    /// Old instances that are known not to be well are the first to be stopped: who goes on is to be of use.
    pub(super) fn keep_those_that_run(&mut self) {
        let (stood, lives) = (self.stood(), &self.lives);
        let ended = |member: &Member| {
            let life = lives.get(&member.id);
            life.is_some_and(|it| !it.running || it.unhealthy || it.as_planned == Some(false))
        };
        if let Some(old) = &mut self.plan.old {
            old.members[..stood].sort_by_key(ended);
        }
    }

    /// Old instances that were stopped on the way, or may have been: going back has to start them.
    pub(super) fn stopped(&self) -> Vec<InstanceId> {
        let old = self.plan.old.iter().flat_map(|old| &old.members);
        let stopped = old.skip(self.plan.standing(self.step).olds);
        stopped.map(|member| member.id).collect()
    }

    /// What has the traffic once this step has been taken, and where it is the proof, what is asked beside it.
    pub(super) fn table(&self, share: Option<Share>) -> Table {
        let Standing {
            olds,
            brought,
            joined,
        } = self.plan.standing(self.step);
        let first = |fleet: &Fleet, count: usize| Fleet {
            generation: fleet.generation,
            members: fleet.members.iter().copied().take(count).collect(),
        };
        let old = self.plan.old.as_ref().map(|old| first(old, olds));
        let old = old.filter(|old| !old.members.is_empty());
        let new = first(&self.plan.new, joined);
        match (share, &old) {
            (Some(share), Some(old)) if share < Share::ALL => self.plan.shared(old, &new, share),
            (Some(_), old) => Table::shifted(old.as_ref(), &new),
            (None, old) => {
                let coming = &self.plan.new.members[joined..brought];
                self.plan.joined(old.as_ref(), &new).admitting(coming)
            }
        }
    }
}
