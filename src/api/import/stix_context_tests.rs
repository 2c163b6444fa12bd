//! What objects of STIX say of one another: markings, times and versions that an indicator has from beside it.

use serde_json::{Value, json};

use super::stix_tests::{CLEAR, RED_1, bundle, canonical, id, indicator, observable, with};
use crate::testing::TestNode;
use crate::testing::imports::{imported, items, reasons};

pub(super) const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

/// Imports objects in this order and in the other one; the reports and the items of each.
pub(super) async fn both_ways(query: &str, objects: &[Value]) -> [(Value, Vec<Value>); 2] {
    let turned: Vec<Value> = objects.iter().rev().cloned().collect();
    let mut results = Vec::new();
    for objects in [objects, &turned] {
        let node = TestNode::new();
        let report = imported(&node, query, bundle(objects)).await;
        results.push((report, items(&node).await));
    }
    let [second, first] = [results.pop().unwrap(), results.pop().unwrap()];
    [first, second]
}

/// The TLP of an item, by its canonical form.
fn tlp<'a>(items: &'a [Value], canonical: &str) -> &'a str {
    let item = items.iter().find(|item| item["canonical"] == canonical);
    item.unwrap_or_else(|| panic!("{canonical} in {items:?}"))["tlp"].as_str().unwrap()
}

fn container(type_name: &str, number: u32, names: &[String], members: Value) -> Value {
    with(observable(type_name, number, json!({"name": "x", "object_refs": names})), members)
}

fn marked(object: Value, marking: &str) -> Value {
    with(object, json!({"object_marking_refs": [marking]}))
}

fn domain(number: u32, value: &str) -> Value {
    observable("domain-name", number, json!({"value": value}))
}

#[tokio::test]
async fn what_is_not_marked_has_the_marking_of_the_report_that_names_it() {
    for type_name in ["report", "grouping"] {
        let names = [id("indicator", 1), id("domain-name", 2), id("indicator", 3)];
        let objects = [
            container(
                type_name,
                9,
                &names,
                json!({"object_marking_refs": [RED_1], "labels": ["Threat-Report", "PAP:RED"]}),
            ),
            indicator(1, "[domain-name:value = 'one.example']"),
            domain(2, "two.example"),
            marked(indicator(3, "[domain-name:value = 'own.example']"), GREEN),
            indicator(4, "[domain-name:value = 'beside.example']"),
        ];
        for (report, items) in both_ways("format=stix&tlp=clear", &objects).await {
            assert_eq!(report["accepted"], 4, "{report}");
            for (name, wanted) in [
                ("one.example", "red"),
                ("two.example", "red"),
                ("own.example", "green"),
                ("beside.example", "clear"),
            ] {
                assert_eq!(tlp(&items, name), wanted, "{name}");
            }
            let pap = |name: &str| &items.iter().find(|item| item["canonical"] == name).unwrap()["pap"];
            assert_eq!((pap("one.example"), pap("own.example")), (&json!("red"), &json!("red")));
            assert_eq!(pap("beside.example"), &Value::Null);
        }
    }
}

#[tokio::test]
async fn of_several_reports_the_narrowest_marking_holds_and_reports_within_reports_pass_theirs_on() {
    let objects = [
        indicator(1, "[domain-name:value = 'one.example']"),
        indicator(2, "[domain-name:value = 'two.example']"),
        container("report", 3, &[id("indicator", 1)], json!({"object_marking_refs": [CLEAR]})),
        container("grouping", 4, &[id("indicator", 1), id("indicator", 2)], json!({})),
        container("report", 5, &[id("grouping", 4)], json!({"object_marking_refs": [RED_1]})),
    ];
    for (_, items) in both_ways("format=stix", &objects).await {
        assert_eq!((tlp(&items, "one.example"), tlp(&items, "two.example")), ("red", "red"));
    }
    // A chain that is longer than anybody needs, against its direction: red, and not lost.
    let chain = (0..20).map(|n| {
        let next = [id(if n == 0 { "indicator" } else { "report" }, n)];
        let marking = if n == 19 { json!({"object_marking_refs": [GREEN]}) } else { json!({}) };
        container("report", n + 1, &next, marking)
    });
    let one = with(indicator(0, "[domain-name:value = 'deep.example']"), json!({}));
    let objects: Vec<Value> = chain.chain([one]).collect();
    let [(_, forward), (_, backward)] = both_ways("format=stix&tlp=clear", &objects).await;
    assert_eq!((tlp(&forward, "deep.example"), tlp(&backward, "deep.example")), ("red", "green"));
}

#[tokio::test]
async fn a_report_that_is_too_large_marks_the_whole_file() {
    let names: Vec<String> = (0..30_000).map(|number| id("indicator", number)).collect();
    let large = container("report", 9, &names, json!({"object_marking_refs": [RED_1]}));
    let objects = [indicator(1, "[domain-name:value = 'one.example']"), large];
    for (_, items) in both_ways("format=stix&tlp=clear", &objects).await {
        assert_eq!(tlp(&items, "one.example"), "red");
    }
    let unmarked = container("report", 9, &names, json!({}));
    let objects = [indicator(1, "[domain-name:value = 'one.example']"), unmarked];
    for (_, items) in both_ways("format=stix&tlp=clear", &objects).await {
        assert_eq!(tlp(&items, "one.example"), "clear");
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_read_makes_the_file_red() {
    let report = format!(
        "{{\"type\":\"report\",\"id\":\"{}\",\"object_refs\":[],\"object_refs\":[\"{}\"]}}",
        id("report", 9),
        id("indicator", 1)
    );
    let one = indicator(1, "[domain-name:value = 'one.example']");
    let node = TestNode::new();
    let _ = imported(&node, "format=stix&tlp=clear", format!("[{report},{one}]")).await;
    assert_eq!(tlp(&items(&node).await, "one.example"), "red");
}

#[tokio::test]
async fn of_an_id_the_newest_version_counts() {
    let version = |at: &str, value: &str, members: Value| {
        let modified = json!({"modified": at});
        with(with(indicator(1, &format!("[domain-name:value = '{value}']")), modified), members)
    };
    let old = version("2026-01-01T00:00:00.100Z", "old.example", json!({}));
    let new = version("2026-01-01T01:00:00.2+01:00", "new.example", json!({}));
    let objects = [old.clone(), new.clone(), indicator(2, "[domain-name:value = 'other.example']")];
    for (report, items) in both_ways("format=stix", &objects).await {
        let mut found: Vec<&str> = items.iter().filter_map(|item| item["canonical"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["new.example", "other.example"]);
        assert_eq!((&report["accepted"], &report["rejected"]), (&json!(2), &json!([])));
    }
    let revoked = version("2026-01-01T00:00:01Z", "new.example", json!({"revoked": true}));
    for (report, items) in both_ways("format=stix", &[old, new, revoked]).await {
        assert_eq!(items, [] as [Value; 0]);
        assert!(reasons(&report).len() == 1 && reasons(&report)[0].1.contains("revoked"), "{report}");
    }
}

#[tokio::test]
async fn observables_have_no_versions_and_the_narrower_marking_holds() {
    let objects = [marked(domain(1, "one.example"), RED_1), marked(domain(1, "one.example"), CLEAR)];
    for (report, items) in both_ways("format=stix", &objects).await {
        assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(1), &json!(1)), "{report}");
        assert_eq!(tlp(&items, "one.example"), "red");
    }
}

#[tokio::test]
async fn an_older_version_of_a_report_or_an_author_says_nothing() {
    let at = |modified: &str| json!({"modified": modified});
    let report = |modified: &str, marking: &str| {
        with(marked(container("report", 9, &[id("indicator", 1)], json!({})), marking), at(modified))
    };
    let author =
        |modified: &str, name: &str| with(observable("identity", 8, json!({"name": name})), at(modified));
    let objects = [
        report("2026-01-01T00:00:00Z", RED_1),
        author("2026-01-01T00:00:00Z", "Old"),
        with(
            indicator(1, "[domain-name:value = 'one.example']"),
            json!({"created_by_ref": id("identity", 8)}),
        ),
        author("2026-01-02T00:00:00Z", "New"),
        report("2026-01-02T00:00:00Z", GREEN),
    ];
    for (_, items) in both_ways("format=stix", &objects).await {
        assert_eq!((tlp(&items, "one.example"), &items[0]["source"]), ("green", &json!("New")));
    }
}

/// An observed-data of MISP's converter.
fn observed(number: u32, names: &[String], labels: Value) -> Value {
    let times = json!({"first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-02T00:00:00Z", "number_observed": 1});
    with(
        with(container("observed-data", number, names, json!({"labels": labels})), times),
        json!({"name": null}),
    )
}

#[tokio::test]
async fn what_misp_gives_as_context_is_refused() {
    let objects = [
        observed(
            1,
            &[id("domain-name", 1)],
            json!(["misp:type=\"domain\"", "misp:category=\"Network activity\""]),
        ),
        domain(1, "context.example"),
        observed(2, &[id("domain-name", 2)], json!(["misp:name=\"domain-ip\""])),
        domain(2, "object.example"),
        observed(3, &[id("email-addr", 3)], json!(["misp:type=\"whois-registrant-email\""])),
        observable("email-addr", 3, json!({"value": "a@off-by-default.example"})),
        observed(4, &[id("user-account", 4)], json!(["misp:name=\"telegram-account\""])),
        observable("user-account", 4, json!({"account_type": "telegram", "account_login": "eve"})),
        observed(5, &[id("domain-name", 5)], json!(["seen"])),
        domain(5, "observed.example"),
        observable(
            "x-misp-attribute",
            6,
            json!({"x_misp_type": "btc", "x_misp_value": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "labels": ["misp:to_ids=\"False\""]}),
        ),
    ];
    for (report, items) in both_ways("format=stix", &objects).await {
        let mut found: Vec<&str> = items.iter().filter_map(|item| item["canonical"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["a@off-by-default.example", "observed.example", "telegram:eve"], "{report}");
        let mut refused: Vec<_> =
            reasons(&report).into_iter().map(|(id, _)| id.unwrap().to_owned()).collect();
        refused.sort();
        assert_eq!(refused, [id("domain-name", 1), id("domain-name", 2), id("x-misp-attribute", 6)]);
        assert!(reasons(&report).iter().all(|(_, reason)| reason.contains("to_ids is off")), "{report}");
    }
}

#[tokio::test]
async fn what_stands_beside_an_indicator_of_misp_is_passed_over() {
    let objects = [
        observed(1, &[id("domain-name", 1)], json!(["misp:type=\"domain\""])),
        domain(1, "one.example"),
        indicator(1, "[domain-name:value = 'one.example']"),
        observable(
            "relationship",
            1,
            json!({"relationship_type": "based-on", "source_ref": id("indicator", 1), "target_ref": id("observed-data", 1)}),
        ),
    ];
    for (report, _) in both_ways("format=stix", &objects).await {
        assert_eq!(
            (&report["accepted"], &report["duplicates"], &report["rejected"]),
            (&json!(1), &json!(0), &json!([]))
        );
    }
}

#[tokio::test]
async fn what_was_observed_has_the_markings_and_times_of_its_observation() {
    let objects = [
        marked(observed(1, &[id("domain-name", 1), id("domain-name", 2)], json!(["PAP:AMBER"])), RED_1),
        domain(1, "one.example"),
        marked(domain(2, "two.example"), CLEAR),
        observed(3, &[id("domain-name", 3)], json!([])),
        domain(3, "three.example"),
        container("report", 9, &[id("observed-data", 3)], json!({"object_marking_refs": [GREEN]})),
    ];
    for (_, items) in both_ways("format=stix", &objects).await {
        for (name, wanted) in [("one.example", "red"), ("two.example", "red"), ("three.example", "green")] {
            assert_eq!(tlp(&items, name), wanted, "{name}");
        }
        let one = items.iter().find(|item| item["canonical"] == "one.example").unwrap();
        assert_eq!(
            (&one["pap"], &one["first_seen"], &one["last_seen"]),
            (&json!("amber"), &json!("2026-01-01T00:00:00Z"), &json!("2026-01-02T00:00:00Z"))
        );
    }
}

#[tokio::test]
async fn sightings_say_when_an_indicator_was_seen() {
    let sighting = |number: u32, of: u32, first: &str, last: &str| {
        observable(
            "sighting",
            number,
            json!({"sighting_of_ref": id("indicator", of), "first_seen": first, "last_seen": last}),
        )
    };
    let objects = [
        indicator(1, "[domain-name:value = 'one.example']"),
        sighting(1, 1, "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"),
        sighting(2, 1, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        with(
            sighting(3, 1, "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            json!({"x_opencti_negative": true}),
        ),
        with(sighting(4, 1, "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), json!({"count": 0})),
        with(sighting(5, 1, "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), json!({"revoked": true})),
        indicator(2, "[domain-name:value = 'two.example']"),
        marked(sighting(6, 2, "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"), RED_1),
    ];
    for (_, items) in both_ways("format=stix", &objects).await {
        let seen = |name: &str| {
            let item = items.iter().find(|item| item["canonical"] == name).unwrap();
            (item["first_seen"].clone(), item["last_seen"].clone())
        };
        assert_eq!(seen("one.example"), (json!("2026-01-01T00:00:00Z"), json!("2026-02-02T00:00:00Z")));
        // Who saw it says that nobody may be told.
        assert_eq!(seen("two.example"), (Value::Null, Value::Null));
    }
}

#[tokio::test]
async fn a_marking_that_cannot_be_read_is_red() {
    let definition = |members: Value| observable("marking-definition", 7, members);
    let refers = json!({"object_marking_refs": [id("marking-definition", 7)]});
    let cases = [
        (json!({"object_marking_refs": GREEN}), None),
        (json!({"object_marking_refs": {"0": GREEN}}), None),
        (json!({"object_marking_refs": [7]}), None),
        (json!({"granular_markings": {"marking_ref": GREEN}}), None),
        (json!({"granular_markings": [GREEN]}), None),
        (json!({"granular_markings": [{"selectors": ["name"]}]}), None),
        (refers.clone(), Some(definition(json!({"definition_type": "tlp"})))),
        (refers.clone(), Some(definition(json!({"definition_type": "tlp", "definition": {"tlp": 7}})))),
        (refers.clone(), Some(definition(json!({"x_opencti_definition_type": "TLP"})))),
        (
            refers.clone(),
            Some(definition(
                json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {}}}),
            )),
        ),
        (refers, Some(definition(json!({"definition": {"x": vec!["0123456789"; 90_000]}})))),
    ];
    for (members, definition) in cases {
        let object = with(indicator(1, "[domain-name:value = 'one.example']"), members.clone());
        let objects: Vec<Value> = definition.into_iter().chain([object]).collect();
        for (report, items) in both_ways("format=stix&tlp=clear", &objects).await {
            assert_eq!(report["accepted"], 1, "{report}");
            assert_eq!(tlp(&items, "one.example"), "red", "{members}");
        }
    }
    let fine =
        json!({"object_marking_refs": null, "granular_markings": [{"lang": "de", "selectors": ["name"]}]});
    let objects = [with(indicator(1, "[domain-name:value = 'one.example']"), fine)];
    for (_, items) in both_ways("format=stix&tlp=clear", &objects).await {
        assert_eq!(tlp(&items, "one.example"), "clear");
    }
}

#[tokio::test]
async fn a_file_that_is_refused_leaves_nothing() {
    let node = TestNode::new();
    let objects: Vec<String> = (0..25_000)
        .map(|n| indicator(n, &format!("[domain-name:value = 'd{n}.example.org']")).to_string())
        .collect();
    let whole = format!("{{\"type\":\"bundle\",\"objects\":[{}]}}", objects.join(","));
    let answer = node.import("format=stix", whole[..whole.len() - 3].to_owned()).await;
    assert_eq!(answer.problem(422, "bad-import")["import"]["accepted"], 0);
    assert_eq!(canonical(&node).await, [] as [String; 0]);
    assert_eq!(imported(&node, "format=stix", whole).await["accepted"], 25_000);
}

#[tokio::test]
async fn a_marking_that_nobody_defines_is_told() {
    let unknown = id("marking-definition", 7);
    let objects = [
        marked(indicator(1, "[domain-name:value = 'one.example']"), &unknown),
        marked(domain(2, "two.example"), &unknown),
        marked(domain(3, "three.example"), RED_1),
        marked(domain(4, "four.example"), "4111111111111111"),
    ];
    for (report, items) in both_ways("format=stix", &objects).await {
        assert!(items.iter().all(|item| item["tlp"] == "red"));
        assert_eq!(report["unknown_markings"], json!([{"id": unknown, "objects": 2}]));
    }
}

#[tokio::test]
async fn observables_within_an_observation_are_read() {
    let within = |number: u32, objects: Value, labels: Value| {
        with(
            observable("observed-data", number, json!({"objects": objects, "labels": labels})),
            json!({"first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-02T00:00:00Z"}),
        )
    };
    let address = json!({"0": {"type": "network-traffic", "dst_ref": "1"}, "1": {"type": "ipv4-addr", "value": "192.0.2.9"}});
    let misp = json!(["misp:type=\"domain\""]);
    let objects = [
        marked(within(1, address, json!([])), RED_1),
        within(2, json!({"0": {"type": "domain-name", "value": "context.example"}}), misp.clone()),
        within(3, json!({"0": {"type": "domain-name", "value": "based.example"}}), misp),
        indicator(3, "[domain-name:value = 'based.example']"),
        observable(
            "relationship",
            3,
            json!({"relationship_type": "based-on", "source_ref": id("indicator", 3), "target_ref": id("observed-data", 3)}),
        ),
        within(
            4,
            json!({"0": {"type": "mutex", "name": "x"}, "1": {"type": "url", "value": "https://a.example/"}}),
            json!([]),
        ),
        within(
            5,
            json!({"0": {"type": "mutex", "name": "x"}, "1": {"type": "url", "value": "no url"}}),
            json!([]),
        ),
        within(6, json!({"0": {"type": "network-traffic", "dst_ref": "1"}}), json!([])),
        within(7, json!({"0": {"type": "mutex", "name": "x"}}), json!([])),
        container("report", 9, &[id("observed-data", 4)], json!({"object_marking_refs": [RED_1]})),
    ];
    for (report, items) in both_ways("format=stix&tlp=green", &objects).await {
        let mut found: Vec<_> = items.iter().map(|item| (&item["canonical"], &item["tlp"])).collect();
        found.sort_by_key(|(canonical, _)| canonical.as_str().unwrap());
        let [red, green] = [json!("red"), json!("green")];
        assert_eq!(
            found,
            [
                (&json!("192.0.2.9"), &red),
                (&json!("based.example"), &green),
                (&json!("https://a.example/"), &red)
            ]
        );
        let address = items.iter().find(|item| item["kind"] == "ip").unwrap();
        assert_eq!(address["last_seen"], "2026-01-02T00:00:00Z");
        let mut refused = reasons(&report);
        refused.sort_unstable();
        let ids: Vec<_> = refused.iter().map(|(id, _)| id.unwrap().to_owned()).collect();
        assert_eq!(ids, [2, 5, 7].map(|number| id("observed-data", number)), "{report}");
        assert!(refused[0].1.contains("to_ids is off") && refused[1].1.contains("url"), "{report}");
    }
}

#[tokio::test]
async fn what_its_author_calls_benign_is_refused() {
    let benign = [
        json!({"indicator_types": ["benign"]}),
        json!({"labels": ["benign"]}),
        json!({"labels": ["benign", "misp:type=\"domain\""]}),
    ];
    let others = [
        json!({"indicator_types": ["benign", "unknown"]}),
        json!({"indicator_types": ["malicious-activity"], "labels": ["benign"]}),
        json!({"labels": ["benign", "anonymization"]}),
    ];
    let objects: Vec<Value> = (0..)
        .zip(benign.iter().chain(&others))
        .map(|(n, types)| with(indicator(n, &format!("[domain-name:value = 'd{n}.example']")), types.clone()))
        .collect();
    let node = TestNode::new();
    let report = imported(&node, "format=stix", bundle(&objects)).await;
    assert_eq!(canonical(&node).await, ["domain d3.example", "domain d4.example", "domain d5.example"]);
    assert!(reasons(&report).iter().all(|(_, reason)| reason.contains("benign")), "{report}");
}

#[tokio::test]
async fn openctis_extension_of_observables_names_author_and_description() {
    let extension = json!({"extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82":
        {"extension_type": "property-extension", "description": "seen in an advert", "created_by_ref": id("identity", 8)}});
    let objects = [
        with(domain(1, "one.example"), json!({"extensions": extension})),
        observable("identity", 8, json!({"name": "Hotline"})),
    ];
    for (_, items) in both_ways("format=stix", &objects).await {
        assert_eq!(
            (&items[0]["source"], &items[0]["note"]),
            (&json!("Hotline"), &json!("seen in an advert"))
        );
    }
}
