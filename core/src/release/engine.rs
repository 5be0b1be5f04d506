//! What the acts of a release are on an engine: every process that is started to build, to send and to compare is put together
//! here, and what it says is read here.
//!
//! Whoever sends needs a password, and nobody else does. It stands in no file: the docker command line is given a folder of
//! settings of its own, which names a program for this registry that says what is in two environment variables of that one
//! command. So there is nothing to forget afterwards, even where the run is killed: what else the user's settings hold (plugins,
//! contexts, helpers) is there too, but no login and no proxy, which may have passwords in them and which sending needs none of.

mod sending;

use std::collections::BTreeMap;

use serde_json::json;

pub use sending::{Sent, read_push};

use crate::config::RegistryAuth;
use crate::protocol::{Completion, Content, Effect, Fault, Run, Stdin, Timestamp};
use crate::registry::{Repository, Trouble};

/// Milliseconds that a build may take.
const BUILD: u64 = 3_600_000;

/// Milliseconds that sending an image may take.
const PUSH: u64 = 1_800_000;

/// Milliseconds of everything else.
pub(super) const QUICK: u64 = 30_000;

/// Bytes that are kept of what a build says.
pub(super) const OUTPUT: u32 = 256 * 1024;

/// Most lines of a cause.
const LINES: usize = 4;

/// What the engine's command line may need from the run's environment.
pub(super) const INHERIT: [&str; 19] = [
    "PATH",
    "HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CONTAINERS_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "CONTAINERS_STORAGE_CONF",
    "XDG_DATA_HOME",
    "TMPDIR",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_API_VERSION",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "RUNNER_TRACKING_ID",
];

/// Which command line builds and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Docker's.
    Docker,
    /// Podman's, which needs no engine.
    Podman,
}

impl Program {
    const fn word(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// The engine at hand.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its command line.
    pub program: Program,
    /// The run's own folder.
    pub scratch: String,
    /// The folder of the user's docker settings; `None`: nobody knows where it is.
    pub settings: Option<String>,
    /// Who logs in where, by the server's name in docker's settings.
    pub logins: BTreeMap<String, RegistryAuth>,
}

/// Which program makes images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// `docker build` with BuildKit.
    BuildKit,
    /// `docker build` with the builder of old.
    Classic,
    /// `podman build`.
    Podman,
}

impl Maker {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::BuildKit => "docker build, with BuildKit",
            Self::Classic => "docker build, with the classic builder: there is no buildx here",
            Self::Podman => "podman build",
        }
    }
}

/// What is built.
#[derive(Clone, Debug)]
pub struct Building {
    /// The working tree, an absolute path.
    pub workspace: String,
    /// The folder that is built, an absolute path.
    pub context: String,
    /// The Dockerfile, an absolute path.
    pub file: String,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// Labels, in this order.
    pub labels: Vec<(String, String)>,
    /// Every name that the image is to have.
    pub tags: Vec<String>,
    /// What people call it.
    pub version: String,
    /// The commit.
    pub revision: String,
    /// When the commit was made.
    pub date: Option<Timestamp>,
    /// `name:tag` on the engine.
    pub reference: String,
}

impl Engine {
    fn run(&self, argv: Vec<String>, timeout: u64) -> Run {
        Run {
            argv,
            inherit: INHERIT.map(str::to_owned).to_vec(),
            timeout,
            output_limit: OUTPUT,
            ..Run::default()
        }
    }

    fn docker(&self, args: &[&str], timeout: u64) -> Run {
        let argv = std::iter::once(self.program.word()).chain(args.iter().copied());
        self.run(argv.map(str::to_owned).collect(), timeout)
    }

    /// Is there BuildKit? Or is there podman?
    #[must_use]
    pub fn find_maker(&self) -> Effect {
        let args: &[&str] = match self.program {
            Program::Docker => &["buildx", "version"],
            Program::Podman => &["--version"],
        };
        Effect::Run(self.docker(args, QUICK))
    }

    /// Who makes images here.
    ///
    /// # Errors
    /// There is no such program.
    pub fn read_maker(&self, completion: Option<&Completion>) -> Result<Maker, Trouble> {
        match (self.program, completion) {
            (Program::Podman, Some(Completion::Exited { code: Some(0), .. })) => Ok(Maker::Podman),
            (Program::Docker, Some(Completion::Exited { code: Some(0), .. })) => {
                Ok(Maker::BuildKit)
            }
            (Program::Docker, Some(Completion::Exited { .. })) => Ok(Maker::Classic),
            (_, other) => Err(trouble(other)),
        }
    }

    /// Which image has this name, and since when?
    #[must_use]
    pub fn named_at(&self, reference: &str) -> Effect {
        let format = "{{.Id}} {{json .Metadata.LastTagTime}}";
        let args = ["image", "inspect", "--format", format, "--", reference];
        Effect::Run(self.docker(&args, QUICK))
    }

    /// The image is made, under its first name.
    #[must_use]
    pub fn build(&self, maker: Maker, building: &Building) -> Effect {
        let given = pairs(building.args.iter());
        let mut args = vec!["--file", building.file.as_str()];
        args.extend(given.iter().flat_map(|arg| ["--build-arg", arg]));
        let last = ["--", building.context.as_str()];
        Effect::Run(self.making(maker, building, &args, &last))
    }

    /// This image gets this name.
    #[must_use]
    pub fn name(&self, image: &str, reference: &str) -> Effect {
        Effect::Run(self.docker(&["tag", "--", image, reference], QUICK))
    }

    /// What has the first name is labelled, and keeps it.
    #[must_use]
    pub fn label(&self, maker: Maker, building: &Building) -> Effect {
        let mut run = self.making(maker, building, &[], &["-"]);
        run.stdin = Some(Stdin::Text {
            text: format!("FROM {}\n", building.reference),
        });
        Effect::Run(run)
    }

    fn making(&self, maker: Maker, building: &Building, first: &[&str], last: &[&str]) -> Run {
        let mut args = vec!["build", "--tag", building.reference.as_str()];
        args.extend(first);
        let labels = pairs(building.labels.iter().map(|(key, value)| (key, value)));
        args.extend(labels.iter().flat_map(|label| ["--label", label]));
        let epoch = building.date.map(|date| (date.0 / 1000).to_string());
        let timestamp = epoch.as_ref().map(|epoch| format!("--timestamp={epoch}"));
        let buildkit = match maker {
            Maker::BuildKit => {
                // What attests how it was built makes an index of an image, and a new one each time.
                args.extend(["--load", "--provenance=false"]);
                Some("1")
            }
            Maker::Classic => Some("0"),
            Maker::Podman => {
                args.extend(timestamp.as_deref());
                None
            }
        };
        args.extend(last);
        let mut run = self.docker(&args, BUILD);
        let buildkit = buildkit.map(|it| ("DOCKER_BUILDKIT".to_owned(), text(it)));
        run.env.extend(buildkit);
        if let Some(epoch) = epoch {
            run.env.insert("SOURCE_DATE_EPOCH".to_owned(), text(&epoch));
        }
        run
    }

    /// The folder of settings in which only sending is done; empty where nobody logs in.
    #[must_use]
    pub fn prepare(&self) -> Vec<Effect> {
        if self.logins.is_empty() {
            return Vec::new();
        }
        let folder = self.folder();
        let settings = self.settings.clone().unwrap_or_default();
        let argv = ["sh", "-c", FOLDER, "sh", &folder, &settings];
        let helpers: BTreeMap<&String, &str> =
            self.logins.keys().map(|server| (server, HELPER)).collect();
        let patch = json!({ "credHelpers": helpers, "auths": null, "proxies": null });
        vec![
            Effect::Run(self.run(argv.map(str::to_owned).to_vec(), QUICK)),
            Effect::WriteFile {
                path: format!("{folder}/config.json"),
                content: Content::Patched {
                    path: format!("{settings}/config.json"),
                    patch: patch.to_string(),
                },
                mode: 0o600,
                durable: false,
            },
            Effect::WriteFile {
                path: format!("{folder}/bin/docker-credential-{HELPER}"),
                content: text(&helper(&self.logins)),
                mode: 0o700,
                durable: false,
            },
        ]
    }

    /// The image is sent under this tag, which it gets right before: builds of one engine share its names. Then the engine is
    /// asked which digest the image has there.
    #[must_use]
    pub fn push(&self, image: &str, repository: &Repository, tag: &str) -> Vec<Effect> {
        let reference = repository.tagged(tag);
        let name = self.name(image, &reference);
        let noted = format!("{}/digest", self.scratch);
        let to = format!("--digestfile={noted}");
        let mut args = vec!["push"];
        if self.program == Program::Podman {
            args.push(&to);
            // Docker takes a registry on this very machine to be without TLS; podman has to be told.
            args.extend(repository.is_local().then_some("--tls-verify=false"));
        }
        args.extend(["--", &reference]);
        let mut push = self.docker(&args, PUSH);
        self.log_in(repository.server(), &mut push);
        let digests = match self.program {
            Program::Docker => self.digests(&reference),
            Program::Podman => {
                let argv = ["sh", "-c", NOTED, "sh", &noted].map(str::to_owned);
                Effect::Run(self.run(argv.to_vec(), QUICK))
            }
        };
        let named = (image != reference).then_some(name);
        named
            .into_iter()
            .chain([Effect::Run(push), digests])
            .collect()
    }

    /// Lets one command speak to that server by the login for it, where there is one. What [`Self::prepare`] makes must be there.
    pub fn log_in(&self, server: &str, run: &mut Run) {
        let Some(auth) = self.logins.get(server) else {
            return;
        };
        let folder = self.folder();
        let around = ["sh", "-c", WITH_PATH, "sh"].map(str::to_owned);
        let bin = format!("{folder}/bin");
        let argv = std::mem::take(&mut run.argv);
        run.argv = around.into_iter().chain([bin]).chain(argv).collect();
        run.inherit.retain(|name| name != "DOCKER_CONFIG");
        run.inherit.push(auth.user.clone());
        let (name, settings) = match self.program {
            Program::Docker => ("DOCKER_CONFIG", folder),
            Program::Podman => ("REGISTRY_AUTH_FILE", format!("{folder}/config.json")),
        };
        run.env.insert(name.to_owned(), text(&settings));
        let password = Content::Secret {
            name: auth.password.clone(),
        };
        run.env.insert(auth.password.clone(), password);
    }

    fn digests(&self, reference: &str) -> Effect {
        let format = "{{json .RepoDigests}}";
        let args = ["image", "inspect", "--format", format, "--", reference];
        Effect::Run(self.docker(&args, QUICK))
    }

    fn folder(&self) -> String {
        format!("{}/docker", self.scratch)
    }
}

/// What came of building.
///
/// # Errors
/// It failed.
pub fn read_build(completion: Option<&Completion>) -> Result<(), Trouble> {
    match completion {
        Some(Completion::Exited { code: Some(0), .. }) => Ok(()),
        Some(Completion::Exited { .. }) => {
            let found = trouble(completion);
            Err(Trouble {
                code: if found.code == "engine-error" {
                    "build"
                } else {
                    found.code
                },
                ..found
            })
        }
        other => Err(trouble(other)),
    }
}

/// Whether the settings are there with which an image is sent.
#[must_use]
pub fn is_prepared(done: &[Completion]) -> bool {
    done.iter().all(|it| {
        matches!(
            it,
            Completion::Exited { code: Some(0), .. } | Completion::Written
        )
    })
}

/// Why a command did not do what it was to do.
#[must_use]
pub fn trouble(completion: Option<&Completion>) -> Trouble {
    let (code, said) = match completion {
        Some(Completion::Exited { stdout, stderr, .. }) => {
            let said = if stderr.trim().is_empty() {
                stdout
            } else {
                stderr
            };
            let class = CLASSES
                .iter()
                .find(|(_, words)| words.iter().any(|it| said.contains(it)));
            (
                class.map_or("engine-error", |(code, _)| *code),
                said.as_str(),
            )
        }
        Some(Completion::TimedOut { stderr, .. }) => ("engine-timeout", stderr.as_str()),
        Some(Completion::Failed { fault, message }) => {
            let code = match fault {
                Fault::NotFound => "engine-missing",
                Fault::SecretMissing => "secret-missing",
                Fault::Denied
                | Fault::TooLarge
                | Fault::NotText
                | Fault::Unreachable
                | Fault::Other => "engine-error",
            };
            (code, message.as_str())
        }
        Some(
            Completion::Recalled { .. }
            | Completion::Opened
            | Completion::Read { .. }
            | Completion::Written
            | Completion::Fetched { .. }
            | Completion::Unset { .. }
            | Completion::Fingerprinted { .. },
        )
        | None => ("engine-error", "it said nothing"),
    };
    Trouble::new(code, last_lines(said))
}

/// The end of what a program said: that is where its error stands. Where another one has run it, its own words come last and say
/// only that it failed: lines that say that they are an error come before those.
fn last_lines(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    let (errors, rest): (Vec<usize>, Vec<usize>) = (0..lines.len()).rev().partition(|at| {
        let line = lines.get(*at).map(|line| line.to_ascii_lowercase());
        line.is_some_and(|line| is_error(&line))
    });
    let mut told: Vec<usize> = errors.into_iter().chain(rest).take(LINES).collect();
    told.sort_unstable();
    let told = told.into_iter().filter_map(|at| lines.get(at).copied());
    let text = told.collect::<Vec<&str>>().join("; ");
    let skip = text.chars().count().saturating_sub(600);
    text.chars().skip(skip).collect()
}

/// `error: …`, `HTTPError: …`, `ValueError: …`, and what uv writes below one; in small letters.
fn is_error(line: &str) -> bool {
    let first = line.split_once(':').map(|(first, _)| first);
    first.is_some_and(|first| first.ends_with("error") && !first.contains(' '))
        || line.starts_with("caused by:")
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<String> {
    pairs.map(|(key, value)| format!("{key}={value}")).collect()
}

fn text(text: &str) -> Content {
    Content::Text {
        text: text.to_owned(),
    }
}

fn helper(logins: &BTreeMap<String, RegistryAuth>) -> String {
    let cases: String = logins
        .iter()
        .map(|(server, RegistryAuth { user, password })| {
            format!("'{server}') user=${{{user}-}} secret=${{{password}-}} ;;\n")
        })
        .collect();
    HELPER_PROGRAM.replace("CASES\n", &cases)
}

/// The program's name, after `docker-credential-`.
const HELPER: &str = "cd-action";

/// It says what two variables hold, to whoever has them in its environment.
const HELPER_PROGRAM: &str = include_str!("scripts/helper.sh");

/// A folder of settings with the plugins and contexts of another one.
const FOLDER: &str = r#"set -eu
mkdir -p "$1/bin"
chmod 700 "$1"
for it in cli-plugins contexts buildx; do
  if [ -n "$2" ] && [ -e "$2/$it" ] && ! [ -e "$1/$it" ]; then ln -s "$2/$it" "$1/$it"; fi
done
"#;

/// What podman has noted, as docker says it.
const NOTED: &str = r#"printf '["%s"]' "$(cat "$1")""#;

/// A command that also finds the programs of a folder.
const WITH_PATH: &str = r#"PATH=$1:$PATH; export PATH; shift; exec "$@""#;

/// What a docker command line says, and what it means.
const CLASSES: [(&str, &[&str]); 4] = [
    (
        "engine-unreachable",
        &[
            "Cannot connect to the Docker daemon",
            "error during connect",
            "Is the docker daemon running",
        ],
    ),
    (
        "not-built",
        &[
            "An image does not exist locally",
            "image not known",
            "tag does not exist",
            "No such image",
        ],
    ),
    (
        "registry-denied",
        &[
            "denied",
            "unauthorized",
            "authentication required",
            "no basic auth credentials",
        ],
    ),
    (
        "registry-unreachable",
        &[
            "connection refused",
            "connection reset",
            "no such host",
            "timeout",
            "TLS handshake",
            "EOF",
            "toomanyrequests",
            "Too Many Requests",
            "unexpected HTTP status",
            "received unexpected",
            "Service Unavailable",
            "Internal Server Error",
            "Bad Gateway",
            "broken pipe",
            "context deadline",
        ],
    ),
];

#[cfg(test)]
mod tests;
