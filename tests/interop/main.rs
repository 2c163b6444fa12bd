//! Other people's clients, as they come from the Python package index, drive a running node through a whole job: import,
//! exchange, and read overlaps page by page while more arrive.
//!
//! Each client has a virtual environment of its own, since some of them cannot stand beside each other, made by the test under
//! `target/tmp` and kept. Where Python or the index is out of reach a test says so and passes.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod cortex;
mod environment;
mod https;
mod misp;
mod misp_modules;
mod pair;
mod schemathesis;
mod script;
mod taxii;
mod warning_lists;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");
