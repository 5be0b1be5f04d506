//! The stop button: set by `stop`, lifted by `resume`, and what every other command makes of it.
//!
//! `stop`: the router is looked into → the button is pressed, whoever holds the lease → where nobody is at work, the ledger
//! is told too. `resume`: the lease → the button is lifted and the ledger told, in one breath. Neither looks at what serves.

use super::deciding::line_of;
use super::memory::Memory;
use super::request::Command;
use super::{Purpose, Session, Tag};
use crate::config::Override;
use crate::ledger::{Fact, Ledger, Resumed};
use crate::protocol::{Completion, Outcome, Timestamp};
use crate::report::set_by;
use crate::rollout::{Action, Done, Rollout};
use crate::stop::{self, Stop};
use crate::target::docker::Heeds;

impl Session {
    // --- what others make of it ----------------------------------------------------------------------------------

    /// Whether the run is over because the button is set. What was pressed and nobody has recorded is recorded by whoever
    /// holds the lease.
    pub(super) fn held_by_stop(&mut self) -> bool {
        self.see_stop();
        let Some(stop) = self.report.stop.clone() else {
            return false;
        };
        match self.request().command {
            Command::Deploy | Command::Promote => !self.overrides_stop(&stop),
            Command::Rollback | Command::Abort | Command::Recover => {
                let word = self.request().command.word();
                let goes_on = format!("{}; {word} goes on all the same", set_by(&stop));
                self.report.troubles.push(goes_on);
                false
            }
            Command::Plan
            | Command::Release
            | Command::Status
            | Command::Stop
            | Command::Resume => false,
        }
    }

    /// What stands is told; what was pressed and is not in the ledger is written with whatever is written next.
    pub(super) fn see_stop(&mut self) {
        let now = self.now;
        let pressed = self.opened.pressed.clone();
        let recorded = self.recorded_stop();
        let standing = stop::standing(pressed.as_ref(), recorded.as_ref(), self.opened.clock);
        self.report.stop = standing.cloned();
        if let Some(stop) = stop::unrecorded(pressed.as_ref(), recorded.as_ref())
            && self.leased
            && let Some(memory) = self.memory.as_mut()
        {
            memory.stopped(now, stop);
        }
    }

    fn recorded_stop(&self) -> Option<Stop> {
        self.memory.as_ref()?.ledger.state().stop.clone()
    }

    /// A person overrides this very pressing; one that comes later counts.
    fn overrides_stop(&mut self, stop: &Stop) -> bool {
        if !self.overrides(Override::Stop) {
            let because = vec![set_by(stop)];
            let wanted = self.wanted.as_ref().map(|it| line_of(it, None, None));
            self.report.wanted = self.report.wanted.take().or(wanted);
            self.finish(Outcome::Held, stop::CODE, because, vec![]);
            return false;
        }
        if self.overridden_stop.as_ref() == Some(&stop.id) {
            return true;
        }
        self.overridden_stop = Some(stop.id.clone());
        let (now, reason) = (self.now, self.request().reason.clone().unwrap_or_default());
        if let Some(memory) = self.memory.as_mut() {
            memory.overridden(now, stop::NAME, &reason);
        }
        let who = self.facts.actor.clone();
        let who = who.unwrap_or_else(|| "somebody".to_owned());
        self.report.troubles.push(format!(
            "{}; {who} has overridden it: {reason}",
            set_by(stop)
        ));
        true
    }

    /// Whether the person who began this run overrides a rule.
    pub(super) fn overrides(&self, what: Override) -> bool {
        self.request().overrides.iter().any(|it| it == what.word())
    }

    /// Whether an act gives way to the button: only what a deploy does before it touches what serves.
    pub(super) fn heeds(&self, action: &Action) -> Heeds {
        let still = self.rollout.as_ref().is_some_and(Rollout::gives_way);
        let writes = match action {
            Action::Record(..) | Action::Route { .. } => true,
            Action::Adopt(_)
            | Action::Start(_)
            | Action::Revive(_)
            | Action::Probe(_)
            | Action::Watch(_)
            | Action::Measure(_)
            | Action::Log(_)
            | Action::Stop(_)
            | Action::Remove(_)
            | Action::Hook(_)
            | Action::Conclude(_) => false,
        };
        match &self.overridden_stop {
            _ if !(self.brings() && still && writes) => Heeds::Nothing,
            None => Heeds::Every,
            Some(id) => Heeds::AllBut(id.clone()),
        }
    }

    /// Whether it brings a version now: it gives way to the stop button, and can be aborted.
    pub(super) fn brings(&self) -> bool {
        let command = self.request().command;
        matches!(command, Command::Deploy | Command::Promote) && self.purpose == Purpose::Deploy
    }

    /// An act has given way to a stop that was pressed since this run began: it is told, and recorded with its end.
    pub(super) fn meet_stop(&mut self) {
        let met = self.docker.as_mut().and_then(|docker| docker.met.take());
        let Some(met) = met else { return };
        self.opened.pressed = Some(met);
        self.see_stop();
    }

    /// What a plan says of it.
    pub(super) fn stop_note(&self) -> Option<String> {
        let stop = self.report.stop.as_ref()?;
        Some(if self.overrides(Override::Stop) {
            format!("{}; deploy would override it", set_by(stop))
        } else {
            format!("{}: until then deploy is held", set_by(stop))
        })
    }

    // --- stop ----------------------------------------------------------------------------------------------------

    /// The router was looked into: presses the button, or sees whether it was pressed.
    pub(super) fn on_stop_looked(&mut self) {
        if let Some(ours) = self.pressing.clone() {
            let found = self.opened.pressed.as_ref();
            return if found.is_some_and(|found| found.id == ours.id) {
                self.after_pressing()
            } else {
                self.not_set("nobody knows whether it was done, and it is not there now")
            };
        }
        let Some(clock) = self.opened.clock else {
            let because = vec![format!(
                "the {} has no clock: `date` does not work there",
                self.front()
            )];
            let next = vec!["use a router image that has `date`".to_owned()];
            return self.finish(Outcome::Failed, "no-clock", because, next);
        };
        let until = self.request().until.map(|until| until.moment(clock));
        if let Some(until) = until.filter(|until| *until <= clock) {
            let because = vec![format!(
                "`until` is {}, and at the target it is {} by now",
                crate::report::when(until),
                crate::report::when(clock)
            )];
            return self.finish(Outcome::Invalid, "input", because, vec![]);
        }
        if let Some(before) = self.stop_before() {
            let replaced = format!("this replaces what stood until now: {}", set_by(&before));
            self.report.troubles.push(replaced);
        }
        let stop = Stop {
            id: format!("{}-{}", self.now.0, self.unique()),
            who: self.facts.actor.clone(),
            reason: self.request().reason.clone().unwrap_or_default(),
            since: clock,
            until,
            url: self.facts.run_url.clone(),
        };
        let steps = self.docker().press(&stop);
        self.pressing = Some(stop);
        self.call(Tag::Pressed, steps);
    }

    fn newest_ledger(&self) -> Option<Ledger> {
        let (name, text) = self.opened.segments.last()?;
        Ledger::read(name, text).ok()
    }

    fn stop_before(&self) -> Option<Stop> {
        let ledger = self.newest_ledger();
        let recorded = ledger.as_ref().and_then(|it| it.state().stop.as_ref());
        let pressed = self.opened.pressed.as_ref();
        stop::standing(pressed, recorded, self.opened.clock).cloned()
    }

    pub(super) fn on_pressed(&mut self, done: &[Completion]) {
        match self.docker().read_button(done) {
            Done::Yes => self.after_pressing(),
            Done::Unknown(why) => {
                self.report.troubles.push(why);
                self.open(false);
            }
            Done::No(why)
            | Done::Refused(why)
            | Done::Mute(why)
            | Done::Fenced(why)
            | Done::Stopped(why) => self.not_set(&why),
        }
    }

    fn not_set(&mut self, why: &str) {
        let because = vec![format!("the stop button could not be set: {why}")];
        let next = vec!["run it again; `status` says whether it is set".to_owned()];
        self.finish(Outcome::Failed, "not-set", because, next);
    }

    /// It is set, and in effect. The ledger is told at once, unless a run is at work or died at it: its lease is not taken
    /// from it for this, and whoever has it next writes it down.
    fn after_pressing(&mut self) {
        let opened = |ledger: Ledger| ledger.state().open.clone();
        match self.newest_ledger().and_then(opened) {
            Some(open) => {
                let what = format!(
                    "{} ({}) is under way, or its run died: it ends unless it has touched what serves already, and the ledger is told by the next run",
                    open.generation, open.release.version
                );
                self.stop_is_set(Some(&what));
            }
            None => self.open(true),
        }
    }

    /// The end of `stop`; what is to be recorded goes along with giving back the lease.
    pub(super) fn stop_is_set(&mut self, besides: Option<&str>) {
        let pressed = self.opened.pressed.clone();
        let ours = self.pressing.clone();
        // Whoever pressed after us counts.
        let stop = pressed.filter(|_| self.leased).or(ours);
        self.report.stop.clone_from(&stop);
        let because = stop.iter().map(set_by).collect();
        self.report.troubles.extend(besides.map(str::to_owned));
        self.finish(Outcome::Stopped, "stopped", because, vec![]);
    }

    // --- resume --------------------------------------------------------------------------------------------------

    /// With the lease, and everything that is remembered.
    pub(super) fn lift_stop(&mut self) {
        let pressed = self.opened.pressed.clone();
        let Some(stop) = pressed.or_else(|| self.recorded_stop()) else {
            let because = vec!["no stop button is set here".to_owned()];
            return self.finish(Outcome::Unchanged, "not-stopped", because, vec![]);
        };
        let (now, reason) = (self.now, self.request().reason.clone());
        let memory = self.memory.as_mut();
        let memo = memory.map(|memory| {
            memory.resumed(now, &stop.id, reason);
            memory.leftover()
        });
        self.report.stop = Some(stop);
        let steps = self.docker().lift_stop(&memo.unwrap_or_default());
        self.call(Tag::Lifted, steps);
    }

    pub(super) fn on_lifted(&mut self, done: &[Completion]) {
        let lifted = self.docker().read_button(done);
        let stop = self.report.stop.take();
        let why = match lifted {
            Done::Yes => {
                self.leased = false;
                self.say_open(false);
                let because = stop.iter().map(|stop| format!("lifted: {}", set_by(stop)));
                let because = because.collect();
                return self.finish(Outcome::Resumed, "resumed", because, vec![]);
            }
            Done::No(why)
            | Done::Refused(why)
            | Done::Mute(why)
            | Done::Unknown(why)
            | Done::Fenced(why)
            | Done::Stopped(why) => why,
        };
        // What was to be recorded must not be written by giving back the lease: the file may still be there.
        self.memory = None;
        self.report.stop = stop;
        let because = vec![format!("the stop button could not be lifted: {why}")];
        let next = vec!["run it again; `status` says whether it is set".to_owned()];
        self.finish(Outcome::Failed, "not-lifted", because, next);
    }
}

impl Memory {
    /// What was pressed.
    fn stopped(&mut self, now: Timestamp, stop: &Stop) {
        self.note(now, Fact::Stopped(Box::new(stop.clone())));
    }

    /// What is lifted.
    fn resumed(&mut self, now: Timestamp, id: &str, reason: Option<String>) {
        let resumed = Resumed {
            id: id.to_owned(),
            who: self.origin.actor.clone(),
            reason,
        };
        self.note(now, Fact::Resumed(resumed));
    }
}
