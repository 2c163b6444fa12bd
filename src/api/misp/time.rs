//! Times as clients of MISP write them.

use serde_json::Value;

use crate::rfc3339::parse_rfc3339;

/// From a time to a time, both in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) until: u64,
}

impl Span {
    pub(crate) const fn holds(&self, time: u64) -> bool {
        self.from <= time && time <= self.until
    }
}

/// The span that a filter says: from one time on, or between two. None where it says none.
pub(crate) fn span(value: &Value, now: u64) -> Option<Span> {
    match value {
        Value::Array(two) => match two.as_slice() {
            [one] => span(one, now),
            [a, b] => {
                let (a, b) = (time(a, now)?, time(b, now)?);
                Some(Span { from: a.min(b), until: a.max(b) })
            }
            _ => None,
        },
        one => Some(Span { from: time(one, now)?, until: u64::MAX }),
    }
}

/// The time that a value says: seconds since 1970, as a number or its digits; a span back from now as `5d`, `12h`, `30m` or `10s`; a date or
/// a time. None where it says none.
pub(crate) fn time(value: &Value, now: u64) -> Option<u64> {
    match value {
        Value::Number(number) => {
            number.as_u64().or_else(|| number.as_f64().filter(|time| *time >= 0.0).map(|time| time as u64))
        }
        Value::String(text) => of_text(text.trim(), now),
        _ => None,
    }
}

fn of_text(text: &str, now: u64) -> Option<u64> {
    if let Some(back) = span_back(text) {
        return Some(now.saturating_sub(back));
    }
    let seconds = text.split_once('.').map_or(text, |(whole, _)| whole);
    if !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return seconds.parse().ok();
    }
    parse_rfc3339(text).or_else(|| parse_rfc3339(&format!("{}Z", text.replacen(' ', "T", 1))))
}

/// Seconds of `5d` and the like.
fn span_back(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "d" | "D" => 86_400,
        "h" | "H" => 3_600,
        "m" | "M" => 60,
        "s" | "S" => 1,
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse::<u64>().ok())??.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_in_every_spelling() {
        let now = 1_795_000_000;
        for (value, expected) in [
            (json!(1_704_067_200), Some(1_704_067_200)),
            (json!(1_704_067_200.5), Some(1_704_067_200)),
            (json!("1704067200"), Some(1_704_067_200)),
            (json!("1704067200.25"), Some(1_704_067_200)),
            (json!("2d"), Some(now - 172_800)),
            (json!("3h"), Some(now - 10_800)),
            (json!("5m"), Some(now - 300)),
            (json!("10s"), Some(now - 10)),
            (json!("2024-01-01"), Some(1_704_067_200)),
            (json!("2024-01-01T00:00:00+00:00"), Some(1_704_067_200)),
            (json!("2024-01-01 00:00:10"), Some(1_704_067_210)),
            (json!("99999999999999999999d"), None),
            (json!("yesterday"), None),
            (json!("d"), None),
            (json!(-1), None),
            (json!({}), None),
            (json!(""), None),
        ] {
            assert_eq!(time(&value, now), expected, "{value}");
        }
        assert_eq!(span(&json!(["2d", "1d"]), now), Some(Span { from: now - 172_800, until: now - 86_400 }));
        assert_eq!(span(&json!([1, 2, 3]), now), None);
        assert!(span(&json!("1d"), now).unwrap().holds(now));
    }
}
