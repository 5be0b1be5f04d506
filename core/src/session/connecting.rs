//! The way to the engine.

use super::{Session, Tag};
use crate::config::{DockerHost, Target};
use crate::protocol::{Completion, Content, Effect, Outcome, Run};
use crate::target::docker::{Engine, Step, Trouble};

impl Session {
    pub(super) fn connect(&mut self) {
        let Target::Docker {
            host: Some(DockerHost::Ssh(_)),
            known_hosts,
            key,
        } = self.environment().target.clone()
        else {
            return self.look();
        };
        let scratch = self.begin.scratch.clone();
        let file = |name: &str, secret: &String| Effect::WriteFile {
            path: format!("{scratch}/{name}"),
            content: Content::Lines {
                name: secret.clone(),
            },
            mode: 0o600,
            durable: true,
        };
        let hosts = known_hosts
            .as_ref()
            .map(|secret| file("known_hosts", secret));
        let key = key.as_ref().map(|secret| file("key", secret));
        let steps = hosts.into_iter().chain(key).map(Step::strict).collect();
        self.call(Tag::Credentials, steps);
    }

    pub(super) fn on_credentials(&mut self, done: &[Completion]) {
        if let Some(failed @ Completion::Failed { .. }) = done.last() {
            let trouble = Trouble::of(failed);
            return self.trouble(&trouble);
        }
        self.tunnel();
    }

    /// The engine's socket is forwarded once: a command then costs what it costs at home.
    fn tunnel(&mut self) {
        let Target::Docker {
            host: Some(DockerHost::Ssh(host)),
            known_hosts,
            key,
        } = self.environment().target.clone()
        else {
            return self.look();
        };
        let scratch = self.begin.scratch.clone();
        let socket = format!("{scratch}/engine.sock");
        let there = host.socket.as_deref().unwrap_or("/var/run/docker.sock");
        let mut argv: Vec<String> = [
            "ssh",
            "-nNT",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut option = |text: String| argv.extend(["-o".to_owned(), text]);
        option("ExitOnForwardFailure=yes".to_owned());
        option("ConnectTimeout=10".to_owned());
        option("ServerAliveInterval=5".to_owned());
        option("ServerAliveCountMax=3".to_owned());
        if known_hosts.is_some() {
            option(format!("UserKnownHostsFile={scratch}/known_hosts"));
            option("GlobalKnownHostsFile=/dev/null".to_owned());
            option("UpdateHostKeys=no".to_owned());
        }
        if key.is_some() {
            option("IdentitiesOnly=yes".to_owned());
            option("IdentityAgent=none".to_owned());
            argv.extend(["-i".to_owned(), format!("{scratch}/key")]);
        }
        if let Some(port) = host.port {
            argv.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &host.user {
            argv.extend(["-l".to_owned(), user.clone()]);
        }
        argv.extend([
            "-L".to_owned(),
            format!("{socket}:{there}"),
            "--".to_owned(),
            host.host,
        ]);
        self.docker_mut().engine = Engine::docker(Some(format!("unix://{socket}")));
        self.effect(
            Tag::Tunnel,
            Effect::Run(Run {
                argv,
                inherit: ["PATH", "HOME", "SSH_AUTH_SOCK", "RUNNER_TRACKING_ID"]
                    .map(str::to_owned)
                    .to_vec(),
                timeout: 20_000,
                output_limit: 64 * 1024,
                hold: Some(socket),
                ..Run::default()
            }),
        );
    }

    pub(super) fn on_tunnel(&mut self, done: &[Completion]) {
        match done.last() {
            Some(Completion::Opened) => self.forget_key(),
            Some(failed) => {
                let said = Trouble::of(failed).text;
                let refused = said.contains("Host key verification failed")
                    || said.contains("IDENTIFICATION HAS CHANGED");
                let code = if refused { "host-key" } else { "ssh" };
                let next = if refused {
                    "the host's key is not the pinned one: find out why before you change `known-hosts`"
                } else {
                    "check user, key and host of `target.docker`, and that the user may use the engine's socket there"
                };
                self.finish(
                    Outcome::Failed,
                    code,
                    vec![format!("no way to the engine by ssh: {said}")],
                    vec![next.to_owned()],
                );
            }
            None => self.look(),
        }
    }

    /// The key was needed until now: should this process be killed, it is on no disk.
    fn forget_key(&mut self) {
        let (Target::Docker { key: None, .. } | Target::Podman) = &self.environment().target else {
            return self.empty_key();
        };
        self.look();
    }

    fn empty_key(&mut self) {
        let path = format!("{}/key", self.begin.scratch);
        let content = Content::Text {
            text: String::new(),
        };
        self.effect(
            Tag::Forgotten,
            Effect::WriteFile {
                path,
                content,
                mode: 0o600,
                durable: true,
            },
        );
    }
}
