//! The gates of a run: asked before the engine is spoken to where that can be, with the image known where it must be, and with the
//! ledger read for what is recorded there. Until then nothing was touched.
//!
//! At each of the three stages what can be asked is asked, and all gates are judged again by what is known, with the best that
//! may still come. Where even that is no yes, the run waits as long as it was told to, or ends.

mod about;
mod asks;
mod proofs;
mod refused;
pub(super) mod running;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::request::Command;
use super::{Session, Tag};
use crate::gate::{self, Evidence, Gate, Judged, Kind, Overrides, Verdict, Want, results};
use crate::ledger::KnownGood;
use crate::protocol::{Completion, Outcome, Timestamp};
use crate::spec::Release;
use crate::target::docker::Step;
use asks::Asks;

/// Milliseconds until gates that may change are asked again; doubled each time, up to the longest.
const FIRST_WAIT: u64 = 5_000;

/// Most milliseconds between two times.
const LONGEST_WAIT: u64 = 30_000;

/// Milliseconds that what a platform said may be old once the lease is held: what is younger was said a moment ago, and a check
/// that turns red in that moment could turn red in the next one as well.
const FRESH: u64 = 10_000;

/// How far a run is when its gates are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Nothing but the run itself is known.
    Run,
    /// The image is known.
    Image,
    /// What is recorded is known, and the lease is held.
    Ledger,
}

/// Gates of a run.
#[derive(Debug)]
pub(super) struct Gating {
    gates: Vec<Gate>,
    evidence: Evidence,
    overrides: Overrides,
    stage: Stage,
    /// What is being asked.
    asks: Asks,
    /// Until when is waited for what may still come.
    deadline: Timestamp,
    /// When is asked again.
    again: Option<Timestamp>,
    rounds: u32,
    judged: Vec<Judged>,
    /// They said yes, and the run goes on.
    passed: bool,
}

impl Gating {
    fn new(
        gates: Vec<Gate>,
        evidence: Evidence,
        overrides: Overrides,
        asks: Asks,
        deadline: Timestamp,
    ) -> Self {
        Self {
            gates,
            evidence,
            overrides,
            stage: Stage::Run,
            asks,
            deadline,
            again: None,
            rounds: 0,
            judged: Vec::new(),
            passed: false,
        }
    }

    /// When something of it is to be gone on with.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.again.into_iter().chain(self.asks.wake_at()).min()
    }

    /// Whether time has to pass before anything is asked again.
    pub(super) const fn waits(&self) -> bool {
        self.again.is_some()
    }

    fn judge(&mut self, now: Timestamp) {
        let judge = |gate| gate::judge(gate, &self.evidence, &self.overrides, now);
        self.judged = self.gates.iter().map(judge).collect();
    }

    /// Gates that ask something themselves, but for those that were overridden and what is in them.
    fn leaves(&self) -> Vec<&Gate> {
        fn collect<'a>(gate: &'a Gate, overridden: &[String], leaves: &mut Vec<&'a Gate>) {
            if gate.is_overridden(overridden) {
                return;
            }
            match &gate.kind {
                Kind::All(gates) | Kind::Any(gates) => {
                    gates.iter().for_each(|it| collect(it, overridden, leaves))
                }
                Kind::Not(gate) => collect(gate, overridden, leaves),
                _ => leaves.push(gate),
            }
        }
        let mut leaves = Vec::new();
        self.gates
            .iter()
            .for_each(|gate| collect(gate, &self.overrides.names, &mut leaves));
        leaves
    }

    /// What is to be asked now. Code of the commit runs only once nothing else is left to ask, and nothing says no.
    fn wants(&self, plan: bool, now: Timestamp) -> Vec<Want> {
        let none = Overrides::default();
        let unasked = |gate: &&&Gate| {
            let judged = gate::judge(gate, &self.evidence, &none, now);
            judged.verdict.is_unasked()
        };
        let leaves = self.leaves();
        let wants = leaves
            .iter()
            .filter(unasked)
            .flat_map(|gate| gate::wants(gate));
        let wants: BTreeSet<Want> = wants.filter(|want| self.may_ask(want, plan)).collect();
        let (run, ask): (Vec<Want>, Vec<Want>) = wants.into_iter().partition(Want::runs);
        match (ask.is_empty(), gate::at_best(&self.judged)) {
            (false, _) => ask,
            (true, Verdict::Pass) => run,
            (true, _) => Vec::new(),
        }
    }

    /// What the platform cannot answer is known at once, and told even where nobody knows yet which commit it is about.
    fn refuse(&mut self, now: Timestamp) {
        let wants: BTreeSet<Want> = self.leaves().into_iter().flat_map(gate::wants).collect();
        for want in wants
            .into_iter()
            .filter(|it| !self.is_there(it))
            .collect::<Vec<_>>()
        {
            if let Some(missing) = self.asks.refuses(&want, &self.gates) {
                asks::put(&mut self.evidence, want, Err(missing), now);
            }
        }
    }

    fn is_there(&self, want: &Want) -> bool {
        let evidence = &self.evidence;
        match want {
            Want::File(path) => evidence.files.contains_key(path),
            Want::Checks(_) => evidence.checks.is_some(),
            Want::Reviews => evidence.reviews.is_some(),
            Want::Approvals => evidence.approvals.is_some(),
            Want::Alerts(tool) => evidence.scans.contains_key(tool),
            Want::Tip => evidence.tip.is_some(),
            Want::Command(gate) => evidence.commands.contains_key(gate),
            Want::Session(name) => evidence.sessions.contains_key(name),
            Want::Proof(environment) => evidence.proofs.contains_key(environment),
            // Those are not asked for: they come with the stages.
            Want::Image | Want::Ledger => true,
        }
    }

    fn may_ask(&self, want: &Want, plan: bool) -> bool {
        let there = self.is_there(want);
        let known = self.evidence.subject.commit.is_some() || !want.is_of_a_commit();
        let time = !want.runs() || (self.stage >= Stage::Image && !plan);
        // Of an image, so of one that is known.
        let time = time && (!matches!(want, Want::Proof(_)) || self.stage >= Stage::Image);
        !there && known && time
    }

    /// What the platform said before others had the lease, or while an image was fetched, is forgotten, so that it is asked again:
    /// a branch goes on meanwhile, and checks turn red. What ran here, and what is written down for ever, stays as it is.
    fn forget_old(&mut self, now: Timestamp) {
        let old = |at: Timestamp| now.since(at) > FRESH;
        let evidence = &mut self.evidence;
        evidence.checks.take_if(|it| old(it.at));
        evidence.reviews.take_if(|it| old(it.at));
        evidence.approvals.take_if(|it| old(it.at));
        evidence.tip.take_if(|it| old(it.at));
        evidence.scans.retain(|_, it| !old(it.at));
    }

    /// What may have changed is forgotten, so that it is asked again.
    fn forget(&mut self, now: Timestamp) {
        let none = Overrides::default();
        let leaves = self.leaves();
        let changing = leaves.into_iter().filter(|gate| {
            gate::judge(gate, &self.evidence, &none, now)
                .verdict
                .may_change()
        });
        let wants: Vec<Want> = changing.flat_map(gate::wants).collect();
        let evidence = &mut self.evidence;
        for want in wants {
            match want {
                Want::File(path) => drop(evidence.files.remove(&path)),
                Want::Checks(_) => evidence.checks = None,
                Want::Reviews => evidence.reviews = None,
                Want::Approvals => evidence.approvals = None,
                Want::Alerts(tool) => drop(evidence.scans.remove(&tool)),
                Want::Tip => evidence.tip = None,
                Want::Command(gate) => drop(evidence.commands.remove(&gate)),
                Want::Session(name) => drop(evidence.sessions.remove(&name)),
                Want::Proof(environment) => drop(evidence.proofs.remove(&environment)),
                Want::Image | Want::Ledger => {}
            }
        }
    }
}

impl Session {
    /// Asks the gates at this stage, and goes on where they let it.
    pub(super) fn gate(&mut self, stage: Stage) {
        let (image, recorded) = (self.labelled(), self.recorded());
        let (now, given) = (self.now, self.image_given);
        let revision = self.label_of_image("revision");
        let Some(gating) = self.gating.as_mut() else {
            return self.past_gates(stage);
        };
        gating.stage = stage;
        gating.passed = false;
        if stage >= Stage::Image && gating.evidence.image.is_none() {
            gating.evidence.image = image;
            if given {
                gating.evidence.subject.commit = revision;
            }
        }
        if stage == Stage::Ledger {
            gating.forget_old(now);
            gating.evidence.ledger = Some(gate::Seen {
                at: now,
                what: Ok(recorded),
            });
        }
        self.ask_gates();
    }

    /// Asks what is to be asked, or decides by what is known.
    fn ask_gates(&mut self) {
        let (now, plan) = (self.now, self.request().command == Command::Plan);
        let facts = self.facts_of_image();
        let workspace = self.begin.workspace.clone();
        let image = self.image_in_a_registry();
        let Some(gating) = self.gating.as_mut() else {
            return;
        };
        gating.refuse(now);
        gating.judge(now);
        let wants = gating.wants(plan, now);
        if wants.is_empty() {
            return self.decide_gates(plan);
        }
        let about = asks::About {
            subject: &gating.evidence.subject,
            gates: &gating.gates,
            facts: &facts,
            workspace: &workspace,
            image: image.as_ref(),
            now,
        };
        let begun = gating.asks.begin(&wants, about);
        for (want, missing) in begun.missing {
            asks::put(&mut gating.evidence, want, Err(missing), now);
        }
        if begun.ids.is_empty() {
            return self.ask_gates();
        }
        let what: Vec<String> = wants.iter().map(telling::asked).collect();
        self.info(crate::report::inert(&format!(
            "gates: asking for {}",
            what.join(", ")
        )));
        for id in begun.ids {
            self.go_on_asking(id);
        }
    }

    /// The next command of a question.
    fn go_on_asking(&mut self, id: u32) {
        let steps = self
            .gating
            .as_mut()
            .map(|it| it.asks.effects(id))
            .unwrap_or_default();
        let steps = steps.into_iter().map(Step::strict).collect();
        self.call(Tag::Asked(id), steps);
    }

    pub(super) fn on_asked(&mut self, id: u32, done: &[Completion]) {
        let now = self.now;
        let Some(gating) = self.gating.as_mut() else {
            return;
        };
        let heard = gating.asks.on(id, done, &mut gating.evidence, now);
        self.report.logs.extend(heard.logs);
        if let Some(why) = heard.waits {
            self.info(crate::report::inert(&format!("gates: {why}")));
        }
        if heard.more {
            return self.go_on_asking(id);
        }
        if self.gating.as_ref().is_some_and(|it| it.asks.idle()) {
            self.ask_gates();
        }
    }

    /// What was to wait has waited.
    pub(super) fn wake_gates(&mut self) {
        let now = self.now;
        if self.ending || self.cancelled {
            return;
        }
        let Some(gating) = self.gating.as_mut() else {
            return;
        };
        let due = gating.asks.due(now);
        let again = gating.again.is_some_and(|at| at <= now);
        if again {
            gating.again = None;
            gating.forget(now);
        }
        due.into_iter().for_each(|id| self.go_on_asking(id));
        if again {
            self.ask_gates();
        }
    }

    /// Everything that can be asked at this stage is known.
    fn decide_gates(&mut self, plan: bool) {
        let now = self.now;
        let Some(gating) = self.gating.as_mut() else {
            return;
        };
        gating.judge(now);
        let stage = gating.stage;
        let best = gate::at_best(&gating.judged);
        self.report.gates.clone_from(&gating.judged);
        let lasting = [refused::UNSUPPORTED, "forge-denied", "forge-token"];
        let mut missing = gating.evidence.missing().into_iter();
        let unanswerable = missing.find(|it| lasting.contains(&it.code)).cloned();
        if let Some(missing) = unanswerable.filter(|_| plan) {
            let next = missing.next.into_iter().collect();
            return self.finish(Outcome::Failed, missing.code, vec![missing.why], next);
        }
        let last = stage == Stage::Ledger;
        let verdict = if last {
            gate::verdict(&gating.judged)
        } else {
            best
        };
        if plan || verdict == Verdict::Pass {
            gating.passed = true;
            return self.past_gates(stage);
        }
        if !last && self.waits_for(&verdict) {
            return;
        }
        self.end_at_gates(&verdict);
    }

    /// Whether it is worth waiting, and then waits: not where it is known that it takes longer. What has the lease waits for
    /// nobody.
    fn waits_for(&mut self, verdict: &Verdict) -> bool {
        let now = self.now;
        let Some(gating) = self.gating.as_mut() else {
            return false;
        };
        let until = match verdict {
            Verdict::Pending { until, .. } => *until,
            Verdict::Pass | Verdict::Fail | Verdict::Unknown { .. } => None,
        };
        let left = gating.deadline.since(now);
        if !verdict.may_change() || left == 0 || until.is_some_and(|until| until > gating.deadline)
        {
            return false;
        }
        let usual = (FIRST_WAIT << gating.rounds.min(3)).min(LONGEST_WAIT);
        let wait = until
            .map_or(usual, |until| until.since(now).max(1))
            .min(usual)
            .min(left);
        gating.rounds += 1;
        gating.again = Some(now.plus(wait));
        let on = telling::short(verdict);
        self.info(crate::report::waiting(
            &format!("the gates: {on}"),
            Some(left),
        ));
        true
    }

    /// On to what comes after this stage.
    fn past_gates(&mut self, stage: Stage) {
        match stage {
            Stage::Run => self.connect(),
            Stage::Image => self.past_image(),
            Stage::Ledger => {
                let state = self
                    .memory
                    .as_ref()
                    .map(|it| it.ledger.state().clone())
                    .unwrap_or_default();
                self.go(&state);
            }
        }
    }

    /// What was judged before the lease was given back and taken anew may be true no more.
    pub(super) fn ask_gates_again(&mut self) {
        if let Some(gating) = &mut self.gating {
            gating.passed = false;
        }
    }

    /// Whether the gates have said yes, also to what is recorded; or there are none.
    pub(super) fn gates_are_open(&self) -> bool {
        let asked = |it: &Gating| it.stage == Stage::Ledger && it.passed;
        self.gating.as_ref().is_none_or(asked)
    }

    /// How many tests ran, by the gate that counts them, for a release that is brought now. Whoever goes back asks no gates: then
    /// it is as it was when that release came.
    pub(super) fn counted_tests(&self, release: &Release) -> BTreeMap<String, u64> {
        let Some(memory) = &self.memory else {
            return BTreeMap::new();
        };
        let state = memory.ledger.state();
        let counted = |good: &KnownGood| good.counted.clone();
        let serving = || state.serving().map(counted).unwrap_or_default();
        let mut good = state.known_good.iter();
        match (&self.gating, self.request().command) {
            (Some(gating), _) => {
                results::remembered(&gating.gates, &gating.evidence, &serving(), self.now)
            }
            (None, Command::Rollback) => good
                .find(|it| it.release.same_as(release))
                .map_or_else(serving, counted),
            (None, _) => BTreeMap::new(),
        }
    }
}
