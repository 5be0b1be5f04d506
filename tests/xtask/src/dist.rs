//! `cargo xtask dist`: everything that is built and committed.

use std::path::Path;

use anyhow::Result;

use crate::repo::{self, Repo};
use crate::{generate, wasm};

const PACKAGE: &str = "action/package.json";
/// npm's own note of what it installed.
const INSTALLED: &str = "action/node_modules/.package-lock.json";

/// Generates, builds the module, and bundles.
pub(crate) fn run(repo: &Repo, args: &[String]) -> Result<()> {
    generate::run(repo, args)?;
    wasm::run(repo, args)?;
    install(repo)?;
    bundle(repo)
}

/// Installs the development tools of the TypeScript, where that has not been done since the lock file changed.
pub(crate) fn install(repo: &Repo) -> Result<()> {
    let age = |path: &str| {
        repo.root()
            .join(path)
            .metadata()
            .and_then(|meta| meta.modified())
            .ok()
    };
    if !repo.has(PACKAGE)
        || age(INSTALLED) >= age("action/package-lock.json") && age(INSTALLED).is_some()
    {
        return Ok(());
    }
    repo::run(
        repo.npm()
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
    )
}

/// Bundles the TypeScript into `dist/`.
pub(crate) fn bundle(repo: &Repo) -> Result<()> {
    if !repo.has(PACKAGE) {
        return Ok(());
    }
    repo::run(repo.npm().args(["run", "--silent", "build"]))
}

/// Lets a copy of the repository use the tools that are installed in the original.
pub(crate) fn lend_tools(from: &Repo, to: &Repo) -> Result<()> {
    let (modules, link) = (
        from.root().join("action/node_modules"),
        to.root().join("action/node_modules"),
    );
    if modules.exists() && !Path::new(&link).exists() {
        std::os::unix::fs::symlink(modules, link)?;
    }
    Ok(())
}
