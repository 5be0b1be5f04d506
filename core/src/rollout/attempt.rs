//! Acts are tried until they are done, and not for ever.

use super::{Action, ActionId, Done, InstanceId, TRIES};
use crate::protocol::Timestamp;

/// Milliseconds between the first two tries of an act; each further wait is twice as long, up to [`LONGEST`].
pub(super) const RETRY: u64 = 500;

/// Milliseconds that two tries are apart at most.
const LONGEST: u64 = 4_000;

/// An act that is tried until it is done, and not for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Try {
    id: Option<ActionId>,
    action: Action,
    tries: u8,
    again: Option<Timestamp>,
    /// Since the first try failed: until when it is tried on.
    until: Option<Timestamp>,
    /// Some answer was that nobody knows. A later no does not undo that: it speaks of its own try.
    unknown: bool,
    /// The last answer was that nothing would answer.
    mute: bool,
}

/// What hearing of an act comes to.
pub(super) enum Heard {
    /// It is done.
    Yes,
    /// It is tried again, for this reason.
    Again(String),
    /// It was tried often enough.
    GivenUp {
        /// The last reason.
        trouble: String,
        /// It may have happened all the same.
        unknown: bool,
        /// It was refused because nothing would answer.
        mute: bool,
        /// It was refused for good, and did not happen.
        refused: bool,
    },
}

impl Try {
    pub(super) const fn of(action: Action) -> Self {
        Self {
            id: None,
            action,
            tries: 1,
            again: None,
            until: None,
            unknown: false,
            mute: false,
        }
    }

    /// Hears of the last try. An act is tried [`TRIES`] times, and one that nothing stands in for also for as long as `patience`
    /// (milliseconds) from the first that failed; one that is refused for good is not tried again.
    pub(super) fn heard(&mut self, now: Timestamp, done: &Done, patience: u64) -> Heard {
        self.id = None;
        self.mute = matches!(done, Done::Mute(_));
        let trouble = match done {
            Done::Yes => return Heard::Yes,
            Done::No(why)
            | Done::Refused(why)
            | Done::Mute(why)
            | Done::Fenced(why)
            | Done::Stopped(why) => why.clone(),
            Done::Unknown(why) => {
                self.unknown = true;
                why.clone()
            }
        };
        let patience = if self.is_without_substitute() {
            patience
        } else {
            0
        };
        let until = *self.until.get_or_insert_with(|| now.plus(patience));
        let refused = matches!(done, Done::Refused(_));
        if refused || (self.tries >= TRIES && now >= until) {
            return Heard::GivenUp {
                trouble,
                unknown: self.unknown,
                mute: self.mute,
                refused: refused && !self.unknown,
            };
        }
        let wait = LONGEST.min(RETRY << (self.tries - 1).min(8));
        self.again = Some(now.plus(wait));
        self.tries = self.tries.saturating_add(1);
        Heard::Again(trouble)
    }

    /// Whether all that is left without it is to go back, or to strand. A start is not: where it fails, nothing has changed, and
    /// most of what makes it fail is the version's own.
    const fn is_without_substitute(&self) -> bool {
        !matches!(
            self.action,
            Action::Start(_) | Action::Log(_) | Action::Hook(_)
        )
    }

    /// Is to be asked for once more, as a part of the plan and not for want of an answer.
    pub(super) fn repeat(&mut self, at: Timestamp, forced: bool) {
        self.id = None;
        self.tries = 1;
        self.until = None;
        self.unknown = false;
        self.again = Some(at);
        if let Action::Route { force, .. } = &mut self.action {
            *force = forced;
        }
    }

    /// It has been asked for, under this number.
    pub(super) const fn asked(&mut self, id: ActionId) {
        self.id = Some(id);
        self.again = None;
    }

    /// Whether this number is the one that it was asked for under last.
    pub(super) fn is(&self, id: ActionId) -> bool {
        self.id == Some(id)
    }

    /// Whether the time to ask for it has come.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.again.is_some_and(|again| again <= now)
    }

    /// When it is to be asked for again.
    pub(super) const fn again(&self) -> Option<Timestamp> {
        self.again
    }

    /// Whether an answer, or the time to try again, is still to come.
    pub(super) const fn pending(&self) -> bool {
        self.id.is_some() || self.again.is_some()
    }

    /// Whether nobody knows if it happened.
    pub(super) const fn unknown(&self) -> bool {
        self.unknown
    }

    pub(super) const fn action(&self) -> &Action {
        &self.action
    }

    pub(super) const fn forced(&self) -> bool {
        matches!(self.action, Action::Route { force: true, .. })
    }

    pub(super) const fn instance(&self) -> Option<InstanceId> {
        match &self.action {
            Action::Start(member) => Some(member.id),
            Action::Revive(id) | Action::Log(id) | Action::Stop(id) | Action::Remove(id) => {
                Some(*id)
            }
            Action::Adopt(_)
            | Action::Record(..)
            | Action::Route { .. }
            | Action::Probe(_)
            | Action::Watch(_)
            | Action::Measure(_)
            | Action::Hook(_)
            | Action::Conclude(_) => None,
        }
    }
}
