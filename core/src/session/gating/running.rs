//! What runs here for gates: commands of the configuration, and sessions of the noxfile. It is the commit's code: it gets an
//! environment that is listed, the secrets that are named for it, and a deadline.

use std::collections::BTreeMap;

use crate::config::{Facts, Template};
use crate::gate::command::Terms;
use crate::gate::evidence::{Missing, Ran};
use crate::gate::{self, Gate, Kind};
use crate::protocol::{Completion, Effect, Run};
use crate::registry::Trouble;
use crate::release::nox;
use crate::report::Log;

/// Characters of its last line.
const SAID: usize = 300;

/// A command, and what it is for people.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) run: Run,
    pub(super) what: String,
}

/// Sessions, one after the other, in one way to nox.
#[derive(Debug)]
pub(super) struct Nox {
    search: nox::Search,
    /// Nox is there, and has all of them.
    ready: bool,
    names: Vec<String>,
    at: usize,
    terms: BTreeMap<String, Terms>,
}

/// What came of a stage of nox.
#[derive(Debug, Default)]
pub(super) struct Goes {
    pub(super) told: Vec<(String, Result<Ran, Missing>)>,
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
                "`{what}` did not end in its time, and was ended with all that it started"
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
    pub(super) fn new(search: nox::Search, names: Vec<String>, gates: &[Gate]) -> Self {
        let flat = gates.iter().flat_map(gate::flat);
        let sessions = flat.filter_map(|gate| match &gate.kind {
            Kind::Sessions(it) => Some(it),
            _ => None,
        });
        let terms = sessions.flat_map(|it| {
            let names = it.names.iter().cloned();
            names.map(|name| (name, it.terms.clone()))
        });
        Self {
            search,
            ready: false,
            names,
            at: 0,
            terms: terms.collect(),
        }
    }

    fn name(&self) -> &str {
        self.names.get(self.at).map_or("", String::as_str)
    }

    pub(super) fn effects(&self) -> Vec<Effect> {
        if !self.ready {
            return self.search.effects();
        }
        let name = self.name();
        let terms = self.terms.get(name);
        let argv = self.search.session(name);
        let run = terms.map(|it| nox::foreign(argv, it.deadline, &it.secrets));
        run.map(Effect::Run).into_iter().collect()
    }

    pub(super) fn on(&mut self, done: &[Completion], logs: &mut Vec<Log>) -> Goes {
        let mut goes = Goes::default();
        if self.ready {
            let name = self.name().to_owned();
            let told = ran(&format!("nox --session {name}"), done.last(), logs);
            goes.told.push((name, told));
            self.at += 1;
            goes.over = self.at >= self.names.len();
            return goes;
        }
        let read = match self.search.on(done) {
            nox::Found::More => return goes,
            nox::Found::Listed(list) => {
                let mut names = self.names.iter();
                names.try_for_each(|name| nox::read_list(&list, name))
            }
            nox::Found::Missing(trouble) => Err(trouble),
        };
        match read {
            Ok(()) => self.ready = true,
            Err(trouble) => self.give_up(&trouble, &mut goes),
        }
        goes
    }

    /// Nothing of it can be run.
    fn give_up(&self, trouble: &Trouble, goes: &mut Goes) {
        let missing = Missing::lasting(trouble.code, trouble.text.clone());
        let names = self.names.iter().cloned();
        goes.told
            .extend(names.map(|name| (name, Err(missing.clone()))));
        goes.over = true;
    }
}
