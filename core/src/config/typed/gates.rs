//! What must hold before anything is touched.

use std::collections::BTreeSet;

use super::super::raw::gates as raw;
use super::super::raw::{self as whole, At};
use super::super::scalar::{duration, duration_from};
use super::super::{Override, Template, name};
use super::{Read, Reader, Reported, Wrong, code, one_line, program, without_nul};
use crate::config::tree::NodeId;
use crate::gate::after::After;
use crate::gate::approval::Approval;
use crate::gate::breaker::Breaker;
use crate::gate::checks::{Check, Checks};
use crate::gate::command::{Command, Terms};
use crate::gate::findings::{Findings, Level, Scanning};
use crate::gate::freeze::{self, Freeze, Moment, When, Window};
use crate::gate::image::Image;
use crate::gate::results::Tests;
use crate::gate::reviews::Reviews;
use crate::gate::sessions::Sessions;
use crate::gate::trigger::Trigger;
use crate::gate::{Gate, Kind};

/// Time that what runs here may take.
const DEADLINE: u64 = 600_000;

/// Time within which failures count.
const WITHIN: u64 = 86_400_000;

const KINDS: &str = "checks, reviews, sessions, findings, tests, approval, after, freeze, trigger, image, fresh, breaker, command, all, any or not";

impl Reader<'_> {
    /// Names tell gates apart, so none stands twice.
    pub(super) fn gates(&mut self, at: Option<&At<Vec<At<raw::Gate>>>>) -> Read<Vec<Gate>> {
        let mut known = BTreeSet::new();
        self.gate_list(at, &mut known)
    }

    fn gate_list(
        &mut self,
        at: Option<&At<Vec<At<raw::Gate>>>>,
        known: &mut BTreeSet<String>,
    ) -> Read<Vec<Gate>> {
        let gates = self.items(at, |reader, _, at| {
            let raw = at.value.as_ref().ok_or(Reported)?;
            reader.gate(at.node, raw, known)
        });
        gates.map(Option::unwrap_or_default)
    }

    fn gate(&mut self, node: NodeId, raw: &raw::Gate, known: &mut BTreeSet<String>) -> Read<Gate> {
        let name = self.optional(raw.name.as_ref(), gate_name);
        let said = self.given(raw.r#override.as_ref());
        let terms = self.terms(raw.deadline.as_ref(), raw.secrets.as_ref());
        let kind = self.kind(node, raw, terms, known);
        let (name, kind) = (name?, kind?);
        let name = name.unwrap_or_else(|| kind.word().to_owned());
        if !known.insert(name.clone()) {
            let mistake = Wrong::new(
                code::CONFLICT,
                format!("there are two gates of the name `{name}`"),
            );
            return Err(self.report_key(node, mistake.help("give one of them a `name`")));
        }
        let said = said?;
        // Whoever may override an approval needs none.
        let usual = !matches!(kind, Kind::Approval(_));
        let gate = Gate {
            name,
            kind,
            may_override: said.unwrap_or(usual),
        };
        match (said, gate.forbids_overriding()) {
            (Some(true), Some(inner)) => {
                let inner = &inner.name;
                let mistake = Wrong::new(
                    code::CONFLICT,
                    format!("this gate may be overridden, and `{inner}` in it may not"),
                );
                let help =
                    format!("leave `override` out here, or say `override: true` of `{inner}` too");
                let at = raw.r#override.as_ref().map_or(node, |at| at.node);
                Err(self.report(at, mistake.help(help)))
            }
            (Some(_) | None, _) => Ok(gate),
        }
    }

    fn kind(
        &mut self,
        node: NodeId,
        raw: &raw::Gate,
        terms: Read<Terms>,
        known: &mut BTreeSet<String>,
    ) -> Read<Kind> {
        let mut kinds: Vec<Read<Kind>> = Vec::new();
        kinds.extend(raw.checks.as_ref().map(|at| self.checks(at)));
        kinds.extend(raw.reviews.as_ref().map(|at| self.reviews(at)));
        kinds.extend(raw.findings.as_ref().map(|at| self.findings(at)));
        kinds.extend(raw.tests.as_ref().map(|at| self.tests(at)));
        kinds.extend(raw.approval.as_ref().map(|at| self.approval(at)));
        kinds.extend(self.proven_elsewhere(raw));
        kinds.extend(raw.freeze.as_ref().map(|at| self.freeze(at)));
        kinds.extend(raw.trigger.as_ref().map(|at| self.trigger(at)));
        kinds.extend(raw.breaker.as_ref().map(|at| self.breaker(at)));
        kinds.extend(
            raw.fresh
                .as_ref()
                .map(|at| at.value.map(|_| Kind::Fresh).ok_or(Reported)),
        );
        let runs = raw.sessions.is_some() || raw.command.is_some() || raw.image.is_some();
        if let Some(at) = raw
            .deadline
            .as_ref()
            .map(|it| it.node)
            .or_else(|| raw.secrets.as_ref().map(|it| it.node))
            .filter(|_| !runs)
        {
            let mistake = Wrong::new(
                code::CONFLICT,
                "nothing of this gate runs here, so nothing needs this",
            );
            kinds.push(Err(self.report_key(at, mistake.help("leave it out"))));
        }
        let terms = terms?;
        kinds.extend(raw.sessions.as_ref().map(|at| self.sessions(at, &terms)));
        kinds.extend(raw.command.as_ref().map(|at| self.command(at, &terms)));
        kinds.extend(raw.image.as_ref().map(|at| self.image_gate(at, &terms)));
        kinds.extend(
            raw.all
                .as_ref()
                .map(|at| self.gate_list(Some(at), known).map(Kind::All)),
        );
        kinds.extend(
            raw.any
                .as_ref()
                .map(|at| self.gate_list(Some(at), known).map(Kind::Any)),
        );
        kinds.extend(raw.not.as_ref().map(|at| {
            let inner = at.value.as_ref().ok_or(Reported)?;
            let gate = self.gate(at.node, inner, known)?;
            self.refuse_never(at.node, &gate)?;
            Ok(Kind::Not(Box::new(gate)))
        }));
        let one = kinds.len() == 1;
        let kinds: Read<Vec<Kind>> = kinds.into_iter().collect();
        match (kinds?.pop(), one) {
            (Some(kind), true) => Ok(kind),
            (None, _) => Err(self.report_key(
                node,
                Wrong::new(code::MISSING_KEY, "this gate does not say what it asks")
                    .expected(KINDS),
            )),
            (Some(_), false) => {
                let mistake = Wrong::new(code::CONFLICT, "this gate asks several things");
                Err(self.report_key(
                    node,
                    mistake.help("write a gate for each; all of them must pass"),
                ))
            }
        }
    }

    /// A freeze never says no, but "not yet": turned around it would never say yes.
    fn refuse_never(&mut self, node: NodeId, gate: &Gate) -> Read<()> {
        fn never(gate: &Gate) -> bool {
            match &gate.kind {
                Kind::Freeze(_) => true,
                Kind::Any(gates) => gates.iter().any(never),
                Kind::All(gates) => gates.iter().all(never),
                _ => false,
            }
        }
        if !never(gate) {
            return Ok(());
        }
        let mistake = Wrong::new(
            code::CONFLICT,
            "this gate would never pass: a freeze holds while it is on, and does so turned around too",
        );
        let help = "freeze the other times: `{ freeze: { from: \"17:00\", to: \"09:00\" } }` deploys from 9 to 17";
        Err(self.report_key(node, mistake.help(help)))
    }

    /// A gate that asks another environment; a time to soak without one is a mistake.
    fn proven_elsewhere(&mut self, raw: &raw::Gate) -> Option<Read<Kind>> {
        if let Some(at) = &raw.after {
            return Some(self.after(at, raw.soak.as_ref()));
        }
        let soak = raw.soak.as_ref()?;
        let mistake = Wrong::new(code::CONFLICT, "nothing of this gate has to soak");
        let help = "name the other environment with `after`, or leave this out";
        Some(Err(self.report_key(soak.node, mistake.help(help))))
    }

    /// How code that is not ours is run.
    pub(super) fn terms(
        &mut self,
        deadline: Option<&At<whole::Duration>>,
        secrets: Option<&At<Vec<At<String>>>>,
    ) -> Read<Terms> {
        let deadline = self.or(deadline, DEADLINE, duration_from::<1000>);
        let secrets = self.items(secrets, |reader, _, at| {
            let secret = reader.scalar(at, name::secret_variable)?;
            Ok(secret)
        });
        Ok(Terms {
            deadline: deadline?,
            secrets: secrets?.unwrap_or_default(),
        })
    }

    /// Each item by a rule, in the order of the file.
    fn texts(
        &mut self,
        at: Option<&At<Vec<At<String>>>>,
        rule: fn(&str) -> Result<String, Wrong>,
    ) -> Read<Vec<String>> {
        let texts = self.items(at, |reader, _, at| reader.parse(at, rule));
        texts.map(Option::unwrap_or_default)
    }

    pub(super) fn argv(&mut self, at: &At<Vec<At<whole::Scalar>>>) -> Read<Vec<Template>> {
        let argv = self.items(Some(at), |reader, index, at| {
            reader.template(at, if index == 0 { program } else { without_nul })
        });
        argv.map(Option::unwrap_or_default)
    }

    // --- the kinds -----------------------------------------------------------------------------------------------

    fn checks(&mut self, at: &At<Vec<At<raw::Check>>>) -> Read<Kind> {
        let of = self.items(Some(at), |reader, _, at| reader.check(at))?;
        Ok(Kind::Checks(Checks {
            of: of.unwrap_or_default(),
        }))
    }

    fn check(&mut self, at: &At<raw::Check>) -> Read<Check> {
        let map = match at.value.as_ref().ok_or(Reported)? {
            raw::Check::Name(_) => {
                let name = self.parse(at, words)?;
                return Ok(Check {
                    name,
                    ..Check::default()
                });
            }
            raw::Check::Map(map) => map,
        };
        let name = self.optional(map.name.as_ref(), words);
        let app = self.optional(map.app.as_ref(), words);
        let creator = self.optional(map.creator.as_ref(), words);
        let skipped = self.given(map.skipped.as_ref());
        let (name, app, creator) = (name?.ok_or(Reported)?, app?, creator?);
        if app.is_some() && creator.is_some() {
            let mistake = Wrong::new(
                code::CONFLICT,
                "an `app` reports check runs, a `creator` statuses: none is both",
            );
            return Err(self.report_key(at.node, mistake.help("leave one of them out")));
        }
        Ok(Check {
            name,
            app,
            creator,
            skipped: skipped?.unwrap_or(false),
        })
    }

    fn after(&mut self, at: &At<String>, soak: Option<&At<whole::Duration>>) -> Read<Kind> {
        let environment = self.parse(at, name::short_name);
        let soak = self.or(soak, 0, duration);
        Ok(Kind::After(After {
            environment: environment?,
            soak: soak?,
        }))
    }

    fn reviews(&mut self, at: &At<raw::Reviews>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let approvals = self.given(raw.approvals.as_ref());
        let by = self.texts(raw.by.as_ref(), words);
        Ok(Kind::Reviews(Reviews {
            approvals: approvals?.unwrap_or(1),
            by: by?,
        }))
    }

    fn findings(&mut self, at: &At<raw::Findings>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let sarif = self.texts(raw.sarif.as_ref(), name::file_inside);
        let level = self.given(raw.level.as_ref());
        let ignore = self.texts(raw.ignore.as_ref(), words);
        let baseline = self.optional(raw.baseline.as_ref(), name::file_inside);
        let scanning = match self.map(raw.code_scanning.as_ref()) {
            Ok(Some(raw)) => {
                let tool = self.optional(raw.tool.as_ref(), words);
                let categories = self.texts(raw.categories.as_ref(), words);
                tool.and_then(|tool| {
                    let categories = categories?;
                    Ok(Some(Scanning { tool, categories }))
                })
            }
            Ok(None) => Ok(None),
            Err(reported) => Err(reported),
        };
        let (sarif, scanning) = (sarif?, scanning?);
        if sarif.is_empty() && scanning.is_none() {
            let mistake = Wrong::new(code::MISSING_KEY, "nobody is named who looks for something");
            return Err(self.report_key(
                at.node,
                mistake.help("name files with `sarif`, or write `code-scanning: {}`"),
            ));
        }
        Ok(Kind::Findings(Findings {
            sarif,
            level: match level? {
                None | Some(raw::Level::Error) => Level::Error,
                Some(raw::Level::Warning) => Level::Warning,
                Some(raw::Level::Note) => Level::Note,
            },
            ignore: ignore?,
            baseline: baseline?,
            scanning,
        }))
    }

    fn tests(&mut self, at: &At<raw::Tests>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let junit = self.texts(raw.junit.as_ref(), name::file_inside);
        let least = self.given(raw.minimum.as_ref());
        let fewer = self.given(raw.fewer.as_ref());
        let junit = junit?;
        if junit.is_empty() {
            return Err(Reported); // by the checker: the key is required, and the list is not empty
        }
        Ok(Kind::Tests(Tests {
            junit,
            least: u64::from(least?.unwrap_or(1)),
            fewer: fewer?.unwrap_or(false),
        }))
    }

    fn approval(&mut self, at: &At<raw::Approval>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let by = self.texts(raw.by.as_ref(), words)?;
        Ok(Kind::Approval(Approval { by }))
    }

    fn freeze(&mut self, at: &At<raw::Freeze>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let from = self.optional(raw.from.as_ref(), moment);
        let to = self.optional(raw.to.as_ref(), moment);
        let calendar = self.optional(raw.calendar.as_ref(), name::file_inside);
        let zone = self.or(raw.zone.as_ref(), "UTC".to_owned(), zone);
        let when = match (from?, to?, calendar?) {
            (Some(from), Some(to), None) => {
                match Window::between(from, to) {
                    Some(window) => When::Window(window),
                    None => {
                        let mistake = Wrong::new(
                            code::CONFLICT,
                            "`from` and `to` do not belong together, or there is no time between them",
                        );
                        return Err(self.report_key(at.node, mistake.help("write both with a weekday, both as a time of day, or both as a date")));
                    }
                }
            }
            (None, None, Some(calendar)) => When::Calendar(calendar),
            _ => {
                let mistake = Wrong::new(
                    code::MISSING_KEY,
                    "a freeze has `from` and `to`, or a `calendar`",
                );
                return Err(self.report_key(
                    at.node,
                    mistake.help(
                        "write `{ from: \"Fri 16:00\", to: \"Mon 08:00\", zone: Europe/Berlin }`",
                    ),
                ));
            }
        };
        Ok(Kind::Freeze(Freeze { when, zone: zone? }))
    }

    fn trigger(&mut self, at: &At<raw::Trigger>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let events = self.texts(raw.events.as_ref(), words);
        let branches = self.texts(raw.branches.as_ref(), words);
        let tags = self.texts(raw.tags.as_ref(), words);
        Ok(Kind::Trigger(Trigger {
            events: events?,
            branches: branches?,
            tags: tags?,
        }))
    }

    fn breaker(&mut self, at: &At<raw::Breaker>) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let failures = self.given(raw.failures.as_ref());
        let within = self.or(raw.within.as_ref(), WITHIN, duration_from::<1000>);
        Ok(Kind::Breaker(Breaker {
            failures: failures?.unwrap_or(3),
            within: within?,
        }))
    }

    fn sessions(&mut self, at: &At<Vec<At<String>>>, terms: &Terms) -> Read<Kind> {
        let names = self.texts(Some(at), super::build::session)?;
        let terms = terms.clone();
        Ok(Kind::Sessions(Sessions { names, terms }))
    }

    fn command(&mut self, at: &At<Vec<At<whole::Scalar>>>, terms: &Terms) -> Read<Kind> {
        let argv = self.argv(at)?;
        let terms = terms.clone();
        Ok(Kind::Command(Command { argv, terms }))
    }

    fn image_gate(&mut self, at: &At<raw::Image>, terms: &Terms) -> Read<Kind> {
        let raw = at.value.as_ref().ok_or(Reported)?;
        let revision = self.given(raw.revision.as_ref());
        let attestation = raw.attestation.as_ref().map(|at| self.argv(at)).transpose();
        let (revision, attestation) = (revision?.unwrap_or(true), attestation?);
        if !revision && attestation.is_none() {
            let mistake = Wrong::new(code::CONFLICT, "this gate asks nothing");
            return Err(self.report_key(
                at.node,
                mistake.help("ask for the `revision`, or name an `attestation`"),
            ));
        }
        Ok(Kind::Image(Image {
            revision,
            attestation,
            terms: terms.clone(),
        }))
    }
}

/// Where it is written that a gate waits for this environment.
pub(super) fn waiting_for(environment: &str, gates: &At<Vec<At<raw::Gate>>>) -> Option<NodeId> {
    let mut gates = gates.value.iter().flatten();
    gates.find_map(|at| waits_for(environment, at.value.as_ref()?))
}

fn waits_for(environment: &str, gate: &raw::Gate) -> Option<NodeId> {
    let after = gate.after.as_ref();
    let this = after.filter(|at| at.value.as_deref() == Some(environment));
    let groups = gate.all.iter().chain(&gate.any);
    let not = gate.not.as_ref().and_then(|at| at.value.as_ref());
    this.map(|at| at.node)
        .or_else(|| groups.clone().find_map(|it| waiting_for(environment, it)))
        .or_else(|| waits_for(environment, not?))
}

/// By which a gate is overridden, so none that overrides something else already.
fn gate_name(text: &str) -> Result<String, Wrong> {
    let name = name::short_name(text)?;
    if Override::ALL.iter().any(|it| it.word() == name) {
        let problem = "`override` with this name overrides something else";
        return Err(Wrong::new(code::CONFLICT, problem).help("give the gate another name"));
    }
    Ok(name)
}

/// A name of somebody else's: one visible line.
fn words(text: &str) -> Result<String, Wrong> {
    one_line(text)?;
    if text.trim().is_empty() {
        return Err(Wrong::new(code::TEXT, "this name is empty"));
    }
    Ok(text.trim().to_owned())
}

fn moment(text: &str) -> Result<Moment, Wrong> {
    Moment::parse(text).ok_or_else(|| {
        Wrong::new(code::CHOICE, "this is no moment").expected(
            "`Fri 16:00` each week, `16:00` each day, `2026-12-24` or `2026-12-24 16:00` once",
        )
    })
}

fn zone(text: &str) -> Result<String, Wrong> {
    if freeze::is_zone(text) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(code::CHOICE, "this time zone is not known")
        .expected("a name such as `Europe/Berlin`, or UTC"))
}
