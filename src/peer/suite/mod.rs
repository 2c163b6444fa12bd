//! Whole conversations between real nodes on loopback.

mod coalition;
mod exchanges;
mod node;
