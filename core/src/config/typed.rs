//! From the file as it is written to the types that the rest of the core works with: parse, don't validate.
//!
//! Everything is read before anything fails, so that all mistakes show at once. A [`Reported`] has been told already.

use std::collections::BTreeMap;

use super::error::{ConfigError, Wrong, code, quoted};
use super::raw::{self, At};
use super::suggest::did_you_mean;
use super::tree::{Document, NodeId};
use super::{Config, Environment, RegistryAuth, RouterConfig, Template, name};

mod analysis;
mod build;
mod environment;
mod gates;
mod health;
mod hooks;
mod package;
mod run;
mod worker;

/// The HAProxy that runs where the configuration names none.
const ROUTER_IMAGE: &str = "haproxy:3.2-alpine";

/// A router's image for podman, which takes no name that does not say where from: ours is docker's own registry's.
pub(crate) fn router_image_in_full(image: &str) -> String {
    if image == ROUTER_IMAGE {
        format!("docker.io/library/{image}")
    } else {
        image.to_owned()
    }
}

/// It is wrong, and that has been reported: here, or by the checker.
#[derive(Clone, Copy, Debug)]
struct Reported;

type Read<T> = Result<T, Reported>;

/// Reads a file; `None` where a mistake has been added.
pub(super) fn config(
    document: &Document,
    file: &At<raw::Config>,
    repository: Option<&str>,
    mistakes: &mut Vec<ConfigError>,
) -> Option<Config> {
    let mut reader = Reader {
        document,
        mistakes: Vec::new(),
        port_is_misspelt: mistakes.iter().any(means_port),
    };
    let config = reader.config(file, repository);
    mistakes.append(&mut reader.mistakes);
    config.ok()
}

struct Reader<'a> {
    document: &'a Document,
    mistakes: Vec<ConfigError>,
    /// Then there is a `run.port`, under another name: no need to tell that it is missing.
    port_is_misspelt: bool,
}

fn means_port(mistake: &ConfigError) -> bool {
    mistake.code == code::UNKNOWN_KEY
        && matches!(
            mistake.help.as_deref(),
            Some("did you mean `port`?" | "did you mean `run.port`?")
        )
}

impl Reader<'_> {
    fn config(&mut self, file: &At<raw::Config>, repository: Option<&str>) -> Read<Config> {
        let raw = file.value.as_ref().ok_or(Reported)?;
        let service = match &raw.service {
            Some(written) => self.parse(written, name::short_name),
            None => self.service_of(file.node, repository),
        };
        let image = self.optional(raw.image.as_ref(), name::image_name);
        let registry = self.registry(raw.registry.as_ref());
        let mirrors = self.mirrors(raw.mirrors.as_ref(), raw.image.as_ref());
        let tags = self.tags(raw.tags.as_ref());
        let build = self.build(raw.build.as_ref());
        let packages = self.packages(raw.packages.as_ref());
        let release = self.release(raw.release.as_ref());
        let router = self.router(raw.router.as_ref());
        self.inherited(raw);
        let environments = self.environments(file.node, raw);
        self.refuse_unused_router(raw, &environments);
        Ok(Config {
            service: service?,
            image: image?,
            registry: registry?,
            mirrors: mirrors?,
            tags: tags?,
            build: build?,
            packages: packages?,
            release: release?,
            router: router?,
            environments: environments?,
        })
    }

    /// An environment that overrides a wrong value must not hide it. What conflicts only shows where it is used.
    fn inherited(&mut self, raw: &raw::Config) {
        let mut above = Reader {
            mistakes: Vec::new(),
            ..*self
        };
        above.run(raw.run.as_ref()).ok();
        above.health(raw.health.as_ref()).ok();
        self.mistakes.extend(
            above
                .mistakes
                .into_iter()
                .filter(|mistake| mistake.code != code::CONFLICT),
        );
    }

    fn service_of(&mut self, root: NodeId, repository: Option<&str>) -> Read<String> {
        let own = repository.and_then(|repository| repository.rsplit('/').next());
        own.and_then(name::shortened).ok_or_else(|| {
            let mistake = Wrong::new(
                code::MISSING_KEY,
                "the key `service` is missing, and the repository's name gives none",
            );
            self.report_key(
                root,
                mistake.help("add `service:` with the service's name, such as `service: tasks`"),
            )
        })
    }

    pub(super) fn registry(
        &mut self,
        registry: Option<&At<raw::Registry>>,
    ) -> Read<Option<RegistryAuth>> {
        let Some(raw) = self.map(registry)? else {
            return Ok(None);
        };
        let user = self.optional_hidden(raw.user.as_ref(), name::variable);
        let password = self.optional_hidden(raw.password.as_ref(), name::variable);
        match (user?, password?) {
            (Some(user), Some(password)) => Ok(Some(RegistryAuth { user, password })),
            (Some(_) | None, Some(_) | None) => Err(Reported), // by the checker: both are required
        }
    }

    fn router(&mut self, router: Option<&At<raw::Router>>) -> Read<RouterConfig> {
        let unsaid = raw::Router::default();
        let raw = self.map(router)?.unwrap_or(&unsaid);
        let image = self.or(
            raw.image.as_ref(),
            ROUTER_IMAGE.into(),
            name::image_reference,
        );
        let mode = self.given(raw.mode.as_ref());
        let forwarded = self.given(raw.forwarded.as_ref());
        match mode? {
            None | Some(raw::RouterMode::Http) => Ok(RouterConfig {
                image: image?,
                forwarded: forwarded?.unwrap_or(true),
            }),
            Some(raw::RouterMode::Tcp) => Err(Reported),
        }
    }

    fn environments(
        &mut self,
        root: NodeId,
        raw: &raw::Config,
    ) -> Read<BTreeMap<String, Environment>> {
        let written = self.map(raw.environments.as_ref())?.ok_or(Reported)?;
        let anchor = raw.run.as_ref().map_or(root, |run| run.node);
        let mut environments = BTreeMap::new();
        let mut complete = Ok(());
        for (key, environment) in written {
            let name = self.key(environment.node, key, name::short_name);
            let read = self.environment(key, environment, anchor);
            match (name, read) {
                (Ok(name), Ok(environment)) => {
                    environments.insert(name, environment);
                }
                (Ok(_) | Err(Reported), Ok(_) | Err(Reported)) => complete = Err(Reported),
            }
        }
        self.refuse_shared_addresses(written, &environments);
        if complete.is_ok() {
            self.refuse_unknown_afters(written, &environments);
        }
        complete.map(|()| environments)
    }

    /// What is to be proven elsewhere is proven in an environment of this very file, and in another one.
    fn refuse_unknown_afters(
        &mut self,
        written: &BTreeMap<String, At<raw::Environment>>,
        environments: &BTreeMap<String, Environment>,
    ) {
        for (name, environment) in environments {
            let wrong = environment
                .afters()
                .find(|after| *after == name || !environments.contains_key(*after));
            let (Some(after), Some(at)) = (wrong, written.get(name)) else {
                continue;
            };
            let gates = at.value.as_ref().and_then(|raw| raw.gates.as_ref());
            let gate = gates.and_then(|gates| gates::waiting_for(after, gates));
            let problem = if after == name {
                format!("{} waits for itself", quoted(name))
            } else {
                format!(
                    "a gate waits for {}, and there is no such environment",
                    quoted(after)
                )
            };
            let others = environments.keys().filter(|it| *it != name);
            let others: Vec<&str> = others.map(String::as_str).collect();
            let mistake = Wrong::new(code::CHOICE, problem);
            let mistake = if others.is_empty() {
                mistake.help("there is no other environment: leave this gate out")
            } else {
                let near = did_you_mean(after, others.iter().copied());
                mistake.expected(others.join(", ")).help_if(near)
            };
            self.report(gate.unwrap_or(at.node), mistake);
        }
    }

    /// Two environments cannot listen at one address of one named host. At the engine at hand they may: runners differ.
    fn refuse_shared_addresses(
        &mut self,
        written: &BTreeMap<String, At<raw::Environment>>,
        environments: &BTreeMap<String, Environment>,
    ) {
        for (name, environment) in environments {
            let host = environment.target.host();
            let same = |other: &&Environment| {
                other.name < *name
                    && other.target.host() == host
                    && other.listen == environment.listen
            };
            let (Some(_), Some(address), Some(other), Some(at)) = (
                host,
                &environment.listen,
                environments.values().find(same),
                written.get(name),
            ) else {
                continue;
            };
            let listen = at
                .value
                .as_ref()
                .and_then(|raw| raw.listen.as_ref())
                .map_or(at.node, |listen| listen.node);
            let problem = format!(
                "{} listens at the same address of the same host",
                quoted(&other.name)
            );
            let found = format!("`{address}`");
            self.report(
                listen,
                Wrong::new(code::CONFLICT, problem)
                    .found(found)
                    .help("give one of them another `listen`"),
            );
        }
    }
}

/// The small steps that all of it is made of.
impl Reader<'_> {
    /// The members of a map, if it stands there.
    fn map<'r, T>(&self, at: Option<&'r At<T>>) -> Read<Option<&'r T>> {
        at.map(|at| at.value.as_ref().ok_or(Reported)).transpose()
    }

    /// A value that needs no parsing, if it stands there.
    fn given<T: Copy>(&self, at: Option<&At<T>>) -> Read<Option<T>> {
        at.map(|at| at.value.ok_or(Reported)).transpose()
    }

    /// What the text of a scalar means. A placeholder that nobody would fill in is refused.
    fn parse<T, U>(&mut self, at: &At<T>, rule: impl FnOnce(&str) -> Result<U, Wrong>) -> Read<U> {
        self.shown(at, |text| {
            if text.contains("{{") {
                let mistake = Wrong::new(code::PLACEHOLDER, "no placeholder can stand here");
                return Err(mistake.help("write the value itself"));
            }
            rule(text)
        })
    }

    fn shown<T, U>(&mut self, at: &At<T>, rule: impl FnOnce(&str) -> Result<U, Wrong>) -> Read<U> {
        self.scalar(at, |text| {
            rule(text).map_err(|mistake| mistake.found(quoted(text)))
        })
    }

    fn optional<T, U>(
        &mut self,
        at: Option<&At<T>>,
        rule: impl FnOnce(&str) -> Result<U, Wrong>,
    ) -> Read<Option<U>> {
        at.map(|at| self.parse(at, rule)).transpose()
    }

    /// The same for what may be a secret by mistake: it is not shown.
    fn optional_hidden<T, U>(
        &mut self,
        at: Option<&At<T>>,
        rule: impl FnOnce(&str) -> Result<U, Wrong>,
    ) -> Read<Option<U>> {
        at.map(|at| self.scalar(at, rule)).transpose()
    }

    fn or<T, U>(
        &mut self,
        at: Option<&At<T>>,
        default: U,
        rule: impl FnOnce(&str) -> Result<U, Wrong>,
    ) -> Read<U> {
        at.map_or(Ok(default), |at| self.parse(at, rule))
    }

    fn scalar<T, U>(&mut self, at: &At<T>, rule: impl FnOnce(&str) -> Result<U, Wrong>) -> Read<U> {
        if at.value.is_none() {
            return Err(Reported);
        }
        rule(&self.document.spot(at.node).written).map_err(|mistake| self.report(at.node, mistake))
    }

    /// What a key means, by its own rule.
    fn key<U>(
        &mut self,
        node: NodeId,
        key: &str,
        rule: impl FnOnce(&str) -> Result<U, Wrong>,
    ) -> Read<U> {
        rule(key).map_err(|mistake| self.report_key(node, mistake.found(quoted(key))))
    }

    /// A text with placeholders.
    fn template<T>(&mut self, at: &At<T>, rule: fn(&str) -> Result<(), Wrong>) -> Read<Template> {
        let origin = self.document.value(at.node);
        self.shown(at, |text| {
            rule(text).and_then(|()| Template::parse(text, origin))
        })
    }

    /// Texts with placeholders, by names with a rule of their own.
    fn templates<T>(
        &mut self,
        at: Option<&At<BTreeMap<String, At<T>>>>,
        name: fn(&str) -> Result<String, Wrong>,
        rule: fn(&str) -> Result<(), Wrong>,
    ) -> Read<BTreeMap<String, Template>> {
        let Some(entries) = self.map(at)? else {
            return Ok(BTreeMap::new());
        };
        let read: Vec<_> = entries
            .iter()
            .map(|(key, at)| (self.key(at.node, key, name), self.template(at, rule)))
            .collect();
        read.into_iter()
            .map(|(name, template)| Ok((name?, template?)))
            .collect()
    }

    /// The items of a list, each by one rule.
    fn items<T, U>(
        &mut self,
        at: Option<&At<Vec<At<T>>>>,
        mut item: impl FnMut(&mut Self, usize, &At<T>) -> Read<U>,
    ) -> Read<Option<Vec<U>>> {
        let Some(items) = self.map(at)? else {
            return Ok(None);
        };
        let read: Vec<Read<U>> = items
            .iter()
            .enumerate()
            .map(|(index, at)| item(self, index, at))
            .collect();
        read.into_iter().collect::<Read<_>>().map(Some)
    }

    fn report(&mut self, node: NodeId, mistake: Wrong) -> Reported {
        self.mistakes.push(mistake.at(self.document.value(node)));
        Reported
    }

    fn report_key(&mut self, node: NodeId, mistake: Wrong) -> Reported {
        self.mistakes.push(mistake.at(self.document.key(node)));
        Reported
    }
}

/// A text of several lines; no program can be handed a NUL.
fn without_nul(text: &str) -> Result<(), Wrong> {
    if text.contains('\0') {
        Err(Wrong::new(code::TEXT, "a NUL character cannot stand here"))
    } else {
        Ok(())
    }
}

/// A text of one line.
fn one_line(text: &str) -> Result<(), Wrong> {
    let help = "leave line breaks and control characters out";
    if text.contains(char::is_control) {
        Err(Wrong::new(code::TEXT, "this text is not a single visible line").help(help))
    } else {
        Ok(())
    }
}

/// A program's name or path.
fn program(text: &str) -> Result<(), Wrong> {
    one_line(text)?;
    if !text.is_empty() && !text.starts_with('-') {
        return Ok(());
    }
    Err(Wrong::new(code::TEXT, "this is no program")
        .expected("a name or a path that does not begin with `-`"))
}
