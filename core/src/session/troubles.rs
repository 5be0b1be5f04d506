//! Questions that have no answer, and runs that are stopped: how a run ends that has touched nothing.

use super::calls::Call;
use super::publishing::Publishing;
use super::{Session, Tag};
use crate::protocol::Outcome;
use crate::rollout::Form;
use crate::target::docker::{Docker, Program as EngineProgram, Trouble};

/// What an engine says where a router that was listed as running has ended before it was spoken to.
const ENDED: &[&str] = &[
    "is restarting",
    "is not running",
    "cannot exec in a stopped state",
    "container state improper",
];

impl Session {
    /// A question that has no answer: nothing was touched.
    pub(super) fn trouble(&mut self, trouble: &Trouble) {
        let ended = ENDED.iter().any(|words| trouble.text.contains(words));
        if ended && self.survey.router.is_some() {
            let because = vec![format!(
                "the {} does not stay up: {}",
                self.front(),
                trouble.text
            )];
            let next = self.renew_router();
            return self.finish(Outcome::Failed, trouble.code, because, next);
        }
        let next = match trouble.code {
            "engine-missing" => match self.docker().engine.program {
                EngineProgram::Docker => "install the docker command line where this runs",
                EngineProgram::Podman => {
                    "install podman where this runs, or leave `target: podman` out"
                }
            },
            "engine-unreachable" if self.docker().engine.host.is_some() => {
                "the host was reached, its engine was not: may this user use /var/run/docker.sock there (group docker), and does the ssh server forward sockets (AllowStreamLocalForwarding)?"
            }
            "engine-unreachable" => {
                "start the engine, or check `target.docker` and the permission to use its socket"
            }
            "image-missing" => "check the name; has it been pushed?",
            "address-held" => {
                "find out what holds it on the target (`ss -tnap`), or choose another `listen`; ports from 32768 on are lent to outgoing connections on most machines"
            }
            "registry-unreachable" => "try again when the registry answers",
            "registry-denied" => match self.docker().engine.program {
                EngineProgram::Docker => {
                    "log in first (docker login), with an account that may pull it"
                }
                EngineProgram::Podman => {
                    "log in first (podman login), with an account that may pull it"
                }
            },
            "secret-missing" => "set it in the `env:` of the step",
            "busy" => return self.busy(&trouble.text),
            _ => "look at the words above; nothing was touched, so it can be tried again",
        };
        let because = vec![format!("{}: {}", sentence(trouble.code), trouble.text)];
        self.finish(
            Outcome::Failed,
            trouble.code,
            because,
            vec![next.to_owned()],
        );
    }

    /// What a person types to command the engine.
    pub(super) fn engine_word(&self) -> &'static str {
        self.docker().engine.program.word()
    }

    /// What stands in front of the instances, or only keeps what is known of them.
    pub(super) fn front(&self) -> &'static str {
        self.docker.as_ref().map_or("router", Docker::front)
    }

    /// What is here, as far as is known: what the target was made for, and else what the configuration says.
    pub(super) fn form(&self) -> Form {
        match self.docker.as_ref().is_some_and(Docker::is_kept) {
            true => Form::Worker,
            false => Form::Server,
        }
    }

    /// What it costs to make it anew.
    pub(super) fn interruption(&self) -> &'static str {
        match self.form() {
            Form::Server => "an interruption of about a second",
            Form::Worker => "the workers work on meanwhile",
        }
    }

    /// The way out where the router cannot take the file that it has: it is made anew, with today's settings and what the table
    /// says.
    pub(super) fn renew_router(&self) -> Vec<String> {
        vec![format!(
            "`{} rm -f {}` on the target, then `cd-action recover --environment {}`: the {} is made anew, with the same table ({})",
            self.engine_word(),
            self.docker().router(),
            self.environment().name,
            self.front(),
            self.interruption()
        )]
    }

    /// The run was asked to stop before it touched anything that serves.
    pub(super) fn stop_here(&mut self, call: &Call<Tag>) {
        if let (Tag::Open { take: true }, Some(docker)) = (&call.tag, self.docker.as_mut())
            && docker.read_opened(self.now, &call.done, true).is_ok()
        {
            self.leased = true;
        }
        if self.calls.idle() {
            let because = self.stopped();
            self.finish(Outcome::Cancelled, "cancelled", because, vec![]);
        }
    }

    pub(super) fn stopped(&mut self) -> Vec<String> {
        self.fill_published();
        let because = if self.speaking.is_some() {
            "the run was asked to stop; the run that it spoke to may have heard it all the same: `status` says how far that is"
        } else if self.pressing.is_some() {
            "the run was asked to stop while it set the stop button; `status` says whether it is set"
        } else if self.publishing.as_ref().is_some_and(Publishing::touched) {
            "the run was asked to stop; what it has published stays, and the next run does the rest"
        } else {
            "the run was asked to stop before it touched anything"
        };
        vec![because.to_owned()]
    }
}

fn sentence(code: &str) -> &'static str {
    match code {
        "engine-missing" => "there is no command of the engine",
        "engine-unreachable" => "the engine cannot be reached",
        "engine-timeout" => "the engine did not answer in time",
        "address-held" => "the address that users come to is held by something else",
        "image-missing" => "the image does not exist",
        "registry-unreachable" => "the registry cannot be reached",
        "registry-denied" => "the registry refuses",
        "secret-missing" => "a secret is not set",
        "network-unfit" => "the network does not fit",
        "router-unwell" => "the router is not well",
        _ => "the engine refuses",
    }
}
