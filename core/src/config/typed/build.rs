//! What a release is built of, and how it is tagged.

use super::super::raw::{self, At};
use super::super::{Build, DockerBuild, name};
use super::{Read, Reader, Reported, Wrong, code, without_nul};
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

    pub(super) fn build(&mut self, at: Option<&At<raw::Build>>) -> Read<Option<Build>> {
        let (Some(at), Some(raw)) = (at, self.map(at)?) else {
            return Ok(None);
        };
        if raw.nox.is_some() || raw.podman.is_some() {
            return Err(Reported); // by the checker: it is not there yet
        }
        let Some(docker) = self.map(raw.docker.as_ref())? else {
            let mistake = Wrong::new(code::MISSING_KEY, "`build` does not say what builds")
                .help("add `docker: {}` for a Dockerfile in the working tree");
            return Err(self.report_key(at.node, mistake));
        };
        self.docker_build(docker)
            .map(|build| Some(Build::Docker(build)))
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
