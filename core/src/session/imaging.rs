//! The image: what it is, and the release that it makes with the configuration.

use std::collections::BTreeMap;

use super::deriving::image_name;
use super::request::Command;
use super::{Session, Tag};
use crate::config;
use crate::event::{self, Event, GitFacts, Kind, System};
use crate::protocol::{Completion, Effect, Outcome};
use crate::registry::Repository;
use crate::release::engine::{Engine, Program};
use crate::spec::{Probe, Release, Spec};
use crate::tag::Version;
use crate::target::docker::{self as target, Image, Setup, Step, Trouble};

impl Session {
    pub(super) fn look_at_image(&mut self) {
        let Some(reference) = self.request().image.clone() else {
            return self.after_image();
        };
        if let Err(why) = reference_fits(&reference) {
            return self.finish(Outcome::Invalid, "image", vec![why], vec![]);
        }
        let steps = self.docker().image(&reference, false);
        self.call(Tag::Image { pulled: false }, steps);
    }

    /// A digest that is here needs no registry, and neither does an image that was never in one. A tag does: what it
    /// means is the registry's to say.
    pub(super) fn on_image(&mut self, pulled: bool, done: &[Completion]) {
        let reference = self.request().image.clone().unwrap_or_default();
        match self.docker_mut().read_image(done) {
            Ok(image)
                if pulled
                    || reference.contains("@sha256:")
                    || in_no_registry(&image, &reference) =>
            {
                self.image = Some(image);
                self.resolve_release(&reference);
            }
            Err(trouble) if pulled && self.logs_in(&reference, &trouble) => {
                let steps = self.fetch_image(&reference);
                self.call(Tag::Image { pulled: true }, steps);
            }
            Err(Trouble {
                code: "secret-missing",
                text,
            }) if pulled => {
                let text = format!(
                    "{reference} was refused without a login, and the one that `registry` names is not here: {text}"
                );
                let code = "registry-denied";
                self.trouble(&Trouble { code, text });
            }
            Err(trouble) if pulled => self.trouble(&trouble),
            Ok(_)
            | Err(Trouble {
                code: "image-missing",
                ..
            }) if self.request().command == Command::Deploy => {
                self.info(format!("fetching {reference}"));
                let steps = self.fetch_image(&reference);
                self.call(Tag::Image { pulled: true }, steps);
            }
            // Built here under a registry's name, and never pushed: nobody can say what the registry has.
            Ok(image) if digest_of(&image, &reference).is_none() => self.plan_unseen(&reference),
            Ok(image) => {
                self.report.troubles.push(format!(
                    "{reference} is taken for what this engine has of it: deploy asks the registry what it is then"
                ));
                self.image = Some(image);
                self.resolve_release(&reference);
            }
            Err(Trouble {
                code: "image-missing",
                ..
            }) => self.plan_unseen(&reference),
            Err(trouble) => self.trouble(&trouble),
        }
    }

    /// How an image is fetched: as the engine's command line has logged in, and by the configured login where that was refused. So
    /// whoever deploys needs the login of `registry` only where there is no other.
    pub(super) fn fetch_image(&self, reference: &str) -> Vec<Step> {
        let mut steps = self.docker().image(reference, true);
        let engine = self.login_of(reference).filter(|_| self.logged_in);
        let Some((server, engine)) = engine else {
            return steps;
        };
        if let Some(Effect::Run(pull)) = steps.first_mut().map(|step| &mut step.effect) {
            engine.log_in(&server, pull);
        }
        let prepare = engine.prepare().into_iter().map(Step::strict);
        prepare.chain(steps).collect()
    }

    /// Whether an image that was refused is to be fetched once more, by the configured login.
    pub(super) fn logs_in(&mut self, reference: &str, trouble: &Trouble) -> bool {
        // Of an image that one may not see some registries say that it is denied or is not there; of one that is only not there, no
        // login makes anything.
        let denied = trouble.code == "image-missing" && trouble.text.contains("denied");
        let refused = trouble.code == "registry-denied" || denied;
        let again = refused && !self.logged_in && self.login_of(reference).is_some();
        if again {
            self.logged_in = true;
            self.info("refused; once more, by the login of `registry`");
        }
        again
    }

    /// The server of an image, and who logs in there by the configuration.
    fn login_of(&self, reference: &str) -> Option<(String, Engine)> {
        let config = self.config.as_ref()?;
        let server = |image: &str| Repository::parse(image).server().to_owned();
        let wanted = server(repository(reference));
        let own = config.image.as_ref().zip(config.registry.as_ref());
        let mirrors = config.mirrors.iter();
        let mirrors = mirrors.filter_map(|it| Some((&it.image, it.registry.as_ref()?)));
        let mut all = own.into_iter().chain(mirrors);
        let (_, auth) = all.find(|(image, _)| server(image) == wanted)?;
        let engine = Engine {
            program: match self.docker().engine.program {
                target::Program::Docker => Program::Docker,
                target::Program::Podman => Program::Podman,
            },
            scratch: self.begin.scratch.clone(),
            settings: self.settings(),
            logins: BTreeMap::from([(wanted.clone(), auth.clone())]),
        };
        Some((wanted, engine))
    }

    /// A plan of an image that is not here: what depends on the image itself is known only to the deploy.
    fn plan_unseen(&mut self, reference: &str) {
        self.unseen = true;
        self.image = Some(Image::default());
        self.resolve_release(reference);
    }

    /// The release that is wanted, but for the fingerprints of its secrets.
    fn resolve_release(&mut self, reference: &str) {
        let Some(image) = self.image.clone() else {
            return;
        };
        let name = repository(reference).to_owned();
        let local = in_no_registry(&image, reference);
        // Of what is not here nothing is known, and a plan does not need it.
        let unseen = || self.unseen.then(String::new);
        let Some(digest) = digest_of(&image, reference).or_else(unseen) else {
            let because = vec![format!(
                "the engine has no digest of {reference}: {}",
                image.digests.join(", ")
            )];
            return self.finish(Outcome::Failed, "no-digest", because, vec![]);
        };
        let label = |key: &str| {
            image
                .labels
                .get(&format!("org.opencontainers.image.{key}"))
                .filter(|it| !it.is_empty())
                .cloned()
        };
        // A name that is a version says what it is called now; the label says what it was called when it was built.
        let own = self.is_own(reference);
        let named = tag(reference).filter(|tag| own && Version::parse(tag).is_some());
        let version = self.request().version.clone();
        let version = version.or_else(|| named.map(str::to_owned));
        let version = version.or_else(|| label("version"));
        let version = version.or_else(|| tag(reference).map(str::to_owned));
        let version = version.unwrap_or_else(|| digest.chars().skip(7).take(12).collect());
        if let Some(because) = self.other_commit(label("revision"), reference, &digest) {
            let next = vec![
                "`release` publishes this commit; an image of another one is named with `image`"
                    .to_owned(),
            ];
            return self.finish(Outcome::Rejected, "revision", because, next);
        }
        let revision = label("revision").or_else(|| self.facts.sha.clone());
        let facts = config::Facts {
            version: version.clone(),
            sha: revision.clone(),
            digest: digest.clone(),
            environment: self.environment().name.clone(),
        };
        let resolved = self.environment().resolve(&facts, image.health_check);
        let resolved = if self.unseen && resolved.is_err() {
            self.environment().resolve(&facts, true)
        } else {
            resolved
        };
        match resolved {
            Err(errors) => self.config_errors(&errors),
            Ok(spec) => {
                suit(&mut self.docker_mut().setup, &spec);
                let image = name;
                self.wanted = Some(Release {
                    version,
                    revision,
                    image,
                    digest,
                    local,
                    config_hash: String::new(),
                    spec,
                });
                if let Some(release) = self.wanted.clone() {
                    self.publish(&release);
                }
                self.after_image();
            }
        }
    }

    /// Why an image is not of the commit that it has to be of; `None`: it is, or nobody said which commit.
    fn other_commit(
        &self,
        found: Option<String>,
        reference: &str,
        digest: &str,
    ) -> Option<Vec<String>> {
        let (expected, who) = self.expected_commit(reference).filter(|_| !self.unseen)?;
        let same = found.as_ref().is_some_and(|it| it.starts_with(&expected));
        if same {
            return None;
        }
        let says = found.map_or_else(
            || "does not say which commit it was built from".to_owned(),
            |found| format!("was built from {found}"),
        );
        Some(vec![
            format!("{reference} {says}, and {who} {expected}"),
            format!("it names {digest} now"),
        ])
    }

    /// Which commit an image has to be of, and who says so. An image that `release` makes of this project is of the commit that its
    /// name says, else of the commit that was pushed; a person may name any other.
    fn expected_commit(&self, reference: &str) -> Option<(String, &'static str)> {
        if let Some(expected) = &self.expected {
            return Some((expected.clone(), ABOUT));
        }
        if !self.is_own(reference) {
            return None;
        }
        let event = event::normalise(&self.begin.env, None, &GitFacts::default());
        commit_of(reference, event)
    }

    /// Whether it is a name that `release` gives images of this project.
    fn is_own(&self, reference: &str) -> bool {
        let Some(config) = self.config.as_ref().filter(|it| it.build.is_some()) else {
            return false;
        };
        let event = event::normalise(&self.begin.env, None, &GitFacts::default());
        let own = image_name(config, &event).into_iter();
        let mut all = own.chain(config.mirrors.iter().map(|it| it.image.clone()));
        let name = Repository::parse(repository(reference));
        all.any(|it| name.is_same(&Repository::parse(&it)))
    }

    fn after_image(&mut self) {
        self.imaged = true;
        self.go_in();
    }
}

const ABOUT: &str = "this run is about";

/// Which commit an image of this project has to be of, and who says so.
fn commit_of(reference: &str, event: Event) -> Option<(String, &'static str)> {
    if let Some(commit) = tag(reference).and_then(commit_in) {
        return Some((commit.to_owned(), "its name says"));
    }
    let pushed = matches!(event.kind, Kind::Push | Kind::Tag) && event.system != System::Git;
    (pushed && !event.sha.is_empty()).then_some((event.sha, ABOUT))
}

/// The commit that a tag names: all of its digits, or behind `sha-`.
fn commit_in(tag: &str) -> Option<&str> {
    let (digits, least) = match tag.strip_prefix("sha-") {
        Some(digits) => (digits, 7),
        None => (tag, 40),
    };
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() >= least && digits.bytes().all(hex)).then_some(digits)
}

/// A router's own check asks for a page only where health is one, and it may take as long as a probe.
pub(super) const fn suit(setup: &mut Setup, spec: &Spec) {
    setup.asks = matches!(spec.health.probe, Probe::Http { .. });
    setup.check = spec.health.timeout;
}

/// The name without tag and digest.
fn repository(reference: &str) -> &str {
    let name = reference
        .split_once('@')
        .map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

fn tag(reference: &str) -> Option<&str> {
    let name = reference
        .split_once('@')
        .map_or(reference, |(name, _)| name);
    name.rsplit_once(':')
        .map(|(_, tag)| tag)
        .filter(|tag| !tag.contains('/'))
}

/// Whether it is an image of this engine alone. A name that says its registry never is: what it means is asked there.
fn in_no_registry(image: &Image, reference: &str) -> bool {
    let name = Repository::parse(repository(reference));
    let known = |it: &String| {
        it.split_once('@')
            .is_some_and(|(it, _)| name.is_same(&Repository::parse(it)))
    };
    !reference.contains('@') && !name.names_its_registry() && !image.digests.iter().any(known)
}

/// A reference is letters, digits and `._-:/@`, and begins with a letter or digit: it can be no option and no command.
fn reference_fits(reference: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
    let first = reference
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    if !first || !reference.chars().all(fits) || reference.len() > 512 {
        return Err(format!(
            "`image` is name:tag or name@sha256:…, not {:?}",
            reference.chars().take(80).collect::<String>()
        ));
    }
    match reference.split_once('@') {
        None => Ok(()),
        Some((_, digest)) => {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            let sound = hex.len() == 64
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            sound.then_some(()).ok_or_else(|| {
                format!("a digest is `sha256:` and 64 hexadecimal digits, not `{digest}`")
            })
        }
    }
}

/// The digest that a reference means: the one it names, the registry's, or the image's id where it is in no registry.
fn digest_of(image: &Image, reference: &str) -> Option<String> {
    if let Some((_, digest)) = reference.split_once('@') {
        return Some(digest.to_owned());
    }
    if in_no_registry(image, reference) {
        return Some(image.id.clone());
    }
    let name = Repository::parse(repository(reference));
    let listed = image.digests.iter().filter_map(|it| it.split_once('@'));
    let own = listed
        .into_iter()
        .find(|(repository, _)| name.is_same(&Repository::parse(repository)));
    own.map(|(_, digest)| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_commit_by_its_digits_only() {
        let whole = "0123456789abcdef0123456789abcdef01234567";
        let rows = [
            (format!("sha-{whole}"), Some(whole)),
            (whole.to_owned(), Some(whole)),
            ("sha-0123456".to_owned(), Some("0123456")),
            ("sha-012345".to_owned(), None),
            ("20240102".to_owned(), None),
            ("1.2.3".to_owned(), None),
            ("sha-latest-one".to_owned(), None),
        ];
        for (tag, commit) in &rows {
            assert_eq!(commit_in(tag), *commit, "{tag}");
        }
    }

    #[test]
    fn an_image_is_of_the_commit_that_its_name_says_else_of_the_one_that_was_pushed() {
        let event = |kind, system| Event {
            kind,
            system,
            sha: "c".repeat(40),
            ..Event::default()
        };
        let digest = format!("r/a@sha256:{}", "1".repeat(64));
        let named = format!("r/a:sha-{}", "d".repeat(40));
        let (pushed, said) = ("c".repeat(40), "d".repeat(40));
        let rows = [
            (&digest, Kind::Push, System::GitHub, Some(&pushed)),
            (&digest, Kind::Tag, System::GitLab, Some(&pushed)),
            (&digest, Kind::Manual, System::GitHub, None),
            (&digest, Kind::Schedule, System::GitHub, None),
            (&digest, Kind::Push, System::Git, None),
            (&named, Kind::Push, System::GitHub, Some(&said)),
            (&named, Kind::Manual, System::Git, Some(&said)),
        ];
        for (reference, kind, system, expected) in rows {
            let commit = commit_of(reference, event(kind, system));
            let commit = commit.map(|(commit, _)| commit);
            assert_eq!(commit.as_ref(), expected, "{reference} {kind:?} {system:?}");
        }
    }
}
