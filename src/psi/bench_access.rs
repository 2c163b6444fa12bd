//! What benches measure and nobody else may call: thin covers of the engines' blocks, behind the feature `bench-access`.

#![allow(missing_docs)]

mod field;
pub mod okvs;
pub mod ot;
pub mod silent_vole;

pub use field::{Field, Hash};
