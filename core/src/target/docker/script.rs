//! Scripts for the inside of the router: each is one transaction, sent on the input of one `docker exec`.
//!
//! Everything is defined first and called on the last line, so that a script that arrives cut off does nothing. What
//! comes from outside goes in through quoted here-documents and words of a strict grammar only.

use std::fmt::Write as _;

use super::asking::{Asking, Hears, QUESTION, WORD};
use super::stopping::STOP;
use super::{Terms, sticky};
use crate::ledger::Append;
use crate::rollout::Mark;
use crate::spec::Token;
use crate::word::Spoken;

const PRELUDE: &str = include_str!("scripts/prelude.sh");
const OPEN: &str = include_str!("scripts/open.sh");
const ROUTE: &str = include_str!("scripts/route.sh");
const PROBE: &str = include_str!("scripts/probe.sh");
const INIT: &str = include_str!("scripts/init.sh");
const TELLING: &str = include_str!("scripts/word.sh");

/// What a commit says once it is recorded.
pub(super) const RECORDED: &str = "recorded";

/// What a routing that more comes after says once HAProxy follows it.
pub(super) const ROUTED: &str = "routed";

/// What a routing says that took no traffic from anybody, for want of somebody else to give it to.
pub(super) const SPARED: &str = "spared";

/// How HAProxy is made to follow a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lowering {
    /// Running requests may end.
    Keep,
    /// Running requests are ended.
    Force,
    /// As the first; and whoever has traffic keeps it where nothing that the table gives traffic to is up.
    Spare,
}

impl Lowering {
    /// To be proven, a version needs no traffic: who has it then may keep it.
    pub(super) fn of(mark: &Mark, force: bool) -> Self {
        match (force, mark) {
            (true, _) => Self::Force,
            (false, Mark::Proving) => Self::Spare,
            (
                false,
                Mark::Withdrawing
                | Mark::Starting
                | Mark::Waiting
                | Mark::Shifted
                | Mark::Settling { .. },
            ) => Self::Keep,
        }
    }
}

/// What no pressing of the stop button is called.
const NO_PRESS: &str = "-none";

/// A table, in what the router is given of it.
#[derive(Debug)]
pub(super) struct Routing {
    /// The router's file.
    pub(super) file: String,
    /// Which path is asked of which server.
    pub(super) health: String,
    /// Who stays with which version; `None`: the router has no such map.
    pub(super) sticky: Option<String>,
    /// What HAProxy is to have, a line a server.
    pub(super) want: String,
    /// The options of a server's check.
    pub(super) check: String,
    /// How it is made to follow.
    pub(super) how: Lowering,
}

/// What ends a here-document; no line that we write begins like it.
const END: &str = "CD_END";

/// A transaction that is being put together.
#[derive(Debug)]
pub(super) struct Script {
    libraries: Vec<&'static str>,
    body: String,
}

impl Script {
    /// Takes the lock and compares the token; whoever lost the lease gets no further, and neither does a write that comes
    /// after a later one. What writes nothing has the `number` 0.
    pub(super) fn fenced(token: Token, terms: &Terms, number: u64) -> Self {
        let mut script = Self {
            libraries: vec![PRELUDE],
            body: String::new(),
        };
        let _ = writeln!(
            script.body,
            "lock\nfence {token} {} {number}",
            terms.hundredths()
        );
        script
    }

    /// Sets the stop button. It needs no lease: who holds one is whom it is meant for.
    pub(super) fn press(file: &str) -> String {
        let mut script = Self {
            libraries: vec![PRELUDE],
            body: "lock\n".to_owned(),
        };
        script.file(".stop", file);
        script.body.push_str("keep stop\n");
        script.finish()
    }

    /// Tells the run that asks a person. It needs no lease: who holds it is whom it is meant for.
    pub(super) fn tell(spoken: &Spoken) -> String {
        let (token, share) = (spoken.token, spoken.word.share.0);
        let mut script = Self {
            libraries: vec![PRELUDE, TELLING],
            body: format!("tell {token} {share} {}\n", spoken.word.says.word()),
        };
        script.file(".word", &spoken.file());
        script.body.push_str("keep word\n");
        script.finish()
    }

    /// Tells what a person is asked, and which pressing of the stop button is overridden. It need not survive a power cut: the run that
    /// asks does not, either. A look is not numbered, and may come after the end of its own run: then nothing is asked any more.
    pub(super) fn ask(&mut self, asking: &Asking) {
        let press = word(asking.overridden.as_deref().unwrap_or(NO_PRESS));
        let file = format!("{}overrides {press}\n", asking.question.file());
        self.body.push_str("if [ \"$holder\" != - ]; then\n");
        self.file(QUESTION, &file);
        self.body.push_str("fi\n");
    }

    /// Brings what a person has said, and the stop button where it is set and heeded.
    pub(super) fn hear(&mut self, asking: &Asking) {
        if asking.hears != Hears::Nothing {
            let _ = writeln!(self.body, "show {WORD}");
        }
        if asking.hears == Hears::WordAndStop {
            let press = word(asking.overridden.as_deref().unwrap_or(NO_PRESS));
            let _ = writeln!(self.body, "if stopped {press}; then show {STOP}; fi");
        }
    }

    /// Gives way to the stop button, unless it is this very pressing.
    pub(super) fn heed(&mut self, overridden: Option<&str>) {
        let _ = writeln!(self.body, "heed {}", word(overridden.unwrap_or(NO_PRESS)));
    }

    /// Lifts the stop button.
    pub(super) fn lift(&mut self) {
        self.body.push_str("lift\n");
    }

    /// Takes the lease, or only looks.
    pub(super) fn open(take: bool, terms: &Terms, epoch: u64, segments: u32) -> String {
        let mode = if take { "take" } else { "look" };
        let (holder, run) = (
            word(&terms.holder),
            word(terms.run.as_deref().unwrap_or("-")),
        );
        let body = format!(
            "open {mode} {holder} {} {run} {epoch} {segments}",
            terms.hundredths()
        );
        Self {
            libraries: vec![PRELUDE, OPEN],
            body,
        }
        .finish_as_is()
    }

    /// Lays out the volume.
    pub(super) fn init(file: &str) -> String {
        let mut script = Self {
            libraries: vec![PRELUDE, INIT],
            body: String::new(),
        };
        script.with_input("init", file);
        script.finish_as_is()
    }

    /// Replaces the checkpoint; `None` drops it.
    pub(super) fn checkpoint(&mut self, checkpoint: Option<&str>) {
        match checkpoint {
            Some(text) => {
                // It only adds why, and recovery does without: it may be torn, and need not survive a power cut.
                self.file("checkpoint", text);
            }
            None => self.body.push_str("rm -f \"$S/checkpoint\"\n"),
        }
    }

    /// Appends to the ledger.
    pub(super) fn append(&mut self, append: &Append) {
        self.with_input(
            &format!("append {} {}", word(&append.segment), append.keep),
            &append.text,
        );
    }

    /// Says that everything before this is done: [`RECORDED`] or [`ROUTED`].
    pub(super) fn say(&mut self, word: &str) {
        let _ = writeln!(self.body, "echo {word}");
    }

    /// Writes the table and makes HAProxy follow it.
    pub(super) fn route(&mut self, routing: &Routing) {
        self.libraries.push(ROUTE);
        self.file(".haproxy.cfg", &routing.file);
        self.file(".health.map", &routing.health);
        if let Some(sticky) = &routing.sticky {
            self.file(&format!(".{}", sticky::MAP), sticky);
        }
        self.file(".want", &routing.want);
        let _ = writeln!(
            self.body,
            "CHECK='{}' STICKY={}\nroute {}",
            routing.check,
            if routing.sticky.is_some() {
                sticky::MAP
            } else {
                ""
            },
            match routing.how {
                Lowering::Keep => "keep",
                Lowering::Force => "force",
                Lowering::Spare => "spare",
            }
        );
    }

    /// Removes what HAProxy still has and the table no longer names.
    pub(super) fn reap(&mut self, want: &str) {
        self.libraries.push(ROUTE);
        self.file(".want", want);
        self.body.push_str("wanted_read\nservers\nreap force\n");
    }

    /// Admits servers and asks each; outside of the lock, for that may take its time.
    pub(super) fn probe(&mut self, asks: &[Ask]) {
        if asks.is_empty() {
            return;
        }
        self.libraries.push(PROBE);
        let names: Vec<&str> = asks.iter().map(Ask::name).collect();
        let _ = writeln!(
            self.body,
            "stat_read\nawait_checks {}\nadmitted=",
            names.join(" ")
        );
        for name in names {
            let _ = writeln!(
                self.body,
                "if admit {name}; then admitted=\"$admitted {name}\"; fi"
            );
        }
        self.body.push_str("exec 9>&-\n");
        for ask in asks {
            let name = ask.name();
            let _ = writeln!(
                self.body,
                "case \"$admitted \" in *\" {name} \"*) {} ;; esac",
                ask.command()
            );
        }
    }

    /// Tells what time it is.
    pub(super) fn tell_time(&mut self) {
        self.body.push_str("clock_now; echo \"clock $clock\"\n");
    }

    /// Tells the counts.
    pub(super) fn count(&mut self) {
        self.body.push_str("count\n");
    }

    /// Gives the lease back; the token stays, so that it only grows.
    pub(super) fn release(&mut self) {
        self.body
            .push_str("until=0 holder=- run=- since=0\nlease_write\n");
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.body.push_str("echo \"result=done\"\n");
        self.finish_as_is()
    }

    fn finish_as_is(self) -> String {
        let mut text = self.libraries.concat();
        let _ = write!(text, "main() {{\n{}\n}}\nmain\n", self.body.trim_end());
        text
    }

    /// A file of the volume, written by the shell itself: a command for it would be a process more.
    fn file(&mut self, name: &str, text: &str) {
        let newline = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let text = quoted(&format!("{text}{newline}"));
        let _ = writeln!(self.body, "printf %s {text} > \"$S/{name}\" || unwritten");
    }

    fn with_input(&mut self, command: &str, input: &str) {
        debug_assert!(
            !input.lines().any(|line| line.starts_with(END)),
            "no text of ours begins a line like that"
        );
        let newline = if input.is_empty() || input.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let _ = writeln!(self.body, "{command} <<'{END}'\n{input}{newline}{END}");
    }
}

/// One server to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Through the router, for a page.
    Page {
        name: String,
        seconds: u64,
        host: String,
        path: String,
    },
    /// Whether it accepts a connection.
    Connection {
        name: String,
        seconds: u64,
        ip: String,
        port: u16,
    },
    /// Nothing more than whether it is admitted.
    Admission { name: String },
}

impl Ask {
    fn name(&self) -> &str {
        match self {
            Self::Page { name, .. } | Self::Connection { name, .. } | Self::Admission { name } => {
                name
            }
        }
    }

    fn command(&self) -> String {
        match self {
            Self::Page {
                name,
                seconds,
                host,
                path,
            } => {
                format!("ask {name} {seconds} {} {}", quoted(host), quoted(path))
            }
            Self::Connection {
                name,
                seconds,
                ip,
                port,
            } => format!("reach {name} {seconds} {ip} {port}"),
            Self::Admission { name } => format!("echo \"admitted {name}\""),
        }
    }
}

/// A word of a strict grammar; anything else becomes `_`, so that no text can end a word or begin a command.
fn word(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:/@-".contains(c);
    let word: String = text
        .chars()
        .take(256)
        .enumerate()
        // Only at its beginning would it begin a comment.
        .map(|(at, c)| {
            if fits(c) || (at > 0 && c == '#') {
                c
            } else {
                '_'
            }
        })
        .collect();
    if word.is_empty() {
        "-".to_owned()
    } else {
        word
    }
}

/// Any text as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Decodes base64; what is no digit of it is passed over.
pub(super) fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for six in text.bytes().filter_map(value) {
        bits = (bits << 6) | six;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("masked to eight bits"));
        }
    }
    bytes
}

/// What a transaction said: its files, its lines, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// What followed `result=`; empty: it never said, so nobody knows.
    pub(super) result: String,
    /// `key=value` words of that line.
    pub(super) words: Vec<(String, String)>,
    /// Files by name.
    pub(super) files: Vec<(String, String)>,
    /// What servers answered, by name.
    pub(super) answers: Vec<(String, Vec<u8>)>,
    /// All other lines.
    pub(super) lines: Vec<String>,
}

fn up_to_a_point(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(".\n")
        .map(|after| ("", after))
        .or_else(|| text.split_once("\n.\n"))
}

impl Said {
    /// Reads what came back.
    pub(super) fn read(stdout: &str) -> Self {
        let mut said = Self::default();
        let mut rest = stdout;
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = after;
            if let Some((kind, name)) = line.split_once(' ')
                && matches!(kind, "base64" | "answer")
            {
                // Up to a point alone; without one the rest never arrived.
                let Some((text, after)) = up_to_a_point(rest) else {
                    return said;
                };
                rest = after;
                if kind == "base64" {
                    let text = String::from_utf8_lossy(&base64(text)).into_owned();
                    said.files.push((name.to_owned(), text));
                } else {
                    said.answers.push((name.to_owned(), base64(text)));
                }
            } else if let Some(result) = line.strip_prefix("result=") {
                let mut words = result.split(' ');
                said.result = words.next().unwrap_or_default().to_owned();
                let pairs = words.filter_map(|word| word.split_once('='));
                said.words = pairs
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .collect();
            } else if !line.is_empty() {
                said.lines.push(line.to_owned());
            }
        }
        said
    }

    pub(super) fn file(&self, name: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|(it, _)| it == name)
            .map(|(_, text)| text.as_str())
    }

    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.words
            .iter()
            .find(|(it, _)| it == key)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_holder_stays_one_word() {
        assert_eq!(word("a b;rm -rf /\n$(x)"), "a_b_rm_-rf_/___x_");
        assert_eq!(word("#a#1.b"), "_a#1.b");
        assert_eq!(quoted("a'b"), "'a'\\''b'");
    }

    #[test]
    fn files_are_read_whatever_they_hold() {
        // `result=done` and a point, in a file, are no last line.
        let said = Said::read(
            "base64 a\ncmVzdWx0PWRvbmUKLgo=\n.\nlingering g1-1 3\nresult=open token=7 left=0\n",
        );
        assert_eq!(said.file("a"), Some("result=done\n.\n"));
        assert_eq!(said.lines, ["lingering g1-1 3"]);
        assert_eq!(
            (said.result.as_str(), said.word("token")),
            ("open", Some("7"))
        );
    }

    #[test]
    fn a_file_that_is_no_text_spoils_nothing_but_itself() {
        let said = Said::read(
            "base64 a\n/4CB\n.\nbase64 b\naG\nkK\n.\nbase64 c\n.\nresult=open token=7\n",
        );
        assert_eq!(said.file("b"), Some("hi\n"));
        assert_eq!(said.file("c"), Some(""));
        assert_eq!(said.word("token"), Some("7"));
    }

    #[test]
    fn an_answer_without_a_last_line_says_nothing() {
        assert_eq!(Said::read("lingering g1-1 3\n").result, "");
        assert_eq!(Said::read("base64 a\naGkK\nresult=done\n").result, "");
    }
}
