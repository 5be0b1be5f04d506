//! Whom a run meets that was begun to promote or to abort: by the first look that finds the lease held.
//!
//! A person says it of what stands there then. What comes to be asked later, at the next share or by another rollout, nobody has
//! looked at: so nothing is ever said to it, however long the run that would say it is under way. Telling is `speaking`.

use super::Session;
use crate::protocol::Outcome;
use crate::report::TOO_LATE;
use crate::rollout::Says;
use crate::spec::{Generation, Token};
use crate::target::docker::Beside;
use crate::word::Question;

/// Whom it met first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Met {
    token: Token,
    /// The share that was asked about.
    share: Option<u8>,
    /// What waits without traffic and without a run.
    waits: Option<Generation>,
    /// Who had the lease at the last look, for people.
    by: String,
}

/// What is to be done about the run that has the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Turn {
    /// It is told.
    Tell(Box<Question>),
    /// What stands there by now is looked at.
    Look,
    /// The lease is waited for.
    Wait,
}

impl Met {
    fn first(beside: &Beside) -> Self {
        Self {
            token: beside.token,
            share: beside.asks().map(|it| it.share),
            waits: None,
            by: String::new(),
        }
    }

    /// What was told to that run is there without it by now: this one is meant, and no later one.
    pub(super) const fn waiting(token: Token, generation: Generation) -> Self {
        Self {
            token,
            share: None,
            waits: Some(generation),
            by: String::new(),
        }
    }

    fn turn(&self, says: Says, beside: &Beside) -> Turn {
        let same = self.token == beside.token;
        match says {
            Says::Promote => match beside.asks() {
                Some(it) if same && self.share == Some(it.share) => {
                    Turn::Tell(Box::new(it.clone()))
                }
                None if self.waits.is_some() => Turn::Wait,
                Some(_) | None => Turn::Look,
            },
            // It is of all of the rollout, whatever share that has by now.
            Says::Abort if same => {
                let question = beside.question.clone().map(Box::new);
                question.map_or(Turn::Wait, Turn::Tell)
            }
            Says::Abort => match (&beside.question, self.waits) {
                // Somebody promotes it meanwhile.
                (Some(question), Some(waits)) if question.generation == waits => {
                    Turn::Tell(Box::new(question.clone()))
                }
                (None, Some(_)) => Turn::Wait,
                (Some(_) | None, _) => Turn::Look,
            },
        }
    }
}

impl Session {
    /// The lease is held, and this run was begun to promote or to abort. `false`: it waits for the lease as any other does.
    pub(super) fn meets(&mut self, by: &str) -> bool {
        let (Some(says), Some(beside)) = (self.says(), self.docker().beside.clone()) else {
            return false;
        };
        let met = self.met.get_or_insert_with(|| Met::first(&beside));
        by.clone_into(&mut met.by);
        match met.turn(says, &beside) {
            Turn::Tell(question) => self.tell(says, *question),
            Turn::Look => self.open(false),
            Turn::Wait => return false,
        }
        true
    }

    /// What can be promoted, or aborted, was looked at, without the lease.
    pub(super) fn on_met_looked(&mut self) {
        let Some(met) = self.met.clone() else {
            return;
        };
        let question = self.asked_beside().cloned();
        self.see_what_is_brought(question.as_ref().map(|it| it.generation));
        let waits = self.newest().and_then(|ledger| {
            let open = ledger.state().open.as_ref();
            open.filter(|it| it.waits.is_some()).map(|it| it.generation)
        });
        match (self.says(), question, waits) {
            (Some(Says::Abort), ..) if self.as_met_ended() => {}
            (Some(Says::Abort), question, _) => {
                let over = "the run that was at work as this one began is over".to_owned();
                let asked = question.iter().map(crate::report::asks);
                let because = std::iter::once(over).chain(asked).collect();
                self.say_open(false);
                let next = "look at what is there now, then run it again to abort that";
                self.finish(Outcome::Failed, TOO_LATE, because, vec![next.to_owned()]);
            }
            (_, Some(question), _) => {
                self.say_open(false);
                self.asks_anew(&question, None);
            }
            // Nobody is at it, so it is there to be promoted once the lease is free: this one, and no later one.
            (_, None, Some(waits)) if met.waits.is_none_or(|it| it == waits) => {
                self.met = Some(Met {
                    waits: Some(waits),
                    ..met
                });
                self.await_lease();
            }
            (_, None, _) => {
                self.say_open(false);
                self.busy(&met.by);
            }
        }
    }

    /// What was met waiting has ended without this run; `false`: it has not, or none was met.
    pub(super) fn as_met_ended(&mut self) -> bool {
        let waits = self.met.as_ref().and_then(|it| it.waits);
        let ended = waits.and_then(|it| self.how_it_ended(it));
        let Some((outcome, reason)) = ended else {
            return false;
        };
        if !self.leased {
            self.say_open(false);
        }
        let because = vec!["another run was faster".to_owned()];
        match outcome {
            Outcome::Deployed => self.too_late(because),
            _ => self.finish(Outcome::Restored, &reason, because, vec![]),
        }
        true
    }

    /// Whether what waits is what this run was begun to promote, or to abort.
    pub(super) fn may_be_meant(&self, generation: Generation) -> bool {
        let met = self.met.as_ref().and_then(|it| it.waits);
        met.is_none_or(|it| it == generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::Stage;
    use crate::word::tests::question;

    fn beside(token: u64, share: u8, became: Option<Stage>) -> Beside {
        let question = became.map(|became| Question {
            token: Token(token),
            share,
            became,
            ..question()
        });
        let token = Token(token);
        Beside { token, question }
    }

    /// All pairs of what is met first and what is met later: two runs, two shares, and what became of each.
    #[test]
    fn a_promotion_is_told_to_what_was_met_first_and_an_abort_to_its_run() {
        let mut all = Vec::new();
        for token in [7, 8] {
            all.push(beside(token, 0, None));
            for share in [25, 50] {
                for became in [Stage::Asks, Stage::More, Stage::Less("bad".to_owned())] {
                    all.push(beside(token, share, Some(became)));
                }
            }
        }
        let mut told = [0, 0];
        for first in &all {
            let met = Met::first(first);
            for then in &all {
                let same = first.asks().is_some() && first.asks() == then.asks();
                let turn = met.turn(Says::Promote, then);
                assert_eq!(matches!(turn, Turn::Tell(_)), same, "{first:?} {then:?}");
                assert_ne!(turn, Turn::Wait, "nothing is known to wait");
                told[0] += u8::from(same);
                let turn = met.turn(Says::Abort, then);
                match (first.token == then.token, &then.question) {
                    (false, _) => assert_eq!(turn, Turn::Look, "another rollout"),
                    (true, None) => assert_eq!(turn, Turn::Wait),
                    (true, Some(question)) => {
                        assert_eq!(turn, Turn::Tell(Box::new(question.clone())));
                        told[1] += 1;
                    }
                }
            }
        }
        assert_eq!(told, [4, 84]);
    }

    /// What was aborted waits without its run by now, and somebody else has the lease.
    #[test]
    fn an_abort_of_what_waits_by_now_is_told_to_nobody_who_brings_something_else() {
        let met = Met::waiting(Token(7), question().generation);
        let other = |generation| {
            let mut other = beside(8, 0, Some(Stage::More));
            if let Some(question) = &mut other.question {
                question.generation = generation;
            }
            other
        };
        let promoted = other(question().generation);
        assert!(matches!(met.turn(Says::Abort, &promoted), Turn::Tell(_)));
        assert_eq!(met.turn(Says::Abort, &other(Generation(9))), Turn::Look);
        assert_eq!(met.turn(Says::Abort, &beside(8, 0, None)), Turn::Wait);
    }

    #[test]
    fn what_waits_without_a_run_is_worth_waiting_for_the_lease_and_what_is_asked_meanwhile_is_not_meant()
     {
        let met = Met {
            waits: Some(Generation(2)),
            ..Met::first(&beside(7, 0, None))
        };
        assert_eq!(met.turn(Says::Promote, &beside(8, 0, None)), Turn::Wait);
        let asks = beside(8, 25, Some(Stage::Asks));
        assert_eq!(met.turn(Says::Promote, &asks), Turn::Look);
    }
}
