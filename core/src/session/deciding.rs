//! Deciding: what a dead run left, whether there is anything to do, and what.

use std::collections::BTreeMap;

use super::looking::{secret_names, unset};
use super::memory::{Checkpoint, Memory, Story};
use super::request::Command;
use super::{Purpose, Session, Tag, generation_word};
use crate::config::{Strategy as Chosen, config_hash};
use crate::ledger::{Command as Brought, Ledger, Sequence, State};
use crate::protocol::{Completion, Content, Effect, Outcome, Run};
use crate::report::ReleaseLine;
use crate::rollback;
use crate::rollout::{Action, Fleet, Mark, Member, Observation, Plan, Rollout, Seen, Strategy, Timing, Why};
use crate::spec::{Generation, InstanceId, Release, Spec};
use crate::target::docker::{Lifted, Step, Trouble};

/// The name that the shell keeps the key under with which secrets are fingerprinted.
const KEY: &str = "fingerprint-key";

/// Milliseconds that going back may wait for what served before to answer: it served a moment ago.
const VERIFY: u64 = 15_000;

/// Milliseconds at most that a rollback watches: it goes to what was watched before, and somebody waits.
const ROLLBACK_BAKE: u64 = 5_000;

impl Session {
    /// Reads what is remembered.
    pub(super) fn remember(&mut self) {
        let newest = self.opened.segments.last().cloned();
        let ledger = newest.map_or_else(|| Ok(Ledger::empty()), |(name, text)| Ledger::read(&name, &text));
        let ledger = match ledger {
            Ok(ledger) => ledger,
            Err(tampered) => return self.tampered(&tampered.to_string()),
        };
        if let Err(newer) = ledger.writable() {
            let next = vec!["use that version of the action, or a newer one".to_owned()];
            return self.finish(Outcome::Failed, "ledger-newer", vec![newer], next);
        }
        let origin = self.facts.origin(&self.begin.holder, self.opened.token);
        self.know_releases(ledger.state());
        let serving = ledger.state().serving().map(|it| line_of(&it.release, Some(it.generation), Some(it.since)));
        self.report.before.clone_from(&serving);
        self.report.serving = serving;
        self.memory = Some(Memory::new(ledger, origin));
        let looks = Self::looks_only(self.request().command);
        if !looks && !self.recovered && self.unfinished().is_some() {
            return self.recover();
        }
        self.after_recovery();
    }

    fn know_releases(&mut self, state: &State) {
        let known = state.known_good.iter().map(|it| (it.generation, it.release.clone()));
        let open = state.open.iter().map(|it| (it.generation, it.release.clone()));
        let releases: BTreeMap<Generation, Release> = known.chain(open).collect();
        self.docker_mut().releases.extend(releases);
    }

    // --- what a dead run left ------------------------------------------------------------------------------------

    /// What is not as the ledger says it should be, in words; `None`: nothing.
    pub(super) fn unfinished(&self) -> Option<String> {
        let state = self.memory.as_ref()?.ledger.state();
        let serving = state.serving().map(|it| it.generation);
        let strays: Vec<String> =
            self.docker().instances.keys().filter(|id| Some(id.generation) != serving).map(ToString::to_string).collect();
        if let Some(open) = &state.open {
            return Some(format!("{} ({}) was begun and not ended", open.generation, open.release.version));
        }
        if self.opened.checkpoint.is_some() {
            return Some("a checkpoint was left".to_owned());
        }
        if !strays.is_empty() {
            return Some(format!("instances that nothing names: {}", strays.join(", ")));
        }
        let down: Vec<&str> = self.down(serving);
        if !down.is_empty() {
            return Some(format!("what should serve does not run: {}", down.join(", ")));
        }
        let wanted = crate::rollout::Table::serving(self.fleet(serving).as_ref());
        let differs = self.docker().table() != wanted || !self.docker().astray(&self.opened.servers).is_empty();
        differs.then(|| "the router does not follow what was recorded".to_owned())
    }

    /// Instances of a generation that are there and do not run.
    fn down(&self, generation: Option<Generation>) -> Vec<&str> {
        let found = self.survey.instances.iter().filter(|it| it.id.map(|id| id.generation) == generation && !it.running());
        found.map(|it| it.name.as_str()).collect()
    }

    /// Makes what the ledger says serve, and puts the rest away.
    fn recover(&mut self) {
        let left = self.unfinished().unwrap_or_default();
        self.info(format!("recovering: {left}"));
        let state = self.memory().ledger.state().clone();
        let serving = state.serving().map(|it| it.generation);
        let old = self.fleet(serving);
        if serving.is_some() && old.is_none() {
            return self.nothing_to_recover_to(&left);
        }
        let open = state.open.as_ref().map(|open| open.generation).filter(|it| Some(*it) != serving);
        let new = open.map(|generation| self.fleet(Some(generation)).unwrap_or(Fleet { generation, members: vec![] }));
        let new = new.unwrap_or_default();
        let named = [serving, Some(new.generation)];
        let strays = self.docker().instances.keys().copied().filter(|id| !named.contains(&Some(id.generation))).collect();
        let (goal, why) = self.left_off(serving);
        let timing = self.timing(None, 0);
        // What was stopped has to be started again; the machine does that for the strategy that stops.
        let strategy = if self.down(serving).is_empty() { Strategy::BlueGreen } else { Strategy::Recreate };
        let plan = Plan { strategy, new, old, strays, timing };
        self.purpose = Purpose::Recover;
        self.story = None;
        self.begin_rollout(Rollout::recover(self.now, plan, goal, why));
    }

    /// Where the dead run was heading: only the ledger says what is to serve; the checkpoint at most says why not.
    fn left_off(&self, serving: Option<Generation>) -> (Option<Generation>, Why) {
        let checkpoint = self.opened.checkpoint.as_deref().and_then(|text| serde_json::from_str::<Checkpoint>(text).ok());
        let why = match checkpoint.map(|it| it.mark) {
            Some(Mark::Settling { goal, why: why @ Why::Unwell(_) }) if goal == serving => why,
            Some(Mark::Settling { .. } | Mark::Withdrawing | Mark::Starting | Mark::Proving | Mark::Shifted) | None => {
                Why::Abandoned
            }
        };
        (serving, why)
    }

    /// The instances that the ledger calls serving are gone: whoever removed them, a new deploy can mend it.
    fn nothing_to_recover_to(&mut self, left: &str) {
        self.recovered = true;
        let gone = format!("{left}; the instances of {} are gone", generation_word(self.serving_generation()));
        match self.request().command {
            Command::Recover => {
                let next = vec!["`rollback --version …` starts a known-good version again; so does `deploy`".to_owned()];
                self.finish(Outcome::Stranded, "instances-gone", vec![gone], next);
            }
            Command::Deploy | Command::Rollback | Command::Plan | Command::Status => {
                self.report.troubles.push(gone);
                self.after_recovery();
            }
        }
    }

    pub(super) fn after_recovery(&mut self) {
        self.recovered = true;
        match self.request().command {
            Command::Recover => {
                let because = vec!["nothing was left behind".to_owned()];
                self.finish(Outcome::Unchanged, "nothing-to-recover", because, vec![]);
            }
            Command::Rollback => self.look_at_good_images(),
            Command::Plan | Command::Deploy => {
                let names = self.wanted.as_ref().map(|it| secret_names(&it.spec)).unwrap_or_default();
                if names.is_empty() { self.decide() } else { self.keep_key() }
            }
            Command::Status => self.show_status(),
        }
    }

    fn keep_key(&mut self) {
        let steps = self.docker().keep_key(KEY);
        self.call(Tag::Key, steps);
    }

    pub(super) fn on_key(&mut self, done: &[Completion]) {
        if let Some(failed) = done.iter().find(|it| !matches!(it, Completion::Exited { code: Some(0), .. })) {
            return self.trouble(&Trouble::of(failed));
        }
        let mut names: Vec<String> = self.wanted.iter().flat_map(|it| secret_names(&it.spec)).collect();
        if self.request().command == Command::Rollback {
            let good = &self.memory().ledger.state().known_good;
            names.extend(good.iter().flat_map(|it| secret_names(&it.release.spec)));
        }
        names.sort_unstable();
        names.dedup();
        self.effect(Tag::Fingerprint, Effect::Fingerprint { names, key: KEY.to_owned() });
    }

    pub(super) fn on_fingerprint(&mut self, done: &[Completion]) {
        match done.first() {
            Some(Completion::Fingerprinted { values }) => self.fingerprints = values.clone(),
            Some(failed) => return self.trouble(&Trouble::of(failed)),
            None => {}
        }
        if self.request().command == Command::Rollback {
            return self.choose_good();
        }
        let missing = unset(&self.fingerprints);
        if missing.is_empty() {
            return self.decide();
        }
        let because = missing.iter().map(|name| format!("the secret {name} is not set")).collect();
        let next = vec!["set it in the `env:` of the step, from the platform's secrets".to_owned()];
        self.finish(Outcome::Invalid, "secret-missing", because, next);
    }

    fn hash(&self, spec: &Spec) -> String {
        let names = secret_names(spec);
        let prints = names.iter().filter_map(|name| Some((name.clone(), self.fingerprints.get(name)?.clone()?)));
        config_hash(spec, &prints.collect())
    }

    // --- rollback ------------------------------------------------------------------------------------------------

    fn look_at_good_images(&mut self) {
        let good = self.memory().ledger.state().known_good.clone();
        let steps: Vec<Step> = good
            .iter()
            .flat_map(|it| self.docker().image(&it.release.reference(), false))
            .map(|step| Step { tolerated: &[""], ..step })
            .collect();
        self.call(Tag::GoodImages, steps);
    }

    pub(super) fn on_good_images(&mut self, done: &[Completion]) {
        let good = self.memory().ledger.state().known_good.clone();
        for (good, completion) in good.iter().zip(done) {
            let here = self.docker_mut().read_image(std::slice::from_ref(completion)).is_ok();
            self.good_images.insert(good.release.digest.clone(), here);
        }
        if good.iter().any(|it| !it.release.spec.secrets.is_empty()) {
            return self.keep_key();
        }
        self.choose_good();
    }

    fn choose_good(&mut self) {
        let state = self.memory().ledger.state().clone();
        let serving = state.serving().filter(|it| self.serves(it.generation)).map(|it| it.release.clone());
        let secrets = self.fingerprints.iter().map(|(name, print)| (name.clone(), print.is_some())).collect();
        let wanted = self.request().version.clone();
        let selection = rollback::candidates(&state, serving.as_ref(), wanted.as_deref(), &self.good_images, &secrets);
        let chosen = selection.chosen().cloned();
        self.report.candidates = Some(selection);
        match (chosen, serving) {
            (Some(good), _) => {
                let mut release = good.release;
                release.config_hash = self.hash(&release.spec);
                if release.config_hash != line_hash(&state, good.generation) {
                    self.report.troubles.push(format!("{} runs with secrets of today: they were rotated since it was proven", release.version));
                }
                self.wanted = Some(release);
                self.decide();
            }
            (None, Some(serving)) if wanted.as_ref().is_none_or(|wanted| *wanted == serving.version) => {
                let because = vec![format!("{} serves, and is known-good; there is nothing else to go back to", serving.version)];
                self.finish(Outcome::Unchanged, "already-known-good", because, vec![]);
            }
            (None, _) => {
                let because = vec![match wanted {
                    Some(wanted) => format!("`{wanted}` cannot be gone back to"),
                    None => "there is nothing to go back to".to_owned(),
                }];
                let next = vec!["every version that was proven here is listed, with why not".to_owned()];
                self.finish(Outcome::Rejected, "no-target", because, next);
            }
        }
    }

    // --- deploy --------------------------------------------------------------------------------------------------

    /// Whether there is anything to do, and whether it may be done.
    pub(super) fn decide(&mut self) {
        let Some(mut wanted) = self.wanted.clone() else { return self.show_plan() };
        wanted.config_hash = self.hash(&wanted.spec);
        self.wanted = Some(wanted.clone());
        self.report.wanted = Some(line_of(&wanted, None, None));
        let state = self.memory.as_ref().map(|it| it.ledger.state().clone()).unwrap_or_default();
        let command = self.request().command;
        if command == Command::Rollback {
            return self.go(&state);
        }
        if let Some(serving) = state.serving().filter(|it| it.release.same_as(&wanted) && self.serves(it.generation)) {
            return self.ask_serving(serving.generation);
        }
        if !self.may_despite_quarantine(&state, &wanted) {
            return;
        }
        self.ask_git(&state, &wanted)
    }

    /// Quarantine says no, unless a person says otherwise: by name and reason, or by running the failed job again.
    fn may_despite_quarantine(&mut self, state: &State, wanted: &Release) -> bool {
        let Some(quarantined) = state.quarantined(wanted).cloned() else { return true };
        let again = quarantined.run.holder == self.begin.holder && self.facts.attempt > quarantined.run.attempt && self.facts.attempt.is_some();
        let override_ = self.request().overrides.iter().any(|it| it == "quarantine");
        let (now, reason) = (self.now, self.request().reason.clone());
        if !again && !override_ {
            let since = crate::report::when(quarantined.since);
            let because = vec![format!("{} failed here before, in this very configuration: {} on {since}", wanted.version, quarantined.reason)];
            let next = vec!["deploy another version or configuration; or say why it is well now: `override: quarantine` with a `reason`".to_owned()];
            self.finish(Outcome::Rejected, "quarantine", because, next);
            return false;
        }
        let reason = reason.unwrap_or_else(|| "the failed job was run again by hand".to_owned());
        if self.leased
            && let Some(memory) = self.memory.as_mut()
        {
            memory.overridden(now, "quarantine", &reason);
        }
        self.report.troubles.push(format!("quarantine was overridden: {reason}"));
        true
    }

    /// Whether what serves is younger: asked of git where both revisions are known.
    fn ask_git(&mut self, state: &State, wanted: &Release) {
        let theirs = state.serving().and_then(|it| it.sequence.revision.clone().or_else(|| it.release.revision.clone()));
        match (wanted.revision.clone(), theirs) {
            (Some(ours), Some(theirs)) if ours != theirs && is_sha(&ours) && is_sha(&theirs) => {
                let argv = ["git", "-C", &self.begin.workspace, "merge-base", "--is-ancestor", &ours, &theirs];
                let run = Run {
                    argv: argv.iter().map(|word| (*word).to_owned()).collect(),
                    env: BTreeMap::from([("GIT_TERMINAL_PROMPT".to_owned(), Content::Text { text: "0".to_owned() })]),
                    inherit: vec!["PATH".to_owned(), "HOME".to_owned()],
                    timeout: 10_000,
                    output_limit: 4096,
                    ..Run::default()
                };
                self.effect(Tag::Ancestor, Effect::Run(run));
            }
            (Some(ours), Some(theirs)) if ours == theirs => self.go(&state.clone()),
            _ => self.compare_runs(&state.clone()),
        }
    }

    pub(super) fn on_ancestor(&mut self, done: &[Completion]) {
        let state = self.memory.as_ref().map(|it| it.ledger.state().clone()).unwrap_or_default();
        match done.first() {
            Some(Completion::Exited { code: Some(0), .. }) => self.superseded("its revision is a descendant of this one"),
            Some(Completion::Exited { code: Some(1), .. }) => self.go(&state),
            Some(_) | None => self.compare_runs(&state),
        }
    }

    /// Where git cannot tell, the number of the run does, within one workflow.
    fn compare_runs(&mut self, state: &State) {
        let ours = self.facts.sequence(None);
        let theirs = state.serving().map(|it| it.sequence.clone()).unwrap_or_default();
        let comparable = |a: &Sequence, b: &Sequence| {
            a.workflow.is_some() && a.workflow == b.workflow && a.repository == b.repository
        };
        match (ours.run_number, theirs.run_number) {
            (Some(number), Some(serving)) if comparable(&ours, &theirs) && number < serving => {
                self.superseded(&format!("run {serving} of this workflow brought it, and this is run {number}"));
            }
            (Some(_), Some(_)) if comparable(&ours, &theirs) => self.go(state),
            _ => {
                if state.serving().is_some() {
                    self.report.troubles.push("neither git nor run numbers can tell whether what serves is newer: allowed".to_owned());
                }
                self.go(state);
            }
        }
    }

    fn superseded(&mut self, why: &str) {
        let serving = self.memory().ledger.state().serving().map(|it| it.release.version.clone()).unwrap_or_default();
        let because = vec![format!("{serving} serves, and is newer: {why}")];
        self.finish(Outcome::Superseded, "newer-serves", because, vec!["to go back to an older version on purpose, use `rollback`".to_owned()]);
    }

    /// The same release serves, as far as is recorded and listed: does it answer?
    fn ask_serving(&mut self, generation: Generation) {
        if self.request().command == Command::Plan {
            return self.unchanged();
        }
        let members = self.fleet(Some(generation)).map(|fleet| fleet.members).unwrap_or_default();
        let action = Action::Probe(members);
        let steps = self.docker().lower(&action, &crate::target::docker::Memo::default());
        self.call(Tag::Serving(action), steps);
    }

    pub(super) fn on_serving(&mut self, action: &Action, call: super::Call<Tag>) {
        let lifted = self.docker_mut().lift(action, &call.steps, &call.done);
        let well = match lifted {
            Lifted::Observed(Observation::Probed(seen)) => !seen.is_empty() && seen.values().all(|seen| *seen == Seen::Good),
            Lifted::Observed(_) | Lifted::More(_) => false,
        };
        if well {
            return self.unchanged();
        }
        self.report.troubles.push("this very release is deployed, but not all of it answers: it is deployed anew".to_owned());
        let state = self.memory().ledger.state().clone();
        self.go(&state);
    }

    fn unchanged(&mut self) {
        let version = self.wanted.as_ref().map(|it| it.version.clone()).unwrap_or_default();
        let because = vec![format!("{version} serves already, with this very configuration, and is known-good")];
        self.finish(Outcome::Unchanged, "serves-already", because, vec![]);
    }

    /// Everything says yes.
    fn go(&mut self, state: &State) {
        let Some(release) = self.wanted.clone() else { return };
        let highest = self.docker().instances.keys().map(|id| id.generation).max().unwrap_or_default();
        let generation = state.next_generation().max(Generation(highest.0 + 1));
        let serving = state.serving().map(|it| it.generation);
        let old = self.fleet(serving).or_else(|| self.routed_fleet());
        let count = usize::from(release.spec.replicas);
        let addresses = self.docker().free_addresses(count);
        if addresses.len() < count {
            let because = vec![format!("no addresses are left on the network for {count} new instances")];
            return self.finish(Outcome::Failed, "addresses", because, vec![]);
        }
        let members = (1..=release.spec.replicas).zip(addresses).map(|(index, address)| Member {
            id: InstanceId { generation, index },
            address,
        });
        let new = Fleet { generation, members: members.collect() };
        let known = [old.as_ref().map(|it| it.generation), Some(generation)];
        let strays = self.docker().instances.keys().copied().filter(|id| !known.contains(&Some(id.generation))).collect();
        let strategy = match self.environment().strategy {
            Chosen::BlueGreen => Strategy::BlueGreen,
            Chosen::Recreate => Strategy::Recreate,
        };
        let bake = self.bake(old.is_some());
        let timing = self.timing(Some(&release.spec), bake);
        let plan = Plan { strategy, new, old, strays, timing };
        self.report.plan = Some(self.plan_lines(&plan, &release));
        if self.request().command == Command::Plan {
            return self.show_plan();
        }
        let command = if self.request().command == Command::Rollback { Brought::Rollback } else { Brought::Deploy };
        self.story = Some(Story {
            from: plan.old.as_ref().map(|old| old.generation),
            strategy: strategy.word(),
            command,
            reason: self.request().reason.clone(),
            overrides: self.request().overrides.clone(),
            bake,
            sequence: self.facts.sequence(release.revision.clone()),
            release: release.clone(),
        });
        self.keep_image(plan, release);
    }

    /// The image is named here before it is used, so that no clean-up on the host can take it.
    fn keep_image(&mut self, plan: Plan, release: Release) {
        let generation = plan.new.generation;
        self.docker_mut().releases.insert(generation, release.clone());
        let steps = self.docker().keep_image(generation, &release);
        self.purpose = Purpose::Deploy;
        self.rollout = None;
        self.planned = Some(plan);
        self.call(Tag::KeepImage, steps);
    }

    pub(super) fn on_keep_image(&mut self, done: &[Completion]) {
        if let Some(failed) = done.iter().find(|it| !matches!(it, Completion::Exited { code: Some(0), .. })) {
            return self.trouble(&Trouble::of(failed));
        }
        if let Some(plan) = self.planned.take() {
            self.begin_rollout(Rollout::begin(self.now, plan));
        }
    }

    fn bake(&self, has_old: bool) -> u64 {
        let configured = self.environment().bake.r#for;
        match self.request().command {
            Command::Rollback => configured.min(ROLLBACK_BAKE),
            // There is nothing to fall back to, so waiting would only keep the service from being there.
            _ if !has_old => 0,
            Command::Deploy | Command::Plan | Command::Status | Command::Recover => configured,
        }
    }

    fn timing(&self, spec: Option<&Spec>, bake: u64) -> Timing {
        let environment = self.environment();
        let health = spec.map(|spec| spec.health.clone());
        Timing {
            every: health.as_ref().map_or(500, |it| it.every),
            successes: health.as_ref().map_or(1, |it| it.successes),
            failures: health.as_ref().map_or(3, |it| it.failures),
            prove: health.as_ref().map_or(60_000, |it| it.deadline),
            bake,
            errors: u32::from(environment.bake.errors.0),
            drain: environment.drain,
            verify: VERIFY,
        }
    }

    // --- small words ---------------------------------------------------------------------------------------------

    fn serving_generation(&self) -> Option<Generation> {
        self.memory.as_ref()?.ledger.state().serving().map(|it| it.generation)
    }

    /// The instances of a generation that exist; `None`: there are none.
    pub(super) fn fleet(&self, generation: Option<Generation>) -> Option<Fleet> {
        let generation = generation?;
        let members: Vec<Member> = self
            .docker()
            .instances
            .iter()
            .filter(|(id, _)| id.generation == generation)
            .map(|(&id, held)| Member { id, address: held.address })
            .collect();
        (!members.is_empty()).then_some(Fleet { generation, members })
    }

    /// What gets traffic though the ledger does not know it: better than nothing to go back to.
    fn routed_fleet(&self) -> Option<Fleet> {
        let table = self.docker().table();
        let routed = table.0.iter().find(|entry| entry.weight > 0 && !entry.backup)?;
        self.fleet(Some(routed.member.id.generation))
    }

    /// Whether a generation serves, as far as is listed: all of its instances exist and get the traffic.
    pub(super) fn serves(&self, generation: Generation) -> bool {
        let Some(release) = self.docker().releases.get(&generation) else { return false };
        let Some(fleet) = self.fleet(Some(generation)) else { return false };
        let table = self.docker().table();
        let routed = |member: &Member| table.0.iter().any(|entry| entry.member.id == member.id && entry.weight > 0 && !entry.backup);
        fleet.members.len() == usize::from(release.spec.replicas) && fleet.members.iter().all(routed)
    }
}

fn is_sha(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn line_hash(state: &State, generation: Generation) -> String {
    state.release_of(generation).map(|it| it.config_hash.clone()).unwrap_or_default()
}

/// A release in a line.
pub(super) fn line_of(release: &Release, generation: Option<Generation>, since: Option<crate::protocol::Timestamp>) -> ReleaseLine {
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

