//! What the gates of a run are about: the event and what it says, the image, what is recorded; and which gates there are.

use serde_json::Value;

use super::super::Session;
use super::super::request::Command;
use super::proofs::InRegistry;
use super::{Asks, Gating, Stage};
use crate::config::{self, Facts};
use crate::event::{Event, System};
use crate::forge::Access;
use crate::gate::approval::Approval;
use crate::gate::evidence::{Labelled, Recorded, Subject, Upstream};
use crate::gate::trigger::{self, is_guarded};
use crate::gate::{self, Evidence, Gate, Kind, Overrides, Seen, results};
use crate::protocol::{Outcome, Platform};

impl Session {
    /// Whether this run asks gates: whoever goes back does not.
    pub(in super::super) fn has_gates(&self) -> bool {
        let asks = matches!(self.request().command, Command::Deploy | Command::Plan);
        let guarded = is_guarded(&self.facts.event, Some(self.facts.fork));
        asks && (guarded || !self.environment().gates.is_empty())
    }

    /// Whether a person overrides what is overridden; else the run has ended. What stands in a workflow for good is nobody's word.
    pub(in super::super) fn a_person_overrides(&mut self) -> bool {
        let asks = match self.request().command {
            Command::Deploy | Command::Promote | Command::Plan | Command::Rollback => true,
            Command::Release
            | Command::Abort
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => false,
        };
        let overrides = self.request().overrides.join(",");
        let Err(why) = self.facts.person() else {
            return true;
        };
        if !asks || overrides.is_empty() {
            return true;
        }
        let because = vec![format!(
            "`override: {overrides}` is a person's, who takes it on themselves: {why}"
        )];
        let next = vec![
            "start the run by hand (GitHub: workflow_dispatch, or run the job again; GitLab: Run pipeline) with `override` and `reason`, or use the command line; and leave `override` out of runs that start by themselves".to_owned(),
        ];
        self.finish(Outcome::Rejected, "override-forbidden", because, next);
        false
    }

    /// Whether what is overridden is there, and may be; else the run has ended.
    pub(in super::super) fn overrides_fit(&mut self) -> bool {
        let gates = self.environment().gates.clone();
        let known: Vec<&Gate> = gates.iter().flat_map(gate::flat).collect();
        let names: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
        let wanted = self.request().overrides.clone();
        let (mut mistakes, mut forbidden) = (Vec::new(), Vec::new());
        let own = config::Override::ALL.map(config::Override::word);
        for name in wanted.iter().filter(|it| !own.contains(&it.as_str())) {
            match known.iter().find(|it| it.name == *name) {
                Some(gate) => forbidden.extend(forbids(gate)),
                None => mistakes.push(format!(
                    "`override` names `{name}`, which is no gate of this environment; there are {}",
                    [names.as_slice(), &own].concat().join(", ")
                )),
            }
        }
        if !mistakes.is_empty() {
            self.finish(Outcome::Invalid, "override", mistakes, vec![]);
            return false;
        }
        if !forbidden.is_empty() {
            let next = vec![
                "see that it passes; or change the configuration, which others review".to_owned(),
            ];
            self.finish(Outcome::Rejected, "override-forbidden", forbidden, next);
            return false;
        }
        true
    }

    /// The event is known: these are the gates of the run.
    pub(in super::super) fn begin_gates(&mut self, event: &Event, payload: Option<&Value>) {
        if !self.has_gates() || self.gating.is_some() {
            return;
        }
        let evidence = Evidence {
            subject: self.subject(event, payload),
            ..Evidence::default()
        };
        let mut gates = self.environment().gates.clone();
        let guard = trigger::guard(&gates, &event.name, evidence.subject.fork);
        gates.splice(0..0, guard);
        let who = self.facts.actor.as_deref().unwrap_or("somebody");
        let reason = self.request().reason.clone().unwrap_or_default();
        let overrides = Overrides {
            names: self.request().overrides.clone(),
            words: format!("{who}: {reason}"),
        };
        let asks = Asks::new(self.access(event), self.begin.scratch.clone());
        let deadline = self.now.plus(self.request().patience);
        self.gating = Some(Gating::new(gates, evidence, overrides, asks, deadline));
    }

    fn subject(&self, event: &Event, payload: Option<&Value>) -> Subject {
        let sha = Some(event.sha.clone()).filter(|it| !it.is_empty());
        let run = self.begin.env.get("GITHUB_RUN_ID");
        let branch = event.ref_branch().map(str::to_owned);
        let tag = event.ref_tag().map(str::to_owned);
        Subject {
            // Of an image that somebody named it is what the image says.
            commit: sha.clone().filter(|_| !self.image_given),
            run_commit: sha,
            environment: self.environment().name.clone(),
            system: event.system,
            event: event.name.clone(),
            branch: branch.or_else(|| event.branch.clone()),
            tag: event.tag.clone().or(tag),
            fork: fork(event, payload),
            upstream: payload.and_then(upstream),
            actor: self.facts.actor.clone(),
            vouched: self.facts.vouched,
            attempt: self.facts.attempt,
            by_hand: self.facts.by_hand,
            run: run.filter(|it| !it.is_empty()).cloned(),
            run_url: self.facts.run_url.clone(),
        }
    }

    /// How the platform is asked; or why it cannot be.
    pub(in super::super) fn access(&self, event: &Event) -> Result<Access, String> {
        let get = |name: &str| self.begin.env.get(name).filter(|it| !it.is_empty());
        let system = match event.system {
            // Somebody who tells where the repository is has one there.
            System::Git if get("GITHUB_REPOSITORY").is_some() => System::GitHub,
            system => system,
        };
        if !system.is_like_github() {
            let word = system.word();
            return Err(format!(
                "it asks GitHub, Forgejo or Gitea, and this run is of {word}"
            ));
        }
        let server = get("GITHUB_SERVER_URL").map_or("https://github.com", String::as_str);
        let server = server.trim_end_matches('/');
        let usual = match system {
            System::GitHub if server == "https://github.com" => "https://api.github.com".to_owned(),
            System::GitHub => format!("{server}/api/v3"),
            _ => format!("{server}/api/v1"),
        };
        let api = get("GITHUB_API_URL").unwrap_or(&usual);
        let repository = get("GITHUB_REPOSITORY").unwrap_or(&event.repository.full_name);
        let token = match self.begin.platform {
            Platform::CommandLine => "GITHUB_TOKEN",
            Platform::Actions | Platform::ActionsPost => "INPUT_GITHUB-TOKEN",
        };
        Access::new(system, api, repository, token)
    }

    /// Of a label that images have.
    pub(super) fn label_of_image(&self, key: &str) -> Option<String> {
        let labels = &self.image.as_ref().filter(|_| !self.unseen)?.labels;
        let label = labels.get(&format!("org.opencontainers.image.{key}"))?;
        Some(label.clone()).filter(|it| !it.is_empty())
    }

    pub(super) fn labelled(&self) -> Option<Seen<Labelled>> {
        let release = self.wanted.as_ref().filter(|_| !self.unseen)?;
        let labelled = Labelled {
            revision: self.label_of_image("revision"),
            reference: release.reference(),
        };
        let (at, what) = (self.now, Ok(labelled));
        Some(Seen { at, what })
    }

    pub(super) fn recorded(&self) -> Recorded {
        let Some(memory) = &self.memory else {
            return Recorded::default();
        };
        let state = memory.ledger.state();
        let failures = state.failures.iter();
        let serving = state.serving();
        let counted = serving.map(|it| it.counted.clone()).unwrap_or_default();
        Recorded {
            failures: failures.map(|it| (it.at, it.version.clone())).collect(),
            nameless: results::nameless(&self.environment().gates, &counted),
            counted,
            serving: serving.map(|it| it.release.version.clone()),
        }
    }

    /// What fills the placeholders of commands.
    /// The image that is to be deployed, and how its registry is asked; `None`: it is in none, or not known yet.
    pub(super) fn image_in_a_registry(&self) -> Option<InRegistry> {
        let wanted = self.wanted.as_ref().filter(|it| !it.local)?;
        Some(InRegistry {
            service: self.config.as_ref()?.service.clone(),
            image: wanted.image.clone(),
            digest: wanted.digest.clone(),
            login: self.login(&wanted.image),
        })
    }

    pub(in super::super) fn facts_of_image(&self) -> Facts {
        let environment = self.environment().name.clone();
        let release = self.wanted.as_ref();
        Facts {
            version: release.map(|it| it.version.clone()).unwrap_or_default(),
            sha: release.and_then(|it| it.revision.clone()),
            digest: release.map(|it| it.digest.clone()).unwrap_or_default(),
            environment,
        }
    }

    /// The gate that is the button of this environment; one that is overridden is none.
    pub(in super::super) fn approval(&self) -> Option<&Approval> {
        let names = &self.request().overrides;
        let gates = self.environment().gates.iter();
        let mut asked = gates.filter(|gate| !gate.is_overridden(names));
        asked.find_map(|gate| match &gate.kind {
            Kind::Approval(approval) => Some(approval),
            _ => None,
        })
    }

    /// The image is known.
    pub(in super::super) fn gate_image(&mut self) {
        match self.request().command {
            Command::Deploy | Command::Plan => self.gate(Stage::Image),
            Command::Release
            | Command::Rollback
            | Command::Promote
            | Command::Abort
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => {
                self.past_image();
            }
        }
    }
}

/// Why a gate cannot be overridden; `None`: it can.
fn forbids(gate: &Gate) -> Option<String> {
    let by = gate.forbids_overriding()?;
    let (name, inner) = (&gate.name, &by.name);
    let whose = match (&by.kind, by.name == *name) {
        (Kind::Approval(_), true) => {
            "an approval can be only where it says `override: true`".to_owned()
        }
        (Kind::Approval(_), false) => {
            format!("the approval `{inner}` in it can be only where it says `override: true`")
        }
        (_, true) => "its configuration says `override: false`".to_owned(),
        (_, false) => format!("`{inner}` in it says `override: false`"),
    };
    Some(format!("the gate `{name}` cannot be overridden: {whose}"))
}

/// Whether another repository is behind the event; `None`: it does not say.
fn fork(event: &Event, payload: Option<&Value>) -> Option<bool> {
    if let Some(request) = &event.pull_request {
        return request.fork;
    }
    let number = |path: &str| payload?.pointer(path)?.as_u64();
    match event.name.as_str() {
        "workflow_run" => {
            let head = number("/workflow_run/head_repository/id")?;
            Some(head != number("/repository/id")?)
        }
        // A comment on a pull request does not say whose it is.
        "issue_comment" if payload?.pointer("/issue/pull_request").is_none() => Some(false),
        _ => None,
    }
}

fn upstream(payload: &Value) -> Option<Upstream> {
    let run = payload.get("workflow_run")?;
    let text = |member: &str| {
        let text = run.get(member).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    Some(Upstream {
        event: text("event"),
        conclusion: text("conclusion"),
        commit: text("head_sha"),
        branch: text("head_branch"),
    })
}
