//! What holds for all rules together: latest, images, outputs, verdicts, mistakes.

use super::rules::ALL;
use super::*;

#[test]
fn the_first_tag_decides_about_latest() {
    let rows: [(&str, &str, &[&str]); 11] = [
        ("type=semver,pattern={{version}}", "", &["1.2.3", "latest"]),
        (
            "type=semver,pattern={{version}}\ntype=raw,value=r,priority=1000",
            "",
            &["r", "1.2.3"],
        ),
        (
            "type=pep440,pattern=x{{nope}}\ntype=ref,event=tag",
            "",
            &["x", "v1.2.3", "latest"],
        ),
        (
            "type=semver,pattern={{nope}}\ntype=ref,event=tag",
            "",
            &["v1.2.3", "latest"],
        ),
        (
            "type=semver,pattern={{version}},match=v\\d\\.(\\d)\ntype=ref,event=tag",
            "",
            &["v1.2.3", "latest"],
        ),
        ("a", "latest=true", &["a", "latest"]),
        ("type=ref,event=branch", "latest=true", &[]),
        (
            "type=semver,pattern={{version}}",
            "latest=false",
            &["1.2.3"],
        ),
        ("latest", "latest=true", &["latest"]),
        (
            "a",
            "latest=true\nprefix=p-,onlatest=true\nsuffix=-{{sha}},onlatest=true",
            &["p-a-860c190", "p-latest-860c190"],
        ),
        (
            "a\nb,prefix=,suffix=",
            "prefix=p-,suffix=-s\nlatest=true",
            &["p-a-s", "b", "latest"],
        ),
    ];
    for (rules, flavor, expected) in rows {
        let mut request = request("push", "refs/tags/v1.2.3", rules);
        request.inputs.flavor = flavor.to_owned();
        assert_eq!(names(&request), expected, "{rules} with {flavor}");
    }
}

#[test]
fn every_rule_says_what_became_of_it() {
    let rules = "type=schedule\ntype=semver,pattern={{version}}\ntype=match,pattern=x\ntype=edge\ntype=ref,event=branch\ntype=ref,event=tag\ntype=ref,event=pr\nv1\nv1\n日本\nx,enable=false\ny{{nope}}";
    let mut request = request("push", "refs/tags/v1", rules);
    assert_eq!(
        why(&request),
        [
            "`type=schedule` made nothing: this is no scheduled run",
            "`type=semver,pattern={{version}}` made nothing: `v1` is no version by SemVer",
            "`type=match,pattern=x` made nothing: `v1` does not match `x`",
            "`type=edge` made nothing: it is for the branch master alone",
            "`type=ref,event=branch` made nothing: this is about no branch",
            "`type=ref,event=tag` made v1",
            "`type=ref,event=pr` made nothing: this is about no pull request",
            "`v1` made v1, like a rule before it",
            "`v1` made v1, like a rule before it",
            "`日本` made nothing: nothing of `日本` can be in a tag",
            "`x,enable=false` made nothing: it is not enabled",
            "`y{{nope}}` made y",
        ]
    );
    request.inputs.tags = "type=edge\ntype=sha\ntype=semver,pattern=x\n{{nope}}".to_owned();
    request.event.default_branch = None;
    request.event.sha = String::new();
    request.event.r#ref = String::new();
    assert_eq!(
        why(&request),
        [
            "`type=semver,pattern=x` made nothing: no git tag was pushed, and the rule has no value in its place",
            "`type=edge` made nothing: nobody says which branch is the main one",
            "`{{nope}}` made nothing: its text is empty",
            "`type=sha` made nothing: the commit is not known",
        ]
    );
    let warnings = derived(&request).warnings;
    assert_eq!(
        warnings,
        [
            "No Docker image version has been generated. Check tags input.",
            "No Docker tag has been generated. Check tags input."
        ]
    );
}

#[test]
fn tells_tags_that_stay_from_those_that_move() {
    let rules = "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\ntype=semver,pattern=v{{major}}\ntype=ref,event=tag\ntype=sha\nnightly\nrun-{{sha}}";
    let tags = derived(&request("push", "refs/tags/v1.2.3", rules)).tags;
    let found: Vec<(&str, Mobility)> = tags
        .iter()
        .map(|tag| (tag.name.as_str(), tag.mobility))
        .collect();
    assert_eq!(
        found,
        [
            ("1.2.3", Mobility::Immutable),
            ("1.2", Mobility::Minor),
            ("v1", Mobility::Major),
            ("v1.2.3", Mobility::Immutable),
            ("nightly", Mobility::Follows),
            ("run-860c190", Mobility::Immutable),
            ("sha-860c190", Mobility::Immutable),
            ("latest", Mobility::Release),
        ]
    );
    assert_eq!(
        tags[7].rule,
        "latest, for `type=semver,pattern={{version}}`"
    );
}

#[test]
fn the_explanation_names_rules_reasons_and_conflicts() {
    let rules = "type=semver,pattern={{version}}\ntype=edge";
    let told = derived(&request("push", "refs/tags/v1.2.3-1", rules)).explanation();
    let expected = serde_json::json!({
        "version": "1.2.3-1",
        "tags": [{ "name": "1.2.3-1", "rule": "type=semver,pattern={{version}}", "mobility": "immutable" }],
        "rules": [
            { "rule": "type=semver,pattern={{version}}", "outcome": { "type": "made", "tag": "1.2.3-1" } },
            { "rule": "type=edge", "outcome": { "type": "nothing", "why": { "type": "other-branch", "wanted": "master" } } },
        ],
        "warnings": [],
        "conflict": "`v1.2.3-1` is a pre-release in SemVer and a post-release in PEP 440",
    });
    assert_eq!(told, expected);
}

#[test]
fn moving_tags_only_move_forward() {
    for (tag, flavor, existing, expected) in FORWARD {
        let mut request = request("push", &format!("refs/tags/{tag}"), ALL);
        request.inputs.flavor = (*flavor).to_owned();
        let moves = moves_forward(&derived(&request), existing);
        let found: Vec<String> = moves
            .iter()
            .map(|one| {
                one.to_string()
                    .split_once(' ')
                    .expect("it has words")
                    .1
                    .to_owned()
            })
            .collect();
        assert_eq!(found, *expected, "{tag} {flavor} {existing:?}");
    }
    let request = request("push", "refs/heads/dev", "type=ref,event=branch");
    let moves = moves_forward(&derived(&request), &["9.9.9"]);
    assert_eq!(moves[0].verdict, Forward::NotByVersion);
}

#[test]
fn images_come_first_and_tags_inside() {
    let rows: [(&str, &[&str]); 4] = [
        ("", &["a", "b"]),
        ("x,enable=false", &[]),
        (
            "X\nghcr.io/y",
            &["x:a", "x:b", "ghcr.io/y:a", "ghcr.io/y:b"],
        ),
        ("x,y", &["x:a", "x:b", "y:a", "y:b"]),
    ];
    for (images, expected) in rows {
        let mut request = request("push", "refs/heads/x", "a\nb");
        request.inputs.images = images.to_owned();
        assert_eq!(derived(&request).references(), expected, "{images}");
    }
}

#[test]
fn outputs_are_joined_and_repeated_as_variables() {
    let mut request = request("push", "refs/heads/x", "a\nb");
    request.inputs.sep_tags = ",".to_owned();
    request.inputs.sep_annotations = " ".to_owned();
    request.inputs.labels = "\"k=one\ntwo\"".to_owned();
    request.inputs.bake_target = " app ".to_owned();
    request.env.insert(
        "DOCKER_METADATA_ANNOTATIONS_LEVELS".to_owned(),
        "index,manifest".to_owned(),
    );
    request
        .env
        .insert("SOURCE_DATE_EPOCH".to_owned(), "0".to_owned());
    let derived_ = derived(&request);
    let outputs: BTreeMap<&str, String> = derived_.outputs("/scratch/").into_iter().collect();
    assert_eq!(outputs["tags"], "user/app:a,user/app:b");
    assert_eq!(outputs["tag-names"], "a,b");
    assert_eq!(outputs["version"], "a");
    assert_eq!(
        outputs["bake-file"],
        "/scratch/docker-metadata-action-bake.json"
    );
    assert!(
        outputs["labels"]
            .starts_with("k=one\ntwo\norg.opencontainers.image.created=1970-01-01T00:00:00.000Z\n")
    );
    assert_eq!(outputs["annotations"].matches("index:").count(), 8);
    assert_eq!(outputs["annotations"].matches(" manifest:").count(), 8);
    let json: serde_json::Value = serde_json::from_str(&outputs["json"]).expect("it is JSON");
    assert_eq!(json["labels"]["k"], "one");
    let files = derived_.files();
    assert!(files.iter().all(|file| file.text.contains("\"app\"")));
    assert!(files[0].text.starts_with(
        "{\n  \"target\": {\n    \"app\": {\n      \"tags\": [\n        \"user/app:a\","
    ));
    let variables = derived_.variables("/scratch");
    assert_eq!(variables.len(), 10);
    assert_eq!(variables[6].0, "DOCKER_METADATA_OUTPUT_BAKE_FILE_TAGS");
    request.env.insert(
        "DOCKER_METADATA_SET_OUTPUT_ENV".to_owned(),
        "false".to_owned(),
    );
    assert_eq!(derived(&request).variables("/scratch"), []);
}

#[test]
fn a_pull_requests_own_commit_counts_where_asked_for() {
    let mut request = request("pull_request", "refs/pull/2/merge", "type=sha");
    request.event.pull_request = Some(crate::event::PullRequest {
        number: 2,
        head_sha: Some("1e9249f05bfc090e0688b8fb9c1b347586add504".to_owned()),
        ..Default::default()
    });
    assert_eq!(names(&request), ["sha-860c190"]);
    request
        .env
        .insert("DOCKER_METADATA_PR_HEAD_SHA".to_owned(), "true".to_owned());
    assert_eq!(names(&request), ["sha-1e9249f"]);
    let labels = derived(&request).labels;
    let revision = (
        "org.opencontainers.image.revision".to_owned(),
        "1e9249f05bfc090e0688b8fb9c1b347586add504".to_owned(),
    );
    assert!(labels.contains(&revision));
}

#[test]
fn all_mistakes_come_at_once() {
    let mut request = request(
        "push",
        "refs/heads/x",
        "type=a\ntype=b\nok,enable=x\ntype=sha",
    );
    request.inputs.context = "elsewhere".to_owned();
    request.inputs.images = "a:b,c d".to_owned();
    request.inputs.flavor = "x".to_owned();
    request.inputs.labels = "a={{".to_owned();
    request.inputs.annotations = "\"".to_owned();
    request.env.insert(
        "DOCKER_METADATA_SHORT_SHA_LENGTH".to_owned(),
        "x".to_owned(),
    );
    assert_eq!(refused(&request).len(), 10);
    let hostile = Request {
        inputs: Inputs {
            tags: "type=match,pattern=^(a+)+\\1$,value=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".to_owned(),
            ..Inputs::default()
        },
        ..Request::default()
    };
    let mistakes = derive(&hostile).err().unwrap_or_default();
    assert_eq!(mistakes.len(), 1);
    assert_eq!(
        mistakes[0].entry.as_deref(),
        Some(hostile.inputs.tags.as_str())
    );
    assert!(
        mistakes[0].message.contains("too many ways"),
        "{}",
        mistakes[0]
    );
}

#[test]
fn a_match_without_a_group_takes_nothing_out() {
    let request = request(
        "push",
        "refs/tags/v1.2.3",
        "type=semver,pattern={{version}},match=v.*",
    );
    assert_eq!(
        refused(&request),
        ["`v.*` matches `v1.2.3`, but has no group that takes the version out of it"]
    );
}

const FORWARD: &[(&str, &str, &[&str], [&str; 4])] = &[
    (
        "v1.2.3",
        "",
        &[],
        ["never moves", "moves", "moves", "moves"],
    ),
    (
        "v1.2.3",
        "",
        &["1.2.2", "1.2.3", "1.2", "latest", "2.0.0-rc.1"],
        ["never moves", "moves", "moves", "moves"],
    ),
    (
        "v1.2.3",
        "",
        &["1.2.4"],
        [
            "never moves",
            "stays, since 1.2.4 is there",
            "stays, since 1.2.4 is there",
            "stays, since 1.2.4 is there",
        ],
    ),
    (
        "v1.2.3",
        "",
        &["v1.3.0", "1.10.0"],
        [
            "never moves",
            "moves",
            "stays, since 1.10.0 is there",
            "stays, since 1.10.0 is there",
        ],
    ),
    (
        "v1.2.3",
        "",
        &["2.0.0"],
        [
            "never moves",
            "moves",
            "moves",
            "stays, since 2.0.0 is there",
        ],
    ),
    (
        "v1.2.3",
        "",
        &["20240110", "2", "sha-12", "9.9.9-alpine"],
        ["never moves", "moves", "moves", "moves"],
    ),
    (
        "v1.2.3",
        "suffix=-alpine",
        &["9.9.9", "1.2.4-alpine"],
        [
            "never moves",
            "stays, since 1.2.4-alpine is there",
            "stays, since 1.2.4-alpine is there",
            "stays, since 1.2.4-alpine is there",
        ],
    ),
    (
        "v1.2.3",
        "prefix=p/",
        &["p-2.0.0"],
        [
            "never moves",
            "moves",
            "moves",
            "stays, since p-2.0.0 is there",
        ],
    ),
];
