//! One question to a registry, with all the requests that it takes.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::exchange::{Answer, Exchange, Got};
use super::request::{Want, escaped};
use super::{Repository, Trouble};
use crate::event::date;
use crate::proof::{self, Proof};
use crate::protocol::Timestamp;

/// Pages of tags that are read, of up to 1,000 each.
const PAGES: usize = 100;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Which tags there are.
    Tags,
    /// Which image a tag names.
    Held {
        /// The tag.
        tag: String,
    },
    /// What an image says about itself.
    Describe {
        /// The image.
        digest: String,
    },
    /// A tag is to name an image that is there, if it still names what it was seen to.
    Name {
        /// The tag.
        tag: String,
        /// The image.
        digest: String,
        /// What it was seen to name.
        over: Option<String>,
    },
    /// May we write here? An upload is begun, and given up.
    MayWrite,
    /// Where was an image proven, and since when?
    Proof {
        /// Where that is said.
        tag: String,
    },
    /// It is to be said that an image was proven.
    Prove {
        /// What.
        proof: Box<Proof>,
        /// What time it is, by the clock of the proof.
        now: Timestamp,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// These tags.
    Tags(Vec<String>),
    /// This image, or none. Of a tag that was to be written: it was not, for it names this.
    Held(Option<String>),
    /// This.
    Described(Described),
    /// It does.
    Named,
    /// We may.
    Writable,
    /// What the tag holds, if there is one; and what time it is where the registry is.
    Proof {
        /// The tag.
        tag: String,
        /// An index.
        index: Option<String>,
        /// By the registry's clock; `None`: it did not say.
        at: Option<Timestamp>,
    },
    /// It is said, under this tag.
    Proven {
        /// Which one.
        tag: String,
        /// It had been said before.
        before: bool,
    },
}

/// What an image says about itself, in its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// The commit that it was built from.
    pub revision: Option<String>,
    /// What people call it.
    pub version: Option<String>,
    /// When it was made, or when its commit was.
    pub created: Option<Timestamp>,
}

/// What comes next.
#[derive(Debug)]
pub enum Going {
    /// This request.
    Ask(Box<Exchange>),
    /// It is answered.
    Done(Result<Answered, Trouble>),
}

/// One question.
#[derive(Clone, Debug)]
pub struct Asking {
    repository: Repository,
    question: Question,
    /// The request that is under way.
    want: Want,
    tags: Vec<String>,
    pages: usize,
    /// What is written as soon as the tag has been looked at.
    put: Option<Box<Exchange>>,
    /// It was sent once, and may be there.
    sent: bool,
}

impl Asking {
    /// Begins, with the first request.
    #[must_use]
    pub fn new(repository: Repository, question: Question) -> (Self, Exchange) {
        let want = match &question {
            Question::Tags => Want::Tags { last: None },
            Question::Held { tag } => Want::Head {
                reference: tag.clone(),
            },
            Question::Describe { digest } | Question::Name { digest, .. } => Want::Manifest {
                reference: digest.clone(),
            },
            Question::Proof { tag } => Want::Manifest {
                reference: tag.clone(),
            },
            Question::MayWrite => Want::Start,
            Question::Prove { proof, .. } => Want::Manifest {
                reference: tag_of(proof),
            },
        };
        let exchange = Exchange::new(want.clone());
        let asking = Self {
            repository,
            question,
            want,
            tags: Vec::new(),
            pages: 0,
            put: None,
            sent: false,
        };
        (asking, exchange)
    }

    /// What comes first where a request is to be made again after a while; `None`: the same. Before a tag is written it is looked at,
    /// each time.
    #[must_use]
    pub fn before_again(&mut self, exchange: &Exchange) -> Option<Exchange> {
        let (Question::Name { tag, .. }, Want::Put { .. }) = (&self.question, &self.want) else {
            return None;
        };
        self.put = Some(Box::new(exchange.clone()));
        self.want = Want::Head {
            reference: tag.clone(),
        };
        Some(Exchange::new(self.want.clone()))
    }

    /// Takes in an answer.
    #[must_use]
    pub fn on(&mut self, got: Result<Got, Trouble>) -> Going {
        let answer = match got {
            Ok(Got(answer)) => answer,
            // A registry that keeps what was begun clears it away by itself.
            Err(_) if matches!(self.want, Want::Drop { .. }) => {
                return Going::Done(Ok(Answered::Writable));
            }
            Err(trouble) => return Going::Done(Err(trouble)),
        };
        let next = match (self.want.clone(), answer) {
            (Want::Tags { .. }, Answer::Missing) => Ok(Next::Done(Answered::Tags(Vec::new()))),
            (Want::Tags { .. }, Answer::Found { headers, body }) => self.on_tags(&headers, &body),
            (Want::Head { .. }, Answer::Missing) => Ok(self.held(None)),
            (Want::Head { reference }, Answer::Found { headers, .. }) => {
                Ok(match headers.get("docker-content-digest") {
                    Some(digest) if is_digest(digest) => self.held(Some(digest.clone())),
                    Some(_) | None => Next::Ask(Want::Manifest { reference }),
                })
            }
            (Want::Manifest { reference }, Answer::Found { headers, body }) => {
                self.on_manifest(&reference, &headers, body)
            }
            (Want::Blob { .. }, Answer::Found { body, .. }) => {
                Ok(Next::Done(Answered::Described(described(&body))))
            }
            (Want::Put { tag, .. }, Answer::Found { .. }) => Ok(Next::Done(self.written(tag))),
            (Want::Manifest { reference } | Want::Blob { digest: reference }, Answer::Missing) => {
                self.on_missing(&reference)
            }
            // Those are for bringing.
            (Want::Piece { digest } | Want::Probe { digest } | Want::Upload { digest, .. }, _) => {
                Err(self.unreadable(&digest))
            }
            (Want::Start, Answer::Found { headers, .. }) => {
                let location = headers.get("location").cloned().unwrap_or_default();
                Ok(Next::Ask(Want::Drop { location }))
            }
            (Want::Drop { .. }, _) => Ok(Next::Done(Answered::Writable)),
            (Want::Start, Answer::Missing) => Err(self.unreadable("an upload")),
            (Want::Put { tag, .. }, Answer::Missing) => Err(Trouble::new(
                "registry-answer",
                format!("{} cannot be written", self.repository.tagged(&tag)),
            )),
        };
        match next {
            Err(trouble) => Going::Done(Err(trouble)),
            Ok(Next::Done(answered)) => Going::Done(Ok(answered)),
            Ok(Next::Ask(want)) => {
                self.want = want.clone();
                Going::Ask(Box::new(Exchange::new(want)))
            }
            Ok(Next::Put(exchange)) => {
                self.want = exchange.want().clone();
                self.sent = true;
                Going::Ask(exchange)
            }
        }
    }

    /// What a tag names, where that was asked or is to be written over.
    fn held(&mut self, found: Option<String>) -> Next {
        let Question::Name { digest, over, .. } = &self.question else {
            return Next::Done(Answered::Held(found));
        };
        match self.put.take() {
            Some(put) if found == *over => Next::Put(put),
            Some(_) if self.sent && found.as_ref() == Some(digest) => Next::Done(Answered::Named),
            Some(_) | None => Next::Done(Answered::Held(found)),
        }
    }

    fn written(&self, tag: String) -> Answered {
        match self.question {
            Question::Prove { .. } => Answered::Proven { tag, before: false },
            Question::Tags
            | Question::Held { .. }
            | Question::Describe { .. }
            | Question::Name { .. }
            | Question::MayWrite
            | Question::Proof { .. } => Answered::Named,
        }
    }

    fn on_missing(&self, reference: &str) -> Result<Next, Trouble> {
        match &self.question {
            Question::Proof { tag } => {
                let (tag, index, at) = (tag.clone(), None, None);
                Ok(Next::Done(Answered::Proof { tag, index, at }))
            }
            Question::Prove { proof, .. } if reference == tag_of(proof) => {
                let reference = proof.digest.clone();
                Ok(Next::Ask(Want::Manifest { reference }))
            }
            Question::Tags
            | Question::Held { .. }
            | Question::Describe { .. }
            | Question::Name { .. }
            | Question::MayWrite
            | Question::Prove { .. } => Err(Trouble::new(
                "image-missing",
                format!("{} is not there", self.repository.at(reference)),
            )),
        }
    }

    fn on_tags(&mut self, headers: &BTreeMap<String, String>, body: &str) -> Result<Next, Trouble> {
        let answer: Value = serde_json::from_str(body).map_err(|_| self.unreadable("its tags"))?;
        // A repository whose last tag was deleted has `null`.
        let tags = answer.get("tags").and_then(Value::as_array);
        let before = self.tags.len();
        self.tags.extend(
            tags.into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned),
        );
        self.pages += 1;
        let more = headers
            .get("link")
            .is_some_and(|link| link.contains("next"));
        let last = self
            .tags
            .last()
            .filter(|_| more && self.tags.len() > before);
        match last {
            Some(_) if self.pages >= PAGES => Err(Trouble::new(
                "registry-answer",
                format!("{} has too many tags", self.repository),
            )),
            Some(last) => Ok(Next::Ask(Want::Tags {
                last: Some(escaped(last)),
            })),
            None => Ok(Next::Done(Answered::Tags(std::mem::take(&mut self.tags)))),
        }
    }

    fn on_manifest(
        &mut self,
        reference: &str,
        headers: &BTreeMap<String, String>,
        body: String,
    ) -> Result<Next, Trouble> {
        let digest = digest_of(&body);
        let looks = match &self.question {
            Question::Held { .. } => true,
            Question::Name { .. } => self.put.is_some(),
            Question::Tags
            | Question::Describe { .. }
            | Question::MayWrite
            | Question::Proof { .. }
            | Question::Prove { .. } => false,
        };
        if looks {
            return Ok(self.held(Some(digest)));
        }
        let at = headers.get("date").and_then(|text| date::http(text));
        if let Question::Proof { tag } = &self.question {
            let (tag, index) = (tag.clone(), Some(body));
            return Ok(Next::Done(Answered::Proof { tag, index, at }));
        }
        if let Question::Prove { proof, .. } = &self.question
            && reference == tag_of(proof)
        {
            return Ok(seen_before(proof, &body));
        }
        if is_digest(reference) && digest != reference {
            let text = format!(
                "{}: the manifest that came is {digest}: it was changed on the way",
                self.repository.at(reference)
            );
            return Err(Trouble::new("manifest-changed", text));
        }
        let manifest: Value =
            serde_json::from_str(&body).map_err(|_| self.unreadable("a manifest"))?;
        match &self.question {
            Question::Name { tag, .. } => {
                let media_type = media_type(&manifest, headers)
                    .ok_or_else(|| self.unreadable("a manifest without a type"))?;
                let reference = tag.clone();
                let tag = tag.clone();
                self.put = Some(Box::new(Exchange::new(Want::Put {
                    tag,
                    media_type,
                    body,
                })));
                Ok(Next::Ask(Want::Head { reference }))
            }
            Question::Prove { proof, now } => {
                let media_type = media_type(&manifest, headers)
                    .ok_or_else(|| self.unreadable("a manifest without a type"))?;
                // How long ago it was, by one clock; when that was, by the registry's.
                let age = now.since(proof.at);
                let clock = at.unwrap_or(*now);
                let proof = Proof {
                    at: Timestamp(clock.0.saturating_sub(age)),
                    ..Proof::clone(proof)
                };
                Ok(Next::Ask(Want::Put {
                    tag: tag_of(&proof),
                    media_type: proof::INDEX.to_owned(),
                    body: proof.index(&manifest, &media_type, body.len()),
                }))
            }
            Question::Describe { .. }
            | Question::Tags
            | Question::Held { .. }
            | Question::MayWrite
            | Question::Proof { .. } => self.inside(&manifest),
        }
    }

    /// From an index to the manifest of one platform, from that to the image's own configuration.
    fn inside(&self, manifest: &Value) -> Result<Next, Trouble> {
        let digest = |value: &Value| {
            let digest = value.get("digest").and_then(Value::as_str);
            digest.filter(|it| is_digest(it)).map(str::to_owned)
        };
        if let Some(manifests) = manifest.get("manifests").and_then(Value::as_array) {
            // What attests something is listed beside what runs, as a platform that nobody has.
            let runs =
                |it: &&Value| it.pointer("/platform/os").and_then(Value::as_str) != Some("unknown");
            let first = manifests.iter().find(runs).and_then(digest);
            let reference = first.ok_or_else(|| self.unreadable("an index without images"))?;
            return Ok(Next::Ask(Want::Manifest { reference }));
        }
        let config = manifest.get("config").and_then(digest);
        let digest = config.ok_or_else(|| self.unreadable("a manifest without configuration"))?;
        Ok(Next::Ask(Want::Blob { digest }))
    }

    fn unreadable(&self, what: &str) -> Trouble {
        let text = format!("{}: {what} cannot be read", self.repository);
        Trouble::new("registry-answer", text)
    }
}

/// What a manifest is: as it says itself, else as the registry does.
fn media_type(manifest: &Value, headers: &BTreeMap<String, String>) -> Option<String> {
    let own = manifest.get("mediaType").and_then(Value::as_str);
    let said = headers.get("content-type").map(String::as_str);
    own.or(said).map(str::to_owned)
}

/// Where it is said; what has no digest has no such place.
fn tag_of(proof: &Proof) -> String {
    proof.claim().tag().unwrap_or_default()
}

/// What is there under the proof's tag: the same, or something to write over.
fn seen_before(proof: &Proof, body: &str) -> Next {
    match Proof::read(body) {
        Ok(there) if there.claim() == proof.claim() => {
            let tag = tag_of(proof);
            Next::Done(Answered::Proven { tag, before: true })
        }
        Ok(_) | Err(_) => Next::Ask(Want::Manifest {
            reference: proof.digest.clone(),
        }),
    }
}

enum Next {
    Ask(Want),
    Put(Box<Exchange>),
    Done(Answered),
}

fn described(config: &str) -> Described {
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    let label = |key: &str| {
        let labels = config.pointer("/config/Labels")?;
        let text = labels
            .get(format!("org.opencontainers.image.{key}"))?
            .as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    Described {
        revision: label("revision"),
        version: label("version"),
        created: label("created").as_deref().and_then(date::parse),
    }
}

pub(super) fn digest_of(text: &str) -> String {
    let hex: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

/// Whether it is one that we can check, and nothing else.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
