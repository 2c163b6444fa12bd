//! Imports of STIX, whole: through the router into the real store.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::TestNode;
use crate::testing::imports::{CARD, imported, items, reasons, refused_whole};

pub(super) const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
pub(super) const RED_1: &str = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
const STRICT: &str = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";

pub(super) fn id(type_name: &str, number: u32) -> String {
    format!("{type_name}--5f0e1d2c-0000-4000-8000-{number:012x}")
}

pub(super) fn indicator(number: u32, pattern: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id("indicator", number), "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z", "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z"
    })
}

pub(super) fn with(mut object: Value, members: Value) -> Value {
    for (key, value) in members.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

pub(super) fn observable(type_name: &str, number: u32, members: Value) -> Value {
    with(json!({"type": type_name, "spec_version": "2.1", "id": id(type_name, number)}), members)
}

pub(super) fn bundle(objects: &[Value]) -> String {
    json!({"id": "bundle--5f0e1d2c-0000-4000-8000-000000000000", "objects": objects, "type": "bundle"})
        .to_string()
}

/// Kinds and canonical forms.
pub(super) async fn canonical(node: &TestNode) -> Vec<String> {
    let items = items(node).await;
    items
        .iter()
        .map(|item| format!("{} {}", item["kind"].as_str().unwrap(), item["canonical"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn an_indicator_has_its_context() {
    let node = TestNode::new();
    let full = with(
        indicator(1, "[url:value = 'https://shop.example/a']"),
        json!({
            "name": "n", "description": "seen in an advert", "confidence": 80, "valid_until": "2030-01-01T00:00:00Z",
            "created_by_ref": id("identity", 9), "object_marking_refs": [CLEAR, STRICT], "labels": ["PAP:AMBER", "osint"]
        }),
    );
    let identity = json!({"type": "identity", "id": id("identity", 9), "name": "Hotline"});
    let plain = indicator(2, "[domain-name:value = 'a.example']");
    for objects in [[full.clone(), plain.clone(), identity.clone()], [identity, full, plain]] {
        let node = TestNode::new();
        let report = imported(&node, "format=stix&source=list", bundle(&objects)).await;
        assert_eq!((&report["accepted"], &report["rejected"]), (&json!(2), &json!([])));
        let items = items(&node).await;
        let url = items.iter().find(|item| item["kind"] == "url").unwrap();
        assert_eq!(
            (&url["tlp"], &url["pap"], &url["source"]),
            (&json!("amber+strict"), &json!("amber"), &json!("Hotline"))
        );
        assert_eq!((&url["confidence"], &url["expires"]), (&json!(80), &json!("2030-01-01T00:00:00Z")));
        assert_eq!((&url["note"], &url["first_seen"]), (&json!("seen in an advert"), &Value::Null));
        let domain = items.iter().find(|item| item["kind"] == "domain").unwrap();
        assert_eq!((&domain["tlp"], &domain["source"]), (&json!("amber"), &json!("list")));
    }
    let revoked = with(indicator(3, "[url:value = 'https://b.example/']"), json!({"revoked": true}));
    let yara = with(indicator(4, "rule x {}"), json!({"pattern_type": "yara"}));
    let sure = with(indicator(5, "[url:value = 'https://b.example/']"), json!({"confidence": 101}));
    let report = imported(&node, "format=stix", bundle(&[revoked, yara, sure])).await;
    let reasons = reasons(&report);
    assert!(reasons[0].1.contains("revoked") && reasons[1].1.contains("language"), "{reasons:?}");
    assert_eq!(
        (&report["accepted"], &report["left_out"]),
        (&json!(1), &json!(1)),
        "its value is none the less"
    );
}

#[tokio::test]
async fn markings_hold_wherever_they_are_defined() {
    let definition = |number: u32, members: Value| observable("marking-definition", number, members);
    let tlp_2 = json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}});
    let cases = [
        (RED_1.to_owned(), None, "red", Value::Null),
        (CLEAR.to_owned(), None, "clear", Value::Null),
        (id("marking-definition", 1), Some(definition(1, tlp_2)), "amber+strict", Value::Null),
        (
            id("marking-definition", 2),
            Some(definition(2, json!({"definition_type": "tlp", "definition": {"tlp": "green"}}))),
            "green",
            Value::Null,
        ),
        (
            id("marking-definition", 3),
            Some(definition(
                3,
                json!({"definition_type": "statement", "definition": {"statement": "Copyright"}}),
            )),
            "amber",
            Value::Null,
        ),
        (
            id("marking-definition", 4),
            Some(definition(
                4,
                json!({"x_opencti_definition_type": "PAP", "x_opencti_definition": "PAP:RED"}),
            )),
            "amber",
            json!("red"),
        ),
        (
            id("marking-definition", 5),
            Some(definition(5, json!({"definition": {"statement": "PAP:GREEN"}}))),
            "amber",
            json!("green"),
        ),
        (id("marking-definition", 6), None, "red", Value::Null),
        (
            "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37".to_owned(),
            None,
            "amber+strict",
            Value::Null,
        ),
    ];
    for (reference, definition, tlp, pap) in cases {
        let marked = with(
            indicator(1, "[url:value = 'https://a.example/']"),
            json!({"object_marking_refs": [reference]}),
        );
        for behind in [true, false] {
            let mut objects: Vec<Value> = definition.iter().cloned().collect();
            objects.insert(if behind { 0 } else { objects.len() }, marked.clone());
            let node = TestNode::new();
            imported(&node, "format=stix", bundle(&objects)).await;
            let item = &items(&node).await[0];
            assert_eq!((&item["tlp"], &item["pap"]), (&json!(tlp), &pap), "{reference}");
        }
    }
    let node = TestNode::new();
    let granular = with(
        indicator(1, "[url:value = 'https://a.example/']"),
        json!({"object_marking_refs": [CLEAR], "granular_markings": [{"marking_ref": RED_1, "selectors": ["name"]}]}),
    );
    imported(&node, "format=stix", bundle(&[granular])).await;
    assert_eq!(items(&node).await[0]["tlp"], "red");
}

fn three_hundred_domains() -> String {
    let all: Vec<_> = (0..300).map(|n| format!("domain-name:value = 'd{n}.example.org'")).collect();
    format!("[{}]", all.join(" OR "))
}

#[tokio::test]
async fn patterns_give_every_supported_value() {
    let long = three_hundred_domains();
    let cases: [(&str, &[&str]); 19] = [
        (
            "[url:value IN ('https://a.example/', 'hxxps://b[.]example/')]",
            &["url https://a.example/", "url https://b.example/"],
        ),
        (
            "[domain-name:value = 'A.example' AND domain-name:resolves_to_refs[*].value = '192.0.2.1']",
            &["domain a.example", "ip 192.0.2.1"],
        ),
        (
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = '80']",
            &["ip 192.0.2.1"],
        ),
        ("[network-traffic:src_ref.value = 'a.example']", &["domain a.example"]),
        (
            "[email-message:from_ref.value = 'a@b.example'] FOLLOWEDBY [email-message:to_refs[0].value = 'c@d.example'] WITHIN 10 SECONDS",
            &["email a@b.example", "email c@d.example"],
        ),
        (
            "[file:hashes.MD5 = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' AND file:name = 'x']",
            &["file-hash md5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
        ),
        (
            "[file:hashes.'SHA-1' = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']",
            &["file-hash sha1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
        ),
        (
            "[user-account:account_type = 'telegram' AND user-account:account_login = 'Bob']",
            &["handle telegram:bob"],
        ),
        (
            "[(user-account:user_id = '17' OR user-account:account_login = 'x') AND (user-account:account_type = 'forum' AND user-account:is_disabled = false)]",
            &["account forum:17", "handle forum:x"],
        ),
        (
            "[(user-account:account_type = 'a' AND user-account:user_id = '1') OR (user-account:account_type = 'b' AND user-account:user_id = '2')]",
            &["account a:1", "account b:2"],
        ),
        ("[cryptocurrency-wallet:value = '0x52908400098527886E0F7030069857D2E4169EE7']", &["wallet evm"]),
        ("[bank-account:iban = 'DE89370400440532013000']", &["iban DE89370400440532013000"]),
        (
            "[bank-account:account_number = '123' AND bank-account:bic = 'COBADEFF']",
            &["account cobadeff:123"],
        ),
        ("[phone-number:value = '4930123456']", &["phone +4930123456"]),
        ("[hostname:value = 'h.example']", &["domain h.example"]),
        (
            "[ipv4-addr:value ISSUBSET '198.51.100.1/32' /* one */ OR ipv6-addr:value ISSUBSET '2001:db8::1/128']",
            &["ip 198.51.100.1", "ip 2001:db8::1"],
        ),
        (
            "[url:value = 'https://a.example/' AND url:value != 'https://b.example/' AND url:value NOT = 'https://c.example/']",
            &["url https://a.example/"],
        ),
        ("[mutex:name = 'x'] OR [ipv6-addr:value = '2001:DB8::1'] REPEATS 2 TIMES", &["ip 2001:db8::1"]),
        (&long, &["domain d0.example.org", "domain d299.example.org"]),
    ];
    for (pattern, wanted) in cases {
        let node = TestNode::new();
        let report = imported(&node, "format=stix", bundle(&[indicator(1, pattern)])).await;
        assert_eq!(reasons(&report), [], "{pattern}");
        let found = canonical(&node).await;
        for wanted in wanted {
            assert!(found.iter().any(|found| found.starts_with(wanted)), "{pattern}: {wanted} in {found:?}");
        }
        assert!(found.len() == wanted.len() || found.len() == 300, "{pattern}: {found:?}");
    }
}

#[tokio::test]
async fn patterns_that_are_not_understood_are_refused_with_their_id() {
    let node = TestNode::new();
    let patterns = [
        "[url:value = 'https://a.example/'",
        "not a pattern",
        "",
        "[url:value MATCHES '^https']",
        "[url:value != 'https://a.example/']",
        "[mutex:name = 'x']",
        "[user-account:user_id = '1']",
        "[user-account:user_id = '1' OR user-account:account_type = 'a']",
        "[bank-account:account_number = '1']",
        "[ipv4-addr:value = '198.51.100.0/24']",
        "[user-account:account_type = 'unix' AND user-account:account_login = 'root']",
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
        &format!("[url:value = 'https://a.example/{}']", "a".repeat(70_000)),
    ];
    let objects: Vec<Value> =
        patterns.iter().zip(0..).map(|(pattern, number)| indicator(number, pattern)).collect();
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!(report["accepted"], 0);
    let found: Vec<String> = reasons(&report).iter().map(|(id, _)| id.unwrap().to_owned()).collect();
    assert_eq!(found, (0..13).map(|number| id("indicator", number)).collect::<Vec<_>>(), "{report}");
    let reason = |number: usize| reasons(&report)[number].1;
    assert!(reason(0).contains("ends too soon") && reason(1).contains("character 1"));
    assert!(reason(10).contains("one machine") && reason(12).contains("longer than 65536 bytes"), "{report}");
}

#[tokio::test]
async fn observables_are_read_by_both_practices() {
    let node = TestNode::new();
    let taken: Vec<_> = standard_observables().into_iter().chain(extension_observables()).collect();
    let objects: Vec<Value> = taken.iter().map(|(object, _)| object.clone()).collect();
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!(reasons(&report), [], "{report}");
    let found = canonical(&node).await;
    for (_, wanted) in &taken {
        assert!(found.iter().any(|found| found.starts_with(wanted)), "{wanted} in {found:?}");
    }
    assert_eq!(found.len(), taken.len(), "{found:?}");
}

/// Observables of the standard's own types, with what they become.
fn standard_observables() -> Vec<(Value, &'static str)> {
    vec![
        (observable("url", 1, json!({"value": "https://a.example/"})), "url https://a.example/"),
        (observable("domain-name", 2, json!({"value": "b.example"})), "domain b.example"),
        (observable("ipv4-addr", 3, json!({"value": "192.0.2.1"})), "ip 192.0.2.1"),
        (observable("ipv6-addr", 4, json!({"value": "2001:db8::1"})), "ip 2001:db8::1"),
        (
            observable("email-addr", 5, json!({"value": "a@b.example", "display_name": "A"})),
            "email a@b.example",
        ),
        (
            observable(
                "file",
                6,
                json!({"name": "x", "hashes": {"MD5": "a".repeat(32), "SHA-512": "b".repeat(128)}}),
            ),
            "file-hash md5:aaaa",
        ),
        (observable("artifact", 7, json!({"hashes": {"SHA-256": "c".repeat(64)}})), "file-hash sha256:cccc"),
        (
            observable("user-account", 8, json!({"account_type": "forum", "account_login": "Bob"})),
            "handle forum:bob",
        ),
    ]
}

/// Observables of dogesec's, OpenCTI's and MISP's extensions.
fn extension_observables() -> Vec<(Value, &'static str)> {
    let dogesec_phone =
        json!({"extension-definition--14a97ee2-e666-5ada-a6bd-b7177f79e211": {"extension_type": "new-sco"}});
    vec![
        (
            observable(
                "cryptocurrency-wallet",
                9,
                json!({"value": "0x52908400098527886E0F7030069857D2E4169EE7"}),
            ),
            "wallet evm",
        ),
        (
            observable("cryptocurrency-wallet", 10, json!({"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"})),
            "wallet btc",
        ),
        (
            observable(
                "x-opencti-cryptocurrency-wallet",
                11,
                json!({"value": "0xde709f2102306220921060314715629080e2fb77"}),
            ),
            "wallet evm",
        ),
        (
            observable(
                "bank-account",
                12,
                json!({"iban": "DE89370400440532013000", "account_number": "1", "bic": "COBADEFF"}),
            ),
            "iban DE89",
        ),
        (
            observable("bank-account", 13, json!({"account_number": "77", "bic": "COBADEFF"})),
            "account cobadeff:77",
        ),
        (
            observable("phone-number", 14, json!({"value": "4930123456", "extensions": dogesec_phone})),
            "phone +4930123456",
        ),
        (observable("phone-number", 15, json!({"value": "+49 30 123457"})), "phone +4930123457"),
        (
            observable("hostname", 16, json!({"value": "h.example", "x_opencti_score": 80})),
            "domain h.example",
        ),
        (
            observable(
                "x-misp-attribute",
                17,
                json!({"x_misp_type": "btc", "x_misp_value": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "x_misp_category": "x"}),
            ),
            "wallet btc",
        ),
        (
            observable(
                "x-misp-object",
                18,
                json!({"x_misp_name": "user-account", "x_misp_attributes": [
            {"type": "text", "object_relation": "username", "value": "eve"}, {"type": "text", "object_relation": "account-type", "value": "forum"}]}),
            ),
            "handle forum:eve",
        ),
    ]
}

#[tokio::test]
async fn cards_are_refused_in_every_practice_and_never_shown() {
    let node = TestNode::new();
    let objects = [
        observable("payment-card", 1, json!({"value": CARD, "security_code": "123"})),
        observable("payment-card", 2, json!({"card_number": CARD, "cvv": "123"})),
        observable("x-opencti-payment-card", 3, json!({"card_number": CARD})),
        indicator(4, &format!("[payment-card:value = '{CARD}']")),
        indicator(
            5,
            &format!("[payment-card:card_number IN ('{CARD}') OR url:value = 'https://a.example/']"),
        ),
        indicator(6, &format!("[url:value = '{CARD}']")),
        observable("url", 7, json!({"value": CARD})),
        with(
            observable("url", 8, json!({"value": "https://b.example/"})),
            json!({"description": format!("paid by {CARD}")}),
        ),
        observable("x-misp-attribute", 9, json!({"x_misp_type": "cc-number", "x_misp_value": CARD})),
        json!({"type": CARD, "id": CARD, "value": CARD}),
    ];
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!(report["accepted"], 1, "{report}");
    let reasons = reasons(&report);
    assert_eq!(reasons.len(), 10);
    assert!(reasons[..9].iter().all(|(_, reason)| reason.contains("card number")), "{reasons:?}");
    assert!(!report.to_string().contains(CARD), "{report}");
}

#[tokio::test]
async fn what_stands_around_is_passed_over_and_other_types_are_refused() {
    let node = TestNode::new();
    let around = [
        "report",
        "relationship",
        "sighting",
        "observed-data",
        "malware",
        "identity",
        "marking-definition",
        "extension-definition",
        "network-traffic",
        "email-message",
        "file",
        "case-rfi",
        "case-rft",
        "x-mitre-tactic",
        "attack-flow",
        "weakness",
        "exploit",
        "procedure",
        "persona",
    ];
    let objects: Vec<Value> = around.iter().map(|name| observable(name, 1, json!({"name": "x"}))).collect();
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!(
        report,
        json!({"accepted": 0, "duplicates": 0, "held": 0, "rejected": [], "rejected_more": 0})
    );
    let objects = [
        observable("mutex", 1, json!({"name": "x"})),
        observable("x-unheard-of", 2, json!({"value": "https://a.example/"})),
        observable("observed-data", 3, json!({"objects": {"0": {"type": "mutex", "name": "x"}}})),
        observable("url", 4, json!({"value": 7})),
        json!({"value": "x"}),
        json!([1]),
        json!(7),
    ];
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!((reasons(&report).len(), &report["accepted"]), (7, &json!(0)), "{report}");
    let kinds: Vec<&Value> =
        report["rejected"].as_array().unwrap().iter().map(|reject| &reject["kind"]).collect();
    assert!(kinds.contains(&&json!("mutex")), "{report}");
}

#[tokio::test]
async fn an_id_that_repeats_with_other_content_costs_the_later_one() {
    let node = TestNode::new();
    let first = indicator(1, "[url:value = 'https://a.example/']");
    let other = indicator(1, "[url:value = 'https://b.example/']");
    let report = imported(
        &node,
        "format=stix",
        bundle(&[first.clone(), other, first, indicator(2, "[url:value = 'https://c.example/']")]),
    )
    .await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(2), &json!(1)));
    let reasons = reasons(&report);
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].0 == Some(id("indicator", 1).as_str()) && reasons[0].1.contains("other content"));
    assert!(!canonical(&node).await.contains(&"url https://b.example/".to_owned()));
}

#[tokio::test]
async fn every_form_of_a_file_is_read_and_lines_are_told() {
    let one = indicator(1, "[url:value = 'https://a.example/']");
    for form in [
        bundle(std::slice::from_ref(&one)),
        json!([one]).to_string(),
        one.to_string(),
        json!({"more": false, "objects": [one]}).to_string(),
    ] {
        let node = TestNode::new();
        assert_eq!(imported(&node, "format=stix", form).await["accepted"], 1);
    }
    let node = TestNode::new();
    for empty in ["{\"type\":\"bundle\",\"id\":\"bundle--1\"}", "{\"objects\":[]}", "[]"] {
        assert_eq!(imported(&node, "format=stix", empty).await["accepted"], 0, "{empty}");
    }
    let text = format!("{{\n\"objects\": [\n{},\n\n{}\n]}}", indicator(1, "x"), indicator(2, "y"));
    let report = imported(&node, "format=stix", text).await;
    let lines: Vec<_> = report["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reject| reject["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 5]);
}

#[tokio::test]
async fn files_that_cannot_be_read_are_refused_whole() {
    let whole = bundle(&[
        indicator(1, "[url:value = 'https://a.example/']"),
        indicator(2, "[url:value = 'https://b.example/']"),
    ]);
    let node = TestNode::new();
    for end in [0, 1, 20, whole.len() / 2, whole.len() - 1] {
        let detail = refused_whole(&node, "format=stix", whole[..end].to_owned()).await;
        assert!(detail.contains(if end == 0 { "empty" } else { "cut off" }), "{end}: {detail}");
    }
    let deep = |levels: usize| {
        format!(
            "{{\"type\":\"bundle\",\"objects\":[{{\"a\":{}{}}}]}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    for (text, part) in [
        (deep(1_000), "nested deeper"),
        (format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), "nested deeper"),
        (format!("{{\"objects\":[{{\"a\":{}}}]}}", "9".repeat(1_000_000)), "a number longer"),
        (format!("{whole}x"), "not JSON"),
        (whole.replace("\"spec_version\":", "\"spec_version\""), "not JSON"),
        (whole.replace("\"2.1\"", "tru"), "not JSON"),
        ("\u{1f980}".to_owned(), "not JSON"),
        ("kind,value\n".to_owned(), "not JSON"),
        ("{\"Event\":{}}".to_owned(), "no STIX"),
        ("{}".to_owned(), "no STIX"),
        ("7".to_owned(), "no STIX"),
    ] {
        let detail = refused_whole(&node, "format=stix", text).await;
        assert!(detail.contains(part), "{detail}");
    }
}

#[tokio::test]
async fn a_key_twice_costs_its_object_alone() {
    let node = TestNode::new();
    let text = format!(
        "{{\"objects\":[{{\"type\":\"url\",\"id\":\"{}\",\"value\":\"https://a.example/\",\"value\":\"https://b.example/\"}},{}]}}",
        id("url", 1),
        indicator(2, "[url:value = 'https://c.example/']")
    );
    let report = imported(&node, "format=stix", text).await;
    assert_eq!((&report["accepted"], reasons(&report)[0].1), (&json!(1), "an object has the same key twice"));
}

#[tokio::test]
async fn objects_that_wait_are_put_aside_and_come_back_in_order() {
    let node = TestNode::new();
    let own = id("marking-definition", 1);
    let mut objects: Vec<Value> = (0..3_000)
        .map(|n| {
            with(
                indicator(n, &format!("[domain-name:value = 'd{n}.example.org']")),
                json!({"object_marking_refs": [own]}),
            )
        })
        .collect();
    objects.push(with(indicator(9_000, "nonsense"), json!({"object_marking_refs": [own]})));
    objects.push(observable("marking-definition", 1, json!({"definition": {"tlp": "red"}})));
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!((&report["accepted"], reasons(&report).len()), (&json!(3_000), 1));
    let items = items(&node).await;
    assert!(items.iter().all(|item| item["tlp"] == "red"));
    assert_eq!(items[999]["value"], "d999.example.org");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_panics_and_no_number_of_a_card_is_shown(
        words in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"type\"", "\"objects\"", "\"indicator\"", "\"pattern\"", "\"[url:value = 'x']\"", "\"Event\"",
            "\"Attribute\"", "\"Tag\"", "\"response\"", "\"value\"", "\"id\"", "1", "null", "\"4111111111111111\"", "\"url\"", " ", "\"\u{e9}",
        ]), 0..60),
        wrap in prop::sample::select(vec![("", ""), ("{\"objects\":[", "]}"), ("[", "]"), ("{\"Event\":{\"Attribute\":[{", "}]}}")]),
        format in prop::sample::select(vec!["stix", "misp"]),
        at in 0usize..200,
    ) {
        let body = format!("{}{}{}", wrap.0, words.concat(), wrap.1).into_bytes();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async { TestNode::new().import_cut(format, &body, at).await });
        prop_assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text());
        prop_assert!(!answer.text().contains("4111111111111111"), "{}", answer.text());
    }
}

/// An indicator of every kind, and of wallets whose chain no pattern tells.
const EVERY_KIND: &str = "kind,value\n\
    url,https://www.example.org/it%27s?q='%5B1%5D\n\
    domain,example.org\n\
    onion,duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion\n\
    ip,192.0.2.7\n\
    ip,2001:db8::7\n\
    email,o'neil@example.org\n\
    phone,+31201234567\n\
    wallet,btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n\
    wallet,bch:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n\
    merchant,visa:439972/CLOVE2618\n\
    iban,NL91ABNA0417164300\n\
    account,skype:some.one\n\
    handle,telegram:some_body\n\
    infohash,092de7681de0a2f6da01b241458481b88cc33c44\n\
    file-hash,da39a3ee5e6b4b0d3255bfef95601890afd80709\n\
    newsgroup,alt.example.x\n";

#[tokio::test]
async fn what_is_told_over_taxii_is_read_back() {
    let node = TestNode::new();
    imported(&node, "format=csv", EVERY_KIND).await;
    let own = canonical(&node).await;
    let kinds: std::collections::BTreeSet<_> = own.iter().map(|row| row.split(' ').next()).collect();
    assert_eq!(kinds.len(), overlap_indicator::Kind::ALL.len());
    let told = node.get("/taxii2/overlap/collections/indicators/objects/").await.text();
    let report = imported(&node, "format=stix", told.clone()).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(0), &json!(own.len())), "{report}");
    assert_eq!(reasons(&report), []);
    let other = TestNode::new();
    imported(&other, "format=stix", told).await;
    assert_eq!(canonical(&other).await, own);
}

#[tokio::test]
async fn our_own_names_in_patterns_are_read_and_an_extension_that_says_otherwise_is_not() {
    let node = TestNode::new();
    let extension = json!({"extension-definition--93103207-ead4-4a83-8f87-60e250562af3":
        {"extension_type": "property-extension", "kind": "domain", "value": "other.example"}});
    let objects = [
        indicator(1, "[x-overlapd-merchant:value = 'visa:439972/CLOVE2618']"),
        indicator(2, "[x-overlapd-infohash:value = '092de7681de0a2f6da01b241458481b88cc33c44']"),
        indicator(3, "[x-overlapd-newsgroup:value = 'alt.example.x']"),
        with(indicator(4, "[domain-name:value = 'pattern.example']"), json!({"extensions": extension})),
    ];
    imported(&node, "format=stix", bundle(&objects)).await;
    let expected = [
        "merchant visa:439972/CLOVE2618",
        "infohash v1:092de7681de0a2f6da01b241458481b88cc33c44",
        "newsgroup alt.example.x",
        "domain pattern.example",
    ];
    assert_eq!(canonical(&node).await, expected);
}
