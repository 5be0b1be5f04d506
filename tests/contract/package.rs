//! The package answers as the native core does, byte for byte: in node, in bundles and in a page.
//!
//! It is packed and installed as npm does that; nothing of it is taken from the repository. To add a question:
//! `package/questions.rs`; another place to ask it in: a function here and a program in `tests/package`.

mod native;
mod project;
mod questions;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::text;
use project::{Project, node, output, programs};
use questions::questions;

#[test]
fn node_answers_as_the_native_core() {
    let project = Project::shared();
    compare(
        "node",
        &ask(node().arg("node.mjs").current_dir(&project.folder)),
    );
}

#[test]
fn a_bundle_with_the_module_beside_it_answers_as_the_native_core() {
    let project = Project::shared();
    let place = project.bundle("node.mjs", "copied", r#"{"platform":"node"}"#);
    project.copy_module(&place);
    compare("the bundle", &ask(node().arg(place.join("bundle.mjs"))));
}

#[test]
fn a_bundle_with_the_module_inside_answers_as_the_native_core() {
    let options = r#"{"platform":"node","target":"node20","loader":{".wasm":"binary"}}"#;
    let place = Project::shared().bundle("inlined.mjs", "inlined", options);
    compare("the bundle", &ask(node().arg(place.join("bundle.mjs"))));
}

#[test]
fn a_page_answers_as_the_native_core_and_loads_nothing_from_elsewhere() {
    let Some(chromium) = chromium() else { return };
    let page = Project::shared().folder.join("page");
    let (answers, loaded) = ask_a_page(&page, chromium);
    compare("the page", &answers);
    let expected = [
        "/answers",
        "/ask.mjs",
        "/core/core.wasm",
        "/core/index.js",
        "/page.html",
        "/page.mjs",
        "/questions",
    ];
    assert_eq!(loaded, expected);
}

#[test]
fn a_bundled_page_answers_as_the_native_core() {
    let Some(chromium) = chromium() else { return };
    let project = Project::shared();
    let place = project.bundle("page/page.mjs", "bundled-page", "{}");
    project.copy_module(&place);
    let page = std::fs::read_to_string(project.folder.join("page/page.html")).expect("it is there");
    std::fs::write(
        place.join("page.html"),
        page.replace("page.mjs", "bundle.mjs"),
    )
    .expect("it can be written");
    let (answers, _) = ask_a_page(&place, chromium);
    compare("the bundled page", &answers);
}

#[test]
fn after_a_panic_it_begins_afresh() {
    let said = output(
        node()
            .args(["--wasm-max-mem-pages=64", "panic.mjs"])
            .current_dir(&Project::shared().folder),
        "",
    );
    assert_eq!(said, "ok\n");
}

#[test]
fn the_readmes_example_prints_what_it_says() {
    let readme = text("README.md");
    let (_, chapter) = readme
        .split_once("## For other JavaScript tools")
        .expect("README.md has that chapter");
    let fenced = |language: &str| {
        let (_, rest) = chapter
            .split_once(&format!("```{language}\n"))
            .expect("there is such a block");
        rest.split_once("```").expect("it ends").0
    };
    let project = Project::shared();
    let example = project.folder.join("example.mjs");
    std::fs::write(&example, fenced("js")).expect("it can be written");
    assert_eq!(output(node().arg(&example), ""), fenced("text"));
}

#[test]
fn its_types_hold_for_every_way_of_looking_them_up() {
    let project = Project::shared();
    for (module, resolution) in [("nodenext", "nodenext"), ("esnext", "bundler")] {
        let mut tsc = node();
        tsc.arg(programs("typescript/lib/tsc.js"))
            .args(["--noEmit", "--strict", "--exactOptionalPropertyTypes"])
            .args(["--target", "es2022", "--lib", "es2022"])
            .args(["--types", "", "--module", module])
            .args(["--moduleResolution", resolution, "consumer.ts"])
            .current_dir(&project.folder);
        assert_eq!(output(&mut tsc, ""), "", "{resolution}");
    }
}

#[test]
fn npm_packs_what_it_needs_and_nothing_else() {
    let project = Project::shared();
    let expected = [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "core.d.ts",
        "core.wasm",
        "errors.d.ts",
        "index.d.ts",
        "index.js",
        "package.json",
        "types.d.ts",
    ];
    assert_eq!(project.packed, expected);
    let manifest = std::fs::read_to_string(
        project
            .folder
            .join("node_modules/cd-action-core/package.json"),
    );
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest.expect("it is installed")).expect("it is JSON");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
}

fn compare(place: &str, answers: &str) {
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), questions().len(), "{place}");
    for (asked, answer) in questions().iter().zip(answers) {
        assert_eq!(
            answer, asked.answer,
            "{place}, asked to {} {}",
            asked.door, asked.question
        );
    }
}

fn ask(command: &mut Command) -> String {
    output(command, &questions::text())
}

/// The answers, and what the page loaded.
fn ask_a_page(folder: &Path, chromium: &Path) -> (String, Vec<String>) {
    let said = project::run(
        node()
            .arg(crate::root().join("tests/package/browser.mjs"))
            .args([folder, chromium]),
        &questions::text(),
    );
    let loaded = said.stderr.lines().last().expect("it says what was loaded");
    (
        said.stdout,
        serde_json::from_str(loaded).expect("it is a list"),
    )
}

/// Where there can be none this is skipped, and not silently; the continuous integration needs one.
fn chromium() -> Option<&'static Path> {
    static CHROMIUM: OnceLock<Option<PathBuf>> = OnceLock::new();
    CHROMIUM.get_or_init(find_chromium).as_deref()
}

fn find_chromium() -> Option<PathBuf> {
    let found = Command::new(crate::root().join("tests/package/chromium"))
        .output()
        .expect("bash can be started");
    if found.status.success() {
        let path = String::from_utf8(found.stdout).expect("its path is UTF-8");
        return Some(PathBuf::from(path.trim_end()));
    }
    let why = String::from_utf8_lossy(&found.stderr);
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "the continuous integration needs a browser: {why}"
    );
    // Past the test runner, which shows only what failing tests print.
    let mut stderr = std::io::stderr();
    let _ = writeln!(
        stderr,
        "SKIPPED: the package in a page: there is no browser: {why}"
    );
    None
}
