//! Broken files, each with several mistakes, and all of them told at once.

use super::{mistakes, told};

/// A file, and `line:column code path` of everything that is wrong with it.
#[track_caller]
pub(super) fn assert_told(text: &str, expected: &[&str]) {
    assert_eq!(told(text), expected, "{text}");
}

#[test]
fn misspelt_keys_and_words() {
    assert_told(
        r#"service: My Tasks
images: registry.example/acme/tasks
run:
  prot: 8000
  replicas: 0
environments:
  Staging:
    listen: localhost:8000
    strategy: recrate
    drian: 30s
"#,
        &[
            "1:10 name service",
            "2:1 unknown-key images",
            "4:3 unknown-key run.prot",
            "5:13 range run.replicas",
            "7:3 name environments.Staging",
            "8:13 address environments.Staging.listen",
            "9:15 choice environments.Staging.strategy",
            "10:5 unknown-key environments.Staging.drian",
        ],
    );
}

#[test]
fn keys_in_the_wrong_place() {
    assert_told(
        "port: 8000\nreplicas: 2\nenvironments:\n  staging:\n    env: { A: 1 }\n    http: {}\n",
        &[
            "1:1 unknown-key port",
            "2:1 unknown-key replicas",
            "5:5 unknown-key environments.staging.env",
            "6:5 unknown-key environments.staging.http",
        ],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    assert_told(
        r#"run:
  port: "8000"
  command: npm start
  read-only: yes
  env: [A]
  labels: { a: { b: c } }
health: fast
environments:
  staging:
    url:
    bake: 60s
    lease: { for: 1m }
"#,
        &[
            "2:9 type run.port",
            "3:12 type run.command",
            "4:14 type run.read-only",
            "5:3 type run.env",
            "6:13 type run.labels.a",
            "7:9 type health",
            "10:5 type environments.staging.url",
            "11:11 type environments.staging.bake",
            "12:5 type environments.staging.lease",
        ],
    );
}

#[test]
fn amounts_and_times() {
    assert_told(
        r"run: { port: 70000, replicas: 101, memory: 512M, cpus: lots }
health: { every: 5, timeout: 10ms, successes: 0, failures: 1.5, deadline: 2d }
environments:
  staging:
    bake: { for: 25h, errors: 5 }
    drain: -1s
    lease: 0s
",
        &[
            "1:14 range run.port",
            "1:31 range run.replicas",
            "1:44 size run.memory",
            "1:56 size run.cpus",
            "2:18 duration health.every",
            "2:30 range health.timeout",
            "2:47 range health.successes",
            "2:60 type health.failures",
            "2:75 duration health.deadline",
            "5:18 range environments.staging.bake.for",
            "5:31 percent environments.staging.bake.errors",
            "6:12 duration environments.staging.drain",
            "7:12 range environments.staging.lease",
        ],
    );
}

#[test]
fn names_paths_and_addresses() {
    assert_told(
        r#"image: registry.example/acme/tasks:latest
router: { image: "--rm" }
run:
  port: 8000
  user: "a b"
  env: { 1A: x, OK: "{{verison}} {{sha" }
  secrets: { 1a: env, a.b: { file: run/tls, from: "$A" } }
  volumes: ["./data:/data", "data:/a/../b", "-v:/x"]
  labels: { cd-action.service: x, "a b": "c\nd" }
  networks: [host, -x]
health:
  http: { path: health, status: 2xx, json: { a..b: 1 } }
environments:
  staging:
    url: staging.example
    target: { docker: { host: staging.example } }
"#,
        &[
            "1:8 name image",
            "2:18 name router.image",
            "5:9 name run.user",
            "6:10 name run.env.1A",
            "6:21 placeholder run.env.OK",
            "7:14 name run.secrets.1a",
            "7:23 name run.secrets[\"a.b\"]",
            "7:36 path run.secrets[\"a.b\"].file",
            "7:51 name run.secrets[\"a.b\"].from",
            "8:13 path run.volumes[0]",
            "8:29 path run.volumes[1]",
            "8:45 path run.volumes[2]",
            "9:13 name run.labels[\"cd-action.service\"]",
            "9:35 name run.labels[\"a b\"]",
            "9:42 text run.labels[\"a b\"]",
            "10:14 name run.networks[0]",
            "10:20 name run.networks[1]",
            "12:17 path health.http.path",
            "12:33 status health.http.status",
            "12:46 name health.http.json[\"a..b\"]",
            "15:10 address environments.staging.url",
            "16:31 address environments.staging.target.docker.host",
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_built_and_how_it_is_tagged() {
    let rest = "\nrun: { port: 1 }\nenvironments: { a: {} }\n";
    for (text, expected) in [
        ("tags: [a]", "1:1 type tags"),
        ("tags: type=semver", "1:7 tag tags"),
        ("build: {}", "1:1 missing-key build"),
        (
            "build: { docker: { context: /app } }",
            "1:29 path build.docker.context",
        ),
        (
            "build: { docker: { context: ../app } }",
            "1:29 path build.docker.context",
        ),
        (
            "build: { docker: { context: \"https://a\" } }",
            "1:29 path build.docker.context",
        ),
        (
            "build: { docker: { file: . } }",
            "1:26 path build.docker.file",
        ),
        (
            "build: { docker: { args: { -a: b } } }",
            "1:28 name build.docker.args.-a",
        ),
        (
            "image: a.b/c\nmirrors: [{ image: a.b/c }]",
            "2:11 conflict mirrors[0]",
        ),
        (
            "mirrors: [{ registry: { user: A, password: B } }]",
            "1:11 missing-key mirrors[0]",
        ),
        (
            "packages: { a: { build: b, index: https://i } }",
            "1:13 missing-key packages.a",
        ),
        (
            "packages: { a: { build: b, publish: c } }",
            "1:13 missing-key packages.a",
        ),
        (
            "packages: { a: { build: -b, index: https://i, publish: c } }",
            "1:25 name packages.a.build",
        ),
        (
            "packages: { A: { build: b, index: https://i, publish: c } }",
            "1:13 name packages.A",
        ),
        (
            "packages: { a: { build: b, index: https://u:p@i, publish: c } }",
            "1:35 address packages.a.index",
        ),
        (
            "packages: { a: { build: b, folder: ../x, index: https://i, publish: c } }",
            "1:36 path packages.a.folder",
        ),
        (
            "packages: { a: { build: b, index: https://i, publish: c, user: U } }",
            "1:13 missing-key packages.a",
        ),
        (
            "packages: { a: { build: b, index: https://i, publish: c, token: T, user: U, password: P } }",
            "1:13 conflict packages.a",
        ),
        (
            "packages: { a: { build: b, index: https://i, publish: c, token: t-1 } }",
            "1:65 name packages.a.token",
        ),
        ("build: { docker: {}, nox: a }", "1:1 conflict build"),
        ("build: { docker: {}, podman: {} }", "1:1 conflict build"),
        (
            "build: { nox: a, docker: {}, produces: a }",
            "1:1 conflict build",
        ),
        ("build: { produces: a }", "1:1 conflict build"),
        ("build: { nox: -a }", "1:15 name build.nox"),
        ("build: { nox: a, produces: A }", "1:28 name build.produces"),
        (
            "build: { docker: { args: { A: \"{{digest}}\" } } }",
            "1:31 placeholder build.docker.args.A",
        ),
    ] {
        assert_told(&format!("{text}{rest}"), &[expected]);
    }
}

#[test]
fn what_stands_below_two_makers_is_told_with_them() {
    let text = "build: { docker: { context: ../x, args: { A: \"{{nope}}\" } }, nox: -a }\nrun: { port: 8000 }\nenvironments: { staging: {} }\n";
    let expected = [
        "1:1 conflict build",
        "1:29 path build.docker.context",
        "1:46 placeholder build.docker.args.A",
        "1:67 name build.nox",
    ];
    assert_told(text, &expected);
}

#[test]
fn what_is_not_there_yet() {
    assert_told(
        r"service: tasks


packages: {}
router: { mode: tcp }
environments:
  a: {}
  b: { target: { podman: { host: ssh://a@b } } }
  c: { target: swarm }
  d: { target: { kubernetes: {} } }
  e: { target: { docker: { host: tcp://10.0.0.1:2376 } } }
",
        &[
            "1:1 missing-key",
            "5:17 not-yet router.mode",
            "8:28 not-yet environments.b.target.podman.host",
            "9:16 not-yet environments.c.target",
            "10:18 not-yet environments.d.target.kubernetes",
            "11:34 not-yet environments.e.target.docker.host",
        ],
    );
}

#[test]
fn an_image_is_proven_in_another_environment_of_this_very_file() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  staging: { gates: [{ after: staging }] }
  production: { gates: [{ not: { after: stagign, soak: 30m } }] }
",
        &[
            "4:31 choice environments.staging.gates[0].after",
            "5:41 choice environments.production.gates[0].not.after",
        ],
    );
}

#[test]
fn whoever_may_override_a_group_may_override_all_that_is_in_it() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  staging:
    gates:
      - { name: a, override: true, any: [{ checks: [test], override: false }] }
      - { name: b, override: true, not: { any: [{ approval: {} }] } }
      - { name: c, all: [{ name: d, checks: [test], override: false }] }
      - { name: stop, fresh: true }
      - { name: quarantine, breaker: {} }
",
        &[
            "6:30 conflict environments.staging.gates[0].override",
            "7:30 conflict environments.staging.gates[1].override",
            "9:17 conflict environments.staging.gates[3].name",
            "10:17 conflict environments.staging.gates[4].name",
        ],
    );
}

#[test]
fn a_freeze_that_is_turned_around_would_never_pass() {
    assert_told(
        r#"service: tasks
run: { port: 8000 }
environments:
  staging:
    gates:
      - not: { freeze: { from: "9:00", to: "17:00" } }
      - not: { any: [{ name: a, fresh: true }, { name: b, freeze: { from: "09:00", to: "17:00" } }] }
      - { name: n, not: { all: [{ name: c, breaker: {} }, { name: d, freeze: { from: "09:00", to: "17:00" } }] } }
"#,
        &[
            "6:9 conflict environments.staging.gates[0].not",
            "7:9 conflict environments.staging.gates[1].not",
        ],
    );
}

#[test]
fn settings_that_cannot_both_hold() {
    assert_told(
        r#"run:
  port: 8000
  read-only: true
  env: { TOKEN: x }
  secrets:
    TOKEN: env
    token: { file: /data/token }
    other: { file: /data/token }
  volumes: ["a:/data", "b:/data:ro"]
health: { tcp: true, image: true, successes: 10, every: 10s }
environments:
  staging:
    target: { docker: { host: "unix:///run/docker.sock", key: KEY } }
"#,
        &[
            "4:10 conflict run.env.TOKEN",
            "7:5 conflict run.secrets.token",
            "7:5 conflict run.secrets.token",
            "7:20 conflict run.secrets.token.file",
            "7:20 conflict run.secrets.token.file",
            "8:5 conflict run.secrets.other",
            "8:20 conflict run.secrets.other.file",
            "9:24 conflict run.volumes[1]",
            "10:22 conflict health.image",
            "10:57 conflict health.every",
            "13:58 conflict environments.staging.target.docker.key",
        ],
    );
}

#[test]
fn a_mistake_that_every_environment_inherits_is_told_once() {
    assert_told(
        "run: { port: 8000, memory: 1 }\nhealth: { every: 1s, deadline: 1s }\nenvironments: { a: {}, b: {}, c: {} }\n",
        &["1:28 size run.memory", "2:32 conflict health.deadline"],
    );
}

#[test]
fn mistakes_of_overrides_stand_where_the_override_stands() {
    assert_told(
        r"run: { port: 8000, env: { A: 1 }, read-only: true }
health: { http: {} }
environments:
  a:
    run: { port: eighty, env: { 1B: x, A: null }, labels: null }
  b:
    run: { secrets: { tls: { file: /tls } } }
    health: { tcp: true }
  c:
    run: [1]
    health: { http: { status: 2xx, json: null, pfad: / } }
",
        &[
            "5:18 type environments.a.run.port",
            "5:33 name environments.a.run.env.1B",
            "7:23 conflict environments.b.run.secrets.tls",
            "8:15 conflict environments.b.health.tcp",
            "10:5 type environments.c.run",
            "11:31 status environments.c.health.http.status",
            "11:48 unknown-key environments.c.health.http.pfad",
        ],
    );
}

#[test]
fn a_wrong_value_does_not_hide_behind_overrides() {
    assert_told(
        "run: { port: 8000, memory: 1, env: { A: \"{{x}}\" } }\nenvironments:\n  a: { run: { memory: 512m, env: { A: null } } }\n",
        &["1:28 size run.memory", "1:41 placeholder run.env.A"],
    );
}

#[test]
fn what_conflicts_only_above_all_environments_conflicts_nowhere() {
    let text = "run: { port: 1, read-only: true, secrets: { a: { file: /a } } }\nenvironments: { a: { run: { read-only: false } } }\n";
    assert_told(text, &[]);
}

#[test]
fn two_environments_share_a_host_but_not_an_address() {
    let target = "target: { docker: { host: ssh://a@b } }";
    let text = format!(
        "run: {{ port: 80 }}\nenvironments:\n  a: {{ {target}, listen: 80 }}\n  b:\n    {target}\n    listen: 80\n  c: {{ {target}, listen: 81 }}\n  d: {{}}\n  e: {{}}\n"
    );
    assert_told(&text, &["6:13 conflict environments.b.listen"]);
}

#[test]
fn mistakes_of_yaml_and_of_meaning_are_told_together() {
    assert_told(
        "run:\n  port: 1\n  port: 2\n  <<: { a: b }\n  prot: 3\nenvironments:\n  a: { drain: !!str 5 }\n---\nmore: 1\n",
        &[
            "3:3 duplicate-key run.port",
            "4:3 yaml",
            "5:3 unknown-key run.prot",
            "7:15 yaml",
            "7:15 duration environments.a.drain",
            "8:1 yaml",
        ],
    );
}

#[test]
fn a_file_that_says_nothing_or_something_else() {
    assert_told("", &["1:1 type"]);
    assert_told("# later\n", &["1:1 type"]);
    assert_told("- a\n", &["1:1 type"]);
    assert_told("environments:\n", &["1:1 type environments"]);
    assert_told("environments: {}\n", &["1:1 missing-key environments"]);
    assert_told("run: { port: 1 }\n", &["1:1 missing-key"]);
    assert_told(
        "run: { port: 1 }\nenvironments: [staging]\n",
        &["2:1 type environments"],
    );
    assert_told(
        "registry: { user: A }\nrun: { port: 1 }\nenvironments: { a: { target: {} } }\n",
        &[
            "1:1 missing-key registry",
            "3:22 missing-key environments.a.target",
        ],
    );
}

#[test]
fn placeholders_stand_only_where_they_are_filled_in() {
    assert_told(
        r#"image: "acme/{{version}}"
run: { port: 80, user: "{{sha}}", volumes: ["/srv/{{version}}:/a"], env: { "{{version}}": x } }
health: { http: { path: "/{{version}}" } }
environments:
  a: { url: "https://{{environment}}.example", drain: "{{version}}" }
"#,
        &[
            "1:8 placeholder image",
            "2:24 placeholder run.user",
            "2:45 placeholder run.volumes[0]",
            "2:76 name run.env[\"{{version}}\"]",
            "3:25 placeholder health.http.path",
            "5:13 placeholder environments.a.url",
            "5:55 placeholder environments.a.drain",
        ],
    );
}

#[test]
fn what_may_be_a_secret_is_never_shown() {
    let text = r#"registry: { user: 12345678, password: "hunter2!" }
run:
  port: 8000
  secrets: { A: hunter2, B: { file: hunter2, from: "hunter2!" }, C: 123456, D: [hunter2], E: true }
environments:
  a: { target: { docker: { host: "ssh://a:hunter2@b", key: "-----hunter2", known-hosts: "hunter2 ssh-ed25519" } } }
"#;
    let mistakes = mistakes(text);
    let shown = format!("{mistakes:?}");
    assert_eq!(mistakes.len(), 11, "{shown}");
    // A path is no secret.
    assert_eq!(shown.matches("hunter2").count(), 1, "{shown}");
    assert!(!shown.contains("123456"), "{shown}");
}

#[test]
fn a_message_stays_on_its_lines() {
    let text = "run: { port: 1, \"a\\n::error::b\\u202e\": 1, user: \"x\\r\\ny\" }\nenvironments: { a: {} }\n";
    let rendered = super::super::parse("cd.yml", text, None).map_err(|errors| errors.render());
    let rendered = rendered.expect_err("it is broken");
    let marks = ["error[", "  --> ", "  = "];
    assert!(
        rendered
            .lines()
            .all(|line| line.is_empty() || marks.iter().any(|mark| line.starts_with(mark))),
        "{rendered}"
    );
    assert!(!rendered.contains('\u{202e}'));
}

#[test]
fn a_report_is_rendered_for_people() {
    let text = "run: { prot: 8000 }\nenvironments:\n  staging: { target: swarm, drain: 5 }\n  prod: { target: dokcer }\n";
    let errors =
        super::super::parse(".github/cd.yml", text, Some("acme/tasks")).expect_err("it is broken");
    let expected = "\
error[config/unknown-key]: there is no key `prot` here
  --> .github/cd.yml:1:8 run.prot
  = expected: command, cpus, env, labels, memory, networks, port, read-only, replicas, secrets, user, volumes
  = help: did you mean `port`?

error[config/not-yet]: `environments.staging.target: swarm` is not there yet
  --> .github/cd.yml:3:22 environments.staging.target
  = help: use one docker engine

error[config/duration]: this duration has no unit
  --> .github/cd.yml:3:36 environments.staging.drain
  = found: `5`
  = expected: a whole number with its unit, such as `500ms`, `10s`, `2m` or `1h`
  = help: write `5s` for seconds

error[config/choice]: this word is not known here
  --> .github/cd.yml:4:19 environments.prod.target
  = found: `dokcer`
  = expected: `docker`, `podman` or a map with `docker`, `podman`
  = help: did you mean `docker`?";
    assert_eq!(errors.render(), expected);
}
