//! Releases against a world of registries, in which runs die, answers are lost and other runs come between.

mod packages;
mod turns;

use std::collections::BTreeMap;

use super::*;
use crate::event::{Event, Kind};
use crate::protocol::Timestamp;
use crate::tag::{self, Inputs, Request};

const RULES: &str = "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\ntype=sha,format=long\ntype=ref,event=branch";

fn revision(number: u32) -> String {
    format!("{number:040x}")
}

fn digest(revision: &str, build: u32) -> String {
    format!("sha256:{build:024x}{revision}")
}

/// A plan of the commit `number`; a version makes it a tag's, else it is a branch's.
fn plan(number: u32, version: Option<&str>) -> Plan {
    let date = Some(Timestamp(u64::from(number) * 1_000));
    let (kind, reference) = match version {
        Some(version) => (Kind::Tag, format!("refs/tags/v{version}")),
        None => (Kind::Push, "refs/heads/main".to_owned()),
    };
    let event = Event {
        kind,
        sha: revision(number),
        r#ref: reference,
        commit_date: date,
        ..Event::default()
    };
    let request = Request {
        inputs: Inputs {
            tags: RULES.to_owned(),
            ..Inputs::default()
        },
        event,
        ..Request::default()
    };
    Plan {
        derived: tag::derive(&request).expect("the rules are right"),
        revision: revision(number),
        date,
        repositories: vec![
            Repository::parse("one.example/a"),
            Repository::parse("two.example/b"),
        ],
        by_session: false,
        release: version.map(|version| ReleasedVersion {
            text: version.to_owned(),
            pep440: version.to_owned(),
            source: format!("the git tag v{version}"),
        }),
        packages: Vec::new(),
        announcement: None,
        dry: false,
    }
}

/// The same with two packages, of which a session builds two files each.
fn packaged(number: u32, version: &str) -> Plan {
    let package = |name: &str| Package {
        name: name.to_owned(),
        build: format!("build-{name}"),
        folder: "dist".to_owned(),
        index: format!("https://{name}.example/simple"),
        publisher: crate::config::Publisher::Uv {
            upload: format!("https://{name}.example/upload"),
        },
        login: None,
    };
    Plan {
        packages: vec![package("one"), package("two")],
        announcement: Some(Announcement {
            tag: format!("v{version}"),
            prerelease: false,
        }),
        ..plan(number, Some(version))
    }
}

/// What the session of a package builds from a commit: the same each time.
fn built(package: &str, number: u32, version: &str) -> Built {
    let file = |end: &str| BuiltFile {
        name: format!("{package}-{version}{end}"),
        sha256: format!("{number:064x}"),
    };
    Built {
        project: package.to_owned(),
        version: version.to_owned(),
        files: vec![file("-py3-none-any.whl"), file(".tar.gz")],
        beside: Vec::new(),
    }
}

/// The same, packed another time.
fn packed(sha256: &str, time: u32) -> String {
    format!("{time:032x}{}", sha256.get(32..).expect("it is long"))
}

#[derive(Clone, Debug, Default)]
struct World {
    tags: BTreeMap<(Repository, String), String>,
    images: BTreeMap<String, Described>,
    builds: u32,
    /// What was built by the run that goes on now.
    built: Option<String>,
    /// Every value that a name ever had.
    history: BTreeMap<(Repository, String), Vec<String>>,
    changes: u32,
    /// What indexes have, by packages.
    indexes: BTreeMap<String, Vec<Listed>>,
    /// Whether every build packs with other bytes; half of a hash is of what is in a file, the rest of how it was packed.
    packs: bool,
    /// Whether indexes say hashes.
    mute: bool,
    /// What the run that goes on now has built, by packages.
    made: BTreeMap<(String, String), Built>,
    /// What lies beside what is built, in the one folder of all packages.
    beside: Vec<String>,
    /// How many files are sent before sending fails.
    strength: Option<u32>,
    /// What the git tag of the release names.
    git_tag: Option<String>,
    announced: Option<forge::Release>,
    /// Registries and the forge do not show what was written.
    blind: bool,
}

impl World {
    fn put(&mut self, repository: &Repository, tag: &str, digest: &str) {
        self.changes += 1;
        let key = (repository.clone(), tag.to_owned());
        self.tags.insert(key.clone(), digest.to_owned());
        self.history.entry(key).or_default().push(digest.to_owned());
    }

    fn image(&mut self, number: u32) -> String {
        self.builds += 1;
        let digest = digest(&revision(number), self.builds);
        let described = Described {
            revision: Some(revision(number)),
            version: None,
            created: Some(Timestamp(u64::from(number) * 1_000)),
        };
        self.images.insert(digest.clone(), described);
        digest
    }

    fn act(&mut self, act: &Act, plan: &Plan) -> Observation {
        match act {
            Act::List(repository) => {
                let tags = self.tags.keys().filter(|(it, _)| it == repository);
                Observation::Tags(tags.map(|(_, tag)| tag.clone()).collect())
            }
            Act::Look(repository, tag) => {
                let key = (repository.clone(), tag.clone());
                let shown = self.tags.get(&key).filter(|_| !self.blind);
                Observation::Held(shown.cloned())
            }
            Act::Describe(_, digest) => {
                Observation::Described(self.images.get(digest).cloned().unwrap_or_default())
            }
            // A checkout of one commit knows no other.
            Act::Compare(_) => Observation::Compared(Kinship::Unknown),
            Act::Sessions => Observation::Done,
            Act::Make(package) => {
                let version = plan.release.as_ref().map_or("0", |it| it.pep440.as_str());
                let mut built = built(package, number(plan), version);
                self.builds += 1;
                for file in built.files.iter_mut().filter(|_| self.packs) {
                    file.sha256 = packed(&file.sha256, self.builds);
                }
                built.beside.clone_from(&self.beside);
                let names = built.files.iter().map(|it| it.name.clone());
                self.beside.extend(names);
                self.made
                    .insert((package.clone(), plan.revision.clone()), built.clone());
                Observation::Made(built)
            }
            Act::Index(package) => {
                let mut listed = self.indexes.get(package).cloned().unwrap_or_default();
                for file in listed.iter_mut().filter(|_| self.mute) {
                    file.sha256 = None;
                }
                Observation::Indexed(listed)
            }
            Act::Open(package, file) => Observation::Inside(self.open(package, file)),
            Act::Publish(package) => self.send(package, plan),
            Act::Tag => Observation::Held(self.git_tag.clone().filter(|_| !self.blind)),
            Act::FindRelease => Observation::Announced(self.announced.clone()),
            Act::Draft | Act::Attach(_) | Act::Detach(_) | Act::Announce => {
                self.announce(act, plan);
                if *act == Act::Draft {
                    Observation::Announced(self.announced.clone())
                } else {
                    Observation::Done
                }
            }
            Act::Build => {
                let number = u32::from_str_radix(&plan.revision, 16).expect("it is a number");
                self.built = Some(self.image(number));
                Observation::Done
            }
            Act::Try(_) => Observation::Done,
            Act::Push(repository, tag) => {
                let digest = self.built.clone().expect("it was built before");
                self.put(repository, tag, &digest);
                Observation::Sent(digest)
            }
            Act::Bring {
                to, tag, digest, ..
            } => self.name(to, tag, digest, None),
            Act::Name {
                repository,
                tag,
                digest,
                over,
            } => self.name(repository, tag, digest, over.as_deref()),
        }
    }

    /// A name is looked at right before it is written.
    fn name(
        &mut self,
        repository: &Repository,
        tag: &str,
        digest: &str,
        over: Option<&str>,
    ) -> Observation {
        let key = (repository.clone(), tag.to_owned());
        let held = self.tags.get(&key);
        if held.map(String::as_str) != over {
            return Observation::Held(held.cloned());
        }
        self.put(repository, tag, digest);
        Observation::Done
    }

    fn announce(&mut self, act: &Act, plan: &Plan) {
        self.changes += 1;
        let release = self.announced.get_or_insert_with(|| forge::Release {
            id: 7,
            draft: true,
            url: "https://forge.example/releases/7".to_owned(),
            notes: String::new(),
            upload: String::new(),
            assets: Vec::new(),
        });
        if let Act::Attach(name) = act {
            let twice = release.assets.iter().any(|asset| asset.name == *name);
            assert!(!twice, "{name} is there already");
            let mut files = self.made.values().flat_map(|it| &it.files);
            let file = files.find(|it| it.name == *name);
            release.assets.push(forge::Asset {
                id: u64::from(self.changes),
                name: name.clone(),
                size: 1,
                sha256: file.map(|it| it.sha256.clone()),
                whole: true,
            });
        }
        if let Act::Detach(id) = act {
            release.assets.retain(|asset| asset.id != *id);
        }
        if *act == Act::Announce {
            release.draft = false;
            self.git_tag = Some(plan.revision.clone());
        }
    }

    fn holds(&self, name: &str) -> Option<&str> {
        let (repository, tag) = name.rsplit_once(':')?;
        let key = (Repository::parse(repository), tag.to_owned());
        self.tags.get(&key).map(String::as_str)
    }
}

fn number(plan: &Plan) -> u32 {
    u32::from_str_radix(&plan.revision, 16).expect("it is a number")
}

/// Goes on until it has ended, or for so many acts.
fn run(world: &mut World, publication: &mut Publication, acts: usize) -> Option<End> {
    let mut done = 0;
    for _ in 0..1_000 {
        let (next, end) = publication.advance();
        if end.is_some() {
            return end;
        }
        assert!(
            !next.is_empty(),
            "nothing is under way, and it has not ended"
        );
        for act in next {
            if done == acts {
                return None;
            }
            done += 1;
            let plan = publication.plan().clone();
            let observation = world.act(&act, &plan);
            publication.observe(&act, observation);
        }
    }
    panic!("it never ends");
}

fn release(world: &mut World, plan: Plan) -> End {
    let mut publication = Publication::new(plan);
    run(world, &mut publication, usize::MAX).expect("it ends")
}

#[test]
fn what_is_not_there_is_built_once_and_named_everywhere() {
    let mut world = World::default();
    let end = release(&mut world, plan(7, Some("1.2.3")));
    assert_eq!((end.outcome, end.reason), (Outcome::Released, "published"));
    assert_eq!(world.builds, 1);
    for name in ["1.2.3", "1.2", "latest", &format!("sha-{}", revision(7))] {
        for repository in ["one.example/a", "two.example/b"] {
            let image = digest(&revision(7), 1);
            assert_eq!(world.holds(&format!("{repository}:{name}")), Some(&*image));
        }
    }
}

#[test]
fn the_third_run_changes_nothing() {
    let mut world = World::default();
    let _ = release(&mut world, plan(7, Some("1.2.3")));
    let before = world.changes;
    for _ in 0..2 {
        let end = release(&mut world, plan(7, Some("1.2.3")));
        assert_eq!(
            (end.outcome, end.reason),
            (Outcome::Released, "already-there")
        );
    }
    assert_eq!((world.changes, world.builds), (before, 1));
}

/// Killed after every act, once with its answer and once without: the next run ends where an undisturbed one does.
#[test]
fn a_run_that_died_anywhere_is_finished_by_the_next() {
    let mut undisturbed = World::default();
    let _ = release(&mut undisturbed, packaged(7, "1.2.3"));
    let names: Vec<_> = undisturbed.tags.keys().cloned().collect();
    for acts in 0..100 {
        let mut world = World::default();
        let mut dies = Publication::new(packaged(7, "1.2.3"));
        let ended = run(&mut world, &mut dies, acts).is_some();
        world.built = None;
        let end = release(&mut world, packaged(7, "1.2.3"));
        assert_eq!(end.outcome, Outcome::Released, "after {acts}: {end:?}");
        assert_eq!(world.indexes, undisturbed.indexes);
        let assets = |world: &World| {
            let assets = world.announced.iter().flat_map(|it| it.assets.clone());
            assets.map(|it| (it.name, it.sha256)).collect::<Vec<_>>()
        };
        assert_eq!(assets(&world), assets(&undisturbed), "after {acts}");
        assert_eq!(world.git_tag, undisturbed.git_tag);
        assert_eq!(world.tags.keys().cloned().collect::<Vec<_>>(), names);
        for ((repository, tag), values) in &world.history {
            let upload = tag == UPLOAD;
            assert!(
                upload || values.len() == 1,
                "{repository}:{tag} was written twice"
            );
        }
        let mut named = world.tags.clone();
        named.retain(|(_, tag), _| tag != UPLOAD);
        let digests: BTreeSet<&String> = named.values().collect();
        assert_eq!(digests.len(), 1, "after {acts}");
        if ended {
            return;
        }
    }
    panic!("a release takes less than 100 acts");
}

#[test]
fn a_name_that_is_for_ever_is_not_given_twice() {
    for (number, revision) in [(8, Some(revision(8))), (8, None)] {
        let mut world = World::default();
        let image = world.image(number);
        if let Some(described) = world.images.get_mut(&image) {
            described.revision = revision;
        }
        world.put(&Repository::parse("two.example/b"), "1.2.3", &image);
        let before = world.changes;
        let end = release(&mut world, plan(7, Some("1.2.3")));
        assert_eq!((end.outcome, end.reason), (Outcome::Rejected, "tag-taken"));
        assert_eq!(
            (world.changes, world.builds),
            (before, 1),
            "nothing was touched"
        );
    }
}

/// Neither name is given twice, nobody has to remove anything, and it is so for every later run.
#[test]
fn of_two_images_of_one_commit_the_versions_own_counts() {
    let mut world = World::default();
    let (one, two) = (world.image(7), world.image(7));
    let repository = Repository::parse("one.example/a");
    let sha = format!("sha-{}", revision(7));
    world.put(&repository, "1.2.3", &one);
    world.put(&repository, &sha, &two);
    for changes in [true, false] {
        let before = world.changes;
        let mut publication = Publication::new(plan(7, Some("1.2.3")));
        let end = run(&mut world, &mut publication, usize::MAX).expect("it ends");
        assert_eq!(end.outcome, Outcome::Released);
        assert_eq!(world.changes > before, changes);
        assert_eq!(publication.image(), Some((one.clone(), true)));
        let told = end.because.iter().any(|it| it.contains(&two));
        assert!(told, "{end:?}");
    }
    assert_eq!(world.holds(&format!("one.example/a:{sha}")), Some(&*two));
    for name in ["one.example/a:latest", "two.example/b:1.2.3"] {
        assert_eq!(world.holds(name), Some(&*one));
    }
}

#[test]
fn what_nobody_has_looked_at_is_told_as_that() {
    let mut world = World::default();
    let image = world.image(8);
    world.put(&Repository::parse("two.example/b"), "1.2.3", &image);
    let mut publication = Publication::new(plan(7, Some("1.2.3")));
    let unknown = publication.names();
    assert!(unknown.iter().all(|name| name.fate == Fate::Unseen));
    let _ = run(&mut world, &mut publication, usize::MAX);
    for name in publication.names() {
        let expected = match name.reference.as_str() {
            "two.example/b:1.2.3" => Fate::Taken,
            _ if name.fixed => Fate::Open,
            _ => Fate::Unseen,
        };
        assert_eq!(name.fate, expected, "{}", name.reference);
    }
}

#[test]
fn an_older_version_takes_no_name_from_a_newer_one() {
    let mut world = World::default();
    let _ = release(&mut world, plan(9, Some("1.3.0")));
    let end = release(&mut world, plan(7, Some("1.2.4")));
    assert_eq!(end.outcome, Outcome::Released);
    let (newer, older) = (digest(&revision(9), 1), digest(&revision(7), 2));
    assert_eq!(world.holds("one.example/a:latest"), Some(&*newer));
    assert_eq!(world.holds("one.example/a:1.2"), Some(&*older));
    assert!(
        end.because.iter().any(|it| it.contains("1.3 is there")),
        "{end:?}"
    );
}

#[test]
fn a_branch_stays_on_the_later_commit() {
    let mut world = World::default();
    let _ = release(&mut world, plan(9, None));
    let _ = release(&mut world, plan(7, None));
    let newer = digest(&revision(9), 1);
    assert_eq!(world.holds("one.example/a:main"), Some(&*newer));
    let _ = release(&mut world, plan(10, None));
    assert_ne!(world.holds("one.example/a:main"), Some(&*newer));
}

#[test]
fn git_counts_before_dates() {
    for (kinship, moves) in [
        (Kinship::Older, true),
        (Kinship::Newer, false),
        (Kinship::Apart, false),
        (Kinship::Unknown, false),
    ] {
        let plan = plan(7, None);
        let mut seen = Seen::default();
        let repository = Repository::parse("one.example/a");
        let (later, tags) = (revision(9), Vec::new());
        let fixed = || std::iter::empty();
        let list = Act::List(repository.clone());
        seen.learn(&list, Observation::Tags(tags), fixed());
        let look = Act::Look(repository.clone(), "main".to_owned());
        seen.learn(&look, Observation::Held(Some("d".to_owned())), fixed());
        let described = Described {
            revision: Some(later.clone()),
            version: None,
            created: Some(Timestamp(9_000)),
        };
        let describe = Act::Describe(repository.clone(), "d".to_owned());
        seen.learn(&describe, Observation::Described(described), fixed());
        let compare = Act::Compare(later);
        seen.learn(&compare, Observation::Compared(kinship), fixed());
        let tag = plan.moving().next().expect("a branch moves");
        let verdict = moving::judge(&plan, &seen, &repository, tag, "ours");
        let put = matches!(verdict, moving::Verdict::Put(ref image) if image == "ours");
        assert_eq!(put, moves, "{kinship:?}");
    }
}

#[test]
fn what_only_looks_touches_nothing_and_says_what_it_would_do() {
    let mut world = World::default();
    let end = release(
        &mut world,
        Plan {
            dry: true,
            ..plan(7, None)
        },
    );
    assert_eq!((end.outcome, end.reason), (Outcome::Shown, "planned"));
    assert_eq!((world.changes, world.builds), (0, 0));
    assert!(end.because.iter().any(|it| it.contains("build the image")));
}

#[test]
fn a_failure_begins_nothing_more_and_says_what_is_where() {
    let mut world = World::default();
    let mut publication = Publication::new(plan(7, None));
    let end = loop {
        let (acts, end) = publication.advance();
        if let Some(end) = end {
            break end;
        }
        for act in acts {
            let two = matches!(&act, Act::Bring { .. });
            let observation = if two {
                Observation::Failed(Trouble::new("registry-unreachable", "two is down"))
            } else {
                world.act(&act, &plan(7, None))
            };
            publication.observe(&act, observation);
        }
    };
    assert_eq!(
        (end.outcome, end.reason),
        (Outcome::Failed, "registry-unreachable")
    );
    let names = publication.names();
    let there: Vec<&str> = names
        .iter()
        .filter(|name| name.fate.holds())
        .map(|name| name.reference.as_str())
        .collect();
    let first = format!("one.example/a:sha-{}", revision(7));
    assert_eq!(there, [first.as_str()]);
    assert!(publication.touched());
}
