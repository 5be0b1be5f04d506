//! `cargo xtask tidy`: the house rules that no compiler knows.
//!
//! Its lists and exceptions, each with a reason, are in `tests/xtask/tidy.txt`. To add a rule: a function from [`House`]
//! to complaints, called in [`complaints`]. What a page promises of other files is in `hazards.rs`.

mod hazards;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use crate::repo::Repo;

const LISTS: &str = "tests/xtask/tidy.txt";
/// Longest file of code without a reason on the list.
const LONGEST: usize = 600;
const CODE: [&str; 5] = [".rs", ".ts", ".mjs", ".py", ".sh"];
/// Written by programs, or word for word by others.
const NOT_OURS: [&str; 6] = [
    "dist/",
    "action/package/types.ts",
    "action/src/generated/",
    "Cargo.lock",
    "action/package-lock.json",
    "LICENSE-APACHE",
];

/// Checks all of it.
pub(crate) fn run(repo: &Repo, _: &[String]) -> Result<()> {
    let lists = Lists::parse(&repo.text(LISTS)?)?;
    let mut files = BTreeMap::new();
    for path in repo.sources()? {
        // A file that is no text (an image) has nothing to be read.
        files.insert(path.clone(), repo.text(&path).unwrap_or_default());
    }
    let house = House {
        lists,
        files,
        private_words: private_words(repo),
    };
    let complaints = [complaints(&house), hazards::complaints(&house.files)].concat();
    if complaints.is_empty() {
        println!("{} files are tidy", house.files.len());
        return Ok(());
    }
    bail!("untidy:\n  {}", complaints.join("\n  "));
}

/// What the rules look at.
struct House {
    lists: Lists,
    files: BTreeMap<String, String>,
    private_words: Vec<String>,
}

fn complaints(house: &House) -> Vec<String> {
    [
        top_level(house),
        long_files(house),
        words(house),
        heads(house),
    ]
    .concat()
}

/// Each entry of the root has a purpose on the list.
fn top_level(house: &House) -> Vec<String> {
    let mut entries: Vec<&str> = house
        .files
        .keys()
        .filter_map(|path| path.split('/').next())
        .collect();
    entries.dedup();
    let unknown = entries
        .iter()
        .filter(|entry| !house.lists.top_level.contains_key(**entry));
    unknown
        .map(|entry| format!("{entry}: not in [top-level] of {LISTS}, with its purpose"))
        .collect()
}

/// A file of code is short, or is on the list with a reason; who is on the list needs to be.
fn long_files(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in
        ours(house).filter(|(path, _)| CODE.iter().any(|ending| path.ends_with(ending)))
    {
        let lines = text.lines().count();
        match (lines > LONGEST, house.lists.long_files.contains_key(path)) {
            (true, false) => found.push(format!(
                "{path}: {lines} lines; split it, or say why not in [long-files]"
            )),
            (false, true) => found.push(format!(
                "{path}: {lines} lines; it need not be in [long-files] any more"
            )),
            (true, true) | (false, false) => {}
        }
    }
    let gone = house
        .lists
        .long_files
        .keys()
        .filter(|path| !house.files.contains_key(*path));
    found.extend(gone.map(|path| format!("{path}: in [long-files], but not there")));
    found
}

/// No file holds a word of the list, or a path of the machine it was written on.
fn words(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in ours(house).filter(|(path, _)| path.as_str() != LISTS) {
        for (number, line) in text.lines().enumerate() {
            for (word, why) in house
                .lists
                .forbidden_words
                .iter()
                .filter(|(word, _)| has_word(line, word))
            {
                found.push(format!("{path}:{}: `{word}`: {why}", number + 1));
            }
            for word in house
                .private_words
                .iter()
                .filter(|word| has_word(line, word))
            {
                found.push(format!(
                    "{path}:{}: `{word}` is nobody else's business",
                    number + 1
                ));
            }
        }
    }
    found
}

/// A file of Rust begins by saying what it is; one of tests alone need not.
fn heads(house: &House) -> Vec<String> {
    ours(house)
        .filter(|(path, text)| {
            path.ends_with(".rs") && !path.ends_with("/tests.rs") && !text.starts_with("//!")
        })
        .map(|(path, _)| format!("{path}:1: begin with `//!`, and what it is"))
        .collect()
}

fn ours(house: &House) -> impl Iterator<Item = (&String, &String)> {
    house
        .files
        .iter()
        .filter(|(path, _)| !NOT_OURS.iter().any(|prefix| path.starts_with(prefix)))
}

fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(part_of_word) && !line[at + word.len()..].starts_with(part_of_word)
    })
}

/// Where this working tree and the cargo home lie, and what the owner of this clone put on a list of their own.
fn private_words(repo: &Repo) -> Vec<String> {
    let mut words = vec![
        repo.root().display().to_string(),
        repo.cargo_home().display().to_string(),
    ];
    let own = repo.text(".git/info/forbidden-words").unwrap_or_default();
    words.extend(
        own.lines()
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned),
    );
    words
}

/// `tests/xtask/tidy.txt`: sections of `ENTRY: REASON`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lists {
    top_level: BTreeMap<String, String>,
    long_files: BTreeMap<String, String>,
    forbidden_words: BTreeMap<String, String>,
}

impl Lists {
    fn parse(text: &str) -> Result<Self> {
        let mut lists = Self::default();
        let mut section = String::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                name.clone_into(&mut section);
                continue;
            }
            let place = format!("{LISTS}:{}", number + 1);
            let (entry, reason) = line
                .split_once(": ")
                .with_context(|| format!("{place}: not `entry: reason`"))?;
            let list = match section.as_str() {
                "top-level" => &mut lists.top_level,
                "long-files" => &mut lists.long_files,
                "forbidden-words" => &mut lists.forbidden_words,
                other => bail!("{place}: no section [{other}]"),
            };
            ensure!(
                list.insert(entry.to_owned(), reason.to_owned()).is_none(),
                "{place}: `{entry}` is there twice"
            );
        }
        Ok(lists)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(files: &[(&str, &str)]) -> House {
        let lists = "[top-level]\ncore: decides\n[long-files]\ncore/long.rs: a table\n[forbidden-words]\nHACK: say why\n";
        let mut files: BTreeMap<String, String> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        files.insert("core/long.rs".to_owned(), "//! x\n".repeat(LONGEST + 1));
        House {
            lists: Lists::parse(lists).expect("it is well-formed"),
            files,
            private_words: vec!["/a/place".to_owned()],
        }
    }

    #[test]
    fn has_nothing_to_say_of_a_tidy_house() {
        assert_eq!(
            complaints(&house(&[("core/lib.rs", "//! Decides.\n")])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn asks_for_the_purpose_of_an_unknown_entry_of_the_root() {
        assert_eq!(complaints(&house(&[("misc/notes.md", "")])).len(), 1);
    }

    #[test]
    fn asks_for_the_reason_of_a_long_file_and_drops_it_when_it_is_short() {
        let long = "//! x\n".repeat(LONGEST + 1);
        assert_eq!(complaints(&house(&[("core/other.rs", &long)])).len(), 1);
        assert_eq!(complaints(&house(&[("core/other.md", &long)])).len(), 0);
        let mut house = house(&[]);
        house
            .files
            .insert("core/long.rs".to_owned(), "//! short now".to_owned());
        assert_eq!(complaints(&house).len(), 1);
    }

    #[test]
    fn finds_whole_words_only() {
        let found = complaints(&house(&[(
            "core/a.rs",
            "//! HACK\n// HACKS, /a/places\n// see /a/place/b\n",
        )]));
        assert_eq!(
            found,
            [
                "core/a.rs:1: `HACK`: say why",
                "core/a.rs:3: `/a/place` is nobody else's business"
            ]
        );
    }

    #[test]
    fn wants_a_head_on_every_file_of_rust() {
        assert_eq!(
            complaints(&house(&[("core/a.rs", "use b;\n")])),
            ["core/a.rs:1: begin with `//!`, and what it is"]
        );
    }

    #[test]
    fn refuses_a_list_that_it_does_not_understand() {
        for text in [
            "a: b",
            "[other]\na: b",
            "[top-level]\nno reason",
            "[top-level]\na: b\na: c",
        ] {
            assert!(Lists::parse(text).is_err(), "{text}");
        }
    }
}
