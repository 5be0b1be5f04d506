//! What indexes answer, and what is made of it.

use super::*;

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";

fn answered(status: u16, kind: &str, body: &str) -> Completion {
    Completion::Fetched {
        status,
        headers: [("content-type".to_owned(), kind.to_owned())].into(),
        body: body.to_owned(),
    }
}

fn asking(wanted: &[&str], login: bool) -> Asking {
    let login = login.then(|| Authorization::Basic {
        user: "U".to_owned(),
        password: "P".to_owned(),
    });
    let wanted = wanted.iter().map(|name| (*name).to_owned()).collect();
    Asking::new(
        "https://index.example/simple",
        "My_Project.x",
        "1.2",
        wanted,
        PATIENTLY,
        login,
    )
}

fn files(asked: Asked) -> Vec<(String, bool)> {
    let Asked::Over(Ok(files)) = asked else {
        panic!("{asked:?}")
    };
    let files = files.into_iter();
    files
        .map(|file| (file.name, file.sha256.as_deref() == Some(ONE)))
        .collect()
}

#[test]
fn a_project_is_asked_for_by_its_normal_name() {
    let fetch = asking(&[], false).fetch();
    assert_eq!(fetch.url, "https://index.example/simple/my-project-x/");
    assert!(fetch.headers.values().any(|it| it.contains("json")));
}

#[test]
fn both_kinds_of_pages_are_read_and_other_versions_left_out() {
    let json = format!(
        r#"{{"files": [
            {{"filename": "my_project_x-1.2.0-py3-none-any.whl", "hashes": {{"sha256": "{ONE}"}}}},
            {{"filename": "my_project_x-1.2.tar.gz", "hashes": {{}}}},
            {{"filename": "my_project_x-1.3.tar.gz", "hashes": {{"sha256": "{ONE}"}}}},
            {{"filename": "README.txt", "hashes": {{}}}}]}}"#
    );
    let html = format!(
        "<!DOCTYPE html><html><body><abbr>x</abbr>\n<a class='f' href=\"/f/my_project_x-1.2.0-py3-none-any.whl#sha256={ONE}\">my_project_x-1.2.0-py3-none-any.whl</a><br>\n\
        <A HREF='/f/my_project_x-1.2.tar.gz#md5=0123'> my_project_x-1.2.tar.gz </A>\n<a href=\"x\">my_project_x-1.3.tar.gz</a></body></html>"
    );
    let expected = [
        ("my_project_x-1.2.0-py3-none-any.whl".to_owned(), true),
        ("my_project_x-1.2.tar.gz".to_owned(), false),
    ];
    for (kind, body) in [
        ("application/vnd.pypi.simple.v1+json", json.as_str()),
        ("text/html; charset=UTF-8", html.as_str()),
    ] {
        assert_eq!(
            files(asking(&[], false).on(&answered(200, kind, body))),
            expected,
            "{kind}"
        );
    }
}

#[test]
fn a_file_is_where_its_page_says() {
    let rows = [
        (
            "https://files.example/a/F#sha256=1",
            Some("https://files.example/a/F"),
        ),
        (
            "/packages/F?x=1",
            Some("https://index.example/packages/F?x=1"),
        ),
        ("../../f/F", Some("https://index.example/f/F")),
        ("./F", Some("https://index.example/simple/my-project-x/F")),
        ("../../../../../F", Some("https://index.example/F")),
        ("//files.example/F", Some("https://files.example/F")),
        ("http://files.example/F", None),
    ];
    for (href, expected) in rows {
        let html = format!("<html><a href=\"{href}\">my_project_x-1.2.tar.gz</a></html>");
        let json =
            format!(r#"{{"files": [{{"filename": "my_project_x-1.2.tar.gz", "url": "{href}"}}]}}"#);
        for (kind, body) in [("text/html", html), ("application/json", json)] {
            let asked = asking(&[], false).on(&answered(200, kind, &body));
            let Asked::Over(Ok(files)) = asked else {
                panic!("{asked:?}")
            };
            let url = files.first().and_then(|file| file.url.as_deref());
            assert_eq!(url, expected, "{href}");
        }
    }
}

#[test]
fn a_project_that_is_not_there_has_no_files() {
    assert_eq!(
        files(asking(&[], false).on(&answered(404, "text/plain", "no"))),
        []
    );
}

#[test]
fn what_is_no_page_is_no_answer() {
    let rows = [
        (200, "application/json", "{", "index-answer"),
        (200, "text/plain", "hello", "index-answer"),
        (418, "text/html", "", "index-answer"),
        (401, "text/html", "", "index-denied"),
    ];
    for (status, kind, body, code) in rows {
        let asked = asking(&[], false).on(&answered(status, kind, body));
        assert!(
            matches!(&asked, Asked::Over(Err(trouble)) if trouble.code == code),
            "{status} {body}: {asked:?}"
        );
    }
}

#[test]
fn who_asks_is_said_only_where_that_is_wanted() {
    let mut asking = asking(&[], true);
    assert_eq!(asking.fetch().authorization, None);
    assert_eq!(asking.on(&answered(401, "text/html", "")), Asked::Ask);
    assert!(matches!(
        asking.fetch().authorization,
        Some(Authorization::Basic { .. })
    ));
    let asked = asking.on(&answered(401, "text/html", ""));
    assert!(matches!(asked, Asked::Over(Err(_))), "{asked:?}");
}

#[test]
fn what_was_sent_is_waited_for_and_not_for_ever() {
    let page = answered(200, "text/html", "<html></html>");
    let mut asking = asking(&["my_project_x-1.2.tar.gz"], false);
    let mut waited = 0;
    let mut asked = asking.on(&page);
    while let Asked::Wait { millis, .. } = asked {
        waited += millis;
        asked = asking.on(&page);
    }
    assert_eq!(files(asked), []);
    assert_eq!(waited, 63_000);
}

#[test]
fn names_of_files_say_what_they_are() {
    let named = |name: &str| Named::parse(name).map(|it| (it.project, it.version));
    let is = |project: &str, version: &str| Some((project.to_owned(), version.to_owned()));
    assert_eq!(
        named("A_b.c-1.0rc1-py3-none-any.whl"),
        is("a-b-c", "1.0rc1")
    );
    assert_eq!(
        named("a-1.0-1-cp311-cp311-linux_x86_64.whl"),
        is("a", "1.0")
    );
    assert_eq!(named("a-b-1.0.tar.gz"), is("a-b", "1.0"));
    assert_eq!(named("a-1.0.whl"), None);
    assert_eq!(named("a.txt"), None);
}
