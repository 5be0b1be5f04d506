//! `docs/hazards.md`: every hazard has its row, and every test that a row names is there.
//!
//! The last cell of a row holds files and names of tests, each in backticks, a file before its tests; or it begins with
//! `does not apply`, and says why.

use std::collections::BTreeMap;

const PAGE: &str = "docs/hazards.md";
const COUNT: usize = 20;

/// What is wrong with the page, if anything.
pub(super) fn complaints(files: &BTreeMap<String, String>) -> Vec<String> {
    let Some(page) = files.get(PAGE) else {
        return vec![format!("{PAGE}: not there")];
    };
    let rows = page.lines().filter(|line| line.starts_with("| H"));
    let mut found = Vec::new();
    let mut names = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let (name, shown) = match cells.as_slice() {
            [name, _, _, shown] => (*name, *shown),
            _ => (row, ""),
        };
        names.push(name.to_owned());
        found.extend(of_row(files, name, shown));
    }
    let expected: Vec<String> = (1..=COUNT).map(|number| format!("H{number}")).collect();
    if names != expected {
        found.push(format!(
            "{PAGE}: rows {}, where H1 to H{COUNT} are to be, in this order",
            names.join(" ")
        ));
    }
    found
}

fn of_row(files: &BTreeMap<String, String>, name: &str, shown: &str) -> Vec<String> {
    if shown.starts_with("does not apply: ") {
        return Vec::new();
    }
    let (mut file, mut tests, mut found) = ("", 0, Vec::new());
    for word in shown.split('`').skip(1).step_by(2) {
        if word.ends_with(".rs") || word.ends_with(".mjs") {
            file = word;
            continue;
        }
        tests += 1;
        if !files.get(file).is_some_and(|text| has_test(text, word)) {
            found.push(format!("{PAGE}: {name}: no test `{word}` in `{file}`"));
        }
    }
    if tests == 0 {
        found.push(format!(
            "{PAGE}: {name}: no test; name one, or say why it does not apply"
        ));
    }
    found
}

/// Whether a test of that name is there: in Rust a function under `#[test]`; in JavaScript what a name begins with.
fn has_test(text: &str, name: &str) -> bool {
    let begins = |quote: char| {
        let name = name.replace(quote, &format!("\\{quote}"));
        text.contains(&format!("test({quote}{name}"))
    };
    ['\'', '`', '"'].into_iter().any(begins) || has_rust_test(text, name)
}

fn has_rust_test(text: &str, name: &str) -> bool {
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with(&format!("fn {name}(")) && marked {
            return true;
        }
        marked = line == "#[test]" || (marked && line.starts_with("#["));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page on which all rows but those given say that they do not apply.
    fn files(rows: &[(usize, &str)]) -> BTreeMap<String, String> {
        let row = |number: usize| {
            let given = rows.iter().find(|(it, _)| *it == number);
            let shown = given.map_or("does not apply: no such thing", |(_, shown)| *shown);
            format!("| H{number} | elsewhere | here | {shown} |\n")
        };
        let page = (1..=COUNT).map(row).collect();
        let rust = "#[test]\nfn it_holds() {}\nfn no_test() {}\n";
        let script =
            "  test(`it is so (seed ${seed})`, async () => {\ntest('nobody\\'s fault', async";
        BTreeMap::from([
            (PAGE.to_owned(), page),
            ("a.rs".to_owned(), rust.to_owned()),
            ("b.mjs".to_owned(), script.to_owned()),
        ])
    }

    #[test]
    fn says_nothing_of_rows_whose_tests_are_there() {
        let shown = "`a.rs`: `it_holds`; `b.mjs`: `it is so`, `nobody's fault`";
        assert_eq!(complaints(&files(&[(3, shown)])), Vec::<String>::new());
    }

    #[test]
    fn finds_what_is_no_test_not_there_elsewhere_or_not_said() {
        for shown in [
            "`a.rs`: `no_test`",
            "`a.rs`: `gone`",
            "`gone.rs`: `it_holds`",
            "`b.mjs`: `it_holds`",
            "`it_holds`",
            "by thinking",
        ] {
            assert_eq!(complaints(&files(&[(7, shown)])).len(), 1, "{shown}");
        }
    }

    #[test]
    fn misses_a_row_and_the_page() {
        let mut files = files(&[]);
        let page = files
            .get(PAGE)
            .expect("it was made")
            .replace("| H4 ", "| H5 ");
        files.insert(PAGE.to_owned(), page);
        assert_eq!(complaints(&files).len(), 1);
        files.remove(PAGE);
        assert_eq!(complaints(&files).len(), 1);
    }
}
