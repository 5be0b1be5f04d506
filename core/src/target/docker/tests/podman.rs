//! Podman: the same commands under another name, but for what it says and takes otherwise.

use super::*;
use crate::target::docker::Program;
use crate::target::docker::survey::{containers, images};

fn podman() -> Docker {
    let mut podman = docker();
    podman.engine = Engine::podman();
    podman
}

/// Everything that is ever asked of an engine, but for probes: those are inside the router.
fn everything(engine: &Docker) -> Vec<Step> {
    let id = member(2, 1).id;
    let names = ["a".to_owned()];
    let actions = [
        Action::Adopt(vec![member(1, 1).id]),
        Action::Start(member(2, 1)),
        Action::Revive(id),
        Action::Watch(vec![id]),
        Action::Log(id),
        Action::Stop(id),
        Action::Remove(id),
    ];
    let acts = actions.iter().map(|it| engine.lower(it, &Memo::default()));
    let questions = [
        engine.survey(&names),
        engine.image("registry.example/acme/tasks:v2", true),
        engine.let_go(&[Generation(1)]),
        engine.kept_images(),
        engine.make_network("172.18.0.0/16"),
        engine.find_range("x"),
        engine.make_router(),
        engine.start_router(),
        engine.keep_key("k"),
        engine.publishers(),
        engine.look_for_volume(),
        engine.listeners(8000),
    ];
    acts.chain(questions).flatten().collect()
}

#[test]
fn podman_is_asked_the_same_but_for_the_fields_that_it_has_under_other_names() {
    let (mut docker, podman) = (lines(&everything(&docker())), lines(&everything(&podman())));
    // It has no engine whose restart would start what is stopped.
    let policies = docker.extract_if(.., |it| it.starts_with("docker update --restart "));
    assert_eq!(policies.count(), 2, "one stopped, and one started again");
    assert_eq!(docker.len(), podman.len());
    let other = docker.iter().zip(&podman).filter(|(docker, podman)| {
        let same = docker.strip_prefix("docker ") == podman.strip_prefix("podman ");
        assert!(podman.starts_with("podman "), "{podman}");
        !same
    });
    let mut other: Vec<&str> = other.map(|(_, podman)| podman.as_str()).collect();
    other.dedup();
    assert_eq!(
        other,
        [
            "podman image inspect --format [{{json .ID}},{{json .RepoDigests}},{{json .RepoTags}},{{json .HealthCheck}},{{json .Labels}}] -- registry.example/acme/tasks:v2",
            "podman image ls --filter reference=cd-action/tasks.staging --format {{.Repository}}:{{.Tag}}",
            "podman network inspect --format {{range .Subnets}}{{.Subnet}} {{end}} -- cd-tasks.staging",
            "podman network inspect --format {{range .Subnets}}{{.Subnet}} {{end}} -- cd-tasks.staging-range-x",
        ]
    );
}

#[test]
fn what_watches_over_podmans_containers_is_not_the_runners_to_end() {
    let inherits = |engine: &Docker, name: &str| {
        let steps = everything(engine);
        runs(&steps)
            .iter()
            .any(|run| run.inherit.iter().any(|it| it == name))
    };
    assert!(inherits(&docker(), "RUNNER_TRACKING_ID"));
    assert!(!inherits(&podman(), "RUNNER_TRACKING_ID"));
    assert!(inherits(&podman(), "XDG_RUNTIME_DIR"), "whose it is");
    assert!(!inherits(&podman(), "DOCKER_HOST"));
}

#[test]
fn a_registry_on_this_machine_is_without_tls_for_both() {
    let pull = |engine: &Docker, image| lines(&engine.image(image, true)).remove(0);
    let here = "127.0.0.1:5000/acme/tasks:v1";
    assert_eq!(pull(&docker(), here), format!("docker pull -q {here}"));
    assert_eq!(
        pull(&podman(), here),
        format!("podman pull -q --tls-verify=false {here}")
    );
    let there = "registry.example/acme/tasks:v1";
    assert_eq!(pull(&podman(), there), format!("podman pull -q {there}"));
}

#[test]
fn what_podman_says_reads_as_what_docker_says() {
    let id = "d9".repeat(32);
    let line = format!(
        r#"["c1","running",0,false,0,"{id}","","instance","1","1","11","sha256:aa","cafe","localhost/tasks:v1",{{"8000/tcp":[{{"HostIp":"127.0.0.1","HostPort":"18222"}}]}},"2026-11-27T22:06:05.1Z","v1"]"#
    );
    let found = containers(&line).remove(0);
    assert_eq!(found.image_id, format!("sha256:{id}"));
    assert_eq!(found.health, None, "no check is no health");
    assert_eq!(found.listen.as_deref(), Some("127.0.0.1:18222"));
    let line =
        format!(r#"["{id}",["r/t@sha256:aa"],["r/t:v1"],{{"Test":["CMD","true"]}},{{"a":"b"}}]"#);
    let image = images(&line).remove(0);
    assert_eq!((image.id, image.health_check), (found.image_id, true));
}

#[test]
fn an_images_own_check_is_made_when_it_is_asked_for() {
    let mut engine = podman();
    let health = &mut engine
        .releases
        .get_mut(&Generation(2))
        .expect("it is known")
        .spec
        .health;
    health.probe = Probe::Image;
    let action = Action::Probe(vec![member(2, 1)]);
    let asked = lines(&engine.lower(&action, &Memo::default())).remove(1);
    assert_eq!(asked, "podman healthcheck run cd-tasks.staging-g2-1.t5");
    let admitted = "admitted g2-1\nresult=done\n";
    for (answer, good) in [(said(""), true), (failed(1, "unhealthy"), false)] {
        let Observation::Probed(seen) = observed(&mut engine, &action, &[said(admitted), answer])
        else {
            panic!("it was asked");
        };
        let seen = seen.get(&member(2, 1).id).expect("it was asked");
        assert_eq!(*seen == Seen::Good, good, "{seen:?}");
    }
}

#[test]
fn names_that_an_image_has_for_others_keep_nothing_here() {
    let text = "127.0.0.1:5000/demo/tasks:g7\nlocalhost/cd-action/tasks.staging:g1\n\
                localhost/cd-action/other.staging:g3\ncd-action/tasks.staging:g2\n";
    let kept = podman().read_kept(&[said(text)]);
    assert_eq!(kept, [Generation(1), Generation(2)]);
    assert_eq!(docker().read_kept(&[said("g1\ng2\n")]), kept);
}

#[test]
fn a_router_that_does_not_run_has_surely_done_nothing_whoever_says_so() {
    let mut engine = podman();
    assert_eq!(engine.engine.program, Program::Podman);
    for words in [
        "Error: can only create exec sessions on running containers: container state improper",
        "Error: no container with name or ID \"cd-tasks.staging-router\" found: no such container",
    ] {
        let action = Action::Route {
            table: Table::empty(),
            mark: Mark::Withdrawing,
            force: false,
        };
        let observation = observed(&mut engine, &action, &[failed(255, words)]);
        let Observation::Routed { done, .. } = observation else {
            panic!("{observation:?}");
        };
        assert_eq!(done, Done::No(words.to_owned()));
    }
}
