//! The boundary between the core and whoever carries out its effects. No logic.
//!
//! The whole contract: hand an [`Input`] to [`Session::handle`](crate::Session::handle), then call
//! [`Session::poll`](crate::Session::poll) until it answers [`Output::Idle`] or [`Output::Done`]. Carry out every
//! [`Output::Effect`] in between, concurrently, and hand each one's [`Completion`] in as it comes, in any order.
//! Hand in [`Input::Tick`] when an `Idle` names a time and that time has come. After `Done` nothing more is accepted.
//!
//! An effect leaves no meaningful choice to whoever carries it out: no defaults, no retries, no quoting.
//!
//! To add an effect: the variant here, `cargo xtask generate`, then follow `tsc` to `action/src/effects/` and the
//! compiler to `tests/sim`.

mod outcome;
mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod fetch;

pub use fetch::{Authorization, Body, Fetch, Keep, Method};
pub use outcome::{Misuse, Outcome};

/// Milliseconds since the Unix epoch, by the clock of the machine the run is on.
///
/// It never decides who may write at the target: leases go by the target's own clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(as = "f64"))]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `millis` later.
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`; 0 where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Names one effect of one run: a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct EffectId(pub u32);

/// What the world tells the core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Input {
    /// The run starts. Always first, never again.
    Begin(Box<Begin>),
    /// An effect has been carried out, or could not be.
    Completed {
        /// Which one.
        id: EffectId,
        /// What came of it.
        completion: Completion,
    },
    /// Somebody asks the run to stop. What serves now must be left serving.
    Cancel {
        /// Milliseconds until the process is ended by force.
        #[cfg_attr(feature = "generate", ts(type = "number"))]
        grace: u64,
    },
    /// The time that an [`Output::Idle`] named has come. A spurious one is harmless.
    Tick,
}

/// What is known at the start of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Begin {
    /// Which program was started.
    #[serde(default)]
    pub program: Program,
    /// The arguments of the command line, without the program's name; empty for an action.
    pub argv: Vec<String>,
    /// The action's inputs by their kebab-case names, as they were given. Empty on a command line.
    pub inputs: BTreeMap<String, String>,
    /// The environment variables that [`needs`](crate::needs) names and that are set.
    pub env: BTreeMap<String, String>,
    /// Who drives the run.
    pub platform: Platform,
    /// Absolute path of the working tree.
    pub workspace: String,
    /// Absolute path of a folder that is this run's own (mode 0700) and is deleted when it ends; made where the run
    /// [`needs`](Needs::scratch) it.
    pub scratch: String,
    /// Absolute path of the folder that reports are written to; it outlives the run.
    pub reports: String,
    /// Who holds the lease: the same for `main` and `post` of one job, another one for everybody else. Of a job it ends in
    /// `#ATTEMPT.LEG`: another attempt takes over at once, another leg of the same attempt does not.
    pub holder: String,
    /// Absolute path of the file that every input and output of this run is written to.
    pub journal: String,
}

/// What [`Begin`] is to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Needs {
    /// The names of environment variables.
    pub env: Vec<&'static str>,
    /// The names of an action's inputs.
    pub inputs: Vec<&'static str>,
    /// Words that the core reads in what an engine or a router says: a secret that is one of them cannot be kept out of
    /// logs.
    pub plain: Vec<&'static str>,
    /// Whether the run needs the folder that [`Begin::scratch`] names; else it is a name that no other run has.
    pub scratch: bool,
    /// A command line with one of these words builds what lies in the working tree: until such a run ends, its journal and what others
    /// have left in [`Begin::reports`] lie elsewhere, where that folder is in the tree.
    pub builds: Vec<&'static str>,
}

/// The programs that there are: each has an `action.yml` of its own. A command line is `cd-action`, whatever its words are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Program {
    /// Takes a merge to running.
    #[default]
    CdAction,
    /// Derives tags, labels and annotations, and nothing more.
    Metadata,
}

/// Who drives a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Platform {
    /// A person or a script on a command line.
    #[default]
    CommandLine,
    /// A workflow runner that speaks GitHub's protocol.
    Actions,
    /// The same, in the `post` step of the job.
    ActionsPost,
}

/// What the core tells the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "an output is made, handed out and gone; most are effects, and a box would be one more of each"
)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Output {
    /// Carry this out and hand in its completion.
    Effect {
        /// Names it in [`Input::Completed`].
        id: EffectId,
        /// What to do.
        effect: Effect,
    },
    /// End a running effect's process group with SIGTERM, then SIGKILL; it completes as whatever it ended as.
    Abort {
        /// Which one.
        id: EffectId,
    },
    /// Say this. Never answered.
    Emit {
        /// What to say.
        emit: Emit,
    },
    /// Nothing to do until a completion comes or the clock says `wake_at`.
    Idle {
        /// Hand in a [`Input::Tick`] then; `None`: only a completion can go on.
        wake_at: Option<Timestamp>,
        /// What is waited for, for people.
        reason: String,
    },
    /// The run is over.
    Done {
        /// How it ended.
        outcome: Outcome,
        /// The exit code of the process.
        exit_code: u8,
    },
}

/// One thing to carry out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Effect {
    /// Start a process and wait for its end.
    Run(Run),
    /// Read a text file.
    ReadFile {
        /// Absolute path.
        path: String,
        /// Most bytes that may be read; a larger file is [`Fault::TooLarge`].
        limit: u32,
    },
    /// Write a file: a temporary one beside it, renamed over it. Missing folders are made.
    WriteFile {
        /// Absolute path.
        path: String,
        /// What to write.
        content: Content,
        /// Permission bits, such as `0o600`.
        mode: u32,
        /// Whether it is to be there after a power cut, too: it is synced, which takes milliseconds.
        durable: bool,
    },
    /// One HTTP exchange. No redirect is followed, and nothing is tried again.
    Fetch(Fetch),
    /// Which of these variables are not set, or empty? Nothing is told of their values, and no process sees them.
    FindUnset {
        /// Names of environment variables of the run.
        names: Vec<String>,
    },
    /// HMAC-SHA-256 of secrets under a key that the shell holds (see [`Run::keep_as`]).
    ///
    /// The core compares configurations without ever seeing a value.
    Fingerprint {
        /// Names of environment variables of the run.
        names: Vec<String>,
        /// The name that the key was kept under.
        key: String,
    },
}

/// A process to run. No shell is between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Run {
    /// The program, looked up in the run's `PATH`, and its arguments.
    pub argv: Vec<String>,
    /// Variables to set for the child. They are its whole environment, with those of `inherit`.
    pub env: BTreeMap<String, Content>,
    /// Names of variables that the child gets from the run's own environment, where they are set. `GIT_*` stands for all that
    /// begin with `GIT_`.
    pub inherit: Vec<String>,
    /// What the child reads; `None`: nothing, its input is closed.
    pub stdin: Option<Stdin>,
    /// Milliseconds after which the process group is ended and the effect completes as [`Completion::TimedOut`].
    #[cfg_attr(feature = "generate", ts(type = "number"))]
    pub timeout: u64,
    /// Most bytes kept of each of stdout and stderr; of a longer one the last bytes are kept.
    pub output_limit: u32,
    /// Leave it running until the run ends; complete as [`Completion::Opened`] when this path exists.
    pub hold: Option<String>,
    /// Keep stdout (trimmed) in the shell under this name, as a secret; it is not handed back.
    pub keep_as: Option<String>,
    /// Stdout is what earlier runs wrote, and nothing secret is ever written: where the process ends with 0 hand it back
    /// as it is, as [`Completion::Recalled`]. A secret that happens to be a word in it would else spoil it.
    pub recall: bool,
}

/// What a child reads from its standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Stdin {
    /// This text.
    Text {
        /// UTF-8, byte for byte.
        text: String,
    },
    /// A tar archive (ustar) of these files.
    Tar {
        /// In this order; folders are not listed, but made.
        files: Vec<TarFile>,
    },
}

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct TarFile {
    /// Relative path, at most 100 bytes.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner's user id.
    pub uid: u32,
    /// Owner's group id.
    pub gid: u32,
    /// What is in it.
    pub content: Content,
}

/// A value that the core knows, or one that it only knows by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Content {
    /// The value itself.
    Text {
        /// UTF-8, byte for byte.
        text: String,
    },
    /// The value of an environment variable of the run. From here on it is blotted out of all that is handed back.
    Secret {
        /// The variable's name.
        name: String,
    },
    /// The same as lines of text: they end in a newline, the last one too, whatever the value does.
    ///
    /// For keys in files: many stores of secrets cut the last newline off, and ssh then refuses the key.
    Lines {
        /// The variable's name.
        name: String,
    },
    /// The JSON object in a file, which may hold secrets, with the members of another one put into it (RFC 7396): an object
    /// is put in member by member, null removes. Where there is no such file it is the empty object.
    Patched {
        /// Absolute path of the file.
        path: String,
        /// A JSON object.
        patch: String,
    },
}

/// What came of an effect. The world's failures are data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Completion {
    /// A process ended.
    Exited {
        /// Its exit code; `None` where a signal ended it.
        code: Option<i32>,
        /// The signal that ended it.
        signal: Option<String>,
        /// What it wrote, blotted; bytes that are no UTF-8 are replaced.
        stdout: String,
        /// The same of stderr.
        stderr: String,
    },
    /// A process that was to [`recall`](Run::recall) ended with 0.
    Recalled {
        /// What it wrote, byte for byte.
        stdout: String,
    },
    /// A process did not end in time and was ended, or a server did not answer in time. What was to be done may have
    /// happened.
    TimedOut {
        /// What the process had written.
        stdout: String,
        /// The same of stderr.
        stderr: String,
    },
    /// A process that is held open is ready.
    Opened,
    /// A file's text.
    Read {
        /// UTF-8.
        text: String,
    },
    /// A file is written.
    Written,
    /// A server answered, whatever its status.
    Fetched {
        /// Its status.
        status: u16,
        /// The headers that were wanted and came, by their names in small letters.
        headers: BTreeMap<String, String>,
        /// Its body, blotted; bytes that are no UTF-8 are replaced. Empty where it was kept.
        body: String,
    },
    /// These are not set.
    Unset {
        /// Of the names that were asked for, in their order.
        names: Vec<String>,
    },
    /// The fingerprints, in hexadecimal; `None`: the variable is not set, or empty.
    Fingerprinted {
        /// By the name of the variable.
        values: BTreeMap<String, Option<String>>,
    },
    /// It could not be carried out; nothing happened, or the fault says otherwise.
    Failed {
        /// What kind of failure.
        fault: Fault,
        /// The system's words.
        message: String,
    },
}

/// Why an effect could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Fault {
    /// No such file or program.
    NotFound,
    /// Not allowed to.
    Denied,
    /// A file is larger than the limit, or a text is longer than the format allows.
    TooLarge,
    /// A file is not UTF-8.
    NotText,
    /// A secret that the effect names is not set.
    SecretMissing,
    /// A server cannot be reached, or the connection to it was cut: what was asked of it may have happened.
    Unreachable,
    /// Anything else.
    Other,
}

/// Something to say. The core has rendered every sentence; the shell only knows where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Emit {
    /// A line of the log.
    Log {
        /// How loud.
        level: Level,
        /// May hold several lines.
        text: String,
    },
    /// Begin a group of lines that folds away.
    Group {
        /// Its heading.
        title: String,
    },
    /// End it.
    EndGroup,
    /// Words of somebody else (a container's log, a tool's error): shown, but never obeyed by the runner.
    Relay {
        /// As it came.
        text: String,
    },
    /// An annotation on the run.
    Annotation {
        /// How loud.
        level: Level,
        /// In a few words.
        title: String,
        /// Cause and remedy.
        message: String,
        /// The file it is about.
        file: Option<String>,
        /// From 1.
        line: Option<u32>,
        /// From 1.
        column: Option<u32>,
    },
    /// An output of the step.
    Output {
        /// Kebab-case.
        name: String,
        /// One value.
        value: String,
    },
    /// A variable for the later steps of the job.
    Variable {
        /// Upper case.
        name: String,
        /// One value.
        value: String,
    },
    /// Something that `post` must know, should this process not live to tell.
    State {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The job summary, in Markdown.
    Summary {
        /// All of it.
        markdown: String,
    },
    /// The answer on standard output, for the command line: with `--json`, or to `--help`.
    Answer {
        /// One JSON document, or the help's text.
        json: String,
    },
    /// These texts are public (the ledger and the image name them): a secret that is a part of one is not blotted, for
    /// blotted they could not be compared.
    Public {
        /// Whole texts.
        texts: Vec<String>,
    },
    /// From here on this variable's value is blotted out of all that leaves the process.
    Mask {
        /// The variable's name.
        name: String,
    },
}

/// How loud something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub enum Level {
    /// Only with debug logging.
    Debug,
    /// Normal.
    Info,
    /// Worth reading.
    Warning,
    /// The reason for a failure.
    Error,
}
