//! BLAKE3, keyed, of very many inputs of one short length.
//!
//! The same as [`blake3::keyed_hash`] to the bit. That crate is built for long inputs
//! and takes some 50 ns for one of a single block; here one register holds the same word of many inputs, so that one pass over the compression
//! function serves them all: 16 with AVX-512, 8 with AVX2. Elsewhere the crate does the work.
//!
//! Time does not depend on keys or inputs; their number is public.
//!
//! # What is wiped
//! The key, and the buffers through which inputs and outputs pass, at the end of each call. Not what the compiler keeps
//! in registers and on the stack within a call.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Instructions that not every processor has.
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx512;
mod backend;
#[cfg(target_arch = "x86_64")]
mod compression;

#[cfg(test)]
mod tests;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub(crate) use backend::Backend;

use crate::field::F128;

/// Inputs that are hashed together.
const BATCH: usize = 16;

/// Half of an input or output.
type Half = [u8; 16];

/// The same half of all inputs or outputs of a batch.
type Halves = [Half; BATCH];

/// The function of one key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct KeyedHash {
    key: [u8; 32],
    #[zeroize(skip)]
    backend: Backend,
}

impl KeyedHash {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self::with_backend(key, Backend::best())
    }

    /// Computes it in a way that is not the fastest, for tests and benches.
    pub(crate) fn with_backend(key: [u8; 32], backend: Backend) -> Self {
        Self { key, backend }
    }

    #[cfg(any(test, feature = "bench-access"))]
    /// The hash of each input. Both slices have one length, as in all that follow.
    pub(crate) fn hash16(&self, inputs: &[[u8; 16]], out: &mut [[u8; 32]]) {
        assert_eq!(inputs.len(), out.len(), "slices of one length");
        self.hash(out.len(), |i| [inputs[i]], |i, hash| out[i] = joined(hash));
    }

    #[cfg(any(test, feature = "bench-access"))]
    pub(crate) fn hash32(&self, inputs: &[[u8; 32]], out: &mut [[u8; 32]]) {
        assert_eq!(inputs.len(), out.len(), "slices of one length");
        self.hash(out.len(), |i| halves(&inputs[i]), |i, hash| out[i] = joined(hash));
    }

    /// The first 16 bytes of the hash of each element's bytes, as an element.
    pub(crate) fn hash_elements(&self, inputs: &[F128], out: &mut [F128]) {
        assert_eq!(inputs.len(), out.len(), "slices of one length");
        self.hash(out.len(), |i| [inputs[i].to_bytes()], |i, [first, _]| out[i] = F128::from_bytes(first));
    }

    /// The hash of each element's bytes followed by those of the element beside it.
    pub(crate) fn hash_pairs<T: From<[u8; 32]>>(&self, left: &[F128], right: &[F128], out: &mut [T]) {
        assert!(left.len() == out.len() && right.len() == out.len(), "slices of one length");
        let halves = |i: usize| [left[i].to_bytes(), right[i].to_bytes()];
        self.hash(out.len(), halves, |i, hash| out[i] = joined(hash).into());
    }

    /// Hashes `count` inputs of as many halves, batch by batch.
    #[inline(always)] // So that the copies in and out are known where the loop is compiled.
    fn hash<const HALVES: usize>(
        &self,
        count: usize,
        input: impl Fn(usize) -> [Half; HALVES],
        mut output: impl FnMut(usize, [Half; 2]),
    ) {
        let mut inputs = Zeroizing::new([[[0; 16]; BATCH]; HALVES]);
        let mut outputs = Zeroizing::new([[[0; 16]; BATCH]; 2]);
        for start in (0..count).step_by(BATCH) {
            let rows = BATCH.min(count - start);
            for row in 0..rows {
                let halves = input(start + row);
                (0..HALVES).for_each(|half| inputs[half][row] = halves[half]);
            }
            self.backend.hash(&self.key, &inputs, &mut outputs, rows);
            for row in 0..rows {
                output(start + row, [outputs[0][row], outputs[1][row]]);
            }
        }
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

#[cfg(any(test, feature = "bench-access"))]
fn halves(whole: &[u8; 32]) -> [Half; 2] {
    let mut halves = [[0; 16]; 2];
    halves.as_flattened_mut().copy_from_slice(whole);
    halves
}

fn joined(halves: [Half; 2]) -> [u8; 32] {
    let mut whole = [0; 32];
    whole.copy_from_slice(halves.as_flattened());
    whole
}
