//! Every command line and every transaction, as they are; and what is read back.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::protocol::{Completion, Run, Stdin, Timestamp};
use crate::rollout::{Action, Done, Fleet, Mark, Member, Observation, Seen, Share, Started, Table};
use crate::spec::{Health, Probe, SecretUse, Spec};

mod asking;
mod hazards;
mod podman;
mod sticking;
mod stopping;
mod visits;
mod workers;

fn spec() -> Spec {
    Spec {
        port: Some(8000),
        env: BTreeMap::from([("APP_VERSION".to_owned(), "v2 \"quoted\"".to_owned())]),
        secrets: BTreeMap::from([
            ("DATABASE_URL".to_owned(), SecretUse::Env),
            (
                "TLS_KEY".to_owned(),
                SecretUse::File("/run/secrets/tls".to_owned()),
            ),
        ]),
        replicas: 1,
        command: Some(vec!["serve".to_owned(), "--all".to_owned()]),
        user: Some("1000:1000".to_owned()),
        memory: Some(64 << 20),
        cpus: Some(1500),
        volumes: vec!["data:/data".to_owned()],
        labels: BTreeMap::from([("team".to_owned(), "a b".to_owned())]),
        networks: vec!["back".to_owned()],
        read_only: false,
        health: Health {
            probe: Probe::Http {
                path: "/health".to_owned(),
                status: (200, 200),
                json: BTreeMap::from([("version".to_owned(), "\"v2\"".to_owned())]),
            },
            every: 1000,
            timeout: 2000,
            successes: 3,
            failures: 3,
            deadline: 60_000,
        },
    }
}

fn release(version: &str) -> Release {
    Release {
        version: version.to_owned(),
        revision: None,
        image: "registry.example/acme/tasks".to_owned(),
        digest: format!("sha256:{}", "ab".repeat(32)),
        local: false,
        config_hash: "cafe".to_owned(),
        spec: spec(),
    }
}

fn member(generation: u32, index: u8) -> Member {
    let id = InstanceId {
        generation: Generation(generation),
        index,
    };
    Member {
        id,
        address: Address(u16::try_from(10 + generation).expect("small")),
    }
}

fn fleet(generation: u32) -> Fleet {
    Fleet {
        generation: Generation(generation),
        members: vec![member(generation, 1)],
    }
}

/// g1 runs under the name of token 4; this run has token 5.
fn docker() -> Docker {
    let setup = Setup {
        image: "haproxy:3.2-alpine".to_owned(),
        listen: Some("127.0.0.1:8000".to_owned()),
        forwarded: true,
        asks: true,
        check: 2_000,
        cookie: "cd-tasks.staging".to_owned(),
    };
    let terms = Terms {
        holder: "github:x/1/deploy".to_owned(),
        run: None,
        term: 60_000,
    };
    let mut docker = Docker::new("tasks", "staging", Engine::default(), setup, terms);
    docker.token = Token(5);
    docker.subnet = Subnet::parse("172.18.0.0/16");
    docker.releases.insert(Generation(1), release("v1"));
    docker.releases.insert(Generation(2), release("v2"));
    let old = Held {
        name: "cd-tasks.staging-g1-1.t4".to_owned(),
        token: Token(4),
        address: Address(11),
    };
    docker.instances.insert(member(1, 1).id, old);
    docker
}

fn runs(steps: &[Step]) -> Vec<&Run> {
    let run = |step| match step {
        &Step {
            effect: Effect::Run(ref run),
            ..
        } => Some(run),
        Step {
            effect:
                Effect::ReadFile { .. }
                | Effect::WriteFile { .. }
                | Effect::Fetch(_)
                | Effect::FindUnset { .. }
                | Effect::Fingerprint { .. },
            ..
        } => None,
    };
    steps.iter().filter_map(run).collect()
}

fn lines(steps: &[Step]) -> Vec<String> {
    runs(steps).iter().map(|run| run.argv.join(" ")).collect()
}

fn script(steps: &[Step]) -> String {
    runs(steps)
        .iter()
        .find_map(|run| match &run.stdin {
            Some(Stdin::Text { text }) => Some(text.clone()),
            Some(Stdin::Tar { .. }) | None => None,
        })
        .expect("a transaction has a script")
}

fn said(text: &str) -> Completion {
    Completion::Exited {
        code: Some(0),
        signal: None,
        stdout: text.to_owned(),
        stderr: String::new(),
    }
}

fn failed(code: i32, words: &str) -> Completion {
    Completion::Exited {
        code: Some(code),
        signal: None,
        stdout: String::new(),
        stderr: words.to_owned(),
    }
}

fn observed(docker: &mut Docker, action: &Action, done: &[Completion]) -> Observation {
    let steps = docker.lower(action, &Memo::default());
    match docker.lift(action, &steps, done) {
        Lifted::Observed(observation) => observation,
        Lifted::More(steps) => panic!("asks for more: {steps:?}"),
    }
}

#[test]
fn a_start_creates_joins_copies_and_starts_by_digest_and_own_name() {
    let docker = docker();
    let steps = docker.lower(&Action::Start(member(2, 1)), &Memo::default());
    let digest = "ab".repeat(32);
    assert_eq!(
        lines(&steps),
        [
            format!(
                "docker create --name cd-tasks.staging-g2-1.t5 --pull never --restart always --network cd-tasks.staging \
                 --ip 172.18.0.12 --stop-timeout 10 --label cd-action.service=tasks --label cd-action.environment=staging \
                 --label cd-action.role=instance --label cd-action.generation=2 --label cd-action.index=1 \
                 --label cd-action.address=12 --label cd-action.version=v2 --label cd-action.digest=sha256:{digest} \
                 --label cd-action.config=cafe --label team=a b --env APP_VERSION=v2 \"quoted\" --env DATABASE_URL \
                 --user 1000:1000 --memory 67108864 --cpus 1.500 --volume data:/data -- \
                 registry.example/acme/tasks@sha256:{digest} serve --all"
            ),
            format!(
                "docker tag registry.example/acme/tasks@sha256:{digest} cd-action/tasks.staging:g2"
            ),
            "docker network connect back cd-tasks.staging-g2-1.t5".to_owned(),
            "docker cp - cd-tasks.staging-g2-1.t5:/".to_owned(),
            "docker start cd-tasks.staging-g2-1.t5".to_owned(),
        ]
    );
}

#[test]
fn no_secret_is_ever_an_argument_it_is_named_and_comes_by_environment_or_input() {
    let steps = docker().lower(&Action::Start(member(2, 1)), &Memo::default());
    let create = runs(&steps).into_iter().next().expect("create is first");
    assert_eq!(
        create.env.get("DATABASE_URL"),
        Some(&crate::protocol::Content::Secret {
            name: "DATABASE_URL".to_owned()
        })
    );
    assert!(
        runs(&steps)
            .iter()
            .any(|run| matches!(&run.stdin, Some(Stdin::Tar { files }) if files.len() == 1))
    );
}

#[test]
fn adopting_renames_what_bears_another_holders_token_and_nothing_else() {
    let mut docker = docker();
    let action = Action::Adopt(vec![member(1, 1).id]);
    let steps = docker.lower(&action, &Memo::default());
    assert_eq!(
        lines(&steps),
        ["docker rename cd-tasks.staging-g1-1.t4 cd-tasks.staging-g1-1.t5"]
    );
    assert_eq!(
        observed(&mut docker, &action, &[said("")]),
        Observation::Acted(Done::Yes)
    );
    assert!(
        docker.lower(&action, &Memo::default()).is_empty(),
        "it is its own now"
    );
}

#[test]
fn destructive_commands_name_only_what_this_holder_has_renamed() {
    let docker = docker();
    let steps = docker.lower(&Action::Remove(member(1, 1).id), &Memo::default());
    assert_eq!(
        lines(&steps),
        [
            "docker stop -t 10 cd-tasks.staging-g1-1.t5",
            "docker rm -f -v cd-tasks.staging-g1-1.t5"
        ]
    );
}

#[test]
fn every_transaction_takes_the_lock_and_compares_the_token_before_anything_else() {
    let docker = docker();
    let table = Table::admitted(Some(&fleet(1)), &fleet(2));
    let route = Action::Route {
        table,
        mark: Mark::Proving,
        force: false,
    };
    let reads = [
        Action::Probe(vec![member(2, 1)]),
        Action::Watch(vec![member(2, 1).id]),
    ];
    let all = [(route.clone(), 1), (route, 2)]
        .into_iter()
        .chain(reads.map(|it| (it, 0)));
    for (action, number) in all {
        let script = script(&docker.lower(&action, &Memo::default()));
        let body = script
            .split("main() {\n")
            .nth(1)
            .expect("all is done in one function");
        assert!(
            body.starts_with(&format!("lock\nfence 5 6000 {number}\n")),
            "{body}"
        );
        assert!(
            script.ends_with("}\nmain\n"),
            "a script that is cut off does nothing"
        );
    }
}

#[test]
fn the_table_in_the_file_is_read_back_as_it_was_written() {
    let mut docker = docker();
    for table in [
        Table::admitted(Some(&fleet(1)), &fleet(2)),
        Table::shifted(Some(&fleet(1)), &fleet(2)),
        Table::shared(&fleet(1), &fleet(2), Share(5)).sticking(Generation(2), 500),
        // A share that stuck is no part of the table that follows.
        Table::shared(&fleet(1), &fleet(2), Share(5)),
        Table::serving(Some(&fleet(2))),
        Table::empty(),
    ] {
        docker.file = docker.file_for(&table);
        docker.sticky = sticky::map(&table);
        assert_eq!(docker.table(), table);
    }
}

#[test]
fn what_the_ledger_does_not_know_keeps_the_port_that_it_is_reached_by() {
    let mut docker = docker();
    docker.file = docker.file_for(&Table::serving(Some(&fleet(2))));
    docker.releases.remove(&Generation(2));
    let table = Table::admitted(Some(&fleet(2)), &fleet(1));
    let file = docker.file_for(&table);
    assert!(file.contains("server g2-1 172.18.0.12:8000 "), "{file}");
    let want = docker.lines().expect("a network").want(&table);
    assert!(want.contains("g2-1 172.18.0.12 8000 256 primary"), "{want}");
}

#[test]
fn a_last_resort_stands_where_there_is_no_fallback_and_nowhere_else() {
    let docker = docker();
    assert!(
        docker
            .file_for(&Table::serving(Some(&fleet(1))))
            .contains("server g1-1.r 172.18.0.11:8000 weight 256 backup")
    );
    let shifted = docker.file_for(&Table::shifted(Some(&fleet(1)), &fleet(2)));
    assert!(
        shifted.contains("server g1-1.b ") && !shifted.contains(".r "),
        "{shifted}"
    );
}

#[test]
fn a_later_deploy_leaves_the_fixed_part_of_the_file_as_it_is() {
    let mut docker = docker();
    docker.file = docker
        .file_for(&Table::empty())
        .replace("timeout client 60s", "timeout client 61s");
    let file = docker.file_for(&Table::serving(Some(&fleet(1))));
    assert!(file.contains("timeout client 61s") && file.contains("server g1-1 "));
    assert!(docker.outdated());
}

#[test]
fn an_exec_succeeded_when_its_last_line_says_so_never_by_its_exit_code() {
    let mut docker = docker();
    let action = Action::Conclude(crate::rollout::End {
        outcome: crate::protocol::Outcome::Deployed,
        reason: String::new(),
        because: vec![],
        serving: None,
        stands: None,
        quarantine: false,
        left: vec![],
    });
    let rows = [
        (said("result=done\n"), "yes"),
        (said(""), "unknown"),
        (
            said("result=fenced token=9 holder=x since=0 run=-\n"),
            "fenced",
        ),
        (failed(137, ""), "unknown"),
        (
            failed(1, "Error: No such container: cd-tasks.staging-router"),
            "no",
        ),
        (failed(1, "something else"), "unknown"),
        (said("line 3: unknown keyword\nresult=invalid\n"), "refused"),
        (
            Completion::TimedOut {
                stdout: String::new(),
                stderr: String::new(),
            },
            "unknown",
        ),
    ];
    for (completion, wanted) in rows {
        let found = match observed(&mut docker, &action, std::slice::from_ref(&completion)) {
            Observation::Acted(Done::Yes) => "yes",
            Observation::Acted(Done::No(_)) => "no",
            Observation::Acted(Done::Refused(why)) => {
                assert_eq!(why, "HAProxy refused: invalid line 3: unknown keyword");
                "refused"
            }
            Observation::Acted(Done::Unknown(_)) => "unknown",
            Observation::Acted(Done::Fenced(_)) => "fenced",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, wanted, "{completion:?}");
    }
}

#[test]
fn an_instance_that_somebody_paused_or_removed_is_not_brought_back_by_trying_on() {
    let mut docker = docker();
    let mut revived = |words: &str| {
        observed(
            &mut docker,
            &Action::Revive(member(1, 1).id),
            &[failed(1, words)],
        )
    };
    for words in [
        "Error response from daemon: cannot start a paused container, try unpause instead",
        "Error response from daemon: No such container: x",
    ] {
        let observed = revived(words);
        assert!(
            matches!(observed, Observation::Started(Started::Refused(_))),
            "{observed:?}"
        );
    }
    let away = revived("Cannot connect to the Docker daemon at unix:///x");
    assert!(
        matches!(away, Observation::Started(Started::No(_))),
        "{away:?}"
    );
}

#[test]
fn a_start_that_fails_for_a_reason_in_the_image_is_the_images_fault() {
    let mut docker = docker();
    let action = Action::Start(member(2, 1));
    let start = |words: &str| vec![said("id"), said(""), said(""), failed(127, words)];
    let refused = observed(
        &mut docker,
        &action,
        &start("exec: \"/x\": executable file not found in $PATH"),
    );
    assert!(
        matches!(refused, Observation::Started(Started::Refused(_))),
        "{refused:?}"
    );
    let away = observed(
        &mut docker,
        &action,
        &start("Cannot connect to the Docker daemon at unix:///x"),
    );
    assert!(
        matches!(away, Observation::Started(Started::No(_))),
        "{away:?}"
    );
}

fn page(head: &str, body: &str) -> String {
    encoded(&format!("{head}\r\n\r\n{body}"))
}

fn encoded(raw: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32| char::from(*DIGITS.get(n as usize & 63).expect("six bits"));
    raw.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0, |bits, &byte| (bits << 8) | u32::from(byte))
                << (8 * (3 - chunk.len()));
            let text = [
                digit(bits >> 18),
                digit(bits >> 12),
                digit(bits >> 6),
                digit(bits),
            ];
            let keep = chunk.len() + 1;
            text.into_iter()
                .enumerate()
                .map(move |(at, c)| if at < keep { c } else { '=' })
        })
        .collect()
}

#[test]
fn a_probe_is_good_only_if_this_very_instance_answered_as_it_should() {
    let own = "HTTP/1.0 200 OK\r\nX-CD-Answered-By: g2-1";
    let rows = [
        (own, "{\"version\":\"v2\"}", true),
        (own, "{\"version\":\"v1\"}", false),
        (own, "not json", false),
        (
            "HTTP/1.0 200 OK\r\nx-cd-answered-by: g1-1",
            "{\"version\":\"v2\"}",
            false,
        ),
        ("HTTP/1.0 200 OK", "{\"version\":\"v2\"}", false),
        (
            "HTTP/1.0 302 Found\r\nx-cd-answered-by: g2-1",
            "{\"version\":\"v2\"}",
            false,
        ),
        (
            "HTTP/1.0 503 Service Unavailable\r\nx-cd-answered-by: g2-1",
            "{\"version\":\"v2\"}",
            false,
        ),
    ];
    for (head, body, good) in rows {
        let mut docker = docker();
        let text = format!("answer g2-1\n{}\n.\nresult=done\n", page(head, body));
        let seen = observed(
            &mut docker,
            &Action::Probe(vec![member(2, 1)]),
            &[said(&text)],
        );
        let Observation::Probed(seen) = seen else {
            panic!("{seen:?}")
        };
        assert_eq!(
            seen.get(&member(2, 1).id) == Some(&Seen::Good),
            good,
            "{head} {body}: {seen:?}"
        );
    }
}

#[test]
fn what_could_not_be_asked_is_nothing_and_not_bad() {
    let mut docker = docker();
    let seen = observed(
        &mut docker,
        &Action::Probe(vec![member(2, 1)]),
        &[failed(1, "is restarting")],
    );
    let Observation::Probed(seen) = seen else {
        panic!("{seen:?}")
    };
    assert!(
        matches!(seen.get(&member(2, 1).id), Some(Seen::Nothing(_))),
        "{seen:?}"
    );
}

const STAT: &str = "# pxname,svname,qcur,scur,stot,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx\n";

#[test]
fn a_dead_instance_without_a_single_5xx_is_seen_to_answer_badly() {
    let rows = haproxy::rows(&format!(
        "{STAT}app,g2-1,0,1,200,0,42,1,2,0\napp,g2-1.r,0,0,10,0,0,0,0,0\n"
    ));
    let row = rows.get(&member(2, 1).id).copied().expect("it has a row");
    assert_eq!(
        (row.attempts, row.good),
        (209, 45),
        "the last resort's attempts are its own too"
    );
}

#[test]
fn our_own_probes_are_no_traffic() {
    let mut docker = docker();
    let answer = page(
        "HTTP/1.0 200 OK\r\nx-cd-answered-by: g2-1",
        "{\"version\":\"v2\"}",
    );
    let text = format!("answer g2-1\n{answer}\n.\nresult=done\n");
    let _ = observed(
        &mut docker,
        &Action::Probe(vec![member(2, 1)]),
        &[said(&text)],
    );
    let stat = format!("{STAT}app,g2-1,0,0,4,0,3,0,0,1\nStart_time_sec: 7\n");
    let answered = format!(
        "answer g2-1\n{answer}\n.\nbase64 stat\n{}\n.\nresult=done\n",
        encoded(&stat)
    );
    let found = r#"["/cd-tasks.staging-g2-1.t5","running",0,false,0,"sha256:1",null,"instance","2","1","12","d","c","x",{}]"#;
    let images = r#"["sha256:1",["registry.example/acme/tasks@sha256:abababababababababababababababababababababababababababababababab"],[],null,{}]"#;
    let (members, ids) = (vec![member(2, 1)], vec![member(2, 1).id]);
    let mut done = vec![said(&answered), said(found)];
    let more = docker.looked(&members, &ids, &done).err();
    assert_eq!(
        more.map(|more| more.len()),
        Some(1),
        "the image is not known yet"
    );
    done.push(said(images));
    let Ok((Observation::Probed(probed), Observation::Watched(lives))) =
        docker.looked(&members, &ids, &done)
    else {
        panic!("both were seen")
    };
    assert_eq!(probed.get(&member(2, 1).id), Some(&Seen::Good));
    let life = lives.get(&member(2, 1).id).expect("it was seen");
    let traffic = life.traffic.expect("the router was asked");
    assert_eq!((traffic.attempts, traffic.good), (2, 1));
    assert_eq!((life.running, life.as_planned), (true, Some(true)));
}

#[test]
fn an_instance_that_somebody_is_removing_is_gone_and_did_not_end() {
    for status in ["removing", "dead"] {
        let mut docker = docker();
        let found = format!(
            r#"["/cd-tasks.staging-g2-1.t5","{status}",137,false,0,"sha256:1",null,"instance","2","1","12","d","c","x",{{}}]"#
        );
        let images = r#"["sha256:1",[],[],null,{}]"#;
        let done = [said("result=done\n"), said(&found), said(images)];
        let ids = vec![member(2, 1).id];
        let Ok((_, Observation::Watched(lives))) = docker.looked(&[], &ids, &done) else {
            panic!("it was seen")
        };
        assert_eq!(
            lives.get(&member(2, 1).id),
            Some(&crate::rollout::Life::default())
        );
    }
}

#[test]
fn an_address_is_not_given_again_while_a_table_names_it() {
    let mut docker = docker();
    docker.file = docker.file_for(&Table::serving(Some(&fleet(3))));
    docker.token = Token(0);
    let free = docker.free_addresses(4);
    assert_eq!(
        free,
        [Address(10), Address(12), Address(14), Address(15)],
        "11 is an instance's, 13 is in the table"
    );
}

#[test]
fn a_late_start_of_the_holder_before_does_not_find_its_address_taken() {
    let mut docker = docker();
    let mut addresses_of = |token| {
        docker.token = Token(token);
        docker.free_addresses(31)
    };
    for token in 0..1_000 {
        let [before, after] = [token, token + 1].map(&mut addresses_of);
        assert!(before.iter().all(|address| !after.contains(address)));
    }
    let all: BTreeSet<Address> = docker.free_addresses(1_000).into_iter().collect();
    assert_eq!(
        all.len(),
        240,
        "each but the one that is taken, wherever it begins"
    );
}

#[test]
fn two_networks_of_one_name_are_told_and_undone() {
    let mut docker = docker();
    docker.subnet = None;
    let steps = docker.make_network("172.19.0.0/16");
    assert_eq!(steps.len(), 3);
    let several = [
        said("ours\n"),
        said("theirs\nours\n"),
        failed(1, "ambiguous"),
    ];
    let undo = docker
        .read_network(several.get(..2).expect("two"))
        .map(|it| it.err());
    assert_eq!(undo.ok().flatten(), Some(vec!["ours".to_owned()]));
    // Of others' nothing is removed: their router may be on its way.
    let left = [
        failed(1, "network already exists"),
        said("a\nb\n"),
        failed(1, "ambiguous"),
    ];
    let undo = docker.read_network(&left).map(|it| it.err());
    assert_eq!(undo.ok().flatten(), Some(vec![]));
    let one = [
        failed(1, "network already exists"),
        said("a\n"),
        said("172.19.0.0/16 \n"),
    ];
    assert!(matches!(docker.read_network(&one), Ok(Ok(_))));
    assert!(docker.subnet.is_some());
}

#[test]
fn what_needs_nothing_in_between_is_created_and_started_at_once_and_only_started_where_it_is_there()
{
    let mut docker = docker();
    let mut plain = release("v2");
    plain.spec.networks.clear();
    plain.spec.secrets.clear();
    docker.releases.insert(Generation(2), plain);
    let action = Action::Start(member(2, 1));
    let mut steps = docker.lower(&action, &Memo::default());
    let begin = |line: &String| line.split(" --").next().unwrap_or_default().to_owned();
    let begins: Vec<String> = lines(&steps).iter().map(begin).collect();
    assert_eq!(begins.first().map(String::as_str), Some("docker run"));
    assert_eq!(
        begins.len(),
        2,
        "and the image is tagged beside it: {begins:?}"
    );
    assert_eq!(
        observed(&mut docker, &action, &[said("id\n"), said("")]),
        Observation::Started(Started::Yes)
    );
    let mut done = vec![
        failed(
            125,
            "Conflict. The container name \"/x\" is already in use by container \"y\".",
        ),
        said(""),
    ];
    let Lifted::More(more) = docker.lift(&action, &steps, &done) else {
        panic!("it is not started yet")
    };
    assert_eq!(lines(&more), ["docker start cd-tasks.staging-g2-1.t5"]);
    steps.extend(more);
    done.push(said(""));
    assert_eq!(
        docker.lift(&action, &steps, &done),
        Lifted::Observed(Observation::Started(Started::Yes))
    );
    // An image that cannot be kept is no start.
    let done = [said("id\n"), failed(1, "No such image")];
    assert!(matches!(
        observed(&mut docker, &action, &done),
        Observation::Started(Started::No(_))
    ));
}

#[test]
fn a_commit_that_was_recorded_stands_however_its_routing_ended() {
    let mut docker = docker();
    let commit = Action::Record(
        crate::rollout::Record::Committed {
            evidence: vec![],
            table: Table::serving(Some(&fleet(2))),
        },
        None,
    );
    let mut heard = |text: &str| observed(&mut docker, &commit, &[said(text)]);
    let stands = Observation::Acted(Done::Yes);
    assert_eq!(heard("recorded\nresult=refused words=no\n"), stands);
    assert_eq!(heard("recorded\n"), stands, "cut off after it");
    let late = Completion::TimedOut {
        stdout: "recorded\n".to_owned(),
        stderr: String::new(),
    };
    assert_eq!(observed(&mut docker, &commit, &[late]), stands);
    let mut heard = |text: &str| observed(&mut docker, &commit, &[said(text)]);
    assert_eq!(
        heard("recorded\nbase64 state\n.\nresult=done\n"),
        stands,
        "the router does not follow"
    );
    assert!(matches!(
        heard("result=refused words=no\n"),
        Observation::Acted(Done::No(_))
    ));
    assert!(matches!(heard(""), Observation::Acted(Done::Unknown(_))));
    assert!(matches!(
        heard("result=fenced token=9 holder=x since=1 run=-\n"),
        Observation::Acted(Done::Fenced(_))
    ));
}

#[test]
fn what_could_not_be_asked_is_not_taken_for_nothing() {
    let mut docker = docker();
    let timed_out = Completion::TimedOut {
        stdout: String::new(),
        stderr: String::new(),
    };
    assert!(docker.read_containers(Some(&timed_out)).is_err());
    let gone = failed(1, "Error: No such container: cd-tasks.staging-g1-1.t4");
    assert!(docker.read_containers(Some(&gone)).is_ok());
    // The lease was taken, and the network could not be read: the table would seem to be empty.
    docker.subnet = None;
    let done = [said("result=open token=7 left=0\n"), timed_out];
    let trouble = docker.read_opened(Timestamp(0), &done, true).err();
    assert_eq!(trouble.map(|it| it.code), Some("network-unfit"));
    assert_eq!(docker.token, Token(7), "so that it can be given back");
}
