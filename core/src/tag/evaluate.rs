//! Rules and an event → tags, with a verdict on every rule.

use super::expression::{Globals, Parts};
use super::flavor::{Affix, Flavor, Latest};
use super::grammar;
use super::mistake::{Mistake, code};
use super::pattern::Groups;
use super::rule::{self, FromVersion, Maker, RefKind, Rule};
use super::template::{Scope, Template};
use super::verdict::{Mobility, Outcome, Tag, Verdict, Why};
use super::version::{Standing, Version};
use crate::event::Kind;

/// What the rules made.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub(super) tags: Vec<Tag>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) warnings: Vec<String>,
    /// The version that the first rule for versions read.
    pub(super) release: Option<Version>,
}

/// The text of a tag, before anything is put around it.
struct Text {
    text: String,
    /// Whether `latest` follows where nobody says otherwise.
    latest: bool,
    mobility: Mobility,
}

type Answer = Result<Result<Text, Why>, Box<Mistake>>;

pub(super) fn evaluate(
    rules: &[Rule],
    flavor: &Flavor,
    globals: &Globals<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Made {
    let mut evaluation = Evaluation {
        rules,
        flavor,
        globals,
        made: Made::default(),
        latest: None,
    };
    for rule in rules {
        match evaluation.rule(rule) {
            Ok(outcome) => evaluation.made.verdicts.push(Verdict {
                rule: rule.place.text.clone(),
                outcome,
            }),
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    if let Err(mistake) = evaluation.latest() {
        mistakes.push(*mistake);
    }
    evaluation.made
}

struct Evaluation<'a> {
    rules: &'a [Rule],
    flavor: &'a Flavor,
    globals: &'a Globals<'a>,
    made: Made,
    /// The first rule that made a tag: whether `latest` follows it, and what it put around.
    latest: Option<(bool, (String, String), String)>,
}

impl Evaluation<'_> {
    fn rule(&mut self, rule: &Rule) -> Result<Outcome, Box<Mistake>> {
        let enabled = fill(&rule.enable, self.globals, rule)?;
        match enabled.as_str() {
            "true" => {}
            "false" => return Ok(Outcome::Nothing { why: Why::Disabled }),
            other => {
                let message = format!("Invalid value for enable attribute: {other}");
                return Err(Box::new(
                    Mistake::new(code::BOOLEAN, rule::INPUT, message).at(&rule.place),
                ));
            }
        }
        match self.text(rule)? {
            Ok(text) => self.emit(rule, text),
            Err(why) => Ok(Outcome::Nothing { why }),
        }
    }

    fn text(&mut self, rule: &Rule) -> Answer {
        let event = self.globals.event;
        let follows = |text: String, mobility| {
            Ok(Ok(Text {
                text,
                latest: false,
                mobility,
            }))
        };
        match &rule.maker {
            Maker::Schedule { pattern } => {
                if event.kind != Kind::Schedule && !event.name.contains("schedule") {
                    return Ok(Err(Why::NotScheduled));
                }
                follows(fill(pattern, &self.globals.clock, rule)?, Mobility::Follows)
            }
            Maker::Semver(from) => self.version(rule, from, SEMVER),
            Maker::Pep440(from) => self.version(rule, from, PEP440),
            Maker::Match {
                pattern,
                written,
                group,
                value,
            } => {
                let Some(text) = self.source(rule, value)? else {
                    return Ok(Err(Why::NoTag));
                };
                let found = pattern
                    .find(&text)
                    .map_err(|refused| slow(rule, written, &refused))?;
                self.group(found, written, group, &text)
            }
            Maker::Edge { branch } => {
                let Some(wanted) = branch.as_ref().or(event.default_branch.as_ref()) else {
                    return Ok(Err(Why::NoDefaultBranch));
                };
                if event.ref_branch() != Some(wanted) {
                    let wanted = wanted.clone();
                    return Ok(Err(Why::OtherBranch { wanted }));
                }
                follows("edge".to_owned(), Mobility::Follows)
            }
            Maker::Ref(kind) => Ok(self.reference(*kind)),
            Maker::Raw { value } => {
                let text = fill(value, self.globals, rule)?;
                let mobility = match value.names("sha") {
                    true => Mobility::Immutable,
                    false => Mobility::of_text(&text),
                };
                follows(text, mobility)
            }
            Maker::Sha { .. } if event.sha.is_empty() => Ok(Err(Why::NoCommit)),
            Maker::Sha { long: true } => follows(event.sha.clone(), Mobility::Immutable),
            Maker::Sha { long: false } => {
                follows(self.globals.short_sha.to_owned(), Mobility::Immutable)
            }
        }
    }

    fn reference(&self, kind: RefKind) -> Result<Text, Why> {
        let event = self.globals.event;
        let (text, why, mobility) = match kind {
            RefKind::Branch => (event.ref_branch(), Why::NoBranch, Mobility::Follows),
            RefKind::Tag => (event.ref_tag(), Why::NoTag, Mobility::Immutable),
            RefKind::PullRequest => (
                event.ref_pull_request(),
                Why::NoPullRequest,
                Mobility::Follows,
            ),
        };
        text.map(|text| Text {
            text: text.to_owned(),
            latest: kind == RefKind::Tag,
            mobility,
        })
        .ok_or(why)
    }

    /// What rules for git tags read: the value in the tag's place if there is one. `None`: neither is there.
    fn source(
        &self,
        rule: &Rule,
        value: &Option<Template>,
    ) -> Result<Option<String>, Box<Mistake>> {
        match value {
            Some(value) => fill(value, self.globals, rule).map(Some),
            None => Ok(self.globals.event.ref_tag().map(str::to_owned)),
        }
    }

    fn group(&mut self, found: Option<Groups>, pattern: &str, group: &str, text: &str) -> Answer {
        let Some(groups) = found else {
            self.made
                .warnings
                .push(format!("{pattern} does not match {text}."));
            return Ok(Err(Why::NoMatch {
                pattern: pattern.to_owned(),
                text: text.to_owned(),
            }));
        };
        // As JavaScript finds a member: `01` is not `1`.
        let index = group
            .parse::<usize>()
            .ok()
            .filter(|index| index.to_string() == group);
        match index
            .and_then(|index| groups.into_iter().nth(index))
            .flatten()
        {
            Some(text) => Ok(Ok(Text {
                mobility: Mobility::of_text(&text),
                text,
                latest: true,
            })),
            None => {
                self.made.warnings.push(format!(
                    "Group {group} does not exist for {pattern} pattern."
                ));
                Ok(Err(Why::NoGroup {
                    pattern: pattern.to_owned(),
                    group: group.to_owned(),
                }))
            }
        }
    }

    fn version(&mut self, rule: &Rule, from: &FromVersion, standard: Standard) -> Answer {
        let Some(text) = self.source(rule, &from.value)? else {
            return Ok(Err(Why::NoTag));
        };
        let text = self.narrowed(rule, from, text)?.replace('/', "-");
        let parsed = Version::parse(&text);
        let Some((version, parts)) = parsed
            .as_ref()
            .and_then(|version| Some((version, (standard.parts)(version)?)))
        else {
            self.made.warnings.push((standard.warning)(&text));
            return Ok(Err(Why::NoVersion {
                text,
                standard: standard.name,
            }));
        };
        let release = (standard.standing)(version) == Some(Standing::Release);
        let plain = Template::plain("version");
        let whole = from.pattern.names("version") || from.pattern.names("raw");
        let (pattern, mobility) = if release {
            (&from.pattern, mobility(&from.pattern, whole))
        } else if whole {
            (&from.pattern, Mobility::Immutable)
        } else {
            // `1` and `1.2` are for releases alone: this one gets its whole version instead, as another rule spells it.
            (
                self.spelling(standard).unwrap_or(&plain),
                Mobility::Immutable,
            )
        };
        let text = fill(pattern, &parts, rule)?;
        if self.made.release.is_none() {
            self.made.release.clone_from(&parsed);
        }
        Ok(Ok(Text {
            text,
            latest: release,
            mobility,
        }))
    }

    fn narrowed(
        &mut self,
        rule: &Rule,
        from: &FromVersion,
        text: String,
    ) -> Result<String, Box<Mistake>> {
        let Some((pattern, written)) = &from.narrow else {
            return Ok(text);
        };
        match pattern.find(&text).map_err(|refused| slow(rule, written, &refused))? {
            None => {
                self.made.warnings.push(format!("{written} does not match {text}."));
                Ok(text)
            }
            Some(groups) => groups.into_iter().nth(1).flatten().ok_or_else(|| {
                let message = format!("`{written}` matches `{text}`, but has no group that takes the version out of it");
                Box::new(Mistake::new(code::PATTERN, rule::INPUT, message).at(&rule.place))
            }),
        }
    }

    /// The pattern of the first rule by this standard that spells a whole version.
    fn spelling(&self, standard: Standard) -> Option<&Template> {
        let mut patterns = self.rules.iter().filter_map(|rule| match &rule.maker {
            Maker::Semver(from) if standard.name == SEMVER.name => Some(&from.pattern),
            Maker::Pep440(from) if standard.name == PEP440.name => Some(&from.pattern),
            _ => None,
        });
        patterns.find(|pattern| pattern.names("version"))
    }

    fn emit(&mut self, rule: &Rule, made: Text) -> Result<Outcome, Box<Mistake>> {
        let around =
            |own: &Option<Template>, flavor: &Affix| match own.as_ref().or(flavor.text.as_ref()) {
                Some(template) => fill(template, self.globals, rule),
                None => Ok(String::new()),
            };
        let affixes = (
            around(&rule.prefix, &self.flavor.prefix)?,
            around(&rule.suffix, &self.flavor.suffix)?,
        );
        let text = format!("{}{}{}", affixes.0, made.text, affixes.1);
        if text.is_empty() {
            return Ok(Outcome::Nothing { why: Why::Empty });
        }
        let Some(name) = grammar::tag(&text) else {
            self.made
                .warnings
                .push(format!("Nothing of {text} can be in a tag."));
            return Ok(Outcome::Nothing {
                why: Why::Unusable { text },
            });
        };
        if self.latest.is_none() {
            self.latest = Some((made.latest, affixes.clone(), rule.place.text.clone()));
        }
        if self.made.tags.iter().any(|tag| tag.name == name) {
            return Ok(Outcome::Again { tag: name });
        }
        self.made.tags.push(Tag {
            name: name.clone(),
            rule: rule.place.text.clone(),
            mobility: made.mobility,
            affixes,
        });
        Ok(Outcome::Made { tag: name })
    }

    /// `latest`, behind all others.
    fn latest(&mut self) -> Result<(), Box<Mistake>> {
        let Some((follows, affixes, rule)) = self.latest.take() else {
            return Ok(());
        };
        let (wanted, by) = match self.flavor.latest {
            Latest::Auto => (follows, format!("latest, for `{rule}`")),
            Latest::Always => (true, "latest=true".to_owned()),
            Latest::Never => (false, String::new()),
        };
        if !wanted {
            return Ok(());
        }
        let around = |affix: &Affix| match affix.text.as_ref().filter(|_| affix.on_latest) {
            Some(template) => template.fill(self.globals).map_err(|wrong| {
                let message = format!("an affix {wrong}");
                Box::new(Mistake::new(code::TEMPLATE, super::flavor::INPUT, message))
            }),
            None => Ok(String::new()),
        };
        let text = format!(
            "{}latest{}",
            around(&self.flavor.prefix)?,
            around(&self.flavor.suffix)?
        );
        let name =
            grammar::tag(&text).filter(|name| self.made.tags.iter().all(|tag| tag.name != *name));
        self.made.tags.extend(name.map(|name| Tag {
            name,
            rule: by,
            mobility: Mobility::Release,
            affixes,
        }));
        Ok(())
    }
}

/// One of the two worlds of versions.
#[derive(Clone, Copy)]
struct Standard {
    name: &'static str,
    parts: for<'a> fn(&'a Version) -> Option<Parts<'a>>,
    standing: fn(&Version) -> Option<Standing>,
    warning: fn(&str) -> String,
}

fn fill(template: &Template, scope: &dyn Scope, rule: &Rule) -> Result<String, Box<Mistake>> {
    template
        .fill(scope)
        .map_err(|wrong| Box::new(Mistake::new(code::TEMPLATE, rule::INPUT, wrong).at(&rule.place)))
}

fn slow(rule: &Rule, pattern: &str, refused: &super::pattern::Refused) -> Box<Mistake> {
    Box::new(
        Mistake::new(
            code::PATTERN,
            rule::INPUT,
            format!("`{pattern}` is {refused}"),
        )
        .at(&rule.place),
    )
}

/// Of a tag that a release makes: how much of the version its pattern names.
fn mobility(pattern: &Template, whole: bool) -> Mobility {
    match [
        whole || pattern.names("patch"),
        pattern.names("minor"),
        pattern.names("major"),
    ] {
        [true, _, _] => Mobility::Immutable,
        [false, true, true] => Mobility::Minor,
        [false, false, true] => Mobility::Major,
        [false, true, false] => Mobility::Follows,
        [false, false, false] => Mobility::Release,
    }
}

const SEMVER: Standard = Standard {
    name: "SemVer",
    parts: |version| Parts::semver(version),
    standing: Version::semver_standing,
    warning: |text| format!("{text} is not a valid semver. More info: https://semver.org/"),
};

const PEP440: Standard = Standard {
    name: "PEP 440",
    parts: |version| Parts::pep440(version),
    standing: Version::pep440_standing,
    warning: |text| {
        format!(
            "{text} does not conform to PEP 440. More info: https://www.python.org/dev/peps/pep-0440"
        )
    },
};
