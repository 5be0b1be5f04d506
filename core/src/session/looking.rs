//! Finding out: the configuration, the engine, what is there, and the image. Nothing is changed here.

use std::collections::BTreeSet;

use super::gating::Stage;
use super::housing::RESTARTING;
use super::request::Command;
use super::{Session, Tag, text_of};
use crate::config::{self, Environment, Mode, Override, Target};
use crate::protocol::{Completion, Effect, Emit, Fault, Level, Outcome};
use crate::rollout::Form;
use crate::target::docker::{Docker, Engine, Listed, RouterFound, Setup, Terms};

/// Where a configuration is looked for.
const PLACES: [&str; 2] = [".github/cd.yml", "cd.yml"];

/// Most bytes of a configuration.
const CONFIG_LIMIT: u32 = 256 * 1024;

impl Session {
    pub(super) fn read_config(&mut self) {
        self.configs = match &self.request().config {
            Some(path) => vec![(path.clone(), None)],
            None => PLACES
                .iter()
                .map(|path| ((*path).to_owned(), None))
                .collect(),
        };
        self.read_config_at(0);
    }

    fn read_config_at(&mut self, at: usize) {
        let Some((path, _)) = self.configs.get(at) else {
            return self.choose_config();
        };
        let path = if path.starts_with('/') {
            path.clone()
        } else {
            format!("{}/{path}", self.begin.workspace)
        };
        self.effect(
            Tag::Config(at),
            Effect::ReadFile {
                path,
                limit: CONFIG_LIMIT,
            },
        );
    }

    pub(super) fn on_config(&mut self, at: usize, done: &[Completion]) {
        if let Some((_, text)) = self.configs.get_mut(at) {
            *text = text_of(done);
        }
        if let Some(Completion::Failed { fault, message }) = done.first()
            && *fault != Fault::NotFound
        {
            let path = self
                .configs
                .get(at)
                .map(|(path, _)| path.clone())
                .unwrap_or_default();
            return self.finish(
                Outcome::Invalid,
                "config",
                vec![format!("{path} cannot be read: {message}")],
                vec![],
            );
        }
        self.read_config_at(at + 1);
    }

    fn choose_config(&mut self) {
        let found: Vec<(String, String)> = self
            .configs
            .iter()
            .filter_map(|(path, text)| Some((path.clone(), text.clone()?)))
            .collect();
        match found.as_slice() {
            [(path, text)] => self.parse_config(&path.clone(), &text.clone()),
            [] => {
                let places: Vec<&str> =
                    self.configs.iter().map(|(path, _)| path.as_str()).collect();
                let because = vec![format!(
                    "there is no configuration: looked for {}",
                    places.join(" and ")
                )];
                let next = vec!["write cd.yml; the smallest one is:\n  service: NAME\n  run: { port: 8000 }\n  environments: { staging: {} }".to_owned()];
                self.finish(Outcome::Invalid, "config", because, next);
            }
            _ => {
                let because = vec![
                    "there are two configurations, .github/cd.yml and cd.yml: which one counts?"
                        .to_owned(),
                ];
                self.finish(
                    Outcome::Invalid,
                    "config",
                    because,
                    vec!["remove one, or name one with `config`".to_owned()],
                );
            }
        }
    }

    fn parse_config(&mut self, path: &str, text: &str) {
        match config::parse(path, text, self.facts.repository.as_deref()) {
            Ok(config) => {
                self.config = Some(config);
                match self.request().command {
                    Command::Release => self.begin_release(),
                    Command::Plan
                    | Command::Deploy
                    | Command::Rollback
                    | Command::Promote
                    | Command::Abort
                    | Command::Stop
                    | Command::Resume
                    | Command::Status
                    | Command::Recover => self.choose_environment(),
                }
            }
            Err(errors) => self.config_errors(&errors),
        }
    }

    pub(super) fn config_errors(&mut self, errors: &config::ConfigErrors) {
        for error in errors.iter() {
            self.emit(Emit::Annotation {
                level: Level::Error,
                title: error.code.to_owned(),
                message: error.to_string(),
                file: error.place.as_ref().map(|place| place.file.clone()),
                line: error.place.as_ref().map(|place| place.line),
                column: error.place.as_ref().map(|place| place.column),
            });
        }
        let because = errors.iter().map(ToString::to_string).collect();
        self.finish(
            Outcome::Invalid,
            "config",
            because,
            vec!["docs/configuration.md explains every key".to_owned()],
        );
    }

    fn choose_environment(&mut self) {
        let Some(config) = self.config.as_ref() else {
            return;
        };
        let names: Vec<String> = config.environments.keys().cloned().collect();
        let wanted = self.request().environment.clone();
        let name = match (&wanted, names.as_slice()) {
            (Some(name), _) => name.clone(),
            (None, [only]) => only.clone(),
            (None, _) => {
                let because = vec![format!("which environment? there are {}", names.join(", "))];
                return self.finish(
                    Outcome::Invalid,
                    "environment",
                    because,
                    vec!["name it with `environment`".to_owned()],
                );
            }
        };
        let Some(environment) = config.environments.get(&name).cloned() else {
            let because = vec![format!(
                "there is no environment `{name}`; there are {}",
                names.join(", ")
            )];
            return self.finish(Outcome::Invalid, "environment", because, vec![]);
        };
        self.report.service.clone_from(&config.service);
        self.report.environment = name;
        self.report.url.clone_from(&environment.url);
        self.mask_config(&environment);
        self.mask_registry();
        let forbidden = self.forbidden_overrides(&environment);
        if !forbidden.is_empty() {
            let next =
                vec!["`environments.<name>.overrides` says what may be overridden".to_owned()];
            return self.finish(Outcome::Rejected, "override-forbidden", forbidden, next);
        }
        self.environment = Some(environment);
        if !self.overrides_fit() || !self.a_person_overrides() {
            return;
        }
        self.image_given = self.request().image.is_some();
        let unnamed = !self.image_given && self.wants_an_image();
        if unnamed || self.has_gates() {
            return self.gather();
        }
        self.begin_target();
    }

    /// Overrides that were asked for and that the configuration does not leave to anybody.
    fn forbidden_overrides(&self, environment: &Environment) -> Vec<String> {
        let forbidden = Override::ALL
            .into_iter()
            .filter(|it| self.overrides(*it) && !environment.overrides.contains(it));
        let words = forbidden.map(|it| {
            let (word, name) = (it.word(), &environment.name);
            format!("`override: {word}` is forbidden in {name}")
        });
        words.collect()
    }

    /// A release needs no environment, and no engine until something is to be built.
    fn begin_release(&mut self) {
        if let Some(config) = &self.config {
            self.report.service.clone_from(&config.service);
        }
        self.mask_registry();
        self.gather();
    }

    /// Whether an image has to be found that nobody named. A plan goes without one where none is built here.
    pub(super) fn wants_an_image(&self) -> bool {
        match self.request().command {
            Command::Deploy => true,
            Command::Plan => self.config.as_ref().is_some_and(|it| it.build.is_some()),
            Command::Release
            | Command::Rollback
            | Command::Promote
            | Command::Abort
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => false,
        }
    }

    pub(super) fn begin_target(&mut self) {
        let (Some(config), Some(environment)) = (&self.config, &self.environment) else {
            return;
        };
        let setup = Setup {
            image: match &environment.target {
                Target::Docker { .. } => config.router.image.clone(),
                Target::Podman => config::router_image_in_full(&config.router.image),
            },
            listen: environment.listen.as_ref().map(ToString::to_string),
            forwarded: config.router.forwarded,
            asks: true,
            check: 0,
            cookie: format!("cd-{}.{}", config.service, environment.name),
        };
        let terms = Terms {
            holder: self.begin.holder.clone(),
            run: self.facts.run_url.clone(),
            term: environment.lease,
        };
        let engine = match &environment.target {
            Target::Docker { host, .. } => Engine::docker(host.as_ref().map(ToString::to_string)),
            Target::Podman => Engine::podman(),
        };
        let mut docker = Docker::new(&config.service, &environment.name, engine, setup, terms);
        self.report.worker = environment.listen.is_none();
        if self.report.worker {
            // What it has begun is a job, and it alone knows when that has ended.
            docker.grace = environment.drain;
        }
        self.docker = Some(docker);
        // Where a gate asks for a person, that one is the button.
        let delivery = environment.mode == Mode::Delivery && self.approval().is_none();
        if self.request().command == Command::Promote
            && let Err(why) = self.facts.person()
        {
            let because = vec![format!("a person promotes: {why}")];
            let next = vec!["start the run by hand (GitHub: workflow_dispatch, or run the job again; GitLab: Run pipeline)".to_owned()];
            return self.finish(Outcome::Held, "delivery", because, next);
        }
        if delivery && self.request().command == Command::Deploy && !self.facts.pressed() {
            let name = &environment.name;
            let because = vec![format!(
                "{name} is in delivery mode: a person pushes the button, and this run was started by {}",
                self.started_by()
            )];
            let next = vec![format!(
                "start the run by hand (GitHub: workflow_dispatch, or run the job again; GitLab: Run pipeline); where the platform itself asks a person before the job begins, say `environments.{name}.mode: deployment`"
            )];
            return self.finish(Outcome::Held, "delivery", because, next);
        }
        self.gate(Stage::Run);
    }

    fn started_by(&self) -> String {
        match (self.facts.event.as_str(), &self.facts.actor) {
            (_, Some(actor)) if self.facts.by_hand => format!("{actor}, a machine's account"),
            ("", _) => "automation".to_owned(),
            (event, _) => format!("`{event}`"),
        }
    }

    // --- what is there -------------------------------------------------------------------------------------------

    /// The first look: at what is there, and side by side at the image that is wanted.
    pub(super) fn look(&mut self) {
        match self.request().command {
            Command::Deploy | Command::Plan => self.look_at_image(),
            Command::Release
            | Command::Rollback
            | Command::Promote
            | Command::Abort
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => {
                self.imaged = true;
            }
        }
        if !self.ending {
            self.survey(false);
        }
    }

    /// Looks at what is there; again, once the lease is `held`: whoever had it may have changed everything.
    pub(super) fn survey(&mut self, held: bool) {
        let known: Vec<String> = self.listed.iter().map(|it| it.name.clone()).collect();
        let steps = self.docker().survey(&known);
        self.call(Tag::Names { held }, steps);
    }

    pub(super) fn on_names(&mut self, held: bool, done: &[Completion]) {
        let router = self.docker().router();
        let (listed, inspected) = match self.docker().read_listed(done) {
            Err(trouble) => return self.trouble(&trouble),
            Ok(read) => read,
        };
        let known = std::mem::replace(&mut self.listed, listed);
        let names = |listed: &[Listed]| -> BTreeSet<String> {
            listed.iter().map(|it| it.name.clone()).collect()
        };
        if self.listed.is_empty() {
            return self.on_containers(held, None);
        }
        if inspected.is_some() && names(&known) == names(&self.listed) {
            return self.on_containers(held, inspected);
        }
        let runs = self.listed.iter().any(|it| it.running && it.name == router);
        if !held && runs && !Self::looks_only(self.request().command) {
            // What there is will be looked at under the lease; that there is a router is enough until then.
            self.survey.router = Some(RouterFound::listed());
            self.surveyed = true;
            return self.go_in();
        }
        let names: Vec<String> = names(&self.listed).into_iter().collect();
        let steps = self.docker().survey_containers(&names);
        self.call(Tag::Containers { held }, steps);
    }

    pub(super) fn on_containers(&mut self, held: bool, done: Option<&Completion>) {
        self.survey = match self.docker_mut().read_containers(done) {
            Err(trouble) => return self.trouble(&trouble),
            Ok(survey) => survey,
        };
        if held {
            return self.remember();
        }
        self.surveyed = true;
        self.go_in();
    }

    /// Both halves of the first look are over, or one still goes on.
    pub(super) fn go_in(&mut self) {
        if self.surveyed && self.imaged {
            self.gate_image();
        }
    }

    /// The gates had their say about the image.
    pub(super) fn past_image(&mut self) {
        let router = self.survey.router.as_ref();
        let (there, running) = (router.is_some(), router.is_some_and(|it| it.running));
        match self.request().command {
            Command::Deploy => self.enter_house(),
            Command::Plan | Command::Status | Command::Stop if running => self.open(false),
            Command::Resume if running => self.open(true),
            Command::Rollback | Command::Promote | Command::Abort | Command::Recover if there => {
                self.enter_house();
            }
            Command::Release
            | Command::Plan
            | Command::Status
            | Command::Stop
            | Command::Resume
            | Command::Promote
            | Command::Abort
            | Command::Rollback
            | Command::Recover => {
                // Somebody may have taken the router away: what is remembered is in the volume.
                let steps = self.docker().look_for_volume();
                self.call(Tag::Volume, steps);
            }
        }
    }

    pub(super) fn on_volume(&mut self, done: &[Completion]) {
        match self.docker().read_volume(done) {
            Err(trouble) => self.trouble(&trouble),
            Ok(false) => self.nothing_there(),
            Ok(true) => match self.request().command {
                Command::Rollback | Command::Promote | Command::Abort | Command::Recover => {
                    self.enter_house();
                }
                Command::Release
                | Command::Plan
                | Command::Status
                | Command::Stop
                | Command::Resume
                | Command::Deploy => {
                    self.router_away();
                }
            },
        }
    }

    /// There is a memory, and nobody through whom it can be read: what is not known is not told.
    fn router_away(&mut self) {
        let router = self.docker().router();
        let state = match &self.survey.router {
            Some(found) => format!("is {}", found.status),
            None => "is gone".to_owned(),
        };
        let seen = self.survey.instances.iter();
        let seen = seen.map(|it| format!("{} is {}", it.name, it.status));
        let because = std::iter::once(format!(
            "the {} {router} {state}: {}what is recorded cannot be read",
            self.front(),
            match self.form() {
                Form::Server => "users are not served, and ",
                Form::Worker => "",
            }
        ))
        .chain(seen)
        .collect();
        let paused = self
            .survey
            .router
            .as_ref()
            .is_some_and(|it| it.status == "paused");
        let restarting = self.survey.router.as_ref();
        let restarting = restarting.is_some_and(|it| it.status == RESTARTING);
        let next = if paused {
            let program = self.engine_word();
            vec![format!("`{program} unpause {router}` on the target")]
        } else if restarting {
            self.renew_router()
        } else {
            vec![format!("{} starts it again", self.command("recover"))]
        };
        self.finish(Outcome::Failed, "router-away", because, next);
    }

    fn nothing_there(&mut self) {
        match self.request().command {
            Command::Plan => self.decide(),
            Command::Status => self.show_status(),
            Command::Promote => self.promote(),
            Command::Abort => self.abort(),
            Command::Recover => {
                self.finish(
                    Outcome::Unchanged,
                    "nothing-there",
                    vec!["nothing was ever deployed here".to_owned()],
                    vec![],
                );
            }
            Command::Stop => {
                let because = vec![
                    "nothing was ever deployed here: there is nothing to stop, and nowhere to remember it"
                        .to_owned(),
                ];
                let next = vec![
                    "with `mode: delivery` a person pushes the button for the first deploy"
                        .to_owned(),
                ];
                self.finish(Outcome::Failed, "nothing-there", because, next);
            }
            Command::Resume => {
                let because =
                    vec!["nothing was ever deployed here, and nothing is stopped".to_owned()];
                self.finish(Outcome::Unchanged, "not-stopped", because, vec![]);
            }
            Command::Release | Command::Rollback | Command::Deploy => {
                self.finish(
                    Outcome::Failed,
                    "nothing-there",
                    vec![
                        "nothing was ever deployed here: there is nothing to go back to".to_owned(),
                    ],
                    vec![],
                );
            }
        }
    }
}
