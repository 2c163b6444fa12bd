//! The console in a real browser: Debian's Chromium, driven over WebDriver by a client of our own.
//!
//! A browser is the only judge of what becomes markup, what a policy stops and what a page looks like. Where there is none a test says so and
//! passes; with `OVERLAPD_BROWSER=needed`, which CI sets once it has installed one, it fails instead. Screenshots are kept under
//! `target/tmp/console`.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod browser;
mod drop;
mod hostile;
mod hostile_partners;
mod hostile_store;
mod hostile_strings;
mod job;
mod lab_config;
mod metrics;
mod post;
mod webdriver;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");
