//! What was asked for: the action's inputs, or the words of a command line, with all mistakes at once.

use std::collections::BTreeMap;

use crate::inputs::metadata::INPUTS;
use crate::protocol::{Begin, Platform};
use crate::tag::Inputs;

/// The word that names this program on a command line.
pub(crate) const COMMAND: &str = "metadata";

/// A request that can be derived from; its inputs may still have mistakes, which the derivation finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) inputs: Inputs,
    /// Whether standard output gets all of it as JSON.
    pub(super) json: bool,
}

/// What a request comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Request(Box<Request>),
    Help(String),
    Mistakes(Vec<String>),
}

pub(super) fn parse(begin: &Begin) -> Parsed {
    match begin.platform {
        Platform::CommandLine => flags(begin.argv.get(1..).unwrap_or_default()),
        Platform::Actions | Platform::ActionsPost => Parsed::Request(Box::new(Request {
            inputs: inputs(&begin.inputs),
            json: false,
        })),
    }
}

fn inputs(given: &BTreeMap<String, String>) -> Inputs {
    let get = |name: &str| given.get(name).cloned().unwrap_or_default();
    Inputs {
        context: get("context"),
        images: get("images"),
        tags: get("tags"),
        flavor: get("flavor"),
        labels: get("labels"),
        annotations: get("annotations"),
        sep_tags: get("sep-tags"),
        sep_labels: get("sep-labels"),
        sep_annotations: get("sep-annotations"),
        bake_target: get("bake-target"),
    }
}

/// A flag that comes again adds a line. (Not a part of its caller: in the module, functions are compiled when they are first
/// called, and an action has no command line.)
#[inline(never)]
fn flags(words: &[String]) -> Parsed {
    let (mut given, mut json) = (BTreeMap::<String, String>::new(), false);
    let mut mistakes = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else {
            if matches!(word.as_str(), "help" | "-h") {
                return Parsed::Help(help());
            }
            mistakes.push(format!(
                "`{word}` is one word too many: after `{COMMAND}` come flags"
            ));
            continue;
        };
        let (name, value) = flag
            .split_once('=')
            .map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
        match name {
            "help" => return Parsed::Help(help()),
            "json" if value.is_none() => json = true,
            "json" => mistakes.push("`--json` takes no value".to_owned()),
            _ if !names().any(|known| known == name) => mistakes.push(format!(
                "there is no flag `--{name}`; there are {}",
                known_flags()
            )),
            _ => match value.or_else(|| words.next_if(|next| !next.starts_with("--")).cloned()) {
                Some(value) => add(&mut given, name, &value),
                None => mistakes.push(format!(
                    "`--{name}` needs a value; one that begins with `--` is written `--{name}=--…`"
                )),
            },
        }
    }
    if !mistakes.is_empty() {
        return Parsed::Mistakes(mistakes);
    }
    Parsed::Request(Box::new(Request {
        inputs: inputs(&given),
        json,
    }))
}

fn add(given: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let so_far = given.entry(name.to_owned()).or_default();
    if !so_far.is_empty() {
        so_far.push('\n');
    }
    so_far.push_str(value);
}

/// All inputs but the one that nobody reads.
fn names() -> impl Iterator<Item = &'static str> {
    let names = INPUTS.iter().map(|input| input.name);
    names.filter(|name| *name != "github-token")
}

fn known_flags() -> String {
    let flags = names().map(|name| format!("--{name}"));
    let flags: Vec<String> = flags.chain(["--json".to_owned()]).collect();
    flags.join(", ")
}

fn help() -> String {
    let mut text = format!(
        "usage: cd-action {COMMAND} [--FLAG VALUE …]\n\n\
         derives tags, labels and annotations from the event that a CI system tells, or from what git has checked out\n\n\
         flags (one that comes again adds a line)\n"
    );
    for input in INPUTS
        .iter()
        .filter(|input| names().any(|name| name == input.name))
    {
        text.push_str(&format!("  --{:<16} {}\n", input.name, input.help));
    }
    text.push_str("  --json             all of it as JSON on standard output\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Parsed {
        let argv = [COMMAND].iter().chain(words);
        parse(&Begin {
            argv: argv.map(|word| (*word).to_owned()).collect(),
            ..Begin::default()
        })
    }

    #[test]
    fn flags_are_inputs_and_one_that_comes_again_adds_a_line() {
        let words = [
            "--tags",
            "type=sha",
            "--tags=type=edge",
            "--sep-tags",
            " ",
            "--json",
        ];
        let expected = Request {
            inputs: Inputs {
                tags: "type=sha\ntype=edge".to_owned(),
                sep_tags: " ".to_owned(),
                ..Inputs::default()
            },
            json: true,
        };
        assert_eq!(parsed(&words), Parsed::Request(Box::new(expected)));
    }

    #[test]
    fn all_mistakes_of_a_command_line_come_at_once() {
        let words = ["tags", "--tag", "--github-token=x", "--images"];
        assert!(matches!(parsed(&words), Parsed::Mistakes(mistakes) if mistakes.len() == 4));
    }

    #[test]
    fn a_flag_is_no_value_of_another_and_json_takes_none() {
        let rows = [
            (vec!["--tags", "--json"], "`--tags` needs a value"),
            (vec!["--tags"], "`--tags` needs a value"),
            (vec!["--json=no"], "`--json` takes no value"),
        ];
        for (words, expected) in rows {
            let Parsed::Mistakes(mistakes) = parsed(&words) else {
                panic!("{words:?} is a mistake")
            };
            assert_eq!(mistakes.len(), 1, "{words:?}");
            assert!(mistakes[0].starts_with(expected), "{mistakes:?}");
        }
        let Parsed::Request(request) = parsed(&["--tags=--x"]) else {
            panic!("a value behind `=` is any")
        };
        assert_eq!(request.inputs.tags, "--x");
    }

    #[test]
    fn help_names_every_flag() {
        let Parsed::Help(text) = parsed(&["--help"]) else {
            panic!("it was asked for help")
        };
        for name in names() {
            assert!(text.contains(&format!("\n  --{name} ")), "{name}");
        }
    }

    #[test]
    fn every_input_of_the_action_is_read() {
        let values = INPUTS
            .iter()
            .map(|input| (input.name.to_owned(), format!(" {} ", input.name)));
        let read = inputs(&values.collect());
        let json = serde_json::to_value(read).expect("texts are JSON");
        for name in names() {
            assert_eq!(json[name], format!(" {name} "), "{name}");
        }
    }
}
