//! What a dead run left: only the ledger says what is to serve, and everything else is put away.

use std::collections::BTreeMap;

use super::memory::Checkpoint;
use super::request::Command;
use super::{Purpose, Session};
use crate::ledger::State;
use crate::protocol::Outcome;
use crate::rollout::{Carrier, Fleet, HookPlace, Mark, Person, Plan, Rollout, Table, Waves, Why};
use crate::spec::{Generation, InstanceId};

impl Session {
    /// What is not as the ledger says it should be, in words; `None`: nothing.
    pub(super) fn unfinished(&self) -> Option<String> {
        let state = self.memory.as_ref()?.ledger.state();
        let serving = state.serves();
        if state.stands.is_some() && state.open.is_none() && self.opened.checkpoint.is_none() {
            // It is as it was left, and a person goes on from there.
            return None;
        }
        if self.candidate().is_some() {
            return self.waits_no_more(serving);
        }
        let strays: Vec<String> = self
            .docker()
            .instances
            .keys()
            .filter(|id| Some(id.generation) != serving)
            .map(ToString::to_string)
            .collect();
        if let Some(open) = &state.open {
            return Some(format!(
                "an earlier run did not finish: {} ({}) was begun and not ended",
                open.generation, open.release.version
            ));
        }
        if self.opened.checkpoint.is_some() {
            return Some("an earlier run did not finish: it left a checkpoint".to_owned());
        }
        if !strays.is_empty() {
            return Some(format!(
                "there are instances that nothing names: {}",
                strays.join(", ")
            ));
        }
        if let Some(down) = self.down_in_words(serving) {
            return Some(down);
        }
        let fleet = self.fleet(serving);
        if fleet.is_none() && serving.is_some() {
            return Some(self.gone());
        }
        self.follows_not(&Table::serving(fleet.as_ref()))
    }

    /// What should serve and does not run, in words; `None`: all of it does.
    pub(super) fn down_in_words(&self, serving: Option<Generation>) -> Option<String> {
        let down = self.down(serving);
        let words = || format!("what should serve does not run: {}", down.join(", "));
        (!down.is_empty()).then(words)
    }

    /// That the router has another table than this one, or does not follow it; `None`: it does.
    pub(super) fn follows_not(&self, wanted: &Table) -> Option<String> {
        let differs = self.docker().table() != *wanted
            || !self.docker().astray(&self.opened.servers).is_empty();
        let front = self.front();
        differs.then(|| format!("the {front} does not follow what was recorded"))
    }

    /// Instances that should serve and that somebody took away, in words; `None`: all exist. No recovery makes them
    /// again, for it starts nothing: a deploy does.
    pub(super) fn missing(&self) -> Option<String> {
        let state = self.memory.as_ref()?.ledger.state();
        let serving = state.serving().filter(|_| state.stands.is_none())?;
        let wanted = usize::from(serving.release.spec.replicas);
        let exist = self.fleet(Some(serving.generation))?.members.len();
        let (generation, version) = (serving.generation, &serving.release.version);
        (exist < wanted)
            .then(|| format!("{exist} of {wanted} instances of {generation} ({version}) exist"))
    }

    fn gone(&self) -> String {
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        state
            .and_then(State::serving)
            .map_or_else(String::new, |it| {
                format!(
                    "the instances of {} ({}), which should serve, are gone",
                    it.generation, it.release.version
                )
            })
    }

    /// Instances of a generation that are there and do not run.
    fn down(&self, generation: Option<Generation>) -> Vec<&str> {
        let found = self
            .survey
            .instances
            .iter()
            .filter(|it| it.id.map(|id| id.generation) == generation && !it.running());
        found.map(|it| it.name.as_str()).collect()
    }

    /// Instances of a fleet that do not run, or have no traffic by the table.
    pub(super) fn resting(&self, fleet: Option<&Fleet>) -> Vec<InstanceId> {
        let running = |id: InstanceId| {
            let mut found = self.survey.instances.iter();
            found.any(|it| it.id == Some(id) && it.running())
        };
        let table = self.docker().table();
        let named = |id: InstanceId| {
            let mut entries = table.entries.iter();
            entries.any(|it| it.member.id == id && it.weight > 0)
        };
        let members = fleet.into_iter().flat_map(|fleet| &fleet.members);
        let ids = members.map(|member| member.id);
        ids.filter(|id| !running(*id) || !named(*id)).collect()
    }

    /// Makes what the ledger says serve, and puts the rest away.
    pub(super) fn recover(&mut self) {
        let left = self.unfinished().unwrap_or_default();
        self.recover_from(left);
    }

    /// The same, of what is known by these words.
    pub(super) fn recover_from(&mut self, left: String) {
        self.info(format!("recovering: {left}"));
        self.left.clone_from(&left);
        let state = self.memory().ledger.state().clone();
        let serving = state.serves();
        let old = self.fleet(serving);
        let stays = self.stays(&state);
        if serving.is_some() && old.is_none() && stays.is_none() {
            return self.nothing_to_recover_to(left);
        }
        let open = state
            .open
            .as_ref()
            .map(|open| open.generation)
            .filter(|it| Some(*it) != serving);
        let new = open.map(|generation| {
            self.fleet(Some(generation)).unwrap_or(Fleet {
                generation,
                members: vec![],
            })
        });
        let new = new.unwrap_or_default();
        let named = [serving, Some(new.generation)];
        let strays = self
            .docker()
            .instances
            .keys()
            .copied()
            .filter(|id| !named.contains(&Some(id.generation)))
            .collect();
        let (goal, why) = self.left_off(serving);
        let timing = self.timing(None, 0);
        // The strategy says whether two versions may run side by side: the dead run's, where it is known.
        let checkpoint = self.checkpoint();
        let unhooked = checkpoint.as_ref().and_then(|it| not_all_ran(it, serving));
        let strategy = checkpoint.map_or_else(|| self.strategy(), |it| it.plan.strategy);
        self.report.troubles.extend(unhooked);
        let mut resting = self.resting(old.as_ref());
        resting.extend(self.resting(Some(&new)));
        // The engine calls an instance running until its end, however long ago it was asked to end.
        let moving = self.survey.instances.iter().filter(|it| !it.is_at_rest());
        let ids = moving.filter_map(|it| it.id);
        self.docker_mut().ending = ids.filter(|id| resting.contains(id)).collect();
        let plan = Plan {
            strategy,
            form: self.form(),
            resting,
            shares: Vec::new(),
            waits: BTreeMap::new(),
            // Until the old instances that it had stopped are there again, nobody is moved.
            sticky: self.docker().table().sticky.is_some(),
            waves: Waves::default(),
            new,
            old,
            strays,
            comparison: None,
            person: Person::Absent,
            hooks: Vec::new(),
            past: false,
            timing,
        };
        self.purpose = Purpose::Recover;
        self.story = None;
        if let Some(table) = stays {
            let astray = !self.docker().astray(&self.opened.servers).is_empty();
            let rollout = Rollout::stand_still(self.now, plan, table, astray, why);
            return self.begin_rollout(rollout);
        }
        self.begin_rollout(Rollout::recover(self.now, plan, goal, why));
    }

    /// The table that stays, where a dead run had passed a point of no return and had changed who has the traffic; `None`: what
    /// served before is made to serve, as it does.
    fn stays(&self, state: &State) -> Option<Table> {
        let open = state.open.as_ref().filter(|open| open.waits.is_none())?;
        state.passed(open.generation)?;
        let table = self.docker().table();
        let carrier = Carrier::by(&table);
        let as_before = carrier.whole && carrier.generation == state.serves();
        (!as_before).then_some(table)
    }

    /// What the dead run left, where it can be read.
    fn checkpoint(&self) -> Option<Checkpoint> {
        serde_json::from_str(self.opened.checkpoint.as_deref()?).ok()
    }

    /// Where the dead run was heading: only the ledger says what is to serve; the checkpoint at most says why not.
    fn left_off(&self, serving: Option<Generation>) -> (Option<Generation>, Why) {
        let checkpoint = self.checkpoint();
        let why = match checkpoint.map(|it| it.mark) {
            Some(Mark::Settling {
                goal,
                why: why @ Why::Unwell(_),
            }) if goal == serving => why,
            Some(
                Mark::Settling { .. }
                | Mark::Withdrawing
                | Mark::Starting
                | Mark::Proving
                | Mark::Waiting
                | Mark::Shifted,
            )
            | None => Why::Abandoned,
        };
        (serving, why)
    }

    /// The instances that the ledger calls serving are gone: whoever removed them, a new deploy can mend it.
    fn nothing_to_recover_to(&mut self, left: String) {
        self.recovered = true;
        let gone = self.gone();
        let other = Some(left).filter(|left| *left != gone);
        let because: Vec<String> = other.into_iter().chain([gone]).collect();
        match self.request().command {
            Command::Recover => {
                let serving = self.memory().ledger.state().serving();
                let version = serving.map(|it| it.release.version.clone());
                let next = vec![self.started_again(&version.unwrap_or_default())];
                self.finish(Outcome::Stranded, "instances-gone", because, next);
            }
            Command::Release
            | Command::Deploy
            | Command::Promote
            | Command::Abort
            | Command::Rollback
            | Command::Plan
            | Command::Stop
            | Command::Resume
            | Command::Status => {
                self.report.troubles.extend(because);
                self.after_recovery();
            }
        }
    }

    /// What `recover` says besides where not everything can be put right by it.
    pub(super) fn what_recovery_cannot(&mut self) -> Vec<String> {
        let Some(missing) = self.missing() else {
            return vec![];
        };
        self.report.troubles.push(missing);
        vec!["deploy the same again: that makes what is missing".to_owned()]
    }

    /// All is as recorded, and users are served by nobody: to start anything anew is no recovery's business.
    fn nobody_answers(&mut self) {
        let down = self.called_down();
        let names: Vec<String> = down.iter().map(ToString::to_string).collect();
        let because = vec![
            format!(
                "the router calls {} down: nobody is answered",
                names.join(", ")
            ),
            "no earlier run left anything, and a recovery starts nothing anew".to_owned(),
        ];
        self.report.serving = None;
        let next = vec![self.brought_anew()];
        self.finish(Outcome::Failed, "does-not-answer", because, next);
    }

    pub(super) fn after_recovery(&mut self) {
        self.recovered = true;
        match self.request().command {
            Command::Recover if self.silent() => self.nobody_answers(),
            Command::Recover => {
                let because = vec!["nothing was left behind".to_owned()];
                let next = self.what_recovery_cannot();
                self.finish(Outcome::Unchanged, "nothing-to-recover", because, next);
            }
            Command::Promote => self.promote(),
            Command::Abort => self.abort(),
            Command::Rollback => self.look_at_good_images(),
            Command::Plan | Command::Deploy => {
                if self.needed_secrets().is_empty() {
                    self.decide()
                } else {
                    self.keep_key()
                }
            }
            Command::Release | Command::Stop | Command::Resume | Command::Status => {
                self.show_status();
            }
        }
    }
}

/// That a run died after its commit, where hooks of its were to follow; `None`: there was nothing to follow.
fn not_all_ran(checkpoint: &Checkpoint, serving: Option<Generation>) -> Option<String> {
    let plan = &checkpoint.plan;
    let hooks = plan.hooks.iter();
    let after = hooks.filter(|it| it.place == HookPlace::AfterCommit);
    let names: Vec<String> = after.map(|it| format!("`{}`", it.name)).collect();
    let committed = serving == Some(plan.new.generation);
    (committed && !names.is_empty()).then(|| {
        format!(
            "the run that brought {} died after its commit, and no other runs its hooks: look whether {} ran",
            plan.new.generation,
            names.join(", ")
        )
    })
}
