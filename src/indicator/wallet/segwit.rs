//! Bech32 and Bech32m: segregated witness (BIP-173, BIP-350) and Zcash's Sapling.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Fe32, Hrp, segwit};

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

use super::Chain;
use super::address::{Address, Form};

const SAPLING_PREFIX: &str = "zs";

/// Diversifier (11) and transmission key (32), in bytes (Zcash protocol specification, section 5.6.3.1).
const SAPLING_LENGTH: usize = 43;

const PREFIXES: [(Chain, &str); 4] =
    [(Chain::Btc, "bc"), (Chain::Ltc, "ltc"), (Chain::Btg, "btg"), (Chain::Zec, SAPLING_PREFIX)];

/// Whether the text begins as one of these addresses: a prefix, in any case, and the separator.
pub(super) fn looks_like(text: &str) -> bool {
    let begins = |prefix| strip_prefix_ignore_case(text, prefix).is_some_and(|rest| rest.starts_with('1'));
    PREFIXES.iter().any(|(_, prefix)| begins(prefix))
}

pub(super) fn decode(text: &str) -> Result<Address, Why> {
    if strip_prefix_ignore_case(text, SAPLING_PREFIX).is_some() {
        return sapling(text);
    }
    let (hrp, version, program) =
        segwit::decode(text).map_err(|_| "bad Bech32 checksum or witness program")?;
    let chain = chain_of(hrp).ok_or("unknown prefix")?;
    Address::new(chain, Form::Witness(version.to_u8()), &program)
}

pub(super) fn encode(address: &Address) -> Result<String, Why> {
    const WHY: Why = "an address that its chain does not have";
    let (_, prefix) = PREFIXES.iter().find(|(chain, _)| *chain == address.chain).ok_or(WHY)?;
    let hrp = Hrp::parse(prefix).map_err(|_| WHY)?;
    let text = match address.form {
        Form::Witness(version) => {
            let version = Fe32::try_from(version).map_err(|_| WHY)?;
            segwit::encode(hrp, version, address.payload()).map_err(|_| WHY)?
        }
        _ => bech32::encode::<Bech32>(hrp, address.payload()).map_err(|_| WHY)?,
    };
    Ok(text)
}

fn sapling(text: &str) -> Result<Address, Why> {
    let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| "bad Bech32 checksum")?;
    let payload: Vec<u8> = checked.byte_iter().collect();
    if payload.len() != SAPLING_LENGTH {
        return Err("not the length of a Sapling address");
    }
    Address::new(Chain::Zec, Form::Sapling, &payload)
}

fn chain_of(hrp: Hrp) -> Option<Chain> {
    PREFIXES.iter().find(|(_, prefix)| hrp.as_str().eq_ignore_ascii_case(prefix)).map(|(chain, _)| *chain)
}
