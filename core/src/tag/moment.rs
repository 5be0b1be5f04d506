//! Dates by the formats of moment.js, in English: `YYYY-MM-DD`, `dddd, MMMM Do YYYY, h:mm:ss a`.
//!
//! To add a token: its name in [`TOKENS`], longer ones before those they begin with, and its case in [`write`].

use super::zone;
use crate::event::date::{self, Day};
use crate::protocol::Timestamp;

/// A moment as a format tells it, at the clocks of a zone.
pub(super) fn format(at: Timestamp, format: &str, zone: &str) -> String {
    let moment = Moment::new(at, zone);
    let format = match (format, moment.offset) {
        ("", 0) => "YYYY-MM-DDTHH:mm:ss[Z]",
        ("", _) => "YYYY-MM-DDTHH:mm:ssZ",
        (format, _) => format,
    };
    let mut text = String::new();
    moment.write_all(&expanded(format), &mut text);
    text
}

/// With every long form written out. What stands before or behind one may become one token with it, as in moment.js.
fn expanded(format: &str) -> String {
    let mut text = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let subject = rest.strip_prefix('\\').unwrap_or(rest);
        let long = LONG_FORMS
            .iter()
            .find(|(name, _)| subject.starts_with(name));
        let length = match (literal(rest), long) {
            (Some(end), _) => end + 1,
            (None, Some((name, _))) => rest.len() - subject.len() + name.len(),
            (None, None) => c.len_utf8(),
        };
        let (written, left) = rest.split_at(length);
        text.push_str(match long {
            Some((name, format)) if *name == written => format,
            _ => written,
        });
        rest = left;
    }
    text
}

/// What a format begins with.
enum Piece<'a> {
    Token(&'static str),
    /// What stands in brackets.
    Literal(&'a str),
    /// It stands for itself.
    Other(&'a str),
}

/// What a format that is not empty begins with, and how long that is.
fn piece(rest: &str) -> (Piece<'_>, usize) {
    if let Some(end) = literal(rest) {
        return (Piece::Literal(&rest[1..end]), end + 1);
    }
    let unescaped = rest
        .strip_prefix('\\')
        .filter(|unescaped| !unescaped.is_empty());
    let subject = unescaped.unwrap_or(rest);
    let token = TOKENS
        .iter()
        .find(|token| subject.starts_with(**token))
        .copied();
    let length = token.map_or_else(
        || subject.chars().next().map_or(0, char::len_utf8),
        str::len,
    );
    let length = length + rest.len() - subject.len();
    match token.filter(|_| unescaped.is_none()) {
        Some(token) => (Piece::Token(token), length),
        None => (Piece::Other(&rest[..length]), length),
    }
}

struct Moment {
    /// Since 1970, in UTC.
    millis: i64,
    day: Day,
    /// Since 1970, by the zone's clocks.
    days: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Minutes east of Greenwich.
    offset: i64,
    abbreviation: String,
}

impl Moment {
    fn new(at: Timestamp, zone: &str) -> Self {
        let clock = zone::clock(zone, at);
        let millis = date::millis(at);
        let local = millis.div_euclid(1000) + clock.offset;
        let days = local.div_euclid(86_400);
        let rest = local.rem_euclid(86_400);
        Self {
            millis,
            day: Day::from_epoch(days),
            days,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            offset: clock.offset / 60,
            abbreviation: clock.abbreviation,
        }
    }

    fn write_all(&self, format: &str, text: &mut String) {
        let mut rest = format;
        while !rest.is_empty() {
            let (piece, length) = piece(rest);
            rest = &rest[length..];
            match piece {
                Piece::Token(token) => self.write(token, text),
                Piece::Literal(literal) => text.push_str(literal),
                // Backslashes go, and so do ends of lines.
                Piece::Other(other) => {
                    text.push_str(&other.replace(['\\', '\n', '\r', '\u{2028}', '\u{2029}'], ""))
                }
            }
        }
    }

    fn write(&self, token: &str, text: &mut String) {
        let Day { year, month, day } = self.day;
        let weekday = self.weekday();
        let twelve = if self.hour % 12 == 0 {
            12
        } else {
            self.hour % 12
        };
        let twenty_four = if self.hour == 0 { 24 } else { self.hour };
        let written = match token {
            "M" | "D" | "H" | "h" | "k" | "m" | "s" | "d" | "e" | "E" | "Q" | "w" | "W" | "DDD" => {
                self.number(token).to_string()
            }
            "Mo" | "Do" | "do" | "Qo" | "wo" | "Wo" | "DDDo" => {
                ordinal(self.number(&token[..token.len() - 1]))
            }
            "MM" => padded(month, 2),
            "DD" => padded(day, 2),
            "HH" => padded(self.hour, 2),
            "hh" => padded(twelve, 2),
            "kk" => padded(twenty_four, 2),
            "mm" => padded(self.minute, 2),
            "ss" => padded(self.second, 2),
            "ww" => padded(self.week().1, 2),
            "WW" => padded(self.iso_week().1, 2),
            "DDDD" => padded(self.day_of_year(), 3),
            "MMM" => name(&MONTHS, month - 1, 3),
            "MMMM" => name(&MONTHS, month - 1, 9),
            "dd" => name(&WEEKDAYS, weekday, 2),
            "ddd" => name(&WEEKDAYS, weekday, 3),
            "dddd" => name(&WEEKDAYS, weekday, 9),
            "Y" | "YYYY" if year <= 9999 => padded(year, 4),
            "Y" => format!("+{year}"),
            "YY" => padded(year % 100, 2),
            "YYYY" => padded(year, 4),
            "YYYYY" => padded(year, 5),
            "YYYYYY" => format!("+{}", padded(year, 6)),
            "y" => year.to_string(),
            "yy" | "yyy" | "yyyy" => padded(year, token.len()),
            "yo" => ordinal(year),
            "N" | "NN" | "NNN" | "NNNNN" => "AD".to_owned(),
            "NNNN" => "Anno Domini".to_owned(),
            "gg" => padded(self.week().0 % 100, 2),
            "gggg" | "ggggg" => padded(self.week().0, token.len()),
            "GG" => padded(self.iso_week().0 % 100, 2),
            "GGGG" | "GGGGG" => padded(self.iso_week().0, token.len()),
            "A" => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            "a" => if self.hour < 12 { "am" } else { "pm" }.to_owned(),
            "z" | "zz" => self.abbreviation.clone(),
            "Z" => self.offset(":"),
            "ZZ" => self.offset(""),
            "X" => self.millis.div_euclid(1000).to_string(),
            "x" => self.millis.to_string(),
            fraction if fraction.starts_with('S') => {
                let digits = format!("{:0<9}", padded(self.millis.rem_euclid(1000), 3));
                digits[..fraction.len()].to_owned()
            }
            other => other.to_owned(),
        };
        text.push_str(&written);
    }

    fn number(&self, token: &str) -> i64 {
        match token {
            "M" => self.day.month,
            "D" => self.day.day,
            "H" => self.hour,
            "h" if self.hour % 12 == 0 => 12,
            "h" => self.hour % 12,
            "k" if self.hour == 0 => 24,
            "k" => self.hour,
            "m" => self.minute,
            "s" => self.second,
            "d" | "e" => self.weekday(),
            "E" => (self.weekday() + 6) % 7 + 1,
            "Q" => (self.day.month - 1) / 3 + 1,
            "w" => self.week().1,
            "W" => self.iso_week().1,
            _ => self.day_of_year(),
        }
    }

    /// From Sunday, 0.
    const fn weekday(&self) -> i64 {
        (self.days + 4).rem_euclid(7)
    }

    /// From 1.
    const fn day_of_year(&self) -> i64 {
        self.days - first_day(self.day.year) + 1
    }

    /// Year and week where weeks begin on Sunday and the first one holds January 1st.
    const fn week(&self) -> (i64, i64) {
        week_of(self.days - self.weekday() + 6)
    }

    /// Year and week by ISO 8601: from Monday, and the first one holds January 4th.
    const fn iso_week(&self) -> (i64, i64) {
        week_of(self.days - (self.weekday() + 6) % 7 + 3)
    }

    fn offset(&self, separator: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs();
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }
}

/// The week of a day belongs to the year of the week's deciding day.
const fn week_of(deciding: i64) -> (i64, i64) {
    let year = Day::from_epoch(deciding).year;
    (year, (deciding - first_day(year)) / 7 + 1)
}

const fn first_day(year: i64) -> i64 {
    let first = Day {
        year,
        month: 1,
        day: 1,
    };
    first.to_epoch()
}

/// Where the closing bracket of `[literal]` stands: the last one before another one opens.
fn literal(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('[')?;
    let region = inner.find('[').map_or(inner, |next| &inner[..next]);
    region.rfind(']').map(|end| end + 1)
}

fn padded(number: i64, digits: usize) -> String {
    format!("{number:0digits$}")
}

fn ordinal(number: i64) -> String {
    let ending = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn name(names: &[&str], at: i64, letters: usize) -> String {
    let name = usize::try_from(at)
        .ok()
        .and_then(|at| names.get(at))
        .copied();
    name.unwrap_or_default().chars().take(letters).collect()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const LONG_FORMS: [(&str, &str); 10] = [
    ("LTS", "h:mm:ss A"),
    ("LT", "h:mm A"),
    ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
    ("LLL", "MMMM D, YYYY h:mm A"),
    ("LL", "MMMM D, YYYY"),
    ("L", "MM/DD/YYYY"),
    ("llll", "ddd, MMM D, YYYY h:mm A"),
    ("lll", "MMM D, YYYY h:mm A"),
    ("ll", "MMM D, YYYY"),
    ("l", "M/D/YYYY"),
];

/// Longer ones before those they begin with.
const TOKENS: [&str; 74] = [
    "Mo",
    "MMMM",
    "MMM",
    "MM",
    "M",
    "Do",
    "DDDo",
    "DDDD",
    "DDD",
    "DD",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "wo",
    "ww",
    "w",
    "Wo",
    "WW",
    "W",
    "Qo",
    "Q",
    "NNNNN",
    "NNNN",
    "NNN",
    "NN",
    "N",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "Y",
    "yyyy",
    "yyy",
    "yy",
    "yo",
    "y",
    "ggggg",
    "gggg",
    "gg",
    "GGGGG",
    "GGGG",
    "GG",
    "e",
    "E",
    "a",
    "A",
    "hh",
    "h",
    "HH",
    "H",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "x",
    "X",
    "zz",
    "z",
    "ZZ",
    "Z",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        date::parse(text).expect("it is a date")
    }

    #[test]
    fn writes_every_token() {
        let moment = at("2020-02-03T04:05:06.078Z");
        let rows = [
            ("M Mo MM MMM MMMM", "2 2nd 02 Feb February"),
            ("Q Qo", "1 1st"),
            ("D Do DD DDD DDDo DDDD", "3 3rd 03 34 34th 034"),
            ("d do dd ddd dddd e E", "1 1st Mo Mon Monday 1 1"),
            ("w wo ww W Wo WW", "6 6th 06 6 6th 06"),
            ("YY YYYY Y YYYYY YYYYYY", "20 2020 2020 02020 +002020"),
            (
                "y yy yyyy yo N NNNN",
                "2020 2020 2020 2020th AD Anno Domini",
            ),
            ("gg gggg GG GGGG ggggg GGGGG", "20 2020 20 2020 02020 02020"),
            ("A a H HH h hh k kk", "AM am 4 04 4 04 4 04"),
            ("m mm s ss", "5 05 6 06"),
            ("S SS SSS SSSS SSSSSSSSS", "0 07 078 0780 078000000"),
            ("z zz Z ZZ", "UTC UTC +00:00 +0000"),
            ("X x", "1580702706 1580702706078"),
            ("LT", "4:05 AM"),
            ("LTS", "4:05:06 AM"),
            ("L LL", "02/03/2020 February 3, 2020"),
            ("LLL", "February 3, 2020 4:05 AM"),
            ("LLLL", "Monday, February 3, 2020 4:05 AM"),
            ("l ll", "2/3/2020 Feb 3, 2020"),
            ("lll", "Feb 3, 2020 4:05 AM"),
            ("llll", "Mon, Feb 3, 2020 4:05 AM"),
            ("[literal YYYY]YYYY [a]b]", "literal YYYY2020 a]b"),
            ("[] [YYYY", " [2020"),
            ("\\YYYY \\x\\", "YYYY x"),
            ("hmm Hmmss", "405 40506"),
            ("YYY g ö", "202020 g ö"),
            ("YYYY\nMM", "202002"),
            ("dLLLL \\\\M \\\\L", "Monday1, February 3, 2020 4:05 AM 2 L"),
            ("", "2020-02-03T04:05:06Z"),
        ];
        for (token, expected) in rows {
            assert_eq!(format(moment, token, "UTC"), expected, "{token}");
        }
    }

    #[test]
    fn goes_by_the_clocks_of_the_zone() {
        let moment = at("2020-02-03T04:05:06.078Z");
        assert_eq!(
            format(moment, "LLLL z Z ZZ X", "America/New_York"),
            "Sunday, February 2, 2020 11:05 PM EST -05:00 -0500 1580702706"
        );
        assert_eq!(
            format(moment, "", "Asia/Kolkata"),
            "2020-02-03T09:35:06+05:30"
        );
        assert_eq!(format(moment, "", "Europe/London"), "2020-02-03T04:05:06Z");
        assert_eq!(format(moment, "H h k kk", "Etc/GMT+4"), "0 12 24 24");
        assert_eq!(format(moment, "h A", "Etc/GMT-8"), "12 PM");
    }

    #[test]
    fn gives_days_at_the_turn_of_the_year_to_their_week() {
        let rows = [
            ("2019-12-29T12:00:00Z", "2020 1 2019 52"),
            ("2019-12-30T12:00:00Z", "2020 1 2020 1"),
            ("2021-01-01T12:00:00Z", "2021 1 2020 53"),
            ("2021-01-03T12:00:00Z", "2021 2 2020 53"),
            ("2023-01-01T12:00:00Z", "2023 1 2022 52"),
            ("2026-12-31T12:00:00Z", "2027 1 2026 53"),
        ];
        for (day, expected) in rows {
            assert_eq!(format(at(day), "gggg w GGGG W", "UTC"), expected, "{day}");
        }
    }

    #[test]
    fn writes_ordinals() {
        let rows = [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (21, "21st"),
            (111, "111th"),
        ];
        for (number, expected) in rows {
            assert_eq!(ordinal(number), expected);
        }
    }

    #[test]
    fn knows_each_token_that_is_listed_before_its_beginnings() {
        for (at, token) in TOKENS.iter().enumerate() {
            let shadowed = TOKENS[..at]
                .iter()
                .any(|earlier| token.starts_with(earlier));
            assert!(!shadowed, "{token}");
        }
    }
}
