//! Deciding: what a dead run left, whether there is anything to do, and what.

use std::collections::BTreeMap;

use super::facts::job_of;
use super::gating::Stage;
use super::imaging::suit;
use super::memory::{Memory, Story};
use super::request::Command;
use super::{Purpose, Session, Tag};
use crate::config::{Override, Strategy as Chosen};
use crate::ledger::{Command as Brought, Ledger, State};
use crate::protocol::Outcome;
use crate::report::ReleaseLine;
use crate::rollout::{
    Action, Comparison, Fleet, Form, Member, Observation, Plan, Rollout, Seen, Share, Strategy,
    Timing, Waves,
};
use crate::spec::{Generation, Health, InstanceId, Probe, Release, Spec};
use crate::target::docker::{Found, Lifted, Memo};

/// Milliseconds at least that going back may wait for what served before to answer.
const VERIFY: u64 = 15_000;

/// The time that what is started again has to be seen well: one that has to run on for a while needs at least that, and its start.
fn to_be_well(health: &Health) -> u64 {
    let deadline = health.deadline.max(VERIFY);
    match health.probe {
        Probe::Runs(long) => deadline.max(long.saturating_add(VERIFY)),
        Probe::Http { .. } | Probe::Tcp | Probe::Exec(_) | Probe::Image => deadline,
    }
}

/// The code of a run that found what it wanted.
pub(super) const SERVES_ALREADY: &str = "serves-already";

/// Milliseconds that an act which nothing stands in for is tried on: an engine stops its containers for 10 s at most, and is
/// up again in less than as long.
pub(super) const PATIENCE: u64 = 30_000;

/// Milliseconds at most that a rollback watches: it goes to what was watched before, and somebody waits.
const ROLLBACK_BAKE: u64 = 5_000;

impl Session {
    /// Reads what is remembered.
    pub(super) fn remember(&mut self) {
        let newest = self.opened.segments.last().cloned();
        let ledger = newest.map_or_else(
            || Ok(Ledger::empty()),
            |(name, text)| Ledger::read(&name, &text),
        );
        let ledger = match ledger {
            Ok(ledger) => ledger,
            Err(tampered) if self.pressing.is_some() => {
                return self.stop_is_set(Some(&tampered.to_string()));
            }
            Err(tampered) => return self.tampered(&tampered.to_string()),
        };
        if let Err(newer) = ledger.writable() {
            if self.pressing.is_some() {
                return self.stop_is_set(Some(&newer));
            }
            let next = vec!["use that version of the action, or a newer one".to_owned()];
            return self.finish(Outcome::Failed, "ledger-newer", vec![newer], next);
        }
        let origin = self.facts.origin(&self.begin.holder, self.opened.token);
        self.mask_releases(ledger.state());
        self.know_releases(ledger.state());
        // The stop button looks at nothing that serves.
        let looked = !matches!(self.request().command, Command::Stop | Command::Resume);
        let serving = self
            .serves_by(ledger.state())
            .filter(|(generation, _)| !looked || self.runs(*generation))
            .map(|(_, line)| line);
        self.report.before.clone_from(&serving);
        self.report.serving = serving;
        self.memory = Some(Memory::new(ledger, origin));
        if self.request().command == Command::Plan {
            self.report.serving = self.traffic().0;
            let beside = self.work_beside();
            self.report.troubles.extend(beside);
        }
        if let Some(fleet) = self.unrecorded() {
            return self.ledger_lost(&fleet);
        }
        if self.held_by_stop() {
            return;
        }
        match self.request().command {
            Command::Stop => return self.stop_is_set(None),
            Command::Resume => return self.lift_stop(),
            Command::Release
            | Command::Plan
            | Command::Deploy
            | Command::Promote
            | Command::Abort
            | Command::Rollback
            | Command::Status
            | Command::Recover => {}
        }
        let looks = Self::looks_only(self.request().command);
        if !looks && !self.recovered && self.unfinished().is_some() {
            return self.recover();
        }
        self.after_recovery();
    }

    pub(super) fn know_releases(&mut self, state: &State) {
        let known = state
            .known_good
            .iter()
            .map(|it| (it.generation, it.release.clone()));
        let open = state
            .open
            .iter()
            .map(|it| (it.generation, it.release.clone()));
        let stands = state.stands.iter();
        let stands = stands.filter_map(|it| Some((it.generation?, it.release.clone()?)));
        let releases: BTreeMap<Generation, Release> = known.chain(open).chain(stands).collect();
        self.docker_mut().releases.extend(releases);
    }

    // --- deploy --------------------------------------------------------------------------------------------------

    /// Whether there is anything to do, and whether it may be done.
    pub(super) fn decide(&mut self) {
        let Some(mut wanted) = self.wanted.clone() else {
            return self.show_plan();
        };
        wanted.config_hash = self.hash(&wanted.spec);
        self.wanted = Some(wanted.clone());
        self.report.wanted = Some(line_of(&wanted, None, None));
        let state = self
            .memory
            .as_ref()
            .map(|it| it.ledger.state().clone())
            .unwrap_or_default();
        let command = self.request().command;
        let unknown = self.unseen && wanted.digest.is_empty();
        if command == Command::Rollback || unknown {
            return self.go(&state);
        }
        if let Some(serving) = state
            .serving()
            .filter(|it| it.release.same_as(&wanted) && self.serves(it.generation))
        {
            return self.ask_serving(serving.generation);
        }
        let waits = self
            .candidate()
            .map(|(open, _)| open.release.same_as(&wanted));
        if waits == Some(true) {
            return self.waits_already();
        }
        if !self.may_despite_quarantine(&state, &wanted) {
            return;
        }
        self.ask_git(&state, &wanted)
    }

    /// Quarantine says no, unless a person says otherwise: by name and reason, or by running the failed job again.
    fn may_despite_quarantine(&mut self, state: &State, wanted: &Release) -> bool {
        let Some(quarantined) = state.quarantined(wanted).cloned() else {
            return true;
        };
        let again = job_of(&quarantined.run.holder) == job_of(&self.begin.holder)
            && self.facts.attempt > quarantined.run.attempt
            && self.facts.attempt.is_some();
        let may = self.environment().overrides.contains(&Override::Quarantine);
        let again = again && may;
        let override_ = self.overrides(Override::Quarantine);
        let (now, reason) = (self.now, self.request().reason.clone());
        if !again && !override_ {
            let since = crate::report::when(quarantined.since);
            let because = vec![format!(
                "{} failed here before, in this very configuration: {} on {since}",
                wanted.version, quarantined.reason
            )];
            let next = vec![if may {
                "deploy another version or configuration; or say why it is well now: `override: quarantine` with a `reason`".to_owned()
            } else {
                "deploy another version or configuration".to_owned()
            }];
            self.finish(Outcome::Rejected, "quarantine", because, next);
            return false;
        }
        let reason = reason.unwrap_or_else(|| "the failed job was run again by hand".to_owned());
        if self.leased
            && let Some(memory) = self.memory.as_mut()
        {
            memory.overridden(now, "quarantine", &reason);
        }
        self.report
            .troubles
            .push(format!("quarantine was overridden: {reason}"));
        true
    }

    /// The same release serves, as far as is recorded and listed: does it answer?
    fn ask_serving(&mut self, generation: Generation) {
        if self.request().command == Command::Plan {
            if self.called_down().is_empty() {
                return self.unchanged();
            }
            return self.bring_anew();
        }
        let members = self
            .fleet(Some(generation))
            .map(|fleet| fleet.members)
            .unwrap_or_default();
        let action = Action::Probe(members);
        let steps = self.docker().lower(&action, &Memo::default());
        self.call(Tag::Serving(action), steps);
    }

    pub(super) fn on_serving(&mut self, action: &Action, call: super::Call<Tag>) {
        let lifted = self.docker_mut().lift(action, &call.steps, &call.done);
        let well = match lifted {
            Lifted::Observed(Observation::Probed(seen)) => {
                !seen.is_empty() && seen.values().all(|seen| *seen == Seen::Good)
            }
            Lifted::Observed(_) | Lifted::More(_) => false,
        };
        if well {
            return self.unchanged();
        }
        self.bring_anew();
    }

    fn bring_anew(&mut self) {
        let answers = match self.form() {
            Form::Server => "answers",
            Form::Worker => "is well",
        };
        self.report.troubles.push(format!(
            "this very release is deployed, but not all of it {answers}: it is deployed anew"
        ));
        let state = self.memory().ledger.state().clone();
        self.go(&state);
    }

    fn unchanged(&mut self) {
        let version = self
            .wanted
            .as_ref()
            .map(|it| it.version.clone())
            .unwrap_or_default();
        let because = vec![format!(
            "{version} serves already, with this very configuration, and is known-good"
        )];
        self.report.troubles.extend(self.router_note());
        self.finish(Outcome::Unchanged, SERVES_ALREADY, because, vec![]);
    }

    /// Everything says yes.
    pub(super) fn go(&mut self, state: &State) {
        let Some(release) = self.wanted.clone() else {
            return;
        };
        if !self.gates_are_open() {
            return self.gate(Stage::Ledger);
        }
        suit(&mut self.docker_mut().setup, &release.spec);
        let Some(plan) = self.plan(state, &release) else {
            let because = vec!["no addresses are left on the service's network".to_owned()];
            return self.finish(Outcome::Failed, "addresses", because, vec![]);
        };
        self.report.plan = Some(self.plan_lines(&plan, &release));
        if !self.hooks_may_begin(state, &plan) {
            return;
        }
        if self.request().command == Command::Plan {
            return self.show_plan();
        }
        let command = match self.request().command {
            Command::Rollback => Brought::Rollback,
            Command::Release
            | Command::Deploy
            | Command::Promote
            | Command::Abort
            | Command::Plan
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => Brought::Deploy,
        };
        if let Some(why) = self.another_form(&release) {
            return self.refuse_another_form(why, Form::of(release.spec.port));
        }
        if self.candidate().is_some() && self.serving_is_there() {
            return self.replace_candidate();
        }
        if self.announces() {
            return;
        }
        let lacks = self.router_lacks(&plan);
        if !lacks.is_empty() {
            return self.router_outdated(lacks);
        }
        self.report.troubles.extend(self.router_note());
        self.remember_gates();
        self.story = Some(Story {
            from: plan.old.as_ref().map(|old| old.generation),
            strategy: plan.strategy.word(),
            command,
            reason: self.request().reason.clone(),
            overrides: self.request().overrides.clone(),
            bake: plan.timing.bake,
            sequence: self.facts.sequence(release.revision.clone()),
            counted: self.counted_tests(&release),
            release: release.clone(),
        });
        self.docker_mut()
            .releases
            .insert(plan.new.generation, release);
        self.purpose = Purpose::Deploy;
        self.begin_rollout(Rollout::begin(self.now, plan));
    }

    /// A rollback is in a hurry, and its goal was proven here: it gets everything at once.
    pub(super) fn strategy(&self) -> Strategy {
        match (&self.environment().strategy, self.request().command) {
            (Chosen::Recreate, _) => Strategy::Recreate,
            // There may be no room for both.
            (Chosen::Rolling(_), _) => Strategy::Rolling,
            (Chosen::BlueGreen { .. }, _) | (Chosen::Canary(_), Command::Rollback) => {
                Strategy::BlueGreen
            }
            (Chosen::Canary(_), _) => Strategy::Canary,
        }
    }

    /// The shares of the traffic at which the new version is watched, and for how long at each.
    pub(super) fn shares(&self) -> (Vec<Share>, u64) {
        match &self.environment().strategy {
            Chosen::Canary(canary) => (
                canary.steps.iter().map(|step| step.share).collect(),
                canary.pause,
            ),
            Chosen::Rolling(_) if self.request().command == Command::Rollback => (Vec::new(), 0),
            Chosen::Rolling(rolling) => (Vec::new(), rolling.pause),
            Chosen::BlueGreen { .. } | Chosen::Recreate => (Vec::new(), 0),
        }
    }

    /// The shares at which a person is asked, and how long at most. A rollback is a person's wish already.
    pub(super) fn share_waits(&self) -> BTreeMap<Share, u64> {
        match (&self.environment().strategy, self.request().command) {
            (Chosen::BlueGreen { .. } | Chosen::Recreate | Chosen::Rolling(_), _)
            | (Chosen::Canary(_), Command::Rollback) => BTreeMap::new(),
            (Chosen::Canary(canary), _) => {
                let asks = canary.steps.iter();
                let asks = asks.filter_map(|step| Some((step.share, step.wait?)));
                asks.collect()
            }
        }
    }

    /// Whether users stay with a version while two share the traffic by this strategy. Nobody is kept from going back by a router that
    /// cannot do it.
    pub(super) fn sticks(&self, strategy: Strategy, form: Form) -> bool {
        let asked = match &self.environment().strategy {
            Chosen::Canary(canary) => canary.sticky && strategy == Strategy::Canary,
            Chosen::Rolling(rolling) => rolling.sticky && strategy == Strategy::Rolling,
            Chosen::BlueGreen { .. } | Chosen::Recreate => false,
        };
        let back = self.request().command == Command::Rollback;
        asked && form == Form::Server && (!back || self.docker().can_stick())
    }

    /// How many instances are replaced at a time.
    pub(super) fn waves(&self) -> Waves {
        match &self.environment().strategy {
            Chosen::Rolling(rolling) => rolling.waves,
            Chosen::BlueGreen { .. } | Chosen::Recreate | Chosen::Canary(_) => Waves::default(),
        }
    }

    pub(super) fn comparison(&self) -> Option<Comparison> {
        match &self.environment().strategy {
            Chosen::Canary(canary) => canary.analysis.clone(),
            Chosen::BlueGreen { .. } | Chosen::Recreate | Chosen::Rolling(_) => None,
        }
    }

    /// What is to be done; `None`: the network has no room for it.
    fn plan(&self, state: &State, release: &Release) -> Option<Plan> {
        let there = || self.docker().instances.keys().copied();
        let highest = there().map(|id| id.generation.0).max().unwrap_or_default();
        let generation = state.next_generation().max(Generation(highest + 1));
        let old = self
            .fleet(self.carrier(state))
            .or_else(|| self.routed_fleet());
        let old = old.map(|old| self.with_the_well_first(old));
        let count = usize::from(release.spec.replicas);
        let addresses = self.docker().free_addresses(count);
        let member = |(index, address)| Member {
            id: InstanceId { generation, index },
            address,
        };
        let members: Vec<Member> = (1..=release.spec.replicas)
            .zip(addresses)
            .map(member)
            .collect();
        let known = [old.as_ref().map(|it| it.generation), Some(generation)];
        let bake = self.bake();
        (members.len() == count).then(|| Plan {
            strategy: self.strategy(),
            form: Form::of(release.spec.port),
            shares: self.shares().0,
            waits: self.share_waits(),
            sticky: self.sticks(self.strategy(), Form::of(release.spec.port)),
            waves: self.waves(),
            new: Fleet {
                generation,
                members,
            },
            resting: Vec::new(),
            strays: there()
                .filter(|id| !known.contains(&Some(id.generation)))
                .collect(),
            comparison: self.comparison(),
            person: self.person(old.is_some()),
            hooks: self.hooks(),
            past: false,
            old,
            timing: self.timing(Some(&release.spec), bake),
        })
    }

    /// What has the traffic: of what stands past a point of no return and is down, that is the router's fallback, which is not to be
    /// lost to a deploy that fails.
    fn carrier(&self, state: &State) -> Option<Generation> {
        let (serves, committed) = (state.serves(), state.serving().map(|it| it.generation));
        let down = self.called_down();
        let fleet = |generation| self.fleet(generation).map(|fleet| fleet.members);
        let members = fleet(serves).unwrap_or_default();
        let silent = members.iter().all(|it| down.contains(&it.id));
        let stands_by = committed.is_some_and(|it| self.runs(it));
        if state.stands.is_some() && silent && stands_by {
            committed
        } else {
            serves
        }
    }

    /// Who is to go on while others are stopped must be of use: who does not run, or whom the router calls down, comes last.
    fn with_the_well_first(&self, mut fleet: Fleet) -> Fleet {
        let (down, resting) = (self.called_down(), self.resting(Some(&fleet)));
        let is_of_use = |id| !down.contains(&id) && !resting.contains(&id);
        fleet.members.sort_by_key(|it| !is_of_use(it.id));
        fleet
    }

    pub(super) fn bake(&self) -> u64 {
        let configured = self.environment().bake.r#for;
        let serving = self.memory.as_ref().map(|it| it.ledger.state().serving());
        let is_first = serving.flatten().is_none();
        match self.request().command {
            Command::Rollback => configured.min(ROLLBACK_BAKE),
            // Nothing was ever proven here, so waiting would only keep the service from being there. Where something was, a
            // bake is what makes known-good, whether or not anything runs.
            _ if is_first => 0,
            Command::Release
            | Command::Deploy
            | Command::Promote
            | Command::Abort
            | Command::Plan
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => configured,
        }
    }

    pub(super) fn timing(&self, spec: Option<&Spec>, bake: u64) -> Timing {
        let environment = self.environment();
        // What served a moment ago answers at once; what has to be started again has the time that it needs for that.
        let serving = self
            .memory
            .as_ref()
            .and_then(|it| it.ledger.state().serving());
        let verify = serving.map_or(VERIFY, |it| to_be_well(&it.release.spec.health));
        let health = spec.map(|spec| spec.health.clone());
        Timing {
            every: health.as_ref().map_or(500, |it| it.every),
            successes: health.as_ref().map_or(1, |it| it.successes),
            failures: health.as_ref().map_or(3, |it| it.failures),
            prove: health.as_ref().map_or(60_000, |it| it.deadline),
            pause: self.shares().1,
            bake,
            errors: u32::from(environment.bake.errors.0),
            drain: environment.drain,
            verify,
            patience: PATIENCE,
        }
    }

    // --- small words ---------------------------------------------------------------------------------------------

    /// The instances of a generation that exist; `None`: there are none.
    pub(super) fn fleet(&self, generation: Option<Generation>) -> Option<Fleet> {
        let generation = generation?;
        let members: Vec<Member> = self
            .docker()
            .instances
            .iter()
            .filter(|(id, _)| id.generation == generation)
            .map(|(&id, held)| Member {
                id,
                address: held.address,
            })
            .collect();
        (!members.is_empty()).then_some(Fleet {
            generation,
            members,
        })
    }

    /// What gets traffic though the ledger does not know it: better than nothing to go back to.
    pub(super) fn routed_fleet(&self) -> Option<Fleet> {
        let table = self.docker().table();
        let routed = table
            .entries
            .iter()
            .find(|entry| entry.weight > 0 && !entry.backup)?;
        self.fleet(Some(routed.member.id.generation))
    }

    /// Whether any instance of a generation runs.
    pub(super) fn runs(&self, generation: Generation) -> bool {
        let of = |it: &&Found| it.id.is_some_and(|id| id.generation == generation);
        self.survey.instances.iter().filter(of).any(Found::running)
    }

    /// Whether any instance of a generation is there, in whatever state.
    pub(super) fn is_there(&self, generation: Generation) -> bool {
        self.fleet(Some(generation)).is_some()
    }

    /// Whether a generation serves, as far as is listed: all of its instances exist and get the traffic.
    pub(super) fn serves(&self, generation: Generation) -> bool {
        let Some(release) = self.docker().releases.get(&generation) else {
            return false;
        };
        let Some(fleet) = self.fleet(Some(generation)) else {
            return false;
        };
        let table = self.docker().table();
        let routed = |member: &Member| {
            table
                .entries
                .iter()
                .any(|entry| entry.member.id == member.id && entry.weight > 0 && !entry.backup)
        };
        fleet.members.len() == usize::from(release.spec.replicas)
            && fleet.members.iter().all(routed)
    }
}

/// A release in a line.
pub(super) fn line_of(
    release: &Release,
    generation: Option<Generation>,
    since: Option<crate::protocol::Timestamp>,
) -> ReleaseLine {
    ReleaseLine {
        version: release.version.clone(),
        image: release.reference(),
        digest: release.digest.clone(),
        config_hash: release.config_hash.clone(),
        generation: generation.map(|it| it.to_string()),
        replicas: release.spec.replicas,
        known_good_since: since,
    }
}
