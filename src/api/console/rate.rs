//! How often something may happen that strangers can bring about: some times at once, and then once more each time a while has passed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often something may happen, and how often it did of late.
#[derive(Debug)]
pub(crate) struct Rate {
    most_at_once: u32,
    one_more_after: Duration,
    late: Mutex<Late>,
}

#[derive(Debug, Default)]
struct Late {
    times: u32,
    /// Up to when they have been forgotten.
    counted: Option<Instant>,
}

impl Rate {
    /// So many times at once, and one more each time this has passed.
    pub(crate) fn new(most_at_once: u32, one_more_after: Duration) -> Self {
        Self { most_at_once, one_more_after, late: Mutex::default() }
    }

    /// Whether it may happen now; if not, after how long.
    pub(crate) fn check(&self, now: Instant) -> Result<(), Duration> {
        let late = &mut *self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.forget(now, self.one_more_after);
        match (late.times >= self.most_at_once, late.counted) {
            (true, Some(counted)) => Err(self.one_more_after.saturating_sub(now.duration_since(counted))),
            _ => Ok(()),
        }
    }

    /// It happened.
    pub(crate) fn count(&self, now: Instant) {
        let late = &mut *self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.forget(now, self.one_more_after);
        late.times = late.times.saturating_add(1);
    }
}

impl Late {
    fn forget(&mut self, now: Instant, one_after: Duration) {
        let counted = *self.counted.get_or_insert(now);
        let steps = now.duration_since(counted).as_nanos() / one_after.as_nanos().max(1);
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).min(self.times);
        self.times -= steps;
        self.counted = match self.times {
            0 => Some(now),
            _ => Some(counted + one_after * steps),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_run_out_and_come_back() {
        const MOST: u32 = 20;
        const ONE_MORE_AFTER: Duration = Duration::from_secs(3);
        let (rate, now) = (Rate::new(MOST, ONE_MORE_AFTER), Instant::now());
        for _ in 0..MOST {
            assert_eq!(rate.check(now), Ok(()));
            rate.count(now);
        }
        assert_eq!(rate.check(now), Err(ONE_MORE_AFTER));
        let second = Duration::from_secs(1);
        assert_eq!(rate.check(now + second), Err(ONE_MORE_AFTER - second));
        let later = now + ONE_MORE_AFTER;
        assert_eq!(rate.check(later), Ok(()));
        rate.count(later);
        assert!(rate.check(later).is_err());
        assert_eq!(rate.check(later + ONE_MORE_AFTER * MOST), Ok(()));
    }
}
