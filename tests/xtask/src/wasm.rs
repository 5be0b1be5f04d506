//! `cargo xtask wasm`: the core for JavaScript, the same bytes on every machine.
//!
//! `wasm-bindgen`'s second half is linked into this program, so that Cargo.lock alone pins both halves.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::repo::{self, Files, Repo};

/// Where the module goes: into the package for other tools. The bundles load it from there, so that there is one.
const MODULE: &str = "dist/core/core.wasm";
/// Where the module goes that holds no more than `metadata` needs. The same glue serves both: `tests/contract` proves it.
const METADATA: &str = "dist/metadata.wasm";
/// Where its glue goes.
const GLUE: &str = "action/src/generated/core";

const TARGET: &str = "wasm32-unknown-unknown";
/// How the environment can change what cargo builds.
const OVERRIDES: [&str; 4] = [
    "CARGO_PROFILE_",
    "CARGO_BUILD_",
    "CARGO_INCREMENTAL",
    "RUSTFLAGS",
];

/// Builds and writes it.
pub(crate) fn run(repo: &Repo, _: &[String]) -> Result<()> {
    repo.write(&files(repo)?)
}

/// The modules and their glue, by path.
pub(crate) fn files(repo: &Repo) -> Result<Files> {
    let mut files = Files::new();
    for (name, content) in bound(repo, &[])? {
        let path = match name.as_str() {
            // The types of the module's raw exports: nobody calls them but the glue.
            "cd_wasm_bg.wasm.d.ts" => continue,
            "cd_wasm_bg.wasm" => MODULE.to_owned(),
            _ => format!("{GLUE}/{name}"),
        };
        files.insert(path, content);
    }
    let part = bound(repo, &["--features", "metadata"])?;
    let module = part.into_iter().find(|(name, _)| name == "cd_wasm_bg.wasm");
    let (_, module) = module.context("wasm-bindgen made no module")?;
    files.insert(METADATA.to_owned(), module);
    Ok(files)
}

/// What wasm-bindgen makes of the module, by name.
fn bound(repo: &Repo, features: &[&str]) -> Result<Files> {
    let mut output = Bindgen::new()
        .input_path(compile(repo, features)?)
        // Glue that is told what to load: by the shell, which reads a file, and by the package, which may be in a page.
        .web(true)?
        .omit_default_module_path(true)
        // After a panic the package throws the instance away.
        .reset_state_function(true)
        .typescript(true)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen")?;
    let dir = repo.scratch("bindgen")?;
    output.emit(&dir).context("wasm-bindgen")?;
    repo::files_under(&dir)
}

fn compile(repo: &Repo, features: &[&str]) -> Result<PathBuf> {
    let mut fetch = repo.cargo();
    repo::run(fetch.args(["fetch", "--quiet", "--locked", "--target", TARGET]))?;
    let mut build = repo.cargo();
    build.args(["build", "--quiet", "--locked", "--package", "cd-wasm"]);
    build.args(["--profile", "wasm", "--target", TARGET]);
    build.args(features);
    build.env("CARGO_ENCODED_RUSTFLAGS", remaps(repo)?);
    // Whatever somebody has set to build faster: the bytes are to be the same.
    for (name, _) in std::env::vars_os() {
        if OVERRIDES
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            build.env_remove(&name);
        }
    }
    repo::run(&mut build)?;
    Ok(repo.target().join(TARGET).join("wasm/cd_wasm.wasm"))
}

/// Takes the machine's paths out of the messages of panics: where sources, dependencies and the toolchain lie.
fn remaps(repo: &Repo) -> Result<OsString> {
    let mut places = vec![
        (repo.root().to_path_buf(), "/cd-action"),
        (toolchain(repo)?, "/rust"),
    ];
    // The folder's name depends on the registry's address, which may be a mirror's.
    let sources = repo.cargo_home().join("registry/src");
    for registry in
        fs::read_dir(&sources).with_context(|| format!("no folder {}", sources.display()))?
    {
        places.push((registry?.path(), "/crates"));
    }
    let mut flags = OsString::new();
    for (from, to) in places {
        // The compiler may see a path as given or with its links resolved.
        let resolved =
            fs::canonicalize(&from).with_context(|| format!("no folder {}", from.display()))?;
        for from in [from, resolved] {
            if !flags.is_empty() {
                flags.push("\u{1f}");
            }
            flags.push("--remap-path-prefix=");
            flags.push(from);
            flags.push("=");
            flags.push(to);
        }
    }
    Ok(flags)
}

fn toolchain(repo: &Repo) -> Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    let sysroot = rustc
        .args(["--print", "sysroot"])
        .current_dir(repo.root())
        .output()
        .context("cannot start rustc")?;
    ensure!(
        sysroot.status.success(),
        "rustc --print sysroot: {}",
        String::from_utf8_lossy(&sysroot.stderr)
    );
    let path = String::from_utf8(sysroot.stdout).context("the toolchain's path is not UTF-8")?;
    Ok(PathBuf::from(path.trim_end()))
}
