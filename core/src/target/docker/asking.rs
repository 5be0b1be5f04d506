//! A person in mid-rollout: what a run asks goes to the target with all that it does there, and what a person says comes back
//! with each look.

use super::ended::transacted;
use super::lower::TRANSACTION;
use super::script::{Said, Script};
use super::stopping::STOP;
use super::survey::stdout;
use super::{Docker, Step};
use crate::protocol::Completion;
use crate::rollout::Done;
use crate::spec::Token;
use crate::stop::Stop;
use crate::word::{Question, Spoken, Stage};

/// What the files are called.
pub(super) const QUESTION: &str = "question";
pub(super) const WORD: &str = "word";

/// What a person is asked, and what is heeded meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// What is asked.
    pub question: Question,
    /// The pressing of the stop button that a person has overridden.
    pub overridden: Option<String>,
    /// What a look brings of what is heeded.
    pub hears: Hears,
}

/// What a look brings besides how the instances are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// Nothing: nothing would come of it.
    Nothing,
    /// What a person has said.
    Word,
    /// That, and the stop button where it is set.
    WordAndStop,
}

/// Who has the lease that was to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its token.
    pub token: Token,
    /// What it asks a person, or asked last; `None`: nothing yet.
    pub question: Option<Question>,
}

impl Beside {
    pub(super) fn read(token: Token, said: &Said) -> Self {
        let question = read(said).filter(|it| it.token == token);
        Self { token, question }
    }

    /// What it asks now.
    #[must_use]
    pub fn asks(&self) -> Option<&Question> {
        let question = self.question.as_ref();
        question.filter(|it| it.stands(self.token))
    }
}

/// How telling a run something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is written, and will be read.
    Yes,
    /// That run is over, or asks nothing at that share any more.
    Late,
    /// Somebody has said no before.
    Aborted(Option<Spoken>),
    /// The stop button is set, with who set it.
    Stopped(String),
    /// It is not written.
    No(String),
    /// Nobody knows.
    Unknown(String),
}

impl Docker {
    /// Tells the run that asks, whoever has the lease.
    #[must_use]
    pub fn tell(&self, spoken: &Spoken) -> Vec<Step> {
        let script = Script::tell(spoken);
        let run = self.engine.inside(&self.router(), script, TRANSACTION);
        vec![Step::strict(run)]
    }

    /// How that ended.
    #[must_use]
    pub fn read_told(&self, done: &[Completion]) -> Told {
        let (done, said) = transacted(done.first());
        match (said.result.as_str(), done) {
            ("gone" | "elsewhere", _) => Told::Late,
            ("aborted", _) => Told::Aborted(said.file(WORD).and_then(Spoken::read)),
            (_, Done::Yes) => Told::Yes,
            (_, Done::Stopped(by)) => Told::Stopped(by),
            (_, Done::Unknown(why)) => Told::Unknown(why),
            (_, Done::No(why) | Done::Refused(why) | Done::Mute(why) | Done::Fenced(why)) => {
                Told::No(why)
            }
        }
    }

    /// A look tells what is asked, and brings what was said. Of what asks nobody that was told by what was written last.
    pub(super) fn ask_person(&self, script: &mut Script) {
        let Some(asking) = &self.asking else { return };
        if asking.question.became == Stage::Asks {
            script.ask(asking);
        }
        script.hear(asking);
    }

    /// What a look brought, where it is for this very run.
    pub(super) fn hear_person(&mut self, completion: Option<&Completion>) {
        let said = completion.map(|it| Said::read(stdout(it)));
        let said = said.unwrap_or_default();
        if let Some(stop) = said.file(STOP) {
            self.met = Some(Stop::read(stop));
        }
        let spoken = said.file(WORD).and_then(Spoken::read);
        let spoken = spoken.filter(|it| it.token == self.token);
        self.heard = spoken.map(|it| it.word);
    }
}

/// What an opened volume says that a person is asked.
pub(super) fn read(said: &Said) -> Option<Question> {
    Question::read(said.file(QUESTION)?)
}
