//! A plan: what a deploy would do, step by step, with what each may cost and what happens where it fails.

use super::Session;
use super::hooks::plan as hooking;
use super::request::Command;
use crate::ledger::State;
use crate::protocol::Outcome;
use crate::report::PlanLines;
use crate::rollout::{Form, Plan, Strategy};
use crate::spec::{Probe, Release, Spec};

/// What a router cannot do that is wanted of it.
pub(super) struct Lack {
    why: String,
    /// What can be done besides renewing it.
    or: &'static str,
}

mod steps;

use steps::steps;
pub(super) use steps::{interrupts, step};

/// What a proof without a question leaves open.
fn weak_proof(spec: &Spec) -> Option<String> {
    match &spec.health.probe {
        Probe::Runs(_) => Some("nothing says whether this worker is well, so it is proven by not ending only: a weak proof; a HEALTHCHECK in the image, or `health: { exec: […] }`, is a better one".to_owned()),
        Probe::Http { .. } | Probe::Tcp | Probe::Exec(_) | Probe::Image => None,
    }
}

impl Session {
    pub(super) fn show_plan(&mut self) {
        let mut because = if !self.unseen {
            vec!["this is what deploy would do; nothing was touched".to_owned()]
        } else {
            vec![
                "the image is not on this engine: deploy fetches it, and then knows more"
                    .to_owned(),
            ]
        };
        because.extend(self.gates_of_a_plan());
        self.finish(Outcome::Shown, "planned", because, vec![]);
    }

    pub(super) fn plan_lines(&self, plan: &Plan, release: &Release) -> PlanLines {
        let listen = self.listens_at();
        let steps = steps(
            plan,
            &release.version,
            &release.spec.health.probe,
            &listen,
            &self.hooks_in_words(),
        );
        let interruption = interrupts(plan).then(|| {
            match plan.form {
                Form::Server => "from the withdrawal of the old version until the new one is proven, or the old one has started again",
                Form::Worker => "nothing works from the stop of the old version until the new one has started, or the old one again",
            }
            .to_owned()
        });
        PlanLines {
            strategy: plan.strategy.word().to_owned(),
            button: self.button(),
            worst: steps.iter().map(|step| step.worst).sum(),
            steps,
            rollback: self.rollback_sentence(plan),
            no_return: hooking::points(plan),
            peak: u32::try_from(plan.peak()).unwrap_or(u32::MAX),
            interruption,
            notes: self
                .router_lacks(plan)
                .into_iter()
                .map(|it| it.why)
                .chain(self.notes(&listen))
                .chain(self.another_form(release))
                // Of an image that was not seen nobody knows what it has.
                .chain(weak_proof(&release.spec).filter(|_| !self.unseen))
                .collect(),
        }
    }

    /// Where users come to: as the router was made, and else as it will be.
    fn listens_at(&self) -> String {
        let found = self.survey.router.as_ref().and_then(|it| it.listen.clone());
        let found = found.or_else(|| self.docker().setup.listen.clone());
        found.unwrap_or_default()
    }

    fn notes(&self, listen: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if self.survey.router.is_none() {
            notes.push(match self.form() {
                Form::Server => format!(
                    "the first deploy here: network, volume and router are made; {listen} must be free"
                ),
                Form::Worker => "the first deploy here: network, volume and keeper are made; it is a worker, without `run.port`, so nobody reaches it".to_owned(),
            });
        }
        notes.extend(self.stop_note());
        notes.extend(self.router_note());
        if self.request().command == Command::Rollback && !self.environment().hooks.is_empty() {
            notes.push("a rollback runs no hooks".to_owned());
        }
        if self.unseen {
            notes.push(
                "the image is not on this engine yet: deploy fetches it first; its digest, its own HEALTHCHECK and whether it is in quarantine are known only then"
                    .to_owned(),
            );
        }
        notes
    }

    /// What of the router is not what the configuration says; `None`: nothing.
    pub(super) fn router_note(&self) -> Option<String> {
        let found = self.survey.router.as_ref()?;
        let (wanted, name) = (&self.docker().setup, self.docker().router());
        let program = self.engine_word();
        // Podman says of an image of this machine alone that it is from here.
        let in_full = found.image.strip_prefix("localhost/") == Some(&wanted.image);
        let differs = match &found.listen {
            Some(listen) if wanted.listen.as_ref().is_some_and(|it| it != listen) => {
                let wanted = wanted.listen.as_deref().unwrap_or_default();
                format!("users reach it at {listen}, not at {wanted}")
            }
            Some(_) | None if found.image != wanted.image && !in_full => {
                format!("it runs {}, not {}", found.image, wanted.image)
            }
            Some(_) | None if self.docker().outdated() => {
                "its settings are older than the configuration".to_owned()
            }
            Some(_) | None => return None,
        };
        Some(format!(
            "the {} is not what the configuration says: {differs}; a deploy never replaces it; to renew it, `{program} rm -f {name}` and deploy again ({})",
            self.front(),
            self.interruption()
        ))
    }

    /// Why this cannot be deployed here, where one has a port and the other has none; `None`: both have, or neither.
    ///
    /// Going back from a worker to what users reach, or the other way round, would need a router that knows both.
    pub(super) fn another_form(&self, release: &Release) -> Option<String> {
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        let wanted = Form::of(release.spec.port);
        let serving = state.and_then(State::serving);
        let serving = serving.map(|it| Form::of(it.release.spec.port));
        if self.form() == wanted && serving.is_none_or(|it| it == wanted) {
            return None;
        }
        let name = &release.version;
        Some(match wanted {
            Form::Worker => format!(
                "{name} has no `run.port`, and what was made here is for one that has: users would reach nobody"
            ),
            Form::Server => format!(
                "{name} has a `run.port`, and what was made here is for a worker without one: users would not reach it"
            ),
        })
    }

    /// It is said before anything is touched: after it nobody would reach what was deployed.
    ///
    /// Where the router alone is of another form than what serves and what is wanted, it is made anew.
    pub(super) fn refuse_another_form(&mut self, why: String, wanted: Form) {
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        let serving = state.and_then(State::serving);
        if serving.is_some_and(|it| Form::of(it.release.spec.port) == wanted) {
            let next = self.renew_router();
            return self.finish(Outcome::Failed, "another-form", vec![why], next);
        }
        let (service, environment) = (&self.docker().service, &self.environment().name);
        let program = self.engine_word();
        let next = vec![format!(
            "name it otherwise (`service:`), deploy it, and put {service} away by hand: `{program} rm -f $({program} ps -aq --filter label=cd-action.service={service} --filter label=cd-action.environment={environment})`"
        )];
        self.finish(Outcome::Failed, "another-form", vec![why], next);
    }

    /// What a router that an earlier version of the action has made cannot do that this plan wants of it; empty: it can do all.
    pub(super) fn router_lacks(&self, plan: &Plan) -> Vec<Lack> {
        let lacks = [self.uncounted(plan), self.unstuck(plan)];
        lacks.into_iter().flatten().collect()
    }

    fn unstuck(&self, plan: &Plan) -> Option<Lack> {
        let shared = plan.old.is_some() && !self.docker().can_stick();
        (plan.sticky && shared).then(|| Lack {
            why: "the strategy makes users stick to a version (`sticky`), and this router, which an earlier version of the action has made, cannot".to_owned(),
            or: "leave `sticky` out of the strategy",
        })
    }

    /// What is asked of the times would never have an answer.
    fn uncounted(&self, plan: &Plan) -> Option<Lack> {
        let asked = plan
            .comparison
            .as_ref()
            .is_some_and(|it| it.latency.is_some());
        let compared = plan.old.is_some() && plan.strategy == Strategy::Canary;
        (asked && compared && !self.docker().counts_times()).then(|| Lack {
            why: "the analysis asks how long requests take, and this router, which an earlier version of the action has made, does not count that".to_owned(),
            or: "leave `latency` out of the analysis",
        })
    }

    /// It is said before anything is touched: later the canary would wait for an answer that never comes, or users would go back and forth.
    pub(super) fn router_outdated(&mut self, lacks: Vec<Lack>) {
        let name = self.docker().router();
        let program = self.engine_word();
        let or: Vec<&str> = lacks.iter().map(|it| it.or).collect();
        let next = vec![format!(
            "renew the router: `{program} rm -f {name}` on the target, then run this again (an interruption of about a second); or {}",
            or.join(" and ")
        )];
        let because = lacks.into_iter().map(|it| it.why).collect();
        self.finish(Outcome::Failed, "router-outdated", because, next);
    }

    fn button(&self) -> String {
        let name = &self.environment().name;
        if let Some(approval) = self.approval() {
            return format!("{name} waits for a person: {}", approval.words());
        }
        match self.environment().mode {
            crate::config::Mode::Delivery => {
                format!("{name} is in delivery mode: a person pushes the button")
            }
            crate::config::Mode::Deployment => {
                format!("{name} is in deployment mode: every run that gets here goes on by itself")
            }
        }
    }

    fn rollback_sentence(&self, plan: &Plan) -> String {
        let serving = self
            .memory
            .as_ref()
            .and_then(|memory| memory.ledger.state().serving().cloned());
        match (&plan.old, serving) {
            (None, _) => {
                "none: nothing serves here yet; where it fails, nothing serves again".to_owned()
            }
            (Some(old), Some(good)) if good.generation == old.generation => {
                format!(
                    "{} ({}), known-good since {}",
                    good.release.version,
                    old.generation,
                    crate::report::when(good.since)
                )
            }
            (Some(old), _) => format!(
                "{}, which serves, but was never proven here",
                old.generation
            ),
        }
    }
}
