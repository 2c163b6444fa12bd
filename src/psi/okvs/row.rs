//! From an item to its row.
//!
//! The key of an item is AES-128 of it under the seed, and everything else is read from the key: the bin from its
//! lowest 32 bits, three sparse columns from the next three times 32, and the dense element d is the key itself.
//!
//! # Why a block cipher will do
//!
//! What hangs on rows is how often honest items cannot be solved. The seed is drawn uniformly after the items are
//! fixed, so for a pseudorandom permutation the keys are uniform and distinct; that they are distinct changes a
//! probability by at most n^2 / 2^129. Against a partner that breaks the protocol nothing hangs on them: the bound
//! on what a receiver can encode holds for every choice of rows, since it counts equations with a random right-hand
//! side (see the overfitting tests), and a sender has no part in choosing the seed. A permutation also gives
//! distinct items distinct keys, always, so a key may stand for its item wherever the seed is fixed.
//!
//! # Why d may share its bits with the columns
//!
//! Given its bin and columns, an item's key is uniform in a set of about 2^128 / (bins * sparse^3) keys, within the
//! limits of [`super::shape`] at least 2^59. Solving fails in the dense part only if a polynomial vanishes that is
//! not zero, in the d of the rows concerned (see [`super::gap`]). Each d is independent and from such a set, so by
//! the lemma of Schwartz and Zippel that has a probability of the polynomial's degree over the least set's size: at
//! the sizes that the formulas give a degree of at most 28, for seven dense columns, and sets of 2^70 or more.
//!
//! # How even the choices are
//!
//! Scaling 32 random bits to k values makes two of them differ in probability by 2^-32 at most, a factor of 1 + k /
//! 2^32. The second column is chosen among k - 1 values and the third among k - 2, each then moved past the columns
//! before it, so they are distinct without a retry, and every ordered triple is as likely as any other within a
//! factor of 1 + 3 * 2^-16.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Block};
use zeroize::Zeroize;

use super::Shape;
use super::shape::WEIGHT;
use crate::SessionItem;
use crate::field::F128;

/// Blocks enciphered in one call: several times what the processor keeps in flight.
const BATCH: usize = 64;

/// Sparse columns of a row, distinct.
pub(crate) type Columns = [u16; WEIGHT];

/// The function from items to keys under one seed.
pub(crate) struct RowFunction(Aes128);

impl RowFunction {
    pub(crate) fn new(seed: &[u8; 16]) -> Self {
        Self(Aes128::new(seed.into()))
    }

    /// Calls `each` with the key of every item, in order.
    pub(crate) fn keys(&self, items: &[SessionItem], mut each: impl FnMut(F128)) {
        let mut blocks = [Block::default(); BATCH];
        for items in items.chunks(BATCH) {
            let blocks = &mut blocks[..items.len()];
            for (block, item) in blocks.iter_mut().zip(items) {
                block.0 = *item.as_bytes();
            }
            self.0.encrypt_blocks(blocks);
            blocks.iter().for_each(|block| each(F128::from_bytes(block.0)));
        }
        blocks.iter_mut().for_each(|block| block.0.zeroize());
    }
}

/// The bin of a key.
#[inline]
pub(crate) fn bin(key: F128, shape: &Shape) -> usize {
    scale(key.0 as u32, shape.bins() as u32) as usize
}

/// The columns of a key within its bin, of `sparse`.
#[inline]
pub(crate) fn columns(key: F128, sparse: u32) -> Columns {
    let first = scale((key.0 >> 32) as u32, sparse);
    let mut second = scale((key.0 >> 64) as u32, sparse - 1);
    second += u32::from(second >= first);
    let mut third = scale((key.0 >> 96) as u32, sparse - 2);
    third += u32::from(third >= first.min(second));
    third += u32::from(third >= first.max(second));
    // Below the limit of 2^16 columns.
    [first as u16, second as u16, third as u16]
}

/// Uniform bits to a number below `limit`.
#[inline]
fn scale(bits: u32, limit: u32) -> u32 {
    ((u64::from(bits) * u64::from(limit)) >> 32) as u32
}
