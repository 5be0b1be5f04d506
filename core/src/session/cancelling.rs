//! A run that is asked to stop, and what is under way then.

use super::{Session, Tag};
use crate::protocol::{Emit, Level, Outcome};

/// Milliseconds that what is under way may still take once the run was asked to stop.
const ABORT_AFTER: u64 = 2_000;

/// Milliseconds before the end by force that are kept for the report.
const LAST_WORDS: u64 = 1_500;

impl Session {
    pub(super) fn on_cancel(&mut self, grace: u64) {
        let now = self.now;
        if !self.cancelled {
            self.abort_at = Some(now.plus(ABORT_AFTER));
        }
        self.cancelled = true;
        self.give_up_at = Some(now.plus(grace.saturating_sub(LAST_WORDS)));
        self.emit(Emit::Log {
            level: Level::Warning,
            text: "asked to stop".to_owned(),
        });
        if let Some(docker) = self.docker.as_mut() {
            docker.grace = 0;
            docker.hurry = true;
        }
        if let Some(rollout) = self.rollout.as_mut() {
            rollout.cancel(now);
            self.cut_hook("the run was asked to stop");
            return self.drive();
        }
        self.calls.abort(Tag::looks);
        self.hurry_telling();
        if self.ending {
            return self.hurry_proof();
        }
        if self.calls.idle() && self.done.is_none() {
            let because = self.stopped();
            self.finish(Outcome::Cancelled, "cancelled", because, vec![]);
        }
    }

    /// An engine that hangs must not keep the run until it is killed: what is under way is ended, then the run.
    pub(super) fn on_deadlines(&mut self) {
        let now = self.now;
        if self.abort_at.is_some_and(|at| at <= now) {
            self.abort_at = None;
            self.calls.abort(|tag| !matches!(tag, Tag::Tunnel));
        }
        if self.give_up_at.is_some_and(|at| at <= now) {
            self.give_up_at = None;
            self.calls.abort(|tag| !matches!(tag, Tag::Tunnel));
            if let Some(rollout) = self.rollout.take() {
                self.give_up(&rollout);
            }
        }
    }
}
