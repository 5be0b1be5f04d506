//! Hooks: their order, what a failure comes to, and points of no return.

use super::super::*;
use super::bench::{alive, fleet, id, is_commit, lives, no, unknown, well};
use super::{Bench, Plans};

const PLACES: [HookPlace; 3] = [
    HookPlace::BeforeStart,
    HookPlace::BeforeSwitch,
    HookPlace::AfterCommit,
];

fn three() -> Plans {
    PLACES
        .into_iter()
        .fold(Plans::new(), |plans, place| plans.hook(place, false))
}

fn ran(hook: usize, ran: &Ran) -> impl FnMut(&Action) -> Option<Observation> {
    move |action| (*action == Action::Hook(hook)).then(|| Observation::Hooked(ran.clone()))
}

fn failed() -> Ran {
    Ran::Failed("no such column".to_owned())
}

#[test]
fn hooks_run_in_their_places_each_between_its_records() {
    let mut bench = three().begin();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    let acts = [
        "adopt g1-1",
        "began",
        "hook 0 begins",
        "hook 0",
        "hook 0 over",
        "start g2-1",
        "route g1-1=256 g2-1=0",
        "hook 1 begins",
        "hook 1",
        "hook 1 over",
        "route g1-1=0 g1-1=256b g2-1=256",
        "commit",
        "hook 2 begins",
        "hook 2",
        "hook 2 over",
        "route g2-1=256",
        "remove g1-1",
        "conclude deployed",
    ];
    assert_eq!(bench.acts(), acts);
}

#[test]
fn recreate_has_stopped_the_old_version_when_the_first_hook_runs() {
    let mut bench = three().recreate().begin();
    bench.finish();
    let at = |word: &str| bench.acts().iter().position(|it| it == word);
    assert!(at("stop g1-1") < at("hook 0"));
    assert!(at("hook 0") < at("start g2-1"));
}

#[test]
fn under_canary_the_second_place_comes_before_the_first_share() {
    let mut bench = three().canary(&[10, 50]).begin();
    bench.finish();
    let hooks = bench.acts().iter().filter(|it| *it == "hook 1").count();
    assert_eq!(hooks, 1);
    let acts = bench.acts();
    let shift = acts.iter().position(|it| it.contains("g2-1=1"));
    assert!(acts.iter().position(|it| it == "hook 1") < shift);
}

#[test]
fn a_failure_goes_back_and_is_not_held_against_the_version() {
    for hook in [0, 1] {
        let mut bench = three().begin();
        let end = bench.finish_with(ran(hook, &failed()));
        assert_eq!(
            (end.outcome, end.reason.as_str(), end.quarantine),
            (Outcome::Failed, "hook-failed", false)
        );
        assert_eq!((end.serving, end.stands), (Some(Generation(1)), None));
    }
}

#[test]
fn recreate_starts_the_old_version_again_after_a_hook_that_failed() {
    let mut bench = three().recreate().begin();
    let end = bench.finish_with(ran(0, &failed()));
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::RolledBack, "hook-failed")
    );
    assert!(bench.acts().contains(&"revive g1-1".to_owned()));
}

#[test]
fn a_failure_after_the_commit_undoes_nothing_and_is_told() {
    let mut bench = three().hook(HookPlace::AfterCommit, false).begin();
    let end = bench.finish_with(ran(2, &failed()));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.serving),
        (Outcome::Deployed, "hook-failed", Some(Generation(2)))
    );
    assert!(bench.acts().contains(&"remove g1-1".to_owned()));
    assert!(!bench.acts().contains(&"hook 3".to_owned()), "left out");
}

#[test]
fn a_hook_past_the_point_that_fails_leaves_everything_as_it_is() {
    let mut bench = Plans::new().hook(HookPlace::BeforeStart, true).begin();
    let end = bench.finish_with(ran(0, &failed()));
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::Stranded, PAST, false)
    );
    assert_eq!(
        (end.serving, end.stands),
        (Some(Generation(1)), Some(Stands::AsBefore))
    );
    let acts = [
        "adopt g1-1",
        "began",
        "hook 0 begins",
        "hook 0",
        "hook 0 over",
        "conclude stranded",
    ];
    assert_eq!(bench.acts(), acts);
}

#[test]
fn a_bad_bake_past_the_point_moves_no_traffic_and_condemns_the_version() {
    let mut bench = Plans::new().hook(HookPlace::BeforeSwitch, true).begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.asked.clear();
    let end = bench.finish_with(|action| {
        matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), alive(10, 0)))
    });
    assert_eq!(bench.acts(), ["log g2-1", "conclude stranded"]);
    assert_eq!((end.outcome, end.quarantine), (Outcome::Stranded, true));
    assert_eq!(
        (end.serving, end.stands),
        (Some(Generation(2)), Some(Stands::Otherwise))
    );
    assert_eq!(end.left, [id(1, 1)]);
}

#[test]
fn a_canary_past_the_point_keeps_its_share() {
    let plans = Plans::new()
        .canary(&[10])
        .hook(HookPlace::BeforeSwitch, true);
    let mut bench = plans.begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "pausing");
    bench.asked.clear();
    let end = bench.finish_with(|action| {
        matches!(action, Action::Watch(_)).then(|| lives(id(2, 1), alive(10, 0)))
    });
    assert_eq!(bench.acts(), ["log g2-1", "conclude stranded"]);
    assert_eq!(
        (end.serving, end.stands),
        (Some(Generation(1)), Some(Stands::Otherwise)),
        "the old version has most of it"
    );
}

#[test]
fn what_never_began_has_passed_no_point() {
    let mut bench = Plans::new().hook(HookPlace::BeforeStart, true).begin();
    let end = bench.finish_with(ran(0, &Ran::Not("there is no such program".to_owned())));
    assert_eq!((end.outcome, end.stands), (Outcome::Failed, None));
}

#[test]
fn whoever_asks_to_stop_is_heard_when_the_hook_has_ended() {
    for (irreversible, outcome) in [(false, Outcome::Cancelled), (true, Outcome::Stranded)] {
        let mut bench = Plans::new()
            .hook(HookPlace::BeforeStart, irreversible)
            .begin();
        bench.until_asked(|action| *action == Action::Hook(0));
        bench.cancel();
        assert_eq!(bench.rollout.end(), None, "it runs");
        let end = bench.finish_with(ran(0, &Ran::Cut("ended by SIGTERM".to_owned())));
        assert_eq!(end.outcome, outcome);
        assert!(!bench.acts().contains(&"start g2-1".to_owned()));
    }
}

#[test]
fn who_can_wait_no_longer_past_the_point_says_that_it_was_passed() {
    for (irreversible, code) in [(false, "out-of-time"), (true, PAST)] {
        let plans = Plans::new().hook(HookPlace::BeforeStart, irreversible);
        let mut bench = plans.begin();
        bench.until_asked(|action| *action == Action::Hook(0));
        let end = bench.rollout.end_when_given_up();
        assert_eq!(
            (end.reason.as_str(), end.serving),
            (code, Some(Generation(1)))
        );
    }
}

#[test]
fn whoever_asks_to_stop_after_the_commit_gets_what_is_committed() {
    let mut bench = three().begin();
    bench.until_asked(|action| *action == Action::Hook(2));
    bench.cancel();
    let end = bench.finish_with(ran(2, &Ran::Cut("ended by SIGTERM".to_owned())));
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Deployed, Some(Generation(2)))
    );
}

#[test]
fn what_was_passed_before_a_wait_for_a_person_counts_after_it() {
    let plans = Plans::new().change(|plan| {
        plan.person = Person::Promoted;
        plan.past = true;
    });
    let mut bench = plans.begin();
    bench.until_with(|_| None, |bench| bench.rollout.phase() == "baking");
    bench.cancel();
    assert_eq!(bench.finish().outcome, Outcome::Stranded);
}

#[test]
fn a_dead_run_past_the_point_is_recorded_and_nothing_else_is_done() {
    let table = Table::shifted(Some(&fleet(1, 1)), &fleet(2, 1));
    for (astray, acts) in [
        (false, vec!["conclude stranded"]),
        (
            true,
            vec!["route g1-1=0 g1-1=256b g2-1=256", "conclude stranded"],
        ),
    ] {
        let plan = Plans::new().plan();
        let table = table.clone();
        let rollout = Rollout::stand_still(Timestamp(0), plan, table, astray, Why::Abandoned);
        let mut bench = Bench::of(rollout);
        let end = bench.finish();
        assert_eq!(bench.acts(), acts);
        assert_eq!(
            (end.serving, end.stands),
            (Some(Generation(2)), Some(Stands::Otherwise))
        );
    }
}

#[test]
fn whoever_has_most_of_the_traffic_carries_it() {
    let (old, new) = (fleet(1, 1), fleet(2, 1));
    let rows = [
        (Table::empty(), None, true),
        (Table::serving(Some(&old)), Some(1), true),
        (Table::admitted(Some(&old), &new), Some(1), true),
        (Table::shared(&old, &new, Share(10)), Some(1), false),
        (Table::shared(&old, &new, Share(50)), Some(2), false),
        (Table::shared(&old, &new, Share(90)), Some(2), false),
        (Table::shifted(Some(&old), &new), Some(2), true),
    ];
    for (table, generation, whole) in rows {
        let generation = generation.map(Generation);
        assert_eq!(
            Carrier::by(&table),
            Carrier { generation, whole },
            "{table:?}"
        );
    }
}

/// Every act of every rollout, with everything that may come of it, and whoever asks to stop there: 12 in its place. Nothing that
/// came after the point undoes anything: no table takes traffic from the new version, nothing is stopped, removed or started again
/// before the commit.
#[test]
fn nothing_after_the_point_is_undone_whatever_fails() {
    let rollouts: [fn() -> Plans; 4] = [
        Plans::new,
        || Plans::new().recreate(),
        || Plans::new().canary(&[10, 50]),
        || Plans::new().first(),
    ];
    let mut cases = 0;
    for rollout in rollouts {
        for place in [HookPlace::BeforeStart, HookPlace::BeforeSwitch] {
            let plans = || rollout().hook(place, true);
            let mut all = plans().begin();
            all.finish();
            for at in 0..all.asked.len() {
                for bad in [Bad::No, Bad::Unknown, Bad::Cancel] {
                    let mut bench = plans().begin();
                    bad.strike(&mut bench, at);
                    nothing_is_undone(&bench);
                    cases += 1;
                }
            }
        }
    }
    assert!(cases > 300, "{cases}");
}

#[derive(Clone, Copy)]
enum Bad {
    No,
    Unknown,
    Cancel,
}

impl Bad {
    /// From the act of this number on everything of its kind goes wrong.
    fn strike(self, bench: &mut Bench, at: usize) {
        bench.until_with(
            |_| None,
            |bench| bench.asked.len() > at || bench.rollout.end().is_some(),
        );
        let Some(action) = bench.asked.get(at).cloned() else {
            return;
        };
        if matches!(self, Self::Cancel) {
            bench.cancel();
        }
        let same =
            |other: &Action| std::mem::discriminant(other) == std::mem::discriminant(&action);
        bench.finish_with(|other| {
            let answer = match (self, other) {
                (Self::Cancel, _) => well(other),
                (Self::No, Action::Hook(_)) => Observation::Hooked(failed()),
                (Self::Unknown, Action::Hook(_)) => {
                    Observation::Hooked(Ran::Cut("it took too long".to_owned()))
                }
                (_, Action::Probe(_)) => Observation::Probed(BTreeMap::new()),
                (_, Action::Watch(_)) => lives(id(2, 1), Life::default()),
                (_, Action::Log(_)) => Observation::Logged,
                (Self::No, other) => no(other),
                (Self::Unknown, other) => unknown(other),
            };
            same(other).then_some(answer)
        });
    }
}

fn nothing_is_undone(bench: &Bench) {
    let passed = bench.asked.iter().position(|it| *it == Action::Hook(0));
    let commit = bench.asked.iter().position(is_commit);
    let Some(passed) = passed else { return };
    let end = commit.unwrap_or(bench.asked.len());
    let mut share = 0;
    for action in bench.asked.iter().take(end).skip(passed) {
        match action {
            Action::Route { table, .. } => {
                let now = permille(table, Generation(2));
                assert!(now >= share, "{:?}", bench.acts());
                share = now;
            }
            Action::Stop(_) | Action::Remove(_) | Action::Revive(_) => {
                panic!("{action:?} after the point: {:?}", bench.acts())
            }
            Action::Adopt(_)
            | Action::Record(..)
            | Action::Start(_)
            | Action::Probe(_)
            | Action::Watch(_)
            | Action::Measure(_)
            | Action::Log(_)
            | Action::Hook(_)
            | Action::Conclude(_) => {}
        }
    }
    let end = bench.rollout.end().expect("it is over");
    assert!(
        matches!(end.outcome, Outcome::Stranded | Outcome::Deployed),
        "{end:?}"
    );
}
