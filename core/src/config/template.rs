//! Texts with placeholders: `{{version}}`, `{{sha}}`, `{{digest}}`, `{{environment}}`. `{{{{` stands for `{{`.
//!
//! To add a fact: a variant here, a member in [`Facts`], then follow the compiler.

use super::Facts;
use super::error::{Origin, Wrong, code, quoted};
use super::suggest::did_you_mean;

/// A text whose placeholders are known, but not filled in yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    /// For mistakes that only show when it is filled in.
    pub(super) origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(Fact),
}

/// What a placeholder names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Version,
    Sha,
    Digest,
    Environment,
}

impl Fact {
    const ALL: [Self; 4] = [Self::Version, Self::Sha, Self::Digest, Self::Environment];

    const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Sha => "sha",
            Self::Digest => "digest",
            Self::Environment => "environment",
        }
    }

    fn of(self, facts: &Facts) -> Option<&str> {
        match self {
            Self::Version => Some(&facts.version),
            Self::Sha => facts.sha.as_deref(),
            Self::Digest => Some(&facts.digest),
            Self::Environment => Some(&facts.environment),
        }
    }
}

impl Template {
    /// Finds the placeholders of a text.
    pub(super) fn parse(text: &str, origin: Origin) -> Result<Self, Wrong> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            parts.push(Part::Text(before.to_owned()));
            if let Some(after) = after.strip_prefix("{{") {
                parts.push(Part::Text("{{".to_owned()));
                rest = after;
                continue;
            }
            let (name, after) = after.split_once("}}").ok_or_else(unclosed)?;
            parts.push(Part::Fact(fact(name)?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts, origin })
    }

    /// What names something that is known only once the image is built, or only where it is deployed.
    pub(super) fn too_early(&self) -> Option<Wrong> {
        let late = self.parts.iter().find_map(|part| match part {
            Part::Fact(fact @ (Fact::Digest | Fact::Environment)) => Some(*fact),
            Part::Fact(Fact::Version | Fact::Sha) | Part::Text(_) => None,
        })?;
        let problem = format!(
            "`{{{{{}}}}}` is not known when the image is built",
            late.name()
        );
        Some(Wrong::new(code::PLACEHOLDER, problem).expected("version, sha"))
    }

    /// The same, for whoever tells the mistake in a sentence.
    pub(crate) fn filled(&self, facts: &Facts) -> Result<String, String> {
        let filled = self.fill(facts);
        filled.map_err(|mistake| mistake.at(self.origin.clone()).problem)
    }

    /// The text, every placeholder filled in.
    pub(super) fn fill(&self, facts: &Facts) -> Result<String, Wrong> {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => Ok(text.as_str()),
            Part::Fact(fact) => fact.of(facts).ok_or_else(|| unresolved(*fact)),
        });
        parts.collect()
    }
}

fn unresolved(fact: Fact) -> Wrong {
    Wrong::new(code::UNRESOLVED, format!("`{{{{{}}}}}` is not known for this image", fact.name()))
        .help("build the image with the label `org.opencontainers.image.revision`, or leave the placeholder out")
}

fn fact(name: &str) -> Result<Fact, Wrong> {
    let name = name.trim();
    let known = Fact::ALL.map(Fact::name);
    Fact::ALL
        .into_iter()
        .find(|fact| fact.name() == name)
        .ok_or_else(|| {
            let mistake = Wrong::new(
                code::PLACEHOLDER,
                format!("there is no placeholder {}", quoted(name)),
            )
            .expected(known.join(", "));
            let help = did_you_mean(name, known)
                .unwrap_or_else(|| "write `{{{{` where `{{` itself is meant".to_owned());
            mistake.help(help)
        })
}

fn unclosed() -> Wrong {
    Wrong::new(code::PLACEHOLDER, "a placeholder is not closed")
        .expected("`{{version}}`")
        .help("write `{{{{` where `{{` itself is meant")
}

#[cfg(test)]
mod tests {
    use super::super::error::Place;
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let facts = Facts {
            version: "1.2".into(),
            sha: None,
            digest: "sha256:ab".into(),
            environment: "staging".into(),
        };
        let origin = Origin {
            place: Place {
                file: "cd.yml".into(),
                line: 1,
                column: 1,
            },
            path: String::new(),
        };
        Template::parse(text, origin)
            .and_then(|template| template.fill(&facts))
            .map_err(|mistake| mistake.code().to_owned())
    }

    #[test]
    fn placeholders_are_filled_in() {
        for (text, told) in [
            ("", ""),
            ("plain", "plain"),
            ("{{version}}", "1.2"),
            (
                "v{{ version }}+{{digest}}@{{environment}}",
                "v1.2+sha256:ab@staging",
            ),
            ("{{{{.Name}}", "{{.Name}}"),
            ("{{{{{{version}}", "{{1.2"),
            ("} }} {", "} }} {"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(told), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_a_mistake() {
        for (text, code) in [
            ("{{verison}}", "config/placeholder"),
            ("{{}}", "config/placeholder"),
            ("{{version", "config/placeholder"),
            ("{{version}} {{", "config/placeholder"),
            ("{{ .Name }}", "config/placeholder"),
            ("{{sha}}", "config/unresolved"),
        ] {
            assert_eq!(filled(text), Err(code.to_owned()), "{text}");
        }
    }
}
