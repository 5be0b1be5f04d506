//! `approval`: who pressed the button.
//!
//! A person did who started this very run by hand, or ran it again, or approved it where the platform asks before a job of this
//! environment begins. A machine's account is nobody, and so is whoever no platform vouches for, where names are asked for.
//! Approvals of a run do not say of which attempt they are, so from the second one on only who ran it again counts. Where an
//! environment has this gate, it is what delivery mode asks for.

use super::{Evidence, Judgement, Lack, Reason, Seen, Subject, Verdict};
use crate::event::System;
use crate::forge::{Approved, is_person};
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
        let named = |it: &String| it.eq_ignore_ascii_case(who);
        is_person(who) && (self.by.is_empty() || self.by.iter().any(named))
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
        let (text, nobody) = match self.pressed(subject) {
            Pressed::Yes(text) => {
                let because = vec![Reason::linked(text, subject.run_url.as_ref())];
                let verdict = Verdict::Pass;
                return Judgement { verdict, because };
            }
            Pressed::No(text) => (text, false),
            Pressed::Nobody(text) => (text, true),
        };
        let Judgement {
            mut verdict,
            mut because,
        } = self.judge_approvals(evidence, now);
        if nobody && matches!(verdict, Verdict::Pending { .. }) {
            verdict = Verdict::unknown(Lack::Lasting, text.clone());
        }
        because.push(Reason::new(text));
        Judgement { verdict, because }
    }

    /// Whether somebody who may has approved this run, where the platform asked. It does not say of which attempt: those of an
    /// earlier one let a later one through that anybody began.
    fn judge_approvals(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let (subject, who) = (&evidence.subject, self.who_may());
        if let Some(attempt) = subject.attempt.filter(|it| *it > 1) {
            let text = format!(
                "this is attempt {attempt}, and the platform does not say of which attempt an approval is: none counts"
            );
            return Judgement::pending(None, format!("{who}, who may run it again"), text);
        }
        let approvals = match Seen::read(evidence.approvals.as_ref(), now) {
            Ok(approvals) => approvals,
            Err(judgement) => return judgement,
        };
        let here = approvals.iter().filter(|it| is_of(it, subject));
        let judge = |it: &Approved| {
            let (verdict, says) = match (it.state.as_str(), self.may(&it.user)) {
                ("approved", true) => (Verdict::Pass, "approved this run"),
                ("approved", false) => (self.waits(), "approved this run, and may not"),
                ("rejected", _) => (Verdict::Fail, "rejected this run"),
                (_, _) => return None,
            };
            let text = format!("{} {says}", it.user);
            let because = vec![Reason::linked(text, subject.run_url.as_ref())];
            Some(Judgement { verdict, because })
        };
        let judged: Vec<Judgement> = here.filter_map(judge).collect();
        let rejected = judged.iter().any(|it| it.verdict == Verdict::Fail);
        let approved = judged.iter().any(|it| it.verdict == Verdict::Pass);
        let verdict = match (subject.attempt, judged.is_empty()) {
            (_, true) => self.waits(),
            (None, false) => Verdict::unknown(
                Lack::Lasting,
                "nobody knows of which attempt of the run these approvals are",
            ),
            (Some(_), false) if rejected => Verdict::Fail,
            (Some(_), false) if approved => Verdict::Pass,
            (Some(_), false) => self.waits(),
        };
        let because = judged.into_iter().flat_map(|it| it.because).collect();
        Judgement { verdict, because }
    }

    fn waits(&self) -> Verdict {
        let who = self.who_may();
        let on =
            format!("{who}, who may start the run by hand, or approve it where the platform asks");
        Verdict::pending(None, on)
    }

    /// Whether whoever started this attempt of the run may.
    fn pressed(&self, subject: &Subject) -> Pressed {
        let actor = subject.actor.as_deref().unwrap_or_default();
        match (subject.by_hand, subject.vouched) {
            (false, _) => Pressed::No("nobody started this run by hand".to_owned()),
            (true, true) if self.may(actor) => {
                Pressed::Yes(format!("{actor} started this run by hand"))
            }
            (true, true) => Pressed::No(format!("{actor} started this run by hand, and may not")),
            (true, false) if subject.system != System::Git => {
                Pressed::Nobody("this run was started by hand, and nobody knows by whom".to_owned())
            }
            // Whoever sits at a terminal is a person, and by which name they say themselves.
            (true, false) if self.by.is_empty() => {
                Pressed::Yes("somebody started this at a command line".to_owned())
            }
            (true, false) => Pressed::Nobody(format!(
                "this was started at a command line, where no platform says by whom: run it where {} can be told",
                self.by.join(" or ")
            )),
        }
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

/// What is known of who pressed the button.
enum Pressed {
    /// Yes, in these words.
    Yes(String),
    /// Nobody did, or somebody who may not.
    No(String),
    /// Somebody did, and nobody knows who.
    Nobody(String),
}

/// Names of environments are the same in small and capital letters.
fn is_of(approved: &Approved, subject: &Subject) -> bool {
    let mut environments = approved.environments.iter();
    environments.any(|name| name.eq_ignore_ascii_case(&subject.environment))
}
