//! Receipts: who signed, and whether the signatures are right.

use axum::extract::State;
use maud::{Markup, html};
use overlap_coalition::SignedDocument;
use overlap_store::{ExchangeRecord, Page};

use super::fault::Fault;
use super::fields::Fields;
use super::guard::Visitor;
use super::layout::Frame;
use super::overlaps::short;
use super::parts::PartnerList;
use super::text::{Shown, or_none};
use super::units::{number, time};
use crate::ReceiptView;
use crate::state::{ApiState, off_thread};

/// The page's path.
pub(crate) const PATH: &str = "/console/receipts";

/// Rows on a page: each has two signatures to check.
const ROWS: u64 = 25;

/// A record that has a receipt, and what the receipt says.
type Row = (ExchangeRecord, Result<ReceiptView, String>);

/// The list.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let list = PartnerList::read(PATH, &fields)?;
    let (peer, request) = (list.peer(), list.request(ROWS)?);
    let Page { rows, next } = state.store(move |store| store.receipts(peer.as_ref(), &request)).await?;
    let rows = read(&state, rows).await?;
    let body = html! {
        h1 { "Receipts" }
        p.quiet { "The record of an exchange, signed by both members. Signatures are checked now, against the roster that this node trusts." }
        (list.filters(&state, "receipts"))
        (table(&rows))
        (list.pager(next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Receipts" }.page(body))
}

/// Checks signatures off the async threads.
async fn read(state: &ApiState, found: Vec<ExchangeRecord>) -> Result<Vec<Row>, Fault> {
    let daemon = state.shared_daemon();
    let rows = off_thread(move || {
        let documents: Vec<SignedDocument> =
            found.iter().filter_map(|record| record.receipt.clone()).collect();
        let read = daemon.read_receipts(&documents);
        found.into_iter().zip(read).collect()
    });
    Ok(rows.await?)
}

fn table(rows: &[Row]) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { "No receipt yet." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Receipts" {
            table.rows {
                caption { "Those of the newest exchanges first; times in UTC" }
                thead { tr {
                    th scope="col" { "Ended" } th scope="col" { "Exchange" } th scope="col" { "Partner" } th scope="col" { "Signatures" }
                    th.number scope="col" { "Sizes" } th.number scope="col" { "Matches" } th scope="col" { "Transcript" }
                } }
                tbody { @for (record, read) in rows { (row(record, read)) } }
            }
        }
    }
}

fn row(record: &ExchangeRecord, read: &Result<ReceiptView, String>) -> Markup {
    let receipt = read.as_ref().ok().map(|view| &view.receipt);
    html! {
        tr {
            td { @match receipt { Some(receipt) => (time(receipt.ended.0)), None => (or_none("")) } }
            td { a href=(format!("/console/exchanges/{}", record.id)) { (short(&record.id.to_string())) } }
            td.name { (Shown(record.peer.as_str())) }
            td.value { (signatures(record, read)) }
            td.number { @if let Some(receipt) = receipt { (number(receipt.initiator_size)) " and " (number(receipt.responder_size)) } }
            td.number { (receipt.and_then(|receipt| receipt.matches).map_or("–".to_owned(), number)) }
            td.mono { @if let Some(receipt) = receipt { (data_encoding::HEXLOWER.encode(&receipt.transcript[..8])) "…" } }
        }
    }
}

fn signatures(record: &ExchangeRecord, read: &Result<ReceiptView, String>) -> Markup {
    let signed = record.receipt.as_ref().map_or(0, |receipt| receipt.signatures.len());
    html! {
        @match read {
            Ok(ReceiptView { fault: None, .. }) => span.badge.good { "both signed, verified" },
            Ok(ReceiptView { fault: Some(_), .. }) if signed < 2 => span.badge.warn { "signed by one" },
            Ok(ReceiptView { fault: Some(fault), .. }) => { span.badge.bad { "not verified" } " " (Shown(fault)) }
            Err(fault) => { span.badge.bad { "cannot be read" } " " (Shown(fault)) }
        }
    }
}
