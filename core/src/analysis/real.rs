//! Arithmetic that is the same on every machine: a number that can be kept and compared, and the two functions that the
//! evidence needs.
//!
//! Sums, products and quotients of `f64` are exact by IEEE 754, natively and in WebAssembly. Logarithms are not: a machine's C library
//! has its own last digit, and a decision must replay byte for byte (`docs/decisions/0022-evidence-that-may-be-looked-at.md`).

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of the evidence, kept to its last bit: a decimal text would lose some, and whoever goes on would decide differently.
#[derive(Clone, Copy)]
pub struct Real(pub f64);

/// The natural logarithm of a positive number; −∞ of zero and of what has none.
#[must_use]
pub(super) fn ln(value: f64) -> f64 {
    if !(value >= f64::MIN_POSITIVE && value.is_finite()) {
        let too_large = value == f64::INFINITY;
        return if too_large {
            f64::INFINITY
        } else {
            f64::NEG_INFINITY
        };
    }
    // value = fraction · 2^exponent, the fraction from √½ to √2.
    let bits = value.to_bits();
    let mut exponent = i32::try_from(bits >> 52).expect("eleven bits, the sign is zero") - 1023;
    let mut fraction = f64::from_bits((bits & MANTISSA) | ONE);
    if fraction > std::f64::consts::SQRT_2 {
        fraction *= 0.5;
        exponent += 1;
    }
    // ln f = 2·artanh s, s = (f − 1)/(f + 1): |s| < 0.172, so that eleven terms are exact to the last digits.
    let s = (fraction - 1.0) / (fraction + 1.0);
    let square = s * s;
    let series = ODD
        .iter()
        .fold(0.0, |sum, divisor| sum * square + 1.0 / divisor);
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * s * series
}

/// e to this power; zero below −700, where it makes no difference to any sum.
#[must_use]
pub(super) fn exp(power: f64) -> f64 {
    if power > 700.0 {
        return f64::INFINITY;
    }
    if power < -700.0 || power.is_nan() {
        return 0.0;
    }
    let doublings = (power * std::f64::consts::LOG2_E).round_ties_even();
    let rest = power - doublings * std::f64::consts::LN_2;
    // |rest| < 0.35: fourteen terms of the series.
    let series = TERMS.iter().fold(1.0, |sum, term| sum * rest / term + 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number from −1010 to 1010"
    )]
    let exponent = doublings as i64 + 1023;
    series
        * f64::from_bits(u64::try_from(exponent).expect("positive: the power is above −700") << 52)
}

/// ln(e^a + e^b), which neither overflows nor loses the smaller one.
#[must_use]
pub(super) fn ln_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + ln(1.0 + exp(low - high))
}

const MANTISSA: u64 = (1 << 52) - 1;
const ONE: u64 = 1023 << 52;
const ODD: [f64; 11] = [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0];
const TERMS: [f64; 14] = [
    14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0,
];

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Debug for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Sixteen hexadecimal digits: JSON has no infinity, and its readers round.
impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0.to_bits()))
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bits = u64::from_str_radix(&text, 16).map_err(de::Error::custom)?;
        let value = f64::from_bits(bits);
        if text.len() != 16 || value.is_nan() {
            return Err(de::Error::custom("these are no sixteen digits of a number"));
        }
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_and_power_are_those_of_the_machine_up_to_the_last_digits() {
        let mut value = 1e-300;
        while value < 1e300 {
            let (own, theirs) = (ln(value), value.ln());
            assert!(
                (own - theirs).abs() <= 4e-16 * theirs.abs().max(1.0),
                "{value}"
            );
            value *= 1.37;
        }
        let mut power = -690.0;
        while power < 690.0 {
            let (own, theirs): (f64, f64) = (exp(power), power.exp());
            assert!(
                (own / theirs - 1.0).abs() <= 2e-13,
                "{power}: {own} {theirs}"
            );
            power += 0.731;
        }
    }

    /// What WebAssembly must find too: the recorded runs compare it there.
    #[test]
    fn these_are_the_bits() {
        let bits = |value: f64| format!("{:016x}", value.to_bits());
        assert_eq!(bits(ln(100.0)), "40126bb1bbb55515");
        assert_eq!(bits(ln(0.01)), "c0126bb1bbb55515");
        assert_eq!(bits(exp(1.0)), "4005bf0a8b14576a");
        assert_eq!(bits(exp(-4.5)), "3f86c0504695c415");
        assert_eq!(bits(ln_add(1.0, 2.0)), "4002818f57f7d824");
    }

    #[test]
    fn the_edges_are_no_panic() {
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert_eq!(ln(-1.0), f64::NEG_INFINITY);
        assert_eq!(ln(f64::NAN), f64::NEG_INFINITY);
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert_eq!(ln(1.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(f64::NAN), 0.0);
        assert_eq!(exp(701.0), f64::INFINITY);
        let none = f64::NEG_INFINITY;
        assert_eq!(ln_add(none, none), none);
        assert_eq!(ln_add(none, 1.5), 1.5);
    }

    #[test]
    fn a_kept_number_comes_back_to_the_last_bit() {
        for value in [0.1, -1.0 / 3.0, f64::NEG_INFINITY, f64::MAX, -0.0] {
            let text = serde_json::to_string(&Real(value)).expect("a text");
            let back: Real = serde_json::from_str(&text).expect("the same");
            assert_eq!(back, Real(value), "{text}");
        }
        for wrong in [
            "\"7ff8000000000000\"",
            "\"0\"",
            "1",
            "\"\"",
            "\"zzzzzzzzzzzzzzzz\"",
        ] {
            assert!(serde_json::from_str::<Real>(wrong).is_err(), "{wrong}");
        }
    }
}
