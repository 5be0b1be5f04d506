//! Which of two is newer: what is to be deployed, or what was brought here last.

use std::collections::BTreeMap;

use super::{Session, Tag};
use crate::ledger::{Sequence, State};
use crate::protocol::{Completion, Content, Effect, Outcome, Run};
use crate::spec::Release;

impl Session {
    /// Whether what serves is younger: asked of git where both revisions are known.
    pub(super) fn ask_git(&mut self, state: &State, wanted: &Release) {
        let theirs = self.newest_here(state).and_then(|it| it.revision);
        match (wanted.revision.clone(), theirs) {
            (Some(ours), Some(theirs)) if ours != theirs && is_sha(&ours) && is_sha(&theirs) => {
                let argv = [
                    "git",
                    "-C",
                    &self.begin.workspace,
                    "merge-base",
                    "--is-ancestor",
                    &ours,
                    &theirs,
                ];
                let run = Run {
                    argv: argv.iter().map(|word| (*word).to_owned()).collect(),
                    env: BTreeMap::from([(
                        "GIT_TERMINAL_PROMPT".to_owned(),
                        Content::Text {
                            text: "0".to_owned(),
                        },
                    )]),
                    inherit: vec!["PATH".to_owned(), "HOME".to_owned()],
                    timeout: 10_000,
                    output_limit: 4096,
                    ..Run::default()
                };
                self.effect(Tag::Ancestor, Effect::Run(run));
            }
            (Some(ours), Some(theirs)) if ours == theirs => self.go(&state.clone()),
            _ => self.compare_runs(&state.clone()),
        }
    }

    pub(super) fn on_ancestor(&mut self, done: &[Completion]) {
        let state = self
            .memory
            .as_ref()
            .map(|it| it.ledger.state().clone())
            .unwrap_or_default();
        match done.first() {
            Some(Completion::Exited { code: Some(0), .. }) => {
                self.superseded("its revision is a descendant of this one")
            }
            Some(Completion::Exited { code: Some(1), .. }) => self.go(&state),
            Some(_) | None => self.compare_runs(&state),
        }
    }

    /// Where git cannot tell, the number of the run does, within one workflow.
    fn compare_runs(&mut self, state: &State) {
        let ours = self.facts.sequence(None);
        let theirs = self.newest_here(state).unwrap_or_default();
        let comparable = |a: &Sequence, b: &Sequence| {
            a.workflow.is_some() && a.workflow == b.workflow && a.repository == b.repository
        };
        match (ours.run_number, theirs.run_number) {
            (Some(number), Some(serving)) if comparable(&ours, &theirs) && number < serving => {
                self.superseded(&format!(
                    "run {serving} of this workflow brought it, and this is run {number}"
                ));
            }
            (Some(_), Some(_)) if comparable(&ours, &theirs) => self.go(state),
            _ => {
                if state.serving().is_some() {
                    self.report.troubles.push("neither git nor run numbers can tell whether what serves is newer: allowed".to_owned());
                }
                self.go(state);
            }
        }
    }

    /// The place in the order of what was brought here last: what waits for a person, else what serves.
    fn newest_here(&self, state: &State) -> Option<Sequence> {
        if let Some((open, _)) = self.candidate() {
            return Some(open.sequence());
        }
        let serving = state.serving()?;
        if let Some(stands) = &state.stands
            && let Some(release) = &stands.release
        {
            let sequence = stands.sequence.clone();
            return Some(Sequence {
                revision: release.revision.clone(),
                ..sequence.unwrap_or_else(|| serving.sequence.clone())
            });
        }
        let revision = serving.sequence.revision.clone();
        Some(Sequence {
            revision: revision.or_else(|| serving.release.revision.clone()),
            ..serving.sequence.clone()
        })
    }

    fn superseded(&mut self, why: &str) {
        if let Some(waits) = self.waits_in_words() {
            let because = vec![format!("{waits}, and is newer: {why}")];
            let next = vec![format!("{} puts it away", self.command("abort"))];
            return self.finish(Outcome::Superseded, "newer-waits", because, next);
        }
        let served = self.serves_by(self.memory().ledger.state());
        let generation = served.as_ref().map(|(generation, _)| *generation);
        let serving = served.map(|(_, line)| line.version).unwrap_or_default();
        if !generation.is_some_and(|it| self.runs(it)) {
            let because = vec![format!(
                "{serving} is newer ({why}), and no instance of it runs: nothing serves"
            )];
            let next = vec![self.started_again(&serving)];
            return self.finish(Outcome::Failed, "newer-is-gone", because, next);
        }
        let because = vec![format!("{serving} serves, and is newer: {why}")];
        self.finish(
            Outcome::Superseded,
            "newer-serves",
            because,
            vec!["to go back to an older version on purpose, use `rollback`".to_owned()],
        );
    }
}

fn is_sha(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
