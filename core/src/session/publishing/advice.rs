//! What to do next once a release has ended.

use super::super::Session;
use crate::config::{Package, PackageLogin};
use crate::event::System;
use crate::protocol::Outcome;
use crate::release::End;

impl Session {
    pub(super) fn what_next(&self, end: &End) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match (end.outcome, end.reason) {
            (Outcome::Released, _) => vec![format!(
                "deploy it: `cd-action deploy --image {}`",
                self.report
                    .published
                    .as_ref()
                    .map_or("", |it| it.image.as_str())
            )],
            (_, "tag-taken") => one(
                "give this release a version of its own; a name that is for ever is not given twice",
            ),
            (_, "version-taken") => one(
                "release the next version; where nothing but the build differs, build so that the same commit makes the same files (`SOURCE_DATE_EPOCH` is set)",
            ),
            (_, "version") => one("state one version everywhere, then tag that commit"),
            (_, "registry-denied") => one(
                "check `registry`: the account needs the right to write this image (on GitHub: `permissions: { packages: write }`)",
            ),
            (_, "forge-denied") => vec![format!(
                "the token in {} must be allowed to write releases; on GitHub, in the job: `permissions: {{ contents: write }}`",
                self.forge_token().unwrap_or_default()
            )],
            (_, "release-taken") => one(
                "look at the forge's release: what is published there was not built from this commit, or not in this way",
            ),
            (_, "index-denied") => self.leave_to_publish(),
            (_, "index-refused") => one(
                "read what the index said; a session that publishes must leave out what is there (`uv publish` does, `twine upload --skip-existing` too)",
            ),
            (_, "build" | "session-failed" | "not-made" | "no-session") => {
                one("repair the build; nothing was published")
            }
            (_, "nox-missing" | "uv-missing") => one("install nox or uv where this runs"),
            (Outcome::Failed, _) => {
                one("run it again: what is published already is found, and the rest is done")
            }
            _ => Vec::new(),
        }
    }

    /// How a job gets the right to publish packages, word for word.
    fn leave_to_publish(&self) -> Vec<String> {
        let plan = self.publishing.as_ref().map(|it| it.publication.plan());
        let packages = plan
            .map(|plan| plan.packages.as_slice())
            .unwrap_or_default();
        let system = plan.map_or(System::Git, |plan| plan.derived.event.system);
        let mut next: Vec<String> = packages.iter().filter_map(of_a_login).collect();
        let Some(package) = packages.iter().find(|package| package.login.is_none()) else {
            return next;
        };
        next.extend(proof(system));
        next.push(format!(
            "or name a variable of the step that holds a token: `packages: {{ {}: {{ token: PUBLISH_TOKEN }} }}`",
            package.name
        ));
        next
    }
}

fn of_a_login(package: &Package) -> Option<String> {
    let names = match package.login.as_ref()? {
        PackageLogin::Token(token) => token.clone(),
        PackageLogin::Password(auth) => format!("{} and {}", auth.user, auth.password),
    };
    Some(format!(
        "check what {names} hold: it must be allowed to publish `{}`",
        package.name
    ))
}

/// What lets a job prove who it is.
fn proof(system: System) -> Option<String> {
    let yaml = match system {
        System::GitHub => "permissions: { contents: read, id-token: write }",
        System::GitLab => "id_tokens: { PYPI_ID_TOKEN: { aud: pypi } }",
        System::Forgejo
        | System::Gitea
        | System::Bitbucket
        | System::Jenkins
        | System::CircleCi
        | System::Azure
        | System::Git => return None,
    };
    Some(format!(
        "let this job prove who it is, and name this repository and workflow as a trusted publisher at the index; in the job: `{yaml}`"
    ))
}
