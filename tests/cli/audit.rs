//! The audit chain of a whole node, as an auditor reads it.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::net::UnixStream;

use overlap_tests::{Lab, Node, run};
use serde_json::{Value, json};

use crate::PROGRAM;

/// Who did what to what, the oldest first.
fn said(node: &Node) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let lines = node.command(["audit", "list", "--json"]).expect_code(0).json_lines();
    lines.iter().map(|entry| format!("{} {}", text(entry, "actor"), text(entry, "action"))).collect()
}

#[test]
fn what_operators_and_the_daemon_do_is_listed_and_verified() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let (_b, a) = (lab.start("b"), lab.start("a"));
    let list = lab.write("list.txt", "192.0.2.1\n192.0.2.2\nno value\n");
    let _ = a.command(["import", &list]).expect_code(4);
    let _ = a.command(["token", "add", "siem", "--role", "read"]).expect_code(0);
    let _ = a.command(["exchange", "b"]).expect_code(0);
    let expected = [
        "daemon roster.taken",
        "daemon daemon.started",
        "daemon token.added",
        "token:operator import.begun",
        "token:operator import.ended",
        "token:operator token.added",
        "token:operator exchange.asked",
        "daemon exchange.begun",
        "daemon exchange.ended",
    ];
    let found = said(&a);
    let count = |said: &[String]| {
        let mut counts = BTreeMap::new();
        said.iter().for_each(|one| *counts.entry(one.clone()).or_insert(0) += 1);
        counts
    };
    assert_eq!(count(&found), count(&expected.map(str::to_owned)), "{found:?}");
    let verdict = a.command(["audit", "verify", "--json"]).expect_code(0).json();
    assert_eq!((&verdict["intact"], &verdict["head"]["number"]), (&true.into(), &9.into()));
    let noted = format!("9:{}", verdict["head"]["hash"].as_str().unwrap());
    let _ = a.command(["token", "revoke", "siem"]).expect_code(0);
    let shown = a.command(["audit", "verify", "--head", &noted]).expect_code(0);
    assert!(shown.stdout.starts_with("intact: 10 entries"), "{}", shown.stdout);
    let shown = a.command(["audit", "list", "--action", "token.revoked"]).expect_code(0);
    assert!(shown.stdout.contains("token:operator") && shown.stdout.contains("siem"), "{}", shown.stdout);
    let _ = a.command(["audit", "list", "--action", "nothing"]).expect_code(2);
    let forged = format!("9:{}", "00".repeat(32));
    let shown = a.command(["audit", "verify", "--head", &forged]).expect_code(1);
    assert!(shown.stdout.starts_with("broken at entry 9: "), "{}", shown.stdout);
    let _ = a.command(["audit", "verify", "--head", "9"]).expect_code(2);
}

#[test]
fn a_file_of_the_chain_is_verified_without_a_node() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    for name in ["one", "two", "three"] {
        let _ = node.command(["token", "add", name, "--role", "read"]).expect_code(0);
    }
    let listed = node.command(["audit", "list", "--json"]).expect_code(0).stdout;
    assert!(node.stop().success());
    let verify = |text: &str, head: &[&str]| {
        let file = lab.write("audit.ndjson", text);
        let args = ["audit", "verify", &file, "--json"].into_iter().chain(head.iter().copied());
        run(PROGRAM, lab.folder(), args)
    };
    let verdict = verify(&listed, &[]).expect_code(0).json();
    let count = listed.lines().count();
    assert_eq!(verdict["head"]["number"], count);
    let noted = format!("{count}:{}", verdict["head"]["hash"].as_str().unwrap());
    let fault = |text: &str, head: &[&str]| {
        let verdict = verify(text, head).expect_code(1).json();
        (
            verdict["broken"]["number"].as_u64().unwrap(),
            verdict["broken"]["fault"].as_str().unwrap().to_owned(),
        )
    };
    let last = count as u64;
    let lines: Vec<&str> = listed.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(fault(&listed.replace("\"two\"", "\"twO\""), &[]), (last - 1, "hash".into()));
    let without: Vec<&str> =
        lines.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| *line).collect();
    assert_eq!(fault(&joined(&without), &[]), (2, "missing".into()));
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    assert_eq!(fault(&joined(&swapped), &[]), (2, "missing".into()));
    assert_eq!(fault("not json\n", &[]), (1, "unreadable".into()));
    let cut = joined(&lines[..lines.len() - 1]);
    let _ = verify(&cut, &[]).expect_code(0);
    assert_eq!(fault(&cut, &["--head", &noted]), (last, "cut-short".into()));
    let _ = verify(&listed, &["--head", &noted]).expect_code(0);
    let _ = run(PROGRAM, lab.folder(), ["audit", "verify", "no-such-file"]).expect_code(1);
}

/// Imports a text and hangs up when the last byte is out.
fn hang_up_after(node: &Node, text: &str) {
    let token = std::fs::read_to_string(node.folder().join("api.token")).unwrap();
    let mut socket = UnixStream::connect(node.folder().join("api.sock")).unwrap();
    let head = format!(
        "POST /api/v1/imports?format=txt HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        token.trim(),
        text.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(text.as_bytes()).unwrap();
}

/// Nobody waited for it: the chain had its beginning and no end.
#[test]
fn an_import_that_runs_without_its_caller_at_the_stop_has_an_end() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let rows: String = (0..60_000).map(|row| format!("a{row}.example.org\n")).collect();
    hang_up_after(&node, &rows);
    assert!(node.stop().success());
    let node = lab.start("a");
    let said = said(&node);
    let at = |action: &str| {
        said.iter().position(|one| one == action).unwrap_or_else(|| panic!("{action}: {said:?}"))
    };
    let (begun, ended) = (at("token:operator import.begun"), at("token:operator import.ended"));
    assert!(begun < ended && ended < at("daemon daemon.stopped"), "{said:?}");
}

#[test]
fn a_kill_leaves_a_chain_that_goes_on() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let _ = node.command(["import", &lab.write("list.txt", "192.0.2.1\n")]).expect_code(0);
    let before = said(&node);
    let verdict = node.command(["audit", "verify", "--json"]).expect_code(0).json();
    let noted = format!("{}:{}", before.len(), verdict["head"]["hash"].as_str().unwrap());
    node.kill();
    let node = lab.start("a");
    let after = said(&node);
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()..], ["daemon daemon.started"]);
    let _ = node.command(["audit", "verify", "--head", &noted]).expect_code(0);
    node.signal("HUP");
    node.wait_for_log("reloaded");
    assert!(node.stop().success());
    let node = lab.start("a");
    let after = said(&node);
    assert_eq!(
        after[before.len() + 1..],
        ["daemon config.reloaded", "daemon daemon.stopped", "daemon daemon.started"]
    );
}

#[test]
fn a_restore_keeps_the_chain() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let head = node.api("/api/v1/audit/head");
    let noted = format!("{}:{}", head["number"], head["hash"].as_str().unwrap());
    assert!(node.stop().success());
    let config = lab.config("a");
    let (config, export) = (config.to_str().unwrap(), lab.folder().join("a.export"));
    let file = export.to_str().unwrap();
    let _ = run(PROGRAM, lab.folder(), ["export", file, "--config", config]).expect_code(0);
    std::fs::remove_dir_all(lab.config("a").with_file_name("store")).unwrap();
    let _ = run(PROGRAM, lab.folder(), ["restore", file, "--config", config]).expect_code(0);
    let node = lab.start("a");
    let _ = node.command(["audit", "verify", "--head", &noted]).expect_code(0);
    let after = said(&node);
    let offline: Vec<_> = after.iter().filter(|one| one.starts_with("offline")).collect();
    assert_eq!(offline, ["offline store.exported", "offline store.restored"]);
}

#[test]
fn a_chain_that_begins_anew_after_damage_says_so() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let store = node.folder().join("store");
    node.kill();
    std::fs::write(store.join("main/db"), vec![0xA5; 5_000]).unwrap();
    let config = lab.config("a");
    let config = config.to_str().unwrap();
    let refused = run(PROGRAM, lab.folder(), ["run", "--config", config]).expect_code(1);
    assert!(refused.stderr.contains("damaged"), "{}", refused.stderr);
    let node = lab.start("a");
    let entries = node.command(["audit", "list", "--json"]).expect_code(0).json_lines();
    assert_eq!((&entries[0]["number"], &entries[0]["action"]), (&json!(1), &json!("daemon.started")));
    assert!(entries[0]["detail"].as_str().unwrap().ends_with(" put-aside=1"), "{}", entries[0]);
}
