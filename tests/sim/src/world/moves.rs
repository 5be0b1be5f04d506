//! Everything that can happen next.

use cd_core::rollout::invariants::State;
use cd_core::rollout::{Action, ActionId, Record, Says};
use cd_core::spec::InstanceId;

use super::{Flight, Run, Setup, World, has_traffic, is_act};

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// The next run comes.
    Begin,
    /// The next run comes, and the lease of the one that is at it has run out.
    TakeOver,
    /// Something that a run asked for ends.
    Answer {
        /// Which run.
        run: usize,
        /// Under which number.
        id: ActionId,
        /// How.
        how: How,
    },
    /// Something that a run asked for happens; the answer is still to come.
    Happen {
        /// Which run.
        run: usize,
        /// Under which number.
        id: ActionId,
    },
    /// The time has come that a run waits for.
    Tick {
        /// Which run.
        run: usize,
    },
    /// A run is asked to stop.
    Cancel {
        /// Which run.
        run: usize,
    },
    /// A run's process dies.
    Crash {
        /// Which run.
        run: usize,
    },
    /// A run that is over leaves, or goes on from recovering to deploying.
    Leave {
        /// Which run.
        run: usize,
    },
    /// Something that nobody waits for any more happens after all.
    Late(usize),
    /// The same, and it may happen once more: somebody on the way sent it twice. Only in the simulator.
    Twice(usize),
    /// The runner's clock is set, by so many milliseconds. Only in the simulator.
    Jump(i64),
    /// Somebody sets the stop button.
    Stop,
    /// A person says something of the share at which one is asked.
    Say(Says),
    /// A known-good instance ends by itself.
    Die(InstanceId),
    /// The router starts anew, by its file.
    RestartRouter,
}

/// How something ends that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// As it should.
    Well,
    /// As it should; requests go on at what the table no longer names.
    Lingering,
    /// Not at all.
    Fails,
    /// It happened, and nobody knows.
    UnknownDone,
    /// It did not happen, and nobody knows.
    UnknownNot,
    /// The table was written and the router does not follow yet; nobody knows.
    UnknownHalf,
    /// The commit is recorded, and the router does not follow its table.
    RecordedOnly,
    /// It has not happened yet, but may still; nobody knows.
    UnknownLate,
    /// The measuring failed.
    Blind,
}

impl World {
    /// Everything that can happen next.
    #[must_use]
    pub fn moves(&self, setup: &Setup) -> Vec<Move> {
        let mut moves = Vec::new();
        if self.may_begin(setup) {
            moves.push(Move::Begin);
        }
        if self.luck.takeovers > 0 && self.may_take_over(setup) {
            moves.push(Move::TakeOver);
        }
        for (run, it) in self.runs.iter().enumerate() {
            self.moves_of(run, it, &mut moves);
        }
        moves.extend((0..self.late.len()).map(Move::Late));
        if self.luck.deaths > 0 {
            let known_good = self
                .known_good()
                .into_iter()
                .flat_map(|fleet| &fleet.members)
                .map(|member| member.id);
            let alive = |id: &InstanceId| {
                self.things
                    .get(id)
                    .is_some_and(|it| it.state == State::Running)
            };
            moves.extend(known_good.filter(alive).map(Move::Die));
        }
        if self.luck.words > 0 {
            let mut says = vec![Says::Promote, Says::Abort];
            says.retain(|says| self.spoken_of(*says).is_some());
            moves.extend(says.into_iter().map(Move::Say));
        }
        if self.luck.stops > 0 && !self.stopped {
            moves.push(Move::Stop);
        }
        if self.written != self.effective && self.luck.faults > 0 {
            moves.push(Move::RestartRouter);
        }
        moves
    }

    fn moves_of(&self, run: usize, it: &Run, moves: &mut Vec<Move>) {
        if it.machine.end().is_some() && it.flights.is_empty() {
            moves.push(Move::Leave { run });
        }
        for flight in &it.flights {
            let id = flight.id;
            moves.extend(self.ways(it, flight).into_iter().map(|how| Move::Answer {
                run,
                id,
                how,
            }));
            if flight.answer.is_none() && self.luck.slow > 0 && is_act(&flight.action) {
                moves.push(Move::Happen { run, id });
            }
        }
        if it.machine.wake_at().is_some() && (it.flights.is_empty() || self.luck.slow > 0) {
            moves.push(Move::Tick { run });
        }
        if self.luck.cancels > 0 && !it.asked_to_stop && it.machine.end().is_none() {
            moves.push(Move::Cancel { run });
        }
        if self.luck.crashes > 0 {
            moves.push(Move::Crash { run });
        }
    }

    /// The ways in which something can end.
    fn ways(&self, run: &Run, flight: &Flight) -> Vec<How> {
        let mut ways = vec![How::Well];
        if flight.answer.is_some() || run.machine.end().is_some() {
            return ways;
        }
        if self.luck.slow > 0 && self.drops_traffic(&flight.action) {
            ways.push(How::Lingering);
        }
        if self.luck.faults == 0 {
            return ways;
        }
        match &flight.action {
            Action::Route { .. } => {
                ways.extend([
                    How::Fails,
                    How::UnknownDone,
                    How::UnknownLate,
                    How::UnknownHalf,
                ]);
            }
            Action::Record(Record::Committed { .. }, _) => {
                ways.extend([
                    How::Fails,
                    How::UnknownDone,
                    How::UnknownLate,
                    How::UnknownHalf,
                    How::RecordedOnly,
                ]);
            }
            Action::Adopt(_)
            | Action::Record(Record::Began | Record::Hook { .. }, _)
            | Action::Start(_)
            | Action::Remove(_)
            | Action::Conclude(_) => {
                ways.extend([How::Fails, How::UnknownDone, How::UnknownLate]);
            }
            // A stop or start of what is to serve that comes after the next one: the target's time limits exclude it.
            Action::Stop(_) | Action::Revive(_) => {
                ways.extend([How::Fails, How::UnknownDone, How::UnknownNot])
            }
            Action::Hook(_) => ways.extend([How::Fails, How::UnknownDone, How::UnknownNot]),
            Action::Probe(_) | Action::Watch(_) => ways.push(How::Blind),
            Action::Measure(_) | Action::Log(_) => {}
        }
        ways
    }

    /// Whether a table takes traffic away from somebody who had it.
    fn drops_traffic(&self, action: &Action) -> bool {
        let Action::Route {
            table,
            force: false,
            ..
        } = action
        else {
            return false;
        };
        self.effective.entries.iter().any(|entry| {
            has_traffic(entry)
                && !table
                    .entries
                    .iter()
                    .any(|it| has_traffic(it) && it.member == entry.member)
        })
    }
}
