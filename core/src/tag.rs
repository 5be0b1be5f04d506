//! From an event and a user's rules to tags, labels and annotations.
//!
//! [`derive()`] takes everything as arguments and asks nobody. It understands what docker/metadata-action understands, and
//! differs where that is wrong: no tag breaks the grammar of registries, expressions are not escaped for HTML, quotes and
//! `{{ }}` protect commas, `latest` appears once, nothing needs a network. Every rule gets a [`Verdict`]: the tag that it
//! made, or why it made none.
//!
//! The way of a request: `settings`, `list` → `rule`, `flavor`, `image` → `evaluate` (with `template`, `expression`,
//! `pattern`, `version`) → `labels` → `output`.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Event, GitFacts, in_git};
#[cfg(feature = "generate")]
use crate::library::{Loose, Variables};
use crate::protocol::Timestamp;

mod collate;
mod evaluate;
mod expression;
mod flavor;
mod forward;
mod grammar;
mod image;
mod labels;
mod list;
mod mistake;
mod moment;
mod number;
mod output;
mod pattern;
mod rule;
mod settings;
mod template;
#[cfg(test)]
mod tests;
mod verdict;
mod version;
mod wants;
mod zone;

pub use forward::{Forward, Move, moves_forward};
pub use grammar::{is_name, is_tag};
pub use mistake::Mistake;
pub use output::BakeFile;
pub use settings::ENV_NAMES;
pub use verdict::{Mobility, Outcome, Tag, Verdict, Why};
pub use version::{Conflict, Pep440, Standing, Version};
pub use wants::{Wants, wants};

use expression::{Clock, Globals};
use flavor::Flavor;
use mistake::code;
use output::Separators;
use rule::Rule;
use settings::Settings;

/// Everything that decides about tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "DeriveRequest"))]
pub struct Request {
    /// What the user wants.
    #[serde(default)]
    #[cfg_attr(feature = "generate", ts(as = "Option<Loose<Inputs>>", optional))]
    pub inputs: Inputs,
    /// The environment, of which only [`ENV_NAMES`] count.
    #[serde(default)]
    #[cfg_attr(feature = "generate", ts(as = "Option<Variables>", optional))]
    pub env: BTreeMap<String, String>,
    /// What happened.
    #[cfg_attr(feature = "generate", ts(as = "Loose<Event>"))]
    pub event: Event,
    /// What git says; only with `context: git`.
    #[serde(default)]
    #[cfg_attr(feature = "generate", ts(as = "Option<Loose<GitFacts>>", optional))]
    pub git: GitFacts,
    /// When.
    pub now: Timestamp,
}

/// The inputs of the action, as they were written. An empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS), ts(rename = "DeriveInputs"))]
pub struct Inputs {
    /// `workflow` or `git`: who says which commit and ref it is.
    pub context: String,
    /// A list.
    pub images: String,
    /// A list of rules.
    pub tags: String,
    /// A list.
    pub flavor: String,
    /// A list of `key=value`.
    pub labels: String,
    /// A list of `key=value`.
    pub annotations: String,
    /// Between tags in outputs.
    pub sep_tags: String,
    /// Between labels in outputs.
    pub sep_labels: String,
    /// Between annotations in outputs.
    pub sep_annotations: String,
    /// The target that bake files are for.
    pub bake_target: String,
}

/// What follows from a [`Request`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Derived {
    /// The first tag: what people call this build. Empty where there is no tag.
    pub version: String,
    /// In the order of priority, each once.
    pub tags: Vec<Tag>,
    /// Keys and values, in the order of keys.
    pub labels: Vec<(String, String)>,
    /// Keys and values, in the order of keys.
    pub annotations: Vec<(String, String)>,
    /// One for each rule, in the order of priority.
    pub verdicts: Vec<Verdict>,
    /// For people, one line each.
    pub warnings: Vec<String>,
    /// The version that the rules read, where one is for versions.
    pub release: Option<Version>,
    /// The event that counted: pull requests' heads and git's own answers are in it.
    pub event: Event,
    /// The version that moving tags are compared by: `release`, or what another rule or the git tag says.
    ours: Option<Version>,
    /// Whether pre-releases hold `latest` back: they do where they get it.
    before_counts: bool,
    conflict: Option<Conflict>,
    images: image::Images,
    levels: Vec<String>,
    separators: Separators,
    bake_target: String,
    set_env: bool,
}

/// Derives tags, labels and annotations.
///
/// # Errors
///
/// All mistakes in inputs and environment. No tag at all is none, but a warning.
pub fn derive(request: &Request) -> Result<Derived, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let inputs = &request.inputs;
    let settings = settings::read(&request.env, &mut mistakes);
    let event = event(request, &settings, &mut mistakes);
    let images = image::read(&inputs.images, &mut mistakes);
    let flavor = flavor::read(&inputs.flavor, &mut mistakes);
    let rules = rule::read(&inputs.tags, &mut mistakes);
    let short_sha = settings.short_sha(&event.sha);
    let globals = Globals {
        event: &event,
        short_sha: &short_sha,
        clock: Clock {
            now: request.now,
            commit: event.commit_date,
            missed: Cell::new(false),
        },
    };
    let mut made = evaluate::evaluate(&rules, &flavor, &globals, &mut mistakes);
    let first = made.tags.first();
    let version = first.map(|tag| tag.name.clone()).unwrap_or_default();
    if version.is_empty() {
        made.warnings.extend(NOTHING.map(str::to_owned));
    }
    let base = labels::base(&event, &version, settings.created.unwrap_or(request.now));
    let labels = labels::read(&inputs.labels, "labels", &base, &globals, &mut mistakes);
    let annotations = labels::read(
        &inputs.annotations,
        "annotations",
        &base,
        &globals,
        &mut mistakes,
    );
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    if !version.is_empty() && images.named && images.names.is_empty() {
        made.warnings.push(NOTHING[1].to_owned());
    }
    made.warnings.extend(asides(&rules, &flavor, &globals));
    let separator = |text: &str| if text.is_empty() { "\n" } else { text }.to_owned();
    Ok(Derived {
        version,
        tags: made.tags,
        labels,
        annotations,
        verdicts: made.verdicts,
        warnings: made.warnings,
        release: made.release,
        ours: made.ours,
        before_counts: made.before_counts,
        conflict: made.conflict,
        event,
        images,
        levels: settings.levels,
        separators: Separators {
            tags: separator(&inputs.sep_tags),
            labels: separator(&inputs.sep_labels),
            annotations: separator(&inputs.sep_annotations),
        },
        bake_target: match inputs.bake_target.trim() {
            "" => "docker-metadata-action".to_owned(),
            target => target.to_owned(),
        },
        set_env: settings.set_env,
    })
}

impl Derived {
    /// Rules of both SemVer and PEP 440 made tags of one text that means opposite things there.
    #[must_use]
    pub const fn conflict(&self) -> Option<&Conflict> {
        self.conflict.as_ref()
    }
}

/// What is wrong with rules, whatever the event.
#[must_use]
pub fn mistakes(rules: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let rules = rule::read(rules, &mut mistakes);
    mistakes.extend(rules.iter().flat_map(Rule::when_needed));
    mistakes
}

/// The event that counts.
fn event(request: &Request, settings: &Settings, mistakes: &mut Vec<Mistake>) -> Event {
    let mut event = request.event.clone();
    match request.inputs.context.trim() {
        "" | "workflow" => {}
        "git" => {
            return in_git(&event, &request.git).unwrap_or_else(|none| {
                mistakes.push(Mistake::new(code::GIT, "context", none.to_string()));
                event
            });
        }
        other => {
            let message = format!("Invalid context source: {other}");
            mistakes.push(Mistake::new(code::CHOICE, "context", message));
        }
    }
    let head = event
        .pull_request
        .as_ref()
        .and_then(|request| request.head_sha.clone());
    if let Some(head) = head.filter(|_| settings.pr_head && is_about_pull_request(&event)) {
        let same = request.git.head.as_deref() == Some(head.as_str());
        let date = request.git.commit_date.as_deref().filter(|_| same);
        if head != event.sha {
            event.commit_date = date.and_then(crate::event::date::parse);
        }
        event.sha = head;
    }
    event
}

fn is_about_pull_request(event: &Event) -> bool {
    event.kind == crate::event::Kind::PullRequest || event.name.contains("pull_request")
}

/// What should be told though no tag hangs on it.
fn asides(rules: &[Rule], flavor: &Flavor, globals: &Globals<'_>) -> Vec<String> {
    let wrong = rules.iter().flat_map(Rule::when_needed);
    let wrong = wrong.chain(flavor.when_needed());
    let short_sha = globals.short_sha.as_ref().err();
    let wrong = wrong.chain(short_sha.map(|mistake| (**mistake).clone()));
    let odd = rules.iter().flat_map(|rule| &rule.odd).chain(&flavor.odd);
    let mut told: Vec<String> = odd.cloned().collect();
    told.extend(wrong.map(|mistake| mistake.without_consequence()));
    if globals.clock.missed.get() {
        told.push(undated(&globals.event.sha));
    }
    told
}

/// Why `commit_date` is empty. Today's date in its place would name an old commit anew with every run.
#[cold]
fn undated(sha: &str) -> String {
    let short = sha.get(..7).unwrap_or(sha);
    let commit = match short {
        "" => "the commit".to_owned(),
        short => format!("commit {short}"),
    };
    format!(
        "`commit_date` is empty, since the date of {commit} is not known here: neither the event tells it nor a checkout of that commit. Check it out in a step before this one"
    )
}

/// In lower case. Names are nearly always ASCII, and need no tables.
pub(crate) fn lowered(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => lowered_by_tables(text),
    }
}

/// A function of its own: in the module, functions are compiled when they are first called.
#[inline(never)]
fn lowered_by_tables(text: &str) -> String {
    text.to_lowercase()
}

const NOTHING: [&str; 2] = [
    "No Docker image version has been generated. Check tags input.",
    "No Docker tag has been generated. Check tags input.",
];
