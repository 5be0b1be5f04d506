//! Each `action.yml` says what the core reads, and names files that are there.

use cd_core::inputs::{INPUTS, InputSpec, OUTPUTS, OutputSpec, metadata};

use crate::{root, text};

/// An action: the folder that its file lies in, what the core lists for it, and what of its life it runs a file in.
struct Action {
    folder: &'static str,
    inputs: &'static [InputSpec],
    outputs: &'static [OutputSpec],
    stages: &'static [&'static str],
}

const ACTIONS: [Action; 2] = [
    Action {
        folder: ".",
        inputs: INPUTS,
        outputs: OUTPUTS,
        stages: &["main", "post"],
    },
    Action {
        folder: "metadata",
        inputs: metadata::INPUTS,
        outputs: metadata::OUTPUTS,
        stages: &["main"],
    },
];

#[test]
fn their_inputs_and_defaults_are_the_cores() {
    for action in ACTIONS {
        let listed: Vec<(String, Option<String>)> = action
            .inputs
            .iter()
            .map(|input| (input.name.to_owned(), input.default.map(str::to_owned)))
            .collect();
        assert_eq!(action.entries("inputs"), listed, "{}", action.folder);
    }
}

#[test]
fn their_outputs_are_the_cores() {
    for action in ACTIONS {
        let listed: Vec<(String, Option<String>)> = action
            .outputs
            .iter()
            .map(|output| (output.name.to_owned(), None))
            .collect();
        assert_eq!(action.entries("outputs"), listed, "{}", action.folder);
    }
}

#[test]
fn they_run_files_that_are_committed_on_node_24() {
    for action in ACTIONS {
        let text = action.text();
        let value = |key: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(&format!("  {key}: ")))
        };
        assert_eq!(value("using"), Some("node24"), "{}", action.folder);
        for stage in ["pre", "main", "post"] {
            let path = value(stage);
            assert_eq!(path.is_some(), action.stages.contains(&stage), "{stage}");
            let there = |path: &str| root().join(action.folder).join(path).is_file();
            assert!(path.is_none_or(there), "{stage}: {path:?} is not there");
        }
    }
}

#[test]
fn names_are_those_that_every_runner_maps_alike() {
    for action in ACTIONS {
        let inputs = action.inputs.iter().map(|input| input.name);
        let outputs = action.outputs.iter().map(|output| output.name);
        for name in inputs.chain(outputs) {
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{name}"
            );
        }
    }
}

#[test]
fn metadata_has_the_inputs_and_outputs_of_the_action_that_it_can_stand_for() {
    let inputs = metadata::INPUTS.iter().map(|input| input.name);
    let expected = [
        "context",
        "images",
        "tags",
        "flavor",
        "labels",
        "annotations",
        "sep-tags",
        "sep-labels",
        "sep-annotations",
        "bake-target",
        "github-token",
    ];
    assert_eq!(inputs.collect::<Vec<_>>(), expected);
    let outputs = metadata::OUTPUTS.iter().map(|output| output.name);
    let expected = [
        "version",
        "tags",
        "tag-names",
        "labels",
        "annotations",
        "json",
        "bake-file-tags",
        "bake-file-labels",
        "bake-file-annotations",
        "bake-file",
    ];
    assert_eq!(outputs.collect::<Vec<_>>(), expected);
}

impl Action {
    fn text(&self) -> String {
        text(&format!("{}/action.yml", self.folder))
    }

    /// The keys of one level below a key of the top level, with their defaults.
    fn entries(&self, section: &str) -> Vec<(String, Option<String>)> {
        let text = self.text();
        let lines = text
            .lines()
            .skip_while(|line| *line != format!("{section}:"))
            .skip(1)
            .take_while(|line| line.starts_with(' '));
        let mut entries: Vec<(String, Option<String>)> = Vec::new();
        for line in lines {
            let key = line.strip_prefix("  ").and_then(|it| it.strip_suffix(':'));
            if let Some(key) = key.filter(|key| !key.starts_with(' ')) {
                entries.push((key.to_owned(), None));
            }
            let default = line.strip_prefix("    default: ");
            if let (Some(default), Some((_, last))) = (default, entries.last_mut()) {
                *last = serde_json::from_str(default).expect("a default is a JSON string");
            }
        }
        entries
    }
}
