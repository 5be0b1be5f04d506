//! A person in mid-rollout: what the run that brings a version asks, as a canary that waits at a share of the traffic does, and what it
//! hears, asked or not.
//!
//! What it asks is written with everything that it does at the target, and what was said is read with each look: asking costs
//! no visit of its own. Who says it is another run: `speaking`.

use super::Session;
use crate::protocol::{Emit, Level};
use crate::report::{asks, set_by, when};
use crate::rollout::{End, Heading, Rollout, Share};
use crate::spec::Token;
use crate::target::docker::{Asking, Hears};
use crate::word::{Question, Stage};

impl Session {
    /// What goes to the target from here on of what a person is asked; with the `end`, where the rollout is over.
    pub(super) fn tell_question(&mut self, end: Option<&End>) {
        let question = self.rollout.as_ref().and_then(|it| self.question(it, end));
        let overridden = self.overridden_stop.clone();
        let hears = self.hears();
        self.docker_mut().asking = question.map(|question| Asking {
            question,
            overridden,
            hears,
        });
    }

    /// What a look is to bring from here on.
    fn hears(&self) -> Hears {
        let brings = self.brings();
        match self.rollout.as_ref().filter(|_| brings) {
            Some(rollout) if rollout.hears_stop() => Hears::WordAndStop,
            Some(rollout) if rollout.may_hear_no() => Hears::Word,
            Some(_) | None => Hears::Nothing,
        }
    }

    fn question(&self, rollout: &Rollout, end: Option<&End>) -> Option<Question> {
        let asked = rollout.asked();
        // Where nobody is asked, who wants to abort it finds by this whom to tell.
        if asked.is_none() && !self.brings() {
            return None;
        }
        let generation = rollout.plan().new.generation;
        let release = self.docker().releases.get(&generation)?;
        let Share(share) = asked.map_or(Share(0), |it| it.share);
        let word = asked.and_then(|it| it.word.as_ref());
        Some(Question {
            token: self.docker().token,
            share,
            generation,
            version: release.version.clone(),
            url: self.facts.run_url.clone(),
            waits: asked.and_then(|it| it.waits),
            lacks: rollout.lacks(),
            heard: word.map(|it| it.id.clone()),
            became: match (end, rollout.heading()) {
                (Some(end), _) => Stage::Over {
                    outcome: end.outcome,
                    reason: end.reason.clone(),
                    because: end.because.clone(),
                    left: end.left.iter().map(ToString::to_string).collect(),
                },
                (None, Heading::Back(why)) => Stage::Less(why),
                (None, Heading::Kept) => Stage::Kept,
                (None, Heading::Past) => Stage::Past,
                (None, Heading::On) if rollout.is_asking() => Stage::Asks,
                (None, Heading::On) => Stage::More,
            },
        })
    }

    /// What a person has said by the look that has just come back. Who said it is recorded with the very next thing that is
    /// written, which is what came of it.
    pub(super) fn hear_person(&mut self) {
        let (now, met) = (self.now, self.docker().met.as_ref().map(set_by));
        if let (Some(by), Some(rollout)) = (met, self.rollout.as_mut()) {
            rollout.hear_stop(now, &by);
            self.meet_stop();
        }
        let Some(word) = self.docker_mut().heard.take() else {
            return;
        };
        if let Some(rollout) = self.rollout.as_mut() {
            rollout.hear_word(now, &word);
        }
        self.hear_events();
        if let Some(memory) = self.memory.as_mut() {
            memory.note_decided();
        }
    }

    /// It waits for nothing but a person from here on: said once, where people look.
    pub(super) fn say_it_waits(&mut self) {
        let rollout = self.rollout.as_ref();
        let Some(question) = rollout.and_then(|it| self.question(it, None)) else {
            return;
        };
        let message = format!(
            "{}: {} gives it more, {} takes it back",
            asks(&question),
            self.command("promote"),
            self.command("abort")
        );
        self.info(message.clone());
        self.emit(Emit::Annotation {
            level: Level::Info,
            title: "waits for a person".to_owned(),
            message,
            file: None,
            line: None,
            column: None,
        });
    }

    /// What the run that has the lease asks a person, by what was read last; `None`: nothing.
    pub(super) fn asked_beside(&self) -> Option<&Question> {
        self.told_beside().filter(|it| it.became == Stage::Asks)
    }

    /// What the run that has the lease tells of what it brings.
    pub(super) fn told_beside(&self) -> Option<&Question> {
        let token = self.opened.lease("token")?.parse().ok()?;
        let question = self.opened.question.as_ref()?;
        let live = self.opened.left > 0 && question.token == Token(token);
        live.then_some(question)
    }

    /// What a person can do about it.
    pub(super) fn what_to_say(&self, question: &Question) -> String {
        let until = question
            .waits
            .map_or_else(String::new, |(_, until)| format!(" until {}", when(until)));
        format!(
            "{} gives it more than {} %{until}, {} takes it back",
            self.command("promote"),
            question.share,
            self.command("abort")
        )
    }
}
