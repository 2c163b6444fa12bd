//! Networks in CIDR (RFC 4632; RFC 4291, section 2.3).

use std::net::IpAddr;

/// A network: the first bits of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    is_v4: bool,
    prefix: u8,
    bits: u128,
}

impl Network {
    /// The network of this length that an address is in; `None` where no address is that long.
    pub(crate) fn of(address: IpAddr, prefix: u8) -> Option<Self> {
        let (is_v4, length, bits) = match address {
            IpAddr::V4(v4) => (true, 32_u32, u128::from(v4.to_bits())),
            IpAddr::V6(v6) => (false, 128, v6.to_bits()),
        };
        let rest = length.checked_sub(u32::from(prefix))?;
        // A network of no length has every address: all of its bits are shifted out.
        let bits = bits.checked_shr(rest).unwrap_or(0);
        Some(Self { is_v4, prefix, bits })
    }

    /// Reads `address/length`. An address with bits beyond the length stands for the network that it is in.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        Self::of(address.trim().parse().ok()?, prefix.trim().parse().ok()?)
    }

    pub(crate) fn is_v4(self) -> bool {
        self.is_v4
    }

    pub(crate) fn prefix(self) -> u8 {
        self.prefix
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_networks_and_nothing_else() {
        assert_eq!(Network::parse("FE80::/10"), Network::parse("febf:ffff::1/10"));
        assert_eq!(Network::parse("0.0.0.0/0"), Network::of([9, 9, 9, 9].into(), 0));
        assert_eq!(Network::parse("10.0.0.0/8"), Network::of([10, 255, 255, 255].into(), 8));
        for bad in
            ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "a/8", "10.0.0.0/", "10.0.0.0/-1", "/8", ""]
        {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        /// An address is in a network exactly where the first bits are equal, counted one by one.
        #[test]
        fn membership_is_equality_of_the_first_bits(a: u32, b: u32, prefix in 0_u8..=32) {
            let same = Network::of(IpAddr::V4(a.into()), prefix) == Network::of(IpAddr::V4(b.into()), prefix);
            let naive = (0..prefix).all(|bit| (a << bit) >> 31 == (b << bit) >> 31);
            prop_assert_eq!(same, naive);
        }
    }
}
