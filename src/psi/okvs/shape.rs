//! How large a store is.

/// Ones in the sparse part of a row: the weight w of the paper, whose section 4.2 finds three to need the fewest
/// columns.
pub(crate) const WEIGHT: usize = 3;

/// The most sparse columns in a bin: a column's number and an item's place in its bin then fit 16 bits, and a bin's
/// columns take 1 MiB, half of the second cache of a current server's core.
pub(crate) const SPARSE_LIMIT: usize = 1 << 16;

/// The most dense columns in a bin. The formulas ask for fewer than this at any number of items.
pub(crate) const DENSE_LIMIT: usize = 64;

/// The most bins: a bin's number is 32 random bits scaled down, and so many bins are still equally likely within 2^-12.
pub(crate) const BIN_LIMIT: usize = 1 << 20;

/// The sizes of a store, which both sides must share: they follow from the receiver's number of items and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    items: usize,
    bins: usize,
    capacity: usize,
    sparse: usize,
    dense: usize,
}

impl Shape {
    /// A store for `items` items in `bins` bins of at most `capacity` items, each with `sparse` and `dense` columns.
    ///
    /// # Panics
    /// Where a number is past its limit or a bin has fewer columns than items. The numbers are constants of a table,
    /// so that is an error at compile time there.
    pub(crate) const fn new(items: usize, bins: usize, capacity: usize, sparse: usize, dense: usize) -> Self {
        assert!(bins >= 1 && bins <= BIN_LIMIT);
        assert!(sparse >= WEIGHT && sparse <= SPARSE_LIMIT && dense <= DENSE_LIMIT);
        assert!(capacity <= sparse && capacity < SPARSE_LIMIT && items <= capacity * bins);
        Self { items, bins, capacity, sparse, dense }
    }

    /// Bins.
    pub(crate) const fn bins(&self) -> usize {
        self.bins
    }

    /// The most items in a bin that is to be solved.
    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sparse columns of a bin.
    pub(crate) const fn sparse(&self) -> usize {
        self.sparse
    }

    /// Dense columns of a bin.
    pub(crate) const fn dense(&self) -> usize {
        self.dense
    }

    /// All columns of a bin, which stand together in the encoding.
    pub(crate) const fn bin_columns(&self) -> usize {
        self.sparse + self.dense
    }

    /// All columns: the length m of the encoding.
    pub(crate) const fn columns(&self) -> usize {
        self.bins * self.bin_columns()
    }

    /// The items that it is made for.
    #[cfg(test)]
    pub(crate) const fn items(&self) -> usize {
        self.items
    }
}
