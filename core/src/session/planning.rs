//! A plan: what a deploy would do, step by step, with what each may cost and what happens where it fails.

use super::Session;
use super::deciding::PATIENCE;
use super::hooks::plan as hooking;
use super::request::Command;
use crate::analysis::needed;
use crate::config::Permille;
use crate::protocol::Outcome;
use crate::report::{PlanLines, PlanStep, count};
use crate::rollout::{HookPlace, Person, Plan, Share, Step, Strategy, Table, permille};
use crate::spec::Release;

impl Session {
    pub(super) fn show_plan(&mut self) {
        let mut because = if !self.unseen {
            vec!["this is what deploy would do; nothing was touched".to_owned()]
        } else {
            vec![
                "the image is not on this engine: deploy fetches it, and then knows more"
                    .to_owned(),
            ]
        };
        because.extend(self.gates_of_a_plan());
        self.finish(Outcome::Shown, "planned", because, vec![]);
    }

    pub(super) fn plan_lines(&self, plan: &Plan, release: &Release) -> PlanLines {
        let listen = self.listens_at();
        let steps = steps(plan, &release.version, &listen, &self.hooks_in_words());
        let old = olds(plan);
        let interruption = interrupts(plan).then(|| {
            "from the withdrawal of the old version until the new one is proven, or the old one has started again".to_owned()
        });
        PlanLines {
            strategy: plan.strategy.word().to_owned(),
            button: self.button(),
            worst: steps.iter().map(|step| step.worst).sum(),
            steps,
            rollback: self.rollback_sentence(plan),
            no_return: hooking::points(plan),
            peak: u32::try_from(match plan.strategy {
                Strategy::BlueGreen | Strategy::Canary => plan.new.members.len() + old,
                Strategy::Recreate => plan.new.members.len().max(old),
            })
            .unwrap_or(u32::MAX),
            interruption,
            notes: self.notes(&listen),
        }
    }

    /// Where users come to: as the router was made, and else as it will be.
    fn listens_at(&self) -> String {
        let found = self.survey.router.as_ref().and_then(|it| it.listen.clone());
        found.unwrap_or_else(|| self.docker().setup.listen.clone())
    }

    fn notes(&self, listen: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if self.survey.router.is_none() {
            notes.push(format!(
                "the first deploy here: network, volume and router are made; {listen} must be free"
            ));
        }
        notes.extend(self.stop_note());
        notes.extend(self.router_note());
        if self.request().command == Command::Rollback && !self.environment().hooks.is_empty() {
            notes.push("a rollback runs no hooks".to_owned());
        }
        if self.unseen {
            notes.push(
                "the image is not on this engine yet: deploy fetches it first; its digest, its own HEALTHCHECK and whether it is in quarantine are known only then"
                    .to_owned(),
            );
        }
        notes
    }

    /// What of the router is not what the configuration says; `None`: nothing.
    pub(super) fn router_note(&self) -> Option<String> {
        let found = self.survey.router.as_ref()?;
        let (wanted, name) = (&self.docker().setup, self.docker().router());
        let differs = match &found.listen {
            Some(listen) if *listen != wanted.listen => {
                format!("users reach it at {listen}, not at {}", wanted.listen)
            }
            Some(_) | None if found.image != wanted.image => {
                format!("it runs {}, not {}", found.image, wanted.image)
            }
            Some(_) | None if self.docker().outdated() => {
                "its settings are older than the configuration".to_owned()
            }
            Some(_) | None => return None,
        };
        Some(format!(
            "the router is not what the configuration says: {differs}; a deploy never replaces it; to renew it, `docker rm -f {name}` and deploy again (an interruption of about a second)"
        ))
    }

    fn button(&self) -> String {
        let name = &self.environment().name;
        if let Some(approval) = self.approval() {
            return format!("{name} waits for a person: {}", approval.words());
        }
        match self.environment().mode {
            crate::config::Mode::Delivery => {
                format!("{name} is in delivery mode: a person pushes the button")
            }
            crate::config::Mode::Deployment => {
                format!("{name} is in deployment mode: every run that gets here goes on by itself")
            }
        }
    }

    fn rollback_sentence(&self, plan: &Plan) -> String {
        let serving = self
            .memory
            .as_ref()
            .and_then(|memory| memory.ledger.state().serving().cloned());
        match (&plan.old, serving) {
            (None, _) => {
                "none: nothing serves here yet; where it fails, nothing serves again".to_owned()
            }
            (Some(old), Some(good)) if good.generation == old.generation => {
                format!(
                    "{} ({}), known-good since {}",
                    good.release.version,
                    old.generation,
                    crate::report::when(good.since)
                )
            }
            (Some(old), _) => format!(
                "{}, which serves, but was never proven here",
                old.generation
            ),
        }
    }
}

fn olds(plan: &Plan) -> usize {
    plan.old.as_ref().map_or(0, |old| old.members.len())
}

/// Whether the old instances stop before the new ones start.
pub(super) fn interrupts(plan: &Plan) -> bool {
    plan.strategy.interrupts() && olds(plan) > 0
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
            stand_by: "; the old ones stand by in the router",
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
fn steps(plan: &Plan, version: &str, listen: &str, hooks: &[String]) -> Vec<PlanStep> {
    let beside = beside(plan);
    let at = |place: HookPlace, fails: &Beside| {
        let back = match place {
            HookPlace::BeforeStart if !interrupts(plan) => {
                "nothing else is done, and what serves is as it was"
            }
            HookPlace::BeforeStart | HookPlace::BeforeSwitch => &fails.back,
            HookPlace::AfterCommit => {
                "the hooks after it are left out; the new version serves all the same"
            }
        };
        hooking::steps(plan, place, hooks, back)
    };
    let before_start = at(HookPlace::BeforeStart, &beside);
    let started = beside.past(hooking::after_the_point(plan, &[HookPlace::BeforeStart]));
    let before_switch = at(HookPlace::BeforeSwitch, &started);
    let both = [HookPlace::BeforeStart, HookPlace::BeforeSwitch];
    let switched = started.past(hooking::after_the_point(plan, &both));
    let after_commit = at(HookPlace::AfterCommit, &switched);
    withdrawal(plan)
        .into_iter()
        .chain(before_start)
        .chain(before_traffic(plan, version, &started))
        .chain(before_switch)
        .chain(in_shares(plan, listen, &switched.back))
        .chain(with_all_traffic(plan, version, listen, &switched))
        .chain(after_commit)
        .chain([retirement(plan)])
        .collect()
}

pub(super) fn step(name: &str, does: String, worst: u64, on_failure: &str) -> PlanStep {
    PlanStep {
        name: name.to_owned(),
        does,
        worst,
        on_failure: on_failure.to_owned(),
    }
}

/// Up to the proof, and the wait for a person after it.
fn before_traffic(
    plan: &Plan,
    version: &str,
    beside: &Beside,
) -> impl Iterator<Item = PlanStep> + use<> {
    let timing = &plan.timing;
    let start = (plan.person != Person::Promoted).then(|| {
        let news = count(plan.new.members.len(), "new instance");
        step(
            "start",
            format!("{news} of {version}{}", beside.place),
            60_000,
            &beside.unstarted,
        )
    });
    let prove = step(
        "prove",
        format!(
            "each answers {} in a row through the router, by name, without traffic",
            count(timing.successes as usize, "time")
        ),
        timing.prove,
        &beside.back,
    );
    let wait = match plan.person {
        Person::Asked { within } => Some(step(
            "wait",
            format!(
                "{version} waits without traffic until a person promotes it, {} s at most; this run ends",
                within / 1000
            ),
            0,
            "a person aborts it, or the next run after that time puts it away",
        )),
        Person::Absent | Person::Promoted => None,
    };
    start.into_iter().chain([prove]).chain(wait)
}

fn withdrawal(plan: &Plan) -> Option<PlanStep> {
    interrupts(plan).then(|| {
        step(
            "withdraw",
            format!(
                "{} lose the traffic and stop",
                count(olds(plan), "old instance")
            ),
            plan.timing.drain + 10_000,
            "the old instances are started again",
        )
    })
}

/// What served before is put away.
fn retirement(plan: &Plan) -> PlanStep {
    step(
        "retire",
        format!(
            "{} drain, then are removed",
            count(olds(plan), "old instance")
        ),
        plan.timing.drain + 30_000,
        "the next run removes them",
    )
}

/// The steps of a canary before it has everything.
fn in_shares(plan: &Plan, listen: &str, back: &str) -> impl Iterator<Item = PlanStep> {
    let timing = &plan.timing;
    let deadline = plan.comparison.as_ref().map_or(0, |it| it.deadline);
    shares(plan).into_iter().flat_map(move |(share, made)| {
        [
            step(
                "shift",
                format!("{made} of the traffic of {listen} goes to the new instances, the rest to the old ones"),
                30_000 + PATIENCE,
                back,
            ),
            step(
                "pause",
                format!(
                    "both versions are watched side by side at {share} % for {} s{}",
                    timing.pause / 1000,
                    takes(plan, share)
                ),
                timing.pause + timing.prove + deadline,
                back,
            ),
        ]
    })
}

/// From the moment in which the new instances get everything.
fn with_all_traffic(
    plan: &Plan,
    version: &str,
    listen: &str,
    beside: &Beside,
) -> impl Iterator<Item = PlanStep> + use<> {
    let (timing, back) = (&plan.timing, &beside.back);
    [
        step(
            "shift",
            format!(
                "all traffic of {listen} goes to the new instances{}",
                beside.stand_by
            ),
            30_000 + PATIENCE,
            back,
        ),
        step(
            "bake",
            format!(
                "the new instances are watched under traffic for {} s",
                timing.bake / 1000
            ),
            timing.bake + timing.prove,
            back,
        ),
        step(
            "commit",
            format!("{version} is recorded as known-good"),
            30_000 + PATIENCE,
            back,
        ),
    ]
    .into_iter()
}

/// What a comparison at this share takes, in words: how many requests, since the traffic is not known before there is any.
fn takes(plan: &Plan, share: u8) -> String {
    let Some(comparison) = &plan.comparison else {
        return String::new();
    };
    let weight = Permille(u16::from(share) * 10);
    let pass = needed(comparison.errors, ONE_IN_A_HUNDRED, weight, Permille(0)).pass;
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
    format!(
        ", and on until there is evidence that the new one is no worse: about {pass} of its requests, {all} in all, where 1 in 100 of either goes wrong; with fewer than {a_second} a second it goes back after {} s more, and blue-green is the better strategy",
        comparison.deadline / 1000
    )
}

/// Millionths.
const ONE_IN_A_HUNDRED: u64 = 10_000;

/// The shares at which the new version is watched beside the old one, each with what the router's weights make of it.
fn shares(plan: &Plan) -> Vec<(u8, String)> {
    let made = |share: Share| {
        let table = Table::shared(plan.old.as_ref()?, &plan.new, share);
        let made = permille(&table, plan.new.generation);
        Some((share.0, format!("{}.{} %", made / 10, made % 10)))
    };
    let shared = |step: &Step| match step {
        Step::Shift(share) if *share < Share::ALL => made(*share),
        Step::Shift(_)
        | Step::Begin
        | Step::Withdraw
        | Step::Start
        | Step::Prove
        | Step::Wait
        | Step::Pause
        | Step::Bake
        | Step::Hook(_)
        | Step::Commit => None,
    };
    plan.steps().iter().filter_map(shared).collect()
}

const REMOVED: &str = "they are removed; nothing else was touched";
const STARTED_AGAIN: &str = "the new instances are removed, and the old ones are started again";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{Address, Fleet, Member, Timing};
    use crate::spec::{Generation, InstanceId};

    fn fleet(generation: u32, size: u8) -> Fleet {
        let generation = Generation(generation);
        let members = (1..=size).map(|index| Member {
            id: InstanceId { generation, index },
            address: Address(u16::from(index)),
        });
        Fleet {
            generation,
            members: members.collect(),
        }
    }

    fn told(strategy: Strategy, old: Option<Fleet>) -> Vec<String> {
        let steps = steps(&plan_of(strategy, old), "v2", "127.0.0.1:80", &[]).into_iter();
        let told = steps.map(|it| format!("{}: {}; else {}", it.name, it.does, it.on_failure));
        told.collect()
    }

    fn plan_of(strategy: Strategy, old: Option<Fleet>) -> Plan {
        Plan {
            strategy,
            new: fleet(2, 1),
            old,
            strays: Vec::new(),
            shares: vec![Share(10), Share(100)],
            comparison: None,
            person: Person::Absent,
            hooks: Vec::new(),
            past: false,
            timing: Timing {
                every: 100,
                successes: 3,
                failures: 3,
                prove: 1_000,
                pause: 30_000,
                bake: 1_000,
                errors: 50,
                drain: 1_000,
                verify: 1_000,
                patience: 1_000,
            },
        }
    }

    #[test]
    fn what_stops_first_is_not_said_to_run_beside() {
        let told = told(Strategy::Recreate, Some(fleet(1, 2)));
        assert_eq!(
            told.first().map(String::as_str),
            Some(
                "withdraw: 2 old instances lose the traffic and stop; else the old instances are started again"
            )
        );
        assert_eq!(
            told.get(1).map(String::as_str),
            Some(
                "start: 1 new instance of v2 in place of the old ones; else the new instances are removed, and the old ones are started again"
            )
        );
        for step in &told {
            assert!(!step.contains("still runs"), "{step}");
            assert!(!step.contains("stand by"), "{step}");
        }
    }

    #[test]
    fn what_runs_beside_gets_its_traffic_back() {
        let told = told(Strategy::BlueGreen, Some(fleet(1, 1)));
        assert_eq!(
            told.get(2).map(String::as_str),
            Some(
                "shift: all traffic of 127.0.0.1:80 goes to the new instances; the old ones stand by in the router; else traffic goes back to g1, which still runs"
            )
        );
    }

    #[test]
    fn a_canary_says_which_share_it_really_gets() {
        let told = told(Strategy::Canary, Some(fleet(1, 2)));
        assert_eq!(
            told.get(2..4),
            Some(
                [
                    "shift: 10.0 % of the traffic of 127.0.0.1:80 goes to the new instances, the rest to the old ones; else traffic goes back to g1, which still runs",
                    "pause: both versions are watched side by side at 10 % for 30 s; else traffic goes back to g1, which still runs",
                ]
                .map(str::to_owned)
                .as_slice()
            )
        );
        assert!(
            told.get(4)
                .is_some_and(|it| it.starts_with("shift: all traffic"))
        );
    }

    #[test]
    fn a_comparison_says_what_it_takes() {
        let plan = plan_of(Strategy::Canary, Some(fleet(1, 1)));
        let compared = |tolerated| Plan {
            comparison: Some(crate::rollout::Comparison {
                errors: crate::analysis::Margin {
                    tolerated: Permille(tolerated),
                    ..crate::analysis::Margin::ERRORS
                },
                deadline: 600_000,
            }),
            ..plan.clone()
        };
        assert_eq!(takes(&plan, 10), "");
        let told = takes(&compared(10), 10);
        assert!(told.contains(" of its requests, "), "{told}");
        assert!(told.contains("after 600 s more"), "{told}");
        assert!(takes(&compared(0), 10).contains("no evidence is enough"));
    }

    #[test]
    fn a_first_version_is_beside_nothing() {
        for strategy in [Strategy::BlueGreen, Strategy::Recreate, Strategy::Canary] {
            let told = told(strategy, None);
            assert_eq!(
                told.first().map(String::as_str),
                Some(
                    "start: 1 new instance of v2; else they are removed; nothing else was touched"
                )
            );
            assert!(
                told.iter().all(|step| !step.contains("old ones")),
                "{told:?}"
            );
        }
    }
}
