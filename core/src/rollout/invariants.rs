//! What must always hold, as named predicates over a view of the world; shared by debug checks, model checker and
//! simulator.
//!
//! A predicate sees the world as it is, not as a run believes it to be. To add one: a function with its sentence, a row
//! of [`ALL`], and a planted bug in `tests/sim` that only it catches. Not here: 10 (replaying a journal gives the same
//! decisions) is a test of the session.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, End, Entry, Fleet, Mark, Rollout, Table, permille};
use crate::protocol::Outcome;
use crate::spec::{Generation, InstanceId, Token};

/// The world, as somebody sees it who sees everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What the router does.
    pub table: Table,
    /// Everything that is there.
    pub instances: BTreeMap<InstanceId, Instance>,
    /// What is recorded.
    pub ledger: Facts,
    /// The newest token.
    pub token: Token,
    /// Whether a run has the lease: it was not given back.
    pub held: bool,
    /// The runs whose process lives.
    pub runs: Vec<Run>,
    /// The last change of what serves, is routed or is recorded.
    pub change: Option<Change>,
    /// The strategy interrupts the service, and the plan said so.
    pub interrupts: bool,
    /// The strategy stops old instances before the commit, and the plan said so.
    pub replaces: bool,
    /// Instances that the plan allows at a time: old and new.
    pub peak: usize,
    /// What runs could not put away, and said so.
    pub left: BTreeSet<InstanceId>,
    /// The point of no return that was passed last, as long as nothing newer has begun and it is not committed.
    pub past: Option<Past>,
    /// A run has asked for more of the traffic than a person had allowed by then.
    pub overstepped: bool,
}

/// A point of no return that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Past {
    /// By which rollout.
    pub generation: Generation,
    /// The largest share of the traffic that it has had since, in tenths of a percent.
    pub most: u64,
}

/// An instance, as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Whether its process runs, and if not, whose doing that is.
    pub state: State,
    /// Whether it answers a probe well while it runs.
    pub well: bool,
    /// Whether it runs the image that its generation names.
    pub known: bool,
    /// Whether a run made it that had died or lost its lease by then.
    pub late: bool,
}

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It does.
    Running,
    /// A run has stopped it.
    Stopped,
    /// It ended by itself.
    Ended,
}

/// What is recorded at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The oldest first.
    pub committed: Vec<Commit>,
    /// Generations whose release is in quarantine.
    pub quarantined: BTreeSet<Generation>,
    /// Generations that a person wanted all the same.
    pub overridden: BTreeSet<Generation>,
    /// What began and neither was committed nor ended.
    pub open: Option<Generation>,
    /// It waits for a person, and no run is at it.
    pub waits: bool,
    /// How far a run is, or was when it died.
    pub checkpoint: Option<Mark>,
    /// Generations whose rollout has begun to pass a point of no return.
    pub points: BTreeSet<Generation>,
    /// What was left with the traffic past such a point; `Some(None)`: nothing was.
    pub stands: Option<Option<Fleet>>,
    /// Generations that ever were.
    pub stood: BTreeSet<Generation>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// What serves from here on.
    pub fleet: Fleet,
    /// Whether, at that time, every instance of it had answered well under traffic and the digest of each was read.
    pub proven: bool,
}

/// A run that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its token.
    pub token: Token,
    /// The generation that it brings, or whose remains it settles.
    pub brings: Option<Generation>,
    /// What it would go back to.
    pub way_back: Option<Generation>,
    /// How it ended; `None` while it goes on.
    pub end: Option<End>,
    /// Whether an answer is still to come, or a time to wake it.
    pub awaits: bool,
    /// Whether somebody asked it to stop before its commit was on its way.
    pub aborted: bool,
}

/// Who changed something, and who had the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// The token it was made under.
    pub by: Token,
    /// The newest token at that time.
    pub holder: Token,
}

/// One predicate.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// Its number in the design.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub sentence: &'static str,
    /// Whether it holds.
    pub holds: fn(&View) -> bool,
}

/// All of them.
pub const ALL: &[Invariant] = &[
    Invariant {
        number: 1,
        name: "something healthy is routed",
        sentence: "Some healthy instance of a known digest is always routed, unless the strategy is `recreate` and the plan said so.",
        holds: something_healthy_is_routed,
    },
    Invariant {
        number: 2,
        name: "nothing quarantined is routed",
        sentence: "Nothing is routed to what is quarantined without a recorded override.",
        holds: nothing_quarantined_is_routed,
    },
    Invariant {
        number: 2,
        name: "what was condemned is quarantined",
        sentence: "A run that says that it put a version into quarantine, and gave its lease back, did.",
        holds: what_was_condemned_is_quarantined,
    },
    Invariant {
        number: 3,
        name: "the old runs until the commit",
        sentence: "Old instances run on until the commit is recorded; under `rolling` not all are stopped, and what was stopped is there.",
        holds: the_old_runs_until_the_commit,
    },
    Invariant {
        number: 4,
        name: "the way back is proven",
        sentence: "A rollback target is known-good by proof in the ledger, or the plan said \"none\" before it began.",
        holds: the_way_back_is_proven,
    },
    Invariant {
        number: 5,
        name: "an abort is heeded",
        sentence: "Abort is accepted in every phase that is not final, and is a no-op in those that are.",
        holds: an_abort_is_heeded,
    },
    Invariant {
        number: 6,
        name: "every phase has a deadline",
        sentence: "Every phase that is not final has a deadline.",
        holds: every_phase_has_a_deadline,
    },
    Invariant {
        number: 6,
        name: "an end says what serves",
        sentence: "A failed rollback ends in `Stranded`, never in success: every other end is true of what serves.",
        holds: an_end_says_what_serves,
    },
    Invariant {
        number: 7,
        name: "only the holder changes anything",
        sentence: "A writer that lost its lease changes nothing more that serves, is routed or is recorded.",
        holds: only_the_holder_changes_anything,
    },
    Invariant {
        number: 8,
        name: "newer is never replaced by older",
        sentence: "An older sequence never replaces a newer one.",
        holds: newer_is_never_replaced_by_older,
    },
    Invariant {
        number: 9,
        name: "deployed is proven",
        sentence: "`deployed` means that the digest read back from every instance is the planned one, and there is positive evidence of health.",
        holds: deployed_is_proven,
    },
    Invariant {
        number: 11,
        name: "a candidate is guarded",
        sentence: "While the candidate has traffic something guards it: the run, and where the run has died, the router.",
        holds: a_candidate_is_guarded,
    },
    Invariant {
        number: 12,
        name: "nothing past the point is undone",
        sentence: "Nothing after a declared point of no return is undone automatically: no version loses traffic that it got since.",
        holds: nothing_past_the_point_is_undone,
    },
    Invariant {
        number: 12,
        name: "a point that is passed is recorded",
        sentence: "A point of no return is in the ledger before it is passed.",
        holds: a_point_that_is_passed_is_recorded,
    },
    Invariant {
        number: 13,
        name: "a lease given back leaves nothing open",
        sentence: "A crash anywhere, then another run: a final state that was also reachable without the crash.",
        holds: a_lease_given_back_leaves_nothing_open,
    },
    Invariant {
        number: 14,
        name: "never more than the peak",
        sentence: "Instances never exceed the plan's peak.",
        holds: never_more_than_the_peak,
    },
    Invariant {
        number: 15,
        name: "recreate runs one version at a time",
        sentence: "Under `recreate` two versions never run at the same time.",
        holds: recreate_runs_one_version_at_a_time,
    },
    Invariant {
        number: 16,
        name: "nobody gets more than a person allowed",
        sentence: "Where a person is asked at a share of the traffic, a candidate gets no more than that before one has said so, of this rollout and this share.",
        holds: nobody_gets_more_than_a_person_allowed,
    },
];

fn something_healthy_is_routed(view: &View) -> bool {
    let Some(known_good) = view.known_good() else {
        return true;
    };
    // Nobody can route to what died by itself, and nobody else may have been proven yet.
    let bereaved = known_good
        .members
        .iter()
        .all(|member| view.state(member.id) == Some(State::Ended));
    view.interrupts
        || bereaved
        || view
            .table
            .entries
            .iter()
            .any(|entry| gets_traffic(entry) && view.is_healthy(entry.member.id))
}

fn nothing_quarantined_is_routed(view: &View) -> bool {
    let ledger = &view.ledger;
    // What failed past a point of no return keeps the traffic that it has: somebody has declared that nothing is undone there.
    let may = |generation: Generation| {
        ledger.overridden.contains(&generation) || ledger.points.contains(&generation)
    };
    view.routed()
        .all(|id| !ledger.quarantined.contains(&id.generation) || may(id.generation))
}

fn what_was_condemned_is_quarantined(view: &View) -> bool {
    view.runs
        .iter()
        .filter(|run| run.token == view.token && !view.held)
        .all(|run| {
            let condemned = run.end.as_ref().is_some_and(|end| end.quarantine);
            !condemned
                || run
                    .brings
                    .is_none_or(|brings| view.ledger.quarantined.contains(&brings))
        })
}

fn the_old_runs_until_the_commit(view: &View) -> bool {
    let members = view.known_good().map_or(&[][..], |fleet| &fleet.members);
    let states = || members.iter().map(|member| view.state(member.id));
    let stopped = states()
        .filter(|state| *state == Some(State::Stopped))
        .count();
    let allowed = match (view.interrupts, view.replaces) {
        (true, _) => members.len(),
        (false, true) => members.len().saturating_sub(1),
        (false, false) => 0,
    };
    states().all(|state| state.is_some()) && stopped <= allowed
}

fn the_way_back_is_proven(view: &View) -> bool {
    let is_proven = |generation: Generation| {
        let mut committed = view.ledger.committed.iter();
        let proven = |it: &Commit| it.fleet.generation == generation && it.proven;
        // Past a point of no return there is no other way back, and the plan says so.
        committed.any(proven) || view.ledger.stood.contains(&generation)
    };
    let decided = match &view.ledger.checkpoint {
        Some(Mark::Settling { goal, .. }) => *goal,
        Some(
            Mark::Withdrawing | Mark::Starting | Mark::Proving | Mark::Waiting | Mark::Shifted,
        )
        | None => None,
    };
    decided.is_none_or(is_proven)
        && view
            .runs
            .iter()
            .all(|run| run.way_back.is_none_or(is_proven))
}

fn an_abort_is_heeded(view: &View) -> bool {
    // What a later holder commits is not the doing of the one that was asked to stop.
    let holds = |run: &&Run| run.token == view.token;
    let mut asked = view.runs.iter().filter(|run| run.aborted).filter(holds);
    asked.all(|run| {
        let committed = view
            .ledger
            .committed
            .iter()
            .any(|commit| Some(commit.fleet.generation) == run.brings);
        !committed
            && run
                .end
                .as_ref()
                .is_none_or(|end| end.outcome != Outcome::Deployed)
    })
}

fn every_phase_has_a_deadline(view: &View) -> bool {
    view.runs.iter().all(|run| run.end.is_some() || run.awaits)
}

fn an_end_says_what_serves(view: &View) -> bool {
    let newest = view.runs.iter().filter(|run| run.token == view.token);
    newest
        .filter_map(|run| run.end.as_ref())
        .all(|end| match end.outcome {
            Outcome::Deployed
            | Outcome::Restored
            | Outcome::RolledBack
            | Outcome::Cancelled
            | Outcome::Held
            | Outcome::Waiting
            // Of a share that stands past a point of no return: whoever has most of the traffic.
            | Outcome::Failed => {
                let stands = view.ledger.stands.as_ref();
                let most = stands.map(|it| it.as_ref().map(|fleet| fleet.generation));
                most == Some(end.serving)
                    || view.active().all(|id| Some(id.generation) == end.serving)
            }
            Outcome::Shown
            | Outcome::Released
            | Outcome::Unchanged
            | Outcome::Stopped
            | Outcome::Resumed
            | Outcome::Superseded
            | Outcome::Rejected
            | Outcome::Busy
            | Outcome::Stranded
            | Outcome::Invalid
            | Outcome::Crashed => true,
        })
}

fn only_the_holder_changes_anything(view: &View) -> bool {
    view.change.is_none_or(|change| change.by == change.holder)
}

fn newer_is_never_replaced_by_older(view: &View) -> bool {
    let committed = view
        .ledger
        .committed
        .iter()
        .map(|commit| commit.fleet.generation);
    let newest = committed.clone().max();
    committed.is_sorted_by(|a, b| a < b) && view.active().all(|id| Some(id.generation) >= newest)
}

fn deployed_is_proven(view: &View) -> bool {
    let ends = view.runs.iter().filter_map(|run| run.end.as_ref());
    view.ledger.committed.iter().all(|commit| commit.proven)
        && ends
            .filter(|end| end.outcome == Outcome::Deployed)
            .all(|end| {
                view.ledger
                    .committed
                    .iter()
                    .any(|commit| Some(commit.fleet.generation) == end.serving)
            })
}

fn a_candidate_is_guarded(view: &View) -> bool {
    let Some(known_good) = view.known_good() else {
        return true;
    };
    let on_trial = view
        .active()
        .any(|id| id.generation != known_good.generation);
    let watched = view
        .runs
        .iter()
        .any(|run| run.token == view.token && run.end.is_none());
    let stands_by = view
        .table
        .entries
        .iter()
        .any(|entry| gets_traffic(entry) && known_good.members.contains(&entry.member));
    !on_trial || watched || stands_by || view.interrupts
}

fn nothing_past_the_point_is_undone(view: &View) -> bool {
    view.past
        .is_none_or(|past| permille(&view.table, past.generation) >= past.most)
}

fn a_point_that_is_passed_is_recorded(view: &View) -> bool {
    view.past
        .is_none_or(|past| view.ledger.points.contains(&past.generation))
}

fn a_lease_given_back_leaves_nothing_open(view: &View) -> bool {
    let known_good = view.known_good();
    let serves = known_good.map(|fleet| fleet.generation);
    let waits = view.ledger.open.filter(|_| view.ledger.waits);
    let belongs = |id: &InstanceId| {
        known_good.is_some_and(|fleet| fleet.members.iter().any(|it| it.id == *id))
            || Some(id.generation) == waits
    };
    let checkpoint = match (&view.ledger.checkpoint, waits) {
        (None, None) | (Some(Mark::Waiting), Some(_)) => true,
        (Some(_) | None, _) => false,
    };
    view.held
        || (view.ledger.open == waits
            && checkpoint
            && (view.ledger.stands.is_some()
                || view.active().all(|id| Some(id.generation) == serves))
            && view
                .instances
                .iter()
                .all(|(id, it)| belongs(id) || it.late || view.left.contains(id)))
}

fn never_more_than_the_peak(view: &View) -> bool {
    let planned = view
        .instances
        .iter()
        .filter(|(id, it)| !it.late && !view.left.contains(id));
    planned.count() <= view.peak
}

const fn nobody_gets_more_than_a_person_allowed(view: &View) -> bool {
    !view.overstepped
}

fn recreate_runs_one_version_at_a_time(view: &View) -> bool {
    let running = view
        .instances
        .iter()
        .filter(|(_, it)| it.state == State::Running && !it.late);
    let generations: BTreeSet<Generation> = running.map(|(id, _)| id.generation).collect();
    !view.interrupts || generations.len() <= 1
}

impl View {
    /// The name of a predicate that does not hold.
    #[must_use]
    pub fn broken(&self) -> Option<&'static Invariant> {
        ALL.iter().find(|invariant| !(invariant.holds)(self))
    }

    /// What is to serve: what was committed last, or what was left with the traffic past a point of no return.
    fn known_good(&self) -> Option<&Fleet> {
        match &self.ledger.stands {
            Some(stands) => stands.as_ref(),
            None => self.ledger.committed.last().map(|commit| &commit.fleet),
        }
    }

    fn state(&self, id: InstanceId) -> Option<State> {
        self.instances.get(&id).map(|instance| instance.state)
    }

    fn is_healthy(&self, id: InstanceId) -> bool {
        self.instances
            .get(&id)
            .is_some_and(|it| it.state == State::Running && it.well && it.known)
    }

    /// Who gets requests, if only when nobody else can.
    fn routed(&self) -> impl Iterator<Item = InstanceId> {
        self.table
            .entries
            .iter()
            .filter(|entry| gets_traffic(entry))
            .map(|entry| entry.member.id)
    }

    /// Who gets requests before anybody else does.
    fn active(&self) -> impl Iterator<Item = InstanceId> {
        self.table
            .entries
            .iter()
            .filter(|entry| gets_traffic(entry) && !entry.backup)
            .map(|entry| entry.member.id)
    }
}

const fn gets_traffic(entry: &Entry) -> bool {
    entry.weight > 0
}

// --- as the machine itself can check them ------------------------------------------------------------------------

/// 6, for one machine: it is over, or an answer is under way, or it names the time to wake it.
#[must_use]
pub fn has_a_deadline(rollout: &Rollout) -> bool {
    rollout.end().is_some() || !rollout.under_way.is_empty() || rollout.wake_at().is_some()
}

/// 3, for one act: it neither stops nor removes what serves, or is to serve.
#[must_use]
pub fn spares(serves: Option<&Fleet>, action: &Action) -> bool {
    match action {
        Action::Stop(id) | Action::Remove(id) => !serves
            .iter()
            .flat_map(|fleet| &fleet.members)
            .any(|member| member.id == *id),
        Action::Adopt(_)
        | Action::Record(..)
        | Action::Start(_)
        | Action::Revive(_)
        | Action::Route { .. }
        | Action::Probe(_)
        | Action::Watch(_)
        | Action::Measure(_)
        | Action::Log(_)
        | Action::Hook(_)
        | Action::Conclude(_) => true,
    }
}
