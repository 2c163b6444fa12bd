//! The receiver's choice bits.

use rand_core::CryptoRng;

use super::BLOCK;
use crate::field::F128;
use crate::wiped::Wiped;

/// One bit for each row, packed into blocks; wiped when dropped.
pub(crate) struct ChoiceBits {
    blocks: Wiped<F128>,
    len: usize,
}

impl ChoiceBits {
    /// None yet, with room for `rows`, so that growing leaves no copy behind.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self { blocks: Wiped::new(Vec::with_capacity(rows.div_ceil(BLOCK))), len: 0 }
    }

    /// Appends the choice of the next row. Constant time in the choice.
    pub(crate) fn push(&mut self, choice: bool) {
        let place = self.len % BLOCK;
        if place == 0 {
            self.blocks.push(F128::ZERO);
        }
        if let Some(last) = self.blocks.last_mut() {
            *last += F128(u128::from(choice) << place);
        }
        self.len += 1;
    }

    /// Appends the choices of the next 128 rows: the coefficients of an element, the constant first.
    pub(crate) fn push_element(&mut self, element: F128) {
        (0..BLOCK).for_each(|i| self.push(element.0 >> i & 1 == 1));
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The choice of a row as a mask: all bits are that bit. Constant time in the choice.
    pub(crate) fn mask(&self, row: usize) -> u128 {
        0_u128.wrapping_sub(self.blocks[row / BLOCK].0 >> (row % BLOCK) & 1)
    }

    /// The blocks, and one of random bits that hides them in the check.
    pub(super) fn masked(&self, rng: &mut dyn CryptoRng) -> Wiped<F128> {
        let mut masked = Wiped::new(Vec::with_capacity(self.blocks.len() + 1));
        masked.extend_from_slice(&self.blocks);
        masked.push(F128::random(rng));
        masked
    }
}
