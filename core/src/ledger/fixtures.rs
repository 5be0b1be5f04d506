//! What tests of the ledger and of everything that reads its state are made from.

use std::collections::BTreeMap;

use super::{
    Began, Body, Command, Committed, Decided, Ended, Ending, Fact, Hooked, How, Ledger, Origin,
    Resumed, Sequence, State, Waits,
};
use crate::protocol::{Outcome, Timestamp};
use crate::rollout::{HookPlace, Retry};
use crate::spec::{Generation, Health, Probe, Release, SecretUse, Spec, Token};
use crate::stop::Stop;

/// A release of that name: same name, same bytes, same configuration.
pub(crate) fn release(version: &str) -> Release {
    let spec = Spec {
        port: Some(8000),
        env: BTreeMap::from([("APP_VERSION".to_owned(), version.to_owned())]),
        secrets: BTreeMap::from([(format!("KEY_{version}"), SecretUse::Env)]),
        replicas: 1,
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
    };
    Release {
        version: version.to_owned(),
        revision: None,
        image: "registry.example/acme/tasks".to_owned(),
        digest: format!("sha256:of-{version}"),
        local: false,
        config_hash: format!("configuration-of-{version}"),
        spec,
    }
}

/// The same image in another configuration.
pub(crate) fn reconfigured(version: &str) -> Release {
    Release {
        config_hash: "another".to_owned(),
        ..release(version)
    }
}

/// Attempt `attempt` of the one run there is.
pub(crate) fn origin(attempt: u32) -> Origin {
    Origin {
        holder: "run-7".to_owned(),
        token: Token(u64::from(attempt)),
        url: Some("https://forge.example/runs/7".to_owned()),
        attempt: Some(attempt),
        ..Origin::default()
    }
}

/// Time goes on by a second a record.
pub(crate) fn body(ledger: &Ledger, fact: Fact) -> Body {
    Body {
        at: Timestamp(ledger.state().head.seq * 1_000),
        run: origin(1),
        fact,
    }
}

pub(crate) fn began(state: &State, command: Command, release: Release) -> Fact {
    Fact::Began(Box::new(Began {
        generation: state.next_generation(),
        release,
        from: state.serving().map(|it| it.generation),
        strategy: "blue-green".to_owned(),
        reason: None,
        command,
        overrides: Vec::new(),
    }))
}

pub(crate) fn committed(generation: Generation, command: Command, release: Release) -> Fact {
    Fact::Committed(Box::new(Committed {
        generation,
        release,
        replicas: 1,
        bake_ms: 15_000,
        evidence: vec!["3 of 3 probes answered".to_owned()],
        command,
        sequence: Sequence::default(),
        counted: BTreeMap::new(),
    }))
}

pub(crate) fn ended(generation: Option<Generation>, outcome: Outcome, quarantine: bool) -> Fact {
    let reason = "health/deadline".to_owned();
    Fact::Ended(Ended {
        generation,
        outcome,
        reason,
        because: Vec::new(),
        quarantine,
        stands: None,
    })
}

/// A hook of this rollout begins, or is over.
pub(crate) fn hooked(generation: Generation, irreversible: bool, ended: Option<How>) -> Fact {
    let retry = if irreversible {
        Retry::Never
    } else {
        Retry::Safe
    };
    let said = String::new();
    Fact::Hooked(Hooked {
        generation,
        hook: "migrate".to_owned(),
        place: HookPlace::BeforeStart,
        irreversible,
        retry,
        ended: ended.map(|how| Ending { how, said }),
    })
}

pub(crate) fn decided(decision: &str) -> Fact {
    let phase = "proving".to_owned();
    Fact::Decided(Decided {
        phase,
        decision: decision.to_owned(),
        because: Vec::new(),
    })
}

/// A stop for ever, by that name.
pub(crate) fn waits(generation: Generation) -> Fact {
    Fact::Waits(Waits {
        generation,
        until: Timestamp(100_000),
        evidence: Vec::new(),
        counted: BTreeMap::new(),
    })
}

pub(crate) fn stopped(id: &str) -> Fact {
    Fact::Stopped(Box::new(Stop {
        id: id.to_owned(),
        who: Some("kim".to_owned()),
        reason: "the database is being moved".to_owned(),
        since: Timestamp(1_000),
        until: None,
        url: None,
    }))
}

pub(crate) fn resumed(id: &str) -> Fact {
    Fact::Resumed(Resumed {
        id: id.to_owned(),
        who: None,
        reason: None,
    })
}

/// The ledger's text, as the target keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) ledger: Ledger,
    pub(crate) segments: BTreeMap<String, String>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self {
            ledger: Ledger::empty(),
            segments: BTreeMap::new(),
        }
    }

    /// Appends, twice, as after a time-out.
    pub(crate) fn write(&mut self, fact: Fact) {
        let append = self.ledger.append(&body(&self.ledger, fact));
        for _ in 0..2 {
            let segment = self.segments.entry(append.segment.clone()).or_default();
            segment.truncate(append.keep);
            segment.push_str(&append.text);
        }
    }

    pub(crate) fn newest(&self) -> (&str, &str) {
        let (name, text) = self
            .segments
            .last_key_value()
            .expect("something was written");
        (name, text)
    }

    pub(crate) fn chain(&self) -> Vec<(&str, &str)> {
        self.segments
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect()
    }

    /// Begins and commits.
    pub(crate) fn good(&mut self, command: Command, release: &Release) -> Generation {
        let generation = self.begin(command, release);
        self.write(committed(generation, command, release.clone()));
        generation
    }

    /// Begins and fails its proof.
    pub(crate) fn bad(&mut self, release: &Release) -> Generation {
        let generation = self.begin(Command::Deploy, release);
        self.write(ended(Some(generation), Outcome::RolledBack, true));
        generation
    }

    pub(crate) fn begin(&mut self, command: Command, release: &Release) -> Generation {
        let generation = self.ledger.state().next_generation();
        self.write(began(self.ledger.state(), command, release.clone()));
        generation
    }
}
