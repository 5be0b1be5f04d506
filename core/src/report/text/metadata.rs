//! What a derivation of tags says in the log.

use super::super::escape::{cut, line};
use crate::event::Event;
use crate::tag::{Derived, Mistake, Outcome};

/// Characters of a line.
const LONGEST: usize = 800;

/// What it was derived from: `github: push of refs/tags/v1.2.3, commit 860c190…`.
pub(crate) fn event(event: &Event) -> String {
    let known = |text: &str| match text {
        "" => "nothing known".to_owned(),
        text => text.to_owned(),
    };
    let text = format!(
        "{}: {} of {}, commit {}",
        event.system.word(),
        known(&event.name),
        known(&event.r#ref),
        known(&event.sha)
    );
    shown(&text)
}

/// What became of each rule, and where `latest` comes from, which no rule names.
pub(crate) fn rules(derived: &Derived) -> Vec<String> {
    let verdicts = derived.verdicts.iter().map(ToString::to_string);
    let latest = derived.tags.iter().filter(|tag| !has_rule(derived, tag));
    let latest = latest.map(|tag| format!("{} comes with {}", tag.name, tag.rule));
    verdicts.chain(latest).map(|text| shown(&text)).collect()
}

/// Whether a rule made this tag, and not the flavor.
pub(in super::super) fn has_rule(derived: &Derived, tag: &crate::tag::Tag) -> bool {
    derived
        .verdicts
        .iter()
        .any(|verdict| matches!(&verdict.outcome, Outcome::Made { tag: made } if *made == tag.name))
}

/// Labels or annotations, one a line.
pub(crate) fn pairs(pairs: &[(String, String)]) -> Vec<String> {
    let texts = pairs.iter().map(|(key, value)| format!("{key}={value}"));
    texts.map(|text| shown(&text)).collect()
}

/// Where a mistake is: `tags, line 2`.
pub(crate) fn place(mistake: &Mistake) -> String {
    match mistake.line {
        Some(line) => format!("{}, line {line}", mistake.input),
        None => mistake.input.to_owned(),
    }
}

/// A mistake with its place, and the entry that it is in.
pub(crate) fn mistake(mistake: &Mistake) -> String {
    let entry = mistake.entry.as_deref();
    let entry = entry.filter(|entry| !mistake.message.contains(entry));
    let entry = entry.map_or_else(String::new, |entry| format!(" (in `{entry}`)"));
    shown(&format!("{}: {}{entry}", place(mistake), mistake.message))
}

fn shown(text: &str) -> String {
    cut(&line(text), LONGEST)
}
