//! Bugs on purpose: each is planted between the machine and the world, by rewriting what the one says to the other.
//!
//! The production code knows nothing of them. To add one: a variant here, the place in `world` that consults it, and a
//! row in the table of `model`.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutant {
    /// The old version is stopped as soon as the new one has the traffic.
    StopsTheOldAtTheShift,
    /// The commit is recorded only after the old version was removed.
    CommitsLate,
    /// The fencing token is counted in the runner's memory, so a crash starts it anew.
    CountsTokensInMemory,
    /// How far the bake was is forgotten over a crash: what has the traffic is taken for good.
    ForgetsTheBake,
    /// A write is accepted whatever its token.
    ChecksNoToken,
    /// A write that timed out is carried out after a later one of the same run.
    AcceptsOvertakenWrites,
    /// A record of which nobody knows whether it was written is taken for not written.
    TakesUnknownForNo,
    /// Whoever answers a probe, it counts for the instance that was meant.
    TakesAnyAnswerToAProbe,
    /// The end is recorded without the quarantine.
    SkipsTheQuarantine,
    /// What is quarantined is deployed again.
    IgnoresTheQuarantine,
    /// The way back is the newest generation that is there, not the one that the ledger names.
    GoesBackToWhatIsThere,
    /// The new version gets the traffic before it is proven.
    ShiftsBeforeTheProof,
    /// While the new version is watched the old one does not stand by.
    LeavesNoFallback,
    /// The request to stop is dropped.
    SwallowsTheAbort,
    /// An answer is lost and nobody notices.
    LosesAnAnswer,
    /// Whoever is to serve alone gets no weight.
    LeavesTheOnlyOneWithoutWeight,
    /// Going back is believed, not read back.
    BelievesTheRouter,
    /// What a dead run left is not recovered.
    RecoversNothing,
    /// The end is recorded, and the checkpoint stays.
    KeepsTheCheckpoint,
    /// `recreate` goes back without stopping the new version.
    StopsNothing,
    /// Nobody tells the machine that a hook has no way back.
    ForgetsThePoint,
    /// What a person said once, of any rollout and any share, is taken for what is said of this one.
    TakesAnyWord,
    /// That a hook begins is not recorded, only how it ended.
    RecordsThePointAfterwards,
}
