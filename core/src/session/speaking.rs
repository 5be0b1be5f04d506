//! A person promotes or aborts a canary that has a share of the traffic: by telling the run that asks, which has the lease.
//!
//! The lease is held → that run asks a person at a share → the word is written → looked at again and again, without the lease,
//! until the rollout is over or asks anew. So a promotion ends as what it promoted ends, and not as a green run that shipped
//! nothing. Nobody waits longer for that than `wait` says: then it is said how far it has come.

use super::deciding::line_of;
use super::request::Command;
use super::{Session, Tag};
use crate::ledger::Ledger;
use crate::protocol::{Completion, Outcome};
use crate::report::{ASKS_AGAIN, TOLD, asks};
use crate::rollout::{Says, Share, Word};
use crate::stop;
use crate::target::docker::Told;
use crate::word::{Question, Spoken, Stage};

/// Milliseconds between two looks at what came of a word.
const AGAIN: u64 = 1_000;

/// What was told, and to whom.
#[derive(Clone, Debug)]
pub(super) struct Speaking {
    spoken: Spoken,
    /// What was asked, as it was seen last.
    question: Question,
    /// Nobody knows whether it was written.
    unsure: bool,
    /// What was said of it last.
    shown: String,
}

impl Session {
    /// The lease is held by a run that asks what this one was begun to say: tells it. `false`: it asks nothing.
    pub(super) fn speaks(&mut self) -> bool {
        let says = match self.request().command {
            Command::Promote => Says::Promote,
            Command::Abort => Says::Abort,
            Command::Release
            | Command::Deploy
            | Command::Rollback
            | Command::Plan
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => return false,
        };
        let Some(question) = self.docker_mut().beside.take() else {
            return false;
        };
        // It was to be taken, and was not.
        self.say_open(false);
        let wanted = self.request().version.clone();
        if let Some(wanted) = wanted.filter(|it| *it != question.version) {
            let because = vec![format!("{}, not {wanted}", asks(&question))];
            let next = vec!["look at what waits, then name that with `version`".to_owned()];
            self.finish(Outcome::Rejected, "another-waits", because, next);
            return true;
        }
        let who = self.facts.actor.clone();
        let who = who.unwrap_or_else(|| "somebody".to_owned());
        let url = self.facts.run_url.iter().map(|url| format!(" ({url})"));
        let word = Word {
            id: format!("{}-{}", self.now.0, self.unique()),
            share: Share(question.share),
            says,
            who: format!("{who}{}", url.collect::<String>()),
        };
        let spoken = Spoken {
            token: question.token,
            word,
        };
        self.info(asks(&question));
        let steps = self.docker().tell(&spoken);
        self.speaking = Some(Speaking {
            spoken,
            question,
            unsure: false,
            shown: String::new(),
        });
        self.call(Tag::Told, steps);
        true
    }

    pub(super) fn on_told(&mut self, done: &[Completion]) {
        let Some(speaking) = self.speaking.clone() else {
            return;
        };
        match self.docker().read_told(done) {
            Told::Yes => {
                self.info(format!("told: {}", speaking.in_words()));
                self.look_again_at(AGAIN);
            }
            // What it is now is found as at the beginning.
            Told::Late => {
                self.speaking = None;
                self.look_again_at(AGAIN);
            }
            Told::Aborted(before) => {
                let who = before.map_or_else(|| "somebody".to_owned(), |it| it.word.who);
                let because = vec![format!(
                    "{who} has aborted it at {} % already",
                    speaking.question.share
                )];
                self.finish(Outcome::Rejected, "aborted", because, vec![]);
            }
            Told::Stopped(by) => {
                let next = vec![format!(
                    "{} first: the run that waits gives no more traffic while the button is set",
                    self.command("resume")
                )];
                self.finish(Outcome::Held, stop::CODE, vec![by], next);
            }
            Told::No(why) => {
                let because = vec![format!("the run that waits could not be told: {why}")];
                let next = vec!["run it again".to_owned()];
                self.finish(Outcome::Failed, "not-told", because, next);
            }
            Told::Unknown(why) => {
                self.report.troubles.push(why);
                self.speaking = Some(Speaking {
                    unsure: true,
                    ..speaking
                });
                self.look_again_at(AGAIN);
            }
        }
    }

    fn look_again_at(&mut self, millis: u64) {
        self.again = Some(self.now.plus(millis));
    }

    /// The target was looked at again, without the lease: what came of the word by now.
    pub(super) fn on_spoken_looked(&mut self) {
        let Some(mut speaking) = self.speaking.take() else {
            return;
        };
        let ours = speaking.spoken.token;
        self.see_what_is_brought(&speaking);
        let found = self.opened.question.clone().filter(|it| it.token == ours);
        if let Some(question) = found {
            let anew = question.share != speaking.question.share;
            speaking.question = question.clone();
            match &question.became {
                Stage::Over {
                    outcome,
                    reason,
                    because,
                } => return self.as_it_ended(&speaking, *outcome, reason, because),
                Stage::Asks if anew => return self.asks_anew(&question),
                Stage::Asks | Stage::More | Stage::Less(_) => {}
            }
        }
        let holds = self.opened.lease("token") == Some(ours.to_string().as_str());
        if !holds || self.opened.left == 0 {
            return self.gone_meanwhile(&speaking);
        }
        if speaking.unsure && !speaking.is_heard() && speaking.question.became == Stage::Asks {
            // Writing it a second time does no more.
            speaking.unsure = false;
            let steps = self.docker().tell(&speaking.spoken);
            self.speaking = Some(speaking);
            return self.call(Tag::Told, steps);
        }
        let far = speaking.far();
        if self.now >= self.lease_deadline {
            return self.told_and_gone(&speaking, far);
        }
        if far != speaking.shown {
            self.info(far.clone());
            speaking.shown = far;
        }
        self.speaking = Some(speaking);
        self.look_again_at(AGAIN);
    }

    /// The rollout is over: so is what was said about it.
    fn as_it_ended(
        &mut self,
        speaking: &Speaking,
        outcome: Outcome,
        reason: &str,
        because: &[String],
    ) {
        let because = std::iter::once(speaking.in_words()).chain(because.iter().cloned());
        let because = because.collect();
        if outcome == Outcome::Stranded {
            self.report.serving = None;
        }
        let aborted = speaking.spoken.word.says == Says::Abort;
        let next = vec![format!(
            "how it went is in the report of {}",
            speaking.run()
        )];
        match outcome {
            Outcome::Cancelled | Outcome::RolledBack if aborted => {
                self.finish(Outcome::Restored, "aborted", because, next);
            }
            outcome => self.finish(outcome, reason, because, next),
        }
    }

    /// It has got more traffic, and a person is asked again at a later share.
    fn asks_anew(&mut self, question: &Question) {
        let because = vec![asks(question)];
        let next = vec![self.what_to_say(question)];
        self.finish(Outcome::Waiting, ASKS_AGAIN, because, next);
    }

    /// Nobody goes on with it, and nobody recorded how it ended.
    fn gone_meanwhile(&mut self, speaking: &Speaking) {
        let because = vec![
            speaking.in_words(),
            format!(
                "{} is gone, and has not said here how it ended",
                speaking.run()
            ),
        ];
        let next = vec![format!(
            "{} puts right what it left; {} says what serves",
            self.command("recover"),
            self.command("status")
        )];
        self.finish(Outcome::Failed, "run-gone", because, next);
    }

    /// The time of this run is over, and that of the other one is not.
    fn told_and_gone(&mut self, speaking: &Speaking, far: String) {
        let next = vec![format!(
            "{} says how it ends; {} looks at it",
            speaking.run(),
            self.command("status")
        )];
        self.finish(Outcome::Held, TOLD, vec![speaking.in_words(), far], next);
    }

    /// What serves by the ledger and what is brought, as they were looked at last.
    fn see_what_is_brought(&mut self, speaking: &Speaking) {
        let newest = self.opened.segments.last();
        let Some(ledger) = newest.and_then(|(name, text)| Ledger::read(name, text).ok()) else {
            return;
        };
        let state = ledger.state();
        let serving = state
            .serving()
            .map(|it| line_of(&it.release, Some(it.generation), Some(it.since)));
        let open = state
            .open
            .as_ref()
            .filter(|it| it.generation == speaking.question.generation);
        if let Some(open) = open {
            // As long as it is open, what serves is what served before it.
            self.report.before.clone_from(&serving);
            self.report.wanted = Some(line_of(&open.release, Some(open.generation), None));
        }
        self.report.serving = serving;
    }
}

impl Speaking {
    /// Who said what.
    fn in_words(&self) -> String {
        let Word { says, who, .. } = &self.spoken.word;
        let verb = match says {
            Says::Promote => "promoted",
            Says::Abort => "aborted",
        };
        let version = crate::report::inert(&self.question.version);
        format!("{who} {verb} {version} at {} %", self.spoken.word.share.0)
    }

    /// The run that asks.
    fn run(&self) -> String {
        let url = self.question.url.as_deref().map(crate::report::inert);
        url.map_or_else(
            || "the run that brings it".to_owned(),
            |url| format!("the run that brings it ({url})"),
        )
    }

    /// Whether the run that asks has read it.
    fn is_heard(&self) -> bool {
        self.question.heard.as_ref() == Some(&self.spoken.word.id)
    }

    /// How far it has come.
    fn far(&self) -> String {
        let heard = self.is_heard();
        match (&self.question.became, &self.question.lacks) {
            (Stage::Asks, _) if !heard => format!("{} has not read it yet", self.run()),
            (Stage::Asks, Some(lacks)) => format!(
                "{} has heard it, and goes on once its evidence is whole: {}",
                self.run(),
                crate::report::inert(lacks)
            ),
            (Stage::Asks, None) => format!("{} has heard it", self.run()),
            (Stage::More | Stage::Over { .. }, _) => {
                format!(
                    "{} has given it more of the traffic, and goes on",
                    self.run()
                )
            }
            (Stage::Less(why), _) => {
                format!(
                    "{} takes it back: {}",
                    self.run(),
                    crate::report::inert(why)
                )
            }
        }
    }
}
