#![forbid(unsafe_code)]
//! The daemon and its command line: the only crate that knows all the others.

pub mod client;
mod clock;
pub mod config;
pub mod exit;
pub mod files;
pub mod key_file;
pub mod lab;
mod member_folder;
pub mod pki;
pub mod secretariat;
mod unix_socket;
