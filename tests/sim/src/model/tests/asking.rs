//! A person is asked at the shares of a canary: who says yes, no, nothing, at any time.

use super::*;

/// At one share.
const ONE: &[u8] = &[50];
/// At two, so that what was said of the first is still there at the second.
const TWO_SHARES: &[u8] = &[20, 50];

fn asking(name: &'static str, luck: Luck, asks: &'static [u8]) -> Case {
    Case {
        strategy: Strategy::Canary,
        asks,
        qualities: &[
            Quality::Good,
            Quality::BadToUsers,
            Quality::ExitsUnderTraffic,
        ],
        ..Case::new(name, luck)
    }
}

fn cases() -> Vec<Case> {
    let words = |luck, words| Luck { words, ..luck };
    vec![
        asking("asks: nobody says anything", NO_LUCK, TWO_SHARES),
        asking("asks: two words, a fault, a cancel", words(SLOW, 2), ONE),
        asking(
            "asks: three words, two shares",
            words(NO_LUCK, 3),
            TWO_SHARES,
        ),
        asking("asks: a word, a crash, then another", words(CRASH, 2), ONE).wanting(DEPLOY_TWICE),
        asking("asks: a word, a run without its lease", words(TWO, 1), ONE),
        asking(
            "asks: a word, a stop",
            words(
                Luck {
                    stops: 1,
                    ..NO_LUCK
                },
                2,
            ),
            TWO_SHARES,
        ),
        // Nobody is asked, and somebody says no all the same, at any time.
        unasked("unasked: a no", Strategy::BlueGreen),
        unasked("unasked: a no to a canary", Strategy::Canary),
        unasked("unasked: a no to waves", Strategy::Rolling),
        unasked("unasked: a no to an interruption", Strategy::Recreate),
    ]
}

fn unasked(name: &'static str, strategy: Strategy) -> Case {
    let luck = Luck {
        words: 1,
        faults: 1,
        ..NO_LUCK
    };
    Case {
        strategy,
        replicas: waves_of(strategy),
        ..Case::new(name, luck)
    }
}

#[test]
fn a_person_between_the_shares_keeps_every_promise_in_every_order_of_events() {
    cases().iter().for_each(check);
}

/// The first word may be for the first share, or for a run that has died since.
pub(super) fn mutants() -> Vec<Planted> {
    let words = |luck| Luck { words: 1, ..luck };
    let promise = "nobody gets more than a person allowed";
    let crash = Luck {
        crashes: 1,
        ..NO_LUCK
    };
    vec![
        (
            Mutant::TakesAnyWord,
            asking("", words(NO_LUCK), TWO_SHARES),
            promise,
        ),
        (
            Mutant::TakesAnyWord,
            asking("", words(crash), ONE).wanting(DEPLOY_TWICE),
            promise,
        ),
        (
            Mutant::SwallowsTheAbort,
            unasked("", Strategy::BlueGreen),
            "an abort is heeded",
        ),
    ]
}
