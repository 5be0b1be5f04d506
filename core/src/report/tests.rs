//! Snapshots of what is read: text, summary, annotation, report file. Read them as whoever was woken.

use insta::assert_snapshot;

use super::headline::headline;
use super::samples::{OUTCOMES, first, plan, rollback, rolled_back, run, second, status, with_phases};
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
    restored: an earlier run died on its way; what it left in staging is put away, v2 serves
    restored: an earlier run died on its way; what it left in staging is put away, nothing serves
    unchanged: v3 serves in staging already, and is well; nothing was touched
    unchanged: nothing serves in staging; nothing was touched
    held: v3 waits; nothing was touched, v2 serves
    held: v3 waits; nothing was touched, nothing serves
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
        let report = Report { command: command.to_owned(), ..second(outcome, reason, &["why"]) };
        headline(&Report { wanted: None, ..report })
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
        headline(&Report { environment: String::new(), ..run("deploy", Outcome::Invalid, "config", &["one", "two"]) }),
    ];
    assert_snapshot!(all.join("\n"), @"
    restored: v2 serves in staging again, in place of v3
    unchanged: v3 serves in staging already, and is well; nothing was touched
    rejected: there is nowhere to go back to in staging; nothing was touched, v2 serves
    failed: the rollback in staging could not begin; nothing was touched, v2 serves
    restored: an earlier run died on its way; what it left in staging is put away, v2 serves
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
fn releases_of_one_name_are_told_apart() {
    let mut report = second(Outcome::RolledBack, "exited", &[]);
    let rename = |line: &mut Option<ReleaseLine>| line.iter_mut().for_each(|line| "main".clone_into(&mut line.version));
    [&mut report.wanted, &mut report.before, &mut report.serving].map(rename);
    let other_image = headline(&report);
    let digest = report.before.as_ref().map(|before| before.digest.clone()).unwrap_or_default();
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
    let mut report = with_phases(first(Outcome::RolledBack, "exited", &because), &[("preparing", 1_300), ("reverting", 340)]);
    report.logs = vec![Log { instance: "g1-1".to_owned(), text: String::new() }];
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
    let because = ["1 of 1 instances answered through the router, 15 rounds of probes", "0 of 812 requests without a good answer (0.0 %)"];
    let phases = [("leased", 200), ("preparing", 1_350), ("proving", 3_100), ("shifting", 120), ("baking", 15_000), ("committing", 90), ("retiring", 2_000)];
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
    let because = [held_by("run-6/1/deploy", Some(samples::BEGAN), samples::BEGAN, 42_000, Some("https://forge.example/runs/6"))];
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
    let because = ["v3 failed here before, in this very configuration: not-proven on 2026-11-22 09:00:00Z"];
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
fn a_run_that_never_looked_does_not_say_what_serves() {
    let blind = |command: &str, outcome: Outcome| {
        let report = Report { command: command.to_owned(), ..first(outcome, "", &["why"]) };
        headline(&Report { ledger_head: None, ..report })
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
fn stranded_says_what_to_type() {
    let because = ["the image was not well", "what should serve does not answer: connection refused"];
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
    let report = Report { service: String::new(), environment: String::new(), url: None, ..second(Outcome::Invalid, "config", &[mistake]) };
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

#[test]
fn a_summary_of_a_failure_begins_with_cause_and_next_step() {
    assert_snapshot!(rolled_back().markdown(), @r#"
    ## rolled back: v3 was not well; v2 serves again, as before

    **Cause:** not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200: `not-proven`

    **Next:** repair it and deploy the result; v3, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | version | `v3` |
    | image | `registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333` |
    | before | `v2`, `sha256:222222222222`, g1, 1 instance, known-good since 2026-11-21 10:31:05Z |
    | serves now | `v2`, as before |
    | reached at | `https://staging.example` |
    | took | 1 min 2 s, from 2026-11-22 10:31:05Z on |

    ```mermaid
    gantt
      dateFormat x
      axisFormat %H:%M:%S
      section tasks in staging
      1 leased 200 ms :done, 1795343465000, 1795343465200
      2 preparing 1.3 s :done, 1795343465200, 1795343466550
      3 proving 1 min :crit, 1795343466550, 1795343526550
      4 reverting 900 ms :done, 1795343526550, 1795343527450
      5 concluding 90 ms :done, 1795343527450, 1795343527540
    ```

    | phase | entered | took |
    | --- | --- | --- |
    | leased | 10:31:05Z | 200 ms |
    | preparing | 10:31:05Z | 1.3 s |
    | proving | 10:31:06Z | 1 min |
    | reverting | 10:32:06Z | 900 ms |
    | concluding | 10:32:07Z | 90 ms |

    | probes of | good | bad | not taken | the last that was not good |
    | --- | --- | --- | --- | --- |
    | `g2-1` | 0 | 58 | 2 | GET /health answered 503 `{"db":"down"}`, expected 200 |

    ### Last words of `g2-1` (its own, not ours)

    ```text
    listening on 8000
    ERROR no route to db:5432
    ```

    <details><summary>1 decision</summary>

    | when | phase | decision | on what |
    | --- | --- | --- | --- |
    | 10:32:06Z | proving | go back | not proven within 60 s; last seen: GET /health answered 503 `{"db":"down"}`, expected 200 |

    </details>

    <details><summary>2 acts on the target</summary>

    | when | what | took | ended |
    | --- | --- | --- | --- |
    | 10:31:05Z | `start g2-1` | 310 ms | done |
    | 10:32:06Z | `route g1-1=256` | 80 ms | done |

    </details>

    **Where to look:**

    - run `https://forge.example/runs/7`
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    "#);
}

#[test]
fn a_summary_of_a_rollback_lists_every_candidate() {
    assert_snapshot!(rollback().markdown(), @"
    ## restored: v2 serves in staging again, in place of v3

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | version | `v2` |
    | image | `registry.example/acme/tasks@sha256:2222222222222222222222222222222222222222222222222222222222222222` |
    | before | `v3`, `sha256:333333333333`, g2, 1 instance, known-good since 2026-11-22 09:31:05Z |
    | serves now | `v2`, `sha256:222222222222`, g3, 1 instance, known-good since 2026-11-22 10:31:14Z |
    | reached at | `https://staging.example` |
    | took | 9.1 s, from 2026-11-22 10:31:05Z on |

    **Because:** 1 of 1 instances answered through the router, 5 rounds of probes

    ```mermaid
    gantt
      dateFormat x
      axisFormat %H:%M:%S
      section tasks in staging
      1 leased 200 ms :done, 1795343465000, 1795343465200
      2 preparing 800 ms :done, 1795343465200, 1795343466000
      3 proving 3.1 s :done, 1795343466000, 1795343469100
      4 baking 5 s :done, 1795343469100, 1795343474100
    ```

    | phase | entered | took |
    | --- | --- | --- |
    | leased | 10:31:05Z | 200 ms |
    | preparing | 10:31:05Z | 800 ms |
    | proving | 10:31:06Z | 3.1 s |
    | baking | 10:31:09Z | 5 s |

    ### Where a rollback can go

    | version | digest | generation | known-good since | verdict |
    | --- | --- | --- | --- | --- |
    | `1.8` | `sha256:of-1.8` | `g8` | 2026-11-21 10:31:05Z | serves now |
    | `1.7` | `sha256:of-1.7` | `g7` | 2026-11-21 10:31:05Z | not this one: another was asked for by name |
    | `1.6` | `sha256:of-1.6` | `g6` | 2026-11-21 10:31:05Z | no: it failed later, on 2026-11-22 10:31:05Z (errors) |
    | `1.5` | `sha256:of-1.5` | `g5` | 2026-11-21 10:31:05Z | no: its image is gone, or nobody could tell whether it is there |
    | `1.4` | `sha256:of-1.4` | `g4` | 2026-11-21 10:31:05Z | no: secrets that it needs are not set: DATABASE&#95;URL, TLS&#95;KEY |
    | `1.3` | `sha256:of-1.3` | `g3` | 2026-11-21 10:31:05Z | not by itself: a rollback left it on 2026-11-22 10:31:05Z; name it with `--version g3` to go there |
    | `1.2` | `sha256:of-1.2` | `g2` | 2026-11-21 10:31:05Z | chosen: the newest that nothing speaks against |
    | `1.1` | `sha256:of-1.1` | `g1` | 2026-11-21 10:31:05Z | possible, but a newer one was chosen |

    **Never proven here, so never gone back to:**

    - 1.9 (sha256&#58;of-1.9) failed on 2026-11-22 10:31:05Z: exited

    **Where to look:**

    - run `https://forge.example/runs/7`
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}

#[test]
fn a_summary_of_a_plan_is_a_table() {
    assert_snapshot!(plan().markdown(), @"
    ## plan of tasks in staging: v3 would take the place of v2; nothing was touched

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | version | `v3` |
    | image | `registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333` |
    | strategy | blue-green |
    | before | `v2`, `sha256:222222222222`, g1, 1 instance, known-good since 2026-11-21 10:31:05Z |
    | serves now | `v2`, as before |
    | reached at | `https://staging.example` |
    | took | 400 ms, from 2026-11-22 10:31:05Z on |

    ### blue-green, step by step: 3 min 15 s at the worst

    |  | step | at the worst | what is done | if that fails |
    | --- | --- | --- | --- | --- |
    | 1 | start | 1 min | 1 new instance of v3 beside the old one | it is removed; nothing else was touched |
    | 2 | prove | 1 min | it answers 3 times in a row through the router, without traffic | traffic goes back to g1, which still runs |
    | 3 | bake | 1 min 15 s | it is watched under traffic for 15 s | traffic goes back to g1, which still runs |

    **What it means:**

    - goes back to: v2 (g1), known-good since 2026-11-21 10:31:05Z
    - interruption: none
    - at most 2 instances at a time
    - the button: staging is in deployment mode: every run that gets here goes on by itself

    **Besides:**

    - the router is older than the configuration: it serves on as it is

    **Where to look:**

    - run `https://forge.example/runs/7`
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}

#[test]
fn a_summary_of_a_status_begins_with_what_needs_attention() {
    assert_snapshot!(status().markdown(), @"
    ## status of tasks in staging: v2 serves, known-good since 2026-11-21 10:31:05Z; one thing needs attention

    |  |  |
    | --- | --- |
    | service | `tasks` |
    | environment | `staging` |
    | serves now | `v2`, `sha256:222222222222`, g1, 1 instance, known-good since 2026-11-21 10:31:05Z |
    | reached at | `https://staging.example` |
    | took | 400 ms, from 2026-11-22 10:31:05Z on |

    **Needs attention:**

    - an earlier run did not finish: g2 (v3) was begun and not ended

    | instance | state | traffic | container |
    | --- | --- | --- | --- |
    | `g1-1` | running, healthy | takes traffic | `cd-tasks-staging-g1-1-t7` |
    | `g2-1` | exited | not in the table | `cd-tasks-staging-g2-1-t7` |

    | known-good | digest | generation | since |
    | --- | --- | --- | --- |
    | `v2` | `sha256:222222222222` | `g1` | 2026-11-21 10:31:05Z |

    **Quarantined:**

    - v1 (sha256:1111111111111111111111111111111111111111111111111111111111111111): not-proven on 2026-11-20 08:00:00Z

    **The rest:**

    - router: running
    - lease: run-7, for 12 s more
    - ledger: 9 records, unbroken; its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee

    **Where to look:**

    - run `https://forge.example/runs/7`
    - report `/tmp/cd/report.json`
    - journal `/tmp/cd/journal.jsonl`
    - ledger head `eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`
    ");
}

#[test]
fn the_annotation_says_cause_remedy_and_what_serves() {
    let reports = [
        rolled_back(),
        first(Outcome::RolledBack, "exited", &["it ended with exit code 1"]),
        second(Outcome::Stranded, "exited", &["what should serve does not answer: connection refused"]),
        Report { environment: String::new(), ..second(Outcome::Invalid, "config", &["one mistake", "another"]) },
    ];
    let said = reports.iter().filter_map(Report::annotation).map(|(title, message)| format!("[{title}]\n{message}"));
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

/// Others parse the report file: a member may be added, and none may change its name or its meaning.
#[test]
fn the_report_file_is_stable() {
    let report = Report {
        candidates: Some(Selection {
            candidates: samples::selection().candidates.into_iter().skip(2).take(1).collect(),
            never_proven: Vec::new(),
        }),
        plan: plan().plan,
        status: status().status,
        left: vec!["g2-1".to_owned()],
        troubles: vec!["the engine did not answer at once".to_owned()],
        ..rolled_back()
    };
    assert_snapshot!(report.json(), @r#"
    {
      "format": 1,
      "command": "deploy",
      "service": "tasks",
      "environment": "staging",
      "outcome": "rolled-back",
      "reason": "not-proven",
      "because": [
        "not proven within 60 s; last seen: GET /health answered 503 `{\"db\":\"down\"}`, expected 200"
      ],
      "next": [],
      "wanted": {
        "version": "v3",
        "image": "registry.example/acme/tasks@sha256:3333333333333333333333333333333333333333333333333333333333333333",
        "digest": "sha256:3333333333333333333333333333333333333333333333333333333333333333",
        "config-hash": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        "generation": null,
        "replicas": 1,
        "known-good-since": null
      },
      "before": {
        "version": "v2",
        "image": "registry.example/acme/tasks@sha256:2222222222222222222222222222222222222222222222222222222222222222",
        "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222",
        "config-hash": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        "generation": "g1",
        "replicas": 1,
        "known-good-since": 1795257065000
      },
      "serving": {
        "version": "v2",
        "image": "registry.example/acme/tasks@sha256:2222222222222222222222222222222222222222222222222222222222222222",
        "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222",
        "config-hash": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        "generation": "g1",
        "replicas": 1,
        "known-good-since": 1795257065000
      },
      "url": "https://staging.example",
      "run-url": "https://forge.example/runs/7",
      "ledger-head": "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
      "began": 1795343465000,
      "ended": 1795343527540,
      "plan": {
        "strategy": "blue-green",
        "button": "staging is in deployment mode: every run that gets here goes on by itself",
        "steps": [
          {
            "name": "start",
            "does": "1 new instance of v3 beside the old one",
            "worst": 60000,
            "on-failure": "it is removed; nothing else was touched"
          },
          {
            "name": "prove",
            "does": "it answers 3 times in a row through the router, without traffic",
            "worst": 60000,
            "on-failure": "traffic goes back to g1, which still runs"
          },
          {
            "name": "bake",
            "does": "it is watched under traffic for 15 s",
            "worst": 75000,
            "on-failure": "traffic goes back to g1, which still runs"
          }
        ],
        "rollback": "v2 (g1), known-good since 2026-11-21 10:31:05Z",
        "worst": 195000,
        "peak": 2,
        "interruption": null,
        "notes": [
          "the router is older than the configuration: it serves on as it is"
        ]
      },
      "phases": [
        {
          "name": "leased",
          "from": 1795343465000,
          "to": 1795343465200
        },
        {
          "name": "preparing",
          "from": 1795343465200,
          "to": 1795343466550
        },
        {
          "name": "proving",
          "from": 1795343466550,
          "to": 1795343526550
        },
        {
          "name": "reverting",
          "from": 1795343526550,
          "to": 1795343527450
        },
        {
          "name": "concluding",
          "from": 1795343527450,
          "to": 1795343527540
        }
      ],
      "decisions": [
        {
          "at": 1795343526550,
          "phase": "proving",
          "decision": "go back",
          "because": [
            "not proven within 60 s; last seen: GET /health answered 503 `{\"db\":\"down\"}`, expected 200"
          ]
        }
      ],
      "acts": [
        {
          "at": 1795343465200,
          "what": "start g2-1",
          "took": 310,
          "ended": "done"
        },
        {
          "at": 1795343526560,
          "what": "route g1-1=256",
          "took": 80,
          "ended": "done"
        }
      ],
      "probes": [
        {
          "instance": "g2-1",
          "good": 0,
          "bad": 58,
          "blind": 2,
          "last-bad": "GET /health answered 503 `{\"db\":\"down\"}`, expected 200"
        }
      ],
      "troubles": [
        "the engine did not answer at once"
      ],
      "logs": [
        {
          "instance": "g2-1",
          "text": "listening on 8000\n\u001b[31mERROR\u001b[0m no route to db:5432\n"
        }
      ],
      "left": [
        "g2-1"
      ],
      "candidates": {
        "candidates": [
          {
            "known-good": {
              "generation": 6,
              "release": {
                "version": "1.6",
                "revision": null,
                "image": "registry.example/acme/tasks",
                "digest": "sha256:of-1.6",
                "config-hash": "configuration-of-1.6",
                "spec": {
                  "port": 8000,
                  "env": {
                    "APP_VERSION": "1.6"
                  },
                  "secrets": {
                    "KEY_1.6": "env"
                  },
                  "replicas": 1,
                  "command": null,
                  "user": null,
                  "memory": null,
                  "cpus": null,
                  "volumes": [],
                  "labels": {},
                  "networks": [],
                  "read-only": false,
                  "health": {
                    "probe": "tcp",
                    "every": 1000,
                    "timeout": 2000,
                    "successes": 3,
                    "failures": 3,
                    "deadline": 60000
                  }
                }
              },
              "since": 1795257065000,
              "proof-seq": 1,
              "command": "deploy",
              "sequence": {
                "revision": null,
                "run-number": null,
                "workflow": null,
                "repository": null
              }
            },
            "verdict": {
              "quarantined": {
                "since": 1795343465000,
                "reason": "errors"
              }
            }
          }
        ],
        "never-proven": []
      },
      "status": {
        "instances": [
          {
            "instance": "g1-1",
            "container": "cd-tasks-staging-g1-1-t7",
            "state": "running, healthy",
            "weight": "256"
          },
          {
            "instance": "g2-1",
            "container": "cd-tasks-staging-g2-1-t7",
            "state": "exited",
            "weight": "-"
          }
        ],
        "router": "running",
        "astray": [],
        "known-good": [
          {
            "version": "v2",
            "image": "registry.example/acme/tasks@sha256:2222222222222222222222222222222222222222222222222222222222222222",
            "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222",
            "config-hash": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
            "generation": "g1",
            "replicas": 1,
            "known-good-since": 1795257065000
          }
        ],
        "quarantine": [
          "v1 (sha256:1111111111111111111111111111111111111111111111111111111111111111): not-proven on 2026-11-20 08:00:00Z"
        ],
        "lease": "run-7, for 12 s more",
        "unfinished": "g2 (v3) was begun and not ended",
        "ledger": "9 records, unbroken; its head is eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
        "ledger-sound": true
      },
      "journal": "/tmp/cd/journal.jsonl",
      "path": "/tmp/cd/report.json"
    }
    "#);
}
