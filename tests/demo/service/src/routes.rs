//! What is answered to whom: pure, but for the clock, `/secret-check` and the count of requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::http::{Answer, Request};
use crate::knobs::Knobs;

/// Longest that `/wait` waits.
const LONGEST_WAIT: u64 = 600_000;

/// The service: how it behaves, and what it has counted.
pub(crate) struct Service {
    pub(crate) knobs: Knobs,
    started: Instant,
    tasks_asked: AtomicU64,
}

impl Service {
    /// One that has been up since `started`.
    pub(crate) fn new(knobs: Knobs, started: Instant) -> Self {
        Self {
            knobs,
            started,
            tasks_asked: AtomicU64::new(0),
        }
    }

    /// Answers; takes as long as the knobs want.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        if self.knobs.hang || self.knobs.hang_users && request.path() != "/health" {
            loop {
                thread::park();
            }
        }
        thread::sleep(self.knobs.delay);
        match request.path() {
            "/" => self.ok("\"service\":\"tasks\""),
            "/health" => self.health(),
            "/tasks" => self.tasks(),
            "/wait" => self.wait(request),
            "/secret-check" => secret_check(request),
            _ => Answer {
                status: 404,
                body: "{\"status\":\"not found\"}\n".to_owned(),
            },
        }
    }

    fn health(&self) -> Answer {
        let broken_by_now = match self.knobs.break_after {
            Some(after) => self.started.elapsed() >= after,
            None => false,
        };
        if self.knobs.broken || broken_by_now {
            return self.tell(503, "\"status\":\"broken\"");
        }
        self.ok("\"status\":\"ok\"")
    }

    fn tasks(&self) -> Answer {
        if self.started.elapsed() >= self.knobs.errors_after {
            let nth = self.tasks_asked.fetch_add(1, Ordering::Relaxed);
            if is_an_error(nth, self.knobs.error_share) {
                return self.tell(500, "\"status\":\"error\"");
            }
        }
        self.ok("\"tasks\":[\"write\",\"prove\",\"deploy\"]")
    }

    /// `/wait?ms=N`: a request that is still under way when the service is told to stop.
    fn wait(&self, request: &Request) -> Answer {
        let millis = request.query("ms").and_then(|text| text.parse().ok());
        thread::sleep(Duration::from_millis(millis.unwrap_or(0).min(LONGEST_WAIT)));
        self.ok("\"status\":\"waited\"")
    }

    fn ok(&self, facts: &str) -> Answer {
        self.tell(200, facts)
    }

    fn tell(&self, status: u16, facts: &str) -> Answer {
        let version = escaped(&self.knobs.reported);
        Answer {
            status,
            body: format!("{{{facts},\"version\":\"{version}\"}}\n"),
        }
    }
}

/// Whether the `nth` request (from 0) is one of the `share` in 100: the same ones in every run, evenly spread.
fn is_an_error(nth: u64, share: u64) -> bool {
    let errors_among_first = |count: u64| count * share / 100;
    errors_among_first(nth + 1) > errors_among_first(nth)
}

/// `/secret-check?name=X&file=PATH`: whether a variable and a file are there, and how long. Never what they hold.
fn secret_check(request: &Request) -> Answer {
    let length = |length: Option<usize>| match length {
        Some(length) => format!("{{\"there\":true,\"bytes\":{length}}}"),
        None => "{\"there\":false}".to_owned(),
    };
    let mut facts = Vec::new();
    if let Some(name) = request.query("name") {
        let value = env::var_os(name).map(|value| value.len());
        facts.push(format!("\"name\":{}", length(value)));
    }
    if let Some(path) = request.query("file") {
        let bytes = fs::read(path).ok().map(|bytes| bytes.len());
        facts.push(format!("\"file\":{}", length(bytes)));
    }
    Answer {
        status: 200,
        body: format!("{{{}}}\n", facts.join(",")),
    }
}

/// Fit to stand between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => vec!['?'],
            c => vec![c],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(pairs: &[(&str, &str)]) -> Service {
        let knobs = Knobs::read(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name)?;
            Some(pair.1.to_owned())
        });
        Service::new(knobs.expect("valid knobs"), Instant::now())
    }

    fn get(service: &Service, target: &str) -> Answer {
        service.answer(&Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            keep_alive: true,
            socket_key: None,
        })
    }

    #[test]
    fn makes_exactly_the_share_of_errors_and_spreads_them() {
        for share in 0..=100 {
            let errors = |range: std::ops::Range<u64>| {
                range.filter(|nth| is_an_error(*nth, share)).count() as u64
            };
            assert_eq!(errors(0..1000), share * 10, "of 1000 with {share}");
            assert!(errors(0..50).abs_diff(share / 2) <= 1, "of the first 50");
        }
    }

    #[test]
    fn answers_with_the_version_it_reports() {
        let liar = service(&[("APP_VERSION", "2"), ("REPORT_VERSION", "1\"")]);
        let answer = get(&liar, "/health");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, "{\"status\":\"ok\",\"version\":\"1\\\"\"}\n");
        assert!(get(&liar, "/tasks").body.contains("\"version\":\"1\\\"\""));
    }

    #[test]
    fn a_broken_one_is_unhealthy_and_still_answers_its_users() {
        let broken = service(&[("BREAK", "1")]);
        assert_eq!(get(&broken, "/health").status, 503);
        assert_eq!(get(&broken, "/tasks").status, 200);
        assert_eq!(
            get(&service(&[("BREAK_AFTER_MS", "60000")]), "/health").status,
            200
        );
        assert_eq!(
            get(&service(&[("BREAK_AFTER_MS", "0")]), "/health").status,
            503
        );
    }

    #[test]
    fn errors_can_begin_later() {
        let now = service(&[("ERROR_SHARE", "100")]);
        assert_eq!(get(&now, "/tasks").status, 500);
        let later = service(&[("ERROR_SHARE", "100"), ("ERRORS_AFTER_MS", "60000")]);
        assert_eq!(get(&later, "/tasks").status, 200);
    }

    #[test]
    fn tells_the_length_of_a_secret_and_nothing_else() {
        let answer = get(
            &service(&[]),
            "/secret-check?name=NO_SUCH_NAME&file=/dev/null",
        );
        assert_eq!(
            answer.body,
            "{\"name\":{\"there\":false},\"file\":{\"there\":true,\"bytes\":0}}\n"
        );
    }
}
