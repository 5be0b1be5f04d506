//! What a forge is told of a deployment, with all the requests that it takes: that it begins, and how it ended; and in which order
//! the deployments before it are put in order.
//!
//! A status can be said twice, a deployment cannot be made twice. So a status is said again until it is heard, and where nobody
//! knows whether a deployment was made it is looked for, by the run that wanted it, before it is asked for again.
//!
//! Of one service in one environment at most one deployment is under way, and at most one serves: whoever had the lease later
//! knows that of all before. A forge does not keep to it by itself: it leaves those of production as they are, and those of a
//! run that died too. So whoever ends puts those before it in order.

use std::collections::VecDeque;

use super::deployment::{self, Deployment, Known, Past, State};
use super::exchange::{Access, Exchange, Got, Trouble, Turn};
use crate::protocol::{Completion, Fetch, Timestamp};

/// Milliseconds before a deployment is looked for that was perhaps made: a forge may still be making it.
const SETTLE: u64 = 1_000;

/// How often a deployment is asked for that was not made.
const CREATES: u32 = 3;

/// Deployments before this one that are looked at: each costs a request.
const LOOKS: usize = 50;

/// Milliseconds for what is left, once the run was asked to stop.
pub const HURRY: u64 = 1_500;

/// Least milliseconds that a request has.
const SHORTEST: u64 = 500;

/// What is said to a forge.
#[derive(Clone, Debug)]
pub struct Telling {
    access: Access,
    about: Deployment,
    /// What serves again, brought back by this run.
    back: Option<Deployment>,
    /// The forge's number of it.
    id: Option<u64>,
    /// What is asked now, and after it.
    step: Step,
    next: VecDeque<Step>,
    exchange: Exchange,
    again: Option<Timestamp>,
    until: Timestamp,
    creates: u32,
    walk: Walk,
    /// Whether the end of this very one was heard; of one that only begins, that it is under way.
    heard: bool,
    trouble: Option<(Part, Trouble)>,
}

/// The deployments before.
#[derive(Clone, Debug, Default)]
struct Walk {
    /// What serves now: all that served before it does no more.
    served: bool,
    /// Newest first, those that were not looked at yet.
    left: VecDeque<u64>,
    looked: usize,
    /// What has to be said of some, oldest first: whoever is interrupted leaves those that the next one looks at.
    say: Vec<(u64, State)>,
}

/// What is being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// That it begins.
    Beginning,
    /// How it ended.
    End,
    /// That what served before serves again.
    Back,
    /// What became of those before it.
    Before,
}

#[derive(Clone, Debug)]
enum Step {
    Create(Part),
    /// Whether it was made.
    Find(Part),
    Say {
        part: Part,
        id: Option<u64>,
        state: State,
        words: String,
    },
    List,
    Look(u64),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// What [`Telling::fetch`] says.
    Fetch,
    /// Nothing, until [`Telling::wake_at`].
    Wait,
    /// It is over.
    Over,
}

/// How a deployment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How; `None`: there is none of this run, or somebody else says it.
    pub own: Option<(State, String)>,
    /// What serves again, where that is another one, brought back by this run.
    pub back: Option<Deployment>,
    /// Whether those before are to be put in order.
    pub before: bool,
}

impl Telling {
    /// That one begins.
    #[must_use]
    pub fn begin(access: Access, about: Deployment, now: Timestamp, patience: u64) -> Self {
        let step = Step::Create(Part::Beginning);
        Self::new(access, about, step, now, patience)
    }

    /// How it ended. Without a number it is looked for: nobody heard whether it was made.
    #[must_use]
    pub fn end(
        access: Access,
        about: Deployment,
        id: Option<u64>,
        end: End,
        now: Timestamp,
        patience: u64,
    ) -> Option<Self> {
        let mut steps = VecDeque::new();
        let served = matches!(end.own, Some((State::Success, _)));
        if let Some((state, words)) = end.own {
            steps.extend(id.is_none().then_some(Step::Find(Part::End)));
            let part = Part::End;
            steps.push_back(Step::Say {
                part,
                id,
                state,
                words,
            });
        }
        if end.back.is_some() {
            steps.push_back(Step::Create(Part::Back));
        }
        steps.extend(end.before.then_some(Step::List));
        let first = steps.pop_front()?;
        let mut telling = Self::new(access, about, first, now, patience);
        telling.id = id;
        telling.back = end.back;
        telling.next = steps;
        telling.walk.served = served;
        telling.take(telling.step.clone());
        Some(telling)
    }

    fn new(access: Access, about: Deployment, step: Step, now: Timestamp, patience: u64) -> Self {
        let exchange = request(&step, &about);
        Self {
            access,
            about,
            back: None,
            id: None,
            step,
            next: VecDeque::new(),
            exchange,
            again: None,
            until: now.plus(patience),
            creates: 0,
            walk: Walk::default(),
            heard: false,
            trouble: None,
        }
    }

    /// The forge's number of the deployment.
    #[must_use]
    pub const fn id(&self) -> Option<u64> {
        self.id
    }

    /// Whether the forge has heard how far this very one is.
    #[must_use]
    pub const fn heard(&self) -> bool {
        self.heard
    }

    /// Whether nobody knows if the forge has a deployment of this run.
    #[must_use]
    pub const fn perhaps(&self) -> bool {
        self.id.is_none() && self.creates > 0
    }

    /// What went wrong, and at what.
    #[must_use]
    pub const fn trouble(&self) -> Option<&(Part, Trouble)> {
        self.trouble.as_ref()
    }

    /// When to go on, where it waits.
    #[must_use]
    pub const fn wake_at(&self) -> Option<Timestamp> {
        self.again
    }

    /// What to do now.
    #[must_use]
    pub fn fetch(&mut self, now: Timestamp) -> Fetch {
        self.again = None;
        let mut fetch = self.exchange.fetch(&self.access);
        let left = self.until.since(now).max(SHORTEST);
        fetch.timeout = fetch.timeout.min(left);
        fetch
    }

    /// The run was asked to stop: only the end of this very one is still said, if that goes quickly.
    pub fn hurry(&mut self, now: Timestamp) {
        self.until = self.until.min(now.plus(HURRY));
        self.next.retain(|it| it.part() == Part::End);
        if self.step.part() != Part::End {
            self.until = now;
        }
        if self.again.is_some() {
            self.again = Some(now);
        }
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, completion: &Completion, now: Timestamp) -> Next {
        match self.exchange.on(completion, &mut self.access, now) {
            Turn::Again => Next::Fetch,
            Turn::Wait { millis, why } => {
                let again = now.plus(millis);
                if again > self.until {
                    return self.on_got(Err(Trouble::unreachable(why)), now);
                }
                self.again = Some(again);
                Next::Wait
            }
            Turn::Over(got) => self.on_got(got, now),
        }
    }

    fn on_got(&mut self, got: Result<Got, Trouble>, now: Timestamp) -> Next {
        let step = self.step.clone();
        let got = match (got, &step) {
            (Ok(got), _) => got,
            // Nobody knows whether it was made.
            (Err(trouble), Step::Create(part)) if trouble.passes => {
                return self.lost(*part, trouble, now);
            }
            (Err(trouble), _) => return self.fails(step.part(), trouble, now),
        };
        match step {
            Step::Create(part) => match deployment::read_created(&got) {
                Some(id) => self.made(part, id, now),
                None => self.fails(part, Trouble::malformed("a deployment"), now),
            },
            Step::Find(part) => self.found(part, &got, now),
            Step::Say { part, .. } => {
                self.heard |= matches!(part, Part::Beginning | Part::End);
                self.advance(now)
            }
            Step::List => match deployment::read_list(&got) {
                Some(list) => self.listed(&list, now),
                None => self.fails(Part::Before, Trouble::malformed("deployments"), now),
            },
            Step::Look(id) => match deployment::read_past(&got) {
                Some(past) => self.looked(id, past, now),
                None => self.fails(Part::Before, Trouble::malformed("a deployment"), now),
            },
        }
    }

    fn made(&mut self, part: Part, id: u64, now: Timestamp) -> Next {
        let (state, words) = match part {
            Part::Beginning => {
                self.id = Some(id);
                (State::InProgress, "it is under way")
            }
            Part::End | Part::Back | Part::Before => {
                // What serves now is this one.
                self.walk.served = true;
                (State::Success, "what served before serves again")
            }
        };
        self.next.push_front(Step::Say {
            part,
            id: Some(id),
            state,
            words: words.to_owned(),
        });
        self.advance(now)
    }

    /// Perhaps it was made: it is looked for before it is asked for again.
    fn lost(&mut self, part: Part, trouble: Trouble, now: Timestamp) -> Next {
        self.creates += 1;
        let again = now.plus(SETTLE);
        if again > self.until {
            return self.fails(part, trouble, now);
        }
        self.trouble = Some((part, trouble));
        self.take(Step::Find(part));
        self.again = Some(again);
        Next::Wait
    }

    fn found(&mut self, part: Part, got: &Got, now: Timestamp) -> Next {
        // What cannot be read is not "none": it would be made once more.
        let Some(list) = deployment::read_list(got) else {
            return self.fails(part, Trouble::malformed("deployments"), now);
        };
        let mine = |it: &&Known| it.is_of_the_run(self.of(part)) && Some(it.id) != self.id;
        let id = list.iter().filter(mine).map(|it| it.id).max();
        match (part, id) {
            (Part::End, id) => {
                self.id = id;
                if id.is_none() {
                    // It never was made, so there is nothing to end, and nothing that what served before gave way to.
                    self.walk.served = false;
                    self.next.retain(|it| !matches!(it, Step::Say { .. }));
                }
                self.advance(now)
            }
            (Part::Beginning | Part::Back | Part::Before, Some(id)) => {
                self.trouble = None;
                self.made(part, id, now)
            }
            (Part::Beginning | Part::Back | Part::Before, None) if self.creates < CREATES => {
                self.trouble = None;
                self.take(Step::Create(part));
                Next::Fetch
            }
            (Part::Beginning | Part::Back | Part::Before, None) => match self.trouble.take() {
                Some((_, trouble)) => self.fails(part, trouble, now),
                None => self.advance(now),
            },
        }
    }

    fn listed(&mut self, list: &[Known], now: Timestamp) -> Next {
        let before = list.iter().filter(|it| it.is_before(&self.about, self.id));
        let mut ids: Vec<u64> = before.map(|it| it.id).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        self.walk.left = ids.into_iter().collect();
        self.walk_on(now)
    }

    fn looked(&mut self, id: u64, past: Past, now: Timestamp) -> Next {
        match past {
            Past::UnderWay => self.walk.say.push((id, State::Error)),
            Past::Serves if self.walk.served => self.walk.say.push((id, State::Inactive)),
            Past::Serves | Past::Over => {}
            // Whoever put it away has put away all before it, or left them to those who come to it.
            Past::Served => self.walk.left.clear(),
        }
        self.walk_on(now)
    }

    /// On to the next one before; once all are known, what is to be said of them.
    fn walk_on(&mut self, now: Timestamp) -> Next {
        let next = self.walk.left.pop_front();
        let goes_on = self.walk.looked < LOOKS && now < self.until;
        if let Some(id) = next.filter(|_| goes_on) {
            self.walk.looked += 1;
            self.take(Step::Look(id));
            return Next::Fetch;
        }
        let say = std::mem::take(&mut self.walk.say);
        for (id, state) in say.into_iter().rev() {
            let words = match state {
                State::Error => "its run ended without a word",
                State::InProgress | State::Success | State::Failure | State::Inactive => {
                    "another one serves since"
                }
            };
            self.next.push_back(Step::Say {
                part: Part::Before,
                id: Some(id),
                state,
                words: words.to_owned(),
            });
        }
        self.advance(now)
    }

    /// This could not be said. What follows from it is left out; that one ended is said whatever became of its beginning.
    fn fails(&mut self, part: Part, trouble: Trouble, now: Timestamp) -> Next {
        let denied = trouble.permission.is_some();
        self.trouble = Some((part, trouble));
        // Of a forge that has refused or does not answer nothing more is asked.
        if denied || part != Part::Back {
            self.next.clear();
        }
        self.advance(now)
    }

    /// On to what is said next. Where the time is up only what is of this very one.
    fn advance(&mut self, now: Timestamp) -> Next {
        let late = now >= self.until;
        let due = |it: &Step| !late || matches!(it.part(), Part::Beginning | Part::End);
        while let Some(step) = self.next.pop_front() {
            if due(&step) {
                self.take(step);
                return Next::Fetch;
            }
        }
        Next::Over
    }

    const fn of(&self, part: Part) -> &Deployment {
        match (part, &self.back) {
            (Part::Back, Some(back)) => back,
            (Part::Beginning | Part::End | Part::Back | Part::Before, _) => &self.about,
        }
    }

    fn take(&mut self, step: Step) {
        let step = match step {
            Step::Say {
                part: Part::End,
                id: None,
                state,
                words,
            } => Step::Say {
                part: Part::End,
                id: self.id,
                state,
                words,
            },
            step => step,
        };
        self.exchange = request(&step, self.of(step.part()));
        self.step = step;
    }
}

impl Step {
    const fn part(&self) -> Part {
        match self {
            Self::Create(part) | Self::Find(part) | Self::Say { part, .. } => *part,
            Self::List | Self::Look(_) => Part::Before,
        }
    }
}

fn request(step: &Step, about: &Deployment) -> Exchange {
    match step {
        Step::Create(_) => deployment::create(about),
        Step::Find(_) | Step::List => deployment::list(about),
        Step::Say {
            id, state, words, ..
        } => deployment::status(id.unwrap_or_default(), *state, words, about),
        Step::Look(id) => deployment::statuses(*id),
    }
}

#[cfg(test)]
mod tests;
