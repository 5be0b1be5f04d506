//! A rollout on the bench: what it asks for is answered well, or as the test says.

use super::super::*;

/// Builds plans: blue-green from g1 to g2, one instance each, unless the test says otherwise.
pub(super) struct Plans(Plan);

impl Plans {
    pub(super) fn new() -> Self {
        let timing = Timing {
            every: 1_000,
            successes: 2,
            failures: 2,
            prove: 10_000,
            pause: 5_000,
            bake: 5_000,
            errors: 50,
            drain: 3_000,
            verify: 4_000,
            patience: 0,
        };
        let (new, old) = (fleet(2, 1), Some(fleet(1, 1)));
        Self(Plan {
            strategy: Strategy::BlueGreen,
            form: Form::Server,
            new,
            old,
            resting: Vec::new(),
            strays: Vec::new(),
            shares: Vec::new(),
            waits: BTreeMap::new(),
            sticky: false,
            waves: Waves::default(),
            comparison: None,
            person: Person::Absent,
            hooks: Vec::new(),
            past: false,
            timing,
        })
    }

    pub(super) fn canary(mut self, shares: &[u8]) -> Self {
        self.0.strategy = Strategy::Canary;
        self.0.shares = shares.iter().copied().map(Share).collect();
        self
    }

    /// A hook at a place, the next one of the list.
    pub(super) fn hook(mut self, place: HookPlace, irreversible: bool) -> Self {
        let hook = Hook {
            name: format!("hook-{}", self.0.hooks.len()),
            place,
            irreversible,
            retry: Retry::Safe,
            deadline: 10_000,
        };
        self.0.hooks.push(hook);
        self
    }

    pub(super) fn recreate(mut self) -> Self {
        self.0.strategy = Strategy::Recreate;
        self
    }

    pub(super) fn patience(mut self, patience: u64) -> Self {
        self.0.timing.patience = patience;
        self
    }

    pub(super) fn replicas(mut self, count: u8) -> Self {
        self.0.new = fleet(2, count);
        self.0.old = self.0.old.map(|_| fleet(1, count));
        self
    }

    /// Nothing serves yet.
    pub(super) fn first(mut self) -> Self {
        self.0.old = None;
        self
    }

    pub(super) fn strays(mut self, strays: &[InstanceId]) -> Self {
        self.0.strays = strays.to_vec();
        self
    }

    pub(super) fn change(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(&mut self.0);
        self
    }

    pub(super) fn plan(self) -> Plan {
        self.0
    }

    pub(super) fn begin(self) -> Bench {
        Bench::of(Rollout::begin(Timestamp(0), self.0))
    }

    pub(super) fn recover(self, goal: Option<u32>, why: Why) -> Bench {
        Bench::of(Rollout::recover(
            Timestamp(0),
            self.0,
            goal.map(Generation),
            why,
        ))
    }
}

pub(super) fn fleet(generation: u32, count: u8) -> Fleet {
    let members = (1..=count).map(|index| member(generation, index)).collect();
    Fleet {
        generation: Generation(generation),
        members,
    }
}

pub(super) fn member(generation: u32, index: u8) -> Member {
    let address = Address(u16::from(index) + u16::try_from(generation).expect("small") * 10);
    Member {
        id: id(generation, index),
        address,
    }
}

pub(super) const fn id(generation: u32, index: u8) -> InstanceId {
    InstanceId {
        generation: Generation(generation),
        index,
    }
}

/// The machine, what it waits for, and everything it ever asked for.
pub(super) struct Bench {
    pub(super) rollout: Rollout,
    pub(super) now: Timestamp,
    /// Asked for, and not answered.
    pub(super) open: Vec<(ActionId, Action)>,
    pub(super) asked: Vec<Action>,
    pub(super) events: Vec<Event>,
}

impl Bench {
    pub(super) fn of(rollout: Rollout) -> Self {
        let now = Timestamp(0);
        let mut bench = Self {
            rollout,
            now,
            open: Vec::new(),
            asked: Vec::new(),
            events: Vec::new(),
        };
        bench.collect();
        bench
    }

    pub(super) fn collect(&mut self) {
        while let Some((id, action)) = self.rollout.poll() {
            self.asked.push(action.clone());
            self.open.push((id, action));
        }
        self.events.extend(self.rollout.events());
    }

    /// Answers the action that was asked for first.
    pub(super) fn answer(&mut self, observation: Observation) {
        let (id, _) = self.open.remove(0);
        self.rollout.observe(self.now, id, observation);
        self.collect();
    }

    /// Lets the time come that it waits for. It must wait for some, and be awake for a reason.
    pub(super) fn wake(&mut self) {
        let at = self.rollout.wake_at().expect("it waits for nothing else");
        assert!(
            at > self.now,
            "woken at {at:?}, it wants to be woken at once: {:?}",
            self.rollout
        );
        self.now = at;
        self.rollout.tick(self.now);
        self.collect();
    }

    pub(super) fn cancel(&mut self) {
        self.rollout.cancel(self.now);
        self.collect();
    }

    /// Goes on until it is over. `odd` says what is not answered well.
    pub(super) fn finish_with(
        &mut self,
        mut odd: impl FnMut(&Action) -> Option<Observation>,
    ) -> End {
        for _ in 0..1_000 {
            if let Some(end) = self.rollout.end() {
                assert_eq!(self.rollout.wake_at(), None, "over is over");
                return end.clone();
            }
            self.step_with(&mut odd);
        }
        panic!("it does not end: {:?}", self.rollout);
    }

    pub(super) fn finish(&mut self) -> End {
        self.finish_with(|_| None)
    }

    /// Goes on until this is true.
    pub(super) fn until_with(
        &mut self,
        mut odd: impl FnMut(&Action) -> Option<Observation>,
        reached: impl Fn(&Self) -> bool,
    ) -> &mut Self {
        for _ in 0..1_000 {
            if reached(self) {
                return self;
            }
            self.step_with(&mut odd);
        }
        panic!("it never gets there: {:?}", self.rollout);
    }

    /// Goes on until something of this kind is asked for, and not yet answered.
    pub(super) fn until_asked(&mut self, asked: impl Fn(&Action) -> bool) -> &mut Self {
        self.until_with(
            |_| None,
            |bench| bench.open.first().is_some_and(|(_, action)| asked(action)),
        )
    }

    fn step_with(&mut self, odd: &mut impl FnMut(&Action) -> Option<Observation>) {
        match self.open.first() {
            Some((_, action)) => {
                let observation = odd(action).unwrap_or_else(|| well(action));
                self.answer(observation);
            }
            None => self.wake(),
        }
    }

    /// What was asked for, in short words, without the looking.
    pub(super) fn acts(&self) -> Vec<String> {
        self.asked.iter().filter_map(word).collect()
    }

    pub(super) fn phases(&self) -> Vec<&'static str> {
        let entered = |event: &Event| match &event.what {
            Happening::Entered(name) => Some(*name),
            Happening::Decided { .. }
            | Happening::Probe(..)
            | Happening::Compared(..)
            | Happening::Trouble(_) => None,
        };
        self.events.iter().filter_map(entered).collect()
    }
}

/// The answer when all goes well.
pub(super) fn well(action: &Action) -> Observation {
    match action {
        Action::Start(_) | Action::Revive(_) => Observation::Started(Started::Yes),
        Action::Route { .. } => Observation::Routed {
            done: Done::Yes,
            lingering: Vec::new(),
        },
        Action::Probe(members) => Observation::Probed(
            members
                .iter()
                .map(|member| (member.id, Seen::Good))
                .collect(),
        ),
        Action::Watch(ids) => {
            Observation::Watched(ids.iter().map(|id| (*id, alive(10, 10))).collect())
        }
        Action::Measure(_) => Observation::Measured(Ok(crate::analysis::Real(0.0))),
        Action::Log(_) => Observation::Logged,
        Action::Hook(_) => Observation::Hooked(Ran::Well),
        Action::Adopt(_)
        | Action::Record(..)
        | Action::Stop(_)
        | Action::Remove(_)
        | Action::Conclude(_) => Observation::Acted(Done::Yes),
    }
}

pub(super) fn alive(attempts: u64, good: u64) -> Life {
    let traffic = Some(Traffic {
        attempts,
        good,
        begun: attempts,
        answered: attempts,
        refused: 0,
        epoch: 0,
    });
    Life {
        running: true,
        as_planned: Some(true),
        traffic,
        ..Life::default()
    }
}

pub(super) fn lives(id: InstanceId, life: Life) -> Observation {
    Observation::Watched([(id, life)].into())
}

pub(super) fn probed(id: InstanceId, seen: Seen) -> Observation {
    Observation::Probed([(id, seen)].into())
}

pub(super) fn no(action: &Action) -> Observation {
    ended(action, Done::No("the engine said no".to_owned()))
}

pub(super) fn unknown(action: &Action) -> Observation {
    ended(action, Done::Unknown("it took too long".to_owned()))
}

pub(super) fn fenced(action: &Action) -> Observation {
    ended(action, Done::Fenced("run 8".to_owned()))
}

fn ended(action: &Action, done: Done) -> Observation {
    match (action, done) {
        (Action::Route { .. }, done) => Observation::Routed {
            done,
            lingering: Vec::new(),
        },
        (Action::Start(_) | Action::Revive(_), Done::Unknown(why)) => {
            Observation::Started(Started::Unknown(why))
        }
        (Action::Start(_) | Action::Revive(_), Done::No(why)) => {
            Observation::Started(Started::No(why))
        }
        (_, done) => Observation::Acted(done),
    }
}

pub(super) const fn is_route(action: &Action) -> bool {
    matches!(action, Action::Route { .. })
}

pub(super) const fn is_commit(action: &Action) -> bool {
    matches!(action, Action::Record(Record::Committed { .. }, _))
}

fn word(action: &Action) -> Option<String> {
    Some(match action {
        Action::Adopt(ids) => format!(
            "adopt {}",
            ids.iter()
                .map(InstanceId::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        ),
        Action::Record(Record::Began, _) => "began".to_owned(),
        Action::Record(Record::Hook { hook, turn }, _) => match turn {
            Turn::Begins => format!("hook {hook} begins"),
            Turn::Over(_) => format!("hook {hook} over"),
        },
        Action::Hook(hook) => format!("hook {hook}"),
        Action::Record(Record::Committed { .. }, _) => "commit".to_owned(),
        Action::Start(member) => format!("start {}", member.id),
        Action::Revive(id) => format!("revive {id}"),
        Action::Route { table, .. } => format!("route {}", table_word(table)),
        Action::Log(id) => format!("log {id}"),
        Action::Stop(id) => format!("stop {id}"),
        Action::Remove(id) => format!("remove {id}"),
        Action::Conclude(end) => format!("conclude {}", end.outcome.word()),
        Action::Probe(_) | Action::Watch(_) | Action::Measure(_) => return None,
    })
}

fn table_word(table: &Table) -> String {
    let line = |entry: &Entry| {
        let backup = if entry.backup { "b" } else { "" };
        format!("{}={}{backup}", entry.member.id, entry.weight)
    };
    if table.entries.is_empty() {
        "nothing".to_owned()
    } else {
        table.entries.iter().map(line).collect::<Vec<_>>().join(" ")
    }
}
