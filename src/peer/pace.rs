//! How long a partner may keep this node waiting.

use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second that a partner has to move on average, in either direction, beyond the time for a phase to begin to
/// move. An engine's slowest message is far above it even on one old core: an element of 32 bytes takes 100 us.
const MINIMUM_RATE: u64 = 4 << 10;

/// The patience of one conversation.
#[derive(Debug)]
pub(crate) struct Pace {
    stall: Duration,
    end: Instant,
    /// Waited in this phase.
    waited: Duration,
    /// Bytes moved in this phase.
    moved: u64,
}

impl Pace {
    /// Patience of `stall` for each phase to begin to move, until `end` in all.
    pub(crate) fn new(stall: Duration, end: Instant) -> Self {
        Self { stall, end, waited: Duration::ZERO, moved: 0 }
    }

    /// A phase begins: what was waited before counts no more.
    pub(crate) fn next_phase(&mut self, stall: Duration, end: Instant) {
        *self = Self::new(stall, end);
    }

    /// The conversation's end.
    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// How long the next byte may take.
    pub(crate) fn allowance(&self) -> Duration {
        let earned = Duration::from_millis(self.moved.saturating_mul(1000) / MINIMUM_RATE);
        let left = self.stall.saturating_add(earned).saturating_sub(self.waited);
        left.min(self.stall).min(self.end.saturating_duration_since(Instant::now()))
    }

    /// Notes what was waited and what came of it.
    pub(crate) fn note(&mut self, waited: Duration, moved: usize) {
        self.waited = self.waited.saturating_add(waited);
        self.moved = self.moved.saturating_add(moved as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(10);

    fn pace() -> Pace {
        Pace::new(STALL, Instant::now() + Duration::from_secs(3600))
    }

    #[tokio::test(start_paused = true)]
    async fn silence_uses_up_the_phase() {
        let mut pace = pace();
        pace.note(Duration::from_secs(4), 0);
        assert_eq!(pace.allowance(), Duration::from_secs(6));
        pace.note(Duration::from_secs(6), 0);
        assert_eq!(pace.allowance(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_does_not_earn_more_time() {
        let mut pace = pace();
        for _ in 0..10 {
            pace.note(Duration::from_secs(1), 1);
        }
        assert!(pace.allowance() < Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_partner_always_has_the_whole_stall_left() {
        let mut pace = pace();
        for _ in 0..100 {
            pace.note(Duration::from_secs(1), MINIMUM_RATE as usize);
        }
        assert_eq!(pace.allowance(), STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_allowed_past_the_end() {
        let mut pace = Pace::new(STALL, Instant::now() + Duration::from_secs(3));
        pace.note(Duration::ZERO, 1 << 30);
        assert_eq!(pace.allowance(), Duration::from_secs(3));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(pace.allowance(), Duration::ZERO);
    }
}
