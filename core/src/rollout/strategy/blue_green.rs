//! Beside the old version.

use super::{Share, Step};

/// Old instances run, routed or as the router's fallback, until the commit is recorded.
pub(super) const STEPS: &[Step] = &[
    Step::Begin,
    Step::Start,
    Step::Prove,
    Step::Shift(Share::ALL),
    Step::Bake,
    Step::Commit,
];
