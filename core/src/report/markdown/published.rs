//! What a release has published, for a summary.

use super::super::escape::{Inert, code};
use super::super::{Published, PublishedName};
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
    let name = |it: &PublishedName| [code(&it.name), Inert::ours(it.kind()), cell(&it.fate)];
    table(["", ""], &facts) + &table(["name", "kind", "now"], &rows(&published.names, name))
}
