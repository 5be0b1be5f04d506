//! What is inside a file that an index has under the name of one that was built, where its bytes are not the same.
//!
//! Many tools write into an archive when it was packed and by whom, so the same commit makes other bytes each time. What counts is
//! what whoever installs it gets: if that is the same, the index's file takes the place of ours, and everything from here on is done
//! with what is published. An archive is read by the Python at hand, and never unpacked.

use super::engine::trouble;
use super::nox::{self, QUICK, effect};
use super::packages::BuiltFile;
use crate::index::Listed;
use crate::protocol::{Authorization, Completion, Effect, Fetch};
use crate::registry::Trouble;
use crate::web::{Request, Server, Turn, same_server};

/// Milliseconds that bringing a file here may take.
const BRING: u64 = 1_800_000;

/// Most bytes of a file.
const LIMIT: u32 = 2 << 30;

/// What an index has under the name of a file that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Of the index's file, as it came.
    pub sha256: String,
    /// How what is in it stands to what is in ours.
    pub contents: Contents,
}

/// How one archive stands to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// They are the same, byte for byte.
    Bytes,
    /// The same is in both.
    Same,
    /// These members are not the same.
    Other(Vec<String>),
    /// Nobody could look, for this reason.
    Unknown(String),
}

/// A file of an index that is being looked into.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    ours: BuiltFile,
    /// Where ours is.
    path: String,
    /// Where theirs is brought.
    brought: String,
    scratch: String,
    /// What the index says its hash is.
    said: Option<String>,
    login: Option<Authorization>,
    first: Fetch,
    request: Request,
    stage: Stage,
    sha256: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Bringing,
    Hashing,
    Comparing,
    Taking,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// There is more to do.
    More,
    /// The same after so many milliseconds.
    Wait { millis: u64, why: String },
    /// This is in it.
    Over(Result<Inside, Trouble>),
}

impl Contents {
    /// Whether it is the same package.
    #[must_use]
    pub const fn are_ours(&self) -> bool {
        matches!(self, Self::Bytes | Self::Same)
    }

    /// Why it is not.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Bytes | Self::Same => "the same is in both".to_owned(),
            Self::Other(members) => format!("not the same in both: {}", members.join(", ")),
            Self::Unknown(why) => format!("nobody could look into them: {why}"),
        }
    }
}

impl Opening {
    /// Nothing is brought yet. `folder`: where the session has built; `index`: what lists it, and has the login.
    ///
    /// An index may list files of other servers, which then could ask for the login: only its own gets it.
    ///
    /// # Errors
    /// The index does not say where its file is.
    pub(crate) fn new(
        package: &str,
        theirs: &Listed,
        ours: &BuiltFile,
        folder: &str,
        scratch: &str,
        (index, login): (&str, Option<Authorization>),
    ) -> Result<Self, Trouble> {
        let name = &ours.name;
        let url = theirs.url.clone().ok_or_else(|| {
            let text = format!("the index has {name} and does not say where");
            Trouble::new("index-answer", text)
        })?;
        // Two packages may have a file of one name, at indexes of their own.
        let brought = format!("{scratch}/there/{package}/{name}");
        let first = Fetch {
            url,
            timeout: BRING,
            limit: LIMIT,
            save: Some(brought.clone()),
            ..Fetch::default()
        };
        Ok(Self {
            ours: ours.clone(),
            path: format!("{folder}/{name}"),
            brought,
            scratch: scratch.to_owned(),
            said: theirs.sha256.clone(),
            login: login.filter(|_| same_server(index, &first.url)),
            request: Request::new(Server::Index, first.clone()),
            first,
            stage: Stage::Bringing,
            sha256: String::new(),
        })
    }

    /// What is to be done now.
    pub(crate) fn effect(&self) -> Effect {
        let script = |script: &str, args: &[&str]| {
            let argv = ["sh", "-c", script, "sh"].into_iter();
            let argv = argv.chain(args.iter().copied());
            Effect::Run(effect(argv.map(str::to_owned).collect(), QUICK))
        };
        let (theirs, ours) = (&*self.brought, &*self.path);
        match self.stage {
            Stage::Bringing => Effect::Fetch(self.request.fetch()),
            Stage::Hashing => script(HASH, &[theirs]),
            Stage::Comparing => script(PYTHON, &[&self.scratch, CONTENTS, theirs, ours]),
            Stage::Taking => script(TAKE, &[theirs, ours]),
        }
    }

    /// Takes in what came of it.
    pub(crate) fn on(&mut self, completion: &Completion) -> Opened {
        match self.stage {
            Stage::Bringing => self.on_brought(completion),
            Stage::Hashing => self.on_hash(completion),
            Stage::Comparing => self.on_compared(completion),
            Stage::Taking if nox::is_there(Some(completion)) => self.over(Contents::Same),
            Stage::Taking => self.over(Contents::Unknown(trouble(Some(completion)).text)),
        }
    }

    fn on_brought(&mut self, completion: &Completion) -> Opened {
        let status = match self.request.on(completion) {
            Turn::Ask => return Opened::More,
            Turn::Wait { millis, why } => return Opened::Wait { millis, why },
            Turn::Over(Err(trouble)) => return Opened::Over(Err(trouble)),
            Turn::Over(Ok(reply)) => reply.status,
        };
        match (status, self.login.take()) {
            (200, _) => {
                self.stage = Stage::Hashing;
                Opened::More
            }
            (401 | 403, Some(login)) => {
                self.first.authorization = Some(login);
                self.request = Request::new(Server::Index, self.first.clone());
                Opened::More
            }
            (status, _) => {
                let text = format!("it lists {}, and answered {status} for it", self.ours.name);
                Opened::Over(Err(self.request.trouble("index-answer", &text)))
            }
        }
    }

    fn on_hash(&mut self, completion: &Completion) -> Opened {
        let Some(sha256) = said(completion).and_then(|said| said.split_whitespace().next()) else {
            let name = &self.ours.name;
            let text = format!(
                "what the index has as {name} cannot be looked at: {}",
                trouble(Some(completion)).text
            );
            return Opened::Over(Err(Trouble::new("index-answer", text)));
        };
        sha256.clone_into(&mut self.sha256);
        if let Some(said) = self.said.as_ref().filter(|said| *said != sha256) {
            let text = format!(
                "it says that the SHA-256 of {} is {said}, and what it sent has {sha256}",
                self.ours.name
            );
            return Opened::Over(Err(self.request.trouble("index-answer", &text)));
        }
        if self.sha256 == self.ours.sha256 {
            return self.over(Contents::Bytes);
        }
        self.stage = Stage::Comparing;
        Opened::More
    }

    fn on_compared(&mut self, completion: &Completion) -> Opened {
        let members = said(completion).and_then(|said| serde_json::from_str(said).ok());
        let members: Option<Vec<String>> = members;
        match members {
            Some(members) if members.is_empty() => {
                self.stage = Stage::Taking;
                Opened::More
            }
            Some(members) => self.over(Contents::Other(members)),
            None => self.over(Contents::Unknown(trouble(Some(completion)).text)),
        }
    }

    fn over(&self, contents: Contents) -> Opened {
        Opened::Over(Ok(Inside {
            sha256: self.sha256.clone(),
            contents,
        }))
    }
}

/// What a program said that did what it was to do.
fn said(completion: &Completion) -> Option<&str> {
    if let Completion::Exited {
        code: Some(0),
        stdout,
        ..
    } = completion
    {
        Some(stdout)
    } else {
        None
    }
}

const HASH: &str = r#"sum=sha256sum
command -v sha256sum >/dev/null || sum='shasum -a 256'
exec $sum "$1"
"#;

/// The Python at hand, else the one that uv has or gets: whoever runs nox has one of them.
const PYTHON: &str = r#"PATH=$PATH:$1/uv/bin; export PATH; shift
script=$1; shift
if command -v python3 >/dev/null; then exec python3 -I -c "$script" "$@"; fi
exec uv run --quiet --no-project python -I -c "$script" "$@"
"#;

const CONTENTS: &str = include_str!("scripts/contents.py");

/// Ours keeps its place and its rights.
const TAKE: &str = r#"exec cp "$1" "$2""#;

#[cfg(test)]
mod tests;
