//! Questions to a forge, answered by hand: what is asked, in which order, and what an answer has to be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::event::System;
use crate::protocol::{Completion, Fault, Timestamp};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const NOW: Timestamp = Timestamp(1_795_343_465_000);

fn access() -> Access {
    Access::new(
        System::GitHub,
        "https://api.example/",
        "acme/tasks",
        "TOKEN",
    )
    .expect("it is right")
}

fn answered(status: u16, headers: &[(&str, &str)], body: &Value) -> Completion {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Completion::Fetched {
        status,
        headers: headers.collect(),
        body: body.to_string(),
    }
}

fn first(question: Question) -> (Asking, Exchange, Access) {
    let access = access();
    let (asking, exchange) = Asking::new(question, &access);
    (asking, exchange, access)
}

/// Answers every request by its path below the repository; gives the answer, and what was asked.
fn talk(
    question: Question,
    answers: &BTreeMap<&str, Value>,
) -> (Result<Answer, Trouble>, Vec<String>) {
    let (mut asking, mut exchange, mut access) = first(question);
    let mut asked = Vec::new();
    for _ in 0..50 {
        let url = exchange.fetch(&access).url;
        let path = url.replace("https://api.example/repos/acme/tasks", "");
        let known = answers.get(path.split('?').next().unwrap_or_default());
        asked.push(path);
        let completion = known.map_or_else(
            || answered(404, &[], &json!({})),
            |body| answered(200, &[], body),
        );
        let Turn::Over(got) = exchange.on(&completion, &mut access, NOW) else {
            panic!("it is answered");
        };
        match asking.on(got) {
            Going::Ask(next) => exchange = *next,
            Going::Done(done) => return (done, asked),
        }
    }
    panic!("it never ends: {asked:?}");
}

fn checks() -> Question {
    Question::Checks {
        commit: COMMIT.to_owned(),
        names: vec!["test".to_owned()],
        statuses: Statuses::Newest,
    }
}

fn run(name: &str, commit: &str) -> Value {
    json!({ "id": 1, "name": name, "status": "completed", "conclusion": "success", "head_sha": commit, "app": { "id": 1, "slug": "ci" } })
}

#[test]
fn what_is_reported_needs_no_pull_request() {
    let runs = format!("/commits/{COMMIT}/check-runs");
    let status = format!("/commits/{COMMIT}/status");
    let answers = BTreeMap::from([
        (
            runs.as_str(),
            json!({ "total_count": 1, "check_runs": [run("test", COMMIT)] }),
        ),
        (
            status.as_str(),
            json!({ "sha": COMMIT, "total_count": 0, "statuses": [] }),
        ),
    ]);
    let (answer, asked) = talk(checks(), &answers);
    let Ok(Answer::Checked(checked)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (checked.runs.len(), checked.twin, asked.len()),
        (1, None, 2)
    );
}

#[test]
fn an_entry_that_is_not_understood_spoils_the_list() {
    let runs = format!("/commits/{COMMIT}/check-runs");
    let whole = run("test", COMMIT);
    for member in ["id", "name", "status", "head_sha"] {
        let mut torn = whole.clone();
        torn.as_object_mut().expect("it is one").remove(member);
        let answers = BTreeMap::from([(
            runs.as_str(),
            json!({ "total_count": 2, "check_runs": [whole, torn] }),
        )]);
        let (answer, _) = talk(checks(), &answers);
        assert_eq!(
            answer.expect_err("it says no").code,
            "forge-answer",
            "{member}"
        );
    }
    for body in [
        json!([]),
        json!({ "check_runs": [] }),
        json!({ "total_count": 0 }),
        json!(null),
        json!("x"),
    ] {
        let answers = BTreeMap::from([(runs.as_str(), body.clone())]);
        let (answer, _) = talk(checks(), &answers);
        assert!(answer.is_err(), "{body}");
    }
}

#[test]
fn a_message_only_leads_to_a_pull_request() {
    let rows = [
        ("A change (#12)", Some(12)),
        ("Merge pull request #7 from a/b", Some(7)),
        ("A change (#12)\n\n(#13)", Some(12)),
        ("A change #12", None),
        ("A change (#x)", None),
        ("(#99999999999999999999)", None),
        ("", None),
    ];
    for (message, expected) in rows {
        assert_eq!(read::named_pull(message), expected, "{message}");
    }
}

fn turn(completion: &Completion) -> Turn {
    let (_, mut exchange, mut access) = first(checks());
    exchange.on(completion, &mut access, NOW)
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn refusals_are_told_apart_from_limits() {
    let code = |completion: &Completion| match turn(completion) {
        Turn::Over(Err(trouble)) => trouble.code,
        Turn::Over(Ok(_)) => "answered",
        Turn::Wait { .. } => "waits",
        Turn::Again => "again",
    };
    let message = |text: &str| json!({ "message": text });
    let reset = (NOW.0 / 1000 + 30).to_string();
    let late = (NOW.0 / 1000 + 3_000).to_string();
    let rows = [
        (
            answered(403, &[], &message("Resource not accessible by integration")),
            "forge-denied",
        ),
        (
            answered(401, &[], &message("Bad credentials")),
            "forge-token",
        ),
        (
            answered(403, &[("retry-after", "5")], &message("x")),
            "waits",
        ),
        (
            answered(
                403,
                &[],
                &message("You have exceeded a secondary rate limit"),
            ),
            "waits",
        ),
        (
            answered(
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", &reset),
                ],
                &message("x"),
            ),
            "waits",
        ),
        (
            answered(
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &late)],
                &message("x"),
            ),
            "forge-limited",
        ),
        (
            answered(429, &[("retry-after", "3600")], &message("x")),
            "forge-limited",
        ),
        (answered(500, &[], &message("x")), "waits"),
        (answered(404, &[], &message("x")), "answered"),
        (answered(422, &[], &message("x")), "forge-answer"),
        (
            answered(
                302,
                &[("location", "https://evil.example/repos")],
                &message("x"),
            ),
            "forge-answer",
        ),
        (
            answered(
                301,
                &[("location", "https://api.example/repositories/5/x")],
                &message("x"),
            ),
            "again",
        ),
        (
            answered(
                301,
                &[("location", "https://api.example.evil.example/x")],
                &message("x"),
            ),
            "forge-answer",
        ),
        (
            Completion::Failed {
                fault: Fault::SecretMissing,
                message: String::new(),
            },
            "forge-token",
        ),
    ];
    for (completion, expected) in rows {
        assert_eq!(code(&completion), expected, "{completion:?}");
    }
}

#[test]
fn tries_and_waits_have_their_bound() {
    let (_, mut exchange, mut access) = first(checks());
    let mut waited = 0;
    for tries in 1..=20 {
        match exchange.on(
            &answered(503, &[("retry-after", "999")], &json!({})),
            &mut access,
            NOW,
        ) {
            Turn::Wait { millis, .. } => waited += millis,
            Turn::Over(Err(trouble)) => {
                assert_eq!((trouble.code, tries), ("forge-unreachable", 5));
                assert!(waited <= 4 * 60_000, "{waited}");
                return;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("it never ends");
}

#[test]
fn what_has_not_changed_is_what_it_was() {
    let (_, mut exchange, mut access) = first(checks());
    let body = json!({ "total_count": 0, "check_runs": [] });
    let once = exchange.on(
        &answered(200, &[("etag", "\"a\"")], &body),
        &mut access,
        NOW,
    );
    let (_, mut again, _) = first(checks());
    let fetch = again.fetch(&access);
    assert_eq!(
        fetch.headers.get("if-none-match").map(String::as_str),
        Some("\"a\"")
    );
    let same = again.on(&answered(304, &[], &Value::Null), &mut access, NOW);
    assert_eq!(once, same);
}

#[test]
fn the_token_goes_to_safe_addresses_of_repositories_only() {
    let fits =
        |api: &str, repository: &str| Access::new(System::GitHub, api, repository, "T").is_ok();
    assert!(fits("https://api.github.com", "acme/tasks"));
    assert!(fits("http://127.0.0.1:80/api/v3", "acme/tasks"));
    assert!(fits("http://[::1]:80", "acme/tasks"));
    assert!(fits("http://localhost:3000/api/v1", "acme/tasks"));
    for api in [
        "http://forge.example",
        "ftp://127.0.0.1",
        "https://user@forge.example",
        "https://a b",
        "",
        "http://127.0.0.1.evil.example",
    ] {
        assert!(!fits(api, "acme/tasks"), "{api}");
    }
    for repository in [
        "acme",
        "acme/tasks/x",
        "../tasks",
        "acme/..",
        "acme/ta sks",
        "acme/tasks?x",
        "",
    ] {
        assert!(!fits("https://api.github.com", repository), "{repository}");
    }
}

#[test]
fn what_is_written_is_not_written_twice() {
    let deployment = Deployment {
        commit: COMMIT.to_owned(),
        environment: "production".to_owned(),
        version: "1".repeat(300),
        url: "javascript:alert(1)".to_owned(),
        ..Deployment::default()
    };
    let mut exchange = deployment::create(&deployment);
    let mut access = access();
    let body = exchange.fetch(&access).body;
    let Some(crate::protocol::Body::Text { text }) = body else {
        panic!("it has one");
    };
    let body: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(
        (
            body["auto_merge"].as_bool(),
            body["required_contexts"].as_array().map(Vec::len)
        ),
        (Some(false), Some(0))
    );
    assert!(
        body["description"]
            .as_str()
            .expect("it has one")
            .chars()
            .count()
            <= 140
    );
    assert!(matches!(
        exchange.on(&answered(502, &[], &json!({})), &mut access, NOW),
        Turn::Over(Err(_))
    ));
    let told = deployment::status(7, State::Success, "deployed", &deployment).fetch(&access);
    assert!(
        told.url.ends_with("/deployments/7/statuses"),
        "{}",
        told.url
    );
    assert!(
        !format!("{:?}", told.body).contains("javascript"),
        "it is no address"
    );
}

#[test]
fn what_is_said_is_said_again_until_it_is_heard() {
    let about = Deployment::default();
    let mut access = access();
    for answer in [
        answered(502, &[], &json!({})),
        answered(429, &[("retry-after", "1")], &json!({})),
        answered(
            403,
            &[("retry-after", "1")],
            &json!({ "message": "You have exceeded a secondary rate limit" }),
        ),
        Completion::TimedOut {
            stdout: String::new(),
            stderr: String::new(),
        },
    ] {
        let mut exchange = deployment::status(7, State::Success, "deployed", &about);
        let turn = exchange.on(&answer, &mut access, NOW);
        assert!(matches!(turn, Turn::Wait { .. }), "{answer:?}: {turn:?}");
    }
    // Of what was limited it is known that it was not done.
    let mut exchange = deployment::create(&about);
    let limited = answered(429, &[("retry-after", "1")], &json!({}));
    assert!(matches!(
        exchange.on(&limited, &mut access, NOW),
        Turn::Wait { .. }
    ));
}

/// Answers by what the path contains; what stands first counts.
fn said(
    question: Question,
    system: System,
    answers: &[(&str, Value)],
) -> (Result<Answer, Trouble>, Vec<String>) {
    let mut access =
        Access::new(system, "https://api.example", "acme/tasks", "TOKEN").expect("it is right");
    let (mut asking, mut exchange) = Asking::new(question, &access);
    let mut asked = Vec::new();
    for _ in 0..50 {
        let path = exchange
            .fetch(&access)
            .url
            .replace("https://api.example/repos/acme/tasks", "");
        let known = answers.iter().find(|(part, _)| path.contains(part));
        let completion = known.map_or_else(
            || answered(404, &[], &json!({})),
            |(_, body)| answered(200, &[], body),
        );
        asked.push(path);
        let Turn::Over(got) = exchange.on(&completion, &mut access, NOW) else {
            panic!("it is answered");
        };
        match asking.on(got) {
            Going::Ask(next) => exchange = *next,
            Going::Done(done) => return (done, asked),
        }
    }
    panic!("it never ends: {asked:?}");
}

#[test]
fn who_reported_a_status_is_read_where_the_forge_says_it() {
    let question = |statuses| Question::Checks {
        commit: COMMIT.to_owned(),
        names: vec!["ci/x".to_owned()],
        statuses,
    };
    // The combined answer of GitHub has no creators.
    let answers = [
        ("/check-runs", json!({ "total_count": 0, "check_runs": [] })),
        (
            "/statuses",
            json!([{ "id": 2, "context": "ci/x", "state": "success", "creator": { "login": "ci" } }]),
        ),
        (
            "/status",
            json!({ "sha": COMMIT, "total_count": 1, "statuses": [{ "id": 2, "context": "ci/x", "state": "success" }] }),
        ),
    ];
    let creator = |statuses| match said(question(statuses), System::GitHub, &answers).0 {
        Ok(Answer::Checked(checked)) => checked.statuses[0].creator.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(creator(Statuses::Newest), "");
    assert_eq!(creator(Statuses::WithCreators), "ci");
}

#[test]
fn lists_of_gitea_are_read_until_nothing_comes_for_their_sum_is_that_of_a_page() {
    let page = |ids: std::ops::RangeInclusive<u64>| {
        let status = |id| json!({ "id": id, "context": format!("ci/{id}"), "status": "success", "creator": { "login": "ci" } });
        let statuses: Vec<Value> = ids.map(status).collect();
        json!({ "sha": COMMIT, "total_count": statuses.len(), "statuses": statuses })
    };
    let question = Question::Checks {
        commit: COMMIT.to_owned(),
        names: vec!["ci/60".to_owned()],
        statuses: Statuses::WithCreators,
    };
    let answers = [
        ("page=1", page(1..=50)),
        ("page=2", page(51..=60)),
        (
            "page=3",
            json!({ "sha": COMMIT, "total_count": 0, "statuses": null }),
        ),
    ];
    let (answer, asked) = said(question, System::Gitea, &answers);
    let Ok(Answer::Checked(checked)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((checked.statuses.len(), asked.len()), (60, 3), "{asked:?}");
}

#[test]
fn of_those_who_reviewed_it_is_asked_who_may_write_and_who_wrote() {
    let review = |id: u64, login: &str, state: &str| json!({ "id": id, "user": { "login": login, "type": "User" }, "state": state, "commit_id": COMMIT });
    let answers = [
        (
            "/git/commits",
            json!({ "tree": { "sha": "t" }, "message": "a change" }),
        ),
        (
            "/reviews",
            json!([
                review(1, "ben", "APPROVED"),
                review(2, "stranger", "CHANGES_REQUESTED"),
                review(3, "reader", "APPROVED"),
                review(4, "robot[bot]", "APPROVED"),
                review(5, "zoe", "COMMENTED")
            ]),
        ),
        (
            "/pulls/5/commits",
            json!([
                { "sha": COMMIT, "author": { "login": "anna" }, "committer": { "login": "web-flow" } },
                { "sha": "f".repeat(40), "author": null, "committer": { "login": "dora" } },
            ]),
        ),
        ("/collaborators/ben/", json!({ "permission": "write" })),
        ("/collaborators/reader/", json!({ "permission": "read" })),
        (
            "/pulls?",
            json!([{ "number": 5, "user": { "login": "anna" }, "head": { "sha": COMMIT }, "merged_at": "2026-11-27T10:00:00Z", "merge_commit_sha": COMMIT }]),
        ),
    ];
    let question = Question::Reviews {
        commit: COMMIT.to_owned(),
        branch: Some("main".to_owned()),
    };
    let (answer, asked) = said(question.clone(), System::GitHub, &answers);
    let Ok(Answer::Reviewed(reviewed)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(reviewed.may_write, ["ben".to_owned()].into());
    assert_eq!(reviewed.writers, ["anna", "dora"].map(str::to_owned).into());
    let people = asked
        .iter()
        .filter(|it| it.contains("/collaborators/"))
        .count();
    assert_eq!(
        people, 3,
        "no machine, and nobody who only talks: {asked:?}"
    );
    // What is not understood is no answer.
    let silent: Vec<(&str, Value)> = answers
        .iter()
        .map(|(part, body)| {
            let body = if part.contains("ben") {
                json!({})
            } else {
                body.clone()
            };
            (*part, body)
        })
        .collect();
    let (answer, _) = said(question, System::GitHub, &silent);
    assert_eq!(
        answer.expect_err("it is not understood").code,
        "forge-answer"
    );
}

#[test]
fn a_pull_request_that_was_closed_or_goes_elsewhere_became_nothing() {
    let pull = |state: &str, base: &str| json!([{ "number": 5, "state": state, "user": { "login": "anna" }, "head": { "sha": COMMIT }, "base": { "ref": base } }]);
    for (state, base, known) in [
        ("open", "main", true),
        ("closed", "main", false),
        ("open", "other", false),
    ] {
        let answers = [
            (
                "/git/commits",
                json!({ "tree": { "sha": "t" }, "message": "a change" }),
            ),
            ("/reviews", json!([])),
            ("/pulls?", pull(state, base)),
        ];
        let question = Question::Reviews {
            commit: COMMIT.to_owned(),
            branch: Some("main".to_owned()),
        };
        let Ok(Answer::Reviewed(reviewed)) = said(question, System::GitHub, &answers).0 else {
            panic!("it is answered");
        };
        assert_eq!(reviewed.pull.is_some(), known, "{state} {base}");
    }
}
