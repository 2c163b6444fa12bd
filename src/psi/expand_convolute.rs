//! The expand-convolute code of Raghuraman, Rindal and Tanguy ("Expand-Convolute Codes for Pseudorandom Correlation
//! Generators from LPN", CRYPTO 2023, eprint 2023/882), systematic and of rate 1/2.
//!
//! From a noise vector of 2K elements it makes K that look random: `out = left + Expand(Convolve(right))`, with each row of the
//! expander's matrix scaled entry by entry. In the words of
//! codes this is multiplication by the generator matrix `G = (I | B * C)` with rows scaled, B the expander and C the
//! convolution; who knows nothing of the noise must find a word of small weight among the combinations of G's rows.
//!
//! # The convolution
//!
//! With the recursion of the paper's appendix A.1, of [`MEMORY`] elements: y_i gets each of the 23 elements beside it
//! by a random bit, and the one that is 24 away always, so that no run of zeros can extinguish it ("wrapping"). Here
//! the matrix is applied from its other side, so each y_i passes itself on by bits of its own:
//!
//! y_i = e_i + sum over d in 1..=23 of b_(i-d, d) * y_(i-d), + y_(i-24).
//!
//! It goes over the vector once.
//!
//! # The expander
//!
//! Each output adds [`WEIGHT`] elements of the convolved half. That half is cut into 21 sections, and an output
//! takes one position from each, uniform and independent of all others: the left-regular expander, stratified by
//! regions. The paper proves its theorem for a matrix of independent bits and uses such matrices of fixed row
//! weight. For the regular one with the wrapping convolution, the exact first moment of words of small weight is
//! known, region by region (Rindal, "Exact enumerator bounds for expander codes", manuscript in
//! github.com/ladnir/expander_codes, theorem on the left-regular wrapped first moment); at rate 1/2 it needs two
//! thirds of the row weight that independent bits need, for no row can have all its positions where the
//! convolution ends. Since every row has a position in the section that the convolution of the code goes through
//! first, one convolution is enough; libOTe, half of whose positions are free, goes over the vector twice.
//!
//! # The scalars
//!
//! The noise is in GF(2^128), so the expander must not be binary. Row i has a public random scalar d_i, and its output is
//!
//! out_i = (..((left_i * d_i + y_0) * d_i + y_1) .. ) * d_i + y_20,
//!
//! with y_s what the row takes in section s. But for a factor of the row that is left_i plus the sum of d_i^-(s+1) * y_s: the 21 entries of a
//! row are powers of a random element, and those of different rows have nothing to do with each other. There are [`SCALARS`] scalars,
//! taken in turn.
//!
//! Why: with a binary matrix the outputs are 128 binary syndromes whose errors stand in the same places. Such an interleaved code falls
//! to linear algebra when there are no more than 128 places (Metzner and Kapturowski, 1990), and to little more for some
//! hundreds ("Interleaved Prange", PQCrypto 2022). Scalars in another place do not help: multiplied to the noise they are absorbed by
//! its values, and between convolution and expander they leave the left half's errors to a binary elimination of the expander
//! over the places before the first noise of the right half. A test runs that attack on whole runs of the engine with binary rows,
//! where it tells a right guess of the receiver's set from a wrong one, and with the scalars, where it does not.
//!
//! The published analysis is for binary matrices. With entries that are random in a large field, combinations of rows cancel more
//! rarely, not more often; that is an argument and no proof, so the table of sizes ([`crate::vole`]) has far more noise than its
//! estimates ask for.
//!
//! [`SCALARS`]: row_scalars::SCALARS
//!
//! # The randomness
//!
//! Bits and positions are public and fixed: AES-128 in counter mode under a constant key, four 32-bit words a
//! block. Word r chooses `r * length / 2^32` of a section, which is uniform but for a part in 2^16 at most for
//! sections of 2^16 elements.
//!
//! # Speed
//!
//! Sections make it fast: all outputs take their position in one section before any goes to the next. A section of
//! 1 MiB fits the second-level cache, and the outputs stream by. Positions are made as they are used. The receiver
//! encodes two vectors; they lie interleaved, as [`Pair`]s that share a cache line, so that one access serves
//! both.
//!
//! The portable code and that with AVX-512 give the same bits. Timing and memory accesses depend on public values
//! alone.

mod convolve;
#[cfg(test)]
mod distance_tests;
mod element;
mod expand;
mod public_bits;
mod row_scalars;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub(crate) use element::{Element, Pair};
use public_bits::PublicBits;

/// Positions that each output adds, and sections of the convolved half.
pub(crate) const WEIGHT: usize = 21;

/// How many elements the convolution looks back.
pub(crate) const MEMORY: usize = 24;

/// The code with a number of outputs.
pub(crate) struct ExpandConvolute {
    outputs: usize,
    bits: PublicBits,
}

impl ExpandConvolute {
    /// The code with `outputs` outputs from twice as many elements.
    pub(crate) fn new(outputs: usize) -> Self {
        Self { outputs, bits: PublicBits::new() }
    }

    /// Adds to `left` the expansion of the convolution of `right`, which is left convolved. Both have as many elements
    /// as there are outputs.
    pub(crate) fn encode<E: Element>(&self, left: &mut [E], right: &mut [E]) {
        assert_eq!(
            [left.len(), right.len()],
            [self.outputs; 2],
            "each half has as many elements as there are outputs"
        );
        convolve::convolve(&self.bits, right);
        expand::expand(&self.bits, left, right);
    }
}
