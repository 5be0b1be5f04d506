//! Whether two lists of outputs are the same, and where they are not: in words, and in a place.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::protocol::Misuse;
use crate::report::inert;

/// What the shell writes for a secret.
const BLOT: &str = "***";

/// Bytes before and behind the place where two texts part that are shown.
const BEFORE: usize = 40;
const BEHIND: usize = 80;

/// The first decision that is another one now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Difference {
    /// The line of the journal that it stands in.
    pub line: u32,
    /// Which output of that line, from 1.
    pub output: u32,
    /// What was decided then, in words; `None`: nothing more.
    pub then: Option<String>,
    /// What is decided now.
    pub now: Option<String>,
    /// Where in the output the two part, such as `effect.argv[2]`; empty: they are of two kinds.
    pub place: String,
    /// What stood there then, cut to what is around the difference.
    pub was: String,
    /// What stands there now.
    pub is: String,
}

/// What comes of a comparison.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) difference: Option<Difference>,
    /// How many texts agree but for what was blotted.
    pub(super) blotted: u32,
}

/// Compares what was recorded with what is decided now; both are the JSON of a list of outputs.
pub(super) fn compare(line: u32, recorded: &str, now: &str) -> Compared {
    let (then, now) = (list(recorded), list(now));
    let mut compared = Compared::default();
    for at in 0..then.len().max(now.len()) {
        let pair = (then.get(at), now.get(at));
        let mut parting = Parting::default();
        let same = match pair {
            (Some(then), Some(now)) => parting.same(then, now),
            (Some(_), None) | (None, Some(_)) | (None, None) => false,
        };
        if !same {
            compared.difference = Some(parting.told(line, at, pair));
            return compared;
        }
        compared.blotted += parting.blotted;
    }
    compared
}

/// The core does not take the input any more.
pub(super) fn refused(line: u32, recorded: &str, misuse: &Misuse) -> Difference {
    let then = list(recorded);
    let mut difference = Parting::default().told(line, 0, (then.first(), None));
    difference.now = Some(format!(
        "does not take the input of line {}: {misuse}",
        line - 1
    ));
    difference
}

fn list(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap_or_default()
}

/// Where two values part.
#[derive(Debug, Default)]
struct Parting {
    /// From the inside out.
    place: Vec<String>,
    was: String,
    is: String,
    blotted: u32,
}

impl Parting {
    fn same(&mut self, then: &Value, now: &Value) -> bool {
        match (then, now) {
            (Value::Object(then), Value::Object(now)) => self.same_members(then, now),
            (Value::Array(then), Value::Array(now)) => self.same_items(then, now),
            (Value::String(then), Value::String(now)) => self.same_text(then, now),
            _ if then == now => true,
            _ => {
                (self.was, self.is) = (shown(&then.to_string()), shown(&now.to_string()));
                false
            }
        }
    }

    fn same_members(&mut self, then: &Map<String, Value>, now: &Map<String, Value>) -> bool {
        let only_now = now.keys().filter(|name| !then.contains_key(*name));
        for name in then.keys().chain(only_now) {
            let same = match (then.get(name), now.get(name)) {
                (Some(then), Some(now)) => self.same(then, now),
                (Some(only), None) => is_empty(only) || self.lacks(Some(only), None),
                (None, only) => only.is_none_or(is_empty) || self.lacks(None, only),
            };
            if !same {
                self.place.push(format!(".{name}"));
                return false;
            }
        }
        true
    }

    fn same_items(&mut self, then: &[Value], now: &[Value]) -> bool {
        for at in 0..then.len().max(now.len()) {
            let same = match (then.get(at), now.get(at)) {
                (Some(then), Some(now)) => self.same(then, now),
                (then, now) => self.lacks(then, now),
            };
            if !same {
                self.place.push(format!("[{at}]"));
                return false;
            }
        }
        true
    }

    fn lacks(&mut self, then: Option<&Value>, now: Option<&Value>) -> bool {
        let words = |value: Option<&Value>| match value {
            Some(Value::String(text)) => shown(text),
            Some(value) => shown(&value.to_string()),
            None => "nothing".to_owned(),
        };
        (self.was, self.is) = (words(then), words(now));
        false
    }

    fn same_text(&mut self, then: &str, now: &str) -> bool {
        if then == now {
            return true;
        }
        if is_blotted(then, now) {
            self.blotted += 1;
            return true;
        }
        let at = common(then, now);
        (self.was, self.is) = (around(then, at), around(now, at));
        false
    }

    fn told(mut self, line: u32, at: usize, pair: (Option<&Value>, Option<&Value>)) -> Difference {
        self.place.reverse();
        let place = self.place.concat();
        let kinds = [".type", ".effect.type", ".emit.type"].contains(&place.as_str());
        let place = if kinds {
            ""
        } else {
            place.trim_start_matches('.')
        };
        Difference {
            line,
            output: u32::try_from(at + 1).unwrap_or(u32::MAX),
            then: pair.0.map(words),
            now: pair.1.map(words),
            place: place.to_owned(),
            was: if place.is_empty() {
                String::new()
            } else {
                self.was
            },
            is: if place.is_empty() {
                String::new()
            } else {
                self.is
            },
        }
    }
}

/// What a version that does not know a member would have meant by it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Whether a text is another one with blots in it.
fn is_blotted(then: &str, now: &str) -> bool {
    let parts: Vec<&str> = then.split(BLOT).collect();
    let [first, between @ .., last] = parts.as_slice() else {
        return false;
    };
    let Some(mut rest) = now.strip_prefix(first) else {
        return false;
    };
    for part in between {
        let found = behind_a_blot(rest).and_then(|rest| rest.split_once(part));
        let Some((_, behind)) = found else {
            return false;
        };
        rest = behind;
    }
    behind_a_blot(rest).is_some_and(|rest| rest.ends_with(last))
}

/// What may stand behind a value: none is blotted that is shorter than four letters, as JavaScript counts them. A blot that the
/// core was told itself is its own three.
fn behind_a_blot(text: &str) -> Option<&str> {
    let mut letters = 0;
    let long_enough = |letter: char| {
        letters += letter.len_utf16();
        letters >= 4
    };
    let from = match text.strip_prefix(BLOT) {
        Some(behind) => return Some(behind),
        None => text.find(long_enough)?,
    };
    let letter = text.get(from..)?.chars().next()?;
    text.get(from + letter.len_utf8()..)
}

/// Up to where two texts are the same.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.char_indices().zip(other.chars());
    let parted = pairs.into_iter().find(|((_, a), b)| a != b);
    parted.map_or_else(|| one.len().min(other.len()), |((at, _), _)| at)
}

/// What stands around a place.
fn around(text: &str, at: usize) -> String {
    let from = (at.saturating_sub(BEFORE)..=at).find(|it| text.is_char_boundary(*it));
    let from = from.unwrap_or_default();
    let before = if from > 0 { "…" } else { "" };
    let end = (at.saturating_add(BEHIND)..text.len()).find(|it| text.is_char_boundary(*it));
    let (end, behind) = end.map_or((text.len(), ""), |end| (end, "…"));
    let shown = text.get(from..end).unwrap_or_default();
    format!("{before}{}{behind}", inert(shown))
}

fn shown(text: &str) -> String {
    around(text, 0)
}

/// An output in words. It may be of another version: what it is not, it is not.
fn words(output: &Value) -> String {
    let text = |place: &str| match output.pointer(place) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let words = match text("/type").as_str() {
        "effect" => effect(&text, output),
        "abort" => format!("ends effect {}", text("/id")),
        "emit" => emit(&text),
        "idle" => match text("/wakeAt").as_str() {
            "" => format!("waits for {}", text("/reason")),
            until => format!("waits for {}, until {until}", text("/reason")),
        },
        "done" => format!(
            "ends as {}, exit code {}",
            text("/outcome"),
            text("/exitCode")
        ),
        _ => output.to_string(),
    };
    inert(&words)
}

fn effect(text: &impl Fn(&str) -> String, output: &Value) -> String {
    match text("/effect/type").as_str() {
        "run" => {
            let argv = output.pointer("/effect/argv").and_then(Value::as_array);
            let argv = argv.into_iter().flatten().filter_map(Value::as_str);
            format!("runs `{}`", argv.collect::<Vec<_>>().join(" "))
        }
        "read-file" => format!("reads {}", text("/effect/path")),
        "write-file" => format!("writes {}", text("/effect/path")),
        "fetch" => format!("asks {} {}", text("/effect/method"), text("/effect/url")),
        "fingerprint" => format!("has fingerprints made of {}", text("/effect/names")),
        _ => text("/effect"),
    }
}

fn emit(text: &impl Fn(&str) -> String) -> String {
    match text("/emit/type").as_str() {
        "log" | "relay" => format!("says: {}", text("/emit/text")),
        "group" => format!("begins the lines of: {}", text("/emit/title")),
        "end-group" => "ends a group of lines".to_owned(),
        "annotation" => format!(
            "annotates: {}: {}",
            text("/emit/title"),
            text("/emit/message")
        ),
        kind @ ("output" | "variable" | "state") => {
            format!(
                "sets the {kind} {}={}",
                text("/emit/name"),
                text("/emit/value")
            )
        }
        "summary" => format!("writes the summary: {}", text("/emit/markdown")),
        "answer" => format!("answers: {}", text("/emit/json")),
        "public" => format!("calls public: {}", text("/emit/texts")),
        "mask" => format!("keeps {} out of the log", text("/emit/name")),
        _ => text("/emit"),
    }
}
