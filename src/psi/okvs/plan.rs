//! How each column follows from values, known before the values are.

use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::gap::Gap;
use super::peel::{Peeled, peel};
use super::row::{self, Columns};
use super::{Grouped, Shape};
use crate::field::{F128, add_powers};
use crate::wiped::Wiped;

/// A bin's system has no solution for all values. Another seed helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsolvable;

/// The systems of all bins, solved but for the values. Wiped when dropped.
pub(crate) struct Plan {
    shape: Shape,
    bins: Vec<BinPlan>,
}

impl Plan {
    #[cfg(test)]
    pub(crate) fn bins(&self) -> &[BinPlan] {
        &self.bins
    }

    /// Solves for grouped items, whatever their values will be.
    ///
    /// # Errors
    /// [`Unsolvable`] where some values could not be encoded.
    pub(crate) fn new(grouped: &Grouped) -> Result<Self, Unsolvable> {
        let shape = *grouped.shape();
        let plan = |bin| BinPlan::for_keys(&shape, &grouped.keys()[grouped.bin(bin)]);
        let bins = (0..shape.bins()).into_par_iter().map(plan).collect::<Option<_>>().ok_or(Unsolvable)?;
        Ok(Self { shape, bins })
    }

    #[cfg(any(test, feature = "bench-access"))]
    /// Adds the encoding of `values`, which are in the grouped order, to the mask in `into`, all columns of it.
    /// `fill` fills in those of a bin's columns that no item determines; they come to it as zeros.
    pub(crate) fn encode(
        &self,
        grouped: &Grouped,
        values: &[F128],
        into: &mut [F128],
        fill: &(dyn Fn(usize, &mut [F128]) + Sync),
    ) {
        let bins = into.par_chunks_mut(self.shape.bin_columns()).enumerate();
        bins.for_each(|(bin, into)| {
            self.encode_bin(bin, grouped, &values[grouped.bin(bin)], into, &|free| fill(bin, free));
        });
    }

    /// Adds the encoding of a bin's values to the mask in `into`, that bin's columns; `fill` as in [`encode`](Self::encode).
    pub(crate) fn encode_bin(
        &self,
        bin: usize,
        grouped: &Grouped,
        values: &[F128],
        into: &mut [F128],
        fill: &dyn Fn(&mut [F128]),
    ) {
        let keys = &grouped.keys()[grouped.bin(bin)];
        self.bins[bin].encode(&self.shape, keys, values, into, fill);
    }
}

/// The system of one bin, solved but for the values.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct BinPlan {
    peeled: Peeled,
    gap: Gap,
    /// Sparse columns that no row determines.
    free: Vec<u16>,
}

impl BinPlan {
    /// How many dense columns rows determine.
    #[cfg(test)]
    pub(crate) fn dependent(&self) -> usize {
        self.gap.dependent()
    }

    fn for_keys(shape: &Shape, keys: &[F128]) -> Option<Self> {
        let columns = |key: &F128| row::columns(*key, shape.sparse() as u32);
        let rows = Wiped::new(keys.iter().map(columns).collect::<Vec<_>>());
        Self::new(shape, &rows, keys)
    }

    /// Solves rows of given sparse columns and dense elements. `None` where they have no solution for all values.
    pub(crate) fn new(shape: &Shape, rows: &[Columns], keys: &[F128]) -> Option<Self> {
        let peeled = peel(rows, shape.sparse())?;
        let gap = Gap::new(rows, keys, &peeled, shape.sparse(), shape.dense())?;
        let free = free_columns(&peeled, &gap, shape.sparse());
        Some(Self { peeled, gap, free })
    }

    pub(crate) fn encode(
        &self,
        shape: &Shape,
        keys: &[F128],
        values: &[F128],
        into: &mut [F128],
        fill: &dyn Fn(&mut [F128]),
    ) {
        let determined = self.gap.dependent();
        let mut free = Wiped::new(vec![F128::ZERO; self.free.len() + shape.dense() - determined]);
        fill(&mut free);
        let (free_sparse, free_dense) = free.split_at(self.free.len());
        let mut values = Zeroizing::new(values.to_vec());
        let mut dense = Wiped::new(vec![F128::ZERO; shape.dense()]);
        dense[determined..].copy_from_slice(free_dense);
        if !free_dense.is_empty() {
            add_powers(&mut values, keys, &dense);
        }
        if determined > 0 {
            let columns = self.gap.dense_columns(&values);
            add_powers(&mut values, keys, &columns);
            dense[..determined].copy_from_slice(&columns);
        }
        let (into_sparse, into_dense) = into.split_at_mut(shape.sparse());
        into_dense.iter_mut().zip(dense.iter()).for_each(|(into, column)| *into += *column);
        self.encode_sparse(&values, free_sparse, into_sparse);
    }

    /// The sparse columns, from values less what the dense columns give, and what the free ones are.
    fn encode_sparse(&self, values: &[F128], free: &[F128], into: &mut [F128]) {
        let mut columns = Wiped::new(vec![F128::ZERO; into.len()]);
        self.free.iter().zip(free).for_each(|(column, value)| columns[usize::from(*column)] = *value);
        self.gap.fill_sparse(values, &mut columns);
        for step in self.peeled.steps.iter().rev() {
            let [a, b] = step.others().map(|column| columns[column]);
            columns[step.own()] = values[usize::from(step.row())] + a + b;
        }
        into.iter_mut().zip(columns.iter()).for_each(|(into, column)| *into += *column);
    }
}

/// The sparse columns that neither a peeled row nor one of the gap determines.
fn free_columns(peeled: &Peeled, gap: &Gap, sparse: usize) -> Vec<u16> {
    let mut free = Wiped::new(vec![true; sparse]);
    peeled.steps.iter().for_each(|step| free[step.own()] = false);
    gap.sparse_columns().for_each(|column| free[usize::from(column)] = false);
    let mut columns = Vec::with_capacity(sparse - peeled.steps.len());
    columns.extend((0..sparse).filter(|&column| free[column]).map(|column| column as u16));
    columns
}
