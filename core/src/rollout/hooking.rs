//! Hooks on the way: it is recorded that one begins, it runs, and it is recorded how it ended.
//!
//! From the moment in which an irreversible one is begun nothing is undone any more: [`Rollout::go_back`] is the one door of
//! every failure and decides between going back and standing still.

use super::attempt::{Heard, Try};
use super::{
    Action, ActionId, Hook, HookPlace, Observation, Phase, Ran, Record, Rollout, Table, Turn, Why,
};
use crate::spec::Generation;

/// A hook, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hooking {
    /// Its place in the plan's list.
    hook: usize,
    place: HookPlace,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// It is recorded that it begins.
    Beginning(Try),
    /// It runs.
    Running(ActionId),
    /// It is recorded how it ended.
    Ending(Try, Ran),
}

/// Who has the traffic, by a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carrier {
    /// Whoever has most of it; of two with the same, the newer. `None`: nobody has any.
    pub generation: Option<Generation>,
    /// Nobody else has any.
    pub whole: bool,
}

impl Hooking {
    pub(super) const fn place(&self) -> HookPlace {
        self.place
    }

    pub(super) const fn acts(&self) -> Option<&Try> {
        match &self.stage {
            Stage::Beginning(act) | Stage::Ending(act, _) => Some(act),
            Stage::Running(_) => None,
        }
    }

    pub(super) const fn acts_mut(&mut self) -> Option<&mut Try> {
        match &mut self.stage {
            Stage::Beginning(act) | Stage::Ending(act, _) => Some(act),
            Stage::Running(_) => None,
        }
    }

    /// Whether it may be left out for the stop button.
    pub(super) const fn gives_way(&self) -> bool {
        match self.place {
            HookPlace::BeforeStart | HookPlace::BeforeSwitch => self.is_beginning(),
            HookPlace::AfterCommit => false,
        }
    }

    /// Whether the hook has not begun.
    pub(super) const fn is_beginning(&self) -> bool {
        matches!(self.stage, Stage::Beginning(_))
    }
}

impl Rollout {
    pub(super) fn begin_hook(&mut self, hook: usize) {
        let Some(place) = self.plan.hooks.get(hook).map(|it| it.place) else {
            return self.enter(self.step + 1);
        };
        let turn = Turn::Begins;
        let act = self.attempt(Action::Record(Record::Hook { hook, turn }, None));
        self.phase = Phase::Hooking(Hooking {
            hook,
            place,
            stage: Stage::Beginning(act),
        });
    }

    pub(super) fn on_hooking(&mut self, id: ActionId, observation: Observation) {
        let Phase::Hooking(hooking) = &self.phase else {
            return;
        };
        let mut hooking = hooking.clone();
        let (now, patience) = (self.now, self.patience());
        match &mut hooking.stage {
            Stage::Running(running) if *running == id => self.ran(&hooking, observation.ran()),
            Stage::Running(_) => {}
            Stage::Beginning(act) | Stage::Ending(act, _) => {
                if !act.is(id) {
                    return;
                }
                let heard = act.heard(now, &observation.done().0, patience);
                self.phase = Phase::Hooking(hooking.clone());
                match heard {
                    Heard::Yes => self.recorded(hooking),
                    Heard::Again(trouble) => self.trouble(trouble),
                    Heard::GivenUp { trouble, .. } => {
                        self.decided("run no hook", vec![trouble.clone()]);
                        self.hook_failed(trouble);
                    }
                }
            }
        }
    }

    /// A record of it is there.
    fn recorded(&mut self, mut hooking: Hooking) {
        match &hooking.stage {
            // It is recorded that it begins, and somebody has asked to stop: it is recorded that it did not.
            Stage::Beginning(_) if self.hurry => {
                let why = "the run was asked to stop before it began".to_owned();
                self.ran(&hooking, Ran::Not(why));
            }
            Stage::Beginning(_) => {
                self.past |= self.is_irreversible(hooking.hook);
                hooking.stage = Stage::Running(self.ask(Action::Hook(hooking.hook)));
                self.phase = Phase::Hooking(hooking);
            }
            Stage::Ending(_, ran) => {
                let ran = ran.clone();
                self.after_hook(hooking.hook, &ran);
            }
            Stage::Running(_) => {}
        }
    }

    fn ran(&mut self, hooking: &Hooking, ran: Ran) {
        let hook = hooking.hook;
        if matches!(ran, Ran::Not(_)) {
            // What never began has passed nothing.
            self.past = self.passed_before(hook);
        }
        let turn = Turn::Over(ran.clone());
        let act = self.attempt(Action::Record(Record::Hook { hook, turn }, None));
        self.phase = Phase::Hooking(Hooking {
            stage: Stage::Ending(act, ran),
            ..hooking.clone()
        });
    }

    fn after_hook(&mut self, hook: usize, ran: &Ran) {
        let name = self.hook(hook).map(|it| it.name.clone());
        let name = name.unwrap_or_default();
        match ran.trouble() {
            None if self.hurry => self.asked_to_stop(),
            None => self.enter(self.step + 1),
            Some(_) if self.hurry => self.asked_to_stop(),
            Some(why) => {
                let why = format!("the hook `{name}` did not end well: {why}");
                self.hook_failed(why);
            }
        }
    }

    /// Of a failed hook the version is not to blame; after the commit nothing is to be undone.
    fn hook_failed(&mut self, why: String) {
        let Phase::Hooking(hooking) = &self.phase else {
            return;
        };
        if hooking.place == HookPlace::AfterCommit {
            self.decided("leave out the hooks that are left", vec![why.clone()]);
            self.unhooked = Some(why);
            return self.settle(Some(self.plan.new.generation), Why::Committed);
        }
        self.decided(self.way(), vec![why.clone()]);
        self.go_back(Why::Hook(why));
    }

    /// Goes no further because somebody asked; what is committed is.
    pub(super) fn asked_to_stop(&mut self) {
        if self.is_committed() {
            self.unhooked = Some("the run was asked to stop".to_owned());
            return self.settle(Some(self.plan.new.generation), Why::Committed);
        }
        self.decided(self.way(), vec!["the run was asked to stop".to_owned()]);
        self.go_back(Why::Cancelled);
    }

    /// Gives up going forward: back to what served before, or, past a point of no return, no further.
    pub(super) fn go_back(&mut self, why: Why) {
        if self.past {
            self.stand(why);
        } else {
            self.settle(self.old_generation(), why);
        }
    }

    /// What giving up is called.
    pub(super) const fn way(&self) -> &'static str {
        if self.past { "stand still" } else { "go back" }
    }

    fn hook(&self, hook: usize) -> Option<&Hook> {
        self.plan.hooks.get(hook)
    }

    fn is_irreversible(&self, hook: usize) -> bool {
        self.hook(hook).is_some_and(|it| it.irreversible)
    }

    /// Whether a point of no return had been passed before this hook.
    fn passed_before(&self, hook: usize) -> bool {
        let mut before = self.plan.hooks.iter().take(hook);
        self.plan.past || before.any(|it| it.irreversible)
    }

    /// Whether the commit is recorded, and what is left of the steps comes after it.
    pub(super) const fn is_committed(&self) -> bool {
        matches!(&self.phase, Phase::Hooking(hooking) if matches!(hooking.place, HookPlace::AfterCommit))
    }

    /// Whether a hook runs, is not to be cut short, and so is let go on until the process has to end.
    #[must_use]
    pub fn is_at_no_return(&self) -> bool {
        matches!(&self.phase, Phase::Hooking(hooking) if self.is_irreversible(hooking.hook))
    }

    /// Takes note of who has the traffic by a table of which the end has been heard.
    pub(super) fn follow(&mut self, table: &Table, observation: &Observation) {
        let Observation::Routed { done, .. } = observation else {
            return;
        };
        if done.is_yes() {
            self.carrier = Some(Carrier::by(table));
        } else if done.is_unknown() {
            self.carrier = None;
        }
    }
}

impl Carrier {
    /// Who carries the traffic by this table.
    #[must_use]
    pub fn by(table: &Table) -> Self {
        let active = || {
            table
                .entries
                .iter()
                .filter(|it| it.weight > 0 && !it.backup)
        };
        let weight = |generation: Generation| -> u64 {
            let its = active().filter(|it| it.member.id.generation == generation);
            its.map(|it| u64::from(it.weight)).sum()
        };
        let generations = active().map(|it| it.member.id.generation);
        let generation = generations.clone().max_by_key(|it| (weight(*it), *it));
        let whole = generations.clone().all(|it| Some(it) == generation);
        Self { generation, whole }
    }
}
