//! The engine for small sets and lookups: a verifiable oblivious pseudorandom function, RFC 9497 in VOPRF mode over
//! ristretto255 with SHA-512.
//!
//! The sender has a key k, fresh for the run; F(x) is a hash of k * H(x). The receiver has k * H(x) computed without
//! showing x, and with a proof that the same k was used for every element.
//!
//! # Messages
//!
//! | | from | message | content |
//! |---|---|---|---|
//! | 1 | sender | [`VoprfPublicKey`] | k * G, before any blinded element, so that k cannot depend on one |
//! | 2 | receiver | [`VoprfBlinded`] | C_i = r_i * H(x_i), in a secret random order (RFC 9497, 3.3.2, Blind) |
//! | 3 | sender | [`VoprfEvaluated`] | D_i = k * C_i (BlindEvaluate) |
//! | 4 | sender | [`VoprfProof`] | one proof that log_G(k * G) = log_Ci(D_i) for every i (2.2.1, GenerateProof) |
//! | 5 | sender | [`Tags`] | the first half of F(y) for each of the sender's items, in a secret random order |
//! | 6 | receiver | [`MatchProofs`] | for each match the tag's place and the second half of F, where both learn |
//!
//! Lists travel in messages of [`CHUNK`] elements, the last one shorter; a list of none has no message, except the
//! match proofs, whose length the sender does not know: there a message that is not full ends the list.
//! The sender evaluates each message of blinded elements as it comes but answers when it has the last one, so that no
//! driver can come to a halt with both sides writing and neither reading. It computes its tags while the receiver
//! checks the proof and unblinds.
//!
//! # What each side learns
//!
//! The receiver learns which of its items the sender holds. From the other tags it learns nothing: they are outputs
//! of a pseudorandom function at points where it has no evaluation. The sender learns the sizes, and the matches
//! where they are proven to it: blinded elements are uniform whatever the items are. Both sizes are parameters and
//! known before.
//!
//! # Against a partner that breaks the protocol
//!
//! - Every element is checked to be canonical and not the identity (RFC 9497, 2.1, DeserializeElement). ristretto255
//!   has prime order, so there is no small subgroup to leak the key into.
//! - A receiver gets exactly `receiver_size` evaluations, so it probes that many items and no more. It commits to them
//!   before it sees a tag.
//! - A sender that evaluated some elements with another key would learn, from which matches are missing, about the
//!   receiver's items. The proof excludes that before anything is unblinded. See [the batch](#the-batched-proof).
//! - The sender's tags are sent always, to a number that was agreed, with no repetition; a malicious sender's set is
//!   what its tags were computed from. A receiver can keep a match to itself, but cannot claim an item that it did not
//!   have evaluated: a match proof is 16 bytes of the output that were never shown.
//!
//! The assumptions are those of RFC 9497, 7.1 and 7.2: the one-more gap Diffie-Hellman problem in ristretto255, with
//! SHA-512 and BLAKE3 as random oracles. The set intersection from such a function is that of Jarecki and Liu
//! ("Fast Secure Computation of Set Intersection", SCN 2010) and De Cristofaro, Kim and Tsudik (Asiacrypt 2010).
//!
//! # The batched proof
//!
//! One proof covers all elements: it is made for M = sum(d_i * C_i) and Z = sum(d_i * D_i) with coefficients d_i that
//! the sender must not be able to choose. RFC 9497, 2.2.1, derives d_i from i, C_i and D_i alone. A sender that
//! adds e_i * G to D_i can then compute each d_i with no regard to the others and look for errors with
//! sum(d_i * e_i) = 0: Wagner's generalised birthday problem ("A Generalized Birthday Problem", CRYPTO 2002), about
//! 2^33 steps at 1,024 elements. So here the seed of all coefficients hashes the exchange, the partition, the public key and
//! every C_i and D_i first. A change of any D_i changes every d_i, and a wrong batch passes with probability 2^-128 for
//! each hash computed. A test forges a toy batch against the RFC's derivation, and fails against this one.
//!
//! # Time
//!
//! Whatever touches the key, a blind, or an item's hash runs in constant time (hashing to the group, multiplication,
//! batch inversion of blinds and batch compression, which curve25519-dalek provides so). Multi-scalar multiplication,
//! decoding and the check of the proof run in variable time, on public data only. Sorting and matching are discussed where
//! they are done.
//!
//! [`VoprfPublicKey`]: crate::Message::VoprfPublicKey
//! [`VoprfBlinded`]: crate::Message::VoprfBlinded
//! [`VoprfEvaluated`]: crate::Message::VoprfEvaluated
//! [`VoprfProof`]: crate::Message::VoprfProof
//! [`Tags`]: crate::Message::Tags
//! [`MatchProofs`]: crate::Message::MatchProofs

mod batch;
mod bulk;
mod dleq;
mod group;
mod key;
mod receiver;
mod sender;

#[cfg(test)]
mod adversary_tests;
#[cfg(test)]
mod forgery_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use crate::item_set::{ItemSet, ItemSource};
use crate::{Error, Params, Party};

/// The most items that a side may have. At about 60 us an item a run of this size takes each side about a minute of
/// one core and some 400 MB; the size also keeps every index far below the four bytes that it is hashed and sent in.
pub const MAX_ITEMS: usize = 1 << 20;

/// Group elements in one message: 128 KiB, small beside a stream's window and large beside a frame's header.
pub const CHUNK: usize = 4096;

/// The label of this engine in every hash that is not the RFC's.
const LABEL: &str = "voprf";

const PHASE_EVALUATE: &str = "evaluate";
const PHASE_TAGS: &str = "tags";

/// The machine of the side that learns, for its set of `params.receiver_size` items.
///
/// # Errors
/// [`Error::UnsupportedSize`] where a size is above [`MAX_ITEMS`] or not that of `items`;
/// [`Error::RepeatedItem`] where two items are equal.
pub fn receiver(params: Params, items: impl Into<ItemSource>) -> Result<Box<dyn Party>, Error> {
    check_size(params.sender_size)?;
    let items = set(items.into(), params.receiver_size)?;
    Ok(Box::new(receiver::Start::new(params, items)))
}

/// The machine of the side whose tags are sent, for its set of `params.sender_size` items.
///
/// # Errors
/// [`Error::UnsupportedSize`] where a size is above [`MAX_ITEMS`] or not that of `items`;
/// [`Error::RepeatedItem`] where two items are equal.
pub fn sender(params: Params, items: impl Into<ItemSource>) -> Result<Box<dyn Party>, Error> {
    check_size(params.receiver_size)?;
    let items = set(items.into(), params.sender_size)?;
    Ok(Box::new(sender::Start::new(params, items)))
}

fn set(items: ItemSource, size: usize) -> Result<ItemSet, Error> {
    check_size(size)?;
    items.make().of_size(size)?.distinct()
}

fn check_size(size: usize) -> Result<(), Error> {
    if size > MAX_ITEMS { Err(Error::UnsupportedSize { size }) } else { Ok(()) }
}
