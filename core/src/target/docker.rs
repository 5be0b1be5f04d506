//! Docker, through its command line: what each action of the machine means there, and what came of it.
//!
//! In front of the instances of a service stands a router, an HAProxy container that owns the address users come to.
//! Everything that affects traffic or is remembered changes through one command inside that container, which takes a
//! lock, compares the fencing token and acts in the same breath. Instances bear their holder's token in their names
//! and are only ever addressed by name, so that what a stale run still sends finds nothing.

mod argv;
mod ask;
mod asking;
mod ended;
mod formats;
mod haproxy;
mod house;
mod judging;
mod keeper;
mod lift;
mod lower;
mod page;
mod script;
mod sticky;
mod stopping;
mod survey;
#[cfg(test)]
mod tests;
mod times;

use std::collections::{BTreeMap, BTreeSet};

pub use argv::{Engine, Program};
pub use asking::{Asking, Beside, Hears, Told};
pub use haproxy::{Kind, Server, Setup, Subnet};
pub use survey::{Found, Image, Listed, Opened, RouterFound, Survey, Trouble};

use crate::ledger::Append;
use crate::protocol::{Completion, Effect};
use crate::rollout::{Address, Observation, Table, Word};
use crate::spec::{Generation, Health, InstanceId, Probe, Release, Token};
use crate::stop::Stop;

/// Words that are read in what the engine, the router and our own scripts say.
pub const PLAIN_WORDS: &[&str] = &[
    "aborted",
    "answer",
    "app",
    "application",
    "backup",
    "base64",
    "bridge",
    "cd-action",
    "check",
    "checkpoint",
    "clock",
    "close",
    "config",
    "connection",
    "content",
    "created",
    "dead",
    "default",
    "digest",
    "docker",
    "done",
    "down",
    "drain",
    "elsewhere",
    "environment",
    "exited",
    "false",
    "fenced",
    "file",
    "forked",
    "generation",
    "gone",
    "gpc",
    "github",
    "healthy",
    "held",
    "holder",
    "hrsp",
    "http",
    "https",
    "images",
    "index",
    "info",
    "instance",
    "invalid",
    "json",
    "key",
    "lease",
    "ledger",
    "left",
    "length",
    "lingering",
    "listener",
    "local",
    "maint",
    "missing",
    "name",
    "network",
    "none",
    "null",
    "op_state",
    "open",
    "opened",
    "paused",
    "pending",
    "primary",
    "proven",
    "question",
    "reached",
    "recorded",
    "ready",
    "refused",
    "release",
    "removing",
    "requests",
    "restarting",
    "result",
    "role",
    "rounds",
    "router",
    "running",
    "scur",
    "sha256",
    "since",
    "srv_addr",
    "srv_admin_state",
    "srv_name",
    "srv_op_state",
    "srv_uweight",
    "starting",
    "stat",
    "state",
    "sticky",
    "stop",
    "stopped",
    "stot",
    "svname",
    "table",
    "through",
    "times",
    "token",
    "traffic",
    "true",
    "unhealthy",
    "unreachable",
    "unreached",
    "until",
    "up",
    "version",
    "volume",
    "weight",
    "word",
    "words",
];

/// Where the volume is inside the router.
pub const STATE: &str = "/var/lib/cd-action";

/// Milliseconds that a command gets when the run is about to be ended.
const HURRIED: u64 = 2_000;

/// The router's place on the service's network; instances follow after [`FIRST_ADDRESS`].
const ROUTER_ADDRESS: Address = Address(2);

/// The first place an instance can have: the ones before are the gateway's, the router's, and left for later.
const FIRST_ADDRESS: u16 = 10;

/// The last one: every network that an engine hands out has as many.
const LAST_ADDRESS: u16 = 250;

/// How far apart two holders in a row begin to give addresses: the first that is used again is met after many of them.
const ADDRESSES_APART: u64 = 32;

/// Who holds the lease, and for how long at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The run.
    pub holder: String,
    /// Where the run can be looked at.
    pub run: Option<String>,
    /// Milliseconds.
    pub term: u64,
}

impl Terms {
    const fn hundredths(&self) -> u64 {
        self.term.div_ceil(10)
    }
}

/// An instance as this run knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The container's name now.
    pub name: String,
    /// Whose name it bears.
    pub token: Token,
    /// Where it is.
    pub address: Address,
}

/// What is to be written together with an act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memo {
    /// What the ledger must hold that it may not hold yet.
    pub appends: Vec<Append>,
    /// The checkpoint to leave; `None`: leave it as it is; `Some(None)`: none.
    pub checkpoint: Option<Option<String>>,
    /// Whether nothing of it is done where the stop button is set.
    pub heeds: Heeds,
}

/// Whether an act gives way to the stop button.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Heeds {
    /// Whatever it says, this is done.
    #[default]
    Nothing,
    /// It does.
    Every,
    /// It does, but to this pressing, which a person has overridden.
    AllBut(String),
}

/// One thing to do, and what of its failing is no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub effect: Effect,
    /// A failure whose words hold one of these is as good as done.
    pub tolerated: &'static [&'static str],
    /// It need not wait for the one before it: they are carried out side by side.
    pub beside: bool,
}

impl Step {
    /// One whose failing ends the call.
    #[must_use]
    pub const fn strict(effect: Effect) -> Self {
        Self::tolerant(effect, &[])
    }

    /// One of which a failure with these words is none.
    #[must_use]
    pub const fn tolerant(effect: Effect, tolerated: &'static [&'static str]) -> Self {
        Self {
            effect,
            tolerated,
            beside: false,
        }
    }

    /// The same, side by side with the one before it.
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.beside = true;
        self
    }

    /// Gives it 2 s at most.
    fn hurry(&mut self) {
        if let Effect::Run(run) = &mut self.effect {
            run.timeout = run.timeout.min(HURRIED);
        }
    }

    /// Whether to go on after this.
    #[must_use]
    pub fn goes_on(&self, completion: &Completion) -> bool {
        match completion {
            Completion::Exited {
                code: Some(0),
                signal: None,
                ..
            }
            | Completion::Opened
            | Completion::Recalled { .. } => true,
            Completion::Exited { stdout, stderr, .. } => self
                .tolerated
                .iter()
                .any(|words| stderr.contains(words) || stdout.contains(words)),
            Completion::Read { .. }
            | Completion::Written
            | Completion::Fetched { .. }
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. } => true,
            Completion::TimedOut { .. } | Completion::Failed { .. } => false,
        }
    }
}

/// What lifting comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// This is what was observed.
    Observed(Observation),
    /// This must be known first.
    More(Vec<Step>),
}

/// One service in one environment on one engine.
#[derive(Clone, Debug)]
pub struct Docker {
    /// The service's name.
    pub service: String,
    /// The environment's name.
    pub environment: String,
    /// How the engine is reached.
    pub engine: Engine,
    /// What is fixed of the router.
    pub setup: Setup,
    /// Who holds the lease.
    pub terms: Terms,
    /// This run's fencing token.
    pub token: Token,
    /// The service's network; `None`: not made yet.
    pub subnet: Option<Subnet>,
    /// The instances that exist.
    pub instances: BTreeMap<InstanceId, Held>,
    /// What the generations are that may be started or asked.
    pub releases: BTreeMap<Generation, Release>,
    /// Last lines of logs that were asked for.
    pub logs: BTreeMap<InstanceId, String>,
    /// Milliseconds that an instance may take to end once it was asked to.
    pub grace: u64,
    /// Instances that the engine calls running and that may be ending: a stop was sent, and nobody knows how that ended.
    pub ending: BTreeSet<InstanceId>,
    /// How many writes this run has sent.
    writes: std::cell::Cell<u64>,
    /// Nobody waits any more: a command gets 2 s.
    pub hurry: bool,
    /// The router's file as it is written now.
    file: String,
    /// The map of who stays with which version, as it is written now.
    sticky: String,
    /// The same as HAProxy had it when the target was opened.
    stuck: String,
    /// Digests by image id, read from the engine.
    digests: BTreeMap<String, Vec<String>>,
    /// What our own probes added to the counts, by instance.
    probed: BTreeMap<InstanceId, haproxy::Row>,
    /// The stop that an act has given way to.
    pub met: Option<Stop>,
    /// What a person is asked, and told at the target with everything that is written or looked at there.
    pub asking: Option<Asking>,
    /// The run that has the lease.
    pub beside: Option<Beside>,
    /// What a person has said, by the last look.
    pub heard: Option<Word>,
}

impl Docker {
    /// Nothing is known of it yet.
    #[must_use]
    pub fn new(
        service: &str,
        environment: &str,
        engine: Engine,
        setup: Setup,
        terms: Terms,
    ) -> Self {
        Self {
            service: service.to_owned(),
            environment: environment.to_owned(),
            engine,
            setup,
            terms,
            token: Token(0),
            subnet: None,
            instances: BTreeMap::new(),
            releases: BTreeMap::new(),
            logs: BTreeMap::new(),
            grace: 10_000,
            ending: BTreeSet::new(),
            writes: std::cell::Cell::new(0),
            hurry: false,
            file: String::new(),
            sticky: String::new(),
            stuck: String::new(),
            digests: BTreeMap::new(),
            probed: BTreeMap::new(),
            met: None,
            asking: None,
            beside: None,
            heard: None,
        }
    }

    fn prefix(&self) -> String {
        format!("cd-{}.{}", self.service, self.environment)
    }

    /// The router's container.
    #[must_use]
    pub fn router(&self) -> String {
        format!("{}-router", self.prefix())
    }

    /// The service's network.
    #[must_use]
    pub fn network(&self) -> String {
        self.prefix()
    }

    /// The volume that remembers.
    #[must_use]
    pub fn volume(&self) -> String {
        format!("{}-state", self.prefix())
    }

    /// The local tag that keeps a generation's image from being pruned.
    #[must_use]
    pub fn keeping(&self, generation: Generation) -> String {
        format!("{}:{generation}", self.kept_as())
    }

    fn kept_as(&self) -> String {
        format!("cd-action/{}.{}", self.service, self.environment)
    }

    /// The name of an instance that this run holds.
    pub(crate) fn own_name(&self, id: InstanceId) -> String {
        format!("{}-{id}.t{}", self.prefix(), self.token)
    }

    /// What an instance is called now.
    pub(crate) fn name_of(&self, id: InstanceId) -> String {
        self.instances
            .get(&id)
            .map_or_else(|| self.own_name(id), |held| held.name.clone())
    }

    /// Places for `count` new instances: free of instances, and named by no table.
    ///
    /// Every holder begins elsewhere. A run that was killed may have a start under way that the engine carries out only
    /// now, and the lowest free address is the one that the dead run had chosen as well.
    #[must_use]
    pub fn free_addresses(&self, count: usize) -> Vec<Address> {
        let table = self.table();
        let free = |address: &Address| {
            !self.instances.values().any(|held| held.address == *address)
                && !table
                    .entries
                    .iter()
                    .any(|entry| entry.member.address == *address)
        };
        let places = u64::from(LAST_ADDRESS - FIRST_ADDRESS) + 1;
        let begin = self.token.0.wrapping_mul(ADDRESSES_APART) % places;
        (0..places)
            .filter_map(|step| u16::try_from((begin + step) % places).ok())
            .map(|place| Address(FIRST_ADDRESS + place))
            .filter(free)
            .take(count)
            .collect()
    }

    /// The table as it is written at the target.
    #[must_use]
    pub fn table(&self) -> Table {
        let weights = |subnet| haproxy::parse(&self.file, subnet);
        Table {
            sticky: self
                .has_map()
                .then(|| sticky::parse(&self.sticky))
                .flatten(),
            ..self.subnet.map_or_else(Table::default, weights)
        }
    }

    /// Why the router is not what the configuration says; `None`: it is.
    #[must_use]
    pub fn outdated(&self) -> bool {
        !self.file.is_empty()
            && (as_checked(&self.file)
                != as_checked(&haproxy::render(&self.setup, None, &Table::empty()))
                || (!self.is_kept() && haproxy::check_time(&self.file) < Some(self.setup.check)))
    }

    /// Whether a keeper stands in the router's place: as it is at the target, and else as it will be.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        if self.file.is_empty() {
            self.setup.listen.is_none()
        } else {
            keeper::is_kept(&self.file)
        }
    }

    /// What stands in front of the instances, or only keeps what is known of them.
    #[must_use]
    pub fn front(&self) -> &'static str {
        if self.is_kept() { "keeper" } else { "router" }
    }

    /// Whether the router counts how long requests take. One that an earlier version has made does not.
    #[must_use]
    pub fn counts_times(&self) -> bool {
        self.file.is_empty() || times::are_counted(&self.file)
    }

    /// Whether the router can make users stick to a version. One that an earlier version of the action has made cannot.
    #[must_use]
    pub fn can_stick(&self) -> bool {
        self.file.is_empty() || sticky::sticks(&self.file, &self.setup.cookie)
    }

    /// Whether the router goes by a map of who stays with which version: one that is made now does, and a keeper has no users.
    fn has_map(&self) -> bool {
        if self.file.is_empty() {
            return self.setup.listen.is_some();
        }
        sticky::has_map(&self.file)
    }

    /// What of the running router differs from the table that is written; empty: it follows.
    #[must_use]
    pub fn astray(&self, servers: &[Server]) -> Vec<String> {
        self.lines().map_or_else(Vec::new, |lines| {
            let table = self.table();
            let mut differs = haproxy::differs(&table, servers, &lines);
            differs.extend(haproxy::unnamed(&table, servers));
            if self.has_map() {
                differs.extend(sticky::differs(&self.sticky, &self.stuck));
            }
            differs
        })
    }

    /// The router's own check goes by the health of what it serves; where several versions differ, the most patient.
    fn lines(&self) -> Option<haproxy::Lines> {
        let health =
            |f: fn(&Health) -> u64| self.releases.values().map(|it| f(&it.spec.health)).max();
        let paths = self.releases.iter().filter_map(|(&generation, release)| {
            match &release.spec.health.probe {
                Probe::Http { path, .. } => Some((generation, path.clone())),
                Probe::Tcp | Probe::Exec(_) | Probe::Image | Probe::Runs(_) => None,
            }
        });
        // What serves may be younger than a ledger that was put back from a copy: its port is the one it is reached by now.
        let mut ports = haproxy::ports(&self.file);
        let known = self.releases.iter();
        ports.extend(known.map(|(&generation, release)| {
            let port = release.spec.port.unwrap_or(keeper::NO_PORT);
            (generation, port)
        }));
        Some(haproxy::Lines {
            ports,
            paths: paths.collect(),
            // The router that is there goes by its file, whatever is configured now.
            asks: if self.file.is_empty() {
                self.setup.asks
            } else {
                self.file.contains("/health.map")
            },
            checks: !self.is_kept(),
            subnet: self.subnet?,
            inter: health(|it| it.every).unwrap_or(1000).clamp(100, 60_000),
            fall: health(|it| u64::from(it.failures))
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(3)
                .max(1),
        })
    }

    /// The file that says this table, with the fixed part as it is at the target.
    fn file_for(&self, table: &Table) -> String {
        let lines = self.lines();
        if self.file.is_empty() {
            return haproxy::render(&self.setup, lines.as_ref(), table);
        }
        let rendered = haproxy::render(&self.setup, lines.as_ref(), table);
        let servers = rendered
            .lines()
            .filter(|line| line.trim_start().starts_with("server "));
        let mut text = haproxy::fixed(&self.file);
        text.push('\n');
        servers.for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
        text
    }
}

/// The fixed part of a file, without the time that its checks may take: more of that than is wanted does no harm.
fn as_checked(file: &str) -> String {
    let fixed = haproxy::fixed(file);
    let lines = fixed
        .lines()
        .filter(|line| !line.trim_start().starts_with("timeout check "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The name that HAProxy has for an instance that is asked by name.
fn server_name(id: InstanceId) -> String {
    id.to_string()
}
