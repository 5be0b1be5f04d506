//! iCalendar (RFC 5545), as far as calendars of freezes go: events with a beginning and an end.
//!
//! An event that repeats, or whose end is given in another way, is refused: it may be a freeze that nobody here understands.

use jiff::tz::TimeZone;

use super::{DAY, day, utc};
use crate::protocol::Timestamp;

/// Until when an event goes, and what it is called.
type Frozen = (Option<Timestamp>, String);

/// The event that is on now and ends last; says what is wrong with the calendar.
pub(super) fn frozen(
    text: &str,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Frozen>, String> {
    let mut found: Option<(Timestamp, String)> = None;
    let mut event = Event::default();
    let mut calendars = 0;
    // What is open, from the outermost on.
    let mut open: Vec<String> = Vec::new();
    for line in unfolded(text) {
        match (bound(&line), open.last().map(String::as_str)) {
            (Some(Bound::Begin(name)), inside) => {
                fits(&name, inside)?;
                calendars += u32::from(name == CALENDAR);
                if name == EVENT {
                    event = Event::default();
                }
                open.push(name);
            }
            (Some(Bound::End(name)), Some(inside)) if name == inside => {
                open.pop();
                if name != EVENT {
                    continue;
                }
                let (from, to, name) = std::mem::take(&mut event).times(zone)?;
                let on = from <= now && now < to;
                if on && found.as_ref().is_none_or(|(end, _)| *end < to) {
                    found = Some((to, name));
                }
            }
            (Some(Bound::End(name)), _) => {
                return Err(format!("`END:{name}` ends what is not open"));
            }
            (None, None) => return Err("there is something outside of its calendar".to_owned()),
            // What stands inside of an event, such as an alarm, has a duration of its own.
            (None, Some(EVENT)) => event.take(&line, zone)?,
            (None, Some(_)) => {}
        }
    }
    match open.last() {
        Some(open) => Err(format!("`BEGIN:{open}` has no end: the file is cut off")),
        None if calendars == 0 => Err("it is no iCalendar file".to_owned()),
        None => Ok(found.map(|(end, name)| (Some(end), name))),
    }
}

const CALENDAR: &str = "VCALENDAR";
const EVENT: &str = "VEVENT";

enum Bound {
    Begin(String),
    End(String),
}

/// Names are the same in any case.
fn bound(line: &str) -> Option<Bound> {
    let (head, name) = line.split_once(':')?;
    let name = name.trim().to_ascii_uppercase();
    match head.trim().to_ascii_uppercase().as_str() {
        "BEGIN" => Some(Bound::Begin(name)),
        "END" => Some(Bound::End(name)),
        _ => None,
    }
}

/// Whether it is understood what this is where it stands: anything else may be a freeze that nobody here understands.
fn fits(name: &str, inside: Option<&str>) -> Result<(), String> {
    let known = match inside {
        None => name == CALENDAR,
        // Neither what is to be done nor a diary takes anybody's time.
        Some(CALENDAR) => [EVENT, "VTIMEZONE", "VTODO", "VJOURNAL"].contains(&name),
        Some("VTIMEZONE") => ["STANDARD", "DAYLIGHT"].contains(&name),
        Some(EVENT | "VTODO") => name == "VALARM",
        Some(_) => false,
    };
    let place = inside.map_or_else(String::new, |inside| format!(" inside of {inside}"));
    if known {
        Ok(())
    } else {
        Err(format!("nobody here knows what `{name}`{place} is"))
    }
}

#[derive(Default)]
struct Event {
    from: Option<Moment>,
    to: Option<Moment>,
    name: String,
    cancelled: bool,
}

#[derive(Clone, Copy)]
struct Moment {
    at: Timestamp,
    /// It is a whole day: of the calendar, from 1970-01-01.
    day: Option<i64>,
}

impl Event {
    fn take(&mut self, line: &str, zone: &TimeZone) -> Result<(), String> {
        let (head, value) = line
            .split_once(':')
            .ok_or_else(|| format!("`{line}` is no line of it"))?;
        let mut parts = head.split(';');
        let key = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
        let value = value.trim_end();
        let parameters: Vec<&str> = parts.collect();
        match key.as_str() {
            "DTSTART" => self.from = Some(moment(value, &parameters, zone)?),
            "DTEND" => self.to = Some(moment(value, &parameters, zone)?),
            "SUMMARY" => {
                self.name = value
                    .replace("\\,", ",")
                    .replace("\\;", ";")
                    .replace("\\n", " ")
            }
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            "RRULE" | "RDATE" | "EXDATE" | "EXRULE" => {
                return Err(format!(
                    "an event repeats (`{key}`), which is not there yet: write each one down, or use `from` and `to`"
                ));
            }
            "DURATION" => {
                return Err(
                    "an event has a `DURATION`, which is not there yet: give it a `DTEND`"
                        .to_owned(),
                );
            }
            _ => {}
        }
        Ok(())
    }

    /// From when to when, and its name.
    fn times(self, zone: &TimeZone) -> Result<(Timestamp, Timestamp, String), String> {
        let name = self.name;
        let from = self
            .from
            .ok_or_else(|| format!("the event `{name}` has no beginning"))?;
        let next = |day: i64| utc((day + 1) * DAY, zone);
        // A day without an end is that day.
        let to = match (self.to, from.day) {
            (Some(to), _) => to.at,
            (None, Some(day)) => {
                next(day).ok_or_else(|| format!("the event `{name}` has no end"))?
            }
            (None, None) => return Err(format!("the event `{name}` has no end")),
        };
        if to <= from.at {
            return Err(format!("the event `{name}` ends before it begins"));
        }
        Ok(if self.cancelled {
            (to, to, name)
        } else {
            (from.at, to, name)
        })
    }
}

/// `20261224`, `20261224T160000`, `20261224T150000Z`
fn moment(value: &str, parameters: &[&str], zone: &TimeZone) -> Result<Moment, String> {
    let wrong = || format!("`{value}` is no time of a calendar");
    let named = parameters.iter().find_map(|it| {
        let (key, name) = it.split_once('=')?;
        key.trim().eq_ignore_ascii_case("TZID").then_some(name)
    });
    let named = named.map(|name| {
        TimeZone::get(name.trim().trim_matches('"'))
            .map_err(|_| format!("nobody knows the time zone {name}"))
    });
    let zone = match named.transpose()? {
        Some(named) => named,
        None => zone.clone(),
    };
    let (day_, time) = value
        .split_once('T')
        .map_or((value, None), |(day, time)| (day, Some(time)));
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|it| it.is_ascii_digit())
    };
    if !digits(day_, 8) {
        return Err(wrong());
    }
    let days = day(&format!("{}-{}-{}", &day_[..4], &day_[4..6], &day_[6..])).ok_or_else(wrong)?;
    let Some(time) = time else {
        let at = utc(days * DAY, &zone).ok_or_else(wrong)?;
        return Ok(Moment {
            at,
            day: Some(days),
        });
    };
    let (time, in_utc) = time
        .strip_suffix('Z')
        .map_or((time, false), |time| (time, true));
    if !digits(time, 6) {
        return Err(wrong());
    }
    let number = |text: &str| text.parse::<i64>().unwrap_or(99);
    let (hour, minute, second) = (number(&time[..2]), number(&time[2..4]), number(&time[4..]));
    if hour > 23 || minute > 59 || second > 60 {
        return Err(wrong());
    }
    let minutes = days * DAY + hour * 60 + minute;
    let at = if in_utc {
        u64::try_from(minutes * super::MINUTE).ok().map(Timestamp)
    } else {
        utc(minutes, &zone)
    };
    let seconds = u64::try_from(second * 1000).unwrap_or(0);
    let at = at.ok_or_else(wrong)?.plus(seconds);
    Ok(Moment { at, day: None })
}

/// A line that begins with a blank goes on the one before. Empty lines say nothing.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim_end_matches('\r');
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            (Some(_) | None, _) if line.trim().is_empty() => {}
            (Some(_) | None, _) => lines.push(line.to_owned()),
        }
    }
    lines
}
