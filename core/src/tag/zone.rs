//! Time zones by name.

use jiff::tz::TimeZone;

use crate::event::date;
use crate::protocol::Timestamp;

/// How a zone's clocks go at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// Seconds east of Greenwich.
    pub(super) offset: i64,
    /// `EST`
    pub(super) abbreviation: String,
}

/// The clocks of a zone at a moment, those of UTC where nobody knows the zone. Case does not matter.
pub(super) fn clock(name: &str, at: Timestamp) -> Clock {
    known(name, at).unwrap_or_else(|| Clock {
        offset: 0,
        abbreviation: "UTC".to_owned(),
    })
}

fn known(name: &str, at: Timestamp) -> Option<Clock> {
    let at = jiff::Timestamp::from_millisecond(date::millis(at)).ok()?;
    let zone = TimeZone::get(name).ok()?;
    let info = zone.to_offset_info(at);
    Some(Clock {
        offset: i64::from(info.offset().seconds()),
        abbreviation: info.abbreviation().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        date::parse(text).expect("it is a date")
    }

    #[test]
    fn knows_summer_and_winter() {
        let winter = at("2020-01-10T00:30:00Z");
        let summer = at("2020-07-01T22:30:00Z");
        let rows = [
            ("UTC", winter, 0, "UTC"),
            ("Europe/Paris", winter, 3600, "CET"),
            ("Europe/Paris", summer, 7200, "CEST"),
            ("America/New_York", winter, -18000, "EST"),
            ("america/new_york", summer, -14400, "EDT"),
            ("US/Eastern", winter, -18000, "EST"),
            ("Asia/Tokyo", winter, 32400, "JST"),
            ("Asia/Kolkata", winter, 19800, "IST"),
            ("Asia/Calcutta", winter, 19800, "IST"),
            ("America/Sao_Paulo", winter, -10800, "-03"),
            ("Europe/London", winter, 0, "GMT"),
            ("Australia/Sydney", winter, 39600, "AEDT"),
            ("Etc/GMT+5", winter, -18000, "-05"),
        ];
        for (name, moment, offset, abbreviation) in rows {
            let expected = Clock {
                offset,
                abbreviation: abbreviation.to_owned(),
            };
            assert_eq!(clock(name, moment), expected, "{name}");
        }
    }

    #[test]
    fn takes_an_unknown_zone_for_utc() {
        for name in ["", "Mars/Base", "../etc/passwd", "x\0y", "local"] {
            assert_eq!(clock(name, Timestamp(0)).abbreviation, "UTC", "{name:?}");
        }
    }

    #[test]
    fn lives_through_moments_beyond_all_calendars() {
        assert_eq!(clock("Asia/Tokyo", Timestamp(u64::MAX)).offset, 0);
    }
}
