//! The end of a run: what goes back, what is written, and what is said.

use super::deciding::line_of;
use super::request::Command;
use super::{Session, Tag};
use crate::protocol::{Completion, Content, Effect, Emit, Level, Outcome, Platform};
use crate::report::ReleaseLine;
use crate::rollout::{End, Rollout};
use crate::spec::Generation;
use crate::target::docker::Step;

impl Session {
    /// The run ends so. What it holds is given back first.
    pub(super) fn finish(
        &mut self,
        outcome: Outcome,
        reason: &str,
        because: Vec<String>,
        next: Vec<String>,
    ) {
        self.report.outcome = outcome;
        reason.clone_into(&mut self.report.reason);
        self.report.because = because;
        self.report.next = next;
        self.ending = true;
        self.again = None;
        self.look_again = None;
        self.calls.abort(Tag::looks);
        if self.leased && !self.in_doubt {
            self.leased = false;
            self.emit(Emit::State {
                name: "open".to_owned(),
                value: "0".to_owned(),
            });
            let memo = self
                .memory
                .as_ref()
                .map(super::Memory::leftover)
                .unwrap_or_default();
            let steps = self.docker().release(&memo);
            return self.call(Tag::Released, steps);
        }
        self.close();
    }

    /// The time is up: what is known is said, and the rest is left to whoever comes next, who finds the lease and the
    /// checkpoint as they are.
    pub(super) fn give_up(&mut self, rollout: &Rollout) {
        let mut end = rollout.end_when_given_up();
        end.because.push(format!(
            "the run was asked to stop, and the engine did not answer in time (while {})",
            rollout.phase()
        ));
        self.leased = false;
        self.report
            .left
            .extend(end.left.iter().map(ToString::to_string));
        self.conclude(&end);
    }

    /// The rollout ended so.
    pub(super) fn conclude(&mut self, end: &End) {
        let rollback = self
            .request
            .as_ref()
            .is_some_and(|it| it.command == Command::Rollback);
        let outcome = match end.outcome {
            Outcome::Deployed if rollback => Outcome::Restored,
            Outcome::Restored if self.cancelled => Outcome::Cancelled,
            other => other,
        };
        // Whoever took over decides what serves.
        let mine = end.outcome != Outcome::Busy;
        self.report.serving = self.serving_at(end).filter(|_| mine);
        let because = if end.because.is_empty() {
            self.evidence()
        } else {
            end.because.clone()
        };
        self.report.outcome = outcome;
        self.report.reason.clone_from(&end.reason);
        self.report.because = because;
        if self.refused && matches!(outcome, Outcome::Failed | Outcome::Stranded) {
            self.report.next = self.renew_router();
        }
        self.ending = true;
        match outcome {
            Outcome::Deployed | Outcome::Restored | Outcome::RolledBack
                if !self.cancelled && self.some_image_may_go(outcome) =>
            {
                let steps = self.docker().kept_images();
                self.call(Tag::Kept, steps);
            }
            _ => self.close(),
        }
    }

    /// What serves at the end of a rollout.
    pub(super) fn serving_at(&self, end: &End) -> Option<ReleaseLine> {
        let serving = end
            .serving
            .and_then(|it| Some((it, self.docker().releases.get(&it)?.clone())));
        let committed = self
            .memory
            .as_ref()
            .and_then(|it| it.ledger.state().serving().cloned());
        let since = committed
            .filter(|it| Some(it.generation) == end.serving)
            .map(|it| it.since);
        let known = serving.map(|(it, release)| line_of(&release, Some(it), since));
        // What served before is known better, down to when it was proven; but only where that very one serves.
        let before = self.report.before.clone().filter(|before| {
            let generation = end.serving.map(|it| it.to_string());
            before.generation.is_some() && before.generation == generation
        });
        before.or(known)
    }

    fn evidence(&self) -> Vec<String> {
        self.report
            .decisions
            .last()
            .map(|decision| decision.because.clone())
            .unwrap_or_default()
    }

    /// A deploy that went well lets an image go only where it pushed an older one out of the known-good, or where what was begun
    /// before it came to nothing.
    fn some_image_may_go(&self, outcome: Outcome) -> bool {
        let good = &self.memory().ledger.state().known_good;
        let newest = good.iter().map(|it| it.generation.0).max().unwrap_or(1);
        let follows = newest == 1 || good.iter().any(|it| it.generation.0 + 1 == newest);
        outcome != Outcome::Deployed || good.len() >= 10 || !follows
    }

    /// Images that no rollback can go back to lose the tag that kept them.
    pub(super) fn on_kept(&mut self, done: &[Completion]) {
        let kept = self.docker().read_kept(done);
        let state = self.memory().ledger.state();
        let needed = |it: &Generation| {
            state.known_good.iter().any(|good| good.generation == *it)
                || *it > state.generation
                || self
                    .docker()
                    .instances
                    .keys()
                    .any(|id| id.generation == *it)
        };
        let gone: Vec<Generation> = kept.into_iter().filter(|it| !needed(it)).collect();
        let steps = self.docker().let_go(&gone);
        self.call(Tag::LetGo, steps);
    }

    /// Everything is done: the report is written, then told.
    pub(super) fn close(&mut self) {
        if self.tells_the_end() || self.begin_proof() {
            return;
        }
        self.report.ended = self.now;
        self.report.advise();
        self.report.ledger_head = self
            .memory
            .as_ref()
            .map(|memory| memory.ledger.head().to_owned());
        let command = if self.report.command.is_empty() {
            "run"
        } else {
            self.report.command.as_str()
        };
        let path = format!(
            "{}/report-{command}-{}.json",
            self.begin.reports, self.report.began.0
        );
        self.report.path.clone_from(&path);
        // A plan is also written as what can be said about a pull request.
        let comment = (command == "plan" && self.report.outcome == Outcome::Shown)
            .then(|| format!("{}/plan-{}.md", self.begin.reports, self.report.began.0));
        let file = |path: String, text: String| {
            Step::strict(Effect::WriteFile {
                path,
                content: Content::Text { text },
                mode: 0o644,
                durable: true,
            })
        };
        let report = file(path, self.report.json());
        let comment = comment.map(|path| {
            self.comment.clone_from(&path);
            file(path, self.report.comment())
        });
        let steps = std::iter::once(report).chain(comment).collect();
        self.call(Tag::Written, steps);
    }

    pub(super) fn say_goodbye(&mut self, done: &[Completion]) {
        if let Some(Completion::Failed { .. }) = done.get(1) {
            self.comment.clear();
        }
        if let Some(Completion::Failed { message, .. }) = done.first() {
            self.comment.clear();
            self.report
                .troubles
                .push(format!("the report could not be written: {message}"));
            self.report.path.clear();
        }
        let json = self.request.as_ref().is_some_and(|request| request.json);
        self.say_outputs();
        // Logs are said once: folded away where there is a runner to fold them.
        let runner = self.begin.platform != Platform::CommandLine;
        let mut told = self.report.clone();
        if runner {
            told.logs.clear();
        }
        let text = told.text();
        for log in self.report.logs.clone().into_iter().filter(|_| runner) {
            self.emit(Emit::Group {
                title: format!("last lines of {}", log.instance),
            });
            self.emit(Emit::Relay { text: log.text });
            self.emit(Emit::EndGroup);
        }
        let fails = self
            .request
            .as_ref()
            .is_some_and(|request| request.fail_on_held);
        let post = self.begin.platform == Platform::ActionsPost;
        // Whoever holds the lease now puts right what the main step left: that is no failure of this one.
        let overtaken = post && self.report.outcome == Outcome::Busy;
        let exit_code = if overtaken {
            0
        } else {
            self.report.outcome.exit_code(fails)
        };
        if let Some((title, message)) = self.report.annotation()
            && self.begin.platform != Platform::CommandLine
            && self.report.outcome != Outcome::Invalid
            && !overtaken
        {
            let (file, line, column) = (None, None, None);
            self.emit(Emit::Annotation {
                level: loudness(exit_code),
                title,
                message,
                file,
                line,
                column,
            });
        }
        self.emit(Emit::Log {
            level: if exit_code == 0 {
                Level::Info
            } else {
                Level::Error
            },
            text,
        });
        self.emit(Emit::Summary {
            markdown: self.report.markdown(),
        });
        if json {
            self.emit(Emit::Answer {
                json: self.report.json(),
            });
        }
        self.done = Some((self.report.outcome, exit_code));
    }

    fn say_outputs(&mut self) {
        let report = &self.report;
        let wanted = report.wanted.clone();
        let of =
            |f: fn(&ReleaseLine) -> &String| wanted.as_ref().map(f).cloned().unwrap_or_default();
        let published = report.published.as_ref();
        let of = |f: fn(&ReleaseLine) -> &String, g: fn(&crate::report::Published) -> &String| {
            published.map(g).cloned().unwrap_or_else(|| of(f))
        };
        let tags = published.map(crate::report::Published::tags);
        let hashes = published.map(crate::report::Published::hashes);
        let plan = report
            .plan
            .as_ref()
            .and_then(|plan| serde_json::to_string(plan).ok())
            .unwrap_or_default();
        let stop = report.stop.as_ref();
        let stop = stop.and_then(|stop| serde_json::to_string(stop).ok());
        let outputs = [
            ("outcome", report.outcome.word().to_owned()),
            ("reason", report.reason.clone()),
            ("version", of(|it| &it.version, |it| &it.version)),
            ("image", of(|it| &it.image, |it| &it.image)),
            ("digest", of(|it| &it.digest, |it| &it.digest)),
            (
                "previous-digest",
                report
                    .before
                    .as_ref()
                    .map(|it| it.digest.clone())
                    .unwrap_or_default(),
            ),
            ("tags", tags.unwrap_or_default()),
            ("hashes", hashes.unwrap_or_default()),
            ("url", report.url.clone().unwrap_or_default()),
            ("stop", stop.unwrap_or_default()),
            ("report", report.path.clone()),
            ("plan", plan),
            ("comment", self.comment.clone()),
        ];
        for (name, value) in outputs {
            self.emit(Emit::Output {
                name: name.to_owned(),
                value,
            });
        }
    }
}

/// How loud the annotation of a run is: one that ended well has something to say all the same.
const fn loudness(exit_code: u8) -> Level {
    match exit_code {
        0 => Level::Warning,
        _ => Level::Error,
    }
}
