//! The types that prost makes of `proto/overlap/v1`. They stay in this crate: others see the checked types only.

include!(concat!(env!("OUT_DIR"), "/overlap.v1.rs"));
