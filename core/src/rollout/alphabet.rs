//! What the machine says and hears: actions and observations, a dozen of each, in no target's words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Share;
use super::hook::{Ran, Turn};
use crate::analysis::{Finding, Real, Times, Why as NoValue};
use crate::protocol::{Outcome, Timestamp};
use crate::spec::{Generation, InstanceId};

/// An address on the service's own network, as the last two bytes of it. Never given to two instances at a time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Address(pub u16);

/// An instance and where it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Member {
    /// Which one.
    pub id: InstanceId,
    /// Its fixed address.
    pub address: Address,
}

/// All instances of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fleet {
    /// The generation.
    pub generation: Generation,
    /// Its instances, by index.
    pub members: Vec<Member>,
}

/// One line of the routing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Who gets the requests.
    pub member: Member,
    /// Only used while no other entry can be.
    pub backup: bool,
    /// From 0 (none, but checked and reachable by name) to 256.
    pub weight: u16,
}

/// Who gets which share of the traffic: all of it, as one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Table {
    /// The weights of all that is routed. Sorted.
    pub entries: Vec<Entry>,
    /// Who is served by which version, as long as that one can be used; `None`: each request goes by the weights.
    pub sticky: Option<Sticky>,
}

/// A share of the users, not of the requests: each stays with a version, and the weights are for those whose version is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sticky {
    /// The version that gets the share. Users are drawn anew for each.
    pub generation: Generation,
    /// Of [`USERS`].
    pub share: u16,
}

/// What a share of users is counted in: ten thousandths.
pub const USERS: u16 = 10_000;

/// How far a rollout is, as recorded at the target before it goes on. With the plan it is the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Mark {
    /// The old version is being taken out of service before the new one starts (`recreate`).
    Withdrawing,
    /// Instances are being started.
    Starting,
    /// They are checked, and get no traffic.
    Proving,
    /// It waits for a person, without traffic, and no run is at it.
    Waiting,
    /// The new version gets its traffic.
    Shifted,
    /// What is to serve is decided; the rest is being put away.
    Settling {
        /// Which generation is to serve.
        goal: Option<Generation>,
        /// Why.
        why: Why,
    },
}

/// Why the machine stops going forward.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It did not stop: the commit is recorded.
    Committed,
    /// The new version was not well: the only reason that puts it into quarantine.
    Unwell(Fault),
    /// Something else than the new version failed.
    World(String),
    /// A hook did not end well.
    Hook(String),
    /// Somebody asked.
    Cancelled,
    /// The stop button was set before anything that serves was touched.
    Stopped(String),
    /// A person was asked at a share of the traffic, and said no.
    Aborted(String),
    /// A person was asked at a share of the traffic, and nobody said yes in time.
    Unpromoted(String),
    /// Things are not as recorded, mostly because an earlier run died.
    Abandoned,
}

/// What was wrong with the new version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// A stable code, such as `probe-failed`.
    pub code: FaultCode,
    /// Where it was seen first.
    pub instance: Option<InstanceId>,
    /// What was seen, for people.
    pub seen: String,
}

/// Kinds of unwell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultCode {
    /// It could not be started for a reason that lies in the image or its configuration.
    StartFailed,
    /// It ended by itself.
    Exited,
    /// It ended and was restarted.
    Restarted,
    /// It was not proven within its deadline.
    NotProven,
    /// It served, and then its probes failed.
    ProbeFailed,
    /// The engine's own health check says so.
    Unhealthy,
    /// It answered too many requests badly, or not at all.
    Errors,
    /// More of its requests go wrong than of those that the old version answers at the same time.
    Worse,
    /// More of its requests are slow than of those that the old version answers at the same time.
    Slower,
    /// The value of a metric is beyond its limits.
    Metric,
    /// Another image runs than the one that was planned.
    WrongDigest,
}

impl FaultCode {
    /// The word that outputs and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StartFailed => "start-failed",
            Self::Exited => "exited",
            Self::Restarted => "restarted",
            Self::NotProven => "not-proven",
            Self::ProbeFailed => "probe-failed",
            Self::Unhealthy => "unhealthy",
            Self::Errors => "errors",
            Self::Worse => "worse",
            Self::Slower => "slower",
            Self::Metric => "metric",
            Self::WrongDigest => "wrong-digest",
        }
    }
}

/// Names one action that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u32);

/// What the machine asks of the target. Each is idempotent: doing it again does no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Make these instances this holder's own, so that what a former holder still sends finds nothing.
    Adopt(Vec<InstanceId>),
    /// Append to the ledger and replace the checkpoint, in one breath; and what a record asks for besides.
    Record(Record, Option<Mark>),
    /// Create it where it is missing, and start it.
    Start(Member),
    /// Start one that is stopped, as it is.
    Revive(InstanceId),
    /// Write the checkpoint and the table, make the router follow, read it back.
    Route {
        /// The whole table.
        table: Table,
        /// The checkpoint that goes with it.
        mark: Mark,
        /// End what still runs on instances that the table no longer names.
        force: bool,
    },
    /// Ask each by name, through the router, and admit those that are checked.
    Probe(Vec<Member>),
    /// See how they live, and what traffic they got.
    Watch(Vec<InstanceId>),
    /// Ask for the value of a metric, by its place among those of the plan.
    Measure(usize),
    /// Fetch the last lines of its log.
    Log(InstanceId),
    /// Stop it, and keep it. What is not there is stopped.
    Stop(InstanceId),
    /// Stop it and remove it. What is not there is removed.
    Remove(InstanceId),
    /// Run the hook at this place of the plan's list. The only act that is not idempotent: it is asked for once.
    Hook(usize),
    /// Record the end, drop the checkpoint, give the lease back.
    Conclude(End),
}

/// What is appended to the ledger on the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// The rollout begins.
    Began,
    /// A hook begins, or is over.
    Hook {
        /// Its place in the plan's list.
        hook: usize,
        /// Which.
        turn: Turn,
    },
    /// The new version is proven and serves: known-good from here on.
    Committed {
        /// What that rests on.
        evidence: Vec<String>,
        /// The table to write once it is recorded: what served before retires in the same visit. Where that does not go
        /// through, the commit stands.
        table: Table,
    },
}

/// What the machine hears.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Observation {
    /// An [`Action::Adopt`], [`Action::Record`], [`Action::Stop`], [`Action::Remove`] or [`Action::Conclude`] ended.
    Acted(Done),
    /// An [`Action::Start`] or [`Action::Revive`] ended.
    Started(Started),
    /// An [`Action::Route`] ended, or a commit with all it asks for; a commit that only was recorded is `Acted`.
    Routed {
        /// How.
        done: Done,
        /// Instances that the table no longer names and that still have requests, with how many.
        lingering: Vec<(InstanceId, u32)>,
    },
    /// What each said.
    Probed(BTreeMap<InstanceId, Seen>),
    /// How each is; who is missing could not be seen.
    Watched(BTreeMap<InstanceId, Life>),
    /// The value of a metric; or why there is none, which is no fault of the new version.
    Measured(Result<Real, NoValue>),
    /// A log's last lines are with the report.
    Logged,
    /// An [`Action::Hook`] ended.
    Hooked(Ran),
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Done {
    /// It has happened, and that was read back.
    Yes,
    /// It did not happen.
    No(String),
    /// It did not happen, and the very same never will: it is not tried again.
    Refused(String),
    /// The traffic stays where it is: the router calls none of the instances up that were to get it.
    Mute(String),
    /// Nobody knows.
    Unknown(String),
    /// Another holder has the lease: it did not happen, and never will.
    Fenced(String),
    /// The stop button is set, with who set it: it did not happen.
    Stopped(String),
}

/// How a start ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Started {
    /// It was started.
    Yes,
    /// It cannot be, however often it is tried: of a new instance, that lies in the image or its configuration.
    Refused(String),
    /// It could not be, for another reason.
    No(String),
    /// Nobody knows.
    Unknown(String),
}

/// What a probe saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Well.
    Good,
    /// Not well, with what was seen.
    Bad(String),
    /// The measuring failed; nothing is known of the instance.
    Nothing(String),
}

/// How an instance lives. The default is that of one that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Life {
    /// Whether its process runs.
    pub running: bool,
    /// How often it has been restarted since it was started.
    pub restarts: u32,
    /// When it was started: a number that changes where it is started anew, whoever does that.
    pub started: u64,
    /// Its last exit code.
    pub exit: Option<i32>,
    /// Whether it was ended for want of memory.
    pub out_of_memory: bool,
    /// Whether the engine's health check calls it unhealthy.
    pub unhealthy: bool,
    /// Whether the image it runs is the planned one; `None`: could not be read.
    pub as_planned: Option<bool>,
    /// What it has answered since it was admitted; `None`: the router could not be asked.
    pub traffic: Option<Traffic>,
    /// How long its answers to users took; `None`: the router does not count that, or could not be asked.
    pub times: Option<Times>,
}

/// What the router counted for one instance, from the users' requests alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traffic {
    /// Attempts that have ended.
    pub attempts: u64,
    /// Those of them that got an answer below 500.
    pub good: u64,
    /// Attempts that have begun, whether or not they have ended.
    pub begun: u64,
    /// Those of them whose answer has begun, whatever it says.
    pub answered: u64,
    /// Answers from 400 to 499: not bad, but told apart.
    pub refused: u64,
    /// Changes when the counting starts anew.
    pub epoch: u64,
}

/// How a rollout ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// In one word.
    pub outcome: Outcome,
    /// A stable code.
    pub reason: String,
    /// What that rests on, for people.
    pub because: Vec<String>,
    /// The generation that serves now.
    pub serving: Option<Generation>,
    /// A point of no return was passed, so nothing was undone, and that is recorded.
    pub stands: Option<Stands>,
    /// Whether the new version is put into quarantine.
    pub quarantine: bool,
    /// What could not be put away; the next run does it.
    pub left: Vec<InstanceId>,
}

/// What has the traffic where a run ended past a point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stands {
    /// What served before has all of it.
    AsBefore,
    /// Something else has some of it, or nothing has any.
    Otherwise,
}

/// Something that happened, for the report.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// Kinds of events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// A phase was entered.
    Entered(&'static str),
    /// The machine decided.
    Decided {
        /// What.
        decision: String,
        /// On what.
        because: Vec<String>,
    },
    /// A probe's result.
    Probe(InstanceId, Seen),
    /// What the comparison at a share of the traffic came to by then, of each kind.
    Compared(Share, Vec<Finding>),
    /// An act did not go through at once.
    Trouble(String),
}

impl Observation {
    /// Who has the lease, where that was the reason.
    pub(super) fn fenced(&self) -> Option<&str> {
        match self {
            Self::Acted(Done::Fenced(by))
            | Self::Routed {
                done: Done::Fenced(by),
                ..
            } => Some(by),
            Self::Acted(_)
            | Self::Routed { .. }
            | Self::Started(_)
            | Self::Probed(_)
            | Self::Watched(_)
            | Self::Measured(_)
            | Self::Logged
            | Self::Hooked(_) => None,
        }
    }

    /// Who has set the stop button, where that was the reason.
    pub(super) fn stopped(&self) -> Option<&str> {
        match self {
            Self::Acted(Done::Stopped(by))
            | Self::Routed {
                done: Done::Stopped(by),
                ..
            } => Some(by),
            Self::Acted(_)
            | Self::Routed { .. }
            | Self::Started(_)
            | Self::Probed(_)
            | Self::Watched(_)
            | Self::Measured(_)
            | Self::Logged
            | Self::Hooked(_) => None,
        }
    }

    /// How an act ended, and which instances still have requests.
    pub(super) fn done(self) -> (Done, Vec<(InstanceId, u32)>) {
        match self {
            Self::Acted(done) => (done, Vec::new()),
            Self::Routed { done, lingering } => (done, lingering),
            Self::Started(started) => (started.into(), Vec::new()),
            Self::Probed(_)
            | Self::Watched(_)
            | Self::Measured(_)
            | Self::Logged
            | Self::Hooked(_) => (
                Done::Unknown("the answer was to another question".to_owned()),
                Vec::new(),
            ),
        }
    }

    /// What each said; nobody said anything where the answer was to another question.
    pub(super) fn probed(self) -> BTreeMap<InstanceId, Seen> {
        match self {
            Self::Probed(seen) => seen,
            Self::Acted(_)
            | Self::Routed { .. }
            | Self::Started(_)
            | Self::Watched(_)
            | Self::Measured(_)
            | Self::Logged
            | Self::Hooked(_) => BTreeMap::new(),
        }
    }

    /// How each is; nobody could be seen where the answer was to another question.
    pub(super) fn watched(self) -> BTreeMap<InstanceId, Life> {
        match self {
            Self::Watched(lives) => lives,
            Self::Acted(_)
            | Self::Routed { .. }
            | Self::Started(_)
            | Self::Probed(_)
            | Self::Measured(_)
            | Self::Logged
            | Self::Hooked(_) => BTreeMap::new(),
        }
    }

    /// What came of a hook.
    pub(super) fn ran(self) -> Ran {
        match self {
            Self::Hooked(ran) => ran,
            Self::Acted(_)
            | Self::Routed { .. }
            | Self::Started(_)
            | Self::Probed(_)
            | Self::Watched(_)
            | Self::Measured(_)
            | Self::Logged => Ran::Cut("the answer was to another question".to_owned()),
        }
    }
}

impl From<Started> for Done {
    fn from(started: Started) -> Self {
        match started {
            Started::Yes => Self::Yes,
            Started::No(why) | Started::Refused(why) => Self::No(why),
            Started::Unknown(why) => Self::Unknown(why),
        }
    }
}

impl Why {
    /// For people.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Unwell(fault) => fault.seen.clone(),
            Self::World(why)
            | Self::Hook(why)
            | Self::Stopped(why)
            | Self::Aborted(why)
            | Self::Unpromoted(why) => why.clone(),
            Self::Cancelled => "the run was asked to stop".to_owned(),
            Self::Abandoned => "an earlier run died".to_owned(),
            Self::Committed => "it is recorded as known-good".to_owned(),
        }
    }
}

impl Seen {
    /// Why it was not good.
    pub(super) fn trouble(&self) -> Option<String> {
        match self {
            Self::Good => None,
            Self::Bad(why) | Self::Nothing(why) => Some(why.clone()),
        }
    }
}

impl Done {
    /// Whether it happened.
    #[must_use]
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }

    /// Whether nobody knows if it happened.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

impl End {
    /// Another run has the lease.
    pub(super) fn lost(because: Vec<String>) -> Self {
        Self {
            outcome: Outcome::Busy,
            reason: "lease-lost".to_owned(),
            because,
            serving: None,
            stands: None,
            quarantine: false,
            left: Vec::new(),
        }
    }
}
