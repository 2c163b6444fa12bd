#![forbid(unsafe_code)]
//! What the whole-node tests share.
