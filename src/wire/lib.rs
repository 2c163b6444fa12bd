#![forbid(unsafe_code)]
//! The messages between nodes: protobuf types, frames and their limits
