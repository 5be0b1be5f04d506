//! What serves, and what it is called.

use super::escape::{cut, line};
use super::words::{count, short, when};
use super::{ReleaseLine, Report};
use crate::protocol::Outcome;

/// Characters of a name in a sentence: a longer one is nobody's name.
const LONGEST_NAME: usize = 80;

/// What serves, as far as a report tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Serving<'a> {
    /// This.
    Release(&'a ReleaseLine),
    /// Nothing.
    Nothing,
    /// That was not found out, or may have changed.
    Unknown,
}

/// What serves now.
///
/// Where a report names nothing, nothing serves; but only if the run read the ledger, and did not lose sight of it later.
pub(super) fn serving(report: &Report) -> Serving<'_> {
    if let Some(line) = &report.serving {
        return Serving::Release(line);
    }
    let was_empty = report.before.is_none() && report.ledger_head.is_some();
    match report.outcome {
        Outcome::Deployed => report
            .wanted
            .as_ref()
            .map_or(Serving::Unknown, Serving::Release),
        Outcome::Shown | Outcome::Restored | Outcome::Unchanged => Serving::Nothing,
        Outcome::RolledBack if report.before.is_none() => Serving::Nothing,
        Outcome::Held
        | Outcome::Waiting
        | Outcome::Stopped
        | Outcome::Resumed
        | Outcome::Superseded
        | Outcome::Rejected
        | Outcome::Failed
        | Outcome::Cancelled
        | Outcome::Invalid
            if was_empty =>
        {
            Serving::Nothing
        }
        Outcome::Released
        | Outcome::Held
        | Outcome::Waiting
        | Outcome::Stopped
        | Outcome::Resumed
        | Outcome::Superseded
        | Outcome::Rejected
        | Outcome::Busy
        | Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Cancelled
        | Outcome::Stranded
        | Outcome::Invalid
        | Outcome::Crashed => Serving::Unknown,
    }
}

/// What serves now, in a line.
pub(super) fn serves_now(report: &Report) -> String {
    match serving(report) {
        Serving::Release(line) => described(line),
        Serving::Nothing => "nothing".to_owned(),
        Serving::Unknown => "not known".to_owned(),
    }
}

/// A release with enough to recognize it by.
pub(super) fn described(line: &ReleaseLine) -> String {
    format!("{} ({})", name(line), details(line).join(", "))
}

/// What a person tells releases apart by, besides the name.
pub(super) fn details(line: &ReleaseLine) -> Vec<String> {
    let mut details = vec![if line.digest.is_empty() {
        "not fetched yet".to_owned()
    } else {
        short(&line.digest)
    }];
    details.extend(line.generation.clone());
    details.push(count(usize::from(line.replicas), "instance"));
    details.extend(
        line.known_good_since
            .map(|since| format!("known-good since {}", when(since))),
    );
    details
}

/// A release's name for people; its digest where it has none.
pub(super) fn name(release: &ReleaseLine) -> String {
    let name = if release.version.is_empty() {
        short(&release.digest)
    } else {
        line(&release.version)
    };
    cut(&name, LONGEST_NAME)
}

/// The same, told apart from another one of the same name.
pub(super) fn name_beside(release: &ReleaseLine, other: &ReleaseLine) -> String {
    let name = name(release);
    if release.version != other.version {
        return name;
    }
    if release.digest != other.digest {
        return format!("{name} ({})", short(&release.digest));
    }
    if release.config_hash != other.config_hash {
        return format!("{name} with its former configuration");
    }
    name
}

/// Whether both are the same bytes in the same configuration.
pub(super) fn same(one: &ReleaseLine, other: &ReleaseLine) -> bool {
    one.digest == other.digest && one.config_hash == other.config_hash
}

/// ` in staging`.
pub(super) fn place(report: &Report) -> String {
    if report.environment.is_empty() {
        String::new()
    } else {
        format!(" in {}", environment(report))
    }
}

/// ` to staging`.
pub(super) fn toward(report: &Report) -> String {
    if report.environment.is_empty() {
        String::new()
    } else {
        format!(" to {}", environment(report))
    }
}

/// `staging`.
pub(super) fn environment(report: &Report) -> String {
    cut(&line(&report.environment), LONGEST_NAME)
}

/// What was asked for.
pub(super) fn wanted(report: &Report) -> String {
    report
        .wanted
        .as_ref()
        .map_or_else(|| "the new version".to_owned(), name)
}

/// After a change was undone.
pub(super) fn again(report: &Report) -> String {
    match (serving(report), &report.before) {
        (Serving::Release(now), Some(before)) if same(now, before) => {
            let now = report
                .wanted
                .as_ref()
                .map_or_else(|| name(now), |wanted| name_beside(now, wanted));
            format!("{now} serves again, as before")
        }
        (Serving::Release(now), _) => format!("{} serves", name(now)),
        (Serving::Nothing, _) => {
            "nothing serves, as before: there was nothing to go back to".to_owned()
        }
        (Serving::Unknown, _) => "what serves is not known".to_owned(),
    }
}

/// After a change that may not even have begun.
pub(super) fn as_before(report: &Report) -> String {
    match serving(report) {
        Serving::Release(now) => format!("{} serves, as before", name(now)),
        Serving::Nothing => "nothing serves, as before".to_owned(),
        Serving::Unknown => "what served before serves".to_owned(),
    }
}

/// Where nothing was touched.
pub(super) fn still(report: &Report) -> String {
    match serving(report) {
        Serving::Release(now) => format!("{} serves", name(now)),
        Serving::Nothing => "nothing serves".to_owned(),
        Serving::Unknown => "what serves was not looked at".to_owned(),
    }
}

/// The same, as an afterthought, and only where it is known.
pub(super) fn untouched(report: &Report) -> String {
    let nothing = if report.left.is_empty() {
        "nothing was touched"
    } else {
        "nothing that serves was touched"
    };
    match serving(report) {
        Serving::Release(_) => format!("{nothing}, {}", still(report)),
        Serving::Nothing | Serving::Unknown => nothing.to_owned(),
    }
}
