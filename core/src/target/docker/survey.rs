//! Reading what the engine says: named fields only, never an environment, for what a secret was before it was rotated
//! is known to nobody.

use serde_json::Value;

use super::formats::image_id;
use super::{Docker, Held, Server, Subnet, asking, haproxy, script::Said, sticky, stopping};
use crate::protocol::{Completion, Fault, Timestamp};
use crate::rollout::Address;
use crate::spec::{Generation, InstanceId, Token};
use crate::stop::Stop;
use crate::word::Question;

/// A container as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Which instance it is; `None`: not one of ours.
    pub id: Option<InstanceId>,
    /// Whether it is the router.
    pub router: bool,
    /// Where it is on the service's network.
    pub address: Address,
    /// `running`, `exited`, `restarting` and so on.
    pub status: String,
    /// Its last exit code.
    pub exit: i32,
    /// Whether it was ended for want of memory.
    pub out_of_memory: bool,
    /// How often it was restarted since it was started.
    pub restarts: u32,
    /// When its process was started, as the engine says it.
    pub started: String,
    /// The id of the image it runs.
    pub image_id: String,
    /// What the engine's health check says; `None`: it has none.
    pub health: Option<String>,
    /// The digest that it was made for.
    pub digest: String,
    /// The configuration hash that it was made for.
    pub config: String,
    /// The image, as it was asked for.
    pub image: String,
    /// The first address that it publishes a port on.
    pub listen: Option<String>,
    /// The version that it was made for.
    pub version: String,
}

impl Found {
    /// Whether its process runs.
    #[must_use]
    pub fn running(&self) -> bool {
        self.status == "running"
    }

    /// Whose name it bears.
    fn token(&self) -> Token {
        let token = self
            .name
            .rsplit_once(".t")
            .and_then(|(_, token)| token.parse().ok());
        Token(token.unwrap_or_default())
    }
}

/// The router as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterFound {
    /// Whether its process runs.
    pub running: bool,
    /// What the engine calls its state.
    pub status: String,
    /// The image it was made from, as it was asked for.
    pub image: String,
    /// Where users reach it.
    pub listen: Option<String>,
}

impl RouterFound {
    /// One that was listed as running, and of which no more is known.
    #[must_use]
    pub fn listed() -> Self {
        Self {
            running: true,
            status: "running".to_owned(),
            image: String::new(),
            listen: None,
        }
    }
}

/// A container, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Whether its process runs.
    pub running: bool,
}

/// What there is of a service in an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Its instances.
    pub instances: Vec<Found>,
    /// Its router; `None`: none was made yet.
    pub router: Option<RouterFound>,
    /// Its network.
    pub subnet: Option<Subnet>,
}

/// An image as the engine has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its id on this engine.
    pub id: String,
    /// `repository@sha256:…` by which it was pushed or pulled.
    pub digests: Vec<String>,
    /// Whether it has a health check of its own.
    pub health_check: bool,
    /// Its labels.
    pub labels: std::collections::BTreeMap<String, String>,
}

/// What is remembered at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// This run's token; 0 where it only looked.
    pub token: Token,
    /// Who holds the lease, as `key value` lines.
    pub lease: Vec<(String, String)>,
    /// Hundredths of a second that the lease still runs.
    pub left: u64,
    /// The checkpoint, where one was left.
    pub checkpoint: Option<String>,
    /// The newest segments of the ledger, by name, oldest first.
    pub segments: Vec<(String, String)>,
    /// The servers that the router has now.
    pub servers: Vec<Server>,
    /// The stop button, as it was set.
    pub pressed: Option<Stop>,
    /// What time it is at the target; `None`: it cannot tell.
    pub clock: Option<Timestamp>,
    /// What a run asks a person, or asked last.
    pub question: Option<Question>,
}

impl Opened {
    /// A word of the lease.
    #[must_use]
    pub fn lease(&self, key: &str) -> Option<&str> {
        self.lease
            .iter()
            .find(|(it, _)| it == key)
            .map(|(_, value)| value.as_str())
            .filter(|value| *value != "-")
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// A stable code.
    pub code: &'static str,
    /// What was said.
    pub text: String,
}

impl Trouble {
    /// What a failed command comes to.
    #[must_use]
    pub fn of(completion: &Completion) -> Self {
        let text = words(completion);
        let code = match completion {
            Completion::Failed {
                fault: Fault::NotFound,
                ..
            } => "engine-missing",
            Completion::Failed {
                fault: Fault::SecretMissing,
                ..
            } => "secret-missing",
            Completion::TimedOut { .. } => "engine-timeout",
            _ if ENGINE_AWAY.iter().any(|words| text.contains(words)) => "engine-unreachable",
            _ if ADDRESS_HELD.iter().any(|words| text.contains(words)) => "address-held",
            _ if IMAGE_MISSING.iter().any(|words| text.contains(words)) => "image-missing",
            _ if REGISTRY_AWAY.iter().any(|words| text.contains(words)) => "registry-unreachable",
            _ if DENIED.iter().any(|words| text.contains(words)) => "registry-denied",
            _ => "engine-error",
        };
        Self { code, text }
    }
}

const ENGINE_AWAY: &[&str] = &[
    "Cannot connect to the Docker daemon",
    "error during connect",
    "Is the docker daemon running",
    "permission denied while trying to connect",
];
const ADDRESS_HELD: &[&str] = &["address already in use", "port is already allocated"];
/// What an engine says where there is no such volume.
pub(super) const NO_VOLUME: &[&str] = &["no such volume", "No such volume"];
const IMAGE_MISSING: &[&str] = &[
    "manifest unknown",
    "No such image",
    "no such image",
    "name unknown",
    "repository does not exist",
    "image not known",
    "manifest for",
];
const REGISTRY_AWAY: &[&str] = &[
    "connection refused",
    "no such host",
    "no route to host",
    "network is unreachable",
    "i/o timeout",
    "TLS handshake",
    "EOF",
    "Service Unavailable",
    "context deadline",
];
const DENIED: &[&str] = &[
    "denied",
    "unauthorized",
    "authentication required",
    "no basic auth credentials",
];

/// The words of a failed command.
#[must_use]
pub(super) fn words(completion: &Completion) -> String {
    let text = match completion {
        Completion::Exited { stderr, stdout, .. } | Completion::TimedOut { stderr, stdout } => {
            if stderr.trim().is_empty() {
                stdout
            } else {
                stderr
            }
        }
        Completion::Failed { message, .. } => message,
        Completion::Opened
        | Completion::Recalled { .. }
        | Completion::Read { .. }
        | Completion::Written
        | Completion::Fetched { .. }
        | Completion::Unset { .. }
        | Completion::Fingerprinted { .. } => return String::new(),
    };
    let text = text.trim();
    if text.is_empty() {
        "it said nothing".to_owned()
    } else {
        text.chars().take(600).collect()
    }
}

/// What a command wrote to its standard output; empty where it did not run to its end.
pub(super) fn stdout(completion: &Completion) -> &str {
    match completion {
        Completion::Exited { stdout, .. } | Completion::Recalled { stdout } => stdout,
        Completion::TimedOut { .. }
        | Completion::Opened
        | Completion::Read { .. }
        | Completion::Written
        | Completion::Fetched { .. }
        | Completion::Unset { .. }
        | Completion::Fingerprinted { .. }
        | Completion::Failed { .. } => "",
    }
}

/// Reads a list of containers. The engine says `Up 2 hours`, and `Up 2 hours (Paused)` of one that does not run.
pub(super) fn listed(text: &str) -> Vec<Listed> {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let listed = lines.map(|(name, status)| Listed {
        name: name.to_owned(),
        running: status.starts_with("Up") && !status.contains("(Paused)"),
    });
    listed.collect()
}

/// Reads containers, one a line; a line that is none is passed over.
pub(super) fn containers(text: &str) -> Vec<Found> {
    text.lines()
        .filter_map(|line| container(line.trim()))
        .collect()
}

fn container(line: &str) -> Option<Found> {
    let fields: Vec<Value> = serde_json::from_str(line).ok()?;
    let text = |at: usize| {
        fields
            .get(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let number = |at: usize| fields.get(at).and_then(Value::as_i64).unwrap_or_default();
    let id = text(8).parse().ok().zip(text(9).parse().ok());
    Some(Found {
        name: fields.first()?.as_str()?.trim_start_matches('/').to_owned(),
        status: text(1),
        exit: i32::try_from(number(2)).unwrap_or_default(),
        out_of_memory: fields.get(3).and_then(Value::as_bool).unwrap_or_default(),
        restarts: u32::try_from(number(4)).unwrap_or_default(),
        image_id: image_id(&text(5)),
        health: fields
            .get(6)
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty()) // what podman says of one without a check
            .map(str::to_owned),
        router: text(7) == "router",
        id: id.map(|(generation, index)| InstanceId {
            generation: Generation(generation),
            index,
        }),
        address: Address(text(10).parse().unwrap_or_default()),
        digest: text(11),
        config: text(12),
        image: text(13),
        listen: fields.get(14).and_then(listen),
        started: text(15),
        version: text(16),
    })
}

/// The first address of `{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":"8000"}]}`, an IPv6 one in brackets.
fn listen(bindings: &Value) -> Option<String> {
    let binding = bindings.as_object()?.values().next()?.get(0)?;
    let (ip, port) = (
        binding.get("HostIp")?.as_str()?,
        binding.get("HostPort")?.as_str()?,
    );
    let ip = if ip.is_empty() { "0.0.0.0" } else { ip };
    Some(if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    })
}

/// The kind of an image's health check.
fn test(check: Option<&Value>) -> Option<&str> {
    check?.get("Test")?.as_array()?.first()?.as_str()
}

/// Reads images, one a line.
pub(super) fn images(text: &str) -> Vec<Image> {
    let image = |line: &str| {
        let fields: Vec<Value> = serde_json::from_str(line.trim()).ok()?;
        let list = |at: usize| {
            fields
                .get(at)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let labels = fields
            .get(4)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        Some(Image {
            id: image_id(fields.first()?.as_str()?),
            digests: list(1)
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            health_check: test(fields.get(3)).is_some_and(|kind| kind != "NONE"),
            labels: labels
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
                .collect(),
        })
    };
    text.lines().filter_map(image).collect()
}

impl Docker {
    /// Which containers there are, by name; and what the ones are that were asked for with them.
    ///
    /// # Errors
    /// Where the engine did not say.
    pub fn read_listed<'a>(
        &self,
        done: &'a [Completion],
    ) -> Result<(Vec<Listed>, Option<&'a Completion>), Trouble> {
        let list = done.first().ok_or(NOT_ASKED)?;
        if !succeeded(list) {
            return Err(Trouble::of(list));
        }
        Ok((listed(stdout(list)), done.get(1)))
    }

    /// What they are. From here on this run knows them.
    ///
    /// # Errors
    /// Where the engine did not say: nothing known is not the same as nothing there.
    pub fn read_containers(&mut self, done: Option<&Completion>) -> Result<Survey, Trouble> {
        let only_gone = |it: &Completion| words(it).to_lowercase().contains("no such");
        if let Some(failed) = done.filter(|it| !succeeded(it) && !only_gone(it)) {
            return Err(Trouble::of(failed));
        }
        let found = done.map(|it| containers(stdout(it))).unwrap_or_default();
        let router = found.iter().find(|it| it.router);
        let router = router.map(|it| RouterFound {
            running: it.running(),
            status: it.status.clone(),
            image: it.image.clone(),
            listen: it.listen.clone(),
        });
        let instances: Vec<Found> = found.into_iter().filter(|it| it.id.is_some()).collect();
        self.instances = instances
            .iter()
            .filter_map(|it| {
                Some((
                    it.id?,
                    Held {
                        name: it.name.clone(),
                        token: it.token(),
                        address: it.address,
                    },
                ))
            })
            .collect();
        Ok(Survey {
            instances,
            router,
            subnet: self.subnet,
        })
    }

    /// What an image is.
    ///
    /// # Errors
    /// Where it is not there, or could not be fetched.
    pub fn read_image(&mut self, done: &[Completion]) -> Result<Image, Trouble> {
        let last = done.last().ok_or(NOT_ASKED)?;
        if !succeeded(last) {
            return Err(Trouble::of(last));
        }
        let image = images(stdout(last)).into_iter().next();
        let image = image.ok_or_else(|| Trouble {
            code: "engine-error",
            text: "the engine described no image".to_owned(),
        })?;
        self.learn_image(&image);
        Ok(image)
    }

    pub(super) fn learn_image(&mut self, image: &Image) {
        self.digests.insert(image.id.clone(), image.digests.clone());
    }

    /// What the target remembers, or who holds the lease.
    ///
    /// # Errors
    /// [`Trouble`] where nothing could be read; its code is `busy` where another run holds the lease.
    pub fn read_opened(
        &mut self,
        now: Timestamp,
        done: &[Completion],
        take: bool,
    ) -> Result<Opened, Trouble> {
        let last = done.first().ok_or(NOT_ASKED)?;
        self.learn_network(done.get(1));
        let said = Said::read(stdout(last));
        let number = |key: &str| {
            said.word(key)
                .and_then(|word| word.parse().ok())
                .unwrap_or_default()
        };
        let token = Token(number("token"));
        self.beside = None;
        match said.result.as_str() {
            "open" => {}
            "held" => {
                self.beside = Some(asking::Beside::read(token, &said));
                return Err(Trouble {
                    code: "busy",
                    text: held_by(&said, now),
                });
            }
            "" => return Err(Trouble::of(last)),
            other => {
                return Err(Trouble {
                    code: "router-unwell",
                    text: format!("the {}'s state: {other}", self.front()),
                });
            }
        }
        if self.subnet.is_none() {
            // Without it the table cannot be read: an empty one would be taken for what is written.
            let words = done.get(1).map(words).unwrap_or_default();
            self.token = token;
            return Err(Trouble {
                code: "network-unfit",
                text: format!("network {} could not be read: {words}", self.network()),
            });
        }
        if take {
            self.token = token;
            self.writes.set(0);
        }
        self.file = said.file("haproxy.cfg").unwrap_or_default().to_owned();
        self.sticky = said.file(sticky::MAP).unwrap_or_default().to_owned();
        self.stuck = sticky::held(said.file("state").unwrap_or_default());
        let lease = ["lease", "beat"].map(|name| said.file(name).unwrap_or_default());
        let lease = lease.into_iter().flat_map(str::lines);
        let (pressed, clock) = stopping::read(&said);
        let segments = said.files.iter().filter_map(|(name, text)| {
            Some((name.strip_prefix("ledger/")?.to_owned(), text.clone()))
        });
        Ok(Opened {
            token,
            lease: lease
                .filter_map(|line| line.split_once(' '))
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
            left: number("left"),
            checkpoint: said.file("checkpoint").map(str::to_owned),
            segments: segments.collect(),
            servers: haproxy::servers(said.file("state").unwrap_or_default()),
            pressed,
            clock,
            question: asking::read(&said),
        })
    }

    /// Generations that a local tag keeps.
    pub fn read_kept(&self, done: &[Completion]) -> Vec<Generation> {
        let tags = done.first().map(stdout).unwrap_or_default().lines();
        let own = self.kept_as();
        let tag = |name: &str| -> Option<Generation> {
            let tag = match name.rsplit_once(':') {
                None => name,
                Some((repository, tag)) => {
                    let path = repository.strip_prefix("localhost/").unwrap_or(repository);
                    (path == own).then_some(tag)?
                }
            };
            tag.strip_prefix('g')?.parse().ok().map(Generation)
        };
        tags.filter_map(|name| tag(name.trim())).collect()
    }
}

/// Who holds the lease, since when, and until when, for people.
pub(super) fn held_by(said: &Said, now: Timestamp) -> String {
    let word = |key: &str| said.word(key).filter(|word| *word != "-");
    let number = |key: &str| word(key).and_then(|it| it.parse::<u64>().ok());
    let since = number("since").map(|seconds| Timestamp(seconds * 1000));
    let left = number("left").unwrap_or_default() * 10;
    crate::report::held_by(
        word("holder").unwrap_or("another run"),
        since,
        now,
        left,
        word("run"),
    )
}

/// Who took over, for people.
pub(super) fn taken_by(said: &Said) -> String {
    let word = |key: &str| said.word(key).filter(|word| *word != "-");
    let token = word("token").unwrap_or("unknown");
    let holder = word("holder").unwrap_or("a run that is over by now");
    let run = word("run").map_or_else(String::new, |run| format!(", {run}"));
    format!("{holder} (token {token}{run})")
}

pub(super) fn succeeded(completion: &Completion) -> bool {
    matches!(
        completion,
        Completion::Exited {
            code: Some(0),
            signal: None,
            ..
        } | Completion::Recalled { .. }
    )
}

pub(super) const NOT_ASKED: Trouble = Trouble {
    code: "engine-error",
    text: String::new(),
};
