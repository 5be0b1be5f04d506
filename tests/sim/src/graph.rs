//! What a model checker of single states cannot see: whether the graph has a circle, and where its paths end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cd_core::rollout::Entry;
use cd_core::rollout::invariants::State;
use cd_core::spec::InstanceId;

use crate::world::{Move, Release, Setup, World};

/// Where a path ends, as users and the next run see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Final {
    /// What answers users.
    pub serves: BTreeSet<Release>,
    /// What the ledger says.
    pub committed: Option<Release>,
    /// What is in quarantine.
    pub quarantined: BTreeSet<usize>,
    /// Whether something began and has no end.
    pub unfinished: bool,
}

/// The whole graph, walked once.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Distinct worlds.
    pub states: usize,
    /// Where its paths end, and a path to each.
    pub finals: BTreeMap<Final, Vec<Move>>,
    /// Moves that lead from a world back to itself.
    pub circle: Option<Vec<Move>>,
    /// Moves after which a machine waits for nothing, and is not over.
    pub stuck: Option<Vec<Move>>,
}

/// A world on the path that is walked, and the moves that are still to be tried there.
struct Frame {
    fingerprint: u64,
    world: World,
    left: Vec<Move>,
    came_by: Option<Move>,
}

/// Walks everything that can come of these worlds, depth first.
#[must_use]
pub fn walk(setup: &Setup, initial: &[World]) -> Graph {
    let mut graph = Graph::default();
    // The value: whether everything after it has been walked.
    let mut seen: HashMap<u64, bool> = HashMap::new();
    for world in initial {
        let mut path = vec![frame(setup, world.clone(), None)];
        while let Some(top) = path.last_mut() {
            seen.entry(top.fingerprint).or_insert(false);
            let Some(step) = top.left.pop() else {
                seen.insert(top.fingerprint, true);
                path.pop();
                continue;
            };
            let mut next = top.world.clone();
            next.apply(setup, &step);
            let next = frame(setup, next, Some(step));
            match seen.get(&next.fingerprint) {
                Some(true) => {}
                Some(false) => graph.circle = Some(circle(&path, next)),
                None => {
                    graph.note(setup, &path, &next);
                    path.push(next);
                }
            }
        }
    }
    graph.states = seen.len();
    graph
}

impl Graph {
    fn note(&mut self, setup: &Setup, path: &[Frame], next: &Frame) {
        let moves = || {
            path.iter()
                .chain([next])
                .filter_map(|frame| frame.came_by.clone())
                .collect()
        };
        if next.left.is_empty() {
            self.finals
                .entry(Final::of(&next.world))
                .or_insert_with(moves);
        }
        let waits = next
            .world
            .view(setup)
            .runs
            .iter()
            .all(|run| run.awaits || run.end.is_some());
        let over = !next.left.is_empty() || next.world.runs.is_empty();
        if !waits || !over {
            self.stuck = Some(moves());
        }
    }
}

impl Final {
    fn of(world: &World) -> Self {
        let usable = |id: &InstanceId| {
            world
                .things
                .get(id)
                .is_some_and(|thing| thing.state == State::Running)
        };
        let entries = world
            .effective
            .entries
            .iter()
            .filter(|entry| entry.weight > 0 && usable(&entry.member.id));
        let (backups, active): (Vec<&Entry>, Vec<&Entry>) = entries.partition(|entry| entry.backup);
        let serving = if active.is_empty() { backups } else { active };
        let release = |id: &InstanceId| world.things.get(id).map(|thing| thing.release);
        Self {
            serves: serving
                .into_iter()
                .filter_map(|entry| release(&entry.member.id))
                .collect(),
            committed: world.ledger.committed.last().map(|it| it.release),
            quarantined: world.ledger.quarantined.clone(),
            unfinished: world.ledger.open.is_some() || world.ledger.checkpoint.is_some(),
        }
    }
}

fn frame(setup: &Setup, world: World, came_by: Option<Move>) -> Frame {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    Frame {
        fingerprint: hasher.finish(),
        left: world.moves(setup),
        world,
        came_by,
    }
}

fn circle(path: &[Frame], next: Frame) -> Vec<Move> {
    let round = path
        .iter()
        .skip_while(|frame| frame.fingerprint != next.fingerprint)
        .skip(1);
    round
        .filter_map(|frame| frame.came_by.clone())
        .chain(next.came_by)
        .collect()
}
