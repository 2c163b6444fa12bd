//! What items decode to.

use rayon::prelude::*;

use super::row;
use super::{Grouped, Shape};
use crate::field::{F128, add_powers};

/// Items of a bin that one task decodes: a side with far more items than the shape's may have them all in one bin.
const CHUNK: usize = 1 << 13;

/// Decodes the items of a bin from that bin's columns into `out`, in the grouped order.
pub(crate) fn decode_bin(grouped: &Grouped, bin: usize, columns: &[F128], out: &mut [F128]) {
    let keys = &grouped.keys()[grouped.bin(bin)];
    let parts = out.par_chunks_mut(CHUNK).zip(keys.par_chunks(CHUNK));
    parts.for_each(|(out, keys)| decode_keys(grouped.shape(), keys, columns, out));
}

/// Decodes some of a bin's items, by their keys, from the bin's columns.
pub(crate) fn decode_keys(shape: &Shape, keys: &[F128], columns: &[F128], out: &mut [F128]) {
    let (sparse, dense) = columns.split_at(shape.sparse());
    set_sparse(out, keys, sparse);
    add_powers(out, keys, dense);
}

/// No prefetching: where an item reads does not depend on any read before, so the processor runs ahead by itself.
fn set_sparse(out: &mut [F128], keys: &[F128], sparse: &[F128]) {
    for (out, &key) in out.iter_mut().zip(keys) {
        let [a, b, c] = row::columns(key, sparse.len() as u32).map(|column| sparse[usize::from(column)]);
        *out = a + b + c;
    }
}
