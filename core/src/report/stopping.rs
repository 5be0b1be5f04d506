//! The stop button, in words.

use super::words::when;
use crate::stop::Stop;

/// Who set it, why, and until when.
#[must_use]
pub(crate) fn set_by(stop: &Stop) -> String {
    let who = stop.who.as_deref().unwrap_or("somebody");
    let url = stop.url.iter().map(|url| format!(" ({url})"));
    let url: String = url.collect();
    let until = stop.until.map_or_else(
        || "it stands until somebody lifts it".to_owned(),
        |until| format!("it stands until {}", when(until)),
    );
    format!(
        "{who} set the stop button on {}{url}: {}; {until}",
        when(stop.since),
        stop.reason
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Timestamp;

    #[test]
    fn a_stop_says_who_why_and_until_when() {
        let stop = Stop {
            id: "a".to_owned(),
            who: Some("kim".to_owned()),
            reason: "the database is being moved".to_owned(),
            since: Timestamp(1_795_343_465_000),
            until: Some(Timestamp(1_795_350_665_000)),
            url: Some("https://forge.example/runs/7".to_owned()),
        };
        assert_eq!(
            set_by(&stop),
            "kim set the stop button on 2026-11-22 10:31:05Z (https://forge.example/runs/7): \
             the database is being moved; it stands until 2026-11-22 12:31:05Z"
        );
        let stop = Stop {
            who: None,
            until: None,
            url: None,
            ..stop
        };
        assert_eq!(
            set_by(&stop),
            "somebody set the stop button on 2026-11-22 10:31:05Z: \
             the database is being moved; it stands until somebody lifts it"
        );
    }
}
