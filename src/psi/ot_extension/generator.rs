//! The pseudorandom generator: AES-128 in counter mode, keyed from a seed, the session and the column.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::{Zeroize, Zeroizing};

use crate::base_ot::Key;
use crate::field::F128;

/// Blocks encrypted at a time: several times what any processor has in flight.
const BATCH: usize = 64;

/// Fills one column from its seed.
///
/// The counter starts at a place that is derived with the key, so that one guess of a key can't be compared
/// with the columns of all sessions at once.
pub(crate) fn expand(session: &[u8; 32], column: usize, seed: &Key, into: &mut [F128]) {
    let mut derived = derive(session, column, seed);
    let (key, start) = derived.split_at_mut(16);
    let cipher = Aes128::new_from_slice(key).expect("a key of AES-128 has 16 bytes");
    let start = u128::from_le_bytes(std::array::from_fn(|i| start[i]));
    let mut blocks = [aes::Block::default(); BATCH];
    for (batch, into) in into.chunks_mut(BATCH).enumerate() {
        for (i, block) in blocks.iter_mut().enumerate() {
            let counter = start.wrapping_add((batch * BATCH + i) as u128);
            *block = counter.to_le_bytes().into();
        }
        cipher.encrypt_blocks(&mut blocks[..into.len()]);
        for (element, block) in into.iter_mut().zip(&blocks) {
            *element = F128::from_bytes((*block).into());
        }
    }
    blocks.iter_mut().for_each(|block| block.as_mut_slice().zeroize());
}

/// A key and a start of the counter.
fn derive(session: &[u8; 32], column: usize, seed: &Key) -> Zeroizing<[u8; 32]> {
    let mut hasher = Zeroizing::new(blake3::Hasher::new_derive_key("overlapd psi v1 OT extension seed"));
    hasher.update(session).update(&(column as u32).to_be_bytes()).update(seed);
    Zeroizing::new(hasher.finalize().into())
}
