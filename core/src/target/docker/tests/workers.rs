//! A worker's keeper: the router's memory, and nobody in front.

use super::*;
use crate::spec::Probe;

/// The same service without a port: g1 works, under the name of token 4.
fn worker(probe: &Probe) -> Docker {
    let mut docker = docker();
    docker.setup.listen = None;
    docker.setup.asks = false;
    for release in docker.releases.values_mut() {
        release.spec.port = None;
        release.spec.health.probe = probe.clone();
    }
    docker
}

fn tables() -> [Table; 4] {
    [
        Table::admitted(Some(&fleet(1)), &fleet(2)),
        Table::shifted(Some(&fleet(1)), &fleet(2)),
        Table::serving(Some(&fleet(2))),
        Table::empty(),
    ]
}

fn route(table: Table) -> Action {
    let mark = Mark::Shifted;
    Action::Route {
        table,
        mark,
        force: false,
    }
}

/// What is done, without what it is done with.
fn body(steps: &[Step]) -> String {
    let script = script(steps);
    let (_, body) = script.rsplit_once("main() {\n").expect("it has a body");
    body.to_owned()
}

#[test]
fn nobody_comes_in_nothing_is_checked_and_the_table_reads_back_as_it_was_written() {
    let mut docker = worker(&Probe::Runs(10_000));
    for table in tables() {
        let file = docker.file_for(&table);
        for word in ["frontend", "bind", " check", "httpchk", "use-server"] {
            assert!(!file.contains(word), "{word}: {file}");
        }
        assert!(
            file.contains("stats socket ipv4@127.0.0.1:9999"),
            "it is spoken to"
        );
        docker.file = file;
        assert_eq!(docker.table(), table);
        assert!(docker.is_kept() && !docker.outdated());
    }
}

#[test]
fn what_was_made_for_users_is_told_from_a_keeper_by_its_file_whatever_is_configured() {
    let mut docker = worker(&Probe::Image);
    docker.setup.listen = Some("127.0.0.1:8000".to_owned());
    docker.file = docker.file_for(&Table::empty());
    assert!(!docker.is_kept());
    docker.setup.listen = None;
    assert!(!docker.is_kept(), "the file is what is there");
    assert!(docker.outdated());
}

#[test]
fn a_keeper_publishes_nothing_and_holds_no_address() {
    let mut docker = worker(&Probe::Image);
    let made = lines(&docker.make_router()).join("\n");
    assert!(!made.contains("--publish"), "{made}");
    assert!(
        made.contains("--label cd-action.role=router --entrypoint haproxy"),
        "{made}"
    );
    let listed = said("other\t127.0.0.1:8000->8080/tcp\n");
    assert_eq!(docker.read_publisher(&[listed]), None);
    assert_eq!(docker.read_listener(&[said("listener * nginx\n")]), None);
}

#[test]
fn servers_are_added_without_a_check() {
    let docker = worker(&Probe::Image);
    for table in tables() {
        let body = body(&docker.lower(&route(table), &Memo::default()));
        assert!(body.contains("\nCHECK='' STICKY=\nroute keep"), "{body}");
    }
}

#[test]
fn a_visit_asks_nobody_and_still_compares_the_token() {
    let probes = [
        Probe::Exec(vec!["check".to_owned()]),
        Probe::Image,
        Probe::Runs(10_000),
    ];
    for probe in probes {
        let docker = worker(&probe);
        let body = body(&docker.lower(&Action::Probe(vec![member(2, 1)]), &Memo::default()));
        assert_eq!(
            body,
            "lock\nfence 5 6000 0\necho \"result=done\"\n}\nmain\n"
        );
    }
}

/// How the engine describes g2-1.
fn described(status: &str, health: &str) -> Completion {
    said(&format!(
        "[\"/cd-tasks.staging-g2-1.t5\",\"{status}\",0,false,0,\"sha256:1\",{health},\"instance\",\"2\",\"1\",\"12\",\"sha256:1\",\"cafe\",\"x\",{{}},\"2026-11-22T10:31:05Z\",\"v2\"]\n"
    ))
}

#[test]
fn well_is_what_the_command_the_image_or_its_running_says_and_silence_is_no_answer() {
    let done = said("result=done\n");
    let exec = || Probe::Exec(vec!["check".to_owned()]);
    let rows = [
        (exec(), said("ok"), "good"),
        (exec(), failed(1, "no"), "bad"),
        (Probe::Image, described("running", "\"healthy\""), "good"),
        (Probe::Image, described("running", "\"starting\""), "bad"),
        (Probe::Image, failed(1, "no"), "nothing"),
        (Probe::Runs(1), described("running", "null"), "good"),
        // Another check than the configured one is not asked: it may be of the service that the same image is elsewhere.
        (
            Probe::Runs(1),
            described("running", "\"unhealthy\""),
            "good",
        ),
        (Probe::Runs(1), described("restarting", "null"), "bad"),
        (Probe::Runs(1), described("exited", "null"), "bad"),
        (Probe::Runs(1), described("paused", "null"), "bad"),
        (Probe::Runs(1), failed(1, "no"), "nothing"),
    ];
    for (probe, answer, expected) in rows {
        let mut docker = worker(&probe);
        let action = Action::Probe(vec![member(2, 1)]);
        let seen = observed(&mut docker, &action, &[done.clone(), answer.clone()]);
        let Observation::Probed(seen) = seen else {
            panic!("{seen:?}");
        };
        let word = match seen.get(&member(2, 1).id) {
            Some(Seen::Good) => "good",
            Some(Seen::Bad(_)) => "bad",
            Some(Seen::Nothing(_)) | None => "nothing",
        };
        assert_eq!(word, expected, "{probe:?} {answer:?}");
    }
}

#[test]
fn whoever_lost_the_lease_is_told_so_by_a_probe_too() {
    let mut docker = worker(&Probe::Runs(1));
    let fenced = failed_with("result=fenced token=9 holder=x since=0 run=-\n");
    let action = Action::Probe(vec![member(2, 1)]);
    let seen = observed(
        &mut docker,
        &action,
        &[fenced, described("running", "null")],
    );
    assert!(
        matches!(seen, Observation::Acted(Done::Fenced(_))),
        "{seen:?}"
    );
}

fn failed_with(stdout: &str) -> Completion {
    Completion::Exited {
        code: Some(76),
        signal: None,
        stdout: stdout.to_owned(),
        stderr: String::new(),
    }
}

#[test]
fn it_has_the_time_to_end_what_it_has_begun() {
    let mut docker = worker(&Probe::Image);
    docker.grace = 600_000;
    let steps = docker.lower(&Action::Stop(member(1, 1).id), &Memo::default());
    assert_eq!(
        lines(&steps),
        ["docker stop -t 600 cd-tasks.staging-g1-1.t5"]
    );
    assert!(runs(&steps).iter().all(|run| run.timeout > 600_000));
    let start = lines(&docker.lower(&Action::Start(member(2, 1)), &Memo::default())).join("\n");
    assert!(
        start.contains("--stop-timeout 600 "),
        "so does the engine give it, whoever stops it: {start}"
    );
}
