//! Exchanges at once: how many with one member, how many in all, how many items these hold in memory, and when none is
//! left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use overlap_coalition::{MemberId, Refusal, RefusalCode};
use tokio::sync::watch;

use crate::Limits;

/// Seconds after which a member that found no place may try again.
const RETRY_AFTER_BUSY: u64 = 30;

/// Counts the exchanges that run.
#[derive(Debug)]
pub(crate) struct Slots {
    running: Mutex<Running>,
    total: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Running {
    exchanges: HashMap<MemberId, usize>,
    items: u64,
}

/// One exchange's place; given back when dropped, with the items that it holds.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    member: MemberId,
    items: u64,
}

impl Slots {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { running: Mutex::default(), total: watch::Sender::new(0) })
    }

    /// Takes a place for an exchange with `member`.
    ///
    /// # Errors
    /// [`RefusalCode::Busy`].
    pub(crate) fn take(self: &Arc<Self>, member: &MemberId, limits: &Limits) -> Result<Slot, Refusal> {
        let mut running = self.lock();
        let with_member = running.exchanges.get(member).copied().unwrap_or(0);
        let in_all: usize = running.exchanges.values().sum();
        if with_member >= limits.exchanges_per_member || in_all >= limits.exchanges {
            return Err(busy());
        }
        running.exchanges.insert(member.clone(), with_member + 1);
        self.total.send_replace(in_all + 1);
        Ok(Slot { slots: self.clone(), member: member.clone(), items: 0 })
    }

    /// Exchanges with `member` that run now.
    pub(crate) fn running_with(&self, member: &MemberId) -> usize {
        self.lock().exchanges.get(member).copied().unwrap_or(0)
    }

    /// Waits until none runs.
    pub(crate) async fn idle(&self) {
        // Fails only when the sender is gone, and this holds the sender.
        let _ = self.total.subscribe().wait_for(|total| *total == 0).await;
    }

    /// A thread that panicked while it held the lock left whole numbers behind.
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Takes memory for `items`, both sides' padded sets together, in place of what it took before. An exchange that is
    /// larger than the limit runs while no other holds any.
    ///
    /// # Errors
    /// [`RefusalCode::Busy`]; what it took before stays taken.
    pub(crate) fn hold(&mut self, items: u64, limits: &Limits) -> Result<(), Refusal> {
        let mut running = self.slots.lock();
        let others = running.items.saturating_sub(self.items);
        if others > 0 && others.saturating_add(items) > limits.items {
            return Err(busy());
        }
        running.items = others.saturating_add(items);
        self.items = items;
        Ok(())
    }
}

/// The same in all cases: what a node does with others is not a partner's to know.
fn busy() -> Refusal {
    let sentence = "as many exchanges run as may run at once: try again later";
    Refusal::retry_in(RefusalCode::Busy, sentence, RETRY_AFTER_BUSY)
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.slots.lock();
        running.items = running.items.saturating_sub(self.items);
        match running.exchanges.get_mut(&self.member) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(running.exchanges.remove(&self.member)),
        }
        self.slots.total.send_replace(running.exchanges.values().sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(exchanges_per_member: usize, exchanges: usize) -> Limits {
        Limits { exchanges_per_member, exchanges, ..Limits::default() }
    }

    fn member(name: &str) -> MemberId {
        name.parse().unwrap()
    }

    #[test]
    fn a_member_has_its_own_limit_and_gets_its_place_back() {
        let slots = Slots::new();
        let first = slots.take(&member("a"), &limits(1, 9)).unwrap();
        assert_eq!(slots.take(&member("a"), &limits(1, 9)).unwrap_err().code, RefusalCode::Busy);
        let other = slots.take(&member("b"), &limits(1, 9)).unwrap();
        drop(first);
        assert_eq!(slots.running_with(&member("a")), 0);
        assert_eq!(slots.running_with(&member("b")), 1);
        slots.take(&member("a"), &limits(1, 9)).unwrap();
        drop(other);
    }

    #[test]
    fn all_members_share_the_limit_of_the_node() {
        let slots = Slots::new();
        let _held = [slots.take(&member("a"), &limits(9, 2)), slots.take(&member("b"), &limits(9, 2))];
        let busy = slots.take(&member("c"), &limits(9, 2)).unwrap_err();
        assert_eq!(busy.code, RefusalCode::Busy);
        // Nobody can tell from it whether the node is busy with others.
        assert_eq!(slots.take(&member("a"), &limits(1, 9)).unwrap_err(), busy);
    }

    #[test]
    fn the_items_of_all_have_a_limit() {
        let (slots, limits) = (Slots::new(), Limits { items: 100, ..Limits::default() });
        let slot = |name| slots.take(&member(name), &limits).unwrap();
        let [mut first, mut second] = [slot("a"), slot("b")];
        first.hold(60, &limits).unwrap();
        second.hold(30, &limits).unwrap();
        assert_eq!(second.hold(41, &limits).unwrap_err(), busy());
        second.hold(40, &limits).unwrap();
        assert_eq!(first.hold(61, &limits).unwrap_err(), busy());
        drop(second);
        first.hold(100, &limits).unwrap();
        assert_eq!(slot("b").hold(1, &limits).unwrap_err(), busy());
        first.hold(99, &limits).unwrap();
        slot("b").hold(1, &limits).unwrap();
    }

    #[test]
    fn an_exchange_that_is_larger_than_the_limit_runs_alone() {
        let (slots, limits) = (Slots::new(), Limits { items: 100, ..Limits::default() });
        let mut large = slots.take(&member("a"), &limits).unwrap();
        large.hold(101, &limits).unwrap();
        let mut small = slots.take(&member("b"), &limits).unwrap();
        assert_eq!(small.hold(1, &limits).unwrap_err(), busy());
        drop(large);
        small.hold(1, &limits).unwrap();
        assert_eq!(slots.take(&member("a"), &limits).unwrap().hold(101, &limits).unwrap_err(), busy());
    }

    #[tokio::test]
    async fn idle_waits_for_the_last() {
        let slots = Slots::new();
        let slot = slots.take(&member("a"), &limits(1, 1)).unwrap();
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.idle().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(slot);
        waiting.await.unwrap();
    }
}
