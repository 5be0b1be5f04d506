//! The plan: everything that is decided before a rollout begins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Comparison, Fleet, Hook, Share, Strategy};
use crate::spec::InstanceId;

/// Everything that is decided before a rollout begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// How.
    pub strategy: Strategy,
    /// What it is that is rolled out.
    #[serde(default, skip_serializing_if = "Form::is_server")]
    pub form: Form,
    /// What is to serve. In a recovery: what the dead run brought, as it was observed, where that is not what serves.
    pub new: Fleet,
    /// What serves, and is gone back to. One without instances counts as none.
    pub old: Option<Fleet>,
    /// In a recovery: instances of either version that do not run, or have no traffic.
    #[serde(default)]
    pub resting: Vec<InstanceId>,
    /// Instances of nobody, to be removed on the way.
    pub strays: Vec<InstanceId>,
    /// Under `canary`: the shares of the traffic at which the new version is watched, growing.
    #[serde(default)]
    pub shares: Vec<Share>,
    /// Those of them at which a person says whether it gets more, with the milliseconds that this is waited for at most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<Share, u64>,
    /// Under `canary` and `rolling`: whether each user stays with a version while two share the traffic, so that a share is one of users and not of requests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sticky: bool,
    /// Under `rolling`: how many at a time.
    #[serde(default)]
    pub waves: Waves,
    /// Under `canary`: what each share is judged by, beside the guards; `None`: by the guards alone.
    #[serde(default)]
    pub comparison: Option<Comparison>,
    /// Whether a person has a say between the proof and the traffic.
    #[serde(default)]
    pub person: Person,
    /// What of the user's own is run on the way, in the order of their places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
    /// An earlier run of this rollout, which left it waiting for a person, has passed a point of no return.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
    /// How long and how often.
    pub timing: Timing,
}

/// What is rolled out. The steps are the same for both; only what they mean to people differs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Users ask it, through the router: no instance works before it gets traffic.
    #[default]
    Server,
    /// Nobody asks it: each instance works from its start on, and the table only says which are to.
    Worker,
}

impl Form {
    const fn is_server(&self) -> bool {
        matches!(self, Self::Server)
    }

    /// That of what listens on this port, or on none.
    #[must_use]
    pub const fn of(port: Option<u16>) -> Self {
        match port {
            Some(_) => Self::Server,
            None => Self::Worker,
        }
    }
}

/// How many instances are replaced at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waves {
    /// So many new instances come at a time; 0 counts as 1.
    pub batch: u8,
    /// So many more than either version has may run; 0 counts as 1, since otherwise the last old instance would have to
    /// stop for the last new one, before there is a proof of all.
    pub surge: u8,
}

impl Default for Waves {
    fn default() -> Self {
        Self { batch: 1, surge: 1 }
    }
}

impl Waves {
    /// New instances at a time.
    #[must_use]
    pub fn batch(self) -> usize {
        usize::from(self.batch.max(1))
    }

    /// Instances beyond those of the larger version.
    #[must_use]
    pub fn surge(self) -> usize {
        usize::from(self.surge.max(1))
    }
}

/// A person between the proof and the traffic.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Person {
    /// Nobody is asked.
    #[default]
    Absent,
    /// The new version waits for one, without traffic, after this run has ended.
    Asked {
        /// Milliseconds at most.
        within: u64,
    },
    /// One has promoted what an earlier run has started and left waiting.
    Promoted,
}

impl Plan {
    /// What is kept or removed by this holder, and so must bear its name.
    #[must_use]
    pub fn kept(&self) -> Vec<InstanceId> {
        let promoted = Some(&self.new).filter(|_| self.person == Person::Promoted);
        let fleets = self.old.iter().chain(promoted);
        let members = fleets.flat_map(|fleet| &fleet.members);
        let members = members.map(|member| member.id);
        members.chain(self.strays.iter().copied()).collect()
    }
}

/// Times in milliseconds, and counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timing {
    /// Between two probes.
    pub every: u64,
    /// Good probes in a row that prove an instance.
    pub successes: u32,
    /// Bad probes in a row that fail one that serves.
    pub failures: u32,
    /// From the start of the last instance until all must be proven.
    pub prove: u64,
    /// How long the new version is watched at each share of the traffic, beside the old one.
    #[serde(default)]
    pub pause: u64,
    /// How long the new version is watched under traffic.
    pub bake: u64,
    /// Attempts without a good answer, of a thousand, above which the new version fails.
    pub errors: u32,
    /// How long running requests on instances without new traffic may take.
    pub drain: u64,
    /// How long going back may wait for what served before to answer.
    pub verify: u64,
    /// How long at least an act is tried on that moves traffic, is recorded or ends an instance, after it failed for the
    /// first time: long enough for an engine that is being restarted to be back.
    #[serde(default)]
    pub patience: u64,
}
