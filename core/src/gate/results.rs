//! `tests`: results of tests, in JUnit files. None failed, and there are not fewer than last time.
//!
//! A file without tests proves nothing, and neither does one whose own sums say that there were more than it shows. Fewer than
//! ran when what serves was deployed are a sign that some did not run now. What was skipped did not run.
//!
//! The count outlives what is done about one deploy: only a gate that passed sets a new one ([`remembered`]). Who overrides it, or
//! goes past it in another way, leaves the old one; and what was counted under a name that no gate has any more is held against
//! one that was never counted.

use std::collections::BTreeMap;

use super::xml::{self, Piece};
use super::{Evidence, Gate, Judgement, Kind, Lack, Overrides, Reason, Seen, Verdict, Want};
use crate::protocol::Timestamp;

/// Failed tests that are told by name.
const SHOWN: usize = 10;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tests {
    /// Files of the working tree; at least one.
    pub junit: Vec<String>,
    /// So many there have to be.
    pub least: u64,
    /// Whether there may be fewer than last time.
    pub fewer: bool,
}

/// What a file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) tests: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    pub(crate) names: Vec<String>,
}

impl Tests {
    pub(super) fn wants(&self) -> Vec<Want> {
        let files = self.junit.iter().cloned().map(Want::File);
        let ledger = (!self.fewer).then_some(Want::Ledger);
        files.chain(ledger).collect()
    }

    /// How many tests ran by all files, where all can be read.
    #[must_use]
    pub fn count(&self, evidence: &Evidence) -> Option<u64> {
        let count = |path: &String| {
            let text = evidence.files.get(path)?.what.as_ref().ok()?;
            let Counted { tests, skipped, .. } = read(text).ok()?;
            Some(tests.saturating_sub(skipped))
        };
        self.junit.iter().map(count).sum()
    }

    /// What they say.
    #[must_use]
    pub fn judge(&self, gate: &str, evidence: &Evidence, now: Timestamp) -> Judgement {
        let files = self
            .junit
            .iter()
            .map(|path| judge_file(path, evidence, now));
        let mut parts: Vec<Judgement> = files.collect();
        if let Some(count) = self.count(evidence) {
            if count > 0 && count < self.least {
                parts.push(Judgement::fail(format!(
                    "{count} tests ran, and {} are asked for",
                    self.least
                )));
            }
            if !self.fewer {
                parts.push(judge_last(gate, count, evidence, now));
            }
        }
        Judgement::all(parts)
    }
}

fn judge_last(gate: &str, count: u64, evidence: &Evidence, now: Timestamp) -> Judgement {
    let recorded = match Seen::read(evidence.ledger.as_ref(), now) {
        Ok(recorded) => recorded,
        Err(judgement) => return judgement,
    };
    let own = recorded
        .counted
        .get(gate)
        .map(|last| (*last, String::new()));
    let nameless = recorded.nameless.as_ref();
    let nameless =
        nameless.map(|(name, last)| (*last, format!(" by the gate `{name}`, which is gone")));
    match own.or(nameless) {
        Some((last, by)) if count < last => Judgement::fail(format!(
            "{count} tests ran, and {last} did when what serves was deployed{by}; where some were removed on purpose, say `fewer: true` for one deploy: an override leaves the count as it was"
        )),
        Some((last, by)) => Judgement::pass(format!(
            "{count} tests ran, and {last} did when what serves was deployed{by}"
        )),
        None => Judgement::pass(format!(
            "{count} tests ran, and none were counted here before"
        )),
    }
}

/// The most tests that were counted under a name that none of these gates has.
#[must_use]
pub fn nameless(gates: &[Gate], counted: &BTreeMap<String, u64>) -> Option<(String, u64)> {
    let names = counting(gates);
    let gone = counted.iter();
    let gone = gone.filter(|(name, _)| !names.iter().any(|(gate, _)| gate.name == **name));
    let most = gone.max_by_key(|(_, last)| **last)?;
    Some((most.0.clone(), *most.1))
}

/// What the next deploy is held against, where this one is committed.
#[must_use]
pub fn remembered(
    gates: &[Gate],
    evidence: &Evidence,
    counted: &BTreeMap<String, u64>,
    now: Timestamp,
) -> BTreeMap<String, u64> {
    let (mut all, mut whole) = (BTreeMap::new(), true);
    let counting = counting(gates);
    for (gate, tests) in &counting {
        let judged = super::judge(gate, evidence, &Overrides::default(), now);
        let passed = judged.verdict == Verdict::Pass;
        let count = tests.count(evidence).filter(|_| passed);
        whole &= count.is_some();
        let count = count.or_else(|| counted.get(&gate.name).copied());
        all.extend(count.map(|count| (gate.name.clone(), count)));
    }
    if !counting.is_empty() && !whole {
        all.extend(nameless(gates, counted));
    }
    all
}

fn counting(gates: &[Gate]) -> Vec<(&Gate, &Tests)> {
    let flat = gates.iter().flat_map(super::flat);
    let tests = flat.filter_map(|gate| match &gate.kind {
        Kind::Tests(tests) => Some((gate, tests)),
        _ => None,
    });
    tests.collect()
}

fn judge_file(path: &str, evidence: &Evidence, now: Timestamp) -> Judgement {
    let text = match Seen::read(evidence.files.get(path), now) {
        Ok(text) => text,
        Err(judgement) => return judgement,
    };
    let counted = match read(text) {
        Ok(counted) => counted,
        Err(wrong) => return Judgement::unknown(Lack::Lasting, format!("`{path}`: {wrong}")),
    };
    let Counted {
        tests,
        failed,
        skipped,
        names,
    } = counted;
    if failed > 0 {
        let mut because = vec![Reason::new(format!(
            "`{path}`: {failed} of {tests} tests failed"
        ))];
        because.extend(
            names
                .iter()
                .take(SHOWN)
                .map(|name| Reason::new(format!("failed: {name}"))),
        );
        return Judgement {
            verdict: Verdict::Fail,
            because,
        };
    }
    if tests == skipped {
        return Judgement::unknown(Lack::Lasting, format!("`{path}`: no test was run"));
    }
    Judgement::pass(format!(
        "`{path}`: {tests} tests, none of them failed, {skipped} were skipped"
    ))
}

/// Reads a file; says what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Counted, String> {
    let pieces = xml::read(text)?;
    let mut counted = Counted::default();
    let mut open: Vec<String> = Vec::new();
    // What each suite says of itself, and what had been counted when it began.
    let mut sums: Vec<(Sums, Counted)> = Vec::new();
    let mut case: Option<Case> = None;
    for piece in pieces {
        match piece {
            Piece::Open { name, attributes } => {
                match name.as_str() {
                    "testsuites" | "testsuite" => {
                        sums.push((Sums::read(&attributes)?, counted.clone()))
                    }
                    "testcase" => case = Some(Case::named(&attributes)),
                    "failure" | "error" if case.is_some() => {
                        case.iter_mut().for_each(|it| it.failed = true)
                    }
                    "skipped" => case.iter_mut().for_each(|it| it.skipped = true),
                    // One that has no test around it is of the suite: something went wrong around its tests.
                    "failure" | "error" => counted.failed += 1,
                    _ if open.is_empty() => return Err("it is no JUnit file".to_owned()),
                    _ => {}
                }
                open.push(name);
            }
            Piece::Close => match open.pop().as_deref() {
                Some("testcase") => case
                    .take()
                    .into_iter()
                    .for_each(|it| it.count(&mut counted)),
                Some("testsuites" | "testsuite") => {
                    if let Some((said, before)) = sums.pop() {
                        said.compare(&before, &mut counted)?;
                    }
                }
                Some(_) | None => {}
            },
        }
    }
    Ok(counted)
}

struct Case {
    name: String,
    failed: bool,
    skipped: bool,
}

impl Case {
    fn named(attributes: &[(String, String)]) -> Self {
        let class = of(attributes, "classname").filter(|it| !it.is_empty());
        let name = of(attributes, "name").unwrap_or("a test without a name");
        let name = class.map_or_else(|| name.to_owned(), |class| format!("{class}.{name}"));
        let status = of(attributes, "status").or_else(|| of(attributes, "result"));
        Self {
            name,
            failed: status.is_some_and(|it| matches!(it, "failed" | "failure" | "error")),
            skipped: status
                .is_some_and(|it| matches!(it, "skipped" | "notrun" | "disabled" | "suppressed")),
        }
    }

    fn count(self, counted: &mut Counted) {
        counted.tests += 1;
        if self.failed {
            counted.failed += 1;
            counted.names.push(self.name);
        } else if self.skipped {
            counted.skipped += 1;
        }
    }
}

/// What a suite says of itself, where it does.
struct Sums {
    tests: Option<u64>,
    bad: u64,
}

impl Sums {
    fn read(attributes: &[(String, String)]) -> Result<Self, String> {
        let number = |name: &str| match of(attributes, name).map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse::<u64>()
                .map(Some)
                .map_err(|_| format!("`{name}` is no number")),
        };
        let bad = number("failures")?
            .unwrap_or(0)
            .saturating_add(number("errors")?.unwrap_or(0));
        Ok(Self {
            tests: number("tests")?,
            bad,
        })
    }

    /// Fewer tests than it says are there: the file is not whole. More failures than are shown: they count.
    fn compare(&self, before: &Counted, counted: &mut Counted) -> Result<(), String> {
        let (shown, failed) = (counted.tests - before.tests, counted.failed - before.failed);
        if let Some(said) = self.tests.filter(|said| *said > shown) {
            return Err(format!(
                "a suite says that it has {said} tests, and shows {shown}"
            ));
        }
        let hidden = self.bad.saturating_sub(failed);
        counted.failed = counted.failed.saturating_add(hidden);
        Ok(())
    }
}

fn of<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = attributes.iter();
    all.find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
