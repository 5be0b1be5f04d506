//! What the records come to: a fold, total, without a look at anything else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Began, Body, Command, Committed, Ended, Fact, Origin, Overridden, Point, Resumed, Sequence,
    Standing, Unfinished, Waits,
};
use crate::protocol::{Outcome, Timestamp};
use crate::spec::{Generation, Release};
use crate::stop::Stop;

/// Good releases to keep. Ten, so that a rollback far back stays possible while a snapshot stays a few kilobytes.
pub(super) const GOOD_KEPT: usize = 10;

/// Quarantined releases to keep.
///
/// Without a bound a snapshot would grow for ever. The oldest is forgotten first, but never one that is also
/// known-good, so nothing becomes a rollback target by being forgotten. The price: the two-hundred-and-first failure
/// lets the first one be tried again, behind its health proof like any new release.
pub(super) const QUARANTINE_KEPT: usize = 200;

/// Failures to keep: as many as a gate can count.
const FAILURES_KEPT: usize = 50;

/// Overrides to keep; all of them stay in the records.
const OVERRIDES_KEPT: usize = 10;

/// What a ledger comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LedgerState"))]
pub struct State {
    /// The last record.
    pub head: Head,
    /// The highest one that was ever used.
    pub generation: Generation,
    /// What was proven here: the last committed first, each release once, at most ten. Failed attempts evict nothing.
    pub known_good: Vec<KnownGood>,
    /// What failed its proof, its bake or its analysis, the newest first.
    pub quarantine: Vec<Quarantined>,
    /// What began and neither was committed nor ended: a run is at it, or died at it.
    pub open: Option<Open>,
    /// How the last run that wrote here ended.
    pub last: Option<Last>,
    /// The last stop that nobody has lifted; it may have run out since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub stop: Option<Stop>,
    /// Rollouts that failed, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// What persons decided against rules, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<Override>,
    /// Points of no return that were passed, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<Point>,
    /// Hooks that began, and of which nobody knows how far they got.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<Unfinished>,
    /// What has the traffic though nothing committed it; `None`: what was committed last has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub stands: Option<Standing>,
}

/// A rollout that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LedgerFailure"))]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// What was to serve, in its name for people.
    pub version: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// A person's decision against a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LedgerOverride"))]
pub struct Override {
    /// When.
    pub at: Timestamp,
    /// The gate's name, or `quarantine`.
    pub what: String,
    /// Whose decision, where that is known.
    pub who: Option<String>,
    /// In the person's own words.
    pub reason: String,
}

/// The end of the chain. Whoever knows it from elsewhere can tell whether the chain was rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LedgerHead"))]
pub struct Head {
    /// The number of the last record; 0 where there is none.
    pub seq: u64,
    /// Its hash; 64 zeros where there is none.
    pub hash: String,
}

/// A release whose proof held through its bake, at this target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct KnownGood {
    /// The last one it was committed as.
    pub generation: Generation,
    /// What was proven.
    pub release: Release,
    /// When it was last committed.
    pub since: Timestamp,
    /// The record that committed it.
    pub proof_seq: u64,
    /// Which command brought it.
    pub command: Command,
    /// Its place among the revisions, as the run saw it.
    pub sequence: Sequence,
    /// When a rollback went from it to something else; cleared when it is committed again.
    ///
    /// It worked here once, but somebody did not want it: a rollback goes there again only when told so by name, else
    /// two of them in a row would end where they began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub left: Option<Timestamp>,
    /// How many tests there were, by the name of the gate that counted them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<String, u64>,
}

/// A release that failed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Quarantined {
    /// Of the image.
    pub digest: String,
    /// Of the configuration; the same image with another one is not quarantined.
    pub config_hash: String,
    /// Its name for people.
    pub version: String,
    /// When it failed last.
    pub since: Timestamp,
    /// A stable code.
    pub reason: String,
    /// Which run and which attempt of it: a later attempt of the same run is a person's override.
    pub run: Origin,
}

/// A deploy or rollback under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "OpenRollout"))]
pub struct Open {
    /// Its generation.
    pub generation: Generation,
    /// What it brings.
    pub release: Release,
    /// Which command brings it.
    pub command: Command,
    /// When it began.
    pub since: Timestamp,
    /// Whose it is.
    pub run: Origin,
    /// It waits for a person, and no run is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub waits: Option<Waiting>,
}

impl Open {
    /// Its place in the order of revisions and runs: that of the run that brought it, whoever promotes it.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        Sequence {
            revision: self.release.revision.clone(),
            run_number: self.run.run_number,
            workflow: self.run.workflow.clone(),
            repository: self.run.repository.clone(),
        }
    }
}

/// A wait for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LedgerWaiting"))]
pub struct Waiting {
    /// Since when.
    pub since: Timestamp,
    /// Until when at most.
    pub until: Timestamp,
    /// How many tests there were, by the name of the gate that counted them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<String, u64>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "LastRun"))]
pub struct Last {
    /// What it had begun, if anything.
    pub generation: Option<Generation>,
    /// Its outcome.
    pub outcome: Outcome,
    /// A stable code.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Which run.
    pub run: Origin,
}

impl State {
    /// What serves, as far as the ledger knows: the last committed release. What *really* serves is to be observed.
    #[must_use]
    pub fn serving(&self) -> Option<&KnownGood> {
        self.known_good.first()
    }

    /// The number for whatever begins next. It was never used before.
    #[must_use]
    pub const fn next_generation(&self) -> Generation {
        Generation(self.generation.0.saturating_add(1))
    }

    /// Why this release must not be deployed, if it must not.
    #[must_use]
    pub fn quarantined(&self, release: &Release) -> Option<&Quarantined> {
        self.quarantine.iter().find(|it| it.is(release))
    }

    /// The release behind a generation that was observed; `None` where the ledger no longer knows it.
    #[must_use]
    pub fn release_of(&self, generation: Generation) -> Option<&Release> {
        let open = self.open.iter().map(|it| (it.generation, &it.release));
        let good = self
            .known_good
            .iter()
            .map(|it| (it.generation, &it.release));
        let stands = self
            .stands
            .iter()
            .filter_map(|it| Some((it.generation?, it.release.as_ref()?)));
        open.chain(good)
            .chain(stands)
            .find(|(it, _)| *it == generation)
            .map(|(_, release)| release)
    }

    /// Takes in what happened. `seq` is the record's.
    pub(super) fn apply(&mut self, seq: u64, body: &Body) {
        match &body.fact {
            Fact::Began(began) => self.begin(body, began),
            Fact::Committed(committed) => self.commit(seq, body.at, committed),
            Fact::Waits(waits) => self.wait(body, waits),
            Fact::Hooked(hooked) => self.hook(body.at, hooked),
            Fact::Ended(ended) => self.end(body, ended),
            Fact::Stopped(stop) => self.stop = Some(Stop::clone(stop)),
            Fact::Resumed(resumed) => self.resume(resumed),
            Fact::Overridden(overridden) => self.override_(body.at, overridden),
            Fact::Decided(_) => {}
        }
    }

    /// One that was pressed since is another one, and stands.
    fn resume(&mut self, resumed: &Resumed) {
        self.stop = self.stop.take().filter(|stop| stop.id != resumed.id);
    }

    fn begin(&mut self, body: &Body, began: &Began) {
        self.generation = self.generation.max(began.generation);
        self.open = Some(Open {
            generation: began.generation,
            release: began.release.clone(),
            command: began.command,
            since: body.at,
            run: body.run.clone(),
            waits: None,
        });
    }

    fn wait(&mut self, body: &Body, waits: &Waits) {
        self.last = Some(Last {
            generation: Some(waits.generation),
            outcome: Outcome::Waiting,
            reason: "proven".to_owned(),
            at: body.at,
            run: body.run.clone(),
        });
        let open = self.open.as_mut();
        if let Some(open) = open.filter(|it| it.generation == waits.generation) {
            open.waits = Some(Waiting {
                since: body.at,
                until: waits.until,
                counted: waits.counted.clone(),
            });
        }
    }

    fn commit(&mut self, seq: u64, at: Timestamp, committed: &Committed) {
        self.generation = self.generation.max(committed.generation);
        self.mark_left(at, committed);
        let release = &committed.release;
        self.known_good.retain(|it| !it.release.same_as(release));
        self.quarantine.retain(|it| !it.is(release));
        self.known_good.insert(
            0,
            KnownGood {
                generation: committed.generation,
                release: release.clone(),
                since: at,
                proof_seq: seq,
                command: committed.command,
                sequence: committed.sequence.clone(),
                left: None,
                counted: committed.counted.clone(),
            },
        );
        self.known_good.truncate(GOOD_KEPT);
        self.stands = None;
        self.close(committed.generation);
    }

    /// A rollback leaves what served, unless it goes to something that was left before: that undoes a rollback.
    fn mark_left(&mut self, at: Timestamp, committed: &Committed) {
        let target = self
            .known_good
            .iter()
            .find(|it| it.release.same_as(&committed.release));
        let undoes = target.is_some_and(|it| it.left.is_some());
        if committed.command == Command::Rollback
            && !undoes
            && let Some(serving) = self.known_good.first_mut()
        {
            serving.left = Some(at);
        }
    }

    fn end(&mut self, body: &Body, ended: &Ended) {
        self.last = Some(Last {
            generation: ended.generation,
            outcome: ended.outcome,
            reason: ended.reason.clone(),
            at: body.at,
            run: body.run.clone(),
        });
        let Some(generation) = ended.generation else {
            return;
        };
        self.generation = self.generation.max(generation);
        self.remember_failure(body.at, generation, ended.outcome);
        if ended.quarantine {
            self.quarantine(body, generation, &ended.reason);
        }
        self.stand(body, ended);
        self.close(generation);
    }

    /// A rollout that was to bring something and did not: whoever cancels has not failed.
    fn remember_failure(&mut self, at: Timestamp, generation: Generation, outcome: Outcome) {
        let open = self.open.as_ref().filter(|it| it.generation == generation);
        let failed = matches!(outcome, Outcome::RolledBack | Outcome::Stranded);
        if let Some(open) = open.filter(|it| failed && it.command == Command::Deploy) {
            let version = open.release.version.clone();
            let failure = Failure {
                at,
                version,
                outcome,
            };
            self.failures.insert(0, failure);
            self.failures.truncate(FAILURES_KEPT);
        }
    }

    fn override_(&mut self, at: Timestamp, overridden: &Overridden) {
        let Overridden { what, who, reason } = overridden.clone();
        let it = Override {
            at,
            what,
            who,
            reason,
        };
        self.overridden.insert(0, it);
        self.overridden.truncate(OVERRIDES_KEPT);
    }

    /// Only what is open can fail: what was committed held its proof.
    fn quarantine(&mut self, body: &Body, generation: Generation, reason: &str) {
        let Some(open) = self.open.as_ref().filter(|it| it.generation == generation) else {
            return;
        };
        let failed = Quarantined {
            digest: open.release.digest.clone(),
            config_hash: open.release.config_hash.clone(),
            version: open.release.version.clone(),
            since: body.at,
            reason: reason.to_owned(),
            run: body.run.clone(),
        };
        self.quarantine.retain(|it| !it.is(&open.release));
        self.quarantine.insert(0, failed);
        self.forget_quarantine();
    }

    fn forget_quarantine(&mut self) {
        if self.quarantine.len() <= QUARANTINE_KEPT {
            return;
        }
        let is_good = |it: &Quarantined| self.known_good.iter().any(|good| it.is(&good.release));
        if let Some(oldest) = self.quarantine.iter().rposition(|it| !is_good(it)) {
            self.quarantine.remove(oldest);
        }
    }

    fn close(&mut self, generation: Generation) {
        if self
            .open
            .as_ref()
            .is_some_and(|it| it.generation == generation)
        {
            self.open = None;
        }
    }
}

impl Quarantined {
    /// Whether it is this release that failed.
    #[must_use]
    pub fn is(&self, release: &Release) -> bool {
        self.digest == release.digest && self.config_hash == release.config_hash
    }
}

impl Default for Head {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: super::GENESIS.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
