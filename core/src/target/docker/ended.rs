//! How a command ended: what it surely did, surely did not, or nobody knows.

use super::Step;
use super::script::Said;
use super::stopping::set_by;
use super::survey::{stdout, succeeded, taken_by, words};
use crate::protocol::Completion;
use crate::rollout::{Done, Started};

/// What an engine says of a start whose failing lies in the image or its configuration.
const ITS_OWN_FAULT: &[&str] = &[
    "executable file not found",
    "permission denied: unknown",
    "exec format error",
    "no such file or directory: unknown",
    "unable to find user",
    "OCI runtime create failed",
    "permission denied: OCI permission denied",
    "attempted to invoke a command that was not found",
];

/// What an engine says where no further try brings an instance back: somebody holds it, or took it away.
const BEYOND_REVIVAL: &[&str] = &[
    "cannot start a paused container",
    "No such container",
    "no such container",
    "is paused",
];

/// What the engine says where a command inside the router never began.
const NEVER_BEGAN: &[&str] = &[
    "No such container",
    "is not running",
    "is restarting",
    "is paused",
    "Cannot connect to the Docker daemon",
    "no such container",
    "container state improper",
    "cannot exec in a stopped state",
];

/// How a transaction inside the router ended, by its last line alone.
pub(super) fn transacted(completion: Option<&Completion>) -> (Done, Said) {
    let Some(completion) = completion else {
        return (
            Done::Unknown("it was never asked".to_owned()),
            Said::default(),
        );
    };
    // What was said before the time was over is said: the lines have no other meaning for that.
    let said = match completion {
        Completion::TimedOut { stdout, .. } => Said::read(stdout),
        Completion::Exited { .. }
        | Completion::Recalled { .. }
        | Completion::Opened
        | Completion::Read { .. }
        | Completion::Written
        | Completion::Fetched { .. }
        | Completion::Unset { .. }
        | Completion::Fingerprinted { .. }
        | Completion::Failed { .. } => Said::read(stdout(completion)),
    };
    let done = match said.result.as_str() {
        "done" => Done::Yes,
        "fenced" => Done::Fenced(taken_by(&said)),
        "stopped" => Done::Stopped(set_by(&said)),
        "" if NEVER_BEGAN
            .iter()
            .any(|words| self::words(completion).contains(words)) =>
        {
            Done::No(words(completion))
        }
        "" => Done::Unknown(words(completion)),
        "overtaken" => Done::No("a later write of this run had come before it".to_owned()),
        "lock-timeout" => {
            Done::No("another writer did not let go of the lock within 10 s".to_owned())
        }
        "unwritten" => Done::No(
            "the volume at the target could not be written: its disk is full, or it is read-only"
                .to_owned(),
        ),
        "unreachable" => Done::Unknown("HAProxy's runtime interface did not answer".to_owned()),
        "not-up" => {
            Done::Mute("the router calls none of the instances that should serve up".to_owned())
        }
        // The very same file is refused each time.
        "invalid" => Done::Refused(refusal(&said)),
        _ => Done::No(refusal(&said)),
    };
    (done, said)
}

fn refusal(said: &Said) -> String {
    let words = format!("HAProxy refused: {} {}", said.result, said.lines.join(" "));
    words.trim_end().to_owned()
}

/// A command that failed: whether it surely did nothing, or nobody knows.
pub(super) fn failure(completion: &Completion) -> Done {
    let text = words(completion);
    match completion {
        Completion::Failed { .. } => Done::No(text),
        Completion::Exited {
            code: Some(code), ..
        } if *code != 0 && *code < 128 => Done::No(text),
        Completion::Exited { .. }
        | Completion::TimedOut { .. }
        | Completion::Opened
        | Completion::Recalled { .. }
        | Completion::Read { .. }
        | Completion::Written
        | Completion::Fetched { .. }
        | Completion::Unset { .. }
        | Completion::Fingerprinted { .. } => Done::Unknown(text),
    }
}

/// All commands went through, or were as good as done.
pub(super) fn acted(steps: &[Step], done: &[Completion]) -> Done {
    match steps
        .iter()
        .zip(done)
        .find(|(step, completion)| !step.goes_on(completion))
    {
        Some((_, completion)) => failure(completion),
        None if done.len() < steps.len() => Done::Unknown("not all was done".to_owned()),
        None => Done::Yes,
    }
}

pub(super) fn revived(completion: Option<&Completion>) -> Started {
    match started(completion) {
        Started::No(why) if BEYOND_REVIVAL.iter().any(|words| why.contains(words)) => {
            Started::Refused(why)
        }
        other => other,
    }
}

pub(super) fn started(completion: Option<&Completion>) -> Started {
    let Some(completion) = completion else {
        return Started::Unknown("it was never asked".to_owned());
    };
    if succeeded(completion) {
        return Started::Yes;
    }
    let text = words(completion);
    if ITS_OWN_FAULT.iter().any(|words| text.contains(words)) {
        return Started::Refused(text);
    }
    match failure(completion) {
        Done::No(why) | Done::Refused(why) | Done::Mute(why) => Started::No(why),
        Done::Yes | Done::Unknown(_) | Done::Fenced(_) | Done::Stopped(_) => Started::Unknown(text),
    }
}

/// Both streams of a log, as far as they can be told apart.
pub(super) fn merged(completion: &Completion) -> String {
    match completion {
        Completion::Exited { stdout, stderr, .. } => {
            let mut text = stdout.trim_end().to_owned();
            if !stderr.trim().is_empty() {
                text.push('\n');
                text.push_str(stderr.trim_end());
            }
            text.trim().to_owned()
        }
        Completion::TimedOut { .. }
        | Completion::Opened
        | Completion::Recalled { .. }
        | Completion::Read { .. }
        | Completion::Written
        | Completion::Fetched { .. }
        | Completion::Unset { .. }
        | Completion::Fingerprinted { .. }
        | Completion::Failed { .. } => String::new(),
    }
}
