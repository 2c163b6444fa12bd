//! How long an import waits for a body that comes slowly: it holds a place that others wait for.

use std::time::Duration;

/// What an import waits at most for a body of nothing.
pub(crate) const LONGEST_STALL: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 60 });

/// Bytes in a second that earn a second more.
pub(crate) const SLOWEST: u64 = 1024;

/// What was waited for a body, and what came of it. The time in which this node works is not counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    waited: Duration,
    received: u64,
}

impl Patience {
    /// How long the next bytes may take.
    pub(crate) fn left(self) -> Duration {
        let earned = Duration::from_millis(self.received.saturating_mul(1_000) / SLOWEST);
        LONGEST_STALL.saturating_add(earned).saturating_sub(self.waited).min(LONGEST_STALL)
    }

    /// So many bytes came after so long.
    pub(crate) fn note(&mut self, waited: Duration, received: usize) {
        self.waited = self.waited.saturating_add(waited);
        self.received = self.received.saturating_add(received as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_now_and_then_does_not_hold_a_place_for_ever() {
        let mut patience = Patience::default();
        let each = LONGEST_STALL - Duration::from_millis(100);
        patience.note(each, 1);
        assert!(patience.left() < Duration::from_millis(200));
        patience.note(each, 1);
        assert_eq!(patience.left(), Duration::ZERO);
    }

    #[test]
    fn a_slow_line_has_all_the_time_that_it_needs() {
        let mut patience = Patience::default();
        for _ in 0..100_000 {
            patience.note(Duration::from_secs(1), SLOWEST as usize);
        }
        assert_eq!(patience.left(), LONGEST_STALL);
    }
}
