//! Lists that come in pages, which may shift between two reads.
//!
//! What ends or begins while pages are read moves entries from one page to another: some come twice, some never. Entries are
//! told apart by their numbers, and where a list says how many it has, fewer are not enough: it is read again.

use std::collections::BTreeMap;

/// How often a list is read again of which entries are missing.
const READS: u32 = 4;

/// Pages that are read at most.
const MOST: u32 = 1_000;

/// A list under way.
#[derive(Clone, Debug)]
pub(super) struct Pages<T> {
    /// By their numbers, as they were read last.
    items: BTreeMap<u64, T>,
    /// Entries of this read.
    seen: BTreeMap<u64, ()>,
    page: u32,
    reads: u32,
    /// How many times it is read in any case.
    least: u32,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    /// The page of this number.
    Page(u32),
    /// All of them.
    All(Vec<T>),
    /// It shifts whenever it is looked at.
    Torn(String),
}

impl<T: Clone> Pages<T> {
    pub(super) const fn new() -> Self {
        Self {
            items: BTreeMap::new(),
            seen: BTreeMap::new(),
            page: 1,
            reads: 1,
            least: 1,
        }
    }

    /// A list that does not say how many it has: of several pages it is read twice, and what is in either counts.
    pub(super) fn twice() -> Self {
        Self {
            least: 2,
            ..Self::new()
        }
    }

    /// Takes in a page. `total`: how many there are, where the list says so; `more`: whether it says that another one follows.
    pub(super) fn take(&mut self, items: Vec<(u64, T)>, total: Option<u64>, more: bool) -> Next<T> {
        let empty = items.is_empty();
        for (id, item) in items {
            self.seen.insert(id, ());
            self.items.insert(id, item);
        }
        let count = self.seen.len() as u64;
        // A sum that is too small does not end a list that says itself that it goes on.
        let follows = !empty && (more || total.is_some_and(|total| count < total));
        if follows && self.page < MOST {
            self.page += 1;
            return Next::Page(self.page);
        }
        let missing = total.filter(|total| count < *total);
        let again = missing.is_some() || (self.page > 1 && self.reads < self.least);
        if !again && !follows {
            return Next::All(self.items.values().cloned().collect());
        }
        if self.reads >= READS || follows {
            return Next::Torn(format!(
                "{count} of {} entries were seen, in {} reads",
                total.unwrap_or(count),
                self.reads
            ));
        }
        self.reads += 1;
        self.page = 1;
        self.seen.clear();
        Next::Page(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: &[u64]) -> Vec<(u64, u64)> {
        ids.iter().map(|id| (*id, *id)).collect()
    }

    #[test]
    fn as_many_requests_as_pages_where_nothing_shifts() {
        let mut pages = Pages::new();
        assert_eq!(pages.take(page(&[1, 2]), Some(4), true), Next::Page(2));
        assert_eq!(
            pages.take(page(&[3, 4]), Some(4), false),
            Next::All(vec![1, 2, 3, 4])
        );
    }

    #[test]
    fn an_entry_that_fell_between_two_pages_is_found_at_the_next_read() {
        let mut pages = Pages::new();
        assert_eq!(pages.take(page(&[1, 2]), Some(4), true), Next::Page(2));
        // 3 has moved to the first page meanwhile.
        assert_eq!(pages.take(page(&[2, 4]), Some(4), false), Next::Page(3));
        assert_eq!(pages.take(page(&[]), Some(4), false), Next::Page(1));
        assert_eq!(pages.take(page(&[3, 1]), Some(4), true), Next::Page(2));
        assert_eq!(
            pages.take(page(&[2, 4]), Some(4), false),
            Next::All(vec![1, 2, 3, 4])
        );
    }

    #[test]
    fn a_list_that_says_that_it_goes_on_goes_on_whatever_its_sum_says() {
        for total in [None, Some(0), Some(1), Some(2), Some(3)] {
            let mut pages = Pages::new();
            assert_eq!(pages.take(page(&[1]), total, true), Next::Page(2));
            assert_eq!(pages.take(page(&[2]), total, true), Next::Page(3));
            let all = Next::All(vec![1, 2, 3]);
            assert_eq!(pages.take(page(&[3]), total, false), all, "{total:?}");
        }
    }

    #[test]
    fn a_list_that_never_is_whole_is_no_list() {
        let mut pages = Pages::new();
        for _ in 1..READS {
            assert_eq!(pages.take(page(&[1]), Some(2), true), Next::Page(2));
            assert_eq!(pages.take(page(&[]), Some(2), false), Next::Page(1));
        }
        assert_eq!(pages.take(page(&[1]), Some(2), true), Next::Page(2));
        assert!(matches!(
            pages.take(page(&[]), Some(2), false),
            Next::Torn(_)
        ));
    }

    #[test]
    fn a_list_without_a_sum_is_read_twice_where_it_has_pages() {
        let mut pages = Pages::twice();
        assert_eq!(pages.take(page(&[1]), None, false), Next::All(vec![1]));
        let mut pages = Pages::twice();
        assert_eq!(pages.take(page(&[1]), None, true), Next::Page(2));
        assert_eq!(pages.take(page(&[3]), None, false), Next::Page(1));
        assert_eq!(pages.take(page(&[2]), None, true), Next::Page(2));
        assert_eq!(
            pages.take(page(&[3]), None, false),
            Next::All(vec![1, 2, 3])
        );
    }
}
