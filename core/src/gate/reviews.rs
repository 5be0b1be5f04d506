//! `reviews`: the pull request that became this commit was approved, after its last push, and not by its author.
//!
//! Of each person the last word counts. An approval counts only for the commit that it was given for, so one push after it and it
//! is gone. Who may approve is whom the forge lets write, or whom the configuration names; nobody who wrote a part of it, and no
//! machine that is not named. Who wants changes and may not write there has an opinion, and no vote.

use std::collections::BTreeMap;

use super::{Evidence, Judgement, Lack, Reason, Seen, Verdict, short};
use crate::forge::{Pull, Review, Reviewed};
use crate::protocol::Timestamp;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviews {
    /// How many have to approve; at least 1.
    pub approvals: u32,
    /// Only these count; empty: everybody who may write there.
    pub by: Vec<String>,
}

impl Reviews {
    /// What the reviews say.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let commit = match evidence.commit() {
            Ok(commit) => commit,
            Err(judgement) => return judgement,
        };
        let reviewed = match Seen::read(evidence.reviews.as_ref(), now) {
            Ok(reviewed) => reviewed,
            Err(judgement) => return judgement,
        };
        let branch = evidence.subject.branch.as_deref();
        let Some(pull) = reviewed
            .pull
            .as_ref()
            .filter(|it| it.became(commit, branch))
        else {
            let why = format!(
                "no pull request is known that became {}: nobody has reviewed it",
                short(commit)
            );
            return Judgement::unknown(Lack::Soon, why);
        };
        self.judge_pull(pull, reviewed)
    }

    fn judge_pull(&self, pull: &Pull, reviewed: &Reviewed) -> Judgement {
        let last = last_words(&reviewed.reviews);
        let mut because = Vec::new();
        let mut approved = 0;
        for review in last.values() {
            let who = &review.user;
            let text = match (review.approves(), self.why_not(review, pull, reviewed)) {
                (false, _) if !review.wants_changes() || review.dismissed => continue,
                (false, _) if same(who, &pull.author) => continue,
                (false, _) if !self.has_a_say(review, reviewed) => {
                    format!("{who} wants changes, and has no say there")
                }
                (false, _) => {
                    let text = format!("{who} wants changes in pull request {}", pull.number);
                    let because = vec![Reason::linked(text, review.url.as_ref())];
                    return Judgement {
                        verdict: Verdict::Fail,
                        because,
                    };
                }
                (true, None) => {
                    approved += 1;
                    format!(
                        "{who} approved {} in pull request {}",
                        short(&pull.head),
                        pull.number
                    )
                }
                (true, Some(why)) => format!("the approval of {who} does not count: {why}"),
            };
            because.push(Reason::linked(text, review.url.as_ref()));
        }
        let verdict = if approved >= self.approvals {
            Verdict::Pass
        } else {
            let on = match self.by.as_slice() {
                [] => format!("a reviewer who is not {}", pull.author),
                by => by.join(" or "),
            };
            let text = format!(
                "pull request {} has {approved} of {} approvals",
                pull.number, self.approvals
            );
            because.insert(0, Reason::linked(text, pull.url.as_ref()));
            Verdict::pending(None, on)
        };
        Judgement { verdict, because }
    }

    /// Why an approval does not count, if it does not.
    fn why_not(&self, review: &Review, pull: &Pull, reviewed: &Reviewed) -> Option<String> {
        if review.user.is_empty() || same(&review.user, &pull.author) {
            return Some("it is the author's own".to_owned());
        }
        if reviewed.writers.iter().any(|it| same(it, &review.user)) {
            return Some("a commit of it is of the same hand".to_owned());
        }
        if review.commit != pull.head || review.stale {
            let (given, is) = (short(&review.commit), short(&pull.head));
            return Some(format!(
                "it was given for {given}, and {is} was pushed since"
            ));
        }
        if review.dismissed {
            return Some("it was dismissed".to_owned());
        }
        let named = self.names(&review.user);
        match self.by.as_slice() {
            _ if named => None,
            [] if review.is_of_a_machine() => Some("a machine gave it".to_owned()),
            [] if reviewed.untold.contains(&review.user) => Some(
                "the platform does not tell whether they may write there: name them in `by`"
                    .to_owned(),
            ),
            [] if !self.has_a_say(review, reviewed) => {
                Some("whoever gave it may not write there".to_owned())
            }
            [] => None,
            _ => Some("it is not of those who are asked".to_owned()),
        }
    }

    fn names(&self, who: &str) -> bool {
        self.by.iter().any(|it| same(it, who))
    }

    /// Whether somebody is named, or may write there, or perhaps may. A machine is there because somebody who may has let it in.
    fn has_a_say(&self, review: &Review, reviewed: &Reviewed) -> bool {
        let writes = review.official || reviewed.may_write.contains(&review.user);
        let perhaps = reviewed.untold.contains(&review.user);
        writes || perhaps || review.is_of_a_machine() || self.names(&review.user)
    }
}

/// Names of people are the same in small and capital letters.
const fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// A comment takes nothing back.
fn last_words(reviews: &[Review]) -> BTreeMap<&str, &Review> {
    let mut last: BTreeMap<&str, &Review> = BTreeMap::new();
    for review in reviews {
        if matches!(
            review.state.as_str(),
            "COMMENTED" | "COMMENT" | "PENDING" | "REQUEST_REVIEW"
        ) {
            continue;
        }
        let newer = last
            .get(review.user.as_str())
            .is_none_or(|it| (it.at, it.id) <= (review.at, review.id));
        if newer {
            last.insert(&review.user, review);
        }
    }
    last
}
