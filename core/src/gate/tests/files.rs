//! Evidence in files: SARIF and JUnit, whole and cut off, honest and not.

use serde_json::json;
use std::collections::BTreeMap;

use super::*;

fn of_file(kind: &Kind, text: &str) -> Judged {
    let mut evidence = evidence();
    evidence
        .files
        .extend(seen(text.to_owned()).map(|it| ("a".to_owned(), it)));
    says(kind, &evidence)
}

fn findings() -> Kind {
    Kind::Findings(findings::Findings {
        sarif: vec!["a".to_owned()],
        level: findings::Level::Error,
        ignore: vec!["ignored".to_owned()],
        baseline: None,
        scanning: None,
    })
}

fn sarif(results: &str, more: &str) -> String {
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"lint","rules":[{{"id":"r","defaultConfiguration":{{"level":"error"}}}}]}}}},"results":[{results}]{more}}}]}}"#
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn findings_of_the_level_or_worse_say_no() {
    let rows = [
        (sarif("", ""), "pass"),
        (
            sarif(
                r#"{"ruleId":"x","level":"error","message":{"text":"m"}}"#,
                "",
            ),
            "fail",
        ),
        (
            sarif(
                r#"{"ruleId":"x","level":"warning","message":{"text":"m"}}"#,
                "",
            ),
            "pass",
        ),
        (
            // Nobody says how bad a rule is that is not there.
            sarif(r#"{"ruleId":"x","message":{"text":"m"}}"#, ""),
            "fail",
        ),
        (
            sarif(r#"{"ruleId":"r/1","message":{"text":"m"}}"#, ""),
            "fail",
        ),
        (
            sarif(
                r#"{"ruleId":"r/1","ruleIndex":0,"message":{"text":"m"}}"#,
                "",
            ),
            "fail",
        ),
        (
            sarif(
                "",
                r#","invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"error","message":{"text":"no file could be parsed"}}]}]"#,
            ),
            "unknown",
        ),
        (
            sarif(
                "",
                r#","invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"note","message":{"text":"done"}}]}]"#,
            ),
            "pass",
        ),
        (
            sarif(
                r#"{"ruleId":"r","message":{"text":"m"}}"#,
                r#","invocations":[{"executionSuccessful":true,"ruleConfigurationOverrides":[{"descriptor":{"id":"r"},"configuration":{"level":"warning"}}]}]"#,
            ),
            "pass",
        ),
        (
            sarif(r#"{"ruleId":"r","message":{"text":"m"}}"#, ""),
            "fail",
        ),
        (
            sarif(r#"{"ruleIndex":0,"message":{"text":"m"}}"#, ""),
            "fail",
        ),
        (sarif(r#"{"ruleId":"ignored","level":"error"}"#, ""), "pass"),
        (sarif(r#"{"ruleId":"x","level":"surprise"}"#, ""), "fail"),
        (
            sarif(r#"{"ruleId":"x","level":"error","kind":"pass"}"#, ""),
            "pass",
        ),
        (
            sarif(
                r#"{"ruleId":"x","level":"error","suppressions":[{"kind":"inSource"}]}"#,
                "",
            ),
            "pass",
        ),
        (
            sarif(
                r#"{"ruleId":"x","level":"error","suppressions":[{"kind":"external","status":"underReview"}]}"#,
                "",
            ),
            "fail",
        ),
        (
            sarif(r#"{"ruleId":"x","level":"error","suppressions":[]}"#, ""),
            "fail",
        ),
        (
            sarif("", r#","invocations":[{"executionSuccessful":false}]"#),
            "unknown",
        ),
        (
            sarif(
                "",
                &format!(r#","versionControlProvenance":[{{"revisionId":"{COMMIT}"}}]"#),
            ),
            "pass",
        ),
        (
            sarif(
                "",
                &format!(r#","versionControlProvenance":[{{"revisionId":"{OTHER}"}}]"#),
            ),
            "unknown",
        ),
        (r#"{"version":"2.1.0","runs":[]}"#.to_owned(), "unknown"),
        (
            r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"lint"}}}]}"#.to_owned(),
            "unknown",
        ),
        (
            r#"{"version":"1.0.0","runs":[{"tool":{"driver":{"name":"lint"}},"results":[]}]}"#
                .to_owned(),
            "unknown",
        ),
        ("[]".to_owned(), "unknown"),
        (String::new(), "unknown"),
    ];
    for (text, expected) in rows {
        let judged = of_file(&findings(), &text);
        assert_eq!(judged.verdict.word(), expected, "{text}: {judged:?}");
    }
}

/// A rule stands in the tool or in one of two extensions, is found by its place, by the component's name or by its own, and has
/// each level or none: 3 x 4 x 5 = 60 cases.
#[test]
fn the_level_is_that_of_the_rule_wherever_it_stands() {
    let mut cases = 0;
    for component in 0..3 {
        for by in ["place", "name", "id", "part"] {
            for level in ["none", "note", "warning", "error", ""] {
                let configured = match level {
                    "" => json!({}),
                    level => json!({ "defaultConfiguration": { "level": level } }),
                };
                let mut rule = configured;
                rule["id"] = json!("a/rule");
                // What stands first elsewhere is not meant.
                let other = json!({ "id": "other", "defaultConfiguration": { "level": "note" } });
                let rules = |at| {
                    if at == component {
                        vec![other.clone(), rule.clone()]
                    } else {
                        vec![other.clone(), other.clone()]
                    }
                };
                let name = ["tool", "one", "two"][component];
                let reference = match (component, by) {
                    (0, "place") => json!({ "index": 1 }),
                    (at, "place") => json!({ "index": 1, "toolComponent": { "index": at - 1 } }),
                    (_, "name") => json!({ "id": "a/rule", "toolComponent": { "name": name } }),
                    (_, "part") => json!({ "id": "a/rule/3" }),
                    _ => json!({ "id": "a/rule" }),
                };
                let file = json!({ "version": "2.1.0", "runs": [{
                    "tool": {
                        "driver": { "name": "tool", "rules": rules(0) },
                        "extensions": [{ "name": "one", "rules": rules(1) }, { "name": "two", "rules": rules(2) }],
                    },
                    "results": [{ "rule": reference, "message": { "text": "m" } }],
                }] });
                let judged = of_file(&findings(), &file.to_string());
                let expected = if level == "error" { "fail" } else { "pass" };
                assert_eq!(judged.verdict.word(), expected, "{file}");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 60);
}

#[test]
fn what_was_known_before_does_not_count_but_no_more_often_than_it_was_known() {
    let finding = r#"{"ruleId":"x","level":"error","message":{"text":"m"}}"#;
    let Kind::Findings(it) = findings() else {
        panic!("it is that");
    };
    let kind = Kind::Findings(findings::Findings {
        baseline: Some("b".to_owned()),
        ..it
    });
    let judged = |now: &str, before: &str| {
        let mut evidence = evidence();
        evidence
            .files
            .extend(seen(sarif(now, "")).map(|it| ("a".to_owned(), it)));
        evidence
            .files
            .extend(seen(before.to_owned()).map(|it| ("b".to_owned(), it)));
        says(&kind, &evidence).verdict.word()
    };
    assert_eq!(judged(finding, &sarif(finding, "")), "pass");
    assert_eq!(
        judged(&format!("{finding},{finding}"), &sarif(finding, "")),
        "fail"
    );
    assert_eq!(judged(finding, &sarif("", "")), "fail");
    assert_eq!(judged("", "{"), "unknown", "nobody knows what was known");
}

fn tests(least: u64, fewer: bool) -> Kind {
    Kind::Tests(results::Tests {
        junit: vec!["a".to_owned()],
        least,
        fewer,
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn results_of_tests() {
    let suite = |attributes: &str, inner: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<testsuites><testsuite {attributes}>{inner}</testsuite></testsuites>"
        )
    };
    let good = "<testcase name='a'/><testcase name=\"b > c\"><system-out><![CDATA[</testcase>]]></system-out></testcase>";
    let rows = [
        (suite("", good), "pass"),
        (suite("tests='2' failures='0'", good), "pass"),
        (suite("tests='3'", good), "unknown"),
        (suite("tests='2' failures='1'", good), "fail"),
        (suite("tests='2' errors='1'", good), "fail"),
        (
            suite("failures='18446744073709551615' errors='1'", good),
            "fail",
        ),
        (suite("tests='two'", good), "unknown"),
        (
            suite("", "<testcase name='a'><failure message='x'/></testcase>"),
            "fail",
        ),
        (
            suite(
                "",
                "<testcase name='a'><error/></testcase><testcase name='b'/>",
            ),
            "fail",
        ),
        (suite("", "<testcase name='a' status='failed'/>"), "fail"),
        (
            suite("", "<testcase name='a'><skipped/></testcase>"),
            "unknown",
        ),
        (
            suite(
                "",
                "<testcase name='a'><skipped/></testcase><testcase name='b'/>",
            ),
            "pass",
        ),
        (
            suite("", "<error>before any test</error><testcase name='a'/>"),
            "fail",
        ),
        (suite("tests='0'", ""), "unknown"),
        (
            "<testsuite><testcase name='a'/></testsuite>".to_owned(),
            "pass",
        ),
        (
            "<!-- a --><testsuite><testcase name='a'/></testsuite>\n".to_owned(),
            "pass",
        ),
        ("<html></html>".to_owned(), "unknown"),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite><testcase name='a'/></testsuite>".to_owned(),
            "unknown",
        ),
        (
            "<testsuite><testcase name='a'/></testsuite><testsuite/>".to_owned(),
            "unknown",
        ),
        (
            "<testsuite><testcase name=a/></testsuite>".to_owned(),
            "unknown",
        ),
        (
            "<testsuite><testcase name='a'></testsuite></testcase>".to_owned(),
            "unknown",
        ),
        (
            "text <testsuite><testcase name='a'/></testsuite>".to_owned(),
            "unknown",
        ),
        (String::new(), "unknown"),
    ];
    for (text, expected) in rows {
        let judged = of_file(&tests(1, true), &text);
        assert_eq!(judged.verdict.word(), expected, "{text}: {judged:?}");
    }
}

#[test]
fn fewer_tests_than_last_time_say_no() {
    let text = "<testsuite><testcase name='a'/><testcase name='b'/></testsuite>";
    let judged = |last: Option<u64>, fewer: bool, least: u64| {
        let mut evidence = evidence();
        evidence
            .files
            .extend(seen(text.to_owned()).map(|it| ("a".to_owned(), it)));
        let counted = last.map(|last| ("tests".to_owned(), last));
        evidence.ledger = seen(Recorded {
            counted: counted.into_iter().collect(),
            ..Recorded::default()
        });
        says(&tests(least, fewer), &evidence).verdict.word()
    };
    assert_eq!(judged(None, false, 1), "pass");
    assert_eq!(judged(Some(2), false, 1), "pass");
    assert_eq!(judged(Some(3), false, 1), "fail");
    assert_eq!(judged(Some(3), true, 1), "pass");
    assert_eq!(judged(None, true, 3), "fail");
}

fn suite(ran: usize, skipped: usize, failed: usize) -> String {
    let cases = "<testcase name='a'/>".repeat(ran)
        + &"<testcase name='s'><skipped/></testcase>".repeat(skipped)
        + &"<testcase name='f'><failure/></testcase>".repeat(failed);
    format!("<testsuite>{cases}</testsuite>")
}

#[test]
fn what_was_skipped_did_not_run() {
    let skipped = suite(1, 99, 0);
    assert_eq!(of_file(&tests(100, true), &skipped).verdict, Verdict::Fail);
    assert_eq!(of_file(&tests(1, true), &skipped).verdict, Verdict::Pass);
}

/// A deploy by the gate of this name with this file: whether it goes, and what the next one is held against.
fn deployed(
    name: &str,
    file: Option<&str>,
    overridden: bool,
    fewer: bool,
    counted: &BTreeMap<String, u64>,
) -> (bool, BTreeMap<String, u64>) {
    let gates = [gate(name, tests(1, fewer))];
    let overrides = Overrides {
        names: overridden.then(|| name.to_owned()).into_iter().collect(),
        words: "anna: x".to_owned(),
    };
    let mut evidence = evidence();
    let file = file.map(|it| ("a".to_owned(), it.to_owned()));
    let file = file.into_iter();
    let file = file.map(|(path, text)| (path, seen(text).expect("it was seen")));
    evidence.files.extend(file);
    evidence.ledger = seen(Recorded {
        counted: counted.clone(),
        nameless: results::nameless(&gates, counted),
        ..Recorded::default()
    });
    let judged = gates.iter().map(|it| judge(it, &evidence, &overrides, NOW));
    let judged: Vec<Judged> = judged.collect();
    let next = results::remembered(&gates, &evidence, counted, NOW);
    (verdict(&judged) == Verdict::Pass, next)
}

/// 50 tests; one is red, and somebody takes it on themselves; then 1 test is left.
#[test]
fn an_override_leaves_the_count_as_it_was() {
    let (went, counted) = deployed(
        "tests",
        Some(&suite(50, 0, 0)),
        false,
        false,
        &BTreeMap::new(),
    );
    assert!(went);
    let fifty = BTreeMap::from([("tests".to_owned(), 50)]);
    assert_eq!(counted, fifty);
    // It is not even asked.
    for file in [None, Some(suite(49, 0, 1)), Some(suite(0, 0, 1))] {
        let (went, counted) = deployed("tests", file.as_deref(), true, false, &fifty);
        assert!(went);
        assert_eq!(counted, fifty);
    }
    assert!(!deployed("tests", Some(&suite(1, 0, 0)), false, false, &fifty).0);
    let (went, counted) = deployed("tests", Some(&suite(1, 0, 0)), false, true, &fifty);
    assert!(went, "who says so may have fewer");
    assert_eq!(counted.get("tests"), Some(&1));
}

#[test]
fn a_gate_of_another_name_is_held_against_what_nobody_counts_any_more() {
    let fifty = BTreeMap::from([("tests".to_owned(), 50)]);
    assert!(!deployed("unit", Some(&suite(1, 0, 0)), false, false, &fifty).0);
    let (_, counted) = deployed("unit", None, true, false, &fifty);
    assert_eq!(counted, fifty, "overridden, it takes nothing over");
    let (went, counted) = deployed("unit", Some(&suite(50, 0, 0)), false, false, &fifty);
    assert!(went);
    assert_eq!(counted, BTreeMap::from([("unit".to_owned(), 50)]));
    // Where the other is still there, a new one is new.
    let both = BTreeMap::from([("unit".to_owned(), 5), ("tests".to_owned(), 50)]);
    assert!(deployed("unit", Some(&suite(5, 0, 0)), false, false, &both).0);
}

proptest! {
    /// Whatever happens but `fewer`, a deploy whose gate passed never brings fewer tests than the last that did.
    #[test]
    fn the_count_never_falls_by_itself(steps in proptest::collection::vec((0..6_usize, 0..3_usize, 0..2_usize, proptest::bool::ANY, proptest::sample::select(&["tests", "unit"][..])), 1..12)) {
        let (mut counted, mut last) = (BTreeMap::new(), 0);
        for (ran, skipped, failed, overridden, name) in steps {
            let file = suite(ran, skipped, failed);
            let file = (!overridden).then_some(file.as_str());
            let (went, next) = deployed(name, file, overridden, false, &counted);
            if went && !overridden {
                prop_assert!(ran as u64 >= last, "{} after {}", ran, last);
                last = ran as u64;
            }
            if went {
                counted = next;
            }
        }
    }
}

/// Every beginning of a file: wherever it was cut off, it is no yes.
#[test]
fn a_file_that_was_cut_off_anywhere_is_no_yes() {
    let files = [
        (findings(), sarif(r#"{"ruleId":"x","level":"note","message":{"text":"m"}}"#, "")),
        (tests(1, true), "<?xml version=\"1.0\"?><testsuites tests=\"2\"><testsuite name=\"a\"><testcase name=\"b\"/><testcase name=\"c\"></testcase></testsuite></testsuites>".to_owned()),
    ];
    for (kind, whole) in files {
        assert_eq!(of_file(&kind, &whole).verdict, Verdict::Pass, "{whole}");
        for end in 0..whole.len() {
            let judged = of_file(&kind, &whole[..end]);
            assert_ne!(judged.verdict, Verdict::Pass, "{}", &whole[..end]);
        }
    }
}

proptest! {
    #[test]
    fn what_is_no_evidence_is_no_yes(text in ".{0,60}", pieces in proptest::collection::vec(proptest::sample::select(&["<", ">", "/", "testsuite", "testcase", "failure", " ", "'", "=", "name", "<testsuite>", "</testsuite>", "<![CDATA[", "]]>", "{", "}", "\"runs\"", ":", "[", "]"][..]), 0..20)) {
        for text in [text, pieces.concat()] {
            prop_assert_ne!(of_file(&findings(), &text).verdict, Verdict::Pass, "{}", text);
            // A suite that shows a test that did not fail is evidence, however it was put together.
            if !text.contains("testcase") {
                prop_assert_ne!(of_file(&tests(1, true), &text).verdict, Verdict::Pass, "{}", text);
            }
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn each_part_of_the_commit_that_is_looked_at_as_a_rule_has_to_be_looked_at() {
    let looked = |commit: &str, tool: &str, category: &str, days: u64| crate::forge::Analysis {
        commit: commit.to_owned(),
        tool: tool.to_owned(),
        category: category.to_owned(),
        at: NOW.0 - days * 86_400_000,
        error: String::new(),
    };
    let [python, script] = ["/language:python", "/language:javascript"];
    let codeql = |commit: &str, category: &str, days| looked(commit, "CodeQL", category, days);
    let rows: &[(Vec<crate::forge::Analysis>, &[&str], &str)] = &[
        (vec![codeql(COMMIT, python, 0)], &[], "pass"),
        (
            vec![codeql(COMMIT, python, 0), codeql(OTHER, script, 1)],
            &[],
            "unknown",
        ),
        (
            vec![codeql(COMMIT, python, 0), codeql(OTHER, script, 7)],
            &[],
            "unknown",
        ),
        (
            vec![codeql(COMMIT, python, 0), codeql(OTHER, script, 8)],
            &[],
            "pass",
        ),
        (
            vec![codeql(COMMIT, python, 0), codeql(COMMIT, script, 0)],
            &[],
            "pass",
        ),
        (
            vec![codeql(COMMIT, python, 0), codeql(OTHER, script, 1)],
            &[python],
            "pass",
        ),
        (
            vec![codeql(COMMIT, python, 0)],
            &[python, script],
            "unknown",
        ),
        (
            vec![codeql(COMMIT, python, 0), looked(OTHER, "other", "", 1)],
            &[],
            "pass",
        ),
        (vec![codeql(OTHER, python, 1)], &[python], "unknown"),
    ];
    for (analyses, categories, expected) in rows {
        let tool = Some("CodeQL".to_owned());
        let kind = Kind::Findings(findings::Findings {
            sarif: Vec::new(),
            level: findings::Level::Error,
            ignore: Vec::new(),
            baseline: None,
            scanning: Some(findings::Scanning {
                tool: tool.clone(),
                categories: categories.iter().map(|it| (*it).to_owned()).collect(),
            }),
        });
        let mut evidence = evidence();
        let scanned = crate::forge::Scanned {
            analyses: analyses.clone(),
            alerts: Vec::new(),
        };
        evidence.scans.extend(seen(scanned).map(|it| (tool, it)));
        assert_eq!(
            says(&kind, &evidence).verdict.word(),
            *expected,
            "{analyses:#?} {categories:?}"
        );
    }
}
