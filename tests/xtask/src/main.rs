//! Everything that is done to this repository: generate, build, check.
//!
//! One file a subcommand, each with one public `run`. To add one: the file, its `mod`, and a row of [`COMMANDS`].

mod bans;
mod check;
mod ci;
mod dist;
mod generate;
mod repo;
mod repro;
mod tidy;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};
use repo::Repo;

type Subcommand = fn(&Repo, &[String]) -> Result<()>;

const COMMANDS: &[(&str, &str, Subcommand)] = &[
    (
        "generate",
        "write what is derived from the Rust types: protocol.ts, types.ts, schema.json, action.yml, README tables",
        generate::run,
    ),
    (
        "wasm",
        "build the core for JavaScript: dist/core/core.wasm and its glue",
        wasm::run,
    ),
    (
        "dist",
        "generate, wasm, the bundles and the package: everything that is built and committed",
        dist::run,
    ),
    (
        "check",
        "make all of that anew elsewhere and compare it byte for byte with what is here",
        check::run,
    ),
    (
        "ci",
        "every check in turn, stopping at the first that fails; `ci NAME…` runs only those, `ci --list` names them",
        ci::run,
    ),
    (
        "repro",
        "build dist/ in another folder with another cargo home and compare the hashes",
        repro::run,
    ),
    (
        "bans",
        "prove that each entry of core/clippy.toml stops the compiler",
        bans::run,
    ),
    ("tidy", "the house rules that no compiler knows", tidy::run),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else {
        println!("cargo xtask COMMAND\n");
        for (name, purpose, _) in COMMANDS {
            println!("  {name:<10}{purpose}");
        }
        return Ok(());
    };
    let Some((_, _, subcommand)) = COMMANDS.iter().find(|(known, _, _)| known == name) else {
        let known: Vec<&str> = COMMANDS.iter().map(|(name, _, _)| *name).collect();
        bail!("no command `{name}`; there are {}", known.join(", "));
    };
    subcommand(&Repo::here()?, rest)
}
