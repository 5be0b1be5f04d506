//! `image`: the image says that it is of this commit, and a command that knows how has verified what attests it.
//!
//! That there is an attestation proves nothing; that somebody has checked its signature and who signed it does. Such programs
//! exist (`gh attestation verify`, `cosign verify-attestation`), and one of them is run.

use super::command::Terms;
use super::{Evidence, Judgement, Lack, Seen, Want, command, short};
use crate::config::Template;
use crate::protocol::Timestamp;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Whether its label has to name this commit.
    pub revision: bool,
    /// What verifies the attestation; `None`: nothing does.
    pub attestation: Option<Vec<Template>>,
    /// How that is run.
    pub terms: Terms,
}

impl Image {
    pub(super) fn wants(&self, gate: &str) -> Vec<Want> {
        let command = self
            .attestation
            .as_ref()
            .map(|_| Want::Command(gate.to_owned()));
        std::iter::once(Want::Image).chain(command).collect()
    }

    /// What it says.
    #[must_use]
    pub fn judge(&self, gate: &str, evidence: &Evidence, now: Timestamp) -> Judgement {
        let label = self.revision.then(|| judge_label(evidence, now));
        let attested = self
            .attestation
            .as_ref()
            .map(|_| command::judge(gate, evidence, now));
        let parts: Vec<Judgement> = label.into_iter().chain(attested).collect();
        Judgement::all(parts)
    }
}

fn judge_label(evidence: &Evidence, now: Timestamp) -> Judgement {
    let labelled = match Seen::read(evidence.image.as_ref(), now) {
        Ok(labelled) => labelled,
        Err(judgement) => return judgement,
    };
    match (&labelled.revision, &evidence.subject.run_commit) {
        (_, None) => {
            Judgement::unknown(Lack::Lasting, "nobody knows which commit this run is about")
        }
        (None, _) => Judgement::unknown(
            Lack::Lasting,
            format!(
                "{} does not say which commit it was built from",
                labelled.reference
            ),
        ),
        (Some(is), Some(commit)) if is == commit => Judgement::pass(format!(
            "{} says that it was built from {}",
            labelled.reference,
            short(is)
        )),
        (Some(is), Some(commit)) => Judgement::fail(format!(
            "{} was built from {}, and this run is about {}",
            labelled.reference,
            short(is),
            short(commit)
        )),
    }
}
