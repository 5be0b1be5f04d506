//! One question from its beginning to its answer, for as long as somebody waits for it.

use super::{Access, Answered, Asking, Exchange, Going, Question, Trouble, Turn};
use crate::protocol::{Completion, Fetch, Timestamp};

/// A question that is under way.
#[derive(Clone, Debug)]
pub struct Talk {
    access: Access,
    asking: Asking,
    exchange: Exchange,
    /// Milliseconds that somebody waits.
    patience: u64,
    until: Timestamp,
    /// When the same is asked again.
    again: Option<Timestamp>,
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// What [`Talk::fetch`] says.
    Fetch,
    /// Nothing, until [`Talk::wake_at`].
    Wait,
    /// It is over.
    Over(Result<Answered, Trouble>),
}

impl Talk {
    /// Begins: [`Talk::fetch`] is the first to be done.
    #[must_use]
    pub fn new(access: Access, question: Question, now: Timestamp, patience: u64) -> Self {
        let (asking, exchange) = Asking::new(access.repository().clone(), question);
        Self {
            access,
            asking,
            exchange,
            patience,
            until: now.plus(patience),
            again: None,
        }
    }

    /// Who is asked, and how.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// What to do now.
    #[must_use]
    pub fn fetch(&mut self) -> Fetch {
        self.again = None;
        let mut fetch = self.exchange.fetch(&self.access);
        fetch.timeout = fetch.timeout.min(self.patience);
        fetch
    }

    /// When to go on, where it waits.
    #[must_use]
    pub const fn wake_at(&self) -> Option<Timestamp> {
        self.again
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, completion: &Completion, now: Timestamp) -> Next {
        match self.exchange.on(completion, &mut self.access) {
            Turn::Fetch(_) => Next::Fetch,
            Turn::Wait { millis, why } => {
                let again = now.plus(millis);
                if again > self.until {
                    return Next::Over(Err(Trouble::new("registry-unreachable", why)));
                }
                self.again = Some(again);
                Next::Wait
            }
            Turn::Over(got) => match self.asking.on(got) {
                Going::Ask(next) => {
                    self.exchange = *next;
                    Next::Fetch
                }
                Going::Done(answer) => Next::Over(answer),
            },
        }
    }
}
