#![forbid(unsafe_code)]
//! The local API: REST, metrics and health
