//! `freeze`: times at which nothing is deployed, by the clocks of a zone, or by a calendar in the working tree.
//!
//! A window ends by itself, so a freeze is no "no": it is "not yet", until its end. What of a calendar is not understood may be a
//! freeze, so it is no yes.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Evidence, Judgement, Lack, Seen, Want};
use crate::event::date;
use crate::protocol::Timestamp;

mod calendar;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

/// When nothing is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// As the configuration says.
    pub when: When,
    /// The clocks it is meant by: a name of the time zone database.
    pub zone: String,
}

/// Times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// From one moment to the other.
    Window(Window),
    /// An iCalendar file of the working tree: its events.
    Calendar(String),
}

/// From one moment to the other; the first belongs to it, the second does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Every week: minutes from Monday 00:00, never the same.
    Weekly(i64, i64),
    /// Every day: minutes from 00:00, never the same.
    Daily(i64, i64),
    /// Once: minutes of the calendar from 1970-01-01 00:00, the first before the second.
    Once(i64, i64),
}

/// A moment as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `Fri 16:00`
    Weekly(i64),
    /// `16:00`
    Daily(i64),
    /// `2026-12-24`, `2026-12-24 16:00`
    Once(i64),
}

/// Whether there is a zone of this name.
#[must_use]
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

impl Moment {
    /// Reads one; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [one] if one.contains(':') => clock(one).map(Self::Daily),
            [one] if one.contains('-') => day(one).map(|day| Self::Once(day * DAY)),
            [day_, time] if day_.contains('-') => Some(Self::Once(day(day_)? * DAY + clock(time)?)),
            [name] => weekday(name).map(|day| Self::Weekly(day * DAY)),
            [name, time] => Some(Self::Weekly(weekday(name)? * DAY + clock(time)?)),
            _ => None,
        }
    }
}

impl Window {
    /// From one to the other; `None`: they do not belong together, or there is nothing between them.
    #[must_use]
    pub fn between(from: Moment, to: Moment) -> Option<Self> {
        match (from, to) {
            (Moment::Weekly(from), Moment::Weekly(to)) if from % WEEK != to % WEEK => {
                Some(Self::Weekly(from % WEEK, to % WEEK))
            }
            (Moment::Daily(from), Moment::Daily(to)) if from % DAY != to % DAY => {
                Some(Self::Daily(from % DAY, to % DAY))
            }
            (Moment::Once(from), Moment::Once(to)) if from < to => Some(Self::Once(from, to)),
            _ => None,
        }
    }

    /// Where it is in the window at this minute of the calendar: the minute at which it ends.
    fn end(self, local: i64) -> Option<i64> {
        let within = |from: i64, to: i64, period: i64, at: i64| {
            let (length, into) = (
                (to - from).rem_euclid(period),
                (at - from).rem_euclid(period),
            );
            (into < length).then(|| local + length - into)
        };
        match self {
            // 1970-01-01 was a Thursday.
            Self::Weekly(from, to) => within(from, to, WEEK, (local + 3 * DAY).rem_euclid(WEEK)),
            Self::Daily(from, to) => within(from, to, DAY, local.rem_euclid(DAY)),
            Self::Once(from, to) => (from..to).contains(&local).then_some(to),
        }
    }
}

impl Freeze {
    pub(super) fn wants(&self) -> Vec<Want> {
        match &self.when {
            When::Window(_) => Vec::new(),
            When::Calendar(path) => vec![Want::File(path.clone())],
        }
    }

    /// Whether it is such a time.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, now: Timestamp) -> Judgement {
        let Ok(zone) = TimeZone::get(&self.zone) else {
            return Judgement::unknown(
                Lack::Lasting,
                format!("nobody knows the time zone {}", self.zone),
            );
        };
        let found = match &self.when {
            When::Window(window) => Ok(local(now, &zone)
                .and_then(|local| window.end(local))
                .map(|end| (utc(end, &zone), String::new()))),
            When::Calendar(path) => {
                let text = match Seen::read(evidence.files.get(path), now) {
                    Ok(text) => text,
                    Err(judgement) => return judgement,
                };
                calendar::frozen(text, now, &zone).map_err(|wrong| format!("`{path}`: {wrong}"))
            }
        };
        match found {
            Err(why) => Judgement::unknown(Lack::Lasting, why),
            Ok(None) => Judgement::pass(format!("there is no freeze at {}", words(now, &zone))),
            Ok(Some((end, name))) => {
                let name = if name.is_empty() {
                    String::new()
                } else {
                    format!(" ({name})")
                };
                let until = end
                    .map(|end| format!(" until {}", words(end, &zone)))
                    .unwrap_or_default();
                let text = format!("there is a freeze at {}{until}{name}", words(now, &zone));
                Judgement::pending(end, format!("the end of the freeze{name}"), text)
            }
        }
    }
}

/// Minutes of the calendar, by the zone's clocks.
fn local(at: Timestamp, zone: &TimeZone) -> Option<i64> {
    let moment = jiff::Timestamp::from_millisecond(date::millis(at)).ok()?;
    let offset = i64::from(zone.to_offset(moment).seconds()) * 1000;
    Some((date::millis(at) + offset).div_euclid(MINUTE))
}

/// The moment at which the zone's clocks show that; where they show it twice the first, where never the next that they show.
fn utc(local: i64, zone: &TimeZone) -> Option<Timestamp> {
    let day = date::Day::from_epoch(local.div_euclid(DAY));
    let minute = local.rem_euclid(DAY);
    let civil = DateTime::new(
        i16::try_from(day.year).ok()?,
        i8::try_from(day.month).ok()?,
        i8::try_from(day.day).ok()?,
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
        0,
        0,
    );
    let moment = zone.to_timestamp(civil.ok()?).ok()?;
    u64::try_from(moment.as_millisecond()).ok().map(Timestamp)
}

/// `Fri 2026-11-27 16:00 CET`
fn words(at: Timestamp, zone: &TimeZone) -> String {
    let (Some(minutes), Ok(moment)) = (
        local(at, zone),
        jiff::Timestamp::from_millisecond(date::millis(at)),
    ) else {
        return crate::report::when(at);
    };
    let days = minutes.div_euclid(DAY);
    let date::Day { year, month, day } = date::Day::from_epoch(days);
    let name = usize::try_from((days + 3).rem_euclid(7))
        .ok()
        .and_then(|at| DAYS.get(at))
        .copied()
        .unwrap_or_default();
    let minute = minutes.rem_euclid(DAY);
    let zone = zone.to_offset_info(moment);
    format!(
        "{name} {year}-{month:02}-{day:02} {:02}:{:02} {}",
        minute / 60,
        minute % 60,
        zone.abbreviation()
    )
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn weekday(text: &str) -> Option<i64> {
    let full = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let text = text.to_ascii_lowercase();
    let at = full
        .iter()
        .position(|name| *name == text || name.get(..3) == Some(text.as_str()))?;
    i64::try_from(at).ok()
}

/// Minutes from 00:00; 24:00 is the end of the day.
fn clock(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| -> Option<i64> {
        let digits =
            !text.is_empty() && text.len() <= 2 && text.bytes().all(|it| it.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour <= 23 && minute <= 59 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
}

/// Days from 1970-01-01.
fn day(text: &str) -> Option<i64> {
    date::parse(&format!("{text}T00:00Z")).map(|at| date::millis(at).div_euclid(DAY * MINUTE))
}
