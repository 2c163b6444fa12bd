//! Connections whose other end has not said hello: how many at once, and from where.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// In all: each costs a signature check and a window of 1 MiB, so 64 MiB at most.
const MOST: usize = 64;

/// From one network: a stranger who holds all of these leaves room for everybody else. Members in one network can still say
/// hello several at a time.
const MOST_FROM_NETWORK: usize = 16;

/// The bits of an address that name its network. Whoever has one IPv4 address often has its neighbours, and a single
/// customer gets up to a /56 of IPv6 (RFC 6177, 2).
const NETWORK_BITS: (u32, u32) = (24, 56);

/// Counts the strangers, by network.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<HashMap<IpAddr, usize>>);

/// One stranger's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    strangers: Arc<Strangers>,
    network: IpAddr,
}

impl Strangers {
    /// A place for a connection from `address`; `None` where too many wait already.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        let mut places = self.lock();
        let in_all: usize = places.values().sum();
        let from_network = places.get(&network).copied().unwrap_or(0);
        if in_all >= MOST || from_network >= MOST_FROM_NETWORK {
            return None;
        }
        places.insert(network, from_network + 1);
        Some(Place { strangers: self.clone(), network })
    }

    /// A thread that panicked while it held the lock left whole numbers behind.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first address of an address's network. A socket for both families shows IPv4 addresses as IPv6 ones.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => (address & Ipv4Addr::from_bits(u32::MAX << (32 - NETWORK_BITS.0))).into(),
        IpAddr::V6(address) => (address & Ipv6Addr::from_bits(u128::MAX << (128 - NETWORK_BITS.1))).into(),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.strangers.lock();
        match places.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(places.remove(&self.network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_cannot_take_every_place() {
        for (one, other) in [("192.0.2.", "192.0.3.1"), ("2001:db8:0:ff::", "2001:db8:0:100::1")] {
            let strangers = Arc::new(Strangers::default());
            let neighbour = |last: usize| address(&format!("{one}{last}"));
            let held: Vec<_> =
                (0..MOST_FROM_NETWORK).map(|last| strangers.take(neighbour(last)).unwrap()).collect();
            assert!(strangers.take(neighbour(99)).is_none());
            assert!(strangers.take(address(other)).is_some());
            drop(held);
            assert!(strangers.take(neighbour(99)).is_some());
        }
    }

    #[test]
    fn networks_are_told_apart_by_their_first_bits() {
        assert_eq!(network_of(address("::ffff:192.0.2.77")), address("192.0.2.0"));
        assert_eq!(network_of(address("2001:db8:1:2ff::5")), address("2001:db8:1:200::"));
        assert_ne!(network_of(address("2001:db8:1:2ff::5")), network_of(address("2001:db8:1:300::5")));
    }

    #[test]
    fn all_networks_together_have_a_limit() {
        let strangers = Arc::new(Strangers::default());
        let held: Vec<_> =
            (0..=255).filter_map(|network| strangers.take(IpAddr::from([198, 51, network, 1]))).collect();
        assert_eq!(held.len(), MOST);
        drop(held);
        assert!(strangers.lock().is_empty());
    }
}
