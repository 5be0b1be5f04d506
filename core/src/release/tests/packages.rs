//! Packages and the forge's release, in the same world.

use super::*;
use crate::config::Publisher;
use crate::protocol::Effect;

impl World {
    /// Where it is the same package, its bytes take the place of ours.
    pub(super) fn open(&mut self, package: &str, name: &str) -> Inside {
        let there = self.indexes.get(package).into_iter().flatten();
        let mut there = there.filter(|it| it.name == name);
        let sha256 = there.next().and_then(|it| it.sha256.clone());
        let sha256 = sha256.expect("it is there");
        let ours = self
            .made
            .iter_mut()
            .filter(|((made, _), _)| made == package);
        let mut ours = ours.flat_map(|(_, it)| &mut it.files);
        let ours = ours.find(|it| it.name == name).expect("it was built");
        let contents = match (
            ours.sha256 == sha256,
            ours.sha256.get(32..) == sha256.get(32..),
        ) {
            (true, _) => Contents::Bytes,
            (false, true) => Contents::Same,
            (false, false) => Contents::Other(vec!["a.py".to_owned()]),
        };
        if contents.are_ours() {
            sha256.clone_into(&mut ours.sha256);
        }
        Inside { sha256, contents }
    }

    pub(super) fn send(&mut self, package: &str, plan: &Plan) -> Observation {
        let built = self
            .made
            .get(&(package.to_owned(), plan.revision.clone()))
            .cloned()
            .expect("it was built before");
        for file in built.files {
            let there = self.indexes.entry(package.to_owned()).or_default();
            if there.iter().any(|it| it.name == file.name) {
                continue;
            }
            if self.strength == Some(0) {
                return Observation::Unclear(Trouble::new("not-sent", "it was cut off"));
            }
            self.strength = self.strength.map(|it| it - 1);
            self.changes += 1;
            there.push(Listed {
                name: file.name,
                sha256: Some(file.sha256),
                url: None,
            });
        }
        Observation::Done
    }
}

#[test]
fn packages_are_published_before_the_image_has_a_name() {
    let mut world = World::default();
    let mut publication = Publication::new(packaged(7, "1.2.3"));
    let mut order = Vec::new();
    while let (acts, None) = publication.advance() {
        for act in acts {
            if act.makes() || act.publishes() {
                order.push(act.clone());
            }
            let plan = publication.plan().clone();
            let observation = world.act(&act, &plan);
            publication.observe(&act, observation);
        }
    }
    let first: Vec<&Act> = order.iter().take(6).collect();
    let packages = ["one", "two"].map(str::to_owned);
    let makes = packages.clone().map(Act::Make);
    let sends = packages.map(Act::Publish);
    let push = Act::Push(Repository::parse("one.example/a"), UPLOAD.to_owned());
    let expected = makes.into_iter().chain([Act::Build, push]).chain(sends);
    let expected: Vec<Act> = expected.collect();
    assert_eq!(first, expected.iter().collect::<Vec<_>>());
    assert!(matches!(order.get(6), Some(Act::Name { .. })), "{order:?}");
    let states = publication.packages();
    let fates: Vec<FileFate> = states.iter().flat_map(|it| it.files.clone()).collect();
    assert_eq!(fates, [FileFate::Sent; 4]);
}

#[test]
fn a_version_that_is_there_with_other_files_is_refused_and_nothing_is_touched() {
    let file = |name: &str, sha256: String| Listed {
        name: name.to_owned(),
        sha256: Some(sha256),
        url: None,
    };
    let rows = [
        (file("two-1.2.3.tar.gz", format!("{:064x}", 8)), false),
        (file("two-1.2.3.tar.gz", format!("{:064x}", 8)), true),
        (
            file("two-1.2.3-cp311-cp311-any.whl", format!("{:064x}", 7)),
            false,
        ),
    ];
    for (there, mute) in rows {
        let mut world = World {
            mute,
            ..World::default()
        };
        world.indexes.insert("two".to_owned(), vec![there]);
        let end = release(&mut world, packaged(7, "1.2.3"));
        assert_eq!(
            (end.outcome, end.reason),
            (Outcome::Rejected, "version-taken")
        );
        assert_eq!(world.changes, 0, "nothing was touched: {end:?}");
    }
}

/// Builds that pack anew, and an index that says no hashes: what is published stays as it is, and is what is told.
#[test]
fn what_was_packed_anew_is_gone_on_with_wherever_a_run_has_died() {
    for (packs, mute) in [(true, false), (true, true), (false, true)] {
        for acts in 0..60 {
            let mut world = World {
                packs,
                mute,
                ..World::default()
            };
            let mut dies = Publication::new(packaged(7, "1.2.3"));
            let _ = run(&mut world, &mut dies, acts);
            world.built = None;
            let before = world.indexes.clone();
            let end = release(&mut world, packaged(7, "1.2.3"));
            assert_eq!(end.outcome, Outcome::Released, "after {acts}: {end:?}");
            for (package, listed) in before {
                let now = world.indexes.get(&package).expect("it stays");
                assert_eq!(now.get(..listed.len()), Some(&*listed), "after {acts}");
            }
            let changes = world.changes;
            let mut third = Publication::new(packaged(7, "1.2.3"));
            let end = run(&mut world, &mut third, usize::MAX).expect("it ends");
            assert_eq!(end.reason, "already-there", "after {acts}: {end:?}");
            assert_eq!(world.changes, changes);
            for state in third.packages() {
                let built = state.built.expect("it was built");
                for (file, listed) in built
                    .files
                    .iter()
                    .zip(world.indexes.get(&state.name).expect("it is there"))
                {
                    assert_eq!(
                        Some(&file.sha256),
                        listed.sha256.as_ref(),
                        "what is told is what is published"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_there_already_is_not_sent_again() {
    let mut world = World::default();
    let _ = release(&mut world, packaged(7, "1.2.3"));
    let before = world.changes;
    let mut again = Publication::new(packaged(7, "1.2.3"));
    let end = run(&mut world, &mut again, usize::MAX).expect("it ends");
    assert_eq!(
        (end.outcome, end.reason),
        (Outcome::Released, "already-there")
    );
    assert_eq!((world.changes, again.touched()), (before, false));
    let fates: Vec<FileFate> = again
        .packages()
        .iter()
        .flat_map(|it| it.files.clone())
        .collect();
    assert_eq!(fates, [FileFate::There; 4]);
}

#[test]
fn another_version_than_the_releases_is_not_published() {
    let mut world = World::default();
    let mut publication = Publication::new(packaged(7, "1.2.3"));
    let end = loop {
        let (acts, end) = publication.advance();
        if let Some(end) = end {
            break end;
        }
        for act in acts {
            let plan = publication.plan().clone();
            let observation = if let Act::Make(package) = &act {
                Observation::Made(built(package, 7, "1.2.4"))
            } else {
                world.act(&act, &plan)
            };
            publication.observe(&act, observation);
        }
    };
    assert_eq!((end.outcome, end.reason), (Outcome::Invalid, "version"));
    assert_eq!(world.changes, 0);
    assert!(
        end.because
            .iter()
            .any(|it| it.contains("build-one has built version 1.2.4")),
        "{end:?}"
    );
}

#[test]
fn sending_that_was_cut_off_is_tried_again_and_not_for_ever() {
    let mut world = World {
        strength: Some(1),
        ..World::default()
    };
    let end = release(&mut world, packaged(7, "1.2.3"));
    assert_eq!(
        (end.outcome, end.reason),
        (Outcome::Failed, "not-sent"),
        "{end:?}"
    );
    assert_eq!(
        world.changes, 2,
        "one file and the image, which got no name"
    );
    world.strength = None;
    let next = release(&mut world, packaged(7, "1.2.3"));
    assert_eq!(
        (next.outcome, next.reason),
        (Outcome::Released, "published")
    );
}

#[test]
fn a_dry_run_tells_of_packages_and_image() {
    let mut world = World::default();
    let dry = Plan {
        dry: true,
        ..packaged(7, "1.2.3")
    };
    let end = release(&mut world, dry);
    assert_eq!(
        (end.outcome, end.because.len()),
        (Outcome::Shown, 4),
        "{end:?}"
    );
    assert_eq!(world.changes, 0);
}

#[test]
fn what_was_built_is_read_with_its_hashes() {
    let hash = "a".repeat(64);
    let read = |names: &[&str]| {
        let lines: Vec<String> = names
            .iter()
            .map(|name| format!("{hash}  ./{name}\n"))
            .collect();
        Built::read(&lines.concat())
    };
    let built = read(&["A_b-1.0-py3-none-any.whl", "a_b-1.0.0.tar.gz"]).expect("it is right");
    assert_eq!((built.project.as_str(), built.files.len()), ("a-b", 2));
    let said = format!("{hash}  ./a-1.0.tar.gz\nbeside  ./b-2.zip\nbeside  ./a b-1.whl\n");
    let built = Built::read(&said).expect("what lies beside may be anything");
    assert_eq!((built.files.len(), built.beside.len()), (1, 2));
    for wrong in [
        &[][..],
        &["a-1.0.tar.gz", "a-1.1.tar.gz"],
        &["a-1.0.tar.gz", "b-1.0.tar.gz"],
        &["a-1.0*.tar.gz"],
        &["-1.0.tar.gz"],
    ] {
        let trouble = read(wrong).expect_err("it is not");
        assert_eq!(trouble.code, "not-made", "{wrong:?}");
    }
}

fn by_sessions(plan: Plan) -> Plan {
    let packages = plan.packages.into_iter().map(|package| Package {
        publisher: Publisher::Session {
            name: format!("publish-{}", package.name),
            upload: None,
        },
        ..package
    });
    Plan {
        packages: packages.collect(),
        ..plan
    }
}

/// What a session would send without anybody having looked at it.
#[test]
fn a_file_of_this_version_that_was_not_built_now_is_refused_before_anything_is_sent() {
    let rows = [
        ("two-1.2.3-cp311-cp311-linux_x86_64.whl", Outcome::Rejected),
        ("two-1.2.2.tar.gz", Outcome::Released),
        ("three-1.2.3.tar.gz", Outcome::Released),
    ];
    for (name, expected) in rows {
        let left = || World {
            beside: vec![name.to_owned()],
            ..World::default()
        };
        let mut world = left();
        let end = release(&mut world, by_sessions(packaged(7, "1.2.3")));
        assert_eq!(end.outcome, expected, "{name}: {end:?}");
        assert!(
            end.because.iter().any(|it| it.contains(name)),
            "{name}: {end:?}"
        );
        if expected == Outcome::Rejected {
            assert_eq!((end.reason, world.changes), ("not-built-here", 0));
        }
        // `uv publish` is told which files to send.
        let mut world = left();
        let end = release(&mut world, packaged(7, "1.2.3"));
        assert_eq!(end.outcome, Outcome::Released);
        assert!(!end.because.iter().any(|it| it.contains(name)), "{end:?}");
    }
}

#[test]
fn a_session_finds_its_own_files_alone() {
    let plan = by_sessions(packaged(7, "1.2.3"));
    let package = plan.packages.first().expect("there are two");
    let told = packing::Told {
        workspace: "/w".to_owned(),
        scratch: "/s".to_owned(),
        version: "1.2.3".to_owned(),
        revision: revision(7),
        date: None,
        trusted: Vec::new(),
    };
    let nox = nox::Nox::new("/w".to_owned(), "/s".to_owned(), Vec::new());
    let sending = packing::Sending::new(package.clone(), &built("one", 7, "1.2.3"));
    let effects = sending.effects(&nox, &told);
    let argv = effects.iter().find_map(|effect| match effect {
        Effect::Run(run) => Some(run.argv.join(" ")),
        Effect::WriteFile { .. }
        | Effect::ReadFile { .. }
        | Effect::Fetch(_)
        | Effect::FindUnset { .. }
        | Effect::Fingerprint { .. } => None,
    });
    let argv = argv.expect("it is a program");
    let own = " sh /w/dist one-1.2.3-py3-none-any.whl one-1.2.3.tar.gz -- sh -c ";
    assert!(argv.contains(own), "{argv}");
    assert!(argv.ends_with("nox --session publish-one"), "{argv}");
}

#[test]
fn the_git_tag_and_the_forges_release_come_last_and_once() {
    let mut world = World::default();
    let end = release(&mut world, packaged(7, "1.2.3"));
    assert_eq!((end.outcome, end.reason), (Outcome::Released, "published"));
    assert_eq!(world.git_tag, Some(revision(7)));
    let announced = world.announced.clone().expect("it is there");
    assert_eq!((announced.draft, announced.assets.len()), (false, 4));
    let before = world.changes;
    let again = release(&mut world, packaged(7, "1.2.3"));
    assert_eq!(again.reason, "already-there");
    assert_eq!(world.changes, before);
}

#[test]
fn a_git_tag_of_another_commit_is_refused_before_anything_is_built() {
    let mut world = World {
        git_tag: Some(revision(6)),
        ..World::default()
    };
    let end = release(&mut world, packaged(7, "1.2.3"));
    assert_eq!((end.outcome, end.reason), (Outcome::Rejected, "tag-taken"));
    assert_eq!((world.changes, world.builds), (0, 0));
}

#[test]
fn what_is_wrong_in_a_draft_is_replaced_and_in_a_release_refused() {
    for draft in [true, false] {
        let mut world = World::default();
        let _ = release(&mut world, packaged(7, "1.2.3"));
        if let Some(announced) = &mut world.announced {
            announced.draft = draft;
            for asset in &mut announced.assets {
                asset.sha256 = Some("0".repeat(64));
            }
        }
        let end = release(&mut world, packaged(7, "1.2.3"));
        let expected = match draft {
            true => (Outcome::Released, "completed"),
            false => (Outcome::Rejected, "release-taken"),
        };
        assert_eq!((end.outcome, end.reason), expected, "{end:?}");
    }
}

#[test]
fn a_forge_that_never_does_what_it_is_asked_is_given_up() {
    let mut world = World::default();
    let mut publication = Publication::new(packaged(7, "1.2.3"));
    let mut drafts = 0;
    let end = loop {
        let (acts, end) = publication.advance();
        if let Some(end) = end {
            break end;
        }
        for act in acts {
            let plan = publication.plan().clone();
            let observation = if act == Act::Draft {
                drafts += 1;
                Observation::Unclear(Trouble::new("forge-unreachable", "it was cut off"))
            } else {
                world.act(&act, &plan)
            };
            publication.observe(&act, observation);
        }
    };
    assert_eq!(
        (end.outcome, end.reason, drafts),
        (Outcome::Failed, "forge-unreachable", 3)
    );
}

#[test]
fn whether_we_may_write_is_tried_before_a_package_is_published() {
    let mut world = World::default();
    let mut publication = Publication::new(packaged(7, "1.2.3"));
    let end = loop {
        let (acts, end) = publication.advance();
        if let Some(end) = end {
            break end;
        }
        for act in acts {
            let two = matches!(&act, Act::Try(it) if *it == Repository::parse("two.example/b"));
            let observation = if two {
                Observation::Failed(Trouble::new("registry-denied", "two says no"))
            } else {
                world.act(&act, &packaged(7, "1.2.3"))
            };
            publication.observe(&act, observation);
        }
    };
    assert_eq!(end.reason, "registry-denied");
    assert!(world.indexes.is_empty(), "no package was published");
    let tags: Vec<&String> = world.tags.keys().map(|(_, tag)| tag).collect();
    assert_eq!(tags, [UPLOAD]);
}

#[test]
fn a_tag_that_does_not_show_is_not_waited_for_for_ever() {
    let mut world = World::default();
    let _ = release(&mut world, packaged(7, "1.2.3"));
    world.git_tag = None;
    let end = release(&mut world, packaged(7, "1.2.3"));
    assert_eq!((end.outcome, end.reason), (Outcome::Failed, "forge-answer"));
}

/// A list of releases may lack what was drafted a moment ago: it is looked at by its number from then on.
#[test]
fn what_was_drafted_is_not_looked_for_in_a_list() {
    let mut world = World::default();
    let mut publication = Publication::new(packaged(7, "1.2.3"));
    let mut order = Vec::new();
    while let (acts, None) = publication.advance() {
        for act in acts {
            let errand = publication.errand(&act, "/w");
            let plan = publication.plan().clone();
            let observation = world.act(&act, &plan);
            publication.observe(&act, observation);
            order.extend(errand.map(|errand| (act, errand)));
        }
    }
    let drafted = order.iter().position(|(act, _)| *act == Act::Draft);
    let after = order.split_off(drafted.expect("it was drafted") + 1);
    assert!(
        matches!(after.first(), Some((Act::Attach(_), _))),
        "{after:?}"
    );
    for (_, errand) in &after {
        assert!(!matches!(errand, Errand::Release(_)), "{errand:?}");
    }
}

#[test]
fn a_draft_that_does_not_show_is_not_made_again() {
    let mut world = World::default();
    let mut publication = Publication::new(packaged(7, "1.2.3"));
    let mut drafts = 0;
    let end = loop {
        let (acts, end) = publication.advance();
        if let Some(end) = end {
            break end;
        }
        for act in acts {
            drafts += u32::from(act == Act::Draft);
            let observation = if act == Act::FindRelease {
                Observation::Announced(None)
            } else {
                world.act(&act, &packaged(7, "1.2.3"))
            };
            publication.observe(&act, observation);
        }
    };
    assert_eq!((end.outcome, end.reason), (Outcome::Failed, "forge-answer"));
    assert_eq!(drafts, 1);
}
