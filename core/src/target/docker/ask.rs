//! Questions of the session, and the house it asks for: network, volume, router.

use super::argv::{PULL, QUICK};
use super::lower::TRANSACTION;
use super::script::Script;
use super::{Docker, Program, ROUTER_ADDRESS, STATE, Step, formats, haproxy, survey};
use crate::protocol::{Effect, Run, Stdin};
use crate::registry::is_loopback;
use crate::rollout::Table;
use crate::spec::Generation;

impl Docker {
    /// Which containers there are; and, side by side, what the ones are that were `known` before.
    #[must_use]
    pub fn survey(&self, known: &[String]) -> Vec<Step> {
        let service = format!("label=cd-action.service={}", self.service);
        let environment = format!("label=cd-action.environment={}", self.environment);
        let list = self.engine.words(&[
            "ps",
            "-a",
            "--no-trunc",
            "--filter",
            &service,
            "--filter",
            &environment,
            "--format",
            formats::LISTED,
        ]);
        let inspect = (!known.is_empty()).then(|| self.inspect(known).beside());
        std::iter::once(Step::strict(Effect::Run(list)))
            .chain(inspect)
            .collect()
    }

    /// The service's network, to be asked for side by side with something else until it is known: it does not change,
    /// for it is never made anew while it is used.
    fn network_if_unknown(&self) -> Option<Step> {
        let missing = &[
            "No such network",
            "no such network",
            "network not found",
            "not found",
        ];
        let inspect = Effect::Run(self.inspect_network(&self.network()));
        self.subnet
            .is_none()
            .then(|| Step::tolerant(inspect, missing).beside())
    }

    /// What those containers are.
    #[must_use]
    pub fn survey_containers(&self, names: &[String]) -> Vec<Step> {
        vec![self.inspect(names)]
    }

    /// What an image is; first fetched, where `pull` says so.
    #[must_use]
    pub fn image(&self, reference: &str, pull: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        if pull {
            let mut args = vec!["pull", "-q", reference];
            // Docker takes a registry on this very machine to be without TLS; podman has to be told.
            if self.engine.program == Program::Podman && is_loopback(reference) {
                args.insert(2, "--tls-verify=false");
            }
            let mut run = self.engine.words(&args);
            run.timeout = PULL;
            steps.push(Step::strict(Effect::Run(run)));
        }
        let mut inspect = self.engine.words(&[
            "image",
            "inspect",
            "--format",
            formats::image(self.engine.program),
            "--",
            reference,
        ]);
        inspect.timeout = QUICK;
        steps.push(Step::strict(Effect::Run(inspect)));
        steps
    }

    /// Lets images go that no rollback can go back to: their local tags, never the images.
    #[must_use]
    pub fn let_go(&self, generations: &[Generation]) -> Vec<Step> {
        let tags = generations
            .iter()
            .map(|&generation| self.keeping(generation));
        let steps = tags.map(|tag| {
            let run = self.engine.words(&["image", "rm", "--no-prune", &tag]);
            Step::tolerant(Effect::Run(run), &[""])
        });
        steps.collect()
    }

    /// The tags that keep images.
    #[must_use]
    pub fn kept_images(&self) -> Vec<Step> {
        let reference = format!("reference={}", self.kept_as());
        let format = formats::named(self.engine.program);
        let args = ["image", "ls", "--filter", &reference, "--format", format];
        let run = self.engine.words(&args);
        vec![Step::strict(Effect::Run(run))]
    }

    /// The service's network, with a range of addresses. The engine takes two networks of one name where both are made
    /// at the same instant, so they are counted.
    #[must_use]
    pub fn make_network(&self, subnet: &str) -> Vec<Step> {
        let name = self.network();
        let create = [
            words("network create --driver bridge"),
            self.ours(),
            vec!["--subnet".to_owned(), subnet.to_owned(), name.clone()],
        ];
        let only = format!("name=^{}$", name.replace('.', "\\."));
        let count = words("network ls --no-trunc --format {{.ID}} --filter");
        vec![
            Step::tolerant(
                Effect::Run(self.engine.run(create.concat())),
                &["already exists"],
            ),
            Step::strict(Effect::Run(self.engine.run([count, vec![only]].concat()))),
            Step::strict(Effect::Run(self.inspect_network(&name))),
        ]
    }

    /// A network of another name that only this run knows, to see which range the engine finds free; those that dead
    /// runs left are removed.
    #[must_use]
    pub fn find_range(&self, unique: &str) -> Vec<Step> {
        let name = format!("{}-range-{unique}", self.network());
        let role = words("--label cd-action.role=range --label");
        let whose = format!("cd-action.range={}", self.network());
        let create = [
            words("network create --driver bridge"),
            self.ours(),
            role,
            vec![whose.clone(), name.clone()],
        ];
        // Another run that makes this very network at this instant looks again.
        let prune = words("network prune --force --filter");
        let prune = [prune, vec![format!("label={whose}")]].concat();
        vec![
            Step::tolerant(Effect::Run(self.engine.run(prune)), &[""]),
            Step::strict(Effect::Run(self.engine.run(create.concat()))),
            Step::strict(Effect::Run(self.inspect_network(&name))),
            Step::strict(Effect::Run(self.engine.words(&["network", "rm", &name]))),
        ]
    }

    /// Removes a network that this run made beside another one of the same name.
    #[must_use]
    pub fn unmake_network(&self, id: &str) -> Vec<Step> {
        let run = self.engine.words(&["network", "rm", id]);
        vec![Step::tolerant(Effect::Run(run), &[""])]
    }

    fn inspect_network(&self, name: &str) -> Run {
        let args = [
            "network",
            "inspect",
            "--format",
            formats::network(self.engine.program),
            "--",
            name,
        ];
        self.engine.words(&args)
    }

    /// The volume, laid out, and the router on it, running.
    #[must_use]
    pub fn make_router(&self) -> Vec<Step> {
        let volume = [words("volume create"), self.ours(), vec![self.volume()]];
        vec![
            Step::tolerant(
                Effect::Run(self.engine.run(volume.concat())),
                &["volume already exists"], // what podman says where docker says nothing
            ),
            Step::strict(Effect::Run(self.init_volume())),
            Step::tolerant(Effect::Run(self.create_router()), &["is already in use by"]),
            Step::strict(Effect::Run(self.engine.words(&["start", &self.router()]))),
        ]
    }

    fn init_volume(&self) -> Run {
        let args = [
            words("run --rm -i --pull never -u 0 --network none --entrypoint sh --volume"),
            vec![format!("{}:{STATE}", self.volume())],
            vec![self.setup.image.clone(), "-s".to_owned()],
        ];
        let mut run = self.engine.run(args.concat());
        run.stdin = Some(Stdin::Text {
            text: Script::init(&haproxy::render(&self.setup, None, &Table::empty())),
        });
        run.timeout = TRANSACTION * 2;
        run
    }

    fn create_router(&self) -> Run {
        let ip = self
            .subnet
            .map(|it| it.address(ROUTER_ADDRESS))
            .unwrap_or_default();
        let publish = self.setup.listen.iter().flat_map(|listen| {
            let publish = format!("{listen}:{}", haproxy::USERS_PORT);
            ["--publish".to_owned(), publish]
        });
        let args = [
            words("create --pull never --restart always --name"),
            vec![self.router()],
            self.ours(),
            words("--label cd-action.role=router --entrypoint haproxy --network"),
            vec![self.network(), "--ip".to_owned(), ip],
            vec!["--volume".to_owned(), format!("{}:{STATE}", self.volume())],
            publish.chain([self.setup.image.clone()]).collect(),
            words("-W -db -f"),
            vec![format!("{STATE}/haproxy.cfg")],
        ];
        self.engine.run(args.concat())
    }

    /// Labels of what belongs to this service in this environment.
    fn ours(&self) -> Vec<String> {
        vec![
            "--label".to_owned(),
            format!("cd-action.service={}", self.service),
            "--label".to_owned(),
            format!("cd-action.environment={}", self.environment),
        ]
    }

    /// Starts a router that does not run.
    #[must_use]
    pub fn start_router(&self) -> Vec<Step> {
        vec![Step::strict(Effect::Run(
            self.engine.words(&["start", &self.router()]),
        ))]
    }

    /// Removes a router that was made and could not be started, so that the next run meets nothing half done.
    #[must_use]
    pub fn unmake_router(&self) -> Vec<Step> {
        vec![Step::strict(Effect::Run(self.engine.words(&[
            "rm",
            "-f",
            &self.router(),
        ])))]
    }

    /// Takes the lease, or only looks, and reads everything that is remembered.
    #[must_use]
    pub fn open(&self, take: bool, epoch_seconds: u64, segments: u32) -> Vec<Step> {
        let script = Script::open(take, &self.terms, epoch_seconds, segments);
        let Effect::Run(mut run) = self.engine.inside(&self.router(), script, TRANSACTION) else {
            return Vec::new();
        };
        // A snapshot has its bounds, and so has a segment; a whole ledger of a hundred thousand records has some 180 MB.
        run.output_limit = if segments > 1 { 256 << 20 } else { 16 << 20 };
        run.recall = true;
        std::iter::once(Step::strict(Effect::Run(run)))
            .chain(self.network_if_unknown())
            .collect()
    }

    /// Keeps the key that fingerprints are made with, in the shell.
    #[must_use]
    pub fn keep_key(&self, slot: &str) -> Vec<Step> {
        let mut run = self.engine.words(&[
            "exec",
            "-u",
            "0",
            &self.router(),
            "cat",
            &format!("{STATE}/key"),
        ]);
        run.keep_as = Some(slot.to_owned());
        vec![Step::strict(Effect::Run(run))]
    }

    /// Containers that publish ports, by name, to tell who holds the address that the router needs.
    #[must_use]
    pub fn publishers(&self) -> Vec<Step> {
        let run = self
            .engine
            .words(&["ps", "--no-trunc", "--format", "{{.Names}}\t{{.Ports}}"]);
        std::iter::once(Step::strict(Effect::Run(run)))
            .chain(self.network_if_unknown())
            .collect()
    }

    /// Whether there is a volume that remembers.
    #[must_use]
    pub fn look_for_volume(&self) -> Vec<Step> {
        let volume = self.volume();
        let args = ["volume", "inspect", "--format", "{{.Name}}", "--", &volume];
        vec![Step::tolerant(
            Effect::Run(self.engine.words(&args)),
            survey::NO_VOLUME,
        )]
    }

    /// Processes on the engine's host that listen on a port: looked up from a container that shares its network.
    #[must_use]
    pub fn listeners(&self, port: u16) -> Vec<Step> {
        let mut run = self.engine.words(&[
            "run",
            "--rm",
            "-i",
            "--pull",
            "never",
            "-u",
            "0",
            "--network",
            "host",
            "--pid",
            "host",
            "--cap-add",
            "SYS_PTRACE",
            "--entrypoint",
            "sh",
            &self.setup.image,
            "-s",
        ]);
        run.stdin = Some(Stdin::Text {
            text: super::house::listeners_script(port),
        });
        run.timeout = TRANSACTION;
        vec![Step::tolerant(Effect::Run(run), &[""])]
    }
}

/// Words that are the same every time.
fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}
