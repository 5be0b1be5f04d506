//! Cases that the older action's own program produced, and those where we differ on purpose.
//!
//! Each is compared in full. A case that git takes part in has git's answers recorded here, by the case's name.

use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::event;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    #[serde(default, rename = "note")]
    _note: Value,
    #[serde(default, rename = "corrected")]
    _corrected: bool,
    #[serde(default, rename = "tokens")]
    _tokens: Value,
    event: Told,
    now: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    git_setup: Option<Vec<String>>,
    inputs: BTreeMap<String, OneOrMany>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: String,
    r#ref: String,
    sha: String,
    payload: Value,
    repository: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    exit: u8,
    version: Option<String>,
    tags: Option<Vec<String>>,
    tag_names: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<Vec<String>>,
    label_order: Option<Vec<String>>,
    raw_tags_output: Option<String>,
    raw_labels_output: Option<String>,
    raw_annotations_output: Option<String>,
    files: Option<BTreeMap<String, File>>,
    env_exports: Option<BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    basename: String,
    json: Value,
}

impl Vector {
    fn request(&self) -> Request {
        let mut env = self.env.clone();
        let repository = self
            .event
            .repository
            .as_deref()
            .unwrap_or("octocat/Hello-World");
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", self.event.name.as_str()),
            ("GITHUB_REF", &self.event.r#ref),
            ("GITHUB_SHA", &self.event.sha),
            ("GITHUB_REPOSITORY", repository),
            ("GITHUB_SERVER_URL", "https://github.com"),
        ] {
            env.insert(name.to_owned(), value.to_owned());
        }
        let git = self.git();
        let input = |name: &str| match self.inputs.get(name) {
            None => String::new(),
            Some(OneOrMany::One(text)) => text.clone(),
            Some(OneOrMany::Many(lines)) => lines.join("\n"),
        };
        Request {
            inputs: Inputs {
                context: input("context"),
                images: input("images"),
                tags: input("tags"),
                flavor: input("flavor"),
                labels: input("labels"),
                annotations: input("annotations"),
                sep_tags: input("sep-tags"),
                sep_labels: input("sep-labels"),
                sep_annotations: input("sep-annotations"),
                bake_target: input("bake-target"),
            },
            event: event::normalise(&env, Some(&self.event.payload), &git),
            env,
            git,
            now: event::date::parse(self.now.as_deref().unwrap_or("2020-01-10T00:30:00.000Z"))
                .expect("it is a date"),
        }
    }

    /// What git answered where the case's commands had been run.
    fn git(&self) -> GitFacts {
        if self.git_setup.is_none() {
            return GitFacts::default();
        }
        let head = GitFacts {
            head: Some("65429786c4b3fb4b7358ba44e0b0cec09a4db416".to_owned()),
            commit_date: Some("2023-01-01T13:42:28Z".to_owned()),
            ..GitFacts::default()
        };
        match self.id.as_str() {
            "git-detached-two-tags" => GitFacts {
                decoration: "HEAD, tag: v1.2.4, tag: v1.2.3".to_owned(),
                tags: vec!["v1.2.3".to_owned(), "v1.2.4".to_owned()],
                ..head
            },
            "git-origin-branch" => GitFacts {
                decoration: "HEAD, origin/dev".to_owned(),
                branches: vec!["refs/remotes/origin/dev".to_owned()],
                ..head
            },
            "git-no-repo" => GitFacts::default(),
            other => panic!("record git's answers for {other}"),
        }
    }

    /// What is not as expected.
    fn differences(&self) -> Vec<String> {
        let expect = &self.expect;
        let derived = match derive(&self.request()) {
            Ok(derived) if expect.exit == 0 => derived,
            Ok(_) => return vec!["is derived, and should be refused".to_owned()],
            Err(mistakes) if expect.exit == 0 => {
                return mistakes.iter().map(ToString::to_string).collect();
            }
            Err(mistakes) => {
                let said =
                    |error: &String| mistakes.iter().any(|mistake| mistake.message == *error);
                return expect
                    .error
                    .iter()
                    .filter(|error| !said(error))
                    .cloned()
                    .collect();
            }
        };
        let mut found = Vec::new();
        self.compare_json(&derived, &mut found);
        self.compare_outputs(&derived, &mut found);
        found
    }

    fn compare_json(&self, derived: &Derived, found: &mut Vec<String>) {
        let expect = &self.expect;
        let json: Value = serde_json::from_str(&derived.json()).expect("it is JSON");
        let list = |name: &str| -> Vec<String> {
            let list = json[name].as_array();
            list.into_iter().flatten().map(text).collect()
        };
        let labels = json["labels"].as_object().into_iter().flatten();
        let labels = labels.map(|(key, value)| (key.clone(), text(value)));
        differ(found, "tags", &expect.tags, list("tags"));
        differ(found, "tag-names", &expect.tag_names, list("tag-names"));
        differ(
            found,
            "annotations",
            &expect.annotations,
            list("annotations"),
        );
        differ(found, "labels", &expect.labels, labels.collect());
        let order = derived.labels.iter().map(|(key, _)| key.clone());
        differ(found, "order", &expect.label_order, order.collect());
    }

    fn compare_outputs(&self, derived: &Derived, found: &mut Vec<String>) {
        let expect = &self.expect;
        let outputs: BTreeMap<&str, String> = derived.outputs("/scratch").into_iter().collect();
        let raw = [
            ("version", &expect.version),
            ("tags", &expect.raw_tags_output),
            ("labels", &expect.raw_labels_output),
            ("annotations", &expect.raw_annotations_output),
        ];
        for (name, expected) in raw {
            differ(found, name, expected, outputs[name].clone());
        }
        differ(
            found,
            "warnings",
            &expect.warnings,
            derived.warnings.clone(),
        );
        let exports = derived.variables("/scratch").into_iter().collect();
        differ(found, "variables", &expect.env_exports, exports);
        for file in derived.files() {
            let expected = expect
                .files
                .as_ref()
                .and_then(|files| files.get(file.output));
            let json = serde_json::from_str(&file.text).expect("it is JSON");
            differ(
                found,
                file.output,
                &expected.map(|expected| expected.json.clone()),
                json,
            );
            differ(
                found,
                file.output,
                &expected.map(|expected| expected.basename.as_str()),
                file.name,
            );
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

fn differ<T: PartialEq + std::fmt::Debug>(
    found: &mut Vec<String>,
    what: &str,
    expected: &Option<T>,
    is: T,
) {
    if let Some(expected) = expected.as_ref().filter(|expected| **expected != is) {
        found.push(format!(
            "{what}\n    is       {is:?}\n    expected {expected:?}"
        ));
    }
}

#[test]
fn every_vector_is_as_expected() {
    let text = include_str!("../../../../tests/vectors/metadata-sample.json");
    let vectors: Vec<Vector> = serde_json::from_str(text).expect("they have this form");
    let differing = vectors
        .iter()
        .map(|vector| (&vector.id, vector.differences()));
    let report: Vec<String> = differing
        .filter(|(_, differences)| !differences.is_empty())
        .map(|(id, differences)| format!("{id}:\n  {}", differences.join("\n  ")))
        .collect();
    assert!(
        report.is_empty(),
        "{} of {} differ:\n{}",
        report.len(),
        vectors.len(),
        report.join("\n")
    );
    assert_eq!(vectors.len(), 95);
}
