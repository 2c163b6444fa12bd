//! Connections whose other end has not said hello: how many at once, and from where.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// In all: each costs a signature check and a window of 1 MiB, so 64 MiB at most.
const MOST: usize = 64;

/// From one address: a stranger who holds all of these leaves room for everybody else. Members behind one address can
/// still say hello to each other several at a time.
const MOST_FROM_ADDRESS: usize = 8;

/// Counts the strangers.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<HashMap<IpAddr, usize>>);

/// One stranger's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    strangers: Arc<Strangers>,
    address: IpAddr,
}

impl Strangers {
    /// A place for a connection from `address`; `None` where too many wait already.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut places = self.lock();
        let in_all: usize = places.values().sum();
        let from_address = places.get(&address).copied().unwrap_or(0);
        if in_all >= MOST || from_address >= MOST_FROM_ADDRESS {
            return None;
        }
        places.insert(address, from_address + 1);
        Some(Place { strangers: self.clone(), address })
    }

    /// A thread that panicked while it held the lock left whole numbers behind.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.strangers.lock();
        match places.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(places.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_address_cannot_take_every_place() {
        let strangers = Arc::new(Strangers::default());
        let held: Vec<_> = (0..MOST_FROM_ADDRESS).map(|_| strangers.take(address(1)).unwrap()).collect();
        assert!(strangers.take(address(1)).is_none());
        assert!(strangers.take(address(2)).is_some());
        drop(held);
        assert!(strangers.take(address(1)).is_some());
    }

    #[test]
    fn all_addresses_together_have_a_limit() {
        let strangers = Arc::new(Strangers::default());
        let held: Vec<_> = (0..=255).filter_map(|last| strangers.take(address(last))).collect();
        assert_eq!(held.len(), MOST);
        drop(held);
        assert!(strangers.lock().is_empty());
    }
}
