//! In place of the old version.

use super::{Share, Step};

/// The old instances are stopped before the new ones start, and kept until the commit is recorded: going back starts
/// them again.
pub(super) const STEPS: &[Step] = &[
    Step::Begin,
    Step::Withdraw,
    Step::Start,
    Step::Prove,
    Step::Shift(Share::ALL),
    Step::Bake,
    Step::Commit,
];
