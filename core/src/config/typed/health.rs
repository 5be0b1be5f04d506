//! Whether an instance is well, and how that is found out.

use std::collections::BTreeMap;

use super::super::raw::{self, At};
use super::super::scalar::{duration, duration_from, interval, status};
use super::super::tree::NodeId;
use super::super::{HealthTemplate, JsonTemplate, ProbeTemplate, name};
use super::{Read, Reader, Reported, Wrong, code, one_line, program, without_nul};

const EVERY: u64 = 1_000;
const TIMEOUT: u64 = 2_000;
const SUCCESSES: u32 = 3;
const FAILURES: u32 = 3;
const DEADLINE: u64 = 60_000;
/// Milliseconds until what is started runs, and a clock of whole seconds.
const TO_START: u64 = 2_000;

impl Reader<'_> {
    pub(super) fn health(&mut self, at: Option<&At<raw::Health>>) -> Read<HealthTemplate> {
        let unsaid = raw::Health::default();
        let raw = self.map(at)?.unwrap_or(&unsaid);
        let probe = self.probe(raw);
        let every = self.or(raw.every.as_ref(), EVERY, interval);
        let timeout = self.or(raw.timeout.as_ref(), TIMEOUT, duration_from::<100>);
        let successes = self.given(raw.successes.as_ref());
        let failures = self.given(raw.failures.as_ref());
        let deadline = self.or(raw.deadline.as_ref(), DEADLINE, duration);
        let (successes, failures) = (
            successes.map(|n| n.unwrap_or(SUCCESSES)),
            failures.map(|n| n.unwrap_or(FAILURES)),
        );
        if let (Ok(every), Ok(successes), Ok(deadline)) = (every, successes, deadline) {
            let runs = match &probe {
                Ok(Some(ProbeTemplate::Runs(long))) => Some(*long),
                Ok(
                    Some(
                        ProbeTemplate::Http { .. }
                        | ProbeTemplate::Tcp
                        | ProbeTemplate::Exec(_)
                        | ProbeTemplate::Image(_),
                    )
                    | None,
                )
                | Err(Reported) => None,
            };
            self.refuse_short_deadline(raw, runs, (every, successes), deadline);
        }
        Ok(HealthTemplate {
            probe: probe?,
            every: every?,
            timeout: timeout?,
            successes: successes?,
            failures: failures?,
            deadline: deadline?,
        })
    }

    /// A deadline that no instance can meet would blame every version.
    fn refuse_short_deadline(
        &mut self,
        raw: &raw::Health,
        runs: Option<u64>,
        (every, successes): (u64, u32),
        deadline: u64,
    ) {
        let needed = needed(runs, every, successes);
        if deadline >= needed {
            return;
        }
        let places = [
            node(raw.deadline.as_ref()),
            node(raw.every.as_ref()),
            node(raw.successes.as_ref()),
            node(raw.runs.as_ref()),
        ];
        let (takes, help) = match runs {
            None => (
                "`successes` times `every` is",
                "raise `deadline`, or lower `successes` or `every`",
            ),
            Some(_) => (
                "`runs`, then `successes` times `every`, and 2s to start take",
                "raise `deadline`, or lower `runs`, `successes` or `every`",
            ),
        };
        let mistake = Wrong::new(
            code::CONFLICT,
            "no instance can be proven within `deadline`",
        )
        .found(format!("{takes} {needed}ms, `deadline` is {deadline}ms"))
        .help(help);
        let place = places.into_iter().flatten().next();
        place.into_iter().for_each(|node| {
            self.report(node, mistake.clone());
        });
    }

    fn probe(&mut self, raw: &raw::Health) -> Read<Option<ProbeTemplate>> {
        let http = self.http(raw.http.as_ref());
        let exec = self.items(raw.exec.as_ref(), |reader, index, at| {
            reader.template(at, if index == 0 { program } else { without_nul })
        });
        let wanted = [
            node(raw.http.as_ref()),
            node(raw.tcp.as_ref()),
            node(raw.exec.as_ref()),
            node(raw.image.as_ref()),
            node(raw.runs.as_ref()),
        ];
        let runs = self.optional(raw.runs.as_ref(), duration_from::<1000>);
        self.refuse_second_probe(&wanted)?;
        let (http, exec) = (http?, exec?);
        let tcp = self.given(raw.tcp.as_ref())?;
        self.given(raw.image.as_ref())?;
        let image = raw
            .image
            .as_ref()
            .map(|at| ProbeTemplate::Image(self.document.value(at.node)));
        Ok(http
            .or_else(|| tcp.map(|_| ProbeTemplate::Tcp))
            .or_else(|| exec.map(ProbeTemplate::Exec))
            .or(image)
            .or(runs?.map(ProbeTemplate::Runs)))
    }

    fn refuse_second_probe(&mut self, wanted: &[Option<NodeId>]) -> Read<()> {
        let mut given = wanted.iter().flatten();
        given.next();
        given.try_for_each(|second| {
            let mistake = Wrong::new(code::CONFLICT, "there is another probe already");
            Err(self.report_key(*second, mistake.help("keep one of `http`, `tcp`, `exec`, `image` and `runs`; null removes one that is inherited, such as `http: null`")))
        })
    }

    fn http(&mut self, at: Option<&At<raw::Http>>) -> Read<Option<ProbeTemplate>> {
        let Some(raw) = self.map(at)? else {
            return Ok(None);
        };
        let path = self.or(raw.path.as_ref(), "/".into(), name::http_path);
        let status = self.or(raw.status.as_ref(), (200, 200), status);
        let json = self.json(raw.json.as_ref());
        Ok(Some(ProbeTemplate::Http {
            path: path?,
            status: status?,
            json: json?,
        }))
    }

    fn json(
        &mut self,
        at: Option<&At<BTreeMap<String, At<raw::JsonScalar>>>>,
    ) -> Read<BTreeMap<String, JsonTemplate>> {
        let Some(entries) = self.map(at)? else {
            return Ok(BTreeMap::new());
        };
        let read: Vec<_> = entries
            .iter()
            .map(|(key, at)| (self.key(at.node, key, member), self.expected(at)))
            .collect();
        read.into_iter()
            .map(|(name, expected)| Ok((name?, expected?)))
            .collect()
    }

    fn expected(&mut self, at: &At<raw::JsonScalar>) -> Read<JsonTemplate> {
        match at.value.as_ref().ok_or(Reported)? {
            raw::JsonScalar::Text(_) => self.template(at, without_nul).map(JsonTemplate::Text),
            raw::JsonScalar::Bool(truth) => Ok(JsonTemplate::Literal(truth.to_string())),
            raw::JsonScalar::Number(number) => Ok(JsonTemplate::Literal(number.to_string())),
        }
    }
}

/// Milliseconds that a proof takes at least: as many looks as are to be good; one that has to run on is started first, in a moment or
/// two, and good only after that.
pub(super) fn needed(runs: Option<u64>, every: u64, successes: u32) -> u64 {
    let looks = every.saturating_mul(successes.into());
    runs.map_or(looks, |long| {
        looks.saturating_add(long).saturating_add(TO_START)
    })
}

pub(super) fn node<T>(at: Option<&At<T>>) -> Option<NodeId> {
    at.map(|at| at.node)
}

/// The way to a member of a JSON object, dots between names.
fn member(text: &str) -> Result<String, Wrong> {
    one_line(text)?;
    if text.split('.').all(|name| !name.is_empty()) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(code::NAME, "this names no member")
        .expected("names with dots between them, such as `build.version`"))
}
