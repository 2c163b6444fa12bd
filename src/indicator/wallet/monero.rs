//! Monero's addresses: its own Base58 in blocks, its own checksum (Monero's standard addresses, CryptoNote standard 7).

use sha3::{Digest, Keccak256};

use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

/// Network bytes of the main network, by form.
const NETWORKS: [(u8, Form, usize); 3] =
    [(18, Form::Standard, 64), (19, Form::Integrated, 72), (42, Form::Subaddress, 64)];

/// Characters of an address without and with a payment id.
const LENGTHS: [usize; 2] = [95, 106];
const CHECKSUM_LENGTH: usize = 4;

/// Whether the text has the length of such an address, which no other chain's has.
pub(super) fn looks_like(text: &str) -> bool {
    LENGTHS.contains(&text.len())
}

pub(super) fn decode(text: &str) -> Result<Address, Why> {
    if !looks_like(text) || !text.is_ascii() {
        return Err("not 95 or 106 characters of Base58");
    }
    let bytes = base58_monero::decode(text).map_err(|_| "a block that Base58 does not have")?;
    let (data, sum) = bytes.split_last_chunk::<CHECKSUM_LENGTH>().ok_or("not an address's length")?;
    if checksum(data) != *sum {
        return Err("bad checksum");
    }
    let (network, keys) = data.split_first().ok_or("not an address's length")?;
    let known = NETWORKS.iter().find(|(byte, _, length)| byte == network && *length == keys.len());
    let (_, form, _) = known.ok_or("not an address of the main network")?;
    Address::new(Chain::Xmr, *form, keys)
}

pub(super) fn encode(address: &Address) -> Result<String, Why> {
    const WHY: Why = "an address that its chain does not have";
    let (network, _, _) = NETWORKS.iter().find(|(_, form, _)| *form == address.form).ok_or(WHY)?;
    let mut bytes = vec![*network];
    bytes.extend_from_slice(address.payload());
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum);
    base58_monero::encode(&bytes).map_err(|_| WHY)
}

fn checksum(data: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let hash = Keccak256::digest(data);
    let mut sum = [0; CHECKSUM_LENGTH];
    sum.copy_from_slice(&hash[..CHECKSUM_LENGTH]);
    sum
}
