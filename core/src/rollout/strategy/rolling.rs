//! A few instances after the other.

use super::{Plan, Share, Step};

/// The new version comes in waves. Before each as many old instances stop as are in the way of it, and never the last
/// one: that stands by until the commit is recorded, as under `blue-green`.
///
/// While a wave comes up, what is there beside it serves: new instances that were proven before, and old ones. The first
/// wave is no larger than the room that there is: nothing stops before something new has been proven and serves.
pub(super) fn steps(plan: &Plan) -> Vec<Step> {
    let news = plan.new.members.len();
    let mut standing = plan.olds();
    let most = news.max(standing) + plan.waves.surge();
    let mut steps = vec![Step::Begin];
    let mut brought = 0;
    while brought < news {
        let room = if brought == 0 {
            plan.waves.surge()
        } else {
            news
        };
        brought = (brought + plan.waves.batch().min(room)).min(news);
        let keep = standing.min(most - brought);
        if keep < standing {
            standing = keep;
            steps.push(Step::Withdraw { keep });
        }
        steps.extend([Step::Start { upto: brought }, Step::Prove]);
        if brought < news {
            steps.extend([Step::Join, Step::Pause]);
        }
    }
    steps.extend([Step::Shift(Share::ALL), Step::Bake, Step::Commit]);
    steps
}
