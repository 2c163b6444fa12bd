#![forbid(unsafe_code)]
//! overlapd.
fn main() {}
