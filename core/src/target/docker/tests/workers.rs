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
        let time = match probe {
            Probe::Runs(_) => "clock_now; echo \"clock $clock\"\n",
            Probe::Http { .. } | Probe::Tcp | Probe::Exec(_) | Probe::Image => "",
        };
        assert_eq!(
            body,
            format!("lock\nfence 5 6000 0\n{time}echo \"result=done\"\n}}\nmain\n")
        );
    }
}

/// The engine's own words, in order.
fn verbs(steps: &[Step]) -> Vec<String> {
    let words = steps.iter().map(|step| match &step.effect {
        Effect::Run(run) => run.argv.get(1..).unwrap_or_default().join(" "),
        other => panic!("no command: {other:?}"),
    });
    words.collect()
}

#[test]
fn what_may_still_be_ending_ends_before_it_is_started_again_and_what_rests_is_only_started() {
    let mut docker = worker(&Probe::Runs(1));
    docker.grace = 300_000;
    let (id, memo) = (member(1, 1).id, Memo::default());
    let revive = Action::Revive(id);
    let name = docker.name_of(id);
    let start = [
        format!("update --restart always {name}"),
        format!("start {name}"),
    ];
    assert_eq!(verbs(&docker.lower(&revive, &memo)), start);

    // A stop of which nobody knows how it ended.
    let stop = Action::Stop(id);
    let silent = Completion::TimedOut {
        stdout: String::new(),
        stderr: String::new(),
    };
    let ended = observed(&mut docker, &stop, &[silent]);
    assert!(
        matches!(ended, Observation::Acted(Done::Unknown(_))),
        "{ended:?}"
    );
    let steps = docker.lower(&revive, &memo);
    assert_eq!(
        verbs(&steps),
        [&[format!("stop -t 300 {name}")], &start[..]].concat()
    );
    let Effect::Run(run) = &steps[0].effect else {
        panic!("{steps:?}");
    };
    assert!(
        run.timeout > docker.grace,
        "the engine's own limit is shorter"
    );

    // What came of it: both, one, or the end of one that is not there, is paused, or has another name.
    let rows = [
        (vec![said("")], "unknown"),
        (vec![failed(1, "No such container: x")], "refused"),
        (vec![failed(1, "container x is paused")], "refused"),
        (vec![failed(1, "is the engine there?")], "no"),
        (vec![said(""), said(""), failed(1, "no")], "no"),
        // It runs, and nobody knows whether its engine would start it again.
        (vec![said(""), failed(1, "no"), said("")], "unknown"),
        (vec![said(""), said(""), said("")], "yes"),
    ];
    for (done, expected) in rows {
        let word = match observed(&mut docker, &revive, &done) {
            Observation::Started(Started::Yes) => "yes",
            Observation::Started(Started::No(_)) => "no",
            Observation::Started(Started::Refused(_)) => "refused",
            Observation::Started(Started::Unknown(_)) => "unknown",
            other => panic!("{other:?}"),
        };
        assert_eq!(word, expected, "{done:?}");
    }
    assert_eq!(verbs(&docker.lower(&revive, &memo)), start);
}

/// How the engine describes g2-1.
fn described(status: &str, health: &str) -> Completion {
    said(&format!(
        "[\"/cd-tasks.staging-g2-1.t5\",\"{status}\",0,false,0,\"sha256:1\",{health},\"instance\",\"2\",\"1\",\"12\",\"sha256:1\",\"cafe\",\"x\",{{}},\"2026-11-22T10:31:05Z\",\"v2\"]\n"
    ))
}

#[test]
fn well_is_what_the_command_the_image_or_its_running_says_and_silence_is_no_answer() {
    let done = said("clock 1795343466\nresult=done\n");
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

/// By the target's clock and the engine's word of its start, whatever their zone: the same start, as docker and as podman say it.
#[test]
fn it_is_well_once_it_has_run_on_for_so_long_since_its_last_start() {
    let started = [
        "2026-11-22T10:31:05Z",
        "2026-11-22T10:31:05.000000001Z",
        "2026-11-22T11:31:05.000000001+01:00",
    ];
    // Seconds after that start.
    let rows = [
        (-3_600, "bad"),
        (0, "bad"),
        (9, "bad"),
        (10, "good"),
        (86_400, "good"),
    ];
    let seen = |docker: &mut Docker, clock: &str, started: &str| {
        let found = described("running", "null");
        let Completion::Exited { stdout, .. } = found else {
            panic!("{found:?}");
        };
        let found = said(&stdout.replace("2026-11-22T10:31:05Z", started));
        let visit = said(&format!("clock {clock}\nresult=done\n"));
        let action = Action::Probe(vec![member(2, 1)]);
        let Observation::Probed(seen) = observed(docker, &action, &[visit, found]) else {
            panic!("it is a probe");
        };
        match seen.get(&member(2, 1).id) {
            Some(Seen::Good) => "good",
            Some(Seen::Bad(_)) => "bad",
            Some(Seen::Nothing(_)) | None => "nothing",
        }
    };
    for started in started {
        for (after, expected) in rows {
            let clock = (1_795_343_465_i64 + after).to_string();
            let mut docker = worker(&Probe::Runs(10_000));
            assert_eq!(
                seen(&mut docker, &clock, started),
                expected,
                "{after} {started}"
            );
            // Who was asked to stop cannot wait for it.
            docker.hurry = true;
            assert_eq!(seen(&mut docker, &clock, started), "good", "{after}");
        }
    }
    // Nobody can tell: held against nobody.
    let mut docker = worker(&Probe::Runs(10_000));
    assert_eq!(seen(&mut docker, "", "2026-11-22T10:31:05Z"), "nothing");
    assert_eq!(seen(&mut docker, "1795343500", "yesterday"), "nothing");
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
        [
            "docker stop -t 600 cd-tasks.staging-g1-1.t5",
            "docker update --restart no cd-tasks.staging-g1-1.t5"
        ]
    );
    assert!(runs(&steps)[0].timeout > 600_000);
    let start = lines(&docker.lower(&Action::Start(member(2, 1)), &Memo::default())).join("\n");
    assert!(
        start.contains("--stop-timeout 600 "),
        "so does the engine give it, whoever stops it: {start}"
    );
}
