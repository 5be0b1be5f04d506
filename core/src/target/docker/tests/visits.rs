//! What goes along in one visit, and how its parts are told apart.

use super::super::script::Lowering;
use super::*;

fn along(docker: &Docker, table: &Table) -> Vec<Step> {
    let (members, ids) = (vec![member(2, 1)], vec![member(2, 1).id]);
    let steps = docker.route_and_look(&Memo::default(), (table, &Mark::Proving), &members, &ids);
    steps.expect("one instance, asked for a page")
}

#[test]
fn a_look_that_could_take_long_does_not_go_along() {
    let mut docker = docker();
    let table = Table::admitted(Some(&fleet(1)), &fleet(2));
    let mut of = |members: Vec<Member>, probe: Probe| {
        let mut release = release("v2");
        release.spec.health.probe = probe;
        docker.releases.insert(Generation(2), release);
        let ids: Vec<_> = members.iter().map(|member| member.id).collect();
        docker.route_and_look(&Memo::default(), (&table, &Mark::Proving), &members, &ids)
    };
    assert!(of(vec![member(2, 1)], Probe::Tcp).is_some());
    assert!(of(vec![member(2, 1), member(2, 2)], Probe::Tcp).is_none());
    assert!(of(vec![member(2, 1)], Probe::Exec(vec!["true".to_owned()])).is_none());
    assert!(of(vec![member(2, 1)], Probe::Image).is_none());
}

#[test]
fn a_look_that_goes_along_with_a_route_costs_no_visit_of_its_own() {
    let docker = docker();
    let steps = along(&docker, &Table::admitted(Some(&fleet(1)), &fleet(2)));
    let told = lines(&steps);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("docker exec ") && told[1].starts_with("docker inspect "));
    let script = script(&steps);
    let at = |words: &str| {
        script
            .rfind(words)
            .unwrap_or_else(|| panic!("{words}: {script}"))
    };
    assert!(at("\nroute spare\n") < at("\necho routed\n"));
    assert!(at("\necho routed\n") < at("\nawait_checks g2-1\n"));
    assert!(
        at("\nawait_checks g2-1\n") < at("exec 9>&-\n"),
        "asked without the lock"
    );
    assert!(at("exec 9>&-\n") < at("\ncount\n"));
    assert!(
        script.contains("ask g2-1 1 "),
        "it is given a second, so that the route's answer is not held up"
    );
    assert!(
        steps.iter().all(|step| !step.beside),
        "how it lives is seen after the route"
    );
}

#[test]
fn how_the_look_ended_says_nothing_of_the_route_before_it() {
    let mut docker = docker();
    let mut heard = |completion: Completion| match docker
        .routed_and_looked(&Table::empty(), &[completion, said("")])
    {
        Observation::Routed { done, .. } => done,
        other => panic!("{other:?}"),
    };
    let routed = "base64 state\n.\nrouted\n";
    assert_eq!(heard(said(&format!("{routed}result=done\n"))), Done::Yes);
    assert_eq!(
        heard(said(&format!("{routed}result=unreachable\n"))),
        Done::Yes
    );
    assert_eq!(
        heard(Completion::TimedOut {
            stdout: routed.to_owned(),
            stderr: String::new(),
        }),
        Done::Yes,
        "an instance that does not answer does not undo a route"
    );
    assert!(matches!(heard(said("result=not-up\n")), Done::Mute(_)));
    assert!(matches!(heard(said("")), Done::Unknown(_)));
    assert!(matches!(
        heard(said("result=fenced token=9 holder=x since=1 run=-\n")),
        Done::Fenced(_)
    ));
}

#[test]
fn while_one_is_proven_whoever_had_the_traffic_may_keep_it_where_nothing_else_is_up() {
    let mut docker = docker();
    let state =
        "# srv_name srv_addr srv_op_state srv_admin_state srv_uweight\ng9-1 10.0.0.9 2 0 256\n";
    let mut heard = |more: &str| {
        let text = format!("base64 state\n{}\n.\n{more}result=done\n", encoded(state));
        let observed = docker.routed_and_looked(&Table::empty(), &[said(&text), said("")]);
        matches!(
            observed,
            Observation::Routed {
                done: Done::Yes,
                ..
            }
        )
    };
    assert!(heard("spared\nrouted\n"));
    assert!(!heard("routed\n"), "g9-1 still gets traffic");
    assert!(matches!(
        Lowering::of(&Mark::Proving, false),
        Lowering::Spare
    ));
    assert!(matches!(
        Lowering::of(&Mark::Shifted, false),
        Lowering::Keep
    ));
}
