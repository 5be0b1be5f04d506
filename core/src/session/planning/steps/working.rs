//! The same steps of a worker, which works from its start on: nobody asks it, so nothing is said of traffic.

use super::{ACT, Beside, HookPlace, Lines, Plan, Share, Step, count, interrupts, replaces};
use crate::rollout::Timing;
use crate::spec::Probe;

pub(super) const STOPPED_STARTED_AGAIN: &str = "old instances that were stopped are started again; once they are well the new ones stop and are removed";
const STARTED_AGAIN: &str = "the new instances stop, and the old ones are started again";
const REMOVED: &str = "they stop and are removed; nothing else was touched";

/// What a plan says of those that work before.
pub(super) fn beside(plan: &Plan) -> Beside {
    let (place, stand_by, unstarted, back) = match &plan.old {
        None => (
            "",
            "",
            REMOVED,
            "the new instances stop and are removed; nothing worked before".to_owned(),
        ),
        Some(_) if interrupts(plan) => (
            " in place of the old ones, which have stopped",
            "",
            STARTED_AGAIN,
            STARTED_AGAIN.to_owned(),
        ),
        Some(old) => (
            " beside the old ones, working from its start on",
            if replaces(plan) {
                "; the old ones that still run work on until that is recorded"
            } else {
                "; the old ones work on until that is recorded"
            },
            REMOVED,
            format!(
                "the new instances stop and are removed; {}, which still runs, works on",
                old.generation
            ),
        ),
    };
    Beside {
        place,
        stand_by,
        unstarted: unstarted.to_owned(),
        back,
    }
}

/// How the old ones stop.
pub(super) fn stopping(stops: usize, go_on: usize, drain: u64) -> String {
    let stop = if stops == 1 { "stops" } else { "stop" };
    let mut does = format!(
        "{} {stop}: SIGTERM, and SIGKILL for what has not ended after {}",
        count(stops, "old instance"),
        seconds(drain)
    );
    if go_on > 0 {
        does += &format!("; {} of both versions work on", count(go_on, "instance"));
    }
    does
}

/// How what worked before is put away.
pub(super) fn retiring(olds: usize, drain: u64) -> String {
    format!(
        "what still runs of {} stops (SIGTERM, SIGKILL after {}, at once where the run is cancelled), then all are removed",
        count(olds, "old instance"),
        seconds(drain)
    )
}

fn seconds(millis: u64) -> String {
    format!("{} s", millis.div_ceil(1000))
}

/// What has to be seen of each before it counts as proven.
fn proving(probe: &Probe, timing: &Timing) -> String {
    let times = count(timing.successes as usize, "time");
    match probe {
        Probe::Exec(_) => {
            format!("the command of `health.exec` ends with 0 in each, {times} in a row")
        }
        Probe::Image => format!("the image's HEALTHCHECK calls each healthy, {times} in a row"),
        Probe::Runs(long) => format!(
            "each runs on for {} without an exit or a restart, which is all that is asked",
            seconds(*long)
        ),
        Probe::Http { .. } | Probe::Tcp => format!("each answers {times} in a row"),
    }
}

impl Lines<'_> {
    /// Whether this step means something else of a worker; then it is told.
    pub(super) fn tell_of_a_worker(&mut self, of: Step) -> bool {
        let (timing, back) = (&self.plan.timing, self.fails.back.clone());
        match of {
            Step::Prove => {
                let does = proving(self.probe, timing);
                self.say("prove", does, timing.prove + ACT, &back);
            }
            Step::Shift(Share::ALL) => {
                self.passes(&[HookPlace::BeforeStart, HookPlace::BeforeSwitch]);
                self.share = Some(Share::ALL);
                let does = format!(
                    "the new instances are those that are to work{}",
                    self.fails.stand_by
                );
                let back = self.fails.back.clone();
                self.say("take over", does, ACT, &back);
            }
            Step::Join => {
                self.passes(&[HookPlace::BeforeStart, HookPlace::BeforeSwitch]);
                self.joined = self.brought;
                let does = format!(
                    "{} new and {} old instances are to work side by side",
                    self.brought, self.standing
                );
                let back = self.fails.back.clone();
                self.say("take over", does, ACT, &back);
            }
            Step::Bake => {
                let does = format!(
                    "the new instances are watched for {}: exits, restarts, health",
                    seconds(timing.bake)
                );
                self.say("bake", does, timing.bake + timing.prove, &back);
            }
            Step::Begin
            | Step::Withdraw { .. }
            | Step::Start { .. }
            | Step::Wait
            | Step::Shift(_)
            | Step::Pause
            | Step::Commit
            | Step::Hook(_) => return false,
        }
        true
    }
}
