//! Calls: commands that belong together, carried out one after the other, or side by side where they say so.

use std::collections::{BTreeMap, VecDeque};

use crate::protocol::{Completion, EffectId, Output};
use crate::target::docker::Step;

/// What is under way, and what is to be told next.
#[derive(Debug)]
pub(super) struct Calls<T> {
    outbox: VecDeque<Output>,
    running: BTreeMap<CallId, Running<T>>,
    /// Which call an effect is of, and which of its steps.
    effects: BTreeMap<EffectId, (CallId, usize)>,
    next_effect: u32,
    next_call: CallId,
}

type CallId = u32;

/// One call.
#[derive(Debug)]
pub(super) struct Call<T> {
    /// What for.
    pub(super) tag: T,
    /// Its commands.
    pub(super) steps: Vec<Step>,
    /// What came of those that have been carried out, in the order of the commands.
    pub(super) done: Vec<Completion>,
}

/// A call, and the answers of the commands that run side by side now.
#[derive(Debug)]
struct Running<T> {
    call: Call<T>,
    answers: Vec<Option<Completion>>,
    /// It is ended: nothing of it is begun any more, however tolerant its commands are.
    ended: bool,
}

/// What a completion comes to.
pub(super) enum Progress<T> {
    /// The call goes on.
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
            effects: BTreeMap::new(),
            next_effect: 1,
            next_call: 1,
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
        let first = call.done.len();
        let beside = call.steps.iter().skip(first + 1);
        let count = 1 + beside.take_while(|step| step.beside).count();
        let steps = call.steps.iter().skip(first).take(count);
        let effects: Vec<_> = steps.map(|step| step.effect.clone()).collect();
        if effects.is_empty() {
            return Some(call);
        }
        let this = self.next_call;
        self.next_call += 1;
        let answers = effects.iter().map(|_| None).collect();
        for (at, effect) in effects.into_iter().enumerate() {
            let id = EffectId(self.next_effect);
            self.next_effect += 1;
            self.effects.insert(id, (this, at));
            self.say(Output::Effect { id, effect });
        }
        let ended = false;
        let running = Running {
            call,
            answers,
            ended,
        };
        self.running.insert(this, running);
        None
    }

    pub(super) fn completed(&mut self, id: EffectId, completion: Completion) -> Progress<T> {
        let Some((this, at)) = self.effects.remove(&id) else {
            return Progress::Unknown;
        };
        let Some(mut running) = self.running.remove(&this) else {
            return Progress::Unknown;
        };
        if let Some(answer) = running.answers.get_mut(at) {
            *answer = Some(completion);
        }
        if running.answers.iter().any(Option::is_none) {
            self.running.insert(this, running);
            return Progress::Going;
        }
        let Running {
            mut call,
            answers,
            ended,
        } = running;
        let steps = call.steps.iter().skip(call.done.len());
        let answers: Vec<Completion> = answers.into_iter().flatten().collect();
        let goes_on = steps.zip(&answers).all(|(step, it)| step.goes_on(it));
        call.done.extend(answers);
        if goes_on && !ended {
            self.begin(call).map_or(Progress::Going, Progress::Over)
        } else {
            Progress::Over(call)
        }
    }

    /// Ends what runs for these; each still completes.
    pub(super) fn abort(&mut self, which: impl Fn(&T) -> bool) {
        let these = self.running.values_mut().filter(|it| which(&it.call.tag));
        these.for_each(|it| it.ended = true);
        let running = &self.running;
        let of_these = |call: &CallId| running.get(call).is_some_and(|it| which(&it.call.tag));
        let effects = self.effects.iter();
        let ids: Vec<EffectId> = effects
            .filter(|(_, (call, _))| of_these(call))
            .map(|(&id, _)| id)
            .collect();
        ids.into_iter()
            .for_each(|id| self.say(Output::Abort { id }));
    }
}
