//! How long requests take, as the router counts it: in a table of its own, a counter for each server and each bucket of [`BOUNDS`].
//!
//! Each answer to a user is counted once, when it begins, under the server that gave it. Nothing has to be read in time, and nothing can overflow: what
//! was not looked at is in the next look. HAProxy 2.6 and newer count so, without anything installed beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::haproxy::meaning;
use crate::analysis::{BOUNDS, Times};
use crate::spec::InstanceId;

/// The table: a proxy of its own, in which nothing is served.
///
/// Servers that nobody has asked for a day are forgotten; should one come back, it begins at nothing, which is noticed.
pub(super) fn table() -> String {
    format!(
        "backend {TABLE}\n    stick-table type string len 64 size 1k expire 24h store gpc({})\n",
        BOUNDS.len() + 1
    )
}

/// The rules of the frontend that users come to; probes come in elsewhere, and are not counted.
///
/// `%Tr` is from the connection to this server until its answer began: what an attempt before it took, at another server, is not held against this one.
pub(super) fn rules() -> String {
    let mut text = format!(
        "    http-response set-var-fmt(txn.cd_took) \"%Tr\"\n    \
         http-response track-sc0 srv_name table {TABLE}\n"
    );
    let lows = [0].into_iter().chain(BOUNDS.iter().map(|bound| bound + 1));
    for (bucket, low) in lows.enumerate() {
        let range = match BOUNDS.get(bucket) {
            Some(high) if low == 0 => format!("le {high}"),
            Some(high) => format!("{low}:{high}"),
            None => format!("ge {low}"),
        };
        let _ = writeln!(
            text,
            "    http-response sc-inc-gpc({bucket},0) if {{ var(txn.cd_took) -m int {range} }}"
        );
    }
    text
}

/// Whether a router with this file counts times, in these very buckets.
pub(super) fn are_counted(file: &str) -> bool {
    let has = |line: &str| file.lines().any(|it| it.trim() == line.trim());
    rules().lines().chain(table().lines()).all(has)
}

/// Reads `show table`: an instance's servers are added up, and who is missing has answered nobody. `None`: the router keeps no such table.
pub(super) fn read(text: &str) -> Option<BTreeMap<InstanceId, Times>> {
    let mut lines = text.lines();
    lines.find(|line| line.starts_with(&format!("# table: {TABLE},")))?;
    let mut all: BTreeMap<InstanceId, Times> = BTreeMap::new();
    for line in lines {
        let words = line.split_whitespace().filter_map(|it| it.split_once('='));
        let key = words.clone().find(|(key, _)| *key == "key");
        let Some((id, _)) = key.and_then(|(_, name)| meaning(name)) else {
            continue;
        };
        let counts = words.filter_map(|(key, value)| {
            key.strip_prefix("gpc")?.parse::<usize>().ok()?;
            value.parse().ok()
        });
        let its = Times {
            bounds: BOUNDS.to_vec(),
            counts: counts.collect(),
        };
        if its.counts.len() != BOUNDS.len() + 1 {
            return None;
        }
        let times = all.entry(id).or_insert_with(|| Times::none(&BOUNDS));
        times.plus(&its);
    }
    Some(all)
}

/// Its name in the router's file.
pub(super) const TABLE: &str = "times";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Generation;

    fn line(name: &str, counts: &[(usize, u64)]) -> String {
        let gpc = (0..=BOUNDS.len()).map(|bucket| {
            let count = counts.iter().find(|(at, _)| *at == bucket);
            format!(" gpc{bucket}={}", count.map_or(0, |(_, count)| *count))
        });
        let gpc: String = gpc.collect();
        format!("0x55b1d914af88: key={name} use=0 exp=86399841 shard=0{gpc}\n")
    }

    fn id(generation: u32, index: u8) -> InstanceId {
        InstanceId {
            generation: Generation(generation),
            index,
        }
    }

    #[test]
    fn every_time_is_in_one_bucket() {
        let rules = rules();
        let buckets: Vec<(u64, u64)> = rules
            .lines()
            .filter_map(|line| line.split_once("-m int "))
            .map(|(_, range)| range.trim_end_matches(" }"))
            .map(|range| match range.split_once(':') {
                Some((low, high)) => (low.parse().expect("low"), high.parse().expect("high")),
                None => match range.split_once(' ') {
                    Some(("le", high)) => (0, high.parse().expect("high")),
                    Some(("ge", low)) => (low.parse().expect("low"), u64::MAX),
                    other => panic!("{other:?}"),
                },
            })
            .collect();
        assert_eq!(buckets.len(), BOUNDS.len() + 1);
        for millis in (0..70_000).chain([u64::MAX]) {
            let here = |(low, high): &(u64, u64)| (*low..=*high).contains(&millis);
            let found: Vec<usize> = (0..buckets.len())
                .filter(|&at| here(&buckets[at]))
                .collect();
            let mut times = Times::none(&BOUNDS);
            times.count(millis);
            let counted = times.counts.iter().position(|count| *count == 1);
            assert_eq!(
                (found.len(), found.first().copied()),
                (1, counted),
                "{millis}"
            );
        }
    }

    #[test]
    fn servers_of_one_instance_are_added_up() {
        let text = format!(
            "app,g1-1,0,0\n\nStart_time_sec: 7\n\n# table: times, type: string, size:1024, used:3\n{}{}{}",
            line("g1-1", &[(0, 5), (3, 2)]),
            line("g1-1.b", &[(3, 1)]),
            line("g2-1", &[(28, 9)])
        );
        let read = read(&text).expect("there is a table");
        let counts = |id| read.get(&id).map(|it| it.slower_than(2));
        assert_eq!(
            counts(id(1, 1)),
            Some(crate::analysis::Counts::new(8, 3)),
            "{read:?}"
        );
        assert_eq!(counts(id(2, 1)), Some(crate::analysis::Counts::new(9, 9)));
        assert_eq!(counts(id(2, 2)), None);
    }

    #[test]
    fn a_router_without_the_table_or_with_another_one_says_nothing() {
        let rows = [
            "Start_time_sec: 7\nNo such table\n",
            "",
            "# table: times, type: string, size:1024, used:1\n0x1: key=g1-1 use=0 exp=1 gpc0=1 gpc1=2\n",
            "# table: others, type: string, size:1024, used:0\n",
        ];
        for text in rows {
            assert_eq!(read(text), None, "{text}");
        }
        let empty = "# table: times, type: string, size:1024, used:0\n";
        assert_eq!(read(empty), Some(BTreeMap::new()));
    }
}
