//! What this commit is called: the event, read from the payload and from git, and the tags that follow from it.
//!
//! A release publishes under these names; a deploy that is told no image looks for what the release of the same commit has
//! published.

use std::collections::BTreeSet;

use super::request::Command;
use super::{Session, Tag};
use crate::config::{Config, Credentials, RegistryAuth};
use crate::event::asking::{self, Question};
use crate::event::{self, Event, Kind, System};
use crate::forge::releases::Forge;
use crate::protocol::{Completion, Effect, Outcome};
use crate::registry::Repository;
use crate::release::{Announcement, ReleasedVersion, manifest};
use crate::tag::{self, Derived, Mobility, Standing, Version};
use crate::target::docker::Step;

/// The rules of tags where the configuration has none.
const USUAL_TAGS: &str = "type=semver,pattern={{version}}\n\
    type=semver,pattern={{major}}.{{minor}}\n\
    type=sha,format=long\n\
    type=ref,event=branch";

/// Whether this commit's packages are published: it needs a version of its own for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packages {
    Published,
    LeftOut,
}

/// What a commit is called.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) derived: Derived,
    pub(super) repository: Repository,
    /// With what to log in to each repository, the first one's own first.
    pub(super) places: Vec<(Repository, Option<RegistryAuth>)>,
    /// The version that is released, where the commit has one of its own.
    pub(super) release: Option<ReleasedVersion>,
    /// Names of the variables with which the platform lets this job prove who it is.
    pub(super) trusted: Vec<String>,
    /// The forge, and the git tag that is put there last.
    pub(super) announcement: Option<(Forge, Announcement)>,
    /// Files of the working tree that are not as the commit has them.
    pub(super) changed: Option<Vec<String>>,
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
        let names = self.variables(Packages::Published);
        let names = names.into_iter().chain(proofs()).collect();
        let unset = Effect::FindUnset { names };
        let manifests = manifest::question(&self.begin.workspace);
        let releases = self.request().command == Command::Release;
        let changes = releases.then(|| asking::changes(&self.begin.workspace));
        let git = Question::ALL.map(|it| it.effect_in(&self.begin.workspace));
        let payload = self.begin.env.get("GITHUB_EVENT_PATH");
        let payload = payload.filter(|path| !path.is_empty());
        let payload = payload.map(|path| asking::payload(path));
        let effects = [unset, manifests].into_iter().chain(git);
        let effects = effects.chain(changes).chain(payload);
        let steps = effects.map(|effect| Step::strict(effect).beside());
        let steps = steps.collect();
        self.call(Tag::Gathered, steps);
    }

    /// Names of variables that a release cannot do without: those of packages only where any is published.
    fn variables(&self, packages: Packages) -> BTreeSet<String> {
        if self.request().command != Command::Release {
            return BTreeSet::new();
        }
        let auths = self.config.as_ref().map(logins).unwrap_or_default();
        let names = auths
            .into_iter()
            .flat_map(|auth| [auth.user, auth.password]);
        let config = self.config.iter();
        let config = config.filter(|_| packages == Packages::Published);
        let packages = config.flat_map(|config| &config.packages);
        let logins = packages.filter_map(|package| package.login.clone());
        let more = logins.flat_map(|login| match login {
            Credentials::Token(token) => vec![token],
            Credentials::Password(auth) => vec![auth.user, auth.password],
        });
        // What an action gets as an input is set, and no shell knows a variable of such a name.
        let forge = self.forge_token().filter(|name| !name.contains('-'));
        names.chain(more).chain(forge).collect()
    }

    pub(super) fn on_gathered(&mut self, done: &[Completion]) {
        let (ours, theirs) = done.split_at(done.len().min(2));
        let (git, theirs) = theirs.split_at(theirs.len().min(Question::ALL.len()));
        let releases = usize::from(self.request().command == Command::Release);
        let (changes, payload) = theirs.split_at(theirs.len().min(releases));
        let payload = asking::read_payload(payload.first());
        let git = asking::read_all(git);
        let event = event::normalise(&self.begin.env, payload.as_ref(), &git);
        let unset = unset(ours.first());
        if self.request().command != Command::Release {
            self.begin_gates(&event, payload.as_ref());
            if self.image_given || !self.wants_an_image() {
                return self.begin_target();
            }
        }
        let mut mistakes = Vec::new();
        let event = self.with_version(event, &mut mistakes);
        let mut called = self.called(event, git.head.as_deref(), &mut mistakes);
        if let (Some(called), Command::Release) = (&mut called, self.request().command) {
            called.trusted = trusted(called.derived.event.system, &unset);
            called.changed = asking::read_changes(changes.first());
            let stated = manifest::answer(ours.get(1));
            called.release = self.released_version(called, &stated, &mut mistakes);
            called.announcement = self.announcement(called, &mut mistakes);
        }
        let versioned = called.as_ref().is_some_and(|it| it.release.is_some());
        let packages = match versioned {
            true => Packages::Published,
            false => Packages::LeftOut,
        };
        let needed = self.variables(packages);
        mistakes.splice(0..0, unset_variables(unset.intersection(&needed)));
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
            | Command::Promote
            | Command::Abort
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => {
                let reference = called.reference();
                self.info(format!("this commit is {reference}"));
                self.expected = Some(called.revision().to_owned());
                if let Some(request) = self.request.as_mut() {
                    request.image = Some(reference);
                    // An image that a branch's run has built says what that run has called it.
                    let own = || called.version().to_owned();
                    request.version.get_or_insert_with(own);
                }
                self.begin_target();
            }
        }
    }

    fn with_version(&self, event: Event, mistakes: &mut Vec<String>) -> Event {
        let request = self.request();
        match (&request.version, request.command) {
            (Some(version), Command::Release) => released_as(event, version, mistakes),
            (Some(_) | None, _) => event,
        }
    }

    /// The version of its own that this commit is released as; everybody who states one must agree.
    fn released_version(
        &self,
        called: &Called,
        stated: &[manifest::Stated],
        mistakes: &mut Vec<String>,
    ) -> Option<ReleasedVersion> {
        let event = &called.derived.event;
        let of_tag = || Version::parse(event.tag.as_deref()?);
        let version = called.derived.release.clone().or_else(of_tag)?;
        let source = match (&self.request().version, &event.tag) {
            (Some(_), _) => "the input `version`".to_owned(),
            (None, Some(tag)) => format!("the git tag {tag}"),
            (None, None) => "a rule of `tags`".to_owned(),
        };
        mistakes.extend(manifest::disagreement(&version, &source, stated));
        let packages = self
            .config
            .as_ref()
            .is_some_and(|it| !it.packages.is_empty());
        let pep440 = version.as_pep440().or_else(|| version.pep440());
        if packages && version.conflict().is_some() {
            mistakes.push(format!(
                "{} comes before its release by SemVer and after it by PEP 440: images and packages would disagree",
                version.text()
            ));
        } else if packages && pep440.is_none() {
            mistakes.push(format!(
                "{} is no version that a package of Python can have: write 1.2.3, or 1.2.3-rc.1",
                version.text()
            ));
        }
        Some(ReleasedVersion {
            text: version.text().to_owned(),
            pep440: pep440.unwrap_or_default(),
            source,
        })
    }

    /// The git tag that a version gets, and where.
    fn announcement(
        &self,
        called: &Called,
        mistakes: &mut Vec<String>,
    ) -> Option<(Forge, Announcement)> {
        self.config.as_ref()?.release.as_ref()?;
        let event = &called.derived.event;
        let Some(forge) = Forge::of(&self.begin.env, event, self.forge_token()) else {
            mistakes.push(format!(
                "`release` ends with a release of the forge, and here is none that is known ({}): it is there for GitHub, Forgejo and Gitea, with an https address",
                event.system.word()
            ));
            return None;
        };
        let release = called.release.as_ref()?;
        let version = Version::parse(&release.text)?;
        let text = release.text.trim_start_matches('v');
        let tag = event.tag.clone().unwrap_or_else(|| format!("v{text}"));
        let prerelease = version.standing() == Standing::Before;
        Some((forge, Announcement { tag, prerelease }))
    }

    /// The variable with the forge's token: a secret of the step, else the job's own.
    pub(super) fn forge_token(&self) -> Option<String> {
        let release = self.config.as_ref()?.release.as_ref()?;
        let own = match self.begin.inputs.contains_key("github-token") {
            true => "INPUT_GITHUB-TOKEN",
            false => "GITHUB_TOKEN",
        };
        Some(release.token.clone().unwrap_or_else(|| own.to_owned()))
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
            release: None,
            trusted: Vec::new(),
            announcement: None,
            changed: None,
        })
    }
}

/// A version that somebody names is released as if its tag had been pushed. A tag that was pushed stays what it is, and has to agree.
fn released_as(mut event: Event, version: &str, mistakes: &mut Vec<String>) -> Event {
    if Version::parse(version).is_none() {
        mistakes.push(format!(
            "`version` is a version such as 1.2.3, not `{version}`"
        ));
        return event;
    }
    let bare = version.strip_prefix('v').unwrap_or(version);
    if let Some(pushed) = &event.tag {
        if pushed.strip_prefix('v').unwrap_or(pushed) != bare {
            mistakes.push(format!(
                "the input `version` says {version}, and the git tag that was pushed is {pushed}"
            ));
        }
        return event;
    }
    let tag = format!("v{bare}");
    event.kind = Kind::Tag;
    event.r#ref = format!("refs/tags/{tag}");
    event.tag = Some(tag);
    event.branch = None;
    event
}

/// Every login that the configuration names.
pub(super) fn logins(config: &Config) -> Vec<RegistryAuth> {
    let mirrors = config.mirrors.iter().filter_map(|it| it.registry.clone());
    config.registry.iter().cloned().chain(mirrors).collect()
}

/// As it is configured; else in the platform's own registry, under the repository's name.
pub(super) fn image_name(config: &Config, event: &Event) -> Option<String> {
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

/// Of the variables that were asked for, those that are not set.
fn unset(completion: Option<&Completion>) -> BTreeSet<String> {
    match completion {
        Some(Completion::Unset { names }) => names.iter().cloned().collect(),
        Some(_) | None => BTreeSet::new(),
    }
}

fn unset_variables<'a>(unset: impl Iterator<Item = &'a String>) -> Vec<String> {
    let told = unset.map(|name| {
        format!("the variable {name}, which the configuration names, is not set: set it in the `env:` of the step")
    });
    told.collect()
}

/// With what platforms let a job prove who it is.
const OF_GITHUB: [&str; 2] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
];
const OF_GITLAB: [&str; 1] = ["PYPI_ID_TOKEN"];

fn proofs() -> impl Iterator<Item = String> {
    OF_GITHUB.into_iter().chain(OF_GITLAB).map(str::to_owned)
}

/// Those that are set. `uv` uses them on these two only.
fn trusted(system: System, unset: &BTreeSet<String>) -> Vec<String> {
    let names: &[&str] = match system {
        System::GitHub => &OF_GITHUB,
        System::GitLab => &OF_GITLAB,
        System::Forgejo
        | System::Gitea
        | System::Bitbucket
        | System::Jenkins
        | System::CircleCi
        | System::Azure
        | System::Git => &[],
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let all = names.iter().all(|name| !unset.contains(name));
    if all { names } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_becomes_a_tag_and_a_pushed_tag_stays() {
        let rows = [
            (None, "1.2.3", Some("v1.2.3")),
            (None, "v1.2.3", Some("v1.2.3")),
            (Some("1.2.3"), "1.2.3", Some("1.2.3")),
            (Some("1.2.3"), "v1.2.3", Some("1.2.3")),
            (Some("v1.2.3"), "1.2.3", Some("v1.2.3")),
            (Some("v1.2.4"), "1.2.3", None),
            (Some("release-1.2.3"), "1.2.3", None),
            (None, "new", None),
        ];
        for (pushed, version, expected) in rows {
            let event = Event {
                tag: pushed.map(str::to_owned),
                ..Event::default()
            };
            let mut mistakes = Vec::new();
            let event = released_as(event, version, &mut mistakes);
            let tag = event.tag.filter(|_| mistakes.is_empty());
            assert_eq!(tag.as_deref(), expected, "{pushed:?} {version}");
        }
    }
}
