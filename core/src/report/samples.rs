//! Reports that tests read: what sessions really fill in, for a service that is deployed for the first and the second
//! time.

use std::collections::BTreeMap;

use super::{
    Act, Decision, InstanceLine, Log, PlanLines, PlanStep, ProbeLine, ReleaseLine, Report, Span,
    Status,
};
use crate::gate::{Judged, Reason, Verdict as Says};
use crate::ledger::{Command, KnownGood, Quarantined, Sequence, fixtures};
use crate::protocol::{Outcome, Timestamp};
use crate::rollback::{Candidate, Selection, Verdict};
use crate::spec::Generation;

/// 2026-11-22 10:31:05Z.
pub(super) const BEGAN: Timestamp = Timestamp(1_795_343_465_000);

/// Every outcome.
pub(super) const OUTCOMES: [Outcome; 18] = [
    Outcome::Shown,
    Outcome::Deployed,
    Outcome::Restored,
    Outcome::Released,
    Outcome::Unchanged,
    Outcome::Waiting,
    Outcome::Held,
    Outcome::Stopped,
    Outcome::Resumed,
    Outcome::Superseded,
    Outcome::Rejected,
    Outcome::Busy,
    Outcome::Failed,
    Outcome::RolledBack,
    Outcome::Cancelled,
    Outcome::Stranded,
    Outcome::Invalid,
    Outcome::Crashed,
];

/// The version that was good on the day before.
pub(super) fn v2() -> ReleaseLine {
    ReleaseLine {
        known_good_since: Some(Timestamp(BEGAN.0 - 86_400_000)),
        ..line("v2", '2', "g1")
    }
}

/// The version that is new.
pub(super) fn v3() -> ReleaseLine {
    ReleaseLine {
        generation: None,
        ..line("v3", '3', "g2")
    }
}

fn line(version: &str, digit: char, generation: &str) -> ReleaseLine {
    let digest = format!("sha256:{}", digit.to_string().repeat(64));
    ReleaseLine {
        version: version.to_owned(),
        image: format!("registry.example/acme/tasks@{digest}"),
        digest,
        config_hash: "c".repeat(64),
        generation: Some(generation.to_owned()),
        replicas: 1,
        known_good_since: None,
    }
}

/// A run of `command` in staging, of which only how it ended is known.
pub(super) fn run(command: &str, outcome: Outcome, reason: &str, because: &[&str]) -> Report {
    Report {
        service: "tasks".to_owned(),
        environment: "staging".to_owned(),
        outcome,
        reason: reason.to_owned(),
        because: owned(because),
        ended: BEGAN.plus(400),
        url: Some("https://staging.example".to_owned()),
        run_url: Some("https://forge.example/runs/7".to_owned()),
        ledger_head: Some("e".repeat(64)),
        journal: "/tmp/cd/journal.jsonl".to_owned(),
        path: "/tmp/cd/report.json".to_owned(),
        ..Report::new(command, BEGAN)
    }
}

/// v3 was to be deployed where v2 serves.
pub(super) fn second(outcome: Outcome, reason: &str, because: &[&str]) -> Report {
    let serving = match outcome {
        Outcome::Deployed | Outcome::Unchanged => Some(ReleaseLine {
            known_good_since: Some(BEGAN.plus(21_000)),
            ..line("v3", '3', "g2")
        }),
        Outcome::Stranded | Outcome::Invalid | Outcome::Crashed => None,
        Outcome::Shown
        | Outcome::Restored
        | Outcome::Released
        | Outcome::Waiting
        | Outcome::Held
        | Outcome::Stopped
        | Outcome::Resumed
        | Outcome::Superseded
        | Outcome::Rejected
        | Outcome::Busy
        | Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Cancelled => Some(v2()),
    };
    let known = outcome != Outcome::Invalid;
    Report {
        wanted: known.then(v3),
        before: known.then(v2),
        serving,
        ..run("deploy", outcome, reason, because)
    }
}

/// v3 was to be deployed where nothing was before.
pub(super) fn first(outcome: Outcome, reason: &str, because: &[&str]) -> Report {
    let second = second(outcome, reason, because);
    let serving = second
        .serving
        .clone()
        .filter(|_| outcome == Outcome::Deployed);
    Report {
        before: None,
        serving,
        ..second
    }
}

/// With what a rollout leaves behind that went through these phases, each with its milliseconds.
pub(super) fn with_phases(mut report: Report, phases: &[(&str, u64)]) -> Report {
    let mut from = report.began;
    for &(name, took) in phases {
        let to = from.plus(took);
        report.phases.push(Span {
            name: name.to_owned(),
            from,
            to,
        });
        from = to;
    }
    report.ended = from;
    report
}

/// The second deploy of a version that never answers well.
pub(super) fn rolled_back() -> Report {
    let because = [
        "not proven within 60 s; last seen: GET /health answered 503 `{\"db\":\"down\"}`, expected 200",
    ];
    let report = second(Outcome::RolledBack, "not-proven", &because);
    let phases = [
        ("leased", 200),
        ("preparing", 1_350),
        ("proving", 60_000),
        ("reverting", 900),
        ("concluding", 90),
    ];
    let mut report = with_phases(report, &phases);
    report.decisions = vec![Decision {
        at: BEGAN.plus(61_550),
        phase: "proving".to_owned(),
        decision: "go back".to_owned(),
        because: owned(&because),
    }];
    report.acts = vec![
        Act {
            at: BEGAN.plus(200),
            what: "start g2-1".to_owned(),
            took: 310,
            ended: "done".to_owned(),
        },
        Act {
            at: BEGAN.plus(61_560),
            what: "route g1-1=256".to_owned(),
            took: 80,
            ended: "done".to_owned(),
        },
    ];
    report.probes = vec![ProbeLine {
        instance: "g2-1".to_owned(),
        good: 0,
        bad: 58,
        blind: 2,
        last_bad: Some("GET /health answered 503 `{\"db\":\"down\"}`, expected 200".to_owned()),
    }];
    report.logs = vec![Log {
        instance: "g2-1".to_owned(),
        text: "listening on 8000\n\u{1b}[31mERROR\u{1b}[0m no route to db:5432\n".to_owned(),
    }];
    report
}

/// What `plan` says of the second deploy.
pub(super) fn plan() -> Report {
    let back = "traffic goes back to g1, which still runs";
    let step = |name: &str, does: &str, worst: u64, on_failure: &str| PlanStep {
        name: name.to_owned(),
        does: does.to_owned(),
        worst,
        on_failure: on_failure.to_owned(),
    };
    let steps = vec![
        step(
            "start",
            "1 new instance of v3 beside the old one",
            60_000,
            "it is removed; nothing else was touched",
        ),
        step(
            "prove",
            "it answers 3 times in a row through the router, without traffic",
            60_000,
            back,
        ),
        step("bake", "it is watched under traffic for 15 s", 75_000, back),
    ];
    let plan = PlanLines {
        no_return: Vec::new(),
        strategy: "blue-green".to_owned(),
        button: "staging is in deployment mode: every run that gets here goes on by itself"
            .to_owned(),
        worst: 195_000,
        steps,
        rollback: "v2 (g1), known-good since 2026-11-21 10:31:05Z".to_owned(),
        peak: 2,
        interruption: None,
        notes: vec!["the router is older than the configuration: it serves on as it is".to_owned()],
    };
    Report {
        plan: Some(plan),
        command: "plan".to_owned(),
        ..second(Outcome::Shown, "planned", &[])
    }
}

/// What `status` says where a run died.
pub(super) fn status() -> Report {
    let instance = |instance: &str, state: &str, weight: &str| InstanceLine {
        instance: instance.to_owned(),
        container: format!("cd-tasks-staging-{instance}-t7"),
        state: state.to_owned(),
        weight: weight.to_owned(),
    };
    let status = Status {
        instances: vec![
            instance("g1-1", "running, healthy", "256"),
            instance("g2-1", "exited", "-"),
        ],
        router: "running".to_owned(),
        astray: Vec::new(),
        known_good: vec![v2()],
        quarantine: vec![format!(
            "v1 (sha256:{}): not-proven on 2026-11-20 08:00:00Z",
            "1".repeat(64)
        )],
        overridden: Vec::new(),
        lease: Some("run-7, for 12 s more".to_owned()),
        unfinished: Some(
            "an earlier run did not finish: g2 (v3) was begun and not ended".to_owned(),
        ),
        under_way: None,
        down: Vec::new(),
        silent: false,
        ledger: format!("9 records, unbroken; its head is {}", "e".repeat(64)),
        ledger_sound: true,
    };
    Report {
        status: Some(status),
        serving: Some(v2()),
        ..run("status", Outcome::Shown, "status", &[])
    }
}

/// Every verdict there is on a place to go back to.
pub(super) fn selection() -> Selection {
    let since = Timestamp(BEGAN.0 - 86_400_000);
    let verdicts = [
        Verdict::Serves,
        Verdict::NotAsked,
        Verdict::Quarantined {
            since: BEGAN,
            reason: "errors".to_owned(),
        },
        Verdict::ImageMissing,
        Verdict::SecretsMissing {
            names: owned(&["DATABASE_URL", "TLS_KEY"]),
        },
        Verdict::Left { since: BEGAN },
        Verdict::Chosen,
        Verdict::Older,
    ];
    let candidate = |(generation, verdict): (u32, Verdict)| Candidate {
        known_good: KnownGood {
            generation: Generation(generation),
            release: fixtures::release(&format!("1.{generation}")),
            since,
            proof_seq: 1,
            command: Command::Deploy,
            sequence: Sequence::default(),
            left: None,
            counted: BTreeMap::new(),
        },
        verdict,
    };
    let failed = fixtures::release("1.9");
    Selection {
        candidates: (1..=8).rev().zip(verdicts).map(candidate).collect(),
        never_proven: vec![Quarantined {
            digest: failed.digest,
            config_hash: failed.config_hash,
            version: failed.version,
            since: BEGAN,
            reason: "exited".to_owned(),
            run: fixtures::origin(1),
        }],
    }
}

/// A rollback from v3 to v2.
pub(super) fn rollback() -> Report {
    let report = run(
        "rollback",
        Outcome::Restored,
        "proven",
        &["1 of 1 instances answered through the router, 5 rounds of probes"],
    );
    let back = ReleaseLine {
        generation: Some("g3".to_owned()),
        known_good_since: Some(BEGAN.plus(9_000)),
        ..v2()
    };
    let left = ReleaseLine {
        known_good_since: Some(Timestamp(BEGAN.0 - 3_600_000)),
        ..line("v3", '3', "g2")
    };
    let report = with_phases(
        report,
        &[
            ("leased", 200),
            ("preparing", 800),
            ("proving", 3_100),
            ("baking", 5_000),
        ],
    );
    Report {
        wanted: Some(v2()),
        before: Some(left),
        serving: Some(back),
        candidates: Some(selection()),
        ..report
    }
}

pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Gates of each verdict, one inside of another.
pub(super) fn gates() -> Vec<Judged> {
    let reason = |text: &str, link: Option<&str>| Reason {
        text: text.to_owned(),
        link: link.map(str::to_owned),
    };
    let gate = |name: &str, kind: &'static str, verdict: Says, because: Vec<Reason>| Judged {
        name: name.to_owned(),
        kind,
        verdict,
        because,
        overridden: None,
        parts: Vec::new(),
    };
    let test = reason(
        "`test` of ci succeeded",
        Some("https://forge.example/runs/1"),
    );
    let checks = gate("checks", "checks", Says::Pass, vec![test]);
    let freeze = Says::Pending {
        until: Some(BEGAN.plus(3_600_000)),
        on: "the end of the freeze".to_owned(),
    };
    let freeze = gate(
        "freeze",
        "freeze",
        freeze,
        vec![reason("there is a freeze", None)],
    );
    let one = Judged {
        parts: vec![checks, freeze],
        ..gate("one", "any", Says::Pass, Vec::new())
    };
    let failed = gate(
        "findings",
        "findings",
        Says::Fail,
        vec![reason("lint found 2", None)],
    );
    let overridden = Judged {
        overridden: Some("anna: users cannot log in".to_owned()),
        ..failed
    };
    vec![one, overridden]
}
