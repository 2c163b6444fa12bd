//! The engine for large sets: oblivious evaluation of a pseudorandom function from a vector oblivious linear evaluation
//! and an oblivious key-value store, secure against partners that break the protocol.
//!
//! The protocol is the malicious one of Rindal and Schoppmann ("VOLE-PSI: Fast OPRF and Circuit-PSI from Vector-OLE",
//! Eurocrypt 2021, figure 4), with the store of Raghuraman and Rindal (CCS 2022) and what Han, Kim, Lee and Son (Asiacrypt
//! 2024) found that a receiver can do. The chapter `vole` of the node's manual has all of what follows at length, with
//! every assumption, parameter and figure.
//!
//! The sender has Delta in GF(2^128) and B, the receiver A' and C, with C = Delta * A' + B. The receiver encodes its items
//! in P, from which each decodes to its hash H(x), and sends A = P + A'. With K = B + Delta * A, which is C + Delta * P,
//!
//! - the sender has F(y) = Ho(Decode(K, y) - Delta * H(y) + w, y),
//! - the receiver F(x) = Ho(Decode(C, x) + w, x),
//!
//! which is the same where the item was encoded.
//!
//! # Messages
//!
//! | | from | message | content |
//! |---|---|---|---|
//! | 1 | sender | [`VoleOpening`] | a commitment to ws; its part of 128 base transfers, where it chooses by the bits of Delta |
//! | 2 | receiver | [`VoleExtension`] | its part of them; the extension to the rows that hold its noise, with its check |
//! | 3 | sender | [`VoleTrees`] | for each tree the hidden sums of its levels, and the sum of its leaves |
//! | 4 | receiver | [`VoleChallenge`] | the seed r of its encoding's rows; a challenge that all trees are right |
//! | 5 | sender | [`VoleSalt`] | the answer to the challenge; the salt of H |
//! | 6 | receiver | [`VoleReceiverMask`] | wr |
//! | 7 | receiver | [`VoleEncoding`] | A, bin by bin |
//! | 8 | sender | [`VoleSenderMask`] | ws, and what opens the commitment; w = ws + wr |
//! | 9 | sender | [`Tags`] | the first half of F(y) for each of the sender's items, ascending |
//! | 10 | receiver | [`MatchProofs`] | for each match the tag's place and the second half of F, where both learn |
//!
//! Every length but the last follows from the sizes of both sets, by a table ([`cut`] says at which sizes it runs). Long
//! strings travel in pieces. While one side's message is on its way the other works on what it has: the receiver
//! plans its encoding while the sender grows its trees, both expand the correlation when the challenge and its answer
//! are sent, and the sender evaluates its items on those bins that have come.
//!
//! # What each side learns
//!
//! The receiver learns which of its items the sender holds. The other tags are outputs of a pseudorandom function at points
//! where it has no evaluation, and their order is theirs alone. The sender learns the sizes, and the matches where they are
//! proven to it: A is masked by A' in every column, and A' is pseudorandom to the sender by the LPN assumption.
//! Both sizes are parameters and known before.
//!
//! # Against a partner that breaks the protocol
//!
//! - *What a receiver encodes* is bound to what it can hash: the salt of H is shown when the correlation stands and r is
//!   fixed, A has to come within a time of it ([`Party::time_limit`]), and it has the table's number of columns.
//!   It can still encode more than its items. [`probes`] says how many, and so what to charge for.
//! - *Neither side chooses w.* The sender is bound to ws before it sees wr, and shows it when it has all of A. So no output
//!   could be computed before the receiver's set was fixed.
//! - *Wrong columns* in the extension pass a check only where the receiver has guessed bits of Delta, each with one half.
//!   See `ot_extension`.
//! - *Wrong trees* pass a check only where the sender has guessed in which part of its block a noise position is. See
//!   `silent_vole`. The receiver shows nothing of its set before.
//! - *Tags* ascend strictly, to a number that was agreed, so none comes twice in a list that is ordered as one. A sender's
//!   larger set is ordered in parts: a tag of another part that comes again counts once and in silence, since a refusal would
//!   tell the sender whether the receiver has the item. With 2^64 hashes a sender finds two items with one tag: a guess more.
//! - *A match proof* is 16 bytes of the output that were never shown. A receiver can keep a match to itself, but cannot claim
//!   an item that it did not encode.
//!
//! The sender's list rests on BLAKE3 as a random oracle, and on AES as an ideal cipher in the trees. The receiver's rests on
//! BLAKE3 as a random oracle, the computational Diffie-Hellman assumption in ristretto255, AES as a pseudorandom generator, and
//! dual LPN for a code with rows scaled by scalars of our own, which nobody else has studied (`expand_convolute`).
//!
//! # Where it differs from the papers
//!
//! Each with its reason in the manual; in short:
//!
//! - r travels with the challenge, since H is keyed with it and with the salt; wr travels before A, so that the sender can evaluate
//!   bins as they come.
//! - Tags ascend in place of being shuffled: the receiver reads two sorted lists once.
//! - H and Ho take AES_r(x), the item's row key, in place of x: under one r it is a permutation of the item.
//! - The extension is over the smallest field, and its challenge is a hash; the weights of the correlation's check are
//!   products.
//! - The code's expander has rows with powers of public random scalars, without which it falls to linear algebra.
//! - Bins have about 50,000 items.
//! - One Delta serves base transfers, the trees' keys, the noise's shares and the result.
//! - There is a table of sizes and no formula, so both sides have the same.
//!
//! # Time
//!
//! Field arithmetic, hashes, ciphers, base transfers and the extension run in constant time, and so do comparisons of
//! answers, commitments and proofs. Which memory is touched depends on items in the store, and on the positions of the
//! noise in the receiver's trees. Ordering and matching depend on tags. The partner sees of it the time of whole steps.
//!
//! [`VoleOpening`]: crate::Message::VoleOpening
//! [`VoleExtension`]: crate::Message::VoleExtension
//! [`VoleTrees`]: crate::Message::VoleTrees
//! [`VoleChallenge`]: crate::Message::VoleChallenge
//! [`VoleSalt`]: crate::Message::VoleSalt
//! [`VoleReceiverMask`]: crate::Message::VoleReceiverMask
//! [`VoleEncoding`]: crate::Message::VoleEncoding
//! [`VoleSenderMask`]: crate::Message::VoleSenderMask
//! [`Tags`]: crate::Message::Tags
//! [`MatchProofs`]: crate::Message::MatchProofs

pub(crate) mod parameters;
mod receiver;
mod sender;
mod session;

#[cfg(test)]
mod adversary_tests;
#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod guess_tests;
#[cfg(test)]
mod sequence_tests;
#[cfg(test)]
mod soak_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::Duration;

use crate::chunk::PIECE_BYTES;
use crate::field::F128;
use crate::item_set::ItemSource;
use crate::keyed_hash::KeyedHash;
use crate::okvs::Grouped;
use crate::output::{OutputHash, PackedOutput};
use crate::tag_order::MOST_OUTPUTS;
use crate::tags::TAGS_PER_MESSAGE;
use crate::wiped::Wiped;
use crate::{Error, MessageKind, Params, Party, base_ot, ot_extension, silent_vole};
use parameters::Parameters;

/// The label of this engine in the hash of outputs.
const LABEL: &str = "vole";

const PHASE_CORRELATE: &str = "correlate";
const PHASE_ENCODE: &str = "encode";
const PHASE_DECODE: &str = "decode";
const PHASE_TAGS: &str = "tags";

/// Bytes of a field element.
const ELEMENT_BYTES: usize = 16;

/// Columns of an encoding in one message.
const COLUMNS_PER_MESSAGE: usize = PIECE_BYTES / ELEMENT_BYTES;

/// Bytes of the message that opens a run: a commitment and the receiver's message of the base transfers.
const OPENING_BYTES: usize = session::COMMITMENT_BYTES + base_ot::RECEIVER_BYTES;

/// Bytes of the challenge: the seed of the rows, the seed of the check's coefficients and the masked sum.
const CHALLENGE_MESSAGE_BYTES: usize = session::SEED_BYTES + 32;

/// Bytes of the answer to the challenge and the salt.
const SALT_MESSAGE_BYTES: usize = 32 + session::SALT_BYTES;

/// The most tags that are put in order at once, in one list or in several: what bounds a sender's memory.
const MOST_TAGS_IN_ORDER: usize = 1 << 21;

/// A sender with more items than this for every bin of the encoding works through them in parts: its memory does not grow with the
/// set, and the first tags are on their way early. A receiver has some 50,000 in a bin, so two sets of one size make one list.
const ITEMS_IN_ONE_LIST_PER_BIN: usize = 1 << 16;

/// Items of one such part for every bin: of a small receiver's few bins so few that they stay in the cache.
const TAGS_IN_ORDER_PER_BIN: usize = 1 << 15;

// A list of tags begins with a message, and has no more than can be sorted.
const _: () = assert!(
    MOST_TAGS_IN_ORDER.is_multiple_of(TAGS_PER_MESSAGE)
        && TAGS_IN_ORDER_PER_BIN.is_multiple_of(TAGS_PER_MESSAGE)
        && MOST_TAGS_IN_ORDER <= MOST_OUTPUTS
);

/// Items whose outputs one task hashes.
const HASHES_AT_ONCE: usize = 1 << 12;

/// Within what time after the salt the whole encoding must have come. It bounds the hashes that a receiver can compute
/// between the two, on which the bound on what it can encode depends ([`probes`]).
const ENCODING_LIMIT: Duration = Duration::from_secs(120);

/// The machine of the side that learns, for its set of `params.receiver_size` items.
///
/// # Errors
/// [`Error::UnsupportedSize`] where the size is not one of the table's (those of a [`Cut`] are) or not that of `items`; a set that is made later has to have it then.
pub fn receiver(params: Params, items: impl Into<ItemSource>) -> Result<Box<dyn Party>, Error> {
    let (parameters, items) = (parameters_for(&params)?, items.into());
    items.check_size(params.receiver_size)?;
    let list = tags_in_order(parameters, params.sender_size);
    Ok(Box::new(receiver::Start::new(params, parameters, items, list)))
}

/// The machine of the side whose tags are sent, for its set of `params.sender_size` items.
///
/// # Errors
/// [`Error::UnsupportedSize`] where the receiver's size is not one of the table's (those of a [`Cut`] are), or the sender's not
/// that of `items` or over [`MAX_SENDER_ITEMS`].
pub fn sender(params: Params, items: impl Into<ItemSource>) -> Result<Box<dyn Party>, Error> {
    let (parameters, items) = (parameters_for(&params)?, items.into());
    items.check_size(params.sender_size)?;
    let list = tags_in_order(parameters, params.sender_size);
    Ok(Box::new(sender::Start::new(params, parameters, items, list)))
}

/// The most items of a sender in one run: a tag's place is sent in four bytes.
pub const MAX_SENDER_ITEMS: usize = 1 << 27;

/// The most items of either side of an exchange.
pub const MAX_ITEMS: u64 = 1 << 26;

/// How an exchange is cut into runs, each with its own partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many runs.
    pub parts: u32,
    /// The receiver's items in each, padding included.
    pub receiver_size: usize,
    /// The sender's.
    pub sender_size: usize,
}

/// Cuts an exchange of two padded sizes. `None` where a size is over [`MAX_ITEMS`] or not one of the table's.
pub fn cut(receiver_size: u64, sender_size: u64) -> Option<Cut> {
    let parts = parameters::partitions(receiver_size, sender_size)?;
    let receiver = parameters::receiver_partition(receiver_size, parts)?;
    let sender_size = usize::try_from(parameters::sender_partition(sender_size, parts)).ok()?;
    Some(Cut { parts, receiver_size: receiver.items, sender_size })
}

/// The most items that a receiver of this padded size can probe, whatever it does: it can encode more than it has (Han, Kim,
/// Lee and Son, Asiacrypt 2024). That depends on how the exchange is cut, and so on the sender's size, which is not known
/// where the charge has to be made; this is the most over all cuts. `None` as in [`cut`].
pub fn probes(receiver_size: u64) -> Option<u64> {
    // A sender of the most items asks for this many, a receiver for as many as it fills.
    let cuts = parameters::partitions(receiver_size, MAX_ITEMS)?;
    let most = (1..=cuts).filter_map(|parts| {
        let row = parameters::receiver_partition(receiver_size, parts)?;
        Some(u64::from(parts) * row.charge as u64)
    });
    most.max()
}

/// How many tags make one list that ascends, the last one fewer: both sides have to know, so it follows from the table and the
/// sender's size. Tests have smaller lists.
fn tags_in_order(parameters: &Parameters, sender_size: usize) -> usize {
    let bins = parameters.shape().bins();
    let one_list = sender_size <= bins.saturating_mul(ITEMS_IN_ONE_LIST_PER_BIN);
    let list = if one_list {
        sender_size.next_multiple_of(TAGS_PER_MESSAGE)
    } else {
        bins.saturating_mul(TAGS_IN_ORDER_PER_BIN)
    };
    list.clamp(TAGS_PER_MESSAGE, MOST_TAGS_IN_ORDER)
}

fn parameters_for(params: &Params) -> Result<&'static Parameters, Error> {
    let size = params.sender_size;
    if size > MAX_SENDER_ITEMS {
        return Err(Error::UnsupportedSize { size });
    }
    let size = params.receiver_size;
    parameters::parameters(size).ok_or(Error::UnsupportedSize { size })
}

/// Bytes of the receiver's answer to the opening.
fn extension_message_bytes(parameters: &Parameters) -> usize {
    base_ot::SENDER_BYTES + ot_extension::message_len(parameters.noise().rows())
}

fn transfer_error(error: base_ot::Error, kind: MessageKind) -> Error {
    match error {
        base_ot::Error::Length => Error::WrongCount { kind },
        base_ot::Error::NotCanonical | base_ot::Error::Identity => Error::InvalidElement { kind },
    }
}

fn silent_error(error: silent_vole::Error, kind: MessageKind) -> Error {
    match error {
        silent_vole::Error::MessageLength => Error::WrongCount { kind },
        silent_vole::Error::Inconsistent => Error::BadCorrelation,
    }
}

/// H of items, by their keys: a key is a permutation of its item under the seed, which is in the hash's key.
fn item_values(hash: &KeyedHash, keys: &[F128]) -> Wiped<F128> {
    let mut values = Wiped::zeroed(keys.len());
    hash.hash_elements(keys, &mut values);
    values
}

/// Ho of raw values, to which `mask` is added first, and of their items, by their keys.
fn outputs(hash: &OutputHash, values: &mut [F128], mask: F128, keys: &[F128], outputs: &mut [PackedOutput]) {
    values.iter_mut().for_each(|value| *value += mask);
    hash.lanes().hash_pairs(values, keys, outputs);
}

/// Cuts what belongs to the items of these bins, in the grouped order, bin by bin. `all` belongs to all items.
fn by_bin<'a, T>(grouped: &Grouped, bins: Range<usize>, all: &'a mut [T]) -> Vec<(usize, &'a mut [T])> {
    let (first, last) = (bins.clone().next(), bins.clone().last());
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let mut rest = &mut all[grouped.bin(first).start..grouped.bin(last).end];
    bins.map(|bin| {
        let (here, after) = std::mem::take(&mut rest).split_at_mut(grouped.bin(bin).len());
        rest = after;
        (bin, here)
    })
    .collect()
}
