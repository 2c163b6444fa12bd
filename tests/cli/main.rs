//! The command line's contract: exit codes, JSON, help, and what bad input gets.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod audit;
mod bad_input;
mod contract;
mod crash;
mod endings;
mod help;
mod lifecycle;
mod progress;
mod quick_start;
mod roster;
mod warning_lists;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");
