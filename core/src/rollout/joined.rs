//! While a wave is proven, those that came before it have traffic: they are judged as in a pause.

use std::collections::BTreeMap;

use super::baking::{LEAST_BAD, share};
use super::{Fault, FaultCode, Life, Phase, Rollout, Traffic};
use crate::spec::InstanceId;

impl Rollout {
    /// New instances that have traffic, while others of them are proven.
    fn joined_before(&self) -> Vec<InstanceId> {
        let joined = self.plan.new.members.iter().take(self.joined());
        joined.map(|member| member.id).collect()
    }

    /// One that has traffic answers its probes badly.
    pub(super) fn joined_probes_badly(&self) -> Option<Fault> {
        let Phase::Proving(proving) = &self.phase else {
            return None;
        };
        if !proving.has_looked() {
            return None;
        }
        let failures = self.plan.timing.failures;
        let mut joined = self.joined_before().into_iter();
        let id = joined.find(|id| proving.bad_in_a_row(*id) >= failures)?;
        Some(Fault {
            code: FaultCode::ProbeFailed,
            instance: Some(id),
            seen: format!("{failures} bad probes in a row, while the next instances were proven"),
        })
    }

    /// Those that have traffic answer too many requests badly: since the pause ended, and, where the engine or somebody started
    /// one anew, since then.
    pub(super) fn joined_answers_badly(
        &mut self,
        lives: &BTreeMap<InstanceId, Life>,
    ) -> Option<Fault> {
        let joined = self.joined_before();
        let (counts, _) = self.counted.as_mut()?;
        let (mut attempts, mut bad) = (0, 0);
        for id in joined {
            let Some(now) = lives.get(&id).and_then(|life| life.traffic) else {
                continue;
            };
            let started = |lives: &BTreeMap<InstanceId, Life>| lives.get(&id).map(|it| it.started);
            let then = counts.entry(id).or_insert(now);
            if then.epoch != now.epoch || started(&self.lives) != started(lives) {
                *then = now;
            }
            let Traffic {
                attempts: all,
                good,
                ..
            } = now;
            let all = all.saturating_sub(then.attempts);
            attempts += all;
            bad += all.saturating_sub(good.saturating_sub(then.good));
        }
        let too_many =
            bad >= LEAST_BAD && bad * 1000 > u64::from(self.plan.timing.errors) * attempts;
        too_many.then(|| Fault {
            code: FaultCode::Errors,
            instance: None,
            seen: format!(
                "{bad} of {attempts} requests got no good answer ({}), while the next instances were proven",
                share(bad, attempts)
            ),
        })
    }
}
