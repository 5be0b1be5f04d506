//! A person is asked in mid-rollout: at a share of the traffic, while everything goes on watching it.

use super::super::*;
use super::bench::{alive, id, probed};
use super::canary::{compared, weighs};
use super::{Bench, Plans};

/// Milliseconds that a person is waited for.
const WITHIN: u64 = 60_000;

/// A person is asked at 20 and at 50 %.
fn asking() -> Plans {
    Plans::new().canary(&[20, 50, 100]).change(|plan| {
        plan.waits = [(Share(20), WITHIN), (Share(50), WITHIN)].into();
    })
}

fn word(share: u8, says: Says) -> Word {
    Word {
        id: format!("{share}-{says:?}"),
        share: Share(share),
        says,
        who: "kim".to_owned(),
    }
}

impl Bench {
    fn hear(&mut self, share: u8, says: Says) {
        self.rollout.hear_word(self.now, &word(share, says));
        self.collect();
    }

    fn until_phase(&mut self, phase: &'static str) -> &mut Self {
        self.until_with(|_| None, |bench| bench.rollout.phase() == phase)
    }

    fn asked_now(&self) -> &Asked {
        self.rollout.asked().expect("a person was asked")
    }
}

/// Two instances, one after the other.
fn in_waves() -> Plans {
    Plans::new().replicas(2).change(|plan| {
        plan.strategy = Strategy::Rolling;
        plan.waves = Waves { batch: 1, surge: 1 };
    })
}

/// Up to the wait at a share, those before it promoted.
fn waiting_at(share: u8) -> Bench {
    let mut bench = asking().begin();
    bench.until_phase("asking");
    if share == 50 {
        bench.hear(20, Says::Promote);
        bench.until_phase("shifting").until_phase("asking");
    }
    assert_eq!(bench.asked_now().share, Share(share));
    bench
}

#[test]
fn it_keeps_its_share_until_a_person_promotes_it_and_is_asked_at_each() {
    let mut bench = waiting_at(20);
    let since = bench.now;
    let waits = bench.asked_now().waits;
    assert_eq!(waits, Some((since, since.plus(WITHIN))));
    bench.until_with(|_| None, |bench| bench.now.since(since) > WITHIN / 2);
    assert_eq!(bench.rollout.phase(), "asking", "and looks all the while");
    bench.hear(20, Says::Promote);
    bench.until_phase("shifting");
    assert!(!bench.rollout.is_asking());
    bench.until_phase("asking");
    assert_eq!(bench.asked_now().share, Share(50));
    bench.hear(50, Says::Promote);
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.serving),
        (Outcome::Deployed, Some(Generation(2)))
    );
    let told = format!("{:?}", bench.events);
    assert!(told.contains("kim promoted it at 20 %") && told.contains("kim promoted it at 50 %"));
    let pauses = bench.phases();
    assert_eq!(pauses.iter().filter(|it| **it == "asking").count(), 2);
}

#[test]
fn a_word_that_comes_before_the_evidence_counts_once_that_is_whole() {
    let mut bench = asking().begin();
    bench.until_phase("pausing");
    let since = bench.now;
    bench.hear(20, Says::Promote);
    assert_eq!(bench.rollout.phase(), "pausing");
    let lacks = bench.rollout.lacks().expect("it is watched for longer");
    assert_eq!(lacks, "it is watched for 5 s more");
    bench.until_asked(|action| weighs(action, 1) && matches!(action, Action::Route { .. }));
    bench.until_with(|_| None, |bench| !bench.rollout.is_asking());
    assert_eq!(bench.now.since(since), 5_000, "the pause, and no longer");
    assert!(!bench.phases().contains(&"asking"));
}

/// All 2 × 3 × 2 words at either share: what is said, of which share, and whether it was said before the share was given.
#[test]
fn a_yes_counts_at_its_own_share_and_nowhere_else_and_a_no_at_any() {
    let mut seen = 0;
    for at in [20, 50] {
        for of in [20, 50, 100] {
            for says in [Says::Promote, Says::Abort] {
                let mut bench = waiting_at(at);
                bench.hear(of, says);
                let heading = bench.rollout.heading();
                match (at == of, says) {
                    (false, Says::Promote) => {
                        assert_eq!(bench.asked_now().word, None, "{of} at {at}");
                        let end = bench.finish();
                        assert_eq!(end.reason, "not-promoted", "{of} at {at}");
                    }
                    (true, Says::Promote) => {
                        assert!(bench.rollout.is_asking(), "the next look is waited for")
                    }
                    // Who said no while it had less has not meant that it may have more.
                    (_, Says::Abort) => {
                        let why = format!("kim aborted it{}", Share(of).at());
                        assert_eq!(heading, Heading::Back(why));
                    }
                }
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 12);
    let mut early = asking().begin();
    early.hear(20, Says::Promote);
    early.until_phase("asking");
    assert_eq!(early.asked_now().word, None, "it had no traffic yet");
}

#[test]
fn who_says_no_takes_it_back_at_once_and_it_is_held_against_nobody() {
    for early in [true, false] {
        let mut bench = asking().begin();
        bench.until_phase(if early { "pausing" } else { "asking" });
        bench.hear(20, Says::Abort);
        let end = bench.finish();
        assert_eq!(
            (end.outcome, end.reason.as_str()),
            (Outcome::Cancelled, "aborted")
        );
        assert_eq!(end.because, ["kim aborted it at 20 %"]);
        assert_eq!((end.serving, end.quarantine), (Some(Generation(1)), false));
    }
}

#[test]
fn nobody_says_anything_and_it_goes_back_when_the_time_is_over() {
    let mut bench = waiting_at(50);
    let since = bench.now;
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.reason.as_str(), end.quarantine),
        (Outcome::RolledBack, "not-promoted", false)
    );
    assert_eq!(
        end.because,
        ["nobody promoted it at 50 % of the traffic in 60 s"]
    );
    assert!(bench.now.since(since) >= WITHIN);
}

#[test]
fn one_that_turns_bad_while_it_waits_goes_back_whatever_was_said() {
    for promoted in [false, true] {
        let mut bench = waiting_at(20);
        let odd = |action: &Action| match action {
            Action::Probe(members) if members.iter().any(|it| it.id == id(2, 1)) => {
                Some(probed(id(2, 1), Seen::Bad("status 500".to_owned())))
            }
            _ => None,
        };
        let looked = bench.asked.len();
        bench.until_with(odd, |bench| {
            bench.asked.len() > looked && bench.open.is_empty()
        });
        if promoted {
            bench.hear(20, Says::Promote);
        }
        let end = bench.finish_with(odd);
        assert_eq!(
            (end.outcome, end.reason.as_str(), end.quarantine),
            (Outcome::RolledBack, "probe-failed", true),
            "{promoted}"
        );
    }
}

#[test]
fn a_word_does_not_stand_for_evidence() {
    let mut bench = waiting_at(20);
    bench.hear(20, Says::Promote);
    // Nothing can be seen of it any more.
    let end = bench.finish_with(|action| match action {
        Action::Watch(_) => Some(Observation::Watched(BTreeMap::new())),
        _ => None,
    });
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::RolledBack, "not-its-fault")
    );
    assert!(
        end.because.join(" ").contains("could not be measured"),
        "{end:?}"
    );
}

#[test]
fn what_was_heard_is_not_heard_again_and_nobody_is_asked_once_it_has_ended() {
    let mut bench = waiting_at(50);
    bench.hear(50, Says::Promote);
    let events = bench.events.len();
    bench.hear(50, Says::Promote);
    assert_eq!(bench.events.len(), events);
    bench.until_phase("baking");
    assert!(!bench.rollout.is_asking());
    bench.hear(50, Says::Promote);
    assert_eq!(bench.events.len(), bench.events.len().max(events));
    let end = bench.finish();
    assert_eq!(end.outcome, Outcome::Deployed);
}

/// A no that was written while the shift to more was under way is read with the next look: in the pause after it, or in the bake.
#[test]
fn a_no_counts_until_it_is_committed_however_much_it_has_by_then() {
    for (at, then) in [(20, "pausing"), (50, "baking")] {
        let mut bench = waiting_at(at);
        bench.hear(at, Says::Promote);
        bench.until_phase("shifting");
        bench.hear(at, Says::Abort);
        assert_eq!(bench.rollout.phase(), "shifting", "it is read with a look");
        bench.until_phase(then);
        bench.hear(at, Says::Abort);
        let why = format!("kim aborted it at {at} %");
        assert_eq!(bench.rollout.heading(), Heading::Back(why.clone()));
        let end = bench.finish();
        assert_eq!(
            (end.outcome, end.reason.as_str(), end.serving),
            (Outcome::Cancelled, "aborted", Some(Generation(1)))
        );
        assert_eq!((end.because, end.quarantine), (vec![why], false));
    }
    let mut bench = waiting_at(50);
    bench.hear(50, Says::Promote);
    bench.until_phase("retiring");
    bench.hear(50, Says::Abort);
    assert_eq!(bench.finish().outcome, Outcome::Deployed, "too late");
}

/// What is told while it waits is told as the next look begins.
#[test]
fn a_healthy_wait_lacks_nothing_also_while_it_is_looked_at_and_after_a_blip() {
    let mut bench = waiting_at(20);
    assert_eq!(bench.rollout.lacks(), None);
    let looks = bench.asked.len();
    bench.until_with(|_| None, |bench| bench.asked.len() > looks);
    assert!(!bench.open.is_empty(), "a look is under way");
    assert_eq!(bench.rollout.lacks(), None);
    let blip = |action: &Action| match action {
        Action::Probe(_) => Some(probed(id(2, 1), Seen::Bad("status 500".to_owned()))),
        _ => None,
    };
    bench.until_with(blip, |bench| bench.rollout.lacks().is_some());
    let lacks = bench.rollout.lacks().expect("one probe was bad");
    assert!(lacks.contains("status 500"), "{lacks}");
    bench.until_with(|_| None, |bench| bench.rollout.lacks().is_none());
    assert_eq!(bench.rollout.phase(), "asking");
}

/// Once it has waited for a person, a yes leaves it as long for its evidence as any share has, and not the rest of the wait.
#[test]
fn what_is_left_of_the_wait_is_no_time_for_evidence() {
    let mut bench = asking()
        .change(|plan| plan.waits = [(Share(20), 86_400_000)].into())
        .begin();
    bench.until_phase("asking");
    let since = bench.now;
    let blind = |action: &Action| match action {
        Action::Watch(_) => Some(Observation::Watched(BTreeMap::new())),
        _ => None,
    };
    bench.until_with(blind, |bench| bench.rollout.lacks().is_some());
    bench.hear(20, Says::Promote);
    let end = bench.finish_with(blind);
    assert_eq!(end.reason, "not-its-fault");
    assert!(
        bench.now.since(since) < 600_000,
        "{}",
        bench.now.since(since)
    );
}

#[test]
fn a_request_to_stop_ends_the_wait_as_it_ends_any_pause() {
    let mut bench = waiting_at(20);
    bench.cancel();
    let end = bench.finish();
    assert_eq!(
        (end.outcome, end.reason.as_str()),
        (Outcome::Cancelled, "cancelled")
    );
}

/// Whatever is said meanwhile, and whether anybody is asked: more of the traffic gives way to it in any case.
#[test]
fn the_stop_button_ends_every_pause_and_no_bake() {
    let stopped = |mut bench: Bench| {
        bench.rollout.hear_stop(bench.now, "kim");
        bench.collect();
        let end = bench.finish();
        (end.outcome, end.reason, end.serving)
    };
    let back = || {
        (
            Outcome::Cancelled,
            "stopped".to_owned(),
            Some(Generation(1)),
        )
    };
    for phase in ["pausing", "asking"] {
        let mut bench = asking().begin();
        bench.until_phase(phase);
        assert_eq!(stopped(bench), back(), "{phase}");
    }
    let mut promoted = waiting_at(20);
    promoted.hear(20, Says::Promote);
    assert_eq!(stopped(promoted), back());
    for silent in [Plans::new().canary(&[20, 100]), in_waves()] {
        let mut bench = silent.begin();
        bench.until_phase("pausing");
        assert_eq!(stopped(bench), back());
    }
    for phase in ["proving", "baking"] {
        let mut bench = asking().change(|plan| plan.waits.clear()).begin();
        bench.until_phase(phase);
        let (outcome, ..) = stopped(bench);
        assert_eq!(outcome, Outcome::Deployed, "{phase}: the cure, maybe");
    }
}

#[test]
fn a_no_is_heard_where_nobody_is_asked_from_the_proof_to_the_end_of_the_bake() {
    let all: [fn() -> Plans; 4] = [
        Plans::new,
        || Plans::new().canary(&[20, 100]),
        in_waves,
        || Plans::new().recreate(),
    ];
    for plans in all {
        for phase in ["proving", "pausing", "baking"] {
            let mut bench = plans().begin();
            let pauses = matches!(
                bench.rollout.plan().strategy,
                Strategy::Canary | Strategy::Rolling
            );
            if phase == "pausing" && !pauses {
                continue;
            }
            let there = |bench: &Bench| bench.rollout.phase() == phase && bench.rollout.hears_no();
            bench.until_with(|_| None, there);
            bench.hear(0, Says::Abort);
            assert_eq!(
                bench.rollout.heading(),
                Heading::Back("kim aborted it".to_owned()),
                "{phase}"
            );
            let end = bench.finish();
            assert_eq!(
                (
                    end.outcome,
                    end.reason.as_str(),
                    end.serving,
                    end.quarantine
                ),
                (Outcome::Cancelled, "aborted", Some(Generation(1)), false),
                "{phase}"
            );
        }
    }
    let mut bench = Plans::new().begin();
    bench.hear(0, Says::Promote);
    bench.until_phase("preparing");
    bench.hear(0, Says::Abort);
    assert_eq!(bench.rollout.asked(), None, "it is read with a look");
    assert_eq!(bench.rollout.heading(), Heading::On);
    bench.until_phase("retiring");
    assert_eq!(bench.rollout.heading(), Heading::Kept);
    bench.hear(0, Says::Abort);
    assert_eq!(bench.finish().outcome, Outcome::Deployed, "too late");
    for place in [HookPlace::BeforeStart, HookPlace::BeforeSwitch] {
        let mut past = Plans::new().hook(place, true).begin();
        past.until_phase("baking");
        past.hear(0, Says::Abort);
        assert_eq!(
            (past.rollout.heading(), past.rollout.asked()),
            (Heading::Past, None)
        );
        assert_eq!(
            past.finish().outcome,
            Outcome::Deployed,
            "nothing is undone"
        );
    }
}

#[test]
fn where_nothing_serves_there_is_nobody_to_ask() {
    let mut bench = asking().first().begin();
    assert_eq!(bench.finish().outcome, Outcome::Deployed);
    assert_eq!(bench.rollout.asked(), None);
}

/// What lies at the target where a run dies, and what one lay there that knew of no person between the shares.
#[test]
fn a_plan_that_asks_is_read_as_it_was_written_and_an_older_one_asks_nobody() {
    let plan = asking().plan();
    let text = serde_json::to_string(&plan).expect("a plan is plain data");
    assert!(
        text.contains(r#""waits":{"20":60000,"50":60000}"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Plan>(&text).ok(), Some(plan));
    let silent = Plans::new().plan();
    let text = serde_json::to_string(&silent).expect("a plan is plain data");
    assert!(!text.contains("waits"), "{text}");
    assert_eq!(serde_json::from_str::<Plan>(&text).ok(), Some(silent));
}

/// A new version of which the comparison is not decided: a word is heard, and what is missing is said.
#[test]
fn what_is_missing_of_the_comparison_is_said() {
    let plans = compared().change(|plan| plan.waits = [(Share(5), WITHIN)].into());
    let mut bench = plans.begin();
    bench.until_phase("pausing");
    bench.until_with(
        |action| match action {
            Action::Watch(_) => Some(Observation::Watched(
                [(id(2, 1), alive(3, 3)), (id(1, 1), alive(9, 9))].into(),
            )),
            _ => None,
        },
        |bench| bench.now.0 > 10_000,
    );
    bench.hear(5, Says::Promote);
    assert_eq!(bench.rollout.phase(), "pausing");
    let lacks = bench.rollout.lacks().expect("it is undecided");
    assert!(lacks.contains("requests"), "{lacks}");
}
