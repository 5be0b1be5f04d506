//! Driving the rollout: its actions become commands, what comes of them becomes observations, and both the report.

use super::calls::Call;
use super::request::Command;
use super::{Purpose, Session, Tag};
use crate::ledger::Decided;
use crate::protocol::{Completion, Emit, Outcome, Timestamp};
use crate::report::{Act, Compared, Decision, Log, ProbeLine, Span};
use crate::rollout::{
    Action, ActionId, Done, End, Event, Form, Happening, MUTE, Observation, PAST, Rollout, Seen,
    Started, Table, Turn,
};
use crate::spec::InstanceId;
use crate::target::docker::Lifted;

impl Session {
    pub(super) fn begin_rollout(&mut self, rollout: Rollout) {
        self.rollout = Some(rollout);
        self.renewed = self.now;
        self.drive();
    }

    /// Carries out what the machine asks for, until it asks for nothing more or is over.
    pub(super) fn drive(&mut self) {
        let mut ahead = self.ahead.take();
        loop {
            self.hear_events();
            let Some(rollout) = self.rollout.as_mut() else {
                return;
            };
            if let Some(end) = rollout.end().cloned() {
                self.hear_events();
                return self.on_end(end);
            }
            let Some((id, action)) = rollout.poll() else {
                return;
            };
            match (action, rollout.poll_watch()) {
                (Action::Probe(members), Some((watch, ids))) => {
                    self.look_at(id, watch, (members, ids), ahead.take());
                }
                (action, watch) => {
                    self.act(id, action);
                    if let Some((watch, ids)) = watch {
                        self.act(watch, Action::Watch(ids));
                    }
                }
            }
        }
    }

    fn act(&mut self, id: ActionId, action: Action) {
        let Some(plan) = self.rollout.as_ref().map(|rollout| rollout.plan().clone()) else {
            return;
        };
        let ends = if let Action::Conclude(end) = &action {
            Some(end)
        } else {
            None
        };
        self.tell_question(ends);
        let (now, story) = (self.now, self.story.clone());
        if let Action::Hook(at) = action {
            self.acting.insert(id, (now, action, 0));
            return self.run_hook(id, at);
        }
        let again = self.noted.as_ref() == Some(&action);
        let Some(memory) = self.memory.as_mut() else {
            return;
        };
        if !again && matches!(action, Action::Record(..) | Action::Conclude(_)) {
            memory.prepare(now, &action, &plan, story.as_ref());
            self.noted = Some(action.clone());
        }
        let mut memo = self.memory().memo(&action, &plan);
        memo.heeds = self.heeds(&action);
        if writes(&action) || matches!(action, Action::Probe(_) | Action::Watch(_)) {
            self.renewed = now;
        }
        let upto = self.memory().upto();
        self.acting.insert(id, (now, action.clone(), upto));
        let along = self.looked_at_after(&action).and_then(|(route, at)| {
            let steps = at.steps(self.docker(), &memo, route)?;
            Some((at, steps))
        });
        if let Some((at, steps)) = along {
            return self.call(Tag::RouteAndLook(id, action, at), steps);
        }
        let steps = if let Action::Measure(at) = &action {
            self.measure(*at)
        } else {
            self.docker().lower(&action, &memo)
        };
        self.call(Tag::Act(id, action), steps);
    }

    pub(super) fn on_act(&mut self, id: ActionId, action: Action, call: Call<Tag>) {
        if matches!(action, Action::Measure(_)) {
            return self.on_measured(id, &action, &call);
        }
        let observation = match self.docker_mut().lift(&action, &call.steps, &call.done) {
            Lifted::Observed(observation) => observation,
            Lifted::More(more) => return self.ask_more(call, more),
        };
        self.observe_act(id, &action, observation);
    }

    pub(super) fn observe_act(&mut self, id: ActionId, action: &Action, observation: Observation) {
        self.keep_faith(id, action, &observation);
        self.meet_stop();
        self.write_act(id, &observation);
        let now = self.now;
        if let Some(rollout) = self.rollout.as_mut() {
            rollout.observe(now, id, observation);
        }
    }

    /// What went along with a transaction is there once it came through, and surely is not where it surely did not.
    fn keep_faith(&mut self, id: ActionId, action: &Action, observation: &Observation) {
        if !writes(action) {
            return;
        }
        let (Observation::Acted(done) | Observation::Routed { done, .. }) = observation else {
            return;
        };
        if matches!(observation, Observation::Routed { .. }) {
            self.refused = matches!(done, Done::Refused(_));
        }
        let record = self.noted.as_ref() == Some(action);
        let upto = self.acting.get(&id).map_or(0, |(_, _, upto)| *upto);
        let Some(memory) = self.memory.as_mut() else {
            return;
        };
        match done {
            Done::Yes => memory.sure(upto),
            Done::Unknown(_) => memory.unsure(),
            // A table that was refused was refused after the records were written.
            Done::No(_) | Done::Refused(_) | Done::Mute(_) | Done::Fenced(_) | Done::Stopped(_)
                if record =>
            {
                if memory.take_back() {
                    self.noted = None;
                }
            }
            Done::No(_) | Done::Refused(_) | Done::Mute(_) | Done::Fenced(_) | Done::Stopped(_) => {
            }
        }
    }

    fn write_act(&mut self, id: ActionId, observation: &Observation) {
        let Some((at, action, _)) = self.acting.remove(&id) else {
            return;
        };
        let what = match &action {
            Action::Probe(_) | Action::Watch(_) | Action::Measure(_) | Action::Log(_) => return,
            Action::Adopt(ids) => format!("adopt {}", list(ids)),
            Action::Record(record, _) => match record {
                crate::rollout::Record::Began => "record that it begins".to_owned(),
                crate::rollout::Record::Hook { hook, turn } => match turn {
                    Turn::Begins => format!("record that {} begins", self.hook_in_words(*hook)),
                    Turn::Over(_) => format!("record how {} ended", self.hook_in_words(*hook)),
                },
                crate::rollout::Record::Committed { table, .. } => {
                    format!("record the commit, then {}", self.tabling(table))
                }
            },
            Action::Start(member) => format!("start {}", member.id),
            Action::Revive(id) => format!("start {id} again"),
            Action::Route { table, force, .. } => format!(
                "{}{}",
                self.tabling(table),
                if *force { ", ending what lingers" } else { "" }
            ),
            Action::Stop(id) => format!("stop {id}"),
            Action::Remove(id) => format!("remove {id}"),
            Action::Hook(hook) => format!("run {}", self.hook_in_words(*hook)),
            Action::Conclude(_) => "record the end".to_owned(),
        };
        let ended = match observation {
            Observation::Acted(done) | Observation::Routed { done, .. } => done_words(done),
            Observation::Started(started) => match started {
                Started::Yes => "done".to_owned(),
                Started::Refused(why) | Started::No(why) => format!("no: {why}"),
                Started::Unknown(why) => format!("unknown: {why}"),
            },
            Observation::Hooked(ran) => ran
                .trouble()
                .map_or_else(|| "done".to_owned(), |why| format!("no: {why}")),
            Observation::Probed(_)
            | Observation::Watched(_)
            | Observation::Measured(_)
            | Observation::Logged => "done".to_owned(),
        };
        self.report.acts.push(Act {
            at,
            what,
            took: self.now.since(at),
            ended,
        });
    }

    /// That this becomes the table, in words.
    fn tabling(&self, table: &Table) -> String {
        match self.form() {
            Form::Server => format!("route {}", words(table)),
            Form::Worker => format!("note {}", at_work(table)),
        }
    }

    fn hook_in_words(&self, hook: usize) -> String {
        let plan = self.rollout.as_ref().map(Rollout::plan);
        let name = plan.and_then(|plan| plan.hooks.get(hook));
        format!("the hook `{}`", name.map_or("", |it| it.name.as_str()))
    }

    /// Between two transactions the lease is kept while something long goes on: a bake, or an image that is fetched.
    pub(super) fn renew_in_time(&mut self) {
        if self.renewal_due().is_some_and(|due| due <= self.now) {
            self.renewed = self.now;
            let steps = self.docker().renew();
            self.call(Tag::Renew, steps);
        }
    }

    /// Another run has taken the lease over: a hook is not to go on beside it, unless half of it were worse.
    pub(super) fn on_renewed(&mut self, done: &[Completion]) {
        if let Done::Fenced(by) = self.docker().read_renewed(done) {
            self.cut_hook(&format!("another run took over ({by})"));
        }
    }

    /// When the lease is to be renewed; `None` where there is none, or it is about to be given back.
    pub(super) fn renewal_due(&self) -> Option<Timestamp> {
        let docker = self
            .docker
            .as_ref()
            .filter(|_| self.leased && !self.ending)?;
        Some(self.renewed.plus(docker.terms.term / 3))
    }

    // --- the end of it -------------------------------------------------------------------------------------------

    fn on_end(&mut self, end: End) {
        let Some(rollout) = self.rollout.take() else {
            return;
        };
        self.noted = None;
        self.close_span();
        self.report
            .left
            .extend(end.left.iter().map(ToString::to_string));
        let logs = self
            .docker()
            .logs
            .iter()
            .filter(|(_, text)| !text.is_empty());
        let logs = logs.map(|(id, text)| Log {
            instance: id.to_string(),
            text: text.clone(),
        });
        self.report.logs = self.said.iter().cloned().chain(logs).collect();
        self.in_doubt = end.outcome == Outcome::Stranded && end.stands.is_none();
        let concluded = !self.in_doubt && end.outcome != Outcome::Busy;
        if concluded {
            self.leased = false;
            self.emit(Emit::State {
                name: "open".to_owned(),
                value: "0".to_owned(),
            });
        }
        match self.purpose {
            Purpose::Recover if concluded && !self.cancelled => self.on_recovered(&end),
            Purpose::Recover if self.may_bring_another(&end) => self.on_recovered(&end),
            Purpose::Recover | Purpose::Deploy => {
                drop(rollout);
                self.conclude(&end);
            }
        }
    }

    /// What should serve does not answer, so nothing could be recovered to: another version is the way out, and not to be
    /// held up by that.
    fn may_bring_another(&self, end: &End) -> bool {
        let brings = matches!(self.request().command, Command::Deploy | Command::Rollback);
        end.reason == MUTE && brings && !self.cancelled
    }

    /// What the dead run left is settled. `recover` ends here; everything else takes the lease again and goes on.
    fn on_recovered(&mut self, end: &End) {
        (self.recovered, self.settled) = (true, true);
        let found = std::mem::take(&mut self.left);
        if self.request().command == Command::Abort && end.outcome == Outcome::Restored {
            self.report.serving = self.serving_at(end);
            return self.finish(Outcome::Restored, "aborted", vec![found], vec![]);
        }
        if self.request().command == Command::Recover {
            // What was seen at first is not what serves by now.
            self.report.serving = self.serving_at(end);
            let because = [vec![found], end.because.clone()].concat();
            if end.stands.is_some() {
                return self.finish(Outcome::Stranded, PAST, because, vec![]);
            }
            let next = self.what_recovery_cannot();
            return self.finish(Outcome::Restored, "recovered", because, next);
        }
        let became = if end.outcome == Outcome::Stranded {
            end.because.join("; ")
        } else {
            "that was settled first".to_owned()
        };
        // The lease is taken anew, and what was asked before that may be true no more.
        self.ask_gates_again();
        self.info(format!("recovered: {found}"));
        self.report.troubles.push(format!("{found}: {became}"));
        self.open(true);
    }

    // --- the report ----------------------------------------------------------------------------------------------

    pub(super) fn hear_events(&mut self) {
        let events = self
            .rollout
            .as_mut()
            .map(Rollout::events)
            .unwrap_or_default();
        events.into_iter().for_each(|event| self.hear(event));
    }

    fn hear(&mut self, event: Event) {
        let at = event.at;
        match event.what {
            Happening::Entered(name) => self.enter_span(at, self.phase_word(name)),
            Happening::Decided { decision, because } => {
                self.info(format!("{decision}: {}", because.join("; ")));
                let phase = self
                    .report
                    .phases
                    .last()
                    .map(|span| span.name.clone())
                    .unwrap_or_default();
                if let Some(memory) = self.memory.as_mut() {
                    let (phase, decision, because) =
                        (phase.clone(), decision.clone(), because.clone());
                    memory.decided(
                        at,
                        Decided {
                            phase,
                            decision,
                            because,
                        },
                    );
                }
                self.report.decisions.push(Decision {
                    at,
                    phase,
                    decision,
                    because,
                });
            }
            Happening::Probe(id, seen) => self.count_probe(id, seen),
            Happening::Compared(share, findings) => self.report.add_compared(Compared {
                at,
                share: share.0,
                findings,
            }),
            Happening::Trouble(text) => {
                self.info(format!("trying again: {text}"));
                self.report.troubles.push(text);
            }
        }
    }

    fn enter_span(&mut self, at: Timestamp, name: &'static str) {
        if self
            .report
            .phases
            .last()
            .is_some_and(|span| span.name == name)
        {
            return;
        }
        self.close_span();
        if name != "over" {
            self.report.phases.push(Span {
                name: name.to_owned(),
                from: at,
                to: at,
            });
            self.info(name);
            if name == "asking" {
                self.say_it_waits();
            }
        }
    }

    fn close_span(&mut self) {
        let now = self.now;
        if let Some(span) = self.report.phases.last_mut()
            && span.to == span.from
        {
            span.to = now;
        }
    }

    fn count_probe(&mut self, id: InstanceId, seen: Seen) {
        let name = id.to_string();
        let known = self
            .report
            .probes
            .iter()
            .position(|line| line.instance == name);
        let at = known.unwrap_or_else(|| {
            self.report.probes.push(ProbeLine {
                instance: name.clone(),
                good: 0,
                bad: 0,
                blind: 0,
                last_bad: None,
            });
            self.report.probes.len() - 1
        });
        let Some(line) = self.report.probes.get_mut(at) else {
            return;
        };
        match seen {
            Seen::Good => line.good += 1,
            Seen::Bad(what) => {
                line.bad += 1;
                line.last_bad = Some(what);
            }
            Seen::Nothing(what) => {
                line.blind += 1;
                line.last_bad = Some(what);
            }
        }
        let last = line
            .last_bad
            .as_ref()
            .map(|what| format!("; last not good: {what}"));
        let results = format!(
            "{name}: {} good, {} bad{}",
            line.good,
            line.bad + line.blind,
            last.unwrap_or_default()
        );
        self.say_progress(&results);
    }
}

impl Session {
    /// What a phase is called for people: nothing shifts where there is no traffic.
    fn phase_word(&self, name: &'static str) -> &'static str {
        match self.form() {
            Form::Worker if name == SHIFTING => TAKING_OVER,
            Form::Worker | Form::Server => name,
        }
    }

    /// A line now and then: at once where something changed, else every few seconds, so that a log stays readable.
    fn say_progress(&mut self, results: &str) {
        let Some(rollout) = self.rollout.as_ref() else {
            return;
        };
        let (phase, timing) = (rollout.phase(), rollout.plan().timing.clone());
        let phase = self.phase_word(phase);
        let since = self.report.phases.last().map_or(self.now, |span| span.from);
        let limit = match phase {
            "proving" => Some(timing.prove),
            "baking" => Some(timing.bake),
            "asking" => rollout.asked().map(|asked| asked.within),
            _ => None,
        };
        let left = limit.map(|limit| limit.saturating_sub(self.now.since(since)));
        let bad = self
            .report
            .probes
            .iter()
            .any(|line| line.last_bad.is_some());
        let kind = format!("{phase} {bad}");
        let often = if phase == "asking" { PATIENT } else { PROGRESS };
        if kind == self.shown && self.now.since(self.shown_at) < often {
            return;
        }
        self.shown = kind;
        self.shown_at = self.now;
        let environment = self.report.environment.clone();
        self.info(crate::report::progress(phase, &environment, results, left));
    }
}

/// The machine's word for what a router does.
const SHIFTING: &str = "shifting";
/// The word for it where there is none.
const TAKING_OVER: &str = "taking over";

/// Milliseconds between two lines of live progress that say the same but for numbers.
const PROGRESS: u64 = 3_000;

/// The same while a person is waited for, which may take hours.
const PATIENT: u64 = 60_000;

/// Whether what is to be remembered goes along with it.
const fn writes(action: &Action) -> bool {
    match action {
        Action::Record(..) | Action::Route { .. } | Action::Conclude(_) => true,
        Action::Adopt(_)
        | Action::Start(_)
        | Action::Revive(_)
        | Action::Probe(_)
        | Action::Watch(_)
        | Action::Measure(_)
        | Action::Log(_)
        | Action::Stop(_)
        | Action::Hook(_)
        | Action::Remove(_) => false,
    }
}

fn list(ids: &[InstanceId]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

fn words(table: &Table) -> String {
    let word = |entry: &crate::rollout::Entry| {
        let backup = if entry.backup { "fallback" } else { "" };
        if entry.backup {
            format!("{}={backup}", entry.member.id)
        } else {
            format!("{}={}", entry.member.id, entry.weight)
        }
    };
    if table.entries.is_empty() {
        "nothing".to_owned()
    } else {
        let sticky = table.sticky.map(|it| it.to_string());
        let words = table.entries.iter().map(word).chain(sticky);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A keeper's table: which instances are to work, and which do until it is decided.
fn at_work(table: &Table) -> String {
    let of = |works: bool| {
        let of = table.entries.iter();
        let of = of.filter(|it| works == (it.weight > 0 && !it.backup));
        let mut ids: Vec<InstanceId> = of.map(|it| it.member.id).collect();
        ids.dedup();
        list(&ids)
    };
    let (work, beside) = (of(true), of(false));
    match (work.is_empty(), beside.is_empty()) {
        (true, true) => "that nothing is to work".to_owned(),
        (true, false) => format!("that {beside} may be there"),
        (false, true) => format!("that {work} is to work"),
        (false, false) => format!("that {work} is to work, {beside} beside it"),
    }
}

fn done_words(done: &Done) -> String {
    match done {
        Done::Yes => "done".to_owned(),
        Done::No(why) | Done::Refused(why) | Done::Mute(why) => format!("no: {why}"),
        Done::Unknown(why) => format!("unknown: {why}"),
        Done::Fenced(by) | Done::Stopped(by) => format!("refused: {by}"),
    }
}
