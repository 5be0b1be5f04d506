//! `cargo xtask check`: what is committed is what the sources make, byte for byte.

use anyhow::{Result, bail};

use crate::repo::{self, Files, Repo};
use crate::{dist, generate, wasm};

/// Folders in which every file is made by `dist`.
const MADE: [&str; 2] = ["action/src/generated", "dist"];

/// Makes everything anew in a copy, compares, and lists every difference.
pub(crate) fn run(repo: &Repo, _: &[String]) -> Result<()> {
    let expected = make(repo)?;
    let mut actual = Files::new();
    for path in expected.keys().filter(|path| repo.has(path)) {
        actual.insert(path.clone(), repo.read(path)?);
    }
    for dir in MADE {
        for (name, content) in repo::files_under(&repo.root().join(dir))? {
            actual.insert(format!("{dir}/{name}"), content);
        }
    }
    let differences = differences(&expected, &actual);
    if differences.is_empty() {
        println!("{} files are as the sources make them", expected.len());
        return Ok(());
    }
    bail!(
        "not as the sources make them:\n{}\nhelp: `cargo xtask dist`, then commit",
        differences.join("\n")
    );
}

fn make(repo: &Repo) -> Result<Files> {
    let mut files = generate::files(repo)?;
    files.extend(wasm::files(repo)?);
    dist::install(repo)?;
    let copy = repo.copy_to(&repo.scratch("check")?, repo.cargo_home())?;
    let stale = copy.root().join("dist");
    if stale.exists() {
        std::fs::remove_dir_all(stale)?;
    }
    for (path, content) in &files {
        repo::write(&copy.root().join(path), content)?;
    }
    dist::lend_tools(repo, &copy)?;
    dist::bundle(&copy)?;
    for (name, content) in repo::files_under(&copy.root().join("dist"))? {
        files.insert(format!("dist/{name}"), content);
    }
    Ok(files)
}

fn differences(expected: &Files, actual: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (path, content) in expected {
        match actual.get(path) {
            None => found.push(format!("  {path}: missing")),
            Some(other) if other != content => {
                found.push(format!("  {path}: {}", first_difference(content, other)))
            }
            Some(_) => {}
        }
    }
    found.extend(
        actual
            .keys()
            .filter(|path| !expected.contains_key(*path))
            .map(|path| format!("  {path}: nothing makes it")),
    );
    found
}

fn first_difference(expected: &[u8], actual: &[u8]) -> String {
    let at = expected
        .iter()
        .zip(actual)
        .take_while(|(a, b)| a == b)
        .count();
    let line = 1 + expected[..at].iter().filter(|byte| **byte == b'\n').count();
    format!(
        "{} bytes instead of {}, first difference at byte {at} (line {line})",
        actual.len(),
        expected.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter()
            .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn names_what_is_missing_what_differs_and_what_nothing_makes() {
        let expected = files(&[("a", "same"), ("b", "one\ntwo"), ("c", "gone")]);
        let actual = files(&[("a", "same"), ("b", "one\ntoo!"), ("d", "left over")]);
        assert_eq!(
            differences(&expected, &actual),
            [
                "  b: 8 bytes instead of 7, first difference at byte 5 (line 2)",
                "  c: missing",
                "  d: nothing makes it",
            ]
        );
    }

    #[test]
    fn says_nothing_of_equal_files() {
        assert!(differences(&files(&[("a", "x")]), &files(&[("a", "x")])).is_empty());
    }
}
