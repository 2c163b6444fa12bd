//! The compression function, on vectors of words.
//!
//! BLAKE3 ("BLAKE3: one function, fast everywhere", O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020), section 2.2. An
//! input of at most one block is the only chunk and so the root: one call, with the flags for all of that, gives its hash.

use super::Half;

/// Words of the initialisation vector that enter the state of every call: those of SHA-256, the first four.
pub(super) const IV: [u32; 4] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a];

/// CHUNK_START, CHUNK_END, ROOT and KEYED_HASH.
pub(super) const FLAGS: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 4;

/// The last four words of the state: a counter of zero, the input's length and the flags.
pub(super) const fn parameters(halves: usize) -> [u32; 4] {
    [0, 0, (halves * size_of::<Half>()) as u32, FLAGS]
}

/// The words of a key.
pub(super) fn words(key: &[u8; 32]) -> [u32; 8] {
    let (words, _) = key.as_chunks();
    std::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

/// Defines `compress` for a type of vectors, from `add`, `xor`, `splat`, `rotate16`, `rotate12`, `rotate8` and `rotate7`
/// of the module that calls this. A macro, because a generic function is not compiled for its caller's instructions.
macro_rules! compression {
    ($features:literal, $vector:ty) => {
        /// The first eight words of the output, of each input. `message` has four words for each half of an input.
        #[inline]
        #[target_feature(enable = $features)]
        fn compress<const HALVES: usize>(key: &[u32; 8], message: &[[$vector; 4]; HALVES]) -> [$vector; 8] {
            let zero = splat(0);
            let mut m: [$vector; 16] = [zero; 16];
            for (half, words) in message.iter().enumerate() {
                (0..4).for_each(|i| m[4 * half + i] = words[i]);
            }
            let parameters = super::compression::parameters(HALVES);
            let mut v: [$vector; 16] = [zero; 16];
            for i in 0..4 {
                v[i] = splat(key[i]);
                v[4 + i] = splat(key[4 + i]);
                v[8 + i] = splat(super::compression::IV[i]);
                v[12 + i] = splat(parameters[i]);
            }
            // Written out, so that no index is left at run time and words that are zero are not added.
            compression!(@round v, m);
            compression!(@permute m);
            compression!(@round v, m);
            compression!(@permute m);
            compression!(@round v, m);
            compression!(@permute m);
            compression!(@round v, m);
            compression!(@permute m);
            compression!(@round v, m);
            compression!(@permute m);
            compression!(@round v, m);
            compression!(@permute m);
            compression!(@round v, m);
            let mut hash = [zero; 8];
            (0..8).for_each(|i| hash[i] = xor(v[i], v[8 + i]));
            hash
        }

        /// The function G of the paper, on one column or diagonal of the state.
        #[inline]
        #[target_feature(enable = $features)]
        fn mix(v: &mut [$vector; 16], [a, b, c, d]: [usize; 4], x: $vector, y: $vector) {
            v[a] = add(add(v[a], v[b]), x);
            v[d] = rotate16(xor(v[d], v[a]));
            v[c] = add(v[c], v[d]);
            v[b] = rotate12(xor(v[b], v[c]));
            v[a] = add(add(v[a], v[b]), y);
            v[d] = rotate8(xor(v[d], v[a]));
            v[c] = add(v[c], v[d]);
            v[b] = rotate7(xor(v[b], v[c]));
        }
    };
    (@round $v:ident, $m:ident) => {
        mix(&mut $v, [0, 4, 8, 12], $m[0], $m[1]);
        mix(&mut $v, [1, 5, 9, 13], $m[2], $m[3]);
        mix(&mut $v, [2, 6, 10, 14], $m[4], $m[5]);
        mix(&mut $v, [3, 7, 11, 15], $m[6], $m[7]);
        mix(&mut $v, [0, 5, 10, 15], $m[8], $m[9]);
        mix(&mut $v, [1, 6, 11, 12], $m[10], $m[11]);
        mix(&mut $v, [2, 7, 8, 13], $m[12], $m[13]);
        mix(&mut $v, [3, 4, 9, 14], $m[14], $m[15]);
    };
    // The paper's permutation of message words between rounds.
    (@permute $m:ident) => {
        $m = [
            $m[2], $m[6], $m[3], $m[10], $m[7], $m[0], $m[4], $m[13], $m[1], $m[11], $m[12], $m[5], $m[9], $m[14], $m[15],
            $m[8],
        ];
    };
}

pub(super) use compression;
