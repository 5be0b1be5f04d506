//! The summary of a derivation of tags.

use super::super::escape::{Inert, code, cut, line, prose, sentence};
use super::super::text::metadata::{event, has_rule, mistake};
use super::sheet::{fitting, folded, heading, list, table};
use super::{LIMIT, LONGEST, MOST_ROWS};
use crate::tag::{Derived, Mistake, Mobility, Outcome};

/// Every tag with the rule that made it, every rule that made none with the reason, and the labels.
pub(crate) fn derived(derived: &Derived) -> String {
    let title = match derived.version.as_str() {
        "" => Inert::ours("No tag"),
        version => code(version),
    };
    let references = derived.references();
    let references: Vec<Inert> = references
        .iter()
        .take(MOST_ROWS)
        .map(|it| code(it))
        .collect();
    let warnings: Vec<Inert> = derived
        .warnings
        .iter()
        .map(|it| sentence(&short(it)))
        .collect();
    let blocks = [
        heading(3, &title),
        format!("{}\n\n", prose(&event(&derived.event))),
        list(&warnings),
        tags(derived),
        nothing(derived),
        folded(&Inert::ours("References"), &list(&references)),
        folded(&Inert::ours("Labels"), &pairs(&derived.labels)),
        folded(&Inert::ours("Annotations"), &annotations(derived)),
    ];
    fitting(&blocks, LIMIT)
}

/// All mistakes.
pub(crate) fn refused(mistakes: &[Mistake]) -> String {
    let items: Vec<Inert> = mistakes.iter().map(|it| sentence(&mistake(it))).collect();
    let title = Inert::ours("No tag was derived: the inputs have mistakes");
    fitting(&[heading(3, &title), list(&items)], LIMIT)
}

fn tags(derived: &Derived) -> String {
    let rows = derived.tags.iter().take(MOST_ROWS).map(|tag| {
        let by = match has_rule(derived, tag) {
            true => code(&short(&tag.rule)),
            false => sentence(&short(&tag.rule)),
        };
        [code(&tag.name), by, Inert::ours(moves(tag.mobility))]
    });
    table(["tag", "made by", "names"], &rows.collect::<Vec<_>>())
}

/// The rules that made no tag of their own.
fn nothing(derived: &Derived) -> String {
    let rows = derived.verdicts.iter().filter_map(|verdict| {
        let why = match &verdict.outcome {
            Outcome::Made { .. } => return None,
            Outcome::Again { tag } => format!("`{tag}` again, like a rule before it"),
            Outcome::Nothing { why } => why.to_string(),
        };
        Some([code(&short(&verdict.rule)), sentence(&short(&why))])
    });
    let rows: Vec<_> = rows.take(MOST_ROWS).collect();
    table(["rule without a tag of its own", "why"], &rows)
}

fn pairs(pairs: &[(String, String)]) -> String {
    let rows = pairs.iter().take(MOST_ROWS);
    let rows: Vec<_> = rows
        .map(|(key, value)| [code(&short(key)), code(&short(value))])
        .collect();
    table(["key", "value"], &rows)
}

/// Nothing where they say what the labels say.
fn annotations(derived: &Derived) -> String {
    match derived.annotations == derived.labels {
        true => String::new(),
        false => pairs(&derived.annotations),
    }
}

const fn moves(mobility: Mobility) -> &'static str {
    match mobility {
        Mobility::Immutable => "this image alone",
        Mobility::Release => "the newest release",
        Mobility::Major => "the newest release of its major version",
        Mobility::Minor => "the newest release of its minor version",
        Mobility::Follows => "the newest image of its rule",
    }
}

fn short(text: &str) -> String {
    cut(&line(text), LONGEST)
}
