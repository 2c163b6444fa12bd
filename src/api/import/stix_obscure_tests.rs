//! STIX that says less than its author meant, or more than is seen: objects that cannot be read, stand in odd places, or have members in forms that
//! STIX does not know. Nothing gets freer by it, nothing that was taken back comes back, and nothing vanishes without a word.

use serde_json::{Value, json};

use super::json_cut::MAX_PART_BYTES;
use super::stix_context_tests::GREEN;
use super::stix_tests::{CLEAR, RED_1, bundle, id, indicator, observable, with};
use crate::testing::TestNode;
use crate::testing::imports::{imported, items, reasons};

/// Imports a text; what becomes of `d1.example.org`, how many are taken and how many are refused.
async fn outcome(query: &str, text: String) -> (Option<String>, usize, usize) {
    let node = TestNode::new();
    let report = imported(&node, query, text).await;
    let items = items(&node).await;
    let first = items.iter().find(|item| item["canonical"] == "d1.example.org");
    (first.map(|item| item["tlp"].as_str().unwrap().to_owned()), items.len(), reasons(&report).len())
}

/// What becomes of texts that are clear where nobody marks them.
async fn check(cases: &[(&str, String, Option<&str>, usize, usize)]) {
    for (name, text, tlp, taken, refused) in cases {
        let found = outcome("format=stix&tlp=clear", text.clone()).await;
        assert_eq!(found, (tlp.map(str::to_owned), *taken, *refused), "{name}");
    }
}

fn one(number: u32) -> Value {
    indicator(number, &format!("[domain-name:value = 'd{number}.example.org']"))
}

fn domain() -> Value {
    json!({"type": "domain-name", "value": "d1.example.org"})
}

fn red_report(names: Value) -> Value {
    observable("report", 9, json!({"object_refs": names, "object_marking_refs": [RED_1]}))
}

fn red_report_of_one() -> Value {
    red_report(json!([id("indicator", 1)]))
}

#[tokio::test]
async fn what_stands_in_an_object_that_is_no_bundle_is_red_or_refused() {
    let observed =
        observable("observed-data", 5, json!({"object_marking_refs": [RED_1], "objects": [domain()]}));
    let report = observable("report", 9, json!({"object_marking_refs": [RED_1], "objects": [one(1)]}));
    let nested = json!({"type": "bundle", "id": id("bundle", 2), "objects": [red_report_of_one()]});
    let envelope = json!({"objects": [red_report_of_one()]});
    check(&[
        ("observed-data alone", observed.to_string(), Some("red"), 1, 0),
        ("observed-data in a list", format!("[{observed}]"), Some("red"), 1, 0),
        ("observed-data in a bundle", bundle(&[observed]), None, 0, 1),
        ("report", report.to_string(), Some("red"), 1, 0),
        ("bundle in a bundle", bundle(&[nested, one(1)]), Some("red"), 1, 1),
        ("envelope in a bundle", bundle(&[envelope, one(1)]), Some("red"), 1, 1),
    ])
    .await;
}

#[tokio::test]
async fn nothing_but_a_bundle_or_an_envelope_is_passed_over() {
    let wrapped = |object: &Value| json!({"_source": object});
    let lone = |object: Value| json!({"type": "bundle", "id": "bundle--1", "objects": object});
    let marked =
        json!({"type": "bundle", "id": "bundle--1", "object_marking_refs": [RED_1], "objects": [one(1)]});
    let typeless = json!({"pattern": "[url:value = 'http://x.example/']", "pattern_type": "stix"});
    check(&[
        ("wrapped", format!("[{}]", wrapped(&one(1))), None, 0, 1),
        ("wrapped report", format!("[{},{}]", wrapped(&red_report_of_one()), one(1)), Some("red"), 1, 1),
        ("without a type", format!("[{typeless}]"), None, 0, 1),
        ("an event of MISP", r#"[{"Event":{"info":"x","Attribute":[]}}]"#.to_owned(), None, 0, 1),
        ("one object in a bundle", lone(one(1)).to_string(), None, 0, 1),
        ("a report in a bundle", format!("{}\n{}", lone(red_report_of_one()), one(1)), Some("red"), 1, 1),
        ("a bundle with a marking", marked.to_string(), Some("red"), 1, 0),
        (
            "a bundle of none",
            format!("{}\n{}", json!({"type": "bundle", "id": "bundle--1"}), one(1)),
            Some("clear"),
            1,
            0,
        ),
        (
            "an envelope",
            format!("{}\n{{}}", json!({"more": true, "next": "2", "objects": [one(1)]})),
            Some("clear"),
            1,
            0,
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_object_that_cannot_be_read_may_be_the_newest_of_its_id() {
    let old = with(one(1), json!({"object_marking_refs": [CLEAR]}));
    let new = with(one(1), json!({"modified": "2026-02-01T00:00:00Z", "revoked": true})).to_string();
    let text = |new: &str| format!(r#"{{"type":"bundle","objects":[{old},{new},{}]}}"#, one(2));
    let twice = new.replacen('{', r#"{"name":"a","name":"b","#, 1);
    let lone_surrogate = new.replacen('{', r#"{"description":"\ud83d","#, 1);
    check(&[
        ("a key twice", text(&twice), None, 1, 2),
        ("half a character", text(&lone_surrogate), None, 1, 2),
        // Where the id may be hidden, all is red.
        ("an id with escapes", text(&twice.replacen("indicator--", "indicator\\u002d-", 1)), None, 1, 2),
    ])
    .await;
    let report = imported(&TestNode::new(), "format=stix", text(&twice)).await;
    assert!(reasons(&report).iter().all(|(at, _)| *at == Some(id("indicator", 1).as_str())), "{report}");
    // Of an observable all that is said holds, and of a definition too.
    let observed = with(domain(), json!({"id": id("domain-name", 1)}));
    let unread = with(observed.clone(), json!({"object_marking_refs": [RED_1]})).to_string();
    let unread = unread.replacen('{', r#"{"x":1,"x":2,"#, 1);
    let green = json!({"definition_type": "tlp", "definition": {"tlp": "green"}});
    let definition = observable("marking-definition", 1, green);
    let unread_definition = definition.to_string().replacen('{', r#"{"x":1,"x":2,"#, 1);
    let marked = with(one(1), json!({"object_marking_refs": [id("marking-definition", 1)]}));
    check(&[
        ("an observable", format!("[{observed},{unread}]"), Some("red"), 1, 1),
        ("a definition", format!("[{definition},{unread_definition},{marked}]"), Some("red"), 1, 1),
        ("a definition before", format!("[{unread_definition},{definition},{marked}]"), Some("red"), 1, 1),
    ])
    .await;
}

#[tokio::test]
async fn definitions_and_labels_in_forms_that_nobody_knows_are_red() {
    let defined = |definition: Value| {
        let marked = with(one(1), json!({"object_marking_refs": [id("marking-definition", 1)]}));
        bundle(&[observable("marking-definition", 1, definition), marked])
    };
    let statement = json!({"definition_type": "statement", "definition": {"statement": "custom"}});
    let secret = json!({"x_opencti_definition_type": "Classification", "x_opencti_definition": "SECRET"});
    let known = json!({"x_opencti_definition_type": "statement", "x_opencti_definition": "Copyright", "extensions": {
        "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba": {"type": "Marking-Definition"}}});
    let acs = json!({"extensions": {"extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce": {"further_sharing": []}}});
    let labelled = |labels: Value| bundle(&[with(one(1), json!({"labels": labels}))]);
    check(&[
        ("a classification", defined(secret.clone()), Some("red"), 1, 0),
        ("a classification beside a statement", defined(with(statement.clone(), secret)), Some("red"), 1, 0),
        ("an extension beside a statement", defined(with(statement.clone(), acs)), Some("red"), 1, 0),
        ("a statement of OpenCTI", defined(with(statement, known)), Some("clear"), 1, 0),
        ("labels as a text", labelled(json!("tlp:red")), Some("red"), 1, 0),
        ("labels as objects", labelled(json!([{"name": "tlp:red"}])), Some("red"), 1, 0),
        ("a label that is too long", labelled(json!(["x".repeat(70_000)])), Some("red"), 1, 0),
        ("no labels", labelled(json!(null)), Some("clear"), 1, 0),
        ("other labels", labelled(json!(["phishing", "", null])), Some("clear"), 1, 0),
    ])
    .await;
}

#[tokio::test]
async fn references_in_forms_that_nobody_knows_are_to_all() {
    let of_one = id("indicator", 1);
    let in_capitals = format!("indicator--{}", of_one["indicator--".len()..].to_uppercase());
    assert_ne!(in_capitals, of_one);
    let names: Vec<String> = (1..30_000).map(|number| id("indicator", number)).collect();
    let twice = red_report(json!([id("indicator", 3)])).to_string();
    let twice = format!("{},\"object_refs\":{}}}", twice.trim_end_matches('}'), json!(names));
    let observed = |names: Value| {
        observable("observed-data", 5, json!({"object_refs": names, "object_marking_refs": [RED_1]}))
    };
    let of = |object: Value| bundle(&[object, one(1)]);
    check(&[
        ("a text", of(red_report(json!(of_one))), Some("red"), 1, 0),
        ("objects", of(red_report(json!([{"id": of_one}]))), Some("red"), 1, 0),
        ("capitals", of(red_report(json!([in_capitals]))), Some("red"), 1, 0),
        ("twice", format!(r#"{{"type":"bundle","objects":[{},{twice}]}}"#, one(1)), Some("red"), 1, 0),
        ("observed as a text", of(observed(json!(of_one))), Some("red"), 1, 0),
        ("none", of(red_report(json!(null))), Some("clear"), 1, 0),
        ("another", of(red_report(json!([id("indicator", 2)]))), Some("clear"), 1, 0),
    ])
    .await;
}

#[tokio::test]
async fn what_may_be_said_of_all_frees_nothing() {
    let clear_report = |names: Value| {
        bundle(&[
            observable("report", 9, json!({"object_refs": names, "object_marking_refs": [CLEAR]})),
            one(1),
        ])
    };
    for (names, tlp) in [(json!("x"), "amber"), (json!([id("indicator", 1)]), "clear")] {
        let (found, ..) = outcome("format=stix&tlp=amber", clear_report(names)).await;
        assert_eq!(found.as_deref(), Some(tlp));
    }
}

#[tokio::test]
async fn observables_have_no_versions_and_all_others_have() {
    let observed = |modified: &str, marking: &str| {
        let members = json!({"modified": modified, "object_marking_refs": [marking]});
        with(with(domain(), json!({"id": id("domain-name", 1)})), members)
    };
    let red_first = [observed("2026-01-01T00:00:00Z", RED_1), observed("2026-02-01T00:00:00Z", CLEAR)];
    let attribute =
        observable("x-misp-attribute", 1, json!({"x_misp_type": "domain", "x_misp_value": "d1.example.org"}));
    let revoked = with(attribute.clone(), json!({"modified": "2026-02-01T00:00:00Z", "revoked": true}));
    check(&[
        ("an observable", bundle(&red_first), Some("red"), 1, 0),
        ("an attribute of MISP", bundle(&[attribute, revoked]), None, 0, 1),
    ])
    .await;
}

#[tokio::test]
async fn of_two_observations_of_one_version_neither_marking_is_believed() {
    let observed = |members: Value| {
        observable("observed-data", 3, with(json!({"modified": "2026-01-01T00:00:00Z"}), members))
    };
    let refers = |marking: &str| {
        observed(json!({"object_refs": [id("domain-name", 1)], "object_marking_refs": [marking]}))
    };
    let within = |members: Value| {
        observed(json!({"object_marking_refs": [CLEAR], "objects": {"0": with(domain(), members)}}))
    };
    let domain = with(domain(), json!({"id": id("domain-name", 1)}));
    check(&[
        ("around", bundle(&[domain, refers(CLEAR), refers(GREEN)]), Some("red"), 1, 0),
        (
            "within",
            bundle(&[within(json!({})), within(json!({"object_marking_refs": [RED_1]}))]),
            Some("red"),
            1,
            1,
        ),
    ])
    .await;
}

#[tokio::test]
async fn values_that_follow_a_number_at_once_are_values_of_their_own() {
    let text = |number: &str, object: Value| format!("{number}{object}\n{}", bundle(&[one(2)]));
    check(&[
        ("null", text("null", one(1)), Some("clear"), 2, 0),
        ("a number", text("1", one(1)), Some("clear"), 2, 0),
        ("a report", format!("1{}\n{}", red_report_of_one(), bundle(&[one(1)])), Some("red"), 1, 0),
    ])
    .await;
}

#[tokio::test]
async fn an_object_is_read_whole_up_to_the_last_byte_that_there_is_room_for() {
    let new = with(one(1), json!({"modified": "2026-02-01T00:00:00Z", "revoked": true})).to_string();
    for length in MAX_PART_BYTES - 1..MAX_PART_BYTES + 4 {
        let head = format!("{},\"x\":[", new.trim_end_matches('}'));
        let mut left = length - head.len() - "]}".len();
        let mut filler = Vec::new();
        while left > 60_003 {
            filler.push("y".repeat(59_997));
            left -= 60_000;
        }
        filler.push("y".repeat(left - 2));
        let object = format!("{head}\"{}\"]}}", filler.join("\",\""));
        assert_eq!(object.len(), length);
        let text = format!(r#"{{"type":"bundle","objects":[{},{object},{}]}}"#, one(1), one(2));
        let found = outcome("format=stix&tlp=clear", text).await;
        assert_eq!(found, (None, 1, 1), "{length} bytes");
    }
}

#[tokio::test]
async fn nothing_to_compare_is_told_in_whatever_form_it_comes() {
    let hashes = json!({"hashes": [{"algorithm": "MD5", "hash": "d41d8cd98f00b204e9800998ecf8427e"}]});
    let attribute = json!({"type": "domain", "object_relation": "domain", "value": "d1.example.org"});
    let object = json!({"x_misp_name": "domain-ip", "x_misp_attributes": attribute});
    check(&[
        ("a file", bundle(&[observable("file", 1, hashes)]), None, 0, 1),
        ("an object of MISP", bundle(&[observable("x-misp-object", 1, object)]), None, 0, 1),
    ])
    .await;
}

#[tokio::test]
async fn an_object_of_another_type_than_its_ids_may_be_the_newest_of_it() {
    let clear = with(one(1), json!({"modified": "2026-01-01T00:00:00Z", "object_marking_refs": [CLEAR]}));
    let newer = |type_name: Value| {
        let mut newer =
            json!({"id": id("indicator", 1), "modified": "2026-02-01T00:00:00Z", "revoked": true});
        if !type_name.is_null() {
            newer["type"] = type_name;
        }
        bundle(&[clear.clone(), newer, one(2)])
    };
    check(&[
        ("none", newer(json!(null)), None, 1, 2),
        ("in capitals", newer(json!("Indicator")), None, 1, 2),
        ("a list", newer(json!(["indicator"])), None, 1, 2),
        ("another", newer(json!("malware")), None, 1, 1),
    ])
    .await;
    let green = json!({"definition_type": "tlp", "definition": {"tlp": "green"}});
    let marked = with(one(1), json!({"object_marking_refs": [id("marking-definition", 1)]}));
    let red =
        json!({"id": id("marking-definition", 1), "definition_type": "tlp", "definition": {"tlp": "red"}});
    let text = bundle(&[observable("marking-definition", 1, green), red, marked]);
    // Its id is what has no room.
    let head = r#"{"type":"indicator","modified":"2026-02-01T00:00:00Z","revoked":true"#;
    let fields: String = (0..17).map(|at| format!(",\"y{at}\":\"{}\"", "y".repeat(60_000))).collect();
    let rest = "z".repeat(MAX_PART_BYTES - head.len() - fields.len() - 20);
    let late = format!(r#"{head}{fields},"z":"{rest}","id":"{}"}}"#, id("indicator", 1));
    check(&[("a definition", text, Some("red"), 1, 1)]).await;
    let found =
        outcome("format=stix&tlp=clear", format!(r#"{{"type":"bundle","objects":[{clear},{late}]}}"#)).await;
    assert_eq!(found.0.as_deref(), Some("red"));
}

#[tokio::test]
async fn copies_that_are_marked_alike_cost_nothing_but_the_later_one() {
    let copies = |first: Value, second: Value| bundle(&[with(one(1), first), with(one(1), second)]);
    let statement = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168";
    let defined = json!({"type": "marking-definition", "id": statement, "definition_type": "statement", "definition": {"statement": "x"}});
    let refs = |refs: [&str; 2]| with(one(1), json!({"object_marking_refs": refs}));
    let observed = |number: u32| {
        let members = json!({"number_observed": number, "object_refs": [id("domain-name", 1)], "object_marking_refs": [CLEAR]});
        observable("observed-data", 3, members)
    };
    let named = with(domain(), json!({"id": id("domain-name", 1)}));
    check(&[
        ("order", copies(json!({"labels": ["a", "b"]}), json!({"labels": ["b", "a"]})), Some("clear"), 1, 1),
        ("none", copies(json!({}), json!({"labels": []})), Some("clear"), 1, 1),
        (
            "a label",
            copies(json!({"labels": ["a"]}), json!({"labels": ["a", "phishing"]})),
            Some("clear"),
            1,
            1,
        ),
        (
            "a marking",
            copies(json!({"labels": ["a"]}), json!({"labels": ["a", "tlp:green"]})),
            Some("red"),
            1,
            1,
        ),
        (
            "references",
            bundle(&[defined, refs([CLEAR, statement]), refs([statement, CLEAR])]),
            Some("clear"),
            1,
            1,
        ),
        ("observations", bundle(&[named, observed(1), observed(2)]), Some("clear"), 1, 0),
    ])
    .await;
}

#[tokio::test]
async fn a_time_that_cannot_be_read_costs_nothing_where_there_is_no_other_version() {
    for modified in [
        json!(null),
        json!(""),
        json!("0001-01-01T00:00:00Z"),
        json!("2026-01-01T00:00:00+0000"),
        json!(1_767_225_600),
    ] {
        let text = bundle(&[with(one(1), json!({"modified": modified}))]);
        check(&[("alone", text, Some("clear"), 1, 0)]).await;
    }
}

#[tokio::test]
async fn other_apis_answers_are_envelopes_and_empty_pages_are_files() {
    let around = |around: Value| with(around, json!({"objects": [one(1)]}));
    let typeless =
        json!({"id": id("indicator", 1), "pattern": "[url:value = 'http://x.example/']", "objects": []});
    check(&[
        ("meta", around(json!({"meta": {"limit": 20, "next": null}})).to_string(), Some("clear"), 1, 0),
        ("errors", format!("[{}]", around(json!({"errors": [], "id": 7}))), Some("clear"), 1, 0),
        ("a report in it", around(json!({"meta": red_report_of_one()})).to_string(), Some("red"), 1, 1),
        ("an empty page", json!({"more": false}).to_string(), None, 0, 0),
        ("an object", format!("{typeless}\n{}", bundle(&[one(2)])), None, 1, 1),
    ])
    .await;
    let bundled = |members: Value| {
        with(members, json!({"type": "bundle", "id": "bundle--1", "objects": [one(1)]})).to_string()
    };
    check(&[
        ("clear", bundled(json!({"object_marking_refs": [CLEAR]})), Some("clear"), 1, 0),
        ("green", bundled(json!({"object_marking_refs": [GREEN]})), Some("green"), 1, 0),
        ("none", bundled(json!({"object_marking_refs": []})), Some("clear"), 1, 0),
        ("a label", bundled(json!({"labels": ["tlp:red"]})), Some("red"), 1, 0),
    ])
    .await;
}

#[tokio::test]
async fn a_member_objects_that_has_none_says_nothing() {
    let beside = |object: Value| bundle(&[object, one(1)]);
    check(&[
        ("a number", beside(observable("campaign", 1, json!({"objects": 12}))), Some("clear"), 1, 0),
        ("an empty list", beside(observable("campaign", 1, json!({"objects": []}))), Some("clear"), 1, 0),
        (
            "a report",
            beside(observable("campaign", 1, json!({"objects": [red_report_of_one()]}))),
            Some("red"),
            1,
            0,
        ),
        ("no list", json!({"type": "bundle", "id": "bundle--1", "objects": {}}).to_string(), None, 0, 0),
    ])
    .await;
}

#[tokio::test]
async fn definitions_are_found_in_capitals_and_say_nothing_that_nobody_knows() {
    let of = id("marking-definition", 0xabcd);
    let capitals = format!("marking-definition--{}", of["marking-definition--".len()..].to_uppercase());
    let define = |id: &str, members: Value| with(json!({"type": "marking-definition", "id": id}), members);
    let tlp = |word: &str| json!({"definition_type": "tlp", "definition": {"tlp": word}});
    let marked = with(one(1), json!({"object_marking_refs": [of]}));
    let acs = json!({"name": "TLP:CLEAR", "extensions": {"extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce": {}}});
    let secret = json!({"name": "PAP:CLEAR", "x_opencti_definition_type": "Classification", "x_opencti_definition": "SECRET"});
    let language =
        json!({"granular_markings": [{"selectors": ["pattern"], "lang": "en", "marking_ref": [RED_1]}]});
    check(&[
        ("capitals", bundle(&[define(&capitals, tlp("green")), marked.clone()]), Some("green"), 1, 0),
        (
            "both",
            bundle(&[define(&capitals, tlp("red")), define(&of, tlp("green")), marked.clone()]),
            Some("red"),
            1,
            0,
        ),
        ("extended", bundle(&[define(&of, acs), marked.clone()]), Some("red"), 1, 0),
        ("classified", bundle(&[define(&of, secret), marked]), Some("red"), 1, 0),
        ("a language", bundle(&[with(one(1), language)]), Some("red"), 1, 0),
    ])
    .await;
}

#[tokio::test]
async fn revoked_is_whatever_is_not_denied() {
    let revoked = |said: Value| bundle(&[with(one(1), json!({"revoked": said}))]);
    for (said, is_taken) in [
        (json!(["true"]), false),
        (json!({"value": true}), false),
        (json!("True"), false),
        (json!("False"), true),
        (json!(0.0), true),
        (json!(null), true),
    ] {
        let (taken, refused) = (usize::from(is_taken), usize::from(!is_taken));
        check(&[("revoked", revoked(said), is_taken.then_some("clear"), taken, refused)]).await;
    }
}

#[tokio::test]
async fn what_is_too_large_costs_no_other_its_marking_or_its_times() {
    let large = json!({"type": "artifact", "x": vec!["x".repeat(60_000); 18]});
    let observed =
        observable("observed-data", 5, json!({"object_marking_refs": [CLEAR], "objects": {"0": domain()}}));
    check(&[("without an id", format!("[{large},{observed}]"), Some("clear"), 1, 1)]).await;
    let marking = json!([{"marking_ref": RED_1, "selectors": vec!["x".repeat(60_000); 18]}]);
    let sighting = json!({"sighting_of_ref": id("indicator", 1), "first_seen": "2026-01-01T00:00:00Z", "granular_markings": marking});
    let node = TestNode::new();
    imported(&node, "format=stix&tlp=clear", bundle(&[observable("sighting", 2, sighting), one(1)])).await;
    assert_eq!(items(&node).await[0]["first_seen"], Value::Null);
}

#[tokio::test]
async fn what_stands_beside_a_list_of_objects_is_heeded() {
    let clear = with(one(1), json!({"modified": "2026-01-01T00:00:00Z", "object_marking_refs": [CLEAR]}));
    let newer = with(one(1), json!({"modified": "2026-02-01T00:00:00Z", "revoked": true}));
    let beside = |name: &str, value: Value, object: &Value| json!({name: value, "objects": [object]});
    let bundled = |around: Value| with(around, json!({"type": "bundle", "id": "bundle--1"})).to_string();
    let deleted = beside("deleted", json!([newer]), &clear);
    let marked = beside("meta", json!({"object_marking_refs": [RED_1]}), &one(1));
    let report = beside("more", json!([red_report_of_one()]), &one(1));
    check(&[
        ("a newer version", deleted.to_string(), None, 0, 1),
        ("a newer version in a bundle", bundled(deleted), None, 0, 1),
        ("a marking", marked.to_string(), Some("red"), 1, 1),
        ("a marking in a bundle", bundled(marked), Some("red"), 1, 1),
        ("a report in a bundle", bundled(report), Some("red"), 1, 1),
    ])
    .await;
}

#[tokio::test]
async fn objects_that_are_written_as_texts_may_be_any() {
    let text = red_report_of_one().to_string();
    let in_bundle = |objects: Value| json!({"type": "bundle", "id": "bundle--1", "objects": objects});
    let long = format!("[{}]", vec![text.clone(); 300].join(","));
    let beside = |object: Value| format!("[{},{object}]", one(1));
    check(&[
        ("a text", beside(in_bundle(json!(format!("[{text}]")))), Some("red"), 1, 1),
        ("a text that is too long", beside(in_bundle(json!(long))), Some("red"), 1, 1),
        ("texts", beside(in_bundle(json!([text]))), Some("red"), 1, 1),
        (
            "of another",
            bundle(&[observable("campaign", 1, json!({"objects": text})), one(1)]),
            Some("red"),
            1,
            0,
        ),
        (
            "words",
            bundle(&[observable("campaign", 1, json!({"objects": ["a", "b"]})), one(1)]),
            Some("clear"),
            1,
            0,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_time_that_programs_write_that_know_none_is_no_older_version() {
    let clear = with(one(1), json!({"modified": "2026-01-01T00:00:00Z", "object_marking_refs": [CLEAR]}));
    let revoked = with(one(1), json!({"modified": "0001-01-01T00:00:00Z", "revoked": true}));
    check(&[("revoked", bundle(&[clear, revoked]), None, 0, 2)]).await;
}

#[tokio::test]
async fn definitions_with_members_in_other_forms_are_red() {
    let marked = with(one(1), json!({"object_marking_refs": [id("marking-definition", 1)]}));
    for definition in [
        json!({"definition": {"classification": "SECRET"}}),
        json!({"definition_type": ["classification"]}),
        json!({"definition": {"tlp": "clear", "classification": "SECRET"}}),
        json!({"definition_type": "tlp", "definition": {"tlp": ["red"]}}),
        json!({"extensions": []}),
    ] {
        let definition = observable("marking-definition", 1, with(json!({"name": "TLP:CLEAR"}), definition));
        check(&[("a definition", bundle(&[definition, marked.clone()]), Some("red"), 1, 0)]).await;
    }
    let known = observable(
        "marking-definition",
        1,
        json!({"name": "TLP:CLEAR", "definition_type": "TLP", "definition": {"TLP": "clear"}}),
    );
    check(&[("known", bundle(&[known, marked]), Some("clear"), 1, 0)]).await;
}
