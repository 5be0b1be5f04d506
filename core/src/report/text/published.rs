//! What a release has published, as plain text.

use super::super::{Published, PublishedFile, PublishedName};
use super::page::{Page, Plain};

pub(super) fn render(page: &mut Page, published: &Published) {
    let row = |what: &str, is: &str| [what.to_owned(), is.to_owned()];
    let image = Some(published.image.as_str()).filter(|image| !image.is_empty());
    let facts = [
        Some(row("version", &published.version)),
        Some(row("commit", &published.revision)),
        image.map(|image| row("image", image)),
        published
            .made_with
            .as_ref()
            .map(|made| row("made with", made)),
        published
            .announcement
            .as_ref()
            .map(|it| row("git tag", &it.line())),
    ];
    let facts: Vec<[String; 2]> = facts.into_iter().flatten().collect();
    page.section("the release", Plain::columns(&facts));
    let name = |it: &PublishedName| [it.name.clone(), it.kind().to_owned(), it.fate.clone()];
    let names: Vec<[String; 3]> = published.names.iter().map(name).collect();
    page.section("what is where", Plain::columns(&names));
    for package in &published.packages {
        let file = |it: &PublishedFile| [it.name.clone(), it.fate.clone(), it.sha256.clone()];
        let files: Vec<[String; 3]> = package.files.iter().map(file).collect();
        let title = format!("{} in {}", package.name, package.index);
        page.section(&title, Plain::columns(&files));
    }
}
