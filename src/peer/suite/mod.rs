//! Whole conversations between real nodes on loopback.

mod adversary;
mod coalition;
mod documents;
mod endings;
mod exchanges;
mod identities;
mod node;
mod partitions;
mod privacy;
mod refusals;
mod rosters;
