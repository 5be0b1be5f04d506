use super::*;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
const BEGIN: &str = "<!-- generated: killed here -->\n";
const END: &str = "<!-- end -->";

/// `KILLED=accept` writes it there.
#[test]
fn the_table_of_the_readme_is_what_the_world_shows() {
    let readme = std::fs::read_to_string(README).expect("there is a README");
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the table");
    let (written, after) = rest.split_once(END).expect("the table has an end");
    let table = table();
    if std::env::var_os("KILLED").is_some_and(|wish| wish == "accept") {
        let text = format!("{before}{BEGIN}{table}{END}{after}");
        std::fs::write(README, text).expect("the README can be written");
        return;
    }
    assert_eq!(
        written, table,
        "`KILLED=accept cargo test -p sim --profile fast the_table` writes it"
    );
}

/// The promises of the table that no word of it can soften.
#[test]
fn only_recreate_interrupts_and_after_the_next_run_one_version_serves_alone() {
    for (name, strategy) in STRATEGIES {
        for (place, came) in killed(strategy, false, None) {
            let interrupted = [&came.until, &came.during]
                .iter()
                .any(|it| it.contains(&Answers::Nobody));
            assert!(
                !interrupted || strategy == Strategy::Recreate,
                "{name}, {place:?}: {came:?}"
            );
            let serves: Vec<_> = came.serves.iter().collect();
            let one = |it: &&&Answers| matches!(**it, Answers::Old | Answers::New);
            assert_eq!(
                serves.iter().filter(one).count(),
                serves.len(),
                "{place:?}: {came:?}"
            );
            assert!(!serves.is_empty(), "{name}, {place:?}: nothing was seen");
        }
    }
}

/// A table that a bug on purpose leaves as it is shows nothing.
#[test]
fn bugs_on_purpose_are_seen_in_the_table() {
    let right = killed(Strategy::BlueGreen, false, None);
    let baking = Place::Before("baking");
    let alone = killed(Strategy::BlueGreen, false, Some(Mutant::LeavesNoFallback));
    let forgets = killed(Strategy::BlueGreen, false, Some(Mutant::ForgetsTheBake));
    let told = |all: &BTreeMap<Place, Came>| (all[&baking].users(), all[&baking].serves.clone());
    let old = BTreeSet::from([Answers::Old]);
    assert_eq!(told(&right), ("new, else old".to_owned(), old.clone()));
    assert_eq!(told(&alone), ("new".to_owned(), old));
    assert!(
        forgets[&baking].serves.contains(&Answers::New),
        "{forgets:?}"
    );
}

/// Neither a share nor a fallback of the dead run stays in force.
#[test]
fn h17_after_the_next_run_the_router_knows_one_version_alone() {
    for (name, strategy) in STRATEGIES {
        let wants = [Want::Deploy(NEW), Want::Recover, Want::Recover];
        let setup = setup(strategy, false, &wants);
        let mut ends = 0;
        walk(
            &setup,
            world(&setup, Quality::Good, 2),
            &mut |way, world, note| {
                let Note::Over(_) = note else { return };
                ends += 1;
                let entries = &world.effective.entries;
                let generations: BTreeSet<_> =
                    entries.iter().map(|it| it.member.id.generation).collect();
                let full = entries.iter().all(|it| it.weight > 0 && !it.backup);
                assert!(
                    generations.len() == 1 && full && world.written == world.effective,
                    "{name}, {way:?}: {:?}",
                    world.effective
                );
            },
        );
        assert!(ends > 10, "{name}: {ends}");
    }
}

/// That something began is no reason to take it for done.
#[test]
fn h1_what_a_dead_run_began_is_deployed_when_it_is_asked_for_again() {
    for (name, strategy) in STRATEGIES {
        let setup = setup(strategy, false, &[Want::Deploy(NEW); 3]);
        let (mut seen, mut ends) = (HashSet::new(), 0);
        let mut open = vec![world(&setup, Quality::Good, 1)];
        while let Some(world) = open.pop() {
            let moves = world.moves(&setup);
            let over = moves.iter().all(|step| matches!(step, Move::Late(_)));
            if over && world.came == 3 {
                ends += 1;
                let committed = world.ledger.committed.last().map(|it| it.release);
                assert_eq!(committed, Some(NEW), "{name}: {world:?}");
                assert_eq!(answers(&world), Answers::New, "{name}: {world:?}");
            }
            // The run that is killed is the first one.
            let may = |step: &Move| world.came < 2 || !matches!(step, Move::Crash { .. });
            for step in moves.into_iter().filter(may) {
                let mut next = world.clone();
                next.apply(&setup, &step);
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        assert!(ends > 0, "{name}: no history ended");
    }
}
