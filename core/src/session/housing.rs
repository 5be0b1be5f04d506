//! The house: network, volume and router, made by the first deploy and never replaced by a later one; and the lease.

use super::request::Command;
use super::{Session, Tag};
use crate::protocol::{Completion, Content, Effect, Emit, Fault, Outcome, Run};
use crate::rollout::Form;
use crate::target::docker::{Beside, Step, Trouble};

/// What the engine calls a container that ends as soon as it is started.
pub(super) const RESTARTING: &str = "restarting";

/// What the engine calls a container that somebody has paused.
pub(super) const PAUSED: &str = "paused";

/// How often the house is looked at again where making it failed.
const HOUSE_TRIES: u32 = 3;

/// Milliseconds between two tries to get a lease.
const LEASE_RETRY: u64 = 1_000;

/// Milliseconds between two lines that say so.
const LEASE_SAID: u64 = 10_000;

/// Segments of the ledger that a deploy reads: the newest begins with all that is known from before.
const NEWEST: u32 = 1;

/// Segments that `status` reads: all there can be.
const ALL: u32 = 100_000;

/// A command that does nothing, and cannot be begun where this variable is not set.
fn is_set(name: &str) -> Step {
    let secret = Content::Secret {
        name: name.to_owned(),
    };
    let run = Run {
        argv: vec!["true".to_owned()],
        env: [(name.to_owned(), secret)].into(),
        inherit: vec!["PATH".to_owned()],
        timeout: 10_000,
        output_limit: 1024,
        ..Run::default()
    };
    // Side by side: all that are missing are told at once.
    Step::strict(Effect::Run(run)).beside()
}

impl Session {
    /// Sees to it that there is a router to speak to.
    pub(super) fn enter_house(&mut self) {
        match &self.survey.router {
            Some(router) if router.running => self.open(true),
            // It holds the address now and then: who listens there tells nothing.
            Some(router) if router.status == RESTARTING => self.own_router_holds(),
            // What a paused router holds shows that it is; a keeper holds nothing.
            Some(router) if router.status == PAUSED && self.form() == Form::Worker => {
                self.own_router_holds();
            }
            Some(_) => self.look_who_listens(),
            None => self.look_at_secrets(),
        }
    }

    /// Whether all secrets are set is known before anything is made: fingerprints of them need a house.
    fn look_at_secrets(&mut self) {
        let steps: Vec<Step> = self.needed_secrets().iter().map(|it| is_set(it)).collect();
        if steps.is_empty() {
            return self.look_at_router_image();
        }
        self.call(Tag::Secrets, steps);
    }

    pub(super) fn on_secrets(&mut self, done: &[Completion]) {
        let is_missing = |it: &Completion| {
            matches!(
                it,
                Completion::Failed {
                    fault: Fault::SecretMissing,
                    ..
                }
            )
        };
        let asked = self.needed_secrets().into_iter().zip(done);
        let missing: Vec<String> = asked
            .filter(|(_, it)| is_missing(it))
            .map(|(name, _)| name)
            .collect();
        if missing.is_empty() {
            self.look_at_router_image()
        } else {
            self.secrets_missing(&missing)
        }
    }

    pub(super) fn on_router_started(&mut self, done: &[Completion]) {
        match done.last() {
            Some(Completion::Exited { code: Some(0), .. }) => self.open(true),
            Some(failed) => self.trouble(&Trouble::of(failed)),
            None => self.open(true),
        }
    }

    fn look_at_router_image(&mut self) {
        let image = self.docker().setup.image.clone();
        let steps = self.docker().image(&image, false);
        self.call(Tag::RouterImage { pulled: false }, steps);
    }

    pub(super) fn on_router_image(&mut self, pulled: bool, done: &[Completion]) {
        match self.docker_mut().read_image(done) {
            Ok(_) => self.look_who_listens(),
            Err(Trouble {
                code: "image-missing",
                ..
            }) if !pulled => {
                let image = self.docker().setup.image.clone();
                self.info(format!("fetching the {}'s image {image}", self.front()));
                let steps = self.docker().image(&image, true);
                self.call(Tag::RouterImage { pulled: true }, steps);
            }
            Err(trouble) => self.trouble(&trouble),
        }
    }

    fn look_who_listens(&mut self) {
        let steps = self.docker().publishers();
        self.call(Tag::Publishers, steps);
    }

    // --- the address ---------------------------------------------------------------------------------------------

    pub(super) fn on_publishers(&mut self, done: &[Completion]) {
        if let Some(holder) = self.docker_mut().read_publisher(done) {
            if holder == format!("the container {}", self.docker().router()) {
                // It holds the address and does not run: somebody has paused it, or is starting it.
                return self.own_router_holds();
            }
            return self.address_held(&holder);
        }
        let Some(port) = self.environment().listen.as_ref().map(|it| it.port) else {
            return self.furnish();
        };
        let steps = self.docker().listeners(port);
        self.call(Tag::Listeners, steps);
    }

    pub(super) fn on_listeners(&mut self, done: &[Completion]) {
        if let Some(holder) = self.docker().read_listener(done) {
            return self.address_held(&holder);
        }
        self.furnish();
    }

    /// Nothing is in the way of the router.
    fn furnish(&mut self) {
        if self.survey.router.is_some() {
            self.info(format!("the {} does not run: starting it", self.front()));
            let steps = self.docker().start_router();
            return self.call(Tag::RouterStarted, steps);
        }
        if self.docker().subnet.is_some() {
            return self.make_router();
        }
        let steps = self.docker().find_range(&self.unique());
        self.call(Tag::Range, steps);
    }

    /// Something listens where the router should. Before that is said, it is looked at once more: it may be the very
    /// router, made or started by another run since this one looked.
    pub(super) fn address_held(&mut self, holder: &str) {
        if self.house_tries == 0 {
            self.house_tries = 1;
            self.look_again = Some(self.now.plus(LEASE_RETRY));
            return;
        }
        let listen = self.docker().setup.listen.clone().unwrap_or_default();
        let because = vec![format!("{listen} is held by {holder}, which is not ours")];
        let next = vec![format!(
            "hand the address over: stop {holder}, then run this again (users see an interruption between the two); or choose another `listen`"
        )];
        self.finish(Outcome::Failed, "address-held", because, next);
    }

    fn own_router_holds(&mut self) {
        if self.house_tries == 0 {
            self.house_tries = 1;
            self.look_again = Some(self.now.plus(LEASE_RETRY));
            return;
        }
        let router = self.docker().router();
        let status = self.survey.router.as_ref().map(|it| it.status.clone());
        let because = vec![format!(
            "the {} {router} is {}: {}",
            self.front(),
            status.as_deref().unwrap_or_default(),
            match self.form() {
                Form::Server => "users are not served",
                Form::Worker => "what is recorded cannot be read",
            }
        )];
        let next = if status.as_deref() == Some(RESTARTING) {
            self.renew_router()
        } else {
            vec![format!(
                "`{} unpause {router}` on the target, then run this again",
                self.engine_word()
            )]
        };
        self.finish(Outcome::Failed, "router-away", because, next);
    }

    /// A word that no other run has: its folder is its own.
    pub(super) fn unique(&self) -> String {
        let name = self.begin.scratch.rsplit('/').next().unwrap_or_default();
        let word = name.chars().filter(char::is_ascii_alphanumeric);
        word.collect()
    }

    /// The engine chose a free range. The network is made again with it, for only then can addresses be pinned.
    pub(super) fn on_range(&mut self, done: &[Completion]) {
        match self.docker().read_range(done) {
            Err(trouble) => self.house_trouble(&trouble),
            Ok(subnet) => {
                let steps = self.docker().make_network(&subnet.text());
                self.call(Tag::Network, steps);
            }
        }
    }

    pub(super) fn on_network(&mut self, done: &[Completion]) {
        match self.docker_mut().read_network(done) {
            Err(trouble) => self.house_trouble(&trouble),
            Ok(Ok(_)) => self.make_router(),
            Ok(Err(several)) => {
                let remove = |id: &String| self.docker().unmake_network(id);
                let steps = several.iter().flat_map(remove).collect();
                self.call(Tag::Several, steps);
            }
        }
    }

    /// The router that could not be started is gone. Where another run's network came in between, all is looked at again.
    pub(super) fn on_unmade(&mut self, trouble: &Trouble) {
        if trouble.text.contains("ambiguous") {
            self.house_trouble(trouble)
        } else {
            self.trouble(trouble)
        }
    }

    /// Another run made the network at the same instant.
    pub(super) fn on_several(&mut self) {
        let text = "several networks of this name were made at once".to_owned();
        self.house_trouble(&Trouble {
            code: "engine-error",
            text,
        });
    }

    fn make_router(&mut self) {
        let (router, listen) = (self.docker().router(), &self.docker().setup.listen);
        self.info(match listen {
            Some(listen) => format!("making the router {router} for {listen}"),
            None => format!("making the keeper {router}, which remembers what is deployed here"),
        });
        let steps = self.docker().make_router();
        self.call(Tag::Router, steps);
    }

    pub(super) fn on_router(&mut self, done: &[Completion]) {
        if self.docker().read_other_form(done) {
            return self.remembers_another_form();
        }
        match done.last() {
            Some(Completion::Exited { code: Some(0), .. }) => self.open(true),
            Some(failed) => {
                let trouble = Trouble::of(failed);
                // A router that another run has made meanwhile is not ours to remove.
                let made = done
                    .get(2)
                    .is_some_and(|it| matches!(it, Completion::Exited { code: Some(0), .. }));
                if !made {
                    return self.house_trouble(&trouble);
                }
                let steps = self.docker().unmake_router();
                self.call(Tag::Unmade(trouble), steps);
            }
            None => self.open(true),
        }
    }

    /// The router is gone, and this configuration would make a keeper in its place, or the other way round.
    fn remembers_another_form(&mut self) {
        let (why, first) = match self.form() {
            Form::Worker => (
                "this configuration has no `run.port`, and what is remembered here is of a service that has one: users would reach nobody",
                "put `run.port` back and deploy again: that makes the router anew",
            ),
            Form::Server => (
                "this configuration has a `run.port`, and what is remembered here is of a worker without one: users would not reach it",
                "leave `run.port` out and deploy again: that makes the keeper anew",
            ),
        };
        let next = vec![
            first.to_owned(),
            "or name what you have now otherwise (`service:`)".to_owned(),
        ];
        self.finish(Outcome::Failed, "another-form", vec![why.to_owned()], next);
    }

    /// Making the house failed: perhaps because another run is making it too. It is looked at again before that is said.
    fn house_trouble(&mut self, trouble: &Trouble) {
        self.house_tries += 1;
        if self.house_tries > HOUSE_TRIES {
            return self.trouble(trouble);
        }
        self.docker_mut().subnet = None;
        self.look_again = Some(self.now.plus(LEASE_RETRY));
    }

    // --- the lease -----------------------------------------------------------------------------------------------

    /// Takes the lease, or only looks, and reads everything that is remembered.
    pub(super) fn open(&mut self, take: bool) {
        let segments = if self.request().verify { ALL } else { NEWEST };
        if take {
            // Said before it is done: should this process not live to hear the answer, `post` must look.
            self.say_open(true);
        }
        let steps = self.docker().open(take, self.now.0 / 1000, segments);
        self.call(Tag::Open { take }, steps);
    }

    /// Tells `post` whether there is anything for it to finish.
    pub(super) fn say_open(&mut self, open: bool) {
        let value = if open { "1" } else { "0" }.to_owned();
        let name = "open".to_owned();
        self.emit(Emit::State { name, value });
    }

    pub(super) fn on_open(&mut self, take: bool, done: &[Completion]) {
        let now = self.now;
        match self.docker_mut().read_opened(now, done, take) {
            Ok(opened) => {
                self.opened = opened;
                self.renewed = self.now;
                if take {
                    self.leased = true;
                    self.in_doubt = false;
                }
                if self.speaking.is_some() && !take {
                    return self.on_spoken_looked();
                }
                if !take && self.met.is_some() {
                    return self.on_met_looked();
                }
                match self.request().command {
                    Command::Status => self.show_status(),
                    Command::Stop if !take => self.on_stop_looked(),
                    // Neither looks at what serves.
                    Command::Stop | Command::Resume => self.remember(),
                    _ if take => self.survey(true),
                    Command::Release
                    | Command::Plan
                    | Command::Deploy
                    | Command::Promote
                    | Command::Abort
                    | Command::Rollback
                    | Command::Recover => {
                        self.remember();
                    }
                }
            }
            Err(trouble) if take && self.pressing.is_some() => {
                self.leased |= trouble.code == "network-unfit";
                if !self.leased {
                    self.say_open(false);
                }
                let text = trouble.text;
                let later = format!("the ledger is told by whoever has the lease next: {text}");
                self.stop_is_set(Some(&later));
            }
            Err(Trouble { code: "busy", text }) if take && self.meets(&text) => {}
            // The engine may be back at the next look.
            Err(trouble) if self.speaking.is_some() && self.now < self.lease_deadline => {
                self.info(format!("trying again: {}", trouble.text));
                self.again = Some(self.now.plus(LEASE_RETRY));
            }
            Err(Trouble { code: "busy", text }) if self.now < self.lease_deadline => {
                let left = self.lease_deadline.since(now);
                if self.shown.is_empty() || now.since(self.shown_at) >= LEASE_SAID {
                    "lease".clone_into(&mut self.shown);
                    self.shown_at = now;
                    self.info(crate::report::waiting(
                        &format!("the lease: {text}"),
                        Some(left),
                    ));
                }
                self.again = Some(self.now.plus(LEASE_RETRY));
            }
            Err(trouble) => {
                if trouble.code == "busy" {
                    self.say_open(false);
                }
                // It was taken all the same, and is given back.
                self.leased |= take && trouble.code == "network-unfit";
                self.trouble(&trouble);
            }
        }
    }

    /// The lease is asked for again in a moment.
    pub(super) fn await_lease(&mut self) {
        self.again = Some(self.now.plus(LEASE_RETRY));
    }

    pub(super) fn busy(&mut self, by: &str) {
        let mut because = vec![format!("another run holds the lease: {by}")];
        let mut next = vec!["wait for it, or give this run more patience with `wait`; a dead run's lease ends by itself".to_owned()];
        let beside = self.docker_mut().beside.take();
        if let Some(question) = beside.as_ref().and_then(Beside::asks) {
            because.push(crate::report::asks(question));
            next.push(self.what_to_say(question));
        }
        self.finish(Outcome::Busy, "lease", because, next);
    }

    pub(super) fn tampered(&mut self, what: &str) {
        let because = vec![format!("the ledger is not what was written: {what}")];
        let next = vec![
            "nothing is deployed on a memory that cannot be trusted: find out who wrote to the volume; `status` shows what still reads".to_owned(),
        ];
        self.finish(Outcome::Failed, "ledger-tampered", because, next);
    }
}
