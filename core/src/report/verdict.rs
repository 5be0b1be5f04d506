//! Where a rollback can go, in words: every candidate with its verdict.

use super::escape::{cut, line};
use super::words::{short, when};
use crate::ledger::Quarantined;
use crate::rollback::{Candidate, Selection, Verdict};

/// A candidate as a row: its name, its digest, its generation, since when it is known-good, and the verdict.
pub(super) type Row = [String; 5];

/// One row a candidate, the newest first.
pub(super) fn rows(selection: &Selection) -> Vec<Row> {
    selection.candidates.iter().map(row).collect()
}

/// What failed and never was good: no candidates, but people look for them.
pub(super) fn never_proven(selection: &Selection) -> Vec<String> {
    let words = |it: &Quarantined| {
        format!(
            "{} ({}) failed on {}: {}",
            it.version,
            short(&it.digest),
            when(it.since),
            it.reason
        )
    };
    selection.never_proven.iter().map(words).collect()
}

fn row(candidate: &Candidate) -> Row {
    let good = &candidate.known_good;
    [
        cut(&line(&good.release.version), 60),
        short(&good.release.digest),
        good.generation.to_string(),
        when(good.since),
        words(candidate),
    ]
}

fn words(candidate: &Candidate) -> String {
    match &candidate.verdict {
        Verdict::Chosen => "chosen: the newest that nothing speaks against".to_owned(),
        Verdict::NotAsked => "not this one: another was asked for by name".to_owned(),
        Verdict::Serves => "serves now".to_owned(),
        Verdict::Quarantined { since, reason } => {
            format!("no: it failed later, on {} ({reason})", when(*since))
        }
        Verdict::ImageMissing => {
            "no: its image is gone, or nobody could tell whether it is there".to_owned()
        }
        Verdict::SecretsMissing { names } => format!(
            "no: secrets that it needs are not set: {}",
            names.join(", ")
        ),
        Verdict::Left { since } => format!(
            "not by itself: a rollback left it on {}; name it with `--version {}` to go there",
            when(*since),
            candidate.known_good.generation,
        ),
        Verdict::PastNoReturn {
            since,
            hook,
            version,
        } => format!(
            "beyond a point of no return: the hook `{}` of {} passed it on {}",
            line(hook),
            line(version),
            when(*since)
        ),
        Verdict::Older => "possible, but a newer one was chosen".to_owned(),
    }
}
