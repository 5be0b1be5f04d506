//! Nox, which runs the project's own sessions: how it is found, what it is asked, what it says.
//!
//! Where there is none it is run by uv; where there is no uv either, a pinned one is put into the run's own folder, and the
//! user's Python stays as it is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::engine::{Building, trouble};
use crate::config::did_you_mean;
use crate::protocol::{Completion, Content, Effect, Fault, Run};
use crate::registry::Trouble;

/// Ways to nox, in the order in which they are tried.
pub(crate) const WAYS: usize = 3;

/// The uv that is fetched where nothing else is there.
const UV: &str = "uv==0.13.9";

/// Milliseconds that a session may take.
const SESSION: u64 = 3_600_000;

/// Milliseconds of everything else; nox itself may have to be fetched.
const QUICK: u64 = 300_000;

/// Bytes that are kept of what a session says.
const OUTPUT: u32 = 512 * 1024;

/// A session that makes the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noxing {
    /// Its name.
    pub session: String,
    /// What it calls the image; `None`: what it is told to.
    pub produces: Option<String>,
}

/// For people.
pub(super) const fn words(way: usize) -> &'static str {
    match way {
        0 => "nox",
        1 => "uvx nox",
        _ => "uvx nox, of a uv that was fetched for this run",
    }
}

fn program(way: usize, scratch: &str) -> Vec<String> {
    match way {
        0 => vec!["nox".to_owned()],
        1 => vec!["uvx".to_owned(), "nox".to_owned()],
        _ => vec![format!("{scratch}/uv/bin/uvx"), "nox".to_owned()],
    }
}

fn effect(argv: Vec<String>, timeout: u64) -> Run {
    Run {
        argv,
        inherit: INHERIT.split_whitespace().map(str::to_owned).collect(),
        timeout,
        output_limit: OUTPUT,
        ..Run::default()
    }
}

/// Is it there? The last way is made first.
pub(crate) fn find(way: usize, scratch: &str) -> Vec<Effect> {
    let mut argv = program(way, scratch);
    argv.push("--version".to_owned());
    let fetch = (way == WAYS - 1).then(|| {
        let to = format!("{scratch}/uv");
        let fetch = format!(
            "python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps --target {to} {UV}"
        );
        Effect::Run(effect(fetch.split(' ').map(str::to_owned).collect(), QUICK))
    });
    fetch
        .into_iter()
        .chain([Effect::Run(effect(argv, QUICK))])
        .collect()
}

pub(crate) const fn is_there(completion: Option<&Completion>) -> bool {
    matches!(completion, Some(Completion::Exited { code: Some(0), .. }))
}

pub(crate) fn missing(completion: Option<&Completion>) -> Trouble {
    let said = trouble(completion).text;
    Trouble::new(
        "nox-missing",
        format!("there is no nox here, and neither a uv at hand nor {UV} could run one: {said}"),
    )
}

/// Which sessions are there?
pub(crate) fn list(way: usize, scratch: &str, workspace: &str) -> Effect {
    let argv = in_tree(workspace, program(way, scratch), &["--list", "--json"]);
    Effect::Run(effect(argv, QUICK))
}

/// The session is run, and told in its environment what is wanted.
pub(super) fn run(way: usize, scratch: &str, noxing: &Noxing, building: &Building) -> Effect {
    let args = ["--session", &noxing.session];
    let argv = in_tree(&building.workspace, program(way, scratch), &args);
    let mut run = effect(argv, SESSION);
    let labels: Vec<String> = building
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={}", value.replace('\n', " ")))
        .collect();
    let mut told = BTreeMap::from([
        ("CD_IMAGE", building.reference.clone()),
        ("CD_IMAGE_TAGS", building.tags.join("\n")),
        ("CD_IMAGE_LABELS", labels.join("\n")),
        ("CD_VERSION", building.version.clone()),
        ("CD_REVISION", building.revision.clone()),
    ]);
    if let Some(date) = building.date {
        told.insert("SOURCE_DATE_EPOCH", (date.0 / 1000).to_string());
    }
    run.env = told
        .into_iter()
        .map(|(name, text)| (name.to_owned(), Content::Text { text }))
        .collect();
    Effect::Run(run)
}

/// How a session is run in the working tree.
pub(crate) fn session(way: usize, scratch: &str, workspace: &str, name: &str) -> Vec<String> {
    in_tree(workspace, program(way, scratch), &["--session", name])
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

/// # Errors
/// It could not be listed, or there is no such session.
pub(crate) fn read_list(completion: Option<&Completion>, wanted: &str) -> Result<(), Trouble> {
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
    if names("session")
        .chain(names("name"))
        .any(|name| name == wanted)
    {
        return Ok(());
    }
    let mut known: Vec<&str> = names("name").collect();
    known.dedup();
    let near = did_you_mean(wanted, known.iter().copied());
    let near = near.map(|near| format!("; {near}")).unwrap_or_default();
    Err(Trouble::new(
        "no-session",
        format!(
            "the noxfile has no session `{wanted}`; it has {}{near}",
            known.join(", ")
        ),
    ))
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
    GITHUB_ACTIONS GITHUB_SHA GITHUB_REF GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_WORKSPACE";

/// What code that decides about its own deploy gets of the run's environment: where things are, and nothing to log in with.
const LITTLE: &str = "PATH HOME USER TMPDIR LANG LC_ALL TERM CI XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR SSL_CERT_FILE \
    SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NO_PROXY no_proxy PIP_CERT PIP_CACHE_DIR PIP_FIND_LINKS PIP_NO_INDEX UV_FIND_LINKS \
    UV_OFFLINE UV_CACHE_DIR UV_PYTHON UV_TOOL_DIR PYENV_VERSION PYENV_ROOT NOX_DEFAULT_VENV_BACKEND VIRTUAL_ENV RUNNER_TRACKING_ID RUNNER_TEMP \
    GITHUB_ACTIONS GITHUB_SHA GITHUB_REF GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_WORKSPACE";
