//! Lifting: what came of an action's commands, in the machine's words.

use std::collections::BTreeMap;

use super::ended::{acted, failure, merged, revived, started, transacted};
use super::haproxy::{self, Row, meaning};
use super::judging::{admission, answer, clock, command, connection, engine_health, runs_on};
use super::lower::starts_at_once;
use super::page::Page;
use super::script::{RECORDED, ROUTED, SPARED, Said};
use super::survey::{Found, containers, images, stdout, succeeded, words};
use super::{Docker, Held, Lifted, Step};
use super::{sticky, times};
use crate::analysis::{BOUNDS, Times, Why as NoValue};
use crate::protocol::Completion;
use crate::rollout::{
    Action, Done, Life, Member, Observation, Record, Seen, Started, Table, Traffic,
};
use crate::spec::{InstanceId, Probe};

impl Docker {
    /// What came of a renewal: whether the lease was ours still.
    #[must_use]
    pub fn read_renewed(&self, done: &[Completion]) -> Done {
        transacted(done.first()).0
    }

    /// What an action's commands came to: all their completions so far, in order.
    pub fn lift(&mut self, action: &Action, steps: &[Step], done: &[Completion]) -> Lifted {
        if matches!(action, Action::Record(..) | Action::Route { .. }) {
            self.meet(done.first());
        }
        let observed = match action {
            Action::Adopt(ids) => return self.adopted(ids, done),
            Action::Record(Record::Committed { table, .. }, _) => self.committed(table, done),
            // The caller runs it, and the target has no part in it.
            Action::Hook(_) => Observation::Logged,
            Action::Record(Record::Began | Record::Hook { .. }, _) | Action::Conclude(_) => {
                Observation::Acted(transacted(done.last()).0)
            }
            Action::Start(member) => return self.started(*member, steps, done),
            Action::Revive(id) => {
                let revived = if done.len() < steps.len() && done.iter().all(succeeded) {
                    Started::Unknown("it was ended before all of it was done".to_owned())
                } else {
                    match (revived(done.last()), done.iter().find(|it| !succeeded(it))) {
                        // It runs, and perhaps without the policy by which its engine starts it again.
                        (Started::Yes, Some(failed)) => Started::Unknown(words(failed)),
                        (revived, _) => revived,
                    }
                };
                if revived == Started::Yes {
                    self.ending.remove(id);
                }
                Observation::Started(revived)
            }
            Action::Route { table, .. } => self.routed(table, done),
            Action::Probe(members) => self.probed(members, done),
            Action::Watch(ids) => return self.watched(ids, done, done.get(2)),
            Action::Log(id) => {
                let text = done.first().map(merged).unwrap_or_default();
                self.logs.insert(*id, text);
                Observation::Logged
            }
            Action::Measure(_) => {
                let why = "an engine knows no metrics".to_owned();
                Observation::Measured(Err(NoValue::SourceFailing(why)))
            }
            Action::Stop(id) => {
                let done = acted(steps, done);
                if !done.is_yes() {
                    self.ending.insert(*id);
                }
                Observation::Acted(done)
            }
            Action::Remove(id) => {
                let done = acted(steps, done);
                if done.is_yes() {
                    self.instances.remove(id);
                    self.probed.remove(id);
                }
                Observation::Acted(done)
            }
        };
        Lifted::Observed(observed)
    }

    /// A rename that found nothing is looked into: a stale run's last rename may have come in between, and what it
    /// renamed must not be taken for gone.
    fn adopted(&mut self, ids: &[InstanceId], done: &[Completion]) -> Lifted {
        let strange = self.strange(ids);
        if done.len() < strange.len() {
            let unsaid = Done::Unknown("not all were asked".to_owned());
            return Lifted::Observed(Observation::Acted(unsaid));
        }
        let missing = |completion: &Completion| {
            words(completion)
                .to_lowercase()
                .contains("no such container")
        };
        let missed: Vec<InstanceId> = strange
            .iter()
            .zip(done)
            .filter(|(_, it)| !succeeded(it) && missing(it))
            .map(|(id, _)| *id)
            .collect();
        if !missed.is_empty() && done.len() == strange.len() {
            return Lifted::More(self.survey(&[]));
        }
        let listed = done
            .get(strange.len())
            .map(stdout)
            .unwrap_or_default()
            .to_owned();
        let mut outcome = Done::Yes;
        for (id, completion) in strange.iter().zip(done) {
            if succeeded(completion) {
                self.own(*id);
            } else if !missing(completion) {
                outcome = failure(completion);
            } else if let Some(name) = self.other_name(*id, &listed) {
                outcome = Done::No(format!("{id} is called {name} by now"));
                if let Some(held) = self.instances.get_mut(id) {
                    held.name = name;
                }
            } else {
                self.instances.remove(id);
            }
        }
        Lifted::Observed(Observation::Acted(outcome))
    }

    /// Instances that do not bear this holder's name.
    fn strange(&self, ids: &[InstanceId]) -> Vec<InstanceId> {
        let strange = |id: &&InstanceId| {
            self.instances
                .get(id)
                .is_some_and(|held| held.name != self.own_name(**id))
        };
        ids.iter().filter(strange).copied().collect()
    }

    fn own(&mut self, id: InstanceId) {
        let (name, token) = (self.own_name(id), self.token);
        if let Some(held) = self.instances.get_mut(&id) {
            held.name = name;
            held.token = token;
        }
    }

    /// What an instance is called, of the names that there are.
    fn other_name(&self, id: InstanceId, listed: &str) -> Option<String> {
        let begins = format!("{}-{id}.t", self.prefix());
        let mut listed = super::survey::listed(listed).into_iter();
        listed.find_map(|it| it.name.starts_with(&begins).then_some(it.name))
    }

    fn started(&mut self, member: Member, steps: &[Step], done: &[Completion]) -> Lifted {
        let observed = |started| Lifted::Observed(Observation::Started(started));
        let Some(release) = self.releases.get(&member.id.generation) else {
            return observed(Started::No("nothing is known of its release".to_owned()));
        };
        let at_once = starts_at_once(release);
        let name = self.own_name(member.id);
        self.instances.insert(
            member.id,
            Held {
                name,
                token: self.token,
                address: member.address,
            },
        );
        let mut all = steps.iter().zip(done);
        if let Some((_, failed)) = all.find(|(step, it)| !step.goes_on(it)) {
            return observed(started(Some(failed)));
        }
        if done.len() < steps.len() {
            let unsaid = "it was ended before all of it was done".to_owned();
            return observed(Started::Unknown(unsaid));
        }
        // One that an earlier try created is there, but perhaps not started.
        let existed = done.first().is_some_and(|it| !succeeded(it));
        let start = self.start_created(member.id);
        if at_once && existed && !steps.contains(&start) {
            return Lifted::More(vec![start]);
        }
        observed(started(done.last()))
    }

    /// A commit that was recorded stands, however its routing ended.
    fn committed(&mut self, table: &Table, done: &[Completion]) -> Observation {
        let (outcome, said) = transacted(done.last());
        match self.routed(table, done) {
            routed @ Observation::Routed {
                done: Done::Yes, ..
            } => routed,
            _ if said.lines.iter().any(|line| line == RECORDED) => Observation::Acted(Done::Yes),
            _ => Observation::Acted(outcome),
        }
    }

    /// What a route came to in whose visit a look was taken: how that ended is another matter.
    pub fn routed_and_looked(&mut self, table: &Table, done: &[Completion]) -> Observation {
        self.meet(done.first());
        self.routed(table, done.get(..1).unwrap_or_default())
    }

    fn routed(&mut self, table: &Table, done: &[Completion]) -> Observation {
        let (outcome, said) = transacted(done.last());
        if !outcome.is_yes() && !said.lines.iter().any(|line| line == ROUTED) {
            return Observation::Routed {
                done: outcome,
                lingering: Vec::new(),
            };
        }
        self.file = self.file_for(table);
        self.sticky = sticky::map(table);
        let state = said.file("state").unwrap_or_default();
        let servers = haproxy::servers(state);
        let spared = said.lines.iter().any(|line| line == SPARED);
        let lines = self.lines();
        let mut differs = lines
            .as_ref()
            .map_or_else(Vec::new, |lines| haproxy::differs(table, &servers, lines));
        if !spared {
            differs.extend(haproxy::unnamed(table, &servers));
            if self.has_map() {
                differs.extend(sticky::differs(&self.sticky, &sticky::held(state)));
            }
        }
        let lingering = said.lines.iter().filter_map(|line| {
            let (name, count) = line.strip_prefix("lingering ")?.split_once(' ')?;
            Some((meaning(name)?.0, count.trim().parse().ok()?))
        });
        let done = match differs.is_empty() {
            true => Done::Yes,
            false => Done::No(format!(
                "the {} does not follow the table: {}",
                self.front(),
                differs.join(", ")
            )),
        };
        Observation::Routed {
            done,
            lingering: lingering.collect(),
        }
    }

    /// What a look came to, for its probe and its watch.
    pub fn looked(
        &mut self,
        members: &[Member],
        ids: &[InstanceId],
        done: &[Completion],
    ) -> Result<(Observation, Observation), Vec<Step>> {
        let asked = self.look(members, ids).len();
        let (own, images) = done.split_at(asked.min(done.len()));
        let mut probes = own.to_vec();
        if probes.len() > 1 {
            probes.remove(1);
        }
        let lacking = self.lacking(own.get(1));
        if own.len() == asked && images.is_empty() && !lacking.is_empty() {
            return Err(vec![self.inspect_images(&lacking)]);
        }
        self.hear_person(own.first());
        // The probe first: what it asked itself is no user's request.
        let probed = self.probed(members, &probes);
        match self.watched(ids, own, images.first()) {
            Lifted::Observed(watched) => Ok((probed, watched)),
            Lifted::More(more) => Err(more),
        }
    }

    fn probed(&mut self, members: &[Member], done: &[Completion]) -> Observation {
        let (outcome, said) = transacted(done.first());
        if let Done::Fenced(by) = outcome {
            return Observation::Acted(Done::Fenced(by));
        }
        let mut rest = done.iter().skip(1);
        let health: Vec<Found> = done
            .last()
            .map(|it| containers(stdout(it)))
            .unwrap_or_default();
        let mut seen = BTreeMap::new();
        for member in members {
            let probe = self
                .releases
                .get(&member.id.generation)
                .map(|it| it.spec.health.probe.clone());
            let name = super::server_name(member.id);
            let admitted = match &outcome {
                // A keeper admits nobody: there is nothing to admit to.
                Done::Yes if self.is_kept() => Ok(()),
                Done::Yes => admission(&said, &name),
                Done::No(why)
                | Done::Refused(why)
                | Done::Mute(why)
                | Done::Unknown(why)
                | Done::Fenced(why)
                | Done::Stopped(why) => Err(Seen::Nothing(why.clone())),
            };
            let on_demand = self.checks_on_demand();
            let asked = match probe {
                Some(Probe::Exec(_)) => true,
                Some(Probe::Image) => on_demand,
                Some(Probe::Http { .. } | Probe::Tcp | Probe::Runs(_)) | None => false,
            };
            let exec = asked.then(|| rest.next()).flatten();
            let what = match (admitted, probe) {
                (Err(seen), _) => seen,
                (Ok(()), Some(Probe::Http { status, json, .. })) => {
                    self.page(member.id, &said, &name, status, &json)
                }
                (Ok(()), Some(Probe::Tcp) | None) => connection(&said, &name),
                (Ok(()), Some(Probe::Exec(_))) => command(exec),
                (Ok(()), Some(Probe::Runs(long))) => {
                    // A run that was asked to stop cannot wait for it.
                    let long = if self.hurry { 0 } else { long };
                    let found = health.iter().find(|it| it.id == Some(member.id));
                    runs_on(found, clock(&said), long)
                }
                (Ok(()), Some(Probe::Image)) if on_demand => command(exec),
                (Ok(()), Some(Probe::Image)) => {
                    engine_health(health.iter().find(|it| it.id == Some(member.id)))
                }
            };
            seen.insert(member.id, what);
        }
        Observation::Probed(seen)
    }

    /// Judges a page, and remembers that this request was ours.
    fn page(
        &mut self,
        id: InstanceId,
        said: &Said,
        name: &str,
        status: (u16, u16),
        json: &BTreeMap<String, String>,
    ) -> Seen {
        let Some(answer) = answer(said, name) else {
            return Seen::Nothing("the router did not say".to_owned());
        };
        if answer.is_empty() {
            self.probed.entry(id).or_default().attempts += 1;
            return Seen::Bad("no answer in time".to_owned());
        }
        let page = Page::read(&answer);
        if page.answered_by == name {
            let row = self.probed.entry(id).or_default();
            row.attempts += 1;
            row.answered += 1;
            row.good += u64::from(page.status < 500);
        }
        page.judge(name, status, json)
    }

    /// From the visit to the router, what the engine says of the instances, and of images that were not known.
    fn watched(
        &mut self,
        ids: &[InstanceId],
        done: &[Completion],
        images_said: Option<&Completion>,
    ) -> Lifted {
        let (outcome, said) = transacted(done.first());
        if let Done::Fenced(by) = outcome {
            return Lifted::Observed(Observation::Acted(Done::Fenced(by)));
        }
        if let Some(looked) = images_said {
            images(stdout(looked))
                .iter()
                .for_each(|image| self.learn_image(image));
        }
        let inspected = done.get(1);
        let lacking = self.lacking(inspected);
        if !lacking.is_empty() && images_said.is_none() && done.len() == 2 {
            return Lifted::More(vec![self.inspect_images(&lacking)]);
        }
        let found = inspected
            .map(|it| containers(stdout(it)))
            .unwrap_or_default();
        let counts = said.file("stat").unwrap_or_default();
        let epoch = counts
            .lines()
            .find_map(|line| line.strip_prefix("Start_time_sec:")?.trim().parse().ok());
        let rows = haproxy::rows(counts);
        let times = epoch.and_then(|_: u64| times::read(counts));
        let gone = inspected.is_some_and(|it| words(it).to_lowercase().contains("no such"));
        let mut lives = BTreeMap::new();
        for &id in ids {
            if let Some(it) = found.iter().find(|it| it.id == Some(id)) {
                // Somebody is removing it: its end is not its own.
                if matches!(it.status.as_str(), "removing" | "dead") {
                    lives.insert(id, Life::default());
                    continue;
                }
                let traffic = epoch.map(|epoch| {
                    self.traffic(id, rows.get(&id).copied().unwrap_or_default(), epoch)
                });
                let of = |times: &BTreeMap<InstanceId, Times>| {
                    times
                        .get(&id)
                        .cloned()
                        .unwrap_or_else(|| Times::none(&BOUNDS))
                };
                let times = times.as_ref().map(of);
                lives.insert(
                    id,
                    Life {
                        times,
                        ..self.life(it, traffic)
                    },
                );
            } else if gone {
                lives.insert(id, Life::default());
            }
        }
        Lifted::Observed(Observation::Watched(lives))
    }

    /// Images that instances run and of which no digest is known.
    fn lacking(&self, inspected: Option<&Completion>) -> Vec<String> {
        let found = inspected.map(|it| containers(stdout(it)));
        let ids = found.into_iter().flatten().map(|it| it.image_id);
        ids.filter(|id| !self.digests.contains_key(id)).collect()
    }

    fn traffic(&self, id: InstanceId, row: Row, epoch: u64) -> Traffic {
        let ours = self.probed.get(&id).copied().unwrap_or_default();
        let attempts = row.attempts.saturating_sub(ours.attempts);
        Traffic {
            attempts,
            good: row.good.saturating_sub(ours.good).min(attempts),
            begun: row.begun.saturating_sub(ours.attempts),
            answered: row.answered.saturating_sub(ours.answered),
            refused: row.refused,
            epoch,
        }
    }

    fn life(&self, found: &Found, traffic: Option<Traffic>) -> Life {
        let planned = found.id.and_then(|id| self.releases.get(&id.generation));
        let digests = self.digests.get(&found.image_id);
        // A name that was blotted cannot be compared: that is nobody's fault.
        let legible = |digests: &&Vec<String>| !digests.iter().any(|it| it.contains("***"));
        let as_planned = planned
            .zip(digests.filter(legible))
            .map(|(release, digests)| {
                let exact = if release.local {
                    found.image_id == release.digest
                } else {
                    false
                };
                // Under whichever name: a digest means one thing only.
                let same = |it: &String| {
                    it.rsplit_once('@')
                        .is_some_and(|(_, it)| it == release.digest)
                };
                exact || digests.iter().any(same)
            });
        Life {
            // Paused is not ended: its probes will tell.
            running: found.running() || found.status == "paused",
            restarts: found.restarts,
            started: digits(&found.started),
            // While it runs again the engine says 0, whatever it ended with.
            exit: (!found.running() && found.status != "paused").then_some(found.exit),
            out_of_memory: found.out_of_memory,
            // Where another health is configured, the image's own is not asked.
            // Where a question is what counts, it is the probes that judge.
            unhealthy: found.health.as_deref() == Some("unhealthy")
                && !self.checks_on_demand()
                && planned.is_none_or(|it| it.spec.health.probe == Probe::Image),
            as_planned,
            traffic,
            times: None,
        }
    }
}

/// A time that is written out, as a number to compare: `2026-11-22T10:31:05.25Z` is 2026112210310525.
fn digits(time: &str) -> u64 {
    let digits = time.bytes().filter(u8::is_ascii_digit).take(17);
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
