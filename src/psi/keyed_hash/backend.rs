//! The ways to hash a batch, and which of them this processor has.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::{BATCH, Halves};

/// One of the ways. They are equal to the bit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    /// The `blake3` crate, one input after another.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Backend {
    /// The fastest that this processor has.
    pub(crate) fn best() -> Self {
        *Self::available().last().unwrap_or(&Self::Portable)
    }

    /// All that this processor has, the slowest first.
    pub(crate) fn available() -> Vec<Self> {
        let ways = [
            Some(Self::Portable),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Avx512::detect().map(Self::Avx512),
        ];
        ways.into_iter().flatten().collect()
    }

    /// Hashes the first `rows` inputs of a batch; the other outputs mean nothing.
    pub(super) fn hash<const HALVES: usize>(
        self,
        key: &[u8; 32],
        inputs: &[Halves; HALVES],
        outputs: &mut [Halves; 2],
        rows: usize,
    ) {
        match self {
            Self::Portable => portable(key, inputs, outputs, rows),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(way) => way.hash(key, inputs, outputs, rows),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(way) => way.hash(key, inputs, outputs),
        }
    }
}

fn portable<const HALVES: usize>(
    key: &[u8; 32],
    inputs: &[Halves; HALVES],
    outputs: &mut [Halves; 2],
    rows: usize,
) {
    for row in 0..rows.min(BATCH) {
        let input: [_; HALVES] = std::array::from_fn(|half| inputs[half][row]);
        let hash = blake3::keyed_hash(key, input.as_flattened());
        let (halves, _) = hash.as_bytes().as_chunks();
        outputs.iter_mut().zip(halves).for_each(|(output, half)| output[row] = *half);
    }
}
