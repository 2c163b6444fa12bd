//! What an engine's pseudorandom function yields for an item: a tag and a proof.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use zerocopy::FromZeros;
use zeroize::{DefaultIsZeroes, Zeroize, ZeroizeOnDrop};

use crate::Params;
use crate::keyed_hash::KeyedHash;

/// Bytes of a tag. Two different outputs share a tag with probability 2^-128, over all pairs of two sets of
/// 2^20 items 2^-88.
pub(crate) const TAG_BYTES: usize = 16;

/// Bytes of a match proof: 128 bits to guess.
pub(crate) const PROOF_BYTES: usize = 16;

/// Bytes of an output: the tag and the match proof.
pub(crate) const OUTPUT_BYTES: usize = TAG_BYTES + PROOF_BYTES;

/// What the sender shows of an output: the first half.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag(pub(crate) [u8; TAG_BYTES]);

/// The other half, which only a side that computed the same output knows.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MatchProof(pub(crate) [u8; PROOF_BYTES]);

impl ConstantTimeEq for MatchProof {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// F(x) of one item: its tag and its match proof. Secret until the sender shows the tag.
#[derive(Clone, Default)]
pub(crate) struct Output {
    pub(crate) tag: Tag,
    pub(crate) proof: MatchProof,
}

impl Drop for Output {
    fn drop(&mut self) {
        self.tag.0.zeroize();
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output(..)")
    }
}

/// F(x) of one of very many items, as the hash yields it: 32 bytes that are copied, compared and wiped as one. A list of them is
/// secret as a whole, so whoever holds it wipes it.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromZeros)]
pub(crate) struct PackedOutput([u8; OUTPUT_BYTES]);

impl DefaultIsZeroes for PackedOutput {}

impl PackedOutput {
    /// What the sender shows.
    pub(crate) fn tag(&self) -> &[u8; TAG_BYTES] {
        self.halves().0
    }

    /// What it does not.
    pub(crate) fn proof(&self) -> MatchProof {
        MatchProof(*self.halves().1)
    }

    fn halves(&self) -> (&[u8; TAG_BYTES], &[u8; PROOF_BYTES]) {
        let (halves, _) = self.0.as_chunks();
        (&halves[0], &halves[1])
    }
}

impl From<[u8; OUTPUT_BYTES]> for PackedOutput {
    fn from(hash: [u8; OUTPUT_BYTES]) -> Self {
        Self(hash)
    }
}

impl fmt::Debug for PackedOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PackedOutput(..)")
    }
}

/// The hash from an engine's raw pseudorandom values to outputs, bound to one run of one engine.
#[derive(Clone, Debug)]
pub(crate) struct OutputHash {
    key: [u8; 32],
}

impl OutputHash {
    /// The hash of this run. `engine` is a label of the engine; both sides evaluate the same function, the one
    /// that the sender keys, so no role enters.
    pub(crate) fn new(engine: &str, params: &Params) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 output of the sender's function");
        hasher.update(&params.exchange);
        hasher.update(&params.partition.to_be_bytes());
        hasher.update(engine.as_bytes());
        Self { key: *hasher.finalize().as_bytes() }
    }

    /// The same function over many inputs at once.
    pub(crate) fn lanes(&self) -> KeyedHash {
        KeyedHash::new(self.key)
    }

    /// The output for a raw value: BLAKE3 keyed for the run, split into halves.
    pub(crate) fn output(&self, raw: &[u8]) -> Output {
        let mut hash: [u8; 32] = blake3::keyed_hash(&self.key, raw).into();
        let mut output = Output::default();
        output.tag.0.copy_from_slice(&hash[..TAG_BYTES]);
        output.proof.0.copy_from_slice(&hash[TAG_BYTES..]);
        hash.zeroize();
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        Params { exchange: [1; 32], partition: 0, receiver_size: 1, sender_size: 1, prove_matches: true }
    }

    #[test]
    fn outputs_differ_between_runs_and_engines() {
        let tag = |engine, params: &Params| OutputHash::new(engine, params).output(b"raw").tag.0;
        let base = tag("voprf", &params());
        assert_eq!(base, tag("voprf", &params()));
        assert_ne!(base, tag("other", &params()));
        assert_ne!(base, tag("voprf", &Params { exchange: [2; 32], ..params() }));
        assert_ne!(base, tag("voprf", &Params { partition: 1, ..params() }));
    }

    #[test]
    fn debug_shows_no_byte() {
        let output = OutputHash::new("voprf", &params()).output(b"raw");
        assert_eq!(format!("{output:?}"), "Output(..)");
    }
}
