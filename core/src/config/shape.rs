//! The part of JSON Schema that the schema of our own types uses, and the ways through it.

use serde_json::Value;

use super::tree::{Document, Kind, Node};

/// The schema that is generated from `raw.rs`.
pub(super) struct Schema(Value);

impl Schema {
    pub(super) fn load() -> Self {
        Self(
            serde_json::from_str(include_str!("schema.json"))
                .expect("a test compares it with the types it is generated from"),
        )
    }

    /// The schema of the whole file.
    pub(super) const fn root(&self) -> &Value {
        &self.0
    }

    /// The schema of one of the types.
    pub(super) fn of(&self, name: &str) -> &Value {
        self.0
            .pointer(&format!("/$defs/{name}"))
            .expect("asked for names that `raw.rs` has")
    }

    /// Every shape that `schema` allows, references followed and alternatives flattened.
    pub(super) fn shapes<'a>(&'a self, schema: &'a Value) -> Vec<Shape<'a>> {
        let mut shapes = Vec::new();
        self.collect(
            Shape {
                schema,
                not_yet: None,
                hidden: false,
            },
            &mut shapes,
        );
        shapes
    }

    fn collect<'a>(&'a self, outer: Shape<'a>, shapes: &mut Vec<Shape<'a>>) {
        let schema = outer.schema;
        let not_yet = schema
            .get("x-not-yet")
            .and_then(Value::as_str)
            .or(outer.not_yet);
        let hidden = outer.hidden || schema.get("writeOnly").is_some();
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .map(|name| name.trim_start_matches('#'));
        if let Some(target) = target {
            let schema = self
                .0
                .pointer(target)
                .expect("the generator refers only to what it has written");
            return self.collect(
                Shape {
                    schema,
                    not_yet,
                    hidden,
                },
                shapes,
            );
        }
        match ["anyOf", "oneOf"]
            .iter()
            .find_map(|word| schema.get(word))
            .and_then(Value::as_array)
        {
            Some(alternatives) => alternatives.iter().for_each(|schema| {
                self.collect(
                    Shape {
                        schema,
                        not_yet,
                        hidden,
                    },
                    shapes,
                )
            }),
            None => shapes.push(Shape {
                schema,
                not_yet,
                hidden,
            }),
        }
    }

    /// Where in the file a key of this name lives, as the shortest path; `None`: nowhere.
    pub(super) fn home_of(&self, key: &str) -> Option<String> {
        let mut homes = Vec::new();
        let mut open = vec![(String::new(), self.root())];
        while let Some((path, schema)) = open.pop() {
            for shape in self
                .shapes(schema)
                .iter()
                .filter(|shape| shape.not_yet.is_none())
            {
                for (name, inner) in shape.properties() {
                    let inner_path = if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}.{name}")
                    };
                    if name == key {
                        homes.push(inner_path.clone());
                    }
                    open.push((inner_path, inner));
                }
                open.extend(
                    shape
                        .others()
                        .map(|inner| (format!("{path}.<name>"), inner)),
                );
            }
        }
        homes
            .into_iter()
            .min_by_key(|home| (home.len(), home.clone()))
    }
}

/// One shape that a value may have: a schema without references and alternatives.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    schema: &'a Value,
    /// What to do instead, where its capability is not there yet.
    pub(super) not_yet: Option<&'a str>,
    /// Whether what stands there may be a secret by mistake and is never shown.
    pub(super) hidden: bool,
}

impl<'a> Shape<'a> {
    /// Whether a value is of this shape's kind; its inside may still be wrong.
    pub(super) fn fits(&self, kind: &Kind) -> bool {
        let words: &[&str] = match kind {
            Kind::Null => &["null"],
            Kind::Bool(_) => &["boolean"],
            Kind::Int(_) => &["integer", "number"],
            Kind::Float(_) => &["number"],
            Kind::Text => &["string"],
            Kind::List(_) => &["array"],
            Kind::Map(_) => &["object"],
        };
        let types = self.types();
        types.is_empty() || types.iter().any(|word| words.contains(word))
    }

    fn types(&self) -> Vec<&'a str> {
        match self.schema.get("type") {
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            Some(word) => word.as_str().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The only value that it may be.
    pub(super) fn constant(&self) -> Option<&'a Value> {
        self.schema.get("const")
    }

    /// The constant as it is written in a file.
    pub(super) fn word(&self) -> Option<String> {
        let constant = self.constant()?;
        Some(
            constant
                .as_str()
                .map_or_else(|| constant.to_string(), str::to_owned),
        )
    }

    /// Whether a scalar is what the constant says; true where there is none.
    pub(super) fn equals(&self, document: &Document, node: &Node) -> bool {
        self.word()
            .is_none_or(|word| word == document.spot(node.id).written)
    }

    /// The known keys of a map, with their schemas.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// The keys that can be used already.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.properties()
            .filter(|(_, schema)| schema.get("x-not-yet").is_none())
            .map(|(name, _)| name)
    }

    /// Whether it can be used already.
    pub(super) fn is_ready(&self) -> bool {
        self.not_yet.is_none()
            && (self.properties().next().is_none() || self.keys().next().is_some())
    }

    /// The schema of a known key.
    pub(super) fn property(&self, name: &str) -> Option<&'a Value> {
        self.schema.get("properties")?.get(name)
    }

    /// The schema of all other keys, where there may be others.
    pub(super) fn others(&self) -> Option<&'a Value> {
        self.schema
            .get("additionalProperties")
            .filter(|schema| schema.is_object())
    }

    /// Why a key is none of these that somebody may well look for here.
    pub(super) fn why_not(&self, name: &str) -> Option<&'a str> {
        self.schema.get("x-no")?.get(name)?.as_str()
    }

    /// The keys that must be there.
    pub(super) fn required(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// The schema of a list's items.
    pub(super) fn items(&self) -> Option<&'a Value> {
        self.schema.get("items")
    }

    /// A bound, such as `minimum`.
    pub(super) fn bound(&self, word: &str) -> Option<i64> {
        self.schema.get(word).and_then(Value::as_i64)
    }

    /// Values that it may be.
    pub(super) fn examples(&self) -> &'a [Value] {
        self.schema
            .get("examples")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// What it is, in words for a person.
    pub(super) fn describe(&self) -> String {
        if let Some(word) = self.word() {
            return format!("`{word}`");
        }
        let known: Vec<String> = self.keys().map(|name| format!("`{name}`")).collect();
        let title = self
            .schema
            .get("title")
            .and_then(Value::as_str)
            .filter(|_| known.is_empty());
        let words = title.map_or_else(
            || {
                self.types()
                    .iter()
                    .map(|word| in_words(word))
                    .collect::<Vec<_>>()
                    .join(" or ")
            },
            str::to_owned,
        );
        match (self.examples().first(), known.is_empty()) {
            (Some(example), _) => format!(
                "{words}, such as `{}`",
                example
                    .as_str()
                    .map_or_else(|| example.to_string(), str::to_owned)
            ),
            (None, false) => format!("{words} with {}", known.join(", ")),
            (None, true) => words,
        }
    }
}

fn in_words(word: &str) -> &'static str {
    match word {
        "object" => "a map",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "null",
    }
}
