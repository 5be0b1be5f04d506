//! `cargo xtask bans`: proof that each entry of `core/clippy.toml` stops the compiler.
//!
//! A ban that is misspelt is silent. So a small crate that breaks every one of them, once each, is linted with the core's
//! own `clippy.toml`: every entry must be reported, and everything in the crate must be an entry.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::repo::{self, Repo};

const RULES: &str = "core/clippy.toml";
/// The crate that breaks them.
const BREAKER: &str = include_str!("bans/breaker.rs");

/// Lints the breaker, and compares what is reported with what is listed.
pub(crate) fn run(repo: &Repo, _: &[String]) -> Result<()> {
    let rules = repo.text(RULES)?;
    let listed = listed(&rules);
    ensure!(!listed.is_empty(), "{RULES} bans nothing");
    let dir = repo.scratch("bans")?;
    repo::write(&dir.join("clippy.toml"), rules.as_bytes())?;
    repo::write(&dir.join("src/lib.rs"), BREAKER.as_bytes())?;
    let manifest = "[package]\nname = \"breaker\"\nedition = \"2024\"\n[workspace]\n";
    repo::write(&dir.join("Cargo.toml"), manifest.as_bytes())?;
    let mut cargo = repo.cargo();
    cargo
        .args(["clippy", "--quiet", "--offline", "--message-format=json"])
        .current_dir(&dir);
    cargo.env("CARGO_TARGET_DIR", dir.join("target"));
    let linted = cargo.output().context("cannot start cargo clippy")?;
    let messages =
        String::from_utf8(linted.stdout).context("cargo clippy's answer is not UTF-8")?;
    let reported = reported(&messages)?;
    fs::remove_dir_all(&dir).context("cannot clear the breaker")?;
    compare(&listed, &reported)?;
    println!("{} bans, and each stops the compiler", listed.len());
    Ok(())
}

/// Every path that the rules ban.
fn listed(rules: &str) -> BTreeSet<String> {
    rules
        .lines()
        .filter_map(|line| quoted(line.split_once("path = ")?.1))
        .collect()
}

/// Every path that clippy complained of. Other complaints are mistakes of the breaker.
fn reported(messages: &str) -> Result<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    for line in messages.lines() {
        let message: serde_json::Value =
            serde_json::from_str(line).context("cargo clippy did not answer in JSON")?;
        let Some(text) = message
            .pointer("/message/message")
            .and_then(serde_json::Value::as_str)
        else {
            continue;
        };
        let code = message
            .pointer("/message/code/code")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        if code.starts_with("clippy::disallowed_") {
            paths.extend(
                text.split_once('`')
                    .and_then(|(_, rest)| rest.split_once('`'))
                    .map(|(path, _)| path.to_owned()),
            );
        } else if !code.is_empty() || message.pointer("/message/level") == Some(&"error".into()) {
            bail!("the breaker, or {RULES}: {text}");
        }
    }
    Ok(paths)
}

fn compare(listed: &BTreeSet<String>, reported: &BTreeSet<String>) -> Result<()> {
    let silent: Vec<&str> = listed.difference(reported).map(String::as_str).collect();
    let surplus: Vec<&str> = reported.difference(listed).map(String::as_str).collect();
    ensure!(
        surplus.is_empty(),
        "reported, but not listed in {RULES}: {}",
        surplus.join(", ")
    );
    ensure!(
        silent.is_empty(),
        "listed in {RULES}, but nothing happens: {}\nhelp: correct the path, and break it once in tests/xtask/src/bans/breaker.rs",
        silent.join(", ")
    );
    Ok(())
}

fn quoted(text: &str) -> Option<String> {
    Some(text.split('"').nth(1)?.to_owned())
}
