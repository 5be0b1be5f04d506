//! Where in a JSON text something is wrong: as a path of members, since whoever asks has an object and no text.

use std::fmt::Write as _;

/// The member that a parser had reached at this line and column, both from 1, the column in bytes.
pub(super) fn of(json: &str, line: usize, column: usize) -> String {
    let before: usize = json
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let reached = json.as_bytes().iter().take(before.saturating_add(column));
    let mut walk = Walk::default();
    reached.for_each(|byte| walk.take(*byte));
    walk.path()
}

/// A parser's words, without its line and column: whoever asks has an object and no text.
#[must_use]
pub fn words_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// A walk along a JSON text. It need not be a correct one: a parser has stopped at what is wrong.
#[derive(Default)]
struct Walk {
    /// The objects and lists that are open.
    open: Vec<Step>,
    string: Option<Vec<u8>>,
    escaped: bool,
}

enum Step {
    Member { name: Vec<u8>, is_named: bool },
    Item(usize),
}

impl Walk {
    fn take(&mut self, byte: u8) {
        match &mut self.string {
            Some(_) if byte == b'"' && !self.escaped => self.end_string(),
            Some(text) => {
                text.push(byte);
                self.escaped = byte == b'\\' && !self.escaped;
            }
            None => self.take_outside(byte),
        }
    }

    fn take_outside(&mut self, byte: u8) {
        match byte {
            b'"' => self.string = Some(Vec::new()),
            b'{' => self.open.push(Step::Member {
                name: Vec::new(),
                is_named: false,
            }),
            b'[' => self.open.push(Step::Item(0)),
            b'}' | b']' => {
                self.open.pop();
            }
            b',' => match self.open.last_mut() {
                Some(Step::Member { is_named, .. }) => *is_named = false,
                Some(Step::Item(number)) => *number += 1,
                None => {}
            },
            _ => {}
        }
    }

    /// The first string since the last comma is a member's name.
    fn end_string(&mut self) {
        let text = self.string.take().unwrap_or_default();
        if let Some(Step::Member { name, is_named }) = self.open.last_mut()
            && !*is_named
        {
            (*name, *is_named) = (text, true);
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.open {
            let written = match step {
                Step::Item(number) => write!(path, "[{number}]"),
                Step::Member {
                    is_named: false, ..
                } => Ok(()),
                Step::Member { name, .. } => {
                    let name = String::from_utf8_lossy(name);
                    if !is_word(&name) {
                        write!(path, "[\"{name}\"]")
                    } else if path.is_empty() {
                        write!(path, "{name}")
                    } else {
                        write!(path, ".{name}")
                    }
                }
            };
            written.expect("writing to a string cannot fail");
        }
        path
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_member_that_was_reached() {
        let rows = [
            (r#"{"#, ""),
            (r#"{"a"#, ""),
            (r#"{"a""#, "a"),
            (r#"{"a":"b""#, "a"),
            (r#"{"a":1,"#, ""),
            (r#"{"a":1,"b":{"c":2"#, "b.c"),
            (r#"{"a":{"c":2}"#, "a"),
            (r#"{"a":[1,{"b":"c","d":"#, "a[1].d"),
            (r#"["#, "[0]"),
            (r#"[1,2"#, "[1]"),
            (r#"{"sep-tags":"#, r#"["sep-tags"]"#),
            (r#"{"a":{"x,{\"}":[]"#, r#"a["x,{\"}"]"#),
            (r#"{"a":"\\","b":"#, "b"),
            (r#"5"#, ""),
            (r#"}]"#, ""),
            ("{\n\"a\":\n1", "a"),
        ];
        for (text, expected) in rows {
            let lines = text.split('\n').count();
            let column = text.split('\n').next_back().map_or(0, str::len);
            assert_eq!(of(text, lines, column), expected, "{text}");
        }
    }
}
