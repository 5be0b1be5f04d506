//! Bugs on purpose, each with the smallest case that shows it.

use super::*;

/// A bug on purpose, the smallest case that shows it, and the promise that finds it.
pub(super) type Planted = (Mutant, Case, &'static str);

pub(super) fn mutants() -> Vec<Planted> {
    unlucky_mutants()
        .into_iter()
        .chain(quiet_mutants())
        .chain(hooks::mutants())
        .chain(asking::mutants())
        .collect()
}

/// These need no bad luck.
fn quiet_mutants() -> Vec<Planted> {
    let case = || Case::new("", NO_LUCK);
    let good = Case {
        qualities: &[Quality::Good],
        ..case()
    };
    let again = case().wanting(DEPLOY_AGAIN);
    let recreate = Case {
        strategy: Strategy::Recreate,
        ..case()
    };
    vec![
        (
            Mutant::ShiftsBeforeTheProof,
            case(),
            "something healthy is routed",
        ),
        (
            Mutant::LeavesTheOnlyOneWithoutWeight,
            case(),
            "something healthy is routed",
        ),
        (
            Mutant::IgnoresTheQuarantine,
            again,
            "nothing quarantined is routed",
        ),
        (
            Mutant::SkipsTheQuarantine,
            case(),
            "what was condemned is quarantined",
        ),
        (
            Mutant::StopsTheOldAtTheShift,
            good,
            "the old runs until the commit",
        ),
        (Mutant::CommitsLate, case(), "the old runs until the commit"),
        (Mutant::LosesAnAnswer, case(), "every phase has a deadline"),
        (Mutant::BelievesTheRouter, case(), "an end says what serves"),
        (Mutant::TakesAnyAnswerToAProbe, case(), "deployed is proven"),
        (
            Mutant::KeepsTheCheckpoint,
            case(),
            "a lease given back leaves nothing open",
        ),
        (
            Mutant::StopsNothing,
            recreate,
            "recreate runs one version at a time",
        ),
    ]
}

/// These need a crash, a cancel, a fault or a second run.
fn unlucky_mutants() -> Vec<Planted> {
    let with = |luck| Case::new("", luck);
    let crash = || {
        with(Luck {
            crashes: 1,
            ..NO_LUCK
        })
    };
    let then_another = || crash().wanting(DEPLOY_TWICE);
    let good = || Case {
        qualities: &[Quality::Good],
        ..crash()
    };
    let cancel = with(Luck {
        cancels: 1,
        ..NO_LUCK
    });
    let late = with(Luck {
        faults: 1,
        cancels: 1,
        ..NO_LUCK
    });
    let faults = with(Luck {
        faults: 3,
        ..NO_LUCK
    });
    vec![
        (
            Mutant::ForgetsTheBake,
            crash(),
            "something healthy is routed",
        ),
        (Mutant::ForgetsTheBake, good(), "the way back is proven"),
        (
            Mutant::GoesBackToWhatIsThere,
            then_another(),
            "the way back is proven",
        ),
        (Mutant::SwallowsTheAbort, cancel, "an abort is heeded"),
        (
            Mutant::AcceptsOvertakenWrites,
            late,
            "an end says what serves",
        ),
        (
            Mutant::ChecksNoToken,
            with(TWO),
            "only the holder changes anything",
        ),
        (
            Mutant::TakesUnknownForNo,
            faults,
            "newer is never replaced by older",
        ),
        (Mutant::LeavesNoFallback, good(), "a candidate is guarded"),
        (
            Mutant::CountsTokensInMemory,
            crash(),
            "a lease given back leaves nothing open",
        ),
        (
            Mutant::RecoversNothing,
            then_another(),
            "never more than the peak",
        ),
    ]
}
