//! The steps of a plan in words: what each does, how long it takes at most, and what happens where it fails.

use super::super::deciding::PATIENCE;
use super::super::hooks::plan as hooking;
use crate::analysis::needed;
use crate::config::Permille;
use crate::report::{PlanStep, count};
use crate::rollout::{Form, HookPlace, Person, Plan, Share, Step, permille};
use crate::spec::Probe;

mod working;

/// Milliseconds that starting instances takes at most.
const START: u64 = 60_000;
/// Milliseconds that the router takes at most to follow a table, or the target to keep a record.
const ACT: u64 = 30_000 + PATIENCE;

const REMOVED: &str = "they are removed; nothing else was touched";
const STARTED_AGAIN: &str = "the new instances are removed, and the old ones are started again";
const STOPPED_STARTED_AGAIN: &str = "old instances that were stopped are started again, and have traffic once they answer; the new ones are removed";

fn losing_traffic(stops: usize, go_on: usize, some_do: bool) -> String {
    let mut does = format!("{} lose the traffic and stop", count(stops, "old instance"));
    if stops == 1 {
        does = "1 old instance loses the traffic and stops".to_owned();
    }
    if some_do {
        does += &format!("; {} of both versions serve on", count(go_on, "instance"));
    }
    does
}

/// Whether the old instances stop before the new ones start.
pub(in super::super) fn interrupts(plan: &Plan) -> bool {
    plan.strategy.interrupts() && plan.olds() > 0
}

/// Whether some of the old instances stop on the way while others go on.
fn replaces(plan: &Plan) -> bool {
    let withdraws = |step: &Step| matches!(step, Step::Withdraw { .. });
    !interrupts(plan) && plan.olds() > 0 && plan.steps().iter().any(withdraws)
}

/// What a plan says of those that serve before.
#[derive(Clone)]
struct Beside {
    place: &'static str,
    stand_by: &'static str,
    /// What happens where the new ones do not start.
    unstarted: String,
    /// What happens where anything after that fails.
    back: String,
}

fn beside(plan: &Plan) -> Beside {
    if plan.form == Form::Worker {
        return working::beside(plan);
    }
    match &plan.old {
        None => Beside {
            place: "",
            stand_by: "",
            unstarted: REMOVED.to_owned(),
            back: "the new instances are removed; nothing served before".to_owned(),
        },
        Some(_) if interrupts(plan) => Beside {
            place: " in place of the old ones",
            stand_by: "",
            unstarted: STARTED_AGAIN.to_owned(),
            back: STARTED_AGAIN.to_owned(),
        },
        Some(old) => Beside {
            place: " beside the old ones",
            stand_by: if replaces(plan) {
                "; the old ones that still run stand by in the router"
            } else {
                "; the old ones stand by in the router"
            },
            unstarted: REMOVED.to_owned(),
            back: format!("traffic goes back to {}, which still runs", old.generation),
        },
    }
}

impl Beside {
    /// The same where a point of no return has been passed by then, with what that means.
    fn past(&self, after: Option<String>) -> Self {
        let Some(after) = after else {
            return self.clone();
        };
        Self {
            unstarted: after.clone(),
            back: after,
            ..self.clone()
        }
    }
}

/// What is done one after the other, how long it takes at most, and what happens where it fails.
pub(super) fn steps(
    plan: &Plan,
    version: &str,
    probe: &Probe,
    listen: &str,
    hooks: &[String],
) -> Vec<PlanStep> {
    let mut lines = Lines {
        plan,
        version,
        probe,
        listen,
        hooks,
        fails: beside(plan),
        told: Vec::new(),
        standing: plan.olds(),
        brought: 0,
        joined: 0,
        share: None,
    };
    if plan.person == Person::Promoted {
        lines.passes(&[HookPlace::BeforeStart]);
    }
    for step in plan.steps() {
        lines.tell(step);
    }
    lines.retire();
    lines.told
}

/// A plan that is being told, and how far.
struct Lines<'a> {
    plan: &'a Plan,
    version: &'a str,
    /// What is asked of the new instances.
    probe: &'a Probe,
    listen: &'a str,
    /// What each hook runs.
    hooks: &'a [String],
    fails: Beside,
    told: Vec<PlanStep>,
    /// Old instances that go on.
    standing: usize,
    /// New instances that were started.
    brought: usize,
    /// Those of them that have traffic.
    joined: usize,
    /// The share of the traffic that the new ones have; `None`: that of so many instances.
    share: Option<Share>,
}

impl Lines<'_> {
    fn tell(&mut self, of: Step) {
        if self.plan.form == Form::Worker && self.tell_of_a_worker(of) {
            return;
        }
        let (timing, back) = (&self.plan.timing, self.fails.back.clone());
        match of {
            Step::Begin => {}
            Step::Withdraw { keep } => self.withdraw(keep),
            Step::Start { upto } => self.start(upto),
            Step::Prove => {
                let traffic = if self.joined == 0 {
                    "without traffic"
                } else {
                    "the new ones among them without traffic"
                };
                let does = format!(
                    "each answers {} in a row through the router, by name, {traffic}",
                    count(timing.successes as usize, "time")
                );
                self.say("prove", does, timing.prove + ACT, &back);
            }
            Step::Wait => self.wait(),
            Step::Shift(share) => self.shift(share),
            Step::Join => {
                self.passes(&[HookPlace::BeforeStart, HookPlace::BeforeSwitch]);
                self.joined = self.brought;
                let what = if self.plan.sticky { "users" } else { "traffic" };
                let does = format!(
                    "{} new and {} old instances share the {what} of {} evenly",
                    self.brought, self.standing, self.listen
                );
                let back = self.fails.back.clone();
                self.say("shift", does, ACT, &back);
            }
            Step::Pause => self.pause(),
            Step::Bake => {
                let seconds = timing.bake / 1000;
                let does = format!("the new instances are watched under traffic for {seconds} s");
                self.say("bake", does, timing.bake + timing.prove, &back);
            }
            Step::Commit => {
                let does = format!("{} is recorded as known-good", self.version);
                self.say("commit", does, ACT, &back);
            }
            Step::Hook(at) => self.hook(at),
        }
    }

    fn say(&mut self, name: &str, does: String, worst: u64, on_failure: &str) {
        self.told.push(step(name, does, worst, on_failure));
    }

    /// From here on a failure comes to what it does after the hooks of these places.
    fn passes(&mut self, places: &[HookPlace]) {
        self.fails = self.fails.past(hooking::after_the_point(self.plan, places));
    }

    fn withdraw(&mut self, keep: usize) {
        let (stops, drain) = (self.standing - keep, self.plan.timing.drain);
        self.standing = keep;
        if stops == 0 {
            return;
        }
        if keep > 0 && !self.plan.past {
            let back = match self.plan.form {
                Form::Server => STOPPED_STARTED_AGAIN,
                Form::Worker => working::STOPPED_STARTED_AGAIN,
            };
            self.fails.unstarted = back.to_owned();
            self.fails.back = back.to_owned();
        }
        let does = match self.plan.form {
            Form::Server => losing_traffic(stops, keep + self.brought, keep > 0),
            Form::Worker => working::stopping(stops, keep + self.brought, drain),
        };
        let back = if self.brought == 0 {
            "the old instances are started again".to_owned()
        } else {
            self.fails.back.clone()
        };
        self.say("withdraw", does, ACT + drain + 30_000, &back);
    }

    fn start(&mut self, upto: usize) {
        let (news, all) = (upto - self.brought, self.plan.new.members.len());
        if self.brought == 0 {
            self.passes(&[HookPlace::BeforeStart]);
        }
        self.brought = upto;
        let mut does = format!(
            "{} of {}{}",
            count(news, "new instance"),
            self.version,
            self.fails.place
        );
        if news < all {
            does += &format!(", {upto} of {all} by then");
        }
        let back = self.fails.unstarted.clone();
        self.say("start", does, START, &back);
    }

    fn wait(&mut self) {
        let Person::Asked { within } = self.plan.person else {
            return;
        };
        let does = format!(
            "{} waits without traffic until a person promotes it, {} s at most; this run ends",
            self.version,
            within / 1000
        );
        let back = "a person aborts it, or the next run after that time puts it away";
        self.say("wait", does, 0, back);
    }

    fn shift(&mut self, share: Share) {
        self.passes(&[HookPlace::BeforeStart, HookPlace::BeforeSwitch]);
        self.share = Some(share);
        let does = match self.made(share) {
            Some(made) if self.plan.sticky => format!(
                "{made} of the users of {} go to the new instances, the rest to the old ones; nobody goes back (a cookie keeps each with a version; requests without one are spread)",
                self.listen
            ),
            Some(made) => format!(
                "{made} of the traffic of {} goes to the new instances, the rest to the old ones",
                self.listen
            ),
            None => format!(
                "all traffic of {} goes to the new instances{}",
                self.listen, self.fails.stand_by
            ),
        };
        let back = self.fails.back.clone();
        self.say("shift", does, ACT, &back);
    }

    /// What the router makes of a share; `None`: it is all of the traffic.
    fn made(&self, share: Share) -> Option<String> {
        let old = self.plan.old.as_ref().filter(|_| share < Share::ALL)?;
        let table = self.plan.shared(old, &self.plan.new, share);
        let made = permille(&table, self.plan.new.generation);
        Some(format!("{}.{} %", made / 10, made % 10))
    }

    fn pause(&mut self) {
        let (timing, back) = (&self.plan.timing, self.fails.back.clone());
        let seconds = timing.pause / 1000;
        let (does, more) = match self.share {
            Some(Share(share)) => (
                format!(
                    "both versions are watched side by side at {share} % for {seconds} s{}",
                    takes(self.plan, share)
                ),
                self.plan.comparison.as_ref().map_or(0, |it| it.deadline),
            ),
            None if timing.pause == 0 => (
                "the new instances are looked at beside the old ones".to_owned(),
                0,
            ),
            None => (
                format!("the new instances are watched beside the old ones for {seconds} s"),
                0,
            ),
        };
        self.say("pause", does, timing.pause + timing.prove + more, &back);
        self.ask();
    }

    /// A person says whether it gets more than this share.
    fn ask(&mut self) {
        let waits = &self.plan.waits;
        let Some((Share(share), within)) = self.share.and_then(|it| Some((it, *waits.get(&it)?)))
        else {
            return;
        };
        let does = format!(
            "this run waits at {share} % until a person promotes {}, {} s at most, and watches both versions all the while",
            self.version,
            within / 1000
        );
        let back = self.fails.back.clone();
        self.say("wait", does, within, &back);
    }

    /// Whether a point of no return has been passed before the switch.
    fn is_past(&self) -> bool {
        hooking::after_the_point(self.plan, &[HookPlace::BeforeStart]).is_some()
    }

    /// All hooks of a place are told with the first of them.
    fn hook(&mut self, at: usize) {
        let hooks = &self.plan.hooks;
        let Some(place) = hooks.get(at).map(|it| it.place) else {
            return;
        };
        if hooks.iter().take(at).any(|it| it.place == place) {
            return;
        }
        if place == HookPlace::BeforeSwitch {
            self.passes(&[HookPlace::BeforeStart]);
        }
        let back = match place {
            HookPlace::BeforeStart if !interrupts(self.plan) => {
                "nothing else is done, and what serves is as it was".to_owned()
            }
            // No traffic was moved by then.
            HookPlace::BeforeSwitch if !interrupts(self.plan) && !self.is_past() => {
                "the new instances are removed, and what serves is as it was".to_owned()
            }
            HookPlace::BeforeStart | HookPlace::BeforeSwitch => self.fails.back.clone(),
            HookPlace::AfterCommit => {
                "the hooks after it are left out; the new version serves all the same".to_owned()
            }
        };
        let lines = hooking::steps(self.plan, place, self.hooks, &back);
        self.told.extend(lines);
    }

    /// What served before is put away.
    fn retire(&mut self) {
        let (olds, drain) = (self.plan.olds(), self.plan.timing.drain);
        if olds == 0 {
            return;
        }
        let does = if self.plan.form == Form::Worker {
            working::retiring(olds, drain)
        } else if replaces(self.plan) {
            format!("old instances that still run drain, then all {olds} are removed")
        } else {
            format!("{} drain, then are removed", count(olds, "old instance"))
        };
        self.say("retire", does, drain + 30_000, "the next run removes them");
    }
}

pub(in super::super) fn step(name: &str, does: String, worst: u64, on_failure: &str) -> PlanStep {
    PlanStep {
        name: name.to_owned(),
        does,
        worst,
        on_failure: on_failure.to_owned(),
    }
}

/// What a comparison at this share takes, in words: how many requests, since the traffic is not known before there is any.
fn takes(plan: &Plan, share: u8) -> String {
    let Some(comparison) = &plan.comparison else {
        return String::new();
    };
    let weight = Permille(u16::from(share) * 10);
    let pass = needed(comparison.errors, ONE_IN_A_HUNDRED, weight, Permille(0)).pass;
    let tails = comparison.latency.iter().flat_map(|rule| rule.margins());
    let tails = tails.map(|margin| needed(margin, ONE_IN_A_HUNDRED, weight, Permille(0)).pass);
    let pass = tails.fold(pass, |most, tail| most.zip(tail).map(|(a, b)| a.max(b)));
    let Some(pass) = pass else {
        return "; where nothing is tolerated no evidence is enough: it goes back at the deadline"
            .to_owned();
    };
    let all = pass * 100 / u64::from(share.max(1));
    let a_second = all.div_ceil(
        (plan.timing.pause + comparison.deadline)
            .div_ceil(1000)
            .max(1),
    );
    let slow = if comparison.latency.is_some() {
        " and no slower"
    } else {
        ""
    };
    let metrics: Vec<&str> = comparison
        .metrics
        .iter()
        .map(|it| it.rule.name.as_str())
        .collect();
    let metrics = if metrics.is_empty() {
        String::new()
    } else {
        format!(", and {} within the limits", metrics.join(", "))
    };
    format!(
        ", and on until there is evidence that the new one is no worse{slow}{metrics}: about {pass} of its requests, {all} in all, where 1 in 100 of either goes wrong; with fewer than {a_second} a second it goes back after {} s more, and blue-green is the better strategy",
        comparison.deadline / 1000
    )
}

/// Millionths.
const ONE_IN_A_HUNDRED: u64 = 10_000;

#[cfg(test)]
mod tests;
