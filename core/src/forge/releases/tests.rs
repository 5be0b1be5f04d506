//! What forges are asked, and what is made of their answers.

use super::*;

fn forge(system: System) -> Forge {
    let event = Event {
        system,
        repository: crate::event::Repository {
            full_name: "acme/tasks".to_owned(),
            ..crate::event::Repository::default()
        },
        ..Event::default()
    };
    let server = "https://github.com".to_owned();
    let env = BTreeMap::from([("GITHUB_SERVER_URL".to_owned(), server)]);
    Forge::of(&env, &event, Some("TOKEN".to_owned())).expect("it is known")
}

fn answered(status: u16, body: &str) -> Completion {
    Completion::Fetched {
        status,
        headers: BTreeMap::new(),
        body: body.to_owned(),
    }
}

fn running(system: System, errand: Errand) -> Running {
    Running::new(forge(system), errand)
}

fn release() -> Release {
    Release {
        id: 7,
        draft: true,
        url: String::new(),
        notes: String::new(),
        upload: "https://uploads.github.com/repos/acme/tasks/releases/7/assets".to_owned(),
        assets: Vec::new(),
    }
}

/// Every errand, in a line.
fn line(system: System, errand: Errand) -> String {
    let fetch = running(system, errand).fetch();
    let body = match &fetch.body {
        Some(Body::Text { text }) => text.clone(),
        Some(Body::File { path }) => format!("<{path}"),
        Some(Body::Answer { .. }) | None => String::new(),
    };
    format!("{:?} {} {body}", fetch.method, fetch.url)
        .trim_end()
        .to_owned()
}

#[test]
fn every_request_is_spelt_out() {
    let tag = || "v1.0+x".to_owned();
    let errands = || {
        [
            Errand::Tag(tag()),
            Errand::Release(tag()),
            Errand::Draft {
                tag: tag(),
                revision: "c".repeat(40),
                notes: "n".to_owned(),
                prerelease: true,
            },
            Errand::Attach {
                release: release(),
                name: "a-1.0.tar.gz".to_owned(),
                path: "/w/dist/a-1.0.tar.gz".to_owned(),
            },
            Errand::Detach {
                release: 7,
                asset: 9,
            },
            Errand::Announce {
                release: 7,
                tag: tag(),
                revision: "c".repeat(40),
                notes: Some("n".to_owned()),
            },
            Errand::Again(7),
        ]
    };
    let of = |system| errands().map(|errand| line(system, errand)).join("\n");
    insta::assert_snapshot!(of(System::GitHub), @r#"
    Get https://api.github.com/repos/acme/tasks/commits/tags/v1.0%2Bx
    Get https://api.github.com/repos/acme/tasks/releases/tags/v1.0%2Bx
    Post https://api.github.com/repos/acme/tasks/releases {"body":"n","draft":true,"name":"v1.0+x","prerelease":true,"tag_name":"v1.0+x","target_commitish":"cccccccccccccccccccccccccccccccccccccccc"}
    Post https://uploads.github.com/repos/acme/tasks/releases/7/assets?name=a-1.0.tar.gz </w/dist/a-1.0.tar.gz
    Delete https://api.github.com/repos/acme/tasks/releases/assets/9
    Patch https://api.github.com/repos/acme/tasks/releases/7 {"body":"n","draft":false,"make_latest":"legacy","tag_name":"v1.0+x","target_commitish":"cccccccccccccccccccccccccccccccccccccccc"}
    Get https://api.github.com/repos/acme/tasks/releases/7
    "#);
    insta::assert_snapshot!(of(System::Forgejo), @r#"
    Get https://github.com/api/v1/repos/acme/tasks/tags/v1.0%2Bx
    Get https://github.com/api/v1/repos/acme/tasks/releases/tags/v1.0%2Bx
    Post https://github.com/api/v1/repos/acme/tasks/releases {"body":"n","draft":true,"name":"v1.0+x","prerelease":true,"tag_name":"v1.0+x","target_commitish":"cccccccccccccccccccccccccccccccccccccccc"}
    Post https://uploads.github.com/repos/acme/tasks/releases/7/assets?name=a-1.0.tar.gz </w/dist/a-1.0.tar.gz
    Delete https://github.com/api/v1/repos/acme/tasks/releases/7/assets/9
    Patch https://github.com/api/v1/repos/acme/tasks/releases/7 {"body":"n","draft":false,"tag_name":"v1.0+x","target_commitish":"cccccccccccccccccccccccccccccccccccccccc"}
    Get https://github.com/api/v1/repos/acme/tasks/releases/7
    "#);
}

#[test]
fn whoever_asks_is_told_to_the_forge_alone() {
    let plain = BTreeMap::from([(
        "GITHUB_API_URL".to_owned(),
        "http://forge.example/api/v1".to_owned(),
    )]);
    let event = Event {
        system: System::Gitea,
        ..Event::default()
    };
    assert_eq!(
        Forge::of(&plain, &event, None),
        None,
        "a token is not sent in the clear"
    );
    let github = forge(System::GitHub);
    let own = "https://api.github.com/repos/acme/tasks/releases/7/assets";
    for said in [
        "https://evil.example/assets{?name}",
        "http://uploads.github.com/a",
        "",
    ] {
        assert_eq!(github.uploads(7, said), own, "{said}");
    }
    let good = "https://uploads.github.com/repos/acme/tasks/releases/7/assets{?name,label}";
    assert_eq!(
        github.uploads(7, good),
        good.trim_end_matches("{?name,label}")
    );
}

#[test]
fn a_tag_names_a_commit_or_nothing() {
    let sha = "a".repeat(40);
    let rows = [
        (System::GitHub, 200, sha.clone(), Some(Some(sha.clone()))),
        (System::GitHub, 422, "{}".to_owned(), Some(None)),
        (
            System::Gitea,
            200,
            format!("{{\"commit\":{{\"sha\":\"{sha}\"}}}}"),
            Some(Some(sha)),
        ),
        (System::Gitea, 404, String::new(), Some(None)),
        (System::Gitea, 200, "{}".to_owned(), None),
        (System::GitHub, 200, "<html>".to_owned(), None),
        (
            System::GitHub,
            403,
            "{\"message\":\"Resource not accessible\"}".to_owned(),
            None,
        ),
    ];
    for (system, status, body, expected) in rows {
        let asked = running(system, Errand::Tag("v1".to_owned())).on(&answered(status, &body));
        match (asked, expected) {
            (Asked::Over(Ok(Answer::Commit(commit))), Some(expected)) => {
                assert_eq!(commit, expected)
            }
            (Asked::Over(Err(_)), None) => {}
            (other, expected) => panic!("{status} {body}: {other:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_draft_is_looked_for_where_nothing_is_published() {
    let mut running = running(System::GitHub, Errand::Release("v1".to_owned()));
    assert_eq!(running.on(&answered(404, "{}")), Asked::Ask);
    assert!(
        running
            .fetch()
            .url
            .ends_with("/releases?per_page=50&page=1")
    );
    let page = r#"[{"id":6,"tag_name":"v2","draft":true},{"id":7,"tag_name":"v1","draft":true,"html_url":"https://x/7",
        "upload_url":"https://uploads.github.com/u{?name,label}",
        "assets":[{"id":1,"name":"a","size":5,"state":"starter"},{"id":2,"name":"b","size":6,"state":"uploaded","digest":"sha256:00"}]}]"#;
    let Asked::Over(Ok(Answer::Release(Some(found)))) = running.on(&answered(200, page)) else {
        panic!("it is there")
    };
    assert_eq!(
        (found.id, found.draft, found.upload.as_str()),
        (7, true, "https://uploads.github.com/u")
    );
    let assets: Vec<_> = found
        .assets
        .iter()
        .map(|it| (it.name.as_str(), it.whole, it.sha256.as_deref()))
        .collect();
    assert_eq!(assets, [("a", false, None), ("b", true, Some("00"))]);
}

#[test]
fn what_was_drafted_is_known_from_the_answer() {
    let draft = || Errand::Draft {
        tag: "v1".to_owned(),
        revision: "c".repeat(40),
        notes: String::new(),
        prerelease: false,
    };
    let said = r#"{"id":7,"tag_name":"v1","draft":true,"body":"n"}"#;
    for errand in [draft(), Errand::Again(7)] {
        let asked = running(System::Forgejo, errand).on(&answered(201, said));
        let Asked::Over(Ok(Answer::Release(Some(release)))) = asked else {
            panic!("{asked:?}")
        };
        assert_eq!((release.id, release.notes.as_str()), (7, "n"));
    }
    let unread = running(System::Forgejo, draft()).on(&answered(201, ""));
    assert_eq!(unread, Asked::Over(Ok(Answer::Done)));
    let gone = running(System::Forgejo, Errand::Again(7)).on(&answered(404, "{}"));
    assert_eq!(gone, Asked::Over(Ok(Answer::Release(None))));
}

#[test]
fn whoever_may_not_write_is_told_so() {
    for status in [401, 403, 404] {
        let errand = Errand::Announce {
            release: 7,
            tag: "v1".to_owned(),
            revision: "c".repeat(40),
            notes: None,
        };
        let asked = running(System::Forgejo, errand).on(&answered(status, "{\"message\":\"no\"}"));
        let Asked::Over(Err(trouble)) = asked else {
            panic!("{asked:?}")
        };
        assert_eq!(trouble.code, "forge-denied");
        assert!(
            trouble.text.contains("publishing the release of v1"),
            "{}",
            trouble.text
        );
    }
}
