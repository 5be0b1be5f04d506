//! What a scalar without quotes means, by the core schema of YAML 1.2.

use super::Kind;

/// A scalar's kind. `.inf` and `.nan` stay texts, as in JSON.
pub(super) fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    if let Some(int) = integer(text) {
        return Kind::Int(int);
    }
    match decimal(text) {
        Some(number) if number.is_finite() => Kind::Float(number),
        _ => Kind::Text,
    }
}

fn integer(text: &str) -> Option<i64> {
    let radix = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix)?;
        digits
            .chars()
            .all(|c| c.is_digit(radix))
            .then(|| i64::from_str_radix(digits, radix).ok())?
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    if whole {
        text.parse().ok()
    } else {
        radix("0o", 8).or_else(|| radix("0x", 16))
    }
}

fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digit = unsigned
        .trim_start_matches('.')
        .starts_with(|c: char| c.is_ascii_digit());
    let only = unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if digit && only {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_yaml_1_2() {
        for (text, kind) in [
            ("", "Null"),
            ("~", "Null"),
            ("true", "Bool(true)"),
            ("FALSE", "Bool(false)"),
            ("yes", "Text"),
            ("on", "Text"),
            ("8000", "Int(8000)"),
            ("-1", "Int(-1)"),
            ("0o17", "Int(15)"),
            ("0x1F", "Int(31)"),
            ("017", "Int(17)"),
            ("1:30", "Text"),
            ("1.10", "Float(1.1)"),
            (".5", "Float(0.5)"),
            ("1e3", "Float(1000.0)"),
            ("99999999999999999999", "Float(1e20)"),
            (".inf", "Text"),
            ("inf", "Text"),
            ("nan", "Text"),
            ("1.2.3", "Text"),
            ("0x", "Text"),
            ("-", "Text"),
            (".", "Text"),
            ("1_000", "Text"),
        ] {
            assert_eq!(format!("{:?}", plain(text)), kind, "{text:?}");
        }
    }
}
