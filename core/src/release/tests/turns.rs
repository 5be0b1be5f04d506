//! Two releases at the same time, which take turns in any way.

use proptest::prelude::*;

use super::*;

/// A run among others.
struct Turn {
    publication: Publication,
    /// The image on its engine.
    built: Option<String>,
    /// What it has decided to do, and has not done yet.
    pending: Vec<Act>,
    end: Option<End>,
}

impl Turn {
    fn new(plan: Plan) -> Self {
        Self {
            publication: Publication::new(plan),
            built: None,
            pending: Vec::new(),
            end: None,
        }
    }

    /// Decides, or does one thing of what was decided.
    fn go(&mut self, world: &mut World) {
        if self.end.is_some() {
            return;
        }
        let (fresh, end) = self.publication.advance();
        self.end = end;
        self.pending.extend(fresh);
        if self.pending.is_empty() {
            return;
        }
        let act = self.pending.remove(0);
        let plan = self.publication.plan().clone();
        world.built = self.built.take();
        let observation = world.act(&act, &plan);
        self.built = world.built.take();
        self.publication.observe(&act, observation);
    }

    fn finish(&mut self, world: &mut World) {
        for _ in 0..1_000 {
            if self.end.is_some() {
                return;
            }
            self.go(world);
        }
        panic!("it never ends");
    }

    fn ended(&self) -> (Outcome, &'static str) {
        let end = self.end.as_ref().expect("it has ended");
        (end.outcome, end.reason)
    }

    fn digest(&self) -> String {
        self.publication.image().expect("it has an image").0
    }
}

/// One decides and does so many things, then the other runs from its beginning to its end, then the first goes on with what it had
/// decided: its next write is one that was held on its way.
fn held_after(steps: usize, first: Plan, second: Plan) -> (World, [Turn; 2], bool) {
    let mut world = World::default();
    let mut runs = [first, second].map(Turn::new);
    let [one, two] = &mut runs;
    for _ in 0..steps {
        one.go(&mut world);
    }
    if one.end.is_none() && one.pending.is_empty() {
        let (fresh, end) = one.publication.advance();
        one.pending.extend(fresh);
        one.end = end;
    }
    let over = one.end.is_some();
    two.finish(&mut world);
    one.finish(&mut world);
    (world, runs, over)
}

fn taken_in_turns(turns: &[bool], plans: [Plan; 2]) -> (World, [Turn; 2]) {
    let mut world = World::default();
    let mut runs = plans.map(Turn::new);
    for turn in turns {
        let [one, two] = &mut runs;
        let run = if *turn { two } else { one };
        run.go(&mut world);
    }
    for run in &mut runs {
        run.finish(&mut world);
    }
    (world, runs)
}

/// Every pair of runs, held at each step of either: checks, and the pairs of plans in both orders.
fn at_every_step(one: &Plan, two: &Plan, check: impl Fn(&World, &[Turn; 2])) {
    for (first, second) in [(one, two), (two, one)] {
        for steps in 0.. {
            assert!(steps < 200, "a release takes less steps");
            let (world, runs, over) = held_after(steps, first.clone(), second.clone());
            nothing_was_given_twice(&world);
            check(&world, &runs);
            if over {
                break;
            }
        }
    }
}

fn nothing_was_given_twice(world: &World) {
    for ((repository, tag), values) in &world.history {
        let fixed = tag.starts_with("sha-") || tag.split('.').count() == 3;
        let values: BTreeSet<&String> = values.iter().collect();
        assert!(
            !fixed || values.len() == 1,
            "{repository}:{tag} was given twice: {values:?}"
        );
    }
}

/// Whoever was first, there is one image, both runs say so, and one more run of each finds everything there.
fn is_one_image(world: &World, runs: &[Turn; 2]) {
    let [one, two] = runs;
    for run in runs {
        assert_eq!(run.ended().0, Outcome::Released, "{:?}", run.end);
    }
    assert_eq!(one.digest(), two.digest());
    let named = world.tags.iter().filter(|((_, tag), _)| tag != UPLOAD);
    let images: BTreeSet<&String> = named.map(|(_, digest)| digest).collect();
    assert_eq!(images.len(), 1);
    let mut world = world.clone();
    for run in runs {
        let end = release(&mut world, run.publication.plan().clone());
        assert_eq!(
            (end.outcome, end.reason),
            (Outcome::Released, "already-there")
        );
    }
}

#[test]
fn a_branch_and_a_tag_of_one_commit_end_on_one_image() {
    let (branch, tag) = (plan(7, None), plan(7, Some("1.2.3")));
    at_every_step(&branch, &tag, is_one_image);
}

#[test]
fn two_runs_of_one_tag_end_on_one_image() {
    let one = plan(7, Some("1.2.3"));
    at_every_step(&one, &one, is_one_image);
}

#[test]
fn of_two_commits_one_gets_the_version() {
    let (one, two) = (plan(7, Some("1.2.3")), plan(9, Some("1.2.3")));
    at_every_step(&one, &two, |world, runs| {
        let mut ends = runs.each_ref().map(|run| run.ended().0);
        ends.sort_by_key(|end| *end != Outcome::Released);
        assert_eq!(ends[0], Outcome::Released);
        assert_eq!(
            runs.iter()
                .filter(|run| run.ended().1 == "tag-taken")
                .count(),
            1
        );
        let [winner] = runs
            .iter()
            .filter(|run| run.ended().0 == Outcome::Released)
            .collect::<Vec<_>>()[..]
        else {
            panic!("one is released")
        };
        for repository in ["one.example/a", "two.example/b"] {
            for tag in ["1.2.3", "1.2", "latest"] {
                let holds = world.holds(&format!("{repository}:{tag}"));
                assert_eq!(holds, Some(&*winner.digest()), "{repository}:{tag}");
            }
        }
    });
}

#[test]
fn of_two_versions_the_newer_is_the_latest() {
    let (one, two) = (plan(7, Some("1.2.3")), plan(9, Some("1.3.0")));
    at_every_step(&one, &two, |world, runs| {
        for run in runs {
            assert_eq!(run.ended().0, Outcome::Released);
        }
        for repository in ["one.example/a", "two.example/b"] {
            let newer = world.holds(&format!("{repository}:1.3.0"));
            assert_eq!(world.holds(&format!("{repository}:latest")), newer);
        }
    });
}

/// As a prerelease has them: nothing moves. `with_commit`: a name tells the commit.
fn fixed(number: u32, version: &str, with_commit: bool) -> Plan {
    let mut plan = plan(number, Some(version));
    plan.derived.tags.retain(|tag| {
        tag.mobility == Mobility::Immutable && (with_commit || !tag.name.starts_with("sha-"))
    });
    plan
}

#[test]
fn without_names_that_move_two_runs_of_one_commit_end_on_one_image() {
    let (one, two) = (fixed(7, "1.2.3", true), fixed(7, "1.2.4", true));
    at_every_step(&one, &two, is_one_image);
    let one = fixed(7, "1.2.3", false);
    at_every_step(&one, &one, is_one_image);
}

#[test]
fn without_names_that_move_one_of_two_commits_gets_the_version() {
    for with_commit in [true, false] {
        let [one, two] = [7, 9].map(|number| fixed(number, "1.2.3", with_commit));
        at_every_step(&one, &two, |_, runs| {
            let ends = runs.each_ref().map(|run| run.ended());
            let released = ends.iter().filter(|end| end.0 == Outcome::Released);
            let taken = ends.iter().filter(|end| end.1 == "tag-taken");
            assert_eq!((released.count(), taken.count()), (1, 1), "{ends:?}");
        });
    }
}

/// What is written does not show, however long it is looked for.
#[test]
fn what_does_not_show_is_not_written_again() {
    for version in [None, Some("1.2.3")] {
        let mut world = World {
            blind: true,
            ..World::default()
        };
        let end = release(&mut world, plan(7, version));
        assert_eq!(
            (end.outcome, end.reason),
            (Outcome::Failed, "registry-answer")
        );
        for ((repository, tag), values) in &world.history {
            assert_eq!(values.len(), 1, "{repository}:{tag}");
        }
    }
}

proptest! {
    #[test]
    fn what_moves_by_version_ends_on_the_newer_whoever_comes_first(turns in proptest::collection::vec(any::<bool>(), 0..120)) {
        let (world, _) = taken_in_turns(&turns, [plan(7, Some("1.2.3")), plan(9, Some("1.3.0"))]);
        nothing_was_given_twice(&world);
        let newer = world.holds("one.example/a:1.3.0").expect("it was published");
        for repository in ["one.example/a", "two.example/b"] {
            prop_assert_eq!(world.holds(&format!("{repository}:latest")), Some(newer));
        }
    }

    #[test]
    fn runs_of_one_commit_end_on_one_image(turns in proptest::collection::vec(any::<bool>(), 0..120), tagged in any::<bool>()) {
        let second = plan(7, tagged.then_some("1.2.3"));
        let (world, runs) = taken_in_turns(&turns, [plan(7, Some("1.2.3")), second]);
        nothing_was_given_twice(&world);
        is_one_image(&world, &runs);
    }

    #[test]
    fn no_version_is_given_to_two_commits(turns in proptest::collection::vec(any::<bool>(), 0..120)) {
        let (world, runs) = taken_in_turns(&turns, [plan(7, Some("1.2.3")), plan(9, Some("1.2.3"))]);
        nothing_was_given_twice(&world);
        let taken = runs.iter().filter(|run| run.ended().1 == "tag-taken").count();
        prop_assert_eq!(taken, 1);
    }
}
