//! Calls: commands that belong together and are carried out one after the other.

use std::collections::{BTreeMap, VecDeque};

use crate::protocol::{Completion, EffectId, Output};
use crate::target::docker::Step;

/// What is under way, and what is to be told next.
#[derive(Debug)]
pub(super) struct Calls<T> {
    outbox: VecDeque<Output>,
    running: BTreeMap<EffectId, Call<T>>,
    next: u32,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call<T> {
    /// What for.
    pub(super) tag: T,
    /// Its commands.
    pub(super) steps: Vec<Step>,
    /// What came of those that have been carried out.
    pub(super) done: Vec<Completion>,
}

/// What a completion comes to.
pub(super) enum Progress<T> {
    /// The call goes on, or belongs to nobody.
    Going,
    /// It is over: all commands went through, or one did not.
    Over(Call<T>),
    /// No such effect is under way.
    Unknown,
}

impl<T> Calls<T> {
    pub(super) const fn new() -> Self {
        Self {
            outbox: VecDeque::new(),
            running: BTreeMap::new(),
            next: 1,
        }
    }

    pub(super) fn say(&mut self, output: Output) {
        self.outbox.push_back(output);
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    pub(super) fn idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Begins a call, or goes on with one; `Some`: there is nothing (more) to carry out.
    #[must_use]
    pub(super) fn begin(&mut self, call: Call<T>) -> Option<Call<T>> {
        let Some(step) = call.steps.get(call.done.len()) else {
            return Some(call);
        };
        let id = EffectId(self.next);
        self.next += 1;
        self.say(Output::Effect {
            id,
            effect: step.effect.clone(),
        });
        self.running.insert(id, call);
        None
    }

    pub(super) fn completed(&mut self, id: EffectId, completion: Completion) -> Progress<T> {
        let Some(mut call) = self.running.remove(&id) else {
            return Progress::Unknown;
        };
        let goes_on = call
            .steps
            .get(call.done.len())
            .is_some_and(|step| step.goes_on(&completion));
        call.done.push(completion);
        if !goes_on {
            return Progress::Over(call);
        }
        self.begin(call).map_or(Progress::Going, Progress::Over)
    }

    /// Ends what runs for these; each still completes.
    pub(super) fn abort(&mut self, which: impl Fn(&T) -> bool) {
        let ids: Vec<EffectId> = self
            .running
            .iter()
            .filter(|(_, call)| which(&call.tag))
            .map(|(&id, _)| id)
            .collect();
        ids.into_iter()
            .for_each(|id| self.say(Output::Abort { id }));
    }
}
