//! Verifies a whole chain. Every byte is hashed and every link compared; of what the records of earlier segments say only that is
//! read which a snapshot could contradict. The newest segment is read in full, as by whoever writes after it.
//!
//! What is laid out as this version writes it is found without parsing it; everything else is decoded.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::chain::{Segment, tampered};
use super::record::{self, Content, Record};
use super::{Head, State, Tampered, Torn, Verified, segment_name};
use crate::spec::{Generation, Release};
use crate::stop::Stop;

/// See [`verify_chain`](super::verify_chain).
pub(super) fn verify(segments: &[(&str, &str)]) -> Result<Verified, Tampered> {
    let mut chain = Chain::default();
    for (at, (name, text)) in segments.iter().enumerate() {
        chain.add(name, text, at + 1 == segments.len())?;
    }
    Ok(Verified {
        records: chain.records,
        head: chain.come_to.at.head(),
        torn: chain.torn,
        newer: chain.newer,
    })
}

/// What has been verified so far.
#[derive(Default)]
struct Chain<'a> {
    segments: u32,
    records: u64,
    come_to: ComeTo<'a>,
    /// What was committed, by the number of the record; in their order.
    proofs: Vec<(u64, Proof<'a>)>,
    torn: Option<Torn>,
    newer: Option<String>,
}

/// What the records so far come to, as far as a snapshot says it again.
#[derive(Clone, Default)]
struct ComeTo<'a> {
    at: At<'a>,
    generation: Generation,
    /// The record that committed what serves.
    serving: Option<u64>,
    stop: Option<Stop>,
}

/// A place in the chain: behind the record of this number and hash.
#[derive(Clone, Copy, PartialEq, Eq)]
struct At<'a> {
    seq: u64,
    hash: &'a str,
}

/// The release of a record that commits one.
enum Proof<'a> {
    /// JSON that begins with it.
    Text(&'a str),
    /// It was laid out in another way.
    Read(Identity),
}

/// What tells a release apart.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    digest: String,
    config_hash: String,
}

/// What a snapshot says, as far as it is compared.
struct Said<'a> {
    come_to: ComeTo<'a>,
    known_good: Vec<Good<'a>>,
}

/// The release that a snapshot calls known-good, in JSON, and the record that proves it.
struct Good<'a> {
    proof: u64,
    release: Cow<'a, str>,
}

impl<'a> Chain<'a> {
    fn add(&mut self, name: &str, text: &'a str, last: bool) -> Result<(), Tampered> {
        self.expect_name(name)?;
        if let Some(torn) = &self.torn {
            let what = "the line is not complete, and another segment follows";
            return Err(tampered(&torn.segment, torn.line, None, what));
        }
        let (before, understood) = (self.come_to.clone(), self.newer.is_none());
        if last || !text.ends_with('\n') {
            let segment = Segment::read(name, text)?;
            self.torn = segment.torn;
            self.newer = self.newer.take().or(segment.newer);
        }
        self.segments += 1;
        let mut begins = None;
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        for (at, line) in whole.split_terminator('\n').enumerate() {
            let taken = self.take(at, line);
            let taken =
                taken.map_err(|what| tampered(name, at + 1, Record::claimed_seq(line), what))?;
            begins.get_or_insert(taken);
        }
        // Compared last, so that what is wrong with a line is told first; by then its own commits are among the proofs.
        if let Some((base, said)) = begins {
            let linked = self.link(&before, base, said.filter(|_| understood));
            linked.map_err(|what| tampered(name, 1, Some(base.seq + 1), what))?;
        }
        Ok(())
    }

    fn expect_name(&self, name: &str) -> Result<(), Tampered> {
        let expected = segment_name(self.segments + 1);
        if name == expected {
            return Ok(());
        }
        let what = format!("the segment is missing; {name} stands in its place");
        Err(tampered(&expected, 1, None, what))
    }

    /// Takes in the next line; gives what it follows, and what it says where it is a snapshot.
    fn take(&mut self, at: usize, line: &'a str) -> Result<(At<'a>, Option<Said<'a>>), String> {
        let record = Record::open(line)?;
        let opens = at == 0 && self.segments > 1;
        let base = At {
            seq: record.seq - 1,
            hash: record.prev,
        };
        if opens {
            self.come_to.at = base;
        }
        record.follow(self.come_to.at.seq, self.come_to.at.hash)?;
        let said = self.content(&record, base, opens)?;
        self.come_to.at = At {
            seq: record.seq,
            hash: record.hash,
        };
        self.records += 1;
        Ok((base, said))
    }

    /// Takes in what a record says; gives it where it is a snapshot.
    fn content(
        &mut self,
        record: &Record<'a>,
        base: At<'a>,
        opens: bool,
    ) -> Result<Option<Said<'a>>, String> {
        let said = match Skimmed::of(record.body) {
            Some(Skimmed::Fact(fact)) if !opens => {
                self.skimmed(record.seq, &fact);
                return Ok(None);
            }
            Some(Skimmed::Snapshot(said)) => said,
            Some(Skimmed::Fact(_)) | None => match record::decode(record.body)? {
                Content::Snapshot(state) if !opens || state.head == base.head() => {
                    Said::of(&state, base)
                }
                Content::Snapshot(_) => {
                    return Err("its snapshot was taken of another ledger".to_owned());
                }
                Content::Fact(_) if opens => {
                    return Err("the segment does not begin with a snapshot".to_owned());
                }
                Content::Fact(body) => {
                    self.decoded(record.seq, body.fact);
                    return Ok(None);
                }
                Content::Newer(what) => {
                    let seq = record.seq;
                    self.newer
                        .get_or_insert_with(|| format!("record {seq} {what}"));
                    return Ok(None);
                }
            },
        };
        if !opens {
            return Err("a snapshot stands where none belongs".to_owned());
        }
        if said.come_to.at != base {
            return Err("its snapshot was taken of another ledger".to_owned());
        }
        self.come_to = said.come_to.clone();
        Ok(Some(said))
    }

    fn skimmed(&mut self, seq: u64, fact: &Fact<'a>) {
        let come_to = &mut self.come_to;
        come_to.generation = come_to.generation.max(fact.generation);
        if let Some(release) = fact.commits {
            come_to.serving = Some(seq);
            self.proofs.push((seq, Proof::Text(release)));
        }
    }

    /// The same of one that was decoded, and what the stop button comes to, which is rare.
    fn decoded(&mut self, seq: u64, fact: super::Fact) {
        let come_to = &mut self.come_to;
        match fact {
            super::Fact::Began(it) => come_to.generation = come_to.generation.max(it.generation),
            super::Fact::Ended(it) => {
                let generation = it.generation.unwrap_or_default();
                come_to.generation = come_to.generation.max(generation);
            }
            super::Fact::Committed(it) => {
                come_to.generation = come_to.generation.max(it.generation);
                come_to.serving = Some(seq);
                let identity = Identity {
                    digest: it.release.digest,
                    config_hash: it.release.config_hash,
                };
                self.proofs.push((seq, Proof::Read(identity)));
            }
            super::Fact::Stopped(stop) => come_to.stop = Some(*stop),
            super::Fact::Resumed(resumed) => {
                come_to.stop = come_to.stop.take().filter(|it| it.id != resumed.id);
            }
            super::Fact::Decided(_)
            | super::Fact::Waits(_)
            | super::Fact::Hooked(_)
            | super::Fact::Overridden(_) => {}
        }
    }

    /// Whether the segment that begins there follows the one before, and its snapshot says what the records before it say.
    fn link(
        &self,
        before: &ComeTo<'_>,
        base: At<'_>,
        said: Option<Said<'_>>,
    ) -> Result<(), String> {
        if base != before.at {
            let seq = before.at.seq;
            return Err(if base.seq > seq {
                format!("records {} to {} are missing before it", seq + 1, base.seq)
            } else {
                format!("it does not follow record {seq} as that stands")
            });
        }
        said.map_or(Ok(()), |said| self.vouch(before, &said))
    }

    /// Compares only what no other version of the fold can see otherwise: how many it keeps may change, what was
    /// committed may not.
    fn vouch(&self, before: &ComeTo<'_>, said: &Said<'_>) -> Result<(), String> {
        let come_to = &said.come_to;
        if come_to.generation != before.generation {
            return Err(format!(
                "its snapshot counts up to {}, the records before it up to {}",
                come_to.generation, before.generation
            ));
        }
        if come_to.serving != before.serving {
            return Err(
                "its snapshot names another serving release than the records before".to_owned(),
            );
        }
        if come_to.stop != before.stop {
            return Err(
                "its snapshot says something else of the stop button than the records before"
                    .to_owned(),
            );
        }
        let proven = |it: &Good<'_>| it.proof <= before.at.seq && self.proves(it);
        let unproven = said.known_good.iter().find(|it| !proven(it));
        unproven.map_or(Ok(()), |it| {
            let release: Option<Release> = serde_json::from_str(&it.release).ok();
            let version = release.map_or_else(|| it.release.to_string(), |it| it.version);
            Err(format!(
                "its snapshot calls {version} known-good, and no record proves it"
            ))
        })
    }

    fn proves(&self, good: &Good<'_>) -> bool {
        let Ok(at) = self.proofs.binary_search_by_key(&good.proof, |it| it.0) else {
            return false;
        };
        match &self.proofs[at].1 {
            Proof::Text(text) if follows(text, &good.release) => true,
            Proof::Text(text) => {
                first::<Identity>(text).is_some_and(|it| Some(it) == first(&good.release))
            }
            Proof::Read(identity) => Some(identity) == first(&good.release).as_ref(),
        }
    }
}

impl At<'_> {
    fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash.to_owned(),
        }
    }
}

impl Default for At<'_> {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: super::GENESIS,
        }
    }
}

/// Whether a text begins with this value, and that is all of the value.
fn follows(text: &str, value: &str) -> bool {
    text.strip_prefix(value)
        .is_some_and(|rest| rest.starts_with([',', '}']))
}

/// The value that a text begins with, if it is one of these.
fn first<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next()?.ok()
}

// --- without parsing ----------------------------------------------------------------------------------------------

/// A body, as far as it is looked at. JSON has no quote inside of a text that no backslash stands before, so what is looked for here,
/// which is quotes around a name, is found nowhere else.
enum Skimmed<'a> {
    Fact(Fact<'a>),
    Snapshot(Said<'a>),
}

/// Something that happened.
#[derive(Default)]
struct Fact<'a> {
    /// The highest that it counts; 0: none.
    generation: Generation,
    /// JSON that begins with the release that it commits.
    commits: Option<&'a str>,
}

impl<'a> Skimmed<'a> {
    /// `None`: it is laid out in another way, or it is of a kind of which more has to be known.
    fn of(body: &'a str) -> Option<Self> {
        let rest = after_run(body)?;
        let (kind, rest) = rest.split_once('"')?;
        let fact = match kind {
            "snapshot" => return Said::skim(rest).map(Self::Snapshot),
            "decided" | "waits" | "hooked" | "overridden" => Fact::default(),
            "ended" if rest.starts_with(",\"generation\":null,") => Fact::default(),
            "began" | "ended" => Fact {
                generation: numbered(rest)?.0,
                commits: None,
            },
            "committed" => {
                let (generation, rest) = numbered(rest)?;
                Fact {
                    generation,
                    commits: Some(rest.strip_prefix(",\"release\":")?),
                }
            }
            _ => return None,
        };
        Some(Self::Fact(fact))
    }
}

/// What stands behind `"kind":"` in a body of a format that is known.
fn after_run(body: &str) -> Option<&str> {
    let (format, rest) = digits(body.strip_prefix("{\"format\":")?)?;
    let (_, rest) = digits(rest.strip_prefix(",\"at\":")?)?;
    let mut run = rest.strip_prefix(",\"run\":{")?;
    if format > u64::from(record::FORMAT) {
        return None;
    }
    loop {
        let (inside, rest) = run.split_once('}')?;
        // An origin holds no other object; one of a newer version, or a person's words, may hold what looks like one.
        if inside.contains('{') {
            return None;
        }
        if let Some(kind) = rest.strip_prefix(",\"kind\":\"") {
            return Some(kind);
        }
        run = rest;
    }
}

/// The generation that stands there first, and what follows it.
fn numbered(text: &str) -> Option<(Generation, &str)> {
    let (number, rest) = digits(text.strip_prefix(",\"generation\":")?)?;
    Some((Generation(number.try_into().ok()?), rest))
}

fn digits(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct GoodText<'a> {
    proof_seq: u64,
    #[serde(borrow)]
    release: &'a RawValue,
}

/// What stands behind the quarantine.
#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    stop: Option<Stop>,
}

impl<'a> Said<'a> {
    /// Of the text behind the kind. The quarantine, which is most of it, is passed over.
    fn skim(text: &'a str) -> Option<Self> {
        let head = text.strip_prefix(",\"state\":{\"head\":{\"seq\":")?;
        let (seq, rest) = digits(head)?;
        let (hash, rest) = rest.strip_prefix(",\"hash\":\"")?.split_once('"')?;
        let (generation, rest) = numbered(rest.strip_prefix('}')?)?;
        let rest = rest.strip_prefix(",\"known-good\":")?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let known_good: Vec<GoodText<'a>> = values.next()?.ok()?;
        let rest = rest.get(values.byte_offset()..)?;
        let rest = rest.strip_prefix(",\"quarantine\":[")?;
        let open = memmem::find(rest.as_bytes(), b"],\"open\":")?;
        let rest = rest.get(open + 2..)?.strip_suffix('}')?;
        let Rest { stop } = serde_json::from_str(&format!("{{{rest}")).ok()?;
        let good = known_good.iter().map(|it| Good {
            proof: it.proof_seq,
            release: Cow::Borrowed(it.release.get()),
        });
        Some(Self {
            come_to: ComeTo {
                at: At { seq, hash },
                generation,
                serving: known_good.first().map(|it| it.proof_seq),
                stop,
            },
            known_good: good.collect(),
        })
    }

    /// The same of one that was decoded, and was taken there.
    fn of(state: &State, base: At<'a>) -> Self {
        let good = state.known_good.iter().map(|it| Good {
            proof: it.proof_seq,
            release: Cow::Owned(
                serde_json::to_string(&it.release).expect("plain data with text for keys"),
            ),
        });
        let known_good: Vec<Good<'a>> = good.collect();
        Self {
            come_to: ComeTo {
                at: base,
                generation: state.generation,
                serving: state.serving().map(|it| it.proof_seq),
                stop: state.stop.clone(),
            },
            known_good,
        }
    }
}

#[cfg(test)]
mod tests;
