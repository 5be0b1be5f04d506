//! Users that stay with a version, as the router does it: each has a bucket from 0 to 9,999 in a cookie, and the new version's are the ones below the share.
//!
//! What is asked is in a map, which is a part of the table: it is written with the file, HAProxy takes it over all at once, and reads it again when it
//! starts. The servers keep their weights, for whoever finds none of his own version: with an empty map, or one that names servers that are not there,
//! each request goes by them. So nothing that the map says or lacks leaves a user without an answer.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::STATE;
use crate::rollout::{Sticky, Table, USERS};
use crate::spec::Generation;

/// The map, in the volume.
pub(super) const MAP: &str = "sticky.map";

/// Seconds that a browser keeps a bucket: longer than any rollout takes, for a user who comes without it may get the other version.
const MAX_AGE: u32 = 7 * 24 * 60 * 60;

/// Whom the router tries of a user's version before the weights decide; by the last letter of a key of the map.
const TRIES: [&str; 4] = ["", "b", "c", "d"];

/// How many of those that a `mod` can come to are drawn evenly: divisible by every number up to 16.
const EVEN: u32 = 720_720;

/// The rules of the frontend that users come to; probes come in elsewhere, and go to whom they name.
///
/// A bucket belongs to one rollout: `g7-1234`. In the next one all are drawn anew, so that nobody is always among the first.
pub(super) fn rules(cookie: &str) -> String {
    let map = format!("map({STATE}/{MAP})");
    format!(
        "    http-request set-var(txn.cd_sticky) str(sticky),{map}\n    \
         http-request set-var(txn.cd_rollout) var(txn.cd_sticky),field(1,:)\n    \
         http-request set-var(txn.cd_share) var(txn.cd_sticky),field(2,:),add(0)\n    \
         http-request set-var(txn.cd_bucket) req.cook({cookie}),field(2,-),mod({USERS}) if {{ req.cook({cookie}),field(1,-),strcmp(txn.cd_rollout) -m int eq 0 }}\n    \
         http-request set-var(txn.cd_drawn) bool(true) if {{ var(txn.cd_sticky) -m found }} !{{ var(txn.cd_bucket) -m found }}\n    \
         http-request set-var(txn.cd_bucket) rand({USERS}) if {{ var(txn.cd_drawn) -m bool }}\n    \
         http-request set-var(txn.cd_side) str(old) if {{ var(txn.cd_bucket) -m found }}\n    \
         http-request set-var(txn.cd_side) str(new) if {{ var(txn.cd_bucket),sub(txn.cd_share) -m int lt 0 }}\n    \
         http-request set-var(txn.cd_count) var(txn.cd_side),{map},add(0)\n    \
         http-request set-var(txn.cd_at) rand({EVEN}),mod(txn.cd_count)\n    \
         http-after-response add-header Set-Cookie \"{cookie}=%[var(txn.cd_rollout)]-%[var(txn.cd_bucket)]; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax\" if {{ var(txn.cd_drawn) -m bool }}\n"
    )
}

/// The rules of the backend: one of the user's version, and where that one is down the next ones.
pub(super) fn choices() -> String {
    TRIES.iter().fold(String::new(), |mut text, letter| {
        let end = if letter.is_empty() {
            String::new()
        } else {
            format!(",{letter}")
        };
        let _ = writeln!(
            text,
            "    use-server %[var(txn.cd_side),concat(-,txn.cd_at{end}),map({STATE}/{MAP})] if {{ var(txn.cd_at) -m found }}"
        );
        text
    })
}

/// Whether a router with this file has the map at all.
pub(super) fn has_map(file: &str) -> bool {
    file.contains(&format!("{STATE}/{MAP}"))
}

/// Whether a router with this file makes users stick, in this very way.
pub(super) fn sticks(file: &str, cookie: &str) -> bool {
    let has = |line: &str| file.lines().any(|it| it.trim() == line.trim());
    rules(cookie).lines().chain(choices().lines()).all(has)
}

/// The map of a table; empty: each request goes by the weights.
///
/// `sticky ROLLOUT:SHARE`, and of either side how many there are and who is asked in which order: `new 2`, `new-0 g2-1`, `new-0b g2-2` and so on.
pub(super) fn map(table: &Table) -> String {
    let Some(sticky) = table.sticky else {
        return String::new();
    };
    let active = table
        .entries
        .iter()
        .filter(|it| !it.backup && it.weight > 0);
    let (new, old): (Vec<_>, Vec<_>) = active
        .map(|it| it.member.id)
        .partition(|id| id.generation == sticky.generation);
    let mut text = format!("sticky {}:{}\n", sticky.generation, sticky.share);
    for (side, ids) in [("new", &new), ("old", &old)] {
        let _ = writeln!(text, "{side} {}", ids.len());
        for at in 0..ids.len() {
            let order = ids.iter().cycle().skip(at).take(ids.len());
            for (letter, id) in TRIES.iter().zip(order) {
                let _ = writeln!(text, "{side}-{at}{letter} {id}");
            }
        }
    }
    text
}

/// Who sticks by a map.
pub(super) fn parse(map: &str) -> Option<Sticky> {
    let line = map.lines().find_map(|line| line.strip_prefix("sticky "))?;
    let (generation, share) = line.trim().split_once(':')?;
    let generation = generation.strip_prefix('g')?.parse().ok()?;
    let share = share.parse().ok().filter(|it| *it <= USERS)?;
    Some(Sticky {
        generation: Generation(generation),
        share,
    })
}

/// The map as HAProxy has it, from what `show map` said among other things.
pub(super) fn held(said: &str) -> String {
    let lines = said.lines().filter_map(|line| line.strip_prefix("0x"));
    let lines = lines.filter_map(|line| line.split_once(' '));
    lines
        .map(|(_, entry)| format!("{}\n", entry.trim()))
        .collect()
}

/// How HAProxy has it otherwise than it was written; `None`: it has it so.
pub(super) fn differs(wanted: &str, held: &str) -> Option<String> {
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let share = |text: &str| match parse(text) {
        Some(sticky) => sticky.to_string(),
        None => "no users stick".to_owned(),
    };
    (lines(wanted) != lines(held)).then(|| match share(wanted) == share(held) {
        true => "users stick to other instances than it names".to_owned(),
        false => format!("{}, by the table {}", share(held), share(wanted)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{Address, Fleet, Member, Share};
    use crate::spec::InstanceId;
    use std::collections::BTreeMap;

    fn fleet(generation: u32, count: u8) -> Fleet {
        let generation = Generation(generation);
        let member = |index| Member {
            id: InstanceId { generation, index },
            address: Address(u16::from(index)),
        };
        Fleet {
            generation,
            members: (1..=count).map(member).collect(),
        }
    }

    fn shared(olds: u8, news: u8, share: u8) -> Table {
        let (old, new) = (fleet(1, olds), fleet(2, news));
        let share = Share(share);
        Table::shared(&old, &new, share).sticking(new.generation, share.of(USERS))
    }

    /// As HAProxy goes by it: whom a user of this side is given, who was drawn, and then in turn.
    fn asked(map: &BTreeMap<&str, &str>, side: &str, drawn: usize) -> Vec<String> {
        let key = |letter: &&str| format!("{side}-{drawn}{letter}");
        let found = TRIES
            .iter()
            .map(key)
            .map_while(|key| map.get(key.as_str()).copied());
        found.map(str::to_owned).collect()
    }

    #[test]
    fn each_of_a_version_is_first_for_as_many_and_its_others_stand_in_for_it() {
        for (olds, news) in (1..=6).flat_map(|olds| (1..=6).map(move |news| (olds, news))) {
            let text = map(&shared(olds, news, 5));
            let map: BTreeMap<&str, &str> =
                text.lines().filter_map(|it| it.split_once(' ')).collect();
            assert_eq!(
                map.len(),
                text.lines().count(),
                "a key is there once: {text}"
            );
            for (side, count, version) in [("new", news, "g2"), ("old", olds, "g1")] {
                assert_eq!(map[side], count.to_string());
                let all = (0..usize::from(count)).map(|drawn| asked(&map, side, drawn));
                let mut firsts = BTreeSet::new();
                for order in all {
                    let distinct: BTreeSet<&String> = order.iter().collect();
                    assert_eq!(distinct.len(), TRIES.len().min(count.into()), "{text}");
                    assert!(
                        order
                            .iter()
                            .all(|it| it.starts_with(&format!("{version}-"))),
                        "{text}"
                    );
                    firsts.insert(order[0].clone());
                }
                assert_eq!(firsts.len(), usize::from(count), "{text}");
            }
        }
    }

    #[test]
    fn who_has_no_weight_or_only_stands_by_is_asked_for_nobody() {
        let table = shared(2, 1, 50).admitting(&fleet(2, 3).members[1..]);
        assert_eq!(map(&table), map(&shared(2, 1, 50)));
        assert_eq!(map(&Table::shifted(Some(&fleet(1, 2)), &fleet(2, 1))), "");
        assert_eq!(
            map(&Table::shared(&fleet(1, 1), &fleet(2, 1), Share(5))),
            ""
        );
    }

    #[test]
    fn a_share_is_read_back_as_it_was_written() {
        for share in 1..100 {
            let table = shared(1, 4, share);
            assert_eq!(parse(&map(&table)), table.sticky);
        }
        let nothing = [
            "",
            "sticky",
            "sticky g2",
            "sticky g2:",
            "sticky g2:10001",
            "sticky 2:5",
            "new 1",
        ];
        nothing
            .iter()
            .for_each(|text| assert_eq!(parse(text), None, "{text}"));
    }

    #[test]
    fn the_router_has_the_map_or_is_said_to_have_another() {
        let wanted = map(&shared(1, 1, 25));
        let said = |text: &str| {
            let lines = text
                .lines()
                .rev()
                .map(|line| format!("0x55b1d914af88 {line}\n"));
            let servers = "1\n# be_id be_name srv_id srv_name\n4 app 1 g1-1 10.0.0.4 2 0 3\n\n";
            format!("{servers}{}", lines.collect::<String>())
        };
        assert_eq!(differs(&wanted, &held(&said(&wanted))), None);
        assert_eq!(differs("", &held(&said(""))), None);
        assert_eq!(
            differs(
                "",
                &held("Unknown map identifier. Please use #<id> or <name>.\n")
            ),
            None
        );
        let words = |held: &str| differs(&wanted, held).expect("it differs");
        assert_eq!(
            words(""),
            "no users stick, by the table 25.00 % of users stick to g2"
        );
        assert_eq!(
            words(&map(&shared(1, 1, 5))),
            "5.00 % of users stick to g2, by the table 25.00 % of users stick to g2"
        );
        assert_eq!(
            words(&map(&shared(1, 2, 25))),
            "users stick to other instances than it names"
        );
    }

    #[test]
    fn a_router_with_other_rules_or_another_cookie_does_not_stick() {
        let file = format!("{}{}", rules("cd-a.b"), choices());
        assert!(sticks(&file, "cd-a.b") && has_map(&file));
        assert!(!sticks(&file, "cd-a.c"));
        for at in 0..file.lines().count() {
            let without = file.lines().enumerate().filter(|(it, _)| *it != at);
            let without: String = without.map(|(_, line)| format!("{line}\n")).collect();
            assert!(!sticks(&without, "cd-a.b"), "without line {at}");
        }
        assert!(!has_map("frontend users\n    bind :8080\n"));
    }
}
