//! Routing tables: every one that a rollout ever writes is built here.

use super::alphabet::{Entry, Fleet, Member, Sticky, Table, USERS};
use super::strategy::Share;
use crate::spec::Generation;

/// The weight of a version that gets all traffic: the largest there is, so that smaller shares can stand beside it.
pub const FULL: u16 = 256;

impl Table {
    /// Nothing is routed.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            entries: Vec::new(),
            sticky: None,
        }
    }

    /// One fleet gets everything.
    #[must_use]
    pub fn serving(fleet: Option<&Fleet>) -> Self {
        Self::empty().with(fleet, FULL, false)
    }

    /// Who serves gets everything; who is new is checked and can be asked by name.
    #[must_use]
    pub fn admitted(old: Option<&Fleet>, new: &Fleet) -> Self {
        Self::serving(old).admitting(&new.members)
    }

    /// Each instance of both fleets gets as much as any other.
    #[must_use]
    pub fn joined(old: Option<&Fleet>, new: &Fleet) -> Self {
        Self::serving(old).with(Some(new), FULL, false)
    }

    /// These are checked besides, and can be asked by name.
    #[must_use]
    pub fn admitting(self, members: &[Member]) -> Self {
        self.with_members(members, 0, false)
    }

    /// The new fleet gets everything; the old one stands by twice: ready to be raised again, and as the fallback that
    /// the router takes by itself when no instance of the new one can be used.
    #[must_use]
    pub fn shifted(old: Option<&Fleet>, new: &Fleet) -> Self {
        Self::serving(Some(new))
            .with(old, 0, false)
            .with(old, FULL, true)
    }

    /// The new fleet gets a share, the old one the rest.
    ///
    /// Each is the other's fallback without being called one: the router gives everything to whoever is left.
    #[must_use]
    pub fn shared(old: &Fleet, new: &Fleet, share: Share) -> Self {
        let (for_new, for_old) = weights(share, new.members.len(), old.members.len());
        Self::empty()
            .with(Some(new), for_new, false)
            .with(Some(old), for_old, false)
    }

    /// The same, where each user stays with a version: so many of [`USERS`] with this one. The weights stay as they are, for users whose version is down;
    /// so what holds for a table without holds for this one.
    #[must_use]
    pub fn sticking(self, generation: Generation, share: u16) -> Self {
        Self {
            sticky: Some(Sticky { generation, share }),
            ..self
        }
    }

    /// The old fleet gets everything, the new one stands by as the fallback: what is left when going back did not work.
    #[must_use]
    pub fn at_best(old: Option<&Fleet>, new: Option<&Fleet>) -> Self {
        Self::serving(old).with(new, FULL, true)
    }

    /// Whether it names this member in any line.
    #[must_use]
    pub fn names(&self, member: Member) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.member.id == member.id)
    }

    fn with(self, fleet: Option<&Fleet>, weight: u16, backup: bool) -> Self {
        let members = fleet.map_or(&[][..], |fleet| &fleet.members);
        self.with_members(members, weight, backup)
    }

    fn with_members(mut self, members: &[Member], weight: u16, backup: bool) -> Self {
        let entries = members.iter().map(|&member| Entry {
            member,
            backup,
            weight,
        });
        self.entries.extend(entries);
        self.entries.sort_unstable();
        self
    }
}

impl std::fmt::Display for Sticky {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.share / 100, self.share % 100);
        write!(
            f,
            "{whole}.{rest:02} % of users stick to {}",
            self.generation
        )
    }
}

/// The weights of one instance of either fleet that come nearest to a share for `news` instances beside `olds`; the lighter
/// of several that come as near. Neither is 0: what has no weight is not compared.
fn weights(share: Share, news: usize, olds: usize) -> (u16, u16) {
    let share = u64::from(share.0.clamp(1, 99));
    let (news, olds) = (news.max(1) as u64, olds.max(1) as u64);
    let full = u64::from(FULL);
    let beside = |new: u64| {
        // new * news / (new * news + old * olds) = share / 100
        let (dividend, divisor) = (new * news * (100 - share), olds * share);
        ((dividend + divisor / 2) / divisor).clamp(1, full)
    };
    // How far off, as a fraction: |100 * new * news - share * all| / (100 * all).
    let off = |new: u64, old: u64| {
        let all = new * news + old * olds;
        ((100 * new * news).abs_diff(share * all), all)
    };
    let nearest = (1..=full)
        .map(|new| (new, beside(new)))
        .min_by(|one, other| {
            let ((one, of_one), (other, of_other)) = (off(one.0, one.1), off(other.0, other.1));
            (one * of_other).cmp(&(other * of_one))
        });
    let (new, old) = nearest.unwrap_or((1, 1));
    let weight = |it: u64| u16::try_from(it).unwrap_or(FULL);
    (weight(new), weight(old))
}

/// The share that a fleet gets, of the users where they stick and else of the requests, in tenths of a percent.
#[must_use]
pub fn permille(table: &Table, generation: Generation) -> u64 {
    if let Some(sticky) = table.sticky {
        let share = u64::from(sticky.share) * 1000 / u64::from(USERS);
        let is_its = sticky.generation == generation;
        return if is_its { share } else { 1000 - share };
    }
    let active = || table.entries.iter().filter(|entry| !entry.backup);
    let sum = |entries: &mut dyn Iterator<Item = &Entry>| -> u64 {
        entries.map(|entry| u64::from(entry.weight)).sum()
    };
    let all = sum(&mut active());
    let its = sum(&mut active().filter(|entry| entry.member.id.generation == generation));
    (its * 1000 + all / 2).checked_div(all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_as_near_to_a_share_as_can_be() {
        // share, news, olds, then the weights
        let rows = [
            (5, 1, 1, (1, 19)),
            (25, 1, 1, (1, 3)),
            (50, 3, 3, (1, 1)),
            (1, 1, 1, (1, 99)),
            (99, 1, 1, (99, 1)),
            (10, 2, 4, (2, 9)),
            (30, 4, 1, (3, 28)),
        ];
        for (share, news, olds, expected) in rows {
            assert_eq!(
                weights(Share(share), news, olds),
                expected,
                "{share} % for {news} beside {olds}"
            );
        }
    }

    #[test]
    fn no_share_is_off_by_more_than_a_tenth_of_itself_that_weights_can_make() {
        let fleets = (1..=8).flat_map(|news| (1..=8).map(move |olds| (news, olds)));
        for (news, olds) in fleets {
            for share in 1..=99_u8 {
                let (new, old) = weights(Share(share), news, olds);
                if [(1, FULL), (FULL, 1)].contains(&(new, old)) {
                    continue;
                }
                let (new, old) = (usize::from(new) * news, usize::from(old) * olds);
                let made = 1000 * new / (new + old);
                let share = usize::from(share) * 10;
                assert!(
                    made.abs_diff(share) <= (share / 10).max(2),
                    "{share} of a thousand for {news} beside {olds}: {made}"
                );
            }
        }
    }
}
