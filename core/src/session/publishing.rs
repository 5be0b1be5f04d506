//! The release itself: the acts of a [publication](crate::release::Publication) are carried out side by side, each as the
//! requests and processes that it takes, and what comes of them is handed back to it.

mod advice;
mod words;
mod work;

use super::deriving::Called;
use super::{Session, Tag};
use crate::config::{Build, Config, Facts, Package, Publisher};
use crate::protocol::{Completion, Content, Effect, Emit, Level, Outcome};
use crate::registry::Repository;
use crate::release::engine::{Building, Engine, Program};
use crate::release::making::{Making, Noxing, Recipe};
use crate::release::nox::Nox;
use crate::release::packing::Told;
use crate::release::{Act, Observation, PackageState, Plan};
use crate::report::{
    self, Published, PublishedFile, PublishedName, PublishedPackage, PublishedRelease,
};
use crate::target::docker::Step;
use words::{progress, what};
pub(super) use work::Publishing;
use work::{Heard, Tools, Work};

impl Session {
    pub(super) fn publish_release(&mut self, called: Called) {
        let (Some(config), Some(making)) = (self.config.clone(), self.making(&called)) else {
            return;
        };
        self.say_what_is_released(&config, &called);
        let (packages, note) = packages(&config, &called);
        if let Some(note) = &note {
            self.info(note.clone());
        }
        let tools = self.tools(&config, &called, making);
        let plan = Plan {
            date: called.derived.event.commit_date,
            revision: called.revision().to_owned(),
            repositories: called.places.iter().map(|(it, _)| it.clone()).collect(),
            by_session: tools.nox.is_wanted(),
            announcement: called.announcement.map(|(_, announcement)| announcement),
            release: called.release,
            derived: called.derived,
            packages,
            dry: self.request().dry,
        };
        let publishing = Publishing::new(plan, tools, called.places, note);
        let settings = self.settings().unwrap_or_default();
        let (repositories, effects): (Vec<_>, Vec<_>) =
            publishing.find_logins(&settings).into_iter().unzip();
        self.publishing = Some(publishing);
        let steps = effects.into_iter().map(|it| Step::strict(it).beside());
        let steps = steps.collect();
        self.call(Tag::Logins(repositories), steps);
    }

    fn say_what_is_released(&mut self, config: &Config, called: &Called) {
        let references = called.derived.references();
        let revision = called.revision().to_owned();
        self.info(format!(
            "releasing {} of {revision} as {}",
            config.service,
            references.join(", ")
        ));
        if let Some(changed) = changed(called.changed.as_deref(), &revision) {
            self.report.troubles.push(changed.clone());
            self.warn(changed);
        }
        let version = called.version().to_owned();
        let mirrors = config.mirrors.iter().map(|mirror| mirror.image.clone());
        let texts = references
            .into_iter()
            .chain(mirrors)
            .chain([revision, version]);
        let texts = texts.collect();
        self.emit(Emit::Public { texts });
    }

    fn tools(&self, config: &Config, called: &Called, making: Making) -> Tools {
        let (workspace, scratch) = (self.begin.workspace.clone(), self.begin.scratch.clone());
        // The engine sends to the first repository only; from there the registries pass it on.
        let server = called.repository.server().to_owned();
        let logins = config.registry.iter();
        let engine = Engine {
            program: match &config.build {
                Some(Build::Podman(_)) => Program::Podman,
                Some(Build::Docker(_) | Build::Nox(_)) | None => Program::Docker,
            },
            scratch: scratch.clone(),
            settings: self.settings(),
            logins: logins.map(|auth| (server.clone(), auth.clone())).collect(),
        };
        let sessions = sessions(config);
        Tools {
            forge: called.announcement.as_ref().map(|(forge, _)| forge.clone()),
            nox: Nox::new(workspace.clone(), scratch.clone(), sessions),
            told: Told {
                workspace,
                scratch,
                version: called.version().to_owned(),
                revision: called.revision().to_owned(),
                date: called.derived.event.commit_date,
                trusted: called.trusted.clone(),
            },
            engine,
            making,
        }
    }

    /// Where docker has logged in before, so do we.
    pub(super) fn on_logins(&mut self, repositories: &[Repository], done: &[Completion]) {
        for (repository, completion) in repositories.iter().zip(done) {
            if let (Completion::Exited { code: Some(0), .. }, Some(publishing)) =
                (completion, self.publishing.as_mut())
            {
                publishing.log_in(repository);
            }
        }
        self.go_on_publishing();
    }

    fn making(&mut self, called: &Called) -> Option<Making> {
        let workspace = self.begin.workspace.clone();
        let mut building = Building {
            context: workspace.clone(),
            workspace,
            labels: called.labels(),
            tags: called.derived.references(),
            version: called.version().to_owned(),
            revision: called.revision().to_owned(),
            date: called.derived.event.commit_date,
            reference: called.reference(),
            file: String::new(),
            args: std::collections::BTreeMap::new(),
        };
        let build = match self.config.as_ref()?.build.clone()? {
            Build::Docker(build) | Build::Podman(build) => build,
            Build::Nox(build) => {
                let noxing = Noxing {
                    session: build.session,
                    produces: build.produces,
                };
                return Some(Making::new(Recipe::Nox(noxing), building));
            }
        };
        let facts = Facts {
            version: called.version().to_owned(),
            sha: Some(called.revision().to_owned()),
            ..Facts::default()
        };
        building.args = match build.resolve(&facts) {
            Ok(args) => args,
            Err(errors) => {
                self.config_errors(&errors);
                return None;
            }
        };
        if !build.context.is_empty() {
            building.context = format!("{}/{}", building.context, build.context);
        }
        building.file = format!("{}/{}", building.context, build.file);
        Some(Making::new(Recipe::Docker, building))
    }

    /// Where the user's docker settings are.
    pub(super) fn settings(&self) -> Option<String> {
        let env = |name: &str| self.begin.env.get(name).filter(|it| !it.is_empty());
        env("DOCKER_CONFIG")
            .cloned()
            .or_else(|| Some(format!("{}/.docker", env("HOME")?)))
    }

    /// Begins what is to be begun now, or ends.
    fn go_on_publishing(&mut self) {
        let Some(publishing) = self.publishing.as_mut() else {
            return;
        };
        let (acts, end) = publishing.publication.advance();
        if let Some(end) = end {
            return self.end_publishing(&end);
        }
        for act in acts {
            self.begin_work(act);
        }
    }

    fn begin_work(&mut self, act: Act) {
        if let Some(words) = progress(&act) {
            self.info(words);
        }
        let now = self.now;
        match self.publishing.as_mut().and_then(|it| it.begin(act, now)) {
            Some(id) => self.carry_on(id),
            None => self.go_on_publishing(),
        }
    }

    /// The next commands of a work.
    fn carry_on(&mut self, id: u32) {
        let steps = self.publishing.as_mut().map(|it| it.effects(id));
        let steps = steps.unwrap_or_default();
        let steps = steps.into_iter().map(Step::strict).collect();
        self.call(Tag::Work(id), steps);
    }

    pub(super) fn on_work(&mut self, id: u32, done: &[Completion]) {
        let now = self.now;
        let Some(publishing) = self.publishing.as_mut() else {
            return;
        };
        let Some(heard) = publishing.heard(id, done, now) else {
            return;
        };
        match heard {
            Heard::Over(work, observation) => {
                let who = if let Act::Make(package) | Act::Publish(package) = &work.act {
                    Some(package.clone())
                } else {
                    (work.act == Act::Build).then(|| publishing.making.who().to_owned())
                };
                let failed = matches!(
                    observation,
                    Observation::Failed(_) | Observation::Unclear(_)
                );
                if let Some(who) = who.filter(|_| failed) {
                    self.show_build(who, done.last());
                }
                self.end_work(&work, observation);
            }
            Heard::More => self.carry_on(id),
            Heard::Wait { why: None, .. } => {}
            Heard::Wait {
                millis,
                why: Some(why),
            } => {
                self.report.troubles.push(why.clone());
                self.warn(format!("{why}; again in {}", report::duration(millis)));
            }
        }
    }

    /// What the build said last is shown with the report.
    fn show_build(&mut self, instance: String, completion: Option<&Completion>) {
        if let Some(
            Completion::Exited { stdout, stderr, .. } | Completion::TimedOut { stdout, stderr },
        ) = completion
        {
            // Of what is tried again the last try tells.
            self.report.logs.retain(|log| log.instance != instance);
            self.report.logs.push(report::Log {
                instance,
                text: format!("{stdout}{stderr}"),
            });
        }
    }

    fn end_work(&mut self, work: &Work, observation: Observation) {
        if work.act.publishes() || work.act.makes() {
            let ended = match &observation {
                Observation::Failed(trouble) | Observation::Unclear(trouble) => {
                    trouble.text.clone()
                }
                Observation::Made(_)
                | Observation::Announced(_)
                | Observation::Indexed(_)
                | Observation::Inside(_)
                | Observation::Tags(_)
                | Observation::Sent(_)
                | Observation::Described(_)
                | Observation::Compared(_)
                | Observation::Done => "done".to_owned(),
                Observation::Held(Some(digest)) if work.act.publishes() => {
                    format!("not written: it names {digest}")
                }
                Observation::Held(_) => "done".to_owned(),
            };
            self.report.acts.push(report::Act {
                at: work.begun,
                what: what(&work.act),
                took: self.now.since(work.begun),
                ended,
            });
        }
        if let Some(publishing) = self.publishing.as_mut() {
            publishing.publication.observe(&work.act, observation);
        }
        self.go_on_publishing();
    }

    /// What was to wait has waited.
    pub(super) fn wake_works(&mut self) {
        let now = self.now;
        let due = self.publishing.as_ref().map(|it| it.due(now));
        if self.ending || self.cancelled {
            return;
        }
        let due = due.unwrap_or_default();
        due.into_iter().for_each(|id| self.carry_on(id));
    }

    fn warn(&mut self, text: String) {
        self.emit(Emit::Log {
            level: Level::Warning,
            text,
        });
    }

    // --- the end -------------------------------------------------------------------------------------------------

    fn end_publishing(&mut self, end: &crate::release::End) {
        self.fill_published();
        let mut because = end.because.clone();
        because.extend(self.overtaken());
        because.extend(self.publishing.as_ref().and_then(|it| it.note.clone()));
        let next = self.what_next(end);
        if end.outcome != Outcome::Released {
            return self.finish(end.outcome, end.reason, because, next);
        }
        self.handed = Some((end.reason, because, next));
        let text = self.report.published.as_ref().map(Published::json);
        let path = format!("{}/release.json", self.begin.reports);
        let content = Content::Text {
            text: text.unwrap_or_default(),
        };
        self.effect(
            Tag::Handed,
            Effect::WriteFile {
                path,
                content,
                mode: 0o644,
                durable: true,
            },
        );
    }

    /// What a later job reads is written; or is not, and the outputs say it all the same.
    pub(super) fn on_handed(&mut self, done: &[Completion]) {
        if let Some(Completion::Failed { message, .. }) = done.first() {
            let text = format!("release.json could not be written: {message}");
            self.report.troubles.push(text);
        }
        if let Some((reason, because, next)) = self.handed.take() {
            self.finish(Outcome::Released, reason, because, next);
        }
    }

    /// Two runs of one commit sent at the same time: what the name names counts.
    fn overtaken(&self) -> Option<String> {
        let publishing = self.publishing.as_ref()?;
        publishing.publication.is_overtaken().then(|| {
            "another run of this commit published at the same time, and its image counts".to_owned()
        })
    }

    /// The report tells what is where, however it ended.
    pub(super) fn fill_published(&mut self) {
        let Some(publishing) = self.publishing.as_ref() else {
            return;
        };
        let publication = &publishing.publication;
        let plan = publication.plan();
        let image = publication.image();
        let digest = image.as_ref().map(|(digest, _)| digest.clone());
        let repository = plan.repositories.first();
        let named = digest.as_deref().zip(repository);
        let names = publication.names().into_iter().map(|name| PublishedName {
            holds: name.fate.holds(),
            fate: name.fate.words(),
            name: name.reference,
            fixed: name.fixed,
            before: name.before,
        });
        self.report.published = Some(Published {
            version: plan.version().to_owned(),
            revision: plan.revision.clone(),
            image: named.map(|(digest, it)| it.at(digest)).unwrap_or_default(),
            digest: digest.unwrap_or_default(),
            reused: image.is_some_and(|(_, was_there)| was_there),
            made_with: publishing.making.words(&publishing.nox),
            touched: publication.touched(),
            names: names.collect(),
            packages: publication.packages().into_iter().map(package).collect(),
            announcement: publication.announcement().map(|it| PublishedRelease {
                tag: it.tag,
                url: it.url,
                fate: it.fate.to_owned(),
            }),
        });
    }
}

/// What is built of a working tree that is not as its commit is called by that commit all the same.
fn changed(files: Option<&[String]>, revision: &str) -> Option<String> {
    let Some(files) = files else {
        return Some(format!(
            "git did not say whether the working tree is as {revision} has it: what is built of it is published as of that commit"
        ));
    };
    let first: Vec<&str> = files.iter().take(5).map(String::as_str).collect();
    let more = match files.len().saturating_sub(first.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!files.is_empty()).then(|| {
        format!(
            "the working tree is not as {revision} has it, and what is built of it is published as of that commit: {}{more}",
            first.join(", ")
        )
    })
}

/// Packages are published for a version only: a branch has none of its own, which is said.
fn packages(config: &Config, called: &Called) -> (Vec<Package>, Option<String>) {
    if called.release.is_some() || config.packages.is_empty() {
        return (config.packages.clone(), None);
    }
    let names: Vec<&str> = config.packages.iter().map(|it| it.name.as_str()).collect();
    let note = format!(
        "this commit has no version of its own (no git tag, no input `version`), so no package is published: {}",
        names.join(", ")
    );
    (Vec::new(), Some(note))
}

/// Every session that the configuration names, with the key that does: of packages also where none is published, or the mistake
/// would show in the release that publishes them.
fn sessions(config: &Config) -> Vec<(String, String)> {
    let image = match &config.build {
        Some(Build::Nox(build)) => Some(("build.nox".to_owned(), build.session.clone())),
        Some(Build::Docker(_) | Build::Podman(_)) | None => None,
    };
    let packages = config.packages.iter().flat_map(|package| {
        let key = |key: &str| format!("packages.{}.{key}", package.name);
        let publish = match &package.publisher {
            Publisher::Session { name, .. } => Some((key("publish"), name.clone())),
            Publisher::Uv { .. } => None,
        };
        std::iter::once((key("build"), package.build.clone())).chain(publish)
    });
    image.into_iter().chain(packages).collect()
}

fn package(state: PackageState) -> PublishedPackage {
    let built = state.built.iter().flat_map(|built| &built.files);
    let files = built.zip(&state.files).map(|(file, fate)| PublishedFile {
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        holds: fate.holds(),
        fate: fate.words().to_owned(),
    });
    PublishedPackage {
        files: files.collect(),
        project: state
            .built
            .as_ref()
            .map(|it| it.project.clone())
            .unwrap_or_default(),
        version: state.built.map(|it| it.version).unwrap_or_default(),
        name: state.name,
        index: state.index,
    }
}
