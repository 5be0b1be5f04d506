//! Standing still: a point of no return was passed, so what has the traffic keeps it, and nothing is stopped or removed. Only
//! that is recorded, and the lease given back.

use super::super::{Action, Carrier, End, Fault, Mark, Plan, Reach, Rollout, Stands, Table, Why};
use super::{Settling, Stage, Then};
use crate::protocol::{Outcome, Timestamp};

/// The code of a run that ended past a point of no return.
pub const PAST: &str = "past-no-return";

impl Settling {
    const fn standing(why: Why) -> Self {
        Self {
            goal: None,
            why,
            stage: Stage::Awaiting(Then::Stand),
            left: Vec::new(),
            mute: false,
            stands: true,
        }
    }
}

impl Rollout {
    /// What a dead run left past a point of no return stays as it is, by the table that it wrote last, and that is recorded.
    /// `astray`: the router does not follow that table, and is made to, as it would by itself when it starts anew.
    #[must_use]
    pub fn stand_still(now: Timestamp, plan: Plan, table: Table, astray: bool, why: Why) -> Self {
        let mut rollout = Self::idle(now, plan);
        rollout.reach = Reach::Traffic;
        rollout.recovering = true;
        rollout.past = true;
        rollout.carrier = Some(Carrier::by(&table));
        if !astray {
            rollout.stand(why);
            return rollout;
        }
        let route = Action::Route {
            table,
            mark: Mark::Shifted,
            force: false,
        };
        let act = rollout.attempt(route);
        rollout.put(Settling {
            stage: Stage::Routing(act),
            ..Settling::standing(why)
        });
        rollout.entered();
        rollout
    }

    /// Goes neither forward nor back.
    pub(in super::super) fn stand(&mut self, why: Why) {
        self.take_back_unsent();
        let settling = Settling::standing(why);
        self.put(settling.clone());
        self.go_on_when_free(settling, Then::Stand);
        self.entered();
    }

    /// Nothing is under way any more. Where nobody knows who has the traffic there is nothing to record: whoever comes next
    /// looks, as after a crash.
    pub(super) fn begin_standing(&mut self, mut settling: Settling) {
        let Some(carrier) = self.carrier else {
            let mut end = self.standing(&settling);
            end.because
                .push("nobody knows which version has the traffic".to_owned());
            return self.over(end);
        };
        settling.goal = self.fleet(carrier.generation);
        settling.left = self.others(&settling);
        self.put_away(settling);
    }

    /// How standing still ends.
    pub(super) fn standing(&self, settling: &Settling) -> End {
        let (because, quarantine) = match &settling.why {
            Why::Unwell(Fault { seen, .. }) => (seen.clone(), true),
            Why::World(why)
            | Why::Hook(why)
            | Why::Stopped(why)
            | Why::Aborted(why)
            | Why::Unpromoted(why) => (why.clone(), false),
            Why::Cancelled => ("the run was asked to stop".to_owned(), false),
            Why::Abandoned | Why::Committed => ("an earlier run died".to_owned(), false),
        };
        let before = self.old_generation();
        let stands = self.carrier.map(|carrier| {
            if carrier.whole && carrier.generation == before {
                Stands::AsBefore
            } else {
                Stands::Otherwise
            }
        });
        End {
            outcome: Outcome::Stranded,
            reason: PAST.to_owned(),
            because: vec![
                because,
                "a point of no return was passed, so nothing was undone".to_owned(),
            ],
            serving: self.carrier.and_then(|carrier| carrier.generation),
            stands,
            quarantine: quarantine && stands.is_some(),
            left: settling.left.clone(),
        }
    }
}
