//! One place where the service runs.

use super::super::raw::{self, At};
use super::super::scalar::{duration, duration_from, listen, percent};
use super::super::tree::NodeId;
use super::super::{
    Bake, Canary, CanaryStep, DockerHost, Environment, Listen, Mode, Override, Permille, Rolling,
    Strategy, Target, name,
};
use crate::rollout::{Share, Waves};

use super::{Read, Reader, Reported, Wrong, code};

/// The environment whose defaults are more careful.
const PRODUCTION: &str = "production";
/// Long enough for a restart loop and a slow leak of errors to show.
const BAKE_IN_PRODUCTION: u64 = 60_000;
const BAKE: u64 = 15_000;
const ERRORS: Permille = Permille(50);
const DRAIN: u64 = 30_000;
/// Few users first, for what is plainly broken; each further step at most some five times as many.
const STEPS: &[u8] = &[5, 25, 50, 100];
const PAUSE: u64 = 60_000;
/// Between two batches: a version that breaks at once does so on the first instance alone.
const PAUSE_BETWEEN: u64 = 10_000;
const LEASE: u64 = 60_000;

impl Reader<'_> {
    /// `anchor` is where `run` stands for all environments: what they all lack is told once.
    pub(super) fn environment(
        &mut self,
        key: &str,
        at: &At<raw::Environment>,
        anchor: NodeId,
    ) -> Read<Environment> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let mode = self.given(raw.mode.as_ref());
        let target = self.target(raw.target.as_ref());
        let listen = self.optional(raw.listen.as_ref(), listen);
        let url = self.optional(raw.url.as_ref(), name::url);
        let port = self.port(raw.run.as_ref(), anchor);
        let strategy = self.strategy(raw.strategy.as_ref(), &port);
        let bake = self.bake(key, raw.bake.as_ref());
        let drain = self.or(raw.drain.as_ref(), DRAIN, duration);
        let lease = self.or(raw.lease.as_ref(), LEASE, duration_from::<1000>);
        let run = self.run(raw.run.as_ref());
        let health = self.health(raw.health.as_ref());
        let overrides = self.overrides(raw.overrides.as_ref());
        let fits = self.refuse_what_does_not_fit(&port, raw, &strategy, &health);
        let gates = self.gates(raw.gates.as_ref());
        let shares = matches!(strategy, Ok(Strategy::Canary(_) | Strategy::Rolling(_)));
        let hooks = self.hooks(raw.hooks.as_ref(), shares);
        let deployments = self.given(raw.deployments.as_ref());
        let listen = listen?;
        let (run, port, ()) = (run?, port?, fits?);
        Ok(Environment {
            name: key.to_owned(),
            mode: mode?.map_or_else(|| default_mode(key), parsed_mode),
            target: target?,
            listen: port.map(|port| listen.unwrap_or_else(|| at_hand(port))),
            url: url?,
            strategy: strategy?,
            bake: bake?,
            drain: drain?,
            lease: lease?,
            gates: gates?,
            hooks: hooks?,
            deployments: deployments?.unwrap_or(false),
            run: run.with_port(port),
            health: health?,
            overrides: overrides?,
        })
    }

    fn overrides(&mut self, at: Option<&At<Vec<At<raw::Override>>>>) -> Read<Vec<Override>> {
        let Some(words) = self.map(at)? else {
            return Ok(Override::ALL.to_vec());
        };
        let mut overrides = Vec::new();
        for word in words {
            let word = match word.value.ok_or(Reported)? {
                raw::Override::Quarantine => Override::Quarantine,
                raw::Override::Stop => Override::Stop,
                raw::Override::Hook => Override::Hook,
                raw::Override::NoReturn => Override::NoReturn,
            };
            if !overrides.contains(&word) {
                overrides.push(word);
            }
        }
        Ok(overrides)
    }

    /// `None`: it is a worker. Whoever forgot the port must not get one: a worker says `run: {}`.
    fn port(&mut self, run: Option<&At<raw::Run>>, anchor: NodeId) -> Read<Option<u16>> {
        let run = self.map(run)?;
        let port = self.given(run.and_then(|run| run.port.as_ref()))?;
        match (port, run) {
            (Some(port), _) => Ok(Some(port)),
            (None, _) if self.port_is_misspelt => Err(Reported),
            (None, Some(_)) => Ok(None),
            (None, None) => {
                let mistake = Wrong::new(code::MISSING_KEY, "the key `run` is missing");
                let help = "name the port that the service listens on: `run: { port: 8000 }`; of a worker, which has none, write `run: {}`";
                Err(self.report_key(anchor, mistake.help(help)))
            }
        }
    }

    fn target(&mut self, at: Option<&At<raw::Target>>) -> Read<Target> {
        let at_hand = Target::Docker {
            host: None,
            known_hosts: None,
            key: None,
        };
        let (Some(node), Some(target)) = (at.map(|at| at.node), self.map(at)?) else {
            return Ok(at_hand);
        };
        match target {
            raw::Target::Word(raw::TargetWord::Docker) => Ok(at_hand),
            raw::Target::Word(raw::TargetWord::Podman) => Ok(Target::Podman),
            raw::Target::Word(raw::TargetWord::Swarm | raw::TargetWord::Kubernetes) => {
                Err(Reported)
            }
            raw::Target::Map(raw::TargetMap {
                swarm: None,
                kubernetes: None,
                docker,
                podman,
            }) => match (docker, podman) {
                (Some(docker), None) => self.docker(docker),
                (None, Some(podman)) => {
                    let podman = podman.value.as_ref().ok_or(Reported)?;
                    match podman.host {
                        None => Ok(Target::Podman),
                        Some(_) => Err(Reported), // by the checker: it is not there yet
                    }
                }
                (Some(_), Some(_)) => {
                    let mistake = Wrong::new(code::CONFLICT, "the target names two engines");
                    Err(self.report_key(node, mistake.help("leave one of them out")))
                }
                (None, None) => {
                    let mistake = Wrong::new(code::MISSING_KEY, "the target names no engine");
                    Err(self.report_key(
                        node,
                        mistake.help("write `target: docker`, or leave `target` out"),
                    ))
                }
            },
            raw::Target::Map(_) => Err(Reported), // by the checker: the others are not there yet
        }
    }

    fn docker(&mut self, at: &At<raw::Docker>) -> Read<Target> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let host = raw.host.as_ref().map(|at| self.host(at)).transpose();
        let known_hosts = self.optional_hidden(raw.known_hosts.as_ref(), name::variable);
        let key = self.optional_hidden(raw.key.as_ref(), name::variable);
        let host = host?;
        if !matches!(host, Some(DockerHost::Ssh(_))) {
            for at in [raw.known_hosts.as_ref(), raw.key.as_ref()]
                .into_iter()
                .flatten()
            {
                let mistake = Wrong::new(code::CONFLICT, "only a host behind ssh needs this");
                self.report_key(
                    at.node,
                    mistake.help("add `host: ssh://user@host`, or leave this out"),
                );
            }
        }
        Ok(Target::Docker {
            host,
            known_hosts: known_hosts?,
            key: key?,
        })
    }

    /// What stands before an `@` may be a password: then it is not shown.
    fn host(&mut self, at: &At<String>) -> Read<DockerHost> {
        let written = &self.document.spot(at.node).written;
        let password = written
            .split_once("://")
            .and_then(|(_, rest)| rest.rsplit_once('@'))
            .is_some_and(|(user, _)| user.contains(':'));
        if password {
            self.scalar(at, |text| {
                name::docker_host(text).map_err(|mistake| {
                    mistake.help(
                        "ssh takes no password here; name the variable of a private key with `key`",
                    )
                })
            })
        } else {
            self.parse(at, name::docker_host)
        }
    }

    /// Of workers, two that overlap may do the same job twice, and nobody waits for one that pauses.
    fn strategy(
        &mut self,
        at: Option<&At<raw::Strategy>>,
        port: &Read<Option<u16>>,
    ) -> Read<Strategy> {
        let (Some(node), Some(strategy)) = (at.map(|at| at.node), self.map(at)?) else {
            return Ok(match port {
                Ok(None) => Strategy::Recreate,
                Ok(Some(_)) | Err(Reported) => Strategy::BlueGreen { wait: None },
            });
        };
        match strategy {
            raw::Strategy::Word(raw::StrategyWord::BlueGreen) => {
                Ok(Strategy::BlueGreen { wait: None })
            }
            raw::Strategy::Word(raw::StrategyWord::Recreate) => Ok(Strategy::Recreate),
            raw::Strategy::Word(raw::StrategyWord::Canary) => {
                Ok(Strategy::Canary(self.canary(&raw::Canary::default())?))
            }
            raw::Strategy::Word(raw::StrategyWord::Rolling) => {
                Ok(Strategy::Rolling(self.rolling(&raw::Rolling::default())?))
            }
            raw::Strategy::Map(map) => self.strategy_of(node, map),
        }
    }

    fn strategy_of(&mut self, node: NodeId, map: &raw::StrategyMap) -> Read<Strategy> {
        match (&map.blue_green, &map.canary, &map.rolling) {
            (Some(blue_green), None, None) => {
                let blue_green = blue_green.value.as_ref().ok_or(Reported)?;
                let wait = self.optional(blue_green.wait.as_ref(), duration_from::<1000>)?;
                Ok(Strategy::BlueGreen { wait })
            }
            (None, Some(canary), None) => {
                let canary = canary.value.as_ref().ok_or(Reported)?;
                Ok(Strategy::Canary(self.canary(canary)?))
            }
            (None, None, Some(rolling)) => {
                let rolling = rolling.value.as_ref().ok_or(Reported)?;
                Ok(Strategy::Rolling(self.rolling(rolling)?))
            }
            (None, None, None) => {
                let mistake = Wrong::new(code::MISSING_KEY, "the strategy has no name");
                let expected = "`blue-green`, `recreate`, `rolling` or `canary`";
                Err(self.report_key(node, mistake.expected(expected)))
            }
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                let mistake = Wrong::new(code::CONFLICT, "these are several strategies");
                let expected = "one of `blue-green`, `rolling` and `canary`";
                Err(self.report_key(node, mistake.expected(expected)))
            }
        }
    }

    fn rolling(&mut self, raw: &raw::Rolling) -> Read<Rolling> {
        let usual = Waves::default();
        let batch = self.given(raw.batch.as_ref());
        let surge = self.given(raw.surge.as_ref());
        let pause = self.or(raw.pause.as_ref(), PAUSE_BETWEEN, duration);
        let sticky = self.given(raw.sticky.as_ref());
        Ok(Rolling {
            waves: Waves {
                batch: batch?.unwrap_or(usual.batch),
                surge: surge?.unwrap_or(usual.surge),
            },
            pause: pause?,
            sticky: sticky?.unwrap_or(false),
        })
    }

    fn canary(&mut self, raw: &raw::Canary) -> Read<Canary> {
        let mut before = 0;
        let steps = self.items(raw.steps.as_ref(), |reader, _, at| {
            let raw = at.value.as_ref().ok_or(Reported)?;
            let step = reader.canary_step(raw);
            let share = raw.share();
            let last = share.map_or(before, |share| std::mem::replace(&mut before, share));
            if share.is_none_or(|share| share > last) {
                return step;
            }
            let mistake = Wrong::new(code::RANGE, "the share does not grow");
            Err(reader.report(at.node, mistake.expected(format!("more than {last}"))))
        });
        let pause = self.or(raw.pause.as_ref(), PAUSE, duration);
        let wait = self.optional(raw.wait.as_ref(), duration_from::<1000>);
        let sticky = self.given(raw.sticky.as_ref());
        let analysis = self.analysis(raw.analysis.as_ref());
        let (analysis, queries) = analysis?.unzip();
        Ok(Canary {
            steps: steps?.unwrap_or_else(|| STEPS.iter().copied().map(unasked).collect()),
            pause: pause?,
            wait: wait?,
            sticky: sticky?.unwrap_or(false),
            analysis,
            queries: queries.unwrap_or_default(),
        })
    }

    fn canary_step(&mut self, raw: &raw::CanaryStep) -> Read<CanaryStep> {
        let map = match raw {
            raw::CanaryStep::Share(share) => return Ok(unasked(*share)),
            raw::CanaryStep::Map(map) => map,
        };
        let wait = self.optional(map.wait.as_ref(), duration_from::<1000>);
        let share = raw.share().map(Share).ok_or(Reported)?;
        let wait = wait?;
        if let (Share::ALL, Some(at)) = (share, &map.wait) {
            let mistake = Wrong::new(
                code::CONFLICT,
                "nobody can be asked for more than all of the traffic",
            );
            let mistake = mistake
                .expected("`wait` at a share below 100")
                .help("ask at the share before it; after this one comes the bake");
            return Err(self.report_key(at.node, mistake));
        }
        Ok(CanaryStep { share, wait })
    }

    fn bake(&mut self, environment: &str, at: Option<&At<raw::Bake>>) -> Read<Bake> {
        let default = if environment == PRODUCTION {
            BAKE_IN_PRODUCTION
        } else {
            BAKE
        };
        let unsaid = raw::Bake::default();
        let raw = self.map(at)?.unwrap_or(&unsaid);
        let r#for = self.or(raw.r#for.as_ref(), default, duration);
        let errors = self.or(raw.errors.as_ref(), ERRORS, percent);
        Ok(Bake {
            r#for: r#for?,
            errors: errors?,
        })
    }
}

/// A share at which nobody is asked.
const fn unasked(share: u8) -> CanaryStep {
    CanaryStep {
        share: Share(share),
        wait: None,
    }
}

fn at_hand(port: u16) -> Listen {
    Listen {
        address: "127.0.0.1".into(),
        port,
    }
}

fn default_mode(environment: &str) -> Mode {
    if environment == PRODUCTION {
        Mode::Delivery
    } else {
        Mode::Deployment
    }
}

const fn parsed_mode(mode: raw::Mode) -> Mode {
    match mode {
        raw::Mode::Delivery => Mode::Delivery,
        raw::Mode::Deployment => Mode::Deployment,
    }
}

impl Target {
    /// The host that is named; `None`: the engine at hand.
    pub(super) const fn host(&self) -> Option<&DockerHost> {
        match self {
            Self::Docker { host, .. } => host.as_ref(),
            Self::Podman => None,
        }
    }
}
