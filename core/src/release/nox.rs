//! Nox, which runs the project's own sessions: how it is found, what it is asked, what it says.
//!
//! Where there is none it is run by uv; where there is no uv either, a pinned one is put into the run's own folder, and the
//! user's Python stays as it is. The sessions are listed before the first one is run: all that are missing are told at once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::engine::trouble;
use super::making::Made;
use crate::config::did_you_mean;
use crate::protocol::{Completion, Content, Effect, Fault, Run};
use crate::registry::Trouble;

/// Ways to nox, in the order in which they are tried.
const WAYS: usize = 3;

/// The uv that is fetched where nothing else is there.
pub(super) const UV: &str = "uv==0.13.9";

const PIP: &str = "python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps";

/// Milliseconds that a session may take.
const SESSION: u64 = 3_600_000;

/// Milliseconds of everything else; nox itself may have to be fetched.
pub(super) const QUICK: u64 = 300_000;

/// Bytes that are kept of what a session says.
const OUTPUT: u32 = 512 * 1024;

/// The nox at hand.
#[derive(Clone, Debug)]
pub struct Nox {
    search: Search,
    /// Sessions that the configuration names, each with the key that does.
    wanted: Vec<(String, String)>,
    ready: bool,
}

impl Nox {
    /// Not looked for yet. `wanted`: the names of sessions, each with the key that names it.
    #[must_use]
    pub const fn new(workspace: String, scratch: String, wanted: Vec<(String, String)>) -> Self {
        Self {
            search: Search::new(workspace, scratch),
            wanted,
            ready: false,
        }
    }

    /// Whether any session is to be run at all.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// For people.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self.search.way {
            0 => "nox",
            1 => "uvx nox",
            _ => "uvx nox, of a uv that was fetched for this run",
        }
    }

    /// What to do now.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        if self.ready {
            Vec::new()
        } else {
            self.search.effects()
        }
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, done: &[Completion]) -> Made {
        if self.ready {
            return Made::Done;
        }
        let read = match self.search.on(done) {
            Found::More => return Made::More,
            Found::Listed(list) => read_all(Some(&list), &self.wanted),
            Found::Missing(trouble) => Err(trouble),
        };
        match read {
            Ok(()) => {
                self.ready = true;
                Made::Done
            }
            Err(trouble) => Made::Failed(trouble),
        }
    }

    /// A session is run, and told in its environment what is wanted.
    #[must_use]
    pub fn run(&self, session: &str, told: BTreeMap<&str, String>) -> Run {
        let mut run = effect(self.search.session(session), SESSION);
        run.env = told
            .into_iter()
            .map(|(name, text)| (name.to_owned(), Content::Text { text }))
            .collect();
        run
    }
}

/// How nox is found: by asking for the sessions, in one way after the other. Starting it takes longer than what it is asked, so
/// it is asked for its version only where it gave no list: that tells a noxfile that cannot be read from a nox that is not there.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    workspace: String,
    scratch: String,
    /// Whether the noxfile gets less of the run's environment.
    little: bool,
    way: usize,
    /// What came instead of a list.
    refused: Option<Completion>,
}

/// What came of a step.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// There is more to ask.
    More,
    /// What it says when it is asked for its sessions.
    Listed(Completion),
    /// There is none in any way.
    Missing(Trouble),
}

impl Search {
    pub(crate) const fn new(workspace: String, scratch: String) -> Self {
        Self {
            workspace,
            scratch,
            little: false,
            way: 0,
            refused: None,
        }
    }

    /// For code that decides about its own deploy: listing sessions runs all of the noxfile that stands outside of them, so it
    /// gets no more than they do. Nox itself may have to be fetched, which takes more; that is done where no noxfile is read.
    pub(crate) const fn little(workspace: String, scratch: String) -> Self {
        let mut search = Self::new(workspace, scratch);
        search.little = true;
        search
    }

    /// What to do now. The last way is made first.
    pub(crate) fn effects(&self) -> Vec<Effect> {
        let program = program(self.way, &self.scratch);
        let version = program.iter().cloned().chain(["--version".to_owned()]);
        let version = Effect::Run(effect(version.collect(), QUICK));
        if self.refused.is_some() {
            return vec![version];
        }
        let list = in_tree(&self.workspace, program, &["--list", "--json"]);
        let list = if self.little {
            foreign(list, QUICK, &[])
        } else {
            effect(list, QUICK)
        };
        let fetch = (self.way == WAYS - 1).then(|| fetch_uv(&self.scratch));
        let warm = (self.little && self.way > 0).then_some(version);
        let list = Effect::Run(list);
        fetch.into_iter().chain(warm).chain([list]).collect()
    }

    /// Takes in what came of it.
    pub(crate) fn on(&mut self, done: &[Completion]) -> Found {
        let Some(last) = done.last() else {
            return Found::More;
        };
        match self.refused.take() {
            None if is_there(Some(last)) => return Found::Listed(last.clone()),
            None => self.refused = Some(last.clone()),
            Some(refused) if is_there(Some(last)) => return Found::Listed(refused),
            Some(_) if self.way + 1 < WAYS => self.way += 1,
            Some(refused) => return Found::Missing(missing(Some(&refused))),
        }
        Found::More
    }

    /// How a session is run in the working tree.
    pub(crate) fn session(&self, name: &str) -> Vec<String> {
        let program = program(self.way, &self.scratch);
        in_tree(&self.workspace, program, &["--session", name])
    }

    /// The same, where what came of it is to be known: an interpreter that is not there is none that was left out, and nox says
    /// in a file what it ran.
    pub(crate) fn reporting(&self, name: &str, report: &str) -> Vec<String> {
        let strict = ["--error-on-missing-interpreters", "--report", report];
        let strict = strict.map(str::to_owned);
        self.session(name).into_iter().chain(strict).collect()
    }
}

fn program(way: usize, scratch: &str) -> Vec<String> {
    match way {
        0 => vec!["nox".to_owned()],
        1 => vec!["uvx".to_owned(), "nox".to_owned()],
        _ => vec![format!("{scratch}/uv/bin/uvx"), "nox".to_owned()],
    }
}

/// Code of the commit that decides about the commit: it gets less of the run's environment than what builds a release, and of
/// secrets those that are named for it.
pub(crate) fn foreign(argv: Vec<String>, deadline: u64, secrets: &[String]) -> Run {
    let secret = |name: &String| (name.clone(), Content::Secret { name: name.clone() });
    Run {
        env: secrets.iter().map(secret).collect(),
        inherit: LITTLE.split_whitespace().map(str::to_owned).collect(),
        ..effect(argv, deadline)
    }
}

pub(super) fn effect(argv: Vec<String>, timeout: u64) -> Run {
    Run {
        argv,
        inherit: INHERIT.split_whitespace().map(str::to_owned).collect(),
        timeout,
        output_limit: OUTPUT,
        ..Run::default()
    }
}

/// A uv in the run's own folder.
pub(super) fn fetch_uv(scratch: &str) -> Effect {
    let to = format!("{scratch}/uv");
    let fetch = PIP.split(' ').chain(["--target", &to, UV]);
    Effect::Run(effect(fetch.map(str::to_owned).collect(), QUICK))
}

pub(super) const fn is_there(completion: Option<&Completion>) -> bool {
    matches!(completion, Some(Completion::Exited { code: Some(0), .. }))
}

fn missing(completion: Option<&Completion>) -> Trouble {
    let said = trouble(completion).text;
    Trouble::new(
        "nox-missing",
        format!("there is no nox here, and neither a uv at hand nor {UV} could run one: {said}"),
    )
}

/// # Errors
/// They could not be listed, or some are not there.
fn read_all(completion: Option<&Completion>, wanted: &[(String, String)]) -> Result<(), Trouble> {
    let Some(Completion::Exited {
        code: Some(0),
        stdout,
        ..
    }) = completion
    else {
        let said = trouble(completion);
        let text = format!(
            "the sessions of the noxfile cannot be listed: {}",
            said.text
        );
        return Err(Trouble::new("nox-failed", text));
    };
    let list = stdout.lines().rev().find(|line| line.starts_with('['));
    let list: Vec<Value> = serde_json::from_str(list.unwrap_or_default()).unwrap_or_default();
    let names = |member: &'static str| {
        let list = list.iter();
        list.filter_map(move |session| session.get(member)?.as_str())
    };
    let mut known: Vec<&str> = names("name").collect();
    known.dedup();
    let lacking = wanted.iter().filter(|(_, wanted)| {
        let mut all = names("session").chain(names("name"));
        !all.any(|name| name == wanted)
    });
    let told: Vec<String> = lacking
        .map(|(key, wanted)| {
            let near = did_you_mean(wanted, known.iter().copied());
            let near = near.map(|near| format!("; {near}")).unwrap_or_default();
            let known = known.join(", ");
            format!("`{key}`: the noxfile has no session `{wanted}`; it has {known}{near}")
        })
        .collect();
    if told.is_empty() {
        Ok(())
    } else {
        Err(Trouble::new("no-session", told.join("\n")))
    }
}

/// # Errors
/// They could not be listed, or this one is not there.
pub(crate) fn read_list(list: &Completion, wanted: &str) -> Result<(), Trouble> {
    read_all(Some(list), &[("sessions".to_owned(), wanted.to_owned())])
}

/// # Errors
/// The session failed.
pub(super) fn read_run(completion: Option<&Completion>) -> Result<(), Trouble> {
    match completion {
        Some(Completion::Exited { code: Some(0), .. }) => Ok(()),
        Some(Completion::Failed {
            fault: Fault::NotFound,
            ..
        }) => Err(missing(completion)),
        other => Err(Trouble::new(
            "session-failed",
            format!("the session failed: {}", trouble(other).text),
        )),
    }
}

/// A program where the working tree is: nox takes its noxfile, and its sessions their files, from there.
pub(crate) fn in_tree(workspace: &str, program: Vec<String>, args: &[&str]) -> Vec<String> {
    let around = [
        "sh",
        "-c",
        "cd \"$1\" && shift && exec \"$@\"",
        "sh",
        workspace,
    ];
    let around = around.map(str::to_owned).into_iter();
    let args = args.iter().map(|arg| (*arg).to_owned());
    around.chain(program).chain(args).collect()
}

/// What sessions may need of the run's environment. Secrets are not among it.
const INHERIT: &str = "PATH HOME USER TMPDIR LANG LC_ALL TERM CI XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR \
    DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_CERT_PATH DOCKER_TLS_VERIFY DOCKER_API_VERSION DOCKER_BUILDKIT BUILDX_BUILDER \
    SSH_AUTH_SOCK SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy \
    https_proxy no_proxy PIP_INDEX_URL PIP_CERT PIP_CONFIG_FILE PIP_CACHE_DIR PIP_FIND_LINKS PIP_NO_INDEX UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL \
    UV_FIND_LINKS UV_OFFLINE UV_CACHE_DIR UV_PYTHON UV_TOOL_DIR PYENV_VERSION PYENV_ROOT NOX_DEFAULT_VENV_BACKEND VIRTUAL_ENV RUNNER_TRACKING_ID RUNNER_TEMP \
    GITHUB_ACTIONS GITLAB_CI GITHUB_SHA GITHUB_REF GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_WORKSPACE";

/// What code that decides about its own deploy gets of the run's environment: where things are, and nothing to log in with.
const LITTLE: &str = "PATH HOME USER TMPDIR LANG LC_ALL TERM CI XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR SSL_CERT_FILE \
    SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NO_PROXY no_proxy PIP_CERT PIP_CACHE_DIR PIP_FIND_LINKS PIP_NO_INDEX UV_FIND_LINKS \
    UV_OFFLINE UV_CACHE_DIR UV_PYTHON UV_TOOL_DIR PYENV_VERSION PYENV_ROOT NOX_DEFAULT_VENV_BACKEND VIRTUAL_ENV RUNNER_TRACKING_ID RUNNER_TEMP \
    GITHUB_ACTIONS GITHUB_SHA GITHUB_REF GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_WORKSPACE";

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "nox > something\n[{\"session\":\"build-container\",\"name\":\"build-container\"},{\"session\":\"tests-3.12\",\"name\":\"tests\"}]";

    fn said(code: i32, stdout: &str) -> Completion {
        Completion::Exited {
            code: Some(code),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    fn not_found() -> Completion {
        Completion::Failed {
            fault: Fault::NotFound,
            message: "there is no program nox".to_owned(),
        }
    }

    fn nox(wanted: &[&str]) -> Nox {
        let wanted = wanted.iter();
        let wanted = wanted.map(|name| ("build.nox".to_owned(), (*name).to_owned()));
        Nox::new("/w".to_owned(), "/s".to_owned(), wanted.collect())
    }

    fn lines(nox: &Nox) -> Vec<String> {
        let effects = nox.effects().into_iter();
        let lines = effects.filter_map(|effect| match effect {
            Effect::Run(run) => Some(run.argv.join(" ")),
            Effect::ReadFile { .. }
            | Effect::WriteFile { .. }
            | Effect::Fetch(_)
            | Effect::FindUnset { .. }
            | Effect::Fingerprint { .. } => None,
        });
        lines.collect()
    }

    #[test]
    fn it_is_looked_for_and_fetched_only_in_the_end() {
        let mut nox = nox(&["tests"]);
        for (list, version) in [
            (" /w nox --list --json", "nox --version"),
            (" /w uvx nox --list --json", "uvx nox --version"),
        ] {
            assert!(lines(&nox).concat().ends_with(list), "{:?}", lines(&nox));
            assert_eq!(nox.on(&[said(127, "")]), Made::More);
            assert_eq!(lines(&nox), [version]);
            assert_eq!(nox.on(&[not_found()]), Made::More);
        }
        let fetched = lines(&nox);
        let pip = |line: &String| line.contains("pip install") && line.contains("--target /s/uv");
        assert!(fetched.first().is_some_and(pip), "{fetched:?}");
        let last = |line: &String| line.ends_with(" /w /s/uv/bin/uvx nox --list --json");
        assert!(fetched.last().is_some_and(last), "{fetched:?}");
        assert_eq!(nox.on(&[said(1, "")]), Made::More);
        assert_eq!(lines(&nox), ["/s/uv/bin/uvx nox --version"]);
        let over = nox.on(&[not_found()]);
        assert!(matches!(over, Made::Failed(trouble) if trouble.code == "nox-missing"));
    }

    /// Whoever reads the noxfile runs it: neither the list nor a session of a gate gets anything to log in with.
    #[test]
    fn where_it_decides_about_a_deploy_the_noxfile_never_gets_more_than_little() {
        let mut search = Search::little("/w".to_owned(), "/s".to_owned());
        let little: Vec<&str> = LITTLE.split_whitespace().collect();
        for key in [
            "SSH_AUTH_SOCK",
            "PIP_INDEX_URL",
            "UV_INDEX",
            "HTTPS_PROXY",
            "DOCKER_HOST",
            "DOCKER_CONFIG",
        ] {
            assert!(!little.contains(&key), "{key}");
        }
        for way in 0..WAYS {
            let mut lists = 0;
            for effect in search.effects() {
                let Effect::Run(run) = effect else {
                    panic!("nothing else is done for it")
                };
                let reads = run.argv.iter().any(|it| it == "--list");
                let inherits: Vec<&str> = run.inherit.iter().map(String::as_str).collect();
                assert_eq!(inherits == little, reads, "{way}: {:?}", run.argv);
                assert!(run.env.is_empty(), "{way}");
                lists += usize::from(reads);
            }
            assert_eq!(lists, 1, "{way}");
            assert!(matches!(search.on(&[said(127, "")]), Found::More));
            assert!(!matches!(search.on(&[not_found()]), Found::Listed(_)));
        }
        let session = search.reporting("tests", "/s/report.json").join(" ");
        assert!(
            session.ends_with(
                "--session tests --error-on-missing-interpreters --report /s/report.json"
            ),
            "{session}"
        );
    }

    #[test]
    fn a_folder_may_have_a_space_in_its_name() {
        let Effect::Run(run) = fetch_uv("/tmp/a b") else {
            panic!("it is fetched by a program")
        };
        let tail = ["--target", "/tmp/a b/uv", UV].map(str::to_owned);
        assert!(run.argv.ends_with(&tail), "{:?}", run.argv);
    }

    #[test]
    fn sessions_by_either_name_are_there() {
        let mut nox = nox(&["tests", "tests-3.12", "build-container"]);
        assert_eq!(nox.on(&[said(0, LIST)]), Made::Done);
        assert!(lines(&nox).is_empty());
    }

    #[test]
    fn a_noxfile_that_cannot_be_read_is_no_missing_nox() {
        let mut nox = nox(&["tests"]);
        assert_eq!(nox.on(&[said(1, "no noxfile")]), Made::More);
        assert_eq!(lines(&nox), ["nox --version"]);
        let over = nox.on(&[said(0, "2026.10.20")]);
        assert!(matches!(over, Made::Failed(trouble) if trouble.code == "nox-failed"));
    }

    #[test]
    fn all_that_are_missing_are_told_with_those_that_are_there() {
        let mut nox = nox(&["build-containers", "test", "tests"]);
        let Made::Failed(trouble) = nox.on(&[said(0, LIST)]) else {
            panic!("two are missing")
        };
        assert_eq!(trouble.code, "no-session");
        let lines: Vec<&str> = trouble.text.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            trouble
                .text
                .contains("it has build-container, tests; did you mean `build-container`?"),
            "{lines:?}"
        );
    }
}
