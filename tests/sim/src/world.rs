//! A small world: what is at the target, the runs that work on it, and everything that can happen next.

mod acts;
mod answers;
mod moves;
mod person;
mod session;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use cd_core::protocol::{Outcome, Timestamp};
use cd_core::rollout::Timing;
use cd_core::rollout::invariants::{Change, Past, State};
use cd_core::rollout::{
    Action, ActionId, Address, Done, Entry, Fleet, Hook, Mark, Member, Observation, Rollout, Share,
    Strategy, Table, Waves, Word, permille,
};
use cd_core::spec::{Generation, InstanceId, Token};

use crate::mutant::Mutant;
pub use moves::{How, Move};

/// What stays the same throughout.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How new versions take the place of old ones.
    pub strategy: Strategy,
    /// Under `canary`: the shares of the traffic.
    pub shares: Vec<Share>,
    /// Those of them at which a person is asked, and how long at most.
    pub asks: BTreeMap<Share, u64>,
    /// Under `rolling`: how many at a time.
    pub waves: Waves,
    /// Whether what is proven waits for a person.
    pub waits: bool,
    /// What of the user's own is run on the way.
    pub hooks: Vec<Hook>,
    /// Instances of each generation.
    pub replicas: u8,
    /// What the runs want, in the order in which they come.
    pub wants: Vec<Want>,
    /// Times and counts.
    pub timing: Timing,
    /// What is done wrong on purpose.
    pub mutant: Option<Mutant>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// To deploy a release, after recovering what is to be recovered.
    Deploy(Release),
    /// To give the traffic to what waits for a person.
    Promote,
    /// To put away what waits for a person.
    Abort,
    /// To recover, as `post` does.
    Recover,
}

/// Bytes and configuration, by an index into [`World::qualities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(pub usize);

/// How good a release is. No run knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Well, always.
    Good,
    /// It runs, and never answers a probe well.
    NeverWell,
    /// It answers every probe well and every user badly.
    BadToUsers,
    /// Its process ends at once.
    ExitsAtOnce,
    /// Its process ends when it gets traffic.
    ExitsUnderTraffic,
    /// It cannot be started.
    Refused,
    /// Another image runs than the one that was meant.
    WrongDigest,
}

/// How often each kind of bad luck may strike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Luck {
    /// Acts that fail, or whose answer gets lost; reads that see nothing.
    pub faults: u8,
    /// Answers that come late: the effect is there before, or the time of a deadline comes first.
    pub slow: u8,
    /// Requests to stop.
    pub cancels: u8,
    /// Processes that die.
    pub crashes: u8,
    /// Leases that run out while their run goes on.
    pub takeovers: u8,
    /// Known-good instances that end by themselves.
    pub deaths: u8,
    /// Times that somebody sets the stop button.
    pub stops: u8,
    /// Times that a person says something of a share.
    pub words: u8,
}

/// One instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thing {
    /// Whether it runs.
    pub state: State,
    /// What it runs.
    pub release: Release,
    /// Whether that is what its generation was to run.
    pub known: bool,
    /// Whose name it bears.
    pub token: Token,
    /// Whether a run made it that had died or lost its lease by then.
    pub late: bool,
    /// Whether it ever got users' requests.
    pub served: bool,
    /// Whether the last probe of it was good, and it had traffic then.
    pub seen_well: bool,
    /// Whether its digest was read.
    pub seen_digest: bool,
}

/// What is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// The oldest first.
    pub committed: Vec<Committed>,
    /// Releases that were not well.
    pub quarantined: BTreeSet<usize>,
    /// The highest generation that ever began.
    pub highest: Generation,
    /// What began and has no end.
    pub open: Option<Brings>,
    /// It waits for a person, and no run is at it.
    pub waits: bool,
    /// How far it is.
    pub checkpoint: Option<Mark>,
    /// Generations whose rollout has begun to pass a point of no return.
    pub points: BTreeSet<Generation>,
    /// What was left with the traffic past such a point; `Some(None)`: nothing was.
    pub stands: Option<Option<Generation>>,
    /// The instances that there were of it when it was left so: of a rollout in waves not all had come.
    pub standing: BTreeSet<InstanceId>,
    /// Generations that ever were.
    pub stood: BTreeSet<Generation>,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Committed {
    /// Which instances.
    pub fleet: Fleet,
    /// What they run.
    pub release: Release,
    /// Whether there was evidence for it.
    pub proven: bool,
}

/// A generation and what it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Brings {
    /// The generation.
    pub generation: Generation,
    /// What it runs.
    pub release: Release,
}

/// A run whose process lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// Its fencing token.
    pub token: Token,
    /// The machine, as it ships.
    pub machine: Rollout,
    /// What it has asked for and not heard of.
    pub flights: Vec<Flight>,
    /// What it brings, or settles.
    pub brings: Option<Brings>,
    /// What it would go back to.
    pub way_back: Option<Generation>,
    /// Whether it was asked to stop.
    pub asked_to_stop: bool,
    /// Whether that was before its commit was on its way.
    pub aborted: bool,
    /// What it deploys when it has recovered.
    pub then: Option<Release>,
}

/// Something that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    /// Under which number.
    pub id: ActionId,
    /// What.
    pub action: Action,
    /// It has happened, and this will be the answer.
    pub answer: Option<Observation>,
    /// It is not done where the stop button is set.
    pub heeds: bool,
}

/// Something of which nobody will hear, and which may still happen: its run is dead, or has given up on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Late {
    /// The run's token.
    pub token: Token,
    /// What it brought.
    pub brings: Option<Brings>,
    /// What it asked for.
    pub action: Action,
    /// It is not done where the stop button is set.
    pub heeds: bool,
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The time.
    pub now: Timestamp,
    /// How good each release is.
    pub qualities: Vec<Quality>,
    /// The instances.
    pub things: BTreeMap<InstanceId, Thing>,
    /// The routing table in its file.
    pub written: Table,
    /// What the router does.
    pub effective: Table,
    /// What is recorded.
    pub ledger: Ledger,
    /// The newest token.
    pub token: Token,
    /// Whether the lease was not given back.
    pub held: bool,
    /// Whether somebody has set the stop button.
    pub stopped: bool,
    /// The runs that live; the newest last.
    pub runs: Vec<Run>,
    /// What may still happen, though nobody waits for it.
    pub late: Vec<Late>,
    /// How many of the wanted runs have come.
    pub came: usize,
    /// What may still go wrong.
    pub luck: Luck,
    /// The last change.
    pub change: Option<Change>,
    /// What runs left, and said so.
    pub left: BTreeSet<InstanceId>,
    /// The point of no return that was passed last, until something newer begins or it is committed.
    pub past: Option<Past>,
    /// What a person said last, and under which lease.
    pub word: Option<(Token, Word)>,
    /// Of which generation a person allowed more than which share.
    pub allowed: BTreeSet<(Generation, Share)>,
    /// A run has asked for more than that.
    pub overstepped: bool,
}

impl Setup {
    /// A fleet by its generation.
    #[must_use]
    pub fn fleet(&self, generation: Generation) -> Fleet {
        Fleet {
            generation,
            members: (1..=self.replicas)
                .map(|index| member(InstanceId { generation, index }))
                .collect(),
        }
    }

    pub(crate) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// An instance with the address that this world gives it.
#[must_use]
pub fn member(id: InstanceId) -> Member {
    let address =
        u16::try_from(id.generation.0 * 10 + u32::from(id.index)).expect("generations are few");
    Member {
        id,
        address: Address(address),
    }
}

impl World {
    /// A world in which nothing was ever deployed, or where generation 1 serves.
    #[must_use]
    pub fn new(setup: &Setup, serves: bool, qualities: Vec<Quality>, luck: Luck) -> Self {
        let mut world = Self {
            now: Timestamp(0),
            qualities,
            things: BTreeMap::new(),
            written: Table::empty(),
            effective: Table::empty(),
            ledger: Ledger::default(),
            token: Token(0),
            held: false,
            stopped: false,
            runs: Vec::new(),
            late: Vec::new(),
            came: 0,
            luck,
            change: None,
            left: BTreeSet::new(),
            past: None,
            word: None,
            allowed: BTreeSet::new(),
            overstepped: false,
        };
        if serves {
            let fleet = setup.fleet(Generation(1));
            for member in &fleet.members {
                let thing = Thing {
                    served: true,
                    ..Thing::new(Release(0), Token(0))
                };
                world.things.insert(member.id, thing);
            }
            world.written = Table::serving(Some(&fleet));
            world.effective = world.written.clone();
            world.ledger.highest = Generation(1);
            world.ledger.committed.push(Committed {
                fleet,
                release: Release(0),
                proven: true,
            });
        }
        world
    }

    /// Lets something happen.
    pub fn apply(&mut self, setup: &Setup, step: &Move) {
        match step {
            Move::Begin => self.begin(setup),
            Move::TakeOver => {
                self.luck.takeovers -= 1;
                self.begin(setup);
            }
            Move::Answer { run, id, how } => self.answer(setup, *run, *id, *how),
            Move::Happen { run, id } => {
                self.luck.slow -= 1;
                self.happen(setup, *run, *id);
            }
            Move::Tick { run } => self.tick(*run),
            Move::Cancel { run } => self.cancel(setup, *run),
            Move::Crash { run } => {
                self.luck.crashes -= 1;
                self.crash(*run);
            }
            Move::Leave { run } => self.leave(setup, *run),
            Move::Late(index) => self.happen_late(setup, *index, *index + 1),
            Move::Twice(index) => self.happen_late(setup, *index, *index),
            Move::Jump(millis) => self.now = Timestamp(self.now.0.saturating_add_signed(*millis)),
            Move::Die(id) => {
                self.luck.deaths -= 1;
                if let Some(thing) = self.things.get_mut(id) {
                    thing.state = State::Ended;
                }
            }
            Move::Stop => {
                self.luck.stops -= 1;
                self.stopped = true;
            }
            Move::Say(says) => self.say(*says),
            Move::RestartRouter => {
                self.luck.faults -= 1;
                self.effective = self.written.clone();
            }
        }
        self.forget_what_cannot_happen(setup);
        if let Some(past) = &mut self.past {
            past.most = past.most.max(permille(&self.effective, past.generation));
        }
    }

    fn answer(&mut self, setup: &Setup, run: usize, id: ActionId, how: How) {
        let Some(flight) = self.take_flight(run, id) else {
            return;
        };
        let (token, brings) = (self.runs[run].token, self.runs[run].brings);
        if how == How::Lingering {
            self.luck.slow -= 1;
        } else if how != How::Well {
            self.luck.faults -= 1;
        }
        if setup.has(Mutant::LosesAnAnswer) && matches!(flight.action, Action::Start(_)) {
            return;
        }
        if how == How::UnknownLate {
            self.late.push(Late {
                token,
                brings,
                action: flight.action.clone(),
                heeds: flight.heeds,
            });
        }
        let answer = match flight.answer {
            Some(answer) => answer,
            None if self.refuses(token, flight.heeds) => answers::stopped(&flight.action),
            None => self.end_of(setup, token, brings, &flight.action, how),
        };
        let unknown = matches!(answer, Observation::Acted(Done::Unknown(_)));
        let answer = if unknown && setup.has(Mutant::TakesUnknownForNo) {
            Observation::Acted(Done::No("bad luck".to_owned()))
        } else {
            answer
        };
        let now = self.now;
        if how == How::Well && matches!(flight.action, Action::Watch(_)) {
            self.pass_word(setup, run);
        }
        self.runs[run].machine.observe(now, id, answer);
        self.hear(setup, run);
    }

    fn happen(&mut self, setup: &Setup, run: usize, id: ActionId) {
        let (token, brings) = (self.runs[run].token, self.runs[run].brings);
        let flight = self.runs[run].flights.iter().find(|flight| flight.id == id);
        let Some((action, heeds)) = flight.map(|flight| (flight.action.clone(), flight.heeds))
        else {
            return;
        };
        let answer = if self.refuses(token, heeds) {
            answers::stopped(&action)
        } else {
            self.perform(setup, token, brings, &action, false)
        };
        if let Some(flight) = self.runs[run]
            .flights
            .iter_mut()
            .find(|flight| flight.id == id)
        {
            flight.answer = Some(answer);
        }
    }

    fn tick(&mut self, run: usize) {
        let Some(at) = self.runs[run].machine.wake_at() else {
            return;
        };
        if !self.runs[run].flights.is_empty() {
            self.luck.slow -= 1;
        }
        self.now = self.now.max(at);
        let now = self.now;
        self.runs[run].machine.tick(now);
        self.collect(run);
    }

    fn cancel(&mut self, setup: &Setup, run: usize) {
        self.luck.cancels -= 1;
        let now = self.now;
        let it = &mut self.runs[run];
        it.asked_to_stop = true;
        it.then = None;
        it.aborted = !matches!(
            it.machine.phase(),
            "committing" | "after-commit" | "retiring" | "concluding" | "over"
        );
        if !setup.has(Mutant::SwallowsTheAbort) {
            it.machine.cancel(now);
        }
        self.collect(run);
    }

    /// The machine is gone. What it has asked for may still happen.
    fn crash(&mut self, run: usize) {
        let dead = self.runs.remove(run);
        let acts = dead
            .flights
            .into_iter()
            .filter(|flight| flight.answer.is_none() && is_act(&flight.action));
        self.late.extend(acts.map(|flight| Late {
            token: dead.token,
            brings: dead.brings,
            action: flight.action,
            heeds: flight.heeds,
        }));
    }

    /// Something happens that nobody waits for; what was asked for after it, from `rest` on, may still happen.
    fn happen_late(&mut self, setup: &Setup, index: usize, rest: usize) {
        let Some(late) = self.late.get(index).cloned() else {
            return;
        };
        let rest = self.late.split_off(rest);
        self.late.truncate(index);
        if !self.refuses(late.token, late.heeds) {
            self.perform(setup, late.token, late.brings, &late.action, true);
        }
        self.late.extend(rest);
    }

    fn take_flight(&mut self, run: usize, id: ActionId) -> Option<Flight> {
        let flights = &mut self.runs.get_mut(run)?.flights;
        let at = flights.iter().position(|flight| flight.id == id)?;
        Some(flights.remove(at))
    }

    /// A run has heard something: what does it ask for now, and is it over?
    fn hear(&mut self, setup: &Setup, run: usize) {
        self.collect(run);
        let Some(end) = self.runs[run].machine.end() else {
            return;
        };
        self.left.extend(end.left.iter().copied());
        if setup.has(Mutant::CommitsLate) && end.outcome == Outcome::Deployed {
            self.commit_late(run);
        }
    }

    fn collect(&mut self, run: usize) {
        let it = &mut self.runs[run];
        while let Some((id, action)) = it.machine.poll() {
            self.overstepped |= person::oversteps(&self.allowed, &it.machine, &action);
            let heeds =
                it.brings.is_some() && it.machine.gives_way() && acts::may_give_way(&action);
            it.flights.push(Flight {
                id,
                action,
                answer: None,
                heeds,
            });
        }
        // The report's business, and it would make equal states differ.
        drop(it.machine.events());
    }

    /// Whether the target does nothing of an act because the stop button is set. Who has lost the lease is told that first.
    const fn refuses(&self, token: Token, heeds: bool) -> bool {
        heeds && self.stopped && self.held && self.token.0 == token.0
    }

    /// What was committed last.
    #[must_use]
    pub fn known_good(&self) -> Option<&Fleet> {
        self.ledger
            .committed
            .last()
            .map(|committed| &committed.fleet)
    }

    /// What is to have the traffic.
    #[must_use]
    pub fn serves(&self) -> Option<Generation> {
        let committed = self.known_good().map(|fleet| fleet.generation);
        self.ledger.stands.unwrap_or(committed)
    }

    /// Forgets acts that come too late to do anything, so that equal states are equal.
    fn forget_what_cannot_happen(&mut self, setup: &Setup) {
        let mut late = std::mem::take(&mut self.late);
        late.retain(|late| self.can_still_happen(setup, late));
        self.late = late;
        self.left.retain(|id| self.things.contains_key(id));
    }
}

impl Thing {
    /// Running, and never seen by anybody.
    #[must_use]
    pub const fn new(release: Release, token: Token) -> Self {
        Self {
            state: State::Running,
            release,
            known: true,
            token,
            late: false,
            served: false,
            seen_well: false,
            seen_digest: false,
        }
    }
}

/// Whether a line of the table is for users.
const fn has_traffic(entry: &Entry) -> bool {
    entry.weight > 0 && !entry.backup
}

/// Whether an action changes anything.
const fn is_act(action: &Action) -> bool {
    match action {
        Action::Adopt(_)
        | Action::Record(..)
        | Action::Start(_)
        | Action::Revive(_)
        | Action::Route { .. }
        | Action::Stop(_)
        | Action::Remove(_)
        | Action::Hook(_)
        | Action::Conclude(_) => true,
        Action::Probe(_) | Action::Watch(_) | Action::Measure(_) | Action::Log(_) => false,
    }
}
