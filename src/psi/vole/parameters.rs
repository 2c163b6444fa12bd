//! The sizes at which the engine runs, and what each one fixes.
//!
//! A size that is not in the [`table`] does not run. Both sides look up the receiver's padded size, so nothing of what
//! follows from it is negotiated, and a message of another length is an error.
//!
//! Where the numbers come from is computed by `tests/vectors/psi/lpn_estimates.py`, formula by formula with its paper,
//! and kept in `parameters.json` beside it; the tests here hold the table against that file. In short:
//!
//! * The key-value store has three sparse columns to a row. Its expansion and its dense columns are the fits of
//!   Raghuraman and Rindal (CCS 2022, section 4.2, equations 2 and 3), a bin's capacity is the exact binomial tail. All
//!   bins of all partitions together overflow with probability 2^-40 at most, and can't be solved with 2^-40. The fits
//!   begin at 64 items, so fewer take the shape of 64. The larger the bins the fewer bits an item
//!   costs; at 50,000 items a bin's columns stay within a core's second-level cache and have numbers of two bytes.
//! * The noise is regular, of [`TREES`] blocks with one value each, on a code of rate 1/2 over GF(2^128): a binary
//!   convolution, then an expander of weight 21 (Raghuraman, Rindal, Tanguy, CRYPTO 2023) whose entries are powers of
//!   public random scalars, one for each row, which are ours. Every attack is estimated at more than 2^128 with a bit to
//!   spare for the guess that a malicious sender has; 152 blocks would do for that, since at the worst lengths eight lie
//!   past the places that the code takes. The rest stands against what nobody has found yet. What binds is a check that
//!   uses the expander's sparsity: 0.9 bits for each block, at one operation for each test. Were even the search for the best
//!   subset of rows free, it would be 0.84 to 0.86.
//! * **With an expander of ones, this many blocks are worth next to nothing**, whatever stands beside it: combinations of
//!   its rows over GF(2) show the values of the noise itself, 128 of them at most where 128 bits would hide them
//!   ([`crate::expand_convolute`]). It would take more than 450 blocks, and more than 600 for a code that is binary
//!   altogether (Metzner and Kapturowski 1990; Porwal et al., "Interleaved Prange", PQCrypto 2022).
//! * A malicious receiver can encode more than its items; the most that it can is [`Parameters::charge`] (Han, Kim, Lee,
//!   Son, Asiacrypt 2024).

mod table;
#[cfg(test)]
mod tests;

use self::table::TABLE;
use crate::okvs::Shape;
use crate::silent_vole::Noise;

/// The blocks of noise, one GGM tree each.
pub(crate) const TREES: usize = 256;

/// The shortest VOLE: below, too few places are left to each tree for the estimates to mean much.
const SHORTEST_VOLE: usize = 4096;

/// The most items of a receiver's that one partition holds on average; an exchange up to this size has one.
const RECEIVER_PASS: u64 = 1 << 20;

/// The same for a sender, whose items cost memory but no VOLE.
const SENDER_PASS: u64 = 1 << 22;

/// The most partitions: with more, failures of the key-value store would add up to more than 2^-40.
pub(crate) const MAX_PARTITIONS: u64 = 64;

/// What the receiver's padded size fixes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// The receiver's items, padded.
    pub(crate) items: usize,
    /// Bins that the items are hashed to.
    pub(crate) bins: usize,
    /// Items that a bin can hold.
    pub(crate) capacity: usize,
    /// Sparse columns of a bin; a row has three ones in them.
    pub(crate) sparse: usize,
    /// Dense columns of a bin; a row has powers of an element of GF(2^128) in them.
    pub(crate) dense: usize,
    /// The most items that an encoding of this length can hold, however it was made: what the sender's ledger charges.
    pub(crate) charge: usize,
}

impl Parameters {
    /// The columns of one bin, sparse and dense.
    pub(crate) const fn bin_columns(&self) -> usize {
        self.sparse + self.dense
    }

    /// The length of the encoding.
    pub(crate) const fn columns(&self) -> usize {
        self.bins * self.bin_columns()
    }

    /// The correlations that the VOLE yields; the first [`columns`](Self::columns) are used.
    pub(crate) const fn vole_length(&self) -> usize {
        if self.columns() < SHORTEST_VOLE { SHORTEST_VOLE } else { self.columns() }
    }

    /// The leaves of each tree. All trees together have at least twice the VOLE's length, since the code's rate is 1/2.
    pub(crate) const fn leaves(&self) -> usize {
        (2 * self.vole_length()).div_ceil(TREES)
    }

    /// The levels of each tree below its root: the least with room for the leaves.
    pub(crate) const fn depth(&self) -> u32 {
        self.leaves().next_power_of_two().ilog2()
    }
}

impl Parameters {
    /// The encoding's shape.
    pub(crate) const fn shape(&self) -> Shape {
        Shape::new(self.items, self.bins, self.capacity, self.sparse, self.dense)
    }

    /// The correlation's noise.
    pub(crate) const fn noise(&self) -> Noise {
        let (leaves, depth) = (self.leaves(), self.depth() as usize);
        Noise { trees: TREES, leaves, depth, outputs: self.vole_length() }
    }
}

/// The row for a receiver of `items` items, padded; none if the engine does not run at this size.
pub(crate) fn parameters(items: usize) -> Option<&'static Parameters> {
    let at = TABLE.binary_search_by_key(&items, |row| row.items).ok()?;
    Some(&TABLE[at])
}

/// Into how many partitions both sides cut their sets, by a hash of the item; both sizes are padded ones.
///
/// None if the exchange is too large for this engine.
pub(crate) fn partitions(receiver: u64, sender: u64) -> Option<u32> {
    let wanted = receiver.div_ceil(RECEIVER_PASS).max(sender.div_ceil(SENDER_PASS)).max(1);
    (wanted <= MAX_PARTITIONS).then_some(wanted as u32)
}

/// The row for each of a receiver's partitions, whose items are padded to it.
///
/// None if a partition would hold more than 2^20 items on average, or an undivided set is of no size in the table. A
/// partition overflows its row with probability 2^-50 at most: by [`most_in_one`], and 2^20 + 2^13 items, the largest
/// row, is more than eight standard deviations above 2^20.
pub(crate) fn receiver_partition(receiver: u64, partitions: u32) -> Option<&'static Parameters> {
    if partitions == 1 {
        return parameters(usize::try_from(receiver).ok()?);
    }
    if receiver > RECEIVER_PASS * u64::from(partitions) {
        return None;
    }
    let wanted = usize::try_from(most_in_one(receiver, partitions)).ok()?;
    TABLE.iter().find(|row| row.items >= wanted).or(TABLE.last())
}

/// How many items each of a sender's partitions is padded to.
pub(crate) fn sender_partition(sender: u64, partitions: u32) -> u64 {
    most_in_one(sender, partitions)
}

/// More items than this fall into a given one of the partitions with probability 2^-50 at most.
///
/// Bernstein's inequality: a sum of independent bits of mean u exceeds u + d with probability at most
/// exp(-d^2 / (2u + 2d/3)), which is 2^-50 at d = a/3 + sqrt(a^2/9 + 2au), a = 50 ln 2 = 34.66. The terms are rounded
/// up to whole numbers, so that both sides find the same.
fn most_in_one(items: u64, partitions: u32) -> u64 {
    if partitions == 1 {
        return items;
    }
    let mean = items.div_ceil(u64::from(partitions));
    let above = 12 + (134 + 70 * mean).isqrt() + 1;
    items.min(mean + above)
}
