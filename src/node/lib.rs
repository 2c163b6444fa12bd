#![forbid(unsafe_code)]
//! The daemon and its command line.
