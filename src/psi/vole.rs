//! The `vole` engine: vector OLE and an oblivious key-value store, for large sets.

pub(crate) mod parameters;
