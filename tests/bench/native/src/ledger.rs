//! What a long history costs: a ledger of 10,000 records, read, verified and chosen from; and one decision of a rollout.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use cd_core::ledger::{
    Began, Body, Command, Committed, Decided, Ended, Fact, Ledger, Origin, Sequence, verify_chain,
};
use cd_core::protocol::{Outcome, Timestamp};
use cd_core::rollback;
use cd_core::rollout::{
    Action, Address, Done, Fleet, Form, Life, Member, Observation, Person, Plan, Rollout, Seen,
    Started, Strategy, Timing, Traffic, Waves,
};
use cd_core::spec::{Generation, Health, InstanceId, Probe, Release, Spec, Token};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::median;

const RECORDS: u64 = 10_000;

/// Everything measured, by name.
pub(super) fn measure() -> Value {
    let segments = segments();
    let chain: Vec<(&str, &str)> = segments
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let bytes: usize = chain.iter().map(|(_, text)| text.len()).sum();
    let (name, newest) = chain.last().copied().expect("something was written");
    let verify = || {
        let verified = verify_chain(black_box(&chain)).expect("nobody touched it");
        usize::try_from(verified.records).expect("few")
    };
    let hash = || {
        let hash = |(_, text): &(&str, &str)| Sha256::digest(black_box(text.as_bytes()))[0];
        1 + chain.iter().map(|it| usize::from(hash(it))).sum::<usize>()
    };
    let ledger = Ledger::read(name, newest).expect("nobody touched it");
    let state = ledger.state();
    let all = |known_good: &cd_core::ledger::KnownGood| (known_good.release.digest.clone(), true);
    let images: BTreeMap<String, bool> = state.known_good.iter().map(all).collect();
    let select = || {
        let serving = state.serving().map(|it| &it.release);
        let selection = rollback::candidates(
            black_box(state),
            serving,
            None,
            &images,
            &BTreeMap::new(),
            false,
        );
        selection.candidates.len()
    };
    json!({
        "records": RECORDS,
        "segments": chain.len(),
        "bytes": bytes,
        "newest_bytes": newest.len(),
        "read": median(20, || Ledger::read(name, black_box(newest)).map_or(0, |it| it.head().len())),
        "verify": median(5, verify),
        "hash": median(5, hash),
        "select": median(100, select),
        "step": step(),
    })
}

/// A ledger as deploys leave it: one in ten is bad, and one in twenty is a rollback.
fn segments() -> BTreeMap<String, String> {
    let mut ledger = Ledger::empty();
    let mut segments: BTreeMap<String, String> = BTreeMap::new();
    let mut deploy = 0;
    while ledger.state().head.seq < RECORDS {
        deploy += 1;
        for fact in facts(&ledger, deploy) {
            let body = Body {
                at: Timestamp(1_700_000_000_000 + deploy * 600_000),
                run: origin(deploy),
                fact,
            };
            let append = ledger.append(&body);
            let segment = segments.entry(append.segment.clone()).or_default();
            segment.truncate(append.keep);
            segment.push_str(&append.text);
        }
    }
    segments
}

fn origin(run: u64) -> Origin {
    Origin {
        holder: format!("acme/tasks/{run}/deploy"),
        token: Token(run),
        url: Some(format!(
            "https://forge.example/acme/tasks/actions/runs/{run}"
        )),
        actor: Some("kim".to_owned()),
        attempt: Some(1),
        run_number: Some(run),
        workflow: Some("deliver".to_owned()),
        repository: Some("acme/tasks".to_owned()),
    }
}

fn facts(ledger: &Ledger, deploy: u64) -> Vec<Fact> {
    let generation = ledger.state().next_generation();
    let release = release(deploy);
    let bad = deploy.is_multiple_of(10);
    let command = match deploy % 20 {
        5 => Command::Rollback,
        _ => Command::Deploy,
    };
    let began = Fact::Began(Box::new(Began {
        generation,
        release: release.clone(),
        from: ledger.state().serving().map(|it| it.generation),
        strategy: "blue-green".to_owned(),
        reason: None,
        command,
        overrides: Vec::new(),
    }));
    let decided = Fact::Decided(Decided {
        phase: "baking".to_owned(),
        decision: if bad { "go back" } else { "commit" }.to_owned(),
        because: vec![
            "3 of 3 instances answered through the router, 30 rounds of probes".to_owned(),
        ],
    });
    let ended = |outcome: Outcome| {
        Fact::Ended(Ended {
            generation: Some(generation),
            outcome,
            reason: if bad { "errors" } else { "proven" }.to_owned(),
            because: Vec::new(),
            quarantine: bad,
            stands: None,
        })
    };
    if bad {
        return vec![began, decided, ended(Outcome::RolledBack)];
    }
    let committed = Fact::Committed(Box::new(Committed {
        generation,
        release: release.clone(),
        replicas: 3,
        bake_ms: 60_000,
        evidence: vec!["0 of 6,000 requests without a good answer (0.0 %)".to_owned()],
        command,
        sequence: Sequence {
            revision: release.revision,
            run_number: Some(deploy),
            workflow: Some("deliver".to_owned()),
            repository: Some("acme/tasks".to_owned()),
        },
        counted: BTreeMap::new(),
    }));
    vec![began, decided, committed, ended(Outcome::Deployed)]
}

fn release(nth: u64) -> Release {
    let digest = Sha256::digest(nth.to_be_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Release {
        version: format!("1.{nth}.0"),
        revision: Some(digits[..40].to_owned()),
        image: "registry.example/acme/tasks".to_owned(),
        digest: format!("sha256:{digits}"),
        local: false,
        config_hash: digits,
        spec: spec(),
    }
}

fn spec() -> Spec {
    Spec {
        port: Some(8000),
        env: BTreeMap::from([("APP_VERSION".to_owned(), "{{version}}".to_owned())]),
        secrets: BTreeMap::new(),
        replicas: 3,
        command: None,
        user: None,
        memory: None,
        cpus: None,
        volumes: Vec::new(),
        labels: BTreeMap::new(),
        networks: Vec::new(),
        read_only: false,
        health: Health {
            probe: Probe::Tcp,
            every: 1_000,
            timeout: 2_000,
            successes: 3,
            failures: 3,
            deadline: 60_000,
        },
    }
}

/// Microseconds of one decision: what is heard is taken in, and what comes next is asked for. A whole deploy of three
/// instances with a minute of bake, divided by what it hears.
fn step() -> f64 {
    let mut heard = 0;
    let whole = median(20, || {
        heard = deploy();
        heard
    });
    whole / f64::from(u32::try_from(heard).expect("few"))
}

fn deploy() -> usize {
    let (mut now, mut heard) = (Timestamp(0), 0);
    let mut rollout = Rollout::begin(now, plan());
    let begun = Instant::now();
    while rollout.end().is_none() {
        assert!(begun.elapsed().as_secs() < 10, "it does not end");
        while let Some((id, action)) = rollout.poll() {
            heard += 1;
            rollout.observe(now, id, well(&action));
        }
        black_box(rollout.events());
        if let Some(at) = rollout.wake_at() {
            now = at;
            heard += 1;
            rollout.tick(now);
        }
    }
    heard
}

fn fleet(generation: u32) -> Fleet {
    let generation = Generation(generation);
    let member = |index: u8| Member {
        id: InstanceId { generation, index },
        address: Address(u16::from(index)),
    };
    Fleet {
        generation,
        members: (1..=3).map(member).collect(),
    }
}

fn plan() -> Plan {
    Plan {
        strategy: Strategy::BlueGreen,
        form: Form::Server,
        new: fleet(2),
        old: Some(fleet(1)),
        resting: Vec::new(),
        strays: Vec::new(),
        shares: Vec::new(),
        waits: BTreeMap::new(),
        sticky: false,
        waves: Waves::default(),
        comparison: None,
        person: Person::Absent,
        hooks: Vec::new(),
        past: false,
        timing: Timing {
            every: 1_000,
            successes: 3,
            failures: 3,
            prove: 60_000,
            pause: 0,
            bake: 60_000,
            errors: 50,
            drain: 0,
            verify: 10_000,
            patience: 30_000,
        },
    }
}

fn well(action: &Action) -> Observation {
    match action {
        Action::Start(_) | Action::Revive(_) => Observation::Started(Started::Yes),
        Action::Route { .. } => Observation::Routed {
            done: Done::Yes,
            lingering: Vec::new(),
        },
        Action::Probe(members) => {
            Observation::Probed(members.iter().map(|it| (it.id, Seen::Good)).collect())
        }
        Action::Watch(ids) => Observation::Watched(ids.iter().map(|id| (*id, alive())).collect()),
        // Nothing is measured, and no hook is there, in this plan.
        Action::Log(_) | Action::Measure(_) | Action::Hook(_) => Observation::Logged,
        Action::Adopt(_)
        | Action::Record(..)
        | Action::Stop(_)
        | Action::Remove(_)
        | Action::Conclude(_) => Observation::Acted(Done::Yes),
    }
}

fn alive() -> Life {
    Life {
        running: true,
        as_planned: Some(true),
        traffic: Some(Traffic {
            attempts: 100,
            good: 100,
            begun: 100,
            answered: 100,
            refused: 0,
            epoch: 0,
        }),
        ..Life::default()
    }
}
