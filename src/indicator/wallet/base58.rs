//! Base58Check: Bitcoin's first encoding, and that of the chains that took it over.

use bs58::decode::Error;

use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

/// A hash of a key or of a script (HASH160), in bytes.
const HASH_LENGTH: usize = 20;

/// Version bytes. Of two rows with the same bytes the first is the commoner chain's; of two rows with the same chain and
/// form the first is canonical.
const VERSIONS: [(Chain, Form, &[u8]); 20] = [
    (Chain::Btc, Form::PubkeyHash, &[0x00]),
    (Chain::Btc, Form::ScriptHash, &[0x05]),
    (Chain::Trx, Form::Account, &[0x41]),
    (Chain::Ltc, Form::PubkeyHash, &[0x30]),
    (Chain::Ltc, Form::ScriptHash, &[0x32]),
    (Chain::Ltc, Form::ScriptHash, &[0x05]), // before 2017 they looked like Bitcoin's
    (Chain::Doge, Form::PubkeyHash, &[0x1e]),
    (Chain::Doge, Form::ScriptHash, &[0x16]),
    (Chain::Dash, Form::PubkeyHash, &[0x4c]),
    (Chain::Dash, Form::ScriptHash, &[0x10]),
    (Chain::Zec, Form::PubkeyHash, &[0x1c, 0xb8]),
    (Chain::Zec, Form::ScriptHash, &[0x1c, 0xbd]),
    (Chain::Bch, Form::PubkeyHash, &[0x00]),
    (Chain::Bch, Form::ScriptHash, &[0x05]),
    (Chain::Bsv, Form::PubkeyHash, &[0x00]),
    (Chain::Bsv, Form::ScriptHash, &[0x05]),
    (Chain::Btg, Form::PubkeyHash, &[0x26]),
    (Chain::Btg, Form::ScriptHash, &[0x17]),
    (Chain::Xvg, Form::PubkeyHash, &[0x1e]),
    (Chain::Xvg, Form::ScriptHash, &[0x21]),
];

/// The address of `chain`, or of the commonest chain that writes it so.
pub(super) fn decode(text: &str, chain: Option<Chain>) -> Result<Address, Why> {
    // Longer than any text here decodes to, with the checksum, which the decoder verifies in place.
    let mut bytes = [0u8; super::MAX_ADDRESS];
    let length = bs58::decode(text).with_check(None).onto(&mut bytes).map_err(why)?;
    let decoded = &bytes[..length];
    if is_private_key(decoded) {
        return Err("a private key, not an address");
    }
    let mut other_chain = false;
    for &(candidate, form, version) in &VERSIONS {
        let Some(hash) = decoded.strip_prefix(version).filter(|hash| hash.len() == HASH_LENGTH) else {
            continue;
        };
        if chain.is_none_or(|chain| chain == candidate) {
            return Address::new(candidate, form, hash);
        }
        other_chain = true;
    }
    Err(if other_chain { "the address is another chain's" } else { "an unknown version or length" })
}

pub(super) fn encode(address: &Address) -> Result<String, Why> {
    let row = VERSIONS.iter().find(|(chain, form, _)| *chain == address.chain && *form == address.form);
    let (_, _, version) = row.ok_or("an address that its chain does not have")?;
    let mut bytes = Vec::with_capacity(version.len() + HASH_LENGTH);
    bytes.extend_from_slice(version);
    bytes.extend_from_slice(address.payload());
    Ok(bs58::encode(bytes).with_check().into_string())
}

/// Wallet import format: a version of 0x80 or more, 32 bytes, and perhaps a 1 that says that the key is compressed.
fn is_private_key(decoded: &[u8]) -> bool {
    matches!(decoded, [0x80..=0xff, key @ ..] if key.len() == 32 || key.len() == 33 && key.ends_with(&[1]))
}

fn why(error: Error) -> Why {
    match error {
        Error::InvalidChecksum { .. } => "bad Base58Check checksum",
        Error::InvalidCharacter { .. } | Error::NonAsciiCharacter { .. } => {
            "a character that Base58 does not have"
        }
        _ => "not Base58Check",
    }
}
