//! What is wrong with a canary and what it is judged by.

use super::broken::assert_told;
use super::mistakes;

#[test]
fn a_metric_has_a_place_a_query_and_a_limit() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  a: { strategy: { canary: { analysis: { metrics: { q: { url: 'ftp://a', query: '{{versio}}', max: much, every: 1, readings: 0 } } } } } }
  b: { strategy: { canary: { analysis: { metrics: { q: { url: 'http://a', query: up } } } } } }
  c: { strategy: { canary: { analysis: { metrics: { q: { url: 'http://a', query: up, max: 1, min: 2 } } } } } }
  d: { strategy: { canary: { analysis: { metrics: { q: { query: ' ', max: 1, user: U, token: T } } } } } }
  e: { strategy: { canary: { analysis: { metrics: {} } } } }
  f: { strategy: { canary: { analysis: { metrics: { Q: { url: 'http://a', query: up, max: 0.5, user: U } } } } } }
",
        &[
            "4:63 address environments.a.strategy.canary.analysis.metrics.q.url",
            "4:81 placeholder environments.a.strategy.canary.analysis.metrics.q.query",
            "4:100 type environments.a.strategy.canary.analysis.metrics.q.max",
            "4:113 duration environments.a.strategy.canary.analysis.metrics.q.every",
            "4:126 range environments.a.strategy.canary.analysis.metrics.q.readings",
            "5:53 missing-key environments.b.strategy.canary.analysis.metrics.q",
            "6:53 conflict environments.c.strategy.canary.analysis.metrics.q",
            "7:53 conflict environments.d.strategy.canary.analysis.metrics.q",
            "7:53 missing-key environments.d.strategy.canary.analysis.metrics.q",
            "7:65 missing-key environments.d.strategy.canary.analysis.metrics.q.query",
            "8:42 missing-key environments.e.strategy.canary.analysis.metrics",
            "9:53 missing-key environments.f.strategy.canary.analysis.metrics.Q",
            "9:53 name environments.f.strategy.canary.analysis.metrics.Q",
        ],
    );
}

#[test]
fn the_shares_of_a_canary_grow_up_to_everything() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  a: { strategy: { canary: { steps: [5, 5, 3, 120], pause: 5 } } }
  b: { strategy: { canary: { steps: [] } } }
  c: { strategy: {} }
  d: { strategy: { canary: { stpes: [5] } } }
  e: { strategy: { blue-green: { wait: 1 }, canary: {} } }
  f: { strategy: { canary: { analysis: { errors: { worse-by: 1%, confidence: 100% }, deadline: 5, latency: { slower-by: 5%, quantile: 50%, floor: 10 } } } } }
  g: { strategy: { rolling: { batch: 0, surge: 0, pause: 5, wait: 1h } } }
  h: { strategy: { rolling: {}, canary: {} } }
",
        &[
            "4:41 range environments.a.strategy.canary.steps[1]",
            "4:44 range environments.a.strategy.canary.steps[2]",
            "4:47 range environments.a.strategy.canary.steps[3]",
            "4:60 duration environments.a.strategy.canary.pause",
            "5:30 range environments.b.strategy.canary.steps",
            "6:8 missing-key environments.c.strategy",
            "7:30 unknown-key environments.d.strategy.canary.stpes",
            "8:8 conflict environments.e.strategy",
            "9:62 percent environments.f.strategy.canary.analysis.errors.worse-by",
            "9:78 range environments.f.strategy.canary.analysis.errors.confidence",
            "9:96 duration environments.f.strategy.canary.analysis.deadline",
            "9:121 percent environments.f.strategy.canary.analysis.latency.slower-by",
            "9:135 range environments.f.strategy.canary.analysis.latency.quantile",
            "9:147 duration environments.f.strategy.canary.analysis.latency.floor",
            "10:38 range environments.g.strategy.rolling.batch",
            "10:48 range environments.g.strategy.rolling.surge",
            "10:58 duration environments.g.strategy.rolling.pause",
            "10:61 unknown-key environments.g.strategy.rolling.wait",
            "11:8 conflict environments.h.strategy",
        ],
    );
}

#[test]
fn a_person_is_asked_at_a_share_that_leaves_something_to_ask_for() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  a: { strategy: { canary: { steps: [5, { share: 5, wait: 1h }] } } }
  b: { strategy: { canary: { steps: [{ wait: 1h }] } } }
  c: { strategy: { canary: { steps: [{ share: 0, wait: 1 }, { share: much }] } } }
  d: { strategy: { canary: { steps: [{ share: 50, wait: person }, { share: 60, wait: 10ms }] } } }
  e: { strategy: { canary: { steps: [5, { share: 100, wait: 1h }] } } }
  f: { strategy: { canary: { steps: [{ weight: 5, wait: 1h }, { share: 3, wait: 5s }, 2] } } }
",
        &[
            "4:41 range environments.a.strategy.canary.steps[1]",
            "5:38 missing-key environments.b.strategy.canary.steps[0]",
            "6:47 range environments.c.strategy.canary.steps[0].share",
            "6:56 duration environments.c.strategy.canary.steps[0].wait",
            "6:70 type environments.c.strategy.canary.steps[1].share",
            "7:57 duration environments.d.strategy.canary.steps[0].wait",
            "7:86 range environments.d.strategy.canary.steps[1].wait",
            "8:55 conflict environments.e.strategy.canary.steps[1].wait",
            "9:38 missing-key environments.f.strategy.canary.steps[0]",
            "9:40 unknown-key environments.f.strategy.canary.steps[0].weight",
            "9:87 range environments.f.strategy.canary.steps[2]",
        ],
    );
}

#[test]
fn a_point_of_no_return_before_the_commit_needs_one_version_with_traffic_at_a_time() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  a: { strategy: canary, hooks: { before-switch: [{ command: [migrate], irreversible: true }] } }
  b: { strategy: rolling, hooks: { before-start: [{ command: [migrate], irreversible: true }] } }
  c: { strategy: canary, hooks: { after-commit: [{ command: [migrate], irreversible: true }] } }
  d: { hooks: { before-switch: [{ command: [migrate], irreversible: true }] } }
",
        &[
            "4:87 not-yet environments.a.hooks.before-switch[0].irreversible",
            "5:87 not-yet environments.b.hooks.before-start[0].irreversible",
        ],
    );
}

#[test]
fn users_stick_where_two_versions_share_the_traffic_and_elsewhere_it_is_said_why_not() {
    assert_told(
        r"service: tasks
run: { port: 8000 }
environments:
  a: { strategy: { canary: { sticky: yes } } }
  b: { strategy: { blue-green: { sticky: true } } }
  c: { strategy: { recreate: { sticky: true } } }
  d: { strategy: { canary: {}, sticky: true } }
  e: { strategy: { rolling: { stiky: true } } }
",
        &[
            "4:38 type environments.a.strategy.canary.sticky",
            "5:34 unknown-key environments.b.strategy.blue-green.sticky",
            "6:8 missing-key environments.c.strategy",
            "6:20 unknown-key environments.c.strategy.recreate",
            "7:32 unknown-key environments.d.strategy.sticky",
            "8:31 unknown-key environments.e.strategy.rolling.stiky",
        ],
    );
}

#[test]
fn who_looks_for_sticky_where_nothing_is_shared_is_told_where_it_belongs() {
    let help = |strategy: &str| {
        let text = format!(
            "service: tasks\nrun: {{ port: 8000 }}\nenvironments:\n  a: {{ strategy: {strategy} }}\n"
        );
        let helps = mistakes(&text).into_iter().filter_map(|it| it.help);
        helps.collect::<Vec<_>>().join("\n")
    };
    assert!(
        help("{ blue-green: { sticky: true } }").contains("no two versions share the traffic here")
    );
    assert!(
        help("{ recreate: { sticky: true } }")
            .contains("one version runs at a time; write `strategy: recreate`")
    );
    assert!(help("{ canary: {}, sticky: true }").contains("write it below the strategy"));
}
