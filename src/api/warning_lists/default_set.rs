//! The lists in the program. `default_set/README.md` says where each is from.

/// Ids, and the lists in MISP's format.
pub(crate) const LISTS: [(&str, &str); 3] = [
    ("private-addresses", include_str!("default_set/private-addresses.json")),
    ("public-resolvers", include_str!("default_set/public-resolvers.json")),
    ("top-sites", include_str!("default_set/top-sites.json")),
];
