//! Beside the old version.

use super::{Plan, Share, Step};

/// Old instances run, routed or as the router's fallback, until the commit is recorded.
pub(super) fn steps(plan: &Plan) -> Vec<Step> {
    let upto = plan.new.members.len();
    vec![
        Step::Begin,
        Step::Start { upto },
        Step::Prove,
        Step::Shift(Share::ALL),
        Step::Bake,
        Step::Commit,
    ]
}
