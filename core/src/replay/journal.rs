//! A journal's text, line by line: what was handed in, what came back, how it ends; or all that is wrong with it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::library::words_of;
use crate::protocol::{Input, Timestamp};

/// Most bytes of a journal: a hundred times the longest of our own tests.
pub(crate) const LARGEST: u32 = 64 << 20;

/// Most lines of a journal.
pub(super) const MOST_LINES: usize = 1_000_000;

/// Most mistakes that are told one by one: a file that is something else altogether has one in each line.
const MOST_MISTAKES: usize = 20;

/// A journal that can be decided again.
#[derive(Debug)]
pub(super) struct Journal<'a> {
    pub(super) version: Option<String>,
    pub(super) began: Timestamp,
    pub(super) exchanges: Vec<Exchange<'a>>,
    pub(super) end: JournalEnd,
}

/// An input, and what came back.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    /// The input's line, from 1; its outputs stand in the next one.
    pub(super) line: u32,
    pub(super) now: Timestamp,
    pub(super) input: Input,
    /// The JSON of the list as it stands there; `None`: the journal ends before it.
    pub(super) outputs: Option<Cow<'a, str>>,
}

/// How a journal ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum JournalEnd {
    /// The run came to its end.
    Done {
        /// How it ended.
        outcome: String,
        /// The exit code of its process.
        exit_code: u8,
    },
    /// The process was killed while something was under way.
    Killed,
    /// The process was killed between an input and what was decided on it.
    Unanswered {
        /// The input's line.
        line: u32,
    },
    /// The last line is not whole: the process was killed while it wrote, or the disk was full.
    Torn {
        /// Which one that is.
        line: u32,
    },
    /// The run ended by a bug of ours, in the core or in the shell.
    Crashed {
        /// The line that says so.
        line: u32,
        /// What was said.
        words: String,
    },
}

/// Why a text cannot be decided again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Unreadable {
    /// The version that wrote it, where it says so.
    pub version: Option<String>,
    /// The version that could not read it.
    pub by: String,
    /// What is wrong with it, up to twenty.
    pub mistakes: Vec<BadLine>,
    /// How many there are besides.
    pub more: u32,
}

/// Something that is wrong with a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct BadLine {
    /// Which line, from 1; `None`: the whole.
    pub line: Option<u32>,
    /// What it is.
    pub message: String,
}

impl std::fmt::Display for BadLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Unreadable {
    /// One thing is wrong with all of it.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        let mistake = BadLine {
            line: None,
            message: message.into(),
        };
        Self::of(None, vec![mistake], 0)
    }

    fn of(version: Option<String>, mistakes: Vec<BadLine>, more: u32) -> Self {
        Self {
            version,
            by: super::VERSION.to_owned(),
            mistakes,
            more,
        }
    }
}

/// What a line is.
enum Line<'a> {
    Input {
        now: Timestamp,
        input: Input,
    },
    Outputs {
        json: Cow<'a, str>,
        done: Option<JournalEnd>,
    },
    Crash {
        words: String,
    },
}

pub(super) fn read(text: &str) -> Result<Journal<'_>, Unreadable> {
    if text.len() > LARGEST as usize {
        return Err(Unreadable::whole(format!(
            "it is larger than {LARGEST} bytes (64 MiB): no run writes so much"
        )));
    }
    if text.trim().is_empty() {
        return Err(Unreadable::whole(
            "it is empty: a run writes its journal from the first thing that it does on, so this is of none",
        ));
    }
    let whole = text.ends_with('\n');
    let text = text.trim_end_matches(['\n', '\r']);
    if text.lines().nth(MOST_LINES).is_some() {
        return Err(Unreadable::whole(format!(
            "it has more than {MOST_LINES} lines: no run writes so many"
        )));
    }
    let version = first(text, whole)?;
    let mut reader = Reader::default();
    let last = text.lines().count();
    for (at, line) in text.lines().enumerate() {
        let torn = at + 1 == last && !whole;
        reader.take(number(at + 1), line, torn);
    }
    reader.finish(version)
}

/// The version in the first line. What does not begin like a journal is told as that, and not as a thousand mistakes.
fn first(text: &str, whole: bool) -> Result<Option<String>, Unreadable> {
    let line = text.lines().next().unwrap_or_default();
    let value: Option<Value> = serde_json::from_str(line).ok();
    if let Some(value) = value.filter(|it| it.get("input").is_some()) {
        return Ok(value["version"].as_str().map(str::to_owned));
    }
    let begun = ["{\"version\":", "{\"now\":"]
        .iter()
        .any(|start| line.starts_with(start));
    Err(if begun && !whole && line.len() == text.len() {
        Unreadable::whole(
            "its only line is torn: the run was killed as it began, and nothing of it can be decided again",
        )
    } else {
        Unreadable::whole(
            "it is no journal of cd-action: the first line of one is `{\"now\":…,\"input\":{\"type\":\"begin\",…}}`",
        )
    })
}

/// What has been read so far.
#[derive(Default)]
struct Reader<'a> {
    exchanges: Vec<Exchange<'a>>,
    end: Option<(u32, JournalEnd)>,
    mistakes: Vec<BadLine>,
    more: u32,
}

impl<'a> Reader<'a> {
    fn take(&mut self, line: u32, text: &'a str, torn: bool) {
        let over = self.end.as_ref().map(|(line, _)| *line);
        match (parse(text), over) {
            (Err(Wrong::Json(_)), _) if torn => self.end = Some((line, JournalEnd::Torn { line })),
            // The shell may still stumble when the core has said its last word.
            (Ok(Line::Crash { words }), _) => {
                self.end = Some((line, JournalEnd::Crashed { line, words }));
            }
            (_, Some(over)) => self.wrong(line, format!("the run was over at line {over}")),
            (Ok(Line::Input { now, input }), None) => self.on_input(line, now, input),
            (Ok(Line::Outputs { json, done }), None) => self.on_outputs(line, json, done),
            (Err(Wrong::Json(message) | Wrong::Form(message)), None) => self.wrong(line, message),
        }
    }

    fn on_input(&mut self, line: u32, now: Timestamp, input: Input) {
        let begins = matches!(input, Input::Begin(_));
        match self.exchanges.last() {
            None if !begins => self.wrong(line, "a run begins with the input `begin`"),
            Some(_) if begins => self.wrong(line, "a second run begins: a journal is of one"),
            Some(last) if last.outputs.is_none() && self.mistakes.is_empty() => {
                let before = last.line;
                self.wrong(
                    line,
                    format!("what was decided on line {before} is missing before it"),
                );
            }
            None | Some(_) => {}
        }
        self.exchanges.push(Exchange {
            line,
            now,
            input,
            outputs: None,
        });
    }

    fn on_outputs(&mut self, line: u32, json: Cow<'a, str>, done: Option<JournalEnd>) {
        match self.exchanges.last_mut() {
            Some(last) if last.outputs.is_none() => last.outputs = Some(json),
            // Behind a line that could not be read it is that one's.
            Some(_) | None if !self.mistakes.is_empty() => {}
            Some(_) | None => self.wrong(line, "outputs, and no input that they came of"),
        }
        self.end = done.map(|done| (line, done));
    }

    fn wrong(&mut self, line: u32, message: impl Into<String>) {
        if self.mistakes.len() == MOST_MISTAKES {
            self.more += 1;
            return;
        }
        self.mistakes.push(BadLine {
            line: Some(line),
            message: message.into(),
        });
    }

    fn finish(self, version: Option<String>) -> Result<Journal<'a>, Unreadable> {
        let (Some(first), Some(last)) = (self.exchanges.first(), self.exchanges.last()) else {
            return Err(Unreadable::of(version, self.mistakes, self.more));
        };
        if !self.mistakes.is_empty() {
            return Err(Unreadable::of(version, self.mistakes, self.more));
        }
        let unfinished = match last.outputs {
            Some(_) => JournalEnd::Killed,
            None => JournalEnd::Unanswered { line: last.line },
        };
        Ok(Journal {
            version,
            began: first.now,
            end: self.end.map_or(unfinished, |(_, end)| end),
            exchanges: self.exchanges,
        })
    }
}

/// What is wrong with a line.
enum Wrong {
    /// It is not whole, or something else.
    Json(String),
    /// It is JSON, and says what no journal says, or what this version does not know.
    Form(String),
}

fn parse(text: &str) -> Result<Line<'_>, Wrong> {
    let mut value: Value = serde_json::from_str(text)
        .map_err(|error| Wrong::Json(format!("no JSON: {}", words_of(&error))))?;
    let Some(members) = value.as_object_mut() else {
        return Err(Wrong::Form("no object".to_owned()));
    };
    if let Some(input) = members.remove("input") {
        let now = members.get("now").and_then(Value::as_u64);
        let now = now.ok_or_else(|| {
            Wrong::Form("`now` is no moment, in milliseconds since 1970".to_owned())
        })?;
        let input = Input::of(input).map_err(Wrong::Form)?;
        return Ok(Line::Input {
            now: Timestamp(now),
            input,
        });
    }
    if let Some(outputs) = members.get("outputs") {
        let last = outputs.as_array().and_then(|outputs| outputs.last());
        let last = last.ok_or_else(|| Wrong::Form("`outputs` is no list of any".to_owned()))?;
        let alone = text.strip_prefix("{\"outputs\":");
        let alone = alone.and_then(|json| json.strip_suffix('}'));
        let alone = alone.filter(|_| members.len() == 1);
        return Ok(Line::Outputs {
            done: done(last),
            json: alone.map_or_else(|| Cow::Owned(outputs.to_string()), Cow::Borrowed),
        });
    }
    match members.get("crash").and_then(Value::as_str) {
        Some(words) => Ok(Line::Crash {
            words: words.to_owned(),
        }),
        None => Err(Wrong::Form(
            "neither an `input`, nor `outputs`, nor a `crash`".to_owned(),
        )),
    }
}

/// The last output of a run that came to its end.
fn done(output: &Value) -> Option<JournalEnd> {
    if output["type"] != "done" {
        return None;
    }
    let exit_code = output["exitCode"].as_u64();
    Some(JournalEnd::Done {
        outcome: output["outcome"].as_str().unwrap_or_default().to_owned(),
        exit_code: exit_code.and_then(|code| u8::try_from(code).ok())?,
    })
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
