//! In place of the old version.

use super::{Plan, Share, Step};

/// The old instances are stopped before the new ones start, and kept until the commit is recorded: going back starts
/// them again.
pub(super) fn steps(plan: &Plan) -> Vec<Step> {
    let upto = plan.new.members.len();
    vec![
        Step::Begin,
        Step::Withdraw { keep: 0 },
        Step::Start { upto },
        Step::Prove,
        Step::Shift(Share::ALL),
        Step::Bake,
        Step::Commit,
    ]
}
