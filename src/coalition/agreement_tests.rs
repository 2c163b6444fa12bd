//! Agreements: their hash and their rules.

use serde_json::Value;

use crate::samples::{Change, agreement, coalition, hex_array, id, vectors};
use crate::*;

fn list<T>(value: &Value, item: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(item).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn number(value: &Value) -> u8 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn from_vector(vector: &Value) -> Agreement {
    let members = list(&vector["members"], |member| id(member.as_str().unwrap()));
    Agreement {
        coalition: coalition(),
        members: members.try_into().unwrap(),
        kinds: list(&vector["kinds"], |kind| Kind::from_number(number(kind)).unwrap()),
        facets: list(&vector["facets"], |facet| Facet::from_number(number(facet)).unwrap()),
        mode: Mode::from_number(number(&vector["mode"])).unwrap(),
        learns: vector["only"].as_str().map_or(Learns::Both, |only| Learns::Only(id(only))),
        purposes: list(&vector["purposes"], text),
        max_items: vector["max_items"].as_u64().unwrap(),
        min_items: vector["min_items"].as_u64().unwrap(),
        exchanges_per_day: vector["exchanges_per_day"].as_u64().unwrap().try_into().unwrap(),
        expires: vector["expires"].as_u64().map(Timestamp),
        engine: vector["engine"]
            .as_u64()
            .map(|_| EngineName::from_number(number(&vector["engine"])).unwrap()),
    }
}

#[test]
fn hashes_are_those_of_an_independent_implementation() {
    let vectors = vectors("agreement");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        assert_eq!(from_vector(vector).hash().0, hex_array::<32>(&vector["hash"]));
    }
}

#[test]
fn every_field_is_in_the_hash() {
    let changes: [Change<Agreement>; 18] = [
        |a| a.coalition = "other.example".parse().unwrap(),
        |a| a.members[0] = id("hotling"),
        |a| a.members[1] = id("polica"),
        |a| a.kinds = vec![Kind::Url],
        |a| a.kinds = vec![],
        |a| a.facets = vec![Facet::Url],
        |a| a.facets.push(Facet::Iban),
        |a| a.learns = Learns::Only(id("hotline")),
        |a| a.learns = Learns::Only(id("police")),
        |a| a.purposes = vec!["a".to_owned(), "b".to_owned()],
        |a| a.purposes = vec!["ab".to_owned()],
        |a| a.purposes = vec![String::new()],
        |a| a.max_items += 1,
        |a| a.min_items += 1,
        |a| a.exchanges_per_day += 1,
        |a| a.expires = Some(Timestamp(0)),
        |a| a.engine = Some(EngineName::Voprf),
        |a| a.engine = Some(EngineName::Vole),
    ];
    let mut hashes = vec![agreement().hash()];
    for change in changes {
        let mut changed = agreement();
        change(&mut changed);
        assert!(!hashes.contains(&changed.hash()), "{changed:?}");
        hashes.push(changed.hash());
    }
}

#[test]
fn every_rule_has_its_error() {
    assert_eq!(agreement().validate(), Ok(()));
    let rules: [(Change<Agreement>, AgreementError); 21] = [
        (|a| a.members.reverse(), AgreementError::Members),
        (|a| a.members[1] = id("hotline"), AgreementError::Members),
        (|a| a.kinds.clear(), AgreementError::Kinds),
        (|a| a.kinds.reverse(), AgreementError::Kinds),
        (|a| a.kinds = vec![Kind::Url, Kind::Url], AgreementError::Kinds),
        (|a| a.facets.clear(), AgreementError::Facets),
        (|a| a.facets.reverse(), AgreementError::Facets),
        (|a| a.facets = vec![Facet::Url, Facet::Url], AgreementError::Facets),
        (|a| a.facets.push(Facet::Iban), AgreementError::FacetOfNoKind(Facet::Iban)),
        (|a| a.learns = Learns::Only(id("payments")), AgreementError::Learns),
        (|a| a.purposes = vec!["b".to_owned(), "a".to_owned()], AgreementError::Purposes),
        (|a| a.purposes = vec!["a".to_owned(), "a".to_owned()], AgreementError::Purposes),
        (|a| a.purposes = (0..=64).map(|i| format!("{i:03}")).collect(), AgreementError::Purposes),
        (|a| a.purposes = vec![String::new()], AgreementError::Purpose),
        (|a| a.purposes = vec!["x".repeat(257)], AgreementError::Purpose),
        (|a| a.purposes = vec!["a\u{202e}b".to_owned()], AgreementError::Purpose),
        (|a| a.max_items = 0, AgreementError::MaxItems),
        (|a| a.max_items = LARGEST_SET + 1, AgreementError::MaxItems),
        (|a| a.min_items = a.max_items + 1, AgreementError::MinItems),
        (|a| a.exchanges_per_day = 0, AgreementError::ExchangesPerDay),
        (|a| a.kinds = vec![Kind::Wallet], AgreementError::FacetOfNoKind(Facet::Url)),
    ];
    for (change, error) in rules {
        let mut broken = agreement();
        change(&mut broken);
        assert_eq!(broken.validate(), Err(error));
    }
}

#[test]
fn what_is_allowed_at_the_edges() {
    let allowed: [Change<Agreement>; 5] = [
        |a| a.learns = Learns::Only(id("police")),
        |a| a.max_items = LARGEST_SET,
        |a| a.min_items = a.max_items,
        |a| a.purposes = vec!["x".repeat(256)],
        |a| {
            a.kinds = Kind::ALL.to_vec();
            a.facets = Facet::ALL.to_vec();
        },
    ];
    for change in allowed {
        let mut good = agreement();
        change(&mut good);
        assert_eq!(good.validate(), Ok(()));
    }
}

#[test]
fn modes_have_the_words_that_tools_and_records_know() {
    assert_eq!(Mode::ALL.map(Mode::as_str), ["overlap"]);
}
