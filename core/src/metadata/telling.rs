//! Everything that a run says: outputs, variables, annotations, the log, the summary, the JSON.

use serde::{Serialize, Serializer};

use super::{EXPLANATION, Session};
use crate::event::Event;
use crate::protocol::{Emit, Level, Outcome};
use crate::report::{tag_log, tag_summary};
use crate::tag::{Derived, Mistake, Tag, Verdict, Version};

impl Session {
    /// A derivation and where its files are.
    pub(super) fn tell(&mut self, derived: &Derived) {
        let folder = self.folder();
        for warning in &derived.warnings {
            self.annotate(Level::Warning, "", warning);
        }
        self.say_log(derived, &folder);
        for (name, value) in derived.outputs(&folder) {
            self.emit(Emit::Output {
                name: name.to_owned(),
                value,
            });
        }
        for (name, value) in derived.variables(&folder) {
            self.emit(Emit::Variable { name, value });
        }
        self.emit(Emit::Summary {
            markdown: tag_summary::derived(derived),
        });
        self.answer(|session| session.explanation(derived));
    }

    fn say_log(&mut self, derived: &Derived, folder: &str) {
        self.note(tag_log::event(&derived.event));
        self.section("Rules", tag_log::rules(derived));
        self.section("Tags", derived.references());
        self.section("Labels", tag_log::pairs(&derived.labels));
        if derived.annotations != derived.labels {
            self.section("Annotations", tag_log::pairs(&derived.annotations));
        }
        let names = derived.files().into_iter().map(|file| file.name);
        let paths = names
            .chain([EXPLANATION])
            .map(|name| format!("{folder}/{name}"));
        self.section("Files", paths.collect());
    }

    fn section(&mut self, title: &str, lines: Vec<String>) {
        self.emit(Emit::Group {
            title: title.to_owned(),
        });
        let lines: Vec<String> = lines.into_iter().map(|line| format!("  {line}")).collect();
        if !lines.is_empty() {
            self.note(lines.join("\n"));
        }
        self.emit(Emit::EndGroup);
    }

    /// Which rule made which tag, and from what, for programs.
    pub(super) fn explanation(&self, derived: &Derived) -> String {
        let conflict = derived.release.as_ref().and_then(Version::conflict);
        json(&Explanation {
            outcome: Outcome::Shown,
            event: &derived.event,
            version: &derived.version,
            tags: &derived.tags,
            rules: &derived.verdicts,
            warnings: &derived.warnings,
            conflict: conflict.map(|conflict| conflict.to_string()),
            images: derived.images(),
            references: derived.references(),
            outputs: Outputs(derived.outputs(&self.folder())),
        })
    }

    /// The inputs have mistakes: all of them, each with its place.
    #[cold]
    pub(super) fn refuse(&mut self, mistakes: &[Mistake]) {
        for mistake in mistakes {
            self.annotate(Level::Error, &tag_log::place(mistake), &mistake.message);
        }
        let lines = mistakes.iter().map(tag_log::mistake).collect();
        self.section("Mistakes", lines);
        self.emit(Emit::Summary {
            markdown: tag_summary::refused(mistakes),
        });
        self.answer(|_| {
            json(&Refusal {
                outcome: Outcome::Invalid,
                mistakes,
            })
        });
        self.end(Outcome::Invalid);
    }

    /// The words of the command line have mistakes.
    #[cold]
    pub(super) fn refuse_words(&mut self, mistakes: &[String]) {
        let title = "metadata: the command line has mistakes";
        let next = "`cd-action metadata --help` lists the flags";
        self.annotate(
            Level::Error,
            title,
            &format!("{}\n{next}", mistakes.join("\n")),
        );
        self.end(Outcome::Invalid);
    }

    /// It could not be found out, or not be written.
    #[cold]
    pub(super) fn fail(&mut self, title: &str, message: &str) {
        if self.done.is_some() || self.cancelled {
            return;
        }
        self.annotate(Level::Error, title, message);
        self.answer(|_| {
            json(&Failure {
                outcome: Outcome::Failed,
                because: [title, message],
            })
        });
        self.end(Outcome::Failed);
    }

    fn annotate(&mut self, level: Level, title: &str, message: &str) {
        self.emit(Emit::Annotation {
            level,
            title: title.to_owned(),
            message: message.to_owned(),
            file: None,
            line: None,
            column: None,
        });
    }

    /// With `--json`.
    fn answer(&mut self, json: impl FnOnce(&Self) -> String) {
        if self.request.json {
            let json = json(self);
            self.emit(Emit::Answer { json });
        }
    }
}

/// A derivation, for programs.
#[derive(Serialize)]
struct Explanation<'a> {
    outcome: Outcome,
    event: &'a Event,
    version: &'a str,
    tags: &'a [Tag],
    rules: &'a [Verdict],
    warnings: &'a [String],
    /// What is odd about the version.
    conflict: Option<String>,
    images: &'a [String],
    references: Vec<String>,
    outputs: Outputs,
}

/// As an object, in their order.
struct Outputs(Vec<(&'static str, String)>);

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct Refusal<'a> {
    outcome: Outcome,
    mistakes: &'a [Mistake],
}

#[derive(Serialize)]
struct Failure<'a> {
    outcome: Outcome,
    because: [&'a str; 2],
}

fn json(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("keys are texts, so it is JSON")
}
