//! Who has the traffic, by the routing table and by the router's own checks: not always what the ledger calls serving.

use super::Session;
use super::deciding::line_of;
use crate::report::ReleaseLine;
use crate::spec::{Generation, InstanceId};
use crate::word::Stage;

impl Session {
    /// The generation that has the traffic; `None`: no instance that runs has any.
    ///
    /// A fallback has it where every check of what comes before it fails. A table without a line was never written, or
    /// cannot be read: then the ledger is all there is to go by.
    fn taker(&self) -> Option<Generation> {
        let table = self.docker().table();
        if table.entries.is_empty() {
            let state = self.memory.as_ref()?.ledger.state();
            return state.serves().filter(|it| self.runs(*it));
        }
        let weighty = |backup: bool| {
            let of = table.entries.iter().filter(move |it| it.backup == backup);
            of.filter(|it| it.weight > 0).map(|it| it.member.id)
        };
        let up = |id: &InstanceId| !self.is_down(*id);
        let fallback = weighty(true).filter(|id| self.stands_by(*id));
        let found = weighty(false).find(up).or_else(|| fallback.clone().next());
        let found = found.or_else(|| weighty(false).next());
        found
            .map(|id| id.generation)
            .filter(|generation| self.runs(*generation))
    }

    /// Whether an instance is a fallback that the router can use.
    fn stands_by(&self, id: InstanceId) -> bool {
        let of = self.opened.servers.iter().filter(|it| it.id == id);
        of.clone().any(|it| it.usable) && !of.clone().any(|it| it.down)
    }

    fn is_down(&self, id: InstanceId) -> bool {
        let of = self.opened.servers.iter().filter(|it| it.id == id);
        of.clone().any(|it| it.down)
    }

    /// What has the traffic, in a line; and what the ledger calls serving where that is another one, and runs.
    pub(super) fn traffic(&self) -> (Option<ReleaseLine>, Option<ReleaseLine>) {
        let state = self.memory.as_ref().map(|it| it.ledger.state().clone());
        let state = state.unwrap_or_default();
        let taker = self.taker();
        let serving = state.serving().filter(|it| self.runs(it.generation));
        let beside = serving
            .filter(|it| Some(it.generation) != taker)
            .map(|it| line_of(&it.release, Some(it.generation), Some(it.since)));
        (taker.and_then(|it| self.line_at(it)), beside)
    }

    /// A generation in a line; of one that nothing recorded, what its containers say.
    fn line_at(&self, generation: Generation) -> Option<ReleaseLine> {
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        let good = state.and_then(|state| {
            let mut good = state.known_good.iter();
            good.find(|it| it.generation == generation)
        });
        let since = good.map(|it| it.since);
        match self.docker().releases.get(&generation) {
            Some(release) => Some(line_of(release, Some(generation), since)),
            None => self.seen(generation),
        }
    }

    /// Instances that have the traffic by the table and run by the engine, and that the router calls down.
    pub(super) fn called_down(&self) -> Vec<InstanceId> {
        let runs = |id: &InstanceId| {
            let mut found = self.survey.instances.iter();
            found.any(|it| it.id == Some(*id) && it.running())
        };
        self.routed()
            .into_iter()
            .filter(|id| runs(id) && self.is_down(*id))
            .collect()
    }

    /// Whether the router calls down all that has the traffic: users are answered by nobody.
    pub(super) fn silent(&self) -> bool {
        let of_taker = self.taker().map(|taker| {
            let routed = self.routed().into_iter();
            routed
                .filter(move |id| id.generation == taker)
                .collect::<Vec<_>>()
        });
        let ids = of_taker.unwrap_or_default();
        !ids.is_empty() && ids.iter().all(|id| self.is_down(*id))
    }

    fn routed(&self) -> Vec<InstanceId> {
        let table = self.docker().table();
        let routed = table
            .entries
            .iter()
            .filter(|it| !it.backup && it.weight > 0);
        routed.map(|it| it.member.id).collect()
    }

    /// Whoever has the lease now, and what it brings, in words; `None`: nobody has it.
    pub(super) fn under_way(&self) -> Option<String> {
        let holder = self
            .opened
            .lease("holder")
            .filter(|_| self.opened.left > 0)?;
        let number = |key: &str| self.opened.lease(key)?.parse::<u64>().ok();
        let since = number("since").map(|seconds| crate::protocol::Timestamp(seconds * 1000));
        let (left, run) = (self.opened.left * 10, self.opened.lease("run"));
        let held = crate::report::held_by(holder, since, self.now, left, run);
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        let open = state.and_then(|it| it.open.as_ref());
        let brings = open.map_or_else(String::new, |it| {
            format!(", and brings {} ({})", it.release.version, it.generation)
        });
        let asks = self.asked_beside().map_or_else(String::new, |question| {
            format!("; {}", crate::report::asks(question))
        });
        Some(format!("a run is under way{brings}: {held}{asks}"))
    }

    /// What a plan says of a run that is at work, or that left something.
    pub(super) fn work_beside(&self) -> Option<String> {
        let left = || {
            let left = self.unfinished()?;
            Some(format!(
                "{left}; {} settles that, and so does the next deploy, before anything else",
                self.command("recover")
            ))
        };
        let waits = || {
            let waits = self.waits_in_words()?;
            Some(format!("{waits}; a deploy of another version puts it away"))
        };
        self.under_way().or_else(left).or_else(waits)
    }

    /// `cd-action recover --environment staging`, in backticks.
    pub(super) fn command(&self, word: &str) -> String {
        format!(
            "`cd-action {word} --environment {}`",
            self.environment().name
        )
    }

    /// What mends an instance that is called down: no recovery starts it anew.
    pub(super) fn brought_anew(&self) -> String {
        format!(
            "deploy the same again: that brings it anew; {} goes back to the version before",
            self.command("rollback")
        )
    }

    /// What brings back a version that serves by the ledger, and that no instance is left of.
    pub(super) fn started_again(&self, version: &str) -> String {
        format!(
            "`cd-action rollback --environment {} --version {}` starts it again; so does a deploy of it",
            self.environment().name,
            crate::report::inert(version)
        )
    }

    /// What to do about what `status` found.
    pub(super) fn after_status(&self) -> Vec<String> {
        let recover = self.command("recover");
        if let Some(question) = self.asked_beside() {
            return vec![self.what_to_say(question)];
        }
        if self.under_way().is_some() {
            let open = self.unfinished().is_some();
            let next = format!(
                "wait for the run that is under way; where it died, {recover} settles what it left, once its lease has ended"
            );
            let brings = self.told_beside().filter(|it| it.became == Stage::More);
            let back = brings.map(|it| {
                let version = crate::report::inert(&it.version);
                format!("{} takes {version} back", self.command("abort"))
            });
            return open.then_some(next).into_iter().chain(back).collect();
        }
        let state = self.memory.as_ref().map(|it| it.ledger.state());
        let serving = state.and_then(|it| it.serving());
        let gone = serving.filter(|it| !self.is_there(it.generation));
        let mut next = Vec::new();
        if let Some(gone) = gone {
            next.push(self.started_again(&gone.release.version));
        } else if self.unfinished().is_some() {
            next.push(format!("{recover} puts that right"));
        } else if self.missing().is_some() {
            next.push("deploy the same again: that makes what is missing".to_owned());
        }
        if next.is_empty() && !self.called_down().is_empty() {
            next.push(self.brought_anew());
        }
        if next.is_empty() && self.candidate().is_some() {
            let (promote, abort) = (self.command("promote"), self.command("abort"));
            next.push(format!(
                "{promote} gives it the traffic, {abort} puts it away"
            ));
        }
        next
    }
}
