//! Asking a person in mid-rollout: a canary keeps its share, watched and judged as before, until somebody says whether it
//! gets more.
//!
//! A yes counts at the share that it names and nowhere else. It lets nothing pass: a share ends only where its own evidence
//! is there, before the word or after it. A no is of the whole rollout, asked or not: it counts from the first look of the proof up to
//! the commit, also where the share it was said of has ended meanwhile.

use serde::{Deserialize, Serialize};

use super::baking::Stretch;
use super::{Phase, Rollout, Share, Why};
use crate::protocol::Timestamp;

/// What a person says of a candidate at a share of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// It is to get more.
    Promote,
    /// It is to be put away.
    Abort,
}

/// A person's word.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Word {
    /// Told apart from every other one.
    pub id: String,
    /// The share that it is about.
    pub share: Share,
    /// What it says.
    pub says: Says,
    /// Who says it, and where that is to be seen, for people.
    pub who: String,
}

/// What a person is asked at a share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The share that it has.
    pub share: Share,
    /// Milliseconds at most that a person is waited for.
    pub within: u64,
    /// Since when nothing but the person is waited for, and until when; `None`: its evidence was never whole yet.
    pub waits: Option<(Timestamp, Timestamp)>,
    /// The person's word.
    pub word: Option<Word>,
}

/// Where the new version is on its way to, for who might want to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heading {
    /// To the traffic.
    On,
    /// There as well, past a point of no return: nothing is put away for a person's word any more.
    Past,
    /// It is committed, and what is left is to put away what served before.
    Kept,
    /// It is being put away, for this.
    Back(String),
}

impl Share {
    /// Where something was said of it, to be appended. Nothing where it was said of the whole rollout.
    #[must_use]
    pub fn at(self) -> String {
        match self.0 {
            0 | 100.. => String::new(),
            share => format!(" at {share} %"),
        }
    }
}

impl Rollout {
    /// What a person is asked now, or was asked last; `None`: nobody was asked anything yet.
    #[must_use]
    pub const fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// Why the share that a person is asked about cannot end yet, whatever the person says; `None`: it can.
    #[must_use]
    pub fn lacks(&self) -> Option<String> {
        match &self.phase {
            Phase::Baking(baking) if self.is_asking() => self
                .undecided()
                .or_else(|| (!self.is_whole()).then(|| self.not_known(baking))),
            Phase::Beginning(_)
            | Phase::Withdrawing { .. }
            | Phase::Stopping(_)
            | Phase::Starting(_)
            | Phase::Admitting(_)
            | Phase::Proving(_)
            | Phase::Hooking(_)
            | Phase::Shifting(_)
            | Phase::Baking(_)
            | Phase::Waiting(_)
            | Phase::Committing(_)
            | Phase::Settling(_)
            | Phase::Over(_) => None,
        }
    }

    /// A person has said something. Without effect where that was heard before. A yes has none where nobody is asked at its share:
    /// what was said of one share never counts for another. A no has an effect from the proof up to the end of the bake, asked or not.
    pub fn hear_word(&mut self, now: Timestamp, word: &Word) {
        self.hear_clock(now);
        let heard = self.asked.as_ref().and_then(|it| it.word.as_ref());
        if heard.is_some_and(|it| it.id == word.id) {
            return;
        }
        match word.says {
            Says::Promote => self.hear_yes(word),
            Says::Abort => self.hear_no(word),
        }
    }

    fn hear_yes(&mut self, word: &Word) {
        let asking = self.is_asking();
        let patience = self.plan.timing.prove + self.comparison_deadline();
        let asked = self.asked.as_mut().filter(|it| it.share == word.share);
        let Some(asked) = asked.filter(|_| asking) else {
            return;
        };
        asked.word = Some(word.clone());
        let waited = asked.waits.is_some();
        let heard = format!("{} promoted it{}", word.who, word.share.at());
        let until = self.now.plus(patience);
        if let Phase::Baking(baking) = &mut self.phase {
            // Whose evidence is not whole at this very moment gets as long for it as any share does; what is left of the time in
            // which a person was waited for is for nothing any more.
            baking.give_up = if waited {
                until
            } else {
                baking.give_up.max(until)
            };
        }
        self.decided("take a person's word", vec![heard]);
    }

    fn hear_no(&mut self, word: &Word) {
        if !self.hears_no() {
            return;
        }
        if let Some(asked) = &mut self.asked {
            asked.word = Some(word.clone());
        }
        let why = format!("{} aborted it{}", word.who, word.share.at());
        self.decided(self.way(), vec![why.clone()]);
        self.go_back(Why::Aborted(why));
    }

    /// Whether a no has an effect now: while it is looked at, nothing is committed, and no point of no return has been passed.
    #[must_use]
    pub const fn hears_no(&self) -> bool {
        !self.past && matches!(self.phase, Phase::Proving(_) | Phase::Baking(_))
    }

    /// Whether what is asked for now may bring a no that is heard: with a look, or with the act before it that the look goes along with.
    #[must_use]
    pub const fn may_hear_no(&self) -> bool {
        self.hears_no()
            || (!self.past && matches!(self.phase, Phase::Admitting(_) | Phase::Shifting(_)))
    }

    /// Where the new version is on its way to.
    #[must_use]
    pub fn heading(&self) -> Heading {
        match &self.phase {
            Phase::Settling(settling) => settling.heading(),
            Phase::Hooking(_) if self.is_committed() => Heading::Kept,
            _ if self.past || self.is_at_no_return() => Heading::Past,
            _ => Heading::On,
        }
    }

    /// Whether the stop button has an effect at the next look: at a share or between two waves, of which no more is given while it is
    /// set. Who watches all of the traffic goes on, for that may be the cure; and so does what is past a point of no return.
    #[must_use]
    pub fn hears_stop(&self) -> bool {
        let pauses = matches!(&self.phase, Phase::Baking(it) if it.stretch == Stretch::Pause);
        pauses && !self.past
    }

    /// The stop button is set. What pauses before more of the traffic would pause for nothing.
    pub fn hear_stop(&mut self, now: Timestamp, by: &str) {
        self.hear_clock(now);
        if self.hears_stop() {
            self.held(by);
        }
    }

    /// A share has just been given: whether a person is asked at it.
    pub(super) fn begin_asking(&mut self) {
        let share = self.share();
        let Some(&within) = self.plan.waits.get(&share) else {
            return;
        };
        self.asked = Some(Asked {
            share,
            within,
            waits: None,
            word: None,
        });
    }

    /// Whether the candidate has a share at which a person is asked.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        let pauses = matches!(&self.phase, Phase::Baking(it) if it.stretch == Stretch::Pause);
        let asked = self.asked.as_ref().filter(|_| pauses);
        asked.is_some_and(|it| it.share == self.share())
    }

    /// The evidence of a share is whole: whether a person is waited for all the same.
    pub(super) fn awaits_a_person(&mut self) -> bool {
        let (now, evidence) = (self.now, self.evidence());
        let asking = self.is_asking();
        let Some(asked) = self.asked.as_mut().filter(|it| asking && it.word.is_none()) else {
            return false;
        };
        if asked.waits.is_none() {
            let until = now.plus(asked.within);
            asked.waits = Some((now, until));
            if let Phase::Baking(baking) = &mut self.phase {
                baking.give_up = until;
                baking.waits = true;
            }
            self.decided("ask a person", evidence);
            self.entered();
        }
        true
    }

    /// Why the time of a share is over that waited for nothing but a person; `None`: it waited for something else.
    pub(super) fn unpromoted(&self) -> Option<String> {
        let asked = self.asked.as_ref().filter(|_| self.is_asking())?;
        let (since, _) = asked.waits.filter(|_| asked.word.is_none())?;
        let (waited, Share(share)) = (self.now.since(since) / 1000, asked.share);
        Some(format!(
            "nobody promoted it at {share} % of the traffic in {waited} s"
        ))
    }

    fn comparison_deadline(&self) -> u64 {
        self.plan.comparison.as_ref().map_or(0, |it| it.deadline)
    }
}
