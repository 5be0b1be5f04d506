//! The flavor: what holds for all tags.

use super::list::{self, Place};
use super::lowered;
use super::mistake::{Mistake, WhenNeeded, code, needed};
use super::template::{Scope, Template};

/// What holds for all tags.
#[derive(Clone, Debug, Default)]
pub(super) struct Flavor {
    pub(super) latest: Latest,
    pub(super) prefix: Affix,
    pub(super) suffix: Affix,
    /// What is odd about how it was written, and no mistake.
    pub(super) odd: Vec<String>,
}

/// Whether the release gets `latest`, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Latest {
    /// The first rule that makes a tag decides.
    #[default]
    Auto,
    Always,
    Never,
}

/// What stands before or behind a tag.
#[derive(Clone, Debug, Default)]
pub(super) struct Affix {
    /// `None`: nothing.
    pub(super) text: Option<WhenNeeded<Template>>,
    /// Where it was written.
    place: Option<Place>,
    /// Whether `latest` gets it, too.
    pub(super) on_latest: bool,
}

/// Which affix an `onlatest` is about: the one named last in its line.
#[derive(Clone, Copy)]
enum Last {
    Neither,
    Prefix,
    Suffix,
}

pub(super) fn read(input: &str, mistakes: &mut Vec<Mistake>) -> Flavor {
    let mut flavor = Flavor::default();
    match list::entries(input) {
        Ok(entries) => {
            for entry in entries {
                let mut last = Last::Neither;
                for field in &entry.fields {
                    if let Err(mistake) = flavor.set(field, &entry.place, &mut last) {
                        mistakes.push(mistake.at(&entry.place));
                    }
                }
            }
        }
        Err(unclosed) => {
            mistakes.push(Mistake::new(code::QUOTE, INPUT, "Quote Not Closed").at(&unclosed.0))
        }
    }
    flavor
}

impl Flavor {
    /// What is wrong with it that matters only where it is filled in.
    pub(super) fn when_needed(&self) -> impl Iterator<Item = Mistake> {
        let affixes = [&self.prefix, &self.suffix];
        affixes.into_iter().filter_map(|affix| {
            let wrong = affix.text.as_ref()?.as_ref().err()?;
            Some((**wrong).clone())
        })
    }

    fn set(&mut self, field: &str, place: &Place, last: &mut Last) -> Result<(), Mistake> {
        let line = &place.text;
        let wrong = |code, message: String| Mistake::new(code, INPUT, message);
        let Some((key, value)) = field.split_once('=') else {
            return Err(wrong(code::CHOICE, format!("Invalid flavor entry: {line}")));
        };
        let value = value.trim();
        self.odd.extend(place.stray_quote(key.trim(), value));
        let text = || {
            let template = Template::parse(value);
            template.map_err(|what| {
                Box::new(wrong(code::TEMPLATE, format!("`{value}` {what}")).at(place))
            })
        };
        match lowered(key.trim()).as_str() {
            "latest" => {
                self.latest = match value {
                    "auto" => Latest::Auto,
                    "true" => Latest::Always,
                    "false" => Latest::Never,
                    _ => {
                        return Err(wrong(
                            code::CHOICE,
                            format!("Invalid latest flavor entry: {line}"),
                        ));
                    }
                };
            }
            "prefix" => {
                self.prefix.text = Some(text());
                self.prefix.place = Some(place.clone());
                *last = Last::Prefix;
            }
            "suffix" => {
                self.suffix.text = Some(text());
                self.suffix.place = Some(place.clone());
                *last = Last::Suffix;
            }
            "onlatest" => {
                let on_latest = match value {
                    "true" => true,
                    "false" => false,
                    _ => {
                        let message = format!("Invalid value for onlatest attribute: {value}");
                        return Err(wrong(code::BOOLEAN, message));
                    }
                };
                match last {
                    Last::Neither => {}
                    Last::Prefix => self.prefix.on_latest = on_latest,
                    Last::Suffix => self.suffix.on_latest = on_latest,
                }
            }
            _ => return Err(wrong(code::CHOICE, format!("Unknown flavor entry: {line}"))),
        }
        Ok(())
    }
}

impl Affix {
    /// A mistake in it is the flavor's, whichever rule it is filled in for.
    pub(super) fn fill(&self, scope: &dyn Scope) -> Result<String, Box<Mistake>> {
        let Some(text) = &self.text else {
            return Ok(String::new());
        };
        needed(text)?.fill(scope).map_err(|wrong| {
            let mistake = Mistake::new(code::TEMPLATE, INPUT, wrong);
            Box::new(match &self.place {
                Some(place) => mistake.at(place),
                None => mistake,
            })
        })
    }
}

const INPUT: &str = "flavor";

#[cfg(test)]
mod tests {
    use super::*;

    fn flavor(input: &str) -> Result<Flavor, Vec<String>> {
        let mut mistakes = Vec::new();
        let flavor = read(input, &mut mistakes);
        match mistakes.is_empty() {
            true => Ok(flavor),
            false => Err(mistakes
                .into_iter()
                .map(|mistake| mistake.message)
                .collect()),
        }
    }

    #[test]
    fn an_affix_that_cannot_be_read_is_a_mistake_where_it_is_needed() {
        let flavor = flavor("prefix={{").expect("nothing needs it yet");
        let wrong: Vec<String> = flavor.when_needed().map(|it| it.message).collect();
        assert_eq!(wrong, ["`{{` has an expression that is not closed"]);
    }

    #[test]
    fn says_an_affix_of_latest_by_the_one_named_last() {
        let rows = [
            ("", (false, false)),
            ("prefix=a,onlatest=true", (true, false)),
            ("suffix=a,onlatest=true", (false, true)),
            (
                "prefix=a,onlatest=true,suffix=b,onlatest=true",
                (true, true),
            ),
            ("prefix=a,suffix=b,onlatest=true", (false, true)),
            ("prefix=a\nonlatest=true", (false, false)),
            ("onlatest=true,prefix=a", (false, false)),
            ("prefix=a,onlatest=true\nprefix=b", (true, false)),
        ];
        for (input, expected) in rows {
            let flavor = flavor(input).expect("it is a flavor");
            assert_eq!(
                (flavor.prefix.on_latest, flavor.suffix.on_latest),
                expected,
                "{input}"
            );
        }
    }

    #[test]
    fn keeps_every_sign_of_a_value() {
        let flavor = flavor("latest=true\n SUFFIX = a=b ").expect("it is a flavor");
        assert_eq!(flavor.latest, Latest::Always);
        let expected = Template::parse("a=b").expect("it has no expression");
        assert_eq!(flavor.suffix.text, Some(Ok(expected)));
    }

    #[test]
    fn says_each_mistake_in_the_words_that_users_know() {
        let rows = [
            ("latest", "Invalid flavor entry: latest"),
            ("foo=bar", "Unknown flavor entry: foo=bar"),
            ("latest=yes", "Invalid latest flavor entry: latest=yes"),
            (
                "prefix=a,onlatest=1",
                "Invalid value for onlatest attribute: 1",
            ),
            ("\"", "Quote Not Closed"),
        ];
        for (input, expected) in rows {
            assert_eq!(
                flavor(input).err(),
                Some(vec![expected.to_owned()]),
                "{input}"
            );
        }
    }
}
