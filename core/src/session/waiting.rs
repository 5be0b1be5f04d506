//! A candidate that waits for a person: proven, without traffic, and no run is at it. Who promotes it gives it the traffic,
//! who aborts puts it away; so does a run that brings something else, and the first one after its time is over.

use super::imaging::suit;
use super::memory::Story;
use super::request::Command;
use super::{Purpose, Session};
use crate::ledger::{Command as Brought, Open, Waiting};
use crate::protocol::Outcome;
use crate::rollout::{Form, Person, Plan, Rollout, Strategy, Table};
use crate::spec::Generation;

/// The code of a run that found nothing that waits.
const NOTHING_WAITS: &str = "nothing-waits";

impl Session {
    /// What waits for a person, by the ledger.
    pub(super) fn candidate(&self) -> Option<(&Open, &Waiting)> {
        let open = self.memory.as_ref()?.ledger.state().open.as_ref()?;
        Some((open, open.waits.as_ref()?))
    }

    /// A candidate in a line.
    pub(super) fn waits_in_words(&self) -> Option<String> {
        let (open, waits) = self.candidate()?;
        Some(format!(
            "{} ({}) waits for a person since {}, until {} at most",
            open.release.version,
            open.generation,
            crate::report::when(waits.since),
            crate::report::when(waits.until)
        ))
    }

    /// Why a candidate does not wait as it should, or not any longer; `None`: it does.
    pub(super) fn waits_no_more(&self, serving: Option<Generation>) -> Option<String> {
        let (open, waits) = self.candidate()?;
        let (generation, version) = (open.generation, &open.release.version);
        if self.now >= waits.until {
            let until = crate::report::when(waits.until);
            return Some(format!(
                "{generation} ({version}) waited for a person until {until}, and nobody promoted it"
            ));
        }
        if self.request().command == Command::Rollback {
            return Some(format!(
                "{generation} ({version}) waits for a person, and a rollback comes before it"
            ));
        }
        if let Some(down) = self.down_in_words(serving) {
            return Some(down);
        }
        let wanted = usize::from(open.release.spec.replicas);
        let runs = self.survey.instances.iter().filter(|it| it.running());
        let runs = runs.filter(|it| it.id.is_some_and(|id| id.generation == generation));
        if runs.count() < wanted {
            return Some(format!(
                "{generation} ({version}) waits for a person, and not all of it runs"
            ));
        }
        let (old, new) = (self.fleet(serving), self.fleet(Some(generation)));
        self.follows_not(&Table::admitted(old.as_ref(), &new.unwrap_or_default()))
    }

    /// The very release that is wanted waits already.
    pub(super) fn waits_already(&mut self) {
        let because = self.waits_in_words().into_iter().collect();
        self.finish(Outcome::Waiting, "waits-already", because, vec![]);
    }

    /// Milliseconds that a proven version waits for a person; where nothing serves, waiting would only keep it from being
    /// there, and a rollback is a person's wish already.
    pub(super) fn person(&self, has_old: bool) -> Person {
        let asked = self.environment().strategy.wait();
        match (asked, self.request().command) {
            (Some(within), Command::Deploy | Command::Plan) if has_old => Person::Asked { within },
            (Some(_) | None, _) => Person::Absent,
        }
    }

    /// Gives the candidate the traffic.
    pub(super) fn promote(&mut self) {
        let Some((open, waits)) = self
            .candidate()
            .filter(|(open, _)| self.may_be_meant(open.generation))
            .map(|(open, waits)| (open.clone(), waits.clone()))
        else {
            return self.nothing_waits(Outcome::Failed);
        };
        let wanted = self.request().version.clone();
        if let Some(wanted) = wanted.filter(|it| *it != open.release.version) {
            let because = vec![format!(
                "{} waits for a person, not {wanted}",
                open.release.version
            )];
            let next = vec!["look at what waits, then promote that by its `version`".to_owned()];
            return self.finish(Outcome::Rejected, "another-waits", because, next);
        }
        let Some(plan) = self.plan_of_promotion(&open) else {
            return self.nothing_waits(Outcome::Failed);
        };
        let release = open.release.clone();
        self.report.wanted = Some(super::deciding::line_of(
            &release,
            Some(open.generation),
            None,
        ));
        self.wanted = Some(release.clone());
        suit(&mut self.docker_mut().setup, &release.spec);
        self.report.plan = Some(self.plan_lines(&plan, &release));
        let lacks = self.router_lacks(&plan);
        if !lacks.is_empty() {
            return self.router_outdated(lacks);
        }
        let state = self.memory().ledger.state().clone();
        if !self.hooks_may_begin(&state, &plan) {
            return;
        }
        if self.announces() {
            return;
        }
        self.story = Some(Story {
            from: plan.old.as_ref().map(|old| old.generation),
            strategy: plan.strategy.word(),
            command: Brought::Deploy,
            reason: self.request().reason.clone(),
            overrides: self.request().overrides.clone(),
            bake: plan.timing.bake,
            sequence: open.sequence(),
            counted: waits.counted,
            release,
        });
        self.purpose = Purpose::Deploy;
        self.begin_rollout(Rollout::begin(self.now, plan));
    }

    fn plan_of_promotion(&self, open: &Open) -> Option<Plan> {
        let state = self.memory.as_ref()?.ledger.state();
        let old = self.fleet(state.serves());
        let new = self.fleet(Some(open.generation))?;
        let named = [old.as_ref().map(|it| it.generation), Some(new.generation)];
        let there = self.docker().instances.keys().copied();
        // Promoting stops nothing that a proof is of, whatever the configuration has become since.
        let past = state.passed(open.generation).is_some();
        let strategy = match self.strategy() {
            Strategy::Recreate | Strategy::Rolling => Strategy::BlueGreen,
            // Past a point of no return one version has the traffic at a time, and nobody is asked for a share.
            Strategy::Canary if past => Strategy::BlueGreen,
            strategy @ (Strategy::BlueGreen | Strategy::Canary) => strategy,
        };
        Some(Plan {
            strategy,
            form: Form::of(open.release.spec.port),
            shares: self.shares().0,
            waits: self.share_waits(),
            sticky: self.sticks(strategy, Form::of(open.release.spec.port)),
            waves: self.waves(),
            resting: Vec::new(),
            strays: there
                .filter(|id| !named.contains(&Some(id.generation)))
                .collect(),
            new,
            old,
            comparison: self.comparison(),
            person: Person::Promoted,
            hooks: self.hooks(),
            past,
            timing: self.timing(Some(&open.release.spec), self.bake()),
        })
    }

    /// Puts the candidate away.
    pub(super) fn abort(&mut self) {
        let meant = |open: &Open| self.may_be_meant(open.generation);
        let meant = self.candidate().is_some_and(|(open, _)| meant(open));
        let Some(waits) = self.waits_in_words().filter(|_| meant) else {
            if self.as_met_ended() {
                return;
            }
            return self.nothing_waits(Outcome::Unchanged);
        };
        if !self.serving_is_there() {
            let because = vec![waits, "no instance is left of what serves by the ledger: without the candidate nothing would be there".to_owned()];
            let next = vec![format!("{} gives it the traffic", self.command("promote"))];
            return self.finish(Outcome::Failed, "instances-gone", because, next);
        }
        self.recover_from(format!("it was aborted: {waits}"));
    }

    /// Puts the candidate away for another version.
    pub(super) fn replace_candidate(&mut self) {
        let waits = self.waits_in_words().unwrap_or_default();
        self.recover_from(format!("another version takes its place: {waits}"));
    }

    /// Whether an instance is there of what serves by the ledger: without one nothing can be recovered to.
    pub(super) fn serving_is_there(&self) -> bool {
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        let serves = state.and_then(|it| it.serves());
        serves.is_some_and(|it| self.is_there(it))
    }

    fn nothing_waits(&mut self, outcome: Outcome) {
        let because = vec![self.waits_in_words().map_or_else(
            || "no version waits for a person here".to_owned(),
            |waits| format!("what waited as this run began does so no more: {waits}"),
        )];
        self.finish(outcome, NOTHING_WAITS, because, vec![]);
    }
}
