//! How the image is made: with `docker build` or `podman build`, or by a session of the project's own noxfile.
//!
//! Either way it ends as an image of this engine under its first name, with the labels that say what it is. A session need not
//! know of that: it is told in its environment which name and labels are wanted, and where it names the image as it likes
//! (`produces`), the labels are laid over what it has made. That it has made it now, and not on another day, is seen by
//! the moment at which the engine gave the image its name: before the session and after it. From then on it is known by its id.

use std::collections::BTreeMap;

use super::engine::{Building, Engine, Maker, read_build, trouble};
use super::nox::{self, Nox};
use crate::protocol::{Completion, Effect};
use crate::registry::Trouble;

/// A session that makes the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noxing {
    /// Its name.
    pub session: String,
    /// What it calls the image; `None`: what it is told to.
    pub produces: Option<String>,
}

/// What the image is made of.
#[derive(Clone, Debug)]
pub enum Recipe {
    /// A Dockerfile, by whichever command line.
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
    /// Which image had the name, and since when, before the session.
    before: Option<String>,
    /// The image that the session has made, by its id: another build on this engine may take the name at any time.
    made: Option<String>,
}

/// What is found out or done at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Maker,
    Building,
    Before,
    Session,
    After,
    Naming,
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
            before: None,
            made: None,
        }
    }

    /// What has made the image; `None`: nothing yet.
    #[must_use]
    pub fn words(&self, nox: &Nox) -> Option<String> {
        match (&self.recipe, self.stage) {
            (_, Stage::Maker) => None,
            (Recipe::Docker, _) => Some(self.maker?.words().to_owned()),
            (Recipe::Nox(noxing), _) => Some(format!(
                "the nox session {}, with {}",
                noxing.session,
                nox.words()
            )),
        }
    }

    /// Whether a session makes it.
    #[must_use]
    pub const fn is_noxs(&self) -> bool {
        match self.recipe {
            Recipe::Docker => false,
            Recipe::Nox(_) => true,
        }
    }

    /// What the image is called on the engine.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.building.reference
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
            Stage::Maker
            | Stage::Building
            | Stage::Before
            | Stage::After
            | Stage::Naming
            | Stage::Labelling => match self.maker {
                Some(Maker::Podman) => "podman build",
                Some(Maker::BuildKit | Maker::Classic) | None => "docker build",
            },
            Stage::Session => "nox",
        }
    }

    /// What to do now.
    #[must_use]
    pub fn effects(&self, engine: &Engine, nox: &Nox) -> Vec<Effect> {
        let maker = self.maker.unwrap_or(Maker::Classic);
        let noxing = match &self.recipe {
            Recipe::Docker => None,
            Recipe::Nox(noxing) => Some(noxing),
        };
        match (self.stage, noxing) {
            (Stage::Maker, _) => vec![engine.find_maker()],
            (Stage::Building, _) => vec![engine.build(maker, &self.building)],
            (Stage::Before | Stage::After, _) => vec![engine.named_at(self.produced())],
            (Stage::Session, Some(noxing)) => {
                vec![Effect::Run(nox.run(&noxing.session, told(&self.building)))]
            }
            (Stage::Naming, _) => {
                let made = self.made.as_deref().unwrap_or_else(|| self.produced());
                vec![engine.name(made, &self.building.reference)]
            }
            (Stage::Labelling, _) => vec![engine.label(maker, &self.building)],
            (Stage::Session, None) => Vec::new(),
        }
    }

    /// Takes in what came of it.
    #[must_use]
    pub fn on(&mut self, engine: &Engine, done: &[Completion]) -> Made {
        match self.step(engine, done) {
            Ok(Some(stage)) => {
                self.stage = stage;
                Made::More
            }
            Ok(None) => Made::Done,
            Err(trouble) => Made::Failed(trouble),
        }
    }

    fn step(&mut self, engine: &Engine, done: &[Completion]) -> Result<Option<Stage>, Trouble> {
        let last = done.last();
        let next = match self.stage {
            Stage::Maker => {
                self.maker = Some(engine.read_maker(last)?);
                match &self.recipe {
                    Recipe::Docker => Stage::Building,
                    Recipe::Nox(_) => Stage::Before,
                }
            }
            Stage::Building | Stage::Labelling => return read_build(last).map(|()| None),
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
                let id = after.as_deref().and_then(|it| it.split_whitespace().next());
                self.made = id.map(str::to_owned);
                Stage::Naming
            }
            Stage::Naming => {
                read_build(last)?;
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

/// What a session is told in its environment.
fn told(building: &Building) -> BTreeMap<&'static str, String> {
    let labels: Vec<String> = building
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={}", value.replace('\n', " ")))
        .collect();
    let mut told = BTreeMap::from([
        ("CD_IMAGE", building.reference.clone()),
        ("CD_IMAGE_TAGS", building.tags.join("\n")),
        ("CD_IMAGE_LABELS", labels.join("\n")),
        ("CD_VERSION", building.version.clone()),
        ("CD_REVISION", building.revision.clone()),
    ]);
    if let Some(date) = building.date {
        told.insert("SOURCE_DATE_EPOCH", (date.0 / 1000).to_string());
    }
    told
}

/// Which image has a name, and since when; `None`: there is none.
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
    use super::super::engine::Program;
    use super::*;

    fn said(code: i32, stdout: &str, stderr: &str) -> Completion {
        Completion::Exited {
            code: Some(code),
            signal: None,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    fn making() -> (Making, Engine, Nox) {
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
            program: Program::Docker,
            scratch: "/s".to_owned(),
            settings: None,
            logins: BTreeMap::new(),
        };
        let nox = Nox::new("/w".to_owned(), "/s".to_owned(), Vec::new());
        (Making::new(Recipe::Nox(noxing), building), engine, nox)
    }

    fn code(made: &Made) -> &'static str {
        match made {
            Made::Failed(trouble) => trouble.code,
            Made::More | Made::Done => "",
        }
    }

    /// Goes through the answers in order, and gives the last one's.
    fn through(answers: &[Completion]) -> (Made, Making) {
        let (mut making, engine, nox) = making();
        let mut last = Made::More;
        for answer in answers {
            assert_eq!(last, Made::More);
            assert!(!making.effects(&engine, &nox).is_empty());
            last = making.on(&engine, std::slice::from_ref(answer));
        }
        (last, making)
    }

    #[test]
    fn a_session_makes_the_image_and_it_is_labelled() {
        let answers = [
            said(1, "", "'buildx' is not a docker command"),
            said(1, "", "Error: No such image: tasks:latest"),
            said(0, "", "Session build-container was successful"),
            said(0, "sha256:1 \"2026-11-26T10:00:00Z\"", ""),
            said(0, "", ""),
            said(0, "", ""),
        ];
        let (made, making) = through(&answers);
        assert_eq!(made, Made::Done);
        let (_, _, nox) = self::making();
        let words = making.words(&nox).expect("it was made");
        assert_eq!(words, "the nox session build-container, with nox");
    }

    #[test]
    fn what_a_session_has_made_is_labelled_by_its_id_whatever_has_its_name_by_then() {
        let (mut making, engine, nox) = making();
        for answer in [
            said(1, "", "'buildx' is not a docker command"),
            said(0, "sha256:1 \"2026-11-25T10:00:00Z\"", ""),
            said(0, "", ""),
            said(0, "sha256:2 \"2026-11-26T10:00:00Z\"", ""),
        ] {
            assert_eq!(making.on(&engine, &[answer]), Made::More);
        }
        let argv = |making: &Making| match making.effects(&engine, &nox).pop() {
            Some(Effect::Run(run)) => (run.argv.join(" "), run.stdin),
            other => panic!("{other:?}"),
        };
        assert_eq!(argv(&making).0, "docker tag -- sha256:2 r/a:1");
        assert_eq!(making.on(&engine, &[said(0, "", "")]), Made::More);
        let text = "FROM r/a:1\n".to_owned();
        assert_eq!(argv(&making).1, Some(crate::protocol::Stdin::Text { text }));
    }

    #[test]
    fn an_image_of_another_day_is_not_taken_for_todays() {
        let named = said(0, "sha256:1 \"2026-11-25T10:00:00Z\"", "");
        let begin = [said(0, "", "")];
        let rest = [named.clone(), said(0, "", ""), named];
        let (made, _) = through(&[begin.as_slice(), &rest].concat());
        assert_eq!(code(&made), "not-made");
    }
}
