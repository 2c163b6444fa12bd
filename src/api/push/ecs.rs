//! Events in the Elastic Common Schema.
//!
//! An overlap is an enrichment (`event.kind`) with the indicator in `threat.indicator`, where Elastic's indicator-match rules look for it. What the
//! schema has no field for stands under `overlapd`, a field set of this program's own. Kinds that the schema's list of indicator types lacks have a
//! type of their own and their value in `threat.indicator.name`: the list is what is expected, not what is enforced.

use std::net::IpAddr;

use overlap_indicator::{Kind, Tlp};
use overlap_store::{Event, EventBody, EventType, OverlapRow};
use serde_json::{Map, Value, json};
use url::Url;

use super::shown::{cut, fields, sentence};
use crate::rfc3339::rfc3339;

/// The version of the schema whose fields are used.
const VERSION: &str = "8.11.0";

/// An event as one JSON document; values have `most` bytes at most.
pub(crate) fn ecs(event: &Event, node: &str, most: usize) -> Value {
    let mut document = json!({
        "@timestamp": rfc3339(event.time),
        "ecs": { "version": VERSION },
        "message": sentence(event, most),
        "event": event_set(event),
        "overlapd": own_set(event, node, most),
    });
    if let (EventBody::Overlap(row), Some(document)) = (&event.body, document.as_object_mut()) {
        document.insert("threat".to_owned(), threat(row, node, most));
        if let Some(related) = related(row, most) {
            document.insert("related".to_owned(), related);
        }
    }
    document
}

fn event_set(event: &Event) -> Value {
    let (kind, category, types, outcome) = categories(event.event_type);
    let dataset = match event.event_type {
        EventType::OverlapFound => "overlapd.overlap",
        _ => "overlapd.node",
    };
    let mut set = json!({
        "id": event.id.to_string(), "kind": kind, "category": [category], "type": types,
        "action": event.event_type.as_str(), "module": "overlapd", "provider": "overlapd", "dataset": dataset,
        "created": rfc3339(event.time),
    });
    if let (Some(outcome), Some(set)) = (outcome, set.as_object_mut()) {
        set.insert("outcome".to_owned(), outcome.into());
    }
    set
}

type Categories = (&'static str, &'static str, &'static [&'static str], Option<&'static str>);

/// `event.kind`, `event.category`, `event.type` and `event.outcome`.
const fn categories(event_type: EventType) -> Categories {
    match event_type {
        EventType::OverlapFound => ("enrichment", "threat", &["indicator"], None),
        EventType::ExchangeCompleted => ("event", "network", &["connection", "end"], Some("success")),
        EventType::ExchangeRefused => ("event", "network", &["connection", "denied"], Some("failure")),
        EventType::ExchangeFailed | EventType::ExchangeUnsigned => {
            ("event", "network", &["connection", "end"], Some("failure"))
        }
        EventType::RosterAlarm => ("alert", "configuration", &["change"], None),
        EventType::PartnerSuspended | EventType::PartnerRevoked | EventType::PartnerReinstated => {
            ("event", "configuration", &["change"], None)
        }
        EventType::CertificateExpiring => ("event", "configuration", &["info"], None),
    }
}

fn own_set(event: &Event, node: &str, most: usize) -> Value {
    let mut set: Map<String, Value> =
        fields(event, most).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    set.insert("node".to_owned(), node.into());
    if let Some(peer) = &event.peer {
        set.insert("peer".to_owned(), peer.as_str().into());
    }
    Value::Object(set)
}

fn threat(row: &OverlapRow, node: &str, most: usize) -> Value {
    let mut indicator = json!({
        "type": indicator_type(row),
        "name": cut(row.canonical.reveal(), most),
        "id": [row.uuid().to_string()],
        "description": format!("held by {} too, found by its {}", row.peer, row.facet),
        "modified_at": rfc3339(row.found),
        "provider": node,
        "marking": { "tlp": tlp(row.tlp), "tlp_version": "2.0" },
    });
    if let (Some((name, set)), Some(indicator)) = (observable(row, most), indicator.as_object_mut()) {
        indicator.insert(name.to_owned(), set);
    }
    json!({ "indicator": indicator, "feed": { "name": "overlapd", "description": "Overlaps with partners" } })
}

const fn tlp(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "CLEAR",
        Tlp::Green => "GREEN",
        Tlp::Amber => "AMBER",
        Tlp::AmberStrict => "AMBER+STRICT",
        Tlp::Red => "RED",
    }
}

fn indicator_type(row: &OverlapRow) -> &'static str {
    match row.kind {
        Kind::Url => "url",
        Kind::Domain | Kind::Onion => "domain-name",
        Kind::Ip => match row.canonical.reveal().parse() {
            Ok(IpAddr::V6(_)) => "ipv6-addr",
            _ => "ipv4-addr",
        },
        Kind::Email => "email-addr",
        Kind::FileHash => "file",
        Kind::Account | Kind::Handle => "user-account",
        Kind::Phone => "phone-number",
        Kind::Wallet => "cryptocurrency-wallet",
        Kind::Merchant => "merchant",
        Kind::Iban => "bank-account",
        Kind::Infohash => "bittorrent-infohash",
        Kind::Newsgroup => "newsgroup",
    }
}

/// The field set under `threat.indicator` that has the value, where the schema has one.
fn observable(row: &OverlapRow, most: usize) -> Option<(&'static str, Value)> {
    let canonical = row.canonical.reveal();
    match row.kind {
        Kind::Url => Some(("url", url_set(canonical, row.raw.reveal(), most))),
        Kind::Domain => Some(("url", json!({ "domain": cut(canonical, most) }))),
        Kind::Onion => Some(("url", json!({ "domain": format!("{canonical}.onion") }))),
        Kind::Ip => Some(("ip", canonical.into())),
        Kind::Email => Some(("email", json!({ "address": cut(canonical, most) }))),
        Kind::FileHash => {
            let (algorithm, hash) = canonical.split_once(':')?;
            Some(("file", json!({ "hash": { algorithm: hash } })))
        }
        _ => None,
    }
}

fn url_set(canonical: &str, raw: &str, most: usize) -> Value {
    let mut set = Map::new();
    let mut put = |name: &str, value: Value| drop(set.insert(name.to_owned(), value));
    put("full", cut(canonical, most).into());
    put("original", cut(raw, most).into());
    if let Ok(url) = Url::parse(canonical) {
        put("scheme", url.scheme().into());
        put("path", cut(url.path(), most).into());
        url.host_str().into_iter().for_each(|host| put("domain", host.into()));
        url.port_or_known_default().into_iter().for_each(|port| put("port", port.into()));
        url.query().into_iter().for_each(|query| put("query", cut(query, most).into()));
    }
    Value::Object(set)
}

fn related(row: &OverlapRow, most: usize) -> Option<Value> {
    let canonical = row.canonical.reveal();
    match row.kind {
        Kind::Ip => Some(json!({ "ip": [canonical] })),
        Kind::Domain => Some(json!({ "hosts": [cut(canonical, most)] })),
        Kind::Onion => Some(json!({ "hosts": [format!("{canonical}.onion")] })),
        Kind::FileHash => Some(json!({ "hash": [canonical.split_once(':')?.1] })),
        _ => None,
    }
}
