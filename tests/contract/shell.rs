//! The shell knows what to do with everything that the core can say.
//!
//! The compiler of TypeScript says so too, by `never`; this says where the files are to be.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cd_core::protocol::{Effect, Emit, Input};

use crate::{root, text, variants};

#[test]
fn every_effect_has_an_interpreter_in_a_file_of_its_name() {
    let table = text("action/src/effects.ts");
    for name in variants::<Effect>() {
        assert!(
            root()
                .join(format!("action/src/effects/{name}.ts"))
                .is_file(),
            "no action/src/effects/{name}.ts"
        );
        assert!(
            handles(&table, &name),
            "action/src/effects.ts has no `case \"{name}\":`"
        );
    }
}

#[test]
fn every_word_of_the_core_is_passed_on() {
    let shell = sources(&root().join("action/src"));
    for name in variants::<Emit>() {
        let asked = shell.contains(&format!(".type === \"{name}\""));
        assert!(
            asked || handles(&shell, &name),
            "nothing in action/src knows `{name}`"
        );
    }
}

#[test]
fn variants_are_found_by_name() {
    let inputs: BTreeSet<String> = ["begin", "completed", "cancel", "tick"]
        .map(str::to_owned)
        .into();
    assert_eq!(variants::<Input>(), inputs);
}

fn handles(source: &str, name: &str) -> bool {
    source.contains(&format!("case \"{name}\":"))
}

/// All TypeScript of a folder, but for what is generated.
fn sources(dir: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(dir).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() && !path.ends_with("generated") {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "ts") {
            text += &fs::read_to_string(&path).expect("it is UTF-8");
        }
    }
    text
}
