//! What the derivation hands out: outputs, variables, JSON and bake files.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use super::labels::{Pairs, first_line};
use super::{Derived, Version};

/// A file for `docker buildx bake`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct BakeFile {
    /// The output that holds its path.
    pub output: &'static str,
    /// Its name in whatever folder the shell puts it.
    pub name: &'static str,
    /// JSON.
    pub text: String,
}

/// The separators of lists in outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Separators {
    pub(super) tags: String,
    pub(super) labels: String,
    pub(super) annotations: String,
}

impl Derived {
    /// Every image with every tag; the tags alone where no image was named.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        let names = || self.tags.iter().map(|tag| tag.name.as_str());
        if !self.images.named {
            return names().map(str::to_owned).collect();
        }
        let images = self.images.names.iter();
        images
            .flat_map(|image| names().map(move |name| format!("{image}:{name}")))
            .collect()
    }

    /// The names of the images that are enabled.
    #[must_use]
    pub fn images(&self) -> &[String] {
        &self.images.names
    }

    /// All ten outputs, by name; `folder` is where the shell puts the [bake files](Self::files).
    #[must_use]
    pub fn outputs(&self, folder: &str) -> Vec<(&'static str, String)> {
        let names: Vec<&str> = self.tags.iter().map(|tag| tag.name.as_str()).collect();
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let annotations = self.levelled();
        let mut outputs = vec![
            ("version", self.version.clone()),
            ("tags", self.references().join(&self.separators.tags)),
            ("tag-names", names.join(&self.separators.tags)),
            ("labels", labels.join(&self.separators.labels)),
            (
                "annotations",
                annotations.join(&self.separators.annotations),
            ),
            ("json", self.json()),
        ];
        let folder = folder.trim_end_matches('/');
        outputs.extend(
            self.files()
                .into_iter()
                .map(|file| (file.output, format!("{folder}/{}", file.name))),
        );
        outputs
    }

    /// The outputs again, as variables for later steps; none where the environment says so.
    #[must_use]
    pub fn variables(&self, folder: &str) -> Vec<(String, String)> {
        if !self.set_env {
            return Vec::new();
        }
        let named = |(name, value): (&str, String)| {
            let name = name.replace('-', "_").to_uppercase();
            (format!("DOCKER_METADATA_OUTPUT_{name}"), value)
        };
        self.outputs(folder).into_iter().map(named).collect()
    }

    /// Tags, labels and annotations in one line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let names = self.tags.iter().map(|tag| Value::from(tag.name.as_str()));
        Object(vec![
            ("tags", Member::List(self.references())),
            ("tag-names", Member::Json(names.collect())),
            ("labels", Member::Pairs(&self.labels)),
            ("annotations", Member::List(self.levelled())),
        ])
        .text(false)
    }

    /// What the older action does not tell, as JSON: each tag with its rule and whether it moves, each rule with what became
    /// of it, and what is odd about the version.
    #[must_use]
    pub fn explanation(&self) -> Value {
        let conflict = self.release.as_ref().and_then(Version::conflict);
        serde_json::json!({
            "version": self.version,
            "tags": self.tags,
            "rules": self.verdicts,
            "warnings": self.warnings,
            "conflict": conflict.map(|conflict| conflict.to_string()),
        })
    }

    /// For each level and each annotation `level:key=value`: the value whole, other than that of a label.
    fn levelled(&self) -> Vec<String> {
        let levels = self.levels.iter();
        levels
            .flat_map(|level| {
                let pairs = self.annotations.iter();
                pairs.map(move |(key, value)| format!("{level}:{key}={value}"))
            })
            .collect()
    }

    /// The four bake files.
    #[must_use]
    pub fn files(&self) -> Vec<BakeFile> {
        let tags = || ("tags", Member::List(self.references()));
        let labels = || ("labels", Member::Pairs(&self.labels));
        let mut variables: Pairs =
            vec![("DOCKER_META_IMAGES".to_owned(), self.images.names.join(","))];
        if !self.version.is_empty() {
            variables.push(("DOCKER_META_VERSION".to_owned(), self.version.clone()));
        }
        let variables = || ("args", Member::Pairs(&variables));
        let file = |output, name, members| BakeFile {
            output,
            name,
            text: self.bake(members),
        };
        let annotations = ("annotations", Member::List(self.levelled()));
        vec![
            file(
                "bake-file-tags",
                "docker-metadata-action-bake-tags.json",
                vec![tags(), variables()],
            ),
            file(
                "bake-file-labels",
                "docker-metadata-action-bake-labels.json",
                vec![labels()],
            ),
            file(
                "bake-file-annotations",
                "docker-metadata-action-bake-annotations.json",
                vec![annotations],
            ),
            file(
                "bake-file",
                "docker-metadata-action-bake.json",
                vec![tags(), labels(), variables()],
            ),
        ]
    }

    fn bake(&self, members: Vec<(&str, Member<'_>)>) -> String {
        let target = Object(vec![(
            self.bake_target.as_str(),
            Member::Object(Object(members)),
        )]);
        Object(vec![("target", Member::Object(target))]).text(true)
    }
}

/// An object whose members stay in their order.
struct Object<'a>(Vec<(&'a str, Member<'a>)>);

enum Member<'a> {
    Object(Object<'a>),
    List(Vec<String>),
    Json(Value),
    Pairs(&'a Pairs),
}

impl Object<'_> {
    fn text(&self, pretty: bool) -> String {
        let text = match pretty {
            true => serde_json::to_string_pretty(self),
            false => serde_json::to_string(self),
        };
        text.expect("keys are texts, so it is JSON")
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, member) in &self.0 {
            map.serialize_entry(key, member)?;
        }
        map.end()
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(object) => object.serialize(serializer),
            Self::List(texts) => texts.serialize(serializer),
            Self::Json(value) => value.serialize(serializer),
            Self::Pairs(pairs) => {
                serializer.collect_map(pairs.iter().map(|(key, value)| (key, first_line(value))))
            }
        }
    }
}
