//! What an action does to the world, and what is heard of it.

use std::collections::BTreeMap;

use cd_core::analysis::Why as NoValue;
use cd_core::protocol::Outcome;
use cd_core::rollout::invariants::{Change, Past, State};
use cd_core::rollout::{
    Action, Done, End, Entry, FULL, Fleet, Life, Mark, Member, Observation, Ran, Record, Seen,
    Stands, Started, Table, Traffic, Turn,
};
use cd_core::spec::{InstanceId, Token};

use super::answers::{WHY, blind, failed};
use super::{Brings, Committed, How, Late, Quality, Release, Setup, Thing, World, has_traffic};
use crate::mutant::Mutant;

impl World {
    /// How something ends that was asked for, and what happens by it.
    pub(super) fn end_of(
        &mut self,
        setup: &Setup,
        token: Token,
        brings: Option<Brings>,
        action: &Action,
        how: How,
    ) -> Observation {
        match how {
            How::Well => self.perform(setup, token, brings, action, false),
            How::Lingering => self.linger(setup, token, brings, action),
            // It ran, and says no.
            How::Fails if matches!(action, Action::Hook(_)) => {
                self.perform(setup, token, brings, action, false);
                Observation::Hooked(Ran::Failed(WHY.to_owned()))
            }
            How::UnknownNot if matches!(action, Action::Hook(_)) => {
                Observation::Hooked(Ran::Not(WHY.to_owned()))
            }
            How::Fails => failed(action, Done::No(WHY.to_owned())),
            How::UnknownNot | How::UnknownLate => failed(action, Done::Unknown(WHY.to_owned())),
            How::UnknownDone => {
                self.perform(setup, token, brings, action, false);
                failed(action, Done::Unknown(WHY.to_owned()))
            }
            How::UnknownHalf => {
                let effective = self.effective.clone();
                self.perform(setup, token, brings, action, false);
                self.effective = effective;
                failed(action, Done::Unknown(WHY.to_owned()))
            }
            How::RecordedOnly => {
                let effective = self.effective.clone();
                match self.perform(setup, token, brings, action, false) {
                    Observation::Routed { done, .. } => {
                        self.effective = effective;
                        Observation::Acted(done)
                    }
                    answer => answer,
                }
            }
            How::Blind => blind(action),
        }
    }

    fn linger(
        &mut self,
        setup: &Setup,
        token: Token,
        brings: Option<Brings>,
        action: &Action,
    ) -> Observation {
        let had: Vec<InstanceId> = self
            .effective
            .entries
            .iter()
            .filter(|it| has_traffic(it))
            .map(|it| it.member.id)
            .collect();
        let answer = self.perform(setup, token, brings, action, false);
        let Observation::Routed { done, .. } = answer else {
            return answer;
        };
        let has = |id: &InstanceId| {
            let mut entries = self.effective.entries.iter();
            entries.any(|it| has_traffic(it) && it.member.id == *id)
        };
        let lingers = |id: &InstanceId| done.is_yes() && !has(id);
        let lingering = had.into_iter().filter(lingers).map(|id| (id, 1)).collect();
        Observation::Routed { done, lingering }
    }

    /// Carries it out. `late`: whoever asked for it is dead.
    pub(super) fn perform(
        &mut self,
        setup: &Setup,
        token: Token,
        brings: Option<Brings>,
        action: &Action,
        late: bool,
    ) -> Observation {
        match action {
            Action::Adopt(ids) => {
                Observation::Acted(self.fence(setup, token, |world| world.adopt(token, ids)))
            }
            Action::Record(record, mark) => {
                let done = self.fence(setup, token, |world| {
                    world.record(setup, brings, record, mark.as_ref());
                    if let (Record::Committed { table, .. }, Some(mark)) = (record, mark) {
                        world.route(setup, table, mark);
                    }
                });
                let lingering = Vec::new();
                match record {
                    Record::Began | Record::Hook { .. } => Observation::Acted(done),
                    Record::Committed { .. } => Observation::Routed { done, lingering },
                }
            }
            Action::Start(member) => Observation::Started(self.start(token, brings, *member, late)),
            Action::Revive(id) => Observation::Started(self.revive(token, *id)),
            Action::Route { table, mark, .. } => {
                let done = self.fence(setup, token, |world| world.route(setup, table, mark));
                Observation::Routed {
                    done,
                    lingering: Vec::new(),
                }
            }
            Action::Probe(members) => Observation::Probed(self.probe(setup, members)),
            Action::Watch(ids) => Observation::Watched(self.watch(ids)),
            Action::Measure(_) => Observation::Measured(Err(NoValue::NoData)),
            Action::Log(_) => Observation::Logged,
            Action::Hook(hook) => {
                self.run_hook(setup, brings, *hook);
                Observation::Hooked(Ran::Well)
            }
            Action::Stop(id) => {
                if !setup.has(Mutant::StopsNothing) || self.is_known_good(*id) {
                    self.change_thing(token, *id, |thing| thing.state = State::Stopped);
                }
                Observation::Acted(Done::Yes)
            }
            Action::Remove(id) => {
                self.change_thing(token, *id, |thing| thing.state = State::Stopped);
                self.things
                    .retain(|it, thing| it != id || thing.token != token);
                Observation::Acted(Done::Yes)
            }
            // The answer to the first one got lost.
            Action::Conclude(_) if !self.held && self.token == token => {
                Observation::Acted(Done::Yes)
            }
            Action::Conclude(end) => Observation::Acted(
                self.fence(setup, token, |world| world.conclude(setup, brings, end)),
            ),
        }
    }

    /// Compares the token and acts, in the same breath.
    fn fence(&mut self, setup: &Setup, token: Token, act: impl FnOnce(&mut Self)) -> Done {
        let right = self.token == token && self.held;
        if !right && !setup.has(Mutant::ChecksNoToken) {
            return Done::Fenced(format!("token {}", self.token));
        }
        act(self);
        self.changed(token);
        if !setup.has(Mutant::AcceptsOvertakenWrites) {
            // Writes are numbered: one that a later one has overtaken is refused.
            self.late
                .retain(|late| late.token != token || !is_fenced(&late.action));
        }
        Done::Yes
    }

    fn changed(&mut self, by: Token) {
        self.change = Some(Change {
            by,
            holder: self.token,
        });
    }

    /// Instances are addressed by a name that holds the token: under another one nothing is found. To change one that
    /// no user reaches is nobody else's business.
    fn change_thing(
        &mut self,
        token: Token,
        id: InstanceId,
        change: impl FnOnce(&mut Thing),
    ) -> bool {
        let Some(thing) = self
            .things
            .get_mut(&id)
            .filter(|thing| thing.token == token)
        else {
            return false;
        };
        let before = *thing;
        change(thing);
        let same = *thing == before;
        if !same
            && self
                .effective
                .entries
                .iter()
                .any(|entry| entry.weight > 0 && entry.member.id == id)
        {
            self.changed(token);
        }
        true
    }

    fn adopt(&mut self, token: Token, ids: &[InstanceId]) {
        for id in ids {
            if let Some(thing) = self.things.get_mut(id) {
                thing.token = token;
            }
        }
    }

    fn record(
        &mut self,
        setup: &Setup,
        brings: Option<Brings>,
        record: &Record,
        mark: Option<&Mark>,
    ) {
        let Some(brings) = brings else { return };
        match record {
            Record::Began => {
                self.ledger.open = Some(brings);
                self.ledger.waits = false;
                self.past = self.past.filter(|it| it.generation == brings.generation);
                self.ledger.highest = self.ledger.highest.max(brings.generation);
            }
            Record::Hook { hook, turn } => {
                let irreversible = setup.hooks.get(*hook).is_some_and(|it| it.irreversible);
                let late = setup.has(Mutant::RecordsThePointAfterwards);
                match turn {
                    Turn::Begins if late => {}
                    // A point that was passed before this one stays passed.
                    Turn::Over(Ran::Not(_)) => {
                        let mut before = setup.hooks.iter().take(*hook);
                        if irreversible && !before.any(|it| it.irreversible) {
                            self.ledger.points.remove(&brings.generation);
                        }
                    }
                    Turn::Begins | Turn::Over(_) if irreversible => {
                        self.ledger.points.insert(brings.generation);
                    }
                    Turn::Begins | Turn::Over(_) => {}
                }
            }
            Record::Committed { .. } if setup.has(Mutant::CommitsLate) => return,
            Record::Committed { .. } => self.commit(setup.fleet(brings.generation), brings.release),
        }
        if let Some(mark) = mark {
            self.ledger.checkpoint = Some(mark.clone());
        }
    }

    fn commit(&mut self, fleet: Fleet, release: Release) {
        self.ledger.open = None;
        self.ledger.waits = false;
        self.ledger.stands = None;
        self.past = None;
        if self.known_good() == Some(&fleet) {
            return;
        }
        let seen = |member: &Member| {
            self.things
                .get(&member.id)
                .is_some_and(|it| it.seen_well && it.seen_digest)
        };
        let proven = fleet.members.iter().all(seen);
        self.ledger.committed.push(Committed {
            fleet,
            release,
            proven,
        });
    }

    pub(super) fn commit_late(&mut self, run: usize) {
        let Some(end) = self.runs[run].machine.end() else {
            return;
        };
        let fleet = self.runs[run].machine.plan().new.clone();
        if let Some(brings) = self.runs[run].brings
            && end.serving == Some(fleet.generation)
        {
            self.commit(fleet, brings.release);
        }
    }

    fn start(
        &mut self,
        token: Token,
        brings: Option<Brings>,
        member: Member,
        late: bool,
    ) -> Started {
        let Some(brings) = brings else {
            return Started::No("nothing is brought".to_owned());
        };
        let quality = self.quality(brings.release.0);
        let late = late || token != self.token;
        if let Some(thing) = self.things.get_mut(&member.id) {
            if thing.token != token {
                return Started::No("the address is taken".to_owned());
            }
            if quality != Quality::Refused && thing.state == State::Stopped {
                thing.state = State::Running;
            }
        } else {
            let state = match quality {
                Quality::Good
                | Quality::NeverWell
                | Quality::BadToUsers
                | Quality::ExitsUnderTraffic
                | Quality::WrongDigest => State::Running,
                Quality::ExitsAtOnce => State::Ended,
                Quality::Refused => State::Stopped,
            };
            let known = quality != Quality::WrongDigest;
            let thing = Thing {
                state,
                known,
                late,
                ..Thing::new(brings.release, token)
            };
            self.things.insert(member.id, thing);
        }
        if quality == Quality::Refused {
            Started::Refused("no such command".to_owned())
        } else {
            Started::Yes
        }
    }

    /// What ended by itself ends again.
    fn revive(&mut self, token: Token, id: InstanceId) -> Started {
        let found = self.change_thing(token, id, |thing| {
            if thing.state == State::Stopped {
                thing.state = State::Running;
            }
        });
        if found {
            Started::Yes
        } else {
            Started::No("no such instance".to_owned())
        }
    }

    fn route(&mut self, setup: &Setup, table: &Table, mark: &Mark) {
        self.ledger.checkpoint = Some(mark.clone());
        let goes_back = matches!(mark, Mark::Settling { goal, .. } if *goal == self.known_good().map(|it| it.generation));
        if goes_back && setup.has(Mutant::BelievesTheRouter) {
            return;
        }
        let table = bent(setup, table, mark);
        for entry in table.entries.iter().filter(|entry| has_traffic(entry)) {
            let had = self
                .effective
                .entries
                .iter()
                .any(|it| has_traffic(it) && it.member == entry.member);
            let Some(thing) = self.things.get_mut(&entry.member.id) else {
                continue;
            };
            thing.served = true;
            thing.seen_well &= had;
            let exits = self.qualities.get(thing.release.0) == Some(&Quality::ExitsUnderTraffic);
            if exits && thing.state == State::Running {
                thing.state = State::Ended;
            }
        }
        self.written = table.clone();
        self.effective = table;
        if setup.has(Mutant::StopsTheOldAtTheShift) && *mark == Mark::Shifted {
            for member in self
                .known_good()
                .map(|fleet| fleet.members.clone())
                .unwrap_or_default()
            {
                self.change_thing(self.token, member.id, |thing| thing.state = State::Stopped);
            }
        }
    }

    fn probe(&mut self, setup: &Setup, members: &[Member]) -> BTreeMap<InstanceId, Seen> {
        let anybody = self.things.keys().any(|id| self.answers_well(*id));
        let mut seen = BTreeMap::new();
        for member in members {
            let well = self.answers_well(member.id);
            let traffic = self
                .effective
                .entries
                .iter()
                .any(|it| has_traffic(it) && it.member == *member);
            if let Some(thing) = self.things.get_mut(&member.id) {
                thing.seen_well = well && traffic;
            }
            let good = well || (anybody && setup.has(Mutant::TakesAnyAnswerToAProbe));
            seen.insert(
                member.id,
                if good {
                    Seen::Good
                } else {
                    Seen::Bad("no good answer".to_owned())
                },
            );
        }
        seen
    }

    fn answers_well(&self, id: InstanceId) -> bool {
        let named = self.effective.names(super::member(id));
        let runs = self
            .things
            .get(&id)
            .is_some_and(|thing| thing.state == State::Running && self.is_well(thing));
        named && runs
    }

    /// Whether it answers a probe well while it runs.
    pub(super) fn is_well(&self, thing: &Thing) -> bool {
        self.quality(thing.release.0) != Quality::NeverWell
    }

    fn quality(&self, release: usize) -> Quality {
        self.qualities
            .get(release)
            .copied()
            .unwrap_or(Quality::Good)
    }

    fn watch(&mut self, ids: &[InstanceId]) -> BTreeMap<InstanceId, Life> {
        let mut lives = BTreeMap::new();
        for id in ids {
            let Some(thing) = self.things.get_mut(id) else {
                continue;
            };
            thing.seen_digest = thing.known;
            let good = self.qualities.get(thing.release.0) != Some(&Quality::BadToUsers);
            let attempts = if thing.served { 10 } else { 0 };
            let traffic = Traffic {
                attempts,
                good: if good { attempts } else { 0 },
                begun: attempts,
                answered: attempts,
                refused: 0,
                epoch: 0,
            };
            let life = Life {
                running: thing.state == State::Running,
                exit: (thing.state == State::Ended).then_some(1),
                as_planned: Some(thing.known),
                traffic: Some(traffic),
                ..Life::default()
            };
            lives.insert(*id, life);
        }
        lives
    }

    fn conclude(&mut self, setup: &Setup, brings: Option<Brings>, end: &End) {
        if end.outcome == Outcome::Waiting {
            self.ledger.waits = true;
            self.ledger.checkpoint = Some(Mark::Waiting);
            self.held = false;
            return;
        }
        self.ledger.open = None;
        self.ledger.waits = false;
        if end.stands == Some(Stands::Otherwise) {
            self.ledger.stands = Some(end.serving);
            self.ledger.stood.extend(end.serving);
            let ids = self.things.keys().copied();
            let ids = ids.filter(|id| Some(id.generation) == end.serving);
            self.ledger.standing = ids.collect();
        }
        self.left.extend(end.left.iter().copied());
        if !setup.has(Mutant::KeepsTheCheckpoint) {
            self.ledger.checkpoint = None;
        }
        if let Some(brings) = brings
            && end.quarantine
            && !setup.has(Mutant::SkipsTheQuarantine)
        {
            self.ledger.quarantined.insert(brings.release.0);
        }
        self.held = false;
    }

    /// The user's own code runs, and is not asked whose lease it is.
    fn run_hook(&mut self, setup: &Setup, brings: Option<Brings>, hook: usize) {
        let irreversible = setup.hooks.get(hook).is_some_and(|it| it.irreversible);
        let Some(brings) = brings.filter(|_| irreversible) else {
            return;
        };
        let newest = self.ledger.highest == brings.generation;
        let open = self.ledger.open.map(|it| it.generation) == Some(brings.generation);
        if newest && open && self.past.is_none() {
            self.past = Some(Past {
                generation: brings.generation,
                most: 0,
            });
        }
    }

    fn is_known_good(&self, id: InstanceId) -> bool {
        self.known_good()
            .is_some_and(|fleet| fleet.members.iter().any(|member| member.id == id))
    }

    /// Whether an act of a dead run could still change something.
    pub(super) fn can_still_happen(&self, setup: &Setup, late: &Late) -> bool {
        if is_fenced(&late.action) {
            let right = self.token == late.token && self.held;
            return right
                || setup.has(Mutant::ChecksNoToken)
                || setup.has(Mutant::CountsTokensInMemory);
        }
        match &late.action {
            Action::Start(member) => !self.things.contains_key(&member.id),
            Action::Revive(id) | Action::Stop(id) | Action::Remove(id) => self
                .things
                .get(id)
                .is_some_and(|thing| thing.token == late.token),
            // The process of the runner has gone, and what it had begun goes on.
            Action::Hook(_) => true,
            Action::Adopt(_)
            | Action::Record(..)
            | Action::Route { .. }
            | Action::Conclude(_)
            | Action::Probe(_)
            | Action::Watch(_)
            | Action::Measure(_)
            | Action::Log(_) => false,
        }
    }
}

/// Whether the target compares the token when it carries it out.
const fn is_fenced(action: &Action) -> bool {
    match action {
        Action::Adopt(_) | Action::Record(..) | Action::Route { .. } | Action::Conclude(_) => true,
        Action::Start(_)
        | Action::Revive(_)
        | Action::Probe(_)
        | Action::Watch(_)
        | Action::Measure(_)
        | Action::Log(_)
        | Action::Hook(_)
        | Action::Stop(_)
        | Action::Remove(_) => false,
    }
}

/// Whether the target looks at the stop button before it carries it out, where the run wants that.
pub(super) const fn may_give_way(action: &Action) -> bool {
    matches!(action, Action::Record(..) | Action::Route { .. })
}

/// The table that a mutant writes in place of the right one.
fn bent(setup: &Setup, table: &Table, mark: &Mark) -> Table {
    let mut table = table.clone();
    if setup.has(Mutant::ShiftsBeforeTheProof) && *mark == Mark::Proving {
        for entry in &mut table.entries {
            entry.weight = FULL - entry.weight;
        }
    }
    if setup.has(Mutant::LeavesTheOnlyOneWithoutWeight)
        && let [only] = table.entries.as_mut_slice()
    {
        only.weight = 0;
    }
    if setup.has(Mutant::LeavesNoFallback) {
        table.entries.retain(|entry: &Entry| !entry.backup);
    }
    table
}
