//! Lowering: what an action of the machine, or a question of the session, is in commands.

use super::argv::{Creating, QUICK, copy_secrets, create};
use super::script::{Ask, Script};
use super::{Docker, Memo, Step, haproxy, server_name, survey};
use crate::protocol::Effect;
use crate::rollout::{Action, Member, Table};
use crate::spec::{InstanceId, Probe, Release};

/// Milliseconds that a transaction may take before nobody knows what came of it: the lock is waited for 10 s inside.
pub(super) const TRANSACTION: u64 = 30_000;

/// Lines of a log that a report shows.
const LOG_LINES: &str = "40";

/// What an engine says where what should be gone is gone.
const GONE: &[&str] = &[
    "No such container",
    "no such container",
    "no container with name or ID",
];

impl Docker {
    /// The commands of an action. An empty list is done at once.
    #[must_use]
    pub fn lower(&self, action: &Action, memo: &Memo) -> Vec<Step> {
        let mut steps = self.commands(action, memo);
        if self.hurry {
            steps.iter_mut().for_each(Step::hurry);
        }
        steps
    }

    fn commands(&self, action: &Action, memo: &Memo) -> Vec<Step> {
        match action {
            Action::Adopt(ids) => self.adopt(ids),
            Action::Record(..) => vec![self.transaction(memo, |_| {})],
            Action::Start(member) => self.start(*member),
            Action::Revive(id) => vec![self.on(&["start"], *id, &[])],
            Action::Route { table, force, .. } => vec![self.route(memo, table, *force)],
            Action::Probe(members) => self.probe(members),
            Action::Watch(ids) => self.watch(ids),
            Action::Log(id) => vec![self.on(&["logs", "--tail", LOG_LINES], *id, GONE)],
            Action::Stop(id) => vec![self.stop(*id, GONE)],
            Action::Remove(id) => self.remove(*id),
            Action::Conclude(_) => {
                let want = self
                    .lines()
                    .map(|lines| lines.want(&self.table()))
                    .unwrap_or_default();
                vec![self.transaction(memo, |script| {
                    script.reap(&want);
                    script.release();
                })]
            }
        }
    }

    /// A transaction inside the router: what is to be remembered first, then what is to be done.
    fn transaction(&self, memo: &Memo, act: impl FnOnce(&mut Script)) -> Step {
        let mut script = Script::fenced(self.token, &self.terms, self.number());
        memo.appends.iter().for_each(|append| script.append(append));
        if let Some(checkpoint) = &memo.checkpoint {
            script.checkpoint(checkpoint.as_deref());
        }
        act(&mut script);
        Step::strict(
            self.engine
                .inside(&self.router(), script.finish(), TRANSACTION),
        )
    }

    /// The next write's number.
    fn number(&self) -> u64 {
        self.writes.set(self.writes.get() + 1);
        self.writes.get()
    }

    /// Keeps the lease while something long goes on.
    #[must_use]
    pub fn renew(&self) -> Vec<Step> {
        let script = Script::fenced(self.token, &self.terms, 0).finish();
        vec![Step::strict(self.engine.inside(
            &self.router(),
            script,
            TRANSACTION,
        ))]
    }

    /// Writes down what is to be remembered, and gives the lease back.
    #[must_use]
    pub fn release(&self, memo: &Memo) -> Vec<Step> {
        let mut step = self.transaction(memo, Script::release);
        if self.hurry {
            step.hurry();
        }
        vec![step]
    }

    fn route(&self, memo: &Memo, table: &Table, force: bool) -> Step {
        let lines = self.lines();
        let file = self.file_for(table);
        let map = lines
            .as_ref()
            .map(|lines| lines.map(table))
            .unwrap_or_default();
        let want = lines
            .as_ref()
            .map(|lines| lines.want(table))
            .unwrap_or_default();
        let check = lines
            .as_ref()
            .map(haproxy::Lines::check)
            .unwrap_or_default();
        self.transaction(memo, |script| {
            script.route(&file, &map, &want, &check, force)
        })
    }

    fn adopt(&self, ids: &[InstanceId]) -> Vec<Step> {
        let strange = ids.iter().filter_map(|id| {
            let held = self
                .instances
                .get(id)
                .filter(|held| held.name != self.own_name(*id))?;
            let run = self
                .engine
                .words(&["rename", &held.name, &self.own_name(*id)]);
            Some(Step::tolerant(Effect::Run(run), GONE))
        });
        strange.collect()
    }

    fn start(&self, member: Member) -> Vec<Step> {
        let Some(release) = self.releases.get(&member.id.generation) else {
            return Vec::new();
        };
        let name = self.own_name(member.id);
        let ip = self
            .subnet
            .map(|subnet| subnet.address(member.address))
            .unwrap_or_default();
        let creating = Creating {
            name: &name,
            network: &self.network(),
            ip: &ip,
            labels: self.labels(member, release),
            grace: self.grace,
        };
        let mut steps = vec![Step::tolerant(
            Effect::Run(create(&self.engine, release, &creating)),
            &["is already in use by"],
        )];
        for network in &release.spec.networks {
            let run = self.engine.words(&["network", "connect", network, &name]);
            steps.push(Step::tolerant(
                Effect::Run(run),
                &["already exists in network"],
            ));
        }
        if let Some(copy) = copy_secrets(&self.engine, release, &name) {
            steps.push(Step::strict(Effect::Run(copy)));
        }
        steps.push(Step::strict(Effect::Run(
            self.engine.words(&["start", &name]),
        )));
        steps
    }

    fn labels(&self, member: Member, release: &Release) -> Vec<(String, String)> {
        let label = |key: &str, value: String| (format!("cd-action.{key}"), value);
        vec![
            label("service", self.service.clone()),
            label("environment", self.environment.clone()),
            label("role", "instance".to_owned()),
            label("generation", member.id.generation.0.to_string()),
            label("index", member.id.index.to_string()),
            label("address", member.address.0.to_string()),
            label("version", release.version.clone()),
            label("digest", release.digest.clone()),
            label("config", release.config_hash.clone()),
        ]
    }

    /// Admits and asks each instance in one visit; then what can only be asked elsewhere.
    fn probe(&self, members: &[Member]) -> Vec<Step> {
        let asks: Vec<Ask> = members.iter().map(|member| self.ask(*member)).collect();
        let longest = self
            .releases
            .values()
            .map(|release| release.spec.health.timeout)
            .max()
            .unwrap_or(2000);
        let timeout = TRANSACTION + longest * u64::try_from(members.len()).unwrap_or(1);
        let mut script = Script::fenced(self.token, &self.terms, 0);
        script.probe(&asks);
        let mut steps = vec![Step::strict(self.engine.inside(
            &self.router(),
            script.finish(),
            timeout,
        ))];
        let mut health = Vec::new();
        for member in members {
            match self
                .releases
                .get(&member.id.generation)
                .map(|release| &release.spec.health)
            {
                Some(crate::spec::Health {
                    probe: Probe::Exec(argv),
                    timeout,
                    ..
                }) => {
                    let mut args = vec!["exec".to_owned(), self.name_of(member.id)];
                    args.extend(argv.iter().cloned());
                    let mut run = self.engine.run(args);
                    run.timeout = *timeout;
                    // Whatever it says, the next instance is asked too.
                    steps.push(Step::tolerant(Effect::Run(run), &[""]));
                }
                Some(crate::spec::Health {
                    probe: Probe::Image,
                    ..
                }) => health.push(self.name_of(member.id)),
                Some(crate::spec::Health {
                    probe: Probe::Http { .. } | Probe::Tcp,
                    ..
                })
                | None => {}
            }
        }
        if !health.is_empty() {
            steps.push(self.inspect(&health));
        }
        steps
    }

    fn ask(&self, member: Member) -> Ask {
        let name = server_name(member.id);
        let release = self.releases.get(&member.id.generation);
        let Some(release) = release else {
            return Ask::Admission { name };
        };
        let seconds = release.spec.health.timeout.div_ceil(1000).max(1);
        match &release.spec.health.probe {
            Probe::Http { path, .. } => {
                let host = self.setup.listen.clone();
                Ask::Page {
                    name,
                    seconds,
                    host,
                    path: path.clone(),
                }
            }
            Probe::Tcp => {
                let ip = self
                    .subnet
                    .map(|subnet| subnet.address(member.address))
                    .unwrap_or_default();
                Ask::Connection {
                    name,
                    seconds,
                    ip,
                    port: release.spec.port,
                }
            }
            Probe::Exec(_) | Probe::Image => Ask::Admission { name },
        }
    }

    fn watch(&self, ids: &[InstanceId]) -> Vec<Step> {
        let names: Vec<String> = ids.iter().map(|id| self.name_of(*id)).collect();
        let mut script = Script::fenced(self.token, &self.terms, 0);
        script.watch();
        vec![
            self.inspect(&names),
            Step::strict(
                self.engine
                    .inside(&self.router(), script.finish(), TRANSACTION),
            )
            .beside(),
        ]
    }

    /// Reads named fields of containers, never their environment; one that is gone is left out.
    pub(super) fn inspect(&self, names: &[String]) -> Step {
        let mut args = vec![
            "inspect".to_owned(),
            "--type".to_owned(),
            "container".to_owned(),
        ];
        args.extend([
            "--format".to_owned(),
            survey::CONTAINER.to_owned(),
            "--".to_owned(),
        ]);
        args.extend(names.iter().cloned());
        Step::tolerant(Effect::Run(self.engine.run(args)), &["No such", "no such"])
    }

    /// Reads the digests of images by id.
    pub(super) fn inspect_images(&self, ids: &[String]) -> Step {
        let mut args = vec!["image".to_owned(), "inspect".to_owned()];
        args.extend([
            "--format".to_owned(),
            survey::IMAGE.to_owned(),
            "--".to_owned(),
        ]);
        args.extend(ids.iter().cloned());
        Step::tolerant(Effect::Run(self.engine.run(args)), &["No such", "no such"])
    }

    fn on(&self, verb: &[&str], id: InstanceId, tolerated: &'static [&'static str]) -> Step {
        let mut args: Vec<String> = verb.iter().map(|word| (*word).to_owned()).collect();
        args.push(self.name_of(id));
        Step::tolerant(Effect::Run(self.engine.run(args)), tolerated)
    }

    fn stop(&self, id: InstanceId, tolerated: &'static [&'static str]) -> Step {
        let seconds = self.grace.div_ceil(1000);
        let mut run = self
            .engine
            .words(&["stop", "-t", &seconds.to_string(), &self.own_name(id)]);
        run.timeout = QUICK + self.grace;
        Step::tolerant(Effect::Run(run), tolerated)
    }

    /// By this holder's own name, whatever it is called now: what another holder has taken is not found.
    fn remove(&self, id: InstanceId) -> Vec<Step> {
        let rm = Step::tolerant(
            Effect::Run(self.engine.words(&["rm", "-f", &self.own_name(id)])),
            GONE,
        );
        if self.grace == 0 {
            vec![rm]
        } else {
            vec![self.stop(id, GONE), rm]
        }
    }
}
