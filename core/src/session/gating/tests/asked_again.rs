//! What is asked again once the lease is held.

use super::super::*;
use crate::gate::Seen;
use crate::gate::evidence::Subject;

const THEN: Timestamp = Timestamp(1_795_343_465_000);

fn gating() -> Gating {
    let gate = |name: &str, kind| Gate {
        name: name.to_owned(),
        kind,
        may_override: true,
    };
    let check = gate::checks::Check {
        name: "test".to_owned(),
        ..gate::checks::Check::default()
    };
    let gates = vec![
        gate("fresh", Kind::Fresh),
        gate(
            "checks",
            Kind::Checks(gate::checks::Checks { of: vec![check] }),
        ),
        gate(
            "command",
            Kind::Command(gate::command::Command {
                argv: Vec::new(),
                terms: gate::command::Terms {
                    deadline: 1,
                    secrets: Vec::new(),
                },
            }),
        ),
    ];
    let seen = |what| Some(Seen { at: THEN, what });
    let ran = gate::evidence::Ran {
        what: "true".to_owned(),
        code: 0,
        said: String::new(),
    };
    let evidence = Evidence {
        subject: Subject {
            commit: Some("c".repeat(40)),
            run_commit: Some("c".repeat(40)),
            branch: Some("main".to_owned()),
            ..Subject::default()
        },
        tip: seen(Ok("c".repeat(40))),
        checks: Some(Seen {
            at: THEN,
            what: Ok(crate::forge::Checked::default()),
        }),
        commands: BTreeMap::from([(
            "command".to_owned(),
            Seen {
                at: THEN,
                what: Ok(ran),
            },
        )]),
        ..Evidence::default()
    };
    let asks = Asks::new(Err("nobody".to_owned()), String::new());
    let mut gating = Gating::new(gates, evidence, Overrides::default(), asks, THEN);
    gating.stage = Stage::Ledger;
    gating
}

#[test]
fn with_the_lease_held_nothing_that_the_platform_said_long_ago_counts() {
    for (waited, asked) in [(0, 0), (FRESH, 0), (FRESH + 1, 2), (FRESH * 60, 2)] {
        let (now, mut gating) = (THEN.plus(waited), gating());
        gating.forget_old(now);
        gating.judge(now);
        let wants = gating.wants(false, now);
        assert_eq!(wants.len(), asked, "{waited}: {wants:?}");
        let again = |it: &Want| matches!(it, Want::Tip | Want::Checks(_));
        assert!(wants.iter().all(again), "nothing runs twice: {wants:?}");
    }
}
