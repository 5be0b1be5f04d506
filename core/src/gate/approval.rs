//! `approval`: who pressed the button.
//!
//! A person did who started this very run by hand, or ran it again, or approved it where the platform asks before a job of this
//! environment begins. A machine's account is nobody. Where an environment has this gate, it is what delivery mode asks for.

use super::{Evidence, Judgement, Reason, Seen, Verdict};
use crate::protocol::Timestamp;

/// Who may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// Logins; empty: any person.
    pub by: Vec<String>,
}

impl Approval {
    /// Whether somebody may.
    fn may(&self, who: &str) -> bool {
        let person = !who.is_empty() && !who.ends_with("[bot]");
        person && (self.by.is_empty() || self.by.iter().any(|it| it.eq_ignore_ascii_case(who)))
    }

    fn who_may(&self) -> String {
        if self.by.is_empty() {
            "a person".to_owned()
        } else {
            self.by.join(" or ")
        }
    }

    /// Whether somebody who may has pressed it.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let subject = &evidence.subject;
        let actor = subject.actor.clone().unwrap_or_default();
        if subject.by_hand && self.may(&actor) {
            let text = format!("{actor} started this run by hand");
            let because = vec![Reason::linked(text, subject.run_url.as_ref())];
            return Judgement {
                verdict: Verdict::Pass,
                because,
            };
        }
        let mut because = vec![Reason::new(match (subject.by_hand, actor.as_str()) {
            (true, "") => "this run was started by hand, and nobody knows by whom".to_owned(),
            (true, actor) => format!("{actor} started this run by hand, and may not"),
            (false, _) => "nobody started this run by hand".to_owned(),
        })];
        let on = format!("{}, who may start the run by hand", self.who_may());
        let approvals = match Seen::read(evidence.approvals.as_ref(), now) {
            Ok(approvals) => approvals,
            Err(judgement) => return judgement,
        };
        // Names of environments are the same in small and capital letters.
        let here = approvals.iter().filter(|it| {
            let environments = it.environments.iter();
            environments
                .clone()
                .any(|name| name.eq_ignore_ascii_case(&subject.environment))
        });
        let mut passed = false;
        for it in here {
            let says = match it.state.as_str() {
                "approved" if self.may(&it.user) => {
                    passed = true;
                    "approved this run"
                }
                "approved" => "approved this run, and may not",
                "rejected" => {
                    let text = format!("{} rejected this run", it.user);
                    because.insert(0, Reason::linked(text, subject.run_url.as_ref()));
                    return Judgement {
                        verdict: Verdict::Fail,
                        because,
                    };
                }
                _ => continue,
            };
            because.push(Reason::linked(
                format!("{} {says}", it.user),
                subject.run_url.as_ref(),
            ));
        }
        let verdict = if passed {
            Verdict::Pass
        } else {
            Verdict::pending(None, format!("{on}, or approve it where the platform asks"))
        };
        Judgement { verdict, because }
    }

    /// Who may press what, in a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "{} starts the run by hand or runs it again, or approves it where the platform asks before the job begins",
            self.who_may()
        )
    }
}
