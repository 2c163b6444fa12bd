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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(u64::MAX)), "never");
    }
}
