//! How an [`Input`] is read where every microsecond counts: in the module, which is compiled as it runs.
//!
//! What is derived for enums that bear their tag among their members is 40 KB of code, and an eighth of all that a short
//! run has to compile. This is a tenth of it, and reads alike: a test compares the two.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::library::words_of;

use super::{Begin, Completion, EffectId, Fault, Input, Platform, Program};

/// Why a text is no input.
pub(crate) type Unreadable = String;

impl Input {
    /// Reads one from JSON.
    ///
    /// # Errors
    /// What is missing, or of another kind than it should be.
    pub fn read(json: &str) -> Result<Self, Unreadable> {
        Self::of(serde_json::from_str(json).map_err(|error| words_of(&error))?)
    }

    /// The same of JSON that is parsed. What only a newer version would have written is passed over.
    pub(crate) fn of(value: Value) -> Result<Self, Unreadable> {
        let mut members = Members::of(value)?;
        Ok(match members.text("type")?.as_str() {
            "begin" => Self::Begin(Box::new(begin(members)?)),
            "completed" => Self::Completed {
                id: EffectId(members.number("id")?),
                completion: completion(Members::of(members.take("completion"))?)?,
            },
            "cancel" => Self::Cancel {
                grace: members.number("grace")?,
            },
            "tick" => Self::Tick,
            other => return Err(unknown("type", other)),
        })
    }
}

fn begin(mut members: Members) -> Result<Begin, Unreadable> {
    Ok(Begin {
        program: match members.maybe("program")?.as_deref() {
            None | Some("cd-action") => Program::CdAction,
            Some("metadata") => Program::Metadata,
            Some(other) => return Err(unknown("program", other)),
        },
        argv: members.list("argv")?,
        inputs: members.texts("inputs")?,
        env: members.texts("env")?,
        platform: match members.text("platform")?.as_str() {
            "command-line" => Platform::CommandLine,
            "actions" => Platform::Actions,
            "actions-post" => Platform::ActionsPost,
            other => return Err(unknown("platform", other)),
        },
        workspace: members.text("workspace")?,
        scratch: members.text("scratch")?,
        reports: members.text("reports")?,
        holder: members.text("holder")?,
        journal: members.text("journal")?,
    })
}

fn completion(mut members: Members) -> Result<Completion, Unreadable> {
    Ok(match members.text("type")?.as_str() {
        "exited" => Completion::Exited {
            code: members.code()?,
            signal: members.maybe("signal")?,
            stdout: members.text("stdout")?,
            stderr: members.text("stderr")?,
        },
        "recalled" => Completion::Recalled {
            stdout: members.text("stdout")?,
        },
        "timed-out" => Completion::TimedOut {
            stdout: members.text("stdout")?,
            stderr: members.text("stderr")?,
        },
        "opened" => Completion::Opened,
        "read" => Completion::Read {
            text: members.text("text")?,
        },
        "written" => Completion::Written,
        "fetched" => Completion::Fetched {
            status: members.number("status")?,
            headers: members.texts("headers")?,
            body: members.text("body")?,
        },
        "unset" => Completion::Unset {
            names: members.list("names")?,
        },
        "fingerprinted" => Completion::Fingerprinted {
            values: members.fingerprints()?,
        },
        "failed" => Completion::Failed {
            fault: match members.text("fault")?.as_str() {
                "not-found" => Fault::NotFound,
                "denied" => Fault::Denied,
                "too-large" => Fault::TooLarge,
                "not-text" => Fault::NotText,
                "secret-missing" => Fault::SecretMissing,
                "unreachable" => Fault::Unreachable,
                "other" => Fault::Other,
                other => return Err(unknown("fault", other)),
            },
            message: members.text("message")?,
        },
        other => return Err(unknown("completion", other)),
    })
}

/// An object's members, each of which is taken out once.
struct Members(Map<String, Value>);

impl Members {
    fn of(value: Value) -> Result<Self, Unreadable> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err("an object is missing".to_owned()),
        }
    }

    fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or(Value::Null)
    }

    fn text(&mut self, name: &str) -> Result<String, Unreadable> {
        self.maybe(name)?
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    fn maybe(&mut self, name: &str) -> Result<Option<String>, Unreadable> {
        match self.take(name) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(format!("`{name}` is no text")),
        }
    }

    fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Result<T, Unreadable> {
        let number = self.take(name).as_u64();
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("`{name}` is no such number"))
    }

    fn code(&mut self) -> Result<Option<i32>, Unreadable> {
        match self.take("code") {
            Value::Null => Ok(None),
            code => {
                let code = code.as_i64().and_then(|code| i32::try_from(code).ok());
                code.map(Some)
                    .ok_or_else(|| "`code` is no exit code".to_owned())
            }
        }
    }

    fn list(&mut self, name: &str) -> Result<Vec<String>, Unreadable> {
        let wrong = || format!("`{name}` is no list of texts");
        let Value::Array(values) = self.take(name) else {
            return Err(wrong());
        };
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            match value {
                Value::String(text) => texts.push(text),
                _ => return Err(wrong()),
            }
        }
        Ok(texts)
    }

    fn texts(&mut self, name: &str) -> Result<BTreeMap<String, String>, Unreadable> {
        let Self(members) = Self::of(self.take(name))?;
        let mut texts = BTreeMap::new();
        for (key, value) in members {
            match value {
                Value::String(text) => drop(texts.insert(key, text)),
                _ => return Err(format!("`{name}` has a member that is no text: `{key}`")),
            }
        }
        Ok(texts)
    }

    fn fingerprints(&mut self) -> Result<BTreeMap<String, Option<String>>, Unreadable> {
        let mut values = Self::of(self.take("values"))?;
        let names: Vec<String> = values.0.keys().cloned().collect();
        let mut read = BTreeMap::new();
        for name in names {
            let value = values.maybe(&name)?;
            read.insert(name, value);
        }
        Ok(read)
    }
}

fn unknown(what: &str, word: &str) -> Unreadable {
    format!("there is no {what} `{word}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<Input> {
        let text = |text: &str| text.to_owned();
        let completions = [
            Completion::Exited {
                code: Some(-1),
                signal: None,
                stdout: text("o\n"),
                stderr: text("\u{0}é"),
            },
            Completion::Exited {
                code: None,
                signal: Some(text("SIGTERM")),
                stdout: text(""),
                stderr: text(""),
            },
            Completion::Recalled { stdout: text("o") },
            Completion::TimedOut {
                stdout: text("o"),
                stderr: text("e"),
            },
            Completion::Opened,
            Completion::Read { text: text("t") },
            Completion::Written,
            Completion::Fetched {
                status: 200,
                headers: BTreeMap::from([(text("etag"), text("e"))]),
                body: text("b"),
            },
            Completion::Unset {
                names: vec![text("A")],
            },
            Completion::Fingerprinted {
                values: BTreeMap::from([(text("A"), Some(text("f"))), (text("B"), None)]),
            },
        ];
        let faults = [
            Fault::NotFound,
            Fault::Denied,
            Fault::TooLarge,
            Fault::NotText,
            Fault::SecretMissing,
            Fault::Unreachable,
            Fault::Other,
        ];
        let failed = faults.map(|fault| Completion::Failed {
            fault,
            message: text("m"),
        });
        let completed = completions.into_iter().chain(failed).zip(1..);
        let completed = completed.map(|(completion, id)| Input::Completed {
            id: EffectId(id),
            completion,
        });
        let begins = begins();
        let others = [Input::Cancel { grace: u64::MAX }, Input::Tick];
        begins.chain(completed).chain(others).collect()
    }

    fn begins() -> impl Iterator<Item = Input> {
        let text = |text: &str| text.to_owned();
        let platforms = [
            Platform::CommandLine,
            Platform::Actions,
            Platform::ActionsPost,
        ];
        let begins = platforms.map(|platform| {
            Input::Begin(Box::new(Begin {
                program: match platform {
                    Platform::CommandLine => Program::CdAction,
                    Platform::Actions | Platform::ActionsPost => Program::Metadata,
                },
                argv: vec![text("a"), text("")],
                inputs: BTreeMap::from([(text("i"), text(" v "))]),
                env: BTreeMap::from([(text("E"), text("w"))]),
                platform,
                workspace: text("/w"),
                scratch: text("/s"),
                reports: text("/r"),
                holder: text("h"),
                journal: text("/j"),
            }))
        });
        begins.into_iter()
    }

    #[test]
    fn reads_every_kind_as_what_is_derived_does() {
        for input in every_kind() {
            let json = serde_json::to_string(&input).expect("it is JSON");
            assert_eq!(
                serde_json::from_str::<Input>(&json).ok(),
                Some(input.clone()),
                "{json}"
            );
            assert_eq!(Input::read(&json), Ok(input), "{json}");
        }
    }

    #[test]
    fn an_older_beginning_names_no_program() {
        let Input::Begin(begin) = every_kind().remove(0) else {
            panic!("the first is a beginning")
        };
        let mut json = serde_json::to_value(Input::Begin(begin.clone())).expect("it is JSON");
        json.as_object_mut()
            .expect("it is an object")
            .remove("program");
        assert_eq!(Input::read(&json.to_string()), Ok(Input::Begin(begin)));
    }

    #[test]
    fn says_what_is_wrong() {
        let rows = [
            ("", "EOF while parsing a value"),
            ("[]", "an object is missing"),
            (
                r#"{"type":"no-such-input"}"#,
                "there is no type `no-such-input`",
            ),
            (r#"{"type":1}"#, "`type` is no text"),
            (r#"{"type":"cancel"}"#, "`grace` is no such number"),
            (r#"{"type":"completed","id":1}"#, "an object is missing"),
            (
                r#"{"type":"completed","id":4294967296,"completion":{"type":"opened"}}"#,
                "`id` is no such number",
            ),
            (
                r#"{"type":"completed","id":1,"completion":{"type":"read"}}"#,
                "`text` is missing",
            ),
        ];
        for (json, expected) in rows {
            assert_eq!(Input::read(json), Err(expected.to_owned()), "{json}");
        }
    }
}
