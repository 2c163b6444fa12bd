//! Whether a receipt is signed by both members with keys that the roster has for them.

use overlap_api::ReceiptView;
use overlap_coalition::{DocumentKind, Receipt, Roster, SignedDocument, VerifiedRoster};
use overlap_store::Store;
use overlap_wire::decode_receipt;

use crate::config::Config;
use crate::secretariat;

/// Checks that each member signed with a key that was its own when the exchange ended.
///
/// # Errors
/// One did not; the sentence says which.
pub(crate) fn check(receipt: &Receipt, document: &SignedDocument, roster: &Roster) -> Result<(), String> {
    for member in [&receipt.initiator, &receipt.responder] {
        let listed = roster.member(member).ok_or_else(|| format!("{member} is not in the roster"))?;
        let signed = listed
            .receipt_keys
            .iter()
            .filter(|key| roster.receipt_key_valid(member, &key.key, receipt.ended))
            .any(|key| document.verify(DocumentKind::Receipt, &key.key).is_ok());
        if !signed {
            return Err(format!("not signed by {member} with a key of the roster"));
        }
    }
    Ok(())
}

/// Reads receipts and checks them against the roster in force. One that has expired still says whose keys were whose.
pub(crate) fn read(
    receipts: &[SignedDocument],
    store: &dyn Store,
    config: &Config,
) -> Vec<Result<ReceiptView, String>> {
    let roster = match trusted_roster(store, config) {
        Ok(roster) => roster,
        Err(why) => return receipts.iter().map(|_| Err(why.clone())).collect(),
    };
    let read = |document: &SignedDocument| {
        let receipt = decode_receipt(&document.bytes).map_err(|error| error.to_string())?;
        let fault = check(&receipt, document, roster.roster()).err();
        Ok(ReceiptView { receipt, fault })
    };
    receipts.iter().map(read).collect()
}

fn trusted_roster(store: &dyn Store, config: &Config) -> Result<VerifiedRoster, String> {
    let stored = store.roster().map_err(|error| error.to_string())?;
    let (document, ..) = stored.ok_or_else(|| "this node has no roster".to_owned())?;
    secretariat::verify_even_if_expired(&document, config).map_err(|error| error.to_string())
}
