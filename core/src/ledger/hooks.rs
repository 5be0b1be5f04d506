//! Hooks in the ledger: what began and how it ended, points of no return, and what stands behind one.

use serde::{Deserialize, Serialize};

use super::{Body, Ended, Open, Sequence, State};
use crate::protocol::Timestamp;
use crate::rollout::{HookPlace, Retry};
use crate::spec::{Generation, Release};

/// Points of no return to keep. The newest alone decides where nothing is gone back to; the others are for people.
const POINTS_KEPT: usize = 10;

/// Hooks without an end to keep: more than one configuration has.
const UNFINISHED_KEPT: usize = 50;

/// A hook begins, or is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hooked {
    /// Of which rollout.
    pub generation: Generation,
    /// Its name.
    pub hook: String,
    /// When in the rollout.
    pub place: HookPlace,
    /// A point of no return: passed as soon as this is recorded.
    pub irreversible: bool,
    /// Whether it may be begun again where its end is not known.
    pub retry: Retry,
    /// How it ended; `None`: it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
}

/// How a hook ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ending {
    /// In a word.
    pub how: How,
    /// What it said last, or why it is so; empty where there is nothing to say.
    pub said: String,
}

/// How a hook ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Well.
    Well,
    /// It says no.
    Failed,
    /// It was ended before it ended by itself.
    Cut,
    /// It never began.
    Not,
}

/// A point of no return that was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "NoReturn"))]
pub struct Point {
    /// Of which rollout.
    pub generation: Generation,
    /// What that brought, in its name for people.
    pub version: String,
    /// The hook.
    pub hook: String,
    /// When it began.
    pub since: Timestamp,
}

/// A hook that began, and of which nobody knows how far it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "UnfinishedHook"))]
pub struct Unfinished {
    /// Its name.
    pub hook: String,
    /// Of which rollout.
    pub generation: Generation,
    /// When it began.
    pub since: Timestamp,
    /// Whether it may be begun again all the same.
    #[cfg_attr(feature = "generate", ts(type = "\"safe\" | \"never\""))]
    pub retry: Retry,
    /// Why it was ended, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub why: Option<String>,
}

/// What has the traffic though nothing committed it: a rollout ended past a point of no return, and nothing was undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LeftStanding"))]
pub struct Standing {
    /// What has most of the traffic; `None`: nothing has any.
    pub generation: Option<Generation>,
    /// What that is, where it is known.
    pub release: Option<Release>,
    /// Since when it is left so.
    pub since: Timestamp,
    /// Its place in the order; `None`: that of what was committed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
}

impl State {
    /// What is to have the traffic: the last committed release, or what stands past a point of no return.
    #[must_use]
    pub fn serves(&self) -> Option<Generation> {
        match &self.stands {
            Some(stands) => stands.generation,
            None => self.serving().map(|it| it.generation),
        }
    }

    /// The last point of no return that this rollout has passed.
    #[must_use]
    pub fn passed(&self, generation: Generation) -> Option<&Point> {
        self.points.iter().find(|it| it.generation == generation)
    }

    /// The last point of no return that was passed since this generation was brought: nothing goes back there by itself.
    #[must_use]
    pub fn point_since(&self, generation: Generation) -> Option<&Point> {
        self.points.iter().find(|it| it.generation > generation)
    }

    /// A hook of this name that must not be begun again before a person has looked.
    #[must_use]
    pub fn half_done(&self, hook: &str) -> Option<&Unfinished> {
        let mut unfinished = self.unfinished.iter();
        unfinished.find(|it| it.hook == hook && it.retry == Retry::Never)
    }

    pub(super) fn hook(&mut self, at: Timestamp, hooked: &Hooked) {
        let Some(ended) = &hooked.ended else {
            return self.begin_hook(at, hooked);
        };
        let ours = |it: &Unfinished| it.hook == hooked.hook;
        match ended.how {
            How::Well | How::Failed => self.unfinished.retain(|it| !ours(it)),
            How::Cut => {
                let unfinished = self.unfinished.iter_mut().find(|it| ours(it));
                if let Some(it) = unfinished {
                    it.why = Some(ended.said.clone());
                }
            }
            How::Not => {
                self.unfinished.retain(|it| !ours(it));
                self.points
                    .retain(|it| it.generation != hooked.generation || it.hook != hooked.hook);
            }
        }
    }

    fn begin_hook(&mut self, at: Timestamp, hooked: &Hooked) {
        let (generation, hook) = (hooked.generation, hooked.hook.clone());
        self.unfinished.retain(|it| it.hook != hook);
        let it = Unfinished {
            hook: hook.clone(),
            generation,
            since: at,
            retry: hooked.retry,
            why: None,
        };
        self.unfinished.insert(0, it);
        self.unfinished.truncate(UNFINISHED_KEPT);
        if hooked.irreversible {
            let release = self.release_of(generation);
            let version = release.map(|it| it.version.clone()).unwrap_or_default();
            let point = Point {
                generation,
                version,
                hook,
                since: at,
            };
            self.points.insert(0, point);
            self.points.truncate(POINTS_KEPT);
        }
    }

    /// A rollout ended past a point of no return, and what has the traffic is not what was committed last.
    pub(super) fn stand(&mut self, body: &Body, ended: &Ended) {
        let Some(stands) = &ended.stands else { return };
        let generation = stands.serving;
        let release = generation.and_then(|it| self.release_of(it)).cloned();
        let brought = self.open.as_ref();
        let brought = brought.filter(|it| Some(it.generation) == generation);
        let stood = self.stands.as_ref();
        let stood = stood.filter(|it| it.generation == generation);
        let sequence = brought.map(Open::sequence);
        let sequence = sequence.or_else(|| stood?.sequence.clone());
        self.stands = Some(Standing {
            generation,
            release,
            since: body.at,
            sequence,
        });
    }
}
