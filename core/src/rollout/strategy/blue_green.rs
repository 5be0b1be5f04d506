//! Beside the old version.

use super::Step;

/// Old instances run, routed or as the router's fallback, until the commit is recorded.
pub(super) const STEPS: &[Step] = &[
    Step::Begin,
    Step::Start,
    Step::Prove,
    Step::Shift,
    Step::Bake,
    Step::Commit,
];
