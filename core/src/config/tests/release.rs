//! From a configuration to what is deployed.

use std::collections::BTreeMap;

use super::super::{Facts, config_hash};
use super::{SMALLEST, good};
use crate::spec::{Probe, Spec};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn facts() -> Facts {
    Facts {
        version: "1.2.3".into(),
        sha: Some(SHA.into()),
        digest: "sha256:ab".into(),
        environment: "staging".into(),
    }
}

fn resolved(text: &str, facts: &Facts, image_has_healthcheck: bool) -> Result<Spec, String> {
    let config = good(text);
    let environment = config
        .environments
        .values()
        .next()
        .expect("the file has one");
    environment
        .resolve(facts, image_has_healthcheck)
        .map_err(|errors| errors.render())
}

fn spec(text: &str) -> Spec {
    resolved(text, &facts(), false).expect("everything is known")
}

fn hash(text: &str) -> String {
    config_hash(&spec(text), &BTreeMap::new())
}

#[test]
fn placeholders_are_filled_in_wherever_they_may_stand() {
    let spec = spec(
        r#"
run:
  port: 8000
  env: { V: "{{version}}", S: "{{sha}}", D: "{{digest}}", E: "{{environment}}", L: "{{{{x}}" }
  labels: { v: "{{version}}" }
  command: [run, "--version={{version}}"]
health: { http: { json: { version: "{{version}}", "build.sha": "{{sha}}", count: 1, ok: true, quoted: "1" } } }
environments: { staging: {} }
"#,
    );
    let env: Vec<&str> = spec.env.values().map(String::as_str).collect();
    assert_eq!(env, ["sha256:ab", "staging", "{{x}}", SHA, "1.2.3"]);
    assert_eq!(spec.labels.get("v").map(String::as_str), Some("1.2.3"));
    assert_eq!(
        spec.command
            .as_deref()
            .and_then(<[String]>::last)
            .map(String::as_str),
        Some("--version=1.2.3")
    );
    let Probe::Http { path, status, json } = spec.health.probe else {
        panic!("an HTTP probe")
    };
    assert_eq!((path.as_str(), status), ("/", (200, 200)));
    let json: Vec<&str> = json.values().map(String::as_str).collect();
    assert_eq!(
        json,
        [&format!("\"{SHA}\""), "1", "true", "\"1\"", "\"1.2.3\""]
    );
}

#[test]
fn without_a_probe_the_image_decides() {
    let probe =
        |healthcheck| resolved(SMALLEST, &facts(), healthcheck).map(|spec| spec.health.probe);
    assert_eq!(probe(true), Ok(Probe::Image));
    assert_eq!(
        probe(false),
        Ok(Probe::Http {
            path: "/".into(),
            status: (100, 499),
            json: BTreeMap::new()
        })
    );
}

#[test]
fn a_probe_that_is_named_is_taken() {
    for (health, probe) in [
        ("tcp: true", Probe::Tcp),
        (
            "exec: [check, now]",
            Probe::Exec(vec!["check".into(), "now".into()]),
        ),
        ("image: true", Probe::Image),
    ] {
        let text = format!("health: {{ {health} }}\n{SMALLEST}");
        assert_eq!(
            resolved(&text, &facts(), true).map(|spec| spec.health.probe),
            Ok(probe),
            "{health}"
        );
    }
}

#[test]
fn what_is_not_known_about_an_image_is_told_with_its_places() {
    let text = "run: { port: 1, env: { A: \"{{sha}}\" }, labels: { a: \"{{sha}}\" } }\nhealth: { image: true }\nenvironments: { a: {} }\n";
    let told = resolved(
        text,
        &Facts {
            sha: None,
            ..facts()
        },
        false,
    )
    .expect_err("the image says neither");
    let heads: Vec<&str> = told
        .lines()
        .filter(|line| !line.starts_with("  ="))
        .collect();
    assert_eq!(
        heads,
        [
            "error[config/unresolved]: `{{sha}}` is not known for this image",
            "  --> cd.yml:1:27 run.env.A",
            "",
            "error[config/unresolved]: `{{sha}}` is not known for this image",
            "  --> cd.yml:1:53 run.labels.a",
            "",
            "error[config/unresolved]: this image has no HEALTHCHECK",
            "  --> cd.yml:2:18 health.image",
        ]
    );
}

#[test]
fn the_hash_sees_what_runs_and_nothing_else() {
    let base = hash("run: { port: 1 }\nenvironments: { a: {} }\n");
    assert_eq!(base.len(), 64);
    let same = [
        "environments: { a: { run: { port: 1 } } }\n",
        "run: { port: 1, replicas: 1, env: {}, read-only: false, networks: [] }\nhealth: { every: 1s }\nenvironments: { a: { drain: 1s, strategy: recreate } }\n",
    ];
    let other = [
        "run: { port: 2 }\nenvironments: { a: {} }\n",
        "run: { port: 1, replicas: 2 }\nenvironments: { a: {} }\n",
        "run: { port: 1, env: { A: \"\" } }\nenvironments: { a: {} }\n",
        "run: { port: 1, labels: { A: \"\" } }\nenvironments: { a: {} }\n",
        "run: { port: 1, read-only: true }\nenvironments: { a: {} }\n",
        "run: { port: 1, volumes: [a:/a, b:/b] }\nenvironments: { a: {} }\n",
        "run: { port: 1, volumes: [b:/b, a:/a] }\nenvironments: { a: {} }\n",
        "run: { port: 1 }\nhealth: { every: 2s }\nenvironments: { a: {} }\n",
        "run: { port: 1 }\nhealth: { tcp: true }\nenvironments: { a: {} }\n",
        "run: { port: 1, secrets: { A: env } }\nenvironments: { a: {} }\n",
    ];
    assert!(same.iter().all(|text| hash(text) == base));
    let hashes: std::collections::BTreeSet<String> =
        other.iter().map(|text| hash(text)).chain([base]).collect();
    assert_eq!(hashes.len(), other.len() + 1);
}

#[test]
fn a_rotated_secret_is_another_configuration() {
    let spec = spec("run: { port: 1, secrets: { A: env } }\nenvironments: { a: {} }\n");
    let with =
        |print: &str| config_hash(&spec, &BTreeMap::from([("A".to_owned(), print.to_owned())]));
    assert_ne!(with("01"), with("02"));
    assert_ne!(with("01"), config_hash(&spec, &BTreeMap::new()));
}

/// Whoever changes the hash makes every deploy of every user a new configuration once: then change this on purpose.
#[test]
fn the_hash_is_the_same_for_ever() {
    assert_eq!(
        hash(SMALLEST),
        "6409f589ad75340421885c73a8a60358851bfcb657661b3b0784c7c6c3beec6e"
    );
}
