//! A warning list with a million names: reading it, what it takes, and asking it.
//!
//! `cargo bench -p overlap-api --bench warning_lists`. Reads a file in MISP's format from `LIST` in the environment where that is set, such as its list of
//! the million top sites, and a list of made-up names otherwise. On two busy cores (load 12) either took 0.7 s to read, 8 to 12 MiB when read and some 50 MiB while it was; a million values
//! are asked in a quarter of a second.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

use std::time::Instant;

use overlap_api::{WarningLists, WarningListsBuilder};
use overlap_indicator::Kind;
use overlap_tests::{peak_memory, resident_memory};

/// Names on the list that is made up, and values that are asked.
const MANY: usize = 1_000_000;

fn main() {
    let json = std::env::var_os("LIST").map_or_else(made_up, |path| std::fs::read(path).unwrap());
    let before = resident_memory();
    let begun = Instant::now();
    let mut builder = WarningListsBuilder::default();
    builder.add_json("bench", &json).unwrap();
    let lists = builder.finish();
    let (entries, skipped) = (lists.lists()[0].entries, lists.lists()[0].skipped);
    println!(
        "{entries} entries read, {skipped} skipped, in {:.2} s; {} MiB more resident, {} MiB at the peak",
        begun.elapsed().as_secs_f64(),
        resident_memory().saturating_sub(before) >> 20,
        peak_memory().saturating_sub(before) >> 20
    );
    ask(&lists, "names", Kind::Domain, |number| format!("n{}.example.org", number * 2));
    ask(&lists, "addresses", Kind::Ip, |number| format!("198.51.{}.{}", number >> 8 & 0xff, number & 0xff));
}

fn made_up() -> Vec<u8> {
    let names: Vec<String> = (0..MANY).map(|number| format!("n{number}.example.org")).collect();
    serde_json::to_vec(&serde_json::json!({"type": "hostname", "list": names})).unwrap()
}

fn ask(lists: &WarningLists, what: &str, kind: Kind, value: impl Fn(usize) -> String) {
    let values: Vec<String> = (0..MANY).map(value).collect();
    let begun = Instant::now();
    let held = values.iter().filter(|value| lists.holds(kind, value)).count();
    println!("a million {what} asked in {:.2} s; {held} are on the list", begun.elapsed().as_secs_f64());
}
