#![forbid(unsafe_code)]
//! The daemon and its command line: the only crate that knows all the others.

mod bench;
pub mod cli;
pub mod client;
mod clock;
pub mod config;
pub mod daemon;
mod demo;
mod event_stream;
pub mod exit;
pub mod files;
mod interrupt;
pub mod key_file;
pub mod lab;
mod logging;
pub mod manual;
mod member_folder;
mod node;
mod notices;
mod one_way;
pub mod output;
mod pages;
mod peer_setup;
mod phases;
pub mod pki;
mod process;
mod push_setup;
mod receipt_check;
mod reload;
mod roster_keeper;
mod running;
mod scheduler;
pub mod secretariat;
mod store_access;
mod unix_socket;
mod warning_lists;
