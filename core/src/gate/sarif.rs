//! SARIF 2.1: what scanners write down. A file that is not whole, or in which no tool ran, is no evidence.

use std::collections::BTreeMap;

use serde_json::Value;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For information.
    Note,
    /// Perhaps.
    Warning,
    /// Surely.
    Error,
}

impl Level {
    /// As SARIF has it; what nobody here knows is taken for the worst.
    fn read(word: &str) -> Option<Self> {
        match word {
            "none" => None,
            "note" => Some(Self::Note),
            "warning" => Some(Self::Warning),
            _ => Some(Self::Error),
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) level: Level,
    pub(super) message: String,
    /// `file:line`.
    pub(super) place: String,
    /// The same in another file of the same tool, whatever moved around it.
    pub(super) key: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) tools: Vec<String>,
    pub(super) findings: Vec<Finding>,
    /// Commits that the file says it is about.
    pub(super) commits: Vec<String>,
}

/// Reads a file; says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Report, String> {
    let file: Value =
        serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let version = file
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !version.starts_with("2.") {
        return Err("it is no SARIF of version 2".to_owned());
    }
    let runs = file
        .get("runs")
        .and_then(Value::as_array)
        .ok_or("it has no `runs`")?;
    if runs.is_empty() {
        return Err("no tool ran".to_owned());
    }
    let mut report = Report::default();
    for run in runs {
        read_run(run, &mut report)?;
    }
    Ok(report)
}

fn read_run(run: &Value, report: &mut Report) -> Result<(), String> {
    let driver = run
        .pointer("/tool/driver")
        .ok_or("a run does not name its tool")?;
    let tool = text(driver, "name").ok_or("a run does not name its tool")?;
    let invocations = run.get("invocations").and_then(Value::as_array);
    let failed = |it: &&Value| it.get("executionSuccessful") == Some(&Value::Bool(false));
    if invocations.into_iter().flatten().any(|it| failed(&it)) {
        return Err(format!("{tool} says itself that it did not run to its end"));
    }
    // A run without the member has looked at nothing; one that found nothing has an empty list.
    let results = run.get("results").and_then(Value::as_array);
    let results = results.ok_or_else(|| format!("{tool} has no `results`"))?;
    let provenance = run
        .get("versionControlProvenance")
        .and_then(Value::as_array);
    let commits = provenance
        .into_iter()
        .flatten()
        .filter_map(|it| text(it, "revisionId"));
    report.commits.extend(commits.map(str::to_owned));
    report.tools.push(tool.to_owned());
    let levels = rule_levels(driver);
    for result in results {
        if let Some(finding) = read_result(result, &levels, driver) {
            report.findings.push(finding);
        }
    }
    Ok(())
}

fn rule_levels(driver: &Value) -> BTreeMap<&str, &str> {
    let rules = driver.get("rules").and_then(Value::as_array);
    let level = |rule| {
        let configured = Value::pointer(rule, "/defaultConfiguration/level");
        Some((text(rule, "id")?, configured?.as_str()?))
    };
    rules.into_iter().flatten().filter_map(level).collect()
}

/// `None`: it is no finding, or somebody has accepted it in the code.
fn read_result(result: &Value, levels: &BTreeMap<&str, &str>, driver: &Value) -> Option<Finding> {
    let kind = text(result, "kind").unwrap_or("fail");
    if matches!(kind, "pass" | "notApplicable" | "informational")
        || text(result, "baselineState") == Some("absent")
    {
        return None;
    }
    let suppressions = result.get("suppressions").and_then(Value::as_array);
    let accepted = |it: &Value| text(it, "status").is_none_or(|it| it == "accepted");
    if suppressions.is_some_and(|all| !all.is_empty() && all.iter().all(accepted)) {
        return None;
    }
    let by_index = || {
        let index = usize::try_from(result.get("ruleIndex")?.as_u64()?).ok()?;
        text(driver.get("rules")?.get(index)?, "id")
    };
    let rule = text(result, "ruleId")
        .or_else(|| result.pointer("/rule/id")?.as_str())
        .or_else(by_index);
    let rule = rule.unwrap_or("a rule without a name");
    let level = text(result, "level").or_else(|| levels.get(rule).copied());
    let level = Level::read(level.unwrap_or("warning"))?;
    let message = result
        .pointer("/message/text")
        .or_else(|| result.pointer("/message/markdown"));
    let message = message
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let physical = result.pointer("/locations/0/physicalLocation");
    let file = physical
        .and_then(|it| it.pointer("/artifactLocation/uri")?.as_str())
        .unwrap_or_default();
    let line = physical.and_then(|it| it.pointer("/region/startLine")?.as_u64());
    let place = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    let prints = result
        .get("partialFingerprints")
        .or_else(|| result.get("fingerprints"));
    let same = prints.filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
    let key = same.map_or_else(
        || format!("{rule}\n{file}\n{message}"),
        |prints| format!("{rule}\n{file}\n{prints}"),
    );
    Some(Finding {
        rule: rule.to_owned(),
        level,
        message,
        place,
        key,
    })
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}
