//! A ledger that is lost: something has the traffic, and nothing was ever recorded. What is not known can neither be proven
//! nor gone back to; what the table and the engine show is told all the same.

use super::Session;
use crate::protocol::Outcome;
use crate::report::ReleaseLine;
use crate::rollout::{Fleet, Form};
use crate::spec::Generation;
use crate::target::docker::Found;

impl Session {
    /// What has the traffic though nothing was ever recorded.
    pub(super) fn unrecorded(&self) -> Option<Fleet> {
        let never = match &self.memory {
            Some(memory) => memory.ledger.state().next_generation() == Generation(1),
            None => self.opened.segments.is_empty(),
        };
        never.then(|| self.routed_fleet()).flatten()
    }

    pub(super) fn ledger_lost(&mut self, fleet: &Fleet) {
        let seen = self.seen(fleet.generation);
        let still = seen.as_ref().map_or_else(
            || {
                format!(
                    "nothing was touched; no instance of {} runs",
                    fleet.generation
                )
            },
            |it| {
                format!(
                    "nothing was touched: by the routing table and the engine {} ({}) serves on",
                    it.version, fleet.generation
                )
            },
        );
        let because = vec![self.lost(fleet), still];
        self.report.before.clone_from(&seen);
        self.report.serving = seen;
        let next = self.after_a_loss(fleet);
        self.finish(Outcome::Failed, "ledger-lost", because, next);
    }

    /// What is known of it without a ledger; `None`: nothing of it runs.
    pub(super) fn seen(&self, generation: Generation) -> Option<ReleaseLine> {
        let of = |it: &&Found| it.id.is_some_and(|id| id.generation == generation);
        let running = || {
            self.survey
                .instances
                .iter()
                .filter(of)
                .filter(|it| it.running())
        };
        let first = running().next()?;
        Some(ReleaseLine {
            version: first.version.clone(),
            image: first.image.clone(),
            digest: first.digest.clone(),
            config_hash: first.config.clone(),
            generation: Some(generation.to_string()),
            replicas: u8::try_from(running().count()).unwrap_or(u8::MAX),
            known_good_since: None,
        })
    }

    pub(super) fn lost(&self, fleet: &Fleet) -> String {
        let names = self.names(fleet).join(", ");
        let gives = match self.form() {
            Form::Server => format!("the router gives the traffic to {names}"),
            Form::Worker => format!("by the keeper's table {names} works"),
        };
        format!("{gives}, and the ledger is empty: what was proven here is not known any more")
    }

    pub(super) fn after_a_loss(&self, fleet: &Fleet) -> Vec<String> {
        vec![
            format!(
                "put the folder `ledger` of the volume {} back from a copy",
                self.docker().volume()
            ),
            format!(
                "or begin anew, with an interruption: `{} rm -f {}` on the target, then deploy",
                self.engine_word(),
                self.names(fleet).join(" ")
            ),
        ]
    }

    /// What the containers are called: whoever made or adopted them, it was not this run.
    fn names(&self, fleet: &Fleet) -> Vec<String> {
        let members = fleet.members.iter();
        members.map(|it| self.docker().name_of(it.id)).collect()
    }
}
