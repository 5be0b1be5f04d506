//! That an image was proven: written once, and read.

use super::super::asking;
use super::*;
use crate::proof::{self, Claim, Proof};
use crate::protocol::Timestamp;

/// What a registry that holds these manifests, by tag or digest, is asked for a proof; and how that ends.
fn prove(
    there: &mut BTreeMap<String, String>,
    question: Question,
    date: Option<&str>,
) -> (Vec<String>, Result<Answered, &'static str>) {
    let access = access("registry.example/acme/tasks", auth());
    let mut talk = Talk::new(access, question, Timestamp(1_795_343_465_000), 10_000);
    let mut log = Vec::new();
    loop {
        let fetch = talk.fetch();
        assert!(fetch.timeout <= 10_000);
        let reference = fetch.url.rsplit('/').next().unwrap_or_default().to_owned();
        log.push(format!("{:?} {reference}", fetch.method));
        let mut headers = vec![("content-type", proof::INDEX)];
        headers.extend(date.map(|date| ("date", date)));
        let answer = match (fetch.body, there.get(&reference)) {
            (Some(Body::Text { text }), _) => {
                there.insert(reference, text);
                said(201, &headers, "")
            }
            (_, Some(text)) => said(200, &headers, text),
            (_, None) => said(404, &headers, ""),
        };
        match talk.on(&answer, Timestamp(1_795_343_465_000)) {
            Next::Fetch => {}
            Next::Wait => panic!("nothing is to be waited for"),
            Next::Over(end) => return (log, end.map_err(|trouble| trouble.code)),
        }
    }
}

fn image() -> (String, String) {
    let manifest =
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
    (asking::digest_of(manifest), manifest.to_owned())
}

fn question(at: u64) -> Question {
    Question::Prove {
        proof: Box::new(Proof {
            digest: image().0,
            ..proof::tests::proof(at)
        }),
        now: Timestamp(1_795_343_465_000),
    }
}

#[test]
fn a_proof_is_written_once_and_dated_by_the_registry() {
    let (digest, manifest) = image();
    let claim = Claim {
        service: "tasks",
        environment: "staging",
        digest: &digest,
    };
    let tag = claim.tag().expect("it is a digest");
    let mut there = BTreeMap::from([(digest.clone(), manifest.clone())]);
    // It was committed 5 s ago, and the registry is an hour ahead.
    let ahead = Some("Sun, 22 Nov 2026 11:31:05 GMT");
    let (log, end) = prove(&mut there, question(1_795_343_460_000), ahead);
    assert_eq!(
        log,
        [
            format!("Get {tag}"),
            format!("Get {digest}"),
            format!("Put {tag}")
        ]
    );
    let before = false;
    assert_eq!(
        end,
        Ok(Answered::Proven {
            tag: tag.clone(),
            before
        })
    );
    let written = there.get(&tag).cloned().unwrap_or_default();
    let proof = Proof::read(&written).expect("it was just written");
    assert_eq!(proof.at, Timestamp(1_795_343_460_000 + 3_600_000));
    assert!(written.contains(&format!("\"size\":{}", manifest.len())));

    let (log, end) = prove(&mut there, question(1_795_343_464_000), None);
    assert_eq!(log, [format!("Get {tag}")], "the first one stays");
    let before = true;
    assert_eq!(
        end,
        Ok(Answered::Proven {
            tag: tag.clone(),
            before
        })
    );
    assert_eq!(there.get(&tag), Some(&written));

    for other in ["rubbish".to_owned(), written.replace(&digest, DIGEST)] {
        there.insert(tag.clone(), other);
        let (_, end) = prove(&mut there, question(1_795_343_464_000), None);
        assert!(
            end.is_ok(),
            "what is no proof of this image is written over"
        );
        let proof = there.get(&tag).map(|it| Proof::read(it));
        let at = proof.and_then(Result::ok).map(|it| it.at);
        assert_eq!(
            at,
            Some(Timestamp(1_795_343_464_000)),
            "without a date our own clock counts"
        );
    }
}

#[test]
fn no_proof_is_written_of_an_image_that_is_not_there_or_was_changed() {
    let (digest, _) = image();
    let mut there = BTreeMap::new();
    assert_eq!(prove(&mut there, question(0), None).1, Err("image-missing"));
    there.insert(digest, "{}".to_owned());
    assert_eq!(
        prove(&mut there, question(0), None).1,
        Err("manifest-changed")
    );
    assert_eq!(there.len(), 1, "nothing was written");
}

#[test]
fn a_proof_is_read_with_the_registry_s_time() {
    let tag = "proven-staging.tasks-aaaaaaaaaaaa".to_owned();
    let mut there = BTreeMap::new();
    let ask = || Question::Proof { tag: tag.clone() };
    let date = Some("Sun, 22 Nov 2026 10:31:05 GMT");
    let (index, at) = (None, None);
    assert_eq!(
        prove(&mut there, ask(), date).1,
        Ok(Answered::Proof {
            tag: tag.clone(),
            index,
            at
        })
    );
    there.insert(tag.clone(), "{}".to_owned());
    let (index, at) = (Some("{}".to_owned()), Some(Timestamp(1_795_343_465_000)));
    assert_eq!(
        prove(&mut there, ask(), date).1,
        Ok(Answered::Proof {
            tag: tag.clone(),
            index,
            at
        })
    );
}

#[test]
fn a_registry_that_stays_busy_is_left_alone_after_a_while() {
    let access = access("registry.example/acme/tasks", auth());
    let mut talk = Talk::new(access, question(0), Timestamp(0), 10_000);
    let (mut now, mut tries) = (Timestamp(0), 0);
    loop {
        let _ = talk.fetch();
        tries += 1;
        match talk.on(&said(503, &[], ""), now) {
            Next::Wait => now = talk.wake_at().expect("it waits"),
            Next::Over(Err(trouble)) => break assert_eq!(trouble.code, "registry-unreachable"),
            other @ (Next::Fetch | Next::Over(Ok(_))) => panic!("{other:?}"),
        }
    }
    assert_eq!((tries, now), (4, Timestamp(7_000)), "after 1, 2 and 4 s");
}

/// Two services share one image: what one of them was proven with keeps the other from nothing, and proves nothing of it.
#[test]
fn another_service_of_the_same_image_writes_a_proof_of_its_own() {
    let (digest, _) = image();
    let of = |service: &str| Proof {
        service: service.to_owned(),
        digest: digest.clone(),
        ..proof::tests::proof(1)
    };
    let (api, worker) = (of("api"), of("worker"));
    assert_ne!(api.claim().tag(), worker.claim().tag());
    let there = api.index(&serde_json::json!({}), "m", 7);
    let standing = |proof: &Proof| proof::standing(proof.claim(), 0, Some(&there), Timestamp(2));
    assert!(matches!(standing(&api), proof::Standing::Proven { .. }));
    assert!(matches!(standing(&worker), proof::Standing::Unreadable(_)));
}
