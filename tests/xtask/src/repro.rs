//! `cargo xtask repro`: the same sources make the same `dist/` elsewhere.
//!
//! Another folder, another cargo home, nothing built yet. What is not varied: the toolchain, which
//! `rust-toolchain.toml` pins, this program, and node's packages, which package-lock.json pins.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::repo::{self, Files, Repo};
use crate::{dist, wasm};

/// Builds it elsewhere, and compares.
pub(crate) fn run(repo: &Repo, _: &[String]) -> Result<()> {
    let place = std::env::temp_dir().join(format!("cd-action-repro-{}", std::process::id()));
    let result = build(repo, &place);
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot clear {}", place.display()))?;
    }
    let (here, there) = (repo::files_under(&repo.root().join("dist"))?, result?);
    ensure!(!there.is_empty(), "nothing was built");
    let names: std::collections::BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let mut same = true;
    for name in names {
        let (a, b) = (hash(&here, name), hash(&there, name));
        println!(
            "{} dist/{name}\n  here  {a}\n  there {b}",
            if a == b { "same  " } else { "DIFFER" }
        );
        same &= a == b;
    }
    ensure!(
        same,
        "dist/ depends on where it is built, or is not current (`cargo xtask check` says which)"
    );
    Ok(())
}

fn build(repo: &Repo, place: &Path) -> Result<Files> {
    let cargo_home = place.join("a cargo home");
    lend_registry(repo.cargo_home(), &cargo_home)?;
    let copy = repo.copy_to(&place.join("quite/another/folder"), &cargo_home)?;
    let stale = copy.root().join("dist");
    if stale.exists() {
        fs::remove_dir_all(stale)?;
    }
    copy.write(&wasm::files(&copy)?)?;
    dist::install(repo)?;
    dist::lend_tools(repo, &copy)?;
    dist::bundle(&copy)?;
    repo::files_under(&copy.root().join("dist"))
}

/// What cargo has downloaded, so that it need not again; without what it unpacked, and without anybody's credentials.
fn lend_registry(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for part in ["config.toml", "registry/index", "registry/cache"] {
        let from = from.join(part);
        if from.is_file() {
            repo::write(&to.join(part), &fs::read(&from)?)?;
        }
        for (path, content) in if from.is_dir() {
            repo::files_under(&from)?
        } else {
            Files::new()
        } {
            repo::write(&to.join(part).join(path), &content)?;
        }
    }
    Ok(())
}

fn hash(files: &Files, name: &str) -> String {
    match files.get(name) {
        Some(content) => Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        None => "not there".to_owned(),
    }
}
