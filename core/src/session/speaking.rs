//! A person promotes a canary that has a share of the traffic, or aborts what is being brought: by telling the run at work, which has
//! the lease.
//!
//! The lease is held → that run tells what it brings, and asks a person at a share → the word is written → looked at again and again, without the lease,
//! until the rollout is over or asks anew. So a promotion ends as what it promoted ends, and not as a green run that shipped
//! nothing. Nobody waits longer for that than `wait` says: then it is said how far it has come.

use super::deciding::line_of;
use super::meeting::Met;
use super::request::Command;
use super::{Session, Tag};
use crate::ledger::Ledger;
use crate::protocol::{Completion, Outcome};
use crate::report::{ASKS_AGAIN, NOT_TOLD, RUN_GONE, TOLD, TOO_LATE, asks};
use crate::rollout::{PAST, Says, Share, Word};
use crate::spec::Generation;
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
    /// It was not: what it is about was over.
    late: bool,
    /// What was said of it last.
    shown: String,
}

impl Session {
    /// What this run was begun to say; `None`: nothing of the kind.
    pub(super) fn says(&self) -> Option<Says> {
        match self.request().command {
            Command::Promote => Some(Says::Promote),
            Command::Abort => Some(Says::Abort),
            Command::Release
            | Command::Deploy
            | Command::Rollback
            | Command::Plan
            | Command::Stop
            | Command::Resume
            | Command::Status
            | Command::Recover => None,
        }
    }

    /// The run that has the lease asks what this one was begun to say: tells it.
    pub(super) fn tell(&mut self, says: Says, question: Question) {
        // It was to be taken, and was not.
        self.say_open(false);
        let wanted = self.request().version.clone();
        if let Some(wanted) = wanted.filter(|it| *it != question.version) {
            let because = vec![format!("{}, not {wanted}", asks(&question))];
            let next = vec!["look at what waits, then name that with `version`".to_owned()];
            return self.finish(Outcome::Rejected, "another-waits", because, next);
        }
        // Nothing is told to what hears nothing any more: it is looked at, and said what it is.
        let late = match question.became {
            Stage::Past | Stage::Kept => says == Says::Abort,
            Stage::Asks | Stage::More | Stage::Less(_) | Stage::Over { .. } => false,
        };
        let who = self.facts.actor.clone();
        let who = who.unwrap_or_else(|| "somebody".to_owned());
        let url = self.facts.run_url.iter().map(|url| format!(" ({url})"));
        let word = Word {
            id: format!("{}-{}", self.now.0, self.unique()),
            // Where nobody is asked it is of the whole rollout.
            share: match question.became {
                Stage::Asks => Share(question.share),
                Stage::More | Stage::Less(_) | Stage::Past | Stage::Kept | Stage::Over { .. } => {
                    Share(0)
                }
            },
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
            late,
            shown: String::new(),
        });
        if late {
            return self.look_again_at(0);
        }
        self.call(Tag::Told, steps);
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
            // Nothing is said to what stands there now, which nobody has spoken of. What came of the other is looked at all the same.
            Told::Late => {
                self.speaking = Some(Speaking {
                    late: true,
                    ..speaking
                });
                self.look_again_at(AGAIN);
            }
            Told::Aborted(before) => {
                let who = before.map_or_else(|| "somebody".to_owned(), |it| it.word.who);
                let because = vec![format!(
                    "{who} has aborted it{} already",
                    Share(speaking.question.share).at()
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
                let because = vec![format!("{} could not be told: {why}", speaking.run())];
                let next = vec!["run it again".to_owned()];
                self.finish(Outcome::Failed, NOT_TOLD, because, next);
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
        self.see_what_is_brought(Some(speaking.question.generation));
        let promotes = speaking.spoken.word.says == Says::Promote;
        let found = self.opened.question.clone().filter(|it| it.token == ours);
        if let Some(question) = found {
            // An abort is of all of the rollout.
            let anew = promotes && question.share != speaking.spoken.word.share.0;
            speaking.question = question.clone();
            match &question.became {
                Stage::Over {
                    outcome,
                    reason,
                    because,
                    left,
                } => {
                    self.report.left.clone_from(left);
                    return self.as_it_ended(&speaking, *outcome, reason, because);
                }
                Stage::Asks if anew => return self.asks_anew(&question, Some(&speaking)),
                Stage::Past if !promotes => return self.not_any_more(&question),
                Stage::Kept if !promotes => {
                    return self.too_late(vec![speaking.in_words(), asks(&question)]);
                }
                Stage::Asks | Stage::More | Stage::Less(_) | Stage::Past | Stage::Kept => {}
            }
        }
        let holds = self.opened.lease("token") == Some(ours.to_string().as_str());
        if !holds || self.opened.left == 0 {
            return self.gone_meanwhile(&speaking);
        }
        if self.now >= self.lease_deadline {
            return self.told_and_gone(&speaking);
        }
        if speaking.unsure && !speaking.is_heard() && speaking.may_count() {
            // Writing it a second time does no more.
            speaking.unsure = false;
            let steps = self.docker().tell(&speaking.spoken);
            self.speaking = Some(speaking);
            return self.call(Tag::Told, steps);
        }
        let far = speaking.far();
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
        let aborts = speaking.spoken.word.says == Says::Abort;
        let next = vec![format!(
            "how it went is in the report of {}",
            speaking.run()
        )];
        match outcome {
            // Put away it is, also where it was for another reason than this word.
            Outcome::Cancelled | Outcome::RolledBack | Outcome::Held | Outcome::Failed
                if aborts =>
            {
                self.finish(Outcome::Restored, reason, because, next);
            }
            // It was proven before it could hear that, and is put away as anything is that waits.
            Outcome::Waiting if aborts => {
                self.put_away_ourselves(speaking, "waits without traffic by now");
            }
            Outcome::Deployed if aborts => self.too_late(because),
            outcome => self.finish(outcome, reason, because, next),
        }
    }

    /// Nobody is at what was aborted any more: this run takes the lease for it.
    fn put_away_ourselves(&mut self, speaking: &Speaking, why: &str) {
        let generation = speaking.question.generation;
        let version = crate::report::inert(&speaking.question.version);
        self.info(format!("{version} ({generation}) {why}, and is put away"));
        self.met = Some(Met::waiting(speaking.spoken.token, generation));
        self.await_lease();
    }

    /// A person is asked something else by now: at a later share, or of another rollout.
    pub(super) fn asks_anew(&mut self, question: &Question, speaking: Option<&Speaking>) {
        let late = speaking.filter(|it| it.late).map(Speaking::in_words);
        let because = late.into_iter().chain([asks(question)]).collect();
        let next = vec![self.what_to_say(question)];
        self.finish(Outcome::Waiting, ASKS_AGAIN, because, next);
    }

    /// What was to be put away has done what cannot be undone.
    fn not_any_more(&mut self, question: &Question) {
        let next = vec![format!(
            "{} says how it ends: where it waits for a person then, {} puts it away; else a version that works with what it has done is the way on",
            self.command("status"),
            self.command("abort")
        )];
        self.finish(Outcome::Failed, PAST, vec![asks(question)], next);
    }

    /// What was to be put away serves; or it is over, and something else is under way.
    pub(super) fn too_late(&mut self, because: Vec<String>) {
        let next = vec![format!(
            "{} brings back what served before",
            self.command("rollback")
        )];
        self.finish(Outcome::Failed, TOO_LATE, because, next);
    }

    /// Nobody goes on with it. Where another run has the lease by now, what it asked is cleared away, and the ledger says how it ended.
    /// What is to be put away is, all the same.
    fn gone_meanwhile(&mut self, speaking: &Speaking) {
        let promotes = speaking.spoken.word.says == Says::Promote;
        let ended = self.how_it_ended(speaking.question.generation);
        // What a recovery has put away did not end as a promotion does.
        let ended = ended.filter(|(outcome, _)| !promotes || *outcome != Outcome::Restored);
        if let Some((outcome, reason)) = ended {
            return self.as_it_ended(speaking, outcome, &reason, &[]);
        }
        if !promotes {
            return self.put_away_ourselves(speaking, "is left by a run that is gone");
        }
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
        self.finish(Outcome::Failed, RUN_GONE, because, next);
    }

    /// The time of this run is over, and that of the other one is not.
    fn told_and_gone(&mut self, speaking: &Speaking) {
        let aborts = speaking.spoken.word.says == Says::Abort;
        let next = vec![format!(
            "{} says how it ends; {} looks at it",
            speaking.run(),
            self.command("status")
        )];
        let because = vec![speaking.in_words(), speaking.far()];
        // What is put away anyhow needs no word.
        let moot = aborts && matches!(speaking.question.became, Stage::Less(_));
        if speaking.unsure && !speaking.is_heard() && !moot {
            let unknown = format!("nobody knows whether {} was told", speaking.run());
            return self.finish(Outcome::Failed, NOT_TOLD, vec![unknown], next);
        }
        if speaking.late {
            return self.finish(Outcome::Failed, NOT_TOLD, because, next);
        }
        // What was to be put away is not, by all that is known.
        let outcome = if aborts {
            Outcome::Failed
        } else {
            Outcome::Held
        };
        self.finish(outcome, TOLD, because, next);
    }

    /// What serves by the ledger and what is brought, as they were looked at last.
    pub(super) fn see_what_is_brought(&mut self, generation: Option<Generation>) {
        let Some(ledger) = self.newest() else {
            return;
        };
        let state = ledger.state();
        let serving = state
            .serving()
            .map(|it| line_of(&it.release, Some(it.generation), Some(it.since)));
        let open = state
            .open
            .as_ref()
            .filter(|it| Some(it.generation) == generation);
        if let Some(open) = open {
            // As long as it is open, what serves is what served before it.
            self.report.before.clone_from(&serving);
            self.report.wanted = Some(line_of(&open.release, Some(open.generation), None));
        }
        self.report.serving = serving;
    }

    /// The ledger, as it was looked at last.
    pub(super) fn newest(&self) -> Option<Ledger> {
        let (name, text) = self.opened.segments.last()?;
        Ledger::read(name, text).ok()
    }

    /// How a rollout ended, by the ledger; `None`: it is not over, or another one has ended since.
    pub(super) fn how_it_ended(&self, generation: Generation) -> Option<(Outcome, String)> {
        let ledger = self.newest()?;
        let state = ledger.state();
        if state
            .known_good
            .iter()
            .any(|it| it.generation == generation)
        {
            return Some((Outcome::Deployed, "proven".to_owned()));
        }
        let last = state.last.as_ref();
        let last = last.filter(|it| it.generation == Some(generation))?;
        Some((last.outcome, last.reason.clone()))
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
        let late = if self.late {
            ", and was too late for that"
        } else {
            ""
        };
        let at = self.spoken.word.share.at();
        format!("{who} {verb} {version}{at}{late}")
    }

    /// Whether telling it (again) may do anything.
    fn may_count(&self) -> bool {
        match (&self.question.became, self.spoken.word.says) {
            (Stage::Asks, Says::Promote | Says::Abort) | (Stage::More, Says::Abort) => true,
            (Stage::More, Says::Promote)
            | (Stage::Less(_) | Stage::Past | Stage::Kept | Stage::Over { .. }, _) => false,
        }
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
        let aborts = self.spoken.word.says == Says::Abort;
        match (&self.question.became, &self.question.lacks) {
            (Stage::Asks | Stage::More, _) if !heard && aborts => {
                format!("{} has not read it yet", self.run())
            }
            (Stage::Asks, _) if !heard => format!("{} has not read it yet", self.run()),
            (Stage::Asks, Some(lacks)) => format!(
                "{} has heard it, and goes on once its evidence is whole: {}",
                self.run(),
                crate::report::inert(lacks)
            ),
            (Stage::Asks, None) => format!("{} has heard it", self.run()),
            (Stage::More | Stage::Past | Stage::Kept | Stage::Over { .. }, _) => {
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
