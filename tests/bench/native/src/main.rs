//! How long the derivation takes natively: a tag push, seven rules, two images. Prints microseconds, the median of 31 batches,
//! of the derivation alone and with all that is made of it: outputs, variables and bake files; of 20 gates over 10,000 check
//! runs; and of what a long ledger costs.

mod ledger;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use cd_core::event;
use cd_core::forge::{CheckRun, Checked};
use cd_core::gate::checks::{Check, Checks};
use cd_core::gate::{Evidence, Gate, Kind, Overrides, Seen, Subject, Verdict, judge, verdict};
use cd_core::protocol::Timestamp;
use cd_core::tag::{Inputs, Request, derive};

const BATCHES: usize = 31;
const IN_A_BATCH: u32 = 500;

fn main() {
    let request = request();
    let alone = median(IN_A_BATCH, || {
        let derived = derive(black_box(&request));
        usize::from(derived.is_ok())
    });
    let whole = median(IN_A_BATCH, || {
        let derived = derive(black_box(&request)).expect("the rules have no mistakes");
        derived.outputs("/temp").len() + derived.variables("/temp").len() + derived.files().len()
    });
    println!(
        "{}",
        serde_json::json!({ "derive": alone, "whole": whole, "gates": gates(), "ledger": ledger::measure() })
    );
}

/// 20 gates, each with five names, over 10,000 check runs of 50 apps.
fn gates() -> f64 {
    let now = Timestamp(1_578_616_200_000);
    let commit = "0123456789abcdef0123456789abcdef01234567".to_owned();
    let runs = (0..10_000_u64).map(|at| CheckRun {
        id: at,
        name: format!("check {}", at % 2_000),
        app: at % 50,
        app_name: format!("app-{}", at % 50),
        status: "completed".to_owned(),
        conclusion: "success".to_owned(),
        started: at,
        commit: commit.clone(),
        ..CheckRun::default()
    });
    let checked = Checked {
        runs: runs.collect(),
        ..Checked::default()
    };
    let evidence = Evidence {
        subject: Subject {
            commit: Some(commit.clone()),
            ..Subject::default()
        },
        checks: Some(Seen {
            at: now,
            what: Ok(checked),
        }),
        ..Evidence::default()
    };
    let check = |at: usize| Check {
        name: format!("check {at}"),
        ..Check::default()
    };
    let gate = |at: usize| Gate {
        name: format!("gate-{at}"),
        kind: Kind::Checks(Checks {
            of: (0..5).map(|nth| check(at * 97 + nth)).collect(),
        }),
        may_override: true,
    };
    let gates: Vec<Gate> = (0..20).map(gate).collect();
    let none = Overrides::default();
    median(1, || {
        let judge = |gate| judge(gate, black_box(&evidence), &none, now);
        let judged: Vec<_> = gates.iter().map(judge).collect();
        usize::from(verdict(&judged) == Verdict::Pass)
    })
}

/// The same as `tests/bench/metadata.mjs` gives to the whole process.
fn request() -> Request {
    let text = include_str!("../../tag-push.json");
    let push: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    let texts = |name: &str| -> BTreeMap<String, String> {
        serde_json::from_value(push[name].clone()).expect("it is a map of texts")
    };
    let env = texts("env");
    let mut inputs = texts("inputs");
    // The shell's alone: a run, too, takes it out before anything is derived.
    inputs.remove("github-token");
    let inputs = serde_json::to_value(inputs).expect("texts are JSON");
    let inputs: Inputs = serde_json::from_value(inputs).expect("they are inputs");
    Request {
        event: event::normalise(&env, Some(&push["payload"]), &event::GitFacts::default()),
        inputs,
        env,
        now: Timestamp(1_578_616_200_000),
        ..Request::default()
    }
}

/// Microseconds of one call, by the median of batches. What it answers is looked at, so that it is not left out.
fn median(in_a_batch: u32, mut call: impl FnMut() -> usize) -> f64 {
    let mut batches: Vec<f64> = (0..=BATCHES)
        .map(|_| {
            let begun = Instant::now();
            let answers: usize = (0..in_a_batch).map(|_| black_box(call())).sum();
            assert!(answers > 0, "a call answers nothing");
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(in_a_batch)
        })
        .skip(1)
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}
