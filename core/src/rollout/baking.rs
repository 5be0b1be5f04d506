//! Baking: the new version has the traffic, or a share of it, and is watched.

use std::collections::{BTreeMap, BTreeSet};

use super::comparing::Reading;
use super::{
    ActionId, Fault, FaultCode, Form, Life, Observation, Person, Phase, Rollout, Traffic, Why,
};
use crate::protocol::Timestamp;
use crate::spec::InstanceId;

mod hearing;

/// The fewest bad answers that can condemn a version.
///
/// At little traffic one blip is a large share: with two bad answers in a minute nobody can tell a broken version from
/// a restarted database. Three is the least that is no coincidence, and a version that answers nothing at all is
/// condemned by its probes and its router checks anyway.
pub(super) const LEAST_BAD: u64 = 3;

/// The fewest that condemn where no answer was good at all, at the end of the bake.
const LEAST_WHERE_NONE_IS_GOOD: u64 = 2;

/// Milliseconds for which somebody must have waited, and nobody have got any answer, for that to condemn. The router itself gives up after a
/// minute, so that short bakes would end before anything is counted.
const SILENCE: u64 = 15_000;

/// Milliseconds after which a request without an answer is one that waits: it is not yet bad, but no verdict is founded before it is known.
const SLOW: u64 = 5_000;

/// With how much traffic it is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stretch {
    /// With a share, beside the old version.
    Pause,
    /// With all of it.
    Bake,
}

/// What is known while baking.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Baking {
    pub(super) stretch: Stretch,
    /// Its evidence was whole, and a person is waited for.
    pub(super) waits: bool,
    since: Timestamp,
    until: Timestamp,
    /// When want of evidence ends the waiting, or want of a person.
    pub(super) give_up: Timestamp,
    next: Timestamp,
    probe: Option<ActionId>,
    watch: Option<ActionId>,
    /// Of the metrics, in the plan's order.
    pub(super) readings: Vec<Reading>,
    /// Bad probes in a row, by instance, and the last of them.
    bad: BTreeMap<InstanceId, (u32, String)>,
    /// Instances that the engine or somebody started anew, and that have not been well since: until when they may come
    /// up before their probes count again.
    anew: BTreeMap<InstanceId, Timestamp>,
    /// How often that was seen.
    starts: u32,
    /// Attempts, and bad ones of them, that are held against nobody: from before what was started anew was well again.
    forgiven: (u64, u64),
    /// Instances that the last round of probes found well.
    well: BTreeSet<InstanceId>,
    /// Instances that the last look at how they live did see.
    watched: BTreeSet<InstanceId>,
    /// The last counts, by instance.
    counts: BTreeMap<InstanceId, Traffic>,
    /// What was counted before the counting started anew.
    before: Traffic,
    /// What had been counted when this stretch began: what was well with little traffic stands for nothing with more.
    origin: Traffic,
    /// Requests that had begun at two moments, the first at least [`SLOW`] ago as soon as that can be.
    begun: [(Timestamp, u64); 2],
    /// Since when somebody waits, and nobody has got any answer.
    silent: Option<Timestamp>,
    /// What the last round of probes did not find well.
    unwell: Option<String>,
    /// What the last look at how they live did not see.
    unseen: Option<String>,
    probes: u32,
}

impl Baking {
    pub(super) const fn name(&self) -> &'static str {
        match self.stretch {
            Stretch::Pause if self.waits => "asking",
            Stretch::Pause => "pausing",
            Stretch::Bake => "baking",
        }
    }

    /// A look is under way: its answer is waited for, but not for ever. Else: the next look.
    pub(super) fn wake_at(&self) -> Timestamp {
        let looking = self.probe.is_some() || self.watch.is_some();
        let look = (!looking).then_some(self.next);
        let readings = self.readings.iter();
        let readings = readings.filter(|it| it.under_way.is_none());
        let readings = readings.map(|it| it.next);
        let next = look.into_iter().chain(readings).min();
        next.map_or(self.give_up, |next| next.min(self.give_up))
    }
}

impl Rollout {
    pub(super) fn begin_baking(&mut self, stretch: Stretch) {
        let length = match stretch {
            Stretch::Pause => self.plan.timing.pause,
            Stretch::Bake => self.plan.timing.bake,
        };
        let until = self.now.plus(length);
        let patience = match (stretch, &self.plan.comparison) {
            (Stretch::Pause, Some(comparison)) => comparison.deadline,
            (Stretch::Pause | Stretch::Bake, _) => 0,
        };
        let readings = match stretch {
            Stretch::Pause => {
                self.begin_comparing();
                self.begin_asking();
                self.readings()
            }
            // Nobody is left to compare with.
            Stretch::Bake => {
                self.trial = None;
                Vec::new()
            }
        };
        let (counts, before) = self.counted.take().unwrap_or_else(|| self.counted_so_far());
        let origin = sum(counts.values().chain([&before]));
        self.phase = Phase::Baking(Baking {
            stretch,
            waits: false,
            since: self.now,
            until,
            give_up: until.plus(self.plan.timing.prove).plus(patience),
            next: self.now,
            probe: None,
            watch: None,
            readings,
            bad: BTreeMap::new(),
            anew: BTreeMap::new(),
            starts: 0,
            forgiven: (0, 0),
            well: BTreeSet::new(),
            watched: BTreeSet::new(),
            counts,
            before,
            origin,
            begun: [(self.now, 0); 2],
            silent: None,
            unwell: None,
            unseen: None,
            probes: 0,
        });
        self.time_in_baking();
    }

    /// What had been counted before there was any traffic. Of what waited for a person that is what the run before has asked of
    /// it; of everything else there is nothing.
    fn counted_so_far(&self) -> (BTreeMap<InstanceId, Traffic>, Traffic) {
        let promoted = self.plan.person == Person::Promoted;
        let members = self.plan.new.members.iter().filter(|_| promoted);
        let counts = members.filter_map(|it| Some((it.id, self.lives.get(&it.id)?.traffic?)));
        (counts.collect(), Traffic::default())
    }

    pub(super) fn time_in_baking(&mut self) {
        let now = self.now;
        let Phase::Baking(baking) = &self.phase else {
            return;
        };
        if now >= baking.give_up {
            let why = baking.blind();
            if let Some(unpromoted) = self.unpromoted() {
                self.decided(self.way(), vec![unpromoted.clone()]);
                return self.go_back(Why::Unpromoted(unpromoted));
            }
            if let Some(undecided) = self.undecided() {
                return self.unproven_beside(&undecided);
            }
            return self.unmeasured(&why);
        }
        self.measure();
        let Phase::Baking(baking) = &self.phase else {
            return;
        };
        if now < baking.next || baking.probe.is_some() || baking.watch.is_some() {
            return;
        }
        let (probe, watch) = self.look();
        let every = self.plan.timing.every;
        if let Phase::Baking(baking) = &mut self.phase {
            baking.probe = Some(probe);
            baking.watch = Some(watch);
            baking.next = now.plus(every);
            if now < baking.until {
                // The last look is at the very end, so that the verdict rests on how it is then.
                baking.next = baking.next.min(baking.until);
            }
        }
    }

    pub(super) fn on_baking(&mut self, id: ActionId, observation: Observation) {
        let members = self.brought().to_vec();
        let Phase::Baking(baking) = &mut self.phase else {
            return;
        };
        if baking.probe == Some(id) {
            let seen = observation.probed();
            baking.hear(&members, &seen);
            self.saw(seen);
        } else if baking.watch == Some(id) {
            let lives = observation.watched();
            baking.see(&members, &lives);
            baking.wait(self.now);
            let anew = self.started_anew(&lives);
            self.wait_for(&anew);
            if let Some(why) = self.removed(&lives) {
                return self.unmeasured(&why);
            }
            self.compare(&lives);
            self.tell_comparison();
            let fault = self.lives_badly(lives);
            let fault = fault.or_else(|| self.answers_badly());
            let fault = fault.or_else(|| self.is_worse());
            if let Some(fault) = fault.or_else(|| self.answers_nobody()) {
                return self.unwell(fault);
            }
        } else if let Some(at) = baking.read(id) {
            if let Observation::Measured(value) = observation {
                self.measured(at, value);
            }
            if let Some(fault) = self.is_worse() {
                return self.unwell(fault);
            }
        } else {
            return;
        }
        if let Some(fault) = self.probes_badly() {
            return self.unwell(fault);
        }
        if self.well_baked() && self.undecided().is_none() && !self.awaits_a_person() {
            return self.end_stretch();
        }
        self.time_in_baking();
    }

    /// There is no evidence that it is worse, and none that it is not: that is nobody's fault, and no reason to go on.
    fn unproven_beside(&mut self, undecided: &str) {
        let why = format!("the comparison with the old version came to no end: {undecided}");
        self.decided(self.way(), vec![why.clone()]);
        self.go_back(Why::World(why));
    }

    /// Nothing was amiss at this share: on to the next.
    fn end_stretch(&mut self) {
        let evidence = self.evidence();
        if let Phase::Baking(baking) = &mut self.phase
            && baking.stretch == Stretch::Pause
        {
            let counts = std::mem::take(&mut baking.counts);
            self.counted = Some((counts, baking.before));
            let decision = match self.plan.form {
                Form::Server => "give it more traffic",
                Form::Worker => "replace more of the old ones",
            };
            self.decided(decision, evidence);
        }
        self.enter(self.step + 1);
    }

    /// Instances that run, and were started since they were seen last: not by their own restart policy, for that
    /// condemns them.
    pub(super) fn started_anew(&self, lives: &BTreeMap<InstanceId, Life>) -> Vec<InstanceId> {
        let anew = |id: &InstanceId, life: &Life| {
            let before = self.lives.get(id).map(|before| before.started);
            before.is_some_and(|before| before != 0 && before != life.started)
        };
        let new = |id: &InstanceId| self.plan.new.members.iter().any(|it| it.id == *id);
        let lives = lives.iter().filter(|(id, life)| new(id) && anew(id, life));
        lives.map(|(&id, _)| id).collect()
    }

    /// An engine that was restarted is not the version's fault: whatever came up with it gets the time to do so.
    fn wait_for(&mut self, anew: &[InstanceId]) {
        let until = self.now.plus(self.plan.timing.prove);
        let counted = self.counted();
        let Phase::Baking(baking) = &mut self.phase else {
            return;
        };
        for &id in anew {
            baking.bad.remove(&id);
            baking.anew.insert(id, until);
            baking.starts += 1;
        }
        if !baking.anew.is_empty() {
            baking.forgiven = counted;
        }
        if !anew.is_empty() {
            let told = anew
                .iter()
                .map(|id| format!("{id} was started anew, by the engine or by hand"));
            let told = told.collect();
            self.decided("let it come up", told);
        }
    }

    /// Probes condemn an instance once a look at how it lives has come with them: it may have been started anew.
    fn probes_badly(&self) -> Option<Fault> {
        let Phase::Baking(baking) = &self.phase else {
            return None;
        };
        if baking.probe.is_some() || baking.watch.is_some() {
            return None;
        }
        let counts = |id: &InstanceId| baking.anew.get(id).is_none_or(|until| self.now >= *until);
        let failed = baking
            .bad
            .iter()
            .find(|(id, (bad, _))| *bad >= self.plan.timing.failures && counts(id));
        failed.map(|(&id, (bad, what))| Fault {
            code: FaultCode::ProbeFailed,
            instance: Some(id),
            seen: format!("{bad} bad probes in a row; the last: {what}"),
        })
    }

    /// Positive evidence from every instance, from the end of the bake: what was not seen then is not well. A stretch ends by a
    /// look that has come back whole, and by nothing from before it.
    pub(super) fn well_baked(&self) -> bool {
        let looks =
            matches!(&self.phase, Phase::Baking(it) if it.probe.is_some() || it.watch.is_some());
        !looks && self.is_whole()
    }

    /// The same by the last looks that came back, whatever is under way.
    pub(super) fn is_whole(&self) -> bool {
        let Phase::Baking(baking) = &self.phase else {
            return false;
        };
        self.now >= baking.until
            && self.is_answered(baking)
            && self.brought().iter().all(|member| {
                let life = self.lives.get(&member.id);
                baking.well.contains(&member.id)
                    && baking.watched.contains(&member.id)
                    && life.is_some_and(|life| life.is_as_planned() && life.traffic.is_some())
            })
    }

    /// Whether enough requests were answered for the share of bad ones to mean something. Whoever answers late by nature, as a page
    /// that waits for news does, is not waited for beyond the last moment.
    fn is_answered(&self, baking: &Baking) -> bool {
        let total = baking.total();
        let waiting = baking.waiting();
        let few = waiting < LEAST_BAD
            || waiting * 1000 <= u64::from(self.plan.timing.errors) * total.begun;
        // However short the bake is: where nobody at all has been answered yet, nothing is known.
        let few = few && (baking.silent.is_none() || total.begun < LEAST_BAD);
        let last = self.now.plus(self.plan.timing.every + SLOW) >= baking.give_up;
        few || (last && total.answered > 0)
    }

    /// What is not known yet, in words.
    pub(super) fn not_known(&self, baking: &Baking) -> String {
        let left = baking.until.since(self.now).div_ceil(1000);
        if left > 0 {
            return format!("it is watched for {left} s more");
        }
        let waiting = baking.waiting();
        if baking.silent.is_none() && !self.is_answered(baking) {
            let slow = SLOW / 1000;
            return format!("{waiting} requests have waited for more than {slow} s for an answer");
        }
        baking.blind()
    }

    /// Nobody gets an answer at all, good or bad.
    fn answers_nobody(&self) -> Option<Fault> {
        let Phase::Baking(baking) = &self.phase else {
            return None;
        };
        let waited = self.now.since(baking.silent?);
        let begun = baking.total().begun;
        (waited >= SILENCE && begun >= LEAST_BAD).then(|| Fault {
            code: FaultCode::Errors,
            instance: None,
            seen: format!(
                "none of {begun} requests has been answered in {} s, though its health is well",
                waited / 1000
            ),
        })
    }

    /// Attempts and those without a good answer, of all new instances.
    fn answered(&self) -> (u64, u64) {
        let Phase::Baking(baking) = &self.phase else {
            return (0, 0);
        };
        let (attempts, bad) = self.counted();
        let (forgiven, forgiven_bad) = baking.forgiven;
        (
            attempts.saturating_sub(forgiven),
            bad.saturating_sub(forgiven_bad),
        )
    }

    fn counted(&self) -> (u64, u64) {
        let Phase::Baking(baking) = &self.phase else {
            return (0, 0);
        };
        let total = baking.total();
        (total.attempts, total.attempts.saturating_sub(total.good))
    }

    fn answers_badly(&self) -> Option<Fault> {
        let (attempts, bad) = self.answered();
        let all = bad == attempts && bad >= LEAST_WHERE_NONE_IS_GOOD && self.is_at_the_end();
        let too_many =
            all || bad >= LEAST_BAD && bad * 1000 > u64::from(self.plan.timing.errors) * attempts;
        too_many.then(|| Fault {
            code: FaultCode::Errors,
            instance: None,
            seen: format!(
                "{bad} of {attempts} requests got no good answer ({})",
                share(bad, attempts)
            ),
        })
    }

    const fn is_at_the_end(&self) -> bool {
        matches!(&self.phase, Phase::Baking(baking) if self.now.0 >= baking.until.0)
    }

    /// What the commit rests on, in words and numbers.
    pub(super) fn evidence(&self) -> Vec<String> {
        let Phase::Baking(baking) = &self.phase else {
            return Vec::new();
        };
        let (attempts, bad) = self.answered();
        let replicas = self.brought().len();
        let starts = (baking.starts > 0).then(|| {
            format!(
                "the engine or somebody started instances anew, {} times",
                baking.starts
            )
        });
        let (well, under, requests) = match self.plan.form {
            Form::Server => {
                let (of, good) = (share(bad, attempts), "requests without a good answer");
                let requests = format!("{bad} of {attempts} {good} ({of})");
                ("answered through the router", " of traffic", Some(requests))
            }
            Form::Worker => ("were well", "", None),
        };
        let well = format!(
            "{replicas} of {replicas} instances {well}, {} rounds of probes",
            baking.probes
        );
        let ended = format!(
            "no exit was seen, and no restart by its policy, in {} s{under}",
            self.now.since(baking.since) / 1000
        );
        let digest = "the digest read back from every instance is the planned one".to_owned();
        let evidence = [Some(well), Some(ended), requests, Some(digest)];
        let refused = baking.total().refused;
        let refused = (refused > 0).then(|| {
            format!("{refused} answers were refusals (400 to 499), which are not counted as bad")
        });
        let waiting = baking.waiting();
        let waiting = (waiting > 0).then(|| {
            format!(
                "{waiting} requests had waited for more than {} s for an answer",
                SLOW / 1000
            )
        });
        let more = [starts, refused, waiting].into_iter().flatten();
        let evidence = evidence.into_iter().flatten().chain(more);
        evidence.chain(self.compared()).collect()
    }
}

fn sum<'a>(counts: impl Iterator<Item = &'a Traffic>) -> Traffic {
    counts.fold(Traffic::default(), |total, it| Traffic {
        attempts: total.attempts + it.attempts,
        good: total.good + it.good,
        begun: total.begun + it.begun,
        answered: total.answered + it.answered,
        refused: total.refused + it.refused,
        epoch: 0,
    })
}

/// A share in percent, for people.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "no traffic".to_owned();
    }
    let permille = part * 1000 / whole;
    format!("{}.{} %", permille / 10, permille % 10)
}
