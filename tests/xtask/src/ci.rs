//! `cargo xtask ci`: every check in turn, stopping at the first that fails.
//!
//! To add a check: a row of [`STEPS`]. The cheap ones come first.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::repo::{self, Repo};
use crate::{bans, check, dist, tidy};

struct Step {
    name: &'static str,
    /// What to do where it fails.
    remedy: &'static str,
    run: fn(&Repo) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        remedy: "`cargo fmt --all`",
        run: fmt,
    },
    Step {
        name: "tidy",
        remedy: "what each line says; exceptions go into tests/xtask/tidy.txt",
        run: |repo| tidy::run(repo, &[]),
    },
    Step {
        name: "clippy",
        remedy: "correct it, or `#[expect(…, reason = \"…\")]`",
        run: clippy,
    },
    Step {
        name: "bans",
        remedy: "see the head of core/clippy.toml",
        run: |repo| bans::run(repo, &[]),
    },
    Step {
        name: "test",
        remedy: "`cargo test --package …` runs one crate",
        run: test,
    },
    Step {
        name: "doc",
        remedy: "`cargo doc --workspace --no-deps --document-private-items`",
        run: doc,
    },
    Step {
        name: "check",
        remedy: "`cargo xtask dist`, then commit",
        run: |repo| check::run(repo, &[]),
    },
    Step {
        name: "contract",
        remedy: "`cargo test --package contract --profile fast`",
        run: contract,
    },
    Step {
        name: "metadata",
        remedy: "`node --test tests/metadata/*.test.mjs` with Node 24",
        run: metadata,
    },
    Step {
        name: "npm-lint",
        remedy: "`npm run lint` in action/",
        run: |repo| script(repo, "lint"),
    },
    Step {
        name: "npm-test",
        remedy: "`npm test` in action/",
        run: |repo| script(repo, "test"),
    },
];

/// Runs those that are named, or all.
pub(crate) fn run(repo: &Repo, names: &[String]) -> Result<()> {
    if names == ["--list"] {
        STEPS.iter().for_each(|step| println!("{}", step.name));
        return Ok(());
    }
    for name in names {
        ensure!(
            STEPS.iter().any(|step| step.name == name),
            "no step `{name}`; `cargo xtask ci --list` names them"
        );
    }
    let all = Instant::now();
    let mut count = 0;
    for step in STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| name == step.name))
    {
        println!("── {}", step.name);
        let begun = Instant::now();
        if let Err(error) = (step.run)(repo) {
            bail!(
                "{} failed after {:.1} s: {error:#}\nhelp: {}",
                step.name,
                begun.elapsed().as_secs_f64(),
                step.remedy
            );
        }
        println!(
            "── {}: ok, {:.1} s\n",
            step.name,
            begun.elapsed().as_secs_f64()
        );
        count += 1;
    }
    println!(
        "{count} checks passed in {:.0} s",
        all.elapsed().as_secs_f64()
    );
    Ok(())
}

fn fmt(repo: &Repo) -> Result<()> {
    repo::run(repo.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(repo: &Repo) -> Result<()> {
    repo::run(repo.cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The simulator and the contract tests are always named together: each alone would get other features of what they depend
/// on, and the core would be built twice.
const BUILT_FAST: [&str; 6] = [
    "--profile",
    "fast",
    "--package",
    "sim",
    "--package",
    "contract",
];

/// Everything but the contract tests, which need what `check` is to prove. This program goes apart from the rest: together,
/// their dependencies would get other features, and wasm-bindgen would be built once more. The simulator is
/// built to be fast.
fn test(repo: &Repo) -> Result<()> {
    let rest = [
        "--workspace",
        "--exclude",
        "contract",
        "--exclude",
        "xtask",
        "--exclude",
        "sim",
        "--features",
        "cd-core/generate",
    ];
    let sim = [&BUILT_FAST[..], &["--lib"]].concat();
    let own = ["--package", "xtask"];
    for which in [&rest[..], &sim, &own] {
        repo::run(repo.cargo().args(["test", "--locked"]).args(which))?;
    }
    Ok(())
}

/// Also of what is private: these documents are for whoever changes it.
fn doc(repo: &Repo) -> Result<()> {
    let mut cargo = repo.cargo();
    cargo.args([
        "doc",
        "--quiet",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--locked",
    ]);
    repo::run(cargo.env(
        "RUSTDOCFLAGS",
        "-D warnings -A rustdoc::private-intra-doc-links",
    ))
}

fn contract(repo: &Repo) -> Result<()> {
    node_24()?;
    let mut cargo = repo.cargo();
    cargo.args(["test", "--locked"]).args(BUILT_FAST);
    repo::run(cargo.args(["--test", "contract"]))
}

/// What ships, started as runners and people start it. It looks at what is committed, like the contract tests.
fn metadata(repo: &Repo) -> Result<()> {
    node_24()?;
    let folder = repo.root().join("tests/metadata");
    let mut tests: Vec<_> = std::fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    tests.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    tests.sort();
    ensure!(!tests.is_empty(), "no tests in {}", folder.display());
    let mut node = Command::new("node");
    node.args([
        "--test",
        "--test-reporter=dot",
        "--disable-warning=ExperimentalWarning",
    ]);
    repo::run(node.args(tests).current_dir(repo.root()))
}

fn script(repo: &Repo, name: &str) -> Result<()> {
    ensure!(
        repo.has("action/package.json"),
        "action/package.json is missing"
    );
    node_24()?;
    dist::install(repo)?;
    repo::run(repo.npm().args(["run", "--silent", name]))
}

/// The runner bundles Node 24, so what runs there is tested there.
fn node_24() -> Result<()> {
    let output = Command::new("node")
        .arg("--version")
        .output()
        .context("cannot start node; `make test` installs it")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major >= Some(24),
        "node on the PATH is {version}, and 24 is needed; `make test` installs it"
    );
    Ok(())
}
