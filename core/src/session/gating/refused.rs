//! What a platform does not answer, and what to do about it.

use crate::event::System;
use crate::forge::{Permission, Trouble};
use crate::gate::evidence::Missing;
use crate::gate::{self, Gate, Kind, Lack, Want};

/// The platform has no such thing: it is said when a plan is made.
pub(super) const UNSUPPORTED: &str = "gate-unsupported";

/// Forgejo and Gitea know statuses, reviews and branches; no check runs, so no apps, and neither approvals nor code scanning.
pub(super) fn supports(system: System, want: &Want, gates: &[Gate]) -> Result<(), Missing> {
    if system == System::GitHub {
        return Ok(());
    }
    let by_app = |gate: &Gate| match &gate.kind {
        Kind::Checks(checks) => checks.of.iter().any(|it| it.app.is_some()),
        _ => false,
    };
    let word = system.word();
    match want {
        Want::Alerts(_) => Err(unsupported(want, &format!("{word} has no code scanning"))),
        Want::Approvals => Err(unsupported(
            want,
            &format!("{word} asks nobody before a job"),
        )),
        Want::Checks(_) if gates.iter().flat_map(gate::flat).any(by_app) => {
            let why = format!(
                "{word} has no apps that report check runs: name the `creator` of a status"
            );
            Err(unsupported(want, &why))
        }
        _ => Ok(()),
    }
}

/// What the platform does not answer, with what to do about it.
pub(super) fn missing(want: &Want, trouble: &Trouble) -> Missing {
    let next = match (trouble.code, trouble.permission) {
        ("forge-token", _) => Some(
            "give the step a token: `github-token` of the action (which has one by default), or the variable GITHUB_TOKEN of the command line".to_owned(),
        ),
        (_, Some(permission)) => Some(format!(
            "give the job what this gate asks for, besides what it has: `{}`",
            yaml(want, permission)
        )),
        (_, None) => None,
    };
    let lack = if trouble.passes {
        Lack::Soon
    } else {
        Lack::Lasting
    };
    Missing {
        code: trouble.code,
        why: trouble.text.clone(),
        lack,
        next,
    }
}

/// As it stands in a workflow, with all that the gate needs at once: what is found out one refusal at a time takes as many runs.
/// Whoever writes `permissions` takes all others away, so the usual one is named too.
fn yaml(want: &Want, refused: Permission) -> String {
    let needs: &[Permission] = match want {
        Want::Checks(_) => &[
            Permission::Checks,
            Permission::Statuses,
            Permission::PullRequests,
        ],
        Want::Reviews => &[Permission::PullRequests],
        Want::Approvals => &[Permission::Actions],
        Want::Alerts(_) => &[Permission::SecurityEvents],
        Want::Tip
        | Want::File(_)
        | Want::Command(_)
        | Want::Session(_)
        | Want::Image
        | Want::Ledger
        | Want::Proof(_) => &[],
    };
    let all = [&[Permission::Contents], needs, &[refused]].concat();
    let mut lines: Vec<&str> = Vec::new();
    for line in all.into_iter().map(Permission::line) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    format!("permissions: {{ {} }}", lines.join(", "))
}

pub(super) fn unsupported(want: &Want, why: &str) -> Missing {
    let gate = match want {
        Want::Checks(_) => "checks",
        Want::Reviews => "reviews",
        Want::Alerts(_) => "findings",
        _ => "approval",
    };
    let next = "leave that gate out here, or ask in another way, such as with `command`".to_owned();
    Missing {
        next: Some(next),
        ..Missing::lasting(
            UNSUPPORTED,
            format!("the gate `{gate}` cannot be answered: {why}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_told_with_all_that_the_gate_needs() {
        let refused = |permission| Trouble {
            code: "forge-denied",
            text: String::new(),
            permission: Some(permission),
            passes: false,
        };
        let rows = [
            (
                Want::Checks(Vec::new()),
                Permission::Checks,
                "`permissions: { contents: read, checks: read, statuses: read, pull-requests: read }`",
            ),
            (
                Want::Reviews,
                Permission::Contents,
                "`permissions: { contents: read, pull-requests: read }`",
            ),
            (
                Want::Tip,
                Permission::Contents,
                "`permissions: { contents: read }`",
            ),
        ];
        for (want, permission, yaml) in rows {
            let next = missing(&want, &refused(permission)).next.expect("there is");
            assert!(next.ends_with(yaml), "{next}");
        }
    }
}
