//! The one annotation of a run that did not end well.

use super::super::Report;
use super::super::escape::{cut, line, lines};
use super::super::headline::{headline, word};
use super::super::next::next;
use super::super::serving::{environment, serves_now};
use crate::protocol::Outcome;
use crate::rollout::UNHOOKED;

/// Characters of a message, in the runner's count (UTF-16): it cuts at 4096 itself, without saying so.
const LONGEST_MESSAGE: usize = 3_500;

/// Characters of the part that says why: what to do and what serves must have room after it.
const LONGEST_CAUSE: usize = 2_000;

/// Characters of each of the others.
const LONGEST_PART: usize = 700;

/// Its title, and cause, remedy and what serves now; `None` where the run ended well, its hooks included.
pub(in super::super) fn annotation(report: &Report) -> Option<(String, String)> {
    let unhooked = report.outcome == Outcome::Deployed && report.reason == UNHOOKED;
    (unhooked || report.outcome.exit_code(false) != 0).then(|| (title(report), message(report)))
}

/// `deploy to staging: rolled back`.
fn title(report: &Report) -> String {
    let (command, environment) = (line(&report.command), environment(report));
    let place = match (environment.as_str(), command.as_str()) {
        ("", _) => String::new(),
        (_, "deploy") => format!(" to {environment}"),
        _ => format!(" in {environment}"),
    };
    let command = if command.is_empty() {
        "cd-action"
    } else {
        &command
    };
    format!("{command}{place}: {}", word(report.outcome))
}

fn message(report: &Report) -> String {
    let mut parts = vec![cause(report)];
    parts.extend(
        next(report)
            .first()
            .map(|next| format!("next: {}", cut(&line(next), LONGEST_PART))),
    );
    if report.outcome != Outcome::Invalid {
        parts.push(format!(
            "serves now: {}",
            cut(&line(&serves_now(report)), LONGEST_PART)
        ));
    }
    fitting(&parts.join("\n"))
}

/// The cause in one sentence; of mistakes, every one.
fn cause(report: &Report) -> String {
    if report.outcome == Outcome::Invalid {
        let mistakes: Vec<String> = report.because.iter().flat_map(|it| lines(it)).collect();
        return cut(&mistakes.join("\n"), LONGEST_CAUSE);
    }
    let cause = report
        .because
        .first()
        .map_or_else(|| headline(report), Clone::clone);
    cut(&line(&cause), LONGEST_CAUSE)
}

fn fitting(message: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= LONGEST_MESSAGE
    };
    message.chars().take_while(fits).collect()
}
