//! Dates of the calendar, and the text form that forges and git give them in.

use crate::protocol::Timestamp;

const DAY: i64 = 86_400_000;
/// Latest moment that JavaScript's dates know.
const LAST: i64 = 8_640_000_000_000_000;

/// A day of the calendar that everybody uses, also before it was in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// From 1.
    pub(crate) day: i64,
}

impl Day {
    /// The day so many days after 1970-01-01.
    pub(crate) const fn from_epoch(days: i64) -> Self {
        // Years from March make the leap day the last one; eras of 400 years repeat exactly.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Self {
            year: year + era * 400 + (month <= 2) as i64,
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
        }
    }

    /// How many days it is after 1970-01-01.
    pub(crate) const fn to_epoch(self) -> i64 {
        let year = self.year - (self.month <= 2) as i64;
        let of_era = year.rem_euclid(400);
        let from_march = (self.month + 9) % 12;
        let of_year = (153 * from_march + 2) / 5 + self.day - 1;
        year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
            - 719_468
    }
}

/// Reads `2022-04-19T11:39:35+02:00` and its like: seconds and their fraction may be missing, the offset is `Z`, `+02:00` or
/// `+0200`, and a blank may stand for the `T`. `None`: it is no such date, or before 1970.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (day, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = day.split('-').map(number);
    let day = Day {
        year: parts.next()??,
        month: parts.next()??,
        day: parts.next()??,
    };
    if parts.next().is_some() || Day::from_epoch(day.to_epoch()) != day || day.year > 9999 {
        return None;
    }
    let split = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, offset) = time.split_at(split);
    let (whole, fraction) = time
        .trim_end()
        .split_once('.')
        .unwrap_or_else(|| (time.trim_end(), ""));
    let mut parts = whole.split(':').map(number);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let millis = number(
        &format!("{fraction:0<3}")
            .chars()
            .take(3)
            .collect::<String>(),
    )?;
    let local = day.to_epoch() * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    let utc = local - offset_of(offset)? * 60_000;
    u64::try_from(utc).ok().map(Timestamp)
}

/// Minutes east of Greenwich.
fn offset_of(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() {
        0
    } else {
        number(minutes)?
    };
    Some(sign * (number(hours)? * 60 + minutes))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, as HTTP's own headers have it.
pub(crate) fn http(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, rest) = text.trim().split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    let place = MONTHS
        .find(month)
        .filter(|at| at % 3 == 0 && month.len() == 3)?;
    if zone != "GMT" {
        return None;
    }
    parse(&format!("{year}-{:02}-{day:0>2}T{time}Z", place / 3 + 1))
}

/// Reads the whole number of seconds since 1970 that `SOURCE_DATE_EPOCH` holds.
pub(crate) fn from_seconds(text: &str) -> Option<Timestamp> {
    let millis = number(text.trim())?.checked_mul(1000)?;
    (millis <= LAST).then_some(Timestamp(millis.unsigned_abs()))
}

/// `2020-01-10T00:30:00.000Z`
pub(crate) fn iso(at: Timestamp) -> String {
    let millis = millis(at);
    let Day { year, month, day } = Day::from_epoch(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, millis) = (rest / 1000 % 60, rest % 1000);
    // JavaScript's own way to write years of more than four digits.
    let year = if year > 9999 {
        format!("+{year:06}")
    } else {
        format!("{year:04}")
    };
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Milliseconds since 1970, within what a calendar is good for.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(LAST).min(LAST)
}

/// Digits, and not too many of them.
fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_days_forth_and_back() {
        for days in (-1_000_000..4_000_000).step_by(97) {
            assert_eq!(Day::from_epoch(days).to_epoch(), days);
        }
        let leap = Day {
            year: 2024,
            month: 2,
            day: 29,
        };
        assert_eq!(Day::from_epoch(leap.to_epoch()), leap);
        assert_eq!(
            Day::from_epoch(0),
            Day {
                year: 1970,
                month: 1,
                day: 1
            }
        );
    }

    #[test]
    fn reads_the_dates_of_forges_and_of_git() {
        let rows = [
            (
                "2022-04-19T11:39:35+02:00",
                Some("2022-04-19T09:39:35.000Z"),
            ),
            ("2022-04-19T11:39:35Z", Some("2022-04-19T11:39:35.000Z")),
            (
                "2022-04-19T11:39:35.1239-0530",
                Some("2022-04-19T17:09:35.123Z"),
            ),
            (
                "2022-04-19 11:39:35 +0200",
                Some("2022-04-19T09:39:35.000Z"),
            ),
            ("2022-12-31T23:59+00", Some("2022-12-31T23:59:00.000Z")),
            ("2022-02-30T00:00:00Z", None),
            ("2022-04-19", None),
            ("1969-12-31T23:59:59Z", None),
            ("yesterday", None),
            ("2022-04-19Tnow", None),
            ("", None),
            ("99999999999999999999-01-01T00:00:00Z", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).map(iso).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn reads_the_dates_of_http() {
        let rows = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777_000)),
            ("Sun, 22 Nov 2026 10:31:05 GMT", Some(1_795_343_465_000)),
            ("Sun, 6 Dec 2026 10:31:05 GMT", Some(1_796_553_065_000)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nvo 1994 08:49:37 GMT", None),
            ("Sun, 06 anF 1994 08:49:37 GMT", None),
            ("Sun, 31 Nov 1994 08:49:37 GMT", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("", None),
        ];
        for (text, at) in rows {
            assert_eq!(http(text), at.map(Timestamp), "{text}");
        }
    }

    #[test]
    fn reads_whole_seconds() {
        assert_eq!(
            from_seconds("1578616200"),
            Some(Timestamp(1_578_616_200_000))
        );
        for text in [
            "",
            "1.5",
            "-1",
            "now",
            "99999999999999999999",
            "9223372036854775807",
        ] {
            assert_eq!(from_seconds(text), None, "{text}");
        }
    }
}
