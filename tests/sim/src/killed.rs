//! What users see when a run is killed, and what the next run does about it: the table of the README.
//!
//! One deploy, in which nothing goes wrong but that it is killed: in every phase, between any two things that happen. What
//! it had asked for may still happen or not. Then a recovery comes, and is killed as well, or not. Every such history is
//! walked, and what answers users is looked at after every move.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use cd_core::protocol::Outcome;
use cd_core::rollout::invariants::State;
use cd_core::rollout::{Share, Strategy, Waves};
use cd_core::spec::Generation;

use crate::model::timing;
use crate::mutant::Mutant;
use crate::world::{Luck, Move, Quality, Release, Setup, Want, World};

/// What serves at the beginning, and what is deployed.
const OLD: Release = Release(0);
const NEW: Release = Release(1);

/// What answers users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answers {
    /// The version that served before.
    Old,
    /// Some get the old one, some the new one.
    Both,
    /// The version that is deployed.
    New,
    /// None: users get an error.
    Nobody,
}

/// Where a run is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In this phase of a deploy, before its commit.
    Before(&'static str),
    /// In a deploy that goes back.
    Reverting,
    /// In a deploy, after its commit.
    After,
    /// In a recovery.
    Recovery,
}

/// What came of all histories that were killed in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Came {
    /// What users got, from the end of the run to the beginning of the next one.
    pub until: BTreeSet<Answers>,
    /// What they would have got in that time had the new version died.
    pub without: BTreeSet<Answers>,
    /// What they got while the next run went on.
    pub during: BTreeSet<Answers>,
    /// How the next run ended; where there was nothing to do, there is none.
    pub outcomes: BTreeSet<&'static str>,
    /// What serves in the end.
    pub serves: BTreeSet<Answers>,
}

/// What happened on the way, besides what is to be seen of the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Way {
    /// Where the last run was killed.
    pub killed: Option<Place>,
    /// Whether the next run is at it.
    pub next: bool,
}

/// What is noted.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    /// Something has happened.
    Moved,
    /// The next run is over; no outcome: it had nothing to do.
    Over(Option<Outcome>),
}

/// How things are arranged: two instances, and a strategy.
#[must_use]
pub fn setup(strategy: Strategy, waits: bool, wants: &[Want]) -> Setup {
    Setup {
        strategy,
        shares: vec![Share(50)],
        asks: BTreeMap::new(),
        waves: Waves { batch: 1, surge: 1 },
        waits,
        hooks: Vec::new(),
        replicas: 2,
        wants: wants.to_vec(),
        timing: timing(),
        mutant: None,
    }
}

/// A world in which the old version serves, and so many runs may be killed.
#[must_use]
pub fn world(setup: &Setup, quality: Quality, crashes: u8) -> World {
    let luck = Luck {
        crashes,
        ..Luck::default()
    };
    World::new(setup, true, vec![Quality::Good, quality], luck)
}

/// What comes of a deploy that is killed anywhere, and of a recovery that is.
#[must_use]
pub fn killed(strategy: Strategy, waits: bool, mutant: Option<Mutant>) -> BTreeMap<Place, Came> {
    let wants = [Want::Deploy(NEW), Want::Recover, Want::Recover];
    let setup = Setup {
        mutant,
        ..setup(strategy, waits, &wants)
    };
    let mut all: BTreeMap<Place, Came> = BTreeMap::new();
    for quality in [Quality::Good, Quality::NeverWell, Quality::BadToUsers] {
        let first = world(&setup, quality, 2);
        walk(&setup, first, &mut |way, world, note| {
            let Some(place) = way.killed else { return };
            all.entry(place).or_default().note(way.next, world, note);
        });
    }
    all
}

impl Came {
    fn note(&mut self, next: bool, world: &World, note: Note) {
        let answers = answers(world);
        match note {
            Note::Moved if next => {
                self.during.insert(answers);
            }
            Note::Moved => {
                self.until.insert(answers);
                self.without.insert(self::answers(&without_new(world)));
            }
            Note::Over(outcome) => {
                self.outcomes.extend(outcome.map(Outcome::word));
                self.serves.insert(answers);
            }
        }
    }
}

/// Lives through every history until the run is over that comes after the last killed one.
pub fn walk(setup: &Setup, first: World, note: &mut impl FnMut(Way, &World, Note)) {
    let mut seen = HashSet::new();
    let mut open = vec![(first, Way::default())];
    while let Some((world, way)) = open.pop() {
        note(way, &world, Note::Moved);
        let moves = world.moves(setup);
        if !way.next && moves.iter().all(|step| matches!(step, Move::Late(_))) {
            note(way, &world, Note::Over(None));
        }
        for step in moves {
            let mut next = way;
            match step {
                Move::Begin => next.next = way.killed.is_some(),
                Move::Crash { run } => {
                    next.killed = Some(place(&world, run));
                    next.next = false;
                }
                Move::Leave { run } => {
                    let end = world.runs[run].machine.end();
                    note(way, &world, Note::Over(end.map(|end| end.outcome)));
                    continue;
                }
                Move::TakeOver
                | Move::Answer { .. }
                | Move::Happen { .. }
                | Move::Tick { .. }
                | Move::Cancel { .. }
                | Move::Late(_)
                | Move::Twice(_)
                | Move::Jump(_)
                | Move::Stop
                | Move::Say(_)
                | Move::Die(_)
                | Move::RestartRouter => {}
            }
            let mut after = world.clone();
            after.apply(setup, &step);
            if seen.insert((after.clone(), next)) {
                open.push((after, next));
            }
        }
    }
}

fn place(world: &World, run: usize) -> Place {
    let committed = world.known_good().map(|fleet| fleet.generation) != Some(Generation(1));
    match world.runs[run].machine.phase() {
        _ if world.came > 1 => Place::Recovery,
        _ if committed => Place::After,
        "reverting" | "concluding" | "over" => Place::Reverting,
        phase => Place::Before(phase),
    }
}

/// What answers users now.
#[must_use]
pub fn answers(world: &World) -> Answers {
    let up = |backup: bool| -> BTreeSet<Release> {
        let entries = world.effective.entries.iter();
        entries
            .filter(|entry| entry.weight > 0 && entry.backup == backup)
            .filter_map(|entry| world.things.get(&entry.member.id))
            .filter(|thing| thing.state == State::Running)
            .map(|thing| thing.release)
            .collect()
    };
    let releases = match up(false) {
        some if !some.is_empty() => some,
        _ => up(true),
    };
    match (releases.contains(&OLD), releases.contains(&NEW)) {
        (true, true) => Answers::Both,
        (true, false) => Answers::Old,
        (false, true) => Answers::New,
        (false, false) => Answers::Nobody,
    }
}

/// The same world, in which every instance of the new version has ended.
fn without_new(world: &World) -> World {
    let mut world = world.clone();
    for thing in world.things.values_mut().filter(|it| it.release == NEW) {
        thing.state = State::Ended;
    }
    world
}

/// The table, in Markdown: places that read the same stand in one row.
#[must_use]
pub fn table() -> String {
    let mut came: BTreeMap<(usize, Place), BTreeMap<&str, Came>> = BTreeMap::new();
    for (name, strategy) in STRATEGIES {
        let mut all = killed(strategy, false, None);
        if matches!(strategy, Strategy::BlueGreen | Strategy::Canary) {
            let waiting = Place::Before("waiting");
            let waits = killed(strategy, true, None).remove(&waiting);
            all.extend(waits.map(|it| (waiting, it)));
        }
        for (place, it) in all {
            let row = came.entry((place.rank(), place)).or_default();
            row.insert(name, it);
        }
    }
    let mut rows: Vec<(String, String)> = Vec::new();
    for ((_, place), each) in came {
        let mut cells: Vec<String> = STRATEGIES
            .iter()
            .map(|(name, _)| each.get(name).map_or_else(|| "–".to_owned(), Came::users))
            .collect();
        cells.push(afterwards(each.values()));
        let cells = cells.join(" | ");
        match rows.last_mut().filter(|(_, last)| *last == cells) {
            Some((places, _)) => places.push_str(&format!(", {}", place.word())),
            None => rows.push((place.word(), cells)),
        }
    }
    let names: Vec<&str> = STRATEGIES.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "| killed while it is | {} | after the next run |\n|---|---|---|---|---|---|\n",
        names.join(" | ")
    );
    for (places, cells) in rows {
        writeln!(text, "| {places} | {cells} |").expect("writing to a string cannot fail");
    }
    text
}

/// As the configuration names them.
const STRATEGIES: [(&str, Strategy); 4] = [
    ("`blue-green`", Strategy::BlueGreen),
    ("`canary`", Strategy::Canary),
    ("`rolling`", Strategy::Rolling),
    ("`recreate`", Strategy::Recreate),
];

/// The phases of a deploy up to its commit, in their order.
const PHASES: [&str; 8] = [
    "leased",
    "preparing",
    "proving",
    "waiting",
    "shifting",
    "pausing",
    "baking",
    "committing",
];

impl Place {
    fn rank(self) -> usize {
        match self {
            Self::Before(phase) => {
                let at = PHASES.iter().position(|it| *it == phase);
                at.unwrap_or_else(|| panic!("`{phase}` is no phase of a deploy"))
            }
            Self::After => PHASES.len(),
            Self::Reverting => PHASES.len() + 1,
            Self::Recovery => PHASES.len() + 2,
        }
    }

    fn word(self) -> String {
        match self {
            Self::Before(phase) => format!("`{phase}`"),
            Self::After => "`retiring`".to_owned(),
            Self::Reverting => "`reverting`".to_owned(),
            Self::Recovery => "recovering".to_owned(),
        }
    }
}

impl Came {
    /// What users get until the next run; what else they would get should the new version die, where that is another one.
    fn users(&self) -> String {
        let falls_back = self.without.iter().all(|it| *it == Answers::Old);
        match falls_back && !self.until.contains(&Answers::Old) {
            true => format!("{}, else old", one_of(&self.until)),
            false => one_of(&self.until),
        }
    }
}

/// What serves in the end, and how the next run ends.
fn afterwards<'a>(each: impl Iterator<Item = &'a Came>) -> String {
    let mut all = Came::default();
    for came in each {
        all.serves.extend(&came.serves);
        all.outcomes.extend(&came.outcomes);
    }
    let outcomes: Vec<String> = all.outcomes.iter().map(|it| format!("`{it}`")).collect();
    let serves = match all.serves.len() {
        1 => one_of(&all.serves),
        _ => format!("{}, as the ledger says", one_of(&all.serves)),
    };
    format!("{serves} ({})", outcomes.join(" or "))
}

fn one_of(answers: &BTreeSet<Answers>) -> String {
    let word = |it: &Answers| match it {
        Answers::Old => "old",
        Answers::Both => "both",
        Answers::New => "new",
        Answers::Nobody => "no answer",
    };
    let words: Vec<&str> = answers.iter().map(word).collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        few => few.concat(),
    }
}

#[cfg(test)]
mod tests;
