//! Imports of MISP, whole: through the router into the real store.

use overlap_indicator::Tlp;
use overlap_store::{IndicatorFilter, LONGEST_PAGE, PageRequest, Store};
use serde_json::{Value, json};

use super::json_cut::{MAX_PART_BYTES, MAX_TEXT_BYTES};
use crate::testing::TestNode;
use crate::testing::imports::{CARD, imported, items, reasons, refused_whole};

/// A UUID with this number.
fn uuid(number: u32) -> String {
    format!("5f0e1d2c-0000-4000-8000-{number:012x}")
}

fn attribute(number: u32, type_name: &str, value: &str) -> Value {
    json!({"uuid": uuid(number), "type": type_name, "value": value, "to_ids": true, "category": "Other"})
}

fn event(attributes: Value) -> Value {
    // An event's tags stand behind its attributes, as MISP writes them.
    let head = "{\"Event\":{\"id\":\"1\",\"info\":\"a sale\",\"uuid\":\"5f0e1d2c-0000-4000-8000-ffffffffffff\",\"Orgc\":{\"name\":\"Hotline\",\"uuid\":\"x\"},\"Attribute\":";
    let text = format!(
        "{head}{attributes},\"Tag\":[{{\"name\":\"tlp:amber+strict\"}},{{\"name\":\"PAP:GREEN\"}}]}}}}"
    );
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn an_attribute_has_its_own_and_its_events_context() {
    let node = TestNode::new();
    let mut full = attribute(1, "url", "hxxps://shop[.]example/a");
    full["comment"] = json!("seen in an advert");
    full["first_seen"] = json!("2026-01-02T03:04:05.123456+01:00");
    full["last_seen"] = json!("2026-02-01T00:00:00+00:00");
    full["Tag"] = json!([{"name": "tlp:red"}, {"name": "pap:amber"}, {"name": "osint"}]);
    let plain = attribute(2, "hostname", "www.shop.example");
    // Written by hand: the tags must come after what they mark.
    let text = format!(
        "{{\"Event\":{{\"Orgc\":{{\"name\":\"Hotline\"}},\"Attribute\":[{full},{plain}],\"Tag\":[{{\"name\":\"tlp:amber+strict\"}},{{\"name\":\"PAP:GREEN\"}}]}}}}"
    );
    let report = imported(&node, "format=misp&source=list&tlp=clear", text).await;
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(2), &json!([])));
    let items = items(&node).await;
    assert_eq!(
        (&items[0]["tlp"], &items[0]["pap"], &items[0]["source"]),
        (&json!("red"), &json!("amber"), &json!("Hotline"))
    );
    assert_eq!(
        (&items[0]["first_seen"], &items[0]["note"]),
        (&json!("2026-01-02T02:04:05Z"), &json!("seen in an advert"))
    );
    assert_eq!((&items[1]["tlp"], &items[1]["pap"]), (&json!("amber+strict"), &json!("green")));
    assert_eq!(items[1]["kind"], "domain");
}

#[tokio::test]
async fn every_form_of_a_file_is_read() {
    let one = || attribute(1, "domain", "a.example");
    let lone = json!({"info": "x", "Attribute": [one()], "Tag": [{"name": "tlp:red"}]});
    let forms = [
        event(json!([one()])),
        json!([event(json!([one()]))]),
        json!({"response": [event(json!([one()]))]}),
        json!({"response": event(json!([one()]))}),
        json!({"response": {"Attribute": [one()]}}),
        json!({"Attribute": [one()]}),
        json!({"Attribute": one()}),
        json!([{"Attribute": one()}]),
        json!([one()]),
        one(),
        json!({"response": [{"Object": {"name": "x", "Attribute": [one()]}}]}),
        json!({"Event": {"Object": [{"name": "x", "uuid": uuid(9), "Attribute": [one()]}]}}),
        lone.clone(),
    ];
    for form in forms {
        let node = TestNode::new();
        let report = imported(&node, "format=misp&tlp=clear", form.to_string()).await;
        assert_eq!((&report["accepted"], &report["rejected"]), (&json!(1), &json!([])), "{form}");
        let marked = if form == lone {
            "red"
        } else if form.to_string().contains("Tag") {
            "amber+strict"
        } else {
            "clear"
        };
        assert_eq!(items(&node).await[0]["tlp"], marked, "{form}");
    }
    let node = TestNode::new();
    for empty in
        ["{\"response\":[]}", "[]", "{\"response\":{\"Attribute\":[]}}", "{\"Event\":{\"info\":\"x\"}}"]
    {
        assert_eq!(imported(&node, "format=misp", empty).await["accepted"], 0, "{empty}");
    }
}

#[tokio::test]
async fn types_become_kinds() {
    let node = TestNode::new();
    let taken = [
        ("url", "https://a.example/x", "url", "https://a.example/x"),
        ("uri", "https://b.example/", "url", "https://b.example/"),
        ("domain|ip", "c.example|192.0.2.7", "domain", "c.example"),
        ("hostname|port", "d.example|8443", "domain", "d.example"),
        ("ip-dst|port", "192.0.2.8|80", "ip", "192.0.2.8"),
        ("ip-src", "2001:DB8::1", "ip", "2001:db8::1"),
        ("email-src", "A@E.example", "email", "A@e.example"),
        (
            "filename|sha256",
            &format!("a|b.exe|{}", "a".repeat(64)),
            "file-hash",
            &format!("sha256:{}", "a".repeat(64)),
        ),
        ("md5", &"B".repeat(32), "file-hash", &format!("md5:{}", "b".repeat(32))),
        ("iban", "DE89 3704 0044 0532 0130 00", "iban", "DE89370400440532013000"),
        ("phone-number", "+49 30 123456", "phone", "+4930123456"),
        ("prtn", "00 49 900 1234567", "phone", "+499001234567"),
        ("github-username", "Octo", "handle", "github:octo"),
        ("jabber-id", "u@j.example", "account", "jabber:u@j.example"),
        ("stix2-pattern", "[url:value = 'https://f.example/']", "url", "https://f.example/"),
    ];
    let attributes: Vec<Value> =
        taken.iter().zip(1..).map(|((name, value, _, _), number)| attribute(number, name, value)).collect();
    let report = imported(&node, "format=misp", event(json!(attributes)).to_string()).await;
    assert_eq!(reasons(&report), [], "{report}");
    assert_eq!(report["accepted"], taken.len() + 1, "domain|ip is two");
    let found = items(&node).await;
    for (name, _, kind, canonical) in taken {
        assert!(
            found.iter().any(|item| item["kind"] == *kind && item["canonical"] == *canonical),
            "{name}: {found:?}"
        );
    }
    assert!(found.iter().any(|item| item["canonical"] == "192.0.2.7"));
}

#[tokio::test]
async fn what_is_not_taken_is_refused_by_its_uuid_with_the_reason() {
    let node = TestNode::new();
    let mut off = attribute(4, "url", "https://wiki.example/");
    off["to_ids"] = json!(false);
    let mut deleted = attribute(5, "url", "https://gone.example/");
    deleted["deleted"] = json!("1");
    let mut phone = attribute(6, "phone-number", "+49 30 123457");
    phone["to_ids"] = json!(false);
    let attributes = json!([
        attribute(1, "mutex", "x"),
        attribute(2, "sha512", &"a".repeat(128)),
        attribute(3, "cc-number", CARD),
        off,
        deleted,
        phone,
        attribute(7, "link", "https://report.example/"),
        attribute(8, "target-email", "victim@example.org"),
        attribute(9, "btc", "not an address"),
        {"uuid": uuid(10), "value": "x"},
        {"uuid": uuid(11), "type": "url"},
        {"uuid": CARD, "type": "url", "value": "nonsense"},
        {"uuid": uuid(13), "type": "url", "value": "https://x.example/", "comment": format!("card {CARD}")},
        {"uuid": uuid(14), "type": CARD, "value": "x"},
        {"uuid": uuid(15), "type": "text", "value": CARD},
        {"uuid": uuid(16), "type": "url", "value": CARD},
        7,
    ]);
    let report = imported(&node, "format=misp", event(attributes).to_string()).await;
    assert_eq!(report["accepted"], 1, "the phone number, whose type has no to_ids: {report}");
    let reasons = reasons(&report);
    let has = |number: u32, part: &str| {
        let reason = reasons.iter().find(|(id, _)| *id == Some(uuid(number).as_str()));
        assert!(reason.is_some_and(|(_, reason)| reason.contains(part)), "{number}: {reasons:?}");
    };
    has(1, "no indicators");
    has(2, "SHA-256");
    has(3, "card number");
    has(4, "to_ids");
    has(7, "report");
    has(8, "victim");
    has(9, "wallet");
    has(10, "without a type");
    has(11, "without a value");
    has(13, "note: a card number");
    has(16, "card number");
    assert_eq!(reasons.len(), 15, "{reasons:?}");
    assert_eq!(report["rejected"][0]["kind"], "mutex");
    assert!(!report.to_string().contains(CARD), "{report}");
}

#[tokio::test]
async fn objects_say_things_together() {
    let node = TestNode::new();
    let part = |number: u32, relation: &str, type_name: &str, value: &str| {
        let mut attribute = attribute(number, type_name, value);
        attribute["object_relation"] = json!(relation);
        attribute
    };
    let objects = json!([
        {"name": "coin-address", "uuid": uuid(1), "Attribute": [
            part(2, "address-crypto", "text", "0x52908400098527886E0F7030069857D2E4169EE7"),
            part(3, "symbol", "text", "ETH")]},
        {"name": "user-account", "uuid": uuid(4), "Attribute": [
            part(5, "username", "text", "Bob"), part(6, "user-id", "text", "17"), part(7, "account-type", "text", "forum")]},
        {"name": "telegram-account", "uuid": uuid(8), "Attribute": [
            part(9, "username", "text", "@Alice"), part(10, "id", "text", "4711")]},
        {"name": "bank-account", "uuid": uuid(11), "Attribute": [
            part(12, "account", "bank-account-nr", "0532013000"), part(13, "swift", "bic", "COBADEFF")]},
        {"name": "bank-account", "uuid": uuid(14), "Attribute": [
            part(15, "account", "bank-account-nr", "0532013001"), part(16, "iban", "iban", "DE89370400440532013000")]},
        {"name": "credit-card", "uuid": uuid(17), "Attribute": [part(18, "cc-number", "cc-number", CARD)]},
        {"name": "user-account", "uuid": uuid(19), "Attribute": [part(20, "username", "text", "nobody")]},
        {"name": "url", "uuid": uuid(21), "deleted": true, "Attribute": [part(22, "url", "url", "https://gone.example/")]},
        {"name": "file", "uuid": uuid(23), "Attribute": [
            part(24, "md5", "md5", &"c".repeat(32)), part(25, "size-in-bytes", "size-in-bytes", "12"),
            part(26, "malware-sample", "malware-sample", &format!("x|{}", "c".repeat(32)))]},
    ]);
    let text = json!({"Event": {"Object": objects, "Tag": [{"name": "tlp:green"}]}}).to_string();
    let report = imported(&node, "format=misp", text).await;
    let found = items(&node).await;
    let canonical: Vec<&str> = found.iter().map(|item| item["canonical"].as_str().unwrap()).collect();
    for wanted in [
        "handle:forum:bob",
        "account:forum:17",
        "handle:telegram:alice",
        "account:telegram:4711",
        "account:cobadeff:0532013000",
        "iban:DE89370400440532013000",
    ] {
        let (kind, wanted) = wanted.split_once(':').unwrap();
        assert!(
            found.iter().any(|item| item["kind"] == kind && item["canonical"] == wanted),
            "{wanted}: {canonical:?}"
        );
    }
    assert!(
        found
            .iter()
            .any(|item| item["kind"] == "wallet" && item["canonical"].as_str().unwrap().starts_with("evm:"))
    );
    assert!(found.iter().all(|item| item["tlp"] == "green"));
    let ids: Vec<_> = reasons(&report).iter().map(|(id, _)| id.unwrap().to_owned()).collect();
    assert_eq!(ids, [uuid(18), uuid(20), uuid(25)], "{report}");
    assert_eq!(report["duplicates"], 1, "a sample's hash is the file's");
}

#[tokio::test]
async fn many_attributes_wait_for_their_tags_and_come_in_order() {
    let node = TestNode::new();
    let attributes: Vec<Value> =
        (0..12_000).map(|n| attribute(n, "domain", &format!("d{n}.example.org"))).collect();
    let attributes = serde_json::to_string(&attributes).unwrap();
    let text = format!(
        "{{\"response\":[{{\"Event\":{{\"Attribute\":{attributes},\"Tag\":[{{\"name\":\"tlp:red\"}}]}}}},{{\"Event\":{{\"Attribute\":[{{\"type\":\"domain\",\"value\":\"last.example\"}}]}}}}]}}"
    );
    let report = imported(&node, "format=misp", text).await;
    assert_eq!(report["accepted"], 12_001);
    let all = node.get("/api/v1/indicators?limit=1000").await.json();
    let all = all["items"].as_array().unwrap();
    assert!(all.iter().all(|item| item["tlp"] == "red"));
    assert_eq!(all[999]["value"], "d999.example.org");
    let page = |after| {
        let page = PageRequest { limit: LONGEST_PAGE, after };
        node.store.indicators(&IndicatorFilter::default(), &page).unwrap()
    };
    let second = page(page(None).next);
    let last = second.rows.last().unwrap();
    assert_eq!((last.raw.reveal(), last.context.tlp), ("last.example", Tlp::Amber));
}

#[tokio::test]
async fn what_is_too_long_costs_itself_alone() {
    let node = TestNode::new();
    let long = "x".repeat(MAX_TEXT_BYTES);
    let mut with_data = attribute(2, "malware-sample", &format!("a|{}", "d".repeat(32)));
    with_data["data"] = json!("QUJD".repeat(MAX_PART_BYTES));
    let mut with_list = attribute(3, "url", "https://a.example/");
    with_list["Sighting"] = json!(vec!["1234567890"; MAX_PART_BYTES / 10]);
    let attributes =
        json!([attribute(1, "url", &long), with_data, with_list, attribute(4, "domain", "a.example")]);
    let report = imported(&node, "format=misp", event(attributes).to_string()).await;
    assert_eq!(report["accepted"], 2, "{report}");
    let reasons = reasons(&report);
    assert_eq!(reasons[0], (Some(uuid(1).as_str()), "the value is longer than 65536 bytes"));
    assert_eq!(reasons[1], (Some(uuid(3).as_str()), "larger than a mebibyte"));
}

#[tokio::test]
async fn tags_that_are_too_many_mark_the_event_red_and_keys_twice_refuse_it() {
    let node = TestNode::new();
    let tags = vec![json!({"name": "type:OSINT"}); MAX_PART_BYTES / 10];
    let text =
        json!({"Event": {"Attribute": [attribute(1, "domain", "a.example")], "Tag": tags}}).to_string();
    imported(&node, "format=misp", text).await;
    assert_eq!(items(&node).await[0]["tlp"], "red");
    let text = "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"b.example\"},{\"type\":\"domain\",\"type\":\"url\",\"value\":\"b.example\"}],\"Tag\":[{\"name\":\"tlp:red\"}],\"Tag\":[]}}";
    let report = imported(&node, "format=misp", text).await;
    assert_eq!(report["accepted"], 0);
    assert!(reasons(&report).iter().all(|(_, reason)| reason.contains("key twice")), "{report}");
}

#[tokio::test]
async fn other_json_is_refused_whole() {
    let node = TestNode::new();
    for text in
        ["{}", "{\"type\":\"bundle\",\"objects\":[]}", "7", "\"x\"", "null", "{\"foo\":[{\"bar\":1}]}"]
    {
        let detail = refused_whole(&node, "format=misp", text.to_owned()).await;
        assert!(detail.contains("no MISP event"), "{text}: {detail}");
    }
}

#[tokio::test]
async fn an_event_within_an_attribute_is_not_an_event() {
    let node = TestNode::new();
    let mut inner = attribute(1, "domain", "a.example");
    inner["Event"] = json!({"id": "1", "info": "x", "Tag": [{"name": "tlp:clear"}], "Attribute": [attribute(2, "domain", "b.example")]});
    let report =
        imported(&node, "format=misp", json!({"response": {"Attribute": [inner]}}).to_string()).await;
    assert_eq!(report["accepted"], 1);
    let nested = json!({"Event": {"Event": {"Attribute": [attribute(3, "domain", "c.example")]}, "Attribute": [attribute(4, "domain", "d.example")]}});
    let report = imported(&node, "format=misp", nested.to_string()).await;
    assert_eq!(report["accepted"], 1);
}

#[tokio::test]
async fn a_card_number_far_into_the_organisations_name_refuses_its_attributes() {
    let node = TestNode::new();
    let name = format!("{} {CARD}", "x".repeat(2_000));
    let text = json!({"Event": {"Orgc": {"name": name}, "Attribute": [attribute(1, "domain", "a.example")]}});
    let report = imported(&node, "format=misp", text.to_string()).await;
    assert_eq!(report["accepted"], 0);
    assert!(reasons(&report)[0].1.contains("source: a card number"), "{report}");
}

/// An event written with its members in an order.
fn in_order(members: &[(&str, Value)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", members.join(","))
}

#[tokio::test]
async fn an_event_that_stands_alone_keeps_its_markings_whatever_comes_first() {
    let own = attribute(1, "domain", "a.example");
    let object = json!([{"name": "x", "uuid": uuid(9), "Attribute": [attribute(2, "domain", "b.example")]}]);
    let orgc = ("Orgc", json!({"name": "Hotline"}));
    let tags = ("Tag", json!([{"name": "tlp:red"}, {"name": "PAP:AMBER"}]));
    let (attributes, objects) = (("Attribute", json!([own])), ("Object", object));
    let orders: [&[(&str, Value)]; 6] = [
        &[attributes.clone(), orgc.clone(), tags.clone()],
        &[objects.clone(), tags.clone(), orgc.clone()],
        &[tags.clone(), orgc.clone(), attributes.clone()],
        &[attributes.clone(), objects.clone(), orgc.clone(), tags.clone(), ("info", json!("x"))],
        &[("Attribute", own.clone()), orgc.clone(), tags.clone()],
        &[("Attribute", json!([])), objects.clone(), orgc.clone(), tags.clone()],
    ];
    for order in orders {
        let event = in_order(order);
        for text in [
            event.clone(),
            format!("[{event}]"),
            format!("{{\"response\":[{event}]}}"),
            format!("{{\"Event\":{event}}}"),
            format!("{{\"response\":[{{\"Event\":{event}}}]}}"),
        ] {
            let node = TestNode::new();
            let report = imported(&node, "format=misp&tlp=clear", text.clone()).await;
            assert_eq!(report["rejected"], json!([]), "{text}");
            let items = items(&node).await;
            assert!(!items.is_empty(), "{text}");
            for item in items {
                let read = (&item["tlp"], &item["pap"], &item["source"]);
                assert_eq!(read, (&json!("red"), &json!("amber"), &json!("Hotline")), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn an_attribute_alone_has_the_markings_of_the_event_in_it() {
    let asked_with_context = |tags: Value| {
        let mut own = attribute(1, "domain", "a.example");
        own["Event"] = json!({"id": "1", "info": "x", "Orgc": {"name": "Hotline"}, "Tag": tags});
        own
    };
    let mut by_event_tag = attribute(1, "domain", "a.example");
    by_event_tag["Event"] = json!({"EventTag": [{"Tag": {"name": "tlp:red"}}], "orgc_id": "1"});
    let mut by_attribute_tag = attribute(1, "domain", "a.example");
    by_attribute_tag["AttributeTag"] = json!([{"id": "3", "Tag": {"name": "tlp:red"}}]);
    let mut own_event_tag = attribute(1, "domain", "a.example");
    own_event_tag["EventTag"] = json!([{"Tag": {"name": "tlp:red"}}]);
    let mut inherited = attribute(1, "domain", "a.example");
    inherited["Tag"] = json!([{"name": "tlp:red", "inherited": 1}]);
    for (own, source) in [
        (asked_with_context(json!([{"name": "tlp:red"}])), "Hotline"),
        (by_event_tag, ""),
        (by_attribute_tag, ""),
        (own_event_tag, ""),
        (inherited, ""),
    ] {
        for text in [json!({"response": {"Attribute": [own]}}), json!([own]), own.clone()] {
            let node = TestNode::new();
            let report = imported(&node, "format=misp&tlp=clear", text.to_string()).await;
            assert_eq!((&report["accepted"], &report["unmarked"]), (&json!(1), &json!(null)), "{text}");
            let item = &items(&node).await[0];
            assert_eq!((&item["tlp"], &item["source"]), (&json!("red"), &json!(source)), "{text}");
        }
    }
}

#[tokio::test]
async fn attributes_without_event_and_marking_are_counted() {
    let node = TestNode::new();
    let mut marked = attribute(1, "domain", "a.example");
    marked["Tag"] = json!([{"name": "tlp:green"}]);
    let list = json!([marked, attribute(2, "domain", "b.example"), attribute(3, "domain", "c.example")]);
    let text = json!({"response": {"Attribute": list}}).to_string();
    let report = imported(&node, "format=misp", text).await;
    assert_eq!((&report["accepted"], &report["unmarked"]), (&json!(3), &json!(2)));
    let report =
        imported(&node, "format=misp", event(json!([attribute(4, "domain", "d.example")])).to_string());
    assert_eq!(report.await["unmarked"], json!(null), "its event says it");
    let event = json!({"Event": {"info": "x", "Attribute": [attribute(5, "domain", "e.example")]}});
    let report = imported(&node, "format=misp", event.to_string()).await;
    assert_eq!(report["unmarked"], json!(null), "its event is there, and says nothing");
}

#[tokio::test]
async fn what_is_for_its_organisation_only_is_red_without_a_tag() {
    let read = |text: Value| async move {
        let node = TestNode::new();
        imported(&node, "format=misp&tlp=clear", text.to_string()).await;
        items(&node).await[0]["tlp"].clone()
    };
    let with = |distribution: Value| {
        let mut own = attribute(1, "domain", "a.example");
        own["distribution"] = distribution;
        own
    };
    let plain = || attribute(1, "domain", "a.example");
    for zero in [json!("0"), json!(0)] {
        assert_eq!(read(json!({"Event": {"distribution": zero, "Attribute": [plain()]}})).await, "red");
        assert_eq!(
            read(json!({"Event": {"distribution": "3", "Attribute": [with(zero.clone())]}})).await,
            "red"
        );
        assert_eq!(read(json!([with(zero.clone())])).await, "red");
        let object = json!([{"name": "x", "distribution": zero, "Attribute": [plain()]}]);
        assert_eq!(read(json!({"Event": {"Object": object}})).await, "red");
        let mut inner = plain();
        inner["Event"] = json!({"distribution": zero});
        assert_eq!(read(json!([inner])).await, "red");
        let tagged =
            json!({"Event": {"distribution": zero, "Tag": [{"name": "tlp:green"}], "Attribute": [plain()]}});
        assert_eq!(read(tagged).await, "green", "a tag says it");
    }
    for free in [json!("1"), json!("3"), json!("5"), Value::Null] {
        assert_eq!(read(json!({"Event": {"distribution": "3", "Attribute": [with(free)]}})).await, "clear");
    }
}

#[tokio::test]
async fn tags_that_cannot_be_read_are_red() {
    for tags in [
        json!({"name": "tlp:clear"}),
        json!(["tlp:clear"]),
        json!("tlp:clear"),
        json!(7),
        json!([{"name": 7}]),
        json!([{"tag": "tlp:clear"}]),
        json!([{"name": "x".repeat(MAX_TEXT_BYTES + 1)}]),
    ] {
        let mut own = attribute(1, "domain", "a.example");
        own["Tag"] = tags.clone();
        let mut by_join = attribute(1, "domain", "a.example");
        by_join["AttributeTag"] = tags.clone();
        for text in [
            json!({"Event": {"Attribute": [own]}}),
            json!({"Event": {"Attribute": [by_join]}}),
            json!({"Event": {"Tag": tags, "Attribute": [attribute(1, "domain", "a.example")]}}),
            json!({"Event": {"Tag": [{"name": "tlp:green"}], "EventTag": tags, "Attribute": [attribute(1, "domain", "a.example")]}}),
        ] {
            let node = TestNode::new();
            let report = imported(&node, "format=misp&tlp=clear", text.to_string()).await;
            assert_eq!(report["accepted"], 1);
            assert_eq!(items(&node).await[0]["tlp"], "red", "{text:.200}");
        }
    }
    for none in [json!(null), json!([]), json!("")] {
        let node = TestNode::new();
        let text = json!({"Event": {"Tag": none, "Attribute": [attribute(1, "domain", "a.example")]}});
        imported(&node, "format=misp&tlp=clear", text.to_string()).await;
        assert_eq!(items(&node).await[0]["tlp"], "clear", "{none}");
    }
}

#[tokio::test]
async fn several_texts_in_one_file_are_read_each_for_itself() {
    let node = TestNode::new();
    let marked = |number: u32, tlp: &str| json!({"Event": {"Attribute": [attribute(number, "domain", &format!("d{number}.example"))], "Tag": [{"name": tlp}]}});
    let lone = json!({"Attribute": [attribute(3, "domain", "d3.example")], "Tag": [{"name": "tlp:green"}], "info": "x"});
    let text =
        format!("{}\n{}{lone}\n\n[{}]", marked(1, "tlp:red"), marked(2, "tlp:amber"), marked(4, "tlp:red"));
    let report = imported(&node, "format=misp&tlp=clear", text).await;
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(4), &json!([])));
    let read: Vec<Value> = items(&node).await.iter().map(|item| item["tlp"].clone()).collect();
    assert_eq!(read, ["red", "amber", "green", "red"]);
    let cut = format!("{}\n{{\"Event\":{{", marked(5, "tlp:red"));
    let detail = refused_whole(&TestNode::new(), "format=misp", cut).await;
    assert!(detail.contains("cut off"), "{detail}");
}

#[tokio::test]
async fn a_time_that_cannot_be_read_is_left_out_and_its_row_is_not() {
    let node = TestNode::new();
    let mut own = attribute(1, "domain", "a.example");
    own["first_seen"] = json!("1969-12-31T23:59:59Z");
    own["last_seen"] = json!("2026-02-01T00:00:00Z");
    let mut other = attribute(2, "domain", "b.example");
    other["last_seen"] = json!("2026-01-02 03:04:05");
    let text = json!({"Event": {"Attribute": [own, other, attribute(3, "domain", "c.example")]}});
    let report = imported(&node, "format=misp", text.to_string()).await;
    assert_eq!(
        (&report["accepted"], &report["left_out"], &report["rejected"]),
        (&json!(3), &json!(2), &json!([]))
    );
    let items = items(&node).await;
    assert_eq!(
        (&items[0]["first_seen"], &items[0]["last_seen"]),
        (&json!(null), &json!("2026-02-01T00:00:00Z"))
    );
    let csv = "kind,value,last_seen\ndomain,d.example,2026-01-02 03:04:05\n";
    let report = imported(&node, "format=csv", csv).await;
    assert_eq!(
        (&report["accepted"], &report["left_out"]),
        (&json!(0), &json!(null)),
        "a table is its writer's"
    );
}

#[tokio::test]
async fn an_account_of_one_machine_meets_none_of_another() {
    let part = |number: u32, relation: &str, value: &str| {
        let mut attribute = attribute(number, "text", value);
        attribute["object_relation"] = json!(relation);
        attribute
    };
    let account = |number: u32, platform: &str| {
        json!({"name": "user-account", "uuid": uuid(number), "Attribute": [
            part(number + 1, "username", "root"), part(number + 2, "user-id", "0"), part(number + 3, "account-type", platform)]})
    };
    let node = TestNode::new();
    let types = ["unix", "windows-local", "windows-domain", "ldap", "nis", "radius", "tacacs", "OpenID"];
    let objects: Vec<Value> = types.iter().zip(0..).map(|(name, n)| account(n * 10, name)).collect();
    let report = imported(&node, "format=misp", json!({"Event": {"Object": objects}}).to_string()).await;
    assert_eq!(report["accepted"], 0, "{report}");
    let reasons = reasons(&report);
    assert_eq!(reasons.len(), 2 * types.len());
    assert!(reasons.iter().all(|(_, reason)| reason.contains("of one machine or domain")), "{reasons:?}");
    let text = json!({"Event": {"Object": [account(100, "forum")]}}).to_string();
    assert_eq!(imported(&node, "format=misp", text).await["accepted"], 2);
}

#[tokio::test]
async fn an_account_at_a_bank_has_one_spelling() {
    let object = |number: u32, bank: (&str, &str), account: &str| {
        json!({"name": "bank-account", "uuid": uuid(number), "Attribute": [
            {"uuid": uuid(number + 1), "type": "bic", "object_relation": bank.0, "value": bank.1, "to_ids": true},
            {"uuid": uuid(number + 2), "type": "bank-account-nr", "object_relation": "account", "value": account, "to_ids": true}]})
    };
    let node = TestNode::new();
    let objects = json!([
        object(10, ("swift", "COBADEFF"), "0532013000"),
        object(20, ("swift", "COBADEFFXXX"), "0532 0130 00"),
        object(30, ("institution-code", "cobadeffxxx"), "05320-13000"),
        object(40, ("institution-code", "37040044"), "05 32"),
        object(50, ("swift", "37040044"), "0532013000"),
    ]);
    let report = imported(&node, "format=misp", json!({"Event": {"Object": objects}}).to_string()).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(2), &json!(2)), "{report}");
    let found: Vec<Value> = items(&node).await.iter().map(|item| item["canonical"].clone()).collect();
    assert_eq!(found, ["cobadeff:0532013000", "37040044:05 32"]);
    assert!(reasons(&report)[0].1.contains("BIC"), "{report}");
    let stix = json!({"type": "bundle", "objects": [
        {"type": "bank-account", "id": "bank-account--1", "bic": "COBADEFFXXX", "account_number": "05320-13000"}]});
    assert_eq!(imported(&node, "format=stix", stix.to_string()).await["duplicates"], 1, "in STIX as in MISP");
}

#[tokio::test]
async fn an_address_written_as_a_network_of_one_is_an_address() {
    let node = TestNode::new();
    let list = json!([
        attribute(1, "ip-dst", "198.51.100.1/32"),
        attribute(2, "ip-src", "2001:db8::1/128"),
        attribute(3, "ip-dst", "198.51.100.0/24")
    ]);
    let report = imported(&node, "format=misp", json!({"Event": {"Attribute": list}}).to_string()).await;
    assert_eq!((&report["accepted"], reasons(&report).len()), (&json!(2), 1), "{report}");
    let pattern =
        "[network-traffic:dst_ref.value = '203.0.113.33/32' OR ipv4-addr:value = '198.51.100.1/32']";
    let stix = json!({"type": "indicator", "id": "indicator--1", "pattern": pattern, "pattern_type": "stix"});
    let report = imported(&node, "format=stix", stix.to_string()).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(1), &json!(1)), "{report}");
    assert!(items(&node).await.iter().all(|item| item["kind"] == "ip"));
}
