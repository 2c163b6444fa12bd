//! A decoded address.

use data_encoding::HEXLOWER;

use crate::reject::Why;

use super::Chain;

/// Longest payload, in bytes: Monero's integrated address carries two keys and a payment id.
pub(super) const MAX_PAYLOAD: usize = 72;

/// An address, decoded and with its checksum verified.
pub(super) struct Address {
    pub(super) chain: Chain,
    pub(super) form: Form,
    payload: [u8; MAX_PAYLOAD],
    length: usize,
}

/// What an address's payload is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The hash of a public key.
    PubkeyHash,
    /// The hash of a script.
    ScriptHash,
    /// A witness program of this version.
    Witness(u8),
    /// Zcash's Sapling: diversifier and transmission key.
    Sapling,
    /// An account, on chains that have one type of address.
    Account,
    /// Monero's main address: two public keys.
    Standard,
    /// Monero's subaddress: two public keys.
    Subaddress,
    /// Monero's main address and a payment id.
    Integrated,
}

impl Form {
    pub(super) fn is_bech32(self) -> bool {
        matches!(self, Form::Witness(_) | Form::Sapling)
    }
}

impl Address {
    /// An address with this payload; refused where none is so long.
    pub(super) fn new(chain: Chain, form: Form, payload: &[u8]) -> Result<Address, Why> {
        let mut bytes = [0; MAX_PAYLOAD];
        bytes.get_mut(..payload.len()).ok_or("longer than any address")?.copy_from_slice(payload);
        Ok(Address { chain, form, payload: bytes, length: payload.len() })
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload[..self.length]
    }

    /// The address, if it is of `chain`.
    pub(super) fn must_be(self, chain: Chain) -> Result<Address, Why> {
        if self.chain == chain { Ok(self) } else { Err("the address is another chain's") }
    }

    /// The text on which two wallets meet.
    pub(super) fn key(&self) -> String {
        let payload = HEXLOWER.encode(self.payload());
        let code = self.chain.code();
        match self.form {
            Form::PubkeyHash => format!("{code}/p2pkh/{payload}"),
            Form::ScriptHash => format!("{code}/p2sh/{payload}"),
            Form::Witness(version) => format!("{code}/witness{version}/{payload}"),
            Form::Sapling => format!("{code}/sapling/{payload}"),
            Form::Account => format!("{code}/account/{payload}"),
            Form::Standard => format!("{code}/standard/{payload}"),
            Form::Subaddress => format!("{code}/subaddress/{payload}"),
            Form::Integrated => format!("{code}/integrated/{payload}"),
        }
    }
}
