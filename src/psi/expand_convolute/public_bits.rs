//! The code's public randomness: AES-128 in counter mode under a constant key.

use aes::Aes128;
use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

/// Independent streams of random blocks.
pub(super) struct PublicBits {
    cipher: Aes128,
}

impl PublicBits {
    pub(super) fn new() -> Self {
        let key = blake3::derive_key("overlapd psi v1 expand-convolute code", b"");
        let mut half = [0; 16];
        half.copy_from_slice(&key[..16]);
        Self { cipher: Aes128::new(&half.into()) }
    }

    /// The blocks of `stream` from block `first` on.
    pub(super) fn fill(&self, stream: u64, first: u64, blocks: &mut [[u8; 16]]) {
        for (counter, block) in (first..).zip(&mut *blocks) {
            *block = (u128::from(stream) << 64 | u128::from(counter)).to_le_bytes();
        }
        self.cipher.encrypt_blocks(Array::cast_slice_from_core_mut(blocks));
    }
}

/// The words of blocks, four each, little-endian.
pub(super) fn words(blocks: &[[u8; 16]]) -> impl Iterator<Item = u32> + '_ {
    blocks.as_flattened().as_chunks().0.iter().map(|word| u32::from_le_bytes(*word))
}
