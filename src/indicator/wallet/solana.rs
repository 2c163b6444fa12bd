//! Solana's addresses: 32 bytes in Base58, without a checksum.

use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

const KEY_LENGTH: usize = 32;

/// Whether the text can only be 32 bytes in Base58, which no Base58Check address is.
pub(super) fn looks_like(text: &str) -> bool {
    (32..=44).contains(&text.len()) && decode(text).is_ok()
}

pub(super) fn decode(text: &str) -> Result<Address, Why> {
    let mut bytes = [0u8; super::MAX_ADDRESS];
    let length = bs58::decode(text).onto(&mut bytes).map_err(|_| "not Base58")?;
    if length != KEY_LENGTH {
        return Err("not 32 bytes");
    }
    Address::new(Chain::Sol, Form::Account, &bytes[..length])
}

pub(super) fn encode(address: &Address) -> String {
    bs58::encode(address.payload()).into_string()
}
