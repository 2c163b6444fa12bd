//! The rules.

use crate::house::{House, Package};
use crate::sources;

/// Our crates, and those of ours that each may name. `overlapd` is the only one that knows them all.
const OURS: [(&str, &[&str]); 8] = [
    ("overlap-indicator", &[]),
    ("overlap-psi", &[]),
    ("overlap-coalition", &["overlap-indicator"]),
    ("overlap-wire", &["overlap-psi", "overlap-coalition"]),
    ("overlap-store", &["overlap-indicator", "overlap-coalition"]),
    ("overlap-peer", &["overlap-psi", "overlap-wire", "overlap-coalition", "overlap-store"]),
    ("overlap-api", &["overlap-indicator", "overlap-coalition", "overlap-store"]),
    (
        "overlapd",
        &[
            "overlap-indicator",
            "overlap-psi",
            "overlap-coalition",
            "overlap-wire",
            "overlap-store",
            "overlap-peer",
            "overlap-api",
        ],
    ),
];

/// The whole-node tests stand outside the walls: they look at everything.
const TESTS: &str = "overlap-tests";

/// Libraries that stand behind one wall, and who is behind it.
const RESERVED: [(&str, &[&str]); 13] = [
    ("prost", &["overlap-wire"]),
    ("prost-types", &["overlap-wire"]),
    ("quinn", &["overlap-peer"]),
    ("quinn-proto", &["overlap-peer"]),
    ("rustls", &["overlap-peer", "overlap-api", "overlapd"]),
    ("tokio-rustls", &["overlap-api", "overlapd"]),
    ("rustls-webpki", &["overlap-peer"]),
    ("sled", &["overlap-store"]),
    ("axum", &["overlap-api"]),
    ("tower-http", &["overlap-api"]),
    ("utoipa", &["overlap-api"]),
    ("utoipa-axum", &["overlap-api"]),
    ("curve25519-dalek", &["overlap-psi"]),
];

/// Crates that never touch the runtime, the network, the disk, the clock or the system's randomness.
const PURE: [&str; 4] = ["overlap-indicator", "overlap-psi", "overlap-coalition", "overlap-wire"];

/// Libraries that would bring one of those into a pure crate.
const IMPURE_LIBRARIES: [&str; 12] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "rustix",
    "libc",
    "rand",
    "getrandom",
    "time",
    "tempfile",
    "hyper",
];

/// The one crate that may hold `unsafe` code, for the processor's carry-less multiplication and the like.
const MAY_BE_UNSAFE: &str = "overlap-psi";

/// Whether a package has a rule.
pub(crate) fn knows(package: &str) -> bool {
    package == TESTS || OURS.iter().any(|(name, _)| *name == package)
}

/// Every wall that is broken, in words; empty where the house stands.
pub(crate) fn broken_walls(house: &House) -> Vec<String> {
    house.packages.iter().filter(|package| package.name != TESTS).flat_map(broken_by).collect()
}

fn broken_by(package: &Package) -> Vec<String> {
    let forbidden = package.dependencies.iter().filter(|dependency| is_forbidden(&package.name, dependency));
    let mut broken: Vec<String> =
        forbidden.map(|dependency| format!("{} must not depend on {dependency}", package.name)).collect();
    if PURE.contains(&package.name.as_str()) {
        broken.extend(package.sources.iter().flat_map(|(path, text)| sources::impure_lines(path, text)));
    }
    if package.name != MAY_BE_UNSAFE {
        broken.extend(package.sources.iter().filter_map(|(path, text)| sources::lacks_forbid(path, text)));
    }
    broken
}

fn is_forbidden(package: &str, dependency: &str) -> bool {
    let is_ours = knows(dependency);
    let allowed_ours = OURS.iter().find(|(name, _)| *name == package).map_or(&[][..], |(_, allowed)| allowed);
    let reserved = RESERVED.iter().find(|(library, _)| *library == dependency);
    (is_ours && !allowed_ours.contains(&dependency))
        || reserved.is_some_and(|(_, behind)| !behind.contains(&package))
        || (PURE.contains(&package) && IMPURE_LIBRARIES.contains(&dependency))
}
