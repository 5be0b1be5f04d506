//! Going back: every version that was proven here is a candidate, with a verdict.

use super::{Session, Tag};
use crate::ledger::State;
use crate::protocol::{Completion, Outcome};
use crate::rollback;
use crate::spec::Generation;
use crate::target::docker::Step;

impl Session {
    pub(super) fn look_at_good_images(&mut self) {
        let good = self.memory().ledger.state().known_good.clone();
        let steps: Vec<Step> = good
            .iter()
            .flat_map(|it| self.docker().image(&it.release.reference(), false))
            .map(|step| Step {
                tolerated: &[""],
                ..step
            })
            .collect();
        self.call(Tag::GoodImages, steps);
    }

    pub(super) fn on_good_images(&mut self, done: &[Completion]) {
        let good = self.memory().ledger.state().known_good.clone();
        for (good, completion) in good.iter().zip(done) {
            let here = self
                .docker_mut()
                .read_image(std::slice::from_ref(completion))
                .is_ok();
            self.good_images.insert(good.release.digest.clone(), here);
        }
        if good.iter().any(|it| !it.release.spec.secrets.is_empty()) {
            return self.keep_key();
        }
        self.choose_good();
    }

    pub(super) fn choose_good(&mut self) {
        let state = self.memory().ledger.state().clone();
        let serving = state
            .serving()
            .filter(|it| self.serves(it.generation))
            .map(|it| it.release.clone());
        let secrets = self
            .fingerprints
            .iter()
            .map(|(name, print)| (name.clone(), print.is_some()))
            .collect();
        let wanted = self.request().version.clone();
        let selection = rollback::candidates(
            &state,
            serving.as_ref(),
            wanted.as_deref(),
            &self.good_images,
            &secrets,
        );
        let chosen = selection.chosen().cloned();
        self.report.candidates = Some(selection);
        match (chosen, serving) {
            (Some(good), _) => {
                let mut release = good.release;
                release.config_hash = self.hash(&release.spec);
                if release.config_hash != line_hash(&state, good.generation) {
                    self.report.troubles.push(format!(
                        "{} runs with secrets of today: they were rotated since it was proven",
                        release.version
                    ));
                }
                self.wanted = Some(release);
                self.decide();
            }
            (None, Some(serving))
                if wanted
                    .as_ref()
                    .is_none_or(|wanted| *wanted == serving.version) =>
            {
                let because = vec![format!(
                    "{} serves, and is known-good; there is nothing else to go back to",
                    serving.version
                )];
                self.finish(Outcome::Unchanged, "already-known-good", because, vec![]);
            }
            (None, _) => {
                let because = vec![match wanted {
                    Some(wanted) => format!("`{wanted}` cannot be gone back to"),
                    None => "there is nothing to go back to".to_owned(),
                }];
                let next =
                    vec!["every version that was proven here is listed, with why not".to_owned()];
                self.finish(Outcome::Rejected, "no-target", because, next);
            }
        }
    }
}

fn line_hash(state: &State, generation: Generation) -> String {
    state
        .release_of(generation)
        .map(|it| it.config_hash.clone())
        .unwrap_or_default()
}
