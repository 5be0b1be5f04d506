//! What a canary's shares are judged by.

use std::collections::BTreeMap;

use super::super::raw::{self, At};
use super::super::scalar::{confidence, duration, duration_from, number, points, quantile, slower};
use super::super::{Permille, Query, name};
use super::{Read, Reader, Reported, Wrong, code};
use crate::analysis::{LatencyRule, Margin, MetricRule};
use crate::rollout::{Comparison, Metered};

/// Who has no verdict by then has too little traffic for this share, or for what is tolerated.
const DEADLINE: u64 = 600_000;
/// A Prometheus looks at what it watches every 15 s or more: asked oftener it says the same again.
const EVERY: u64 = 10_000;
const READINGS: u8 = 3;

impl Reader<'_> {
    pub(super) fn analysis(
        &mut self,
        at: Option<&At<raw::Analysis>>,
    ) -> Read<Option<(Comparison, Vec<Query>)>> {
        let Some(raw) = self.map(at)? else {
            return Ok(None);
        };
        let unsaid = raw::ErrorAnalysis::default();
        let errors = self.map(raw.errors.as_ref())?.unwrap_or(&unsaid);
        let usual = Margin::ERRORS;
        let tolerated = self.or(errors.worse_by.as_ref(), usual.tolerated, points);
        let sure = self.or(errors.confidence.as_ref(), usual.confidence, confidence);
        let latency = self.latency(raw.latency.as_ref());
        let metrics = self.metrics(raw.metrics.as_ref());
        let deadline = self.or(raw.deadline.as_ref(), DEADLINE, duration);
        let (metrics, queries) = metrics?.into_iter().unzip();
        let comparison = Comparison {
            errors: Margin {
                tolerated: tolerated?,
                confidence: sure?,
                ..usual
            },
            latency: latency?,
            metrics,
            deadline: deadline?,
        };
        Ok(Some((comparison, queries)))
    }

    fn latency(&mut self, at: Option<&At<raw::LatencyAnalysis>>) -> Read<Option<LatencyRule>> {
        let Some(raw) = self.map(at)? else {
            return Ok(None);
        };
        let usual = LatencyRule::USUAL;
        let by = self.or(raw.slower_by.as_ref(), Permille(usual.slower_by), slower);
        let high = self.or(raw.quantile.as_ref(), usual.quantile, quantile);
        let floor = self.or(raw.floor.as_ref(), usual.floor, duration);
        let sure = self.or(raw.confidence.as_ref(), usual.confidence, confidence);
        Ok(Some(LatencyRule {
            slower_by: by?.0,
            quantile: high?,
            floor: floor?,
            confidence: sure?,
            ..usual
        }))
    }

    fn metrics(
        &mut self,
        at: Option<&At<BTreeMap<String, At<raw::MetricAnalysis>>>>,
    ) -> Read<Vec<(Metered, Query)>> {
        let Some(entries) = self.map(at)? else {
            return Ok(Vec::new());
        };
        let read: Vec<_> = entries
            .iter()
            .map(|(key, at)| {
                let name = self.key(at.node, key, name::short_name);
                self.metric(at, name)
            })
            .collect();
        read.into_iter().collect()
    }

    fn metric(
        &mut self,
        at: &At<raw::MetricAnalysis>,
        name: Read<String>,
    ) -> Read<(Metered, Query)> {
        let raw = self.map(Some(at))?.ok_or(Reported)?;
        let url = self.optional(raw.url.as_ref(), name::url);
        let query = raw.query.as_ref();
        let query = query.map(|query| self.template(query, not_empty));
        let (max, min) = (
            self.optional(raw.max.as_ref(), number),
            self.optional(raw.min.as_ref(), number),
        );
        let every = self.or(raw.every.as_ref(), EVERY, duration_from::<1000>);
        let readings = self.given(raw.readings.as_ref());
        let login = self.login(
            at.node,
            raw.token.as_ref(),
            raw.user.as_ref(),
            raw.password.as_ref(),
        );
        let (max, min) = (max?, min?);
        let mistake = match (max, min) {
            (None, None) => Some(
                Wrong::new(code::MISSING_KEY, "the metric has no limit")
                    .help("add `max`, `min` or both"),
            ),
            (Some(max), Some(min)) if min.0 > max.0 => Some(
                Wrong::new(
                    code::CONFLICT,
                    "no number is at least `min` and at most `max`",
                )
                .help("exchange the two"),
            ),
            (Some(_) | None, Some(_) | None) => None,
        };
        if let Some(mistake) = mistake {
            return Err(self.report_key(at.node, mistake));
        }
        let metered = Metered {
            rule: MetricRule {
                name: name?,
                max,
                min,
                readings: u32::from(readings?.unwrap_or(READINGS)),
            },
            every: every?,
        };
        let query = Query {
            url: url?.ok_or(Reported)?.trim_end_matches('/').to_owned(), // by the checker: it is required
            query: query.ok_or(Reported)??, // by the checker: it is required
            login: login?,
        };
        Ok((metered, query))
    }
}

fn not_empty(text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() {
        return Err(Wrong::new(code::MISSING_KEY, "the query is empty"));
    }
    Ok(())
}
