//! Lengths of time in the config: `30s`, `5m`, `6h`, `7d`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time as the config writes it: a whole number and one of `s`, `m`, `h` and `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// This many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl std::str::FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a length of time is a whole number and s, m, h or d, such as \"6h\"";
        let unit = text.chars().last().ok_or(FORM)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(FORM),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FORM);
        }
        let number: u64 = digits.parse().map_err(|_| FORM)?;
        let total = number.checked_mul(seconds).filter(|total| *total > 0);
        total.map(Self::seconds).ok_or("a length of time is more than 0 and fits 64 bits in seconds")
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        for (unit, size) in [('d', 86_400), ('h', 3_600), ('m', 60)] {
            if seconds >= size && seconds.is_multiple_of(size) {
                return write!(f, "{}{unit}", seconds / size);
            }
        }
        write!(f, "{seconds}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_written() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("6h", 21_600), ("7d", 604_800)] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period, Period::seconds(seconds));
            assert_eq!(period.to_string(), text);
        }
        assert_eq!(Period::seconds(90).to_string(), "90s");
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in ["", "h", "6", "6 h", "-6h", "+6h", "6w", "0s", "1.5h", "99999999999999999999d", "6é"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
