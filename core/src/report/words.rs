//! Small words: how long, when, how many, which.

use crate::protocol::Timestamp;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Hexadecimal digits that tell images apart for people.
const DIGITS: usize = 12;

/// How long, in the two largest units that matter: `340 ms`, `1.3 s`, `2 min 5 s`. Rounded down.
pub(crate) fn duration(millis: u64) -> String {
    if millis < SECOND {
        return format!("{millis} ms");
    }
    if millis < MINUTE {
        let (whole, tenths) = (millis / SECOND, millis % SECOND / 100);
        return if tenths == 0 {
            format!("{whole} s")
        } else {
            format!("{whole}.{tenths} s")
        };
    }
    let (large, large_unit, small, small_unit) = match millis {
        ..HOUR => (millis / MINUTE, "min", millis % MINUTE / SECOND, "s"),
        HOUR..DAY => (millis / HOUR, "h", millis % HOUR / MINUTE, "min"),
        DAY.. => (millis / DAY, "d", millis % DAY / HOUR, "h"),
    };
    if small == 0 {
        return format!("{large} {large_unit}");
    }
    format!("{large} {large_unit} {small} {small_unit}")
}

/// Each text once, in the order in which they came, and how often it came.
pub(super) fn told_once(texts: &[String]) -> Vec<String> {
    let mut told: Vec<(&String, usize)> = Vec::new();
    for text in texts {
        match told.iter_mut().find(|(it, _)| *it == text) {
            Some((_, times)) => *times += 1,
            None => told.push((text, 1)),
        }
    }
    told.into_iter()
        .map(|(text, times)| match times {
            1 => text.clone(),
            _ => format!("{text} ({times} times)"),
        })
        .collect()
}

/// How long at most: whole seconds, rounded up.
pub(super) fn at_most(millis: u64) -> String {
    let seconds = millis.div_ceil(SECOND);
    if seconds == 0 {
        "0 s".to_owned()
    } else {
        duration(seconds.saturating_mul(SECOND))
    }
}

/// When, in universal time: `2026-11-22 10:31:05Z`.
#[must_use]
pub(crate) fn when(at: Timestamp) -> String {
    let (year, month, day) = civil(at.0 / DAY);
    format!("{year:04}-{month:02}-{day:02} {}", clock(at))
}

/// `10:31:05Z`.
pub(super) fn clock(at: Timestamp) -> String {
    let of_day = at.0 % DAY;
    let (hour, minute, second) = (
        of_day / HOUR,
        of_day % HOUR / MINUTE,
        of_day % MINUTE / SECOND,
    );
    format!("{hour:02}:{minute:02}:{second:02}Z")
}

/// The Gregorian date of a day, counted from 1970-01-01.
///
/// Counted in years that begin in March, leap days come last and need no rule of their own (Howard Hinnant,
/// `civil_from_days`). An era is 400 years, of 146,097 days.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let january_or_february = (month <= 2) as u64;
    (era * 400 + year_of_era + january_or_february, month, day)
}

/// `1 mistake`, `3 mistakes`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

/// `sha256:0123456789ab`: enough to tell images apart.
pub(super) fn short(digest: &str) -> String {
    let (algorithm, digits) = digest.split_once(':').unwrap_or(("", digest));
    let digits: String = digits.chars().take(DIGITS).collect();
    if algorithm.is_empty() {
        digits
    } else {
        format!("{algorithm}:{digits}")
    }
}

/// A word of a command line, quoted for a shell where it needs to be.
pub(super) fn argument(word: &str) -> String {
    let tame = |c: char| c.is_ascii_alphanumeric() || "._/:@%+=-".contains(c);
    if !word.is_empty() && word.chars().all(tame) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What a weight in the table means; a worker's instances work whatever it is, so there it says until when.
pub(super) fn share(weight: &str, worker: bool) -> String {
    match weight {
        "-" => "not in the table".to_owned(),
        "256" if worker => "works".to_owned(),
        _ if worker => "works until it is decided".to_owned(),
        "0" => "no traffic".to_owned(),
        "256" => "takes traffic".to_owned(),
        "fallback" => "only if all others fail".to_owned(),
        weight => format!("weight {weight}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_came_again_is_told_once() {
        let texts = ["a", "b", "a", "a"].map(str::to_owned);
        assert_eq!(told_once(&texts), ["a (3 times)", "b"]);
        assert!(told_once(&[]).is_empty());
    }

    #[test]
    fn durations_have_at_most_two_units() {
        let table = [
            (0, "0 ms"),
            (340, "340 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (1_349, "1.3 s"),
            (15_000, "15 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min"),
            (125_900, "2 min 5 s"),
            (3_600_000, "1 h"),
            (3_780_000, "1 h 3 min"),
            (86_400_000, "1 d"),
            (100_800_000, "1 d 4 h"),
        ];
        for (millis, words) in table {
            assert_eq!(duration(millis), words, "{millis}");
        }
        assert!(duration(u64::MAX).ends_with(" h"));
    }

    #[test]
    fn what_is_left_is_never_said_to_be_less_than_it_is() {
        for (millis, words) in [
            (0, "0 s"),
            (1, "1 s"),
            (47_001, "48 s"),
            (60_500, "1 min 1 s"),
        ] {
            assert_eq!(at_most(millis), words);
        }
        let _ = at_most(u64::MAX);
    }

    #[test]
    fn moments_are_in_universal_time() {
        let table = [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399_999, "2000-02-28 23:59:59Z"),
            (951_782_400_000, "2000-02-29 00:00:00Z"),
            (951_868_800_000, "2000-03-01 00:00:00Z"),
            (1_709_164_800_000, "2024-02-29 00:00:00Z"),
            (1_795_343_465_000, "2026-11-22 10:31:05Z"),
            (4_107_542_400_000, "2100-03-01 00:00:00Z"),
            (253_402_300_799_999, "9999-12-31 23:59:59Z"),
        ];
        for (millis, words) in table {
            assert_eq!(when(Timestamp(millis)), words);
        }
        let _ = when(Timestamp(u64::MAX));
    }

    /// The oracle counts the days of every year and month, one after the other.
    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let mut day = 0;
        for year in 1970..2370 {
            let february = if leap(year) { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for date in 1..=length {
                    assert_eq!(civil(day), (year, month, date));
                    day += 1;
                }
            }
        }
    }

    #[test]
    fn digests_are_cut_to_what_tells_them_apart() {
        assert_eq!(short("sha256:0123456789abcdef"), "sha256:0123456789ab");
        assert_eq!(short("0123456789abcdef"), "0123456789ab");
        assert_eq!(short(""), "");
        assert_eq!(short("sha256:ü"), "sha256:ü");
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_would_see_more_than_a_word() {
        for (word, quoted) in [
            ("staging", "staging"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(argument(word), quoted);
        }
    }

    proptest! {
        #[test]
        fn later_moments_sort_later(one in 0..253_402_300_800_000_u64, other in 0..253_402_300_800_000_u64) {
            let [one, other] = [one, other].map(Timestamp);
            prop_assert_eq!(when(one) < when(other), one.0 / 1_000 < other.0 / 1_000);
        }
    }
}
