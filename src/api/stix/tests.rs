//! The objects, byte by byte.

use overlap_coalition::ExchangeId;
use overlap_indicator::{Context, Facet, Indicator, Kind, Pap, Rules, SecretText, Tlp};
use overlap_store::{IndicatorId, IndicatorRow, OverlapRow};
use serde_json::{Value, json};

use super::pattern::pattern;
use super::{Coalition, IndicatorObject, MarkingDefinition, Sighting, StixObject};

fn coalition() -> Coalition {
    Coalition { name: "example".into(), own: "police".parse().unwrap() }
}

fn indicator(tlp: Tlp) -> IndicatorRow {
    IndicatorRow {
        hold: overlap_store::Hold::Free,
        id: IndicatorId([7; 16]),
        kind: Kind::Domain,
        raw: SecretText::new("Example[.]org"),
        canonical: SecretText::new("example.org"),
        context: Context { tlp, ..Context::default() },
        imported: 1_795_000_000,
        added: 1,
    }
}

fn overlap() -> OverlapRow {
    OverlapRow {
        peer: "payments".parse().unwrap(),
        indicator: IndicatorId([7; 16]),
        kind: Kind::Domain,
        facet: Facet::Host,
        raw: SecretText::new("Example[.]org"),
        canonical: SecretText::new("example.org"),
        exchange: ExchangeId([1; 16]),
        found: 1_795_000_060,
        tlp: Tlp::Green,
        pap: None,
        imported: 1_795_000_000,
        added: 1,
        is_first: true,
    }
}

fn json_of(object: &StixObject) -> Value {
    serde_json::to_value(object).unwrap()
}

#[test]
fn an_overlap_is_an_indicator_and_a_sighting_by_the_partner() {
    let object = StixObject::Indicator(IndicatorObject::of_overlap(&overlap(), &coalition()));
    let sighting = StixObject::Sighting(Sighting::of(&overlap(), &coalition()));
    let (police, payments) = (coalition().own_id(), coalition().id_of(&overlap().peer));
    assert_eq!(
        json_of(&object),
        json!({
            "type": "indicator", "spec_version": "2.1", "id": object.id(), "created_by_ref": police,
            "created": "2026-11-18T11:06:40.000Z", "modified": "2026-11-18T11:06:40.005Z", "name": "example.org",
            "description": "An indicator of the kind domain that police holds.",
            "pattern": "[domain-name:value = 'example.org']", "pattern_type": "stix", "pattern_version": "2.1",
            "valid_from": "2026-11-18T11:06:40.000Z",
            "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
            "extensions": {"extension-definition--93103207-ead4-4a83-8f87-60e250562af3": {
                "extension_type": "property-extension", "kind": "domain", "value": "example.org"}}
        })
    );
    assert_eq!(
        json_of(&sighting),
        json!({
            "type": "sighting", "spec_version": "2.1", "id": sighting.id(), "created_by_ref": police,
            "created": "2026-11-18T11:07:40.000Z", "modified": "2026-11-18T11:07:40.000Z",
            "description": "payments holds an indicator with the same host.",
            "first_seen": "2026-11-18T11:07:40.000Z", "last_seen": "2026-11-18T11:07:40.000Z", "count": 1,
            "sighting_of_ref": object.id(), "where_sighted_refs": [payments],
            "object_marking_refs": ["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"],
            "extensions": {"extension-definition--93103207-ead4-4a83-8f87-60e250562af3": {
                "extension_type": "property-extension", "kind": "domain", "value": "example.org", "facet": "host",
                "exchange": "01010101010101010101010101010101"}}
        })
    );
    assert_eq!(object.version(), "2026-11-18T11:06:40.005Z");
    assert_eq!((sighting.type_name(), sighting.version()), ("sighting", "2026-11-18T11:07:40.000Z"));
}

#[test]
fn a_narrower_marking_is_a_later_version_and_nothing_else_changes() {
    let object =
        |tlp| json_of(&StixObject::Indicator(IndicatorObject::of_own(&indicator(tlp), &coalition())));
    let versions: Vec<Value> = Tlp::ALL.into_iter().map(|tlp| object(tlp)["modified"].clone()).collect();
    assert!(versions.is_sorted_by(|a, b| a.as_str() < b.as_str()), "{versions:?}");
    let same = |tlp| {
        let mut object = object(tlp);
        object["modified"] = Value::Null;
        object["object_marking_refs"] = Value::Null;
        object
    };
    assert_eq!(same(Tlp::Clear), same(Tlp::Red));
    let with_pap = |tlp, pap| {
        let mut row = indicator(tlp);
        row.context.pap = pap;
        json_of(&StixObject::Indicator(IndicatorObject::of_own(&row, &coalition())))
    };
    let paps = [None].into_iter().chain(Pap::ALL.map(Some));
    let all: Vec<(Tlp, Option<Pap>)> =
        Tlp::ALL.into_iter().flat_map(|tlp| paps.clone().map(move |pap| (tlp, pap))).collect();
    let versions: Vec<Value> =
        all.iter().map(|(tlp, pap)| with_pap(*tlp, *pap)["modified"].clone()).collect();
    assert!(versions.is_sorted_by(|a, b| a.as_str() < b.as_str()), "{versions:?}");
    assert_eq!(with_pap(Tlp::Green, Some(Pap::Red))["labels"], json!(["PAP:RED"]));
    let as_found = StixObject::Indicator(IndicatorObject::of_overlap(&overlap(), &coalition()));
    assert_eq!(json_of(&as_found), object(Tlp::Green), "one version has one content in every collection");
}

#[test]
fn a_sighting_of_what_became_red_is_a_later_version() {
    let sighting = |tlp| {
        let row = OverlapRow { tlp, ..overlap() };
        json_of(&StixObject::Sighting(Sighting::of(&row, &coalition())))
    };
    assert_eq!(sighting(Tlp::Green), sighting(Tlp::AmberStrict));
    assert_eq!(sighting(Tlp::Red)["modified"], "2026-11-18T11:07:40.001Z");
    assert_eq!(sighting(Tlp::Red)["object_marking_refs"], json!([MarkingDefinition::id_of(Tlp::Red)]));
}

#[test]
fn objects_are_the_same_to_the_byte_and_their_ids_of_version_5() {
    let text = || {
        let row = overlap();
        serde_json::to_string(&[
            StixObject::Indicator(IndicatorObject::of_overlap(&row, &coalition())),
            StixObject::Sighting(Sighting::of(&row, &coalition())),
            StixObject::Identity(coalition().identity(&row.peer)),
        ])
        .unwrap()
    };
    assert_eq!(text(), text());
    let objects: Vec<Value> = serde_json::from_str(&text()).unwrap();
    for object in objects {
        let (kind, id) = object["id"].as_str().unwrap().split_once("--").unwrap();
        assert_eq!(object["type"], kind);
        assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 5);
    }
    let other = Coalition { name: "other".into(), ..coalition() };
    assert_ne!(other.own_id(), coalition().own_id());
}

#[test]
fn markings_are_those_of_oasis() {
    assert_eq!(
        serde_json::to_string(&MarkingDefinition::of(Tlp::AmberStrict)).unwrap(),
        r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003","created":"2022-10-01T00:00:00.000Z","name":"TLP:AMBER+STRICT","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"amber+strict"}}}"#
    );
}

#[test]
fn every_kind_has_a_pattern() {
    let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    for (kind, raw, expected) in [
        (Kind::Url, "http://a.example/?q='\\x", r"[url:value = 'http://a.example/?q=%27\\x']"),
        (Kind::Domain, "A.example.", "[domain-name:value = 'a.example']"),
        (
            Kind::Onion,
            "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
            "[domain-name:value = 'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion']",
        ),
        (Kind::Ip, "192.0.2.1", "[ipv4-addr:value = '192.0.2.1']"),
        (Kind::Ip, "2001:DB8::1", "[ipv6-addr:value = '2001:db8::1']"),
        (Kind::Email, "O'Neil@Example.org", r"[email-addr:value = 'O\'Neil@example.org']"),
        (Kind::Phone, "+31 20 123 4567", "[phone-number:value = '+31201234567']"),
        (
            Kind::Wallet,
            "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "[cryptocurrency-wallet:value = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa']",
        ),
        (Kind::Merchant, "visa:123456/abc", "[x-overlapd-merchant:value = 'visa:123456/ABC']"),
        (Kind::Iban, "NL91 ABNA 0417 1643 00", "[bank-account:iban = 'NL91ABNA0417164300']"),
        (
            Kind::Account,
            "Skype:Ab:c",
            "[user-account:account_type = 'skype' AND user-account:user_id = 'Ab:c']",
        ),
        (
            Kind::Handle,
            "telegram:@Ab_cd",
            "[user-account:account_type = 'telegram' AND user-account:account_login = 'ab_cd']",
        ),
        (Kind::FileHash, hash, &format!("[file:hashes.'SHA-1' = '{hash}']")),
        (Kind::FileHash, &hash[..32], &format!("[file:hashes.MD5 = '{}']", &hash[..32])),
        (Kind::Newsgroup, "alt.Example", "[x-overlapd-newsgroup:value = 'alt.example']"),
    ] {
        let indicator = Indicator::parse(kind, raw, &Rules::default()).unwrap();
        assert_eq!(pattern(kind, indicator.canonical().reveal()), expected);
    }
    let infohash = Indicator::parse(Kind::Infohash, hash, &Rules::default()).unwrap();
    let canonical = infohash.canonical().reveal();
    assert_eq!(pattern(Kind::Infohash, canonical), format!("[x-overlapd-infohash:value = '{canonical}']"));
}
