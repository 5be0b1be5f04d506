//! What a run writes down at the target: the ledger and the checkpoint, and what of it is not yet known to be there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::{
    Append, Began, Body, Command, Committed, Decided, Ended, Ending, Fact, Hooked, How, Ledger,
    Origin, Overridden, Sequence, Stands as Left, Waits,
};
use crate::protocol::{Outcome, Timestamp};
use crate::rollout::{Action, End, Mark, Person, Plan, Ran, Record, Stands, Turn};
use crate::spec::{Generation, Release};
use crate::target::docker::Memo;

/// What the next run reads where this one died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Checkpoint {
    /// 1.
    pub(super) format: u32,
    /// What it was doing.
    pub(super) plan: Plan,
    /// How far it was.
    pub(super) mark: Mark,
}

/// The writing side.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) ledger: Ledger,
    pub(super) origin: Origin,
    /// What the ledger must hold and perhaps does not yet: goes along with every transaction until one came through.
    unsure: Vec<Append>,
    /// How many are known to be there.
    there: usize,
    /// As it was before the last record, while that one has surely not been written.
    before: Option<(Ledger, Vec<Append>)>,
    /// What was decided since the last record.
    decided: Vec<(Timestamp, Decided)>,
}

/// What the records of a rollout say besides what the machine says.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) release: Release,
    pub(super) from: Option<Generation>,
    pub(super) strategy: &'static str,
    pub(super) command: Command,
    pub(super) reason: Option<String>,
    pub(super) overrides: Vec<String>,
    pub(super) bake: u64,
    pub(super) sequence: Sequence,
    /// How many tests there were, by the gate that counted them.
    pub(super) counted: BTreeMap<String, u64>,
}

impl Memory {
    pub(super) const fn new(ledger: Ledger, origin: Origin) -> Self {
        Self {
            ledger,
            origin,
            unsure: Vec::new(),
            there: 0,
            before: None,
            decided: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, at: Timestamp, fact: Fact) {
        self.before = Some((self.ledger.clone(), self.unsure.clone()));
        let append = self.ledger.append(&Body {
            at,
            run: self.origin.clone(),
            fact,
        });
        self.unsure.push(append);
    }

    /// A person's decision against a rule; written with whatever is written next.
    pub(super) fn overridden(&mut self, now: Timestamp, what: &str, reason: &str) {
        let who = self.origin.actor.clone();
        let (what, reason) = (what.to_owned(), reason.to_owned());
        self.note(now, Fact::Overridden(Overridden { what, who, reason }));
    }

    /// Something was decided on the way; written with the record that it leads to.
    pub(super) fn decided(&mut self, at: Timestamp, decided: Decided) {
        self.decided.push((at, decided));
    }

    /// What was decided by now is written with whatever is written next.
    pub(super) fn note_decided(&mut self) {
        for (at, decided) in std::mem::take(&mut self.decided) {
            self.note(at, Fact::Decided(decided));
        }
    }

    /// What has to be written together with an action, for the first time it is asked for.
    pub(super) fn prepare(
        &mut self,
        now: Timestamp,
        action: &Action,
        plan: &Plan,
        story: Option<&Story>,
    ) {
        self.note_decided();
        match action {
            Action::Record(Record::Began, _) => {
                if let Some(story) = story {
                    self.note(now, Fact::Began(Box::new(began(plan, story))));
                }
            }
            Action::Record(Record::Committed { evidence, .. }, _) => {
                if let Some(story) = story {
                    self.note(
                        now,
                        Fact::Committed(Box::new(committed(plan, story, evidence))),
                    );
                }
            }
            Action::Record(Record::Hook { hook, turn }, _) => {
                let hooked = hooked(plan, *hook, turn).map(Fact::Hooked);
                hooked.into_iter().for_each(|fact| self.note(now, fact));
            }
            Action::Conclude(end) if end.outcome == Outcome::Waiting => {
                self.waits(now, end, plan, story);
            }
            Action::Conclude(end) => self.ended(now, end),
            Action::Adopt(_)
            | Action::Start(_)
            | Action::Revive(_)
            | Action::Route { .. }
            | Action::Probe(_)
            | Action::Watch(_)
            | Action::Measure(_)
            | Action::Log(_)
            | Action::Stop(_)
            | Action::Hook(_)
            | Action::Remove(_) => {}
        }
    }

    fn waits(&mut self, now: Timestamp, end: &End, plan: &Plan, story: Option<&Story>) {
        let within = match plan.person {
            Person::Asked { within } => within,
            Person::Absent | Person::Promoted => 0,
        };
        let waits = Waits {
            generation: plan.new.generation,
            until: now.plus(within),
            evidence: end.because.clone(),
            counted: story.map(|it| it.counted.clone()).unwrap_or_default(),
        };
        self.note(now, Fact::Waits(waits));
    }

    fn ended(&mut self, now: Timestamp, end: &End) {
        let generation = self
            .ledger
            .state()
            .open
            .as_ref()
            .map(|open| open.generation);
        let generation =
            generation.or_else(|| self.ledger.state().serving().map(|it| it.generation));
        let (reason, because) = (end.reason.clone(), end.because.clone());
        let ended = Ended {
            generation,
            outcome: end.outcome,
            reason,
            because,
            quarantine: end.quarantine,
            stands: end
                .stands
                .filter(|it| *it == Stands::Otherwise)
                .map(|_| Left {
                    serving: end.serving,
                }),
        };
        self.note(now, Fact::Ended(ended));
    }

    /// What goes along with an action.
    pub(super) fn memo(&self, action: &Action, plan: &Plan) -> Memo {
        let mark = match action {
            Action::Record(_, mark) => mark.as_ref(),
            Action::Route { mark, .. } => Some(mark),
            Action::Conclude(end) if end.outcome == Outcome::Waiting => Some(&Mark::Waiting),
            Action::Conclude(_) => {
                return Memo {
                    appends: self.unsure.clone(),
                    checkpoint: Some(None),
                    ..Memo::default()
                };
            }
            Action::Adopt(_)
            | Action::Start(_)
            | Action::Revive(_)
            | Action::Probe(_)
            | Action::Watch(_)
            | Action::Measure(_)
            | Action::Log(_)
            | Action::Stop(_)
            | Action::Hook(_)
            | Action::Remove(_) => None,
        };
        let checkpoint = mark.map(|mark| Checkpoint {
            format: 1,
            plan: plan.clone(),
            mark: mark.clone(),
        });
        let text =
            checkpoint.map(|it| serde_json::to_string(&it).expect("a checkpoint is plain data"));
        Memo {
            appends: self.unsure.clone(),
            checkpoint: text.map(Some),
            ..Memo::default()
        }
    }

    /// The same for the end of a run that rolled nothing out.
    pub(super) fn leftover(&self) -> Memo {
        Memo {
            appends: self.unsure.clone(),
            ..Memo::default()
        }
    }

    /// How many records there are once everything that goes along now is there.
    pub(super) const fn upto(&self) -> usize {
        self.there + self.unsure.len()
    }

    /// A transaction came through: what went along with it is there, and what was noted since perhaps not.
    pub(super) fn sure(&mut self, upto: usize) {
        let more = upto.saturating_sub(self.there).min(self.unsure.len());
        self.unsure.drain(..more);
        self.there += more;
        if self.unsure.is_empty() {
            self.before = None;
        }
    }

    /// Nobody knows whether it came through: it goes along again, and can no longer be taken back.
    pub(super) fn unsure(&mut self) {
        self.before = None;
    }

    /// It surely did not come through: the last record was never written. Without this, a commit that failed would be
    /// written by the transaction that goes back. `true` where there was one to take back.
    pub(super) fn take_back(&mut self) -> bool {
        let Some((ledger, unsure)) = self.before.take() else {
            return false;
        };
        self.ledger = ledger;
        self.unsure = unsure;
        true
    }
}

fn began(plan: &Plan, story: &Story) -> Began {
    Began {
        generation: plan.new.generation,
        release: story.release.clone(),
        from: story.from,
        strategy: story.strategy.to_owned(),
        reason: story.reason.clone(),
        command: story.command,
        overrides: story.overrides.clone(),
    }
}

fn hooked(plan: &Plan, hook: usize, turn: &Turn) -> Option<Hooked> {
    let hook = plan.hooks.get(hook)?;
    let ended = |how, said: &str| {
        let said = said.to_owned();
        Some(Ending { how, said })
    };
    Some(Hooked {
        generation: plan.new.generation,
        hook: hook.name.clone(),
        place: hook.place,
        irreversible: hook.irreversible,
        retry: hook.retry,
        ended: match turn {
            Turn::Begins => None,
            Turn::Over(Ran::Well) => ended(How::Well, ""),
            Turn::Over(Ran::Failed(said)) => ended(How::Failed, said),
            Turn::Over(Ran::Cut(said)) => ended(How::Cut, said),
            Turn::Over(Ran::Not(said)) => ended(How::Not, said),
        },
    })
}

fn committed(plan: &Plan, story: &Story, evidence: &[String]) -> Committed {
    Committed {
        generation: plan.new.generation,
        release: story.release.clone(),
        replicas: story.release.spec.replicas,
        bake_ms: story.bake,
        evidence: evidence.to_vec(),
        command: story.command,
        sequence: story.sequence.clone(),
        counted: story.counted.clone(),
    }
}
