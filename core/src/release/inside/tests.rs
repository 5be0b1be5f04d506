//! Files of an index that are looked into.

use super::*;

const OURS: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const THEIRS: &str = "0000000000000000000000000000000000000000000000000000000000000002";

fn opening(said: Option<&str>) -> Opening {
    opening_at("https://index.example/f/a-1.tar.gz", said)
}

fn opening_at(url: &str, said: Option<&str>) -> Opening {
    let theirs = Listed {
        name: "a-1.tar.gz".to_owned(),
        sha256: said.map(str::to_owned),
        url: Some(url.to_owned()),
    };
    let ours = BuiltFile {
        name: "a-1.tar.gz".to_owned(),
        sha256: OURS.to_owned(),
    };
    let login = Authorization::Variable {
        name: "T".to_owned(),
    };
    let index = ("https://index.example/simple/", Some(login));
    Opening::new("python", &theirs, &ours, "/w/dist", "/s", index).expect("it says where")
}

fn answered(status: u16) -> Completion {
    Completion::Fetched {
        status,
        headers: std::collections::BTreeMap::new(),
        body: String::new(),
    }
}

fn said(code: i32, stdout: &str, stderr: &str) -> Completion {
    Completion::Exited {
        code: Some(code),
        signal: None,
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
    }
}

fn hash(sha256: &str) -> Completion {
    said(0, &format!("{sha256}  /s/there/python/a-1.tar.gz\n"), "")
}

/// Goes through the answers, and gives what came of the last one.
fn through(said: Option<&str>, answers: &[Completion]) -> Opened {
    let mut opening = opening(said);
    let mut last = Opened::More;
    for answer in answers {
        assert_eq!(last, Opened::More);
        last = opening.on(answer);
    }
    last
}

#[test]
fn a_server_that_the_index_only_names_is_told_no_login() {
    let rows = [
        ("https://index.example/f/a-1.tar.gz", true),
        ("https://INDEX.example/f/a-1.tar.gz", true),
        ("https://files.example/f/a-1.tar.gz", false),
        ("https://index.example:8443/f/a-1.tar.gz", false),
        ("http://index.example/f/a-1.tar.gz", false),
        ("https://index.example.evil.example/a-1.tar.gz", false),
    ];
    for (url, told) in rows {
        let mut opening = opening_at(url, None);
        let goes_on = opening.on(&answered(401)) == Opened::More;
        let Effect::Fetch(fetch) = opening.effect() else {
            panic!("{:?}", opening.effect())
        };
        assert_eq!(
            (goes_on, fetch.authorization.is_some()),
            (told, told),
            "{url}"
        );
    }
}

#[test]
fn what_has_other_bytes_and_the_same_in_it_takes_the_place_of_ours() {
    for index_says in [None, Some(THEIRS)] {
        let mut opening = opening(index_says);
        for answer in [answered(200), hash(THEIRS), said(0, "[]\n", "")] {
            assert_eq!(opening.on(&answer), Opened::More);
        }
        let Effect::Run(run) = opening.effect() else {
            panic!("{:?}", opening.effect())
        };
        assert!(
            run.argv.ends_with(&[
                "/s/there/python/a-1.tar.gz".to_owned(),
                "/w/dist/a-1.tar.gz".to_owned()
            ]),
            "{:?}",
            run.argv
        );
        let inside = Inside {
            sha256: THEIRS.to_owned(),
            contents: Contents::Same,
        };
        assert_eq!(opening.on(&said(0, "", "")), Opened::Over(Ok(inside)));
    }
}

#[test]
fn nothing_is_taken_that_is_not_known_to_be_the_same() {
    let brought = [answered(200), hash(THEIRS)];
    let rows = [
        (said(0, "[\"a.py\"]", ""), "not the same in both: a.py"),
        (said(0, "", ""), "nobody could look into them: "),
        (
            said(1, "", "tarfile.ReadError: not a gzip file"),
            "nobody could look into them: tarfile.ReadError: not a gzip file",
        ),
    ];
    for (answer, words) in rows {
        let over = through(None, &[brought.as_slice(), &[answer]].concat());
        let Opened::Over(Ok(inside)) = over else {
            panic!("{over:?}")
        };
        assert_eq!(inside.contents.words(), words);
        assert!(!inside.contents.are_ours());
    }
}

#[test]
fn what_is_the_same_byte_for_byte_is_not_opened() {
    let over = through(None, &[answered(200), hash(OURS)]);
    let inside = Inside {
        sha256: OURS.to_owned(),
        contents: Contents::Bytes,
    };
    assert_eq!(over, Opened::Over(Ok(inside)));
}

#[test]
fn an_index_that_sends_something_else_than_it_says_is_not_believed() {
    let over = through(Some(THEIRS), &[answered(200), hash(OURS)]);
    assert!(
        matches!(&over, Opened::Over(Err(trouble)) if trouble.code == "index-answer"),
        "{over:?}"
    );
}

#[test]
fn who_asks_is_said_only_where_that_is_wanted() {
    let asks = |opening: &Opening| match opening.effect() {
        Effect::Fetch(fetch) => fetch.authorization.is_some(),
        other => panic!("{other:?}"),
    };
    let mut opening = opening(None);
    assert!(!asks(&opening));
    assert_eq!(opening.on(&answered(401)), Opened::More);
    assert!(asks(&opening));
    let over = opening.on(&answered(401));
    assert!(matches!(over, Opened::Over(Err(_))), "{over:?}");
}
