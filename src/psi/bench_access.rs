//! What the benches need of the inner blocks. No part of the interface: feature `bench-access` only.

pub mod ot;
