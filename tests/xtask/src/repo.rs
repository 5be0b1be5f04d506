//! The repository as a folder: where it is, what it holds, and how programs are run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Contents of files by their path from the root, with `/`.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A working tree of this repository, and the cargo home that builds in it use.
#[derive(Clone, Debug)]
pub(crate) struct Repo {
    root: PathBuf,
    cargo_home: PathBuf,
    target: PathBuf,
}

impl Repo {
    /// The one that this program was started from.
    pub(crate) fn here() -> Result<Self> {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .context("tests/xtask is two folders deep")?
            .to_path_buf();
        let cargo_home = match std::env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => PathBuf::from(
                std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?,
            )
            .join(".cargo"),
        };
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self {
            root,
            cargo_home,
            target,
        })
    }

    /// A copy of it at `root`: what git tracks or would, and nothing built.
    pub(crate) fn copy_to(&self, root: &Path, cargo_home: &Path) -> Result<Self> {
        for path in self.sources()? {
            write(&root.join(&path), &self.read(&path)?)?;
        }
        Ok(Self {
            root: root.to_path_buf(),
            cargo_home: cargo_home.to_path_buf(),
            target: root.join("target"),
        })
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo keeps what it downloads.
    pub(crate) fn cargo_home(&self) -> &Path {
        &self.cargo_home
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// An empty folder of this name under [`Self::target`].
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let dir = self.target.join("xtask").join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(dir)
    }

    /// Whether there is such a file or folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// A file's bytes.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>> {
        fs::read(self.root.join(path)).with_context(|| format!("cannot read {path}"))
    }

    /// A file's text.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        String::from_utf8(self.read(path)?).with_context(|| format!("{path} is not UTF-8"))
    }

    /// Writes what differs, and says which files those were.
    pub(crate) fn write(&self, files: &Files) -> Result<()> {
        for (path, content) in files {
            let same = self.has(path) && self.read(path)? == *content;
            if !same {
                write(&self.root.join(path), content)?;
                println!("wrote {path} ({} bytes)", content.len());
            }
        }
        Ok(())
    }

    /// Every file that git tracks or would track, and that is there.
    pub(crate) fn sources(&self) -> Result<Vec<String>> {
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&self.root)
            .output()
            .context("cannot start git")?;
        ensure!(
            listed.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr).trim()
        );
        let listed = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
        let mut paths: Vec<String> = listed
            .split_terminator('\0')
            .filter(|path| self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        paths.sort_unstable();
        paths.dedup();
        Ok(paths)
    }

    /// The same toolchain's cargo that this program was started by, in the root, with this cargo home.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&self.root)
            .env("CARGO_HOME", &self.cargo_home)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// npm in the folder of the TypeScript.
    pub(crate) fn npm(&self) -> Command {
        let mut command = Command::new("npm");
        command
            .current_dir(self.root.join("action"))
            .env("npm_config_update_notifier", "false");
        command
    }
}

/// Runs it with our own output, and fails where it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        let args: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect();
        bail!(
            "`{} {}`: {status}",
            Path::new(&program)
                .file_name()
                .unwrap_or_default()
                .display(),
            args.join(" ")
        );
    }
    Ok(())
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let dir = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Every file under a folder, by its path below it; none where there is no such folder.
pub(crate) fn files_under(dir: &Path) -> Result<Files> {
    let mut files = Files::new();
    if dir.exists() {
        collect(dir, "", &mut files)?;
    }
    Ok(files)
}

fn collect(dir: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}
