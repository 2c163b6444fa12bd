//! The `wallet` kind: addresses of cryptocurrencies.

mod address;
mod base58;
mod cashaddr;
mod chain;
mod evm;
mod monero;
mod ripple;
mod segwit;
mod solana;

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;
use crate::{Facet, FacetKey};

use self::address::Address;
pub(crate) use self::chain::Chain;

/// Longest address of any chain here, in characters: Monero's integrated address has 106. Base58 takes time that grows with
/// the square of the length, so longer texts are not decoded.
const MAX_ADDRESS: usize = 128;

/// A wallet's canonical form: `chain:address`, the address in the chain's canonical encoding.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let address = decode(text)?;
    Ok(format!("{}:{}", address.chain.code(), encode(&address)?))
}

/// The facet of a canonical wallet: chain, type and payload.
pub(crate) fn facets(canonical: &str) -> Vec<FacetKey> {
    decode(canonical).map(|address| FacetKey::new(Facet::Wallet, address.key())).into_iter().collect()
}

/// `chain:address`, a payment URI, or a bare address.
fn decode(text: &str) -> Result<Address, Why> {
    match text.split_once(':') {
        Some((name, rest)) => {
            let chain = Chain::from_name(name.trim()).ok_or("unknown chain")?;
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            decode_for(chain, before_query(rest))
        }
        None => decode_bare(text),
    }
}

/// The address of a payment URI (BIP-21, ERC-681): amounts and labels say nothing of whose wallet it is.
fn before_query(text: &str) -> &str {
    text.split('?').next().unwrap_or(text).trim()
}

fn decode_for(chain: Chain, text: &str) -> Result<Address, Why> {
    check_length(text)?;
    match chain {
        Chain::Evm => evm::decode(text),
        Chain::Xmr => monero::decode(text),
        Chain::Xrp => ripple::decode(text),
        Chain::Sol => solana::decode(text),
        Chain::Bch if cashaddr::has_length(text) => cashaddr::decode(text),
        Chain::Btc | Chain::Ltc | Chain::Btg | Chain::Zec if segwit::looks_like(text) => {
            segwit::decode(text).and_then(|address| address.must_be(chain))
        }
        _ => base58::decode(text, Some(chain)),
    }
}

/// An address without its chain: the commonest chain that writes it so.
fn decode_bare(text: &str) -> Result<Address, Why> {
    check_length(text)?;
    if strip_prefix_ignore_case(text, "0x").is_some() {
        return evm::decode(text);
    }
    if segwit::looks_like(text) {
        return segwit::decode(text);
    }
    if cashaddr::looks_like(text) {
        return cashaddr::decode(text);
    }
    if monero::looks_like(text) {
        return monero::decode(text);
    }
    if ripple::looks_like(text) {
        return ripple::decode(text);
    }
    if solana::looks_like(text) {
        return solana::decode(text);
    }
    base58::decode(text, None)
}

fn check_length(text: &str) -> Result<(), Why> {
    match text.len() {
        0 => Err("no address"),
        1..=MAX_ADDRESS => Ok(()),
        _ => Err("longer than any address"),
    }
}

fn encode(address: &Address) -> Result<String, Why> {
    match address.chain {
        Chain::Evm => Ok(evm::encode(address)),
        Chain::Xmr => monero::encode(address),
        Chain::Xrp => Ok(ripple::encode(address)),
        Chain::Sol => Ok(solana::encode(address)),
        Chain::Bch => Ok(cashaddr::encode(address)),
        _ if address.form.is_bech32() => segwit::encode(address),
        _ => base58::encode(address),
    }
}
