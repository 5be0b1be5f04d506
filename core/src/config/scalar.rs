//! From the text of a scalar to what it means, each with its bounds. Mistakes do not know their place yet.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::error::{Wrong, code};
use super::{Listen, Permille};
use crate::analysis::Real;

type Parsed<T> = Result<T, Wrong>;

/// A day: nothing that a deploy waits for takes longer, and sums of durations stay far from any overflow.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// Milliseconds.
pub(super) fn duration(text: &str) -> Parsed<u64> {
    const EXPECTED: &str = "a whole number with its unit, such as `500ms`, `10s`, `2m` or `1h`";
    if text == "0" {
        return Ok(0);
    }
    let (number, unit) = split_unit(text);
    let scale = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if !number.is_empty() => {
            return Err(Wrong::new(code::DURATION, "this duration has no unit")
                .expected(EXPECTED)
                .help(format!("write `{number}s` for seconds")));
        }
        _ => return Err(Wrong::new(code::DURATION, "this is no duration").expected(EXPECTED)),
    };
    if number.is_empty() {
        return Err(Wrong::new(code::DURATION, "this is no duration").expected(EXPECTED));
    }
    let millis = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(scale));
    millis
        .filter(|millis| *millis <= LONGEST_MS)
        .ok_or_else(|| Wrong::new(code::RANGE, "this duration is too long").expected("at most 24h"))
}

/// A duration of at least `LEAST` milliseconds.
pub(super) fn duration_from<const LEAST: u64>(text: &str) -> Parsed<u64> {
    let millis = duration(text)?;
    if millis >= LEAST {
        return Ok(millis);
    }
    let least = if LEAST.is_multiple_of(1000) {
        format!("{}s", LEAST / 1000)
    } else {
        format!("{LEAST}ms")
    };
    Err(Wrong::new(code::RANGE, "this duration is too short").expected(format!("at least {least}")))
}

/// The time between two probes. Zero asks for the shortest: tests run with waits near zero.
pub(super) fn interval(text: &str) -> Parsed<u64> {
    if duration(text)? == 0 {
        Ok(100)
    } else {
        duration_from::<100>(text)
    }
}

/// Thousandths.
pub(super) fn percent(text: &str) -> Parsed<Permille> {
    let wrong = || {
        Wrong::new(code::PERCENT, "this is no percentage")
            .expected("a number from 0% to 100%, such as `5%` or `0.5%`")
    };
    let Some(number) = text.strip_suffix('%') else {
        let help = thousandths(text).map(|_| format!("write `{text}%`"));
        return Err(wrong().help_if(help));
    };
    match thousandths(number) {
        Some(value) if value % 100 == 0 && value <= 100_000 => {
            Ok(Permille(u16::try_from(value / 100).expect("at most 1,000")))
        }
        Some(value) if value > 100_000 => {
            Err(Wrong::new(code::RANGE, "this is more than everything").expected("at most 100%"))
        }
        Some(_) | None => Err(wrong()),
    }
}

/// Thousandths, as a difference of two shares.
pub(super) fn points(text: &str) -> Parsed<Permille> {
    let wrong = || {
        Wrong::new(code::PERCENT, "these are no percentage points")
            .expected("a number from 0pp to 100pp, such as `1pp` or `0.5pp`")
    };
    let Some(number) = text.strip_suffix("pp") else {
        let number = text.strip_suffix('%').unwrap_or(text);
        let help = thousandths(number).map(|_| format!("write `{number}pp`"));
        return Err(wrong().help_if(help));
    };
    percent(&format!("{number}%")).map_err(|_| wrong())
}

/// How sure a verdict is: below 100 %, which nothing ever is, and above a coin's.
pub(super) fn confidence(text: &str) -> Parsed<Permille> {
    let share = percent(text)?;
    if (Permille(500)..Permille(1000)).contains(&share) {
        return Ok(share);
    }
    Err(Wrong::new(code::RANGE, "nobody is that sure").expected("from 50% to 99.9%, such as `99%`"))
}

/// How much longer is slow: a tenth is noise, and with more than ten times nothing is ever found.
pub(super) fn slower(text: &str) -> Parsed<Permille> {
    let wrong = || {
        Wrong::new(code::PERCENT, "this is no percentage")
            .expected("a number from 10% to 1000%, such as `50%`")
    };
    let Some(number) = text.strip_suffix('%') else {
        let help = thousandths(text).map(|_| format!("write `{text}%`"));
        return Err(wrong().help_if(help));
    };
    match thousandths(number) {
        Some(value) if value % 100 == 0 && (10_000..=1_000_000).contains(&value) => Ok(Permille(
            u16::try_from(value / 100).expect("at most 10,000"),
        )),
        Some(_) | None => Err(wrong()),
    }
}

/// A quantile beside the median, and one that some hundred requests tell.
pub(super) fn quantile(text: &str) -> Parsed<Permille> {
    let share = percent(text)?;
    if (Permille(750)..=Permille(990)).contains(&share) {
        return Ok(share);
    }
    Err(
        Wrong::new(code::RANGE, "this is no quantile that can be judged by")
            .expected("from 75% to 99%, such as `95%`"),
    )
}

/// A finite number.
pub(super) fn number(text: &str) -> Parsed<Real> {
    let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
    number.map(Real).ok_or_else(|| {
        Wrong::new(code::TYPE, "this is no number").expected("a number, such as `100` or `0.5`")
    })
}

/// Bytes.
pub(super) fn memory(text: &str) -> Parsed<u64> {
    /// Docker refuses less.
    const LEAST: u64 = 6 << 20;
    const MOST: u64 = 64 << 40;
    let wrong = || {
        Wrong::new(code::SIZE, "this is no amount of memory")
            .expected("a whole number with its unit, such as `512m` or `1g`")
    };
    let (number, unit) = split_unit(text);
    let scale: u64 = match unit {
        "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "" if !number.is_empty() => {
            return Err(wrong().help(format!("write `{number}m` for mebibytes")));
        }
        _ => {
            let small = unit.to_ascii_lowercase();
            let letter = small.trim_end_matches("ib").trim_end_matches('b');
            let meant = matches!(letter, "k" | "m" | "g") && !number.is_empty();
            return Err(if meant {
                wrong().help(format!("write `{number}{letter}`"))
            } else {
                wrong()
            });
        }
    };
    if number.is_empty() {
        return Err(wrong());
    }
    let bytes = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(scale));
    let out = || {
        Wrong::new(code::RANGE, "this amount of memory is out of bounds")
            .expected("at least `6m`, at most `65536g`")
    };
    bytes
        .filter(|bytes| (LEAST..=MOST).contains(bytes))
        .ok_or_else(out)
}

/// Thousandths of a processor.
pub(super) fn cpus(text: &str) -> Parsed<u32> {
    let wrong = || {
        Wrong::new(code::SIZE, "this is no number of processors")
            .expected("a number with at most three digits behind the point, such as `0.5` or `2`")
    };
    let value = thousandths(text).ok_or_else(wrong)?;
    let out = || {
        Wrong::new(code::RANGE, "this number of processors is out of bounds")
            .expected("at least `0.01`, at most `1024`")
    };
    u32::try_from(value)
        .ok()
        .filter(|value| (10..=1_024_000).contains(value))
        .ok_or_else(out)
}

/// Lowest and highest status that is good, inclusive.
pub(super) fn status(text: &str) -> Parsed<(u16, u16)> {
    let wrong = || {
        Wrong::new(code::STATUS, "this is no HTTP status")
            .expected("`200`, a span such as `200-399`, or `<500`; from 100 to 599")
    };
    let one = |digits: &str| {
        digits
            .parse::<u16>()
            .ok()
            .filter(|status| digits.len() == 3 && (100..=600).contains(status))
    };
    let (low, high) = match (text.strip_prefix('<'), text.split_once('-')) {
        (Some(above), _) => (Some(100), one(above.trim()).map(|above| above - 1)),
        (None, Some((low, high))) => (one(low.trim()), one(high.trim())),
        (None, None) => (one(text), one(text)),
    };
    match (low, high) {
        (Some(low), Some(high)) if low <= high && high <= 599 => Ok((low, high)),
        (Some(low), Some(high)) if low > high => Err(wrong().help("the lower end comes first")),
        (Some(_) | None, Some(_) | None) => Err(wrong()),
    }
}

/// Where the router listens.
pub(super) fn listen(text: &str) -> Parsed<Listen> {
    let wrong = || {
        Wrong::new(code::ADDRESS, "this is no address to listen on")
            .expected("`127.0.0.1:8000`, `[::1]:8000` or a port")
    };
    let port = |digits: &str| {
        digits
            .parse::<u16>()
            .ok()
            .filter(|port| *port > 0 && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let port = port(text).ok_or_else(|| {
            Wrong::new(code::RANGE, "this is no port").expected("a number from 1 to 65535")
        })?;
        return Ok(Listen {
            address: "127.0.0.1".into(),
            port,
        });
    }
    match text.parse::<SocketAddr>() {
        Ok(SocketAddr::V6(address)) if address.scope_id() != 0 => Err(wrong()),
        Ok(address) if address.port() > 0 => Ok(Listen {
            address: address.ip().to_string(),
            port: address.port(),
        }),
        Ok(_) => Err(wrong()),
        Err(_) => Err(wrong().help_if(listen_remedy(text))),
    }
}

fn listen_remedy(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    match host {
        "localhost" => Some(format!("write `127.0.0.1:{port}`")),
        "" | "*" => Some(format!(
            "write `0.0.0.0:{port}` for every address of the host"
        )),
        _ if host.parse::<Ipv6Addr>().is_ok() => Some(format!("write `[{host}]:{port}`")),
        _ if text.parse::<IpAddr>().is_ok() => Some("add the port".into()),
        _ => Some("write the IP address of the target, not its name".into()),
    }
}

/// A number with its unit: digits, then the rest.
fn split_unit(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(digits)
}

/// A decimal number without sign and exponent, with at most three digits behind the point, in thousandths.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(rest) || rest.len() > 3 {
        return None;
    }
    let rest: u64 = format!("{rest:0<3}").parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: std::fmt::Debug>(parsed: Parsed<T>) -> String {
        match parsed {
            Ok(value) => format!("{value:?}"),
            Err(mistake) => mistake.code().trim_start_matches("config/").to_owned(),
        }
    }

    #[test]
    fn durations_have_a_unit_and_an_end() {
        for (text, meant) in [
            ("0", "0"),
            ("0s", "0"),
            ("500ms", "500"),
            ("10s", "10000"),
            ("2m", "120000"),
            ("24h", "86400000"),
            ("25h", "range"),
            ("99999999999999999999s", "range"),
            ("18446744073709551615h", "range"),
            ("10", "duration"),
            ("1.5s", "duration"),
            ("-1s", "duration"),
            ("+1s", "duration"),
            ("s", "duration"),
            ("", "duration"),
            ("10 s", "duration"),
            ("10S", "duration"),
            ("1m30s", "duration"),
            ("1d", "duration"),
        ] {
            assert_eq!(said(duration(text)), meant, "{text}");
        }
    }

    #[test]
    fn an_interval_of_zero_is_the_shortest_one() {
        for (text, meant) in [
            ("0", "100"),
            ("0s", "100"),
            ("99ms", "range"),
            ("100ms", "100"),
            ("1s", "1000"),
        ] {
            assert_eq!(said(interval(text)), meant, "{text}");
        }
    }

    #[test]
    fn a_percentage_has_its_sign_and_at_most_one_digit_behind_the_point() {
        for (text, meant) in [
            ("0%", "Permille(0)"),
            ("5%", "Permille(50)"),
            ("0.5%", "Permille(5)"),
            ("100%", "Permille(1000)"),
            ("100.1%", "range"),
            ("0.05%", "percent"),
            ("5", "percent"),
            ("0.05", "percent"),
            ("-5%", "percent"),
            ("5 %", "percent"),
            ("%", "percent"),
            ("5.%", "percent"),
        ] {
            assert_eq!(said(percent(text)), meant, "{text}");
        }
    }

    #[test]
    fn memory_counts_in_powers_of_1024() {
        for (text, meant) in [
            ("512m", "536870912"),
            ("1g", "1073741824"),
            ("8192k", "8388608"),
            ("6291456b", "6291456"),
            ("5m", "range"),
            ("99999999g", "range"),
            ("99999999999999999999m", "range"),
            ("512", "size"),
            ("512M", "size"),
            ("1GiB", "size"),
            ("m", "size"),
            ("0.5g", "size"),
        ] {
            assert_eq!(said(memory(text)), meant, "{text}");
        }
        let meant = memory("512MiB").err();
        assert!(meant.is_some_and(|mistake| format!("{mistake:?}").contains("write `512m`")));
    }

    #[test]
    fn processors_are_counted_in_thousandths() {
        for (text, meant) in [
            ("2", "2000"),
            ("0.5", "500"),
            ("0.125", "125"),
            ("0.01", "10"),
            ("0.001", "range"),
            ("0", "range"),
            ("1025", "range"),
            ("0.1234", "size"),
            ("1e1", "size"),
            (".5", "size"),
            ("x", "size"),
        ] {
            assert_eq!(said(cpus(text)), meant, "{text}");
        }
    }

    #[test]
    fn a_status_is_one_a_span_or_below_one() {
        for (text, meant) in [
            ("200", "(200, 200)"),
            ("200-399", "(200, 399)"),
            ("200 - 399", "(200, 399)"),
            ("<500", "(100, 499)"),
            ("<600", "(100, 599)"),
            ("599", "(599, 599)"),
            ("600", "status"),
            ("99", "status"),
            ("0200", "status"),
            ("<100", "status"),
            ("399-200", "status"),
            ("2xx", "status"),
            (">=200", "status"),
            ("+20", "status"),
            ("", "status"),
        ] {
            assert_eq!(said(status(text)), meant, "{text}");
        }
    }

    #[test]
    fn an_address_to_listen_on_is_an_ip_and_a_port() {
        for (text, meant) in [
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8000", "[::1]:8000"),
            ("8000", "127.0.0.1:8000"),
        ] {
            assert_eq!(
                listen(text).map(|l| l.to_string()),
                Ok(meant.to_owned()),
                "{text}"
            );
        }
        for (text, meant) in [
            ("0", "range"),
            ("65536", "range"),
            ("127.0.0.1", "address"),
            ("127.0.0.1:0", "address"),
            ("localhost:80", "address"),
            (":80", "address"),
            ("::1:80", "address"),
            ("[fe80::1%1]:80", "address"),
            ("127.0.0.1:+80", "address"),
            ("", "range"),
        ] {
            assert_eq!(said(listen(text)), meant, "{text}");
        }
    }
}
