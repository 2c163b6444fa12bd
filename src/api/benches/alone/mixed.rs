//! The mixed million: values of five kinds, matched by each kind's first facet, one exchange in a hundred with a second partner.

use crate::million::Million;

pub(crate) const MIXED: Million = Million { value, facet: |kind| kind.facets()[0], partner };

/// A value by its number: of ten, five are URLs, two domains, and one each a mail address, an IP address and a handle. A thousand URLs share a site.
pub(crate) fn value(number: usize) -> String {
    let site = number % 1_000;
    match number % 10 {
        0..5 => format!("https://shop{}.s{site}.example.org/login.php?step={number}", number % 100_000),
        5 | 6 => format!("n{number}.example.org"),
        7 => format!("someone{number}@mail{site}.example.org"),
        8 => format!("11.{}.{}.{}", number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff),
        _ => format!("telegram:@user{number}"),
    }
}

/// The partner of an exchange by its number.
pub(crate) fn partner(number: u64) -> String {
    if number % 100 == 99 { "hotline" } else { "payments" }.to_owned()
}
