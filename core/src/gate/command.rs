//! `command`: a command of the configuration, run here. It says yes with 0, and "not yet" with 75, as mail programs do.

use super::evidence::Ran;
use super::{Evidence, Judgement, Lack, Seen};
use crate::config::Template;
use crate::protocol::Timestamp;

/// "Try again later", as sysexits has it.
pub const NOT_YET: i32 = 75;

/// What is run, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; never empty.
    pub argv: Vec<Template>,
    /// How it is run.
    pub terms: Terms,
}

/// How code that is not ours is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Milliseconds after which it is ended, with its process group.
    pub deadline: u64,
    /// Names of variables, secret ones, that it is given.
    pub secrets: Vec<String>,
}

/// What the command of this gate says.
#[must_use]
pub fn judge(gate: &str, evidence: &Evidence, now: Timestamp) -> Judgement {
    match Seen::read(evidence.commands.get(gate), now) {
        Ok(ran) => judge_ran(ran),
        Err(judgement) => judgement,
    }
}

/// What an exit code means: a shell's words for "there is no such program" and for signals are no answer.
pub(super) fn judge_ran(ran: &Ran) -> Judgement {
    let said = if ran.said.is_empty() {
        String::new()
    } else {
        format!(": {}", ran.said)
    };
    let (what, code) = (&ran.what, ran.code);
    match code {
        0 => Judgement::pass(format!("`{what}` ended with 0{said}")),
        NOT_YET => Judgement::pending(
            None,
            format!("`{what}`, which says: not yet"),
            format!("`{what}` ended with {NOT_YET}{said}"),
        ),
        126 | 127 | 128.. => Judgement::unknown(
            Lack::Lasting,
            format!("`{what}` could not run to its end ({code}){said}"),
        ),
        _ => Judgement::fail(format!("`{what}` ended with {code}{said}")),
    }
}
