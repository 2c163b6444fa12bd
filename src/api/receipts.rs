//! Receipts: the records of exchanges, with their signatures.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use overlap_coalition::Signature;
use overlap_store::{ExchangeRecord, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Problem, ProblemDocument};
use crate::request::{Params, Segment, exchange_id, not_found, page, query_peer};
use crate::state::ApiState;

/// Members who sign a receipt.
const SIGNERS: usize = 2;

/// The receipt of one exchange.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt, example = json!({
    "exchange": "00112233445566778899aabbccddeeff", "peer": "payments", "document": "ChAAESIz",
    "signatures": [{"key": "9f1c", "signature": "77aa"}], "complete": false
}))]
pub(crate) struct ReceiptItem {
    /// The exchange.
    exchange: String,
    /// The partner.
    peer: String,
    /// The bytes that were signed, in base64: a protobuf `Receipt`.
    document: String,
    /// The signatures, Ed25519 over a label and those bytes.
    signatures: Vec<SignatureItem>,
    /// Whether both members signed.
    complete: bool,
}

/// A signature.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signature)]
pub(crate) struct SignatureItem {
    /// The public key, in hex.
    key: String,
    /// The signature, in hex.
    signature: String,
}

impl From<&Signature> for SignatureItem {
    fn from(signature: &Signature) -> Self {
        let hex = data_encoding::HEXLOWER;
        Self { key: hex.encode(&signature.key.0), signature: hex.encode(&signature.bytes) }
    }
}

impl ReceiptItem {
    /// The receipt of an exchange that has one.
    fn of(record: &ExchangeRecord) -> Option<Self> {
        let receipt = record.receipt.as_ref()?;
        let signers: BTreeSet<_> = receipt.signatures.iter().map(|signature| signature.key).collect();
        Some(Self {
            exchange: record.id.to_string(),
            peer: record.peer.to_string(),
            document: data_encoding::BASE64.encode(&receipt.bytes),
            signatures: receipt.signatures.iter().map(SignatureItem::from).collect(),
            complete: signers.len() == SIGNERS,
        })
    }
}

/// Which receipts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Of exchanges with this partner only.
    #[param(schema_with = crate::schemas::member)]
    peer: Option<String>,
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of receipts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptPage {
    /// The newest first.
    items: Vec<ReceiptItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Lists receipts, those of the newest exchanges first.
#[utoipa::path(get, path = "/api/v1/receipts", tag = "receipts", params(ListParams),
    responses((status = 200, body = ReceiptPage)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(params): Params<ListParams>,
) -> Result<Json<ReceiptPage>, Problem> {
    let peer = query_peer(params.peer.as_deref())?;
    let page = page(params.limit, params.after)?;
    let Page { rows, next } = state.store(move |store| store.receipts(peer.as_ref(), &page)).await?;
    let items = rows.iter().filter_map(ReceiptItem::of).collect();
    Ok(Json(ReceiptPage { items, next: next.map(|cursor| cursor.0) }))
}

/// Shows the receipt of one exchange.
#[utoipa::path(get, path = "/api/v1/receipts/{exchange}", tag = "receipts", params(("exchange" = String, Path)), responses(
    (status = 200, body = ReceiptItem),
    (status = 404, description = "There is no such exchange, or it has no receipt.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Segment(exchange): Segment,
) -> Result<Json<ReceiptItem>, Problem> {
    let id = exchange_id(&exchange)?;
    let record = state.store(move |store| store.exchange(id)).await?;
    record.as_ref().and_then(ReceiptItem::of).map(Json).ok_or_else(|| not_found("receipt"))
}
