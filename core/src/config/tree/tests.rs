//! The rules of the reader.

use super::{Kind, MOST_BYTES, read};

fn mistakes(text: &str) -> Vec<String> {
    let (_, mistakes) = read("cd.yml", text);
    mistakes
        .iter()
        .map(|m| {
            let place = m
                .place
                .as_ref()
                .expect("the reader gives every mistake a place");
            format!("{}:{} {} {}", place.line, place.column, m.code, m.problem)
        })
        .collect()
}

#[test]
fn a_quoted_scalar_is_a_text() {
    let (document, _) = read("cd.yml", "a: '1'\nb: \"true\"\nc: |\n  ~\n");
    let document = document.expect("it is YAML");
    for (key, written) in [("a", "1"), ("b", "true"), ("c", "~\n")] {
        let node = document.root.get(key).expect("it is there");
        assert!(matches!(node.kind, Kind::Text), "{key}");
        assert_eq!(document.spot(node.id).written, written);
    }
}

#[test]
fn an_alias_repeats_a_value_and_has_its_own_path() {
    let (document, mistakes) = read("cd.yml", "a: &x {b: [1, 2]}\nc: *x\n");
    assert!(mistakes.is_empty());
    let document = document.expect("it is YAML");
    let Some(Kind::List(items)) = document
        .root
        .get("c")
        .and_then(|c| c.get("b"))
        .map(|b| &b.kind)
    else {
        panic!("a list")
    };
    let paths: Vec<&str> = items
        .iter()
        .map(|item| document.spot(item.id).path.as_str())
        .collect();
    assert_eq!(paths, ["c.b[0]", "c.b[1]"]);
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    for (text, told) in [
        (
            "a:\n\t- b\n",
            "2:2 config/yaml this is not YAML: tabs disallowed within this context (block indentation)",
        ),
        (
            "a: b: c\n",
            "1:5 config/yaml this is not YAML: mapping values are not allowed in this context",
        ),
        (
            "a: *x\n",
            "1:4 config/yaml this is not YAML: while parsing node, found unknown anchor",
        ),
        (
            "a: 1\na b\n",
            "2:4 config/yaml this is not YAML: simple key expect ':'",
        ),
        (
            "a: 'x",
            "1:4 config/yaml this is not YAML: while scanning a quoted scalar, found unexpected end of stream",
        ),
        (
            "a: &x [*x]\n",
            "1:8 config/yaml an alias cannot stand inside what it names",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "2:1 config/yaml a second document begins here",
        ),
        (
            "a: !!str 1\n",
            "1:4 config/yaml tags (`!name`) are not supported",
        ),
        (
            "a: {<<: 1}\n",
            "1:5 config/yaml merge keys (`<<`) are not part of YAML 1.2",
        ),
        ("? [a]\n: b\n", "1:3 config/yaml a key must be a plain name"),
        (
            "a: {{version}}\n",
            "1:5 config/yaml a key must be a plain name",
        ),
    ] {
        assert_eq!(mistakes(text), [told], "{text:?}");
    }
}

#[test]
fn every_duplicate_is_told_and_the_first_one_counts() {
    let text = "a: 1\nb: {c: 1, c: 2}\na: 2\n";
    assert_eq!(
        mistakes(text),
        [
            "2:11 config/duplicate-key the key `c` stands twice",
            "3:1 config/duplicate-key the key `a` stands twice"
        ]
    );
    let (document, _) = read("cd.yml", text);
    let document = document.expect("it can be gone on with");
    assert!(matches!(
        document.root.get("a").map(|a| &a.kind),
        Some(Kind::Int(1))
    ));
}

#[test]
fn an_alias_bomb_ends_at_the_limit() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..=9 {
        let before = level - 1;
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{before}"); 9].join(", ")
        ));
    }
    let told = mistakes(&text);
    assert_eq!(told.len(), 1);
    assert!(
        told.iter()
            .all(|m| m.contains("config/too-large there are too many values")),
        "{told:?}"
    );
}

#[test]
fn depth_and_length_have_limits() {
    let deep = format!("a: {}{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(
        mistakes(&deep),
        ["1:36 config/too-large maps and lists are nested too deeply"]
    );
    let blocks = format!("{}a", "- ".repeat(100_000));
    assert_eq!(
        mistakes(&blocks),
        ["1:67 config/too-large maps and lists are nested too deeply"]
    );
    let long = format!("a: {}", "x".repeat(MOST_BYTES));
    assert_eq!(
        mistakes(&long),
        ["1:1 config/too-large the file is too large"]
    );
}

#[test]
fn an_empty_file_is_a_null() {
    for text in ["", "# nothing\n", "---\n", "~"] {
        let (document, mistakes) = read("cd.yml", text);
        assert!(mistakes.is_empty(), "{text:?}");
        assert!(
            matches!(document.expect("a document").root.kind, Kind::Null),
            "{text:?}"
        );
    }
}
