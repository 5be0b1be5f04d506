//! A user's project, with the package installed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::root;

/// A folder with the package in `node_modules`, and the programs of `tests/package`.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
    /// What npm put into the package.
    pub(super) packed: Vec<String>,
}

impl Project {
    /// One for all tests.
    pub(super) fn shared() -> &'static Self {
        static PROJECT: OnceLock<Project> = OnceLock::new();
        PROJECT.get_or_init(Self::make)
    }

    fn make() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("it can be cleared");
        }
        fs::create_dir_all(folder.join("page")).expect("it can be made");
        let mut pack = npm();
        pack.args(["pack", "--json", "--pack-destination"])
            .arg(&folder)
            .current_dir(root().join("dist/core"));
        let packs: Value = serde_json::from_str(&output(&mut pack, "")).expect("npm says JSON");
        let pack = &packs[0];
        let files = pack["files"].as_array().into_iter().flatten();
        let mut packed: Vec<String> = files.filter_map(|file| name(&file["path"])).collect();
        packed.sort_unstable();
        let tarball = folder.join(name(&pack["filename"]).expect("npm names the file"));
        let mut install = npm();
        install
            .args(["install", "--offline", "--no-audit", "--no-fund"])
            .arg(tarball)
            .current_dir(&folder);
        fs::write(folder.join("package.json"), r#"{"type":"module"}"#).expect("it can be written");
        output(&mut install, "");
        let project = Self { folder, packed };
        for program in [
            "ask.mjs",
            "node.mjs",
            "inlined.mjs",
            "panic.mjs",
            "consumer.ts",
        ] {
            project.copy(program, program);
        }
        for part in ["ask.mjs", "page.mjs", "page.html"] {
            project.copy(part, &format!("page/{part}"));
        }
        let core = project.folder.join("page/core");
        fs::create_dir(&core).expect("it can be made");
        for part in ["index.js", "core.wasm"] {
            let from = project.folder.join("node_modules/cd-action-core");
            fs::copy(from.join(part), core.join(part)).expect("it can be copied");
        }
        project
    }

    fn copy(&self, from: &str, to: &str) {
        let from = root().join("tests/package").join(from);
        fs::copy(from, self.folder.join(to)).expect("it can be copied");
    }

    /// Bundles one of its programs into a folder of its own outside, as `bundle.mjs`.
    pub(super) fn bundle(&self, entry: &str, name: &str, options: &str) -> PathBuf {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut bundle = node();
        bundle
            .arg(root().join("tests/package/bundle.mjs"))
            .arg(self.folder.join(entry))
            .arg(place.join("bundle.mjs"))
            .arg(options);
        output(&mut bundle, "");
        place
    }

    /// Puts the module beside a bundle.
    pub(super) fn copy_module(&self, place: &Path) {
        let module = self.folder.join("node_modules/cd-action-core/core.wasm");
        fs::copy(module, place.join("core.wasm")).expect("it can be copied");
    }
}

fn name(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

pub(super) fn node() -> Command {
    Command::new("node")
}

fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.env("npm_config_update_notifier", "false");
    npm
}

/// A program that npm has installed for development.
pub(super) fn programs(path: &str) -> PathBuf {
    let program = root().join("action/node_modules").join(path);
    assert!(
        program.exists(),
        "{} is not there: `cargo xtask dist` installs it",
        program.display()
    );
    program
}

/// What a program wrote before it ended well.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) stdout: String,
    pub(super) stderr: String,
}

pub(super) fn output(command: &mut Command, stdin: &str) -> String {
    run(command, stdin).stdout
}

pub(super) fn run(command: &mut Command, stdin: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started; `make test` installs node");
    // Each of these programs reads all of it before it writes, or none: neither side waits for the other.
    let mut pipe = child.stdin.take().expect("it is piped");
    let written = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let said = Said {
        stdout: String::from_utf8(output.stdout).expect("it writes UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(
        output.status.success() && written.is_ok(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        said.stderr,
        said.stdout
    );
    said
}
