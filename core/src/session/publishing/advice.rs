//! What to do next once a release has ended.

use super::super::Session;
use crate::config::{Credentials, Package};
use crate::event::System;
use crate::protocol::Outcome;
use crate::registry::Repository;
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
            (_, "registry-denied") => {
                let first = "check `registry`: the account needs the right to write this image";
                let first = std::iter::once(first.to_owned());
                first.chain(self.permissions()).collect()
            }
            (_, "forge-denied") => {
                let first = format!(
                    "the token in {} must be allowed to write releases",
                    self.forge_token().unwrap_or_default()
                );
                std::iter::once(first).chain(self.permissions()).collect()
            }
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
        next.extend(self.proof(system));
        next.push(format!(
            "or name a variable of the step that holds a token: `packages: {{ {}: {{ token: PUBLISH_TOKEN }} }}`",
            package.name
        ));
        next
    }

    /// What lets a job prove who it is.
    fn proof(&self, system: System) -> Option<String> {
        let yaml = match system {
            System::GitHub => Permissions::of(self).words(),
            System::GitLab => "id_tokens: { PYPI_ID_TOKEN: { aud: pypi } }".to_owned(),
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

    /// What a job needs on GitHub.
    fn permissions(&self) -> Option<String> {
        let plan = self.publishing.as_ref()?.publication.plan();
        let on_github = plan.derived.event.system == System::GitHub;
        let words = || format!("in the job: `{}`", Permissions::of(self).words());
        on_github.then(words)
    }
}

/// Everything that the token of a job on GitHub needs for a release by this configuration. What is not listed, GitHub takes away: so it
/// is told as a whole.
#[derive(Clone, Copy, Debug, Default)]
struct Permissions {
    /// A tag and a release are made.
    contents: bool,
    /// An image is written to GitHub's own registry.
    packages: bool,
    /// The job proves who it is to an index.
    proof: bool,
}

impl Permissions {
    fn of(session: &Session) -> Self {
        let Some(publishing) = &session.publishing else {
            return Self::default();
        };
        let plan = publishing.publication.plan();
        let mut names = plan.repositories.iter().map(Repository::server);
        let packages = names.any(|server| server == "ghcr.io");
        // A run of a branch makes no release and publishes no package; the same job does on a tag.
        let config = session.config.as_ref();
        Self {
            contents: config.is_some_and(|it| it.release.is_some()),
            packages,
            proof: config.is_some_and(|it| it.packages.iter().any(|it| it.login.is_none())),
        }
    }

    fn words(self) -> String {
        let contents = if self.contents { "write" } else { "read" };
        let packages = self.packages.then_some(", packages: write");
        let proof = self.proof.then_some(", id-token: write");
        format!(
            "permissions: {{ contents: {contents}{}{} }}",
            packages.unwrap_or_default(),
            proof.unwrap_or_default()
        )
    }
}

fn of_a_login(package: &Package) -> Option<String> {
    let names = match package.login.as_ref()? {
        Credentials::Token(token) => format!("{token} holds"),
        Credentials::Password(auth) => format!("{} and {} hold", auth.user, auth.password),
    };
    Some(format!(
        "check what {names}: it must be allowed to publish `{}`",
        package.name
    ))
}

#[cfg(test)]
mod tests {
    use super::Permissions;

    #[test]
    fn permissions_are_told_as_a_whole() {
        let rows = [
            ((false, false, false), "contents: read"),
            ((true, false, false), "contents: write"),
            ((false, true, false), "contents: read, packages: write"),
            ((false, false, true), "contents: read, id-token: write"),
            (
                (true, true, true),
                "contents: write, packages: write, id-token: write",
            ),
        ];
        for ((contents, packages, proof), expected) in rows {
            let permissions = Permissions {
                contents,
                packages,
                proof,
            };
            let expected = format!("permissions: {{ {expected} }}");
            assert_eq!(permissions.words(), expected);
        }
    }
}
