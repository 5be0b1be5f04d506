//! What each rule makes of each event, and what holds for all of them.

use super::*;

/// Names on a push of a tag.
fn on_tag(tag: &str, rules: &str) -> Vec<String> {
    names(&request("push", &format!("refs/tags/{tag}"), rules))
}

fn on_branch(branch: &str, rules: &str) -> Vec<String> {
    names(&request("push", &format!("refs/heads/{branch}"), rules))
}

#[test]
fn versions_by_semver() {
    for (tag, rules, expected) in SEMVER {
        assert_eq!(on_tag(tag, rules), *expected, "{tag} by {rules}");
    }
    assert_eq!(
        on_branch("dev", "type=semver,pattern={{version}},value=1.0.0"),
        ["1.0.0", "latest"]
    );
}

#[test]
fn versions_by_pep440() {
    let all = "type=pep440,pattern={{version}}\ntype=pep440,pattern={{major}}.{{minor}}.{{patch}}";
    let rows: [(&str, &str, &[&str]); 14] = [
        ("1.2.3", all, &["1.2.3", "latest"]),
        ("v1.2", all, &["1.2", "1.2.0", "latest"]),
        ("1.1beta2", all, &["1.1b2"]),
        ("1.2post1", all, &["1.2.post1"]),
        ("1.0dev4", all, &["1.0.dev4"]),
        ("v1.2.3-rc.1", all, &["1.2.3rc1"]),
        ("1.0-1", all, &["1.0.post1"]),
        ("2024.06.0", all, &["2024.6.0", "latest"]),
        (
            "1!2.0.1",
            "type=pep440,pattern={{version}}",
            &["1-2.0.1", "latest"],
        ),
        (
            "1.2.3+ubuntu.1",
            "type=pep440,pattern={{version}}",
            &["1.2.3-ubuntu.1", "latest"],
        ),
        ("v1.1beta2", "type=pep440,pattern={{raw}}", &["v1.1beta2"]),
        ("1.1beta2", "type=pep440,pattern=v{{version}}", &["v1.1b2"]),
        ("1.1beta2", "type=pep440,pattern={{major}}", &["1.1b2"]),
        ("nope", all, &[]),
    ];
    for (tag, rules, expected) in rows {
        assert_eq!(on_tag(tag, rules), expected, "{tag} by {rules}");
    }
}

#[test]
fn groups_of_matches() {
    let rows: [(&str, &str, &[&str]); 13] = [
        (
            "v1.2.3",
            r"type=match,pattern=\d.\d.\d",
            &["1.2.3", "latest"],
        ),
        (
            "v1.2.3",
            r"type=match,pattern=v(\d+)\.(\d+),group=2",
            &["2", "latest"],
        ),
        (
            "v1.2.3-rc.1",
            r"type=match,pattern=v(.*),group=1",
            &["1.2.3-rc.1", "latest"],
        ),
        (
            "V1",
            r"type=match,pattern=/v(\d)/i,group=1",
            &["1", "latest"],
        ),
        (
            "1.22.3",
            r"type=match,pattern=/\d+/g,group=1",
            &["22", "latest"],
        ),
        ("1.22.3", r"type=match,pattern=/\d+/g,group=7", &[]),
        ("v1", r"type=match,pattern=v(x)?,group=1", &[]),
        ("v1", r"type=match,pattern=v,group=", &[]),
        ("v1", r"type=match,pattern=v,group=00", &[]),
        ("v1", r"type=match,pattern=w", &[]),
        ("a/b", r"type=match,pattern=.*", &["a-b", "latest"]),
        (
            "v12",
            r"type=match,pattern=(?<=v)(?<n>\d+)",
            &["12", "latest"],
        ),
        ("v1", "type=match,pattern=v,value=2.0v", &["v", "latest"]),
    ];
    for (tag, rules, expected) in rows {
        assert_eq!(on_tag(tag, rules), expected, "{tag} by {rules}");
    }
    assert_eq!(
        on_branch("dev", "type=match,pattern=.*"),
        Vec::<String>::new()
    );
}

#[test]
fn refs_edges_and_schedules() {
    for (event, reference, rules, expected) in REFS {
        assert_eq!(
            names(&request(event, reference, rules)),
            *expected,
            "{event} {reference} by {rules}"
        );
    }
}

#[test]
fn expressions_of_the_event() {
    for (event, reference, text, expected) in EXPRESSIONS {
        let mut request = request(event, reference, "x");
        request.event.base_ref = Some("main".to_owned());
        request.inputs.labels = format!("x={text}");
        let labels = derived(&request).labels;
        let found = labels
            .iter()
            .find(|(key, _)| key == "x")
            .map(|(_, value)| value.as_str());
        assert_eq!(found, Some(*expected), "{event} {reference} {text}");
    }
    for text in [
        "{{date}}",
        "{{date 'Y' zone='x'}}",
        "{{date 'Y' 'x'}}",
        "{{nope 'x'}}",
        "{{x",
    ] {
        let mut request = request("push", "refs/heads/x", "x");
        request.inputs.annotations = format!("x={text}");
        assert_eq!(refused(&request).len(), 1, "{text}");
    }
}

#[test]
fn a_rule_whose_text_is_left_empty_makes_nothing() {
    let rules = "type=raw,value=\ntype=semver,pattern=\ntype=pep440,pattern=\ntype=match,pattern=\ntype=schedule,pattern=";
    assert_eq!(on_tag("v1.2.3", rules), Vec::<String>::new());
    assert_eq!(on_tag("v1.2.3", "type=raw,value=,prefix=p"), ["p"]);
}

#[test]
fn enable_is_a_word_of_two() {
    assert_eq!(
        on_branch(
            "x",
            "a,enable=true\nb,enable=false\nc,enable={{is_default_branch}}"
        ),
        ["a"]
    );
    for value in ["", "True", "yes", "{{branch}}", "1"] {
        let request = request("push", "refs/heads/x", &format!("a,enable={value}"));
        let shown = if value == "{{branch}}" { "x" } else { value };
        assert_eq!(
            refused(&request),
            [format!("Invalid value for enable attribute: {shown}")]
        );
    }
}

pub(super) const ALL: &str = "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\ntype=semver,pattern={{major}}";

const SEMVER: &[(&str, &str, &[&str])] = &[
    ("v1.2.3", ALL, &["1.2.3", "1.2", "1", "latest"]),
    ("v0.1.2", ALL, &["0.1.2", "0.1", "0", "latest"]),
    ("v1.2.3-rc.1", ALL, &["1.2.3-rc.1"]),
    ("v1.2.3+b.5", ALL, &["1.2.3", "1.2", "1", "latest"]),
    ("1.2", ALL, &[]),
    ("V1.2.3", ALL, &[]),
    (
        "v1.2.3",
        "type=semver,pattern={{raw}}",
        &["v1.2.3", "latest"],
    ),
    (
        "v1.2.3",
        "type=semver,pattern=v{{version}}",
        &["v1.2.3", "latest"],
    ),
    (
        "v1.2.3-rc.1",
        "type=semver,pattern=v{{version}}",
        &["v1.2.3-rc.1"],
    ),
    (
        "v1.2.3-rc.1",
        "type=semver,pattern={{major}}",
        &["1.2.3-rc.1"],
    ),
    ("v1.2.3-rc.1", "type=semver,pattern=stable", &["1.2.3-rc.1"]),
    (
        "v1.2.3",
        "type=semver,pattern=stable",
        &["stable", "latest"],
    ),
    (
        "v1.2.3-rc.1",
        "type=semver,pattern=v{{major}}\ntype=semver,pattern=v{{version}}",
        &["v1.2.3-rc.1"],
    ),
    (
        "v1.2.3-rc.1",
        "type=semver,pattern={{ raw }}",
        &["v1.2.3-rc.1"],
    ),
    (
        "v1.2.3-rc.1",
        "type=semver,pattern={{version}}-{{prerelease.[0]}}-{{prerelease}}",
        &["1.2.3-rc.1-rc-rc-1"],
    ),
    (
        "p/v1.2.3",
        "type=semver,pattern={{version}},match=v(.*)",
        &["1.2.3", "latest"],
    ),
    (
        "p/1.2.3",
        "type=semver,pattern={{version}},match=v(.*)",
        &[],
    ),
    (
        "v1.2.3",
        "type=semver,pattern={{version}},match=nope",
        &["1.2.3", "latest"],
    ),
    (
        "x",
        "type=semver,pattern={{version}},value=v4.5.6",
        &["4.5.6", "latest"],
    ),
    (
        "v1.2.3",
        "type=semver,pattern={{version}},value={{nope}}",
        &[],
    ),
    (
        "v1.2.3",
        "type=semver,pattern={{branch}}x",
        &["x", "latest"],
    ),
    (
        "v1.2.3",
        "type=semver,pattern={{version}},prefix=a-,suffix=-{{sha}}",
        &["a-1.2.3-860c190", "latest"],
    ),
    (
        "v1.2.3",
        "type=semver,pattern={{#if prerelease}}pre{{else}}{{major}}{{/if}}",
        &["1", "latest"],
    ),
    (
        "v1.2.3",
        "type=semver,pattern={{version}}\ntype=semver,pattern={{version}}",
        &["1.2.3", "latest"],
    ),
];

const REFS: &[(&str, &str, &str, &[&str])] = &[
    ("push", "refs/heads/a/b", "type=ref,event=branch", &["a-b"]),
    (
        "push",
        "refs/tags/a/b",
        "type=ref,event=tag",
        &["a-b", "latest"],
    ),
    (
        "pull_request",
        "refs/pull/2/merge",
        "type=ref,event=pr",
        &["pr-2"],
    ),
    (
        "pull_request",
        "refs/pull/2/head",
        "type=ref,event=pr",
        &["pr-2"],
    ),
    (
        "push",
        "refs/merge-requests/7/head",
        "type=ref,event=pr,prefix=mr-",
        &["mr-7"],
    ),
    (
        "pull_request",
        "refs/pull/2/merge",
        "type=ref,event=pr,prefix=",
        &["2"],
    ),
    (
        "push",
        "refs/heads/x",
        "type=ref,event=pr\ntype=ref,event=tag",
        &[],
    ),
    ("push", "refs/heads/master", "type=edge", &["edge"]),
    ("push", "refs/heads/dev", "type=edge", &[]),
    ("push", "refs/heads/dev", "type=edge,branch=dev", &["edge"]),
    (
        "push",
        "refs/heads/dev",
        "type=edge,branch=dev,suffix=-x",
        &["edge-x"],
    ),
    ("push", "refs/tags/master", "type=edge", &[]),
    ("schedule", "refs/heads/master", "", &["nightly", "master"]),
    (
        "schedule",
        "refs/heads/master",
        "type=schedule,pattern={{date 'YYYYMMDD'}}{{branch}}",
        &["20200110"],
    ),
    ("push", "refs/heads/master", "type=schedule", &[]),
    (
        "push",
        "refs/heads/x",
        "type=sha\ntype=sha,format=long,prefix=",
        &["sha-860c190", SHA],
    ),
    (
        "push",
        "refs/heads/x",
        "type=sha,format=short,prefix=,suffix=-s",
        &["860c190-s"],
    ),
];

const EXPRESSIONS: &[(&str, &str, &str, &str)] = &[
    (
        "push",
        "refs/heads/a/b",
        "{{branch}}|{{tag}}|{{base_ref}}",
        "a/b||",
    ),
    (
        "push",
        "refs/tags/v1",
        "{{branch}}|{{tag}}|{{base_ref}}",
        "|v1|main",
    ),
    (
        "pull_request",
        "refs/pull/2/merge",
        "{{branch}}|{{tag}}|{{base_ref}}",
        "||main",
    ),
    (
        "push",
        "refs/heads/x",
        "{{sha}} {{{sha}}} {{branch 'x'}}",
        "860c190 860c190 x",
    ),
    (
        "push",
        "refs/heads/master",
        "{{is_default_branch}} {{is_not_default_branch}}",
        "true false",
    ),
    ("push", "refs/tags/master", "{{is_default_branch}}", "false"),
    ("create", "refs/heads/dev", "{{is_default_branch}}", "false"),
    (
        "create",
        "refs/heads/master",
        "{{is_default_branch}}",
        "true",
    ),
    (
        "schedule",
        "refs/heads/dev",
        "{{is_default_branch}}",
        "true",
    ),
    ("issues", "refs/heads/dev", "{{is_default_branch}}", "true"),
    (
        "issue_comment",
        "refs/heads/dev",
        "{{is_default_branch}}",
        "false",
    ),
    (
        "discussion_comment",
        "refs/heads/dev",
        "{{is_default_branch}}",
        "true",
    ),
    (
        "push",
        "refs/heads/x",
        "{{date 'YYYY,MM' tz='Asia/Tokyo'}} {{date \"H\" tz=\"Nowhere/x\"}}",
        "2020,01 0",
    ),
    ("push", "refs/heads/x", "{{commit_date 'YYYYMMDD'}}", ""),
];
