//! Classic addresses of the XRP Ledger: Base58Check in its own alphabet.

use bs58::Alphabet;

use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

/// The type prefix of an account, and the length of its id, in bytes.
const ACCOUNT_PREFIX: u8 = 0x00;
const ACCOUNT_LENGTH: usize = 20;

/// Most characters of an address.
const LONGEST: usize = 35;

/// Whether the text begins as these do, and is shorter than the addresses of Solana that begin so.
pub(super) fn looks_like(text: &str) -> bool {
    text.starts_with('r') && text.len() <= LONGEST
}

pub(super) fn decode(text: &str) -> Result<Address, Why> {
    let mut bytes = [0u8; super::MAX_ADDRESS];
    let length = bs58::decode(text)
        .with_alphabet(Alphabet::RIPPLE)
        .with_check(None)
        .onto(&mut bytes)
        .map_err(|_| "bad Base58Check checksum")?;
    match &bytes[..length] {
        [ACCOUNT_PREFIX, id @ ..] if id.len() == ACCOUNT_LENGTH => {
            Address::new(Chain::Xrp, Form::Account, id)
        }
        _ => Err("not a classic address"),
    }
}

pub(super) fn encode(address: &Address) -> String {
    let mut bytes = vec![ACCOUNT_PREFIX];
    bytes.extend_from_slice(address.payload());
    bs58::encode(bytes).with_alphabet(Alphabet::RIPPLE).with_check().into_string()
}
