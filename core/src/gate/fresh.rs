//! `fresh`: nothing newer is on its way. The branch, or the tag, that the run is of still names the commit.
//!
//! A run that waited in a queue is often overtaken. It ends as `superseded`, and what is newer brings its own run.

use super::{Evidence, Judgement, Lack, Seen, short};
use crate::protocol::Timestamp;

/// What the ref says.
#[must_use]
pub fn judge(evidence: &Evidence, now: Timestamp) -> Judgement {
    let subject = &evidence.subject;
    let commit = match evidence.commit() {
        Ok(commit) => commit,
        Err(judgement) => return judgement,
    };
    let (what, name) = match (&subject.tag, &subject.branch) {
        (Some(tag), _) => ("tag", tag),
        (None, Some(branch)) => ("branch", branch),
        (None, None) => {
            return Judgement::unknown(
                Lack::Lasting,
                "nobody knows which branch or tag this run is of",
            );
        }
    };
    match Seen::read(evidence.tip.as_ref(), now) {
        Err(judgement) => judgement,
        Ok(tip) if tip == commit => {
            Judgement::pass(format!("the {what} `{name}` is at {}", short(commit)))
        }
        Ok(tip) => Judgement::fail(format!(
            "the {what} `{name}` is at {} by now, and this run is about {}",
            short(tip),
            short(commit)
        )),
    }
}
