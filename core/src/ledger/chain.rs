//! Walks along the records: within one segment, and from segment to segment.

use std::collections::BTreeMap;

use super::record::{self, Content, Record};
use super::{Body, Fact, Head, State, Tampered, Torn, Verified, segment_name};

/// One segment, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// From 1.
    pub(super) number: u32,
    /// What the first record follows.
    pub(super) base: Head,
    /// What it says the segments before come to.
    pub(super) snapshot: Option<State>,
    /// What it committed itself.
    pub(super) proofs: Proofs,
    /// Complete records.
    pub(super) records: usize,
    /// Bytes of these.
    pub(super) keep: usize,
    /// What they come to.
    pub(super) state: State,
    /// What a crash left behind them.
    pub(super) torn: Option<Torn>,
    /// The first record that this version does not understand.
    pub(super) newer: Option<String>,
}

/// Digest and configuration hash by the record that committed them.
type Proofs = BTreeMap<u64, (String, String)>;

/// A segment's number, if this is the name of one.
pub(super) fn number_of(name: &str) -> Option<u32> {
    let number = name.parse().ok().filter(|number| *number > 0)?;
    (segment_name(number) == name).then_some(number)
}

impl Segment {
    /// One without a record.
    pub(super) fn empty(number: u32) -> Self {
        Self {
            number,
            base: Head::default(),
            snapshot: None,
            proofs: Proofs::new(),
            records: 0,
            keep: 0,
            state: State::default(),
            torn: None,
            newer: None,
        }
    }

    /// Reads one, and trusts nothing in it but what a snapshot at its beginning follows.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, Tampered> {
        let number = number_of(name)
            .ok_or_else(|| tampered(name, 1, None, "this is not the name of a segment"))?;
        let mut segment = Self::empty(number);
        let end = text.rfind('\n').map_or(0, |newline| newline + 1);
        let (whole, tail) = text.split_at_checked(end).unwrap_or((text, ""));
        for line in whole.split_terminator('\n') {
            let place = segment.records + 1;
            segment
                .take(line)
                .map_err(|what| tampered(name, place, Record::claimed_seq(line), what))?;
        }
        segment.keep = whole.len();
        segment.take_tail(name, tail)?;
        Ok(segment)
    }

    /// Takes in the next line; says what is wrong with it.
    fn take(&mut self, line: &str) -> Result<(), String> {
        let record = Record::open(line)?;
        if self.records == 0 && self.number > 1 {
            let before = Head {
                seq: record.seq - 1,
                hash: record.prev.to_owned(),
            };
            self.base = before.clone();
            self.state.head = before;
        }
        record.follow(&self.state.head)?;
        match record::decode(record.body)? {
            Content::Snapshot(state) => self.take_snapshot(*state)?,
            Content::Fact(body) => self.take_fact(record.seq, &body)?,
            Content::Newer(what) => {
                let seq = record.seq;
                self.newer
                    .get_or_insert_with(|| format!("record {seq} {what}"));
            }
        }
        self.state.head = record.head();
        self.records += 1;
        Ok(())
    }

    fn take_snapshot(&mut self, state: State) -> Result<(), String> {
        if self.records > 0 || self.number == 1 {
            return Err("a snapshot stands where none belongs".to_owned());
        }
        if state.head != self.base {
            return Err("its snapshot was taken of another ledger".to_owned());
        }
        self.snapshot = Some(state.clone());
        self.state = state;
        Ok(())
    }

    fn take_fact(&mut self, seq: u64, body: &Body) -> Result<(), String> {
        if self.records == 0 && self.number > 1 {
            return Err("the segment does not begin with a snapshot".to_owned());
        }
        self.apply(seq, body);
        Ok(())
    }

    /// Takes in a fact that is, or is about to be, record `seq`.
    pub(super) fn apply(&mut self, seq: u64, body: &Body) {
        if let Fact::Committed(committed) = &body.fact {
            let release = &committed.release;
            self.proofs
                .insert(seq, (release.digest.clone(), release.config_hash.clone()));
        }
        self.state.apply(seq, body);
    }

    /// What stands behind the last newline. A segment is created whole, with its snapshot in it, so a crash leaves no
    /// tail in one that has no record, except in the very first.
    fn take_tail(&mut self, name: &str, tail: &str) -> Result<(), Tampered> {
        let place = self.records + 1;
        if self.records == 0 && self.number > 1 {
            return Err(tampered(
                name,
                place,
                None,
                "the segment does not begin with a snapshot",
            ));
        }
        if tail.is_empty() {
            return Ok(());
        }
        if !record::is_torn(&self.state.head, tail) {
            let what = "the last line is not complete, and no crash leaves it like that";
            return Err(tampered(name, place, Record::claimed_seq(tail), what));
        }
        self.torn = Some(Torn {
            segment: name.to_owned(),
            line: place,
            text: tail.to_owned(),
        });
        Ok(())
    }
}

/// See [`verify_chain`](super::verify_chain).
pub(super) fn verify(segments: &[(&str, &str)]) -> Result<Verified, Tampered> {
    let mut chain = Chain::default();
    for (name, text) in segments {
        chain.add(name, text)?;
    }
    Ok(chain.verified)
}

/// What has been verified so far.
#[derive(Default)]
struct Chain {
    segments: u32,
    state: State,
    proofs: Proofs,
    verified: Verified,
}

impl Chain {
    fn add(&mut self, name: &str, text: &str) -> Result<(), Tampered> {
        self.expect_name(name)?;
        if let Some(torn) = &self.verified.torn {
            let what = "the line is not complete, and another segment follows";
            return Err(tampered(&torn.segment, torn.line, None, what));
        }
        let segment = Segment::read(name, text)?;
        let first = segment.base.seq + 1;
        self.link(&segment)
            .map_err(|what| tampered(name, 1, Some(first), what))?;
        self.segments = segment.number;
        self.state = segment.state;
        self.proofs.extend(segment.proofs);
        self.verified.records += segment.records as u64;
        self.verified.head = self.state.head.clone();
        self.verified.torn = segment.torn;
        if self.verified.newer.is_none() {
            self.verified.newer = segment.newer;
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

    /// Whether the segment follows the one before, and its snapshot says what the records before it say.
    fn link(&self, next: &Segment) -> Result<(), String> {
        let before = &self.state.head;
        if next.base != *before {
            return Err(match next.base.seq {
                seq if seq > before.seq => {
                    format!("records {} to {seq} are missing before it", before.seq + 1)
                }
                _ => format!("it does not follow record {} as that stands", before.seq),
            });
        }
        match &next.snapshot {
            Some(snapshot) if self.verified.newer.is_none() => self.vouch(snapshot),
            Some(_) | None => Ok(()),
        }
    }

    /// Compares only what no other version of the fold can see otherwise: how many it keeps may change, what was
    /// committed may not.
    fn vouch(&self, snapshot: &State) -> Result<(), String> {
        if snapshot.generation != self.state.generation {
            let (said, is) = (snapshot.generation, self.state.generation);
            return Err(format!(
                "its snapshot counts up to {said}, the records before it up to {is}"
            ));
        }
        let serving = |state: &State| state.serving().map(|it| it.proof_seq);
        if serving(snapshot) != serving(&self.state) {
            return Err(
                "its snapshot names another serving release than the records before".to_owned(),
            );
        }
        if snapshot.stop != self.state.stop {
            return Err(
                "its snapshot says something else of the stop button than the records before"
                    .to_owned(),
            );
        }
        for good in &snapshot.known_good {
            let release = &good.release;
            let said = (release.digest.clone(), release.config_hash.clone());
            if self.proofs.get(&good.proof_seq) != Some(&said) {
                let version = &release.version;
                return Err(format!(
                    "its snapshot calls {version} known-good, and no record proves it"
                ));
            }
        }
        Ok(())
    }
}

fn tampered(segment: &str, line: usize, seq: Option<u64>, what: impl Into<String>) -> Tampered {
    Tampered {
        segment: segment.to_owned(),
        line,
        seq,
        what: what.into(),
    }
}
