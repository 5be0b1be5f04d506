//! What became of one request.

use serde_json::{Value, json};

/// One request and its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// When it was due, in milliseconds since 1970.
    pub(crate) at: u64,
    /// From then to its end, in milliseconds: a late sending counts.
    pub(crate) latency: f64,
    /// What came back.
    pub(crate) answer: Answer,
}

/// An answer, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A whole one; the version is what its JSON body says.
    Whole {
        status: u16,
        version: Option<String>,
    },
    /// None, or a torn one; the text says why.
    Missing(String),
}

impl Record {
    /// Why it counts as failed, if it does: no whole answer, or a status from 400.
    pub(crate) fn failure(&self) -> Option<String> {
        match &self.answer {
            Answer::Whole { status, .. } if *status < 400 => None,
            Answer::Whole { status, .. } => Some(format!("status {status}")),
            Answer::Missing(why) => Some(why.clone()),
        }
    }

    /// The version that answered, if one said so.
    pub(crate) fn version(&self) -> Option<&str> {
        match &self.answer {
            Answer::Whole { version, .. } => version.as_deref(),
            Answer::Missing(_) => None,
        }
    }

    /// As a line of the record.
    pub(crate) fn line(&self) -> Value {
        let latency = (self.latency * 10.0).round() / 10.0;
        match &self.answer {
            Answer::Whole { status, version } => json!({
                "at": self.at, "latency_ms": latency, "status": status, "version": version,
            }),
            Answer::Missing(why) => json!({
                "at": self.at, "latency_ms": latency, "error": why,
            }),
        }
    }
}
