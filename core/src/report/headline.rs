//! How it ended, in one sentence for somebody who was just woken; and what serves now, in another.

use super::escape::line;
use super::serving::{
    Serving, again, as_before, environment, name, name_beside, place, same, serving, still, toward,
    untouched, wanted,
};
use super::stopping::set_by;
use super::words::{count, when};
use super::{ReleaseLine, Report, Status, published};
use crate::protocol::Outcome;
use crate::rollout::{PAST, UNHOOKED};
use crate::stop;

/// The code of a rollback that the new version did not cause.
pub(super) const NOT_ITS_FAULT: &str = "not-its-fault";

/// The code of a canary that waited at a share for a person, in vain.
pub(super) const NOT_PROMOTED: &str = "not-promoted";

/// The code of a promotion after which a person is asked again.
pub(crate) const ASKS_AGAIN: &str = "asks-again";

/// The code of a promotion, or an abort, that has told another run and not seen how that ends.
pub(crate) const TOLD: &str = "told";

/// The code of an abort that did not put away what it was to.
pub(crate) const TOO_LATE: &str = "too-late";

/// The code of a word that was not written, or of which nobody knows whether it was.
pub(crate) const NOT_TOLD: &str = "not-told";

/// The code of a word to a run that is gone, and of which nobody knows how it ended.
pub(crate) const RUN_GONE: &str = "run-gone";

/// The code of a run that another one took the lease from.
pub(super) const LEASE_LOST: &str = "lease-lost";

/// The outcome in one sentence.
pub(super) fn headline(report: &Report) -> String {
    if report.command == "release" {
        let says = published::headline(report);
        return format!("{}: {says}", word(report.outcome));
    }
    let says = match report.outcome {
        Outcome::Shown => return shown(report),
        Outcome::Deployed => deployed(report),
        Outcome::Restored => restored(report),
        Outcome::Released => published::headline(report),
        Outcome::Unchanged => unchanged(report),
        Outcome::Held if report.reason == stop::CODE => format!(
            "the stop button is set{}, so {} is not deployed; {}",
            place(report),
            wanted(report),
            untouched_so_far(report)
        ),
        Outcome::Waiting if report.reason == ASKS_AGAIN => format!(
            "{} has a share of the traffic{} and a person is asked again; {}",
            wanted(report),
            place(report),
            still(report)
        ),
        Outcome::Held if report.reason == TOLD => format!(
            "the run that brings {}{} was told, and is not over yet; {}",
            wanted(report),
            place(report),
            still(report)
        ),
        Outcome::Waiting => format!(
            "{} is proven{} and waits for a person, without traffic; {}",
            wanted(report),
            place(report),
            still(report)
        ),
        Outcome::Held => format!(
            "{} waits; nothing was touched, {}",
            wanted(report),
            still(report)
        ),
        Outcome::Stopped => format!(
            "no deploy goes on{}: the stop button is set; {}",
            place(report),
            still(report)
        ),
        Outcome::Resumed => format!(
            "deploys go on{}: the stop button is lifted; {}",
            place(report),
            still(report)
        ),
        Outcome::Superseded => superseded(report),
        Outcome::Rejected => rejected(report),
        Outcome::Busy => busy(report),
        Outcome::Failed => failed(report),
        Outcome::RolledBack => format!("{}; {}", blame(report), again(report)),
        Outcome::Cancelled => format!("stopped on request; {}", as_before(report)),
        Outcome::Stranded if report.reason == PAST => past(report),
        Outcome::Stranded => stranded(report),
        Outcome::Invalid => invalid(report),
        Outcome::Crashed => {
            "a bug of cd-action stopped it; nothing further was done, and what serves is not known"
                .to_owned()
        }
    };
    format!("{}: {says}", word(report.outcome))
}

/// A run that was held on its way had made something by then, and has put it away.
fn untouched_so_far(report: &Report) -> String {
    let nothing = if report.acts.is_empty() {
        "nothing was touched"
    } else {
        "nothing that serves was touched"
    };
    format!("{nothing}, {}", still(report))
}

/// `rolled back`.
pub(super) fn word(outcome: Outcome) -> String {
    outcome.word().replace('-', " ")
}

/// Why it was not the new version's fault, or that it was.
fn blame(report: &Report) -> String {
    match report.reason.as_str() {
        UNHOOKED => format!("a hook of {} did not end well", wanted(report)),
        NOT_PROMOTED => format!("nobody promoted {} in time", wanted(report)),
        NOT_ITS_FAULT => format!("something other than {} failed on the way", wanted(report)),
        _ => format!("{} was not well", wanted(report)),
    }
}

fn deployed(report: &Report) -> String {
    let place = place(report);
    let unhooked = if report.reason == UNHOOKED {
        "; a hook after the commit did not end well"
    } else {
        ""
    };
    let says = match (serving(report), &report.before) {
        (Serving::Release(now), None) => {
            format!("{} serves{place}; it is the first version there", name(now))
        }
        (Serving::Release(now), Some(before)) if same(now, before) => {
            format!("{} serves{place}, anew", name(now))
        }
        (Serving::Release(now), Some(before)) => {
            format!(
                "{} serves{place} in place of {}",
                name(now),
                name_beside(before, now)
            )
        }
        (Serving::Nothing | Serving::Unknown, _) => format!("{} serves{place}", wanted(report)),
    };
    format!("{says}{unhooked}")
}

fn restored(report: &Report) -> String {
    let place = place(report);
    if report.command != "rollback" {
        return format!(
            "what was not as recorded{place} is put right, {}",
            still(report)
        );
    }
    match (serving(report), &report.before) {
        (Serving::Release(now), Some(before)) if !same(now, before) => {
            format!(
                "{} serves{place} again, in place of {}",
                name(now),
                name_beside(before, now)
            )
        }
        (Serving::Release(now), _) => format!("{} serves{place} again", name(now)),
        (Serving::Nothing | Serving::Unknown, _) => {
            format!("{} serves{place} again", wanted(report))
        }
    }
}

fn unchanged(report: &Report) -> String {
    let place = place(report);
    match (report.command.as_str(), serving(report)) {
        ("recover", _) => format!(
            "no earlier run left anything{place}; nothing was touched, {}",
            still(report)
        ),
        (_, Serving::Release(now)) => format!(
            "{} serves{place} already, and is well; nothing was touched",
            name(now)
        ),
        (_, Serving::Nothing | Serving::Unknown) => {
            format!("nothing serves{place}; nothing was touched")
        }
    }
}

fn superseded(report: &Report) -> String {
    let (wanted, place) = (wanted(report), place(report));
    match serving(report) {
        Serving::Release(now) => format!(
            "{wanted} is older than {}, which serves{place}; nothing was touched",
            name(now)
        ),
        Serving::Nothing | Serving::Unknown => {
            format!(
                "something newer than {wanted} serves{place} or is on its way; nothing was touched"
            )
        }
    }
}

fn rejected(report: &Report) -> String {
    let untouched = untouched(report);
    match (report.command.as_str(), &report.wanted) {
        ("rollback", None) => format!(
            "there is nowhere to go back to{}; {untouched}",
            place(report)
        ),
        (_, Some(_) | None) => format!(
            "{} may not be deployed{}; {untouched}",
            wanted(report),
            toward(report)
        ),
    }
}

fn busy(report: &Report) -> String {
    let place = place(report);
    match report.reason.as_str() {
        LEASE_LOST => format!(
            "another run took over{place}; this one changed nothing any more, and the other one decides what serves"
        ),
        _ => format!("another run is at work{place}; this one touched nothing"),
    }
}

fn failed(report: &Report) -> String {
    let (place, untouched) = (place(report), untouched(report));
    match report.reason.as_str() {
        TOO_LATE => return format!("it was too late to abort{place}; {}", still(report)),
        PAST if report.command == "abort" => {
            let goes_on =
                "what is being brought has passed a point of no return, and is not put away";
            return format!("{goes_on}{place}: the run at work goes on");
        }
        TOLD => {
            let told = "the run at work was told to put it away, and has not done so yet";
            return format!("{told}{place}; {}", still(report));
        }
        NOT_TOLD | RUN_GONE => {
            let unknown = "it is not known what became of the word to the run at work";
            return format!("{unknown}{place}; {}", still(report));
        }
        _ => {}
    }
    let what = match report.command.as_str() {
        "deploy" => format!("{} could not be deployed{}", wanted(report), toward(report)),
        "rollback" => format!("the rollback{place} could not begin"),
        "recover" => format!("the recovery{place} could not begin"),
        _ => format!("it could not be found out how things are{place}"),
    };
    format!("{what}; {untouched}")
}

/// A rollout that ended past a point of no return.
fn past(report: &Report) -> String {
    let (keeps, nobody) = if report.worker {
        ("works on", "no version works")
    } else {
        ("keeps the traffic", "no version has the traffic")
    };
    let serves = match serving(report) {
        Serving::Release(now) => format!("{} {keeps}", name(now)),
        Serving::Nothing => nobody.to_owned(),
        Serving::Unknown => "it is not known which version that is".to_owned(),
    };
    format!(
        "a person must act now: {} failed{} past a point of no return, so nothing was undone; {serves}",
        wanted(report),
        place(report)
    )
}

fn stranded(report: &Report) -> String {
    let serves = match serving(report) {
        Serving::Release(now) => format!("as far as is known {} serves", name(now)),
        Serving::Nothing | Serving::Unknown => "what serves is not known".to_owned(),
    };
    let what = if report.environment.is_empty() {
        "this".to_owned()
    } else {
        environment(report)
    };
    format!("a person must act now: {what} could not be put right by itself, and {serves}")
}

fn invalid(report: &Report) -> String {
    let mistakes = count(report.because.len().max(1), "mistake");
    format!("{mistakes} in the input or the configuration; nothing was touched")
}

fn shown(report: &Report) -> String {
    match (&report.plan, &report.status) {
        (Some(_), _) => planned(report),
        (None, Some(status)) => format!("status{}: {}", of_what(report), state(report, status)),
        (None, None) => format!(
            "{}{}: nothing was touched, {}",
            line(&report.command),
            of_what(report),
            still(report)
        ),
    }
}

fn planned(report: &Report) -> String {
    let wanted = wanted(report);
    let what = match (&report.before, &report.wanted) {
        (None, _) => format!("{wanted} would be the first version there"),
        (Some(before), Some(wanted)) if same(before, wanted) => {
            format!("{} would be deployed anew", name(wanted))
        }
        (Some(before), Some(new)) => format!(
            "{wanted} would take the place of {}",
            name_beside(before, new)
        ),
        (Some(before), None) => format!("{wanted} would take the place of {}", name(before)),
    };
    format!("plan{}: {what}; nothing was touched", of_what(report))
}

fn state(report: &Report, status: &Status) -> String {
    let concerns = match attention(report, status).len() {
        0 => String::new(),
        1 => "; one thing needs attention".to_owned(),
        several => format!("; {several} things need attention"),
    };
    let run = match status.under_way {
        Some(_) => "; a run is under way",
        None => "",
    };
    let concerns = format!("{run}{concerns}");
    match serving(report) {
        Serving::Release(now) => format!("{}{concerns}", takes(report, status, now)),
        Serving::Nothing => format!("nothing serves{concerns}"),
        Serving::Unknown => format!("what serves is not known{concerns}"),
    }
}

/// Who has the traffic: what is known-good serves; what is not takes the traffic, beside what stands by.
fn takes(report: &Report, status: &Status, now: &ReleaseLine) -> String {
    let beside = report.before.iter();
    let beside: String = beside
        .map(|it| format!("; {} stands by", name_beside(it, now)))
        .collect();
    let generation = now.generation.as_deref().map(line).unwrap_or_default();
    let it = match now.known_good_since {
        Some(_) => name(now),
        None => format!("{} ({generation}, unproven)", name(now)),
    };
    match now.known_good_since {
        _ if status.silent => format!("{it} has the traffic, and the router calls it down{beside}"),
        Some(since) => format!("{it} serves, known-good since {}{beside}", when(since)),
        None if report.worker => format!("{it} works{beside}"),
        None => format!("{it} takes the traffic{beside}"),
    }
}

/// What of a status a person should look at.
pub(super) fn attention(report: &Report, status: &Status) -> Vec<String> {
    let ledger =
        (!status.ledger_sound).then(|| format!("the ledger cannot be trusted: {}", status.ledger));
    let unfinished = status.unfinished.clone();
    let astray = status.astray.iter().map(|astray| {
        format!(
            "the {} does not do what its table says: {astray}",
            front(report)
        )
    });
    let down = (!status.down.is_empty()).then(|| {
        let them = if status.down.len() == 1 { "it" } else { "them" };
        format!(
            "the router calls {} down: nobody is answered by {them}",
            status.down.join(", ")
        )
    });
    let stop = report.stop.as_ref().map(set_by);
    let all = ledger
        .into_iter()
        .chain(down)
        .chain(unfinished)
        .chain(astray);
    all.chain(stop).collect()
}

/// What keeps the table.
pub(super) const fn front(report: &Report) -> &'static str {
    if report.worker { "keeper" } else { "router" }
}

/// ` of tasks in staging`.
fn of_what(report: &Report) -> String {
    if report.service.is_empty() {
        place(report)
    } else {
        format!(" of {}{}", line(&report.service), place(report))
    }
}
