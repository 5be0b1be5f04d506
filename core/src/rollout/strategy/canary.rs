//! Beside the old version, a share after the other.

use super::{Plan, Share, Step};

/// The new version gets each share in turn and is watched at it beside the old one; then it gets everything, as under
/// `blue-green`.
pub(super) fn steps(plan: &Plan) -> Vec<Step> {
    let upto = plan.new.members.len();
    let before = [Step::Begin, Step::Start { upto }, Step::Prove];
    let beside = plan.shares.iter().filter(|share| **share < Share::ALL);
    let after = [Step::Shift(Share::ALL), Step::Bake, Step::Commit];
    before
        .into_iter()
        .chain(beside.flat_map(|share| [Step::Shift(*share), Step::Pause]))
        .chain(after)
        .collect()
}
