//! What is inside signed documents.

use overlap_coalition::{Accept, Offer, Receipt, Roster, SignedDocument};

use crate::WireError;

/// Encodes an offer.
pub fn encode_offer(_offer: &Offer) -> Vec<u8> {
    unimplemented!()
}

/// Decodes an offer's bytes.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_offer(_bytes: &[u8]) -> Result<Offer, WireError> {
    unimplemented!()
}

/// Encodes an accept.
pub fn encode_accept(_accept: &Accept) -> Vec<u8> {
    unimplemented!()
}

/// Decodes an accept's bytes.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_accept(_bytes: &[u8]) -> Result<Accept, WireError> {
    unimplemented!()
}

/// Encodes a receipt.
pub fn encode_receipt(_receipt: &Receipt) -> Vec<u8> {
    unimplemented!()
}

/// Decodes a receipt's bytes.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_receipt(_bytes: &[u8]) -> Result<Receipt, WireError> {
    unimplemented!()
}

/// Encodes a roster.
pub fn encode_roster(_roster: &Roster) -> Vec<u8> {
    unimplemented!()
}

/// Decodes a roster's bytes.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_roster(_bytes: &[u8]) -> Result<Roster, WireError> {
    unimplemented!()
}

/// Encodes a document with its signatures, as it stands in a file.
pub fn encode_signed(_document: &SignedDocument) -> Vec<u8> {
    unimplemented!()
}

/// Decodes a document with its signatures; nothing is verified.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_signed(_bytes: &[u8]) -> Result<SignedDocument, WireError> {
    unimplemented!()
}
