//! What an author restricts or takes back in STIX, in ways that are easily passed over.

use serde_json::{Value, json};

use super::stix_context_tests::{self, GREEN};
use super::stix_tests::{CLEAR, RED_1, bundle, id, indicator, observable, with};
use crate::testing::TestNode;
use crate::testing::imports::{imported, items, reasons};

/// What becomes of objects that are clear where they say nothing, in this order and in the other one.
async fn both_ways(objects: &[Value]) -> [(Value, Vec<Value>); 2] {
    stix_context_tests::both_ways("format=stix&tlp=clear", objects).await
}

fn one(number: u32, members: Value) -> Value {
    with(indicator(number, &format!("[domain-name:value = 'd{number}.example.org']")), members)
}

#[tokio::test]
async fn a_marking_in_words_that_nobody_here_knows_is_red_and_told() {
    let marking = id("marking-definition", 1);
    // Access control specification, as United States agencies write it.
    let acs = json!({
        "name": "ACS",
        "extensions": {"extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce": {
            "extension_type": "property-extension", "further_sharing": [{"rule_effect": "deny"}],
        }},
    });
    let statement = json!({"definition_type": "statement", "definition": {"statement": "Copyright 2026"}});
    for (definition, tlp, told) in [(acs, "red", 1), (statement, "clear", 0)] {
        let objects = [
            observable("marking-definition", 1, definition),
            one(
                1,
                json!({"object_marking_refs": [marking], "granular_markings": [
                    {"marking_ref": marking, "selectors": ["name"]}, {"marking_ref": marking, "selectors": ["pattern"]},
                ]}),
            ),
        ];
        for (report, items) in both_ways(&objects).await {
            assert_eq!((items.len(), &items[0]["tlp"]), (1, &json!(tlp)));
            let unknown = report["unknown_markings"].as_array().map_or(&[][..], Vec::as_slice);
            assert_eq!(unknown.len(), told, "{report}");
            assert!(
                unknown.iter().all(|unknown| unknown["objects"] == 1),
                "one object refers to it: {report}"
            );
        }
    }
}

#[tokio::test]
async fn observables_within_an_observation_have_their_own_markings_and_those_that_others_give_them() {
    let inner = |members: Value| {
        let inner = with(
            json!({"type": "domain-name", "id": id("domain-name", 1), "value": "a.example.org"}),
            members,
        );
        let members = json!({"object_marking_refs": [CLEAR], "objects": {"0": inner},
            "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z", "number_observed": 1});
        observable("observed-data", 2, members)
    };
    let report = observable(
        "report",
        3,
        json!({"object_refs": [id("domain-name", 1)], "object_marking_refs": [GREEN]}),
    );
    for (objects, tlp) in [
        (vec![inner(json!({}))], "clear"),
        (vec![inner(json!({"object_marking_refs": [RED_1]}))], "red"),
        (vec![inner(json!({"granular_markings": [{"marking_ref": RED_1, "selectors": ["value"]}]}))], "red"),
        (vec![inner(json!({})), report], "green"),
    ] {
        for (_, items) in both_ways(&objects).await {
            assert_eq!((items.len(), &items[0]["tlp"]), (1, &json!(tlp)));
        }
    }
}

#[tokio::test]
async fn whatever_its_author_has_revoked_is_refused_and_says_nothing() {
    let revoked = |type_name: &str, number, members| {
        with(observable(type_name, number, members), json!({"revoked": true}))
    };
    let domain = json!({"0": {"type": "domain-name", "value": "a.example.org"}});
    let refused = [
        revoked("x-misp-attribute", 1, json!({"x_misp_type": "domain", "x_misp_value": "b.example.org"})),
        revoked(
            "x-misp-object",
            2,
            json!({"x_misp_name": "domain-ip", "x_misp_attributes": [
            {"type": "domain", "object_relation": "domain", "value": "c.example.org"}]}),
        ),
        revoked("observed-data", 3, json!({"objects": domain})),
        revoked("domain-name", 4, json!({"value": "d.example.org"})),
        one(5, json!({"revoked": true})),
    ];
    for (report, items) in both_ways(&refused).await {
        assert_eq!(items.len(), 0, "{items:?}");
        let reasons = reasons(&report);
        assert_eq!(reasons.len(), 5);
        assert!(reasons.iter().all(|(_, reason)| *reason == "its author has revoked it"), "{reasons:?}");
    }
    let seen = json!({"object_refs": [id("domain-name", 6)], "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-02T00:00:00Z"});
    let objects =
        [observable("domain-name", 6, json!({"value": "e.example.org"})), revoked("observed-data", 7, seen)];
    for (_, items) in both_ways(&objects).await {
        assert_eq!((items.len(), &items[0]["first_seen"]), (1, &Value::Null));
    }
}

#[tokio::test]
async fn a_version_whose_time_cannot_be_read_takes_all_of_its_id_out() {
    let old = one(1, json!({"modified": "2026-01-01T00:00:00Z"}));
    for (modified, reason) in [
        ("2026-02-01T00:00:00", "its author has revoked it"),
        ("2026-02-01", "its author has revoked it"),
        (
            "1 February",
            "which of its id is the newest cannot be told: one of them cannot be read, or its `modified` is no time",
        ),
    ] {
        let objects = [old.clone(), one(1, json!({"modified": modified, "revoked": true}))];
        for (report, items) in both_ways(&objects).await {
            assert_eq!((items.len(), reasons(&report)[0].1), (0, reason), "{modified}");
        }
    }
}

#[tokio::test]
async fn of_one_version_with_two_markings_neither_is_believed() {
    let objects =
        [one(1, json!({"object_marking_refs": [CLEAR]})), one(1, json!({"object_marking_refs": [GREEN]}))];
    for (report, items) in both_ways(&objects).await {
        assert_eq!((items.len(), &items[0]["tlp"]), (1, &json!("red")));
        assert_eq!(reasons(&report)[0].1, "the id was there before with other content: the first is kept");
    }
    // What differs elsewhere says nothing of the marking.
    let objects = [
        one(1, json!({"object_marking_refs": [CLEAR]})),
        one(1, json!({"object_marking_refs": [CLEAR], "name": "x"})),
    ];
    for (_, items) in both_ways(&objects).await {
        assert_eq!((items.len(), &items[0]["tlp"]), (1, &json!("clear")));
    }
}

#[tokio::test]
async fn of_two_as_new_one_that_is_revoked_takes_the_other_out() {
    let objects = [
        one(1, json!({"modified": "2026-01-01T00:00:00Z"})),
        one(1, json!({"modified": "2026-01-01T00:00:00Z", "revoked": true})),
    ];
    for (report, items) in both_ways(&objects).await {
        let reasons = reasons(&report);
        assert!(reasons.iter().all(|(_, reason)| *reason == "its author has revoked it"), "{reasons:?}");
        assert_eq!((items.len(), reasons.len()), (0, 2));
    }
}

#[tokio::test]
async fn unknown_markings_of_what_names_others_are_told_once_for_each() {
    let unknown = json!({"object_marking_refs": [id("marking-definition", 9)]});
    let refers = json!({"object_refs": [id("indicator", 1)]});
    let inner = json!({"objects": {"0": {"type": "domain-name", "value": "a.example.org"}}});
    let objects = [
        one(1, json!({})),
        observable("report", 2, with(refers.clone(), unknown.clone())),
        observable("grouping", 3, with(json!({"object_refs": [id("report", 2)]}), unknown.clone())),
        observable("observed-data", 4, with(refers, unknown.clone())),
        observable("observed-data", 5, with(inner, unknown)),
    ];
    for (report, _) in both_ways(&objects).await {
        assert_eq!(report["unknown_markings"], json!([{"id": id("marking-definition", 9), "objects": 4}]));
    }
}

#[tokio::test]
async fn what_is_based_on_nothing_in_the_file_is_told() {
    let context = json!({"object_refs": [id("domain-name", 1)], "labels": ["misp:type=\"domain\""]});
    let based = json!({"relationship_type": "based-on", "source_ref": id("indicator", 1), "target_ref": id("observed-data", 2)});
    let objects = [
        observable("domain-name", 1, json!({"value": "a.example.org"})),
        observable("observed-data", 2, context),
        observable("relationship", 3, based),
    ];
    for (report, items) in both_ways(&objects).await {
        assert_eq!((items.len(), reasons(&report).len()), (0, 1), "{report}");
    }
    let with_indicator: Vec<Value> = objects.into_iter().chain([one(1, json!({}))]).collect();
    for (report, items) in both_ways(&with_indicator).await {
        assert_eq!((items.len(), reasons(&report).len()), (1, 0), "{report}");
    }
}

#[tokio::test]
async fn the_times_of_a_sighting_are_for_those_who_may_read_the_report_around_it() {
    let sighting = json!({"sighting_of_ref": id("indicator", 1), "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2026-01-02T00:00:00Z"});
    let report = |marking: &str| {
        observable("report", 3, json!({"object_refs": [id("sighting", 2)], "object_marking_refs": [marking]}))
    };
    for (marking, is_seen) in [(CLEAR, true), (RED_1, false)] {
        let objects = [one(1, json!({})), observable("sighting", 2, sighting.clone()), report(marking)];
        for (_, items) in both_ways(&objects).await {
            assert_eq!((&items[0]["tlp"], items[0]["first_seen"].is_string()), (&json!("clear"), is_seen));
        }
    }
}

#[tokio::test]
async fn the_cases_of_opencti_mark_what_they_name() {
    for type_name in ["case-incident", "case-rfi", "case-rft"] {
        let case = observable(
            type_name,
            2,
            json!({"object_refs": [id("indicator", 1)], "object_marking_refs": [RED_1]}),
        );
        for (_, items) in both_ways(&[one(1, json!({})), case]).await {
            assert_eq!(items[0]["tlp"], "red", "{type_name}");
        }
    }
}

#[tokio::test]
async fn a_marked_observable_does_not_speak_for_the_one_beside_it() {
    let inner = |value: &str, members: Value| with(json!({"type": "domain-name", "value": value}), members);
    let object = observable(
        "observed-data",
        1,
        json!({"objects": {
            "0": inner("a.example.org", json!({"object_marking_refs": [CLEAR]})), "1": inner("b.example.org", json!({})),
        }}),
    );
    for (query, tlp) in
        [("format=stix&tlp=red", "red"), ("format=stix", "amber"), ("format=stix&tlp=clear", "clear")]
    {
        let node = TestNode::new();
        imported(&node, query, bundle(std::slice::from_ref(&object))).await;
        let items = items(&node).await;
        assert_eq!(items.len(), 2);
        assert!(items.iter().all(|item| item["tlp"] == tlp), "{query}: {items:?}");
    }
}

#[tokio::test]
async fn every_version_of_a_report_marks_where_nobody_knows_which_is_newer() {
    let report = |modified: &str, members: Value| {
        with(observable("report", 2, json!({"modified": modified})), members)
    };
    let objects = [
        one(1, json!({})),
        report(
            "2026-01-01T00:00:00Z",
            json!({"object_refs": [id("indicator", 1)], "object_marking_refs": [RED_1]}),
        ),
        report("1 February", json!({"object_refs": [id("indicator", 9)]})),
    ];
    for (_, items) in both_ways(&objects).await {
        assert_eq!(items[0]["tlp"], "red");
    }
}
