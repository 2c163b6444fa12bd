//! The forms of events: every kind and type, hostile texts, and what readers get back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use overlap_coalition::ExchangeId;
use overlap_indicator::{Facet, Indicator, Kind, Pap, Rules, SecretText, Tlp};
use overlap_store::{
    Event, EventBody, EventFilter, EventId, EventType, ExchangeState, IndicatorId, Notice, OverlapRow,
};
use proptest::prelude::*;
use serde_json::Value;

use super::cef::{cef, extension_escaped, header_escaped};
use super::ecs::ecs;
use super::native::EventItem;
use super::rfc5424::{message, parameter_escaped};
use super::settings::{SyslogFormat, SyslogSettings, Transport};
use super::shown::{WHOLE, plain};
use crate::rfc3339::parse_rfc3339;
use crate::testing::{NOW, exchange, member};

/// An indicator of each kind, as somebody writes it, with its facet and its type in the Elastic Common Schema.
const KINDS: [(Kind, &str, Facet, &str); 15] = [
    (Kind::Url, "hxxps://Shop.example:8443/a%20b?q=1&r=\"", Facet::Url, "url"),
    (Kind::Domain, "www.Example[.]org", Facet::Host, "domain-name"),
    (
        Kind::Onion,
        "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
        Facet::Onion,
        "domain-name",
    ),
    (Kind::Ip, "198.51.100.7", Facet::Ip, "ipv4-addr"),
    (Kind::Ip, "2001:DB8::1", Facet::Ip, "ipv6-addr"),
    (Kind::Email, "Some.One@mail.example", Facet::Email, "email-addr"),
    (Kind::Phone, "+31 20 123 4567", Facet::Phone, "phone-number"),
    (Kind::Wallet, "btc:1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", Facet::Wallet, "cryptocurrency-wallet"),
    (Kind::Merchant, "visa:123456/ABC1", Facet::Merchant, "merchant"),
    (Kind::Iban, "NL91 ABNA 0417 1643 00", Facet::Iban, "bank-account"),
    (Kind::Account, "shop:17", Facet::Account, "user-account"),
    (Kind::Handle, "telegram:@Some_One", Facet::Handle, "user-account"),
    (Kind::Infohash, "C12FE1C06BBA254A9DC9F519B335AA7C1367A88A", Facet::Infohash, "bittorrent-infohash"),
    (Kind::FileHash, "D41D8CD98F00B204E9800998ECF8427E", Facet::FileHash, "file"),
    (Kind::Newsgroup, "alt.Example.test", Facet::Newsgroup, "newsgroup"),
];

fn overlap(kind: Kind, raw: &str, canonical: &str, facet: Facet) -> Event {
    let row = OverlapRow {
        peer: member("payments"),
        indicator: IndicatorId([1; 16]),
        kind,
        facet,
        raw: SecretText::new(raw),
        canonical: SecretText::new(canonical),
        exchange: ExchangeId([2; 16]),
        found: NOW,
        tlp: Tlp::AmberStrict,
        pap: None,
        imported: NOW,
        added: NOW * 1_000_000,
        is_first: true,
    };
    Event {
        id: EventId(row.added),
        event_type: EventType::OverlapFound,
        time: NOW,
        peer: Some(row.peer.clone()),
        body: EventBody::Overlap(Box::new(row)),
    }
}

fn of_kind((kind, raw, facet, _): (Kind, &str, Facet, &str)) -> Event {
    let indicator = Indicator::parse(kind, raw, &Rules::default()).unwrap();
    overlap(kind, raw, indicator.canonical().reveal(), facet)
}

/// An event of every other type.
fn others() -> Vec<Event> {
    let event = |event_type, body, peer| Event { id: EventId(77), event_type, time: NOW, peer, body };
    let ended = |event_type, state| {
        event(event_type, EventBody::Exchange(Box::new(exchange(3, state))), Some(member("payments")))
    };
    let notices = [
        Notice::RosterAlarm { version: 4 },
        Notice::PartnerSuspended(member("payments")),
        Notice::PartnerRevoked(member("payments")),
        Notice::PartnerReinstated(member("payments")),
        Notice::CertificateExpiring { peer: None, ends: NOW + 60 },
    ];
    let mut events = vec![
        ended(EventType::ExchangeCompleted, ExchangeState::Completed),
        ended(EventType::ExchangeRefused, ExchangeState::Refused),
        ended(EventType::ExchangeFailed, ExchangeState::Failed),
        ended(EventType::ExchangeUnsigned, ExchangeState::Learned),
    ];
    events.extend(notices.map(|notice| {
        let peer = notice.peer().cloned();
        event(notice.event_type(), EventBody::Notice(notice), peer)
    }));
    events
}

fn everything() -> Vec<Event> {
    KINDS.into_iter().map(of_kind).chain(others()).collect()
}

#[test]
fn the_samples_are_of_every_type_and_kind() {
    for event_type in EventType::ALL {
        assert!(everything().iter().any(|event| event.event_type == event_type), "{event_type}");
    }
    for kind in Kind::ALL {
        assert!(KINDS.iter().any(|(of, ..)| *of == kind), "{kind}");
    }
}

/// The leaves of a document, by their dotted names; of an array every element.
fn leaves(name: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                leaves(&name, value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| leaves(name, value, found)),
        value => found.push((name.to_owned(), value.clone())),
    }
}

fn fits(field: &Value, value: &Value) -> bool {
    match (field, value) {
        (Value::Array(allowed), value) => allowed.contains(value),
        (Value::String(of), Value::String(text)) => match of.as_str() {
            "date" => parse_rfc3339(text).is_some(),
            "ip" => text.parse::<IpAddr>().is_ok(),
            "keyword" | "text" => !text.is_empty(),
            _ => false,
        },
        (Value::String(of), value) => of == "long" && value.is_u64(),
        _ => false,
    }
}

#[test]
fn documents_have_fields_of_the_schema_with_its_types_and_no_others() {
    let table: BTreeMap<String, Value> = serde_json::from_str(include_str!("ecs_fields.json")).unwrap();
    let mut used = std::collections::BTreeSet::new();
    for event in everything() {
        let mut found = Vec::new();
        leaves("", &ecs(&event, "police", WHOLE), &mut found);
        for (name, value) in found.into_iter().filter(|(name, _)| !name.starts_with("overlapd.")) {
            let field = table.get(&name).unwrap_or_else(|| panic!("{name} is no field of the table"));
            assert!(fits(field, &value), "{name}: {value} is not {field}");
            used.insert(name);
        }
        for name in ["@timestamp", "ecs.version", "event.kind", "event.category", "event.type"] {
            assert!(used.contains(name), "{name}");
        }
    }
    // Two that only other hashes have.
    let unused: Vec<_> = table.keys().filter(|name| !used.contains(*name)).collect();
    assert_eq!(unused, ["threat.indicator.file.hash.sha1", "threat.indicator.file.hash.sha256"]);
}

#[test]
fn every_kind_is_an_indicator_of_its_type() {
    for sample in KINDS {
        let document = ecs(&of_kind(sample), "police", WHOLE);
        assert_eq!(document["event"]["kind"], "enrichment");
        let indicator = &document["threat"]["indicator"];
        assert_eq!(indicator["type"], sample.3, "{}", sample.0);
        assert!(indicator["name"].is_string() && indicator["id"].is_array());
        assert_eq!(indicator["marking"]["tlp"], "AMBER+STRICT");
        assert_eq!(document["overlapd"]["peer"], "payments");
    }
    let url = &ecs(&of_kind(KINDS[0]), "police", WHOLE)["threat"]["indicator"]["url"];
    assert_eq!(url["full"], "https://shop.example:8443/a%20b?q=1&r=%22");
    assert_eq!((&url["domain"], &url["port"]), (&"shop.example".into(), &8443.into()));
    assert_eq!(url["original"], KINDS[0].1);
}

#[test]
fn native_events_say_all_that_the_interface_promises() {
    let event = serde_json::to_value(EventItem::new(&of_kind(KINDS[1]), "police", WHOLE)).unwrap();
    let expected = serde_json::json!({
        "id": "000660859a8fd000", "type": "overlap.found", "time": "2026-11-18T11:06:40Z", "node": "police",
        "peer": "payments",
        "data": {"kind": "domain", "facet": "host", "value": "www.Example[.]org", "canonical": "www.example.org",
            "tlp": "amber+strict", "pap": null, "exchange": "02020202020202020202020202020202"}
    });
    assert_eq!(event["data"], expected["data"]);
    for name in ["type", "time", "node", "peer"] {
        assert_eq!(event[name], expected[name]);
    }
    assert_eq!(event["id"], format!("{:016x}", NOW * 1_000_000));
}

#[test]
fn every_form_tells_what_may_be_done() {
    let mut event = of_kind(KINDS[1]);
    if let EventBody::Overlap(row) = &mut event.body {
        row.pap = Some(Pap::Red);
    }
    let native = serde_json::to_value(EventItem::new(&event, "police", WHOLE)).unwrap();
    assert_eq!(native["data"]["pap"], "red");
    assert_eq!(ecs(&event, "police", WHOLE)["overlapd"]["pap"], "red");
    let pairs = cef_pairs(&cef(&event, "police", WHOLE));
    assert_eq!((pairs["flexString1Label"].as_str(), pairs["flexString1"].as_str()), ("pap", "red"));
    assert_eq!(pairs["cs6Label"], "exchange");
    let message = message(&event, "police", &syslog(SyslogFormat::Rfc5424, 8_192));
    assert!(String::from_utf8_lossy(message.as_ref()).contains(" pap=\"red\""));
}

#[test]
fn cef_lines_have_seven_parts_and_keys_of_the_dictionary() {
    for event in everything() {
        let line = cef(&event, "police", WHOLE);
        assert_eq!(
            line.matches('|').count() - line.matches("\\|").count() - extension_pipes(&line),
            7,
            "{line}"
        );
        assert!(line.starts_with("CEF:0|overlapd|overlapd|"), "{line}");
        assert!(!line.chars().any(char::is_control));
        let pairs = cef_pairs(&line);
        assert_eq!(pairs["rt"], (NOW * 1_000).to_string());
        assert!(pairs["externalId"].len() <= 40 && pairs["msg"].len() <= 1_023);
        assert!(pairs.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
    let pairs = cef_pairs(&cef(&of_kind(KINDS[3]), "police", WHOLE));
    assert_eq!(
        (pairs["dst"].as_str(), pairs["cs1Label"].as_str(), pairs["cs1"].as_str()),
        ("198.51.100.7", "peer", "payments")
    );
    let pairs = cef_pairs(&cef(&of_kind(KINDS[4]), "police", WHOLE));
    assert_eq!(pairs["c6a3"], "2001:db8::1");
}

/// Pipes in the extension, where they are not escaped.
fn extension_pipes(line: &str) -> usize {
    line.splitn(8, '|').nth(7).unwrap().matches('|').count()
}

/// The pairs of a line's extension, read as the format says.
fn cef_pairs(line: &str) -> BTreeMap<String, String> {
    let extension = line.splitn(8, '|').nth(7).unwrap();
    let (mut pairs, mut key, mut value) = (BTreeMap::new(), String::new(), String::new());
    let (mut chars, mut in_key) = (extension.chars(), true);
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.push(match chars.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                other => other,
            }),
            '=' if in_key => in_key = false,
            '=' => {
                // What stood after the last space is the next key.
                let (of, next) = value.rsplit_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
                pairs.insert(std::mem::replace(&mut key, next), of);
                value.clear();
            }
            c if in_key => key.push(c),
            c => value.push(c),
        }
    }
    pairs.insert(key, value);
    pairs
}

#[test]
fn escapes_are_those_of_the_guides() {
    assert_eq!(header_escaped("a|b\\c=d\ne"), "a\\|b\\\\c=d\u{fffd}e");
    assert_eq!(extension_escaped("a|b\\c=d\ne\rf\0g"), "a|b\\\\c\\=d\\ne\\rf\u{fffd}g");
    assert_eq!(parameter_escaped("a\"b\\c]d=e[f\ng\0"), "a\\\"b\\\\c\\]d=e[f\u{fffd}g\u{fffd}");
}

fn syslog(format: SyslogFormat, longest: usize) -> SyslogSettings {
    SyslogSettings {
        name: "siem".into(),
        host: "localhost".into(),
        port: 514,
        transport: Transport::Udp,
        format,
        filter: EventFilter::default(),
        facility: 16,
        enterprise: 32_473,
        hostname: "police".into(),
        longest,
        longest_wait: std::time::Duration::from_secs(1),
        from_start: false,
    }
}

#[test]
fn a_message_has_the_header_of_the_standard() {
    let text = message(&of_kind(KINDS[1]), "police", &syslog(SyslogFormat::Rfc5424, 8_192));
    let expected = format!(
        "<133>1 2026-11-18T11:06:40Z police overlapd {} overlap.found [overlapd@32473 id=\"{:016x}\" node=\"police\" peer=\"payments\" kind=\"domain\" facet=\"host\" value=\"www.Example[.\\]org\" canonical=\"www.example.org\" tlp=\"amber+strict\" exchange=\"02020202020202020202020202020202\"] \u{feff}payments holds the domain www.example.org too, by its host",
        std::process::id(),
        NOW * 1_000_000
    );
    assert_eq!(text, expected);
}

#[test]
fn long_values_are_cut_and_json_stays_json() {
    let long = format!("shop:{}", "é\"\\|=]\n".repeat(10_000));
    let event = overlap(Kind::Account, &long, &long, Facet::Account);
    for longest in [480, 2_048, 8_192] {
        for format in [SyslogFormat::Rfc5424, SyslogFormat::Cef, SyslogFormat::Ecs] {
            let text = message(&event, "police", &syslog(format, longest));
            // What a form has beside values: the Elastic one the most.
            let least = if format == SyslogFormat::Ecs { 2_048 } else { 700 };
            assert!(text.len() <= longest.max(least), "{format:?} {longest}: {}", text.len());
            assert!(!text.chars().any(char::is_control));
            if format == SyslogFormat::Ecs {
                let json = text.split_once(" - ").unwrap().1;
                let document: Value = serde_json::from_str(json).unwrap();
                assert!(document["threat"]["indicator"]["name"].as_str().unwrap().starts_with("shop:é"));
            }
        }
    }
}

/// Takes a parameter's escapes off again.
fn parameter_read(text: &str) -> Option<String> {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| "\"\\]".contains(*c))?),
            '"' | ']' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

proptest! {
    #[test]
    fn any_text_comes_back_from_a_parameter(text in any::<String>()) {
        prop_assert_eq!(parameter_read(&parameter_escaped(&text)), Some(plain(&text)));
    }

    #[test]
    fn any_text_comes_back_from_cef(text in any::<String>()) {
        let line = format!("CEF:0|a|b|c|d|e|5|msg={} end=1", extension_escaped(&text));
        let kept: String =
            text.chars().map(|c| if c.is_control() && !"\n\r".contains(c) { '\u{fffd}' } else { c }).collect();
        prop_assert_eq!(&cef_pairs(&line)["msg"], &kept);
    }

    #[test]
    fn any_text_is_one_part_of_a_header(text in any::<String>()) {
        let escaped = header_escaped(&text);
        prop_assert!(!escaped.chars().any(char::is_control));
        let unescaped = escaped.replace("\\|", "").replace("\\\\", "");
        prop_assert!(!unescaped.contains('|'));
    }

    #[test]
    fn whatever_a_value_is_every_form_is_one_line(text in any::<String>(), canonical in any::<String>()) {
        let event = overlap(Kind::Handle, &text, &canonical, Facet::Handle);
        for format in [SyslogFormat::Rfc5424, SyslogFormat::Cef, SyslogFormat::Ecs] {
            let line = message(&event, "police", &syslog(format, 8_192));
            prop_assert!(!line.contains(['\n', '\r', '\0']));
        }
        let json = EventItem::new(&event, "police", WHOLE).json();
        prop_assert!(!json.contains(['\n', '\r', '\0']));
        let back: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back["data"]["value"].as_str(), Some(text.as_str()));
    }
}
