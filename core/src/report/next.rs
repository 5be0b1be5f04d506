//! What to do next, where the session has not said it better: the renderer leaves nobody without an answer.

use super::Report;
use super::headline::{LEASE_LOST, NOT_ITS_FAULT, NOT_PROMOTED};
use super::serving::wanted;
use super::words::{argument, when};
use crate::protocol::Outcome;
use crate::rollout::{PAST, UNHOOKED};
use crate::stop;

/// What to do next; empty where there is nothing to do.
pub(super) fn next(report: &Report) -> Vec<String> {
    if report.next.is_empty() {
        usual(report)
    } else {
        report.next.clone()
    }
}

fn usual(report: &Report) -> Vec<String> {
    let next = match report.outcome {
        Outcome::Shown
        | Outcome::Unchanged
        | Outcome::Restored
        | Outcome::Released
        | Outcome::Resumed => return Vec::new(),
        Outcome::Deployed if report.reason == UNHOOKED => {
            "put right what the hook did not do: the new version serves all the same, and nothing runs the hook again by itself".to_owned()
        }
        Outcome::Deployed => return way_back(report),
        Outcome::Stopped => {
            format!("when it is over, lift it: {}", command(report, "resume"))
        }
        Outcome::Waiting => {
            return vec![
                format!("give it the traffic: {}", promotion(report)),
                format!("or put it away: {}", command(report, "abort")),
            ];
        }
        Outcome::Held if report.reason == stop::CODE => return after_a_stop(report),
        Outcome::Held => "run it again when what is awaited has come".to_owned(),
        Outcome::Superseded => {
            format!("nothing where the newer one is wanted; to go back on purpose, run {}", command(report, "rollback"))
        }
        Outcome::Rejected => "deploy another version, or put right what is said above and run it again".to_owned(),
        Outcome::Busy if report.reason == LEASE_LOST => {
            format!("see what the other run makes of it: {}", command(report, "status"))
        }
        Outcome::Busy => {
            "wait for the other run and run it again, or give it longer to wait with `wait`; a lease that nobody renews ends by itself".to_owned()
        }
        Outcome::Failed | Outcome::RolledBack if report.reason == UNHOOKED => format!(
            "repair the hook, or what it said no to, and run it again; nothing is held against {}",
            wanted(report)
        ),
        Outcome::Failed => "put right what is said above and run it again".to_owned(),
        Outcome::RolledBack => after_rolling_back(report),
        Outcome::Cancelled => "run it again when it is wanted".to_owned(),
        Outcome::Stranded if report.reason == PAST => return past_no_return(report),
        Outcome::Stranded => return by_hand(report),
        Outcome::Invalid => "correct what is said above and run it again".to_owned(),
        Outcome::Crashed => return after_a_crash(report),
    };
    vec![next]
}

fn after_a_stop(report: &Report) -> Vec<String> {
    let until = report.stop.as_ref().and_then(|stop| stop.until);
    let end = until.map_or_else(String::new, |until| {
        format!(" (or wait: it ends by itself on {})", when(until))
    });
    vec![
        format!(
            "lift it: {}, then run this again{end}",
            command(report, "resume")
        ),
        format!("to go back meanwhile, run {}", command(report, "rollback")),
    ]
}

fn way_back(report: &Report) -> Vec<String> {
    let back = || format!("nothing; to go back, run {}", command(report, "rollback"));
    report.before.iter().map(|_| back()).collect()
}

fn after_rolling_back(report: &Report) -> String {
    if report.reason == NOT_PROMOTED {
        return format!(
            "run it again when somebody is there to promote it; nothing is held against {}",
            wanted(report)
        );
    }
    if report.reason == NOT_ITS_FAULT {
        return format!(
            "put right what is said above and run it again; nothing is held against {}",
            wanted(report)
        );
    }
    format!(
        "repair it and deploy the result; {}, as it is, is quarantined here (`override: quarantine` with a `reason` lets it in)",
        wanted(report),
    )
}

fn by_hand(report: &Report) -> Vec<String> {
    vec![
        format!(
            "run {}: it makes the last known-good version serve and puts the rest away",
            command(report, "recover")
        ),
        format!("{} says what is there", command(report, "status")),
    ]
}

/// Past a point of no return there is a way forward, and one back that only a person takes.
fn past_no_return(report: &Report) -> Vec<String> {
    let version = report.before.as_ref().map(|it| argument(&it.version));
    let version = version.unwrap_or_else(|| "<version>".to_owned());
    let flags = format!(" --version {version} --override no-return --reason '<why>'");
    let has = if report.worker {
        "works"
    } else {
        "has the traffic"
    };
    vec![
        format!(
            "see how far the hook got; then forward: repair it and deploy the result, which begins from what {has} now"
        ),
        format!(
            "or back, across the point of no return: {}",
            command_for(report, "rollback", &flags)
        ),
    ]
}

fn after_a_crash(report: &Report) -> Vec<String> {
    vec![
        format!("{} says what serves", command(report, "status")),
        format!("{} puts away what was begun", command(report, "recover")),
        "report the bug, with the journal".to_owned(),
    ]
}

/// The exact command, for a terminal and for a workflow.
fn command(report: &Report, word: &str) -> String {
    command_for(report, word, "")
}

/// The command that promotes this very version, and no other that may wait by then.
fn promotion(report: &Report) -> String {
    let version = report.wanted.as_ref().map(|it| argument(&it.version));
    let version = version.map_or_else(String::new, |version| format!(" --version {version}"));
    command_for(report, "promote", &version)
}

/// `flags` begin with a blank.
fn command_for(report: &Report, word: &str, flags: &str) -> String {
    let environment = match report.environment.as_str() {
        "" => String::new(),
        name => format!(" --environment {}", argument(name)),
    };
    format!("`cd-action {word}{environment}{flags}` (in a workflow: `command: {word}`)")
}
