//! The versions that a project states in its manifest files, with their places: a release has one version, and whoever states
//! another one is told of.
//!
//! Only what a file states plainly is read: a version that a tool makes up later is seen in what was built.

use serde_json::Value;

use crate::protocol::{Completion, Effect, Run};
use crate::tag::Version;

/// Milliseconds that reading some small files may take.
const READ: u64 = 20_000;

/// Bytes of all of them.
const LIMIT: u32 = 4 << 20;

/// The files, in the root of the working tree, and how each is read.
const FILES: [(&str, Reader); 3] = [
    ("pyproject.toml", |text| {
        toml(text, &["project", "tool.poetry"])
    }),
    ("Cargo.toml", |text| {
        toml(text, &["package", "workspace.package"])
    }),
    ("package.json", json),
];

type Reader = fn(&str) -> Option<(u32, u32, String)>;

const SCRIPT: &str = r#"cd "$1" || exit 1
shift
for it do
  printf '\036%s\037' "$it"
  if [ -f "$it" ]; then head -c 1000000 -- "$it"; fi
done
printf '\036'
"#;

/// A version, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The file, as seen from the working tree.
    pub file: &'static str,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// As it is written.
    pub version: String,
}

/// Which manifest files are there, and what is in them? (They come as the words of a program: what a file says that is read
/// would count as public, and somebody may have written a password into one.)
#[must_use]
pub fn question(workspace: &str) -> Effect {
    let argv = ["sh", "-c", SCRIPT, "sh", workspace].into_iter();
    let files = FILES.iter().map(|(file, _)| *file);
    Effect::Run(Run {
        argv: argv.chain(files).map(str::to_owned).collect(),
        inherit: vec!["PATH".to_owned()],
        timeout: READ,
        output_limit: LIMIT,
        ..Run::default()
    })
}

/// What they state.
#[must_use]
pub fn answer(completion: Option<&Completion>) -> Vec<Stated> {
    let said = match completion {
        Some(Completion::Exited { stdout, .. }) => stdout.as_str(),
        Some(_) | None => "",
    };
    let sections = said.split('\u{1e}');
    let sections: Vec<(&str, &str)> = sections
        .filter_map(|section| section.split_once('\u{1f}'))
        .collect();
    let stated = FILES.iter().filter_map(|(file, read)| {
        let (_, text) = sections.iter().find(|(name, _)| name == file)?;
        let (line, column, version) = read(text)?;
        Some(Stated {
            file,
            line,
            column,
            version,
        })
    });
    stated.collect()
}

/// Who disagrees with the version of a release, which `source` states; nobody: empty.
#[must_use]
pub fn disagreement(release: &Version, source: &str, stated: &[Stated]) -> Vec<String> {
    let others: Vec<&Stated> = stated
        .iter()
        .filter(|it| !is_same(release, &it.version))
        .collect();
    if others.is_empty() {
        return Vec::new();
    }
    let place = |it: &Stated| format!("{}:{}:{}", it.file, it.line, it.column);
    let lines = stated
        .iter()
        .map(|it| format!("  {} says {}", place(it), it.version));
    let first = [
        "a release has one version, and here are more:".to_owned(),
        format!("  {source} says {}", release.text()),
    ];
    let lines: Vec<String> = first.into_iter().chain(lines).collect();
    vec![lines.join("\n")]
}

/// The same version, whichever of the two rules each is written by.
fn is_same(release: &Version, text: &str) -> bool {
    let Some(other) = Version::parse(text) else {
        return false;
    };
    let same = |one: Option<String>, two: Option<String>| one.is_some() && one == two;
    same(release.as_pep440(), other.as_pep440())
        || same(release.as_semver(), other.as_semver())
        || same(release.pep440(), other.pep440())
}

/// `version = "…"` in one of these tables.
fn toml(text: &str, tables: &[&str]) -> Option<(u32, u32, String)> {
    let mut table = String::new();
    for (at, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if let Some(header) = code.strip_prefix('[') {
            let name = header.split(']').next().unwrap_or_default();
            let parts: Vec<&str> = name
                .split('.')
                .map(|part| part.trim().trim_matches('"'))
                .collect();
            table = parts.join(".");
            continue;
        }
        let Some((key, value)) = code.split_once('=') else {
            continue;
        };
        let key = match table.as_str() {
            "" => key.trim().to_owned(),
            table => format!("{table}.{}", key.trim()),
        };
        let wanted = |table: &&str| key == format!("{table}.version");
        if !tables.iter().any(wanted) {
            continue;
        }
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let version = value.get(1..)?.split(quote).next()?;
        let before = line.find(value)?;
        let column = line.get(..before)?.chars().count() + 1;
        return Some((number(at + 1), number(column), version.to_owned()));
    }
    None
}

/// The member `version` of the outermost object; a private package has none that counts.
fn json(text: &str) -> Option<(u32, u32, String)> {
    let manifest: Value = serde_json::from_str(text).ok()?;
    let version = manifest.get("version")?.as_str()?;
    if manifest.get("private") == Some(&Value::Bool(true)) {
        return None;
    }
    let at = outermost_member(text, "version").unwrap_or_default();
    let before = text.get(..at)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next()?.chars().count() + 1;
    Some((number(line), number(column), version.to_owned()))
}

/// Where the name of a member of the outermost object begins. The text is JSON.
fn outermost_member(text: &str, name: &str) -> Option<usize> {
    let quoted = format!("\"{name}\"");
    let (mut depth, mut inside, mut escaped) = (0_u32, false, false);
    for (at, c) in text.char_indices() {
        match (inside, c) {
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = true,
            (true, '"') => inside = false,
            (false, '"') => {
                let rest = text.get(at..)?;
                let after = rest.strip_prefix(quoted.as_str()).map(str::trim_start);
                if depth == 1 && after.is_some_and(|after| after.starts_with(':')) {
                    return Some(at);
                }
                inside = true;
            }
            (false, '{' | '[') => depth += 1,
            (false, '}' | ']') => depth = depth.saturating_sub(1),
            (true | false, _) => {}
        }
    }
    None
}

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(files: &[(&str, &str)]) -> Vec<Stated> {
        let sections: String = files
            .iter()
            .map(|(name, text)| format!("\u{1e}{name}\u{1f}{text}"))
            .collect();
        answer(Some(&Completion::Exited {
            code: Some(0),
            signal: None,
            stdout: format!("{sections}\u{1e}"),
            stderr: String::new(),
        }))
    }

    fn places(stated: &[Stated]) -> Vec<String> {
        let places = stated.iter();
        let places =
            places.map(|it| format!("{}:{}:{} {}", it.file, it.line, it.column, it.version));
        places.collect()
    }

    const PYPROJECT: &str = "[build-system]\nversion = '9'\n[ project ] # here\nname = \"a\"\nversion  =  \"1.2.3rc1\" # now\n";

    #[test]
    fn a_version_has_a_place() {
        let files = [
            (
                "package.json",
                "{ \"a\": {\"version\": \"7\"},\n  \"b\": \"\\\"version\\\":\",\n  \"version\": \"1.2.3-rc.1\" }",
            ),
            ("pyproject.toml", PYPROJECT),
            (
                "Cargo.toml",
                "[workspace.package]\nversion = \"1.2.3-rc.1\"\n[dependencies]\na = { version = \"2\" }\n",
            ),
        ];
        assert_eq!(
            places(&said(&files)),
            [
                "pyproject.toml:5:13 1.2.3rc1",
                "Cargo.toml:2:11 1.2.3-rc.1",
                "package.json:3:3 1.2.3-rc.1"
            ]
        );
    }

    #[test]
    fn what_is_not_stated_plainly_is_not_stated() {
        let files = [
            ("package.json", "{\"version\":\"1.0.0\",\"private\":true}"),
            (
                "pyproject.toml",
                "[project]\ndynamic = [\"version\"]\n[tool.x]\nversion = \"3\"\n",
            ),
            ("Cargo.toml", "[package]\nversion.workspace = true\n"),
        ];
        assert_eq!(said(&files), []);
        assert_eq!(said(&[("package.json", "{")]), []);
    }

    #[test]
    fn one_version_in_two_spellings_is_one() {
        let release = Version::parse("v1.2.3-rc.1").expect("it is one");
        let stated = said(&[("pyproject.toml", PYPROJECT)]);
        assert_eq!(
            disagreement(&release, "the git tag", &stated),
            Vec::<String>::new()
        );
    }

    #[test]
    fn whoever_says_another_one_is_told_of_with_everybody_else() {
        let release = Version::parse("1.2.3").expect("it is one");
        let stated = said(&[
            ("pyproject.toml", PYPROJECT),
            ("Cargo.toml", "[package]\nversion = \"1.2.3\"\n"),
        ]);
        assert_eq!(
            disagreement(&release, "the git tag v1.2.3", &stated),
            [
                "a release has one version, and here are more:\n  the git tag v1.2.3 says 1.2.3\n  pyproject.toml:5:13 says 1.2.3rc1\n  Cargo.toml:2:11 says 1.2.3"
            ]
        );
    }
}
