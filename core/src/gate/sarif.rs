//! SARIF 2.1: what scanners write down. A file that is not whole, or in which no tool ran, is no evidence.
//!
//! How bad a finding is it says itself, or its rule does, which may stand in the tool or in one of its extensions. A rule that is
//! not found may be the worst one.

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
    let invocations = invocations.map(Vec::as_slice).unwrap_or_default();
    if let Some(why) = invocations.iter().find_map(did_not_do) {
        return Err(format!("{tool} {why}"));
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
    let rules = Rules::of(run, invocations);
    let found = results.iter().filter_map(|it| read_result(it, &rules));
    report.findings.extend(found);
    Ok(())
}

/// What a tool says that it could not do; `None`: nothing.
fn did_not_do(invocation: &Value) -> Option<String> {
    if invocation.get("executionSuccessful") == Some(&Value::Bool(false)) {
        return Some("says itself that it did not run to its end".to_owned());
    }
    let lists = [
        "toolExecutionNotifications",
        "toolConfigurationNotifications",
    ];
    let all = lists.iter().filter_map(|it| invocation.get(it)?.as_array());
    let mut errors = all
        .flatten()
        .filter(|it| text(it, "level") == Some("error"));
    let said = errors.next()?.pointer("/message/text");
    let said = said.and_then(Value::as_str).unwrap_or("nothing more");
    Some(format!("says itself that something went wrong: {said}"))
}

/// Rules of a run, by the component that they stand in: the tool first, then its extensions.
struct Rules<'a> {
    components: Vec<&'a Value>,
    /// Levels that this run was told to give to rules.
    overrides: Vec<&'a Value>,
}

impl<'a> Rules<'a> {
    fn of(run: &'a Value, invocations: &'a [Value]) -> Self {
        let extensions = run.pointer("/tool/extensions").and_then(Value::as_array);
        let driver = run.pointer("/tool/driver");
        let overrides = invocations
            .iter()
            .filter_map(|it| it.get("ruleConfigurationOverrides")?.as_array());
        Self {
            components: driver
                .into_iter()
                .chain(extensions.into_iter().flatten())
                .collect(),
            overrides: overrides.flatten().collect(),
        }
    }

    /// The rules that a result may be of: by where they stand, else by what they are called. `CA1000/1` is a part of `CA1000`.
    fn behind(&self, result: &Value) -> Vec<&'a Value> {
        let reference = result.get("rule");
        let component = reference.and_then(|it| it.get("toolComponent"));
        let list = |it: &'a Value| it.get("rules").and_then(Value::as_array);
        let at = |value: Option<&Value>, member: &str| {
            let index = value?.get(member)?.as_u64()?;
            usize::try_from(index).ok()
        };
        let named = |it: &&&Value| {
            ["guid", "name"].iter().any(|member| {
                let wanted = component.and_then(|it| text(it, member));
                wanted.is_some() && wanted == text(it, member)
            })
        };
        let components: Vec<&'a Value> = match component {
            None => self.components.iter().take(1).copied().collect(),
            Some(_) => match at(component, "index") {
                Some(index) => self
                    .components
                    .get(index + 1)
                    .copied()
                    .into_iter()
                    .collect(),
                None => self.components.iter().filter(named).copied().collect(),
            },
        };
        let index = at(reference, "index").or_else(|| at(Some(result), "ruleIndex"));
        let by_index = |it: &&'a Value| list(it)?.get(index?);
        let found: Vec<&Value> = components.iter().filter_map(by_index).collect();
        if !found.is_empty() {
            return found;
        }
        let Some(id) = id_of(result) else {
            return Vec::new();
        };
        let all = self.components.iter().filter_map(|it| list(it)).flatten();
        let whole: Vec<&Value> = all
            .clone()
            .filter(|it| text(it, "id") == Some(id))
            .collect();
        if !whole.is_empty() {
            return whole;
        }
        let part = |it: &&Value| {
            let rest = text(it, "id").and_then(|it| id.strip_prefix(it));
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        all.filter(part).collect()
    }

    /// How bad what these rules find is; `None`: no finding.
    fn level(&self, rules: &[&Value]) -> Option<Level> {
        let one = |rule: &&Value| {
            let configured = rule.pointer("/defaultConfiguration/level");
            let own = configured.and_then(Value::as_str).unwrap_or("warning");
            let told = self.overrides.iter().filter(|it| {
                let of = it.pointer("/descriptor/id").and_then(Value::as_str);
                of.is_some() && of == text(rule, "id")
            });
            let told = told.filter_map(|it| it.pointer("/configuration/level")?.as_str());
            told.map(Level::read)
                .max()
                .unwrap_or_else(|| Level::read(own))
        };
        if rules.is_empty() {
            return Some(Level::Error);
        }
        rules.iter().filter_map(one).max()
    }
}

fn id_of(result: &Value) -> Option<&str> {
    text(result, "ruleId").or_else(|| result.pointer("/rule/id")?.as_str())
}

/// `None`: it is no finding, or somebody has accepted it in the code.
fn read_result(result: &Value, rules: &Rules<'_>) -> Option<Finding> {
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
    let behind = rules.behind(result);
    let named = || behind.first().and_then(|it| text(it, "id"));
    let rule = id_of(result).or_else(named);
    let rule = rule.unwrap_or("a rule without a name");
    let level = match text(result, "level") {
        Some(level) => Level::read(level),
        None => rules.level(&behind),
    }?;
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
