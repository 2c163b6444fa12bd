//! CashAddr, Bitcoin Cash's encoding (its specification of 2017, and the token-aware types of CHIP-2022-02).

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

const PREFIX: &str = "bitcoincash";
const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Characters of the checksum, of five bits each.
const CHECKSUM_LENGTH: usize = 8;
/// Sizes of a hash that addresses have, in bytes, with their code in the version byte.
const SIZES: [(u8, usize); 2] = [(0, 20), (3, 32)];
/// Characters of an address without its prefix, for these sizes.
const LENGTHS: [usize; 2] = [42, 61];

/// Whether the text has the length of such an address, which no legacy address of the chain has.
pub(super) fn has_length(text: &str) -> bool {
    LENGTHS.contains(&text.len())
}

/// Whether the text can be nothing else: the right length, and of the alphabet alone.
pub(super) fn looks_like(text: &str) -> bool {
    has_length(text) && text.bytes().all(|byte| value(byte).is_some())
}

/// An address without its prefix, which the caller has taken for the chain's name.
pub(super) fn decode(text: &str) -> Result<Address, Why> {
    let text = strip_prefix_ignore_case(text, "bitcoincash:").unwrap_or(text);
    if text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
    {
        return Err("CashAddr in mixed case");
    }
    let values: Option<Vec<u8>> = text.bytes().map(value).collect();
    let values = values.ok_or("a character that CashAddr does not have")?;
    if polymod(prefix_values().chain(values.iter().copied())) != 0 {
        return Err("bad CashAddr checksum");
    }
    let data = values.len().checked_sub(CHECKSUM_LENGTH).and_then(|length| values.get(..length));
    let bytes = to_bytes(data.ok_or("not CashAddr")?)?;
    let (&version, hash) = bytes.split_first().ok_or("not CashAddr")?;
    if !SIZES.contains(&(version & 7, hash.len())) {
        return Err("not the length of a hash");
    }
    Address::new(Chain::Bch, form(version >> 3)?, hash)
}

pub(super) fn encode(address: &Address) -> String {
    let size =
        SIZES.iter().find(|(_, length)| *length == address.payload().len()).map_or(0, |(code, _)| *code);
    let kind = if address.form == Form::ScriptHash { 1 } else { 0 };
    let mut bytes = vec![kind << 3 | size];
    bytes.extend_from_slice(address.payload());
    let mut values = to_values(&bytes);
    let sum = polymod(prefix_values().chain(values.iter().copied()).chain([0; CHECKSUM_LENGTH]));
    values.extend((0..CHECKSUM_LENGTH).rev().map(|index| (sum >> (5 * index)) as u8 & 31));
    values.into_iter().map(|value| char::from(ALPHABET[usize::from(value & 31)])).collect()
}

/// Types 2 and 3 are types 0 and 1 of wallets that know tokens: the same hash.
fn form(kind: u8) -> Result<Form, Why> {
    match kind {
        0 | 2 => Ok(Form::PubkeyHash),
        1 | 3 => Ok(Form::ScriptHash),
        _ => Err("an unknown type of address"),
    }
}

fn value(byte: u8) -> Option<u8> {
    let at = ALPHABET.iter().position(|&known| known == byte.to_ascii_lowercase())?;
    u8::try_from(at).ok()
}

/// The prefix's lower five bits, and the zero that stands for the colon.
fn prefix_values() -> impl Iterator<Item = u8> {
    PREFIX.bytes().map(|byte| byte & 31).chain([0])
}

/// The specification's checksum: a BCH code over 40 bits; 0 for an address that is whole.
fn polymod(values: impl Iterator<Item = u8>) -> u64 {
    const GENERATORS: [u64; 5] =
        [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let mut state = 1u64;
    for value in values {
        let top = state >> 35;
        state = (state & 0x07_ffff_ffff) << 5 ^ u64::from(value);
        for (index, generator) in GENERATORS.iter().enumerate() {
            if top >> index & 1 == 1 {
                state ^= generator;
            }
        }
    }
    state ^ 1
}

/// Five bits a value to eight bits a byte; what is left over must be fewer than five bits, and zero.
fn to_bytes(values: &[u8]) -> Result<Vec<u8>, Why> {
    let mut bytes = Vec::with_capacity(values.len() * 5 / 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for &value in values {
        buffer = (buffer << 5 | u32::from(value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    if bits >= 5 || buffer & ((1 << bits) - 1) != 0 {
        return Err("bad CashAddr padding");
    }
    Ok(bytes)
}

/// Eight bits a byte to five bits a value, padded with zeros.
fn to_values(bytes: &[u8]) -> Vec<u8> {
    let mut values = Vec::with_capacity(bytes.len() * 8 / 5 + 1 + CHECKSUM_LENGTH);
    let (mut buffer, mut bits) = (0u32, 0);
    for &byte in bytes {
        buffer = (buffer << 8 | u32::from(byte)) & 0xfff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push((buffer >> bits) as u8 & 31);
        }
    }
    if bits > 0 {
        values.push((buffer << (5 - bits)) as u8 & 31);
    }
    values
}
