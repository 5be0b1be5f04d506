//! `action.yml` says what the core reads, and names files that are there.

use cd_core::inputs::{INPUTS, OUTPUTS};

use crate::{root, text};

#[test]
fn its_inputs_are_the_cores() {
    assert_eq!(
        keys_of("inputs"),
        INPUTS.iter().map(|input| input.name).collect::<Vec<_>>()
    );
}

#[test]
fn its_outputs_are_the_cores() {
    assert_eq!(
        keys_of("outputs"),
        OUTPUTS.iter().map(|output| output.name).collect::<Vec<_>>()
    );
}

#[test]
fn it_runs_files_that_are_committed_on_node_24() {
    let action = text("action.yml");
    let value = |key: &str| {
        action
            .lines()
            .find_map(|line| line.strip_prefix(&format!("  {key}: ")))
            .map(str::to_owned)
    };
    assert_eq!(value("using").as_deref(), Some("node24"));
    for key in ["main", "post"] {
        let path = value(key).unwrap_or_else(|| panic!("action.yml has no `{key}`"));
        assert!(root().join(&path).is_file(), "{key}: {path} is not there");
    }
}

#[test]
fn names_are_those_that_every_runner_maps_alike() {
    for name in INPUTS
        .iter()
        .map(|input| input.name)
        .chain(OUTPUTS.iter().map(|output| output.name))
    {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{name}"
        );
    }
}

/// The keys of one level below a key of the top level.
fn keys_of(section: &str) -> Vec<String> {
    let action = text("action.yml");
    let lines = action
        .lines()
        .skip_while(|line| *line != format!("{section}:"))
        .skip(1);
    lines
        .take_while(|line| line.starts_with(' '))
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|key| !key.starts_with(' '))
        .map(str::to_owned)
        .collect()
}
