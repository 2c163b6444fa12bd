//! The million URLs: each of a host of its own, matched by host, all by one partner.

use overlap_indicator::Facet;

use crate::million::Million;

pub(crate) const URLS: Million =
    Million { value, facet: |_| Facet::Host, partner: |_| "payments".to_owned() };

/// A URL by its number.
pub(crate) fn value(number: usize) -> String {
    format!("https://shop{number}.example.org/login.php?step={number}")
}
