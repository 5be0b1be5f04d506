//! What a release has published, for a summary.

use super::super::escape::{Inert, code};
use super::super::{Published, PublishedFile, PublishedName, PublishedPackage};
use super::sheet::table;
use super::{cell, rows};

pub(super) fn render(published: &Published) -> String {
    let fact = |what: &'static str, is: &str| [Inert::ours(what), code(is)];
    let mut facts = vec![
        fact("version", &published.version),
        fact("commit", &published.revision),
    ];
    if !published.image.is_empty() {
        facts.push(fact("image", &published.image));
    }
    let made = published.made_with.iter();
    facts.extend(made.map(|made| [Inert::ours("made with"), cell(made)]));
    let announced = published.announcement.iter();
    facts.extend(announced.map(|it| [Inert::ours("git tag"), cell(&it.line())]));
    let name = |it: &PublishedName| [code(&it.name), Inert::ours(it.kind()), cell(&it.fate)];
    let packages = published.packages.iter().map(package);
    let names = table(["name", "kind", "now"], &rows(&published.names, name));
    table(["", ""], &facts) + &names + &packages.collect::<String>()
}

/// What was built, and whether its index has it.
fn package(package: &PublishedPackage) -> String {
    if package.files.is_empty() {
        return String::new();
    }
    let file = |it: &PublishedFile| [code(&it.name), code(&it.sha256), cell(&it.fate)];
    table(["file", "SHA-256", "now"], &rows(&package.files, file))
}
