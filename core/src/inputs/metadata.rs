//! The inputs and outputs of `metadata`: those of docker/metadata-action, so that a user changes one line.
//!
//! `metadata/action.yml` and the README's tables are generated from here, and the flags of the command line are these.

use super::{InputSpec, OutputSpec, input, output};

/// Every input, in the order people read them.
pub const INPUTS: &[InputSpec] = &[
    input(
        "context",
        "Who says which commit and ref it is: workflow (the event) or git (what is checked out).",
        Some("workflow"),
    ),
    input(
        "images",
        "Names of images, one a line, without tag; `name=…,enable=false` leaves one out. None: the outputs name tags alone.",
        None,
    ),
    input(
        "tags",
        "Rules for tags, one a line, such as type=semver,pattern={{version}}; default: schedule, branch, tag and pull request.",
        None,
    ),
    input(
        "flavor",
        "What holds for all tags: latest=auto|true|false, prefix=…, suffix=…, onlatest=true|false.",
        None,
    ),
    input("labels", "More labels, key=value, one a line.", None),
    input(
        "annotations",
        "More annotations, key=value, one a line.",
        None,
    ),
    input(
        "sep-tags",
        "What stands between tags in the outputs; default: a new line.",
        None,
    ),
    input(
        "sep-labels",
        "What stands between labels in the output; default: a new line.",
        None,
    ),
    input(
        "sep-annotations",
        "What stands between annotations in the output; default: a new line.",
        None,
    ),
    input(
        "bake-target",
        "The target that the bake files are for.",
        Some("docker-metadata-action"),
    ),
    input(
        "github-token",
        "Not used: nothing is asked over the network. It may stand here, since it may stand in the other action.",
        Some("${{ github.token }}"),
    ),
];

/// Every output, in the order people read them.
pub const OUTPUTS: &[OutputSpec] = &[
    output("version", "The first tag; empty where there is none."),
    output("tags", "Every image with every tag."),
    output("tag-names", "The tags without images."),
    output("labels", "The labels, key=value."),
    output("annotations", "The annotations, level:key=value."),
    output(
        "json",
        "All of it in JSON: tags, tag-names, labels, annotations.",
    ),
    output(
        "bake-file-tags",
        "Path of a file for `docker buildx bake` with the tags.",
    ),
    output("bake-file-labels", "The same with the labels."),
    output("bake-file-annotations", "The same with the annotations."),
    output("bake-file", "The same with tags and labels."),
];
