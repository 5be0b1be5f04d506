//! Packages and the forge's release, in the same world.

use super::*;

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
    let file = |name: &str, sha256: Option<String>| Listed {
        name: name.to_owned(),
        sha256,
    };
    let rows = [
        file("two-1.2.3.tar.gz", Some(format!("{:064x}", 8))),
        file("two-1.2.3.tar.gz", None),
        file("two-1.2.3-cp311-cp311-any.whl", Some(format!("{:064x}", 7))),
    ];
    for there in rows {
        let mut world = World::default();
        world.indexes.insert("two".to_owned(), vec![there]);
        let end = release(&mut world, packaged(7, "1.2.3"));
        assert_eq!(
            (end.outcome, end.reason),
            (Outcome::Rejected, "version-taken")
        );
        assert_eq!(world.changes, 0, "nothing was touched: {end:?}");
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
