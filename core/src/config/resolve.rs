//! From a configuration to what is deployed: placeholders filled in, defaults that depend on the image decided.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::{ConfigError, ConfigErrors, Wrong, code};
use super::{
    DockerBuild, Environment, Facts, HealthTemplate, JsonTemplate, ProbeTemplate, Query,
    RunTemplate, Strategy, Template,
};
use crate::spec::{Health, Probe, Spec};

/// Milliseconds that a worker has to run on where nothing better is known to ask: most of what cannot read its
/// configuration, or reach what it needs, ends sooner.
pub(super) const RUNS_ON: u64 = 10_000;

impl Environment {
    /// What runs, down to the last detail.
    ///
    /// # Errors
    ///
    /// What is asked for and not known about this image: `{{sha}}`, or a HEALTHCHECK that it does not have.
    pub fn resolve(
        &self,
        facts: &Facts,
        image_has_healthcheck: bool,
    ) -> Result<Spec, ConfigErrors> {
        let mut filling = Filling {
            facts,
            mistakes: Vec::new(),
        };
        let health = filling.health(&self.health, self.run.port, image_has_healthcheck);
        let spec = filling.run(&self.run, health);
        self.queries().iter().for_each(|it| {
            filling.text(&it.query);
        });
        ConfigErrors::new(filling.mistakes).map_or(Ok(spec), Err)
    }
}

impl Environment {
    /// What is asked of metrics while a canary has a share of the traffic.
    #[must_use]
    pub fn queries(&self) -> &[Query] {
        match &self.strategy {
            Strategy::Canary(canary) => &canary.queries,
            Strategy::BlueGreen { .. } | Strategy::Recreate | Strategy::Rolling(_) => &[],
        }
    }
}

impl DockerBuild {
    /// The build arguments, placeholders filled in.
    ///
    /// # Errors
    ///
    /// What is asked for and not known about this build.
    pub fn resolve(&self, facts: &Facts) -> Result<BTreeMap<String, String>, ConfigErrors> {
        let mut filling = Filling {
            facts,
            mistakes: Vec::new(),
        };
        let args = filling.map(&self.args);
        ConfigErrors::new(filling.mistakes).map_or(Ok(args), Err)
    }
}

/// SHA-256 in hexadecimal over a specification and the fingerprints of its secrets.
///
/// Members that are false, null or empty do not count: one that is added to [`Spec`] later, and not used, leaves every
/// hash what it was.
pub fn config_hash(spec: &Spec, fingerprints: &BTreeMap<String, String>) -> String {
    let spec =
        serde_json::to_value(spec).expect("a specification is plain data with texts for keys");
    let mut text = String::new();
    canonical(&spec, &mut text);
    text.push('\n');
    canonical(
        &fingerprints
            .iter()
            .map(|(name, print)| (name.clone(), print.clone()))
            .collect(),
        &mut text,
    );
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// JSON with sorted keys, without spaces and without members that say nothing.
fn canonical(value: &Value, text: &mut String) {
    let separated = |text: &mut String, index: usize| {
        if index > 0 {
            text.push(',')
        }
    };
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members
                .iter()
                .filter(|(_, value)| says_something(value))
                .collect();
            text.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                separated(text, index);
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                separated(text, index);
                canonical(item, text);
            }
            text.push(']');
        }
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            text.push_str(&scalar.to_string())
        }
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Number(_) | Value::String(_) => true,
    }
}

struct Filling<'a> {
    facts: &'a Facts,
    mistakes: Vec<ConfigError>,
}

impl Filling<'_> {
    fn run(&mut self, run: &RunTemplate, health: Health) -> Spec {
        Spec {
            port: run.port,
            env: self.map(&run.env),
            secrets: run.secrets.clone(),
            replicas: run.replicas,
            command: run.command.as_deref().map(|command| self.list(command)),
            user: run.user.clone(),
            memory: run.memory,
            cpus: run.cpus,
            volumes: run.volumes.clone(),
            labels: self.map(&run.labels),
            networks: run.networks.clone(),
            read_only: run.read_only,
            health,
        }
    }

    fn health(
        &mut self,
        health: &HealthTemplate,
        port: Option<u16>,
        image_has_healthcheck: bool,
    ) -> Health {
        let probe = match &health.probe {
            None if image_has_healthcheck => Probe::Image,
            None if port.is_none() => Probe::Runs(RUNS_ON),
            None => Probe::Http {
                path: "/".into(),
                status: (100, 499),
                json: BTreeMap::new(),
            },
            Some(probe) => self.probe(probe, image_has_healthcheck),
        };
        let HealthTemplate {
            every,
            timeout,
            successes,
            failures,
            deadline,
            ..
        } = *health;
        Health {
            probe,
            every,
            timeout,
            successes,
            failures,
            deadline,
        }
    }

    fn probe(&mut self, probe: &ProbeTemplate, image_has_healthcheck: bool) -> Probe {
        match probe {
            ProbeTemplate::Http { path, status, json } => {
                let json = json
                    .iter()
                    .map(|(name, expected)| (name.clone(), self.json(expected)))
                    .collect();
                Probe::Http {
                    path: path.clone(),
                    status: *status,
                    json,
                }
            }
            ProbeTemplate::Tcp => Probe::Tcp,
            ProbeTemplate::Runs(long) => Probe::Runs(*long),
            ProbeTemplate::Exec(command) => Probe::Exec(self.list(command)),
            ProbeTemplate::Image(origin) => {
                if !image_has_healthcheck {
                    let mistake = Wrong::new(code::UNRESOLVED, "this image has no HEALTHCHECK")
                        .help("add one to its Dockerfile, or say here how to ask: `http: { path: /health }`");
                    self.mistakes.push(mistake.at(origin.clone()));
                }
                Probe::Image
            }
        }
    }

    fn json(&mut self, expected: &JsonTemplate) -> String {
        match expected {
            JsonTemplate::Literal(json) => json.clone(),
            JsonTemplate::Text(template) => Value::from(self.text(template)).to_string(),
        }
    }

    fn map(&mut self, templates: &BTreeMap<String, Template>) -> BTreeMap<String, String> {
        templates
            .iter()
            .map(|(name, template)| (name.clone(), self.text(template)))
            .collect()
    }

    fn list(&mut self, templates: &[Template]) -> Vec<String> {
        templates
            .iter()
            .map(|template| self.text(template))
            .collect()
    }

    /// Empty where a mistake has been noted.
    fn text(&mut self, template: &Template) -> String {
        template.fill(self.facts).unwrap_or_else(|mistake| {
            self.mistakes.push(mistake.at(template.origin.clone()));
            String::new()
        })
    }
}
