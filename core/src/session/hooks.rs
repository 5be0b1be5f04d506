//! Hooks: the user's own code, run here on the way of a rollout. It gets an environment that is listed, facts about the rollout,
//! the secrets that are named for it, and a deadline; what it says is in the report.

pub(super) mod plan;

use std::collections::BTreeMap;

use super::deciding::line_of;
use super::gating::running::Nox;
use super::request::Command;
use super::{Session, Tag};
use crate::config::{Hook, Override, Runs, Template};
use crate::gate::Verdict;
use crate::gate::sessions::judge_one;
use crate::ledger::{State, Unfinished};
use crate::protocol::{Completion, Content, Effect, Outcome};
use crate::release::nox;
use crate::report::{Log, ReleaseLine, duration, when};
use crate::rollout::{self, Action, ActionId, Form, Observation, Ran};
use crate::spec::Generation;
use crate::target::docker::Step;

/// The code of a run that does not begin a hook which is half done.
const UNFINISHED: &str = "hook-unfinished";

/// Milliseconds that looking for a program takes at most.
const LOOK: u64 = 30_000;

/// Characters of its last line.
const SAID: usize = 300;

/// A hook that runs.
#[derive(Debug)]
pub(super) struct Hooking {
    id: ActionId,
    /// Its place in the plan's list.
    at: usize,
    hook: Hook,
    /// What is run, for people.
    what: String,
    nox: Option<Box<Nox>>,
    /// Why it was ended from here.
    cut: Option<String>,
}

impl Session {
    /// The hooks of what is brought, in the order of the configuration. A rollback goes to what was proven here: what a hook did
    /// for it then is done, and what it would do now is another commit's code.
    pub(super) fn hooks(&self) -> Vec<rollout::Hook> {
        if self.request().command == Command::Rollback {
            return Vec::new();
        }
        let hooks = self.environment().hooks.iter();
        hooks
            .map(|hook| rollout::Hook {
                name: hook.name.clone(),
                place: hook.place,
                irreversible: hook.irreversible,
                retry: hook.retry,
                deadline: hook.terms.deadline,
            })
            .collect()
    }

    // --- running one ---------------------------------------------------------------------------------------------

    /// Begins the hook at this place of the plan's list.
    pub(super) fn run_hook(&mut self, id: ActionId, at: usize) {
        let hooks = &self.environment().hooks;
        let Some(hook) = hooks.get(at).cloned() else {
            let ran = Ran::Not("the configuration has no such hook any more".to_owned());
            return self.observe_act(id, &Action::Hook(at), Observation::Hooked(ran));
        };
        let (what, begun) = match &hook.runs {
            Runs::Command(argv) => self.command_of_hook(&hook, argv),
            Runs::Session(session) => (
                format!("nox --session {session}"),
                Ok((Vec::new(), Some(self.nox_of_hook(&hook, session)))),
            ),
        };
        let (name, most) = (&hook.name, duration(hook.terms.deadline));
        self.info(format!("the hook `{name}` begins: {what}, {most} at most"));
        let (effects, nox) = match begun {
            Ok(begun) => begun,
            Err(why) => {
                let ran = Ran::Not(why);
                return self.observe_act(id, &Action::Hook(at), Observation::Hooked(ran));
            }
        };
        let effects = nox.as_ref().map_or(effects, |nox| nox.effects());
        self.hooking = Some(Hooking {
            id,
            at,
            hook,
            what,
            nox,
            cut: None,
        });
        self.call(Tag::Hook, effects.into_iter().map(Step::strict).collect());
    }

    fn command_of_hook(&self, hook: &Hook, argv: &[Template]) -> (String, Begun) {
        let facts = self.facts_of_image();
        let filled = argv.iter().map(|it| Template::filled(it, &facts));
        let argv: Vec<String> = match filled.collect::<Result<_, _>>() {
            Ok(argv) => argv,
            Err(why) => return (hook.name.clone(), Err(why)),
        };
        let what = argv.first().cloned().unwrap_or_default();
        // What the shell says of a program that is not there, a program may say of itself: so it is looked for first.
        let look = [
            "sh",
            "-c",
            "cd \"$1\" && command -v -- \"$2\"",
            "sh",
            &self.begin.workspace,
            &what,
        ];
        let look = look.map(str::to_owned).to_vec();
        let look = nox::foreign(look, LOOK, &[]);
        let argv = nox::in_tree(&self.begin.workspace, argv, &[]);
        let mut run = nox::foreign(argv, hook.terms.deadline, &hook.terms.secrets);
        run.env.extend(self.told_to_hooks(hook));
        (what, Ok((vec![Effect::Run(look), Effect::Run(run)], None)))
    }

    fn nox_of_hook(&self, hook: &Hook, session: &str) -> Box<Nox> {
        let (workspace, scratch) = (self.begin.workspace.clone(), self.begin.scratch.clone());
        let reports = format!("{scratch}/hook-{}", hook.name);
        let search = nox::Search::little(workspace, scratch);
        let terms = BTreeMap::from([(session.to_owned(), hook.terms.clone())]);
        let mut nox = Nox::of(search, reports, vec![session.to_owned()], terms);
        nox.tell(self.told_to_hooks(hook));
        Box::new(nox)
    }

    /// What a hook finds in its environment about the rollout.
    fn told_to_hooks(&self, hook: &Hook) -> BTreeMap<String, Content> {
        let wanted = self.wanted.as_ref();
        let plan = self.rollout.as_ref().map(rollout::Rollout::plan);
        let old = plan.and_then(|plan| plan.old.as_ref());
        let before = old.and_then(|old| self.docker().releases.get(&old.generation));
        let service = self.config.as_ref().map(|it| it.service.clone());
        let facts = [
            ("CD_HOOK", Some(hook.name.clone())),
            ("CD_SERVICE", service),
            ("CD_ENVIRONMENT", Some(self.environment().name.clone())),
            ("CD_VERSION", wanted.map(|it| it.version.clone())),
            ("CD_REVISION", wanted.and_then(|it| it.revision.clone())),
            ("CD_IMAGE", wanted.map(crate::spec::Release::reference)),
            ("CD_DIGEST", wanted.map(|it| it.digest.clone())),
            ("CD_PREVIOUS_VERSION", before.map(|it| it.version.clone())),
            ("CD_PREVIOUS_DIGEST", before.map(|it| it.digest.clone())),
        ];
        let text = |text: Option<String>| Content::Text {
            text: text.unwrap_or_default(),
        };
        let facts = facts.into_iter();
        facts
            .map(|(name, it)| (name.to_owned(), text(it)))
            .collect()
    }

    /// A step of it is over.
    pub(super) fn on_hook(&mut self, done: &[Completion]) {
        let Some(mut hooking) = self.hooking.take() else {
            return;
        };
        self.said_by_hook(&hooking.hook.name, done);
        let ran = match hooking.nox.as_mut() {
            None if done.len() < 2 => match hooking.cut.take() {
                Some(why) => Ran::Not(format!("it was left out: {why}")),
                None => not_found(&hooking.what, done.last()),
            },
            None => ran(&hooking.what, done.last()),
            Some(nox) => {
                let ran_at_all = nox.runs();
                let goes = nox.on(done, &mut Vec::new());
                match goes.told.into_iter().next() {
                    None => {
                        let steps = nox.effects().into_iter().map(Step::strict).collect();
                        self.hooking = Some(hooking);
                        return self.call(Tag::Hook, steps);
                    }
                    Some((_, Ok(ended))) if ended.code == 0 => {
                        let session = hooking.what.trim_start_matches("nox --session ");
                        judged(&judge_one(session, &ended))
                    }
                    Some((_, Ok(_))) => ran(&hooking.what, done.last()),
                    Some((_, Err(missing))) if ran_at_all => Ran::Cut(missing.why),
                    Some((_, Err(missing))) => Ran::Not(missing.why),
                }
            }
        };
        // What ends while it is told to stop has not ended by itself.
        let ran = match ran {
            Ran::Failed(why) if self.cancelled || hooking.cut.is_some() => Ran::Cut(why),
            ran => ran,
        };
        self.observe_act(
            hooking.id,
            &Action::Hook(hooking.at),
            Observation::Hooked(ran),
        );
    }

    fn said_by_hook(&mut self, name: &str, done: &[Completion]) {
        let Some(
            Completion::Exited { stdout, stderr, .. } | Completion::TimedOut { stdout, stderr },
        ) = done.last()
        else {
            return;
        };
        let text = format!("{stdout}{stderr}");
        if !text.trim().is_empty() {
            let instance = format!("the hook `{name}`");
            self.said.push(Log { instance, text });
        }
    }

    /// Ends the hook that runs, but for one that has no way back: that has the time that there is.
    pub(super) fn cut_hook(&mut self, why: &str) {
        let spared = self
            .rollout
            .as_ref()
            .is_some_and(rollout::Rollout::is_at_no_return);
        let Some(hooking) = self.hooking.as_mut().filter(|_| !spared) else {
            return;
        };
        hooking.cut = Some(why.to_owned());
        let name = hooking.hook.name.clone();
        self.info(format!("the hook `{name}` is ended: {why}"));
        self.calls.abort(|tag| matches!(tag, Tag::Hook));
    }

    // --- before anything is begun --------------------------------------------------------------------------------

    /// Whether all hooks may be begun; else the run has ended. A plan says so and goes on.
    pub(super) fn hooks_may_begin(&mut self, state: &State, plan: &rollout::Plan) -> bool {
        let half = plan.steps().into_iter().filter_map(|step| match step {
            rollout::Step::Hook(at) => state.half_done(&plan.hooks.get(at)?.name).cloned(),
            rollout::Step::Begin
            | rollout::Step::Withdraw { .. }
            | rollout::Step::Start { .. }
            | rollout::Step::Join
            | rollout::Step::Prove
            | rollout::Step::Wait
            | rollout::Step::Shift(_)
            | rollout::Step::Pause
            | rollout::Step::Bake
            | rollout::Step::Commit => None,
        });
        let half: Vec<Unfinished> = half.collect();
        if half.is_empty() {
            return true;
        }
        let told: Vec<String> = half.iter().map(in_words).collect();
        if self.request().command == Command::Plan {
            self.report.troubles.extend(told);
            return true;
        }
        if !self.overrides(Override::Hook) {
            let next = vec![
                "see how far it got, and put right by hand what is half done".to_owned(),
                "then run this again with `override: hook` and a `reason`: it is begun anew"
                    .to_owned(),
            ];
            self.finish(Outcome::Rejected, UNFINISHED, told, next);
            return false;
        }
        let (now, reason) = (self.now, self.request().reason.clone().unwrap_or_default());
        if let Some(memory) = self.memory.as_mut() {
            memory.overridden(now, Override::Hook.word(), &reason);
        }
        let told = told
            .iter()
            .map(|it| format!("{it}; that was overridden: {reason}"));
        self.report.troubles.extend(told);
        true
    }

    // --- past a point of no return -------------------------------------------------------------------------------

    /// What is to serve by the ledger, in a line.
    pub(super) fn serves_by(&self, state: &State) -> Option<(Generation, ReleaseLine)> {
        if let Some(stands) = &state.stands {
            let (generation, release) = stands.generation.zip(stands.release.as_ref())?;
            return Some((generation, line_of(release, Some(generation), None)));
        }
        let good = state.serving()?;
        let line = line_of(&good.release, Some(good.generation), Some(good.since));
        Some((good.generation, line))
    }

    /// What stands past a point of no return, in a line; `None`: what was committed last serves.
    pub(super) fn stands_in_words(&self) -> Option<String> {
        let state = self.memory.as_ref()?.ledger.state();
        let stands = state.stands.as_ref()?;
        let has = match self.form() {
            Form::Server => "has the traffic",
            Form::Worker => "works",
        };
        let what = match (&stands.release, stands.generation) {
            (Some(release), Some(generation)) => {
                format!("{} ({generation}) {has}", release.version)
            }
            (None, Some(generation)) => format!("{generation} {has}"),
            (_, None) => format!("nothing {has}"),
        };
        let hook = state.points.first().map(|it| it.hook.as_str());
        Some(format!(
            "{what} since {} without having been proven: the point of no return `{}` was passed, so nothing was undone",
            when(stands.since),
            hook.unwrap_or_default()
        ))
    }
}

type Begun = Result<(Vec<Effect>, Option<Box<Nox>>), String>;

/// It was looked for, and nothing has begun.
fn not_found(what: &str, completion: Option<&Completion>) -> Ran {
    let looked = matches!(completion, Some(Completion::Exited { code: Some(_), .. }));
    Ran::Not(if looked {
        format!("there is no program `{what}` where the working tree is")
    } else {
        format!("nobody could say in time whether there is a program `{what}`")
    })
}

/// How a command ended. A shell's words for a signal are none of its own.
fn ran(what: &str, completion: Option<&Completion>) -> Ran {
    match completion {
        Some(Completion::Exited { code: Some(0), .. }) => Ran::Well,
        Some(Completion::Exited {
            code: Some(code @ 129..=192),
            ..
        }) => Ran::Cut(format!("`{what}` was ended by a signal ({code})")),
        Some(Completion::Exited {
            code: Some(code),
            stdout,
            stderr,
            ..
        }) => {
            let last = last_line(stderr).or_else(|| last_line(stdout));
            let said = last.map_or_else(String::new, |last| format!(": {last}"));
            Ran::Failed(format!("`{what}` ended with {code}{said}"))
        }
        Some(Completion::Exited { signal, .. }) => {
            let signal = signal.as_deref().unwrap_or("a signal");
            Ran::Cut(format!("`{what}` was ended by {signal}"))
        }
        Some(Completion::TimedOut { .. }) => Ran::Cut(format!(
            "`{what}` did not end in its time, and was ended with its process group"
        )),
        Some(Completion::Failed { message, .. }) => {
            Ran::Not(format!("`{what}` cannot be run: {message}"))
        }
        Some(_) | None => Ran::Not(format!("`{what}` cannot be run")),
    }
}

fn last_line(text: &str) -> Option<String> {
    let last = text.lines().rfind(|line| !line.trim().is_empty())?;
    Some(last.trim().chars().take(SAID).collect())
}

/// Nox ends with 0 where it skipped what it was to run: what was not done has not ended well.
fn judged(judgement: &crate::gate::Judgement) -> Ran {
    match judgement.verdict {
        Verdict::Pass => Ran::Well,
        Verdict::Fail | Verdict::Pending { .. } | Verdict::Unknown { .. } => {
            let because = judgement.because.iter().map(|it| it.text.clone());
            Ran::Failed(because.collect::<Vec<_>>().join("; "))
        }
    }
}

fn in_words(it: &Unfinished) -> String {
    let why = it.why.as_deref();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    format!(
        "the hook `{}` was begun for {} on {}, and nobody knows how far it got{why}",
        it.hook,
        it.generation,
        when(it.since)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Fault;

    fn exited(code: Option<i32>) -> Completion {
        Completion::Exited {
            code,
            signal: None,
            stdout: "one\n".to_owned(),
            stderr: "two\n\n".to_owned(),
        }
    }

    #[test]
    fn only_0_is_well_and_only_what_ended_by_itself_has_said_no() {
        let (stdout, stderr) = (String::new(), String::new());
        let never = Completion::Failed {
            fault: Fault::NotFound,
            message: "there is no such program".to_owned(),
        };
        let rows = [
            (exited(Some(0)), "well"),
            (exited(Some(1)), "failed"),
            (exited(Some(128)), "failed"),
            (exited(Some(255)), "failed"),
            (exited(Some(143)), "cut"),
            (exited(None), "cut"),
            (Completion::TimedOut { stdout, stderr }, "cut"),
            (never, "not"),
        ];
        for (completion, expected) in rows {
            let word = match ran("migrate", Some(&completion)) {
                Ran::Well => "well",
                Ran::Failed(_) => "failed",
                Ran::Cut(_) => "cut",
                Ran::Not(_) => "not",
            };
            assert_eq!(word, expected, "{completion:?}");
        }
    }

    #[test]
    fn a_failure_is_told_with_its_last_words() {
        let ran = ran("migrate", Some(&exited(Some(3))));
        assert_eq!(ran.trouble(), Some("`migrate` ended with 3: two"));
    }
}
