//! Private set intersection protocols, without input or output.
//!
//! An engine is two typed state machines, one for each [`Role`]: the receiver learns which of its items the sender
//! holds too. A driver sees a machine as a [`Party`]; inside, one struct stands for each state.
//!
//! What every engine ends with is the same and has files of its own: a keyed pseudorandom function F with outputs of
//! 32 bytes, of which the sender sends the first half for each of its items (the *tag*), in an order that says nothing of its own,
//! and of which the receiver returns the second half (the *match proof*) for each item that both hold, where both are to learn.
//! What differs is how the receiver comes to F of its items and nothing more:
//!
//! | | for | the receiver's list is hidden by | the receiver can probe |
//! |---|---|---|---|
//! | [`voprf`] | small sets and lookups, up to 2^20 items | nothing that has to be assumed | as many items as it announces |
//! | [`vole`] | large sets, up to 2^26 items in several runs | dual LPN and Diffie-Hellman | more than it announces: [`vole::probes`] |
//!
//! Of `voprf` the group is another crate's; of `vole` every block is a file here: a field, hashes, an oblivious key-value store, base
//! transfers and their extension, trees, a code, and the correlation that comes of these.

#![deny(unsafe_code)]

mod base_ot;
#[cfg(feature = "bench-access")]
#[doc(hidden)]
pub mod bench_access;
mod chunk;
mod error;
mod expand_convolute;
mod field;
mod ggm;
mod item;
mod item_set;
mod keyed_hash;
mod match_proofs;
mod matching;
mod message;
mod okvs;
mod ot_extension;
mod output;
mod party;
#[cfg(target_arch = "x86_64")]
mod processor;
mod scatter;
mod shuffle;
mod silent_vole;
mod tag_order;
mod tags;
pub mod vole;
pub mod voprf;
mod wiped;

pub use error::{Error, Fault};
pub use item::SessionItem;
pub use item_set::{Arrangement, ItemSet, ItemSource};
pub use match_proofs::{MATCH_BYTES, PROOFS_PER_MESSAGE};
pub use message::{Message, MessageKind};
pub use party::{Outcome, Params, Party, Progress, Role, Turn};
pub use tags::TAGS_PER_MESSAGE;

#[cfg(test)]
mod check_switch;
#[cfg(test)]
mod dudect;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod timing_tests;
