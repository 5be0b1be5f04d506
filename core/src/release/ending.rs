//! How a release ends, in sentences.

use super::seen::Seen;
use super::{Act, End, Name, Plan, announcing, name, packages};
use crate::protocol::Outcome;
use crate::registry::Trouble;

pub(super) fn released(plan: &Plan, seen: &Seen, image: &str) -> End {
    let names = name::names(plan, seen);
    let done = names.iter().any(|name| name.fate.is_new()) || seen.touched;
    let (reason, first) = match (seen.sent() == Some(image), done) {
        (true, _) => (
            "published",
            format!("the image was built and published: {image}"),
        ),
        (false, true) => (
            "completed",
            format!("an image of this commit was there, and is used as it is: {image}"),
        ),
        (false, false) => (
            "already-there",
            format!("everything was there already: {image}"),
        ),
    };
    let packages = packages::done(plan, seen);
    let announced = announcing::state(plan, seen);
    let announced =
        announced.map(|it| format!("the release of {} {}: {}", it.tag, it.fate, it.url));
    let stays = names.iter().filter_map(Name::why_it_stays);
    let because = std::iter::once(first)
        .chain(packages)
        .chain(announced)
        .chain(stays);
    End {
        outcome: Outcome::Released,
        reason,
        because: because.collect(),
    }
}

pub(super) fn shown(acts: &[Act]) -> End {
    let mut because = vec!["nothing was touched; this would be done next".to_owned()];
    because.extend(acts.iter().map(name::would));
    End {
        outcome: Outcome::Shown,
        reason: "planned",
        because,
    }
}

pub(super) fn conflict(seen: &Seen, reason: &'static str, because: Vec<String>) -> End {
    let outcome = if seen.touched {
        Outcome::Failed
    } else {
        Outcome::Rejected
    };
    End {
        outcome,
        reason,
        because,
    }
}

pub(super) fn failed(troubles: &[Trouble]) -> End {
    let reason = troubles.first().map_or("failed", |trouble| trouble.code);
    let outcome = match reason {
        "no-session" => Outcome::Invalid,
        _ => Outcome::Failed,
    };
    End {
        outcome,
        reason,
        because: troubles.iter().map(|it| it.text.clone()).collect(),
    }
}
