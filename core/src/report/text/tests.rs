//! Read these as whoever was woken.

use insta::assert_snapshot;

use super::super::samples::{
    BEGAN, first, plan, rollback, rolled_back, second, status, with_phases,
};
use super::super::{Log, Report, held_by};
use crate::protocol::Outcome;

#[test]
fn a_version_that_was_not_well_is_explained() {
    assert_snapshot!(rolled_back().text(), @r#"
    rolled back: v3 was not well; v2 serves again, as before

    cause
      not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200
      (code: not-proven)

    tasks in staging
      serves now  v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    phases: 1 min 2 s in all, from 2026-11-22 10:31:05Z on
      leased      10:31:05Z  200 ms
      preparing   10:31:05Z  1.3 s
      proving     10:31:06Z  1 min
      reverting   10:32:06Z  900 ms
      concluding  10:32:07Z  90 ms

    decisions
      10:32:06Z  proving  go back: not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200

    probes
      g2-1  0 good, 58 bad, 2 could not be taken; the last that was not good: GET /health answered 503 `{"db":"down"}`, expected 200

    last words of g2-1 (its own, not ours)
      g2-1 │ listening on 8000
      g2-1 │ ERROR no route to db:5432

    what to do next
      repair it and deploy the result; v3, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    "#);
}

#[test]
fn a_first_version_that_was_not_well_leaves_nothing() {
    let because = ["it ended with exit code 1, out of memory"];
    let mut report = with_phases(
        first(Outcome::RolledBack, "exited", &because),
        &[("preparing", 1_300), ("reverting", 340)],
    );
    report.logs = vec![Log {
        instance: "g1-1".to_owned(),
        text: String::new(),
    }];
    report.left = vec!["g1-1".to_owned()];
    assert_snapshot!(report.text(), @"
    rolled back: v3 was not well; nothing serves, as before: there was nothing to go back to

    cause
      it ended with exit code 1, out of memory
      (code: exited)

    tasks in staging
      serves now  nothing
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    phases: 1.6 s in all, from 2026-11-22 10:31:05Z on
      preparing  10:31:05Z  1.3 s
      reverting  10:31:06Z  340 ms

    last words of g1-1 (its own, not ours)
      it wrote nothing

    still there, for the next run to put away
      g1-1

    what to do next
      repair it and deploy the result; v3, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn a_good_deploy_is_short() {
    let because = [
        "1 of 1 instances answered through the router, 15 rounds of probes",
        "0 of 812 requests without a good answer (0.0 %)",
    ];
    let phases = [
        ("leased", 200),
        ("preparing", 1_350),
        ("proving", 3_100),
        ("shifting", 120),
        ("baking", 15_000),
        ("committing", 90),
        ("retiring", 2_000),
    ];
    assert_snapshot!(with_phases(second(Outcome::Deployed, "proven", &because), &phases).text(), @"
    deployed: v3 serves in staging in place of v2

    because
      1 of 1 instances answered through the router, 15 rounds of probes
      0 of 812 requests without a good answer (0.0 %)

    tasks in staging
      serves now  v3 (sha256:333333333333, g2, 1 instance, known-good since 2026-11-22 10:31:26Z)
      before      v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      reached at  https://staging.example

    phases: 21.8 s in all, from 2026-11-22 10:31:05Z on
      leased      10:31:05Z  200 ms
      preparing   10:31:05Z  1.3 s
      proving     10:31:06Z  3.1 s
      shifting    10:31:09Z  120 ms
      baking      10:31:09Z  15 s
      committing  10:31:24Z  90 ms
      retiring    10:31:24Z  2 s

    what to do next
      nothing; to go back, run `cd-action rollback --environment staging` (in a workflow: `command: rollback`)

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
    assert_snapshot!(with_phases(first(Outcome::Deployed, "proven", &because), &phases).text(), @"
    deployed: v3 serves in staging; it is the first version there

    because
      1 of 1 instances answered through the router, 15 rounds of probes
      0 of 812 requests without a good answer (0.0 %)

    tasks in staging
      serves now  v3 (sha256:333333333333, g2, 1 instance, known-good since 2026-11-22 10:31:26Z)
      reached at  https://staging.example

    phases: 21.8 s in all, from 2026-11-22 10:31:05Z on
      leased      10:31:05Z  200 ms
      preparing   10:31:05Z  1.3 s
      proving     10:31:06Z  3.1 s
      shifting    10:31:09Z  120 ms
      baking      10:31:09Z  15 s
      committing  10:31:24Z  90 ms
      retiring    10:31:24Z  2 s

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn nothing_touched_says_so_and_what_to_wait_for() {
    let because = [held_by(
        "run-6/1/deploy",
        Some(BEGAN),
        BEGAN,
        42_000,
        Some("https://forge.example/runs/6"),
    )];
    let because = because.each_ref().map(String::as_str);
    assert_snapshot!(second(Outcome::Busy, "lease", &because).text(), @"
    busy: another run is at work in staging; this one touched nothing

    cause
      run-6/1/deploy has the lease since 2026-11-22 10:31:05Z, until 2026-11-22 10:31:47Z unless renewed: https://forge.example/runs/6
      (code: lease)

    tasks in staging
      serves now  v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    what to do next
      wait for the other run and run it again, or give it longer to wait with `wait`; a lease that nobody renews ends by itself

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
    let because = ["staging is in delivery mode: a person pushes the button"];
    assert_snapshot!(second(Outcome::Held, "delivery", &because).text(), @"
    held: v3 waits; nothing was touched, v2 serves

    because
      staging is in delivery mode: a person pushes the button
      (code: delivery)

    tasks in staging
      serves now  v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    what to do next
      run it again when what is awaited has come

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
    let because =
        ["v3 failed here before, in this very configuration: not-proven on 2026-11-22 09:00:00Z"];
    assert_snapshot!(first(Outcome::Rejected, "quarantine", &because).text(), @"
    rejected: v3 may not be deployed to staging; nothing was touched

    cause
      v3 failed here before, in this very configuration: not-proven on 2026-11-22 09:00:00Z
      (code: quarantine)

    tasks in staging
      serves now  nothing
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    what to do next
      deploy another version, or put right what is said above and run it again

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn stranded_says_what_to_type() {
    let because = [
        "the image was not well",
        "what should serve does not answer: connection refused",
    ];
    assert_snapshot!(second(Outcome::Stranded, "exited", &because).text(), @"
    stranded: a person must act now: staging could not be put right by itself, and what serves is not known

    cause
      the image was not well
      what should serve does not answer: connection refused
      (code: exited)

    tasks in staging
      serves now  not known
      before      v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    what to do next
      run `cd-action recover --environment staging` (in a workflow: `command: recover`): it makes the last known-good version serve and puts the rest away
      `cd-action status --environment staging` (in a workflow: `command: status`) says what is there

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn what_is_wrong_with_the_input_keeps_its_lines() {
    let mistake = "error[config/unknown-key]: there is no key `helth`\n  --> cd.yml:4:1 helth\n  = help: did you mean `health`?";
    let report = Report {
        service: String::new(),
        environment: String::new(),
        url: None,
        ..second(Outcome::Invalid, "config", &[mistake])
    };
    assert_snapshot!(report.text(), @"
    invalid: 1 mistake in the input or the configuration; nothing was touched

    cause
      error[config/unknown-key]: there is no key `helth`
        --> cd.yml:4:1 helth
        = help: did you mean `health`?
      (code: config)

    what to do next
      correct what is said above and run it again

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn a_crash_is_ours() {
    assert_snapshot!(second(Outcome::Crashed, "panic", &["index out of bounds at rollout.rs:7"]).text(), @"
    crashed: a bug of cd-action stopped it; nothing further was done, and what serves is not known

    cause
      index out of bounds at rollout.rs:7
      (code: panic)

    tasks in staging
      serves now  not known
      before      v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    what to do next
      `cd-action status --environment staging` (in a workflow: `command: status`) says what serves
      `cd-action recover --environment staging` (in a workflow: `command: recover`) puts away what was begun
      report the bug, with the journal

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn a_plan_is_read_step_by_step() {
    assert_snapshot!(plan().text(), @"
    plan of tasks in staging: v3 would take the place of v2; nothing was touched

    tasks in staging
      serves now  v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      wanted      v3 (sha256:333333333333, 1 instance)
      reached at  https://staging.example

    blue-green, step by step: 3 min 15 s at the worst
      1.  start  at most 1 min       1 new instance of v3 beside the old one
                                     if that fails: it is removed; nothing else was touched
      2.  prove  at most 1 min       it answers 3 times in a row through the router, without traffic
                                     if that fails: traffic goes back to g1, which still runs
      3.  bake   at most 1 min 15 s  it is watched under traffic for 15 s
                                     if that fails: traffic goes back to g1, which still runs

    what it means
      goes back to  v2 (g1), known-good since 2026-11-21 10:31:05Z
      interruption  none
      at most       2 instances at a time
      the button    staging is in deployment mode: every run that gets here goes on by itself

    besides
      the router is older than the configuration: it serves on as it is

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn a_status_begins_with_what_needs_attention() {
    assert_snapshot!(status().text(), @"
    status of tasks in staging: v2 serves, known-good since 2026-11-21 10:31:05Z; one thing needs attention

    tasks in staging
      serves now  v2 (sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z)
      reached at  https://staging.example

    needs attention
      an earlier run did not finish: g2 (v3) was begun and not ended

    instances
      g1-1  running, healthy  takes traffic     cd-tasks-staging-g1-1-t7
      g2-1  exited            not in the table  cd-tasks-staging-g2-1-t7

    known-good, the newest first
      v2  sha256:222222222222, g1, 1 instance, known-good since 2026-11-21 10:31:05Z

    quarantined
      v1 (sha256:1111111111111111111111111111111111111111111111111111111111111111): not-proven on 2026-11-20 08:00:00Z

    the rest
      router  running
      lease   run-7, for 12 s more
      ledger  9 records, unbroken; its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}

#[test]
fn a_rollback_lists_every_candidate_with_its_verdict() {
    assert_snapshot!(rollback().text(), @"
    restored: v2 serves in staging again, in place of v3

    because
      1 of 1 instances answered through the router, 5 rounds of probes

    tasks in staging
      serves now  v2 (sha256:222222222222, g3, 1 instance, known-good since 2026-11-22 10:31:14Z)
      before      v3 (sha256:333333333333, g2, 1 instance, known-good since 2026-11-22 09:31:05Z)
      reached at  https://staging.example

    phases: 9.1 s in all, from 2026-11-22 10:31:05Z on
      leased     10:31:05Z  200 ms
      preparing  10:31:05Z  800 ms
      proving    10:31:06Z  3.1 s
      baking     10:31:09Z  5 s

    where a rollback can go, the newest first
      1.8  sha256:of-1.8  g8  2026-11-21 10:31:05Z  serves now
      1.7  sha256:of-1.7  g7  2026-11-21 10:31:05Z  not this one: another was asked for by name
      1.6  sha256:of-1.6  g6  2026-11-21 10:31:05Z  no: it failed later, on 2026-11-22 10:31:05Z (errors)
      1.5  sha256:of-1.5  g5  2026-11-21 10:31:05Z  no: its image is gone, or nobody could tell whether it is there
      1.4  sha256:of-1.4  g4  2026-11-21 10:31:05Z  no: secrets that it needs are not set: DATABASE_URL, TLS_KEY
      1.3  sha256:of-1.3  g3  2026-11-21 10:31:05Z  not by itself: a rollback left it on 2026-11-22 10:31:05Z; name it with `--version g3` to go there
      1.2  sha256:of-1.2  g2  2026-11-21 10:31:05Z  chosen: the newest that nothing speaks against
      1.1  sha256:of-1.1  g1  2026-11-21 10:31:05Z  possible, but a newer one was chosen

    never proven here, so never gone back to
      1.9 (sha256:of-1.9) failed on 2026-11-22 10:31:05Z: exited

    where to look
      run      https://forge.example/runs/7
      report   /tmp/cd/report.json
      journal  /tmp/cd/journal.jsonl
      ledger   its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: compare it with what `status` says later
    ");
}
