//! What a journal that was decided again says.

use super::super::words::{duration, when};
use super::page::{Page, Plain};
use crate::replay::{Difference, JournalEnd, Moment, Replayed, Unreadable};

/// All of it, line by line.
pub(crate) fn explanation(replayed: &Replayed) -> String {
    let mut page = Page::new(&headline(replayed));
    let difference = replayed.difference.iter();
    difference.for_each(|it| page.section(&parted(it, replayed), difference_lines(it)));
    page.section("the journal", journal(replayed));
    page.section("how it went", moments(&replayed.moments));
    page.section(&outcome_title(replayed), because(replayed));
    page.finish()
}

/// Everything that is wrong with a file, one a line.
pub(crate) fn mistakes(unreadable: &Unreadable) -> String {
    let mut lines: Vec<String> = unreadable
        .mistakes
        .iter()
        .map(ToString::to_string)
        .collect();
    if unreadable.more > 0 {
        lines.push(format!("and {} lines more", unreadable.more));
    }
    if let Some(version) = unreadable
        .version
        .as_ref()
        .filter(|it| **it != unreadable.by)
    {
        lines.push(format!(
            "it was written by version {version}, and this is {}: `replay` of that version reads it",
            unreadable.by
        ));
    }
    lines.join("\n")
}

fn headline(replayed: &Replayed) -> String {
    let decided = match replayed.decided {
        1 => "1 input".to_owned(),
        count => format!("{count} inputs"),
    };
    match &replayed.difference {
        None => format!("decided again alike: {}, {decided}", run(replayed)),
        Some(difference) => format!(
            "decided otherwise from line {} on: {}, alike for {decided} before",
            difference.line,
            run(replayed)
        ),
    }
}

fn run(replayed: &Replayed) -> String {
    let command = match replayed.command.as_str() {
        "" => "a run".to_owned(),
        command => format!("`{command}`"),
    };
    format!("{command} of {}", when(replayed.began))
}

fn parted(difference: &Difference, replayed: &Replayed) -> String {
    let versions = match &replayed.version {
        Some(version) if *version == replayed.by => {
            format!("by the same version, {version}: a bug, or another build")
        }
        Some(version) => format!("then by {version}, now by {}", replayed.by),
        None => format!("then by an older version, now by {}", replayed.by),
    };
    format!(
        "line {}, output {} ({versions})",
        difference.line, difference.output
    )
}

fn difference_lines(difference: &Difference) -> Vec<Plain> {
    let known = |words: &Option<String>| words.clone().unwrap_or_else(|| "nothing more".to_owned());
    let row = |name: &str, words: String| [name.to_owned(), words];
    let mut rows = vec![
        row("then", known(&difference.then)),
        row("now", known(&difference.now)),
    ];
    if !difference.place.is_empty() {
        rows.extend([
            row("apart at", difference.place.clone()),
            row("- then", difference.was.clone()),
            row("+ now", difference.is.clone()),
        ]);
    }
    Plain::columns(&rows)
}

fn journal(replayed: &Replayed) -> Vec<Plain> {
    let written = match &replayed.version {
        Some(version) => format!("written by version {version}"),
        None => "written by a version that did not say which yet".to_owned(),
    };
    let mut lines = vec![format!("{written}, decided again by {}", replayed.by)];
    lines.push(match &replayed.end {
        JournalEnd::Done { outcome, exit_code } => {
            format!("the run came to its end: {outcome}, exit code {exit_code}")
        }
        JournalEnd::Killed => "the run was killed while something was under way: the journal ends there".to_owned(),
        JournalEnd::Unanswered { line } => format!(
            "the run was killed between an input and what was decided on it: nothing stands behind line {line}"
        ),
        JournalEnd::Torn { line } => format!(
            "the run was killed while it wrote, or the disk was full: line {line}, the last one, is torn"
        ),
        JournalEnd::Crashed { line, words } => {
            format!("the run crashed, by a bug of ours (line {line}): {words}")
        }
    });
    if replayed.blotted > 0 {
        lines.push(format!(
            "secrets were blotted in {} of its texts: what stood there is not compared",
            replayed.blotted
        ));
    }
    lines.iter().map(|line| Plain::line(line)).collect()
}

fn moments(moments: &[Moment]) -> Vec<Plain> {
    let mut rows = Vec::new();
    for moment in moments {
        let row = |after: u64, phase: &str, words: String| {
            [format!("+{}", duration(after)), phase.to_owned(), words]
        };
        match moment {
            Moment::Phase { after, phase, took } => {
                rows.push(row(*after, phase, format!("for {}", duration(*took))));
            }
            Moment::Decision {
                after,
                phase,
                decision,
                because,
            } => rows.push(row(
                *after,
                phase,
                format!("decided: {decision}: {}", because.join("; ")),
            )),
            Moment::Act {
                after,
                what,
                took,
                ended,
            } => rows.push(row(
                *after,
                "",
                format!("{what}: {ended}, after {}", duration(*took)),
            )),
            Moment::Said { after, text } => {
                let lines = text.lines().map(|line| row(*after, "", line.to_owned()));
                rows.extend(lines);
            }
        }
    }
    Plain::columns(&rows)
}

fn outcome_title(replayed: &Replayed) -> String {
    let outcome = match &replayed.end {
        JournalEnd::Done { outcome, .. } => outcome.as_str(),
        JournalEnd::Killed
        | JournalEnd::Unanswered { .. }
        | JournalEnd::Torn { .. }
        | JournalEnd::Crashed { .. } => "so far",
    };
    match replayed.reason.as_str() {
        "" => format!("{outcome}, because"),
        reason => format!("{outcome} ({reason}), because"),
    }
}

fn because(replayed: &Replayed) -> Vec<Plain> {
    let because = replayed.because.iter();
    because.flat_map(|because| Plain::lines(because)).collect()
}
