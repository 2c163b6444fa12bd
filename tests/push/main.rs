//! Events pushed by real nodes: webhooks, server-sent events and syslog, with receivers that go away and nodes that are killed.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod dead_letters;
mod follow;
mod notices;
mod receiver;
mod reload;
mod settings;
mod stream;
mod streams;
mod syslog;
mod syslog_receiver;
mod webhooks;
mod work;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");
