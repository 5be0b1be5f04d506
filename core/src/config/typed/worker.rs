//! A service without a port is a worker: nobody asks it, so what speaks of users, requests and shares of them is a mistake there.

use std::collections::BTreeMap;

use super::super::raw::{self, At};
use super::super::resolve::RUNS_ON;
use super::super::tree::NodeId;
use super::super::{Environment, HealthTemplate, Strategy};
use super::health::{needed, node};
use super::{Read, Reader, Reported, Wrong, code};

const NAME_THE_PORT: &str = "name the port in `run.port`, or leave this out";

impl Reader<'_> {
    /// What does not fit together with a port, or with none; all of it.
    pub(super) fn refuse_what_does_not_fit(
        &mut self,
        port: &Read<Option<u16>>,
        raw: &raw::Environment,
        strategy: &Read<Strategy>,
        health: &Read<HealthTemplate>,
    ) -> Read<()> {
        let before = self.mistakes.len();
        match port {
            Ok(None) => {
                self.refuse_what_users_need(raw);
                self.refuse_shares(raw, strategy);
                self.refuse_questions(raw.health.as_ref());
                self.refuse_too_little_time(raw.health.as_ref(), health);
            }
            Ok(Some(_)) => self.refuse_only_running(raw.health.as_ref()),
            Err(Reported) => {}
        }
        if self.mistakes.len() == before {
            Ok(())
        } else {
            Err(Reported)
        }
    }

    /// A router is told about users; of workers only, nobody would hear it.
    pub(super) fn refuse_unused_router(
        &mut self,
        raw: &raw::Config,
        environments: &Read<BTreeMap<String, Environment>>,
    ) {
        let Ok(environments) = environments else {
            return;
        };
        let router = raw.router.as_ref().and_then(|at| at.value.as_ref());
        let forwarded = router.and_then(|raw| node(raw.forwarded.as_ref()));
        if let Some(node) =
            forwarded.filter(|_| environments.values().all(|it| it.listen.is_none()))
        {
            self.unfit(node, "nobody asks a worker, so it is told of nobody");
        }
    }

    fn unfit(&mut self, node: NodeId, problem: &str) {
        let mistake = Wrong::new(code::CONFLICT, problem);
        self.report_key(node, mistake.help(NAME_THE_PORT));
    }

    fn refuse_what_users_need(&mut self, raw: &raw::Environment) {
        let bake = raw.bake.as_ref().and_then(|at| at.value.as_ref());
        let hooks = raw.hooks.as_ref().and_then(|at| at.value.as_ref());
        let switch = hooks.and_then(|raw| node(raw.before_switch.as_ref()));
        let unfit = [
            (
                node(raw.listen.as_ref()),
                "nobody reaches a worker, so it listens nowhere",
            ),
            (
                node(raw.url.as_ref()),
                "nobody reaches a worker, so it has no address",
            ),
            (
                bake.and_then(|raw| node(raw.errors.as_ref())),
                "nobody asks a worker, so there is no share of requests that may go wrong",
            ),
        ];
        for (node, problem) in unfit {
            node.into_iter().for_each(|node| self.unfit(node, problem));
        }
        if let Some(node) = switch {
            let mistake = Wrong::new(
                code::CONFLICT,
                "a worker works from its start, so nothing comes between that and a switch",
            );
            self.report_key(
                node,
                mistake.help("run it `before-start` or `after-commit`"),
            );
        }
    }

    fn refuse_shares(&mut self, raw: &raw::Environment, strategy: &Read<Strategy>) {
        if let Ok(Strategy::Rolling(rolling)) = strategy
            && rolling.sticky
        {
            let mistake = Wrong::new(
                code::CONFLICT,
                "a worker has no users who could stick to a version",
            )
            .help("leave `sticky` out, or name the port in `run.port`");
            node(raw.strategy.as_ref()).into_iter().for_each(|node| {
                self.report_key(node, mistake.clone());
            });
            return;
        }
        let word = match strategy {
            Ok(Strategy::BlueGreen { .. }) => "blue-green",
            Ok(Strategy::Canary(_)) => "canary",
            Ok(Strategy::Recreate | Strategy::Rolling(_)) | Err(Reported) => return,
        };
        let problem =
            format!("a worker has no traffic that `{word}` could give to another version");
        let mistake = Wrong::new(code::CONFLICT, problem)
            .expected(
                "`recreate` (never two versions at a time) or `rolling` (both work for a while)",
            )
            .help("use one of these, or name the port in `run.port`");
        node(raw.strategy.as_ref()).into_iter().for_each(|node| {
            self.report_key(node, mistake.clone());
        });
    }

    fn refuse_questions(&mut self, health: Option<&At<raw::Health>>) {
        let raw = health.and_then(|at| at.value.as_ref());
        let asked = raw.map(|raw| [node(raw.http.as_ref()), node(raw.tcp.as_ref())]);
        for node in asked.into_iter().flatten().flatten() {
            let mistake = Wrong::new(code::CONFLICT, "a worker has no port to be asked at");
            let help = "use `exec`, `image` or `runs`; or name the port in `run.port`";
            self.report_key(node, mistake.help(help));
        }
    }

    /// Where the image has no HEALTHCHECK, a worker has to run on for a while, and must have the time for it.
    fn refuse_too_little_time(
        &mut self,
        at: Option<&At<raw::Health>>,
        health: &Read<HealthTemplate>,
    ) {
        let (Ok(health), Some(raw)) = (health, at.and_then(|at| at.value.as_ref())) else {
            return;
        };
        let needed = needed(Some(RUNS_ON), health.every, health.successes);
        let told = u64::from(health.successes).saturating_mul(health.every) > health.deadline;
        if health.probe.is_some() || health.deadline >= needed || told {
            return;
        }
        let at = node(raw.deadline.as_ref()).or_else(|| node(raw.every.as_ref()));
        let mistake = Wrong::new(code::CONFLICT, "no worker can be proven within `deadline`")
            .found(format!(
                "an image without a HEALTHCHECK has to run on for {RUNS_ON}ms, which takes {needed}ms with 2s to start and `successes` times `every`; `deadline` is {}ms",
                health.deadline
            ))
            .help(
                "raise `deadline`, or say what is enough: `runs: 5s`, `image: true` or `exec: […]`",
            );
        at.into_iter().for_each(|node| {
            self.report(node, mistake.clone());
        });
    }

    fn refuse_only_running(&mut self, health: Option<&At<raw::Health>>) {
        let raw = health.and_then(|at| at.value.as_ref());
        let runs = raw.and_then(|raw| node(raw.runs.as_ref()));
        let mistake = Wrong::new(
            code::CONFLICT,
            "what has a port is asked: that it runs on proves too little",
        );
        runs.into_iter().for_each(|node| {
            let help = "use `http`, `tcp`, `exec` or `image`";
            self.report_key(node, mistake.clone().help(help));
        });
    }
}
