//! What is under way for a release, and how far each act is. What an answer means for it is in `work/answers.rs`.

mod answers;

use std::collections::BTreeMap;

use super::words::what;
use crate::config::{Credentials, Package, RegistryAuth};
use crate::forge::releases::{self as forge, Forge};
use crate::index;
use crate::protocol::{Completion, Effect, Timestamp};
use crate::registry::{
    Access, Asking, Bringing, Exchange, Login, Question, Repository, Side, Trouble,
};
use crate::release::comparing;
use crate::release::engine::{self, Engine, Sent};
use crate::release::inside::Opening;
use crate::release::login;
use crate::release::making::Making;
use crate::release::nox::Nox;
use crate::release::packing::{self, Sending, Told};
use crate::release::{Act, Looking, Observation, Plan, Publication};
use answers::{asked, brought, failed, forged, indexed, made, opened, wait};

/// How often what was written is looked for once more, and milliseconds before the first time; doubled before each further one, so
/// 31 s in all.
const MOST_LOOKS: u32 = 5;
const FIRST_LOOK: u64 = 1_000;

/// A release under way.
#[derive(Debug)]
pub(in super::super) struct Publishing {
    pub(super) publication: Publication,
    pub(super) making: Making,
    pub(super) nox: Nox,
    told: Told,
    forge: Option<Forge>,
    engine: Engine,
    /// The settings in which sending is done are there.
    prepared: bool,
    access: BTreeMap<Repository, Access>,
    works: BTreeMap<u32, Work>,
    next: u32,
    /// What is to be said at the end besides.
    pub(super) note: Option<String>,
}

/// An act, and how far it is.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) act: Act,
    pub(super) begun: Timestamp,
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
    /// An image is passed on by two registries.
    Bringing(Box<Bringing>, Side, Box<Exchange>),
    /// Nox is looked for, and asked for its sessions.
    Listing,
    /// A package is built.
    Packing,
    /// An index is asked.
    Indexing(Box<index::Asking>),
    /// A file that an index has is looked into.
    Opening(Box<Opening>),
    /// It cannot be.
    Shut(Trouble),
    /// A package is sent.
    Publishing(Box<Sending>),
    /// A forge is asked.
    Forging(Box<forge::Running>),
    /// There is nothing to do it with.
    Nothing,
    /// An image is made.
    Making,
    /// The settings are written with which an image is sent.
    Preparing,
    /// An image is sent.
    Sending,
    /// Git is asked.
    Comparing,
}

/// What a release is made and sent with.
pub(super) struct Tools {
    pub(super) engine: Engine,
    pub(super) making: Making,
    pub(super) nox: Nox,
    pub(super) told: Told,
    pub(super) forge: Option<Forge>,
}

/// What was heard of a work.
pub(super) enum Heard {
    Over(Box<Work>, Observation),
    More,
    Wait { millis: u64, why: Option<String> },
}

/// What that means for the work itself.
enum Goes {
    Over(Observation),
    More,
    Wait { millis: u64, why: Option<String> },
}

impl Publishing {
    pub(super) fn new(
        plan: Plan,
        tools: Tools,
        places: Vec<(Repository, Option<RegistryAuth>)>,
        note: Option<String>,
    ) -> Self {
        let dry = plan.dry;
        let Tools {
            engine,
            making,
            nox,
            told,
            forge,
        } = tools;
        let access = places.into_iter().map(|(repository, auth)| {
            let login = auth.map(Login::Variables);
            (repository.clone(), Access::new(repository, login, !dry))
        });
        Self {
            access: access.collect(),
            publication: Publication::new(plan),
            making,
            nox,
            told,
            forge,
            engine,
            prepared: false,
            works: BTreeMap::new(),
            next: 1,
            note,
        }
    }

    /// Registries that nobody is named for, and with what docker has logged in there before.
    pub(super) fn find_logins(&self, settings: &str) -> Vec<(Repository, Effect)> {
        let open = self.access.values().filter(|access| access.is_anonymous());
        let effects = open.map(|access| {
            let repository = access.repository();
            let effect = login::find_login(settings, repository.server(), &kept(repository));
            (repository.clone(), effect)
        });
        effects.collect()
    }

    /// Docker has logged in there.
    pub(super) fn log_in(&mut self, repository: &Repository) {
        if let Some(access) = self.access.get_mut(repository) {
            access.login(Login::Kept(kept(repository)));
        }
    }

    /// When something is to be gone on with.
    pub(in super::super) fn wake_at(&self) -> Option<Timestamp> {
        self.works.values().filter_map(|work| work.again).min()
    }

    /// What is to be gone on with now.
    pub(super) fn due(&self, now: Timestamp) -> Vec<u32> {
        let works = self.works.iter();
        let due = works.filter(|(_, work)| work.again.is_some_and(|at| at <= now));
        due.map(|(id, _)| *id).collect()
    }

    /// Whether something was begun that others see.
    pub(in super::super) const fn touched(&self) -> bool {
        self.publication.touched()
    }

    /// Begins an act; `None`: it is over at once.
    pub(super) fn begin(&mut self, act: Act, now: Timestamp) -> Option<u32> {
        let doing = self.doing(&act);
        let id = self.next;
        self.next += 1;
        let work = Work {
            act,
            begun: now,
            tries: 1,
            again: None,
            doing,
        };
        if let (Doing::Comparing, None) = (&work.doing, self.compare(&work.act)) {
            let unknown = Observation::Compared(comparing::read_kinship(None));
            self.publication.observe(&work.act, unknown);
            return None;
        }
        self.works.insert(id, work);
        Some(id)
    }

    fn doing(&self, act: &Act) -> Doing {
        let ask = |repository: &Repository, question: Question| {
            let (asking, exchange) = Asking::new(repository.clone(), question);
            Doing::Asking(Box::new(asking), Box::new(exchange))
        };
        match act {
            Act::List(repository) => ask(repository, Question::Tags),
            Act::Look(repository, tag) => ask(repository, Question::Held { tag: tag.clone() }),
            Act::Describe(repository, digest) => {
                let digest = digest.clone();
                ask(repository, Question::Describe { digest })
            }
            Act::Name {
                repository,
                tag,
                digest,
                over,
            } => {
                let (tag, digest, over) = (tag.clone(), digest.clone(), over.clone());
                ask(repository, Question::Name { tag, digest, over })
            }
            Act::Try(repository) => ask(repository, Question::MayWrite),
            Act::Sessions => Doing::Listing,
            Act::Make(_) => Doing::Packing,
            Act::Index(name) => self.indexing(name),
            Act::Open(name, file) => self.opening(name, file),
            Act::Publish(name) => self.sending(name),
            Act::Tag
            | Act::FindRelease
            | Act::Draft
            | Act::Attach(_)
            | Act::Detach(_)
            | Act::Announce => self.forging(act),
            Act::Build => Doing::Making,
            Act::Bring {
                from,
                to,
                tag,
                digest,
            } => {
                let (from, to) = (from.clone(), to.clone());
                let (it, side, first) = Bringing::new(from, to, tag.clone(), digest.clone());
                Doing::Bringing(Box::new(it), side, Box::new(first))
            }
            Act::Push(..) if self.prepared => Doing::Sending,
            Act::Push(..) => Doing::Preparing,
            Act::Compare(_) => Doing::Comparing,
        }
    }

    fn forging(&self, act: &Act) -> Doing {
        let errand = self.publication.errand(act, self.making.workspace());
        match (self.forge.clone(), errand) {
            (Some(forge), Some(errand)) => {
                Doing::Forging(Box::new(forge::Running::new(forge, errand)))
            }
            (Some(_) | None, Some(_) | None) => Doing::Nothing, // a plan without a forge has no such act
        }
    }

    fn package(&self, name: &str) -> Option<&Package> {
        let mut packages = self.publication.plan().packages.iter();
        packages.find(|package| package.name == name)
    }

    fn indexing(&self, name: &str) -> Doing {
        let (Some(package), Some((built, looking))) =
            (self.package(name), self.publication.built(name))
        else {
            return Doing::Nothing; // an index is asked only for what was built
        };
        let wanted = match looking {
            Looking::Once => Vec::new(),
            Looking::ForAMoment | Looking::Patiently => {
                built.files.iter().map(|file| file.name.clone()).collect()
            }
        };
        let most = match looking {
            Looking::Once => 1,
            Looking::ForAMoment => index::FOR_A_MOMENT,
            Looking::Patiently => index::PATIENTLY,
        };
        let login = package.login.as_ref().map(Credentials::at_an_index);
        let (project, version) = (&built.project, &built.version);
        let asking = index::Asking::new(&package.index, project, version, wanted, most, login);
        Doing::Indexing(Box::new(asking))
    }

    fn opening(&self, name: &str, file: &str) -> Doing {
        let (Some(package), Some((theirs, ours))) =
            (self.package(name), self.publication.both(name, file))
        else {
            return Doing::Nothing; // only what both have is looked into
        };
        let folder = self.told.folder(package);
        let login = package.login.as_ref().map(Credentials::at_an_index);
        let login = (package.index.as_str(), login);
        match Opening::new(
            &package.name,
            theirs,
            ours,
            &folder,
            &self.told.scratch,
            login,
        ) {
            Ok(opening) => Doing::Opening(Box::new(opening)),
            Err(trouble) => Doing::Shut(trouble),
        }
    }

    fn sending(&self, name: &str) -> Doing {
        match (self.package(name), self.publication.built(name)) {
            (Some(package), Some((built, _))) => {
                Doing::Publishing(Box::new(Sending::new(package.clone(), built)))
            }
            (Some(_) | None, Some(_) | None) => Doing::Nothing, // only what was built is sent
        }
    }

    fn compare(&self, act: &Act) -> Option<Effect> {
        let Act::Compare(theirs) = act else {
            return None;
        };
        let ours = &self.publication.plan().revision;
        comparing::compare(self.making.workspace(), theirs, ours)
    }

    /// The next commands of a work.
    pub(super) fn effects(&mut self, id: u32) -> Vec<Effect> {
        let Some(work) = self.works.get_mut(&id) else {
            return Vec::new();
        };
        work.again = None;
        let Some(work) = self.works.get(&id) else {
            return Vec::new();
        };
        match (&work.doing, &work.act) {
            (Doing::Asking(_, exchange), act) => {
                let access = repository_of(act).and_then(|it| self.access.get(it));
                let fetch = access.map(|access| exchange.fetch(access));
                fetch.map(Effect::Fetch).into_iter().collect()
            }
            (Doing::Bringing(_, side, exchange), Act::Bring { from, to, .. }) => {
                let access = self.access.get(if *side == Side::From { from } else { to });
                let fetch = access.map(|access| exchange.fetch(access));
                fetch.map(Effect::Fetch).into_iter().collect()
            }
            (Doing::Listing, _) => self.nox.effects(),
            (Doing::Packing, Act::Make(name)) => {
                let package = self.package(name);
                let effects = package.map(|package| self.told.make(&self.nox, package));
                effects.unwrap_or_default()
            }
            (Doing::Indexing(asking), _) => vec![Effect::Fetch(asking.fetch())],
            (Doing::Opening(opening), _) => vec![opening.effect()],
            (Doing::Forging(running), _) => vec![Effect::Fetch(running.fetch())],
            (Doing::Publishing(sending), _) => sending.effects(&self.nox, &self.told),
            (Doing::Making, _) => self.making.effects(&self.engine, &self.nox),
            (Doing::Preparing, _) => self.engine.prepare(),
            (Doing::Sending, Act::Push(repository, tag)) => {
                self.engine.push(self.making.reference(), repository, tag)
            }
            (Doing::Comparing, act) => self.compare(act).into_iter().collect(),
            (
                Doing::Sending
                | Doing::Packing
                | Doing::Nothing
                | Doing::Shut(_)
                | Doing::Bringing(..),
                _,
            ) => Vec::new(),
        }
    }

    /// Takes in what came of them; `None`: there is no such work.
    pub(super) fn heard(&mut self, id: u32, done: &[Completion], now: Timestamp) -> Option<Heard> {
        let mut work = self.works.remove(&id)?;
        let goes = self.goes(&mut work, done);
        let heard = match self.patiently(&mut work, goes) {
            Goes::Over(observation) => return Some(Heard::Over(Box::new(work), observation)),
            Goes::More => Heard::More,
            Goes::Wait { millis, why } => {
                work.again = Some(now.plus(millis));
                Heard::Wait { millis, why }
            }
        };
        self.works.insert(id, work);
        Some(heard)
    }

    /// What was written may show a while later only. So it is looked for a few times, and never written again meanwhile.
    fn patiently(&self, work: &mut Work, goes: Goes) -> Goes {
        let Goes::Over(observation) = goes else {
            return goes;
        };
        if work.tries > MOST_LOOKS || !self.publication.may_be_late(&work.act, &observation) {
            return Goes::Over(observation);
        }
        let millis = FIRST_LOOK << (work.tries - 1);
        work.tries += 1;
        work.doing = self.doing(&work.act);
        let why = (work.tries > 3)
            .then(|| format!("{}: what was written does not show yet", what(&work.act)));
        Goes::Wait { millis, why }
    }

    /// Where the image is sent.
    fn first(&self) -> &Repository {
        let mut all = self.publication.plan().repositories.iter();
        all.next()
            .expect("an image without a name is refused before it begins")
    }

    fn goes(&mut self, work: &mut Work, done: &[Completion]) -> Goes {
        match &mut work.doing {
            Doing::Asking(asking, exchange) => {
                let access = repository_of(&work.act).and_then(|it| self.access.get_mut(it));
                asked(asking, exchange, access, done.last())
            }
            Doing::Bringing(bringing, side, exchange) => {
                let at = match &work.act {
                    Act::Bring { from, .. } if *side == Side::From => Some(from),
                    act => repository_of(act),
                };
                let access = at.and_then(|it| self.access.get_mut(it));
                brought(bringing, side, exchange, access, done.last())
            }
            Doing::Listing => made(self.nox.on(done)),
            Doing::Packing => Goes::Over(match packing::read_make(done) {
                Ok(built) => Observation::Made(built),
                Err(trouble) => Observation::Failed(trouble),
            }),
            Doing::Forging(running) => forged(running, done.last()),
            Doing::Nothing => Goes::Over(failed("failed", "there is nothing to do it with")),
            Doing::Indexing(asking) => indexed(asking, done.last()),
            Doing::Opening(opening) => opened(opening, done.last()),
            Doing::Shut(trouble) => Goes::Over(Observation::Failed(trouble.clone())),
            Doing::Publishing(sending) => match sending.on(done) {
                packing::Sent::More => Goes::More,
                packing::Sent::Done => Goes::Over(Observation::Done),
                packing::Sent::Unclear(trouble) => Goes::Over(Observation::Unclear(trouble)),
                packing::Sent::No(trouble) => Goes::Over(Observation::Failed(trouble)),
            },
            Doing::Making => made(self.making.on(&self.engine, done)),
            Doing::Preparing if engine::is_prepared(done) => {
                self.prepared = true;
                work.doing = Doing::Sending;
                Goes::More
            }
            Doing::Preparing => Goes::Over(Observation::Failed(engine::trouble(done.last()))),
            Doing::Sending => match engine::read_push(done, self.first(), work.tries) {
                Sent::Yes(digest) => Goes::Over(Observation::Sent(digest)),
                Sent::Again { millis, why } => {
                    work.tries += 1;
                    wait(millis, why)
                }
                Sent::No(trouble) => Goes::Over(Observation::Failed(trouble)),
            },
            Doing::Comparing => {
                Goes::Over(Observation::Compared(comparing::read_kinship(done.last())))
            }
        }
    }
}

/// The name that the shell keeps a login under.
fn kept(repository: &Repository) -> String {
    format!("login {}", repository.server())
}

const fn repository_of(act: &Act) -> Option<&Repository> {
    match act {
        Act::List(repository)
        | Act::Look(repository, _)
        | Act::Describe(repository, _)
        | Act::Push(repository, _)
        | Act::Try(repository)
        | Act::Name { repository, .. }
        | Act::Bring { to: repository, .. } => Some(repository),
        Act::Compare(_)
        | Act::Sessions
        | Act::Make(_)
        | Act::Index(_)
        | Act::Open(..)
        | Act::Publish(_)
        | Act::Tag
        | Act::FindRelease
        | Act::Draft
        | Act::Attach(_)
        | Act::Detach(_)
        | Act::Announce
        | Act::Build => None,
    }
}
