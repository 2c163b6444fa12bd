//! The lists as a whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn defaults() -> WarningLists {
    let mut builder = WarningListsBuilder::default();
    builder.add_defaults().unwrap();
    builder.finish()
}

fn ids(lists: &WarningLists, kind: Kind, canonical: &str) -> Vec<String> {
    let found: Vec<_> = lists.matching(kind, canonical).iter().map(|list| list.id.clone()).collect();
    assert_eq!(lists.holds(kind, canonical), !found.is_empty());
    found
}

#[test]
fn the_default_set_holds_what_it_says_and_only_whole_values() {
    let lists = defaults();
    let counts: Vec<_> =
        lists.lists().iter().map(|list| (list.id.as_str(), list.entries, list.skipped)).collect();
    assert_eq!(counts[0], ("private-addresses", 27, 0));
    assert_eq!((counts[1].0, counts[1].2), ("public-resolvers", 0));
    assert_eq!(counts[2], ("top-sites", 998, 0));
    for (kind, value, expected) in [
        (Kind::Ip, "10.1.2.3", &["private-addresses"][..]),
        (Kind::Ip, "fe80::1", &["private-addresses"]),
        (Kind::Ip, "::1", &["private-addresses"]),
        (Kind::Ip, "::2", &[]),
        (Kind::Ip, "8.8.8.8", &["public-resolvers"]),
        (Kind::Ip, "8.8.8.9", &[]),
        (Kind::Domain, "google.com", &["top-sites"]),
        (Kind::Domain, "www.google.com", &[]),
        (Kind::Domain, "google.com.example", &[]),
        (Kind::Url, "https://google.com/", &[]),
        (Kind::Handle, "google.com", &[]),
    ] {
        assert_eq!(ids(&lists, kind, value), expected, "{value}");
    }
}

#[test]
fn no_list_holds_nothing() {
    let lists = WarningLists::none();
    assert!(lists.lists().is_empty() && !lists.holds(Kind::Ip, "10.0.0.1"));
}

#[test]
fn a_value_on_several_lists_names_them_all_in_their_order() {
    let mut builder = WarningListsBuilder::default();
    builder.add_text("own", b"# ours\n\nexample.org\r\n10.0.0.0/9\n10.0.0.0/8\n").unwrap();
    builder.add_defaults().unwrap();
    builder
        .add_json("own", br#"{"list":["Example.ORG.", 7, "a b"], "name":"", "version":"7", "extra":{}}"#)
        .unwrap();
    let lists = builder.finish();
    assert_eq!(ids(&lists, Kind::Domain, "example.org"), ["own", "own-2"]);
    assert_eq!(ids(&lists, Kind::Ip, "10.0.0.1"), ["own", "private-addresses"]);
    let last = lists.lists().last().unwrap();
    assert_eq!((last.name.as_str(), last.version.as_str(), last.entries, last.skipped), ("own", "7", 1, 2));
    assert_eq!(last.list_type, ListType::String);
}

#[test]
fn what_is_no_list_is_refused_with_its_place() {
    for bad in [
        "",
        "[]",
        "{\"list\":{}}",
        "{\"list\":[[]]}",
        "{\"list\":[null]}",
        "{\"type\":\"string\"}",
        "{\"list\":[],\"type\":\"else\"}",
        "{\"list\":[],\"type\":\"text\"}",
        "{\"list\":[\"a\"",
        "\0",
    ] {
        let error = WarningListsBuilder::default().add_json("bad", bad.as_bytes()).unwrap_err();
        assert!(matches!(error, WarningListError::NotAList { .. }), "{bad}");
    }
    let deep = "[".repeat(100_000);
    assert!(WarningListsBuilder::default().add_json("bad", format!("{{\"list\":{deep}").as_bytes()).is_err());
    for bad in [&b"a\0b"[..], b"\xff"] {
        assert!(WarningListsBuilder::default().add_text("bad", bad).is_err());
    }
}

proptest! {
    /// Addresses against networks of any length, each compared bit by bit.
    #[test]
    fn an_address_is_held_where_a_network_has_it(
        networks in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..12),
        wide in prop::collection::vec((any::<u128>(), 0_u8..=128), 0..6),
        asked in prop::collection::vec(any::<u32>(), 8),
        flip in 0_u32..32,
    ) {
        let text: String = networks.iter().map(|(bits, prefix)| format!("{}/{prefix}\n", Ipv4Addr::from(*bits)))
            .chain(wide.iter().map(|(bits, prefix)| format!("{}/{prefix}\n", Ipv6Addr::from(*bits))))
            .collect();
        let mut builder = WarningListsBuilder::default();
        builder.add_text("networks", text.as_bytes()).unwrap();
        let lists = builder.finish();
        let near = networks.iter().map(|(bits, _)| bits ^ (1 << flip));
        for bits in asked.into_iter().chain(near) {
            let same = |a: u32, b: u32, prefix: u8| (0..prefix).all(|bit| (a << bit) >> 31 == (b << bit) >> 31);
            let naive = networks.iter().any(|(network, prefix)| same(*network, bits, *prefix));
            prop_assert_eq!(lists.holds(Kind::Ip, &Ipv4Addr::from(bits).to_string()), naive);
        }
        for (bits, prefix) in &wide {
            let address = IpAddr::from(Ipv6Addr::from(bits ^ u128::from(*prefix < 128)));
            // An IPv6 address that maps IPv4 is written as that in its canonical form, and so is no network's of IPv6.
            if !Ipv6Addr::from(*bits).to_string().contains('.') {
                prop_assert!(lists.holds(Kind::Ip, &address.to_string()));
            }
        }
    }

    /// Names on the list, in any spelling, and names that are not.
    #[test]
    fn a_name_is_held_where_the_list_has_it(
        on in prop::collection::btree_set("[a-z]{1,5}\\.[a-z]{2,4}", 0..40),
        asked in prop::collection::vec("[a-z]{1,5}\\.[a-z]{2,4}", 40),
    ) {
        let list: Vec<String> = on.iter().map(|name| format!(".{}", name.to_ascii_uppercase())).collect();
        let json = serde_json::json!({"type": "hostname", "list": list}).to_string();
        let mut builder = WarningListsBuilder::default();
        builder.add_json("names", json.as_bytes()).unwrap();
        let lists = builder.finish();
        for name in on.iter().chain(&asked) {
            prop_assert_eq!(lists.holds(Kind::Domain, name), on.contains(name));
        }
    }
}
