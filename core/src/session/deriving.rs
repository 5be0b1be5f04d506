//! What this commit is called: the event, read from the payload and from git, and the tags that follow from it.
//!
//! A release publishes under these names; a deploy that is told no image looks for what the release of the same commit has
//! published.

use std::collections::BTreeSet;

use super::request::Command;
use super::{Session, Tag};
use crate::config::{Config, RegistryAuth};
use crate::event::{self, Event};
use crate::protocol::{Completion, Outcome};
use crate::registry::Repository;
use crate::release::engine;
use crate::tag::{self, Derived, Mobility};
use crate::target::docker::Step;

/// The rules of tags where the configuration has none.
const USUAL_TAGS: &str = "type=semver,pattern={{version}}\n\
    type=semver,pattern={{major}}.{{minor}}\n\
    type=sha,format=long\n\
    type=ref,event=branch";

/// What a commit is called.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) derived: Derived,
    pub(super) repository: Repository,
    /// With what to log in to each repository, the first one's own first.
    pub(super) places: Vec<(Repository, Option<RegistryAuth>)>,
}

impl Called {
    pub(super) fn revision(&self) -> &str {
        &self.derived.event.sha
    }

    /// What people call it: the first tag that is for ever. A branch's name would be that of tomorrow's image, too.
    pub(super) fn version(&self) -> &str {
        let mut tags = self.derived.tags.iter();
        let first = tags.find(|tag| tag.mobility == Mobility::Immutable);
        first.map_or("", |tag| tag.name.as_str())
    }

    /// Its first name that is for ever.
    pub(super) fn reference(&self) -> String {
        self.repository.tagged(self.version())
    }

    /// What the image says about itself.
    pub(super) fn labels(&self) -> Vec<(String, String)> {
        let labels = self.derived.labels.iter().cloned();
        let labels = labels.map(|(key, value)| match key.as_str() {
            "org.opencontainers.image.version" => (key, self.version().to_owned()),
            _ => (key, value),
        });
        labels.collect()
    }
}

impl Session {
    /// Asks who we are; side by side, whether the variables that will be needed are set.
    pub(super) fn gather(&mut self) {
        let question = event::question(&self.begin.env, &self.begin.workspace);
        let unset = engine::find_unset(&self.variables());
        let steps = [unset, question].map(|effect| Step::strict(effect).beside());
        let steps = steps.to_vec();
        self.call(Tag::Gathered, steps);
    }

    /// Names of variables that a release cannot do without.
    fn variables(&self) -> Vec<String> {
        if self.request().command != Command::Release {
            return Vec::new();
        }
        let auths = self.config.as_ref().map(logins).unwrap_or_default();
        let names = auths
            .into_iter()
            .flat_map(|auth| [auth.user, auth.password]);
        let names: BTreeSet<String> = names.collect();
        names.into_iter().collect()
    }

    pub(super) fn on_gathered(&mut self, done: &[Completion]) {
        let (payload, git) = event::answer(done.get(1));
        let event = event::normalise(&self.begin.env, payload.as_ref(), &git);
        if self.request().command != Command::Release {
            self.begin_gates(&event, payload.as_ref());
            if self.image_given || !self.wants_an_image() {
                return self.begin_target();
            }
        }
        let mut mistakes = unset_variables(done.first());
        let called = self.called(event, git.head.as_deref(), &mut mistakes);
        match (called, mistakes.is_empty()) {
            (Some(called), true) => self.on_called(called),
            (Some(_) | None, _) => {
                let next = vec![
                    "docs/configuration.md explains `tags`, `image`, `registry` and `build`"
                        .to_owned(),
                ];
                self.finish(Outcome::Invalid, "release", mistakes, next);
            }
        }
    }

    fn on_called(&mut self, called: Called) {
        match self.request().command {
            Command::Release => self.publish_release(called),
            Command::Plan
            | Command::Deploy
            | Command::Rollback
            | Command::Status
            | Command::Recover => {
                let reference = called.reference();
                self.info(format!("this commit is {reference}"));
                self.expected = Some(called.revision().to_owned());
                if let Some(request) = self.request.as_mut() {
                    request.image = Some(reference);
                }
                self.begin_target();
            }
        }
    }

    /// Everything that speaks against it is told at once.
    fn called(
        &self,
        event: Event,
        head: Option<&str>,
        mistakes: &mut Vec<String>,
    ) -> Option<Called> {
        let config = self.config.as_ref()?;
        if self.request().command == Command::Release && config.build.is_none() {
            mistakes.push(
                "`build` is missing: a Dockerfile in the working tree is built with `build: { docker: {} }`"
                    .to_owned(),
            );
        }
        let name = image_name(config, &event);
        if name.is_none() {
            mistakes.push(
                "`image` is missing, and the platform names no registry of its own: `image: registry.example/acme/tasks`"
                    .to_owned(),
            );
        }
        let mut env = self.begin.env.clone();
        // The image says that it is as old as its commit, so that the same commit makes the same image.
        if let Some(date) = event.commit_date {
            let seconds = (date.0 / 1000).to_string();
            env.entry("SOURCE_DATE_EPOCH".to_owned()).or_insert(seconds);
        }
        let request = tag::Request {
            inputs: tag::Inputs {
                images: name.clone().unwrap_or_default(),
                tags: config.tags.clone().unwrap_or_else(|| USUAL_TAGS.to_owned()),
                ..tag::Inputs::default()
            },
            env,
            event,
            now: self.now,
            ..tag::Request::default()
        };
        let derived = match tag::derive(&request) {
            Ok(derived) => derived,
            Err(found) => {
                mistakes.extend(found.iter().map(|mistake| format!("tags: {mistake}")));
                return None;
            }
        };
        mistakes.extend(what_is_missing(&derived, head));
        let repository = Repository::parse(&name?);
        let own = (repository.clone(), config.registry.clone());
        let mirrors = config.mirrors.iter();
        let mirrors = mirrors.map(|it| (Repository::parse(&it.image), it.registry.clone()));
        Some(Called {
            derived,
            places: std::iter::once(own).chain(mirrors).collect(),
            repository,
        })
    }
}

/// Every login that the configuration names.
pub(super) fn logins(config: &Config) -> Vec<RegistryAuth> {
    let mirrors = config.mirrors.iter().filter_map(|it| it.registry.clone());
    config.registry.iter().cloned().chain(mirrors).collect()
}

/// As it is configured; else in the platform's own registry, under the repository's name.
fn image_name(config: &Config, event: &Event) -> Option<String> {
    let own = || {
        let name = event.repository.name.to_lowercase();
        let registry = event.registry.as_ref()?;
        // GitLab has one place for a whole project.
        let whole = registry.to_lowercase().ends_with(&format!("/{name}"));
        let place = if whole {
            registry.clone()
        } else {
            format!("{registry}/{name}")
        };
        (!name.is_empty() && tag::is_name(&place)).then_some(place)
    };
    config.image.clone().or_else(own)
}

fn what_is_missing(derived: &Derived, head: Option<&str>) -> Vec<String> {
    let sha = &derived.event.sha;
    let mut mistakes = Vec::new();
    if sha.is_empty() {
        mistakes.push(
            "the commit is not known: there is no git repository here, and the platform does not name one"
                .to_owned(),
        );
    }
    if let Some(head) = head.filter(|head| !sha.is_empty() && head != sha) {
        mistakes.push(format!(
            "the working tree is at {head}, and the run is about {sha}: check out that commit, or the image would claim to be of another one"
        ));
    }
    mistakes.extend(derived.conflict().map(|conflict| {
        format!(
            "{conflict}, and `tags` has rules for both: a project that publishes to both worlds needs a version that means the same there, such as X.Y.Z or X.Y.Z-rc.N"
        )
    }));
    let fixed = |tag: &&tag::Tag| tag.mobility == Mobility::Immutable;
    if derived.tags.is_empty() {
        mistakes.push("the rules of `tags` make no tag at all for this event".to_owned());
        mistakes.extend(derived.warnings.iter().take(5).cloned());
    } else if !derived.tags.iter().any(|tag| fixed(&tag)) {
        let names: Vec<&str> = derived.tags.iter().map(|tag| tag.name.as_str()).collect();
        mistakes.push(format!(
            "every tag of this release moves ({}), and none names it for ever: add the rule `type=sha,format=long`",
            names.join(", ")
        ));
    }
    mistakes
}

fn unset_variables(completion: Option<&Completion>) -> Vec<String> {
    let names = match completion {
        Some(Completion::Exited { stdout, .. }) => stdout.as_str(),
        Some(_) | None => "",
    };
    let names = names.lines().filter(|name| !name.trim().is_empty());
    names
        .map(|name| {
            format!("the variable {name}, which `registry` names, is not set: set it in the `env:` of the step")
        })
        .collect()
}
