//! The release itself: acts of the [`Publication`] are carried out side by side, each as the requests and processes that it
//! takes, and what comes of them is handed back to it.

use std::collections::BTreeMap;

use super::deriving::Called;
use super::{Session, Tag};
use crate::config::{Build, Facts};
use crate::protocol::{Completion, Content, Effect, Emit, Level, Outcome, Timestamp};
use crate::registry::{
    Access, Answered, Asking, Exchange, Going, Question, Repository, Trouble, Turn,
};
use crate::release::engine::{self, Building, Engine, Maker, Sent};
use crate::release::{Act, Observation, Plan, Publication};
use crate::report::{self, Published, PublishedName};
use crate::target::docker::Step;

/// A release under way.
#[derive(Debug)]
pub(super) struct Publishing {
    publication: Publication,
    engine: Engine,
    building: Building,
    maker: Option<Maker>,
    /// The settings in which sending is done are there.
    prepared: bool,
    access: BTreeMap<Repository, Access>,
    works: BTreeMap<u32, Work>,
    next: u32,
    /// What the engine says that it has sent.
    sent: Vec<String>,
}

/// An act, and how far it is.
#[derive(Debug)]
struct Work {
    act: Act,
    begun: Timestamp,
    tries: u32,
    /// When it is gone on with.
    again: Option<Timestamp>,
    doing: Doing,
}

/// What is under way for an act.
#[derive(Debug)]
enum Doing {
    /// A registry is asked.
    Asking(Box<Asking>, Box<Exchange>),
    /// It is found out what makes images here.
    Finding,
    /// An image is made.
    Building,
    /// The settings are written with which an image is sent.
    Preparing,
    /// An image is sent.
    Sending,
    /// Git is asked.
    Comparing,
}

impl Publishing {
    /// When something is to be gone on with.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.works.values().filter_map(|work| work.again).min()
    }

    /// Whether something was begun that others see.
    pub(super) const fn touched(&self) -> bool {
        self.publication.touched()
    }
}

impl Session {
    pub(super) fn publish_release(&mut self, called: Called) {
        let (Some(config), Some(building)) = (self.config.clone(), self.building(&called)) else {
            return;
        };
        let dry = self.request().dry;
        let repository = called.repository.clone();
        let revision = called.revision().to_owned();
        let date = called.derived.event.commit_date;
        self.info(format!(
            "releasing {} of {revision} as {}",
            config.service,
            called.derived.references().join(", ")
        ));
        let texts = called.derived.references().into_iter();
        let texts = texts.chain([revision.clone(), called.version().to_owned()]);
        let texts = texts.collect();
        self.emit(Emit::Public { texts });
        let logins = config.registry.iter();
        let logins = logins.map(|auth| (repository.server().to_owned(), auth.clone()));
        let access = Access::new(repository.clone(), config.registry.clone(), !dry);
        self.publishing = Some(Publishing {
            engine: Engine {
                scratch: self.begin.scratch.clone(),
                settings: self.settings(),
                logins: logins.collect(),
            },
            building,
            maker: None,
            prepared: false,
            access: BTreeMap::from([(repository.clone(), access)]),
            works: BTreeMap::new(),
            next: 1,
            sent: Vec::new(),
            publication: Publication::new(Plan {
                date,
                revision,
                repositories: vec![repository],
                derived: called.derived,
                dry,
            }),
        });
        self.go_on_publishing();
    }

    fn building(&mut self, called: &Called) -> Option<Building> {
        let Some(Build::Docker(build)) = self.config.as_ref()?.build.clone() else {
            return None;
        };
        let facts = Facts {
            version: called.version().to_owned(),
            sha: Some(called.revision().to_owned()),
            ..Facts::default()
        };
        let args = match build.resolve(&facts) {
            Ok(args) => args,
            Err(errors) => {
                self.config_errors(&errors);
                return None;
            }
        };
        let workspace = &self.begin.workspace;
        let context = match build.context.as_str() {
            "" => workspace.clone(),
            inside => format!("{workspace}/{inside}"),
        };
        Some(Building {
            file: format!("{context}/{}", build.file),
            context,
            args,
            labels: called.labels(),
            date: called.derived.event.commit_date,
            reference: called.reference(),
        })
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
        let (now, workspace) = (self.now, self.begin.workspace.clone());
        let Some(publishing) = self.publishing.as_mut() else {
            return;
        };
        let ask = |repository: &Repository, question: Question| {
            let (asking, exchange) = Asking::new(repository.clone(), question);
            Doing::Asking(Box::new(asking), Box::new(exchange))
        };
        let doing = match &act {
            Act::List(repository) => ask(repository, Question::Tags),
            Act::Look(repository, tag) => ask(repository, Question::Held { tag: tag.clone() }),
            Act::Describe(repository, digest) => ask(
                repository,
                Question::Describe {
                    digest: digest.clone(),
                },
            ),
            Act::Name {
                repository,
                tag,
                digest,
            } => ask(
                repository,
                Question::Name {
                    tag: tag.clone(),
                    digest: digest.clone(),
                },
            ),
            Act::Build => Doing::Finding,
            Act::Push(..) | Act::Bring { .. } if publishing.prepared => Doing::Sending,
            Act::Push(..) | Act::Bring { .. } => Doing::Preparing,
            Act::Compare(theirs) => {
                let ours = publishing.publication.plan().revision.clone();
                if engine::compare(&workspace, theirs, &ours).is_none() {
                    let unknown = Observation::Compared(engine::read_kinship(None));
                    publishing.publication.observe(&act, unknown);
                    return self.go_on_publishing();
                }
                Doing::Comparing
            }
        };
        let id = publishing.next;
        publishing.next += 1;
        let work = Work {
            act,
            begun: now,
            tries: 1,
            again: None,
            doing,
        };
        publishing.works.insert(id, work);
        self.carry_on(id);
    }

    /// The next commands of a work.
    fn carry_on(&mut self, id: u32) {
        let steps = self.steps_of(id);
        let steps = steps.into_iter().map(Step::strict).collect();
        self.call(Tag::Work(id), steps);
    }

    fn steps_of(&mut self, id: u32) -> Vec<Effect> {
        let workspace = self.begin.workspace.clone();
        let Some(publishing) = self.publishing.as_mut() else {
            return Vec::new();
        };
        let Some(work) = publishing.works.get_mut(&id) else {
            return Vec::new();
        };
        work.again = None;
        let engine = &publishing.engine;
        match (&work.doing, &work.act) {
            (Doing::Asking(_, exchange), act) => {
                let access = repository_of(act).and_then(|it| publishing.access.get(it));
                let fetch = access.map(|access| exchange.fetch(access));
                fetch.map(Effect::Fetch).into_iter().collect()
            }
            (Doing::Finding, _) => vec![engine.find_maker()],
            (Doing::Building, _) => {
                let maker = publishing.maker.unwrap_or(Maker::Classic);
                vec![engine.build(maker, &publishing.building)]
            }
            (Doing::Preparing, _) => engine.prepare(),
            (Doing::Sending, Act::Push(repository, tag)) => engine.push(repository, tag),
            (
                Doing::Sending,
                Act::Bring {
                    from,
                    to,
                    tag,
                    digest,
                },
            ) => engine.bring(&from.at(digest), to, tag),
            (Doing::Comparing, Act::Compare(theirs)) => {
                let ours = &publishing.publication.plan().revision;
                engine::compare(&workspace, theirs, ours)
                    .into_iter()
                    .collect()
            }
            (Doing::Sending | Doing::Comparing, _) => Vec::new(),
        }
    }

    pub(super) fn on_work(&mut self, id: u32, done: &[Completion]) {
        let (now, ids) = (self.now, id);
        let Some(publishing) = self.publishing.as_mut() else {
            return;
        };
        let Some(mut work) = publishing.works.remove(&ids) else {
            return;
        };
        let heard = publishing.heard(&mut work, done);
        match heard {
            Heard::Over(observation @ Observation::Failed(_)) if work.act == Act::Build => {
                self.show_build(done.last());
                self.end_work(work, observation);
            }
            Heard::Over(observation) => self.end_work(work, observation),
            Heard::More => {
                publishing.works.insert(id, work);
                self.carry_on(id);
            }
            Heard::Wait { millis, why } => {
                work.again = Some(now.plus(millis));
                publishing.works.insert(id, work);
                self.report.troubles.push(why.clone());
                self.warn(format!("{why}; again in {}", report::duration(millis)));
            }
        }
    }

    /// What the build said last is shown with the report.
    fn show_build(&mut self, completion: Option<&Completion>) {
        if let Some(
            Completion::Exited { stdout, stderr, .. } | Completion::TimedOut { stdout, stderr },
        ) = completion
        {
            self.report.logs.push(report::Log {
                instance: "docker build".to_owned(),
                text: format!("{stdout}{stderr}"),
            });
        }
    }

    fn end_work(&mut self, work: Work, observation: Observation) {
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
        let due = self.publishing.iter().flat_map(|it| &it.works);
        let due = due.filter(|(_, work)| work.again.is_some_and(|at| at <= now));
        let due: Vec<u32> = due.map(|(id, _)| *id).collect();
        if self.ending || self.cancelled {
            return;
        }
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
            (_, "build") => vec!["repair the build; nothing was published".to_owned()],
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
            made_with: publishing.maker.map(|maker| maker.words().to_owned()),
            touched: publication.touched(),
            names: names.collect(),
        });
    }
}

/// What was heard of a work.
enum Heard {
    Over(Observation),
    More,
    Wait { millis: u64, why: String },
}

impl Publishing {
    fn heard(&mut self, work: &mut Work, done: &[Completion]) -> Heard {
        match &mut work.doing {
            Doing::Asking(asking, exchange) => {
                let Some(access) = repository_of(&work.act).and_then(|it| self.access.get_mut(it))
                else {
                    return Heard::Over(failed("registry-answer", "nobody was asked"));
                };
                let Some(completion) = done.last() else {
                    return Heard::Over(failed("registry-answer", "there is no answer"));
                };
                match exchange.on(completion, access) {
                    Turn::Fetch(_) => Heard::More,
                    Turn::Wait { millis, why } => Heard::Wait { millis, why },
                    Turn::Over(got) => match asking.on(got) {
                        Going::Ask(next) => {
                            *exchange = next;
                            Heard::More
                        }
                        Going::Done(Ok(answered)) => Heard::Over(observed(answered)),
                        Going::Done(Err(trouble)) => Heard::Over(Observation::Failed(trouble)),
                    },
                }
            }
            Doing::Finding => match engine::read_maker(done.last()) {
                Ok(maker) => {
                    self.maker = Some(maker);
                    work.doing = Doing::Building;
                    Heard::More
                }
                Err(trouble) => Heard::Over(Observation::Failed(trouble)),
            },
            Doing::Building => Heard::Over(match engine::read_build(done.last()) {
                Ok(()) => Observation::Done,
                Err(trouble) => Observation::Failed(trouble),
            }),
            Doing::Preparing => {
                let went = done.iter().all(|it| {
                    matches!(
                        it,
                        Completion::Exited { code: Some(0), .. } | Completion::Written
                    )
                });
                if !went {
                    return match engine::read_push(done, u32::MAX) {
                        Sent::No(trouble) => Heard::Over(Observation::Failed(trouble)),
                        Sent::Yes(_) | Sent::Again { .. } => Heard::Over(failed(
                            "engine-error",
                            "docker's settings cannot be written",
                        )),
                    };
                }
                self.prepared = true;
                work.doing = Doing::Sending;
                Heard::More
            }
            Doing::Sending => match engine::read_push(done, work.tries) {
                Sent::Yes(digests) => {
                    self.sent = digests;
                    Heard::Over(Observation::Done)
                }
                Sent::Again { millis, why } => {
                    work.tries += 1;
                    Heard::Wait { millis, why }
                }
                Sent::No(trouble) => Heard::Over(Observation::Failed(trouble)),
            },
            Doing::Comparing => {
                Heard::Over(Observation::Compared(engine::read_kinship(done.last())))
            }
        }
    }
}

fn failed(code: &'static str, text: &str) -> Observation {
    Observation::Failed(Trouble::new(code, text))
}

fn observed(answered: Answered) -> Observation {
    match answered {
        Answered::Tags(tags) => Observation::Tags(tags),
        Answered::Held(held) => Observation::Held(held),
        Answered::Described(described) => Observation::Described(described),
        Answered::Named => Observation::Done,
    }
}

const fn repository_of(act: &Act) -> Option<&Repository> {
    match act {
        Act::List(repository)
        | Act::Look(repository, _)
        | Act::Describe(repository, _)
        | Act::Push(repository, _)
        | Act::Name { repository, .. }
        | Act::Bring { to: repository, .. } => Some(repository),
        Act::Compare(_) | Act::Build => None,
    }
}

/// A line of the log when it begins; nothing for what only looks.
fn progress(act: &Act) -> Option<String> {
    match act {
        Act::Build => Some("no image of this commit is there: building one".to_owned()),
        Act::Push(..) | Act::Bring { .. } | Act::Name { .. } => Some(what(act)),
        Act::List(_) | Act::Look(..) | Act::Describe(..) | Act::Compare(_) => None,
    }
}

fn what(act: &Act) -> String {
    match act {
        Act::Build => "build".to_owned(),
        Act::Push(repository, tag) => format!("push {}", repository.tagged(tag)),
        Act::Bring { to, tag, .. } => format!("bring {}", to.tagged(tag)),
        Act::Name {
            repository,
            tag,
            digest,
        } => format!("name {} {digest}", repository.tagged(tag)),
        Act::List(repository) => format!("list {repository}"),
        Act::Look(repository, tag) => format!("look {}", repository.tagged(tag)),
        Act::Describe(repository, digest) => format!("describe {}", repository.at(digest)),
        Act::Compare(revision) => format!("compare {revision}"),
    }
}
