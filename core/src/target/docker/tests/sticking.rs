//! Who sticks to which version is a part of the table: written with it, taken over with it, read back with it.

use std::fmt::Write as _;

use super::*;

fn sticking() -> Table {
    Table::shared(&fleet(1), &fleet(2), Share(25)).sticking(Generation(2), 2_500)
}

fn route(table: &Table) -> Action {
    Action::Route {
        table: table.clone(),
        mark: Mark::Shifted,
        force: false,
    }
}

/// A router with this table, and what its script would say after `held` was found in HAProxy's map.
fn routed(docker: &mut Docker, table: &Table, held: &str) -> Done {
    let servers =
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n";
    let mut text = servers.to_owned();
    for line in docker.lines().expect("a network").want(table).lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let _ = writeln!(text, "4 app 1 {} {} 2 0 {}", words[0], words[1], words[3]);
    }
    for line in held.lines() {
        let _ = writeln!(text, "0x5581 {line}");
    }
    let answer = format!("base64 state\n{}\n.\nresult=done\n", encoded(&text));
    match observed(docker, &route(table), &[said(&answer)]) {
        Observation::Routed { done, .. } => done,
        other => panic!("{other:?}"),
    }
}

fn encoded(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: usize| char::from(DIGITS[bits & 63]);
    let of = |bytes: &[u8]| {
        let at = |place: usize| usize::from(bytes.get(place).copied().unwrap_or_default());
        let bits = (at(0) << 16) | (at(1) << 8) | at(2);
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        digits.into_iter().take(bytes.len() + 1).collect::<String>()
    };
    text.as_bytes().chunks(3).map(of).collect()
}

#[test]
fn every_table_is_written_with_whom_users_stick_to_and_most_with_nobody() {
    let docker = docker();
    let of = |table: &Table| script(&docker.lower(&route(table), &Memo::default()));
    let shared = of(&sticking());
    assert!(
        shared.contains("printf %s 'sticky g2:2500\nnew 1\nnew-0 g2-1\nold 1\nold-0 g1-1\n' > \"$S/.sticky.map\""),
        "{shared}"
    );
    assert!(shared.contains(" STICKY=sticky.map\n"), "{shared}");
    for table in [
        Table::serving(Some(&fleet(1))),
        Table::shifted(Some(&fleet(1)), &fleet(2)),
        Table::shared(&fleet(1), &fleet(2), Share(25)),
    ] {
        let script = of(&table);
        assert!(
            script.contains("printf %s '' > \"$S/.sticky.map\""),
            "{script}"
        );
        assert!(script.contains(" STICKY=sticky.map\n"), "{script}");
    }
}

#[test]
fn the_weights_stay_as_they_are_for_whoever_finds_none_of_his_version() {
    let docker = docker();
    let weighted = Table::shared(&fleet(1), &fleet(2), Share(25));
    assert_eq!(docker.file_for(&sticking()), docker.file_for(&weighted));
}

#[test]
fn a_route_is_done_once_the_router_makes_users_stick_as_the_table_says() {
    let mut docker = docker();
    docker.file = docker.file_for(&Table::serving(Some(&fleet(1))));
    let map = sticky::map(&sticking());
    assert_eq!(routed(&mut docker, &sticking(), &map), Done::Yes);
    assert_eq!(docker.table(), sticking());
    let not = |done| match done {
        Done::No(why) => why,
        other => panic!("{other:?}"),
    };
    let why = not(routed(&mut docker, &sticking(), ""));
    assert!(
        why.ends_with("no users stick, by the table 25.00 % of users stick to g2"),
        "{why}"
    );
    let back = Table::serving(Some(&fleet(1)));
    let why = not(routed(&mut docker, &back, &map));
    assert!(
        why.ends_with("25.00 % of users stick to g2, by the table no users stick"),
        "{why}"
    );
    assert_eq!(routed(&mut docker, &back, ""), Done::Yes);
    assert_eq!(docker.table(), back);
}

/// It has no such map, and would refuse to be given one.
#[test]
fn a_router_of_an_earlier_version_is_given_no_map_and_cannot_stick() {
    let mut docker = docker();
    assert!(docker.can_stick(), "one that is made now can");
    let file = docker.file_for(&Table::serving(Some(&fleet(1))));
    let lines = file.lines().filter(|line| !line.contains("cd_"));
    docker.file = lines.fold(String::new(), |text, line| text + line + "\n");
    assert!(!docker.can_stick() && docker.outdated());
    let script = script(&docker.lower(&route(&Table::serving(Some(&fleet(1)))), &Memo::default()));
    assert!(
        script.contains(" STICKY=\n") && !script.contains("$S/.sticky.map"),
        "{script}"
    );
    docker.sticky = sticky::map(&sticking());
    assert_eq!(
        docker.table().sticky,
        None,
        "whatever lies there, it does not go by it"
    );
}

/// A request may come between any two of these: none is to go by the weights of a table in which users stick.
#[test]
fn users_stick_before_weights_are_raised_and_until_they_are_lowered() {
    let script = include_str!("../scripts/route.sh");
    let body = |name: &str| {
        let (_, body) = script.split_once(&format!("\n{name}() {{\n")).expect(name);
        body.split_once("\n}\n").expect("it ends").0
    };
    let at = |text: &str, words: &str| text.find(words).unwrap_or_else(|| panic!("{words}"));
    let route = body("route");
    let first = "if [ -s \"$S/sticky.map\" ]; then stick; fi";
    assert!(at(route, "take health.map $STICKY haproxy.cfg") < at(route, first));
    assert!(at(route, first) < at(route, "state ready;"));
    // And what ends it goes in one line with the last of them: who dies in between would leave users with who has no weight.
    let lower = body("lower");
    let last =
        "commands=\"$commands$settle\"\n  if [ -n \"$commands\" ]; then change \"$commands\"; fi\n";
    assert!(at(lower, "stick_prepare") < at(lower, "commands=\n"));
    assert!(at(lower, "weight 0;") < at(lower, last));
    assert!(at(lower, "state drain;") < at(lower, last));
}
