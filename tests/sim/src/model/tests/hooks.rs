//! Hooks, in each place, with a way back and without.

use cd_core::rollout::{Hook, HookPlace, Retry};

use super::*;

/// The cases of a strategy.
fn cases(strategy: Strategy) -> impl Iterator<Item = Case> {
    let before = [HookPlace::BeforeStart, HookPlace::BeforeSwitch];
    let hooks = before
        .into_iter()
        .flat_map(|place| [(place, true), (place, false)])
        .chain([(HookPlace::AfterCommit, true)]);
    hooks.flat_map(move |hook| {
        [
            Case::new("a hook: a crash, a fault, then another deploy", CRASH).wanting(DEPLOY_TWICE),
            Case::new("a hook: a fault, a slow answer, a cancel", SLOW),
        ]
        .map(|case| Case {
            strategy,
            hook: Some(hook),
            ..case
        })
    })
}

pub(super) fn hook((place, irreversible): (HookPlace, bool)) -> Hook {
    Hook {
        name: place.word().to_owned(),
        place,
        irreversible,
        retry: Retry::Safe,
        deadline: 1_000,
    }
}

/// How a deploy may end where there is such a hook.
pub(super) fn ends(hook: Option<(HookPlace, bool)>) -> Vec<Outcome> {
    match hook {
        // Past the point nothing goes back: what is not well strands.
        Some((HookPlace::BeforeStart, true)) => vec![Outcome::Deployed, Outcome::Stranded],
        Some((HookPlace::BeforeSwitch, true)) => {
            vec![Outcome::Deployed, Outcome::RolledBack, Outcome::Stranded]
        }
        Some(_) | None => ALWAYS.to_vec(),
    }
}

#[test]
fn hooks_keep_every_promise_in_every_order_of_events() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate, Strategy::Canary] {
        cases(strategy).for_each(|case| check(&case));
    }
}

/// Bugs on purpose that need a hook.
pub(super) fn mutants() -> Vec<Planted> {
    let with_point = || Case {
        hook: Some((HookPlace::BeforeSwitch, true)),
        ..Case::new("", NO_LUCK)
    };
    vec![
        (
            Mutant::ForgetsThePoint,
            with_point(),
            "nothing past the point is undone",
        ),
        (
            Mutant::RecordsThePointAfterwards,
            with_point(),
            "a point that is passed is recorded",
        ),
    ]
}
