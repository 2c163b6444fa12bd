//! `overlapd receipts`

use std::path::Path;

use clap::{Args, Subcommand};
use data_encoding::{BASE64, HEXLOWER};
use overlap_coalition::{Learns, MemberId, PublicKey, Receipt, Signature, SignedDocument, VerifiedRoster};
use overlap_wire::decode_receipt;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Context;
use crate::client::encoded;
use crate::clock;
use crate::config::Config;
use crate::exit::{CommandError, Exit};
use crate::files;
use crate::output::number_text;
use crate::pages::Pages;
use crate::receipt_check;
use crate::secretariat::{self, SecretariatError};

/// List receipts, or verify one
///
/// A receipt is the record of one exchange, signed by both members.
#[derive(Debug, Args)]
#[command(
    after_long_help = "\
Examples:
  overlapd receipts
  overlapd receipts --peer payments --json > receipts.ndjson",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct ReceiptsArgs {
    /// Of exchanges with this partner only
    #[arg(long, value_parser = super::parse_member)]
    peer: Option<MemberId>,
    #[command(subcommand)]
    command: Option<ReceiptsCommand>,
}

#[derive(Debug, Subcommand)]
enum ReceiptsCommand {
    /// Check both signatures of a receipt against the roster, and show what it records
    ///
    /// The receipt is an exchange's id, which the node is asked for, or a file with one line of `receipts --json`. The
    /// roster is that of the config, and must be signed by the secretariat that the config names; it may have expired.
    #[command(after_long_help = "\
Examples:
  overlapd receipts verify 00112233445566778899aabbccddeeff
  overlapd receipts verify receipt.json --config node.toml")]
    Verify {
        /// An exchange's id, or a file
        receipt: String,
    },
}

/// A receipt, as the API gives it.
#[derive(Debug, Serialize, Deserialize)]
struct ReceiptLine {
    exchange: String,
    peer: String,
    document: String,
    signatures: Vec<SignatureLine>,
    complete: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct SignatureLine {
    key: String,
    signature: String,
}

pub(crate) async fn run(context: &Context, args: ReceiptsArgs) -> Result<Exit, CommandError> {
    match args.command {
        None => list(context, args.peer.as_ref()).await,
        Some(ReceiptsCommand::Verify { receipt }) => verify(context, &receipt).await,
    }
}

async fn list(context: &Context, peer: Option<&MemberId>) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let pages = Pages::new(&client, "/api/v1/receipts", &[("peer", peer.map(MemberId::as_str))]);
    let rows = pages.rows(&context.output, row).await?;
    if !context.output.is_json() {
        context.output.table(&["EXCHANGE", "PEER", "ENDED", "MATCHES", "SIGNED BY"], &rows)?;
    }
    Ok(Exit::Done)
}

fn row(line: ReceiptLine) -> Vec<String> {
    let receipt = BASE64.decode(line.document.as_bytes()).ok().and_then(|bytes| decode_receipt(&bytes).ok());
    let ended = receipt.as_ref().map_or("-".to_owned(), |receipt| clock::rfc3339(receipt.ended));
    let matches = receipt.and_then(|receipt| receipt.matches).map_or("-".to_owned(), number_text);
    let signed = if line.complete { "both" } else { "one" };
    vec![line.exchange, line.peer, ended, matches, signed.to_owned()]
}

async fn verify(context: &Context, named: &str) -> Result<Exit, CommandError> {
    let line: ReceiptLine = if is_exchange_id(named) {
        context.client()?.get(&format!("/api/v1/receipts/{}", encoded(named))).await?
    } else {
        let text = files::read_text(Path::new(named))?;
        serde_json::from_str(text.trim()).map_err(|_| {
            CommandError::failed(format!("{named} is no receipt: one line of `receipts --json`"))
        })?
    };
    let config = context.config()?;
    let roster = trusted_roster(&config)?;
    let (receipt, document) = decoded(&line)?;
    receipt_check::check(&receipt, &document, roster.roster()).map_err(CommandError::failed)?;
    tell(context, &receipt)?;
    Ok(Exit::Done)
}

/// The roster of the config's file, signed by the secretariat that the config names: the file alone proves nothing of who
/// signed a receipt. One that has expired still says whose keys were whose.
fn trusted_roster(config: &Config) -> Result<VerifiedRoster, CommandError> {
    let document = secretariat::read(&config.roster.file)?;
    secretariat::verify_even_if_expired(&document, config).map_err(|error| {
        let file = config.roster.file.display();
        CommandError::failed(format!(
            "{file} is not to be trusted: {error}; [roster] names the secretariat's keys"
        ))
    })
}

fn is_exchange_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn decoded(line: &ReceiptLine) -> Result<(Receipt, SignedDocument), CommandError> {
    let garbled =
        || CommandError::failed("the receipt cannot be read: its document or signatures are garbled");
    let bytes = BASE64.decode(line.document.as_bytes()).map_err(|_| garbled())?;
    let signatures: Option<Vec<_>> = line.signatures.iter().map(signature).collect();
    let receipt = decode_receipt(&bytes).map_err(SecretariatError::from)?;
    Ok((receipt, SignedDocument { bytes, signatures: signatures.ok_or_else(garbled)? }))
}

fn signature(line: &SignatureLine) -> Option<Signature> {
    let key = HEXLOWER.decode(line.key.as_bytes()).ok()?.try_into().ok()?;
    let bytes = HEXLOWER.decode(line.signature.as_bytes()).ok()?.try_into().ok()?;
    Some(Signature { key: PublicKey(key), bytes })
}

fn tell(context: &Context, receipt: &Receipt) -> Result<(), CommandError> {
    let learns = match &receipt.learns {
        Learns::Both => "both".to_owned(),
        Learns::Only(member) => member.to_string(),
    };
    if context.output.is_json() {
        return context.output.json(&json!({
            "verified": true,
            "exchange": receipt.exchange.to_string(),
            "initiator": receipt.initiator.as_str(),
            "responder": receipt.responder.as_str(),
            "agreement": HEXLOWER.encode(&receipt.agreement.0),
            "mode": "overlap",
            "learns": learns,
            "initiator_size": receipt.initiator_size,
            "responder_size": receipt.responder_size,
            "matches": receipt.matches,
            "transcript": HEXLOWER.encode(&receipt.transcript),
            "began": clock::rfc3339(receipt.began),
            "ended": clock::rfc3339(receipt.ended),
        }));
    }
    let matches = receipt.matches.map_or("not told to both".to_owned(), number_text);
    let lines = [
        ("verified", "both signatures".to_owned()),
        ("exchange", receipt.exchange.to_string()),
        ("between", format!("{} (began it) and {}", receipt.initiator, receipt.responder)),
        (
            "sizes",
            format!(
                "{} and {}, padded",
                number_text(receipt.initiator_size),
                number_text(receipt.responder_size)
            ),
        ),
        ("learns", learns),
        ("matches", matches),
        ("began", clock::rfc3339(receipt.began)),
        ("ended", clock::rfc3339(receipt.ended)),
        ("agreement", HEXLOWER.encode(&receipt.agreement.0)),
        ("transcript", HEXLOWER.encode(&receipt.transcript)),
    ];
    lines.iter().try_for_each(|(name, value)| context.output.say(&format!("{name:<12}{value}")))
}
