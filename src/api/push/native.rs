//! Events as this node writes them itself: JSON.

use overlap_indicator::Pap;
use overlap_store::{Event, EventBody, ExchangeRecord, Notice};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::shown::cut;
use crate::rfc3339::rfc3339;

/// Something that happened at this node.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event, example = json!({
    "id": "0006608b8dc5e0c0", "type": "overlap.found", "time": "2026-11-18T11:06:40Z", "node": "police", "peer": "payments",
    "data": {"kind": "domain", "facet": "host", "value": "Example[.]org", "canonical": "example.org", "tlp": "amber",
        "exchange": "00112233445566778899aabbccddeeff"}
}))]
pub(crate) struct EventItem {
    /// Its id: later ones are greater, as texts too.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    id: String,
    /// What kind, such as `overlap.found`.
    #[serde(rename = "type")]
    event_type: &'static str,
    /// When, by this node's clock.
    #[schema(format = "date-time")]
    time: String,
    /// This node's member.
    node: String,
    /// The partner whom it is about; null where it is about none.
    peer: Option<String>,
    /// What happened, as its type has it.
    #[schema(value_type = Object)]
    data: Value,
}

impl EventItem {
    /// An event whose values have `most` bytes at most.
    pub(crate) fn new(event: &Event, node: &str, most: usize) -> Self {
        Self {
            id: event.id.to_string(),
            event_type: event.event_type.as_str(),
            time: rfc3339(event.time),
            node: node.to_owned(),
            peer: event.peer.as_ref().map(ToString::to_string),
            data: data(&event.body, most),
        }
    }

    /// As JSON in one line.
    pub(crate) fn json(&self) -> String {
        // A struct of texts and numbers always encodes.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn data(body: &EventBody, most: usize) -> Value {
    match body {
        EventBody::Overlap(row) => json!({
            "kind": row.kind.as_str(),
            "facet": row.facet.as_str(),
            "value": cut(row.raw.reveal(), most),
            "canonical": cut(row.canonical.reveal(), most),
            "tlp": row.tlp.to_string(),
            "pap": row.pap.map(Pap::as_str),
            "exchange": row.exchange.to_string(),
        }),
        EventBody::Exchange(record) => exchange(record, most),
        EventBody::Notice(Notice::RosterAlarm { version }) => json!({ "version": version }),
        EventBody::Notice(Notice::CertificateExpiring { peer, ends }) => json!({
            "own": peer.is_none(),
            "ends": rfc3339(*ends),
        }),
        EventBody::Notice(_) => json!({}),
    }
}

fn exchange(record: &ExchangeRecord, most: usize) -> Value {
    let failure = record.failure.as_ref().map(|failure| {
        json!({
            "code": failure.code.as_str(),
            "by": failure.by,
            "sentence": cut(&failure.sentence, most),
            "retry_after": failure.retry_after,
        })
    });
    json!({
        "exchange": record.id.to_string(),
        "role": record.side.as_str(),
        "state": record.state.as_str(),
        "engine": record.engine.as_str(),
        "mode": record.mode.as_str(),
        "purpose": cut(&record.purpose, most),
        "case": cut(&record.case_reference, most),
        "own_size": record.own_size,
        "peer_size": record.peer_size,
        "matches": record.matches,
        "began": rfc3339(record.began),
        "failure": failure,
    })
}
