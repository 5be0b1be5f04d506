//! Which tags move, and that those go forward alone: by whichever rules a project makes them.

use super::*;

/// What becomes of each tag, given what the registry has.
fn moves(tag: &str, flavor: &str, rules: &str, existing: &[&str]) -> Vec<String> {
    let mut request = request("push", &format!("refs/tags/{tag}"), rules);
    request.inputs.flavor = flavor.to_owned();
    let moves = moves_forward(&derived(&request), existing);
    moves.iter().map(ToString::to_string).collect()
}

#[test]
fn latest_stays_whoever_made_it_and_whatever_read_the_version() {
    let matches = r#"type=match,"pattern=v(\d+\.\d+\.\d+)",group=1"#;
    let rows = [
        ("", "v2.0.0"),
        ("", "2.0.0"),
        (
            "type=semver,pattern={{version}}\ntype=raw,value=latest",
            "2.0.0",
        ),
        (
            "type=raw,value=latest,priority=1000\ntype=semver,pattern={{version}}",
            "2.0.0",
        ),
        (
            "type=semver,pattern={{version}}\ntype=raw,value=latest",
            "v2.0.0",
        ),
        (matches, "2.0.0"),
        (&format!("{matches}\ntype=raw,value=latest"), "2.0.0"),
        (
            "type=ref,event=tag\ntype=raw,value=latest,priority=900",
            "v2.0.0",
        ),
        (
            "type=semver,pattern={{version}},suffix=-alpine\ntype=raw,value=latest",
            "2.0.0-alpine",
        ),
        ("type=raw,value={{tag}}\ntype=raw,value=latest", "v2.0.0"),
        ("type=sha\ntype=raw,value=latest", "2.0.0"),
        (
            "type=pep440,pattern={{version}}\ntype=raw,value=latest",
            "2.0.0",
        ),
    ];
    for (rules, higher) in rows {
        let found = moves("v1.2.3", "", rules, &["1.2.2", "latest", higher]);
        let expected = format!("latest stays, since {higher} is there");
        assert!(found.contains(&expected), "{rules}: {found:?}");
        let found = moves(
            "v1.2.3",
            "",
            rules,
            &["1.2.2", "v1.2.2", "latest", "20240110"],
        );
        assert!(
            found.contains(&"latest moves".to_owned()),
            "{rules}: {found:?}"
        );
    }
}

#[test]
fn a_major_and_a_minor_stay_in_their_line_whoever_made_them() {
    let rules = "type=match,\"pattern=v(\\d+\\.\\d+\\.\\d+)\",group=1\ntype=match,\"pattern=v(\\d+)\\.\",group=1\ntype=match,\"pattern=v(\\d+\\.\\d+)\",group=1";
    let found = moves("v1.2.3", "", rules, &["2.0.0", "1.9.0", "1.2.2"]);
    let expected = [
        "1.2.3 never moves",
        "1 stays, since 1.9.0 is there",
        "1.2 moves",
        "latest stays, since 2.0.0 is there",
    ];
    assert_eq!(found, expected);
    // A date is the beginning of no version.
    let dated = "type=semver,pattern={{version}}\ntype=raw,value=20240110";
    let found = moves("v1.2.3", "latest=false", dated, &["1.9.0"]);
    assert_eq!(found, ["1.2.3 never moves", "20240110 follows no version"]);
}

#[test]
fn pre_releases_hold_latest_back_where_they_get_it() {
    let rules = "type=semver,pattern={{version}}";
    let there = ["2.0.0-rc.2", "latest"];
    let latest = |tag, flavor, rules| moves(tag, flavor, rules, &there).pop();
    let stays = Some("latest stays, since 2.0.0-rc.2 is there".to_owned());
    let moves = Some("latest moves".to_owned());
    assert_eq!(latest("v2.0.0-rc.1", "latest=true", rules), stays);
    assert_eq!(latest("v2.0.0-rc.3", "latest=true", rules), moves);
    assert_eq!(latest("v1.9.9", "latest=true", rules), stays);
    assert_eq!(latest("v1.9.9", "", rules), moves);
    assert_eq!(latest("v2.0.0", "latest=true", rules), moves);
    let by_tag = "type=ref,event=tag";
    assert_eq!(
        latest("v2.0.0-rc.1", "", by_tag),
        stays,
        "a git tag's latest is for all"
    );
}

#[test]
fn moving_tags_of_two_numbers_tell_of_versions_too() {
    let rules = "type=semver,pattern={{major}}.{{minor}}\ntype=semver,pattern={{major}}";
    let found = moves("v1.2.3", "", rules, &["1.3", "2"]);
    let expected = [
        "1.2 moves",
        "1 stays, since 1.3 is there",
        "latest stays, since 1.3 is there",
    ];
    assert_eq!(found, expected);
    let whole = "type=semver,pattern={{version}}";
    assert_eq!(
        moves("v1.2.3", "", whole, &["22.04"]),
        ["1.2.3 never moves", "latest moves"]
    );
    let python = "type=pep440,pattern={{version}}\ntype=pep440,pattern={{major}}";
    assert_eq!(
        moves("1.2", "latest=false", python, &["1.2.1"]),
        ["1.2 never moves", "1 stays, since 1.2.1 is there"]
    );
}

/// A law: by rules for versions nothing that moves goes back, and what is the highest always moves.
#[test]
fn no_release_takes_a_name_from_a_higher_one() {
    let versions = ["1.2.3", "1.2.4", "1.3.0", "2.0.0", "10.0.0"];
    let rules = [
        "",
        "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}\ntype=raw,value=latest",
        "type=pep440,pattern=v{{version}}\ntype=pep440,pattern=v{{major}}.{{minor}}",
        "type=match,pattern=v(.*),group=1",
        "type=raw,value={{tag}},priority=1000\ntype=raw,value=latest",
    ];
    for rules in rules {
        for (at, own) in versions.iter().enumerate() {
            for (other, theirs) in versions.iter().enumerate() {
                let tags = [theirs.to_string(), format!("v{theirs}")];
                let existing = tags.each_ref().map(String::as_str);
                let found = moves(&format!("v{own}"), "", rules, &existing);
                let latest = found.iter().find(|it| it.starts_with("latest"));
                let latest = latest.expect("a release has it").as_str();
                assert_eq!(
                    latest == "latest moves",
                    at >= other,
                    "{rules}: {own} {theirs}"
                );
            }
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_name_is_immutable_where_it_tells_the_whole_version_or_the_commit() {
    let rows = [
        (
            "v1.2.3",
            "type=semver,pattern={{version}}",
            Mobility::Immutable,
        ),
        ("v1.2.3", "type=semver,pattern={{raw}}", Mobility::Immutable),
        (
            "v1.2.3",
            "type=semver,pattern={{major}}.{{minor}}",
            Mobility::Minor,
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{major}}-{{minor}}-{{patch}}",
            Mobility::Immutable,
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{#if prerelease}}{{version}}{{else}}stable{{/if}}",
            Mobility::Release,
        ),
        (
            "v1.2.3-rc.1",
            "type=semver,pattern={{#if prerelease}}{{version}}{{else}}stable{{/if}}",
            Mobility::Immutable,
        ),
        (
            "v1.2.3-rc.1",
            "type=semver,pattern={{#if raw}}next{{/if}}",
            Mobility::Follows,
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{#if version}}{{major}}{{/if}}",
            Mobility::Major,
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{#unless build}}{{version}}{{/unless}}",
            Mobility::Immutable,
        ),
        ("v1.2.3", "type=semver,pattern={{patch}}", Mobility::Follows),
        (
            "v1.2.3",
            "type=semver,pattern={{major}}.{{patch}}",
            Mobility::Follows,
        ),
        (
            "v1.2.3",
            "type=pep440,pattern={{#if minor}}{{major}}.{{minor}}{{/if}}",
            Mobility::Minor,
        ),
        (
            "v1.2rc1",
            "type=pep440,pattern={{major}}",
            Mobility::Immutable,
        ),
        ("v1.2.3", "type=raw,value={{sha}}", Mobility::Immutable),
        (
            "v1.2.3",
            "type=raw,value={{#if sha}}stable{{/if}}",
            Mobility::Follows,
        ),
        (
            "v1.2.3",
            "type=raw,value={{#if sha}}c{{sha}}{{/if}}",
            Mobility::Immutable,
        ),
        ("v1.2.3", "type=raw,value=1.2.3", Mobility::Immutable),
        ("1.2.3", NUMBERS, Mobility::Immutable),
        ("1.2.3.4", NUMBERS, Mobility::Follows),
        ("1.2.3+ubuntu.1", NUMBERS, Mobility::Follows),
        ("1!1.2.3", NUMBERS, Mobility::Follows),
        (
            "1.2.3.4",
            "type=pep440,pattern={{version}}",
            Mobility::Immutable,
        ),
        (
            "1.2.3.4",
            "type=pep440,pattern={{major}}.{{minor}}",
            Mobility::Minor,
        ),
        (
            "1.2.3.4",
            "type=pep440,pattern={{#if raw}}{{major}}.{{minor}}.{{patch}}{{/if}}",
            Mobility::Follows,
        ),
        (
            "1.2.3+ubuntu.1",
            "type=pep440,pattern={{#if raw}}{{version}}{{/if}}",
            Mobility::Immutable,
        ),
        (
            "1.2.3+ubuntu.1",
            "type=semver,pattern={{major}}.{{minor}}.{{patch}}",
            Mobility::Immutable,
        ),
        ("v1.2.3", "type=raw,value=1.2", Mobility::Minor),
    ];
    for (tag, rule, expected) in rows {
        let derived = derived(&request("push", &format!("refs/tags/{tag}"), rule));
        let first = derived.tags.first().map(|tag| tag.mobility);
        assert_eq!(first, Some(expected), "{tag} by {rule}");
    }
}

const NUMBERS: &str = "type=pep440,pattern={{major}}.{{minor}}.{{patch}}";

#[test]
fn a_text_that_both_worlds_read_in_opposite_ways_is_told() {
    let both = "type=semver,pattern={{version}}\ntype=pep440,pattern={{version}}";
    let of = |tag: &str, rules: &str| derived(&request("push", &format!("refs/tags/{tag}"), rules));
    let odd = of("1.2.3-1", both);
    assert!(odd.conflict().is_some());
    assert!(
        odd.warnings
            .iter()
            .any(|it| it.contains("a pre-release in SemVer and a post-release in PEP 440"))
    );
    for (tag, rules) in [
        ("1.2.3-rc.1", both),
        ("1.2.3", both),
        ("1.2.3-1", "type=semver,pattern={{version}}"),
        (
            "1.2.3-1",
            "type=semver,pattern={{version}}\ntype=pep440,pattern={{version}},enable=false",
        ),
    ] {
        let derived = of(tag, rules);
        assert_eq!(derived.conflict(), None, "{tag} by {rules}");
        assert_eq!(derived.warnings, Vec::<String>::new(), "{tag} by {rules}");
    }
}

#[test]
fn a_pre_release_takes_the_spelling_of_a_rule_for_the_same_names() {
    let rows: [(&str, &[&str]); 8] = [
        (
            "type=semver,pattern=v{{major}}\ntype=semver,pattern=v{{version}}",
            &["v1.0.0-rc.1"],
        ),
        (
            "type=semver,pattern={{version}}-alpine\ntype=semver,pattern={{major}},suffix=-debian",
            &["1.0.0-rc.1-alpine", "1.0.0-rc.1-debian"],
        ),
        (
            "type=semver,pattern={{version}}-alpine\ntype=semver,pattern={{major}}",
            &["1.0.0-rc.1-alpine", "1.0.0-rc.1"],
        ),
        (
            "type=semver,pattern={{version}}-alpine\ntype=semver,pattern={{major}}-alpine",
            &["1.0.0-rc.1-alpine"],
        ),
        (
            "type=semver,pattern=x{{version}},enable=false\ntype=semver,pattern={{major}}",
            &["1.0.0-rc.1"],
        ),
        (
            "type=semver,pattern=v{{version}},enable=false\ntype=semver,pattern=v{{major}}",
            &["1.0.0-rc.1"],
        ),
        (
            "type=semver,pattern=tools-{{version}},value=v9.9.9\ntype=semver,pattern={{major}}.{{minor}}",
            &["tools-9.9.9", "1.0.0-rc.1", "latest"],
        ),
        ("type=semver,pattern=v{{major}}", &["1.0.0-rc.1"]),
    ];
    for (rules, expected) in rows {
        let request = request("push", "refs/tags/v1.0.0-rc.1", rules);
        assert_eq!(names(&request), expected, "{rules}");
    }
}
