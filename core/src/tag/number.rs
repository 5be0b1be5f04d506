//! Numbers as JavaScript reads them from text: users' priorities and groups were written for it.

/// What `Number(text)` gives.
pub(super) fn number(text: &str) -> f64 {
    let text = text.trim();
    match text {
        "" => return 0.0,
        "Infinity" | "+Infinity" => return f64::INFINITY,
        "-Infinity" => return f64::NEG_INFINITY,
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return whole(digits, radix);
        }
    }
    // Rust's own parser also takes `inf` and `nan`.
    let decimal = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-');
    if !lower.chars().all(decimal) {
        return f64::NAN;
    }
    lower.parse().unwrap_or(f64::NAN)
}

fn whole(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() {
        return f64::NAN;
    }
    digits.chars().fold(0.0, |sum, digit| {
        digit
            .to_digit(radix)
            .map_or(f64::NAN, |digit| sum * f64::from(radix) + f64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_javascript_reads() {
        let rows = [
            ("", 0.0),
            (" 12 ", 12.0),
            ("-3", -3.0),
            ("+4.5", 4.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("0x1F", 31.0),
            ("0b101", 5.0),
            ("0o17", 15.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ];
        for (text, expected) in rows {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn is_no_number_where_javascript_says_so() {
        for text in [
            "x", "1x", "inf", "nan", "NaN", "infinity", "0x", "0xg", "-0x1", "1_000", "e", ".",
        ] {
            assert!(number(text).is_nan(), "{text:?}");
        }
    }
}
