//! Freezes, by the clocks of zones; and the breaker.

use super::freeze::{Freeze, Moment, When, Window};
use super::*;
use crate::event::date;

fn at(text: &str) -> Timestamp {
    date::parse(text).expect("it is a date")
}

fn freeze(from: &str, to: &str, zone: &str) -> Kind {
    let moment = |text| Moment::parse(text).expect("it is a moment");
    Kind::Freeze(Freeze {
        when: When::Window(Window::between(moment(from), moment(to)).expect("it is a window")),
        zone: zone.to_owned(),
    })
}

fn until(kind: &Kind, now: Timestamp) -> Option<Timestamp> {
    let gate = gate("freeze", kind.clone());
    match judge(&gate, &evidence(), &Overrides::default(), now).verdict {
        Verdict::Pass => None,
        Verdict::Pending { until, .. } => Some(until.expect("a window ends")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_weekend_by_the_clocks_of_berlin() {
    let weekend = freeze("Fri 16:00", "Mon 08:00", "Europe/Berlin");
    let rows = [
        ("2026-11-27T14:59:00Z", None),
        ("2026-11-27T15:00:00Z", Some("2026-11-30T07:00:00Z")),
        ("2026-11-29T12:00:00Z", Some("2026-11-30T07:00:00Z")),
        ("2026-11-30T06:59:59Z", Some("2026-11-30T07:00:00Z")),
        ("2026-11-30T07:00:00Z", None),
        // In summer the clocks are an hour further.
        ("2026-07-03T13:59:00Z", None),
        ("2026-07-03T14:00:00Z", Some("2026-07-06T06:00:00Z")),
        // On this weekend they are put back: it lasts an hour longer.
        ("2026-10-23T14:00:00Z", Some("2026-10-26T07:00:00Z")),
    ];
    for (now, expected) in rows {
        assert_eq!(until(&weekend, at(now)), expected.map(at), "{now}");
    }
}

#[test]
fn nights_and_days_of_the_calendar() {
    let night = freeze("22:00", "06:00", "UTC");
    assert_eq!(
        until(&night, at("2026-11-27T23:00:00Z")),
        Some(at("2026-11-28T06:00:00Z"))
    );
    assert_eq!(
        until(&night, at("2026-11-27T05:59:00Z")),
        Some(at("2026-11-27T06:00:00Z"))
    );
    assert_eq!(until(&night, at("2026-11-27T06:00:00Z")), None);
    let holidays = freeze("2026-12-24", "2027-01-02 08:00", "Asia/Tokyo");
    assert_eq!(until(&holidays, at("2026-12-23T14:59:00Z")), None);
    assert_eq!(
        until(&holidays, at("2026-12-23T15:00:00Z")),
        Some(at("2027-01-01T23:00:00Z"))
    );
    assert_eq!(until(&holidays, at("2027-01-01T23:00:00Z")), None);
}

/// Every hour of a week, in every window of full hours that begins at one of four hours of a Friday: 4 × 167 windows.
#[test]
fn a_week_has_each_minute_once() {
    let mut count = 0;
    for from in [0, 7, 16, 23] {
        for hours in 1..168 {
            let (begin, end) = (
                4 * 1440 + from * 60,
                (4 * 1440 + from * 60 + hours * 60) % 10_080,
            );
            let kind = Kind::Freeze(Freeze {
                when: When::Window(Window::Weekly(begin, end)),
                zone: "UTC".to_owned(),
            });
            // From a Monday on; an hour at a time, which is as often as anything changes.
            let frozen = (0..168).filter(|hour| {
                let now = at("2026-11-23T00:00:00Z").plus(hour * 3_600_000);
                until(&kind, now).is_some()
            });
            assert_eq!(frozen.count(), hours as usize, "{from} {hours}");
            count += 1;
        }
    }
    assert_eq!(count, 668);
}

#[test]
fn what_is_no_moment_and_what_is_no_window() {
    for text in [
        "",
        "Fry 16:00",
        "25:00",
        "24:01",
        "16",
        "16:0:0",
        "2026-02-30",
        "2026-13-01",
        "Fri",
        "a b c",
    ] {
        let parsed = Moment::parse(text);
        assert_eq!(parsed.is_some(), text == "Fri", "{text}");
    }
    let moment = |text| Moment::parse(text).expect("it is a moment");
    for (from, to) in [
        ("Fri 16:00", "08:00"),
        ("16:00", "16:00"),
        ("2026-12-24", "2026-12-24"),
        ("2026-12-25", "2026-12-24"),
    ] {
        assert_eq!(
            Window::between(moment(from), moment(to)),
            None,
            "{from} {to}"
        );
    }
}

fn calendar(events: &str) -> Judged {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
    of_calendar(&text, "2026-12-24T12:00:00Z")
}

fn of_calendar(text: &str, now: &str) -> Judged {
    let mut evidence = evidence();
    let now = at(now);
    evidence.files.insert(
        "a".to_owned(),
        Seen {
            at: now,
            what: Ok(text.to_owned()),
        },
    );
    let kind = Kind::Freeze(Freeze {
        when: When::Calendar("a".to_owned()),
        zone: "Europe/Berlin".to_owned(),
    });
    judge(&gate("freeze", kind), &evidence, &Overrides::default(), now)
}

#[test]
fn a_calendar_freezes_during_its_events() {
    let event = |lines: &str| format!("BEGIN:VEVENT\r\n{lines}END:VEVENT\r\n");
    let rows = [
        (String::new(), "pass"),
        (
            event(
                "DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Christ\r\n mas\r\n",
            ),
            "pending",
        ),
        (event("DTSTART;VALUE=DATE:20261224\r\n"), "pending"),
        (event("DTSTART;VALUE=DATE:20261223\r\n"), "pass"),
        (
            event("DTSTART:20261224T110000Z\r\nDTEND:20261224T120001Z\r\n"),
            "pending",
        ),
        (
            event("DTSTART:20261224T110000Z\r\nDTEND:20261224T120000Z\r\n"),
            "pass",
        ),
        (
            event(
                "DTSTART;TZID=America/New_York:20261224T065900\r\nDTEND;TZID=America/New_York:20261224T080000\r\n",
            ),
            "pending",
        ),
        (
            event("DTSTART:20261224T130000\r\nDTEND:20261224T140000\r\n"),
            "pending",
        ),
        (
            event("DTSTART;VALUE=DATE:20261224\r\nSTATUS:CANCELLED\r\n"),
            "pass",
        ),
        (
            event("DTSTART;VALUE=DATE:20261224\r\nBEGIN:VALARM\r\nDURATION:PT1H\r\nEND:VALARM\r\n"),
            "pending",
        ),
        (
            event("DTSTART;VALUE=DATE:20251224\r\nRRULE:FREQ=YEARLY\r\n"),
            "unknown",
        ),
        (
            event("DTSTART:20261224T110000Z\r\nDURATION:PT1H\r\n"),
            "unknown",
        ),
        (event("DTSTART:20261224T110000Z\r\n"), "unknown"),
        (
            event("DTSTART;TZID=Mars/Base:20261224T110000\r\nDTEND:20261224T120000Z\r\n"),
            "unknown",
        ),
        (event("SUMMARY:nothing\r\n"), "unknown"),
        (
            event("DTSTART;VALUE=DATE:20261227\r\nDTEND;VALUE=DATE:20261224\r\n"),
            "unknown",
        ),
        (event("DTSTART;VALUE=DATE:2026122x\r\n"), "unknown"),
        (
            "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\n".to_owned(),
            "unknown",
        ),
    ];
    for (events, expected) in &rows {
        // Names are the same in any case, and a blank at the end of a line is none.
        let small: Vec<String> = events.lines().map(in_small_letters).collect();
        let small = small.join("  \r\n") + if small.is_empty() { "" } else { "\r\n" };
        for events in [events, &small] {
            let judged = calendar(events);
            assert_eq!(judged.verdict.word(), *expected, "{events}: {judged:?}");
        }
    }
}

/// A line of a calendar whose names are small; what they are given stays as it is.
fn in_small_letters(line: &str) -> String {
    match line.split_once(':') {
        Some(("BEGIN" | "END", _)) => line.to_lowercase(),
        Some((head, value)) => {
            let part = |it: &str| match it.split_once('=') {
                Some((key, value)) => format!("{}={value}", key.to_lowercase()),
                None => it.to_lowercase(),
            };
            let parts: Vec<String> = head.split(';').map(part).collect();
            format!("{}:{value}", parts.join(";"))
        }
        None => line.to_owned(),
    }
}

#[test]
fn what_nobody_here_knows_of_a_calendar_may_be_a_freeze() {
    let day = "DTSTART;VALUE=DATE:20270101\r\n";
    let rows = [
        ("BEGIN:VFREEBUSY\r\nEND:VFREEBUSY\r\n".to_owned(), "unknown"),
        ("BEGIN:X-FREEZE\r\nEND:X-FREEZE\r\n".to_owned(), "unknown"),
        ("BEGIN:VTODO\r\nEND:VTODO\r\n".to_owned(), "pass"),
        (
            "BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n".to_owned(),
            "pass",
        ),
        (
            format!("BEGIN:VEVENT\r\n{day}BEGIN:VEVENT\r\n{day}END:VEVENT\r\nEND:VEVENT\r\n"),
            "unknown",
        ),
        (format!("BEGIN:VEVENT\r\n{day}END:VTODO\r\nEND:VEVENT\r\n"), "unknown"),
        ("END:VEVENT\r\n".to_owned(), "unknown"),
    ];
    for (inside, expected) in rows {
        assert_eq!(calendar(&inside).verdict.word(), expected, "{inside}");
    }
    let outside = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nSUMMARY:x\r\n";
    let judged = of_calendar(outside, "2026-12-24T12:00:00Z");
    assert_eq!(judged.verdict.word(), "unknown");
}

#[test]
fn a_calendar_that_was_cut_off_anywhere_is_no_yes() {
    let whole = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270101\nEND:VEVENT\nEND:VCALENDAR";
    assert_eq!(
        of_calendar(whole, "2026-12-24T12:00:00Z").verdict,
        Verdict::Pass
    );
    for end in 0..whole.len() {
        let judged = of_calendar(&whole[..end], "2026-12-24T12:00:00Z");
        assert_eq!(judged.verdict.word(), "unknown", "{end}");
    }
}

#[test]
fn a_breaker_closes_at_so_many_failures_and_opens_by_itself() {
    let kind = Kind::Breaker(breaker::Breaker {
        failures: 2,
        within: 1_000,
    });
    let failed = |ages: &[u64]| {
        let mut evidence = evidence();
        let failures = ages
            .iter()
            .map(|age| (Timestamp(NOW.0 - age), format!("v{age}")));
        evidence.ledger = seen(Recorded {
            failures: failures.collect(),
            ..Recorded::default()
        });
        says(&kind, &evidence).verdict
    };
    assert_eq!(failed(&[]), Verdict::Pass);
    assert_eq!(failed(&[10]), Verdict::Pass);
    assert_eq!(failed(&[10, 1_000]), Verdict::Pass, "the second is too old");
    let Verdict::Pending { until, .. } = failed(&[10, 900]) else {
        panic!("it is closed");
    };
    assert_eq!(until, Some(NOW.plus(100)), "then the older one is too old");
    let Verdict::Pending { until, .. } = failed(&[10, 500, 900]) else {
        panic!("it is closed");
    };
    assert_eq!(until, Some(NOW.plus(500)), "then one of three is left");
}
