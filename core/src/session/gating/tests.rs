//! Runs up to their gates: who may go past them, and what is asked when.

mod asked_again;

use std::collections::BTreeMap;

use super::super::Session;
use crate::protocol::{Begin, Completion, Effect, Fault, Input, Outcome, Output, Timestamp};

/// A run that came to its end, or to the engine.
struct Run {
    outcome: Option<Outcome>,
    reason: String,
    said: String,
    /// Whether the engine was spoken to.
    engine: bool,
}

fn none() -> Completion {
    Completion::Failed {
        fault: Fault::NotFound,
        message: "there is none".to_owned(),
    }
}

/// Runs with these gates in production, in an environment like this, on an event that says this.
fn run(config: &str, words: &[&str], env: &[(&str, &str)], payload: &str) -> Run {
    let argv = ["--environment", "production"];
    let argv = words.iter().chain(&argv).map(|it| (*it).to_owned());
    let env = env.iter().chain(&[("GITHUB_EVENT_PATH", "/w/event.json")]);
    let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let begin = Begin {
        argv: argv.collect(),
        env: env.collect::<BTreeMap<_, _>>(),
        workspace: "/w".to_owned(),
        ..Begin::default()
    };
    let answer = |effect: &Effect| match effect {
        Effect::ReadFile { path, .. } => match path.as_str() {
            "/w/cd.yml" => Completion::Read {
                text: config.to_owned(),
            },
            _ => none(),
        },
        Effect::WriteFile { .. } => Completion::Written,
        Effect::Run(run) if run.argv.first().is_some_and(|it| it == "cat") => Completion::Exited {
            code: Some(0),
            signal: None,
            stdout: payload.to_owned(),
            stderr: String::new(),
        },
        Effect::FindUnset { .. } => Completion::Unset { names: Vec::new() },
        Effect::Run(_) | Effect::Fetch(_) | Effect::Fingerprint { .. } => none(),
    };
    let (mut session, now) = (Session::new(), Timestamp(1_795_343_465_000));
    let mut ran = Run {
        outcome: None,
        reason: String::new(),
        said: String::new(),
        engine: false,
    };
    let mut inputs = vec![Input::Begin(Box::new(begin))];
    while let Some(input) = inputs.pop() {
        assert_eq!(session.handle(now, input), Ok(()));
        loop {
            match session.poll() {
                Output::Effect { id, effect } => {
                    let docker = |run: &crate::protocol::Run| {
                        run.argv.first().is_some_and(|it| it == "docker")
                    };
                    ran.engine |= matches!(&effect, Effect::Run(run) if docker(run));
                    let completion = answer(&effect);
                    inputs.push(Input::Completed { id, completion });
                }
                Output::Abort { .. } | Output::Emit { .. } => {}
                Output::Idle { .. } => break,
                Output::Done { outcome, .. } => {
                    ran.outcome = Some(outcome);
                    break;
                }
            }
        }
        if ran.engine || ran.outcome.is_some() {
            break;
        }
    }
    ran.reason.clone_from(&session.report.reason);
    ran.said = session.report.because.join("\n");
    ran
}

fn production(gates: &str) -> String {
    format!(
        "service: tasks\nrun: {{ port: 8000 }}\nenvironments:\n  staging: {{}}\n  production: {{ {gates} }}\n"
    )
}

const DEPLOY: [&str; 3] = ["deploy", "--image", "registry.example/acme/tasks:1"];

const PUSH: [(&str, &str); 4] = [
    ("GITHUB_EVENT_NAME", "push"),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_RUN_ATTEMPT", "1"),
    ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
];

fn deploy(gates: &str, more: &[&str], env: &[(&str, &str)]) -> Run {
    let words: Vec<&str> = DEPLOY.iter().chain(more).copied().collect();
    let env: Vec<(&str, &str)> = PUSH.iter().chain(env).copied().collect();
    run(&production(gates), &words, &env, "{}")
}

const OVERRIDE: [&str; 4] = ["--override", "ok", "--reason", "users cannot log in"];

/// By whom, in what way, and whether that person may take a gate on themselves.
#[test]
fn what_started_by_itself_overrides_nothing() {
    let gates = "mode: deployment, gates: [{ name: ok, freeze: { from: \"2026-01-01\", to: \"2030-01-01\" } }]";
    let rows: &[(&[(&str, &str)], bool)] = &[
        (&[("GITHUB_ACTOR", "anna")], false),
        (&[("GITHUB_ACTOR", "renovate[bot]")], false),
        (
            &[
                ("GITHUB_ACTOR", "anna"),
                ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ],
            true,
        ),
        (
            &[
                ("GITHUB_ACTOR", "renovate[bot]"),
                ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ],
            false,
        ),
        (
            &[("GITHUB_ACTOR", "anna"), ("GITHUB_RUN_ATTEMPT", "2")],
            false,
        ),
        (
            &[
                ("GITHUB_ACTOR", "renovate[bot]"),
                ("GITHUB_RUN_ATTEMPT", "2"),
                ("GITHUB_TRIGGERING_ACTOR", "anna"),
            ],
            true,
        ),
    ];
    for (env, may) in rows {
        let ran = deploy(gates, &OVERRIDE, env);
        assert_eq!(ran.engine, *may, "{env:?}: {}", ran.said);
        if !*may {
            assert_eq!(ran.outcome, Some(Outcome::Rejected), "{env:?}");
            assert_eq!(ran.reason, "override-forbidden", "{env:?}");
        }
    }
    assert!(!deploy(gates, &[], &[("GITHUB_ACTOR", "anna")]).engine);
    let terminal = run(
        &production(gates),
        &[DEPLOY.as_slice(), &OVERRIDE].concat(),
        &[("USER", "anna")],
        "{}",
    );
    assert!(terminal.engine, "{}", terminal.said);
}

#[test]
fn an_approval_is_overridden_only_where_it_says_so_and_takes_no_button_away() {
    let button = [
        ("GITHUB_EVENT_NAME", "workflow_dispatch"),
        ("GITHUB_ACTOR", "ben"),
    ];
    let forbidden = deploy(
        "gates: [{ name: ok, approval: { by: [anna] } }]",
        &OVERRIDE,
        &button,
    );
    assert_eq!(forbidden.reason, "override-forbidden", "{}", forbidden.said);
    assert!(
        forbidden.said.contains("`override: true`"),
        "{}",
        forbidden.said
    );
    let allowed = "gates: [{ name: ok, approval: { by: [anna] }, override: true }]";
    assert!(deploy(allowed, &OVERRIDE, &button).engine);
    let pushed = deploy(allowed, &OVERRIDE, &[("GITHUB_ACTOR", "renovate[bot]")]);
    assert_eq!(pushed.outcome, Some(Outcome::Rejected), "{}", pushed.said);
}

#[test]
fn a_machine_does_not_press_the_button_of_delivery_mode() {
    let started = |event: &str, actor: &str| {
        let env = [("GITHUB_EVENT_NAME", event), ("GITHUB_ACTOR", actor)];
        deploy("gates: []", &[], &env)
    };
    assert!(started("workflow_dispatch", "anna").engine);
    for (event, actor) in [("push", "anna"), ("workflow_dispatch", "renovate[bot]")] {
        let held = started(event, actor);
        assert_eq!(held.outcome, Some(Outcome::Held), "{event}");
        assert_eq!(held.reason, "delivery", "{event}");
        assert!(!held.engine, "{event}");
    }
}

/// A fork's pull request, in an environment that lets the event in, by a person who overrides the gate.
#[test]
fn no_override_lets_code_of_a_fork_through() {
    let gates = "mode: deployment, gates: [{ name: ok, trigger: { events: [pull_request_target], branches: [release] } }]";
    let payload = |head: &str| {
        format!(
            "{{\"number\":4,\"repository\":{{\"id\":1,\"full_name\":\"acme/tasks\"}},\"pull_request\":{{\"number\":4,\"head\":{{\"ref\":\"x\",\"sha\":\"{}\",\"repo\":{{\"full_name\":\"{head}\"}}}},\"base\":{{\"ref\":\"main\",\"repo\":{{\"id\":1,\"full_name\":\"acme/tasks\"}}}}}}}}",
            "0".repeat(40)
        )
    };
    let env = [
        ("GITHUB_ACTOR", "mallory"),
        ("GITHUB_TRIGGERING_ACTOR", "anna"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REPOSITORY", "acme/tasks"),
        ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
    ];
    let words = [DEPLOY.as_slice(), &OVERRIDE].concat();
    let of = |head| run(&production(gates), &words, &env, &payload(head));
    let fork = of("mallory/tasks");
    assert_eq!(fork.outcome, Some(Outcome::Rejected), "{}", fork.said);
    assert!(fork.said.contains("code of a fork"), "{}", fork.said);
    let own = of("acme/tasks");
    assert!(own.engine, "{}", own.said);
    let held = run(&production(gates), &DEPLOY, &env, &payload("acme/tasks"));
    assert_eq!(
        held.outcome,
        Some(Outcome::Rejected),
        "the branch does not fit"
    );
}

/// On a laptop, with an image of which nobody knows the commit: what no platform answers is an error of the plan all the same.
#[test]
fn what_the_platform_cannot_answer_is_told_before_the_commit_is_known() {
    for gates in [
        "gates: [{ checks: [test] }]",
        "gates: [{ reviews: {} }]",
        "gates: [{ any: [{ fresh: true }, { checks: [test] }] }]",
        "gates: [{ findings: { code-scanning: {} } }]",
    ] {
        for image in [&["--image", "registry.example/acme/tasks:1"][..], &[]] {
            let words = [&["plan"], image].concat();
            let ran = run(&production(gates), &words, &[("USER", "anna")], "{}");
            assert_eq!(ran.outcome, Some(Outcome::Failed), "{gates}: {}", ran.said);
            assert_eq!(ran.reason, "gate-unsupported", "{gates}");
            assert!(!ran.engine, "{gates}");
        }
    }
    let approval = "gates: [{ approval: {} }]";
    let words = ["plan", "--image", "registry.example/acme/tasks:1"];
    assert!(run(&production(approval), &words, &[("USER", "anna")], "{}").engine);
    let overridden = [
        "plan",
        "--image",
        "registry.example/acme/tasks:1",
        "--override",
        "checks",
        "--reason",
        "x",
    ];
    let checks = "gates: [{ checks: [test] }]";
    assert!(run(&production(checks), &overridden, &[("USER", "anna")], "{}").engine);
}

#[test]
fn code_of_a_fork_is_not_deployed_on_other_platforms_either() {
    let of = |source: &str| {
        let env = [
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_MERGE_REQUEST_IID", "4"),
            ("CI_PROJECT_PATH", "acme/tasks"),
            ("CI_MERGE_REQUEST_PROJECT_PATH", "acme/tasks"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", source),
        ];
        let config = production("mode: deployment, gates: []");
        run(&config, &DEPLOY, &env, "{}")
    };
    let fork = of("mallory/tasks");
    assert_eq!(fork.outcome, Some(Outcome::Rejected), "{}", fork.said);
    assert!(fork.said.contains("code of a fork"), "{}", fork.said);
    assert!(of("acme/tasks").engine);
}
