//! A person in mid-rollout, asked or not: what is said, who hears it, and whether more is done than was allowed.

use std::collections::BTreeSet;

use cd_core::rollout::{
    Action, Mark, Record, Rollout, Says, Share, Strategy, Table, Word, permille,
};
use cd_core::spec::Generation;

use super::{Setup, World};
use crate::mutant::Mutant;

impl World {
    /// The share at which the newest run asks, and of what.
    pub(super) fn asked(&self) -> Option<(Generation, Share)> {
        let machine = &self.runs.last()?.machine;
        let asked = machine.asked().filter(|_| machine.is_asking())?;
        Some((machine.plan().new.generation, asked.share))
    }

    /// What this can be said of now: a yes of what is asked, a no of whatever the newest run brings, asked or not.
    pub(super) fn spoken_of(&self, says: Says) -> Option<(Generation, Share)> {
        let brought = || {
            let machine = &self.runs.last()?.machine;
            let generation = machine.plan().new.generation;
            machine.end().is_none().then_some((generation, Share(0)))
        };
        match says {
            Says::Promote => self.asked(),
            Says::Abort => self.asked().or_else(brought),
        }
    }

    /// A person says this of what it can be said of now. It stands at the target until somebody says something else.
    pub(super) fn say(&mut self, says: Says) {
        self.luck.words -= 1;
        let Some((generation, share)) = self.spoken_of(says) else {
            return;
        };
        if says == Says::Promote {
            self.allowed.insert((generation, share));
        }
        let word = Word {
            id: format!("{} {}", self.luck.words, says.word()),
            share,
            says,
            who: "kim".to_owned(),
        };
        self.word = Some((self.token, word));
    }

    /// A run that looks reads what was said under its own lease, and whether the stop button is set.
    pub(super) fn pass_word(&mut self, setup: &Setup, run: usize) {
        let (now, stopped) = (self.now, self.stopped);
        let run = &mut self.runs[run];
        if stopped {
            run.machine.hear_stop(now, "kim");
        }
        let Some((token, mut word)) = self.word.clone() else {
            return;
        };
        if setup.has(Mutant::TakesAnyWord) {
            if let Some(asked) = run.machine.asked() {
                word.share = asked.share;
            }
        } else if token != run.token {
            return;
        }
        if word.says == Says::Abort && run.machine.hears_no() {
            run.aborted = true;
            if setup.has(Mutant::SwallowsTheAbort) {
                return;
            }
        }
        run.machine.hear_word(now, &word);
    }
}

/// Whether a run asks for more of the traffic than a person has allowed.
pub(super) fn oversteps(
    allowed: &BTreeSet<(Generation, Share)>,
    machine: &Rollout,
    action: &Action,
) -> bool {
    let plan = machine.plan();
    let (Some(old), Strategy::Canary) = (&plan.old, plan.strategy) else {
        return false;
    };
    let generation = plan.new.generation;
    let wants = match action {
        Action::Route {
            table,
            mark: Mark::Shifted,
            ..
        } => permille(table, generation),
        Action::Record(Record::Committed { .. }, _) => 1_000,
        Action::Route { .. }
        | Action::Record(Record::Began | Record::Hook { .. }, _)
        | Action::Adopt(_)
        | Action::Start(_)
        | Action::Revive(_)
        | Action::Probe(_)
        | Action::Watch(_)
        | Action::Measure(_)
        | Action::Log(_)
        | Action::Stop(_)
        | Action::Remove(_)
        | Action::Hook(_)
        | Action::Conclude(_) => return false,
    };
    let mut asked = plan
        .waits
        .keys()
        .filter(|it| !allowed.contains(&(generation, **it)));
    asked.any(|share| wants > permille(&Table::shared(old, &plan.new, *share), generation))
}
