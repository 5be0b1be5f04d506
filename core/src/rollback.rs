//! Where a rollback goes: a function from the ledger's state and what is at hand to every candidate with its verdict.
//!
//! The target is the newest release that was *proven* here and that nothing speaks against; never "the one before".
//! What failed is not even a candidate, however recent it is: it is listed apart, so that people see why.
//!
//! A rollback leaves what served. A second one does not go back there by itself, or two of them would end where they
//! began; it goes there when told so by name.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::{KnownGood, Quarantined, State};
use crate::protocol::Timestamp;
use crate::spec::Release;

/// Every release that was proven here, and what is to be thought of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[must_use = "an unread selection explains nothing"]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Selection {
    /// The newest first. At most one is [`Verdict::Chosen`].
    pub candidates: Vec<Candidate>,
    /// What failed and never was good: no candidates, but people look for them.
    pub never_proven: Vec<Quarantined>,
}

/// A release to go back to, perhaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Candidate {
    /// What, and since when it is known to be good.
    pub known_good: KnownGood,
    /// Whether to go there.
    pub verdict: Verdict,
}

/// Whether to go back to a release, and why not. Of several reasons the first in this order is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[cfg_attr(
    feature = "generate",
    derive(ts_rs::TS),
    ts(rename = "CandidateVerdict")
)]
pub enum Verdict {
    /// Go there.
    Chosen,
    /// Another one was asked for by name.
    NotAsked,
    /// It serves now.
    Serves,
    /// It failed later on.
    Quarantined {
        /// When.
        since: Timestamp,
        /// A stable code.
        reason: String,
    },
    /// Its image is gone, or nobody could tell.
    ImageMissing,
    /// Some of its secrets are not set.
    SecretsMissing {
        /// Which.
        names: Vec<String>,
    },
    /// A rollback left it, and nobody asked for it by name.
    Left {
        /// When.
        since: Timestamp,
    },
    /// It is beyond a point of no return that was passed since: nothing goes back there without a person who says so.
    PastNoReturn {
        /// When that was passed.
        since: Timestamp,
        /// The hook that did.
        hook: String,
        /// What it was done for.
        version: String,
    },
    /// Nothing speaks against it, but a newer one is chosen.
    Older,
}

/// Lists where a rollback can go, and chooses.
///
/// `serving` is what was *observed* to serve ([`State::release_of`] its generation); `None`: nothing, or nothing that
/// is known. `wanted` is a version, a digest, an image reference or a generation (`g7`); where several releases bear
/// it, the newest of them that is possible is chosen, and none of the others. `images` tells by digest which images
/// exist here or can be fetched, `secrets` by name which ones are set; what they do not name is missing. `across`: a person
/// has said that a point of no return is no objection.
pub fn candidates(
    state: &State,
    serving: Option<&Release>,
    wanted: Option<&str>,
    images: &BTreeMap<String, bool>,
    secrets: &BTreeMap<String, bool>,
    across: bool,
) -> Selection {
    let circumstances = Circumstances {
        state,
        serving,
        wanted,
        images,
        secrets,
        across,
    };
    let mut is_chosen = false;
    let mut judge = |known_good: &KnownGood| {
        let verdict = match circumstances.objection(known_good) {
            Some(objection) => objection,
            None if is_chosen => Verdict::Older,
            None => Verdict::Chosen,
        };
        is_chosen |= verdict == Verdict::Chosen;
        Candidate {
            known_good: known_good.clone(),
            verdict,
        }
    };
    Selection {
        candidates: state.known_good.iter().map(&mut judge).collect(),
        never_proven: never_proven(state),
    }
}

impl Selection {
    /// Where to go; `None`: nowhere.
    #[must_use]
    pub fn chosen(&self) -> Option<&KnownGood> {
        let chosen = self
            .candidates
            .iter()
            .find(|it| it.verdict == Verdict::Chosen);
        chosen.map(|it| &it.known_good)
    }
}

fn never_proven(state: &State) -> Vec<Quarantined> {
    let was_good = |it: &Quarantined| state.known_good.iter().any(|good| it.is(&good.release));
    state
        .quarantine
        .iter()
        .filter(|it| !was_good(it))
        .cloned()
        .collect()
}

/// All that a verdict rests on.
struct Circumstances<'a> {
    state: &'a State,
    serving: Option<&'a Release>,
    wanted: Option<&'a str>,
    images: &'a BTreeMap<String, bool>,
    secrets: &'a BTreeMap<String, bool>,
    across: bool,
}

impl Circumstances<'_> {
    /// What speaks against going there.
    fn objection(&self, good: &KnownGood) -> Option<Verdict> {
        let release = &good.release;
        if self.wanted.is_some_and(|wanted| !is_called(good, wanted)) {
            return Some(Verdict::NotAsked);
        }
        if self.serving.is_some_and(|serving| serving.same_as(release)) {
            return Some(Verdict::Serves);
        }
        if let Some(Quarantined { since, reason, .. }) = self.state.quarantined(release) {
            return Some(Verdict::Quarantined {
                since: *since,
                reason: reason.clone(),
            });
        }
        let point = self.state.point_since(good.generation);
        if let Some(point) = point.filter(|_| !self.across) {
            return Some(Verdict::PastNoReturn {
                since: point.since,
                hook: point.hook.clone(),
                version: point.version.clone(),
            });
        }
        if !is_there(self.images, &release.digest) {
            return Some(Verdict::ImageMissing);
        }
        let names = self.missing_secrets(release);
        if !names.is_empty() {
            return Some(Verdict::SecretsMissing { names });
        }
        let left = good.left.filter(|_| self.wanted.is_none());
        left.map(|since| Verdict::Left { since })
    }

    fn missing_secrets(&self, release: &Release) -> Vec<String> {
        let names = release.spec.secrets.keys();
        names
            .filter(|name| !is_there(self.secrets, name))
            .cloned()
            .collect()
    }
}

/// No answer is no.
fn is_there(answers: &BTreeMap<String, bool>, name: &str) -> bool {
    answers.get(name).copied().unwrap_or(false)
}

fn is_called(good: &KnownGood, wanted: &str) -> bool {
    let release = &good.release;
    release.version == wanted
        || release.digest == wanted
        || release.reference() == wanted
        || good.generation.to_string() == wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::fixtures::{Shelf, ended, hooked, origin, reconfigured, release};
    use crate::ledger::{Command, How, Point, Sequence};
    use crate::protocol::Outcome;
    use crate::spec::Generation;

    /// A ledger, and a world in which every image and every secret is there.
    struct Case {
        shelf: Shelf,
        images: BTreeMap<String, bool>,
        secrets: BTreeMap<String, bool>,
    }

    impl Case {
        /// Deploys these, in this order.
        fn of(versions: &[&str]) -> Self {
            let mut shelf = Shelf::new();
            for version in versions {
                shelf.good(Command::Deploy, &release(version));
            }
            let mut case = Self {
                shelf,
                images: BTreeMap::new(),
                secrets: BTreeMap::new(),
            };
            for version in versions.iter().map(|it| release(it)) {
                case.images.insert(version.digest, true);
                case.secrets
                    .extend(version.spec.secrets.into_keys().map(|name| (name, true)));
            }
            case
        }

        fn select(&self, wanted: Option<&str>) -> Selection {
            let state = self.shelf.ledger.state();
            let serving = state.serving().map(|it| &it.release);
            candidates(state, serving, wanted, &self.images, &self.secrets, false)
        }

        /// The version that is chosen.
        fn target(&self, wanted: Option<&str>) -> Option<String> {
            self.select(wanted)
                .chosen()
                .map(|it| it.release.version.clone())
        }

        fn verdicts(&self, wanted: Option<&str>) -> Vec<(String, Verdict)> {
            let candidates = self.select(wanted).candidates.into_iter();
            candidates
                .map(|it| (it.known_good.release.version, it.verdict))
                .collect()
        }
    }

    fn verdict(version: &str, verdict: Verdict) -> (String, Verdict) {
        (version.to_owned(), verdict)
    }

    #[test]
    fn goes_to_the_newest_known_good_that_does_not_serve() {
        let case = Case::of(&["1", "2", "3"]);
        assert_eq!(
            case.verdicts(None),
            [
                verdict("3", Verdict::Serves),
                verdict("2", Verdict::Chosen),
                verdict("1", Verdict::Older),
            ]
        );
    }

    #[test]
    fn goes_nowhere_where_nothing_was_proven_but_what_serves() {
        assert_eq!(Case::of(&[]).select(None).candidates, []);
        assert_eq!(Case::of(&["1"]).target(None), None);
    }

    #[test]
    fn goes_to_the_last_committed_one_where_it_does_not_serve_any_more() {
        let case = Case::of(&["1", "2"]);
        let state = case.shelf.ledger.state();
        for observed in [None, Some(&release("unknown")), Some(&reconfigured("2"))] {
            let selection = candidates(state, observed, None, &case.images, &case.secrets, false);
            assert_eq!(
                selection.chosen().map(|it| it.generation),
                Some(Generation(2))
            );
        }
    }

    #[test]
    fn passes_over_what_failed_and_lists_it_apart() {
        let mut case = Case::of(&["1"]);
        case.shelf.bad(&release("2"));
        case.shelf.good(Command::Deploy, &release("3"));
        let selection = case.select(None);
        assert_eq!(
            selection.chosen().map(|it| it.release.version.as_str()),
            Some("1")
        );
        let failed: Vec<&str> = selection
            .never_proven
            .iter()
            .map(|it| it.version.as_str())
            .collect();
        assert_eq!(failed, ["2"]);
        assert_eq!(case.target(Some("2")), None);
    }

    #[test]
    fn passes_over_what_was_good_and_failed_later() {
        let mut case = Case::of(&["1", "2", "3"]);
        case.shelf.bad(&release("2"));
        let quarantined = Verdict::Quarantined {
            since: Timestamp(7_000),
            reason: "health/deadline".to_owned(),
        };
        let expected = [
            verdict("3", Verdict::Serves),
            verdict("2", quarantined),
            verdict("1", Verdict::Chosen),
        ];
        assert_eq!(case.verdicts(None), expected);
        assert!(case.select(None).never_proven.is_empty());
        assert_eq!(case.target(Some("2")), None);
    }

    #[test]
    fn an_image_that_is_gone_or_unknown_is_missing() {
        let mut case = Case::of(&["1", "2", "3", "4"]);
        case.images.insert(release("3").digest, false);
        case.images.remove(&release("2").digest);
        assert_eq!(
            case.verdicts(None),
            [
                verdict("4", Verdict::Serves),
                verdict("3", Verdict::ImageMissing),
                verdict("2", Verdict::ImageMissing),
                verdict("1", Verdict::Chosen),
            ]
        );
    }

    #[test]
    fn names_the_secrets_that_are_not_set() {
        let mut case = Case::of(&["1", "2"]);
        case.secrets.clear();
        let names = vec!["KEY_1".to_owned()];
        let expected = [
            verdict("2", Verdict::Serves),
            verdict("1", Verdict::SecretsMissing { names }),
        ];
        assert_eq!(case.verdicts(None), expected);
    }

    #[test]
    fn a_release_is_asked_for_by_version_digest_reference_or_generation() {
        let case = Case::of(&["1.0", "1.1", "1.2"]);
        let reference = release("1.0").reference();
        for wanted in ["1.0", "sha256:of-1.0", "g1", &reference] {
            assert_eq!(
                case.target(Some(wanted)).as_deref(),
                Some("1.0"),
                "{wanted}"
            );
        }
        for wanted in ["", "1", "g", "g4", "sha256:of-1", "1.2"] {
            assert_eq!(case.target(Some(wanted)), None, "{wanted}");
        }
        let verdicts = case.verdicts(Some("1.0"));
        assert_eq!(verdicts.first(), Some(&verdict("1.2", Verdict::NotAsked)));
    }

    #[test]
    fn of_two_that_bear_the_name_the_newest_possible_is_chosen() {
        let mut case = Case::of(&["1", "2"]);
        case.shelf.good(Command::Deploy, &reconfigured("1"));
        case.shelf.good(Command::Deploy, &release("2"));
        assert_eq!(
            case.select(Some("1")).chosen().map(|it| it.generation),
            Some(Generation(3))
        );
        case.shelf.bad(&reconfigured("1"));
        assert_eq!(
            case.select(Some("1")).chosen().map(|it| it.generation),
            Some(Generation(1))
        );
    }

    #[test]
    fn two_rollbacks_in_a_row_go_back_twice() {
        let mut case = Case::of(&["1", "2", "3"]);
        case.shelf.good(Command::Rollback, &release("2"));
        assert_eq!(case.target(None).as_deref(), Some("1"));
        case.shelf.good(Command::Rollback, &release("1"));
        assert_eq!(case.target(None), None);
        let (version, left) = case.verdicts(None).remove(1);
        assert!(version == "2" && matches!(left, Verdict::Left { .. }));
        assert_eq!(case.target(Some("3")).as_deref(), Some("3"));
    }

    #[test]
    fn a_fix_after_a_rollback_goes_back_to_what_the_rollback_went_to() {
        let mut case = Case::of(&["1", "2"]);
        case.shelf.good(Command::Rollback, &release("1"));
        case.shelf.good(Command::Deploy, &release("3"));
        assert_eq!(case.target(None).as_deref(), Some("1"));
    }

    /// `1` and `2` are known-good, `2` passed a point of no return that ended so, and `3` was deployed since.
    fn with_a_point(ended: How) -> Case {
        let mut case = Case::of(&["1"]);
        let second = case.shelf.begin(Command::Deploy, &release("2"));
        case.shelf.write(hooked(second, true, None));
        case.shelf.write(hooked(second, true, Some(ended)));
        let committed = crate::ledger::fixtures::committed;
        case.shelf
            .write(committed(second, Command::Deploy, release("2")));
        case.shelf.good(Command::Deploy, &release("3"));
        for version in ["2", "3"] {
            case.images.insert(release(version).digest, true);
            case.secrets.insert(format!("KEY_{version}"), true);
        }
        case
    }

    #[test]
    fn goes_back_across_no_point_of_no_return() {
        for ended in [How::Well, How::Failed, How::Cut] {
            let case = with_a_point(ended);
            assert_eq!(case.target(None).as_deref(), Some("2"));
            assert_eq!(case.target(Some("1")), None, "not by name either");
            let state = case.shelf.ledger.state();
            let serving = state.serving().map(|it| &it.release);
            let (images, secrets) = (&case.images, &case.secrets);
            let across = candidates(state, serving, Some("1"), images, secrets, true);
            assert_eq!(
                across.chosen().map(|it| it.release.version.as_str()),
                Some("1")
            );
        }
    }

    #[test]
    fn a_hook_that_never_began_has_passed_nothing() {
        assert_eq!(
            with_a_point(How::Not).target(Some("1")).as_deref(),
            Some("1")
        );
    }

    #[test]
    fn what_is_committed_after_the_point_is_this_side_of_it() {
        let mut case = with_a_point(How::Well);
        case.shelf.good(Command::Rollback, &release("1"));
        case.shelf.good(Command::Deploy, &release("4"));
        case.images.insert(release("4").digest, true);
        assert_eq!(case.target(Some("1")).as_deref(), Some("1"));
    }

    /// What may be said of one known-good release: 2 × 2 × 3 × 3 × 2 = 72.
    #[derive(Clone, Copy, Debug)]
    struct Facts {
        quarantined: bool,
        image: Option<bool>,
        secret: Option<bool>,
        left: bool,
        /// A point of no return was passed since.
        past: bool,
    }

    fn all_facts() -> Vec<Facts> {
        let answers = [None, Some(false), Some(true)];
        let mut all = Vec::new();
        for bits in 0..8 {
            let [quarantined, left, past] = [1, 2, 4].map(|bit| bits & bit != 0);
            for image in answers {
                all.extend(answers.map(|secret| Facts {
                    quarantined,
                    image,
                    secret,
                    left,
                    past,
                }));
            }
        }
        all
    }

    fn add(world: &mut (State, [BTreeMap<String, bool>; 2]), version: &str, facts: Facts) {
        let (state, [images, secrets]) = world;
        let release = release(version);
        if facts.quarantined {
            state.quarantine.push(Quarantined {
                digest: release.digest.clone(),
                config_hash: release.config_hash.clone(),
                version: version.to_owned(),
                since: Timestamp(5),
                reason: "bake/exit".to_owned(),
                run: origin(1),
            });
        }
        images.extend(facts.image.map(|there| (release.digest.clone(), there)));
        secrets.extend(facts.secret.map(|set| (format!("KEY_{version}"), set)));
        state.points = vec![Point {
            generation: Generation(5),
            version: "p".to_owned(),
            hook: "migrate".to_owned(),
            since: Timestamp(4),
        }];
        state.known_good.push(KnownGood {
            generation: Generation(if facts.past { 1 } else { 5 }),
            release,
            since: Timestamp(1),
            proof_seq: 1,
            command: Command::Deploy,
            sequence: Sequence::default(),
            left: facts.left.then_some(Timestamp(9)),
            counted: BTreeMap::new(),
        });
    }

    /// Everything that speaks against a release, as a table.
    fn expected(facts: Facts, serves: bool, is_asked: Option<bool>) -> Vec<&'static str> {
        let table = [
            (is_asked == Some(false), "not-asked"),
            (serves, "serves"),
            (facts.quarantined, "quarantined"),
            (facts.past, "past-no-return"),
            (facts.image != Some(true), "image-missing"),
            (facts.secret != Some(true), "secrets-missing"),
            (facts.left && is_asked.is_none(), "left"),
        ];
        table
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, name)| name)
            .collect()
    }

    fn name(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Chosen => "chosen",
            Verdict::NotAsked => "not-asked",
            Verdict::Serves => "serves",
            Verdict::Quarantined { .. } => "quarantined",
            Verdict::ImageMissing => "image-missing",
            Verdict::SecretsMissing { .. } => "secrets-missing",
            Verdict::Left { .. } => "left",
            Verdict::PastNoReturn { .. } => "past-no-return",
            Verdict::Older => "older",
        }
    }

    /// Two candidates: 72 × 72 facts × 3 (neither, the first, the second serves) × 4 (no name, the first's, the
    /// second's, nobody's) = 62 208 rows.
    #[test]
    fn the_whole_truth_about_two_candidates() {
        let mut rows = 0;
        for first in all_facts() {
            for second in all_facts() {
                let mut world = (State::default(), [BTreeMap::new(), BTreeMap::new()]);
                add(&mut world, "a", first);
                add(&mut world, "b", second);
                rows += judge_pair(&world.0, &world.1, [("a", first), ("b", second)]);
            }
        }
        assert_eq!(rows, 62_208);
    }

    fn judge_pair(
        state: &State,
        [images, secrets]: &[BTreeMap<String, bool>; 2],
        pair: [(&str, Facts); 2],
    ) -> usize {
        let mut rows = 0;
        for serving in [None, Some("a"), Some("b")] {
            for wanted in [None, Some("a"), Some("b"), Some("c")] {
                let observed = serving.map(release);
                let selection =
                    candidates(state, observed.as_ref(), wanted, images, secrets, false);
                let objections = pair.map(|(version, facts)| {
                    let is_asked = wanted.map(|it| it == version);
                    expected(facts, serving == Some(version), is_asked)
                });
                let free = objections.iter().position(Vec::is_empty);
                let names: Vec<&str> = selection
                    .candidates
                    .iter()
                    .map(|it| name(&it.verdict))
                    .collect();
                let told = objections.iter().enumerate().map(|(index, against)| {
                    let for_it = if free == Some(index) {
                        "chosen"
                    } else {
                        "older"
                    };
                    against.first().copied().unwrap_or(for_it)
                });
                assert_eq!(
                    names,
                    told.collect::<Vec<_>>(),
                    "{pair:?} {serving:?} {wanted:?}"
                );
                rows += 1;
            }
        }
        rows
    }

    /// What happened to one of eight releases.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Committed(u8, Command),
        Failed { release: u8, quarantine: bool },
    }

    fn event() -> impl Strategy<Value = Event> {
        let command = prop_oneof![2 => Just(Command::Deploy), 1 => Just(Command::Rollback)];
        prop_oneof![
            3 => (0..8_u8, command).prop_map(|(release, by)| Event::Committed(release, by)),
            1 => (0..8_u8, any::<bool>())
                .prop_map(|(release, quarantine)| Event::Failed { release, quarantine }),
        ]
    }

    fn named(number: u8) -> Release {
        release(&format!("r{number}"))
    }

    fn written(events: &[Event]) -> Shelf {
        let mut shelf = Shelf::new();
        for event in events {
            match *event {
                Event::Committed(release, command) => {
                    shelf.good(command, &named(release));
                }
                Event::Failed {
                    release,
                    quarantine,
                } => {
                    let generation = shelf.begin(Command::Deploy, &named(release));
                    shelf.write(ended(Some(generation), Outcome::RolledBack, quarantine));
                }
            }
        }
        shelf
    }

    /// The other way to say where a rollback goes: by looking back through what happened, without any state.
    struct History<'a>(&'a [Event]);

    impl History<'_> {
        fn commits(&self, until: usize) -> impl DoubleEndedIterator<Item = (usize, u8, Command)> {
            self.0
                .iter()
                .take(until)
                .enumerate()
                .filter_map(|(at, event)| match *event {
                    Event::Committed(release, command) => Some((at, release, command)),
                    Event::Failed { .. } => None,
                })
        }

        fn proven(&self, release: u8, until: usize) -> Option<usize> {
            let mut commits = self.commits(until).rev();
            commits.find(|(_, it, _)| *it == release).map(|(at, ..)| at)
        }

        fn failed_after(&self, proof: usize, release: u8) -> bool {
            self.0.iter().skip(proof).any(|event| match *event {
                Event::Failed {
                    release: failed,
                    quarantine,
                } => quarantine && failed == release,
                Event::Committed(..) => false,
            })
        }

        /// The commit that took its place was a rollback, and not one to what had been left itself.
        fn left(&self, release: u8, until: usize) -> bool {
            let Some(proof) = self.proven(release, until) else {
                return false;
            };
            let next = self.commits(until).find(|(at, ..)| *at > proof);
            next.is_some_and(|(at, target, command)| {
                command == Command::Rollback && !self.left(target, at)
            })
        }

        fn target(&self, serving: Option<u8>, images: &[bool]) -> Option<u8> {
            let end = self.0.len();
            let is_there = |release: u8| images.get(usize::from(release)) == Some(&true);
            (0..8_u8)
                .filter(|it| serving != Some(*it) && is_there(*it) && !self.left(*it, end))
                .filter_map(|it| self.proven(it, end).map(|proof| (proof, it)))
                .filter(|(proof, it)| !self.failed_after(*proof, *it))
                .max()
                .map(|(_, it)| it)
        }
    }

    fn chosen(shelf: &Shelf, serving: Option<u8>, images: &[bool]) -> Option<Release> {
        let numbers = 0..8_u8;
        let there = numbers
            .clone()
            .zip(images)
            .map(|(it, there)| (named(it).digest, *there));
        let secrets = numbers.map(|it| (format!("KEY_r{it}"), true)).collect();
        let serving = serving.map(named);
        let state = shelf.ledger.state();
        let selection = candidates(
            state,
            serving.as_ref(),
            None,
            &there.collect(),
            &secrets,
            false,
        );
        selection.chosen().map(|it| it.release.clone())
    }

    fn serving() -> impl Strategy<Value = Option<u8>> {
        proptest::option::weighted(0.8, 0..8_u8)
    }

    fn images() -> impl Strategy<Value = Vec<bool>> {
        proptest::collection::vec(proptest::bool::weighted(0.8), 8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn goes_where_history_says(
            events in proptest::collection::vec(event(), 0..24),
            serving in serving(),
            images in images(),
        ) {
            let target = History(&events).target(serving, &images).map(named);
            prop_assert_eq!(chosen(&written(&events), serving, &images), target);
        }

        #[test]
        fn a_failed_attempt_of_another_release_changes_nothing(
            events in proptest::collection::vec(event(), 0..16),
            quarantine in proptest::collection::vec(any::<bool>(), 1..30),
            serving in serving(),
            images in images(),
        ) {
            let mut shelf = written(&events);
            let before = chosen(&shelf, serving, &images);
            for (number, quarantine) in quarantine.into_iter().enumerate() {
                let failed = release(&format!("failed-{number}"));
                let generation = shelf.begin(Command::Deploy, &failed);
                shelf.write(ended(Some(generation), Outcome::RolledBack, quarantine));
            }
            prop_assert_eq!(chosen(&shelf, serving, &images), before);
        }
    }
}
