//! Errors: whether the candidate answers more requests badly than the baseline in the same seconds, and more than tolerated.

use serde::{Deserialize, Serialize};

use super::counts::{Meter, Pair, Read};
use super::streams::{Margin, Streams};
use super::verdict::{Basis, Finding, Kind, Verdict, Why};
use crate::config::Permille;
use crate::protocol::Timestamp;

/// What was asked of the errors, and what is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Errors {
    meter: Meter,
    streams: Streams,
    settling: Settling,
}

/// What both comparisons know of their looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Settling {
    /// Before this moment nothing is evidence.
    until: Timestamp,
    /// What was wrong with the last look.
    trouble: Option<Why>,
}

impl Margin {
    /// What is asked of errors where the configuration says nothing: one in a hundred more, at 99 %.
    pub const ERRORS: Self = Self {
        tolerated: Permille(10),
        confidence: Permille(990),
        least: 100,
        sick: Permille(100),
        among: 1,
    };
}

impl Errors {
    /// Before the first step.
    #[must_use]
    pub fn new(now: Timestamp, margin: Margin) -> Self {
        Self {
            meter: Meter::default(),
            streams: Streams::new(margin),
            settling: Settling::new(now),
        }
    }

    /// The weights have just changed.
    pub fn begin_step(&mut self, now: Timestamp) {
        self.streams.begin_step();
        self.settling.begin(now);
    }

    /// The counters of both versions, at one look. `epoch` changes when they begin anew, where that can be known.
    pub fn observe(&mut self, now: Timestamp, epoch: u64, counters: Pair) {
        let read = self.meter.read(epoch, counters);
        if let Some(new) = self.settling.take(now, read) {
            self.streams.add(now, new);
        }
    }

    /// A look has failed. That is no failure of the candidate; and while it is so, nothing passes.
    pub fn unseen(&mut self, why: &str) {
        self.settling.unseen(why);
    }

    /// What follows from it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding {
            kind: Kind::Errors,
            verdict: self.settling.verdict(self.streams.verdict()),
            basis: Basis::Errors(self.streams.numbers()),
        }
    }

    /// How often the counters began anew.
    #[must_use]
    pub const fn resets(&self) -> u32 {
        self.meter.resets
    }
}

impl Settling {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            until: now.plus(WARM_UP),
            trouble: None,
        }
    }

    pub(super) const fn begin(&mut self, now: Timestamp) {
        self.until = now.plus(WARM_UP);
    }

    pub(super) fn unseen(&mut self, why: &str) {
        self.trouble = Some(Why::SourceFailing(why.to_owned()));
    }

    /// What of a look is evidence.
    pub(super) fn take(&mut self, now: Timestamp, read: Read) -> Option<Pair> {
        self.trouble = None;
        match read {
            Read::First => None,
            Read::New(new) => (now >= self.until).then_some(new),
            Read::Reset => {
                self.trouble = Some(Why::CountersReset);
                None
            }
        }
    }

    /// Trouble hides no fail. A source that fails takes back a pass: who knows what it would say.
    pub(super) fn verdict(&self, verdict: Verdict) -> Verdict {
        match (&self.trouble, verdict) {
            (Some(why), Verdict::Inconclusive(_)) => Verdict::Inconclusive(why.clone()),
            (Some(why @ Why::SourceFailing(_)), Verdict::Pass) => {
                Verdict::Inconclusive(why.clone())
            }
            (_, verdict) => verdict,
        }
    }
}

/// Milliseconds after a change of weights in which nothing is evidence. A request is counted when it ends, and failures end sooner than
/// successes: a version that has just got its first requests seems worse than it is for as long as a request takes.
const WARM_UP: u64 = 5_000;
