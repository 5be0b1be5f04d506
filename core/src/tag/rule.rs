//! Rules for tags, as users write them: `type=semver,pattern={{version}}`.
//!
//! To add a type: a variant of [`Maker`], its line in [`Maker::read`] and its default priority; then follow the compiler.

use super::list::{self, Entry, Place};
use super::lowered;
use super::mistake::{Mistake, WhenNeeded, code};
use super::number::number;
use super::pattern::Pattern;
use super::template::Template;
use crate::config::did_you_mean;

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// As it was written, and where.
    pub(super) place: Place,
    pub(super) enable: WhenNeeded<Template>,
    /// May be no number, and then orders nothing.
    pub(super) priority: f64,
    /// `None`: the flavor's.
    pub(super) prefix: Option<WhenNeeded<Template>>,
    /// `None`: the flavor's.
    pub(super) suffix: Option<WhenNeeded<Template>>,
    pub(super) maker: Maker,
    /// What is odd about how it was written, and no mistake.
    pub(super) odd: Vec<String>,
}

/// What a rule makes a tag of.
#[derive(Clone, Debug)]
pub(super) enum Maker {
    Schedule {
        pattern: WhenNeeded<Template>,
    },
    Semver(FromVersion),
    Pep440(FromVersion),
    Match {
        pattern: WhenNeeded<Pattern>,
        written: String,
        group: String,
        value: Option<WhenNeeded<Template>>,
    },
    /// `None`: the repository's main branch.
    Edge {
        branch: Option<String>,
    },
    Ref(RefKind),
    Raw {
        value: WhenNeeded<Template>,
    },
    Sha {
        long: bool,
    },
}

/// A tag from a version in the git tag's name.
#[derive(Clone, Debug)]
pub(super) struct FromVersion {
    pub(super) pattern: WhenNeeded<Template>,
    /// In place of the git tag; `None`: the git tag.
    pub(super) value: Option<WhenNeeded<Template>>,
    /// Takes the version out of a longer text; with the text as it was written.
    pub(super) narrow: Option<(WhenNeeded<Pattern>, String)>,
}

/// Which refs a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefKind {
    Branch,
    Tag,
    PullRequest,
}

/// Reads all rules, the defaults where there is none. Ordered by priority, else as written.
pub(super) fn read(input: &str, mistakes: &mut Vec<Mistake>) -> Vec<Rule> {
    let entries = match list::entries(input) {
        Ok(entries) => entries,
        Err(unclosed) => {
            mistakes.push(Mistake::new(code::QUOTE, INPUT, "Quote Not Closed").at(&unclosed.0));
            return Vec::new();
        }
    };
    let mut rules = Vec::new();
    for entry in &entries {
        match Rule::read(entry) {
            Ok(rule) => rules.push(rule),
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    if entries.is_empty() {
        rules = defaults();
    }
    order(&mut rules);
    rules
}

fn defaults() -> Vec<Rule> {
    let texts = [
        "type=schedule",
        "type=ref,event=branch",
        "type=ref,event=tag",
        "type=ref,event=pr",
    ];
    let entries = texts.map(|text| Entry {
        place: Place {
            text: text.to_owned(),
            line: 1,
        },
        fields: text.split(',').map(str::to_owned).collect(),
    });
    entries
        .iter()
        .filter_map(|entry| Rule::read(entry).ok())
        .collect()
}

/// Highest priority first; equal ones keep their order. A priority that is no number is equal to all, which makes no order,
/// so the steps are those by which JavaScript sorts.
fn order(rules: &mut [Rule]) {
    let before = |one: &Rule, two: &Rule| one.priority > two.priority;
    let falls = rules
        .windows(2)
        .take_while(|pair| before(&pair[1], &pair[0]))
        .count();
    let mut sorted = falls + 1;
    if falls > 0 {
        rules[..sorted].reverse();
    } else {
        sorted = 1 + rules
            .windows(2)
            .take_while(|pair| !before(&pair[1], &pair[0]))
            .count();
    }
    while sorted < rules.len() {
        let (mut low, mut high) = (0, sorted);
        while low < high {
            let middle = (low + high) / 2;
            if before(&rules[sorted], &rules[middle]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        rules[low..=sorted].rotate_right(1);
        sorted += 1;
    }
}

impl Rule {
    fn read(entry: &Entry) -> Result<Self, Box<Mistake>> {
        let attributes = Attributes::read(entry);
        let kind = attributes.get("type").unwrap_or("raw");
        if let Some(unknown) = attributes.types().find(|kind| !TYPES.contains(kind)) {
            let message = format!("Unknown tag type attribute: {unknown}");
            return Err(Box::new(
                Mistake::new(code::CHOICE, INPUT, message).at(&entry.place),
            ));
        }
        let (maker, priority) = Maker::read(kind, &attributes)?;
        let prefix = attributes.get("prefix").or(match (kind, &maker) {
            (_, Maker::Ref(RefKind::PullRequest)) => Some("pr-"),
            (_, Maker::Sha { .. }) => Some("sha-"),
            _ => None,
        });
        Ok(Self {
            place: entry.place.clone(),
            enable: attributes.template(attributes.get("enable").unwrap_or("true")),
            priority: attributes.get("priority").map_or(priority, number),
            prefix: prefix.map(|prefix| attributes.template(prefix)),
            suffix: attributes
                .get("suffix")
                .map(|suffix| attributes.template(suffix)),
            maker,
            odd: attributes.odd(),
        })
    }

    /// What is wrong with it that matters only where it runs: expressions and regular expressions.
    pub(super) fn when_needed(&self) -> Vec<Mistake> {
        let mut templates = vec![
            Some(&self.enable),
            self.prefix.as_ref(),
            self.suffix.as_ref(),
        ];
        let mut pattern = None;
        match &self.maker {
            Maker::Schedule { pattern: text } | Maker::Raw { value: text } => {
                templates.push(Some(text));
            }
            Maker::Semver(from) | Maker::Pep440(from) => {
                templates.extend([Some(&from.pattern), from.value.as_ref()]);
                pattern = from.narrow.as_ref().map(|(pattern, _)| pattern);
            }
            Maker::Match {
                pattern: own,
                value,
                ..
            } => {
                templates.push(value.as_ref());
                pattern = Some(own);
            }
            Maker::Edge { .. } | Maker::Ref(_) | Maker::Sha { .. } => {}
        }
        let templates = templates.into_iter().flatten();
        let wrong = templates.filter_map(|part| part.as_ref().err());
        let wrong = wrong.chain(pattern.and_then(|part| part.as_ref().err()));
        wrong.map(|mistake| (**mistake).clone()).collect()
    }
}

impl Maker {
    /// With its default priority.
    fn read(kind: &str, attributes: &Attributes<'_>) -> Result<(Self, f64), Box<Mistake>> {
        Ok(match kind {
            "schedule" => {
                let pattern = attributes.get("pattern").unwrap_or("nightly");
                (
                    Self::Schedule {
                        pattern: attributes.template(pattern),
                    },
                    1000.0,
                )
            }
            "semver" => (Self::Semver(FromVersion::read(attributes)?), 900.0),
            "pep440" => (Self::Pep440(FromVersion::read(attributes)?), 900.0),
            "match" => {
                let written = attributes.needed("pattern")?.to_owned();
                let group = attributes.get("group").unwrap_or("0").to_owned();
                if number(&group).is_nan() {
                    return Err(attributes.wrong(code::NUMBER, "Invalid match group for"));
                }
                let pattern = Pattern::literal(&written)
                    .map_err(|refused| attributes.refused(&written, &refused));
                let value = attributes.value();
                (
                    Self::Match {
                        pattern,
                        written,
                        group,
                        value,
                    },
                    800.0,
                )
            }
            "edge" => {
                let branch = attributes.get("branch").filter(|branch| !branch.is_empty());
                (
                    Self::Edge {
                        branch: branch.map(str::to_owned),
                    },
                    700.0,
                )
            }
            "ref" => (Self::Ref(attributes.ref_kind()?), 600.0),
            "raw" => {
                let value = attributes.template(attributes.needed("value")?);
                (Self::Raw { value }, 200.0)
            }
            "sha" => match attributes.get("format").unwrap_or("short") {
                "short" => (Self::Sha { long: false }, 100.0),
                "long" => (Self::Sha { long: true }, 100.0),
                _ => return Err(attributes.wrong(code::CHOICE, "Invalid format for")),
            },
            unknown => unreachable!("{unknown} is none of TYPES"),
        })
    }
}

impl FromVersion {
    fn read(attributes: &Attributes<'_>) -> Result<Self, Box<Mistake>> {
        let narrow = match attributes.get("match") {
            None | Some("") => None,
            Some(written) => {
                let pattern =
                    Pattern::new(written).map_err(|refused| attributes.refused(written, &refused));
                Some((pattern, written.to_owned()))
            }
        };
        Ok(Self {
            pattern: attributes.template(attributes.needed("pattern")?),
            value: attributes.value(),
            narrow,
        })
    }
}

/// The fields of an entry, as keys and values; the last one of a key counts.
struct Attributes<'a> {
    entry: &'a Entry,
    pairs: Vec<(String, &'a str)>,
}

impl<'a> Attributes<'a> {
    fn read(entry: &'a Entry) -> Self {
        let pairs = entry
            .fields
            .iter()
            .map(|field| match field.split_once('=') {
                Some((key, value)) if !key.is_empty() => (lowered(key.trim()), value.trim()),
                _ => ("value".to_owned(), field.trim()),
            });
        Self {
            entry,
            pairs: pairs.collect(),
        }
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let mut pairs = self.pairs.iter().rev();
        pairs
            .find(|(known, _)| known == key)
            .map(|(_, value)| *value)
    }

    /// May be empty: an expression of the workflow may have left it so, and then the rule makes nothing.
    fn needed(&self, key: &str) -> Result<&'a str, Box<Mistake>> {
        self.get(key)
            .ok_or_else(|| self.wrong(code::MISSING, &format!("Missing {key} attribute for")))
    }

    fn value(&self) -> Option<WhenNeeded<Template>> {
        let value = self.get("value").filter(|value| !value.is_empty());
        value.map(|value| self.template(value))
    }

    /// All types that were named: each must be one, though the last one counts.
    fn types(&self) -> impl Iterator<Item = &'a str> {
        let named = self.pairs.iter().filter(|(key, _)| key == "type");
        named.map(|(_, value)| *value)
    }

    fn odd(&self) -> Vec<String> {
        let place = &self.entry.place;
        let pairs = self.pairs.iter();
        let quotes = pairs.filter_map(|(key, value)| place.stray_quote(key, value));
        let unknown = self.pairs.iter().filter_map(|(key, _)| {
            let known = KEYS.contains(&key.as_str());
            (!known).then(|| unknown(&place.text, key))
        });
        quotes.chain(unknown).collect()
    }

    fn ref_kind(&self) -> Result<RefKind, Box<Mistake>> {
        match self.get("event") {
            Some("branch") => Ok(RefKind::Branch),
            Some("tag") => Ok(RefKind::Tag),
            Some("pr") => Ok(RefKind::PullRequest),
            None => Err(self.wrong(code::MISSING, "Missing event attribute for")),
            Some(_) => Err(self.wrong(code::CHOICE, "Invalid event for")),
        }
    }

    fn template(&self, text: &str) -> WhenNeeded<Template> {
        Template::parse(text).map_err(|wrong| {
            let message = format!("`{text}` {wrong}");
            Box::new(Mistake::new(code::TEMPLATE, INPUT, message).at(&self.entry.place))
        })
    }

    fn wrong(&self, code: &'static str, what: &str) -> Box<Mistake> {
        let message = format!("{what} {}", self.entry.place.text);
        Box::new(Mistake::new(code, INPUT, message).at(&self.entry.place))
    }

    fn refused(&self, pattern: &str, refused: &super::pattern::Refused) -> Box<Mistake> {
        let message = format!("`{pattern}` is {refused}");
        Box::new(Mistake::new(code::PATTERN, INPUT, message).at(&self.entry.place))
    }
}

/// The older action takes it without a word, and so does this one take it.
#[cold]
fn unknown(entry: &str, key: &str) -> String {
    let near = did_you_mean(key, KEYS);
    let near = near.map(|near| format!("; {near}"));
    format!(
        "`{entry}` has the attribute `{key}`, which no rule knows and which does nothing{}",
        near.unwrap_or_default()
    )
}

pub(super) const INPUT: &str = "tags";
const TYPES: [&str; 8] = [
    "schedule", "semver", "pep440", "match", "edge", "ref", "raw", "sha",
];
/// The attributes of all types.
const KEYS: [&str; 12] = [
    "type", "pattern", "value", "match", "group", "event", "branch", "format", "enable",
    "priority", "prefix", "suffix",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(input: &str) -> Vec<Rule> {
        let mut mistakes = Vec::new();
        let rules = read(input, &mut mistakes);
        assert_eq!(mistakes, []);
        rules
    }

    fn texts(input: &str) -> Vec<String> {
        rules(input)
            .into_iter()
            .map(|rule| rule.place.text)
            .collect()
    }

    fn messages(input: &str) -> Vec<String> {
        let mut mistakes = Vec::new();
        let rules = read(input, &mut mistakes);
        mistakes.extend(rules.iter().flat_map(Rule::when_needed));
        mistakes
            .into_iter()
            .map(|mistake| mistake.message)
            .collect()
    }

    #[test]
    fn has_four_rules_where_none_is_written() {
        let expected = [
            "type=schedule",
            "type=ref,event=branch",
            "type=ref,event=tag",
            "type=ref,event=pr",
        ];
        assert_eq!(texts(" \n# nothing\n"), expected);
    }

    #[test]
    fn orders_by_priority_and_else_as_written() {
        let all = "type=sha\nr\ntype=ref,event=tag\ntype=edge\ntype=match,pattern=x\ntype=pep440,pattern=p\ntype=semver,pattern=s\ntype=schedule";
        let expected = [
            "type=schedule",
            "type=pep440,pattern=p",
            "type=semver,pattern=s",
            "type=match,pattern=x",
            "type=edge",
            "type=ref,event=tag",
            "r",
            "type=sha",
        ];
        assert_eq!(texts(all), expected);
        assert_eq!(
            texts("a\nb,priority=1e3\nc,priority=-1\nd"),
            ["b,priority=1e3", "a", "d", "c,priority=-1"]
        );
        assert_eq!(
            texts("a,priority=1\nb,priority=x\nc,priority=2"),
            ["a,priority=1", "b,priority=x", "c,priority=2"]
        );
        assert_eq!(
            texts("a,priority=1\nb,priority=2\nc,priority=3"),
            ["c,priority=3", "b,priority=2", "a,priority=1"]
        );
        assert_eq!(texts("a,priority=\nb"), ["b", "a,priority="]);
    }

    #[test]
    fn takes_the_last_of_equal_keys_and_ignores_unknown_ones() {
        let rules = rules("TYPE=raw,value=a, Value = b ,other=x,=c");
        let [rule] = rules.as_slice() else {
            panic!("there is one rule");
        };
        let Maker::Raw { value } = &rule.maker else {
            panic!("it is raw");
        };
        let expected = Template::parse("=c").expect("it has no expression");
        assert_eq!(*value, Ok(expected));
    }

    #[test]
    fn an_attribute_that_no_rule_knows_is_told() {
        let odd = |input: &str| rules(input).into_iter().flat_map(|rule| rule.odd).collect();
        let rows = [
            ("x,enabled=false", "enabled", "; did you mean `enable`?"),
            ("x,priorty=5", "priorty", "; did you mean `priority`?"),
            ("type=raw,value=a,y=z", "y", ""),
            ("x,Sufix=-a", "sufix", "; did you mean `suffix`?"),
        ];
        for (input, key, near) in rows {
            let odd: Vec<String> = odd(input);
            let expected = format!(
                "`{input}` has the attribute `{key}`, which no rule knows and which does nothing{near}"
            );
            assert_eq!(odd, [expected]);
        }
        for input in ["x,Enable=true", "=c", "type=sha,format=long,group=1"] {
            let odd: Vec<String> = odd(input);
            assert_eq!(odd, Vec::<String>::new(), "{input}");
        }
    }

    #[test]
    fn says_each_mistake_in_the_words_that_users_know() {
        let rows = [
            ("type=foo", "Unknown tag type attribute: foo"),
            ("type=", "Unknown tag type attribute: "),
            ("type=foo,type=sha", "Unknown tag type attribute: foo"),
            ("type=semver", "Missing pattern attribute for type=semver"),
            (
                "type=pep440,value=1",
                "Missing pattern attribute for type=pep440,value=1",
            ),
            ("type=match", "Missing pattern attribute for type=match"),
            (
                "type=match,pattern=a,group=x",
                "Invalid match group for type=match,pattern=a,group=x",
            ),
            ("type=ref", "Missing event attribute for type=ref"),
            ("type=ref,event=x", "Invalid event for type=ref,event=x"),
            ("type=raw", "Missing value attribute for type=raw"),
            ("type=sha,format=x", "Invalid format for type=sha,format=x"),
            (
                "type=match,pattern=(",
                "`(` is no regular expression: a group that nothing closes",
            ),
            ("x,prefix={{", "`{{` has an expression that is not closed"),
            ("\"x", "Quote Not Closed"),
        ];
        for (input, expected) in rows {
            assert_eq!(messages(input), [expected], "{input}");
        }
        assert_eq!(messages("type=a\nok\ntype=b").len(), 2);
    }
}
