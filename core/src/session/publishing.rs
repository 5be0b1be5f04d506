//! The release itself: the acts of a [publication](crate::release::Publication) are carried out side by side, each as the
//! requests and processes that it takes, and what comes of them is handed back to it.

mod words;
mod work;

use super::deriving::Called;
use super::{Session, Tag};
use crate::config::{Build, Facts};
use crate::protocol::{Completion, Content, Effect, Emit, Level, Outcome};
use crate::release::engine::{Building, Engine};
use crate::release::making::{Making, Recipe};
use crate::release::nox::Noxing;
use crate::release::{Act, Observation, Plan};
use crate::report::{self, Published, PublishedName};
use crate::target::docker::Step;
use words::{progress, what};
pub(super) use work::Publishing;
use work::{Heard, Work};

impl Session {
    pub(super) fn publish_release(&mut self, called: Called) {
        let (Some(config), Some(making)) = (self.config.clone(), self.making(&called)) else {
            return;
        };
        let revision = called.revision().to_owned();
        let references = called.derived.references();
        self.info(format!(
            "releasing {} of {revision} as {}",
            config.service,
            references.join(", ")
        ));
        let version = called.version().to_owned();
        let mirrors = config.mirrors.iter().map(|mirror| mirror.image.clone());
        let texts = references
            .into_iter()
            .chain(mirrors)
            .chain([revision.clone(), version]);
        let texts = texts.collect();
        self.emit(Emit::Public { texts });
        // The engine sends to the first repository only; from there the registries pass it on.
        let logins = config.registry.iter();
        let server = called.repository.server().to_owned();
        let engine = Engine {
            scratch: self.begin.scratch.clone(),
            settings: self.settings(),
            logins: logins.map(|auth| (server.clone(), auth.clone())).collect(),
        };
        let plan = Plan {
            date: called.derived.event.commit_date,
            revision,
            repositories: called.places.iter().map(|(it, _)| it.clone()).collect(),
            derived: called.derived,
            dry: self.request().dry,
        };
        self.publishing = Some(Publishing::new(plan, engine, making, called.places));
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
            Build::Docker(build) => build,
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
    fn settings(&self) -> Option<String> {
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
                if let (Act::Build, Observation::Failed(_)) = (&work.act, &observation) {
                    let who = publishing.making.who().to_owned();
                    self.show_build(who, done.last());
                }
                self.end_work(&work, observation);
            }
            Heard::More => self.carry_on(id),
            Heard::Wait { millis, why } => {
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
            self.report.logs.push(report::Log {
                instance,
                text: format!("{stdout}{stderr}"),
            });
        }
    }

    fn end_work(&mut self, work: &Work, observation: Observation) {
        if work.act.publishes() || work.act == Act::Build {
            let ended = match &observation {
                Observation::Failed(trouble) => trouble.text.clone(),
                Observation::Tags(_)
                | Observation::Held(_)
                | Observation::Described(_)
                | Observation::Compared(_)
                | Observation::Done => "done".to_owned(),
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
        let next = match (end.outcome, end.reason) {
            (Outcome::Released, _) => vec![format!(
                "deploy it: `cd-action deploy --image {}`",
                self.report.published.as_ref().map_or("", |it| it.image.as_str())
            )],
            (_, "tag-taken") => vec![
                "give this release a version of its own; a name that is for ever is not given twice".to_owned(),
            ],
            (_, "two-images") => vec![
                "remove the names of one of them in the registry, then run it again".to_owned(),
            ],
            (_, "registry-denied") => vec![
                "check `registry`: the account needs the right to write this image (on GitHub: `permissions: { packages: write }`)".to_owned(),
            ],
            (_, "build" | "session-failed" | "not-made" | "no-session") => {
                vec!["repair the build; nothing was published".to_owned()]
            }
            (_, "nox-missing") => vec!["install nox or uv where this runs".to_owned()],
            (Outcome::Failed, _) => vec![
                "run it again: what is published already is found, and the rest is done".to_owned(),
            ],
            _ => Vec::new(),
        };
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
        let (image, _) = publishing.publication.image()?;
        let sent = &publishing.sent;
        let ours = sent.iter().any(|it| it.ends_with(&image));
        (!sent.is_empty() && !ours).then(|| {
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
            made_with: publishing.making.words(),
            touched: publication.touched(),
            names: names.collect(),
        });
    }
}
