//! `findings`: what scanners found, in SARIF files of the working tree, and in the platform's code scanning.
//!
//! That nothing was found is a yes only where somebody has looked: a file that is missing, cut off, of another commit, or in
//! which no tool ran to its end is not known, and code scanning without an analysis of this very commit neither.

use std::collections::{BTreeMap, BTreeSet};

use super::sarif::{self, Finding};
use super::{Evidence, Judgement, Lack, Reason, Seen, Verdict, Want, short};
use crate::forge::{Analysis, Scanned};
use crate::protocol::Timestamp;

pub use super::sarif::Level;

/// Milliseconds in which a part was looked at that has to be looked at again: whoever scans each commit does so within a week, and a
/// part that is gone for good does not hold up deploys for longer.
const LATELY: u64 = 7 * 86_400_000;

/// Findings that are told one by one.
const SHOWN: usize = 10;

/// What counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// Files of the working tree.
    pub sarif: Vec<String>,
    /// From this level on.
    pub level: Level,
    /// Rules that do not count.
    pub ignore: Vec<String>,
    /// A file with what was known before and does not count.
    pub baseline: Option<String>,
    /// The platform's code scanning.
    pub scanning: Option<Scanning>,
}

/// What is asked of code scanning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanning {
    /// Only of this tool; `None`: of all that looked.
    pub tool: Option<String>,
    /// Which parts have to be looked at; empty: all that were lately.
    pub categories: Vec<String>,
}

impl Scanning {
    /// A part of the commit that nobody has looked at, in words: several jobs may look at one commit, each at a part of it, and that
    /// one of them has found nothing says nothing of what the others would have found.
    fn unseen(&self, scanned: &Scanned, commit: &str, now: Timestamp) -> Option<String> {
        let mine = |it: &&Analysis| self.tool.as_ref().is_none_or(|tool| *tool == it.tool);
        let part = |it: &Analysis| (it.tool.clone(), it.category.clone());
        let all = scanned.analyses.iter().filter(mine);
        let here = all.clone().filter(|it| it.commit == commit);
        let seen: BTreeSet<(String, String)> = here.map(part).collect();
        if !self.categories.is_empty() {
            let is_seen = |it: &&String| seen.iter().any(|(_, category)| category == *it);
            let missing = self.categories.iter().find(|it| !is_seen(it))?;
            return Some(format!("the category `{missing}`"));
        }
        let lately = all.filter(|it| it.at == 0 || now.since(Timestamp(it.at)) <= LATELY);
        let (tool, category) = lately.map(part).find(|it| !seen.contains(it))?;
        Some(format!(
            "the category `{category}` of {tool}, which it has looked at lately"
        ))
    }
}

impl Findings {
    pub(super) fn wants(&self) -> Vec<Want> {
        let files = self
            .sarif
            .iter()
            .chain(&self.baseline)
            .cloned()
            .map(Want::File);
        let scan = self.scanning.iter().map(|it| Want::Alerts(it.tool.clone()));
        files.chain(scan).collect()
    }

    /// What they say.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let baseline = self
            .baseline
            .as_ref()
            .map(|path| read(path, evidence, now))
            .transpose();
        let known = match baseline {
            Ok(report) => report.map(|it| counts(&it.findings)).unwrap_or_default(),
            Err(judgement) => return judgement,
        };
        let files = self
            .sarif
            .iter()
            .map(|path| self.judge_file(path, &known, evidence, now));
        let scan = self
            .scanning
            .iter()
            .map(|it| self.judge_scan(it, evidence, now));
        Judgement::all(files.chain(scan).collect())
    }

    fn judge_file(
        &self,
        path: &str,
        known: &BTreeMap<String, usize>,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Judgement {
        let report = match read(path, evidence, now) {
            Ok(report) => report,
            Err(judgement) => return judgement,
        };
        let commit = evidence
            .subject
            .commit
            .as_ref()
            .or(evidence.subject.run_commit.as_ref());
        if let (Some(other), Some(commit)) =
            (report.commits.iter().find(|it| Some(*it) != commit), commit)
        {
            let why = format!(
                "`{path}` is about {}, and this run about {}",
                short(other),
                short(commit)
            );
            return Judgement::unknown(Lack::Lasting, why);
        }
        let mut left = known.clone();
        let new = |finding: &&Finding| match left.get_mut(&finding.key) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            Some(_) | None => true,
        };
        let counted = |it: &&Finding| it.level >= self.level && !self.ignore.contains(&it.rule);
        let counted: Vec<&Finding> = report.findings.iter().filter(counted).filter(new).collect();
        let tools = report.tools.join(", ");
        let level = self.level.word();
        if counted.is_empty() {
            let old = if known.is_empty() {
                ""
            } else {
                " that was not known before"
            };
            return Judgement::pass(format!(
                "`{path}`: {tools} found nothing of level {level} or worse{old}"
            ));
        }
        let mut because = vec![Reason::new(format!(
            "`{path}`: {tools} found {} of level {level} or worse",
            counted.len()
        ))];
        because.extend(counted.iter().take(SHOWN).map(|it| {
            Reason::new(format!(
                "{} {} at {}: {}",
                it.level.word(),
                it.rule,
                it.place,
                it.message
            ))
        }));
        Judgement {
            verdict: Verdict::Fail,
            because,
        }
    }

    fn judge_scan(&self, scanning: &Scanning, evidence: &Evidence, now: Timestamp) -> Judgement {
        let commit = match evidence.commit() {
            Ok(commit) => commit,
            Err(judgement) => return judgement,
        };
        let scanned = match Seen::read(evidence.scans.get(&scanning.tool), now) {
            Ok(scanned) => scanned,
            Err(judgement) => return judgement,
        };
        let mine = |tool: &str| scanning.tool.as_deref().is_none_or(|wanted| wanted == tool);
        let here = scanned
            .analyses
            .iter()
            .filter(|it| it.commit == commit && mine(&it.tool));
        let (failed, sound): (Vec<_>, Vec<_>) = here.partition(|it| !it.error.is_empty());
        if let Some(failed) = failed.first() {
            let why = format!(
                "code scanning: the analysis of {} failed: {}",
                failed.tool, failed.error
            );
            return Judgement::unknown(Lack::Lasting, why);
        }
        if sound.is_empty() {
            let tool = scanning.tool.as_deref().unwrap_or("any tool");
            let why = format!(
                "code scanning has no analysis of {} by {tool}: that there are no alerts says nothing",
                short(commit)
            );
            return Judgement::unknown(Lack::Soon, why);
        }
        if let Some(part) = scanning.unseen(scanned, commit, now) {
            let why = format!(
                "code scanning has not looked at all of {}: {part} is missing",
                short(commit)
            );
            return Judgement::unknown(Lack::Soon, why);
        }
        let counted = |it: &&crate::forge::Alert| {
            mine(&it.tool) && it.level >= self.level && !self.ignore.contains(&it.rule)
        };
        let counted: Vec<_> = scanned.alerts.iter().filter(counted).collect();
        let level = self.level.word();
        if counted.is_empty() {
            return Judgement::pass(format!(
                "code scanning has no open alert of level {level} or worse, and has looked at {}",
                short(commit)
            ));
        }
        let mut because = vec![Reason::new(format!(
            "code scanning has {} open alerts of level {level} or worse",
            counted.len()
        ))];
        because.extend(counted.iter().take(SHOWN).map(|it| {
            Reason::linked(
                format!("{} {}: {}", it.level.word(), it.rule, it.message),
                it.url.as_ref(),
            )
        }));
        Judgement {
            verdict: Verdict::Fail,
            because,
        }
    }
}

fn read(path: &str, evidence: &Evidence, now: Timestamp) -> Result<sarif::Report, Judgement> {
    let text = Seen::read(evidence.files.get(path), now)?;
    sarif::read(text)
        .map_err(|wrong| Judgement::unknown(Lack::Lasting, format!("`{path}`: {wrong}")))
}

fn counts(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.key.clone()).or_default() += 1;
    }
    counts
}
