//! Labels and annotations: what the image says about itself.

use super::collate;
use super::expression::Globals;
use super::list;
use super::mistake::{Mistake, code};
use super::template::Template;
use crate::event::{Event, date};
use crate::protocol::Timestamp;

/// Keys with their values, in the order of keys.
pub(super) type Pairs = Vec<(String, String)>;

/// What holds for every image: the keys that the image specification reserves.
pub(super) fn base(event: &Event, version: &str, created: Timestamp) -> Pairs {
    let repository = &event.repository;
    let pairs = [
        ("title", repository.name.as_str()),
        ("description", &repository.description),
        ("url", &repository.url),
        ("source", &repository.url),
        ("version", version),
        ("created", &date::iso(created)),
        ("revision", &event.sha),
        ("licenses", &repository.license),
    ];
    let named =
        |(key, value): (&str, &str)| (format!("org.opencontainers.image.{key}"), value.to_owned());
    pairs.into_iter().map(named).collect()
}

/// The base and the user's own lines; of equal keys the last one counts.
pub(super) fn read(
    input: &str,
    name: &'static str,
    base: &Pairs,
    globals: &Globals<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Pairs {
    let lines = list::lines(input).unwrap_or_else(|unclosed| {
        mistakes.push(Mistake::new(code::QUOTE, name, "Quote Not Closed").at(&unclosed.0));
        Vec::new()
    });
    let mut pairs = base.clone();
    for place in lines {
        let filled = Template::parse(&place.text).and_then(|template| template.fill(globals));
        let text = match filled {
            Ok(text) => text,
            Err(wrong) => {
                mistakes.push(Mistake::new(code::TEMPLATE, name, wrong).at(&place));
                continue;
            }
        };
        let Some((key, value)) = text.split_once('=') else {
            continue;
        };
        match pairs.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => value.clone_into(known),
            None => pairs.push((key.to_owned(), value.to_owned())),
        }
    }
    pairs.sort_by(|(one, _), (two, _)| collate::compare(one, two));
    pairs
}

/// What JSON and bake files take of a label's value: its first line, as JavaScript ends lines.
pub(super) fn first_line(value: &str) -> &str {
    let ends = ['\n', '\r', '\u{2028}', '\u{2029}'];
    value.split(ends).next().unwrap_or_default()
}
