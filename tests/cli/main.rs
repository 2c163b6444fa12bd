//! The command line's contract: exit codes, JSON, help, and what bad input gets.

mod bad_input;
mod contract;
mod help;
mod lifecycle;
mod roster;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");
