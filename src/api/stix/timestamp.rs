//! Times as STIX and TAXII write them.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// The last second that can be written, 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

/// Milliseconds since 1970-01-01T00:00:00Z as `created` and `modified` are written (STIX 2.1, section 3.2: to the millisecond at least).
pub(crate) fn milliseconds(milliseconds: u64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    write(i128::from(milliseconds) * 1_000_000, |time| time.format(format))
}

/// Microseconds since 1970-01-01T00:00:00Z as TAXII writes them (TAXII 2.1, section 1.6.6: six digits of a second, always).
pub(crate) fn microseconds(microseconds: u64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    write(i128::from(microseconds) * 1_000, |time| time.format(format))
}

fn write<E>(nanoseconds: i128, format: impl Fn(OffsetDateTime) -> Result<String, E>) -> String {
    let last = (i128::from(LAST_SECOND) + 1) * 1_000_000_000 - 1;
    // At most the last nanosecond that can be written, so it is a time, and it can be.
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.min(last)).ok();
    time.and_then(|time| format(time).ok()).unwrap_or_default()
}

/// Reads a timestamp in UTC, with any number of digits of a second, in microseconds; what is finer is cut off, and what lies before 1970 is 0.
pub(crate) fn parse_timestamp(text: &str) -> Option<u64> {
    if !text.ends_with('Z') || !text.contains('T') {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|time| time.offset() == UtcOffset::UTC)?;
    u64::try_from((time.unix_timestamp_nanos() / 1_000).max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_digit_and_read() {
        assert_eq!(milliseconds(1_795_000_000_004), "2026-11-18T11:06:40.004Z");
        assert_eq!(microseconds(1_795_000_000_000_002), "2026-11-18T11:06:40.000002Z");
        assert_eq!(microseconds(u64::MAX), "9999-12-31T23:59:59.999999Z");
        for (text, time) in [
            ("2026-11-18T11:06:40.000002Z", Some(1_795_000_000_000_002)),
            ("2026-11-18T11:06:40Z", Some(1_795_000_000_000_000)),
            ("2026-11-18T11:06:40.123456789Z", Some(1_795_000_000_123_456)),
            ("1969-11-18T11:06:40Z", Some(0)),
            ("2026-11-18T11:06:40+01:00", None),
            ("2026-11-18T11:06:40", None),
            ("2026-11-18 11:06:40Z", None),
            ("2026-11-18", None),
            ("2026-13-18T11:06:40Z", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(parse_timestamp(text), time, "{text}");
        }
    }
}
