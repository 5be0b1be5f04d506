//! Gates: who may go on, and on what evidence.
//!
//! A [`Gate`] is data, [`Evidence`] is data, and [`judge`] is a function of the two and of the time. Collecting evidence is
//! the session's; what a gate [`wants`] it says itself. No gate passes for want of evidence: what is missing, malformed, too
//! old or of another commit is *unknown*, and the verdicts are in an order (`verdict.rs`) in which that is no yes.
//!
//! To add a gate: `gate/<name>.rs` with what is configured and `judge`, a variant of [`Kind`], its line in `wants`, `judge_kind`
//! and `Kind::word`; its key in `config/raw/gates.rs` and its reading in `config/typed/gates.rs`; a part of `docs/gates.md`.

pub mod after;
pub mod approval;
pub mod breaker;
pub mod checks;
pub mod command;
pub mod evidence;
pub mod findings;
pub mod freeze;
pub mod fresh;
pub mod image;
pub mod results;
pub mod reviews;
mod sarif;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod trigger;
mod verdict;
mod xml;

use serde::Serialize;

pub use evidence::{Evidence, Missing, Seen, Subject};
pub use verdict::{Lack, Verdict, all, any, not};

use crate::protocol::Timestamp;

/// Milliseconds after which evidence is too old to say anything.
pub const STALE: u64 = 3_600_000;

/// One gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// By which it is overridden; unique in its environment.
    pub name: String,
    /// What it asks.
    pub kind: Kind,
    /// Whether a person may override it, as far as it says so itself: what counts is [`Gate::can_be_overridden`].
    pub may_override: bool,
}

impl Gate {
    /// Whether a person may override it: whoever overrides a group overrides all that is in it.
    #[must_use]
    pub fn can_be_overridden(&self) -> bool {
        self.forbids_overriding().is_none()
    }

    /// What says that it may not be: itself, or a gate in it.
    #[must_use]
    pub fn forbids_overriding(&self) -> Option<&Self> {
        flat(self).into_iter().find(|it| !it.may_override)
    }

    pub(crate) fn is_overridden(&self, names: &[String]) -> bool {
        names.contains(&self.name) && self.can_be_overridden()
    }
}

/// What a gate asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Check runs and commit statuses.
    Checks(checks::Checks),
    /// Reviews of the pull request.
    Reviews(reviews::Reviews),
    /// Sessions of the noxfile, run here.
    Sessions(sessions::Sessions),
    /// Findings of scanners.
    Findings(findings::Findings),
    /// Results of tests.
    Tests(results::Tests),
    /// A person's approval.
    Approval(approval::Approval),
    /// The image is proven in another environment.
    After(after::After),
    /// Times at which nothing is deployed.
    Freeze(freeze::Freeze),
    /// What started the run.
    Trigger(trigger::Trigger),
    /// What the image says of itself.
    Image(image::Image),
    /// Nothing newer is on its way.
    Fresh,
    /// Not too many deploys failed lately.
    Breaker(breaker::Breaker),
    /// A command, run here.
    Command(command::Command),
    /// All of these.
    All(Vec<Gate>),
    /// One of these.
    Any(Vec<Gate>),
    /// Not this one.
    Not(Box<Gate>),
}

impl Kind {
    /// Names of the secret variables that its own code is given; not those of gates in it.
    #[must_use]
    pub fn secrets(&self) -> &[String] {
        match self {
            Self::Sessions(sessions::Sessions { terms, .. })
            | Self::Image(image::Image { terms, .. })
            | Self::Command(command::Command { terms, .. }) => &terms.secrets,
            Self::Checks(_)
            | Self::Reviews(_)
            | Self::Findings(_)
            | Self::Tests(_)
            | Self::Approval(_)
            | Self::After(_)
            | Self::Freeze(_)
            | Self::Trigger(_)
            | Self::Fresh
            | Self::Breaker(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Not(_) => &[],
        }
    }

    /// As in the configuration.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Checks(_) => "checks",
            Self::Reviews(_) => "reviews",
            Self::Sessions(_) => "sessions",
            Self::Findings(_) => "findings",
            Self::Tests(_) => "tests",
            Self::Approval(_) => "approval",
            Self::After(_) => "after",
            Self::Freeze(_) => "freeze",
            Self::Trigger(_) => "trigger",
            Self::Image(_) => "image",
            Self::Fresh => "fresh",
            Self::Breaker(_) => "breaker",
            Self::Command(_) => "command",
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Not(_) => "not",
        }
    }
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A sentence, or a part of one.
    pub text: String,
    /// Where a person sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Reason {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let (text, link) = (text.into(), None);
        Self { text, link }
    }

    pub(crate) fn linked(text: impl Into<String>, link: Option<&String>) -> Self {
        let link = link.filter(|it| it.starts_with("https://") || it.starts_with("http://"));
        Self {
            text: text.into(),
            link: link.cloned(),
        }
    }
}

/// What one kind of gate comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What it rests on.
    pub because: Vec<Reason>,
}

impl Judgement {
    pub(crate) fn of(verdict: Verdict, text: impl Into<String>) -> Self {
        let because = vec![Reason::new(text)];
        Self { verdict, because }
    }

    pub(crate) fn pass(text: impl Into<String>) -> Self {
        Self::of(Verdict::Pass, text)
    }

    pub(crate) fn fail(text: impl Into<String>) -> Self {
        Self::of(Verdict::Fail, text)
    }

    pub(crate) fn pending(until: Option<Timestamp>, on: impl Into<String>, text: String) -> Self {
        Self::of(Verdict::pending(until, on), text)
    }

    pub(crate) fn unknown(lack: Lack, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::of(Verdict::unknown(lack, why.clone()), why)
    }

    /// What several parts of one gate say together.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        let verdicts: Vec<Verdict> = parts.iter().map(|it| it.verdict.clone()).collect();
        Self {
            verdict: all(&verdicts),
            because: parts.into_iter().flat_map(|it| it.because).collect(),
        }
    }
}

/// A gate's verdict, with everything it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Judged {
    /// The gate's name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it says.
    pub verdict: Verdict,
    /// What that rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
    /// Who overrode it and why; the verdict is then what it said before, and it counts as a yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
    /// The gates in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Self>,
}

impl Judged {
    /// What counts.
    #[must_use]
    pub fn counts(&self) -> Verdict {
        if self.overridden.is_some() {
            Verdict::Pass
        } else {
            self.verdict.clone()
        }
    }

    /// This one and all in it, from the outermost on.
    #[must_use]
    pub fn flat(&self) -> Vec<&Self> {
        let inner = self.parts.iter().flat_map(Self::flat);
        std::iter::once(self).chain(inner).collect()
    }
}

/// What a person overrides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Names of gates.
    pub names: Vec<String>,
    /// Who, and why.
    pub words: String,
}

/// What gates want to know before they can be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// A file of the working tree, by its path there.
    File(String),
    /// The checks and statuses of the commit; with the names that are asked for.
    Checks(Vec<String>),
    /// The pull request of the commit, and its reviews.
    Reviews,
    /// Who approved this run.
    Approvals,
    /// What code scanning found, by which tool.
    Alerts(Option<String>),
    /// What the run's ref names now.
    Tip,
    /// What a command of the configuration says; by the gate's name.
    Command(String),
    /// A session of the noxfile.
    Session(String),
    /// What the image says of itself.
    Image,
    /// What is recorded at the target.
    Ledger,
    /// That the image was proven in this environment, as its registry has it.
    Proof(String),
}

impl Want {
    /// Whether it can only be asked about a commit.
    #[must_use]
    pub const fn is_of_a_commit(&self) -> bool {
        matches!(
            self,
            Self::Checks(_) | Self::Reviews | Self::Alerts(_) | Self::Tip
        )
    }

    /// Whether the platform is asked.
    #[must_use]
    pub const fn is_of_the_platform(&self) -> bool {
        matches!(
            self,
            Self::Checks(_) | Self::Reviews | Self::Approvals | Self::Alerts(_)
        )
    }

    /// Whether the commit's own code, or a command, runs for it.
    #[must_use]
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Command(_) | Self::Session(_))
    }
}

/// What this gate, and all in it, want to know.
#[must_use]
pub fn wants(gate: &Gate) -> Vec<Want> {
    match &gate.kind {
        Kind::Checks(it) => vec![Want::Checks(it.names())],
        Kind::Reviews(_) => vec![Want::Reviews],
        Kind::Sessions(it) => it.names.iter().cloned().map(Want::Session).collect(),
        Kind::Findings(it) => it.wants(),
        Kind::Tests(it) => it.wants(),
        Kind::Approval(_) => vec![Want::Approvals],
        Kind::After(it) => vec![Want::Proof(it.environment.clone())],
        Kind::Freeze(it) => it.wants(),
        Kind::Trigger(_) => Vec::new(),
        Kind::Image(it) => it.wants(&gate.name),
        Kind::Fresh => vec![Want::Tip],
        Kind::Breaker(_) => vec![Want::Ledger],
        Kind::Command(_) => vec![Want::Command(gate.name.clone())],
        Kind::All(gates) | Kind::Any(gates) => gates.iter().flat_map(wants).collect(),
        Kind::Not(gate) => wants(gate),
    }
}

/// What a gate says, by this evidence at this time.
#[must_use]
pub fn judge(gate: &Gate, evidence: &Evidence, overrides: &Overrides, now: Timestamp) -> Judged {
    let inner = |gate: &Gate| judge(gate, evidence, overrides, now);
    let (parts, judgement) = match &gate.kind {
        Kind::All(gates) => together(gates.iter().map(inner).collect(), all),
        Kind::Any(gates) => together(gates.iter().map(inner).collect(), any),
        Kind::Not(gate) => together(vec![inner(gate)], |verdicts| {
            verdicts.first().map_or_else(|| all(&[]), not)
        }),
        kind => (Vec::new(), judge_kind(&gate.name, kind, evidence, now)),
    };
    let overridden = gate.is_overridden(&overrides.names);
    Judged {
        name: gate.name.clone(),
        kind: gate.kind.word(),
        overridden: overridden.then(|| overrides.words.clone()),
        verdict: judgement.verdict,
        because: judgement.because,
        parts,
    }
}

fn together(parts: Vec<Judged>, of: impl Fn(&[Verdict]) -> Verdict) -> (Vec<Judged>, Judgement) {
    let verdicts: Vec<Verdict> = parts.iter().map(Judged::counts).collect();
    let judgement = Judgement {
        verdict: of(&verdicts),
        because: Vec::new(),
    };
    (parts, judgement)
}

fn judge_kind(name: &str, kind: &Kind, evidence: &Evidence, now: Timestamp) -> Judgement {
    match kind {
        Kind::Checks(it) => it.judge(evidence, now),
        Kind::Reviews(it) => it.judge(evidence, now),
        Kind::Sessions(it) => it.judge(evidence, now),
        Kind::Findings(it) => it.judge(evidence, now),
        Kind::Tests(it) => it.judge(name, evidence, now),
        Kind::Approval(it) => it.judge(evidence, now),
        Kind::After(it) => it.judge(evidence, now),
        Kind::Freeze(it) => it.judge(evidence, now),
        Kind::Trigger(it) => it.judge(evidence),
        Kind::Image(it) => it.judge(name, evidence, now),
        Kind::Fresh => fresh::judge(evidence, now),
        Kind::Breaker(it) => it.judge(evidence, now),
        Kind::Command(_) => command::judge(name, evidence, now),
        Kind::All(_) | Kind::Any(_) | Kind::Not(_) => {
            Judgement::unknown(Lack::Lasting, "it is made of others")
        }
    }
}

/// The verdict of all that were judged.
#[must_use]
pub fn verdict(judged: &[Judged]) -> Verdict {
    let counts: Vec<Verdict> = judged.iter().map(Judged::counts).collect();
    all(&counts)
}

/// The same, where everything that nobody has asked yet turns out as well as it can: below this it cannot rise.
#[must_use]
pub fn at_best(judged: &[Judged]) -> Verdict {
    let best: Vec<Verdict> = judged.iter().map(|it| best(it, true)).collect();
    all(&best)
}

fn best(judged: &Judged, upright: bool) -> Verdict {
    if judged.overridden.is_some() {
        return Verdict::Pass;
    }
    let parts = |upright| -> Vec<Verdict> {
        let parts = judged.parts.iter();
        parts.map(|it| best(it, upright)).collect()
    };
    match judged.kind {
        "all" => all(&parts(upright)),
        "any" => any(&parts(upright)),
        "not" => parts(!upright).first().map_or_else(|| all(&[]), not),
        _ if judged.verdict.is_unasked() && upright => Verdict::Pass,
        _ if judged.verdict.is_unasked() => Verdict::Fail,
        _ => judged.verdict.clone(),
    }
}

/// This gate and all in it.
#[must_use]
pub fn flat(gate: &Gate) -> Vec<&Gate> {
    let inner: Vec<&Gate> = match &gate.kind {
        Kind::All(gates) | Kind::Any(gates) => gates.iter().flat_map(flat).collect(),
        Kind::Not(gate) => flat(gate),
        _ => Vec::new(),
    };
    std::iter::once(gate).chain(inner).collect()
}

/// The beginning of a commit, enough for a person.
pub(crate) fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}
