//! What the checker says about kinds of values.

use serde_json::json;

use super::super::error::{either, quoted};
use super::super::shape::Shape;
use super::super::tree::{Kind, Node};

/// Everything that may stand there. What is not there yet is not recommended.
pub(super) fn expectations(shapes: &[Shape<'_>]) -> String {
    let ready = shapes.iter().filter(|shape| shape.is_ready());
    let mut words: Vec<String> = ready.map(Shape::describe).collect();
    words.dedup();
    either(&words)
}

pub(super) fn name_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "empty",
        Kind::Bool(_) => "true or false",
        Kind::Int(_) => "a whole number",
        Kind::Float(_) => "a number with a point",
        Kind::Text => "a text",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
    }
}

/// What mostly lies behind a value of the wrong kind.
pub(super) fn remedy(
    node: &Node,
    written: &str,
    shapes: &[Shape<'_>],
    hidden: bool,
) -> Option<String> {
    let wanted = |kind: &Kind| shapes.iter().any(|shape| shape.fits(kind));
    match &node.kind {
        Kind::Null => Some("write a value after the colon, or leave the key out".into()),
        Kind::Text if wanted(&Kind::Bool(true)) && matches!(written, "yes" | "on" | "y") => {
            Some("write `true`".into())
        }
        Kind::Text if wanted(&Kind::Bool(true)) && matches!(written, "no" | "off" | "n") => {
            Some("write `false`".into())
        }
        Kind::Text if wanted(&Kind::Int(0)) && written.parse::<i64>().is_ok() => {
            Some("write it without quotes".into())
        }
        Kind::Text if wanted(&Kind::List(Vec::new())) && !hidden => {
            let words: Vec<String> = written
                .split_whitespace()
                .map(|word| json!(word).to_string())
                .collect();
            Some(format!(
                "write it as a list: {}",
                quoted(&format!("[{}]", words.join(", ")))
            ))
        }
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) if wanted(&Kind::Text) => {
            Some("put it in quotes".into())
        }
        Kind::Bool(_)
        | Kind::Int(_)
        | Kind::Float(_)
        | Kind::Text
        | Kind::List(_)
        | Kind::Map(_) => None,
    }
}
