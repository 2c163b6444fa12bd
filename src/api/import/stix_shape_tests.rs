//! Files of STIX in odd shapes: lists of bundles, objects that cannot be read or are too large, and what takes far more than its size.

use serde_json::{Value, json};

use super::json_cut::MAX_PART_BYTES;
use super::stix_tests::{CLEAR, RED_1, bundle, id, indicator, observable, with};
use crate::testing::TestNode;
use crate::testing::imports::{imported, items, reasons};

async fn import(text: impl Into<axum::body::Body>) -> (Value, Vec<Value>) {
    let node = TestNode::new();
    let report = imported(&node, "format=stix&tlp=clear", text).await;
    (report, items(&node).await)
}

fn one(number: u32) -> Value {
    indicator(number, &format!("[domain-name:value = 'd{number}.example.org']"))
}

fn red_report(names: &[u32]) -> Value {
    let names: Vec<String> = names.iter().map(|number| id("indicator", *number)).collect();
    observable("report", 9, json!({"object_refs": names, "object_marking_refs": [RED_1]}))
}

#[tokio::test]
async fn bundles_and_envelopes_in_a_list_are_one_file_in_any_order_of_keys() {
    let large: Vec<Value> = (100..5_000).map(one).collect();
    let large = bundle(&large);
    assert!(large.len() > MAX_PART_BYTES);
    let first =
        format!(r#"{{"objects":[{},{}],"type":"bundle","id":"bundle--1"}}"#, one(1), red_report(&[2, 3]));
    let second = format!(r#"{{"type":"bundle","id":"bundle--2","objects":[{}]}}"#, one(2));
    let envelope = format!(r#"{{"more":false,"objects":[{}]}}"#, one(3));
    let alone = one(4);
    let old = observable(
        "observed-data",
        5,
        json!({"objects": {"0": {"type": "domain-name", "value": "old.example.org"}}}),
    );
    let (report, items) = import(format!("[{first},{second},{envelope},{alone},{old},7,{large}]")).await;
    assert_eq!((&report["accepted"], reasons(&report).len()), (&json!(4_905), 1), "{:?}", reasons(&report));
    let tlp =
        |value: &str| items.iter().find(|item| item["canonical"] == value).map(|item| item["tlp"].clone());
    for (value, wanted) in [
        ("d1.example.org", "clear"),
        ("d2.example.org", "red"),
        ("d3.example.org", "red"),
        ("old.example.org", "clear"),
    ] {
        assert_eq!(tlp(value), Some(json!(wanted)), "{value}");
    }
}

#[tokio::test]
async fn an_object_that_stands_alone_and_cannot_be_read_is_refused_and_its_markings_are_not_lost() {
    let twice = red_report(&[1]).to_string().replacen('{', r#"{"name":"a","name":"b","#, 1);
    let number = red_report(&[1]).to_string().replacen('{', r#"{"x":1e999,"#, 1);
    for bad in [&twice, &number] {
        for text in
            [format!("{bad}\n{}", one(1)), format!("{}\n{bad}", one(1)), format!("[{bad},{}]", one(1))]
        {
            let (report, items) = import(text).await;
            assert_eq!(
                (reasons(&report).len(), items.len(), &items[0]["tlp"]),
                (1, 1, &json!("red")),
                "{bad}"
            );
        }
    }
    for (bad, reason) in [
        (r#"{"type":"url","value":"https://a.example.org/"}"#, None),
        (r#"{"id":"url--1","value":"x"}"#, Some("an object without a type")),
    ] {
        let (report, _) = import(format!("{bad}\n{}", one(1))).await;
        let reasons = reasons(&report);
        match reason {
            Some(reason) => assert_eq!(reasons[0].1, reason),
            // Without an id it is an observable that a value is read of.
            None => assert_eq!((reasons.len(), &report["accepted"]), (0, &json!(2))),
        }
    }
}

#[tokio::test]
async fn of_a_list_of_references_that_is_too_long_no_part_is_taken_for_all() {
    let names: String = (1..30_000).map(|number| format!("\"{}\",", id("indicator", number))).collect();
    let report = format!(
        r#"{{"object_refs":[{names}"{}"],"type":"report","id":"{}","object_marking_refs":["{RED_1}"]}}"#,
        id("indicator", 40_000),
        id("report", 9)
    );
    for text in [format!("{report}\n{}", one(40_000)), format!("[{report},{}]", one(40_000))] {
        let (_, items) = import(text).await;
        assert_eq!(items[0]["tlp"], "red");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_its_id_and_what_it_may_have_said_is_red() {
    let filler = |bytes: usize| -> Vec<String> { vec!["x".repeat(60_000); bytes / 60_000 + 1] };
    // The report's type comes after a mebibyte of other things.
    let (members, report) = (filler(MAX_PART_BYTES), red_report(&[1]));
    let fields = report.as_object().unwrap();
    let late = format!(
        r#"{{"a":{},"object_marking_refs":{},"object_refs":{},"id":{},"type":"report"}}"#,
        json!(&members[..17]),
        fields["object_marking_refs"],
        fields["object_refs"],
        fields["id"]
    );
    let padded =
        late.replacen("\"object_refs\"", &format!("\"b\":\"{}\",\"object_refs\"", "y".repeat(28_000)), 1);
    let (_, items) = import(format!("[{padded},{}]", one(1))).await;
    assert_eq!(items[0]["tlp"], "red");
    // More observables than can be kept, and more hashes.
    let observed = observable(
        "observed-data",
        5,
        json!({"objects": {"0": {"type": "domain-name", "value": "a.example.org", "x": members}}}),
    );
    let file =
        observable("file", 6, json!({"hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e", "x": members}}));
    let (report, items) = import(bundle(&[observed, file, one(1)])).await;
    let reasons = reasons(&report);
    assert_eq!((items.len(), reasons.len()), (1, 2), "{reasons:?}");
    assert!(reasons.iter().all(|(_, reason)| *reason == "larger than a mebibyte"), "{reasons:?}");
    // Some markings are kept, and others may be what was left out.
    let granular = vec![json!({"marking_ref": RED_1, "selectors": members}); 2];
    let report =
        with(red_report(&[1]), json!({"object_marking_refs": [CLEAR], "granular_markings": granular}));
    let (_, items) = import(bundle(&[report, one(1)])).await;
    assert_eq!(items[0]["tlp"], "red");
}

#[tokio::test]
async fn a_list_of_objects_makes_no_report_pass_for_a_bundle() {
    let twice = red_report(&[1]).to_string().replacen('{', r#"{"name":"a","name":"b","objects":[],"#, 1);
    let reversed = red_report(&[1]).to_string().replacen('{', r#"{"objects":[],"#, 1);
    let typeless = reversed.replacen(r#""type":"report""#, r#""type":["report"]"#, 1);
    for (bad, rejects) in [(&twice, 1), (&reversed, 0), (&typeless, 1)] {
        for text in [format!("{bad}\n{}", one(1)), format!("[{},{bad}]", one(1))] {
            let (report, items) = import(text).await;
            assert_eq!(
                (reasons(&report).len(), items.len(), &items[0]["tlp"]),
                (rejects, 1, &json!("red")),
                "{bad}"
            );
        }
    }
    // The type has no room behind all that is there before.
    let filler = vec!["x".repeat(60_000); 17];
    let late = red_report(&[1]).to_string().replacen(
        '{',
        &format!(r#"{{"objects":[],"a":{},"b":"{}","#, json!(filler), "y".repeat(28_300)),
        1,
    );
    let late = late.replacen(r#","type":"report"}"#, "}", 1);
    let late = late.replacen("\"object_refs\"", "\"c\":1,\"object_refs\"", 1);
    let late = format!("{},{}", late.trim_end_matches('}'), r#""type":"report"}"#);
    assert!(late.len() > MAX_PART_BYTES);
    for text in [format!("{late}\n{}", one(1)), format!("[{late},{}]", one(1))] {
        let (_, items) = import(text).await;
        assert_eq!(items[0]["tlp"], "red");
    }
    // Nobody knows of a bundle that cannot be read that it is one.
    let bundle = format!(r#"{{"type":"bundle","id":"bundle--1","id":"bundle--2","objects":[{}]}}"#, one(1));
    let (report, items) = import(bundle).await;
    assert_eq!((reasons(&report).len(), items.len(), &items[0]["tlp"]), (1, 1, &json!("red")));
}

#[tokio::test]
async fn what_an_unreadable_object_names_is_red_however_its_key_is_written_and_however_long_it_is() {
    let report = red_report(&[1]).to_string().replacen('{', r#"{"name":"a","name":"b","#, 1);
    let escaped = report.replacen("object_refs", r"object\u005frefs", 1);
    let names: Vec<String> = (1..30_000).map(|number| id("indicator", number)).collect();
    let long = with(red_report(&[]), json!({"object_refs": names})).to_string();
    let long = long.replacen('{', r#"{"name":"a","name":"b","#, 1);
    for bad in [&report, &escaped, &long] {
        for text in
            [format!("[{bad},{}]", one(1)), format!(r#"{{"type":"bundle","objects":[{},{bad}]}}"#, one(1))]
        {
            let (report, items) = import(text).await;
            assert_eq!((reasons(&report).len(), &items[0]["tlp"]), (1, &json!("red")));
        }
    }
    // A letter of another language is no key.
    let plain = one(2).to_string().replacen('{', r#"{"name":"caf\u00e9","name":"b","#, 1);
    let (report, items) = import(format!("[{plain},{}]", one(1))).await;
    assert_eq!((reasons(&report).len(), &items[0]["tlp"]), (1, &json!("clear")));
}

#[tokio::test]
async fn of_a_report_too_large_twice_over_the_markings_may_be_what_is_missing() {
    let names: Vec<String> = (1..30_000).map(|number| id("indicator", number)).collect();
    let granular = json!([{"marking_ref": RED_1, "selectors": vec!["x".repeat(60_000); 18]}]);
    let clear = with(red_report(&[]), json!({"object_marking_refs": [CLEAR], "object_refs": names}));
    for (report, tlp) in
        [(clear.clone(), "clear"), (with(clear, json!({"granular_markings": granular})), "red")]
    {
        let (_, items) = import(bundle(&[report, one(1)])).await;
        assert_eq!(items[0]["tlp"], tlp);
    }
}

#[tokio::test]
async fn an_object_whose_version_had_no_room_leaves_no_older_one() {
    let filler = vec!["x".repeat(60_000); 18];
    let old = with(one(1), json!({"modified": "2026-01-01T00:00:00Z"}));
    let new = with(one(1), json!({"modified": filler}));
    for objects in [[old.clone(), new.clone()], [new, old]] {
        let (report, items) = import(bundle(&objects)).await;
        let mut reasons: Vec<_> = reasons(&report).into_iter().map(|(_, reason)| reason).collect();
        reasons.sort_unstable();
        let of_another = "which of its id is the newest cannot be told: one of them cannot be read, or its `modified` is no time";
        assert_eq!((items.len(), reasons), (0, vec!["larger than a mebibyte", of_another]));
    }
}

#[tokio::test]
async fn long_ids_of_definitions_are_not_kept_and_what_refers_to_them_is_red() {
    let long = format!("marking-definition--{}", "x".repeat(300));
    let definition = json!({"type": "marking-definition", "id": long, "definition_type": "tlp", "definition": {"tlp": "green"}});
    let (_, items) =
        import(bundle(&[definition, with(one(1), json!({"object_marking_refs": [long]}))])).await;
    assert_eq!(items[0]["tlp"], "red");
}

#[tokio::test]
async fn what_stands_beside_many_values_is_not_repeated_with_each_where_it_is_long() {
    let ids = vec!["'1'"; 5_000].join(",");
    let pattern = |platform: &str| {
        format!("[user-account:account_type = '{platform}' AND user-account:user_id IN ({ids})]")
    };
    let (report, _) = import(bundle(&[indicator(1, &pattern(&"p".repeat(257)))])).await;
    assert_eq!(reasons(&report)[0].1, "the account_type beside it is longer than 256 bytes");
    let (report, _) = import(bundle(&[indicator(1, &pattern("telegram"))])).await;
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(1), &json!(4_999)));
}

#[tokio::test]
async fn a_platform_that_is_one_of_several_or_excluded_is_none() {
    let several = "several values of account_type beside it: which is its own is not known";
    for (pattern, reason) in [
        ("[user-account:account_type IN ('telegram','forum') AND user-account:user_id = '1']", several),
        (
            "[user-account:account_type NOT = 'telegram' AND user-account:user_id = '1']",
            "a user-account without account_type: its platform is not known",
        ),
        // What is said around a group does not hold where the group says something else.
        (
            "[user-account:account_type = 'steam' AND ((user-account:account_type IN ('telegram','forum') AND user-account:user_id = '1') OR url:value = 'x')]",
            several,
        ),
    ] {
        let (report, _) = import(bundle(&[indicator(1, pattern)])).await;
        assert_eq!(reasons(&report)[0].1, reason, "{pattern}");
    }
    let banks = "[bank-account:bic IN ('DEUTDEFF','COBADEFF') AND bank-account:account_number = '1']";
    let (report, _) = import(bundle(&[indicator(1, banks)])).await;
    assert_eq!(reasons(&report)[0].1, "several values of BIC beside it: which is its own is not known");
    let both = "[user-account:account_type NOT = 'forum' AND user-account:account_type = 'telegram' AND user-account:user_id = '1']";
    let (_, items) = import(bundle(&[indicator(1, both)])).await;
    assert_eq!(items[0]["canonical"], "telegram:1");
    let (report, _) = import(bundle(&[indicator(1, "[user-account:account_login = b'Ym9i']")])).await;
    assert_eq!((&report["accepted"], reasons(&report).len()), (&json!(0), 1));
}

#[tokio::test]
async fn attributes_without_end_cost_an_object_no_more_than_their_number() {
    // Each of them was once compared with all others.
    let attributes = vec![json!({"value": 0}); 80_000];
    let object = json!({"type": "x-misp-object", "id": id("x-misp-object", 1), "x_misp_name": "bank-account", "x_misp_attributes": attributes});
    assert!(object.to_string().len() < MAX_PART_BYTES);
    let (report, _) = import(bundle(&[object])).await;
    let reasons = reasons(&report);
    assert_eq!(reasons.len(), 10_001);
    assert_eq!(reasons[10_000].1, "more than 10000 attributes: the last 70000 are not taken");
}
