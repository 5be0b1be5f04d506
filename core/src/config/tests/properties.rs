//! Laws that hold for every text.

use proptest::prelude::*;

use super::super::{Facts, parse};
use super::{SMALLEST, good, told};

/// Words of the file, words near them, and what a slip of the hand leaves.
fn word() -> impl Strategy<Value = String> {
    let words = "service image registry user password tags build packages run port env secrets replicas command memory cpus \
        volumes labels networks read-only health http path status json tcp exec image every timeout successes failures deadline \
        router mode forwarded environments staging production target docker podman host known-hosts key listen url strategy \
        blue-green recreate rolling canary bake for errors drain lease gates delivery deployment file from A B-C <<";
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
            3 => prop::collection::vec((word(), inner.clone()), 0..6)
                .prop_map(|entries| format!("{{ {} }}", entries.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", "))),
            1 => prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

/// A file whose outline is right and whose inside is anything: it gets past the first step.
fn file() -> impl Strategy<Value = String> {
    let entries = || prop::collection::vec((word(), value()), 0..5);
    let inside = (entries(), entries(), entries(), value()).prop_map(|(run, health, staging, top)| {
        let block = |entries: &[(String, String)], indent: &str| -> String {
            let lines = entries.iter().map(|(key, value)| format!("{indent}{key}: {value}\n"));
            lines.collect()
        };
        format!(
            "service: {top}\nrun:\n  port: 80\n{}health:\n  tcp: true\n{}environments:\n  staging:\n    drain: 1s\n{}",
            block(&run, "  "),
            block(&health, "  "),
            block(&staging, "    ")
        )
    });
    prop_oneof![
        inside,
        value(),
        (word(), value()).prop_map(|(key, value)| format!("{key}: {value}\n"))
    ]
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

/// Reads it; every mistake must stand inside the text.
fn read(text: &str) -> Result<(), TestCaseError> {
    let Err(errors) = parse("cd.yml", text, Some("acme/tasks")) else {
        return Ok(());
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

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
#[test]
fn zz_stat() {
    use proptest::test_runner::TestRunner; use proptest::strategy::ValueTree;
    let mut r = TestRunner::default(); let s = file(); let mut m = std::collections::BTreeMap::new(); let mut yaml=0; let mut ok=0;
    for _ in 0..3000 { let t = s.new_tree(&mut r).unwrap().current(); match parse("c",&t,None) { Ok(_)=>ok+=1, Err(e)=> { if e.iter().any(|m| m.code=="config/yaml") {yaml+=1}; for x in e.iter() { *m.entry(x.code).or_insert(0)+=1; } } } }
    panic!("ok {ok} yaml {yaml} {m:?}");
}
