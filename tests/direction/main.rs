//! The walls between the crates: which may depend on which, and what the pure ones may never touch.
//!
//! The check reads each manifest's own dependencies (by `cargo metadata`) and each crate's sources, not the transitive
//! tree. Every rule is shown to fail on a house with that wall broken.

#![forbid(unsafe_code)]

mod house;
mod rules;
mod sources;

use house::{House, Package};

/// All that may stand at the top level, beside dotfiles. `target` is cargo's.
const TOP_LEVEL: [&str; 13] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "deploy",
    "node-config",
    "proto",
    "src",
    "target",
    "tests",
];

#[test]
fn the_walls_stand() {
    let house = House::of_this_workspace();
    assert!(house.packages.len() >= 9, "cargo metadata found only {} packages", house.packages.len());
    assert_eq!(rules::broken_walls(&house), Vec::<String>::new());
}

#[test]
fn every_crate_is_known_to_the_rules() {
    let house = House::of_this_workspace();
    let unknown: Vec<_> = house.packages.iter().filter(|package| !rules::knows(&package.name)).collect();
    assert!(unknown.is_empty(), "packages without a rule: {unknown:?}");
}

#[test]
fn the_top_level_is_as_it_was_asked_for() {
    let root = house::workspace_root();
    for name in ["Cargo.toml", "proto", "src", "node-config", "tests", "deploy", "README.md"] {
        assert!(root.join(name).exists(), "{name} is missing from the top level");
    }
    let entries = std::fs::read_dir(&root).expect("the workspace's folder can be read");
    let names =
        entries.map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned());
    let strange: Vec<_> =
        names.filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str())).collect();
    assert_eq!(strange, Vec::<String>::new(), "not foreseen at the top level");
}

#[test]
fn an_upward_dependency_is_seen() {
    let house = House { packages: vec![package("overlap-psi", &["overlap-coalition"])] };
    assert_eq!(rules::broken_walls(&house), ["overlap-psi must not depend on overlap-coalition"]);
}

#[test]
fn the_api_must_not_see_the_protocols_or_the_network() {
    let house =
        House { packages: vec![package("overlap-api", &["overlap-psi", "overlap-peer", "overlap-store"])] };
    assert_eq!(
        rules::broken_walls(&house),
        ["overlap-api must not depend on overlap-psi", "overlap-api must not depend on overlap-peer"]
    );
}

#[test]
fn a_reserved_library_in_another_crate_is_seen() {
    for (library, wrong) in [
        ("prost", "overlap-peer"),
        ("quinn", "overlap-wire"),
        ("rustls", "overlap-store"),
        ("sled", "overlap-api"),
        ("axum", "overlap-store"),
    ] {
        let house = House { packages: vec![package(wrong, &[library])] };
        assert_eq!(
            rules::broken_walls(&house),
            [format!("{wrong} must not depend on {library}")],
            "{library} in {wrong}"
        );
    }
}

#[test]
fn a_pure_crate_with_input_or_output_among_its_dependencies_is_seen() {
    for library in ["tokio", "rand", "getrandom", "rustix", "socket2", "time"] {
        let house = House { packages: vec![package("overlap-indicator", &[library])] };
        assert_eq!(rules::broken_walls(&house), [format!("overlap-indicator must not depend on {library}")]);
    }
}

#[test]
fn a_pure_source_that_touches_the_world_is_seen() {
    for line in [
        "use std::fs::File;",
        "let socket = std::net::UdpSocket::bind(address);",
        "let now = std::time::SystemTime::now();",
        "let start = Instant::now();",
        "ring::rand::SystemRandom::new()",
        "rand::rngs::OsRng",
        "std::env::var(\"HOME\")",
        "std::process::Command::new(\"date\")",
        "use std::{collections::HashMap, fs};",
    ] {
        let mut broken = package("overlap-coalition", &[]);
        broken.sources.push(("src/coalition/roster.rs".into(), format!("fn shipped() {{\n    {line}\n}}\n")));
        let found = rules::broken_walls(&House { packages: vec![broken] });
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].starts_with("src/coalition/roster.rs:2 "), "{found:?}");
    }
}

#[test]
fn tests_and_comments_of_a_pure_crate_are_not_read() {
    let mut package = package("overlap-coalition", &[]);
    let text = "// std::fs is not used\nfn shipped() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    package.sources.push(("src/coalition/roster.rs".into(), text.into()));
    assert_eq!(rules::broken_walls(&House { packages: vec![package] }), Vec::<String>::new());
}

#[test]
fn a_file_is_left_out_only_where_it_is_named_for_tests() {
    let text = "mod roster;\n#[cfg(test)]\nmod samples;\n#[cfg(test)]\npub(crate) mod testing;\n";
    let named = |path: &str| sources::test_modules(&[(path.to_owned(), text.to_owned())]);
    assert_eq!(named("src/coalition/lib.rs"), ["src/coalition/samples.rs", "src/coalition/testing.rs"]);
    assert_eq!(named("src/psi/voprf.rs"), ["src/psi/voprf/samples.rs", "src/psi/voprf/testing.rs"]);
}

#[test]
fn a_crate_that_does_not_forbid_unsafe_code_is_seen() {
    let mut package = package("overlap-wire", &[]);
    package.sources = vec![("src/wire/lib.rs".into(), "//! No attribute.\n".into())];
    assert_eq!(
        rules::broken_walls(&House { packages: vec![package] }),
        ["src/wire/lib.rs must begin with #![forbid(unsafe_code)]"]
    );
}

fn package(name: &str, dependencies: &[&str]) -> Package {
    let folder = name.trim_start_matches("overlap-");
    Package {
        name: name.to_owned(),
        dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        sources: vec![(format!("src/{folder}/lib.rs"), "#![forbid(unsafe_code)]\n".to_owned())],
    }
}
