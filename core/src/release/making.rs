//! How the image is made: with `docker build`, or by a session of the project's own noxfile.
//!
//! Either way it ends as an image of this engine under its first name, with the labels that say what it is. A session need not
//! know of that: it is told in its environment which name and labels are wanted, and where it names the image as it likes
//! (`produces`), the labels are laid over what it has made. That it has made it now, and not on another day, is seen by
//! the moment at which the engine gave the image its name: before the session and after it.

use super::engine::{Building, Engine, Maker, read_build, read_maker, trouble};
use super::nox::{self, Noxing};
use crate::protocol::{Completion, Effect};
use crate::registry::Trouble;

/// What the image is made of.
#[derive(Clone, Debug)]
pub enum Recipe {
    /// A Dockerfile.
    Docker,
    /// A session of the noxfile.
    Nox(Noxing),
}

/// An image that is being made.
#[derive(Clone, Debug)]
pub struct Making {
    recipe: Recipe,
    building: Building,
    stage: Stage,
    maker: Option<Maker>,
    /// Which of the ways to nox is taken.
    way: usize,
    /// When the image got its name, before the session.
    before: Option<String>,
}

/// What is found out or done at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Maker,
    Building,
    FindingNox,
    Listing,
    Before,
    Session,
    After,
    Labelling,
}

/// What came of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// There is more to do.
    More,
    /// The image is there.
    Done,
    /// It is not.
    Failed(Trouble),
}

impl Making {
    /// Nothing is made yet.
    #[must_use]
    pub const fn new(recipe: Recipe, building: Building) -> Self {
        Self {
            recipe,
            building,
            stage: Stage::Maker,
            maker: None,
            way: 0,
            before: None,
        }
    }

    /// What has made the image; `None`: nothing yet.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match (&self.recipe, self.stage) {
            (_, Stage::Maker) | (Recipe::Nox(_), Stage::FindingNox) => None,
            (Recipe::Docker, _) => Some(self.maker?.words().to_owned()),
            (Recipe::Nox(noxing), _) => Some(format!(
                "the nox session {}, with {}",
                noxing.session,
                nox::words(self.way)
            )),
        }
    }

    /// The working tree.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.building.workspace
    }

    /// Who said what a failed stage said.
    #[must_use]
    pub const fn who(&self) -> &'static str {
        match self.stage {
            Stage::Maker | Stage::Building | Stage::Before | Stage::After | Stage::Labelling => {
                "docker build"
            }
            Stage::FindingNox | Stage::Listing | Stage::Session => "nox",
        }
    }

    /// What to do now.
    #[must_use]
    pub fn effects(&self, engine: &Engine) -> Vec<Effect> {
        let maker = self.maker.unwrap_or(Maker::Classic);
        let noxing = match &self.recipe {
            Recipe::Docker => None,
            Recipe::Nox(noxing) => Some(noxing),
        };
        match (self.stage, noxing) {
            (Stage::Maker, _) => vec![engine.find_maker()],
            (Stage::Building, _) => vec![engine.build(maker, &self.building)],
            (Stage::FindingNox, _) => nox::find(self.way, &engine.scratch),
            (Stage::Listing, _) => vec![nox::list(
                self.way,
                &engine.scratch,
                &self.building.workspace,
            )],
            (Stage::Before | Stage::After, _) => vec![engine.named_at(self.produced())],
            (Stage::Session, Some(noxing)) => {
                vec![nox::run(self.way, &engine.scratch, noxing, &self.building)]
            }
            (Stage::Labelling, _) => vec![engine.label(maker, &self.building, self.produced())],
            (Stage::Session, None) => Vec::new(),
        }
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, done: &[Completion]) -> Made {
        match self.step(done) {
            Ok(Some(stage)) => {
                self.stage = stage;
                Made::More
            }
            Ok(None) => Made::Done,
            Err(trouble) => Made::Failed(trouble),
        }
    }

    fn step(&mut self, done: &[Completion]) -> Result<Option<Stage>, Trouble> {
        let last = done.last();
        let next = match self.stage {
            Stage::Maker => {
                self.maker = Some(read_maker(last)?);
                match &self.recipe {
                    Recipe::Docker => Stage::Building,
                    Recipe::Nox(_) => Stage::FindingNox,
                }
            }
            Stage::Building | Stage::Labelling => return read_build(last).map(|()| None),
            Stage::FindingNox => {
                if nox::is_there(last) {
                    Stage::Listing
                } else {
                    self.way += 1;
                    if self.way >= nox::WAYS {
                        return Err(nox::missing(last));
                    }
                    Stage::FindingNox
                }
            }
            Stage::Listing => {
                if let Recipe::Nox(noxing) = &self.recipe {
                    nox::read_list(last, &noxing.session)?;
                }
                Stage::Before
            }
            Stage::Before => {
                self.before = read_named_at(last)?;
                Stage::Session
            }
            Stage::Session => {
                nox::read_run(last)?;
                Stage::After
            }
            Stage::After => {
                let after = read_named_at(last)?;
                if after.is_none() || after == self.before {
                    return Err(self.not_made(after.is_some()));
                }
                Stage::Labelling
            }
        };
        Ok(Some(next))
    }

    /// What the session calls the image.
    fn produced(&self) -> &str {
        match &self.recipe {
            Recipe::Nox(noxing) => noxing
                .produces
                .as_deref()
                .unwrap_or(&self.building.reference),
            Recipe::Docker => &self.building.reference,
        }
    }

    fn not_made(&self, there: bool) -> Trouble {
        let image = self.produced();
        let what = if there {
            "is older than this run: the session has not made it"
        } else {
            "is not there: `build.produces` says what the session calls its image"
        };
        Trouble::new("not-made", format!("the image `{image}` {what}"))
    }
}

/// When an image got its name; `None`: there is no such image.
fn read_named_at(completion: Option<&Completion>) -> Result<Option<String>, Trouble> {
    match completion {
        Some(Completion::Exited {
            code: Some(0),
            stdout,
            ..
        }) => Ok(Some(stdout.trim().to_owned())),
        other => {
            let found = trouble(other);
            if found.code == "not-built" {
                Ok(None)
            } else {
                Err(found)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn said(code: i32, stdout: &str, stderr: &str) -> Completion {
        Completion::Exited {
            code: Some(code),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    fn not_found() -> Completion {
        Completion::Failed {
            fault: crate::protocol::Fault::NotFound,
            message: "there is no program nox".to_owned(),
        }
    }

    fn making() -> (Making, Engine) {
        let building = Building {
            workspace: "/w".to_owned(),
            context: "/w".to_owned(),
            file: "/w/Dockerfile".to_owned(),
            args: BTreeMap::new(),
            labels: vec![("a".to_owned(), "b".to_owned())],
            tags: vec!["r/a:1".to_owned()],
            version: "1".to_owned(),
            revision: "c".repeat(40),
            date: None,
            reference: "r/a:1".to_owned(),
        };
        let noxing = Noxing {
            session: "build-container".to_owned(),
            produces: Some("tasks:latest".to_owned()),
        };
        let engine = Engine {
            scratch: "/s".to_owned(),
            settings: None,
            logins: BTreeMap::new(),
        };
        (Making::new(Recipe::Nox(noxing), building), engine)
    }

    const LIST: &str = "[{\"session\":\"build-container\",\"name\":\"build-container\"},{\"session\":\"tests-3.12\",\"name\":\"tests\"}]";

    fn code(made: &Made) -> &'static str {
        match made {
            Made::Failed(trouble) => trouble.code,
            Made::More | Made::Done => "",
        }
    }

    /// Goes through the answers in order, and gives the last one's.
    fn through(answers: &[Completion]) -> (Made, Making) {
        let (mut making, engine) = making();
        let mut last = Made::More;
        for answer in answers {
            assert_eq!(last, Made::More);
            assert!(!making.effects(&engine).is_empty());
            last = making.on(std::slice::from_ref(answer));
        }
        (last, making)
    }

    #[test]
    fn a_session_makes_the_image_and_it_is_labelled() {
        let answers = [
            said(1, "", "'buildx' is not a docker command"),
            said(0, "2026.10.20", ""),
            said(0, LIST, ""),
            said(1, "", "Error: No such image: tasks:latest"),
            said(0, "", "Session build-container was successful"),
            said(0, "\"2026-11-26T10:00:00Z\"", ""),
            said(0, "", ""),
        ];
        let (made, making) = through(&answers);
        assert_eq!(made, Made::Done);
        let words = making.words().expect("it was made");
        assert_eq!(words, "the nox session build-container, with nox");
    }

    #[test]
    fn an_image_of_another_day_is_not_taken_for_todays() {
        let named = said(0, "\"2026-11-25T10:00:00Z\"", "");
        let begin = [said(0, "", ""), said(0, "", ""), said(0, LIST, "")];
        let rest = [named.clone(), said(0, "", ""), named];
        let (made, _) = through(&[begin.as_slice(), &rest].concat());
        assert_eq!(code(&made), "not-made");
    }

    #[test]
    fn nox_is_looked_for_and_fetched_only_in_the_end() {
        let (mut making, engine) = making();
        let _ = making.on(&[said(0, "", "")]);
        let words = |effects: Vec<Effect>| {
            let runs = effects.into_iter().map(|effect| match effect {
                Effect::Run(run) => run.argv.join(" "),
                Effect::ReadFile { .. }
                | Effect::WriteFile { .. }
                | Effect::Fetch(_)
                | Effect::Fingerprint { .. } => String::new(),
            });
            runs.collect::<Vec<_>>()
        };
        assert_eq!(words(making.effects(&engine)), ["nox --version"]);
        assert_eq!(making.on(&[not_found()]), Made::More);
        assert_eq!(words(making.effects(&engine)), ["uvx nox --version"]);
        assert_eq!(making.on(&[not_found()]), Made::More);
        let fetched = words(making.effects(&engine));
        assert!(
            fetched
                .iter()
                .any(|it| it.contains("pip install") && it.contains("--target /s/uv"))
        );
        assert_eq!(
            fetched.last().map(String::as_str),
            Some("/s/uv/bin/uvx nox --version")
        );
        assert_eq!(code(&making.on(&[not_found()])), "nox-missing");
    }

    #[test]
    fn a_session_that_is_not_there_is_told_of_with_those_that_are() {
        let other = LIST.replace("build-container", "build-image");
        let (made, _) = through(&[said(0, "", ""), said(0, "", ""), said(0, &other, "")]);
        let Made::Failed(trouble) = made else {
            panic!("there is no such session")
        };
        assert_eq!(trouble.code, "no-session");
        assert!(
            trouble.text.contains("build-image, tests"),
            "{}",
            trouble.text
        );
    }
}
