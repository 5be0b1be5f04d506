//! What is asked of registries, and how their answers are read; as real ones gave them.

use std::collections::BTreeMap;

use super::asking::is_digest;
use super::exchange::Answer;
use super::request::Want;
use super::*;
use crate::config::RegistryAuth;
use crate::protocol::{Authorization, Body, Completion, Fault, Fetch, Method};

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
    let Going::Ask(put) = asking.on(found(manifest)) else {
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

/// Two registries: what the first has, and what the second gets.
struct Two {
    from: BTreeMap<String, String>,
    to: BTreeMap<String, String>,
    log: Vec<String>,
    /// Uploads that are cut before one goes through.
    cuts: u32,
}

impl Two {
    fn answer(&mut self, side: Side, fetch: &Fetch) -> Completion {
        let (_, what) = fetch.url.split_once("/v2/").expect("it is a registry's");
        let last = what.rsplit('/').next().unwrap_or_default();
        let found = |it: Option<&String>| {
            it.map_or_else(|| said(404, &[], ""), |body| said(200, &[], body))
        };
        if side == Side::To {
            self.log.push(format!("{:?} {what}", fetch.method));
        }
        match (side, fetch.method) {
            (Side::From, _) => found(self.from.get(last)),
            (Side::To, Method::Head | Method::Get) => found(self.to.get(last)),
            (Side::To, Method::Post) => {
                said(202, &[("location", "/v2/b/blobs/uploads/1?state=x")], "")
            }
            (Side::To, Method::Put) => match &fetch.body {
                Some(Body::Answer { url, .. }) if self.cuts == 0 => {
                    let piece = url.rsplit('/').next().unwrap_or_default().to_owned();
                    assert_eq!(
                        fetch.url,
                        format!("https://two.example/v2/b/blobs/uploads/1?state=x&digest={piece}")
                    );
                    let body = self.from.get(&piece).expect("it is there").clone();
                    self.to.insert(piece, body);
                    said(201, &[], "")
                }
                Some(Body::Answer { .. }) => {
                    self.cuts -= 1;
                    said(500, &[], "")
                }
                Some(Body::Text { text }) => {
                    self.to.insert(last.to_owned(), text.clone());
                    said(201, &[], "")
                }
                Some(Body::File { .. }) | None => said(400, &[], ""),
            },
            (Side::To, Method::Patch | Method::Delete) => said(405, &[], ""),
        }
    }

    /// Brings an image over, and says how that ended.
    fn bring(&mut self, digest: &str) -> Result<(), Trouble> {
        let mut one = access("one.example/a", None);
        let mut two = access("two.example/b", None);
        let (mut bringing, mut side, mut exchange) = Bringing::new(
            one.repository().clone(),
            two.repository().clone(),
            "1.0".to_owned(),
            digest.to_owned(),
        );
        for _ in 0..200 {
            let at = if side == Side::From {
                &mut one
            } else {
                &mut two
            };
            let completion = self.answer(side, &exchange.fetch(at));
            match exchange.on(&completion, at) {
                Turn::Fetch(_) | Turn::Wait { .. } => {}
                Turn::Over(got) => match bringing.on(got, exchange.source(at)) {
                    Bring::Ask(next, first) => (side, exchange) = (next, *first),
                    Bring::Over(end) => return end,
                },
            }
        }
        panic!("it never ends")
    }
}

/// An index with what attests an image beside it, the image, and its pieces, by their digests; the first is the index.
fn image() -> (String, BTreeMap<String, String>) {
    let pieces = ["config", "one layer", "another layer"];
    let [config, one, other] = pieces.map(sha);
    let manifest = format!(
        r#"{{"mediaType":"m","config":{{"digest":"{config}"}},"layers":[{{"digest":"{one}"}},{{"digest":"{other}"}},{{"digest":"{one}"}}]}}"#
    );
    let index = format!(
        r#"{{"mediaType":"i","manifests":[{{"digest":"{}"}}]}}"#,
        sha(&manifest)
    );
    let all = pieces
        .into_iter()
        .chain([manifest.as_str(), index.as_str()]);
    let all = all.map(|text| (sha(text), text.to_owned())).collect();
    (sha(&index), all)
}

#[test]
fn an_image_is_brought_piece_by_piece_and_its_tag_comes_last() {
    let (digest, from) = image();
    for cuts in [0, 2] {
        let mut two = Two {
            from: from.clone(),
            to: BTreeMap::new(),
            log: Vec::new(),
            cuts,
        };
        assert_eq!(two.bring(&digest), Ok(()));
        let index = from.get(&digest).expect("it is there");
        assert_eq!(two.to.get("1.0"), Some(index), "byte for byte");
        assert!(two.log.last().is_some_and(|it| it == "Put b/manifests/1.0"));
        let missing: Vec<&String> = from
            .keys()
            .filter(|it| **it != digest && !two.to.contains_key(*it))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        two.log.clear();
        assert_eq!(two.bring(&digest), Ok(()));
        assert!(
            !two.log.iter().any(|it| it.starts_with("Post")),
            "what is there is not sent again"
        );
    }
}

#[test]
fn an_image_that_is_not_whole_gets_no_tag() {
    let (digest, from) = image();
    for gone in from.keys().filter(|it| **it != digest) {
        let mut from = from.clone();
        from.remove(gone);
        let mut two = Two {
            from,
            to: BTreeMap::new(),
            log: Vec::new(),
            cuts: 0,
        };
        assert_eq!(
            two.bring(&digest).map_err(|it| it.code),
            Err("image-missing")
        );
        assert_eq!(two.to.get("1.0"), None);
    }
    let mut two = Two {
        from,
        to: BTreeMap::new(),
        log: Vec::new(),
        cuts: 99,
    };
    assert_eq!(
        two.bring(&digest).map_err(|it| it.code),
        Err("registry-unreachable")
    );
    assert_eq!(two.to.get("1.0"), None);
}

#[test]
fn a_piece_is_sent_to_nobody_but_the_registry_itself() {
    let access = access("two.example/b", None);
    for (location, url) in [
        (
            "/v2/b/blobs/uploads/1",
            "https://two.example/v2/b/blobs/uploads/1?digest=d",
        ),
        (
            "https://two.example/u?a=b",
            "https://two.example/u?a=b&digest=d",
        ),
        (
            "https://evil.example/u",
            "https://two.example/v2/b/blobs/uploads/unknown?digest=d",
        ),
        (
            "http://two.example/u",
            "https://two.example/v2/b/blobs/uploads/unknown?digest=d",
        ),
        (
            "",
            "https://two.example/v2/b/blobs/uploads/unknown?digest=d",
        ),
    ] {
        let want = Want::Upload {
            location: location.to_owned(),
            digest: "d".to_owned(),
            source: Box::default(),
        };
        assert_eq!(Exchange::new(want).fetch(&access).url, url, "{location}");
    }
}

#[test]
fn only_digests_that_can_be_checked_count() {
    assert!(is_digest(DIGEST));
    for no in [
        "",
        "sha256:",
        "sha512:00",
        &DIGEST.to_uppercase(),
        &format!("{DIGEST}0"),
    ] {
        assert!(!is_digest(no), "{no}");
    }
}
