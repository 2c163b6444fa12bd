//! Warning lists in a running node: what they hold does not overlap, until somebody overrides it.

use std::path::Path;

use overlap_tests::{Lab, Node, run};
use serde_json::{Value, json};

use crate::PROGRAM;

const VALUES: &str = "kind,value\ndomain,shop.example\ndomain,other.example\nip,10.0.0.1\n";

/// Two members that hold the same three values. The first has the lists in the program, and one of its own.
fn lab() -> Lab {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    lab.edit_config("a", "defaults = false", "defaults = true\nfiles = [\"../../own.txt\"]");
    let _ = lab.write("own.txt", "# ours\nshop.example\n");
    let _ = lab.write("values.csv", VALUES);
    lab
}

fn import(lab: &Lab, node: &Node) -> Value {
    let file = lab.folder().join("values.csv");
    node.command(["import", "--json", file.to_str().unwrap()]).expect_code(0).json()
}

/// How many values both hold that take part on both sides.
fn matches(node: &Node) -> Value {
    node.command(["exchange", "b", "--json"]).expect_code(0).json()["matches"].clone()
}

fn held(node: &Node) -> Vec<(String, String)> {
    let lines = node.command(["indicators", "list", "--held", "--json"]).expect_code(0).json_lines();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines.iter().map(|line| (text(&line["canonical"]), text(&line["id"]))).collect()
}

fn values(held: &[(String, String)]) -> Vec<&str> {
    held.iter().map(|(value, _)| value.as_str()).collect()
}

#[test]
fn a_held_indicator_does_not_overlap_until_it_is_overridden() {
    let lab = lab();
    let (a, b) = (lab.start("a"), lab.start("b"));
    let report = import(&lab, &a);
    assert_eq!((&report["accepted"], &report["held"]), (&json!(3), &json!(2)));
    let _ = import(&lab, &b);
    let on_lists = held(&a);
    assert_eq!(values(&on_lists), ["shop.example", "10.0.0.1"]);
    assert_eq!(matches(&a), 1);
    let overlaps = a.command(["overlaps", "--json"]).expect_code(0).json_lines();
    assert_eq!((overlaps.len(), &overlaps[0]["canonical"]), (1, &json!("other.example")));
    let id = on_lists[0].1.as_str();
    let item = a.command(["indicators", "override", id, "--reason", "C-17", "--json"]).expect_code(0).json();
    assert_eq!((&item["override"]["by"], &item["override"]["reason"]), (&json!("operator"), &json!("C-17")));
    assert_eq!(matches(&a), 2);
    let _ = a.command(["indicators", "override", id, "--reason", "again"]).expect_code(1);
    let _ = a.command(["indicators", "hold", id]).expect_code(0);
    assert_eq!(matches(&a), 1);
    assert_eq!(held(&a).len(), 2);
}

#[test]
fn an_override_outlives_a_restart_and_goes_with_an_export() {
    let lab = lab();
    let (a, b) = (lab.start("a"), lab.start("b"));
    let _ = (import(&lab, &a), import(&lab, &b));
    let id = held(&a)[0].1.clone();
    let _ = a.command(["indicators", "override", &id, "--reason", "C-17"]).expect_code(0);
    a.kill();
    let a = lab.start("a");
    assert_eq!((values(&held(&a)), matches(&a)), (vec!["10.0.0.1"], json!(2)));
    assert!(a.stop().success());
    let (config, export) = (lab.config("a"), lab.folder().join("a.export"));
    let (config, file) = (config.to_str().unwrap(), export.to_str().unwrap());
    let _ = run(PROGRAM, lab.folder(), ["export", file, "--config", config]).expect_code(0);
    std::fs::remove_dir_all(lab.config("a").with_file_name("store")).unwrap();
    let _ = run(PROGRAM, lab.folder(), ["restore", file, "--config", config]).expect_code(0);
    let a = lab.start("a");
    assert_eq!(values(&held(&a)), ["10.0.0.1"]);
    let shown = a.command(["indicators", "list", "--json"]).expect_code(0).json_lines();
    let of: Vec<_> = shown.iter().map(|line| line["override"]["reason"].as_str()).collect();
    assert_eq!(of, [Some("C-17"), None, None]);
}

#[test]
fn lists_are_read_again_on_hangup_and_bad_ones_change_nothing() {
    let lab = lab();
    let a = lab.start("a");
    let _ = import(&lab, &a);
    let _ = lab.write("own.txt", "other.example\n");
    a.signal("HUP");
    a.wait_for_log("reloaded");
    assert_eq!(values(&held(&a)), ["other.example", "10.0.0.1"]);
    let lists = a.command(["warning-lists", "--json"]).expect_code(0).json_lines();
    let told: Vec<_> =
        lists.iter().map(|list| (list["id"].as_str().unwrap(), list["held"].as_u64())).collect();
    let expected = [
        ("private-addresses", Some(1)),
        ("public-resolvers", Some(0)),
        ("top-sites", Some(0)),
        ("own", Some(1)),
    ];
    assert_eq!(told, expected);
    let _ = lab.write("own.txt", b"\xff\xfe");
    a.signal("HUP");
    a.wait_for_log("nothing was reloaded");
    assert_eq!(values(&held(&a)), ["other.example", "10.0.0.1"]);
    assert!(a.stop().success());
    let config = lab.config("a");
    for command in ["run", "config check"] {
        let args = command.split(' ').chain(["--config", config.to_str().unwrap()]);
        let refused = run(PROGRAM, Path::new("/"), args).expect_code(1);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(said.contains("own.txt: not UTF-8 text"), "{command}: {said}");
    }
}

#[test]
fn a_query_tells_what_is_held_and_who_overlaps() {
    let lab = lab();
    let (a, b) = (lab.start("a"), lab.start("b"));
    let _ = (import(&lab, &a), import(&lab, &b), matches(&a));
    let asked = lab.write("asked.txt", "# three\nhxxp://other[.]example/x\n10.0.0.1\n4111 1111 1111 1111\n");
    let outcome = a.command(["query", "--file", &asked, "--json"]).expect_code(4);
    let lines = outcome.json_lines();
    assert_eq!(lines.iter().map(|line| line["number"].as_u64()).collect::<Vec<_>>(), [1, 2, 3].map(Some));
    assert_eq!(
        (&lines[0]["overlaps"][0]["peer"], &lines[0]["overlaps"][0]["exact"]),
        (&json!("b"), &json!(false))
    );
    assert_eq!(lines[1]["indicator"]["held"]["list"], "Private and reserved addresses");
    assert!(lines[2]["error"].is_string() && !outcome.stdout.contains("4111"));
    let told = a.command(["query", "http://other.example/", "10.0.0.1"]).expect_code(0).stdout;
    assert!(told.contains("b host") && told.contains("held out"), "{told}");
    let _ = a.command(["query"]).expect_code(2);
}
