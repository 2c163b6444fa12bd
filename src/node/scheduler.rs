//! Exchanges that the node begins by itself, as often as each partner's `every` says.
//!
//! Waiting is by the monotonic clock, so a clock that is set forward or back neither begins a burst nor stops the work.
//! Each partner has one task that waits for an exchange's end before it plans the next: never two at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use overlap_api::{ExchangeAsk, StartRefused};
use overlap_coalition::{MemberId, Timestamp};
use overlap_peer::ExchangeError;
use overlap_store::{PageRequest, Store};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::clock;
use crate::node::Node;

/// The wait after the first failure; it doubles with each that follows, up to `every`.
const FIRST_RETRY: Duration = Duration::from_secs(60);

/// How long to wait where an exchange with the partner runs already.
const WHILE_BUSY: Duration = Duration::from_secs(60);

/// The part of a wait that is added at random, in percent, so that members do not all begin at once.
const JITTER_PERCENT: u32 = 10;

/// When the next exchange with each partner is due.
#[derive(Default)]
pub(crate) struct Schedule(Mutex<HashMap<MemberId, Instant>>);

impl Schedule {
    /// When the next exchange with a partner is due, by a wall clock that shows `now`.
    pub(crate) fn next(&self, partner: &MemberId, now: Timestamp) -> Option<Timestamp> {
        let due = *self.entries().get(partner)?;
        Some(now.plus_seconds(due.saturating_duration_since(Instant::now()).as_secs()))
    }

    fn set(&self, partner: &MemberId, due: Instant) {
        self.entries().insert(partner.clone(), due);
    }

    fn clear(&self) {
        self.entries().clear();
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<MemberId, Instant>> {
        // Every change is one call of the map: it is whole even if a thread panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tasks of all partners. Dropping it stops them; an exchange that runs goes on.
pub(crate) struct Scheduler {
    /// None of them ends by itself.
    pub(crate) tasks: JoinSet<()>,
}

impl Scheduler {
    /// Begins to plan for every partner with an `every`.
    pub(crate) fn begin(node: &Arc<Node>, store: &Arc<dyn Store>, schedule: &Arc<Schedule>) -> Self {
        schedule.clear();
        let mut tasks = JoinSet::new();
        for partner in &node.config().partner {
            if let Some(every) = partner.every {
                let plan = Plan {
                    node: node.clone(),
                    store: store.clone(),
                    schedule: schedule.clone(),
                    partner: partner.id.0.clone(),
                    every: every.0,
                };
                tasks.spawn(plan.run());
            }
        }
        Self { tasks }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Refused or failed; the partner may have said when to try again.
    Failed {
        retry_after: Option<u64>,
    },
    /// An exchange with the partner runs already.
    Busy,
}

struct Plan {
    node: Arc<Node>,
    store: Arc<dyn Store>,
    schedule: Arc<Schedule>,
    partner: MemberId,
    every: Duration,
}

impl Plan {
    async fn run(self) {
        let mut wait = self.first_wait().await;
        let mut failures = 0;
        loop {
            let due = Instant::now() + with_jitter(wait, rand::random_range(0..=JITTER_PERCENT));
            self.schedule.set(&self.partner, due);
            sleep_until(due).await;
            let outcome = self.attempt().await;
            failures = match outcome {
                Outcome::Done => 0,
                Outcome::Busy => failures,
                Outcome::Failed { .. } => failures + 1,
            };
            wait = next_wait(self.every, outcome, failures);
        }
    }

    /// What is left of `every` since the last exchange with this partner; after a restart nothing is begun early.
    async fn first_wait(&self) -> Duration {
        let (store, partner) = (self.store.clone(), self.partner.clone());
        let newest = PageRequest { limit: 1, after: None };
        let page = tokio::task::spawn_blocking(move || store.exchanges(Some(&partner), &newest)).await;
        let last = page.ok().and_then(Result::ok).and_then(|page| page.rows.first().map(|row| row.began));
        first_wait(self.every, last, clock::now())
    }

    async fn attempt(&self) -> Outcome {
        if self.node.peer().partners().iter().any(|peer| peer.id == self.partner && peer.running > 0) {
            return Outcome::Busy;
        }
        let ask = ExchangeAsk {
            peer: self.partner.clone(),
            purpose: None,
            case_reference: String::new(),
            engine: None,
        };
        let outcome = match self.node.begin(ask).await {
            Ok((_, end)) => end.await.map_or(Outcome::Failed { retry_after: None }, |end| ended(&end)),
            Err(StartRefused::Policy(refusal)) => Outcome::Failed { retry_after: refusal.retry_after },
            Err(_) => Outcome::Failed { retry_after: None },
        };
        tracing::info!(partner = %self.partner, ?outcome, "scheduled exchange");
        outcome
    }
}

fn ended<T>(end: &Result<T, ExchangeError>) -> Outcome {
    match end {
        Ok(_) => Outcome::Done,
        Err(ExchangeError::RefusedHere(refusal) | ExchangeError::RefusedByPartner(refusal)) => {
            Outcome::Failed { retry_after: refusal.retry_after }
        }
        Err(_) => Outcome::Failed { retry_after: None },
    }
}

fn first_wait(every: Duration, last_began: Option<u64>, now: Timestamp) -> Duration {
    // A last exchange in the future means that the clock was set back: then a whole period is waited.
    let since = last_began.map(|began| Duration::from_secs(now.0.saturating_sub(began)));
    since.map_or(Duration::ZERO, |since| every.saturating_sub(since))
}

fn next_wait(every: Duration, outcome: Outcome, failures: u32) -> Duration {
    match outcome {
        Outcome::Done => every,
        Outcome::Busy => WHILE_BUSY.min(every),
        Outcome::Failed { retry_after } => {
            let doubled = FIRST_RETRY.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
            let said = Duration::from_secs(retry_after.unwrap_or(0));
            doubled.min(every).max(said)
        }
    }
}

fn with_jitter(wait: Duration, percent: u32) -> Duration {
    // A partner's `retry_after` may be any number: the sum must not overflow the clock.
    let wait = wait.min(Duration::from_secs(366 * 86_400));
    wait + wait * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(21_600);

    #[test]
    fn after_success_a_whole_period_is_waited() {
        assert_eq!(next_wait(EVERY, Outcome::Done, 0), EVERY);
    }

    #[test]
    fn failures_back_off_up_to_the_period() {
        let failed = Outcome::Failed { retry_after: None };
        let waits: Vec<u64> = (1..=4).map(|n| next_wait(EVERY, failed, n).as_secs()).collect();
        assert_eq!(waits, [60, 120, 240, 480]);
        assert_eq!(next_wait(EVERY, failed, 400), EVERY);
    }

    #[test]
    fn what_the_partner_says_is_honoured() {
        let said = |seconds| Outcome::Failed { retry_after: Some(seconds) };
        assert_eq!(next_wait(EVERY, said(86_400), 1).as_secs(), 86_400);
        assert_eq!(next_wait(EVERY, said(5), 2).as_secs(), 120);
        assert!(with_jitter(next_wait(EVERY, said(u64::MAX), 1), 10) < Duration::from_secs(500 * 86_400));
    }

    #[test]
    fn a_restart_waits_for_the_rest_of_the_period() {
        let now = Timestamp(1_000_000);
        assert_eq!(first_wait(EVERY, None, now), Duration::ZERO);
        assert_eq!(first_wait(EVERY, Some(now.0 - 600), now), EVERY - Duration::from_secs(600));
        assert_eq!(first_wait(EVERY, Some(now.0 - 86_400), now), Duration::ZERO);
        assert_eq!(first_wait(EVERY, Some(now.0 + 86_400), now), EVERY);
    }

    #[test]
    fn jitter_only_adds() {
        assert_eq!(with_jitter(EVERY, 0), EVERY);
        assert_eq!(with_jitter(Duration::from_secs(100), 10), Duration::from_secs(110));
    }
}
