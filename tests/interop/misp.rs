//! Clients of MISP, and MISP's converter to and from STIX.

use std::collections::BTreeSet;

use overlap_tests::Lab;
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::pair::Pair;
use crate::{PROGRAM, script};

const PYMISP: (&str, [&str; 1]) = ("pymisp", ["pymisp==2.5.34.4"]);
const MISP_STIX: (&str, [&str; 1]) = ("misp-stix", ["misp-stix==2026.10.12"]);

/// A warning list in MISP's own form.
const RESOLVERS: &str = r#"{"name": "Resolvers", "description": "Some public resolvers", "version": 1, "type": "cidr",
    "matching_attributes": ["ip-src", "ip-dst"], "list": ["8.8.8.0/24"]}"#;

/// A value of every type that is read as an indicator, and its type in MISP.
const SAMPLES: [(&str, &str); 31] = [
    ("url", "https://u.example.org/"),
    ("uri", "https://uri.example.org/"),
    ("domain", "d.example.org"),
    ("hostname", "h.example.org"),
    ("hostname|port", "hp.example.org|80"),
    ("onion-address", "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"),
    ("ip-src", "192.0.2.1"),
    ("ip-dst", "192.0.2.2"),
    ("ip-src|port", "192.0.2.3|80"),
    ("ip-dst|port", "192.0.2.4|80"),
    ("email", "e@example.org"),
    ("email-src", "es@example.org"),
    ("email-dst", "ed@example.org"),
    ("email-reply-to", "er@example.org"),
    ("whois-registrant-email", "ew@example.org"),
    ("dns-soa-email", "soa@example.org"),
    ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
    ("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("filename|md5", "f|d41d8cd98f00b204e9800998ecf8427f"),
    ("btc", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("dash", "XdAUmwtig27HBG6WfYyHAzP8n6XC9jESEw"),
    ("iban", "NL91ABNA0417164300"),
    ("phone-number", "+31201234567"),
    ("whois-registrant-phone", "+31201234568"),
    ("prtn", "+31201234569"),
    ("github-username", "octocat"),
    ("twitter-id", "someone"),
    ("jabber-id", "j@example.org"),
    ("eppn", "p@example.org"),
    ("stix2-pattern", "[domain-name:value = 'pattern.example.org']"),
];

#[test]
fn pymisp_reads_overlaps_and_adds_sightings() {
    let Some(environment) = Environment::with(PYMISP.0, &PYMISP.1) else { return };
    let mut pair = Pair::start_with(|lab| {
        let list = lab.write("resolvers.json", RESOLVERS);
        lab.edit_config("a", "defaults = false", &format!("defaults = false\nfiles = [\"{list}\"]"));
    });
    let before = pair.overlaps();
    let read = script::run_at(&environment, "pymisp_client.py", "/misp/", &mut pair);
    let overlaps = pair.overlaps();
    assert!(overlaps > before, "none came while it read");
    for count in ["attributes", "distinct", "in_events"] {
        assert_eq!(read[count], overlaps, "{count} of {read}");
    }
    let own = pair.a.api("/api/v1/indicators?limit=1000");
    let items = own["items"].as_array().unwrap();
    let of = |name: &str| items.iter().find(|item| item["canonical"] == name).unwrap();
    assert_eq!(of("192.0.2.7")["last_seen"], "2026-11-01T10:00:00Z", "added by value");
    assert_eq!(of("xn--bcher-kva.example")["last_seen"], "2026-11-02T10:00:00Z", "added by UUID");
    assert_eq!(of("alt.example.x")["expires"], "2030-01-01T00:00:00Z", "expired");
}

#[test]
fn misp_stix_carries_every_overlap_to_stix_and_back() {
    let Some(environment) = Environment::with(MISP_STIX.0, &MISP_STIX.1) else { return };
    let mut pair = Pair::start();
    let told = script::run_at(&environment, "misp_stix_convert.py", "/misp/", &mut pair);
    let bundle = told["bundle"].as_str().unwrap();
    let again = pair.a.command(["import", "--json", "--format", "stix", bundle]).expect_code(0).json();
    assert_eq!((&again["accepted"], &again["rejected"]), (&json!(0), &json!([])), "{again}");
    let fresh = Lab::create(PROGRAM, &["c", "d"]);
    let other = fresh.start("c");
    let _ = other.command(["import", "--format", "stix", bundle]).expect_code(0);
    let canonical = |node: &overlap_tests::Node| -> BTreeSet<String> {
        let list = node.api("/api/v1/indicators?limit=1000");
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| format!("{} {}", item["kind"], item["canonical"]))
            .collect()
    };
    assert_eq!(canonical(&other), canonical(&pair.a), "every kind comes back as what it was");
    // What misp-stix makes of TAXII's objects: types that it knows are attributes, accounts are objects, of the rest it keeps
    // the pattern in an object, and the partner is an organisation.
    let expected = json!({
        "attributes": {"url": 1, "domain": 22, "ip-dst": 2, "email-dst": 1, "md5": 1, "sha1": 1},
        "objects": {"user-account": 2, "stix2-pattern": 6, "organization": 1}, "sighted": 36, "errors": 0
    });
    assert_eq!(told["from_taxii"], expected, "{told:#}");
}

#[test]
fn misp_stix_tells_an_events_markings_by_its_report_and_context_by_what_is_observed() {
    let Some(environment) = Environment::with(MISP_STIX.0, &MISP_STIX.1) else { return };
    let written = script::run(&environment, "misp_stix_write.py", &mut Pair::start());
    for (version, refused) in [("2.1", 4), ("2.0", 3)] {
        let lab = Lab::create(PROGRAM, &["c", "d"]);
        let node = lab.start("c");
        let bundle = written[version].as_str().unwrap();
        let report = node.command(["import", "--json", "--format", "stix", bundle]).expect_code(4).json();
        let rejected = report["rejected"].as_array().unwrap();
        assert_eq!(rejected.len(), refused, "{version}: {report}");
        let is_context = |reject: &Value| reject["reason"].as_str().unwrap().starts_with("to_ids is off");
        assert!(rejected.iter().all(is_context), "{version}: {report}");
        let list = node.api("/api/v1/indicators?limit=1000");
        let items = list["items"].as_array().unwrap();
        let found: BTreeSet<&str> = items.iter().filter_map(|item| item["canonical"].as_str()).collect();
        let wanted =
            ["+31201234567", "https://sale.example/a", "sale.example", "telegram:17", "telegram:eve"];
        assert_eq!(found, BTreeSet::from(wanted), "{version}: {report}");
        assert!(items.iter().all(|item| item["tlp"] == "red" && item["pap"] == "red"), "{version}: {list}");
    }
}

#[test]
fn to_ids_off_refuses_exactly_the_types_for_which_misp_turns_it_on() {
    let Some(environment) = Environment::with(PYMISP.0, &PYMISP.1) else { return };
    let mut pair = Pair::start();
    let described = script::run_at(&environment, "pymisp_types.py", "/misp/", &mut pair);
    let off: BTreeSet<&str> = described["off"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let uuid = |at: usize| format!("5f0e1d2c-0000-4000-8000-{at:012x}");
    let attributes: Vec<Value> = SAMPLES
        .iter()
        .enumerate()
        .map(|(at, (name, value))| json!({"uuid": uuid(at), "type": name, "value": value, "to_ids": false}))
        .collect();
    let file = pair.lab.write("off.json", json!({"Attribute": attributes}).to_string());
    let report = pair.a.command(["import", "--json", "--format", "misp", &file]).expect_code(4).json();
    let rejected: BTreeSet<&str> =
        report["rejected"].as_array().unwrap().iter().filter_map(|reject| reject["id"].as_str()).collect();
    for (at, (name, _)) in SAMPLES.iter().enumerate() {
        assert_eq!(!rejected.contains(uuid(at).as_str()), off.contains(name), "{name}: {report}");
    }
}
