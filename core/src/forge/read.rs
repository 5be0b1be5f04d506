//! What a forge's answers hold. Of a list every entry has to be understood, or the list is not: an entry that is passed over may
//! be the one that says no.

use serde_json::Value;

use super::{Alert, Analysis, Approved, CheckRun, CommitStatus, Pull, Review};
use crate::event::date;
use crate::gate::findings::Level;

/// The entries of a list, each with its number.
pub(super) type Entries<T> = Option<Vec<(u64, T)>>;

pub(super) fn entries<T>(
    list: Option<&Value>,
    read: impl Fn(&Value) -> Option<(u64, T)>,
) -> Entries<T> {
    list?.as_array()?.iter().map(read).collect()
}

pub(super) fn check_run(it: &Value) -> Option<(u64, CheckRun)> {
    let id = it.get("id")?.as_u64()?;
    let app = it.get("app").filter(|app| !app.is_null());
    let run = CheckRun {
        id,
        name: text(it, "name")?,
        app: app.and_then(|app| app.get("id")?.as_u64()).unwrap_or(0),
        app_name: app
            .and_then(|app| text(app, "slug"))
            .unwrap_or_else(|| "nobody".to_owned()),
        status: text(it, "status")?,
        conclusion: text(it, "conclusion").unwrap_or_default(),
        started: time(it, "started_at"),
        details: text(it, "details_url").unwrap_or_default(),
        page: text(it, "html_url"),
        commit: text(it, "head_sha")?,
    };
    Some((id, run))
}

/// GitHub calls it `state`, Forgejo and Gitea `status`.
pub(super) fn status(it: &Value, commit: &str) -> Option<(u64, CommitStatus)> {
    let id = it.get("id")?.as_u64()?;
    let creator = it.get("creator").and_then(|it| text(it, "login"));
    let status = CommitStatus {
        id,
        context: text(it, "context")?,
        state: text(it, "state").or_else(|| text(it, "status"))?,
        creator: creator.unwrap_or_default(),
        updated: time(it, "updated_at"),
        url: text(it, "target_url").filter(|it| !it.is_empty()),
        commit: commit.to_owned(),
    };
    Some((id, status))
}

pub(super) fn pull(it: &Value) -> Option<Pull> {
    let merged = it.get("merged") == Some(&Value::Bool(true)) || text(it, "merged_at").is_some();
    let base = it.get("base").and_then(|it| text(it, "ref"));
    Some(Pull {
        open: text(it, "state").as_deref() == Some("open") && !merged,
        base: base.unwrap_or_default(),
        number: it.get("number")?.as_u64()?,
        author: text(it.get("user")?, "login")?,
        head: text(it.get("head")?, "sha")?,
        merged_as: text(it, "merge_commit_sha").filter(|_| merged),
        url: text(it, "html_url"),
    })
}

pub(super) fn review(it: &Value) -> Option<(u64, Review)> {
    let id = it.get("id")?.as_u64()?;
    let flag = |name: &str| it.get(name) == Some(&Value::Bool(true));
    let review = Review {
        id,
        // The account may be gone; then it is nobody's word.
        user: it
            .get("user")
            .and_then(|it| text(it, "login"))
            .unwrap_or_default(),
        machine: it.pointer("/user/type").and_then(Value::as_str) == Some("Bot"),
        state: text(it, "state")?,
        commit: text(it, "commit_id").unwrap_or_default(),
        at: time(it, "submitted_at"),
        official: flag("official"),
        stale: flag("stale"),
        dismissed: flag("dismissed"),
        url: text(it, "html_url"),
    };
    Some((id, review))
}

/// Who wrote a commit of a pull request, and who made it one. What was made in the browser was not made by the browser.
pub(super) fn written(it: &Value) -> Option<(u64, Vec<String>)> {
    let sha = text(it, "sha")?;
    let id = u64::from_str_radix(sha.get(..15)?, 16).ok()?;
    let people = ["author", "committer"].map(|member| text(it.get(member)?, "login"));
    let people = people.into_iter().flatten();
    let people = people.filter(|it| !it.is_empty() && it != "web-flow");
    Some((id, people.collect()))
}

pub(super) fn approval(it: &Value) -> Option<Approved> {
    let environments = it.get("environments")?.as_array()?;
    Some(Approved {
        user: text(it.get("user")?, "login")?,
        state: text(it, "state")?,
        environments: environments
            .iter()
            .map(|it| text(it, "name"))
            .collect::<Option<_>>()?,
    })
}

pub(super) fn analysis(it: &Value) -> Option<(u64, Analysis)> {
    let analysis = Analysis {
        commit: text(it, "commit_sha")?,
        tool: text(it.get("tool")?, "name")?,
        category: text(it, "category").unwrap_or_default(),
        at: time(it, "created_at"),
        error: text(it, "error").unwrap_or_default(),
    };
    Some((it.get("id")?.as_u64()?, analysis))
}

/// As bad as either scale says.
pub(super) fn alert(it: &Value) -> Option<(u64, Alert)> {
    let number = it.get("number")?.as_u64()?;
    let rule = it.get("rule")?;
    let severity = match text(rule, "severity").as_deref() {
        Some("none" | "note") => Level::Note,
        Some("warning") => Level::Warning,
        _ => Level::Error,
    };
    let security = match text(rule, "security_severity_level").as_deref() {
        None | Some("low") => Level::Note,
        Some("medium") => Level::Warning,
        Some(_) => Level::Error,
    };
    let message = it
        .pointer("/most_recent_instance/message/text")
        .and_then(Value::as_str);
    let alert = Alert {
        number,
        tool: text(it.get("tool")?, "name")?,
        rule: text(rule, "id").unwrap_or_default(),
        level: severity.max(security),
        message: message
            .map(str::to_owned)
            .or_else(|| text(rule, "description"))
            .unwrap_or_default(),
        url: text(it, "html_url"),
    };
    Some((number, alert))
}

/// The tree of a commit, and its message.
pub(super) fn commit(it: &Value) -> Option<(String, String)> {
    let inner = it.get("commit").unwrap_or(it);
    let tree = it.get("tree").or_else(|| inner.get("tree"))?;
    let message = text(it, "message").or_else(|| text(inner, "message"));
    Some((text(tree, "sha")?, message.unwrap_or_default()))
}

/// The commit that a ref names.
pub(super) fn tip(it: &Value) -> Option<String> {
    let commit = it.get("commit");
    let inner = commit.and_then(|it| text(it, "sha").or_else(|| text(it, "id")));
    // Of a commit itself the number stands outside.
    text(it, "sha").or(inner)
}

/// The pull request that a message names: `Title (#12)`, `Merge pull request #12 from …`.
pub(super) fn named_pull(message: &str) -> Option<u64> {
    let title = message.lines().next().unwrap_or_default().trim();
    let squashed = title
        .strip_suffix(')')
        .and_then(|it| it.rsplit_once("(#"))
        .map(|(_, number)| number);
    let merged = || {
        title
            .strip_prefix("Merge pull request #")?
            .split(' ')
            .next()
    };
    let number = squashed.or_else(merged)?;
    number.parse().ok()
}

pub(super) fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(str::to_owned)
}

fn time(value: &Value, member: &str) -> u64 {
    let text = value.get(member).and_then(Value::as_str);
    text.and_then(date::parse).map_or(0, |at| at.0)
}
