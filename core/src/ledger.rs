//! The ledger: what happened to one service in one environment, and what follows from it.
//!
//! It is append-only and hash-chained, and lives at the target in segments of 64 records. A deploy reads the newest
//! segment only, for each one begins with a snapshot of all before; [`verify_chain`] reads all of them. Format, meaning
//! and what it does *not* prove: `docs/ledger.md`.
//!
//! Only a `committed` record makes a release known-good and the serving one. Everything in [`State`] is a fold over the
//! records, so it can be thrown away and computed again.
//!
//! To add a kind of record: its struct and a variant of [`Fact`] here, then follow the compiler to `state.rs`; a row in
//! `docs/ledger.md` (a test asks for it). Older versions pass over a kind that they do not know, and refuse to write. A
//! new *member* of a known kind is ignored by older versions; where that would be wrong, raise `FORMAT` in `record.rs`.
//! Never `flatten`, never `untagged`: both lose the places of errors and guess at meaning.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::{Outcome, Timestamp};
use crate::spec::{Generation, Release, Token};
use crate::stop::Stop;

mod chain;
#[cfg(test)]
pub(crate) mod fixtures;
mod hooks;
mod record;
mod state;
mod verifying;

pub use hooks::{Ending, Hooked, How, Point, Standing, Unfinished};
pub use state::{Failure, Head, KnownGood, Last, Open, Override, Quarantined, State, Waiting};

/// Records after which a segment is full. With releases of a few kilobytes it is read and rewritten at once, and a
/// usual deploy (begun, a few decisions, committed, ended) starts a new one every tenth time.
const SEGMENT_RECORDS: usize = 64;

/// The name of the first segment.
pub const FIRST: &str = "000001";

/// The hash that the first record of all follows.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One segment of a ledger: its state, and the place where the next record goes.
#[derive(Clone, Debug)]
pub struct Ledger {
    segment: chain::Segment,
}

/// What a record says, and who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// When, by the clock of the machine the run is on.
    pub at: Timestamp,
    /// Who wrote it.
    pub run: Origin,
    /// What happened.
    pub fact: Fact,
}

/// The run that a record is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Origin {
    /// Who held the lease.
    pub holder: String,
    /// With which fencing token.
    pub token: Token,
    /// Where the run can be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub url: Option<String>,
    /// The person, or the machine, that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub actor: Option<String>,
    /// From 1; grows when somebody runs it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub attempt: Option<u32>,
    /// Counts the runs of the workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub run_number: Option<u64>,
    /// The workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub workflow: Option<String>,
    /// The repository it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub repository: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fact {
    /// A deploy or rollback is about to touch the target. Written before it does.
    Began(Box<Began>),
    /// Something was decided on the way.
    Decided(Decided),
    /// The proof held through the bake. The only thing that makes a release known-good and the serving one.
    Committed(Box<Committed>),
    /// What was begun is proven and waits for a person, without traffic; the run is over.
    Waits(Waits),
    /// A hook begins, or is over.
    Hooked(Hooked),
    /// A run is over.
    Ended(Ended),
    /// A person overrode a gate, a quarantine or the stop button.
    Overridden(Overridden),
    /// A person set the stop button.
    Stopped(Box<Stop>),
    /// A person lifted it.
    Resumed(Resumed),
}

/// What is about to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Began {
    /// [`State::next_generation`].
    pub generation: Generation,
    /// What is to serve.
    pub release: Release,
    /// What served; `None`: nothing.
    pub from: Option<Generation>,
    /// By name.
    pub strategy: String,
    /// What the person who asked for it said.
    pub reason: Option<String>,
    /// Who asked: a revision, or somebody who wants back.
    pub command: Command,
    /// Names of the gates that were overridden, or `quarantine`, or `stop`.
    pub overrides: Vec<String>,
}

/// Why a release is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "BroughtBy"))]
pub enum Command {
    /// It is the next one.
    Deploy,
    /// It was here before, and better.
    Rollback,
}

/// A decision, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decided {
    /// The phase of the rollout it was made in.
    pub phase: String,
    /// What was decided.
    pub decision: String,
    /// The evidence, in words and numbers.
    pub because: Vec<String>,
}

/// A proof that held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Committed {
    /// The one that began.
    pub generation: Generation,
    /// What serves now.
    pub release: Release,
    /// With how many instances.
    pub replicas: u8,
    /// Milliseconds it was watched for.
    pub bake_ms: u64,
    /// What was seen, in words and numbers.
    pub evidence: Vec<String>,
    /// Which command brought it.
    pub command: Command,
    /// Its place among the revisions.
    pub sequence: Sequence,
    /// How many tests there were, by the name of the gate that counted them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<String, u64>,
}

/// A release's place among others of its repository; tells the older one from the newer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Sequence {
    /// The commit.
    pub revision: Option<String>,
    /// Compares only within one workflow of one repository.
    pub run_number: Option<u64>,
    /// The workflow.
    pub workflow: Option<String>,
    /// The repository it is in.
    pub repository: Option<String>,
}

/// What waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waits {
    /// Which generation.
    pub generation: Generation,
    /// When the waiting is over, and the next run puts it away.
    pub until: Timestamp,
    /// What its proof rests on.
    pub evidence: Vec<String>,
    /// How many tests there were, by the name of the gate that counted them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<String, u64>,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// What it had begun; `None`: nothing.
    pub generation: Option<Generation>,
    /// How it ended.
    pub outcome: Outcome,
    /// A stable code.
    pub reason: String,
    /// What led there, in words and numbers.
    pub because: Vec<String>,
    /// Whether the release is to blame: its proof, bake or analysis failed. Never for what the world did.
    pub quarantine: bool,
    /// A point of no return was passed, and what has the traffic is not what was committed last; `None`: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<Stands>,
}

/// What has the traffic past a point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stands {
    /// Which generation has most of it; `None`: nothing has any.
    pub serving: Option<Generation>,
}

/// A person's decision against a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Overridden {
    /// The gate's name, or `quarantine`, or `stop`.
    pub what: String,
    /// Whose decision, where that is known.
    pub who: Option<String>,
    /// In the person's own words.
    pub reason: String,
}

/// A stop is over because a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resumed {
    /// The pressing that is lifted.
    pub id: String,
    /// Whose decision, where that is known.
    pub who: Option<String>,
    /// In the person's own words, where there are any.
    pub reason: Option<String>,
}

/// How the target must change for a record to be in the ledger.
///
/// The segment's content becomes its first `keep` bytes followed by `text`, in one step: written beside it, renamed
/// over it. Doing it twice does it once, and half a line that a crash left behind goes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a record that is not written does not exist"]
pub struct Append {
    /// The segment's name. It may not exist yet.
    pub segment: String,
    /// Bytes of it that stay as they are.
    pub keep: usize,
    /// One line, or two where a segment begins; with their newlines.
    pub text: String,
}

/// What a crash left of a record that was being written. Nobody was told that it is there, so it never was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Torn {
    /// The segment's name.
    pub segment: String,
    /// From 1.
    pub line: usize,
    /// What is there of it.
    pub text: String,
}

/// A whole chain, found consistent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Verified {
    /// In all segments, snapshots too.
    pub records: u64,
    /// Compare it with the one an earlier report printed: only that shows whether somebody rewrote everything.
    pub head: Head,
    /// What a crash left at the end.
    pub torn: Option<Torn>,
    /// The first record that only a newer version understands. Its hash was verified, its meaning was not.
    pub newer: Option<String>,
}

/// Where a ledger is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Tampered {
    /// The segment's name.
    pub segment: String,
    /// From 1.
    pub line: usize,
    /// The number that the record there claims to have, where one can be read.
    pub seq: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl Ledger {
    /// The ledger of an environment that nothing was ever deployed to.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            segment: chain::Segment::empty(1),
        }
    }

    /// Reads the newest segment. What its snapshot says about the older ones is trusted.
    ///
    /// # Errors
    /// [`Tampered`] where anything but the end of the last line is not what was written.
    pub fn read(segment_name: &str, text: &str) -> Result<Self, Tampered> {
        Ok(Self {
            segment: chain::Segment::read(segment_name, text)?,
        })
    }

    /// Adds a record: says how to write it, and goes on as if it were written. Where the writing failed, or may have,
    /// carry the same [`Append`] out again, or read the ledger anew.
    ///
    /// # Panics
    /// Where [`writable`](Self::writable) says no: the next snapshot would forget what is not understood.
    pub fn append(&mut self, body: &Body) -> Append {
        assert!(
            self.segment.newer.is_none(),
            "asked to write to a ledger that is not understood"
        );
        let mut lines = String::new();
        if self.full() {
            self.roll_over(body, &mut lines);
        }
        let seq = self.segment.state.head.seq + 1;
        self.push(&record::encode(body), &mut lines);
        self.segment.apply(seq, body);
        let keep = self.segment.keep;
        self.segment.keep += lines.len();
        self.segment.torn = None;
        Append {
            segment: self.segment(),
            keep,
            text: lines,
        }
    }

    /// Whether this version may append: not where another one, a newer one as a rule, wrote what this one does not
    /// understand.
    ///
    /// # Errors
    /// Says which record that is.
    pub fn writable(&self) -> Result<(), String> {
        let Some(newer) = &self.segment.newer else {
            return Ok(());
        };
        let segment = self.segment();
        Err(format!(
            "this version does not understand the ledger: in segment {segment}, {newer}"
        ))
    }

    /// The hash of the last record: to be printed in reports.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.segment.state.head.hash
    }

    /// The first record that this version does not understand, and why not; `None`: it understands all of them.
    #[must_use]
    pub fn newer(&self) -> Option<&str> {
        self.segment.newer.as_deref()
    }

    /// How many complete records its newest segment has.
    #[must_use]
    pub const fn records(&self) -> usize {
        self.segment.records
    }

    /// What the records come to; incomplete where it is not [`writable`](Self::writable).
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.segment.state
    }

    /// What a crash left at the end. It is not part of the state, and the next [`append`](Self::append) removes it.
    #[must_use]
    pub const fn torn(&self) -> Option<&Torn> {
        self.segment.torn.as_ref()
    }

    /// The segment's name.
    #[must_use]
    pub fn segment(&self) -> String {
        segment_name(self.segment.number)
    }

    /// The name of the segment after this one.
    #[must_use]
    pub fn next_segment(&self) -> String {
        segment_name(self.segment.number.saturating_add(1))
    }

    /// Whether the next record begins a new segment. Half a line is removed before that, so that it stays in none.
    #[must_use]
    pub const fn full(&self) -> bool {
        self.segment.records >= SEGMENT_RECORDS && self.segment.torn.is_none()
    }

    fn roll_over(&mut self, cause: &Body, lines: &mut String) {
        let state = self.segment.state.clone();
        self.segment = chain::Segment {
            base: state.head.clone(),
            snapshot: Some(state.clone()),
            state,
            ..chain::Segment::empty(self.segment.number.saturating_add(1))
        };
        let snapshot = record::encode_snapshot(cause, &self.segment.state);
        self.push(&snapshot, lines);
    }

    fn push(&mut self, body: &str, lines: &mut String) {
        let (line, head) = record::seal(&self.segment.state.head, body);
        lines.push_str(&line);
        lines.push('\n');
        self.segment.state.head = head;
        self.segment.records += 1;
    }
}

/// Verifies every record of every segment, oldest first: that nothing was changed, left out or put in between, and
/// that each snapshot says what the records before it say.
///
/// It cannot see records cut off at the end, nor a chain that was written anew as a whole: compare
/// [`Verified::head`] with the one of an earlier report.
///
/// # Errors
/// The first place that is not what was written.
pub fn verify_chain(segments: &[(&str, &str)]) -> Result<Verified, Tampered> {
    verifying::verify(segments)
}

/// Six digits, so that names sort as numbers do.
fn segment_name(number: u32) -> String {
    format!("{number:06}")
}

impl fmt::Display for Tampered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ledger segment {}, line {}", self.segment, self.line)?;
        if let Some(seq) = self.seq {
            write!(f, " (record {seq})")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Tampered {}

#[cfg(test)]
mod tests;
