//! Rules and an event → tags, with a verdict on every rule.

use super::expression::{Globals, Parts};
use super::flavor::{Affix, Flavor, Latest};
use super::grammar;
use super::mistake::{Mistake, WhenNeeded, code, needed};
use super::pattern::Groups;
use super::rule::{self, FromVersion, Maker, RefKind, Rule};
use super::template::{Scope, Template};
use super::verdict::{Mobility, Outcome, Tag, Verdict, Why};
use super::version::{Conflict, Pep440, Standing, Version};
use crate::event::Kind;

/// What the rules made.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub(super) tags: Vec<Tag>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) warnings: Vec<String>,
    /// The version that the first rule for versions read.
    pub(super) release: Option<Version>,
    /// The version that moving tags are compared by, whoever says it.
    pub(super) ours: Option<Version>,
    /// Whether pre-releases hold `latest` back: they do where they get it.
    pub(super) before_counts: bool,
    /// Rules of both worlds made tags of one text that means opposite things there.
    pub(super) conflict: Option<Conflict>,
}

/// The text of a tag, before anything is put around it.
struct Text {
    text: String,
    /// Whether `latest` follows where nobody says otherwise.
    latest: bool,
    mobility: Mobile,
}

/// What is known of a tag's mobility when its rule has run.
enum Mobile {
    Known(Mobility),
    /// No more than the text, which somebody wrote or a pattern found: what it is shows when all versions are known.
    Text,
}

/// The first rule that made a tag.
struct First {
    /// Whether `latest` follows it where nobody says otherwise.
    latest: bool,
    /// Whether it does so by version, and so for releases alone.
    by_version: bool,
    /// What it put around.
    affixes: (String, String),
    rule: String,
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
        texts: Vec::new(),
        read: Vec::new(),
        first: None,
    };
    for rule in rules {
        match evaluation.rule(rule) {
            Ok(outcome) => evaluation.made.verdicts.push(Verdict {
                rule: rule.place.text.clone(),
                outcome,
            }),
            Err(mistake) => {
                // One that could not be read: then all of that rule's are told.
                let others = rule.when_needed();
                let all = match others.contains(&mistake) {
                    true => others,
                    false => vec![*mistake],
                };
                let known = mistakes.clone();
                mistakes.extend(all.into_iter().filter(|it| !known.contains(it)));
            }
        }
    }
    if let Err(mistake) = evaluation.latest()
        && !mistakes.contains(&mistake)
    {
        mistakes.push(*mistake);
    }
    evaluation.settle();
    evaluation.made
}

struct Evaluation<'a> {
    rules: &'a [Rule],
    flavor: &'a Flavor,
    globals: &'a Globals<'a>,
    made: Made,
    /// Tags of whose mobility only the text can tell, by their place.
    texts: Vec<(usize, String)>,
    /// Which standard read which version.
    read: Vec<(&'static str, Version)>,
    first: Option<First>,
}

impl<'a> Evaluation<'a> {
    fn rule(&mut self, rule: &Rule) -> Result<Outcome, Box<Mistake>> {
        let enabled = fill(needed(&rule.enable)?, self.globals, rule)?;
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
                let text = fill(needed(pattern)?, &self.globals.clock, rule)?;
                follows(text, Mobile::Known(Mobility::Follows))
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
                let found = needed(pattern)?
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
                follows("edge".to_owned(), Mobile::Known(Mobility::Follows))
            }
            Maker::Ref(kind) => Ok(self.reference(*kind)),
            Maker::Raw { value } => {
                let value = needed(value)?;
                let text = fill(value, self.globals, rule)?;
                let mobility = match self.tells_commit(value, &text) {
                    true => Mobile::Known(Mobility::Immutable),
                    false => Mobile::Text,
                };
                follows(text, mobility)
            }
            Maker::Sha { .. } if event.sha.is_empty() => Ok(Err(Why::NoCommit)),
            Maker::Sha { long } => {
                let sha = match long {
                    true => &event.sha,
                    false => needed(self.globals.short_sha)?,
                };
                follows(sha.clone(), Mobile::Known(Mobility::Immutable))
            }
        }
    }

    /// Whether a text would be another one for another commit. One that only asks whether there is a commit would not.
    fn tells_commit(&self, template: &Template, text: &str) -> bool {
        if !template.names("sha") || template.is_flat() {
            return template.names("sha");
        }
        let other = Globals {
            short_sha: &Ok("another".to_owned()),
            ..self.globals.clone()
        };
        template.fill(&other).is_ok_and(|other| other != text)
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
            mobility: Mobile::Known(mobility),
        })
        .ok_or(why)
    }

    /// What rules for git tags read: the value in the tag's place if there is one. `None`: neither is there.
    fn source(
        &self,
        rule: &Rule,
        value: &Option<WhenNeeded<Template>>,
    ) -> Result<Option<String>, Box<Mistake>> {
        match value {
            Some(value) => fill(needed(value)?, self.globals, rule).map(Some),
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
                mobility: Mobile::Text,
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
        let whole = |pattern: &Template| pattern.names("version") || pattern.names("raw");
        let pattern = match &from.pattern {
            Ok(pattern) if release || whole(pattern) => pattern,
            Err(mistake) if release => return Err(mistake.clone()),
            // `1` and `1.2` are for releases alone: this one gets its whole version instead, as another rule spells it.
            Ok(_) | Err(_) => self.spelling(rule, from, standard).unwrap_or(&plain),
        };
        let text = fill(pattern, &parts, rule)?;
        let told = told(pattern, version, standard, &text);
        let mobility = Mobile::Known(match release {
            true => mobility(told),
            false if told == [true; 5] => Mobility::Immutable,
            false => Mobility::Follows,
        });
        self.read.push((standard.name, version.clone()));
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
        match needed(pattern)?.find(&text).map_err(|refused| slow(rule, written, &refused))? {
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

    /// The pattern of a rule that spells whole versions for the same names: it runs, reads the same version by the same
    /// standard, and has the same text around it.
    fn spelling(
        &self,
        rule: &Rule,
        from: &FromVersion,
        standard: Standard,
    ) -> Option<&'a Template> {
        let around = from.pattern.as_ref().ok()?.around();
        let same = |other: &Rule, its: &FromVersion| {
            let narrow = |from: &FromVersion| from.narrow.as_ref().map(|it| it.1.clone());
            its.value == from.value
                && narrow(its) == narrow(from)
                && other.prefix == rule.prefix
                && other.suffix == rule.suffix
        };
        let mut patterns = self.rules.iter().filter_map(|other| {
            let its = match &other.maker {
                Maker::Semver(its) if standard.name == SEMVER.name => its,
                Maker::Pep440(its) if standard.name == PEP440.name => its,
                _ => return None,
            };
            let pattern = its.pattern.as_ref().ok()?;
            let enabled = || other.enable.as_ref().ok()?.fill(self.globals).ok();
            let spells = pattern.names("version") && pattern.around() == around;
            (spells && same(other, its) && enabled().as_deref() == Some("true")).then_some(pattern)
        });
        patterns.next()
    }

    fn emit(&mut self, rule: &Rule, made: Text) -> Result<Outcome, Box<Mistake>> {
        let around = |own: &Option<WhenNeeded<Template>>, flavor: &Affix| match own {
            Some(template) => fill(needed(template)?, self.globals, rule),
            None => flavor.fill(self.globals),
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
        if self.first.is_none() {
            self.first = Some(First {
                latest: made.latest,
                by_version: matches!(rule.maker, Maker::Semver(_) | Maker::Pep440(_)),
                affixes: affixes.clone(),
                rule: rule.place.text.clone(),
            });
        }
        if let Some(at) = self.made.tags.iter().position(|tag| tag.name == name) {
            self.again(at, made.mobility, affixes);
            return Ok(Outcome::Again { tag: name });
        }
        let mobility = match made.mobility {
            Mobile::Known(mobility) => mobility,
            Mobile::Text => {
                self.texts.push((self.made.tags.len(), made.text));
                Mobility::Follows
            }
        };
        self.made.tags.push(Tag {
            name: name.clone(),
            rule: rule.place.text.clone(),
            mobility,
            affixes,
        });
        Ok(Outcome::Made { tag: name })
    }

    /// A rule that knows what its tag follows knows it better than one that has nothing but the text.
    fn again(&mut self, at: usize, mobility: Mobile, affixes: (String, String)) {
        let known = self.texts.iter().position(|(place, _)| *place == at);
        if let (Some(known), Mobile::Known(mobility), Some(tag)) =
            (known, mobility, self.made.tags.get_mut(at))
        {
            self.texts.remove(known);
            tag.mobility = mobility;
            tag.affixes = affixes;
        }
    }

    /// `latest`, behind all others.
    fn latest(&mut self) -> Result<(), Box<Mistake>> {
        let Some(first) = self.first.take() else {
            return Ok(());
        };
        let (wanted, by) = match self.flavor.latest {
            Latest::Auto => (first.latest, format!("latest, for `{}`", first.rule)),
            Latest::Always => (true, "latest=true".to_owned()),
            Latest::Never => (false, String::new()),
        };
        self.made.before_counts =
            wanted && (self.flavor.latest == Latest::Always || !first.by_version);
        if !wanted {
            return Ok(());
        }
        let around = |affix: &Affix| match affix.on_latest {
            true => affix.fill(self.globals),
            false => Ok(String::new()),
        };
        let text = format!(
            "{}latest{}",
            around(&self.flavor.prefix)?,
            around(&self.flavor.suffix)?
        );
        let Some(name) = grammar::tag(&text) else {
            return Ok(());
        };
        match self.made.tags.iter().position(|tag| tag.name == name) {
            // Whoever else made it: it goes where `latest` goes.
            Some(at) => self.again(at, Mobile::Known(Mobility::Release), first.affixes),
            None => self.made.tags.push(Tag {
                name,
                rule: by,
                mobility: Mobility::Release,
                affixes: first.affixes,
            }),
        }
        Ok(())
    }

    /// What shows when all rules have run: by which version tags move, what those are of which only the text is known, and
    /// whether two standards contradict each other.
    fn settle(&mut self) {
        let found = self.texts.iter().find_map(|(_, text)| {
            let whole = Mobility::of_text(text, None) == Mobility::Immutable;
            Version::parse(text).filter(|_| whole)
        });
        let pushed = || self.globals.event.ref_tag().and_then(Version::inside);
        let ours = self.made.release.clone().or(found).or_else(pushed);
        for (at, text) in std::mem::take(&mut self.texts) {
            if let Some(tag) = self.made.tags.get_mut(at) {
                tag.mobility = Mobility::of_text(&text, ours.as_ref());
            }
        }
        if ours.as_ref().map(Version::standing) == Some(Standing::Before) {
            self.made.before_counts = true;
        }
        self.made.ours = ours;
        let by = |name| move |read: &&(&str, Version)| read.0 == name;
        let by_semver = self.read.iter().filter(by(SEMVER.name));
        let both = by_semver.filter_map(|(_, version)| {
            let mut others = self.read.iter().filter(by(PEP440.name));
            others.find(|(_, other)| other.text() == version.text())?;
            version.conflict()
        });
        self.made.conflict = both.into_iter().next();
        let warning = self.made.conflict.as_ref().map(|conflict| {
            format!("{conflict}, and there are tags by both: keep to one of type=semver and type=pep440, or write the version so that both mean the same")
        });
        self.made.warnings.extend(warning);
    }
}

/// One of the two worlds of versions.
#[derive(Clone, Copy)]
struct Standard {
    name: &'static str,
    parts: for<'a> fn(&'a Version) -> Option<Parts<'a>>,
    standing: fn(&Version) -> Option<Standing>,
    /// Whether it tells versions apart by more than three numbers and the pre-release.
    further: fn(&Version) -> bool,
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

/// What of a version a text tells: major, minor, patch, the pre-release, and what else it has of its own (PEP 440 may have more
/// numbers, a local version, an epoch). Where the pattern only shows names, its names
/// tell; where it has conditions, it is filled in for other versions, and the text is told from theirs or is not.
fn told(pattern: &Template, version: &Version, standard: Standard, text: &str) -> [bool; 5] {
    let further = (standard.further)(version);
    if pattern.is_flat() {
        let whole = pattern.names("version") || pattern.names("raw");
        let names = |name| whole || pattern.names(name);
        let [major, minor, patch, pre] = ["major", "minor", "patch", "prerelease"].map(names);
        return [major, minor, patch, pre, whole || !further];
    }
    [0, 1, 2, 3, 4].map(|at| {
        if at == 4 && !further {
            return true;
        }
        let other = version.changed(at);
        let other = (standard.parts)(&other).map(|parts| pattern.fill(&parts));
        other.is_some_and(|other| other.is_ok_and(|other| other != text))
    })
}

/// Of a tag that a release makes, by what of its version it tells.
const fn mobility(told: [bool; 5]) -> Mobility {
    let [major, minor, patch, _, further] = told;
    match (major, minor, patch) {
        (true, true, true) if further => Mobility::Immutable,
        // 1.2.3.4 and 1.2.3.5 share it, and nothing compares within 1.2.3.
        (true, true, true) => Mobility::Follows,
        (true, true, false) => Mobility::Minor,
        (true, false, false) => Mobility::Major,
        (false, false, false) => Mobility::Release,
        // `{{patch}}`, say: many versions have it, and they are no line.
        (true, false, true) | (false, true, _) | (false, false, true) => Mobility::Follows,
    }
}

const SEMVER: Standard = Standard {
    name: "SemVer",
    parts: |version| Parts::semver(version),
    standing: Version::semver_standing,
    further: |_| false,
    warning: |text| format!("{text} is not a valid semver. More info: https://semver.org/"),
};

const PEP440: Standard = Standard {
    name: "PEP 440",
    parts: |version| Parts::pep440(version),
    standing: Version::pep440_standing,
    further: |version| version.as_python().is_some_and(Pep440::has_further),
    warning: |text| {
        format!(
            "{text} does not conform to PEP 440. More info: https://www.python.org/dev/peps/pep-0440"
        )
    },
};
