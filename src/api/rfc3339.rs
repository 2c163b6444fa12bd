//! Times as text: RFC 3339, in UTC.

use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, time};
use time::{Date, OffsetDateTime};

/// The last second that RFC 3339 can write, 9999-12-31T23:59:59Z: what lies later is shown as this.
const LAST_SECOND: u64 = 253_402_300_799;

/// Seconds since 1970-01-01T00:00:00Z as RFC 3339.
pub(crate) fn rfc3339(seconds: u64) -> String {
    // At most `LAST_SECOND`, so it fits, it is a time, and it can be written.
    OffsetDateTime::from_unix_timestamp(seconds.min(LAST_SECOND) as i64)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// Reads RFC 3339, or a date, which means its first second in UTC. Times before 1970 are none.
pub(crate) fn parse_rfc3339(text: &str) -> Option<u64> {
    let time = match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(time) => time,
        Err(_) => {
            let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
            date.with_time(time!(0:00)).assume_utc()
        }
    };
    u64::try_from(time.unix_timestamp()).ok()
}

/// Reads RFC 3339 to the microsecond, since 1970: for times that are compared and not shown.
pub(crate) fn parse_micros(text: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_000_000), "2026-11-18T11:06:40Z");
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(parse_rfc3339("2026-11-18T11:06:40Z"), Some(1_795_000_000));
        assert_eq!(parse_rfc3339("2026-11-18T12:06:40+01:00"), Some(1_795_000_000));
        assert_eq!(parse_rfc3339("1970-01-02"), Some(86_400));
        assert_eq!(parse_micros("1970-01-01T01:00:00.5000019+01:00"), Some(500_001));
        assert_eq!((parse_micros("1970-01-02"), parse_micros("1969-12-31T23:00:00Z")), (None, None));
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in
            ["", "yesterday", "2026-13-01", "2026-11-18 11:06", "1969-12-31", "18.11.2026", "1795000000"]
        {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
