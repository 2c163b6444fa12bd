//! Who signs what: this node with its receipt key, a partner with a key that the roster names for it now.

use overlap_coalition::{
    DocumentKind, MemberId, Refusal, RefusalCode, Roster, Signature, SignedDocument, Timestamp,
};

use crate::fault::Fault;
use crate::live::Live;

/// Signs a document as this node.
///
/// # Errors
/// [`Fault::Refused`] where the roster does not have this node's key: no partner would take the signature.
pub(crate) fn sign(
    live: &Live,
    kind: DocumentKind,
    bytes: Vec<u8>,
    now: Timestamp,
) -> Result<SignedDocument, Fault> {
    let own = live.receipt_key.public_key();
    if !live.roster().receipt_key_valid(&live.config.own, &own, now) {
        return Err(Fault::Refused(Refusal::new(
            RefusalCode::Document,
            format!(
                "the roster does not name {}'s receipt key as valid now: have it enrolled",
                live.config.own
            ),
        )));
    }
    Ok(SignedDocument::new(kind, bytes, &live.receipt_key))
}

/// The first signature of a document that is by `member`, with a key that is valid now.
///
/// # Errors
/// There is none.
pub(crate) fn signature_by(
    roster: &Roster,
    member: &MemberId,
    kind: DocumentKind,
    document: &SignedDocument,
    now: Timestamp,
) -> Result<Signature, Fault> {
    let good = |signature: &&Signature| {
        roster.receipt_key_valid(member, &signature.key, now) && document.verify(kind, &signature.key).is_ok()
    };
    let found = document.signatures.iter().find(good).copied();
    found.ok_or_else(|| {
        Fault::document(format!("the {kind:?} is not signed with a receipt key that is valid now"))
    })
}

/// The document with only `signature` on it: what else came with it proves nothing.
pub(crate) fn signed_by(document: SignedDocument, signature: Signature) -> SignedDocument {
    SignedDocument { signatures: vec![signature], ..document }
}
