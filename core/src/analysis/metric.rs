//! A metric: the value of a query, asked of Prometheus, against limits.
//!
//! It is a plain threshold: so many values in a row decide, and nobody can say how often that errs. An answer that is not exactly one
//! number is no value: of several series none is chosen, and nothing is read as zero.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::real::Real;
use super::verdict::{Basis, Finding, Kind, Verdict, Why};

/// What is asked of the values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MetricRule {
    /// For people.
    pub name: String,
    /// No value may be larger.
    pub max: Option<Real>,
    /// No value may be smaller.
    pub min: Option<Real>,
    /// So many in a row fail or pass; at least 1.
    pub readings: u32,
}

/// What was asked of the values, and what is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Metric {
    rule: MetricRule,
    inside: u32,
    outside: u32,
    last: Option<Real>,
    trouble: Option<Why>,
    failed: bool,
}

impl Metric {
    /// Nothing was measured.
    #[must_use]
    pub const fn new(rule: MetricRule) -> Self {
        Self {
            rule,
            inside: 0,
            outside: 0,
            last: None,
            trouble: None,
            failed: false,
        }
    }

    /// The weights have changed. That it was well before is no evidence any more; that it was not stays.
    pub const fn begin_step(&mut self) {
        self.inside = 0;
    }

    /// A value, or why there is none: see [`value`].
    pub fn observe(&mut self, read: Result<Real, Why>) {
        match read {
            Err(why) => self.trouble = Some(why),
            Ok(value) => {
                self.trouble = None;
                self.last = Some(value);
                if self.is_inside(value.0) {
                    self.outside = 0;
                    self.inside = self.inside.saturating_add(1);
                } else {
                    self.inside = 0;
                    self.outside = self.outside.saturating_add(1);
                    self.failed |= self.outside >= self.rule.readings.max(1);
                }
            }
        }
    }

    /// What follows from it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let readings = self.rule.readings.max(1);
        let verdict = match &self.trouble {
            _ if self.failed => Verdict::Fail,
            Some(why) => Verdict::Inconclusive(why.clone()),
            None if self.last.is_none() => Verdict::Inconclusive(Why::NoData),
            None if self.rule.max.is_none() && self.rule.min.is_none() => {
                Verdict::Inconclusive(Why::NoLimit)
            }
            None if self.inside >= readings => Verdict::Pass,
            None => Verdict::Inconclusive(Why::FewReadings {
                have: self.inside.max(self.outside),
                need: readings,
            }),
        };
        Finding {
            kind: Kind::Metric(self.rule.name.clone()),
            verdict,
            basis: Basis::Metric {
                value: self.last.map(|value| value.0.to_string()),
                inside: self.inside,
                outside: self.outside,
                readings,
                max: self.rule.max,
                min: self.rule.min,
            },
        }
    }

    fn is_inside(&self, value: f64) -> bool {
        self.rule.max.is_none_or(|max| value <= max.0)
            && self.rule.min.is_none_or(|min| value >= min.0)
    }
}

/// The one number that an answer of Prometheus's `/api/v1/query` holds.
pub fn value(body: &str) -> Result<Real, Why> {
    let failing = |why: &str| Why::SourceFailing(why.to_owned());
    let answer: Value = serde_json::from_str(body).map_err(|_| failing("the answer is no JSON"))?;
    if answer.get("status").and_then(Value::as_str) != Some("success") {
        let why = answer.get("error").and_then(Value::as_str);
        return Err(failing(why.unwrap_or("the answer does not say `success`")));
    }
    let part = |name: &str| answer.get("data").and_then(|data| data.get(name));
    let result = part("result").and_then(Value::as_array);
    let sample = match (part("resultType").and_then(Value::as_str), result) {
        (Some("scalar"), Some(sample)) => sample,
        (Some("vector"), Some(series)) => match &series[..] {
            [] => return Err(Why::NoData),
            [only] => only
                .get("value")
                .and_then(Value::as_array)
                .ok_or_else(|| failing("the series has no value"))?,
            several => return Err(Why::SeveralSeries(several.len())),
        },
        (Some(other), _) => return Err(failing(&format!("the query answers with a {other}"))),
        (None, _) => return Err(failing("the answer is of no kind")),
    };
    let [_, Value::String(text)] = &sample[..] else {
        return Err(failing("the sample is no pair of a time and a value"));
    };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Real(number)),
        Ok(_) | Err(_) => Err(Why::NotANumber(text.chars().take(40).collect())),
    }
}
