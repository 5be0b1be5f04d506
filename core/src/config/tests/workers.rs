//! A service without a port: what it means, and what does not go with it.

use super::super::{Facts, ProbeTemplate, Strategy};
use super::{good, mistakes, told};
use crate::spec::{Probe, Spec};

fn environment(text: &str) -> super::super::Environment {
    let config = good(text);
    config
        .environments
        .into_values()
        .next()
        .expect("there is one")
}

fn spec(text: &str, image_has_healthcheck: bool) -> Spec {
    let environment = environment(text);
    let spec = environment.resolve(&Facts::default(), image_has_healthcheck);
    spec.unwrap_or_else(|errors| panic!("{}", errors.render()))
}

#[test]
fn a_service_without_a_port_is_a_worker_that_is_never_there_twice_unless_it_says_so() {
    let worker = environment("run: {}\nenvironments: { a: {} }\n");
    assert_eq!((worker.run.port, &worker.listen), (None, &None));
    assert_eq!(worker.strategy, Strategy::Recreate);
    let rolling = environment("run: {}\nenvironments: { a: { strategy: rolling } }\n");
    assert!(matches!(rolling.strategy, Strategy::Rolling(_)));
    let server = environment("run: { port: 1 }\nenvironments: { a: {} }\n");
    assert_eq!(server.strategy, Strategy::BlueGreen { wait: None });
}

#[test]
fn whoever_forgot_the_port_gets_no_worker() {
    let text = "environments: { a: {} }\n";
    assert_eq!(told(text), ["1:1 missing-key"]);
    let help = mistakes(text).into_iter().find_map(|it| it.help);
    assert!(help.is_some_and(|it| it.contains("`run: {}`")));
    // One that is misspelt is told as that, and as nothing else.
    assert_eq!(
        told("run: { prot: 1 }\nenvironments: { a: { listen: 80 } }\n"),
        ["1:8 unknown-key run.prot"]
    );
}

#[test]
fn what_only_makes_sense_with_a_port_is_refused_all_at_once() {
    let text = r"run: {}
health: { http: {} }
router: { forwarded: true }
environments:
  a:
    listen: 80
    url: https://a.example
    strategy: blue-green
    bake: { errors: 1% }
    hooks: { before-switch: [{ command: [a] }] }
  b: { health: { http: null, tcp: true }, strategy: canary }
";
    assert_eq!(
        told(text),
        [
            "2:11 conflict health.http",
            "6:5 conflict environments.a.listen",
            "7:5 conflict environments.a.url",
            "8:5 conflict environments.a.strategy",
            "9:13 conflict environments.a.bake.errors",
            "10:14 conflict environments.a.hooks.before-switch",
            "11:30 conflict environments.b.health.tcp",
            "11:43 conflict environments.b.strategy",
        ]
    );
    for mistake in mistakes(text) {
        let says = mistake.help.unwrap_or_default();
        assert!(!says.is_empty(), "{}", mistake.path);
    }
    let text = "run: {}\nrouter: { forwarded: true }\nenvironments: { a: {}, b: {} }\n";
    assert_eq!(told(text), ["2:11 conflict router.forwarded"]);
    let text =
        "run: {}\nrouter: { forwarded: true }\nenvironments: { a: {}, b: { run: { port: 1 } } }\n";
    assert_eq!(told(text), [""; 0]);
}

/// Every strategy, with a port and without one.
#[test]
fn a_worker_takes_no_strategy_that_shares_traffic() {
    let rows = [
        ("recreate", true, true),
        ("rolling", true, true),
        ("rolling: { batch: 2, surge: 2, pause: 1s }", true, true),
        ("rolling: { sticky: true }", true, false),
        ("blue-green", true, false),
        ("blue-green: { wait: 1h }", true, false),
        ("canary", true, false),
        ("canary: { steps: [50] }", true, false),
    ];
    for (strategy, with_port, without) in rows {
        let strategy = if strategy.contains(':') {
            format!("{{ {strategy} }}")
        } else {
            strategy.to_owned()
        };
        for (run, fits) in [("port: 1", with_port), ("", without)] {
            let text =
                format!("run: {{ {run} }}\nenvironments: {{ a: {{ strategy: {strategy} }} }}\n");
            assert_eq!(mistakes(&text).is_empty(), fits, "{text}");
        }
    }
}

#[test]
fn a_worker_is_proven_by_what_it_has_and_at_least_by_running_on() {
    let worker = "run: {}\nenvironments: { a: {} }\n";
    assert_eq!(spec(worker, true).health.probe, Probe::Image);
    assert_eq!(spec(worker, true).health.successes, 3);
    let weak = spec(worker, false).health;
    assert_eq!((weak.probe, weak.successes), (Probe::Runs(10_000), 3));
    let told = "run: {}\nhealth: { runs: 30s, every: 500ms }\nenvironments: { a: {} }\n";
    assert!(matches!(
        environment(told).health.probe,
        Some(ProbeTemplate::Runs(30_000))
    ));
    let long = spec(told, true).health;
    assert_eq!((long.probe, long.successes), (Probe::Runs(30_000), 3));
    let exec = "run: {}\nhealth: { exec: [check] }\nenvironments: { a: {} }\n";
    assert_eq!(
        spec(exec, false).health.probe,
        Probe::Exec(vec!["check".into()])
    );
}

#[test]
fn what_runs_on_needs_the_time_for_it_and_no_port() {
    let of = |health: &str, run: &str| {
        told(&format!(
            "run: {{ {run} }}\nhealth: {{ {health} }}\nenvironments: {{ a: {{}} }}\n"
        ))
    };
    assert_eq!(of("deadline: 5s", ""), ["2:21 conflict health.deadline"]);
    assert_eq!(of("deadline: 5s", "port: 1"), [""; 0]);
    assert_eq!(of("deadline: 5s, image: true", ""), [""; 0]);
    // Its start and three looks, one a second, come on top.
    assert_eq!(of("deadline: 8s, runs: 3s", ""), [""; 0]);
    assert_eq!(
        of("deadline: 7999ms, runs: 3s", ""),
        ["2:21 conflict health.deadline"]
    );
    assert_eq!(of("deadline: 15s", ""), [""; 0]);
    assert_eq!(of("deadline: 14s", ""), ["2:21 conflict health.deadline"]);
    // However often it is looked at, and where only `runs` is said.
    assert_eq!(of("every: 100ms, runs: 57s", ""), [""; 0]);
    assert_eq!(of("runs: 56s", ""), ["2:17 conflict health.runs"]);
    assert_eq!(
        of("deadline: 5s, runs: 5s", ""),
        ["2:21 conflict health.deadline"]
    );
    assert_eq!(of("runs: 3s", "port: 1"), ["2:11 conflict health.runs"]);
    assert_eq!(of("runs: 500ms", ""), ["2:17 range health.runs"]);
    assert_eq!(of("runs: 3s, exec: [a]", ""), ["2:11 conflict health.runs"]);
}

/// A ledger of before there were workers is read, and one of a service with a port reads as it always did.
#[test]
fn a_port_is_written_as_before_and_none_is_not_written() {
    let server = spec("run: { port: 8000 }\nenvironments: { a: {} }\n", false);
    let text = serde_json::to_string(&server).expect("plain data");
    assert!(text.starts_with(r#"{"port":8000,"#), "{text}");
    let worker = spec("run: {}\nenvironments: { a: {} }\n", false);
    let text = serde_json::to_string(&worker).expect("plain data");
    assert!(!text.contains("port"), "{text}");
    assert_eq!(serde_json::from_str::<Spec>(&text).ok(), Some(worker));
}
