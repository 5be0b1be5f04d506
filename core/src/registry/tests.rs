//! What is asked of registries, and how their answers are read; as real ones gave them.

use std::collections::BTreeMap;

use super::asking::is_digest;
use super::exchange::Answer;
use super::request::Want;
use super::*;
use crate::config::RegistryAuth;
use crate::protocol::{Authorization, Body, Completion, Fault, Fetch, Method};

mod bringing;
mod proofs;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn auth() -> Option<RegistryAuth> {
    Some(RegistryAuth {
        user: "USER_NAME".to_owned(),
        password: "TOKEN".to_owned(),
    })
}

fn access(name: &str, auth: Option<RegistryAuth>) -> Access {
    Access::new(Repository::parse(name), auth.map(Login::Variables), true)
}

fn said(status: u16, headers: &[(&str, &str)], body: &str) -> Completion {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Completion::Fetched {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

fn tags() -> Exchange {
    Exchange::new(Want::Tags { last: None })
}

fn next(turn: Turn) -> Fetch {
    match turn {
        Turn::Fetch(fetch) => *fetch,
        other @ (Turn::Wait { .. } | Turn::Over(_)) => panic!("{other:?}"),
    }
}

fn code(turn: Turn) -> &'static str {
    match turn {
        Turn::Over(Err(trouble)) => trouble.code,
        other @ (Turn::Wait { .. } | Turn::Fetch(_) | Turn::Over(Ok(_))) => panic!("{other:?}"),
    }
}

#[test]
fn a_name_says_where_its_registry_is() {
    let rows = [
        ("tasks", "https://registry-1.docker.io/v2/library/tasks"),
        ("acme/tasks", "https://registry-1.docker.io/v2/acme/tasks"),
        (
            "docker.io/acme/tasks",
            "https://registry-1.docker.io/v2/acme/tasks",
        ),
        ("ghcr.io/acme/tasks", "https://ghcr.io/v2/acme/tasks"),
        (
            "registry.example:5000/a/b/c",
            "https://registry.example:5000/v2/a/b/c",
        ),
        ("localhost/tasks", "http://localhost/v2/tasks"),
        ("127.0.0.1:5000/tasks", "http://127.0.0.1:5000/v2/tasks"),
        ("127.1.2.3:5000/tasks", "http://127.1.2.3:5000/v2/tasks"),
    ];
    for (name, root) in rows {
        let fetch = tags().fetch(&access(name, None));
        assert_eq!(fetch.url, format!("{root}/tags/list?n=1000"), "{name}");
        assert_eq!(Repository::parse(name).name(), name);
    }
    assert_eq!(
        Repository::parse("tasks").server(),
        "https://index.docker.io/v1/"
    );
}

#[test]
fn a_registry_that_wants_a_token_gets_one_once() {
    let mut access = access("registry.example/acme/tasks", auth());
    let mut exchange = tags();
    assert_eq!(exchange.fetch(&access).authorization, None);
    let challenge = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:acme/tasks:pull""#;
    let wants = said(401, &[("www-authenticate", challenge)], "");
    let token = next(exchange.on(&wants, &mut access));
    assert_eq!(
        token.url,
        "https://auth.example/token?service=registry.example&scope=repository:acme/tasks:pull%2Cpush"
    );
    let (user, password) = ("USER_NAME".to_owned(), "TOKEN".to_owned());
    assert_eq!(
        token.authorization,
        Some(Authorization::Basic { user, password })
    );
    let keep = token.keep.expect("the token is a secret");
    let again = next(exchange.on(&said(200, &[], ""), &mut access));
    let kept = keep.name;
    assert_eq!(
        again.authorization,
        Some(Authorization::Bearer { kept: kept.clone() })
    );
    // The next question has it from the start.
    assert_eq!(
        tags().fetch(&access).authorization,
        Some(Authorization::Bearer { kept })
    );
    assert_eq!(code(exchange.on(&wants, &mut access)), "registry-denied");
}

#[test]
fn a_token_that_ran_out_is_asked_for_again() {
    let mut access = access("registry.example/acme/tasks", auth());
    let wants = said(
        401,
        &[("www-authenticate", r#"Bearer realm="https://a/t""#)],
        "",
    );
    let mut first = tags();
    let _ = first.on(&wants, &mut access);
    let _ = first.on(&said(200, &[], ""), &mut access);
    let mut later = tags();
    assert_eq!(
        next(later.on(&wants, &mut access)).url.split('?').next(),
        Some("https://a/t")
    );
}

#[test]
fn a_password_goes_to_nobody_without_tls() {
    for (challenge, name, sends) in [
        (
            r#"Bearer realm="http://auth.example/token""#,
            "registry.example/a",
            false,
        ),
        (
            r#"Bearer realm="http://127.0.0.1:5001/token""#,
            "127.0.0.1:5000/a",
            true,
        ),
        (
            r#"Bearer realm="file:///etc/passwd""#,
            "127.0.0.1:5000/a",
            false,
        ),
    ] {
        let mut access = access(name, auth());
        let turn = tags().on(
            &said(401, &[("www-authenticate", challenge)], ""),
            &mut access,
        );
        assert_eq!(matches!(turn, Turn::Fetch(_)), sends, "{challenge}");
    }
}

#[test]
fn user_and_password_are_given_where_they_are_asked_for() {
    let wants = said(401, &[("www-authenticate", r#"Basic realm="x""#)], "");
    let mut known = access("registry.example/a", auth());
    let mut exchange = tags();
    let again = next(exchange.on(&wants, &mut known));
    assert!(matches!(
        again.authorization,
        Some(Authorization::Basic { .. })
    ));
    assert_eq!(code(exchange.on(&wants, &mut known)), "registry-denied");
    let mut nobody = access("registry.example/a", None);
    assert_eq!(code(tags().on(&wants, &mut nobody)), "registry-denied");
}

#[test]
fn a_busy_registry_is_asked_again_and_says_when() {
    let mut access = access("registry.example/a", None);
    let wait = |turn: Turn| match turn {
        Turn::Wait { millis, .. } => millis,
        other @ (Turn::Fetch(_) | Turn::Over(_)) => panic!("{other:?}"),
    };
    let mut exchange = tags();
    let later = said(429, &[("retry-after", "7")], "");
    assert_eq!(wait(exchange.on(&later, &mut access)), 7_000);
    assert_eq!(wait(exchange.on(&said(503, &[], ""), &mut access)), 2_000);
    let cut = Completion::Failed {
        fault: Fault::Unreachable,
        message: "ECONNRESET".to_owned(),
    };
    assert_eq!(wait(exchange.on(&cut, &mut access)), 4_000);
    let endless = said(429, &[("retry-after", "99999")], "");
    assert_eq!(wait(exchange.on(&endless, &mut access)), 60_000);
    let slow = Completion::TimedOut {
        stdout: String::new(),
        stderr: String::new(),
    };
    assert_eq!(wait(exchange.on(&slow, &mut access)), 16_000);
    assert_eq!(
        code(exchange.on(&said(500, &[], ""), &mut access)),
        "registry-unreachable"
    );
}

#[test]
fn whoever_keeps_a_piece_is_not_told_who_asks() {
    let mut access = access("registry.example/a", auth());
    let wants = said(401, &[("www-authenticate", "Basic realm=\"x\"")], "");
    let blob = || {
        Exchange::new(Want::Blob {
            digest: DIGEST.to_owned(),
        })
    };
    let mut exchange = blob();
    let _ = exchange.on(&wants, &mut access);
    let away = said(
        307,
        &[("location", "https://storage.example/x?signed=1")],
        "",
    );
    let fetch = next(exchange.on(&away, &mut access));
    assert_eq!(fetch.url, "https://storage.example/x?signed=1");
    assert_eq!(fetch.authorization, None);
    for location in [
        "http://storage.example/x",
        "file:///etc/passwd",
        "https://a b/",
    ] {
        let to = said(302, &[("location", location)], "");
        assert_eq!(
            code(blob().on(&to, &mut access)),
            "registry-answer",
            "{location}"
        );
    }
}

/// Carries a question to its end over answers that are there by method and the end of the URL.
fn asked(question: Question, answers: &[(&str, Completion)]) -> Result<Answered, Trouble> {
    let mut access = access("127.0.0.1:5000/a", None);
    let (mut asking, mut exchange) = Asking::new(access.repository().clone(), question);
    for _ in 0..20 {
        let fetch = exchange.fetch(&access);
        let line = format!("{:?} {}", fetch.method, fetch.url);
        let (_, answer) = answers
            .iter()
            .find(|(end, _)| line.ends_with(end))
            .unwrap_or_else(|| panic!("nobody answers {line}"));
        match exchange.on(answer, &mut access) {
            Turn::Over(got) => match asking.on(got) {
                Going::Ask(next) => exchange = *next,
                Going::Done(done) => return done,
            },
            other @ (Turn::Fetch(_) | Turn::Wait { .. }) => panic!("{other:?}"),
        }
    }
    panic!("it never ends")
}

fn sha(text: &str) -> String {
    use sha2::Digest as _;
    let bytes = sha2::Sha256::digest(text.as_bytes());
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[test]
fn tags_are_read_page_by_page() {
    let more = [("link", "</v2/a/tags/list?last=b&n=1000>; rel=\"next\"")];
    let answers = [
        (
            "tags/list?n=1000",
            said(200, &more, r#"{"tags":["a","b"]}"#),
        ),
        ("&last=b", said(200, &[], r#"{"tags":["c"]}"#)),
    ];
    let expected = Answered::Tags(["a", "b", "c"].map(str::to_owned).to_vec());
    assert_eq!(asked(Question::Tags, &answers), Ok(expected));
    for none in [said(404, &[], ""), said(200, &[], r#"{"tags":null}"#)] {
        let answers = [("tags/list?n=1000", none)];
        assert_eq!(
            asked(Question::Tags, &answers),
            Ok(Answered::Tags(Vec::new()))
        );
    }
}

#[test]
fn a_tag_names_what_the_registry_says() {
    let held = |answer| {
        let tag = "1.0".to_owned();
        asked(
            Question::Held { tag },
            &[
                ("Head http://127.0.0.1:5000/v2/a/manifests/1.0", answer),
                (
                    "Get http://127.0.0.1:5000/v2/a/manifests/1.0",
                    said(200, &[], "{}"),
                ),
            ],
        )
    };
    let named = said(200, &[("docker-content-digest", DIGEST)], "");
    assert_eq!(held(named), Ok(Answered::Held(Some(DIGEST.to_owned()))));
    assert_eq!(held(said(404, &[], "")), Ok(Answered::Held(None)));
    // One that does not say it has to hand the manifest out.
    assert_eq!(
        held(said(200, &[], "")),
        Ok(Answered::Held(Some(sha("{}"))))
    );
}

#[test]
fn an_index_leads_to_the_image_that_runs() {
    let config = r#"{"config":{"Labels":{"org.opencontainers.image.revision":"abc","org.opencontainers.image.created":"2024-01-02T03:04:05Z"}}}"#;
    let manifest = format!(r#"{{"config":{{"digest":"{}"}}}}"#, sha(config));
    let index = format!(
        r#"{{"manifests":[{{"digest":"{DIGEST}","platform":{{"os":"unknown"}}}},{{"digest":"{}","platform":{{"os":"linux"}}}}]}}"#,
        sha(&manifest)
    );
    let (at_index, at_manifest) = (sha(&index), sha(&manifest));
    let answers = [
        (at_index.as_str(), said(200, &[], &index)),
        (at_manifest.as_str(), said(200, &[], &manifest)),
        (&sha(config), said(200, &[], config)),
    ];
    let digest = at_index.clone();
    let Ok(Answered::Described(described)) = asked(Question::Describe { digest }, &answers) else {
        panic!("it is described")
    };
    assert_eq!(described.revision.as_deref(), Some("abc"));
    assert!(described.created.is_some());
}

#[test]
fn a_manifest_goes_back_byte_for_byte_or_not_at_all() {
    let manifest = "{ \"mediaType\": \"application/vnd.oci.image.manifest.v1+json\" }\n";
    let at = sha(manifest);
    let question = || Question::Name {
        tag: "1.0".to_owned(),
        digest: at.clone(),
        over: None,
    };
    let (mut asking, exchange) = Asking::new(Repository::parse("127.0.0.1:5000/a"), question());
    let access = access("127.0.0.1:5000/a", None);
    assert!(exchange.fetch(&access).headers.contains_key("accept"));
    let found = |body: &str| {
        Ok(Got(Answer::Found {
            headers: BTreeMap::new(),
            body: body.to_owned(),
        }))
    };
    let Going::Ask(head) = asking.on(found(manifest)) else {
        panic!("it is looked at")
    };
    assert_eq!(head.fetch(&access).method, Method::Head);
    let Going::Ask(put) = asking.on(Ok(Got(Answer::Missing))) else {
        panic!("it is put")
    };
    let fetch = put.fetch(&access);
    let text = Body::Text {
        text: manifest.to_owned(),
    };
    assert_eq!((fetch.method, fetch.body), (Method::Put, Some(text)));
    let media_type = fetch.headers.get("content-type").map(String::as_str);
    assert_eq!(
        media_type,
        Some("application/vnd.oci.image.manifest.v1+json")
    );
    let (mut other, _) = Asking::new(Repository::parse("127.0.0.1:5000/a"), question());
    let changed = other.on(found("{}"));
    assert!(matches!(changed, Going::Done(Err(ref trouble)) if trouble.code == "manifest-changed"));
}

/// What was cut off may have been written: it is looked at before it is written again.
#[test]
fn a_name_is_looked_at_before_each_try_to_write_it() {
    let manifest = r#"{"mediaType":"m"}"#;
    let other = "sha256:".to_owned() + &"9".repeat(64);
    for (then, expected) in [
        (None, Answered::Named),
        (Some(sha(manifest)), Answered::Named),
        (Some(other.clone()), Answered::Held(Some(other))),
    ] {
        let mut access = access("one.example/a", None);
        let question = Question::Name {
            tag: "1.0".to_owned(),
            digest: sha(manifest),
            over: None,
        };
        let (mut asking, mut exchange) = Asking::new(access.repository().clone(), question);
        let mut puts = 0;
        let answered = loop {
            let fetch = exchange.fetch(&access);
            let completion = match fetch.method {
                Method::Put => {
                    puts += 1;
                    if puts == 1 {
                        said(502, &[], "")
                    } else {
                        said(201, &[], "")
                    }
                }
                Method::Head => match then.as_ref().filter(|_| puts > 0) {
                    Some(digest) => said(200, &[("docker-content-digest", digest.as_str())], ""),
                    None => said(404, &[], ""),
                },
                Method::Get | Method::Post | Method::Patch | Method::Delete => {
                    said(200, &[], manifest)
                }
            };
            match exchange.on(&completion, &mut access) {
                Turn::Fetch(_) => {}
                Turn::Wait { .. } => {
                    exchange = asking
                        .before_again(&exchange)
                        .expect("it is looked at first");
                }
                Turn::Over(got) => match asking.on(got) {
                    Going::Ask(next) => exchange = *next,
                    Going::Done(answered) => break answered,
                },
            }
        };
        assert_eq!(puts, if then.is_none() { 2 } else { 1 });
        assert_eq!(answered, Ok(expected));
    }
}

#[test]
fn an_upload_is_begun_and_given_up_to_see_whether_we_may_write() {
    for (status, code) in [(202, None), (403, Some("registry-denied"))] {
        let begun = said(status, &[("location", "/v2/a/blobs/uploads/1?state=x")], "");
        let answers = [
            ("Post http://127.0.0.1:5000/v2/a/blobs/uploads/", begun),
            (
                "Delete http://127.0.0.1:5000/v2/a/blobs/uploads/1?state=x",
                said(405, &[], ""),
            ),
        ];
        let answered = asked(Question::MayWrite, &answers);
        assert_eq!(
            answered.map_err(|it| it.code),
            code.map_or(Ok(Answered::Writable), Err)
        );
    }
}
