//! What is under way for the evidence of gates: files, requests to the platform, commands and sessions.

use std::collections::{BTreeMap, BTreeSet};

use super::proofs::{self, InRegistry};
use super::refused::{UNSUPPORTED, missing, supports, unsupported};
use super::running::{self, Command, Nox};
use crate::config::Facts;
use crate::forge::{Access, Answer, Asking, Exchange, Going, Question, Statuses, Trouble, Turn};
use crate::gate::after::Answered;
use crate::gate::evidence::{Missing, Ran, Subject};
use crate::gate::sessions::Ended;
use crate::gate::{self, Evidence, Gate, Kind, Seen, Want};
use crate::protocol::{Completion, Content, Effect, Fault, Run, Timestamp};
use crate::registry::Talk;
use crate::release::nox::Search;
use crate::report::Log;

/// Most bytes of a file of evidence.
const FILE: u32 = 32 << 20;

/// Milliseconds that git may take to ask its remote.
const TIP: u64 = 30_000;

/// Milliseconds that one question waits in all for a platform that answers "not now": whoever wants to wait longer says so with
/// `wait`, and then it is asked anew.
const PATIENCE: u64 = 60_000;

/// Bytes that are kept of what git says.
const OUTPUT: u32 = 64 * 1024;

/// Questions that are under way.
#[derive(Debug)]
pub(in super::super) struct Asks {
    /// How the platform is asked; or why it cannot be.
    access: Result<Access, String>,
    scratch: String,
    asks: BTreeMap<u32, Ask>,
    next: u32,
}

/// A question, and how far it is.
#[derive(Debug)]
struct Ask {
    want: Want,
    /// When it is gone on with.
    again: Option<Timestamp>,
    /// Until when it waits.
    until: Timestamp,
    doing: Doing,
}

#[derive(Debug)]
enum Doing {
    File(String),
    Forge(Box<Asking>, Box<Exchange>),
    /// The image's registry.
    Registry(Box<Talk>, proofs::Of),
    /// By git, of its remote.
    Tip(Vec<String>),
    Command(Box<Command>),
    Nox(Box<Nox>),
}

/// What questions are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) subject: &'a Subject,
    pub(super) gates: &'a [Gate],
    pub(super) facts: &'a Facts,
    pub(super) workspace: &'a str,
    /// The image that is to be deployed, where a registry has it.
    pub(super) image: Option<&'a InRegistry>,
    pub(super) now: Timestamp,
}

/// What came of beginning questions.
#[derive(Debug, Default)]
pub(super) struct Begun {
    pub(super) ids: Vec<u32>,
    /// What cannot be asked at all, and why.
    pub(super) missing: Vec<(Want, Missing)>,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// There is more to do for this question, now.
    pub(super) more: bool,
    /// It waits, and why.
    pub(super) waits: Option<String>,
    /// What somebody said.
    pub(super) logs: Vec<Log>,
}

/// An answer.
#[derive(Debug)]
pub(super) enum Told {
    Text(String),
    Forge(Answer),
    Ran(Ran),
    Ended(Ended),
    Proof(Answered),
}

impl Asks {
    pub(super) const fn new(access: Result<Access, String>, scratch: String) -> Self {
        Self {
            access,
            scratch,
            asks: BTreeMap::new(),
            next: 1,
        }
    }

    pub(super) fn idle(&self) -> bool {
        self.asks.is_empty()
    }

    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.asks.values().filter_map(|it| it.again).min()
    }

    pub(super) fn due(&self, now: Timestamp) -> Vec<u32> {
        let due = self.asks.iter();
        let due = due.filter(|(_, it)| it.again.is_some_and(|at| at <= now));
        due.map(|(id, _)| *id).collect()
    }

    /// Begins questions. Those about checks are one, and so are the sessions.
    pub(super) fn begin(&mut self, wants: &[Want], about: About<'_>) -> Begun {
        let (mut names, mut sessions, mut others) = (BTreeSet::new(), Vec::new(), Vec::new());
        for want in wants {
            match want {
                Want::Checks(some) => names.extend(some.iter().cloned()),
                Want::Session(name) => sessions.push(name.clone()),
                other => others.push(other.clone()),
            }
        }
        let checks = (!names.is_empty()).then(|| Want::Checks(names.into_iter().collect()));
        let mut begun = Begun::default();
        for want in others.into_iter().chain(checks) {
            match self.doing(&want, about) {
                Ok(doing) => begun.ids.push(self.add(want, doing, about.now)),
                Err(missing) => begun.missing.push((want, missing)),
            }
        }
        if let Some(first) = sessions.first().cloned() {
            let search = Search::little(about.workspace.to_owned(), self.scratch.clone());
            let reports = format!("{}/nox-{}", self.scratch, self.next);
            let nox = Nox::new(search, reports, sessions, about.gates);
            begun
                .ids
                .push(self.add(Want::Session(first), Doing::Nox(Box::new(nox)), about.now));
        }
        begun
    }

    /// Why the platform cannot be asked for this at all, which is known before there is anything to ask about.
    pub(super) fn refuses(&self, want: &Want, gates: &[Gate]) -> Option<Missing> {
        if !want.is_of_the_platform() {
            return None;
        }
        let asked = match &self.access {
            Ok(access) => supports(access.system, want, gates),
            Err(why) => Err(unsupported(want, why)),
        };
        asked.err()
    }

    fn add(&mut self, want: Want, doing: Doing, now: Timestamp) -> u32 {
        let id = self.next;
        self.next += 1;
        let ask = Ask {
            want,
            again: None,
            until: now.plus(PATIENCE),
            doing,
        };
        self.asks.insert(id, ask);
        id
    }

    fn doing(&self, want: &Want, about: About<'_>) -> Result<Doing, Missing> {
        let commit = about.subject.commit.clone().unwrap_or_default();
        let name = ref_name(about.subject);
        let nameless = || {
            Missing::lasting(
                "gate-unknown",
                "nobody knows which branch or tag this run is of",
            )
        };
        let question = match want {
            Want::File(path) => return Ok(Doing::File(format!("{}/{path}", about.workspace))),
            Want::Command(gate) => {
                let command = running::command(gate, about.gates, about.facts, about.workspace)?;
                return Ok(Doing::Command(Box::new(command)));
            }
            Want::Tip => {
                let name = name.ok_or_else(nameless)?;
                if self.access.is_err() {
                    return Ok(Doing::Tip(ls_remote(about.workspace, &name)));
                }
                Question::Tip { name }
            }
            Want::Checks(names) => {
                let names = names.clone();
                let statuses = statuses_of(about.gates);
                Question::Checks {
                    commit,
                    names,
                    statuses,
                }
            }
            Want::Reviews => Question::Reviews {
                commit,
                branch: about.subject.branch.clone(),
            },
            Want::Approvals => {
                let run = about.subject.run.clone();
                let run = run.ok_or_else(|| {
                    Missing::lasting(NOBODY, "this is no run of a platform that asks a person")
                })?;
                Question::Approvals { run }
            }
            Want::Alerts(tool) => Question::Scan {
                r#ref: format!("refs/{}", name.ok_or_else(nameless)?),
                tool: tool.clone(),
            },
            Want::Proof(environment) => {
                let (talk, of) = proofs::ask(environment, about)?;
                return Ok(Doing::Registry(Box::new(talk), of));
            }
            Want::Session(_) | Want::Image | Want::Ledger => {
                return Err(Missing::lasting(
                    "gate-unknown",
                    "it is not asked like that",
                ));
            }
        };
        let access = self.access.as_ref().map_err(|why| unsupported(want, why))?;
        let (asking, exchange) = Asking::new(question, access);
        Ok(Doing::Forge(Box::new(asking), Box::new(exchange)))
    }

    /// What is to be done now for a question.
    pub(super) fn effects(&mut self, id: u32) -> Vec<Effect> {
        let Some(ask) = self.asks.get_mut(&id) else {
            return Vec::new();
        };
        ask.again = None;
        match (&mut ask.doing, &self.access) {
            (Doing::File(path), _) => vec![Effect::ReadFile {
                path: path.clone(),
                limit: FILE,
            }],
            (Doing::Forge(_, exchange), Ok(access)) => vec![Effect::Fetch(exchange.fetch(access))],
            (Doing::Forge(..), Err(_)) => Vec::new(),
            (Doing::Tip(argv), _) => vec![Effect::Run(git(argv))],
            (Doing::Registry(talk, _), _) => vec![Effect::Fetch(talk.fetch())],
            (Doing::Command(command), _) => vec![Effect::Run(command.run.clone())],
            (Doing::Nox(nox), _) => nox.effects(),
        }
    }

    /// Takes in what came of it.
    pub(super) fn on(
        &mut self,
        id: u32,
        done: &[Completion],
        evidence: &mut Evidence,
        now: Timestamp,
    ) -> Heard {
        let mut heard = Heard::default();
        let Some(mut ask) = self.asks.remove(&id) else {
            return heard;
        };
        let told = match (&mut ask.doing, &mut self.access) {
            (Doing::File(path), _) => Some(read_file(path, done.last())),
            (Doing::Registry(talk, of), _) => {
                let told = done
                    .last()
                    .and_then(|it| proofs::told(talk, of, it, &mut heard, now));
                ask.again = talk.wake_at();
                told
            }
            (Doing::Tip(_), _) => {
                let tip = read_tip(done.last());
                Some(tip.map(|tip| Told::Forge(Answer::Tip(tip))))
            }
            (Doing::Command(command), _) => {
                let ran = running::ran(&command.what, done.last(), &mut heard.logs);
                Some(ran.map(Told::Ran))
            }
            (Doing::Forge(asking, exchange), Ok(access)) => {
                let turn = done.last().map(|it| exchange.on(it, access, now));
                let turn = in_time(turn, now, ask.until);
                let told = goes(turn, asking, exchange, &mut heard, &mut ask.again, now);
                told.map(|it| it.map_err(|trouble| missing(&ask.want, &trouble)))
            }
            (Doing::Forge(..), Err(why)) => Some(Err(unsupported(&ask.want, why))),
            (Doing::Nox(nox), _) => {
                let goes = nox.on(done, &mut heard.logs);
                for (name, told) in goes.told {
                    put(evidence, Want::Session(name), told.map(Told::Ended), now);
                }
                if goes.over {
                    return heard;
                }
                heard.more = true;
                None
            }
        };
        match told {
            Some(told) => put(evidence, ask.want, told, now),
            None => drop(self.asks.insert(id, ask)),
        }
        heard
    }
}

/// Where it would wait longer than a question may, nobody has answered.
fn in_time(turn: Option<Turn>, now: Timestamp, until: Timestamp) -> Option<Turn> {
    match turn {
        Some(Turn::Wait { millis, why }) if now.plus(millis) > until => {
            let text = format!("{why}, and was waited for long enough");
            Some(Turn::Over(Err(Trouble::unreachable(text))))
        }
        turn => turn,
    }
}

/// What a turn of an exchange means for the question; `None`: it goes on.
fn goes(
    turn: Option<Turn>,
    asking: &mut Asking,
    exchange: &mut Box<Exchange>,
    heard: &mut Heard,
    again: &mut Option<Timestamp>,
    now: Timestamp,
) -> Option<Result<Told, Trouble>> {
    match turn {
        None => Some(Err(Trouble {
            code: "forge-answer",
            text: "nobody was asked".to_owned(),
            permission: None,
            passes: false,
        })),
        Some(Turn::Again) => {
            heard.more = true;
            None
        }
        Some(Turn::Wait { millis, why }) => {
            *again = Some(now.plus(millis));
            let after = crate::report::duration(millis);
            heard.waits = Some(format!("{why}; again in {after}"));
            None
        }
        Some(Turn::Over(got)) => match asking.on(got) {
            Going::Ask(next) => {
                *exchange = next;
                heard.more = true;
                None
            }
            Going::Done(Ok(answer)) => Some(Ok(Told::Forge(answer))),
            Going::Done(Err(trouble)) => Some(Err(trouble)),
        },
    }
}

/// What was found out is evidence.
pub(super) fn put(evidence: &mut Evidence, want: Want, told: Result<Told, Missing>, at: Timestamp) {
    fn seen<T>(
        at: Timestamp,
        told: Result<Told, Missing>,
        take: impl Fn(Told) -> Option<T>,
    ) -> Seen<T> {
        let other = || Missing::lasting("gate-unknown", "the answer is of another question");
        let what = told.and_then(|told| take(told).ok_or_else(other));
        Seen { at, what }
    }
    match want {
        Want::File(path) => drop(evidence.files.insert(path, seen(at, told, text))),
        Want::Checks(_) => evidence.checks = Some(seen(at, told, checked)),
        Want::Reviews => evidence.reviews = Some(seen(at, told, |it| reviewed(it).map(|it| *it))),
        Want::Approvals => evidence.approvals = Some(seen(at, nobody(told), approved)),
        Want::Alerts(tool) => drop(evidence.scans.insert(tool, seen(at, told, scanned))),
        Want::Tip => evidence.tip = Some(seen(at, told, tip)),
        Want::Command(gate) => drop(evidence.commands.insert(gate, seen(at, told, run))),
        Want::Session(name) => drop(evidence.sessions.insert(name, seen(at, told, ended))),
        Want::Proof(name) => drop(evidence.proofs.insert(name, seen(at, told, proof))),
        Want::Image | Want::Ledger => {}
    }
}

fn text(told: Told) -> Option<String> {
    match told {
        Told::Text(text) => Some(text),
        Told::Forge(_) | Told::Ran(_) | Told::Ended(_) | Told::Proof(_) => None,
    }
}

fn proof(told: Told) -> Option<Answered> {
    match told {
        Told::Proof(answered) => Some(answered),
        Told::Forge(_) | Told::Ran(_) | Told::Ended(_) | Told::Text(_) => None,
    }
}

fn run(told: Told) -> Option<Ran> {
    match told {
        Told::Ran(ran) => Some(ran),
        Told::Forge(_) | Told::Ended(_) | Told::Text(_) | Told::Proof(_) => None,
    }
}

fn ended(told: Told) -> Option<Ended> {
    match told {
        Told::Ended(ended) => Some(ended),
        Told::Forge(_) | Told::Ran(_) | Told::Text(_) | Told::Proof(_) => None,
    }
}

/// One function for each kind of answer of a forge.
macro_rules! answers {
    ($($name:ident: $variant:ident -> $of:ty;)+) => {
        $(fn $name(told: Told) -> Option<$of> {
            match told {
                Told::Forge(Answer::$variant(it)) => Some(it),
                Told::Forge(_)
                | Told::Ran(_)
                | Told::Ended(_)
                | Told::Text(_)
                | Told::Proof(_) => None,
            }
        })+
    };
}

answers! {
    checked: Checked -> crate::forge::Checked;
    reviewed: Reviewed -> Box<crate::forge::Reviewed>;
    approved: Approved -> Vec<crate::forge::Approved>;
    scanned: Scanned -> crate::forge::Scanned;
    tip: Tip -> String;
}

/// Where no platform asks a person, nobody has approved: that is known.
fn nobody(told: Result<Told, Missing>) -> Result<Told, Missing> {
    match told {
        Err(missing) if [NOBODY, UNSUPPORTED].contains(&missing.code) => {
            Ok(Told::Forge(Answer::Approved(Vec::new())))
        }
        told => told,
    }
}

const NOBODY: &str = "gate-nobody";

/// Who reported a status is asked only where a gate wants to know: it takes all that were ever reported.
fn statuses_of(gates: &[Gate]) -> Statuses {
    let by_creator = |gate: &Gate| match &gate.kind {
        Kind::Checks(checks) => checks.of.iter().any(|it| it.creator.is_some()),
        _ => false,
    };
    if gates.iter().flat_map(gate::flat).any(by_creator) {
        Statuses::WithCreators
    } else {
        Statuses::Newest
    }
}

/// `heads/main`, `tags/v1`
fn ref_name(subject: &Subject) -> Option<String> {
    let tag = subject.tag.as_ref().map(|tag| format!("tags/{tag}"));
    let branch = subject.branch.as_ref();
    tag.or_else(|| branch.map(|branch| format!("heads/{branch}")))
}

// --- files and git -----------------------------------------------------------------------------------------------

fn git(argv: &[String]) -> Run {
    let text = "0".to_owned();
    Run {
        argv: argv.to_vec(),
        env: BTreeMap::from([("GIT_TERMINAL_PROMPT".to_owned(), Content::Text { text })]),
        inherit: ["PATH", "HOME", "SSH_AUTH_SOCK"]
            .map(str::to_owned)
            .to_vec(),
        timeout: TIP,
        output_limit: OUTPUT,
        ..Run::default()
    }
}

/// An annotated tag is followed to its commit.
fn ls_remote(workspace: &str, name: &str) -> Vec<String> {
    let one = format!("refs/{name}");
    let followed = format!("{one}^{{}}");
    let words = [
        "git",
        "-C",
        workspace,
        "ls-remote",
        "--exit-code",
        "origin",
        &one,
        &followed,
    ];
    words.map(str::to_owned).to_vec()
}

fn read_tip(completion: Option<&Completion>) -> Result<String, Missing> {
    let Some(Completion::Exited {
        code: Some(0),
        stdout,
        ..
    }) = completion
    else {
        let said = completion.map(crate::target::docker::Trouble::of);
        let said = said.map(|it| it.text).unwrap_or_default();
        let why = format!("git cannot tell what the remote has: {said}");
        return Err(Missing::soon("gate-unknown", why));
    };
    let lines = stdout.lines().filter_map(|line| line.split_once('\t'));
    let lines: Vec<(&str, &str)> = lines.collect();
    let followed = lines.iter().find(|(_, name)| name.ends_with("^{}"));
    let found = followed.or_else(|| lines.first());
    let none = || Missing::soon("gate-unknown", "the remote has no such branch or tag");
    found
        .map(|(commit, _)| (*commit).to_owned())
        .ok_or_else(none)
}

fn read_file(path: &str, completion: Option<&Completion>) -> Result<Told, Missing> {
    let why = match completion {
        Some(Completion::Read { text }) => return Ok(Told::Text(text.clone())),
        Some(Completion::Failed {
            fault: Fault::NotFound,
            ..
        }) => format!("there is no file {path}: has what writes it run in this job?"),
        Some(Completion::Failed { message, .. }) => format!("{path} cannot be read: {message}"),
        Some(_) | None => format!("{path} cannot be read"),
    };
    Err(Missing::lasting("gate-unknown", why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_waits_a_minute_in_all_however_often_it_is_told_to() {
        let (now, until) = (Timestamp(1_000), Timestamp(1_000 + PATIENCE));
        let wait = |millis| {
            let why = "it answered 429".to_owned();
            Some(Turn::Wait { millis, why })
        };
        let rows = [
            (now, PATIENCE, true),
            (now, PATIENCE + 1, false),
            (until, 1, false),
        ];
        for (now, millis, waits) in rows {
            let turn = in_time(wait(millis), now, until);
            let is = matches!(turn, Some(Turn::Wait { .. }));
            assert_eq!(is, waits, "{now:?} {millis}");
        }
    }
}
