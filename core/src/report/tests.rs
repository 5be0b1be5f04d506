//! One sentence for every outcome, the annotation, and the report file.

use insta::assert_snapshot;

use super::headline::{attention, headline};
use super::samples::{
    OUTCOMES, first, owned, plan, rollback, rolled_back, run, second, status, v3,
};
use super::*;

#[test]
fn every_outcome_has_its_sentence() {
    let all = OUTCOMES.map(|outcome| {
        let reports = [second(outcome, "", &["why"]), first(outcome, "", &["why"])];
        reports.map(|report| headline(&report)).join("\n")
    });
    assert_snapshot!(all.join("\n"), @"
    deploy of tasks in staging: nothing was touched, v2 serves
    deploy of tasks in staging: nothing was touched, nothing serves
    deployed: v3 serves in staging in place of v2
    deployed: v3 serves in staging; it is the first version there
    restored: what was not as recorded in staging is put right, v2 serves
    restored: what was not as recorded in staging is put right, nothing serves
    released: nothing was published
    released: nothing was published
    unchanged: v3 serves in staging already, and is well; nothing was touched
    unchanged: nothing serves in staging; nothing was touched
    waiting: v3 is proven in staging and waits for a person, without traffic; v2 serves
    waiting: v3 is proven in staging and waits for a person, without traffic; nothing serves
    held: v3 waits; nothing was touched, v2 serves
    held: v3 waits; nothing was touched, nothing serves
    stopped: no deploy goes on in staging: the stop button is set; v2 serves
    stopped: no deploy goes on in staging: the stop button is set; nothing serves
    resumed: deploys go on in staging: the stop button is lifted; v2 serves
    resumed: deploys go on in staging: the stop button is lifted; nothing serves
    superseded: v3 is older than v2, which serves in staging; nothing was touched
    superseded: something newer than v3 serves in staging or is on its way; nothing was touched
    rejected: v3 may not be deployed to staging; nothing was touched, v2 serves
    rejected: v3 may not be deployed to staging; nothing was touched
    busy: another run is at work in staging; this one touched nothing
    busy: another run is at work in staging; this one touched nothing
    failed: v3 could not be deployed to staging; nothing was touched, v2 serves
    failed: v3 could not be deployed to staging; nothing was touched
    rolled back: v3 was not well; v2 serves again, as before
    rolled back: v3 was not well; nothing serves, as before: there was nothing to go back to
    cancelled: stopped on request; v2 serves, as before
    cancelled: stopped on request; nothing serves, as before
    stranded: a person must act now: staging could not be put right by itself, and what serves is not known
    stranded: a person must act now: staging could not be put right by itself, and what serves is not known
    invalid: 1 mistake in the input or the configuration; nothing was touched
    invalid: 1 mistake in the input or the configuration; nothing was touched
    crashed: a bug of cd-action stopped it; nothing further was done, and what serves is not known
    crashed: a bug of cd-action stopped it; nothing further was done, and what serves is not known
    ");
}

#[test]
fn other_commands_have_sentences_of_their_own() {
    let of = |command: &str, outcome: Outcome, reason: &str| {
        let report = Report {
            command: command.to_owned(),
            ..second(outcome, reason, &["why"])
        };
        headline(&Report {
            wanted: None,
            ..report
        })
    };
    let all = [
        headline(&rollback()),
        of("rollback", Outcome::Unchanged, "already-known-good"),
        of("rollback", Outcome::Rejected, "no-target"),
        of("rollback", Outcome::Failed, "nothing-there"),
        of("recover", Outcome::Restored, "recovered"),
        of("recover", Outcome::Unchanged, "nothing-to-recover"),
        of("recover", Outcome::Failed, "engine-error"),
        of("plan", Outcome::Failed, "engine-error"),
        of("plan", Outcome::Shown, "planned"),
        of("status", Outcome::Failed, "ledger-tampered"),
        headline(&second(Outcome::Busy, "lease-lost", &[])),
        headline(&second(Outcome::RolledBack, "not-its-fault", &[])),
        headline(&plan()),
        headline(&status()),
        headline(&Report {
            environment: String::new(),
            ..run("deploy", Outcome::Invalid, "config", &["one", "two"])
        }),
    ];
    assert_snapshot!(all.join("\n"), @"
    restored: v2 serves in staging again, in place of v3
    unchanged: v3 serves in staging already, and is well; nothing was touched
    rejected: there is nowhere to go back to in staging; nothing was touched, v2 serves
    failed: the rollback in staging could not begin; nothing was touched, v2 serves
    restored: what was not as recorded in staging is put right, v2 serves
    unchanged: no earlier run left anything in staging; nothing was touched, v3 serves
    failed: the recovery in staging could not begin; nothing was touched, v2 serves
    failed: it could not be found out how things are in staging; nothing was touched, v2 serves
    plan of tasks in staging: nothing was touched, v2 serves
    failed: it could not be found out how things are in staging; nothing was touched, v2 serves
    busy: another run took over in staging; this one changed nothing any more, and the other one decides what serves
    rolled back: something other than v3 failed on the way; v2 serves again, as before
    plan of tasks in staging: v3 would take the place of v2; nothing was touched
    status of tasks in staging: v2 serves, known-good since 2026-11-21 10:31:05Z; one thing needs attention
    invalid: 2 mistakes in the input or the configuration; nothing was touched
    ");
}

#[test]
fn a_status_tells_who_has_the_traffic_and_whether_it_answers() {
    let with = |change: fn(&mut Status)| {
        let mut report = status();
        report.status.iter_mut().for_each(|it| {
            it.unfinished = None;
            change(it);
        });
        report
    };
    let unproven = |mut report: Report| {
        report.before = report.serving.take();
        report.serving = Some(ReleaseLine {
            generation: Some("g2".to_owned()),
            ..v3()
        });
        report
    };
    let down = with(|it| {
        it.down = owned(&["g1-1"]);
        it.silent = true;
    });
    let some = with(|it| it.down = owned(&["g1-1", "g1-2"]));
    let busy = with(|it| it.under_way = Some("a run is under way: run-7 has the lease".to_owned()));
    let all = [&unproven(status()), &unproven(busy), &down, &some].map(|report| {
        let found = report.status.as_ref().map(|it| attention(report, it));
        let found = found.and_then(|it| it.first().cloned());
        let found = found.unwrap_or_else(|| "nothing".to_owned());
        format!("{}: {found}", headline(report))
    });
    assert_snapshot!(all.join("\n"), @"
    status of tasks in staging: v3 (g2, unproven) takes the traffic; v2 stands by; one thing needs attention: an earlier run did not finish: g2 (v3) was begun and not ended
    status of tasks in staging: v3 (g2, unproven) takes the traffic; v2 stands by; a run is under way: nothing
    status of tasks in staging: v2 has the traffic, and the router calls it down; one thing needs attention: the router calls g1-1 down: nobody is answered by it
    status of tasks in staging: v2 serves, known-good since 2026-11-21 10:31:05Z; one thing needs attention: the router calls g1-1, g1-2 down: nobody is answered by them
    ");
}

#[test]
fn releases_of_one_name_are_told_apart() {
    let mut report = second(Outcome::RolledBack, "exited", &[]);
    let rename = |line: &mut Option<ReleaseLine>| {
        line.iter_mut()
            .for_each(|line| "main".clone_into(&mut line.version))
    };
    [&mut report.wanted, &mut report.before, &mut report.serving]
        .into_iter()
        .for_each(rename);
    let other_image = headline(&report);
    let digest = report
        .before
        .as_ref()
        .map(|before| before.digest.clone())
        .unwrap_or_default();
    report.wanted.iter_mut().for_each(|wanted| {
        wanted.digest.clone_from(&digest);
        "d".repeat(64).clone_into(&mut wanted.config_hash);
    });
    assert_snapshot!([other_image, headline(&report)].join("\n"), @"
    rolled back: main was not well; main (sha256:222222222222) serves again, as before
    rolled back: main was not well; main with its former configuration serves again, as before
    ");
}

#[test]
fn a_run_that_never_looked_does_not_say_what_serves() {
    let blind = |command: &str, outcome: Outcome| {
        let report = Report {
            command: command.to_owned(),
            ..first(outcome, "", &["why"])
        };
        headline(&Report {
            ledger_head: None,
            ..report
        })
    };
    let all = [
        blind("deploy", Outcome::Held),
        blind("deploy", Outcome::Rejected),
        blind("deploy", Outcome::Failed),
        blind("deploy", Outcome::Cancelled),
        blind("status", Outcome::Failed),
    ];
    assert_snapshot!(all.join("\n"), @"
    held: v3 waits; nothing was touched, what serves was not looked at
    rejected: v3 may not be deployed to staging; nothing was touched
    failed: v3 could not be deployed to staging; nothing was touched
    cancelled: stopped on request; what served before serves
    failed: it could not be found out how things are in staging; nothing was touched
    ");
}

#[test]
fn the_annotation_says_cause_remedy_and_what_serves() {
    let reports = [
        rolled_back(),
        first(
            Outcome::RolledBack,
            "exited",
            &["it ended with exit code 1"],
        ),
        second(
            Outcome::Stranded,
            "exited",
            &["what should serve does not answer: connection refused"],
        ),
        Report {
            environment: String::new(),
            ..second(Outcome::Invalid, "config", &["one mistake", "another"])
        },
    ];
    let said = reports
        .iter()
        .filter_map(Report::annotation)
        .map(|(title, message)| format!("[{title}]\n{message}"));
    assert_snapshot!(said.collect::<Vec<_>>().join("\n\n"), @r#"
    [deploy to staging: rolled back]
    not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200
    next: repair it and deploy the result; v3, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)
    serves now: v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)

    [deploy to staging: rolled back]
    it ended with exit code 1
    next: repair it and deploy the result; v3, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)
    serves now: nothing

    [deploy to staging: stranded]
    what should serve does not answer: connection refused
    next: run `cd-action recover --environment staging` (in a workflow: `command: recover`): it makes the last known-good version serve and puts the rest away
    serves now: not known

    [deploy: invalid]
    one mistake
    another
    next: correct what is said above and run it again
    "#);
}

#[test]
fn only_a_run_that_ended_badly_is_annotated() {
    for outcome in OUTCOMES {
        let annotated = second(outcome, "", &["why"]).annotation().is_some();
        assert_eq!(annotated, outcome.exit_code(false) != 0, "{outcome:?}");
    }
}

/// Others parse the report file: a member may be added to `golden.json`, and none may change its name or its meaning.
#[test]
fn the_report_file_is_stable() {
    let report = Report {
        candidates: Some(Selection {
            candidates: samples::selection()
                .candidates
                .into_iter()
                .skip(2)
                .take(1)
                .collect(),
            never_proven: Vec::new(),
        }),
        plan: plan().plan,
        status: status().status,
        left: vec!["g2-1".to_owned()],
        troubles: vec!["the engine did not answer at once".to_owned()],
        ..rolled_back()
    };
    assert_eq!(report.json(), include_str!("golden.json"));
}

/// Of a worker, which nobody asks, no sentence of ours speaks of those who would: however it ended, in the log and in the summary.
#[test]
fn what_is_said_of_a_worker_speaks_of_no_users() {
    let reasons = [
        "",
        crate::rollout::PAST,
        crate::rollout::UNHOOKED,
        "lease-lost",
    ];
    let ended = OUTCOMES.into_iter().flat_map(|outcome| {
        reasons.into_iter().flat_map(move |reason| {
            [
                second(outcome, reason, &["why"]),
                first(outcome, reason, &["why"]),
            ]
        })
    });
    // What waits for a person was proven without traffic, which no worker is.
    let ended = ended.filter(|it| it.outcome != Outcome::Waiting);
    let all = ended.chain([status()]).map(|report| Report {
        worker: true,
        ..report
    });
    for report in all {
        let told = [report.text(), report.markdown(), headline(&report)].join("\n");
        for word in ["traffic", "router", "users", "requests"] {
            assert!(!told.contains(word), "{word}: {told}");
        }
    }
}

#[test]
fn a_status_says_which_workers_work() {
    let mut report = status();
    report.worker = true;
    let instances = report.status.iter_mut().flat_map(|it| &mut it.instances);
    for (instance, weight) in instances.zip(["256", "0"]) {
        weight.clone_into(&mut instance.weight);
    }
    for told in [report.text(), report.markdown()] {
        for words in ["works", "works until it is decided", "keeper"] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}
