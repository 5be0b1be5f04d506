//! A worker is no other machine: what is asked for is the same, and only what is said of it differs.

use super::super::*;
use super::Plans;
use super::bench::{id, is_commit};

fn plans() -> Vec<Plans> {
    let rolling = || {
        let plans = Plans::new().replicas(3);
        plans.change(|plan| plan.strategy = Strategy::Rolling)
    };
    vec![
        Plans::new().recreate(),
        Plans::new().recreate().replicas(3),
        Plans::new().recreate().first(),
        rolling(),
        rolling().first(),
    ]
}

fn worker(plans: Plans) -> Plans {
    plans.change(|plan| plan.form = Form::Worker)
}

/// All goes well; nothing new can be started; nothing new is well.
fn ways() -> [fn(&Action) -> Option<Observation>; 3] {
    let refused = |action: &Action| {
        matches!(action, Action::Start(_))
            .then(|| Observation::Started(Started::Refused("no such program".to_owned())))
    };
    [|_| None, refused, unwell]
}

/// New instances are not well.
fn unwell(action: &Action) -> Option<Observation> {
    let Action::Probe(members) = action else {
        return None;
    };
    let new = members
        .iter()
        .filter(|it| it.id.generation == Generation(2));
    let bad = || Seen::Bad("the command ended with 1".to_owned());
    let seen: BTreeMap<_, _> = new.map(|it| (it.id, bad())).collect();
    (!seen.is_empty()).then_some(Observation::Probed(seen))
}

#[test]
fn a_worker_goes_the_way_of_what_has_a_port_and_back() {
    for way in ways() {
        let pairs = plans().into_iter().zip(plans().into_iter().map(worker));
        for (server, worker) in pairs {
            let (mut server, mut worker) = (server.begin(), worker.begin());
            assert_eq!(
                server.finish_with(way).outcome,
                worker.finish_with(way).outcome
            );
            assert_eq!(server.acts(), worker.acts());
        }
    }
}

#[test]
fn what_a_workers_commit_rests_on_speaks_of_no_requests() {
    for plans in plans().into_iter().map(worker) {
        let mut bench = plans.begin();
        bench.until_asked(is_commit);
        let commit = bench.asked.last();
        let Some(Action::Record(Record::Committed { evidence, .. }, _)) = commit else {
            panic!("{commit:?}");
        };
        assert!(evidence.len() >= 3, "{evidence:?}");
        for sentence in evidence {
            for word in ["request", "router", "traffic", "answer"] {
                assert!(!sentence.contains(word), "{sentence}");
            }
        }
    }
}

/// Under `recreate` no start is asked for while anything of the other version runs, as far as the machine knows: neither
/// on the way forward nor on the way back.
#[test]
fn what_must_not_work_twice_is_stopped_before_the_other_is_started() {
    for (way, stays) in ways().into_iter().zip([id(2, 1), id(1, 1), id(1, 1)]) {
        let mut bench = worker(Plans::new().recreate()).begin();
        let mut running = vec![id(1, 1)];
        bench.finish_with(|action| {
            let answer = way(action);
            if let Action::Start(Member { id, .. }) | Action::Revive(id) = action {
                running.retain(|it| it != id);
                assert_eq!(running, [], "beside {id}");
                running.extend(answer.is_none().then_some(*id));
            }
            if let Action::Stop(id) | Action::Remove(id) = action {
                running.retain(|it| it != id);
            }
            answer
        });
        assert_eq!(running, [stays]);
    }
}
