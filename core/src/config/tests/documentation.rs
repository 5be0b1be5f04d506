//! The page for users says what the code says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::error::code;
use super::super::shape::Schema;
use super::super::tree::Kind;

const PAGE: &str = include_str!("../../../../docs/configuration.md");

#[test]
fn the_table_of_codes_is_complete_and_has_no_others() {
    let rows = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `config/")?.split('`').next());
    let documented: BTreeSet<String> = rows.map(|code| format!("config/{code}")).collect();
    assert_eq!(
        documented,
        code::ALL.iter().map(|code| (*code).to_owned()).collect()
    );
}

#[test]
fn every_key_has_a_row() {
    let schema = Schema::load();
    let mut missing = Vec::new();
    let mut open = vec![(String::new(), schema.root())];
    while let Some((path, rule)) = open.pop() {
        for shape in schema
            .shapes(rule)
            .into_iter()
            .filter(|shape| shape.fits(&Kind::Map(Vec::new())))
        {
            for (name, inner) in shape.properties() {
                let path = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                if !PAGE.contains(&format!("| `{path}` |")) {
                    missing.push(path.clone());
                }
                let told_elsewhere =
                    path.ends_with("<name>.run") || path.ends_with("<name>.health");
                if !told_elsewhere {
                    open.push((path, inner));
                }
            }
            open.extend(
                shape
                    .others()
                    .map(|inner| (format!("{path}.<name>"), inner)),
            );
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_example_on_the_page_is_right() {
    let blocks = PAGE
        .split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let mut count = 0;
    for block in blocks {
        super::good(block);
        count += 1;
    }
    assert!(count >= 2, "the page shows {count} examples");
}

#[test]
fn every_gate_is_explained_and_the_example_of_gates_is_right() {
    let page = include_str!("../../../../docs/gates.md");
    let schema = Schema::load();
    let known = schema.of("Gate").get("properties");
    let known = known.and_then(Value::as_object).expect("gates have keys");
    let there = known
        .iter()
        .filter(|(_, rule)| rule.get("x-not-yet").is_none());
    let missing: Vec<&String> = there
        .map(|(name, _)| name)
        .filter(|name| !page.contains(&format!("`{name}")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let blocks = page.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let examples = blocks.filter(|block| block.contains("environments:"));
    assert_eq!(examples.map(super::good).count(), 1);
}

/// The checker's schema is the one that is generated from the types.
#[cfg(feature = "generate")]
#[test]
fn the_schema_is_what_the_types_say() {
    let written: Value = serde_json::from_str(include_str!("../schema.json")).expect("it is JSON");
    assert_eq!(
        written,
        super::super::schema(),
        "run `cargo xtask generate`"
    );
}

/// A description is for people: it does not say how the code is made.
#[test]
fn every_key_of_the_schema_is_described() {
    fn walk(path: &str, rule: &Value, missing: &mut Vec<String>) {
        for (name, property) in rule
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if property.get("description").is_none() && !path.contains("Override") {
                missing.push(format!("{path}.{name}"));
            }
        }
        for (name, inner) in rule.as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), inner, missing);
        }
    }
    let mut missing = Vec::new();
    walk("", Schema::load().root(), &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}
