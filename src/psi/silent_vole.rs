//! Silent vector oblivious linear evaluation: from a few thousand correlated bits to as many random elements as wanted.
//!
//! The sender has Delta. In the end it has B, the receiver has A' and C, all of length K, with C = Delta * A' + B
//! in GF(2^128), A' pseudorandom to the sender, and Delta unknown to the receiver (Boyle, Couteau, Gilboa and
//! Ishai, "Compressing Vector OLE", CCS 2018; with malicious security by Weng, Yang, Katz and Wang, "Wolverine",
//! S&P 2021, section 5; figures are those of ePrint 2020/925).
//!
//! # How it comes about
//!
//! - The receiver's noise ([`NoiseChoice`]) is regular: 2K positions in `trees` blocks of `leaves`, in each one
//!   position alpha_i with a value beta_i that is not zero. Its bits are the choices of the OT extension, whose
//!   rows are in this order: `trees * depth` rows with the path to each alpha_i from the root down, then 128 rows
//!   for each beta_i, and 128 for a mask beta*.
//! - The sender's rows q and the receiver's t have t = q + u * Delta. Rows of a value, summed up with powers of x, give
//!   the sender b_i and the receiver c_i with c_i = b_i + Delta * beta_i (Wolverine, figure 15, COPEe).
//! - The sender expands a tree for each block ([`crate::ggm`]) and sends both sums of each level, each hidden by a
//!   hash of the row that the receiver has for its choice, and tau_i, the sum of all leaves and b_i. The receiver
//!   then has all leaves but that at alpha_i, and takes for this one tau_i + c_i + all others: the sender's leaf +
//!   Delta * beta_i (Wolverine, figure 7).
//! - So v_R = v_S + Delta * e, e the noise. The code ([`crate::expand_convolute`]) is linear, and of it come A', C
//!   and B.
//!
//! # The check
//!
//! Before any output is used the receiver checks all trees at once (Wolverine, figure 7, and how section 5.1 batches it).
//! When it has the sender's message it draws a seed, whose stream gives a rho_i for each tree and a sigma_j for each leaf of
//! a tree. It sends the seed and x* = beta* + sum(rho_i * sigma_alpha_i * beta_i). The sender answers with the hash of
//!
//! y = b* + Delta * x* + sum(rho_i * sigma_j * v_S[i, j]),
//!
//! and the receiver compares with the hash of c* + sum(rho_i * sigma_j * v_R[i, j]), in constant time.
//!
//! *Why weights that factorise suffice.* Fix the sender's message. Each possible alpha = (alpha_1, ..) then fixes
//! a vector g(alpha): what the receiver gets, without Delta * beta_i at alpha_i. Its part for tree i depends on
//! alpha_i alone. For two different vectors g and g' the sums under the weights agree when a polynomial in rho and
//! sigma, not zero and of degree 2, is zero: with probability at most 2^-127 (Schwartz, Zippel). The sender's
//! answer after the challenge accepts the alpha whose sum is one value; let g0 be the likeliest vector among those
//! accepted, and b the probability of alpha in the others among them. Pairs of an alpha with g0 and one of the
//! others, or of two others, have probability at least b^2, and all pairs that differ and agree under the weights
//! 2^-127 on average. So b is 2^-63 on average at most: but for that the vector of a receiver that accepts is the
//! one g0, and what its acceptance tells is that g(alpha) = g0, which is that alpha_i is in I_i for each i: the
//! product of sets of the ideal functionality.
//!
//! # What a malicious partner gets
//!
//! - *The sender* may guess a set I_i for each position, and the receiver stops where one guess is wrong. The bits
//!   so learned cost as much in probability: half of a block's positions, one bit. That is in the functionality
//!   of Wolverine, and in the assumption: LPN with regular noise and such leakage (Wolverine; Boyle, Couteau,
//!   Gilboa, Ishai, Kohl, Rindal and Scholl, CCS 2019). x* tells nothing, for
//!   beta* is uniform and used once.
//! - *The receiver* may send a wrong x*: y is then off by Delta times a difference that it knows, and with the
//!   hash it can check a guess of Delta, one for each evaluation of the hash as a random oracle: 2^-128 each. Its
//!   choices need not be of the honest form: paths past the cut of a tree are those of a value zero (see
//!   [`crate::ggm`]), and values may be zero. It then gets a correlation of its own choice and harms itself alone.
//!
//! # Time
//!
//! Delta, the values of the noise and the rows touch constant-time code only. The positions of the noise choose memory
//! addresses: in the trees, where a block's noise is put, and which weight it has in x*. The partner sees of it the time of
//! whole steps; against another program on the same processor there is no defence.

mod check;
mod noise;
mod receiver;
mod rows;
mod sender;

#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub(crate) use noise::NoiseChoice;
pub(crate) use receiver::{Challenge, SilentReceiver, Unchecked, Verified};
pub(crate) use sender::SilentSender;

use crate::ggm;

/// Bytes of the challenge: a seed and x*.
pub(crate) const CHALLENGE_BYTES: usize = 32;

/// Bytes of the sender's answer to it.
pub(crate) const ANSWER_BYTES: usize = 32;

/// Bytes of one element.
const ELEMENT: usize = 16;

/// How much noise there is and where: `trees` blocks of `leaves` positions, one noise position in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noise {
    /// Noise positions.
    pub(crate) trees: usize,
    /// Positions of a block, at most 2^depth.
    pub(crate) leaves: usize,
    /// Levels of a block's tree.
    pub(crate) depth: usize,
    /// K, the length of A', B and C: at most half of all positions. What positions there are above 2K is checked,
    /// but not used.
    pub(crate) outputs: usize,
}

impl Noise {
    /// Rows that the extension must give.
    pub(crate) fn rows(&self) -> usize {
        self.path_rows() + 128 * (self.trees + 1)
    }

    /// Bytes of the sender's message: two sums for each level of each tree, then tau for each tree.
    pub(crate) fn message_len(&self) -> usize {
        (2 * self.path_rows() + self.trees) * ELEMENT
    }

    /// Rows that are bits of paths; those of values come after them.
    fn path_rows(&self) -> usize {
        self.trees * self.depth
    }

    fn shape(&self) -> ggm::Shape {
        ggm::Shape { trees: self.trees, leaves: self.leaves, depth: self.depth }
    }
}

/// What the partner did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// The sender's message has not the length that the parameters say.
    MessageLength,
    /// The sender's answer shows that its message was inconsistent.
    Inconsistent,
}
