//! Holds a tree against the schema and tells every mistake, not the first one.
//!
//! What it refuses it remembers, so that everything beside it can be read all the same ([`Refused::readable`]).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::{ConfigError, Wrong, code, quoted};
use super::shape::{Schema, Shape};
use super::suggest::did_you_mean;
use super::tree::{Document, Kind, Node, NodeId};
use words::{expectations, name_of, remedy};

mod words;

/// What the checker has refused.
#[derive(Debug, Default)]
pub(super) struct Refused(BTreeMap<NodeId, Refusal>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The value is wrong.
    Value,
    /// There is no such key.
    Key,
}

/// Checks the part of a document that begins at `node` against `schema`.
pub(super) fn check(
    document: &Document,
    schema: &Schema,
    node: &Node,
    rule: &Value,
    refused: &mut Refused,
) -> Vec<ConfigError> {
    let mut checker = Checker {
        document,
        schema,
        refused,
        mistakes: Vec::new(),
    };
    checker.value(node, rule, false);
    checker.mistakes
}

impl Refused {
    /// The tree as the types of `raw.rs` read it: each value with its place, those that were refused as null.
    pub(super) fn readable(&self, document: &Document, node: &Node) -> Value {
        let value = match &node.kind {
            _ if self.0.contains_key(&node.id) => Value::Null,
            Kind::Null => Value::Null,
            Kind::Bool(truth) => json!(truth),
            Kind::Int(number) => json!(number),
            Kind::Float(number) => json!(number),
            Kind::Text => json!(document.spot(node.id).written),
            Kind::List(items) => items
                .iter()
                .map(|item| self.readable(document, item))
                .collect(),
            Kind::Map(entries) => {
                let known = entries
                    .iter()
                    .filter(|(_, entry)| self.0.get(&entry.id) != Some(&Refusal::Key));
                known
                    .map(|(key, entry)| (key.clone(), self.readable(document, entry)))
                    .collect()
            }
        };
        json!({ "node": node.id, "value": value })
    }
}

struct Checker<'a> {
    document: &'a Document,
    schema: &'a Schema,
    refused: &'a mut Refused,
    mistakes: Vec<ConfigError>,
}

impl Checker<'_> {
    fn value(&mut self, node: &Node, rule: &Value, hidden: bool) {
        let schema = self.schema;
        let shapes = schema.shapes(rule);
        let hidden = hidden || shapes.iter().any(|shape| shape.hidden);
        let fitting: Vec<&Shape<'_>> = shapes
            .iter()
            .filter(|shape| shape.fits(&node.kind))
            .collect();
        let document = self.document;
        let exact = fitting
            .iter()
            .find(|shape| shape.constant().is_some() && shape.equals(document, node));
        match exact.or_else(|| fitting.iter().find(|shape| shape.constant().is_none())) {
            Some(shape) => self.shape(node, shape, hidden),
            None if fitting.is_empty() => self.refuse(node, self.mismatch(node, &shapes, hidden)),
            None => self.refuse(node, self.no_such_word(node, &shapes, hidden)),
        }
    }

    fn shape(&mut self, node: &Node, shape: &Shape<'_>, hidden: bool) {
        if let Some(instead) = shape.not_yet {
            return self.not_yet(node, shape.word().as_deref(), instead);
        }
        match &node.kind {
            Kind::Int(number) => self.number(node, *number, shape),
            Kind::List(items) => self.list(node, items, shape, hidden),
            Kind::Map(entries) => self.map(node, entries, shape, hidden),
            Kind::Null | Kind::Bool(_) | Kind::Float(_) | Kind::Text => {}
        }
    }

    fn not_yet(&mut self, node: &Node, word: Option<&str>, instead: &str) {
        let path = &self.document.spot(node.id).path;
        let (what, place) = match word {
            Some(word) => (format!("{path}: {word}"), self.document.value(node.id)),
            None => (path.clone(), self.document.key(node.id)),
        };
        let mistake = Wrong::new(code::NOT_YET, format!("`{what}` is not there yet")).help(instead);
        self.tell(node, Refusal::Value, mistake.at(place));
    }

    fn number(&mut self, node: &Node, number: i64, shape: &Shape<'_>) {
        let (Some(least), Some(most)) = (shape.bound("minimum"), shape.bound("maximum")) else {
            return;
        };
        if !(least..=most).contains(&number) {
            let mistake = Wrong::new(code::RANGE, "this number is out of bounds");
            self.refuse(
                node,
                mistake
                    .found(format!("`{number}`"))
                    .expected(format!("a whole number from {least} to {most}")),
            );
        }
    }

    fn list(&mut self, node: &Node, items: &[Node], shape: &Shape<'_>, hidden: bool) {
        if shape
            .bound("minItems")
            .is_some_and(|least| i64::try_from(items.len()).is_ok_and(|count| count < least))
        {
            self.refuse(
                node,
                Wrong::new(code::RANGE, "this list is empty")
                    .help("leave the key out, or write an item"),
            );
        }
        if let Some(rule) = shape.items() {
            items.iter().for_each(|item| self.value(item, rule, hidden));
        }
    }

    fn map(&mut self, node: &Node, entries: &[(String, Node)], shape: &Shape<'_>, hidden: bool) {
        for (key, entry) in entries {
            match shape.property(key).or_else(|| shape.others()) {
                Some(rule) => self.value(entry, rule, hidden),
                None => self.unknown_key(key, entry, shape),
            }
        }
        for key in shape.required().filter(|key| node.get(key).is_none()) {
            self.missing_key(node, key, shape);
        }
        if shape.bound("minProperties").is_some() && entries.is_empty() {
            let mistake = Wrong::new(code::MISSING_KEY, "this map is empty")
                .help("name at least one, such as `staging: {}`");
            self.refuse(node, mistake);
        }
    }

    fn missing_key(&mut self, node: &Node, key: &str, shape: &Shape<'_>) {
        let meaning = shape
            .property(key)
            .and_then(|rule| rule.get("description"))
            .and_then(Value::as_str);
        let help = meaning.map(|meaning| format!("add `{key}`: {}", meaning.trim_end_matches('.')));
        let mistake =
            Wrong::new(code::MISSING_KEY, format!("the key `{key}` is missing")).help_if(help);
        self.mistakes.push(mistake.at(self.document.key(node.id)));
    }

    fn unknown_key(&mut self, key: &str, entry: &Node, shape: &Shape<'_>) {
        let why = shape.why_not(key).map(str::to_owned);
        let near = || did_you_mean(key, shape.properties().map(|(name, _)| name));
        let help = why.or_else(near).or_else(|| {
            self.schema
                .home_of(key)
                .map(|home| format!("did you mean {}?", quoted(&home)))
        });
        let mistake = Wrong::new(
            code::UNKNOWN_KEY,
            format!("there is no key {} here", quoted(key)),
        )
        .help_if(help);
        let mistake = mistake.expected(shape.keys().collect::<Vec<_>>().join(", "));
        self.tell(entry, Refusal::Key, mistake.at(self.document.key(entry.id)));
    }

    fn mismatch(&self, node: &Node, shapes: &[Shape<'_>], hidden: bool) -> Wrong {
        let expected = expectations(shapes);
        let path = &self.document.spot(node.id).path;
        let subject = if path.is_empty() {
            "the file".to_owned()
        } else {
            format!("`{path}`")
        };
        let mistake = Wrong::new(
            code::TYPE,
            format!("{subject} cannot be {}", name_of(&node.kind)),
        );
        let help = remedy(node, &self.document.spot(node.id).written, shapes, hidden);
        mistake
            .found(self.found(node, hidden))
            .expected(expected)
            .help_if(help)
    }

    fn no_such_word(&self, node: &Node, shapes: &[Shape<'_>], hidden: bool) -> Wrong {
        let words: Vec<String> = shapes.iter().filter_map(Shape::word).collect();
        let written = &self.document.spot(node.id).written;
        let help = if hidden {
            None
        } else {
            did_you_mean(written, words.iter().map(String::as_str))
        };
        let mistake =
            Wrong::new(code::CHOICE, "this word is not known here").expected(expectations(shapes));
        mistake.found(self.found(node, hidden)).help_if(help)
    }

    fn found(&self, node: &Node, hidden: bool) -> Option<String> {
        match &node.kind {
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text if hidden => {
                Some("something that is not shown, because it may be a secret".into())
            }
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text => {
                Some(quoted(&self.document.spot(node.id).written))
            }
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    fn refuse(&mut self, node: &Node, mistake: Wrong) {
        self.tell(
            node,
            Refusal::Value,
            mistake.at(self.document.value(node.id)),
        );
    }

    /// Tells it, but of each node only the first thing: what environments inherit is checked again.
    fn tell(&mut self, node: &Node, refusal: Refusal, mistake: ConfigError) {
        if self.refused.0.insert(node.id, refusal).is_none() {
            self.mistakes.push(mistake);
        }
    }
}
