//! Hazards that rollouts elsewhere have, by their numbers in `docs/hazards.md`: those that no other test shows.

use super::super::*;
use super::bench::{alive, id, is_commit, no, unknown, well};
use super::{Bench, Plans};

const STRATEGIES: [Strategy; 4] = [
    Strategy::BlueGreen,
    Strategy::Canary,
    Strategy::Rolling,
    Strategy::Recreate,
];

fn under(strategy: Strategy) -> Plans {
    Plans::new().replicas(3).change(|plan| {
        plan.strategy = strategy;
        plan.shares = vec![Share(50)];
    })
}

fn until(bench: &mut Bench, phase: &str) {
    bench.until_with(|_| None, |bench| bench.rollout.phase() == phase);
}

/// Each of these instances as it is seen.
fn probe(members: &[Member], see: impl Fn(InstanceId) -> Seen) -> Observation {
    Observation::Probed(members.iter().map(|it| (it.id, see(it.id))).collect())
}

#[test]
fn h3_bad_probes_that_are_not_in_a_row_never_add_up() {
    let mut bench = Plans::new()
        .canary(&[50])
        .change(|plan| {
            plan.timing.pause = 100_000;
            plan.timing.bake = 100_000;
        })
        .begin();
    until(&mut bench, "pausing");
    let (mut probes, mut bad) = (0, 0);
    let end = bench.finish_with(|action| match action {
        Action::Probe(members) => {
            probes += 1;
            bad += probes % 2;
            Some(probe(members, |_| match probes % 2 {
                0 => Seen::Good,
                _ => Seen::Bad("503".to_owned()),
            }))
        }
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::Deployed, "{end:?}");
    assert!(bad > 80, "{bad} of {probes}");
}

#[test]
fn h6_losing_what_serves_never_promotes_the_candidate() {
    let bad = Seen::Bad("503".to_owned());
    let blind = Seen::Nothing("no route".to_owned());
    for phase in ["proving", "pausing", "baking"] {
        for seen in [&bad, &blind] {
            let mut bench = under(Strategy::Canary).begin();
            until(&mut bench, phase);
            let end = bench.finish_with(|action| match action {
                Action::Watch(ids) => Some(Observation::Watched(
                    ids.iter()
                        .filter(|id| id.generation == Generation(2))
                        .map(|id| (*id, alive(10, 10)))
                        .collect(),
                )),
                Action::Revive(_) => {
                    Some(Observation::Started(Started::No("it is gone".to_owned())))
                }
                Action::Probe(members) => Some(probe(members, |_| seen.clone())),
                _ => None,
            });
            assert!(
                !bench.asked.iter().any(is_commit),
                "{phase}, {seen:?}: {:?}",
                bench.acts()
            );
            assert_ne!(end.outcome, Outcome::Deployed, "{phase}, {seen:?}");
            assert_ne!(end.serving, Some(Generation(2)), "{phase}, {seen:?}");
        }
    }
}

#[test]
fn h7_the_traffic_goes_back_though_one_of_the_old_version_is_unwell() {
    let mut bench = Plans::new().replicas(3).begin();
    until(&mut bench, "baking");
    bench.asked.clear();
    let end = bench.finish_with(|action| match action {
        Action::Watch(ids) => Some(Observation::Watched(
            ids.iter().map(|id| (*id, alive(10, 0))).collect(),
        )),
        Action::Probe(members) => Some(probe(members, |it| match it == id(1, 1) {
            true => Seen::Bad("503".to_owned()),
            false => Seen::Good,
        })),
        _ => None,
    });
    assert_eq!(end.outcome, Outcome::RolledBack, "{end:?}");
    assert_eq!(
        bench.acts().first().map(String::as_str),
        Some("route g1-1=256 g1-2=256 g1-3=256"),
    );
    let of_old = |action: &Action| match action {
        Action::Probe(members) => members.iter().any(|it| it.id.generation == Generation(1)),
        _ => false,
    };
    let asked = |is: &dyn Fn(&Action) -> bool| bench.asked.iter().position(is);
    let routed = asked(&|action| matches!(action, Action::Route { .. }));
    assert!(
        routed < asked(&of_old),
        "nobody asks how the old version is before it has the traffic"
    );
}

type Kind = (&'static str, fn(&Action) -> bool);

/// Everything that a run can ask for, and that can fail.
const KINDS: [Kind; 10] = [
    ("adopt", |action| matches!(action, Action::Adopt(_))),
    ("began", |action| {
        matches!(action, Action::Record(Record::Began, _))
    }),
    ("commit", is_commit),
    ("start", |action| matches!(action, Action::Start(_))),
    ("route", |action| matches!(action, Action::Route { .. })),
    ("stop", |action| matches!(action, Action::Stop(_))),
    ("remove", |action| matches!(action, Action::Remove(_))),
    ("conclude", |action| matches!(action, Action::Conclude(_))),
    ("probe", |action| matches!(action, Action::Probe(_))),
    ("watch", |action| matches!(action, Action::Watch(_))),
];

/// From now on acts of this kind fail, for ever.
fn failing(
    is: fn(&Action) -> bool,
    no: fn(&Action) -> Observation,
) -> impl Fn(&Action) -> Option<Observation> {
    move |action| {
        is(action).then(|| match action {
            Action::Probe(members) => probe(members, |_| Seen::Nothing("no route".to_owned())),
            Action::Watch(_) => Observation::Watched(BTreeMap::new()),
            _ => no(action),
        })
    }
}

#[test]
fn h10_what_fails_for_ever_ends_the_run_in_every_phase() {
    for strategy in STRATEGIES {
        for (kind, is) in KINDS {
            for answer in [no, unknown] {
                for phase in ["leased", "proving", "baking", "committing", "reverting"] {
                    let mut bench = under(strategy).begin();
                    let goes_back = phase == "reverting";
                    let unwell = |action: &Action| match action {
                        Action::Watch(ids) if goes_back => Some(Observation::Watched(
                            ids.iter().map(|id| (*id, alive(10, 0))).collect(),
                        )),
                        _ => None,
                    };
                    bench.until_with(unwell, |bench| bench.rollout.phase() == phase);
                    let end = bench.finish_with(failing(is, answer));
                    let done = matches!(end.outcome, Outcome::Deployed);
                    assert!(
                        !(done && (goes_back || kind == "commit")),
                        "{strategy:?}, {phase}, {kind}: {end:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn h12_an_instance_that_does_not_start_is_never_passed_over() {
    for strategy in STRATEGIES {
        for index in 1..=3 {
            let mut bench = under(strategy).begin();
            let end = bench.finish_with(|action| match action {
                Action::Start(member) if member.id == id(2, index) => {
                    Some(Observation::Started(Started::No("no space".to_owned())))
                }
                _ => None,
            });
            assert!(!bench.asked.iter().any(is_commit), "{strategy:?}, {index}");
            assert!(
                matches!(end.outcome, Outcome::Failed | Outcome::RolledBack),
                "{strategy:?}, {index}: {end:?}"
            );
            assert_eq!(end.serving, Some(Generation(1)), "{strategy:?}, {index}");
        }
    }
}

#[test]
fn h12_a_way_back_that_fails_is_no_success_of_any_kind() {
    for strategy in STRATEGIES {
        let mut bench = under(strategy).begin();
        until(&mut bench, "baking");
        let end = bench.finish_with(|action| match action {
            Action::Watch(ids) => Some(Observation::Watched(
                ids.iter().map(|id| (*id, alive(100, 10))).collect(),
            )),
            Action::Route { .. } => Some(no(action)),
            _ => Some(well(action)),
        });
        assert_eq!(end.outcome, Outcome::Stranded, "{strategy:?}: {end:?}");
    }
}
