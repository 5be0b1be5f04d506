//! Every command line of a release, and how what is said is read.

use super::*;

fn engine(auth: bool) -> Engine {
    let auth = auth.then(|| {
        let auth = RegistryAuth {
            user: "USER_NAME".to_owned(),
            password: "TOKEN".to_owned(),
        };
        ("registry.example:5000".to_owned(), auth)
    });
    Engine {
        program: Program::Docker,
        scratch: "/s".to_owned(),
        settings: Some("/home/a/.docker".to_owned()),
        logins: auth.into_iter().collect(),
    }
}

fn building() -> Building {
    Building {
        workspace: "/w".to_owned(),
        context: "/w/app".to_owned(),
        file: "/w/app/Dockerfile".to_owned(),
        args: BTreeMap::from([("A".to_owned(), "--b c".to_owned())]),
        labels: vec![("k".to_owned(), "v w".to_owned())],
        tags: Vec::new(),
        version: "1.0".to_owned(),
        revision: "c".repeat(40),
        date: Some(Timestamp(1_700_000_000_999)),
        reference: "registry.example:5000/a:1.0".to_owned(),
    }
}

fn run(effect: Effect) -> Run {
    match effect {
        Effect::Run(run) => run,
        other @ (Effect::ReadFile { .. }
        | Effect::WriteFile { .. }
        | Effect::Fetch(_)
        | Effect::FindUnset { .. }
        | Effect::Fingerprint { .. }) => panic!("{other:?}"),
    }
}

#[test]
fn a_build_says_what_the_image_is_and_of_when() {
    let classic = run(engine(true).build(Maker::Classic, &building()));
    assert_eq!(
        classic.argv,
        [
            "docker",
            "build",
            "--tag",
            "registry.example:5000/a:1.0",
            "--file",
            "/w/app/Dockerfile",
            "--build-arg",
            "A=--b c",
            "--label",
            "k=v w",
            "--",
            "/w/app"
        ]
    );
    assert_eq!(classic.env.get("DOCKER_BUILDKIT"), Some(&text("0")));
    assert_eq!(
        classic.env.get("SOURCE_DATE_EPOCH"),
        Some(&text("1700000000"))
    );
    let modern = run(engine(true).build(Maker::BuildKit, &building()));
    assert!(modern.argv.contains(&"--provenance=false".to_owned()));
    assert_eq!(modern.env.get("DOCKER_BUILDKIT"), Some(&text("1")));
    for build in [classic, modern] {
        let names = build.inherit.iter().chain(build.env.keys());
        assert!(
            names.into_iter().all(|name| name != "TOKEN"),
            "a build is told no password"
        );
    }
}

#[test]
fn only_who_sends_has_the_password_and_no_argument_has_it() {
    let repository = Repository::parse("registry.example:5000/a");
    let effects = engine(true).push("registry.example:5000/a:1.0", &repository, "1.0");
    let [push, digests] = <[Effect; 2]>::try_from(effects).expect("two commands");
    let (push, digests) = (run(push), run(digests));
    let tail = ["docker", "push", "--", "registry.example:5000/a:1.0"];
    assert!(push.argv.ends_with(&tail.map(str::to_owned)));
    let secret = Content::Secret {
        name: "TOKEN".to_owned(),
    };
    assert_eq!(push.env.get("TOKEN"), Some(&secret));
    assert_eq!(push.env.get("DOCKER_CONFIG"), Some(&text("/s/docker")));
    assert!(!digests.env.contains_key("TOKEN"));
    let other = engine(true).push("a:1", &Repository::parse("other.example/a"), "1.0");
    let other = other.into_iter().map(run);
    assert!(other.into_iter().all(|run| run.env.is_empty()));
    assert_eq!(engine(false).prepare(), Vec::new());
}

#[test]
fn the_digest_is_the_one_that_was_sent_now() {
    let there = Repository::parse("registry.example:5000/a");
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let noted = format!(
        r#"["registry.example:5000/a@{}","other.example/a@{}"]"#,
        digest("1"),
        digest("2")
    );
    let pushed = format!("cd-upload: digest: {} size: 947\n", digest("3"));
    let said = |stdout: &str| Completion::Exited {
        code: Some(0),
        signal: None,
        stdout: stdout.to_owned(),
        stderr: String::new(),
    };
    let rows = [
        (pushed.as_str(), noted.as_str(), Some(digest("3"))),
        ("", &noted, Some(digest("1"))),
        ("", &format!(r#"["{}"]"#, digest("4")), Some(digest("4"))),
        ("", "[]", None),
        ("", "[\"\"]", None),
    ];
    for (pushed, noted, expected) in rows {
        let digest = match read_push(&[said(""), said(pushed), said(noted)], &there, 1) {
            Sent::Yes(digest) => Some(digest),
            Sent::Again { .. } | Sent::No(_) => None,
        };
        assert_eq!(digest, expected, "{pushed} {noted}");
    }
}

#[test]
fn what_is_sent_gets_its_name_right_before() {
    let to = Repository::parse("registry.example:5000/a");
    let effects = engine(true).push("registry.example:5000/a:1.0", &to, "cd-upload");
    let argvs: Vec<Vec<String>> = effects.into_iter().map(|it| run(it).argv).collect();
    let tag = "docker tag -- registry.example:5000/a:1.0 registry.example:5000/a:cd-upload";
    assert_eq!(argvs.first().map(|it| it.join(" ")).as_deref(), Some(tag));
    assert_eq!(argvs.len(), 3);
}

#[test]
fn what_docker_says_has_a_class_and_hope_or_none() {
    let said = |stderr: &str| Completion::Exited {
        code: Some(1),
        signal: None,
        stdout: String::new(),
        stderr: stderr.to_owned(),
    };
    let there = Repository::parse("registry.example:5000/a");
    let of = |stderr: &str, tries| match read_push(&[said(stderr)], &there, tries) {
        Sent::Yes(_) => "yes",
        Sent::Again { .. } => "again",
        Sent::No(trouble) => trouble.code,
    };
    for (stderr, first, last) in [
        (
            "received unexpected HTTP status: 500 Internal Server Error",
            "again",
            "registry-unreachable",
        ),
        (
            "toomanyrequests: slow down",
            "again",
            "registry-unreachable",
        ),
        ("EOF", "again", "registry-unreachable"),
        ("something new", "again", "engine-error"),
        (
            "denied: requested access to the resource is denied",
            "registry-denied",
            "registry-denied",
        ),
        (
            "unauthorized: authentication required",
            "registry-denied",
            "registry-denied",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///x",
            "engine-unreachable",
            "engine-unreachable",
        ),
    ] {
        assert_eq!(
            (of(stderr, 1), of(stderr, sending::TRIES)),
            (first, last),
            "{stderr}"
        );
    }
}

/// A session's own words, before those of who has run it.
#[test]
fn what_says_that_it_is_an_error_is_told_first() {
    let said = |stderr: &str| {
        trouble(Some(&Completion::Exited {
            code: Some(1),
            signal: None,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        }))
        .text
    };
    let noxs = "nox > Running session publish\nnox > uv publish\nPublishing 2 files\nUploading a-1.tar.gz\n\
        error: Failed to publish `dist/a-1.tar.gz`\n  Caused by: Server returned status code 403 Forbidden\n\
        nox > Command uv publish failed with exit code 2\nnox > Session publish failed.\nnox > a\nnox > b\n";
    let expected = "error: Failed to publish `dist/a-1.tar.gz`; Caused by: Server returned status code 403 Forbidden; nox > a; nox > b";
    assert_eq!(said(noxs), expected);
    assert_eq!(said("a\n\nb\nc\nd\ne\n"), "b; c; d; e");
    assert_eq!(
        said("an error: none of a kind\nlast"),
        "an error: none of a kind; last"
    );
    let python =
        "Traceback (most recent call last):\n  File x\nHTTPError: 403 Forbidden\n1\n2\n3\n4\n5\n";
    assert_eq!(said(python), "HTTPError: 403 Forbidden; 3; 4; 5");
}

/// A run that is killed leaves its folder behind.
#[test]
fn no_login_of_the_users_is_copied() {
    let effects = engine(true).prepare();
    let patches = effects.iter().filter_map(|effect| match effect {
        Effect::WriteFile {
            content: Content::Patched { patch, .. },
            ..
        } => Some(patch.as_str()),
        Effect::WriteFile { .. }
        | Effect::Run(_)
        | Effect::ReadFile { .. }
        | Effect::Fetch(_)
        | Effect::FindUnset { .. }
        | Effect::Fingerprint { .. } => None,
    });
    let patch: Vec<&str> = patches.collect();
    let expected =
        r#"{"auths":null,"credHelpers":{"registry.example:5000":"cd-action"},"proxies":null}"#;
    assert_eq!(patch, [expected]);
}
