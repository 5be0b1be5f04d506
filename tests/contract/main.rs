//! What the core, the shell, the module and `action.yml` promise each other.
//!
//! These tests look at what is committed, as a user's runner would: `cargo xtask check` proves that it is current.

mod action_yml;
mod module;
mod package;
mod replays;
mod shell;
mod transcripts;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of all variants of an enum that is tagged by `type`, by what serde says of a name that is none of them.
fn variants<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_str::<T>(r#"{"type":"?"}"#) else {
        panic!("`?` is the name of a variant");
    };
    let message = error.to_string();
    let names: BTreeSet<String> = message
        .split('`')
        .skip(1)
        .step_by(2)
        .skip(1)
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 1, "no names in: {message}");
    names
}
