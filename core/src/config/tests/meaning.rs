//! What files mean that are right, defaults above all.

use std::collections::BTreeMap;

use super::super::{
    Bake, Config, Credentials, DockerHost, HealthTemplate, Listen, Mode, Permille, Publisher,
    RegistryAuth, RouterConfig, SshHost, Strategy, Target, parse,
};
use super::{SMALLEST, good, mistakes};
use crate::spec::SecretUse;

fn environment<'c>(config: &'c Config, name: &str) -> &'c super::super::Environment {
    config.environments.get(name).expect("the file has it")
}

#[test]
fn the_smallest_file_is_all_defaults() {
    let config = good(SMALLEST);
    assert_eq!(config.service, "tasks");
    assert_eq!((&config.image, &config.registry), (&None, &None));
    assert_eq!(
        config.router,
        RouterConfig {
            image: "haproxy:3.2-alpine".into(),
            forwarded: true
        }
    );
    let staging = environment(&config, "staging");
    assert_eq!(staging.name, "staging");
    assert_eq!(staging.mode, Mode::Deployment);
    assert_eq!(
        staging.target,
        Target::Docker {
            host: None,
            known_hosts: None,
            key: None
        }
    );
    assert_eq!(
        staging.listen,
        Some(Listen {
            address: "127.0.0.1".into(),
            port: 8000
        })
    );
    assert_eq!(staging.url, None);
    assert_eq!(staging.strategy, Strategy::BlueGreen { wait: None });
    assert_eq!(
        staging.bake,
        Bake {
            r#for: 15_000,
            errors: Permille(50)
        }
    );
    assert_eq!((staging.drain, staging.lease), (30_000, 60_000));
    assert_eq!(
        (
            staging.run.port,
            staging.run.replicas,
            staging.run.read_only
        ),
        (Some(8000), 1, false)
    );
    let health = HealthTemplate {
        probe: None,
        every: 1_000,
        timeout: 2_000,
        successes: 3,
        failures: 3,
        deadline: 60_000,
    };
    assert_eq!(staging.health, health);
}

#[test]
fn defaults_written_out_mean_the_same() {
    let written = r#"
service: tasks
run: { port: 8000, replicas: 1, read-only: false, env: {}, secrets: {}, volumes: [], labels: {}, networks: [] }
health: { every: 1s, timeout: 2s, successes: 3, failures: 3, deadline: 60s }
router: { image: "haproxy:3.2-alpine", mode: http, forwarded: true }
environments:
  staging:
    mode: deployment
    target: { docker: {} }
    listen: 127.0.0.1:8000
    strategy: blue-green
    bake: { for: 15s, errors: 5% }
    drain: 30s
    lease: 60s
    run: {}
    health: {}
"#;
    assert_eq!(good(written), good(SMALLEST));
}

#[test]
fn an_environment_may_be_named_and_nothing_more() {
    assert_eq!(
        good("run: { port: 8000 }\nenvironments:\n  staging:\n"),
        good(SMALLEST)
    );
}

#[test]
fn production_asks_a_person_and_bakes_longer() {
    let config = good("run: { port: 1 }\nenvironments: { production: {}, prod: {} }\n");
    let (production, prod) = (
        environment(&config, "production"),
        environment(&config, "prod"),
    );
    assert_eq!(
        (production.mode, production.bake.r#for),
        (Mode::Delivery, 60_000)
    );
    assert_eq!((prod.mode, prod.bake.r#for), (Mode::Deployment, 15_000));
    let config = good(
        "run: { port: 1 }\nenvironments: { production: { mode: deployment, bake: { errors: 1% } } }\n",
    );
    let production = environment(&config, "production");
    assert_eq!(
        (production.mode, production.bake),
        (
            Mode::Deployment,
            Bake {
                r#for: 60_000,
                errors: Permille(10)
            }
        )
    );
}

#[test]
fn the_service_is_named_after_the_repository() {
    for (repository, service) in [
        ("acme/tasks", "tasks"),
        ("acme/My_App.rs", "my-app-rs"),
        ("group/sub/api", "api"),
    ] {
        assert_eq!(
            parse("cd.yml", SMALLEST, Some(repository))
                .map(|config| config.service)
                .as_deref(),
            Ok(service)
        );
    }
    for repository in [None, Some("acme/123"), Some("")] {
        let errors = parse("cd.yml", SMALLEST, repository).expect_err("there is no name");
        assert!(
            errors.render().contains("service: tasks"),
            "{}",
            errors.render()
        );
    }
}

#[test]
fn podman_is_named_by_a_word_or_a_map_and_stands_alone() {
    for target in ["podman", "{ podman: {} }"] {
        let config = good(&format!(
            "service: a\nrun: {{ port: 1 }}\nenvironments: {{ staging: {{ target: {target} }} }}\n"
        ));
        assert_eq!(environment(&config, "staging").target, Target::Podman);
    }
    let both = "service: a\nrun: { port: 1 }\nenvironments: { staging: { target: { docker: {}, podman: {} } } }\n";
    let errors = parse("cd.yml", both, None).expect_err("two engines");
    let told: Vec<&str> = errors.iter().map(|it| it.code).collect();
    assert_eq!(told, ["config/conflict"], "{errors:?}");
}

#[test]
fn everything_that_can_be_said() {
    let config = good(include_str!("everything.yml"));
    let staging = environment(&config, "staging");
    let host = SshHost {
        user: Some("deploy".into()),
        host: "staging.example".into(),
        port: Some(2222),
        socket: None,
    };
    let target = Target::Docker {
        host: Some(DockerHost::Ssh(host)),
        known_hosts: Some("STAGING_HOST_KEYS".into()),
        key: Some("STAGING_SSH_KEY".into()),
    };
    assert_eq!(staging.target, target);
    assert_eq!(
        staging.listen,
        Some(Listen {
            address: "::1".into(),
            port: 8000
        })
    );
    assert_eq!(
        (staging.bake.r#for, staging.drain, staging.lease),
        (0, 0, 1_000)
    );
    assert_eq!(
        (staging.run.memory, staging.run.cpus),
        (Some(512 << 20), Some(500))
    );
    assert_eq!(staging.run.user.as_deref(), Some("1000"));
    let secrets = BTreeMap::from([
        ("DATABASE_URL".to_owned(), SecretUse::Env),
        ("OTHER".to_owned(), SecretUse::File("/run/secrets/b".into())),
        (
            "TLS_KEY".to_owned(),
            SecretUse::File("/run/secrets/tls".into()),
        ),
    ]);
    assert_eq!(staging.run.secrets, secrets);
    let [other, python] = config.packages.as_slice() else {
        panic!("the file has two packages")
    };
    let auth = RegistryAuth {
        user: "A".into(),
        password: "B".into(),
    };
    let upload = "https://index.example/upload".to_owned();
    assert_eq!(other.login, Some(Credentials::Password(auth)));
    assert_eq!(other.publisher, Publisher::Uv { upload });
    assert_eq!(other.folder, "dist");
    assert_eq!(python.index, "https://index.example/simple");
    assert_eq!(
        python.login,
        Some(Credentials::Token("PUBLISH_TOKEN".into()))
    );
    let session = Publisher::Session {
        name: "publish-python".into(),
        upload: None,
    };
    assert_eq!((&python.publisher, &*python.folder), (&session, "out"));
}

#[test]
fn aliases_repeat_what_they_name() {
    let config = good(
        "run: { port: 1 }\nenvironments:\n  a: &a { drain: 1s, run: &run { env: { A: 1 } } }\n  b: *a\n  c: { run: *run }\n",
    );
    let [a, b, c] = ["a", "b", "c"].map(|name| environment(&config, name));
    assert_eq!((a.drain, a.run.env.len()), (b.drain, b.run.env.len()));
    assert_eq!((a.run.env.len(), c.run.env.len()), (1, 1));
}

#[test]
fn an_environment_overrides_key_by_key() {
    let config = good(
        r"
run: { port: 1, env: { A: 1, B: 2 }, volumes: [a:/a], user: app }
health: { http: {}, every: 2s }
environments:
  a: { run: { env: { B: 3, C: 4 }, volumes: [b:/b], user: null }, health: { http: null, tcp: true } }
  b: {}
",
    );
    let (a, b) = (environment(&config, "a"), environment(&config, "b"));
    assert_eq!(a.run.env.keys().collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!(
        (a.run.volumes.as_slice(), a.run.user.as_deref()),
        (["b:/b".to_owned()].as_slice(), None)
    );
    assert_eq!((b.run.env.len(), b.run.user.as_deref()), (2, Some("app")));
    assert_eq!((a.health.every, b.health.every), (2_000, 2_000));
    assert_ne!(a.health.probe, b.health.probe);
}

#[test]
fn a_port_may_come_from_each_environment() {
    let config =
        good("environments: { a: { run: { port: 1 } }, b: { run: { port: 2 }, listen: 3 } }\n");
    let listens: Vec<String> = config
        .environments
        .values()
        .filter_map(|environment| Some(environment.listen.as_ref()?.to_string()))
        .collect();
    assert_eq!(listens, ["127.0.0.1:1", "127.0.0.1:3"]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = format!("\u{feff}{}", SMALLEST.replace('\n', "\r\n"));
    assert_eq!(mistakes(&text), []);
    assert_eq!(good(&text), good(SMALLEST));
}

#[test]
fn users_stick_where_it_is_asked_for() {
    let config = good(
        r"service: tasks
run: { port: 8000 }
environments:
  a: { strategy: canary }
  b: { strategy: { canary: { sticky: true } } }
  c: { strategy: rolling }
  d: { strategy: { rolling: { sticky: true } } }
",
    );
    let stick = ["a", "b", "c", "d"].map(|name| match &environment(&config, name).strategy {
        Strategy::Canary(canary) => canary.sticky,
        Strategy::Rolling(rolling) => rolling.sticky,
        other @ (Strategy::BlueGreen { .. } | Strategy::Recreate) => panic!("{other:?}"),
    });
    assert_eq!(stick, [false, true, false, true]);
}
