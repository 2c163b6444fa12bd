//! Numbers, sizes and times as people read them.

use maud::{Markup, html};

use crate::rfc3339::rfc3339;

/// A number with a narrow space between its thousands.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A number of things.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// A size in bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1_000.0, unit + 1);
    }
    let digits = usize::from(unit > 0 && size < 99.5);
    format!("{size:.digits$} {}", UNITS.get(unit).copied().unwrap_or_default())
}

/// A time in UTC, to the second.
pub(crate) fn time(seconds: u64) -> Markup {
    let text = rfc3339(seconds);
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    html! { time datetime=(text) { (date) " " (clock.trim_end_matches('Z')) } }
}

/// A day in UTC, as days since 1970-01-01.
pub(crate) fn day(days: u64) -> String {
    let text = rfc3339(days.saturating_mul(86_400));
    text.split_once('T').map_or(text.clone(), |(day, _)| day.to_owned())
}

/// Seconds that something took.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1_000.0),
        1.0..60.0 => format!("{seconds:.2} s"),
        seconds => span(seconds as u64),
    }
}

/// A span of time in its two largest units.
pub(crate) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!((number(0), number(999)), ("0".into(), "999".into()));
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((counted(1, "row", "rows"), counted(2, "row", "rows")), ("1 row".into(), "2 rows".into()));
    }

    #[test]
    fn sizes_and_times_are_readable() {
        assert_eq!((bytes(0), bytes(999), bytes(1_000)), ("0 B".into(), "999 B".into(), "1.0 kB".into()));
        assert_eq!((bytes(123_456_789), bytes(u64::MAX)), ("123 MB".into(), "18446744 TB".into()));
        assert_eq!(
            time(1_795_000_000).into_string(),
            "<time datetime=\"2026-11-18T11:06:40Z\">2026-11-18 11:06:40</time>"
        );
        assert_eq!(day(20_000), "2024-10-04");
        assert_eq!(
            (span(59), span(3_660), span(90_000)),
            ("59 s".into(), "1 h 1 min".into(), "1 d 1 h".into())
        );
    }
}
