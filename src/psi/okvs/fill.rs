//! Random elements from one key: what columns that no item determines are filled with, and what orders a sender's batches.

use aes::Aes128;
use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::field::F128;

/// Blocks at once.
const BLOCKS: usize = 64;

/// Random elements, for each bin others: AES-128 in counter mode under a key that is used for one encoding or one order.
pub(crate) struct Fill(Aes128);

impl Fill {
    /// Under a uniform key.
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 16]);
        rng.fill_bytes(&mut *key);
        Self(Aes128::new(&(*key).into()))
    }

    /// The first elements of a bin.
    pub(crate) fn elements(&self, bin: usize, elements: &mut [F128]) {
        let mut blocks = Zeroizing::new([[0; 16]; BLOCKS]);
        for (part, elements) in elements.chunks_mut(BLOCKS).enumerate() {
            let blocks = &mut blocks[..elements.len()];
            for (counter, block) in (part * BLOCKS..).zip(&mut *blocks) {
                *block = ((bin as u128) << 64 | counter as u128).to_le_bytes();
            }
            self.0.encrypt_blocks(Array::cast_slice_from_core_mut(blocks));
            elements
                .iter_mut()
                .zip(&*blocks)
                .for_each(|(element, block)| *element = F128::from_bytes(*block));
        }
    }
}
