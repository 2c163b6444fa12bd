//! The engine for large sets: oblivious evaluation of a pseudorandom function from a vector oblivious linear evaluation
//! and an oblivious key-value store, secure against partners that break the protocol.
//!
//! The protocol is the malicious one of Rindal and Schoppmann ("VOLE-PSI: Fast OPRF and Circuit-PSI from Vector-OLE",
//! Eurocrypt 2021, figure 4), with the store of Raghuraman and Rindal (CCS 2022) and what Han, Kim, Lee and Son (Asiacrypt
//! 2024) found that a receiver can do.

pub(crate) mod parameters;
mod receiver;
mod sender;
mod session;

#[cfg(test)]
mod guess_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::chunk::PIECE_BYTES;
use crate::field::F128;
use crate::item::ItemSet;
use crate::keyed_hash::KeyedHash;
use crate::okvs::Grouped;
use crate::output::{OUTPUT_BYTES, OutputHash};
use crate::{Error, MessageKind, Params, Party, SessionItem, base_ot, ot_extension, silent_vole};
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

/// Tags that are sorted together and ascend. The sender works through a larger set in parts of this size, so that its
/// memory does not grow with the set.
const TAGS_IN_ORDER: usize = 1 << 21;

/// Items whose outputs one task hashes.
const HASHES_AT_ONCE: usize = 1 << 12;

/// Within what time after the salt the whole encoding must have come. It bounds the hashes that a receiver can compute
/// between the two, on which the bound on what it can encode depends ([`probes`]).
const ENCODING_LIMIT: Duration = Duration::from_secs(120);

/// The machine of the side that learns, for its set of `params.receiver_size` items.
///
/// # Errors
/// [`Error::UnsupportedSize`] where the size is not one of the table's ([`is_supported`]) or not that of `items`.
pub fn receiver(params: Params, items: Vec<SessionItem>) -> Result<Box<dyn Party>, Error> {
    let parameters = parameters_for(&params)?;
    let items = ItemSet::of_size(items, params.receiver_size)?;
    Ok(Box::new(receiver::Start::new(params, parameters, items)))
}

/// The machine of the side whose tags are sent, for its set of `params.sender_size` items.
///
/// # Errors
/// [`Error::UnsupportedSize`] where the receiver's size is not one of the table's ([`is_supported`]), or the sender's not
/// that of `items` or over [`MAX_SENDER_ITEMS`].
pub fn sender(params: Params, items: Vec<SessionItem>) -> Result<Box<dyn Party>, Error> {
    let parameters = parameters_for(&params)?;
    let items = ItemSet::of_size(items, params.sender_size)?;
    Ok(Box::new(sender::Start::new(params, parameters, items)))
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
    let most = (1..=parameters::MAX_PARTITIONS as u32).filter_map(|parts| {
        let row = parameters::receiver_partition(receiver_size, parts)?;
        Some(u64::from(parts) * row.charge as u64)
    });
    most.max()
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
fn item_values(hash: &KeyedHash, keys: &[F128]) -> Zeroizing<Vec<F128>> {
    let mut values = Zeroizing::new(vec![F128::ZERO; keys.len()]);
    hash.hash_elements(keys, &mut values);
    values
}

/// Ho of raw values, to which `mask` is added first, and of their items, by their keys.
fn outputs(
    hash: &OutputHash,
    values: &mut [F128],
    mask: F128,
    keys: &[F128],
    outputs: &mut [[u8; OUTPUT_BYTES]],
) {
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
