//! Each system's push, tag, pull request, schedule and run by hand, from environments as the systems document them and as they
//! were seen there. Bitbucket, CircleCI and Jenkins do not tell a schedule or a person from a push; their cases say so.
//!
//! A case holds only what decides: the variables and the payload's members that the system documents for it. What it expects
//! is compared member by member; what it does not name is not looked at.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    env: BTreeMap<String, String>,
    payload: Option<Value>,
    #[serde(default)]
    git: GitFacts,
    expect: Value,
}

/// Where the expected members differ from those that are there.
fn differences(path: &str, expected: &Value, is: &Value) -> Vec<String> {
    match (expected, is) {
        (Value::Object(expected), Value::Object(is)) => {
            let members = expected.iter().flat_map(|(key, value)| {
                let is = is
                    .get(key)
                    .unwrap_or_else(|| panic!("events have no member {path}.{key}"));
                differences(&format!("{path}.{key}"), value, is)
            });
            members.collect()
        }
        (expected, is) if expected == is => Vec::new(),
        (expected, is) => vec![format!("{path} is {is} instead of {expected}")],
    }
}

fn all_hold(text: &str, kinds: &[&str]) {
    let cases: Vec<Case> = serde_json::from_str(text).expect("the cases have this form");
    let report: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let event = normalise(&case.env, case.payload.as_ref(), &case.git);
            let is = serde_json::to_value(&event).expect("it is JSON");
            let found = differences("", &case.expect, &is);
            found
                .into_iter()
                .map(|difference| format!("{}: {difference}", case.name))
        })
        .collect();
    assert!(report.is_empty(), "{}", report.join("\n"));
    let there: Vec<&str> = cases
        .iter()
        .filter_map(|case| case.expect["kind"].as_str())
        .collect();
    for kind in kinds {
        assert!(there.contains(kind), "no case of {kind}");
    }
}

const KINDS: [&str; 5] = ["push", "tag", "pull-request", "schedule", "manual"];

#[test]
fn github() {
    all_hold(include_str!("cases/github.json"), &KINDS);
}

#[test]
fn forgejo() {
    all_hold(include_str!("cases/forgejo.json"), &KINDS);
}

#[test]
fn gitea() {
    all_hold(include_str!("cases/gitea.json"), &KINDS);
}

#[test]
fn gitlab() {
    all_hold(include_str!("cases/gitlab.json"), &KINDS);
}

#[test]
fn bitbucket_which_tells_no_schedule() {
    all_hold(
        include_str!("cases/bitbucket.json"),
        &["push", "tag", "pull-request", "manual"],
    );
}

#[test]
fn jenkins_which_tells_no_cause() {
    all_hold(
        include_str!("cases/jenkins.json"),
        &["push", "tag", "pull-request"],
    );
}

#[test]
fn circleci_which_tells_no_cause() {
    all_hold(
        include_str!("cases/circleci.json"),
        &["push", "tag", "pull-request"],
    );
}

#[test]
fn azure() {
    all_hold(include_str!("cases/azure.json"), &KINDS);
}

#[test]
fn git_alone() {
    all_hold(include_str!("cases/git.json"), &["tag", "manual"]);
}

#[test]
fn each_system_is_known_by_its_own_sign() {
    let rows: [(&[&str], System); 11] = [
        (&["GITHUB_ACTIONS"], System::GitHub),
        (&["GITHUB_ACTIONS", "FORGEJO_ACTIONS"], System::Forgejo),
        (&["GITHUB_ACTIONS", "GITEA_ACTIONS"], System::Gitea),
        (&["GITLAB_CI"], System::GitLab),
        (&["BITBUCKET_BUILD_NUMBER"], System::Bitbucket),
        (&["JENKINS_URL"], System::Jenkins),
        (&["CIRCLECI"], System::CircleCi),
        (&["TF_BUILD"], System::Azure),
        (&["BUILD_BUILDURI"], System::Azure),
        (&["GITLAB_CI", "JENKINS_URL"], System::GitLab),
        (&["HOME"], System::Git),
    ];
    for (names, expected) in rows {
        let env = names
            .iter()
            .map(|name| ((*name).to_owned(), "true".to_owned()))
            .collect();
        assert_eq!(System::detect(&env), expected, "{names:?}");
    }
    let empty = BTreeMap::from([("FORGEJO_ACTIONS".to_owned(), String::new())]);
    assert_eq!(System::detect(&empty), System::Git);
}

#[test]
fn a_detached_head_has_the_ref_that_its_decoration_or_its_branches_tell() {
    for (decoration, branches, tags, expected) in DETACHED {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let git = GitFacts {
            head: Some("0123456".to_owned()),
            decoration: (*decoration).to_owned(),
            branches: own(branches),
            tags: own(tags),
            ..GitFacts::default()
        };
        let found = in_git(&Event::default(), &git).map(|event| event.r#ref);
        assert_eq!(
            found.ok().as_deref(),
            *expected,
            "{decoration} {branches:?} {tags:?}"
        );
    }
    assert_eq!(
        in_git(&Event::default(), &GitFacts::default()),
        Err(NoRef::NoCommit)
    );
}

#[test]
fn no_payload_is_too_strange_to_be_read() {
    let env: BTreeMap<String, String> = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
        ("GITHUB_REF", "refs/x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for text in [
        "null",
        "[]",
        "1",
        "\"x\"",
        "{}",
        r#"{"number":"2","pull_request":[],"repository":null,"commits":{},"head_commit":[1]}"#,
        r#"{"number":-1,"pull_request":{"head":null,"base":7},"repository":{"name":{}},"commits":[null,[],{"id":1}]}"#,
    ] {
        let payload = serde_json::from_str(text).expect("it is JSON");
        let event = super::github(&env, Some(&payload), &GitFacts::default());
        assert_eq!(event.r#ref, "refs/x");
    }
    assert_eq!(
        normalise(&env, None, &GitFacts::default()).system,
        System::GitHub
    );
}

/// What decorates HEAD, the branches and the tags that contain it, and its ref.
type Detached = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    Option<&'static str>,
);

const DETACHED: &[Detached] = &[
    (
        "HEAD, tag: v1.2.4, tag: v1.2.3",
        &[],
        &[],
        Some("refs/tags/v1.2.4"),
    ),
    ("HEAD, tag: a,b", &[], &[], Some("refs/tags/a,b")),
    ("grafted, HEAD, tag: v1", &[], &[], Some("refs/tags/v1")),
    (
        "HEAD, tag: v1, origin/main, main",
        &[],
        &[],
        Some("refs/tags/v1"),
    ),
    ("HEAD, pull/2/merge", &[], &[], Some("refs/pull/2/merge")),
    (
        "grafted, HEAD, pull/2/head",
        &[],
        &[],
        Some("refs/pull/2/head"),
    ),
    ("HEAD, origin/dev, dev", &[], &[], Some("refs/heads/dev")),
    (
        "HEAD, origin/feature/x",
        &[],
        &[],
        Some("refs/heads/feature/x"),
    ),
    (
        "HEAD, feature/x",
        &["refs/heads/feature/x"],
        &[],
        Some("refs/heads/feature/x"),
    ),
    (
        "HEAD, origin/HEAD, origin/main",
        &[],
        &[],
        Some("refs/heads/main"),
    ),
    (
        "HEAD, main",
        &["refs/heads/main"],
        &[],
        Some("refs/heads/main"),
    ),
    (
        "HEAD",
        &["refs/remotes/origin/a", "refs/heads/b"],
        &["t"],
        Some("refs/heads/b"),
    ),
    (
        "HEAD",
        &["refs/remotes/origin/HEAD", "refs/remotes/origin/a"],
        &["t"],
        Some("refs/heads/a"),
    ),
    ("HEAD", &[], &["t", "u"], Some("refs/tags/t")),
    (
        "HEAD, tag: refs/tags/v1.2.3, refs/heads/main",
        &[],
        &[],
        Some("refs/tags/v1.2.3"),
    ),
    (
        "HEAD, refs/heads/feature/x",
        &[],
        &[],
        Some("refs/heads/feature/x"),
    ),
    (
        "HEAD, refs/pull/2/merge",
        &[],
        &[],
        Some("refs/pull/2/merge"),
    ),
    (
        "HEAD, refs/remotes/origin/feature/x",
        &[],
        &[],
        Some("refs/heads/feature/x"),
    ),
    (
        "HEAD, refs/remotes/origin/HEAD, refs/remotes/origin/main",
        &[],
        &[],
        Some("refs/heads/main"),
    ),
    ("HEAD", &[], &[], None),
    ("", &[], &[], None),
];

/// A variable that is read and not asked for would be empty for ever.
#[test]
fn every_variable_that_counts_is_asked_for() {
    let all = [
        include_str!("cases/github.json"),
        include_str!("cases/forgejo.json"),
        include_str!("cases/gitea.json"),
        include_str!("cases/gitlab.json"),
        include_str!("cases/azure.json"),
        include_str!("cases/bitbucket.json"),
        include_str!("cases/circleci.json"),
        include_str!("cases/jenkins.json"),
        include_str!("cases/git.json"),
    ];
    let names = crate::needs(crate::protocol::Program::CdAction, &[]).env;
    let cases = all
        .map(|text| -> Vec<Case> { serde_json::from_str(text).expect("the cases have this form") });
    for case in cases.iter().flatten() {
        let mut asked = case.env.clone();
        asked.retain(|name, _| names.contains(&name.as_str()));
        let event = |env| normalise(env, case.payload.as_ref(), &case.git);
        assert_eq!(event(&asked), event(&case.env), "{}", case.name);
    }
}
