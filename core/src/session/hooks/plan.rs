//! What a plan says of hooks, and of what comes after a point of no return.

use super::super::Session;
use super::super::planning::{interrupts, step};
use crate::config::Runs;
use crate::report::PlanStep;
use crate::rollout::{HookPlace, Plan, Retry};

/// Milliseconds that the records of a hook take at most: that it begins, and how it ended.
const RECORDS: u64 = 60_000;

impl Session {
    /// What each hook of the configuration runs, in words.
    pub(in super::super) fn hooks_in_words(&self) -> Vec<String> {
        let facts = self.facts_of_image();
        let hooks = self.environment().hooks.iter();
        hooks
            .map(|hook| match &hook.runs {
                Runs::Command(argv) => {
                    let filled = argv.iter().filter_map(|it| it.filled(&facts).ok());
                    filled.collect::<Vec<_>>().join(" ")
                }
                Runs::Session(session) => format!("the session {session} of the noxfile"),
            })
            .collect()
    }
}

/// The hooks of a place as steps; `back`: what happens where one fails before any point of no return.
pub(in super::super) fn steps(
    plan: &Plan,
    place: HookPlace,
    words: &[String],
    back: &str,
) -> Vec<PlanStep> {
    let mut past = None;
    let left_out =
        plan.person == crate::rollout::Person::Promoted && place == HookPlace::BeforeStart;
    let hooks = plan.hooks.iter().enumerate();
    let hooks = hooks.filter(|(_, it)| it.place == place && !left_out);
    let steps = hooks.map(|(at, hook)| {
        let what = words.get(at).map_or("", String::as_str);
        let mut does = format!("the hook `{}` runs here: {what}", hook.name);
        if hook.irreversible {
            does += "; a point of no return: nothing is undone from here on";
            past = (place != HookPlace::AfterCommit).then(|| stands(plan, place));
        }
        if hook.retry == Retry::Never {
            does += "; where nobody knows how far it got, no run begins it again before a person has looked";
        }
        let fails = past.as_deref().unwrap_or(back);
        step(place.word(), does, hook.deadline + RECORDS, fails)
    });
    steps.collect()
}

/// Where nothing is undone any more; a sentence each.
pub(in super::super) fn points(plan: &Plan) -> Vec<String> {
    let hooks = plan.hooks.iter().filter(|it| it.irreversible);
    let hooks = hooks.map(|it| {
        format!(
            "the hook `{}` ({}): once it has begun, nothing is undone without a person, and no rollback goes across it by itself",
            it.name,
            it.place.word()
        )
    });
    let before =
        "an earlier run of this rollout has passed one: nothing is undone without a person";
    let before = plan.past.then(|| before.to_owned());
    before.into_iter().chain(hooks).collect()
}

/// What a failure comes to after the hooks of these places; `None`: no point of no return is among them.
pub(in super::super) fn after_the_point(plan: &Plan, places: &[HookPlace]) -> Option<String> {
    let last = places.last().copied()?;
    let mut hooks = plan.hooks.iter();
    let passed = hooks.any(|it| it.irreversible && places.contains(&it.place));
    (plan.past || passed).then(|| match last {
        HookPlace::BeforeStart => stands(plan, last),
        HookPlace::BeforeSwitch | HookPlace::AfterCommit => {
            "nothing is undone: whoever has the traffic keeps it, and a person goes on from there"
                .to_owned()
        }
    })
}

/// What a failure comes to before any traffic was moved.
fn stands(plan: &Plan, place: HookPlace) -> String {
    let serves = match &plan.old {
        Some(_) if interrupts(plan) && place == HookPlace::BeforeStart => {
            "the old instances stay stopped, so nothing serves".to_owned()
        }
        Some(_) if interrupts(plan) => "nothing serves".to_owned(),
        Some(old) => format!("{} keeps the traffic", old.generation),
        None => "nothing serves, as before".to_owned(),
    };
    format!("nothing is undone: {serves}, and a person goes on from there")
}
