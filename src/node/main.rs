#![forbid(unsafe_code)]
//! overlapd: see the library beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    overlap_node::cli::main(std::env::args_os()).into()
}
