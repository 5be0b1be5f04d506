//! A journal decided again: whether this version decides what was decided then, and why it was.
//!
//! A journal is what the shell writes of every run: the version and the beginning, then `{"now":…,"input":…}` and
//! `{"outputs":[…]}` by turns, one JSON a line. Decisions are a function of the inputs, so handing these in once more gives
//! the outputs once more, byte for byte. Three things are no difference, and are said where they matter:
//!
//! - A text in which the shell blotted a secret (`***`) stands for whatever is there now: the core may put into its outputs
//!   what it was told before the secret was known to be one, or what earlier runs wrote, which is handed in as it is.
//! - The order of an object's members, which JavaScript changes where names are numbers.
//! - A member that only one of both versions knows, where it is empty.
//!
//! It ends at the first difference: what came after it was said to somebody else's questions. To add a program: what
//! explains its runs goes into [`Moment`].

use serde::Serialize;

use crate::program::Session;
use crate::protocol::{Emit, Level, Output, Timestamp};
use crate::report::{Report, Span, replay_log};

mod difference;
mod journal;
mod run;
#[cfg(test)]
mod tests;

pub use difference::Difference;
pub use journal::{BadLine, JournalEnd, Unreadable};
pub(crate) use run::{COMMAND, Session as ReplaySession};

use journal::{Exchange, Journal};

/// This version, as it stands in the journals that it writes.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What comes of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
#[must_use]
pub enum Replay {
    /// It was decided again.
    Decided(Box<Replayed>),
    /// It cannot be: it is no journal, or none that this version understands.
    Unreadable(Unreadable),
}

/// A run, decided again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Replayed {
    /// Whether all that was decided is decided again.
    pub same: bool,
    /// Where it is not.
    pub difference: Option<Difference>,
    /// How many inputs were decided again.
    pub decided: u32,
    /// In how many texts a secret was blotted, whose place was compared and whose value could not be.
    pub blotted: u32,
    /// The version that wrote the journal; `None`: it is older than those that say so.
    pub version: Option<String>,
    /// The version that decided again.
    pub by: String,
    /// The command that was given, `metadata` among them; empty where none was understood.
    pub command: String,
    /// When the run began.
    pub began: Timestamp,
    /// How the journal ends.
    pub end: JournalEnd,
    /// A stable code for why the run ended as it did; empty where it has none, or did not get there.
    pub reason: String,
    /// What that rests on, in sentences.
    pub because: Vec<String>,
    /// What was decided and done, in order.
    pub moments: Vec<Moment>,
    /// All of this for people, line by line.
    pub explanation: String,
}

/// Something that was decided, done or said. `after`: milliseconds since the run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Moment {
    /// A phase of the rollout was entered.
    Phase {
        /// When.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        after: u64,
        /// Its name.
        phase: String,
        /// Milliseconds until it was left.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        took: u64,
    },
    /// Something was decided.
    Decision {
        /// When.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        after: u64,
        /// In which phase; empty before there are any.
        phase: String,
        /// What.
        decision: String,
        /// On what.
        because: Vec<String>,
    },
    /// Something was done to the target.
    Act {
        /// When it was begun.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        after: u64,
        /// What, in a few words.
        what: String,
        /// Milliseconds it took.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        took: u64,
        /// How it ended: `done`, or the trouble.
        ended: String,
    },
    /// Something was said, by a program without phases.
    Said {
        /// When.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        after: u64,
        /// What.
        text: String,
    },
}

impl Moment {
    const fn after(&self) -> u64 {
        match self {
            Self::Phase { after, .. }
            | Self::Decision { after, .. }
            | Self::Act { after, .. }
            | Self::Said { after, .. } => *after,
        }
    }
}

/// Decides a journal again, by the program that it is a run of.
pub fn replay(text: &str) -> Replay {
    match journal::read(text) {
        Ok(journal) => Replay::Decided(Box::new(decide(&journal))),
        Err(unreadable) => Replay::Unreadable(unreadable),
    }
}

/// What is found out while inputs are handed in.
#[derive(Debug, Default)]
struct Again {
    session: Session,
    decided: u32,
    blotted: u32,
    difference: Option<Difference>,
    said: Vec<Moment>,
    /// When the last input came.
    until: Timestamp,
}

fn decide(journal: &Journal<'_>) -> Replayed {
    let mut again = Again::default();
    for exchange in &journal.exchanges {
        // What nobody answered has nothing to be compared with: and where the core crashed on it, it would crash again.
        let Some(recorded) = &exchange.outputs else {
            break;
        };
        again.difference = again.compare(journal, exchange, recorded);
        if again.difference.is_some() {
            break;
        }
        again.decided += 1;
    }
    let report = again.session.report();
    let mut replayed = Replayed {
        same: again.difference.is_none(),
        decided: again.decided,
        blotted: again.blotted,
        version: journal.version.clone(),
        by: VERSION.to_owned(),
        command: command(&again.session),
        began: journal.began,
        end: journal.end.clone(),
        reason: report.map(|it| it.reason.clone()).unwrap_or_default(),
        because: report.map(|it| it.because.clone()).unwrap_or_default(),
        moments: report.map_or(again.said, |it| moments(it, again.until)),
        difference: again.difference,
        explanation: String::new(),
    };
    replayed.explanation = replay_log::explanation(&replayed);
    replayed
}

impl Again {
    /// Hands in one input; gives where what comes back is not what came back then.
    fn compare(
        &mut self,
        journal: &Journal<'_>,
        exchange: &Exchange<'_>,
        recorded: &str,
    ) -> Option<Difference> {
        let line = exchange.line + 1;
        if let Err(misuse) = self.session.handle(exchange.now, exchange.input.clone()) {
            return Some(difference::refused(line, recorded, &misuse));
        }
        self.until = exchange.now;
        let outputs = drain(&mut self.session);
        let after = exchange.now.since(journal.began);
        if self.session.report().is_none() {
            self.said
                .extend(outputs.iter().filter_map(|it| said(after, it)));
        }
        let now = serde_json::to_string(&outputs).expect("outputs are JSON");
        if now == recorded {
            return None;
        }
        let compared = difference::compare(line, recorded, &now);
        self.blotted += compared.blotted;
        compared.difference
    }
}

fn drain(session: &mut Session) -> Vec<Output> {
    let mut outputs = Vec::new();
    loop {
        outputs.push(session.poll());
        if let Some(Output::Idle { .. } | Output::Done { .. }) = outputs.last() {
            return outputs;
        }
    }
}

fn said(after: u64, output: &Output) -> Option<Moment> {
    let text = match output {
        Output::Emit {
            emit: Emit::Log { level, text },
        } if *level != Level::Debug => text.clone(),
        Output::Emit {
            emit: Emit::Annotation { title, message, .. },
        } => [title.as_str(), message]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(": "),
        Output::Effect { .. }
        | Output::Abort { .. }
        | Output::Emit { .. }
        | Output::Idle { .. }
        | Output::Done { .. } => return None,
    };
    Some(Moment::Said { after, text })
}

fn command(session: &Session) -> String {
    match session.report() {
        Some(report) => report.command.clone(),
        None => session.word().to_owned(),
    }
}

/// In order of time; at the same moment a decision leads to a phase, and that to what is done.
fn moments(report: &Report, until: Timestamp) -> Vec<Moment> {
    let after = |at: Timestamp| at.since(report.began);
    // The phase in which a run was killed has no end yet.
    let left = |span: &Span| if span.to > span.from { span.to } else { until };
    let phases = report.phases.iter().map(|span| Moment::Phase {
        after: after(span.from),
        phase: span.name.clone(),
        took: left(span).since(span.from),
    });
    let decisions = report.decisions.iter().map(|it| Moment::Decision {
        after: after(it.at),
        phase: it.phase.clone(),
        decision: it.decision.clone(),
        because: it.because.clone(),
    });
    let acts = report.acts.iter().map(|it| Moment::Act {
        after: after(it.at),
        what: it.what.clone(),
        took: it.took,
        ended: it.ended.clone(),
    });
    let mut moments: Vec<Moment> = decisions.chain(phases).chain(acts).collect();
    moments.sort_by_key(Moment::after);
    moments
}
