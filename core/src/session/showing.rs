//! `status`: what is there, who has the traffic, and what of it a person should look at.

use super::Session;
use super::deciding::line_of;
use crate::ledger::{FIRST, Head, Ledger, Tampered, verify_chain};
use crate::protocol::Outcome;
use crate::report::{InstanceLine, Status};
use crate::rollout::Sticky;

impl Session {
    pub(super) fn show_status(&mut self) {
        let (ledger, sound) = match self.verified() {
            Ok(found) => (found, true),
            Err(tampered) => (tampered.to_string(), false),
        };
        let newest = self.opened.segments.last().cloned();
        let read = newest.and_then(|(name, text)| Ledger::read(&name, &text).ok());
        if let Some(ledger) = read {
            let state = ledger.state().clone();
            let origin = self.facts.origin(&self.begin.holder, self.opened.token);
            self.know_releases(&state);
            self.memory = Some(super::Memory::new(ledger, origin));
            (self.report.serving, self.report.before) = self.traffic();
        }
        self.see_stop();
        let waits = self.waits_in_words();
        self.report.troubles.extend(waits);
        let stands = self.stands_in_words();
        self.report.troubles.extend(stands);
        let lost = self.unrecorded();
        let mut status = self.status(ledger, sound);
        if let Some(fleet) = &lost {
            self.report.serving = self.seen(fleet.generation);
            status.unfinished = Some(format!("the ledger is lost: {}", self.lost(fleet)));
        }
        let because = vec![if status.instances.is_empty() {
            "nothing runs here".to_owned()
        } else {
            "this is what is there now".to_owned()
        }];
        self.report.status = Some(status);
        if sound {
            let next = match &lost {
                Some(fleet) => self.after_a_loss(fleet),
                None => self.after_status(),
            };
            return self.finish(Outcome::Shown, "status", because, next);
        }
        let what = self
            .report
            .status
            .as_ref()
            .map(|it| it.ledger.clone())
            .unwrap_or_default();
        self.tampered(&what);
    }

    /// What the ledger is, as far as it was read, in words.
    fn verified(&self) -> Result<String, Tampered> {
        let segments = self.opened.segments.iter();
        let segments: Vec<(&str, &str)> = segments
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        if let [(name, text)] = segments[..]
            && !self.request().verify
            && name != FIRST
        {
            let ledger = Ledger::read(name, text)?;
            let Head { seq, hash } = &ledger.state().head;
            let begins = seq + 1 - ledger.records() as u64;
            let newer = lacks(ledger.newer());
            return Ok(format!(
                "{seq} records, unbroken from {begins} on, where the newest segment begins; its head is {hash}; {} verifies all{newer}",
                self.command("status --verify")
            ));
        }
        let found = verify_chain(&segments)?;
        Ok(format!(
            "{} records, unbroken; its head is {}{}",
            found.records,
            found.head.hash,
            lacks(found.newer.as_deref())
        ))
    }

    /// What is not as recorded while a run is at work is that run's work.
    fn unfinished_by(&self, at_work: bool) -> Option<String> {
        if at_work {
            return None;
        }
        self.unfinished().or_else(|| self.missing())
    }

    fn router_in_words(&self, sticky: Option<Sticky>) -> String {
        match (&self.survey.router, sticky) {
            (None, _) => "there is none".to_owned(),
            (Some(router), None) => router.status.clone(),
            (Some(router), Some(sticky)) => format!("{}, {sticky}", router.status),
        }
    }

    fn status(&self, ledger: String, ledger_sound: bool) -> Status {
        let table = self.docker().table();
        let weight = |id| {
            let entry = table
                .entries
                .iter()
                .filter(|entry| Some(entry.member.id) == id)
                .min_by_key(|entry| entry.backup);
            entry.map_or_else(
                || "-".to_owned(),
                |entry| {
                    if entry.backup {
                        "fallback".to_owned()
                    } else {
                        entry.weight.to_string()
                    }
                },
            )
        };
        let instances = self.survey.instances.iter().map(|it| InstanceLine {
            instance: it.id.map(|id| id.to_string()).unwrap_or_default(),
            container: it.name.clone(),
            state: it.health.as_ref().map_or_else(
                || it.status.clone(),
                |health| format!("{}, {health}", it.status),
            ),
            weight: weight(it.id),
        });
        let state = self
            .memory
            .as_ref()
            .map(|memory| memory.ledger.state().clone())
            .unwrap_or_default();
        let holder = self.opened.lease("holder").filter(|_| self.opened.left > 0);
        let under_way = self.under_way();
        let unfinished = self.unfinished_by(under_way.is_some());
        Status {
            instances: instances.collect(),
            router: self.router_in_words(table.sticky),
            astray: self.docker().astray(&self.opened.servers),
            known_good: state
                .known_good
                .iter()
                .map(|it| line_of(&it.release, Some(it.generation), Some(it.since)))
                .collect(),
            quarantine: state
                .quarantine
                .iter()
                .map(|it| {
                    format!(
                        "{} ({}): {} on {}",
                        it.version,
                        it.digest,
                        it.reason,
                        crate::report::when(it.since)
                    )
                })
                .collect(),
            overridden: state.overridden.iter().map(overridden).collect(),
            lease: holder
                .map(|holder| format!("{holder}, for {} s more", self.opened.left.div_ceil(100))),
            unfinished,
            under_way,
            down: self.called_down().iter().map(ToString::to_string).collect(),
            silent: self.silent(),
            ledger,
            ledger_sound,
        }
    }
}

/// `freeze by anna on …: reason`
fn overridden(it: &crate::ledger::Override) -> String {
    let who = it.who.as_deref().unwrap_or("somebody");
    let when = crate::report::when(it.at);
    format!("`{}` by {who} on {when}: {}", it.what, it.reason)
}

/// That what is shown may not be all.
fn lacks(newer: Option<&str>) -> String {
    newer.map_or_else(String::new, |what| {
        format!("; a newer version has written here, so what is shown may lack something: {what}")
    })
}
