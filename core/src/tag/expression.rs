//! What the names in expressions stand for: the event's, the clock's, a version's.

use std::cell::Cell;

use super::mistake::WhenNeeded;
use super::moment;
use super::template::{Scope, Value};
use super::version::{Pep440, Version};
use crate::event::Event;
use crate::protocol::Timestamp;

/// Everything but versions.
#[derive(Clone, Debug)]
pub(super) struct Globals<'a> {
    pub(super) event: &'a Event,
    pub(super) short_sha: &'a WhenNeeded<String>,
    pub(super) clock: Clock,
}

/// `date` and `commit_date` alone.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) now: Timestamp,
    /// `None`: nobody tells it, and `commit_date` is empty.
    pub(super) commit: Option<Timestamp>,
    /// Whether an expression wanted it in vain.
    pub(super) missed: Cell<bool>,
}

/// What a version is in parts.
#[derive(Clone, Debug)]
pub(super) enum Parts<'a> {
    Semver {
        raw: &'a str,
        version: &'a semver::Version,
    },
    Pep440 {
        raw: &'a str,
        version: &'a Pep440,
    },
}

impl Globals<'_> {
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let event = self.event;
        let main = event.is_on_default_branch();
        Ok(Some(match name {
            "branch" => event.ref_branch().unwrap_or_default().to_owned(),
            "tag" => event.ref_tag().unwrap_or_default().to_owned(),
            "sha" => match self.short_sha {
                Ok(sha) => sha.clone(),
                Err(mistake) => {
                    return Err(format!(
                        "needs {}, which {}",
                        mistake.input, mistake.message
                    ));
                }
            },
            "base_ref" => {
                let has = event.ref_tag().is_some() || event.ref_pull_request().is_some();
                event.base_ref.clone().filter(|_| has).unwrap_or_default()
            }
            "is_default_branch" => main.to_string(),
            "is_not_default_branch" => (!main).to_string(),
            _ => return Ok(None),
        }))
    }
}

impl Scope for Globals<'_> {
    fn name(&self, name: &str) -> Result<Option<Value>, String> {
        match self.text(name)? {
            Some(text) => Ok(Some(Value::Text(text))),
            None => self.clock.name(name),
        }
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        options: &[(String, Value)],
    ) -> Result<Option<Value>, String> {
        match self.text(name)? {
            // Its arguments are of no use, and do no harm.
            Some(text) => Ok(Some(Value::Text(text))),
            None => self.clock.call(name, arguments, options),
        }
    }
}

impl Scope for Clock {
    fn name(&self, name: &str) -> Result<Option<Value>, String> {
        self.call(name, &[], &[])
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        options: &[(String, Value)],
    ) -> Result<Option<Value>, String> {
        let at = match name {
            "date" => Some(self.now),
            "commit_date" => self.commit,
            _ => return Ok(None),
        };
        let [format] = arguments else {
            return Err(format!(
                "`{name}` needs one format, as in {{{{{name} 'YYYYMMDD'}}}}"
            ));
        };
        let format = match format {
            Value::Text(format) => format.as_str(),
            Value::Nothing | Value::Bool(false) | Value::Number(0.0) => "",
            Value::Bool(true) | Value::Number(_) | Value::List(_) => {
                return Err(format!("`{name}` needs a text for a format"));
            }
        };
        let mut zone = "UTC".to_owned();
        for (key, value) in options {
            if key != "tz" {
                return Err(format!("Unknown {key} attribute"));
            }
            zone = value.print();
        }
        let Some(at) = at else {
            self.missed.set(true);
            return Ok(Some(Value::Text(String::new())));
        };
        Ok(Some(Value::Text(moment::format(at, format, &zone))))
    }
}

impl<'a> Parts<'a> {
    /// A version's parts by SemVer.
    pub(super) fn semver(version: &'a Version) -> Option<Self> {
        let raw = version.text();
        version
            .as_semantic()
            .map(|version| Self::Semver { raw, version })
    }

    /// A version's parts by PEP 440.
    pub(super) fn pep440(version: &'a Version) -> Option<Self> {
        let raw = version.text();
        version
            .as_python()
            .map(|version| Self::Pep440 { raw, version })
    }

    fn text(&self, name: &str) -> Option<Value> {
        let number = |text: &str| match text.parse::<u32>() {
            Ok(number) => Value::Number(f64::from(number)),
            Err(_) => Value::Text(text.to_owned()),
        };
        let list = |text: &str| {
            let parts = text.split('.').filter(|part| !part.is_empty());
            Value::List(parts.map(|part| Value::Text(part.to_owned())).collect())
        };
        let text = |text: String| Value::Text(text);
        Some(match (self, name) {
            (Self::Semver { raw, .. } | Self::Pep440 { raw, .. }, "raw") => text((*raw).to_owned()),
            (Self::Semver { version, .. }, "version") => {
                let mut version = (*version).clone();
                version.build = semver::BuildMetadata::EMPTY;
                text(version.to_string())
            }
            (Self::Semver { version, .. }, "major") => number(&version.major.to_string()),
            (Self::Semver { version, .. }, "minor") => number(&version.minor.to_string()),
            (Self::Semver { version, .. }, "patch") => number(&version.patch.to_string()),
            (Self::Semver { version, .. }, "prerelease") => list(&version.pre),
            (Self::Semver { version, .. }, "build") => list(&version.build),
            (Self::Pep440 { version, .. }, "version") => text(version.to_string()),
            (Self::Pep440 { version, .. }, "major") => number(version.segment(0)),
            (Self::Pep440 { version, .. }, "minor") => number(version.segment(1)),
            (Self::Pep440 { version, .. }, "patch") => number(version.segment(2)),
            (Self::Semver { .. } | Self::Pep440 { .. }, _) => return None,
        })
    }
}

impl Scope for Parts<'_> {
    fn name(&self, name: &str) -> Result<Option<Value>, String> {
        Ok(self.text(name))
    }

    fn call(&self, _: &str, _: &[Value], _: &[(String, Value)]) -> Result<Option<Value>, String> {
        Ok(None)
    }
}
