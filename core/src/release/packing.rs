//! What it takes to build a package and to send it, in processes.
//!
//! A session builds; what it made is what is newer than a file of this run. Files are sent by a session of the project's own, or
//! by `uv publish`. Either is told which index to look at first, and it alone gets the token, in its environment.

use std::collections::BTreeMap;

use super::engine::trouble;
use super::nox::{self, Nox, QUICK, effect, fetch_uv, in_tree};
use super::packages::Built;
use crate::config::{Credentials, Package, Publisher, RegistryAuth};
use crate::protocol::{Completion, Content, Effect, Run, Timestamp};
use crate::registry::Trouble;

/// Milliseconds that sending files may take.
const SEND: u64 = 1_800_000;

/// What sessions are told of the release.
#[derive(Clone, Debug)]
pub struct Told {
    /// The working tree, an absolute path.
    pub workspace: String,
    /// The run's own folder.
    pub scratch: String,
    /// What people call it.
    pub version: String,
    /// The commit.
    pub revision: String,
    /// When the commit was made.
    pub date: Option<Timestamp>,
    /// Names of the variables with which the platform lets a job prove who it is; empty: it does not.
    pub trusted: Vec<String>,
}

impl Told {
    fn words(&self) -> BTreeMap<&'static str, String> {
        let mut told = BTreeMap::from([
            ("CD_VERSION", self.version.clone()),
            ("CD_REVISION", self.revision.clone()),
        ]);
        if let Some(date) = self.date {
            told.insert("SOURCE_DATE_EPOCH", (date.0 / 1000).to_string());
        }
        told
    }

    fn script(&self, script: &str, args: &[&str]) -> Effect {
        let around = ["sh", "-c", script, "sh"].into_iter();
        let argv = around.chain(args.iter().copied());
        let argv = argv.map(str::to_owned).collect();
        Effect::Run(effect(argv, QUICK))
    }

    /// The folder that a session builds into.
    pub(crate) fn folder(&self, package: &Package) -> String {
        format!("{}/{}", self.workspace, package.folder)
    }

    /// A package is built; the last of these says what came of it.
    #[must_use]
    pub fn make(&self, nox: &Nox, package: &Package) -> Vec<Effect> {
        let mark = format!("{}/before-{}", self.scratch, package.name);
        let folder = self.folder(package);
        vec![
            self.script(MARK, &[&mark]),
            Effect::Run(nox.run(&package.build, self.words())),
            self.script(HASH, &[&folder, &mark]),
        ]
    }
}

/// What was built.
///
/// # Errors
/// The session failed, or has built nothing.
pub fn read_make(done: &[Completion]) -> Result<Built, Trouble> {
    match done {
        [_, session] => Err(nox::read_run(Some(session))
            .err()
            .unwrap_or_else(|| trouble(Some(session)))),
        [
            _,
            _,
            Completion::Exited {
                code: Some(0),
                stdout,
                ..
            },
        ] => Built::read(stdout),
        _ => {
            let said = trouble(done.last()).text;
            let text = format!("what the session has built cannot be looked at: {said}");
            Err(Trouble::new("not-made", text))
        }
    }
}

/// A package on its way to its index.
#[derive(Clone, Debug)]
pub struct Sending {
    package: Package,
    files: Vec<String>,
    /// Which uv: the one at hand, else one of this run's own.
    own_uv: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    FindingUv,
    Sending,
}

/// What came of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// There is more to do.
    More,
    /// It says that it has.
    Done,
    /// The index knows.
    Unclear(Trouble),
    /// No.
    No(Trouble),
}

impl Sending {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(package: Package, built: &Built) -> Self {
        let stage = match package.publisher {
            Publisher::Session { .. } => Stage::Sending,
            Publisher::Uv { .. } => Stage::FindingUv,
        };
        let files = built.files.iter().map(|file| file.name.clone());
        Self {
            files: files.collect(),
            package,
            own_uv: false,
            stage,
        }
    }

    /// What to do now.
    #[must_use]
    pub fn effects(&self, nox: &Nox, told: &Told) -> Vec<Effect> {
        let uv = match self.own_uv {
            true => format!("{}/uv/bin/uv", told.scratch),
            false => "uv".to_owned(),
        };
        match (self.stage, &self.package.publisher) {
            (Stage::FindingUv, _) => {
                let version = effect(vec![uv, "--version".to_owned()], QUICK);
                let fetch = self.own_uv.then(|| fetch_uv(&told.scratch));
                fetch.into_iter().chain([Effect::Run(version)]).collect()
            }
            (Stage::Sending, Publisher::Session { name, upload }) => {
                let mut run = nox.run(name, told.words());
                run.timeout = SEND;
                run.argv = self.alone(&told.folder(&self.package), run.argv);
                self.introduce(&mut run, told, upload.as_deref());
                vec![Effect::Run(run)]
            }
            (Stage::Sending, Publisher::Uv { upload }) => {
                let folder = &self.package.folder;
                let files = self.files.iter();
                let files = files.map(|name| format!("{}/{folder}/{name}", told.workspace));
                let trusted = match (&self.package.login, told.trusted.is_empty()) {
                    (None, false) => "always",
                    (Some(_), _) | (None, true) => "never",
                };
                let program = [
                    &*uv,
                    "publish",
                    "--no-progress",
                    "--trusted-publishing",
                    trusted,
                    "--",
                ];
                let program = program.map(str::to_owned).into_iter();
                let argv = program.chain(files).collect();
                let mut run = effect(in_tree(&told.workspace, argv, &[]), SEND);
                self.introduce(&mut run, told, Some(upload));
                vec![Effect::Run(run)]
            }
        }
    }

    /// A session that finds nothing to send but what was built and looked at: the rest lies aside until it has ended.
    fn alone(&self, folder: &str, program: Vec<String>) -> Vec<String> {
        let around = ["sh", "-c", ALONE, "sh", folder].map(str::to_owned);
        let files = self.files.iter().cloned();
        let files = files.chain(["--".to_owned()]);
        around.into_iter().chain(files).chain(program).collect()
    }

    /// Where to look first, where to send, and by whose leave. A session finds the variables under their own names, too.
    fn introduce(&self, run: &mut Run, told: &Told, upload: Option<&str>) {
        let text = |text: &str| Content::Text {
            text: text.to_owned(),
        };
        let secret = |name: &String| Content::Secret { name: name.clone() };
        let index = format!("{}/", self.package.index);
        let mut set = vec![("UV_PUBLISH_CHECK_URL", text(&index))];
        set.extend(upload.map(|upload| ("UV_PUBLISH_URL", text(upload))));
        match &self.package.login {
            Some(Credentials::Token(token)) => {
                run.env.insert(token.clone(), secret(token));
                set.push(("UV_PUBLISH_TOKEN", secret(token)));
            }
            Some(Credentials::Password(RegistryAuth { user, password })) => {
                run.env.insert(password.clone(), secret(password));
                set.push(("UV_PUBLISH_PASSWORD", secret(password)));
                run.inherit.push(user.clone());
                let around = ["sh", "-c", AS_USER, "sh", user].map(str::to_owned);
                let argv = std::mem::take(&mut run.argv);
                run.argv = around.into_iter().chain(argv).collect();
            }
            None => {
                let names = told.trusted.iter();
                run.env
                    .extend(names.map(|name| (name.clone(), secret(name))));
            }
        }
        let set = set.into_iter();
        run.env
            .extend(set.map(|(name, content)| (name.to_owned(), content)));
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, done: &[Completion]) -> Sent {
        let last = done.last();
        match self.stage {
            Stage::FindingUv if nox::is_there(last) => self.stage = Stage::Sending,
            Stage::FindingUv if self.own_uv => {
                let said = trouble(last).text;
                let text = format!(
                    "there is no uv here, and {} could not be fetched: {said}",
                    nox::UV
                );
                return Sent::No(Trouble::new("uv-missing", text));
            }
            Stage::FindingUv => self.own_uv = true,
            Stage::Sending => return self.read(last),
        }
        Sent::More
    }

    fn read(&self, completion: Option<&Completion>) -> Sent {
        if nox::is_there(completion) {
            return Sent::Done;
        }
        let all = match completion {
            Some(Completion::Exited { stdout, stderr, .. }) => format!("{stdout}{stderr}"),
            Some(_) | None => String::new(),
        };
        let all = all.to_ascii_lowercase();
        let found = trouble(completion);
        let who = match &self.package.publisher {
            Publisher::Session { name, .. } => format!("the session {name}"),
            Publisher::Uv { .. } => "uv publish".to_owned(),
        };
        let text = format!(
            "{who} did not publish `{}`: {}",
            self.package.name, found.text
        );
        let class = CLASSES
            .iter()
            .find(|(_, words)| words.iter().any(|it| all.contains(it)));
        match (class, found.code) {
            (_, "secret-missing") => Sent::No(Trouble::new("secret-missing", text)),
            (Some((code, _)), _) => Sent::No(Trouble::new(code, text)),
            (None, _) => Sent::Unclear(Trouble::new("not-sent", text)),
        }
    }
}

/// What programs that send packages say, in small letters, where sending again is of no use.
const CLASSES: [(&str, &[&str]); 2] = [
    (
        "index-denied",
        &[
            "403 forbidden",
            "401 unauthorized",
            "status code 403",
            "status code 401",
            "code 403",
            "code 401",
            "httperror: 403",
            "httperror: 401",
            "missing credentials",
            "for trusted publishing",
        ],
    ),
    (
        "index-refused",
        &[
            "400 bad request",
            "409 conflict",
            "status code 400",
            "status code 409",
            "code 400",
            "code 409",
            "httperror: 400",
            "httperror: 409",
        ],
    ),
];

const MARK: &str = r#"umask 077; : >"$1""#;

/// Only files that are newer: what another run has left is not what this one has built, and is told apart.
const HASH: &str = r#"cd "$1" || exit 1
sum=sha256sum
command -v sha256sum >/dev/null || sum='shasum -a 256'
for age in '-newer' '! -newer'; do
  out="$sum"
  [ "$age" = -newer ] || out='printf beside\040\040%s\n'
  find . -maxdepth 1 -type f $age "$2" \( -name '*.whl' -o -name '*.tar.gz' -o -name '*.tar.bz2' -o -name '*.zip' \) -exec $out {} + || exit 1
done
"#;

/// A folder, names of files in it, `--`, a program: it finds those of all that could be sent, and what it does not find is put back.
/// Where this is killed, the next one puts it back.
const ALONE: &str = include_str!("scripts/alone.sh");

/// A command that finds a user's name under the name that uv looks for.
const AS_USER: &str =
    r#"UV_PUBLISH_USERNAME=$(printenv "$1"); export UV_PUBLISH_USERNAME; shift; exec "$@""#;
