//! What was asked for: the command line or the action's inputs, parsed, with all mistakes at once.

use std::collections::BTreeMap;

use crate::event::date;
use crate::inputs::INPUTS;
use crate::protocol::{Begin, Platform};
use crate::replay;
use crate::stop::Until;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Plan,
    Release,
    Deploy,
    Promote,
    Abort,
    Rollback,
    Stop,
    Resume,
    Status,
    Recover,
}

impl Command {
    const ALL: [Self; 10] = [
        Self::Plan,
        Self::Release,
        Self::Deploy,
        Self::Promote,
        Self::Abort,
        Self::Rollback,
        Self::Stop,
        Self::Resume,
        Self::Status,
        Self::Recover,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Release => "release",
            Self::Deploy => "deploy",
            Self::Promote => "promote",
            Self::Abort => "abort",
            Self::Rollback => "rollback",
            Self::Stop => "stop",
            Self::Resume => "resume",
            Self::Status => "status",
            Self::Recover => "recover",
        }
    }
}

/// Milliseconds of the longest stop: a year. What is to be stopped for longer is not deployed at all.
const LONGEST_STOP: u64 = 31_622_400_000;

/// A request without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) environment: Option<String>,
    pub(super) config: Option<String>,
    pub(super) image: Option<String>,
    pub(super) version: Option<String>,
    /// Milliseconds to wait for a lease.
    pub(super) wait: u64,
    /// Milliseconds to wait for gates.
    pub(super) patience: u64,
    pub(super) fail_on_held: bool,
    pub(super) overrides: Vec<String>,
    pub(super) reason: Option<String>,
    /// When a stop ends by itself.
    pub(super) until: Option<Until>,
    pub(super) json: bool,
    /// A release that only says what it would do.
    pub(super) dry: bool,
    /// A status that reads the whole ledger.
    pub(super) verify: bool,
}

/// What a request comes to.
pub(super) enum Parsed {
    Request(Box<Request>),
    Help(String),
    Mistakes(Vec<String>),
}

/// Reads the request.
pub(super) fn parse(begin: &Begin) -> Parsed {
    let mut mistakes = Vec::new();
    let (mut inputs, json) = match begin.platform {
        Platform::CommandLine => match flags(&begin.argv, &mut mistakes) {
            Some(flags) => flags,
            None => return Parsed::Help(help()),
        },
        Platform::Actions | Platform::ActionsPost => (begin.inputs.clone(), false),
    };
    inputs.retain(|_, value| !value.is_empty());
    let post = begin.platform == Platform::ActionsPost;
    let request = read(&inputs, json, post, &mut mistakes);
    if mistakes.is_empty() {
        Parsed::Request(Box::new(request))
    } else {
        Parsed::Mistakes(mistakes)
    }
}

fn read(
    inputs: &BTreeMap<String, String>,
    json: bool,
    post: bool,
    mistakes: &mut Vec<String>,
) -> Request {
    let get = |name: &str| inputs.get(name).cloned();
    let command = if post {
        Command::Recover
    } else {
        command(get("command").as_deref(), mistakes)
    };
    let dry_run = truth(inputs, "dry-run", mistakes);
    // Whoever holds the lease has settled what the main step left, or will: that is no reason to wait.
    let wait = if post {
        Some("0".to_owned())
    } else {
        get("wait")
    };
    let given = wait.is_some();
    let wait = wait.unwrap_or_else(|| "10m".to_owned());
    let wait = duration(&wait).unwrap_or_else(|| {
        mistakes.push(format!(
            "`wait` is a duration such as 30s or 10m, not `{wait}`"
        ));
        0
    });
    let fail_on_held = fails_on_held(inputs, mistakes);
    let overrides = overrides(inputs, mistakes);
    let command = if dry_run && matches!(command, Command::Deploy) {
        Command::Plan
    } else {
        command
    };
    // The post step has the inputs of its main step.
    let until = if post {
        None
    } else {
        until(inputs, command, mistakes)
    };
    if command == Command::Stop && !inputs.contains_key("reason") {
        mistakes.push(
            "`stop` needs a `reason`: it is what everybody reads whose deploy is held".to_owned(),
        );
    }
    if dry_run && !may_run_dry(command) {
        mistakes.push(
            "`dry-run` works for release and deploy; for rollback, `status` lists where it can go"
                .to_owned(),
        );
    }
    let verify = truth(inputs, "verify", mistakes);
    if !post {
        mistakes.extend(out_of_place(command, inputs));
        mistakes.extend(
            (verify && command != Command::Status)
                .then(|| format!("`verify` is for status, not for `{}`", command.word())),
        );
    }
    Request {
        command,
        environment: get("environment"),
        config: get("config"),
        image: get("image"),
        version: get("version"),
        wait,
        // Whoever is not told to wait for a gate comes back later.
        patience: if given { wait } else { 0 },
        fail_on_held,
        overrides,
        reason: get("reason"),
        until,
        json,
        dry: dry_run && command == Command::Release,
        verify,
    }
}

/// What `dry-run` has a meaning for; whatever only looks runs dry anyway.
const fn may_run_dry(command: Command) -> bool {
    match command {
        Command::Plan | Command::Release | Command::Deploy | Command::Status => true,
        Command::Promote
        | Command::Abort
        | Command::Rollback
        | Command::Recover
        | Command::Stop
        | Command::Resume => false,
    }
}

fn fails_on_held(inputs: &BTreeMap<String, String>, mistakes: &mut Vec<String>) -> bool {
    match inputs.get("on-held").map(String::as_str) {
        None | Some("pass") => false,
        Some("fail") => true,
        Some(other) => {
            mistakes.push(format!("`on-held` is pass or fail, not `{other}`"));
            false
        }
    }
}

/// What would be passed over in silence: a command that is told what it has no use for was meant to do something else.
fn out_of_place(command: Command, inputs: &BTreeMap<String, String>) -> Vec<String> {
    let word = command.word();
    let image = match command {
        Command::Deploy | Command::Plan => None,
        Command::Rollback => Some(
            "goes to what was proven here: name it by `version`; `image` is for deploy".to_owned(),
        ),
        Command::Release => Some("builds its image; `image` is for deploy".to_owned()),
        Command::Promote
        | Command::Abort
        | Command::Stop
        | Command::Resume
        | Command::Status
        | Command::Recover => Some("takes no `image`".to_owned()),
    };
    let version = match command {
        Command::Release
        | Command::Deploy
        | Command::Promote
        | Command::Plan
        | Command::Rollback => None,
        Command::Abort | Command::Stop | Command::Resume | Command::Status | Command::Recover => {
            Some("takes no `version`".to_owned())
        }
    };
    let given = [("image", image), ("version", version)];
    let given = given
        .into_iter()
        .filter(|(name, _)| inputs.contains_key(*name));
    given
        .filter_map(|(_, why)| Some(format!("`{word}` {}", why?)))
        .collect()
}

fn truth(inputs: &BTreeMap<String, String>, name: &str, mistakes: &mut Vec<String>) -> bool {
    match inputs.get(name).map(String::as_str) {
        None | Some("false" | "False" | "FALSE") => false,
        Some("true" | "True" | "TRUE") => true,
        Some(other) => {
            mistakes.push(format!("`{name}` is true or false, not `{other}`"));
            false
        }
    }
}

/// A duration, by its unit, or a moment.
fn until(
    inputs: &BTreeMap<String, String>,
    command: Command,
    mistakes: &mut Vec<String>,
) -> Option<Until> {
    let text = inputs.get("until")?;
    if command != Command::Stop {
        mistakes.push("`until` says when a stop ends: it goes with `stop`".to_owned());
        return None;
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    let days = days.and_then(|days: u64| days.checked_mul(86_400_000));
    let after = days.or_else(|| duration(text));
    let after = after.filter(|millis| (1_000..=LONGEST_STOP).contains(millis));
    let until = after
        .map(Until::After)
        .or_else(|| date::parse(text).map(Until::At));
    if until.is_none() {
        mistakes.push(format!(
            "`until` is a duration such as 30m, 2h or 3d, of at most a year, or a moment such as 2026-11-30T08:00:00Z, not `{text}`"
        ));
    }
    until
}

fn overrides(inputs: &BTreeMap<String, String>, mistakes: &mut Vec<String>) -> Vec<String> {
    let overrides: Vec<String> = inputs
        .get("override")
        .iter()
        .flat_map(|it| it.split([',', '\n']))
        .map(|it| it.trim().to_owned())
        .filter(|it| !it.is_empty())
        .collect();
    if !overrides.is_empty() && !inputs.contains_key("reason") {
        mistakes.push(
            "`override` needs a `reason`: it goes into the ledger under your name".to_owned(),
        );
    }
    overrides
}

fn command(word: Option<&str>, mistakes: &mut Vec<String>) -> Command {
    let known = Command::ALL.map(Command::word).join(", ");
    let word = word.unwrap_or("deploy");
    if let Some(&command) = Command::ALL.iter().find(|command| command.word() == word) {
        return command;
    }
    mistakes.push(if word == replay::COMMAND {
        "`replay` is for a command line, and its first word: `cd-action replay FILE`".to_owned()
    } else {
        format!("there is no command `{word}`; there are {known}")
    });
    Command::Status
}

/// Flags as inputs; `None`: help was asked for.
fn flags(argv: &[String], mistakes: &mut Vec<String>) -> Option<(BTreeMap<String, String>, bool)> {
    let (mut inputs, mut json) = (BTreeMap::new(), false);
    let mut words = argv.iter().peekable();
    if argv.is_empty() {
        return None;
    }
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else {
            if inputs.contains_key("command") {
                mistakes.push(format!(
                    "`{word}` is one word too many: after the command come flags"
                ));
            } else if word == "help" || word == "-h" {
                return None;
            } else {
                inputs.insert("command".to_owned(), word.clone());
            }
            continue;
        };
        let (name, value) = flag
            .split_once('=')
            .map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
        match name {
            "help" => return None,
            "json" if value.is_none() => json = true,
            "json" => mistakes.push("`--json` takes no value".to_owned()),
            "dry-run" | "verify" if value.is_none() => {
                let said = words.next_if(|next| matches!(next.as_str(), "true" | "false"));
                let value = said.map_or("true", String::as_str);
                inputs.insert(name.to_owned(), value.to_owned());
            }
            _ if !INPUTS.iter().any(|input| input.name == name) => {
                mistakes.push(format!(
                    "there is no flag `--{name}`; there are {}",
                    known_flags()
                ));
            }
            _ => match value.or_else(|| words.next_if(|next| !next.starts_with("--")).cloned()) {
                Some(value) => drop(inputs.insert(name.to_owned(), value)),
                None => mistakes.push(format!(
                    "`--{name}` needs a value; one that begins with `--` is written `--{name}=--…`"
                )),
            },
        }
    }
    Some((inputs, json))
}

fn known_flags() -> String {
    let names = INPUTS
        .iter()
        .filter(|input| shown(input.name))
        .map(|input| format!("--{}", input.name));
    names
        .chain(["--json".to_owned()])
        .collect::<Vec<_>>()
        .join(", ")
}

fn shown(name: &str) -> bool {
    !matches!(name, "command" | "job-status" | "github-token")
}

fn help() -> String {
    let mut text = "usage: cd-action COMMAND [--FLAG VALUE …]\n\ncommands\n  \
        plan       say everything that deploy would do, and touch nothing\n  \
        release    build the image once and publish it under names that stay; again: what is missing\n  \
        deploy     start the new version, prove it, move the traffic, watch it; go back by itself\n  \
        rollback   go to the newest version proven here that does not run, or to --version\n  \
        stop       set the stop button: no deploy goes on until it is lifted, or until --until\n  \
        resume     lift it\n  \
        status     say what serves, what is known-good, what is quarantined; verify the ledger\n  \
        recover    finish or undo what a dead run left\n  \
        metadata   derive tags, labels and annotations for images; its flags: metadata --help\n  \
        replay     decide a recorded run again, and explain it: replay FILE\n\nflags\n"
        .to_owned();
    for input in INPUTS.iter().filter(|input| shown(input.name)) {
        text.push_str(&format!("  --{:<12} {}\n", input.name, input.help));
    }
    text.push_str("  --json         the report as JSON on standard output\n");
    text
}

/// `500ms`, `10s`, `2m`, `1h`, or 0; at most a day.
fn duration(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let factor = match text.get(digits.len()..)? {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 1,
        _ => return None,
    };
    number
        .checked_mul(factor)
        .filter(|millis| *millis <= 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Parsed {
        let argv = words.iter().map(|word| (*word).to_owned()).collect();
        parse(&Begin {
            argv,
            ..Begin::default()
        })
    }

    #[test]
    fn all_mistakes_of_a_command_line_come_at_once() {
        let Parsed::Mistakes(mistakes) =
            parsed(&["deploi", "--wait", "soon", "--nope", "--on-held=maybe"])
        else {
            panic!("it has mistakes")
        };
        assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
    }

    #[test]
    fn a_command_that_is_not_there_yet_is_refused_by_name() {
        let Parsed::Mistakes(mistakes) = parsed(&["replay"]) else {
            panic!("it is not there")
        };
        assert!(
            mistakes
                .iter()
                .any(|it| it.contains("`replay` is for a command line"))
        );
    }

    #[test]
    fn what_a_command_has_no_use_for_is_a_mistake_and_not_passed_over() {
        let image = ["--image=tasks:1"].as_slice();
        let version = ["--version=1"].as_slice();
        let refused = [
            ("deploy", image, false),
            ("plan", image, false),
            ("rollback", image, true),
            ("release", image, true),
            ("status", image, true),
            ("recover", image, true),
            ("deploy", version, false),
            ("plan", version, false),
            ("rollback", version, false),
            ("release", version, false),
            ("status", version, true),
            ("recover", version, true),
            ("resume", image, true),
            ("resume", version, true),
        ];
        for (command, flags, wrong) in refused {
            let words: Vec<&str> = [command].iter().chain(flags).copied().collect();
            let mistakes = matches!(parsed(&words), Parsed::Mistakes(_));
            assert_eq!(mistakes, wrong, "{words:?}");
        }
    }

    #[test]
    fn the_post_step_has_the_inputs_of_its_main_step() {
        let inputs = [
            ("command", "deploy"),
            ("image", "tasks:1"),
            ("version", "1"),
            ("until", "2h"),
        ];
        let post = parse(&Begin {
            platform: Platform::ActionsPost,
            inputs: inputs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..Begin::default()
        });
        assert!(matches!(post, Parsed::Request(request) if request.command == Command::Recover));
    }

    #[test]
    fn a_dry_run_may_be_said_with_its_value() {
        let rows = [
            (["release", "--dry-run"].as_slice(), true),
            (&["release", "--dry-run", "true"], true),
            (&["release", "--dry-run", "false"], false),
            (&["--dry-run", "release"], true),
        ];
        for (words, dry) in rows {
            let Parsed::Request(request) = parsed(words) else {
                panic!("{words:?} is right")
            };
            assert_eq!(request.dry, dry, "{words:?}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Some(500));
        assert_eq!(duration("10m"), Some(600_000));
        assert_eq!(duration("0"), Some(0));
        assert_eq!(duration("10"), None);
        assert_eq!(duration("25h"), None);
    }

    #[test]
    fn a_stop_needs_a_reason_and_ends_after_a_while_or_at_a_moment() {
        let until = |text: &str| {
            let words = ["stop", "--reason", "moving", "--until", text];
            match parsed(&words) {
                Parsed::Request(request) => request.until,
                Parsed::Mistakes(mistakes) => {
                    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
                    None
                }
                Parsed::Help(_) => panic!("nobody asked for help"),
            }
        };
        let rows = [
            ("1s", Some(Until::After(1_000))),
            ("2h", Some(Until::After(7_200_000))),
            ("3d", Some(Until::After(259_200_000))),
            ("366d", Some(Until::After(31_622_400_000))),
            (
                "2026-11-22T10:31:05Z",
                Some(Until::At(crate::protocol::Timestamp(1_795_343_465_000))),
            ),
            ("0", None),
            ("500ms", None),
            ("367d", None),
            ("99999999999999999999d", None),
            ("monday", None),
            ("10:30", None),
        ];
        for (text, expected) in rows {
            assert_eq!(until(text), expected, "{text}");
        }
        assert!(matches!(parsed(&["stop"]), Parsed::Mistakes(mistakes) if mistakes.len() == 1));
        assert!(matches!(parsed(&["resume"]), Parsed::Request(_)));
        let misplaced = ["deploy", "--until", "2h"];
        assert!(matches!(parsed(&misplaced), Parsed::Mistakes(mistakes) if mistakes.len() == 1));
    }

    #[test]
    fn an_override_needs_a_reason() {
        let words = [
            "deploy",
            "--image",
            "a@sha256:0",
            "--override",
            "quarantine",
        ];
        assert!(matches!(parsed(&words), Parsed::Mistakes(mistakes) if mistakes.len() == 1));
    }
}
