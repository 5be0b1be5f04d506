//! The rollout: one machine that starts the new version, proves it, gives it the traffic, watches it, and either
//! commits or goes back.
//!
//! It speaks [`Action`]s and hears [`Observation`]s and knows no target. Call [`Rollout::observe`] when an action has
//! ended, [`Rollout::tick`] when the time of [`Rollout::wake_at`] has come, [`Rollout::cancel`] when somebody asks to
//! stop, and [`Rollout::poll`] until it is empty after each.
//!
//! A phase is entered in one place, `Rollout::enter` (or `Rollout::settle` on the way out), which asks for what the
//! phase needs; `on_*` are the reactions. The only point of no doubt is the commit record: what the ledger names is
//! what every later run, this one's recovery included, makes serve.

mod alphabet;
mod asking;
mod attempt;
mod baking;
mod comparing;
mod giving_up;
mod holding;
mod hook;
mod hooking;
pub mod invariants;
mod joined;
mod phase;
mod plan;
mod proving;
mod settling;
mod standing;
mod strategy;
mod table;
mod telling;
mod waiting;
mod withdrawing;

use std::collections::{BTreeMap, VecDeque};

pub use alphabet::{
    Action, ActionId, Address, Done, End, Entry, Event, Fault, FaultCode, Fleet, Happening, Life,
    Mark, Member, Observation, Record, Seen, Stands, Started, Sticky, Table, Traffic, USERS, Why,
};
pub use asking::{Asked, Heading, Says, Word};
pub use comparing::{Comparison, Metered};
pub use hook::{Hook, HookPlace, Ran, Retry, Turn};
pub use hooking::Carrier;
pub use plan::{Form, Person, Plan, Timing, Waves};
pub use settling::{MUTE, PAST, UNHOOKED};
pub use strategy::{Share, Step, Strategy};
pub use table::{FULL, permille};

use crate::analysis::Trial;
use crate::protocol::{Outcome, Timestamp};
use crate::spec::{Generation, InstanceId};
use attempt::{Heard, RETRY, Try};
use baking::Stretch;
use phase::Phase;

/// How often at least an act that did not go through is tried. Acts are idempotent and bounded by the target's own time
/// limits, so this bounds every phase. Where nothing is better than to try on, [`Timing::patience`] says how long.
pub const TRIES: u8 = 3;

/// How far it has reached into the world, and so what going back has to undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Reach {
    /// Names and records only.
    Records,
    /// Instances may have been started; what served serves on as it did.
    Instances,
    /// The traffic may have been moved, or the service interrupted.
    Traffic,
}

/// One rollout, or the settling of one that died.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rollout {
    plan: Plan,
    step: usize,
    phase: Phase,
    /// Never goes back.
    now: Timestamp,
    /// The caller's clock, as it was last told.
    heard: Timestamp,
    /// Milliseconds that the caller's clock was set back by, in all.
    set_back: u64,
    under_way: BTreeMap<ActionId, Action>,
    outbox: VecDeque<(ActionId, Action)>,
    lives: BTreeMap<InstanceId, Life>,
    reach: Reach,
    /// It settles what another run left, and knows nothing of the world but what the plan says.
    recovering: bool,
    /// What the new instances had been asked when the last stretch under traffic ended: by instance, and what was
    /// counted before the counting started anew.
    counted: Option<(BTreeMap<InstanceId, Traffic>, Traffic)>,
    /// What a canary's requests come to beside those of the old version, since its first share.
    trial: Option<Trial>,
    /// What a person is asked at a share, or was asked last.
    asked: Option<Asked>,
    /// The commit's own visit has routed to what serves now: what still has requests elsewhere.
    retired: Option<Vec<(InstanceId, u32)>>,
    /// Who has the traffic; `None`: nobody knows.
    carrier: Option<Carrier>,
    /// A point of no return was passed: nothing is undone any more.
    past: bool,
    /// Why not all hooks after the commit ended well.
    unhooked: Option<String>,
    /// The process will be ended soon: wait for nobody.
    hurry: bool,
    /// The phase that was told last.
    told: &'static str,
    events: Vec<Event>,
}

impl Rollout {
    /// A rollout that begins now.
    #[must_use]
    pub fn begin(now: Timestamp, plan: Plan) -> Self {
        let mut rollout = Self::idle(now, plan);
        if rollout.plan.new.members.is_empty() {
            let why = "the plan names no instance to start".to_owned();
            rollout.settle(rollout.old_generation(), Why::World(why));
        } else {
            if rollout.plan.person == Person::Promoted {
                // What an earlier run started is there, and is to be put away where this one fails.
                rollout.reach = Reach::Instances;
            }
            rollout.enter(0);
        }
        rollout
    }

    /// Makes `goal` serve and puts everything else away: what a dead run left, or what it had already decided.
    ///
    /// Of a goal that the plan has no instance of nothing can be made to serve: then nothing is touched, and it is over
    /// at once.
    #[must_use]
    pub fn recover(now: Timestamp, plan: Plan, goal: Option<Generation>, why: Why) -> Self {
        let mut rollout = Self::idle(now, plan);
        rollout.reach = Reach::Traffic;
        rollout.recovering = true;
        rollout.settle_after_adopting(goal, why);
        rollout
    }

    fn idle(now: Timestamp, mut plan: Plan) -> Self {
        plan.old = plan.old.filter(|old| !old.members.is_empty());
        let carrier = Carrier {
            generation: plan.old.as_ref().map(|old| old.generation),
            whole: true,
        };
        Self {
            past: plan.past,
            plan,
            step: 0,
            phase: Phase::Stopping(Vec::new()),
            now,
            heard: now,
            set_back: 0,
            under_way: BTreeMap::new(),
            outbox: VecDeque::new(),
            lives: BTreeMap::new(),
            reach: Reach::Records,
            recovering: false,
            counted: None,
            trial: None,
            asked: None,
            retired: None,
            carrier: Some(carrier),
            unhooked: None,
            hurry: false,
            told: "",
            events: Vec::new(),
        }
    }

    /// The plan it follows.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How it ended; `None` while it goes on.
    #[must_use]
    pub const fn end(&self) -> Option<&End> {
        match &self.phase {
            Phase::Over(end) => Some(end),
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Proving(_)
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Waiting(_)
            | Phase::Committing(_)
            | Phase::Settling(_) => None,
        }
    }

    /// The phase's name, for people.
    #[must_use]
    pub const fn phase(&self) -> &'static str {
        self.phase.name()
    }

    /// What to do next; `None`: nothing until something is heard.
    pub fn poll(&mut self) -> Option<(ActionId, Action)> {
        self.outbox.pop_front()
    }

    /// The look that goes with a probe, where that is next: whoever can sees to both in one visit.
    pub fn poll_watch(&mut self) -> Option<(ActionId, Vec<InstanceId>)> {
        let Some((id, Action::Watch(ids))) = self.outbox.front().cloned() else {
            return None;
        };
        self.outbox.pop_front();
        Some((id, ids))
    }

    /// What happened since this was last asked.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// When [`Rollout::tick`] is due, by the caller's clock.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let at = self.phase.wake_at(&self.plan.timing)?;
        Some(Timestamp(at.since(Timestamp(self.set_back))))
    }

    /// An action has ended. One that is not under way is ignored.
    pub fn observe(&mut self, now: Timestamp, id: ActionId, observation: Observation) {
        self.hear_clock(now);
        let Some(action) = self.under_way.remove(&id) else {
            return;
        };
        if self.end().is_some() {
            return;
        }
        if let Action::Route { table, .. } = &action {
            self.follow(table, &observation);
        }
        if let Some(by) = observation.fenced() {
            return self.fenced(by);
        }
        if self.gives_way()
            && let Some(by) = observation.stopped()
        {
            return self.held(by);
        }
        match &self.phase {
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Shifting(_)
            | Phase::Waiting(_)
            | Phase::Committing(_) => self.on_act(id, observation),
            Phase::Proving(_) => self.on_proving(id, observation),
            Phase::Hooking(_) => self.on_hooking(id, observation),
            Phase::Baking(_) => self.on_baking(id, observation),
            Phase::Settling(_) => self.on_settling(id, observation),
            Phase::Over(_) => {}
        }
        debug_assert!(invariants::has_a_deadline(self), "{self:?}");
    }

    /// Time has passed. A spurious call does nothing.
    pub fn tick(&mut self, now: Timestamp) {
        self.hear_clock(now);
        self.ask_what_is_due();
        match &self.phase {
            Phase::Proving(_) => self.time_in_proving(),
            Phase::Baking(_) => self.time_in_baking(),
            Phase::Settling(_) => self.time_in_settling(),
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Waiting(_)
            | Phase::Committing(_)
            | Phase::Over(_) => {}
        }
        debug_assert!(invariants::has_a_deadline(self), "{self:?}");
    }

    /// Somebody asks to stop. Accepted in every phase; without effect where it is over or where the commit is on its
    /// way: then the new version serves, and only the putting away is cut short.
    pub fn cancel(&mut self, now: Timestamp) {
        self.hear_clock(now);
        self.hurry = true;
        match &self.phase {
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Proving(_)
            | Phase::Waiting(_)
            | Phase::Shifting(_)
            | Phase::Baking(_) => self.asked_to_stop(),
            // A record that is on its way, or a hook that runs, is waited for; then it goes no further.
            Phase::Hooking(_) => {}
            Phase::Settling(_) => self.hurry_in_settling(),
            Phase::Committing(_) | Phase::Over(_) => {}
        }
        debug_assert!(invariants::has_a_deadline(self), "{self:?}");
    }

    // --- going forward -------------------------------------------------------------------------------------------

    /// Enters the phase of a step and asks for what it needs.
    fn enter(&mut self, step: usize) {
        self.step = step;
        let Some(&step) = self.plan.steps().get(step) else {
            return self.settle(Some(self.plan.new.generation), Why::Committed);
        };
        match step {
            Step::Begin => self.begin_beginning(),
            Step::Withdraw { .. } => self.begin_withdrawing(),
            Step::Start { .. } => {
                self.reach = self.reach.max(Reach::Instances);
                let members = self.to_start().to_vec();
                let acts = members
                    .into_iter()
                    .map(|member| self.attempt(Action::Start(member)))
                    .collect();
                self.phase = Phase::Starting(acts);
            }
            Step::Prove => {
                let act = self.route(None, Mark::Proving);
                self.phase = Phase::Admitting(act);
            }
            Step::Wait => self.begin_waiting(),
            Step::Shift(share) => self.begin_shifting(Some(share)),
            Step::Join => self.begin_shifting(None),
            Step::Pause => self.begin_baking(Stretch::Pause),
            Step::Bake => self.begin_baking(Stretch::Bake),
            Step::Commit => self.begin_committing(),
            Step::Hook(hook) => self.begin_hook(hook),
        }
        self.entered();
    }

    fn begin_shifting(&mut self, share: Option<Share>) {
        self.reach = Reach::Traffic;
        let act = self.route(share, Mark::Shifted);
        self.phase = Phase::Shifting(act);
    }

    /// Has the router do what this step asks for.
    fn route(&mut self, share: Option<Share>, mark: Mark) -> Try {
        let table = self.table(share);
        self.attempt(Action::Route {
            table,
            mark,
            force: false,
        })
    }

    /// Neither undoes the other, so they need not wait for each other.
    fn begin_beginning(&mut self) {
        let kept = self.plan.kept();
        let adopt = (!kept.is_empty()).then_some(Action::Adopt(kept));
        let record = Action::Record(Record::Began, Some(Mark::Starting));
        let acts = adopt.into_iter().chain([record]);
        self.phase = Phase::Beginning(acts.map(|act| self.attempt(act)).collect());
    }

    /// An act of the phase ended.
    fn on_act(&mut self, id: ActionId, observation: Observation) {
        let (now, patience) = (self.now, self.patience());
        let Some(act) = self.phase.acts_mut().into_iter().find(|act| act.is(id)) else {
            return;
        };
        if let Observation::Started(Started::Refused(seen)) = observation {
            let instance = act.instance();
            return self.unwell(Fault {
                code: FaultCode::StartFailed,
                instance,
                seen,
            });
        }
        let committed = matches!(act.action(), Action::Record(Record::Committed { .. }, _));
        let routed = matches!(observation, Observation::Routed { .. });
        let (done, lingering) = observation.done();
        if committed && routed && done.is_yes() {
            self.retired = Some(lingering.clone());
        }
        let Some(act) = self.phase.acts_mut().into_iter().find(|act| act.is(id)) else {
            return;
        };
        match act.heard(now, &done, patience) {
            Heard::Yes if self.phase.pending() => {}
            Heard::Yes => self.go_on(&lingering),
            Heard::Again(trouble) => self.trouble(trouble),
            Heard::GivenUp {
                trouble, unknown, ..
            } => self.given_up(trouble, unknown),
        }
    }

    /// How long an act is tried that nothing stands in for, in milliseconds.
    const fn patience(&self) -> u64 {
        if self.hurry {
            0
        } else {
            self.plan.timing.patience
        }
    }

    /// What the phase waited for is done: what comes next.
    fn go_on(&mut self, lingering: &[(InstanceId, u32)]) {
        match &mut self.phase {
            Phase::Withdrawing { until, act } => {
                if lingering.is_empty() || act.forced() {
                    return self.begin_stopping();
                }
                let force = self.now >= *until;
                act.repeat(
                    if force {
                        self.now
                    } else {
                        self.now.plus(RETRY)
                    },
                    force,
                );
                self.ask_what_is_due();
            }
            Phase::Admitting(_) => self.begin_proving(),
            Phase::Waiting(_) => {
                let end = self.waits();
                self.over(end);
            }
            Phase::Beginning(_)
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Proving(_)
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Committing(_)
            | Phase::Settling(_)
            | Phase::Over(_) => self.enter(self.step + 1),
        }
    }

    /// An act of the phase did not go through, however often it was tried.
    fn given_up(&mut self, trouble: String, unknown: bool) {
        if matches!(self.phase, Phase::Committing(_)) && unknown {
            return self.over(End {
                outcome: Outcome::Stranded,
                reason: "commit-unknown".to_owned(),
                because: vec![format!(
                    "nobody knows whether the commit was recorded: {trouble}"
                )],
                serving: Some(self.plan.new.generation),
                stands: None,
                quarantine: false,
                left: self
                    .plan
                    .old
                    .iter()
                    .flat_map(|old| &old.members)
                    .map(|member| member.id)
                    .collect(),
            });
        }
        self.decided(self.way(), vec![trouble.clone()]);
        self.go_back(Why::World(trouble));
    }

    fn begin_committing(&mut self) {
        let evidence = self.evidence();
        self.decided("commit", evidence.clone());
        let mark = Mark::Settling {
            goal: Some(self.plan.new.generation),
            why: Why::Committed,
        };
        let table = Table::serving(Some(&self.plan.new));
        let commit = Record::Committed { evidence, table };
        let act = self.attempt(Action::Record(commit, Some(mark)));
        self.phase = Phase::Committing(act);
    }

    /// The new version is not well: go back.
    fn unwell(&mut self, fault: Fault) {
        self.decided(self.way(), vec![fault.seen.clone()]);
        self.go_back(Why::Unwell(fault));
    }

    // --- small words ---------------------------------------------------------------------------------------------

    /// Takes in the caller's clock. Where that was set back, no time has passed.
    fn hear_clock(&mut self, now: Timestamp) {
        self.set_back += self.heard.since(now);
        self.heard = now;
        self.now = now.plus(self.set_back);
    }

    fn old_generation(&self) -> Option<Generation> {
        self.plan.old.as_ref().map(|old| old.generation)
    }

    /// Whether two versions must not run at the same time, and there is an old one.
    fn interrupts(&self) -> bool {
        self.plan.strategy.interrupts() && self.plan.old.is_some()
    }

    /// Whether anything of what serves was touched before this step.
    fn has_touched_what_serves(&self) -> bool {
        let steps = self.plan.steps();
        let mut before = steps.iter().take(self.step);
        before.any(|step| matches!(step, Step::Withdraw { .. } | Step::Shift(_) | Step::Join))
    }

    /// Asks for an action; smallest free number, so that equal states are equal.
    fn ask(&mut self, action: Action) -> ActionId {
        debug_assert!(self.spares_what_serves(&action), "{action:?} in {self:?}");
        let id = (0..)
            .map(ActionId)
            .find(|id| !self.under_way.contains_key(id))
            .expect("u32 ids outnumber actions");
        self.under_way.insert(id, action.clone());
        self.outbox.push_back((id, action));
        id
    }

    fn attempt(&mut self, action: Action) -> Try {
        let mut act = Try::of(action.clone());
        act.asked(self.ask(action));
        act
    }

    /// Asks again for each act whose time has come.
    fn ask_what_is_due(&mut self) {
        let now = self.now;
        let due = |act: &&Try| act.is_due(now);
        while let Some(action) = self
            .phase
            .acts()
            .into_iter()
            .find(due)
            .map(|act| act.action().clone())
        {
            let id = self.ask(action);
            if let Some(act) = self
                .phase
                .acts_mut()
                .into_iter()
                .find(|act| act.is_due(now))
            {
                act.asked(id);
            }
        }
    }

    /// Takes back what nobody has carried out yet.
    fn take_back_unsent(&mut self) {
        for (id, _) in self.outbox.drain(..) {
            self.under_way.remove(&id);
        }
    }

    fn over(&mut self, end: End) {
        self.take_back_unsent();
        self.phase = Phase::Over(end);
        self.entered();
    }

    /// Whether an action leaves alone what serves, or is to serve.
    fn spares_what_serves(&self, action: &Action) -> bool {
        match &self.phase {
            Phase::Settling(settling) => invariants::spares(settling.goal(), action),
            Phase::Withdrawing { .. } | Phase::Stopping(_) if self.plan.strategy.replaces() => {
                !matches!(action, Action::Remove(_))
            }
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Proving(_)
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Waiting(_)
            | Phase::Committing(_)
            | Phase::Over(_) => invariants::spares(self.plan.old.as_ref(), action),
        }
    }
}

#[cfg(test)]
mod tests;
