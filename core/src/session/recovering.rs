//! What a dead run left: only the ledger says what is to serve, and everything else is put away.

use super::memory::Checkpoint;
use super::request::Command;
use super::secrets::secret_names;
use super::{Purpose, Session, generation_word};
use crate::protocol::Outcome;
use crate::rollout::{Fleet, Mark, Plan, Rollout, Why};
use crate::spec::Generation;

impl Session {
    /// What is not as the ledger says it should be, in words; `None`: nothing.
    pub(super) fn unfinished(&self) -> Option<String> {
        let state = self.memory.as_ref()?.ledger.state();
        let serving = state.serving().map(|it| it.generation);
        let strays: Vec<String> = self
            .docker()
            .instances
            .keys()
            .filter(|id| Some(id.generation) != serving)
            .map(ToString::to_string)
            .collect();
        if let Some(open) = &state.open {
            return Some(format!(
                "{} ({}) was begun and not ended",
                open.generation, open.release.version
            ));
        }
        if self.opened.checkpoint.is_some() {
            return Some("a checkpoint was left".to_owned());
        }
        if !strays.is_empty() {
            return Some(format!(
                "instances that nothing names: {}",
                strays.join(", ")
            ));
        }
        let down: Vec<&str> = self.down(serving);
        if !down.is_empty() {
            return Some(format!(
                "what should serve does not run: {}",
                down.join(", ")
            ));
        }
        let wanted = crate::rollout::Table::serving(self.fleet(serving).as_ref());
        let differs = self.docker().table() != wanted
            || !self.docker().astray(&self.opened.servers).is_empty();
        differs.then(|| "the router does not follow what was recorded".to_owned())
    }

    /// Instances of a generation that are there and do not run.
    fn down(&self, generation: Option<Generation>) -> Vec<&str> {
        let found = self
            .survey
            .instances
            .iter()
            .filter(|it| it.id.map(|id| id.generation) == generation && !it.running());
        found.map(|it| it.name.as_str()).collect()
    }

    /// Makes what the ledger says serve, and puts the rest away.
    pub(super) fn recover(&mut self) {
        let left = self.unfinished().unwrap_or_default();
        self.info(format!("recovering: {left}"));
        let state = self.memory().ledger.state().clone();
        let serving = state.serving().map(|it| it.generation);
        let old = self.fleet(serving);
        if serving.is_some() && old.is_none() {
            return self.nothing_to_recover_to(&left);
        }
        let open = state
            .open
            .as_ref()
            .map(|open| open.generation)
            .filter(|it| Some(*it) != serving);
        let new = open.map(|generation| {
            self.fleet(Some(generation)).unwrap_or(Fleet {
                generation,
                members: vec![],
            })
        });
        let new = new.unwrap_or_default();
        let named = [serving, Some(new.generation)];
        let strays = self
            .docker()
            .instances
            .keys()
            .copied()
            .filter(|id| !named.contains(&Some(id.generation)))
            .collect();
        let (goal, why) = self.left_off(serving);
        let timing = self.timing(None, 0);
        // The strategy says whether two versions may run side by side: the dead run's, where it is known.
        let checkpoint = self.checkpoint();
        let strategy = checkpoint.map_or_else(|| self.strategy(), |it| it.plan.strategy);
        let plan = Plan {
            strategy,
            new,
            old,
            strays,
            timing,
        };
        self.purpose = Purpose::Recover;
        self.story = None;
        self.begin_rollout(Rollout::recover(self.now, plan, goal, why));
    }

    /// What the dead run left, where it can be read.
    fn checkpoint(&self) -> Option<Checkpoint> {
        serde_json::from_str(self.opened.checkpoint.as_deref()?).ok()
    }

    /// Where the dead run was heading: only the ledger says what is to serve; the checkpoint at most says why not.
    fn left_off(&self, serving: Option<Generation>) -> (Option<Generation>, Why) {
        let checkpoint = self.checkpoint();
        let why = match checkpoint.map(|it| it.mark) {
            Some(Mark::Settling {
                goal,
                why: why @ Why::Unwell(_),
            }) if goal == serving => why,
            Some(
                Mark::Settling { .. }
                | Mark::Withdrawing
                | Mark::Starting
                | Mark::Proving
                | Mark::Shifted,
            )
            | None => Why::Abandoned,
        };
        (serving, why)
    }

    /// The instances that the ledger calls serving are gone: whoever removed them, a new deploy can mend it.
    fn nothing_to_recover_to(&mut self, left: &str) {
        self.recovered = true;
        let gone = format!(
            "{left}; the instances of {} are gone",
            generation_word(self.serving_generation())
        );
        match self.request().command {
            Command::Recover => {
                let next = vec![
                    "`rollback --version …` starts a known-good version again; so does `deploy`"
                        .to_owned(),
                ];
                self.finish(Outcome::Stranded, "instances-gone", vec![gone], next);
            }
            Command::Deploy | Command::Rollback | Command::Plan | Command::Status => {
                self.report.troubles.push(gone);
                self.after_recovery();
            }
        }
    }

    pub(super) fn after_recovery(&mut self) {
        self.recovered = true;
        match self.request().command {
            Command::Recover => {
                let because = vec!["nothing was left behind".to_owned()];
                self.finish(Outcome::Unchanged, "nothing-to-recover", because, vec![]);
            }
            Command::Rollback => self.look_at_good_images(),
            Command::Plan | Command::Deploy => {
                let names = self
                    .wanted
                    .as_ref()
                    .map(|it| secret_names(&it.spec))
                    .unwrap_or_default();
                if names.is_empty() {
                    self.decide()
                } else {
                    self.keep_key()
                }
            }
            Command::Status => self.show_status(),
        }
    }
}
