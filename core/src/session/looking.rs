//! Finding out: the configuration, the engine, what is there, and the image. Nothing is changed here.

use std::collections::BTreeMap;

use super::request::Command;
use super::{Session, Tag, text_of};
use crate::config::{self, DockerHost, Environment, Mode, Target};
use crate::protocol::{Completion, Content, Effect, Emit, Fault, Level, Outcome, Run};
use crate::spec::{Probe, Release, Spec};
use crate::target::docker::{Docker, Engine, Image, Setup, Step, Terms, Trouble};

/// Where a configuration is looked for.
const PLACES: [&str; 2] = [".github/cd.yml", "cd.yml"];

/// Most bytes of a configuration.
const CONFIG_LIMIT: u32 = 256 * 1024;

impl Session {
    pub(super) fn read_config(&mut self) {
        self.configs = match &self.request().config {
            Some(path) => vec![(path.clone(), None)],
            None => PLACES.iter().map(|path| ((*path).to_owned(), None)).collect(),
        };
        self.read_config_at(0);
    }

    fn read_config_at(&mut self, at: usize) {
        let Some((path, _)) = self.configs.get(at) else { return self.choose_config() };
        let path = if path.starts_with('/') { path.clone() } else { format!("{}/{path}", self.begin.workspace) };
        self.effect(Tag::Config(at), Effect::ReadFile { path, limit: CONFIG_LIMIT });
    }

    pub(super) fn on_config(&mut self, at: usize, done: &[Completion]) {
        if let Some((_, text)) = self.configs.get_mut(at) {
            *text = text_of(done);
        }
        if let Some(Completion::Failed { fault, message }) = done.first()
            && *fault != Fault::NotFound
        {
            let path = self.configs.get(at).map(|(path, _)| path.clone()).unwrap_or_default();
            return self.finish(Outcome::Invalid, "config", vec![format!("{path} cannot be read: {message}")], vec![]);
        }
        self.read_config_at(at + 1);
    }

    fn choose_config(&mut self) {
        let found: Vec<(String, String)> =
            self.configs.iter().filter_map(|(path, text)| Some((path.clone(), text.clone()?))).collect();
        match found.as_slice() {
            [(path, text)] => self.parse_config(&path.clone(), &text.clone()),
            [] => {
                let places: Vec<&str> = self.configs.iter().map(|(path, _)| path.as_str()).collect();
                let because = vec![format!("there is no configuration: looked for {}", places.join(" and "))];
                let next = vec!["write cd.yml; the smallest one is:\n  service: NAME\n  run: { port: 8000 }\n  environments: { staging: {} }".to_owned()];
                self.finish(Outcome::Invalid, "config", because, next);
            }
            _ => {
                let because = vec!["there are two configurations, .github/cd.yml and cd.yml: which one counts?".to_owned()];
                self.finish(Outcome::Invalid, "config", because, vec!["remove one, or name one with `config`".to_owned()]);
            }
        }
    }

    fn parse_config(&mut self, path: &str, text: &str) {
        match config::parse(path, text, self.facts.repository.as_deref()) {
            Ok(config) => {
                self.config = Some(config);
                self.choose_environment();
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
                line: error.place.as_ref().and_then(|place| u32::try_from(place.line).ok()),
                column: error.place.as_ref().and_then(|place| u32::try_from(place.column).ok()),
            });
        }
        let because = errors.iter().map(ToString::to_string).collect();
        self.finish(Outcome::Invalid, "config", because, vec!["docs/configuration.md explains every key".to_owned()]);
    }

    fn choose_environment(&mut self) {
        let Some(config) = self.config.as_ref() else { return };
        let names: Vec<String> = config.environments.keys().cloned().collect();
        let wanted = self.request().environment.clone();
        let name = match (&wanted, names.as_slice()) {
            (Some(name), _) => name.clone(),
            (None, [only]) => only.clone(),
            (None, _) => {
                let because = vec![format!("which environment? there are {}", names.join(", "))];
                return self.finish(Outcome::Invalid, "environment", because, vec!["name it with `environment`".to_owned()]);
            }
        };
        let Some(environment) = config.environments.get(&name).cloned() else {
            let because = vec![format!("there is no environment `{name}`; there are {}", names.join(", "))];
            return self.finish(Outcome::Invalid, "environment", because, vec![]);
        };
        self.report.service.clone_from(&config.service);
        self.report.environment = name;
        self.report.url.clone_from(&environment.url);
        self.environment = Some(environment);
        self.begin_target();
    }

    fn begin_target(&mut self) {
        let (Some(config), Some(environment)) = (&self.config, &self.environment) else { return };
        let setup = Setup {
            image: config.router.image.clone(),
            listen: environment.listen.to_string(),
            forwarded: config.router.forwarded,
            asks: true,
        };
        let terms = Terms { holder: self.begin.holder.clone(), run: self.facts.run_url.clone(), term: environment.lease };
        let Target::Docker { host, .. } = &environment.target;
        let engine = Engine { host: host.as_ref().map(ToString::to_string) };
        self.docker = Some(Docker::new(&config.service, &environment.name, engine, setup, terms));
        let delivery = environment.mode == Mode::Delivery;
        if delivery && self.request().command == Command::Deploy && !self.facts.by_hand {
            let name = &environment.name;
            let because = vec![format!("{name} is in delivery mode: a person pushes the button, and this run was started by {}", self.started_by())];
            let next = vec![format!("start the workflow by hand (workflow_dispatch), or run the job again by hand; `environments.{name}.mode: deployment` lets every run through")];
            return self.finish(Outcome::Held, "delivery", because, next);
        }
        self.connect();
    }

    fn started_by(&self) -> String {
        self.begin.env.get("GITHUB_EVENT_NAME").map_or_else(|| "automation".to_owned(), |event| format!("`{event}`"))
    }

    // --- the way to the engine -----------------------------------------------------------------------------------

    fn connect(&mut self) {
        let Environment { target: Target::Docker { host, known_hosts, key }, .. } = self.environment().clone();
        let Some(DockerHost::Ssh(_)) = host else { return self.survey() };
        let scratch = self.begin.scratch.clone();
        let file = |name: &str, secret: &String| Effect::WriteFile {
            path: format!("{scratch}/{name}"),
            content: Content::Secret { name: secret.clone() },
            mode: 0o600,
        };
        let hosts = known_hosts.as_ref().map(|secret| file("known_hosts", secret));
        let key = key.as_ref().map(|secret| file("key", secret));
        let steps = hosts.into_iter().chain(key).map(Step::strict).collect();
        self.call(Tag::Credentials, steps);
    }

    pub(super) fn on_credentials(&mut self, done: &[Completion]) {
        if let Some(failed @ Completion::Failed { .. }) = done.last() {
            let trouble = Trouble::of(failed);
            return self.trouble(&trouble);
        }
        self.tunnel();
    }

    /// The engine's socket is forwarded once: a command then costs what it costs at home.
    fn tunnel(&mut self) {
        let Environment { target: Target::Docker { host, known_hosts, key }, .. } = self.environment().clone();
        let Some(DockerHost::Ssh(host)) = host else { return self.survey() };
        let scratch = self.begin.scratch.clone();
        let socket = format!("{scratch}/engine.sock");
        let mut argv: Vec<String> = ["ssh", "-nNT", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
            .map(str::to_owned)
            .to_vec();
        let mut option = |text: String| argv.extend(["-o".to_owned(), text]);
        option("ExitOnForwardFailure=yes".to_owned());
        option("ConnectTimeout=10".to_owned());
        option("ServerAliveInterval=5".to_owned());
        option("ServerAliveCountMax=3".to_owned());
        if known_hosts.is_some() {
            option(format!("UserKnownHostsFile={scratch}/known_hosts"));
            option("GlobalKnownHostsFile=/dev/null".to_owned());
            option("UpdateHostKeys=no".to_owned());
        }
        if key.is_some() {
            option("IdentitiesOnly=yes".to_owned());
            option("IdentityAgent=none".to_owned());
            argv.extend(["-i".to_owned(), format!("{scratch}/key")]);
        }
        if let Some(port) = host.port {
            argv.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &host.user {
            argv.extend(["-l".to_owned(), user.clone()]);
        }
        argv.extend(["-L".to_owned(), format!("{socket}:/var/run/docker.sock"), "--".to_owned(), host.host]);
        self.docker_mut().engine = Engine { host: Some(format!("unix://{socket}")) };
        self.effect(
            Tag::Tunnel,
            Effect::Run(Run {
                argv,
                inherit: ["PATH", "HOME", "SSH_AUTH_SOCK"].map(str::to_owned).to_vec(),
                timeout: 20_000,
                output_limit: 64 * 1024,
                hold: Some(socket),
                ..Run::default()
            }),
        );
    }

    pub(super) fn on_tunnel(&mut self, done: &[Completion]) {
        match done.last() {
            Some(Completion::Opened) => self.survey(),
            Some(failed) => {
                let said = Trouble::of(failed).text;
                let refused = said.contains("Host key verification failed") || said.contains("IDENTIFICATION HAS CHANGED");
                let code = if refused { "host-key" } else { "ssh" };
                let next = if refused {
                    "the host's key is not the pinned one: find out why before you change `known-hosts`"
                } else {
                    "check user, key and host of `target.docker`, and that the user may use the engine's socket there"
                };
                self.finish(Outcome::Failed, code, vec![format!("no way to the engine by ssh: {said}")], vec![next.to_owned()]);
            }
            None => self.survey(),
        }
    }

    // --- what is there -------------------------------------------------------------------------------------------

    fn survey(&mut self) {
        let steps = self.docker().survey();
        self.call(Tag::Names, steps);
    }

    pub(super) fn on_names(&mut self, done: &[Completion]) {
        match self.docker_mut().read_names(done) {
            Err(trouble) => self.trouble(&trouble),
            Ok(names) if names.is_empty() => self.on_containers(&[]),
            Ok(names) => {
                let steps = self.docker().survey_containers(&names);
                self.call(Tag::Containers, steps);
            }
        }
    }

    pub(super) fn on_containers(&mut self, done: &[Completion]) {
        self.survey = self.docker_mut().read_containers(done);
        let running = self.survey.router.as_ref().is_some_and(|router| router.running);
        match self.request().command {
            Command::Deploy | Command::Plan => self.look_at_image(),
            Command::Status if running => self.open(false),
            Command::Rollback | Command::Recover if self.survey.router.is_some() => self.enter_house(),
            Command::Status | Command::Rollback | Command::Recover => self.nothing_there(),
        }
    }

    fn nothing_there(&mut self) {
        match self.request().command {
            Command::Status => self.show_status(),
            Command::Recover => {
                self.finish(Outcome::Unchanged, "nothing-there", vec!["nothing was ever deployed here".to_owned()], vec![]);
            }
            Command::Rollback | Command::Plan | Command::Deploy => {
                self.finish(Outcome::Failed, "nothing-there", vec!["nothing was ever deployed here: there is nothing to go back to".to_owned()], vec![]);
            }
        }
    }

    // --- the image -----------------------------------------------------------------------------------------------

    fn look_at_image(&mut self) {
        let Some(reference) = self.request().image.clone() else { return self.after_image() };
        if let Err(why) = reference_fits(&reference) {
            return self.finish(Outcome::Invalid, "image", vec![why], vec![]);
        }
        let steps = self.docker().image(&reference, false);
        self.call(Tag::Image { pulled: false }, steps);
    }

    /// A digest that is here needs no registry, and neither does an image that was never in one. A tag does: what it
    /// means is the registry's to say.
    pub(super) fn on_image(&mut self, pulled: bool, done: &[Completion]) {
        let reference = self.request().image.clone().unwrap_or_default();
        match self.docker_mut().read_image(done) {
            Ok(image) if pulled || reference.contains("@sha256:") || in_no_registry(&image, &reference) => {
                self.image = Some(image);
                self.resolve_release(&reference);
            }
            Err(trouble) if pulled => self.trouble(&trouble),
            Ok(_) | Err(Trouble { code: "image-missing", .. }) if self.request().command == Command::Deploy => {
                self.info(format!("fetching {reference}"));
                let steps = self.docker().image(&reference, true);
                self.call(Tag::Image { pulled: true }, steps);
            }
            Ok(image) => {
                self.image = Some(image);
                self.resolve_release(&reference);
            }
            Err(Trouble { code: "image-missing", .. }) => self.after_image(),
            Err(trouble) => self.trouble(&trouble),
        }
    }

    /// The release that is wanted, but for the fingerprints of its secrets.
    fn resolve_release(&mut self, reference: &str) {
        let Some(image) = self.image.clone() else { return };
        let name = repository(reference).to_owned();
        let local = in_no_registry(&image, reference);
        let asked = reference.split_once('@').map(|(_, digest)| digest.to_owned());
        let listed = || image.digests.iter().find_map(|it| it.split_once('@').filter(|(repo, _)| *repo == name));
        let digest = match (asked, local) {
            (Some(digest), _) => digest,
            (None, true) => image.id.clone(),
            (None, false) => match listed() {
                Some((_, digest)) => digest.to_owned(),
                None => {
                    let because = vec![format!("the engine has no digest of {reference}: {}", image.digests.join(", "))];
                    return self.finish(Outcome::Failed, "no-digest", because, vec![]);
                }
            },
        };
        let label = |key: &str| image.labels.get(&format!("org.opencontainers.image.{key}")).filter(|it| !it.is_empty()).cloned();
        let version = self.request().version.clone().or_else(|| label("version"));
        let version = version.or_else(|| tag(reference).map(str::to_owned));
        let version = version.unwrap_or_else(|| digest.chars().skip(7).take(12).collect());
        let revision = label("revision").or_else(|| self.facts.sha.clone());
        let facts = config::Facts {
            version: version.clone(),
            sha: revision.clone(),
            digest: digest.clone(),
            environment: self.environment().name.clone(),
        };
        match self.environment().resolve(&facts, image.health_check) {
            Err(errors) => self.config_errors(&errors),
            Ok(spec) => {
                self.docker_mut().setup.asks = asks(&spec);
                let image = name;
                self.wanted =
                    Some(Release { version, revision, image, digest, local, config_hash: String::new(), spec });
                self.after_image();
            }
        }
    }

    fn after_image(&mut self) {
        let running = self.survey.router.as_ref().is_some_and(|router| router.running);
        match self.request().command {
            Command::Plan if running => self.open(false),
            Command::Plan => self.decide(),
            Command::Deploy | Command::Rollback | Command::Status | Command::Recover => self.enter_house(),
        }
    }

    /// A question that has no answer: nothing was touched.
    pub(super) fn trouble(&mut self, trouble: &Trouble) {
        let next = match trouble.code {
            "engine-missing" => "install the docker command line where this runs",
            "engine-unreachable" => "start the engine, or check `target.docker` and the permission to use its socket",
            "image-missing" => "check the name; has it been pushed?",
            "registry-unreachable" => "try again when the registry answers",
            "registry-denied" => "log in first (docker login), with an account that may pull it",
            "secret-missing" => "set it in the `env:` of the step",
            "busy" => return self.busy(&trouble.text),
            _ => "look at the words above; nothing was touched, so it can be tried again",
        };
        let because = vec![format!("{}: {}", sentence(trouble.code), trouble.text)];
        self.finish(Outcome::Failed, trouble.code, because, vec![next.to_owned()]);
    }
}

fn sentence(code: &str) -> &'static str {
    match code {
        "engine-missing" => "there is no docker command",
        "engine-unreachable" => "the engine cannot be reached",
        "engine-timeout" => "the engine did not answer in time",
        "image-missing" => "the image does not exist",
        "registry-unreachable" => "the registry cannot be reached",
        "registry-denied" => "the registry refuses",
        "secret-missing" => "a secret is not set",
        "network-unfit" => "the network does not fit",
        "router-unwell" => "the router is not well",
        _ => "the engine refuses",
    }
}

/// Whether the router's own check asks for a page: only where health is one.
pub(super) const fn asks(spec: &Spec) -> bool {
    matches!(spec.health.probe, Probe::Http { .. })
}

/// The name without tag and digest.
fn repository(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

fn tag(reference: &str) -> Option<&str> {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
}

fn in_no_registry(image: &Image, reference: &str) -> bool {
    let name = repository(reference);
    !reference.contains('@') && !image.digests.iter().any(|it| it.split_once('@').is_some_and(|(repo, _)| repo == name))
}

/// A reference is letters, digits and `._-:/@`, and begins with a letter or digit: it can be no option and no command.
fn reference_fits(reference: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
    let first = reference.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if !first || !reference.chars().all(fits) || reference.len() > 512 {
        return Err(format!("`image` is name:tag or name@sha256:…, not {:?}", reference.chars().take(80).collect::<String>()));
    }
    match reference.split_once('@') {
        None => Ok(()),
        Some((_, digest)) => {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            let sound = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            sound.then_some(()).ok_or_else(|| format!("a digest is `sha256:` and 64 hexadecimal digits, not `{digest}`"))
        }
    }
}

/// Names of the secrets that a specification needs.
pub(super) fn secret_names(spec: &Spec) -> Vec<String> {
    spec.secrets.keys().cloned().collect()
}

/// Secrets that are not set.
pub(super) fn unset(fingerprints: &BTreeMap<String, Option<String>>) -> Vec<String> {
    fingerprints.iter().filter(|(_, print)| print.is_none()).map(|(name, _)| name.clone()).collect()
}
