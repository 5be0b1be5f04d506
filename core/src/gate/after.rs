//! `after`: this very image was proven in another environment, and for long enough.
//!
//! What is read is the proof in the image's registry (`proof.rs`), so this run needs no way to the other environment. A rebuilt
//! image of the same commit is another image, and has no proof. The soak goes by the registry's clock.

use super::{Evidence, Judgement, Lack, Reason, Seen, Verdict};
use crate::proof::{self, Claim, Standing};
use crate::protocol::Timestamp;
use crate::report::{duration, when};

/// Where, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// The other environment.
    pub environment: String,
    /// Milliseconds.
    pub soak: u64,
}

/// What a registry answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What was asked for, `name:tag`.
    pub reference: String,
    /// The service that is to be deployed: another one of the same image is proven by itself.
    pub service: String,
    /// The image that is to be deployed, `sha256:…`.
    pub digest: String,
    /// What is there; `None`: nothing.
    pub index: Option<String>,
    /// What time it was where the registry is.
    pub clock: Timestamp,
}

impl After {
    /// What it says.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let seen = evidence.proofs.get(&self.environment);
        let answered = match Seen::read(seen, now) {
            Ok(answered) => answered,
            Err(judgement) => return judgement,
        };
        // Since it was read, the registry's clock went on as ours did.
        let clock = answered
            .clock
            .plus(seen.map_or(0, |seen| now.since(seen.at)));
        let (name, reference) = (&self.environment, &answered.reference);
        let index = answered.index.as_deref();
        let claim = Claim {
            service: &answered.service,
            environment: name,
            digest: &answered.digest,
        };
        match proof::standing(claim, self.soak, index, clock) {
            Standing::Proven { since, ago } => {
                let text = format!(
                    "proven in {name} since {}, {} ago ({reference})",
                    when(since),
                    duration(ago)
                );
                Judgement {
                    verdict: Verdict::Pass,
                    because: vec![Reason::linked(text, self.run(index).as_ref())],
                }
            }
            Standing::Soaking { since, left } => {
                let text = format!(
                    "proven in {name} since {}, and it has to be for {}: {} are still to come ({reference})",
                    when(since),
                    duration(self.soak),
                    duration(left)
                );
                Judgement::pending(Some(now.plus(left)), format!("the soak in {name}"), text)
            }
            Standing::Absent => Judgement::fail(format!(
                "this image was never proven in {name} as this service: {reference} is not there; what was built anew from the same commit is another image"
            )),
            Standing::Other(digest) => Judgement::fail(format!(
                "this image was never proven in {name}: {reference} is the proof of {digest}"
            )),
            Standing::Unreadable(why) => Judgement::unknown(
                Lack::Lasting,
                format!("{reference} is no proof that can be read: {why}"),
            ),
        }
    }

    fn run(&self, index: Option<&str>) -> Option<String> {
        proof::Proof::read(index?).ok()?.url
    }
}
