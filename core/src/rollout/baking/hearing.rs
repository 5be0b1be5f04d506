//! What a look says of the instances that are watched.

use std::collections::BTreeMap;

use super::super::{ActionId, Life, Member, Seen, Traffic};
use super::{Baking, SLOW, sum};
use crate::protocol::Timestamp;
use crate::spec::InstanceId;

impl Baking {
    /// Which metric this was a reading of.
    pub(super) fn read(&mut self, id: ActionId) -> Option<usize> {
        let at = self
            .readings
            .iter()
            .position(|it| it.under_way == Some(id))?;
        self.readings.get_mut(at)?.under_way = None;
        Some(at)
    }

    /// Why the last look does not do, in words.
    pub(super) fn blind(&self) -> String {
        let why = self.unwell.as_ref().or(self.unseen.as_ref());
        why.map_or_else(|| "the last look is too long ago".to_owned(), String::clone)
    }

    /// Takes in one round of probes. Who is missing in it was not measured.
    pub(super) fn hear(&mut self, members: &[Member], seen: &BTreeMap<InstanceId, Seen>) {
        self.probe = None;
        self.probes += 1;
        self.well.clear();
        self.unwell = None;
        let nothing = Seen::Nothing("no probe came back".to_owned());
        for id in members.iter().map(|member| member.id) {
            match seen.get(&id).unwrap_or(&nothing) {
                Seen::Good => {
                    self.bad.remove(&id);
                    self.anew.remove(&id);
                    self.well.insert(id);
                }
                Seen::Bad(what) => {
                    let (bad, last) = self.bad.entry(id).or_default();
                    *bad += 1;
                    last.clone_from(what);
                    self.unwell = Some(format!("{id} was not well at the end: {what}"));
                }
                Seen::Nothing(why) => self.unwell = Some(format!("{id}: {why}")),
            }
        }
    }

    /// Everything counted in this stretch, of all new instances.
    pub(super) fn total(&self) -> Traffic {
        let all = sum(self.counts.values().chain([&self.before]));
        Traffic {
            attempts: all.attempts.saturating_sub(self.origin.attempts),
            good: all.good.saturating_sub(self.origin.good),
            begun: all.begun.saturating_sub(self.origin.begun),
            answered: all.answered.saturating_sub(self.origin.answered),
            refused: all.refused.saturating_sub(self.origin.refused),
            epoch: 0,
        }
    }

    /// Takes in how many requests have begun by now, and whether anybody gets an answer.
    pub(super) fn wait(&mut self, now: Timestamp) {
        let total = self.total();
        let [_, second] = self.begun;
        if now.since(second.0) >= SLOW {
            self.begun = [second, (now, total.begun)];
        }
        let failed = total.attempts.saturating_sub(total.good);
        let silent = total.answered == 0 && total.begun > failed;
        self.silent = silent.then(|| self.silent.unwrap_or(now));
        if silent {
            let none = format!("none of {} requests has been answered", total.begun);
            self.unseen = Some(none);
        }
    }

    /// At least so many requests have had no answer for [`SLOW`] or longer: those that had begun by then, less all that was answered or
    /// given up since. Never more than there are, whoever was answered first.
    pub(super) fn waiting(&self) -> u64 {
        let total = self.total();
        let failed = total.attempts.saturating_sub(total.good);
        let [(_, begun), _] = self.begun;
        begun.saturating_sub(total.answered).saturating_sub(failed)
    }

    /// Takes in one look at how they live. Counts that started anew are added to those from before.
    pub(super) fn see(&mut self, members: &[Member], lives: &BTreeMap<InstanceId, Life>) {
        self.watch = None;
        self.unseen = None;
        self.watched = lives.keys().copied().collect();
        for id in members.iter().map(|member| member.id) {
            let Some(life) = lives.get(&id) else {
                self.unseen = Some(format!("{id}: the engine did not say how it lives"));
                continue;
            };
            match (life.as_planned, life.traffic) {
                (None, _) => {
                    let unread = format!("{id}: the digest of what it runs could not be read");
                    self.unseen = Some(unread);
                }
                (Some(_), None) => {
                    let silent = format!("{id}: the router did not say what it answered");
                    self.unseen = Some(silent);
                }
                (Some(_), Some(now)) => {
                    let then = self
                        .counts
                        .insert(id, now)
                        .filter(|then| then.epoch != now.epoch);
                    let then = then.unwrap_or_default();
                    self.before.attempts += then.attempts;
                    self.before.good += then.good;
                    // What had begun and was not answered then is over.
                    self.before.begun += then.answered.max(then.attempts);
                    self.before.answered += then.answered;
                    self.before.refused += then.refused;
                }
            }
        }
    }
}
