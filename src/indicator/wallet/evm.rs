//! Addresses of Ethereum and of the chains that share its accounts (EIP-55, ERC-681).

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha3::{Digest, Keccak256};

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

const ADDRESS_LENGTH: usize = 20;

/// `0x` and 40 hexadecimal digits, perhaps as ERC-681 has it: `pay-` before, `@` and a chain's number after.
pub(super) fn decode(text: &str) -> Result<Address, Why> {
    let text = text.strip_prefix("pay-").unwrap_or(text);
    if text.contains('/') {
        return Err("a call of a contract, not an address");
    }
    let address = text.split('@').next().unwrap_or(text);
    let digits = strip_prefix_ignore_case(address, "0x").ok_or("no 0x")?;
    if digits.len() != 2 * ADDRESS_LENGTH {
        return Err("not 40 hexadecimal digits");
    }
    let mut payload = [0; ADDRESS_LENGTH];
    HEXLOWER_PERMISSIVE
        .decode_mut(digits.as_bytes(), &mut payload)
        .map_err(|_| "not 40 hexadecimal digits")?;
    check_case(digits, &payload)?;
    Address::new(Chain::Evm, Form::Account, &payload)
}

pub(super) fn encode(address: &Address) -> String {
    format!("0x{}", HEXLOWER.encode(address.payload()))
}

/// EIP-55, where the case is mixed and so carries a checksum.
fn check_case(digits: &str, payload: &[u8]) -> Result<(), Why> {
    let upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = digits.bytes().any(|byte| byte.is_ascii_lowercase());
    if !(upper && lower) {
        return Ok(());
    }
    let hash = Keccak256::digest(HEXLOWER.encode(payload));
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let holds = digits
        .bytes()
        .zip(nibbles)
        .all(|(digit, nibble)| digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8));
    if holds { Ok(()) } else { Err("bad EIP-55 checksum") }
}
