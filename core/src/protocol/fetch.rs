//! One HTTP exchange, in every detail: nothing of it is left to whoever carries it out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One question to a server, and what is wanted of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Fetch {
    /// What is done.
    pub method: Method,
    /// `http://…` or `https://…`, without a user in it.
    pub url: String,
    /// Headers by their names, none of them secret.
    pub headers: BTreeMap<String, String>,
    /// Who asks.
    pub authorization: Option<Authorization>,
    /// Whether it goes there itself, whatever proxy the environment names.
    pub direct: bool,
    /// What is sent along.
    pub body: Option<Body>,
    /// Milliseconds after which it is given up and completes as [`Completion::TimedOut`](super::Completion::TimedOut).
    #[cfg_attr(feature = "generate", ts(type = "number"))]
    pub timeout: u64,
    /// Most bytes of the answer's body; a larger one is [`Fault::TooLarge`](super::Fault::TooLarge).
    pub limit: u32,
    /// Names, in small letters, of the answer's headers that are handed back.
    pub want: Vec<String>,
    /// The answer holds a secret: it is kept, and its body is not handed back.
    pub keep: Option<Keep>,
    /// Absolute path of the file that the body goes into where the status is 200, byte for byte; it is not handed back. Missing
    /// folders are made.
    pub save: Option<String>,
}

/// What is sent along with a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Body {
    /// This text.
    Text {
        /// UTF-8, byte for byte.
        text: String,
    },
    /// What is in a file of this machine, byte for byte, and seen by nobody.
    File {
        /// Absolute path.
        path: String,
    },
    /// What a GET is answered with: passed on as it comes, and seen by nobody. Only status 200 counts.
    Answer {
        /// As in [`Fetch::url`].
        url: String,
        /// Who asks.
        authorization: Option<Authorization>,
    },
}

/// What is done with what a URL names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Method {
    /// It is read.
    #[default]
    Get,
    /// It is only asked about.
    Head,
    /// It is written.
    Put,
    /// Something is begun there.
    Post,
    /// A part of it is changed.
    Patch,
    /// It is removed.
    Delete,
}

/// Who asks, in the header `Authorization`. The values are known to the shell alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Authorization {
    /// A user with a password.
    Basic {
        /// The name of the environment variable that holds the user's name, which is no secret.
        user: String,
        /// The name of the one that holds the password.
        password: String,
    },
    /// The same, of a user whose name is everybody's.
    Named {
        /// The user's name.
        user: String,
        /// The name of the environment variable that holds the password.
        password: String,
    },
    /// A token in an environment variable of the run.
    Variable {
        /// Its name.
        name: String,
    },
    /// A user with a password that were [kept](super::Run::keep_as) before, as docker keeps them: `user:password` in base64.
    Login {
        /// Under this name.
        kept: String,
    },
    /// A token that was [kept](Fetch::keep) before.
    Bearer {
        /// Under this name.
        kept: String,
    },
}

/// A secret inside an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Keep {
    /// Members of the JSON object that the answer is; the first that is a text is kept.
    pub members: Vec<String>,
    /// The name that it is kept under.
    pub name: String,
}
