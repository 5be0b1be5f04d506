//! The stop button at the target: a file in the volume, which every act that brings something new looks at.

use super::ended::transacted;
use super::lower::TRANSACTION;
use super::script::{Said, Script};
use super::survey::stdout;
use super::{Docker, Heeds, Memo, Step};
use crate::protocol::{Completion, Timestamp};
use crate::rollout::Done;
use crate::stop::Stop;

/// What the button's file is called.
pub(super) const STOP: &str = "stop";

impl Docker {
    /// Sets the button, in one breath, whoever holds the lease.
    #[must_use]
    pub fn press(&self, stop: &Stop) -> Vec<Step> {
        let script = Script::press(&stop.file());
        let run = self.engine.inside(&self.router(), script, TRANSACTION);
        vec![Step::strict(run)]
    }

    /// Lifts the button, writes down what is to be remembered, and gives the lease back.
    ///
    /// The file first: where that is all that happens, the ledger still says that it is stopped, and so it is.
    #[must_use]
    pub fn lift_stop(&self, memo: &Memo) -> Vec<Step> {
        let mut script = Script::fenced(self.token, &self.terms, self.number());
        script.lift();
        memo.appends.iter().for_each(|append| script.append(append));
        script.release();
        let run = self
            .engine
            .inside(&self.router(), script.finish(), TRANSACTION);
        vec![Step::strict(run)]
    }

    /// How setting or lifting it ended.
    #[must_use]
    pub fn read_button(&self, done: &[Completion]) -> Done {
        transacted(done.first()).0
    }

    /// Remembers the stop that an act has given way to.
    pub(super) fn meet(&mut self, completion: Option<&Completion>) {
        let said = completion.map(|it| Said::read(stdout(it)));
        let said = said.filter(|said| said.result == "stopped");
        if let Some(said) = said {
            self.met = Some(Stop::read(said.file(STOP).unwrap_or_default()));
        }
    }
}

/// What an opened volume says of the button, and what time it is there.
pub(super) fn read(said: &Said) -> (Option<Stop>, Option<Timestamp>) {
    let seconds = said.word("clock").and_then(|it| it.parse::<u64>().ok());
    (
        said.file(STOP).map(Stop::read),
        seconds.map(|it| Timestamp(it.saturating_mul(1000))),
    )
}

/// In words, what an act gave way to.
pub(super) fn set_by(said: &Said) -> String {
    crate::report::set_by(&Stop::read(said.file(STOP).unwrap_or_default()))
}

impl Heeds {
    /// At the beginning of a transaction, before anything is written.
    pub(super) fn write(&self, script: &mut Script) {
        match self {
            Self::Nothing => {}
            Self::Every => script.heed(None),
            Self::AllBut(id) => script.heed(Some(id)),
        }
    }
}
