//! A run's effects and words, without a shell: who is asked what, and what comes of every answer.

use std::collections::BTreeMap;

use super::*;
use crate::protocol::Content;

/// A run and what it has given out so far.
struct Run {
    session: Session,
    said: Vec<Emit>,
    effects: Vec<(EffectId, Effect)>,
    aborted: Vec<EffectId>,
    done: Option<(Outcome, u8)>,
}

impl Run {
    /// An action on a push of a tag; `more` are variables and inputs (in lower case) beside that.
    fn action(more: &[(&str, &str)]) -> Self {
        let event = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_REF", "refs/tags/v1.2.3"),
            ("GITHUB_SHA", "860c1904a1ce19322e91ac35af1ab07466440c37"),
            ("GITHUB_REPOSITORY", "o/r"),
            ("GITHUB_SERVER_URL", "https://github.com"),
        ];
        let all = event.iter().chain(more);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let (env, inputs) = all
            .map(owned)
            .partition(|(name, _): &(String, String)| name.chars().all(|c| !c.is_lowercase()));
        Self::begun(Begin {
            platform: Platform::Actions,
            env,
            inputs,
            ..begin()
        })
    }

    fn command_line(words: &[&str]) -> Self {
        let words = [COMMAND].iter().chain(words);
        Self::begun(Begin {
            argv: words.map(|word| (*word).to_owned()).collect(),
            ..begin()
        })
    }

    fn begun(begin: Begin) -> Self {
        let mut run = Self {
            session: Session::new(),
            said: Vec::new(),
            effects: Vec::new(),
            aborted: Vec::new(),
            done: None,
        };
        run.handle(Input::Begin(Box::new(begin)));
        run
    }

    fn handle(&mut self, input: Input) {
        let now = Timestamp(1_578_616_200_000);
        assert_eq!(self.session.handle(now, input), Ok(()));
        loop {
            match self.session.poll() {
                Output::Effect { id, effect } => self.effects.push((id, effect)),
                Output::Abort { id } => self.aborted.push(id),
                Output::Emit { emit } => self.said.push(emit),
                Output::Idle { .. } => return,
                Output::Done { outcome, exit_code } => {
                    self.done = Some((outcome, exit_code));
                    return;
                }
            }
        }
    }

    /// Answers the first effect that is under way.
    fn answer(&mut self, completion: Completion) -> Effect {
        let (id, effect) = self.effects.remove(0);
        self.handle(Input::Completed { id, completion });
        effect
    }

    /// Answers every effect by a rule, until the run is over.
    fn answer_all(&mut self, rule: impl Fn(&Effect) -> Completion) {
        while let Some((_, effect)) = self.effects.first() {
            let completion = rule(effect);
            self.answer(completion);
        }
    }

    fn outputs(&self) -> BTreeMap<&str, &str> {
        let outputs = self.said.iter().filter_map(|emit| match emit {
            Emit::Output { name, value } => Some((name.as_str(), value.as_str())),
            _ => None,
        });
        outputs.collect()
    }

    fn annotations(&self) -> Vec<(&str, &str)> {
        let annotations = self.said.iter().filter_map(|emit| match emit {
            Emit::Annotation { title, message, .. } => Some((title.as_str(), message.as_str())),
            _ => None,
        });
        annotations.collect()
    }
}

fn begin() -> Begin {
    Begin {
        scratch: "/temp/cd-action-AbC123".to_owned(),
        reports: "/temp/cd-action".to_owned(),
        ..Begin::default()
    }
}

fn written(effect: &Effect) -> Completion {
    match effect {
        Effect::WriteFile { .. } => Completion::Written,
        Effect::Run(_) => exited(128, "", "fatal: not a git repository"),
        Effect::ReadFile { .. }
        | Effect::Fetch(_)
        | Effect::FindUnset { .. }
        | Effect::Fingerprint { .. } => {
            panic!("it asks for {effect:?}")
        }
    }
}

fn exited(code: i32, stdout: &str, stderr: &str) -> Completion {
    Completion::Exited {
        code: Some(code),
        signal: None,
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
    }
}

const RULE: (&str, &str) = ("tags", "type=semver,pattern={{version}}");

#[test]
fn a_push_of_a_tag_asks_for_five_files_and_nothing_else() {
    let mut run = Run::action(&[RULE, ("images", "acme/app")]);
    let paths: Vec<&str> = run
        .effects
        .iter()
        .map(|(_, effect)| match effect {
            Effect::WriteFile {
                path,
                durable: false,
                ..
            } => path.as_str(),
            other => panic!("it asks for {other:?}"),
        })
        .collect();
    let folder = "/temp/cd-action/metadata-AbC123";
    assert_eq!(paths.len(), 5);
    assert!(
        paths.iter().all(|path| path.starts_with(folder)),
        "{paths:?}"
    );
    assert_eq!(
        run.outputs(),
        BTreeMap::new(),
        "not before the files are there"
    );
    run.answer_all(written);
    assert_eq!(run.done, Some((Outcome::Shown, 0)));
    assert_eq!(run.outputs()["tags"], "acme/app:1.2.3\nacme/app:latest");
    let bake = format!("{folder}/docker-metadata-action-bake.json");
    assert_eq!(run.outputs()["bake-file"], bake);
    assert_eq!(run.outputs().len(), 10);
}

#[test]
fn a_command_line_has_one_place_for_its_files() {
    let run = Run::command_line(&["--tags", "x"]);
    assert!(
        matches!(run.effects.first(), Some((_, Effect::Run(_)))),
        "git"
    );
    let mut run = run;
    run.answer_all(|effect| match effect {
        Effect::WriteFile { path, .. } => {
            assert!(path.starts_with("/temp/cd-action/metadata/"), "{path}");
            Completion::Written
        }
        other => written(other),
    });
    assert_eq!(run.done, Some((Outcome::Shown, 0)));
}

#[test]
fn mistakes_are_one_for_a_runner_and_three_for_a_command_line() {
    let action = Run::action(&[("tags", "type=sha\ntype=foo"), ("images", "A:b")]);
    assert_eq!(action.done, Some((Outcome::Invalid, 1)));
    let expected = [
        (
            "images, line 1",
            "`a:b` is no name of an image: [host[:port]/]path, without tag or digest",
        ),
        ("tags, line 2", "Unknown tag type attribute: foo"),
    ];
    assert_eq!(action.annotations(), expected);
    let mut typed = Run::command_line(&["--tags", "type=foo"]);
    typed.answer_all(written);
    assert_eq!(typed.done, Some((Outcome::Invalid, 3)));
    assert_eq!(
        Run::command_line(&["--nope"]).done,
        Some((Outcome::Invalid, 3))
    );
}

#[test]
fn an_events_file_that_is_missing_is_a_note_and_a_broken_one_a_failure() {
    let path = ("GITHUB_EVENT_PATH", "/event.json");
    let failed = |fault| Completion::Failed {
        fault,
        message: "words".to_owned(),
    };
    let mut run = Run::action(&[RULE, path]);
    run.answer(failed(Fault::NotFound));
    run.answer_all(written);
    assert_eq!(run.done, Some((Outcome::Shown, 0)));
    let mut denied = Run::action(&[RULE, path]);
    denied.answer(failed(Fault::Denied));
    assert_eq!(denied.done, Some((Outcome::Failed, 1)));
    let mut broken = Run::action(&[RULE, path]);
    broken.answer(Completion::Read {
        text: "{".to_owned(),
    });
    assert_eq!(broken.done, Some((Outcome::Failed, 1)));
    assert_eq!(broken.annotations().len(), 1);
}

#[test]
fn files_that_cannot_be_written_fail_the_run_before_it_says_outputs() {
    let mut run = Run::action(&[RULE]);
    run.answer(Completion::Failed {
        fault: Fault::Denied,
        message: "EACCES".to_owned(),
    });
    assert_eq!(run.done, Some((Outcome::Failed, 1)));
    assert_eq!(run.outputs(), BTreeMap::new());
}

#[test]
fn what_is_checked_out_decides_with_context_git() {
    let mut run = Run::action(&[("tags", "type=ref,event=branch"), ("context", "git")]);
    assert_eq!(run.effects.len(), 2);
    run.answer(exited(0, "e1\n2023-01-01T00:00:00Z\nHEAD\n", ""));
    run.answer(exited(1, "", ""));
    assert_eq!(run.effects.len(), 2, "HEAD is detached: branches and tags");
    run.answer(exited(0, "refs/remotes/origin/topic\n", ""));
    run.answer(exited(0, "", ""));
    run.answer_all(written);
    assert_eq!(run.outputs()["version"], "topic");
    assert_eq!(run.done, Some((Outcome::Shown, 0)));
}

#[test]
fn where_git_has_no_commit_its_own_words_tell_why() {
    let mut run = Run::action(&[RULE, ("context", "git")]);
    let words = "fatal: detected dubious ownership in repository at '/work'\nTo add an exception, call:\n\n\tgit config …\n";
    run.answer(exited(128, "", words));
    run.answer(exited(128, "", words));
    assert_eq!(run.done, Some((Outcome::Invalid, 1)));
    let told = run.annotations();
    let [(_, message)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        message.ends_with("git says: fatal: detected dubious ownership in repository at '/work'"),
        "{message}"
    );
}

#[test]
fn a_remotes_password_never_leaves_the_child() {
    let run = Run::command_line(&["--tags", "x"]);
    let remote = run.effects.iter().find_map(|(_, effect)| match effect {
        Effect::Run(run) if run.argv.join(" ").contains("remote") => Some(run),
        _ => None,
    });
    let remote = remote.expect("a checkout of nobody's is asked where it comes from");
    assert!(
        remote
            .argv
            .join(" ")
            .contains("sed 's|//[^/]*@|//|; s|[?#].*||'")
    );
    assert!(
        remote
            .env
            .values()
            .all(|value| matches!(value, Content::Text { .. }))
    );
}

#[test]
fn a_run_that_is_cancelled_ends_what_is_under_way_and_says_nothing_more() {
    let mut run = Run::action(&[RULE, ("context", "git")]);
    run.handle(Input::Cancel { grace: 7_500 });
    assert_eq!(run.aborted.len(), 2);
    assert_eq!(run.done, None, "what is under way still completes");
    run.answer_all(|_| Completion::Exited {
        code: None,
        signal: Some("SIGTERM".to_owned()),
        stdout: String::new(),
        stderr: String::new(),
    });
    assert_eq!(run.done, Some((Outcome::Cancelled, 1)));
    assert_eq!(
        (run.outputs(), run.annotations()),
        (BTreeMap::new(), vec![])
    );
}

#[test]
fn what_the_contract_does_not_allow_is_a_misuse() {
    let now = Timestamp(0);
    let mut session = Session::new();
    assert_eq!(session.handle(now, Input::Tick), Err(Misuse::NotBegun));
    let Run {
        mut session,
        effects,
        ..
    } = Run::action(&[RULE]);
    let again = Input::Begin(Box::default());
    assert_eq!(session.handle(now, again), Err(Misuse::NotBegun));
    let completed = |id, completion| Input::Completed { id, completion };
    let nobody = EffectId(99);
    assert_eq!(
        session.handle(now, completed(nobody, Completion::Written)),
        Err(Misuse::UnknownEffect(nobody))
    );
    let (id, _) = effects[0];
    assert_eq!(
        session.handle(now, completed(id, Completion::Opened)),
        Err(Misuse::WrongCompletion(id))
    );
    let mut over = Run::command_line(&["--help"]);
    assert_eq!(over.done, Some((Outcome::Shown, 0)));
    assert_eq!(over.session.handle(now, Input::Tick), Err(Misuse::Over));
}
