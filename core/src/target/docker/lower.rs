//! Lowering: what an action of the machine, or a question of the session, is in commands.

use super::argv::{ALWAYS, Creating, QUICK, copy_secrets, create};
use super::script::{Ask, Lowering, RECORDED, ROUTED, Routing, Script};
use super::{Docker, Memo, Program, Step, formats, haproxy, keeper, server_name, sticky};
use crate::protocol::Effect;
use crate::rollout::{Action, Mark, Member, Record, Table};
use crate::spec::{Generation, InstanceId, Probe, Release, SecretUse};

/// Milliseconds that a transaction may take before nobody knows what came of it: the lock is waited for 10 s inside.
pub(super) const TRANSACTION: u64 = 30_000;

/// Milliseconds that the engine may take to say how instances live.
const LOOK: u64 = 5_000;

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
            Action::Record(Record::Began | Record::Hook { .. }, _) => {
                vec![self.transaction(memo, |_| {})]
            }
            Action::Record(Record::Committed { table, .. }, _) => {
                vec![self.transaction(memo, |script| {
                    script.say(RECORDED);
                    self.route(script, table, Lowering::Keep);
                })]
            }
            Action::Start(member) => self.start(*member),
            Action::Revive(id) => self.revive(*id),
            Action::Route { table, mark, force } => {
                let how = Lowering::of(mark, *force);
                vec![self.transaction(memo, |script| self.route(script, table, how))]
            }
            Action::Probe(members) => self.probe(members),
            Action::Watch(ids) => self.watch(ids),
            // Whoever asks for it knows where.
            Action::Measure(_) | Action::Hook(_) => Vec::new(),
            Action::Log(id) => vec![self.on(&["logs", "--tail", LOG_LINES], *id, GONE)],
            Action::Stop(id) => self.halt(*id),
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
        memo.heeds.write(&mut script);
        memo.appends.iter().for_each(|append| script.append(append));
        if let Some(asking) = &self.asking {
            script.ask(asking);
        }
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
    pub(super) fn number(&self) -> u64 {
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

    fn route(&self, script: &mut Script, table: &Table, how: Lowering) {
        let file = self.file_for(table);
        let lines = self.lines();
        let of = |f: fn(&haproxy::Lines, &Table) -> String| {
            lines.as_ref().map(|it| f(it, table)).unwrap_or_default()
        };
        let check = lines
            .as_ref()
            .map(haproxy::Lines::check)
            .unwrap_or_default();
        let health = of(haproxy::Lines::map);
        let sticky = self.has_map().then(|| sticky::map(table));
        script.route(&Routing {
            file,
            health,
            sticky,
            want: of(haproxy::Lines::want),
            check,
            how,
        });
    }

    /// A table, and in the same visit a look at what it is for: a visit less, and the look is the one that comes next in
    /// any case. That HAProxy follows the table is told apart from how the look ended.
    ///
    /// The route's answer waits for the look's, so that is short: one instance, asked through the router and given a second.
    /// `None`: these are looked at in a visit of their own.
    #[must_use]
    pub fn route_and_look(
        &self,
        memo: &Memo,
        (table, mark): (&Table, &Mark),
        members: &[Member],
        ids: &[InstanceId],
    ) -> Option<Vec<Step>> {
        let mut asks = self.asks(members);
        let [Ask::Page { seconds, .. } | Ask::Connection { seconds, .. }] = asks.as_mut_slice()
        else {
            return None;
        };
        *seconds = 1;
        let visit = self.transaction(memo, |script| {
            self.route(script, table, Lowering::of(mark, false));
            script.say(ROUTED);
            if let Some(asking) = &self.asking {
                script.hear(asking);
            }
            script.probe(&asks);
            script.count();
        });
        let mut steps = self.looking(visit, members, ids);
        // How it lives after the route, and not while it was made: this may be the last look before a commit.
        steps.iter_mut().for_each(|step| step.beside = false);
        Some(steps)
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

    /// Created and started in one command where nothing has to come between; and the image is named, so that no clean-up
    /// on the host can take it once its instances are gone.
    fn start(&self, member: Member) -> Vec<Step> {
        let Some(release) = self.releases.get(&member.id.generation) else {
            return Vec::new();
        };
        let name = self.own_name(member.id);
        let ip = self
            .subnet
            .map(|subnet| subnet.address(member.address))
            .unwrap_or_default();
        let at_once = starts_at_once(release);
        let creating = Creating {
            name: &name,
            network: &self.network(),
            ip: &ip,
            labels: self.labels(member, release),
            grace: self.grace,
            started: at_once,
        };
        let mut steps = vec![Step::tolerant(
            Effect::Run(create(&self.engine, release, &creating)),
            &["is already in use by"],
        )];
        if member.id.index == 1 {
            steps.push(self.keep_image(member.id.generation, release).beside());
        }
        if at_once {
            return steps;
        }
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
        steps.push(self.start_created(member.id));
        steps
    }

    pub(super) fn start_created(&self, id: InstanceId) -> Step {
        Step::strict(Effect::Run(
            self.engine.words(&["start", &self.own_name(id)]),
        ))
    }

    fn keep_image(&self, generation: Generation, release: &Release) -> Step {
        Step::strict(Effect::Run(self.engine.words(&[
            "tag",
            &release.reference(),
            &self.keeping(generation),
        ])))
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
        let visit = self.visit(members, false);
        std::iter::once(visit)
            .chain(self.elsewhere(members))
            .collect()
    }

    /// The same, and how the instances live: the counts in the same visit, the rest side by side with it.
    #[must_use]
    pub fn look(&self, members: &[Member], ids: &[InstanceId]) -> Vec<Step> {
        self.looking(self.visit(members, true), members, ids)
    }

    fn looking(&self, visit: Step, members: &[Member], ids: &[InstanceId]) -> Vec<Step> {
        let names: Vec<String> = ids.iter().map(|id| self.name_of(*id)).collect();
        let mut inspect = self.inspect(&names).beside();
        if let Effect::Run(run) = &mut inspect.effect {
            // What the probes said must not wait for an engine that hangs.
            run.timeout = LOOK;
        }
        let both = [visit, inspect];
        let mut steps: Vec<Step> = both.into_iter().chain(self.elsewhere(members)).collect();
        if self.hurry {
            steps.iter_mut().for_each(Step::hurry);
        }
        steps
    }

    fn visit(&self, members: &[Member], counts: bool) -> Step {
        let mut script = Script::fenced(self.token, &self.terms, 0);
        if counts {
            self.ask_person(&mut script);
        }
        self.ask_all(&mut script, members, counts);
        let timeout = self.longest(members);
        Step::strict(self.engine.inside(&self.router(), script.finish(), timeout))
    }

    fn ask_all(&self, script: &mut Script, members: &[Member], counts: bool) {
        script.probe(&self.asks(members));
        if self.times(members) {
            script.tell_time();
        }
        if counts {
            script.count();
        }
    }

    /// Whether it is asked for how long some of these have run: by the target's clock, as the engine's word of their start is.
    fn times(&self, members: &[Member]) -> bool {
        members.iter().any(|member| {
            let release = self.releases.get(&member.id.generation);
            release.is_some_and(|it| matches!(it.spec.health.probe, Probe::Runs(_)))
        })
    }

    /// Milliseconds that a visit may take in which these are asked, one after the other.
    fn longest(&self, members: &[Member]) -> u64 {
        let health = self.releases.values().map(|it| it.spec.health.timeout);
        TRANSACTION + health.max().unwrap_or(2000) * u64::try_from(members.len()).unwrap_or(1)
    }

    /// What only the engine can be asked.
    fn elsewhere(&self, members: &[Member]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut health = Vec::new();
        for member in members {
            let release = self.releases.get(&member.id.generation);
            let Some(release) = release else { continue };
            let name = self.name_of(member.id);
            let args = match &release.spec.health.probe {
                Probe::Exec(argv) => {
                    let exec = ["exec".to_owned(), name].into_iter();
                    exec.chain(argv.iter().cloned()).collect()
                }
                Probe::Image if self.checks_on_demand() => {
                    vec!["healthcheck".to_owned(), "run".to_owned(), name]
                }
                Probe::Image | Probe::Runs(_) => {
                    health.push(name);
                    continue;
                }
                Probe::Http { .. } | Probe::Tcp => continue,
            };
            let mut run = self.engine.run(args);
            run.timeout = release.spec.health.timeout;
            // Whatever it says, the next instance is asked too.
            steps.push(Step::tolerant(Effect::Run(run), &[""]));
        }
        if !health.is_empty() {
            steps.push(self.inspect(&health));
        }
        steps
    }

    /// Whether an image's own check is made when it is asked for. Podman makes it by itself only where a systemd watches the
    /// time; without one it is `starting` for ever.
    pub(super) const fn checks_on_demand(&self) -> bool {
        match self.engine.program {
            Program::Docker => false,
            Program::Podman => true,
        }
    }

    /// What the router asks; a keeper asks nobody.
    fn asks(&self, members: &[Member]) -> Vec<Ask> {
        if self.is_kept() {
            return Vec::new();
        }
        members.iter().map(|member| self.ask(*member)).collect()
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
                // A router with users, met by a configuration that has none: an empty name is no name to most who are asked.
                let listen = self.setup.listen.clone();
                let host = listen.unwrap_or_else(|| "localhost".to_owned());
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
                    port: release.spec.port.unwrap_or(keeper::NO_PORT),
                }
            }
            Probe::Exec(_) | Probe::Image | Probe::Runs(_) => Ask::Admission { name },
        }
    }

    fn watch(&self, ids: &[InstanceId]) -> Vec<Step> {
        let names: Vec<String> = ids.iter().map(|id| self.name_of(*id)).collect();
        let mut script = Script::fenced(self.token, &self.terms, 0);
        script.count();
        let count = self
            .engine
            .inside(&self.router(), script.finish(), TRANSACTION);
        vec![Step::strict(count), self.inspect(&names).beside()]
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
            formats::CONTAINER.to_owned(),
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
            formats::image(self.engine.program).to_owned(),
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

    /// Starts it again. The engine calls one that is still ending running, and starts it not: that one's end is waited for first, by
    /// a stop of our own, whose limit is longer than what it asks the engine to wait.
    fn revive(&self, id: InstanceId) -> Vec<Step> {
        let name = self.name_of(id);
        let ending = self.ending.contains(&id);
        let stop = ending.then(|| self.stop_named(&name, &[]));
        let start = self.on(&["start"], id, &[]);
        let start = match self.engine.program {
            Program::Docker => vec![self.restarts(&name, ALWAYS, &[]), start.beside()],
            Program::Podman => vec![start],
        };
        stop.into_iter().chain(start).collect()
    }

    /// Stops what is to stay down until it is started by name. An engine that is restarted starts whatever has its restart policy,
    /// also what was stopped: then the old version would work beside the new one. The policy goes after the stop and comes back
    /// with the start, so nothing is ever meant to serve without it.
    ///
    /// Podman has no engine that could be restarted; what the boot of its host starts is in the capability table.
    fn halt(&self, id: InstanceId) -> Vec<Step> {
        let stop = self.stop(id, GONE);
        match self.engine.program {
            // Stopped is stopped, whatever comes of the policy.
            Program::Docker => vec![stop, self.restarts(&self.own_name(id), "no", &[""])],
            Program::Podman => vec![stop],
        }
    }

    fn restarts(&self, name: &str, policy: &str, tolerated: &'static [&'static str]) -> Step {
        let run = self.engine.words(&["update", "--restart", policy, name]);
        Step::tolerant(Effect::Run(run), tolerated)
    }

    fn stop(&self, id: InstanceId, tolerated: &'static [&'static str]) -> Step {
        self.stop_named(&self.own_name(id), tolerated)
    }

    fn stop_named(&self, name: &str, tolerated: &'static [&'static str]) -> Step {
        let seconds = self.grace.div_ceil(1000);
        let mut run = self
            .engine
            .words(&["stop", "-t", &seconds.to_string(), name]);
        run.timeout = QUICK + self.grace;
        Step::tolerant(Effect::Run(run), tolerated)
    }

    /// By this holder's own name, whatever it is called now: what another holder has taken is not found.
    fn remove(&self, id: InstanceId) -> Vec<Step> {
        let rm = Step::tolerant(
            Effect::Run(self.engine.words(&["rm", "-f", "-v", &self.own_name(id)])),
            GONE,
        );
        if self.grace == 0 {
            vec![rm]
        } else {
            vec![self.stop(id, GONE), rm]
        }
    }
}

/// Whether nothing has to be done to an instance between its creation and its start.
pub(super) fn starts_at_once(release: &Release) -> bool {
    let is_file = |usage: &SecretUse| matches!(usage, SecretUse::File(_));
    release.spec.networks.is_empty() && !release.spec.secrets.values().any(is_file)
}
