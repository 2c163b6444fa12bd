//! The blocks of the engines, for benches alone: nothing here is part of the crate's interface.

#![allow(missing_docs)]

pub mod silent_vole;
