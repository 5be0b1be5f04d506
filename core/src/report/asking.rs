//! A person in mid-rollout, in words.

use super::inert;
use super::words::when;
use crate::word::{Question, Stage};

/// What a run asks a person: since when, until when, and what of its evidence is missing.
#[must_use]
pub(crate) fn asks(question: &Question) -> String {
    let (version, share) = (inert(&question.version), question.share);
    let who = format!("{version} ({})", question.generation);
    match &question.became {
        Stage::Asks => {}
        Stage::More => return format!("{who} is being brought"),
        Stage::Kept => return format!("{who} is committed"),
        Stage::Over { .. } => return format!("the rollout of {who} is over"),
        Stage::Less(_) => return format!("{who} is being put away"),
        Stage::Past => return format!("{who} has passed a point of no return, and goes on"),
    }
    let lacks = question.lacks.as_deref().map(inert);
    match (question.waits, lacks) {
        (Some((since, until)), lacks) => {
            let lacks = lacks.map_or_else(String::new, |lacks| {
                format!("; at this moment its evidence is not whole: {lacks}")
            });
            format!(
                "{who} waits at {share} % of the traffic for a person since {}, until {} at most{lacks}",
                when(since),
                when(until)
            )
        }
        (None, lacks) => format!(
            "{who} has {share} % of the traffic, and a person says whether it gets more once its evidence is whole: {}",
            lacks.as_deref().unwrap_or("it is about to be")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Timestamp;
    use crate::word::tests::question;

    #[test]
    fn a_question_says_what_is_waited_for_and_what_is_missing() {
        assert_eq!(
            asks(&question()),
            "v2 (g2) has 25 % of the traffic, and a person says whether it gets more once its evidence is whole: it is watched for 5 s more"
        );
        let since = Timestamp(1_795_343_465_000);
        let waits = Question {
            waits: Some((since, since.plus(3_600_000))),
            lacks: None,
            ..question()
        };
        assert_eq!(
            asks(&waits),
            "v2 (g2) waits at 25 % of the traffic for a person since 2026-11-22 10:31:05Z, until 2026-11-22 11:31:05Z at most"
        );
        // Whoever has been promoted waits for nobody any more.
        for (became, then) in [
            (Stage::More, "is being brought"),
            (Stage::Less("worse".to_owned()), "is being put away"),
            (Stage::Past, "has passed a point of no return, and goes on"),
            (Stage::Kept, "is committed"),
        ] {
            let question = Question {
                became,
                ..waits.clone()
            };
            assert_eq!(asks(&question), format!("v2 (g2) {then}"));
        }
        let lacks = Question {
            lacks: Some("g2-1: status 500".to_owned()),
            ..waits
        };
        assert!(
            asks(&lacks).ends_with("; at this moment its evidence is not whole: g2-1: status 500")
        );
    }
}
