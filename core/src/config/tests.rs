//! What a whole file means, or what is wrong with it.

use std::collections::BTreeSet;

use super::error::code;
use super::{Config, ConfigError, parse};

mod broken;
mod canaries;
mod documentation;
mod meaning;
mod properties;
mod release;
mod workers;

/// The smallest file: everything else is a default.
const SMALLEST: &str = "run: { port: 8000 }\nenvironments: { staging: {} }\n";

fn good(text: &str) -> Config {
    parse("cd.yml", text, Some("acme/tasks")).unwrap_or_else(|errors| panic!("{}", errors.render()))
}

fn mistakes(text: &str) -> Vec<ConfigError> {
    match parse("cd.yml", text, Some("acme/tasks")) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().cloned().collect(),
    }
}

/// `line:column code path` of each mistake, in the order of the file.
fn told(text: &str) -> Vec<String> {
    let line = |mistake: &ConfigError| {
        let place = mistake.place.as_ref().expect("every mistake has a place");
        let code = mistake.code.trim_start_matches("config/");
        format!("{}:{} {code} {}", place.line, place.column, mistake.path)
            .trim_end()
            .to_owned()
    };
    mistakes(text).iter().map(line).collect()
}

/// One file for each code, as a user would come to it.
const CASES: &[(&str, &str)] = &[
    (code::YAML, "run: [\n"),
    (
        code::DUPLICATE_KEY,
        "run: { port: 1, port: 2 }\nenvironments: { a: {} }",
    ),
    (
        code::TOO_LARGE,
        "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    ),
    (
        code::UNKNOWN_KEY,
        "run: { port: 1, prot: 2 }\nenvironments: { a: {} }",
    ),
    (code::MISSING_KEY, "run: { port: 1 }"),
    (code::TYPE, "run: { port: \"1\" }\nenvironments: { a: {} }"),
    (
        code::CHOICE,
        "run: { port: 1 }\nenvironments: { a: { mode: auto } }",
    ),
    (code::RANGE, "run: { port: 0 }\nenvironments: { a: {} }"),
    (
        code::DURATION,
        "run: { port: 1 }\nenvironments: { a: { drain: 5 } }",
    ),
    (
        code::PERCENT,
        "run: { port: 1 }\nenvironments: { a: { bake: { errors: 0.05 } } }",
    ),
    (
        code::SIZE,
        "run: { port: 1, memory: 1GB }\nenvironments: { a: {} }",
    ),
    (code::NAME, "run: { port: 1 }\nenvironments: { A: {} }"),
    (
        code::TEXT,
        "run: { port: 1, labels: { a: \"b\\nc\" } }\nenvironments: { a: {} }",
    ),
    (
        code::ADDRESS,
        "run: { port: 1 }\nenvironments: { a: { listen: a } }",
    ),
    (
        code::STATUS,
        "run: { port: 1 }\nhealth: { http: { status: 2xx } }\nenvironments: { a: {} }",
    ),
    (
        code::PATH,
        "run: { port: 1, volumes: [data] }\nenvironments: { a: {} }",
    ),
    (
        code::PLACEHOLDER,
        "run: { port: 1, env: { A: \"{{sah}}\" } }\nenvironments: { a: {} }",
    ),
    (
        code::TAG,
        "run: { port: 1 }\ntags: type=shah\nenvironments: { a: {} }",
    ),
    (
        code::SECRET,
        "run: { port: 1, secrets: { PATH: env } }\nenvironments: { a: {} }",
    ),
    (
        code::CONFLICT,
        "run: { port: 1 }\nhealth: { tcp: true, http: {} }\nenvironments: { a: {} }",
    ),
    (
        code::NOT_YET,
        "run: { port: 1 }\nrouter: { mode: tcp }\nenvironments: { a: {} }",
    ),
];

#[test]
fn every_code_has_a_file_that_brings_it_about() {
    let mut shown = BTreeSet::from([code::UNRESOLVED]); // only an image brings it about: `release.rs`
    for (code, text) in CASES {
        let told: Vec<&str> = mistakes(text).iter().map(|mistake| mistake.code).collect();
        assert_eq!(told, [*code], "{text}");
        shown.insert(code);
    }
    assert_eq!(shown, code::ALL.iter().copied().collect());
}
