#![forbid(unsafe_code)]
//! What the whole-node tests share: labs in temporary folders, daemons as processes, and what they print, and roads between them. Tests and
//! benches of single crates read here what memory they take.
//!
//! A test passes the path of the program, which Cargo gives only to the tests of its own package.

mod lab;
mod memory;
mod node;
mod outcome;
mod relay;
mod shared_data;

pub use lab::Lab;
pub use memory::{peak_memory, resident_memory};
pub use node::Node;
pub use outcome::{Outcome, run};
pub use relay::Relay;
pub use shared_data::shared_data;
