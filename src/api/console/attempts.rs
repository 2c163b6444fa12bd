//! How often somebody may try to sign in.
//!
//! A token has 256 random bits, so nobody guesses one; the limit keeps tries from filling the log and the processor. It is one for all, since who
//! comes through a proxy has its address: whoever uses it up keeps others from signing in for the time, but not those who are signed in, nor
//! callers of the API.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::rate::Rate;

/// Failed tries that may follow each other at once: people who mistype or paste the wrong thing.
pub(crate) const MOST_AT_ONCE: u32 = 20;

/// After so long one more may fail.
const ONE_MORE_AFTER: Duration = Duration::from_secs(3);

/// How often a try may fail.
pub(crate) fn rate() -> Rate {
    Rate::new(MOST_AT_ONCE, ONE_MORE_AFTER)
}

/// Failed tries are told to the audit chain once in so long: a stranger writes 144 entries a day at most, whatever they do.
pub(crate) const TOLD_EVERY: Duration = Duration::from_secs(10 * 60);

/// Failed tries that the audit chain has not been told of.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    tries: u64,
    told: Option<Instant>,
}

impl Refusals {
    /// A try failed: how many are to be told now, if it is time.
    pub(crate) fn failed(&self, now: Instant) -> Option<u64> {
        let untold = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.tries = untold.tries.saturating_add(1);
        if untold.told.is_some_and(|told| now.duration_since(told) < TOLD_EVERY) {
            return None;
        }
        untold.told = Some(now);
        Some(std::mem::take(&mut untold.tries))
    }

    /// How many have not been told, before somebody's sign-in is: it should not stand before them.
    pub(crate) fn untold(&self) -> Option<u64> {
        let untold = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(std::mem::take(&mut untold.tries)).filter(|tries| *tries > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tries_are_told_together_and_none_is_lost() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        assert_eq!((refusals.untold(), refusals.failed(now)), (None, Some(1)));
        for second in 1..100 {
            assert_eq!(refusals.failed(now + Duration::from_secs(second)), None);
        }
        assert_eq!(refusals.failed(now + TOLD_EVERY), Some(100));
        assert_eq!(refusals.failed(now + TOLD_EVERY), None);
        assert_eq!((refusals.untold(), refusals.untold()), (Some(1), None));
    }
}
