//! What tools may count on.

use overlap_tests::{Lab, Node, run};
use serde_json::{Value, json};

use crate::PROGRAM;

const LIST: &str = "note,value,kind\n\
    one,Example[.]com,domain\n\
    two,example.com.,domain\n\
    three,not an address,email\n\
    four,4111 1111 1111 1111,url\n";

#[test]
fn import_reports_lines_kinds_and_reasons() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let list = lab.write("list.csv", LIST);
    let outcome = node.command(["import", "--json", &list]).expect_code(4);
    let report = outcome.json();
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(1), &json!(1)));
    let rejected = report["rejected"].as_array().unwrap();
    let places: Vec<_> = rejected.iter().map(|row| (row["line"].as_u64(), row["kind"].as_str())).collect();
    assert_eq!(places, [(Some(4), Some("email")), (Some(5), Some("url"))]);
    assert!(!outcome.stdout.contains("4111"), "a card number is never echoed: {}", outcome.stdout);
    assert!(!node.log().contains("4111") && !node.log().contains("xample"), "{}", node.log());
    let told = node.command(["import", &list]).expect_code(4).stdout;
    assert!(told.starts_with("0 new, 2 known already, 2 rejected\n  line 4 (email): "), "{told}");
}

#[test]
fn formats_are_known_by_their_extensions() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let files = [
        lab.write(
            "a.ndjson",
            "{\"kind\":\"ip\",\"value\":\"192.0.2.1\"}\n{\"kind\":\"ip\",\"value\":\"192.0.2.2\"}\n",
        ),
        lab.write("b.txt", "192.0.2.3\n# a comment\n\n192.0.2.4\n"),
    ];
    for file in &files {
        let report = node.command(["import", file, "--json"]).expect_code(0).json();
        assert_eq!(report, json!({ "accepted": 2, "duplicates": 0, "rejected": [] }));
    }
    let unknown = lab.write("c.list", "192.0.2.5\n");
    let refused = node.command(["import", &unknown]).expect_code(2);
    assert!(refused.stderr.contains("--format"), "{}", refused.stderr);
    let _ = node.command(["import", &unknown, "--format", "txt", "--kind", "ip"]).expect_code(0);
}

#[test]
fn stix_and_misp_are_known_by_what_they_begin_with() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let id = "indicator--5f0e1d2c-0000-4000-8000-000000000001";
    let bundle = format!(
        "{{\"type\":\"bundle\",\"objects\":[\n{{\"type\":\"url\",\"value\":\"https://a.example/\"}},\n{{\"type\":\"indicator\",\"id\":\"{id}\",\"pattern\":\"[x\",\"pattern_type\":\"stix\"}}]}}"
    );
    let bundle = lab.write("bundle.json", bundle);
    let report = node.command(["import", &bundle, "--json"]).expect_code(4).json();
    assert_eq!((&report["accepted"], &report["rejected"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(
        (&report["rejected"][0]["line"], &report["rejected"][0]["kind"]),
        (&json!(3), &json!("indicator"))
    );
    let told = node.command(["import", &bundle]).expect_code(4).stdout;
    assert!(told.contains(&format!("\n  line 3, {id} (indicator): the pattern")), "{told}");
    let event = lab.write("event.json", "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"b.example\"}],\"Tag\":[{\"name\":\"tlp:red\"},{\"name\":\"PAP:RED\"}]}}");
    let report = node.command(["import", &event, "--json"]).expect_code(0).json();
    assert_eq!(report, json!({ "accepted": 1, "duplicates": 0, "rejected": [] }));
    let lines = node.command(["indicators", "list", "--json"]).expect_code(0).json_lines();
    assert_eq!((&lines[1]["tlp"], &lines[1]["pap"]), (&json!("red"), &json!("red")));
    let other = lab.write("other.json", "{\"rows\":[]}");
    let refused = node.command(["import", &other]).expect_code(2);
    assert!(refused.stderr.contains("--format"), "{}", refused.stderr);
    let foreign = lab.write("foreign.csv", "id,ioc,type\n1,c.example,domain\n");
    let report =
        node.command(["import", &foreign, "--map", "value=ioc,kind=type", "--json"]).expect_code(0).json();
    assert_eq!(report["accepted"], 1);
    let _ = node.command(["import", &foreign, "--map", "vlaue=ioc"]).expect_code(2);
}

#[test]
fn a_whole_file_has_the_marking_and_the_source_that_its_reader_gives() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let list = lab.write("list.txt", "a.example.org\n");
    let _ = node.command(["import", &list, "--tlp", "TLP:GREEN", "--source", "Abuse & feed"]).expect_code(0);
    let feed = lab.folder().join("feed");
    std::fs::create_dir(&feed).unwrap();
    let name = "5f0e1d2c-0000-4000-8000-000000000001";
    std::fs::write(feed.join("manifest.json"), format!("{{\"{name}\":{{}}}}")).unwrap();
    let event = "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"b.example.org\"}]}}";
    std::fs::write(feed.join(format!("{name}.json")), event).unwrap();
    let _ = node.command(["import", feed.to_str().unwrap(), "--tlp", "red", "--source", "x"]).expect_code(0);
    let rows = node.command(["indicators", "list", "--json"]).expect_code(0).json_lines();
    let read: Vec<_> = rows.iter().map(|row| (&row["tlp"], &row["source"])).collect();
    assert_eq!(read, [(&json!("green"), &json!("Abuse & feed")), (&json!("red"), &json!("x"))]);
    let _ = node.command(["import", &list, "--tlp", "mauve"]).expect_code(2);
}

#[test]
fn a_feed_is_imported_event_by_event_and_from_its_own_folder_alone() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let feed = lab.folder().join("feed");
    std::fs::create_dir(&feed).unwrap();
    let name = |number: u32| format!("5f0e1d2c-0000-4000-8000-{number:012}");
    let event = |number: u32| {
        format!(
            "{{\"Event\":{{\"Attribute\":[{{\"type\":\"domain\",\"value\":\"d{number}.example.org\"}},{{\"uuid\":\"{}\",\"type\":\"mutex\",\"value\":\"x\"}}]}}}}",
            name(100 + number)
        )
    };
    let write = |file: &str, text: &str| std::fs::write(feed.join(file), text).unwrap();
    let manifest: Vec<String> = (1..=5)
        .map(|number| format!("\"{}\":{{\"info\":\"x\",\"url\":\"https://a.example/\"}}", name(number)))
        .collect();
    write("manifest.json", &format!("{{{}}}", manifest.join(",")));
    write(&format!("{}.json", name(1)), &event(1));
    write(&format!("{}.json", name(2)), &event(2));
    write(&format!("{}.json", name(3)), &event(3)[..40]);
    let outside = lab.write("outside.json", event(4));
    std::os::unix::fs::symlink(outside, feed.join(format!("{}.json", name(4)))).unwrap();
    write(&format!("{}.json", name(9)), &event(9));
    let report = node.command(["import", feed.to_str().unwrap(), "--json"]).expect_code(4).json();
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(2), &json!(0)));
    let rejected: Vec<_> =
        report["rejected"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(rejected, [name(101), name(102), name(3), name(4), name(5)], "{report}");
    assert_eq!(report["rejected"][0]["file"], format!("{}.json", name(1)));
    let again =
        node.command(["import", feed.to_str().unwrap(), "--format", "misp", "--json"]).expect_code(4).json();
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(2)));
}

#[test]
fn an_exchange_tells_both_sides() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (a, b) = (lab.start("a"), lab.start("b"));
    let _ = a.command(["import", &lab.write("a.txt", "192.0.2.1\n192.0.2.2\n")]).expect_code(0);
    let _ = b.command(["import", &lab.write("b.txt", "192[.]0[.]2[.]2\n192.0.2.3\n")]).expect_code(0);
    let report = a.command(["--json", "exchange", "b", "--case", "C-1"]).expect_code(0).json();
    let keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "exchange",
        "peer",
        "engine",
        "mode",
        "own_size",
        "peer_size",
        "matches",
        "bytes_sent",
        "bytes_received",
        "seconds",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(report["matches"], 1);
    for (node, peer, value) in [(&a, "b", "192.0.2.2"), (&b, "a", "192[.]0[.]2[.]2")] {
        let lines = node.command(["overlaps", "--json"]).expect_code(0).json_lines();
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(line["exchange"], report["exchange"]);
        assert_eq!(
            (&line["peer"], &line["kind"], &line["facet"], &line["value"], &line["canonical"]),
            (&json!(peer), &json!("ip"), &json!("ip"), &json!(value), &json!("192.0.2.2"))
        );
        assert!(line["found"].as_str().unwrap().ends_with('Z'));
    }
}

#[test]
fn lists_come_whole_under_json() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let many: String = (0..2_345).map(|number| format!("account,shop:{number}\n")).collect();
    let _ = node.command(["import", &lab.write("many.csv", format!("kind,value\n{many}"))]).expect_code(0);
    let lines = node.command(["indicators", "list", "--json"]).expect_code(0).json_lines();
    assert_eq!(lines.len(), 2_345);
    let id = lines[7]["id"].as_str().unwrap();
    let withdrawn = node.command(["indicators", "withdraw", "--id", id, "--json"]).expect_code(0).json();
    assert_eq!(withdrawn, json!({ "withdrawn": 1, "unknown": 0 }));
    let by_value = ["indicators", "withdraw", "--kind", "account", "shop:1", "shop:none", "--json"];
    assert_eq!(node.command(by_value).expect_code(0).json(), json!({ "withdrawn": 1, "unknown": 1 }));
    assert_eq!(
        node.call("DELETE", &format!("/api/v1/indicators/{}", lines[9]["id"].as_str().unwrap())).0,
        204
    );
    // Who took them out is in the log; the values are not.
    let log = node.log();
    let by = |line: &&str| line.contains("withdrawn") && line.contains("\"by\":\"operator\"");
    assert_eq!(log.lines().filter(by).count(), 3, "{log}");
    assert!(!log.contains("shop:"), "{log}");
}

#[test]
fn refusals_end_with_3_and_their_code() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    lab.edit_config("a", "exchanges_per_day = 100000", "exchanges_per_day = 99999");
    let (a, b) = (lab.start("a"), lab.start("b"));
    for (node, peer) in [(&a, "b"), (&b, "a")] {
        let refused = node.command(["exchange", peer, "--json"]).expect_code(3);
        assert_eq!(refused.stdout, "");
        assert!(refused.stderr.contains("agreement-hash"), "{}", refused.stderr);
    }
}

#[test]
fn the_agreements_limits_hold_on_both_sides() {
    let lab = Lab::create(PROGRAM, &["a", "b", "c"]);
    for member in ["a", "b", "c"] {
        lab.edit_config(
            member,
            "exchanges_per_day = 100000",
            "exchanges_per_day = 1\npurposes = [\"audit\"]",
        );
        lab.edit_config(member, "max_items = 16777216", "max_items = 64");
    }
    let (a, b, c) = (lab.start("a"), lab.start("b"), lab.start("c"));
    let refused = |node: &Node, args: [&str; 4], code: &str| {
        let outcome = node.command(args).expect_code(3);
        assert!(outcome.stderr.contains(code), "no {code} in {}", outcome.stderr);
    };
    refused(&a, ["exchange", "b", "--purpose", "curiosity"], "purpose");
    let _ = a.command(["exchange", "b"]).expect_code(0);
    refused(&a, ["exchange", "b", "--case", "2"], "exchanges-today");
    refused(&b, ["exchange", "a", "--case", "3"], "exchanges-today");
    let many: String =
        (0..1_000).map(|number| format!("198.51.{}.{}\n", number / 256, number % 256)).collect();
    let _ = c.command(["import", &lab.write("many.txt", many)]).expect_code(0);
    refused(&c, ["exchange", "b", "--case", "4"], "too-many-items");
    refused(&b, ["exchange", "c", "--case", "5"], "too-many-items");
}

#[test]
fn failures_end_with_1() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let config = lab.config("a");
    let config = config.to_str().unwrap();
    let nobody = run(PROGRAM, lab.folder(), ["status", "--config", config]).expect_code(1);
    assert!(nobody.stderr.contains("no daemon answers"), "{}", nobody.stderr);
    let a = lab.start("a");
    let unreachable = a.command(["exchange", "b"]).expect_code(1);
    assert!(!unreachable.stderr.is_empty());
    let _ = a.command(["exchange", "nobody"]).expect_code(1);
}

#[test]
fn usage_errors_end_with_2() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    for args in [&["frobnicate"][..], &["exchange"], &["status"], &["import", "x.csv", "--kind", "nonsense"]]
    {
        let _ = run(PROGRAM, lab.folder(), args).expect_code(2);
    }
}

#[test]
fn flags_stand_anywhere_and_the_environment_names_the_config() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let config = lab.config("a");
    let config = config.to_str().unwrap();
    for args in [
        ["--json", "--config", config, "config", "check"],
        ["config", "check", "--config", config, "--json"],
        ["config", "--json", "--config", config, "check"],
    ] {
        assert_eq!(run(PROGRAM, lab.folder(), args).expect_code(0).json()["member"], "a");
    }
    let output = std::process::Command::new(PROGRAM)
        .args(["agreements", "--json"])
        .env("OVERLAPD_CONFIG", config)
        .output()
        .unwrap();
    let agreement: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&agreement["peer"], &agreement["learns"]), (&json!("b"), &json!("both")));
    assert_eq!(agreement["kinds"].as_array().unwrap().len(), 14);
}

#[test]
fn an_agreement_may_fix_the_engine() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    for member in ["a", "b"] {
        lab.edit_config(
            member,
            "exchanges_per_day = 100000",
            "exchanges_per_day = 100000\nengine = \"voprf\"",
        );
    }
    let (a, _b) = (lab.start("a"), lab.start("b"));
    assert_eq!(a.command(["agreements", "--json"]).expect_code(0).json()["engine"], "voprf");
    let refused = a.command(["exchange", "b", "--engine", "vole"]).expect_code(3);
    assert!(refused.stderr.contains("fixes the engine voprf, not vole"), "{}", refused.stderr);
    for engine in ["auto", "voprf"] {
        let report = a.command(["exchange", "b", "--engine", engine, "--json"]).expect_code(0).json();
        assert_eq!(report["engine"], "voprf");
    }
}

#[test]
fn tokens_have_roles() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let made = node.command(["token", "add", "siem", "--role", "read", "--json"]).expect_code(0).json();
    let token = made["token"].as_str().unwrap();
    let own = std::fs::read_to_string(node.folder().join("api.token")).unwrap();
    std::fs::write(node.folder().join("api.token"), token).unwrap();
    let _ = node.command(["status"]).expect_code(0);
    let refused = node.command(["exchange", "b"]).expect_code(1);
    assert!(refused.stderr.contains("role"), "{}", refused.stderr);
    std::fs::write(node.folder().join("api.token"), own).unwrap();
    assert_eq!(node.command(["token", "list", "--json"]).expect_code(0).json_lines().len(), 2);
    let _ = node.command(["token", "revoke", "siem"]).expect_code(0);
}

#[test]
fn completions_are_json_too_where_json_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let script = run(PROGRAM, folder.path(), ["completions", "bash"]).expect_code(0).stdout;
    let document = run(PROGRAM, folder.path(), ["completions", "bash", "--json"]).expect_code(0).json();
    assert_eq!(document, json!({ "shell": "bash", "script": script }));
}
