//! Settling: what is to serve is decided; it gets all traffic, and everything else is put away.
//!
//! Forward after the commit, backward after a failure, and the same for what a dead run left. Going back starts nothing
//! unless the strategy stopped it, or a recovery cannot know that it runs: what served before still runs.
//!
//! An act that is still under way is waited for before anything that it could overtake or undo.

mod retiring;
mod stage;
mod standing;
mod verifying;
mod warming;

use std::collections::BTreeSet;

use super::attempt::Heard;
use super::{
    Action, ActionId, End, Fleet, Observation, Person, Phase, Reach, Rollout, Started, Step, Table,
    Why,
};
use crate::protocol::Outcome;
use crate::spec::{Generation, InstanceId};
pub use retiring::UNHOOKED;
pub(super) use stage::Settling;
use stage::{Stage, Then};
pub use standing::PAST;

/// Why a settling was stranded whose goal does not answer: whoever brings another version can go on all the same.
pub const MUTE: &str = "does-not-answer";

impl Rollout {
    /// Makes `goal` serve and puts everything else away.
    pub(super) fn settle(&mut self, goal: Option<Generation>, why: Why) {
        self.take_back_unsent();
        // What an earlier run started bears that run's name until it is adopted, and nobody could remove it by ours.
        let foreign =
            self.plan.person == Person::Promoted && matches!(self.phase, Phase::Beginning(_));
        let then = if foreign { Then::Adopt } else { Then::Settle };
        let settling = Settling {
            goal: self.fleet(goal),
            why,
            stage: Stage::Awaiting(then.clone()),
            left: Vec::new(),
            mute: false,
            stands: false,
        };
        self.put(settling.clone());
        self.go_on_when_free(settling, then);
        self.entered();
    }

    /// What a dead run left is adopted before it is touched.
    pub(super) fn settle_after_adopting(&mut self, goal: Option<Generation>, why: Why) {
        let fleet = self.fleet(goal);
        if let (Some(generation), None) = (goal, &fleet) {
            return self.over(self.missing(generation));
        }
        let settling = Settling {
            goal: fleet,
            why,
            stage: Stage::Awaiting(Then::Adopt),
            left: Vec::new(),
            mute: false,
            stands: false,
        };
        self.put(settling.clone());
        self.go_on_when_free(settling, Then::Adopt);
        self.entered();
    }

    fn adopt_all(&mut self, mut settling: Settling) {
        let ids: Vec<InstanceId> = self.all().into_iter().collect();
        if ids.is_empty() {
            return self.begin_settling(settling);
        }
        settling.stage = Stage::Adopting(self.attempt(Action::Adopt(ids)));
        self.put(settling);
    }

    /// Goes on as soon as no act is under way that this would overtake.
    fn go_on_when_free(&mut self, mut settling: Settling, then: Then) {
        if self.busy_before(&then) {
            settling.stage = Stage::Awaiting(then);
            return self.put(settling);
        }
        match then {
            Then::Adopt => self.adopt_all(settling),
            Then::Settle => self.begin_settling(settling),
            Then::Remove => self.remove_others(settling),
            Then::Conclude => self.conclude(settling),
            Then::Stand => self.begin_standing(settling),
            Then::Over(end) => self.over(end),
        }
    }

    /// A start makes nothing that serves, so only what it could bring back waits for it; and what must run alone.
    fn busy_before(&self, then: &Then) -> bool {
        let starts_matter = match then {
            Then::Adopt | Then::Settle => self.interrupts(),
            Then::Remove | Then::Conclude | Then::Stand | Then::Over(_) => true,
        };
        self.under_way.values().any(|action| match action {
            Action::Start(_) | Action::Revive(_) => starts_matter,
            Action::Adopt(_)
            | Action::Record(..)
            | Action::Route { .. }
            | Action::Stop(_)
            | Action::Remove(_)
            | Action::Hook(_)
            | Action::Conclude(_) => true,
            Action::Probe(_) | Action::Watch(_) | Action::Measure(_) | Action::Log(_) => false,
        })
    }

    fn begin_settling(&mut self, mut settling: Settling) {
        if self.reach == Reach::Records {
            settling.left.clone_from(&self.plan.strays);
            return self.conclude(settling);
        }
        if self.to_halt(&settling).is_empty() {
            return self.revive(settling);
        }
        let (table, mark) = (Table::empty(), settling.mark());
        settling.stage = Stage::Withdrawing(self.attempt(Action::Route {
            table,
            mark,
            force: false,
        }));
        self.put(settling);
    }

    /// What cannot run twice is stopped before the goal is started again.
    fn to_halt(&self, settling: &Settling) -> Vec<InstanceId> {
        let alone =
            self.plan.strategy.interrupts() && settling.goal.is_some() && !self.watched(settling);
        if alone && self.has_started() {
            self.others(settling)
        } else {
            Vec::new()
        }
    }

    /// Whether instances were started, by this run or, as far as it knows, by the one that died.
    fn has_started(&self) -> bool {
        self.recovering
            || self.plan.person == Person::Promoted
            || self
                .plan
                .steps()
                .iter()
                .take(self.step + 1)
                .any(|step| matches!(step, Step::Start { .. }))
    }

    fn halt(&mut self, mut settling: Settling) {
        let ids = self.to_halt(&settling);
        let acts = ids
            .into_iter()
            .map(|id| self.attempt(Action::Stop(id)))
            .collect();
        settling.stage = Stage::Halting(acts, None);
        self.put(settling);
    }

    /// Starts what was stopped. Where others can serve meanwhile it has no traffic before that, and none before it answers: else a
    /// start that is carried out late would change who serves.
    fn revive(&mut self, settling: Settling) {
        if self.to_revive(&settling).is_empty() {
            return self.route_to_goal(settling);
        }
        match self.others_serve(&settling) {
            Some(table) => self.readmit(settling, table),
            None => self.start_again(settling, false),
        }
    }

    /// What is to be started: all of the goal where a recovery cannot know that it runs.
    fn to_revive(&self, settling: &Settling) -> Vec<InstanceId> {
        let goal = settling.goal.iter().flat_map(|goal| &goal.members);
        let mut ids: Vec<InstanceId> = goal.map(|member| member.id).collect();
        if self.watched(settling) {
            ids.clear();
        } else if !self.recovering {
            let rested = self.rested(settling);
            ids.retain(|id| rested.contains(id));
        }
        ids
    }

    fn start_again(&mut self, mut settling: Settling, others_serve: bool) {
        let acts = self.to_revive(&settling);
        let acts = acts
            .into_iter()
            .map(|id| self.attempt(Action::Revive(id)))
            .collect();
        settling.stage = Stage::Reviving(acts, others_serve);
        self.put(settling);
    }

    /// Instances of the goal that were stopped on the way, or were found so: they are to be started again, and may need
    /// time before they answer.
    fn rested(&self, settling: &Settling) -> Vec<InstanceId> {
        if self.watched(settling) {
            return Vec::new();
        }
        if self.recovering {
            return self.plan.resting.clone();
        }
        self.stopped()
    }

    fn route_to_goal(&mut self, mut settling: Settling) {
        if let Some(lingering) = self.retired.take() {
            return self.routed(settling, &lingering);
        }
        let mark = settling.mark();
        let table = Table::serving(settling.goal.as_ref());
        settling.stage = Stage::Routing(self.attempt(Action::Route {
            table,
            mark,
            force: false,
        }));
        self.put(settling);
    }

    /// Whether the goal was proven and watched under traffic a moment ago, by this very run.
    fn watched(&self, settling: &Settling) -> bool {
        settling.why == Why::Committed && !self.recovering
    }

    pub(super) fn time_in_settling(&mut self) {
        self.time_to_warm();
        self.time_to_verify();
    }

    pub(super) fn on_settling(&mut self, id: ActionId, observation: Observation) {
        let Some(settling) = self.take() else { return };
        match &settling.stage {
            Stage::Awaiting(then) => {
                let then = then.clone();
                self.go_on_when_free(settling, then);
            }
            Stage::Verifying(verifying) if verifying.probe == Some(id) => {
                self.on_verified(settling, observation.probed());
            }
            Stage::Logging(log) if *log == id => self.logged(settling),
            Stage::Warming(warming) if warming.probe == Some(id) => {
                self.on_warmed(settling, observation.probed());
            }
            Stage::Verifying(_) | Stage::Warming(_) | Stage::Logging(_) => {}
            Stage::Adopting(_)
            | Stage::Withdrawing(_)
            | Stage::Halting(..)
            | Stage::Reviving(..)
            | Stage::Readmitting(_)
            | Stage::Routing(_)
            | Stage::Stranding(..)
            | Stage::Draining { .. }
            | Stage::Removing(_)
            | Stage::Concluding(..) => self.on_settling_act(settling, id, observation),
        }
    }

    fn on_settling_act(&mut self, mut settling: Settling, id: ActionId, observation: Observation) {
        let (now, mut patience) = (self.now, self.patience());
        // Nobody is up who could serve meanwhile: then there is nothing to wait for.
        let readmitting = matches!(settling.stage, Stage::Readmitting(_));
        if readmitting || matches!(observation, Observation::Started(Started::Refused(_))) {
            patience = 0;
        }
        let Some(act) = settling.acts_mut().into_iter().find(|act| act.is(id)) else {
            return;
        };
        let (done, lingering) = observation.done();
        let heard = act.heard(now, &done, patience);
        let action = act.action().clone();
        let instance = act.instance();
        self.put(settling);
        match heard {
            Heard::Yes => {
                if let Action::Stop(id) = action {
                    self.lives.entry(id).or_default().running = false;
                }
                self.stage_done(&lingering);
            }
            Heard::Again(trouble) => self.trouble(trouble),
            Heard::GivenUp {
                trouble,
                mute,
                refused,
                ..
            } => {
                self.trouble(trouble.clone());
                match self.take() {
                    Some(settling) if refused && self.is_before_traffic(&settling) => {
                        self.remove_new(settling);
                    }
                    Some(_) | None => self.stage_given_up(instance, trouble, mute),
                }
            }
        }
    }

    /// An act of the stage is done; goes on where it was the last.
    fn stage_done(&mut self, lingering: &[(InstanceId, u32)]) {
        if self.phase.pending() {
            return;
        }
        let Some(settling) = self.take() else { return };
        match &settling.stage {
            Stage::Adopting(_) => self.begin_settling(settling),
            Stage::Withdrawing(_) => self.halt(settling),
            Stage::Halting(_, None) => self.revive(settling),
            Stage::Halting(_, Some(trouble)) => {
                let why = format!("what must not run beside it could not be stopped: {trouble}");
                self.strand(settling, why);
            }
            Stage::Readmitting(_) => self.start_again(settling, true),
            Stage::Reviving(_, true) => self.begin_warming(settling),
            Stage::Reviving(_, false) => self.route_to_goal(settling),
            Stage::Routing(_) if settling.stands => self.begin_standing(settling),
            Stage::Routing(_) => self.routed(settling, lingering),
            Stage::Draining { .. } => self.drained(settling, lingering),
            Stage::Removing(_) => self.conclude(settling),
            Stage::Stranding(_, why) => {
                let why = why.clone();
                self.stranded(settling, why);
            }
            Stage::Concluding(_, end) => {
                let end = end.clone();
                self.over(end);
            }
            Stage::Awaiting(_) | Stage::Warming(_) | Stage::Verifying(_) | Stage::Logging(_) => {}
        }
    }

    /// An act of the stage did not go through, however often it was tried.
    fn stage_given_up(&mut self, instance: Option<InstanceId>, trouble: String, mute: bool) {
        let Some(mut settling) = self.take() else {
            return;
        };
        let serves = self.reach < Reach::Traffic || self.watched(&settling);
        match &mut settling.stage {
            Stage::Adopting(_) | Stage::Routing(_) if serves => self.leave_others(settling),
            Stage::Adopting(_) | Stage::Withdrawing(_) | Stage::Routing(_) => {
                settling.mute = mute;
                self.stranded(settling, trouble);
            }
            Stage::Draining { .. } => self.leave_others(settling),
            Stage::Halting(_, failed) => {
                *failed = Some(trouble);
                self.put(settling);
                self.stage_done(&[]);
            }
            Stage::Reviving(..) => self.stage_done(&[]),
            // Nobody serves without it after all: there is nothing to wait for.
            Stage::Readmitting(_) => self.start_again(settling, false),
            Stage::Removing(_) => {
                settling.left.extend(instance);
                self.put(settling);
                self.stage_done(&[]);
            }
            Stage::Stranding(_, why) => {
                let why = format!("{why}; {trouble}");
                self.stranded(settling, why);
            }
            Stage::Concluding(_, end) => {
                let mut end = end.clone();
                end.stands = None;
                end.because
                    .push(format!("the end could not be recorded: {trouble}"));
                self.over(end);
            }
            Stage::Awaiting(_) | Stage::Warming(_) | Stage::Verifying(_) | Stage::Logging(_) => {}
        }
    }

    fn stranded(&mut self, settling: Settling, why: String) {
        let mut end = self.ending(&settling);
        end.outcome = Outcome::Stranded;
        end.stands = None;
        if settling.mute {
            MUTE.clone_into(&mut end.reason);
        }
        end.because.push(why);
        end.serving = None;
        end.left = self.others(&settling);
        self.go_on_when_free(settling, Then::Over(end));
    }

    fn missing(&self, generation: Generation) -> End {
        End {
            outcome: Outcome::Stranded,
            reason: "nothing-left".to_owned(),
            because: vec![format!(
                "{generation} is to serve, and no instance of it is left"
            )],
            serving: None,
            stands: None,
            quarantine: false,
            left: self.all().into_iter().collect(),
        }
    }

    /// The lease is lost while settling. What was committed stays committed, whoever puts the rest away.
    pub(super) fn end_when_fenced(&self, settling: &Settling, took_over: &str) -> End {
        if let Stage::Concluding(_, end) = &settling.stage {
            let mut end = end.clone();
            end.stands = None;
            end.because
                .push(format!("the end could not be recorded: {took_over}"));
            return end;
        }
        if self.watched(settling) {
            let mut end = self.ending(settling);
            end.because.push(took_over.to_owned());
            end.left = self.others(settling);
            return end;
        }
        End::lost(vec![took_over.to_owned()])
    }

    /// The end of a settling that can wait no longer, by how far it is known to have got. Nothing of it is recorded.
    pub(super) fn settling_given_up(&self, settling: &Settling) -> End {
        let serves = match &settling.stage {
            Stage::Awaiting(Then::Over(end)) | Stage::Concluding(_, end) => return end.clone(),
            Stage::Awaiting(Then::Adopt | Then::Settle | Then::Stand)
            | Stage::Adopting(_)
            | Stage::Withdrawing(_)
            | Stage::Halting(..)
            | Stage::Reviving(..)
            | Stage::Readmitting(_)
            | Stage::Warming(_)
            | Stage::Routing(_)
            | Stage::Stranding(..) => false,
            Stage::Verifying(verifying) => verifying.answers,
            Stage::Awaiting(Then::Remove | Then::Conclude)
            | Stage::Draining { .. }
            | Stage::Logging(_)
            | Stage::Removing(_) => true,
        };
        let mut end = self.ending(settling);
        end.left = self.others(settling);
        end.quarantine = false;
        end.stands = None;
        if !serves && !self.watched(settling) && self.reach == Reach::Traffic {
            end.outcome = Outcome::Stranded;
            end.serving = None;
        }
        end
    }

    /// Every instance but those of the goal.
    fn others(&self, settling: &Settling) -> Vec<InstanceId> {
        let mut others = self.all();
        for member in settling.goal.iter().flat_map(|goal| &goal.members) {
            others.remove(&member.id);
        }
        others.into_iter().collect()
    }

    fn all(&self) -> BTreeSet<InstanceId> {
        let fleets = self.plan.old.iter().chain(std::iter::once(&self.plan.new));
        let members = fleets
            .flat_map(|fleet| &fleet.members)
            .map(|member| member.id);
        members.chain(self.plan.strays.iter().copied()).collect()
    }

    /// The fleet of a generation; one without instances is none.
    fn fleet(&self, generation: Option<Generation>) -> Option<Fleet> {
        let mut fleets = self.plan.old.iter().chain(std::iter::once(&self.plan.new));
        fleets
            .find(|fleet| Some(fleet.generation) == generation && !fleet.members.is_empty())
            .cloned()
    }

    fn put(&mut self, settling: Settling) {
        self.phase = Phase::Settling(settling);
    }

    fn take(&self) -> Option<Settling> {
        match &self.phase {
            Phase::Settling(settling) => Some(settling.clone()),
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
            | Phase::Over(_) => None,
        }
    }
}
