//! What is inside the documents of an exchange, and documents with their signatures.

use std::collections::BTreeSet;

use bytes::Bytes;
use overlap_coalition::{
    Accept, AgreementHash, EngineName, ExchangeId, Facet, Kind, LONGEST_PURPOSE, MOST_SIGNATURES, Mode,
    Nonce, NonceCommitment, Offer, PublicKey, Receipt, Signature, SignedDocument,
};
use prost::Message as _;

use crate::field::Fields;
use crate::shape::{Repeated, check_counts};
use crate::terms::{decode_learns, decode_members, encode_learns};
use crate::{WireError, proto};

/// The repeated fields of a signed document.
const SIGNED_SHAPE: &[Repeated] =
    &[Repeated { number: 2, name: "signatures", most: MOST_SIGNATURES, inner: &[] }];

/// Encodes an offer.
pub fn encode_offer(offer: &Offer) -> Vec<u8> {
    proto::Offer {
        exchange: copy(&offer.exchange.0),
        initiator: offer.initiator.to_string(),
        responder: offer.responder.to_string(),
        agreement: copy(&offer.agreement.0),
        purpose: offer.purpose.clone(),
        case_reference: offer.case_reference.clone(),
        kinds: offer.kinds.iter().map(|kind| kind.number().into()).collect(),
        facets: offer.facets.iter().map(|facet| facet.number().into()).collect(),
        mode: offer.mode.number().into(),
        learns: Some(encode_learns(&offer.learns)),
        engine: offer.engine.number().into(),
        padded_size: Some(offer.padded_size),
        salt_epoch: Some(offer.salt_epoch),
        commitment: copy(&offer.commitment.0),
        made: Some(offer.made.0),
        deadline: Some(offer.deadline.0),
    }
    .encode_to_vec()
}

/// Decodes an offer's bytes, which must be its one encoding. Its terms are not judged: `decide_offer` of `overlap-coalition` does that.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_offer(bytes: &[u8]) -> Result<Offer, WireError> {
    let fields = Fields("Offer");
    let offer = decode::<proto::Offer>(fields, bytes)?;
    let (initiator, responder) = decode_members(fields, &offer.initiator, &offer.responder)?;
    let offer = Offer {
        exchange: ExchangeId(fields.exact("exchange", &offer.exchange)?),
        agreement: AgreementHash(fields.exact("agreement", &offer.agreement)?),
        purpose: fields.text("purpose", offer.purpose, LONGEST_PURPOSE)?,
        case_reference: fields.text("case_reference", offer.case_reference, LONGEST_PURPOSE)?,
        kinds: fields.known_list("kinds", &offer.kinds, Kind::from_number)?,
        facets: fields.known_list("facets", &offer.facets, Facet::from_number)?,
        mode: fields.known("mode", offer.mode, Mode::from_number)?,
        learns: decode_learns(fields, offer.learns, [&initiator, &responder])?,
        engine: fields.known("engine", offer.engine, EngineName::from_number)?,
        padded_size: fields.present("padded_size", offer.padded_size)?,
        salt_epoch: fields.present("salt_epoch", offer.salt_epoch)?,
        commitment: NonceCommitment(fields.exact("commitment", &offer.commitment)?),
        made: fields.time("made", offer.made)?,
        deadline: fields.time("deadline", offer.deadline)?,
        initiator,
        responder,
    };
    check_encoding(fields, bytes, &encode_offer(&offer))?;
    Ok(offer)
}

/// Encodes an accept.
pub fn encode_accept(accept: &Accept) -> Vec<u8> {
    proto::Accept {
        exchange: copy(&accept.exchange.0),
        offer_hash: copy(&accept.offer_hash),
        padded_size: Some(accept.padded_size),
        nonce: copy(&accept.nonce.0),
        made: Some(accept.made.0),
    }
    .encode_to_vec()
}

/// Decodes an accept's bytes, which must be its one encoding. Its terms are not judged: `decide_accept` of `overlap-coalition` does that.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_accept(bytes: &[u8]) -> Result<Accept, WireError> {
    let fields = Fields("Accept");
    let accept = decode::<proto::Accept>(fields, bytes)?;
    let accept = Accept {
        exchange: ExchangeId(fields.exact("exchange", &accept.exchange)?),
        offer_hash: fields.exact("offer_hash", &accept.offer_hash)?,
        padded_size: fields.present("padded_size", accept.padded_size)?,
        nonce: Nonce(fields.exact("nonce", &accept.nonce)?),
        made: fields.time("made", accept.made)?,
    };
    check_encoding(fields, bytes, &encode_accept(&accept))?;
    Ok(accept)
}

/// Encodes a receipt.
pub fn encode_receipt(receipt: &Receipt) -> Vec<u8> {
    proto::Receipt {
        exchange: copy(&receipt.exchange.0),
        initiator: receipt.initiator.to_string(),
        responder: receipt.responder.to_string(),
        agreement: copy(&receipt.agreement.0),
        offer_hash: copy(&receipt.offer_hash),
        accept_hash: copy(&receipt.accept_hash),
        mode: receipt.mode.number().into(),
        learns: Some(encode_learns(&receipt.learns)),
        initiator_size: Some(receipt.initiator_size),
        responder_size: Some(receipt.responder_size),
        matches: receipt.matches,
        transcript: copy(&receipt.transcript),
        began: Some(receipt.began.0),
        ended: Some(receipt.ended.0),
    }
    .encode_to_vec()
}

/// Decodes a receipt's bytes, which must be its one encoding.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_receipt(bytes: &[u8]) -> Result<Receipt, WireError> {
    let fields = Fields("Receipt");
    let receipt = decode::<proto::Receipt>(fields, bytes)?;
    let (initiator, responder) = decode_members(fields, &receipt.initiator, &receipt.responder)?;
    let receipt = Receipt {
        exchange: ExchangeId(fields.exact("exchange", &receipt.exchange)?),
        agreement: AgreementHash(fields.exact("agreement", &receipt.agreement)?),
        offer_hash: fields.exact("offer_hash", &receipt.offer_hash)?,
        accept_hash: fields.exact("accept_hash", &receipt.accept_hash)?,
        mode: fields.known("mode", receipt.mode, Mode::from_number)?,
        learns: decode_learns(fields, receipt.learns, [&initiator, &responder])?,
        initiator_size: fields.present("initiator_size", receipt.initiator_size)?,
        responder_size: fields.present("responder_size", receipt.responder_size)?,
        matches: receipt.matches,
        transcript: fields.exact("transcript", &receipt.transcript)?,
        began: fields.time("began", receipt.began)?,
        ended: fields.time("ended", receipt.ended)?,
        initiator,
        responder,
    };
    check_encoding(fields, bytes, &encode_receipt(&receipt))?;
    Ok(receipt)
}

/// Encodes a document with its signatures, as it stands in a file.
pub fn encode_signed(document: &SignedDocument) -> Vec<u8> {
    signed_message(document).encode_to_vec()
}

/// Decodes a document with its signatures; nothing is verified.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_signed(bytes: &[u8]) -> Result<SignedDocument, WireError> {
    let fields = Fields("SignedDocument");
    check_counts(fields.0, bytes, SIGNED_SHAPE)?;
    let message = decode::<proto::SignedDocument>(fields, bytes)?;
    fields.ensure(!message.document.is_empty(), "document", "is missing")?;
    let signatures = message.signatures.iter().map(decode_signature).collect::<Result<Vec<_>, _>>()?;
    // One that does not verify must not stand in for one that does, and nobody signs twice.
    let keys: BTreeSet<_> = signatures.iter().map(|signature| signature.key).collect();
    fields.ensure(keys.len() == signatures.len(), "signatures", "has two of one key")?;
    Ok(SignedDocument { bytes: message.document.into(), signatures })
}

/// A signed document as prost's type.
pub(crate) fn signed_message(document: &SignedDocument) -> proto::SignedDocument {
    proto::SignedDocument {
        document: copy(&document.bytes),
        signatures: document.signatures.iter().map(encode_signature).collect(),
    }
}

/// Encodes a signature.
pub(crate) fn encode_signature(signature: &Signature) -> proto::Signature {
    proto::Signature { key: copy(&signature.key.0), signature: copy(&signature.bytes) }
}

/// Decodes a signature; it is not verified.
pub(crate) fn decode_signature(signature: &proto::Signature) -> Result<Signature, WireError> {
    let fields = Fields("Signature");
    Ok(Signature {
        key: PublicKey(fields.exact("key", &signature.key)?),
        bytes: fields.exact("signature", &signature.signature)?,
    })
}

/// Checks that a document says what was decoded of it and nothing else. Protobuf passes over unknown fields and takes the last of
/// several, so without this a member could have the other sign, and both keep as evidence, what neither of them has read.
fn check_encoding(fields: Fields, bytes: &[u8], encoded: &[u8]) -> Result<(), WireError> {
    if bytes == encoded { Ok(()) } else { Err(WireError::NotCanonical(fields.0)) }
}

/// Decodes one of prost's types.
pub(crate) fn decode<M: prost::Message + Default>(fields: Fields, bytes: &[u8]) -> Result<M, WireError> {
    M::decode(bytes).map_err(|_| WireError::Malformed(fields.0))
}

/// Bytes of our own.
pub(crate) fn copy(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
