//! Going back: every version that was proven here is a candidate, with a verdict.

use std::collections::BTreeMap;

use super::{Session, Tag};
use crate::config::Override;
use crate::ledger::State;
use crate::protocol::{Completion, Outcome};
use crate::rollback::{self, Selection, Verdict};
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
        let wanted = self.request().version.clone();
        // One is left as long as anything of it is there, paused or ended by itself as it may be; by name it is also gone to where
        // it is not whole.
        let serves = |it: Generation| {
            if wanted.is_some() {
                self.serves(it)
            } else {
                self.is_there(it)
            }
        };
        let serving = match &state.stands {
            Some(stands) => stands.release.clone(),
            None => state
                .serving()
                .filter(|it| serves(it.generation))
                .map(|it| it.release.clone()),
        };
        // What was not named was not meant: the next best version may be one that cannot work any more.
        let across = wanted.is_some() && self.overrides(Override::NoReturn);
        let secrets = self
            .fingerprints
            .iter()
            .map(|(name, print)| (name.clone(), print.is_some()))
            .collect();
        let candidates = |images: &BTreeMap<String, bool>| {
            rollback::candidates(
                &state,
                serving.as_ref(),
                wanted.as_deref(),
                images,
                &secrets,
                across,
            )
        };
        if let Some(reference) = self.to_be_fetched(&candidates) {
            self.info(format!("fetching {reference}"));
            let steps = self.fetch_image(&reference);
            return self.call(Tag::GoodImage(reference), steps);
        }
        let selection = candidates(&self.good_images);
        let chosen = selection.chosen().cloned();
        let verdicts = || selection.candidates.iter().map(|it| &it.verdict);
        let denied = verdicts().any(is_denied);
        let serves_and_nothing_is_denied = !denied && verdicts().any(|it| *it == Verdict::Serves);
        self.report.candidates = Some(selection);
        match (chosen, serving) {
            (Some(good), _) => {
                self.goes_across(&state, good.generation);
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
            (None, Some(serving)) if serves_and_nothing_is_denied => {
                let because = vec![format!(
                    "{} serves, and is known-good; there is nothing else to go back to",
                    serving.version
                )];
                self.finish(Outcome::Unchanged, "already-known-good", because, vec![]);
            }
            (None, _) => self.no_target(wanted.as_deref()),
        }
    }
}

/// What `choose_good` asks: every candidate with its verdict, if these images are there.
type Candidates<'a> = dyn Fn(&BTreeMap<String, bool>) -> Selection + 'a;

impl Session {
    /// The image that would be chosen if it were here, and that nobody has tried to fetch.
    fn to_be_fetched(&self, candidates: &Candidates<'_>) -> Option<String> {
        let good = &self.memory().ledger.state().known_good;
        let untried = good
            .iter()
            .map(|it| &it.release)
            .filter(|it| !it.local && !self.fetched.contains(&it.digest));
        let mut hoped = self.good_images.clone();
        hoped.extend(untried.map(|it| (it.digest.clone(), true)));
        let chosen = candidates(&hoped).chosen().cloned()?.release;
        let missing = self.good_images.get(&chosen.digest) != Some(&true);
        missing.then(|| chosen.reference())
    }

    /// A person goes back across a point of no return: that is recorded.
    fn goes_across(&mut self, state: &State, generation: Generation) {
        let Some(point) = state.point_since(generation) else {
            return;
        };
        let (now, reason) = (self.now, self.request().reason.clone().unwrap_or_default());
        if self.leased
            && let Some(memory) = self.memory.as_mut()
        {
            memory.overridden(now, Override::NoReturn.word(), &reason);
        }
        let (hook, version) = (&point.hook, &point.version);
        self.report.troubles.push(format!(
            "this goes back across the point of no return `{hook}` of {version}, which was overridden: {reason}"
        ));
    }

    fn no_target(&mut self, wanted: Option<&str>) {
        let because = vec![match wanted {
            Some(wanted) => format!("`{wanted}` cannot be gone back to"),
            None => "there is nothing to go back to".to_owned(),
        }];
        let candidates = self.report.candidates.iter().flat_map(|it| &it.candidates);
        let past = candidates
            .map(|it| &it.verdict)
            .any(|it| matches!(it, Verdict::PastNoReturn { .. }));
        let across = "to go across a point of no return all the same, name the version and add `override: no-return` with a `reason`";
        let next = ["every version that was proven here is listed, with why not"].into_iter();
        let next = next.chain(past.then_some(across));
        let next = next.map(str::to_owned).collect();
        self.finish(Outcome::Rejected, "no-target", because, next);
    }

    pub(super) fn on_good_image(&mut self, reference: String, done: &[Completion]) {
        let read = self.docker_mut().read_image(done);
        if let Err(trouble) = &read
            && self.logs_in(&reference, trouble)
        {
            let steps = self.fetch_image(&reference);
            return self.call(Tag::GoodImage(reference), steps);
        }
        let digest = reference
            .split_once('@')
            .map(|(_, digest)| digest.to_owned())
            .unwrap_or_default();
        self.good_images.insert(digest.clone(), read.is_ok());
        self.fetched.insert(digest);
        self.choose_good();
    }
}

fn line_hash(state: &State, generation: Generation) -> String {
    state
        .release_of(generation)
        .map(|it| it.config_hash.clone())
        .unwrap_or_default()
}

/// Whether it would be possible, if something were otherwise that can be.
const fn is_denied(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::ImageMissing
            | Verdict::SecretsMissing { .. }
            | Verdict::Quarantined { .. }
            | Verdict::PastNoReturn { .. }
    )
}
