//! Laws that hold for every text.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::super::shape::{Schema, Shape};
use super::super::tree::Kind;
use super::super::{Config, Facts, config_hash, parse};
use super::{SMALLEST, good, told};

/// Words of the file, words near them, and what a slip of the hand leaves.
fn word() -> impl Strategy<Value = String> {
    let words = "service image registry user password tags build packages folder publish index upload token run port env secrets replicas command memory cpus \
        volumes labels networks read-only health http path status json tcp exec image every timeout successes failures deadline \
        router mode forwarded environments staging production target docker podman host known-hosts key listen url strategy \
        blue-green recreate rolling canary bake for errors drain lease gates checks freeze not any delivery deployment file from A B-C <<";
    prop::sample::select(
        words
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    )
}

fn scalar() -> impl Strategy<Value = String> {
    let known = "8000 0 -1 70000 1.5 true false yes null ~ 10s 0s 500ms 5% 512m 200-399 '<500' env docker /health data:/data \
        127.0.0.1:80 '[::1]:80' '\"{{version}}\"' '\"{{sha}}\"' '\"{{x}}\"' https://a.example ssh://a@b tcp://a {} [] \
        *a '&a' '!t' \"'\" '\"\\0\"' '\"\\n\"' é 99999999999999999999 0x10 tasks";
    let known: Vec<String> = known
        .split_whitespace()
        .map(|word| word.trim_matches('\'').to_owned())
        .collect();
    prop_oneof![4 => prop::sample::select(known), 1 => "[ -~]{0,12}", 1 => word()]
}

/// A flow value of some depth, mostly well-formed.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            3 => prop::collection::vec((word(), inner.clone()), 0..6).prop_map(|entries| map(&entries)),
            1 => prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

fn map(entries: &[(String, String)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

/// A file that follows the schema nearly everywhere, so that mistakes are met at every depth.
fn file() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u8>(), 0..400).prop_map(|choices| {
        let schema = Schema::load();
        let mut author = Author {
            schema: &schema,
            choices: choices.into_iter(),
            depth: 0,
        };
        let keys: Vec<String> = schema
            .shapes(schema.root())
            .iter()
            .flat_map(|shape| author.entries(shape))
            .collect();
        format!("{}\n", keys.join("\n"))
    })
}

/// Writes what the schema allows; each byte of `choices` decides one thing, and slips are rare.
struct Author<'a> {
    schema: &'a Schema,
    choices: std::vec::IntoIter<u8>,
    /// Gates hold gates: how deep it is in maps.
    depth: usize,
}

impl Author<'_> {
    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.choices.next().unwrap_or(0)) % count.max(1)
    }

    fn pick<'w>(&mut self, words: &'w str) -> &'w str {
        let words: Vec<&str> = words.split_whitespace().collect();
        words.get(self.choose(words.len())).copied().unwrap_or("a")
    }

    fn value(&mut self, rule: &Value) -> String {
        if self.choose(40) == 1 {
            return self
                .pick("8000 -1 1.5 true null 10s /a {} [] [1] x:/y a")
                .to_owned();
        }
        let shapes = self.schema.shapes(rule);
        let index = self.choose(shapes.len());
        let Some(shape) = shapes.get(index) else {
            return "a".into();
        };
        if let Some(word) = shape.word() {
            return word;
        }
        if shape.fits(&Kind::Map(Vec::new())) {
            if self.depth > 8 {
                return "{}".to_owned();
            }
            self.depth += 1;
            let entries = self.entries(shape).join(", ");
            self.depth -= 1;
            return format!("{{ {entries} }}");
        }
        if let Some(items) = shape.items() {
            return format!(
                "[{}]",
                (0..=self.choose(3))
                    .map(|_| self.value(items))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        self.scalar(shape)
    }

    fn scalar(&mut self, shape: &Shape<'_>) -> String {
        let examples = shape.examples();
        match examples.get(self.choose(examples.len() + 1)) {
            Some(example) => example.to_string(),
            None if shape.fits(&Kind::Int(0)) => self.pick("1 80 8000 3 0 101").to_owned(),
            None if shape.fits(&Kind::Bool(true)) => self.pick("true false").to_owned(),
            None => format!("\"{}\"", self.pick("A tasks /a data:/data https://a.example ssh://a@b {{version}} {{sha}} -x x:1 \\n")),
        }
    }

    fn entries(&mut self, shape: &Shape<'_>) -> Vec<String> {
        let mut entries = Vec::new();
        for (name, rule) in shape.properties() {
            let later = rule.get("x-not-yet").is_some() && self.choose(10) > 0;
            if !later && self.choose(3) == 0 {
                let slip = if self.choose(60) == 1 { "x" } else { "" };
                entries.push(format!("{name}{slip}: {}", self.value(rule)));
            }
        }
        if let Some(rule) = shape.others() {
            for name in ["A", "production", "b-c", "d.e"] {
                if self.choose(3) == 0 {
                    entries.push(format!("{name}: {}", self.value(rule)));
                }
            }
        }
        entries
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

/// Reads it; every mistake must stand inside the text, and what is right must be ready to be deployed.
fn read(text: &str) -> Result<(), TestCaseError> {
    let errors = match parse("cd.yml", text, Some("acme/tasks")) {
        Ok(config) => return resolve(&config),
        Err(errors) => errors,
    };
    prop_assert!(errors.iter().next().is_some());
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = lines(&text);
    for mistake in errors.iter() {
        let Some(place) = &mistake.place else {
            return Err(TestCaseError::fail(format!("no place: {mistake:?}")));
        };
        let line = usize::try_from(place.line)
            .ok()
            .and_then(|line| lines.get(line.checked_sub(1)?));
        let Some(line) = line else {
            return Err(TestCaseError::fail(format!("no such line: {mistake:?}")));
        };
        prop_assert!(
            (1..=line.chars().count() + 1).contains(&(place.column as usize)),
            "{mistake:?}"
        );
    }
    prop_assert!(errors.iter().is_sorted_by_key(|mistake| &mistake.place));
    prop_assert!(!errors.render().contains('\0'));
    Ok(())
}

fn resolve(config: &Config) -> Result<(), TestCaseError> {
    prop_assert!(!config.environments.is_empty());
    for environment in config.environments.values() {
        let facts = Facts {
            sha: Some("0".repeat(40)),
            ..Facts::default()
        };
        let spec = environment
            .resolve(&facts, true)
            .map_err(|errors| TestCaseError::fail(errors.render()))?;
        prop_assert!(spec.port != Some(0) && spec.replicas > 0 && spec.health.every >= 100);
        prop_assert!(spec.health.deadline >= spec.health.every * u64::from(spec.health.successes));
        prop_assert_eq!(config_hash(&spec, &BTreeMap::new()).len(), 64);
    }
    Ok(())
}

/// A quarter of the usual cases: each one reads the schema. `PROPTEST_CASES` asks for more.
fn settings() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases / 4,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn any_text_is_read_or_told_about(text in "\\PC{0,400}") {
        read(&text)?;
    }

    #[test]
    fn any_bytes_that_are_text_are_read_or_told_about(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        read(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_yaml_is_read_or_told_about(text in "([-?:,{}\\[\\]#&*!|>'\"%@`<~ \\n\\r\\t]|a|b|1|  |---\\n|\\.\\.\\.\\n|: |- |&a |\\*a ){0,300}") {
        read(&text)?;
    }

    #[test]
    fn any_words_in_yaml_are_read_or_told_about(key in word(), value in value()) {
        read(&format!("{key}: {value}\n"))?;
    }

    #[test]
    fn any_file_is_read_or_told_about(text in file()) {
        read(&text)?;
    }

    #[test]
    fn a_change_anywhere_in_a_good_file_is_read_or_told_about(at in 0_usize..2000, with in "[ -~\\n\\t]{0,3}", cut in 0_usize..4) {
        let good = include_str!("everything.yml");
        let from = at % good.len();
        let to = (from + cut).min(good.len());
        if good.is_char_boundary(from) && good.is_char_boundary(to) {
            read(&format!("{}{with}{}", good.get(..from).unwrap_or(""), good.get(to..).unwrap_or("")))?;
        }
    }

    #[test]
    fn reading_is_a_function_of_the_text(text in file()) {
        prop_assert_eq!(parse("cd.yml", &text, None), parse("cd.yml", &text, None));
    }

    #[test]
    fn a_value_that_is_filled_in_is_never_read_again(version in "\\PC{0,40}") {
        let config = good("run: { port: 1, env: { A: \"{{version}}\" } }\nenvironments: { a: {} }\n");
        let facts = Facts { version: version.clone(), ..Facts::default() };
        let spec = config.environments.get("a").and_then(|a| a.resolve(&facts, false).ok());
        prop_assert_eq!(spec.and_then(|spec| spec.env.get("A").cloned()), Some(version));
    }

    #[test]
    fn one_more_mistake_hides_no_other(key in "[a-z]{12}") {
        let text = format!("{SMALLEST}{key}: 1\nhealth: {{ every: 5 }}\n");
        prop_assert_eq!(told(&text), [format!("3:1 unknown-key {key}"), "4:18 duration health.every".to_owned()]);
    }
}
