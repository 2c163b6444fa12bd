//! How long to wait before a receiver is tried again.

use std::time::Duration;

use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::macros::format_description;

/// The wait after the first failure; it doubles with each that follows.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait that a receiver may ask for: one that asks for a year is taken at an hour.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// The part of a wait that chance takes off, in percent, so that nodes do not all try at once.
const JITTER_PERCENT: u32 = 50;

/// Counts failures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { longest, failures: 0 }
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure. What the receiver asked for is never cut short.
    pub(crate) fn failed(&mut self, asked: Option<Duration>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let percent = 100 - rand::random_range(0..=JITTER_PERCENT);
        self.wait(percent).max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    fn wait(self, percent: u32) -> Duration {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.failures.saturating_sub(1)));
        doubled.min(self.longest) * percent / 100
    }
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3, in its preferred form).
pub(crate) fn retry_after(text: &str, now: u64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date: OffsetDateTime = PrimitiveDateTime::parse(text.trim(), format).ok()?.assume_utc();
    let date = u64::try_from(date.unix_timestamp()).ok()?;
    Some(Duration::from_secs(date.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew() {
        let mut backoff = Backoff::new(Duration::from_secs(10));
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                backoff.failures += 1;
                backoff.wait(100).as_secs()
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
        backoff.succeeded();
        let wait = backoff.failed(None);
        assert!(wait >= Duration::from_millis(500) && wait <= FIRST, "{wait:?}");
        assert_eq!(backoff.failed(Some(Duration::from_secs(30))).as_secs(), 30);
        assert_eq!(backoff.failed(Some(Duration::from_secs(u64::MAX))), LONGEST_ASKED);
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        assert_eq!(retry_after("120", 0), Some(Duration::from_secs(120)));
        assert_eq!(
            retry_after("Wed, 18 Nov 2026 11:06:40 GMT", 1_794_999_990),
            Some(Duration::from_secs(10))
        );
        assert_eq!(retry_after("Wed, 18 Nov 2026 11:06:40 GMT", 1_795_000_990), Some(Duration::ZERO));
        for bad in ["", "-1", "soon", "1.5", "18 Nov 2026"] {
            assert_eq!(retry_after(bad, 0), None, "{bad}");
        }
    }
}
