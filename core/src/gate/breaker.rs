//! `breaker`: not too many deploys failed here lately. Whoever deploys again and again in the hope of better luck hurts users.

use super::{Evidence, Judgement, Seen};
use crate::protocol::Timestamp;

/// How many are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// So many failures close the environment; at least 1.
    pub failures: u32,
    /// Milliseconds that count.
    pub within: u64,
}

impl Breaker {
    /// What the ledger says.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let recorded = match Seen::read(evidence.ledger.as_ref(), now) {
            Ok(recorded) => recorded,
            Err(judgement) => return judgement,
        };
        let lately: Vec<&(Timestamp, String)> = recorded
            .failures
            .iter()
            .filter(|(at, _)| now.since(*at) < self.within)
            .collect();
        let span = crate::report::duration(self.within);
        let count = lately.len();
        if count < self.failures as usize {
            return Judgement::pass(format!(
                "{count} of the deploys of the last {span} failed, and {} may",
                self.failures - 1
            ));
        }
        // It closes again once all but so many are that old.
        let mut times: Vec<Timestamp> = lately.iter().map(|(at, _)| *at).collect();
        times.sort_unstable();
        let oldest = times
            .get(count - self.failures as usize)
            .copied()
            .unwrap_or(now);
        let versions: Vec<&str> = lately.iter().map(|(_, version)| version.as_str()).collect();
        Judgement::pending(
            Some(oldest.plus(self.within)),
            "somebody who finds out why, and overrides it",
            format!(
                "{count} deploys failed in the last {span}: {}",
                versions.join(", ")
            ),
        )
    }
}
