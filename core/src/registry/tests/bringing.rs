//! Images that go from one registry to another.

use super::*;

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
    fn bring(&mut self, digest: &str) -> Result<Answered, Trouble> {
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
        assert_eq!(two.bring(&digest), Ok(Answered::Named));
        let index = from.get(&digest).expect("it is there");
        assert_eq!(two.to.get("1.0"), Some(index), "byte for byte");
        assert!(two.log.last().is_some_and(|it| it == "Put b/manifests/1.0"));
        let missing: Vec<&String> = from
            .keys()
            .filter(|it| **it != digest && !two.to.contains_key(*it))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        two.log.clear();
        let held = Answered::Held(Some(digest.clone()));
        assert_eq!(two.bring(&digest), Ok(held), "a tag that is there stays");
        two.to.remove("1.0");
        assert_eq!(two.bring(&digest), Ok(Answered::Named));
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
