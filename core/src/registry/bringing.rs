//! An image is brought from one repository to another: every piece that is missing there, then its manifests, byte for byte, and
//! the tag last. No engine has a part in it, so the digest is the same on both sides, whatever made the image.
//!
//! A piece goes from server to server: the upload's body is the answer of another request, and nobody here sees it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::asking::{Answered, digest_of, is_digest};
use super::exchange::{Answer, Exchange, Got};
use super::request::{Source, Want};
use super::{Repository, Trouble};

/// How often a piece is sent.
const TRIES: u32 = 4;

/// Manifests inside manifests that are followed.
const DEPTH: usize = 3;

/// Which of the two is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the image is.
    From,
    /// Where it is to be.
    To,
}

/// What comes next.
#[derive(Debug)]
pub enum Bring {
    /// This request.
    Ask(Side, Box<Exchange>),
    /// It is over: the tag names it, or was not written since it names something.
    Over(Result<Answered, Trouble>),
}

/// A manifest that came, and waits for what it names.
#[derive(Clone, Debug)]
struct Pending {
    digest: String,
    media_type: String,
    body: String,
    depth: usize,
}

/// An image on its way.
#[derive(Clone, Debug)]
pub struct Bringing {
    from: Repository,
    to: Repository,
    tag: String,
    digest: String,
    /// Manifests that are still to be read, with how deep they lie.
    unread: Vec<(String, usize)>,
    /// Manifests to write, the innermost last.
    pending: Vec<Pending>,
    /// Pieces that are still to be looked for.
    pieces: BTreeSet<String>,
    stage: Stage,
    /// The tag was written once, and may be there.
    written: bool,
}

/// What is under way.
#[derive(Clone, Debug)]
enum Stage {
    Reading {
        digest: String,
        depth: usize,
    },
    Looking {
        piece: String,
        tries: u32,
    },
    Finding {
        piece: String,
        tries: u32,
    },
    Starting {
        piece: String,
        tries: u32,
        source: Box<Source>,
    },
    Sending {
        piece: String,
        tries: u32,
    },
    /// Does the tag name anything, right before it is written?
    Checking {
        put: Box<Exchange>,
    },
    Writing,
}

/// What a step leads to.
enum Step {
    Ask(Side, Box<Exchange>),
    Over(Answered),
}

impl Step {
    fn ask((side, want): (Side, Want)) -> Self {
        Self::Ask(side, Box::new(Exchange::new(want)))
    }
}

impl Bringing {
    /// Begins, with the first request.
    #[must_use]
    pub fn new(
        from: Repository,
        to: Repository,
        tag: String,
        digest: String,
    ) -> (Self, Side, Exchange) {
        let reference = digest.clone();
        let bringing = Self {
            from,
            to,
            tag,
            stage: Stage::Reading {
                digest: digest.clone(),
                depth: 0,
            },
            digest,
            unread: Vec::new(),
            pending: Vec::new(),
            pieces: BTreeSet::new(),
            written: false,
        };
        (
            bringing,
            Side::From,
            Exchange::new(Want::Manifest { reference }),
        )
    }

    /// Takes in an answer. `source`: how what was asked for last can be had again.
    #[must_use]
    pub fn on(&mut self, got: Result<Got, Trouble>, source: Source) -> Bring {
        match self.step(got, source) {
            Ok(Step::Ask(side, exchange)) => Bring::Ask(side, exchange),
            Ok(Step::Over(answered)) => Bring::Over(Ok(answered)),
            Err(trouble) => Bring::Over(Err(trouble)),
        }
    }

    /// What comes first where a request is to be made again after a while; `None`: the same. Before the tag is written it is looked
    /// at, each time.
    #[must_use]
    pub fn before_again(&mut self, exchange: &Exchange) -> Option<Exchange> {
        let last = matches!(self.stage, Stage::Writing) && self.pending.is_empty();
        last.then(|| self.check(exchange.clone()))
    }

    fn check(&mut self, put: Exchange) -> Exchange {
        self.stage = Stage::Checking { put: Box::new(put) };
        let reference = self.tag.clone();
        Exchange::new(Want::Head { reference })
    }

    /// What the tag names, right before it is written.
    fn checked(&mut self, put: Box<Exchange>, held: Option<String>) -> Step {
        match held {
            None => {
                (self.stage, self.written) = (Stage::Writing, true);
                Step::Ask(Side::To, put)
            }
            Some(held) if self.written && held == self.digest => Step::Over(Answered::Named),
            held @ Some(_) => Step::Over(Answered::Held(held)),
        }
    }

    fn step(&mut self, got: Result<Got, Trouble>, source: Source) -> Result<Step, Trouble> {
        if let Stage::Checking { put } = self.stage.clone() {
            return Ok(match got?.0 {
                Answer::Missing => self.checked(put, None),
                Answer::Found { headers, body } => {
                    let said = headers.get("docker-content-digest");
                    match said.filter(|it| is_digest(it)) {
                        Some(digest) => self.checked(put, Some(digest.clone())),
                        None if body.is_empty() => {
                            let reference = self.tag.clone();
                            Step::ask((Side::To, Want::Manifest { reference }))
                        }
                        None => self.checked(put, Some(digest_of(&body))),
                    }
                }
            });
        }
        self.on_piece(got, source)
    }

    fn on_piece(&mut self, got: Result<Got, Trouble>, source: Source) -> Result<Step, Trouble> {
        match (self.stage.clone(), got) {
            (Stage::Sending { piece, tries }, Err(trouble)) => {
                // An upload that was cut cannot be gone on with by everybody: it is begun again.
                if tries >= TRIES || trouble.code == "registry-denied" {
                    return Err(trouble);
                }
                Ok(Step::ask(self.look(piece, tries + 1)))
            }
            (_, Err(trouble)) => Err(trouble),
            (Stage::Reading { digest, depth }, Ok(Got(Answer::Found { headers, body }))) => {
                let said = headers.get("content-type").cloned();
                self.read(digest, depth, said, body)?;
                self.onward()
            }
            (Stage::Looking { .. }, Ok(Got(Answer::Found { .. })))
            | (Stage::Sending { .. }, Ok(Got(Answer::Found { .. }))) => self.onward(),
            (Stage::Looking { piece, tries }, Ok(Got(Answer::Missing))) => {
                self.stage = Stage::Finding {
                    piece: piece.clone(),
                    tries,
                };
                Ok(Step::ask((Side::From, Want::Probe { digest: piece })))
            }
            (Stage::Finding { piece, tries }, Ok(Got(Answer::Found { .. }))) => {
                let source = Box::new(source);
                self.stage = Stage::Starting {
                    piece,
                    tries,
                    source,
                };
                Ok(Step::ask((Side::To, Want::Start)))
            }
            (
                Stage::Starting {
                    piece,
                    tries,
                    source,
                },
                Ok(Got(Answer::Found { headers, .. })),
            ) => {
                let location = headers.get("location").cloned().unwrap_or_default();
                self.stage = Stage::Sending {
                    piece: piece.clone(),
                    tries,
                };
                let want = Want::Upload {
                    location,
                    digest: piece,
                    source,
                };
                Ok(Step::ask((Side::To, want)))
            }
            (Stage::Writing, Ok(Got(Answer::Found { .. }))) => {
                if self.pending.is_empty() {
                    Ok(Step::Over(Answered::Named))
                } else {
                    self.onward()
                }
            }
            (
                Stage::Reading { .. }
                | Stage::Finding { .. }
                | Stage::Starting { .. }
                | Stage::Sending { .. }
                | Stage::Writing,
                Ok(Got(Answer::Missing)),
            )
            | (Stage::Checking { .. }, Ok(_)) => Err(self.not_whole()),
        }
    }

    fn not_whole(&self) -> Trouble {
        let image = self.from.at(&self.digest);
        Trouble::new(
            "image-missing",
            format!("{image} or a piece of it is not there"),
        )
    }

    /// What a manifest names is still to be brought.
    fn read(
        &mut self,
        digest: String,
        depth: usize,
        said: Option<String>,
        body: String,
    ) -> Result<(), Trouble> {
        let wrong = |what: &str| {
            let text = format!("{}: the manifest {what}", self.from.at(&digest));
            Trouble::new("manifest-changed", text)
        };
        if digest_of(&body) != digest {
            return Err(wrong("was changed on the way"));
        }
        let manifest: Value = serde_json::from_str(&body).map_err(|_| wrong("cannot be read"))?;
        let own = manifest.get("mediaType").and_then(Value::as_str);
        let media_type = own.map(str::to_owned).or(said);
        let media_type = media_type.ok_or_else(|| wrong("does not say what it is"))?;
        let digests = |list: Option<&Value>| -> Vec<String> {
            let list = list.and_then(Value::as_array).into_iter().flatten();
            let digests = list.filter_map(|it| it.get("digest")?.as_str());
            digests
                .filter(|it| is_digest(it))
                .map(str::to_owned)
                .collect()
        };
        let inside = digests(manifest.get("manifests"));
        if !inside.is_empty() && depth >= DEPTH {
            return Err(wrong("has too many others in it"));
        }
        self.unread
            .extend(inside.into_iter().map(|it| (it, depth + 1)));
        let config = manifest.pointer("/config/digest").and_then(Value::as_str);
        self.pieces
            .extend(config.filter(|it| is_digest(it)).map(str::to_owned));
        self.pieces.extend(digests(manifest.get("layers")));
        self.pending.push(Pending {
            digest,
            media_type,
            body,
            depth,
        });
        Ok(())
    }

    /// First everything is read, then every piece is there, then manifests are written from the inside out.
    fn onward(&mut self) -> Result<Step, Trouble> {
        if let Some((digest, depth)) = self.unread.pop() {
            self.stage = Stage::Reading {
                digest: digest.clone(),
                depth,
            };
            return Ok(Step::ask((
                Side::From,
                Want::Manifest { reference: digest },
            )));
        }
        if let Some(piece) = self.pieces.pop_first() {
            return Ok(Step::ask(self.look(piece, 1)));
        }
        self.pending.sort_by_key(|it| it.depth);
        let manifest = self.pending.pop().ok_or_else(|| {
            Trouble::new("registry-answer", format!("{}: nothing to write", self.to))
        })?;
        let outermost = manifest.depth == 0;
        let tag = if outermost {
            self.tag.clone()
        } else {
            manifest.digest
        };
        let put = Exchange::new(Want::Put {
            tag,
            media_type: manifest.media_type,
            body: manifest.body,
        });
        if outermost {
            return Ok(Step::Ask(Side::To, Box::new(self.check(put))));
        }
        self.stage = Stage::Writing;
        Ok(Step::Ask(Side::To, Box::new(put)))
    }

    fn look(&mut self, piece: String, tries: u32) -> (Side, Want) {
        self.stage = Stage::Looking {
            piece: piece.clone(),
            tries,
        };
        (Side::To, Want::Piece { digest: piece })
    }
}
