//! The time, for commands that are no daemon.

use overlap_coalition::Timestamp;
use overlap_peer::{Clock, SystemClock};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now, by the system's clock.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// A moment for people, as RFC 3339.
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    let seconds = i64::try_from(moment.0).ok();
    let moment = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| "never".to_owned())
}

/// The moment that a text of RFC 3339 names, to the second.
pub(crate) fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(u64::MAX)), "never");
        for moment in [0, 1_790_000_000, 253_402_300_799].map(Timestamp) {
            assert_eq!(parse_rfc3339(&rfc3339(moment)), Some(moment));
        }
        assert_eq!((parse_rfc3339("never"), parse_rfc3339("1969-12-31T23:59:59Z")), (None, None));
    }
}
