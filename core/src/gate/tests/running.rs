//! Sessions of nox: a table of everything that its report may say, and reports as nox writes them.

use super::*;
use crate::gate::sessions::{Ended, One, Sessions, read_report};

fn judged(code: i32, results: &[&str]) -> &'static str {
    let run = |result: &&str| One {
        name: "tests".to_owned(),
        result: (*result).to_owned(),
        reason: None,
    };
    let ended = Ended {
        code,
        said: String::new(),
        runs: results.iter().map(run).collect(),
    };
    let mut evidence = evidence();
    evidence
        .sessions
        .extend(seen(ended).map(|it| ("tests".to_owned(), it)));
    let terms = command::Terms {
        deadline: 1,
        secrets: Vec::new(),
    };
    let names = vec!["tests".to_owned()];
    says(&Kind::Sessions(Sessions { names, terms }), &evidence)
        .verdict
        .word()
}

/// All 93 of three exit codes and up to two runs with five results.
#[test]
fn it_passes_where_something_ran_and_everything_that_ran_succeeded() {
    const RESULTS: [&str; 5] = ["success", "skipped", "failed", "aborted", "?"];
    let one = RESULTS.map(|it| vec![it]);
    let two = RESULTS
        .iter()
        .flat_map(|first| RESULTS.map(|second| vec![*first, second]));
    let lists: Vec<Vec<&str>> = std::iter::once(Vec::new()).chain(one).chain(two).collect();
    let (mut seen, mut passed) = (0, Vec::new());
    for code in [0, 1, 3] {
        for list in &lists {
            let word = judged(code, list);
            let bad = |it: &&str| matches!(*it, "failed" | "aborted");
            let good = !list.is_empty() && list.iter().all(|it| *it == "success");
            let expected = match (code, list.iter().any(bad), good) {
                (0, false, true) => "pass",
                (0, false, false) => "unknown",
                (_, _, _) => "fail",
            };
            assert_eq!(word, expected, "{code} {list:?}");
            seen += 1;
            passed.extend((word == "pass").then_some((code, list.len())));
        }
    }
    assert_eq!((seen, passed), (93, vec![(0, 1), (0, 2)]));
}

#[test]
fn a_report_of_nox_is_read_for_the_session_and_each_of_its_parameters() {
    let report = r#"{"result": 1, "sessions": [
        {"args": {}, "name": "needed", "result": "skipped", "result_code": 2, "reason": "no database", "signatures": ["needed"], "duration": 0.1},
        {"args": {"x": 1}, "name": "par", "result": "success", "result_code": 1, "reason": null, "signatures": ["par(x=1)"], "duration": 0.1},
        {"args": {"x": 2}, "name": "par", "result": "skipped", "result_code": 2, "reason": "too slow", "signatures": ["par(x=2)"], "duration": 0.1},
        {"args": {}, "name": "old", "result": "failed", "result_code": 0, "reason": "Python interpreter 3.2 not found", "signatures": ["old", "old-3.2"], "duration": 0.1}
    ]}"#;
    let of = |session: &str| {
        let runs = read_report(report, session).expect("it is a report");
        let runs = runs.into_iter();
        runs.map(|it| format!("{} {}", it.name, it.result))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("par"), ["par(x=1) success", "par(x=2) skipped"]);
    assert_eq!(of("par(x=1)"), ["par(x=1) success"]);
    assert_eq!(of("old-3.2"), ["old failed"]);
    assert_eq!(of("another"), [""; 0]);
    for none in ["", "{", "[]", "{}", "{\"sessions\": 1}"] {
        assert!(read_report(none, "par").is_err(), "{none}");
    }
}
