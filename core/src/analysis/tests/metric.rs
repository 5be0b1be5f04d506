//! What answers of Prometheus are worth.

use super::super::*;

fn rule() -> MetricRule {
    MetricRule {
        name: "queue".to_owned(),
        max: Some(Real(100.0)),
        min: Some(Real(1.0)),
        readings: 3,
    }
}

fn vector(values: &[&str]) -> String {
    let each: Vec<_> = values
        .iter()
        .map(|value| format!(r#"{{"metric":{{"job":"a"}},"value":[1764268458.1,"{value}"]}}"#))
        .collect();
    format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#,
        each.join(",")
    )
}

fn told(answers: &[&str]) -> Verdict {
    let mut metric = Metric::new(rule());
    for answer in answers {
        match *answer {
            "gone" => metric.observe(Err(Why::SourceFailing("no answer within 10 s".to_owned()))),
            "none" => metric.observe(value(&vector(&[]))),
            "two" => metric.observe(value(&vector(&["1", "2"]))),
            number => metric.observe(value(&vector(&[number]))),
        }
    }
    metric.finding().verdict
}

#[test]
fn exactly_one_number_is_a_value() {
    let scalar =
        r#"{"status":"success","data":{"resultType":"scalar","result":[1764268458,"0.25"]}}"#;
    assert_eq!(value(scalar), Ok(Real(0.25)));
    assert_eq!(value(&vector(&["1e3"])), Ok(Real(1_000.0)));
}

#[test]
fn everything_else_is_a_reason() {
    let failing = |why: &str| Why::SourceFailing(why.to_owned());
    let rows = [
        (vector(&[]), Why::NoData),
        (vector(&["1", "2"]), Why::SeveralSeries(2)),
        (vector(&["NaN"]), Why::NotANumber("NaN".to_owned())),
        (vector(&["+Inf"]), Why::NotANumber("+Inf".to_owned())),
        (vector(&[""]), Why::NotANumber(String::new())),
        ("<html>".to_owned(), failing("the answer is no JSON")),
        (
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.to_owned(),
            failing("parse error"),
        ),
        (
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#.to_owned(),
            failing("the query answers with a matrix"),
        ),
        (
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#
                .to_owned(),
            failing("the series has no value"),
        ),
        (
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,2]}}"#.to_owned(),
            failing("the sample is no pair of a time and a value"),
        ),
        (
            r#"{"status":"success"}"#.to_owned(),
            failing("the answer is of no kind"),
        ),
        (
            "{}".to_owned(),
            failing("the answer does not say `success`"),
        ),
    ];
    for (body, why) in rows {
        assert_eq!(value(&body), Err(why), "{body}");
    }
}

#[test]
fn so_many_in_a_row_decide() {
    let few = |have| Verdict::Inconclusive(Why::FewReadings { have, need: 3 });
    let gone = Why::SourceFailing("no answer within 10 s".to_owned());
    let rows: [(&[&str], Verdict); 12] = [
        (&[], Verdict::Inconclusive(Why::NoData)),
        (&["5", "5"], few(2)),
        (&["5", "5", "5"], Verdict::Pass),
        (&["1", "100", "1"], Verdict::Pass),
        (&["101", "0", "101"], Verdict::Fail),
        (&["101", "101", "5", "101", "101"], few(2)),
        // A blip takes evidence away, and is none.
        (&["5", "5", "5", "101"], few(1)),
        (&["5", "5", "5", "gone"], Verdict::Inconclusive(gone)),
        (&["5", "5", "5", "none"], Verdict::Inconclusive(Why::NoData)),
        (&["5", "gone", "5", "two", "5"], Verdict::Pass),
        (&["101", "gone", "101", "NaN", "101"], Verdict::Fail),
        (&["101", "101", "101", "5", "5", "5", "gone"], Verdict::Fail),
    ];
    for (answers, expected) in rows {
        assert_eq!(told(answers), expected, "{answers:?}");
    }
}

#[test]
fn without_a_limit_nothing_passes() {
    let mut metric = Metric::new(MetricRule {
        max: None,
        min: None,
        ..rule()
    });
    for _ in 0..9 {
        metric.observe(value(&vector(&["5"])));
    }
    assert_eq!(
        metric.finding().verdict,
        Verdict::Inconclusive(Why::NoLimit)
    );
}

#[test]
fn each_step_asks_for_its_own_evidence() {
    let mut metric = Metric::new(rule());
    for _ in 0..3 {
        metric.observe(value(&vector(&["5"])));
    }
    metric.begin_step();
    assert_ne!(metric.finding().verdict, Verdict::Pass);
}
