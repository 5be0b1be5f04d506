//! What is under way for a release, and how far each act is.

use std::collections::BTreeMap;

use crate::config::RegistryAuth;
use crate::protocol::{Completion, Effect, Timestamp};
use crate::registry::{
    Access, Answered, Asking, Bring, Bringing, Exchange, Going, Question, Repository, Side,
    Trouble, Turn,
};
use crate::release::engine::{self, Engine, Sent};
use crate::release::making::{Made, Making};
use crate::release::{Act, Observation, Plan, Publication};

/// A release under way.
#[derive(Debug)]
pub(in super::super) struct Publishing {
    pub(super) publication: Publication,
    pub(super) making: Making,
    engine: Engine,
    /// The settings in which sending is done are there.
    prepared: bool,
    access: BTreeMap<Repository, Access>,
    works: BTreeMap<u32, Work>,
    next: u32,
    /// What the engine says that it has sent.
    pub(super) sent: Vec<String>,
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
    /// An image is made.
    Making,
    /// The settings are written with which an image is sent.
    Preparing,
    /// An image is sent.
    Sending,
    /// Git is asked.
    Comparing,
}

/// What was heard of a work.
pub(super) enum Heard {
    Over(Box<Work>, Observation),
    More,
    Wait { millis: u64, why: String },
}

/// What that means for the work itself.
enum Goes {
    Over(Observation),
    More,
    Wait { millis: u64, why: String },
}

impl Publishing {
    pub(super) fn new(
        plan: Plan,
        engine: Engine,
        making: Making,
        places: Vec<(Repository, Option<RegistryAuth>)>,
    ) -> Self {
        let dry = plan.dry;
        let access = places
            .into_iter()
            .map(|(repository, auth)| (repository.clone(), Access::new(repository, auth, !dry)));
        Self {
            access: access.collect(),
            publication: Publication::new(plan),
            making,
            engine,
            prepared: false,
            works: BTreeMap::new(),
            next: 1,
            sent: Vec::new(),
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
        let ask = |repository: &Repository, question: Question| {
            let (asking, exchange) = Asking::new(repository.clone(), question);
            Doing::Asking(Box::new(asking), Box::new(exchange))
        };
        let doing = match &act {
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
            } => {
                let (tag, digest) = (tag.clone(), digest.clone());
                ask(repository, Question::Name { tag, digest })
            }
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
        };
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
            let unknown = Observation::Compared(engine::read_kinship(None));
            self.publication.observe(&work.act, unknown);
            return None;
        }
        self.works.insert(id, work);
        Some(id)
    }

    fn compare(&self, act: &Act) -> Option<Effect> {
        let Act::Compare(theirs) = act else {
            return None;
        };
        let ours = &self.publication.plan().revision;
        engine::compare(self.making.workspace(), theirs, ours)
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
            (Doing::Making, _) => self.making.effects(&self.engine),
            (Doing::Preparing, _) => self.engine.prepare(),
            (Doing::Sending, Act::Push(repository, tag)) => self.engine.push(repository, tag),
            (Doing::Comparing, act) => self.compare(act).into_iter().collect(),
            (Doing::Sending | Doing::Bringing(..), _) => Vec::new(),
        }
    }

    /// Takes in what came of them; `None`: there is no such work.
    pub(super) fn heard(&mut self, id: u32, done: &[Completion], now: Timestamp) -> Option<Heard> {
        let mut work = self.works.remove(&id)?;
        let heard = match self.goes(&mut work, done) {
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
            Doing::Making => match self.making.on(done) {
                Made::More => Goes::More,
                Made::Done => Goes::Over(Observation::Done),
                Made::Failed(trouble) => Goes::Over(Observation::Failed(trouble)),
            },
            Doing::Preparing if engine::is_prepared(done) => {
                self.prepared = true;
                work.doing = Doing::Sending;
                Goes::More
            }
            Doing::Preparing => Goes::Over(Observation::Failed(engine::trouble(done.last()))),
            Doing::Sending => match engine::read_push(done, work.tries) {
                Sent::Yes(digests) => {
                    self.sent = digests;
                    Goes::Over(Observation::Done)
                }
                Sent::Again { millis, why } => {
                    work.tries += 1;
                    Goes::Wait { millis, why }
                }
                Sent::No(trouble) => Goes::Over(Observation::Failed(trouble)),
            },
            Doing::Comparing => {
                Goes::Over(Observation::Compared(engine::read_kinship(done.last())))
            }
        }
    }
}

fn asked(
    asking: &mut Asking,
    exchange: &mut Box<Exchange>,
    access: Option<&mut Access>,
    completion: Option<&Completion>,
) -> Goes {
    let (Some(access), Some(completion)) = (access, completion) else {
        return Goes::Over(failed("registry-answer", "nobody was asked"));
    };
    match exchange.on(completion, access) {
        Turn::Fetch(_) => Goes::More,
        Turn::Wait { millis, why } => Goes::Wait { millis, why },
        Turn::Over(got) => match asking.on(got) {
            Going::Ask(next) => {
                *exchange = next;
                Goes::More
            }
            Going::Done(Ok(answered)) => Goes::Over(observed(answered)),
            Going::Done(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
        },
    }
}

fn brought(
    bringing: &mut Bringing,
    side: &mut Side,
    exchange: &mut Box<Exchange>,
    access: Option<&mut Access>,
    completion: Option<&Completion>,
) -> Goes {
    let (Some(access), Some(completion)) = (access, completion) else {
        return Goes::Over(failed("registry-answer", "nobody was asked"));
    };
    match exchange.on(completion, access) {
        Turn::Fetch(_) => Goes::More,
        Turn::Wait { millis, why } => Goes::Wait { millis, why },
        Turn::Over(got) => match bringing.on(got, exchange.source(access)) {
            Bring::Ask(next, first) => {
                (*side, *exchange) = (next, first);
                Goes::More
            }
            Bring::Over(Ok(())) => Goes::Over(Observation::Done),
            Bring::Over(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
        },
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
        // Those are no acts of a release.
        Answered::Proof { .. } | Answered::Proven { .. } | Answered::Named => Observation::Done,
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
