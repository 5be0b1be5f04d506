//! Expressions and regular expressions are read when their rule runs: before that a mistake in them is a warning.

use super::*;

const BRANCH: &str = "type=ref,event=branch";

#[test]
fn a_mistake_in_a_rule_that_does_not_run_is_a_warning_that_names_it() {
    let rows = [
        "type=match,pattern=(",
        "type=raw,value={{branch,enable=false",
        "type=semver,pattern={{version}",
        "type=semver,pattern={{version}},match=(",
        "type=pep440,pattern={{version}},prefix={{",
        "type=schedule,pattern={{date",
        "type=ref,event=tag,suffix={{",
    ];
    for rule in rows {
        let request = request("push", "refs/heads/main", &format!("{BRANCH}\n{rule}"));
        let derived = derived(&request);
        assert_eq!(derived.version, "main", "{rule}");
        let [warning] = derived.warnings.as_slice() else {
            panic!("{rule}: {:?}", derived.warnings);
        };
        assert!(
            warning.starts_with(&format!("`{rule}` has a mistake")),
            "{warning}"
        );
        assert_eq!(
            mistakes(rule).len(),
            1,
            "a configuration is refused: {rule}"
        );
    }
}

#[test]
fn a_rule_that_runs_tells_all_its_mistakes() {
    let rows = [
        ("type=raw,value={{branch", 1),
        ("type=raw,value={{branch,prefix={{", 2),
        ("type=raw,value=x,suffix={{", 1),
        ("type=raw,value=x,enable={{", 1),
        ("type=match,pattern=(,value=x", 1),
        ("type=semver,pattern={{,value=1.2.3", 1),
        ("type=semver,pattern={{version}},match=(,value=1.2.3", 1),
    ];
    for (rule, count) in rows {
        let request = request("push", "refs/heads/main", &format!("{BRANCH}\n{rule}"));
        assert_eq!(refused(&request).len(), count, "{rule}");
    }
}

#[test]
fn a_pre_release_needs_no_pattern_for_releases() {
    let request = request(
        "push",
        "refs/tags/v1.2.3-rc.1",
        "type=semver,pattern={{version}",
    );
    let derived = derived(&request);
    assert_eq!(derived.version, "1.2.3-rc.1");
    assert_eq!(derived.warnings.len(), 1);
}

#[test]
fn a_flavor_that_no_rule_fills_in_is_a_warning() {
    let mut request = request("push", "refs/heads/main", "type=ref,event=branch,prefix=a-");
    request.inputs.flavor = "prefix={{".to_owned();
    assert_eq!(derived(&request).warnings.len(), 1);
    request.inputs.tags = BRANCH.to_owned();
    assert_eq!(refused(&request).len(), 1);
}

#[test]
fn a_mistake_of_a_flavor_is_told_once_and_as_its_own() {
    let rows = [
        (
            "latest=true\nsuffix={{foo 1}}",
            "a\nb",
            "Missing helper: \"foo\"",
        ),
        (
            "latest=true\nprefix={{foo 1}},onlatest=true",
            "a\nb\nc,prefix=c",
            "Missing helper: \"foo\"",
        ),
        (
            "latest=true\nprefix={{,onlatest=true",
            "a\nb\nc,prefix=c",
            "`{{` has an expression that is not closed",
        ),
    ];
    for (flavor, rules, message) in rows {
        let mut request = request("push", "refs/heads/main", rules);
        request.inputs.flavor = flavor.to_owned();
        let mistakes = derive(&request).err().unwrap_or_default();
        let [mistake] = mistakes.as_slice() else {
            panic!("{flavor}: {mistakes:?}");
        };
        assert_eq!(
            (mistake.input, mistake.line),
            ("flavor", Some(2)),
            "{flavor}"
        );
        assert_eq!(mistake.message, message);
    }
}

#[test]
fn the_length_of_a_short_sha_matters_where_one_is_short() {
    let name = "DOCKER_METADATA_SHORT_SHA_LENGTH";
    let of = |rules: &str| {
        let mut request = request("push", "refs/heads/main", rules);
        request.env = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        request
    };
    for rules in [BRANCH, "type=sha,format=long", "type=sha,enable=false\nx"] {
        let warnings = derived(&of(rules)).warnings;
        assert_eq!(warnings.len(), 1, "{rules}");
        assert!(warnings[0].starts_with(name), "{warnings:?}");
    }
    for rules in ["type=sha", "type=sha\ntype=sha,prefix=", "x-{{sha}}"] {
        assert_eq!(refused(&of(rules)).len(), 1, "{rules}");
    }
}

#[test]
fn images_that_are_all_disabled_leave_no_tag_and_are_told() {
    let mut request = request("push", "refs/heads/main", BRANCH);
    request.inputs.images = "user/app,enable=false".to_owned();
    let derived = derived(&request);
    assert_eq!(derived.references(), Vec::<String>::new());
    assert_eq!(
        derived.warnings,
        ["No Docker tag has been generated. Check tags input."]
    );
    assert_eq!(derived.version, "main");
}

#[test]
fn a_quote_that_is_part_of_a_value_is_told() {
    let rows = [
        ("type=raw,value=\"foo\"", "", "value"),
        ("type=raw,value=\"x,y\"", "", "value"),
        ("x,prefix=\"a\"", "", "prefix"),
        ("x\ntype=match,pattern=\"v(.*)\"", "", "pattern"),
        (
            "x\ntype=semver,pattern={{raw}},match=\"v(.*)\"",
            "",
            "match",
        ),
        ("x\ntype=semver,pattern=\"{{version}}\"", "", "pattern"),
        ("x", "prefix=\"a\"", "prefix"),
        ("x", "latest=false,suffix=\"a\"", "suffix"),
    ];
    for (rules, flavor, key) in rows {
        let mut request = request("push", "refs/heads/main", rules);
        request.inputs.flavor = flavor.to_owned();
        let warnings = derived(&request).warnings;
        let [warning] = warnings.as_slice() else {
            panic!("{rules} {flavor}: {warnings:?}");
        };
        let end =
            format!("has a quote in its {key}; quotes go around a whole field, as in \"{key}=x\"");
        assert!(warning.ends_with(&end), "{warning}");
    }
    let whole = request(
        "push",
        "refs/tags/v1,2",
        "\"value=a\"\"b\",\"prefix=x\"\ny\"z",
    );
    assert_eq!(derived(&whole).warnings, Vec::<String>::new());
}

#[test]
fn the_date_of_a_commit_that_nobody_knows_is_empty_and_told() {
    let rows = [
        ("x\ntype=raw,value={{commit_date 'YYYY'}}", "", "x", 1),
        ("type=raw,value=at-{{commit_date 'YYYY'}}", "", "at-", 1),
        (
            "x,suffix={{commit_date ''}}",
            "a={{commit_date 'x'}}",
            "x",
            1,
        ),
        ("x", "a={{commit_date 'YYYY'}}", "x", 1),
        ("x\n{{commit_date 'YYYY'}},enable=false", "", "x", 0),
    ];
    for (rules, labels, version, count) in rows {
        let mut request = request("push", "refs/heads/main", rules);
        request.inputs.labels = labels.to_owned();
        let unknown = derived(&request);
        assert_eq!(unknown.version, version, "{rules}");
        let told = unknown.warnings.iter();
        let told = told.filter(|it| it.contains("the date of commit 860c190 is not known here"));
        assert_eq!(told.count(), count, "{rules}");
        request.event.commit_date = Some(Timestamp(NOW));
        assert_eq!(derived(&request).warnings, Vec::<String>::new(), "{rules}");
    }
    let request = request("push", "", "{{commit_date 'YYYY'}}");
    let none = derived(&request);
    assert_eq!(none.tags, []);
    assert_eq!(
        none.verdicts[0].outcome,
        Outcome::Nothing { why: Why::Empty }
    );
}

#[test]
fn lines_of_an_annotation_are_kept_and_those_of_a_label_cut() {
    let mut request = request("push", "refs/heads/main", BRANCH);
    request.inputs.annotations = "\"a=line1\nline2\"".to_owned();
    request.inputs.labels = "\"b=line1\r\nline2\"".to_owned();
    let derived = derived(&request);
    let json: serde_json::Value = serde_json::from_str(&derived.json()).expect("it is JSON");
    assert_eq!(json["annotations"][0], "manifest:a=line1\nline2");
    assert_eq!(json["labels"]["b"], "line1");
    let files = derived.files();
    let of = |output| {
        let file = files.iter().find(|file| file.output == output);
        &file.expect("there is one").text
    };
    assert!(of("bake-file-annotations").contains(r"manifest:a=line1\nline2"));
    assert!(of("bake-file-labels").contains(r#""b": "line1""#));
}

#[test]
fn a_schedules_ref_is_the_main_branch() {
    let env = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "schedule"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_SHA", SHA),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let payload = serde_json::json!({ "schedule": "0 0 * * *" });
    let event = crate::event::github(&env.into(), Some(&payload), &GitFacts::default());
    let mut request = request("schedule", "", "type=edge\ntype=schedule");
    request.event = event;
    assert_eq!(names(&request), ["nightly", "edge"]);
}
