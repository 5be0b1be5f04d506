//! The JSON Schema of the file, for editors and for the checker: only `cargo xtask generate` and tests ask for it.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{At, Config, JsonScalar, Later};

/// What `schema.json` holds.
///
/// # Panics
///
/// Never: the types are known here.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value();
    tidy(&mut schema);
    let overrides = ["Run", "Health"].map(|name| {
        (
            format!("{name}Override"),
            nullable(&schema, &format!("/$defs/{name}")),
        )
    });
    let defs = schema
        .pointer_mut("/$defs")
        .and_then(Value::as_object_mut)
        .expect("the file has types of its own");
    defs.extend(overrides);
    schema
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl JsonSchema for JsonScalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonScalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "number", "boolean"] })
    }
}

impl JsonSchema for Later {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Later".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// `T` in an environment: the same, but null may stand anywhere, to remove what would be inherited.
pub(in super::super) struct Override<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Override<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Override", T::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "$ref": format!("#/$defs/{}Override", T::schema_name()) })
    }
}

/// An optional key may be left out, but not be null: schemars cannot tell the two apart. A sentence is one line.
fn tidy(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(refuse_null);
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(tidy),
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn refuse_null(property: &mut Value) {
    let Some(members) = property.as_object_mut() else {
        return;
    };
    members.remove("format");
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".into(), only);
        }
    }
    let Some(Value::Array(mut shapes)) = members.remove("anyOf") else {
        return;
    };
    shapes.retain(|shape| shape.get("type") != Some(&json!("null")));
    match shapes.as_slice() {
        [Value::Object(only)] if !is_override(only) => members.extend(only.clone()),
        [only] => {
            members.insert("anyOf".into(), json!([only, { "type": "null" }]));
        }
        _ => {
            members.insert("anyOf".into(), Value::Array(shapes));
        }
    }
}

fn is_override(schema: &Map<String, Value>) -> bool {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .is_some_and(|name| name.ends_with("Override"))
}

/// The schema at `pointer`, with null allowed for every member of every map; the other rules stay where they are.
fn nullable(root: &Value, pointer: &str) -> Value {
    let strict = root
        .pointer(pointer)
        .expect("the pointer was made from this schema");
    if let Some(Value::String(target)) = strict.get("$ref") {
        let relaxed = nullable(root, target.trim_start_matches('#'));
        return if relaxed.get("$ref").is_some() {
            json!({ "$ref": format!("#{pointer}") })
        } else {
            relaxed
        };
    }
    let or_null =
        |pointer: String| json!({ "anyOf": [nullable(root, &pointer), { "type": "null" }] });
    let members = match strict.get("additionalProperties") {
        Some(Value::Bool(open)) => json!(open),
        Some(_) => or_null(format!("{pointer}/additionalProperties")),
        None => return json!({ "$ref": format!("#{pointer}") }),
    };
    let mut relaxed = Map::from_iter([
        ("type".into(), json!("object")),
        ("additionalProperties".into(), members),
    ]);
    if let Some(properties) = strict.get("properties").and_then(Value::as_object) {
        let names = properties.keys();
        relaxed.insert(
            "properties".into(),
            names
                .map(|name| {
                    (
                        name.clone(),
                        or_null(format!("{pointer}/properties/{name}")),
                    )
                })
                .collect(),
        );
    }
    Value::Object(relaxed)
}
