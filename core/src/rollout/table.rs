//! Routing tables: every one that a rollout ever writes is built here.

use super::alphabet::{Entry, Fleet, Member, Table};

/// The weight of a version that gets all traffic: the largest there is, so that smaller shares can stand beside it.
pub const FULL: u16 = 256;

impl Table {
    /// Nothing is routed.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// One fleet gets everything.
    #[must_use]
    pub fn serving(fleet: Option<&Fleet>) -> Self {
        Self::empty().with(fleet, FULL, false)
    }

    /// The old fleet gets everything; the new one is checked and can be asked by name.
    #[must_use]
    pub fn admitted(old: Option<&Fleet>, new: &Fleet) -> Self {
        Self::serving(old).with(Some(new), 0, false)
    }

    /// The new fleet gets everything; the old one stands by twice: ready to be raised again, and as the fallback that
    /// the router takes by itself when no instance of the new one can be used.
    #[must_use]
    pub fn shifted(old: Option<&Fleet>, new: &Fleet) -> Self {
        Self::serving(Some(new))
            .with(old, 0, false)
            .with(old, FULL, true)
    }

    /// The old fleet gets everything, the new one stands by as the fallback: what is left when going back did not work.
    #[must_use]
    pub fn at_best(old: Option<&Fleet>, new: Option<&Fleet>) -> Self {
        Self::serving(old).with(new, FULL, true)
    }

    /// Whether it names this member in any line.
    #[must_use]
    pub fn names(&self, member: Member) -> bool {
        self.0.iter().any(|entry| entry.member.id == member.id)
    }

    fn with(mut self, fleet: Option<&Fleet>, weight: u16, backup: bool) -> Self {
        self.0.extend(
            fleet
                .into_iter()
                .flat_map(|fleet| &fleet.members)
                .map(|&member| Entry {
                    member,
                    backup,
                    weight,
                }),
        );
        self.0.sort_unstable();
        self
    }
}
