//! What a plan says of each strategy.

use super::*;
use std::collections::BTreeMap;

use crate::rollout::{Address, Fleet, Member, Strategy, Timing, Waves};
use crate::spec::{Generation, InstanceId};

fn fleet(generation: u32, size: u8) -> Fleet {
    let generation = Generation(generation);
    let members = (1..=size).map(|index| Member {
        id: InstanceId { generation, index },
        address: Address(u16::from(index)),
    });
    Fleet {
        generation,
        members: members.collect(),
    }
}

fn told(strategy: Strategy, old: Option<Fleet>) -> Vec<String> {
    let steps = steps(
        &plan_of(strategy, old),
        "v2",
        &Probe::Tcp,
        "127.0.0.1:80",
        &[],
    )
    .into_iter();
    let told = steps.map(|it| format!("{}: {}; else {}", it.name, it.does, it.on_failure));
    told.collect()
}

fn plan_of(strategy: Strategy, old: Option<Fleet>) -> Plan {
    Plan {
        strategy,
        form: Form::Server,
        new: fleet(2, 1),
        old,
        resting: Vec::new(),
        strays: Vec::new(),
        shares: vec![Share(10), Share(100)],
        sticky: false,
        waves: Waves::default(),
        waits: BTreeMap::new(),
        comparison: None,
        person: Person::Absent,
        hooks: Vec::new(),
        past: false,
        timing: Timing {
            every: 100,
            successes: 3,
            failures: 3,
            prove: 1_000,
            pause: 30_000,
            bake: 1_000,
            errors: 50,
            drain: 1_000,
            verify: 1_000,
            patience: 1_000,
        },
    }
}

#[test]
fn what_stops_first_is_not_said_to_run_beside() {
    let told = told(Strategy::Recreate, Some(fleet(1, 2)));
    assert_eq!(
        told.first().map(String::as_str),
        Some(
            "withdraw: 2 old instances lose the traffic and stop; else the old instances are started again"
        )
    );
    assert_eq!(
        told.get(1).map(String::as_str),
        Some(
            "start: 1 new instance of v2 in place of the old ones; else the new instances are removed, and the old ones are started again"
        )
    );
    for step in &told {
        assert!(!step.contains("still runs"), "{step}");
        assert!(!step.contains("stand by"), "{step}");
    }
}

#[test]
fn what_runs_beside_gets_its_traffic_back() {
    let told = told(Strategy::BlueGreen, Some(fleet(1, 1)));
    assert_eq!(
        told.get(2).map(String::as_str),
        Some(
            "shift: all traffic of 127.0.0.1:80 goes to the new instances; the old ones stand by in the router; else traffic goes back to g1, which still runs"
        )
    );
}

#[test]
fn a_canary_says_which_share_it_really_gets() {
    let told = told(Strategy::Canary, Some(fleet(1, 2)));
    assert_eq!(
        told.get(2..4),
        Some(
            [
                "shift: 10.0 % of the traffic of 127.0.0.1:80 goes to the new instances, the rest to the old ones; else traffic goes back to g1, which still runs",
                "pause: both versions are watched side by side at 10 % for 30 s; else traffic goes back to g1, which still runs",
            ]
            .map(str::to_owned)
            .as_slice()
        )
    );
    assert!(
        told.get(4)
            .is_some_and(|it| it.starts_with("shift: all traffic"))
    );
}

#[test]
fn a_person_is_asked_at_the_share_that_says_so() {
    let mut plan = plan_of(Strategy::Canary, Some(fleet(1, 1)));
    plan.waits = [(Share(10), 3_600_000)].into();
    let steps = steps(&plan, "v2", &Probe::Tcp, "127.0.0.1:80", &[]);
    let names: Vec<&str> = steps.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names.get(2..6),
        Some(["shift", "pause", "wait", "shift"].as_slice())
    );
    let wait = steps.get(4).map(|it| (it.does.as_str(), it.worst));
    assert_eq!(
        wait,
        Some((
            "this run waits at 10 % until a person promotes v2, 3600 s at most, and watches both versions all the while",
            3_600_000
        ))
    );
}

#[test]
fn a_share_of_users_is_told_as_one_and_is_exact_where_weights_are_not() {
    let weighted = Plan {
        new: fleet(2, 4),
        shares: vec![Share(1), Share(100)],
        ..plan_of(Strategy::Canary, Some(fleet(1, 1)))
    };
    let first = |plan: &Plan| {
        let told = steps(plan, "v2", &Probe::Tcp, "127.0.0.1:8000", &[]);
        told.into_iter()
            .find(|it| it.name == "shift")
            .map(|it| it.does)
    };
    assert_eq!(
        first(&weighted).as_deref(),
        Some(
            "1.5 % of the traffic of 127.0.0.1:8000 goes to the new instances, the rest to the old ones"
        )
    );
    let sticky = Plan {
        sticky: true,
        ..weighted
    };
    assert_eq!(
        first(&sticky).as_deref(),
        Some(
            "1.0 % of the users of 127.0.0.1:8000 go to the new instances, the rest to the old ones; nobody goes back (a cookie keeps each with a version; requests without one are spread)"
        )
    );
}

#[test]
fn a_comparison_says_what_it_takes() {
    let plan = plan_of(Strategy::Canary, Some(fleet(1, 1)));
    let compared = |tolerated| Plan {
        comparison: Some(crate::rollout::Comparison {
            errors: crate::analysis::Margin {
                tolerated: Permille(tolerated),
                ..crate::analysis::Margin::ERRORS
            },
            latency: None,
            metrics: Vec::new(),
            deadline: 600_000,
        }),
        ..plan.clone()
    };
    assert_eq!(takes(&plan, 10), "");
    let told = takes(&compared(10), 10);
    assert!(told.contains(" of its requests, "), "{told}");
    assert!(told.contains("after 600 s more"), "{told}");
    assert!(takes(&compared(0), 10).contains("no evidence is enough"));
    let mut more = compared(200);
    let errors = takes(&more, 10);
    if let Some(comparison) = &mut more.comparison {
        comparison.latency = Some(crate::analysis::LatencyRule::USUAL);
    }
    let told = takes(&more, 10);
    assert!(told.contains("no worse and no slower: about "), "{told}");
    let count = |told: &str| {
        let (_, rest) = told.split_once("about ").expect("it is told");
        let number = rest.split(' ').next().and_then(|it| it.parse::<u64>().ok());
        number.expect("a number")
    };
    assert!(count(&told) > count(&errors), "{told}, {errors}");
}

#[test]
fn a_first_version_is_beside_nothing() {
    for strategy in [
        Strategy::BlueGreen,
        Strategy::Recreate,
        Strategy::Canary,
        Strategy::Rolling,
    ] {
        let told = told(strategy, None);
        assert_eq!(
            told.first().map(String::as_str),
            Some("start: 1 new instance of v2; else they are removed; nothing else was touched")
        );
        assert!(
            told.iter().all(|step| !step.contains("old ones")),
            "{told:?}"
        );
        assert!(told.iter().all(|step| !step.starts_with("retire")));
    }
}

#[test]
fn rolling_says_who_serves_while_each_wave_comes() {
    let plan = Plan {
        new: fleet(2, 4),
        sticky: false,
        waves: Waves { batch: 2, surge: 1 },
        ..plan_of(Strategy::Rolling, Some(fleet(1, 4)))
    };
    let told = steps(&plan, "v2", &Probe::Tcp, "127.0.0.1:80", &[]).into_iter();
    let told: Vec<String> = told.map(|it| format!("{}: {}", it.name, it.does)).collect();
    let first = "prove: each answers 3 times in a row through the router, by name, without traffic";
    let proof = "prove: each answers 3 times in a row through the router, by name, the new ones among them without traffic";
    let pause = "pause: the new instances are watched beside the old ones for 30 s";
    assert_eq!(
        told,
        [
            "start: 1 new instance of v2 beside the old ones, 1 of 4 by then",
            first,
            "shift: 1 new and 4 old instances share the traffic of 127.0.0.1:80 evenly",
            pause,
            "withdraw: 2 old instances lose the traffic and stop; 3 instances of both versions serve on",
            "start: 2 new instances of v2 beside the old ones, 3 of 4 by then",
            proof,
            "shift: 3 new and 2 old instances share the traffic of 127.0.0.1:80 evenly",
            pause,
            "withdraw: 1 old instance loses the traffic and stops; 4 instances of both versions serve on",
            "start: 1 new instance of v2 beside the old ones, 4 of 4 by then",
            proof,
            "shift: all traffic of 127.0.0.1:80 goes to the new instances; the old ones that still run stand by in the router",
            "bake: the new instances are watched under traffic for 1 s",
            "commit: v2 is recorded as known-good",
            "retire: old instances that still run drain, then all 4 are removed",
        ]
    );
}

/// What a worker's plan says: every step of every strategy, with one and several instances, and what of its proof.
fn told_of_a_worker(strategy: Strategy, olds: u8, news: u8, probe: &Probe) -> Vec<String> {
    let mut plan = plan_of(strategy, (olds > 0).then(|| fleet(1, olds)));
    plan.form = Form::Worker;
    plan.new = fleet(2, news);
    let steps = steps(&plan, "v2", probe, "", &[]).into_iter();
    let told = steps.map(|it| format!("{}: {}; else {}", it.name, it.does, it.on_failure));
    told.collect()
}

#[test]
fn nothing_that_is_said_of_a_worker_speaks_of_users() {
    let probes = [
        Probe::Exec(vec!["check".to_owned()]),
        Probe::Image,
        Probe::Runs(10_000),
    ];
    for strategy in [Strategy::Recreate, Strategy::Rolling] {
        for (olds, news) in [(0, 1), (0, 3), (1, 1), (3, 3), (4, 2)] {
            for probe in &probes {
                for step in told_of_a_worker(strategy, olds, news, probe) {
                    for word in [
                        "traffic", "router", "request", "weight", "answer", "serve on",
                    ] {
                        assert!(!step.contains(word), "{word}: {step}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_worker_stops_before_the_next_one_starts() {
    assert_eq!(
        told_of_a_worker(Strategy::Recreate, 1, 1, &Probe::Runs(10_000)),
        [
            "withdraw: 1 old instance stops: SIGTERM, and SIGKILL for what has not ended after 1 s; else the old instances are started again",
            "start: 1 new instance of v2 in place of the old ones, which have stopped; else the new instances stop, and the old ones are started again",
            "prove: each runs on for 10 s without an exit or a restart, which is all that is asked; else the new instances stop, and the old ones are started again",
            "take over: the new instances are those that are to work; else the new instances stop, and the old ones are started again",
            "bake: the new instances are watched for 1 s: exits, restarts, health; else the new instances stop, and the old ones are started again",
            "commit: v2 is recorded as known-good; else the new instances stop, and the old ones are started again",
            "retire: what still runs of 1 old instance stops (SIGTERM, SIGKILL after 1 s, at once where the run is cancelled), then all are removed; else the next run removes them",
        ]
    );
}

#[test]
fn rolling_workers_work_side_by_side() {
    let exec = Probe::Exec(vec!["check".to_owned()]);
    let told = told_of_a_worker(Strategy::Rolling, 2, 2, &exec);
    assert_eq!(
        told.get(..4),
        Some(
            [
                "start: 1 new instance of v2 beside the old ones, working from its start on, 1 of 2 by then; else they stop and are removed; nothing else was touched",
                "prove: the command of `health.exec` ends with 0 in each, 3 times in a row; else the new instances stop and are removed; g1, which still runs, works on",
                "take over: 1 new and 2 old instances are to work side by side; else the new instances stop and are removed; g1, which still runs, works on",
                "pause: the new instances are watched beside the old ones for 30 s; else the new instances stop and are removed; g1, which still runs, works on",
            ]
            .map(str::to_owned)
            .as_slice()
        )
    );
    assert_eq!(
        told.get(4).map(String::as_str),
        Some(
            "withdraw: 1 old instance stops: SIGTERM, and SIGKILL for what has not ended after 1 s; 2 instances of both versions work on; else old instances that were stopped are started again; once they are well the new ones stop and are removed"
        )
    );
}
