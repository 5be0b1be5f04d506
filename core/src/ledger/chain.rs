//! Reads one segment, every record of it.

use super::record::{self, Content, Record};
use super::{Body, Head, State, Tampered, Torn, segment_name};

/// One segment, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// From 1.
    pub(super) number: u32,
    /// What the first record follows.
    pub(super) base: Head,
    /// What it says the segments before come to.
    pub(super) snapshot: Option<State>,
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
        record.follow(self.state.head.seq, &self.state.head.hash)?;
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

pub(super) fn tampered(
    segment: &str,
    line: usize,
    seq: Option<u64>,
    what: impl Into<String>,
) -> Tampered {
    Tampered {
        segment: segment.to_owned(),
        line,
        seq,
        what: what.into(),
    }
}
