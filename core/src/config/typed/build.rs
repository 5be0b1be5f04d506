//! What a release is built of, and how it is tagged.

use super::super::raw::{self, At};
use super::super::{Build, DockerBuild, Mirror, NoxBuild, name};
use super::{Read, Reader, Reported, Wrong, code, one_line, without_nul};
use crate::tag;

/// The Dockerfile where the configuration names none.
const FILE: &str = "Dockerfile";

impl Reader<'_> {
    /// The rules are read here only to find what is wrong with them; what they make depends on the event.
    pub(super) fn tags(&mut self, at: Option<&At<String>>) -> Read<Option<String>> {
        let Some(at) = at else {
            return Ok(None);
        };
        let rules = self.scalar(at, |text| Ok(text.to_owned()))?;
        let mistakes = tag::mistakes(&rules);
        for mistake in &mistakes {
            let wrong = Wrong::new(code::TAG, mistake.message.clone());
            let found = mistake.entry.as_ref().map(|entry| format!("`{entry}`"));
            self.report(at.node, wrong.found(found));
        }
        if mistakes.is_empty() {
            Ok(Some(rules))
        } else {
            Err(Reported)
        }
    }

    /// One name twice would be two logins for one place.
    pub(super) fn mirrors(
        &mut self,
        at: Option<&At<Vec<At<raw::Mirror>>>>,
        image: Option<&At<String>>,
    ) -> Read<Vec<Mirror>> {
        let mut known: Vec<String> = image
            .map(|at| self.document.spot(at.node).written.clone())
            .into_iter()
            .collect();
        let mirrors = self.items(at, |reader, _, at| {
            let raw = reader.map(Some(at))?.ok_or(Reported)?;
            let image = reader.optional(raw.image.as_ref(), name::image_name);
            let registry = reader.registry(raw.registry.as_ref());
            let image = image?.ok_or(Reported)?;
            if known.contains(&image) {
                let mistake = Wrong::new(code::CONFLICT, "this repository is named twice");
                return Err(reader.report_key(at.node, mistake.help("leave one of them out")));
            }
            known.push(image.clone());
            Ok(Mirror {
                image,
                registry: registry?,
            })
        });
        mirrors.map(Option::unwrap_or_default)
    }

    pub(super) fn build(&mut self, at: Option<&At<raw::Build>>) -> Read<Option<Build>> {
        let (Some(at), Some(raw)) = (at, self.map(at)?) else {
            return Ok(None);
        };
        let nox = self.optional(raw.nox.as_ref(), session);
        let produces = self.optional(raw.produces.as_ref(), name::image_reference);
        let docker = self.map(raw.docker.as_ref());
        let podman = self.map(raw.podman.as_ref());
        let (docker, podman) = (docker?, podman?);
        let wrong = wrong_makers(
            [docker.is_some(), podman.is_some(), raw.nox.is_some()],
            raw.produces.is_some(),
        );
        let wrong = wrong.map(|mistake| self.report_key(at.node, mistake));
        // What stands below them is read all the same, so that all its mistakes are told.
        let docker = docker.map(|raw| self.docker_build(raw)).transpose();
        let podman = podman.map(|raw| self.docker_build(raw)).transpose();
        let docker = docker?.map(Build::Docker);
        let podman = podman?.map(Build::Podman);
        let (nox, produces) = (nox?, produces?);
        let nox = nox.map(|session| Build::Nox(NoxBuild { session, produces }));
        match wrong {
            Some(reported) => Err(reported),
            None => Ok(docker.or(podman).or(nox)),
        }
    }

    fn docker_build(&mut self, raw: &raw::DockerBuild) -> Read<DockerBuild> {
        let context = self.or(raw.context.as_ref(), String::new(), name::path_inside);
        let file = self.or(raw.file.as_ref(), FILE.to_owned(), name::file_inside);
        let args = self.templates(raw.args.as_ref(), name::variable, without_nul)?;
        let early = args
            .values()
            .filter_map(|arg| Some((arg, arg.too_early()?)));
        let early: Vec<_> = early
            .map(|(arg, mistake)| mistake.at(arg.origin.clone()))
            .collect();
        if !early.is_empty() {
            self.mistakes.extend(early);
            return Err(Reported);
        }
        Ok(DockerBuild {
            context: context?,
            file: file?,
            args,
        })
    }
}

/// What is wrong with what is to build: docker, podman or nox, and whether `produces` is there.
fn wrong_makers(makers: [bool; 3], produces: bool) -> Option<Wrong> {
    let [docker, podman, nox] = makers;
    match (
        usize::from(docker) + usize::from(podman) + usize::from(nox),
        nox,
    ) {
        (1, true) => None,
        (1, false) if !produces => None,
        (0, _) if !produces => Some(
            Wrong::new(code::MISSING_KEY, "`build` does not say what builds")
                .help("add `docker: {}` for a Dockerfile in the working tree"),
        ),
        (0 | 1, _) => Some(
            Wrong::new(code::CONFLICT, "`produces` is for `nox`")
                .help("name the session with `nox`"),
        ),
        (_, _) => {
            let problem = "more than one of `docker`, `podman` and `nox` is to build it";
            Some(Wrong::new(code::CONFLICT, problem).help("leave all but one out"))
        }
    }
}

/// A session's name; nox could take one that begins with `-` for an option.
pub(super) fn session(text: &str) -> Result<String, Wrong> {
    one_line(text)?;
    if text.is_empty() || text.starts_with('-') {
        return Err(Wrong::new(code::NAME, "this is no name of a session"));
    }
    Ok(text.to_owned())
}
