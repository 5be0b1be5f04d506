//! What runs here for gates: commands of the configuration, and sessions of the noxfile. It is the commit's code: it gets an
//! environment that is listed, the secrets that are named for it, and a deadline.

use std::collections::BTreeMap;

use crate::config::{Facts, Template};
use crate::gate::command::Terms;
use crate::gate::evidence::{Missing, Ran};
use crate::gate::sessions::{self, Ended};
use crate::gate::{self, Gate, Kind};
use crate::protocol::{Completion, Content, Effect, Run};
use crate::registry::Trouble;
use crate::release::nox;
use crate::report::Log;

/// Characters of its last line.
const SAID: usize = 300;

/// Most bytes of a report of nox.
const REPORT: u32 = 4 << 20;

/// A command, and what it is for people.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) run: Run,
    pub(super) what: String,
}

/// Sessions, one after the other, in one way to nox.
#[derive(Debug)]
pub(in super::super) struct Nox {
    search: nox::Search,
    /// How the files begin in which nox reports what came of the sessions.
    reports: String,
    stage: Stage,
    names: Vec<String>,
    at: usize,
    terms: BTreeMap<String, Terms>,
    /// What the sessions find in their environment besides.
    told: BTreeMap<String, Content>,
}

/// How far nox is.
#[derive(Debug)]
enum Stage {
    /// It is looked for.
    Search,
    /// It is there and has all of them; one is run.
    Run,
    /// One has ended with 0; what nox reports of it is read.
    Read(Ran),
}

/// What came of a stage of nox.
#[derive(Debug, Default)]
pub(in super::super) struct Goes {
    pub(in super::super) told: Vec<(String, Result<Ended, Missing>)>,
    pub(super) over: bool,
}

/// The command of a gate.
pub(super) fn command(
    name: &str,
    gates: &[Gate],
    facts: &Facts,
    workspace: &str,
) -> Result<Command, Missing> {
    let mut all = gates.iter().flat_map(gate::flat);
    let found = all
        .find(|it| it.name == name)
        .and_then(|gate| match &gate.kind {
            Kind::Command(it) => Some((&it.argv, &it.terms)),
            Kind::Image(it) => Some((it.attestation.as_ref()?, &it.terms)),
            _ => None,
        });
    let (argv, terms) = found.ok_or_else(|| lasting("there is no such command"))?;
    let filled = argv.iter().map(|it| Template::filled(it, facts));
    let argv: Vec<String> = filled.collect::<Result<_, _>>().map_err(lasting)?;
    let what = argv.first().cloned().unwrap_or_default();
    let argv = nox::in_tree(workspace, argv, &[]);
    let run = nox::foreign(argv, terms.deadline, &terms.secrets);
    Ok(Command { run, what })
}

/// How it ended, where it did by itself.
pub(super) fn ran(
    what: &str,
    completion: Option<&Completion>,
    logs: &mut Vec<Log>,
) -> Result<Ran, Missing> {
    let mut keep = |stdout: &str, stderr: &str| {
        logs.push(Log {
            instance: what.to_owned(),
            text: format!("{stdout}{stderr}"),
        });
    };
    match completion {
        Some(Completion::Exited {
            code: Some(code),
            stdout,
            stderr,
            ..
        }) => {
            if *code != 0 {
                keep(stdout, stderr);
            }
            let mut lines = stdout.lines().chain(stderr.lines());
            let last = lines.rfind(|line| !line.trim().is_empty());
            let said = last.unwrap_or_default().trim().chars().take(SAID);
            Ok(Ran {
                what: what.to_owned(),
                code: *code,
                said: said.collect(),
            })
        }
        Some(Completion::Exited {
            signal,
            stdout,
            stderr,
            ..
        }) => {
            keep(stdout, stderr);
            let signal = signal.as_deref().unwrap_or("a signal");
            Err(lasting(format!("`{what}` was ended by {signal}")))
        }
        Some(Completion::TimedOut { stdout, stderr }) => {
            keep(stdout, stderr);
            Err(lasting(format!(
                "`{what}` did not end in its time, and was ended with its process group"
            )))
        }
        Some(Completion::Failed { message, .. }) => {
            Err(lasting(format!("`{what}` cannot be run: {message}")))
        }
        Some(_) | None => Err(lasting(format!("`{what}` cannot be run"))),
    }
}

fn lasting(why: impl Into<String>) -> Missing {
    Missing::lasting("gate-unknown", why)
}

impl Nox {
    pub(super) fn new(
        search: nox::Search,
        reports: String,
        names: Vec<String>,
        gates: &[Gate],
    ) -> Self {
        let flat = gates.iter().flat_map(gate::flat);
        let sessions = flat.filter_map(|gate| match &gate.kind {
            Kind::Sessions(it) => Some(it),
            _ => None,
        });
        let terms = sessions.flat_map(|it| {
            let names = it.names.iter().cloned();
            names.map(|name| (name, it.terms.clone()))
        });
        Self::of(search, reports, names, terms.collect())
    }

    /// These sessions, each by its own terms.
    pub(in super::super) const fn of(
        search: nox::Search,
        reports: String,
        names: Vec<String>,
        terms: BTreeMap<String, Terms>,
    ) -> Self {
        Self {
            search,
            reports,
            stage: Stage::Search,
            names,
            at: 0,
            terms,
            told: BTreeMap::new(),
        }
    }

    /// What the sessions find in their environment, beside their secrets.
    pub(in super::super) fn tell(&mut self, told: BTreeMap<String, Content>) {
        self.told = told;
    }

    /// Whether a session has been begun, by what is done now.
    pub(in super::super) const fn runs(&self) -> bool {
        !matches!(self.stage, Stage::Search)
    }

    fn name(&self) -> &str {
        self.names.get(self.at).map_or("", String::as_str)
    }

    fn report(&self) -> String {
        format!("{}-{}.json", self.reports, self.at)
    }

    pub(in super::super) fn effects(&self) -> Vec<Effect> {
        match &self.stage {
            Stage::Search => self.search.effects(),
            Stage::Run => {
                let name = self.name();
                let terms = self.terms.get(name);
                let argv = self.search.reporting(name, &self.report());
                let run = terms.map(|it| {
                    let mut run = nox::foreign(argv, it.deadline, &it.secrets);
                    run.env.extend(self.told.clone());
                    run
                });
                run.map(Effect::Run).into_iter().collect()
            }
            Stage::Read(_) => vec![Effect::ReadFile {
                path: self.report(),
                limit: REPORT,
            }],
        }
    }

    pub(in super::super) fn on(&mut self, done: &[Completion], logs: &mut Vec<Log>) -> Goes {
        match std::mem::replace(&mut self.stage, Stage::Run) {
            Stage::Search => self.on_search(done),
            Stage::Run => match ran(&format!("nox --session {}", self.name()), done.last(), logs) {
                Ok(ran) if ran.code == 0 => {
                    self.stage = Stage::Read(ran);
                    Goes::default()
                }
                Ok(ran) => self.told(Ok(ended(ran, Vec::new()))),
                Err(missing) => self.told(Err(missing)),
            },
            Stage::Read(ran) => {
                let told = read_report(done.last(), self.name());
                self.told(told.map(|runs| ended(ran, runs)))
            }
        }
    }

    /// One has ended; on to the next.
    fn told(&mut self, told: Result<Ended, Missing>) -> Goes {
        let told = vec![(self.name().to_owned(), told)];
        self.at += 1;
        let over = self.at >= self.names.len();
        Goes { told, over }
    }

    fn on_search(&mut self, done: &[Completion]) -> Goes {
        let read = match self.search.on(done) {
            nox::Found::More => {
                self.stage = Stage::Search;
                return Goes::default();
            }
            nox::Found::Listed(list) => {
                let mut names = self.names.iter();
                names.try_for_each(|name| nox::read_list(&list, name))
            }
            nox::Found::Missing(trouble) => Err(trouble),
        };
        match read {
            Ok(()) => Goes::default(),
            Err(trouble) => self.give_up(&trouble),
        }
    }

    /// Nothing of it can be run.
    fn give_up(&self, trouble: &Trouble) -> Goes {
        let missing = Missing::lasting(trouble.code, trouble.text.clone());
        let names = self.names.iter().cloned();
        Goes {
            told: names.map(|name| (name, Err(missing.clone()))).collect(),
            over: true,
        }
    }
}

fn ended(ran: Ran, runs: Vec<sessions::One>) -> Ended {
    let Ran { code, said, .. } = ran;
    Ended { code, said, runs }
}

/// What nox reports of a session; a noxfile that ends the process itself keeps nox from writing it.
fn read_report(
    completion: Option<&Completion>,
    session: &str,
) -> Result<Vec<sessions::One>, Missing> {
    let wrong = match completion {
        Some(Completion::Read { text }) => match sessions::read_report(text, session) {
            Ok(runs) => return Ok(runs),
            Err(wrong) => wrong,
        },
        Some(Completion::Failed { message, .. }) => message.clone(),
        Some(_) | None => "it cannot be read".to_owned(),
    };
    Err(lasting(format!(
        "nox ended with 0, and its report of the session `{session}` is missing: {wrong}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[{\"session\":\"tests\",\"name\":\"tests\"}]";

    fn exited(code: i32, stdout: &str) -> Completion {
        Completion::Exited {
            code: Some(code),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    /// Nox with one session, which has been run and ended so.
    fn after(code: i32) -> (Nox, Goes) {
        let gates = [Gate {
            name: "sessions".to_owned(),
            kind: Kind::Sessions(sessions::Sessions {
                names: vec!["tests".to_owned()],
                terms: Terms {
                    deadline: 1_000,
                    secrets: Vec::new(),
                },
            }),
            may_override: true,
        }];
        let search = nox::Search::little("/w".to_owned(), "/s".to_owned());
        let names = vec!["tests".to_owned()];
        let mut nox = Nox::new(search, "/s/nox-1".to_owned(), names, &gates);
        let logs = &mut Vec::new();
        assert!(!nox.on(&[exited(0, LIST)], logs).over);
        let effects = nox.effects();
        let Some(Effect::Run(run)) = effects.first() else {
            panic!("it is run")
        };
        assert_eq!(run.argv.last().map(String::as_str), Some("/s/nox-1-0.json"));
        let goes = nox.on(&[exited(code, "skipped: no database")], logs);
        (nox, goes)
    }

    #[test]
    fn a_session_that_ended_with_0_is_told_only_with_what_nox_reports_of_it() {
        let (mut nox, goes) = after(0);
        assert!(goes.told.is_empty() && !goes.over, "{goes:?}");
        let path = "/s/nox-1-0.json".to_owned();
        let limit = REPORT;
        assert_eq!(nox.effects(), [Effect::ReadFile { path, limit }]);
        let text = r#"{"sessions":[{"name":"tests","signatures":["tests"],"result":"skipped","reason":"no database"}]}"#;
        let text = text.to_owned();
        let goes = nox.on(&[Completion::Read { text }], &mut Vec::new());
        let Some((_, Ok(ended))) = goes.told.first() else {
            panic!("{goes:?}")
        };
        assert_eq!(
            ended.runs.first().map(|it| it.result.as_str()),
            Some("skipped")
        );
        assert!(goes.over);
    }

    #[test]
    fn without_a_report_nothing_is_known_of_a_session_that_ended_with_0() {
        for read in [
            Completion::Failed {
                fault: crate::protocol::Fault::NotFound,
                message: "there is no such file".to_owned(),
            },
            Completion::Read {
                text: "{\"sessions\":".to_owned(),
            },
        ] {
            let (mut nox, _) = after(0);
            let goes = nox.on(&[read], &mut Vec::new());
            assert!(matches!(goes.told.first(), Some((_, Err(_)))), "{goes:?}");
        }
        let (_, failed) = after(1);
        assert!(
            matches!(failed.told.first(), Some((_, Ok(ended))) if ended.code == 1),
            "{failed:?}"
        );
    }
}
