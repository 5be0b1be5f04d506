//! Hazards that routers elsewhere have, by their numbers in `docs/hazards.md`.

use super::*;

const PRELUDE: &str = include_str!("../scripts/prelude.sh");
const OTHERS: [&str; 4] = [
    include_str!("../scripts/open.sh"),
    include_str!("../scripts/route.sh"),
    include_str!("../scripts/probe.sh"),
    include_str!("../scripts/init.sh"),
];

/// What a line of a script writes into, of the files of the volume.
fn written(line: &str) -> Option<&str> {
    let (_, after) = line.split_once("> \"$S/")?;
    after.split('"').next()
}

#[test]
fn h15_no_file_that_counts_is_written_in_place() {
    let route = Action::Route {
        table: Table::admitted(Some(&fleet(1)), &fleet(2)),
        mark: Mark::Proving,
        force: false,
    };
    let route = script(&docker().lower(&route, &Memo::default()));
    let mut in_place = Vec::new();
    let scripts = OTHERS.into_iter().chain([PRELUDE, &route]);
    for line in scripts.flat_map(str::lines) {
        // One name is an argument: it is `.answer` or another that begins with a dot.
        if let Some(name) = written(line)
            && !name.starts_with('.')
            && name != "${2:-.answer}"
        {
            in_place.push(line.trim());
        }
    }
    // Where there is none yet, and nothing in it.
    assert_eq!(
        in_place,
        [
            "[ -f \"$S/health.map\" ] || : > \"$S/health.map\"",
            "[ -f \"$S/sticky.map\" ] || : > \"$S/sticky.map\"",
        ]
    );
}

#[test]
fn h15_a_table_is_on_the_disk_before_its_name_changes() {
    let at = |what: &str| PRELUDE.find(what).expect("it stands there");
    let keep = &PRELUDE[at("keep() {")..];
    assert!(
        keep.starts_with("keep() {\n  write \"$@\"\n  take \"$@\"\n}"),
        "{keep}"
    );
    let write = &PRELUDE[at("write() {")..at("take() {")];
    assert!(write.contains("sync $new"), "{write}");
    let take = &PRELUDE[at("take() {")..];
    let (renames, syncs) = (
        take.find("mv \"$S/.$name\" \"$S/$name\""),
        take.find("sync \"$S\""),
    );
    assert!(renames.is_some() && renames < syncs, "{take}");
}

#[test]
fn h16_who_does_not_answer_is_out_at_its_first_failed_connection() {
    let docker = docker();
    let file = docker.file_for(&Table::shifted(Some(&fleet(1)), &fleet(2)));
    let servers: Vec<&str> = file
        .lines()
        .filter(|line| line.trim_start().starts_with("server "))
        .collect();
    assert!(servers.len() >= 2, "{file}");
    for server in servers {
        let checked = [
            "check ",
            "observe layer4",
            "error-limit 1",
            "on-error mark-down",
        ];
        assert!(checked.iter().all(|word| server.contains(word)), "{server}");
    }
    for line in [
        "option redispatch 1",
        "retry-on conn-failure empty-response",
    ] {
        assert!(file.contains(line), "{line}");
    }
}
