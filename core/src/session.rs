//! One run of the action, from the request to the report.
//!
//! The way: what is asked for → the configuration → the engine → what is there → (deploy) the image → the house (network,
//! volume, router) → the lease, with everything that is remembered → what a dead run left → the decision → the rollout →
//! the report. Each stage is entered by asking for what it needs, and left in the `on_*` that hears of it.

mod asking;
mod calls;
mod cancelling;
mod closing;
mod connecting;
mod deciding;
mod deployments;
mod deriving;
mod facts;
mod gating;
mod hooks;
mod housing;
mod imaging;
mod looking;
mod losing;
mod measuring;
mod meeting;
mod memory;
mod ordering;
mod planning;
mod proving;
mod publishing;
mod recovering;
mod request;
mod returning;
mod rolling;
mod secrets;
mod showing;
mod speaking;
mod stopping;
mod tag;
mod taking;
mod troubles;
mod visiting;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, Environment};
use crate::protocol::{
    Begin, Completion, Effect, Emit, Input, Level, Misuse, Outcome, Output, Platform, Timestamp,
};
use crate::report::{Log, Report};
use crate::rollout::{Action, ActionId, Rollout};
use crate::spec::Release;
use crate::stop::Stop;
use crate::target::docker::{Docker, Image, Listed, Opened, Step, Survey};
use calls::{Call, Calls, Progress};
use facts::Facts;
use gating::Gating;
use memory::{Memory, Story};
use proving::Proof;
use publishing::Publishing;
use request::{Command, Parsed, Request};
use tag::Tag;

/// What the rollout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To finish or undo what a dead run left.
    Recover,
    /// What was asked for.
    Deploy,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Session {
    now: Timestamp,
    calls: Calls<Tag>,
    begin: Begin,
    begun: bool,
    request: Option<Request>,
    configs: Vec<(String, Option<String>)>,
    config: Option<Config>,
    environment: Option<Environment>,
    facts: Facts,
    /// The commit that the image has to be of; `None`: any.
    expected: Option<String>,
    publishing: Option<Publishing>,
    /// Whether somebody named the image, rather than the commit's own names leading to it.
    image_given: bool,
    gating: Option<Gating>,
    /// The deployment that the platform is told of, and whether that was begun.
    told: Option<deployments::Told>,
    announced: bool,
    /// What a dead run left was settled by this one.
    settled: bool,
    /// How a release ended, while the file about it is written.
    handed: Option<(&'static str, Vec<String>, Vec<String>)>,
    docker: Option<Docker>,
    /// What was listed at the last look.
    listed: Vec<Listed>,
    survey: Survey,
    /// The first look has two halves, side by side: which of them are over.
    surveyed: bool,
    imaged: bool,
    image: Option<Image>,
    /// The image is not on the engine, and only a plan is wanted.
    unseen: bool,
    opened: Opened,
    memory: Option<Memory>,
    /// The digest, version and configuration that are wanted.
    wanted: Option<Release>,
    fingerprints: BTreeMap<String, Option<String>>,
    good_images: BTreeMap<String, bool>,
    /// Images of those that were not here and were asked for at their registry, by digest.
    fetched: BTreeSet<String>,
    /// The engine's command line was refused an image, and fetches by the configured login.
    logged_in: bool,
    recovered: bool,
    /// The last table was refused for good: the router cannot take the file.
    refused: bool,
    /// What was found to be put right, while that is done.
    left: String,
    leased: bool,
    /// A rollout stranded: something of it may still be under way, so whoever comes next waits for the end of the lease.
    in_doubt: bool,
    lease_deadline: Timestamp,
    /// How often making the house failed, and when it is looked at again.
    house_tries: u32,
    look_again: Option<Timestamp>,
    /// When to ask for the lease again.
    again: Option<Timestamp>,
    renewed: Timestamp,
    rollout: Option<Rollout>,
    purpose: Purpose,
    story: Option<Story>,
    /// The last act whose record was made, so that a second try makes no second one.
    noted: Option<Action>,
    /// Acts of the rollout that are under way: when they were begun, and the records that are there once they come through.
    acting: BTreeMap<ActionId, (Timestamp, Action, usize)>,
    /// The hook that runs, and what hooks have said.
    hooking: Option<hooks::Hooking>,
    said: Vec<Log>,
    /// What this run has told another one that asks a person.
    speaking: Option<speaking::Speaking>,
    /// Whom this run met first, begun to promote or to abort: nothing is said to anybody else.
    met: Option<meeting::Met>,
    /// The stop that this run sets.
    pressing: Option<Stop>,
    /// The pressing that a person has overridden for this run.
    overridden_stop: Option<String>,
    /// What tells other environments that the image was proven here.
    proof: Proof,
    /// What was seen in the visit of the route that has just been heard of.
    ahead: Option<visiting::Ahead>,
    /// When what is under way is ended, once the run was asked to stop.
    abort_at: Option<Timestamp>,
    /// When the run ends whatever is under way.
    give_up_at: Option<Timestamp>,
    shown: String,
    shown_at: Timestamp,
    cancelled: bool,
    report: Report,
    /// The path of the plan as a comment; empty: there is none.
    comment: String,
    ending: bool,
    done: Option<(Outcome, u8)>,
    over: bool,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A run that has not begun.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {
            now: Timestamp(0),
            calls: Calls::new(),
            begin: Begin::default(),
            begun: false,
            request: None,
            configs: Vec::new(),
            config: None,
            environment: None,
            facts: Facts::default(),
            expected: None,
            publishing: None,
            image_given: false,
            gating: None,
            told: None,
            announced: false,
            settled: false,
            handed: None,
            docker: None,
            listed: Vec::new(),
            survey: Survey::default(),
            surveyed: false,
            imaged: false,
            image: None,
            unseen: false,
            opened: Opened::default(),
            memory: None,
            wanted: None,
            fingerprints: BTreeMap::new(),
            good_images: BTreeMap::new(),
            fetched: BTreeSet::new(),
            logged_in: false,
            recovered: false,
            refused: false,
            left: String::new(),
            leased: false,
            in_doubt: false,
            lease_deadline: Timestamp(0),
            house_tries: 0,
            look_again: None,
            again: None,
            renewed: Timestamp(0),
            rollout: None,
            purpose: Purpose::Deploy,
            story: None,
            noted: None,
            acting: BTreeMap::new(),
            hooking: None,
            said: Vec::new(),
            speaking: None,
            met: None,
            pressing: None,
            overridden_stop: None,
            proof: Proof::Due,
            ahead: None,
            abort_at: None,
            give_up_at: None,
            shown: String::new(),
            shown_at: Timestamp(0),
            cancelled: false,
            report: Report::new("", Timestamp(0)),
            comment: String::new(),
            ending: false,
            done: None,
            over: false,
        }
    }

    /// Takes in what happened. Time never goes back: an earlier `now` counts as the latest one so far.
    ///
    /// # Errors
    /// A [`Misuse`] where the caller broke the contract; the session is then of no further use.
    pub(crate) fn handle(&mut self, now: Timestamp, input: Input) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        if self.over {
            return Err(Misuse::Over);
        }
        if self.begun == matches!(input, Input::Begin(_)) {
            return Err(Misuse::NotBegun);
        }
        match input {
            Input::Begin(begin) => self.on_begin(*begin),
            Input::Completed { id, completion } => match self.calls.completed(id, completion) {
                Progress::Unknown => return Err(Misuse::UnknownEffect(id)),
                Progress::Going => {}
                Progress::Over(call) => self.on_call(call),
            },
            Input::Cancel { grace } => self.on_cancel(grace),
            Input::Tick => {}
        }
        self.on_time();
        Ok(())
    }

    /// Gives out what to do next.
    #[must_use]
    pub(crate) fn poll(&mut self) -> Output {
        if let Some(output) = self.calls.poll() {
            return output;
        }
        if let Some((outcome, exit_code)) = self.done {
            self.over = true;
            return Output::Done { outcome, exit_code };
        }
        Output::Idle {
            wake_at: self.wake_at(),
            reason: self.waiting_for(),
        }
    }

    /// What there is to say about the run by now.
    pub(crate) const fn report(&self) -> &Report {
        &self.report
    }

    fn on_begin(&mut self, begin: Begin) {
        self.begun = true;
        self.begin = begin;
        self.facts = Facts::of(&self.begin);
        self.report = Report::new("", self.now);
        self.report.journal.clone_from(&self.begin.journal);
        self.report.run_url.clone_from(&self.facts.run_url);
        match request::parse(&self.begin) {
            Parsed::Help(text) => {
                self.emit(Emit::Answer { json: text });
                self.done = Some((Outcome::Shown, 0));
            }
            Parsed::Mistakes(mistakes) => {
                let next = vec!["`cd-action --help` lists commands and flags".to_owned()];
                self.finish(Outcome::Invalid, "input", mistakes, next);
            }
            Parsed::Request(request) => {
                self.report.command = request.command.word().to_owned();
                self.lease_deadline = self.now.plus(request.wait);
                self.request = Some(*request);
                if self.begin.platform == Platform::ActionsPost && !self.facts.post_has_work {
                    self.done = Some((Outcome::Shown, 0));
                    return;
                }
                self.read_config();
            }
        }
    }

    /// A call is over: on to what comes after it.
    fn on_call(&mut self, call: Call<Tag>) {
        if self.ending && call.tag.looks() {
            // The other half of the first look, where one half has ended the run.
            return;
        }
        if self.cancelled && !self.ending && !call.tag.heard_when_cancelled() {
            return self.stop_here(&call);
        }
        match call.tag.clone() {
            Tag::Config(at) => self.on_config(at, &call.done),
            Tag::Gathered => self.on_gathered(&call.done),
            Tag::Logins(repositories) => self.on_logins(&repositories, &call.done),
            Tag::Work(id) => self.on_work(id, &call.done),
            Tag::Asked(id) => self.on_asked(id, &call.done),
            Tag::Handed => self.on_handed(&call.done),
            Tag::Credentials => self.on_credentials(&call.done),
            Tag::Tunnel => self.on_tunnel(&call.done),
            Tag::Forgotten => self.look(),
            Tag::Names { held } => self.on_names(held, &call.done),
            Tag::Containers { held } => self.on_containers(held, call.done.first()),
            Tag::Image { pulled } => self.on_image(pulled, &call.done),
            Tag::RouterImage { pulled } => self.on_router_image(pulled, &call.done),
            Tag::Volume => self.on_volume(&call.done),
            Tag::Publishers => self.on_publishers(&call.done),
            Tag::Listeners => self.on_listeners(&call.done),
            Tag::Range => self.on_range(&call.done),
            Tag::Network => self.on_network(&call.done),
            Tag::Several => self.on_several(),
            Tag::Router => self.on_router(&call.done),
            Tag::RouterStarted => self.on_router_started(&call.done),
            Tag::Unmade(trouble) => self.on_unmade(&trouble),
            Tag::Open { take } => self.on_open(take, &call.done),
            Tag::Key => self.on_key(&call.done),
            Tag::Fingerprint => self.on_fingerprint(&call.done),
            Tag::Secrets => self.on_secrets(&call.done),
            Tag::GoodImages => self.on_good_images(&call.done),
            Tag::GoodImage(reference) => self.on_good_image(reference, &call.done),
            Tag::Ancestor => self.on_ancestor(&call.done),
            Tag::Serving(action) => self.on_serving(&action, call),
            Tag::Act(id, action) => self.on_act(id, action, call),
            Tag::RouteAndLook(id, action, at) => self.on_route_and_look(id, &action, at, call),
            Tag::Look(of) => self.on_look(&of, call),
            Tag::Hook => self.on_hook(&call.done),
            Tag::Renew => self.on_renewed(&call.done),
            Tag::Kept => self.on_kept(&call.done),
            Tag::LetGo | Tag::Released => self.close(),
            Tag::Told => self.on_told(&call.done),
            Tag::Pressed => self.on_pressed(&call.done),
            Tag::Lifted => self.on_lifted(&call.done),
            Tag::Proof => self.on_proof(&call.done),
            Tag::Announced => self.on_announced(&call.done),
            Tag::Concluded => self.on_concluded(&call.done),
            Tag::Written => self.say_goodbye(&call.done),
        }
    }

    fn on_time(&mut self) {
        let now = self.now;
        self.on_deadlines();
        if self.look_again.is_some_and(|at| at <= now) {
            self.look_again = None;
            self.survey(false);
        }
        if self.again.is_some_and(|again| again <= now) {
            self.again = None;
            self.open(self.speaking.is_none());
        }
        self.wake_works();
        self.wake_proof();
        self.wake_telling();
        self.wake_gates();
        if let Some(rollout) = self.rollout.as_mut() {
            if rollout.wake_at().is_some_and(|at| at <= now) {
                rollout.tick(now);
            }
            self.drive();
        }
        self.renew_in_time();
    }

    fn wake_at(&self) -> Option<Timestamp> {
        let rollout = self.rollout.as_ref().and_then(Rollout::wake_at);
        let deadlines = [self.abort_at, self.give_up_at];
        let works = self.publishing.as_ref().and_then(Publishing::wake_at);
        let gates = self.gating.as_ref().and_then(Gating::wake_at);
        let renewal = self.renewal_due();
        let told = self.told.as_ref().and_then(deployments::Told::wake_at);
        let waits = [self.again, self.look_again, works, gates, rollout, renewal];
        let all = waits.into_iter().chain(deadlines).chain([told]).flatten();
        if self.ending {
            let last = [self.proof.wake_at(), told];
            deadlines.into_iter().chain(last).flatten().min()
        } else {
            all.min()
        }
    }

    fn waiting_for(&self) -> String {
        match (&self.rollout, self.again) {
            (Some(rollout), _) => rollout.phase().to_owned(),
            (None, Some(_)) => "the lease that another run holds".to_owned(),
            (None, None) if self.gating.as_ref().is_some_and(Gating::waits) => {
                "the gates".to_owned()
            }
            (None, None) => "an answer".to_owned(),
        }
    }

    // --- small words ---------------------------------------------------------------------------------------------

    fn emit(&mut self, emit: Emit) {
        self.calls.say(Output::Emit { emit });
    }

    fn info(&mut self, text: impl Into<String>) {
        self.emit(Emit::Log {
            level: Level::Info,
            text: text.into(),
        });
    }

    /// Begins a call. One without commands is over at once.
    fn call(&mut self, tag: Tag, steps: Vec<Step>) {
        if let Some(call) = self.calls.begin(Call {
            tag,
            steps,
            done: Vec::new(),
        }) {
            self.on_call(call);
        }
    }

    fn effect(&mut self, tag: Tag, effect: Effect) {
        self.call(tag, vec![Step::strict(effect)]);
    }

    fn request(&self) -> &Request {
        self.request
            .as_ref()
            .expect("every stage after the first has a request")
    }

    fn environment(&self) -> &Environment {
        self.environment
            .as_ref()
            .expect("every stage after the configuration has an environment")
    }

    fn docker(&self) -> &Docker {
        self.docker
            .as_ref()
            .expect("every stage after the configuration has a target")
    }

    fn docker_mut(&mut self) -> &mut Docker {
        self.docker
            .as_mut()
            .expect("every stage after the configuration has a target")
    }

    fn memory(&self) -> &Memory {
        self.memory
            .as_ref()
            .expect("every stage after the lease remembers")
    }

    const fn looks_only(command: Command) -> bool {
        match command {
            Command::Plan | Command::Status => true,
            Command::Release
            | Command::Deploy
            | Command::Promote
            | Command::Abort
            | Command::Rollback
            | Command::Stop
            | Command::Resume
            | Command::Recover => false,
        }
    }
}

/// What a completed file effect holds.
fn text_of(done: &[Completion]) -> Option<String> {
    done.iter().find_map(|completion| match completion {
        Completion::Read { text } => Some(text.clone()),
        Completion::Exited { .. }
        | Completion::TimedOut { .. }
        | Completion::Opened
        | Completion::Recalled { .. }
        | Completion::Written
        | Completion::Fetched { .. }
        | Completion::Unset { .. }
        | Completion::Fingerprinted { .. }
        | Completion::Failed { .. } => None,
    })
}
