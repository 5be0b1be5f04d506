//! What is said while a run goes on: a line each.

use super::escape::{cut, line};
use super::words::{at_most, when};
use crate::protocol::Timestamp;

/// Characters of somebody else's words in a line.
const LONGEST: usize = 400;

/// How far a rollout is: `staging: proving g2-1: 2 of 3 good probes in a row; at most 48 s left`.
///
/// `left_ms` is what remains until the phase's deadline; `None`: it has none.
#[must_use]
pub fn progress(phase: &str, environment: &str, results: &str, left_ms: Option<u64>) -> String {
    let (phase, environment, results) =
        (line(phase), line(environment), cut(&line(results), LONGEST));
    let place = if environment.is_empty() {
        String::new()
    } else {
        format!("{environment}: ")
    };
    let results = if results.is_empty() {
        String::new()
    } else {
        format!(" {results}")
    };
    format!("{place}{phase}{results}{}", left(left_ms))
}

/// What is waited for: `waiting for the lease, held by run-7; at most 9 min left`.
#[must_use]
pub fn waiting(for_what: &str, left_ms: Option<u64>) -> String {
    format!(
        "waiting for {}{}",
        cut(&line(for_what), LONGEST),
        left(left_ms)
    )
}

/// Who has the lease, for [`Report::because`](super::Report::because) and [`Status::lease`](super::Status::lease).
///
/// `left_ms` is by the target's clock, which may be another one than this machine's: it is added to `now`.
#[must_use]
pub fn held_by(
    holder: &str,
    since: Option<Timestamp>,
    now: Timestamp,
    left_ms: u64,
    run: Option<&str>,
) -> String {
    let since = since.map_or_else(String::new, |since| format!(" since {}", when(since)));
    let run = run.map_or_else(String::new, |run| format!(": {}", line(run)));
    let until = when(now.plus(left_ms));
    format!(
        "{} has the lease{since}, until {until} unless renewed{run}",
        cut(&line(holder), LONGEST)
    )
}

fn left(millis: Option<u64>) -> String {
    match millis {
        None => String::new(),
        Some(0) => "; its time is up".to_owned(),
        Some(millis) => format!("; at most {} left", at_most(millis)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_what_how_far_and_how_long_still() {
        assert_eq!(
            progress(
                "proving",
                "staging",
                "g2-1: 2 of 3 good probes in a row",
                Some(47_200)
            ),
            "staging: proving g2-1: 2 of 3 good probes in a row; at most 48 s left",
        );
        assert_eq!(progress("shifting", "", "", None), "shifting");
        assert_eq!(
            progress("baking", "staging", "", Some(0)),
            "staging: baking; its time is up"
        );
    }

    #[test]
    fn says_what_is_waited_for() {
        assert_eq!(waiting("the engine", None), "waiting for the engine");
        assert_eq!(
            waiting("the lease", Some(540_000)),
            "waiting for the lease; at most 9 min left"
        );
    }

    #[test]
    fn stays_one_line_whatever_is_quoted() {
        let hostile = "a\r\n::error::b\u{1b}[31m\u{202e}c";
        assert_eq!(waiting(hostile, None), "waiting for a ::error::b\u{fffd}c");
        assert_eq!(progress(hostile, hostile, hostile, None).lines().count(), 1);
    }

    #[test]
    fn says_who_has_the_lease_since_when_and_until_when() {
        let now = Timestamp(1_795_343_465_000);
        assert_eq!(
            held_by(
                "run-7/1/deploy",
                Some(Timestamp(now.0 - 65_000)),
                now,
                55_000,
                Some("https://forge.example/runs/7")
            ),
            "run-7/1/deploy has the lease since 2026-11-22 10:30:00Z, until 2026-11-22 10:32:00Z unless renewed: \
             https://forge.example/runs/7",
        );
        assert_eq!(
            held_by("run-7", None, now, 0, None),
            "run-7 has the lease, until 2026-11-22 10:31:05Z unless renewed",
        );
    }
}
